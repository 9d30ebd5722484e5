package resolve

import (
	"path/filepath"
	"testing"
)

// TestChangedPath: what an __init__ does to its __path__.
func TestChangedPath(t *testing.T) {
	const here = "import os\nhere = os.path.dirname(os.path.abspath(__file__))\n"
	for _, test := range []struct{ name, source, search, mod, other string }{
		{"append", here + "__path__.append(os.path.join(here, 'more'))\n", "pkg pkg/more", "source pkg/mod.py", "source pkg/more/other.py by pkg:3"},
		{"insert", here + "__path__.insert(0, here + '/more')\n", "pkg/more pkg", "source pkg/more/mod.py by pkg:3", "source pkg/more/other.py by pkg:3"},
		{"extend", here + "__path__ += [os.path.join(here, 'more')]\n", "pkg pkg/more", "source pkg/mod.py", "source pkg/more/other.py by pkg:3"},
		{"assign", "import os\n__path__ = [os.path.join(__path__[0], 'more')]\n", "pkg/more", "source pkg/more/mod.py by pkg:2", "source pkg/more/other.py by pkg:2"},
		{"twice", here + "__path__.append(here + '/more')\n__path__.insert(0, 'nowhere')\n", "nowhere pkg pkg/more", "source pkg/mod.py by pkg:3", "source pkg/more/other.py by pkg:3"},
		{"computed", "import glob\n__path__.extend(glob.glob('*'))\n", "pkg", "source pkg/mod.py", "missing by pkg:2"},
		{"computed first", "import sys\n__path__.insert(0, sys.prefix)\n", "pkg", "source pkg/mod.py by pkg:2", "missing by pkg:2"},
		{"conditional", here + "if here:\n    __path__.append(here + '/more')\n", "pkg", "source pkg/mod.py", "missing by pkg:4"},
		{"in a function", "def f():\n    __path__[0] = 'x'\n", "pkg", "source pkg/mod.py by pkg:2", "missing by pkg:2"},
		{"removed", "__path__.pop()\n", "pkg", "source pkg/mod.py by pkg:1", "missing by pkg:1"},
		{"deleted", "del __path__\n", "pkg", "source pkg/mod.py by pkg:1", "missing by pkg:1"},
		{"read", "import pkgutil\nnames = [m.name for m in pkgutil.iter_modules(__path__)]\n", "pkg", "source pkg/mod.py", "missing"},
		{"named", "import os\nMORE = 'mo' 're'\n__path__.append(os.path.join(os.path.dirname(__file__), MORE))\n", "pkg pkg/more", "source pkg/mod.py", "source pkg/more/other.py by pkg:3"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := tree(t, map[string]string{"pkg/__init__.py": test.source, "pkg/mod.py": "", "pkg/more/mod.py": "", "pkg/more/other.py": ""})
			r := New([]string{dir}, nil)
			found(t, r, dir, map[string]string{"pkg.mod": test.mod, "pkg.other": test.other})
			if got := searched(r, dir, "pkg"); got != test.search {
				t.Errorf("pkg is searched in %q, want %q", got, test.search)
			}
		})
	}
}

func TestSpreadPackages(t *testing.T) {
	const extend = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)\n"
	const declare = "try:\n    __import__('pkg_resources').declare_namespace(__name__)\nexcept ImportError:\n    __path__ = __import__('pkgutil').extend_path(__path__, __name__)\n"
	files := map[string]string{
		"b/ext/__init__.py": extend, "b/ext/b.py": "", "a/ext/a.py": "", "c/ext/__init__.py": extend, "c/ext.pkg": "# more\n$ROOT/listed\n", "listed/l.py": "",
		"b/ext/sub/__init__.py": extend, "c/ext/sub/c.py": "",
		"b/dec/__init__.py": declare, "b/dec/b.py": "", "a/dec/a.py": "", "c/dec/__init__.py": declare, "c/dec/c.py": "",
		"d/ext.py": "", "d/ext/hidden.py": "",
	}
	roots := func(dir string) (out []string) {
		for _, name := range []string{"a", "b", "c", "d"} {
			out = append(out, filepath.Join(dir, name))
		}
		return out
	}
	dir := tree(t, files)
	r := New(roots(dir), nil)
	found(t, r, dir, map[string]string{
		"ext": "package b/ext/__init__.py by ext:2", "ext.b": "source b/ext/b.py", "ext.a": "source a/ext/a.py by ext:2", "ext.l": "source listed/l.py by ext:2",
		"ext.sub": "package b/ext/sub/__init__.py by ext.sub:2", "ext.sub.c": "source c/ext/sub/c.py by ext.sub:2", "ext.none": "missing by ext:2", "ext.hidden": "missing by ext:2",
	})
	for name, want := range map[string]string{"ext": "b/ext a/ext c/ext listed", "dec": "b/dec a/dec c/dec"} {
		if got := searched(r, dir, name); got != want {
			t.Errorf("%s is searched in %q, want %q", name, got, want)
		}
	}
	// With pkg_resources, only folders with an __init__ count, in the order of the path.
	files["a/pkg_resources/__init__.py"] = "def declare_namespace(name):\n    pass\n"
	dir = tree(t, files)
	r = New(roots(dir), nil)
	found(t, r, dir, map[string]string{"dec": "package b/dec/__init__.py by dec:2", "dec.c": "source c/dec/c.py by dec:2", "dec.a": "missing by dec:2"})
	if got, want := searched(r, dir, "dec"), "b/dec c/dec"; got != want {
		t.Errorf("dec is searched in %q, want %q", got, want)
	}
}

// TestRuntimeModules: names that only running code brings about.
func TestRuntimeModules(t *testing.T) {
	dir := tree(t, map[string]string{
		"six.py": "", "pkg/__init__.py": "", "pkg/_vendor/__init__.py": "", "pkg/_vendor/six.py": "",
		"apx/__init__.py":        "import apipkg\napipkg.initpkg(__name__, {'x': 'apx._x:X'})\n",
		"vend/__init__.py":       "import sys\n\n\nclass VendorImporter:\n    def install(self):\n        sys.meta_path.append(self)\n\n\nVendorImporter().install()\n",
		"alias/__init__.py":      "import sys, json\nsys.modules[__name__ + '.json'] = json\n",
		"packages.py":            "import sys\nfor name in ('a', 'b'):\n    sys.modules['packages.' + name] = None\n",
		"onlyfile.py":            "import os\n__path__ = [os.path.join(os.path.dirname(__file__), 'parts')]\n",
		"parts/part.py":          "",
		"setpath/__init__.py":    "import sys\nsys.modules[__name__].__path__.append('x')\n",
		"quiet/__init__.py":      "import sys\nif 'json' in sys.modules:\n    print(sys.meta_path, sys.path)\n",
		"setuptools/__init__.py": "import sys\nsys.path.extend(['_vendor'])\n", "setuptools/_vendor/lent/__init__.py": "", "setuptools/_vendor/lent/x.py": "",
	})
	found(t, New([]string{dir}, fakePython(dir)), dir, map[string]string{
		"six.moves": "source six.py by six", "six.moves.urllib.parse": "source six.py by six", "pkg._vendor.six.moves": "source pkg/_vendor/six.py by six",
		"six.movesx": "missing", "six.other": "missing",
		"apx.x": "missing by apx:2", "apx.x.y": "missing by apx:2", "vend.x": "missing by vend:6", "alias.json": "missing by alias:2", "packages.a": "missing by packages:3",
		"onlyfile": "source onlyfile.py", "onlyfile.part": "source parts/part.py by onlyfile:2", "onlyfile.none": "missing by onlyfile:2",
		"setpath.x": "missing by setpath:2", "quiet.x": "missing", "lent": "missing by setuptools", "lent.x": "missing by setuptools", "unlent": "missing",
	})
}

func TestStandardAliases(t *testing.T) {
	dir := tree(t, map[string]string{
		"lib/os.py": "", "lib/posixpath.py": "", "lib/collections/__init__.py": "", "lib/collections/abc.py": "", "lib/_collections_abc.py": "", "lib/typing.py": "",
	})
	found(t, New(nil, python(dir, 10)), dir, map[string]string{
		"os.path": "source lib/posixpath.py by os", "collections.abc": "source lib/collections/abc.py", "typing.io": "source lib/typing.py by typing",
	})
	found(t, New(nil, python(dir, 15)), dir, map[string]string{
		"os.path": "frozen lib/posixpath.py by os", "collections.abc": "frozen lib/_collections_abc.py by collections", "typing.io": "missing",
	})
}

func TestItem(t *testing.T) {
	dir := tree(t, map[string]string{"pkg/__init__.py": "", "pkg/mod.py": "", "own.py": "__path__ = ['x']\n", "six.py": "", "lib/os.py": "", "lib/posixpath.py": ""})
	r := New([]string{dir}, fakePython(dir))
	for names, want := range map[[2]string]Kind{
		{"pkg", "mod"}: KindSource, {"pkg", "name"}: KindMissing, {"own", "x"}: KindMissing, {"os", "path"}: KindFrozen,
		{"six", "moves"}: KindSource, {"none", "x"}: KindMissing, {"pkg.mod", "x"}: KindMissing,
	} {
		if r.HasItem(names[0], names[1]) != (want != KindMissing) {
			t.Errorf("HasItem does not say of %v what Item does, %s", names, want)
		}
		if s := r.Item(names[0], names[1]); s.Kind != want {
			t.Errorf("from %s import %s: %s, want %s", names[0], names[1], s.Kind, want)
		}
	}
	if r.Item("own", "x").Runtime != "" || r.Find("own.x").Runtime == "" {
		t.Error("only Find reads a project's source")
	}
}
