package graph

import (
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// Order sorts the statements of each project module by their place in the
// source, which Adds needs. Imports by calls have no place and come last.
func (r *Runtime) Order(p *Program) {
	place := make([]int32, len(r.stmts))
	for i := range place {
		place[i] = 1 << 30
	}
	for _, m := range p.Modules {
		for i, imp := range m.Imports {
			if id, ok := r.byKey[key(imp.Statement)]; ok {
				place[id] = int32(i)
			}
		}
	}
	for _, list := range r.runs {
		slices.SortStableFunc(list, func(a, b int32) int { return int(place[a] - place[b]) })
	}
	r.simulate()
}

// Adapt brings the graph up to the sources, which may have changed since they
// were measured: statements that are gone no longer run, new ones do, with the
// targets that the source names and the costs of these, as far as they are
// known. So an import that was moved after the profile does not count at
// import, and one that was added does. entry is the file that starts; it
// matters when nothing was measured. Adapt includes Order.
//
// A new statement under a condition is taken as one that does not run. Files
// that do not parse, or have no tree, keep what was measured.
func (r *Runtime) Adapt(p *Program, entry string) {
	a := &adapter{r, p, map[string][]int32{}}
	for s := range r.stmts {
		file := r.stmts[s].File
		a.measured[file] = append(a.measured[file], int32(s))
	}
	for _, m := range p.Modules {
		if m.Syntax == nil || len(m.Syntax.Errors) > 0 {
			continue
		}
		a.drop(m)
		if !m.Test {
			a.add(m, func(*Import) bool { return true })
		}
	}
	r.grow()
	if id, ok := r.files[entry]; ok && len(r.roots) == 0 {
		r.roots = []int32{id}
		for ; id >= 0; id = r.up[id] {
			r.entries.set(id)
		}
	}
	r.Order(p)
	r.findMixed()
}

// AddLazy adds the lazy statements of the modules that were measured: what they name is
// loaded where it is used, so that no edge of a profile is theirs. It includes Order.
func (r *Runtime) AddLazy(p *Program) {
	a := &adapter{r: r, program: p}
	for _, m := range p.Modules {
		if _, ok := r.files[m.File]; ok {
			a.add(m, func(imp *Import) bool { return imp.Lazy })
		}
	}
	r.grow()
	r.Order(p)
}

// adapter is one run of Adapt, or of AddLazy.
type adapter struct {
	r        *Runtime
	program  *Program
	measured map[string][]int32 // statements, by file
}

// drop forgets the statements of a file that it no longer holds, or that do not
// run any more: what a guard leaves for type checkers at module level is the
// same statement as the one before, and so is what became lazy.
func (a *adapter) drop(m *Module) {
	r := a.r
	id, ok := r.files[m.File]
	if !ok {
		return
	}
	there := make(map[evidence.Statement]bool, len(m.Imports))
	for _, imp := range m.Imports {
		if imp.Runs == "import" && !imp.Lazy || imp.Runs == "call" {
			there[key(imp.Statement)] = true
		}
	}
	for _, s := range a.measured[m.File] {
		st := &r.stmts[s]
		k := key(st.Statement)
		if !strings.HasPrefix(st.Module, "@") && !there[k] && !st.dead {
			st.dead = true
			delete(r.byKey, k)
		}
	}
	r.runs[id] = slices.DeleteFunc(r.runs[id], func(s int32) bool { return r.stmts[s].dead })
}

// add takes over those statements of a file that were not measured.
func (a *adapter) add(m *Module, those func(*Import) bool) {
	r := a.r
	from, ok := r.files[m.File]
	if !ok {
		name := m.Name
		if a.program.Module(name) != m {
			name = m.File // a second file of this name, which no import means
		}
		from = r.node(name)
		r.file(m.File, from)
	}
	for _, imp := range m.Imports {
		if imp.Future || imp.Runs != "import" && imp.Runs != "call" || !those(imp) {
			continue
		}
		if _, ok := r.byKey[key(imp.Statement)]; ok {
			continue
		}
		if imp.Runs == "import" && slices.ContainsFunc(imp.Context, conditional) {
			continue
		}
		st := runStatement{Statement: imp.Statement, from: from, deferred: imp.Runs == "call" || imp.Lazy, assumed: true}
		for _, name := range []string{imp.Base, imp.Target} {
			if id := a.target(name); !slices.Contains(st.to, id) {
				st.to = append(st.to, id)
			}
		}
		id := int32(len(r.stmts))
		r.byKey[key(imp.Statement)] = id
		r.stmts = append(r.stmts, st)
		r.grow()
		if !st.deferred {
			r.runs[from] = append(r.runs[from], id)
		}
	}
}

// conditional reports whether a block runs only sometimes.
func conditional(block string) bool {
	switch block {
	case "if", "else", "except", "match", "loop":
		return true
	}
	return false
}

// target returns the node of a module by the name that a statement gives it.
func (a *adapter) target(name string) int32 {
	if m := a.program.Module(name); m != nil {
		if id, ok := a.r.files[m.File]; ok {
			return id
		}
		id := a.r.node(name)
		a.r.file(m.File, id)
		return id
	}
	return a.r.node(name)
}

// grow makes room for nodes that were added after NewRuntime.
func (r *Runtime) grow() {
	n := len(r.names)
	r.known, r.missing, r.init, r.startup, r.entries = r.known.grown(n), r.missing.grown(n), r.init.grown(n), r.startup.grown(n), r.entries.grown(n)
	for id := len(r.up); id < n; id++ {
		r.up = append(r.up, r.container(r.names[id]))
		r.self = append(r.self, 0)
		r.runs = append(r.runs, nil)
	}
}

// Running returns the project modules whose body runs at init, without the
// statements of cut.
func (r *Runtime) Running(p *Program, cut Cut) map[*Module]bool {
	seen := r.walk(r.roots, r.cut(cut), nil)
	running := map[*Module]bool{}
	for _, m := range p.Modules {
		if id, ok := r.files[m.File]; ok && seen.has(id) {
			running[m] = true
		}
	}
	return running
}

// Measured reports whether the costs of everything that the statement names
// are known: it was measured, or is new and names modules that were. A new
// module of the project counts as known, for it costs what it imports.
func (r *Runtime) Measured(s evidence.Statement) bool {
	id, ok := r.byKey[key(s)]
	if !ok {
		return false
	}
	for _, t := range r.unknown(id) {
		if !r.project[t] || !r.anything {
			return false
		}
	}
	return true
}

// Unprofiled reports whether the statement is new and names a module that the
// profile has no figure for: whatever it costs by itself is missing from Alone.
func (r *Runtime) Unprofiled(s evidence.Statement) bool {
	id, ok := r.byKey[key(s)]
	return !ok || len(r.unknown(id)) > 0
}

// unknown returns the targets without a figure of a statement that was not
// there when the profile was made.
func (r *Runtime) unknown(stmt int32) []int32 {
	st := &r.stmts[stmt]
	if !st.assumed {
		return nil
	}
	var unknown []int32
	for _, t := range st.to {
		if !r.known.has(t) && !r.startup.has(t) {
			unknown = append(unknown, t)
		}
	}
	return unknown
}

// Independent returns a key when nothing that the statement loads can lead back
// into the project: statements with the same key cost the same alone, under
// every cut. It is "" for all others, and before Adapt.
func (r *Runtime) Independent(s evidence.Statement) string {
	id, ok := r.byKey[key(s)]
	if !ok || r.mixed == nil {
		return ""
	}
	for _, t := range r.stmts[id].to {
		if r.mixed.has(t) {
			return ""
		}
	}
	return strings.Join(r.Targets(s), " ")
}

// findMixed finds the modules from which a module of the project is reachable.
func (r *Runtime) findMixed() {
	importers := make([][]int32, len(r.names))
	for m := range r.names {
		if u := r.up[m]; u >= 0 {
			importers[u] = append(importers[u], int32(m))
		}
		for _, s := range r.runs[m] {
			for _, t := range r.stmts[s].to {
				importers[t] = append(importers[t], int32(m))
			}
		}
	}
	r.mixed = newBits(len(r.names))
	var queue []int32
	for m := range r.project {
		r.mixed.set(m)
		queue = append(queue, m)
	}
	for len(queue) > 0 {
		m := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, i := range importers[m] {
			if !r.mixed.has(i) {
				r.mixed.set(i)
				queue = append(queue, i)
			}
		}
	}
}
