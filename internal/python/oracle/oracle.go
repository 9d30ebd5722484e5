// Package oracle finds the real interpreters that tests compare fastpath with, and
// the packages that they compare on.
//
// Only tests import it. It looks where the machine of a developer and that of
// continuous integration have their Pythons (PATH, pyenv, the folder that
// tools/install-pythons fills) and asks each for its version. What is missing skips a test, and fails it
// where the oracles are required. Settings, all of them environment variables:
//
//   - FASTPATH_ORACLE_PYTHON: a path list; these interpreters and no others
//   - FASTPATH_REQUIRE_ORACLES=1: every supported version and the corpus must be
//     there; a list such as "3.9 3.13" requires those versions
//   - FASTPATH_CORPUS: the folder of the corpus, one folder a package
//   - FASTPATH_ORACLE_FULL=1: tests that take a sample compare everything
//   - PYENV_ROOT (~/.pyenv), PYTHONS_DIR (/opt/pythons): where versions lie
package oracle

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Oldest and Newest are the minor versions of the first and the last Python 3
// that are compared with.
const (
	Oldest = 8
	Newest = 15
)

// Python is one interpreter.
type Python struct {
	Path  string // what it calls itself: absolute, not the shim of a version manager
	Minor int    // 11 for Python 3.11
	rank  int    // place among the candidates
}

// Name returns "3.11".
func (p Python) Name() string { return "3." + strconv.Itoa(p.Minor) }

// Full reports whether tests shall compare everything instead of a sample.
func Full() bool { return os.Getenv("FASTPATH_ORACLE_FULL") == "1" }

// Required reports whether nothing may be skipped, as in continuous integration:
// tests then compare with every version.
func Required() bool { return os.Getenv("FASTPATH_REQUIRE_ORACLES") == "1" }

// Pythons returns one interpreter for each supported version that is there,
// oldest first. It skips the test where there is none, and fails it where a
// required one is missing.
func Pythons(t testing.TB) []Python {
	t.Helper()
	return slices.CompactFunc(Every(t), func(a, b Python) bool { return a.Minor == b.Minor })
}

// Every is like Pythons and returns all that are there, such as the one of the
// system beside one of pyenv.
func Every(t testing.TB) []Python {
	t.Helper()
	found := slices.Clone(all())
	var missing []string
	for _, minor := range required(os.Getenv("FASTPATH_REQUIRE_ORACLES")) {
		if !slices.ContainsFunc(found, func(p Python) bool { return p.Minor == minor }) {
			missing = append(missing, Python{Minor: minor}.Name())
		}
	}
	switch {
	case len(missing) > 0 && os.Getenv("FASTPATH_ORACLE_PYTHON") == "":
		t.Fatalf("Python %s is missing; run tools/install-pythons", strings.Join(missing, ", "))
	case len(found) > 0:
	case len(missing) > 0:
		t.Fatal("FASTPATH_ORACLE_PYTHON names no CPython from 3.8 on")
	default:
		t.Skip("no Python interpreter to compare with; run tools/install-pythons")
	}
	return found
}

// Each runs a test as a parallel subtest under every interpreter of Pythons.
func Each(t *testing.T, test func(t *testing.T, p Python)) {
	t.Helper()
	for _, p := range Pythons(t) {
		t.Run(p.Name(), func(t *testing.T) {
			t.Parallel()
			test(t, p)
		})
	}
}

// One returns the interpreter of tests for which the version plays no part:
// the first of FASTPATH_ORACLE_PYTHON, of PATH, of the others.
func One(t testing.TB) Python {
	t.Helper()
	return slices.MinFunc(Every(t), func(a, b Python) int { return a.rank - b.rank })
}

// required returns the minor versions that a value of FASTPATH_REQUIRE_ORACLES
// asks for.
func required(value string) []int {
	var minors []int
	if value == "1" {
		for minor := Oldest; minor <= Newest; minor++ {
			minors = append(minors, minor)
		}
		return minors
	}
	for _, word := range strings.Fields(value) {
		if rest, ok := strings.CutPrefix(word, "3."); ok {
			rest, _, _ = strings.Cut(rest, ".")
			if minor, err := strconv.Atoi(rest); err == nil {
				minors = append(minors, minor)
			}
		}
	}
	return minors
}

// all is the answer of Every, found once.
var all = sync.OnceValue(func() []Python {
	var found []Python
	seen := map[string]bool{}
	for rank, path := range candidates(os.Getenv) {
		p, ok := ask(path)
		real, err := filepath.EvalSymlinks(p.Path)
		if _, env := os.Stat(filepath.Join(filepath.Dir(filepath.Dir(p.Path)), "pyvenv.cfg")); env == nil {
			real = p.Path
		}
		if !ok || err != nil || seen[real] {
			continue
		}
		seen[real] = true
		p.rank = rank
		found = append(found, p)
	}
	slices.SortStableFunc(found, func(a, b Python) int { return a.Minor - b.Minor })
	return found
})

// candidates lists the paths where an interpreter may be, the preferred ones
// first.
func candidates(getenv func(string) string) []string {
	if list := filepath.SplitList(getenv("FASTPATH_ORACLE_PYTHON")); len(list) > 0 {
		return list
	}
	var paths []string
	for _, dir := range filepath.SplitList(getenv("PATH")) {
		if filepath.IsAbs(dir) {
			paths = append(paths, filepath.Join(dir, "python3"))
		}
	}
	pyenv := getenv("PYENV_ROOT")
	if pyenv == "" {
		pyenv = filepath.Join(getenv("HOME"), ".pyenv")
	}
	installed := getenv("PYTHONS_DIR")
	if installed == "" {
		installed = "/opt/pythons"
	}
	for _, pattern := range []string{filepath.Join(pyenv, "versions", "*"), filepath.Join(installed, "3.*")} {
		versions, _ := filepath.Glob(pattern)
		for _, dir := range versions {
			// An environment lies there, too, but lacks the standard library.
			if _, err := os.Stat(filepath.Join(dir, "pyvenv.cfg")); err != nil {
				paths = append(paths, filepath.Join(dir, "bin", "python3"))
			}
		}
	}
	return paths
}

var answered = regexp.MustCompile(`^cpython 3 (\d+) (.+?)\r?\n$`)

// ask asks what may be an interpreter who it is; ok is false unless it is a
// CPython of a supported version.
func ask(path string) (p Python, ok bool) {
	if _, err := os.Stat(path); err != nil {
		return Python{}, false
	}
	out, err := exec.Command(path, "-I", "-S", "-c", "import sys; print(sys.implementation.name, *sys.version_info[:2], sys.executable)").Output()
	m := answered.FindSubmatch(out)
	if err != nil || m == nil {
		return Python{}, false
	}
	minor, err := strconv.Atoi(string(m[1]))
	return Python{Path: string(m[2]), Minor: minor}, err == nil && minor >= Oldest && minor <= Newest
}
