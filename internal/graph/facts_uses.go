package graph

import (
	"encoding/binary"
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
	whyWhole
	whySpelled
	whyCompiled
	whyHooked
)

// ofAny reports whether code may use any name of the module, whatever it is.
func (w whyKind) ofAny() bool {
	return w == whyUnseen || w == whyWhole || w == whyCompiled || w == whyHooked
}

// String returns the words that reports use.
func (w whyKind) String() string {
	return [...]string{
		"module-level code", "decorator", "default argument", "annotation", "called at import", "class body", "class keyword", "base class",
		"except clause", "the import system calls it", "any name, by ", "use of the whole module",
		"named by a string", "compiled code names the module", "an import hook finds the module",
	}[w]
}

// globalUses indexes the loads of global names where there is a star import.
func (r *factReader) globalUses() {
	if !r.stars {
		return
	}
	for name, list := range r.scopes.Globals() {
		n := nameUses{symbol: symbolIn(name), builtin: builtinNames[string(name)]}
		n.uses = r.addUses(list, nil)
		r.extra.names = append(r.extra.names, n)
	}
}

// sameName is what the bindings of one name in one scope have in common.
type sameName struct {
	first int32   // binding
	uses  useList // of the name, whatever import it means
	mixed bool    // several plain imports lead to different modules: "import a.b" and "import a.c"
}

// repeats reports whether two imports may bind the same name. In most files none do,
// which few bits show.
func (r *factReader) repeats() bool {
	var seen [32]uint64
	for k := range r.bindings {
		s := r.bindings[k].symbol
		at, bit := s>>6%symbol(len(seen)), uint64(1)<<(s&63)
		if seen[at]&bit != 0 {
			return true
		}
		seen[at] |= bit
	}
	return false
}

// importUses indexes the loads of the names that imports bind.
func (r *factReader) importUses() {
	if r.repeats() {
		r.sharedUses()
		r.ordinals()
		return
	}
	for k := range r.bindings {
		if b := &r.bindings[k]; b.symbol != starSymbol {
			b.uses = r.nameUses(b, false)
		}
	}
}

// sharedUses is importUses where several imports bind one name.
func (r *factReader) sharedUses() {
	r.seen.reset()
	r.same = r.same[:0]
	r.group = r.group[:0]
	for k := range r.bindings {
		b := &r.bindings[k]
		key := symbol(spread(uint64(b.symbol) + uint64(b.owner)))
		e := r.seen.slot(key)
		g := e.value
		if e.turn != r.seen.turn {
			g = int32(len(r.same))
			r.seen.fill(e, key, g)
			r.same = append(r.same, sameName{first: int32(k)})
		}
		r.group = append(r.group, g)
		if o := &r.bindings[r.same[g].first]; o.name != b.name && r.isPlain(o) && r.isPlain(b) {
			r.same[g].mixed = true
		}
	}
	for k := range r.bindings {
		b, g := &r.bindings[k], &r.same[r.group[k]]
		if b.symbol == starSymbol {
			continue
		}
		if g.first == int32(k) {
			g.uses = r.nameUses(b, g.mixed)
		}
		b.uses = g.uses
		if others := r.others(k); len(others) > 0 && r.loads(g.uses) > 0 {
			_, rest, dotted := strings.Cut(r.str(b.name), ".")
			b.uses = r.addUses(r.listed(b), func(n syntax.NodeID) bool {
				chain := chainAfter(r.file, n)
				return dotted && follows(chain, rest) || !slices.ContainsFunc(others, func(o string) bool { return follows(chain, o) })
			})
		}
	}
}

// isPlain reports whether a binding is one of "import a.b", which binds the
// first name of the module.
func (r *factReader) isPlain(b *binding) bool {
	return b.as == 0 && !r.statements[b.statement].from
}

// listed returns the uses of a bound name.
func (r *factReader) listed(b *binding) []scope.Use {
	name := r.str(b.name)
	switch {
	case b.as != 0:
		name = r.str(b.as)
	case !r.statements[b.statement].from:
		name, _, _ = strings.Cut(name, ".")
	}
	if b.owner != 0 {
		return r.scopes.LocalUses(b.owner, name)
	}
	return r.scopes.Uses(name)
}

// nameUses indexes the loads of a bound name. They are listed by name, too,
// where they differ from those of its imports.
func (r *factReader) nameUses(b *binding, mixed bool) useList {
	if r.stars && b.owner == 0 {
		for k := range r.extra.names {
			if n := &r.extra.names[k]; n.symbol == b.symbol {
				return n.uses
			}
		}
	}
	uses := r.addUses(r.listed(b), nil)
	if mixed && b.owner == 0 && !r.stars {
		r.extra.names = append(r.extra.names, nameUses{symbol: b.symbol, uses: uses})
	}
	return uses
}

// others returns the submodules that other imports of the same top-level name
// lead to: "a.b.x" belongs to "import a.b" and not to "import a.c".
func (r *factReader) others(k int) []string {
	b, group := &r.bindings[k], r.group[k]
	if !r.same[group].mixed || !r.isPlain(b) {
		return nil
	}
	var out []string
	for j := range r.bindings {
		if o := &r.bindings[j]; r.group[j] == group && o.name != b.name && r.isPlain(o) {
			if _, rest, _ := strings.Cut(r.str(o.name), "."); rest != "" {
				out = append(out, rest)
			}
		}
	}
	return out
}

// addUses keeps the number of loads, and those that may run at import: the first
// one of a kind. It returns the list of these.
func (r *factReader) addUses(list []scope.Use, means func(syntax.NodeID) bool) useList {
	found, loads := r.found[:0], uint64(0)
	for k := range list {
		u := &list[k]
		switch {
		case u.Store && r.redefines(u.Node): // its decorator may look for what had the name before
		case u.Store || u.Del || means != nil && !means(u.Node):
			continue
		default:
			loads++
		}
		c := r.conditionOf(u)
		if c.base != scope.AtImport {
			continue
		}
		x := use{function: c.function, reader: c.reader, chain: r.chainOf(u.Node)}
		if hasLike(found, &x) {
			continue
		}
		if x.line = r.lineOf(u.Node); !r.unexplained {
			x.chain |= chainID(r.why(u.Node)) << 24
		}
		found = append(found, x)
	}
	r.found = found
	if loads == 0 && len(found) == 0 {
		return 0
	}
	l := useList(len(r.uses))
	r.uses = binary.AppendUvarint(r.uses, loads)
	r.uses = binary.AppendUvarint(r.uses, uint64(len(found)))
	for k := range found {
		r.uses = found[k].append(r.uses)
	}
	return l
}

// lineOf returns the line of a node, or any one where nobody asks for it.
func (r *factReader) lineOf(n syntax.NodeID) int32 {
	if r.unexplained {
		return 1
	}
	return int32(r.file.Line(r.file.Nodes[n].Start))
}

// redefines reports whether the name at n is that of a decorated definition.
func (r *factReader) redefines(n syntax.NodeID) bool {
	def := r.file.Parent(n)
	k := r.file.Kind(def)
	return (k == syntax.FunctionDef || k == syntax.ClassDef) && r.file.Kind(r.file.First(def)) == syntax.Decorator && r.file.Child(def, syntax.Ident) == n
}

// conditionOf returns what decides when a use runs. That of most uses follows
// from their scope.
func (r *factReader) conditionOf(u *scope.Use) condition {
	switch {
	case u.When == scope.TypeChecking || u.When == scope.Never: // whatever runs at import
		return condition{base: u.When}
	case u.Annotation:
		return r.condition(u.Node, r.file.Kind(u.Node) == syntax.String)
	case r.scopes.Scopes[u.Scope].Kind == scope.AnnotationScope:
		return r.condition(u.Node, false)
	}
	function := r.callOf[u.Scope]
	if function == 0 {
		return condition{base: u.When}
	}
	return condition{function: function}
}

// hasLike reports whether one of the last uses is of the same kind.
func hasLike(list []use, x *use) bool {
	for k := len(list) - 1; k >= max(0, len(list)-16); k-- {
		if o := &list[k]; o.function == x.function && o.chain.index() == int32(x.chain) && o.reader == x.reader {
			return true
		}
	}
	return false
}

// maxChains bounds the chains of a file.
const maxChains = 1 << 24

// chainOf returns the attributes that are read from the name at n.
func (r *factReader) chainOf(n syntax.NodeID) chainID {
	f := r.file
	at := int32(0)
	for p := f.Parent(n); f.Kind(p) == syntax.Attribute && f.First(p) == n; n, p = p, f.Parent(p) {
		id := f.Child(p, syntax.Ident)
		if id == syntax.None {
			break
		}
		name := r.keep(r.identifier(id))
		if f.Node(p).Flags&(syntax.FlagStore|syntax.FlagDel) != 0 {
			name = -name
		}
		key := symbol(spread(uint64(uint32(at))<<32 | uint64(uint32(name))))
		e := r.chain.slot(key)
		next := e.value
		if e.turn != r.chain.turn {
			next = int32(len(r.chains))
			if next == maxChains {
				break
			}
			r.chains = append(r.chains, chain{at, name})
			r.chain.fill(e, key, next)
		}
		at = next
	}
	return chainID(at)
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
	if r.redefines(n) {
		return whyDecorator
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
