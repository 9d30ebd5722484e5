package check

import (
	"fmt"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

var fp201 = &rule{
	Rule: diag.Rule{
		ID: "FP201", Severity: diag.Error, Since: "0.1.0",
		Title: "a cold module imported at module level on the hot path",
		Text: `A module that few requests need loads at every cold start, because a file of the hot path imports it at module level. The finding names the
chain of imports by which the entry gets there, what the module costs, who uses it, and what moving it saves; the saving is computed by
reachability, so an import is reported only when it really disappears.

Import it in the functions that use it. "fastpath apply" does this where it is proved safe. What cannot move (a base class, a
decorator, a name that a star import takes) is no finding of this rule.`,
		Before: `# interfaces/cache.py, imported by every request
import pandas

def export_rows(rows):
    return pandas.DataFrame(rows).to_csv()`,
		After: `# interfaces/cache.py
def export_rows(rows):
    import pandas

    return pandas.DataFrame(rows).to_csv()`,
	},
	check: func(p *pass) {
		type place struct {
			file   string
			stmt   syntax.NodeID
			target string
		}
		groups := map[place][]*plan.Item{}
		var order []place
		for _, it := range p.entry.Plan.Items {
			if it.Import.Runs != "import" || it.Import.In.File == p.entry.Entry.FastPath || it.Rule == plan.RuleForbidden {
				continue // forbidden modules are the matter of FP203
			}
			k := place{it.Import.In.File, it.Import.Stmt, it.Module}
			if groups[k] == nil {
				order = append(order, k)
			}
			groups[k] = append(groups[k], it)
		}
		for _, k := range order {
			p.coldImport(groups[k])
		}
	},
}

// coldImport judges the names that one statement imports from one module.
func (p *pass) coldImport(items []*plan.Item) {
	it, severity, why := p.worst(items)
	if it == nil {
		return
	}
	imp := it.Import
	cost := "never measured"
	if it.Measured && p.entry.Evidence != nil {
		cost = fastfile.FormatMS(it.AloneMS)
	}
	d := diag.Diagnostic{
		Severity: severity,
		Span:     moduleSpan(imp),
		Message:  fmt.Sprintf("cold module %q loads at every cold start: %s, %s", it.Module, cost, usageText(it.Usage, it.UsageKnown)),
	}
	if chain := p.entry.hot.chain(imp.In, p.entry.Entry.FastPath); chain != "" {
		d.Notes = append(d.Notes, "chain: "+chain)
	}
	switch {
	case p.entry.fresh(imp):
		d.Notes = append(d.Notes, "added after the profile of "+p.entry.Evidence.Measured)
	case p.entry.idle[it]:
		d.Notes = append(d.Notes, p.entry.Entry.FastPath+" does not list it among what is kept")
	}
	uses := p.uses(items)
	unused := p.entry.idle[it]
	switch {
	case why != "":
		d.Notes = append(d.Notes, why)
	case unused:
		d.Notes = append(d.Notes, "nothing uses it")
	default:
		d.Notes = append(d.Notes, strings.TrimPrefix(usesText(imp.In, uses)+"; "+savingText(it.SavesMS), "; "))
	}
	switch {
	case unused:
		d.Help = []string{"remove the import", "or keep it: " + ignoreHint("FP201")}
	case severity == diag.Info:
		d.Help = []string{"fastpath plan shows why apply leaves it"}
	default:
		d.Help = []string{fmt.Sprintf("fastpath apply --cold %s --diff", it.Module), "or keep it: " + ignoreHint("FP201")}
		d.Fix = p.moveItems(items)
	}
	p.reportStmt(imp, d, it.Module)
}

// moveItems returns the fix that moves what a statement imports from a module,
// nil unless all of it is proved safe to move.
func (p *pass) moveItems(items []*plan.Item) *diag.Fix {
	var moves, guards []*graph.Import
	for _, it := range items {
		switch {
		case it.Move && it.Verdict.Safety == plan.SafetyAuto:
			moves = append(moves, it.Import)
		case it.Move && it.Verdict.Safety == plan.SafetyGuard:
			guards = append(guards, it.Import)
		default:
			return nil
		}
	}
	return p.moveFix(fmt.Sprintf("import %s where it is used", items[0].Module), moves, guards)
}

// worst returns the item of a statement that makes it a finding, its severity
// (Off: the rule's own), and the reason where it is not the usual one.
//
// What the plan keeps was there when it was applied, and is no finding. An
// import that came later is another matter: it made the cold start slower, so
// it is mentioned, and counts when nothing even uses it.
func (p *pass) worst(items []*plan.Item) (worst *plan.Item, severity diag.Severity, why string) {
	for _, it := range items {
		switch {
		case p.entry.idle[it]:
			return it, diag.Off, ""
		case it.Existing:
			// In a function that may be called at import: a finding only where it was.
			if p.entry.ranAtStart(it) {
				worst, severity, why = it, diag.Info, "the function around it is called while the file is imported"
			}
		case it.Decision == plan.Function && it.Move:
			if !p.entry.dragged(it) {
				return it, diag.Off, ""
			}
		case it.Decision == plan.Function:
			worst, severity, why = it, diag.Info, it.Verdict.Cause
		case !p.entry.fresh(it.Import) || it.SavesMS < leastSaving || !p.entry.unaccounted(it):
		case it.Decision == plan.Measure:
			worst, severity, why = it, diag.Warning, "nobody knows how many requests use it: fastpath usage invoke"
		case it.Decision == plan.Keep && it.Wanted == plan.Function && worst == nil:
			worst, severity, why = it, diag.Info, it.Reason
		}
	}
	return worst, severity, why
}

// ranAtStart reports whether a cold import of a function ran at start when that
// was measured.
func (e *Entry) ranAtStart(it *plan.Item) bool {
	return e.Evidence != nil && it.Wanted == plan.Function && !it.Import.Lazy &&
		e.Plan.Runtime.Has(it.Import.Statement) && !e.Plan.Runtime.Deferred(it.Import.Statement)
}

// uses returns where the names are used while requests are handled.
func (p *pass) uses(items []*plan.Item) []graph.UseSite {
	var out []graph.UseSite
	for _, it := range items {
		for _, u := range p.entry.Program.Uses(it.Import) {
			if u.When == scope.AtCall {
				out = append(out, u)
			}
		}
	}
	return out
}

// usesText is "used only in export_rows (line 61)" or a list of the functions.
func usesText(in *graph.Module, uses []graph.UseSite) string {
	var places []string
	seen := map[string]bool{}
	for _, u := range uses {
		name := u.Module.Scope.Qualname(u.Node)
		if name == "" {
			name = u.Module.Name
		}
		if seen[u.Module.File+name] {
			continue
		}
		seen[u.Module.File+name] = true
		where := fmt.Sprintf("line %d", u.Module.Line(u.Node))
		if u.Module != in {
			where = lineText(u.Module, u.Node)
		}
		places = append(places, fmt.Sprintf("%s (%s)", name, where))
	}
	switch n := len(places); {
	case n == 0:
		return ""
	case n == 1:
		return "used only in " + places[0]
	case n > 3:
		return fmt.Sprintf("used in %s and %d more functions", strings.Join(places[:3], ", "), n-3)
	}
	return "used in " + enumerate(places)
}

// savingText says what moving one import saves.
func savingText(ms float64) string {
	if ms < 0.05 {
		return "moving it saves nothing by itself, but does together with the plan's other moves"
	}
	return "moving it there saves " + fastfile.FormatMS(ms)
}
