//go:build !unix

package source

import (
	"io"
	"io/fs"
	"os"
)

// File is an open file.
type File struct {
	Size int64 // when it was opened

	name string
	file *os.File
}

// Open opens a regular file.
func Open(name string) (File, error) {
	file, err := os.Open(name)
	if err != nil {
		return File{}, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errNotRegular}
	}
	if err != nil {
		file.Close()
		return File{}, err
	}
	return File{Size: info.Size(), name: name, file: file}, nil
}

// read reads what fits into buf, and 0 bytes at the end of the file.
func (f *File) read(buf []byte) (int, error) {
	n, err := f.file.Read(buf)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

// Close closes the file. There is nothing to be written that could fail.
func (f *File) Close() { _ = f.file.Close() }
