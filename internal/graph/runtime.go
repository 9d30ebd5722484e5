package graph

import (
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// mainModule stands for whatever starts the entry.
const mainModule = "__main__"

// Cut is a set of statements that no longer run at import.
type Cut map[evidence.Statement]bool

// Runtime is the measured graph of one entry: modules and statements are the
// nodes; a module runs its statements, a statement loads its targets, and a
// module loads the packages that contain it. Every figure is a sum of self
// times over a reachable set, so the figures of a set of statements are right
// where adding rows is not.
//
// Modules that start-up has loaded are not part of the graph. Modules of init
// that no recorded edge explains are taken for granted: no cut removes them.
// Statements of functions are known, but run only when asked for. A Runtime
// is safe for concurrent readers once Order or Adapt has returned.
type Runtime struct {
	names []string         // of the modules, by id
	ids   map[string]int32 // and back
	self  []float64        // ms
	timed bool             // some of self is not 0
	up    []int32          // the package that contains the module, or -1

	files   map[string]int32 // module of a project file
	project map[int32]bool   // the values of files
	mixed   bitset           // modules that lead back into the project; nil before Adapt

	known   bitset // has a row
	missing bitset // has a row, was looked for in vain
	init    bitset // has a row of phase init
	startup bitset

	stmts []runStatement
	byKey map[evidence.Statement]int32
	runs  [][]int32 // by module: the statements that its import runs, in order

	anything bool // was measured

	roots   []int32 // modules from which everything of init is reachable
	entries bitset  // what "__main__" imports, and the packages around it: always there
	adds    []float64
}

// runStatement is one statement of the graph.
type runStatement struct {
	evidence.Statement
	from     int32
	to       []int32
	deferred bool
	assumed  bool // not measured: taken from the source
	dead     bool // no longer in the source
}

// NewRuntime builds the graph of an entry; e may be nil, then it is empty.
// Without Order, the statements of a module are taken in the order of the
// evidence, which is alphabetical.
func NewRuntime(e *evidence.Entry) *Runtime {
	r := &Runtime{ids: map[string]int32{}, files: map[string]int32{}, project: map[int32]bool{}, byKey: map[evidence.Statement]int32{}}
	if e == nil {
		return r
	}
	for _, m := range e.Modules {
		r.file(m.File, r.node(m.Name))
	}
	for _, d := range e.Edges {
		r.file(d.File, r.node(d.From))
		for _, t := range d.To {
			r.node(t)
		}
	}
	startup := make([]int32, 0, len(e.Startup))
	for _, s := range e.Startup {
		if s != mainModule { // it is there, but has not run yet
			startup = append(startup, r.node(s))
		}
	}
	n := len(r.names)
	r.anything = len(e.Modules) > 0
	r.known, r.missing, r.init, r.startup, r.entries = newBits(n), newBits(n), newBits(n), newBits(n), newBits(n)
	for _, s := range startup {
		r.startup.set(s)
	}
	r.self = make([]float64, n)
	for _, m := range e.Modules {
		id := r.ids[m.Name]
		r.known.set(id)
		if m.Kind == "missing" {
			r.missing.set(id)
		}
		r.self[id] = m.SelfMS
		r.timed = r.timed || m.SelfMS != 0
		if m.Phase != evidence.PhaseDeferred {
			r.init.set(id)
		}
	}
	r.up = make([]int32, n)
	for id, name := range r.names {
		r.up[id] = r.container(name)
	}
	r.runs = make([][]int32, n)
	for _, d := range e.Edges {
		r.edge(d)
	}
	r.findRoots()
	r.simulate()
	return r
}

// node returns the id of a module, a new one if need be.
func (r *Runtime) node(name string) int32 {
	id, ok := r.ids[name]
	if !ok {
		id = int32(len(r.names))
		r.ids[name] = id
		r.names = append(r.names, name)
	}
	return id
}

// file remembers the module of a project file; the first name wins.
func (r *Runtime) file(file string, id int32) {
	if _, ok := r.files[file]; !ok && file != "" {
		r.files[file] = id
		r.project[id] = true
	}
}

// container returns the nearest package around a module that is a node, or -1.
func (r *Runtime) container(name string) int32 {
	for i := strings.LastIndexByte(name, '.'); i > 0; i = strings.LastIndexByte(name[:i], '.') {
		if id, ok := r.ids[name[:i]]; ok {
			return id
		}
	}
	return -1
}

// key is the identity of a statement. A project file is one module, by
// whatever name it was imported ("app" or "__main__").
func key(s evidence.Statement) evidence.Statement {
	if s.File != "" {
		s.From = ""
	}
	return s
}

// edge adds one edge. Rows of one statement are one node.
func (r *Runtime) edge(d evidence.Edge) {
	k := key(d.Statement)
	id, ok := r.byKey[k]
	if !ok {
		id = int32(len(r.stmts))
		r.byKey[k] = id
		r.stmts = append(r.stmts, runStatement{Statement: d.Statement, from: r.ids[d.From], deferred: true})
	}
	s := &r.stmts[id]
	for _, t := range d.To {
		if to := r.ids[t]; !slices.Contains(s.to, to) {
			s.to = append(s.to, to)
		}
	}
	// A statement of a module's body runs whenever the module is imported,
	// also in a module that is itself deferred.
	if s.deferred && (d.Phase != evidence.PhaseDeferred || d.Qualname == "") {
		s.deferred = false
		r.runs[s.from] = append(r.runs[s.from], id)
	}
}

// findRoots starts at what "__main__" runs and adds modules of init that are
// reached from nowhere, those first that nothing else of them explains.
func (r *Runtime) findRoots() {
	if id, ok := r.ids[mainModule]; ok {
		r.roots = append(r.roots, id)
		for _, s := range r.runs[id] {
			if r.stmts[s].File != "" {
				r.entries.set(id) // a script: it is the entry
				continue
			}
			for _, t := range r.stmts[s].to {
				for ; t >= 0; t = r.up[t] {
					r.entries.set(t)
				}
			}
		}
	}
	seen := r.walk(r.roots, nil, nil)
	targeted := newBits(len(r.names))
	for id := range r.names {
		if !r.init.has(int32(id)) {
			continue
		}
		if u := r.up[id]; u >= 0 {
			targeted.set(u)
		}
		for _, s := range r.runs[id] {
			for _, t := range r.stmts[s].to {
				if t != int32(id) {
					targeted.set(t)
				}
			}
		}
	}
	for _, wanted := range []bool{false, true} {
		for id := range r.names {
			m := int32(id)
			if r.init.has(m) && !r.startup.has(m) && !seen.has(m) && targeted.has(m) == wanted {
				r.roots = append(r.roots, m)
				r.walkInto(seen, []int32{m}, nil, nil)
			}
		}
	}
}

// Has reports whether the evidence knows the statement.
func (r *Runtime) Has(s evidence.Statement) bool {
	_, ok := r.byKey[key(s)]
	return ok
}

// Deferred reports whether the statement is known and runs only in a function.
func (r *Runtime) Deferred(s evidence.Statement) bool {
	id, ok := r.byKey[key(s)]
	return ok && r.stmts[id].deferred
}

// Targets returns the modules that the statement asks for, in load order.
func (r *Runtime) Targets(s evidence.Statement) []string {
	id, ok := r.byKey[key(s)]
	if !ok {
		return nil
	}
	var names []string
	for _, t := range r.stmts[id].to {
		names = append(names, r.names[t])
	}
	return names
}

// Self returns the time, in ms, that a module's own body takes; known is false
// for modules without a row.
func (r *Runtime) Self(module string) (ms float64, known bool) {
	id, ok := r.ids[module]
	if !ok || !r.known.has(id) {
		return 0, false
	}
	return r.self[id], true
}

// InStartup reports whether start-up had loaded the module before the entry.
func (r *Runtime) InStartup(module string) bool {
	id, ok := r.ids[module]
	return ok && r.startup.has(id)
}

// Loaded returns the modules that init still loads when the statements of cut
// no longer run at import. Only modules with a row count, and not those that
// were looked for in vain, though Total has the time of the search.
func (r *Runtime) Loaded(cut Cut) map[string]bool {
	loaded := map[string]bool{}
	there := r.load(cut)
	there.andNot(r.missing)
	there.each(func(id int32) { loaded[r.names[id]] = true })
	return loaded
}

// load is Loaded as a set of ids, with the missing ones.
func (r *Runtime) load(cut Cut) bitset {
	seen := r.walk(r.roots, r.cut(cut), nil)
	seen.and(r.known)
	return seen
}

// cut translates a Cut.
func (r *Runtime) cut(cut Cut) bitset {
	if len(cut) == 0 {
		return nil
	}
	b := newBits(len(r.stmts))
	for s, on := range cut {
		if id, ok := r.byKey[key(s)]; ok && on {
			b.set(id)
		}
	}
	return b
}

// Total returns the Σ self, in ms, of what Loaded returns.
func (r *Runtime) Total(cut Cut) float64 { return r.sum(r.load(cut)) }

// Saves returns what disappears from init when the statements of cut no
// longer run: Σ self in ms, and the modules, sorted by name.
func (r *Runtime) Saves(cut Cut) (ms float64, modules []string) {
	gone := r.load(nil)
	gone.andNot(r.load(cut))
	return r.sum(gone), r.list(gone)
}

// Alone returns what the statement costs by itself, in ms: Σ self over
// everything reachable from its targets, without what start-up has loaded,
// what the cut makes lazy, and what is there whenever the statement runs (the
// importing module, the entry, and the packages around them). The statement
// itself may be in the cut, and may stand in a function.
func (r *Runtime) Alone(s evidence.Statement, cut Cut) float64 {
	id, ok := r.byKey[key(s)]
	if !ok || !r.timed {
		return 0
	}
	return r.sum(r.alone(id, r.cut(cut)))
}

func (r *Runtime) alone(id int32, cut bitset) bitset {
	there := r.entries.clone()
	for m := r.stmts[id].from; m >= 0; m = r.up[m] {
		there.set(m)
	}
	return r.walk(r.stmts[id].to, cut, there)
}

// Union returns the Σ self, in ms, of everything that the statements load
// together, by the rules of Alone.
func (r *Runtime) Union(list []evidence.Statement, cut Cut) float64 {
	c := r.cut(cut)
	all := newBits(len(r.names))
	for _, s := range list {
		if id, ok := r.byKey[key(s)]; ok {
			all.or(r.alone(id, c))
		}
	}
	return r.sum(all)
}

// Sequence returns what each statement adds, in ms, when they run one after
// the other and nothing else was imported before, by the rules of Alone.
func (r *Runtime) Sequence(list []evidence.Statement, cut Cut) []float64 {
	c := r.cut(cut)
	all := newBits(len(r.names))
	adds := make([]float64, len(list))
	for i, s := range list {
		if id, ok := r.byKey[key(s)]; ok {
			more := r.alone(id, c)
			more.andNot(all)
			adds[i] = r.sum(more)
			all.or(more)
		}
	}
	return adds
}

// FirstUse returns what the statements load, in ms, and which modules, when
// they run in a process whose init ran without the statements of cut.
func (r *Runtime) FirstUse(list []evidence.Statement, cut Cut) (ms float64, modules []string) {
	there := r.load(cut)
	c := r.cut(cut)
	all := newBits(len(r.names))
	for _, s := range list {
		if id, ok := r.byKey[key(s)]; ok {
			all.or(r.walk(r.stmts[id].to, c, there))
		}
	}
	return r.sum(all), r.list(all)
}

// Adds returns what the statement costs where it stands, in ms, given what
// was loaded before; for a statement of a function, given all of init.
func (r *Runtime) Adds(s evidence.Statement) float64 {
	id, ok := r.byKey[key(s)]
	if !ok {
		return 0
	}
	if r.stmts[id].deferred {
		return r.sum(r.walk(r.stmts[id].to, nil, r.load(nil)))
	}
	return r.adds[id]
}

// simulate loads everything in order and books what each statement adds. A
// stack of its own, because import chains can be deep.
func (r *Runtime) simulate() {
	r.adds = make([]float64, len(r.stmts))
	type frame struct {
		module int32
		next   int // statement of the module
		target int // of that statement
		before float64
	}
	seen := newBits(len(r.names))
	total := 0.0
	var stack []frame
	load := func(m int32) {
		if m < 0 || r.startup.has(m) || seen.has(m) {
			return
		}
		// Packages are loaded before what they contain: push them on top.
		for ; m >= 0 && !r.startup.has(m) && !seen.has(m); m = r.up[m] {
			seen.set(m)
			total += r.self[m]
			stack = append(stack, frame{module: m, before: -1})
		}
	}
	for _, root := range r.roots {
		load(root)
		for len(stack) > 0 {
			f := &stack[len(stack)-1]
			list := r.runs[f.module]
			if f.next == len(list) {
				stack = stack[:len(stack)-1]
				continue
			}
			s := list[f.next]
			if f.before < 0 {
				f.before = total
			}
			if to := r.stmts[s].to; f.target < len(to) {
				f.target++
				load(to[f.target-1])
				continue
			}
			r.adds[s] = total - f.before
			f.next, f.target, f.before = f.next+1, 0, -1
		}
	}
}

// walk returns what is reachable from the modules of start, without the
// statements of cut, start-up and the modules of there.
func (r *Runtime) walk(start []int32, cut, there bitset) bitset {
	seen := newBits(len(r.names))
	r.walkInto(seen, start, cut, there)
	return seen
}

// walkInto adds what is reachable to seen.
func (r *Runtime) walkInto(seen bitset, start []int32, cut, there bitset) {
	queue := make([]int32, 0, 64)
	push := func(m int32) {
		if !seen.has(m) && !r.startup.has(m) && !there.has(m) {
			seen.set(m)
			queue = append(queue, m)
		}
	}
	for _, m := range start {
		push(m)
	}
	for len(queue) > 0 {
		m := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if u := r.up[m]; u >= 0 {
			push(u)
		}
		for _, s := range r.runs[m] {
			if cut.has(s) {
				continue
			}
			for _, t := range r.stmts[s].to {
				push(t)
			}
		}
	}
}

// sum adds self times in the order of the ids, so that equal sets have equal
// sums to the last bit.
func (r *Runtime) sum(set bitset) float64 {
	total := 0.0
	set.each(func(id int32) { total += r.self[id] })
	return total
}

// list returns the names of the modules that have a row and exist, sorted.
func (r *Runtime) list(set bitset) []string {
	var names []string
	set.each(func(id int32) {
		if r.known.has(id) && !r.missing.has(id) {
			names = append(names, r.names[id])
		}
	})
	slices.Sort(names)
	return names
}
