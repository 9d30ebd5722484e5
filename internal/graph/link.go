package graph

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"
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

// index fills in who imports whose names. Only those of names that an import
// binds are kept: nobody asks for others.
func (p *Program) index() {
	p.mains = map[string]bool{}
	readers := make([][]reading, workers(len(p.Modules)))
	mains := make([][]string, len(readers))
	onWorkers(len(p.Modules), func(worker, k int) { p.indexModule(p.Modules[k], &readers[worker], &mains[worker]) })
	p.readers = slices.Concat(readers...)
	for _, name := range slices.Concat(mains...) {
		p.mains[name] = true
	}
	slices.SortFunc(p.readers, func(a, b reading) int {
		return cmp.Or(cmp.Compare(a.of, b.of), cmp.Compare(a.name, b.name), cmp.Compare(a.in, b.in), cmp.Compare(a.binding, b.binding))
	})
	for k, r := range p.readers {
		m := p.Modules[r.of]
		if k == 0 || p.readers[k-1].of != r.of {
			m.from = int32(k)
		}
		m.to = int32(k) + 1
	}
}

// indexModule lists what a module imports, and the names of __main__ modules that
// it may import.
func (p *Program) indexModule(m *Module, readers *[]reading, mains *[]string) {
	f := m.facts
	for k := range f.bindings {
		b, x := &f.bindings[k], &m.found[k]
		if name := f.of(b.name); name == "__main__" || strings.HasSuffix(name, ".__main__") || strings.HasSuffix(f.of(f.statements[b.statement].module), ".__main__") {
			base := p.baseOf(m, k)
			*mains = append(*mains, base, base+"."+name)
		}
		if !f.statements[b.statement].from && b.as != 0 { // "import a.b as c" reads the attribute b of a
			name := f.of(b.name)
			at := strings.LastIndexByte(name, '.')
			if of := p.find(m, name[:max(at, 0)]); at > 0 && of != nil && of != m && p.indexed(of, symbolOf(name[at+1:])) {
				*readers = append(*readers, reading{of.index, symbolOf(name[at+1:]), m.index, int32(k)})
			}
		}
		if x.base < 0 || x.base == m.index && x.flags&foundSubmodule == 0 || !f.statements[b.statement].from {
			continue
		}
		name := starSymbol
		if b.symbol != starSymbol {
			name = symbolOf(f.of(b.name))
		}
		if name == starSymbol || p.indexed(p.Modules[x.base], name) {
			*readers = append(*readers, reading{x.base, name, m.index, int32(k)})
		}
	}
}

// indexed reports whether somebody may ask for the uses of a name of a module:
// an import binds it, or a star import may bring it.
func (p *Program) indexed(m *Module, name symbol) bool {
	if m.facts.stars {
		return true
	}
	_, known := m.facts.usesOf(name)
	return known
}

// readersOf returns who imports a name of a module.
func (p *Program) readersOf(m *Module, name symbol) []reading {
	list := p.readers[m.from:m.to]
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

// attributeReads indexes what is read from project modules through the names
// that imports bind, also in modules that get such a name from another one. A
// module may be an attribute of another, so that its readers are known only
// when those of the other are.
func (p *Program) attributeReads() {
	p.reads = map[readTarget][]site{}
	var names []moduleName
	for _, m := range p.Modules {
		for k := range m.facts.bindings {
			if name := p.moduleBehind(m, k); name != "" {
				x := moduleName{m: m, binding: k, name: name}
				if x.of, x.folder = p.lookup(m, symbolOf(name)); x.folder || x.of != m {
					names = append(names, x)
				}
			}
		}
	}
	r := attributeReader{p: p, seen: newSymbolSet(6 * len(names))} // as many as a name has on average: to grow leaves much behind
	r.walker = walker{p: p}
	for found := -1; found < r.seen.n; {
		r.walker.sites = found >= 0 // what is not an attribute was seen in the first round
		found = r.seen.n
		for k := range names {
			r.name = &names[k]
			r.walker.walk(r.name.m, r.name.binding, r.use)
		}
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

// attributeReader is the state of attributeReads.
type attributeReader struct {
	p      *Program
	walker walker
	seen   symbolSet // sites with the module whose name is read there
	path   []int32
	at     []byte // the module that is read
	name   *moduleName
}

// use indexes what a use reads from the module; from is the part of its chain
// that leads to the name.
func (r *attributeReader) use(in *Module, u use, from int32) bool {
	f, x := in.facts, r.name
	chain := u.chain.index()
	if chain == from {
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
		if of != nil && of != in {
			if s := symbolOf(name); r.p.indexed(of, s) {
				r.add(readTarget{of.index, s}, site{in.index, r.walker.at, c})
			}
		}
		if !folder {
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

func (r *attributeReader) add(t readTarget, s site) {
	key := symbol(spread(spread(uint64(uint32(t.of))<<32|uint64(uint32(s.in))) ^ (uint64(uint32(s.use))<<32 | uint64(uint32(s.chain)))))
	if r.seen.add(key) {
		r.p.reads[t] = append(r.p.reads[t], s)
		r.p.Modules[t.of].isRead = true
	}
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
	if w.sites {
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
