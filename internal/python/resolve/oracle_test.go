package resolve

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
)

// program asks importlib.util.find_spec about every name it reads.
const program = `
import sys, json, io, warnings
warnings.simplefilter("ignore")
req = json.load(sys.stdin)
sys.path[:] = req["roots"] + [p for p in sys.path if p]
import site, importlib.util, importlib.machinery as M
for d in req["sites"]:
    site.addsitedir(d)
def find(name):
    if not req["pure"]:
        return importlib.util.find_spec(name)
    path, spec, done = None, None, ""
    for part in name.split("."):  # like find_spec, but without importing the parents
        done = done + "." + part if done else part
        for finder in (M.BuiltinImporter, M.FrozenImporter, M.PathFinder):
            spec = finder.find_spec(done, path)
            if spec is not None:
                break
        if spec is None:
            return None
        path = spec.submodule_search_locations
        if path is None and done != name:
            return None
    return spec

answers = {}
out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
for name in req["names"]:
    try:
        s = find(name)
    except ModuleNotFoundError:
        s = None
    except BaseException:
        continue  # the parent cannot be imported here
    path = s.origin if s is not None and s.has_location else ""
    if s is None:
        kind = "missing"
    elif s.loader is M.BuiltinImporter or s.origin == "built-in":
        kind = "builtin"
    elif s.loader is M.FrozenImporter or s.origin == "frozen":
        kind = "frozen"
    elif s.submodule_search_locations is not None and s.origin is None:
        kind = "namespace"
    elif isinstance(s.loader, M.ExtensionFileLoader):
        kind = "extension"
    elif s.submodule_search_locations is not None:
        kind = "package"
    else:
        kind = "source"
    if kind in ("builtin", "frozen", "namespace"):
        path = ""
    answers[name] = [kind, path]
json.dump(answers, out)
`

func ask(t *testing.T, i *interp.Interpreter, pure bool, roots, sites, names []string) map[string][2]string {
	t.Helper()
	in, err := json.Marshal(map[string]any{"pure": pure, "roots": append([]string{}, roots...), "sites": append([]string{}, sites...), "names": append([]string{}, names...)})
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", program}
	if len(roots) > 0 {
		args = append([]string{"-S"}, args...) // no .pth file of the machine imports a module before us
	}
	cmd := exec.Command(i.Path, args...)
	cmd.Dir = i.Stdlib
	cmd.Env = append(os.Environ(), "SETUPTOOLS_USE_DISTUTILS=stdlib")
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	answers := map[string][2]string{}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// pythons returns the interpreters to compare with.
func pythons(t *testing.T) []*interp.Interpreter {
	t.Helper()
	var found []*interp.Interpreter
	for _, p := range oracle.Every(t) {
		i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, i)
	}
	return found
}

// modulesBelow lists the modules of a folder as dotted names.
func modulesBelow(dir string, skip ...string) []string {
	var names []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if d.IsDir() {
			if d.Name() == "__pycache__" || slices.Contains(skip, rel) || strings.Contains(d.Name(), "-") && rel != "." {
				return fs.SkipDir
			}
		}
		name := strings.ReplaceAll(rel, string(filepath.Separator), ".")
		switch {
		case rel == ".":
		case d.IsDir():
			names = append(names, name)
		case strings.HasSuffix(name, ".__init__.py"):
		case strings.HasSuffix(name, ".py"):
			names = append(names, strings.TrimSuffix(name, ".py"))
		case isExtension(d.Name()):
			names = append(names, strings.TrimSuffix(name, name[strings.Index(name, d.Name())+strings.IndexByte(d.Name(), '.'):]))
		}
		return nil
	})
	return names
}

// noisy are modules that act when their parent is imported, or that exist
// only while the oracle itself runs.
var noisy = []string{"__main__", "sitecustomize", "usercustomize", "idlelib.idle"}

func check(t *testing.T, r *Resolver, answers map[string][2]string) {
	t.Helper()
	wrong := 0
	for name, want := range answers {
		s := r.Find(name)
		path := s.Path
		if want[1] == "" {
			path = ""
		}
		if string(s.Kind) == want[0] && path == want[1] {
			continue
		}
		if wrong++; wrong < 20 {
			t.Errorf("%s: got %s %q, find_spec says %s %q", name, s.Kind, s.Path, want[0], want[1])
		}
	}
	t.Logf("%d modules compared, %d differ", len(answers), wrong)
}

func TestAgainstFindSpec(t *testing.T) {
	for _, i := range pythons(t) {
		t.Run(i.Path, func(t *testing.T) {
			t.Parallel()
			names := modulesBelow(i.Stdlib, "site-packages", "test", "dist-packages", "config", "lib-dynload")
			names = append(names, modulesBelow(i.DynLoad)...)
			for name := range stdlibKinds() {
				names = append(names, name)
			}
			names = append(names, "nothing", "json.nothing", "json.decoder.nothing", "sys.nothing", "os.path.nothing", "email.mime.txt")
			check(t, New(nil, i), ask(t, i, false, nil, nil, clean(names)))

			// The parents of installed modules are not imported: they would
			// act, or fail for want of other packages.
			var installed []string
			for _, site := range i.SitePackages {
				installed = append(installed, modulesBelow(site)...)
			}
			check(t, New(nil, i), ask(t, i, true, nil, nil, clean(installed)))
		})
	}
}

func clean(names []string) []string {
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(noisy, n) || strings.HasSuffix(n, "__main__") })
	slices.Sort(names)
	return slices.Compact(names)
}

func TestLayoutsAgainstFindSpec(t *testing.T) {
	for _, i := range pythons(t) {
		t.Run(i.Path, func(t *testing.T) {
			t.Parallel()
			tag := "cpython-3" + strings.TrimPrefix(filepath.Base(i.Stdlib), "python3.")
			suffix := ".so"
			if list, _ := filepath.Glob(filepath.Join(i.DynLoad, "*."+tag+"*.so")); len(list) > 0 {
				_, suffix, _ = strings.Cut(filepath.Base(list[0]), ".")
				suffix = "." + suffix
			}
			dir := tree(t, map[string]string{
				"a/queue.py": "", "a/math.py": "", "a/sys.py": "", "a/both.py": "", "a/both/__init__.py": "",
				"a/both/x.py": "", "a/ns/one.py": "", "b/ns/two.py": "", "b/ns/sub/three.py": "", "a/ns/sub/four.py": "",
				"a/late/x.py": "", "b/late/__init__.py": "", "b/late/y.py": "", "a/ext.py": "", "a/ext" + suffix: "",
				"a/stable.abi3.so": "", "a/plain.so": "", "a/other.cpython-37m-x86_64-linux-gnu.so": "", "a/bytes.pyc": "",
				"a/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
				"b/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
				"a/old/p.py":        "", "b/old/q.py": "", "a/file.txt": "", "a/empty/.keep": "", "a/mod.py": "", "a/mod/y.py": "",
				"site/x.pth": "# comment\n\n../extra\n/nowhere\nimport sys\n", "site/.hidden.pth": "../hidden\n", "extra/added.py": "",
				"hidden/h.py": "", "site/installed/__init__.py": "", "site/installed/core.py": "", "b/email/x.py": "",
			})
			roots := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
			site := filepath.Join(dir, "site")
			other := *i
			other.SitePackages = []string{site}
			names := []string{
				"queue", "math", "sys", "os", "both", "both.x", "ns", "ns.one", "ns.two", "ns.sub", "ns.sub.three", "ns.sub.four", "ns.none",
				"late", "late.x", "late.y", "ext", "stable", "plain", "other", "bytes", "old", "old.p", "old.q", "file", "empty", "empty.x", "mod", "mod.y",
				"added", "installed", "installed.core", "installed.none", "email", "email.x", "email.message", "collections.abc", "queue.x",
			}
			check(t, New(roots, &other), ask(t, i, false, roots, []string{site}, names))
		})
	}
}
