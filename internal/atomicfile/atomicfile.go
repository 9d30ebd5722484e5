// Package atomicfile replaces files so that a reader, a crash or a full disk
// never sees half of one: the data goes to a temporary file in the same
// folder, is synced, and takes the place of the old file by a rename.
package atomicfile

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Write replaces the content of the file at path with data, or creates the
// file. The mode of an existing file is kept, a symbolic link is followed, and
// an existing file without write permission is refused, as an ordinary write
// would. After an error the file is as it was and no temporary file is left.
func Write(path string, data []byte) error {
	return WriteFunc(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteFunc is Write of what content writes, which need not be in memory as a whole. An
// error of content's own is returned as it is.
func WriteFunc(path string, content func(io.Writer) error) (err error) {
	target := path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		target = resolved
	}
	mode, exists, err := existing(target)
	if err != nil {
		return explain(path, err)
	}
	tmp, err := create(target)
	if err != nil {
		return explain(path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(tmp.Name())
		}
	}()
	out := &output{file: tmp}
	if err = content(out); err != nil {
		_ = tmp.Close()
		if out.err == nil {
			return err
		}
		return explain(path, out.err)
	}
	if exists {
		err = tmp.Chmod(mode)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(tmp.Name(), target)
	}
	if err != nil {
		return explain(path, err)
	}
	syncDir(filepath.Dir(target))
	return nil
}

// output keeps the error of the file apart from those of what writes into it.
type output struct {
	file *os.File
	err  error
}

func (o *output) Write(p []byte) (n int, err error) {
	if n, err = o.file.Write(p); err != nil {
		o.err = err
	}
	return n, err
}

// existing returns the mode of the file to be replaced and reports whether
// there is one. A folder, or a file that may not be written, is an error.
func existing(target string) (fs.FileMode, bool, error) {
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, false, nil
	case err != nil:
		return 0, false, err
	case info.IsDir():
		return 0, false, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return 0, false, errors.New("it is not a regular file")
	}
	f, err := os.OpenFile(target, os.O_WRONLY, 0)
	if err != nil {
		return 0, false, err
	}
	return info.Mode().Perm(), true, f.Close()
}

// create opens a new temporary file beside target; the umask decides its mode.
func create(target string) (*os.File, error) {
	dir, base := filepath.Split(target)
	for {
		var b [randomBytes]byte
		if _, err := rand.Read(b[:]); err != nil {
			return nil, err
		}
		name := filepath.Join(dir, "."+base+"."+hex.EncodeToString(b[:])+".tmp")
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// RemoveLeftovers deletes the temporary files that a killed process left beside the file
// at path, which nobody else may be replacing meanwhile.
func RemoveLeftovers(path string) {
	dir, base := filepath.Split(path)
	entries, _ := os.ReadDir(cmp.Or(dir, ".")) // without, there is nothing to remove
	for _, e := range entries {
		random, ok := strings.CutPrefix(e.Name(), "."+base+".")
		random, isTemp := strings.CutSuffix(random, ".tmp")
		if _, err := hex.DecodeString(random); ok && isTemp && err == nil && len(random) == 2*randomBytes {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// randomBytes make the name of a temporary file unique.
const randomBytes = 6

// explain says in the words of the user's file what went wrong with it.
func explain(path string, err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	var le *os.LinkError
	if errors.As(err, &le) {
		err = le.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission), isReadOnly(err):
		return fmt.Errorf("cannot write %q: %w; make the folder %q and the file writable", path, err, filepath.Dir(path))
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("cannot write %q: the folder %q does not exist", path, filepath.Dir(path))
	}
	return fmt.Errorf("cannot write %q: %w", path, err)
}
