package graph

import (
	"bytes"
	"slices"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// block executes the statements below n.
func (f *follower) block(n syntax.NodeID) {
	if n == syntax.None {
		return
	}
	for s := range f.now.m.Syntax.Children(n) {
		f.statement(s)
	}
}

// statement executes one statement of the current region.
func (f *follower) statement(s syntax.NodeID) {
	saved := f.unit
	f.unit = f.unitOf(f.now, s)
	defer func() { f.unit = saved }()
	m := f.now.m
	t := m.Syntax
	switch t.Kind(s) {
	case syntax.FunctionDef:
		f.define(s)
	case syntax.ClassDef:
		f.defineClass(s)
	case syntax.Import, syntax.ImportFrom:
		for _, imp := range f.imports[m][s] {
			if imp.Binds != "*" {
				f.store(f.name(m, imp.owner, imp.Binds), f.imported(imp))
			} else if base := f.p.find(m, imp.Base); base != nil && base.Scope.HasAll() {
				f.moduleGetattr(base)
			}
		}
	case syntax.Return:
		if t.First(s) != syntax.None {
			fn := object{function, m, f.now.node, ""}
			f.store(f.result(fn), f.eval(t.First(s)))
		}
	case syntax.Assign:
		last := lastChild(t, s)
		vs := f.eval(last)
		for c := range t.Children(s) {
			if c != last {
				f.assign(c, vs)
			}
		}
	case syntax.AugAssign:
		target := t.First(s)
		vs := append(slices.Clone(f.eval(lastChild(t, s))), f.eval(target)...)
		for _, v := range f.eval(target) {
			if v.kind == container {
				f.store(f.contents(v.object), f.elements(vs))
			}
		}
		f.assign(target, vs)
	case syntax.AnnAssign:
		if last := lastChild(t, s); last != t.First(s) && t.Kind(last) != syntax.Annotation {
			f.assign(t.First(s), f.eval(last))
		}
		f.annotation(t.Child(s, syntax.Annotation))
	case syntax.For:
		target := t.First(s)
		f.assign(target, f.iterate(f.eval(t.Next(target))))
		f.suites(s)
	case syntax.If, syntax.While:
		f.eval(t.First(s))
		f.suites(s)
	case syntax.With:
		for c := range t.Children(s) {
			if t.Kind(c) != syntax.WithItem {
				f.block(c)
				continue
			}
			e := t.First(c)
			vs := f.eval(e)
			entered := append(slices.Clone(vs), f.implicit(vs, "__enter__", "__exit__", "__aenter__", "__aexit__")...)
			if target := t.Next(e); target != syntax.None {
				f.assign(target, entered)
			}
		}
	case syntax.Try, syntax.Match:
		if t.Kind(s) == syntax.Match && bytes.IndexByte(t.Src[t.Node(s).Start:t.Node(s).End], '(') >= 0 { // patterns read attributes
			for _, v := range f.eval(t.First(s)) {
				if v.kind == instance {
					f.leak(v)
				}
			}
		}
		for c := range t.Children(s) {
			switch t.Kind(c) {
			case syntax.Handler, syntax.Case:
				for d := range t.Children(c) {
					if t.Kind(d) == syntax.Block {
						f.block(d)
					} else if t.Kind(d) != syntax.Ident {
						f.eval(d)
					}
				}
			case syntax.Block, syntax.Else, syntax.Finally:
				f.block(c)
			default:
				f.eval(c)
			}
		}
	case syntax.Raise: // a class makes its exception
		for c := range t.Children(s) {
			for _, v := range f.eval(c) {
				if v.kind == class {
					f.instantiate(v.object, arguments{}, true)
				}
			}
		}
	case syntax.Delete:
		for c := range t.Children(s) {
			if t.Kind(c) == syntax.Attribute {
				if id := t.Child(c, syntax.Ident); id != syntax.None {
					f.implicit(f.eval(t.First(c)), t.Text(id)) // a property
				}
			}
		}
	case syntax.Global, syntax.Nonlocal, syntax.Pass, syntax.Break, syntax.Continue, syntax.TypeAlias:
	default:
		for c := range t.Children(s) {
			f.eval(c)
		}
	}
}

// suites executes the suites of a statement that may run.
func (f *follower) suites(s syntax.NodeID) {
	t := f.now.m.Syntax
	for c := range t.Children(s) {
		if k := t.Kind(c); k != syntax.Block && k != syntax.Else {
			continue
		}
		if w, _ := f.now.m.Scope.Branch(s, c); w == scope.AtImport {
			f.block(c)
		}
	}
}

func lastChild(t *syntax.File, n syntax.NodeID) syntax.NodeID {
	last := syntax.None
	for c := range t.Children(n) {
		last = c
	}
	return last
}

// annotation evaluates an annotation for its calls: where Python does so when it
// executes the definition, which may stand in a function.
func (f *follower) annotation(n syntax.NodeID) {
	if n == syntax.None {
		return
	}
	m := f.now.m
	runs := m.Scope.When(n) == scope.AtImport
	if m.Scope.When(n) == scope.AtCall && !m.Scope.FutureAnnotations && f.p.version.Less(syntax.Version{Major: 3, Minor: 14}) {
		s := m.Scope.ScopeOf(n)
		runs = m.Syntax.Kind(m.Syntax.Parent(n)) != syntax.AnnAssign || m.Scope.Scopes[s].Kind == scope.ClassScope
	}
	if runs {
		f.eval(m.Syntax.First(n))
	}
}

// define executes a def: defaults and decorators, then the binding.
func (f *follower) define(n syntax.NodeID) {
	m := f.now.m
	t := m.Syntax
	fn := object{function, m, n, ""}
	f.defaults(fn)
	vs := []value{f.val(fn)}
	var decorators []syntax.NodeID
	for c := range t.Children(n) {
		if t.Kind(c) == syntax.Decorator {
			decorators = append(decorators, t.First(c))
		}
	}
	for _, d := range slices.Backward(decorators) {
		vs = f.decorate(d, vs)
	}
	f.bindIdent(n, vs)
}

// defaults evaluates the default values of a function or lambda.
func (f *follower) defaults(fn object) {
	t := fn.m.Syntax
	params := t.Child(fn.node, syntax.Params)
	if params == syntax.None {
		return
	}
	s, ok := fn.m.Scope.Opens(fn.node)
	if !ok {
		return
	}
	for p := range t.Children(params) {
		f.annotation(t.Child(p, syntax.Annotation))
		if d := t.Child(p, syntax.Default); d != syntax.None {
			f.store(f.name(fn.m, s, t.Text(t.First(p))), f.eval(t.First(d)))
		}
	}
	f.annotation(t.Child(fn.node, syntax.Returns))
}

// decorate applies a decorator. Those of the project are followed. Others get
// the definition without calling it: that is what decorators do.
func (f *follower) decorate(d syntax.NodeID, vs []value) []value {
	m := f.now.m
	callee := f.eval(d)
	var out []value
	for _, c := range callee {
		if c.kind == outside {
			f.registered(d, vs)
			out = appendNew(out, vs...)
			if !scope.PlainDecorator(m.Syntax, d) {
				out = appendNew(out, external)
			}
			continue
		}
		out = appendNew(out, f.call(c, arguments{positional: [][]value{vs}}, true)...)
	}
	if len(callee) == 0 {
		return vs
	}
	return out
}

// registered lets a function be called that the decorator d adds to one that
// chooses by its argument: "@f.register".
func (f *follower) registered(d syntax.NodeID, vs []value) {
	t := f.now.m.Syntax
	if t.Kind(d) == syntax.Call {
		d = t.First(d)
	}
	if t.Kind(d) != syntax.Attribute || string(scope.LastName(t, d)) != "register" {
		return
	}
	if slices.ContainsFunc(f.eval(t.First(d)), func(v value) bool { return v.kind == partial || v.kind == function }) {
		f.leakAll(vs)
	}
}

// set lets the assignment to an attribute call the setter of a property.
func (f *follower) set(v value, name string) {
	f.implicit([]value{v}, name)
	for _, base := range f.lineage(object{class, v.m, v.node, ""}) {
		if s, ok := base.m.Scope.Opens(base.node); ok {
			for _, x := range f.load(f.name(base.m, s, name)) {
				if x.kind == partial { // name = property(read, write)
					f.call(x, arguments{unknown: true}, false)
				}
			}
		}
	}
}

// bindIdent binds the name of a def or class.
func (f *follower) bindIdent(n syntax.NodeID, vs []value) {
	m := f.now.m
	id := m.Syntax.Child(n, syntax.Ident)
	if id == syntax.None {
		return
	}
	s := m.Scope.ScopeOf(n)
	name := m.Syntax.Text(id)
	if owner, ok := f.lookup(m, name, s); ok {
		s = owner
	}
	f.store(f.name(m, s, name), vs)
}

// assign stores values in a target.
func (f *follower) assign(target syntax.NodeID, vs []value) {
	m := f.now.m
	t := m.Syntax
	switch t.Kind(target) {
	case syntax.Name:
		if info := f.nameOf(target); info.variable != nil {
			f.store(info.variable, vs)
		}
	case syntax.Attribute:
		id := t.Child(target, syntax.Ident)
		if id == syntax.None {
			return
		}
		name := t.Text(id)
		for _, v := range f.eval(t.First(target)) {
			switch v.kind {
			case module:
				if v.m != nil {
					f.store(f.name(v.m, 0, name), vs)
				}
			case class, instance:
				f.store(f.field(v.object, name), vs)
				f.set(v, name)
			default:
				f.store(f.attribute(name), vs)
			}
		}
	case syntax.Subscript:
		for _, v := range f.eval(t.First(target)) {
			switch v.kind {
			case container:
				f.store(f.contents(v.object), vs)
			case instance:
				f.implicit([]value{v}, "__setitem__")
				f.leakAll(vs)
			case outside:
				f.store(f.attribute("[]"), vs)
			}
		}
		f.eval(lastChild(t, target))
	case syntax.Tuple, syntax.List:
		for c := range t.Children(target) {
			f.assign(c, f.iterate(vs))
		}
	case syntax.Starred:
		f.assign(t.First(target), f.makeContainer(target, vs))
	default:
		f.eval(target)
	}
}

// eval returns the values that an expression may have, and carries out its
// calls. What it does not know is outside.
func (f *follower) eval(n syntax.NodeID) []value {
	f.steps++
	m := f.now.m
	t := m.Syntax
	switch t.Kind(n) {
	case syntax.Name:
		return f.loadName(n)
	case syntax.Number, syntax.Constant, syntax.Ident:
		return nil
	case syntax.String:
		f.leakSpelled(n)
		for c := range t.Children(n) {
			f.eval(c)
		}
		return nil
	case syntax.Strings, syntax.FormatSpec:
		for c := range t.Children(n) {
			f.eval(c)
		}
		return nil
	case syntax.Interpolation:
		for c := range t.Children(n) {
			f.implicit(f.eval(c), "__format__", "__str__", "__repr__")
		}
		return nil
	case syntax.Attribute:
		if vs, ok := f.super(n); ok {
			return vs
		}
		vs := f.eval(t.First(n))
		if id := t.Child(n, syntax.Ident); id != syntax.None {
			return f.getattr(vs, t.Text(id))
		}
		return vs
	case syntax.Subscript:
		if slices.Contains(m.Scope.DynamicNames, n) { // sys.modules[__name__]
			return []value{f.val(object{kind: module, m: m, name: m.Name})}
		}
		base := t.First(n)
		if t.Text(base) == "sys.modules" {
			if vs := f.moduleCalled(t.Next(base)); vs != nil {
				return vs
			}
		}
		vs := f.eval(base)
		for c := t.Next(base); c != syntax.None; c = t.Next(c) {
			f.eval(c)
		}
		out := f.implicit(vs, "__getitem__", "__class_getitem__")
		for _, v := range vs {
			switch v.kind {
			case container:
				out = appendNew(out, f.load(f.contents(v.object))...)
				if t.Kind(t.Next(base)) == syntax.Slice {
					out = appendNew(out, v)
				}
			case outside:
				out = appendNew(append(out, external), f.load(f.attribute("[]"))...)
			case class:
				out = appendNew(out, v) // Generic[T]
			}
		}
		return out
	case syntax.Call:
		return f.callExpr(n)
	case syntax.Lambda:
		fn := object{function, m, n, ""}
		f.defaults(fn)
		return []value{f.val(fn)}
	case syntax.Tuple, syntax.List, syntax.Set, syntax.Dict:
		var in []value
		for c := range t.Children(n) {
			switch t.Kind(c) {
			case syntax.DictItem:
				key := t.First(c)
				vs := f.eval(key)
				if v := t.Next(key); v != syntax.None {
					in = appendNew(in, f.eval(v)...)
					in = appendNew(in, vs...)
				} else {
					in = appendNew(in, f.iterate(vs)...)
				}
			case syntax.Starred:
				in = appendNew(in, f.iterate(f.eval(t.First(c)))...)
			default:
				in = appendNew(in, f.eval(c)...)
			}
		}
		return f.makeContainer(n, in)
	case syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp:
		var in []value
		for c := range t.Children(n) {
			if t.Kind(c) == syntax.Comprehension {
				target := t.First(c)
				iter := t.Next(target)
				f.assign(target, f.iterate(f.eval(iter)))
				for d := t.Next(iter); d != syntax.None; d = t.Next(d) {
					f.eval(t.First(d))
				}
			}
		}
		for c := range t.Children(n) {
			if t.Kind(c) != syntax.Comprehension {
				in = appendNew(in, f.eval(c)...)
			}
		}
		return f.makeContainer(n, in)
	case syntax.NamedExpr:
		target := t.First(n)
		vs := f.eval(t.Next(target))
		f.assign(target, vs)
		return vs
	case syntax.IfExp:
		body := t.First(n)
		test := t.Next(body)
		f.eval(test)
		var out []value
		for _, c := range []syntax.NodeID{body, t.Next(test)} {
			if w, _ := m.Scope.Branch(n, c); c != syntax.None && w == scope.AtImport {
				out = appendNew(out, f.eval(c)...)
			}
		}
		return out
	case syntax.BoolOp:
		var out []value
		for c := range t.Children(n) {
			out = appendNew(out, f.eval(c)...)
		}
		return out
	case syntax.BinOp, syntax.UnaryOp:
		var out []value
		for c := range t.Children(n) {
			vs := f.eval(c)
			out = appendNew(out, vs...) // list + list, dict | dict
			f.operate(vs)
		}
		return append(slices.Clone(out), external)
	case syntax.Compare:
		for c := range t.Children(n) {
			f.operate(f.eval(c))
		}
		return nil
	case syntax.Await:
		vs := f.eval(t.First(n))
		return appendNew(f.implicit(vs, "__await__"), vs...)
	case syntax.Starred:
		return f.eval(t.First(n))
	case syntax.Yield, syntax.YieldFrom:
		fn := object{function, m, f.now.node, ""}
		if e := t.First(n); e != syntax.None {
			f.store(f.result(fn), f.eval(e))
		}
		return []value{external}
	}
	var out []value
	for c := range t.Children(n) {
		if t.Kind(c) != syntax.Ident {
			out = appendNew(out, f.eval(c)...)
		}
	}
	return append(slices.Clone(out), external)
}

// makeContainer returns the container that the expression n makes.
func (f *follower) makeContainer(n syntax.NodeID, in []value) []value {
	c := object{container, f.now.m, n, ""}
	f.store(f.contents(c), in)
	return []value{f.val(c)}
}

// elements returns what is in the containers among the values.
func (f *follower) elements(vs []value) []value {
	var out []value
	for _, v := range vs {
		if v.kind == container {
			out = appendNew(out, f.load(f.contents(v.object))...)
		} else {
			out = appendNew(out, v)
		}
	}
	return out
}

// iterate returns what a loop over the values gets.
func (f *follower) iterate(vs []value) []value {
	out := f.implicit(vs, "__iter__", "__next__", "__aiter__", "__anext__", "__getitem__", "__len__")
	return appendNew(out, f.elements(vs)...)
}

// appendNew adds the values that are not there, to a list of its own.
func appendNew(out []value, vs ...value) []value {
	out = slices.Clip(out)
	for _, v := range vs {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
