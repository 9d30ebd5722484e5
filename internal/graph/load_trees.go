package graph

import (
	"os"
	"path"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// plant gives files, and what they can import, their trees. They are read again,
// so that the trees of the others never were in memory together.
func (p *Program) plant(files []string) {
	var reached []*Module
	seen := make([]bool, len(p.Modules))
	reach := func(m *Module) {
		if m != nil && !seen[m.index] {
			seen[m.index] = true
			reached = append(reached, m)
		}
	}
	for _, file := range files {
		reach(p.byFile[file])
	}
	p.follows(&reached, reach)
	if p.options.Together {
		for _, m := range p.together(reached) {
			reach(m)
		}
		p.follows(&reached, reach)
	}
	readers := make([]fileReader, workers(len(reached)))
	again := make([]*Module, len(reached))
	problems := make([]string, len(reached))
	onWorkers(len(reached), func(worker, k int) {
		r, file := &readers[worker], reached[k].File
		m, err := p.take(r, file, true)
		if err != nil { // it was there a moment ago
			problems[k] = plain(err)
			m = r.parse(p, file, nil, true)
		}
		again[k] = m
	})
	for k, m := range reached {
		m.Syntax, m.Scope, m.Broken, m.facts = again[k].Syntax, again[k].Scope, again[k].Broken, again[k].facts
		if problems[k] != "" {
			p.Problems = append(p.Problems, Problem{m.File, problems[k]})
		}
	}
	parallel(len(reached), func(k int) { p.resolve(reached[k]) })
	slices.SortFunc(p.Problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
}

// follows reaches what the modules of a growing list can import.
func (p *Program) follows(list *[]*Module, reach func(*Module)) {
	for k := 0; k < len(*list); k++ {
		m := (*list)[k]
		for name := parentName(m.Name); name != ""; name = parentName(name) {
			reach(p.find(m, name))
		}
		for j := range m.facts.bindings {
			imp := p.newImport(m, j)
			for _, target := range p.Targets(imp) {
				reach(target)
			}
			for _, name := range []string{imp.Base, imp.Target} { // as Runtime.Adapt finds them
				for ; name != "" && name[0] != '.'; name = parentName(name) {
					reach(p.Module(name))
				}
			}
		}
	}
}

// together returns the modules that can bring one of the given ones into their
// process: they import one, directly or not, or a text in them begins with the
// name of one. pytest loads each conftest.py above a test without an import.
func (p *Program) together(with []*Module) []*Module {
	by := p.importedBy()
	seen := make([]bool, len(p.Modules))
	todo := slices.Clone(with)
	for _, m := range with {
		seen[m.index] = true
	}
	names := map[word]bool{}
	for name, list := range p.byName {
		if slices.ContainsFunc(list, func(m *Module) bool { return seen[m.index] }) {
			top, _, _ := strings.Cut(name, ".")
			names[symbolOf(top).word()] = true
		}
	}
	var out []*Module
	add := func(m *Module) {
		if !seen[m.index] {
			seen[m.index] = true
			out, todo = append(out, m), append(todo, m)
		}
	}
	conftests := map[string]*Module{} // by folder
	for _, m := range p.Modules {
		if path.Base(m.File) == "conftest.py" {
			conftests[path.Dir(m.File)] = m
		}
		if m.facts.rare != nil && slices.ContainsFunc(m.facts.rare.words, func(w word) bool { return names[w] }) {
			add(m)
		}
	}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		for _, k := range by[m.index] {
			add(p.Modules[k])
		}
		for dir := path.Dir(m.File); m.Test; dir = path.Dir(dir) {
			if c := conftests[dir]; c != nil {
				add(c)
			}
			if dir == path.Dir(dir) {
				break
			}
		}
	}
	return out
}

// importedBy returns by index which modules import one, or something in it.
func (p *Program) importedBy() [][]int32 {
	by := make([][]int32, len(p.Modules))
	for _, m := range p.Modules {
		add := func(of *Module) {
			if of == nil || of == m {
				return
			}
			if list := by[of.index]; len(list) == 0 || list[len(list)-1] != m.index {
				by[of.index] = append(list, m.index)
			}
		}
		for k := range m.facts.bindings {
			name := p.baseOf(m, k)
			if m.found[k].flags&foundSubmodule != 0 {
				name += "." + m.facts.of(m.facts.bindings[k].name)
			}
			if top, _, _ := strings.Cut(name, "."); p.byName[top] == nil && p.folders[top] == "" {
				continue
			}
			for ; name != ""; name = parentName(name) {
				add(p.find(m, name))
				add(p.Module(name))
			}
		}
	}
	return by
}

// shared reports whether a file without a tree reads a name that a module with
// one imports at start and leaves where it is: its uses are asked for, and they
// are all wanted.
func (p *Program) shared() bool {
	bare := func(module int32) bool { return p.Modules[module].Syntax == nil }
	for _, m := range p.Modules {
		if m.Syntax == nil {
			continue
		}
		for k := range m.facts.bindings {
			b := &m.facts.bindings[k]
			s := &m.facts.statements[b.statement]
			stays := s.scope == scope.FunctionScope || m.found[k].flags&foundLazy != 0
			if !stays || b.owner != 0 || m.whenOf(&s.condition) != scope.AtImport {
				continue
			}
			if slices.ContainsFunc(p.readersOf(m, b.symbol), func(r reading) bool { return bare(r.in) }) ||
				slices.ContainsFunc(p.readersOf(m, starSymbol), func(r reading) bool { return bare(r.in) }) ||
				slices.ContainsFunc(p.reads[readTarget{m.index, b.symbol}], func(s site) bool { return bare(s.in) }) {
				return true
			}
		}
	}
	return false
}

// Tree returns the tree of a module. Where the program keeps none, the file is
// read again, at each call; nil when that fails.
func (p *Program) Tree(m *Module) *syntax.File {
	if m.Syntax != nil {
		return m.Syntax
	}
	src, err := os.ReadFile(p.abs(m.File))
	if err != nil {
		return nil
	}
	return syntax.Parse(src, p.version)
}
