package check

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

var fp206 = &rule{
	Rule: diag.Rule{
		ID: "FP206", Severity: diag.Warning, Since: "0.1.0",
		Title: "an import inside a loop, or a failing optional import repeated on every call",
		Text: `Python runs a module once, but an import statement runs each time: a tenth of a microsecond to a microsecond where the module is there, and
some 50 microseconds where it is not, because what was not found is looked for again on all of sys.path.

Import in front of the loop. Look for an optional module once, when the file is imported, and remember the answer.`,
		Before: `def parse(rows):
    for row in rows:
        import json

        yield json.loads(row)`,
		After: `import json

def parse(rows):
    for row in rows:
        yield json.loads(row)`,
	},
	check: func(p *pass) {
		for _, m := range p.entry.reached() {
			for _, imp := range m.Imports {
				if imp.Lazy || imp.Future || imp.Runs != "import" && imp.Runs != "call" {
					continue
				}
				d := diag.Diagnostic{Span: moduleSpan(imp)}
				switch {
				case slices.Contains(imp.Context, "loop") && leavesLoop(imp):
					continue // it runs once
				case slices.Contains(imp.Context, "loop"):
					d.Message = fmt.Sprintf("%q is imported at every turn of a loop", imp.Target)
					if sometimes(imp) {
						d.Severity, d.Message = diag.Info, fmt.Sprintf("%q is imported in a loop, at each turn that gets there", imp.Target)
					}
					d.Help = []string{"import it in front of the loop", "or keep it: " + ignoreHint(p.rule.ID)}
				case imp.Scope == "function" && imp.Runs == "call" && slices.Contains(imp.Context, "try") && p.missing(imp):
					d.Message = fmt.Sprintf("%q is not installed, and every call of %s looks for it again", imp.Target, imp.Qualname)
					d.Notes = []string{"a search in vain takes about 50 microseconds, a repeated import of a module that is there less than one"}
					d.Help = []string{"look for it once, at the top of the file, and remember the answer", "or keep it: " + ignoreHint(p.rule.ID)}
				default:
					continue
				}
				p.reportStmt(imp, d, imp.Target)
			}
		}
	},
}

// sometimes reports whether an import in a loop stands under a condition there.
func sometimes(imp *graph.Import) bool {
	last := len(imp.Context) - 1
	for last >= 0 && imp.Context[last] != "loop" {
		last--
	}
	return slices.ContainsFunc(imp.Context[last+1:], func(c string) bool { return c == "if" || c == "else" || c == "except" || c == "match" })
}

// leavesLoop reports whether the block of an import goes on to leave the loop,
// or the program.
func leavesLoop(imp *graph.Import) bool {
	f := imp.In.Syntax
	if f == nil {
		return false
	}
	for s := f.Next(imp.Stmt); s != syntax.None; s = f.Next(s) {
		switch f.Kind(s) {
		case syntax.Raise, syntax.Return, syntax.Break:
			return true
		case syntax.ExprStmt:
			if call := f.First(s); f.Kind(call) == syntax.Call {
				switch f.Text(f.First(call)) {
				case "sys.exit", "exit", "os._exit":
					return true
				}
			}
		}
	}
	return false
}

// reached are the modules of the project that the entry imports, also in
// functions, in the order of the program.
func (e *Entry) reached() []*graph.Module {
	start := e.Program.File(e.File)
	if start == nil {
		return nil
	}
	seen := map[*graph.Module]bool{start: true}
	queue := []*graph.Module{start}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		for _, imp := range m.Imports {
			if imp.Runs != "import" && imp.Runs != "call" {
				continue
			}
			for _, t := range e.Program.Targets(imp) {
				if !seen[t] {
					seen[t] = true
					queue = append(queue, t)
				}
			}
		}
	}
	var out []*graph.Module
	for _, m := range e.Program.Modules {
		if seen[m] {
			out = append(out, m)
		}
	}
	return out
}

// missing reports whether a module is not there: the profile looked for it in
// vain, or never met it and the environment at hand has none.
func (p *pass) missing(imp *graph.Import) bool {
	if e := p.entry.Evidence; e != nil {
		for _, m := range e.Modules {
			if m.Name == imp.Target {
				return m.Kind == "missing"
			}
		}
	}
	top, _, _ := strings.Cut(imp.Target, ".")
	return p.Installed != nil && imp.Kind == resolve.KindMissing && imp.Runtime == "" && top != "" &&
		!resolve.IsStdlib(top) && p.entry.Program.Module(top) == nil && p.entry.fits()
}

// fits reports whether the environment at hand can be the program's: it has
// one of the libraries at least that the entry imports. In a bare one, as hooks
// and jobs that only check have it, everything is missing.
func (e *Entry) fits() bool {
	for _, m := range e.reached() {
		for _, imp := range m.Imports {
			top, _, _ := strings.Cut(imp.Target, ".")
			if imp.Kind != resolve.KindMissing && !imp.Future && !resolve.IsStdlib(top) && e.Program.Module(top) == nil && e.Program.Module(imp.Target) == nil {
				return true
			}
		}
	}
	return false
}
