package resolve

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
)

// start writes a foreign file below a site folder and starts a resolver over
// it. Whatever the file holds, the path has no entry twice and names can be
// asked for.
func start(t *testing.T, name string, data []byte, more map[string]string) *Resolver {
	dir := t.TempDir()
	site := filepath.Join(dir, "site")
	if err := os.Mkdir(site, 0o755); err != nil {
		t.Fatal(err)
	}
	for n, text := range more {
		if err := os.WriteFile(filepath.Join(site, n), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(site, name), data, 0o644); err != nil {
		t.Fatal(err)
	}
	r := New(nil, &interp.Interpreter{Version: python(dir, 12).Version, Stdlib: dir, SitePackages: []string{site}})
	seen := map[string]bool{}
	for _, p := range r.Path() {
		if seen[p] {
			t.Errorf("%q is on the path twice", p)
		}
		seen[p] = true
	}
	for _, module := range []string{"pkg", "pkg.mod", "ns.x", "shop.cart", "absent"} {
		s := r.Find(module)
		if (s.Kind == KindMissing) != (s.Path == "" && len(s.Search) == 0) {
			t.Errorf("%s: %+v", module, s)
		}
	}
	return r
}

func FuzzPathFile(f *testing.F) {
	for _, seed := range []string{
		"../x\nimport sys\n", "\ufeff# comment\r\n.\r", "import sys; sys.path.insert(0, '.')\n", "import os; exec('import sys; sys.path.append(\"/\")')\n",
		"import sys; sys.__plen = len(sys.path)\n./a\nimport sys; new=sys.path[sys.__plen:]; sys.__egginsert = 0\n", strings.ReplaceAll(nspkg, "DIR", "'/x'"), "a\x00b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { start(t, "x.pth", data, nil) })
}

func FuzzFinder(f *testing.F) {
	for _, seed := range []string{
		"class _EditableFinder:\n    pass\nMAPPING = {'shop': '/src/shop', 'ns.x': '/y'}\nNAMESPACES = {'ns': []}\nPATH_PLACEHOLDER = 'a' + '.b'\n",
		"from editables.redirector import RedirectingFinder as F\nF.map_module('shop', '/src/shop/__init__.py')\n",
		"class ScikitBuildRedirectingFinder: pass\ninstall({'shop': 'x.py'}, {}, {'shop': ['y']}, ['shop', 'shop.cart'])\n",
		"class MesonpyMetaFinder: pass\nMesonpyMetaFinder('x', {'shop'})\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start(t, "finder.py", data, map[string]string{"x.pth": "import finder\n"})
	})
}

func FuzzHabits(f *testing.F) {
	for _, seed := range []string{
		"__path__.append(__file__ + '/x')\n", "__path__ = extend_path(__path__, __name__)\n", "__path__ += ['\\x41\\u0042\\N{DASH}']\nsys.modules['x'] = 1\n",
		"import os\nA = os.path.join(os.path.dirname(__file__), 'x')\n__path__.insert(0, A)\n", "__path__[0] = (((\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r := New(nil, nil)
		h := r.readHabits(data, "/p/__init__.py", "p")
		if h.path == nil {
			return
		}
		if dirs, ok := h.path([]string{"/p"}); !ok && dirs != nil {
			t.Errorf("an unknown __path__ is %q", dirs)
		}
	})
}

func FuzzArchive(f *testing.F) {
	f.Add(zipped(f, map[string]string{"pkg/__init__.py": "__path__.append('x')\n", "pkg/mod.pyc": bytecode(3531, 0, 0, 0), "ns/": "", "ns/x.py": ""}))
	f.Add(append([]byte("#!python\n"), zipped(f, map[string]string{"a/../b.py": "", "//x.py": "", "pkg": "", "pkg/mod.py": ""})...))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) { start(t, "x.egg", data, map[string]string{"x.pth": "./x.egg\n"}) })
}
