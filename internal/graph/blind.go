package graph

import (
	"bytes"
	"os"
	"sync"

	"fastpath/internal/python/syntax"
)

// readsAnnotations reports whether a definition's decorators and bases may
// look at its annotations: those that are not known by name to leave them
// alone, and whose definition in the project may mention them.
func (p *Program) readsAnnotations(m *Module, r reader) bool {
	if answer, ok := m.readBy[r]; ok {
		return answer
	}
	answer := false
	refs := m.facts.refsOf(r)
	for k := range refs {
		if d := &refs[k]; !d.leaves(r.text()) && (d.flags&refFixed != 0 || !p.isBlind(m, d)) {
			answer = true
			break
		}
	}
	if m.readBy == nil {
		m.readBy = map[reader]bool{}
	}
	m.readBy[r] = answer
	return answer
}

// blind tells the scopes of modules with a tree which decorators and base
// classes of the project do not look at annotations.
func (p *Program) blind(trees []*Module) {
	found := make([]map[syntax.NodeID]bool, len(trees))
	parallel(len(trees), func(k int) {
		m := trees[k]
		found[k] = map[syntax.NodeID]bool{}
		for j := range m.facts.refs {
			if r := &m.facts.refs[j]; r.flags&refFixed == 0 && p.isBlind(m, r) {
				found[k][r.node] = true
			}
		}
	})
	for k, m := range trees {
		m.Scope.Blind(found[k])
	}
}

// isBlind reports whether a decorator or base is a definition of the project
// that does not look at annotations: its file never mentions them, nor do the
// modules of the project that it can get help from.
func (p *Program) isBlind(m *Module, r *ref) bool {
	d := p.definition(m, r, 0)
	switch {
	case d.m == nil:
		return false
	case r.flags&refDecorator != 0:
		return !p.inspectsBelow(d.m) && p.plainClass(d, 0)
	}
	return d.class != nil && p.plainClass(d, 0)
}

// maxChain bounds how far names and bases are followed.
const maxChain = 12

// defined is a function, or a class, of the project.
type defined struct {
	m     *Module // nil for none
	class *classDef
}

// definition returns the def or class of the project that a decorator or base
// names, none when it is none, or not the only one.
func (p *Program) definition(m *Module, r *ref, depth int) defined {
	switch {
	case r.base != 0:
		for k := range m.facts.bindings {
			if b := &m.facts.bindings[k]; b.owner == 0 && b.symbol == r.base {
				if of := p.find(m, p.moduleBehind(m, k)); of != nil {
					return p.globalDefinition(of, r.attr, depth+1)
				}
			}
		}
	case r.attr != 0:
		return p.globalDefinition(m, r.attr, depth+1)
	}
	return defined{}
}

// globalDefinition returns the one definition of a module's global name.
func (p *Program) globalDefinition(m *Module, name symbol, depth int) defined {
	f := m.facts
	var by *binding
	at := 0
	for k := range f.bindings {
		if b := &f.bindings[k]; b.owner == 0 && b.symbol == name {
			if by != nil {
				return defined{}
			}
			by, at = b, k
		}
	}
	if f.name(name)&(nameStored|nameDeleted) != 0 {
		if by != nil {
			return defined{}
		}
		for k := range f.classes {
			if c := &f.classes[k]; c.flags&isSole != 0 && c.name == name.word() {
				return defined{m, c}
			}
		}
		for k := range f.functions {
			if d := &f.functions[k]; d.flags&isSole != 0 && d.name == name.word() {
				return defined{m, nil}
			}
		}
		return defined{}
	}
	if by == nil || depth > maxChain || !f.statements[by.statement].from || by.symbol == starSymbol {
		return defined{}
	}
	if of := m.found[at].base; of >= 0 && of != m.index {
		return p.globalDefinition(p.Modules[of], symbolOf(f.of(by.name)), depth+1)
	}
	return defined{}
}

// plainClass reports whether neither a class nor its bases, all of the
// project, can look at the annotations of classes derived from it. Functions
// are plain.
func (p *Program) plainClass(d defined, depth int) bool {
	if d.class == nil {
		return d.m != nil
	}
	if depth > maxChain || d.class.flags&isPlain == 0 || p.inspectsBelow(d.m) {
		return false
	}
	f := d.m.facts
	for k := d.class.refs.from; k < d.class.refs.to; k++ {
		if r := &f.refs[k]; r.flags&(refDecorator|refPlain) == 0 {
			if base := p.definition(d.m, r, 0); base.class == nil || !p.plainClass(base, depth+1) {
				return false
			}
		}
	}
	return true
}

// annotations is what a text says about looking at annotations.
type annotations struct {
	once  sync.Once
	looks bool
}

// inspectsBelow reports whether a module mentions a way to get at annotations,
// or one that it can reach by imports has a body that does.
func (p *Program) inspectsBelow(m *Module) bool {
	return p.inspecting()[m.index] || p.looksAtAnnotations(m)
}

// inspectors returns, by index, which modules can reach by imports one with a
// body that mentions a way to get at annotations, or are one.
func (p *Program) inspectors() []bool {
	edges := p.survey.edges
	p.survey.edges = nil
	ends := make([]int32, len(p.Modules)+1) // by imported module: where its edges begin, and then where they end
	for _, e := range edges {
		ends[e.to+1]++
	}
	for k := range p.Modules {
		ends[k+1] += ends[k]
	}
	importers := make([]int32, len(edges)) // by imported module
	for _, e := range edges {
		importers[ends[e.to]] = e.from
		ends[e.to]++
	}
	found := make([]bool, len(p.Modules))
	var todo []int32
	for k, m := range p.Modules {
		if m.facts.inspects {
			found[k] = true
			todo = append(todo, int32(k))
		}
	}
	for len(todo) > 0 {
		m := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		from := int32(0)
		if m > 0 {
			from = ends[m-1]
		}
		for _, k := range importers[from:ends[m]] {
			if !found[k] {
				found[k] = true
				todo = append(todo, k)
			}
		}
	}
	return found
}

// looksAtAnnotations reports whether the text of a module mentions a way to
// get at annotations. Only few modules are asked, so that those whose text is
// gone are read again.
func (p *Program) looksAtAnnotations(m *Module) bool {
	a := m.annotations
	a.once.Do(func() {
		if m.Syntax != nil {
			a.looks = looksAtAnnotations(m.Syntax.Src)
			return
		}
		a.looks = p.fileLooksAtAnnotations(m.File)
	})
	return a.looks
}

// rereadBuffers hold what is read again.
var rereadBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// fileLooksAtAnnotations is looksAtAnnotations for a file; one that cannot be
// read may look at them.
func (p *Program) fileLooksAtAnnotations(file string) bool {
	f, err := os.Open(p.abs(file))
	if err != nil {
		return true
	}
	defer f.Close()
	b := rereadBuffers.Get().(*bytes.Buffer)
	defer rereadBuffers.Put(b)
	b.Reset()
	_, err = b.ReadFrom(f)
	return err != nil || looksAtAnnotations(b.Bytes())
}
