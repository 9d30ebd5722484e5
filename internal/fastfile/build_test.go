package fastfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/syntax"
)

// items returns one plan item for each import statement of a source, which
// binds one name each.
func items(src string, set func(name string, it *plan.Item)) []*plan.Item {
	f := syntax.Parse([]byte(src), syntax.Latest)
	m := &graph.Module{Name: "app", File: "app.py", Syntax: f}
	var out []*plan.Item
	for s := range f.Children(syntax.Root) {
		a := f.Child(s, syntax.Alias)
		imp := &graph.Import{In: m, Stmt: s, Alias: a, Base: f.DottedText(f.Child(a, syntax.DottedName))}
		imp.Target, imp.Binds = imp.Base, imp.Base
		if d := f.Child(s, syntax.DottedName); d != syntax.None {
			imp.Base, imp.Item = f.DottedText(d), imp.Base
			imp.Target = imp.Base
		}
		if id := f.Child(a, syntax.Ident); id != syntax.None {
			imp.Binds = f.Text(id)
		}
		it := &plan.Item{Import: imp, Decision: plan.Tier1, Measured: true, AloneMS: 1.5, OnFastPath: true}
		set(imp.Binds, it)
		out = append(out, it)
	}
	return out
}

func TestFromPlan(t *testing.T) {
	src := "import json\nimport numpy as np  # the arrays\nfrom lib import helper  # noqa: F401\nimport boto3\nimport requests\nimport alexa\nimport mine\nimport yaml\nimport zlib\n"
	list := items(src, func(name string, it *plan.Item) {
		hot := func(ms, usage float64, rule string) {
			it.Decision, it.AloneMS, it.UsageKnown, it.Usage, it.Rule = plan.Tier2, ms, true, usage, rule
		}
		switch name {
		case "np":
			hot(60, 0.92, plan.RuleUsage)
		case "boto3":
			hot(172, 0.9, plan.RuleUsage)
		case "requests":
			hot(180, 0.4, plan.RuleFormula)
			it.Cost = &plan.Cost{HotPath: true, Ratio: 4}
		case "alexa":
			hot(120, 0.3, plan.RuleCritical)
			it.Workflow = "voice"
		case "mine":
			hot(30, 1, plan.RuleForced)
		case "yaml":
			hot(40, 0.01, plan.RuleUsedAt)
			it.Decision, it.Reason = plan.Keep, "base class at conf.py:18"
		case "zlib":
			it.Measured = false
		}
	})
	facts := Facts{
		Thresholds: DefaultThresholds, Profile: Profile{Date: "2026-11-22", Interpreter: "CPython 3.12.3", Runs: 10, Bytecode: "cached"},
		TargetMS: 2000, TotalMS: 191.6, TotalKnown: true, LimitMS: 200, ImportLimit: 20,
		Adds: func(list []*plan.Item) []float64 {
			var out []float64
			for _, it := range list {
				ms := it.AloneMS
				if it.Import.Binds == "requests" {
					ms = 12
				}
				out = append(out, ms)
			}
			return out
		},
	}
	kept := []Kept{KeptLine(items("import sympy\n", func(_ string, it *plan.Item) {
		it.AloneMS, it.UsageKnown, it.Usage = 300, true, 0.02
	})[0], "decorator at calc.py:3")}
	got := string(Render(FromPlan(nil, list, nil, kept, facts)))
	for _, want := range []string{
		"Last profiled: 2026-11-22 (CPython 3.12.3, min of 10, byte-code cached)\nCold start target: <2 seconds\nTotal: 192ms of 200ms, 9 of 20 imports\n",
		"\nimport json  # 1.5ms\nfrom lib import helper  # 1.5ms\nimport zlib\n\n# Tier 2",
		"\nimport numpy as np  # 60ms but 92% usage  # the arrays\n",
		"\nimport boto3  # 172ms but 90% usage - HOT PATH EXCEPTION\n",
		"\nimport requests  # 180ms but 40% usage - HOT PATH EXCEPTION (4.0x cheaper at module level) (adds 12ms after boto3)\n",
		"\nimport alexa  # 120ms but 30% usage - HOT PATH EXCEPTION (critical path of voice)\n",
		"\nimport mine  # 30ms, every request (hot by request)\n",
		"\nimport yaml  # 40ms but 1% usage (kept: base class)\n",
		"\n# Kept: cold, but loaded at start\n# sympy 300ms, 2% usage: decorator at calc.py:3\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
	old := Parse([]byte(got))
	for _, it := range list {
		it.FromFastPath = true
	}
	if again := string(Render(FromPlan(old, list, nil, kept, facts))); again != got {
		t.Error(cmp.Diff(got, again))
	}
	// What leaves is history; what nothing is known about stays as it is.
	next := string(Render(FromPlan(old, list[3:4], map[string]*plan.Item{"requests": {UsageKnown: true, Usage: 0.05}}, nil, facts)))
	if !strings.Contains(next, "# 2026-11-22: requests removed, 5% usage\n") || !strings.Contains(next, "import numpy as np  # 60ms but 92% usage  # the arrays\n") ||
		strings.Contains(next, "import requests") || strings.Contains(next, "sympy") {
		t.Error(next)
	}
}

func TestFromPlanKeepsStatements(t *testing.T) {
	f := syntax.Parse([]byte("from answers import failure, HomeError\n"), syntax.Latest)
	m := &graph.Module{Name: "app", File: "app.py", Syntax: f}
	stmt := f.First(syntax.Root)
	var list []*plan.Item
	for a := range f.Children(stmt) {
		if f.Kind(a) != syntax.Alias {
			continue
		}
		imp := &graph.Import{In: m, Stmt: stmt, Alias: a, Base: "answers", Target: "answers", Item: f.Text(a), Binds: f.Text(a)}
		list = append(list, &plan.Item{Import: imp, Decision: plan.Tier1, Measured: true, AloneMS: 2 + float64(len(list))})
	}
	got := string(Render(FromPlan(nil, list, nil, nil, Facts{Thresholds: DefaultThresholds})))
	if !strings.Contains(got, "\nfrom answers import HomeError, failure  # 3.0ms\n") || !strings.Contains(got, "\"HomeError\",\n    \"failure\",\n") {
		t.Error(got)
	}
	list[1].Decision = plan.Tier2
	got = string(Render(FromPlan(nil, list, nil, nil, Facts{Thresholds: DefaultThresholds})))
	if !strings.Contains(got, "\nfrom answers import failure  # 2.0ms\n") || !strings.Contains(got, "\nfrom answers import HomeError  # 3.0ms\n") {
		t.Error(got)
	}
}

// TestHostileNames: what comes from logs and from the lock stays in its comment
// or in the docstring.
func TestHostileNames(t *testing.T) {
	for workflow, want := range map[string]string{
		"alexa":                     "critical path of alexa",
		"GET /a (b)":                "critical path of GET /a (b)",
		"GET /a)":                   "critical path of GET /a]",
		"((a))":                     "critical path of [[a]]",
		"x\nimport evil":            "critical path of x import evil",
		"x\r\u2028\x00y":            "critical path of x   y",
		"x # noqa":                  "critical path of x   noqa",
		"approved: Eve, 2026-11-29": "critical path of approved Eve, 2026-11-29",
		strings.Repeat("é", 61):     "critical path of " + strings.Repeat("é", 59) + "…",
	} {
		got := CriticalReason(workflow)
		if got != want {
			t.Errorf("%q: %q, want %q", workflow, got, want)
		}
		c := Content{Thresholds: DefaultThresholds, Imports: []Import{
			{Tier: Exception, Names: []ImportName{{Name: "heavy"}}, Measured: true, MS: 120, Reason: got},
		}}
		c.Doc.Profile = Profile{Date: "2026-11-22", Interpreter: "CPython\n\"\"\"\nimport evil\\", Runs: 10, Bytecode: "cached"}
		text := string(Render(c))
		if strings.Contains(text, "\nimport evil") || strings.Count(text, `"""`) != 2 {
			t.Errorf("%q:\n%s", workflow, text)
		}
		if imp, _ := Parse([]byte(text)).Find("heavy"); imp == nil || imp.Reason != got || imp.Extra != "" || len(imp.Approvals()) > 0 {
			t.Errorf("%q: read back as %+v", workflow, imp)
		}
	}
}
