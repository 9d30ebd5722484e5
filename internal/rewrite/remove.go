package rewrite

import (
	"fmt"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

// Removable says why an import whose name its own module does not use cannot
// go, "" when it can: another file may read the name, or look names up at run
// time, or rely on what the import has loaded.
func (g *Gate) Removable(imp *graph.Import) string {
	m, r := imp.In, g.readers
	j := &judge{}
	if !g.statement(j, imp) || j.verdict.Cause != "" {
		return j.verdict.Cause
	}
	switch {
	case g.fastPath[m.File]:
		return "it is a line of the fast path file"
	case len(m.Scope.Uses(imp.Binds)) > 0:
		return fmt.Sprintf("%s is used at %s", imp.Binds, at(m, m.Scope.Uses(imp.Binds)[0].Node))
	case len(m.Scope.DynamicNames) > 0:
		return fmt.Sprintf("names are looked up at run time, %s", at(m, m.Scope.DynamicNames[0]))
	}
	for _, other := range m.Imports {
		if other != imp && other.Binds == imp.Binds {
			return fmt.Sprintf("%s is bound again at %s", imp.Binds, at(m, other.Stmt))
		}
	}
	for _, a := range r.of[name{m.Name, imp.Binds}] {
		return fmt.Sprintf("%s.%s is %s, %s", m.Name, imp.Binds, a.how, a.place())
	}
	for _, a := range r.dynamic[m.Name] {
		return fmt.Sprintf("%s: %s, %s", m.Name, a.how, a.place())
	}
	if e, ok := r.exports[m.Name][imp.Binds]; ok {
		return fmt.Sprintf("%s is in __all__, %s", imp.Binds, at(m, e))
	}
	if r.exports[m.Name] == nil && !strings.HasPrefix(imp.Binds, "_") {
		for _, a := range r.stars[m.Name] {
			return fmt.Sprintf("%s.%s is %s, %s", m.Name, imp.Binds, a.how, a.place())
		}
	}
	for _, d := range g.doctests[m] {
		if graph.HasWord([]byte(d.code), imp.Binds) {
			return fmt.Sprintf("a doctest uses %s, %s:%d", imp.Binds, m.File, d.line)
		}
	}
	if n := g.typeString(m, imp.Binds); n != syntax.None {
		return fmt.Sprintf("an annotation names %s, %s", imp.Binds, at(m, n))
	}
	if a, ok := r.patchedSomehow(m, imp.Binds); ok {
		return fmt.Sprintf("%s.%s may be %s, %s", m.Name, imp.Binds, a.how, a.place())
	}
	if a, ok := r.codeAbout(m, imp.Binds); ok {
		return fmt.Sprintf("%s.%s may be %s, %s", m.Name, imp.Binds, a.how, a.place())
	}
	if strings.HasPrefix(imp.Base, "_") || topOf(imp.Base) == "distutils" {
		return imp.Base + " may be imported for its effects"
	}
	if line := commentAbove(m.Syntax, imp.Alias); line > 0 {
		return fmt.Sprintf("a comment stands above it, %s:%d", m.File, line)
	}
	g.submodule(j, imp)
	g.target(j, imp)
	return j.verdict.Cause
}

// commentAbove returns the line of the comment directly above the line of an
// imported name, which may say what it is good for; 0 without one.
func commentAbove(f *syntax.File, alias syntax.NodeID) int {
	t, start := text{f.Src}, int(f.Node(alias).Start)
	above := aboveComments(t, start)
	if above == t.lineStart(start) {
		return 0
	}
	line, _ := f.Position(int32(t.lineStart(start)))
	comment := string(f.Src[t.lineStart(t.lineStart(start)-1):t.lineStart(start)])
	if line <= 3 && (strings.HasPrefix(comment, "#!") || strings.Contains(comment, "coding")) {
		return 0
	}
	return line - 1
}

// drop plans the removal of an import.
func (p *planner) drop(imp *graph.Import) {
	if why := editable(imp.In); why != "" {
		p.refuse(imp, "%s", why)
		return
	}
	if imp.Alias == syntax.None || imp.Scope != "module" || len(imp.In.Scope.Uses(imp.Binds)) > 0 {
		p.refuse(imp, "%s may be used", imp.Binds)
		return
	}
	e := p.editor(imp.In)
	e.remove(imp.Stmt, imp.Alias)
	e.removed = append(e.removed, imp)
}
