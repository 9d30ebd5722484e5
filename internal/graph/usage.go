package graph

import (
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// count fills in when the imports of a module run, how often their names are
// loaded, and the first use at import in the module itself.
func (p *Program) count(m *Module) {
	unseen := m.unseen()
	for _, imp := range m.Imports {
		imp.Runs = m.Scope.When(imp.Stmt).String()
		if imp.Future {
			continue
		}
		if imp.Binds == "*" {
			p.countStar(imp)
			continue
		}
		uses := m.Scope.Uses(imp.Binds)
		if imp.owner != 0 {
			uses = m.Scope.LocalUses(imp.owner, imp.Binds)
		}
		for _, u := range uses {
			imp.take(u)
		}
		if moduleHook(imp.Binds) && imp.owner == 0 && !imp.UsedAtImport && imp.mayRun() {
			imp.UsedAtImport, imp.UsedAtLine, imp.UsedAtWhy = true, m.Line(imp.Stmt), "the import system calls it"
		}
		if unseen != syntax.None && imp.owner == 0 && !imp.UsedAtImport && imp.mayRun() {
			imp.UsedAtImport, imp.UsedAtLine, imp.UsedAtWhy = true, m.Line(unseen), "any name, by "+m.Syntax.Text(unseen)
		}
	}
}

// moduleHook reports whether a name of a module is one that Python itself looks
// up, whenever somebody asks the module for a name (PEP 562).
func moduleHook(name string) bool { return name == "__getattr__" || name == "__dir__" }

// unseen returns a place where the module lets code that no scan sees use any
// of its names while it is being imported: exec, eval, and globals() as an
// argument. It is None without one.
func (m *Module) unseen() syntax.NodeID {
	f := m.Syntax
	for _, n := range m.Scope.DynamicNames {
		handed := false
		switch f.Text(n) {
		case "exec", "eval":
			handed = true
		case "globals", "vars", "locals":
			call := f.Parent(n)
			handed = f.Kind(call) == syntax.Call && f.First(call) == n && f.Kind(f.Parent(call)) == syntax.Arg
		}
		if handed && m.Scope.When(n) == scope.AtImport {
			return n
		}
	}
	return syntax.None
}

// take counts one use of the name in the import's own module.
func (imp *Import) take(u scope.Use) {
	if u.Store || u.Del || !imp.means(u.Node) {
		return
	}
	imp.Uses++
	if u.When == scope.AtImport && !imp.UsedAtImport && imp.mayRun() {
		imp.UsedAtImport = true
		imp.UsedAtLine, imp.UsedAtWhy = imp.In.Line(u.Node), imp.In.why(u)
	}
}

// mayRun reports whether the statement can have bound its name while modules
// are being imported.
func (imp *Import) mayRun() bool {
	return imp.Runs == scope.AtImport.String() || imp.Runs == scope.AtCall.String() && imp.Scope == "function"
}

// countStar counts the names that a star import brings.
func (p *Program) countStar(imp *Import) {
	m := imp.In
	base := p.find(m, imp.Base)
	for name, uses := range m.Scope.GlobalNames() {
		if m.Scope.Binds(0, name) || base == nil && builtinNames[name] || base != nil && !p.takes(imp, name) && !p.unknown(base, name) {
			continue
		}
		for _, u := range uses {
			if u.Store || u.Del {
				continue
			}
			imp.Uses++
			if line := m.Line(u.Node); u.When == scope.AtImport && (!imp.UsedAtImport || line < imp.UsedAtLine) {
				imp.UsedAtImport, imp.UsedAtLine, imp.UsedAtWhy = true, line, m.why(u)
			}
		}
	}
}

// unknown reports whether a star import of base may bring the name although
// nobody knows it.
func (p *Program) unknown(base *Module, name string) bool {
	return !builtinNames[name] && !p.exportsOf(base).complete
}

// means reports whether a use of the bound name means this import. "import
// a.b" and "import a.c" share the name a: "a.b.x" then belongs to the first.
func (imp *Import) means(n syntax.NodeID) bool {
	f := imp.In.Syntax
	_, rest, dotted := strings.Cut(imp.Base, ".")
	if imp.Item != "" || f.Child(imp.Alias, syntax.Ident) != syntax.None {
		return true
	}
	var others []string
	for _, o := range imp.In.Imports {
		if o != imp && o.Binds == imp.Binds && o.owner == imp.owner && o.Item == "" && f.Child(o.Alias, syntax.Ident) == syntax.None && o.Base != imp.Base {
			_, r, _ := strings.Cut(o.Base, ".")
			others = append(others, r)
		}
	}
	if len(others) == 0 {
		return true
	}
	chain := chainAfter(f, n)
	if dotted && follows(chain, rest) {
		return true
	}
	for _, o := range others {
		if o != "" && follows(chain, o) {
			return false
		}
	}
	return true
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

// why says what kind of use at import this is.
func (m *Module) why(u scope.Use) string {
	f := m.Syntax
	if f.Kind(u.Node) == syntax.String {
		return "annotation"
	}
	for c, p := u.Node, f.Parent(u.Node); p != syntax.None; c, p = p, f.Parent(p) {
		switch f.Kind(p) {
		case syntax.Decorator:
			return "decorator"
		case syntax.Default:
			if f.Kind(f.Parent(p)) == syntax.Param {
				return "default argument"
			}
		case syntax.Annotation, syntax.Returns:
			return "annotation"
		case syntax.FunctionDef, syntax.Lambda:
			if f.Kind(c) != syntax.Params {
				return "called at import"
			}
		case syntax.ClassDef:
			switch {
			case f.Kind(c) == syntax.Block:
				return "class body"
			case f.Kind(c) == syntax.Args:
				for a := range f.Children(c) {
					if d, n := f.Node(a), f.Node(u.Node); d.Start <= n.Start && n.End <= d.End && f.Child(a, syntax.Ident) != syntax.None {
						return "class keyword"
					}
				}
				return "base class"
			}
		case syntax.Handler:
			if f.Kind(c) != syntax.Block {
				return "except clause"
			}
		}
	}
	return "module-level code"
}

// spread tells imports that other modules use their name while these are being
// imported. Tests are not part of a start.
func (p *Program) spread() {
	for _, m := range p.Modules {
		for _, imp := range m.Imports {
			if imp.UsedAtImport || imp.Future || imp.owner != 0 || imp.Binds == "*" || !imp.mayRun() {
				continue
			}
			if len(m.readers[imp.Binds]) == 0 && len(m.readers["*"]) == 0 && len(m.reads[imp.Binds]) == 0 {
				continue
			}
			p.walk(imp, func(s UseSite) {
				if s.Module == m || s.Module.Test || s.Store || s.Del || s.When != scope.AtImport || imp.UsedAtImport {
					return
				}
				imp.UsedAtImport = true
				imp.UsedAtWhy = s.Module.why(s.Use) + " at " + s.Module.place(s.Node)
			})
		}
	}
}
