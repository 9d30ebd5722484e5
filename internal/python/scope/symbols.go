package scope

import (
	"cmp"
	"slices"

	"fastpath/internal/python/syntax"
)

// flags say what a scope does with a name; they are CPython's.
type flags uint16

const (
	defLocal flags = 1 << iota
	defParam
	defImport
	defTypeParam
	defGlobal
	defNonlocal
	use
	defAnnot
	defByGlobal // module only: bound by a function that declares the name global

	defBound = defLocal | defParam | defImport | defTypeParam
	// holding tells whether a scope holds a name itself, see heldBy.
	holding = defBound | defGlobal | defNonlocal
)

// local reports whether the scope itself holds the name.
func (f flags) local() bool { return f.heldBy(holding) }

// heldBy is local where scope is holding, and false where it is 0: it is bound, and not
// declared global or nonlocal.
func (f flags) heldBy(scope flags) bool { return f&scope-1 < defGlobal-1 }

// symbolID indexes Info.symbols; 0 is none.
type symbolID int32

// symbol is a name in a scope: one that the scope mentions, or that a scope
// within it looks for further out.
type symbol struct {
	scope ScopeID
	name  nameID
	flags flags
	outer symbolID // of the same name, in the next scope further out that is open
	next  symbolID // in the same scope
	// means is the symbol whose events those of this one are: itself while its
	// scope is open. Then it is one further out, or dropped or imported. In the end,
	// one of the module has 1 + its place in Info.usesOf, or 0.
	means symbolID
}

// What becomes of the events of names that a scope holds itself.
const (
	dropped  symbolID = 0
	imported symbolID = -1 // they are uses of what an import binds
)

// opened is what the analyzer notes of a scope.
type opened struct {
	first  symbolID // one of its symbols
	events int32    // where its events begin
	holds  flags    // holding where the names that the scope holds have no events, else 0
}

// mark adds flags to the symbol of a name in an open scope.
func (a *analyzer) mark(s ScopeID, name nameID, f flags) symbolID {
	k := a.names.list[name].current
	if x := &a.symbols[k]; x.scope == s {
		x.flags |= f
		return k
	}
	return a.mention(s, name, f)
}

// mention is mark for a name that the scope did not mention yet, or that one of
// the open scopes within it did since.
func (a *analyzer) mention(s ScopeID, name nameID, f flags) symbolID {
	// The open scopes lie within each other, the inner ones have the higher
	// numbers: the list of a name is in descending order.
	place := &a.names.list[name].current
	for a.symbols[*place].scope > s {
		place = &a.symbols[*place].outer
	}
	k := *place
	if x := &a.symbols[k]; x.scope == s {
		x.flags |= f
		return k
	}
	added := symbolID(len(a.symbols))
	o := &a.open[s]
	*place = added
	if len(a.symbols) == cap(a.symbols) {
		a.symbols = slices.Grow(a.symbols, 1)
	}
	a.symbols = a.symbols[:added+1]
	x := &a.symbols[added] // field by field, see newEvent
	x.scope, x.name, x.flags, x.outer, x.next, x.means = s, name, f, k, o.first, added
	o.first = added
	return added
}

// enter opens a scope.
func (a *analyzer) enter(k Kind, n syntax.NodeID, parent ScopeID) ScopeID {
	id := ScopeID(len(a.Scopes))
	a.Scopes = append(a.Scopes, Scope{Kind: k, Base: a.base, Node: n, Parent: parent})
	o := opened{events: int32(len(a.events))}
	switch k {
	case FunctionScope: // the names that imports bind in it have uses, see LocalUses
		if a.flat && nodeAt(a.File.Imports, a.imports) > n {
			o.holds = holding
		}
	case LambdaScope, ComprehensionScope:
		o.holds = holding
	}
	a.open = append(a.open, o)
	return id
}

// leave closes the innermost open scope, as symtable.c's analyze_name does: what
// it holds itself is settled, the names that it does not hold are looked for
// further out. So the events that are left are those of open scopes.
func (a *analyzer) leave(s ScopeID) {
	scope, o := a.Scopes[s], a.open[s]
	a.placed = append(a.placed, placedScope{scope.Node, s})
	around := scope.Parent
	for a.Scopes[around].Kind == ClassScope { // which is not seen from within
		around = a.Scopes[around].Parent
	}
	for k := o.first; k != 0; {
		x := &a.symbols[k]
		next, f, means := x.next, x.flags, x.outer
		a.names.list[x.name].current = means
		// Of most names no branch decides whether the scope holds them: nobody could
		// foresee it.
		found := a.symbols[means].scope
		if f.local() {
			means = dropped
		}
		if f.local() {
			found = around
		}
		x.means = means
		if found != around || f&(defImport|defGlobal|defNonlocal) != 0 {
			means = imported
			if !f.local() {
				means = a.outward(x, around)
			}
			a.symbols[k].means = means
		}
		k = next
	}
	if scope.Kind == ClassScope || a.seesClass(s) {
		a.leaveClass(s)
		return
	}
	events, symbols := a.events, a.symbols
	left := int(o.events)
	for r := left; r < len(events); r++ {
		e := &events[r]
		means := symbols[e.symbol].means
		if means == imported {
			a.local = append(a.local, *e)
		}
		if a.nonlocal && means != e.symbol && symbols[e.symbol].flags&defNonlocal != 0 {
			e.kind |= eventNonlocal
		}
		to := &events[left]
		*to = *e
		to.symbol = means
		left++
		if means <= 0 { // no branch, see above
			left--
		}
	}
	a.events = events[:left]
}

// outward returns the symbol that a name means in a scope that does not hold
// it, as far as that is known before the scope around is left.
func (a *analyzer) outward(x *symbol, around ScopeID) symbolID {
	name, f := x.name, x.flags
	switch {
	case f&defGlobal == 0:
		a.nonlocal = a.nonlocal || f&defNonlocal != 0
		return a.mark(around, name, 0)
	case f&defBound != 0:
		// A function that declares a name global and binds it binds it in the module.
		return a.mark(0, name, defByGlobal)
	}
	return a.mark(0, name, 0)
}

// seesClass reports whether the names of the class around are seen in s.
func (a *analyzer) seesClass(s ScopeID) bool {
	return a.Scopes[s].Kind == AnnotationScope && a.Scopes[a.Scopes[s].Parent].Kind == ClassScope
}

// leaveClass settles the events of a class, or of an annotation scope that sees
// the names of the class around.
func (a *analyzer) leaveClass(s ScopeID) {
	scope := a.Scopes[s]
	left := a.open[s].events
	for r := left; int(r) < len(a.events); r++ {
		e := a.events[r]
		x := a.symbols[e.symbol]
		means := x.means
		switch {
		case scope.Kind != ClassScope && means > 0 && means != e.symbol && a.sees(e.scope, scope.Parent):
			means = a.mark(scope.Parent, x.name, 0)
		case scope.Kind == ClassScope && means <= 0:
			if means == imported && e.scope == s {
				a.local = append(a.local, e)
			}
			// A class body looks a name that it binds itself up in the module while it
			// is not bound yet. What annotation scopes see they look for there, too.
			if e.scope != s || e.kind&(eventStore|eventDel) == 0 {
				means = a.mark(0, x.name, 0)
			}
		case means == imported:
			a.local = append(a.local, e)
		}
		if means <= 0 {
			continue
		}
		if means != e.symbol && x.flags&defNonlocal != 0 {
			e.kind |= eventNonlocal
		}
		e.symbol = means
		a.events[left] = e
		left++
	}
	a.events = a.events[:left]
}

// sees reports whether the names of a class are seen in the scope s: in
// annotation scopes only.
func (i *Info) sees(s, class ScopeID) bool {
	for ; s != class; s = i.Scopes[s].Parent {
		if i.Scopes[s].Kind != AnnotationScope {
			return false
		}
	}
	return true
}

// index sorts the symbols by name, for those who ask about scopes: most files are
// only asked about the module, or about a few names.
func (i *Info) index() {
	at := resize(&i.nameAt, i.names.len()+2)
	for _, s := range i.symbols[1:] {
		at[s.name+2]++
	}
	for n := 2; n < len(at); n++ {
		at[n] += at[n-1]
	}
	byName := resize(&i.byName, len(i.symbols)-1)
	for k := 1; k < len(i.symbols); k++ {
		next := &at[i.symbols[k].name+1]
		byName[*next] = symbolID(k)
		*next++
	}
	byScope := func(x, y symbolID) int { return cmp.Compare(i.symbols[x].scope, i.symbols[y].scope) }
	for n := range i.names.len() {
		if group := byName[at[n]:at[n+1]]; !slices.IsSortedFunc(group, byScope) {
			slices.SortFunc(group, byScope)
		}
	}
	i.indexed = true
}

// global returns the module's symbol of a name, or 0.
func (i *Info) global(name nameID) symbolID { return i.names.list[name].current }

// in returns the symbol of a name in the scope s, or 0.
func (i *Info) in(s ScopeID, name nameID) symbolID {
	if !i.indexed {
		for k := i.open[s].first; k != 0; k = i.symbols[k].next {
			if i.symbols[k].name == name {
				return k
			}
			i.looked++
		}
		if i.looked > 8*len(i.symbols) { // many questions about large scopes
			i.index()
		}
		return 0
	}
	group := i.byName[i.nameAt[name]:i.nameAt[name+1]]
	k, ok := slices.BinarySearchFunc(group, s, func(k symbolID, s ScopeID) int { return cmp.Compare(i.symbols[k].scope, s) })
	if !ok {
		return 0
	}
	return group[k]
}

// symbol returns the symbol of a name that s mentions, or 0.
func (i *Info) symbol(s ScopeID, name string) symbolID {
	id, ok := i.names.find(name)
	switch {
	case !ok:
		return 0
	case s == 0:
		return i.global(id)
	}
	return i.in(s, id)
}

// holder returns the scope whose name a load of the name in the scope from
// means; the module for all that no scope around holds.
func (i *Info) holder(from ScopeID, name nameID) ScopeID {
	if from == 0 {
		return 0
	}
	switch f := i.symbols[i.in(from, name)].flags; {
	case f&defGlobal != 0:
		return 0
	case f.local():
		return from
	}
	for s := i.Scopes[from].Parent; s != 0; s = i.Scopes[s].Parent {
		switch f := i.symbols[i.in(s, name)].flags; {
		case i.Scopes[s].Kind == ClassScope:
			if (f.local() || f&(defNonlocal|defGlobal) == defGlobal) && i.sees(from, s) {
				return 0 // CPython looks into the class first and then takes the global name
			}
		case f&defGlobal != 0:
			return 0
		case f.local():
			return s
		}
	}
	return 0
}

// resize returns a slice of n zeros in the memory of another one.
func resize[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	}
	*buffer = (*buffer)[:n]
	clear(*buffer) // new ones as well: the kernel maps a page that is read before it is written to twice
	return *buffer
}
