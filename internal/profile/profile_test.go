//go:build unix

package profile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/probe"
	"fastpath/internal/python/resolve"
	"fastpath/internal/testtree"
)

// pythons returns one interpreter of every version that is there.
func pythons(t *testing.T) map[string]*interp.Interpreter {
	t.Helper()
	found := map[string]*interp.Interpreter{}
	for _, p := range oracle.Pythons(t) {
		found[p.Name()] = find(t, p)
	}
	return found
}

// one is the interpreter of the tests for which the version plays no part.
func one(t *testing.T) *interp.Interpreter {
	t.Helper()
	return find(t, oracle.One(t))
}

func find(t *testing.T, p oracle.Python) *interp.Interpreter {
	t.Helper()
	i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// write puts files below dir; an empty text removes the file.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	testtree.Write(t, dir, files)
}

// options prepares the measurement of the handler app:handler in dir.
func options(t *testing.T, i *interp.Interpreter, dir string) Options {
	t.Helper()
	env := launch.Environment(os.Environ(), launch.EnvOptions{Extra: []string{"PYTHONDONTWRITEBYTECODE="}})
	files, err := project.Listing(dir, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	program, err := graph.Load(t.Context(), graph.LoadOptions{
		Root: dir, Files: files, ImportRoots: []string{"."}, Version: i.Version, Resolver: resolve.New([]string{dir}, i),
	})
	if err != nil {
		t.Fatal(err)
	}
	return Options{
		Root: dir, Program: program, Python: i, Env: env, Runs: 1, Timeout: time.Minute,
		Entry: project.Entry{Name: "app:handler", Kind: project.EntryHandler, Module: "app", Attr: "handler", File: "app.py", ImportRoot: ".", Platform: "server"},
	}
}

func measure(t *testing.T, o Options) *Profile {
	t.Helper()
	p, err := Measure(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func rows(e *evidence.Entry, phase string) []string {
	var names []string
	for _, m := range e.Modules {
		if m.Phase == phase {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// TestPrediction: the modules that the graph says disappear when statements
// go are those that really disappear when their lines are taken out.
func TestPrediction(t *testing.T) {
	t.Parallel()
	imports := []string{
		"import json", "import xml.dom.minidom", "from email import message, policy", "import http.client", "import unittest.mock as mock",
		"import urllib.request, logging.config", "from concurrent import futures", "import helper", "from multiprocessing import pool", "import asyncio",
	}
	source := func(without ...int) string {
		var lines []string
		for i, line := range imports {
			if !slices.Contains(without, i) {
				lines = append(lines, line)
			}
		}
		return strings.Join(lines, "\n") + "\ndef handler(event, context): ...\n"
	}
	for name, python := range pythons(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			helper := map[string]string{"helper/__init__.py": "from . import tools\nimport csv\n", "helper/tools.py": "def load():\n    import decimal\nload()\nfrom sqlite3 import *\n"}
			write(t, dir, helper)
			write(t, dir, map[string]string{"app.py": source()})
			o := options(t, python, dir)
			e := measure(t, o).Entry
			all := rows(e, evidence.PhaseInit)
			rt := graph.NewRuntime(e)
			app := o.Program.File("app.py")
			wrong, total := 0, 0
			for i, cuts := range [][]int{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}, {8}, {9}, {0, 2}, {3, 5}, {2, 3, 5, 9}, {4, 9}, {6, 8, 9}, {1, 4, 7}} {
				cut := graph.Cut{}
				for _, c := range cuts {
					for _, imp := range app.ImportAt(c+1, "") {
						if !rt.Has(imp.Statement) {
							t.Fatalf("%v has no edge", imp.Statement)
						}
						cut[imp.Statement] = true
					}
				}
				_, predicted := rt.Saves(cut)
				other := t.TempDir()
				write(t, other, helper)
				write(t, other, map[string]string{"app.py": source(cuts...)})
				target := o.probe()
				target.Dir, target.Folder = other, other
				g, err := probe.GraphPass(t.Context(), target)
				if err != nil {
					t.Fatal(err)
				}
				left := map[string]bool{}
				for _, n := range g.Nodes {
					left[n.Name] = true
				}
				var gone []string
				for _, m := range all {
					if !left[m] {
						gone = append(gone, m)
					}
				}
				slices.Sort(predicted)
				total += len(all)
				for _, m := range gone {
					if !slices.Contains(predicted, m) {
						wrong++
						t.Logf("case %d %v: %s disappeared", i, cuts, m)
					}
				}
				for _, m := range predicted {
					if !slices.Contains(gone, m) {
						wrong++
						t.Logf("case %d %v: %s was to disappear", i, cuts, m)
					}
				}
			}
			if wrong*100 > total {
				t.Errorf("%d of %d predictions are wrong", wrong, total)
			}
		})
	}
}

const app = `import json, helper
from helper import tools
def handler(event, context):
    return helper.run() and tools
`

// TestCostsAreNotForgotten: an import that moved into a function keeps its
// rows, its edges and its figures.
func TestCostsAreNotForgotten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"app.py":             app,
		"helper/__init__.py": "import wave\nfrom xml.dom import minidom\ndef run():\n    return wave, minidom\n",
		"helper/tools.py":    "import csv\n",
	})
	o := options(t, one(t), dir)
	before := measure(t, o).Entry
	write(t, dir, map[string]string{"helper/__init__.py": "def run():\n    import wave\n    from xml.dom import minidom\n    return wave, minidom\n"})
	o = options(t, o.Python, dir)
	after := evidence.Merge(before, measure(t, o).Entry)

	old, now := rows(before, evidence.PhaseInit), append(rows(after, evidence.PhaseInit), rows(after, evidence.PhaseDeferred)...)
	slices.Sort(now)
	if !slices.Equal(old, now) {
		t.Errorf("rows before %q\nafter %q", old, now)
	}
	if d := rows(after, evidence.PhaseDeferred); !slices.Contains(d, "wave") || !slices.Contains(d, "xml.dom.minidom") || slices.Contains(d, "csv") {
		t.Errorf("deferred: %q", d)
	}
	r0, r1 := graph.NewRuntime(before), graph.NewRuntime(after)
	moved := graph.Cut{}
	for _, imp := range o.Program.File("helper/__init__.py").Imports {
		s := imp.Statement
		s.Qualname = ""
		moved[s] = true
	}
	for _, module := range []string{"wave", "xml.dom"} {
		s0 := evidence.Statement{From: "helper", File: "helper/__init__.py", Module: module, Binding: module}
		if module == "xml.dom" {
			s0.Binding = "minidom"
		}
		s1 := s0
		s1.Qualname = "run"
		if !r0.Has(s0) || !r1.Has(s1) || !r1.Deferred(s1) {
			t.Fatalf("%s: statements are missing", module)
		}
		_, a := r0.FirstUse([]evidence.Statement{s0}, moved)
		_, b := r1.FirstUse([]evidence.Statement{s1}, nil)
		if len(a) == 0 || !slices.Equal(a, b) {
			t.Errorf("%s would have loaded %q, loads %q", module, a, b)
		}
	}
	for _, m := range after.Modules {
		if m.Name == "wave" && m.SelfMS <= 0 {
			t.Error("wave has no cost any more")
		}
	}
	// Measuring again keeps the set.
	again := evidence.Merge(after, measure(t, o).Entry)
	if !slices.EqualFunc(after.Edges, again.Edges, func(a, b evidence.Edge) bool { return evidence.CompareEdges(a, b) == 0 }) {
		t.Error("edges changed without a change of the sources")
	}
}

// TestMeasuredAgain: times that would change are measured again, until none
// would; without a lock there is nothing to compare with.
func TestMeasuredAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.py": "import slow\ndef handler(event, context):\n    return slow\n", "slow.py": "import time\ntime.sleep(0.05)\n"})
	o := options(t, one(t), dir)
	o.Runs = 5
	before := measure(t, o).Entry
	again := 0
	o.Progress = func(s Stage) {
		if s.Pass == PassAgain {
			again = max(again, s.Run)
		}
	}
	slow := func(e *evidence.Entry) *evidence.Module {
		i := slices.IndexFunc(e.Modules, func(m evidence.Module) bool { return m.Name == "slow" })
		return &e.Modules[i]
	}
	o.Before = before
	slow(before).SelfMS *= 10
	p := measure(t, o)
	if again != o.Runs || p.Entry.Again == nil {
		t.Errorf("%d runs again, %+v", again, p.Entry.Again)
	}
	if got := slow(evidence.Merge(before, p.Entry)).SelfMS; got < 50 || got > 450 {
		t.Errorf("merged: %v ms", got)
	}
	if _, ok := p.Modules["slow"]; !ok || p.Entry.Runs != o.Runs {
		t.Errorf("%d runs in the lock", p.Entry.Runs)
	}
	o.Before, again = nil, 0
	if p := measure(t, o); again != 0 || p.Entry.Again != nil {
		t.Errorf("measured %d times more with nothing to compare", again)
	}
}

// TestEvidence: names, kinds, files and distributions of the rows.
func TestEvidence(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"app.py": app + "import vendored\nimport importlib\nplugin = importlib.import_module('plugins.one')\n", "helper/__init__.py": "def run(): ...\n", "helper/tools.py": "",
		"plugins/__init__.py": "", "plugins/one.py": "def f():\n    import colorsys\n",
		"vendored.py": "", "Vendored_Dist-1.5.dist-info/METADATA": "Name: Vendored_Dist\nVersion: 1.5\n", "Vendored_Dist-1.5.dist-info/RECORD": "vendored.py,,\n",
	})
	o := options(t, one(t), dir)
	// A vendored module is no source of the project.
	files, err := project.Listing(dir, []string{"app.py", "helper", "plugins"})
	if err != nil {
		t.Fatal(err)
	}
	if o.Program, err = graph.Load(t.Context(), graph.LoadOptions{Root: dir, Files: files, ImportRoots: []string{"."}, Version: o.Python.Version}); err != nil {
		t.Fatal(err)
	}
	o.Entry.Platform = "lambda"
	p := measure(t, o)
	e := p.Entry
	byName := map[string]evidence.Module{}
	for _, m := range e.Modules {
		byName[m.Name] = m
	}
	if m := byName["helper"]; m.File != "helper/__init__.py" || m.Kind != "package" || m.Distribution != "" {
		t.Errorf("%+v", m)
	}
	if m := byName["vendored"]; m.File != "" || m.Distribution != "vendored-dist" {
		t.Errorf("%+v", m)
	}
	if !slices.Contains(e.Distributions, evidence.Distribution{Name: "vendored-dist", Version: "1.5"}) {
		t.Errorf("%+v", e.Distributions)
	}
	// json belongs to start-up on Lambda; what no statement names is found.
	if _, ok := byName["json"]; ok || !slices.Contains(e.Startup, "json") || e.StartupMS <= 0 {
		t.Errorf("start-up: %v", e.Startup)
	}
	if byName["colorsys"].Phase != evidence.PhaseDeferred {
		t.Error("the function of a plugin was not followed")
	}
	if e.Environment.Implementation != "CPython" || len(e.Environment.Machine) != 12 || e.Environment.Bytecode != evidence.BytecodeCached || e.Runs != 1 {
		t.Errorf("%+v", e.Environment)
	}
	if e.TotalMinMS <= 0 || e.TotalMedianMS < e.TotalMinMS || e.PeakKiB < 1000 || len(p.Warnings) > 0 {
		t.Errorf("%+v %v", e, p.Warnings)
	}
	rt := graph.NewRuntime(e)
	rt.Order(o.Program)
	for _, imp := range o.Program.File("app.py").Imports {
		if !rt.Has(imp.Statement) {
			t.Errorf("%+v has no edge", imp.Statement)
		}
	}
}

func TestBytecodeMissing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.py": "def handler(event, context): ...\n"})
	o := options(t, one(t), dir)
	o.Env = append(o.Env, "PYTHONDONTWRITEBYTECODE=1")
	p := measure(t, o)
	if p.Entry.Environment.Bytecode != evidence.BytecodeMissing || len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "PYTHONDONTWRITEBYTECODE") {
		t.Errorf("%+v %q", p.Entry.Environment, p.Warnings)
	}
}

// TestDeferredFailures: an import in a function that fails, ends the process
// or never ends leaves the rest of the profile as it is.
func TestDeferredFailures(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"app.py":  "def handler(event, context):\n    import not_there\n    import fails\n    import deadly\n    import endless\n    import fine\n",
		"fine.py": "import wave\n", "fails.py": "raise RuntimeError\n", "deadly.py": "import os\nos._exit(1)\n", "endless.py": "while True: pass\n",
	})
	o := options(t, one(t), dir)
	o.Timeout = 2 * time.Second
	p := measure(t, o)
	if d := rows(p.Entry, evidence.PhaseDeferred); !slices.Contains(d, "wave") || !slices.Contains(d, "not_there") {
		t.Errorf("%q", d)
	}
	if len(p.Warnings) != 2 || !strings.Contains(p.Warnings[0], `"deadly"`) || !strings.Contains(p.Warnings[1], `"endless"`) {
		t.Errorf("%q", p.Warnings)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code string
		want []string
	}{
		"missing package": {"import no_such_package\n", []string{`needs the module "no_such_package"`, `File "app.py", line 1`, "--python"}},
		"own module":      {"import app.sub\n", []string{"raised ModuleNotFoundError", `File "app.py", line 1`}},
		"crash":           {"import ctypes\nctypes.string_at(0)\n", []string{"crashed its interpreter", "segmentation fault", "app.py:2"}},
		"killed":          {"import os\nos.kill(os.getpid(), 9)\n", []string{"lost its interpreter", "(killed)", "too much memory"}},
		"alarm":           {"import signal\nsignal.alarm(1)\nsignal.pause()\n", []string{"(alarm clock)", "another process sent this signal"}},
		"finder":          {"import sys\nclass F:\n    def find_spec(self, *args): raise RuntimeError('not these')\nsys.meta_path.insert(0, F())\nimport wave\n", []string{"raised RuntimeError", `File "app.py", line 5`, "RuntimeError: not these"}},
		"clears":          {"import sys\nsys.modules.clear()\nimport wave\n", []string{"raised KeyError", "KeyError: 'app'"}},
		"closes":          {"import os\nos.closerange(0, 65536)\n", []string{"closed all file descriptors"}},
		"native exit":     {"import ctypes\nctypes.CDLL(None)._exit(9)\n", []string{"exit code 9", "run it by hand"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{"app.py": c.code + "def handler(event, context): ...\n"})
			_, err := Measure(t.Context(), options(t, one(t), dir))
			var entry *EntryError
			var failure *probe.Failure
			if !errors.As(err, &entry) || !errors.As(err, &failure) || entry.Entry != "app:handler" {
				t.Fatalf("%v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is missing in\n%s", want, err)
				}
			}
			if strings.Contains(err.Error(), dir) {
				t.Errorf("paths are not relative to the project:\n%s", err)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.py": "import time\ntime.sleep(1000)\ndef handler(event, context): ...\n"})
	ctx, cancel := context.WithCancel(t.Context())
	o := options(t, one(t), dir)
	time.AfterFunc(300*time.Millisecond, cancel)
	if _, err := Measure(ctx, o); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func ExampleEntryError() {
	fmt.Println(&EntryError{Entry: "app:handler", Message: "raised KeyError while it was imported"})
	// Output: entry "app:handler" raised KeyError while it was imported
}

// TestNoise: one run that went astray is no noise of the least.
func TestNoise(t *testing.T) {
	for _, c := range []struct {
		list []time.Duration
		want float64
	}{
		{nil, 0},
		{[]time.Duration{5}, 0},
		{[]time.Duration{5, 9}, 4},
		{[]time.Duration{5, 6, 90}, 85},
		{[]time.Duration{5, 6, 7, 90}, 2},
		{[]time.Duration{5, 6, 7, 90, 91, 92, 93, 94, 95, 96}, 2},
		{[]time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20}, 5},
	} {
		for i := range c.list {
			c.list[i] *= time.Millisecond
		}
		if got := noise(c.list); got != c.want {
			t.Errorf("%v: %v, want %v", c.list, got, c.want)
		}
	}
}
