package scope

import (
	"math"
	"slices"

	"fastpath/internal/python/syntax"
)

// plain are the statements that only evaluate expressions, in source order and
// where they stand.
var plain = [256]bool{
	syntax.ExprStmt: true, syntax.Assign: true, syntax.Return: true, syntax.Assert: true, syntax.Raise: true, syntax.Delete: true,
	syntax.Pass: true, syntax.Break: true, syntax.Continue: true,
}

// body visits the statements of a Module, Block, Else or Finally.
//
// In the tree, all that is below a node stands before it, from its leftmost leaf
// on, and what is below siblings in their order. So the names of plain statements
// that follow each other are a stretch of File.Names, and no tree has to be
// climbed for them, unless part of an expression is Deferred. Files with errors
// may have nodes that belong to nothing.
func (a *analyzer) body(n syntax.NodeID, s ScopeID) {
	if !a.flat {
		a.children(n, s)
		return
	}
	nodes := a.File.Nodes
	c := nodes[n].First
	a.skipText(nodes[c].Start)
	last := syntax.None // the last of the plain statements whose names are not recorded yet
	for c != syntax.None {
		d := &nodes[c]
		if plain[d.Kind] && a.deferred > c {
			last = c
		} else {
			if a.unread < last {
				a.read(last, s)
			}
			a.visit(c, s)
			a.skip(c)
		}
		c = d.Next
	}
	if a.unread < last {
		a.read(last, s)
	}
}

// nodeAt returns the node at a place, or one that comes after all of a file.
func nodeAt(list []syntax.NodeID, k int) syntax.NodeID {
	if k < len(list) {
		return list[k]
	}
	return math.MaxInt32
}

// read records the names up to the node n, which are evaluated in the scope s:
// what name does for those outside of annotations, without a call for each.
func (a *analyzer) read(n syntax.NodeID, s ScopeID) {
	nodes, unread := a.File.Nodes, a.File.Names
	environment := eventKind(0)
	if a.environment {
		environment = eventEnvironment
	}
	node, k, holds, left := a.unread, a.unreadAt, a.open[s].holds, len(a.events)
	a.events = slices.Grow(a.events, len(unread)-k)
	events := a.events[:cap(a.events)]
	for node < n {
		name := a.intern(node)
		access := nodes[node].Flags / syntax.FlagStore & (accesses - 1)
		flag := accessFlags[access]
		symbol := a.names.list[name].current
		x := &a.symbols[symbol]
		if x.scope != s {
			symbol = a.mention(s, name, 0)
			x = &a.symbols[symbol]
		}
		x.flags |= flag
		if int(name) <= len(dynamicNames) && flag == use {
			a.suspects = append(a.suspects, suspect{node, symbol})
		}
		e := &events[left]
		e.node, e.scope, e.symbol, e.kind, e.when = node, s, symbol, eventKind(access)|environment, a.when
		left++
		if x.flags.heldBy(holds) {
			left--
		}
		k++
		node = nodeAt(unread, k)
	}
	a.events = events[:left]
	a.unread, a.unreadAt = node, k
}

// accesses is how many combinations there are of FlagStore and FlagDel. As numbers,
// they are those of eventStore and eventDel.
const accesses = (syntax.FlagStore|syntax.FlagDel)/syntax.FlagStore + 1

var accessFlags = [accesses]flags{use, defLocal, defLocal, defLocal}

// skipText steps over the names in the text before an offset, which were visited.
func (a *analyzer) skipText(start int32) {
	f := a.File
	for a.unreadAt < len(f.Names) && f.Nodes[a.unread].Start < start {
		a.unreadAt++
		a.unread = nodeAt(f.Names, a.unreadAt)
	}
	for a.deferredAt < len(f.Deferred) && f.Nodes[a.deferred].Start < start {
		a.deferredAt++
		a.deferred = nodeAt(f.Deferred, a.deferredAt)
	}
}

// skip steps over the names before the node n, which were visited.
func (a *analyzer) skip(n syntax.NodeID) {
	for a.unread < n {
		a.unreadAt++
		a.unread = nodeAt(a.File.Names, a.unreadAt)
	}
	for a.deferred < n {
		a.deferredAt++
		a.deferred = nodeAt(a.File.Deferred, a.deferredAt)
	}
}

// part visits an expression within one that is Deferred, or beside it. It stands
// anywhere in the statement that is being visited, which no call of expression is
// interrupted by.
func (a *analyzer) part(n syntax.NodeID, s ScopeID) {
	if !a.flat || a.annotation != 0 {
		a.visit(n, s)
		return
	}
	nodes := a.File.Nodes
	first := n
	for c := n; c != syntax.None; c = nodes[c].First {
		first = c
	}
	a.unreadAt = seek(a.File.Names, a.unreadAt, first)
	a.deferredAt = seek(a.File.Deferred, a.deferredAt, first)
	a.unread, a.deferred = nodeAt(a.File.Names, a.unreadAt), nodeAt(a.File.Deferred, a.deferredAt)
	switch {
	case a.deferred <= n:
		a.visit(n, s)
	case a.unread < n+1:
		a.read(n+1, s)
	}
}

// seek returns where in a list the nodes from n on begin, which is near k.
func seek(list []syntax.NodeID, k int, n syntax.NodeID) int {
	for k > 0 && list[k-1] >= n {
		k--
	}
	for k < len(list) && list[k] < n {
		k++
	}
	return k
}

// expression visits an expression that stands behind all names that were read
// or skipped.
func (a *analyzer) expression(n syntax.NodeID, s ScopeID) {
	if a.flat && a.annotation == 0 && a.deferred > n {
		a.read(n+1, s)
		return
	}
	a.visit(n, s)
	a.skip(n + 1)
}
