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
	node   syntax.NodeID
	symbol symbolID
	kind   eventKind
	when   When
}

// localUse is a use of a name that an import binds in a function or class.
type localUse struct {
	symbol symbolID // that the import binds
	use    Use
}

// collectUses keeps the events that mean the module's names, by name, and
// those of names that an import binds elsewhere, by symbol.
func (a *analyzer) collectUses() {
	at := resize(&a.usesAt, a.names.len()+1)
	locals := a.local[:0]
	for k := range a.events {
		e := &a.events[k]
		if e.kind&eventImport != 0 {
			continue
		}
		s := &a.symbols[e.symbol]
		if a.meansGlobal(e, s) {
			at[s.name+1]++
		}
		if o := &a.symbols[s.owner]; o.scope != 0 && o.flags&defImport != 0 {
			locals = append(locals, localUse{s.owner, a.useOf(e)})
		}
	}
	a.local = locals
	for n := 1; n < len(at); n++ {
		at[n] += at[n-1]
	}
	uses := resize(&a.uses, int(at[len(at)-1]))
	next := append(a.fill[:0], at...)
	for k := range a.events {
		e := &a.events[k]
		if s := &a.symbols[e.symbol]; e.kind&eventImport == 0 && a.meansGlobal(e, s) {
			uses[next[s.name]] = a.useOf(e)
			next[s.name]++
		}
	}
	a.fill = next
	nodes := a.File.Nodes
	inOrder := func(x, y Use) int { return cmp.Compare(nodes[x.Node].Start, nodes[y.Node].Start) }
	for n := range a.names.len() {
		if l := uses[at[n]:at[n+1]]; len(l) > 1 && !slices.IsSortedFunc(l, inOrder) {
			slices.SortStableFunc(l, inOrder)
		}
	}
	slices.SortStableFunc(locals, func(x, y localUse) int {
		return cmp.Or(cmp.Compare(x.symbol, y.symbol), inOrder(x.use, y.use))
	})
	own := slices.Grow(a.localUses[:0], len(locals))
	for _, l := range locals {
		own = append(own, l.use)
	}
	a.localUses = own
	symbols := a.localOf[:0]
	for k, l := range locals {
		if k == 0 || l.symbol != locals[k-1].symbol {
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

func (i *Info) useOf(e *event) Use {
	u := Use{
		Node: e.node, Scope: i.symbols[e.symbol].scope, When: e.when, Environment: e.kind&eventEnvironment != 0,
		Annotation: e.kind&eventAnnotation != 0, Store: e.kind&eventStore != 0, Del: e.kind&eventDel != 0,
	}
	if e.kind&eventComment != 0 {
		u.When = max(u.When, TypeChecking)
	} else if e.kind&eventText != 0 {
		u.When, u.Environment = i.when(e.node, true)
	}
	return u
}

// meansGlobal reports whether an event, which is no import's, is a use of the
// module's name.
func (i *Info) meansGlobal(e *event, s *symbol) bool {
	if s.class == globalExplicit || s.class == globalImplicit || s.scope == 0 {
		return true
	}
	// A class body looks a name that it binds itself up in the module while it
	// is not bound yet.
	return s.class == local && e.kind&(eventStore|eventDel) == 0 && i.Scopes[s.scope].Kind == ClassScope
}
