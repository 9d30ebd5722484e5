package graph

import (
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// follow finds the functions that run while modules are being imported, and
// tells the scopes.
//
// It interprets the module-level code of the project abstractly: a variable
// holds a set of functions, classes, instances, containers and modules of the
// project; everything else is one value, outside. What reaches a call runs,
// with its arguments in its parameters; what is handed to code outside of the
// project counts as called, but for decorated definitions. The sets only grow;
// a region is evaluated again when something that it read has grown.
func (p *Program) follow() {
	for _, tests := range []bool{false, true} {
		f := newFollower(p)
		for _, m := range p.Modules {
			if !m.Test || tests {
				f.enqueue(f.moduleRegion(m))
			}
		}
		f.run()
		sure, maybe := map[*Module][]scope.ScopeID{}, map[*Module][]scope.ScopeID{}
		for _, r := range f.regions {
			if r.scope == 0 || r.m.Test != tests { // tests do not decide about the program
				continue
			}
			if r.sure {
				sure[r.m] = append(sure[r.m], r.scope)
			} else {
				maybe[r.m] = append(maybe[r.m], r.scope)
			}
		}
		for _, m := range p.Modules {
			if m.Test != tests {
				continue
			}
			m.Scope.Promote(sure[m])
			for _, imp := range m.Imports {
				imp.Runs = m.Scope.When(imp.Stmt).String()
			}
			m.Scope.Promote(maybe[m])
		}
		if !slices.ContainsFunc(p.Modules, func(m *Module) bool { return m.Test }) {
			return
		}
	}
}

// objectKind is what an object is.
type objectKind uint8

const (
	outside   objectKind = iota // anything that is not of the project
	function                    // a FunctionDef or Lambda
	class                       // a ClassDef
	instance                    // of a ClassDef
	container                   // a list, dict, comprehension …; its elements are in contents
	module                      // a project module, or a folder of such
	partial                     // what functools.partial returns: calls what contents holds
)

// object is one abstract object; it is identified by kind, module and node.
type object struct {
	kind objectKind
	m    *Module
	node syntax.NodeID
	name string // of a module
}

// value is an object in the hands of somebody; a bound method carries the
// object that it was taken from.
type value struct {
	object
	self  object
	bound bool
}

var external = value{object: object{kind: outside}}

// boundMethod returns the function fn as bound to self.
func boundMethod(fn, self object) value { return value{fn, self, true} }

// variable is a place that holds values.
type variable struct {
	values  []value
	readers []*region
	leaks   bool // code outside of the project sees what is stored here
}

// variableKey names a variable: a name of a scope, an attribute of any object,
// the elements of a container, or the result of a function.
type variableKey struct {
	m    *Module
	kind byte // 'n' name, 'a' attribute, 'e' elements, 'r' result
	id   int32
	name string
}

// region is code that runs at import: a module, or a function that is called.
type region struct {
	m      *Module
	scope  scope.ScopeID
	node   syntax.NodeID
	sure   bool // reached by calls only, not by handing it to somebody
	queued bool
}

// follower is the state of the analysis.
type follower struct {
	p         *Program
	variables map[variableKey]*variable
	regions   []*region
	regionAt  map[object]*region
	imports   map[*Module]map[syntax.NodeID][]*Import
	leaked    map[object]bool
	made      map[object]bool     // classes of which an instance was made
	defined   map[object][]object // methods by class
	queue     []*region
	now       *region
	depth     int
}

func newFollower(p *Program) *follower {
	return &follower{
		p: p, variables: map[variableKey]*variable{}, regionAt: map[object]*region{},
		imports: map[*Module]map[syntax.NodeID][]*Import{}, leaked: map[object]bool{}, made: map[object]bool{},
		defined: map[object][]object{},
	}
}

// run evaluates regions until nothing grows.
func (f *follower) run() {
	for len(f.queue) > 0 {
		r := f.queue[len(f.queue)-1]
		f.queue = f.queue[:len(f.queue)-1]
		r.queued = false
		f.now = r
		n := r.m.Syntax.Kind(r.node)
		switch n {
		case syntax.Module:
			f.block(r.node)
		case syntax.FunctionDef:
			f.block(r.m.Syntax.Child(r.node, syntax.Block))
		case syntax.Lambda:
			for c := range r.m.Syntax.Children(r.node) {
				if r.m.Syntax.Kind(c) != syntax.Params {
					f.store(f.result(object{function, r.m, r.node, ""}), f.eval(c))
				}
			}
		}
	}
}

func (f *follower) enqueue(r *region) {
	if !r.queued {
		r.queued = true
		f.queue = append(f.queue, r)
	}
}

func (f *follower) moduleRegion(m *Module) *region {
	r := &region{m: m, node: syntax.Root, sure: true}
	f.regions = append(f.regions, r)
	byStmt := map[syntax.NodeID][]*Import{}
	for _, imp := range m.Imports {
		byStmt[imp.Stmt] = append(byStmt[imp.Stmt], imp)
	}
	f.imports[m] = byStmt
	return r
}

// enter makes a function run.
func (f *follower) enter(fn object, sure bool) {
	r := f.regionAt[fn]
	if r == nil {
		s, ok := fn.m.Scope.Opens(fn.node)
		if !ok || f.imports[fn.m] == nil {
			return
		}
		r = &region{m: fn.m, scope: s, node: fn.node, sure: sure}
		f.regions = append(f.regions, r)
		f.regionAt[fn] = r
		f.enqueue(r)
		return
	}
	r.sure = r.sure || sure
}

// variable returns a variable by its key.
func (f *follower) variable(k variableKey) *variable {
	v := f.variables[k]
	if v == nil {
		v = &variable{}
		f.variables[k] = v
	}
	return v
}

func (f *follower) name(m *Module, s scope.ScopeID, name string) *variable {
	return f.variable(variableKey{m, 'n', int32(s), name})
}

func (f *follower) attribute(name string) *variable {
	return f.variable(variableKey{nil, 'a', 0, name})
}

func (f *follower) contents(c object) *variable {
	return f.variable(variableKey{c.m, 'e', int32(c.node), ""})
}

func (f *follower) result(fn object) *variable {
	return f.variable(variableKey{fn.m, 'r', int32(fn.node), ""})
}

// load reads a variable; the region now depends on it.
func (f *follower) load(v *variable) []value {
	if !slices.Contains(v.readers, f.now) {
		v.readers = append(v.readers, f.now)
	}
	return v.values
}

// store adds values to a variable.
func (f *follower) store(v *variable, values []value) {
	grown := false
	for _, x := range values {
		if !slices.Contains(v.values, x) && len(v.values) < maxValues {
			v.values = append(v.values, x)
			grown = true
			if v.leaks {
				f.leak(x)
			}
		}
	}
	if grown {
		for _, r := range v.readers {
			f.enqueue(r)
		}
	}
}

// maxValues bounds the set of one variable; what comes later leaks into the
// set by the name of its attribute only in programs that no person wrote.
const maxValues = 512

// leak hands a value to code outside of the project, which may call it and
// everything that it leads to.
func (f *follower) leak(v value) {
	switch v.kind {
	case outside, module:
		return
	case function:
		f.call(v, arguments{unknown: true}, false)
	case class:
		f.instantiate(v.object, arguments{unknown: true}, false)
		f.leakMethods(v.object)
	case instance:
		f.leakMethods(object{class, v.m, v.node, ""})
	case container, partial:
		c := f.contents(v.object)
		if !c.leaks {
			c.leaks = true
			for _, x := range slices.Clone(c.values) {
				f.leak(x)
			}
		}
	}
}

// leakMethods lets code outside of the project call the methods of a class.
func (f *follower) leakMethods(c object) {
	if f.leaked[c] {
		return
	}
	f.leaked[c] = true
	self := object{instance, c.m, c.node, ""}
	for _, base := range f.lineage(c) {
		for _, fn := range f.methods(base) {
			f.call(boundMethod(fn, self), arguments{unknown: true}, false)
		}
	}
}

// methods returns the functions defined in the body of a class.
func (f *follower) methods(c object) []object {
	if out, ok := f.defined[c]; ok {
		return out
	}
	var out []object
	var walk func(n syntax.NodeID)
	t := c.m.Syntax
	walk = func(n syntax.NodeID) {
		for s := range t.Children(n) {
			switch t.Kind(s) {
			case syntax.FunctionDef:
				out = append(out, object{function, c.m, s, ""})
			case syntax.If, syntax.Else, syntax.Block, syntax.Try, syntax.Handler, syntax.Finally, syntax.With:
				walk(s)
			}
		}
	}
	walk(t.Child(c.node, syntax.Block))
	f.defined[c] = out
	return out
}

// method finds a method of a class by name, in the class and its bases.
func (f *follower) method(c object, name string) (fns []object) {
	for _, base := range f.lineage(c) {
		for _, fn := range f.methods(base) {
			if fn.m.Syntax.Text(fn.m.Syntax.Child(fn.node, syntax.Ident)) == name {
				fns = append(fns, fn)
			}
		}
		if len(fns) > 0 {
			return fns
		}
	}
	return nil
}

// lineage returns a class and its bases in the project.
func (f *follower) lineage(c object) []object {
	out := []object{c}
	for k := 0; k < len(out) && k < maxValues; k++ {
		for _, b := range f.load(f.bases(out[k])) {
			if b.kind == class && !slices.Contains(out, b.object) {
				out = append(out, b.object)
			}
		}
	}
	return out
}

// bases holds the values of a class's bases.
func (f *follower) bases(c object) *variable {
	return f.variable(variableKey{c.m, 'b', int32(c.node), ""})
}

// foreign reports whether a class derives from something outside of the
// project that may call its methods.
func (f *follower) foreign(c object) bool {
	for _, k := range f.lineage(c) {
		t := k.m.Syntax
		args := t.Child(k.node, syntax.Args)
		if args == syntax.None {
			continue
		}
		for a := range t.Children(args) {
			base := t.First(a)
			if t.Child(a, syntax.Ident) != syntax.None || scope.PlainBase(t, base) {
				continue
			}
			if f.isOutside(k.m, base) {
				return true
			}
		}
	}
	return false
}

// isOutside reports whether an expression may be something that is not of the
// project.
func (f *follower) isOutside(m *Module, n syntax.NodeID) bool {
	saved := f.now
	f.now = &region{m: m}
	defer func() { f.now = saved }()
	vs := f.peek(n)
	return len(vs) == 0 || slices.ContainsFunc(vs, func(v value) bool { return v.kind == outside })
}

// peek evaluates a name or attribute chain without effects.
func (f *follower) peek(n syntax.NodeID) []value {
	m := f.now.m
	t := m.Syntax
	switch t.Kind(n) {
	case syntax.Name:
		return f.loadName(n)
	case syntax.Attribute:
		id := t.Child(n, syntax.Ident)
		if id == syntax.None {
			return nil
		}
		return f.getattr(f.peek(t.First(n)), t.Text(id))
	case syntax.Subscript, syntax.Call:
		return f.peek(t.First(n))
	}
	return []value{external}
}

// dunder reports whether Python calls a method by itself.
func dunder(name string) bool {
	return len(name) > 4 && strings.HasPrefix(name, "__") && strings.HasSuffix(name, "__")
}
