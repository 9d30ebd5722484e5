//go:build unix

package recorder

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
)

// each runs a test under every interpreter.
func each(t *testing.T, test func(t *testing.T, python string)) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) { test(t, p.Path) })
}

// handlerProject writes a project whose handler is app:handler.
func handlerProject(t *testing.T, python string, files map[string]string) Options {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o := Options{
		Python: python, Dir: dir, Folder: dir, Env: launch.Environment(os.Environ(), launch.EnvOptions{}),
		Module: "app", Attr: "handler", Roots: []string{dir}, Timeout: time.Minute,
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".py") && !strings.HasPrefix(name, "lib/") {
			o.Files = append(o.Files, path)
		}
	}
	return o
}

func invoke(t *testing.T, o Options, events ...string) *Result {
	t.Helper()
	for _, e := range events {
		o.Events = append(o.Events, []byte(e))
	}
	res, err := Invoke(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%+v", err, err)
	}
	return res
}

// ways is a project in which each event reads imported names in one way.
var ways = map[string]string{
	"app.py": `
import json
import base64 as b64
import os.path
import xml.dom.minidom, xml.sax
from collections import OrderedDict
from email import message as msg
from string import ascii_letters
from zlib import crc32
from time import *
from fast_path import *
from services import shared, csv as table
from pkg import work
import pkg.deep.leaf
import later
import helpers
import threading
import asyncio
try:
    import nosuchmodule as quick
except ImportError:
    import random as quick
try:
    import nosuchmodule2
except ImportError:
    nosuchmodule2 = None
import calendar

cache = []
json_at_import = json.dumps({})
calendar_at_import = calendar.TUESDAY

def decorated(f):
    def wrapper():
        return textwrap.dedent(f())
    return wrapper

def closure():
    import fractions
    def inner(): return fractions.Fraction(1, 2)
    return inner
from_init = closure()

def squares():
    for i in range(2):
        yield statistics.mean([i, 1])

async def wait():
    await asyncio.sleep(0)
    return heapq.nsmallest(1, [3])

class Box:
    size = 1
    def measure(self): return bisect.bisect([1], self.size)

def unused():
    return json, b64, os, xml, OrderedDict, msg, ascii_letters, crc32, shared, table, work, later, helpers

def handler(event, context):
    way = event["way"]
    if way == "nothing": return context.aws_request_id
    if way == "attribute": return json.dumps(1)
    if way == "constant": return b64.MAXBINSIZE
    if way == "submodule": return os.path.join("a", "b")
    if way == "dotted": return xml.dom.minidom.Node.ELEMENT_NODE
    if way == "bare": return bool(xml)
    if way == "class": return OrderedDict()
    if way == "from module": return msg.Message
    if way == "from constant": return ascii_letters
    if way == "from C function": return crc32(b"")
    if way == "library star": return gmtime(0)
    if way == "fast path": return decimal.Decimal(1)
    if way == "fast path from": return partial(len)
    if way == "fast path project": return gateway.route(event)
    if way == "reexport": return table.QUOTE_ALL
    if way == "reexport own": return shared()
    if way == "package": return work.run()
    if way == "dotted project": return pkg.deep.leaf.VALUE
    if way == "other module": return helpers.use()
    if way == "through module": return helpers.textwrap.dedent("")
    if way == "optional": return quick.random()
    if way == "optional missing": return nosuchmodule2 is None
    if way == "fallback in request":
        try:
            import nosuchmodule3
        except ImportError:
            import uuid
        return uuid.NAMESPACE_DNS
    if way == "function import":
        import struct, sched as s
        from html import parser, escape
        return 1
    if way == "function import of project":
        import lazy
        return lazy.RESULT
    if way == "global import":
        global glob
        import glob
        return 1
    if way == "cache":
        if not cache: cache.append(unicodedata.name("a"))
        return cache
    if way == "closure": return from_init()
    if way == "generator": return list(squares())
    if way == "comprehension": return [operator.add(i, 1) for i in range(3)], (lambda: shlex.quote("a"))()
    if way == "decorator": return decorated(lambda: "")()
    if way == "async": return asyncio.run(wait())
    if way == "class body":
        class Local:
            kind = numbers.Number
        return Local.kind
    if way == "method": return Box().measure()
    if way == "thread":
        t = threading.Thread(target=lambda: difflib.ndiff([], []))
        t.start(); t.join()
        return 1
    if way == "branch": return copy.copy(1) if event.get("yes") else pprint.pformat(1)
    if way == "raises":
        sys.getrecursionlimit()
        raise KeyError("no " + way)
    if way == "exits": sys.exit(3)
    raise ValueError(way)
`,
	"fast_path.py": `
import bisect, copy, decimal, difflib, heapq, numbers, operator, pprint, shlex, statistics, sys, textwrap, unicodedata
from functools import partial
import gateway
__all__ = ["bisect", "copy", "decimal", "difflib", "gateway", "heapq", "numbers", "operator", "partial", "pprint", "shlex", "statistics", "sys", "textwrap", "unicodedata"]
`,
	"gateway.py":           "import hashlib\nimport hmac\ndef route(event): return hashlib.md5\n",
	"services.py":          "import csv\nimport hmac\ndef shared(): return hmac.new\n",
	"later.py":             "",
	"lazy.py":              "import locale\nimport stat\ndef table(): return stat.ST_MODE\nRESULT = [locale.LC_ALL, table()]\n",
	"helpers.py":           "import textwrap\nimport tempfile\ndef use(): return tempfile.gettempdir()\n",
	"pkg/__init__.py":      "",
	"pkg/work.py":          "from . import deep\nfrom .deep.leaf import VALUE, decide\ndef run(): return decide(VALUE)\n",
	"pkg/deep/__init__.py": "",
	"pkg/deep/leaf.py":     "import platform\nVALUE = 1\ndef decide(v): return platform.system\n",
}

var wayWants = map[string]string{
	"nothing": "", "attribute": "json", "constant": "base64", "submodule": "os os.path", "dotted": "xml xml.dom xml.dom.minidom",
	"bare": "xml xml.dom.minidom xml.sax", "class": "collections", "from module": "email.message", "from constant": "string",
	"from C function": "zlib", "library star": "time", "fast path": "decimal", "fast path from": "functools",
	"fast path project": "gateway hashlib", "reexport": "csv services", "reexport own": "hmac services",
	"package": "pkg.deep.leaf pkg.work platform", "dotted project": "pkg pkg.deep pkg.deep.leaf", "other module": "helpers tempfile",
	"through module": "helpers textwrap", "optional": "random", "optional missing": "", "fallback in request": "uuid",
	"function import": "html html.parser sched struct", "function import of project": "lazy", "global import": "glob", "cache": "unicodedata",
	"closure": "fractions", "generator": "statistics", "comprehension": "operator shlex", "decorator": "textwrap",
	"async": "asyncio heapq", "class body": "numbers", "method": "bisect", "thread": "difflib threading", "branch": "pprint", "raises": "sys",
	"exits": "sys",
}

func TestWays(t *testing.T) {
	var order, events []string
	for way := range wayWants {
		order = append(order, way)
	}
	slices.Sort(order)
	for _, way := range order {
		events = append(events, `{"way": "`+way+`"}`)
	}
	each(t, func(t *testing.T, python string) {
		o := handlerProject(t, python, ways)
		// Twice, and the second time the other way round: what a request uses
		// does not depend on those before it.
		reversed := slices.Clone(events)
		slices.Reverse(reversed)
		res := invoke(t, o, append(slices.Clone(events), reversed...)...)
		if len(res.Requests) != 2*len(events) {
			t.Fatalf("%d processes, %d requests\n%s", res.Processes, len(res.Requests), res.Stderr)
		}
		for i, r := range res.Requests {
			way := order[min(i, 2*len(order)-1-i)]
			want := wayWants[way]
			if got := strings.Join(r.Used, " "); got != want {
				t.Errorf("%s: used %q, want %q", way, got, want)
			}
			wantError := map[string]string{"raises": "KeyError: 'no raises'", "exits": "SystemExit: 3"}[way]
			if r.Error != wantError || r.Lost {
				t.Errorf("%s: error %q\n%s", way, r.Error, r.Traceback)
			}
			if way == "raises" && (!strings.Contains(r.Traceback, `File "app.py", line `) || strings.Contains(r.Traceback, "importlib")) {
				t.Error(r.Traceback)
			}
		}
	})
}

func TestThreadsOfTheStart(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := handlerProject(t, python, map[string]string{"app.py": `
import json, base64, queue, threading
asked, answered = queue.Queue(), queue.Queue()
def work():
    while True:
        asked.get()
        answered.put(json.dumps(1))
threading.Thread(target=work, daemon=True).start()
def handler(event, context):
    if event:
        asked.put(1)
        return answered.get()
`})
		res := invoke(t, o, "1", "0", "1")
		for i, want := range []string{"json", "", "json"} {
			if got := strings.Join(res.Requests[i].Used, " "); got != want {
				t.Errorf("%d: %q, want %q", i, got, want)
			}
		}
	})
}

func TestLoopsAndLargeFunctions(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		var body strings.Builder
		body.WriteString("import json, base64\nclass A:\n    def __getattr__(self, name): return 1\ndef handler(event, context):\n    a = A()\n")
		for i := range 300 { // names and constants beyond 255 take a prefix
			body.WriteString("    a.name" + strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26) + "\n")
		}
		body.WriteString("    for i in range(20000):\n        if i == 19999 and event: json.dumps(i)\n        elif i < 0: base64.b64encode\n    return 1\n")
		o := handlerProject(t, python, map[string]string{"app.py": body.String()})
		res := invoke(t, o, "1", "0", "1")
		for i, want := range []string{"json", "", "json"} {
			if r := res.Requests[i]; strings.Join(r.Used, " ") != want || r.Error != "" {
				t.Errorf("%d: %q %s, want %q", i, r.Used, r.Error, want)
			}
		}
	})
}

// computes is a package whose class computes __dict__, and loads for it all that
// it exports, as apipkg does.
var computes = map[string]string{
	"lib/api/__init__.py": `
import sys, types
part = 1
class Lazy(types.ModuleType):
    @property
    def __dict__(self):
        import api.impl
        return {}
sys.modules[__name__].__class__ = Lazy
`,
	"lib/api/impl.py": "print('impl True')\n",
	"lib/api/real.py": "value = 1\n",
	"app.py": `
import sys
sys.path.append(__file__[:-6] + "lib")
import api.real
try:
    from api import part
except ImportError:
    part = None
def handler(event, context):
    print("impl", "api.impl" in sys.modules)
    return api.real.value, part
`,
}

// TestComputedNames: to look at what was used loads nothing.
func TestComputedNames(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		res := invoke(t, handlerProject(t, python, computes), "1", "2")
		if strings.Contains(string(res.Stdout), "impl True") {
			t.Errorf("%s", res.Stdout)
		}
		for _, r := range res.Requests {
			if !slices.Contains(r.Used, "api.real") || r.Error != "" {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestAsyncHandler(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := handlerProject(t, python, map[string]string{"app.py": "import json\nasync def handler(event, context):\n    return json.dumps(1)\n"})
		if r := invoke(t, o, "1").Requests[0]; strings.Join(r.Used, " ") != "json" || r.Error != "" {
			t.Errorf("%+v", r)
		}
	})
}

// TestSeparateStreams: what the program does with its streams and descriptors
// does not reach the result.
func TestSeparateStreams(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		o := handlerProject(t, python, map[string]string{"app.py": `
import json, os, sys
print('{"end": 0, "used": ["fake"]}')
def handler(event, context):
    print("to stdout"); os.write(2, b"to stderr\n")
    assert sys.stdin.read() == "" and "FASTPATH_RESULT" not in os.environ and sys.argv == [""]
    for fd in range(3, 64):
        try: os.close(fd)
        except OSError: pass
    if hasattr(os, "fork") and os.fork() == 0:
        raise SystemExit
    return json.dumps(1)
`})
		res := invoke(t, o, "1")
		if r := res.Requests[0]; strings.Join(r.Used, " ") != "json os sys" || r.Error != "" || len(res.Requests) != 1 {
			t.Errorf("%+v", res)
		}
		if !strings.Contains(string(res.Stdout), "to stdout") || !strings.Contains(string(res.Stderr), "to stderr") {
			t.Errorf("stdout %q, stderr %q", res.Stdout, res.Stderr)
		}
	})
}

func TestDyingProcess(t *testing.T) {
	const app = `
import json, os, signal
def handler(event, context):
    json.dumps(1)
    if event == "exit": os._exit(7)
    if event == "leave": os._exit(0)
    if event == "kill": os.kill(os.getpid(), signal.SIGKILL)
    if event == "hang":
        while True: pass
`
	want := []Request{
		{Used: []string{"json"}},
		{Error: "the process ended with exit code 7", Lost: true},
		{Error: "the process ended with exit code 0", Lost: true},
		{Error: "the process was ended by a signal (killed)", Lost: true},
		{Used: []string{"json"}, Error: "no answer within 1s"},
		{Used: []string{"json"}},
	}
	var once sync.Once
	each(t, func(t *testing.T, python string) {
		// A thread or a connection of the import does not outlive a fork: that
		// is no matter of the version.
		others := false
		once.Do(func() { others = true })
		for header, processes := range map[string]int{
			"": 1,
			"import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()": len(want),
			"import socket; s = socket.socket()":                                                     len(want),
		} {
			if header != "" && !others {
				continue
			}
			o := handlerProject(t, python, map[string]string{"app.py": header + app})
			o.Timeout = time.Second
			res := invoke(t, o, `"ok"`, `"exit"`, `"leave"`, `"kill"`, `"hang"`, `"ok"`)
			for i, r := range res.Requests {
				if !slices.Equal(r.Used, want[i].Used) || r.Error != want[i].Error || r.Lost != want[i].Lost {
					t.Errorf("%q %d: %+v, want %+v", header, i, r, want[i])
				}
			}
			if !strings.Contains(res.Requests[4].Traceback, `File "app.py", line 9, in handler`) {
				t.Errorf("%q: %s", header, res.Requests[4].Traceback)
			}
			if runtime.GOOS == "linux" && res.Processes != processes {
				t.Errorf("%q: %d processes, want %d", header, res.Processes, processes)
			}
		}
	})
}

func TestImportFails(t *testing.T) {
	each(t, func(t *testing.T, python string) {
		for app, want := range map[string]string{
			"import nosuch\n":               "ModuleNotFoundError: No module named 'nosuch'",
			"raise ValueError\n":            "ValueError",
			"import sys\nsys.exit":          "AttributeError: module 'app' has no attribute 'handler'",
			"import sys\nsys.exit('bye')\n": "SystemExit: bye",
			"import os\nos._exit(4)\n":      "the process ended with exit code 4 while the handler was imported",
			"while True: pass\n":            "it did not finish importing within 1s",
			"def f(:\n":                     "SyntaxError: ",
		} {
			o := handlerProject(t, python, map[string]string{"app.py": app})
			o.Timeout, o.Events = time.Second, [][]byte{[]byte("1")}
			_, err := Invoke(t.Context(), o)
			var failed *ImportError
			if !errors.As(err, &failed) || !strings.HasPrefix(failed.Message, want) {
				t.Errorf("%q: %v, want %s", app, err, want)
			} else if strings.Contains(app, "nosuch") && !strings.Contains(failed.Traceback, `File "app.py", line 1`) {
				t.Error(failed.Traceback)
			}
		}
	})
}

func TestNoInterpreter(t *testing.T) {
	o := Options{Python: filepath.Join(t.TempDir(), "python"), Dir: t.TempDir(), Events: [][]byte{[]byte("1")}}
	if _, err := Invoke(t.Context(), o); err == nil || !strings.Contains(err.Error(), "cannot start the interpreter") {
		t.Error(err)
	}
}
