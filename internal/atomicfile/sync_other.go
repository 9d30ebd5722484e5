//go:build !unix

package atomicfile

// syncDir does nothing where folders cannot be synced.
func syncDir(string) {}

// isReadOnly reports whether err says that the file system is read-only.
func isReadOnly(error) bool { return false }
