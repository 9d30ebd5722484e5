package scope

import (
	"slices"

	"fastpath/internal/python/syntax"
)

// exports is what __all__ says.
type exports struct {
	names []string
	known bool
	all   bool // there is an __all__
}

// findAll reads __all__: assignments and additions of lists and tuples of
// literals, and calls of append, extend and remove, in the order of the file.
func (a *analyzer) findAll() exports {
	f := a.File
	e := exports{known: true}
	for _, u := range a.Uses("__all__") {
		e.all = true
		p := f.Parent(u.Node)
		switch f.Kind(p) {
		case syntax.Assign, syntax.AnnAssign:
			if u.Store {
				value := lastChild(f, p)
				if !adds(f, value) {
					e.names = nil
				}
				e.add(f, value)
				continue
			}
		case syntax.AugAssign:
			e.add(f, lastChild(f, p))
			continue
		case syntax.Attribute:
			call := f.Parent(p)
			args := f.Child(call, syntax.Args)
			if f.Kind(call) != syntax.Call || args == syntax.None || f.First(args) == syntax.None {
				break
			}
			arg := f.First(f.First(args))
			switch f.Text(f.Child(p, syntax.Ident)) {
			case "extend":
				e.add(f, arg)
				continue
			case "append":
				e.one(f, arg)
				continue
			case "remove":
				if s, ok := StringValue(f, arg); ok {
					e.names = slices.DeleteFunc(e.names, func(n string) bool { return n == s })
					continue
				}
			}
		}
		if u.Store || u.Del {
			e.known = false
		}
	}
	slices.Sort(e.names)
	e.names = slices.Compact(e.names)
	return e
}

// add takes the elements of a literal list or tuple, or of a sum of such.
func (e *exports) add(f *syntax.File, n syntax.NodeID) {
	switch f.Kind(n) {
	case syntax.List, syntax.Tuple, syntax.Set:
		for c := range f.Children(n) {
			e.one(f, c)
		}
	case syntax.BinOp:
		for c := range f.Children(n) {
			e.add(f, c)
		}
	case syntax.Name:
		if !f.Is(n, "__all__") { // __all__ = __all__ + [...] adds to what is known
			e.known = false
		}
	default:
		e.known = false
	}
}

func (e *exports) one(f *syntax.File, n syntax.NodeID) {
	switch s, ok := StringValue(f, n); {
	case ok:
		e.names = append(e.names, s)
	case f.Kind(n) == syntax.Starred:
		e.add(f, f.First(n))
	default:
		e.known = false
	}
}

// adds reports whether a value of __all__ begins with __all__ itself.
func adds(f *syntax.File, n syntax.NodeID) bool {
	for f.Kind(n) == syntax.BinOp {
		n = f.First(n)
	}
	return f.Kind(n) == syntax.Name && f.Is(n, "__all__")
}
