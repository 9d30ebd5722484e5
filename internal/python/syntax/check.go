package syntax

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// checker finds what CPython refuses after parsing, in its symbol table and
// its compiler: "return" outside of a function, parameters of the same name,
// "global" behind a use, and the like. It goes once over the nodes of some kinds,
// in their order in the slab, and climbs to the parents where the context
// matters: few nodes need that.
type checker struct {
	f       *File
	version Version

	futureAnnotations bool
	declarations      map[NodeID][]NodeID // Global and Nonlocal statements by scope
	scopes            []NodeID            // the keys of declarations, in order
	generators        map[NodeID]bool     // functions that contain "yield"
	results           []NodeID            // Return with a value in async functions
	bound             map[NodeID]symbols  // of functions, see bindings
	asyncComps        map[NodeID]struct{} // comprehensions known to be asynchronous
	crowded           []crowd             // statements in many blocks
}

// checkedKinds are the kinds of nodes that check looks at, but for those that the
// parser knows to be right, see list. Besides, it looks at each Args and Params in
// which a name may be repeated, at imports that are lazy or of "*", at async For, With and Comprehension, and at each
// Ident that may be "__debug__".
var checkedKinds = [kinds]bool{
	Return: true, Break: true, Continue: true, Yield: true, YieldFrom: true, Await: true, NamedExpr: true,
	Lambda: true, ListComp: true, SetComp: true, DictComp: true, GeneratorExp: true,
	Starred: true, TypeParams: true, Global: true, Nonlocal: true, Match: true, DottedName: true,
}

// blockKinds are the kinds of nodes for which the compiler opens blocks.
var blockKinds = [kinds]bool{While: true, Try: true, Handler: true, For: true, With: true}

// specialKinds are kinds of File.Special: nodes that open scopes, bind names in
// another way than by a Name that is stored, or whose parts run later. Besides, there
// are each FunctionDef, ClassDef, TypeAlias, Import, ImportFrom and AnnAssign, each
// AugAssign of a Name and Handler with an Ident, and each If, While and IfExp with a
// test that may be foreseen. The names below all other nodes mean what they mean
// beside them, one after the other.
var specialKinds = [kinds]bool{
	Lambda: true, NamedExpr: true, ListComp: true, SetComp: true, DictComp: true, GeneratorExp: true,
	Global: true, Nonlocal: true, PatternCapture: true, PatternStar: true, PatternRest: true, PatternAs: true,
}

// check appends to f.Errors what is wrong with a file that parsed; nodes are
// those that it looks at, blocks those of blockKinds where they are nested so much
// that their number is of interest.
func (f *File) check(v Version, nodes, blocks []NodeID) {
	c := checker{f: f, version: v}
	c.futures()
	for _, n := range blocks {
		c.blocks(n)
	}
	for _, n := range nodes {
		switch d := &f.Nodes[n]; d.Kind {
		case Return:
			c.returning(n)
		case Break, Continue:
			c.jump(n)
		case Yield, YieldFrom, Await:
			c.suspension(n)
		case NamedExpr:
			c.namedExpr(n)
		case For, With: // async
			if s := c.scope(n); f.Kind(s) != FunctionDef || f.Nodes[s].Flags&FlagAsync == 0 {
				what := "for"
				if d.Kind == With {
					what = "with"
				}
				c.error(n, "'async %s' outside async function", what)
			}
		case Lambda, ListComp, SetComp, DictComp, GeneratorExp:
			if v == (Version{3, 12}) {
				c.classAnnotation(n)
			}
		case Comprehension: // async
			c.asyncComprehension(d.Parent)
		case Starred:
			c.starred(n)
		case Args:
			c.keywords(n)
		case Params:
			c.duplicates(n, "duplicate argument '%s' in function definition")
		case TypeParams:
			c.duplicates(n, "duplicate type parameter '%s'")
			for p := d.First; p != None && !c.older(14); p = f.Nodes[p].Next {
				if f.NameText(f.Nodes[p].First) == "__classdict__" {
					c.error(p, "reserved name '__classdict__' cannot be used for type parameter")
				}
			}
		case Global, Nonlocal:
			if c.declarations == nil {
				c.declarations = map[NodeID][]NodeID{}
			}
			s := c.scope(n)
			if c.declarations[s] == nil {
				c.scopes = append(c.scopes, s)
			}
			c.declarations[s] = append(c.declarations[s], n)
		case Import:
			if d.Flags&FlagLazy != 0 {
				c.lazy(n, "lazy import")
			}
		case ImportFrom:
			if d.Flags&FlagLazy != 0 {
				c.lazy(n, "lazy from ... import")
			}
			if d.Flags&FlagStar != 0 && f.Kind(c.scope(n)) != Module {
				c.error(n, "import * only allowed at module level")
			}
		case Match:
			c.match(n)
		case Ident:
			if d.End-d.Start == int32(len("__debug__")) && f.Kind(d.Parent) != Attribute && f.Kind(d.Parent) != Arg && f.Is(n, "__debug__") {
				c.error(n, "cannot assign to __debug__")
			}
		case DottedName:
			if d.Next == None && f.Kind(d.Parent) == Alias && f.Src[d.Start] == '_' {
				name, _, dotted := strings.Cut(f.DottedText(n), ".")
				if name == "__debug__" && !(dotted && c.older(9)) {
					c.error(n, "cannot assign to __debug__")
				}
			}
		}
	}
	for _, x := range c.crowded {
		limit := 20
		if s := c.scope(x.node); !c.older(13) && !(f.Kind(s) == FunctionDef && (f.Nodes[s].Flags&FlagAsync != 0 || c.generators[s])) {
			limit = 21
		}
		if x.count > limit {
			c.error(x.node, "too many statically nested blocks")
			break
		}
	}
	for _, n := range c.results {
		if c.generators[c.scope(n)] { // an asynchronous one
			c.error(n, "'return' with value in async generator")
		}
	}
	for _, s := range c.scopes {
		c.declared(s, c.declarations[s])
	}
}

func (c *checker) error(n NodeID, format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	d := c.f.Nodes[n]
	c.f.Errors = append(c.f.Errors, Error{d.Start, d.End, format})
}

// older reports whether the version is before 3.minor.
func (c *checker) older(minor int) bool { return c.version.Less(Version{3, minor}) }

// scope returns the function, class or module whose body holds a statement.
func (c *checker) scope(n NodeID) NodeID {
	for n = c.f.Nodes[n].Parent; n != None; n = c.f.Nodes[n].Parent {
		switch c.f.Nodes[n].Kind {
		case FunctionDef, ClassDef, Module:
			return n
		}
	}
	return Root
}

// futureFeatures are the names that can be imported from __future__.
var futureFeatures = map[string]bool{
	"nested_scopes": true, "generators": true, "division": true, "absolute_import": true, "with_statement": true, "print_function": true,
	"unicode_literals": true, "barry_as_FLUFL": true, "generator_stop": true, "annotations": true,
}

// isFuture reports whether n is "from __future__ import …". Before 3.13 the
// compiler takes "from .__future__ import …" for the same.
func (f *File) isFuture(n NodeID) bool {
	d := f.Nodes[n]
	if d.Kind != ImportFrom || f.Kind(d.First) != DottedName {
		return false
	}
	if c := f.Src[f.Nodes[d.First].Start]; c != '_' && c < utf8.RuneSelf {
		return false
	}
	return (f.ImportLevel(n) == 0 || f.version.Less(Version{3, 13})) && f.DottedText(d.First) == "__future__"
}

// futures checks the imports from __future__: they come first.
func (c *checker) futures() {
	f := c.f
	if !slices.ContainsFunc(f.Imports, f.isFuture) {
		return
	}
	beginning := true
	for n, i := f.Nodes[Root].First, 0; n != None; n, i = f.Nodes[n].Next, i+1 {
		if i == 0 && f.Kind(n) == ExprStmt {
			if e := f.First(n); f.Kind(e) == String || f.Kind(e) == Strings {
				if f.plainString(e) {
					continue
				}
			}
		}
		if !f.isFuture(n) {
			beginning = false
			continue
		}
		if !beginning {
			c.error(n, "from __future__ imports must occur at the beginning of the file")
			continue
		}
		if f.Nodes[n].Flags&FlagStar != 0 {
			c.error(n, "future feature * is not defined")
		}
		for a := f.Next(f.First(n)); a != None; a = f.Next(a) {
			switch name := f.DottedText(f.First(a)); {
			case name == "annotations":
				c.futureAnnotations = true
			case name == "braces":
				c.error(n, "not a chance")
			case !futureFeatures[name]:
				c.error(n, "future feature %s is not defined", name)
			}
		}
	}
	for _, n := range f.Imports {
		if f.Nodes[n].Parent != Root && f.isFuture(n) {
			c.error(n, "from __future__ imports must occur at the beginning of the file")
		}
	}
}

// plainString reports whether a literal is a str without fields, as
// docstrings are.
func (f *File) plainString(n NodeID) bool {
	if f.Kind(n) == String {
		return f.Nodes[n].Flags&(FlagBytes|FlagFormat) == 0
	}
	for c := range f.Children(n) {
		if f.Nodes[c].Flags&(FlagBytes|FlagFormat) != 0 {
			return false
		}
	}
	return true
}

// lazy checks where a lazy import stands: only at module level, outside of
// "try".
func (c *checker) lazy(n NodeID, what string) {
	f := c.f
	if f.isFuture(n) {
		c.error(n, "lazy from __future__ import is not allowed")
	}
	for p := f.Parent(n); ; p = f.Parent(p) {
		place := ""
		switch f.Kind(p) {
		case FunctionDef:
			place = "functions"
		case ClassDef:
			place = "classes"
		case Try:
			place = "try/except blocks"
		case Module:
			return
		default:
			continue
		}
		c.error(n, "%s not allowed inside %s", what, place)
		return
	}
}

func (c *checker) returning(n NodeID) {
	s := c.scope(n)
	if c.f.Kind(s) != FunctionDef {
		c.error(n, "'return' outside function")
		return
	}
	if c.f.First(n) != None && c.f.Nodes[s].Flags&FlagAsync != 0 {
		c.results = append(c.results, n)
	}
	c.exceptStar(n, s)
}

// exceptStar refuses a jump out of an "except*" block; until is what the jump
// leaves.
func (c *checker) exceptStar(n, until NodeID) {
	for p := c.f.Parent(n); p != until; p = c.f.Parent(p) {
		if c.f.Kind(p) == Handler && c.f.Nodes[c.f.Parent(p)].Flags&FlagStar != 0 {
			c.error(n, "'break', 'continue' and 'return' cannot appear in an except* block")
			return
		}
	}
}

// jump checks "break" and "continue".
func (c *checker) jump(n NodeID) {
	f := c.f
	for child, p := n, f.Parent(n); p != None; child, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case For, While:
			if f.Kind(child) == Block {
				c.exceptStar(n, p)
				return
			}
		case FunctionDef, ClassDef, Module:
			if f.Kind(n) == Break {
				c.error(n, "'break' outside loop")
			} else {
				c.error(n, "'continue' not properly in loop")
			}
			return
		}
	}
}

var comprehensionNames = map[Kind]string{
	ListComp: "list comprehension", SetComp: "set comprehension", DictComp: "dict comprehension", GeneratorExp: "generator expression",
}

// isComprehension reports whether k is a comprehension or generator.
func isComprehension(k Kind) bool {
	return k == ListComp || k == SetComp || k == DictComp || k == GeneratorExp
}

// outermost reports whether child, a Comprehension that the climb came from
// iter in, is the first clause and iter its iterable: that one is evaluated
// outside.
func (c *checker) outermost(comp, clause, iter NodeID) bool {
	f := c.f
	if f.Kind(clause) != Comprehension || f.Next(f.First(clause)) != iter {
		return false
	}
	for n := range f.Children(comp) {
		if f.Kind(n) == Comprehension {
			return n == clause
		}
	}
	return false
}

// owner returns the scope in which an expression is evaluated: a FunctionDef,
// ClassDef, Module, Lambda or comprehension; or, with a description, a place
// where some expressions are not allowed.
func (c *checker) owner(n NodeID) (scope NodeID, place string) {
	f := c.f
	below := None // the child of child that we came through
	for child, p := n, f.Parent(n); p != None; below, child, p = child, p, f.Parent(p) {
		switch k := f.Kind(p); k {
		case Module:
			return p, ""
		case Lambda:
			if f.Kind(child) != Params {
				return p, ""
			}
		case ListComp, SetComp, DictComp, GeneratorExp:
			if !c.outermost(p, child, below) {
				return p, ""
			}
		case Annotation, Returns:
			if c.annotationScope() {
				return p, "an annotation"
			}
		case FunctionDef, ClassDef:
			switch f.Kind(child) {
			case Block:
				return p, ""
			case Decorator:
			default:
				if f.Child(p, TypeParams) != None && !(f.Kind(child) == Params && c.isDefault(n, child)) {
					return p, "the definition of a generic"
				}
			}
		case TypeParam:
			switch {
			case f.Kind(child) == Default:
				return p, "a TypeVar default"
			case f.Kind(child) == Tuple:
				return p, "a TypeVar constraint"
			}
			return p, "a TypeVar bound"
		case TypeAlias:
			return p, "a type alias"
		}
	}
	return Root, ""
}

// classAnnotation refuses what 3.12 alone could not do: scopes of their own
// in the type parameters and type aliases of a class body.
func (c *checker) classAnnotation(n NodeID) {
	f := c.f
	s, place := c.owner(n)
	if place == "" || place == "an annotation" {
		return
	}
	for !f.Kind(s).IsStatement() {
		s = f.Parent(s)
	}
	if f.Kind(c.scope(s)) != ClassDef {
		return
	}
	what := "comprehension"
	if f.Kind(n) == Lambda {
		what = "lambda"
	}
	c.error(n, "Cannot use %s in annotation scope within class scope", what)
}

// isDefault reports whether n stands in a default of params.
func (c *checker) isDefault(n, params NodeID) bool {
	for ; n != params; n = c.f.Parent(n) {
		if c.f.Kind(n) == Default {
			return true
		}
	}
	return false
}

// annotationScope reports whether annotations have a scope of their own.
func (c *checker) annotationScope() bool {
	return !c.older(14) || c.futureAnnotations && !c.older(10)
}

// unevaluated reports whether an expression is part of the annotation of a
// function's variable. Nothing is compiled for these before 3.14.
func (c *checker) unevaluated(n NodeID) bool {
	f := c.f
	if !c.older(14) {
		return false
	}
	for child, p := n, f.Parent(n); p != None; child, p = p, f.Parent(p) {
		if f.Kind(child) == Annotation && f.Kind(p) == AnnAssign {
			return f.Kind(c.scope(p)) == FunctionDef
		}
		if f.Kind(p).IsStatement() {
			return false
		}
	}
	return false
}

// suspension checks "yield" and "await".
func (c *checker) suspension(n NodeID) {
	f := c.f
	s, place := c.owner(n)
	kind := f.Kind(n)
	word := "yield"
	switch kind {
	case YieldFrom:
		word = "yield from"
	case Await:
		word = "await"
	}
	if place != "" {
		if kind == Await {
			c.error(n, "await expression cannot be used within %s", place)
		} else {
			c.error(n, "yield expression cannot be used within %s", place)
		}
		return
	}
	switch k := f.Kind(s); {
	case k == Module || k == ClassDef:
		if kind == YieldFrom {
			word = "yield"
		}
		c.error(n, "'%s' outside function", word)
	case isComprehension(k):
		if kind == Await {
			c.asyncComprehension(s)
		} else {
			c.error(n, "'yield' inside %s", comprehensionNames[k])
		}
	case (kind == Await || kind == YieldFrom && k == FunctionDef && f.Nodes[s].Flags&FlagAsync != 0) && c.unevaluated(n):
	case kind == Await:
		if k == Lambda || f.Nodes[s].Flags&FlagAsync == 0 {
			c.error(n, "'await' outside async function")
		}
	case k == FunctionDef && f.Nodes[s].Flags&FlagAsync != 0:
		if kind == YieldFrom {
			c.error(n, "'yield from' inside async function")
			return
		}
		c.generator(s)
	case k == FunctionDef:
		c.generator(s)
	}
}

func (c *checker) generator(s NodeID) {
	if c.generators == nil {
		c.generators = map[NodeID]bool{}
	}
	c.generators[s] = true
}

// asyncComprehension notes that a comprehension is asynchronous, and checks
// that it may be.
func (c *checker) asyncComprehension(n NodeID) {
	f := c.f
	for {
		if _, done := c.asyncComps[n]; done {
			return
		}
		if c.asyncComps == nil {
			c.asyncComps = map[NodeID]struct{}{}
		}
		c.asyncComps[n] = struct{}{}
		if f.Kind(n) == GeneratorExp {
			return
		}
		s, _ := c.owner(n)
		switch k := f.Kind(s); {
		case k == FunctionDef && f.Nodes[s].Flags&FlagAsync != 0:
			return
		case isComprehension(k):
			if !c.older(11) {
				n = s // the comprehension around it becomes asynchronous, too
				continue
			}
			if c.ownAsync(s) {
				return
			}
		}
		if !c.unevaluated(n) {
			c.error(n, "asynchronous comprehension outside of an asynchronous function")
		}
		return
	}
}

// ownAsync reports whether a comprehension has an "async for" or "await" of
// its own.
func (c *checker) ownAsync(comp NodeID) bool {
	f := c.f
	for n := range f.Children(comp) {
		if f.Kind(n) == Comprehension && f.Nodes[n].Flags&FlagAsync != 0 || c.awaits(n, comp) {
			return true
		}
	}
	return false
}

// awaits reports whether an "await" within n belongs to comp.
func (c *checker) awaits(n, comp NodeID) bool {
	f := c.f
	if f.Kind(n) == Await {
		if s, _ := c.owner(n); s == comp {
			return true
		}
	}
	for ch := range f.Children(n) {
		if f.Kind(ch) != Lambda && c.awaits(ch, comp) {
			return true
		}
	}
	return false
}

// starred checks that "*x" stands where something can take its items.
func (c *checker) starred(n NodeID) {
	f := c.f
	d := f.Nodes[n]
	switch k := f.Kind(d.Parent); k {
	case Tuple, List, Set:
		return
	case Annotation, Default, ListComp, SetComp, GeneratorExp:
		if d.Flags&FlagParens == 0 {
			return
		}
	case Arg: // of 3.8: "f((*a))" is "f(*a)"
		if a := f.Nodes[d.Parent]; a.First == n && a.Flags&(FlagStar|FlagStar2) == 0 {
			return
		}
	}
	if d.Flags&FlagStore != 0 {
		c.error(n, "starred assignment target must be in a list or tuple")
		return
	}
	c.error(n, "can't use starred expression here")
}
