package doctor

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
)

const (
	gcShare = 0.03 // of import time, from which collections are worth a remark
	gcMS    = 2    // and so many ms
)

var fp408 = &rule{
	Rule: diag.Rule{
		ID: "FP408", Severity: diag.Info, Since: "0.1.0",
		Title: "garbage collection takes a share of the imports",
		Text: `Importing makes many objects and no garbage, but their number starts the collector again and again: it takes four to seven percent of
the imports of a real program, and one of its pauses lands on whatever module is loading.

Switch it off while the imports run. gc.freeze() moves what was loaded out of the collector's sight, which later collections and forked
workers gain from, too.`,
		Before: `from fast_path import *`,
		After: `import gc

gc.disable()
from fast_path import *

gc.freeze()
gc.enable()`,
	},
	check: func(p *pass) {
		for _, e := range p.Entries {
			ev := e.Evidence
			if ev == nil || ev.TotalMinMS <= 0 || ev.GCMS < gcMS || ev.GCMS < gcShare*ev.TotalMinMS {
				continue
			}
			p.report(diag.Diagnostic{
				Span: p.entryPlace(e), CostMS: ev.GCMS,
				Message: fmt.Sprintf("collections take %.0f%% of the imports of %s, %s a start (measured)", 100*ev.GCMS/ev.TotalMinMS, e.Name, msText(ev.GCMS)),
				Help:    []string{"gc.disable() before the imports, gc.freeze() and gc.enable() after them"},
			})
		}
	},
}

const (
	// missingCallMS is what looking for a module in vain costs each time,
	// where the lock has no figure of its own.
	missingCallMS = 0.05
	// missingMS and missingShare are from when on vain searches at start are
	// worth a remark.
	missingMS, missingShare = 1.0, 0.01
)

var fp409 = &rule{
	Rule: diag.Rule{
		ID: "FP409", Severity: diag.Warning, Since: "0.1.0",
		Title: "a missing optional module is looked for again and again",
		Text: `Python remembers modules that it found, but not those that it did not: an import of a missing module in a function searches all of
sys.path at every call, some 50 microseconds each, about a thousand times what a repeated import of a module that is there costs.

Look once, when the file is imported, and remember the answer. Searches in vain while the program starts happen once a start; when they add
up to more than 1%, a remark names the dearest.`,
		Before: `def parse(text):
    try:
        import orjson as json
    except ImportError:
        import json
    return json.loads(text)`,
		After: `try:
    import orjson as json
except ImportError:
    import json


def parse(text):
    return json.loads(text)`,
	},
	check: func(p *pass) {
		for _, e := range p.Entries {
			p.repeatedSearches(e)
			p.searchesAtStart(e)
		}
	},
}

// repeatedSearches reports statements of functions and loops that look for a
// module that is not there and go on without it.
func (p *pass) repeatedSearches(e *Entry) {
	lost := e.lost()
	for _, m := range e.Program.Modules {
		if m.Test {
			continue
		}
		for _, imp := range m.Imports {
			loop := slices.Contains(imp.Context, "loop")
			called := imp.Scope == "function" && imp.Runs == "call"
			if !slices.Contains(imp.Context, "try") || !called && !(loop && imp.Runs == "import") {
				continue
			}
			l, missing := lost[imp.Target]
			if base, ok := lost[imp.Base]; ok && !missing {
				l, missing = base, true
			}
			if !missing && (e.Evidence != nil && knows(e.Evidence, imp.Target) || p.Interpreter == nil || !p.absent(e, imp)) {
				continue
			}
			d := diag.Diagnostic{Span: diag.Span{File: m.File, Line: imp.Line, Column: imp.Column, EndLine: imp.EndLine, EndColumn: imp.EndColumn}}
			where := "at every call of " + imp.Qualname
			switch {
			case loop && imp.Qualname == "":
				where = "at every turn of a loop"
			case loop:
				where = "at every turn of a loop in " + imp.Qualname
			}
			d.Message = fmt.Sprintf("%q is not there, and it is looked for %s: ", imp.Target, where)
			if imp.Runs == "import" && l.startMS > 0 {
				// The profile has all turns together, and not their number.
				d.CostMS = l.startMS
				d.Message += fmt.Sprintf("%s a start (measured)", msText(l.startMS))
			} else {
				ms, how := l.eachMS, "measured by the profile"
				if ms == 0 {
					ms, how = missingCallMS, "as such searches were measured elsewhere"
				}
				d.Message += fmt.Sprintf("%s for a thousand (estimated)", msText(ms*1000))
				d.Notes = []string{fmt.Sprintf("estimated: %.0f microseconds each, %s", ms*1000, how)}
			}
			d.Help = []string{"look for it once, at the top of the file, and remember the answer; or install it"}
			p.report(d)
		}
	}
}

// absent reports whether neither the environment nor the project has a module.
// What an import root or a package may hold at run time is not called absent.
func (p *pass) absent(e *Entry, imp *graph.Import) bool {
	if imp.Target == "" || strings.HasPrefix(imp.Target, ".") || e.Program.Module(imp.Target) != nil {
		return false
	}
	top, _, _ := strings.Cut(imp.Target, ".")
	spec := e.resolver.Find(top)
	return spec.Kind == resolve.KindMissing && spec.Runtime == "" && e.Program.Module(top) == nil
}

// vain is what a profile knows about a module that it looked for in vain.
type vain struct {
	startMS float64 // all searches of one start, 0 when there are none
	eachMS  float64 // one search, at most
}

// lost returns the modules that the profile looked for in vain.
func (e *Entry) lost() map[string]vain {
	lost := map[string]vain{}
	if e.Evidence == nil {
		return lost
	}
	for _, m := range e.Evidence.Modules {
		if m.Kind != "missing" {
			continue
		}
		v := vain{eachMS: m.SelfMS}
		if m.Phase == evidence.PhaseInit {
			// Python does not remember that it is not there: each statement
			// searches anew, and the row is their sum.
			asked := 0
			for _, edge := range e.Evidence.Edges {
				if edge.Phase == evidence.PhaseInit && slices.Contains(edge.To, m.Name) {
					asked++
				}
			}
			v = vain{m.SelfMS, m.SelfMS / float64(max(1, asked))}
		}
		lost[m.Name] = v
	}
	return lost
}

// knows reports whether a module was loaded by the profile.
func knows(e *evidence.Entry, module string) bool {
	return slices.Contains(e.Startup, module) ||
		slices.ContainsFunc(e.Modules, func(m evidence.Module) bool { return m.Name == module && m.Kind != "missing" })
}

// searchesAtStart reports what all searches in vain cost a start.
func (p *pass) searchesAtStart(e *Entry) {
	if e.Evidence == nil {
		return
	}
	lost, sum := map[string]float64{}, 0.0
	for _, m := range e.Evidence.Modules {
		if m.Kind == "missing" && m.Phase == evidence.PhaseInit {
			lost[m.Name] = m.SelfMS
			sum += m.SelfMS
		}
	}
	if sum < missingMS || sum < missingShare*e.Evidence.TotalMinMS {
		return
	}
	p.report(diag.Diagnostic{
		Span: p.entryPlace(e), Severity: diag.Info, CostMS: sum,
		Message: fmt.Sprintf("%s start of %s looks for in vain cost %s (measured): %s", counted(len(lost), "module")+" that each", e.Name, msText(sum), some(dearest(lost), 4)),
		Help:    []string{"fastpath why MODULE names who asks for it; a shorter sys.path makes each search cheaper"},
	})
}
