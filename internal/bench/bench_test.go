package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fastpath/internal/lambdaapi"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/oracle"
	"fastpath/internal/testtree"
)

// handler is an arm in a folder of its own.
func handler(t *testing.T, name string, p oracle.Python, files map[string]string) Arm {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	testtree.Write(t, dir, files)
	return Arm{
		Name: name, Python: p.Path, Version: "3." + strconv.Itoa(p.Minor), Root: dir, Dir: dir, ImportRoot: dir, Kind: "handler", Module: "app", Attr: "handler",
		Roots: []string{dir}, Env: launch.Environment(os.Environ(), launch.EnvOptions{}), MemoryMB: 512,
	}
}

func options(arms ...Arm) Options {
	o := Options{Arms: arms, Events: []Event{{Name: "one", JSON: []byte(`{"a": 1}`), Share: 1}}, Rounds: 2, Steady: 1, Timeout: time.Minute}
	for i := range arms[1:] {
		o.Pairs = append(o.Pairs, Pair{0, i + 1})
	}
	return o
}

// TestRun: what init and the first request load, in an arm of each state of
// the byte-code; nothing is left behind.
func TestRun(t *testing.T) {
	temp := t.TempDir()
	p := oracle.One(t)
	base := handler(t, "now", p, map[string]string{
		"app.py":   "import heavy\nimport other\n\n\ndef handler(event, context):\n    return heavy.VALUE\n",
		"heavy.py": "VALUE = 1\n", "other.py": "\n",
	})
	changed := handler(t, "lazy", p, map[string]string{
		"app.py":   "def handler(event, context):\n    import heavy\n\n    return heavy.VALUE\n",
		"heavy.py": "VALUE = 1\n",
	})
	missing, first := base, base
	missing.Name, missing.Bytecode = "missing", launch.BytecodeMissing
	first.Name, first.Bytecode = "first", launch.BytecodeFirstRun
	t.Setenv("TMPDIR", temp)
	o := options(base, changed, missing, first)
	planned, reports := 0, 0
	o.Precision, o.MaxRounds = 0.001, 12
	o.Watch.Plan = func(rounds int, _ time.Duration) { planned = rounds }
	o.Watch.Report = func(_, _ string, r []lambdaapi.Report) { reports += len(r) }
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Rounds != 12 || planned != 12 || reports != 4*12*2 {
		t.Errorf("%d rounds, %d planned, %d reports", r.Rounds, planned, reports)
	}
	c := r.Comparison
	if strings.Join(c.ModulesGone, " ") != "heavy other" || len(c.ModulesNew) != 0 || !c.Equal || strings.Join(c.Events[0].ModulesReturned, " ") != "heavy" {
		t.Errorf("%+v %+v", c, c.Events[0])
	}
	if got := fmt.Sprint(c.GoneChains); got != "map[heavy:[app.py:1] other:[app.py:2]]" {
		t.Errorf("chains %s", got)
	}
	for _, f := range r.Further {
		if len(f.ModulesGone)+len(f.ModulesNew) > 0 || !f.Equal || f.Before != "now" {
			t.Errorf("%+v", f)
		}
	}
	for _, a := range r.Arms {
		if a.InitMS.Min <= 0 || a.FirstRequestMS == nil || a.SteadyRequestMS == nil || a.InitMS.N != 12 || a.Modules.N != 1 {
			t.Errorf("%+v", a)
		}
	}
	empty(t, temp)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestInterrupted: an interrupt in the middle leaves no process and no folder.
func TestInterrupted(t *testing.T) {
	p := oracle.One(t)
	arm := handler(t, "now", p, map[string]string{
		"app.py": "import os\nimport subprocess\nimport sys\n\nchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n" +
			"with open('pids', 'a') as f:\n    f.write('%d %d\\n' % (os.getpid(), child.pid))\n\n\ndef handler(event, context):\n    return 1\n",
	})
	arm.Bytecode = launch.BytecodeFirstRun
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o := options(arm)
	o.Rounds = 1000
	o.Watch.Progress = func(done, _ int) {
		if done == 3 {
			time.AfterFunc(50*time.Millisecond, cancel)
		}
	}
	if _, err := Run(ctx, o); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	empty(t, temp)
	pids, err := os.ReadFile(filepath.Join(arm.Root, "pids"))
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range strings.Fields(string(pids)) {
		if !gone(pid) {
			t.Errorf("process %s still runs", pid)
		}
	}
}

// gone reports whether a process ends soon, where /proc tells.
func gone(pid string) bool {
	for range 500 {
		stat, err := os.ReadFile("/proc/" + pid + "/stat")
		if err != nil || strings.Contains(string(stat), ") Z ") {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// TestEquals runs benches of equal arms for real, as many as
// FASTPATH_REAL_BENCH says, each of twenty rounds: none may report a
// difference. It takes about ten seconds a bench.
func TestEquals(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("FASTPATH_REAL_BENCH"))
	if err != nil {
		t.Skip("FASTPATH_REAL_BENCH says how many real benches to run")
	}
	p := oracle.One(t)
	files := map[string]string{"app.py": "import asyncio\nimport decimal\nimport email.message\nimport http.client\n\n\ndef handler(event, context):\n    import xml.dom.minidom\n\n    return event\n"}
	alarms := 0
	for k := range n {
		o := options(handler(t, "one", p, files), handler(t, "same", p, files))
		o.Events = append(o.Events, Event{Name: "two", JSON: []byte("{}"), Share: 1})
		o.Rounds, o.Seed = 20, uint64(k)
		r, err := Run(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		c := r.Comparison
		text := fmt.Sprintf("bench %d: cold start %s, p %.3f, %+.1f%%", k, c.ColdStart.Verdict, c.ColdStart.P, c.ColdStart.Share*100)
		if s := c.ColdStart.SeenShare; s != nil {
			text += fmt.Sprintf(", %.0f%% would have been seen", *s*100)
		}
		t.Log(text)
		for _, ch := range []Change{c.ColdStart, c.Init, r.Events[0].Change, r.Events[1].Change} {
			if ch.Verdict != NoDifference {
				alarms++
				t.Errorf("bench %d: %+v", k, ch)
			}
		}
		if !c.Equal || len(c.ModulesGone)+len(c.ModulesNew) > 0 {
			t.Errorf("bench %d: %+v", k, c)
		}
	}
	t.Logf("%d of %d benches of equals report a difference", alarms, n)
}

// TestCheckout: the files of a revision as a work tree has them, and a
// repository that knows nothing of it.
func TestCheckout(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	repo, dest := t.TempDir(), t.TempDir()
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("git", args...)
		cmd.Dir = repo
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.org")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	testtree.Write(t, repo, map[string]string{
		"readme.txt": "top\n", ".gitattributes": "*.py export-ignore\n*.crlf text eol=crlf\n",
		"services/a b/app.py": "old\n", "services/a b/ünï.py": "x\n", "services/a b/lines.crlf": "1\n2\n", "services/[x]/app.py": "y\n", "services/a bc/app.py": "z\n",
	})
	if err := os.Chmod(filepath.Join(repo, "services/a b/app.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	run("init", "-q", "-b", "main")
	run("add", "-A")
	run("commit", "-q", "-m", "one")
	testtree.Write(t, repo, map[string]string{"services/a b/app.py": "new\n", "services/a b/untracked.py": "u\n"})
	run("add", "services/a b/app.py") // staged, and not committed
	before := run("status", "--porcelain") + run("worktree", "list") + run("count-objects")

	folder, err := Checkout(t.Context(), filepath.Join(repo, "services", "a b"), "HEAD", dest)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"app.py": "old\n", "ünï.py": "x\n", "lines.crlf": "1\r\n2\r\n"} {
		if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "app.py")); err != nil || info.Mode()&0o100 == 0 {
		t.Errorf("app.py is not executable: %v", err)
	}
	for _, name := range []string{"untracked.py", "../a bc", "../../readme.txt"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			t.Errorf("%s is there", name)
		}
	}
	if after := run("status", "--porcelain") + run("worktree", "list") + run("count-objects"); after != before {
		t.Errorf("the repository changed:\n%s\n%s", before, after)
	}
	brackets, err := Checkout(t.Context(), filepath.Join(repo, "services", "[x]"), "main", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(brackets, "app.py")); err != nil || string(got) != "y\n" {
		t.Errorf("brackets: %q, %v", got, err)
	}
	whole, err := Checkout(t.Context(), repo, "main", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(whole, "services", "a bc", "app.py")); err != nil {
		t.Error(err)
	}
	for rev, want := range map[string]string{"nowhere": "neither a folder nor a git revision", "--output=x": "neither a folder nor a git revision"} {
		if _, err := Checkout(t.Context(), repo, rev, t.TempDir()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", rev, err)
		}
	}
}
