package graph

import (
	"slices"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// defineClass executes a class statement; its body runs at once.
func (f *follower) defineClass(n syntax.NodeID) {
	m := f.now.m
	t := m.Syntax
	c := object{class, m, n, ""}
	meta := false
	if args := t.Child(n, syntax.Args); args != syntax.None {
		for a := range t.Children(args) {
			e := lastChild(t, a)
			vs := f.eval(e)
			if t.Child(a, syntax.Ident) == syntax.None {
				f.store(f.bases(c), vs)
				continue
			}
			for _, v := range vs { // a metaclass makes the class
				if v.kind == class {
					f.instantiate(v.object, arguments{unknown: true}, true)
					f.leakDunders(v.object)
					meta = true
				} else {
					f.leak(v)
				}
			}
		}
	}
	f.derive(c)
	f.block(t.Child(n, syntax.Block))
	for a := range t.Children(t.Child(n, syntax.Block)) {
		if t.Kind(a) == syntax.Assign { // descriptors hear of their names
			f.implicit(f.peekAssigned(a), "__set_name__")
		}
	}
	for _, base := range f.lineage(c)[1:] {
		for _, fn := range f.method(base, "__init_subclass__") {
			f.call(f.boundMethod(fn, c), arguments{unknown: true}, true)
		}
		if bt := base.m.Syntax; bt.Child(base.node, syntax.Args) != syntax.None { // an inherited metaclass
			meta = f.inheritMeta(base) || meta
		}
	}
	f.creation(c, meta)
	for _, base := range f.lineage(c) {
		f.heirs[base] = appendNew(f.heirs[base], f.val(c))
		if f.listed[base] {
			f.leak(f.val(c))
		}
	}
	vs := []value{f.val(c)}
	var decorators []syntax.NodeID
	for d := range t.Children(n) {
		if t.Kind(d) == syntax.Decorator {
			decorators = append(decorators, t.First(d))
		}
	}
	for _, d := range slices.Backward(decorators) {
		vs = f.decorate(d, vs)
	}
	f.bindIdent(n, vs)
}

// peekAssigned returns what the plain targets of an assignment hold.
func (f *follower) peekAssigned(a syntax.NodeID) []value {
	var out []value
	for c := range f.now.m.Syntax.Children(a) {
		if f.now.m.Syntax.Kind(c) == syntax.Name && f.now.m.Syntax.Next(c) != syntax.None {
			out = appendNew(out, f.loadName(c)...)
		}
	}
	return out
}

// inheritMeta runs the metaclass of a base class, if it has one in the project.
func (f *follower) inheritMeta(base object) (found bool) {
	t := base.m.Syntax
	for a := range t.Children(t.Child(base.node, syntax.Args)) {
		if id := t.Child(a, syntax.Ident); id == syntax.None || t.Text(id) != "metaclass" {
			continue
		}
		saved := f.now
		f.now = &region{m: base.m, node: syntax.Root}
		for _, v := range f.peek(lastChild(t, a)) {
			if v.kind == class {
				f.instantiate(v.object, arguments{unknown: true}, true)
				f.leakDunders(v.object)
				found = true
			}
		}
		f.now = saved
	}
	return found
}

// creation lets the creation of a class call its special methods: with a
// metaclass those of its instances (an Enum makes its members so), with bases
// from outside those of the class. Methods that are special to a library only
// may be called by whoever sees the class, for example in an annotation.
func (f *follower) creation(c object, made bool) {
	foreign := f.foreign(c)
	made = made || f.enum(c)
	for _, k := range f.lineage(c) {
		for _, fn := range f.methods(k) {
			name := fn.m.Syntax.Text(fn.m.Syntax.Child(fn.node, syntax.Ident))
			switch {
			case !dunder(name) && !isSunder([]byte(name)):
			case made && !later[name]:
				f.call(f.boundMethod(fn, object{instance, c.m, c.node, ""}), arguments{unknown: true}, false)
			case !dataModel[name] && (foreign || !typeModel[name]):
				f.call(f.boundMethod(fn, c), arguments{unknown: true}, false)
			}
		}
	}
}

// enum reports whether a class derives from Enum.
func (f *follower) enum(c object) bool {
	for _, k := range f.lineage(c) {
		t := k.m.Syntax
		args := t.Child(k.node, syntax.Args)
		if args == syntax.None {
			continue
		}
		for a := range t.Children(args) {
			if t.Child(a, syntax.Ident) == syntax.None && scope.EnumBase(t, t.First(a)) {
				return true
			}
		}
	}
	return false
}
