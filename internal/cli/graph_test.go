package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
)

// awkward are names that break drawings when they are not quoted: reserved
// words, characters of the languages, names that differ in punctuation only.
var awkward = []string{
	"end", "graph", "style", "subgraph", "class", "o", "x", "digraph", "node", "a.b", "a_b", "a-b", "größe", "模块",
	`we"ird`, `back\slash`, `ends\`, "<b>", "a#b", "a&amp;b", "semi;colon", "[x]", "{y}", "%% no comment", "`code`", "->", "-->", "a|b", "..up",
}

// awkwardGraph has an edge from the first module to every other one and back.
func awkwardGraph(entry string) *graphResult {
	r := &graphResult{Entry: entry, imports: &graph.Imports{}}
	for k, name := range awkward {
		m := graphModule{Name: name, Kind: resolve.KindSource, File: name + ".py"}
		if k%3 == 2 {
			m = graphModule{Name: name, Kind: resolve.KindMissing}
		}
		r.Modules = append(r.Modules, m)
		r.imports.Nodes = append(r.imports.Nodes, &graph.Node{Name: name})
	}
	r.start = r.imports.Nodes[0]
	runs := []string{"import", "call", "type_checking", "never"}
	for k, n := range r.imports.Nodes[1:] {
		for _, ends := range [][2]*graph.Node{{r.start, n}, {n, r.start}} {
			r.imports.Edges = append(r.imports.Edges, &graph.Edge{From: ends[0], To: ends[1], Import: &graph.Import{Runs: runs[k%4], Lazy: k%8 == 0}})
			r.Edges = append(r.Edges, graphEdge{From: ends[0].Name, To: ends[1].Name, File: "we\"ird\\\n.py", Line: k + 1})
		}
	}
	r.Cycles = [][]string{{"end", "a_b"}}
	return r
}

// drawing is what a reader of DOT or Mermaid has understood: the labels of the
// nodes, and the edges by label.
type drawing struct {
	Nodes []string
	Edges [][2]string
}

func drawn(results ...*graphResult) drawing {
	var d drawing
	for _, r := range results {
		for _, m := range r.Modules {
			d.Nodes = append(d.Nodes, m.Name)
		}
		for _, e := range r.Edges {
			d.Edges = append(d.Edges, [2]string{e.From, e.To})
		}
	}
	return d
}

func TestGraphDOT(t *testing.T) {
	one, two := awkwardGraph("one:handler"), awkwardGraph(`t"wo\`)
	for name, results := range map[string][]*graphResult{"one entry": {one}, "two entries": {one, two}} {
		var b bytes.Buffer
		writeDOT(&b, `na"me\`, results)
		p := &dotReader{text: b.String(), labels: map[string]string{}}
		if err := p.read(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b.String())
		}
		if diff := cmp.Diff(drawn(results...), p.drawing); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// dotReader reads the part of Graphviz's grammar that every reader of DOT has:
//
//	graph  = "digraph" ID body
//	body   = "{" { stmt ";"? } "}"
//	stmt   = "subgraph" ID body | ID "=" ID | ID [ "->" ID ] [ "[" ID "=" ID { "," ID "=" ID } "]" ]
type dotReader struct {
	text    string
	labels  map[string]string // by node identifier
	drawing drawing
}

var dotToken = regexp.MustCompile(`^\s*(?:"((?:[^"\\]|\\.)*)"|([A-Za-z_][A-Za-z_0-9]*|[0-9]+)|(->|[{}\[\]=,;]))`)

// next returns the next token; quoted ones and words are identifiers.
func (p *dotReader) next() (text string, id bool) {
	m := dotToken.FindStringSubmatchIndex(p.text)
	if m == nil {
		return "", false
	}
	defer func() { p.text = p.text[m[1]:] }()
	switch {
	case m[2] >= 0:
		return strings.NewReplacer(`\\`, `\`, `\"`, `"`).Replace(p.text[m[2]:m[3]]), true
	case m[4] >= 0:
		return p.text[m[4]:m[5]], true
	}
	return p.text[m[6]:m[7]], false
}

// accept consumes a token of punctuation.
func (p *dotReader) accept(want string) bool {
	before := p.text
	if text, id := p.next(); !id && text == want {
		return true
	}
	p.text = before
	return false
}

func (p *dotReader) read() error {
	if text, id := p.next(); !id || text != "digraph" {
		return fmt.Errorf("no digraph")
	}
	if _, id := p.next(); !id {
		return fmt.Errorf("the graph has no name")
	}
	if err := p.body(); err != nil {
		return err
	}
	if rest := strings.TrimSpace(p.text); rest != "" {
		return fmt.Errorf("after the end: %q", rest)
	}
	return nil
}

func (p *dotReader) body() error {
	if !p.accept("{") {
		return fmt.Errorf("no { at %.40q", p.text)
	}
	for !p.accept("}") {
		if err := p.stmt(); err != nil {
			return err
		}
		p.accept(";")
	}
	return nil
}

func (p *dotReader) stmt() error {
	bare := !strings.HasPrefix(strings.TrimSpace(p.text), `"`)
	first, id := p.next()
	if !id {
		return fmt.Errorf("no statement at %.40q", p.text)
	}
	if bare && first == "subgraph" {
		if _, id := p.next(); !id {
			return fmt.Errorf("a subgraph without a name")
		}
		return p.body()
	}
	if p.accept("=") {
		if _, id := p.next(); !id {
			return fmt.Errorf("%s has no value", first)
		}
		return nil
	}
	second, edge := "", false
	if p.accept("->") {
		if second, edge = p.next(); !edge {
			return fmt.Errorf("an edge of %q leads nowhere", first)
		}
	}
	attributes := map[string]string{}
	if p.accept("[") {
		for {
			name, id := p.next()
			if !id || !p.accept("=") {
				return fmt.Errorf("no attribute at %.40q", p.text)
			}
			value, id := p.next()
			if !id {
				return fmt.Errorf("%s has no value", name)
			}
			attributes[name] = value
			if p.accept("]") {
				break
			}
			if !p.accept(",") {
				return fmt.Errorf("no comma at %.40q", p.text)
			}
		}
	}
	switch {
	case edge:
		p.drawing.Edges = append(p.drawing.Edges, [2]string{p.labels[first], p.labels[second]})
	case bare && (first == "node" || first == "edge"):
	default:
		if _, twice := p.labels[first]; twice {
			return fmt.Errorf("two nodes are called %q", first)
		}
		p.labels[first] = attributes["label"]
		p.drawing.Nodes = append(p.drawing.Nodes, attributes["label"])
	}
	return nil
}

// The lines of a Mermaid flowchart, as far as they are written here. The text
// of a label is anything but quotes, and identifiers are plain.
var (
	mermaidNode  = regexp.MustCompile(`^ +([A-Za-z0-9_]+)\["([^"<>&\x60]*)"\]$`)
	mermaidEdge  = regexp.MustCompile(`^ +([A-Za-z0-9_]+) (?:-->|-\.->(?:\|[a-z ]+\|)?) ([A-Za-z0-9_]+)$`)
	mermaidOther = regexp.MustCompile(`^ +(?:subgraph [a-z0-9]+\["[^"]*"\]|end|classDef [a-z]+ [a-z-]+:[0-9a-z]+|class [A-Za-z0-9_,]+ [a-z]+|linkStyle [0-9,]+ stroke:#[0-9a-f]+,stroke-width:3px)$`)
)

func TestGraphMermaid(t *testing.T) {
	one, two := awkwardGraph("one:handler"), awkwardGraph(`t"wo\`)
	for name, results := range map[string][]*graphResult{"one entry": {one}, "two entries": {one, two}} {
		var b bytes.Buffer
		arrows := writeMermaid(&b, results)
		var got drawing
		labels := map[string]string{}
		unquote := strings.NewReplacer("#quot;", `"`, "#35;", "#", "#96;", "`", "#lt;", "<", "#gt;", ">", "#amp;", "&")
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		if lines[0] != "flowchart LR" {
			t.Errorf("%s: begins with %q", name, lines[0])
		}
		open := 0
		for _, line := range lines[1:] {
			if m := mermaidNode.FindStringSubmatch(line); m != nil {
				if slices.Contains([]string{"end", "graph", "style", "subgraph", "class", "click", "default"}, m[1]) {
					t.Errorf("%s: %q is a word of the language", name, m[1])
				}
				if _, twice := labels[m[1]]; twice {
					t.Errorf("%s: two nodes are called %q", name, m[1])
				}
				labels[m[1]] = unquote.Replace(m[2])
				got.Nodes = append(got.Nodes, labels[m[1]])
			} else if m := mermaidEdge.FindStringSubmatch(line); m != nil {
				got.Edges = append(got.Edges, [2]string{labels[m[1]], labels[m[2]]})
			} else if !mermaidOther.MatchString(line) {
				t.Errorf("%s: cannot be read: %q", name, line)
			}
			switch fields := strings.Fields(line); {
			case fields[0] == "subgraph":
				open++
			case line == "  end":
				open--
			}
		}
		if open != 0 {
			t.Errorf("%s: %d subgraphs are open", name, open)
		}
		if diff := cmp.Diff(drawn(results...), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if arrows != len(got.Edges) {
			t.Errorf("%s: %d arrows, counted %d", name, len(got.Edges), arrows)
		}
	}
}

// TestGraphWithoutInterpreter checks that the standard library is known by name
// then, and the libraries from the profile.
func TestGraphWithoutInterpreter(t *testing.T) {
	dir := initProject(t, map[string]string{
		"fastpath.toml": "entries = [\"app.py\"]\n",
		"app.py":        "import json\nimport requests\nimport yaml\n",
		"fastpath.lock": `schema = 1

[entry."app.py"]
measured = "2026-11-22"
runs = 10
total_min_ms = 160.0
total_median_ms = 170.0
modules = [
  { name = "requests", self_ms = 40.0, kind = "package", phase = "init", distribution = "requests", measured = "2026-11-22" },
]
`,
	})
	if err := os.RemoveAll(filepath.Join(dir, ".venv")); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := runMain(t, dir, "graph", "--format", "json")
	if code != ExitOK {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if !strings.HasPrefix(stderr, "note: no interpreter") {
		t.Errorf("stderr: %q", stderr)
	}
	var got graphResult
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	want := []graphModule{
		{Name: "app", File: "app.py", Kind: "source"},
		{Name: "json", Kind: "package"},
		{Name: "requests", Kind: "package", Distribution: "requests"},
		{Name: "yaml", Kind: "missing"},
	}
	if diff := cmp.Diff(want, got.Modules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
