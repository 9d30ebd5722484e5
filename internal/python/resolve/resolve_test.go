package resolve

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// tree writes files into a new folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "$ROOT", dir)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestWithoutInterpreter(t *testing.T) {
	dir := tree(t, map[string]string{"app.py": "", "email/__init__.py": "", "email/own.py": ""})
	r := New([]string{dir}, nil)
	for name, want := range map[string]Kind{
		"app": KindSource, "json": KindPackage, "json.decoder": KindSource, "sys": KindBuiltin,
		"os": KindFrozen, "os.path": KindFrozen, "email": KindPackage, "email.own": KindSource,
		"email.message": KindMissing, "requests": KindMissing, "": KindMissing, ".x": KindMissing,
		"a..b": KindMissing, "x.": KindMissing, "app.x": KindMissing,
	} {
		if kind := r.Find(name).Kind; kind != want {
			t.Errorf("%q is %s, want %s", name, kind, want)
		}
	}
	if s := r.Find("app"); s.Origin != OriginProject || s.Path != filepath.Join(dir, "app.py") {
		t.Errorf("%+v", s)
	}
	if s := r.Find("json"); s.Origin != OriginStdlib {
		t.Errorf("%+v", s)
	}
}

func fakePython(dir string, sites ...string) *interp.Interpreter {
	return &interp.Interpreter{
		Version: syntax.Version{Major: 3, Minor: 12}, Base: dir,
		Stdlib: filepath.Join(dir, "lib"), SitePackages: sites,
	}
}

func TestWithDetails(t *testing.T) {
	dir := tree(t, map[string]string{"lib/os.py": "", "math.py": ""})
	r := New([]string{dir}, fakePython(dir)).WithDetails(&interp.Details{Builtin: []string{"sys"}})
	if kind := r.Find("math").Kind; kind != KindSource {
		t.Errorf("math is %s", kind)
	}
	if kind := New([]string{dir}, fakePython(dir)).Find("math").Kind; kind != KindBuiltin {
		t.Errorf("math of a static build is %s", kind)
	}
}

func TestStdlibNames(t *testing.T) {
	for name, want := range map[string]bool{"json.decoder": true, "distutils": true, "tomllib": true, "requests": false, "": false} {
		if IsStdlib(name) != want {
			t.Errorf("IsStdlib(%q) = %v", name, !want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	dir := tree(t, map[string]string{"a/b/c/d.py": "", "x.py": ""})
	r := New([]string{dir}, nil)
	var wg sync.WaitGroup
	got := make([]string, 16)
	for n := range got {
		wg.Go(func() {
			kind, path := r.Find("a.b.c.d").Kind, r.Find("a.b.c.d").Path
			got[n] = string(kind) + path
		})
	}
	wg.Wait()
	slices.Sort(got)
	if len(slices.Compact(got)) != 1 {
		t.Errorf("answers differ: %v", got)
	}
}

// found asserts what a resolver finds: "kind path" with the path below dir,
// and for a name that code decides at run time " by " with whose code it is.
func found(t *testing.T, r *Resolver, dir string, want map[string]string) {
	t.Helper()
	for name, want := range want {
		s := r.Find(name)
		got := string(s.Kind)
		if rel, err := filepath.Rel(dir, s.Path); err == nil && s.Path != "" {
			got += " " + filepath.ToSlash(rel)
		}
		if s.Runtime != "" {
			by, _, _ := strings.Cut(s.Runtime, ",")
			got += " by " + by
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// searched returns where a package is searched, below dir.
func searched(r *Resolver, dir, name string) string {
	var dirs []string
	for _, d := range r.Find(name).Search {
		if rel, err := filepath.Rel(dir, d); err == nil && filepath.IsAbs(d) {
			d = filepath.ToSlash(rel)
		}
		dirs = append(dirs, d)
	}
	return strings.Join(dirs, " ")
}

func BenchmarkResolve(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		r := New([]string{dir}, nil)
		for name := range stdlibKinds() {
			r.Find(name)
		}
	}
}

// BenchmarkProject finds each of 20,000 modules of a project, and as many
// names that are not there, as scan does for "from package import name".
func BenchmarkProject(b *testing.B) {
	dir := b.TempDir()
	var modules []string
	for p := range 500 {
		pkg := filepath.Join(dir, "package"+strconv.Itoa(p))
		if err := os.Mkdir(pkg, 0o755); err != nil {
			b.Fatal(err)
		}
		for m := range 40 {
			file := "module" + strconv.Itoa(m)
			if m == 0 {
				file = "__init__"
			}
			if err := os.WriteFile(filepath.Join(pkg, file+".py"), []byte("import os\nprint(os.path)\n"), 0o644); err != nil {
				b.Fatal(err)
			}
			name := filepath.Base(pkg) + "." + file
			modules = append(modules, name)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		r := New([]string{dir}, nil)
		for _, name := range modules {
			r.Find(name)
			r.Item(name, "attribute")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(2*b.N*len(modules)), "ns/name")
}
