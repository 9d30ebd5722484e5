package graph

import (
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
)

// starNames is what "from m import *" takes from a module.
type starNames struct {
	names    map[symbol]bool // true: without an underscore in front
	complete bool            // false: there are names that nobody knows
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
		return &starNames{complete: true} // a cycle of star imports adds nothing
	}
	open[m] = true
	f := m.facts
	e := &starNames{names: map[symbol]bool{}, complete: f.allKnown}
	for k, name := range f.bound {
		if f.flags[k]&nameExports != 0 {
			e.names[name] = f.flags[k]&namePrivate == 0
		}
	}
	stars := false
	for k := range f.bindings {
		if f.hasAll || f.bindings[k].symbol != starSymbol {
			continue
		}
		stars = true
		base := m.found[k].base
		if base < 0 {
			e.complete = false
			continue
		}
		sub := p.exportsBelow(p.Modules[base], open)
		e.complete = e.complete && sub.complete
		for n, public := range sub.names {
			if public {
				e.names[n] = true
			}
		}
	}
	if len(open) == 1 || !stars {
		m.star = e // within a cycle only the outermost answer is whole
	}
	delete(open, m)
	return e
}

// takes reports whether a star import takes a name from its module, as far as
// is known: a list that is not complete may hold every name.
func (p *Program) takes(star *Import, name string) bool {
	base := p.find(star.In, star.Base)
	return base != nil && p.brings(base, symbolOf(name))
}

// brings is takes for the module that a star import names.
func (p *Program) brings(base *Module, name symbol) bool {
	if !base.facts.stars { // the usual case needs no list
		flags := base.facts.name(name)
		return flags&nameExports != 0 || !base.facts.allKnown && flags&nameBound != 0
	}
	e := p.exportsOf(base)
	_, ok := e.names[name]
	return ok || !e.complete && base.facts.name(name)&nameBound != 0
}

// complete reports whether all that a star import takes from m is known.
func (p *Program) complete(m *Module) bool {
	if !m.facts.stars {
		return m.facts.allKnown
	}
	return p.exportsOf(m).complete
}

// Undefined returns the loads of global names that neither the module nor its
// star imports nor the builtins bind, in source order. It is nil when a star
// import takes names that nobody knows.
func (p *Program) Undefined(m *Module) []scope.Use {
	known := map[symbol]bool{}
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
		if known[symbolOf(name)] || m.Scope.Binds(0, name) || builtinNames[name] {
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
