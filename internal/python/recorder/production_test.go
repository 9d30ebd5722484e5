//go:build unix

package recorder

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

func used(l *Line) string { return strings.Join(l.Names(l.Used), " ") }

// recorded is a project with the recorder and its table in it.
type recorded struct {
	dir, python string
	minor       int
	env         []string
}

// record writes a project, the recorder and the table of it.
func record(t *testing.T, p oracle.Python, files map[string]string) *recorded {
	t.Helper()
	o := handlerProject(t, p.Path, files)
	r := &recorded{dir: o.Dir, python: p.Path, minor: p.Minor, env: o.Env}
	var names []string
	for _, f := range o.Files {
		name, err := filepath.Rel(o.Dir, f)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.ToSlash(name))
	}
	writeTable(t, o.Dir, o.Dir, p, names)
	return r
}

// writeTable writes the recorder and the table of the files into dir.
func writeTable(t testing.TB, dir, root string, p oracle.Python, files []string) *Table {
	t.Helper()
	i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: root, Dir: root, Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.Load(t.Context(), graph.LoadOptions{
		Root: root, Files: files, ImportRoots: []string{"."}, Version: syntax.Version{Major: 3, Minor: p.Minor}, Resolver: resolve.New([]string{root}, i),
	})
	if err != nil {
		t.Fatal(err)
	}
	table, err := NewTable([]*graph.Program{prog})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"fastpath_recorder.py": Source, "fastpath_table.py": string(table.Python())} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return table
}

// run runs a script in the project and returns the recorder's lines and what
// the script wrote otherwise.
func (r *recorded) run(t *testing.T, script string, env ...string) (lines []*Line, rest string) {
	t.Helper()
	return r.command(t, append([]string{"-c"}, script), env...)
}

func (r *recorded) command(t *testing.T, args []string, env ...string) (lines []*Line, rest string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), r.python, args...)
	cmd.Dir = r.dir
	cmd.Env = append(slices.Clone(r.env), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	return readLines(t, out.String())
}

// readLines tells the recorder's lines from others, and checks what holds of
// all of them.
func readLines(t *testing.T, text string) (lines []*Line, rest string) {
	t.Helper()
	seen := map[[2]any]bool{}
	for text := range strings.Lines(text) {
		l, ok, err := ParseLine([]byte(text))
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if !ok {
			rest += text
			continue
		}
		if len(text) >= 4096 {
			t.Errorf("a line of %d bytes", len(text))
		}
		if seen[[2]any{l.Proc, l.Seq}] {
			t.Errorf("twice: %s", text)
		}
		seen[[2]any{l.Proc, l.Seq}] = true
		lines = append(lines, l)
	}
	return lines, rest
}

func requests(lines []*Line) (out []*Line) {
	for _, l := range lines {
		if l.Kind == "request" {
			out = append(out, l)
		}
	}
	return out
}

// withParents adds the packages around modules.
func withParents(names string) []string {
	set := map[string]bool{}
	for _, m := range strings.Fields(names) {
		for m != "" {
			set[m] = true
			m = m[:max(0, strings.LastIndexByte(m, '.'))]
		}
	}
	out := make([]string, 0, len(set))
	for m := range set {
		out = append(out, m)
	}
	slices.Sort(out)
	return out
}

// TestComputedNamesInProduction: to look at what was used loads nothing.
func TestComputedNamesInProduction(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, computes)
		lines, rest := r.run(t, `
import fastpath_recorder, sys
from fastpath_recorder import request
import app
for _ in 1, 2:
    with request("a"): app.handler(1, None)
print("impl", "api.impl" in sys.modules)
`, "FASTPATH_EVERY=1")
		got := requests(lines)
		if len(got) == 0 || !strings.Contains(used(got[0]), "api.real") || strings.Contains(rest, "impl True") {
			t.Errorf("%+v\n%s", lines, rest)
		}
	})
}

// TestEveryWay compares with what exhaustive tracing finds (TestWays): the same
// from 3.12 on, never less before.
func TestEveryWay(t *testing.T) {
	t.Parallel()
	var order []string
	for way := range wayWants {
		order = append(order, way)
	}
	slices.Sort(order)
	list, err := json.Marshal(order)
	if err != nil {
		t.Fatal(err)
	}
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, ways)
		lines, rest := r.run(t, `
import fastpath_recorder
from fastpath_recorder import request
import app
class Context: aws_request_id = "id"
for way in `+string(list)+`:
    app.cache.clear()
    try:
        with request(way): app.handler({"way": way}, Context)
    except (KeyError, SystemExit): pass
`, "FASTPATH_EVERY=1")
		got := requests(lines)
		if len(got) != len(order) {
			t.Fatalf("%d requests of %d\n%v\n%s", len(got), len(order), lines, rest)
		}
		for k, l := range got {
			if l.Workflow != order[k] || l.Counts[order[k]] != 1 || len(l.Unseen) > 0 {
				t.Errorf("%+v", l)
			}
			want, got := withParents(wayWants[order[k]]), withParents(used(l))
			switch {
			case slices.Equal(want, got):
			case p.Minor >= 12:
				t.Errorf("%s: used %q, want %q", order[k], got, want)
			default:
				for _, m := range want {
					if !slices.Contains(got, m) {
						t.Errorf("%s: used %q, want %q", order[k], got, want)
					}
				}
			}
			if l.Error != (l.Workflow == "raises" || l.Workflow == "exits") {
				t.Errorf("%s: error %v", l.Workflow, l.Error)
			}
		}
		if how := map[bool]string{true: "monitoring", false: "proxies"}[p.Minor >= 12]; lines[0].How != how || lines[0].Kind != "process" {
			t.Errorf("%+v", lines[0])
		}
	})
}
