package interp

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// TestFindAgainstInterpreter compares what Find reads from files with what
// the interpreter says of itself.
func TestFindAgainstInterpreter(t *testing.T) {
	for _, p := range oracle.Every(t) {
		python := p.Path
		t.Run(python, func(t *testing.T) {
			t.Parallel()
			compare(t, python)
			dir, err := filepath.EvalSymlinks(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			for name, args := range map[string][]string{"own": nil, "system": {"--system-site-packages"}} {
				env := filepath.Join(dir, name)
				args = append([]string{"-m", "venv", "--without-pip", env}, args...)
				if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
					t.Logf("no venv: %v %s", err, out)
					continue
				}
				compare(t, filepath.Join(env, "bin", "python"))
			}
		})
	}
}

func compare(t *testing.T, python string) {
	t.Helper()
	i, err := Find(FindOptions{Explicit: python, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	d, err := i.Query(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if v := parseVersion(d.Version); v != i.Version || d.Implementation != i.Implementation {
		t.Errorf("%s: version %v %s, it says %s %s", python, i.Version, i.Implementation, d.Version, d.Implementation)
	}
	if d.Prefix != i.Prefix || d.BasePrefix != i.Base {
		t.Errorf("%s: prefix %s and %s, it says %s and %s", python, i.Prefix, i.Base, d.Prefix, d.BasePrefix)
	}
	want := slices.DeleteFunc(slices.Clone(d.Path), func(p string) bool { return strings.HasSuffix(p, ".zip") || !isDir(p) })
	for _, p := range strings.Split(os.Getenv("PYTHONPATH"), ":") {
		want = slices.DeleteFunc(want, func(q string) bool { return q == p })
	}
	got := []string{i.Stdlib}
	if i.DynLoad != "" {
		got = append(got, i.DynLoad)
	}
	got = append(got, i.SitePackages...)
	if !slices.Equal(got, want) {
		t.Errorf("%s: path\n%v, it says\n%v", python, got, want)
	}
}

func TestQueryErrors(t *testing.T) {
	dir := tree(t, map[string]string{
		"noisy*":  "#!/bin/sh\necho hello\n",
		"fails*":  "#!/bin/sh\necho first >&2\necho broken library >&2\nexit 5\n",
		"old*":    "#!/bin/sh\nprintf 'pth noise\\n\\036{\"version\": \"3.7.1\"}\\n'\n",
		"half*":   "#!/bin/sh\nprintf '\\036{\"version\": '\n",
		"garbage": "x",
	})
	for name, want := range map[string]string{
		"noisy": "is not a Python interpreter", "fails": "broken library", "old": "Python 3.7.1, which is not supported",
		"half": "cannot be read", "none": "cannot be started", "garbage": "cannot be started",
	} {
		i := &Interpreter{Path: filepath.Join(dir, name)}
		if _, err := i.Query(context.Background(), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

// TestQueryAgainstLibrary: the answer is what the standard library tells.
func TestQueryAgainstLibrary(t *testing.T) {
	const script = `
import sys
sys.path[:] = [p for p in sys.path if p]
import importlib.machinery as m, json, platform, sysconfig
print(json.dumps([platform.python_version(), sysconfig.get_platform(), sys.executable, sys.path, sorted(sys.builtin_module_names), m.EXTENSION_SUFFIXES]))
`
	for _, p := range oracle.Every(t) {
		t.Run(p.Path, func(t *testing.T) {
			t.Parallel()
			odd := filepath.Join(t.TempDir(), "a \"b\" \\ é\t😀\n")
			env := append(os.Environ(), "PYTHONPATH="+odd)
			i, err := Find(FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: env})
			if err != nil {
				t.Fatal(err)
			}
			d, err := i.Query(t.Context(), env)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(d.Path, odd) {
				t.Errorf("%q is not in %q", odd, d.Path)
			}
			cmd := exec.Command(p.Path, "-c", script)
			cmd.Env, cmd.Dir = env, i.Stdlib
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.Marshal([]any{d.Version, d.Platform, d.Executable, d.Path, d.Builtin, d.Suffixes})
			if err != nil {
				t.Fatal(err)
			}
			var a, b any
			if err := errors.Join(json.Unmarshal(got, &a), json.Unmarshal(out, &b)); err != nil || !reflect.DeepEqual(a, b) {
				t.Errorf("%v\ngot  %s\nwant %s", err, got, out)
			}
		})
	}
}
