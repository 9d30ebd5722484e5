package resolve

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// listing is the content of a folder. The zero value is an empty one.
type listing struct {
	names      map[string]bool     // name → whether it is a folder
	extensions map[string][]string // module name → its extension files
}

// isDir reports whether the folder has a folder called name.
func (l *listing) isDir(name string) bool { return l.names[name] }

// isFile reports whether the folder has a file called name.
func (l *listing) isFile(name string) bool {
	dir, ok := l.names[name]
	return ok && !dir
}

// list returns the content of a folder; one that cannot be read is empty.
func (r *Resolver) list(dir string) *listing {
	if l, ok := r.listings.Load(dir); ok {
		return l.(*listing)
	}
	l := &listing{}
	if dir != "" {
		if entries, err := os.ReadDir(dir); err == nil {
			l.fill(dir, entries)
		}
	}
	kept, _ := r.listings.LoadOrStore(dir, l)
	return kept.(*listing)
}

func (l *listing) fill(dir string, entries []fs.DirEntry) {
	l.names = make(map[string]bool, len(entries))
	l.extensions = map[string][]string{}
	for _, e := range entries {
		name, isDir := e.Name(), e.IsDir()
		if e.Type()&fs.ModeSymlink != 0 {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				continue
			}
			isDir = info.IsDir()
		}
		l.names[name] = isDir
		if !isDir && isExtension(name) {
			module, _, _ := strings.Cut(name, ".")
			l.extensions[module] = append(l.extensions[module], name)
		}
	}
}

func isExtension(name string) bool {
	return strings.HasSuffix(name, ".so") || strings.HasSuffix(name, ".pyd")
}

// module returns the file of a folder that importing name would load: an
// extension before a source file before byte code without source.
func (r *Resolver) module(l *listing, name string) string {
	for _, file := range l.extensions[name] {
		if r.loadable(file) {
			return file
		}
	}
	for _, suffix := range []string{".py", ".pyc"} {
		if l.isFile(name + suffix) {
			return name + suffix
		}
	}
	return ""
}

var extensionTag = regexp.MustCompile(`^(?:cpython-|cp|pypy)3?(\d+)t?d?(?:-[\w.-]+)?$`)

// loadable reports whether the interpreter's version loads an extension file:
// one without a tag, one for the stable ABI, or one for this very version.
func (r *Resolver) loadable(file string) bool {
	parts := strings.Split(file, ".")
	if len(parts) == 2 {
		return true
	}
	if len(parts) != 3 {
		return false
	}
	tag := parts[1]
	if tag == "abi3" {
		return true
	}
	m := extensionTag.FindStringSubmatch(tag)
	return m != nil && (m[1] == strconv.Itoa(r.version.Minor) || strings.HasPrefix(tag, "pypy"))
}
