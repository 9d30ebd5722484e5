//go:build unix

package profile

import (
	"crypto/sha256"
	"os"
	"path/filepath"
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
	}{
		"handler":   {change: func(*Options) {}, parts: 1},
		"lambda":    {change: func(o *Options) { o.Entry.Platform = config.PlatformLambda }, parts: 1},
		"split":     {change: func(o *Options) { o.Split = true }, parts: 1},
		"setup":     {change: func(o *Options) { o.Setup = filepath.Join(o.Root, "prepare.py") }, parts: 2},
		"first run": {change: func(o *Options) { o.Bytecode = launch.BytecodeFirstRun }, alone: true, parts: 1},
		"code":      {change: func(o *Options) { o.CodeDir = codeDir }, parts: 1},
		"bad code":  {change: func(o *Options) { o.CodeDir = badDir }, parts: 1},
		"busy":      {change: func(*Options) {}, busy: true, alone: true, parts: 1},
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
			o.free = func(int) bool { return !c.busy }
			p := measure(t, o)
			if lambda := o.Entry.Platform == config.PlatformLambda; p.Entry.StartupMS > 0 != lambda || p.Entry.Runs != 5 || p.Modules["app"].MinMS < 20 {
				t.Errorf("%+v, %+v", p.Entry, p.Modules["app"])
			}
			data, err := os.ReadFile(log)
			if err != nil {
				t.Fatal(err)
			}
			last := strings.LastIndex(string(data), "end")
			running, ran, ready, most := false, 0, 0, 0
			for line := range strings.Lines(string(data[:last])) { // the start of the interpreter is timed behind it
				switch strings.TrimSpace(line) {
				case "start":
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
