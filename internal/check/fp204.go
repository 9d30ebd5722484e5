package check

import (
	"fmt"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
)

var fp204 = &rule{
	Rule: diag.Rule{
		ID: "FP204", Severity: diag.Info, Since: "0.1.0",
		Title: "a cheap import pushed into a function for nothing",
		Text: `Below 10 ms an import belongs at module level, whoever uses it: in a function it hides what the module depends on, and moves its cost from
the cold start to the first request, where somebody waits for it. It is a remark, because the import may stand there for a reason that
no measurement shows. Imports that break a cycle, and those in try and except, are not mentioned.

Move it up by hand; fastpath itself only moves imports down.`,
		Before: `def handle(event):
    import json  # 0.8ms

    return json.loads(event["body"])`,
		After: `import json

def handle(event):
    return json.loads(event["body"])`,
	},
	check: func(p *pass) {
		loaded := p.entry.loadedAtStart()
		for _, it := range p.entry.inFunctions() {
			if !it.Measured || it.Wanted != plan.Tier1 || loaded[it.Module] || p.entry.Plan.Runtime.InStartup(it.Module) {
				continue
			}
			p.reportStmt(it.Import, diag.Diagnostic{
				Span:    moduleSpan(it.Import),
				Message: fmt.Sprintf("%q is imported in a function, though it takes only %s", it.Module, fastfile.FormatMS(it.AloneMS)),
				Help:    []string{"import it at the top of the file", "or keep it: " + ignoreHint(p.rule.ID)},
			}, it.Module)
		}
	},
}

// inFunctions returns the plan's items that stand in functions of the hot
// path for no reason that can be seen: not in try, except or a loop, and not
// to break a cycle.
func (e *Entry) inFunctions() []*plan.Item {
	if e.Evidence == nil {
		return nil
	}
	var out []*plan.Item
	for _, it := range e.Plan.Items {
		imp := it.Import
		if it.Existing && imp.Scope == "function" && imp.Runs == "call" && !imp.Lazy && !imp.Future &&
			imp.Target != e.fastPathModule() && !slices.ContainsFunc(imp.Context, func(c string) bool { return c == "try" || c == "except" || c == "loop" }) &&
			!e.leadsTo(imp, imp.In) {
			out = append(out, it)
		}
	}
	return out
}

// fastPathModule is the name of the fast path file as a module, "" without one.
func (e *Entry) fastPathModule() string {
	if m := e.Program.File(e.Entry.FastPath); m != nil {
		return m.Name
	}
	return ""
}

// loadedAtStart are the modules that the cold start loads after the plan's
// moves.
func (e *Entry) loadedAtStart() map[string]bool {
	if e.loaded == nil {
		e.loaded = e.Plan.Runtime.Loaded(e.cut)
	}
	return e.loaded
}

// leadsTo reports whether what an import loads imports a module in turn while
// it is being loaded.
func (e *Entry) leadsTo(imp *graph.Import, to *graph.Module) bool {
	queue := e.Program.Targets(imp)
	seen := map[*graph.Module]bool{}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		if m == to {
			return true
		}
		if seen[m] {
			continue
		}
		seen[m] = true
		for _, next := range m.Imports {
			if next.Runs == "import" && !next.Lazy {
				queue = append(queue, e.Program.Targets(next)...)
			}
		}
	}
	return false
}
