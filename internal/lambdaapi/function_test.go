package lambdaapi

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
)

// application is a handler for every case; its events choose.
const application = `
import collections
import decimal
import json
import logging
import os
import sys

SEEN = []


def handler(event, context):
    SEEN.append(event)
    return globals()[event["case"]](event, context)


def plain(event, context):
    return {"n": len(SEEN), "text": "caf\u00e9 \U0001f600", "list": [1, 2.5, None, True], "tuple": (1,)}


def numbers(event, context):
    return {"sum": decimal.Decimal("12345678901234567890.10"), "none": decimal.Decimal("NaN") != 1, "text": "0"}


def raw(event, context):
    return b'{"already": "bytes"}'


def about(event, context):
    return {
        "id": context.aws_request_id, "name": context.function_name, "version": context.function_version,
        "memory": context.memory_limit_in_mb, "arn": context.invoked_function_arn, "log": context.log_group_name,
        "time": 0 < context.get_remaining_time_in_millis() <= 60000, "identity": context.identity.cognito_identity_id,
        "client": context.client_context, "tenant": getattr(context, "tenant_id", None),
        "root": os.environ["LAMBDA_TASK_ROOT"] == os.getcwd(), "handler": os.environ["_HANDLER"],
        "start": os.environ["AWS_LAMBDA_INITIALIZATION_TYPE"], "trace": os.environ["_X_AMZN_TRACE_ID"], "zone": os.environ["TZ"],
        "head": os.path.realpath(sys.path[0]) == os.getcwd(), "result": "FASTPATH_RESULT" in os.environ,
    }


def loud(event, context):
    print("x" * 2000000)
    sys.stderr.write("y" * 2000000)
    logging.getLogger().warning("a warning")
    context.log("by the context")
    return "said"


def replaced(event, context):
    sys.stdout = None
    sys.stderr = None
    return "silent"


def closed(event, context):
    os.closerange(0, 3)
    return "closed"


def elsewhere(event, context):
    os.chdir("/")
    return os.getcwd()


def threads(event, context):
    import threading
    import time

    threading.Thread(target=time.sleep, args=(300,)).start()
    return threading.active_count() > 1


def large(event, context):
    return "x" * 7000000


def raises(event, context):
    def inner():
        raise ValueError("no such route")

    inner()


def unserialisable(event, context):
    return {"lock": object()}


def streams(event, context):
    yield "a"


def exits(event, context):
    sys.exit(3)


def leaves(event, context):
    os._exit(4)


def crashes(event, context):
    os.kill(os.getpid(), 11)


def hangs(event, context):
    import time

    time.sleep(300)
`

// files are modules whose import fails, each in its own way.
var files = map[string]string{
	"app.py":       application,
	"missing.py":   "import not_installed\n",
	"syntax.py":    "def handler(event, context)\n    pass\n",
	"raising.py":   "def f():\n    raise KeyError('TABLE')\n\nf()\n",
	"exiting.py":   "import sys\n\nsys.exit(5)\n",
	"none.py":      "VALUE = 1\n",
	"hanging.py":   "import time\n\ntime.sleep(300)\n",
	"pkg/a.py":     "import fractions\n\n\nclass Api:\n    @staticmethod\n    def handle(event, context):\n        import colorsys\n\n        return colorsys.__name__ + fractions.__name__\n\n\nhandler = Api.handle\n",
	"pkg/empty.py": "",
}

func function(t *testing.T, python, module, attr string) *Function {
	t.Helper()
	dir := t.TempDir()
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return &Function{
		Python: python, Version: version(t, python), Root: dir, Dir: dir, Module: module, Attr: attr, MemoryMB: 512, Timeout: time.Minute,
		Env: launch.Environment(append(os.Environ(), "AWS_REGION=eu-west-1"), launch.EnvOptions{}),
	}
}

var versions sync.Map // of interpreters by path

func version(t *testing.T, python string) string {
	t.Helper()
	if v, ok := versions.Load(python); ok {
		return v.(string)
	}
	r, err := launch.Run(t.Context(), launch.Options{Python: python, Args: []string{"-c", "import sys; print('%d.%d' % sys.version_info[:2])"}, Env: os.Environ(), NoResult: true})
	if err != nil {
		t.Fatal(err)
	}
	v := strings.TrimSpace(string(r.Stdout))
	versions.Store(python, v)
	return v
}

// environments are the interpreters that have awslambdaric: that of the list
// "lambda" of tools/fetch-environments, and those that FASTPATH_AWSLAMBDARIC
// names.
func environments(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("FASTPATH_ENVIRONMENTS")
	if root == "" {
		root = filepath.Join("..", "..", ".corpus", "environments")
	}
	root, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	if named := os.Getenv("FASTPATH_AWSLAMBDARIC"); named != "" {
		found = filepath.SplitList(named)
	}
	if installed, _ := filepath.Glob(filepath.Join(root, "lambda", "lib", "python*", "site-packages", "awslambdaric")); len(installed) > 0 {
		found = append(found, filepath.Join(root, "lambda", "bin", "python"))
	}
	if len(found) == 0 && oracle.Required() {
		t.Fatal("no environment has awslambdaric; run tools/fetch-environments")
	}
	return found
}

// cases are what a handler may do, and what Lambda makes of it. Both clients
// must agree on all of it.
var cases = []struct {
	event string
	want  string // JSON, or "TYPE: MESSAGE" of an error, or how the process ended
	trace string // part of the traceback
}{
	{`{"case": "plain"}`, `{"list":[1,2.5,null,true],"n":1,"text":"café 😀","tuple":[1]}`, ""},
	{`{"case": "numbers"}`, `{"none":true,"sum":12345678901234567890.10,"text":"0"}`, ""},
	{`{"case": "raw"}`, `{"already":"bytes"}`, ""},
	{`{"case": "about"}`, `{"arn":"arn:aws:lambda:eu-west-1:123456789012:function:app","client":null,"handler":"app.handler","head":true,"id":"00000000-0000-4000-8000-000000000001","identity":null,` +
		`"log":"/aws/lambda/app","memory":"512","name":"app","result":false,"root":true,"start":"on-demand","tenant":null,"time":true,` +
		`"trace":"Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0","version":"$LATEST","zone":":UTC"}`, ""},
	{`{"case": "loud"}`, `"said"`, ""},
	{`{"case": "replaced"}`, `"silent"`, ""},
	{`{"case": "closed"}`, `"closed"`, ""},
	{`{"case": "elsewhere"}`, `"/"`, ""},
	{`{"case": "threads"}`, `true`, ""},
	{`{"case": "large"}`, "Function.ResponseSizeTooLarge: the answer is larger than the 6291556 bytes that Lambda allows", ""},
	{`{"case": "raises"}`, "ValueError: no such route", "in inner\n"},
	{`{"case": "unserialisable"}`, "Runtime.MarshalError: Unable to marshal response: Object of type object is not JSON serializable", ""},
	{`{"case": "streams"}`, "Runtime.MarshalError: Unable to marshal response: Object of type generator is not JSON serializable", ""},
	{`{"case": "exits"}`, "ended 3", ""},
	{`{"case": "leaves"}`, "ended 4", ""},
	{`{"case": "crashes"}`, "ended by segmentation fault", ""},
	{`{"case": "hangs"}`, "timed out", ""},
	{`{"case": `, "Runtime.UnmarshalError", ""},
}

// outcome says what a process came to: its first answer, or why there is none.
func outcome(t *testing.T, r *Record) string {
	t.Helper()
	switch {
	case r.InitErr != nil:
		return r.InitErr.Error()
	case len(r.Invocations) > 0 && r.Invocations[0].Err != nil:
		return r.Invocations[0].Err.Error()
	case len(r.Invocations) > 0 && !r.Open:
		return canonical(t, r.Invocations[0].Response)
	case r.Process.TimedOut:
		return "timed out"
	case r.Process.Signal != "":
		return "ended by " + r.Process.Signal
	}
	return "ended " + strconv.Itoa(r.Process.ExitCode)
}

func canonical(t *testing.T, data []byte) string {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("the answer is no JSON: %q", data)
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

func testRequests(t *testing.T, python string, client Client) {
	for _, c := range cases {
		name := strings.Trim(strings.TrimPrefix(c.event, `{"case": `), `"}`)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := function(t, python, "app", "handler")
			if c.want == "timed out" {
				f.Timeout = 3 * time.Second
			}
			r, err := f.Run(t.Context(), Options{Client: client, Events: [][]byte{[]byte(c.event), []byte(c.event)}})
			if err != nil {
				t.Fatal(err)
			}
			got := outcome(t, r)
			if got != c.want && (c.want != "Runtime.UnmarshalError" || !strings.HasPrefix(got, c.want)) {
				t.Fatalf("got  %s\nwant %s\nstderr %s", got, c.want, tail(r.Process.Stderr))
			}
			if !r.Ready || r.Init <= 0 {
				t.Errorf("ready %v after %v", r.Ready, r.Init)
			}
			if c.trace != "" && !strings.Contains(r.Invocations[0].Err.Traceback, c.trace) {
				t.Errorf("traceback:\n%s", r.Invocations[0].Err.Traceback)
			}
			if strings.HasPrefix(c.want, "Runtime.") || strings.Contains(c.want, ": ") && !strings.HasPrefix(c.want, "{") {
				return
			}
			if strings.HasPrefix(c.want, "ended") || c.want == "timed out" {
				if !r.Open {
					t.Error("the event counts as answered")
				}
				return
			}
			if len(r.Invocations) != 2 || r.Open || !r.Process.Stopped || r.Invocations[1].Duration <= 0 {
				t.Errorf("%+v, stopped %v", r.Invocations, r.Process.Stopped)
			}
			if rep := f.Report(r, 0).String(); !strings.HasPrefix(rep, "REPORT RequestId: 00000000-0000-4000-8000-000000000001\tDuration: ") || !strings.Contains(rep, "\tInit Duration: ") {
				t.Errorf("report %q", rep)
			}
		})
	}
}

func tail(out []byte) string { return string(out[max(0, len(out)-600):]) }

var initCases = []struct{ module, attr, want, trace string }{
	{"missing", "handler", "Runtime.ImportModuleError: Unable to import module 'missing': No module named 'not_installed'", "missing.py"},
	{"absent", "handler", "Runtime.ImportModuleError: Unable to import module 'absent': No module named 'absent'", ""},
	{"syntax", "handler", "Runtime.UserCodeSyntaxError: Syntax error in module 'syntax':", "syntax.py"},
	{"raising", "handler", "KeyError: 'TABLE'", "in f\n"},
	{"none", "handler", "Runtime.HandlerNotFound: Handler 'handler' missing on module 'none'", ""},
	{"sys", "exit", "Runtime.BuiltInModuleConflict: Cannot use built-in module sys as a handler module", ""},
	{"exiting", "handler", "ended 5", ""},
	{"hanging", "handler", "timed out", ""},
	{"pkg.a", "handler", `"colorsysfractions"`, ""},
}

func testInit(t *testing.T, python string, client Client) {
	for _, c := range initCases {
		t.Run(c.module, func(t *testing.T) {
			t.Parallel()
			f := function(t, python, c.module, c.attr)
			if c.want == "timed out" {
				f.Timeout = 3 * time.Second
			}
			r, err := f.Run(t.Context(), Options{Client: client, Events: [][]byte{[]byte("{}")}})
			if err != nil {
				t.Fatal(err)
			}
			got := outcome(t, r)
			if !strings.HasPrefix(got, c.want) {
				t.Fatalf("got  %s\nwant %s\nstderr %s", got, c.want, tail(r.Process.Stderr))
			}
			// AWS's client drops the frames of what it wraps.
			if c.trace != "" && (client == Own || c.module == "raising") && !strings.Contains(r.InitErr.Traceback, c.trace) {
				t.Errorf("traceback:\n%s", r.InitErr.Traceback)
			}
		})
	}
}

func TestOwnClient(t *testing.T) {
	one := oracle.One(t)
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		if p == one || oracle.Required() {
			testRequests(t, p.Path, Own)
			testInit(t, p.Path, Own)
		}
		testWatch(t, p.Path, Own)
	})
}

// TestOfficialClient compares with awslambdaric: what our client makes of
// each case is what AWS's does.
func TestOfficialClient(t *testing.T) {
	pythons := environments(t)
	if len(pythons) == 0 {
		t.Skip("no environment has awslambdaric; run tools/fetch-environments")
	}
	for _, python := range pythons {
		t.Run(version(t, python), func(t *testing.T) {
			f := function(t, python, "app", "handler")
			if c, err := f.FindClient(t.Context()); err != nil || c != Official {
				t.Fatalf("found %q, %v", c, err)
			}
			testRequests(t, python, Official)
			testInit(t, python, Official)
			testWatch(t, python, Official)
		})
	}
}

// testWatch: what init and the first request load, and who asked.
func testWatch(t *testing.T, python string, client Client) {
	t.Run("watch", func(t *testing.T) {
		t.Parallel()
		f := function(t, python, "pkg.a", "handler")
		r, err := f.Run(t.Context(), Options{Client: client, Events: [][]byte{[]byte("{}")}, Watch: true})
		if err != nil {
			t.Fatal(err)
		}
		m := r.Modules
		if m == nil || len(m.Stages) != 2 {
			t.Fatalf("%+v, stderr %s", m, tail(r.Process.Stderr))
		}
		has := func(stage int, name string) bool {
			for _, n := range m.Stages[stage] {
				if n == name {
					return true
				}
			}
			return false
		}
		if !has(0, "pkg.a") || !has(0, "fractions") || has(0, "colorsys") || !has(1, "colorsys") || has(0, "json") || has(0, "importlib") {
			t.Errorf("init %q\nrequest %q", m.Stages[0], m.Stages[1])
		}
		if l := m.Loads["fractions"]; l.By != "pkg.a" || l.Line != 1 || filepath.Base(l.ByFile) != "a.py" {
			t.Errorf("fractions is loaded by %+v", l)
		}
		if l := m.Loads["colorsys"]; l.By != "pkg.a" || l.Line != 7 || filepath.Base(l.OwnFile) != "colorsys.py" {
			t.Errorf("colorsys is loaded by %+v", l)
		}
	})
}

func TestDottedHandler(t *testing.T) {
	f := function(t, oracle.One(t).Path, "pkg.a", "Api.handle")
	c, err := f.FindClient(t.Context())
	if err != nil || c != Own {
		t.Fatalf("found %q, %v", c, err)
	}
	r, err := f.Run(t.Context(), Options{Client: c, Events: [][]byte{[]byte("{}")}})
	if err != nil {
		t.Fatal(err)
	}
	if got := outcome(t, r); got != `"colorsysfractions"` {
		t.Errorf("got %s", got)
	}
	if r.PeakKiB < 1000 || r.CPU <= 0 || r.CPU > time.Minute {
		t.Errorf("peak %v KiB, %v of processor time", r.PeakKiB, r.CPU)
	}
}

func TestRunInterrupted(t *testing.T) {
	f := function(t, oracle.One(t).Path, "hanging", "handler")
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := f.Run(ctx, Options{Client: Own, Events: [][]byte{[]byte("{}")}}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
