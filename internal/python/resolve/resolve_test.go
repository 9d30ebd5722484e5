package resolve

import (
	"os"
	"path/filepath"
	"slices"
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

func TestSixMoves(t *testing.T) {
	dir := tree(t, map[string]string{"six.py": "", "pkg/__init__.py": "", "pkg/_vendor/__init__.py": "", "pkg/_vendor/six.py": ""})
	r := New([]string{dir}, fakePython(dir))
	for name, want := range map[string]string{
		"six.moves": "six.py", "six.moves.urllib.parse": "six.py", "pkg._vendor.six.moves": "pkg/_vendor/six.py", "six.movesx": "", "six.other": "",
	} {
		kind, path := r.Find(name).Kind, r.Find(name).Path
		if want == "" {
			if kind != KindMissing {
				t.Errorf("%s is %s", name, kind)
			}
		} else if path != filepath.Join(dir, want) {
			t.Errorf("%s is %s %s", name, kind, path)
		}
	}
}

func TestEditableInstalls(t *testing.T) {
	dir := tree(t, map[string]string{
		"site/__editable__.shop-1.0.pth":            "import __editable___shop_1_0_finder; __editable___shop_1_0_finder.install()\n",
		"site/__editable___shop_1_0_finder.py":      "import sys\n\n\nclass _EditableFinder:\n    pass\n\n\nMAPPING: dict[str, str] = {'shop': '$ROOT/work/shop', 'single': '$ROOT/work/single'}\nNAMESPACES = {}\n",
		"site/easy.pth":                             "$ROOT/dev/src\n",
		"work/shop/__init__.py":                     "",
		"work/shop/cart.py":                         "",
		"work/single.py":                            "",
		"dev/src/devtool/__init__.py":               "",
		"site/installed-1.0.dist-info/METADATA":     "",
		"site/namespaced/part/__init__.py":          "",
		"site/namespaced/part/impl.abi3.so":         "",
		"site/namespaced/part/foreign.pypy39-pp.so": "",
	})
	r := New(nil, fakePython(dir, filepath.Join(dir, "site")))
	for name, want := range map[string]string{
		"shop": "package work/shop/__init__.py", "shop.cart": "source work/shop/cart.py", "single": "source work/single.py",
		"devtool": "package dev/src/devtool/__init__.py", "namespaced": "namespace site/namespaced",
		"namespaced.part.impl": "extension site/namespaced/part/impl.abi3.so",
	} {
		kind, path := r.Find(name).Kind, r.Find(name).Path
		rel, _ := filepath.Rel(dir, path)
		if got := string(kind) + " " + filepath.ToSlash(rel); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		if o := r.Find(name).Origin; o != OriginSite {
			t.Errorf("%s: origin %s", name, o)
		}
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

func BenchmarkResolve(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		r := New([]string{dir}, nil)
		for name := range stdlibKinds() {
			r.Find(name)
		}
	}
}
