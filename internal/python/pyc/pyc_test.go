package pyc

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// script writes byte-code of every kind, says where it lies, and ends with the
// magic number.
const script = `
import importlib.util, os, py_compile, sys
modes = py_compile.PycInvalidationMode
names = {"t": modes.TIMESTAMP, "c": modes.CHECKED_HASH, "u": modes.UNCHECKED_HASH}
for name in sys.argv[1:]:
    print(py_compile.compile(name, invalidation_mode=names[os.path.basename(name)[0]], doraise=True))
print(int.from_bytes(importlib.util.MAGIC_NUMBER[:2], "little"))
`

// TestPython: what each interpreter writes is valid, lies where we look for it
// and stops being valid when it stops being so for Python.
func TestPython(t *testing.T) {
	for _, p := range oracle.Pythons(t) {
		t.Run(p.Name(), func(t *testing.T) {
			dir := t.TempDir()
			var v syntax.Version
			if _, err := fmt.Sscanf(p.Name(), "%d.%d", &v.Major, &v.Minor); err != nil {
				t.Fatal(err)
			}
			target := &Target{Version: v, Implementation: "cpython"}
			var sources []string
			for i, name := range []string{"t1.py", "c1.py", "u1.py", "c2.py", "c3.py"} {
				file := filepath.Join(dir, name)
				if err := os.WriteFile(file, []byte("x = 1\n"+strings.Repeat("y", i*i)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
				if s, k := target.Check(file); s != Missing || k != "" {
					t.Errorf("%s: %s %s", name, s, k)
				}
				sources = append(sources, file)
			}
			out, err := exec.CommandContext(t.Context(), p.Path, append([]string{"-c", script}, sources...)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Fields(string(out))
			for i, file := range sources {
				if got := target.Path(file); got != lines[i] {
					t.Errorf("%s lies in %s, we look for %s", file, lines[i], got)
				}
				kind := map[byte]Kind{'t': Timestamp, 'c': CheckedHash, 'u': UncheckedHash}[filepath.Base(file)[0]]
				if s, k := target.Check(file); s != Valid || k != kind {
					t.Errorf("%s: %s %s", file, s, k)
				}
				// Another content of the same size and date.
				info, err := os.Stat(file)
				if err != nil {
					t.Fatal(err)
				}
				data, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(data), "1", "2")), 0o644); err != nil {
					t.Fatal(err)
				}
				if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
					t.Fatal(err)
				}
				if s, _ := target.Check(file); (s == Stale) != (kind == CheckedHash) {
					t.Errorf("%s with another content: %s", file, s)
				}
				// Another date.
				if err := os.Chtimes(file, time.Unix(315532800, 0), time.Unix(315532800, 0)); err != nil {
					t.Fatal(err)
				}
				if s, _ := target.Check(file); (s == Valid) != (kind == UncheckedHash) {
					t.Errorf("%s with another date: %s", file, s)
				}
			}
			if got := fmt.Sprint(magics[v]); got != lines[len(sources)] {
				t.Errorf("the magic number is %s, ours %s", lines[len(sources)], got)
			}
		})
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.py")
	target := &Target{Version: syntax.Version{Major: 3, Minor: 12}, Implementation: "cpython"}
	if got := target.Path(source); got != filepath.Join(dir, "__pycache__", "a.cpython-312.pyc") {
		t.Error(got)
	}
	if err := os.MkdirAll(filepath.Join(dir, "__pycache__"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		data string
		want State
	}{
		"empty":   {"", Damaged},
		"short":   {"\xcb\r\r\n\x00\x00\x00\x00", Damaged},
		"flags":   {"\xcb\r\r\n\x02\x00\x00\x0012345678", Damaged},
		"version": {"\xf3\r\r\n\x01\x00\x00\x0012345678", Foreign},
		"good":    {"\xcb\r\r\n\x01\x00\x00\x0012345678", Valid},
	} {
		if err := os.WriteFile(target.Path(source), []byte(c.data), 0o644); err != nil {
			t.Fatal(err)
		}
		if s, _ := target.Check(source); s != c.want {
			t.Errorf("%s: %s, want %s", name, s, c.want)
		}
	}
	for _, c := range []struct {
		target Target
		want   string
	}{
		{Target{Version: syntax.Version{Major: 3, Minor: 10}, Implementation: "pypy"}, "__pycache__/a.pypy310.pyc"},
		{Target{Version: syntax.Version{Major: 3, Minor: 9}, Optimize: "2"}, "__pycache__/a.cpython-39.opt-2.pyc"},
	} {
		if got := c.target.Path(source); got != filepath.Join(dir, filepath.FromSlash(c.want)) {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	prefixed := Target{Version: syntax.Version{Major: 3, Minor: 9}, Prefix: filepath.Join(dir, "cache")}
	if got := prefixed.Path(source); got != filepath.Join(dir, "cache", dir, "a.cpython-39.pyc") {
		t.Error(got)
	}
}
