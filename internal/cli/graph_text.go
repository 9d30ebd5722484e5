package cli

import (
	"fmt"
	"io"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
	"fastpath/internal/term"
)

// treeLine is one line of the tree: the branch with the module, and what is
// known of it.
type treeLine struct {
	branch, name, note string
	outside            bool // of the project
}

// writeTree writes the graph as a tree. Each module of the project is expanded
// once, where the way from the entry is shortest.
func (r *graphResult) writeTree(w io.Writer, t *term.Terminal) {
	out := map[*graph.Node][]*graph.Edge{}
	for _, e := range r.imports.Edges {
		out[e.From] = append(out[e.From], e)
	}
	modules := make(map[*graph.Node]graphModule, len(r.Modules))
	for k, n := range r.imports.Nodes {
		modules[n] = r.Modules[k]
	}
	fmt.Fprintln(w, t.Bold(r.Entry))
	var lines []treeLine
	elsewhere := false
	expanded := map[*graph.Node]bool{}
	var expand func(n *graph.Node, indent string)
	expand = func(n *graph.Node, indent string) {
		expanded[n] = true
		edges := mergeEdges(out[n])
		for k, e := range edges {
			branch, below := "├─ ", "│  "
			if k == len(edges)-1 {
				branch, below = "└─ ", "   "
			}
			to := e[0].To
			here := to.Parent == n && !expanded[to]
			line := treeLine{indent + branch, to.Name, edgeNote(modules[to], e), to.Module == nil}
			if !here && len(out[to]) > 0 {
				line.name += " (*)"
				elsewhere = true
			}
			lines = append(lines, line)
			if here {
				expand(to, indent+below)
			}
		}
	}
	for _, n := range r.imports.Nodes {
		if n.Parent != nil {
			continue
		}
		note := n.Path
		if n != r.start {
			note += " · loaded with the entry, which is inside"
		}
		lines = append(lines, treeLine{name: n.Name, note: note})
		expand(n, "")
	}
	width := 0
	for _, l := range lines {
		if n := term.Width(l.branch + l.name); n <= 56 {
			width = max(width, n)
		}
	}
	for _, l := range lines {
		pad := strings.Repeat(" ", max(0, width-term.Width(l.branch+l.name)))
		name := l.name
		if !l.outside {
			name = t.Accent(name)
		}
		fmt.Fprintf(w, "%s%s%s  %s\n", t.Faint(l.branch), name, pad, t.Faint(l.note))
	}
	if elsewhere {
		fmt.Fprintln(w, t.Faint("(*) its imports are shown where it is nearest to the entry"))
	}
}

// mergeEdges groups the edges of one node that lead to the same module, in the
// order of their first statements.
func mergeEdges(edges []*graph.Edge) [][]*graph.Edge {
	var groups [][]*graph.Edge
	at := map[*graph.Node]int{}
	for _, e := range edges {
		k, ok := at[e.To]
		if !ok {
			k = len(groups)
			at[e.To] = k
			groups = append(groups, nil)
		}
		groups[k] = append(groups[k], e)
	}
	return groups
}

// edgeNote says what a module is and which statements load it.
func edgeNote(m graphModule, edges []*graph.Edge) string {
	parts := []string{m.origin()}
	for _, e := range edges {
		imp := e.Import
		text := fmt.Sprintf("line %d", imp.Line)
		if imp.Qualname != "" {
			text += " in " + imp.Qualname
		}
		if len(imp.Context) > 0 {
			text += " (" + strings.Join(imp.Context, " > ") + ")"
		}
		switch {
		case imp.Runs == "type_checking":
			text += ", for type checkers only"
		case imp.Runs == "never":
			text += ", never runs"
		case imp.Lazy:
			text += ", lazy"
		case imp.Runs == "import" && imp.Scope == "function":
			text += ", called at import"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " · ")
}

// origin says where a module comes from: its file, its distribution, the
// standard library, or nowhere.
func (m graphModule) origin() string {
	switch {
	case m.File != "":
		return m.File
	case m.Distribution != "":
		return m.Distribution
	case m.Runtime != "":
		return "found at run time by " + m.Runtime
	case m.Kind == resolve.KindMissing:
		return "missing"
	case resolve.IsStdlib(m.Name):
		return "standard library"
	}
	return string(m.Kind)
}

// writeCycles writes the cycles with the statements that close them.
func (r *graphResult) writeCycles(w io.Writer, t *term.Terminal) {
	fmt.Fprintln(w, t.Bold(r.Entry))
	for _, cycle := range r.Cycles {
		inside := map[string]bool{}
		for _, name := range cycle {
			inside[name] = true
		}
		fmt.Fprintf(w, "\n%s\n", strings.Join(cycle, ", "))
		var places, texts []string
		width := 0
		for _, e := range r.imports.Edges {
			if !e.AtImport() || !inside[e.From.Name] || !inside[e.To.Name] {
				continue
			}
			place := fmt.Sprintf("%s:%d", e.Import.In.File, e.Import.Line)
			width = max(width, term.Width(place))
			places = append(places, place)
			texts = append(texts, e.From.Name+" imports "+e.To.Name)
		}
		for k, place := range places {
			fmt.Fprintf(w, "  %s%s  %s\n", place, strings.Repeat(" ", width-term.Width(place)), texts[k])
		}
	}
}

func (r *graphResult) writeSummary(w io.Writer, opt graphOptions) {
	cycles := countOf(len(r.Cycles), "import cycle")
	if len(r.Cycles) == 0 {
		cycles = "no import cycle"
	}
	if opt.cycles {
		fmt.Fprintf(w, "\n%s · nothing was executed\n", cycles)
		return
	}
	own := 0
	for _, m := range r.Modules {
		if m.File != "" {
			own++
		}
	}
	fmt.Fprintf(w, "\n%s of the project, %d others · %s · %s · nothing was executed\n",
		countOf(own, "module"), len(r.Modules)-own, countOf(len(r.Edges), "import"), cycles)
}
