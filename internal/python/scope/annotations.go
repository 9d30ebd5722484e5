package scope

import (
	"bytes"
	"strings"

	"fastpath/internal/python/syntax"
)

// annotate visits an annotation.
func (a *analyzer) annotate(n syntax.NodeID, s ScopeID) {
	saved, values := a.annotation, a.values
	a.annotation, a.values = a.annotation|eventAnnotation, false
	before := a.raise(a.annotationWhen(n, false, a.when, s), a.environment)
	a.children(n, s)
	a.restore(before)
	a.annotation, a.values = saved, values
}

// subscript visits "x[...]". In an annotation, the strings of a Literal are
// values and the extra arguments of Annotated are not types.
func (a *analyzer) subscript(n syntax.NodeID, s ScopeID) {
	f := a.File
	base := f.First(n)
	if a.annotation == 0 || base == syntax.None {
		a.parts(n, s)
		return
	}
	a.visit(base, s)
	last := LastName(f, base)
	for c := f.Next(base); c != syntax.None; c = f.Next(c) {
		saved := a.values
		switch {
		case string(last) == "Literal":
			a.values = true
			a.visit(c, s)
		case string(last) == "Annotated" && f.Kind(c) == syntax.Tuple:
			for e := range f.Children(c) {
				a.visit(e, s)
				a.values = true
			}
		default:
			a.visit(c, s)
		}
		a.values = saved
	}
}

// LastName returns "c" of the expressions c, a.b.c and a.b.c(...), else "", as a part
// of the text.
func LastName(f *syntax.File, n syntax.NodeID) []byte {
	for k := f.Kind(n); k == syntax.Call || k == syntax.Subscript; k = f.Kind(n) {
		n = f.First(n)
	}
	switch f.Kind(n) {
	case syntax.Attribute:
		n = f.Child(n, syntax.Ident)
	case syntax.Name:
	default:
		n = syntax.None
	}
	d := f.Node(n)
	return f.Src[d.Start:d.End]
}

// text records the names in a string annotation.
func (a *analyzer) text(n syntax.NodeID, s ScopeID) {
	from, to := literalBounds(a.File, n)
	a.words(n, from, to, s, eventAnnotation|eventText)
}

// typeComment records the names in the type comment of n.
func (a *analyzer) typeComment(n syntax.NodeID, s ScopeID) {
	if a.comments == nil {
		return
	}
	c, ok := a.comments[n]
	if !ok {
		return
	}
	from, to := int(c.Start), int(c.End)
	if k := bytes.IndexByte(a.File.Src[from:to], '#'); k >= 0 {
		to = from + k
	}
	a.words(n, from, to, s, eventAnnotation|eventComment)
}

// words records as names every identifier in a part of the text that does not
// follow a dot. Strings in types are types again; more names than there are do
// no harm.
func (a *analyzer) words(n syntax.NodeID, from, to int, s ScopeID, kind eventKind) {
	src := a.File.Src
	for k := from; k < to; {
		if !identifierByte(src[k]) {
			k++
			continue
		}
		start := k
		for k < to && identifierByte(src[k]) {
			k++
		}
		if before := bytes.TrimRight(src[from:start], " \t"); len(before) > 0 && before[len(before)-1] == '.' && !bytes.HasSuffix(before, []byte("...")) {
			continue
		}
		if b := src[start]; '0' <= b && b <= '9' || k-start <= len("lambda") && keywords[string(src[start:k])] {
			continue
		}
		a.event(n, a.mark(s, a.internText(src, start, k), 0), kind)
	}
}

// keywords are the words that may stand in an annotation and are no names.
var keywords = map[string]bool{"None": true, "True": true, "False": true, "if": true, "else": true, "or": true, "and": true, "not": true, "in": true, "is": true, "for": true, "lambda": true}

// literalBody returns the characters between the quotes of a string literal.
func literalBody(f *syntax.File, n syntax.NodeID) []byte {
	from, to := literalBounds(f, n)
	return f.Src[from:to]
}

// literalBounds returns the offsets of the text between the quotes of a string
// literal.
func literalBounds(f *syntax.File, n syntax.NodeID) (from, to int) {
	d := f.Node(n)
	from, to = int(d.Start), int(d.End)
	q := bytes.IndexAny(f.Src[from:to], `"'`)
	if q < 0 {
		return from, from
	}
	from += q
	width := 1
	if t := f.Src[from:to]; len(t) >= 6 && t[1] == t[0] && t[2] == t[0] {
		width = 3
	}
	if to-from < 2*width {
		return from, from
	}
	return from + width, to - width
}

// annotationWhen says when an annotation is evaluated. n is the Annotation or
// Returns node; text says that the name stands in a string; around is the
// answer for the definition or statement that holds the annotation, and in the
// scope of that statement.
func (i *Info) annotationWhen(n syntax.NodeID, text bool, around When, in ScopeID) When {
	f := i.File
	owner := f.Parent(n)
	kept := AtImport // where the annotation is not evaluated with its statement
	switch {
	case text || i.FutureAnnotations:
		kept = TypeChecking
	case !i.version.Less(syntax.Version{Major: 3, Minor: 14}):
		kept = AtCall
	}
	switch f.Kind(owner) {
	case syntax.AnnAssign:
		s := &i.Scopes[in]
		switch {
		case s.Kind == FunctionScope || s.Kind == LambdaScope:
			return Never
		case kept == AtImport:
			return around
		case s.Kind == ClassScope && i.readsAnnotations(s.Node, text || i.FutureAnnotations):
			return around
		}
	default: // a parameter or the result of a function
		for f.Kind(owner) != syntax.FunctionDef && owner != syntax.None {
			owner = f.Parent(owner)
		}
		if kept == AtImport || owner == syntax.None || i.decoratedByReader(owner) {
			return around
		}
	}
	return max(kept, around)
}

// readsAnnotations reports whether the creation of a class may evaluate the
// annotations of its fields: a decorator or a base class that is not known to
// leave them alone. Before 3.15 dataclass looks at the text of kept ones only;
// from then on it gets what their first name stands for.
func (i *Info) readsAnnotations(class syntax.NodeID, kept bool) bool {
	for c := range i.File.Children(class) {
		switch i.File.Kind(c) {
		case syntax.Decorator:
			name := LastName(i.File, i.File.First(c))
			if !harmlessDecorators[string(name)] && !(string(name) == "dataclass" && kept && i.version.Less(syntax.Version{Major: 3, Minor: 15})) && !i.blind[i.File.First(c)] {
				return true
			}
		case syntax.Args:
			for arg := range i.File.Children(c) {
				if i.File.Child(arg, syntax.Ident) != syntax.None {
					if !i.File.Is(i.File.Child(arg, syntax.Ident), "metaclass") || string(LastName(i.File, lastChild(i.File, arg))) != "ABCMeta" {
						return true
					}
				} else if !harmlessBase(LastName(i.File, i.File.First(arg)), kept) && !i.blind[i.File.First(arg)] {
					return true
				}
			}
		}
	}
	return false
}

// decoratedByReader reports whether a decorator may evaluate the annotations
// of a function.
func (i *Info) decoratedByReader(fn syntax.NodeID) bool {
	f := i.File
	for c := f.First(fn); f.Kind(c) == syntax.Decorator; c = f.Next(c) { // they come first
		if !harmlessDecorators[string(LastName(f, f.First(c)))] && !i.blind[f.First(c)] {
			return true
		}
	}
	return false
}

func lastChild(f *syntax.File, n syntax.NodeID) syntax.NodeID {
	last := syntax.None
	for c := range f.Children(n) {
		last = c
	}
	return last
}

// harmlessDecorators never evaluate annotations. ("register" of
// functools.singledispatch does, as do those of web frameworks.)
var harmlessDecorators = wordSet(`staticmethod classmethod property setter getter deleter cached_property lru_cache cache wraps
	contextmanager asynccontextmanager abstractmethod override overload final total_ordering unique runtime_checkable
	fixture parametrize skipif usefixtures`)

// harmlessBases do not evaluate the annotations of classes derived from them.
var harmlessBases = wordSet(`object Generic ABC Enum IntEnum StrEnum Flag IntFlag Exception BaseException dict list tuple set str int float bytes`)

// harmlessBase reports whether a base class leaves annotations alone. With
// kept annotations, NamedTuple and TypedDict only wrap the text, and Protocol
// looks for the names of the fields alone; others it evaluates (3.14).
func harmlessBase(name []byte, kept bool) bool {
	if harmlessBases[string(name)] {
		return true
	}
	switch string(name) {
	case "NamedTuple", "TypedDict", "Protocol":
		return kept
	}
	for _, suffix := range [...]string{"Error", "Exception", "Warning"} {
		if n := len(name) - len(suffix); n >= 0 && string(name[n:]) == suffix {
			return true
		}
	}
	return false
}

func wordSet(text string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(text) {
		set[w] = true
	}
	return set
}

// PlainDecorator reports whether a decorator is known to return the function
// that it gets, or something that behaves like it.
func PlainDecorator(f *syntax.File, decorator syntax.NodeID) bool {
	return harmlessDecorators[string(LastName(f, decorator))]
}

// PlainBase reports whether a base class is a builtin or of typing, abc or
// enum: one that calls no methods of classes derived from it by itself.
func PlainBase(f *syntax.File, base syntax.NodeID) bool {
	return harmlessBase(LastName(f, base), true)
}

// EnumBase reports whether a base class makes an enumeration, whose members are
// made together with the class.
func EnumBase(f *syntax.File, base syntax.NodeID) bool {
	switch string(LastName(f, base)) {
	case "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum":
		return true
	}
	return false
}

// IsProperty reports whether a method is read like an attribute.
func IsProperty(f *syntax.File, fn syntax.NodeID) bool {
	return decorated(f, fn, "property") || decorated(f, fn, "cached_property")
}

// IsClassMethod reports whether a method gets the class.
func IsClassMethod(f *syntax.File, fn syntax.NodeID) bool {
	if id := f.Child(fn, syntax.Ident); id != syntax.None {
		if f.Is(id, "__new__") || f.Is(id, "__init_subclass__") || f.Is(id, "__class_getitem__") {
			return true
		}
	}
	return decorated(f, fn, "classmethod")
}

// IsStaticMethod reports whether a method gets neither instance nor class.
func IsStaticMethod(f *syntax.File, fn syntax.NodeID) bool { return decorated(f, fn, "staticmethod") }

func decorated(f *syntax.File, fn syntax.NodeID, name string) bool {
	for c := range f.Children(fn) {
		if f.Kind(c) == syntax.Decorator && string(LastName(f, f.First(c))) == name {
			return true
		}
	}
	return false
}
