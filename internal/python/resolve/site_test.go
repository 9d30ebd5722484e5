package resolve

import (
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// python is fakePython of another version.
func python(dir string, minor int, sites ...string) *interp.Interpreter {
	i := fakePython(dir, sites...)
	i.Version = syntax.Version{Major: 3, Minor: minor}
	return i
}

// paths returns a resolver's sys.path below dir.
func paths(r *Resolver, dir string) string {
	var out []string
	for _, p := range r.Path() {
		rel, _ := filepath.Rel(dir, p)
		out = append(out, filepath.ToSlash(rel))
	}
	return strings.Join(out, " ")
}

func TestPathFiles(t *testing.T) {
	files := map[string]string{
		"lib/os.py": "", "zip/x.py": "", "one/x.py": "", "two/x.py": "", "three/x.py": "", "four/x.py": "", "path/x.py": "",
		"site/a.pth": "# a comment\n../one\nimport nowhere_to_be_found\n../two\n",
		"site/b.pth": "../three\r\n../one\n../none\n\n  ../four\n",
		"site/c.txt": "../two\n",
	}
	for minor, want := range map[int]string{
		14: "path lib site one three",          // the failing import ends a.pth; "  ../four" is a strange folder
		15: "path lib site one two three four", // neither matters any more
	} {
		dir := tree(t, files)
		i := python(dir, minor, filepath.Join(dir, "site"))
		i.PythonPath = []string{filepath.Join(dir, "path"), filepath.Join(dir, "gone")}
		if got := paths(New(nil, i), dir); got != want {
			t.Errorf("3.%d: %s, want %s", minor, got, want)
		}
	}
}

func TestOldEasyInstall(t *testing.T) {
	dir := tree(t, map[string]string{
		"lib/os.py": "", "site/egg.egg/x.py": "", "site/other.egg/x.py": "", "root/x.py": "",
		"site/easy-install.pth": "import sys; sys.__plen = len(sys.path)\n./egg.egg\n./other.egg\n" +
			"import sys; new=sys.path[sys.__plen:]; del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); sys.path[p:p]=new; sys.__egginsert = p+len(new)\n",
	})
	r := New([]string{filepath.Join(dir, "root")}, fakePython(dir, filepath.Join(dir, "site")))
	if got, want := paths(r, dir), "root site/egg.egg site/other.egg lib site"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestStartFiles(t *testing.T) {
	files := map[string]string{
		"lib/os.py": "", "code/tool/__init__.py": "",
		"site/tool.start":        "# what it starts\nhookmaker.main:run\n",
		"site/tool.pth":          "import skipped\n",
		"site/hookmaker/main.py": "import sys\n\n\ndef run():\n    sys.meta_path.append(object())\n",
		"site/skipped.py":        "import sys\nsys.meta_path.append(object())\n",
	}
	for minor, want := range map[int]string{14: "missing by tool.pth", 15: "missing"} {
		dir := tree(t, files)
		found(t, New(nil, python(dir, minor, filepath.Join(dir, "site"))), dir, map[string]string{"absent": want})
	}
	files["site/hookmaker/__init__.py"] = ""
	dir := tree(t, files)
	found(t, New(nil, python(dir, 15, filepath.Join(dir, "site"))), dir, map[string]string{"absent": "missing by tool.start"})
}

// TestStartupCode: what start-up code does to sys.path is applied when it can
// be read, and told when it cannot.
func TestStartupCode(t *testing.T) {
	for line, want := range map[string]string{
		"import sys; sys.path.insert(0, '$ROOT/late')":                   "source late/absent.py",
		"import site; site.addsitedir('$ROOT/late')":                     "source late/absent.py",
		"import os; exec('import sys; sys.path.append(\"$ROOT/late\")')": "source late/absent.py",
		"import sys; sys.path.append(sys.prefix)":                        "missing by x.pth",
		"import sys; sys.meta_path.insert(0, None)":                      "missing by x.pth",
		"import hook":            "missing by x.pth",
		"import deep.hook":       "missing by x.pth",
		"import os; os.getcwd()": "missing",
		"import _virtualenv":     "missing",
	} {
		dir := tree(t, map[string]string{
			"lib/os.py": "", "late/absent.py": "", "site/x.pth": line + "\n",
			"site/hook.py": "import sys\nsys.path_hooks.append(print)\n", "site/_virtualenv.py": "import sys\nsys.meta_path.append(1)\n",
			"site/deep/__init__.py": "", "site/deep/hook.py": "from sys import meta_path\nimport sys\nsys.meta_path = []\n",
		})
		t.Run(line, func(t *testing.T) {
			found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"absent": want})
		})
	}
	dir := tree(t, map[string]string{"lib/os.py": "", "site/x.pth": "import site; site.addsitedir('$ROOT/site')\n../late\n", "late/absent.py": ""})
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"absent": "source late/absent.py"})
	dir = tree(t, map[string]string{"lib/os.py": "", "site/sitecustomize.py": "import sys\nsys.path.append(sys.argv[0])\n"})
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"absent": "missing by sitecustomize"})
}

// nspkg is a line of a NAME-nspkg.pth file, as setuptools writes it.
const nspkg = "import sys, types, os;has_mfs = sys.version_info > (3, 5);p = os.path.join(DIR, *('corp',));" +
	"importlib = has_mfs and __import__('importlib.util');has_mfs and __import__('importlib.machinery');" +
	"m = has_mfs and sys.modules.setdefault('corp', importlib.util.module_from_spec(importlib.machinery.PathFinder.find_spec('corp', [os.path.dirname(p)])));" +
	"m = m or sys.modules.setdefault('corp', types.ModuleType('corp'));mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"

func TestNamespaceFiles(t *testing.T) {
	own := strings.ReplaceAll(nspkg, "DIR", "sys._getframe(1).f_locals['sitedir']")
	dir := tree(t, map[string]string{
		"lib/os.py": "", "site/corp/a/__init__.py": "", "dev/corp/b.py": "", "root/corp/__init__.py": "", "root/corp/c.py": "",
		"site/a-nspkg.pth": own, "site/b-nspkg.pth": strings.ReplaceAll(nspkg, "DIR", "'$ROOT/dev'"),
	})
	i := fakePython(dir, filepath.Join(dir, "site"))
	r := New(nil, i)
	found(t, r, dir, map[string]string{
		"corp": "namespace site/corp by a-nspkg.pth", "corp.a": "package site/corp/a/__init__.py by a-nspkg.pth",
		"corp.b": "source dev/corp/b.py by a-nspkg.pth", "corp.x": "missing by a-nspkg.pth",
	})
	if got := searched(r, dir, "corp"); got != "site/corp dev/corp" {
		t.Errorf("corp is searched in %s", got)
	}
	// The module exists before any import: a project's package cannot hide it.
	found(t, New([]string{filepath.Join(dir, "root")}, i), dir, map[string]string{
		"corp": "namespace site/corp by a-nspkg.pth", "corp.c": "missing by a-nspkg.pth",
	})
	old := "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('corp',));" +
		"ie = os.path.exists(os.path.join(p,'__init__.py'));m = not ie and sys.modules.setdefault('corp', types.ModuleType('corp'));" +
		"mp = (m or []) and m.__dict__.setdefault('__path__',[]);(p not in mp) and mp.append(p)\n"
	dir = tree(t, map[string]string{"lib/os.py": "", "site/corp/__init__.py": "", "site/old-nspkg.pth": old})
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"corp": "package site/corp/__init__.py"})
}

// TestDistutils: setuptools takes the place of the standard library's own,
// unless it is one of the old ones.
func TestDistutils(t *testing.T) {
	for standard, want := range map[string]string{
		"local":  "package site/setuptools/_distutils/__init__.py by _distutils_hack",
		"stdlib": "package lib/distutils/__init__.py",
	} {
		dir := tree(t, map[string]string{
			"lib/os.py": "", "lib/distutils/__init__.py": "", "site/setuptools/__init__.py": "", "site/setuptools/_distutils/__init__.py": "",
			"site/_distutils_hack/__init__.py": "import sys\n",
			"site/distutils-precedence.pth":    "import os; var = 'SETUPTOOLS_USE_DISTUTILS'; enabled = os.environ.get(var, '" + standard + "') == 'local'; enabled and __import__('_distutils_hack').add_shim(); \n",
		})
		found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{"distutils": want})
	}
}
