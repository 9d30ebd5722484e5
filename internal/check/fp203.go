package check

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
)

var fp203 = &rule{
	Rule: diag.Rule{
		ID: "FP203", Severity: diag.Error, Since: "0.1.0",
		Title: "a forbidden module on the hot path",
		Text: `[tool.fastpath.modules] forbidden lists modules that no cold start may load, whatever they cost and whoever uses them. The finding is at
the statement of the project that brings the module in: its own import, or that of a library which loads it; the chain says how. What
libraries load is known from the profile; the project's own imports are found without one.

Import it in the functions that use it, or replace the library that loads it.`,
		Before: `# [tool.fastpath.modules] forbidden = ["pandas"]
import seaborn  # loads pandas

def plot(rows):
    return seaborn.lineplot(rows)`,
		After: `def plot(rows):
    import seaborn

    return seaborn.lineplot(rows)`,
	},
	check: func(p *pass) {
		if len(p.Config.Modules.Forbidden) == 0 {
			return
		}
		cut := graph.Cut{}
		for _, m := range p.entry.hot.order {
			for _, imp := range m.Imports {
				if imp.Runs != "import" || imp.Lazy || p.entry.idleAtStart(imp) {
					continue
				}
				name := forbidden(p.Config.Modules.Forbidden, imp)
				if name == "" {
					continue
				}
				cut[imp.Statement] = true
				p.reportForbidden(imp, name, p.entry.hot.chain(m, p.entry.Entry.FastPath))
			}
		}
		p.forbiddenBelow(cut)
	},
}

// forbidden returns the module of an import that a prefix of the list covers,
// "" when none does.
func forbidden(list []string, imp *graph.Import) string {
	for _, name := range []string{imp.Target, imp.Base} {
		if coveredBy(list, name) {
			return name
		}
	}
	return ""
}

// coveredBy reports whether a module is one of the list, or inside one.
func coveredBy(list []string, module string) bool {
	return slices.ContainsFunc(list, func(f string) bool { return module == f || strings.HasPrefix(module, f+".") })
}

// idleAtStart reports whether an import was there when the start was measured,
// and did not run.
func (e *Entry) idleAtStart(imp *graph.Import) bool {
	return e.Evidence != nil && optional(imp) && e.modules[imp.In.Name] && e.fresh(imp)
}

func (p *pass) reportForbidden(imp *graph.Import, module, chain string) {
	d := diag.Diagnostic{
		Span:    moduleSpan(imp),
		Message: fmt.Sprintf("forbidden module %q loads at every cold start", module),
		Help:    []string{"import it where it is used: fastpath apply --cold " + imp.Target + " --diff", "or keep it: " + ignoreHint(p.rule.ID)},
	}
	if chain != "" {
		d.Notes = append(d.Notes, "chain: "+chain)
	}
	p.reportStmt(imp, d, module)
}

// forbiddenBelow reports forbidden modules that libraries load, without the
// statements that were reported already.
func (p *pass) forbiddenBelow(cut graph.Cut) {
	if p.entry.Evidence == nil {
		return
	}
	loaded := p.entry.Plan.Runtime.Loaded(cut)
	var names []string
	for name := range loaded {
		parent := name
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			parent = name[:i]
		}
		if coveredBy(p.Config.Modules.Forbidden, name) && (parent == name || !coveredBy(p.Config.Modules.Forbidden, parent) || !loaded[parent]) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		chain := p.entry.Plan.Runtime.Chain(name, cut)
		var own *graph.Import // the last statement of the project
		var through []string
		for _, s := range chain {
			m := p.entry.Program.File(s.File)
			if m == nil {
				through = append(through, s.From)
				continue
			}
			through = nil
			for _, imp := range m.Imports {
				if imp.Statement.Compare(s) == 0 || inFile(imp.Statement).Compare(inFile(s)) == 0 {
					own = imp
				}
			}
		}
		if own == nil {
			continue // its own statement is gone, or start-up loads it
		}
		text := p.entry.hot.chain(own.In, p.entry.Entry.FastPath)
		if text == "" {
			text = "here"
		}
		p.reportForbidden(own, name, strings.Join(append([]string{text}, append(through, name)...), " > "))
	}
}
