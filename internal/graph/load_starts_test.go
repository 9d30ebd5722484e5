package graph

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
)

// TestStarts compares the graph of a start in a program of which only what it
// can import was read with that in the whole program. Statements in functions
// may run later than in the whole one, where any module may call the function.
func TestStarts(t *testing.T) {
	t.Run("library", func(t *testing.T) {
		i := findPython(t, oracle.One(t))
		o := LoadOptions{
			Root: i.Stdlib, Files: sourcesBelow(t, i.Stdlib), ImportRoots: []string{"."}, Version: i.Version, Resolver: resolve.New(nil, i), Lean: true, ByName: true,
		}
		whole := load(t, o)
		for _, start := range []string{"argparse.py", "asyncio/base_events.py", "idlelib/editor.py", "json/__init__.py", "unittest/mock.py"} {
			o.Starts = []string{start}
			sameGraph(t, load(t, o), whole, start)
		}
	})
	t.Run("fixture", func(t *testing.T) {
		whole := programBy(t, LoadOptions{Lean: true, ByName: true}, startsFixture, python312, ".", "lib")
		o := whole.options
		o.Starts = []string{"svc/app.py"}
		if err := os.Remove(filepath.Join(whole.Root, "unrelated.py")); err != nil {
			t.Fatal(err)
		}
		p := load(t, o)
		if len(p.Problems) > 0 {
			t.Errorf("what the start cannot import was read: %v", p.Problems)
		}
		sameGraph(t, p, whole, "svc/app.py")
		var known []string
		for _, m := range p.Modules {
			if len(m.facts.bindings) > 0 {
				known = append(known, m.File)
			}
		}
		want := []string{"lib/dep/__init__.py", "lib/typed.py", "svc/__init__.py", "svc/app.py", "svc/inner/deep.py", "svc/late.py"}
		if !slices.Equal(known, want) {
			t.Errorf("read imports of %v, want %v", known, want)
		}
		if _, err := p.Update("svc/app.py", nil); err == nil {
			t.Error("a program that is not whole was updated")
		}
	})
}

func load(t *testing.T, o LoadOptions) *Program {
	t.Helper()
	p, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sameGraph compares the graphs of a start in two programs.
func sameGraph(t *testing.T, got, want *Program, start string) {
	t.Helper()
	lines := func(p *Program) (out []string) {
		g := p.Graph(p.File(start), 0)
		for _, n := range g.Nodes {
			out = append(out, fmt.Sprint("node ", n.Name, n.Kind, n.Path, n.Depth, n.Followed))
		}
		for _, e := range g.Edges {
			when := e.Import.Runs
			if e.Import.Scope == "function" {
				when = ""
			}
			out = append(out, fmt.Sprint("edge ", e.From.Name, " ", e.To.Name, " ", e.Import.Statement, e.Import.Line, when, e.Import.Context))
		}
		return out
	}
	a, b := lines(got), lines(want)
	for k := range max(len(a), len(b)) {
		if k >= len(a) || k >= len(b) || a[k] != b[k] {
			t.Fatalf("%s: the graph has %d nodes and edges, want %d; the first difference: got %q, want %q", start, len(a), len(b), a[min(k, len(a)-1)], b[min(k, len(b)-1)])
		}
	}
	if len(a) < 10 {
		t.Errorf("%s: only %d nodes and edges", start, len(a))
	}
}

const startsFixture = `
-- svc/__init__.py --
import json
-- svc/app.py --
from typing import TYPE_CHECKING
from . import late
from .inner.deep import thing
from dep import *
if TYPE_CHECKING:
    import typed
-- svc/late.py --
def run():
    from svc.inner import other
-- svc/inner/deep.py --
import svc.app
-- svc/inner/other.py --
value = 1
-- lib/dep/__init__.py --
import os
-- lib/typed.py --
import onlytyped
-- lib/onlytyped.py --
import svc.late
-- unrelated.py --
import svc.app
`

// TestNameOfPackage looks at a file that no import names: its name is that which
// imports give to the package around it.
func TestNameOfPackage(t *testing.T) {
	p := program(t, `
-- dist/pkg/__init__.py --
-- dist/pkg/a.py --
from ._b import x
-- dist/pkg/_b.py --
x = 1
-- dist/other.py --
from pkg.a import x
`, python312)
	for file, want := range map[string]string{"dist/pkg/__init__.py": "pkg", "dist/pkg/a.py": "pkg.a", "dist/pkg/_b.py": "pkg._b"} {
		if got := p.File(file).Name; got != want {
			t.Errorf("%s is called %q, want %q", file, got, want)
		}
	}
	if m := p.File("dist/pkg/a.py"); m.Imports[0].Target != "pkg._b" {
		t.Errorf("the import in %s means %q", m.File, m.Imports[0].Target)
	}
}

// TestMainIsNoFile: "import __main__" means the program that runs, and no file of
// that name in some folder.
func TestMainIsNoFile(t *testing.T) {
	root := t.TempDir()
	for file, text := range map[string]string{"app.py": "import __main__\n", "tool/__main__.py": "import json\n"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := Load(context.Background(), LoadOptions{Root: root, Files: []string{"app.py", "tool/__main__.py"}, ImportRoots: []string{"."}})
	if err != nil {
		t.Fatal(err)
	}
	for _, imp := range p.Imports(p.File("app.py")) {
		if targets := p.Targets(imp); len(targets) > 0 {
			t.Errorf("%s leads to %s", imp.Target, targets[0].File)
		}
	}
	if m := p.File("tool/__main__.py"); m.Name != "tool.__main__" {
		t.Errorf("%s is called %q", m.File, m.Name)
	}
}
