package project

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fastpath/internal/config"
)

// EntryError is an entry of the configuration or the command line that names
// something which is not there.
type EntryError struct {
	Entry   string
	Message string
}

// Error returns "entry "NAME": what is wrong".
func (e *EntryError) Error() string { return fmt.Sprintf("entry %q: %s", e.Entry, e.Message) }

// Open opens the project that dir belongs to: the nearest parent with a
// configuration, else the git root, else dir itself. With explicit, dir is the
// project. Mistakes in the configuration are *config.Error or *EntryError.
func Open(dir string, explicit bool) (*Project, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(abs)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("project folder %q does not exist", dir)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("project folder %q is a file; name the folder that holds pyproject.toml or fastpath.toml", dir)
	}
	root := abs
	if !explicit {
		root = FindRoot(abs)
	}
	cfg, err := config.Load(root)
	if err != nil {
		return nil, err
	}
	p := &Project{Root: root, Config: cfg}
	if len(cfg.Entries) > 0 {
		if p.Entries, err = p.Resolve(cfg.Entries...); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// FindRoot returns the nearest parent of dir (or dir itself) that has a
// configuration, else the one that has .git, else dir.
func FindRoot(dir string) string {
	git := ""
	for d := dir; ; d = filepath.Dir(d) {
		if config.Exists(d) {
			return d
		}
		if git == "" && exists(filepath.Join(d, ".git")) {
			git = d
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	if git != "" {
		return git
	}
	return dir
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
