package project

import (
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// layout is where the modules of a project may be found.
type layout struct {
	root  string   // absolute project directory
	roots []string // import roots, relative to it: ".", "src", what pyproject.toml names
	meta  pyproject
}

// pyproject is what other tools' keys of pyproject.toml say.
type pyproject struct {
	Project struct {
		Scripts    map[string]string `toml:"scripts"`
		GUIScripts map[string]string `toml:"gui-scripts"`
	} `toml:"project"`
	Tool struct {
		Poetry struct {
			Scripts  map[string]any `toml:"scripts"`
			Packages []struct {
				From string `toml:"from"`
			} `toml:"packages"`
		} `toml:"poetry"`
		Setuptools struct {
			PackageDir map[string]string `toml:"package-dir"`
			Packages   any               `toml:"packages"`
		} `toml:"setuptools"`
	} `toml:"tool"`
}

// newLayout reads pyproject.toml as far as it is readable.
func newLayout(root string) *layout {
	l := &layout{root: root, roots: []string{"."}}
	data, err := os.ReadFile(filepath.Join(root, "pyproject.toml"))
	if err == nil {
		// Other tools' keys are theirs to check: what does not fit is absent.
		_ = toml.Unmarshal(trimBOM(data), &l.meta)
	}
	l.add("src")
	t := l.meta.Tool
	for _, p := range t.Poetry.Packages {
		l.add(p.From)
	}
	l.add(t.Setuptools.PackageDir[""])
	if m, ok := t.Setuptools.Packages.(map[string]any); ok {
		if find, ok := m["find"].(map[string]any); ok {
			if where, ok := find["where"].([]any); ok {
				for _, w := range where {
					if s, ok := w.(string); ok {
						l.add(s)
					}
				}
			}
		}
	}
	return l
}

func trimBOM(data []byte) []byte {
	return []byte(strings.TrimPrefix(string(data), "\ufeff"))
}

// add makes an existing folder of the project an import root.
func (l *layout) add(dir string) {
	if dir == "" {
		return
	}
	dir = path.Clean(filepath.ToSlash(dir))
	if path.IsAbs(dir) || strings.HasPrefix(dir, "..") || slices.Contains(l.roots, dir) {
		return
	}
	if isDir(l.abs(dir)) && !exists(l.abs(dir, "__init__.py")) {
		l.roots = append(l.roots, dir)
	}
}

// abs returns the absolute path of something in the project.
func (l *layout) abs(elem ...string) string {
	return filepath.Join(l.root, filepath.FromSlash(path.Join(elem...)))
}

// module returns the source file of a module below an import root, relative to
// the project, "" when there is none. A package is its __init__.py.
func (l *layout) module(importRoot, name string) string {
	p := path.Join(importRoot, strings.ReplaceAll(name, ".", "/"))
	for _, f := range []string{p + "/__init__.py", p + ".py"} {
		if isFile(l.abs(f)) {
			return f
		}
	}
	return ""
}

// runnable returns the file that "-m name" runs.
func (l *layout) runnable(importRoot, name string) string {
	p := path.Join(importRoot, strings.ReplaceAll(name, ".", "/"))
	for _, f := range []string{p + "/__main__.py", p + ".py"} {
		if isFile(l.abs(f)) {
			return f
		}
	}
	return ""
}

// packageRoot returns the import root and the module name of a source file, by
// the __init__.py files above it.
func (l *layout) packageRoot(file string) (importRoot, module string) {
	dir, name := path.Dir(file), strings.TrimSuffix(path.Base(file), ".py")
	for dir != "." && isFile(l.abs(dir, "__init__.py")) {
		if name == "__init__" {
			name = path.Base(dir)
		} else {
			name = path.Base(dir) + "." + name
		}
		dir = path.Dir(dir)
	}
	return dir, name
}

// fastPath returns where the fast path file of a module below an import root
// lives: in the outermost regular package, or beside a top-level module.
func (l *layout) fastPath(importRoot, module string, isPackage bool) string {
	parts := strings.Split(module, ".")
	if !isPackage {
		parts = parts[:len(parts)-1]
	}
	if len(parts) == 0 {
		return path.Join(importRoot, fastPathFile)
	}
	for i := range parts {
		dir := path.Join(importRoot, path.Join(parts[:i+1]...))
		if isFile(l.abs(dir, "__init__.py")) {
			return path.Join(dir, fastPathFile)
		}
	}
	return path.Join(importRoot, parts[0], fastPathFile)
}

const fastPathFile = "fast_path.py"
