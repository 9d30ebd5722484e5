package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/syntax"
	"fastpath/internal/testtree"
	"fastpath/internal/usage"
)

// world is what the tests pretend is installed: self times in ms, and what
// each library imports.
type world struct {
	self    map[string]float64
	imports map[string][]string
	startup []string
}

// world1 has the documents' modules with their figures.
func world1() world {
	return world{
		self: map[string]float64{
			"json": 2.1, "logging": 4.2, "boto3": 100, "botocore": 40, "urllib3": 30, "s3transfer": 2,
			"requests": 80, "pandas": 300, "numpy": 112, "yaml": 19, "mid": 35, "csv": 1,
			"colorsys": 0.4,
		},
		imports: map[string][]string{
			"boto3": {"botocore", "s3transfer"}, "botocore": {"urllib3", "json"}, "requests": {"urllib3"}, "pandas": {"numpy"},
		},
		startup: []string{"os", "sys", "time", "re", "typing"},
	}
}

// fixture is a project with evidence.
type fixture struct {
	t      testing.TB
	world  world
	files  map[string]string
	usage  *usage.Summary
	config *config.Config
	entry  project.Entry
}

func newFixture(t testing.TB, files map[string]string) *fixture {
	return &fixture{
		t: t, world: world1(), files: files, config: config.Default(),
		entry: project.Entry{
			Name: "app:handler", Kind: project.EntryHandler, Module: "app", Attr: "handler", File: "app.py", ImportRoot: ".",
			FastPath: "fast_path.py", Platform: config.PlatformLambda, MemoryMB: 512,
		},
	}
}

// program loads the files.
func (f *fixture) program() *graph.Program {
	f.t.Helper()
	dir := f.t.TempDir()
	testtree.Write(f.t, dir, f.files)
	p, err := graph.Load(f.t.Context(), graph.LoadOptions{
		Root: dir, Files: slices.Sorted(maps.Keys(f.files)), ImportRoots: []string{"."}, Version: syntax.Version{Major: 3, Minor: 12},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// profile measures the program as the probe would.
func (f *fixture) profile(p *graph.Program) *evidence.Entry {
	e := &evidence.Entry{
		Environment: evidence.Environment{Implementation: "CPython", Version: "3.12.3", Platform: "linux-x86_64", Bytecode: evidence.BytecodeCached},
		Measured:    "2026-11-22", Runs: 10, Startup: append([]string{"__main__"}, f.world.startup...),
	}
	phases := map[string]string{}
	done := map[string]bool{}
	var load func(name, phase string)
	targets := func(imp *graph.Import) []string {
		to := []string{imp.Base}
		if imp.Target != imp.Base {
			to = append(to, imp.Target)
		}
		return to
	}
	load = func(name, phase string) {
		if slices.Contains(f.world.startup, name) || phases[name] == evidence.PhaseInit || phases[name] == phase {
			return
		}
		if i := strings.LastIndexByte(name, '.'); i > 0 {
			load(name[:i], phase)
		}
		m := p.Module(name)
		_, library := f.world.self[name]
		if m == nil && !library {
			return
		}
		if phases[name] == "" {
			phases[name] = phase
		}
		if m != nil {
			for _, imp := range m.Imports {
				if imp.Runs == "import" {
					for _, to := range targets(imp) {
						load(to, phase)
					}
				}
			}
		}
		for _, to := range f.world.imports[name] {
			load(to, phase)
		}
	}
	start := evidence.Edge{Statement: evidence.Statement{From: "__main__", Module: "@app"}, Phase: evidence.PhaseInit, To: []string{"app"}}
	e.Edges = append(e.Edges, start)
	load("app", evidence.PhaseInit)
	for _, m := range p.Modules {
		if phases[m.Name] == "" {
			continue
		}
		for _, imp := range m.Imports {
			if imp.Runs == "call" {
				for _, to := range targets(imp) {
					load(to, evidence.PhaseDeferred)
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(phases)) {
		row := evidence.Module{Name: name, SelfMS: f.world.self[name], Kind: "source", Phase: phases[name], Measured: e.Measured}
		m := p.Module(name)
		switch {
		case m != nil:
			row.File = m.File
			if row.SelfMS == 0 {
				row.SelfMS = 0.5
			}
			for _, imp := range m.Imports {
				phase := evidence.PhaseInit
				switch imp.Runs {
				case "call":
					phase = evidence.PhaseDeferred
				case "import":
				default:
					continue
				}
				e.Edges = append(e.Edges, evidence.Edge{Statement: imp.Statement, Phase: phase, To: targets(imp)})
			}
		case name != "json" && name != "logging" && name != "csv" && name != "colorsys":
			row.Distribution = strings.SplitN(name, ".", 2)[0]
		}
		for i, to := range f.world.imports[name] {
			s := evidence.Statement{From: name, Module: to, Binding: to, Ordinal: i}
			e.Edges = append(e.Edges, evidence.Edge{Statement: s, Phase: evidence.PhaseInit, To: []string{to}})
		}
		done[name] = true
		e.Modules = append(e.Modules, row)
	}
	return e
}

// used sets the usage: "pandas 5, boto3 90 alexa:100" in percent, of all
// requests or of one workflow with half of them.
func (f *fixture) used(percent map[string]float64) {
	day := &evidence.UsageDay{
		Entry: f.entry.Name, Source: "invoke", Day: "2026-11-22", Kind: evidence.UsageInvoke, Requests: 1000, ColdStarts: -1,
		Workflows: map[string]float64{"all": 1000},
	}
	for _, m := range slices.Sorted(maps.Keys(percent)) {
		day.Modules = append(day.Modules, evidence.ModuleUse{Module: m, Workflow: "all", Requests: percent[m] * 10})
	}
	f.usage = usage.Summarize([]*evidence.UsageDay{day}, usage.SummaryOptions{Entry: f.entry.Name})
}

// input is a plan's input with every function-level move proved safe that is
// not used at import.
func (f *fixture) input(p *graph.Program, e *evidence.Entry) Input {
	return Input{
		Program: p, Entry: f.entry, Config: f.config, Evidence: e, Usage: f.usage,
		Verdict: func(imp *graph.Import) Verdict {
			switch {
			case imp.UsedAtImport:
				return Verdict{Safety: SafetyNever, Cause: "used at import"}
			case imp.Uses == 0 && imp.In.File != f.entry.FastPath:
				return Verdict{Safety: SafetyNever, Cause: "its name is never used"}
			}
			return Verdict{Safety: SafetyAuto}
		},
	}
}

// build plans the fixture's program.
func (f *fixture) build(change ...func(*Input)) *Plan {
	f.t.Helper()
	p := f.program()
	in := f.input(p, f.profile(p))
	for _, c := range change {
		c(&in)
	}
	return Build(in)
}

// text is one line an item: "file:line module decision rule".
func text(p *Plan) []string {
	var lines []string
	for _, it := range p.Items {
		mark := ""
		switch {
		case it.Move:
			mark = " move"
		case it.OnFastPath:
			mark = " fast"
		}
		lines = append(lines, place(it.Import.In.File, it.Line)+" "+it.Module+" "+string(it.Decision)+" "+it.Rule+mark)
	}
	return lines
}

// find returns the item of a module.
func find(t *testing.T, p *Plan, module string) *Item {
	t.Helper()
	for _, it := range p.Items {
		if it.Module == module {
			return it
		}
	}
	t.Fatalf("there is no item for %s in %v", module, text(p))
	return nil
}
