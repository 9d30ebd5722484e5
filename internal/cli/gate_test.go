package cli

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/diag"
	"fastpath/internal/gate"
	"fastpath/internal/testtree"
)

// gateRepository is a git repository with a small function, one commit, and a
// branch "main" there.
type gateRepository struct {
	t   *testing.T
	dir string
}

func newGateRepository(t *testing.T) *gateRepository {
	t.Helper()
	r := &gateRepository{t, t.TempDir()}
	testtree.Write(t, r.dir, map[string]string{
		"fastpath.toml":     "entries = [\"app:handler\"]\n",
		"app.py":            "import gateway\n\n\ndef handler(event, context):\n    return gateway.route(event)\n",
		"gateway.py":        "import routes\n\n\ndef route(event):\n    return routes.find(event)\n",
		"routes.py":         "import views\n\n\ndef find(event):\n    return views.show(event)\n",
		"views.py":          "import json\n\n\ndef show(event):\n    return json.dumps(event)\n",
		"slow/__init__.py":  "import time\n\nimport slow.deep\n\ntime.sleep(0.15)\n",
		"slow/deep.py":      "",
		"events/hello.json": "{}\n",
	})
	r.git("init", "-q", "-b", "main")
	r.commit("base")
	return r
}

func (r *gateRepository) git(args ...string) {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"}, args...)...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("git %q: %v\n%s", args, err, out)
	}
}

func (r *gateRepository) commit(message string) {
	r.git("add", "-A")
	r.git("commit", "-q", "-m", message)
}

// change is a branch that adds a slow import three modules away, below a line
// that moved.
func (r *gateRepository) change() {
	r.git("checkout", "-q", "-b", "change")
	testtree.Write(r.t, r.dir, map[string]string{"views.py": "# The views.\nimport json\nimport slow\n\n\ndef show(event):\n    return json.dumps(event), slow.__name__\n"})
	r.commit("change")
	// What happens on main since does not count: the merge base does.
	r.git("checkout", "-q", "main")
	testtree.Write(r.t, r.dir, map[string]string{"gateway.py": "import csv\nimport routes\n\n\ndef route(event):\n    return routes.find(event)\n"})
	r.commit("elsewhere")
	r.git("checkout", "-q", "change")
}

// run is the gate in the repository.
func (r *gateRepository) run(opt gateOptions) (*gateResult, string, error) {
	r.t.Helper()
	var errs bytes.Buffer
	a := &app{Command: Command{Stdin: strings.NewReader(""), Stdout: &errs, Stderr: &errs, Dir: r.dir, Env: os.Environ()}, ctx: r.t.Context()}
	p, err := a.openProject()
	if err != nil {
		r.t.Fatal(err)
	}
	src, err := a.openSources(p)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := a.gateFindings(p, src, opt)
	return res, errs.String(), err
}

// namesTheLine holds that the gate's finding names chain and line.
func namesTheLine(t *testing.T, d *diag.Diagnostic) {
	t.Helper()
	if d.Rule != gate.RuleModules || d.Severity != diag.Error || d.Span.File != "views.py" || d.Span.Line != 3 ||
		!strings.HasPrefix(d.Message, `"slow" is new at start`) ||
		d.Notes[0] != "chain: app.py:1 > gateway.py:1 > routes.py:1 > views.py:3 > slow" {
		t.Errorf("%+v", d)
	}
}

func TestGateNamesTheLine(t *testing.T) {
	r := newGateRepository(t)
	r.change()
	res, _, err := r.run(gateOptions{against: "main"})
	if err != nil || len(res.findings) != 1 || len(res.base) < 40 {
		t.Fatalf("%+v, %v", res, err)
	}
	namesTheLine(t, &res.findings[0])
	// Moved to where it is used, nothing is left to say.
	testtree.Write(t, r.dir, map[string]string{"views.py": "import json\n\n\ndef show(event):\n    import slow\n\n    return json.dumps(event), slow.__name__\n"})
	if res, _, err = r.run(gateOptions{against: "main"}); err != nil || len(res.findings) > 0 {
		t.Errorf("in a function: %+v, %v", res, err)
	}
	r.git("status", "--short") // the repository is as it was
	if _, err := os.Stat(filepath.Join(r.dir, ".git", "worktrees")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a work tree is registered: %v", err)
	}
}

// Measured, the same line is named, and the clock agrees.
func TestGateMeasures(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts 120 processes")
	}
	r := newGateRepository(t)
	if res, log, err := r.run(gateOptions{against: "HEAD", measure: true}); err != nil || len(res.findings) > 0 {
		t.Fatalf("equal states: %+v, %v\n%s", res, err, log)
	}
	r.change()
	res, log, err := r.run(gateOptions{against: "main", measure: true})
	if err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	if d := namesTheLineAndTime(t, res, log); d != nil && (d.Span.File != "app.py" || !strings.Contains(d.Message, "the cold start is ") || !strings.Contains(log, "measuring once more")) {
		t.Errorf("%+v\n%s", d, log)
	}
}

// namesTheLineAndTime holds that the gate names the line, and returns what it
// says of the time: nil where the machine is too busy for 0.15 s to be seen.
func namesTheLineAndTime(t *testing.T, res *gateResult, log string) (slower *diag.Diagnostic) {
	t.Helper()
	named := false
	for i := range res.findings {
		switch d := &res.findings[i]; d.Rule {
		case gate.RuleSlower:
			slower = d
		default:
			namesTheLine(t, d)
			named = true
		}
	}
	switch {
	case !named:
		t.Errorf("%+v\n%s", res, log)
	case slower == nil:
		t.Logf("the time was not judged: %v\n%s", res.notes, log)
	}
	return slower
}

// Without events init alone decides, and the output says so.
func TestGateWithoutEvents(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts 80 processes")
	}
	r := newGateRepository(t)
	r.git("rm", "-q", "-r", "events")
	r.commit("no events")
	r.change()
	res, log, err := r.run(gateOptions{against: "main", measure: true})
	if err != nil || len(res.notes) == 0 || !strings.Contains(res.notes[0], "app:handler has no events, so that init alone was timed and decides") {
		t.Fatalf("%+v, %v\n%s", res, err, log)
	}
	if d := namesTheLineAndTime(t, res, log); d != nil && (!strings.HasPrefix(d.Message, "init is ") || !strings.Contains(strings.Join(d.Notes, "\n"), "init, without any request")) {
		t.Errorf("%+v\n%s", d, log)
	}
}

// Without a merge base the gate says why there is none, and how to get one.
func TestGateWithoutBase(t *testing.T) {
	r := newGateRepository(t)
	r.change()
	shallow := &gateRepository{t, filepath.Join(t.TempDir(), "clone")}
	if out, err := exec.Command("git", "clone", "-q", "--depth", "1", "--branch", "change", "--no-single-branch", "file://"+r.dir, shallow.dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for rev, want := range map[string]string{
		"origin/main": "--against origin/main: this shallow clone does not hold the commit where it and HEAD branched off; fetch the history first: git fetch --unshallow",
		"v1":          "--against v1: this shallow clone has no such revision; fetch the history first",
	} {
		if _, _, err := shallow.run(gateOptions{against: rev}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", rev, err, want)
		}
	}
	r.git("checkout", "-q", "--orphan", "other")
	r.commit("other")
	for rev, want := range map[string]string{
		"main": "--against main: it has no commit in common with HEAD",
		"nope": "--against nope: there is no such git revision; name a branch, a tag or a commit that is fetched",
	} {
		if _, _, err := r.run(gateOptions{against: rev}); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", rev, err, want)
		}
	}
	bare := &gateRepository{t, t.TempDir()}
	testtree.Write(t, bare.dir, map[string]string{"fastpath.toml": "entries = [\"app:handler\"]\n", "app.py": "def handler(event, context): ...\n"})
	if _, _, err := bare.run(gateOptions{against: "main"}); err == nil || !strings.Contains(err.Error(), "the project is not in a git repository") {
		t.Errorf("no repository: %v", err)
	}
}
