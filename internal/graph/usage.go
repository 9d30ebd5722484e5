package graph

import (
	"slices"

	"fastpath/internal/python/scope"
)

// promote says which functions of a module may be called at import, by index.
func (m *Module) promote(functions []bool) {
	f := m.facts.functions
	m.when = make([]scope.When, len(f))
	for k := 1; k < len(f); k++ {
		w := m.whenOf(f[k].function, f[k].base)
		if functions == nil || !functions[k] {
			w = max(w, scope.AtCall)
		}
		m.when[k] = w
	}
}

// promoteScopes is promote for a module with a tree, by scope.
func (m *Module) promoteScopes(functions []scope.ScopeID) {
	m.Scope.Promote(functions)
	named := make([]bool, len(m.Scope.Scopes))
	for _, s := range functions {
		named[s] = true
	}
	promoted := make([]bool, len(m.facts.functions))
	for k, s := range m.facts.rare.scopes {
		promoted[k] = named[s]
	}
	m.promote(promoted)
}

// whenOf says when the code under a condition runs; what only readers of
// annotations run is taken to run.
func (m *Module) whenOf(function int32, base scope.When) scope.When {
	return max(base, m.when[function])
}

// runs reports whether a use runs at import.
func (p *Program) runs(m *Module, u use) bool {
	if m.when[u.function] != scope.AtImport || u.reader != 0 && !p.readsAnnotations(m, u.reader) {
		return false
	}
	for f := u.function; f != 0; f = m.facts.functions[f].function { // a lambda in an annotation
		if r := m.facts.functions[f].reader; r != 0 && !p.readsAnnotations(m, r) {
			return false
		}
	}
	return true
}

// moduleHooks are names of a module that Python itself looks up, when somebody
// asks the module for a name (PEP 562), for all names, or for a submodule.
var moduleHooks = []symbol{symbolOf("__getattr__"), symbolOf("__dir__"), symbolOf("__all__"), symbolOf("__path__")}

// hidden returns the first place where code that no scan sees may use any name
// of the module at import, -1 without one.
func (m *Module) hidden() int {
	if m.facts.rare == nil {
		return -1
	}
	return slices.IndexFunc(m.facts.rare.unseen, func(u unseen) bool { return m.when[u.function] == scope.AtImport })
}

// count fills in the first use at import in the module itself.
func (p *Program) count(m *Module) {
	f := m.facts
	hidden := m.hidden()
	m.brought, m.open = nil, 0
	for k := range f.bindings {
		b, x := &f.bindings[k], &m.found[k]
		x.line, x.in, x.why = 0, -1, whyModule // others read the rest meanwhile
		switch {
		case m.future(b):
			continue
		case b.symbol == starSymbol:
			if p.countStar(m, k); x.line == 0 && hidden >= 0 {
				x.line, x.why = f.rare.unseen[hidden].line, whyUnseen
			}
			continue
		case m.mayRun(b):
			p.countUses(m, k, hidden)
		}
		if m.isOpen(k) {
			m.open.add(b.symbol)
		}
	}
}

// countUses fills in the first use of a binding at import.
func (p *Program) countUses(m *Module, k, hidden int) {
	f := m.facts
	b, x := &f.bindings[k], &m.found[k]
	for _, u := range f.usesIn(b.uses) {
		if p.runs(m, u) {
			x.line, x.why = u.line, u.chain.why()
			return
		}
	}
	switch {
	case b.owner != 0:
	case slices.Contains(moduleHooks, b.symbol):
		x.line, x.why = f.statements[b.statement].line, whyHook
	case hidden >= 0:
		x.line, x.why = f.rare.unseen[hidden].line, whyUnseen
	}
}

// future reports whether a binding is one of "from __future__".
func (m *Module) future(b *binding) bool {
	s := &m.facts.statements[b.statement]
	return s.from && m.facts.of(s.module) == "__future__"
}

// mayRun reports whether the statement can have bound its name while modules
// are being imported.
func (m *Module) mayRun(b *binding) bool {
	s := &m.facts.statements[b.statement]
	w := m.whenOf(s.function, s.base)
	return w == scope.AtImport || w == scope.AtCall && s.scope == scope.FunctionScope
}

// countStar counts the names that a star import brings.
func (p *Program) countStar(m *Module, k int) {
	f, x := m.facts, &m.found[k]
	var base *Module
	if x.base >= 0 {
		base = p.Modules[x.base]
	}
	if f.rare == nil {
		return
	}
	brought := int32(0)
	for j := range f.rare.names {
		n := &f.rare.names[j]
		if f.name(n.symbol)&nameBound != 0 || base == nil && n.builtin || base != nil && !p.brings(base, n.symbol) && (n.builtin || p.complete(base)) {
			continue
		}
		brought += f.loads(n.uses)
		for _, u := range f.usesIn(n.uses) {
			if p.runs(m, u) {
				if x.line == 0 || u.line < x.line || u.line == x.line && u.chain.why() < x.why {
					x.line, x.why = u.line, u.chain.why()
				}
				break
			}
		}
	}
	if m.brought == nil {
		m.brought = map[int32]int32{}
	}
	m.brought[int32(k)] = brought
}

// spread tells imports that other modules use their name while these are being
// imported. Tests are not part of a start.
func (p *Program) spread() {
	w := walker{p: p}
	for _, m := range p.Modules {
		if m.from == m.to && !m.isRead { // most modules
			continue
		}
		f := m.facts
		for k := range f.bindings {
			b, x := &f.bindings[k], &m.found[k]
			if x.line > 0 || b.owner != 0 || b.symbol == starSymbol || m.future(b) || !m.mayRun(b) {
				continue
			}
			w.reads = func(in *Module, binding int32) bool { // whose use nobody sees: locals()[name]
				y := &in.found[binding]
				if y.line == 0 || in.Test && in != m {
					return true
				}
				x.why, x.in, x.line = y.why, y.in, y.line
				if x.in < 0 {
					x.in = in.index
				}
				return false
			}
			w.walk(m, k, func(in *Module, u use, _ int32) bool {
				if in == m || in.Test || !p.runs(in, u) {
					return true
				}
				x.why, x.in, x.line = u.chain.why(), in.index, u.line
				return false
			})
		}
	}
}
