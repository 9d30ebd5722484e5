package rewrite

import (
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// turn waits until no other process writes or restores files of the project,
// and keeps others waiting until the function that it returns is called, or
// the process ends, however that comes. Without a journal there is nothing to
// wait for; where nothing can be written or locked, nobody waits.
func turn(root string) (done func()) {
	dir := filepath.Join(root, stateDir, journalDir)
	if _, err := os.Stat(dir); err == nil {
		if done, err := lockedfile.MutexAt(filepath.Join(dir, "write.lock")).Lock(); err == nil {
			return done
		}
	}
	return func() {}
}
