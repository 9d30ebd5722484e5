package graph

import (
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
)

// Cycles returns the import cycles among the modules of the project: the sets
// of modules that load each other while they are being imported, each sorted
// by file, the sets by their first file. A package that a statement inside of
// it only passes through is no part of a cycle.
func (p *Program) Cycles() [][]*Module {
	edges := make(map[*Module][]*Module, len(p.Modules))
	for _, m := range p.Modules {
		for _, imp := range p.Imports(m) {
			if imp.Runs != scope.AtImport.String() || imp.Lazy {
				continue
			}
			for _, to := range p.Targets(imp) {
				if p.passes(imp, to) || slices.Contains(edges[m], to) {
					continue
				}
				edges[m] = append(edges[m], to)
			}
		}
	}
	var out [][]*Module
	for _, set := range components(p.Modules, edges) {
		if len(set) > 1 {
			slices.SortFunc(set, func(a, b *Module) int { return cmp.Compare(a.File, b.File) })
			out = append(out, set)
		}
	}
	slices.SortFunc(out, func(a, b []*Module) int { return cmp.Compare(a[0].File, b[0].File) })
	return out
}

// passes reports whether an import only passes through the package to, which
// is being loaded already because the importing module is in it.
func (p *Program) passes(imp *Import, to *Module) bool {
	if !strings.HasPrefix(imp.In.Name, to.Name+".") {
		return false
	}
	switch {
	case imp.Item == "" || imp.Binds == "*":
		return imp.Base != to.Name
	case imp.Target != imp.Base:
		return imp.Target != to.Name
	}
	return imp.Base != to.Name
}

// components returns the strongly connected components (Tarjan), without
// recursion: chains of imports can be long.
func components(modules []*Module, edges map[*Module][]*Module) [][]*Module {
	type state struct {
		index, low int
		open       bool
		next       int
	}
	states := make(map[*Module]*state, len(modules))
	var stack []*Module
	var out [][]*Module
	index := 0
	open := func(m *Module) {
		index++
		states[m] = &state{index: index, low: index, open: true}
		stack = append(stack, m)
	}
	for _, start := range modules {
		if states[start] != nil {
			continue
		}
		open(start)
		for path := []*Module{start}; len(path) > 0; {
			m := path[len(path)-1]
			s := states[m]
			if s.next < len(edges[m]) {
				to := edges[m][s.next]
				s.next++
				switch t := states[to]; {
				case t == nil:
					open(to)
					path = append(path, to)
				case t.open:
					s.low = min(s.low, t.index)
				}
				continue
			}
			path = path[:len(path)-1]
			if len(path) > 0 {
				up := states[path[len(path)-1]]
				up.low = min(up.low, s.low)
			}
			if s.low != s.index {
				continue
			}
			at := slices.Index(stack, m)
			for _, x := range stack[at:] {
				states[x].open = false
			}
			out = append(out, slices.Clone(stack[at:]))
			stack = stack[:at]
		}
	}
	return out
}
