//go:build unix

package profile

import (
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/config"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// TestRunsAlone: interpreters get ready at the same time, and each entry, like
// each file of --setup, runs alone.
func TestRunsAlone(t *testing.T) {
	t.Parallel()
	const helper = "import os, time\ndef log(what):\n    with open(os.environ['RUNS_LOG'], 'a') as f: f.write(what + '\\n')\n"
	// The probe as a measurement has compiled it, and of no Python at all.
	codeDir, badDir := t.TempDir(), t.TempDir()
	dir := t.TempDir()
	write(t, dir, map[string]string{"app.py": "def handler(event, context): ...\n"})
	o := options(t, one(t), dir)
	o.CodeDir = codeDir
	measure(t, o)
	if !probe.ReadCode(codeDir, o.Python.Version).Known() {
		t.Fatal("the code was not kept")
	}
	spoil(t, codeDir, badDir)
	for name, c := range map[string]struct {
		change func(o *Options)
		busy   bool
		alone  bool // at the start, too
		parts  int  // of the user's code, in each run
		starts int  // of interpreters, all in all; 0: any number
	}{
		"handler":   {change: func(*Options) {}, parts: 1, starts: 6},
		"lambda":    {change: func(o *Options) { o.Entry.Platform = config.PlatformLambda }, parts: 1, starts: 6},
		"split":     {change: func(o *Options) { o.Split = true }, parts: 1, starts: 11},
		"setup":     {change: func(o *Options) { o.Setup = filepath.Join(o.Root, "prepare.py") }, parts: 2, starts: 6},
		"first run": {change: func(o *Options) { o.Bytecode = launch.BytecodeFirstRun }, alone: true, parts: 1, starts: 6},
		"code":      {change: func(o *Options) { o.CodeDir = codeDir }, parts: 1, starts: 6},
		"bad code":  {change: func(o *Options) { o.CodeDir = badDir }, parts: 1},
		"busy":      {change: func(*Options) {}, busy: true, alone: true, parts: 1, starts: 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			log := filepath.Join(dir, "runs.log")
			work := "log('begin')\ntime.sleep(0.02)\nlog('end')\n"
			write(t, dir, map[string]string{
				"app.py":           helper + work + "def handler(event, context): ...\n",
				"prepare.py":       helper + work,
				"sitecustomize.py": helper + "log('start')\n",
			})
			o := options(t, one(t), dir)
			o.Env = append(o.Env, "RUNS_LOG="+log, "PYTHONPATH="+dir)
			o.Runs = 5
			c.change(&o)
			o.free = func(int, bool) bool { return !c.busy }
			p := measure(t, o)
			if lambda := o.Entry.Platform == config.PlatformLambda; p.Entry.StartupMS > 0 != lambda || p.Entry.Runs != 5 || p.Modules["app"].MinMS < 20 {
				t.Errorf("%+v, %+v", p.Entry, p.Modules["app"])
			}
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			last := strings.LastIndex(string(data), "end")
			running, ran, ready, most, starts := false, 0, 0, 0, 0
			for line := range strings.Lines(string(data[:last])) {
				switch strings.TrimSpace(line) {
				case "start":
					starts++
					if ready++; running && ran >= c.parts {
						t.Error("an interpreter started while another one was measured")
					}
				case "begin":
					if running {
						t.Error("two entries ran at the same time")
					}
					running, ready = true, 0
				case "end":
					running = false
					ran++
				}
				most = max(most, ready)
			}
			if c.alone != (most == 1) {
				t.Errorf("up to %d interpreters got ready at the same time:\n%s", most, data)
			}
			// The start of the interpreter is timed once, three times where code runs in it that takes
			// long: in the last run where that can be, and behind all runs.
			if behind := strings.Count(string(data[last:]), "start"); p.Startup == nil || p.Startup.InterpreterMS <= 0 || (behind%2 > 0) != (o.Bytecode == launch.BytecodeFirstRun) {
				t.Errorf("%d interpreters were started behind all runs; %+v", behind, p.Startup)
			}
			if c.starts > 0 && starts != c.starts {
				t.Errorf("%d interpreters were started, not %d", starts, c.starts)
			}
		})
	}
}

// TestClientAlone: AWS's runtime client is imported alone in the first run, and in a
// run that has no other beside it, as the last one has, in others before they wait;
// never while an entry runs.
func TestClientAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := filepath.Join(dir, "runs.log")
	const helper = "import os, time\ndef log(what):\n    with open(os.environ['RUNS_LOG'], 'a') as f: f.write('%s %d\\n' % (what, os.getpid()))\n"
	write(t, dir, map[string]string{
		"app.py":                    helper + "log('begin')\ntime.sleep(0.02)\nlog('end')\ndef handler(event, context): ...\n",
		"awslambdaric/__init__.py":  "",
		"awslambdaric/bootstrap.py": helper + "log('client')\ntime.sleep(0.03)\nlog('imported')\n",
	})
	o := options(t, one(t), dir)
	o.Entry.Platform = config.PlatformLambda
	o.Env = append(o.Env, "RUNS_LOG="+log, "PYTHONPATH="+dir)
	o.Runs = 7 // four, two, one
	o.free = func(int, bool) bool { return true }
	if p := measure(t, o); p.Entry.StartupMS < 30 {
		t.Errorf("the client took %.1f ms", p.Entry.StartupMS)
	}
	data, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	var runs []int // where each entry begins
	for i, line := range lines {
		switch what, pid, _ := strings.Cut(line, " "); {
		case what == "begin":
			runs = append(runs, i)
		case len(runs) > 1 && what != "end" && strings.HasPrefix(lines[i-1], "begin"):
			t.Errorf("%s of %s while an entry ran:\n%s", what, pid, data)
		}
	}
	if len(runs) != 8 {
		t.Fatalf("%d entries:\n%s", len(runs), data)
	}
	alone := func(run int) bool { // the entry follows at once, and nothing came between
		_, pid, _ := strings.Cut(lines[runs[run]], " ")
		at := slices.Index(lines, "client "+pid)
		return at == runs[run]-2 && !strings.HasPrefix(lines[at-1], "client")
	}
	for _, run := range []int{1, 7} { // 0 is the graph pass
		if !alone(run) {
			t.Errorf("in run %d the client was not alone:\n%s", run, data)
		}
	}
	for run, first := range map[int]int{2: 1, 3: 1, 4: 1, 5: 5, 6: 5} {
		_, pid, _ := strings.Cut(lines[runs[run]], " ")
		if at := slices.Index(lines, "imported "+pid); at > runs[first] {
			t.Errorf("in run %d the client was imported beside a run:\n%s", run, data)
		}
	}
}

// TestLastRunIsAsOthers: where the start of the interpreter is timed with the last run, the
// entry finds there what it finds in others; where it would not, it is timed alone.
func TestLastRunIsAsOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		custom string // sitecustomize
		flag   string // of a script that starts Python
		timed  bool
	}{"usual": {timed: true}, "multiprocessing": {custom: "import multiprocessing\n"}, "without site": {flag: "-S"}, "isolated": {flag: "-I", timed: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			log := filepath.Join(dir, "runs.log")
			write(t, dir, map[string]string{
				"app.py": "import os, sys\n" +
					"children = sys.flags.no_site if 'multiprocessing' in sys.modules else None\n" +
					"with open(os.environ['RUNS_LOG'], 'a') as f: f.write('%s %s %s\\n' % (sys.flags.no_site, 'site' in sys.modules, children))\n" +
					"def handler(event, context): ...\n",
				"sitecustomize.py": c.custom,
			})
			o := options(t, one(t), dir)
			o.Env = append(o.Env, "RUNS_LOG="+log, "PYTHONPATH="+dir)
			o.Runs = 4
			looks := 0
			o.free = func(int, bool) bool { looks++; return looks > 2 } // in pairs from the first run on
			if c.flag != "" {
				script := filepath.Join(t.TempDir(), "python")
				if err := os.WriteFile(script, []byte("#!/bin/sh\nexec '"+o.Python.Path+"' "+c.flag+" \"$@\"\n"), 0o755); err != nil {
					t.Fatal(err)
				}
				python := *o.Python
				python.Path = script
				o.Python = &python
			}
			measure(t, o)
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			lines := strings.Split(strings.TrimSpace(string(data)), "\n")
			if len(lines) != 5 {
				t.Fatalf("%q", lines)
			}
			for i, line := range lines {
				without, what, _ := strings.Cut(line, " ")
				_, first, _ := strings.Cut(lines[0], " ")
				if what != first {
					t.Errorf("run %d finds %q, the first %q", i, what, first)
				}
				if timed := without == "1" && c.flag != "-S"; timed != (c.timed && i == 4) {
					t.Errorf("run %d: %q", i, line)
				}
			}
		})
	}
}

// spoil copies the files of a folder and makes the code in them one of another
// Python, with a checksum that is right.
func spoil(t *testing.T, from, to string) {
	t.Helper()
	list, err := os.ReadDir(from)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	data, err := os.ReadFile(filepath.Join(from, list[0].Name()))
	if err != nil {
		t.Fatal(err)
	}
	content := data[sha256.Size:]
	content[4]++ // the first byte of a version
	sum := sha256.Sum256(content)
	if err := os.WriteFile(filepath.Join(to, list[0].Name()), append(sum[:], content...), 0o600); err != nil {
		t.Fatal(err)
	}
}
