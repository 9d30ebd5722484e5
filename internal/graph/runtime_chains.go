package graph

import (
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// Chain returns the shortest chain of statements by which the entry loads a
// module, the entry's own statement first and the one that names the module
// (or a module inside it) last. Of equally short chains it prefers the one
// that comes first in the order of the modules' statements. It is empty when
// nothing that runs at import, without the statements of cut, loads it.
func (r *Runtime) Chain(module string, cut Cut) []evidence.Statement {
	id, ok := r.ids[module]
	if !ok {
		return nil
	}
	return r.trace(r.search(r.cut(cut), nil, false), id)
}

// Chains returns one chain for every statement that loads the module: the
// shortest that ends in this statement and does not pass through the module
// or what is inside it, which cannot be loaded first. Short chains come first; limit bounds their number, 0 is no limit.
// For a module that init does not load, they end where functions of the
// project import it.
func (r *Runtime) Chains(module string, limit int) [][]evidence.Statement {
	id, ok := r.ids[module]
	if !ok {
		return nil
	}
	atInit := r.load(nil).has(id)
	without := newBits(len(r.names))
	for m, name := range r.names {
		if name == module || strings.HasPrefix(name, module+".") {
			without.set(int32(m))
		}
	}
	pred := r.search(nil, without, !atInit)
	var chains [][]evidence.Statement
	for s := range r.stmts {
		st := &r.stmts[s]
		if st.dead || st.deferred && (atInit || st.File == "") || !r.asksFor(st, id) {
			continue
		}
		if !pred.reached(st.from) {
			continue
		}
		chain := r.trace(pred, st.from)
		if !r.isStart(st) {
			chain = append(chain, st.Statement)
		}
		if len(chain) > 0 {
			chains = append(chains, chain)
		}
	}
	slices.SortStableFunc(chains, func(a, b []evidence.Statement) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return slices.CompareFunc(a, b, evidence.Statement.Compare)
	})
	if limit > 0 && len(chains) > limit {
		chains = chains[:limit]
	}
	return chains
}

// asksFor reports whether the statement asks for the module or for a module
// inside it.
func (r *Runtime) asksFor(s *runStatement, module int32) bool {
	for _, t := range s.to {
		for ; t >= 0 && !r.startup.has(t); t = r.up[t] {
			if t == module {
				return true
			}
		}
	}
	return false
}

// isStart reports whether a statement stands for the start of the entry and
// not for a line of the program.
func (r *Runtime) isStart(s *runStatement) bool { return s.From == mainModule && s.File == "" }

// search is a breadth-first search from the roots.
func (r *Runtime) search(cut, without bitset, deferred bool) *breadth {
	b := &breadth{via: make([]int32, len(r.names)), from: make([]int32, len(r.names))}
	for i := range b.from {
		b.from[i] = unreached
	}
	var inFunctions [][]int32
	if deferred {
		inFunctions = make([][]int32, len(r.names))
		for s := range r.stmts {
			if st := &r.stmts[s]; st.deferred && !st.dead && st.File != "" {
				inFunctions[st.from] = append(inFunctions[st.from], int32(s))
			}
		}
	}
	var queue []int32
	push := func(m, from, via int32) {
		if b.from[m] == unreached && !r.startup.has(m) && !without.has(m) {
			b.from[m], b.via[m] = from, via
			queue = append(queue, m)
		}
	}
	for _, m := range r.roots {
		push(m, start, -1)
	}
	for len(queue) > 0 {
		m := queue[0]
		queue = queue[1:]
		run := func(list []int32) {
			for _, s := range list {
				if cut.has(s) {
					continue
				}
				for _, t := range r.stmts[s].to {
					for ; t >= 0 && !r.startup.has(t); t = r.up[t] { // a statement loads the packages, too
						push(t, m, s)
					}
				}
			}
		}
		run(r.runs[m])
		if deferred {
			run(inFunctions[m])
		}
		if u := r.up[m]; u >= 0 {
			push(u, m, -1)
		}
	}
	return b
}

// The values of breadth.from that are no module.
const (
	unreached = -2
	start     = -1
)

// breadth is the tree of a breadth-first search: for each module the module
// that loads it, and the statement, -1 where no statement is involved.
type breadth struct{ from, via []int32 }

func (b *breadth) reached(m int32) bool { return b.from[m] != unreached }

// trace follows the tree back to the start.
func (r *Runtime) trace(b *breadth, m int32) []evidence.Statement {
	var chain []evidence.Statement
	if !b.reached(m) {
		return nil
	}
	for ; b.from[m] != start; m = b.from[m] {
		if s := b.via[m]; s >= 0 && !r.isStart(&r.stmts[s]) {
			chain = append(chain, r.stmts[s].Statement)
		}
	}
	slices.Reverse(chain)
	return chain
}
