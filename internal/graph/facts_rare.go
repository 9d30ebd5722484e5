package graph

import (
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

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
			handed = f.Kind(call) == syntax.Call && f.First(call) == n && !r.onlyWrites(call)
		default:
			if f.Kind(n) != syntax.Subscript { // sys.modules[__name__]
				break
			}
			if a := f.Parent(n); f.Kind(a) == syntax.Arg {
				handed = !writing[string(scope.LastName(f, f.First(f.Parent(f.Parent(a)))))]
			}
		}
		if c := r.condition(n, false); handed && c.base == scope.AtImport {
			r.extra.unseen = append(r.extra.unseen, unseen{c, int32(f.Line(f.Node(n).Start)), r.keep(r.source(n))})
		}
	}
}

// writing are functions and methods that set names of a module, or look whether
// they are there, but do not read what they stand for.
var writing = words("setattr delattr hasattr update setdefault pop keys")

// onlyWrites reports whether the names that a call like globals() returns are
// not read where it stands.
func (r *factReader) onlyWrites(call syntax.NodeID) bool {
	f := r.file
	p := f.Parent(call)
	switch f.Kind(p) {
	case syntax.Subscript:
		return f.First(p) == call && f.Node(p).Flags&(syntax.FlagStore|syntax.FlagDel) != 0
	case syntax.Attribute:
		return writing[string(scope.LastName(f, p))]
	case syntax.Compare, syntax.ExprStmt:
		return true
	}
	return false
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
					r.extra.lazy = append(r.extra.lazy, r.keep([]byte(s)))
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
	r.extra.broken = b
}
