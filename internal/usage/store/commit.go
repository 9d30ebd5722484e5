package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"time"

	"fastpath/internal/evidence"
)

// Key is a source's day.
type Key struct{ Source, Day string }

// File is where rows came from.
type File struct {
	Name   string // as given
	SHA256 string // of what identifies it, lower-case hex
	Size   int64  // bytes
}

// Batch is what one run of a command learned.
type Batch struct {
	// Days are rows. One of a log that has no requests says that its source has
	// none on that day any more: what it had goes.
	Days  []*evidence.UsageDay
	Files []File
	// Seen is what the source's day must remember to be continued; it replaces
	// what was kept, nothing removes that, and days that are not in it keep theirs.
	Seen map[Key][]byte
}

// Committed is what a batch became.
type Committed struct {
	Rows  []Row
	Known []File // of the batch, with the content of a file that was committed before
}

// Row is a row of the lock.
type Row struct {
	Day      *evidence.UsageDay
	Replaced bool // there was one of that source and day
}

// Seen returns what a batch told to remember of a source's day, nil for
// nothing.
type Seen func(source, day string) ([]byte, error)

// Commit merges a batch into the history and into fastpath.lock of the project
// at root. When it returns without an error the batch is in both, whatever
// happens next; after an error it may be repeated.
func Commit(ctx context.Context, root string, b *Batch) (*Committed, error) {
	return CommitFunc(ctx, root, func(Seen) (*Batch, error) { return b, nil })
}

// CommitFunc is Commit for a batch that depends on what was seen before. Other
// processes wait while batch runs.
func CommitFunc(ctx context.Context, root string, batch func(Seen) (*Batch, error)) (out *Committed, err error) {
	s, err := Open(ctx, root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return s.CommitFunc(ctx, root, batch)
}

// CommitFunc is the function of that name, with a history that is open.
func (s *Store) CommitFunc(ctx context.Context, root string, batch func(Seen) (*Batch, error)) (*Committed, error) {
	return s.commit(ctx, filepath.Join(root, evidence.FileName), batch)
}

func (s *Store) commit(ctx context.Context, lockPath string, batch func(Seen) (*Batch, error)) (*Committed, error) {
	out := &Committed{}
	var b *Batch
	err := s.write(ctx, func(tx *sql.Tx) (err error) {
		b, err = batch(func(source, day string) ([]byte, error) { return seen(ctx, tx, source, day) })
		if err != nil {
			return err
		}
		out.Known, err = insert(ctx, tx, b)
		return err
	})
	if err != nil {
		return nil, err
	}
	replaced, err := s.handOn(ctx, lockPath)
	if err != nil {
		return nil, err
	}
	for _, d := range b.Days {
		out.Rows = append(out.Rows, Row{d, replaced[Key{d.Source, d.Day}]})
	}
	return out, nil
}

// seen reads what is remembered of a source's day.
func seen(ctx context.Context, tx *sql.Tx, source, day string) (data []byte, err error) {
	err = tx.QueryRowContext(ctx, "SELECT data FROM seen WHERE source = ? AND day = ?", source, day).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return data, err
}

// insert writes a batch into the history and returns its files that are known.
func insert(ctx context.Context, tx *sql.Tx, b *Batch) (known []File, err error) {
	for _, d := range b.Days {
		if observed(d) {
			continue
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM day WHERE source = ? AND day = ? AND kind <> ?", d.Source, d.Day, evidence.UsageInvoke); err != nil {
			return nil, err
		}
	}
	for _, d := range b.Days {
		text, err := json.Marshal(d)
		if err != nil {
			return nil, err
		}
		var cold any
		if d.ColdStarts >= 0 {
			cold = d.ColdStarts
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO day (entry, source, day, kind, requests, cold_starts, row, pending) VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
			d.Entry, d.Source, d.Day, d.Kind, d.Requests, cold, string(text)); err != nil {
			return nil, err
		}
	}
	today := time.Now().UTC().Format(time.DateOnly)
	for _, f := range b.Files {
		r, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO file (sha256, name, bytes, committed) VALUES (?, ?, ?, ?)", f.SHA256, f.Name, f.Size, today)
		if err != nil {
			return nil, err
		}
		if n, err := r.RowsAffected(); err != nil {
			return nil, err
		} else if n == 0 {
			known = append(known, f)
		}
	}
	for key, data := range b.Seen {
		if len(data) == 0 {
			if _, err := tx.ExecContext(ctx, "DELETE FROM seen WHERE source = ? AND day = ?", key.Source, key.Day); err != nil {
				return nil, err
			}
			continue
		}
		if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO seen (source, day, data) VALUES (?, ?, ?)", key.Source, key.Day, data); err != nil {
			return nil, err
		}
	}
	return known, nil
}

// handOn merges all pending rows into the lock, also those of a process that
// was killed before it could, and returns which source's days were in it.
func (s *Store) handOn(ctx context.Context, lockPath string) (map[Key]bool, error) {
	var ids []int64
	var replaced map[Key]bool
	err := evidence.Update(lockPath, func(lock *evidence.Lock) error {
		days, pending, err := s.rows(ctx, s.db, "SELECT id, row FROM day WHERE pending = 1 ORDER BY id")
		if err != nil {
			return s.explain(err)
		}
		ids, replaced = pending, merge(lock, days)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return replaced, s.write(ctx, func(tx *sql.Tx) error {
		for _, id := range ids { // a row that was replaced meanwhile has another
			if _, err := tx.ExecContext(ctx, "UPDATE day SET pending = 0 WHERE id = ?", id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM day WHERE pending = 0 AND requests = 0 AND kind <> ?", evidence.UsageInvoke)
		return err
	})
}

// merge takes rows over into the lock and returns which source's days were in
// it. A log has one writer: its rows of another entry, or of none, go.
func merge(lock *evidence.Lock, days []*evidence.UsageDay) map[Key]bool {
	logs, all := map[Key]bool{}, map[Key]bool{}
	for _, d := range days {
		all[Key{d.Source, d.Day}] = true
		if !observed(d) {
			logs[Key{d.Source, d.Day}] = true
		}
	}
	replaced := map[Key]bool{}
	lock.Usage = slices.DeleteFunc(lock.Usage, func(u *evidence.UsageDay) bool {
		key := Key{u.Source, u.Day}
		replaced[key] = replaced[key] || all[key]
		return logs[key] && !observed(u)
	})
	lock.MergeUsage(slices.DeleteFunc(days, emptied))
	return replaced
}

// emptied reports whether a row says that its source's day has none any more.
func emptied(d *evidence.UsageDay) bool { return d.Requests == 0 && !observed(d) }

// observed reports whether a row comes from sample events or from a program run
// at hand: it stands for one entry, whatever else has its source's name.
func observed(d *evidence.UsageDay) bool {
	return d.Kind == evidence.UsageInvoke || d.Source == evidence.SourceRecord || d.Source == evidence.SourceTests
}
