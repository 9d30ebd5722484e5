package graph

import (
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// UseSite is one use of a name that an import binds.
type UseSite struct {
	scope.Use
	Module *Module
	// Via is the import of Module through which it knows the name: a star
	// import, a from-import of the name, or an import of the module whose
	// attribute is read (Node is then the Attribute). It is nil in the
	// import's own module.
	Via *Import
}

// read is an attribute read "module.name" in another module.
type read struct {
	use scope.Use // Node is the Attribute
	via *Import
}

// link fills the indexes that answer who reads whose names.
func (p *Program) link() {
	for _, m := range p.Modules {
		m.readers, m.reads = map[string][]*Import{}, map[string][]read{}
	}
	for _, m := range p.Modules {
		for _, imp := range m.Imports {
			base := p.find(m, imp.Base)
			if base == nil || base == m && imp.Target == imp.Base {
				continue
			}
			name := imp.Item
			if imp.Binds == "*" {
				name = "*"
			}
			if name != "" {
				base.readers[name] = append(base.readers[name], imp)
			}
		}
	}
	for _, m := range p.Modules {
		p.exportsOf(m)
	}
	// A module may be an attribute of another, so that its readers are known
	// only when those of the other are.
	seen := map[readKey]bool{}
	for found := -1; found < len(seen); {
		found = len(seen)
		for _, m := range p.Modules {
			for _, imp := range m.Imports {
				if imp.Binds != "*" && !imp.Future {
					p.attributeReads(imp, seen)
				}
			}
		}
	}
}

// readKey is one attribute read of a module's name.
type readKey struct {
	of, in *Module
	node   syntax.NodeID
}

// attributeReads indexes what is read from project modules through the name
// that an import binds, also in modules that get the name from this one.
func (p *Program) attributeReads(imp *Import, seen map[readKey]bool) {
	if p.moduleBehind(imp) == "" {
		return
	}
	p.walk(imp, func(s UseSite) {
		if s.Store || s.Del {
			return
		}
		f := s.Module.Syntax
		at := p.moduleBehind(imp)
		for n := f.Parent(s.Node); f.Kind(n) == syntax.Attribute; n = f.Parent(n) {
			id := f.Child(n, syntax.Ident)
			if id == syntax.None || f.First(n) == id {
				return
			}
			name := f.Text(id)
			if m := p.find(imp.In, at); m != nil && m != s.Module && !seen[readKey{m, s.Module, n}] {
				seen[readKey{m, s.Module, n}] = true
				use := s.Use
				use.Node = n
				use.Store = f.Node(n).Flags&syntax.FlagStore != 0
				use.Del = f.Node(n).Flags&syntax.FlagDel != 0
				via := s.Via
				if via == nil {
					via = imp
				}
				m.reads[name] = append(m.reads[name], read{use, via})
			}
			at += "." + name
			if p.find(imp.In, at) == nil && p.folders[at] == "" {
				return
			}
		}
	})
}

// moduleBehind returns the project module or package that the bound name is
// itself ("a" for "import a.b"), "" when it is none.
func (p *Program) moduleBehind(imp *Import) string {
	name := imp.Target
	if imp.Item == "" && imp.In.Syntax.Child(imp.Alias, syntax.Ident) == syntax.None {
		name, _, _ = strings.Cut(name, ".")
	} else if imp.Item != "" && imp.Target == imp.Base {
		return ""
	}
	if p.find(imp.In, name) == nil && p.folders[name] == "" {
		return ""
	}
	return name
}

// Uses returns all uses of the name that an import binds: in its module, in
// modules that take it by a star import or a from-import, and as an attribute
// of the module. The from-imports themselves are no uses, see Readers. The own
// module's come first, in source order.
func (p *Program) Uses(imp *Import) []UseSite {
	var out []UseSite
	p.walk(imp, func(s UseSite) { out = append(out, s) })
	return out
}

// Readers returns the imports of other modules that take the name from the
// import's module by from-import or star import, directly.
func (p *Program) Readers(imp *Import) []*Import {
	if imp.owner != 0 || imp.Binds == "*" {
		return nil
	}
	out := slices.Clone(imp.In.readers[imp.Binds])
	for _, star := range imp.In.readers["*"] {
		if p.takes(star, imp.Binds) {
			out = append(out, star)
		}
	}
	return out
}

// place of a walk: the name of a module, as another module may know it.
type globalName struct {
	m    *Module
	name string
}

// walk calls yield for every use of the name that an import binds.
func (p *Program) walk(imp *Import, yield func(UseSite)) {
	if imp.Binds == "*" {
		return
	}
	if imp.owner != 0 {
		for _, u := range imp.In.Scope.LocalUses(imp.owner, imp.Binds) {
			yield(UseSite{u, imp.In, nil})
		}
		return
	}
	p.walkName(imp.In, imp.Binds, nil, map[globalName]bool{}, yield)
}

// walkName calls yield for every use of a module's global name, there and in
// the modules that read it.
func (p *Program) walkName(m *Module, name string, via *Import, seen map[globalName]bool, yield func(UseSite)) {
	if seen[globalName{m, name}] {
		return
	}
	seen[globalName{m, name}] = true
	for _, u := range m.Scope.Uses(name) {
		yield(UseSite{u, m, via})
	}
	for _, r := range m.readers[name] {
		if r.owner == 0 {
			p.walkName(r.In, r.Binds, r, seen, yield)
			continue
		}
		for _, u := range r.In.Scope.LocalUses(r.owner, r.Binds) {
			yield(UseSite{u, r.In, r})
		}
	}
	for _, star := range m.readers["*"] {
		if p.takes(star, name) {
			p.walkName(star.In, name, star, seen, yield)
		}
	}
	for _, r := range m.reads[name] {
		u := r.use
		u.When = r.via.In.Scope.When(u.Node) // what runs at import was not known when it was indexed
		yield(UseSite{u, r.via.In, r.via})
	}
}

// starNames is what "from m import *" takes from a module.
type starNames struct {
	names    map[string]bool
	complete bool // false: there are names that nobody knows
}

// exportsOf returns what a star import takes from m.
func (p *Program) exportsOf(m *Module) *starNames {
	return p.exportsBelow(m, map[*Module]bool{})
}

func (p *Program) exportsBelow(m *Module, open map[*Module]bool) *starNames {
	if m.star != nil {
		return m.star
	}
	if open[m] {
		return &starNames{names: map[string]bool{}, complete: true} // a cycle of star imports adds nothing
	}
	open[m] = true
	names, known := m.Scope.Exports()
	e := &starNames{names: make(map[string]bool, len(names)), complete: known}
	for _, n := range names {
		e.names[n] = true
	}
	if !m.Scope.HasAll() {
		for _, star := range m.globals["*"] {
			base := p.find(m, star.Base)
			if base == nil {
				e.complete = false
				continue
			}
			sub := p.exportsBelow(base, open)
			e.complete = e.complete && sub.complete
			for n := range sub.names {
				if !strings.HasPrefix(n, "_") {
					e.names[n] = true
				}
			}
		}
	}
	if len(open) == 1 || len(m.globals["*"]) == 0 {
		m.star = e // within a cycle only the outermost answer is whole
	}
	delete(open, m)
	return e
}

// takes reports whether a star import takes a name from its module, as far as
// is known: a list that is not complete may hold every name.
func (p *Program) takes(star *Import, name string) bool {
	base := p.find(star.In, star.Base)
	if base == nil {
		return false
	}
	e := p.exportsOf(base)
	return e.names[name] || !e.complete && base.Scope.Binds(0, name)
}

// Undefined returns the loads of global names that neither the module nor its
// star imports nor the builtins bind, in source order. It is nil when a star
// import takes names that nobody knows.
func (p *Program) Undefined(m *Module) []scope.Use {
	known := map[string]bool{}
	for _, star := range m.globals["*"] {
		base := p.find(m, star.Base)
		if base == nil {
			return nil
		}
		e := p.exportsOf(base)
		if !e.complete {
			return nil
		}
		for n := range e.names {
			known[n] = true
		}
	}
	var out []scope.Use
	for name, uses := range m.Scope.GlobalNames() {
		if known[name] || m.Scope.Binds(0, name) || builtinNames[name] {
			continue
		}
		for _, u := range uses {
			if !u.Store && !u.Del && u.When != scope.Never {
				out = append(out, u)
			}
		}
	}
	slices.SortFunc(out, func(a, b scope.Use) int {
		return cmp.Compare(m.Syntax.Node(a.Node).Start, m.Syntax.Node(b.Node).Start)
	})
	return out
}

// builtinNames are the names that every module has without binding them, of
// all supported versions.
var builtinNames = func() map[string]bool {
	names := map[string]bool{}
	for _, n := range strings.Fields(`
		ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup BlockingIOError BrokenPipeError
		BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError ConnectionRefusedError
		ConnectionResetError DeprecationWarning EOFError Ellipsis EncodingWarning EnvironmentError Exception ExceptionGroup
		False FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportCycleError ImportError
		ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError
		MemoryError ModuleNotFoundError NameError None NotADirectoryError NotImplemented NotImplementedError OSError
		OverflowError PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError
		ReferenceError ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning
		SystemError SystemExit TabError TimeoutError True TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError
		UnicodeError UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError
		abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
		credits delattr dict dir divmod enumerate eval exec exit filter float format frozendict frozenset getattr globals hasattr hash
		help hex id input int isinstance issubclass iter len license list locals map max memoryview min next object oct
		open ord pow print property quit range repr reversed round sentinel set setattr slice sorted staticmethod str sum super
		tuple type vars zip
		__annotations__ __annotate__ __builtins__ __cached__ __class__ __conditional_annotations__ __debug__ __dict__ __doc__ __file__ __import__
		__loader__ __module__ __name__ __package__ __path__ __qualname__ __spec__ __build_class__ __classdict__ __static_attributes__ __firstlineno__`) {
		names[n] = true
	}
	return names
}()
