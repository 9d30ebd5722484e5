package plan

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
)

// plan fills in the figures of the settled set and the totals.
func (b *builder) plan() *Plan {
	p := &Plan{
		builder: b, Entry: b.in.Entry, Policy: b.policy, Measured: b.in.Evidence != nil, Cut: b.cut, Runtime: b.run,
		ColdStartRate: b.rate, MeasuredRate: b.measuredRate, DailyRequests: b.daily, DailyMeasured: b.dailyMeasured, DailyDeclared: b.dailyDeclared, DailyAtLeast: b.dailyAtLeast,
		MemoryMB: b.memoryMB, Thresholds: b.in.Config.Thresholds, Unmatched: b.unmatched, Process: b.process,
	}
	running := b.run.Running(b.in.Program, b.cut)
	savings := map[string]float64{}
	single, settled := b.run.Exclusive(nil), b.run.Exclusive(b.cut)
	for _, c := range b.items {
		s := c.Import.Statement
		if c.Decision == Keep && c.Rule != RuleStartup && !running[c.Import.In] {
			c.settle(Keep, RuleAlong, "goes with "+b.leader(c))
		}
		c.AloneMS, c.AddsMS = b.aloneMS(c), b.run.Adds(s)
		c.Measured = c.Measured && (c.Move || !c.unprofiled)
		switch {
		case c.Existing, c.Rule == RuleUsedAt, c.Rule == RuleAlong:
			// in a function it is not part of init; used at import, its cost
			// would stay wherever the statement stands
		case c.Move, c.Decision == Remove:
			c.SavesMS, c.SavesModules = b.given(c, single)
		default:
			c.SavesMS, c.SavesModules = settled.Saves(s)
		}
		if c.Rule == RuleNoSaving && c.Reason == "" {
			c.Reason = b.loadedBy(c)
		}
		key := c.Module
		if c.Existing {
			key = "in a function: " + key
		}
		if _, ok := savings[key]; !ok {
			savings[key] = b.saving(c)
		}
		c.Lifetime = b.lifetime(c, savings[key])
		c.MeasuredOn = b.measured[c.Module]
		p.Items = append(p.Items, &c.Item)
	}
	b.totals(p)
	b.prices(p)
	return p
}

// given is what a move saves. A move that saves nothing by itself is shown
// with what it saves once the others have moved: the set is what counts.
func (b *builder) given(c *candidate, single *graph.Exclusive) (float64, []string) {
	if ms, modules := single.Saves(c.Import.Statement); ms >= leastSaving {
		return ms, modules
	}
	without := maps.Clone(b.cut)
	delete(without, c.Import.Statement)
	before, after := b.run.Loaded(without), b.run.Loaded(b.cut)
	var gone []string
	for m := range before {
		if !after[m] {
			gone = append(gone, m)
		}
	}
	slices.Sort(gone)
	return b.run.Total(without) - b.run.Total(b.cut), gone
}

// loadedBy says what loads a module when moving this statement saves nothing.
func (b *builder) loadedBy(c *candidate) string {
	cut := maps.Clone(b.cut)
	cut[c.Import.Statement] = true
	chain := b.run.Chain(c.Module, cut)
	if len(chain) == 0 {
		return "saves nothing here"
	}
	last := chain[len(chain)-1]
	if last.File == "" {
		return "saves nothing: " + last.From + " loads it, too"
	}
	for _, m := range b.in.Program.Modules {
		for _, imp := range m.Imports {
			if imp.Statement == last {
				return "saves nothing: " + place(m.File, m.Line(imp.Stmt)) + " loads it, too"
			}
		}
	}
	return "saves nothing: " + last.File + " loads it, too"
}

// leader names the move that takes the module of c out of init.
func (b *builder) leader(c *candidate) string {
	for _, s := range b.run.Chain(c.Import.In.Name, nil) {
		if !b.cut[s] {
			continue
		}
		for _, m := range b.items {
			if m.Import.Statement == s {
				return m.Import.Target
			}
		}
	}
	return c.Import.In.File
}

// Sequence returns what each item adds, in ms, when they run in this order in
// the tree after the plan.
func (p *Plan) Sequence(items []*Item) []float64 {
	list := make([]evidence.Statement, len(items))
	for i, it := range items {
		list[i] = it.Import.Statement
	}
	return p.Runtime.Sequence(list, p.Cut)
}

// Union returns the Σ self, in ms, of everything that the items load together
// in the tree after the plan.
func (p *Plan) Union(items []*Item) float64 {
	total := 0.0
	for _, ms := range p.Sequence(items) {
		total += ms
	}
	return total
}

// FastPath returns the items whose lines belong in the fast path file, in the
// order of the plan, tier 1 first.
func (p *Plan) FastPath() []*Item {
	var list []*Item
	for _, it := range p.Items {
		if it.OnFastPath {
			list = append(list, it)
		}
	}
	slices.SortStableFunc(list, func(a, b *Item) int { return cmp.Compare(a.Decision, b.Decision) })
	return list
}

// Moves returns the items that apply moves to function level.
func (p *Plan) Moves() []*Item {
	var list []*Item
	for _, it := range p.Items {
		if it.Move {
			list = append(list, it)
		}
	}
	return list
}

// totals computes the figures of the set.
func (b *builder) totals(p *Plan) {
	t := &p.Totals
	t.InitMS, t.InitAfterMS = b.run.Total(nil), b.run.Total(b.cut)
	before, after := b.run.Loaded(nil), b.run.Loaded(b.cut)
	t.Modules, t.ModulesAfter = len(before), len(after)
	t.SavesMS, t.Gone = b.run.Saves(b.cut)
	fast := p.FastPath()
	t.FastPathMS = p.Union(fast)
	t.FastPathLimitMS, t.FastPathImportLimit = b.in.Config.Limits.TotalMS, b.in.Config.Limits.Imports
	names := map[string]bool{}
	for _, it := range fast {
		if n := it.Import.Binds; !strings.HasPrefix(n, "_") && !names[n] {
			names[n] = true
			t.FastPathImports++
		}
	}
	for _, it := range p.Items {
		if it.Decision == Measure {
			t.Unsure++
		}
		if it.Move {
			t.Moves++
		}
	}
}

// prices computes what the first request of each workflow pays in a process.
func (b *builder) prices(p *Plan) {
	moves := p.Moves()
	if len(moves) == 0 || b.in.Evidence == nil {
		return
	}
	factor := MemoryFactor(b.platform, b.memoryMB)
	add := func(workflow string, share float64, used func(module string) bool) {
		var list []evidence.Statement
		var modules []string
		for _, it := range moves {
			if target := it.Module; used(target) {
				list = append(list, it.Import.Statement)
				if !slices.Contains(modules, target) {
					modules = append(modules, target)
				}
			}
		}
		if len(list) == 0 {
			return
		}
		if ms, _ := b.run.FirstUse(list, b.cut); ms > 0 {
			p.Totals.Prices = append(p.Totals.Prices, Price{Workflow: workflow, Share: share, Modules: modules, MS: ms, MemoryMS: ms * factor})
		}
	}
	var workflows map[string]float64
	if b.in.Usage != nil {
		workflows = b.in.Usage.Workflows
	}
	for _, w := range slices.Sorted(maps.Keys(workflows)) {
		share := 0.0
		if b.in.Usage.Requests > 0 {
			share = workflows[w] / b.in.Usage.Requests
		}
		add(w, share, func(module string) bool {
			s, known := b.in.Usage.ShareIn(w, module)
			return known && s > 0
		})
	}
	if len(workflows) == 0 {
		add("", 1, func(module string) bool {
			s, known := b.in.Usage.Share(module)
			return !known || s > 0
		})
	}
	slices.SortStableFunc(p.Totals.Prices, func(x, y Price) int { return cmp.Compare(y.MS, x.MS) })
}
