package rewrite

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// A guarded import is for names that others read in the module: with
// "from m import x", as m.x, by replacing it in a test. The functions that use
// the name bind the module's own name, unless it is bound already:
//
//	global x
//	try:
//	    _ = x
//	except NameError:
//	    import x
//
// and a __getattr__ of the module does the same for everybody else (PEP 562).
// Type checkers see a plain import, in the "else" of "if not TYPE_CHECKING":
// under "if TYPE_CHECKING" linters would want it moved out, because the name is
// used at run time. Each name has a guard of its own, since any of them may be
// replaced by itself.

// guardLine is the guard of one name in one function.
type guardLine struct {
	importLine
	binds string
	probe string // the local name that the test of the guard binds
}

// lazyBlock is the part of a module that serves guarded names to others.
type lazyBlock struct {
	getattr syntax.NodeID // the function
	param   string        // its parameter
	raise   syntax.NodeID // its last statement
	imports []syntax.NodeID
}

// lazyBlockOf finds the block that a guarded move has written into a file; nil
// where there is none, or where somebody has made something else of it.
func lazyBlockOf(f *syntax.File) *lazyBlock {
	for n := range f.Children(syntax.Root) {
		if f.Kind(n) != syntax.If || oneLine(f.Text(f.First(n))) != "not TYPE_CHECKING" {
			continue
		}
		body, rest := f.Child(n, syntax.Block), f.Child(n, syntax.Else)
		fn := f.First(body)
		if rest == syntax.None || f.Kind(fn) != syntax.FunctionDef || f.Next(fn) != syntax.None || f.Text(f.Child(fn, syntax.Ident)) != "__getattr__" {
			continue
		}
		if b := readLazyBlock(f, fn, rest); b != nil {
			return b
		}
	}
	return nil
}

func readLazyBlock(f *syntax.File, fn, rest syntax.NodeID) *lazyBlock {
	param := f.First(f.Child(fn, syntax.Params))
	if f.Kind(param) != syntax.Param || f.Next(param) != syntax.None || f.Child(fn, syntax.Decorator) != syntax.None {
		return nil
	}
	b := &lazyBlock{getattr: fn, param: f.Text(f.Child(param, syntax.Ident))}
	for s := range f.Children(suiteOf(f, fn)) {
		switch {
		case b.raise != syntax.None:
			return nil
		case f.Kind(s) == syntax.Raise:
			b.raise = s
		case f.Kind(s) == syntax.ExprStmt && f.Kind(f.First(s)) == syntax.String:
		case f.Kind(s) == syntax.If && strings.HasPrefix(f.Text(f.First(s)), b.param+" == ") && f.Child(s, syntax.Else) == syntax.None:
		default:
			return nil
		}
	}
	for s := range f.Children(rest) {
		if !isImport(f, s) {
			return nil
		}
		b.imports = append(b.imports, s)
	}
	if b.raise == syntax.None {
		return nil
	}
	return b
}

// Guarded reports whether a module has imports with a guard.
func Guarded(m *graph.Module) bool { return lazyBlockOf(m.Syntax) != nil }

// unguardable says why no guard can serve the name of an import, "" when one
// can.
func unguardable(prog *graph.Program, imp *graph.Import, fastPath map[string]bool) string {
	m, f := imp.In, imp.In.Syntax
	switch {
	case fastPath[m.File]:
		return "a fast path file holds nothing but imports"
	case isBuiltinName(imp.Binds) || imp.Binds == "_":
		return "a guard would find the builtin of that name"
	case imp.Binds == "TYPE_CHECKING":
		return "the guard itself needs that name"
	}
	if m.Scope.Binds(0, "__getattr__") {
		b := lazyBlockOf(f)
		if b == nil {
			return m.Name + " has a __getattr__ of its own"
		}
		if b.param == imp.Binds {
			return "the __getattr__ of " + m.Name + " has a parameter of that name"
		}
	}
	if why := typeChecking(f, m.Scope); why != "" {
		return why
	}
	if m.IsPackage {
		// The import system binds submodules in their package, and asks the
		// package for a name before it looks for a submodule.
		sub := m.Name + "." + imp.Binds
		if imp.Base == m.Name || imp.Base == sub || strings.HasPrefix(imp.Base, sub+".") || imp.Target == sub || prog.Module(sub) != nil {
			return imp.Binds + " is a submodule of the package, too"
		}
	}
	return ""
}

// typeChecking says why a block for type checkers cannot be written, "" when
// it can: the name TYPE_CHECKING is free, or means what it should.
func typeChecking(f *syntax.File, info *scope.Info) string {
	if !info.Binds(0, "TYPE_CHECKING") || typingBinds(f) != syntax.None {
		return ""
	}
	return "TYPE_CHECKING is bound in another way"
}

// typingBinds returns the statement at the top of a file that binds
// TYPE_CHECKING: "from typing import TYPE_CHECKING" or "TYPE_CHECKING = False".
func typingBinds(f *syntax.File) syntax.NodeID {
	last := lastImport(f)
	for s := range f.Children(syntax.Root) {
		switch f.Kind(s) {
		case syntax.ImportFrom:
			if module := f.Child(s, syntax.DottedName); f.ImportLevel(s) > 0 || module == syntax.None || f.Text(module) != "typing" && f.Text(module) != "typing_extensions" {
				continue
			}
			for a := range f.Children(s) {
				if f.Kind(a) == syntax.Alias && f.Text(a) == "TYPE_CHECKING" && last != syntax.None && f.Node(s).Start <= f.Node(last).Start {
					return s
				}
			}
		case syntax.Assign:
			if oneLine(f.Text(s)) == "TYPE_CHECKING = False" && (last == syntax.None || f.Node(s).Start < f.Node(last).Start || nextIsLazy(f, s)) {
				return s
			}
		}
	}
	return syntax.None
}

// nextIsLazy reports whether the statement after s is the block of guarded
// names.
func nextIsLazy(f *syntax.File, s syntax.NodeID) bool {
	b := lazyBlockOf(f)
	return b != nil && f.Next(s) == f.Parent(f.Parent(b.getattr))
}

// lastImport returns the last import statement before the first code of a
// file, None without one. Conditional imports are no code.
func lastImport(f *syntax.File) syntax.NodeID {
	last := syntax.None
	for s := range f.Children(syntax.Root) {
		switch f.Kind(s) {
		case syntax.Import, syntax.ImportFrom:
			last = s
		case syntax.If, syntax.Try, syntax.Pass:
		case syntax.ExprStmt:
			if k := f.Kind(f.First(s)); k != syntax.String && k != syntax.Strings {
				return last
			}
		case syntax.Assign, syntax.AnnAssign:
			if !constantValue(f, s) {
				return last
			}
		default:
			return last
		}
	}
	return last
}

// guard plans the guarded move of one import.
func (p *planner) guard(imp *graph.Import) {
	if imp.Alias == syntax.None {
		p.refuse(imp, "a star import cannot stand in a function")
		return
	}
	m, f := imp.In, imp.In.Syntax
	if why := editable(m); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	if why := unguardable(p.prog, imp, p.req.FastPath); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	var loads, others []syntax.NodeID
	needs := map[syntax.NodeID]bool{} // functions
	for _, u := range m.Scope.Uses(imp.Binds) {
		if u.Store || u.Del {
			p.refuse(imp, "%s is bound again at %s", imp.Binds, at(m, u.Node))
			return
		}
		if runs(u) {
			loads = append(loads, u.Node)
			needs[functionOf(f, u.Node)] = true
		} else if f.Kind(u.Node) == syntax.Name {
			others = append(others, u.Node)
		}
	}
	// An annotation of a local is never evaluated, but "global" has to come
	// before it.
	for _, n := range others {
		if fn := functionOf(f, n); fn != syntax.None && needs[fn] {
			loads = append(loads, n)
		}
	}
	slices.SortFunc(loads, func(a, b syntax.NodeID) int { return int(f.Node(a).Start - f.Node(b).Start) })
	us, loose := units(f, loads)
	if len(loose) > 0 {
		p.refuse(imp, "%s is used outside of functions at %s", imp.Binds, at(m, loose[0]))
		return
	}
	if len(us) == 0 {
		p.refuse(imp, "%s is used by no function", imp.Binds)
		return
	}
	e := p.editor(m)
	moved := Moved{Import: imp, Form: FormGuard}
	for _, u := range us {
		l := guardLine{newLine(imp, p.kind), imp.Binds, probeFor(f, u.fn, imp.Binds)}
		e.guards[u.at] = append(e.guards[u.at], l)
		moved.To = append(moved.To, qualname(f, u.fn))
	}
	e.moved = append(e.moved, moved)
	e.served = append(e.served, guardLine{importLine: newLine(imp, p.kind), binds: imp.Binds})
	e.guarded = append(e.guarded, imp.Binds)
	e.remove(imp.Stmt, imp.Alias)
}

// probeFor returns a local name that a function does not use.
func probeFor(f *syntax.File, fn syntax.NodeID, binds string) string {
	text, name := f.Text(fn), "_"
	if graph.HasWord([]byte(text), name) {
		name = "_" + binds
	}
	for graph.HasWord([]byte(text), name) {
		name += "_"
	}
	return name
}

// guardText writes the guards of some names, without the last line ending.
func guardText(lines []guardLine, indent, unit, eol string) string {
	ls := slices.Clone(lines)
	sort.SliceStable(ls, func(i, j int) bool { return ls[i].less(ls[j].importLine) })
	names := make([]string, len(ls))
	for i, l := range ls {
		names[i] = l.binds
	}
	slices.Sort(names)
	global := "global " + strings.Join(names, ", ")
	if len(indent)+len(global) > maxWidth {
		global = "global " + strings.Join(names, eol+indent+"global ")
	}
	var b strings.Builder
	b.WriteString(global)
	for _, l := range ls {
		for _, line := range []string{"try:", unit + l.probe + " = " + l.binds, "except NameError:", unit + l.text()} {
			b.WriteString(eol + indent + line)
		}
	}
	return b.String()
}

// guardInsertions turns the collected guards into splices: above the statement
// of their place and the comments that belong to it. Suites that stand on their
// header's line are left to insertions.
func guardInsertions(f *syntax.File, guards map[place][]guardLine) []splice {
	t, unit := text{f.Src}, indentUnit(f)
	merged := map[int][]guardLine{}
	suite := map[int]place{}
	for p, lines := range guards {
		if f.Node(p.block).Flags&syntax.FlagOneLine != 0 {
			continue
		}
		first := firstOfLine(f, p)
		off := aboveComments(t, int(f.Node(first).Start))
		merged[off] = append(merged[off], lines...)
		suite[off] = place{p.block, first}
	}
	offsets := make([]int, 0, len(merged))
	for off := range merged {
		offsets = append(offsets, off)
	}
	slices.Sort(offsets)
	var out []splice
	for _, off := range offsets {
		indent, eol := t.indent(int(f.Node(suite[off].stmt).Start)), t.eol()
		text := indent + guardText(merged[off], indent, unit, eol) + eol + eol
		if run := importsAbove(f, suite[off]); run != nil && t.nextLine(lastOffset(f.Node(run[len(run)-1]))) == off {
			text = eol + text
		}
		out = append(out, splice{off, off, text})
	}
	return out
}

// aboveComments returns the start of the line of a statement, or of the
// comments of the same indentation directly above it.
func aboveComments(t text, start int) int {
	indent, off := t.indent(start), t.lineStart(start)
	for off > 0 {
		above := t.lineStart(off - 1)
		if !strings.HasPrefix(string(t.src[above:t.lineEnd(above)]), indent+"#") {
			break
		}
		off = above
	}
	return off
}

// serve writes the guarded names into the block by which a module serves them
// to others, which it begins where there is none.
func (e *editor) serve(f *syntax.File) []splice {
	t, unit := text{f.Src}, indentUnit(f)
	eol := t.eol()
	lines := make([]importLine, len(e.served))
	for i, l := range e.served {
		lines[i] = l.importLine
	}
	sort.SliceStable(e.served, func(i, j int) bool { return e.served[i].less(e.served[j].importLine) })
	if b := lazyBlockOf(f); b != nil {
		start := int(f.Node(b.raise).Start)
		return append(joinRun(f, b.imports, lines, e.kind), splice{t.lineStart(start), t.lineStart(start), branches(e.served, b.param, t.indent(start), unit, eol)})
	}
	param := "name" // Python allows no parameter that is global
	for slices.ContainsFunc(e.served, func(l guardLine) bool { return l.binds == param }) {
		param += "_"
	}
	var b strings.Builder
	line := func(depth int, s string) { b.WriteString(strings.Repeat(unit, depth) + s + eol) }
	if typingBinds(f) == syntax.None {
		line(0, "TYPE_CHECKING = False")
	}
	line(0, "if not TYPE_CHECKING:")
	b.WriteString(eol)
	line(1, "def __getattr__("+param+"):")
	line(2, `"""Loads at first use what others read here."""`)
	b.WriteString(branches(e.served, param, unit+unit, unit, eol))
	line(2, `raise AttributeError(f"module {__name__!r} has no attribute {`+param+`!r}")`)
	b.WriteString(eol)
	line(0, "else:")
	line(1, block(lines, unit, eol))
	return []splice{placeServing(f, b.String())}
}

// branches are the statements of __getattr__ for some names.
func branches(lines []guardLine, param, indent, unit, eol string) string {
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%sif %s == \"%s\":%s", indent, param, l.binds, eol)
		b.WriteString(indent + unit + "global " + l.binds + eol)
		b.WriteString(indent + unit + l.text() + eol + eol)
		b.WriteString(indent + unit + "return " + l.binds + eol)
	}
	return b.String()
}

// placeServing puts the block behind the imports of a file, or in front of its
// first code, with the blank lines that the formatters want.
func placeServing(f *syntax.File, block string) splice {
	t := text{f.Src}
	eol := t.eol()
	after := lastImport(f)
	if s := f.First(syntax.Root); after == syntax.None && f.Kind(s) == syntax.ExprStmt && f.Kind(f.First(s)) == syntax.String {
		after = s
	}
	if after != syntax.None {
		off := t.nextLine(lastOffset(f.Node(after)))
		block = eol + block
		if off > 0 && f.Src[off-1] != '\n' && f.Src[off-1] != '\r' {
			block = eol + block // the last line had no ending
		}
		if off < len(f.Src) && !t.blank(off) {
			block += eol
		}
		return splice{off, off, block}
	}
	s := f.First(syntax.Root)
	if s == syntax.None {
		return splice{len(f.Src), len(f.Src), block}
	}
	off := aboveComments(t, int(f.Node(s).Start))
	if off == 0 {
		off = t.lineStart(int(f.Node(s).Start)) // what stands at the top stays there
	}
	block += eol
	if k := f.Kind(s); k == syntax.FunctionDef || k == syntax.ClassDef {
		block += eol
	}
	return splice{off, off, block}
}

// verifyGuards holds that no function reaches a use of a guarded name without
// its guard, and that the module serves the name.
func (e *editor) verifyGuards(f *syntax.File, info *scope.Info) error {
	if len(e.guarded) == 0 {
		return nil
	}
	b := lazyBlockOf(f)
	if b == nil {
		return fmt.Errorf("the result of %s would not serve %s", e.m.File, e.guarded[0])
	}
	for _, name := range e.guarded {
		var guards []syntax.NodeID
		for i := range f.Nodes {
			if n := syntax.NodeID(i); f.Kind(n) == syntax.Try && isGuard(f, n, name) {
				guards = append(guards, n)
			}
		}
		for _, u := range info.Uses(name) {
			if u.Store || !runs(u) || inside(f, u.Node, b.getattr) {
				continue
			}
			if !slices.ContainsFunc(guards, func(g syntax.NodeID) bool { return behind(f, u.Node, g) }) {
				line, _ := f.Position(f.Node(u.Node).Start)
				return fmt.Errorf("%s would be used without its guard in line %d of the result of %s", name, line, e.m.File)
			}
		}
	}
	return nil
}

// isGuard reports whether a try statement binds a name that is not bound.
func isGuard(f *syntax.File, try syntax.NodeID, name string) bool {
	test, handler := f.First(suiteOf(f, try)), f.Child(try, syntax.Handler)
	if f.Kind(test) != syntax.Assign || handler == syntax.None || f.Text(f.First(handler)) != "NameError" {
		return false
	}
	value := f.Next(f.First(test))
	return f.Text(value) == name && isImport(f, f.First(suiteOf(f, handler)))
}

// behind reports whether a node stands in a guard or is only reached through
// it: behind it in its suite, or deeper there.
func behind(f *syntax.File, n, guard syntax.NodeID) bool {
	suite := f.Parent(guard)
	return inside(f, n, guard) || inside(f, n, suite) && f.Node(n).Start > f.Node(guard).Start && functionOf(f, guard) != syntax.None
}
