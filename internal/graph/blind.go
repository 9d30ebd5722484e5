package graph

import (
	"bytes"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// blind tells the scopes which decorators and base classes of the project do
// not look at annotations: those whose file never mentions them.
func (p *Program) blind() {
	found := make([]map[syntax.NodeID]bool, len(p.Modules))
	parallel(len(p.Modules), func(k int) { found[k] = p.blindIn(p.Modules[k]) })
	for k, m := range p.Modules {
		m.Scope.Blind(found[k])
	}
}

// blindIn returns these decorators and bases of one module.
func (p *Program) blindIn(m *Module) map[syntax.NodeID]bool {
	t := m.Syntax
	found := map[syntax.NodeID]bool{}
	for k := range t.Nodes {
		n := syntax.NodeID(k)
		switch t.Nodes[k].Kind {
		case syntax.Decorator:
			if d := p.definition(m, t.First(n), 0); d.m != nil && !d.m.looksAtAnnotations() && p.plainClass(d, 0) {
				found[t.First(n)] = true
			}
		case syntax.ClassDef:
			args := t.Child(n, syntax.Args)
			if args == syntax.None {
				continue
			}
			for a := range t.Children(args) {
				if d := p.definition(m, t.First(a), 0); d.kind == class && p.plainClass(d, 0) {
					found[t.First(a)] = true
				}
			}
		}
	}
	return found
}

// maxChain bounds how far names and bases are followed.
const maxChain = 12

// definition returns the def or class of the project that an expression names,
// the zero object when it is none, or not the only one.
func (p *Program) definition(m *Module, n syntax.NodeID, depth int) object {
	t := m.Syntax
	if depth > maxChain {
		return object{}
	}
	switch t.Kind(n) {
	case syntax.Call, syntax.Subscript:
		return p.definition(m, t.First(n), depth+1)
	case syntax.Name:
		name := t.Text(n)
		if owner, ok := m.Scope.Lookup(name, m.Scope.ScopeOf(n)); ok && owner == 0 {
			return p.globalDefinition(m, name, depth+1)
		}
	case syntax.Attribute:
		base, id := t.First(n), t.Child(n, syntax.Ident)
		if t.Kind(base) != syntax.Name || id == syntax.None {
			return object{}
		}
		for _, imp := range m.globals[t.Text(base)] {
			if of := p.find(m, p.moduleBehind(imp)); of != nil {
				return p.globalDefinition(of, t.Text(id), depth+1)
			}
		}
	}
	return object{}
}

// globalDefinition returns the one definition of a module's global name.
func (p *Program) globalDefinition(m *Module, name string, depth int) object {
	var found object
	t := m.Syntax
	for _, u := range m.Scope.Uses(name) {
		if !u.Store && !u.Del {
			continue
		}
		def := t.Parent(u.Node)
		if found.m != nil || t.Kind(u.Node) != syntax.Ident || t.Parent(def) != syntax.Root {
			return object{}
		}
		switch t.Kind(def) {
		case syntax.FunctionDef:
			found = object{function, m, def, ""}
		case syntax.ClassDef:
			found = object{class, m, def, ""}
		default:
			return object{}
		}
	}
	imports := m.globals[name]
	switch {
	case len(imports) == 0:
		return found
	case len(imports) > 1 || found.m != nil || depth > maxChain || imports[0].Item == "":
		return object{}
	}
	if of := p.find(m, imports[0].Base); of != nil && of != m {
		return p.globalDefinition(of, imports[0].Item, depth+1)
	}
	return object{}
}

// plainClass reports whether neither a class nor its bases, all of the
// project, can look at the annotations of classes derived from it. Functions
// are plain.
func (p *Program) plainClass(d object, depth int) bool {
	if d.kind != class {
		return d.kind == function
	}
	if depth > maxChain || d.m.looksAtAnnotations() {
		return false
	}
	t := d.m.Syntax
	for c := range t.Children(d.node) {
		switch t.Kind(c) {
		case syntax.Decorator:
			if !scope.PlainDecorator(t, t.First(c)) {
				return false
			}
		case syntax.Args:
			for a := range t.Children(c) {
				base := t.First(a)
				if t.Child(a, syntax.Ident) == base {
					return false // a keyword: metaclass, or one for __init_subclass__
				}
				if !scope.PlainBase(t, base) && !p.plainBase(d.m, base, depth) {
					return false
				}
			}
		}
	}
	return true
}

func (p *Program) plainBase(m *Module, base syntax.NodeID, depth int) bool {
	d := p.definition(m, base, 0)
	return d.kind == class && p.plainClass(d, depth+1)
}

// looksAtAnnotations reports whether the text of a module mentions a way to
// get at annotations.
func (m *Module) looksAtAnnotations() bool {
	m.annotations.Do(func() {
		src := withoutFuture(m.Syntax.Src)
		for _, word := range []string{"__annot", "annotations", "hints", "signature", "inspect", "typing.get", "getfullargspec"} {
			if bytes.Contains(src, []byte(word)) {
				m.looks = true
				return
			}
		}
	})
	return m.looks
}

// withoutFuture cuts the statement that mentions annotations in many files.
func withoutFuture(src []byte) []byte {
	mark := []byte("from __future__ import annotations")
	if i := bytes.Index(src, mark); i >= 0 {
		return src[i+len(mark):]
	}
	return src
}
