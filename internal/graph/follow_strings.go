package graph

import (
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// importing are functions that import the module of a name.
var importing = words("__import__ import_module")

// importCall evaluates a call of one of them: the module, and the package at
// the top, which __import__ returns.
func (f *follower) importCall(n syntax.NodeID) []value {
	t := f.now.m.Syntax
	if args := t.Child(n, syntax.Args); args != syntax.None && t.First(args) != syntax.None {
		return append(f.moduleCalled(t.First(t.First(args))), external)
	}
	return []value{external}
}

// moduleCalled returns the module of the project whose name is the string at n,
// and the package at the top; nil when there is none.
func (f *follower) moduleCalled(n syntax.NodeID) []value {
	m := f.now.m
	name, ok := scope.StringValue(m.Syntax, n)
	if !ok {
		return nil
	}
	if level := levelOf(name); level > 0 {
		if name, ok = m.absolute(level, name[level:]); !ok {
			return nil
		}
	}
	var out []value
	top, _, _ := strings.Cut(name, ".")
	for _, name := range []string{name, top} {
		if of := f.p.find(m, name); of != nil {
			out = appendNew(out, f.val(object{kind: module, m: of, name: name}))
		}
	}
	return out
}

// leakSpelled lets code outside of the project call what the string at n names:
// "a.b.c" or "a.b:c".
func (f *follower) leakSpelled(n syntax.NodeID) {
	m := f.now.m
	name, _ := dottedLiteral(m.Syntax.Src[m.Syntax.Node(n).Start:m.Syntax.Node(n).End])
	if name == nil {
		return
	}
	if s := f.p.spells(m, string(name)); s.of != nil && s.of.Scope.Binds(0, s.name) {
		f.leakAll(f.global(s.of, s.name))
	}
}

// leakPair lets code outside of the project call what the first two arguments
// of a call name: f("a.b", "c").
func (f *follower) leakPair(n syntax.NodeID) {
	m := f.now.m
	t := m.Syntax
	args := t.Child(n, syntax.Args)
	if args == syntax.None || t.First(args) == syntax.None || t.Next(t.First(args)) == syntax.None {
		return
	}
	first, ok := scope.StringValue(t, t.First(t.First(args)))
	if !ok {
		return
	}
	second, ok := scope.StringValue(t, t.First(t.Next(t.First(args))))
	if !ok || second == "" {
		return
	}
	if s := f.p.spells(m, first); s.module != nil && s.module.Scope.Binds(0, second) {
		f.leakAll(f.global(s.module, second))
	}
}

// lazyName returns the values of a name that a module does not bind, but that
// its strings spell together with a module that does: those of a table by which
// its __getattr__ imports them.
func (f *follower) lazyName(m *Module, name string) []value {
	table, ok := f.spelled[m]
	if !ok {
		table = map[symbol][]*Module{}
		f.p.spelled(m, func(of *Module, name symbol, _ int32) {
			if !slices.Contains(table[name], of) {
				table[name] = append(table[name], of)
			}
		})
		f.spelled[m] = table
	}
	var out []value
	for _, of := range table[symbolOf(name)] {
		if of.Scope.Binds(0, name) {
			out = appendNew(out, f.global(of, name)...)
		}
	}
	return out
}
