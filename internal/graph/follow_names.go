package graph

import "fastpath/internal/python/scope"

// followNames is follow for large programs, in linear time and without trees: a
// function counts as called at import when code that runs at import mentions
// its name, however it comes by it; a class that is mentioned runs its special
// methods, and all of its methods where it derives from something unknown.
// Functions in functions run with these, and lambdas with the code around.
func (p *Program) followNames() {
	p.untest()
	total, links := 0, 1
	for _, m := range p.Modules {
		total += len(m.facts.functions)
		links += len(m.facts.functions) + len(m.facts.classes)
		if m.facts.rare != nil {
			links += len(m.facts.rare.aliases)
		}
	}
	n := namer{p: p, running: make([][]bool, len(p.Modules)), exposed: make([]bool, len(p.Modules)), inside: p.inPackages(), at: newWordMap(links / 3), named: make([]named, 1, 1+links/2), links: make([]link, 1, links)}
	together(func() { n.wholes = p.allWholes() }, func() {
		for _, m := range p.Modules {
			n.index(m)
		}
	})
	p.wholeUses = n.wholes
	all := make([]bool, total)
	for k, m := range p.Modules {
		count := len(m.facts.functions)
		n.running[k], all = all[:count:count], all[count:]
	}
	for _, m := range p.Modules {
		if !p.onlyRun(m) {
			n.todo = append(n.todo, body{m.index, 0})
		}
	}
	for _, m := range p.Modules {
		if p.unseen[m.index] != 0 {
			n.expose(m.index)
		}
	}
	for len(n.todo) > 0 {
		b := n.todo[len(n.todo)-1]
		n.todo = n.todo[:len(n.todo)-1]
		n.run(b)
	}
	parallel(len(p.Modules), func(k int) {
		m := p.Modules[k]
		running := n.running[k]
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
	})
}

// body is the code of a function, or of a module.
type body struct{ module, function int32 }

// namer is the state of followNames.
type namer struct {
	p       *Program
	at      wordMap // names: places in named, negative ones once they were mentioned
	named   []named
	links   []link
	wholes  [][]wholeUse      // by module
	inside  map[int32][]int32 // see inPackages
	exposed []bool            // by module
	running [][]bool          // by module and function
	todo    []body
	recent  [1 << 17]word // names that were mentioned, each at the place of its lowest bits
}

// named is what has a name: the heads of three lists, places in links.
type named struct{ functions, classes, aliases int32 }

// link is an element of a list: a definition of a module, or another name.
type link struct {
	module, at int32
	next       int32
}

// get returns what has a name, nil for nothing.
func (n *namer) get(name word) *named {
	switch k := n.at.slot(name).number; {
	case k > 0:
		return &n.named[k]
	case k < 0:
		return &n.named[-k]
	}
	return nil
}

// add returns what has a name, which may be new.
func (n *namer) add(name word) *named {
	k := n.at.slot(name).number
	if k == 0 {
		k = int32(len(n.named))
		n.at.add(name, k)
		n.named = append(n.named, named{})
	}
	return &n.named[k]
}

// push puts an element in front of a list.
func (n *namer) push(head *int32, module, at int32) {
	n.links = append(n.links, link{module, at, *head})
	*head = int32(len(n.links) - 1)
}

// index lists the functions and classes of a module by name.
func (n *namer) index(m *Module) {
	f := m.facts
	for k := range f.functions {
		if d := &f.functions[k]; d.name != 0 {
			n.push(&n.add(d.name).functions, m.index, int32(k))
		}
	}
	for k := range f.classes {
		if c := &f.classes[k]; c.name != 0 {
			n.push(&n.add(c.name).classes, m.index, int32(k))
		}
	}
	if f.rare == nil {
		return
	}
	for _, a := range f.rare.aliases {
		n.push(&n.add(a.as).aliases, 0, int32(a.item))
	}
}

// run mentions what the body of a function mentions.
func (n *namer) run(b body) {
	f := n.p.Modules[b.module].facts
	for _, w := range n.wholes[b.module] {
		if w.function == b.function {
			n.expose(w.target)
			for _, inside := range n.inside[w.target] {
				n.expose(inside)
			}
		}
	}
	for _, name := range f.mentionsOf(b.function) {
		n.mention(name)
	}
	for _, x := range f.madeIn(b.function) {
		switch x.kind {
		case madeClass:
			n.created(b.module, x.at)
		case madeLocal:
			n.created(b.module, x.at)
			n.methods(b.module, x.at, n.foreign(b.module, x.at))
		case madeFunction:
			n.start(b.module, x.at)
		case madeDecorated: // a decorator of the program may call what it gets
			if n.get(x.decorator) != nil {
				n.start(b.module, x.at)
			}
		}
	}
}

// mention makes what has this name run.
func (n *namer) mention(name word) {
	recent := &n.recent[int(name)%len(n.recent)]
	if *recent == name {
		return
	}
	*recent = name
	slot := n.at.slot(name)
	if slot.number <= 0 {
		return
	}
	slot.number = -slot.number
	x := n.named[-slot.number]
	for k := x.functions; k != 0; k = n.links[k].next {
		n.start(n.links[k].module, n.links[k].at)
	}
	for k := x.classes; k != 0; k = n.links[k].next {
		l := n.links[k]
		n.methods(l.module, l.at, n.foreign(l.module, l.at))
	}
	for k := x.aliases; k != 0; k = n.links[k].next { // "from m import f as g"
		n.mention(word(n.links[k].at))
	}
}

// expose makes all functions and methods of a module run that are not inside
// of others.
func (n *namer) expose(module int32) {
	if n.exposed[module] {
		return
	}
	n.exposed[module] = true
	f := n.p.Modules[module].facts
	for k := 1; k < len(f.functions); k++ {
		if f.functions[k].function == 0 {
			n.start(module, int32(k))
		}
	}
}

func (n *namer) start(module, function int32) {
	if running := n.running[module]; !running[function] {
		running[function] = true
		n.todo = append(n.todo, body{module, function})
	}
}

// methods makes the special methods of a class run, or all of them.
func (n *namer) methods(module, class int32, all bool) {
	f := n.p.Modules[module].facts
	p := f.classes[class].methods
	for _, k := range f.members[p.from:p.to] {
		if all || f.functions[k].flags&isSpecial != 0 {
			n.start(module, k)
		}
	}
}

// foreign reports whether a class has a base that is no class of the program.
func (n *namer) foreign(module, class int32) bool {
	f := n.p.Modules[module].facts
	p := f.classes[class].refs
	for k := p.from; k < p.to; k++ {
		if r := &f.refs[k]; r.flags&(refDecorator|refFixed|refPlain) == 0 {
			if x := n.get(r.last); x == nil || x.classes == 0 {
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
