//go:build linux && (amd64 || arm64)

package source

import (
	"strings"
	"syscall"
	"unsafe"
)

// These calls do not tell the runtime that they leave Go. For one that takes
// longer than some microseconds it would take the processor away from its thread
// and wake another one, which costs more than to read a file that the kernel has
// in memory. Where it has not, the thread waits, and so does who wants to stop the
// program: a moment for a disk, longer for a network that does not answer.

// here stands for the working directory (AT_FDCWD).
const here = -100

func open(name string) (descriptor int, err error) { return openFrom(here, name, syscall.O_NONBLOCK) }

// openFrom opens what has a name in a folder, or an absolute one.
func openFrom(folder int, name string, flags uintptr) (descriptor int, err error) {
	var room [256]byte // most names need no memory of their own
	if strings.IndexByte(name, 0) >= 0 {
		return -1, syscall.EINVAL
	}
	path := append(append(room[:0], name...), 0)
	n, _, errno := syscall.RawSyscall6(syscall.SYS_OPENAT, uintptr(folder), uintptr(unsafe.Pointer(&path[0])), syscall.O_RDONLY|syscall.O_CLOEXEC|flags, 0, 0, 0)
	return int(n), failure(errno)
}

func stat(descriptor int, info *syscall.Stat_t) error {
	_, _, errno := syscall.RawSyscall(syscall.SYS_FSTAT, uintptr(descriptor), uintptr(unsafe.Pointer(info)), 0)
	return failure(errno)
}

func read(descriptor int, buf []byte) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(descriptor), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)))
	return max(0, int(n)), failure(errno)
}

// readAt is read at a place, which only files have.
func readAt(descriptor int, buf []byte, at int) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_PREAD64, uintptr(descriptor), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), uintptr(at), 0, 0)
	return max(0, int(n)), failure(errno)
}

func closeDescriptor(descriptor int) {
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(descriptor), 0, 0)
}

// failure returns the error that a call ended with.
func failure(errno syscall.Errno) error {
	if errno == 0 {
		return nil
	}
	return errno
}
