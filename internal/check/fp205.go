package check

import (
	"fmt"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
)

var fp205 = &rule{
	Rule: diag.Rule{
		ID: "FP205", Severity: diag.Info, Since: "0.1.0",
		Title: "a function-level import that saves nothing: the module is loaded at start anyway",
		Text: `An import in a function only helps when nothing else loads the module at start. Where something does, it saves no time and looks as if it
did. Imports that break a cycle, those in try and except, and those by which another entry starts without the module, are not mentioned.

Import it at module level. Where the file does so already, "fastpath check --fix" removes the second one.`,
		Before: `import json

def handle(event):
    import json

    return json.loads(event["body"])`,
		After: `import json

def handle(event):
    return json.loads(event["body"])`,
	},
	check: func(p *pass) {
		loaded := p.entry.loadedAtStart()
		for _, it := range p.entry.inFunctions() {
			if p.entry.coldInFile(it.Module) {
				continue // FP104 and FP110 want the other one gone
			}
			why := ""
			switch {
			case p.entry.Plan.Runtime.InStartup(it.Module):
				why = "before the entry is imported"
			case loaded[it.Module]:
				why = "at start"
				if at := p.loader(it); at != "" {
					why = "at " + at
				}
			default:
				continue
			}
			if p.gainsElsewhere(it) {
				continue
			}
			d := diag.Diagnostic{
				Span:    moduleSpan(it.Import),
				Message: fmt.Sprintf("importing %q in a function saves nothing: it is loaded %s anyway", it.Module, why),
				Help:    []string{"import it at the top of the file", "or keep it: " + ignoreHint(p.rule.ID)},
			}
			if d.Fix = removeSecond(it.Import); d.Fix != nil {
				d.Help[0] = "remove it, the file imports it at the top: fastpath check --fix"
			}
			p.reportStmt(it.Import, d, it.Module)
		}
	},
}

// gainsElsewhere reports whether another entry starts without the module: the
// import in the function keeps it so.
func (p *pass) gainsElsewhere(it *plan.Item) bool {
	return slices.ContainsFunc(p.Entries, func(e *Entry) bool {
		return e != p.entry && !e.Plan.Runtime.InStartup(it.Module) && !e.loadedAtStart()[it.Module] &&
			slices.ContainsFunc(e.inFunctions(), func(o *plan.Item) bool {
				return o.Import.In.File == it.Import.In.File && o.Import.Stmt == it.Import.Stmt && o.Import.Alias == it.Import.Alias
			})
	})
}

// coldInFile reports whether the fast path file lists a module that the
// evidence does not want there.
func (e *Entry) coldInFile(module string) bool {
	return slices.ContainsFunc(e.Plan.Items, func(it *plan.Item) bool {
		return it.FromFastPath && it.Module == module && refuted(it)
	})
}

// loader is the place that loads a module at start, "" when no single
// statement can be named.
func (p *pass) loader(it *plan.Item) string {
	chain := p.entry.Plan.Runtime.Chain(it.Module, p.entry.cut)
	if len(chain) == 0 {
		return ""
	}
	last := chain[len(chain)-1]
	m := p.entry.Program.File(last.File)
	if m == nil {
		return ""
	}
	for _, imp := range m.Imports {
		if inFile(imp.Statement) == inFile(last) {
			return lineText(m, imp.Stmt)
		}
	}
	return ""
}

// removeSecond returns the fix that removes an import from a function whose
// file imports the same under the same name at the top; nil where removing it
// would change what the name means, or leave an empty block.
func removeSecond(imp *graph.Import) *diag.Fix {
	m := imp.In
	if m.Broken != nil || len(m.Scope.DynamicNames) > 0 {
		return nil
	}
	first := false
	for _, o := range m.Imports {
		switch {
		case o == imp || o.Binds != imp.Binds:
		case o.Scope != "module" || len(o.Context) > 0 || o.Runs != "import" || o.Lazy || o.Base != imp.Base || o.Item != imp.Item || o.AsName != imp.AsName:
			return nil
		default:
			first = true
		}
	}
	if !first {
		return nil
	}
	uses := append(m.Scope.Uses(imp.Binds), m.Scope.LocalUses(m.Scope.ScopeOf(imp.Stmt), imp.Binds)...)
	for _, u := range uses {
		if u.Store || u.Del {
			return nil
		}
	}
	edit, ok := removeStatement(m, imp.Stmt)
	if !ok {
		return nil
	}
	return &diag.Fix{Title: fmt.Sprintf("remove the import of %s in the function", imp.Target), Edits: []diag.Edit{edit}}
}
