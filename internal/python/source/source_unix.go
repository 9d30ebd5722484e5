//go:build unix

package source

import (
	"io/fs"
	"syscall"
)

// File is an open file.
type File struct {
	Size int64 // when it was opened

	name       string
	descriptor int
}

// Open opens a regular file, without waiting for the writer of a pipe.
func Open(name string) (File, error) {
	f := File{name: name}
	err := again(func() (err error) {
		f.descriptor, err = open(name)
		return err
	})
	if err != nil {
		return f, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	var info syscall.Stat_t
	if err = again(func() error { return stat(f.descriptor, &info) }); err == nil && info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errNotRegular
	}
	if err != nil {
		f.Close()
		return f, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	f.Size = info.Size
	return f, nil
}

// read reads what fits into buf, and 0 bytes at the end of the file.
func (f *File) read(buf []byte) (n int, err error) {
	err = again(func() (err error) {
		n, err = read(f.descriptor, buf)
		return err
	})
	return n, err
}

// Close closes the file. There is nothing to be written that could fail.
func (f *File) Close() { closeDescriptor(f.descriptor) }

// again repeats a system call that a signal has interrupted.
func again(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}
