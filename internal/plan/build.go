package plan

import (
	"math"
	"slices"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/graph"
)

// leastSaving is the saving, in ms, below which a move is not worth an edit:
// it would be shown as 0.0ms.
const leastSaving = 0.05

// Build decides every import of the modules that the entry reaches.
//
// Decisions start at the leaves, so that a module which is heavy only because
// of what moves becomes light. A move that saves nothing, given all others,
// is taken back, and the decisions are made again, until nothing changes:
// what was taken back stays so, which is why this ends.
func Build(in Input) *Plan {
	b := &builder{in: in, policy: in.Policy, cuts: 1, alone: map[string]float64{}, together: map[string]float64{}, moving: map[*candidate]bool{}, same: map[string][]*candidate{}}
	if b.policy == "" {
		b.policy = in.Config.Policy
	}
	b.run = graph.NewRuntime(in.Evidence)
	b.run.Adapt(in.Program, in.Entry.File)
	b.cut = graph.Cut{}
	if in.Evidence != nil {
		b.kinds, b.measured = make(map[string]string, len(in.Evidence.Modules)), make(map[string]string, len(in.Evidence.Modules))
		for _, m := range in.Evidence.Modules {
			b.kinds[m.Name], b.measured[m.Name] = m.Kind, m.Measured
		}
	}
	b.traffic()
	b.process = b.newProcess()
	b.collect()
	for again := true; again; {
		b.decideAll()
		again = b.prune() || b.refuse() || b.restore()
	}
	b.pointless()
	return b.plan()
}

// pointless finds the decisions "measure" that no usage could change: what
// stays even if nobody uses it stays whoever does. Imports of the entry's own
// file are left, because usage says whether they are listed as exceptions.
func (b *builder) pointless() {
	unsure := func(c *candidate) bool {
		return c.Decision == Measure && c.Rule == RuleUnknown && c.Import.In.File != b.in.Entry.File && !c.FromFastPath
	}
	if b.in.AssumeUnused || !slices.ContainsFunc(b.items, unsure) {
		return
	}
	in := b.in
	in.AssumeUnused = true
	stays := map[*graph.Import]*Item{}
	for _, it := range Build(in).Items {
		if it.Decision == Keep && (it.Rule == RuleUsedAt || it.Rule == RuleUnsafe || it.Rule == RuleNoSaving || it.Rule == RuleExcluded) {
			stays[it.Import] = it
		}
	}
	for _, c := range b.items {
		it := stays[c.Import]
		if it == nil || !unsure(c) {
			continue
		}
		c.Next, c.Margin, c.Bounds = "", "", nil
		c.settle(Keep, it.Rule, it.Reason)
		if it.Rule == RuleNoSaving {
			c.Reason = "" // said anew, for the tree as it stands
		}
	}
}

// builder is one run of Build.
type builder struct {
	in     Input
	policy string
	run    *graph.Runtime

	rate, measuredRate, memoryMB float64
	daily                        float64 // requests
	dailyMeasured, dailyDeclared bool
	dailyAtLeast                 bool
	platform                     string
	process                      Process

	leaves   []*candidate            // in the order of decision: leaves first
	items    []*candidate            // in the order of the plan
	same     map[string][]*candidate // by module
	cut      graph.Cut               // the same, and what moves or goes
	cuts     int                     // version of the cut, from 1
	moving   map[*candidate]bool
	alone    map[string]float64 // of independent imports
	together map[string]float64 // what all movable imports of a module save as the tree stands
	kinds    map[string]string  // of the measured modules
	measured map[string]string  // the day, of the same
	// unmatched are the modules of --cold and --hot that no import names.
	unmatched []string
}

// candidate is an import with what is known about it before anything moves.
type candidate struct {
	Item
	forced  Decision // Function for --cold, Tier2 for --hot, "" otherwise
	idle    bool     // it did not run when measured
	startup bool
	// unprofiled: it is new, and so is its module: AloneMS lacks its own time.
	unprofiled bool
	useless    bool // moving it saves nothing
	restored   bool // it was useless once
	unmovable  string
	cause      string // why unmovable, for people
	alone      int    // the version of the cut for which AloneMS holds
	// independent is the key of imports that cost the same under every cut.
	independent string
}

// traffic settles what the policies assume about requests.
func (b *builder) traffic() {
	t := b.in.Config.Traffic
	b.platform = b.in.Entry.Platform
	if b.platform == "" {
		b.platform = t.Platform
	}
	b.rate = t.ColdStartRate
	if b.platform == config.PlatformCLI && !t.RateSet {
		b.rate = 1
	}
	b.measuredRate = -1
	if r, ok := b.in.Usage.ColdStartRate(); ok {
		b.measuredRate = r
	}
	b.memoryMB = b.in.Entry.MemoryMB
	if b.memoryMB <= 0 || t.MemorySet {
		b.memoryMB = t.MemoryMB
	}
	if mb, ok := b.in.Usage.MemoryMB(); ok {
		b.memoryMB = mb
	}
	b.daily = t.DailyRequests
	if n, ok := b.in.Usage.Daily(); ok {
		b.daily, b.dailyMeasured = max(math.Round(n), 1), true
	} else {
		if n, ok := b.in.Usage.DailyDeclared(); ok {
			b.daily, b.dailyDeclared = n, true
		}
		// A log of part of a day is no measure of a day, unless it has more requests than
		// somebody says a day has.
		if n, ok := b.in.Usage.DailyAtLeast(); ok && math.Round(n) > b.daily {
			b.daily, b.dailyAtLeast, b.dailyDeclared = math.Round(n), true, false
		}
	}
}

// collect finds the candidates: the imports of the project modules that run
// at init, the entry's first, and then in the order in which they are loaded.
func (b *builder) collect() {
	running := b.run.Running(b.in.Program, nil)
	seen := map[*graph.Module]bool{}
	matched := map[string]bool{}
	type frame struct {
		m       *graph.Module
		next    int
		pending []*graph.Module
		own     []*candidate
	}
	var stack []frame
	enter := func(m *graph.Module) {
		if m == nil || seen[m] || !running[m] {
			return
		}
		seen[m] = true
		f := frame{m: m}
		for _, imp := range m.Imports {
			if c := b.candidate(imp, matched); c != nil {
				f.own = append(f.own, c)
				b.items = append(b.items, c)
				b.same[c.Module] = append(b.same[c.Module], c)
			}
			if imp.Runs == "import" {
				f.pending = append(f.pending, b.in.Program.Targets(imp)...)
			}
		}
		stack = append(stack, f)
	}
	start := []*graph.Module{b.in.Program.File(b.in.Entry.File), b.in.Program.File(b.in.Entry.FastPath)}
	start = append(start, b.in.Program.Modules...)
	for _, m := range start {
		enter(m)
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			if f.next < len(f.pending) {
				f.next++
				enter(f.pending[f.next-1])
				continue
			}
			b.leaves = append(b.leaves, f.own...)
			stack = stack[:len(stack)-1]
		}
	}
	for _, name := range slices.Concat(b.in.Cold, b.in.Hot) {
		if !matched[name] && !slices.Contains(b.unmatched, name) {
			b.unmatched = append(b.unmatched, name)
		}
	}
}

// NotExamined is why an import stays that nobody looked at.
const NotExamined = "its safety was not examined"

// candidate returns the candidate for an import, nil when there is nothing to
// decide.
func (b *builder) candidate(imp *graph.Import, matched map[string]bool) *candidate {
	if imp.Future || imp.Runs != "import" && imp.Runs != "call" {
		return nil
	}
	if base := b.in.Program.Module(imp.Base); base != nil && base.File == b.in.Entry.FastPath {
		return nil // what uses the fast path file is its reader, not an import of its own
	}
	c := &candidate{Item: Item{Import: imp, Module: imp.Target}, independent: b.run.Independent(imp.Statement)}
	if sub := imp.Base + "." + imp.Item; imp.Item != "" && slices.Contains(b.run.Targets(imp.Statement), sub) {
		c.Module = sub // without an interpreter, only the profile knows that it is a module
	}
	c.place()
	c.Existing = imp.Scope == "function" || imp.Lazy
	c.FromFastPath = imp.In.File == b.in.Entry.FastPath
	c.startup = b.run.InStartup(c.Module)
	c.Measured = b.run.Measured(imp.Statement)
	c.unprofiled = b.in.Evidence != nil && b.run.Unprofiled(imp.Statement)
	if b.in.Evidence != nil && !c.Existing && !b.run.Has(imp.Statement) {
		c.idle = true
	}
	c.Usage, c.UsageKnown = b.in.Usage.Share(c.Module)
	if !c.UsageKnown && b.in.AssumeUnused {
		c.Usage, c.UsageKnown = 0, true
	}
	c.forced = b.forced(c.Module, matched)

	c.Verdict = Verdict{Safety: SafetyAsk, Cause: NotExamined}
	if b.in.Verdict != nil && !c.Existing {
		c.Verdict = b.in.Verdict(imp)
	}
	if c.Existing {
		c.Verdict = Verdict{Safety: SafetyAuto}
	}
	switch {
	case b.in.Config.Excluded(imp.In.File):
		c.unmovable, c.cause = RuleExcluded, "excluded by the configuration"
	case imp.UsedAtImport:
		c.unmovable, c.cause = RuleUsedAt, usedAt(imp, c.Verdict)
	case !Movable(c.Verdict.Safety):
		c.unmovable, c.cause = RuleUnsafe, c.Verdict.Cause
	}
	return c
}

// Movable reports whether an import of this safety class is moved without
// asking: as it is, or with a guard for those who read its name.
func Movable(s Safety) bool { return s == SafetyAuto || s == SafetyGuard }

// usedAt says where a name is used while its module is imported.
func usedAt(imp *graph.Import, v Verdict) string {
	why := imp.UsedAtWhy
	if why == "" {
		why = "used at import"
	}
	switch {
	case imp.UsedAtLine > 0:
		return why + " at " + place(imp.In.File, imp.UsedAtLine)
	case imp.UsedAtWhy == "" && v.Cause != "":
		return v.Cause
	}
	return why // it names the place in another file itself
}

// place fills in where the statement stands and how it is written.
func (c *candidate) place() {
	f := c.Import.In.Syntax
	n := f.Node(c.Import.Stmt)
	c.Line, c.Column = f.Position(n.Start)
	text := f.Text(c.Import.Stmt)
	if strings.Contains(text, "\n") || strings.Contains(text, "#") {
		text = withoutComments(text)
	}
	c.Text = strings.Join(strings.Fields(text), " ")
}

// withoutComments removes comments from an import statement, which holds no
// strings.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		b.WriteString(strings.TrimRight(line, "\\\r\n"))
		b.WriteByte('\n')
	}
	return b.String()
}

// Covers reports whether a dotted prefix covers a module: it is the module
// itself or a package around it.
func Covers(prefix, module string) bool {
	return module == prefix || strings.HasPrefix(module, prefix) && module[len(prefix)] == '.'
}

func anyCovers(prefixes []string, module string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return Covers(p, module) })
}

// forced returns what --cold and --hot say about a module; the longer name
// knows better.
func (b *builder) forced(module string, matched map[string]bool) Decision {
	var decision Decision
	longest := -1
	for d, list := range map[Decision][]string{Function: b.in.Cold, Tier2: b.in.Hot} {
		for _, p := range list {
			if !Covers(p, module) {
				continue
			}
			matched[p] = true
			if len(p) > longest || len(p) == longest && d == Function {
				decision, longest = d, len(p)
			}
		}
	}
	return decision
}

// mostRounds bounds the rounds of decisions. One and a second that changes
// nothing are the rule; import cycles may need more, or never come to rest.
const mostRounds = 8

// decideAll decides all candidates, leaves first, until the cut is at rest.
func (b *builder) decideAll() {
	for range mostRounds {
		changed := false
		for _, c := range b.leaves {
			b.decide(c)
			if goes := c.Move || c.Decision == Remove; goes != b.moving[c] {
				changed = true
				b.set(c, goes)
			}
		}
		if !changed {
			return
		}
	}
}

// aloneMS returns what a candidate costs by itself under the current cut.
func (b *builder) aloneMS(c *candidate) float64 {
	switch {
	case c.alone == b.cuts:
	case c.independent == "":
		c.AloneMS, c.alone = b.run.Alone(c.Import.Statement, b.cut), b.cuts
	default:
		ms, ok := b.alone[c.independent]
		if !ok {
			ms = b.run.Alone(c.Import.Statement, nil)
			b.alone[c.independent] = ms
		}
		c.AloneMS = ms
	}
	return c.AloneMS
}

// set adds a move, or a removal, to the cut or takes it back.
func (b *builder) set(c *candidate, move bool) {
	b.cuts++
	if move {
		b.cut[c.Import.Statement] = true
		b.moving[c] = true
		return
	}
	delete(b.cut, c.Import.Statement)
	delete(b.moving, c)
}

// prune takes moves back that save nothing given all others. It reports
// whether it did.
func (b *builder) prune() bool {
	pruned := false
	total := b.run.Total(b.cut)
	for _, c := range b.leaves {
		if !b.moving[c] || !c.Measured || c.Decision == Remove {
			continue
		}
		b.set(c, false)
		if without := b.run.Total(b.cut); without-total < leastSaving {
			c.useless, pruned, total = true, true, without
			continue
		}
		b.set(c, true)
	}
	return pruned
}

// refuse takes moves back that are not safe together. It reports whether it
// did.
func (b *builder) refuse() bool {
	if b.in.Joint == nil || len(b.moving) == 0 {
		return false
	}
	var moves []*graph.Import
	for _, c := range b.items {
		if c.Move && b.moving[c] {
			moves = append(moves, c.Import)
		}
	}
	refused := false
	for imp, cause := range b.in.Joint(moves) {
		for _, c := range b.items {
			if c.Import == imp && b.moving[c] {
				c.unmovable, c.cause, refused = RuleUnsafe, cause, true
			}
		}
	}
	return refused
}

// restore gives a move that was taken back one more chance, now that the set
// has settled.
func (b *builder) restore() bool {
	restored := false
	var x *graph.Exclusive
	for _, c := range b.leaves {
		if !c.useless || c.restored {
			continue
		}
		if x == nil {
			x = b.run.Exclusive(b.cut)
		}
		if ms, _ := x.Saves(c.Import.Statement); ms >= leastSaving && !b.run.Deferred(c.Import.Statement) {
			c.useless, c.restored, restored = false, true, true
		}
	}
	return restored
}
