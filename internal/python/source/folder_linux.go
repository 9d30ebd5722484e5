//go:build linux && (amd64 || arm64)

package source

import "syscall"

// Folder reads small files below a folder with as few system calls as can be: it
// does not go through the path of the folder for each of them, and does not ask how
// long they are.
type Folder struct{ descriptor int }

// OpenFolder opens a folder. Of one that cannot be opened no file can be read.
func OpenFolder(dir string) *Folder {
	descriptor, err := openFrom(here, dir, syscall.O_DIRECTORY)
	if err != nil {
		descriptor = -1
	}
	return &Folder{descriptor}
}

// Read reads a file into buf, if there is room for all of it and one byte more. It
// reports false for one that is larger, and for what cannot be read so: Open says
// why.
func (f *Folder) Read(name string, buf []byte) (text []byte, ok bool) {
	if f.descriptor < 0 {
		return nil, false
	}
	descriptor, err := openFrom(f.descriptor, name, syscall.O_NONBLOCK)
	if err != nil {
		return nil, false
	}
	defer closeDescriptor(descriptor)
	for text = buf[:0]; len(text) < len(buf); {
		n, err := readAt(descriptor, buf[len(text):], len(text))
		switch {
		case err != nil: // no regular file, as nothing but the beginning of a pipe can be read
			return nil, false
		case n == 0 && len(text) == 0:
			var info syscall.Stat_t
			return text, stat(descriptor, &info) == nil && info.Mode&syscall.S_IFMT == syscall.S_IFREG
		case n == 0:
			return text, true
		}
		text = buf[:len(text)+n]
	}
	return nil, false
}

// Close closes the folder.
func (f *Folder) Close() {
	if f.descriptor >= 0 {
		closeDescriptor(f.descriptor)
	}
}
