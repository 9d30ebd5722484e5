package graph

import (
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// followNames is follow for large programs, in linear time: a function counts
// as called at import when code that runs at import mentions its name, however
// it comes by it; a class that is mentioned runs its special methods, and all
// of its methods where it derives from something unknown.
func (p *Program) followNames() {
	n := &namer{p: p, functions: map[string][]object{}, classes: map[string][]object{}, running: map[object]bool{}, mentioned: map[string]bool{}}
	for _, m := range p.Modules {
		n.index(m)
	}
	for _, m := range p.Modules {
		if !p.onlyRun(m) {
			n.todo = append(n.todo, object{module, m, syntax.Root, ""})
		}
	}
	for len(n.todo) > 0 {
		o := n.todo[len(n.todo)-1]
		n.todo = n.todo[:len(n.todo)-1]
		n.m = o.m
		if o.kind == module {
			n.walk(o.node)
			continue
		}
		for c := range o.m.Syntax.Children(o.node) {
			if k := o.m.Syntax.Kind(c); k == syntax.Block {
				n.walk(c)
			}
		}
	}
	promoted := map[*Module][]scope.ScopeID{}
	for o := range n.running {
		if s, ok := o.m.Scope.Opens(o.node); ok {
			promoted[o.m] = append(promoted[o.m], s)
		}
	}
	for _, m := range p.Modules {
		for _, imp := range m.Imports {
			imp.Runs = m.Scope.When(imp.Stmt).String() // perhaps is not enough to say that it runs
		}
		m.Scope.Promote(append(promoted[m], n.lambdas(m)...))
	}
}

// namer is the state of followNames.
type namer struct {
	p                  *Program
	functions, classes map[string][]object // by name
	running            map[object]bool
	mentioned          map[string]bool
	todo               []object
	m                  *Module
}

// index lists the functions and classes of a module by name.
func (n *namer) index(m *Module) {
	t := m.Syntax
	for k := range t.Nodes {
		id := syntax.NodeID(k)
		kind := t.Nodes[k].Kind
		if kind != syntax.FunctionDef && kind != syntax.ClassDef {
			continue
		}
		ident := t.Child(id, syntax.Ident)
		if ident == syntax.None {
			continue
		}
		name := t.Text(ident)
		if kind == syntax.FunctionDef {
			n.functions[name] = append(n.functions[name], object{function, m, id, ""})
		} else {
			n.classes[name] = append(n.classes[name], object{class, m, id, ""})
		}
	}
}

// lambdas returns the lambdas of a module: those in code that runs run as well.
func (n *namer) lambdas(m *Module) []scope.ScopeID {
	var out []scope.ScopeID
	for k, s := range m.Scope.Scopes {
		if s.Kind == scope.LambdaScope {
			out = append(out, scope.ScopeID(k))
		}
	}
	return out
}

// walk mentions the names in code that runs at import. The bodies of functions
// are left out.
func (n *namer) walk(id syntax.NodeID) {
	t := n.m.Syntax
	switch t.Kind(id) {
	case syntax.Name:
		if t.Node(id).Flags&(syntax.FlagStore|syntax.FlagDel) == 0 {
			n.mention(t.Text(id))
		}
		return
	case syntax.Attribute:
		if ident := t.Child(id, syntax.Ident); ident != syntax.None {
			n.mention(t.Text(ident))
		}
	case syntax.String:
		if s, ok := scope.StringValue(t, id); ok && len(s) < 64 && n.functions[s] != nil {
			n.mention(s) // getattr(x, "name")
		}
	case syntax.ClassDef:
		n.hooks(id)
	case syntax.FunctionDef:
		for d := range t.Children(id) { // a decorator of the program may call what it gets
			if t.Kind(d) != syntax.Decorator {
				continue
			}
			if name := scope.LastName(t, t.First(d)); n.functions[name] != nil || n.classes[name] != nil {
				n.start(object{function, n.m, id, ""})
			}
		}
	}
	for c := range t.Children(id) {
		switch k := t.Kind(c); {
		case k == syntax.Block && t.Kind(id) == syntax.FunctionDef:
		case t.Kind(id) == syntax.If || t.Kind(id) == syntax.IfExp:
			if w, _ := n.m.Scope.Branch(id, c); w == scope.AtImport {
				n.walk(c)
			}
		default:
			n.walk(c)
		}
	}
}

// mention makes what has this name run.
func (n *namer) mention(name string) {
	for _, imp := range n.m.globals[name] { // "from m import f as g"
		if imp.Item != "" && imp.Item != name {
			n.mentionPlain(imp.Item)
		}
	}
	n.mentionPlain(name)
}

func (n *namer) mentionPlain(name string) {
	if n.mentioned[name] {
		return
	}
	n.mentioned[name] = true
	for _, fn := range n.functions[name] {
		n.start(fn)
	}
	for _, c := range n.classes[name] {
		n.methods(c, n.foreign(c))
	}
}

func (n *namer) start(fn object) {
	if !n.running[fn] {
		n.running[fn] = true
		n.todo = append(n.todo, fn)
	}
}

// methods makes the special methods of a class run, or all of them.
func (n *namer) methods(c object, all bool) {
	t := c.m.Syntax
	for s := range t.Children(t.Child(c.node, syntax.Block)) {
		if t.Kind(s) != syntax.FunctionDef {
			continue
		}
		if ident := t.Child(s, syntax.Ident); all || ident != syntax.None && dunder(t.Text(ident)) {
			n.start(object{function, c.m, s, ""})
		}
	}
}

// foreign reports whether a class has a base that is no class of the program.
func (n *namer) foreign(c object) bool {
	t := c.m.Syntax
	args := t.Child(c.node, syntax.Args)
	if args == syntax.None {
		return false
	}
	for a := range t.Children(args) {
		base := t.First(a)
		if t.Child(a, syntax.Ident) != syntax.None || scope.PlainBase(t, base) {
			continue
		}
		if n.classes[scope.LastName(t, base)] == nil {
			return true
		}
	}
	return false
}

// hooks lets the creation of a class call what it may call: the special
// methods where it has bases, keywords or decorators.
func (n *namer) hooks(c syntax.NodeID) {
	t := n.m.Syntax
	if t.Child(c, syntax.Args) != syntax.None || t.Child(c, syntax.Decorator) != syntax.None {
		n.methods(object{class, n.m, c, ""}, false)
	}
	n.mentionPlain("__getattr__")
	n.mentionPlain("__set_name__")
}
