//go:build unix

package recorder

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// two is a project with two functions that use different modules, and waits
// between the uses.
var two = map[string]string{"app.py": `
import json
import base64
from fractions import Fraction
import colorsys
import time

def first(wait):
    wait()
    json.dumps(1)
    wait()
    return Fraction(1, 2)

def second(wait):
    wait()
    base64.b64encode(b"")
    wait()
    return colorsys.ONE_THIRD
`}

var twoWants = map[string]string{"first": "fractions json", "second": "base64 colorsys"}

// check compares the watched requests with what their workflow uses; it wants
// one request of each workflow at least.
func check(t *testing.T, p oracle.Python, lines []*Line, rest string) {
	t.Helper()
	seen := map[string]bool{}
	for _, l := range requests(lines) {
		seen[l.Workflow] = true
		if got := used(l); got != twoWants[l.Workflow] {
			t.Errorf("%s: used %q, want %q", l.Workflow, got, twoWants[l.Workflow])
		}
	}
	if len(seen) != 2 {
		t.Errorf("watched: %v\n%s", seen, rest)
	}
}

// total adds up the counts of all lines.
func total(lines []*Line) (n int) {
	for _, l := range lines {
		for _, c := range l.Counts {
			n += c
		}
	}
	return n
}

func TestConcurrentThreads(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		lines, rest := r.run(t, `
import fastpath_recorder, threading, time
import app
def work(name):
    for i in range(20):
        with fastpath_recorder.request(name):
            getattr(app, name)(lambda: time.sleep(0.0005))
threads = [threading.Thread(target=work, args=(n,)) for n in ("first", "second") * 3]
for t in threads: t.start()
for t in threads: t.join()
for name in "first", "second": work(name)
`, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)
		if n := total(lines); n != 160 {
			t.Errorf("%d requests, want 160", n)
		}
	})
}

func TestConcurrentTasks(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, map[string]string{"app.py": strings.NewReplacer("def ", "async def ", "wait()", "await wait()").Replace(two["app.py"])})
		lines, rest := r.run(t, `
import fastpath_recorder, asyncio
import app
async def wait(): await asyncio.sleep(0)
def application(name):
    async def run(scope, receive, send): await getattr(app, name)(wait)
    return fastpath_recorder.asgi(run, workflow=lambda scope: name)
async def main():
    apps = [application("first"), application("second")]
    for i in range(20):
        await asyncio.gather(*[a({"type": "http"}, None, None) for a in apps * 2])
        for a in apps: await a({"type": "http"}, None, None)
asyncio.run(main())
`, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)
		if n := total(lines); n != 120 {
			t.Errorf("%d requests, want 120", n)
		}
	})
}

// TestPools hands the work of a request to threads that were there before.
func TestPools(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		lines, rest := r.run(t, `
import fastpath_recorder
from concurrent.futures import ThreadPoolExecutor
import app
pool = ThreadPoolExecutor(1)
pool.submit(int).result()
for i in range(4):
    for name in "first", "second":
        with fastpath_recorder.request(name):
            pool.submit(getattr(app, name), int).result()
`, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)
	})
}

// TestOlderThreads hands the work of a request to threads that waited for it before, in
// ways of their own.
func TestOlderThreads(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, map[string]string{"app.py": two["app.py"] + `
import queue
import threading

class Queued:
    def __init__(self):
        self.asked, self.answered = queue.Queue(), queue.Queue()
    def do(self, work):
        self.asked.put(work)
        self.answered.get(timeout=10)
    def run(self):
        while True:
            work = self.asked.get()
            work(int)
            self.answered.put(None)

class Told:
    def __init__(self):
        self.event, self.done = threading.Event(), threading.Semaphore(0)
    def do(self, work):
        self.work = work
        self.event.set()
        self.done.acquire()
    def run(self):
        while True:
            self.event.wait()
            self.event.clear()
            self.work(int)
            self.done.release()

class Inline(Queued):
    # What it uses is in the function that waits.
    def run(self):
        while True:
            if self.asked.get() is first:
                json.dumps(1)
                Fraction(1, 2)
            else:
                base64.b64encode(b"")
                colorsys.ONE_THIRD
            self.answered.put(None)
`})
		for _, kind := range []string{"Queued", "Told", "Inline"} {
			lines, rest := r.run(t, `
import fastpath_recorder, sys, threading, time
import app
worker = app.`+kind+`()
threading.Thread(target=worker.run, daemon=True).start()
time.sleep(0.05)
for i in range(4):
    for name in "first", "second":
        with fastpath_recorder.request(name): worker.do(getattr(app, name))
    worker.do(app.first) # nobody's
`, "FASTPATH_EVERY=1")
			t.Log(kind)
			check(t, p, lines, rest)
		}
	})
}

// TestConditionsOfOthers: what the program has done to threading's conditions, or does while
// a request is watched, stays, and nothing of the recorder gets into its way there.
func TestConditionsOfOthers(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		head := "import sys\nif hasattr(sys, 'monitoring'):\n    for i in (3, 4): sys.monitoring.use_tool_id(i, 'other')\n" +
			"import fastpath_recorder, queue, threading, time\nimport app\nwait = lambda: None\n"
		requests := `
    with fastpath_recorder.request("first"): app.first(wait)
    with fastpath_recorder.request("second"): app.second(wait)
`
		lines, rest := r.run(t, head+`
condition = threading.Condition
threading.Condition = lambda *args: condition(*args)
for i in range(2):`+requests, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)

		lines, rest = r.run(t, head+`
original = threading.Condition._acquire_restore
def mine(condition, state):
    return original(condition, state)
def wait():
    threading.Condition._acquire_restore = mine
for i in range(2):`+requests+`
    assert threading.Condition._acquire_restore is mine
`, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)

		if p.Minor == 8 {
			return // what forbids to trace is not heard
		}
		_, rest = r.run(t, head+`
def forbid(event, args):
    if event == "sys.settrace" and threading.current_thread() is worker:
        raise RuntimeError
asked, answered = queue.Queue(), queue.Queue()
def run():
    try:
        asked.get()
        answered.put("woken")
    except RuntimeError:
        answered.put("in the way")
worker = threading.Thread(target=run)
worker.start()
sys.addaudithook(forbid)
time.sleep(0.05)
with fastpath_recorder.request("first"): asked.put(1)
print(answered.get())
`, "FASTPATH_EVERY=1")
		if strings.TrimSpace(rest) != "woken" {
			t.Errorf("%s", rest)
		}
	})
}

// TestLongRequest: what is kept of a request does not grow with how long it runs.
func TestLongRequest(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		for _, head := range []string{"", "import sys\nif hasattr(sys, 'monitoring'):\n    for i in (3, 4): sys.monitoring.use_tool_id(i, 'other')\n"} {
			lines, rest := r.run(t, head+`
import fastpath_recorder
import app
for name in "first", "second":
    with fastpath_recorder.request(name):
        for i in range(500): getattr(app, name)(int)
        watched = fastpath_recorder._recorder.watch
        assert len(watched.lines) + len(watched.places) < 100
`, "FASTPATH_EVERY=1")
			check(t, p, lines, rest)
		}
	})
}

// others are programs that watch at the same time.
var others = []struct{ name, begin string }{
	{"ids 3 and 4 taken", "import sys\nif hasattr(sys, 'monitoring'):\n    for i in (3, 4): sys.monitoring.use_tool_id(i, 'other')\n"},
	{"coverage's id", "import sys\nif hasattr(sys, 'monitoring'):\n    m = sys.monitoring\n    m.use_tool_id(1, 'coverage')\n    m.register_callback(1, m.events.LINE, lambda c, l: m.DISABLE)\n    m.set_events(1, m.events.LINE)\n"},
	{"trace function", "import sys\ndef tracer(*args): return tracer\nsys.settrace(tracer)\n"},
	{"trace and profile function", "import sys\ndef tracer(*args): return tracer\nsys.settrace(tracer)\nsys.setprofile(lambda *args: None)\n"},
}

func TestBesideOthers(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		for _, other := range others {
			lines, rest := r.run(t, other.begin+`
import fastpath_recorder
import app
for i in range(3):
    for name in "first", "second":
        with fastpath_recorder.request(name): getattr(app, name)(int)
print(sys.gettrace())
`, "FASTPATH_EVERY=1")
			got := requests(lines)
			if len(got) != 6 || total(lines) != 6 {
				t.Fatalf("%s: %d requests\n%s", other.name, len(got), rest)
			}
			taken := other.name == others[0].name && p.Minor >= 12
			if (lines[0].Note != "") != taken || (lines[0].How == "proxies") != (taken || p.Minor < 12) {
				t.Errorf("%s: %+v", other.name, lines[0])
			}
			if traced := strings.Contains(rest, "tracer"); traced != strings.Contains(other.begin, "settrace") {
				t.Errorf("%s: the trace function is %s", other.name, rest)
			}
			for _, l := range got {
				names := append(l.Names(l.Used), l.Names(l.Unseen)...)
				for _, want := range strings.Fields(twoWants[l.Workflow]) {
					if !slices.Contains(names, want) {
						t.Errorf("%s: %s: used %q, unseen %q", other.name, l.Workflow, l.Names(l.Used), l.Names(l.Unseen))
					}
				}
			}
		}
	})
}

// TestSampling counts all requests and watches one in N.
func TestSampling(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		lines, _ := r.run(t, `
import fastpath_recorder
import app
for i in range(105):
    with fastpath_recorder.request("second" if i % 3 else "first"): app.first(int) if i % 3 == 0 else app.second(int)
`, "FASTPATH_EVERY=10")
		if n := len(requests(lines)); n != 10 && n != 11 {
			t.Errorf("%d watched", n)
		}
		counts := map[string]int{}
		for _, l := range lines {
			for w, n := range l.Counts {
				counts[w] += n
			}
			if l.Every != 10 {
				t.Errorf("%+v", l)
			}
		}
		if counts["first"] != 35 || counts["second"] != 70 {
			t.Errorf("counts %v", counts)
		}
		check(t, p, lines, "")
	})
}

func TestFailureTurnsItOff(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		for _, broken := range []string{"used", "prepare", "learn", "begin_watch", "end"} {
			lines, rest := r.run(t, `
import fastpath_recorder
import app
def broken(*args): raise TypeError("secret")
r = fastpath_recorder._recorder
if "`+broken+`" == "begin_watch": r.watch_request = broken
elif "`+broken+`" == "end": r.take = broken
else: setattr(r, "`+broken+`", broken)
for i in range(3):
    with fastpath_recorder.request("first"): print(app.first(int))
import sys, wave
print(sys.gettrace(), type(app.json).__name__)
`, "FASTPATH_EVERY=1")
			if want := "1/2\n1/2\n1/2\nNone module\n"; rest != want {
				t.Errorf("%s: %q, want %q", broken, rest, want)
			}
			off := 0
			for _, l := range lines {
				if l.Kind == KindOff {
					off++
					if !strings.HasPrefix(l.Reason, "TypeError in line ") {
						t.Errorf("%+v", l)
					}
				}
			}
			applies := broken != "prepare" && broken != "learn" || (broken == "prepare") == (p.Minor >= 12)
			if (off == 1) != applies || off > 1 {
				t.Errorf("%s: turned off %d times", broken, off)
			}
		}
	})
}

func TestMalformedWorkflow(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		lines, rest := record(t, p, two).run(t, `
import fastpath_recorder
print(fastpath_recorder._handler(lambda event, context: event, "", "event.Records[x]")(7, None))
`, "FASTPATH_EVERY=1")
		if rest != "7\n" {
			t.Errorf("%q", rest)
		}
		if off := slices.IndexFunc(lines, func(l *Line) bool { return l.Kind == KindOff }); off < 0 || !strings.HasPrefix(lines[off].Reason, "ValueError in line ") {
			t.Errorf("%+v", lines)
		}
	})
}

// TestPoolsBesideOthers: what a thread without a context does while other requests run is
// nobody's, so that the watched request does not tell that it used nothing; also where a
// debugger has the trace function, or another tool the ids of sys.monitoring.
func TestPoolsBesideOthers(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		for _, other := range []string{"", "trace", "ids", "trace ids"} {
			for _, beside := range []bool{false, true} {
				lines, rest := r.run(t, fmt.Sprintf(`
import sys
if "ids" in %[1]q and hasattr(sys, "monitoring"):
    for tool in 3, 4: sys.monitoring.use_tool_id(tool, "other")
import fastpath_recorder, threading
from concurrent.futures import ThreadPoolExecutor
import app
if "trace" in %[1]q: sys.settrace(lambda *args: None)
pool = ThreadPoolExecutor(1)
pool.submit(int).result()
go, done = threading.Event(), threading.Event()
def other():
    with fastpath_recorder.request("other"): go.set(); done.wait()
with fastpath_recorder.request("first"):
    thread = threading.Thread(target=other)
    if %[2]v: thread.start(); go.wait()
    try: pool.submit(app.first, int).result(30)
    finally: done.set()
    if %[2]v: thread.join()
`, other, map[bool]string{false: "False", true: "True"}[beside]), "FASTPATH_EVERY=1")
				got := ""
				for _, l := range requests(lines) {
					if l.Workflow == "first" {
						names := append(l.Names(l.Used), l.Names(l.Unseen)...)
						slices.Sort(names)
						got = strings.Join(slices.DeleteFunc(slices.Compact(names), func(name string) bool { return !strings.Contains(twoWants["first"], name) }), " ")
						if beside && len(l.Used) > 0 {
							t.Errorf("%q: took uses %v that may be the other's", other, l.Names(l.Used))
						}
					}
				}
				if got != twoWants["first"] {
					t.Errorf("%q, beside another %v: used or unseen %q, want %q\n%s", other, beside, got, twoWants["first"], rest)
				}
			}
		}
	})
}

// TestMalformedVariable: a variable that cannot be read turns the recorder off, and nothing else.
func TestMalformedVariable(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		lines, rest := record(t, p, two).run(t, `
import fastpath_recorder
with fastpath_recorder.request("first"): pass
print(fastpath_recorder.lambda_handler(lambda event, context: event)(7, None))
`, "FASTPATH_EVERY=often")
		if rest != "7\n" || len(lines) != 1 || lines[0].Kind != KindOff || !strings.HasPrefix(lines[0].Reason, "ValueError in line ") {
			t.Errorf("%q, %+v", rest, lines)
		}
	})
}

// TestHandlersOfWrappers: entry and label are those of the function that a tracing product's
// handler calls, and those of the only entry where no variable names a handler.
func TestHandlersOfWrappers(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		_, rest := record(t, p, two).run(t, `
import fastpath_recorder
r = fastpath_recorder._recorder
r.entries, r.workflow = {"src.app.handler": ("src.app:handler", "event.path")}, "event.path"
for name in "src/app.handler", "datadog_lambda.handler.handler", "": print(*fastpath_recorder._entry_of(name))
import os
del os.environ["DD_LAMBDA_HANDLER"]
print(*fastpath_recorder._entry_of("other.handler"))
`, "DD_LAMBDA_HANDLER=src.app.handler")
		const all = "src.app:handler event.path\n"
		if want := all + all + all + "other:handler \n"; rest != want {
			t.Errorf("%q, want %q", rest, want)
		}
	})
}

func TestForks(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		lines, _ := r.run(t, `
import fastpath_recorder, os, sys
import app
for name in "first", "second":
    pid = os.fork()
    if not pid:
        for i in range(2):
            with fastpath_recorder.request(name): getattr(app, name)(int)
        sys.exit(0)
    os.waitpid(pid, 0)
`, "FASTPATH_EVERY=1")
		check(t, p, lines, "")
		processes := map[string]bool{}
		for _, l := range lines {
			processes[l.Proc] = true
		}
		if len(processes) != 3 || total(lines) != 4 {
			t.Errorf("%d processes, %d requests", len(processes), total(lines))
		}
	})
}

// TestLongLines has more modules than a line holds.
func TestLongLines(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	var imports, body strings.Builder
	for k := range 300 {
		name := fmt.Sprintf("module_with_a_long_name_%d", k)
		files[name+".py"] = "VALUE = 1\n"
		fmt.Fprintf(&imports, "import %s\n", name)
		fmt.Fprintf(&body, "    %s.VALUE\n", name)
	}
	files["app.py"] = imports.String() + "def run():\n" + body.String()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, files)
		lines, _ := r.run(t, `
import fastpath_recorder
import app
with fastpath_recorder.request("é\n\"" * 100): app.run()
`, "FASTPATH_EVERY=1")
		names := map[string]bool{}
		for _, l := range requests(lines) {
			if l.Parts < 2 || l.K != 1 {
				t.Errorf("part %d of %d", l.Part, l.Parts)
			}
			for _, name := range l.Names(l.Used) {
				names[name] = true
			}
		}
		if len(names) != 300 || total(lines) != 1 {
			t.Errorf("%d modules, %d requests", len(names), total(lines))
		}
	})
}

// TestLate starts the recorder after the program, and with a file that is not
// the one in the table.
func TestLate(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		script := "import app, fastpath_recorder\nfor i in range(2):\n    for name in 'first', 'second':\n        with fastpath_recorder.request(name): getattr(app, name)(int)\n"
		lines, rest := r.run(t, script, "FASTPATH_EVERY=1")
		check(t, p, lines, rest)
		lines, _ = r.run(t, "open('app.py', 'a').write('# changed')\n"+script, "FASTPATH_EVERY=1")
		if lines[0].Kind != KindProcess || p.Minor >= 12 && lines[0].Stale != 1 {
			t.Errorf("%+v", lines[0])
		}
	})
}

func TestDocumentsLines(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, two)
		lines, rest := r.run(t, `
import fastpath_recorder, logging
logging.basicConfig(format="%(levelname)s %(name)s %(message)s")
import app
for i in range(2):
    with fastpath_recorder.request("first"): app.first(int)
`, "FASTPATH_STYLE=lines")
		one := "INFO fastpath Module used: fractions\nINFO fastpath Module used: json\n"
		if len(lines) != 0 || rest != one+one {
			t.Errorf("%q", rest)
		}
	})
}
