package rewrite

import (
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

// builtinNames are the names of the builtins module, of all supported
// versions, that a fast path file must not shadow.
var builtinNames = wordSet(`
	abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod compile complex copyright
	credits delattr dict dir divmod enumerate eval exec exit filter float format frozendict frozenset getattr globals
	hasattr hash help hex id input int isinstance issubclass iter len license list locals map max memoryview min next
	object oct open ord pow print property quit range repr reversed round sentinel set setattr slice sorted staticmethod
	str sum super tuple type vars zip
	Ellipsis NotImplemented ArithmeticError AssertionError AttributeError BaseException BaseExceptionGroup
	BlockingIOError BrokenPipeError BufferError BytesWarning ChildProcessError ConnectionAbortedError ConnectionError
	ConnectionRefusedError ConnectionResetError DeprecationWarning EOFError EncodingWarning EnvironmentError Exception
	ExceptionGroup FileExistsError FileNotFoundError FloatingPointError FutureWarning GeneratorExit IOError ImportError
	ImportWarning IndentationError IndexError InterruptedError IsADirectoryError KeyError KeyboardInterrupt LookupError
	MemoryError ModuleNotFoundError NameError NotADirectoryError NotImplementedError OSError OverflowError
	PendingDeprecationWarning PermissionError ProcessLookupError PythonFinalizationError RecursionError ReferenceError
	ResourceWarning RuntimeError RuntimeWarning StopAsyncIteration StopIteration SyntaxError SyntaxWarning SystemError
	SystemExit TabError TimeoutError TypeError UnboundLocalError UnicodeDecodeError UnicodeEncodeError UnicodeError
	UnicodeTranslateError UnicodeWarning UserWarning ValueError Warning WindowsError ZeroDivisionError`)

func isBuiltinName(name string) bool { return builtinNames[name] }

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(words) {
		set[w] = true
	}
	return set
}

// chainOf returns the parts of "a.b.c" and the node of its first Name; nil
// for an expression that is no such chain.
func chainOf(f *syntax.File, n syntax.NodeID) (parts []string, root syntax.NodeID) {
	for f.Kind(n) == syntax.Attribute {
		parts = append(parts, f.Text(f.Child(n, syntax.Ident)))
		n = f.First(n)
	}
	if f.Kind(n) != syntax.Name {
		return nil, syntax.None
	}
	parts = append(parts, f.Text(n))
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts, n
}

// dottedOf is chainOf as one string, "" for other expressions.
func dottedOf(f *syntax.File, n syntax.NodeID) string {
	parts, _ := chainOf(f, n)
	return strings.Join(parts, ".")
}

// rootOf returns the leftmost Name of an expression made of attributes,
// subscripts and calls, or None.
func rootOf(f *syntax.File, n syntax.NodeID) syntax.NodeID {
	for {
		switch f.Kind(n) {
		case syntax.Name:
			return n
		case syntax.Attribute, syntax.Subscript, syntax.Call:
			n = f.First(n)
		default:
			return syntax.None
		}
	}
}

// stringOf returns the text of a plain string literal without escapes.
func stringOf(f *syntax.File, n syntax.NodeID) (string, bool) {
	if f.Kind(n) != syntax.String || f.Node(n).Flags&(syntax.FlagBytes|syntax.FlagFormat) != 0 {
		return "", false
	}
	text := strings.TrimLeft(f.Text(n), "rRuU")
	for _, q := range []string{`"""`, `'''`, `"`, `'`} {
		if strings.HasPrefix(text, q) && strings.HasSuffix(text, q) && len(text) >= 2*len(q) {
			return text[len(q) : len(text)-len(q)], true
		}
	}
	return "", false
}

// argumentsOf returns the values of a call's arguments in order, by keyword
// or not.
func argumentsOf(f *syntax.File, call syntax.NodeID) []syntax.NodeID {
	var out []syntax.NodeID
	for a := range f.Children(f.Child(call, syntax.Args)) {
		v := f.First(a)
		if f.Kind(v) == syntax.Ident {
			v = f.Next(v)
		}
		if v != syntax.None {
			out = append(out, v)
		}
	}
	return out
}

// walk calls visit for n and everything below it; a false answer leaves out
// what hangs below a node.
func walk(f *syntax.File, n syntax.NodeID, visit func(syntax.NodeID) bool) {
	if !visit(n) {
		return
	}
	for c := range f.Children(n) {
		walk(f, c, visit)
	}
}

// bindings maps the names that the import statements of a module bind, in any
// scope, to the modules they may stand for.
func bindings(imports []*graph.Import) map[string][]string {
	out := map[string][]string{}
	for _, imp := range imports {
		if name := denotes(imp); name != "" {
			out[imp.Binds] = append(out[imp.Binds], name)
		}
	}
	return out
}

// denotes returns the absolute module that an import's name stands for, ""
// when it stands for something inside of one.
func denotes(imp *graph.Import) string {
	switch {
	case imp.Binds == "*" || imp.Alias == syntax.None:
		return ""
	case imp.Item != "":
		if imp.Target == imp.Base+"."+imp.Item {
			return imp.Target
		}
		return ""
	case imp.AsName != "":
		return imp.Base // import a.b as c
	}
	top, _, _ := strings.Cut(imp.Base, ".")
	return top
}

// moduleImports maps the module-level names that import statements bind to
// their imports; the last one counts.
func moduleImports(m *graph.Module) map[string]*graph.Import {
	out := map[string]*graph.Import{}
	for _, imp := range m.Imports {
		if imp.Scope == "module" && imp.Binds != "*" {
			out[imp.Binds] = imp
		}
	}
	return out
}

// absolute returns the dotted origin of a name bound by an import: "os" for
// "import os", "os.environ" for "from os import environ".
func absolute(imp *graph.Import) string {
	if imp.Item != "" {
		return imp.Base + "." + imp.Item
	}
	return denotes(imp)
}
