//go:build unix && !(linux && (amd64 || arm64))

package source

import "syscall"

func open(name string) (descriptor int, err error) {
	return syscall.Open(name, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
}

func stat(descriptor int, info *syscall.Stat_t) error { return syscall.Fstat(descriptor, info) }

func read(descriptor int, buf []byte) (int, error) { return syscall.Read(descriptor, buf) }

func closeDescriptor(descriptor int) { _ = syscall.Close(descriptor) }
