package graph

import (
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// UseSite is one use of a name that an import binds.
type UseSite struct {
	scope.Use
	Module *Module
	// Via is the import of Module through which it knows the name: a star
	// import, a from-import of the name, or an import of the module whose
	// attribute is read (Node is then the Attribute). It is nil in the
	// import's own module.
	Via *Import
}

// read is an attribute read "module.name" in another module.
type read struct {
	use scope.Use // Node is the Attribute
	via *Import
}

// attributes indexes what modules read from each other as attributes, with
// every place. A module may be an attribute of another, so that its readers
// are known only when those of the other are.
func (p *Program) attributes() map[*Module]map[string][]read {
	index := map[*Module]map[string][]read{}
	seen := map[readKey]bool{}
	for found := -1; found < len(seen); {
		found = len(seen)
		for _, m := range p.Modules {
			for k, imp := range m.Imports {
				if at := p.moduleBehind(m, k); at != "" {
					p.attributesOf(imp, at, index, seen)
				}
			}
		}
	}
	return index
}

// readKey is one attribute read of a module's name.
type readKey struct {
	of, in *Module
	node   syntax.NodeID
}

// attributesOf indexes what is read from project modules through the name that
// an import binds, which is the module called at, also in modules that get the
// name from this one.
func (p *Program) attributesOf(imp *Import, at string, index map[*Module]map[string][]read, seen map[readKey]bool) {
	p.walk(imp, index, func(s UseSite) {
		if s.Store || s.Del {
			return
		}
		f := s.Module.Syntax
		at := at
		for n := f.Parent(s.Node); f.Kind(n) == syntax.Attribute; n = f.Parent(n) {
			id := f.Child(n, syntax.Ident)
			if id == syntax.None || f.First(n) == id {
				return
			}
			name := f.Text(id)
			if m := p.find(imp.In, at); m != nil && m != s.Module && !seen[readKey{m, s.Module, n}] {
				seen[readKey{m, s.Module, n}] = true
				use := s.Use
				use.Node = n
				use.Store = f.Node(n).Flags&syntax.FlagStore != 0
				use.Del = f.Node(n).Flags&syntax.FlagDel != 0
				via := s.Via
				if via == nil {
					via = imp
				}
				if index[m] == nil {
					index[m] = map[string][]read{}
				}
				index[m][name] = append(index[m][name], read{use, via})
			}
			at += "." + name
			if !p.owns(at) {
				return
			}
		}
	})
}

// Uses returns all uses of the name that an import binds: in its module, in
// modules that take it by a star import or a from-import, and as an attribute
// of the module. The from-imports themselves are no uses, see Readers. The own
// module's come first, in source order. The program must not be lean, and of
// files without a tree no use is known, see LoadOptions.Trees.
func (p *Program) Uses(imp *Import) []UseSite {
	var out []UseSite
	p.walk(imp, p.sites(), func(s UseSite) { out = append(out, s) })
	return out
}

// Readers returns the imports of other modules that take the name from the
// import's module by from-import or star import, directly.
func (p *Program) Readers(imp *Import) []*Import {
	if imp.owner != 0 || imp.Binds == "*" {
		return nil
	}
	out := p.importsOf(p.readersOf(imp.In, symbolOf(imp.Binds)))
	if stars := p.readersOf(imp.In, starSymbol); len(stars) > 0 && p.brings(imp.In, symbolOf(imp.Binds)) {
		out = append(out, p.importsOf(stars)...)
	}
	return out
}

func (p *Program) importsOf(list []reading) []*Import {
	var out []*Import
	for _, r := range list {
		if m := p.Modules[r.in]; m.Imports != nil {
			out = append(out, m.Imports[r.binding])
		}
	}
	return out
}

// place of a walk: the name of a module, as another module may know it.
type globalName struct {
	m    *Module
	name string
}

// walk calls yield for every use of the name that an import binds.
func (p *Program) walk(imp *Import, index map[*Module]map[string][]read, yield func(UseSite)) {
	if imp.Binds == "*" {
		return
	}
	if imp.owner != 0 {
		for _, u := range imp.In.Scope.LocalUses(imp.owner, imp.Binds) {
			yield(UseSite{u, imp.In, nil})
		}
		return
	}
	w := siteWalker{p, index, map[globalName]bool{}, yield}
	w.name(imp.In, imp.Binds, nil)
}

// siteWalker visits the uses of a name in all modules.
type siteWalker struct {
	p     *Program
	index map[*Module]map[string][]read
	seen  map[globalName]bool
	yield func(UseSite)
}

// name visits every use of a module's global name, there and in the modules
// that read it.
func (w *siteWalker) name(m *Module, name string, via *Import) {
	if w.seen[globalName{m, name}] {
		return
	}
	w.seen[globalName{m, name}] = true
	for _, u := range m.Scope.Uses(name) {
		w.yield(UseSite{u, m, via})
	}
	for _, r := range w.p.importsOf(w.p.readersOf(m, symbolOf(name))) {
		if r.owner == 0 {
			w.name(r.In, r.Binds, r)
			continue
		}
		for _, u := range r.In.Scope.LocalUses(r.owner, r.Binds) {
			w.yield(UseSite{u, r.In, r})
		}
	}
	for _, star := range w.p.importsOf(w.p.readersOf(m, starSymbol)) {
		if w.p.takes(star, name) {
			w.name(star.In, name, star)
		}
	}
	for _, r := range w.index[m][name] {
		w.yield(UseSite{r.use, r.via.In, r.via})
	}
}
