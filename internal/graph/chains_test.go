package graph

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
)

// everyPath lists the paths of a graph that pass no node twice, by trying all.
func everyPath(g *digraph, from, goal int32) [][]arc {
	var out [][]arc
	var path []arc
	passed := map[int32]bool{from: true}
	var walk func(n int32)
	walk = func(n int32) {
		if n == goal {
			out = append(out, slices.Clone(path))
			return
		}
		for _, a := range g.arcs[n] {
			if passed[a.to] {
				continue
			}
			passed[a.to] = true
			path = append(path, a)
			walk(a.to)
			path = path[:len(path)-1]
			passed[a.to] = false
		}
	}
	walk(from)
	return out
}

// randomGraph has n nodes and about twice as many arcs, some of them parallel
// or loops; the last node has none.
func randomGraph(r *rand.Rand, n int) *digraph {
	g := &digraph{arcs: make([][]arc, n)}
	for k := range int32(2*n + r.IntN(2*n)) {
		from := r.IntN(n - 1)
		g.arcs[from] = append(g.arcs[from], arc{to: int32(r.IntN(n)), stop: int32(from), link: k})
	}
	return g
}

// TestPaths compares the paths of random graphs with those that trying all
// finds: the same ones, the shortest first, for every limit.
func TestPaths(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	ordered := func(paths [][]arc) []string {
		var out []string
		for _, p := range paths {
			out = append(out, fmt.Sprint(p))
		}
		slices.Sort(out)
		return out
	}
	most := 0
	for k := range 500 {
		n := 2 + r.IntN(8)
		g := randomGraph(r, n)
		from, goal := int32(0), int32(n-1)
		want := everyPath(g, from, goal)
		slices.SortStableFunc(want, func(a, b []arc) int { return cmp.Compare(len(a), len(b)) })
		most = max(most, len(want))
		got, more := g.paths(from, goal, len(want)+1)
		if more || !slices.Equal(ordered(got), ordered(want)) {
			t.Fatalf("graph %d: got %v, more %v, want %v\nof %v", k, got, more, want, g.arcs)
		}
		limit := 1 + r.IntN(len(want)+1)
		some, more := g.paths(from, goal, limit)
		if more != (limit < len(want)) || len(some) != min(limit, len(want)) {
			t.Fatalf("graph %d: %d paths with limit %d, more %v, of %d", k, len(some), limit, more, len(want))
		}
		for i, p := range some {
			if len(p) != len(want[i]) {
				t.Fatalf("graph %d: path %d has %d arcs, want %d", k, i, len(p), len(want[i]))
			}
		}
		if tree := g.tree(from, func(arc) bool { return true }); tree.reached(goal) != (len(want) > 0) ||
			len(want) > 0 && len(tree.path(goal)) != len(want[0]) {
			t.Fatalf("graph %d: the shortest path differs", k)
		}
	}
	if most < 50 {
		t.Errorf("the graphs are too poor: at most %d paths", most)
	}
}

// chainTexts writes chains as "app.py:1 > pkg/__init__.py:2".
func chainTexts(chains [][]Link) []string {
	var out []string
	for _, c := range chains {
		var steps []string
		for _, l := range c {
			text := fmt.Sprintf("%s:%d", filepath.Base(l.File), l.Line)
			if l.Runs != "import" {
				text += " " + l.Runs
			}
			steps = append(steps, text)
		}
		out = append(out, strings.Join(steps, " > "))
	}
	return out
}

func TestReach(t *testing.T) {
	p := program(t, `
-- app.py --
from fast_path import *
import direct
def handler():
    import late
if TYPE_CHECKING:
    import deep.er
-- fast_path.py --
import far
import deep
-- direct.py --
import far
import app
-- far.py --
from deep import er
-- late.py --
import direct
def go():
    import deep.er
-- deep/__init__.py --
import deep.er
-- deep/er.py --
import far
import bottom
-- bottom.py --
`, python312)
	r := p.Reach(p.File("app.py"), false)
	for _, test := range []struct {
		module        string
		shortest, all []string
	}{
		{
			"deep",
			[]string{
				"app.py:1 > fast_path.py:2", "app.py:4 call > late.py:3 call", "app.py:1 > fast_path.py:1 > far.py:1", "app.py:6 type_checking",
			},
			[]string{
				"app.py:1 > fast_path.py:2", "app.py:4 call > late.py:3 call",
				"app.py:1 > fast_path.py:1 > far.py:1", "app.py:2 > direct.py:1 > far.py:1", "app.py:4 call > late.py:1 > direct.py:1 > far.py:1",
				"app.py:6 type_checking",
			},
		},
		{
			"bottom",
			[]string{"app.py:1 > fast_path.py:1 > far.py:1 > er.py:2"},
			nil,
		},
		{"app", nil, nil},
		{"nothing", nil, nil},
	} {
		if got := chainTexts(r.Chains(test.module)); !slices.Equal(got, test.shortest) {
			t.Errorf("%s: got\n%s\nwant\n%s", test.module, strings.Join(got, "\n"), strings.Join(test.shortest, "\n"))
		}
		all, more := r.AllChains(test.module, 100)
		if got := chainTexts(all); test.all != nil && (more || !slices.Equal(got, test.all)) {
			t.Errorf("%s, all: got\n%s\nwant\n%s", test.module, strings.Join(got, "\n"), strings.Join(test.all, "\n"))
		}
	}
	some, more := r.AllChains("deep", 2)
	if got := chainTexts(some); !more || !slices.Equal(got, []string{"app.py:1 > fast_path.py:2", "app.py:4 call > late.py:3 call"}) {
		t.Errorf("two chains: %v, more %v", got, more)
	}
	if want := []string{"app", "bottom", "deep", "deep.er", "direct", "far", "fast_path", "late"}; !slices.Equal(r.Modules(), want) {
		t.Errorf("modules: %v", r.Modules())
	}
}

// TestReachLibraries follows sources outside of the project.
func TestReachLibraries(t *testing.T) {
	site := t.TempDir()
	for file, src := range map[string]string{
		"lib/__init__.py": "from . import inner\ntry:\n    import speedups\nexcept ImportError:\n    pass\n",
		"lib/inner.py":    "import other\ndef f():\n    import heavy\n",
		"other.py":        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import checked\n",
		"heavy.py":        "import heaviest\n",
		"heaviest.py":     "",
		"checked.py":      "",
	} {
		name := filepath.Join(site, filepath.FromSlash(file))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "app.py"), []byte("import lib.inner\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p, err := Load(t.Context(), LoadOptions{
		Root: root, Files: []string{"app.py"}, ImportRoots: []string{"."}, Version: python312,
		Resolver: resolve.New([]string{root}, &interp.Interpreter{SitePackages: []string{site}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		module string
		calls  bool
		want   []string
	}{
		{"lib", false, []string{"app.py:1"}},
		{"other", false, []string{"app.py:1 > inner.py:1"}},
		{"speedups", false, []string{"app.py:1 > __init__.py:3"}},
		{"heaviest", false, nil},
		{"heaviest", true, []string{"app.py:1 > inner.py:3 call > heavy.py:1"}},
		{"checked", true, nil},
	} {
		r := p.Reach(p.File("app.py"), test.calls)
		if got := chainTexts(r.Chains(test.module)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", test.module, got, test.want)
		}
	}
}
