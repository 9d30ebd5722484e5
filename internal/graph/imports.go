package graph

import (
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// collect lists and resolves the imports of one module. It writes nothing but
// the module.
func (p *Program) collect(m *Module) {
	f := m.Syntax
	var stmts []syntax.NodeID
	for n := range f.Nodes {
		if k := f.Nodes[n].Kind; k == syntax.Import || k == syntax.ImportFrom {
			stmts = append(stmts, syntax.NodeID(n))
		}
	}
	slices.SortStableFunc(stmts, func(a, b syntax.NodeID) int { return int(f.Node(a).Start - f.Node(b).Start) })
	lazy := lazyModules(m, p.version)
	ordinals := map[evidence.Statement]int{}
	m.globals = map[string][]*Import{}
	add := func(imp *Import) {
		key := imp.Statement
		imp.Ordinal = ordinals[key]
		ordinals[key]++
		m.Imports = append(m.Imports, imp)
		if imp.owner == 0 {
			m.globals[imp.Binds] = append(m.globals[imp.Binds], imp)
		}
	}
	for _, s := range stmts {
		common := p.common(m, s)
		if f.Kind(s) == syntax.Import {
			for a := range f.Children(s) {
				imp := *common
				p.plainImport(&imp, a)
				imp.Lazy = imp.Lazy || imp.mayBeLazy() && lazy[imp.Base]
				add(&imp)
			}
			continue
		}
		p.fromImport(common)
		common.Lazy = common.Lazy || common.mayBeLazy() && lazy[common.Base]
		if f.Node(s).Flags&syntax.FlagStar != 0 {
			star := *common
			star.Binds, star.Binding, star.Target, star.Lazy = "*", "*", star.Base, false
			star.Kind, star.Path = p.describe(m, star.Base)
			add(&star)
			continue
		}
		for a := range f.Children(s) {
			if f.Kind(a) == syntax.Alias {
				imp := *common
				p.fromName(&imp, a)
				add(&imp)
			}
		}
	}
}

// common returns what all names of one statement share.
func (p *Program) common(m *Module, s syntax.NodeID) *Import {
	f := m.Syntax
	imp := &Import{In: m, Stmt: s, Scope: "module", Context: contextOf(f, s), Lazy: f.Node(s).Flags&syntax.FlagLazy != 0}
	imp.Statement = evidence.Statement{From: m.Name, File: m.File, Qualname: m.Scope.Qualname(s)}
	switch m.Scope.Scopes[m.Scope.ScopeOf(s)].Kind {
	case scope.FunctionScope:
		imp.Scope = "function"
	case scope.ClassScope:
		imp.Scope = "class"
	}
	return imp
}

// bind sets the name and the scope that gets it.
func (imp *Import) bind(name string) {
	imp.Binds, imp.Binding = name, name
	s := imp.In.Scope.ScopeOf(imp.Stmt)
	if owner, ok := imp.In.Scope.Lookup(name, s); ok {
		s = owner
	}
	imp.owner = s
}

func (p *Program) plainImport(imp *Import, alias syntax.NodeID) {
	f := imp.In.Syntax
	imp.Alias = alias
	imp.Base = f.DottedText(f.First(alias))
	imp.Statement.Module, imp.Target = imp.Base, imp.Base
	if as := f.Child(alias, syntax.Ident); as != syntax.None {
		imp.bind(f.Text(as))
	} else {
		top, _, _ := strings.Cut(imp.Base, ".")
		imp.bind(top)
	}
	imp.Kind, imp.Path = p.describe(imp.In, imp.Base)
}

// fromImport sets the absolute module of a from-import.
func (p *Program) fromImport(imp *Import) {
	f := imp.In.Syntax
	name := ""
	if d := f.Child(imp.Stmt, syntax.DottedName); d != syntax.None {
		name = f.DottedText(d)
	}
	level := f.ImportLevel(imp.Stmt)
	written := strings.Repeat(".", level) + name
	imp.Statement.Module, imp.Base = written, written
	if level > 0 {
		if base, ok := imp.In.absolute(level, name); ok {
			imp.Base = base
		}
	}
	imp.Future = written == "__future__"
}

// absolute returns the module that a relative import names.
func (m *Module) absolute(level int, name string) (string, bool) {
	pkg := m.Name
	if !m.IsPackage {
		pkg = parentName(pkg)
	}
	for ; level > 1 && pkg != ""; level-- {
		pkg = parentName(pkg)
	}
	switch {
	case pkg == "":
		return "", false
	case name == "":
		return pkg, true
	}
	return pkg + "." + name, true
}

func (p *Program) fromName(imp *Import, alias syntax.NodeID) {
	f := imp.In.Syntax
	imp.Alias = alias
	imp.Item = f.Text(f.First(alias))
	name := imp.Item
	if as := f.Child(alias, syntax.Ident); as != syntax.None {
		name = f.Text(as)
	}
	imp.bind(name)
	sub := imp.Base + "." + imp.Item
	if base := p.find(imp.In, imp.Base); base == nil || !base.hides(imp.Item) || base == imp.In {
		if kind, file := p.describe(imp.In, sub); kind != resolve.KindMissing {
			imp.Target, imp.Kind, imp.Path = sub, kind, file
			return
		}
	}
	imp.Target = imp.Base
	imp.Kind, imp.Path = p.describe(imp.In, imp.Base)
}

// hides reports whether a package binds a name to something else than its
// submodule of that name, as "from .codec import codec" does.
func (m *Module) hides(name string) bool {
	if !m.Scope.Binds(0, name) {
		return false
	}
	for _, u := range m.Scope.Uses(name) {
		if u.Store {
			return true
		}
	}
	f := m.Syntax
	for n := range f.Nodes {
		s := syntax.NodeID(n)
		if f.Nodes[n].Kind != syntax.ImportFrom {
			continue
		}
		for a := range f.Children(s) {
			if f.Kind(a) != syntax.Alias {
				continue
			}
			bound := f.First(a)
			if as := f.Child(a, syntax.Ident); as != syntax.None {
				bound = as
			}
			if f.Text(bound) != name {
				continue
			}
			// "from . import name" and "from pkg import name" mean the submodule.
			d := f.Child(s, syntax.DottedName)
			switch level := f.ImportLevel(s); {
			case level == 1 && d == syntax.None, level == 0 && d != syntax.None && f.DottedText(d) == m.Name:
				return f.Text(f.First(a)) != name
			}
			return true
		}
	}
	return false
}

// describe says what a module name means for code of m.
func (p *Program) describe(m *Module, name string) (resolve.Kind, string) {
	if name == "" || name[0] == '.' {
		return resolve.KindMissing, ""
	}
	var spec resolve.Spec
	spec.Kind = resolve.KindMissing
	if p.resolver != nil {
		spec = p.resolver.Find(name)
		if spec.Kind == resolve.KindBuiltin || spec.Kind == resolve.KindFrozen {
			return spec.Kind, p.relative(spec.Path)
		}
	}
	if own := p.find(m, name); own != nil {
		if own.IsPackage {
			return resolve.KindPackage, own.File
		}
		return resolve.KindSource, own.File
	}
	if spec.Kind != resolve.KindMissing {
		return spec.Kind, p.relative(spec.Path)
	}
	if dir, ok := p.folders[name]; ok {
		return resolve.KindNamespace, dir
	}
	return resolve.KindMissing, ""
}

// mayBeLazy reports whether __lazy_modules__ can make the import lazy: only
// at module level and outside of try statements.
func (imp *Import) mayBeLazy() bool {
	return imp.Scope == "module" && !slices.ContainsFunc(imp.Context, func(c string) bool {
		return c == "try" || c == "except" || c == "finally"
	})
}

// lazyModules returns the modules that __lazy_modules__ lists, which the
// interpreter looks at from 3.15 on.
func lazyModules(m *Module, v syntax.Version) map[string]bool {
	if v.Less(syntax.Version{Major: 3, Minor: 15}) {
		return nil
	}
	names := map[string]bool{}
	f := m.Syntax
	for _, u := range m.Scope.Uses("__lazy_modules__") {
		if !u.Store || f.Kind(f.Parent(u.Node)) != syntax.Assign {
			continue
		}
		for c := range f.Children(f.Parent(u.Node)) {
			for e := range f.Children(c) {
				if s, ok := scope.StringValue(f, e); ok {
					names[s] = true
				}
			}
		}
	}
	return names
}

// contextOf lists the blocks around a statement, outermost first, up to the
// function around it.
func contextOf(f *syntax.File, s syntax.NodeID) []string {
	var out []string
	for c, n := s, f.Parent(s); n != syntax.None && f.Kind(n) != syntax.FunctionDef; c, n = n, f.Parent(n) {
		word := ""
		switch f.Kind(n) {
		case syntax.Handler:
			word = "except"
		case syntax.Else:
			if f.Node(c).Flags&syntax.FlagElif == 0 {
				word = "else"
			}
		case syntax.Finally:
			word = "finally"
		case syntax.Try:
			if f.Kind(c) == syntax.Block {
				word = "try"
			}
		case syntax.If:
			if f.Kind(c) == syntax.Block {
				word = "if"
			}
		case syntax.For, syntax.While:
			if f.Kind(c) == syntax.Block {
				word = "loop"
			}
		case syntax.With:
			word = "with"
		case syntax.Case:
			word = "match"
		}
		if word != "" {
			out = append(out, word)
		}
	}
	slices.Reverse(out)
	return out
}

// place writes a place of a module as "file:line".
func (m *Module) place(n syntax.NodeID) string {
	return m.File + ":" + strconv.Itoa(m.Line(n))
}
