package rewrite

import (
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
	"fastpath/internal/testtree"
)

// load writes files into a new folder and loads them as a program.
func load(t testing.TB, files map[string]string) *graph.Program {
	t.Helper()
	return loadFor(t, files, syntax.Version{Major: 3, Minor: 12})
}

func loadFor(t testing.TB, files map[string]string, v syntax.Version) *graph.Program {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, files)
	return loadDir(t, dir, v)
}

func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	testtree.Write(t, dir, files)
}

func loadDir(t testing.TB, dir string, v syntax.Version) *graph.Program {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(path, ".py") {
			rel, _ := filepath.Rel(dir, path)
			names = append(names, filepath.ToSlash(rel))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	sort.Strings(names)
	prog, err := graph.Load(t.Context(), graph.LoadOptions{Root: dir, Files: names, ImportRoots: []string{"."}, Version: v})
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// find returns the module-level import of a file that binds a name.
func find(t testing.TB, prog *graph.Program, file, binds string) *graph.Import {
	t.Helper()
	m := prog.File(file)
	if m == nil {
		t.Fatalf("no file %s", file)
	}
	for _, imp := range m.Imports {
		if imp.Binds == binds && imp.Scope != "function" {
			return imp
		}
	}
	t.Fatalf("%s binds no %s by an import", file, binds)
	return nil
}
