package scope

import (
	"cmp"
	"slices"
	"sync"

	"fastpath/internal/python/syntax"
)

// analyzer builds the scopes and symbols of one file.
type analyzer struct {
	Info
	events []event // those of open scopes, in the order in which they were found
	local  []event // those of names that an import binds in functions and classes

	nonlocal bool // there are names that some scope says are no global ones

	class       []byte // what the class around puts before private names, without NFKC
	private     uint64 // the bits of a name that tell whether it may be such a one; 0 outside of classes
	annotation  eventKind
	values      bool // in an annotation: what is read now is no type, its strings name nothing
	kept        bool // annotations do not count as uses in the symbol table: they are kept as text, or not at all
	when        When // the answer of Info.when for the place that is being visited
	base        When // of the Condition of the statement that is being visited
	environment bool
	suspects    []suspect                            // candidates for DynamicNames
	comments    map[syntax.NodeID]syntax.TypeComment // by owner; nil in most files

	// Where the names of plain statements are read from File.Names, see body: the
	// first of them, and of File.Special, that belongs to code that was not visited
	// yet; or no node of the file.
	flat                bool
	unread, special     syntax.NodeID
	unreadAt, specialAt int // in File.Names and File.Special
	imports             int // the first of File.Imports that was not visited
}

// suspect is a load of one of the dynamicNames.
type suspect struct {
	node   syntax.NodeID
	symbol symbolID
}

// Analyzer analyses files one after another and keeps its memory for the next
// one. The zero value is ready. It is not safe for concurrent use.
type Analyzer struct {
	analyzer analyzer
}

var analyzers = sync.Pool{New: func() any { return new(Analyzer) }}

// Analyze returns the scopes, bindings and uses of a file for a version of the
// language. It never fails: what did not parse has no names.
func Analyze(f *syntax.File, v syntax.Version) *Info {
	r := analyzers.Get().(*Analyzer)
	i := *r.Analyze(f, v)
	i.Scopes, i.DynamicNames = slices.Clone(i.Scopes), slices.Clone(i.DynamicNames)
	i.names, i.symbols = i.names.clone(), slices.Clone(i.symbols)
	i.byName, i.nameAt = nil, nil
	i.index() // not later: several may ask at the same time
	i.open = nil
	i.uses, i.usesOf = slices.Clone(i.uses), slices.Clone(i.usesOf)
	i.localUses, i.localOf = slices.Clone(i.localUses), slices.Clone(i.localOf)
	i.placed, i.imported = slices.Clone(i.placed), slices.Clone(i.imported)
	if len(f.Nodes) <= maxKept {
		r.analyzer.File = nil
		analyzers.Put(r)
	}
	return &i
}

// maxKept is how many nodes a file may have for Analyze to keep the memory that
// it took.
const maxKept = 1 << 19

// Analyze is like the function Analyze, but that the Info and all that it
// returns but for strings are valid only until the next call.
func (r *Analyzer) Analyze(f *syntax.File, v syntax.Version) *Info {
	a := &r.analyzer
	// Slices are given what most files take: those that grow step by step leave a
	// multiple of their size behind.
	*a = analyzer{
		Info: Info{
			File: f, version: v,
			Scopes: a.Scopes[:0], DynamicNames: a.DynamicNames[:0],
			names: a.names, symbols: append(slices.Grow(a.symbols[:0], len(f.Names)/2+1), symbol{scope: -1}), byName: a.byName, nameAt: a.nameAt,
			uses: a.uses, usesOf: a.usesOf, localUses: a.localUses, localOf: a.localOf, placed: a.placed[:0],
			imported: a.imported[:0], open: a.open[:0],
		},
		events: a.events[:0], local: a.local[:0], suspects: a.suspects[:0],
	}
	a.names.reset(len(f.Nodes) / 16)
	a.FutureAnnotations = futureAnnotations(f, v)
	a.kept = a.FutureAnnotations && !v.Less(syntax.Version{Major: 3, Minor: 10})
	for _, c := range f.TypeComments() {
		if a.comments == nil {
			a.comments = map[syntax.NodeID]syntax.TypeComment{}
		}
		a.comments[c.Owner] = c
	}
	a.unread, a.special = nodeAt(f.Names, 0), nodeAt(f.Special, 0)
	a.flat = len(f.Errors) == 0 && a.comments == nil
	a.enter(ModuleScope, syntax.Root, 0)
	a.placed = append(a.placed, placedScope{syntax.Root, 0})
	a.body(syntax.Root, 0)
	// Scopes are left in the order of their nodes, but for those in defaults and
	// annotations.
	if byNode := func(x, y placedScope) int { return cmp.Compare(x.node, y.node) }; !slices.IsSortedFunc(a.placed, byNode) {
		slices.SortFunc(a.placed, byNode)
	}
	if !a.flat { // perhaps they are not all in the tree, or not in order
		a.placeImports()
	}
	a.collectUses()
	a.collectDynamic()
	a.exports = a.findAll()
	return &a.Info
}

// futureAnnotations reports whether the file has "from __future__ import
// annotations". Before 3.13 the compiler does not mind dots before the name.
func futureAnnotations(f *syntax.File, v syntax.Version) bool {
	for s := range f.Children(syntax.Root) {
		if f.Kind(s) != syntax.ImportFrom {
			continue
		}
		module := f.Child(s, syntax.DottedName)
		if module == syntax.None || !f.Is(module, "__future__") || f.ImportLevel(s) != 0 && !v.Less(syntax.Version{Major: 3, Minor: 13}) {
			continue
		}
		for c := range f.Children(s) {
			if f.Kind(c) == syntax.Alias && f.Is(f.First(c), "annotations") {
				return true
			}
		}
	}
	return false
}

// event records a place that mentions a name.
func (a *analyzer) event(n syntax.NodeID, s symbolID, kind eventKind) {
	x := &a.symbols[s]
	if kind&eventImport != 0 || x.flags.heldBy(a.open[x.scope].holds) {
		return
	}
	if a.environment {
		kind |= eventEnvironment
	}
	e := a.newEvent()
	e.node, e.scope, e.symbol, e.kind, e.when = n, x.scope, s, kind, a.when
}

// newEvent adds an event, which the caller fills in: a literal would be written to
// the stack first, and read back too soon.
func (a *analyzer) newEvent() *event {
	k := len(a.events)
	if k == cap(a.events) {
		a.events = slices.Grow(a.events, max(k, 64))
	}
	a.events = a.events[:k+1]
	return &a.events[k]
}

// raise notes that what is visited next runs at w, unless what is around it
// says more. It returns the answer that was valid until then.
func (a *analyzer) raise(w When, environment bool) moment {
	before := moment{a.when, a.environment}
	if w > AtImport && w >= a.when {
		a.when, a.environment = w, environment
	}
	return before
}

// moment is an answer of Info.when.
type moment struct {
	when        When
	environment bool
}

func (a *analyzer) restore(m moment) { a.when, a.environment = m.when, m.environment }

// bind records that the scope binds the name that the node spells.
func (a *analyzer) bind(n syntax.NodeID, s ScopeID, f flags) {
	if n == syntax.None {
		return
	}
	kind := eventStore
	if f&defImport != 0 {
		kind |= eventImport
	}
	a.event(n, a.mark(s, a.intern(n), f), kind)
}

// children visits all children of n in the scope s.
func (a *analyzer) children(n syntax.NodeID, s ScopeID) {
	for c := a.File.First(n); c != syntax.None; c = a.File.Next(c) {
		a.visit(c, s)
	}
}

// visit records the names below n, which is evaluated in the scope s.
func (a *analyzer) visit(n syntax.NodeID, s ScopeID) {
	f := a.File
	switch f.Kind(n) {
	case syntax.Name:
		a.name(n, s)
	case syntax.String:
		if a.annotation != 0 && !a.values && f.Node(n).Flags&(syntax.FlagFormat|syntax.FlagBytes) == 0 {
			a.text(n, s)
		}
		a.parts(n, s)
	case syntax.Block, syntax.Else, syntax.Finally:
		a.body(n, s)
	case syntax.Assign, syntax.For, syntax.With:
		a.parts(n, s)
		a.typeComment(n, s)
	case syntax.If, syntax.While:
		test := f.First(n)
		a.expression(test, s)
		known, base := a.test(test), a.base
		for c := f.Next(test); c != syntax.None; c = f.Next(c) {
			before := moment{a.when, a.environment}
			k := f.Kind(c)
			if k == syntax.Block || f.Kind(n) == syntax.If {
				w, environment := known.branch(k == syntax.Block)
				a.raise(w, environment)
				a.base = max(base, w)
			}
			a.body(c, s)
			a.restore(before)
			a.base = base
		}
	case syntax.IfExp:
		for c := f.First(n); c != syntax.None; c = f.Next(c) {
			before := a.raise(a.Branch(n, c))
			a.part(c, s)
			a.restore(before)
		}
	case syntax.FunctionDef:
		a.function(n, s)
	case syntax.ClassDef:
		a.classDef(n, s)
	case syntax.Lambda:
		params := f.First(n)
		for p := f.First(params); p != syntax.None; p = f.Next(p) {
			if d := f.Next(f.First(p)); d != syntax.None {
				a.part(d, s)
			}
		}
		inner := a.enter(LambdaScope, n, s)
		a.params(params, inner)
		before := a.raise(AtCall, false)
		a.part(f.Next(params), inner)
		a.restore(before)
		a.leave(inner)
	case syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp:
		a.comprehension(n, s)
	case syntax.NamedExpr:
		a.namedExpr(n, s)
	case syntax.Args:
		for c := f.First(n); c != syntax.None; c = f.Next(c) {
			a.parts(c, s) // an Arg may stand before the generator that is in it
		}
	case syntax.AugAssign:
		a.parts(n, s)
		if target := a.File.First(n); a.File.Kind(target) == syntax.Name { // it reads the name, too
			a.event(target, a.mark(s, a.intern(target), 0), 0)
		}
	case syntax.AnnAssign:
		a.annAssign(n, s)
	case syntax.TypeAlias:
		a.typeAlias(n, s)
	case syntax.Annotation, syntax.Returns:
		a.annotate(n, s)
	case syntax.Subscript:
		a.subscript(n, s)
	case syntax.Import:
		a.importAt(s)
		for c := range f.Children(n) {
			a.importAlias(c, s, true)
		}
	case syntax.ImportFrom:
		a.importAt(s)
		for c := range f.Children(n) {
			if f.Kind(c) == syntax.Alias {
				a.importAlias(c, s, false)
			}
		}
	case syntax.Global, syntax.Nonlocal:
		flag, kind := defNonlocal, eventKind(0)
		if f.Kind(n) == syntax.Global {
			flag, kind = defGlobal, eventStore
		}
		for c := range f.Children(n) {
			name := a.intern(c)
			symbol := a.mark(s, name, flag)
			if flag == defGlobal && s != 0 {
				a.mark(0, name, defGlobal)
				a.event(c, symbol, kind)
			}
		}
	case syntax.Handler, syntax.PatternCapture, syntax.PatternStar, syntax.PatternRest, syntax.PatternAs:
		for c := range f.Children(n) {
			if f.Kind(c) == syntax.Ident {
				a.bind(c, s, defLocal)
			} else {
				a.expression(c, s)
			}
		}
	case syntax.Ident, syntax.DottedName, syntax.Number, syntax.Constant:
	default:
		a.parts(n, s)
	}
}

// name records a Name.
func (a *analyzer) name(n syntax.NodeID, s ScopeID) {
	name := a.intern(n)
	kind, flag := a.annotation, use
	if a.values && !a.kept {
		kind = 0 // evaluated like any other value
	}
	switch fl := a.File.Nodes[n].Flags; {
	case fl&syntax.FlagStore != 0:
		kind, flag = kind|eventStore, defLocal
	case fl&syntax.FlagDel != 0:
		kind, flag = kind|eventDel, defLocal
	case a.annotation != 0 && a.kept:
		flag = 0
	}
	symbol := a.mark(s, name, flag)
	if int(name) <= len(dynamicNames) && flag != defLocal {
		a.suspects = append(a.suspects, suspect{n, symbol})
	}
	a.event(n, symbol, kind)
}

func (a *analyzer) importAlias(n syntax.NodeID, s ScopeID, dotted bool) {
	f := a.File
	target := f.First(n)
	if as := f.Child(n, syntax.Ident); as != syntax.None {
		a.bind(as, s, defImport)
		return
	}
	if target == syntax.None {
		return
	}
	if !dotted {
		a.bind(target, s, defImport)
		return
	}
	d := f.Node(target)
	end := int(d.Start)
	for end < int(d.End) && identifierByte(f.Src[end]) {
		end++
	}
	name := a.internText(f.Src, int(d.Start), end)
	a.event(target, a.mark(s, name, defImport), eventStore|eventImport)
}

func identifierByte(b byte) bool { return identifierBytes[b] }

var identifierBytes = func() (of [256]bool) {
	for b := range of {
		of[b] = b == '_' || b >= 0x80 || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
	}
	return of
}()

// typeAlias visits "type X = value". The value counts as evaluated at once: it
// is when somebody asks for it, as libraries do while modules are imported.
func (a *analyzer) typeAlias(n syntax.NodeID, s ScopeID) {
	f := a.File
	outer := s
	for c := range f.Children(n) {
		switch {
		case f.Kind(c) == syntax.TypeParams:
			outer = a.typeParams(c, s)
		case f.Next(c) == syntax.None:
			value := a.enter(AnnotationScope, n, outer)
			a.part(c, value)
			a.leave(value)
		default:
			a.part(c, s)
		}
	}
	if outer != s {
		a.leave(outer)
	}
}

// comprehension opens a scope; the first iterable belongs to the scope around.
func (a *analyzer) comprehension(n syntax.NodeID, s ScopeID) {
	f := a.File
	first := f.Child(n, syntax.Comprehension)
	if first == syntax.None {
		a.children(n, s)
		return
	}
	target := f.First(first)
	iter := f.Next(target)
	if iter != syntax.None {
		a.part(iter, s)
	}
	inner := a.enter(ComprehensionScope, n, s)
	for c := f.First(n); c != syntax.None; c = f.Next(c) {
		if c != first {
			a.part(c, inner)
			continue
		}
		for d := target; d != syntax.None; d = f.Next(d) {
			if d != iter {
				a.part(d, inner)
			}
		}
	}
	a.leave(inner)
}

// namedExpr binds its target; in a comprehension it is the function or module
// around that gets the name.
func (a *analyzer) namedExpr(n syntax.NodeID, s ScopeID) {
	target := a.File.First(n)
	if target != syntax.None && a.Scopes[s].Kind == ComprehensionScope && a.File.Kind(target) == syntax.Name {
		name := a.intern(target)
		for p := a.Scopes[s].Parent; ; p = a.Scopes[p].Parent {
			if a.Scopes[p].Kind == ComprehensionScope {
				continue
			}
			switch {
			case p == 0:
				a.mark(s, name, defGlobal)
				a.mark(0, name, defGlobal)
			case a.symbols[a.mark(p, name, 0)].flags&defGlobal != 0:
				a.mark(s, name, defGlobal)
				a.mark(p, name, defLocal)
			default:
				a.mark(s, name, defNonlocal)
				a.mark(p, name, defLocal)
			}
			break
		}
	}
	a.parts(n, s)
}

func (a *analyzer) annAssign(n syntax.NodeID, s ScopeID) {
	f := a.File
	target := f.First(n)
	value := syntax.None
	for c := range f.Children(n) {
		if c != target && f.Kind(c) != syntax.Annotation {
			value = c
		}
	}
	if f.Kind(target) == syntax.Name {
		simple := f.Node(target).Flags&syntax.FlagParens == 0
		switch {
		case simple && value != syntax.None:
			a.bind(target, s, defAnnot|defLocal)
		case simple: // "x: int" makes x a local name but assigns nothing
			a.mark(s, a.intern(target), defAnnot|defLocal)
		case value != syntax.None:
			a.bind(target, s, defLocal)
		}
	} else {
		a.part(target, s)
	}
	if ann := f.Child(n, syntax.Annotation); ann != syntax.None {
		kept := a.kept // from 3.14 on nothing reads the annotations of local variables
		a.kept = kept || a.Scopes[s].Kind == FunctionScope && !a.version.Less(syntax.Version{Major: 3, Minor: 14})
		a.annotate(ann, s)
		a.kept = kept
	}
	if value != syntax.None {
		a.part(value, s)
	}
}
