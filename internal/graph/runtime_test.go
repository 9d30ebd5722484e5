package graph

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/evidence"
	"fastpath/internal/python/syntax"
)

// line is a statement of a project file, "file:qualname:module[:binding]".
func line(text string) evidence.Statement {
	p := strings.Split(text, ":")
	s := evidence.Statement{From: strings.ReplaceAll(strings.TrimSuffix(p[0], ".py"), "/", "."), Qualname: p[1], Module: p[2], Binding: p[2]}
	if strings.HasSuffix(p[0], ".py") {
		s.File = p[0]
	}
	if len(p) > 3 {
		s.Binding = p[3]
	}
	return s
}

func edge(phase, text string, to ...string) evidence.Edge {
	return evidence.Edge{Statement: line(text), Phase: phase, To: to}
}

// shop is a small program: the handler imports json, boto3 and its gateway;
// the gateway imports a cache, which imports requests; both libraries share
// urllib3; report imports pandas inside a function.
func shop() *evidence.Entry {
	row := func(name string, ms float64, phase string) evidence.Module {
		return evidence.Module{Name: name, SelfMS: ms, Phase: phase, Kind: "source"}
	}
	i, d := evidence.PhaseInit, evidence.PhaseDeferred
	return &evidence.Entry{
		Startup: []string{"sys", "os", "encodings", "__main__"},
		Modules: []evidence.Module{
			row("app", 1, i), row("gateway", 2, i), row("core", 0.5, i), row("core.cache", 3, i),
			row("json", 4, i), row("boto3", 100, i), row("requests", 40, i), row("urllib3", 20, i), row("urllib3.util", 5, i),
			row("report", 6, i), row("pandas", 200, d), row("numpy", 80, d), row("orphan", 7, i),
		},
		Edges: []evidence.Edge{
			edge(i, "__main__::@app:", "app"),
			edge(i, "app.py::json", "json"), edge(i, "app.py::boto3", "boto3"), edge(i, "app.py::gateway", "gateway"), edge(i, "app.py::os", "os"),
			edge(i, "gateway.py::core.cache:core", "core.cache"), edge(i, "gateway.py::report", "report"),
			edge(i, "core/cache.py::requests", "requests"), edge(i, "core/cache.py::app", "app"),
			edge(i, "boto3::urllib3", "urllib3"), edge(i, "requests::urllib3.util:urllib3", "urllib3", "urllib3.util"),
			edge(d, "report.py:export:pandas", "pandas"), edge(i, "pandas::numpy", "numpy"), edge(i, "pandas::json", "json"),
		},
	}
}

func TestRuntimeFigures(t *testing.T) {
	r := NewRuntime(shop())
	boto3, requests, gateway := line("app.py::boto3"), line("core/cache.py::requests"), line("app.py::gateway")
	pandas, json := line("report.py:export:pandas"), line("app.py::json")
	check := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s = %v, want %v", what, got, want)
		}
	}
	check("total", r.Total(nil), 188.5)
	check("boto3 alone", r.Alone(boto3, nil), 120)
	check("requests alone", r.Alone(requests, nil), 65)
	check("gateway alone", r.Alone(gateway, nil), 2+0.5+3+65+6)
	check("gateway alone without requests", r.Alone(gateway, Cut{requests: true}), 11.5)
	check("requests alone, itself in the cut", r.Alone(requests, Cut{requests: true}), 65)
	check("pandas alone", r.Alone(pandas, nil), 284)
	check("os alone", r.Alone(line("app.py::os"), nil), 0)
	check("boto3 adds", r.Adds(boto3), 120)
	check("requests adds, in alphabetical order after boto3", r.Adds(requests), 45)
	check("pandas adds", r.Adds(pandas), 280)
	check("pandas adds in a program without json", first(r.FirstUse([]evidence.Statement{pandas}, Cut{json: true})), 284)

	for _, c := range []struct {
		cut  []evidence.Statement
		ms   float64
		gone string
	}{
		{[]evidence.Statement{boto3}, 100, "boto3"},
		{[]evidence.Statement{requests}, 45, "requests urllib3.util"},
		{[]evidence.Statement{boto3, requests}, 165, "boto3 requests urllib3 urllib3.util"},
		{[]evidence.Statement{gateway}, 56.5, "core core.cache gateway report requests urllib3.util"},
		{[]evidence.Statement{pandas}, 0, ""},
		{[]evidence.Statement{line("app.py::os"), line("app.py::unknown")}, 0, ""},
	} {
		cut := Cut{}
		for _, s := range c.cut {
			cut[s] = true
		}
		ms, gone := r.Saves(cut)
		check(fmt.Sprint("saves ", c.cut), ms, c.ms)
		check(fmt.Sprint("total without ", c.cut), r.Total(cut), 188.5-c.ms)
		if strings.Join(gone, " ") != c.gone {
			t.Errorf("%v: gone %v, want %s", c.cut, gone, c.gone)
		}
		if len(c.cut) == 1 {
			ms, single := r.Exclusive(nil).Saves(c.cut[0])
			check(fmt.Sprint("exclusive ", c.cut), ms, c.ms)
			if !slices.Equal(single, gone) {
				t.Errorf("%v: exclusive %v, want %v", c.cut, single, gone)
			}
		}
	}
	check("both together", r.Union([]evidence.Statement{boto3, requests}, nil), 165)
	if d := cmp.Diff([]float64{120, 45, 4}, r.Sequence([]evidence.Statement{boto3, requests, json}, nil)); d != "" {
		t.Error(d)
	}
	if ms, known := r.Self("boto3"); !known || ms != 100 {
		t.Error(ms, known)
	}
	if _, known := r.Self("os"); known || !r.InStartup("os") || r.InStartup("json") {
		t.Error("start-up")
	}
	if !r.Has(pandas) || !r.Deferred(pandas) || r.Deferred(boto3) || r.Has(line("app.py::pandas")) {
		t.Error("known statements")
	}
	if d := cmp.Diff([]string{"urllib3", "urllib3.util"}, r.Targets(line("requests::urllib3.util:urllib3"))); d != "" {
		t.Error(d)
	}
	if loaded := r.Loaded(Cut{gateway: true}); !loaded["orphan"] || !loaded["urllib3"] || loaded["gateway"] || loaded["pandas"] || loaded["os"] {
		t.Error(loaded)
	}
}

func first(ms float64, _ []string) float64 { return ms }

func TestOrder(t *testing.T) {
	r := NewRuntime(shop())
	app := &Module{Name: "app", File: "app.py"}
	for _, text := range []string{"app.py::gateway", "app.py::boto3", "app.py::json"} {
		app.Imports = append(app.Imports, &Import{Statement: line(text)})
	}
	r.Order(&Program{Modules: []*Module{app}})
	for text, want := range map[string]float64{"app.py::gateway": 76.5, "app.py::boto3": 100, "app.py::json": 4, "core/cache.py::requests": 65} {
		if got := r.Adds(line(text)); got != want {
			t.Errorf("%s adds %v, want %v", text, got, want)
		}
	}
}

// A script runs as "__main__", whatever the program calls its module.
func TestScriptEntry(t *testing.T) {
	e := &evidence.Entry{
		Modules: []evidence.Module{{Name: "json", SelfMS: 2, Phase: evidence.PhaseInit}},
		Edges:   []evidence.Edge{{Statement: evidence.Statement{From: "__main__", File: "tool.py", Module: "json", Binding: "json"}, Phase: evidence.PhaseInit, To: []string{"json"}}},
	}
	r := NewRuntime(e)
	s := evidence.Statement{From: "tool", File: "tool.py", Module: "json", Binding: "json"}
	if ms, _ := r.Saves(Cut{s: true}); !r.Has(s) || ms != 2 || r.Alone(s, nil) != 2 {
		t.Error(r.Has(s), ms, r.Alone(s, nil))
	}
	if chain := r.Chain("json", nil); len(chain) != 1 || chain[0].File != "tool.py" {
		t.Error(chain)
	}
}

// The sources win over what was measured.
func TestAdapt(t *testing.T) {
	program := func(files map[string][]string) *Program {
		p := &Program{}
		p.names.at.reset()
		for _, file := range slices.Sorted(maps.Keys(files)) {
			name := strings.ReplaceAll(strings.TrimSuffix(file, ".py"), "/", ".")
			m := &Module{Name: name, File: file, Syntax: &syntax.File{}}
			for _, text := range files[file] {
				text, context, _ := strings.Cut(text, " ")
				imp := &Import{Statement: line(file + ":" + text), In: m, Runs: "import", Context: strings.Fields(context)}
				imp.Base, imp.Target = imp.Module, imp.Module
				if imp.Qualname != "" {
					imp.Runs = "call"
				}
				m.Imports = append(m.Imports, imp)
			}
			p.Modules = append(p.Modules, m)
			at := p.names.number(name)
			p.names.modules = append(p.names.modules, m)
			p.names.list[at].from, p.names.list[at].to = int32(len(p.Modules))-1, int32(len(p.Modules))
		}
		return p
	}
	files := func() map[string][]string {
		return map[string][]string{
			"app.py": {":json", ":boto3", ":os", ":gateway"}, "gateway.py": {":core.cache:core", ":report"},
			"core/cache.py": {":requests", ":app"}, "report.py": {"export:pandas"},
		}
	}
	unchanged := NewRuntime(shop())
	unchanged.Adapt(program(files()), "app.py")
	if unchanged.Total(nil) != 188.5 || unchanged.Adds(line("app.py::boto3")) != 120 {
		t.Error("an unchanged program has other figures")
	}

	if unchanged.Independent(line("app.py::boto3")) != "boto3" || unchanged.Independent(line("app.py::gateway")) != "" {
		t.Error("independent")
	}

	// boto3 and gateway move to a new file, requests into a function, pandas out of one.
	f := files()
	f["app.py"] = []string{":json", ":os", ":fast_path:*"}
	f["fast_path.py"] = []string{":boto3", ":gateway", ":unheard", ":winreg if"}
	f["core/cache.py"] = []string{":app", "get:requests"}
	f["report.py"] = []string{":pandas"}
	p := program(f)
	r := NewRuntime(shop())
	r.Adapt(p, "app.py")
	boto3, pandas, requests := line("fast_path.py::boto3"), line("report.py::pandas"), line("core/cache.py:get:requests")
	if r.Has(line("app.py::boto3")) || r.Has(line("core/cache.py::requests")) || !r.Has(boto3) || r.Has(line("fast_path.py::winreg")) {
		t.Error("statements")
	}
	if got := r.Total(nil); got != 188.5-45+280 {
		t.Errorf("total %v", got)
	}
	if ms, gone := r.Saves(Cut{pandas: true}); ms != 280 || len(gone) != 2 {
		t.Errorf("pandas saves %v %v", ms, gone)
	}
	if ms, _ := r.Exclusive(nil).Saves(pandas); ms != 280 {
		t.Errorf("pandas saves %v", ms)
	}
	if !r.Deferred(requests) || r.Alone(requests, nil) != 65 || r.Adds(requests) != 45 || !r.Measured(requests) {
		t.Error("requests", r.Alone(requests, nil), r.Adds(requests))
	}
	if r.Measured(line("fast_path.py::unheard")) || !r.Measured(boto3) || !r.Measured(line("app.py::fast_path:*")) {
		t.Error("measured")
	}
	if !r.Running(p, nil)[p.Modules[3]] || r.Running(p, Cut{line("app.py::fast_path:*"): true})[p.Modules[3]] {
		t.Errorf("%s runs", p.Modules[3].Name)
	}
	if got := fmt.Sprint(r.Chain("boto3", nil)); got != "[{app app.py  fast_path * 0} {fast_path fast_path.py  boto3 boto3 0}]" {
		t.Error(got)
	}
	if got := r.Chains("requests", 0); len(got) != 1 || len(got[0]) != 4 || got[0][3].Qualname != "get" {
		t.Error(got)
	}

	// Nothing was measured: the entry is where it starts.
	r = NewRuntime(nil)
	r.Adapt(p, "app.py")
	if !r.Running(p, nil)[p.Modules[1]] || r.Total(nil) != 0 || !r.Has(boto3) || r.Measured(boto3) || len(r.Chain("boto3", nil)) != 2 {
		t.Error("without evidence")
	}

	// What only type checkers read now does not run any more.
	p = program(files())
	for _, imp := range p.Modules[0].Imports {
		if imp.Module == "boto3" {
			imp.Runs = "type_checking"
		}
	}
	r = NewRuntime(shop())
	if r.Adapt(p, "app.py"); r.Has(line("app.py::boto3")) || r.Total(nil) != 188.5-100 { // urllib3 is shared
		t.Error("for type checkers", r.Has(line("app.py::boto3")), r.Total(nil))
	}

	// A file that does not parse, or that was not kept, keeps what was measured.
	for _, tree := range []*syntax.File{{Errors: []syntax.Error{{}}}, nil} {
		f = files()
		f["app.py"] = nil
		p = program(f)
		p.Modules[0].Syntax = tree
		r = NewRuntime(shop())
		if r.Adapt(p, "app.py"); r.Total(nil) != 188.5 {
			t.Error(tree, r.Total(nil))
		}
	}
}

func TestChains(t *testing.T) {
	r := NewRuntime(shop())
	text := func(chain []evidence.Statement) string {
		var parts []string
		for _, s := range chain {
			parts = append(parts, s.From+">"+s.Module)
		}
		return strings.Join(parts, " ")
	}
	for _, c := range []struct{ module, want string }{
		{"urllib3", "app>boto3 boto3>urllib3"},
		{"requests", "app>gateway gateway>core.cache core.cache>requests"},
		{"core", "app>gateway gateway>core.cache"},
		{"orphan", ""},
		{"os", ""},
		{"nothing", ""},
		{"pandas", ""},
		{"app", ""},
	} {
		if got := text(r.Chain(c.module, nil)); got != c.want {
			t.Errorf("%s: %q, want %q", c.module, got, c.want)
		}
	}
	if got := text(r.Chain("urllib3", Cut{line("app.py::boto3"): true})); got != "app>gateway gateway>core.cache core.cache>requests requests>urllib3.util" {
		t.Error(got)
	}
	var all []string
	for _, c := range r.Chains("urllib3", 0) {
		all = append(all, text(c))
	}
	if d := cmp.Diff([]string{"app>boto3 boto3>urllib3", "app>gateway gateway>core.cache core.cache>requests requests>urllib3.util"}, all); d != "" {
		t.Error(d)
	}
	if got := r.Chains("urllib3", 1); len(got) != 1 {
		t.Error(got)
	}
	if got := r.Chains("numpy", 0); len(got) != 1 || text(got[0]) != "app>gateway gateway>report report>pandas pandas>numpy" {
		t.Errorf("deferred: %v", got)
	}
	if got := r.Chains("app", 0); len(got) != 0 {
		t.Errorf("the entry: %v", got)
	}
}

// random makes a graph with packages, cycles, start-up modules, statements of
// functions and modules that nothing explains.
func random(rnd *rand.Rand) *evidence.Entry {
	e := &evidence.Entry{}
	var names []string
	for i := range 4 + rnd.IntN(14) {
		name := fmt.Sprintf("m%d", i)
		if i > 2 && rnd.IntN(3) == 0 {
			name = names[rnd.IntN(len(names))] + fmt.Sprintf(".s%d", i)
		}
		names = append(names, name)
	}
	for _, n := range names {
		switch rnd.IntN(12) {
		case 0:
			e.Startup = append(e.Startup, n)
		case 1:
			e.Modules = append(e.Modules, evidence.Module{Name: n, SelfMS: float64(1 + rnd.IntN(50)), Phase: evidence.PhaseDeferred})
		case 2: // no row
		default:
			e.Modules = append(e.Modules, evidence.Module{Name: n, SelfMS: float64(1 + rnd.IntN(50)), Phase: evidence.PhaseInit})
		}
	}
	e.Startup = append(e.Startup, "__main__")
	e.Edges = append(e.Edges, edge(evidence.PhaseInit, "__main__::@start:", names[0]))
	for i := range rnd.IntN(40) {
		from := names[rnd.IntN(len(names))]
		d := edge(evidence.PhaseInit, fmt.Sprintf("%s::x%d", from, i), names[rnd.IntN(len(names))])
		d.File = strings.ReplaceAll(from, ".", "/") + ".py"
		if rnd.IntN(4) == 0 {
			d.To = append(d.To, names[rnd.IntN(len(names))])
		}
		if rnd.IntN(5) == 0 {
			d.Phase, d.Qualname = evidence.PhaseDeferred, "f"
		}
		e.Edges = append(e.Edges, d)
	}
	return e
}

// slow answers by plain reachability over names.
type slow struct{ e *evidence.Entry }

func (b slow) reach(start []string, cut Cut, there map[string]bool) map[string]bool {
	startup := map[string]bool{}
	for _, s := range b.e.Startup {
		startup[s] = s != mainModule
	}
	seen := map[string]bool{}
	var visit func(string)
	visit = func(m string) {
		if seen[m] || startup[m] || there[m] {
			return
		}
		seen[m] = true
		if i := strings.LastIndexByte(m, '.'); i > 0 {
			visit(m[:i])
		}
		for _, d := range b.e.Edges {
			if d.From == m && d.Phase == evidence.PhaseInit && !cut[d.Statement] {
				for _, t := range d.To {
					visit(t)
				}
			}
		}
	}
	for _, s := range start {
		visit(s)
	}
	return seen
}

func (b slow) sum(set map[string]bool) (ms float64, names []string) {
	for _, m := range b.e.Modules {
		if set[m.Name] {
			ms += m.SelfMS
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return ms, names
}

// saves is the difference of two reachable sets. Unexplained modules are only
// roots when they are reached from nowhere else, so the test asks r for them.
func (b slow) saves(r *Runtime, cut Cut) (float64, []string) {
	var roots []string
	for _, id := range r.roots {
		roots = append(roots, r.names[id])
	}
	before, after := b.reach(roots, nil, nil), b.reach(roots, cut, nil)
	for m := range after {
		delete(before, m)
	}
	return b.sum(before)
}

func TestRuntimeAgainstReachability(t *testing.T) {
	for seed := range uint64(400) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		e := random(rnd)
		r, b := NewRuntime(e), slow{e}

		// Whatever init loaded is loaded, explained or not.
		loaded := r.Loaded(nil)
		for _, m := range e.Modules {
			if m.Phase == evidence.PhaseInit && !r.InStartup(m.Name) && !loaded[m.Name] {
				t.Fatalf("seed %d: %s is not loaded", seed, m.Name)
			}
		}
		cut := Cut{}
		for _, d := range e.Edges[1:] {
			if rnd.IntN(4) == 0 {
				cut[d.Statement] = true
			}
		}
		ms, gone := r.Saves(cut)
		wantMS, wantGone := b.saves(r, cut)
		if ms != wantMS || !slices.Equal(gone, wantGone) {
			t.Fatalf("seed %d: saves %v %v, want %v %v", seed, ms, gone, wantMS, wantGone)
		}
		if got := r.Total(nil) - r.Total(cut); math.Abs(got-ms) > 1e-9 {
			t.Fatalf("seed %d: totals differ by %v, saves %v", seed, got, ms)
		}
		x, under := r.Exclusive(nil), r.Exclusive(cut)
		adds := 0.0
		for _, d := range e.Edges {
			ms, gone := x.Saves(d.Statement)
			wantMS, wantGone := b.saves(r, Cut{d.Statement: true})
			if ms != wantMS || !slices.Equal(gone, wantGone) {
				t.Fatalf("seed %d: %v alone saves %v %v, want %v %v", seed, d.Statement, ms, gone, wantMS, wantGone)
			}
			if !cut[d.Statement] {
				more := Cut{d.Statement: true}
				for s := range cut {
					more[s] = true
				}
				all, _ := r.Saves(more)
				set, _ := r.Saves(cut)
				if ms, _ := under.Saves(d.Statement); math.Abs(ms-(all-set)) > 1e-9 {
					t.Fatalf("seed %d: %v saves %v more, want %v", seed, d.Statement, ms, all-set)
				}
			}
			there := map[string]bool{}
			for m := d.From; m != ""; m = m[:max(0, strings.LastIndexByte(m, '.'))] {
				there[m] = true
			}
			for m := e.Edges[0].To[0]; m != ""; m = m[:max(0, strings.LastIndexByte(m, '.'))] {
				there[m] = true
			}
			want, _ := b.sum(b.reach(d.To, cut, there))
			if got := r.Alone(d.Statement, cut); got != want {
				t.Fatalf("seed %d: %v alone %v, want %v", seed, d.Statement, got, want)
			}
			if d.From == mainModule {
				adds += r.Adds(d.Statement)
			}
		}
		// What the start adds is everything that is explained from there.
		want, _ := b.sum(b.reach([]string{mainModule}, nil, nil))
		if math.Abs(adds-want) > 1e-9 {
			t.Fatalf("seed %d: the start adds %v, want %v", seed, adds, want)
		}
		for _, m := range e.Modules {
			for _, chain := range r.Chains(m.Name, 0) {
				for i, s := range chain[1:] {
					targets := b.reach(r.Targets(chain[i]), nil, nil)
					if !targets[s.From] {
						t.Fatalf("seed %d: the chain to %s breaks at %v", seed, m.Name, s)
					}
				}
			}
			chain := r.Chain(m.Name, cut)
			for _, s := range chain {
				if cut[s] {
					t.Fatalf("seed %d: the chain to %s passes %v, which is cut", seed, m.Name, s)
				}
			}
		}
	}
}

func TestEmptyRuntime(t *testing.T) {
	for _, r := range []*Runtime{NewRuntime(nil), NewRuntime(&evidence.Entry{})} {
		s := line("app.py::json")
		ms, gone := r.Saves(Cut{s: true})
		if r.Has(s) || r.Total(nil) != 0 || ms != 0 || gone != nil || r.Alone(s, nil) != 0 || r.Adds(s) != 0 || r.Chain("json", nil) != nil || r.InStartup("json") {
			t.Error("an empty graph knows something")
		}
		if ms, _ := r.Exclusive(Cut{s: true}).Saves(s); ms != 0 {
			t.Error(ms)
		}
		r.Order(&Program{})
	}
}

func BenchmarkExclusive(b *testing.B) {
	e := &evidence.Entry{}
	rnd := rand.New(rand.NewPCG(1, 1))
	for i := range 3000 {
		e.Modules = append(e.Modules, evidence.Module{Name: fmt.Sprintf("m%d", i), SelfMS: 1, Phase: evidence.PhaseInit})
	}
	e.Edges = append(e.Edges, edge(evidence.PhaseInit, "__main__::@m0:", "m0"))
	for i := range 12000 {
		d := edge(evidence.PhaseInit, fmt.Sprintf("m%d::x%d", rnd.IntN(3000), i), fmt.Sprintf("m%d", rnd.IntN(3000)))
		e.Edges = append(e.Edges, d)
	}
	r := NewRuntime(e)
	for b.Loop() {
		r.Exclusive(nil)
	}
}

// A module that was looked for in vain costs the search, and is none that a
// cut makes disappear.
func TestRuntimeMissing(t *testing.T) {
	i := evidence.PhaseInit
	r := NewRuntime(&evidence.Entry{
		Modules: []evidence.Module{
			{Name: "app", SelfMS: 1, Phase: i, Kind: "source"},
			{Name: "subprocess", SelfMS: 3, Phase: i, Kind: "source"},
			{Name: "msvcrt", SelfMS: 0.5, Phase: i, Kind: "missing"},
		},
		Edges: []evidence.Edge{
			edge(i, "__main__::@app:", "app"), edge(i, "app.py::subprocess", "subprocess"), edge(i, "subprocess::msvcrt", "msvcrt"),
		},
	})
	if got, want := len(r.Loaded(nil)), 2; got != want {
		t.Errorf("%d modules are loaded, want %d", got, want)
	}
	ms, gone := r.Saves(Cut{line("app.py::subprocess"): true})
	if ms != 3.5 || len(gone) != 1 || gone[0] != "subprocess" {
		t.Errorf("the cut saves %v ms, %v", ms, gone)
	}
}
