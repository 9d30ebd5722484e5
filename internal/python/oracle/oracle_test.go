package oracle

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestRequired(t *testing.T) {
	for value, want := range map[string][]int{
		"": nil, "0": nil, "1": {8, 9, 10, 11, 12, 13, 14, 15}, "3.9 3.13": {9, 13}, "3.14.2": {14},
	} {
		if got := required(value); !slices.Equal(got, want) {
			t.Errorf("FASTPATH_REQUIRE_ORACLES=%q requires %v, want %v", value, got, want)
		}
	}
}

func TestCandidates(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"pyenv/versions/3.8.18/bin", "pyenv/versions/3.11.7/bin", "pyenv/versions/env/bin", "opt/3.15/bin", "opt/notes"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "pyenv/versions/env/pyvenv.cfg"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PATH": dir + string(filepath.ListSeparator) + "relative", "PYENV_ROOT": filepath.Join(dir, "pyenv"), "PYTHONS_DIR": filepath.Join(dir, "opt")}
	want := []string{"python3", "pyenv/versions/3.11.7/bin/python3", "pyenv/versions/3.8.18/bin/python3", "opt/3.15/bin/python3"}
	for i := range want {
		want[i] = filepath.Join(dir, filepath.FromSlash(want[i]))
	}
	if got := candidates(func(name string) string { return env[name] }); !slices.Equal(got, want) {
		t.Errorf("candidates are %q, want %q", got, want)
	}
	env["FASTPATH_ORACLE_PYTHON"] = "a" + string(filepath.ListSeparator) + "b"
	if got := candidates(func(name string) string { return env[name] }); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("with FASTPATH_ORACLE_PYTHON candidates are %q", got)
	}
}

// TestPythons: what is found is sorted, of supported versions, and is there.
func TestPythons(t *testing.T) {
	found := Pythons(t)
	if !slices.IsSortedFunc(found, func(a, b Python) int { return a.Minor - b.Minor }) {
		t.Errorf("not sorted: %v", found)
	}
	for _, p := range found {
		if again, ok := ask(p.Path); !ok || again.Minor != p.Minor || again.Path != p.Path {
			t.Errorf("%s is said to be %s", p.Path, p.Name())
		}
	}
	every := Every(t)
	if len(every) < len(found) || !slices.Contains(every, One(t)) {
		t.Errorf("%v is not among %v", One(t), every)
	}
	if p, ok := ask(filepath.Join(t.TempDir(), "python3")); ok {
		t.Errorf("a missing interpreter is said to be %v", p)
	}
}
