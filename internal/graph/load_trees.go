package graph

import (
	"os"
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
	for k := 0; k < len(reached); k++ {
		m := reached[k]
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
