package rewrite

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// guardedForms are the ways in which the programs import what is guarded: the
// statement and the name that it binds.
var guardedForms = [...]struct{ statement, binds string }{
	{"import liba", "liba"},
	{"import liba as alias", "alias"},
	{"import pk.one as one", "one"},
	{"from pk import two", "two"},
	{"import pk.three", "pk"},
	{"from libb import Api", "Api"},
	{"from libb import Api as Kept", "Kept"},
	{"import libc, contextlib", "libc"},
	{"from libd import (\n    Api as Last,  # the API\n)", "Last"},
}

const guardedLibrary = `class Error(Exception):
    pass


def value(n):
    if n == 7:
        raise Error("seven")
    return n * %d


class Thing:
    def __init__(self, n):
        self.n = n

    def get(self):
        return self.n


class Api:
    Error = Error
    Thing = Thing
    value = staticmethod(value)
`

// guardedReaders runs every reader against a fresh m and prints what it sees.
// What it does with a name is what tests, and other modules, do.
const guardedReaders = `
import importlib, pickle, sys, threading, types
from unittest import mock

OURS = ("m", "liba", "libb", "libc", "libd", "pk", "user")
REAL = {}


class Fake:
    class Error(Exception):
        pass

    class Thing:
        def __init__(self, n):
            self.n = n

        def get(self):
            return "fake"

    @staticmethod
    def value(n):
        return -1


class MonkeyPatch:
    """As pytest's."""

    def __init__(self):
        self.done = []

    def setattr(self, target, name, value, raising=True):
        old = getattr(target, name, self)
        if raising and old is self:
            raise AttributeError("%r has no attribute %r" % (target, name))
        self.done.append((target, name, old))
        setattr(target, name, value)

    def undo(self):
        for target, name, value in reversed(self.done):
            if value is not self:
                setattr(target, name, value)
            else:
                delattr(target, name)


def calls(m):
    out = []
    for f in FUNCTIONS:
        for a in (0, 1, 2, 5, 6):
            try:
                out.append(str(getattr(m, f)(a)))
            except Exception as e:
                out.append("%s %s" % (type(e).__name__, e))
    return hash(tuple(out)), out[:3]


def real(name):
    return REAL[name]()


def r_from(m, n):
    scope = {}
    exec("from m import " + n, scope)
    return scope[n] is real(n), calls(m)

def r_attribute(m, n):
    return getattr(m, n) is real(n), calls(m), m.__dict__[n] is real(n)

def r_call_first(m, n):
    first = calls(m)
    return first, getattr(m, n) is real(n), calls(m) == first

def r_patch(m, n):
    with mock.patch("m." + n, Fake) as fake:
        inside = calls(m)
        same = getattr(m, n) is fake
    return same, inside, getattr(m, n) is real(n), calls(m)

def r_patch_later(m, n):
    before = calls(m)
    with mock.patch("m." + n, Fake):
        inside = calls(m)
    return before, inside, getattr(m, n) is real(n), calls(m) == before

def r_patch_twice(m, n):
    with mock.patch("m." + n, Fake):
        with mock.patch("m." + n, None):
            inner = calls(m)
        outer = calls(m)
    return inner, outer, getattr(m, n) is real(n)

def r_patch_object(m, n):
    with mock.patch.object(m, n, Fake):
        inside = calls(m)
    return inside, getattr(m, n) is real(n), calls(m)

def r_patch_multiple(m, n):
    with mock.patch.multiple("m", **{n: Fake}):
        inside = calls(m)
    return inside, getattr(m, n) is real(n), calls(m)

def r_patch_autospec(m, n):
    with mock.patch("m." + n, autospec=True) as fake:
        fake.value.return_value = 4
        calls(m)
        used = fake.value.called
    return used, getattr(m, n) is real(n), calls(m)

def r_patch_attribute(m, n):
    with mock.patch("m.%s.value" % n, lambda n: -3):
        inside = calls(m)
    return inside, calls(m)

def r_patch_source(m, n):
    with mock.patch.object(real(n), "value", lambda n: -3):
        inside = calls(m)
    return inside, calls(m)

def r_patch_raises(m, n):
    try:
        with mock.patch("m." + n, Fake):
            raise KeyError(n)
    except KeyError:
        pass
    return getattr(m, n) is real(n), calls(m)

def r_monkeypatch(m, n):
    patch = MonkeyPatch()
    patch.setattr(m, n, Fake)
    inside = calls(m)
    patch.undo()
    return inside, getattr(m, n) is real(n), calls(m)

def r_monkeypatch_quiet(m, n):
    patch = MonkeyPatch()
    patch.setattr(m, n, Fake, raising=False)
    patch.setattr(m, n, None, raising=False)
    inside = calls(m)
    patch.undo()
    return inside, getattr(m, n) is real(n), calls(m)

def r_assign(m, n):
    setattr(m, n, Fake)
    return calls(m), getattr(m, n) is Fake

def r_assign_later(m, n):
    before = calls(m)
    setattr(m, n, Fake)
    return before, calls(m), getattr(m, n) is Fake

def r_assign_none(m, n):
    setattr(m, n, None)
    return calls(m), getattr(m, n)

def r_hasattr(m, n):
    return hasattr(m, n), hasattr(m, "missing"), getattr(m, "missing", 3), hasattr(m, "__path__")

def r_missing(m, n):
    try:
        m.missing
    except AttributeError as e:
        first = str(e)
    try:
        from m import missing
    except ImportError as e:
        return first, str(e).split(" (")[0]

def r_pickle(m, n):
    return pickle.loads(pickle.dumps(getattr(m, FUNCTIONS[0])))(1), calls(m)

def r_old_pickle(m, n):
    return pickle.loads(b"cm\n" + n.encode() + b"\n.") is real(n), calls(m)

def r_threads(m, n):
    barrier, results = threading.Barrier(8), []

    def work():
        barrier.wait()
        results.append(calls(m))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return len(results), len(set(r[0] for r in results)), results[0], getattr(m, n) is real(n)

def r_reload(m, n):
    before = calls(m)
    importlib.reload(m)
    return before == calls(m), getattr(m, n) is real(n)

def r_reload_first(m, n):
    importlib.reload(m)
    return calls(m), getattr(m, n) is real(n)

def r_copied_globals(m, n):
    getattr(m, n)
    f = getattr(m, FUNCTIONS[0])
    return str(types.FunctionType(f.__code__, dict(vars(m)), f.__name__)(2))

def r_other_module(m, n):
    import user
    return getattr(user, "late_" + n)(), getattr(user, "read_" + n)()

def r_star(m, n):
    if not hasattr(m, "__all__"):
        return None  # that is not guarded, see outside.go
    scope = {}
    exec("from m import *", scope)
    return n in scope and scope[n] is real(n)

for name, source in SOURCES.items():
    REAL[name] = eval("lambda: " + source, {"sys": sys, "importlib": importlib})

READERS = [f for k, f in sorted(globals().items()) if k.startswith("r_")]
for reader in READERS:
    for name in sorted(SOURCES):
        for k in [k for k in sys.modules if k.split(".")[0] in OURS]:
            del sys.modules[k]
        m = importlib.import_module("m")
        try:
            got = reader(m, name)
        except Exception as e:
            got = type(e).__name__, str(e)
        print(reader.__name__, name, got)
`

// guardedProgram returns a program whose module m uses imports in all kinds of
// places, and whose names others read.
func (g *generator) guardedProgram() (files map[string]string, names []string) {
	files = map[string]string{"pk/__init__.py": "", "user.py": "import m\n"}
	for i, lib := range []string{"liba", "libb", "libc", "libd", "pk/one", "pk/two", "pk/three"} {
		files[lib+".py"] = fmt.Sprintf(guardedLibrary, i+2)
	}
	sources := map[string]string{
		"liba": `importlib.import_module("liba")`, "alias": `importlib.import_module("liba")`, "one": `importlib.import_module("pk.one")`,
		"two": `importlib.import_module("pk.two")`, "Api": `importlib.import_module("libb").Api`, "Kept": `importlib.import_module("libb").Api`,
		"pk": `importlib.import_module("pk")`, "libc": `importlib.import_module("libc")`, "Last": `importlib.import_module("libd").Api`,
	}
	g.b.Reset()
	g.line(0, `"""Generated."""`)
	if g.r.IntN(2) == 0 {
		g.line(0, "from typing import TYPE_CHECKING")
	}
	known := map[string]string{}
	for _, i := range g.r.Perm(len(guardedForms))[:3] {
		form := guardedForms[i]
		g.line(0, "%s", form.statement)
		names = append(names, form.binds)
		known[form.binds] = sources[form.binds]
	}
	slices.Sort(names)
	g.line(0, "import contextlib")
	if g.r.IntN(3) == 0 {
		g.line(0, "__all__ = [%q, %q, %q]", names[0], names[1], names[2])
	}
	g.line(0, "\n\n@contextlib.contextmanager\ndef ctx():\n    yield 1\n")
	g.line(0, "def gettext(text):\n    return text\n\n\n_ = gettext\n")
	var functions []string
	for i := range 4 {
		f := fmt.Sprintf("f%d", i)
		functions = append(functions, f)
		name := func() string {
			if n := names[g.r.IntN(len(names))]; n != "pk" {
				return n
			}
			return "pk.three"
		}
		switch g.r.IntN(6) {
		case 0:
			g.line(0, "\ndef %s(a): return [%s.value(a), _('x')]", f, name())
		case 1:
			g.line(0, "\ndef gen%d(a):\n    for _ in range(a):\n        yield %s.value(a)\n\n\ndef %s(a):\n    return list(gen%d(a))", i, name(), f, i)
		case 2:
			g.line(0, "\nclass C%d:\n    @staticmethod\n    def run(a):\n        # about it", i)
			g.line(2, "out = []")
			g.body(name(), 2, 0)
			g.line(2, "return out")
			g.line(0, "\n\n%s = C%d.run", f, i)
		default:
			g.line(0, "\ndef %s(a):", f)
			g.line(1, "\"\"\"Doc.\"\"\"")
			g.line(1, "out = []")
			for range 1 + g.r.IntN(4) {
				g.body(name(), 1, 0)
			}
			g.line(1, "return out")
		}
	}
	files["m.py"] = g.b.String()
	var config strings.Builder
	fmt.Fprintf(&config, "FUNCTIONS = %q\nSOURCES = {", functions)
	for _, k := range slices.Sorted(maps.Keys(known)) {
		fmt.Fprintf(&config, "%q: '%s', ", k, known[k])
	}
	config.WriteString("}\n")
	files["readers.txt"] = "import sys\nsys.path.insert(0, '.')\n" + strings.ReplaceAll(config.String(), `" "`, `", "`) + guardedReaders
	var test strings.Builder
	for _, n := range names {
		fmt.Fprintf(&test, "from m import %s\n", n)
		files["user.py"] += fmt.Sprintf("\n\ndef late_%s():\n    from m import %s\n\n    return %s.value(2)\n\n\ndef read_%s():\n    return m.%s.value(3)\n", n, n, n, n, n)
	}
	files["tests/test_m.py"] = test.String()
	return files, names
}

// TestExecuteGuarded guards imports of generated programs, and from Python 3.15
// on makes them lazy, and holds that everybody who reads the names sees the same
// before and after.
func TestExecuteGuarded(t *testing.T) {
	programs := 8
	switch {
	case testing.Short():
		programs = 2
	case oracle.Full():
		programs = 40
	}
	for exe, version := range interpreters(t) {
		forms := []Form{FormGuard}
		if !version.Less(FirstLazy) {
			forms = append(forms, FormLazy, FormLazyModules)
		}
		for _, form := range forms {
			deferred := 0
			for seed := range programs {
				g := &generator{r: rand.New(rand.NewPCG(uint64(seed), 2))}
				files, _ := g.guardedProgram()
				switch seed % 4 {
				case 1:
					files["m.py"] = strings.ReplaceAll(files["m.py"], "\n", "\r\n")
				case 2:
					files["m.py"] = "\ufeff" + files["m.py"]
				case 3:
					files["m.py"] = strings.ReplaceAll(files["m.py"], "    ", "\t")
				}
				deferred += executeGuarded(t, exe, version, seed, files, form)
			}
			if deferred < programs {
				t.Errorf("%v: only %d imports were deferred by %s in %d programs", version, deferred, form, programs)
			}
		}
	}
}

// executeGuarded defers what the gate allows in one program, and returns how
// many imports that were.
func executeGuarded(t *testing.T, exe string, version syntax.Version, seed int, files map[string]string, form Form) int {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, files)
	prog := loadDir(t, dir, version)
	gate := NewGate(prog, GateOptions{Entries: []string{"m"}})
	var imps []*graph.Import
	for _, imp := range prog.File("m.py").Imports {
		if imp.Base == "contextlib" || imp.Base == "typing" {
			continue
		}
		switch v := gate.Verdict(imp); {
		case v.Safety == plan.SafetyGuard:
			imps = append(imps, imp)
		case v.Safety != plan.SafetyAsk || !strings.Contains(v.Cause, "not used here") && !strings.Contains(v.Cause, "handler"):
			t.Fatalf("seed %d: %s: %+v", seed, imp.Binds, v)
		}
	}
	req := Request{Version: version}
	switch form {
	case FormLazy:
		req.Lazy = imps
	case FormLazyModules:
		req.Listed = imps
	default:
		req.Guards = imps
	}
	edits, refused := Plan(prog, req)
	if form == FormLazyModules { // two names of one module, of which one stays
		imps = slices.DeleteFunc(imps, func(imp *graph.Import) bool {
			return slices.ContainsFunc(refused, func(r Refusal) bool { return r.Import == imp && strings.Contains(r.Cause, "make another import lazy") })
		})
	} else if len(refused) > 0 {
		t.Fatalf("seed %d, %s: %+v\n%s", seed, form, refused, files["m.py"])
	}
	before := run(t, exe, dir, "readers.txt")
	if err := Write(dir, edits); err != nil {
		t.Fatal(err)
	}
	after := run(t, exe, dir, "readers.txt")
	if before != after {
		t.Fatalf("seed %d, %v, %s:\n%s\n%s", seed, version, form, firstDifference(before, after), content(t, dir, "m.py"))
	}
	if len(imps) > 0 {
		loaded := run(t, exe, dir, "-c", "import sys, m; print([m for m in ('liba', 'libb', 'libc', 'libd', 'pk.one', 'pk.two', 'pk.three') if m in sys.modules])")
		for _, imp := range imps {
			if strings.Contains(loaded, "'"+imp.Target+"'") && len(imps) == 3 {
				t.Errorf("seed %d, %s: still loaded at import: %s", seed, form, loaded)
			}
		}
		if form == FormLazy || form == FormLazyModules {
			again := loadDir(t, dir, version)
			lazy := 0
			for _, imp := range again.File("m.py").Imports {
				if imp.Lazy {
					lazy++
				}
			}
			if lazy != len(imps) {
				t.Errorf("seed %d, %s: %d imports are lazy, want %d\n%s", seed, form, lazy, len(imps), content(t, dir, "m.py"))
			}
		}
		if _, err := Undo(dir, false); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files {
		if !bytes.Equal([]byte(text), []byte(content(t, dir, name))) {
			t.Errorf("seed %d: undo did not restore %s", seed, name)
		}
	}
	return len(imps)
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range x {
		if i >= len(y) || x[i] != y[i] {
			return fmt.Sprintf("before: %s\nafter:  %s", x[i], y[min(i, len(y)-1)])
		}
	}
	return "nothing"
}
