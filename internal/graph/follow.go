package graph

import (
	"cmp"
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
// a region is evaluated again when something that it read has grown. It reports
// false when that takes too long.
func (p *Program) follow() bool {
	p.untest()
	for _, tests := range []bool{false, true} {
		f := newFollower(p)
		for _, m := range p.Modules {
			if m.Test && !tests {
				continue
			}
			if r := f.moduleRegion(m); !p.onlyRun(m) {
				f.enqueue(f.unitOf(r, syntax.None))
			}
			if p.unseen[m.index] != 0 {
				f.leakModule(m)
			}
		}
		if !f.run() {
			return false
		}
		running := map[*Module][]scope.ScopeID{}
		for _, r := range f.regions {
			if r.scope != 0 && r.m.Test == tests { // tests do not decide about the program
				running[r.m] = append(running[r.m], r.scope)
			}
		}
		for _, m := range p.Modules {
			if m.Test == tests {
				m.promoteScopes(running[m])
			}
		}
		if !slices.ContainsFunc(p.Modules, func(m *Module) bool { return m.Test }) {
			return true
		}
	}
	return true
}

// onlyRun reports whether a module is the program of "python -m package" and
// nothing else: what its body calls is the program's run and no import, so
// that it says nothing about when the functions of other modules run.
func (p *Program) onlyRun(m *Module) bool {
	return isMain(m) && !p.mains[m.Name]
}

// isMain reports whether a module is the program of "python -m package".
func isMain(m *Module) bool {
	folder, ok := strings.CutSuffix(m.File, "__main__.py")
	return ok && (folder == "" || strings.HasSuffix(folder, "/"))
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
// object that it was taken from. Equal values are the same pointer.
type value = *handle

type handle struct {
	object
	self  object
	bound bool
}

var external = &handle{object: object{kind: outside}}

// variable is a place that holds values.
type variable struct {
	values  []value
	readers map[*unit]bool
	order   []*unit // the readers as they came: the bounds must cut the same each time
	leaks   bool    // code outside of the project sees what is stored here
	full    bool    // it holds too many values to tell them apart
}

// variableKey names a variable: a name of a scope, an attribute, the elements
// of a container, the bases of a class, or the result of a function.
type variableKey struct {
	m    *Module
	kind byte // 'n' name, 'a' attribute of an object, 'e' elements, 'b' bases, 'f' foreign bases, 'r' result
	id   int32
	name string
}

// region is code that runs at import: a module, or a function that is called.
type region struct {
	m     *Module
	scope scope.ScopeID
	node  syntax.NodeID
	sure  bool // reached by calls only, not by handing it to somebody
}

// unit is what is evaluated again when something grows: a statement, or the
// whole of a region.
type unit struct {
	r      *region
	stmt   syntax.NodeID // None: the region
	queued bool
}

// follower is the state of the analysis.
type follower struct {
	p         *Program
	variables map[variableKey]*variable
	values    map[handle]value
	regions   []*region
	regionAt  map[object]*region
	units     map[unitKey]*unit
	imports   map[*Module]map[syntax.NodeID][]*Import
	leaked    map[object]bool
	vague     map[object]bool                  // classes with a base that nothing is known of
	made      map[object]bool                  // classes of which an instance was made
	heirs     map[object][]value               // classes that derive from a class, and itself
	listed    map[object]bool                  // classes whose subclasses somebody asks for
	found     map[methodKey][]object           // see method
	named     map[*Module][]*nameInfo          // by node, see nameOf
	defined   map[object][]object              // methods by class
	lines     map[object][]object              // class and bases, see lineage
	fields    map[object][]*variable           // attributes set on the instances of a class
	special   map[object]int                   // length of the lineage whose special methods were called
	handed    map[value]bool                   // values that code outside of the project has
	spelled   map[*Module]map[symbol][]*Module // see lazyName
	unknown   map[value]bool                   // functions that code outside of the project calls
	queue     []*unit
	now       *region
	unit      *unit
	asked     map[asking]bool // during a call of global, which is depth calls deep
	depth     int
	steps     int // expressions that were evaluated
}

// maxSteps bounds the expressions that are evaluated, which takes some seconds.
const maxSteps = 800_000

type unitKey struct {
	r    *region
	stmt syntax.NodeID
}

func newFollower(p *Program) *follower {
	return &follower{
		p: p, variables: map[variableKey]*variable{}, values: map[handle]value{}, regionAt: map[object]*region{},
		units: map[unitKey]*unit{}, imports: map[*Module]map[syntax.NodeID][]*Import{}, leaked: map[object]bool{}, vague: map[object]bool{},
		made: map[object]bool{}, heirs: map[object][]value{}, listed: map[object]bool{}, defined: map[object][]object{}, found: map[methodKey][]object{}, named: map[*Module][]*nameInfo{}, lines: map[object][]object{}, fields: map[object][]*variable{},
		special: map[object]int{}, unknown: map[value]bool{}, handed: map[value]bool{}, spelled: map[*Module]map[symbol][]*Module{}, asked: map[asking]bool{},
	}
}

// val returns the value of an object.
func (f *follower) val(o object) value { return f.intern(handle{object: o}) }

// boundMethod returns the function fn as bound to self.
func (f *follower) boundMethod(fn, self object) value { return f.intern(handle{fn, self, true}) }

func (f *follower) intern(h handle) value {
	if v, ok := f.values[h]; ok {
		return v
	}
	v := &h
	f.values[h] = v
	return v
}

// run evaluates units until nothing grows. It reports false when that takes too
// many steps.
func (f *follower) run() bool {
	for len(f.queue) > 0 {
		round := f.queue
		f.queue = nil
		for _, u := range round {
			if f.steps > cmp.Or(f.p.options.steps, maxSteps) {
				return false
			}
			u.queued = false
			f.now, f.unit = u.r, u
			if u.stmt != syntax.None {
				f.statement(u.stmt)
				continue
			}
			f.region(u.r)
		}
	}
	return true
}

// region evaluates all of a region.
func (f *follower) region(r *region) {
	switch t := r.m.Syntax; t.Kind(r.node) {
	case syntax.Module:
		f.block(r.node)
	case syntax.FunctionDef:
		f.block(t.Child(r.node, syntax.Block))
	case syntax.Lambda:
		for c := range t.Children(r.node) {
			if t.Kind(c) != syntax.Params {
				f.store(f.result(object{function, r.m, r.node, ""}), f.eval(c))
			}
		}
	}
}

// unitOf returns the unit of a statement of the current region.
func (f *follower) unitOf(r *region, stmt syntax.NodeID) *unit {
	k := unitKey{r, stmt}
	u := f.units[k]
	if u == nil {
		u = &unit{r: r, stmt: stmt}
		f.units[k] = u
	}
	return u
}

func (f *follower) enqueue(u *unit) {
	if u != nil && !u.queued {
		u.queued = true
		f.queue = append(f.queue, u)
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
		f.enqueue(f.unitOf(r, syntax.None))
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

// attribute returns the variable of an attribute that is set on an object from
// outside; all of them share one.
func (f *follower) attribute(name string) *variable {
	return f.variable(variableKey{nil, 'a', 0, name})
}

// field returns the variable of an attribute of a class or its instances.
func (f *follower) field(c object, name string) *variable {
	k := variableKey{c.m, 'a', int32(c.node), name}
	v := f.variables[k]
	if v == nil {
		v = f.variable(k)
		own := object{class, c.m, c.node, ""}
		f.fields[own] = append(f.fields[own], v)
		v.leaks = f.leaked[own]
	}
	return v
}

func (f *follower) contents(c object) *variable {
	return f.variable(variableKey{c.m, 'e', int32(c.node), ""})
}

func (f *follower) result(fn object) *variable {
	return f.variable(variableKey{fn.m, 'r', int32(fn.node), ""})
}

// load reads a variable; the unit now depends on it.
func (f *follower) load(v *variable) []value {
	if f.unit != nil && !v.readers[f.unit] {
		if v.readers == nil {
			v.readers = map[*unit]bool{}
		}
		v.readers[f.unit] = true
		v.order = append(v.order, f.unit)
	}
	return v.values
}

// store adds values to a variable. One that would hold too many holds only
// what is outside from then on, and what reaches it counts as called.
func (f *follower) store(v *variable, values []value) {
	grown := false
	for _, x := range values {
		switch {
		case v.full:
			f.leak(x)
		case slices.Contains(v.values, x):
		case len(v.values) >= maxValues:
			held := v.values
			v.full, v.leaks, v.values = true, true, []value{external}
			grown = true
			f.leakAll(held)
			f.leak(x)
		default:
			v.values = append(v.values, x)
			grown = true
			if v.leaks {
				f.leak(x)
			}
		}
	}
	if grown {
		for _, u := range v.order {
			f.enqueue(u)
		}
	}
}

// maxValues bounds the values of one variable.
const maxValues = 32

// leak hands a value to code outside of the project, which may call it and
// everything that it leads to.
func (f *follower) leak(v value) {
	if v.kind == outside || f.handed[v] {
		return
	}
	f.handed[v] = true
	if v.kind == module {
		if v.m != nil {
			f.leakModule(v.m)
		}
		return
	}
	switch v.kind {
	case function: // whoever calls it may call what it returns
		f.call(v, arguments{unknown: true}, false)
		f.leakVariable(f.result(v.object))
	case class:
		f.instantiate(v.object, arguments{unknown: true}, false)
		f.leakMethods(v.object)
	case instance:
		f.leakMethods(object{class, v.m, v.node, ""})
	case container, partial:
		f.leakVariable(f.contents(v.object))
	}
}

// leakVariable leaks what a variable holds and will hold.
func (f *follower) leakVariable(v *variable) {
	if !v.leaks {
		v.leaks = true
		f.leakAll(v.values)
	}
}

// leakMethods lets code outside of the project call the methods of a class.
func (f *follower) leakMethods(c object) {
	if f.leaked[c] {
		return
	}
	f.leaked[c] = true
	for _, v := range f.fields[c] {
		f.leakVariable(v)
	}
	self := object{instance, c.m, c.node, ""}
	for _, base := range f.lineage(c) {
		for _, fn := range f.methods(base) {
			f.call(f.boundMethod(fn, self), arguments{unknown: true}, false)
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

// methodKey names a method of a class; the answer holds for a number of bases,
// 0 for the class alone.
type methodKey struct {
	c     object
	name  string
	bases int
}

// method finds the definitions of a method by name, in the class or else in
// the next of its bases.
func (f *follower) method(c object, name string) []object {
	bases := f.lineage(c)
	key := methodKey{c, name, len(bases)}
	if fns, ok := f.found[key]; ok {
		return fns
	}
	var fns []object
	for _, base := range bases {
		if fns = f.ownMethod(base, name); len(fns) > 0 {
			break
		}
	}
	f.found[key] = fns
	return fns
}

// ownMethod finds the definitions of a method by name in the class itself.
func (f *follower) ownMethod(c object, name string) []object {
	key := methodKey{c, name, 0}
	if fns, ok := f.found[key]; ok {
		return fns
	}
	var fns []object
	for _, fn := range f.methods(c) {
		if fn.m.Syntax.Text(fn.m.Syntax.Child(fn.node, syntax.Ident)) == name {
			fns = append(fns, fn)
		}
	}
	f.found[key] = fns
	return fns
}

// lineage returns a class and its bases in the project.
func (f *follower) lineage(c object) []object {
	out := f.lines[c]
	if out == nil {
		out = []object{c}
		f.lines[c] = out
	}
	for k := 0; k < len(out); k++ {
		for _, b := range f.load(f.bases(out[k])) {
			if b.kind == class && !slices.Contains(out, b.object) {
				out = append(out, b.object)
			}
		}
	}
	f.lines[c] = out
	return out
}

// bases holds the values of a class's bases.
func (f *follower) bases(c object) *variable {
	return f.variable(variableKey{c.m, 'b', int32(c.node), ""})
}

// foreign reports whether a class derives from something outside of the
// project that may call its methods.
func (f *follower) foreign(c object) bool {
	return slices.ContainsFunc(f.lineage(c), func(k object) bool { return f.vague[k] || len(f.load(f.alien(k))) > 0 })
}

// alien holds a value if a base of the class is not of the project.
func (f *follower) alien(c object) *variable {
	return f.variable(variableKey{c.m, 'f', int32(c.node), ""})
}

// derive notes what the bases of a class are.
func (f *follower) derive(c object) {
	t := c.m.Syntax
	f.vague[c] = false
	for a := range t.Children(t.Child(c.node, syntax.Args)) {
		base := t.First(a)
		if t.Child(a, syntax.Ident) != syntax.None || scope.PlainBase(t, base) {
			continue
		}
		vs := f.peek(base)
		if len(vs) == 0 {
			f.vague[c] = true // nobody has bound the name so far
		}
		if slices.ContainsFunc(vs, func(v value) bool { return v.kind == outside }) {
			f.store(f.alien(c), []value{external})
		}
	}
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
func dunder(name string) bool { return isDunder([]byte(name)) }

// isSunder tells names such as "_missing_", by which Enum calls methods.
func isSunder(name []byte) bool {
	n := len(name)
	return n > 2 && name[0] == '_' && name[1] != '_' && name[n-2] != '_' && name[n-1] == '_'
}

func isDunder(name []byte) bool {
	n := len(name)
	return n > 4 && name[0] == '_' && name[1] == '_' && name[n-2] == '_' && name[n-1] == '_'
}
