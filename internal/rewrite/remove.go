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
		if hasWord(d.code, imp.Binds) {
			return fmt.Sprintf("a doctest uses %s, %s:%d", imp.Binds, m.File, d.line)
		}
	}
	g.submodule(j, imp)
	g.target(j, imp)
	return j.verdict.Cause
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
