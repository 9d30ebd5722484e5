package rewrite

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Hoistable says why the import of a function cannot go to module level, ""
// when it can: what it loads must not load its module (a cycle) nor do anything
// but define, nothing may look names up at run time, and the name must mean
// nothing else in the file. That each use then finds the global one is verified
// on the result.
func Hoistable(prog *graph.Program, imp *graph.Import) string {
	m := imp.In
	switch {
	case editable(m) != "":
		return editable(m)
	case imp.Scope != "function" || imp.Runs != "call" || imp.Lazy || imp.Alias == syntax.None:
		return "it is no import of a function"
	case Guarded(m) && len(imp.Context) == 1 && imp.Context[0] == "except":
		return "it stands in a guard; import it at the top of the file, and take the guard out by hand"
	case len(imp.Context) > 0:
		return fmt.Sprintf("it stands in a block (%s) that decides whether it runs", strings.Join(imp.Context, ", "))
	case strings.HasPrefix(imp.Binds, "__"):
		return fmt.Sprintf("the name %s would be another one inside of a class", imp.Binds)
	case len(m.Scope.DynamicNames) > 0:
		return fmt.Sprintf("names are looked up at run time, %s", at(m, m.Scope.DynamicNames[0]))
	}
	if why := sideEffects(imp); why != "" {
		return why + " when imported"
	}
	if uses := m.Scope.Uses(imp.Binds); len(uses) > 0 {
		return fmt.Sprintf("%s means something at module level already, %s", imp.Binds, at(m, uses[0].Node))
	}
	for _, other := range m.Imports {
		if other.Scope == "module" && (other.Binds == imp.Binds || other.Binds == "*") {
			return fmt.Sprintf("%s may be bound at module level already, %s", imp.Binds, at(m, other.Stmt))
		}
	}
	for _, e := range effectsOf(prog, m) {
		if e.kind == changesState {
			return e.cause() + ": an import above it would see another state"
		}
	}
	loaded := reach(prog.Targets(imp), prog, nil)
	if loaded[m] {
		return fmt.Sprintf("it would close a cycle: %s imports %s", imp.Target, m.Name)
	}
	var cause string // of the first module by file, so that it is always the same
	for _, t := range prog.Modules {
		if !loaded[t] || cause != "" {
			continue
		}
		if effects := effectsOf(prog, t); len(effects) > 0 {
			cause = effects[0].cause() + " when imported"
		}
	}
	return cause
}

// hoist plans the move of an import of a function to the top of its module.
func (p *planner) hoist(imp *graph.Import) {
	if why := Hoistable(p.prog, imp); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	e := p.editor(imp.In)
	e.remove(imp.Stmt, imp.Alias)
	line := newLine(imp, p.kind)
	if !slices.ContainsFunc(e.hoists, func(o importLine) bool { return o.text() == line.text() }) {
		e.hoists = append(e.hoists, line)
	}
	e.hoisted = append(e.hoisted, imp)
}

// hoistLines puts the hoisted imports among those at the top of a file, or
// before its first statement that is neither docstring nor import.
func (e *editor) hoistLines(f *syntax.File) []splice {
	if run := topImports(f); len(run) > 0 {
		return joinRun(f, run, e.hoists, e.kind)
	}
	t := text{f.Src}
	offset := len(f.Src)
	for c := range f.Children(syntax.Root) {
		if f.Kind(c) != syntax.ExprStmt || f.Kind(f.First(c)) != syntax.String {
			offset = t.lineStart(int(f.Node(c).Start))
			break
		}
	}
	return []splice{{offset, offset, block(e.hoists, "", t.eol()) + strings.Repeat(t.eol(), 3)}}
}

// openings takes out the blank lines that would open a function after its first
// statement, an import, has left: formatters allow none there.
func (e *editor) openings() []splice {
	t := text{e.m.Syntax.Src}
	var out []splice
	for _, imp := range e.hoisted {
		d := e.m.Syntax.Node(imp.Stmt)
		before := strings.TrimRight(string(t.src[:t.lineStart(int(d.Start))]), " \t\r\n")
		start := t.nextLine(lastOffset(d))
		end := start
		for end < len(t.src) && strings.TrimSpace(string(t.src[end:t.nextLine(end)])) == "" {
			end = t.nextLine(end)
		}
		if strings.HasSuffix(before, ":") && end > start {
			out = append(out, splice{start, end, ""})
		}
	}
	return out
}

// verifyHoists holds that every occurrence of a hoisted name is a read of the
// global one.
func (e *editor) verifyHoists(f *syntax.File, info *scope.Info) error {
	for _, imp := range e.hoisted {
		occurs := 0
		for i := range f.Nodes {
			if n := syntax.NodeID(i); f.Kind(n) == syntax.Name && f.Text(n) == imp.Binds {
				occurs++
			}
		}
		uses := info.Uses(imp.Binds)
		if len(uses) != occurs || slices.ContainsFunc(uses, func(u scope.Use) bool { return u.Store || u.Del }) {
			return fmt.Errorf("%s would not be the hoisted module everywhere in %s", imp.Binds, e.m.File)
		}
	}
	return nil
}
