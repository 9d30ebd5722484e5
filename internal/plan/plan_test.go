package plan

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/usage"
)

// shop is a small handler with the mistakes that the documents describe.
func shop() map[string]string {
	return map[string]string{
		"app.py":      "import os\nimport json\nimport boto3\nimport gateway\n\n\ndef handler(event, context):\n    boto3.client('s3')\n    return json.dumps(gateway.route(event, os.environ))\n",
		"gateway.py":  "import cache\nimport report\nimport mid\n\n\ndef route(event, env):\n    mid.x()\n    return cache.get(event) or report.export(event)\n",
		"cache.py":    "import requests\n\n\ndef get(event):\n    return requests.get(event)\n",
		"report.py":   "import pandas\nimport yaml\n\n\nclass Loader(yaml.Loader):\n    pass\n\n\ndef export(event):\n    return pandas.DataFrame(event)\n",
		"test_app.py": "import pandas\nimport app\n",
		"unloaded.py": "import pandas\n\n\ndef f():\n    return pandas\n",
	}
}

// shopUsage is the traffic of the shop.
func shopUsage() map[string]float64 {
	return map[string]float64{"json": 100, "boto3": 90, "gateway": 100, "cache": 60, "report": 85, "mid": 95, "requests": 8, "pandas": 5, "yaml": 1}
}

func TestPlanOfAShop(t *testing.T) {
	f := newFixture(t, shop())
	f.used(shopUsage())
	p := f.build()
	want := []string{
		"app.py:1 os keep startup",
		"app.py:2 json tier1 light fast",
		"app.py:3 boto3 tier2 usage fast",
		"app.py:4 gateway tier2 usage fast",
		"gateway.py:1 cache tier1 light",
		"gateway.py:2 report tier2 usage",
		"gateway.py:3 mid tier2 usage",
		"cache.py:1 requests function formula move",
		"report.py:1 pandas function formula move",
		"report.py:2 yaml keep used-at-import",
	}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
	// boto3 and its libraries 174.1, requests 80 more, pandas 412.
	for _, c := range []struct {
		module             string
		alone, adds, saves float64
		reason             string
	}{
		{"boto3", 174.1, 172, 172, "over 80%: exception"},
		{"requests", 110, 80, 80, "formula: 1.2x cheaper in cache.py:5"},
		{"pandas", 412, 412, 412, "formula: 2.0x cheaper in report.py:10"},
		{"yaml", 19, 19, 0, "base class at report.py:5"},
		{"gateway", 0.5 + 0.5 + 0.5 + 19 + 35, 547.5 - 0.5 + 0.5, 55.5, "over 80%"},
		{"json", 2.1, 2.1, 0, "under 10 ms"},
	} {
		it := find(t, p, c.module)
		if math.Abs(it.AloneMS-c.alone) > 1e-9 || math.Abs(it.SavesMS-c.saves) > 1e-9 || math.Abs(it.AddsMS-c.adds) > 1e-9 || it.Reason != c.reason {
			t.Errorf("%s: alone %v adds %v saves %v, %s", c.module, it.AloneMS, it.AddsMS, it.SavesMS, it.Reason)
		}
	}
	x := p.Totals
	if math.Abs(x.InitMS-(2.1+172+80+412+19+35+2)) > 1e-9 || math.Abs(x.SavesMS-492) > 1e-9 || math.Abs(x.InitAfterMS-(x.InitMS-492)) > 1e-9 {
		t.Errorf("%+v", x)
	}
	if d := cmp.Diff([]string{"numpy", "pandas", "requests"}, x.Gone); d != "" {
		t.Error(d)
	}
	if x.FastPathImports != 3 || math.Abs(x.FastPathMS-(2.1+172+55.5)) > 1e-9 || !x.OverTime() || x.OverCount() || x.Moves != 2 {
		t.Errorf("%+v", x)
	}
	if len(x.Prices) != 1 || x.Prices[0].Workflow != "all" || math.Abs(x.Prices[0].MS-492) > 1e-9 || math.Abs(x.Prices[0].MemoryMS-492*1769.0/512) > 1e-6 {
		t.Errorf("%+v", x.Prices)
	}
}

// The documents' three rows come out of a plan as they come out of cost.
func TestDocumentsRows(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py": "import boto3\nimport pandas\nimport requests\n\n\ndef handler(event, context):\n    if event:\n        return pandas, requests\n    return boto3\n",
	})
	f.world = world{self: map[string]float64{"boto3": 350, "pandas": 1200, "requests": 180}}
	f.used(map[string]float64{"boto3": 90, "pandas": 5, "requests": 40})
	p := f.build()
	for _, c := range []struct {
		module       string
		module_, fun float64
		decision     Decision
		rule, reason string
	}{
		{"boto3", 350_000, 3_150_000, Tier2, RuleUsage, "over 80%: exception"},
		{"pandas", 1_200_000, 600_000, Function, RuleFormula, "formula: 2.0x cheaper in app.py:8"},
		{"requests", 180_000, 720_000, Tier2, RuleFormula, "formula: 4.0x cheaper"},
	} {
		it := find(t, p, c.module)
		if it.Cost.ModuleLevelMS != c.module_ || it.Cost.FunctionLevelMS != c.fun || it.Decision != c.decision || it.Rule != c.rule || it.Reason != c.reason {
			t.Errorf("%s: %+v %s %s %s", c.module, it.Cost, it.Decision, it.Rule, it.Reason)
		}
	}
}

func TestDecideTable(t *testing.T) {
	th := config.Default().Thresholds
	for _, c := range []struct {
		ms, percent float64 // percent < 0: unknown
		critical    bool
		want        Decision
		rule        string
	}{
		{9.999, 0, false, Tier1, RuleLight},
		{9.999, -1, false, Tier1, RuleLight},
		{10, 80, false, Function, RuleTable},
		{10, 80.0001, false, Tier2, RuleUsage},
		{10, -1, false, Function, RuleTable},
		{100, 80, true, Function, RuleTable},
		{100, 81, false, Tier2, RuleUsage},
		{100.001, 80, false, Tier2, RuleFormula},
		{100.001, 10, false, Function, RuleFormula},
		{100.001, 10.001, false, Tier2, RuleFormula},
		{101, 1, true, Tier2, RuleCritical},
		{101, -1, false, Measure, RuleUnknown},
		{101, -1, true, Tier2, RuleCritical},
		{350, 90, false, Tier2, RuleUsage},
		{1200, 5, false, Function, RuleFormula},
		{180, 40, false, Tier2, RuleFormula},
	} {
		ev := Evidence{MS: c.ms, UsageKnown: c.percent >= 0, Percent: max(0, c.percent), Critical: c.critical}
		got, rule := Decide(ev, NewCost(c.ms, ev.Percent, 10000, 0.1), th)
		if got != c.want || rule != c.rule {
			t.Errorf("%v ms, %v%%, critical %v: %s by %s, want %s by %s", c.ms, c.percent, c.critical, got, rule, c.want, c.rule)
		}
	}
}

// apply does to the sources what the plan says, roughly as apply does: hot
// imports of the entry go to the fast path file, cold ones into the functions.
func apply(files map[string]string) map[string]string {
	after := map[string]string{}
	for k, v := range files {
		after[k] = v
	}
	after["app.py"] = "import os\n\nfrom fast_path import *\n\n\ndef handler(event, context):\n    boto3.client('s3')\n    return json.dumps(gateway.route(event, os.environ))\n"
	after["fast_path.py"] = "import json\n\nimport boto3\nimport gateway\n\n__all__ = ['boto3', 'gateway', 'json']\n"
	after["cache.py"] = "def get(event):\n    import requests\n\n    return requests.get(event)\n"
	after["report.py"] = "import yaml\n\n\nclass Loader(yaml.Loader):\n    pass\n\n\ndef export(event):\n    import pandas\n\n    return pandas.DataFrame(event)\n"
	return after
}

// Profile and plan after apply give the same decisions; so does plan alone,
// with the evidence from before.
func TestStableAfterApply(t *testing.T) {
	before := newFixture(t, shop())
	before.used(shopUsage())
	program := before.program()
	old := before.profile(program)
	first := Build(before.input(program, old))

	after := newFixture(t, apply(shop()))
	after.used(shopUsage())
	program = after.program()
	fresh := after.profile(program)
	for name, e := range map[string]*evidence.Entry{"profiled again": fresh, "not profiled again": old, "merged": evidence.Merge(old, fresh)} {
		in := after.input(program, e)
		in.FastPath = map[string]int{"json": 1, "boto3": 2, "gateway": 2}
		second := Build(in)
		if second.Totals.Moves != 0 {
			t.Errorf("%s: moves again: %v", name, text(second))
		}
		if math.Abs(second.Totals.InitMS-(first.Totals.InitAfterMS+fastPathSelf(e))) > 1e-9 {
			t.Errorf("%s: init is %v, the first plan promised %v", name, second.Totals.InitMS, first.Totals.InitAfterMS)
		}
		if math.Abs(second.Totals.FastPathMS-first.Totals.FastPathMS) > 1e-9 {
			t.Errorf("%s: fast path %v, was %v", name, second.Totals.FastPathMS, first.Totals.FastPathMS)
		}
		for _, it := range first.Items {
			again := find(t, second, it.Module)
			if again.Decision != it.Decision || again.OnFastPath != it.OnFastPath || again.Borderline || math.Abs(again.AloneMS-it.AloneMS) > 1e-9 {
				t.Errorf("%s: %s was %s (%v ms), is %s (%v ms)", name, it.Module, it.Decision, it.AloneMS, again.Decision, again.AloneMS)
			}
		}
		if !find(t, second, "pandas").Existing || find(t, second, "pandas").Rule != RuleExisting || !find(t, second, "json").FromFastPath {
			t.Errorf("%s: %v", name, text(second))
		}
	}
}

// fastPathSelf is what the fast path file itself costs in a profile.
func fastPathSelf(e *evidence.Entry) float64 {
	for _, m := range e.Modules {
		if m.Name == "fast_path" {
			return m.SelfMS
		}
	}
	return 0
}

// Nothing that saves nothing is moved, and what is moved saves together what
// the totals say.
func TestNothingIsMovedForNothing(t *testing.T) {
	// requests is loaded by legacy as well, which uses it in a base class.
	f := newFixture(t, map[string]string{
		"app.py":    "import requests\nimport legacy\nimport pandas\nimport stats\n\n\ndef handler(event, context):\n    return requests.get(legacy.x(), pandas, stats)\n",
		"legacy.py": "import requests\n\n\nclass S(requests.Session):\n    pass\n\n\ndef x():\n    return 1\n",
		"stats.py":  "import pandas\n\n\ndef mean(x):\n    return pandas.mean(x)\n",
	})
	f.used(map[string]float64{"requests": 5, "legacy": 100, "pandas": 5, "stats": 100})
	p := f.build()
	want := []string{
		"app.py:1 requests keep saves-nothing",
		"app.py:2 legacy tier2 usage fast",
		"app.py:3 pandas function formula move",
		"app.py:4 stats tier1 light fast",
		"legacy.py:1 requests keep used-at-import",
		"stats.py:1 pandas function formula move",
	}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
	if got := find(t, p, "requests").Reason; got != "saves nothing: legacy.py:1 loads it, too" {
		t.Error(got)
	}
	for _, it := range p.Items {
		if it.Module == "pandas" && it.SavesMS != 412 {
			t.Errorf("one of two imports of pandas saves %v", it.SavesMS)
		}
	}
	if p.Totals.SavesMS != 412 {
		t.Error(p.Totals.SavesMS)
	}
}

// A module that moves takes what it imports along: imports inside it need not
// move as well.
func TestMovedModuleCoversItsImports(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":   "import admin\n\n\ndef handler(event, context):\n    if event:\n        return admin.run()\n",
		"admin.py": "import pandas\nimport yaml\n\nLOADER = yaml.Loader\n\n\ndef run():\n    return pandas\n",
	})
	f.used(map[string]float64{"admin": 2, "pandas": 1, "yaml": 2})
	p := f.build()
	want := []string{"app.py:1 admin function formula move", "admin.py:1 pandas keep goes-along", "admin.py:2 yaml keep goes-along"}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
	if got := find(t, p, "pandas").Reason; got != "goes with admin" {
		t.Error(got)
	}
}

func TestSafetyAndOverrides(t *testing.T) {
	files := map[string]string{
		"app.py": "import boto3\nimport requests\nimport pandas\nimport json\n\n\ndef handler(event, context):\n    return boto3, requests, pandas, json\n\n\ndef later():\n    import yaml\n    return yaml\n",
	}
	base := map[string]float64{"boto3": 100, "requests": 100, "pandas": 3, "json": 100, "yaml": 1}
	for _, c := range []struct {
		name   string
		change func(*fixture, *Input)
		want   map[string]string
	}{
		{"evidence", func(*fixture, *Input) {}, map[string]string{
			"boto3": "tier2 usage", "requests": "tier2 usage", "pandas": "function formula", "json": "tier1 light", "yaml": "function existing",
		}},
		{"cold and hot", func(_ *fixture, in *Input) { in.Cold, in.Hot = []string{"boto3"}, []string{"pandas", "yaml"} }, map[string]string{
			"boto3": "function forced", "pandas": "tier2 forced", "yaml": "tier2 forced",
		}},
		{"never safe", func(_ *fixture, in *Input) {
			in.Cold = []string{"boto3"}
			in.Verdict = func(*graph.Import) Verdict { return Verdict{SafetyNever, "because"} }
		}, map[string]string{"boto3": "keep unsafe", "pandas": "keep unsafe", "json": "tier1 light"}},
		{"not examined", func(_ *fixture, in *Input) { in.Verdict = nil }, map[string]string{"pandas": "keep unsafe"}},
		{"forbidden and eager", func(f *fixture, _ *Input) {
			f.config.Modules.Forbidden, f.config.Modules.Eager = []string{"boto3"}, []string{"pandas"}
		}, map[string]string{"boto3": "function forbidden", "pandas": "tier2 eager"}},
		{"critical", func(f *fixture, _ *Input) { f.config.Modules.Critical = []string{"pandas"} }, map[string]string{"pandas": "tier2 critical-path"}},
		{"not enterable", func(_ *fixture, in *Input) {
			in.Enterable = func(imp *graph.Import) string {
				if imp.Binds == "json" {
					return "because"
				}
				return ""
			}
		}, map[string]string{"json": "keep unsafe", "boto3": "tier2 usage"}},
		{"no usage", func(_ *fixture, in *Input) { in.Usage = nil }, map[string]string{
			"boto3": "measure unknown-usage", "pandas": "measure unknown-usage", "json": "tier1 light", "yaml": "function existing",
		}},
		{"assume unused", func(_ *fixture, in *Input) { in.Usage, in.AssumeUnused = nil, true }, map[string]string{"boto3": "function formula", "json": "tier1 light"}},
		{"not safe together", func(_ *fixture, in *Input) {
			in.Cold = []string{"boto3"}
			in.Joint = func(moves []*graph.Import) map[*graph.Import]string {
				if len(moves) < 2 {
					return nil
				}
				return map[*graph.Import]string{moves[0]: "because"}
			}
		}, map[string]string{"boto3": "keep unsafe", "pandas": "function formula"}},
		{"nothing measured", func(_ *fixture, in *Input) { in.Evidence, in.Cold = nil, []string{"pandas"} }, map[string]string{
			"boto3": "measure unmeasured", "pandas": "function forced", "json": "measure unmeasured",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, files)
			f.used(base)
			p := f.build(func(in *Input) { c.change(f, in) })
			for module, want := range c.want {
				it := find(t, p, module)
				if got := string(it.Decision) + " " + it.Rule; got != want {
					t.Errorf("%s: %s, want %s (%s)", module, got, want, it.Reason)
				}
				if it.Reason == "" || it.Move != (it.Decision == Function && !it.Existing) {
					t.Errorf("%s: move %v, reason %q", module, it.Move, it.Reason)
				}
			}
		})
	}
}

// Without a profile, what the user calls cold moves wherever it is imported.
func TestColdWithoutEvidence(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":  "import slow\nimport core\n\n\ndef handler(event, context):\n    return slow, core\n",
		"core.py": "import slow\n\n\ndef f():\n    return slow\n",
		"slow.py": "import boto3\n",
	})
	p := f.build(func(in *Input) { in.Evidence, in.Usage, in.Cold = nil, nil, []string{"slow"} })
	want := []string{
		"app.py:1 slow function forced move", "app.py:2 core measure unmeasured", "slow.py:1 boto3 measure unmeasured", "core.py:1 slow function forced move",
	}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
	if p.Measured || p.Totals.Moves != 2 || p.Totals.SavesMS != 0 {
		t.Errorf("%+v", p.Totals)
	}
}

func TestForcedPrefixes(t *testing.T) {
	b := &builder{in: Input{Cold: []string{"a", "b.c"}, Hot: []string{"a.b", "b"}}}
	matched := map[string]bool{}
	for module, want := range map[string]Decision{
		"a": Function, "a.x": Function, "a.b": Tier2, "a.b.c": Tier2, "ab": "", "b": Tier2, "b.c.d": Function, "c": "",
	} {
		if got := b.forced(module, matched); got != want {
			t.Errorf("%s: %q, want %q", module, got, want)
		}
	}
	f := newFixture(t, map[string]string{"app.py": "import json\n\n\ndef handler(e, c):\n    return json\n"})
	if p := f.build(func(in *Input) { in.Cold = []string{"json", "jsn"} }); !slices.Equal(p.Unmatched, []string{"jsn"}) {
		t.Error(p.Unmatched)
	}
}

// Criterion 2: a workflow with more than half of the requests that always
// uses the module.
func TestMajorityWorkflow(t *testing.T) {
	f := newFixture(t, map[string]string{"app.py": "import boto3\n\n\ndef handler(event, context):\n    return boto3\n"})
	f.config.Traffic.ColdStartRate = 0.9 // the formula is against it
	day := &evidence.UsageDay{
		Entry: f.entry.Name, Source: "invoke", Day: "2026-11-22", Kind: evidence.UsageInvoke, Requests: 100, ColdStarts: -1,
		Workflows: map[string]float64{"alexa": 60, "web": 40}, Modules: []evidence.ModuleUse{{Module: "boto3", Workflow: "alexa", Requests: 60}},
	}
	f.usage = usage.Summarize([]*evidence.UsageDay{day}, usage.SummaryOptions{Entry: f.entry.Name})
	it := find(t, f.build(), "boto3")
	if it.Decision != Tier2 || it.Rule != RuleCritical || it.Workflow != "alexa" || it.Reason != "critical path of alexa" {
		t.Errorf("%+v", it)
	}
	day.Modules[0].Requests = 59
	f.usage = usage.Summarize([]*evidence.UsageDay{day}, usage.SummaryOptions{Entry: f.entry.Name})
	if it := find(t, f.build(), "boto3"); it.Decision != Function {
		t.Errorf("%+v", it)
	}
}

// A borderline module keeps its decision in every file that imports it, and an
// import that no fast path file lists keeps the tier that the table gives it.
func TestBorderlineElsewhere(t *testing.T) {
	for _, c := range []struct {
		name                   string
		ms                     float64
		tier                   int
		listed, core, unlisted Decision
	}{
		{"listed as light", 10.5, 1, Tier1, Tier1, Tier2},
		{"listed as heavy", 9.5, 2, Tier2, Tier2, Tier1},
		{"far from the limit", 14, 1, Tier2, Tier2, Tier2},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, map[string]string{
				"app.py":       "from fast_path import *\nimport core\n\n\ndef handler(event, context):\n    return mid\n",
				"fast_path.py": "import mid\n\n__all__ = ['mid']\n",
				"core.py":      "import mid\nimport yaml\n\n\ndef f():\n    return yaml, mid\n",
			})
			f.world.self["mid"], f.world.self["yaml"] = c.ms, c.ms
			f.used(map[string]float64{"mid": 100, "yaml": 100, "core": 100})
			p := f.build(func(in *Input) { in.FastPath = map[string]int{"mid": c.tier} })
			got := map[string]Decision{}
			for _, it := range p.Items {
				got[it.Import.In.File+" "+it.Module] = it.Decision
			}
			want := map[string]Decision{"fast_path.py mid": c.listed, "core.py mid": c.core, "core.py yaml": c.unlisted}
			for at, decision := range want {
				if got[at] != decision {
					t.Errorf("%s: %s, want %s", at, got[at], decision)
				}
			}
		})
	}
}

func TestBorderline(t *testing.T) {
	files := func(fastPath bool) map[string]string {
		if fastPath {
			return map[string]string{
				"app.py":       "from fast_path import *\nimport core\n\n\ndef handler(event, context):\n    return mid\n",
				"fast_path.py": "import mid\n\n__all__ = ['mid']\n",
				"core.py":      "import yaml\n\n\ndef f():\n    return yaml\n",
			}
		}
		return map[string]string{"app.py": "import mid\nimport core\n\n\ndef handler(event, context):\n    return mid\n", "core.py": "import yaml\n\n\ndef f():\n    return yaml\n"}
	}
	for _, c := range []struct {
		name       string
		ms, usage  float64
		tier       int // in the fast path file, 0: none
		want       Decision
		borderline bool
	}{
		{"first plan", 10.5, 50, 0, Function, false},
		{"was light", 10.5, 50, 1, Tier1, true},
		{"was light, and is far from it", 11.6, 50, 1, Function, false},
		{"was hot", 35, 75, 2, Tier2, true},
		{"was hot, and is far from it", 35, 60, 2, Function, false},
		{"was an exception, is light", 9.9, 100, 2, Tier2, true},
		{"heavy near the rate", 150, 9.5, 2, Tier2, true},
		{"light and fine", 5, 50, 1, Tier1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, files(c.tier > 0))
			f.world.self["mid"] = c.ms
			f.world.self["yaml"] = c.ms
			f.used(map[string]float64{"mid": c.usage, "yaml": c.usage, "core": 100})
			p := f.build(func(in *Input) {
				if c.tier > 0 {
					in.FastPath = map[string]int{"mid": c.tier}
				}
			})
			it := find(t, p, "mid")
			if it.Decision != c.want || it.Borderline != c.borderline {
				t.Errorf("%s, borderline %v, want %s, %v (%s)", it.Decision, it.Borderline, c.want, c.borderline, it.Reason)
			}
			// What stands at module level elsewhere was hot, too.
			hot := c.want == Tier1 || c.want == Tier2
			if got := find(t, p, "yaml").Decision; (got == Tier1 || got == Tier2) != hot {
				t.Errorf("yaml: %s", got)
			}
		})
	}
}

// What an earlier plan kept although it is cold does not become hot by noise.
func TestKeptStaysKept(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":       "from fast_path import *\nimport core\nimport legacy\n\n\ndef handler(event, context):\n    return json, core, legacy\n",
		"fast_path.py": "import json\n\n__all__ = ['json']\n",
		"core.py":      "import mid\nimport yaml\n\n\nclass L(yaml.Loader):\n    pass\n\n\ndef f():\n    return mid\n",
		"legacy.py":    "import mid\n\nX = mid.x\n",
	})
	f.used(map[string]float64{"json": 100, "core": 100, "legacy": 100, "mid": 75, "yaml": 75})
	p := f.build(func(in *Input) { in.FastPath = map[string]int{"json": 1} })
	want := []string{
		"app.py:2 core tier2 usage fast", "app.py:3 legacy tier2 usage fast", "fast_path.py:1 json tier1 light fast",
		"core.py:1 mid keep saves-nothing", "core.py:2 yaml keep used-at-import", "legacy.py:1 mid keep used-at-import",
	}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
}

func TestRemovable(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":          "import csv\nimport json\nimport colorsys  # kept for the plugins\nimport yaml\nimport readline\nimport pkg\nimport sub\n\n__all__ = ['json', 'handler']\n\n\ndef handler(event, context):\n    return pkg\n",
		"pkg/__init__.py": "import csv\n",
		"sub.py":          "import csv\nfrom logging import info\n",
		"other.py":        "",
	})
	f.world.self["readline"] = 1
	p := f.build()
	var removed []string
	for _, it := range p.Items {
		if it.Decision == Remove {
			removed = append(removed, place(it.Import.In.File, it.Line)+" "+it.Text)
			if it.Move || it.Rule != RuleUnused {
				t.Errorf("%+v", it)
			}
		}
	}
	if d := cmp.Diff([]string{"app.py:1 import csv", "sub.py:1 import csv", "sub.py:2 from logging import info"}, removed); d != "" {
		t.Error(d)
	}
}

func TestLifetime(t *testing.T) {
	files := map[string]string{
		"app.py": "import boto3\nimport pandas\nimport requests\nimport json\n\n\ndef handler(event, context):\n    if event:\n        return pandas, requests\n    return boto3, json\n",
	}
	f := newFixture(t, files)
	f.world = world{self: map[string]float64{"boto3": 350, "pandas": 1200, "requests": 180, "json": 2}}
	f.used(map[string]float64{"boto3": 90, "pandas": 0.5, "requests": 40, "json": 100})
	p := f.build()
	k := 1769.0 / 512
	pandas := find(t, p, "pandas")
	needed := 1 - math.Pow(1-0.005, 10)
	if want := 1200 - needed*1200*k - 0.05*repeatMS; math.Abs(pandas.Lifetime.GainMS-want) > 1e-6 || pandas.Lifetime.Decision != Function || pandas.LifetimeDiffers() {
		t.Errorf("pandas: %+v, want %v", pandas.Lifetime, want)
	}
	boto3 := find(t, p, "boto3")
	if boto3.Lifetime.Decision != Tier2 || boto3.Lifetime.GainMS > 0 || boto3.LifetimeDiffers() {
		t.Errorf("boto3: %+v", boto3.Lifetime)
	}

	// At 5 % usage the formula moves it, but 40 % of processes need it.
	f.used(map[string]float64{"boto3": 90, "pandas": 5, "requests": 40, "json": 100})
	p = f.build()
	pandas = find(t, p, "pandas")
	if pandas.Decision != Function || pandas.Lifetime.Decision != Tier2 || !pandas.LifetimeDiffers() ||
		!strings.HasPrefix(pandas.LifetimeAdvice(), "lifetime: stay, moving costs ") {
		t.Errorf("pandas: %s %+v %s", pandas.Decision, pandas.Lifetime, pandas.LifetimeAdvice())
	}
	p = f.build(func(in *Input) { in.Policy = config.PolicyLifetime })
	if pandas = find(t, p, "pandas"); pandas.Decision != Tier2 || pandas.Rule != RuleLifetime || p.Policy != config.PolicyLifetime || p.Totals.Moves != 0 {
		t.Errorf("pandas: %s %s %s", pandas.Decision, pandas.Rule, pandas.Reason)
	}
	if got := find(t, p, "json"); got.Decision != Tier1 {
		t.Errorf("json: %+v", got)
	}
	// A program that starts for every run and needs it in 5 % of them moves it.
	f.entry.Platform = config.PlatformCLI
	if pandas = find(t, f.build(func(in *Input) { in.Policy = config.PolicyLifetime }), "pandas"); pandas.Decision != Function || !pandas.Move {
		t.Errorf("pandas: %s %s", pandas.Decision, pandas.Reason)
	}
	// On a server init is off the request path.
	f.entry.Platform = config.PlatformServer
	if pandas = find(t, f.build(), "pandas"); pandas.Lifetime.Decision != Tier2 || pandas.Lifetime.GainMS >= 0 {
		t.Errorf("pandas: %+v", pandas.Lifetime)
	}
	if unknown := find(t, f.build(func(in *Input) { in.Usage = nil }), "pandas"); unknown.Lifetime.Known || unknown.Lifetime.Decision != Measure {
		t.Errorf("%+v", unknown.Lifetime)
	}
}
