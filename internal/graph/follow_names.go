package graph

import "fastpath/internal/python/scope"

// followNames is follow for large programs, in linear time and without trees: a
// function counts as called at import when code that runs at import mentions
// its name, however it comes by it; a class that is mentioned runs its special
// methods, and all of its methods where it derives from something unknown.
// Functions in functions run with these, and lambdas with the code around. The
// modules learn of it by promote.
func (p *Program) followNames() *namer {
	n := p.followMentions()
	n.followWholes()
	return n
}

// followMentions is the part of followNames that the facts of the files decide:
// what the bodies of modules mention, but for those that may be no more than
// programs.
func (p *Program) followMentions() *namer {
	n := newNamer(p)
	n.index()
	for k, m := range p.Modules {
		if !isMain(m) {
			n.start(n.of[k].functions)
		}
	}
	n.runAll()
	return n
}

// followWholes is the rest of followNames. It needs to know what imports name.
func (n *namer) followWholes() {
	p := n.p
	n.wholes = true
	p.untest()
	if p.wholeUses == nil {
		p.wholeUses, p.inside = p.allWholes(), p.inPackages()
	}
	for k, m := range p.Modules {
		if isMain(m) && !p.onlyRun(m) {
			n.start(n.of[k].functions)
		}
		if p.unseen[m.index] != 0 {
			n.expose(m.index)
		}
		for j := range p.wholeUses[k] {
			if w := &p.wholeUses[k][j]; n.ran[n.of[k].functions+w.function] {
				n.exposeWhole(w.target)
			}
		}
	}
	n.runAll()
}

// runAll runs what waits, and what comes to wait through that.
func (n *namer) runAll() {
	for again := true; again; {
		again = false
		for k := range n.of { // in their order, which finds them in memory
			if n.of[k].waiting > 0 {
				n.run(int32(k))
				again = true
			}
		}
	}
}

// promote tells a module which of its functions run at import.
func (n *namer) promote(module int) {
	p := n.p
	m := p.Modules[module]
	running := n.running[n.of[module].functions:][:len(m.facts.functions)]
	var scopes []scope.ScopeID
	for j := range running {
		running[j] = running[j] || m.facts.functions[j].flags&isFunction == 0
		if m.Scope != nil && running[j] && j > 0 {
			scopes = append(scopes, m.facts.rare.scopes[j])
		}
	}
	m.promote(running)
	if m.Scope != nil {
		m.Scope.Promote(scopes)
	}
	if f := m.facts; !p.options.ByName && !p.options.Shared && (f.mentions != nil || f.made != nil) { // nobody asks again, see Update
		f.mentions, f.made = nil, nil // those of modules that were not read are shared
	}
}

// namer is the state of followNames. What has a name has a number: first come the
// functions, then the other names of imports, then the classes, by module.
type namer struct {
	p       *Program
	of      []named  // by module
	aliases int32    // the number of the first other name
	classes int32    // the number of the first class
	at      wordMap  // names: the number of what has it, negative once it was mentioned
	open    []uint64 // a bit for each name in at that was not mentioned, see openBit
	shared  []uint64 // bits that several names share
	next    []int32  // by number: of what has the same name, 0 for none
	in      []int32  // by number: the module, or the word that the other name stands for
	running []bool   // by number: the function runs, or methods of the class do
	ran     []bool   // and what it runs was started
	wholes  bool     // it is known which modules are used whole
}

// named is what a module has.
type named struct {
	functions, classes int32 // the numbers of the first ones
	waiting            int32 // how many of them are running, and did not run yet
	exposed, opened    bool  // likewise: everything in it runs
}

// newNamer numbers what has a name.
func newNamer(p *Program) *namer {
	n := &namer{p: p, of: make([]named, len(p.Modules))}
	total := int32(1) // 0 is nothing
	for k, m := range p.Modules {
		n.of[k].functions = total
		total += int32(len(m.facts.functions))
	}
	n.aliases = total
	for _, m := range p.Modules {
		total += int32(len(m.facts.aliases))
	}
	n.classes = total
	for k, m := range p.Modules {
		n.of[k].classes = total
		total += int32(len(m.facts.classes))
	}
	n.at, n.next, n.in = newWordMap(int(total)/3), make([]int32, total), make([]int32, total)
	words := max(1, len(n.at.slots)*2/64)
	n.open, n.shared = make([]uint64, words), make([]uint64, words)
	n.running, n.ran = make([]bool, total), make([]bool, total)
	return n
}

// index finds what has which name, classes first.
func (n *namer) index() {
	aliases := n.aliases
	for k, m := range n.p.Modules {
		f := m.facts
		for j := range f.functions {
			number := n.of[k].functions + int32(j)
			if n.in[number] = int32(k); f.functions[j].name != 0 {
				n.next[number] = n.name(f.functions[j].name, number)
			}
		}
		for _, a := range f.aliases {
			n.in[aliases], n.next[aliases] = int32(a.item), n.name(a.as, aliases)
			aliases++
		}
	}
	for k, m := range n.p.Modules {
		for j := range m.facts.classes {
			number := n.of[k].classes + int32(j)
			if n.in[number] = int32(k); m.facts.classes[j].name != 0 {
				n.next[number] = n.name(m.facts.classes[j].name, number)
			}
		}
	}
}

// name gives what has a number a name, and returns the number of what had it before.
func (n *namer) name(name word, number int32) (before int32) {
	before = n.at.put(name, number)
	if before == 0 {
		at, bit := n.openBit(name)
		n.shared[at] |= n.open[at] & bit
		n.open[at] |= bit
	}
	return before
}

// openBit returns the place of a name in open: most names that are mentioned need
// no look at the large table, which is not in the cache.
func (n *namer) openBit(name word) (at int, bit uint64) {
	return int(name>>6) & (len(n.open) - 1), 1 << (name & 63)
}

// start makes a function run, or the methods of a class.
func (n *namer) start(number int32) {
	if !n.running[number] {
		n.running[number] = true
		n.of[n.in[number]].waiting++
	}
}

// expose makes all functions and methods of a module run that are not inside
// of others.
func (n *namer) expose(module int32) {
	if x := &n.of[module]; !x.exposed {
		x.exposed = true
		x.waiting++
	}
}

// exposeWhole exposes a module that is used whole, and what is in it.
func (n *namer) exposeWhole(module int32) {
	n.expose(module)
	for _, inside := range n.p.inside[module] {
		n.expose(inside)
	}
}

// run runs what waits in a module.
func (n *namer) run(module int32) {
	f, x := n.p.Modules[module].facts, &n.of[module]
	for x.waiting > 0 {
		if x.exposed && !x.opened {
			x.opened = true
			x.waiting--
			for k := 1; k < len(f.functions); k++ {
				if f.functions[k].function == 0 {
					n.start(x.functions + int32(k))
				}
			}
		}
		for k := range f.functions {
			if number := x.functions + int32(k); n.running[number] && !n.ran[number] {
				n.ran[number] = true
				x.waiting--
				n.body(module, int32(k))
			}
		}
		for k := range f.classes {
			if number := x.classes + int32(k); n.running[number] && !n.ran[number] {
				n.ran[number] = true
				x.waiting--
				n.methods(module, int32(k), n.foreign(f, &f.classes[k]))
			}
		}
	}
}

// body mentions what the body of a function mentions.
func (n *namer) body(module, function int32) {
	f, x := n.p.Modules[module].facts, &n.of[module]
	if n.wholes { // else followWholes does so later
		for _, w := range n.p.wholeUses[module] {
			if w.function == function {
				n.exposeWhole(w.target)
			}
		}
	}
	for _, name := range f.mentionsOf(function) {
		n.mention(name)
	}
	for _, made := range f.madeIn(function) {
		switch made.kind {
		case madeClass:
			n.created(module, made.at)
		case madeLocal:
			n.created(module, made.at)
			n.start(x.classes + made.at)
		case madeFunction:
			n.start(x.functions + made.at)
		case madeDecorated: // a decorator of the program may call what it gets
			if n.at.slot(made.decorator).number != 0 {
				n.start(x.functions + made.at)
			}
		}
	}
}

// mention makes what has this name run.
func (n *namer) mention(name word) {
	at, bit := n.openBit(name)
	if n.open[at]&bit == 0 {
		return
	}
	slot := n.at.slot(name)
	number := slot.number
	if number <= 0 {
		return
	}
	slot.number = -number
	n.open[at] &^= bit &^ n.shared[at]
	for ; number != 0; number = n.next[number] {
		if number < n.aliases || number >= n.classes {
			n.start(number)
		} else {
			n.mention(word(n.in[number])) // "from m import f as g"
		}
	}
}

// methods makes the special methods of a class run, or all of them.
func (n *namer) methods(module, class int32, all bool) {
	f := n.p.Modules[module].facts
	p := f.classes[class].methods
	for _, k := range f.members[p.from:p.to] {
		if all || f.functions[k].flags&isSpecial != 0 {
			n.start(n.of[module].functions + k)
		}
	}
}

// foreign reports whether a class has a base that is no class of the program.
func (n *namer) foreign(f *facts, c *classDef) bool {
	for k := c.refs.from; k < c.refs.to; k++ {
		if r := &f.refs[k]; r.flags&(refDecorator|refFixed|refPlain) == 0 {
			if number := n.at.slot(r.last).number; number < n.classes && -number < n.classes {
				return true
			}
		}
	}
	return false
}

var (
	getattrWord = symbolOf("__getattr__").word()
	setNameWord = symbolOf("__set_name__").word()
)

// created lets the creation of a class call what it may call: the special
// methods where it has bases, keywords or decorators.
func (n *namer) created(module, class int32) {
	if n.p.Modules[module].facts.classes[class].flags&isHooked != 0 {
		n.methods(module, class, false)
	}
	n.mention(getattrWord)
	n.mention(setNameWord)
}
