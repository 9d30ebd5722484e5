package graph

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// TestTrees compares programs that have the trees of what some files can import
// with those that have all.
func TestTrees(t *testing.T) {
	root := filepath.Join("..", "..")
	o := LoadOptions{Root: root, Files: sourcesBelow(t, root), ImportRoots: []string{"."}, Resolver: resolve.New([]string{root}, nil), ByName: true}
	whole, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Trees = []string{"examples/smart-home/lambda_function.py", "there_is_none.py"}
	some, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	samePrograms(t, some, whole)
	var trees, others int
	for _, m := range some.Modules {
		if m.Syntax == nil {
			others++
			if m.Imports != nil || m.Scope != nil {
				t.Errorf("%s has imports without a tree", m.File)
			}
			if tree, all := some.Tree(m), whole.File(m.File).Syntax; tree == nil || len(tree.Nodes) != len(all.Nodes) {
				t.Errorf("%s: the tree that is read again is another one", m.File)
			}
			continue
		}
		trees++
		all := whole.File(m.File)
		if !reflect.DeepEqual(some.Undefined(m), whole.Undefined(all)) {
			t.Errorf("%s: undefined names differ", m.File)
		}
		for k, imp := range m.Imports {
			if a, b := len(some.Targets(imp)), len(whole.Targets(all.Imports[k])); a != b {
				t.Errorf("%s:%d: %d targets, want %d", m.File, imp.Line, a, b)
			}
			for _, of := range some.Targets(imp) {
				if of.Syntax == nil {
					t.Errorf("%s:%d imports %s, which has no tree", m.File, imp.Line, of.File)
				}
			}
		}
		for n := range m.Syntax.Nodes {
			if id := syntax.NodeID(n); m.Scope.When(id) != all.Scope.When(id) {
				t.Fatalf("%s: node %d runs at another time", m.File, n)
			}
		}
	}
	if trees < 10 || others < 20 {
		t.Errorf("%d modules with a tree, %d without", trees, others)
	}
}

// TestSharedTrees: a name that stays where it is, and that other files read,
// is known with all its uses.
func TestSharedTrees(t *testing.T) {
	for name, c := range map[string]struct {
		app, other string
		want       bool // all files have trees
	}{
		"nobody reads it":     {"lazy import json\n", "import app\napp.x\n", false},
		"a lazy import":       {"lazy import json\n", "import app\nprint(app.json)\n", true},
		"by a from-import":    {"lazy import json\n", "from app import json\n", true},
		"by a star import":    {"lazy import json\n", "from app import *\njson\n", true},
		"a plain import":      {"import json\n", "from app import json\n", false},
		"a global, at start":  {"def f():\n    global json\n    import json\nf()\n", "from app import json\n", true},
		"a global, at a call": {"def unnamed():\n    global json\n    import json\n", "from app import json\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, text := range map[string]string{"app.py": c.app, "other.py": c.other} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			p, err := Load(context.Background(), LoadOptions{Root: dir, Files: []string{"app.py", "other.py"}, ImportRoots: []string{"."}, ByName: true, Trees: []string{"app.py"}})
			if err != nil {
				t.Fatal(err)
			}
			if got := p.File("other.py").Syntax != nil; got != c.want {
				t.Errorf("the other file has a tree: %v", got)
			}
			if p.File("app.py").Syntax == nil {
				t.Error("the file itself has none")
			}
		})
	}
}
