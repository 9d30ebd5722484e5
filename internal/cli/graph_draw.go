package cli

import (
	"fmt"
	"io"
	"strings"

	"fastpath/internal/graph"
)

// mermaidEdges is how many edges Mermaid draws unless it is configured.
const mermaidEdges = 500

// arrow is what a drawing shows of all statements by which one module imports
// another: the one that runs earliest decides.
type arrow struct {
	from, to string
	runs     string // "import", "lazy", "call", "type_checking" or "never"
	cyclic   bool
	places   []string
}

// arrows merges the edges of a graph.
func (r *graphResult) arrows() []arrow {
	component := map[string]int{}
	for k, cycle := range r.Cycles {
		for _, name := range cycle {
			component[name] = k + 1
		}
	}
	rank := map[string]int{"never": 0, "type_checking": 1, "call": 2, "lazy": 3, "import": 4}
	at := map[[2]*graph.Node]int{}
	var out []arrow
	for k, e := range r.imports.Edges {
		key := [2]*graph.Node{e.From, e.To}
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, arrow{from: e.From.Name, to: e.To.Name, runs: "never"})
		}
		runs := e.Import.Runs
		if runs == "import" && e.Import.Lazy {
			runs = "lazy"
		}
		x := &out[i]
		if rank[runs] > rank[x.runs] {
			x.runs = runs
		}
		c := component[x.from]
		x.cyclic = x.cyclic || c > 0 && c == component[x.to] && e.AtImport()
		x.places = append(x.places, fmt.Sprintf("%s:%d", r.Edges[k].File, r.Edges[k].Line))
	}
	return out
}

// writeDOT writes graphs in the language of Graphviz; several become clusters
// of one graph.
func writeDOT(w io.Writer, name string, results []*graphResult) {
	fmt.Fprintf(w, "digraph %s {\n", dotString(name))
	fmt.Fprintln(w, "  rankdir=LR;")
	fmt.Fprintln(w, `  node [shape=box, fontname="Helvetica", fontsize=11];`)
	fmt.Fprintln(w, `  edge [color="#555555"];`)
	for k, r := range results {
		id, indent := func(name string) string { return dotString(name) }, "  "
		if len(results) > 1 {
			id = func(name string) string { return dotString(r.Entry + "/" + name) }
			indent = "    "
			fmt.Fprintf(w, "  subgraph %s {\n    label=%s;\n", dotString(fmt.Sprintf("cluster_%d", k+1)), dotString(r.Entry))
		}
		for i, m := range r.Modules {
			attributes := ""
			switch {
			case r.start != nil && r.imports.Nodes[i] == r.start:
				attributes = ", style=bold"
			case m.Kind == "missing":
				attributes = `, style=dashed, color="#999999", fontcolor="#777777"`
			case m.File == "":
				attributes = `, style=filled, fillcolor="#eeeeee", color="#999999"`
			}
			tooltip := m.origin()
			fmt.Fprintf(w, "%s%s [label=%s, tooltip=%s%s];\n", indent, id(m.Name), dotString(m.Name), dotString(tooltip), attributes)
		}
		for _, x := range r.arrows() {
			attributes := ""
			switch x.runs {
			case "call", "lazy":
				attributes = ", style=dashed"
			case "type_checking", "never":
				attributes = `, style=dotted, color="#aaaaaa"`
			}
			if x.cyclic {
				attributes += `, color="#cc0000", penwidth=2`
			}
			fmt.Fprintf(w, "%s%s -> %s [tooltip=%s%s];\n", indent, id(x.from), id(x.to),
				dotString(strings.Join(x.places, ", ")+runsSuffix(x.runs)), attributes)
		}
		if len(results) > 1 {
			fmt.Fprintln(w, "  }")
		}
	}
	fmt.Fprintln(w, "}")
}

// runsSuffix says when an import runs, if not at import.
func runsSuffix(runs string) string {
	switch runs {
	case "call":
		return " (when called)"
	case "lazy":
		return " (lazy)"
	case "type_checking":
		return " (for type checkers)"
	case "never":
		return " (never runs)"
	}
	return ""
}

// dotString quotes a string for Graphviz, which looks at backslashes in labels.
func dotString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ", "\r", " ", "\x00", " ").Replace(s) + `"`
}

// writeMermaid writes graphs as one Mermaid flowchart, several as subgraphs,
// and returns the number of arrows.
func writeMermaid(w io.Writer, results []*graphResult) (arrows int) {
	fmt.Fprintln(w, "flowchart LR")
	used := map[string]bool{}
	var entries, outside, cyclic []string
	for k, r := range results {
		indent, prefix := "  ", "m_"
		if len(results) > 1 {
			indent, prefix = "    ", fmt.Sprintf("e%d_", k+1)
			fmt.Fprintf(w, "  subgraph entry%d[%s]\n", k+1, mermaidString(r.Entry))
		}
		ids := map[string]string{}
		for i, m := range r.Modules {
			id := mermaidID(prefix, m.Name, used)
			ids[m.Name] = id
			switch {
			case r.start != nil && r.imports.Nodes[i] == r.start:
				entries = append(entries, id)
			case m.File == "":
				outside = append(outside, id)
			}
			fmt.Fprintf(w, "%s%s[%s]\n", indent, id, mermaidString(m.Name))
		}
		for _, x := range r.arrows() {
			link := "-->"
			switch x.runs {
			case "call", "lazy":
				link = "-.->"
			case "type_checking":
				link = "-.->|type checking|"
			case "never":
				link = "-.->|never|"
			}
			fmt.Fprintf(w, "%s%s %s %s\n", indent, ids[x.from], link, ids[x.to])
			if x.cyclic {
				cyclic = append(cyclic, fmt.Sprint(arrows))
			}
			arrows++
		}
		if len(results) > 1 {
			fmt.Fprintln(w, "  end")
		}
	}
	if len(entries) > 0 {
		fmt.Fprintf(w, "  classDef entry stroke-width:3px\n  class %s entry\n", strings.Join(entries, ","))
	}
	if len(outside) > 0 {
		fmt.Fprintf(w, "  classDef library stroke-dasharray:3\n  class %s library\n", strings.Join(outside, ","))
	}
	if len(cyclic) > 0 {
		fmt.Fprintf(w, "  linkStyle %s stroke:#cc0000,stroke-width:3px\n", strings.Join(cyclic, ","))
	}
	return arrows
}

// mermaidID makes an identifier of a module name. With the prefix it is none
// of the words that Mermaid reads differently, such as "end" and "style".
func mermaidID(prefix, name string, used map[string]bool) string {
	id := prefix + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name)
	free := id
	for n := 2; used[free]; n++ {
		free = fmt.Sprintf("%s_%d", id, n)
	}
	used[free] = true
	return free
}

// mermaidString quotes a label; Mermaid has entities instead of backslashes.
func mermaidString(s string) string {
	return `"` + strings.NewReplacer("#", "#35;", `"`, "#quot;", "`", "#96;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "\n", " ", "\r", " ").Replace(s) + `"`
}
