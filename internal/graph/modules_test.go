package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// written writes a graph, one node and one edge a line.
func written(g *Imports) string {
	var b strings.Builder
	for _, n := range g.Nodes {
		fmt.Fprintf(&b, "%d %s %s", n.Depth, n.Name, n.Kind)
		if n.Parent != nil {
			fmt.Fprintf(&b, " by %s", n.Parent.Name)
		}
		if n.Module != nil && !n.Followed {
			b.WriteString(", not followed")
		}
		b.WriteByte('\n')
	}
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "%s > %s %d %s\n", e.From.Name, e.To.Name, e.Import.In.Line(e.Import.Stmt), e.Import.Runs)
	}
	return b.String()
}

const graphSources = `
-- pkg/__init__.py --
from . import early
-- pkg/early.py --
-- pkg/app.py --
from __future__ import annotations
import sys, libs.http
from . import store, nothing
from .store import get, put
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from . import types
if False:
    import never
def f():
    import report
-- pkg/store.py --
import pkg.app
-- pkg/types.py --
import unseen
-- report.py --
from pkg import types
from ..outside import x
`

func TestGraph(t *testing.T) {
	p := program(t, graphSources, python312)
	want := `0 pkg.app source
0 pkg package
1 sys builtin by pkg.app
1 libs.http missing by pkg.app
1 pkg.store source by pkg.app
1 typing source by pkg.app
1 report source by pkg.app
1 pkg.early source by pkg
1 never missing by pkg.app
2 pkg.types source by report
2 ..outside missing by report
3 unseen missing by pkg.types
pkg.app > sys 2 import
pkg.app > libs.http 2 import
pkg.app > pkg.store 3 import
pkg.app > pkg 3 import
pkg.app > pkg.store 4 import
pkg.app > typing 5 import
pkg.app > pkg.types 7 type_checking
pkg.app > never 9 never
pkg.app > report 11 call
pkg > pkg.early 1 import
pkg.store > pkg.app 1 import
report > pkg 1 import
report > pkg.types 1 import
report > ..outside 2 import
pkg.types > unseen 1 import
`
	if got := written(p.Graph(p.File("pkg/app.py"), 0)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestGraphDepth checks that a smaller depth leaves out nodes and nothing else.
func TestGraphDepth(t *testing.T) {
	p := program(t, graphSources, python312)
	start := p.File("pkg/app.py")
	all := p.Graph(start, 0)
	for depth := 1; depth <= 4; depth++ {
		near := p.Graph(start, depth)
		var names []string
		for _, n := range all.Nodes {
			if n.Depth <= depth {
				names = append(names, n.Name)
			}
		}
		if depth < 2 { // the import in app.py, for type checkers, is as near as it gets
			names = append(names, "pkg.types")
		}
		var got []string
		for _, n := range near.Nodes {
			got = append(got, n.Name)
			if n.Depth > depth {
				t.Errorf("depth %d has %s at %d", depth, n.Name, n.Depth)
			}
		}
		slices.Sort(names)
		slices.Sort(got)
		if !slices.Equal(got, names) {
			t.Errorf("depth %d: got %q, want %q", depth, got, names)
		}
	}
	if g := p.Graph(start, 1); strings.Contains(written(g), "unseen") || !strings.Contains(written(g), "1 pkg.types source by pkg.app, not followed") {
		t.Errorf("depth 1:\n%s", written(g))
	}
}

// TestGraphNames checks that nodes have different names, whatever files are
// called.
func TestGraphNames(t *testing.T) {
	p := program(t, `
-- one/app.py --
import x
import time
-- one/time.py --
-- two/app.py --
-- two/x.py --
import app
`, python312, "one", "two")
	want := `0 app source
1 x source by app
1 time builtin by app
2 app (two/app.py) source by x
app > x 1 import
app > time 2 import
x > app (two/app.py) 1 import
`
	if got := written(p.Graph(p.File("one/app.py"), 0)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestGraphWithin(t *testing.T) {
	p := program(t, graphSources, python312)
	keep := map[*Module]bool{p.File("pkg/app.py"): true, p.File("pkg/store.py"): true}
	want := "0 pkg.app source\n1 pkg.store source by pkg.app\npkg.app > pkg.store 3 import\npkg.app > pkg.store 4 import\npkg.store > pkg.app 1 import\n"
	if got := written(p.Graph(p.File("pkg/app.py"), 0).Within(keep)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
