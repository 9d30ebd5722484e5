package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
)

// trapper imports modules after it has put a trap behind every import that is
// said not to be used at import: an object that reports whatever is done to it.
const trapper = `
import sys, json, ast, importlib, importlib.machinery as M, traceback, warnings, io, os, threading
warnings.simplefilter("ignore")
req = json.load(sys.stdin)
out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
fired = []

class TrapError(Exception):
    pass

def fire(self, what):
    where = object.__getattribute__(self, "where")
    frames = [f"{f.filename}:{f.lineno} in {f.name}" for f in traceback.extract_stack()[:-2] if "importlib" not in f.filename and f.filename != "<string>"]
    fired.append([where, what, frames[-4:]])
    raise TrapError(where)

class Trap:
    def __init__(self, where):
        object.__setattr__(self, "where", where)
    def __getattribute__(self, name):
        if name == "__class__":
            return Trap
        if name in ("__path__", "__file__", "__spec__", "__loader__", "__warningregistry__"):
            raise AttributeError(name)
        fire(self, name)

def method(name):
    def f(self, *a, **k):
        fire(self, name)
    return f
for name in ("call mro_entries iter next getitem setitem delitem contains or ror and rand add radd sub mul mod rmod eq ne lt gt le ge bool len "
             "hash enter exit instancecheck subclasscheck await aiter aenter setattr delattr int float index str repr format truediv matmul invert neg").split():
    setattr(Trap, f"__{name}__", method(f"__{name}__"))

class Transformer(ast.NodeTransformer):
    def __init__(self, file, lines):
        self.file, self.lines = file, lines
    def visit_FunctionDef(self, node):
        return node
    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef
    def visit_Import(self, node):
        names = self.lines.get(str(node.lineno), ())
        out = [node]
        for name in names:
            out.append(ast.copy_location(ast.Assign([ast.Name(name, ast.Store())],
                ast.Call(ast.Name("__trap__", ast.Load()), [ast.Constant(f"{self.file}:{node.lineno} {name}")], [])), node))
        return [ast.fix_missing_locations(n) for n in out]
    visit_ImportFrom = visit_Import

import builtins
builtins.__trap__ = Trap

class Loader(M.SourceFileLoader):
    def get_code(self, fullname):
        path = self.get_filename(fullname)
        lines = req["traps"].get(os.path.relpath(path, req["root"]).replace(os.sep, "/"))
        if not lines:
            return super().get_code(fullname)
        tree = ast.parse(self.get_data(path))
        return compile(Transformer(os.path.relpath(path, req["root"]), lines).visit(tree), path, "exec", dont_inherit=True)

hook = M.FileFinder.path_hook((M.ExtensionFileLoader, M.EXTENSION_SUFFIXES), (Loader, [".py"]))
sys.path_hooks.insert(0, hook)
sys.path_importer_cache.clear()
sys.path.insert(0, req["root"])
imported = 0
real_exit = os._exit
for name in req["modules"]:
    try:
        importlib.import_module(name)
        imported += 1
    except BaseException:
        pass
out.write(json.dumps({"fired": fired, "imported": imported, "loaded": sorted(n for n, m in sys.modules.items() if isinstance(getattr(getattr(m, "__spec__", None), "loader", None), Loader))}))
out.flush()
real_exit(0)
`

func findPython(t testing.TB, p oracle.Python) *interp.Interpreter {
	t.Helper()
	i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestTraps imports packages of the standard library with traps behind the
// imports that are said not to be used at import. No trap may fire. With
// FASTPATH_ORACLE_FULL=1 it takes the whole library of every version, and the packages of
// FASTPATH_ORACLE_PACKAGES (a folder, a colon and names with commas).
func TestTraps(t *testing.T) {
	names := []string{"asyncio", "concurrent", "email", "http", "importlib", "json", "logging", "unittest", "urllib", "xml"}
	pythons := []oracle.Python{oracle.One(t)}
	if oracle.Full() {
		names, pythons = nil, oracle.Pythons(t)
	}
	for _, p := range pythons {
		i := findPython(t, p)
		t.Run("stdlib "+p.Name(), func(t *testing.T) { trap(t, i, i.Stdlib, names) })
	}
	if folder, list, ok := strings.Cut(os.Getenv("FASTPATH_ORACLE_PACKAGES"), ":"); ok {
		t.Run("packages", func(t *testing.T) { trap(t, findPython(t, oracle.One(t)), folder, strings.Split(list, ",")) })
	}
}

// trap takes the modules below a folder, or the named ones of its top level.
func trap(t *testing.T, i *interp.Interpreter, root string, names []string) {
	skip := []string{
		"site-packages", "dist-packages", "__pycache__", "test", "tests", "idlelib", "lib2to3", "turtledemo", "lib-dynload", "ensurepip",
		"pydoc_data", "idle_test", "antigravity.py", "this.py", "idle.py", "turtle.py", "__main__.py",
	}
	var files, modules []string
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, p)
		rel = filepath.ToSlash(rel)
		top, _, _ := strings.Cut(rel, "/")
		unwanted := rel != "." && (slices.Contains(skip, d.Name()) || strings.HasPrefix(d.Name(), "config-") ||
			len(names) > 0 && !slices.Contains(names, strings.TrimSuffix(top, ".py")))
		switch {
		case d.IsDir() && unwanted:
			return fs.SkipDir
		case d.IsDir() || unwanted || !strings.HasSuffix(rel, ".py"):
			return nil
		}
		files = append(files, rel)
		modules = append(modules, strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(rel, ".py"), "/__init__"), "/", "."))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	p, err := Load(context.Background(), LoadOptions{Root: root, Files: files, ImportRoots: []string{"."}, Version: i.Version, Resolver: resolve.New(nil, i)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d files loaded in %v", len(files), time.Since(start))
	runTraps(t, i, p, modules)
}

func runTraps(t *testing.T, i *interp.Interpreter, p *Program, modules []string) {
	t.Helper()
	traps := map[string]map[int][]string{}
	said, used := 0, 0
	for _, m := range p.Modules {
		busy := map[string]bool{}
		for _, imp := range m.Imports {
			if imp.owner == 0 && imp.UsedAtImport {
				busy[imp.Binds] = true
			}
		}
		for _, imp := range m.Imports {
			if imp.Scope != "module" || imp.Runs != "import" || imp.Binds == "*" || imp.Future {
				continue
			}
			if imp.UsedAtImport {
				used++
				continue
			}
			said++
			if busy[imp.Binds] {
				continue
			}
			if traps[m.File] == nil {
				traps[m.File] = map[int][]string{}
			}
			l := m.Line(imp.Stmt)
			traps[m.File][l] = append(traps[m.File][l], imp.Binds)
		}
	}
	in, err := json.Marshal(map[string]any{"root": p.Root, "traps": traps, "modules": modules})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(i.Path, "-I", "-S", "-c", trapper)
	cmd.Dir = t.TempDir()
	cmd.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var res struct {
		Fired    [][]any
		Imported int
		Loaded   []string
	}
	if err := json.Unmarshal(out, &res); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen := map[string]bool{}
	for _, f := range res.Fired {
		if where := f[0].(string); !seen[where] {
			seen[where] = true
			t.Errorf("%s is said not to be used at import, but: %v\n  %v", where, f[1], f[2])
		}
	}
	t.Logf("%d imports used at import, %d not; %d of %d modules imported, %d from source; %d traps fired", used, said, res.Imported, len(modules), len(res.Loaded), len(seen))
	if res.Imported < len(modules)/2 {
		t.Errorf("only %d of %d modules could be imported", res.Imported, len(modules))
	}
}
