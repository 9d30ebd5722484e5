package cli

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"fastpath/internal/diag"
	"fastpath/internal/doctor"
	"fastpath/internal/report"
)

// fixtureDay is the day on which the fixtures are checked: 2026-11-25.
const fixtureDay = "SOURCE_DATE_EPOCH=1795600000"

// runFixture checks the base project with the changes of a fixture. Those of
// doctor's rules run doctor; there every source has byte-code unless the
// fixture says otherwise, and the lines of its file "env" are the environment.
// With a folder "committed" the project is a git repository, which has its
// files instead.
func runFixture(t *testing.T, id string, a *txtar.Archive, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	base, err := txtar.ParseFile(filepath.Join("..", "..", "testdata", "rules", "base.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files, bytecode := map[string]string{}, map[string]string{}
	for _, f := range append(base.Files, a.Files...) {
		files[f.Name] = string(f.Data)
		if string(f.Data) == "(deleted)\n" {
			delete(files, f.Name)
		}
		if strings.HasSuffix(f.Name, ".pyc") {
			delete(files, f.Name)
			bytecode[f.Name] = strings.TrimSpace(string(f.Data))
		}
	}
	env := append([]string{fixtureDay}, strings.Fields(files["env"])...)
	delete(files, "want")
	delete(files, "env")
	committed := map[string]string{}
	for name, text := range files {
		if rest, ok := strings.CutPrefix(name, "committed/"); ok {
			committed[rest] = text
			delete(files, name)
		}
	}
	dir := initProject(t, files)
	if len(committed) > 0 {
		commitBefore(t, dir, committed)
	}
	command := "check"
	if slices.ContainsFunc(doctor.Rules(), func(r diag.Rule) bool { return r.ID == id }) {
		command = "doctor"
		for name := range files {
			if source, ok := strings.CutSuffix(name, ".py"); ok {
				writeBytecode(t, dir, name, path.Join(path.Dir(name), "__pycache__", path.Base(source)+".cpython-312.pyc"), bytecode)
			}
		}
	}
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Env: env, Dir: dir}
	code = c.Main(t.Context(), append([]string{command}, args...))
	return code, out.String(), errs.String()
}

// commitBefore makes the project a git repository with other contents of some
// files in its one commit.
func commitBefore(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	now := map[string][]byte{}
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		now[path], _ = os.ReadFile(path)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q"}, {"add", "."}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "before"},
	} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v\n%s", args[0], err, out)
		}
	}
	for path, data := range now {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// writeBytecode writes the header of the byte-code of a source: "(dated)" goes
// by its date, "(stale)" by another one, "(reset)" also sets the source's date
// as packers do, "(other)" is of Python 3.11, "(deleted)" is not there.
func writeBytecode(t *testing.T, dir, source, name string, wanted map[string]string) {
	t.Helper()
	source = filepath.Join(dir, filepath.FromSlash(source))
	head := make([]byte, 16)
	copy(head, "\xcb\r\r\n\x01")
	info, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	date := uint32(info.ModTime().Unix())
	switch how := wanted[name]; how {
	case "":
	case "(deleted)":
		return
	case "(other)":
		head[0] = 0xa7
	case "(dated)", "(stale)", "(reset)":
		head[4] = 0
		if how == "(stale)" {
			date--
		}
		if how == "(reset)" {
			day := time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)
			if err := os.Chtimes(source, day, day); err != nil {
				t.Fatal(err)
			}
		}
		binary.LittleEndian.PutUint32(head[8:], date)
		binary.LittleEndian.PutUint32(head[12:], uint32(info.Size()))
	default:
		t.Fatalf("%s: unknown byte-code %q", name, how)
	}
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, head, 0o644); err != nil {
		t.Fatal(err)
	}
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
				code, stdout, stderr := runFixture(t, id, a, "-v", "-q")
				if stderr != "" {
					t.Errorf("stderr: %s", stderr)
				}
				if kind == "ok" {
					if code != ExitOK || stdout != "" {
						t.Errorf("exit %d:\n%s", code, stdout)
					}
					return
				}
				if code != fixtureCode(id) || !strings.Contains(stdout, "["+id+"]\n") {
					t.Errorf("exit %d, and %s should be found:\n%s", code, id, stdout)
				}
				compareFixture(t, name, a, stdout)
			})
		}
	}
}

// fixtureCode is the exit code where a rule finds something: a remark is none.
func fixtureCode(id string) int {
	for _, r := range allRules() {
		if r.ID == id && r.Severity == diag.Info {
			return ExitOK
		}
	}
	return ExitFindings
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
	for _, r := range allRules() {
		if strings.HasPrefix(r.ID, "FP30") {
			continue // the gate's, which measures and compares
		}
		for _, kind := range []string{"err", "ok"} {
			if _, err := os.Stat(filepath.Join("..", "..", "testdata", kind, r.ID+".txtar")); err != nil {
				t.Errorf("%s has no fixture: %v", r.ID, err)
			}
		}
	}
}

// TestRuleIDs holds that a configuration may name these rules and no others.
func TestRuleIDs(t *testing.T) {
	var ids []string
	for _, r := range allRules() {
		ids = append(ids, r.ID)
	}
	slices.Sort(ids)
	if !slices.Equal(ids, diag.IDs) {
		t.Errorf("diag.IDs is\n%q, the rules are\n%q", diag.IDs, ids)
	}
}

// TestRulesDoc holds that docs/rules.md says what the rules say.
func TestRulesDoc(t *testing.T) {
	name := filepath.Join("..", "..", "docs", "rules.md")
	want := report.Markdown(allRules())
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
