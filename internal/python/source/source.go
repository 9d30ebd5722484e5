// Package source reads source files: many small ones, one after the other, into
// the same memory. What os.File does for each file that it opens, beyond opening
// it, takes as long as reading it.
package source

import (
	"errors"
	"io/fs"
	"slices"
)

// errNotRegular says that what should be a text is a pipe, a folder or a device.
var errNotRegular = errors.New("not a regular file")

// Read reads a file into the memory of buf, or into a larger buffer.
func Read(name string, buf []byte) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Read(buf)
}

// Read reads the whole file into the memory of buf, or into a larger buffer.
func (f *File) Read(buf []byte) ([]byte, error) {
	buf = slices.Grow(buf[:0], int(f.Size)+1)
	for {
		n, err := f.read(buf[len(buf):cap(buf)])
		if err != nil {
			return nil, &fs.PathError{Op: "read", Path: f.name, Err: err}
		}
		buf = buf[:len(buf)+n]
		if n == 0 || int64(len(buf)) == f.Size {
			return buf, nil
		}
		buf = slices.Grow(buf, 512)
	}
}

// Entry is what a folder holds under a name.
type Entry struct {
	Name string
	Type fs.FileMode // the type bits: those of a file, a folder or a link are told from all others
}
