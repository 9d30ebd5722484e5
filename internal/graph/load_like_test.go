package graph

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// TestLike compares programs that take over what another one read with those
// that read it themselves. The other one has another import root, so that other
// names, readers and functions called at import are found.
func TestLike(t *testing.T) {
	root := t.TempDir()
	var files []string
	for _, dir := range []string{"a", "b"} {
		for file, text := range map[string]string{
			"app.py":  "import json\nimport os\nfrom util import start\n\nstart()\n\ndef later():\n    return json.dumps(os.name)\n",
			"util.py": "import app\nimport re\n\ndef start():\n    return " + map[string]string{"a": "re.compile('x')", "b": "app.later()"}[dir] + "\n",
		} {
			file = dir + "/" + file
			files = append(files, file)
			if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, set := range map[string]func(*LoadOptions){
		"by value": func(*LoadOptions) {},
		"by name":  func(o *LoadOptions) { o.ByName = true },
		"trees":    func(o *LoadOptions) { o.ByName, o.Trees = true, []string{"a/app.py", "b/app.py"} },
		"lean":     func(o *LoadOptions) { o.ByName, o.Lean = true, true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			load := func(importRoot string, like *Program, shared bool) *Program {
				o := LoadOptions{
					Root: root, Files: files, ImportRoots: []string{importRoot, "a", "b"},
					Resolver: resolve.New([]string{filepath.Join(root, importRoot)}, nil), Like: like, Shared: shared,
				}
				set(&o)
				p, err := Load(context.Background(), o)
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			first := load("a", nil, true)
			alone, like := load("b", nil, false), load("b", first, true)
			samePrograms(t, like, alone)
			samePrograms(t, load("b", like, true), alone)
			samePrograms(t, load("a", like, false), first)
			util := func(p *Program) *Module { return p.Module("util") }
			if util(first).File == util(alone).File {
				t.Fatal("the import root makes no difference")
			}
			for k, m := range like.Modules {
				if got := m.facts == first.Modules[k].facts; !got {
					t.Errorf("%s was read again", m.File)
				}
				if m.Scope == nil {
					continue
				}
				for n := range m.Syntax.Nodes {
					if id := syntax.NodeID(n); m.Scope.When(id) != alone.Modules[k].Scope.When(id) {
						t.Fatalf("%s: node %d runs at another time", m.File, n)
					}
				}
			}
			o := like.options
			o.Version, o.Like = syntax.Version{Major: 3, Minor: 8}, first
			older, err := Load(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			if older.Modules[0].facts == first.Modules[0].facts {
				t.Error("another version took over what was read for this one")
			}
		})
	}
}

// TestTextsAfterLargeFiles keeps what texts may name also of files that are read
// after large ones, for which the readers have other buffers.
func TestTextsAfterLargeFiles(t *testing.T) {
	root := t.TempDir()
	var files []string
	write := func(file, text string) {
		files = append(files, file)
		if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for k := range 2 * workers(1<<20) {
		write(fmt.Sprintf("a%d.py", k), strings.Repeat("x = [1, 2, 3]\n", largeFile/12))
	}
	write("m.py", "import json\n")
	for k := range 20 {
		write(fmt.Sprintf("z%d.py", k), "patch('m.json')\n")
	}
	p, err := Load(context.Background(), LoadOptions{Root: root, Files: files, ImportRoots: []string{"."}, ByName: true, Trees: []string{"m.py"}, Moving: []string{"m.py"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range p.Modules {
		if planted := m.Syntax != nil; planted != (m.File[0] != 'a') {
			t.Errorf("%s: a tree %v", m.File, planted)
		}
	}
}
