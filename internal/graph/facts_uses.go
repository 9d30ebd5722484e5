package graph

import (
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// whyKind is a kind of use at import.
type whyKind uint8

const (
	whyModule whyKind = iota
	whyDecorator
	whyDefault
	whyAnnotation
	whyCalled
	whyClassBody
	whyKeyword
	whyBase
	whyExcept
	whyHook
	whyUnseen
)

// String returns the words that reports use.
func (w whyKind) String() string {
	return [...]string{
		"module-level code", "decorator", "default argument", "annotation", "called at import", "class body", "class keyword", "base class",
		"except clause", "the import system calls it", "any name, by ",
	}[w]
}

// globalUses indexes the loads of global names: of those that imports bind, and
// where there is a star import of all.
func (r *factReader) globalUses() {
	if r.stars {
		for name, list := range r.scopes.GlobalNames() {
			r.addName(name, list)
		}
	} else {
		for k := range r.bindings {
			if b := &r.bindings[k]; b.owner == 0 && !slices.ContainsFunc(r.names, func(n nameUses) bool { return n.symbol == b.symbol }) {
				name := string(r.buf[b.binds.at : b.binds.at+b.binds.n])
				r.addName(name, r.scopes.Uses(name))
			}
		}
	}
	slices.SortFunc(r.names, func(a, b nameUses) int {
		if a.symbol < b.symbol {
			return -1
		}
		return 1
	})
}

func (r *factReader) addName(name string, list []scope.Use) {
	n := nameUses{symbol: symbolOf(name), builtin: builtinNames[name]}
	if len(list) > 0 {
		n.order = r.file.Node(list[0].Node).Start
	}
	n.uses, n.loads = r.addUses(list, nil)
	r.names = append(r.names, n)
}

// bindingUses indexes the loads that mean one import.
func (r *factReader) bindingUses(k int32) {
	b := &r.bindings[k]
	if b.symbol == starSymbol {
		return
	}
	var means func(syntax.NodeID) bool
	if others := r.others(k); len(others) > 0 {
		_, rest, dotted := strings.Cut(r.file.DottedText(r.file.First(b.alias)), ".")
		means = func(n syntax.NodeID) bool {
			chain := chainAfter(r.file, n)
			return dotted && follows(chain, rest) || !slices.ContainsFunc(others, func(o string) bool { return follows(chain, o) })
		}
	}
	name := string(r.buf[b.binds.at : b.binds.at+b.binds.n])
	switch n := r.usesOf(b.symbol); {
	case b.owner != 0:
		b.uses, b.loads = r.addUses(r.scopes.LocalUses(b.owner, name), means)
	case means != nil:
		b.uses, b.loads = r.addUses(r.scopes.Uses(name), means)
	case n != nil:
		b.uses, b.loads = n.uses, n.loads
	}
}

// others returns the submodules that other imports of the same top-level name
// lead to: "import a.b" and "import a.c" share the name a, and "a.b.x" belongs
// to the first.
func (r *factReader) others(k int32) []string {
	b := &r.bindings[k]
	if r.statements[b.statement].from || b.as.n > 0 {
		return nil
	}
	var out []string
	for j := range r.bindings {
		o := &r.bindings[j]
		if o.symbol != b.symbol || o.owner != b.owner || o.as.n > 0 || o.item == b.item || r.statements[o.statement].from {
			continue
		}
		if _, rest, _ := strings.Cut(r.file.DottedText(r.file.First(o.alias)), "."); rest != "" {
			out = append(out, rest)
		}
	}
	return out
}

// addUses keeps the loads that may run at import: the first one of a kind. It
// returns their place and the number of all loads.
func (r *factReader) addUses(list []scope.Use, means func(syntax.NodeID) bool) (p part, loads int32) {
	p.from = int32(len(r.uses))
	for k := range list {
		u := &list[k]
		if u.Store || u.Del || means != nil && !means(u.Node) {
			continue
		}
		loads++
		if u.When == scope.TypeChecking || u.When == scope.Never {
			continue // for whatever runs at import
		}
		c := r.condition(u.Node, u.Annotation && r.file.Kind(u.Node) == syntax.String)
		if c.base != scope.AtImport {
			continue
		}
		x := use{function: c.function, reader: c.reader, chain: r.chain(u.Node)}
		if r.has(p.from, &x) {
			continue
		}
		x.line = int32(r.file.Line(r.file.Node(u.Node).Start))
		x.why = r.why(u.Node)
		r.uses = append(r.uses, x)
	}
	p.to = int32(len(r.uses))
	return p, loads
}

// has reports whether one of the last uses is of the same kind.
func (r *factReader) has(from int32, x *use) bool {
	for k := int32(len(r.uses)) - 1; k >= max(from, int32(len(r.uses))-16); k-- {
		if o := &r.uses[k]; o.function == x.function && o.chain == x.chain && o.reader == x.reader {
			return true
		}
	}
	return false
}

// chain returns the attributes that are read from the name at n.
func (r *factReader) chain(n syntax.NodeID) int32 {
	f := r.file
	at := int32(0)
	for p := f.Parent(n); f.Kind(p) == syntax.Attribute && f.First(p) == n; n, p = p, f.Parent(p) {
		id := f.Child(p, syntax.Ident)
		if id == syntax.None {
			break
		}
		key := chainKey{at, symbolIn(r.source(id)), f.Node(p).Flags&(syntax.FlagStore|syntax.FlagDel) != 0}
		next, ok := r.chainAt[key]
		if !ok {
			next = int32(len(r.chains))
			r.chains = append(r.chains, chain{at, r.span(f.NameText(id)), key.name, key.store})
			r.chainAt[key] = next
		}
		at = next
	}
	return at
}

// follows reports whether an attribute chain leads through a submodule.
func follows(chain, submodule string) bool {
	return chain == submodule || strings.HasPrefix(chain, submodule+".")
}

// chainAfter returns "b.c" for the name a in a.b.c.
func chainAfter(f *syntax.File, n syntax.NodeID) string {
	var parts []string
	for p := f.Parent(n); f.Kind(p) == syntax.Attribute && f.First(p) == n; n, p = p, f.Parent(p) {
		parts = append(parts, f.Text(f.Child(p, syntax.Ident)))
	}
	return strings.Join(parts, ".")
}

// why says what kind of use at import the load at n is.
func (r *factReader) why(n syntax.NodeID) whyKind {
	f := r.file
	if f.Kind(n) == syntax.String {
		return whyAnnotation
	}
	for c, p := n, f.Parent(n); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.Decorator:
			return whyDecorator
		case syntax.Default:
			if f.Kind(f.Parent(p)) == syntax.Param {
				return whyDefault
			}
		case syntax.Annotation, syntax.Returns:
			return whyAnnotation
		case syntax.FunctionDef, syntax.Lambda:
			if f.Kind(c) != syntax.Params {
				return whyCalled
			}
		case syntax.ClassDef:
			switch {
			case f.Kind(c) == syntax.Block:
				return whyClassBody
			case f.Kind(c) == syntax.Args:
				for a := range f.Children(c) {
					if d, n := f.Node(a), f.Node(n); d.Start <= n.Start && n.End <= d.End && f.Child(a, syntax.Ident) != syntax.None {
						return whyKeyword
					}
				}
				return whyBase
			}
		case syntax.Handler:
			if f.Kind(c) != syntax.Block {
				return whyExcept
			}
		}
	}
	return whyModule
}
