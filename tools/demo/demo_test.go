package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// TestEndToEnd runs the demo's line on the example and judges what it found.
func TestEndToEnd(t *testing.T) { eachPython(t, endToEnd) }

// lightMS is the limit of what is light in these tests. The example's own
// modules cost up to 10 ms, what is judged as heavy 30 ms and more, on a quiet
// machine: at the documents' limit of 10 ms a machine that is a tenth slower
// decides something else about them.
const lightMS = 17

// eachPython runs f in a workspace of every interpreter that FASTPATH_E2E
// lists (paths or names, separated as in PATH). It installs the example's
// requirements, so that it needs the network the first time; "make test" sets
// the variable.
func eachPython(t *testing.T, f func(t *testing.T, w *Workspace)) {
	t.Helper()
	pythons := filepath.SplitList(os.Getenv("FASTPATH_E2E"))
	if len(pythons) == 0 {
		t.Skip("FASTPATH_E2E names no interpreter")
	}
	repository, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "fastpath")
	build := exec.Command("go", "build", "-o", binary, "./cmd/fastpath")
	build.Dir, build.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, python := range pythons {
		t.Run(strings.ReplaceAll(strings.TrimLeft(python, "/"), "/", "_"), func(t *testing.T) {
			log := &buffer{step: func(s string) { t.Log(s) }}
			t.Cleanup(func() {
				if t.Failed() {
					t.Log(log.String())
				}
			})
			w, err := NewWorkspace(t.Context(), Options{
				Repository: repository, Venvs: filepath.Join(repository, ".demo"), Dir: t.TempDir(), Binary: binary, Python: python, LightMS: lightMS, Log: log,
			})
			if err != nil {
				t.Fatal(err)
			}
			f(t, w)
		})
	}
}

func endToEnd(t *testing.T, w *Workspace) {
	ctx := t.Context()
	t.Logf("Python %s", w.Version)
	stop, err := w.StartStack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { // before the test's context ends
		if err := stop(); err != nil {
			t.Error(err)
		}
	}()
	original := contents(t, w.App)
	r, err := Line(ctx, w, 1)
	if err != nil {
		t.Fatal(err)
	}
	if log, ok := w.Log.(*buffer); ok {
		log.forget() // or what follows is lost before it
	}

	if r.TestsBefore < 40 || r.Events < 8 || r.DocumentsTests != 2 {
		t.Errorf("ran %d tests, %d events and %d of the documents' tests", r.TestsBefore, r.Events, r.DocumentsTests)
	}
	judgeDecisions(t, r.Before)
	for _, module := range []string{"boto3", "pandas", "requests", "marshmallow"} {
		if !slices.Contains(r.Bench.Comparison.ModulesGone, module) {
			t.Errorf("%s is still loaded at start", module)
		}
	}
	if !r.Bench.Comparison.Equal {
		t.Error("bench saw other answers after apply")
	}
	var shown strings.Builder
	if err := printTable(&shown, w, r); err != nil {
		t.Fatal(err)
	}
	judgeReadme(t, shown.String(), r.Regression)

	// Only the files with a moved or a hot import changed.
	want := []string{"fast_path.py", "fastpath.lock", "gateway.py", "interface_cache.py", "lambda_function.py", "pyproject.toml", "report_core.py"}
	if got := differing(original, contents(t, w.App)); !slices.Equal(got, want) {
		t.Errorf("changed files: %q, want %q", got, want)
	}

	for _, want := range []string{"state_core.py:", "boto3", "[FP201]", "chain: lambda_function.py:"} {
		if !strings.Contains(r.Regression, want) {
			t.Errorf("check of a hot file that imports boto3 does not say %q:\n%s", want, r.Regression)
		}
	}
	for _, args := range [][]string{{"why", "pandas"}, {"usage", "report"}, {"review"}, {"plan", "--policy", "lifetime"}} {
		if out, _, err := w.Fastpath(ctx, false, args...); err != nil || len(out) == 0 {
			t.Errorf("fastpath %q: %v, %d bytes of output", args, err, len(out))
		}
	}

	// Undo restores every byte; the evidence and the configuration stay.
	if _, code, err := w.Fastpath(ctx, false, "apply", "undo"); err != nil || code != 0 {
		t.Fatalf("apply undo: exit %d, %v", code, err)
	}
	if got, want := differing(original, contents(t, w.App)), []string{"fastpath.lock", "pyproject.toml"}; !slices.Equal(got, want) {
		t.Errorf("after undo these files differ: %q, want %q", got, want)
	}
}

// figures are what differs from run to run and from machine to machine.
var figures = regexp.MustCompile(`[+-]?[\d.,]+ ?(ms|MiB|%|×)|\d{4}-\d{2}-\d{2}|\[[^\]]*\]|\bof today|\d+ days? old`)

// judgeReadme holds that the README shows what the demo prints: the heads of
// the lines of its picture, and every word of the finding.
func judgeReadme(t *testing.T, table, finding string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	block := func(after string) string {
		_, rest, _ := strings.Cut(string(text), after+"\n")
		inside, _, _ := strings.Cut(rest, "```")
		return inside
	}
	picture := block("```text")
	if len(picture) < 1000 {
		t.Error("README.md has no picture of the demo's output")
	}
	for line := range strings.Lines(picture) {
		head, _, _ := strings.Cut(strings.TrimSpace(line), "  ")
		head, _, _ = strings.Cut(head, " · ") // the interpreter differs
		if !strings.Contains(table, head) {
			t.Errorf("README.md shows %q, which the demo does not print", head)
		}
	}
	want, got := figures.ReplaceAllString(block("$ fastpath check"), "N"), figures.ReplaceAllString(finding, "N")
	if strings.TrimSpace(want) != strings.TrimSpace(got) {
		t.Errorf("README.md shows another finding than check prints:\n%s", finding)
	}
}

// buffer is a log that the output streams of one process may share; it tells
// the lines that open a step as they come.
type buffer struct {
	step func(string)
	mu   sync.Mutex
	text bytes.Buffer
}

var opensStep = regexp.MustCompile(`^\s*\d+\. |^installing `)

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if opensStep.Match(p) {
		b.step(strings.TrimSpace(string(p)))
	}
	return b.text.Write(p)
}

func (b *buffer) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text.Reset()
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// judgeDecisions compares the plan with what the example is made to show.
func judgeDecisions(t *testing.T, p planJSON) {
	t.Helper()
	find := func(file, module string) decisionJSON {
		for _, d := range p.Decisions {
			if d.Statement.File == file && d.Module == module {
				return d
			}
		}
		t.Errorf("the plan has no decision for %s in %s", module, file)
		return decisionJSON{}
	}
	for _, want := range []struct{ file, module, decision string }{
		{"lambda_function.py", "boto3", "function"},
		{"report_core.py", "pandas", "function"},
		{"interface_cache.py", "requests", "function"},
		{"gateway.py", "interface_backup", "function"}, // what it imports cannot move
		{"backup_core.py", "marshmallow", "keep"},
		{"lambda_function.py", "gateway", "tier2"},
		{"speech_core.py", "jinja2", "tier2"},
		{"lambda_function.py", "urllib.request", "function"}, // with a guard: a test patches it
		{"lambda_function.py", "cache_core", "tier1"},
		{"lambda_function.py", "answers", "tier1"},
	} {
		d := find(want.file, want.module)
		if d.Decision != want.decision {
			t.Errorf("%s: %s is %q (%s), want %q", want.file, want.module, d.Decision, d.Reason, want.decision)
		}
		if d.UsageShare == nil {
			continue
		}
		switch share := *d.UsageShare; {
		case want.decision == "tier2" && share <= 0.8, want.decision == "function" && share > 0.1:
			t.Errorf("%s is used by %.1f %% of requests", want.module, share*100)
		}
	}
}

// contents reads the files of a project, caches and git's own left out.
func contents(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".fastpath", "__pycache__"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		text, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		files[filepath.ToSlash(rel)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// differing lists the files that only one of two trees has, or that differ.
func differing(a, b map[string]string) []string {
	var names []string
	for name, text := range a {
		if other, ok := b[name]; !ok || other != text {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// TestChangedDecisions compares plans in which statements moved.
func TestChangedDecisions(t *testing.T) {
	plan := func(rows ...string) (p planJSON) {
		for _, row := range rows {
			fields := strings.Fields(row)
			d := decisionJSON{Module: fields[1], Decision: fields[2]}
			d.Statement.File = fields[0]
			p.Decisions = append(p.Decisions, d)
		}
		return p
	}
	before := plan("h.py json tier1", "h.py os tier1", "c.py json tier1", "h.py boto3 function", "h.py yaml keep", "cold.py gzip tier1")
	if got := changedDecisions(before, plan("h.py boto3 function", "fast_path.py json tier1", "c.py json tier1", "h.py yaml keep", "h.py os tier1"), 10); len(got) > 0 {
		t.Errorf("nothing changed, got %q", got)
	}
	got := changedDecisions(before, plan("h.py boto3 keep", "c.py json tier1", "h.py os tier1"), 10)
	want := []string{"boto3: function before, keep after", "yaml: keep before, not listed after"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}

	timed := func(decision string, ms float64) planJSON {
		p := plan("h.py scenes "+decision, "h.py os tier1")
		p.Decisions[0].AloneMS = ms
		return p
	}
	for _, c := range []struct {
		before, after planJSON
		changed       int
	}{
		{timed("tier1", 9), timed("keep", 12), 0}, // not light any more
		{timed("keep", 12), timed("tier1", 9), 0},
		{timed("tier1", 8), timed("keep", 9), 1}, // light as before
		{timed("tier1", 9), timed("keep", 30), 0},
		{timed("tier1", 9), timed("function", 12), 0}, // at the limit
		{timed("function", 12), timed("tier1", 9), 0},
		{timed("tier1", 9), timed("function", 13), 1}, // moves
		{timed("function", 12), timed("tier1", 5), 1}, // goes back
	} {
		if got := changedDecisions(c.before, c.after, 10); len(got) != c.changed {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// TestReturned names the reason why a first request got slower.
func TestReturned(t *testing.T) {
	for _, c := range []struct {
		loaded []string
		want   []string
	}{
		{nil, nil},
		{[]string{"botocore", "boto3", "boto3.session", "pandas"}, []string{"boto3", "pandas"}},
		{[]string{"_strptime", "calendar"}, []string{"calendar"}},
		{[]string{"a.b", "a.c", "d", "e", "f", "g"}, []string{"a", "d", "e", "2 more"}},
	} {
		if got := returned([]string{"boto3", "pandas"}, c.loaded); !slices.Equal(got, c.want) {
			t.Errorf("returned(%q) = %q, want %q", c.loaded, got, c.want)
		}
	}
}

// TestFigures writes figures as the table shows them.
func TestFigures(t *testing.T) {
	low, high := 405.2, 430.7
	for _, c := range []struct{ got, want string }{
		{ms(figureJSON{Median: 412.3, Low: &low, High: &high}), "412 ms [405–431]"},
		{ms(figureJSON{Median: 3.14159}), "3.1 ms"},
		{change(changeJSON{DiffMS: -205.4, Share: -0.745, Verdict: "faster"}), "-205 ms (-74 %)"},
		{change(changeJSON{DiffMS: 0.4, Share: 0.01, Verdict: "no difference"}), "+0.4 ms, no difference"},
		{percent(0.008), "0.8 %"},
		{percent(0.36), "36 %"},
		{grouped(1200000), "1,200,000"},
		{grouped(350), "350"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
