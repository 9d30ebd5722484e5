package rewrite

import (
	"sort"

	"fastpath/internal/python/syntax"
)

// A place is where an import goes: before the statement stmt of the suite
// block.
type place struct {
	block, stmt syntax.NodeID
}

// unit is the code of one function that needs an import of its own.
type unit struct {
	fn   syntax.NodeID   // FunctionDef
	uses []syntax.NodeID // in source order
	at   place
}

// functionOf returns the innermost function whose body holds n, or None.
// Decorators, defaults, annotations and return annotations belong to the
// function around; lambdas, comprehensions and class bodies are looked through.
func functionOf(f *syntax.File, n syntax.NodeID) syntax.NodeID {
	for p, c := f.Parent(n), n; p != syntax.None; p, c = f.Parent(p), p {
		if f.Kind(p) == syntax.FunctionDef && f.Kind(c) == syntax.Block {
			return p
		}
	}
	return syntax.None
}

// suiteOf returns the body of a function or of another statement.
func suiteOf(f *syntax.File, n syntax.NodeID) syntax.NodeID { return f.Child(n, syntax.Block) }

// inside reports whether n is anc or hangs below it.
func inside(f *syntax.File, n, anc syntax.NodeID) bool {
	for ; n != syntax.None; n = f.Parent(n) {
		if n == anc {
			return true
		}
	}
	return false
}

// units groups the uses of one name by function and places an import for each
// function. A nested function whose definition comes after the import of an
// enclosing one shares that import; every other function gets its own, so that
// a function that is only defined does not load the module. loose are the uses
// outside of all functions.
func units(f *syntax.File, uses []syntax.NodeID) (out []unit, loose []syntax.NodeID) {
	byFn := map[syntax.NodeID]*unit{}
	var order []syntax.NodeID
	for _, u := range uses {
		fn := functionOf(f, u)
		if fn == syntax.None {
			loose = append(loose, u)
			continue
		}
		if byFn[fn] == nil {
			byFn[fn] = &unit{fn: fn}
			order = append(order, fn)
		}
		byFn[fn].uses = append(byFn[fn].uses, u)
	}
	sort.Slice(order, func(i, j int) bool { return f.Node(order[i]).Start < f.Node(order[j]).Start })
	var done []*unit
	for _, fn := range order { // enclosing functions come first
		u := byFn[fn]
		if sharesImport(f, fn, done) {
			continue
		}
		u.at = placeFor(f, suiteOf(f, fn), u.uses)
		done = append(done, u)
	}
	for _, u := range done {
		out = append(out, *u)
	}
	return out, loose
}

// sharesImport reports whether the function fn stands after the import that
// one of the enclosing functions gets, in the same block or deeper, so that it
// sees the import as a free variable.
func sharesImport(f *syntax.File, fn syntax.NodeID, done []*unit) bool {
	// The nearest enclosing function that binds the name decides.
	for outer := functionOf(f, fn); outer != syntax.None; outer = functionOf(f, outer) {
		for _, u := range done {
			if u.fn == outer {
				return inside(f, fn, u.at.block) && f.Node(fn).End > f.Node(u.at.stmt).Start && !inLoop(f, u.at.stmt, u.fn)
			}
		}
	}
	return false
}

// inLoop reports whether n stands in the body of a loop of the function fn.
func inLoop(f *syntax.File, n, fn syntax.NodeID) bool {
	for c, p := n, f.Parent(n); p != syntax.None && p != fn; c, p = p, f.Parent(p) {
		if k := f.Kind(p); (k == syntax.For || k == syntax.While) && f.Kind(c) == syntax.Block {
			return true
		}
	}
	return false
}

// placeFor returns the innermost block below root that contains all uses and
// stands outside of loops and nested scopes, and its first statement that
// holds a use. A block that always runs when its statement is reached (the
// body of a "with", of a "try") is left for the place before that statement,
// where neither the handlers nor the context manager can see the import.
func placeFor(f *syntax.File, root syntax.NodeID, uses []syntax.NodeID) place {
	block := root
	for {
		stmt, all := firstHolding(f, block, uses)
		if !all {
			return lift(f, root, place{block, stmt})
		}
		next := descend(f, stmt, uses)
		if next == syntax.None {
			return lift(f, root, place{block, stmt})
		}
		block = next
	}
}

// firstHolding returns the first statement of the suite that holds a use; all
// says that it holds every use.
func firstHolding(f *syntax.File, suite syntax.NodeID, uses []syntax.NodeID) (first syntax.NodeID, all bool) {
	all = true
	for _, u := range uses {
		s := childOn(f, suite, u)
		if first == syntax.None {
			first = s
			continue
		}
		if s != first {
			all = false
			if f.Node(s).Start < f.Node(first).Start {
				first = s
			}
		}
	}
	return first, all
}

// childOn returns the child of anc on the way down to n.
func childOn(f *syntax.File, anc, n syntax.NodeID) syntax.NodeID {
	for n != syntax.None && f.Parent(n) != anc {
		n = f.Parent(n)
	}
	return n
}

// descend returns the suite below stmt that contains all uses and may hold
// the import, or None.
func descend(f *syntax.File, stmt syntax.NodeID, uses []syntax.NodeID) syntax.NodeID {
	switch f.Kind(stmt) {
	case syntax.If, syntax.With, syntax.Try, syntax.Match:
	case syntax.For, syntax.While:
		// Only the "else" of a loop runs once.
		part := childOn(f, stmt, uses[0])
		if f.Kind(part) != syntax.Else {
			return syntax.None
		}
	default:
		return syntax.None
	}
	part := childOn(f, stmt, uses[0])
	for _, u := range uses[1:] {
		if childOn(f, stmt, u) != part {
			return syntax.None
		}
	}
	switch f.Kind(part) {
	case syntax.Block, syntax.Else, syntax.Finally:
		return part
	case syntax.Handler, syntax.Case:
		body := suiteOf(f, part)
		for _, u := range uses {
			if !inside(f, u, body) {
				return syntax.None
			}
		}
		return body
	}
	return syntax.None
}

// lift moves a place out of blocks that are no alternative: an "else" that is
// an "elif", the body of a "with" and the body of a "try".
func lift(f *syntax.File, root syntax.NodeID, p place) place {
	for p.block != root {
		owner := f.Parent(p.block)
		elif := f.Kind(p.block) == syntax.Else && f.Node(p.stmt).Flags&syntax.FlagElif != 0
		always := f.Kind(p.block) == syntax.Block && (f.Kind(owner) == syntax.With || f.Kind(owner) == syntax.Try)
		if !elif && !always {
			break
		}
		p = place{f.Parent(owner), owner}
	}
	return p
}
