package graph

import (
	"cmp"
	"container/heap"
	"slices"
	"strings"
)

// Chains returns one chain for every statement that asks for the module, or
// for one inside it: the shortest that ends with the statement, of those that
// run at import where there is one, and does not pass through the module or
// what is inside it, which cannot be loaded first. Short chains come first,
// and statements that never run last.
func (r *Reach) Chains(module string) [][]Link {
	w := r.web(module)
	if w == nil {
		return nil
	}
	loading := w.tree(w.from, func(a arc) bool { return w.link(a).AtImport() })
	running := w.tree(w.from, func(a arc) bool { return w.link(a).runs() })
	var chains [][]Link
	for from := range w.arcs {
		for _, a := range w.arcs[from] {
			t := running
			if w.link(a).AtImport() && loading.reached(int32(from)) {
				t = loading
			}
			if a.to == w.goal && t.reached(int32(from)) {
				chains = append(chains, w.chain(append(t.path(int32(from)), a)))
			}
		}
	}
	slices.SortStableFunc(chains, compareChains)
	return chains
}

// AllChains returns every chain of statements that leads to the module, or to
// one inside it, without passing a module twice: the shortest first, statements
// that never run last. They can be very many, so that it returns at most limit
// and says whether there are more.
func (r *Reach) AllChains(module string, limit int) (chains [][]Link, more bool) {
	w := r.web(module)
	if w == nil {
		return nil, false
	}
	all := w.arcs
	for _, never := range []bool{false, true} {
		w.arcs = make([][]arc, len(all))
		for from, arcs := range all {
			for _, a := range arcs {
				if a.to != w.goal || never == (w.link(a).rank() > 1) {
					w.arcs[from] = append(w.arcs[from], a)
				}
			}
		}
		paths, rest := w.paths(w.from, w.goal, limit-len(chains))
		more = more || rest
		for _, p := range paths {
			chains = append(chains, w.chain(p))
		}
	}
	return chains, more
}

// compareChains orders chains by what runs, length, and what runs at import.
func compareChains(a, b []Link) int {
	last := func(c []Link) int { return max(c[len(c)-1].rank(), 1) }
	worst := func(c []Link) int {
		rank := 0
		for k := range c {
			rank = max(rank, c[k].rank())
		}
		return rank
	}
	return cmp.Or(last(a)-last(b), len(a)-len(b), worst(a)-worst(b))
}

// web is the graph of a Reach for one module: a node for each stop outside of
// the module, one from which the starts are reached, and one for the module
// with what is inside it.
type web struct {
	digraph
	r          *Reach
	from, goal int32
}

// web returns nil where nothing imports the module.
func (r *Reach) web(module string) *web {
	inside := make([]bool, len(r.stops))
	any := false
	for k := range r.stops {
		inside[k] = r.stops[k].name == module || strings.HasPrefix(r.stops[k].name, module+".")
		any = any || inside[k]
	}
	if !any {
		return nil
	}
	n := int32(len(r.stops))
	w := &web{digraph: digraph{arcs: make([][]arc, n+2)}, r: r, from: n, goal: n + 1}
	for _, k := range r.starts {
		if !inside[k] {
			w.arcs[w.from] = append(w.arcs[w.from], arc{to: k, stop: -1})
		}
	}
	for k := range r.stops {
		if inside[k] {
			continue
		}
		links := r.stops[k].links
		for i := range links {
			a := arc{to: links[i].to, stop: int32(k), link: int32(i)}
			switch {
			case !inside[a.to]:
				if !links[i].runs() {
					continue
				}
			case slices.ContainsFunc(w.arcs[k], func(o arc) bool { return o.to == w.goal && links[o.link].same(&links[i]) }):
				continue
			default:
				a.to = w.goal
			}
			w.arcs[k] = append(w.arcs[k], a)
		}
	}
	return w
}

// beginning is the link to a start: no statement.
var beginning = Link{Runs: "import"}

func (w *web) link(a arc) *Link {
	if a.stop < 0 {
		return &beginning
	}
	return &w.r.stops[a.stop].links[a.link]
}

// chain returns the statements of a path, which begins with the link to a start.
func (w *web) chain(path []arc) []Link {
	out := make([]Link, 0, len(path)-1)
	for _, a := range path[1:] {
		out = append(out, *w.link(a))
	}
	return out
}

// digraph is a directed graph; there may be several arcs between two nodes.
type digraph struct{ arcs [][]arc } // by node

// arc leads to a node; stop and link say which statement it is.
type arc struct{ to, stop, link int32 }

// tree is the result of a breadth-first search: the arc by which each node was
// reached first.
type tree struct {
	root int32
	from []int32 // -1: not reached
	by   []arc
}

func (t *tree) reached(n int32) bool { return n == t.root || t.from[n] >= 0 }

// path returns the arcs from the root to a node that was reached.
func (t *tree) path(n int32) []arc {
	var out []arc
	for ; n != t.root; n = t.from[n] {
		out = append(out, t.by[n])
	}
	slices.Reverse(out)
	return out
}

// tree searches from a node along the arcs that pass.
func (g *digraph) tree(root int32, pass func(arc) bool) *tree {
	t := &tree{root: root, from: make([]int32, len(g.arcs)), by: make([]arc, len(g.arcs))}
	for k := range t.from {
		t.from[k] = -1
	}
	for queue := []int32{root}; len(queue) > 0; queue = queue[1:] {
		n := queue[0]
		for _, a := range g.arcs[n] {
			if !t.reached(a.to) && pass(a) {
				t.from[a.to], t.by[a.to] = n, a
				queue = append(queue, a.to)
			}
		}
	}
	return t
}

// route is a shortest path among those that begin with its first arcs and do
// not go on with one of the banned ones.
type route struct {
	path   []arc
	shared int // length of the beginning
	banned []arc
	order  int
}

// routes is a heap of routes, short ones first.
type routes []*route

func (h routes) Len() int { return len(h) }
func (h routes) Less(a, b int) bool {
	return cmp.Or(len(h[a].path)-len(h[b].path), h[a].order-h[b].order) < 0
}
func (h routes) Swap(a, b int) { h[a], h[b] = h[b], h[a] }
func (h *routes) Push(x any)   { *h = append(*h, x.(*route)) }
func (h *routes) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

// paths returns the paths between two nodes that pass no node twice, the
// shortest first, at most limit of them, and whether there are more.
//
// It is Yen's algorithm as Lawler arranged it (Management Science 18, 1972):
// the paths that are left are split into disjoint sets by where they leave the
// last path, and a search finds the shortest path of each set.
func (g *digraph) paths(from, goal int32, limit int) (paths [][]arc, more bool) {
	var queue routes
	order := 0
	add := func(begin, banned []arc) {
		passed := map[int32]bool{from: true}
		at := from
		for _, a := range begin {
			at = a.to
			passed[at] = true
		}
		t := g.tree(at, func(a arc) bool {
			return !passed[a.to] && !slices.Contains(banned, a) // no banned arc begins elsewhere
		})
		if t.reached(goal) {
			order++
			heap.Push(&queue, &route{append(slices.Clip(begin), t.path(goal)...), len(begin), banned, order})
		}
	}
	add(nil, nil)
	for len(queue) > 0 && len(paths) < limit {
		r := heap.Pop(&queue).(*route)
		paths = append(paths, r.path)
		for k := r.shared; k < len(r.path); k++ {
			banned := []arc{r.path[k]}
			if k == r.shared {
				banned = append(banned, r.banned...)
			}
			add(r.path[:k], banned)
		}
	}
	return paths, len(queue) > 0
}
