package scope

import "slices"

// nameID is an interned name.
type nameID int32

// symbolKey finds the symbol of a name in a scope.
type symbolKey uint64

func keyOf(s ScopeID, n nameID) symbolKey { return symbolKey(uint32(s))<<32 | symbolKey(uint32(n)) }

// flags say what a scope does with a name; they are CPython's.
type flags uint16

const (
	defGlobal flags = 1 << iota
	defLocal
	defParam
	defNonlocal
	use
	defImport
	defAnnot
	defTypeParam
	defByGlobal // module only: bound by a function that declares the name global

	defBound = defLocal | defParam | defImport | defTypeParam
)

// class is what a name turns out to be in a scope.
type class uint8

const (
	local class = iota
	globalExplicit
	globalImplicit
	free
)

// symbol is a name in a scope.
type symbol struct {
	scope ScopeID
	name  nameID
	flags flags
	class class
	owner ScopeID // the scope that the name belongs to; 0 for globals
}

// symbol returns the symbol of a name that s mentions, or nil.
func (i *Info) symbol(s ScopeID, name string) *symbol {
	id, ok := i.ids[name]
	if !ok {
		return nil
	}
	if k, ok := i.symbolOf[keyOf(s, id)]; ok {
		return &i.symbols[k]
	}
	return nil
}

// resolution is the answer for a name in a scope.
type resolution struct {
	class class
	owner ScopeID
}

// classify decides what every symbol is, as symtable.c's analyze_name does.
func (i *Info) classify() {
	for k := range i.symbols {
		s := &i.symbols[k]
		r := i.resolve(s.scope, i.names[s.name], s.flags)
		s.class, s.owner = r.class, r.owner
	}
	// A function that declares a name global and binds it binds it in the module.
	for k := range i.symbols {
		if s := i.symbols[k]; s.scope != 0 && s.class == globalExplicit && s.flags&defBound != 0 {
			if m, ok := i.symbolOf[keyOf(0, s.name)]; ok {
				i.symbols[m].flags |= defByGlobal
				continue
			}
			i.symbolOf[keyOf(0, s.name)] = int32(len(i.symbols))
			i.symbols = append(i.symbols, symbol{scope: 0, name: s.name, flags: defByGlobal, class: globalImplicit})
		}
	}
}

// resolve finds what a name with these flags means in the scope s.
func (i *Info) resolve(s ScopeID, name string, f flags) resolution {
	switch {
	case f&defGlobal != 0:
		return resolution{globalExplicit, 0}
	case f&defNonlocal == 0 && f&defBound != 0:
		return resolution{local, s}
	case s == 0:
		return resolution{globalImplicit, 0}
	}
	id, known := i.ids[name]
	if !known {
		return resolution{globalImplicit, 0}
	}
	sees := i.Scopes[s].Kind == AnnotationScope // annotation scopes see the names of the class around
	for p := i.Scopes[s].Parent; p != 0; p = i.Scopes[p].Parent {
		kind := i.Scopes[p].Kind
		k, mentioned := i.symbolOf[keyOf(p, id)]
		if kind == ClassScope {
			if sees && mentioned && i.symbols[k].flags&(defBound|defGlobal) != 0 && i.symbols[k].flags&defNonlocal == 0 {
				// CPython looks into the class first and then takes the global name.
				return resolution{globalImplicit, 0}
			}
			sees = false
			continue
		}
		sees = sees && kind == AnnotationScope
		if !mentioned {
			continue
		}
		switch g := i.symbols[k].flags; {
		case g&defGlobal != 0:
			return resolution{globalImplicit, 0}
		case g&defNonlocal == 0 && g&defBound != 0:
			return resolution{free, p}
		}
	}
	if f&defNonlocal != 0 {
		return resolution{free, 0} // an error in the file: there is nothing to be nonlocal to
	}
	return resolution{globalImplicit, 0}
}

// collectUses keeps the events that mean the module's names, by name, and
// those of names that an import binds elsewhere, by scope and name.
func (i *Info) collectUses(events []event) {
	i.localUses = map[symbolKey][]Use{}
	count := make([]int32, len(i.names))
	total := 0
	for k := range events {
		e := &events[k]
		if e.global = i.meansGlobal(e); e.global {
			count[e.name]++
			total++
		}
		i.collectLocal(e)
	}
	all := make([]Use, total)
	i.uses = make(map[string][]Use, len(i.names)/2)
	lists := make([][]Use, len(i.names))
	at := 0
	for n, c := range count {
		if c > 0 {
			lists[n] = all[at : at : at+int(c)]
			at += int(c)
		}
	}
	for _, e := range events {
		if !e.global {
			continue
		}
		lists[e.name] = append(lists[e.name], i.useOf(&e))
	}
	for n, l := range lists {
		if len(l) > 0 {
			slices.SortStableFunc(l, func(a, b Use) int { return int(i.File.Node(a.Node).Start - i.File.Node(b.Node).Start) })
			i.uses[i.names[n]] = l
		}
	}
}

func (i *Info) useOf(e *event) Use {
	u := Use{Node: e.node, Scope: e.scope, Annotation: e.kind&eventAnnotation != 0, Store: e.kind&eventStore != 0, Del: e.kind&eventDel != 0}
	u.When, u.Environment = i.when(e.node, e.kind&eventText != 0)
	return u
}

// collectLocal keeps a use of a name that an import binds in a function or
// class.
func (i *Info) collectLocal(e *event) {
	if e.kind&eventImport != 0 {
		return
	}
	k, ok := i.symbolOf[keyOf(e.scope, e.name)]
	if !ok || i.symbols[k].owner == 0 {
		return
	}
	key := keyOf(i.symbols[k].owner, e.name)
	if o, ok := i.symbolOf[key]; ok && i.symbols[o].flags&defImport != 0 {
		i.localUses[key] = append(i.localUses[key], i.useOf(e))
	}
}

// meansGlobal reports whether an event is a use of the module's name.
func (i *Info) meansGlobal(e *event) bool {
	if e.kind&eventImport != 0 {
		return false
	}
	k, ok := i.symbolOf[keyOf(e.scope, e.name)]
	if !ok {
		return false
	}
	s := &i.symbols[k]
	if s.class == globalExplicit || s.class == globalImplicit || s.scope == 0 {
		return true
	}
	// A class body looks a name that it binds itself up in the module while it
	// is not bound yet.
	return i.Scopes[e.scope].Kind == ClassScope && s.class == local && e.kind&(eventStore|eventDel) == 0
}
