package graph

import (
	"bytes"
	"os"
	"path"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/source"
	"fastpath/internal/python/syntax"
)

// plant gives files, and what they can import, their trees, and takes them from
// others that Load had given one. Those that have none are read again, so that the
// trees of all files never are in memory together.
func (p *Program) plant(files []string) {
	r := p.reachedFrom(files)
	switch o := &p.options; {
	case len(o.Moving) == 0:
	case len(o.Clues) == 0:
		for _, m := range p.together(p.reachedFrom(o.Moving).list) {
			r.add(m)
		}
		r.follow()
	default:
		p.speaking(r)
	}
	for _, m := range p.Modules {
		if !r.seen[m.index] {
			m.Syntax, m.Scope, p.sparse = nil, nil, true
		}
	}
	bare := slices.DeleteFunc(r.list, func(m *Module) bool { return m.Syntax != nil })
	readers := make([]fileReader, workers(len(bare)))
	for k := range readers {
		readers[k].facts.literals = p.options.texts()
	}
	again := make([]*Module, len(bare))
	problems := make([]error, len(bare))
	onWorkers(len(bare), func(worker, k int) {
		reader, file := &readers[worker], bare[k].File
		p.take(reader, file, true, func(m *Module, err error) {
			if again[k] = m; err != nil { // it was there a moment ago
				problems[k] = err
				again[k] = new(fileReader).parse(p, file, nil, true)
			}
		})
	})
	read := make([]bool, len(p.Modules))
	for k, m := range bare {
		read[m.index] = true
		m.Syntax, m.Scope, m.Broken, m.facts = again[k].Syntax, again[k].Scope, again[k].Broken, again[k].facts
		if problems[k] != nil {
			p.Problems = append(p.Problems, problem(m.File, problems[k]))
		}
	}
	p.survey.forget(read)
	p.resolveAll(bare)
	slices.SortFunc(p.Problems, func(a, b Problem) int { return strings.Compare(a.File, b.File) })
}

// reaching are modules, and what they can import.
type reaching struct {
	p    *Program
	list []*Module
	seen []bool // by module
	done int    // so many of the list were followed
}

// reachedFrom returns the modules of files, and what they can import.
func (p *Program) reachedFrom(files []string) *reaching {
	r := &reaching{p: p, seen: make([]bool, len(p.Modules))}
	for _, file := range files {
		r.add(p.File(file))
	}
	r.follow()
	return r
}

// add adds a module, or none for nil.
func (r *reaching) add(m *Module) {
	if m != nil && !r.seen[m.index] {
		r.seen[m.index] = true
		r.list = append(r.list, m)
	}
}

// follow adds what the modules can import.
func (r *reaching) follow() {
	p := r.p
	for ; r.done < len(r.list); r.done++ {
		m := r.list[r.done]
		for name := parentName(m.Name); name != ""; name = parentName(name) {
			r.add(p.find(m, name))
		}
		for j := range m.facts.bindings {
			imp := p.newImport(m, j)
			for _, target := range p.Targets(imp) {
				r.add(target)
			}
			for _, name := range []string{imp.Base, imp.Target} { // as Runtime.Adapt finds them
				for ; name != "" && name[0] != '.'; name = parentName(name) {
					r.add(p.Module(name))
				}
			}
		}
	}
}

// speaking adds to r what can be in one process with the files that Moving names,
// and has one of the Clues. A star import takes names without a word, and others may
// know them by the module that did so.
func (p *Program) speaking(r *reaching) {
	with := &reaching{p: p, seen: make([]bool, len(p.Modules))}
	for _, file := range p.options.Moving {
		with.add(p.File(file))
	}
	stars, starred := map[*Module]bool{}, map[string]bool{} // who takes all names of a file, and such files
	for _, m := range p.Modules {
		for k := range m.facts.bindings {
			if m.facts.bindings[k].symbol == starSymbol {
				if of := p.find(m, p.baseOf(m, k)); of != nil && with.seen[of.index] {
					stars[m], starred[of.File] = true, true
				}
			}
		}
	}
	imports := func(m *Module, file string) bool {
		for k := range m.facts.bindings {
			for _, of := range p.Targets(p.newImport(m, k)) {
				if of.File == file {
					return true
				}
			}
		}
		return false
	}
	all := &reaching{p: p, seen: slices.Clone(with.seen)}
	for _, m := range p.together(with.list) {
		all.add(m)
	}
	all.follow()
	list := slices.DeleteFunc(all.list, func(m *Module) bool { return r.seen[m.index] })
	speaks := make([]bool, len(list))
	bufs := make([][]byte, workers(len(list)))
	onWorkers(len(list), func(worker, k int) {
		m := list[k]
		if speaks[k] = stars[m]; speaks[k] {
			return
		}
		src, err := source.Read(p.abs(m.File), bufs[worker])
		bufs[worker] = src
		if err != nil {
			return // it was there a moment ago
		}
		there := map[string]bool{"": true}
		has := func(word string) bool {
			found, known := there[word]
			if !known {
				found = HasWord(src, word)
				there[word] = found
			}
			return found
		}
		speaks[k] = slices.ContainsFunc(p.options.Clues, func(c Clue) bool {
			return has(c.Words[0]) && has(c.Words[1]) && (c.Imports == "" || starred[c.Imports] || imports(m, c.Imports))
		})
	})
	for k, m := range list {
		if speaks[k] {
			r.add(m)
		}
	}
}

// HasWord reports whether a name stands in a text as a word of its own.
func HasWord(text []byte, name string) bool {
	for at := 0; ; {
		i := bytes.Index(text[at:], []byte(name))
		if i < 0 {
			return false
		}
		at += i
		end := at + len(name)
		if (at == 0 || !inIdentifier(text[at-1])) && (end == len(text) || !inIdentifier(text[end])) {
			return true
		}
		at = end
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
	for _, x := range p.names.list {
		if slices.ContainsFunc(p.names.modules[x.from:x.to], func(m *Module) bool { return seen[m.index] }) {
			top, _, _ := strings.Cut(x.name, ".")
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
			if top, _, _ := strings.Cut(name, "."); !p.owns(top) {
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
			if !stays || b.owner != 0 || m.whenOf(s.function, s.base) != scope.AtImport {
				continue
			}
			if slices.ContainsFunc(p.readersOf(m, b.symbol), func(r reading) bool { return bare(r.in) }) ||
				slices.ContainsFunc(p.readersOf(m, starSymbol), func(r reading) bool { return bare(r.in) }) ||
				slices.ContainsFunc(p.sitesOf(m, b.symbol), func(s site) bool { return bare(s.in) }) {
				return true
			}
		}
	}
	return false
}

// Mentions reports whether a text stands anywhere in the source of a module;
// false where it cannot be read.
func (p *Program) Mentions(m *Module, text string) bool {
	if m.Syntax != nil {
		return bytes.Contains(m.Syntax.Src, []byte(text))
	}
	src, err := os.ReadFile(p.abs(m.File))
	return err == nil && bytes.Contains(src, []byte(text))
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
