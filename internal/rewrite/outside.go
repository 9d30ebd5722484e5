package rewrite

import (
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// outside judges what other files do with the name, with its source and with
// the module behind it. Concern has a clue for each way in which a file can do so.
func (g *Gate) outside(j *judge, imp *graph.Import, cs []consumer) {
	r := g.readers
	isConsumer := map[*graph.Module]bool{imp.In: true}
	hosts := []consumer{{m: imp.In, name: imp.Binds}} // in file order, so that the cause is always the same
	for _, c := range cs {
		isConsumer[c.m] = true
		if c.m != imp.In {
			hosts = append(hosts, c)
		}
	}
	for _, h := range hosts {
		m, n := h.m, h.name
		if !g.fastPath[m.File] { // the documents' test calls dir(fast_path)
			for _, a := range r.dynamic[m.Name] {
				j.ask("%s: %s, %s", m.Name, a.how, a.place())
			}
		}
		for _, a := range r.of[name{m.Name, n}] {
			if g.fastPath[m.File] && isConsumer[a.m] && fromImportOf(a.m, a.node) {
				continue // gets an import of its own
			}
			if a.m == m && !a.patch {
				continue
			}
			switch {
			case a.del:
				j.ask("%s.%s is %s, %s", m.Name, n, a.how, a.place())
			case takesAtImport(a):
				j.never("%s.%s is %s and so loaded all the same, %s", m.Name, n, a.how, a.place())
			default:
				j.guard("%s.%s is %s, %s", m.Name, n, a.how, a.place())
			}
		}
		for _, a := range r.specced[m.Name] {
			if graph.HasWord(a.m.Syntax.Src, n) {
				j.ask("%s: %s, and %s may be asked for there, %s", m.Name, a.how, n, a.place())
			}
		}
		if a, ok := r.patchedSomehow(m, n); ok && !g.fastPath[m.File] {
			j.guard("%s.%s may be %s, %s", m.Name, n, a.how, a.place())
		}
		if a, ok := r.codeAbout(m, n); ok && !g.fastPath[m.File] {
			j.guard("%s.%s may be %s, %s", m.Name, n, a.how, a.place())
		}
		if g.fastPath[m.File] {
			for _, a := range r.stars[m.Name] {
				if !isConsumer[a.m] && len(a.m.Scope.Uses(n)) > 0 {
					j.guard("%s is used through a star import at %s", n, at(a.m, a.m.Scope.Uses(n)[0].Node))
				}
			}
			continue
		}
		if e, ok := r.exports[m.Name][n]; ok {
			j.guard("%s is in __all__, %s", n, at(m, e))
			for _, a := range r.stars[m.Name] {
				if takesAtImport(a) {
					j.never("%s.%s is %s and so loaded all the same, %s", m.Name, n, a.how, a.place())
				}
			}
			continue
		}
		if r.exports[m.Name] == nil && !strings.HasPrefix(n, "_") {
			for _, a := range r.stars[m.Name] {
				if len(a.m.Scope.Uses(n)) > 0 || len(r.of[name{a.m.Name, n}]) > 0 {
					j.ask("%s.%s is %s and used there, %s", m.Name, n, a.how, a.place())
				}
			}
		}
	}
	g.source(j, imp)
	g.submodule(j, imp)
	g.bindsToo(j, imp)
	for _, a := range r.reloaded[imp.In.Name] {
		if j.verdict.Safety == plan.SafetyGuard {
			j.ask("%s; %s is %s, which leaves a guarded name as it is, %s", j.verdict.Cause, imp.In.Name, a.how, a.place())
		}
	}
}

// bindsToo judges star imports beside an import that may bind the same name: a
// guard finds what they have bound, and the last one counts for everybody.
func (g *Gate) bindsToo(j *judge, imp *graph.Import) {
	m, f := imp.In, imp.In.Syntax
	for _, star := range m.Imports {
		if star.Binds != "*" || star.Scope != "module" || star.Runs == "type_checking" || !g.mayExport(star.Base, imp.Binds, nil) {
			continue
		}
		if j.verdict.Safety == plan.SafetyGuard || f.Node(star.Stmt).Start > f.Node(imp.Stmt).Start {
			j.ask("%s may be bound again by a star import, %s", imp.Binds, at(m, star.Stmt))
		}
	}
}

// mayExport reports whether a star import from a module may bind a name.
func (g *Gate) mayExport(module, name string, seen []string) bool {
	m := g.prog.Module(module)
	if m == nil || m.Syntax == nil || m.Scope == nil {
		return true
	}
	if m.Scope.HasAll() {
		names, known := m.Scope.Exports()
		return !known || slices.Contains(names, name)
	}
	if strings.HasPrefix(name, "_") || slices.Contains(seen, module) {
		return false
	}
	return m.Scope.Binds(0, name) || slices.ContainsFunc(m.Imports, func(star *graph.Import) bool {
		return star.Binds == "*" && g.mayExport(star.Base, name, append(seen, module))
	})
}

// fromImportOf reports whether the access is the statement of a from-import.
func fromImportOf(m *graph.Module, n syntax.NodeID) bool {
	return m.Syntax.Kind(n) == syntax.ImportFrom
}

// takesAtImport reports whether the access is an import that takes the name
// while a module of the program itself, no test, is imported.
func takesAtImport(a access) bool {
	return !a.m.Test && fromImportOf(a.m, a.node) && slices.ContainsFunc(a.m.Imports, func(imp *graph.Import) bool {
		return imp.Stmt == a.node && imp.Runs == "import" && !imp.Lazy
	})
}

// source judges what happens to the imported name where it comes from: a
// from-import keeps what it found, a later import finds what is there then.
func (g *Gate) source(j *judge, imp *graph.Import) {
	r := g.readers
	for _, mod := range []string{imp.Target, imp.Base} {
		for p := mod; p != ""; {
			for _, a := range r.replaced[p] {
				// Before the first use even a guard takes what stands there.
				j.ask("%s is %s, %s", p, a.how, a.place())
			}
			i := strings.LastIndexByte(p, '.')
			if i < 0 {
				break
			}
			p = p[:i]
		}
	}
	if imp.Item == "" || denotes(imp) != "" {
		return
	}
	for _, a := range r.reloaded[imp.Base] {
		j.ask("%s is %s, and a later import finds the new %s, %s", imp.Base, a.how, imp.Item, a.place())
	}
	for _, a := range r.of[name{imp.Base, imp.Item}] {
		switch {
		case a.patch:
			j.ask("%s.%s is %s at its source, which the first use may find, %s", imp.Base, imp.Item, a.how, a.place())
		case a.store:
			j.never("%s.%s is %s, %s: its value would be another one", imp.Base, imp.Item, a.how, a.place())
		}
	}
	from := g.prog.Module(imp.Base)
	if from == nil || from.Scope == nil {
		return
	}
	for _, u := range from.Scope.Uses(imp.Item) {
		if (u.Store || u.Del) && u.When == scope.AtCall {
			j.never("%s.%s is bound again while the program runs, %s", imp.Base, imp.Item, at(from, u.Node))
		}
	}
}

// submodule judges code that reads a.b.c and relies on this import to have
// loaded a.b.
func (g *Gate) submodule(j *judge, imp *graph.Import) {
	for _, target := range []string{imp.Base, imp.Target} {
		if !strings.Contains(target, ".") {
			continue
		}
		for _, a := range g.readers.reads[target] {
			if a.m == imp.In {
				if parts, _ := chainOf(a.m.Syntax, a.node); parts[0] == imp.Binds && denotes(imp) == topOf(target) {
					continue // a use of the import itself
				}
			}
			if !loads(a.m, target, imp) {
				j.ask("%s reads %s without importing it, %s", a.m.Name, target, a.place())
			}
		}
	}
}

// topOf returns the first part of a dotted name.
func topOf(name string) string {
	top, _, _ := strings.Cut(name, ".")
	return top
}

// loads reports whether a module has an import statement of its own, another
// one than moved, that loads target or something below it.
func loads(m *graph.Module, target string, moved *graph.Import) bool {
	for _, imp := range m.Imports {
		if imp == moved {
			continue
		}
		for _, t := range []string{imp.Base, imp.Target} {
			if t == target || strings.HasPrefix(t, target+".") {
				return true
			}
		}
	}
	return false
}

// target judges the project modules that would no longer be loaded at import.
func (g *Gate) target(j *judge, imp *graph.Import) {
	t := targetModule(g.prog, imp)
	if t == nil {
		return
	}
	if c, ok := g.cycles[t]; ok {
		if own, ok := g.cycles[imp.In]; ok && own == c {
			j.ask("it is part of an import cycle: %s and %s import each other", imp.In.Name, t.Name)
		} else {
			j.ask("%s is part of an import cycle", t.Name)
		}
	}
	if j.verdict.Safety == plan.SafetyNever {
		return // it cannot get worse
	}
	if !slices.ContainsFunc(g.prog.Targets(imp), func(m *graph.Module) bool { return g.reachesEffects[m] }) {
		return
	}
	lazy := g.lazyAfter([]*graph.Import{imp})
	for _, m := range g.prog.Modules {
		if lazy[m] {
			g.judgeEffects(j, m)
		}
	}
}

// judgeEffects judges that a module is loaded later than now.
func (g *Gate) judgeEffects(j *judge, m *graph.Module) {
	for _, e := range g.effects[m] {
		switch e.kind {
		case registers:
			j.never("%s", e.cause())
		default:
			j.ask("%s", e.cause())
		}
	}
}

// Joint judges a set of moves together: modules that each of them alone would
// leave loaded may go when all of them are made. It returns the moves that
// have to be left out, with causes; the others are safe together.
func (g *Gate) Joint(moves []*graph.Import) []Refusal {
	var out []Refusal
	lazy := g.lazyAfter(moves)
	for _, m := range g.prog.Modules {
		if !lazy[m] {
			continue
		}
		j := &judge{}
		g.judgeEffects(j, m)
		if j.verdict.Cause == "" {
			continue
		}
		for _, imp := range moves {
			if t := targetModule(g.prog, imp); t != nil && reach([]*graph.Module{t}, g.prog, nil)[m] {
				out = append(out, refusal(imp, "together with other moves: "+j.verdict.Cause))
			}
		}
	}
	return out
}

// lazyAfter returns the project modules that importing the entries no longer
// loads when the statements of some imports do not run.
func (g *Gate) lazyAfter(moves []*graph.Import) map[*graph.Module]bool {
	// Another name from the same module, imported beside it, most often moves
	// along; it does not count as loading the module.
	type edge struct {
		in   *graph.Module
		base string
	}
	moved := map[*graph.Import]bool{}
	beside := map[edge]bool{}
	for _, imp := range moves {
		moved[imp] = true
		beside[edge{imp.In, imp.Base}] = true
	}
	skip := func(imp *graph.Import) bool {
		return moved[imp] || beside[edge{imp.In, imp.Base}] && !imp.UsedAtImport && imp.Binds != "*"
	}
	if !slices.ContainsFunc(moves, func(imp *graph.Import) bool { return g.needs(imp.In, skip) }) {
		return nil
	}
	after := reach(g.roots, g.prog, skip)
	out := map[*graph.Module]bool{}
	for m := range g.loaded {
		if !after[m] {
			out[m] = true
		}
	}
	return out
}

// needs reports whether one of the imports of a module that skip names is the
// one in Gate.via by which something is loaded.
func (g *Gate) needs(m *graph.Module, skip func(*graph.Import) bool) bool {
	return slices.ContainsFunc(m.Imports, func(imp *graph.Import) bool {
		return skip(imp) && slices.ContainsFunc(g.prog.Targets(imp), func(t *graph.Module) bool { return g.via[t] == imp })
	})
}

// spanning returns an import for each module that is loaded when the given ones
// are imported, without these: together they load all of them.
func spanning(from []*graph.Module, prog *graph.Program) map[*graph.Module]*graph.Import {
	via := map[*graph.Module]*graph.Import{}
	for _, m := range from {
		via[m] = nil
	}
	for todo := slices.Clone(from); len(todo) > 0; {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, imp := range m.Imports {
			if imp.Runs != "import" {
				continue
			}
			for _, next := range prog.Targets(imp) {
				if _, seen := via[next]; !seen {
					via[next] = imp
					todo = append(todo, next)
				}
			}
		}
	}
	return via
}

// reach returns the modules that are loaded when the given ones are imported,
// without the imports that skip names.
func reach(from []*graph.Module, prog *graph.Program, skip func(*graph.Import) bool) map[*graph.Module]bool {
	seen := map[*graph.Module]bool{}
	todo := append([]*graph.Module(nil), from...)
	for _, m := range todo {
		seen[m] = true
	}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, imp := range m.Imports {
			if imp.Runs != "import" || skip != nil && skip(imp) {
				continue
			}
			for _, next := range prog.Targets(imp) {
				if !seen[next] {
					seen[next] = true
					todo = append(todo, next)
				}
			}
		}
	}
	return seen
}

// importersOf returns the given modules and all that load one of them when
// they are imported.
func importersOf(prog *graph.Program, of []*graph.Module) map[*graph.Module]bool {
	by := map[*graph.Module][]*graph.Module{}
	for _, m := range prog.Modules {
		for _, imp := range m.Imports {
			if imp.Runs != "import" {
				continue
			}
			for _, t := range prog.Targets(imp) {
				by[t] = append(by[t], m)
			}
		}
	}
	seen := map[*graph.Module]bool{}
	todo := append([]*graph.Module(nil), of...)
	for _, m := range of {
		seen[m] = true
	}
	for len(todo) > 0 {
		var m *graph.Module
		m, todo = todo[len(todo)-1], todo[:len(todo)-1]
		for _, x := range by[m] {
			if !seen[x] {
				seen[x] = true
				todo = append(todo, x)
			}
		}
	}
	return seen
}
