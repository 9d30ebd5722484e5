package scope

import "fastpath/internal/python/syntax"

// function visits a def: its name, decorators and defaults belong to the scope
// around, annotations to the type parameters where there are any.
func (a *analyzer) function(n syntax.NodeID, s ScopeID) {
	f := a.File
	typed, saved := s, a.class
	var types, params, returns, body syntax.NodeID
	annotated := false
	for c := f.First(n); c != syntax.None; c = f.Next(c) {
		switch f.Kind(c) {
		case syntax.Ident:
			a.bind(c, s, defLocal)
		case syntax.Decorator:
			a.expression(c, s)
		case syntax.TypeParams:
			types = c
		case syntax.Params:
			params = c
			annotated = a.defaults(c, s)
		case syntax.Returns:
			returns = c
		case syntax.Block:
			body = c
		}
	}
	if types != syntax.None {
		typed = a.typeParams(types, s)
	}
	if annotated || a.comments != nil {
		for p := f.First(params); p != syntax.None; p = f.Next(p) {
			if ann := f.Next(f.First(p)); ann != syntax.None && f.Kind(ann) == syntax.Annotation {
				a.annotate(ann, typed)
			}
			a.typeComment(p, s)
		}
	}
	if returns != syntax.None {
		a.annotate(returns, typed)
	}
	a.typeComment(n, s)
	inner := a.enter(FunctionScope, n, typed)
	a.params(params, inner)
	before, base := a.raise(AtCall, false), a.base
	a.base = AtImport
	a.skip(max(params, returns))
	a.body(body, inner)
	a.restore(before)
	a.base = base
	a.leave(inner)
	if typed != s {
		a.leave(typed)
	}
	a.enterClass(saved)
}

// defaults visits the default values of parameters. It reports whether there are
// annotations.
func (a *analyzer) defaults(params syntax.NodeID, s ScopeID) (annotated bool) {
	f := a.File
	named := !a.flat || a.unread < params || a.special < params
	for p := f.First(params); p != syntax.None; p = f.Next(p) {
		d := f.Next(f.First(p)) // behind the name
		if d != syntax.None && f.Kind(d) == syntax.Annotation {
			annotated = true
			d = f.Next(d)
		}
		if d != syntax.None && named {
			a.part(f.First(d), s)
		}
	}
	return annotated
}

// params binds the parameters.
func (a *analyzer) params(params syntax.NodeID, s ScopeID) {
	nodes := a.File.Nodes
	for p := nodes[params].First; p != syntax.None; p = nodes[p].Next {
		if n := nodes[p].First; a.open[s].holds == 0 {
			a.bind(n, s, defParam)
		} else if n != syntax.None {
			a.mark(s, a.intern(n), defParam) // such a name has no events
		}
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
			a.expression(c, s)
		case syntax.TypeParams:
			a.enterClass(className(f, ident))
			outer = a.typeParams(c, s)
			a.skip(c)
		case syntax.Args:
			a.expression(c, outer)
		case syntax.Block:
			inner := a.enter(ClassScope, n, outer)
			if ident != syntax.None {
				a.enterClass(className(f, ident))
			}
			a.skip(ident)
			a.body(c, inner)
			a.leave(inner)
		}
	}
	if outer != s {
		a.leave(outer)
	}
	a.enterClass(saved)
}

// typeParams opens the scope of type parameters, which the caller closes. What
// is in it is evaluated when somebody asks.
func (a *analyzer) typeParams(n syntax.NodeID, s ScopeID) ScopeID {
	f := a.File
	inner := a.enter(AnnotationScope, n, s)
	before := a.raise(AtCall, false)
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
			bound := a.enter(AnnotationScope, owner, inner)
			a.part(c, bound)
			a.leave(bound)
		}
	}
	a.restore(before)
	return inner
}
