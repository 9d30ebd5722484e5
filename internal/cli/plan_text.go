package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

// planGroup is the rows of a plan's table that say the same of one module.
type planGroup struct {
	module string
	items  []*plan.Item
	word   string // the decision as the table writes it
	rank   int    // order in the table
}

// The order of the table: what is hot, what moves, what stays and why.
const (
	rankFast = iota
	rankStays
	rankMove
	rankMeasure
	rankKeep
	rankRemove
	rankExisting
)

// groupOf says where an item belongs in the table.
func groupOf(it *plan.Item) (word string, rank int) {
	switch {
	case it.Existing && it.Decision == plan.Function:
		return "in place", rankExisting
	case it.Existing:
		return "hoist", rankExisting
	case it.Move:
		return "MOVE", rankMove
	case it.OnFastPath:
		return "fast path", rankFast
	case it.Decision == plan.Tier1 || it.Decision == plan.Tier2:
		return "stays", rankStays
	case it.Decision == plan.Measure:
		return "measure", rankMeasure
	case it.Decision == plan.Remove:
		return "remove", rankRemove
	}
	return "keep", rankKeep
}

// planGroups sorts the items of a plan into rows and counts what is too light
// or too plain to have one: light imports by how they end, and start-up.
func planGroups(p *plan.Plan, all bool) (groups []*planGroup, light map[int][]*plan.Item) {
	light = map[int][]*plan.Item{}
	at := map[string]*planGroup{}
	for _, it := range p.Items {
		word, rank := groupOf(it)
		small := it.Measured && it.AloneMS < p.Thresholds.LightMS && rank != rankMove && rank != rankRemove
		if !all && (it.Rule == plan.RuleStartup || it.Rule == plan.RuleAlong || small && it.Rule != plan.RuleForced) {
			light[rank] = append(light[rank], it)
			continue
		}
		key := fmt.Sprint(rank, it.Module)
		if rank == rankKeep && all {
			key += it.Reason
		}
		g := at[key]
		if g == nil {
			g = &planGroup{module: it.Module, word: word, rank: rank}
			at[key] = g
			groups = append(groups, g)
		}
		g.items = append(g.items, it)
	}
	// A single light line of the file needs no summary.
	if list := light[rankFast]; len(list) > 0 && len(list) <= 3 && !all {
		for _, it := range list {
			if it.Rule != plan.RuleStartup {
				groups = append(groups, &planGroup{module: it.Module, items: []*plan.Item{it}, word: "fast path", rank: rankFast})
			}
		}
		delete(light, rankFast)
	}
	slices.SortStableFunc(groups, func(a, b *planGroup) int {
		if a.rank != b.rank {
			return a.rank - b.rank
		}
		if a.rank == rankFast && a.items[0].Decision != b.items[0].Decision {
			return strings.Compare(string(a.items[0].Decision), string(b.items[0].Decision))
		}
		return int(math.Copysign(1, b.alone()-a.alone()))
	})
	return groups, light
}

// alone is the figure of the dearest of the group's statements.
func (g *planGroup) alone() float64 {
	most := 0.0
	for _, it := range g.items {
		most = max(most, it.AloneMS)
	}
	return most
}

// telling is the item whose reason speaks for the group: that anything else
// loads the module, too, says less than what keeps the import itself.
func (g *planGroup) telling() *plan.Item {
	for _, it := range g.items {
		if it.Rule != plan.RuleNoSaving {
			return it
		}
	}
	return g.items[0]
}

// keptRows is how many rows of what stays are shown without -v.
const keptRows = 12

// saves is what the statements of a group save together.
func (g *planGroup) saves(p *plan.Plan) float64 {
	if len(g.items) == 1 {
		return g.items[0].SavesMS
	}
	cut := graph.Cut{}
	for _, it := range g.items {
		cut[it.Import.Statement] = true
	}
	ms, _ := p.Runtime.Saves(cut)
	if g.rank != rankMove {
		return ms
	}
	least := 0.0
	for _, it := range g.items {
		least = max(least, it.SavesMS)
	}
	return max(ms, least)
}

// printPlan shows a plan to people.
func (a *app) printPlan(t *term.Terminal, r *analysis) {
	p, w := r.plan, a.Stdout
	a.printPlanHead(t, r)
	groups, light := planGroups(p, a.verbose)
	table := &term.Table{Columns: []term.Column{
		{Title: "import"}, {Title: "alone", Right: true}, {Title: "saves", Right: true}, {Title: "used", Right: true}, {Title: "decision"}, {Title: "why"},
	}}
	if n := len(light[rankFast]); n > 0 {
		table.Row(fmt.Sprintf("%d light imports", n), msText(p.Union(light[rankFast])), "–", "", "fast path", fmt.Sprintf("under %v ms each", p.Thresholds.LightMS))
	}
	kept, hidden := 0, 0
	for _, g := range groups {
		if g.rank == rankKeep && !a.verbose {
			if kept++; kept > keptRows {
				hidden++
				continue
			}
		}
		a.planRow(t, table, p, g)
	}
	if table.Len() > 0 {
		fmt.Fprint(w, table.Render(t))
		fmt.Fprintln(w)
	}
	if hidden > 0 {
		fmt.Fprintf(w, "%s\n", t.Faint(fmt.Sprintf("%d more cheaper %s; -v lists them with each reason", hidden, plural(hidden, "module stays", "modules stay"))))
	}
	rest := 0
	for rank, list := range light {
		if rank != rankFast {
			rest += len(list)
		}
	}
	if rest > 0 {
		fmt.Fprintf(w, "%s\n\n", t.Faint(fmt.Sprintf("%d more %s light, loaded at start-up, or in modules that move; -v lists them", rest, plural(rest, "import is", "imports are"))))
	}
	a.printPlanTotals(t, r)
	a.printPlanDay(p)
	a.printDisagreements(p)
	fmt.Fprintf(w, "\nnext: %s\n", nextHint(t, p))
}

func (a *app) printPlanHead(t *term.Terminal, r *analysis) {
	p, w := r.plan, a.Stdout
	head := []string{t.Bold(p.Entry.Name)}
	if e := r.evidence; e != nil {
		head = append(head, e.Environment.Implementation+" "+e.Environment.Version, fmt.Sprintf("min of %d", e.Runs), "measured "+e.Measured)
	} else {
		head = append(head, "never profiled: only --cold and --hot decide")
	}
	if p.Policy == config.PolicyLifetime {
		head = append(head, "policy lifetime")
	}
	fmt.Fprintln(w, strings.Join(head, " · "))
	rate := fmt.Sprintf("cold-start rate %s%% (assumed)", grouped(p.ColdStartRate*100))
	if r.project.Config.Traffic.RateSet {
		rate = fmt.Sprintf("cold-start rate %s%%", grouped(p.ColdStartRate*100))
	}
	if p.MeasuredRate >= 0 {
		rate += fmt.Sprintf(", measured %s%%", grouped(math.Round(p.MeasuredRate*1000)/10))
	}
	if r.usage.Requests > 0 {
		counted := "usage: " + countedRequests(r.usage.Requests)
		switch r.usage.Basis() {
		case usage.Declared:
			counted = fmt.Sprintf("usage: %s weighted events", grouped(math.Round(r.usage.Requests*10)/10))
		case usage.Events:
			counted = fmt.Sprintf("usage: %s %s", grouped(r.usage.Requests), plural(int(r.usage.Requests), "sample event"))
		}
		if n := len(r.usage.Workflows); n > 0 {
			counted += fmt.Sprintf(", %d %s", n, plural(n, "workflow"))
		}
		switch {
		case p.DailyMeasured:
			counted += fmt.Sprintf(", %s a day", grouped(p.DailyRequests))
		case p.DailyDeclared:
			counted += fmt.Sprintf(", %s a day (declared)", grouped(p.DailyRequests))
		case p.DailyAtLeast:
			counted += fmt.Sprintf(", at least %s a day", grouped(p.DailyRequests))
		default:
			if _, some := r.usage.DailyAtLeast(); some {
				counted += fmt.Sprintf(", %s a day assumed (no log is known to cover a whole day)", grouped(p.DailyRequests))
			}
		}
		if real, _, _ := r.usage.Aside(); real != nil {
			counted += fmt.Sprintf("; %s too few to count", countedRequests(real.Requests))
		}
		fmt.Fprintf(w, "%s · %s\n\n", counted, rate)
		return
	}
	learn := "run fastpath usage invoke or fastpath usage ingest"
	if p.Entry.Kind != project.EntryHandler { // it has neither events nor logs of requests
		learn = "run fastpath usage record, or say what is rare or frequent with --cold and --hot"
	}
	fmt.Fprintf(w, "usage: unknown, %s · %s\n\n", learn, rate)
}

// planRow adds the row of a group.
func (a *app) planRow(t *term.Terminal, table *term.Table, p *plan.Plan, g *planGroup) {
	it := g.telling()
	alone, saves, used := "?", "–", "?"
	if it.Measured {
		alone = msText(g.alone())
		if g.rank == rankMove || g.rank == rankKeep || g.rank == rankMeasure {
			saves = "0"
			if ms := g.saves(p); ms >= 0.05 {
				saves = msText(ms)
			}
		}
	}
	if it.UsageKnown {
		used = percentText(it.Usage)
	}
	why := it.Reason
	if n := len(g.items); n > 1 {
		why += fmt.Sprintf(" (%d imports)", n)
	}
	if g.rank == rankMove && slices.ContainsFunc(g.items, func(it *plan.Item) bool { return it.Verdict.Safety == plan.SafetyGuard }) {
		why += ", with a guard"
	}
	if it.LifetimeDiffers() && p.Policy == config.PolicyLMMS {
		why += t.Faint("  [lifetime: " + it.LifetimeWord() + "]")
	}
	word := g.word
	switch g.rank {
	case rankMove:
		word, saves = t.Bold(word), t.Good(saves)
	case rankMeasure:
		word = t.Warn(word)
	}
	table.Row(g.module, alone, saves, used, word, why)
}

// percentText writes a share: "5%", "0.4%", and "0%" only for none at all.
func percentText(share float64) string {
	percent := share * 100
	switch {
	case percent == 0:
		return "0%"
	case percent < 0.1:
		return "<0.1%"
	case percent < 1:
		return fmt.Sprintf("%.1f%%", percent)
	}
	return fmt.Sprintf("%.0f%%", percent)
}

func (a *app) printPlanTotals(t *term.Terminal, r *analysis) {
	p, w := r.plan, a.Stdout
	x := &p.Totals
	if moves := p.Moves(); len(moves) > 0 {
		names := movedNames(moves)
		if p.Measured {
			fmt.Fprintf(w, "Moving %s: init %s -> %s (%s, %d %s)\n", names, msText(x.InitMS), t.Bold(msText(x.InitAfterMS)),
				t.Good("-"+msText(x.SavesMS)), len(x.Gone), plural(len(x.Gone), "module"))
		} else {
			fmt.Fprintf(w, "Moving %s; what that saves is not known before \"fastpath profile\"\n", names)
		}
	} else if p.Measured {
		fmt.Fprintf(w, "Nothing to move: init %s, %d %s\n", msText(x.InitMS), x.Modules, plural(x.Modules, "module"))
	}
	if e := r.evidence; e != nil && p.Measured && e.TotalMinMS > 0 {
		// profile shows the whole run first: say why the figures differ.
		fmt.Fprintf(w, "%s\n", t.Faint(fmt.Sprintf("(the least time of each module; the fastest whole run took %s, at least %s of it collections)", msText(e.TotalMinMS), msText(e.GCMS))))
	}
	for i, price := range x.Prices {
		if i == 3 && !a.verbose {
			fmt.Fprintf(w, "       %s\n", t.Faint(fmt.Sprintf("and %d more %s", len(x.Prices)-i, plural(len(x.Prices)-i, "workflow"))))
			break
		}
		label := "Price:"
		if i > 0 {
			label = "      "
		}
		fmt.Fprintf(w, "%s %s\n", label, priceText(p, price))
	}
	if x.FastPathImports > 0 && p.Measured {
		line := fmt.Sprintf("Fast path: %s of %sms, %d of %d imports", msText(x.FastPathMS), grouped(x.FastPathLimitMS), x.FastPathImports, x.FastPathImportLimit)
		switch {
		case x.OverTime():
			line += t.Warn("  ! over the limit") + " (" + dearest(p) + ")"
		case x.OverCount():
			line += t.Warn("  ! too many imports")
		}
		fmt.Fprintln(w, line)
	}
	if limit := r.project.Config.Limits.ColdStartMS; x.InitAfterMS > limit {
		fmt.Fprintf(w, "%s init takes %s after the plan; the cold start target is %sms\n", t.Warn("!"), msText(x.InitAfterMS), grouped(limit))
	}
}

// movedNames lists the modules that move, the dearest first.
func movedNames(moves []*plan.Item) string {
	moves = slices.Clone(moves)
	slices.SortStableFunc(moves, func(a, b *plan.Item) int { return int(math.Copysign(1, b.AloneMS-a.AloneMS)) })
	var names []string
	for _, it := range moves {
		if !slices.Contains(names, it.Module) {
			names = append(names, it.Module)
		}
	}
	if len(names) > 5 {
		return strings.Join(names[:4], ", ") + fmt.Sprintf(" and %d more", len(names)-4)
	}
	return strings.Join(names, ", ")
}

// priceText says who pays for the moves.
func priceText(p *plan.Plan, x plan.Price) string {
	who := "the first request that needs them"
	if x.Workflow != "" {
		who = fmt.Sprintf("the first %q", x.Workflow)
	}
	text := fmt.Sprintf("%s in each process pays %s here", who, msText(x.MS))
	if x.MemoryMS > x.MS*1.05 {
		text += fmt.Sprintf(", about %s at %s MB", secondsText(x.MemoryMS), grouped(p.MemoryMB))
	}
	if x.Workflow != "" {
		text += fmt.Sprintf(" (%s of requests)", percentText(x.Share))
	}
	return text
}

// secondsText writes long times in seconds.
func secondsText(ms float64) string {
	if ms < 1000 {
		return msText(ms)
	}
	return fmt.Sprintf("%.1fs", ms/1000)
}

// dearest names the lines that make the fast path file slow.
func dearest(p *plan.Plan) string {
	items := p.FastPath()
	adds := p.Sequence(items)
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(math.Copysign(1, adds[j]-adds[i])) })
	var parts []string
	for _, i := range order[:min(3, len(order))] {
		word := " "
		if adds[i] < items[i].AloneMS-0.05 {
			word = " adds "
		}
		parts = append(parts, items[i].Import.Binds+word+strings.TrimSuffix(fastfile.FormatMS(adds[i]), "ms"))
	}
	return strings.Join(parts, ", ")
}

// nextHint is the next command with what it does.
func nextHint(t *term.Terminal, p *plan.Plan) string {
	switch next := nextAfterPlan(p); next {
	case "fastpath apply --diff":
		return t.Accent(next) + "        (shows the edits, changes nothing)"
	case "fastpath usage record -- CMD":
		return t.Accent(next) + "        (learns what the command uses), or fastpath plan --assume-unused"
	case "fastpath usage invoke":
		return t.Accent(next) + "        (learns what requests use), or fastpath plan --assume-unused"
	case "fastpath profile":
		return t.Accent(next) + "        (some imports are new since the last one)"
	default:
		return t.Accent(next)
	}
}
