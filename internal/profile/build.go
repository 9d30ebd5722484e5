package profile

import (
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/python/probe"
)

// entry makes the evidence of the measurement.
func (m *measurement) entry(start *Startup) *evidence.Entry {
	today := time.Now().Format(time.DateOnly)
	e := &evidence.Entry{
		Measured: today, Runs: m.Runs, Startup: m.graph.Startup,
		Environment: m.environment(), Noise: &evidence.Noise{Self: map[string]float64{}, Code: map[string]float64{}},
	}
	m.totals(e)
	if start != nil {
		for _, c := range start.Code {
			code := evidence.StartupCode{Name: filepath.Base(c.File), SelfMS: c.MS, Modules: len(c.Modules)}
			e.StartupCode = append(e.StartupCode, code)
			e.Noise.Code[code.Name] = c.SpreadMS
		}
	}

	index := m.distributions()
	used := map[evidence.Distribution]bool{}
	startup := map[string]bool{}
	for _, s := range m.graph.Startup {
		startup[s] = true
	}
	for _, n := range m.graph.Nodes {
		row := evidence.Module{Name: n.Name, Kind: n.Kind, Phase: evidence.PhaseInit, Measured: today}
		if n.Deferred {
			row.Phase = evidence.PhaseDeferred
		}
		samples := m.samples(n)
		row.SelfMS, _, _ = spread(samples)
		e.Noise.Self[n.Name] = noise(samples)
		if mod := m.projectModule(n.File); mod != nil {
			row.File = mod.File
		} else if m.installed(n) {
			if d, ok := index.Of(n.Name); ok {
				row.Distribution = d.Name
				used[evidence.Distribution(d)] = true
			}
		}
		e.Modules = append(e.Modules, row)
	}
	for d := range used {
		e.Distributions = append(e.Distributions, d)
	}
	e.Edges = m.edges(startup)
	return e
}

// environment is that of the measurement.
func (m *measurement) environment() evidence.Environment {
	env := Environment(m.identity)
	env.Bytecode = m.bytecode()
	return env
}

// times makes an entry of nothing but the times that there are.
func (m *measurement) times() *evidence.Entry {
	e := &evidence.Entry{Environment: m.environment(), Noise: &evidence.Noise{}}
	m.totals(e)
	for _, n := range m.graph.Nodes {
		if samples := m.samples(n); len(samples) > 0 {
			self, _, _ := spread(samples)
			e.Modules = append(e.Modules, evidence.Module{Name: n.Name, SelfMS: self})
		}
	}
	return e
}

// totals takes the figures of whole runs.
func (m *measurement) totals(e *evidence.Entry) {
	runs := slices.Clone(m.timings)
	slices.SortFunc(runs, func(a, b *probe.Timing) int { return int(a.Total - b.Total) })
	n := len(runs)
	e.TotalMinMS, e.PeakKiB = ms(runs[0].Total), runs[0].PeakKiB
	totals, collections, clients := make([]time.Duration, n), make([]time.Duration, n), make([]time.Duration, n)
	for i, r := range runs {
		totals[i], collections[i], clients[i] = r.Total, r.GC, r.Client
		e.PeakKiB = min(e.PeakKiB, r.PeakKiB)
	}
	_, e.TotalMedianMS, e.Noise.Total = spread(totals)
	e.StartupMS, _, e.Noise.Startup = spread(clients)      // sorts them
	e.Noise.Startup = max(e.Noise.Startup, noise(clients)) // few of them may have been taken alone
	e.GCMS, _, e.Noise.GC = spread(collections)
}

// waited is the least that a run waited for something else than a processor.
func (m *measurement) waited() float64 {
	least := m.timings[0].Waited
	for _, r := range m.timings {
		least = min(least, r.Waited)
	}
	return ms(least)
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// installed reports whether a node may belong to a distribution.
func (m *measurement) installed(n probe.Node) bool {
	switch n.Kind {
	case "missing", "builtin", "frozen":
		return false
	}
	return n.File == "" || !within(m.Python.Stdlib, n.File) || strings.Contains(filepath.ToSlash(n.File), "-packages/")
}

// within reports whether file lies below dir.
func within(dir, file string) bool {
	rel, err := filepath.Rel(dir, file)
	return dir != "" && err == nil && filepath.IsLocal(rel)
}

// projectModule returns the project's module that a file is, or nil.
func (m *measurement) projectModule(file string) *graph.Module {
	if file == "" {
		return nil
	}
	mod, known := m.ofFile[file]
	if !known {
		mod = m.findModule(file)
		m.ofFile[file] = mod
	}
	return mod
}

func (m *measurement) findModule(file string) *graph.Module {
	if !filepath.IsAbs(file) {
		file = filepath.Join(m.target.Dir, file)
	}
	if rel, err := filepath.Rel(m.Root, file); err == nil && filepath.IsLocal(rel) {
		return m.Program.File(filepath.ToSlash(rel))
	}
	file, err := filepath.EvalSymlinks(file)
	if err != nil || !within(m.realRoot, file) {
		return nil
	}
	rel, err := filepath.Rel(m.realRoot, file)
	if err != nil {
		return nil
	}
	return m.Program.File(filepath.ToSlash(rel))
}

// edgeSet collects edges by statement and phase.
type edgeSet struct {
	index map[edgeKey]int
	edges []evidence.Edge
}

type edgeKey struct {
	evidence.Statement
	phase string
}

func (s *edgeSet) add(st evidence.Statement, phase string, to ...string) {
	k := edgeKey{st, phase}
	i, ok := s.index[k]
	if !ok {
		i = len(s.edges)
		s.index[k] = i
		s.edges = append(s.edges, evidence.Edge{Statement: st, Phase: phase})
	}
	e := &s.edges[i]
	for _, name := range to {
		if !slices.Contains(e.To, name) {
			e.To = append(e.To, name)
		}
	}
}

// edges translates the statements of the probe. Those of the project keep
// their identity; those of libraries are joined, one row for each module that
// a library module names, without what start-up has loaded.
func (m *measurement) edges(startup map[string]bool) []evidence.Edge {
	project := map[string]*graph.Module{}
	for _, n := range m.graph.Nodes {
		if mod := m.projectModule(n.File); mod != nil {
			project[n.Name] = mod
		}
	}
	set := &edgeSet{index: map[edgeKey]int{}}
	extras := map[string][]string{} // by module of the deferred pass
	for _, s := range m.graph.Statements {
		switch {
		case s.How == probe.Entry:
			set.add(evidence.Statement{From: "__main__", Module: s.Base}, evidence.PhaseInit, append([]string{s.Base}, s.To...)...)
		case s.How == probe.Deferred:
			extras[s.Base] = s.To
		default:
			mod := project[s.From]
			if mod != nil && m.projectEdge(set, s, mod) {
				continue
			}
			st := evidence.Statement{From: s.From, Module: s.Written}
			if mod != nil {
				st.File = mod.File
			}
			if s.How == probe.Call || mod != nil {
				st.Module = "@" + s.Base
			}
			to := slices.DeleteFunc(targets(s), func(name string) bool { return startup[name] })
			if len(to) > 0 {
				set.add(st, evidence.PhaseInit, to...)
			}
		}
	}
	for _, mod := range m.reach {
		for _, imp := range mod.Imports {
			name := deferredTarget(imp)
			if name == "" {
				continue
			}
			to := []string{name}
			for _, t := range extras[name] {
				if !startup[t] && !isWithin(name, t) {
					to = append(to, t)
				}
			}
			set.add(imp.Statement, evidence.PhaseDeferred, to...)
		}
	}
	return set.edges
}

// projectEdge adds what one statement of a project module's body asked for. It
// returns false for imports by calls, also by functions of the same module.
func (m *measurement) projectEdge(set *edgeSet, s probe.Statement, mod *graph.Module) bool {
	var own []*graph.Import
	if s.How == probe.Direct {
		for _, imp := range mod.ImportAt(s.Line, s.Written) {
			if imp.Scope != "function" && imp.Runs == "import" {
				own = append(own, imp)
			}
		}
	}
	if len(own) == 0 {
		return false
	}
	items := map[string]string{}
	for _, i := range s.Items {
		items[i.Name] = i.Module
	}
	// What was loaded beside the names that are written: it belongs to each.
	var extra []string
	for _, name := range s.To {
		if isWithin(s.Base, name) || name == s.Base || slices.ContainsFunc(s.Items, func(i probe.Item) bool { return i.Module == name }) {
			continue
		}
		extra = append(extra, name)
	}
	for _, imp := range own {
		if len(s.Items) > 0 && imp.Item != "" {
			if _, ran := items[imp.Item]; !ran {
				continue // another statement on the same line
			}
		}
		st := imp.Statement
		st.From = s.From
		to := s.Base
		if sub := items[imp.Item]; sub != "" {
			to = sub
		}
		set.add(st, evidence.PhaseInit, append([]string{to}, extra...)...)
	}
	return true
}

// targets returns the modules that a statement asks for: the submodules among
// its names, its module when there are none, and what was loaded on its behalf.
func targets(s probe.Statement) []string {
	var to []string
	for _, i := range s.Items {
		if i.Module != "" {
			to = append(to, i.Module)
		}
	}
	if len(to) == 0 {
		to = append(to, s.Base)
	}
	for _, name := range s.To {
		if !slices.ContainsFunc(to, func(t string) bool { return t == name || isWithin(t, name) }) {
			to = append(to, name)
		}
	}
	return to
}

// isWithin reports whether pkg is a package around module (or the module).
func isWithin(module, pkg string) bool {
	return module == pkg || strings.HasPrefix(module, pkg+".")
}
