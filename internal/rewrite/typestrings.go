package rewrite

import (
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

// Types stand in strings outside of annotations, too: List["m.T"] in an alias,
// NamedTuple("N", [("a", "m.T")]), cast("m.T", v). Whoever evaluates them looks
// the names up in the module.

var (
	typeCalls    = wordSet("NamedTuple TypedDict TypeVar ParamSpec NewType TypeAliasType ForwardRef cast assert_type make_dataclass")
	typeBuiltins = wordSet("list dict tuple set frozenset type deque defaultdict")
)

// typeStringsOf returns the strings of a file that hold types.
func typeStringsOf(f *syntax.File) (out []syntax.NodeID) {
	for i := range f.Nodes {
		n := syntax.NodeID(i)
		if _, ok := stringOf(f, n); ok && holdsType(f, n) {
			out = append(out, n)
		}
	}
	return out
}

func holdsType(f *syntax.File, n syntax.NodeID) bool {
	for c, p := n, f.Parent(n); p != syntax.None && !f.Kind(p).IsStatement() && f.Kind(p) != syntax.Block; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.Subscript:
			base := f.First(p)
			if base == c {
				return false
			}
			if f.Kind(base) == syntax.Attribute {
				base = f.Child(base, syntax.Ident)
			}
			name := f.Text(base)
			if name == "" || name == "Literal" || name == strings.ToUpper(name) { // the last is a constant
				return false
			}
			return name[0] >= 'A' && name[0] <= 'Z' || typeBuiltins[name]
		case syntax.Call:
			return typeCalls[calleeName(f, p)]
		}
	}
	return false
}

// typeString returns a string of a module that holds a type with this name, or
// None.
func (g *Gate) typeString(m *graph.Module, name string) syntax.NodeID {
	for _, n := range g.typeStrings[m] {
		if text, _ := stringOf(m.Syntax, n); graph.HasWord([]byte(text), name) {
			return n
		}
	}
	return syntax.None
}
