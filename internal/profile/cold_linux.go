package profile

import (
	"os"

	"golang.org/x/sys/unix"
)

// canDrop says that this platform lets a program drop files from memory.
const canDrop = true

// drop takes files out of the page cache and returns how many of them stayed:
// those of file systems that live in memory. What was just written is written
// out first when sync is set: only clean pages can be dropped. Names and
// attributes of files stay cached, for dropping these takes root.
func drop(files []string, sync bool) (stayed int) {
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			continue // byte-code that does not exist
		}
		fd := int(f.Fd())
		if sync {
			_ = unix.Fsync(fd) // on a read-only file system nothing waits to be written
		}
		if err := unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED); err != nil || inMemory(fd) {
			stayed++
		}
		_ = f.Close()
	}
	return stayed
}

// inMemory reports whether the file's file system is memory itself.
func inMemory(fd int) bool {
	var fs unix.Statfs_t
	if err := unix.Fstatfs(fd, &fs); err != nil {
		return false
	}
	return fs.Type == unix.TMPFS_MAGIC || fs.Type == unix.RAMFS_MAGIC
}
