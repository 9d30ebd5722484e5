package rewrite

import (
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/python/syntax"
)

// TestTogether judges every case of TestGate in a program that has the trees
// only of what can be in one process with m, in one that has only those of them
// that concern the import, and in one that has all.
func TestTogether(t *testing.T) {
	apart := 0
	for _, c := range gateCases {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{"m.py": c.m, "apart.py": "import json\nimport os\n\n\ndef f():\n    return json.dumps(os.sep)\n"}
			all := "import m\n" // so that they are in one process
			for file, text := range c.other {
				files[file] = text
				if path.Base(file) != "conftest.py" {
					all += "import " + strings.ReplaceAll(strings.TrimSuffix(strings.TrimSuffix(file, ".py"), "/__init__"), "/", ".") + "\n"
				}
			}
			files["test_process.py"] = all // a test, or what it imports would be none
			dir := t.TempDir()
			writeFiles(t, dir, files)
			var names []string
			for file := range files {
				if strings.HasSuffix(file, ".py") {
					names = append(names, file)
				}
			}
			load := func(trees, moving []string, clues []graph.Clue, like *graph.Program) *graph.Program {
				prog, err := graph.Load(t.Context(), graph.LoadOptions{
					Root: dir, Files: names, ImportRoots: []string{"."}, Version: syntax.Version{Major: 3, Minor: 12}, ByName: true,
					Trees: trees, Moving: moving, Clues: clues, Texts: true, Shared: true, Like: like,
				})
				if err != nil {
					t.Fatal(err)
				}
				return prog
			}
			judge := func(prog *graph.Program, k int) []any {
				imp, g := prog.File("m.py").Imports[k], NewGate(prog, GateOptions{Entries: []string{"m"}})
				return []any{g.Verdict(imp), g.Removable(imp)}
			}
			trees := []string{"m.py"}
			whole, prog, first := load(nil, nil, nil, nil), load(trees, trees, nil, nil), load(trees, nil, nil, nil)
			for k, imp := range whole.File("m.py").Imports {
				want := judge(whole, k)
				if got := judge(prog, k); !reflect.DeepEqual(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
				moving, clues := Concern(first, first.File("m.py").Imports[k], nil)
				if got := judge(load(trees, moving, clues, first), k); !reflect.DeepEqual(got, want) {
					t.Errorf("%s: by the clues %v got %v, want %v", imp.Binds, clues, got, want)
				}
			}
			if prog.File("apart.py").Syntax == nil {
				apart++
			}
		})
	}
	if apart < len(gateCases)*9/10 {
		t.Errorf("only %d of %d programs leave out what has nothing to do with m", apart, len(gateCases))
	}
}

// TestSparse judges in a program in which a file speaks of the import, and what that
// file imports has no tree.
func TestSparse(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"m.py":      "import x\n\n\ndef f():\n    return x.y\n",
		"speaks.py": "import m\nfrom apart import Base\n\n\nclass C(Base):\n    pass\n\n\ndef g():\n    return m.x\n",
		"apart.py":  "class Base:\n    pass\n",
	}
	writeFiles(t, dir, files)
	o := graph.LoadOptions{
		Root: dir, Files: slices.Sorted(maps.Keys(files)), ImportRoots: []string{"."}, Version: syntax.Version{Major: 3, Minor: 12}, ByName: true,
		Trees: []string{"m.py"}, Texts: true, Shared: true,
	}
	var prog *graph.Program
	for range 2 {
		var err error
		if prog, err = graph.Load(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o.Moving, o.Clues = Concern(prog, prog.File("m.py").Imports[0], nil)
		o.Like = prog
	}
	if prog.File("speaks.py").Syntax == nil || prog.File("apart.py").Syntax != nil {
		t.Fatal("the trees are not those that are meant")
	}
	got := NewGate(prog, GateOptions{Entries: []string{"m"}}).Verdict(prog.File("m.py").Imports[0])
	if want := (plan.Verdict{Safety: plan.SafetyGuard, Cause: "m.x is read from outside, speaks.py:10"}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}
