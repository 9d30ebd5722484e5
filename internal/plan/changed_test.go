package plan

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/usage"
)

// New imports count, though nobody profiled them.
func TestImportAddedAfterTheProfile(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":  "import json\n\n\ndef handler(event, context):\n    import pandas\n    return json, pandas\n",
		"core.py": "",
	})
	f.used(map[string]float64{"json": 100, "pandas": 5})
	old := f.profile(f.program())
	f.files["app.py"] = "import json\nimport pandas\nimport unheard\n\n\ndef handler(event, context):\n    return json, pandas, unheard\n"
	p := Build(f.input(f.program(), old))
	want := []string{"app.py:1 json tier1 light fast", "app.py:2 pandas function formula move", "app.py:3 unheard measure unmeasured"}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
	if p.Totals.SavesMS != 412 {
		t.Error(p.Totals)
	}
}

// A module of the project that is newer than the profile never gets a figure
// that nobody measured: it is not entered in the fast path file, but what it
// imports still decides whether it moves.
func TestModuleAddedAfterTheProfile(t *testing.T) {
	f := newFixture(t, map[string]string{"app.py": "import csv\n\n\ndef handler(event, context):\n    return csv\n"})
	f.used(map[string]float64{"csv": 100, "heavy": 5, "pandas": 5})
	old := f.profile(f.program())
	old.Modules = append(old.Modules, evidence.Module{Name: "pandas", SelfMS: 412, Kind: "source", Phase: evidence.PhaseDeferred})
	f.files["fresh.py"], f.files["heavy.py"] = "", "import pandas\n\nBASE = pandas.DataFrame\n"
	f.files["app.py"] = "import csv\nimport fresh\nimport heavy\n\n\ndef handler(event, context):\n    return csv, fresh, heavy\n"
	p := Build(f.input(f.program(), old))
	if fresh := find(t, p, "fresh"); fresh.Measured || fresh.OnFastPath || fresh.Decision != Measure {
		t.Errorf("%+v", fresh)
	}
	if heavy := find(t, p, "heavy"); !heavy.Move {
		t.Errorf("%+v", heavy)
	}
	f.files["fast_path.py"] = "import fresh  # 1.0ms\n\n__all__ = [\"fresh\"]\n"
	f.files["app.py"] = "from fast_path import *\n\n\ndef handler(event, context):\n    return fresh\n"
	if fresh := find(t, Build(f.input(f.program(), old)), "fresh"); fresh.Measured || !fresh.OnFastPath {
		t.Errorf("%+v", fresh)
	}
}

// Files that the configuration excludes are not edited, so nothing in them is
// planned to move or to enter the fast path file.
func TestExcludedFiles(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":  "import json\nimport core\n\n\ndef handler(event, context):\n    return json, core.export\n",
		"core.py": "import pandas\n\n\ndef export():\n    return pandas\n",
	})
	f.used(map[string]float64{"json": 100, "core": 100, "pandas": 5})
	f.config.Exclude = []string{"core.py"}
	if p := Build(f.input(f.program(), f.profile(f.program()))); p.Totals.Moves != 0 || !find(t, p, "json").OnFastPath {
		t.Errorf("%+v", p.Totals)
	} else if it := find(t, p, "pandas"); it.Decision != Keep || it.Rule != RuleExcluded || it.Wanted != Function {
		t.Errorf("%+v", it)
	}
	f.config.Exclude = []string{"app.py"}
	p := Build(f.input(f.program(), f.profile(f.program())))
	if it := find(t, p, "json"); it.OnFastPath || it.Rule != RuleExcluded {
		t.Errorf("%+v", it)
	}
	if !find(t, p, "pandas").Move {
		t.Errorf("%+v", find(t, p, "pandas"))
	}
}

// A plan is the same however often it is made, and its moves are sound: each
// saves something that the others do not.
func TestPlansOfRandomPrograms(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		f := newFixture(t, nil)
		f.files = map[string]string{}
		libraries := []string{"boto3", "requests", "pandas", "yaml", "mid", "json", "urllib3"}
		n := 2 + rnd.IntN(6)
		shares := map[string]float64{}
		for i := range n {
			name := fmt.Sprintf("m%d", i)
			if i == 0 {
				name = "app"
			}
			var head, body strings.Builder
			use := func(module string) {
				fmt.Fprintf(&head, "import %s\n", module)
				if rnd.IntN(4) == 0 {
					fmt.Fprintf(&head, "X_%s = %s.x\n", module, module)
				}
				fmt.Fprintf(&body, "def f_%s():\n    return %s\n\n\n", module, module)
			}
			for j := range n {
				if j > 0 && j != i && rnd.IntN(3) == 0 {
					use(fmt.Sprintf("m%d", j))
				}
			}
			for _, l := range libraries {
				if rnd.IntN(3) == 0 {
					use(l)
				}
			}
			f.files[name+".py"] = head.String() + "\n\n" + body.String()
			shares[name] = float64(rnd.IntN(101))
		}
		for _, l := range libraries {
			shares[l] = float64(rnd.IntN(101))
		}
		f.used(shares)
		program := f.program()
		e := f.profile(program)
		p, q := Build(f.input(program, e)), Build(f.input(program, e))
		if d := cmp.Diff(text(p), text(q)); d != "" {
			t.Fatalf("seed %d: %s", seed, d)
		}
		r := graph.NewRuntime(e)
		r.Adapt(program, "app.py")
		if ms, _ := r.Saves(p.Cut); math.Abs(ms-p.Totals.SavesMS) > 1e-9 || len(p.Cut) != p.Totals.Moves {
			t.Fatalf("seed %d: totals %+v", seed, p.Totals)
		}
		for _, it := range p.Moves() {
			if it.Import.UsedAtImport || it.Verdict.Safety != SafetyAuto || it.Decision != Function {
				t.Fatalf("seed %d: %s moves: %+v", seed, it.Module, it)
			}
			less := graph.Cut{}
			for s := range p.Cut {
				less[s] = s != it.Import.Statement
			}
			if r.Total(less)-r.Total(p.Cut) < leastSaving {
				t.Fatalf("seed %d: moving %s in %s saves nothing\n%s", seed, it.Module, it.Import.In.File, strings.Join(text(p), "\n"))
			}
		}
		for _, it := range p.Items {
			if it.Rule == RuleNoSaving && it.Measured {
				if ms, _ := r.Exclusive(p.Cut).Saves(it.Import.Statement); ms >= leastSaving && !it.Borderline {
					t.Fatalf("seed %d: %s in %s would save %v\n%s", seed, it.Module, it.Import.In.File, ms, strings.Join(text(p), "\n"))
				}
			}
			if got := r.Alone(it.Import.Statement, p.Cut); math.Abs(got-it.AloneMS) > 1e-9 {
				t.Fatalf("seed %d: %s alone is %v, not %v", seed, it.Module, got, it.AloneMS)
			}
		}
	}
}

// What logs tell about traffic comes before what a traffic file declares, and that
// before what is assumed; sample events alone tell nothing about it.
func TestMeasuredTraffic(t *testing.T) {
	f := newFixture(t, map[string]string{"app.py": "import boto3\n\n\ndef handler(event, context):\n    return boto3\n"})
	f.config.Traffic.DailyRequests, f.config.Traffic.MemoryMB, f.config.Traffic.MemorySet = 10_000, 512, true
	row := func(day, kind string, requests float64) *evidence.UsageDay {
		return &evidence.UsageDay{
			Entry: f.entry.Name, Source: kind, Day: day, Kind: kind, Requests: requests, ColdStarts: -1, MemoryMB: 1024,
			Modules: []evidence.ModuleUse{{Module: "boto3", Requests: requests}},
		}
	}
	summarize := func(days ...*evidence.UsageDay) *Plan {
		f.usage = usage.Summarize(days, usage.SummaryOptions{Entry: f.entry.Name})
		return f.build()
	}
	if p := summarize(row("2026-11-22", evidence.UsageInvoke, 9)); p.DailyRequests != 10_000 || p.DailyMeasured || p.MemoryMB != 512 {
		t.Errorf("sample events: %v requests a day, %v MB", p.DailyRequests, p.MemoryMB)
	}
	declared := row("2026-11-22", evidence.UsageInvoke, 9)
	declared.Daily = 20_000
	if p := summarize(declared); p.DailyRequests != 20_000 || p.DailyMeasured || !p.DailyDeclared {
		t.Errorf("a traffic file: %v requests a day", p.DailyRequests)
	}
	if p := summarize(declared, row("2026-11-22", evidence.UsageLog, 3000)); p.DailyRequests != 20_000 || p.DailyMeasured || !p.DailyDeclared {
		t.Errorf("a log of part of a day beside a traffic file: %v requests a day", p.DailyRequests)
	}
	if p := summarize(declared, row("2026-11-22", evidence.UsageLog, 30_000)); p.DailyRequests != 30_000 || p.DailyMeasured || p.DailyDeclared || !p.DailyAtLeast {
		t.Errorf("more in part of a day than a traffic file says: %v requests a day", p.DailyRequests)
	}
	if p := summarize(row("2026-11-22", evidence.UsageLog, 2)); p.DailyRequests != 10_000 || p.DailyMeasured || p.DailyAtLeast {
		t.Errorf("two requests of one day: %v requests a day", p.DailyRequests)
	}
	days := []*evidence.UsageDay{declared, row("2026-11-21", evidence.UsageLog, 9), row("2026-11-22", evidence.UsageLog, 3000), row("2026-11-23", evidence.UsageLog, 9)}
	if p := summarize(days...); p.DailyRequests != 3000 || !p.DailyMeasured || p.DailyDeclared {
		t.Errorf("logs beside a traffic file: %v requests a day", p.DailyRequests)
	}
	run := row("2026-11-22", evidence.UsageRecorder, 9)
	run.Source = usage.RecordSource
	if p := summarize(run); p.DailyRequests != 10_000 || p.DailyMeasured {
		t.Errorf("a run at hand: %v requests a day", p.DailyRequests)
	}
	p := summarize(row("2026-11-21", evidence.UsageLog, 7), row("2026-11-22", evidence.UsageLog, 3000), row("2026-11-23", evidence.UsageLog, 5001), row("2026-11-24", evidence.UsageLog, 12_000))
	if p.DailyRequests != 4001 || !p.DailyMeasured || p.MemoryMB != 1024 {
		t.Errorf("logs: %v requests a day, %v MB", p.DailyRequests, p.MemoryMB)
	}
	if it := find(t, p, "boto3"); it.Inputs == nil || it.Inputs.DailyRequests != 4001 {
		t.Errorf("%+v", it.Inputs)
	}
}

// Nobody is asked how much an import is used that stays in any case.
func TestPointlessQuestions(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py":    "import core\nimport sympy\n\nV = sympy.x, core.C\n\n\ndef handler(event, context):\n    return core.f()\n",
		"core.py":   "import pandas\nimport boto3\nimport requests\nimport legacy\n\n\nclass C(pandas.Base, legacy.B):\n    pass\n\n\ndef f():\n    return boto3, requests\n",
		"legacy.py": "import requests\n\nV, B = requests.x, object\n",
	})
	f.world = world{self: map[string]float64{"pandas": 400, "boto3": 300, "requests": 200, "sympy": 500}}
	p := f.build()
	want := []string{
		"app.py:1 core measure unknown-usage",
		"app.py:2 sympy measure unknown-usage",
		"core.py:1 pandas keep used-at-import",
		"core.py:2 boto3 measure unknown-usage",
		"core.py:3 requests keep saves-nothing",
		"core.py:4 legacy keep used-at-import",
		"legacy.py:1 requests keep used-at-import",
	}
	if d := cmp.Diff(want, text(p)); d != "" {
		t.Error(d)
	}
}
