//go:build unix

package probe

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
	"fastpath/internal/testtree"
)

// TestSplit: each part of a module's time is found where it is spent.
func TestSplit(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py": "import sys, time\n" +
				"class F:\n    def find_spec(self, name, *a):\n        if name == 'slow': time.sleep(0.03)\n" +
				"sys.meta_path.insert(0, F())\nimport slow, big\nimport no_such_name_here as x\n",
			"slow.py":              "import time\ntime.sleep(0.05)\n",
			"big.py":               "x = [\n" + strings.Repeat("    {'a': (1, 2.5, 'text')},\n", 4000) + "]\n",
			"no_such_name_here.py": "import _socket\n",
		})
		o.Env = append(o.Env, "PYTHONDONTWRITEBYTECODE=1")
		parts, err := SplitPass(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if p := parts["slow"]; p.Find < 30*time.Millisecond || p.Execute < 50*time.Millisecond || p.Read > p.Execute {
			t.Errorf("slow: %+v", p)
		}
		if p := parts["big"]; p.Read < p.Execute || p.Read < p.Find { // it is compiled
			t.Errorf("big: %+v", p)
		}
		if p := parts["_socket"]; p.Create <= 0 {
			t.Errorf("_socket: %+v", p)
		}
	})
}

// TestSysconfig: the module sysconfig loads its data for the first who asks;
// everyone who asks needs them.
func TestSysconfig(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		ask := "import sysconfig\nassert sysconfig.get_config_var('EXT_SUFFIX') == sysconfig.get_config_vars()['EXT_SUFFIX']\n"
		o := entry(t, python, map[string]string{"entry.py": "import one, two, three\n", "one.py": ask, "two.py": ask, "three.py": "import sysconfig\n"})
		g := graphOf(t, o)
		isData := func(name string) bool { return strings.HasPrefix(name, "_sysconfigdata") }
		if slices.ContainsFunc(g.Startup, isData) {
			t.Skip("start-up has asked")
		}
		var from []string
		for _, s := range g.Statements {
			if slices.ContainsFunc(s.To, isData) && !slices.Contains(from, s.From) {
				from = append(from, s.From)
			}
		}
		if slices.Sort(from); !slices.Contains(from, "one") || !slices.Contains(from, "two") || slices.Contains(from, "three") {
			t.Errorf("asked for by %q", from)
		}
	})
}

// TestLazyNames: a package whose __getattr__ imports modules, and keeps their
// names, needs them for everyone who takes such a name.
func TestLazyNames(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py": "import one, two, three\n",
			"lazy/__init__.py": "import importlib\n\nhomes = {'Model': '.main', 'Field': '.main', 'Url': '.net'}\n\n\n" +
				"def __getattr__(name):\n    if name not in homes:\n        raise AttributeError(name)\n    module = importlib.import_module(homes[name], __name__)\n" +
				"    for n, home in homes.items():\n        if home == homes[name]:\n            globals()[n] = getattr(module, n)\n    return globals()[name]\n",
			"lazy/main.py": "class Model: pass\nField = object()\n", "lazy/net.py": "from .main import Model\n\n\ndef Url(): pass\n",
			"one.py": "from lazy import Model, Url\n", "two.py": "from lazy import Field\n", "three.py": "from lazy import homes\n",
		})
		got := map[string][]string{}
		for _, s := range graphOf(t, o).Statements {
			for _, to := range s.To {
				if strings.HasPrefix(to, "lazy.") && !strings.HasPrefix(s.From, "lazy") {
					got[s.From] = append(got[s.From], to)
				}
			}
		}
		want := map[string][]string{"one": {"lazy.main", "lazy.net"}, "two": {"lazy.main"}}
		for name := range got {
			slices.Sort(got[name])
			got[name] = slices.Compact(got[name])
		}
		if !maps.EqualFunc(got, want, slices.Equal) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// TestSetup: what prepares the process belongs to start-up, and its failures
// are not the entry's.
func TestSetup(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py": "import os, wave, stub, csv\nassert os.environ['TABLE'] == 'x' and stub.X == 1\n",
			"setup.py": "import os, sys, types, wave\nos.environ['TABLE'] = 'x'\nstub = sys.modules['stub'] = types.ModuleType('stub')\nstub.X = 1\nsys.modules[5] = None\nassert __name__ != '__main__' and os.path.basename(__file__) == 'setup.py'\n",
			"bad.py":   "import sys\nsys.exit(3)\n",
		})
		o.Setup = filepath.Join(o.Dir, "setup.py")
		g := graphOf(t, o)
		for _, name := range []string{"wave", "stub"} {
			if !slices.Contains(g.Startup, name) || kindOf(g, name) != "" {
				t.Errorf("%s does not belong to start-up: %v", name, g.Startup)
			}
		}
		if kindOf(g, "csv") != "source" {
			t.Error("csv does not belong to the entry")
		}
		if m, err := TimingPass(t.Context(), o); err != nil || m.Self["entry"] <= 0 || m.Self["wave"] != 0 {
			t.Errorf("%+v %v", m, err)
		}
		o.Setup = filepath.Join(o.Dir, "bad.py")
		var f *Failure
		if _, err := TimingPass(t.Context(), o); !errors.As(err, &f) || !f.Setup || f.Kind != Exited || f.Code != "3" || !strings.Contains(f.Traceback, "bad.py") {
			t.Errorf("%+v", err)
		}
	})
}

// TestBytecode: the states of byte-code files as Python itself makes them.
func TestBytecode(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		names := []string{"timestamp", "checked", "unchecked", "old_time", "old_hash", "broken", "absent"}
		files := map[string]string{"entry.py": "import " + strings.Join(names, ", ") + "\n"}
		for _, n := range names {
			files[n+".py"] = "X = 1\n"
		}
		o := entry(t, python, files)
		compile := `
import os, py_compile, sys
from py_compile import PycInvalidationMode as M
for name, mode in ("timestamp", M.TIMESTAMP), ("checked", M.CHECKED_HASH), ("unchecked", M.UNCHECKED_HASH), ("old_time", M.TIMESTAMP), ("old_hash", M.CHECKED_HASH), ("broken", M.TIMESTAMP):
    c = py_compile.compile(name + ".py", invalidation_mode=mode)
    if name == "broken":
        open(c, "r+b").write(b"xxxx")
    if name in ("old_time", "old_hash", "unchecked"):
        open(name + ".py", "w").write("YY = 22\n")
`
		cmd := exec.Command(python, "-c", compile)
		cmd.Dir = o.Dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		o.Env = append(o.Env, "PYTHONDONTWRITEBYTECODE=1")
		got := map[string]string{}
		for _, n := range graphOf(t, o).Nodes {
			got[n.Name] = n.Bytecode + " " + n.Check
		}
		for name, want := range map[string]string{
			"timestamp": "cached timestamp", "checked": "cached hash", "unchecked": "cached unchecked", "old_time": "stale timestamp",
			"old_hash": "stale hash", "broken": "stale timestamp", "absent": "missing ",
		} {
			if got[name] != want {
				t.Errorf("%s is %q, want %q", name, got[name], want)
			}
		}
	})
}

// TestMemory: growth is booked on the module that caused it.
func TestMemory(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs /proc")
	}
	o := entry(t, oracle.One(t).Path, map[string]string{
		"entry.py": "import small\nimport large\nimport _ctypes\n", "small.py": "", "large.py": "import small2\nx = bytearray(40 << 20)\n", "small2.py": "",
	})
	g := graphOf(t, o)
	for _, n := range g.Nodes {
		switch large := n.RSSKiB > 30<<10; {
		case n.Name == "large" && !large, n.Name != "large" && large:
			t.Errorf("%s: %d KiB", n.Name, n.RSSKiB)
		}
		if n.Name == "_ctypes" && n.Kind == "extension" && !slices.Contains(g.Mapped, n.File) {
			t.Errorf("%s is not among the mapped files: %v", n.File, g.Mapped)
		}
	}
}

// TestRoom: no depth of calls is dear because a chunk of frames ends there.
// Each call that crosses the end of one costs a page fault.
func TestRoom(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("counts page faults")
	}
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{"entry.py": `
import resource, sys
def leaf(a=0, b=0, c=0, d=0, e=0, f=0, g=0, h=0, i=0, j=0, k=0, l=0, m=0, n=0, o=0, p=0):
    pass
def down(n):
    if n:
        return down(n - 1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(500):
        leaf()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
worst = max([down(n) for n in range(300)])
sys.exit(worst) if worst > 200 else None
`})
		if _, err := TimingPass(t.Context(), o); err != nil {
			t.Errorf("%+v", err)
		}
	})
}

// environment makes a virtual environment with files in its site-packages.
func environment(t *testing.T, python string, files map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.Command(python, "-m", "venv", "--without-pip", dir).CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	site, err := filepath.Glob(filepath.Join(dir, "lib", "python*", "site-packages"))
	if err != nil || len(site) != 1 {
		t.Fatalf("%v %v", site, err)
	}
	testtree.Write(t, site[0], files)
	return dir
}

// TestStartupPass: code in .pth files is told apart from site.
func TestStartupPass(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		dir := environment(t, python, map[string]string{
			"slow.pth":         "folder\nimport sys, time; time.sleep(0.03)\nimport wave; exec('x = 1')\nimport sys; assert sys._getframe(1).f_locals['sitedir'], 'no sitedir'\n",
			"folder/x.py":      "",
			"plain.pth":        "folder\n",
			"broken.pth":       "import sys; raise ValueError\n",
			"sitecustomize.py": "import time\ntime.sleep(0.02)\n",
		})
		s, err := StartupPass(t.Context(), Options{Python: filepath.Join(dir, "bin", "python"), Dir: dir, Env: launch.Environment(os.Environ(), launch.EnvOptions{}), Timeout: time.Minute})
		if err != nil {
			t.Fatalf("%v\n%+v", err, err)
		}
		if s.Interpreter <= 0 || s.Site <= 0 {
			t.Errorf("%+v", s)
		}
		byFile := map[string]StartupCode{}
		for _, c := range s.Code {
			byFile[filepath.Base(c.File)] = c
		}
		if c := byFile["slow.pth"]; c.Time < 30*time.Millisecond || !slices.Contains(c.Modules, "wave") || !filepath.IsAbs(c.File) {
			t.Errorf("slow.pth: %+v", c)
		}
		if c := byFile["sitecustomize"]; c.Time < 20*time.Millisecond || !slices.Contains(c.Modules, "sitecustomize") {
			t.Errorf("sitecustomize: %+v", c)
		}
		if _, ok := byFile["broken.pth"]; !ok {
			t.Error("broken.pth is missing")
		}
		if _, ok := byFile["plain.pth"]; ok {
			t.Error("a file without code is listed")
		}
		if len(byFile) != len(s.Code) {
			t.Errorf("a file is listed twice: %+v", s.Code)
		}
	})
}

// TestStartTimed: a process whose start is timed leaves the interpreter as it is without
// that, and says of its start what StartupPass does.
func TestStartTimed(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		dir := environment(t, python, map[string]string{
			"code.pth":         "import sys, time; time.sleep(0.03)\nimport wave; exec('x = 1')\nimport site; site.execusercustomize = lambda: None\nsub\n",
			"sub/inner.py":     "",
			"sitecustomize.py": "import sys, time\ntime.sleep(0.02)\nsys.arguments_then = list(sys.argv)\n",
		})
		// What the entry finds is told by the names that it tries to import.
		o := entry(t, filepath.Join(dir, "bin", "python"), map[string]string{"entry.py": `
import binascii, builtins, site, sys
flags = [f for f in dir(sys.flags) if f[0] != "_" and f not in ("no_site", "count", "index")]
found = [
    sorted(set(sys.modules) - {"entry"}), sys.path, sys.argv, sys.prefix, sys.exec_prefix, sorted(vars(builtins)), sorted(vars(site)),
    site.execsitecustomize.__module__, site.execsitecustomize.__code__.co_name, site.execusercustomize.__code__.co_name,
    sys.arguments_then, [(len(a), a[:9]) for a in getattr(sys, "orig_argv", ())], [repr(getattr(sys.flags, f)) for f in flags if not callable(getattr(sys.flags, f))],
    sorted(vars(getattr(site, "StartupState", sys.flags.__class__))), repr(sys.stdin.encoding), sorted(sys.path_importer_cache),
]
for number, what in enumerate(found):
    try:
        __import__("found_%d_%s" % (number, binascii.hexlify(repr(what).encode()).decode()))
    except ImportError:
        pass
import inner, colorsys, wave
`})
		o.Kind = KindLambda
		seen := func(p *Process) (list []string) {
			t.Helper()
			defer p.Stop()
			p.Prepare(PassTiming, o)
			m, err := p.Timing(o)
			if err != nil {
				t.Fatal(err)
			}
			if m.Total <= 0 || m.Client <= 0 {
				t.Errorf("%+v", m)
			}
			return slices.Sorted(maps.Keys(m.Self))
		}
		usual := Start(t.Context(), o, nil)
		want := seen(usual)
		timed := StartTimed(t.Context(), o)
		got := seen(timed)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("without a timed start there is %s", plain(name))
			}
		}
		for _, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("with a timed start there is %s", plain(name))
			}
		}
		if len(want) < 14 || usual.Startup() != nil || usual.Timed() || !timed.Timed() {
			t.Errorf("%d names; %+v", len(want), usual.Startup())
		}
		s, err := StartupPass(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		start := timed.Startup()
		if start == nil || start.Interpreter <= 0 || start.Site <= 0 {
			t.Fatalf("%+v", start)
		}
		times := func(s *Startup) (list []string) {
			for _, c := range s.Code {
				list = append(list, fmt.Sprint(c.File, c.Modules, c.Time > 20*time.Millisecond))
			}
			return list
		}
		if want, got := times(s), times(start); !slices.Equal(got, want) || len(got) < 2 {
			t.Errorf("%q, and alone %q", got, want)
		}
	})
}

// plain is a name of TestStartTimed's entry with what it tells.
func plain(name string) string {
	if i := strings.LastIndexByte(name, '_'); i >= 0 {
		if text, err := hex.DecodeString(name[i+1:]); err == nil {
			return name[:i+1] + string(text)
		}
	}
	return name
}

// TestIdentity: what a process says of itself before the graph pass is what
// Python says when it is asked for it.
func TestIdentity(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		if runtime.GOOS != "linux" {
			t.Skip("Python is asked elsewhere")
		}
		o := entry(t, python, map[string]string{"entry.py": "", "lib/a b\tü/x.py": ""})
		o.Env = append(o.Env, "PYTHONPATH="+filepath.Join(o.Dir, "lib", "a b\tü"))
		i, err := interp.Find(interp.FindOptions{Explicit: python, ProjectRoot: "/", Dir: "/", Env: o.Env})
		if err != nil {
			t.Fatal(err)
		}
		want, err := i.Query(t.Context(), o.Env)
		if err != nil {
			t.Fatal(err)
		}
		for platform, known := range map[string]bool{"": true, "_PYTHON_HOST_PLATFORM=other": false} {
			run := o
			if !known {
				run.Env = append(slices.Clone(o.Env), platform)
			}
			p := Start(t.Context(), run, nil)
			defer p.Stop()
			p.Prepare(PassGraph, run)
			if _, id := p.Waits(); known != (id != nil) || known && !reflect.DeepEqual(*id, want.Identity) {
				t.Errorf("%+v, and asked for it %+v", id, want.Identity)
			}
			if _, err := p.Graph(run); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAhead: a process that has imported AWS's runtime client before it waits
// sees the same of the entry as one that waits before, collections included.
func TestAhead(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		const collector = "import gc\ntry: __import__('counts_%d' % gc.get_count()[0])\nexcept ImportError: pass\n"
		o := entry(t, python, map[string]string{"entry.py": collector + "import json, wave\n", "later.py": "import colorsys\n"})
		o.Kind = KindLambda
		names := func(ahead bool) (list []string, young int) {
			t.Helper()
			o.Ahead = ahead
			p := Start(t.Context(), o, nil)
			defer p.Stop()
			p.Prepare(PassTiming, o)
			p.Waits()
			run := o
			run.Deferred = []string{"later"}
			m, err := p.Timing(run)
			if err != nil {
				t.Fatal(err)
			}
			if m.Client <= 0 || m.Total <= 0 || m.Deferred["colorsys"] <= 0 {
				t.Errorf("ahead %v: %+v", ahead, m)
			}
			for name := range m.Self {
				if counts, ok := strings.CutPrefix(name, "counts_"); ok {
					young, err = strconv.Atoi(counts)
					delete(m.Self, name)
				}
			}
			if err != nil {
				t.Error(err)
			}
			return slices.Sorted(maps.Keys(m.Self)), young
		}
		timed, young := names(false)
		ahead, youngAhead := names(true)
		if !slices.Equal(timed, ahead) || !slices.Contains(ahead, "wave") || slices.Contains(ahead, "json") {
			t.Errorf("%q, when the client is imported ahead %q", timed, ahead)
		}
		if d := max(young-youngAhead, youngAhead-young); min(d, max(0, 700-d)) > 2 { // a collection may lie between
			t.Errorf("%d objects are young, when the client is imported ahead %d", young, youngAhead)
		}
	})
}
