package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"fastpath/internal/check"
	"fastpath/internal/report"
)

// fixtureDay is the day on which the fixtures are checked: 2026-11-25.
const fixtureDay = "SOURCE_DATE_EPOCH=1795600000"

// runFixture checks the base project with the changes of a fixture.
func runFixture(t *testing.T, a *txtar.Archive, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	base, err := txtar.ParseFile(filepath.Join("..", "..", "testdata", "rules", "base.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, f := range append(base.Files, a.Files...) {
		files[f.Name] = string(f.Data)
		if string(f.Data) == "(deleted)\n" {
			delete(files, f.Name)
		}
	}
	delete(files, "want")
	dir := initProject(t, files)
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: []string{fixtureDay}, Dir: dir}
	code = c.Main(t.Context(), append([]string{"check"}, args...))
	return code, out.String(), errs.String()
}

// TestRules checks the fixtures: what testdata/err/RULE.txtar changes is found
// as its file "want" says, what testdata/ok/RULE.txtar changes is no finding.
func TestRules(t *testing.T) {
	for _, kind := range []string{"err", "ok"} {
		names, err := filepath.Glob(filepath.Join("..", "..", "testdata", kind, "*.txtar"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			id := strings.TrimSuffix(filepath.Base(name), ".txtar")
			t.Run(kind+"/"+id, func(t *testing.T) {
				t.Parallel()
				a, err := txtar.ParseFile(name)
				if err != nil {
					t.Fatal(err)
				}
				code, stdout, stderr := runFixture(t, a, "-v", "-q")
				if stderr != "" {
					t.Errorf("stderr: %s", stderr)
				}
				if kind == "ok" {
					if code != ExitOK || stdout != "" {
						t.Errorf("exit %d:\n%s", code, stdout)
					}
					return
				}
				if code != ExitFindings || !strings.Contains(stdout, "["+id+"]\n") {
					t.Errorf("exit %d, and %s should be found:\n%s", code, id, stdout)
				}
				compareFixture(t, name, a, stdout)
			})
		}
	}
}

// compareFixture compares output with the file "want" of a fixture, or
// rewrites it under -update.
func compareFixture(t *testing.T, name string, a *txtar.Archive, got string) {
	t.Helper()
	i := slices.IndexFunc(a.Files, func(f txtar.File) bool { return f.Name == "want" })
	if i < 0 {
		t.Fatalf("%s has no file \"want\"", name)
	}
	if string(a.Files[i].Data) == got {
		return
	}
	if *update {
		a.Files[i].Data = []byte(got)
		if err := os.WriteFile(name, txtar.Format(a), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("(-want +got; go test ./internal/cli -run TestRules -update rewrites it)\n%s", cmp.Diff(string(a.Files[i].Data), got))
}

// TestRuleFixtures holds that every rule has a fixture of either kind.
func TestRuleFixtures(t *testing.T) {
	for _, r := range check.Rules() {
		for _, kind := range []string{"err", "ok"} {
			if _, err := os.Stat(filepath.Join("..", "..", "testdata", kind, r.ID+".txtar")); err != nil {
				t.Errorf("%s has no fixture: %v", r.ID, err)
			}
		}
	}
}

// TestRulesDoc holds that docs/rules.md says what the rules say.
func TestRulesDoc(t *testing.T) {
	name := filepath.Join("..", "..", "docs", "rules.md")
	want := report.Markdown(check.Rules())
	if *update {
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/rules.md is out of date; regenerate it: go test ./internal/cli -run TestRulesDoc -update\n%s", cmp.Diff(string(got), string(want)))
	}
}
