package graph

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"

	"fastpath/internal/python/scope"
)

// reading is a from-import or star import of a name of a project module.
type reading struct {
	of      int32  // the module
	name    symbol // starSymbol for a star import
	in      int32  // the module that imports
	binding int32
}

// readTarget is a name of a module that is read as an attribute.
type readTarget struct {
	of   int32
	name symbol
}

// site is a use through which a name of another module is read.
type site struct {
	in, use int32
	chain   int32 // the last attribute that leads to the name
}

// index sorts out who imports whose names, of what resolveAll found.
func (p *Program) index() {
	if p.options.Lean {
		p.pass()
		p.survey.readers = slices.DeleteFunc(p.survey.readers, func(r reading) bool {
			of := p.Modules[r.of]
			return r.name != starSymbol && !of.open.may(r.name) && !of.facts.stars
		})
	}
	slices.SortFunc(p.survey.readers, func(a, b reading) int {
		switch {
		case a.of != b.of:
			return cmp.Compare(a.of, b.of)
		case a.name != b.name:
			return cmp.Compare(a.name, b.name)
		}
		return cmp.Or(cmp.Compare(a.in, b.in), cmp.Compare(a.binding, b.binding))
	})
	for k, r := range p.survey.readers {
		m := p.Modules[r.of]
		if k == 0 || p.survey.readers[k-1].of != r.of {
			m.from = int32(k)
		}
		m.to = int32(k) + 1
	}
}

// indexed reports whether somebody may ask for the uses of a name of a module: an
// import binds it, or a star import may bring it. In a lean program only spread
// asks, for what the uses in the module leave open, and for what leads there.
func (p *Program) indexed(m *Module, name symbol) bool {
	switch {
	case m.facts.stars:
		return true
	case !p.options.Lean:
		_, known := m.facts.usesOf(name)
		return known
	case !m.open.may(name):
		return false
	}
	for k := range m.facts.bindings {
		if b := &m.facts.bindings[k]; b.symbol == name && m.isOpen(k) {
			return true
		}
	}
	return false
}

// isOpen reports whether spread may ask for the uses of a binding in other modules,
// or attributeReads for those of a module.
func (m *Module) isOpen(k int) bool {
	x := &m.found[k]
	return m.facts.bindings[k].owner == 0 && (x.line == 0 || m.Test || x.base == m.index || x.flags&(foundModule|foundPassed) != 0)
}

// pass finds the bindings that may get a module from one that has imported it.
func (p *Program) pass() {
	modules := make([]symbolBits, len(p.Modules)) // by module: names that may stand for one
	for k, m := range p.Modules {
		if modules[k] = m.modules; m.facts.stars {
			modules[k] = ^symbolBits(0)
		}
	}
	for again := true; again; {
		again = false
		for _, r := range p.survey.readers {
			if !modules[r.of].may(r.name) || r.name == starSymbol {
				continue
			}
			in := p.Modules[r.in]
			if b, x := &in.facts.bindings[r.binding], &in.found[r.binding]; b.owner == 0 && x.flags&(foundModule|foundPassed) == 0 {
				x.flags |= foundPassed
				in.open.add(b.symbol)
				again = again || !modules[r.in].may(b.symbol)
				modules[r.in].add(b.symbol)
			}
		}
	}
}

// symbolBits tell quickly that a symbol is none of some.
type symbolBits uint64

func (b *symbolBits) add(s symbol)     { *b |= 1 << (s >> 58) }
func (b symbolBits) may(s symbol) bool { return b>>(s>>58)&1 != 0 }

// readersOf returns who imports a name of a module.
func (p *Program) readersOf(m *Module, name symbol) []reading {
	list := p.survey.readers[m.from:m.to]
	from := sort.Search(len(list), func(k int) bool { return list[k].name >= name })
	to := from
	for to < len(list) && list[to].name == name {
		to++
	}
	return list[from:to]
}

// moduleBehind returns the project module or package that the name of a binding
// is itself ("a" for "import a.b"), "" when it is none.
func (p *Program) moduleBehind(m *Module, k int) string {
	b, x := &m.facts.bindings[k], &m.found[k]
	switch {
	case x.flags&foundModule == 0:
		return ""
	case x.flags&foundSubmodule != 0:
		return p.baseOf(m, k) + "." + m.facts.of(b.name)
	}
	return m.nameBehind(b)
}

// nameBehind returns what the name of a binding of "import a.b" stands for: "a",
// or "a.b" under another name.
func (m *Module) nameBehind(b *binding) string {
	name := m.facts.of(b.name)
	if b.as == 0 {
		name, _, _ = strings.Cut(name, ".")
	}
	return name
}

// readModules is the number of modules that an attributeReader looks at.
const readModules = 256

// attributeReads indexes what is read from project modules through the names
// that imports bind, also in modules that get such a name from another one. A
// module may be an attribute of another, so that its readers are known only
// when those of the other are.
func (p *Program) attributeReads() {
	p.reads = map[readTarget][]site{}
	readers := make([]attributeReader, (len(p.Modules)+readModules-1)/readModules)
	parallel(len(readers), func(k int) {
		readers[k].find(p, p.Modules[k*readModules:min((k+1)*readModules, len(p.Modules))])
		readers[k].read()
	})
	total := 0
	for k := range readers {
		total += len(readers[k].found)
	}
	for seen := newSymbolSet(total); ; {
		before := seen.n
		for k := range readers {
			for _, x := range readers[k].found {
				if seen.add(x.key()) {
					p.reads[x.readTarget] = append(p.reads[x.readTarget], x.site)
					p.Modules[x.of].isRead = true
				}
			}
		}
		if seen.n == before {
			return
		}
		parallel(len(readers), func(k int) {
			readers[k].walker.sites = true // what is not an attribute was seen in the first round
			readers[k].read()
		})
	}
}

// moduleName is a binding whose name stands for a module of the project, or a
// folder of such.
type moduleName struct {
	m       *Module
	binding int
	name    string
	of      *Module // nil for a folder
	folder  bool    // there are modules below it
}

// attributeReader is the state of attributeReads for some modules.
type attributeReader struct {
	p      *Program
	walker walker
	names  []moduleName
	found  []attributeRead
	seen   symbolSet // of all that was found
	path   []int32
	at     []byte // the module that is read
	name   *moduleName
}

// attributeRead is a site with the name that is read there.
type attributeRead struct {
	readTarget
	site
}

// key stands for a site with the module whose name is read there.
func (x *attributeRead) key() symbol {
	return symbol(spread(spread(uint64(uint32(x.of))<<32|uint64(uint32(x.in))) ^ (uint64(uint32(x.use))<<32 | uint64(uint32(x.chain)))))
}

// find finds the names in modules that stand for modules.
func (r *attributeReader) find(p *Program, modules []*Module) {
	r.p, r.walker, r.seen = p, walker{p: p, tests: !p.options.Lean}, newSymbolSet(readModules/4)
	for _, m := range modules {
		if m.modules == 0 {
			continue
		}
		for k := range m.facts.bindings {
			if name := p.moduleBehind(m, k); name != "" {
				x := moduleName{m: m, binding: k, name: name}
				if x.of, x.folder = p.lookup(m, symbolOf(name)); x.folder || x.of != m {
					r.names = append(r.names, x)
				}
			}
		}
	}
}

// read finds what is read from the modules that the names stand for.
func (r *attributeReader) read() {
	r.found = r.found[:0]
	for k := range r.names {
		r.name = &r.names[k]
		r.walker.walk(r.name.m, r.name.binding, r.use)
	}
}

// use indexes what a use reads from the module; from is the part of its chain
// that leads to the name.
func (r *attributeReader) use(in *Module, u use, from int32) bool {
	f, x := in.facts, r.name
	chain := u.chain.index()
	if chain == from || r.p.options.Lean && (in.Test || in.when[u.function] != scope.AtImport) { // see spread
		return true
	}
	r.path = r.path[:0]
	for c := chain; c != from; c = f.chains[c].before {
		r.path = append(r.path, c)
	}
	of, folder := x.of, x.folder
	r.at = append(r.at[:0], x.name...)
	for _, c := range slices.Backward(r.path) {
		t := f.chains[c].name
		if t < 0 { // assigned
			return true
		}
		name := f.of(t)
		s := symbolOf(name)
		if of != nil && of != in {
			if r.p.indexed(of, s) {
				if x := (attributeRead{readTarget{of.index, s}, site{in.index, r.walker.at, c}}); r.seen.add(x.key()) {
					r.found = append(r.found, x)
				}
			}
		}
		if !folder || !r.p.names.endsWith(s) {
			return true
		}
		r.at = append(append(r.at, '.'), name...)
		of, folder = r.p.lookup(x.m, symbolIn(r.at))
		if of == nil && !folder {
			return true
		}
	}
	return true
}

// symbolSet is a set of symbols.
type symbolSet struct {
	slots []symbol // 0 where there is none
	n     int
}

// newSymbolSet returns a set with room for so many symbols.
func newSymbolSet(symbols int) symbolSet {
	return symbolSet{slots: zeros[symbol](max(1<<4, 1<<bits.Len(uint(2*symbols))))}
}

// add adds a symbol, and reports whether it was not there.
func (m *symbolSet) add(s symbol) bool {
	k := uint64(s)
	for {
		e := &m.slots[k&uint64(len(m.slots)-1)]
		if *e == s {
			return false
		}
		if *e == 0 {
			*e = s
			break
		}
		k++
	}
	if m.n++; 2*m.n > len(m.slots) {
		larger := newSymbolSet(m.n)
		for _, s := range m.slots {
			if s != 0 {
				larger.add(s)
			}
		}
		*m = larger
	}
	return true
}

// sitesOf returns where other modules read a name of a module as an attribute.
func (p *Program) sitesOf(m *Module, name symbol) []site {
	if !m.isRead { // most modules
		return nil
	}
	return p.reads[readTarget{m.index, name}]
}

// walker visits the uses of names in all modules.
type walker struct {
	p    *Program
	seen map[readTarget]bool
	at   int32 // the place of the use that is visited

	sites bool // visit attributes of modules only
	tests bool // visit uses in tests, too
	// reads is called, where it is not nil, for every from-import that reads a
	// name, before its uses are visited; false ends the walk.
	reads func(in *Module, binding int32) bool
}

// walk calls yield for every load of the name of a binding that may run at
// import, there and in the modules that get it from there, until it returns
// false. chain is the part of the use's chain that leads to the name.
func (w *walker) walk(m *Module, k int, yield func(in *Module, u use, chain int32) bool) {
	b := &m.facts.bindings[k]
	switch {
	case b.symbol == starSymbol:
	case b.owner != 0:
		w.list(m, b.uses, yield)
	default:
		if len(w.seen) > 0 {
			clear(w.seen)
		}
		w.name(m, b.symbol, yield)
	}
}

func (w *walker) list(m *Module, l useList, yield func(*Module, use, int32) bool) bool {
	if w.sites || m.Test && !w.tests {
		return true
	}
	for at, u := range m.facts.usesIn(l) {
		w.at = at
		if !yield(m, u, 0) {
			return false
		}
	}
	return true
}

// name visits the uses of a global name of a module.
func (w *walker) name(m *Module, name symbol, yield func(*Module, use, int32) bool) bool {
	if !w.sites {
		if uses, _ := m.facts.usesOf(name); !w.list(m, uses, yield) {
			return false
		}
	}
	if m.from == m.to && !m.isRead { // most modules
		return true
	}
	readers, stars := w.p.readersOf(m, name), w.p.readersOf(m, starSymbol)
	sites := w.p.sitesOf(m, name)
	if len(readers)+len(stars)+len(sites) == 0 {
		return true
	}
	if w.seen[readTarget{m.index, name}] {
		return true
	}
	if w.seen == nil {
		w.seen = map[readTarget]bool{}
	}
	w.seen[readTarget{m.index, name}] = true
	for _, r := range readers {
		in := w.p.Modules[r.in]
		if w.reads != nil && !w.reads(in, r.binding) {
			return false
		}
		if b := &in.facts.bindings[r.binding]; b.owner == 0 && !w.name(in, b.symbol, yield) || b.owner != 0 && !w.list(in, b.uses, yield) {
			return false
		}
	}
	for _, r := range stars {
		if !w.p.brings(m, name) {
			continue
		}
		in := w.p.Modules[r.in]
		if w.reads != nil && in.found[r.binding].why.ofAny() && !w.reads(in, r.binding) || !w.name(in, name, yield) {
			return false
		}
	}
	for _, s := range sites {
		in := w.p.Modules[s.in]
		w.at = s.use
		if u, _ := in.facts.use(s.use); !yield(in, u, s.chain) {
			return false
		}
	}
	return true
}
