package scope

import "fastpath/internal/python/syntax"

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
	for ; c != syntax.None; c = nodes[c].Next {
		if plain[nodes[c].Kind] && (len(a.deferred) == 0 || a.deferred[0] > c) {
			last = c
			continue
		}
		a.read(last, s)
		a.visit(c, s)
		a.skip(c)
	}
	a.read(last, s)
}

// read records the names up to the node n, which are evaluated in the scope s.
func (a *analyzer) read(n syntax.NodeID, s ScopeID) {
	k := 0
	for k < len(a.unread) && a.unread[k] < n {
		a.name(a.unread[k], s)
		k++
	}
	a.unread = a.unread[k:]
}

// skipText steps over the names in the text before an offset, which were visited.
func (a *analyzer) skipText(start int32) {
	nodes := a.File.Nodes
	k := 0
	for k < len(a.unread) && nodes[a.unread[k]].Start < start {
		k++
	}
	a.unread = a.unread[k:]
	k = 0
	for k < len(a.deferred) && nodes[a.deferred[k]].Start < start {
		k++
	}
	a.deferred = a.deferred[k:]
}

// skip steps over the names before the node n, which were visited.
func (a *analyzer) skip(n syntax.NodeID) {
	k := 0
	for k < len(a.unread) && a.unread[k] < n {
		k++
	}
	a.unread = a.unread[k:]
	k = 0
	for k < len(a.deferred) && a.deferred[k] < n {
		k++
	}
	a.deferred = a.deferred[k:]
}

// expression visits an expression that stands behind all names that were read
// or skipped.
func (a *analyzer) expression(n syntax.NodeID, s ScopeID) {
	if a.flat && a.annotation == 0 && (len(a.deferred) == 0 || a.deferred[0] > n) {
		a.read(n+1, s)
		return
	}
	a.visit(n, s)
	a.skip(n + 1)
}
