package graph

import (
	"maps"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// nameInfo is what a Name means.
type nameInfo struct {
	variable *variable // nil when the module does not bind the name
	outer    *variable // in a class body: the global of the same name
	imports  []*Import // that bind the global
	global   bool      // star imports may bind it, too
}

// nameOf looks a Name up, once.
func (f *follower) nameOf(n syntax.NodeID) *nameInfo {
	m := f.now.m
	list := f.named[m]
	if list == nil {
		list = make([]*nameInfo, len(m.Syntax.Nodes))
		f.named[m] = list
	}
	if list[n] == nil {
		info := &nameInfo{}
		list[n] = info
		name := m.Syntax.Text(n)
		owner, bound := f.lookup(m, name, m.Scope.ScopeOf(n))
		switch {
		case !bound:
		case owner == 0:
			info.variable, info.imports, info.global = f.name(m, 0, name), m.globals[name], true
		default:
			info.variable = f.name(m, owner, name)
			if m.Scope.Scopes[owner].Kind == scope.ClassScope {
				info.outer = f.name(m, 0, name)
			}
		}
	}
	return list[n]
}

// lookup is scope.Info.Lookup for a name as it is written: in a class, Python
// puts the name of the class in front of a private one.
func (f *follower) lookup(m *Module, name string, s scope.ScopeID) (owner scope.ScopeID, bound bool) {
	if strings.HasPrefix(name, "__") && !strings.HasSuffix(name, "__") {
		for c := s; c != 0; c = m.Scope.Scopes[c].Parent {
			if m.Scope.Scopes[c].Kind != scope.ClassScope {
				continue
			}
			t := m.Syntax
			class := strings.TrimLeft(t.Text(t.Child(m.Scope.Scopes[c].Node, syntax.Ident)), "_")
			if owner, bound := m.Scope.Lookup("_"+class+name, s); bound && class != "" {
				return owner, true
			}
			break
		}
	}
	return m.Scope.Lookup(name, s)
}

// loadName returns the values of a Name.
func (f *follower) loadName(n syntax.NodeID) []value {
	m := f.now.m
	if info := f.nameOf(n); info.variable != nil {
		vs := f.load(info.variable)
		if info.outer != nil {
			vs = appendNew(vs, f.load(info.outer)...)
		}
		for _, imp := range info.imports {
			vs = appendNew(vs, f.imported(imp)...)
		}
		if info.global && len(m.globals["*"]) > 0 {
			star, _ := f.starName(m, m.Syntax.Text(n))
			vs = appendNew(vs, star...)
		}
		return vs
	}
	name := m.Syntax.Text(n)
	if vs, ok := f.starName(m, name); ok {
		return vs
	}
	vs := f.load(f.attribute(name)) // builtins.name = …
	if dynamic[name] || lookingAround[name] && slices.Contains(m.Scope.DynamicNames, n) {
		f.leakModule(m)
	}
	return appendNew(vs, external)
}

var (
	// dynamic are the builtins by which code reaches every name of its module,
	// and lookingAround those that do so without an argument.
	dynamic       = words("globals eval exec")
	lookingAround = words("vars dir locals")
)

// leakModule lets everything in a module be called.
func (f *follower) leakModule(m *Module) {
	for name := range m.Scope.GlobalNames() {
		if m.Scope.Binds(0, name) {
			f.leakVariable(f.name(m, 0, name))
		}
	}
}

func (f *follower) leakAll(vs []value) {
	for _, v := range slices.Clone(vs) {
		f.leak(v)
	}
}

// starName returns the values of a name that a star import brings.
func (f *follower) starName(m *Module, name string) ([]value, bool) {
	for _, star := range m.globals["*"] {
		if base := f.p.find(m, star.Base); base != nil && base != m && f.p.takes(star, name) {
			return f.global(base, name), true
		}
	}
	return nil, false
}

// asking is a global name of a module whose values are being looked for.
type asking struct {
	m    *Module
	name string
}

// global returns the values of a global name of a module.
func (f *follower) global(m *Module, name string) []value {
	key := asking{m, name}
	if f.asked[key] { // modules that import a name from each other, or from one in several ways
		return nil
	}
	f.asked[key] = true
	f.depth++
	defer func() {
		if f.depth--; f.depth == 0 {
			clear(f.asked)
		}
	}()
	vs := f.load(f.name(m, 0, name))
	if !m.Scope.Binds(0, name) {
		if star, ok := f.starName(m, name); ok {
			return appendNew(vs, star...)
		}
		return append(appendNew(vs, f.lazyName(m, name)...), external)
	}
	for _, imp := range m.globals[name] {
		vs = appendNew(vs, f.imported(imp)...)
	}
	star, _ := f.starName(m, name)
	return appendNew(vs, star...)
}

// imported returns the values of the name that an import binds.
func (f *follower) imported(imp *Import) []value {
	if base := f.p.find(imp.In, imp.Base); base != nil && imp.Item != "" && base != imp.In && !base.bindsAtImport(imp.Item) {
		f.moduleGetattr(base) // asked before a submodule is looked for
	}
	if name := f.p.moduleBehind(imp.In, int(imp.binding)); name != "" {
		return []value{f.val(object{kind: module, m: f.p.find(imp.In, name), name: name})}
	}
	if base := f.p.find(imp.In, imp.Base); base != nil && imp.Item != "" && base != imp.In {
		return f.global(base, imp.Item)
	}
	return []value{external}
}

// bindsAtImport reports whether a module binds a global name, and not only by
// imports for type checkers.
func (m *Module) bindsAtImport(name string) bool {
	if !m.Scope.Binds(0, name) {
		return false
	}
	s := symbolOf(name)
	if m.facts.name(s)&nameStored != 0 {
		return true
	}
	for _, imp := range m.globals[name] {
		if m.facts.statements[m.facts.bindings[imp.binding].statement].base <= scope.AtCall {
			return true
		}
	}
	return len(m.globals[name]) == 0
}

// moduleGetattr lets Python call the function __getattr__ of a module, as it
// does for names that the module does not bind.
func (f *follower) moduleGetattr(m *Module) {
	if !m.Scope.Binds(0, "__getattr__") {
		return
	}
	for _, v := range f.global(m, "__getattr__") {
		if v.kind != outside {
			f.call(v, arguments{unknown: true}, false)
		}
	}
}

// getattr returns the values of an attribute.
func (f *follower) getattr(vs []value, name string) []value {
	var out []value
	for _, v := range vs {
		switch v.kind {
		case outside, function, partial:
			switch {
			case !unwrapping[name]:
			case v.kind == function:
				out = appendNew(out, v)
			case v.kind == partial:
				out = appendNew(out, f.load(f.contents(v.object))...)
			}
			out = appendNew(appendNew(out, external), f.load(f.attribute(name))...)
		case container:
			out = appendNew(out, f.val(object{kind: container, m: v.m, node: v.node, name: "." + name}))
		case module:
			if name == "__dict__" {
				f.leak(v)
			}
			sub := v.name + "." + name
			if v.m != nil && v.m.Scope.Binds(0, name) || v.m != nil && len(v.m.globals["*"]) > 0 {
				out = appendNew(out, f.global(v.m, name)...)
			}
			if v.m != nil && !v.m.bindsAtImport(name) {
				f.moduleGetattr(v.m)
			}
			if f.now.m != nil {
				if m := f.p.find(f.now.m, sub); f.p.owns(sub) {
					out = appendNew(out, f.val(object{kind: module, m: m, name: sub}))
				} else if v.m == nil || !v.m.Scope.Binds(0, name) {
					out = appendNew(out, external)
				}
			}
		case class, instance:
			out = appendNew(out, f.member(v, name)...)
		}
	}
	return out
}

// member returns the values of an attribute of a class or an instance.
func (f *follower) member(v value, name string) []value {
	c := object{class, v.m, v.node, ""}
	self := v.object
	var out []value
	switch {
	case name == "__class__" && v.kind == instance:
		out = append(out, f.val(c))
	case v.kind == class && f.enum(c): // its members
		out = append(out, f.val(object{instance, c.m, c.node, ""}))
	case name == "__dict__" || name == "__mro__" || name == "__bases__" || name == "__base__":
		for _, base := range f.lineage(c) {
			f.leakMethods(base)
		}
	case name == "__subclasses__" && !f.listed[c]:
		f.listed[c] = true
		f.leakAll(f.heirs[c])
	}
	for _, base := range f.lineage(c) {
		out = appendNew(out, f.load(f.field(base, name))...)
		s, ok := base.m.Scope.Opens(base.node)
		if !ok {
			continue
		}
		// Private names are kept as they are written: both sides mean the same.
		found := f.load(f.name(base.m, s, name))
		for _, x := range found {
			if x.kind != function {
				out = appendNew(out, x)
				if x.kind == partial { // name = property(read)
					out = appendNew(out, f.call(x, arguments{}, false)...)
				}
				continue
			}
			bound := f.boundMethod(x.object, self)
			if scope.IsProperty(x.m.Syntax, x.node) {
				out = appendNew(out, f.call(bound, arguments{}, true)...)
				continue
			}
			if v.kind == class && !scope.IsClassMethod(x.m.Syntax, x.node) || scope.IsStaticMethod(x.m.Syntax, x.node) {
				bound = x
			}
			out = appendNew(out, bound)
		}
		if len(found) > 0 {
			break
		}
	}
	if f.foreign(c) || len(out) == 0 {
		out = appendNew(out, external)
	}
	return out
}

// implicit calls the methods by which Python carries out an operation on the
// instances among the values, and returns their results.
func (f *follower) implicit(vs []value, methods ...string) []value {
	var out []value
	for _, v := range vs {
		if v.kind != instance && v.kind != class {
			continue
		}
		for _, name := range methods {
			for _, fn := range f.method(object{class, v.m, v.node, ""}, name) {
				self := v.object
				out = appendNew(out, f.call(f.boundMethod(fn, self), arguments{unknown: true}, false)...)
			}
		}
	}
	return out
}

// operate lets an operator call the special methods of instances.
func (f *follower) operate(vs []value) {
	for _, v := range vs {
		if v.kind == instance {
			f.leakDunders(object{class, v.m, v.node, ""})
		}
	}
}

// leakDunders lets Python call all special methods of a class.
func (f *follower) leakDunders(c object) {
	bases := f.lineage(c)
	if f.special[c] == len(bases) {
		return
	}
	f.special[c] = len(bases)
	f.callSpecial(c, func(string) bool { return true })
}

// operators lets Python call the special methods of a class of which there is an
// instance: truth, order, text, attributes and much else that no call shows. What
// statements ask for is followed where they stand.
func (f *follower) operators(c object) {
	f.callSpecial(c, func(name string) bool { return (!later[name] || name == "__del__") && !ofClass[name] })
}

// callSpecial calls the special methods of an instance that which picks.
func (f *follower) callSpecial(c object, which func(name string) bool) {
	self := object{instance, c.m, c.node, ""}
	for _, base := range f.lineage(c) {
		for _, fn := range f.methods(base) {
			if name := fn.m.Syntax.Text(fn.m.Syntax.Child(fn.node, syntax.Ident)); dunder(name) && which(name) {
				f.call(f.boundMethod(fn, self), arguments{unknown: true}, false)
			}
		}
	}
}

// callExpr evaluates a Call.
func (f *follower) callExpr(n syntax.NodeID) []value {
	m := f.now.m
	t := m.Syntax
	fn := t.First(n)
	callee := f.eval(fn)
	args := arguments{}
	if list := t.Child(n, syntax.Args); list != syntax.None {
		for a := range t.Children(list) {
			vs := f.eval(lastChild(t, a))
			switch {
			case t.Node(a).Flags&(syntax.FlagStar|syntax.FlagStar2) != 0:
				args.spread = appendNew(args.spread, f.iterate(vs)...)
				if t.Node(a).Flags&syntax.FlagStar2 != 0 {
					f.implicit(vs, "keys")
					f.leakAll(f.implicit(vs, "__getattribute__", "__getattr__")) // may return "keys"
				}
			case t.Child(a, syntax.Ident) != syntax.None && t.First(a) == t.Child(a, syntax.Ident):
				if args.keywords == nil {
					args.keywords = map[string][]value{}
				}
				name := t.Text(t.First(a))
				args.keywords[name] = appendNew(args.keywords[name], vs...)
			default:
				args.positional = append(args.positional, vs)
			}
		}
	}
	if id := t.Child(fn, syntax.Ident); t.Kind(fn) == syntax.Attribute && id != syntax.None && t.Is(id, "send") {
		f.leakAll(args.all()) // to a generator, which may call it
	}
	var out []value
	for _, c := range callee {
		if c.kind == outside {
			out = appendNew(out, f.callOutside(n, fn, args)...)
			continue
		}
		out = appendNew(out, f.call(c, args, len(callee) == 1)...)
	}
	return out
}

// callOutside calls something that is not of the project. A few builtins are
// known: they keep, unpack or only look at what they get.
func (f *follower) callOutside(n, fn syntax.NodeID, args arguments) []value {
	t := f.now.m.Syntax
	name := ""
	switch t.Kind(fn) {
	case syntax.Name:
		name = t.Text(fn)
	case syntax.Attribute:
		if id := t.Child(fn, syntax.Ident); id != syntax.None {
			name = t.Text(id)
		}
	}
	switch {
	case name == "type" && len(args.positional) == 1:
		return f.getattr(args.positional[0], "__class__")
	case name == "type": // makes a class of what it gets
	case looking[name]:
		return nil
	case registering[name]:
		return []value{external}
	case name == "iter" && len(args.positional) == 2: // calls the first until it returns the second
	case keeping[name] && len(args.keywords) == 0:
		all := args.all()
		return append(f.makeContainer(n, appendNew(f.iterate(all), all...)), external)
	case name == "super":
		return []value{external}
	case name == "lru_cache" && !slices.ContainsFunc(args.all(), func(v value) bool { return v.kind != outside }): // only its size
	case wrapping[name] && len(args.positional) > 0:
		p := object{partial, f.now.m, n, ""}
		f.store(f.contents(p), args.all())
		return []value{f.val(p)}
	case name == "getattr" && len(args.positional) > 1:
		return f.dynamicAttribute(n, args)
	case importing[name]:
		return f.importCall(n)
	case name == "cast" && len(args.positional) == 2:
		return args.positional[1]
	}
	f.leakPair(n)
	f.leakAll(args.all())
	return []value{external}
}

// dynamicAttribute evaluates getattr(x, "name").
func (f *follower) dynamicAttribute(n syntax.NodeID, args arguments) []value {
	t := f.now.m.Syntax
	second := t.Next(t.First(t.Child(n, syntax.Args)))
	out := []value{external}
	if name, ok := scope.StringValue(t, t.First(second)); ok {
		out = appendNew(out, f.getattr(args.positional[0], name)...)
	} else {
		f.leakAll(args.positional[0])
	}
	if len(args.positional) > 2 {
		out = appendNew(out, args.positional[2]...)
	}
	return out
}

// call calls a value and returns the results.
func (f *follower) call(v value, args arguments, sure bool) []value {
	sure = sure && f.now.sure
	switch v.kind {
	case outside, module:
		f.leakAll(args.all())
		return []value{external}
	case class:
		return f.instantiate(v.object, args, sure)
	case instance:
		return f.callMethod(v.object, "__call__", args, sure)
	case partial:
		callees, spread := f.unwrap(v.object)
		spread = appendNew(spread, args.all()...)
		var out []value
		for _, x := range callees {
			out = appendNew(out, f.call(x, arguments{unknown: true, spread: spread}, false)...)
		}
		return out
	case container: // a method of a list or dict: it keeps and hands out elements
		box := object{kind: container, m: v.m, node: v.node}
		f.store(f.contents(box), f.elements(args.all()))
		for _, name := range []string{"key", "default_factory"} {
			f.leakAll(args.keywords[name])
		}
		return appendNew([]value{f.val(box)}, f.load(f.contents(box))...)
	}
	if args.unknown && len(args.positional)+len(args.keywords)+len(args.spread) == 0 {
		if !f.unknown[v] {
			f.unknown[v] = true
			f.pass(v, args)
		}
	} else {
		f.pass(v, args)
	}
	f.enter(v.object, sure)
	return f.load(f.result(v.object))
}

// unwrap returns what a partial calls in the end, and all that it and the
// partials within it hold. They may hold each other, and one may be reached in
// very many ways, so each is looked at once.
func (f *follower) unwrap(p object) (callees, held []value) {
	seen := map[object]bool{p: true}
	for queue := []object{p}; len(queue) > 0; queue = queue[1:] {
		for _, x := range f.load(f.contents(queue[0])) {
			held = appendNew(held, x)
			if x.kind != partial {
				callees = appendNew(callees, x)
			} else if !seen[x.object] {
				seen[x.object] = true
				queue = append(queue, x.object)
			}
		}
	}
	return callees, held
}

// callMethod calls a method of an instance by name.
func (f *follower) callMethod(self object, name string, args arguments, sure bool) []value {
	fns := f.method(object{class, self.m, self.node, ""}, name)
	if len(fns) == 0 {
		f.leakAll(args.all())
		return []value{external}
	}
	var out []value
	for _, fn := range fns {
		out = appendNew(out, f.call(f.boundMethod(fn, self), args, sure)...)
	}
	return out
}

// instantiate calls a class.
func (f *follower) instantiate(c object, args arguments, sure bool) []value {
	self := object{instance, c.m, c.node, ""}
	for _, name := range []string{"__new__", "__init__", "__post_init__"} {
		for _, fn := range f.method(c, name) {
			s := self
			if name == "__new__" {
				s = c
			}
			f.call(f.boundMethod(fn, s), args, sure)
		}
	}
	if len(f.method(c, "__init__")) == 0 { // a dataclass keeps its arguments
		for _, name := range slices.Sorted(maps.Keys(args.keywords)) {
			f.store(f.field(c, name), args.keywords[name])
		}
	}
	if !f.made[c] {
		f.made[c] = true
		f.operators(c)
		if f.foreign(c) {
			f.leakMethods(c)
		}
	}
	if f.foreign(c) || len(f.method(c, "__init__")) == 0 && len(f.method(c, "__new__")) == 0 {
		f.leakAll(args.all())
	}
	return []value{f.val(self)}
}
