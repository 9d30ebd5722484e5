package plan

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
)

// noise is how far, as a share of a threshold, a measured figure may be off
// before it changes a decision that was already made.
const noise = 0.15

// notProfiled is the reason of imports whose cost nobody knows.
const notProfiled = "not in the profile; run fastpath profile"

// decide decides one candidate under the current cut.
func (b *builder) decide(c *candidate) {
	c.Borderline, c.Move, c.OnFastPath, c.Cost, c.Workflow, c.Margin, c.Next = false, false, false, nil, "", "", ""
	c.Bounds, c.Inputs = nil, nil
	b.aloneMS(c)
	switch {
	case c.startup:
		c.Wanted = Tier1
		c.settle(Keep, RuleStartup, "loaded before the entry anyway")
		return
	case c.idle && c.forced != Function:
		c.Wanted = Tier1
		c.settle(Keep, RuleNoSaving, "did not run when it was measured")
		return
	case b.removable(c):
		c.Wanted = Remove
		c.settle(Remove, RuleUnused, "unused and free of effects")
		return
	}
	b.policyDecision(c)
	c.Wanted = c.Decision
	c.Next = b.next(c)
	switch {
	case c.Existing:
		if c.forced == Tier2 {
			c.Reason = "hot by request: apply hoists it, where that is proved safe"
			return
		}
		c.settle(Function, RuleExisting, existing(c))
	case c.Decision == Function:
		b.move(c)
	case c.Decision == Tier1 || c.Decision == Tier2:
		b.enter(c)
	}
}

func (c *candidate) settle(d Decision, rule, reason string) {
	c.Decision, c.Rule, c.Reason = d, rule, reason
}

// next is the command that finds out what a decision "measure" lacks.
func (b *builder) next(c *candidate) string {
	switch {
	case c.Decision != Measure:
		return ""
	case c.Rule == RuleUnknownMS:
		return "fastpath profile"
	case b.in.Entry.Kind == project.EntryHandler:
		return "fastpath usage invoke"
	}
	return "fastpath usage record -- CMD"
}

// existing is the reason of an import that stands where it is used.
func existing(c *candidate) string {
	if c.Import.Lazy {
		return "lazy already"
	}
	if c.Wanted == Tier1 || c.Wanted == Tier2 {
		return "already in a function, where it may stay"
	}
	return "already imported where it is used"
}

// policyDecision is what the policy says, whatever is safe.
func (b *builder) policyDecision(c *candidate) {
	modules := &b.in.Config.Modules
	target := c.Module
	switch {
	case c.forced == Function:
		c.settle(Function, RuleForced, "cold by request")
		return
	case c.forced == Tier2:
		c.settle(b.tier(c), RuleForced, "hot by request")
		return
	case anyCovers(modules.Forbidden, target):
		c.settle(Function, RuleForbidden, "forbidden on the hot path")
		return
	case !c.Measured:
		c.settle(Measure, RuleUnknownMS, notProfiled)
		return
	}
	if b.policy == config.PolicyLifetime {
		b.lifetimeDecision(c)
	} else {
		b.tableDecision(c)
	}
	if c.Decision != Tier1 && c.Decision != Tier2 && anyCovers(modules.Eager, target) {
		c.settle(b.tier(c), RuleEager, "eager in the configuration")
	}
}

// tier is the tier of an import that is hot whatever it costs.
func (b *builder) tier(c *candidate) Decision {
	if c.AloneMS < b.in.Config.Thresholds.LightMS {
		return Tier1
	}
	return Tier2
}

// tableDecision applies the lmms policy, and keeps an earlier decision that
// noise alone would change.
func (b *builder) tableDecision(c *candidate) {
	ev := Evidence{MS: c.AloneMS, UsageKnown: c.UsageKnown, Percent: roundTiny(c.Usage * 100)}
	ev.Workflow, ev.Critical = b.critical(c.Module)
	cost := NewCost(c.AloneMS, ev.Percent, b.daily, b.rate)
	if c.UsageKnown {
		c.Cost = &cost
	}
	t := b.in.Config.Thresholds
	decision, rule := Decide(ev, cost, t)
	if tier, hot := b.before(c); hot && decision != tier {
		for _, was := range []Decision{tier, Tier1, Tier2} {
			if was == "" || was != tier && (decision == Tier1 || decision == Tier2) {
				continue // what moves is decided by heat, whichever the tier
			}
			if rule2, ok := withinNoise(ev, cost, t, was); ok {
				decision, rule, c.Borderline = was, rule2, true
				break
			}
		}
	}
	if rule == RuleCritical {
		c.Workflow = ev.Workflow
	}
	c.settle(decision, rule, b.reason(c, ev, cost, t, rule))
	c.Margin = margin(ev, cost, t, decision)
	c.Bounds = bounds(ev, cost, t)
	c.Inputs = &Inputs{
		MS: ev.MS, UsageKnown: ev.UsageKnown, Percent: ev.Percent, ColdStartRate: b.rate, DailyRequests: cost.DailyRequests,
		Critical: ev.Critical, Workflow: ev.Workflow, Thresholds: t,
	}
}

// before says whether an earlier plan left a hot decision in the sources, and
// in which tier, "" where that is not known. A module that the fast path file
// lists is hot in its tier, for every statement that imports it; and with such
// a file, so is whatever else still stands at module level, unless it was kept
// there.
func (b *builder) before(c *candidate) (tier Decision, hot bool) {
	if b.in.FastPath == nil || c.Existing {
		return "", false
	}
	for _, o := range append([]*candidate{c}, b.same[c.Module]...) {
		if !o.FromFastPath {
			continue
		}
		if b.in.FastPath[o.Import.Binds] == 1 {
			return Tier1, true
		}
		return Tier2, true
	}
	// What cannot move may have been cold, and kept.
	return "", c.unmovable == "" && b.couldMove(c)
}

// couldMove reports whether moving all movable imports of the candidate's
// module would have saved something, as the tree stands: they are still there
// because they are hot.
func (b *builder) couldMove(c *candidate) bool {
	ms, ok := b.together[c.Module]
	if !ok {
		cut := graph.Cut{}
		for _, o := range b.same[c.Module] {
			if !o.Existing && o.unmovable == "" {
				cut[o.Import.Statement] = true
			}
		}
		ms = b.run.Total(nil) - b.run.Total(cut)
		b.together[c.Module] = ms
	}
	return ms >= leastSaving
}

// withinNoise reports whether a decision would be right if the thresholds were
// up to 15 % lower or higher, and by which rule.
func withinNoise(ev Evidence, c Cost, t config.Thresholds, want Decision) (rule string, ok bool) {
	scales := []float64{1, 1 - noise, 1 + noise}
	for _, light := range scales {
		for _, heavy := range scales {
			for _, hot := range scales {
				for _, rate := range scales {
					tt := config.Thresholds{LightMS: t.LightMS * light, HeavyMS: t.HeavyMS * heavy, HotUsage: t.HotUsage * hot}
					cc := c
					cc.HotPath = roundTiny(c.ColdStartRate*rate*100) < roundTiny(c.UsagePercent)
					if d, r := Decide(ev, cc, tt); d == want {
						return r, true
					}
				}
			}
		}
	}
	return "", false
}

// critical says whether a module is on the critical path of the majority
// workflow, and of which.
func (b *builder) critical(module string) (workflow string, critical bool) {
	name, _, ok := b.in.Usage.Majority()
	if anyCovers(b.in.Config.Modules.Critical, module) {
		if !ok {
			name = "the configuration"
		}
		return name, true
	}
	if !ok {
		return "", false
	}
	share, known := b.in.Usage.ShareIn(name, module)
	return name, known && share >= 1-1e-9
}

// reason says in a few words why the table decided so.
func (b *builder) reason(c *candidate, ev Evidence, cost Cost, t config.Thresholds, rule string) string {
	text := ""
	switch rule {
	case RuleLight:
		text = fmt.Sprintf("under %s ms", number(t.LightMS))
	case RuleUsage:
		text = fmt.Sprintf("over %s%%", number(t.HotUsage))
		if ev.MS > t.HeavyMS {
			text += ": exception"
		}
	case RuleCritical:
		text = "critical path of " + ev.Workflow
	case RuleUnknown:
		text = "heavy, and nobody knows who uses it; run fastpath usage invoke"
		if b.in.Entry.Kind != project.EntryHandler { // nothing to send events to
			text = "heavy, and nobody knows who uses it; run fastpath usage record"
		}
	case RuleTable:
		if ev.UsageKnown {
			text = fmt.Sprintf("not over %s%%", number(t.HotUsage))
		} else {
			text = "usage unknown"
		}
	case RuleFormula:
		switch {
		case cost.Ratio == 0 && ev.Percent == 0:
			text = "formula: never used"
		case cost.Ratio == 0:
			text = "formula: no cold starts"
		case cost.Ratio == 1:
			text = "formula: no gain at module level"
		case c.Borderline && !cost.HotPath:
			text = fmt.Sprintf("formula: %.1fx dearer", cost.Ratio)
		default:
			text = fmt.Sprintf("formula: %.1fx cheaper", cost.Ratio)
		}
	}
	if c.Borderline {
		text += " (borderline: stays as it was)"
	}
	return text
}

// margin says what would change the decision.
func margin(ev Evidence, c Cost, t config.Thresholds, d Decision) string {
	switch {
	case d == Tier1:
		return fmt.Sprintf("from %s ms on it needs more than %s%% usage", number(t.LightMS), number(t.HotUsage))
	case d == Tier2 && ev.MS > t.HeavyMS && !ev.Critical:
		return fmt.Sprintf("stays hot above %s%% usage", number(min(t.HotUsage, c.ColdStartRate*100)))
	case d == Tier2 && !ev.Critical:
		return fmt.Sprintf("cold at %s%% usage or less", number(t.HotUsage))
	case d == Function && ev.MS <= t.HeavyMS:
		return fmt.Sprintf("hot above %s%% usage, or under %s ms", number(t.HotUsage), number(t.LightMS))
	case d == Function:
		return fmt.Sprintf("hot above %s%% usage", number(min(t.HotUsage, c.ColdStartRate*100)))
	}
	return ""
}

func number(v float64) string { return strconv.FormatFloat(roundTiny(v), 'f', -1, 64) }

func place(file string, line int) string { return fmt.Sprintf("%s:%d", file, line) }

// move decides about a cold import at module level.
func (b *builder) move(c *candidate) {
	switch {
	case c.unmovable != "":
		c.settle(Keep, c.unmovable, c.cause)
	case c.useless:
		c.settle(Keep, RuleNoSaving, "") // explained when the set is complete
	default:
		c.Move = true
		if sites := b.sites(c.Import); len(sites) > 0 && c.Cost != nil && c.Rule == RuleFormula && c.Cost.Ratio > 1 {
			c.Reason += " in " + sites[0]
			if len(sites) > 1 {
				c.Reason += fmt.Sprintf(" and %d more", len(sites)-1)
			}
		}
	}
}

// sites lists the places, file and line, where functions use an import: the
// first one of each function.
func (b *builder) sites(imp *graph.Import) []string {
	var sites []string
	seen := map[string]bool{}
	for _, u := range b.in.Program.Uses(imp) {
		if u.Module.Test || u.When != scope.AtCall {
			continue
		}
		where := u.Module.File + ":" + u.Module.Scope.Qualname(u.Node)
		if !seen[where] {
			seen[where] = true
			sites = append(sites, place(u.Module.File, u.Module.Line(u.Node)))
		}
	}
	return sites
}

// enter decides where a hot import stands.
func (b *builder) enter(c *candidate) {
	switch {
	case c.FromFastPath:
		c.OnFastPath = true
	case c.unmovable == RuleExcluded:
		c.settle(Keep, RuleExcluded, c.cause)
	case c.unprofiled && c.forced == "":
		// What it imports is light, but nobody knows what it does itself.
		c.settle(Measure, RuleUnknownMS, notProfiled)
		c.Next = b.next(c)
	case c.Import.In.File != b.in.Entry.File || c.Import.Scope != "module":
		// hot, and not the entry's own: it stays at module level
	case b.in.Enterable == nil:
		c.OnFastPath = true
	default:
		if cause := b.in.Enterable(c.Import); cause != "" {
			c.settle(Keep, RuleUnsafe, "cannot enter the fast path file: "+cause)
			return
		}
		c.OnFastPath = true
	}
}

// effectful are modules of the standard library that are imported for what
// they do and not for their names.
var effectful = []string{"readline", "rlcompleter", "site", "this", "antigravity", "turtle", "idlelib", "encodings", "dbm", "locale"}

// removable reports whether an import does nothing at all: its name is used
// and exported nowhere, it is unconditional, nothing is noted beside it, and
// its module is one of the standard library.
func (b *builder) removable(c *candidate) bool {
	imp := c.Import
	if c.Existing || c.FromFastPath || c.forced != "" || imp.Scope != "module" || imp.In.IsPackage || len(imp.Context) > 0 ||
		imp.Uses > 0 || imp.UsedAtImport || imp.Binds == "*" || imp.Item == "" && strings.Contains(imp.Base, ".") {
		return false
	}
	if len(imp.In.Syntax.Errors) > 0 || len(imp.In.Scope.DynamicNames) > 0 || len(b.in.Program.Uses(imp)) > 0 {
		return false
	}
	if imp.In.Scope.HasAll() {
		if names, known := imp.In.Scope.Exports(); !known || slices.Contains(names, imp.Binds) {
			return false
		}
	}
	for _, comment := range imp.In.Syntax.Comments {
		if line, _ := imp.In.Syntax.Position(comment.Start); line == c.Line {
			return false
		}
	}
	top, _, _ := strings.Cut(imp.Base, ".")
	kind, measured := b.kinds[imp.Base]
	if !measured || kind == "missing" || !resolve.IsStdlib(imp.Base) || b.in.Program.Module(top) != nil || slices.Contains(effectful, top) || b.in.Config.Excluded(imp.In.File) {
		return false
	}
	return b.in.Removable == nil || b.in.Removable(imp) == ""
}
