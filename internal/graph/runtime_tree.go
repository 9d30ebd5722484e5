package graph

import (
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// LoadNode is a module in the tree of loads: its parent is the module that asked
// for it first. The tree shows where time was spent, not what it would save;
// Alone and Saves say that.
type LoadNode struct {
	Module    string
	Statement evidence.Statement // of the parent, or of a module that the parent contains; zero where none is known
	SelfMS    float64
	AloneMS   float64     // by the rules of Runtime.Alone
	SavesMS   float64     // what goes with the statement, given all others
	Missing   bool        // was looked for in vain
	Children  []*LoadNode // in load order
}

// LoadTree returns what init loads as the interpreter nests it: a package that
// is loaded for a module inside it is that module's first child, unless the
// statement names the package. Self times of the tree add up to Total(nil).
// Without Order and OrderLibraries, the statements of a module are taken in
// alphabetical order, so the place of a shared module among its importers can
// differ from the one that was measured.
func (r *Runtime) LoadTree() []*LoadNode {
	t := &loadTree{Runtime: r, seen: newBits(len(r.names)), saves: r.Exclusive(nil)}
	top := &LoadNode{}
	for _, root := range r.roots {
		if r.names[root] == mainModule && !r.known.has(root) {
			t.seen.set(root)
			t.body(root, top)
			continue
		}
		t.load(root, -1, top)
	}
	return top.Children
}

// OrderLibraries sorts the statements of modules outside of the project by their
// place in the source. written returns what the import statements of a module
// name, as they are written and in source order; nil where there is no source.
// Imports by calls have no place and come last. It works for the trees of
// LoadTree; the other figures do not depend on it.
func (r *Runtime) OrderLibraries(written func(module string) []string) {
	for m, list := range r.runs {
		if r.project[int32(m)] || len(list) < 2 {
			continue
		}
		place := map[string]int{}
		for i, name := range written(r.names[m]) {
			if _, ok := place[name]; !ok {
				place[name] = i
			}
		}
		if len(place) == 0 {
			continue
		}
		at := func(s int32) int {
			if i, ok := place[r.stmts[s].Module]; ok {
				return i
			}
			return 1 << 30
		}
		slices.SortStableFunc(list, func(a, b int32) int { return at(a) - at(b) })
	}
}

// loadTree is one walk in load order.
type loadTree struct {
	*Runtime
	seen  bitset
	saves *Exclusive
}

// load adds a module below parent, with the packages around it inside, as the
// import of a module imports them.
func (t *loadTree) load(m, stmt int32, parent *LoadNode) {
	if t.startup.has(m) || t.seen.has(m) {
		return
	}
	n := &LoadNode{Module: t.names[m], SelfMS: t.self[m], Missing: t.missing.has(m)}
	if stmt >= 0 {
		n.Statement = t.stmts[stmt].Statement
		n.SavesMS, _ = t.saves.Saves(n.Statement)
		n.AloneMS = t.sum(t.aloneFrom(m, t.stmts[stmt].from))
	} else {
		n.AloneMS = t.sum(t.walk([]int32{m}, nil, nil))
	}
	if u := t.up[m]; u >= 0 {
		if t.load(u, stmt, n); t.seen.has(m) { // the package loads it itself
			parent.Children = append(parent.Children, n.Children...)
			return
		}
	}
	t.seen.set(m)
	t.body(m, n)
	if t.known.has(m) || len(n.Children) > 0 {
		parent.Children = append(parent.Children, n)
	}
}

// body runs the statements of a module.
func (t *loadTree) body(m int32, n *LoadNode) {
	for _, s := range t.runs[m] {
		for _, to := range t.stmts[s].to {
			if u := t.up[to]; u >= 0 && !names(t.stmts[s].Module, t.names[to]) {
				t.load(u, s, n) // "from pkg import sub" loads pkg for itself
			}
			t.load(to, s, n)
		}
	}
}

// names reports whether a statement's module, as written, is the module itself
// and not a package that the statement takes it from.
func names(written, module string) bool {
	if relative := strings.TrimLeft(written, "."); relative != written {
		return relative != "" && strings.HasSuffix(module, "."+relative)
	}
	return strings.HasPrefix(written, "@") || written == module
}

// aloneFrom is what a module costs by itself where the module from asks for it.
func (r *Runtime) aloneFrom(m, from int32) bitset {
	if r.entries.has(m) {
		return r.walk([]int32{m}, nil, nil)
	}
	there := r.entries.clone()
	for ; from >= 0; from = r.up[from] {
		there.set(from)
	}
	return r.walk([]int32{m}, nil, there)
}
