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

// program asks how Python finds every name that it reads. Asked "without
// import", it sends a name through the finders of sys.meta_path, each with the
// path that the spec of its parent gives; that is find_spec without its import
// of the parents. Else it imports the parents and calls
// importlib.util.find_spec for a name that is not in sys.modules. Only what is
// listed as decided at run time is imported itself, and looked up there.
const program = `
import sys
sys.path[:] = [p for p in sys.path if p]
import json, io, os, types, warnings
warnings.simplefilter("ignore")
req = json.load(sys.stdin)
sys.path[:] = req["roots"] + sys.path
import site, importlib, importlib.util, importlib.machinery as M
for d in req["sites"]:
    site.addsitedir(d)

def without_import(name):
    empty = []  # stand for the packages, which a namespace looks up
    try:
        return through_finders(name, empty)
    finally:
        for done in empty:
            sys.modules.pop(done, None)

def through_finders(name, empty):
    path, spec, done = None, None, ""
    for part in name.split("."):
        if path is not None and done not in sys.modules:
            sys.modules[done] = types.ModuleType(done)
            sys.modules[done].__path__ = path
            empty.append(done)
        done = done + "." + part if done else part
        for finder in list(sys.meta_path):
            spec = finder.find_spec(done, path)
            if spec is not None:
                break
        if spec is None:
            return None, None
        path = spec.submodule_search_locations
        if path is None and done != name:
            return None, None
    return spec, None if path is None else list(path)

failed = {}

def import_once(name):
    if "." in name:
        import_once(name.rpartition(".")[0])
    if name in failed:
        raise failed[name]
    try:
        importlib.import_module(name)
    except BaseException as e:
        failed[name] = e.with_traceback(None)
        raise

def with_import(name):
    if name in running:
        try:
            importlib.import_module(name)
        except BaseException:
            pass
    elif "." in name:
        import_once(name.rpartition(".")[0])
    imported = None if name in running else sys.modules.pop(name, None)
    try:
        spec = importlib.util.find_spec(name)
    finally:
        if imported is not None:
            sys.modules[name] = imported
    if spec is None:
        return None, None
    where = spec.submodule_search_locations
    if name in running:
        where = getattr(sys.modules.get(name), "__path__", where)
    return spec, None if where is None else list(where)

def describe(name):
    spec, where = with_import(name) if req["import"] else without_import(name)
    if spec is None:
        return ["missing", "", []]
    search = where or []
    if spec.loader is M.BuiltinImporter or spec.origin == "built-in":
        return ["builtin", "built-in", search]
    elif spec.loader is M.FrozenImporter or spec.origin == "frozen":
        kind = "frozen"
    elif spec.origin is None and where is not None:
        kind = "namespace"
    elif where is not None:
        kind = "package"
    elif isinstance(spec.loader, M.ExtensionFileLoader):
        kind = "extension"
    else:
        kind = "source"
    return [kind, spec.origin or "", search]

answers, running, start = {}, set(req["running"]), list(sys.path)
out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
for name in req["names"]:
    sys.path[:] = start  # as the program finds it, whatever was imported since
    try:
        answers[name] = describe(name)
    except ModuleNotFoundError as e:
        # The parent is missing, or no package; or something that it imports is.
        if e.name is None or name == e.name or name.startswith(e.name + "."):
            answers[name] = ["missing", "", []]
    except BaseException:
        pass  # the parent cannot be imported here
out.write("\x1e")
json.dump(answers, out)
out.flush()
os._exit(0)  # threads and exit handlers of what was imported
`

// question is what program reads.
type question struct {
	Import bool     `json:"import"`
	Roots  []string `json:"roots"` // before sys.path
	Sites  []string `json:"sites"` // added as site-packages
	Names  []string `json:"names"`
	// Running are names that code decides when it runs.
	Running []string `json:"running"`
}

// answer is what Python says of a name.
type answer struct {
	kind   Kind
	origin string // as ModuleSpec.origin
	search []string
}

// UnmarshalJSON reads the array that program writes.
func (a *answer) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[]any{&a.kind, &a.origin, &a.search})
}

func ask(t *testing.T, i *interp.Interpreter, q question, flags ...string) map[string]answer {
	t.Helper()
	q.Roots, q.Sites = append([]string{}, q.Roots...), append([]string{}, q.Sites...)
	q.Names, q.Running = append([]string{}, q.Names...), append([]string{}, q.Running...)
	in, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(i.Path, append(flags, "-c", program)...)
	cmd.Dir = i.Stdlib
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONNOUSERSITE=1", "HOME="+t.TempDir())
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	_, out, _ = bytes.Cut(out, []byte{0x1e})
	answers := map[string]answer{}
	if err := json.Unmarshal(out, &answers); err != nil {
		t.Fatal(err)
	}
	return answers
}

// answerOf says in Python's words what the resolver found.
func answerOf(s Spec) answer {
	a := answer{kind: s.Kind, origin: s.Path, search: s.Search}
	switch s.Kind {
	case KindBuiltin:
		a.origin = "built-in"
	case KindFrozen:
		a.origin = "frozen"
	case KindNamespace:
		a.origin = ""
	}
	return a
}

func (a answer) equal(b answer) bool {
	return a.kind == b.kind && a.origin == b.origin && slices.Equal(a.search, b.search)
}

// tally counts a comparison.
type tally struct{ names, equal, flagged, wrong int }

// shown is how many differences of a comparison are printed.
const shown = 10

// check compares the resolver with Python. What differs is an error unless
// the resolver says that code decides it at run time.
func check(t *testing.T, r *Resolver, answers map[string]answer) tally {
	t.Helper()
	var n tally
	for name, want := range answers {
		s := r.Find(name)
		n.names++
		switch got := answerOf(s); {
		case got.equal(want):
			n.equal++
		case s.Runtime != "":
			n.flagged++
			if testing.Verbose() && os.Getenv("FASTPATH_ORACLE_SHOW") != "" {
				t.Logf("%s: %s: got %v, Python says %v", name, s.Runtime, got, want)
			}
		default:
			if n.wrong++; n.wrong <= shown {
				t.Errorf("%s: got %v, Python says %v", name, got, want)
			}
		}
	}
	if n.wrong > shown {
		t.Errorf("%d names differ", n.wrong)
	}
	return n
}

// flagged returns the names of which the resolver says that code decides them.
func flagged(r *Resolver, names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return r.Find(name).Runtime == "" })
}

// pythons returns the interpreters to compare with.
func pythons(t *testing.T) []*interp.Interpreter {
	t.Helper()
	var found []*interp.Interpreter
	for _, p := range oracle.Every(t) {
		found = append(found, interpreter(t, p.Path))
	}
	return found
}

func interpreter(t *testing.T, path string) *interp.Interpreter {
	t.Helper()
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "HOME=") })
	i, err := interp.Find(interp.FindOptions{Explicit: path, ProjectRoot: "/", Dir: "/", Env: env})
	if err != nil {
		t.Fatal(err)
	}
	return i
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

func clean(names []string) []string {
	names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(noisy, n) || strings.HasSuffix(n, "__main__") })
	slices.Sort(names)
	return slices.Compact(names)
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
			names = clean(names)
			r := New(nil, i)
			n := check(t, r, ask(t, i, question{Import: true, Names: names, Running: flagged(r, names)}))
			t.Logf("standard library: %d names, %d equal, %d decided at run time", n.names, n.equal, n.flagged)

			var installed []string
			for _, site := range i.SitePackages {
				installed = append(installed, modulesBelow(site)...)
			}
			n = check(t, New(nil, i), ask(t, i, question{Names: clean(installed)}))
			t.Logf("installed: %d names, %d equal, %d decided at run time", n.names, n.equal, n.flagged)
		})
	}
}

func TestLayoutsAgainstFindSpec(t *testing.T) {
	for _, i := range pythons(t) {
		t.Run(i.Path, func(t *testing.T) {
			t.Parallel()
			suffix := New(nil, i).suffixes[0]
			dir := tree(t, map[string]string{
				"a/queue.py": "", "a/math.py": "", "a/sys.py": "", "a/both.py": "", "a/both/__init__.py": "",
				"a/both/x.py": "", "a/ns/one.py": "", "b/ns/two.py": "", "b/ns/sub/three.py": "", "a/ns/sub/four.py": "",
				"a/late/x.py": "", "b/late/__init__.py": "", "b/late/y.py": "", "a/ext.py": "", "a/ext" + suffix: "",
				"a/stable.abi3.so": "", "a/plain.so": "", "a/other.cpython-37m-x86_64-linux-gnu.so": "", "a/bytes.pyc": "",
				"a/many.abi3.so": "", "a/many.so": "", "a/many" + suffix: "", "a/two.so": "", "a/two.abi3.so": "",
				"a/compiled/__init__" + suffix: "", "a/compiled/x.py": "",
				"a/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
				"b/old/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
				"a/old/p.py":        "", "b/old/q.py": "", "a/file.txt": "", "a/empty/.keep": "", "a/mod.py": "", "a/mod/y.py": "",
				"site/x.pth": "# comment\n\n../extra\n/nowhere\nimport sys\n  \n../late  \n", "site/.hidden.pth": "../hidden\n", "extra/added.py": "",
				"hidden/h.py": "", "site/installed/__init__.py": "", "site/installed/core.py": "", "b/email/x.py": "",
				"site/bom.pth": "\ufeff../bom\n../nobom\n", "bom/marked.py": "", "nobom/unmarked.py": "",
				"site/bad.pth": "import no_such_module\n../after\n", "after/behind.py": "", "late/tardy.py": "",
				"site/nothing.pth": "import sys; sys.path.append('$ROOT/appended')\n", "appended/more.py": "",
			})
			roots := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b")}
			site := filepath.Join(dir, "site")
			other := *i
			other.SitePackages = []string{site}
			names := []string{
				"queue", "math", "sys", "os", "both", "both.x", "ns", "ns.one", "ns.two", "ns.sub", "ns.sub.three", "ns.sub.four", "ns.none",
				"late", "late.x", "late.y", "ext", "stable", "plain", "other", "bytes", "old", "old.p", "old.q", "file", "empty", "empty.x", "mod", "mod.y",
				"added", "installed", "installed.core", "installed.none", "email", "email.x", "email.message", "collections.abc", "queue.x",
				"many", "two", "compiled", "compiled.x", "h", "marked", "unmarked", "behind", "tardy", "more",
			}
			// No .pth file of the machine imports a module before us.
			n := check(t, New(roots, &other), ask(t, i, question{Import: true, Roots: roots, Sites: []string{site}, Names: names, Running: []string{"old", "collections.abc"}}, "-S"))
			if n.names < len(names)-2 {
				t.Errorf("%d of %d names were compared", n.names, len(names))
			}
		})
	}
}
