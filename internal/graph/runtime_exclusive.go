package graph

import (
	"slices"

	"fastpath/internal/evidence"
)

// Exclusive holds what each single statement saves, given all others: the
// statement's subtree in the dominator tree. One computation answers for all
// statements; for sets of statements there is Saves.
type Exclusive struct {
	r        *Runtime
	children [][]int32 // dominator tree: modules first, then statements
}

// Exclusive computes the savings of all statements in a program whose init
// runs without the statements of cut.
//
// It is the algorithm of Cooper, Harvey and Kennedy: immediate dominators by
// iteration in reverse post-order, which for import graphs ends after two or
// three rounds.
func (r *Runtime) Exclusive(cut Cut) *Exclusive { return r.exclusive(r.cut(cut)) }

func (r *Runtime) exclusive(c bitset) *Exclusive {
	n := len(r.names)
	root := int32(n + len(r.stmts))
	var scratch []int32
	succ := func(v int32) []int32 {
		scratch = scratch[:0]
		module := func(m int32) {
			if m >= 0 && !r.startup.has(m) {
				scratch = append(scratch, m)
			}
		}
		switch {
		case v == root:
			for _, m := range r.roots {
				module(m)
			}
		case int(v) >= n:
			for _, m := range r.stmts[int(v)-n].to {
				module(m)
			}
		default:
			module(r.up[v])
			for _, s := range r.runs[v] {
				if !c.has(s) {
					scratch = append(scratch, int32(n)+s)
				}
			}
		}
		return scratch
	}

	// Post-order, with predecessors on the way.
	type frame struct {
		node int32
		todo []int32
	}
	number := make([]int32, root+1) // post-order number + 1; 0: not reached, -1: on the way
	preds := make([][]int32, root+1)
	order := make([]int32, 0, root+1)
	stack := []frame{{root, slices.Clone(succ(root))}}
	number[root] = -1
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if len(f.todo) == 0 {
			order = append(order, f.node)
			number[f.node] = int32(len(order))
			stack = stack[:len(stack)-1]
			continue
		}
		w := f.todo[0]
		f.todo = f.todo[1:]
		preds[w] = append(preds[w], f.node)
		if number[w] == 0 {
			number[w] = -1
			stack = append(stack, frame{w, slices.Clone(succ(w))})
		}
	}

	idom := make([]int32, root+1)
	for i := range idom {
		idom[i] = -1
	}
	idom[root] = root
	for changed := true; changed; {
		changed = false
		for i := len(order) - 2; i >= 0; i-- { // without the root, which comes last
			v := order[i]
			best := int32(-1)
			for _, p := range preds[v] {
				if idom[p] < 0 {
					continue
				}
				if best < 0 {
					best = p
					continue
				}
				a, b := p, best
				for a != b {
					for number[a] < number[b] {
						a = idom[a]
					}
					for number[b] < number[a] {
						b = idom[b]
					}
				}
				best = a
			}
			if idom[v] != best {
				idom[v], changed = best, true
			}
		}
	}
	x := &Exclusive{r: r, children: make([][]int32, root+1)}
	for _, v := range order {
		if v != root {
			x.children[idom[v]] = append(x.children[idom[v]], v)
		}
	}
	return x
}

// Saves returns what disappears from init when this statement alone goes: Σ
// self in ms, and the modules, sorted by name. A statement that does not run
// at import saves nothing.
func (x *Exclusive) Saves(s evidence.Statement) (ms float64, modules []string) {
	id, ok := x.r.byKey[key(s)]
	if !ok {
		return 0, nil
	}
	gone := x.subtree(id)
	return x.r.sum(gone), x.r.list(gone)
}

// subtree returns the modules that disappear with a statement.
func (x *Exclusive) subtree(id int32) bitset {
	n := len(x.r.names)
	gone := newBits(n)
	stack := []int32{int32(n) + id}
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if int(v) < n {
			gone.set(v)
		}
		stack = append(stack, x.children[v]...)
	}
	return gone
}
