package check

import (
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
)

// hotPath is what the import of an entry reaches within the project, by the
// sources alone: it knows what was written after the last profile.
type hotPath struct {
	via    map[*graph.Module]*graph.Import // the statement by which a module is reached first, nil for the entry
	always map[*graph.Module]bool          // reached without a condition in between
	order  []*graph.Module                 // breadth first
}

// findHotPath walks from the entry's module, breadth first and in source
// order, so that chains are as short as possible and always the same.
func findHotPath(e *Entry) *hotPath {
	h := &hotPath{via: map[*graph.Module]*graph.Import{}, always: map[*graph.Module]bool{}}
	start := e.Program.File(e.File)
	if start == nil {
		return h
	}
	for _, conditional := range []bool{false, true} {
		via := map[*graph.Module]*graph.Import{start: nil}
		queue := []*graph.Module{start}
		for i := 0; i < len(queue); i++ {
			for _, imp := range queue[i].Imports {
				if imp.Runs != "import" || imp.Lazy || !conditional && optional(imp) {
					continue
				}
				for _, m := range e.Program.Targets(imp) {
					if _, seen := via[m]; !seen {
						via[m] = imp
						queue = append(queue, m)
					}
				}
			}
		}
		if !conditional {
			for _, m := range queue {
				h.always[m] = true
			}
			continue
		}
		h.via, h.order = via, queue
	}
	return h
}

// optional reports whether an import that runs at import may as well not run:
// it stands under a condition, or where something else failed.
func optional(imp *graph.Import) bool {
	for _, c := range imp.Context {
		switch c {
		case "if", "else", "except", "match", "loop":
			return true
		}
	}
	return false
}

// chain is how a module of the hot path is reached, such as
// "lambda_function.py:1 > fast_path.py:18 gateway > gateway.py:6 > here"; ""
// for the entry itself.
func (h *hotPath) chain(m *graph.Module, fastPath string) string {
	var parts []string
	for imp := h.via[m]; imp != nil; imp = h.via[imp.In] {
		text := lineText(imp.In, imp.Stmt)
		if imp.In.File == fastPath {
			text += " " + imp.Binds
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return ""
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i] + " > ")
	}
	return b.String() + "here"
}

// prepare computes once what several rules need.
func (e *Entry) prepare() {
	if e.hot != nil {
		return
	}
	e.hot = findHotPath(e)
	e.index()
	e.cut = graph.Cut{}
	for s := range e.Plan.Cut {
		e.cut[s] = true
	}
	var idle []*plan.Item
	for _, it := range e.Plan.Items {
		if e.unaccounted(it) && e.unused(it) {
			idle = append(idle, it)
			e.cut[it.Import.Statement] = true
		}
	}
	if len(idle) == 0 {
		return
	}
	// They count as a set: two of them that import the same module do not
	// excuse each other.
	loaded := e.Plan.Runtime.Loaded(e.cut)
	e.idle = map[*plan.Item]bool{}
	for _, it := range idle {
		if loaded[it.Module] {
			delete(e.cut, it.Import.Statement)
		} else {
			e.idle[it] = true
		}
	}
}

// index collects what was profiled.
func (e *Entry) index() {
	e.statements, e.modules = map[evidence.Statement]bool{}, map[string]bool{}
	if e.Evidence == nil {
		return
	}
	for _, d := range e.Evidence.Edges {
		if d.File != "" {
			e.statements[inFile(d.Statement)] = true
		}
	}
	for _, m := range e.Evidence.Modules {
		e.modules[m.Name] = true
	}
	for _, name := range e.Evidence.Startup {
		e.modules[name] = true
	}
}

// inFile is the identity of a statement of a project file, whatever name the
// file was imported by.
func inFile(s evidence.Statement) evidence.Statement {
	s.From = ""
	return s
}

// fresh reports whether a statement was written after the last profile.
func (e *Entry) fresh(imp *graph.Import) bool {
	return e.Evidence != nil && !e.statements[inFile(imp.Statement)]
}

// unaccounted reports whether an import is heavy, though nobody decided that
// it may be: the fast path file does not list it among what is kept, and it
// was written after the last profile or, where there is such a file, after the
// last apply. Apply lists only what it would have moved.
func (e *Entry) unaccounted(it *plan.Item) bool {
	if e.Evidence == nil || !it.Measured || it.Existing || it.AloneMS < e.Plan.Thresholds.LightMS {
		return false
	}
	if e.FastPath == nil || it.Wanted != plan.Function {
		return e.fresh(it.Import)
	}
	return !slices.ContainsFunc(e.FastPath.Kept, func(k fastfile.Kept) bool {
		return k.Module == it.Module || k.Module == it.Import.Target
	})
}

// unused reports whether an import runs at start, is not hot, and binds a name
// that nobody reads. The plan keeps it, because it may be there for its
// effects, but without a word about it that is no reason to let it in.
func (e *Entry) unused(it *plan.Item) bool {
	return it.Import.Runs == "import" && it.Import.In.File != e.Entry.FastPath && !it.Move && it.Wanted != plan.Tier1 && it.Wanted != plan.Tier2 &&
		it.Import.Uses == 0 && !it.Import.UsedAtImport && !optional(it.Import) && len(e.Program.Uses(it.Import)) == 0
}

// alone returns what an import costs by itself, in ms, when nothing runs that
// should not.
func (e *Entry) alone(it *plan.Item) float64 {
	return e.Plan.Runtime.Alone(it.Import.Statement, e.cut)
}

// dragged reports whether an import is cold only because of what idle imports
// load below it: without them it is light, and they are the finding.
func (e *Entry) dragged(it *plan.Item) bool {
	return len(e.idle) > 0 && it.Rule != plan.RuleForbidden && it.AloneMS >= e.Plan.Thresholds.LightMS && e.alone(it) < e.Plan.Thresholds.LightMS
}

// dearest returns the decision for a line of the fast path file: that of the
// name which takes longest, whose figures the line shows.
func (e *Entry) dearest(line *fastfile.Import) *plan.Item {
	var found *plan.Item
	for _, n := range line.Names {
		it := e.item(n.Binds())
		if it != nil && (found == nil || it.Measured && (!found.Measured || e.alone(it) > e.alone(found))) {
			found = it
		}
	}
	return found
}

// item returns the decision for a name that the fast path file binds, nil when
// there is none, or none that rests on evidence.
func (e *Entry) item(binds string) *plan.Item {
	if e.Evidence == nil {
		return nil
	}
	for _, it := range e.Plan.Items {
		if it.Import.In.File == e.Entry.FastPath && it.Import.Binds == binds && it.Import.Runs == "import" {
			return it
		}
	}
	return nil
}
