package resolve

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// environments returns the folders that tools/fetch-environments built, by
// the names of their lists. It skips the test where they are not all there,
// and fails it where oracles are required.
func environments(t *testing.T) map[string]string {
	t.Helper()
	root := filepath.Join("..", "..", "..")
	dir := os.Getenv("FASTPATH_ENVIRONMENTS")
	if dir == "" {
		dir = filepath.Join(root, ".corpus", "environments")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := filepath.Glob(filepath.Join(root, "tools", "environments", "*.txt"))
	if err != nil || len(lists) == 0 {
		t.Fatalf("no lists of environments: %v", err)
	}
	found := map[string]string{}
	for _, list := range lists {
		name := strings.TrimSuffix(filepath.Base(list), ".txt")
		env := filepath.Join(dir, name)
		if _, err := os.Stat(filepath.Join(env, "stamp")); err == nil {
			found[name] = env
			continue
		}
		if oracle.Required() {
			t.Fatalf("the environment %q is missing; run tools/fetch-environments", name)
		}
		t.Skipf("the environment %q is missing; run tools/fetch-environments", name)
	}
	return found
}

// TestEnvironments compares every name that an import statement of an
// environment mentions, in its packages, the standard library and its
// projects, with what its own Python finds.
func TestEnvironments(t *testing.T) {
	var mu sync.Mutex
	var total, imported tally
	add := func(sum *tally, n tally) {
		mu.Lock()
		defer mu.Unlock()
		sum.names += n.names
		sum.equal += n.equal
		sum.flagged += n.flagged
		sum.wrong += n.wrong
	}
	all := environments(t)
	t.Run("all", func(t *testing.T) {
		for _, name := range slices.Sorted(maps.Keys(all)) {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				i := interpreter(t, filepath.Join(all[name], "bin", "python"))
				r := New(nil, i)
				names, files := importedNames(t, r, filepath.Join(all[name], "projects"))
				n := check(t, r, ask(t, i, question{Names: names}))
				if n.names < 4000 || n.flagged*50 > n.names {
					t.Errorf("%d names are too few, or %d too many that are said to be decided at run time", n.names, n.flagged)
				}
				add(&total, n)
				t.Logf("%s: %d names in %d files: %d equal, %d decided at run time", i, n.names, files, n.equal, n.flagged)

				n = check(t, r, ask(t, i, question{Import: true, Names: names, Running: flagged(r, names)}))
				add(&imported, n)
				t.Logf("with parents imported: %d names: %d equal, %d decided at run time", n.names, n.equal, n.flagged)
			})
		}
	})
	t.Logf("%d environments, %d names: %d equal, %d decided at run time, %d wrong", len(all), total.names, total.equal, total.flagged, total.wrong)
	t.Logf("with parents imported, %d names: %d equal, %d decided at run time, %d wrong", imported.names, imported.equal, imported.flagged, imported.wrong)
}

// importedNames returns the absolute names that the import statements below
// the resolver's path and dir mention: of "from a.b import c" a, a.b and
// a.b.c. It returns the number of files, too.
func importedNames(t *testing.T, r *Resolver, dir string) (names []string, files int) {
	t.Helper()
	type file struct{ path, module string }
	var all []file
	seen := map[string]bool{}
	for _, root := range append(r.Path(), dir) {
		_ = filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() && (seen[p] || p != root && strings.HasSuffix(p, "-packages")) {
				return fs.SkipDir
			}
			if d.IsDir() {
				seen[p] = true
				return nil
			}
			if rel, err := filepath.Rel(root, p); err == nil && strings.HasSuffix(p, ".py") {
				all = append(all, file{p, strings.ReplaceAll(strings.TrimSuffix(rel, ".py"), string(filepath.Separator), ".")})
			}
			return nil
		})
	}
	found := map[string]bool{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	jobs := make(chan file)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			own := map[string]bool{}
			for f := range jobs {
				src, err := os.ReadFile(f.path)
				if err != nil {
					continue
				}
				for _, name := range imports(syntax.Parse(src, r.version), f.module) {
					for ; name != "" && !own[name]; name = name[:max(0, strings.LastIndexByte(name, '.'))] {
						own[name] = true
					}
				}
			}
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(found, own)
		})
	}
	for _, f := range all {
		jobs <- f
	}
	close(jobs)
	wg.Wait()
	return clean(slices.Collect(maps.Keys(found))), len(all)
}

// imports returns the names that the import statements of a module mention.
func imports(f *syntax.File, module string) []string {
	var names []string
	pkg := strings.TrimSuffix(module, ".__init__")
	if pkg == module {
		pkg = module[:max(0, strings.LastIndexByte(module, '.'))]
	}
	for n := range f.Nodes {
		id := syntax.NodeID(n)
		switch f.Kind(id) {
		case syntax.Import:
			for a := range f.Children(id) {
				names = append(names, f.DottedText(f.First(a)))
			}
		case syntax.ImportFrom:
			base := ""
			if d := f.Child(id, syntax.DottedName); d != syntax.None {
				base = f.DottedText(d)
			}
			if level := f.ImportLevel(id); level > 0 {
				parent := pkg
				for ; level > 1; level-- {
					parent = parent[:max(0, strings.LastIndexByte(parent, '.'))]
				}
				if parent == "" {
					continue // it leads out of the package
				}
				base = strings.TrimSuffix(parent+"."+base, ".")
			}
			names = append(names, base)
			for a := range f.Children(id) {
				if f.Kind(a) == syntax.Alias {
					names = append(names, base+"."+f.Text(f.First(a)))
				}
			}
		}
	}
	return names
}
