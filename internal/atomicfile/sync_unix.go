//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"syscall"
)

// syncDir makes a rename in dir durable; file systems that cannot are left be.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// isReadOnly reports whether err says that the file system is read-only.
func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }
