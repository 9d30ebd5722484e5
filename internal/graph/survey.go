package graph

import (
	"slices"
	"strings"
)

// survey is what the imports of the modules say about others, see resolveAll.
type survey struct {
	edges          []moduleEdge  // imports, without those that are the same as the one before
	tests          []moduleEdge  // imports of test files that bind names of modules
	bases, targets []outsideName // modules outside of the program that statements name, and that names stand for, each once
	unbound        []boundAt     // names that their modules do not bind
	readers        []reading
}

// moduleEdge leads from a module to one that it imports, by their indexes.
type moduleEdge struct{ from, to int32 }

// outsideName is the name of a module outside of the program, and the first
// module that imports it.
type outsideName struct {
	name string
	in   *Module
}

// boundAt is a binding of a module.
type boundAt struct{ in, binding int32 }

// surveyor is a worker that looks at the imports of modules, with what it has found
// and remembers.
type surveyor struct {
	survey
	mains []string
	found slab[found]

	// recent says which of the names that statements import were submodules lately,
	// by module and name: much is imported again and again.
	recent [1 << 12]submoduleSlot

	baseNames baseNames

	seenBases, seenItems, seenTargets symbolSet
	name                              []byte
}

type submoduleSlot struct {
	key   symbol
	flags foundFlags
}

// newSurveyor returns a surveyor for about so many modules.
func newSurveyor(modules int) *surveyor {
	w := &surveyor{seenBases: newSymbolSet(modules / 8), seenItems: newSymbolSet(modules), seenTargets: newSymbolSet(modules / 2)}
	w.edges = make([]moduleEdge, 0, 6*modules)
	w.readers = make([]reading, 0, 2*modules)
	return w
}

// resolveAll finds what the imports of modules name, and what else that says.
func (p *Program) resolveAll(modules []*Module) {
	surveyors := make([]*surveyor, workers(len(modules)))
	for k := range surveyors {
		surveyors[k] = newSurveyor(len(modules) / len(surveyors))
	}
	onWorkers(len(modules), func(worker, k int) { p.resolve(modules[k], surveyors[worker]) })
	if p.mains == nil {
		p.mains = map[string]bool{}
	}
	x := &p.survey
	for _, w := range surveyors {
		for _, name := range w.mains {
			p.mains[name] = true
		}
		x.edges = append(x.edges, w.edges...)
		x.tests = append(x.tests, w.tests...)
		x.bases, x.targets = firsts(x.bases, w.bases), firsts(x.targets, w.targets)
		x.unbound = append(x.unbound, w.unbound...)
		x.readers = append(x.readers, w.readers...)
	}
}

// forget drops what the survey says of bindings of some modules, by their indexes.
func (x *survey) forget(modules []bool) {
	x.readers = slices.DeleteFunc(x.readers, func(r reading) bool { return modules[r.in] })
	x.unbound = slices.DeleteFunc(x.unbound, func(u boundAt) bool { return modules[u.in] })
}

// firsts returns the names of two lists, each once, with the first module.
func firsts(a, b []outsideName) []outsideName {
	if len(a) == 0 {
		return b
	}
	var at symbolMap
	at.reset()
	out := a
	for k := range a {
		at.add(symbolOf(a[k].name), int32(k))
	}
	for _, x := range b {
		switch k, ok := at.get(symbolOf(x.name)); {
		case !ok:
			out = append(out, x)
		case x.in.index < out[k].in.index:
			out[k].in = x.in
		}
	}
	return out
}

// resolve finds what the imports of one module name. It writes nothing but the
// module and what the surveyor finds.
func (p *Program) resolve(m *Module, w *surveyor) {
	f := m.facts
	m.found = w.found.end(w.found.begin(len(f.bindings))[:len(f.bindings)])
	base, of, baseSymbol := "", int32(-1), symbol(0)
	var baseModule *Module
	last := int32(-1)
	for k := range f.bindings {
		b, s, x := &f.bindings[k], &f.statements[f.bindings[k].statement], &m.found[k]
		if !s.from || of != b.statement {
			of = b.statement
			base, baseSymbol = w.baseNames.of(m, k)
			baseModule, _ = p.lookup(m, baseSymbol)
			if at := len(base) - len(mainName); strings.HasSuffix(base, mainName) && (at == 0 && !s.from || at > 0 && base[at-1] == '.') {
				w.mains = append(w.mains, base)
			}
		}
		x.base = -1
		if baseModule != nil {
			x.base = baseModule.index
			if baseModule.Test && b.owner == 0 {
				w.tests = append(w.tests, moduleEdge{m.index, x.base})
			}
		}
		if s.lazy == isLazy || b.symbol != starSymbol && s.lazy == mayBeLazy && f.listsLazy(base) {
			x.flags |= foundLazy
		}
		to := x.base
		switch {
		case !s.from:
			if of := p.resolveImport(m, w, k); of >= 0 {
				to = of
			}
		case b.symbol != starSymbol:
			if of := p.resolveName(m, w, k, base, baseSymbol, baseModule); of >= 0 {
				to = of
			}
		case baseModule != nil && baseModule != m:
			w.readers = append(w.readers, reading{x.base, starSymbol, m.index, int32(k)})
		}
		if to >= 0 && to != last && to != m.index {
			last = to
			w.edges = append(w.edges, moduleEdge{m.index, to})
		}
		if x.base < 0 || x.flags&foundOutside != 0 {
			w.outside(m, b, x, base, baseSymbol)
		}
	}
}

// outside notes what a binding names outside of the program.
func (w *surveyor) outside(m *Module, b *binding, x *found, base string, s symbol) {
	if x.base < 0 && w.seenBases.add(s) {
		w.bases = append(w.bases, outsideName{base, m})
	}
	name, target := base, s
	if x.flags&foundOutside != 0 {
		item := m.facts.of(b.name)
		if !w.seenItems.add(symbol(spread(uint64(s)) ^ uint64(symbolOf(item)))) {
			return
		}
		name += "." + item
		target = symbolOf(name)
	}
	if w.seenTargets.add(target) {
		w.targets = append(w.targets, outsideName{name, m})
	}
}

// resolveImport finds what an import without from binds, and returns the module
// that its name stands for, -1 for none of the project.
func (p *Program) resolveImport(m *Module, w *surveyor, k int) int32 {
	b := &m.facts.bindings[k]
	name := m.nameBehind(b)
	if at := strings.LastIndexByte(name, '.'); at > 0 && b.as != 0 { // "import a.b as c" reads the attribute b of a
		if of := p.find(m, name[:at]); of != nil && of != m {
			item := symbolOf(name[at+1:])
			w.reads(of, item, of.facts.name(item), m, k)
		}
	}
	of, folder := p.lookup(m, symbolOf(name))
	if of == nil && !folder {
		return -1
	}
	m.found[k].flags |= foundModule
	m.modules.add(b.symbol)
	if of == nil {
		return -1
	}
	return of.index
}

// mainName is what the program of "python -m package" is called.
const mainName = "__main__"

var mainSymbol = symbolOf(mainName)

// resolveName finds what a from-import names in its module, and returns the module
// that the name stands for, -1 for none of the project.
func (p *Program) resolveName(m *Module, w *surveyor, k int, base string, baseSymbol symbol, baseModule *Module) int32 {
	b, x := &m.facts.bindings[k], &m.found[k]
	name := m.facts.of(b.name)
	item := b.symbol
	if b.as != 0 {
		item = symbolOf(name)
	}
	if item == mainSymbol {
		w.mains = append(w.mains, base+"."+name)
	}
	flags := nameFlags(0)
	if baseModule != nil {
		if flags = baseModule.facts.name(item); flags == 0 {
			x.flags |= foundUnbound
		} else if baseModule != m && baseModule.hides(item, flags) {
			w.reads(baseModule, item, flags, m, k)
			return -1
		}
	}
	key := symbol(spread(spread(uint64(baseSymbol)) ^ uint64(item)))
	slot := &w.recent[int(key)&(len(w.recent)-1)]
	if slot.key != key {
		*slot = submoduleSlot{key, p.submodule(m, base, name)}
	}
	x.flags |= slot.flags
	if baseModule != nil {
		if x.flags&(foundUnbound|foundSubmodule) == foundUnbound && !baseModule.facts.stars {
			w.unbound = append(w.unbound, boundAt{m.index, int32(k)})
		}
		if baseModule != m || x.flags&foundSubmodule != 0 {
			w.reads(baseModule, item, flags, m, k)
		}
	}
	if x.flags&(foundSubmodule|foundOutside) != foundSubmodule {
		return -1
	}
	x.flags |= foundModule
	m.modules.add(b.symbol)
	w.name = append(append(append(w.name[:0], base...), '.'), name...)
	of, _ := p.lookup(m, symbolIn(w.name))
	if of == nil {
		return -1
	}
	if of.Test && b.owner == 0 && strings.Contains(name, "test") {
		w.tests = append(w.tests, moduleEdge{m.index, of.index})
	}
	return of.index
}

// reads notes that a binding reads a name of a module, if an import binds it, or a
// star import may; flags are those of the name.
func (w *surveyor) reads(of *Module, name symbol, flags nameFlags, in *Module, k int) {
	if !of.facts.stars {
		if flags&nameBound == 0 {
			return
		}
		if flags&nameStored != 0 { // by an import, too?
			if _, known := of.facts.usesOf(name); !known {
				return
			}
		}
	}
	w.readers = append(w.readers, reading{of.index, name, in.index, int32(k)})
}
