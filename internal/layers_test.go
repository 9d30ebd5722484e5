// Package internal_test holds the one rule about all packages at once: data
// moves left to right, and a package imports only what stands to its left.
package internal_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// layers lists the packages from the lowest to the highest. Those of one line
// may not import each other.
var layers = []string{
	"diag atomicfile lifeguard regexps term python/oracle python/source testtree usage/insightstest",
	"config flame",
	"python/syntax",
	"python/scope python/interp python/pyc",
	"project",
	"deploy python/resolve python/launch",
	"evidence lambdaapi",
	"graph",
	"python/probe python/recorder",
	"profile usage",
	"usage/ingest usage/store usage/insights",
	"plan",
	"fastfile",
	"rewrite",
	"check",
	"report bench doctor verify",
	"gate",
	"cli",
}

// TestLayers walks the imports of every package, tests excluded.
func TestLayers(t *testing.T) {
	rank := map[string]int{}
	for i, line := range layers {
		for _, p := range strings.Fields(line) {
			rank[p] = i
		}
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(file))
		own, ok := rank[pkg]
		if !ok {
			t.Errorf("package internal/%s has no place in the layers; add it to layers_test.go and docs/architecture.md", pkg)
			return nil
		}
		seen[pkg] = true
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			dep, ours := strings.CutPrefix(name, "fastpath/internal/")
			if !ours {
				continue
			}
			if r, ok := rank[dep]; !ok || r >= own {
				t.Errorf("%s imports %s, which does not stand below it", file, dep)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range layers {
		for _, p := range strings.Fields(line) {
			if !seen[p] {
				t.Errorf("the layer %q has no package", p)
			}
			if !strings.Contains(string(text), "`internal/"+p+"`") {
				t.Errorf("docs/architecture.md does not describe internal/%s", p)
			}
		}
	}
}
