// Package store keeps the history of usage in an SQLite file of the project,
// .fastpath/usage.db, and hands its rows on to fastpath.lock.
//
// The lock is the evidence that everybody shares; the history knows what only
// this clone needs: which files the rows came from, what makes a log that is
// read again in parts count once, and how far a pull has come. Deleting it
// loses no evidence.
//
// Commit is the one way in. It writes the history first and marks the rows as
// pending, then merges all pending rows into the lock, then takes the mark
// away. Each step is atomic and may be repeated, so that a process can be
// killed between any two instructions: what Commit returned for is in the
// lock, and what was interrupted is completed by the next Commit, or by
// running the same command again. A source's day is replaced, never added.
//
// The file is opened only when needed; SQLite comes without C code.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"fastpath/internal/evidence"
)

// FileName is the name of the history within evidence.StateDir.
const FileName = "usage.db"

// Store is an open history. Several processes may have it open.
type Store struct {
	db   *sql.DB
	path string
}

// Open opens the history of the project at root, makes it where there is
// none, and brings an older one up to date.
func Open(ctx context.Context, root string) (*Store, error) {
	dir, err := evidence.MakeStateDir(root)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, FileName)
	// A transaction takes the write lock when it begins: two processes wait
	// for each other instead of failing half way. The journal is a file that
	// is deleted by a commit, and the deletion is synced (EXTRA). Nearly all of the
	// file is what is remembered, in pieces of megabytes: large pages suit it.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"page_size(16384)", "busy_timeout(120000)", "synchronous(EXTRA)", "foreign_keys(1)"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &Store{db, path}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return s, nil
}

// Close closes the history.
func (s *Store) Close() error { return s.db.Close() }

// migrations take the schema from one version to the next; the version is the
// file's user_version. Only ever append to them.
var migrations = []string{
	// 1: rows, the files they came from, and what was seen of each source.
	`CREATE TABLE day (
		id INTEGER PRIMARY KEY AUTOINCREMENT, -- a replaced row gets a new one
		entry TEXT NOT NULL, source TEXT NOT NULL, day TEXT NOT NULL, kind TEXT NOT NULL,
		requests REAL NOT NULL,
		cold_starts REAL,           -- NULL: unknown
		row TEXT NOT NULL,          -- all of it, JSON
		pending INTEGER NOT NULL,   -- 1: not yet in fastpath.lock
		UNIQUE (entry, source, day)
	);
	CREATE TABLE file (
		sha256 TEXT PRIMARY KEY,    -- of the content as it lies on disk, or of parts that identify it
		name TEXT NOT NULL, bytes INTEGER NOT NULL,
		committed TEXT NOT NULL     -- day
	) WITHOUT ROWID;
	CREATE TABLE seen (
		source TEXT NOT NULL, day TEXT NOT NULL,
		data BLOB NOT NULL,         -- belongs to whoever writes the source
		PRIMARY KEY (source, day)
	) WITHOUT ROWID;`,
	// 2: answers of CloudWatch Logs Insights that cannot change any more.
	`CREATE TABLE answer (
		log_group TEXT NOT NULL,    -- its ARN
		query TEXT NOT NULL,
		from_s INTEGER NOT NULL, to_s INTEGER NOT NULL, -- seconds since 1970
		data BLOB NOT NULL,
		PRIMARY KEY (log_group, query, from_s, to_s)
	) WITHOUT ROWID;`,
	// 3: a source's day is replaced whatever its entry was: with 60,000 log streams a
	// day, looking through all rows for each takes minutes.
	`CREATE INDEX day_of_source ON day (source, day);`,
}

// migrate brings the schema up to date, in one transaction.
func (s *Store) migrate(ctx context.Context) error {
	var have int
	if err := s.db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil {
		return s.explain(err)
	}
	if have > len(migrations) {
		return fmt.Errorf("the history %q has the newer format %d, and this fastpath reads up to %d; install a newer fastpath, or delete the file: %s keeps what it holds",
			s.path, have, len(migrations), evidence.FileName)
	}
	if have == len(migrations) {
		return nil
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		// Another process may have been faster.
		if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&have); err != nil || have >= len(migrations) {
			return err
		}
		for _, step := range migrations[have:] {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// write runs f in a transaction that no other process writes beside.
func (s *Store) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(err)
	}
	if err := f(tx); err != nil {
		_ = tx.Rollback() // err says what went wrong
		return s.explain(err)
	}
	return s.explain(tx.Commit())
}

// Days returns the rows of the history, as they were committed last, sorted
// by entry, source and day.
func (s *Store) Days(ctx context.Context) (days []*evidence.UsageDay, err error) {
	err = s.each(ctx, s.db, func(d *evidence.UsageDay) error {
		days = append(days, d)
		return nil
	}, "SELECT id, row FROM day ORDER BY entry, source, day")
	return days, err
}

// querier is a database or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// each calls f with rows. The error is f's, or explained.
func (s *Store) each(ctx context.Context, from querier, f func(*evidence.UsageDay) error, query string) (err error) {
	rows, err := from.QueryContext(ctx, query)
	if err != nil {
		return s.explain(err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id int64
		var text []byte
		d := &evidence.UsageDay{}
		if err := rows.Scan(&id, &text); err != nil {
			return s.explain(err)
		}
		if err := json.Unmarshal(text, d); err != nil {
			return fmt.Errorf("row %d: %w", id, err)
		}
		if err := f(d); err != nil {
			return err
		}
	}
	return s.explain(rows.Err())
}
