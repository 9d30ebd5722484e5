package rewrite

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// From Python 3.15 on an import may stay where it stands and be lazy (PEP 810):
//
//	lazy import x
//
// or, for files that older versions read as well, which do not look at it:
//
//	__lazy_modules__ = ["x"]
//	import x
//
// The name is there for everybody, and x is loaded when it is first used. The
// list names modules and not names: it makes every import at the module's top
// lazy that names one of them, "from x import y" by "x".

// Form is how an import is deferred.
type Form string

// The forms.
const (
	FormFunction    Form = "function"     // in the functions that use it
	FormGuard       Form = "guard"        // the same, and the module serves its name to others
	FormLazy        Form = "lazy"         // "lazy import"
	FormLazyModules Form = "lazy-modules" // listed in __lazy_modules__
)

// FirstLazy is the first version of the language with lazy imports.
var FirstLazy = syntax.Version{Major: 3, Minor: 15}

// lazyList is the name that the interpreter looks at.
const lazyList = "__lazy_modules__"

// deferrable says why a statement cannot be lazy, "" when it can.
func deferrable(imp *graph.Import, fastPath map[string]bool) string {
	m, f := imp.In, imp.In.Syntax
	switch {
	case editable(m) != "":
		return editable(m)
	case imp.Alias == syntax.None:
		return "a star import cannot be lazy"
	case imp.Future:
		return "from __future__ cannot be lazy"
	case imp.Lazy:
		return "it is lazy already"
	case fastPath[m.File]:
		return "a star import of the fast path file loads all of it"
	case imp.Scope != "module" || imp.Runs != "import" || len(imp.Context) > 0 || f.Parent(imp.Stmt) != syntax.Root:
		return "it does not stand at the top level of the module"
	case strings.HasPrefix(imp.Base, "."):
		return "it leads out of its package"
	}
	return ""
}

// lazy plans that an import becomes a lazy one.
func (p *planner) lazy(imp *graph.Import) {
	if why := deferrable(imp, p.req.FastPath); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	e := p.editor(imp.In)
	if e.lazy[imp.Stmt] == nil {
		e.lazy[imp.Stmt] = map[syntax.NodeID]*graph.Import{}
	}
	e.lazy[imp.Stmt][imp.Alias] = imp
	e.moved = append(e.moved, Moved{Import: imp, Form: FormLazy})
}

// list plans that the modules of some imports of one file are listed as lazy.
// All imports of the file that name a module become lazy with it, so that all
// of them have to be asked for, or go.
func (p *planner) list(m *graph.Module, imps []*graph.Import) {
	asked := map[*graph.Import]bool{}
	for _, imp := range imps {
		asked[imp] = true
	}
	if why := unlistable(m.Syntax, m.Scope); why != "" {
		for _, imp := range imps {
			p.refuse(imp, "%s", why)
		}
		return
	}
	e := p.editor(m)
	for again := true; again; { // what is refused is in the way of others
		again = false
		for _, imp := range imps {
			if !asked[imp] {
				continue
			}
			if why := p.unlisted(e, imp, asked); why != "" {
				p.refuse(imp, "%s", why)
				delete(asked, imp)
				again = true
			}
		}
	}
	for _, imp := range imps {
		if asked[imp] {
			e.listed = append(e.listed, imp)
			e.moved = append(e.moved, Moved{Import: imp, Form: FormLazyModules})
		}
	}
}

// unlisted says why the module of an import cannot be listed beside those that
// are asked for, "" when it can.
func (p *planner) unlisted(e *editor, imp *graph.Import, asked map[*graph.Import]bool) string {
	m := imp.In
	if why := deferrable(imp, p.req.FastPath); why != "" {
		return why
	}
	if list := lazyListOf(m.Syntax, m.Scope); list != nil && m.Syntax.Node(imp.Stmt).Start < m.Syntax.Node(list.stmt).Start {
		return fmt.Sprintf("%s stands below it, %s", lazyList, at(m, list.stmt))
	}
	for _, other := range m.Imports {
		if !asked[other] && other.Base == imp.Base && other.Scope == "module" && other.Binds != "*" && !other.Lazy && !p.leaves(e, other) &&
			other.Runs != "type_checking" && other.Runs != "never" && !slices.ContainsFunc(other.Context, neverLazy) {
			return fmt.Sprintf("%s would make another import lazy, too, %s", lazyList, at(m, other.Stmt))
		}
	}
	return ""
}

// leaves reports whether an import leaves its place by the same edit.
func (p *planner) leaves(e *editor, imp *graph.Import) bool {
	r := e.removals[imp.Stmt]
	return r != nil && r.aliases[imp.Alias]
}

// neverLazy reports whether imports in a block stay eager though they are
// listed. That of an else is not clear: it may be one of "if".
func neverLazy(block string) bool { return block == "try" || block == "except" || block == "finally" }

// listing is the assignment to __lazy_modules__.
type listing struct {
	stmt, value syntax.NodeID
	items       []syntax.NodeID
	names       []string
}

// lazyListOf finds the list of a file; nil where there is none, or where it is
// not one literal of strings.
func lazyListOf(f *syntax.File, info *scope.Info) *listing {
	var l *listing
	for _, u := range info.Uses(lazyList) {
		s := f.Parent(u.Node)
		if !u.Store || l != nil || f.Kind(s) != syntax.Assign || f.Parent(s) != syntax.Root || f.First(s) != u.Node {
			return nil
		}
		l = &listing{stmt: s, value: f.Next(u.Node)}
	}
	if l == nil || f.Next(l.value) != syntax.None {
		return nil
	}
	switch f.Kind(l.value) {
	case syntax.List, syntax.Tuple, syntax.Set:
	default:
		return nil
	}
	for c := range f.Children(l.value) {
		s, ok := scope.StringValue(f, c)
		if !ok {
			return nil
		}
		l.items, l.names = append(l.items, c), append(l.names, s)
	}
	return l
}

// unlistable says why nothing can be listed in a file, "" when it can.
func unlistable(f *syntax.File, info *scope.Info) string {
	if uses := info.Uses(lazyList); len(uses) > 0 && lazyListOf(f, info) == nil {
		line, _ := f.Position(f.Node(uses[0].Node).Start)
		return fmt.Sprintf("%s is more than one list of names, line %d", lazyList, line)
	}
	return ""
}

// lazyStatements makes statements lazy whose names all become so. Names that
// share their statement with others are taken out of it; what stands above the
// rest of it then is returned by statement.
func (e *editor) lazyStatements() (splices []splice, split map[syntax.NodeID]string) {
	f := e.m.Syntax
	split = map[syntax.NodeID]string{}
	for s, imps := range e.lazy {
		var lines []importLine
		whole := true
		for a := range f.Children(s) {
			if f.Kind(a) != syntax.Alias {
				continue
			}
			if imp := imps[a]; imp != nil {
				l := newLine(imp, e.kind)
				l.lazy = true
				lines = append(lines, l)
			} else {
				whole = false
			}
		}
		if whole {
			start := int(f.Node(s).Start)
			splices = append(splices, splice{start, start, "lazy "})
			continue
		}
		for a := range imps {
			e.remove(s, a)
		}
		split[s] = block(lines, "", text{f.Src}.eol())
	}
	return splices, split
}

// sortLazy puts lazy statements behind the others of their section, where the
// imports of the file were sorted before. Sections with comments or blank lines
// between their statements stay as they are.
func (e *editor) sortLazy(f *syntax.File) []splice {
	if _, sorted := sortedImports(e.m.Syntax, nil, e.kind); !sorted {
		return nil
	}
	t := text{f.Src}
	var out []splice
	run := topImports(f)
	for len(run) > 0 {
		first, _ := lineFrom(f, run[0], e.kind)
		n := 1
		for ; n < len(run); n++ {
			l, ok := lineFrom(f, run[n], e.kind)
			if !ok || l.section != first.section || t.lineStart(int(f.Node(run[n]).Start)) != t.nextLine(lastOffset(f.Node(run[n-1]))) {
				break
			}
		}
		if s, ok := e.sortRun(f, run[:n]); ok {
			out = append(out, s)
		}
		run = run[n:]
	}
	return out
}

// sortRun sorts statements that stand one below the other; ok is false where
// they are, or cannot be.
func (e *editor) sortRun(f *syntax.File, run []syntax.NodeID) (s splice, ok bool) {
	t := text{f.Src}
	type item struct {
		line importLine
		text string
	}
	items := make([]item, len(run))
	for i, stmt := range run {
		d := f.Node(stmt)
		l, known := lineFrom(f, stmt, e.kind)
		end := t.nextLine(lastOffset(d))
		if !known || !t.firstOnLine(int(d.Start)) || end == len(f.Src) && t.lineStart(end) != end {
			return splice{}, false
		}
		items[i] = item{l, string(f.Src[t.lineStart(int(d.Start)):end])}
	}
	less := func(i, j int) bool { return items[i].line.less(items[j].line) }
	if sort.SliceIsSorted(items, less) {
		return splice{}, false
	}
	sort.SliceStable(items, less)
	s.start, s.end = t.lineStart(int(f.Node(run[0]).Start)), t.nextLine(lastOffset(f.Node(run[len(run)-1])))
	for _, it := range items {
		s.text += it.text
	}
	return s, true
}

// listModules writes the modules of the listed imports into __lazy_modules__,
// which it begins where there is none.
func (e *editor) listModules(f *syntax.File, v syntax.Version) []splice {
	var names []string
	for _, imp := range e.listed {
		names = append(names, imp.Base)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if l := lazyListOf(f, scope.Analyze(f, v)); l != nil {
		names = slices.DeleteFunc(names, func(n string) bool { return slices.Contains(l.names, n) })
		return l.extend(f, names)
	}
	t := text{f.Src}
	eol := t.eol()
	list := lazyList + " = [" + quoted(names) + "]"
	if utf8.RuneCountInString(list) > maxWidth {
		unit := indentUnit(f)
		list = lazyList + " = [" + eol
		for _, n := range names {
			list += unit + quoted([]string{n}) + "," + eol
		}
		list += "]"
	}
	after, next := syntax.None, syntax.None // the docstring and __future__ stay above it
	for s := range f.Children(syntax.Root) {
		doc := after == syntax.None && f.Kind(s) == syntax.ExprStmt && (f.Kind(f.First(s)) == syntax.String || f.Kind(f.First(s)) == syntax.Strings)
		if !doc && !isFuture(f, s) {
			next = s
			break
		}
		after = s
	}
	start := int(f.Node(next).Start)
	if after != syntax.None && t.lineStart(lastOffset(f.Node(after))) == t.lineStart(start) {
		return []splice{{start, start, list + "; "}} // behind a semicolon
	}
	off := aboveComments(t, start)
	if off == 0 {
		off = t.lineStart(start) // what stands at the top stays there
	}
	list += eol
	if isImport(f, next) {
		list += eol
	}
	if after != syntax.None && !t.blank(t.lineStart(max(0, off-1))) {
		list = eol + list
	}
	return []splice{{off, off, list}}
}

func isFuture(f *syntax.File, s syntax.NodeID) bool {
	return f.Kind(s) == syntax.ImportFrom && f.ImportLevel(s) == 0 && f.Child(s, syntax.DottedName) != syntax.None && f.DottedText(f.Child(s, syntax.DottedName)) == "__future__"
}

func quoted(names []string) string {
	q := make([]string, len(names))
	for i, n := range names {
		q[i] = `"` + n + `"`
	}
	return strings.Join(q, ", ")
}

// extend puts names into the list: at their sorted place where it is sorted,
// else at its end, in its style.
func (l *listing) extend(f *syntax.File, names []string) []splice {
	t := text{f.Src}
	eol := t.eol()
	quote := `"`
	if len(l.items) > 0 && strings.HasPrefix(f.Text(l.items[0]), "'") {
		quote = "'"
	}
	sorted := sort.StringsAreSorted(l.names)
	var last []string
	var out []splice
	for _, n := range names {
		at := sort.SearchStrings(l.names, n)
		if !sorted || at == len(l.names) {
			last = append(last, quote+n+quote)
			continue
		}
		start := int(f.Node(l.items[at]).Start)
		if t.firstOnLine(start) {
			off := t.lineStart(start)
			out = append(out, splice{off, off, t.indent(start) + quote + n + quote + "," + eol})
		} else {
			out = append(out, splice{start, start, quote + n + quote + ", "})
		}
	}
	if len(last) == 0 {
		return out
	}
	if len(l.items) == 0 {
		off := int(f.Node(l.value).Start) + 1 // behind the bracket
		text := strings.Join(last, ", ")
		if f.Kind(l.value) == syntax.Tuple {
			text += ","
		}
		return append(out, splice{off, off, text})
	}
	d := f.Node(l.items[len(l.items)-1])
	end := int(d.End)
	comma := nextComma(f, end, int(f.Node(l.stmt).End))
	if own := t.lineStart(lastOffset(f.Node(l.value))) != t.lineStart(lastOffset(d)); own && t.firstOnLine(int(d.Start)) {
		if comma < 0 {
			out = append(out, splice{end, end, ","})
		}
		off := t.nextLine(lastOffset(d))
		indent := t.indent(int(d.Start))
		return append(out, splice{off, off, indent + strings.Join(last, ","+eol+indent) + "," + eol})
	}
	if comma >= 0 {
		return append(out, splice{comma + 1, comma + 1, " " + strings.Join(last, ", ")})
	}
	return append(out, splice{end, end, ", " + strings.Join(last, ", ")})
}

// verifyLazy holds that what was to become lazy is, in the result.
func (e *editor) verifyLazy(f *syntax.File, info *scope.Info) error {
	if len(e.listed) > 0 {
		l := lazyListOf(f, info)
		for _, imp := range e.listed {
			if l == nil || !slices.Contains(l.names, imp.Base) {
				return fmt.Errorf("%s of the result of %s would not list %s", lazyList, e.m.File, imp.Base)
			}
		}
		for s := range f.Children(syntax.Root) {
			if isImport(f, s) && !isFuture(f, s) && f.Node(s).Start < f.Node(l.stmt).Start {
				return fmt.Errorf("%s would stand below an import in the result of %s", lazyList, e.m.File)
			}
		}
	}
	for _, aliases := range e.lazy {
		for _, imp := range aliases {
			want := newLine(imp, e.kind)
			found := false
			for s := range f.Children(syntax.Root) {
				if isImport(f, s) && f.Node(s).Flags&syntax.FlagLazy != 0 {
					found = found || slices.ContainsFunc(linesOf(f, s), func(l importLine) bool { return l.from == want.from && l.name == want.name && l.as == want.as })
				}
			}
			if !found {
				return fmt.Errorf("%s would not be lazy in the result of %s", imp.Binds, e.m.File)
			}
		}
	}
	return nil
}

// linesOf reads all names of a statement.
func linesOf(f *syntax.File, stmt syntax.NodeID) []importLine {
	first, ok := lineFrom(f, stmt, func(string) section { return 0 })
	if !ok {
		return nil
	}
	var out []importLine
	for a := range f.Children(stmt) {
		if f.Kind(a) != syntax.Alias {
			continue
		}
		l := importLine{from: first.from, name: f.DottedText(f.Child(a, syntax.DottedName))}
		if id := f.Child(a, syntax.Ident); id != syntax.None {
			l.as = f.Text(id)
		}
		out = append(out, l)
	}
	return out
}
