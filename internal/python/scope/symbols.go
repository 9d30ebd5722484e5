package scope

import (
	"slices"
	"sort"

	"fastpath/internal/python/syntax"
)

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

// symbolID indexes Info.symbols; 0 is none.
type symbolID int32

// symbol is a name in a scope.
type symbol struct {
	scope ScopeID
	name  nameID
	flags flags
	class class
	// owner is the symbol that the name belongs to: itself for a local, none for
	// a global. While the scopes are being built it is the symbol of the same
	// name in the next scope further out that is open.
	owner symbolID
	next  symbolID // in the same scope
	last  eventID
}

// mark adds flags to the symbol of a name in an open scope.
func (a *analyzer) mark(s ScopeID, name nameID, f flags) symbolID {
	if int(name) >= len(a.current) {
		a.current = append(a.current, make([]symbolID, int(name)+64-len(a.current))...)
	}
	k := a.current[name]
	if x := &a.symbols[k]; k != 0 && x.scope == s {
		x.flags |= f
		return k
	}
	// The open scopes lie within each other, the inner ones have the higher
	// numbers: the list of a name is in descending order.
	inner := symbolID(0)
	for k != 0 && a.symbols[k].scope > s {
		inner, k = k, a.symbols[k].owner
	}
	if k != 0 && a.symbols[k].scope == s {
		a.symbols[k].flags |= f
		return k
	}
	added := symbolID(len(a.symbols))
	if len(a.symbols) == cap(a.symbols) {
		a.symbols = slices.Grow(a.symbols, len(a.symbols))
	}
	a.symbols = a.symbols[:added+1]
	x := &a.symbols[added] // field by field: a literal would be read back from the stack too soon
	x.scope, x.name, x.flags, x.class, x.owner, x.next, x.last = s, name, f, 0, k, a.first[s], 0
	a.first[s] = added
	if inner == 0 {
		a.current[name] = added
	} else {
		a.symbols[inner].owner = added
	}
	return added
}

// enter opens a scope.
func (a *analyzer) enter(k Kind, n syntax.NodeID, parent ScopeID) ScopeID {
	id := ScopeID(len(a.Scopes))
	a.Scopes = append(a.Scopes, Scope{Kind: k, Node: n, Parent: parent})
	a.first = append(a.first, 0)
	return id
}

// leave closes the innermost open scope.
func (a *analyzer) leave(s ScopeID) {
	a.placed = append(a.placed, placedScope{a.Scopes[s].Node, s})
	for k := a.first[s]; k != 0; k = a.symbols[k].next {
		a.current[a.symbols[k].name] = a.symbols[k].owner
	}
}

// classify decides what every symbol is, as symtable.c's analyze_name does.
// It goes through the symbols of each name from the outer scopes to the inner
// ones; that is the order of their numbers, and the scopes within a scope s
// have the numbers up to ends[s].
func (a *analyzer) classify() {
	a.sortSymbols()
	ends := resize(&a.ends, len(a.Scopes))
	for s := len(a.Scopes) - 1; s >= 0; s-- {
		ends[s] = max(ends[s], ScopeID(s)+1)
		if p := a.Scopes[s].Parent; s > 0 {
			ends[p] = max(ends[p], ends[s])
		}
	}
	for n := range a.names.len() {
		group := a.byName[a.nameAt[n]:a.nameAt[n+1]]
		if len(group) == 1 { // most names
			if s := &a.symbols[group[0]]; s.flags&(defGlobal|defNonlocal) == 0 {
				if s.class = globalImplicit; s.flags&defBound != 0 {
					s.class, s.owner = local, group[0]
				}
				continue
			}
		}
		around := a.stack[:0]
		for _, k := range group {
			s := &a.symbols[k]
			for len(around) > 0 && ends[a.symbols[around[len(around)-1]].scope] <= s.scope {
				around = around[:len(around)-1]
			}
			s.class, s.owner = a.resolve(s.scope, s.flags, around)
			if s.class == local {
				s.owner = k
			} else if s.class == globalExplicit && s.scope != 0 && s.flags&defBound != 0 {
				// A function that declares a name global and binds it binds it in the
				// module, which has a symbol for what is declared.
				a.symbols[group[0]].flags |= defByGlobal
			}
			around = append(around, k)
		}
		a.stack = around
	}
}

// sortSymbols fills in byName and nameAt.
func (a *analyzer) sortSymbols() {
	at := resize(&a.nameAt, a.names.len()+1)
	for _, s := range a.symbols[1:] {
		at[s.name+1]++
	}
	for n := 1; n < len(at); n++ {
		at[n] += at[n-1]
	}
	byName := resize(&a.byName, len(a.symbols)-1)
	next := append(a.fill[:0], at...)
	for s := range a.Scopes {
		for k := a.first[s]; k != 0; k = a.symbols[k].next {
			name := a.symbols[k].name
			byName[next[name]] = k
			next[name]++
		}
	}
	a.fill = next
}

// resolve finds what a name with these flags means in the scope s; around are
// the symbols of the name in the scopes around, the innermost last. The owner
// of a local is left out.
func (i *Info) resolve(s ScopeID, f flags, around []symbolID) (class, symbolID) {
	switch {
	case f&defGlobal != 0:
		return globalExplicit, 0
	case f&defNonlocal == 0 && f&defBound != 0:
		return local, 0
	case s == 0:
		return globalImplicit, 0
	}
	for n := len(around) - 1; n >= 0; n-- {
		o := &i.symbols[around[n]]
		switch bound := o.flags&defNonlocal == 0 && o.flags&defBound != 0; {
		case o.scope == 0:
		case i.Scopes[o.scope].Kind == ClassScope:
			if (bound || o.flags&defNonlocal == 0 && o.flags&defGlobal != 0) && i.sees(s, o.scope) {
				// CPython looks into the class first and then takes the global name.
				return globalImplicit, 0
			}
		case o.flags&defGlobal != 0:
			return globalImplicit, 0
		case bound:
			return free, around[n]
		}
	}
	if f&defNonlocal != 0 {
		return free, 0 // an error in the file: there is nothing to be nonlocal to
	}
	return globalImplicit, 0
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

// find returns the symbol of a name that s mentions, or 0.
func (i *Info) find(s ScopeID, name nameID) symbolID {
	group := i.byName[i.nameAt[name]:i.nameAt[name+1]]
	k := sort.Search(len(group), func(k int) bool { return i.symbols[group[k]].scope >= s })
	if k < len(group) && i.symbols[group[k]].scope == s {
		return group[k]
	}
	return 0
}

// symbol returns the symbol of a name that s mentions, or 0.
func (i *Info) symbol(s ScopeID, name string) symbolID {
	if id, ok := i.names.find(name); ok {
		return i.find(s, id)
	}
	return 0
}

// around returns the symbols of a name in the scopes around s, the innermost
// last.
func (i *Info) around(s ScopeID, name string) []symbolID {
	id, ok := i.names.find(name)
	if !ok {
		return nil
	}
	var found []symbolID
	for s != 0 {
		s = i.Scopes[s].Parent
		if k := i.find(s, id); k != 0 {
			found = append(found, k)
		}
	}
	for a, b := 0, len(found)-1; a < b; a, b = a+1, b-1 {
		found[a], found[b] = found[b], found[a]
	}
	return found
}

// resize returns a slice of n zeros in the memory of another one.
func resize[T any](buffer *[]T, n int) []T {
	if cap(*buffer) < n {
		*buffer = make([]T, n)
	} else {
		*buffer = (*buffer)[:n]
		clear(*buffer)
	}
	return *buffer
}
