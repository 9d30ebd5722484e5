package store

import (
	"context"
	"database/sql"
	"errors"
)

// Answer returns the answer that was kept for a query of a log group about a
// window, seconds since 1970; ok is false when there is none.
func (s *Store) Answer(ctx context.Context, group, query string, from, to int64) (data []byte, ok bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT data FROM answer WHERE log_group = ? AND query = ? AND from_s = ? AND to_s = ?", group, query, from, to).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, s.explain(err)
}

// KeepAnswer keeps an answer, in place of the one that was kept.
func (s *Store) KeepAnswer(ctx context.Context, group, query string, from, to int64, data []byte) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO answer (log_group, query, from_s, to_s, data) VALUES (?, ?, ?, ?, ?)", group, query, from, to, data)
		return err
	})
}

// ForgetAnswers removes the answers of a log group, so that they are asked for
// again.
func (s *Store) ForgetAnswers(ctx context.Context, group string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "DELETE FROM answer WHERE log_group = ?", group)
		return err
	})
}
