package syntax

import "math"

// symbols says what a scope does with names.
type symbols map[string]symbol

type symbol struct {
	bound    bool // by any means
	declared Kind // Global, Nonlocal or KindInvalid
}

// event is one appearance of a name in a scope.
type event struct {
	node NodeID
	kind eventKind
}

type eventKind uint8

const (
	nameUsed eventKind = iota
	nameStored
	nameImported
	nameAnnotated
	nameParameter
)

// events calls yield for all appearances of names in a scope, a FunctionDef,
// ClassDef or Module: in its body, and in what it evaluates for the scopes
// within. Names that are bound by ":=" in comprehensions are among them.
func (c *checker) events(scope NodeID, yield func(event)) {
	f := c.f
	if f.Kind(scope) == FunctionDef {
		if params := f.Child(scope, Params); params != None {
			for p := range f.Children(params) {
				yield(event{f.First(p), nameParameter})
			}
		}
	}
	body := scope
	if f.Kind(scope) != Module {
		body = f.Child(scope, Block)
	}
	for n := range f.Children(body) {
		c.visit(n, yield)
	}
}

// visit reports the names of n for the scope that evaluates it.
func (c *checker) visit(n NodeID, yield func(event)) {
	f := c.f
	d := f.Nodes[n]
	switch d.Kind {
	case Name:
		if d.Flags&(FlagStore|FlagDel) != 0 {
			yield(event{n, nameStored})
		} else {
			yield(event{n, nameUsed})
		}
		return
	case FunctionDef, ClassDef:
		generic := f.Child(n, TypeParams) != None
		for ch := range f.Children(n) {
			switch f.Kind(ch) {
			case Ident:
				yield(event{ch, nameStored})
			case Decorator:
				c.visit(ch, yield)
			case Params:
				for p := range f.Children(ch) {
					for part := range f.Children(p) {
						if k := f.Kind(part); k == Default || k == Annotation && !generic && !c.annotationScope() {
							c.visit(part, yield)
						}
					}
				}
			case Returns, Args:
				if !generic && (f.Kind(ch) == Args || !c.annotationScope()) {
					c.visit(ch, yield)
				}
			}
		}
		return
	case Lambda:
		for p := range f.Children(d.First) {
			if def := f.Child(p, Default); def != None {
				c.visit(def, yield)
			}
		}
		return
	case ListComp, SetComp, DictComp, GeneratorExp:
		first := true
		for ch := range f.Children(n) {
			if f.Kind(ch) == Comprehension && first {
				first = false
				c.visit(f.Next(f.First(ch)), yield)
			}
		}
		c.walrus(n, yield)
		return
	case Import, ImportFrom:
		for a := range f.Children(n) {
			if f.Kind(a) == Alias {
				name := f.First(a)
				if as := f.Next(name); as != None {
					name = as
				}
				yield(event{name, nameImported})
			}
		}
		return
	case Handler, PatternAs, PatternCapture, PatternStar, PatternRest:
		for ch := range f.Children(n) {
			if f.Kind(ch) == Ident {
				yield(event{ch, nameStored})
			} else {
				c.visit(ch, yield)
			}
		}
		return
	case AnnAssign:
		if t := f.Nodes[d.First]; t.Kind == Name && t.Flags&FlagParens == 0 {
			yield(event{d.First, nameAnnotated})
			for ch := f.Next(d.First); ch != None; ch = f.Next(ch) {
				if f.Kind(ch) != Annotation || !c.annotationScope() {
					c.visit(ch, yield)
				}
			}
			return
		}
	case TypeAlias:
		yield(event{d.First, nameStored})
		return
	case Global, Nonlocal:
		return
	}
	for ch := range f.Children(n) {
		c.visit(ch, yield)
	}
}

// walrus reports the names that ":=" binds within a comprehension.
func (c *checker) walrus(n NodeID, yield func(event)) {
	f := c.f
	for ch := range f.Children(n) {
		switch f.Kind(ch) {
		case Lambda:
			continue
		case NamedExpr:
			yield(event{f.First(ch), nameStored})
		}
		c.walrus(ch, yield)
	}
}

// boundName returns the name that an event is about: of a dotted import the
// first part.
func (c *checker) boundName(e event) string {
	name := c.f.NameText(e.node)
	if e.kind == nameImported {
		for i := range len(name) {
			if name[i] == '.' {
				return name[:i]
			}
		}
	}
	return name
}

// bindings returns what a scope binds and declares.
func (c *checker) bindings(scope NodeID) symbols {
	if s, ok := c.bound[scope]; ok {
		return s
	}
	s := symbols{}
	c.events(scope, func(e event) {
		if e.kind != nameUsed {
			name := c.boundName(e)
			x := s[name]
			x.bound = true
			s[name] = x
		}
	})
	f := c.f
	for _, n := range c.declarations[scope] {
		for id := range f.Children(n) {
			name := f.NameText(id)
			x := s[name]
			x.declared = f.Kind(n)
			s[name] = x
		}
	}
	if c.bound == nil {
		c.bound = map[NodeID]symbols{}
	}
	c.bound[scope] = s
	return s
}

// appearance says where a declared name appears first in its scope.
type appearance struct {
	used, stored         int32 // offsets
	parameter, annotated bool
	global, nonlocal     bool
}

// declared checks the "global" and "nonlocal" statements of a scope.
func (c *checker) declared(scope NodeID, statements []NodeID) {
	f := c.f
	names := map[string]*appearance{}
	for _, n := range statements {
		for id := range f.Children(n) {
			name := f.NameText(id)
			a := names[name]
			if a == nil {
				a = &appearance{used: math.MaxInt32, stored: math.MaxInt32}
				names[name] = a
			}
			a.global = a.global || f.Kind(n) == Global
			a.nonlocal = a.nonlocal || f.Kind(n) == Nonlocal
		}
	}
	c.events(scope, func(e event) {
		a := names[c.boundName(e)]
		if a == nil {
			return
		}
		switch at := f.Nodes[e.node].Start; e.kind {
		case nameParameter:
			a.parameter = true
		case nameAnnotated:
			a.annotated = a.annotated || scope != Root
			a.stored = min(a.stored, at)
		case nameUsed:
			a.used = min(a.used, at)
		case nameStored:
			a.stored = min(a.stored, at)
		}
	})
	for _, n := range statements {
		word := "global"
		if f.Kind(n) == Nonlocal {
			word = "nonlocal"
			if scope == Root {
				c.error(n, "nonlocal declaration not allowed at module level")
				continue
			}
		}
		start := f.Nodes[n].Start
		for id := range f.Children(n) {
			name := f.NameText(id)
			switch a := names[name]; {
			case a.parameter:
				c.error(n, "name '%s' is parameter and %s", name, word)
			case a.used < start:
				c.error(n, "name '%s' is used prior to %s declaration", name, word)
			case a.annotated:
				c.error(n, "annotated name '%s' can't be %s", name, word)
			case a.stored < start:
				c.error(n, "name '%s' is assigned to before %s declaration", name, word)
			case a.global && a.nonlocal:
				c.error(n, "name '%s' is nonlocal and global", name)
			case word == "nonlocal":
				c.nonlocal(n, scope, name)
			}
		}
	}
}

// nonlocal checks that a function around scope binds the name.
func (c *checker) nonlocal(n, scope NodeID, name string) {
	f := c.f
	for inner, outer := scope, c.scope(scope); ; inner, outer = outer, c.scope(outer) {
		if params := f.Child(inner, TypeParams); params != None {
			for p := range f.Children(params) {
				if f.NameText(f.First(p)) == name {
					c.error(n, "nonlocal binding not allowed for type parameter '%s'", name)
					return
				}
			}
		}
		switch f.Kind(outer) {
		case FunctionDef:
			switch s := c.bindings(outer)[name]; {
			case s.declared == Nonlocal || s.bound && s.declared != Global:
				return
			case s.declared == Global:
				c.error(n, "no binding for nonlocal '%s' found", name)
				return
			}
		case ClassDef:
			if name == "__class__" {
				return
			}
		default:
			c.error(n, "no binding for nonlocal '%s' found", name)
			return
		}
	}
}

// namedExpr checks ":=" within comprehensions and annotations.
func (c *checker) namedExpr(n NodeID) {
	f := c.f
	name := f.First(n)
	outer := None  // the outermost comprehension in whose scope it stands
	scoped := true // no lambda stands between
	for child, p := n, f.Parent(n); p != None; child, p = p, f.Parent(p) {
		switch k := f.Kind(p); {
		case k == Comprehension && f.Next(f.First(p)) == child:
			c.error(n, "assignment expression cannot be used in a comprehension iterable expression")
			return
		case isComprehension(k) && scoped:
			outer = p
			for clause := range f.Children(p) {
				if f.Kind(clause) == Comprehension && c.bindsTarget(f.First(clause), name) {
					c.error(n, "assignment expression cannot rebind comprehension iteration variable '%s'", f.NameText(name))
					return
				}
			}
		case k == Lambda && f.Kind(child) != Params:
			scoped = false
		case k.IsStatement():
			if !scoped {
				return
			}
			from := n
			if outer != None {
				from = outer
			}
			owner, place := c.owner(from)
			switch {
			case outer == None && place != "":
				c.error(n, "named expression cannot be used within %s", place)
			case place == "the definition of a generic":
				c.error(n, "assignment expression within a comprehension cannot be used within the definition of a generic")
			case place != "":
				c.error(n, "assignment expression within a comprehension cannot be used in %s", place)
			case outer != None && f.Kind(owner) == ClassDef:
				c.error(n, "assignment expression within a comprehension cannot be used in a class body")
			}
			return
		}
	}
}

// bindsTarget reports whether the target of a loop binds the same name.
func (c *checker) bindsTarget(target, name NodeID) bool {
	f := c.f
	switch d := f.Nodes[target]; d.Kind {
	case Name:
		return f.sameName(target, name)
	case Tuple, List, Starred:
		for ch := range f.Children(target) {
			if c.bindsTarget(ch, name) {
				return true
			}
		}
	}
	return false
}
