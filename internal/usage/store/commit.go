package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
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
	// More, where it is not nil, writes more of all that, for which there is no room in
	// memory. Rows of one source and day come one after the other, and none of Days.
	More func(w *Writer) error
}

// Writer takes what a batch has, piece by piece.
type Writer struct {
	ctx                           context.Context
	remove, put, forget, remember *sql.Stmt
	latest                        Key // the source and day of which rows were removed
	rows                          []Row
}

// Committed is what a batch became.
type Committed struct {
	Rows  []Row
	Known []File // of the batch, with the content of a file that was committed before
}

// Row is a row of the lock.
type Row struct {
	Key
	Requests float64
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
	err := s.write(ctx, func(tx *sql.Tx) error {
		b, err := batch(func(source, day string) ([]byte, error) { return seen(ctx, tx, source, day) })
		if err != nil {
			return err
		}
		if out.Rows, err = insert(ctx, tx, b); err != nil {
			return err
		}
		out.Known, err = insertFiles(ctx, tx, b.Files)
		return err
	})
	if err != nil {
		return nil, err
	}
	replaced, err := s.handOn(ctx, lockPath)
	if err != nil {
		return nil, err
	}
	for i := range out.Rows {
		out.Rows[i].Replaced = replaced[out.Rows[i].Key]
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

// insert writes a batch, all but its files, into the history.
func insert(ctx context.Context, tx *sql.Tx, b *Batch) (_ []Row, err error) {
	w := &Writer{ctx: ctx}
	for _, p := range []struct {
		to    **sql.Stmt
		query string
	}{
		{&w.remove, "DELETE FROM day WHERE source = ? AND day = ? AND kind <> ?"},
		{&w.put, "INSERT OR REPLACE INTO day (entry, source, day, kind, requests, cold_starts, row, pending) VALUES (?, ?, ?, ?, ?, ?, ?, 1)"},
		{&w.forget, "DELETE FROM seen WHERE source = ? AND day = ?"},
		{&w.remember, "INSERT OR REPLACE INTO seen (source, day, data) VALUES (?, ?, ?)"},
	} {
		if *p.to, err = tx.PrepareContext(ctx, p.query); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, (*p.to).Close()) }()
	}
	for _, d := range b.Days {
		if !observed(d) {
			if err := w.removeRows(Key{d.Source, d.Day}); err != nil {
				return nil, err
			}
		}
	}
	for _, d := range b.Days {
		if err := w.insert(d); err != nil {
			return nil, err
		}
	}
	for key, data := range b.Seen {
		if err := w.Remember(key, data); err != nil {
			return nil, err
		}
	}
	if b.More != nil {
		if err := b.More(w); err != nil {
			return nil, err
		}
	}
	return w.rows, nil
}

// Row writes a row.
func (w *Writer) Row(d *evidence.UsageDay) error {
	if key := (Key{d.Source, d.Day}); !observed(d) && key != w.latest {
		if err := w.removeRows(key); err != nil {
			return err
		}
		w.latest = key
	}
	return w.insert(d)
}

// Remember writes what the source's day must remember to be continued, nothing removes
// that.
func (w *Writer) Remember(key Key, data []byte) (err error) {
	if len(data) == 0 {
		_, err = w.forget.ExecContext(w.ctx, key.Source, key.Day)
	} else {
		_, err = w.remember.ExecContext(w.ctx, key.Source, key.Day, data)
	}
	return err
}

// removeRows removes what logs said before of a source's day, whatever its entry was.
func (w *Writer) removeRows(key Key) error {
	_, err := w.remove.ExecContext(w.ctx, key.Source, key.Day, evidence.UsageInvoke)
	return err
}

func (w *Writer) insert(d *evidence.UsageDay) error {
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	var cold any
	if d.ColdStarts >= 0 {
		cold = d.ColdStarts
	}
	if _, err := w.put.ExecContext(w.ctx, d.Entry, d.Source, d.Day, d.Kind, d.Requests, cold, string(text)); err != nil {
		return err
	}
	w.rows = append(w.rows, Row{Key: Key{d.Source, d.Day}, Requests: d.Requests})
	return nil
}

// insertFiles writes the files of a batch and returns those that are known.
func insertFiles(ctx context.Context, tx *sql.Tx, files []File) (known []File, err error) {
	today := time.Now().UTC().Format(time.DateOnly)
	for _, f := range files {
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
	return known, nil
}

// handOn merges all pending rows into the lock, also those of a process that was killed
// before it could, and returns which source's days were in it. A log has one writer: its
// rows of another entry, or of none, go.
func (s *Store) handOn(ctx context.Context, lockPath string) (replaced map[Key]bool, err error) {
	err = evidence.UpdateUsage(lockPath, func(merge func(evidence.UsageUpdate) error) error {
		// In one transaction: nobody replaces a row after its key was read.
		return s.write(ctx, func(tx *sql.Tx) error {
			all, logs, err := pending(ctx, tx)
			if err != nil {
				return err
			}
			replaced = all
			if err := merge(evidence.UsageUpdate{
				Gone: func(d *evidence.UsageDay) bool {
					key := Key{d.Source, d.Day}
					if _, pending := replaced[key]; pending {
						// The map takes the key over, which is a part of the whole text of the row.
						replaced[Key{strings.Clone(d.Source), strings.Clone(d.Day)}] = true
					}
					return logs[key] && !observed(d)
				},
				Rows: func(put func(*evidence.UsageDay) error) error {
					return s.each(ctx, tx, func(d *evidence.UsageDay) error {
						if emptied(d) {
							return nil
						}
						return put(d)
					}, "SELECT id, row FROM day WHERE pending = 1 ORDER BY entry, source, day")
				},
			}); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE day SET pending = 0 WHERE pending = 1"); err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, "DELETE FROM day WHERE pending = 0 AND requests = 0 AND kind <> ?", evidence.UsageInvoke)
			return err
		})
	})
	return replaced, err
}

// pending returns the sources and days that have pending rows, and those that have some
// of a log.
func pending(ctx context.Context, tx *sql.Tx) (all, logs map[Key]bool, err error) {
	all, logs = map[Key]bool{}, map[Key]bool{}
	rows, err := tx.QueryContext(ctx, "SELECT source, day, kind FROM day WHERE pending = 1")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		d := &evidence.UsageDay{}
		if err := rows.Scan(&d.Source, &d.Day, &d.Kind); err != nil {
			return nil, nil, err
		}
		key := Key{d.Source, d.Day}
		all[key] = false
		if !observed(d) {
			logs[key] = true
		}
	}
	return all, logs, rows.Err()
}

// emptied reports whether a row says that its source's day has none any more.
func emptied(d *evidence.UsageDay) bool { return d.Requests == 0 && !observed(d) }

// observed reports whether a row comes from sample events or from a program run
// at hand: it stands for one entry, whatever else has its source's name.
func observed(d *evidence.UsageDay) bool {
	return d.Kind == evidence.UsageInvoke || d.Source == evidence.SourceRecord || d.Source == evidence.SourceTests
}
