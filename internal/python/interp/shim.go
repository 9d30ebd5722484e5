package interp

import (
	"bytes"
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// isShim reports whether path is a start script of pyenv or asdf, which picks
// a version when it runs.
func isShim(path string) bool {
	if filepath.Base(filepath.Dir(path)) != "shims" {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4096)
	n, _ := f.Read(head)
	return bytes.HasPrefix(head[:n], []byte("#!"))
}

// unshim returns the executable that a shim would start, "" when there is
// none or when path is no shim.
func (f *finder) unshim(path string) string {
	if !isShim(path) {
		return ""
	}
	root := filepath.Dir(filepath.Dir(path))
	program := filepath.Base(path)
	versions, base := f.pyenvVersions(root), filepath.Join(root, "versions")
	if !isDir(base) {
		versions, base = f.asdfVersions(), filepath.Join(root, "installs", "python")
	}
	for _, v := range versions {
		dir := installed(base, v)
		if dir == "" {
			continue
		}
		if exe := filepath.Join(dir, "bin", program); isExecutable(exe) {
			return exe
		}
	}
	return ""
}

// versionInstalled returns the interpreter of a version such as "3.12" that
// pyenv, asdf or uv installed, whether or not it is chosen anywhere.
func (f *finder) versionInstalled(version string) *Interpreter {
	if version[0] < '0' || version[0] > '9' {
		return nil
	}
	home := f.getenv("HOME")
	bases := []string{filepath.Join(firstOf(f.getenv("PYENV_ROOT"), filepath.Join(home, ".pyenv")), "versions")}
	if home != "" {
		bases = append(bases, filepath.Join(home, ".asdf", "installs", "python"))
	}
	uv := firstOf(f.getenv("UV_PYTHON_INSTALL_DIR"), filepath.Join(home, ".local", "share", "uv", "python"))
	links, _ := filepath.Glob(filepath.Join(uv, "cpython-"+version+"*"))
	slices.Reverse(links)
	dirs := links
	for _, base := range slices.Backward(bases) {
		if dir := installed(base, version); dir != "" {
			dirs = slices.Insert(dirs, 0, dir)
		}
	}
	for _, dir := range dirs {
		if exe := executableIn(dir); exe != "" {
			if i := describe(exe, f.Env); i.Version == parseVersion(version) {
				return i
			}
		}
	}
	return nil
}

// pyenvVersions returns the versions that pyenv would choose, best first:
// PYENV_VERSION, the nearest .python-version, the global version.
func (f *finder) pyenvVersions(root string) []string {
	if v := f.getenv("PYENV_VERSION"); v != "" {
		return strings.Split(v, ":")
	}
	start := f.ProjectRoot
	if start == "" {
		start = f.Dir
	}
	for dir := start; dir != ""; dir = filepath.Dir(dir) {
		if vs := versionFile(filepath.Join(dir, ".python-version")); len(vs) > 0 {
			return vs
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	return versionFile(filepath.Join(root, "version"))
}

// versionFile reads the versions that a file lists.
func versionFile(path string) []string {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var vs []string
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		vs = append(vs, strings.Fields(line)...)
	}
	return vs
}

// asdfVersions returns what ASDF_PYTHON_VERSION or the nearest .tool-versions
// says about Python.
func (f *finder) asdfVersions() []string {
	if v := f.getenv("ASDF_PYTHON_VERSION"); v != "" {
		return strings.Fields(v)
	}
	files := []string{filepath.Join(f.getenv("HOME"), ".tool-versions")}
	for dir := f.ProjectRoot; dir != "" && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		files = slices.Insert(files, len(files)-1, filepath.Join(dir, ".tool-versions"))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(data)) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "python" {
				return words[1:]
			}
		}
	}
	return nil
}

// installed returns the folder of a version: the exact one, or for a prefix
// such as "3.12" the newest that it covers.
func installed(base, version string) string {
	version = strings.TrimPrefix(version, "python-")
	if version == "" || version == "system" || strings.ContainsAny(version, `/\`) {
		return ""
	}
	if dir := filepath.Join(base, version); isDir(dir) {
		return dir
	}
	list, _ := os.ReadDir(base)
	best := ""
	for _, d := range list {
		if rest, ok := strings.CutPrefix(d.Name(), version+"."); ok && isNumber(rest) && compareVersions(d.Name(), best) > 0 {
			best = d.Name()
		}
	}
	if best == "" {
		return ""
	}
	return filepath.Join(base, best)
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789.") == ""
}

// compareVersions compares dotted numbers.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	return slices.CompareFunc(x, y, func(p, q string) int {
		m, _ := strconv.Atoi(p)
		n, _ := strconv.Atoi(q)
		return cmp.Compare(m, n)
	})
}
