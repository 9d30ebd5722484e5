package graph

import (
	"slices"

	"fastpath/internal/python/syntax"
)

// super returns the values of an attribute of super(), found in the classes
// that may follow the one around in the order of a self. ok is false where n is
// no such attribute.
func (f *follower) super(n syntax.NodeID) (out []value, ok bool) {
	m := f.now.m
	t := m.Syntax
	call, id := t.First(n), t.Child(n, syntax.Ident)
	if t.Kind(call) != syntax.Call || id == syntax.None || t.Kind(t.First(call)) != syntax.Name || t.Text(t.First(call)) != "super" {
		return nil, false
	}
	fn := syntax.None
	node := syntax.None
	for c, p := n, t.Parent(n); p != syntax.None && node == syntax.None; c, p = p, t.Parent(p) {
		switch t.Kind(p) {
		case syntax.FunctionDef:
			fn = p
		case syntax.ClassDef:
			if fn == syntax.None || t.Kind(c) != syntax.Block {
				return nil, false
			}
			node = p
		}
	}
	scope, opens := m.Scope.Opens(fn)
	params := t.Child(fn, syntax.Params)
	if node == syntax.None || !opens || params == syntax.None || t.First(params) == syntax.None {
		return nil, false
	}
	around := object{class, m, node, ""}
	name := t.Text(id)
	found, foreign := false, f.foreign(around)
	for _, self := range f.load(f.name(m, scope, t.Text(t.First(t.First(params))))) {
		if self.kind != instance && self.kind != class {
			continue
		}
		own := object{class, self.m, self.node, ""}
		foreign = foreign || f.foreign(own)
		for _, base := range f.lineage(own) {
			if base == around || base == own {
				continue
			}
			for _, x := range f.ownMethod(base, name) {
				found = true
				out = appendNew(out, f.boundMethod(x, self.object))
			}
		}
	}
	if foreign || !found && !slices.Contains(quiet, name) {
		out = appendNew(out, external)
	}
	return out, true
}

// quiet are the methods of object that do nothing with their arguments.
var quiet = []string{"__init__", "__init_subclass_", "__new__"}
