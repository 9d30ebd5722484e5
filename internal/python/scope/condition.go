package scope

import "fastpath/internal/python/syntax"

// Condition says what decides when a piece of code runs. When answers for one
// set of promoted functions and blind expressions; a Condition is for those who
// learn of them only when the tree is gone.
type Condition struct {
	Base When // at best: with Function running at import, and read by Reader
	// Function is the innermost FunctionDef or Lambda that must be called. Its
	// own Condition says what lies further out. None at module level.
	Function syntax.NodeID
	// Reader is the FunctionDef or ClassDef whose decorators, bases or keywords
	// decide whether the annotation that holds the code is evaluated together
	// with the definition, see Leaves. Kept holds when none of them reads it.
	Reader syntax.NodeID
	Text   bool // for Leaves: the annotation is kept as text
	Kept   When
}

// Condition returns what decides when the code at n runs. text: n is a name in
// a string annotation, see Use.
func (i *Info) Condition(n syntax.NodeID, text bool) Condition {
	f := i.File
	var c Condition
	for at, p := n, f.Parent(n); p != syntax.None; at, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.FunctionDef:
			if f.Kind(at) == syntax.Block {
				c.Function = p
				return c
			}
		case syntax.Lambda:
			if f.Kind(at) != syntax.Params {
				c.Function = p
				return c
			}
		case syntax.TypeParam:
			c.Base = max(c.Base, AtCall)
		case syntax.If, syntax.IfExp, syntax.While:
			w, _ := i.Branch(p, at)
			c.Base = max(c.Base, w)
		case syntax.Annotation, syntax.Returns:
			i.annotationCondition(p, text, &c)
		}
	}
	return c
}

// annotationCondition adds what an annotation depends on.
func (i *Info) annotationCondition(n syntax.NodeID, text bool, c *Condition) {
	f := i.File
	kept := AtImport
	switch {
	case text || i.FutureAnnotations:
		kept = TypeChecking
	case !i.version.Less(syntax.Version{Major: 3, Minor: 14}):
		kept = AtCall
	}
	owner := f.Parent(n)
	if f.Kind(owner) == syntax.AnnAssign {
		switch s := &i.Scopes[i.ScopeOf(owner)]; {
		case s.Kind == FunctionScope || s.Kind == LambdaScope:
			c.Base = Never
		case kept == AtImport:
		case s.Kind == ClassScope:
			c.Reader, c.Kept, c.Text = s.Node, kept, text || i.FutureAnnotations
		default:
			c.Base = max(c.Base, kept)
		}
		return
	}
	for f.Kind(owner) != syntax.FunctionDef && owner != syntax.None { // a parameter, or the result
		owner = f.Parent(owner)
	}
	if kept != AtImport && owner != syntax.None {
		c.Reader, c.Kept = owner, kept
	}
}

// Leaves reports whether a Decorator, or an Arg of a class, is known by its
// name to leave the annotations of the definition alone, and those that are kept as
// text. named: it is a keyword, which no look at its definition makes harmless.
func (i *Info) Leaves(n syntax.NodeID) (leaves, leavesText, named bool) {
	f := i.File
	if f.Kind(n) == syntax.Decorator {
		name := LastName(f, f.First(n))
		leaves = harmlessDecorators[string(name)]
		return leaves, leaves || string(name) == "dataclass" && i.version.Less(syntax.Version{Major: 3, Minor: 15}), false
	}
	if k := f.Child(n, syntax.Ident); k != syntax.None {
		leaves = f.Is(k, "metaclass") && string(LastName(f, lastChild(f, n))) == "ABCMeta"
		return leaves, leaves, true
	}
	name := LastName(f, f.First(n))
	leaves = harmlessBase(name, false)
	return leaves, leaves || harmlessBase(name, true), false
}
