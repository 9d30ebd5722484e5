package graph

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// factReader reads the facts of one file after the other. It keeps its buffers.
type factReader struct {
	facts   // of the file that is being read
	buf     []byte
	version syntax.Version
	file    *syntax.File
	scopes  *scope.Info
	at      []int32 // by scope: its place in functions or classes
	texts   map[symbol]span
	chainAt map[chainKey]int32
	aliases []alias
	seen    symbolSet
}

type chainKey struct {
	before int32
	name   symbol
	store  bool
}

// alias is a from-import under another name.
type alias struct{ as, item symbol }

// read returns the facts of a file.
func (r *factReader) read(f *syntax.File, s *scope.Info, v syntax.Version) *facts {
	r.reset()
	r.version, r.file, r.scopes = v, f, s
	r.definitions()
	r.imports()
	r.boundNames()
	r.globalUses()
	for k := range r.bindings {
		r.bindingUses(int32(k))
	}
	r.dynamicNames()
	r.lazyModules()
	r.bodies()
	r.brokenBy()
	out := r.compact()
	r.file, r.scopes = nil, nil
	return out
}

// reset empties the buffers.
func (r *factReader) reset() {
	if r.texts == nil {
		r.texts, r.chainAt = map[symbol]span{}, map[chainKey]int32{}
	}
	clear(r.texts)
	clear(r.chainAt)
	r.aliases, r.buf = r.aliases[:0], r.buf[:0]
	x := &r.facts
	*x = facts{
		statements: x.statements[:0], bindings: x.bindings[:0], functions: x.functions[:0], classes: x.classes[:0], refs: x.refs[:0],
		members: x.members[:0], mentions: x.mentions[:0], made: x.made[:0], uses: x.uses[:0], chains: append(x.chains[:0], chain{}),
		names: x.names[:0], bound: x.bound[:0], unseen: x.unseen[:0], lazy: x.lazy[:0],
	}
}

// compact returns a copy of the facts that takes no more memory than it needs.
func (r *factReader) compact() *facts {
	x := r.facts
	x.text = string(r.buf)
	x.statements, x.bindings, x.functions, x.classes = clone(x.statements), clone(x.bindings), clone(x.functions), clone(x.classes)
	x.refs, x.members, x.mentions, x.made = clone(x.refs), clone(x.members), clone(x.mentions), clone(x.made)
	x.uses, x.chains, x.names, x.bound = clone(x.uses), clone(x.chains), clone(x.names), clone(x.bound)
	x.unseen, x.lazy = clone(x.unseen), clone(x.lazy)
	return &x
}

// clone copies a list without spare capacity.
func clone[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	copy(out, list)
	return out
}

// span keeps a piece of text.
func (r *factReader) span(text string) span {
	if text == "" {
		return span{}
	}
	s := symbolOf(text)
	if p, ok := r.texts[s]; ok {
		return p
	}
	p := span{uint32(len(r.buf)), uint32(len(text))}
	r.buf = append(r.buf, text...)
	r.texts[s] = p
	return p
}

// definitions lists the functions and classes.
func (r *factReader) definitions() {
	f := r.file
	scopes := r.scopes.Scopes
	r.at = slices.Grow(r.at[:0], len(scopes))[:len(scopes)]
	for k := range scopes {
		s := &scopes[k]
		switch s.Kind {
		case scope.ClassScope:
			r.at[k] = int32(len(r.classes))
			r.class(s.Node)
		case scope.ModuleScope, scope.FunctionScope, scope.LambdaScope:
			r.at[k] = int32(len(r.functions))
			d := definition{scope: scope.ScopeID(k), isFunction: s.Kind == scope.FunctionScope}
			if id := f.Child(s.Node, syntax.Ident); d.isFunction && id != syntax.None {
				d.name, d.special, d.sole = symbolIn(r.source(id)), dunder(f.Text(id)), r.sole(s.Node, id)
				d.decorators.from = int32(len(r.refs))
				r.decorators(s.Node)
				d.decorators.to = int32(len(r.refs))
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
		case scope.FunctionScope, scope.LambdaScope:
			r.functions[r.at[k]].condition = r.condition(s.Node, false)
		}
	}
}

// source returns the text of a node.
func (r *factReader) source(n syntax.NodeID) []byte {
	d := r.file.Node(n)
	return r.file.Src[d.Start:d.End]
}

// functionOf returns the index of a function or lambda by its node.
func (r *factReader) functionOf(n syntax.NodeID) int32 {
	s, _ := r.scopes.Opens(n)
	return r.at[s]
}

// sole reports whether a definition at module level is the only thing that
// binds its name, imports aside.
func (r *factReader) sole(def, ident syntax.NodeID) bool {
	f := r.file
	if f.Parent(def) != syntax.Root {
		return false
	}
	for _, u := range r.scopes.Uses(f.NameText(ident)) {
		if (u.Store || u.Del) && u.Node != ident {
			return false
		}
	}
	return true
}

// class adds a class without its methods.
func (r *factReader) class(n syntax.NodeID) {
	f := r.file
	c := classDef{plain: true}
	if id := f.Child(n, syntax.Ident); id != syntax.None {
		c.name, c.sole = symbolIn(r.source(id)), r.sole(n, id)
	}
	args := f.Child(n, syntax.Args)
	c.hooked = args != syntax.None || f.Child(n, syntax.Decorator) != syntax.None
	c.refs.from = int32(len(r.refs))
	r.decorators(n)
	for _, d := range r.refs[c.refs.from:] {
		c.plain = c.plain && d.plain
	}
	if args != syntax.None {
		for a := range f.Children(args) {
			base := r.ref(a, f.First(a))
			c.plain = c.plain && !base.fixed
			base.plain = scope.PlainBase(f, base.node)
			r.refs = append(r.refs, base)
		}
	}
	c.refs.to = int32(len(r.refs))
	r.classes = append(r.classes, c)
}

// decorators adds those of a definition.
func (r *factReader) decorators(n syntax.NodeID) {
	f := r.file
	for c := f.First(n); c != syntax.None && f.Kind(c) == syntax.Decorator; c = f.Next(c) {
		d := r.ref(c, f.First(c))
		d.decorator = true
		d.plain = scope.PlainDecorator(f, d.node)
		r.refs = append(r.refs, d)
	}
}

// ref returns what an expression names, as the decorator or argument n.
func (r *factReader) ref(n, expr syntax.NodeID) ref {
	f := r.file
	out := ref{node: expr}
	out.leaves, out.fixed = r.scopes.Leaves(n, false)
	out.leavesText, _ = r.scopes.Leaves(n, true)
	if last := scope.LastName(f, expr); last != "" {
		out.last = symbolOf(last)
	}
	for f.Kind(expr) == syntax.Call || f.Kind(expr) == syntax.Subscript {
		expr = f.First(expr)
	}
	switch f.Kind(expr) {
	case syntax.Name:
		name := f.NameText(expr)
		if owner, ok := r.scopes.Lookup(name, r.scopes.ScopeOf(expr)); ok && owner == 0 {
			out.attr = symbolOf(name)
		}
	case syntax.Attribute:
		if base, id := f.First(expr), f.Child(expr, syntax.Ident); f.Kind(base) == syntax.Name && id != syntax.None {
			out.base, out.attr = symbolOf(f.NameText(base)), symbolOf(f.NameText(id))
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
	by := reader{text: c.Text}
	if r.file.Kind(c.Reader) == syntax.ClassDef {
		by.class = 1 + r.functionOf(c.Reader)
	} else {
		by.function = r.functionOf(c.Reader)
	}
	perhaps := false
	for k, d := range r.refsOf(by) {
		switch leaves := d.leaves && !c.Text || d.leavesText && c.Text; {
		case leaves:
		case d.fixed:
			return out
		default:
			_ = k
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

// imports lists the import statements.
func (r *factReader) imports() {
	for _, n := range r.file.Imports {
		r.statement(n)
	}
}

// statement adds one import statement.
func (r *factReader) statement(n syntax.NodeID) {
	f := r.file
	d := f.Node(n)
	within := r.scopes.ScopeOf(n)
	s := statement{
		node: n, from: d.Kind == syntax.ImportFrom, level: int32(f.ImportLevel(n)), lazy: d.Flags&syntax.FlagLazy != 0,
		condition: r.condition(n, false), qualname: r.span(r.scopes.Qualname(n)),
	}
	switch k := r.scopes.Scopes[within].Kind; k {
	case scope.FunctionScope, scope.ClassScope:
		s.scope = k
	}
	words := contextOf(f, n)
	s.context = r.span(strings.Join(words, " "))
	s.mayBeLazy = s.scope == scope.ModuleScope && !slices.ContainsFunc(words, func(w string) bool { return w == "try" || w == "except" || w == "finally" })
	line, column := f.Position(d.Start)
	endLine, endColumn := f.Position(d.End)
	s.line, s.column, s.endLine, s.endColumn = int32(line), int32(column), int32(endLine), int32(endColumn)
	s.bindings.from = int32(len(r.bindings))
	if s.from {
		name := ""
		if m := f.Child(n, syntax.DottedName); m != syntax.None {
			name = f.DottedText(m)
		}
		s.module = r.span(strings.Repeat(".", int(s.level)) + name)
	}
	if d.Flags&syntax.FlagStar != 0 && s.from {
		r.stars = true
		star := r.span("*")
		r.bindings = append(r.bindings, binding{statement: int32(len(r.statements)), name: star, binds: star, symbol: starSymbol, item: starSymbol})
	} else {
		for a := range f.Children(n) {
			if f.Kind(a) == syntax.Alias {
				r.binding(a, s.from, within)
			}
		}
	}
	s.bindings.to = int32(len(r.bindings))
	r.statements = append(r.statements, s)
}

var starSymbol = symbolOf("*")

// binding adds one name of a statement.
func (r *factReader) binding(a syntax.NodeID, from bool, within scope.ScopeID) {
	f := r.file
	name := f.DottedText(f.First(a))
	b := binding{statement: int32(len(r.statements)), alias: a, name: r.span(name), item: symbolOf(name), owner: within}
	binds := name
	if as := f.Child(a, syntax.Ident); as != syntax.None {
		binds = f.NameText(as)
		b.as = r.span(binds)
		if from && binds != name {
			r.aliases = append(r.aliases, alias{symbolOf(binds), b.item})
		}
	} else if !from {
		binds, _, _ = strings.Cut(name, ".")
	}
	b.binds, b.symbol = r.span(binds), symbolOf(binds)
	if owner, ok := r.scopes.Lookup(binds, within); ok {
		b.owner = owner
	}
	r.bindings = append(r.bindings, b)
}

// boundNames lists what the module binds and exports.
func (r *factReader) boundNames() {
	r.hasAll = r.scopes.HasAll()
	r.allKnown = true
	for name := range r.scopes.Bindings() {
		b := boundName{symbolOf(name), nameBound}
		if strings.HasPrefix(name, "_") {
			b.flags |= namePrivate
		} else if !r.hasAll {
			b.flags |= nameExports
		}
		for _, u := range r.scopes.Uses(name) {
			if u.Store {
				b.flags |= nameStored
			}
			if u.Del {
				b.flags |= nameDeleted
			}
		}
		r.bound = append(r.bound, b)
	}
	if r.hasAll {
		var names []string
		names, r.allKnown = r.scopes.Exports()
		for _, name := range names {
			s := symbolOf(name)
			if k := slices.IndexFunc(r.bound, func(b boundName) bool { return b.symbol == s }); k >= 0 {
				r.bound[k].flags |= nameExports
				continue
			}
			b := boundName{s, nameExports}
			if strings.HasPrefix(name, "_") {
				b.flags |= namePrivate
			}
			r.bound = append(r.bound, b)
		}
	}
	slices.SortFunc(r.bound, func(a, b boundName) int { return cmp.Compare(a.symbol, b.symbol) })
}

// dynamicNames lists where code that no scan sees may use any name: exec, eval,
// and globals() as an argument.
func (r *factReader) dynamicNames() {
	f := r.file
	for _, n := range r.scopes.DynamicNames {
		handed := false
		switch f.Text(n) {
		case "exec", "eval":
			handed = true
		case "globals", "vars", "locals":
			call := f.Parent(n)
			handed = f.Kind(call) == syntax.Call && f.First(call) == n && f.Kind(f.Parent(call)) == syntax.Arg
		}
		if c := r.condition(n, false); handed && c.base == scope.AtImport {
			r.unseen = append(r.unseen, unseen{c, int32(f.Line(f.Node(n).Start)), r.span(f.Text(n))})
		}
	}
}

// lazyModules lists the modules in __lazy_modules__, which the interpreter
// looks at from 3.15 on.
func (r *factReader) lazyModules() {
	if r.version.Less(syntax.Version{Major: 3, Minor: 15}) {
		return
	}
	f := r.file
	for _, u := range r.scopes.Uses("__lazy_modules__") {
		if !u.Store || f.Kind(f.Parent(u.Node)) != syntax.Assign {
			continue
		}
		for c := range f.Children(f.Parent(u.Node)) {
			for e := range f.Children(c) {
				if s, ok := scope.StringValue(f, e); ok {
					r.lazy = append(r.lazy, r.span(s))
				}
			}
		}
	}
}

// brokenBy keeps the first error.
func (r *factReader) brokenBy() {
	f := r.file
	if len(f.Errors) == 0 {
		return
	}
	e := f.Errors[0]
	b := &Broken{Message: e.Message, More: len(f.Errors) - 1}
	b.Line, b.Column = f.Position(e.Start)
	b.EndLine, b.EndColumn = f.Position(max(e.Start, e.End))
	r.broken = b
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
