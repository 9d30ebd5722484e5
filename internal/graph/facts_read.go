package graph

import (
	"bytes"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// factReader reads the facts of one file after the other. It keeps its buffers.
type factReader struct {
	facts
	slabs   slabs
	extra   rareFacts
	textAt  int // where the text of the file begins in that of the slabs
	version syntax.Version
	// literals asks for rareFacts.words.
	literals bool
	// unexplained leaves out the lines and kinds of uses.
	unexplained bool
	file        *syntax.File
	scopes      *scope.Info

	at     []int32 // by scope: its place in functions or classes
	callOf []int32 // by scope: the function or lambda that must be called
	bodyOf []int32 // by scope: the function to whose body it belongs
	texts  symbolMap
	chain  symbolMap
	seen   symbolMap

	same  []sameName
	group []int32 // by binding: its sameName

	mentioned    []mentioning
	lately       [1 << 10]mentioning // see mention; functions are counted on from one file to the next
	before       int32               // the number of the first function there
	bodiesBefore int32
	telling      telling // what the names tell that were mentioned so far
	importing    []int32 // functions that mention what imports modules by name
	prefixes     []prefixing
	strings      []syntax.NodeID // of module-level code
	dotted       bool            // one of them is a dotted name
	counts       []int32
	found        []use // of one name
	stack        []within
	defined      []definedBy
}

// read returns the facts of a file; kept says that its tree is kept, too.
func (r *factReader) read(f *syntax.File, s *scope.Info, v syntax.Version, kept bool) *facts {
	r.version, r.file, r.scopes = v, f, s
	r.reset()
	r.definitions()
	r.imports()
	r.boundNames()
	r.globalUses()
	r.importUses()
	r.dynamicNames()
	r.lazyModules()
	r.bodies()
	r.brokenBy()
	r.words()
	if kept {
		r.extra.scopes = make([]scope.ScopeID, len(r.functions))
		for k := range s.Scopes {
			if kind := s.Scopes[k].Kind; kind == scope.FunctionScope || kind == scope.LambdaScope {
				r.extra.scopes[r.at[k]] = scope.ScopeID(k)
			}
		}
	}
	out := r.keepFacts()
	r.file, r.scopes = nil, nil
	return out
}

// reset begins the lists of a file, with room for what most files have.
func (r *factReader) reset() {
	r.texts.reserve(3 * len(r.file.Imports))
	r.chain.reset()
	r.extra = rareFacts{}
	s := &r.slabs
	r.textAt = s.beginText()
	r.textAt, _ = s.addText(r.textAt, nil) // ""
	r.facts = facts{
		statements: s.statements.begin(max(len(r.file.Imports), 1)), bindings: s.bindings.begin(64), functions: s.functions.begin(len(r.scopes.Scopes)),
		classes: s.classes.begin(32), refs: s.refs.begin(64), members: s.members.begin(64), made: s.made.begin(32),
		uses: append(s.uses.begin(256), 0), chains: append(s.chains.begin(32), chain{}),
		bound: s.bound.begin(128), flags: s.flags.begin(128), aliases: s.aliases.begin(64), strings: s.strings.begin(64),
	}
}

// keepFacts returns the facts, which take no more memory than they need.
func (r *factReader) keepFacts() *facts {
	x, s := &r.facts, &r.slabs
	x.text = s.text.String()[r.textAt:]
	x.statements, x.bindings, x.functions, x.classes = s.statements.end(x.statements), s.bindings.end(x.bindings), s.functions.end(x.functions), s.classes.end(x.classes)
	x.refs, x.members, x.made = s.refs.end(x.refs), s.members.end(x.members), s.made.end(x.made)
	x.bound, x.flags, x.aliases, x.strings = s.bound.end(x.bound), s.flags.end(x.flags), s.aliases.end(x.aliases), s.strings.end(x.strings)
	if len(x.uses) > 1 {
		x.uses = s.uses.end(x.uses)
	} else { // no list
		x.uses = nil
	}
	if len(x.chains) > 1 {
		x.chains = s.chains.end(x.chains)
	} else {
		x.chains = nil
	}
	if e := &r.extra; e.names != nil || e.ordinals != nil || e.unseen != nil || e.lazy != nil || e.words != nil || e.found != nil || e.broken != nil || e.scopes != nil {
		rare := *e
		x.rare = &rare
	}
	return &s.facts.end(append(s.facts.begin(1), *x))[0]
}

// source returns the text of a node.
func (r *factReader) source(n syntax.NodeID) []byte {
	d := &r.file.Nodes[n]
	return r.file.Src[d.Start:d.End]
}

// spelled returns the name at a node, which Python normalises beyond ASCII.
func (r *factReader) spelled(n syntax.NodeID) []byte {
	name := r.source(n)
	for _, c := range name {
		if c <= ' ' || c == '\\' || c >= 0x80 {
			return []byte(r.file.DottedText(n))
		}
	}
	return name
}

// identifier is spelled for a node that is one token.
func (r *factReader) identifier(n syntax.NodeID) []byte {
	if name := r.source(n); isASCII(name) {
		return name
	}
	return []byte(r.file.DottedText(n))
}

// keep adds a text to those of the file.
func (r *factReader) keep(name []byte) text {
	if len(name) == 0 {
		return 0
	}
	s := symbolIn(name)
	e := r.texts.slot(s)
	if e.turn == r.texts.turn {
		return text(e.value)
	}
	from, t := r.slabs.addText(r.textAt, name)
	r.textAt = from
	r.texts.fill(e, s, int32(t))
	return t
}

// str returns a text of the file that is being read.
func (r *factReader) str(t text) string {
	f := facts{text: r.slabs.text.String()[r.textAt:]}
	return f.of(t)
}

// definitions lists the functions and classes.
func (r *factReader) definitions() {
	f := r.file
	scopes := r.scopes.Scopes
	r.at = slices.Grow(r.at[:0], len(scopes))[:len(scopes)]
	r.callOf = slices.Grow(r.callOf[:0], len(scopes))[:len(scopes)]
	r.bodyOf = slices.Grow(r.bodyOf[:0], len(scopes))[:len(scopes)]
	for k := range scopes {
		s := &scopes[k]
		r.at[k], r.callOf[k], r.bodyOf[k] = 0, r.callOf[s.Parent], r.bodyOf[s.Parent]
		switch s.Kind {
		case scope.ClassScope:
			r.at[k] = int32(len(r.classes))
			r.class(s.Node)
		case scope.ModuleScope:
			r.callOf[k], r.bodyOf[k] = 0, 0
			r.functions = append(r.functions, definition{})
		case scope.FunctionScope, scope.LambdaScope:
			r.at[k] = int32(len(r.functions))
			r.callOf[k] = r.at[k]
			d := definition{decorators: int32(len(r.refs))}
			if s.Kind == scope.FunctionScope {
				r.bodyOf[k] = r.at[k]
				d.flags = isFunction
				if id := f.Child(s.Node, syntax.Ident); id != syntax.None {
					d.name = r.definedName(s.Node, id, &d.flags)
				}
				if f.Kind(f.First(s.Node)) == syntax.Decorator {
					r.decoratorsOf(s.Node)
					d.count = uint16(len(r.refs) - int(d.decorators))
				}
			}
			r.functions = append(r.functions, d)
		}
	}
	for k := range scopes {
		s := &scopes[k]
		switch s.Kind {
		case scope.ClassScope:
			c := &r.classes[r.at[k]]
			c.methods.from = int32(len(r.members))
			for m := range f.Children(f.Child(s.Node, syntax.Block)) {
				if f.Kind(m) == syntax.FunctionDef {
					r.members = append(r.members, r.functionOf(m))
				}
			}
			c.methods.to = int32(len(r.members))
		case scope.FunctionScope:
			d := &r.functions[r.at[k]]
			d.function, d.base = r.callOf[s.Parent], s.Base
		case scope.LambdaScope: // perhaps in an annotation
			c, d := r.condition(s.Node, false), &r.functions[r.at[k]]
			d.function, d.reader, d.base = c.function, c.reader, c.base
		}
	}
}

// functionOf returns the index of a function, lambda or class by its node.
func (r *factReader) functionOf(n syntax.NodeID) int32 {
	s, _ := r.scopes.Opens(n)
	return r.at[s]
}

// definedName returns the name of a definition, with what follows from it.
func (r *factReader) definedName(def, ident syntax.NodeID, flags *definitionFlags) word {
	f := r.file
	name := r.source(ident)
	if isDunder(name) || isSunder(name) || string(name) == "keys" { // "**x" asks for those
		*flags |= isSpecial
	}
	if f.Parent(def) == syntax.Root {
		*flags |= isSole
		for _, u := range r.scopes.Uses(string(name)) {
			if (u.Store || u.Del) && u.Node != ident {
				*flags &^= isSole
			}
		}
	}
	return symbolIn(name).word()
}

// class adds a class without its methods.
func (r *factReader) class(n syntax.NodeID) {
	f := r.file
	c := classDef{flags: isPlain}
	if id := f.Child(n, syntax.Ident); id != syntax.None {
		c.name = r.definedName(n, id, &c.flags)
	}
	args := f.Child(n, syntax.Args)
	if args != syntax.None || f.Kind(f.First(n)) == syntax.Decorator {
		c.flags |= isHooked
	}
	c.refs.from = int32(len(r.refs))
	r.decoratorsOf(n)
	for k := c.refs.from; k < int32(len(r.refs)); k++ {
		if r.refs[k].flags&refPlain == 0 {
			c.flags &^= isPlain
		}
	}
	if args != syntax.None {
		for a := range f.Children(args) {
			base := r.ref(a, f.First(a))
			if base.flags&refFixed != 0 {
				c.flags &^= isPlain
			}
			if base.flags&(refFixed|refLeavesText) == refLeavesText { // see scope.PlainBase
				base.flags |= refPlain
			}
			r.refs = append(r.refs, base)
		}
	}
	c.refs.to = int32(len(r.refs))
	r.classes = append(r.classes, c)
}

// maxDecorators bounds the decorators of a definition that count.
const maxDecorators = 1<<16 - 1

// decoratorsOf adds those of a definition.
func (r *factReader) decoratorsOf(n syntax.NodeID) {
	f := r.file
	count := 0
	for c := f.First(n); c != syntax.None && f.Kind(c) == syntax.Decorator && count < maxDecorators; c = f.Next(c) {
		d := r.ref(c, f.First(c))
		d.flags |= refDecorator
		if d.leaves(false) { // see scope.PlainDecorator
			d.flags |= refPlain
		}
		r.refs = append(r.refs, d)
		count++
	}
}

// ref returns what an expression names, as the decorator or argument n.
func (r *factReader) ref(n, expr syntax.NodeID) ref {
	f := r.file
	out := ref{node: expr}
	leaves, leavesText, fixed := r.scopes.Leaves(n)
	if leaves {
		out.flags |= refLeaves
	}
	if fixed {
		out.flags |= refFixed
	}
	if leavesText {
		out.flags |= refLeavesText
	}
	if last := scope.LastName(f, expr); len(last) > 0 {
		out.last = symbolIn(last).word()
	}
	for f.Kind(expr) == syntax.Call || f.Kind(expr) == syntax.Subscript {
		expr = f.First(expr)
	}
	switch f.Kind(expr) {
	case syntax.Name:
		if name := r.identifier(expr); r.scopes.MeansGlobal(string(name), expr) {
			out.attr = symbolIn(name)
		}
	case syntax.Attribute:
		if base, id := f.First(expr), f.Child(expr, syntax.Ident); f.Kind(base) == syntax.Name && id != syntax.None {
			out.base, out.attr = symbolIn(r.identifier(base)), symbolIn(r.identifier(id))
		}
	}
	return out
}

// condition returns what decides when the code at n runs.
func (r *factReader) condition(n syntax.NodeID, text bool) condition {
	c := r.scopes.Condition(n, text)
	out := condition{base: c.Base}
	if c.Function != syntax.None {
		out.function = r.functionOf(c.Function)
	}
	if c.Reader == syntax.None {
		return out
	}
	by := newReader(r.file.Kind(c.Reader) == syntax.ClassDef, r.functionOf(c.Reader), c.Text)
	perhaps := false
	if r.handed(c.Reader) {
		return out
	}
	refs := r.refsOf(by)
	for k := range refs {
		switch {
		case refs[k].leaves(c.Text):
		case refs[k].flags&refFixed != 0:
			return out
		default:
			perhaps = true
		}
	}
	if perhaps {
		out.reader = by
	} else {
		out.base = max(out.base, c.Kept)
	}
	return out
}

// handed reports whether module-level code gives a definition, or the class
// around it, to a call, which may look at its annotations: "signature(f)".
func (r *factReader) handed(def syntax.NodeID) bool {
	f := r.file
	for def != syntax.None && f.Parent(def) != syntax.Root {
		if def = f.Parent(def); f.Kind(def) == syntax.FunctionDef {
			return false
		}
	}
	if k := f.Kind(def); k != syntax.FunctionDef && k != syntax.ClassDef {
		return false
	}
	id := f.Child(def, syntax.Ident)
	if id == syntax.None {
		return false
	}
	for _, u := range r.scopes.Uses(f.Text(id)) {
		if u.Store || u.Del || u.Annotation || u.When != scope.AtImport {
			continue
		}
		n := u.Node
		for p := f.Parent(n); f.Kind(p) == syntax.Attribute; p = f.Parent(n) {
			n = p
		}
		if a := f.Parent(n); f.Kind(a) == syntax.Arg {
			if call := f.Parent(f.Parent(a)); f.Kind(call) == syntax.Call && !looking[string(scope.LastName(f, f.First(call)))] {
				return true
			}
		}
	}
	return false
}

// imports lists the import statements.
func (r *factReader) imports() {
	for k, n := range r.file.Imports {
		r.statement(k, n)
	}
}

// statement adds the import statement n, at the place k in the list of them.
func (r *factReader) statement(k int, n syntax.NodeID) {
	f := r.file
	d := f.Node(n)
	within, base := r.scopes.ImportAt(k)
	s := statement{node: n, from: d.Kind == syntax.ImportFrom, function: r.callOf[within], base: base}
	if k := r.scopes.Scopes[within].Kind; k == scope.FunctionScope || k == scope.ClassScope {
		s.scope = k
	}
	if within != 0 {
		s.qualname = r.keep([]byte(r.scopes.Qualname(n)))
	}
	if p := f.Parent(n); p != syntax.Root { // else nothing is around it
		words := contextOf(f, n)
		s.context = r.keep([]byte(strings.Join(words, " ")))
		if s.scope == scope.ModuleScope && !slices.ContainsFunc(words, func(w string) bool { return w == "try" || w == "except" || w == "finally" }) {
			s.lazy = mayBeLazy
		}
	} else {
		s.lazy = mayBeLazy
	}
	if d.Flags&syntax.FlagLazy != 0 {
		s.lazy = isLazy
	}
	line, column, endLine, endColumn := f.Place(n)
	s.line, s.column, s.endLine, s.endColumn = int32(line), int32(column), int32(endLine), int32(endColumn)
	if s.from {
		var name []byte
		if m := f.Child(n, syntax.DottedName); m != syntax.None {
			name = r.spelled(m)
		}
		if level := f.ImportLevel(n); level > 0 {
			name = append(bytes.Repeat([]byte("."), level), name...)
		}
		s.module = r.keep(name)
	}
	if d.Flags&syntax.FlagStar != 0 && s.from {
		r.stars = true
		r.bindings = append(r.bindings, binding{statement: int32(len(r.statements)), name: r.keep([]byte("*")), symbol: starSymbol})
	} else {
		for a := range f.Children(n) {
			if f.Kind(a) == syntax.Alias {
				r.binding(a, s.from, within)
			}
		}
	}
	r.statements = append(r.statements, s)
}

var starSymbol = symbolOf("*")

// binding adds one name of a statement.
func (r *factReader) binding(a syntax.NodeID, from bool, within scope.ScopeID) {
	f := r.file
	name := r.spelled(f.First(a))
	b := binding{statement: int32(len(r.statements)), alias: a, name: r.keep(name), owner: within}
	binds := name
	if as := f.Child(a, syntax.Ident); as != syntax.None {
		binds = r.identifier(as)
		b.as = r.keep(binds)
	} else if !from {
		binds, _, _ = bytes.Cut(name, []byte("."))
	}
	b.symbol = symbolIn(binds)
	if from && b.as != 0 && b.as != b.name {
		r.aliases = append(r.aliases, alias{b.symbol.word(), symbolIn(name).word()})
	}
	if within != 0 {
		if owner, ok := r.scopes.Lookup(string(binds), within); ok {
			b.owner = owner
		}
	}
	r.bindings = append(r.bindings, b)
}

// ordinals numbers the bindings of one name by like statements in one scope.
func (r *factReader) ordinals() {
	r.seen.reset()
	for k := range r.bindings {
		b := &r.bindings[k]
		s := &r.statements[b.statement]
		module := s.module
		if !s.from {
			module = -b.name
		}
		key := symbol(spread(uint64(b.symbol) ^ spread(uint64(uint32(module))<<32|uint64(uint32(s.qualname)))))
		e := r.seen.slot(key)
		if e.turn != r.seen.turn {
			r.seen.fill(e, key, 0)
			continue
		}
		e.value++
		r.extra.ordinals = append(r.extra.ordinals, ordinal{int32(k), e.value})
	}
}

// boundNames lists what the module binds and exports.
func (r *factReader) boundNames() {
	r.hasAll = r.scopes.HasAll()
	r.allKnown = true
	for name, uses := range r.scopes.Bindings() {
		flags := nameBound
		if len(name) > 0 && name[0] == '_' {
			flags |= namePrivate
		} else if !r.hasAll {
			flags |= nameExports
		}
		for k := range uses {
			u := &uses[k]
			if u.Store {
				flags |= nameStored
			}
			if u.Del {
				flags |= nameDeleted
			}
		}
		r.bound, r.flags = append(r.bound, symbolIn(name)), append(r.flags, flags)
	}
	if r.hasAll {
		var names []string
		names, r.allKnown = r.scopes.Exports()
		r.seen.reset()
		for k, s := range r.bound {
			r.seen.add(s, int32(k))
		}
		for _, name := range names {
			s := symbolOf(name)
			e := r.seen.slot(s)
			if e.turn == r.seen.turn {
				r.flags[e.value] |= nameExports
				continue
			}
			flags := nameExports
			if strings.HasPrefix(name, "_") {
				flags |= namePrivate
			}
			r.seen.fill(e, s, int32(len(r.bound)))
			r.bound, r.flags = append(r.bound, s), append(r.flags, flags)
		}
	}
	if len(r.bound) >= sortedNames {
		r.sortBound()
	}
}

// sortBound sorts bound and flags by symbol.
func (r *factReader) sortBound() {
	r.seen.reset()
	for k, s := range r.bound {
		r.seen.add(s, int32(r.flags[k]))
	}
	slices.Sort(r.bound)
	for k, s := range r.bound {
		flags, _ := r.seen.get(s)
		r.flags[k] = nameFlags(flags)
	}
}

// looksAtAnnotations reports whether the text of a module mentions a way to
// get at annotations.
func looksAtAnnotations(src []byte) bool {
	mark := []byte("from __future__ import annotations") // which many files have
	if i := bytes.Index(src, mark); i >= 0 {
		src = src[i+len(mark):]
	}
	for _, word := range []string{"__annot", "annotations", "hints", "signature", "inspect", "typing.get", "getfullargspec"} {
		if bytes.Contains(src, []byte(word)) {
			return true
		}
	}
	return false
}
