//go:build unix

package probe

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
	"fastpath/internal/testtree"
)

// each runs a test under every interpreter.
func each(t *testing.T, test func(t *testing.T, python string)) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) { test(t, p.Path) })
}

// entry writes a project whose entry is the module "entry".
func entry(t *testing.T, python string, files map[string]string) Options {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	testtree.Write(t, dir, files)
	return Options{
		Python: python, Dir: dir, Folder: dir, Env: launch.Environment(os.Environ(), launch.EnvOptions{}),
		Kind: KindImport, Target: "entry", Label: "entry", Timeout: time.Minute,
	}
}

func graphOf(t *testing.T, o Options) *Graph {
	t.Helper()
	g, err := GraphPass(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%+v", err, err)
	}
	return g
}

// edges renders the statements of the modules in from, one a line, without
// what start-up has loaded.
func edges(g *Graph, from ...string) []string {
	var out []string
	for _, s := range g.Statements {
		if !slices.Contains(from, s.From) {
			continue
		}
		var to []string
		for _, name := range s.To {
			if !slices.Contains(g.Startup, name) {
				to = append(to, name)
			}
		}
		for _, i := range s.Items {
			if i.Module != "" && !slices.Contains(to, i.Module) {
				to = append(to, i.Module)
			}
		}
		if len(to) == 0 && !slices.Contains(g.Startup, s.Base) {
			to = append(to, s.Base)
		}
		if s.How == Call && len(to) == 0 {
			continue
		}
		line := s.From + ":" + s.Written
		if s.How != Direct {
			line = s.From + ":@" + s.Base
		}
		out = append(out, line+" > "+strings.Join(to, " "))
	}
	return out
}

func kindOf(g *Graph, name string) string {
	for _, n := range g.Nodes {
		if n.Name == name {
			return n.Kind
		}
	}
	return ""
}

func TestEdges(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py": `
import one, two as t
import three.four
from three import five, VALUE
from three import (
    six as s,
)
def lazy():
    import seven
lazy()
class C:
    import eight
try:
    import missing_module
except ImportError:
    pass
try:
    from three import missing_name
except ImportError:
    pass
import importlib
importlib.import_module("nine")
importlib.import_module(".ten", "three")
from star import *
`,
			"one.py": "from two import call\ncall()\n", "two.py": "def call():\n    import eleven\n", "eleven.py": "",
			"three/__init__.py": "VALUE = 1\n", "three/four.py": "from . import five\nfrom .six import X\n",
			"three/five.py": "import three.four\n", "three/six.py": "X = 1\n", "three/ten.py": "",
			"seven.py": "", "eight.py": "", "nine.py": "import sys\nsys.modules['alias'] = sys.modules['one']\nimport alias\n",
			"star/__init__.py": "__all__ = ['sub']\n", "star/sub.py": "",
		})
		g := graphOf(t, o)
		want := []string{
			"entry:one > one", "entry:two > two", "entry:three.four > three.four", "entry:three > three.five", "entry:three > three.six",
			"entry:seven > seven", "entry:eight > eight", "entry:missing_module > missing_module", "entry:three > three.missing_name",
			"entry:@nine > nine", "entry:@three.ten > three.ten", "entry:star > star star.sub",
			"one:two > two", "one:@eleven > eleven",
			"three.four:. > three.five", "three.four:.six > three.six", "three.five:three.four > three.four",
			"nine:@alias > alias", "nine:alias > alias",
		}
		got := edges(g, "entry", "one", "three.four", "three.five", "nine")
		got = slices.DeleteFunc(got, func(s string) bool { return strings.Contains(s, "importlib >") || strings.Contains(s, "sys >") })
		for i, line := range got {
			got[i] = strings.Replace(line, "> three three.", "> three.", 1)
			got[i] = strings.Replace(got[i], "> three.six three.six", "> three.six", 1)
		}
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("missing edge %q", w)
			}
		}
		for _, have := range got {
			if !slices.Contains(want, have) {
				t.Errorf("unexpected edge %q", have)
			}
		}
		for name, kind := range map[string]string{
			"one": "source", "three": "package", "missing_module": "missing", "three.missing_name": "missing", "alias": "alias", "three.five": "source",
		} {
			if got := kindOf(g, name); got != kind {
				t.Errorf("%s is %q, want %q", name, got, kind)
			}
		}
		for _, s := range g.Statements {
			lines := map[string]int{"one": 2, "two": 2, "three.four": 3, "seven": 9, "eight": 12, "missing_module": 14}
			if want := lines[s.Written]; s.From == "entry" && want != 0 && s.Line != want {
				t.Errorf("%s is on line %d, want %d", s.Written, s.Line, want)
			}
		}
	})
}

func TestTimesAddUp(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py":         "import time\nimport slow\ntime.sleep(0.02)\nimport xml.dom.minidom\ntry:\n    import nothing_there\nexcept ImportError:\n    pass\n",
			"nothing_there.py": "raise ImportError\n",
			"slow.py":          "import time, gc\ntime.sleep(0.03)\ngc.collect()\n",
		})
		o.Deferred = []string{"wave", "no.such", "slow"}
		// On a machine that others use, some of the waiting is found in the
		// whole alone: not each run adds up to the last millisecond.
		var m *Timing
		var sum time.Duration
		for range 8 {
			var err error
			if m, err = TimingPass(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			sum = m.GC
			for _, d := range m.Self {
				sum += d
			}
			if sum <= m.Total && sum >= m.Total*9/10 {
				break
			}
		}
		if sum > m.Total || sum < m.Total*9/10 {
			t.Errorf("self times and collections are %v, the import took %v", sum, m.Total)
		}
		if m.Self["slow"] < 30*time.Millisecond || m.Self["entry"] < 20*time.Millisecond || m.GC <= 0 || m.PeakKiB < 1000 {
			t.Errorf("%+v", m)
		}
		if _, ok := m.Self["nothing_there"]; !ok {
			t.Error("a failed import has no time")
		}
		if m.Deferred["wave"] <= 0 || m.Deferred["no"] <= 0 || m.Self["wave"] != 0 || m.Stopped != -1 {
			t.Errorf("%+v", m)
		}
		if _, again := m.Deferred["slow"]; again {
			t.Error("a loaded module was imported again")
		}
	})
}

// TestDeferredPass: what the pass loads is told apart from init.
func TestDeferredPass(t *testing.T) {
	o := entry(t, oracle.One(t).Path, map[string]string{
		"entry.py": "import first\n", "first.py": "", "late.py": "import wave\nraise SystemExit\n", "last.py": "import late2\n", "late2.py": "",
		"deadly.py": "import os\nos._exit(3)\n",
	})
	o.Deferred = []string{"late", "last"}
	g := graphOf(t, o)
	for _, n := range g.Nodes {
		if want := n.Name != "entry" && n.Name != "first"; n.Deferred != want {
			t.Errorf("%+v", n)
		}
	}
	got := edges(g, "__main__", "last")
	if !slices.Equal(got, []string{"__main__:@entry > entry", "__main__:@late > late", "__main__:@last > last", "last:late2 > late2"}) {
		t.Errorf("%q", got)
	}
	o.Deferred = []string{"last", "deadly", "late"}
	if g := graphOf(t, o); g.Stopped != 1 || kindOf(g, "late2") != "source" || kindOf(g, "late") != "" {
		t.Errorf("stopped at %d", g.Stopped)
	}
}

// TestStartup: neither the probe's own modules nor those of the runtime
// client belong to the entry, and the entry pays for all others.
func TestStartup(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{"entry.py": "import gc, faulthandler, json, wave, traceback\nassert gc.callbacks is not None\n"})
		out, err := exec.Command(python, "-c", "import sys; print(*sys.modules)").Output()
		if err != nil {
			t.Fatal(err)
		}
		bare := strings.Fields(string(out))
		g := graphOf(t, o)
		for _, name := range g.Startup {
			if !slices.Contains(bare, name) {
				t.Errorf("%s was loaded by the probe", name)
			}
		}
		for _, name := range []string{"gc", "faulthandler", "json", "wave"} {
			if kindOf(g, name) == "" {
				t.Errorf("%s is missing", name)
			}
		}
		o.Kind = KindLambda
		if g = graphOf(t, o); !slices.Contains(g.Startup, "json") || kindOf(g, "json") != "" || kindOf(g, "wave") != "source" {
			t.Errorf("%v", g.Startup)
		}
		m, err := TimingPass(t.Context(), o)
		if err != nil || m.Client <= 0 {
			t.Errorf("%+v %v", m, err)
		}
	})
}

func TestScripts(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"bin/app.py":      "import sys, helper\nassert __name__ == '__main__' and sys.argv[0] == __file__, sys.argv\nfrom wave import open\nsys.exit(2)\n",
			"bin/helper.py":   "import __main__\n",
			"pkg/__init__.py": "from . import base\n", "pkg/base.py": "", "pkg/__main__.py": "import sys\nfrom . import other\nfrom pkg.base import __name__ as n\nsys.exit()\n", "pkg/other.py": "",
		})
		o.Kind, o.Target, o.Label, o.Folder = KindFile, filepath.Join(o.Dir, "bin", "app.py"), "app", filepath.Join(o.Dir, "bin")
		g := graphOf(t, o)
		if got := edges(g, "__main__", "app"); !slices.Contains(got, "__main__:@app > app") || !slices.Contains(got, "app:helper > helper") || !slices.Contains(got, "app:wave > wave") {
			t.Errorf("%q", got)
		}
		if kindOf(g, "app") != "source" {
			t.Error(g.Nodes)
		}
		m, err := TimingPass(t.Context(), o)
		if err != nil || m.Self["app"] <= 0 {
			t.Errorf("%+v %v", m, err)
		}
		o.Kind, o.Target, o.Label, o.Folder = KindModule, "pkg", "pkg.__main__", o.Dir
		g = graphOf(t, o)
		if got := edges(g, "pkg.__main__", "pkg"); !slices.Contains(got, "pkg.__main__:. > pkg.other") || !slices.Contains(got, "pkg:. > pkg.base") {
			t.Errorf("%q", got)
		}
		if !slices.Contains(g.Startup, "runpy") {
			t.Error("runpy belongs to start-up")
		}
	})
}

// TestHostileEntries: a right result where one exists.
func TestHostileEntries(t *testing.T) {
	const odd = "class Odd:\n    def __str__(self): raise ValueError\n    __repr__ = __bool__ = __str__\n    def __eq__(self, other): raise ValueError\n    __hash__ = object.__hash__\n    def __getattr__(self, name): raise ValueError\n"
	for name, code := range map[string]string{
		"prints":       "import sys\nfor _ in range(3000):\n    print('x' * 1000)\n    sys.stderr.write('y' * 1000)\n",
		"closes":       "import os\nos.closerange(0, 256)\n",
		"stdout":       "import sys\nsys.stdout = sys.stderr = None\n",
		"chdir":        "import os\nos.chdir('/')\n",
		"forks":        "import os\nif os.fork() == 0:\n    import wave\nelse:\n    os.wait()\n",
		"thread":       "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\n",
		"imports":      "import threading\nt = threading.Thread(target=__import__, args=('wave',))\nt.start()\nt.join()\n",
		"hook":         "import builtins\nold = builtins.__import__\nbuiltins.__import__ = lambda *a, **k: old(*a, **k)\n",
		"finder":       "import sys\nclass F:\n    def find_spec(self, name, *a):\n        if name != 'decimal': import decimal\nsys.meta_path.insert(0, F())\n",
		"replaces":     "import sys, types\nclass M(types.ModuleType):\n    def __getattr__(self, name): raise RuntimeError(name)\nsys.modules[__name__] = M(__name__)\n",
		"nonmodule":    "import sys\nclass M:\n    def __getattribute__(self, name): raise RuntimeError(name)\nsys.modules[__name__] = sys.modules['odd'] = M()\n",
		"clears":       "import sys\nsys.path.clear()\nsys.meta_path.clear()\n",
		"environ":      "import os\nassert 'FASTPATH_RESULT' not in os.environ\nos.environ.clear()\n",
		"odd names":    "import importlib\nfor n in 'a\\tb', 'c,d', 'e\\\\f', 'g\\udc80':\n    try:\n        importlib.import_module(n)\n    except (ImportError, UnicodeError):\n        pass\n",
		"cycle":        "import other\nX = 1\n",
		"alarm":        "import faulthandler\nfaulthandler.disable()\n",
		"recursion":    "import sys\nsys.setrecursionlimit(200)\n",
		"odd spec":     odd + "__spec__ = Odd()\n",
		"odd package":  odd + "__name__ = __package__ = __file__ = Odd()\n",
		"odd key":      "import sys\nsys.modules[3] = None\nimport sysconfig\nsysconfig.get_config_vars()\n",
		"monkey patch": "import os, time, json\nos.write = os.dup = time.perf_counter_ns = json.dumps = None\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := entry(t, oracle.One(t).Path, map[string]string{"entry.py": code + "try:\n    import last\nexcept ImportError:\n    pass\n", "last.py": "", "other.py": "import entry\n"})
			g := graphOf(t, o)
			if want := name != "clears" && name != "closes"; want && kindOf(g, "last") != "source" {
				t.Errorf("%+v", g.Nodes)
			}
			m, err := TimingPass(t.Context(), o)
			if err != nil || m.Self["entry"] <= 0 || m.Total <= 0 {
				t.Errorf("%+v %v", m, err)
			}
		})
	}
}

func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		code  string
		check func(f *Failure) bool
	}{
		"raised": {"def f():\n    {}['x']\nf()\n", func(f *Failure) bool {
			return f.Kind == Raised && f.Exception == "KeyError" && f.Missing == "" && strings.Contains(f.Traceback, `entry.py", line 2, in f`)
		}},
		"missing": {"import no_such_module.sub\n", func(f *Failure) bool { return f.Kind == Raised && f.Missing == "no_such_module" }},
		"syntax": {"import bad\n", func(f *Failure) bool {
			return f.Kind == Raised && f.Exception == "SyntaxError" && strings.Contains(f.Traceback, "bad.py")
		}},
		"bad exception": {"class E(Exception):\n    def __str__(self): raise ValueError\nraise E\n", func(f *Failure) bool { return f.Kind == Raised && f.Exception == "E" }},
		"exit": {"import sys\nsys.exit('no')\n", func(f *Failure) bool {
			return f.Kind == Exited && f.Code == "no" && strings.Contains(f.Traceback, "line 2")
		}},
		"bad code": {"import sys\nclass C:\n    def __str__(self): raise ValueError\nsys.exit(C())\n", func(f *Failure) bool { return f.Kind == Exited && f.Code == "<C>" }},
		"bad name": {"class E(ModuleNotFoundError):\n    name = property(lambda self: 1 / 0)\nraise E('x')\n", func(f *Failure) bool {
			return f.Kind == Raised && f.Exception == "E" && f.Missing == ""
		}},
		"_exit": {"import os\nos._exit(5)\n", func(f *Failure) bool {
			return f.Kind == HardExit && f.Code == "5" && strings.HasSuffix(f.Stack[0].File, "entry.py") && f.Stack[0].Line == 2
		}},
		"signal": {"import os\nos.kill(os.getpid(), 9)\n", func(f *Failure) bool { return f.Kind == Crashed && f.Signal == "killed" }},
		"segfault": {"import ctypes\nctypes.string_at(0)\n", func(f *Failure) bool {
			return f.Kind == Crashed && f.Signal == "segmentation fault" && slices.ContainsFunc(f.Stack, func(s Frame) bool { return strings.HasSuffix(s.File, "entry.py") })
		}},
		"closes all": {"import os\nos.closerange(0, 65536)\n", func(f *Failure) bool { return f.Kind == NoResult }},
		"another file": {"import os\nos.closerange(0, 65536)\nfor i in range(4095):\n    os.open(__file__, os.O_RDWR)\n", func(f *Failure) bool {
			return f.Kind == NoResult
		}},
		"hang": {"import waits\n", func(f *Failure) bool {
			at := func(file string) int {
				return slices.IndexFunc(f.Stack, func(s Frame) bool { return strings.HasSuffix(s.File, file) && s.Func == "<module>" })
			}
			return f.Kind == Hung && at("waits.py") == 0 && at("entry.py") > 0
		}},
		"attribute": {"def other(): pass\n", func(f *Failure) bool {
			return f.Kind == NoAttribute && f.Attr == "handler" && slices.Equal(f.Names, []string{"other"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := entry(t, oracle.One(t).Path, map[string]string{"entry.py": c.code, "waits.py": "import time\ntime.sleep(1000)\n", "bad.py": "x = (\n"})
			if name == "hang" {
				o.Timeout = time.Second
			}
			o.Attr = "handler"
			_, err := GraphPass(t.Context(), o)
			var f *Failure
			if !errors.As(err, &f) || !c.check(f) {
				t.Errorf("%+v", err)
			}
			if name == "another file" {
				if data, err := os.ReadFile(filepath.Join(o.Dir, "entry.py")); err != nil || string(data) != c.code {
					t.Errorf("the probe wrote into the user's file: %q %v", data, err)
				}
			}
		})
	}
}

// TestForeignBytes: what an entry writes to all of its descriptors is no result.
func TestForeignBytes(t *testing.T) {
	const write = "import os\ndef write(data):\n    for fd in [int(n) for n in os.listdir('/proc/self/fd')]:\n        try:\n            if fd > 2: os.write(fd, data)\n        except OSError:\n            pass\n"
	const forged = "m\\tentry\\t3600000000000\\nm\\tghost\\t1\\nn\\tghost\\tsource\\t\\t\\t\\t\\t0\\ntotal\\t3600000000000\\t0\\t0\\npeak\\t1\\nend\\n"
	t.Run("between", func(t *testing.T) {
		each(t, func(t *testing.T, python string) {
			o := entry(t, python, map[string]string{"entry.py": write + "write(b'" + forged + "')\nimport last\nwrite(b'\\x1e half a line')\n", "last.py": "", "later.py": "import entry\nentry.write(b'" + forged + "')\n"})
			o.Deferred = []string{"later"}
			g := graphOf(t, o)
			if kindOf(g, "last") != "source" || kindOf(g, "later") != "source" || kindOf(g, "ghost") != "" {
				t.Errorf("%+v", g.Nodes)
			}
			o.Code = g.Code
			m, err := TimingPass(t.Context(), o)
			if err != nil || m.Total > time.Minute || m.Self["entry"] > time.Minute || m.Self["ghost"] != 0 {
				t.Errorf("%+v %v", m, err)
			}
		})
	})
	t.Run("within", func(t *testing.T) {
		code := write + "import sys, threading, time\nsys.setswitchinterval(1e-6)\ndef noise():\n    while True: write(b'" + forged + "')\nthreading.Thread(target=noise, daemon=True).start()\ntime.sleep(0.05)\n" +
			"import asyncio, xml.dom.minidom, email.message, http.client, logging.config, sqlite3, unittest\n"
		o := entry(t, oracle.One(t).Path, map[string]string{"entry.py": code})
		disturbed := 0
		for range 5 {
			g, err := GraphPass(t.Context(), o)
			var f *Failure
			switch {
			case errors.As(err, &f) && f.Kind == Disturbed:
				disturbed++
			case err != nil:
				t.Fatalf("%+v", err)
			case kindOf(g, "ghost") != "" || kindOf(g, "asyncio") != "package":
				t.Errorf("%+v", g.Nodes)
			}
		}
		t.Logf("%d of 5 results were damaged", disturbed)
	})
}

// TestCode: the passes run with the byte-code that the graph pass has made,
// with that of another Python, and without.
func TestCode(t *testing.T) {
	pythons := oracle.Every(t)
	codes := make([]Code, len(pythons))
	for i, p := range pythons {
		o := entry(t, p.Path, map[string]string{"entry.py": "import last\n", "last.py": ""})
		codes[i] = graphOf(t, o).Code
		if !codes[i].Known() {
			t.Fatalf("%s: no code", p.Path)
		}
		for k, code := range []Code{codes[i], codes[0], {}} {
			o.Code = code
			m, err := TimingPass(t.Context(), o)
			if err != nil || m.Self["last"] <= 0 {
				t.Errorf("%s: %+v %v", p.Path, m, err)
			}
			g := graphOf(t, o)
			if kindOf(g, "last") != "source" || g.Code.Known() != (k == 2 || k == 1 && i > 0) {
				t.Errorf("%s: %+v", p.Path, g)
			}
		}
	}
}

// TestKeptCode: code is read as it was written, of its own version only, and not
// where the file was damaged.
func TestKeptCode(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "folder")
	v, other := syntax.Version{Major: 3, Minor: 12}, syntax.Version{Major: 3, Minor: 1}
	if ReadCode(dir, v).Known() {
		t.Error("there is no code yet")
	}
	testtree.Write(t, filepath.Dir(dir), map[string]string{"folder/probe-3.12-0123": "of another version of ours", "folder/probe-3.1-0123": "of another Python"})
	code := Code{[]byte("graph"), []byte("timing")}
	if err := code.Write(dir, v); err != nil {
		t.Fatal(err)
	}
	if got := ReadCode(dir, v); string(got.graph) != "graph" || string(got.timing) != "timing" || ReadCode(dir, other).Known() {
		t.Errorf("%q", got)
	}
	list, err := os.ReadDir(dir)
	if err != nil || len(list) != 2 {
		t.Errorf("%v %v", list, err)
	}
	name, _ := codeFile(dir, v)
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := slices.Clone(whole)
		bad[i] ^= 1
		for _, data := range [][]byte{bad, whole[:i]} {
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if ReadCode(dir, v).Known() {
				t.Errorf("byte %d was damaged, and the code is used", i)
			}
		}
	}
}

// TestWarningsBlameTheUser: the probe's frames are invisible to warnings.
func TestWarningsBlameTheUser(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := entry(t, python, map[string]string{
			"entry.py": "import sys, warnings\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    import old\nassert w[0].filename == __file__ and w[0].lineno == 4, (w[0].filename, w[0].lineno)\n",
			"old.py":   "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\n",
		})
		graphOf(t, o)
		if _, err := TimingPass(t.Context(), o); err != nil {
			t.Error(err)
		}
	})
}

func TestNoInterpreter(t *testing.T) {
	o := entry(t, "/nowhere/python", nil)
	if _, err := TimingPass(t.Context(), o); err == nil || !strings.Contains(err.Error(), "--python") {
		t.Error(err)
	}
	o = entry(t, oracle.One(t).Path, map[string]string{"false": "#!/bin/sh\necho broken >&2\nexit 4\n"})
	o.Python = filepath.Join(o.Dir, "false")
	if err := os.Chmod(o.Python, 0o755); err != nil {
		t.Fatal(err)
	}
	_, err := TimingPass(t.Context(), o)
	var f *Failure
	if !errors.As(err, &f) || f.Stderr != "broken\n" {
		t.Errorf("%+v", err)
	}
}

// FuzzParse: foreign bytes in the result descriptor neither panic nor count.
func FuzzParse(f *testing.F) {
	f.Add([]byte("m\ta\t5\nn\ta\tsource\t\t\ne\ta\tdirect\t3\tb\tb\tx=y,z=\tb,c\npeak\t5\nstartup\t1\ta\nend\nbegin\t0\ndone\t0\n"))
	f.Add([]byte("raised\tKeyError\t\nt\ta\\nb\\\\\nf\tx\ty\tz\nos._exit\t1\nexit\t\nnoattr\tx\ny"))
	f.Add([]byte("Timeout (0:00:01)!\nThread 0x1 (most recent call first):\n  File \"a\", line 3 in f\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, rest := parse(data)
		if r.complete != strings.Contains("\n"+string(data), "\nend\n") {
			t.Errorf("complete %v", r.complete)
		}
		failure(r, rest, &launch.Result{})
	})
}
