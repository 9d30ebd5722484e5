package cli

import (
	"bufio"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
	"fastpath/internal/term"
)

// graphOptions are the flags of graph.
type graphOptions struct {
	cycles bool
	depth  int
}

// graphFormats are the values of --format.
var graphFormats = []string{"text", "json", "dot", "mermaid"}

func (a *app) graphCommand() *cobra.Command {
	var opt graphOptions
	cmd := &cobra.Command{
		Use:   "graph [ENTRY]",
		Short: "the static import graph of an entry: who imports what, where, and when",
		Long: `Graph shows what the sources say about imports: the modules of the project that
the entry reaches, what each of them imports, and by which statement. Modules of
libraries are part of the graph, but what they import in turn is not; "fastpath
why" knows that from a profile.

Imports in functions are followed like all others. Those that never run and those
for type checkers are shown, but not followed. Without ENTRY there is a graph for
each entry. Nothing is executed, and no interpreter is needed: without one, libraries
are known as far as there is a profile.

With --cycles the graph is reduced to the modules that load each other while they
are being imported. A cycle is no error: the exit code is 0.`,
		Example: `  fastpath graph
  fastpath graph --depth 2 --format dot | dot -Tsvg > graph.svg
  fastpath graph --format mermaid > graph.mmd
  fastpath graph --cycles`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runGraph(args, opt) },
	}
	f := cmd.Flags()
	f.BoolVar(&opt.cycles, "cycles", false, "show import cycles only")
	f.IntVar(&opt.depth, "depth", 0, "show what is at most `N` imports away from the entry; 0 shows all")
	f.StringVar(&a.format, "format", "text", strings.Join(graphFormats[:3], ", ")+" or "+graphFormats[3])
	return cmd
}

// graphResult is the graph of one entry; its JSON is fastpath.graph/1.
type graphResult struct {
	Entry   string        `json:"entry"`
	Modules []graphModule `json:"modules"`
	Edges   []graphEdge   `json:"edges"`
	Cycles  [][]string    `json:"cycles"`

	imports *graph.Imports
	start   *graph.Node
}

// graphModule is one node.
type graphModule struct {
	Name         string       `json:"name"`
	File         string       `json:"file,omitempty"` // of project modules
	Kind         resolve.Kind `json:"kind"`
	Distribution string       `json:"distribution,omitempty"`
	// Runtime is the code that may find a missing module at run time.
	Runtime string `json:"runtime,omitempty"`
}

// graphEdge is one statement with one module that it loads.
type graphEdge struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Scope   string   `json:"scope"`
	Runs    string   `json:"runs"`
	Context []string `json:"context"`
	Lazy    bool     `json:"lazy,omitempty"`
}

func (a *app) runGraph(args []string, opt graphOptions) error {
	switch {
	case !slices.Contains(graphFormats, a.format):
		return usageErrorf("unknown format %q for graph; allowed: %s", a.format, strings.Join(graphFormats, ", "))
	case opt.depth < 0:
		return usageErrorf("--depth %d: expected 0 or more", opt.depth)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return err
	}
	s, err := a.openSources(p)
	if err != nil {
		return err
	}
	installed := interp.Index{}
	if s.interpreter != nil {
		installed = interp.Distributions(s.interpreter.SitePackages)
	}
	results := make([]*graphResult, len(entries))
	for k, e := range entries {
		prog := s.programs[e.ImportRoot]
		if prog == nil {
			if prog, err = a.loadReached(p, e, entries, s.files, s.interpreter, s.version(e)); err != nil {
				return err
			}
			s.keep(e, prog)
		}
		l := libraries{installed: installed, interpreter: s.interpreter, root: p.Root}
		if s.lock != nil {
			l.measured = s.lock.Entries[e.Name]
		}
		if results[k], err = newGraph(prog, e, opt, l); err != nil {
			return err
		}
	}
	a.showNotes(s)
	return a.printGraph(t, p, results, opt)
}

func (a *app) printGraph(t *term.Terminal, p *project.Project, results []*graphResult, opt graphOptions) error {
	w := bufio.NewWriter(a.Stdout)
	switch a.format {
	case "json":
		return printEntries(a, "graph", p.Root, results)
	case "dot":
		writeDOT(w, filepath.Base(p.Root), results)
	case "mermaid":
		if n := writeMermaid(w, results); n > mermaidEdges {
			a.step("note: the graph has %d arrows, and Mermaid draws %d unless its maxEdges is raised; --depth makes it smaller", n, mermaidEdges)
		}
	default:
		for k, r := range results {
			if k > 0 {
				fmt.Fprintln(w)
			}
			if opt.cycles {
				r.writeCycles(w, t)
			} else {
				r.writeTree(w, t)
			}
			if !a.quiet {
				r.writeSummary(w, opt)
			}
		}
	}
	return w.Flush()
}

// newGraph builds the graph of one entry.
func newGraph(prog *graph.Program, e project.Entry, opt graphOptions, l libraries) (*graphResult, error) {
	start := prog.File(e.File)
	if start == nil {
		return nil, fmt.Errorf("%q, the source of %q, is not among the project's sources; git may ignore it", e.File, e.Name)
	}
	g := prog.Graph(start, opt.depth)
	r := &graphResult{Entry: e.Name, Modules: []graphModule{}, Edges: []graphEdge{}, Cycles: [][]string{}, imports: g}
	names := make(map[*graph.Module]string, len(g.Nodes))
	for _, n := range g.Nodes {
		if n.Module != nil && n.Followed {
			names[n.Module] = n.Name
		}
	}
	inCycle := map[*graph.Module]bool{}
	for _, set := range prog.Cycles() {
		if slices.ContainsFunc(set, func(m *graph.Module) bool { return names[m] == "" }) {
			continue
		}
		var cycle []string
		for _, m := range set {
			cycle = append(cycle, names[m])
			inCycle[m] = true
		}
		r.Cycles = append(r.Cycles, cycle)
	}
	if opt.cycles {
		r.imports = g.Within(inCycle)
	} else {
		r.start = g.Nodes[0]
	}
	for _, n := range r.imports.Nodes {
		r.Modules = append(r.Modules, l.describe(n))
	}
	for _, edge := range r.imports.Edges {
		imp := edge.Import
		r.Edges = append(r.Edges, graphEdge{
			From: edge.From.Name, To: edge.To.Name, File: imp.In.File, Line: imp.Line,
			Scope: imp.Scope, Runs: imp.Runs, Context: append([]string{}, imp.Context...), Lazy: imp.Lazy,
		})
	}
	return r, nil
}

// libraries is what is known of modules outside of the project.
type libraries struct {
	installed   interp.Index
	interpreter *interp.Interpreter // nil when none was found
	measured    *evidence.Entry     // nil when the entry was never profiled
	root        string              // of the project
}

// describe says what a node is. The interpreter knows best; where there is
// none, the profile may know.
func (l libraries) describe(n *graph.Node) graphModule {
	m := graphModule{Name: n.Name, Kind: n.Kind, Runtime: n.Runtime}
	if n.Module != nil {
		m.File = n.Module.File
		return m
	}
	if l.interpreter == nil && n.Kind == resolve.KindMissing && l.measured != nil {
		for _, row := range l.measured.Modules {
			switch kind := resolve.Kind(row.Kind); {
			case row.Name != n.Name || row.Distribution == "":
			case kind == resolve.KindSource || kind == resolve.KindExtension || kind == resolve.KindPackage || kind == resolve.KindNamespace:
				m.Kind, m.Distribution, m.Runtime = kind, row.Distribution, ""
			}
		}
		return m
	}
	if resolve.IsStdlib(n.Name) && !l.inSite(n.Path) {
		return m
	}
	if d, ok := l.installed.Of(n.Name); ok {
		m.Distribution = d.Name
	}
	return m
}

// inSite reports whether a file was installed: a distribution may have the
// name of a module that the standard library of other versions has.
func (l libraries) inSite(path string) bool {
	if path == "" || l.interpreter == nil {
		return false
	}
	path = filepath.FromSlash(path)
	if !filepath.IsAbs(path) {
		path = filepath.Join(l.root, path)
	}
	return slices.ContainsFunc(l.interpreter.SitePackages, func(dir string) bool {
		return strings.HasPrefix(path, filepath.Clean(dir)+string(filepath.Separator))
	})
}
