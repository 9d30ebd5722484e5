package rewrite

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

// Enterable says why a hot import of an entry module cannot stand in the fast
// path file called module ("fast_path", "pkg.fast_path"), "" when it can. An
// import enters only when nothing but the docstring, __future__, other imports
// and constants precedes it, when its order cannot matter, and when its name is
// bound once and means nothing else, here and in every file that takes all
// names of the fast path file.
func Enterable(prog *graph.Program, imp *graph.Import, module string) string {
	m, f := imp.In, imp.In.Syntax
	if why := editable(m); why != "" {
		return why
	}
	switch {
	case imp.Alias == syntax.None:
		return "a star import has no names to list"
	case imp.Future:
		return "from __future__ belongs to its own file"
	case imp.Scope != "module" || len(imp.Context) > 0 || f.Parent(imp.Stmt) != syntax.Root:
		return "it does not stand at the top level of the module"
	case imp.Runs != "import":
		return "it does not run at import"
	case imp.Lazy:
		return "it is lazy already"
	case isBuiltinName(imp.Binds):
		return fmt.Sprintf("the name %q shadows a builtin", imp.Binds)
	case strings.HasPrefix(imp.Binds, "__"):
		return fmt.Sprintf("the name %q is special", imp.Binds)
	case imp.Item == "TYPE_CHECKING":
		return "type checkers look for it where it is used"
	case imp.Binds == parentOf(module) || imp.Binds == module:
		return fmt.Sprintf("the name %q is that of the fast path file", imp.Binds)
	}
	if from, what := barrier(m); int(f.Node(imp.Stmt).Start) > from {
		return what
	}
	if why := sideEffects(imp); why != "" {
		return why + ": its order matters"
	}
	if f.ImportLevel(imp.Stmt) > 0 && packageOf(m) != parentOf(module) {
		return "the relative import would mean another module in the fast path file"
	}
	for _, other := range m.Imports {
		if other != imp && other.Binds == imp.Binds && other.Scope == "module" {
			return fmt.Sprintf("%s is bound again at %s", imp.Binds, at(m, other.Stmt))
		}
	}
	for _, u := range m.Scope.Uses(imp.Binds) {
		if u.Store || u.Del {
			return fmt.Sprintf("%s is bound again at %s", imp.Binds, at(m, u.Node))
		}
	}
	if why := conflict(prog, imp, module); why != "" {
		return why
	}
	for _, t := range prog.Targets(imp) {
		seen := reach([]*graph.Module{t}, prog, nil)
		for x := range seen {
			if x.Name == module && x.Root == m.Root {
				return fmt.Sprintf("%s imports %s itself: a cycle", t.Name, module)
			}
		}
		if seen[m] {
			return fmt.Sprintf("%s imports %s itself: a cycle", t.Name, m.Name)
		}
	}
	return ""
}

// conflict says where the name of an import means something else: in the fast
// path file, or in a file that takes all of its names.
func conflict(prog *graph.Program, imp *graph.Import, module string) string {
	for _, m := range prog.Modules {
		if m == imp.In || m.Root != imp.In.Root {
			continue
		}
		takes := m.Name == module
		for _, other := range m.Imports {
			takes = takes || other.Base == module && other.Binds == "*" && other.Scope == "module"
		}
		if !takes {
			continue
		}
		for _, other := range m.Imports {
			if other.Scope == "module" && other.Binds == imp.Binds && (absolute(other) != absolute(imp) || other.Target != imp.Target) {
				return fmt.Sprintf("%s means something else at %s", imp.Binds, at(m, other.Stmt))
			}
		}
		for _, u := range m.Scope.Uses(imp.Binds) {
			if u.Store || u.Del {
				return fmt.Sprintf("%s means something else at %s", imp.Binds, at(m, u.Node))
			}
		}
	}
	return ""
}

func parentOf(module string) string {
	if i := strings.LastIndexByte(module, '.'); i >= 0 {
		return module[:i]
	}
	return ""
}

// barrier returns the offset from which on imports stay in their file, and
// the reason: the first statement that is no import, docstring, __future__ or
// constant, or an import whose effects have to come first.
func barrier(m *graph.Module) (int, string) {
	f := m.Syntax
	for c := range f.Children(syntax.Root) {
		start := int(f.Node(c).Start)
		switch f.Kind(c) {
		case syntax.Import, syntax.ImportFrom:
			for _, imp := range m.Imports {
				if imp.Stmt != c {
					continue
				}
				if why := sideEffects(imp); why != "" {
					return start, fmt.Sprintf("it stands behind %q (%s), whose effects come first", oneLine(f.Text(c)), at(m, c))
				}
			}
		case syntax.Pass:
		case syntax.ExprStmt:
			if k := f.Kind(f.First(c)); k == syntax.String || k == syntax.Strings || k == syntax.Constant {
				continue
			}
			return start, "it stands behind code: " + at(m, c)
		case syntax.Assign, syntax.AnnAssign:
			if constantValue(f, c) {
				continue
			}
			return start, "it stands behind code: " + at(m, c)
		default:
			return start, "it stands behind code: " + at(m, c)
		}
	}
	return len(f.Src) + 1, ""
}

// constantValue reports whether an assignment only binds plain names to a
// literal, so that no import can notice it.
func constantValue(f *syntax.File, stmt syntax.NodeID) bool {
	last := syntax.None
	for c := range f.Children(stmt) {
		last = c
	}
	for c := range f.Children(stmt) {
		if c == last {
			break
		}
		switch f.Kind(c) {
		case syntax.Name, syntax.Annotation:
		default:
			return false
		}
	}
	if f.Kind(last) == syntax.Annotation {
		return true
	}
	return literal(f, last)
}

// literal reports whether an expression is made of literals only.
func literal(f *syntax.File, n syntax.NodeID) bool {
	switch f.Kind(n) {
	case syntax.Number, syntax.Constant:
		return true
	case syntax.String:
		return f.Node(n).Flags&syntax.FlagFormat == 0
	case syntax.Strings, syntax.Tuple, syntax.List, syntax.Set, syntax.Dict, syntax.DictItem, syntax.UnaryOp, syntax.BinOp:
		for c := range f.Children(n) {
			if !literal(f, c) {
				return false
			}
		}
		return true
	}
	return false
}

// targetModule returns the project module that an import loads, nil for others.
func targetModule(prog *graph.Program, imp *graph.Import) *graph.Module {
	for _, m := range slices.Backward(prog.Targets(imp)) {
		if m.Name == imp.Target || m.Name == imp.Base {
			return m
		}
	}
	return nil
}

// enter plans what one entry module hands over.
func (p *planner) enter(en Entering) {
	if why := editable(en.In); why != "" {
		p.refusals = append(p.refusals, Refusal{File: en.In.File, Cause: why})
		return
	}
	e := p.editor(en.In)
	f := en.In.Syntax
	star, named := existingFastImport(en)
	hot := append([]*graph.Import(nil), en.Imports...)
	sort.SliceStable(hot, func(i, j int) bool { return f.Node(hot[i].Stmt).Start < f.Node(hot[j].Stmt).Start })
	for _, imp := range hot {
		e.remove(imp.Stmt, imp.Alias)
		e.hot = append(e.hot, imp)
	}
	switch {
	case star != syntax.None && !en.ByName:
		return
	case !en.ByName:
		if len(hot) == 0 {
			return
		}
		e.setStar(en.Module, "*", "from "+en.Module+" import *", hot[0].Stmt)
	default:
		p.enterByName(e, en, hot, named)
	}
}

// existingFastImport returns the statements of the module that import from the
// fast path file: the star import, and the imports by name.
func existingFastImport(en Entering) (star syntax.NodeID, named []*graph.Import) {
	for _, imp := range en.In.Imports {
		if imp.Base != en.Module || imp.Scope != "module" {
			continue
		}
		if imp.Binds == "*" {
			star = imp.Stmt
		} else if imp.Item != "" {
			named = append(named, imp)
		}
	}
	return star, named
}

// enterByName lists the names: those that the module imports from the file
// already and keeps, and the new ones.
func (p *planner) enterByName(e *editor, en Entering, hot, named []*graph.Import) {
	if len(hot) == 0 {
		return // names that leave are taken out one by one
	}
	var names []string
	seen := map[string]bool{}
	add := func(name string) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	for _, imp := range hot {
		add(imp.Binds)
	}
	at := hot[0].Stmt
	for _, imp := range named {
		if r := e.removals[imp.Stmt]; r != nil && r.aliases[imp.Alias] {
			continue // it moves to function level
		}
		e.remove(imp.Stmt, imp.Alias)
		if imp.Binds != imp.Item {
			add(imp.Item + " as " + imp.Binds)
		} else {
			add(imp.Item)
		}
		at = imp.Stmt
	}
	e.setStar(en.Module, names[0], fromImport(en.Module, names, text{en.In.Syntax.Src}.eol()), at)
}

// setStar notes the import from the fast path file.
func (e *editor) setStar(module, first, statement string, at syntax.NodeID) {
	e.star, e.starAt = statement, at
	e.starLine = importLine{from: module, name: first, section: sectionFirstParty, statement: statement}
}

// fromImport writes a from-import the way the formatters wrap it.
func fromImport(module string, names []string, eol string) string {
	sort.Slice(names, func(i, j int) bool {
		if a, b := memberClass(names[i]), memberClass(names[j]); a != b {
			return a < b
		}
		return strings.ToLower(names[i]) < strings.ToLower(names[j])
	})
	one := "from " + module + " import " + strings.Join(names, ", ")
	if utf8.RuneCountInString(one) <= maxWidth {
		return one
	}
	return "from " + module + " import (" + eol + "    " + strings.Join(names, ","+eol+"    ") + "," + eol + ")"
}

// at writes a place of a module as "file:line".
func at(m *graph.Module, n syntax.NodeID) string {
	return fmt.Sprintf("%s:%d", m.File, lineOf(m, n))
}

func lineOf(m *graph.Module, n syntax.NodeID) int {
	line, _ := m.Syntax.Position(m.Syntax.Node(n).Start)
	return line
}

// oneLine joins the lines of a statement.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// qualname returns the dotted name of a function as Python has it, without
// "<locals>".
func qualname(f *syntax.File, fn syntax.NodeID) string {
	var parts []string
	for n := fn; n != syntax.None; n = f.Parent(n) {
		if k := f.Kind(n); k == syntax.FunctionDef || k == syntax.ClassDef {
			parts = append(parts, f.Text(f.Child(n, syntax.Ident)))
		}
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return strings.Join(parts, ".")
}
