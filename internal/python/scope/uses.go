package scope

import (
	"cmp"
	"slices"
	"sort"

	"fastpath/internal/python/syntax"
)

// eventKind says what an event is; a load has none of the bits.
type eventKind uint8

const (
	eventStore eventKind = 1 << iota
	eventDel
	eventImport      // bound by an import statement
	eventAnnotation  // part of an annotation
	eventText        // in a string annotation
	eventEnvironment // Use.Environment
	eventComment     // in a type comment
)

// event is one place that mentions a name.
type event struct {
	node  syntax.NodeID
	scope ScopeID
	prev  eventID // of the same symbol
	kind  eventKind
	when  When
}

// eventID indexes analyzer.events; 0 is none.
type eventID int32

// localUse is a use of a name that an import binds in a function or class.
type localUse struct {
	symbol symbolID // that the import binds
	event  eventID
	use    Use
}

// collectUses keeps the events that mean the module's names, by name, and
// those of names that an import binds elsewhere, by symbol. The events of a
// symbol hang together, so that those of local names are never looked at.
func (a *analyzer) collectUses() {
	nodes := a.File.Nodes
	at := resize(&a.usesAt, a.names.len()+1)
	uses, found, locals := a.uses[:0], a.found, a.local[:0]
	for n := range a.names.len() {
		at[n] = int32(len(uses))
		found = found[:0]
		inOrder := true
		for _, k := range a.byName[a.nameAt[n]:a.nameAt[n+1]] {
			s := &a.symbols[k]
			if s.class == local && s.flags&defImport == 0 && s.scope != 0 && a.Scopes[s.scope].Kind != ClassScope {
				continue // most names: locals of functions
			}
			if o := &a.symbols[s.owner]; o.scope != 0 && o.flags&defImport != 0 {
				for id := s.last; id != 0; id = a.events[id].prev {
					if e := &a.events[id]; e.kind&eventImport == 0 {
						locals = append(locals, localUse{symbol: s.owner, event: id})
						a.useOf(e, &locals[len(locals)-1].use)
					}
				}
			}
			without := a.notGlobal(s)
			if without == allEvents {
				continue
			}
			from := len(found)
			for id := s.last; id != 0; id = a.events[id].prev {
				if a.events[id].kind&without == 0 {
					found = append(found, id)
				}
			}
			if from == len(found) {
				continue
			}
			slices.Reverse(found[from:])
			inOrder = inOrder && (from == 0 || found[from-1] < found[from])
		}
		if !inOrder {
			slices.Sort(found)
		}
		from := len(uses)
		uses = slices.Grow(uses, len(found))[:from+len(found)]
		before := syntax.None
		inOrder = true
		for i, id := range found {
			e := &a.events[id]
			inOrder = inOrder && before <= e.node // leaves of the tree stand there as in the text
			before = e.node
			a.useOf(e, &uses[from+i])
		}
		if !inOrder || !a.flat {
			slices.SortStableFunc(uses[from:], func(x, y Use) int { return cmp.Compare(nodes[x.Node].Start, nodes[y.Node].Start) })
		}
	}
	at[a.names.len()] = int32(len(uses))
	a.uses, a.found, a.local = uses, found, locals
	a.collectLocalUses()
}

// collectLocalUses sorts what is in a.local.
func (a *analyzer) collectLocalUses() {
	nodes := a.File.Nodes
	slices.SortFunc(a.local, func(x, y localUse) int {
		return cmp.Or(cmp.Compare(x.symbol, y.symbol), cmp.Compare(nodes[x.use.Node].Start, nodes[y.use.Node].Start), cmp.Compare(x.event, y.event))
	})
	own := slices.Grow(a.localUses[:0], len(a.local))
	for _, l := range a.local {
		own = append(own, l.use)
	}
	a.localUses = own
	symbols := a.localOf[:0]
	for k, l := range a.local {
		if k == 0 || l.symbol != a.local[k-1].symbol {
			symbols = append(symbols, localRange{symbol: l.symbol, from: int32(k)})
		}
	}
	a.localOf = symbols
}

// localRange says where in localUses those of a symbol begin; they end where
// the next range begins.
type localRange struct {
	symbol symbolID
	from   int32
}

// usesOf returns the uses of a global name.
func (i *Info) usesOf(id nameID) []Use {
	from, to := i.usesAt[id], i.usesAt[id+1]
	return i.uses[from:to:to]
}

// localUsesOf returns the uses of a symbol that an import binds.
func (i *Info) localUsesOf(s symbolID) []Use {
	k := sort.Search(len(i.localOf), func(k int) bool { return i.localOf[k].symbol >= s })
	if k == len(i.localOf) || i.localOf[k].symbol != s {
		return nil
	}
	to := int32(len(i.localUses))
	if k+1 < len(i.localOf) {
		to = i.localOf[k+1].from
	}
	return i.localUses[i.localOf[k].from:to:to]
}

// useOf fills in the use that an event is.
func (i *Info) useOf(e *event, u *Use) {
	u.Node, u.Scope, u.When, u.Environment = e.node, e.scope, e.when, e.kind&eventEnvironment != 0
	u.Annotation, u.Store, u.Del = e.kind&eventAnnotation != 0, e.kind&eventStore != 0, e.kind&eventDel != 0
	if e.kind&eventComment != 0 {
		u.When = max(u.When, TypeChecking)
	} else if e.kind&eventText != 0 {
		u.When, u.Environment = i.when(e.node, true)
	}
}

// allEvents is every kind of event, loads included.
const allEvents eventKind = 0xff

// notGlobal returns the kinds of events that are no use of the module's name
// where a symbol is mentioned.
func (i *Info) notGlobal(s *symbol) eventKind {
	switch {
	case s.class == globalExplicit || s.class == globalImplicit || s.scope == 0:
		return eventImport
	case s.class == local && i.Scopes[s.scope].Kind == ClassScope:
		// A class body looks a name that it binds itself up in the module while it
		// is not bound yet.
		return eventImport | eventStore | eventDel
	}
	return allEvents
}
