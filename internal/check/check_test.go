package check

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/config"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// load parses a project that is given as files.
func load(t *testing.T, files map[string]string) *graph.Program {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for name, text := range files {
		p := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	prog, err := graph.Load(t.Context(), graph.LoadOptions{Root: dir, Files: names, ImportRoots: []string{"."}, Version: syntax.Version{Major: 3, Minor: 12}})
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// input is one entry of a project without evidence.
func input(t *testing.T, files map[string]string) *Input {
	t.Helper()
	cfg := config.Default()
	e := project.Entry{Name: "app:handler", Module: "app", Attr: "handler", File: "app.py", Line: 2, ImportRoot: ".", FastPath: "fast_path.py"}
	prog := load(t, files)
	return &Input{
		Config: cfg, Today: time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC),
		Entries: []*Entry{{Entry: e, Program: prog, Plan: plan.Build(plan.Input{Program: prog, Entry: e, Config: cfg})}},
	}
}

func TestHotPath(t *testing.T) {
	in := input(t, map[string]string{
		"app.py":           "from fast_path import *\ndef handler(e, c): ...\nif DEBUG:\n    import debugging\n",
		"fast_path.py":     "import gateway\n__all__ = ['gateway']\n",
		"gateway.py":       "from pkg import cache\ndef late():\n    import later\n",
		"pkg/__init__.py":  "",
		"pkg/cache.py":     "",
		"debugging.py":     "import deeper\n",
		"deeper.py":        "",
		"later.py":         "",
		"tests/test_it.py": "import app\n",
	})
	e := in.Entries[0]
	h := findHotPath(e)
	for file, want := range map[string]string{
		"app.py":          "",
		"fast_path.py":    "app.py:1 > here",
		"gateway.py":      "app.py:1 > fast_path.py:1 gateway > here",
		"pkg/__init__.py": "app.py:1 > fast_path.py:1 gateway > gateway.py:1 > here",
		"pkg/cache.py":    "app.py:1 > fast_path.py:1 gateway > gateway.py:1 > here",
		"deeper.py":       "app.py:4 > debugging.py:1 > here",
		"later.py":        "",
	} {
		m := e.Program.File(file)
		if got := h.chain(m, "fast_path.py"); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
		_, reached := h.via[m]
		if reached != (file != "later.py") {
			t.Errorf("%s: reached %v", file, reached)
		}
		if always := h.always[m]; always == (file == "deeper.py" || file == "later.py") {
			t.Errorf("%s: always %v", file, always)
		}
	}
}

func TestSuppress(t *testing.T) {
	src := `import a  # fastpath: ignore[FP201] the nightly job
import b  # fastpath: ignore[FP201]
import c  # 430ms  # fastpath: ignore[FP110, fp201] - both, because  # noqa: F401
import d  # fastpath: ignore[FP110] another rule
import e  # fastpath: ignore for no rule
from f import (  # fastpath:ignore[FP201]  # noqa
    g,
)  # fastpath: ignore[FP201] behind the statement
import h  # fastpath: ignored[FP201] no such word
import i  # fastpath: ignore[] nothing
`
	prog := load(t, map[string]string{"app.py": src})
	s := suppressions{}
	for _, c := range []struct {
		from, to int
		want     bool
		note     string
	}{
		{1, 1, true, ""},
		{2, 2, false, "gives no reason"},
		{3, 3, true, ""},
		{4, 4, false, ""},
		{5, 5, false, "names no rule"},
		{6, 8, true, "gives no reason"},
		{9, 9, false, ""},
		{10, 10, false, "names no rule"},
	} {
		f := &finding{Diagnostic: diag.Diagnostic{Rule: "FP201", Span: diag.Span{File: "app.py"}}, from: c.from, to: c.to}
		if got := s.suppress(prog, f); got != c.want {
			t.Errorf("line %d: %v", c.from, got)
		}
		if notes := strings.Join(f.Notes, "\n"); c.note == "" && notes != "" || !strings.Contains(notes, c.note) {
			t.Errorf("line %d: notes %q", c.from, notes)
		}
	}
	if s.suppress(nil, &finding{}) {
		t.Error("a file that is no part of the program suppresses nothing")
	}
}

func TestSeverityPathsAndExclude(t *testing.T) {
	files := map[string]string{"app.py": "import json\ndef handler(e, c): ...\n", "lib/broken.py": "def f(:\n", "lib/ok.py": ""}
	rulesOf := func(r *Result) string {
		var ids []string
		for _, d := range r.Findings {
			ids = append(ids, d.Rule+":"+d.Severity.String())
		}
		return strings.Join(ids, " ")
	}
	in := input(t, files)
	all := Run(in)
	if got := rulesOf(all); got != "FP101:error FP108:warning FP901:error" || all.Files != 3 {
		t.Errorf("%s, %d files", got, all.Files)
	}
	in.Config.Rules = map[string]string{"FP101": "info", "FP108": "off"}
	if got := rulesOf(Run(in)); got != "FP101:info FP901:error" {
		t.Error(got)
	}
	in.Paths = []string{"lib"}
	if r := Run(in); rulesOf(r) != "FP901:error" || r.Files != 2 {
		t.Errorf("%s, %d files", rulesOf(r), r.Files)
	}
	in.Paths = []string{"li", "app.py"}
	if got := rulesOf(Run(in)); got != "FP101:info" {
		t.Error(got)
	}
	in.Paths, in.Config.Exclude = nil, []string{"lib"}
	if r := Run(in); rulesOf(r) != "FP101:info" || r.Files != 1 {
		t.Errorf("%s, %d files", rulesOf(r), r.Files)
	}
}

func TestMergeNamesEntries(t *testing.T) {
	in := input(t, map[string]string{"app.py": "def handler(e, c): ...\n", "other.py": "def handler(e, c): ...\n"})
	second := *in.Entries[0]
	second.Name, second.Module, second.File = "other:handler", "other", "other.py"
	in.Entries = append(in.Entries, &second)
	var got []string
	for _, d := range Run(in).Findings {
		got = append(got, d.Rule+" "+d.Span.File+" "+strings.Join(d.Notes, ";"))
	}
	want := []string{"FP101 app.py ", "FP108 app.py entry: app:handler", "FP108 other.py entry: other:handler"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAge(t *testing.T) {
	today := time.Date(2026, 11, 25, 23, 59, 0, 0, time.FixedZone("", 9*3600))
	for date, want := range map[string]int{"2026-11-25": 0, "2026-11-22": 3, "2026-10-25": 31, "2026-11-27": -2} {
		if got, ok := Age(date, today); !ok || got != want {
			t.Errorf("%s: %d %v", date, got, ok)
		}
	}
	if _, ok := Age("yesterday", today); ok {
		t.Error("that is no date")
	}
}

func TestChanges(t *testing.T) {
	e := &evidence.Entry{Distributions: []evidence.Distribution{{Name: "requests", Version: "2.31"}, {Name: "boto3", Version: "1.34"}, {Name: "PyYAML", Version: "6.0"}}}
	installed := []interp.Distribution{{Name: "boto3", Version: "1.35"}, {Name: "pyyaml", Version: "6.0"}}
	var got []string
	for _, c := range Changes(e, installed) {
		got = append(got, c.String())
	}
	if d := cmp.Diff([]string{"boto3 1.34 -> 1.35", "requests 2.31 -> not installed"}, got); d != "" {
		t.Error(d)
	}
	if c := Changes(e, []interp.Distribution{{Name: "flask", Version: "3"}}); c != nil {
		t.Errorf("another environment: %v", c)
	}
	if c := Changes(e, nil); c != nil {
		t.Errorf("no environment: %v", c)
	}
}

func TestUsageText(t *testing.T) {
	for share, want := range map[float64]string{
		0: "used by no request", 0.001: "used by under 1% of requests", 0.05: "used by 5% of requests",
		0.994: "used by 99% of requests", 0.995: "used by every request",
	} {
		if got := usageText(share, true); got != want {
			t.Errorf("%v: %q", share, got)
		}
	}
	if got := usageText(0, false); got != "usage unknown" {
		t.Error(got)
	}
}

func TestRulesMetadata(t *testing.T) {
	last := ""
	for _, r := range Rules() {
		if r.ID <= last {
			t.Errorf("%s comes after %s", r.ID, last)
		}
		last = r.ID
		if r.Title == "" || r.Text == "" || r.Before == "" || r.After == "" || r.Before == r.After || r.Since == "" {
			t.Errorf("%s is incomplete", r.ID)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(strings.TrimSpace(r.Text), ".") {
			t.Errorf("%s: the title has no full stop, the text has one", r.ID)
		}
	}
}

// Imports in functions are no findings before anything is measured, and one in
// a loop counts only where it may run again and again.
func TestImportsInFunctions(t *testing.T) {
	in := input(t, map[string]string{
		"app.py": `import tool


def handler(e, c):
    import sqlite3

    return sqlite3, tool.setup
`,
		"tool.py": `import functools


def setup(rows):
    for row in rows:
        import csv

        if row:
            from wave import open as w
        elif row is None:
            import decimal

            raise decimal.DecimalException
        else:
            import colorsys

            print(colorsys)
            break
    return w, csv


@functools.wraps(setup)
def run():
    import tarfile

    return tarfile


RESULT = run()
`,
	})
	var got []string
	for _, d := range Run(in).Findings {
		if d.Rule == "FP201" || d.Rule == "FP206" {
			got = append(got, d.Rule+" "+d.Severity.String()+" "+d.Message)
		}
	}
	want := []string{`FP206 warning "csv" is imported at every turn of a loop`, `FP206 info "wave" is imported in a loop, at each turn that gets there`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestMerge: entries that say the same with other figures are all heard.
func TestMerge(t *testing.T) {
	in := &Input{Entries: make([]*Entry, 3)}
	said := func(entry, message, key string) *finding {
		return &finding{Diagnostic: diag.Diagnostic{Rule: "FP201", Message: message}, key: key, entries: []string{entry}}
	}
	var got [][]string
	for _, f := range in.merge([]*finding{said("a", "json: 3%", "json"), said("b", "json: 33%", "json"), said("c", "json: 3%", "json"), said("b", "csv: 1%", "csv")}) {
		got = append(got, append([]string{f.Message}, f.Notes...))
	}
	want := [][]string{{"json: 3%", "for b: json: 33%"}, {"csv: 1%", "entry: b"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
