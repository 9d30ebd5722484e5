package graph

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"fastpath/internal/evidence"
)

// loadLines writes a tree of loads, one module a line.
func loadLines(list []*LoadNode, indent string) string {
	var b strings.Builder
	for _, n := range list {
		missing := ""
		if n.Missing {
			missing = " missing"
		}
		fmt.Fprintf(&b, "%s%s %g %g %g%s\n%s", indent, n.Module, n.SelfMS, n.AloneMS, n.SavesMS, missing, loadLines(n.Children, indent+" "))
	}
	return b.String()
}

func loadSum(list []*LoadNode) float64 {
	sum := 0.0
	for _, n := range list {
		sum += n.SelfMS + loadSum(n.Children)
	}
	return sum
}

// TestLoadTree: packages lie inside the modules that they are loaded for, a
// shared module lies where it was asked for first, and a package that loads
// its own module takes its place.
func TestLoadTree(t *testing.T) {
	t.Parallel()
	row := func(name string, ms float64) evidence.Module {
		return evidence.Module{Name: name, SelfMS: ms, Kind: "source", Phase: evidence.PhaseInit}
	}
	edge := func(from, module string, to ...string) evidence.Edge {
		return evidence.Edge{Statement: evidence.Statement{From: from, Module: module}, Phase: evidence.PhaseInit, To: to}
	}
	lost := row("lost", 0.5)
	lost.Kind = "missing"
	later := row("later", 100)
	later.Phase = evidence.PhaseDeferred
	e := &evidence.Entry{
		Startup: []string{"os"},
		Modules: []evidence.Module{
			row("app", 1), row("a", 2), row("shared", 32), row("pkg", 4), row("pkg.sub", 8), row("own", 16), row("own.core", 64), lost, later,
		},
		Edges: []evidence.Edge{
			edge("__main__", "app", "app"), edge("a", "shared", "shared"), edge("app", "a", "a"), edge("app", "lost", "lost", "os"),
			edge("app", "own.core", "own.core"), edge("app", "pkg.sub", "pkg.sub"), edge("app", "shared", "shared"), edge("own", ".core", "own.core"),
		},
	}
	r := NewRuntime(e)
	tree := r.LoadTree()
	want := `app 1 127.5 127.5
 a 2 34 2
  shared 32 32 0
 lost 0.5 0.5 0.5 missing
 own 16 80 80
  own.core 64 64 0
 pkg.sub 8 12 12
  pkg 4 4 12
`
	if got := loadLines(tree, ""); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	if got, total := loadSum(tree), r.Total(nil); math.Abs(got-total) > 1e-9 {
		t.Errorf("the tree has %g ms, init %g", got, total)
	}
	// In the order of the source, app asks for shared before a does, and takes
	// sub from the package instead of naming it.
	r.OrderLibraries(func(module string) []string {
		if module != "app" {
			return nil
		}
		return []string{"own.core", "shared", "a", "pkg.sub", "shared"}
	})
	want = `app 1 127.5 127.5
 own 16 80 80
  own.core 64 64 0
 shared 32 32 0
 a 2 34 2
 pkg.sub 8 12 12
  pkg 4 4 12
 lost 0.5 0.5 0.5 missing
`
	if got := loadLines(r.LoadTree(), ""); got != want {
		t.Errorf("in the order of the source: got\n%swant\n%s", got, want)
	}
	e.Edges[5].Module = "pkg"
	want = strings.Replace(want, " pkg.sub 8 12 12\n  pkg 4 4 12\n", " pkg 4 4 12\n pkg.sub 8 12 12\n", 1)
	r = NewRuntime(e)
	r.OrderLibraries(func(string) []string { return []string{"own.core", "shared", "a", "pkg"} })
	if got := loadLines(r.LoadTree(), ""); got != want {
		t.Errorf("from pkg import sub: got\n%swant\n%s", got, want)
	}
	if tree := NewRuntime(nil).LoadTree(); len(tree) > 0 {
		t.Errorf("an empty profile has %v", tree)
	}
}
