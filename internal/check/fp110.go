package check

import (
	"fmt"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/resolve"
)

var fp110 = &rule{
	Rule: diag.Rule{
		ID: "FP110", Severity: diag.Error, Since: "0.1.0",
		Title: "an import of the fast path file that does not meet the criteria, or that was never profiled",
		Text: `Only two kinds of modules belong in the fast path file: those that import in under 10 ms, and exceptions that the usage carries. Anything
else slows down every cold start for the sake of few requests.

Import it in the functions that use it ("fastpath apply" does this), or profile it first when it is new.`,
		Before: `import json  # 0.8ms
import pandas  # 430ms`,
		After: `import json  # 0.8ms`,
	},
	check: func(p *pass) {
		m := p.entry.Program.File(p.entry.Entry.FastPath)
		if p.entry.FastPath == nil || p.entry.Evidence == nil || m == nil {
			return
		}
		if m.Broken != nil {
			return // FP901; what it imports is not known in full
		}
		seen := map[string]bool{}
		for _, imp := range m.Imports {
			if !seen[imp.Target] && p.gone(imp) {
				seen[imp.Target] = true
				p.reportStmt(imp, diag.Diagnostic{
					Span:    moduleSpan(imp),
					Message: fmt.Sprintf("%q is gone: the project has no such module any more, so that the entry does not start", imp.Target),
					Help:    []string{"take it out of the file, and of what uses it"},
				}, imp.Target)
			}
			if !p.entry.unmeasured(imp) || seen[imp.Target] {
				continue
			}
			seen[imp.Target] = true
			p.reportStmt(imp, diag.Diagnostic{
				Span:    moduleSpan(imp),
				Message: fmt.Sprintf("%q was never profiled", imp.Target),
				Help:    []string{"fastpath profile " + p.entry.Name},
			}, imp.Target)
		}
		for i := range p.entry.FastPath.Imports {
			line := &p.entry.FastPath.Imports[i]
			it := p.entry.dearest(line)
			if it == nil || it.Rule == plan.RuleForbidden || !refuted(it) || line.Justified(p.Config.Thresholds.HotUsage) {
				continue
			}
			p.reportStmt(it.Import, diag.Diagnostic{
				Span: moduleSpan(it.Import),
				Message: fmt.Sprintf("%q does not meet the criteria: %s, %s", it.Module,
					fastfile.FormatMS(it.AloneMS), usageText(it.Usage, it.UsageKnown)),
				Help: moveHelp(it, p.rule.ID),
			}, it.Module)
		}
	},
}

// gone reports whether a module that the fast path file imports was one of the
// project's and is not there any more. Whether a library is there is not known
// where the environment at hand is not the program's.
func (p *pass) gone(imp *graph.Import) bool {
	if imp.Kind != resolve.KindMissing || imp.Runtime != "" || imp.Runs != "import" || optional(imp) || slices.Contains(imp.Context, "try") {
		return false
	}
	for _, m := range p.entry.Evidence.Modules {
		if m.Name == imp.Target && m.File != "" {
			return true
		}
	}
	return false
}

// brokenFile reports whether the fast path file does not parse.
func (e *Entry) brokenFile() bool {
	m := e.Program.File(e.Entry.FastPath)
	return m != nil && m.Broken != nil
}
