package scope

import (
	"cmp"
	"slices"

	"fastpath/internal/python/syntax"
)

// eventKind says what an event is; a load has none of the bits.
type eventKind uint8

const (
	eventStore eventKind = 1 << iota
	eventDel
	eventImport      // bound by an import statement: this is no use
	eventAnnotation  // part of an annotation
	eventText        // in a string annotation
	eventEnvironment // Use.Environment
	eventComment     // in a type comment
	eventNonlocal    // a scope in between says that the name is no global one
)

// event is one place that mentions a name.
type event struct {
	node   syntax.NodeID
	scope  ScopeID  // in which it is written
	symbol symbolID // of an open scope
	kind   eventKind
	when   When
}

// collectUses sorts the events that mean the module's names by symbol: those that
// are left when all other scopes are.
func (a *analyzer) collectUses() {
	if a.nonlocal {
		a.events = slices.DeleteFunc(a.events, func(e event) bool { return e.kind&eventNonlocal != 0 })
	}
	events, symbols := a.events, a.symbols
	for k := a.open[0].first; k != 0; k = symbols[k].next {
		symbols[k].means = 0 // how many there are
	}
	for k := range events {
		symbols[events[k].symbol].means++
	}
	ranges := a.usesOf[:0]
	at := int32(0)
	for k := a.open[0].first; k != 0; k = symbols[k].next { // the last ones first
		if x := &symbols[k]; x.means > 0 {
			ranges = append(ranges, useRange{symbol: k, from: at, to: at})
			at += int32(x.means)
			x.means = symbolID(len(ranges))
		}
	}
	uses := slices.Grow(a.uses[:0], len(events))[:len(events)]
	unordered := !a.flat
	for k := range events {
		e := &events[k]
		r := &ranges[symbols[e.symbol].means-1]
		a.useOf(e, &uses[r.to])
		r.to++
		if e.node < r.last { // else they stand there as in the text, as leaves of the tree
			unordered = true
		}
		r.last = e.node
	}
	if unordered {
		nodes := a.File.Nodes
		for k := range ranges {
			slices.SortStableFunc(uses[ranges[k].from:ranges[k].to], func(x, y Use) int { return cmp.Compare(nodes[x.Node].Start, nodes[y.Node].Start) })
		}
	}
	a.uses, a.usesOf = uses, ranges
	a.collectLocalUses()
}

// collectLocalUses sorts what is in a.local.
func (a *analyzer) collectLocalUses() {
	nodes := a.File.Nodes
	slices.SortStableFunc(a.local, func(x, y event) int {
		return cmp.Or(cmp.Compare(y.symbol, x.symbol), cmp.Compare(nodes[x.node].Start, nodes[y.node].Start))
	})
	uses, ranges := slices.Grow(a.localUses[:0], len(a.local))[:len(a.local)], a.localOf[:0]
	for k := range a.local {
		e := &a.local[k]
		a.useOf(e, &uses[k])
		if k == 0 || e.symbol != a.local[k-1].symbol {
			ranges = append(ranges, useRange{symbol: e.symbol, from: int32(k), to: int32(k)})
		}
		ranges[len(ranges)-1].to++
	}
	a.localUses, a.localOf = uses, ranges
}

// useRange says which uses are those of a symbol.
type useRange struct {
	symbol   symbolID
	from, to int32
	last     syntax.NodeID // that was added
}

// between returns the uses of a symbol, given those of all. The ranges are
// sorted by symbol, the last one first.
func between(uses []Use, ranges []useRange, s symbolID) []Use {
	k, ok := slices.BinarySearchFunc(ranges, s, func(r useRange, s symbolID) int { return cmp.Compare(s, r.symbol) })
	if !ok {
		return nil
	}
	r := ranges[k]
	return uses[r.from:r.to:r.to]
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
