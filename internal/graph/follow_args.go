package graph

import (
	"maps"
	"slices"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// arguments are the values that a call passes.
type arguments struct {
	positional [][]value
	keywords   map[string][]value
	spread     []value // by *x and **x: may land in every parameter
	unknown    bool    // the caller is outside of the project
}

// all returns every value that is passed.
func (a arguments) all() []value {
	var out []value
	for _, vs := range a.positional {
		out = appendNew(out, vs...)
	}
	for _, name := range slices.Sorted(maps.Keys(a.keywords)) {
		out = appendNew(out, a.keywords[name]...)
	}
	return appendNew(out, a.spread...)
}

// pass stores arguments in the parameters of a function.
func (f *follower) pass(v value, args arguments) {
	t := v.m.Syntax
	s, ok := v.m.Scope.Opens(v.node)
	params := t.Child(v.node, syntax.Params)
	if !ok || params == syntax.None {
		return
	}
	at := 0
	first := true
	for p := range t.Children(params) {
		fl := t.Node(p).Flags
		name := t.Text(t.First(p))
		target := f.name(v.m, s, name)
		if first && v.bound && fl&(syntax.FlagStar|syntax.FlagStar2|syntax.FlagKwOnly) == 0 {
			first = false
			self := v.self
			if scope.IsClassMethod(t, v.node) {
				self.kind = class
			}
			f.store(target, []value{f.val(self)})
			continue
		}
		first = false
		switch {
		case fl&syntax.FlagStar != 0:
			var rest []value
			for ; at < len(args.positional); at++ {
				rest = appendNew(rest, args.positional[at]...)
			}
			f.storeIn(target, v.m, p, appendNew(rest, args.spread...), args.unknown)
		case fl&syntax.FlagStar2 != 0:
			var rest []value
			for _, name := range slices.Sorted(maps.Keys(args.keywords)) {
				rest = appendNew(rest, args.keywords[name]...)
			}
			f.storeIn(target, v.m, p, appendNew(rest, args.spread...), args.unknown)
		default:
			if at < len(args.positional) && fl&syntax.FlagKwOnly == 0 {
				f.store(target, args.positional[at])
				at++
			}
			f.store(target, args.keywords[name])
			f.store(target, args.spread)
			if args.unknown {
				f.store(target, []value{external})
			}
		}
	}
}

// storeIn stores values in the container of a *args or **kwargs parameter.
func (f *follower) storeIn(target *variable, m *Module, p syntax.NodeID, vs []value, unknown bool) {
	c := object{container, m, p, ""}
	f.store(f.contents(c), vs)
	if unknown {
		f.store(f.contents(c), []value{external})
	}
	f.store(target, []value{f.val(c)})
}
