package graph

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// program writes the files of an archive into a folder and loads them.
func program(t *testing.T, archive string, v syntax.Version, roots ...string) *Program {
	t.Helper()
	return programBy(t, LoadOptions{}, archive, v, roots...)
}

func programBy(t *testing.T, o LoadOptions, archive string, v syntax.Version, roots ...string) *Program {
	t.Helper()
	dir := t.TempDir()
	var files []string
	for _, f := range txtar.Parse([]byte(archive)).Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(f.Name, ".py") {
			files = append(files, f.Name)
		}
	}
	if len(roots) == 0 {
		roots = []string{"."}
	}
	o.Root, o.Files, o.ImportRoots, o.Version, o.Resolver = dir, files, roots, v, resolve.New(nil, nil)
	p, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var python312 = syntax.Version{Major: 3, Minor: 12}

// fixtures reads the archives of a folder below testdata.
func fixtures(t *testing.T, folder string) map[string]string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join("testdata", folder, "*.txtar"))
	if err != nil || len(list) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	out := map[string]string{}
	for _, path := range list {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(path), ".txtar")] = string(data)
	}
	return out
}

// expectation reads the comment behind an import: "# yes why", "# no", with
// one word for each name that it binds; "@3.14" restricts it to a version.
func expectation(line string) (words []string, ok bool) {
	_, comment, ok := strings.Cut(line, "#> ")
	if !ok {
		return nil, false
	}
	for w := range strings.SplitSeq(comment, ";") {
		words = append(words, strings.TrimSpace(w))
	}
	return words, true
}

// TestUsedAtImport reads testdata/used: the comment behind each import says,
// for every name that it binds, whether it is used at import and how.
func TestUsedAtImport(t *testing.T) {
	for name, archive := range fixtures(t, "used") {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := python312
			if n, after, ok := strings.Cut(name, "_3_"); ok && n != "" {
				if _, err := fmt.Sscanf(after, "%d", &v.Minor); err != nil {
					t.Fatal(err)
				}
			}
			p := program(t, archive, v)
			checked := 0
			for _, m := range p.Modules {
				for _, e := range m.Syntax.Errors {
					t.Errorf("%s does not parse: %s", m.File, e.Message)
				}
				lines := strings.Split(string(m.Syntax.Src), "\n")
				byLine := map[int][]*Import{}
				for _, imp := range m.Imports {
					l := m.Line(imp.Stmt)
					byLine[l] = append(byLine[l], imp)
				}
				for l, imps := range byLine {
					words, ok := expectation(lines[l-1])
					if !ok {
						continue
					}
					if len(words) != len(imps) {
						t.Fatalf("%s:%d: %d expectations for %d names", m.File, l, len(words), len(imps))
					}
					for k, imp := range imps {
						checked++
						got := "no"
						if imp.UsedAtImport {
							got = "yes " + imp.UsedAtWhy
						}
						if got != words[k] {
							t.Errorf("%s:%d: %s: got %q, want %q", m.File, l, imp.Binds, got, words[k])
						}
					}
				}
			}
			if checked == 0 {
				t.Error("the fixture expects nothing")
			}
			// Followed by name, more may be said to be used, but nothing less.
			coarse := programBy(t, LoadOptions{ByName: true}, archive, v)
			for k, m := range p.Modules {
				for l, imp := range m.Imports {
					if other := coarse.Modules[k].Imports[l]; imp.UsedAtImport && !other.UsedAtImport {
						t.Errorf("by name: %s:%d: %s is said not to be used at import", m.File, m.Line(imp.Stmt), imp.Binds)
					}
				}
			}
		})
	}
}

// TestFollowTooLong: what takes too many steps by value is followed by name.
func TestFollowTooLong(t *testing.T) {
	archive := fixtures(t, "used")["called"]
	byName := programBy(t, LoadOptions{ByName: true}, archive, python312)
	cut := programBy(t, LoadOptions{steps: 10}, archive, python312)
	if full := programBy(t, LoadOptions{}, archive, python312); len(compare(full, byName)) == 0 {
		t.Fatal("by value and by name are the same here")
	}
	for _, difference := range compare(cut, byName) {
		t.Error(difference)
	}
}

// compare lists the imports of which two programs say different things.
func compare(a, b *Program) (out []string) {
	for k, m := range a.Modules {
		for l, imp := range m.Imports {
			if other := b.Modules[k].Imports[l]; imp.UsedAtImport != other.UsedAtImport || imp.Runs != other.Runs {
				out = append(out, fmt.Sprintf("%s:%d: %s", m.File, imp.Line, imp.Binds))
			}
		}
	}
	return out
}
