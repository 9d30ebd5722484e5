package store

import (
	"context"
	"errors"
	"fmt"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"fastpath/internal/evidence"
)

// explain says in the user's words what SQLite means.
func (s *Store) explain(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) || errors.Is(err, context.Canceled) {
		return err
	}
	const primary = 0xff // the rest of the code is detail
	switch e.Code() & primary {
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fmt.Errorf("the history %q is damaged: %w; move the file away and run the command again: %s keeps what it held", s.path, err, evidence.FileName)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("the history %q cannot be written: the disk is full; nothing was counted, make room and run the command again", s.path)
	case sqlite3.SQLITE_IOERR: // also where a file may not grow (EFBIG, a quota)
		return fmt.Errorf("the history %q cannot be written: %w; nothing was counted, see whether there is room and the disk is sound, and run the command again", s.path, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return fmt.Errorf("the history %q cannot be written: %w; make the file and its folder writable", s.path, err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("the history %q is in use by another fastpath for too long: %w; run the command again when it is done", s.path, err)
	}
	return fmt.Errorf("the history %q: %w", s.path, err)
}
