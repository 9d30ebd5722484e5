// Package interp finds Python interpreters and says what belongs to them:
// version, standard library, site-packages and installed distributions.
//
// Find starts nothing: it reads names, symbolic links, pyvenv.cfg and the
// version files of pyenv and asdf, because commands that only read must not
// run what lies in a repository. Query is the one function that runs the
// interpreter, once, for what only it knows.
package interp

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/python/syntax"
)

// Oldest is the oldest Python version that is supported.
var Oldest = syntax.Version{Major: 3, Minor: 8}

// Interpreter is a Python interpreter with its environment.
type Interpreter struct {
	Path           string         // absolute; inside a virtual environment its own path, links not followed
	Version        syntax.Version // X.Y; zero when it cannot be known without running it
	Implementation string         // "cpython" or "pypy"
	Venv           bool           // it belongs to a virtual environment
	Prefix         string         // the environment's folder; equal to Base outside of one
	Base           string         // installation prefix that has the standard library
	Stdlib         string         // the standard library's folder
	DynLoad        string         // its lib-dynload, "" where there is none
	SitePackages   []string       // existing folders, in the order of sys.path
	PythonPath     []string       // what PYTHONPATH adds to sys.path, absolute; it need not exist
	Source         string         // how it was found: "--python", "VIRTUAL_ENV", ".venv", "python3 on PATH", …
}

// String names the interpreter as people do: "CPython 3.12".
func (i *Interpreter) String() string {
	name := "CPython"
	if i.Implementation == "pypy" {
		name = "PyPy"
	}
	if i.Version == (syntax.Version{}) {
		return name
	}
	return fmt.Sprintf("%s %d.%d", name, i.Version.Major, i.Version.Minor)
}

// FindOptions says where to look.
type FindOptions struct {
	ProjectRoot string   // absolute
	Explicit    string   // --python: a path, a command name or "3.12"
	Configured  string   // the configuration's python, relative to the project
	Env         []string // as os.Environ
	Dir         string   // working directory, for a relative Explicit; absolute
}

// finder is one search.
type finder struct {
	FindOptions
	tried []string
}

// Find returns the interpreter of a project without executing anything: the
// explicit one, the configured one, VIRTUAL_ENV, .venv and venv of the
// project, then python3 and python on PATH. An explicit or configured
// interpreter that does not exist is an error, not a reason to look further.
func Find(opt FindOptions) (*Interpreter, error) {
	i, err := (&finder{FindOptions: opt}).find()
	if err != nil {
		return nil, err
	}
	for _, dir := range filepath.SplitList(getenv(opt.Env, "PYTHONPATH")) {
		if !filepath.IsAbs(dir) {
			dir = filepath.Join(opt.Dir, dir)
		}
		i.PythonPath = append(i.PythonPath, filepath.Clean(dir))
	}
	return i, nil
}

func (f *finder) find() (*Interpreter, error) {
	opt := f.FindOptions
	if opt.Explicit != "" {
		return f.named(opt.Explicit, opt.Dir, "--python")
	}
	if opt.Configured != "" {
		return f.named(opt.Configured, opt.ProjectRoot, "configuration")
	}
	if venv := f.getenv("VIRTUAL_ENV"); venv != "" {
		if i := f.inVenv(venv, "VIRTUAL_ENV"); i != nil {
			return i, nil
		}
	}
	for _, name := range []string{".venv", "venv"} {
		if i := f.inVenv(filepath.Join(opt.ProjectRoot, name), name); i != nil {
			return i, nil
		}
	}
	for _, name := range []string{"python3", "python"} {
		if i := f.onPath(name); i != nil {
			return i, nil
		}
	}
	return nil, fmt.Errorf("no Python interpreter found; tried: %s; name one with --python PATH or create an environment with \"python3 -m venv .venv\"",
		strings.Join(f.tried, ", "))
}

// named finds the interpreter that the user asked for.
func (f *finder) named(name, dir, source string) (*Interpreter, error) {
	if !strings.ContainsAny(name, `/\`) && !exists(filepath.Join(dir, name)) {
		command := name
		if name != "" && name[0] >= '0' && name[0] <= '9' {
			command = "python" + name
		}
		if i := f.onPath(command); i != nil {
			i.Source = source
			return i, nil
		}
		if i := f.versionInstalled(name); i != nil {
			i.Source = source
			return i, i.supported()
		}
		if len(f.tried) > 0 {
			return nil, fmt.Errorf("no Python interpreter %q (%s); tried: %s", name, source, strings.Join(f.tried, ", "))
		}
		return nil, fmt.Errorf("no Python interpreter %q on PATH (%s); give the path of a Python executable", name, source)
	}
	path := expandHome(name, f.getenv("HOME"))
	if !filepath.IsAbs(path) {
		path = filepath.Join(dir, path)
	}
	path = filepath.Clean(path)
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		exe := executableIn(path)
		if exe == "" {
			return nil, fmt.Errorf("the folder %q (%s) has no Python interpreter in bin/ or Scripts/; name a Python executable or a virtual environment", name, source)
		}
		path = exe
	}
	if !exists(path) {
		return nil, fmt.Errorf("the Python interpreter %q (%s) does not exist; name a Python executable or a virtual environment", name, source)
	}
	if !isExecutable(path) {
		return nil, fmt.Errorf("%q (%s) is not executable; name a Python executable or a virtual environment", name, source)
	}
	if real := f.unshim(path); real != "" {
		path = real
	}
	i := describe(path, f.Env)
	i.Source = source
	return i, i.supported()
}

// supported reports an interpreter that is too old.
func (i *Interpreter) supported() error {
	if i.Version != (syntax.Version{}) && i.Version.Less(Oldest) {
		return fmt.Errorf("%q is Python %d.%d, which is not supported; name Python %d.%d or newer with --python",
			i.Path, i.Version.Major, i.Version.Minor, Oldest.Major, Oldest.Minor)
	}
	return nil
}

// inVenv returns the interpreter of a virtual environment, nil when dir has
// none that can be used.
func (f *finder) inVenv(dir, source string) *Interpreter {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(f.Dir, dir)
	}
	exe := executableIn(dir)
	if exe == "" {
		if exists(dir) || source == "VIRTUAL_ENV" {
			f.tried = append(f.tried, fmt.Sprintf("%s %q (no interpreter in it)", source, dir))
		} else {
			f.tried = append(f.tried, source)
		}
		return nil
	}
	i := describe(exe, f.Env)
	i.Source = source
	if err := i.supported(); err != nil {
		f.tried = append(f.tried, fmt.Sprintf("%s (Python %d.%d is too old)", source, i.Version.Major, i.Version.Minor))
		return nil
	}
	return i
}

// onPath returns the first usable interpreter called name on PATH.
func (f *finder) onPath(name string) *Interpreter {
	f.tried = append(f.tried, name+" on PATH")
	for _, dir := range filepath.SplitList(f.getenv("PATH")) {
		if dir == "" || !filepath.IsAbs(dir) {
			continue // never an interpreter from wherever we happen to stand
		}
		for _, path := range withExtension(filepath.Join(dir, name)) {
			if !isExecutable(path) {
				continue
			}
			if isShim(path) {
				real := f.unshim(path)
				if real == "" {
					f.tried = append(f.tried, fmt.Sprintf("%q (its version file names no installed version that has it)", path))
					continue
				}
				path = real
			}
			i := describe(path, f.Env)
			i.Source = name + " on PATH"
			if i.supported() == nil {
				return i
			}
			f.tried = append(f.tried, fmt.Sprintf("%q (Python %d.%d is too old)", path, i.Version.Major, i.Version.Minor))
		}
	}
	return nil
}

func (f *finder) getenv(name string) string { return getenv(f.Env, name) }

func getenv(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}

// executableIn returns the interpreter of an environment or installation.
func executableIn(dir string) string {
	for _, name := range []string{"bin/python", "bin/python3", "Scripts/python.exe", "python.exe", "bin/pypy3"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if isExecutable(path) {
			return path
		}
	}
	return ""
}

func expandHome(path, home string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok && home != "" {
		return filepath.Join(home, rest)
	}
	return path
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist) && err == nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
