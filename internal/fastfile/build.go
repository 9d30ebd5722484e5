package fastfile

import (
	"sort"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// Facts are what the file says besides its imports.
type Facts struct {
	Profile     Profile
	Thresholds  Thresholds
	TargetMS    float64 // cold start target
	TotalMS     float64 // of everything that the file loads
	TotalKnown  bool
	LimitMS     float64
	ImportLimit int
	// Adds returns what each of a list of imports costs when they run in this
	// order, in ms; nil when that is not known.
	Adds func(items []*plan.Item) []float64
}

// FromPlan returns the content that a plan asks for, in the order of the given
// items: listed are the imports of the file, kept are the lines about cold
// imports that stay at module level elsewhere. old is the file as it is, nil
// when there is none; its order and what people wrote in it stay, and its
// imports that are not listed stay as they are unless gone names them, by the
// name that they bind.
func FromPlan(old *Content, listed []*plan.Item, gone map[string]*plan.Item, kept []Kept, f Facts) Content {
	c := Content{Thresholds: f.Thresholds}
	c.Doc = Doc{
		Present: true, Profile: f.Profile, Criteria: true, Target: true, TargetMS: f.TargetMS,
		Total: f.TotalKnown, TotalMS: f.TotalMS, LimitMS: f.LimitMS, ImportLimit: f.ImportLimit,
	}
	items := map[string]*plan.Item{} // by bound name
	lines := map[lineKey]int{}
	seen := map[string]bool{}
	for _, it := range listed {
		if old != nil && it.FromFastPath && !it.Measured {
			continue // nothing is known that would replace what the line says
		}
		imp := importOf(it, f.Thresholds)
		name := imp.Names[0].Binds()
		if seen[name] {
			continue
		}
		seen[name] = true
		items[name] = it
		c.Imports = joinStatement(c.Imports, lines, it, imp)
	}
	if old != nil {
		c.Imports = append(c.Imports, retained(old, func(name string) bool { return seen[name] || gone[name] != nil })...)
		old = withUsage(old, gone)
	}
	c.Kept = kept
	c = Merge(old, c)
	c.Doc.Imports = c.CountNames()
	if f.Adds != nil {
		addShared(&c, items, f.Adds)
	}
	steady(old, &c)
	return c
}

// withUsage returns a copy of a file in which the imports that leave have the
// usage that sends them away, so that history tells that one.
func withUsage(old *Content, gone map[string]*plan.Item) *Content {
	c := *old
	c.Imports = append([]Import(nil), old.Imports...)
	for i := range c.Imports {
		for _, n := range c.Imports[i].Names {
			if it := gone[n.Binds()]; it != nil {
				c.Imports[i].UsageKnown, c.Imports[i].Usage = it.UsageKnown, it.Usage*100
			}
		}
	}
	return &c
}

// lineKey tells the lines of the file apart: names that one from-import binds
// stay together, as long as they are of one tier.
type lineKey struct {
	in   *graph.Module
	stmt syntax.NodeID
	from string
	tier Tier
}

// joinStatement adds the import of one name to the lines, or to the line of
// its statement; lines says where that is. The dearest name gives the figures.
func joinStatement(imports []Import, lines map[lineKey]int, it *plan.Item, imp Import) []Import {
	key := lineKey{it.Import.In, it.Import.Stmt, imp.From, imp.Tier}
	i, ok := lines[key]
	if !ok || imp.From == "" {
		lines[key] = len(imports)
		return append(imports, imp)
	}
	line := &imports[i]
	names := append(append([]ImportName(nil), line.Names...), imp.Names...)
	if imp.Measured && (!line.Measured || imp.MS > line.MS) {
		imp.Extra = line.Extra
		*line = imp
	}
	sort.SliceStable(names, func(a, b int) bool {
		if ca, cb := exportClass(names[a].Name), exportClass(names[b].Name); ca != cb {
			return ca < cb
		}
		return strings.ToLower(names[a].Name) < strings.ToLower(names[b].Name)
	})
	line.Names = names
	return imports
}

// importOf returns the line of one import: the form in which it was written,
// with an absolute module.
func importOf(it *plan.Item, t Thresholds) Import {
	imp := it.Import
	hot := it.Decision == plan.Tier1 || it.Decision == plan.Tier2
	out := Import{Tier: Light}
	if it.Decision == plan.Tier2 || !hot && it.Measured && it.AloneMS >= t.LightMS {
		out.Tier = Exception
	}
	n := ImportName{Name: imp.Base}
	if imp.Item != "" {
		out.From = imp.Base
		n.Name = imp.Item
	}
	if n.Binds() != imp.Binds {
		n.AsName = imp.Binds
	}
	out.Names = []ImportName{n}
	if !it.FromFastPath {
		if c := noteOf(imp); c != "" {
			out.Extra = "  # " + c
		}
	}
	if !it.Measured {
		return out
	}
	out.Measured, out.MS = true, it.AloneMS
	out.UsageKnown, out.Usage = it.UsageKnown, it.Usage*100
	if out.Tier == Light {
		return out
	}
	out.Marked = hot && it.AloneMS > t.HeavyMS
	switch it.Rule {
	case plan.RuleUsedAt, plan.RuleUnsafe, plan.RuleNoSaving:
		out.Reason = keptReason + placeOfCause().ReplaceAllString(it.Reason, "")
	case plan.RuleFormula:
		switch {
		case hot && it.Cost != nil && it.Cost.HotPath:
			out.Reason = FormulaReason(it.Cost.Ratio)
		case hot && it.Borderline:
			out.Reason = borderlineReason
		}
	case plan.RuleCritical:
		out.Reason = CriticalReason(it.Workflow)
	case plan.RuleForced:
		if hot {
			out.Reason = forcedReason
		}
	case plan.RuleEager:
		out.Reason = eagerReason
	}
	return out
}

// placeOfCause is the place at the end of a cause: it would change with every
// edit of that file.
var placeOfCause = regexps.New(`(?:,| at) \S+:\d+$`)

// noteOf returns what people wrote behind the only name of a statement that
// enters the file, without suppressions, which are about the old place.
func noteOf(imp *graph.Import) string {
	f := imp.In.Syntax
	n := f.Node(imp.Stmt)
	names := 0
	for c := range f.Children(imp.Stmt) {
		if f.Kind(c) == syntax.Alias {
			names++
		}
	}
	if names != 1 {
		return ""
	}
	for _, c := range f.Comments {
		if c.Start < n.End {
			continue
		}
		if strings.Trim(string(f.Src[n.End:c.Start]), " \t") != "" {
			return ""
		}
		text := strings.TrimSpace(strings.TrimLeft(string(f.Src[c.Start:c.End]), "#"))
		word, _, _ := strings.Cut(strings.ToLower(text), ":")
		switch strings.TrimSpace(word) {
		case "noqa", "type", "isort", "pylint", "flake8", "fastpath", "pyright", "nosec", "pragma", "fmt":
			return ""
		}
		return text
	}
	return ""
}

// retained returns the figures of old imports for names that nothing else
// decides about; what people wrote at them is left to Merge.
func retained(old *Content, decided func(name string) bool) []Import {
	var out []Import
	for _, imp := range old.Imports {
		var names []ImportName
		for _, n := range imp.Names {
			if !decided(n.Binds()) {
				n.Span = Span{}
				names = append(names, n)
			}
		}
		if len(names) == 0 {
			continue
		}
		imp.Names, imp.Span = names, Span{}
		imp.Notes, imp.After, imp.Comments, imp.Extra = nil, nil, nil, ""
		out = append(out, imp)
	}
	return out
}

// KeptLine returns the line of the Kept section about one import; cause says
// what holds it where it is.
func KeptLine(it *plan.Item, cause string) Kept {
	return Kept{
		Module: it.Import.Target, Measured: it.Measured, MS: it.AloneMS,
		UsageKnown: it.UsageKnown, Usage: it.Usage * 100, Cause: cause,
	}
}

// addShared notes what a line costs where it stands, where lines above it
// load most of the same modules. It names the heaviest of them.
func addShared(c *Content, items map[string]*plan.Item, adds func([]*plan.Item) []float64) {
	var order []*plan.Item
	var lines []*Import
	for i := range c.Imports {
		for _, n := range c.Imports[i].Names {
			if it := items[n.Binds()]; it != nil {
				order = append(order, it)
				lines = append(lines, &c.Imports[i])
				break
			}
		}
	}
	costs := adds(order)
	if len(costs) != len(order) {
		return
	}
	for i, imp := range lines {
		if !imp.Measured || imp.MS < c.Thresholds.LightMS || costs[i] > imp.MS/2 {
			continue
		}
		var above *Import
		for _, a := range lines[:i] {
			if a.Measured && (above == nil || a.MS > above.MS) {
				above = a
			}
		}
		if above != nil {
			imp.AddsMS, imp.AddsAfter = costs[i], above.Names[0].Binds()
		}
	}
}
