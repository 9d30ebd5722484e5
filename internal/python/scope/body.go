package scope

import (
	"math"
	"slices"

	"fastpath/internal/python/syntax"
)

// body visits the statements of a Module, Block, Else or Finally.
//
// In the tree, all that is below a node stands before it, from its leftmost leaf
// on, and what is below siblings in their order, but for the Module and for the Arg
// of a generator. So the names of statements that
// follow each other are a stretch of File.Names, and no tree has to be climbed for
// them, unless there is something Special in them. Files with errors may have nodes
// that belong to nothing.
func (a *analyzer) body(n syntax.NodeID, s ScopeID) {
	switch {
	case !a.flat:
		a.children(n, s)
		return
	case n != syntax.Root && a.special > n:
		a.read(n, s)
		return
	}
	nodes := a.File.Nodes
	last := syntax.None // the last of the statements whose names are not recorded yet
	for c := nodes[n].First; c != syntax.None; c = nodes[c].Next {
		if a.special > c {
			last = c
			continue
		}
		if a.unread < last {
			a.read(last, s)
		}
		a.visit(c, s)
		a.skip(c + 1)
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

// skip steps over the names before the node n, which were visited.
func (a *analyzer) skip(n syntax.NodeID) {
	for a.unread < n {
		a.unreadAt++
		a.unread = nodeAt(a.File.Names, a.unreadAt)
	}
	for a.special < n {
		a.specialAt++
		a.special = nodeAt(a.File.Special, a.specialAt)
	}
}

// part visits an expression within one that is Special, or beside it. It stands
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
	a.specialAt = seek(a.File.Special, a.specialAt, first)
	a.unread, a.special = nodeAt(a.File.Names, a.unreadAt), nodeAt(a.File.Special, a.specialAt)
	switch {
	case a.special <= n:
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

// expression visits an expression or another part of a statement that stands behind
// all names that were read or skipped.
func (a *analyzer) expression(n syntax.NodeID, s ScopeID) {
	if a.flat && a.annotation == 0 && a.special > n {
		if a.unread <= n {
			a.read(n+1, s)
		}
		return
	}
	a.visit(n, s)
	a.skip(n + 1)
}

// parts visits the children of a node, like expression.
func (a *analyzer) parts(n syntax.NodeID, s ScopeID) {
	if !a.flat || a.annotation != 0 {
		a.children(n, s)
		return
	}
	nodes := a.File.Nodes
	for c := nodes[n].First; c != syntax.None; c = nodes[c].Next {
		if a.special > c {
			if a.unread <= c {
				a.read(c+1, s)
			}
			continue
		}
		a.visit(c, s)
		a.skip(c + 1)
	}
}
