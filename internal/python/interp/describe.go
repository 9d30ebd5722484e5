package interp

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// describe works out what belongs to the interpreter at path from the files
// around it.
func describe(path string, env []string) *Interpreter {
	i := &Interpreter{Path: path, Implementation: "cpython"}
	real := followLinks(path)
	system := true // the base's own site-packages and the user's are visible
	base, prefix := prefixOf(real), ""
	if cfg, dir := readVenv(path); cfg != nil {
		i.Venv, prefix = true, dir
		i.Version = parseVersion(firstOf(cfg["version"], cfg["version_info"]))
		if home := cfg["home"]; home != "" {
			base = venvBase(home, i.Version)
		}
		system = strings.EqualFold(cfg["include-system-site-packages"], "true")
	}
	for _, name := range []string{filepath.Base(path), filepath.Base(real)} {
		if strings.HasPrefix(name, "pypy") {
			i.Implementation = "pypy"
		}
		if m := pythonName().FindStringSubmatch(name); m != nil && i.Version == (syntax.Version{}) {
			i.Version = parseVersion(m[1])
		}
	}
	lib := findLib(base, i.Version)
	if lib == "" && prefixOf(real) != base {
		base = prefixOf(real)
		lib = findLib(base, i.Version)
	}
	if lib == "" && !i.Venv { // a link that was not followed, as on macOS
		base = prefixOf(path)
		lib = findLib(base, i.Version)
	}
	if m := libName().FindStringSubmatch(filepath.Base(lib)); m != nil {
		if m[1] == "pypy" {
			i.Implementation = "pypy"
		}
		if i.Version == (syntax.Version{}) {
			i.Version = parseVersion(m[2])
		}
	}
	i.Base, i.Stdlib, i.Prefix = base, lib, base
	if i.Venv {
		i.Prefix = prefix
	}
	if d := filepath.Join(lib, "lib-dynload"); lib != "" && isDir(d) {
		i.DynLoad = d
	} else if d := filepath.Join(base, "DLLs"); isDir(d) {
		i.DynLoad = d
	}
	i.SitePackages = i.sites(system, env)
	return i
}

var (
	pythonName = regexps.New(`^(?:python|pypy)([0-9]+\.[0-9]+)t?(?:\.exe)?$`)
	libName    = regexps.New(`^(python|pypy)([0-9]+\.[0-9]+)t?$`)
)

// parseVersion reads the X.Y at the start of a version.
func parseVersion(s string) syntax.Version {
	major, rest, _ := strings.Cut(strings.TrimSpace(s), ".")
	minor, _, _ := strings.Cut(rest, ".")
	x, errX := strconv.Atoi(major)
	y, errY := strconv.Atoi(minor)
	if errX != nil || errY != nil {
		return syntax.Version{}
	}
	return syntax.Version{Major: x, Minor: y}
}

func firstOf(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// prefixOf returns the installation prefix of an executable.
func prefixOf(exe string) string {
	dir := filepath.Dir(exe)
	if b := strings.ToLower(filepath.Base(dir)); b == "bin" || b == "scripts" {
		return filepath.Dir(dir)
	}
	return dir
}

// followLinks returns what an executable is a link to. As in Python's own
// start, links among the folders above it stay as they are.
func followLinks(path string) string {
	for range 40 {
		target, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(filepath.Dir(path), target)
		}
		path = target
	}
	return path
}

// venvBase returns the prefix that home, the folder of the base executable,
// belongs to; where the library is not there, its executable is a link to
// where the installation is.
func venvBase(home string, version syntax.Version) string {
	for _, name := range []string{"python3", "python"} {
		path := filepath.Join(home, name)
		for _, exe := range []string{path, followLinks(path)} {
			if prefix := prefixOf(exe); exists(exe) && findLib(prefix, version) != "" {
				return prefix
			}
		}
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return prefixOf(real)
		}
	}
	return prefixOf(filepath.Join(home, "python"))
}

// readVenv returns the pyvenv.cfg that makes the interpreter at path part of a
// virtual environment, and the environment's folder.
func readVenv(path string) (map[string]string, string) {
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(filepath.Dir(path))} {
		data, err := os.ReadFile(filepath.Join(dir, "pyvenv.cfg"))
		if err != nil {
			continue
		}
		cfg := map[string]string{}
		for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			if k, v, ok := strings.Cut(line, "="); ok {
				cfg[strings.ToLower(strings.TrimSpace(k))] = strings.TrimSpace(v)
			}
		}
		return cfg, dir
	}
	return nil, ""
}

// findLib returns the standard library below a prefix: the one of version
// where it is known, else the newest.
func findLib(prefix string, version syntax.Version) string {
	var found []string
	for _, lib := range []string{"lib", "lib64"} {
		list, _ := os.ReadDir(filepath.Join(prefix, lib))
		for _, d := range list {
			dir := filepath.Join(prefix, lib, d.Name())
			if libName().MatchString(d.Name()) && exists(filepath.Join(dir, "os.py")) {
				found = append(found, dir)
			}
		}
	}
	best, bestVersion := "", syntax.Version{}
	for _, dir := range found {
		v := parseVersion(strings.TrimRight(libName().FindStringSubmatch(filepath.Base(dir))[2], "t"))
		if v == version {
			return dir
		}
		if bestVersion.Less(v) {
			best, bestVersion = dir, v
		}
	}
	if version != (syntax.Version{}) && bestVersion != (syntax.Version{}) {
		return ""
	}
	if best == "" && exists(filepath.Join(prefix, "Lib", "os.py")) {
		return filepath.Join(prefix, "Lib") // Windows
	}
	return best
}

// sites returns the existing site-packages folders in the order of sys.path.
func (i *Interpreter) sites(system bool, env []string) []string {
	var dirs []string
	add := func(dir string) {
		if isDir(dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	name := i.libDirName()
	below := func(prefix string) {
		add(filepath.Join(prefix, "lib", name, "site-packages"))
		if lib64 := filepath.Join(prefix, "lib64"); isDir(lib64) && !sameFile(lib64, filepath.Join(prefix, "lib")) {
			add(filepath.Join(lib64, name, "site-packages"))
		}
		add(filepath.Join(prefix, "Lib", "site-packages"))
	}
	if i.Venv {
		below(i.Prefix)
	}
	if !system {
		return dirs
	}
	if home := getenv(env, "HOME"); home != "" && getenv(env, "PYTHONNOUSERSITE") == "" {
		user := firstOf(getenv(env, "PYTHONUSERBASE"), filepath.Join(home, ".local"))
		add(filepath.Join(user, "lib", name, "site-packages"))
	}
	// Debian and its children have dist-packages.
	add(filepath.Join(i.Base, "local", "lib", name, "dist-packages"))
	add(filepath.Join(i.Base, "lib", "python3", "dist-packages"))
	add(filepath.Join(i.Base, "lib", name, "dist-packages"))
	if i.Base == "/usr" && (exists("/etc/fedora-release") || exists("/etc/redhat-release")) {
		below("/usr/local")
	}
	below(i.Base)
	return dirs
}

// libDirName is "python3.12" as folders below lib are called.
func (i *Interpreter) libDirName() string {
	if b := filepath.Base(i.Stdlib); libName().MatchString(b) {
		return b
	}
	return "python" + strconv.Itoa(i.Version.Major) + "." + strconv.Itoa(i.Version.Minor)
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
