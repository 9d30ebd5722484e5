package resolve

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// listing is what a folder has to import. The zero value is an empty one.
type listing struct {
	entries map[string]entry
	start   []string // its .pth, .start and .pkg files
	zipped  bool     // it lies in an archive, where byte code comes before source
}

// entry is what a folder has under one name of a module.
type entry struct {
	dir       bool
	implicit  bool   // a folder of an archive that only its files tell of: no namespace
	source    bool   // NAME.py
	bytecode  bool   // NAME.pyc
	extension string // the best file
	rank      int    // of extension
}

// module returns the file that importing a name would load, "" when there is
// none: an extension before a source file before byte code without source.
func (l *listing) module(name string) string {
	e := l.entries[name]
	switch {
	case e.extension != "":
		return e.extension
	case l.zipped && e.bytecode:
		return name + ".pyc"
	case e.source:
		return name + ".py"
	case e.bytecode:
		return name + ".pyc"
	}
	return ""
}

// isFile reports whether the folder has this start-up file.
func (l *listing) isFile(name string) bool {
	for _, n := range l.start {
		if n == name {
			return true
		}
	}
	return false
}

// list returns the content of a folder; one that cannot be read is empty.
func (r *Resolver) list(dir string) *listing {
	if l, ok := r.listings.Load(dir); ok {
		return l.(*listing)
	}
	l := &listing{}
	if dir != "" {
		if entries, err := os.ReadDir(dir); err == nil {
			r.fill(l, dir, entries)
		}
	}
	kept, _ := r.listings.LoadOrStore(dir, l)
	return kept.(*listing)
}

func (r *Resolver) fill(l *listing, dir string, entries []fs.DirEntry) {
	l.entries = make(map[string]entry, len(entries))
	for _, e := range entries {
		name, isDir := e.Name(), e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			isDir = info.IsDir()
		}
		r.enter(l, name, isDir)
	}
}

// enter adds one file or folder.
func (r *Resolver) enter(l *listing, name string, isDir bool) {
	if isDir {
		e := l.entries[name]
		e.dir = true
		l.entries[name] = e
		return
	}
	switch ext := filepath.Ext(name); ext {
	case ".py", ".pyc":
		name = strings.TrimSuffix(name, ext)
		e := l.entries[name]
		e.source = e.source || ext == ".py"
		e.bytecode = e.bytecode || ext == ".pyc"
		l.entries[name] = e
	case ".so", ".pyd":
		module, _, _ := strings.Cut(name, ".")
		e := l.entries[module]
		if rank := r.rank(name[len(module):]); rank >= 0 && (e.extension == "" || rank < e.rank) {
			e.extension, e.rank = name, rank
			l.entries[module] = e
		}
	case ".pth", ".start", ".pkg":
		l.start = append(l.start, name)
	}
}

// read returns the content of a file, which may lie in an archive.
func (r *Resolver) read(file string) ([]byte, error) {
	for _, a := range r.archives {
		if member, ok := strings.CutPrefix(file, a.path+string(filepath.Separator)); ok {
			return a.read(filepath.ToSlash(member))
		}
	}
	return os.ReadFile(file)
}
