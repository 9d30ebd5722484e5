package graph

import (
	"cmp"
	"slices"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Imports is the part of the static import graph that a start can reach:
// modules of the project with what they import. Modules outside of the project
// are nodes, but not looked into. "from __future__" is for the compiler, and no
// part of it.
type Imports struct {
	Nodes []*Node // the start first, then by distance, each in source order
	Edges []*Edge // by importing node, in source order
}

// Node is one module.
type Node struct {
	Name   string       // unique among the nodes; relative imports that lead nowhere keep their dots
	Module *Module      // nil outside of the project
	Kind   resolve.Kind // what the name resolves to
	Path   string       // file, or folder of a namespace; "" when there is none or it is not known
	// Runtime names the code that may find a missing module at run time, see
	// Import.Runtime.
	Runtime string
	Depth   int   // edges from the start
	Parent  *Node // the node through which it was reached first, nil for the start
	// Followed says that the imports of the node are part of the graph: a
	// module of the project that code, not only a type checker, can import.
	Followed bool
}

// Edge is one import statement with one of the modules that it loads. The
// packages on the way are edges of their own where they belong to the project.
type Edge struct {
	From, To *Node
	Import   *Import // the first name of the statement that leads to the module
}

// AtImport reports whether the module is loaded while the importing one is
// being loaded.
func (e *Edge) AtImport() bool {
	return e.Import.Runs == scope.AtImport.String() && !e.Import.Lazy
}

// Followed reports whether the statement can run at all. Imports for type
// checkers and those in dead branches never do.
func (imp *Import) Followed() bool {
	return imp.Runs == scope.AtImport.String() || imp.Runs == scope.AtCall.String()
}

// Graph returns what start, with the packages around it, can import in at most
// depth steps; 0 is no limit. Targets of imports that never run are nodes, but
// what these import counts only if they are reached otherwise.
func (p *Program) Graph(start *Module, depth int) *Imports {
	b := grapher{program: p, nodes: map[nodeKey]*Node{}, names: map[string]bool{}}
	b.node(destination{module: start}, nil)
	for name := parentName(start.Name); name != ""; name = parentName(name) {
		if m := p.find(start, name); m != nil && m != start {
			b.node(destination{module: m}, nil)
		}
	}
	for k := 0; k < len(b.Nodes); k++ {
		if n := b.Nodes[k]; n.Module != nil && (depth == 0 || n.Depth < depth) {
			b.targets(n, true, func(t destination, _ *Import) { b.node(t, n) })
		}
	}
	followed := b.Nodes
	for _, n := range followed {
		n.Followed = n.Module != nil
		if n.Followed && (depth == 0 || n.Depth < depth) {
			b.targets(n, false, func(t destination, _ *Import) { b.node(t, n) })
		}
	}
	slices.SortStableFunc(b.Nodes, func(a, b *Node) int { return cmp.Compare(a.Depth, b.Depth) })
	for _, n := range b.Nodes {
		if !n.Followed {
			continue
		}
		seen := map[statementTarget]bool{}
		b.targets(n, false, func(t destination, imp *Import) {
			to := b.nodes[t.key()]
			if key := (statementTarget{imp.Stmt, to}); to != nil && !seen[key] {
				seen[key] = true
				b.Edges = append(b.Edges, &Edge{From: n, To: to, Import: imp})
			}
		})
	}
	return &b.Imports
}

// Within returns the graph of the given modules alone: those that are in g,
// with the edges among them.
func (g *Imports) Within(keep map[*Module]bool) *Imports {
	out := &Imports{}
	for _, n := range g.Nodes {
		if n.Module != nil && keep[n.Module] {
			out.Nodes = append(out.Nodes, n)
		}
	}
	for _, e := range g.Edges {
		if e.From.Module != nil && e.To.Module != nil && keep[e.From.Module] && keep[e.To.Module] {
			out.Edges = append(out.Edges, e)
		}
	}
	return out
}

// destination is one module that an import statement loads.
type destination struct {
	module *Module // nil outside of the project
	name   string  // outside of it
	kind   resolve.Kind
	path   string

	runtime string
}

type nodeKey struct {
	module *Module
	name   string
}

type statementTarget struct {
	stmt syntax.NodeID
	to   *Node
}

func (t destination) key() nodeKey { return nodeKey{t.module, t.name} }

// loads returns what an import loads for one name, beside the packages that
// are being loaded already: the project's modules, and the target outside.
func (p *Program) loads(imp *Import) []destination {
	outside := destination{name: imp.Target, kind: imp.Kind, path: imp.Path, runtime: imp.Runtime}
	if imp.Kind == resolve.KindBuiltin || imp.Kind == resolve.KindFrozen {
		return []destination{outside} // whatever the project calls its files
	}
	var out []destination
	for _, m := range p.Targets(imp) {
		if !p.passes(imp, m) {
			out = append(out, destination{module: m})
		}
	}
	if p.find(imp.In, imp.Target) == nil {
		out = append(out, outside)
	}
	return out
}

// grapher builds one graph.
type grapher struct {
	Imports
	program *Program
	nodes   map[nodeKey]*Node
	names   map[string]bool
}

// node adds the node of a module unless it is there.
func (b *grapher) node(t destination, parent *Node) {
	if b.nodes[t.key()] != nil {
		return
	}
	n := &Node{Name: t.name, Module: t.module, Kind: t.kind, Path: t.path, Runtime: t.runtime, Parent: parent}
	if m := t.module; m != nil {
		n.Name, n.Path, n.Kind = m.Name, m.File, resolve.KindSource
		if m.IsPackage {
			n.Kind = resolve.KindPackage
		}
	}
	// Two import roots can have modules of one name, and a file of the project
	// can have that of a built-in module.
	switch {
	case !b.names[n.Name]:
	case n.Module != nil:
		n.Name += " (" + n.Path + ")"
	default:
		n.Name += " (" + string(n.Kind) + ")"
	}
	if parent != nil {
		n.Depth = parent.Depth + 1
	}
	b.names[n.Name] = true
	b.nodes[t.key()] = n
	b.Nodes = append(b.Nodes, n)
}

// targets calls visit for everything that a module of the project imports;
// with followed, for what statements load that can run.
func (b *grapher) targets(n *Node, followed bool, visit func(destination, *Import)) {
	for _, imp := range b.program.Imports(n.Module) {
		if imp.Future || followed && !imp.Followed() {
			continue
		}
		for _, t := range b.program.loads(imp) {
			visit(t, imp)
		}
	}
}
