package graph

import (
	"fastpath/internal/python/scope"
)

// wholeUse is a place where a module uses another one of the project whole.
type wholeUse struct {
	use
	target int32
}

// wholes returns the places where a module uses another one of the project
// whole, and not by the name of something in it: as an argument, in a list, by
// its __dict__ or __path__. Whoever gets it may look at all its names and call
// what they stand for; who gets a package may import what is in it, as those do
// that look for plugins, and look at that.
func (p *Program) wholes(m *Module) (out []wholeUse) {
	f := m.facts
	if m.modules == 0 { // most modules
		return nil
	}
	for k := range f.bindings {
		b := &f.bindings[k]
		at := p.moduleBehind(m, k)
		if at == "" || m.future(b) {
			continue
		}
		of, folder := p.lookup(m, symbolOf(at))
		for _, u := range f.usesIn(b.uses) {
			t := of
			if u.chain.index() != 0 {
				t = p.whole(m, at, of, folder, u.chain)
			}
			if t != nil && t != m {
				out = append(out, wholeUse{u, t.index})
			}
		}
	}
	return out
}

// allWholes returns wholes by module.
func (p *Program) allWholes() [][]wholeUse {
	all := make([][]wholeUse, len(p.Modules))
	parallel(len(all), func(k int) { all[k] = p.wholes(p.Modules[k]) })
	return all
}

// whole returns the module that is read by a chain of attributes of the module
// called at, when nothing but modules, and perhaps __dict__ or __path__, is; of and
// folder are what at means.
func (p *Program) whole(m *Module, at string, of *Module, folder bool, c chainID) *Module {
	f := m.facts
	var chain [maxChain]text // the last one first
	names := chain[:0]
	for k := c.index(); k != 0; k = f.chains[k].before {
		if f.chains[k].name < 0 { // assigned or deleted
			return nil
		}
		names = append(names, f.chains[k].name)
	}
	var room [128]byte
	behind := append(room[:0], at...)
	for k := len(names) - 1; k >= 0; k-- {
		name := f.of(names[k])
		if name == "__dict__" || name == "__path__" {
			break
		}
		if !folder || !p.names.endsWith(symbolOf(name)) {
			return nil
		}
		behind = append(append(behind, '.'), name...)
		if of, folder = p.lookup(m, symbolIn(behind)); of == nil && !folder {
			return nil
		}
	}
	return of
}

// expose tells the imports of modules that others use whole while these are
// being imported.
func (p *Program) expose() {
	wholes, inPackage := p.wholeUses, p.inside
	if wholes == nil {
		wholes, inPackage = p.allWholes(), p.inPackages()
	}
	p.wholeUses, p.inside = nil, nil
	spelled := make([][]spelledName, len(p.Modules))
	parallel(len(p.Modules), func(k int) {
		if m := p.Modules[k]; !m.Test {
			p.spelled(m, func(of *Module, name symbol, line int32) {
				spelled[k] = append(spelled[k], spelledName{of, name, line})
			})
		}
	})
	used := make([]bool, len(p.Modules)) // whole: nobody else makes a difference
	use := func(of, in, line int32) {
		if !used[of] {
			used[of] = true
			p.Modules[of].use(0, whyWhole, in, line)
		}
	}
	for k, m := range p.Modules {
		if m.Test {
			continue
		}
		for _, u := range wholes[k] {
			if !p.runs(m, u.use) {
				continue
			}
			use(u.target, m.index, u.line)
			for _, inside := range inPackage[u.target] {
				use(inside, m.index, u.line)
			}
		}
		for _, s := range spelled[k] {
			if !used[s.of.index] {
				s.of.use(s.name, whySpelled, m.index, s.line)
			}
		}
	}
	for _, m := range p.Modules {
		if why := p.unseen[m.index]; why != 0 {
			m.use(0, why, -1, 0)
		}
	}
	p.exposeFound()
}

// exposeFound tells the imports that bind a name which running code reads from
// a module that it imports by a name.
func (p *Program) exposeFound() {
	type place struct{ in, line int32 }
	var read symbolMap // names: places in at
	var at []place
	read.reset()
	for _, m := range p.Modules {
		if m.facts.rare == nil || m.Test {
			continue
		}
		for _, r := range m.facts.rare.found {
			if m.when[r.function] == scope.AtImport && read.add(r.name, int32(len(at))) {
				at = append(at, place{m.index, r.line})
			}
		}
	}
	if len(at) == 0 {
		return
	}
	for _, m := range p.Modules {
		for k := range m.facts.bindings {
			b := &m.facts.bindings[k]
			if m.found[k].line != 0 || b.owner != 0 { // it is used, or no name of the module
				continue
			}
			if x, ok := read.get(b.symbol); ok && at[x].in != m.index {
				m.use(b.symbol, whySpelled, at[x].in, at[x].line)
			}
		}
	}
}

// inPackages returns the modules that lie in each package, by their indexes.
func (p *Program) inPackages() map[int32][]int32 {
	in := map[int32][]int32{}
	for _, m := range p.Modules {
		if of := p.find(m, parentName(m.Name)); of != nil && of.IsPackage && of != m {
			in[of.index] = append(in[of.index], m.index)
		}
	}
	return in
}

// use tells the imports of a module that bind a name, 0 for any name, that
// the line of another module uses it at import.
func (m *Module) use(name symbol, why whyKind, in, line int32) {
	f := m.facts
	if name != 0 && f.name(name)&nameBound == 0 {
		return
	}
	for k := range f.bindings {
		b, x := &f.bindings[k], &m.found[k]
		if x.line != 0 || b.owner != 0 || name != 0 && b.symbol != name || m.future(b) || !m.mayRun(b) {
			continue
		}
		if x.why, x.in, x.line = why, in, line; in < 0 {
			x.line = f.statements[b.statement].line
		}
	}
}

// untest takes the test files that other code imports for no tests.
func (p *Program) untest() {
	for again := true; again; {
		again = false
		for _, e := range p.survey.tests {
			if t := p.Modules[e.to]; t.Test && !p.Modules[e.from].Test {
				t.Test, again = false, true
			}
		}
	}
}
