package graph

import (
	"context"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
)

// TestLean loads programs with and without trees and compares all that is
// known of their imports, and the cycles.
func TestLean(t *testing.T) {
	t.Run("library", func(t *testing.T) {
		i := findPython(t, oracle.One(t))
		sameLean(t, LoadOptions{Root: i.Stdlib, Files: sourcesBelow(t, i.Stdlib), ImportRoots: []string{"."}, Version: i.Version, Resolver: resolve.New(nil, i)})
	})
	t.Run("repository", func(t *testing.T) {
		root := filepath.Join("..", "..")
		sameLean(t, LoadOptions{Root: root, Files: sourcesBelow(t, root), ImportRoots: []string{"."}, Resolver: resolve.New([]string{root}, nil)})
	})
	for name, archive := range fixtures(t, "used") {
		t.Run(name, func(t *testing.T) {
			p := programBy(t, LoadOptions{ByName: true}, archive, python312)
			sameLean(t, p.options)
		})
	}
}

// sourcesBelow lists the Python files below a folder.
func sourcesBelow(t testing.TB, root string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "site-packages" || d.Name() == ".corpus" || d.Name() == ".git") {
			return fs.SkipDir
		}
		if d.Type().IsRegular() && strings.HasSuffix(path, ".py") {
			rel, err := filepath.Rel(root, path)
			files = append(files, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files below %s: %v", len(files), root, err)
	}
	return files
}

func sameLean(t *testing.T, o LoadOptions) {
	t.Helper()
	o.ByName = true
	whole, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	o.Lean = true
	lean, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	compared := samePrograms(t, lean, whole)
	for _, m := range lean.Modules {
		if m.Syntax != nil || m.Scope != nil || m.Imports != nil {
			t.Fatalf("%s: the tree is kept", m.File)
		}
	}
	t.Logf("%d imports in %d modules", compared, len(lean.Modules))
}

// samePrograms compares everything that is known of the modules and imports of
// two programs. It returns the number of imports.
func samePrograms(t *testing.T, got, want *Program) (compared int) {
	t.Helper()
	if len(got.Modules) != len(want.Modules) || !reflect.DeepEqual(got.Problems, want.Problems) {
		t.Fatalf("%d modules, problems %v; want %d, %v", len(got.Modules), got.Problems, len(want.Modules), want.Problems)
	}
	for k, m := range got.Modules {
		w := want.Modules[k]
		if m.File != w.File || m.Name != w.Name || m.Root != w.Root || m.Test != w.Test || m.IsPackage != w.IsPackage || !reflect.DeepEqual(m.Broken, w.Broken) {
			t.Errorf("got module %+v, want %+v", m, w)
			continue
		}
		list, other := got.Imports(m), want.Imports(w)
		if len(list) != len(other) {
			t.Errorf("%s: %d imports, want %d", m.File, len(list), len(other))
			continue
		}
		for j := range list {
			a, b := *list[j], *other[j]
			a.In, b.In = nil, nil
			if !reflect.DeepEqual(a, b) {
				t.Errorf("%s:%d: got %+v, want %+v", m.File, a.Line, a, b)
			}
			compared++
		}
	}
	names := func(p *Program) (out [][]string) {
		for _, set := range p.Cycles() {
			var files []string
			for _, m := range set {
				files = append(files, m.File)
			}
			out = append(out, files)
		}
		return out
	}
	if a, b := names(got), names(want); !reflect.DeepEqual(a, b) {
		t.Errorf("cycles %v, want %v", a, b)
	}
	return compared
}
