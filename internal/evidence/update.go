package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"

	"fastpath/internal/atomicfile"
)

// StateDir is the folder of a project's journals and caches. It is ignored by
// git; deleting it loses no evidence.
const StateDir = ".fastpath"

// MakeStateDir makes the state folder of the project at root, with a file that
// keeps it out of git, and returns its path.
func MakeStateDir(root string) (string, error) {
	dir := filepath.Join(root, StateDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", fmt.Errorf("cannot make the folder %q: %w; make %q writable", dir, plain(err), root)
	}
	ignore := filepath.Join(dir, ".gitignore")
	if _, err := os.Stat(ignore); errors.Is(err, fs.ErrNotExist) {
		if err := atomicfile.Write(ignore, []byte("*\n")); err != nil {
			return "", err
		}
	}
	return dir, nil
}

// Update reads the lock at path, an empty one where there is none, lets change
// work on it, and writes it. Processes that update at the same time wait for
// each other, so that none takes away what another wrote; a process that is
// killed lets the others go on. When change fails nothing is written.
func Update(path string, change func(*Lock) error) error {
	return alone(path, func() error { return rewrite(path, change) })
}

// Amend is Update for those who leave nothing but the lock: it makes no state
// folder. Where there is none, what another process writes between the reading
// and the writing, a few milliseconds, is lost.
func Amend(path string, change func(*Lock) error) error {
	if _, err := os.Stat(filepath.Join(filepath.Dir(path), StateDir)); err != nil {
		return rewrite(path, change)
	}
	return Update(path, change)
}

// rewrite reads the lock at path, lets change work on it, and writes it.
func rewrite(path string, change func(*Lock) error) error {
	lock, err := readOrNew(path)
	if err != nil {
		return err
	}
	if err := change(lock); err != nil {
		return err
	}
	return lock.Write(path)
}

// alone calls f while no other process writes the lock at path. What a killed process left
// beside it goes first.
func alone(path string, f func() error) error {
	dir, err := MakeStateDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(dir, "write.lock")).Lock()
	if err != nil {
		return fmt.Errorf("cannot lock %q: %w; make %q writable", path, plain(err), dir)
	}
	defer unlock()
	atomicfile.RemoveLeftovers(path)
	return f()
}

// readOrNew reads the lock at path, an empty one where there is none.
func readOrNew(path string) (*Lock, error) {
	lock, err := Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return &Lock{Schema: Schema, Entries: map[string]*Entry{}}, nil
	}
	return lock, err
}

// plain is an error without the path that its message has anyway.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
