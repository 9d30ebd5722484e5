package scope

import (
	"golang.org/x/text/unicode/norm"

	"fastpath/internal/python/syntax"
)

// eventKind says what an event is; a load has none of the bits.
type eventKind uint8

const (
	eventStore eventKind = 1 << iota
	eventDel
	eventImport     // bound by an import statement
	eventAnnotation // part of an annotation
	eventText       // in a string annotation
)

// event is one place that mentions a name.
type event struct {
	node   syntax.NodeID
	scope  ScopeID
	name   nameID
	kind   eventKind
	global bool
}

// analyzer builds the scopes and symbols of one file.
type analyzer struct {
	*Info
	events     []event
	class      string // name of the class around, for the mangling of private names
	annotation eventKind
	kept       bool            // annotations do not count as uses in the symbol table: they are kept as text, or not at all
	suspects   []syntax.NodeID // candidates for DynamicNames
}

// Analyze returns the scopes, bindings and uses of a file for a version of the
// language. It never fails: what did not parse has no names.
func Analyze(f *syntax.File, v syntax.Version) *Info {
	n := len(f.Nodes)
	a := &analyzer{
		Info: &Info{
			File: f, version: v,
			ids:      make(map[string]nameID, n/16),
			symbols:  make([]symbol, 0, n/10),
			symbolOf: make(map[symbolKey]int32, n/10),
			scopeAt:  map[syntax.NodeID]ScopeID{},
		},
		events: make([]event, 0, n/4),
	}
	a.FutureAnnotations = futureAnnotations(f)
	a.kept = a.FutureAnnotations && !v.Less(syntax.Version{Major: 3, Minor: 10})
	a.enter(ModuleScope, syntax.Root, 0)
	a.children(syntax.Root, 0)
	a.classify()
	a.collectUses(a.events)
	a.collectDynamic()
	a.exports = a.findExports()
	return a.Info
}

// futureAnnotations reports whether the file has "from __future__ import
// annotations".
func futureAnnotations(f *syntax.File) bool {
	for s := range f.Children(syntax.Root) {
		if f.Kind(s) != syntax.ImportFrom || f.ImportLevel(s) != 0 {
			continue
		}
		module := f.Child(s, syntax.DottedName)
		if module == syntax.None || f.Text(module) != "__future__" {
			continue
		}
		for c := range f.Children(s) {
			if f.Kind(c) == syntax.Alias && f.Text(f.First(c)) == "annotations" {
				return true
			}
		}
	}
	return false
}

// enter opens a scope.
func (a *analyzer) enter(k Kind, n syntax.NodeID, parent ScopeID) ScopeID {
	id := ScopeID(len(a.Scopes))
	a.Scopes = append(a.Scopes, Scope{Kind: k, Node: n, Parent: parent})
	a.scopeAt[n] = id
	return id
}

// intern returns the number of the name that a node spells, mangled where a
// class makes it private.
func (a *analyzer) intern(n syntax.NodeID) nameID {
	d := a.File.Node(n)
	return a.internText(a.File.Src[d.Start:d.End])
}

func (a *analyzer) internText(text []byte) nameID {
	if a.class != "" && private(text) {
		return a.add("_" + a.class + spelled(text))
	}
	if id, ok := a.ids[string(text)]; ok {
		return id
	}
	return a.add(spelled(text))
}

func (a *analyzer) add(name string) nameID {
	if id, ok := a.ids[name]; ok {
		return id
	}
	id := nameID(len(a.names))
	a.names = append(a.names, name)
	a.ids[name] = id
	return id
}

// spelled returns an identifier as Python compares it: in normal form NFKC.
func spelled(text []byte) string {
	for _, b := range text {
		if b >= 0x80 {
			return string(norm.NFKC.Bytes(text))
		}
	}
	return string(text)
}

// private reports whether a class mangles a name.
func private(text []byte) bool {
	n := len(text)
	return n > 2 && text[0] == '_' && text[1] == '_' && (text[n-1] != '_' || text[n-2] != '_')
}

// mark adds flags to the symbol of a name in a scope.
func (a *analyzer) mark(s ScopeID, name nameID, f flags) {
	key := keyOf(s, name)
	if k, ok := a.symbolOf[key]; ok {
		a.symbols[k].flags |= f
		return
	}
	a.symbolOf[key] = int32(len(a.symbols))
	a.symbols = append(a.symbols, symbol{scope: s, name: name, flags: f})
}

// bind records that the scope binds the name that the node spells.
func (a *analyzer) bind(n syntax.NodeID, s ScopeID, f flags) {
	if n == syntax.None {
		return
	}
	name := a.intern(n)
	a.mark(s, name, f)
	kind := eventStore
	if f&defImport != 0 {
		kind |= eventImport
	}
	a.events = append(a.events, event{node: n, scope: s, name: name, kind: kind})
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
		if a.annotation != 0 && f.Node(n).Flags&(syntax.FlagFormat|syntax.FlagBytes) == 0 {
			a.text(n, s)
		}
		a.children(n, s)
	case syntax.FunctionDef:
		a.function(n, s)
	case syntax.ClassDef:
		a.classDef(n, s)
	case syntax.Lambda:
		inner := ScopeID(0)
		for c := range f.Children(n) {
			if f.Kind(c) == syntax.Params {
				a.defaults(c, s)
				inner = a.enter(LambdaScope, n, s)
				a.params(c, inner)
				continue
			}
			if inner == 0 {
				inner = a.enter(LambdaScope, n, s)
			}
			a.visit(c, inner)
		}
	case syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp:
		a.comprehension(n, s)
	case syntax.NamedExpr:
		a.namedExpr(n, s)
	case syntax.AugAssign:
		a.children(n, s)
		if target := a.File.First(n); a.File.Kind(target) == syntax.Name { // it reads the name, too
			a.events = append(a.events, event{node: target, scope: s, name: a.intern(target)})
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
		for c := range f.Children(n) {
			a.importAlias(c, s, true)
		}
	case syntax.ImportFrom:
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
			a.mark(s, name, flag)
			if flag == defGlobal && s != 0 {
				a.mark(0, name, defGlobal)
				a.events = append(a.events, event{node: c, scope: s, name: name, kind: kind})
			}
		}
	case syntax.Handler, syntax.PatternCapture, syntax.PatternStar, syntax.PatternRest, syntax.PatternAs:
		for c := range f.Children(n) {
			if f.Kind(c) == syntax.Ident {
				a.bind(c, s, defLocal)
			} else {
				a.visit(c, s)
			}
		}
	case syntax.Ident, syntax.DottedName, syntax.Number, syntax.Constant:
	default:
		a.children(n, s)
	}
}

// name records a Name.
func (a *analyzer) name(n syntax.NodeID, s ScopeID) {
	name := a.intern(n)
	e := event{node: n, scope: s, name: name, kind: a.annotation}
	switch fl := a.File.Node(n).Flags; {
	case fl&syntax.FlagStore != 0:
		e.kind |= eventStore
		a.mark(s, name, defLocal)
	case fl&syntax.FlagDel != 0:
		e.kind |= eventDel
		a.mark(s, name, defLocal)
	default:
		if a.annotation != 0 && a.kept {
			a.mark(s, name, 0)
		} else {
			a.mark(s, name, use)
		}
		if dynamicNames[a.names[name]] {
			a.suspects = append(a.suspects, n)
		}
	}
	a.events = append(a.events, e)
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
	text := f.Src[d.Start:d.End]
	for k, b := range text {
		if !identifierByte(b) {
			text = text[:k]
			break
		}
	}
	name := a.internText(text)
	a.mark(s, name, defImport)
	a.events = append(a.events, event{node: target, scope: s, name: name, kind: eventStore | eventImport})
}

func identifierByte(b byte) bool {
	return b == '_' || b >= 0x80 || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// function visits a def: its name, decorators and defaults belong to the scope
// around, annotations to the type parameters where there are any.
func (a *analyzer) function(n syntax.NodeID, s ScopeID) {
	f := a.File
	typed, saved := s, a.class
	var params, body syntax.NodeID
	for c := range f.Children(n) {
		switch f.Kind(c) {
		case syntax.Ident:
			a.bind(c, s, defLocal)
		case syntax.Decorator:
			a.visit(c, s)
		case syntax.TypeParams:
			typed = a.typeParams(c, s)
		case syntax.Params:
			params = c
			a.defaults(c, s)
			for p := range f.Children(c) {
				if ann := f.Child(p, syntax.Annotation); ann != syntax.None {
					a.annotate(ann, typed)
				}
			}
		case syntax.Returns:
			a.annotate(c, typed)
		case syntax.Block:
			body = c
		}
	}
	inner := a.enter(FunctionScope, n, typed)
	if params != syntax.None {
		a.params(params, inner)
	}
	if body != syntax.None {
		a.children(body, inner)
	}
	a.class = saved
}

// defaults visits the default values of parameters.
func (a *analyzer) defaults(params syntax.NodeID, s ScopeID) {
	for p := range a.File.Children(params) {
		if d := a.File.Child(p, syntax.Default); d != syntax.None {
			a.children(d, s)
		}
	}
}

// params binds the parameters.
func (a *analyzer) params(params syntax.NodeID, s ScopeID) {
	for p := range a.File.Children(params) {
		a.bind(a.File.Child(p, syntax.Ident), s, defParam)
	}
}

func (a *analyzer) classDef(n syntax.NodeID, s ScopeID) {
	f := a.File
	outer, saved := s, a.class
	ident := f.Child(n, syntax.Ident)
	for c := range f.Children(n) {
		switch f.Kind(c) {
		case syntax.Ident:
			a.bind(c, s, defLocal)
		case syntax.Decorator:
			a.visit(c, s)
		case syntax.TypeParams:
			a.class = className(f.Text(ident))
			outer = a.typeParams(c, s)
		case syntax.Args:
			a.visit(c, outer)
		case syntax.Block:
			inner := a.enter(ClassScope, n, outer)
			if ident != syntax.None {
				a.class = className(f.Text(ident))
			}
			a.children(c, inner)
		}
	}
	a.class = saved
}

// className returns what the mangling of private names puts in front; a class
// whose name is made of underscores mangles nothing.
func className(name string) string {
	for len(name) > 0 && name[0] == '_' {
		name = name[1:]
	}
	return spelled([]byte(name))
}

// typeParams opens the scope of type parameters.
func (a *analyzer) typeParams(n syntax.NodeID, s ScopeID) ScopeID {
	f := a.File
	inner := a.enter(AnnotationScope, n, s)
	for p := range f.Children(n) {
		for c := range f.Children(p) {
			if f.Kind(c) == syntax.Ident {
				a.bind(c, inner, defTypeParam|defLocal)
				continue
			}
			owner := p // the scope of a bound; that of a default is the Default's
			if f.Kind(c) == syntax.Default {
				owner = c
			}
			a.visit(c, a.enter(AnnotationScope, owner, inner)) // evaluated when somebody asks
		}
	}
	return inner
}

func (a *analyzer) typeAlias(n syntax.NodeID, s ScopeID) {
	f := a.File
	outer := s
	for c := range f.Children(n) {
		switch {
		case f.Kind(c) == syntax.TypeParams:
			outer = a.typeParams(c, s)
		case f.Next(c) == syntax.None:
			a.visit(c, a.enter(AnnotationScope, n, outer))
		default:
			a.visit(c, s)
		}
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
		a.visit(iter, s)
	}
	inner := a.enter(ComprehensionScope, n, s)
	for c := range f.Children(n) {
		if c != first {
			a.visit(c, inner)
			continue
		}
		for d := range f.Children(c) {
			if d != iter {
				a.visit(d, inner)
			}
		}
	}
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
			switch k, mentioned := a.symbolOf[keyOf(p, name)]; {
			case p == 0:
				a.mark(s, name, defGlobal)
				a.mark(0, name, defGlobal)
			case mentioned && a.symbols[k].flags&defGlobal != 0:
				a.mark(s, name, defGlobal)
				a.mark(p, name, defLocal)
			default:
				a.mark(s, name, defNonlocal)
				a.mark(p, name, defLocal)
			}
			break
		}
	}
	a.children(n, s)
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
		a.visit(target, s)
	}
	if ann := f.Child(n, syntax.Annotation); ann != syntax.None {
		kept := a.kept // from 3.14 on nothing reads the annotations of local variables
		a.kept = kept || a.Scopes[s].Kind == FunctionScope && !a.version.Less(syntax.Version{Major: 3, Minor: 14})
		a.annotate(ann, s)
		a.kept = kept
	}
	if value != syntax.None {
		a.visit(value, s)
	}
}
