//go:build linux

package source

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"sync"
	"syscall"
)

// listBuffers hold what the kernel says of a folder.
var listBuffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// List adds what is in a folder to list, in any order.
func List(dir string, list []Entry) ([]Entry, error) {
	var descriptor int
	err := again(func() (err error) {
		descriptor, err = syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return list, &fs.PathError{Op: "open", Path: dir, Err: err}
	}
	defer syscall.Close(descriptor)
	buf := listBuffers.Get().(*[32 << 10]byte)
	defer listBuffers.Put(buf)
	for {
		n := 0
		err := again(func() (err error) {
			n, err = syscall.ReadDirent(descriptor, buf[:])
			return err
		})
		if err != nil {
			return list, &fs.PathError{Op: "readdirent", Path: dir, Err: err}
		}
		if n <= 0 {
			return list, nil
		}
		// A record has a number, a place, its length, a type, and the name with
		// zeros behind it.
		for left := buf[:n]; len(left) > 0; {
			record := left[:binary.NativeEndian.Uint16(left[16:])]
			left = left[len(record):]
			name, _, _ := bytes.Cut(record[19:], []byte{0})
			if string(name) == "." || string(name) == ".." {
				continue
			}
			e := Entry{string(name), typeOf(record[18])}
			if record[18] == syscall.DT_UNKNOWN { // some file systems do not say
				info, err := os.Lstat(dir + "/" + e.Name)
				if err != nil {
					continue // it has gone
				}
				e.Type = info.Mode().Type()
			}
			list = append(list, e)
		}
	}
}

// typeOf returns the type bits of a record.
func typeOf(kind byte) fs.FileMode {
	switch kind {
	case syscall.DT_REG:
		return 0
	case syscall.DT_DIR:
		return fs.ModeDir
	case syscall.DT_LNK:
		return fs.ModeSymlink
	}
	return fs.ModeIrregular
}
