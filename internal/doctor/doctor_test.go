package doctor

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/config"
	"fastpath/internal/deploy"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
	"fastpath/internal/testtree"
)

// header is byte-code of Python 3.12 that fits any source.
const header = "\xcb\r\r\n\x01\x00\x00\x0012345678"

// input is a project with an entry app.py that imports helper, profiled on an
// interpreter of some version.
func input(t *testing.T, minor int, files map[string]string) *Input {
	t.Helper()
	dir := t.TempDir()
	testtree.Write(t, dir, map[string]string{"app.py": "import helper\n", "helper.py": "", "site/x/__init__.py": "", "lib/os.py": "", "lib/json.py": "", "lib/__pycache__/json.cpython-312.pyc": header})
	testtree.Write(t, dir, files)
	sources, err := project.Listing(dir, []string{"app.py", "helper.py"})
	if err != nil {
		t.Fatal(err)
	}
	version := syntax.Version{Major: 3, Minor: minor}
	program, err := graph.Load(t.Context(), graph.LoadOptions{Root: dir, Files: sources, ImportRoots: []string{"."}, Version: version})
	if err != nil {
		t.Fatal(err)
	}
	row := func(name string, ms float64) evidence.Module {
		return evidence.Module{Name: name, SelfMS: ms, Kind: "source", Phase: evidence.PhaseInit}
	}
	return &Input{
		Root: dir, Config: config.Default(), Deployment: &deploy.Deployment{}, Writable: func(string) bool { return true },
		Interpreter: &interp.Interpreter{
			Path: filepath.Join(dir, "bin", "python"), Version: version, Implementation: "cpython",
			Stdlib: filepath.Join(dir, "lib"), SitePackages: []string{filepath.Join(dir, "site")},
		},
		Entries: []*Entry{{
			Entry:   project.Entry{Name: "app.py", Kind: project.EntryFile, File: "app.py", ImportRoot: "."},
			Program: program,
			Evidence: &evidence.Entry{
				TotalMinMS: 100, Startup: []string{"os", "x", "x.y"}, Environment: evidence.Environment{Bytecode: evidence.BytecodeCached},
				Modules: []evidence.Module{row("app", 1), row("helper", 4), row("x", 90), row("json", 2)},
			},
		}},
	}
}

// lines writes findings as "file:line rule severity ms message".
func lines(t *testing.T, in *Input) []string {
	t.Helper()
	var out []string
	for _, d := range Run(in).Findings {
		out = append(out, strings.Join([]string{d.Span.File, d.Rule, d.Severity.String(), msText(d.CostMS), d.Message}, " | "))
	}
	return out
}

// TestUnwritable: what is missing and cannot be written is paid at every start.
func TestUnwritable(t *testing.T) {
	in := input(t, 12, nil)
	in.Writable = func(dir string) bool { return !strings.HasSuffix(dir, "x") }
	want := []string{
		"app.py | FP401 | info | 18ms | no byte-code that fits for 2 of 2 modules from the project: compiled at the first start of every copy that is deployed like this, about 18ms each (estimated)",
		"site/x/__init__.py | FP401 | warning | 315ms | no byte-code that fits for 1 of 1 module from site: compiled at every start, as the folders cannot be written, about 315ms a start (estimated)",
	}
	if diff := cmp.Diff(want, lines(t, in)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	// A profile that was made like this has the compiling in its figures.
	in.Entries[0].Evidence.Environment.Bytecode = evidence.BytecodeMissing
	if got := lines(t, in); !strings.Contains(got[1], " | 70ms | ") {
		t.Error(got[1])
	}
	// Nothing is said about an interpreter that nobody found.
	in.Interpreter = nil
	if got := lines(t, in); got != nil {
		t.Error(got)
	}
}

// TestCacheFolder: byte-code lies elsewhere with PYTHONPYCACHEPREFIX.
func TestCacheFolder(t *testing.T) {
	in := input(t, 12, nil)
	cache := filepath.Join(in.Root, "cache")
	testtree.Write(t, filepath.Join(cache, in.Root), map[string]string{
		"app.cpython-312.pyc": header, "helper.cpython-312.pyc": header, "site/x/__init__.cpython-312.pyc": header,
	})
	in.Env = []string{"PYTHONPYCACHEPREFIX=" + cache}
	if got := lines(t, in); got != nil {
		t.Error(got)
	}
	in.Env = append(in.Env, "PYTHONOPTIMIZE=1")
	if got := lines(t, in); len(got) != 2 {
		t.Errorf("optimized byte-code is another file: %q", got)
	}
	testtree.Write(t, filepath.Join(cache, in.Root), map[string]string{"lib/os.cpython-312.pyc": header})
	if got := lines(t, in); len(got) != 3 || !strings.HasPrefix(got[1], "lib/json.py | FP401") {
		t.Errorf("the standard library's byte-code is in the folder, too: %q", got)
	}
}

// TestMeasuredStart: a profile has timed each file that runs at start.
func TestMeasuredStart(t *testing.T) {
	in := input(t, 12, map[string]string{"site/a.pth": "import x\nimport json\n", "site/b.pth": "import os\n", "site/c.pth": "import json\n"})
	in.Entries[0].Evidence.StartupCode = []evidence.StartupCode{{Name: "a.pth", SelfMS: 12.6, Modules: 2}, {Name: "b.pth", SelfMS: 0.1}}
	var got []string
	for _, line := range lines(t, in) {
		if strings.Contains(line, "FP402") {
			got = append(got, strings.Replace(line, "code runs at every start of this environment: ", "", 1))
		}
	}
	want := []string{
		`site/a.pth | FP402 | warning | 13ms | "import x"; a.pth takes 13ms a start and loads 2 modules`,
		`site/a.pth | FP402 | warning | 0.0ms | "import json"`,
		`site/b.pth | FP402 | info | 0.1ms | "import os"; b.pth takes 0.1ms a start and loads 0 modules`,
		`site/c.pth | FP402 | info | 0.0ms | "import json"; start-up had loaded nothing by it`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestStartLines: from 3.15 on, entry points of a .start file are code, and
// take the place of the code in the .pth file of that name.
func TestStartLines(t *testing.T) {
	dir := t.TempDir()
	testtree.Write(t, dir, map[string]string{
		"a.pth": "\ufeffimport a\nimport\tb, c.d\n import no\n#import no\nimportant\n", "a.start": "# who\na.start:run\n\n",
		"b.pth": "import b\n", ".hidden.pth": "import no\n", "c.start": "c\n",
	})
	for minor, want := range map[int][]string{
		14: {"a.pth:1 a", "a.pth:2 b c.d", "b.pth:1 b"},
		15: {"a.start:2 a.start", "b.pth:1 b", "c.start:1 c"},
	} {
		var got []string
		for _, l := range startLines(dir, syntax.Version{Major: 3, Minor: minor}) {
			got = append(got, filepath.Base(l.file)+":"+string(rune('0'+l.number))+" "+strings.Join(l.modules, " "))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("3.%d (-want +got)\n%s", minor, diff)
		}
	}
	if got := startLines(filepath.Join(dir, "gone"), syntax.Version{}); got != nil {
		t.Error(got)
	}
}

// TestResetDates: a packer's date is one in any time zone.
func TestResetDates(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.py")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		date time.Time
		want bool
	}{
		{time.Unix(0, 0), true},
		{time.Date(1980, 1, 1, 8, 0, 0, 0, time.UTC), true},
		{time.Date(1979, 12, 31, 16, 0, 0, 0, time.UTC), true},
		{time.Date(1980, 1, 3, 0, 0, 0, 0, time.UTC), false},
		{time.Now(), false},
	} {
		if err := os.Chtimes(file, c.date, c.date); err != nil {
			t.Fatal(err)
		}
		if got := wasReset(file); got != c.want {
			t.Errorf("%s: %v", c.date, got)
		}
	}
}

// TestNoDebugRanges: versions before 3.11 have no columns to drop.
func TestNoDebugRanges(t *testing.T) {
	for minor, want := range map[int]bool{10: false, 11: true} {
		in := input(t, minor, nil)
		in.Env = []string{"PYTHONNODEBUGRANGES=1"}
		if got := strings.Contains(strings.Join(lines(t, in), "\n"), "FP407 | warning | 6.0ms"); got != want {
			t.Errorf("3.%d: %v", minor, got)
		}
	}
}

func TestRulesMetadata(t *testing.T) {
	last := ""
	for _, r := range Rules() {
		if r.ID <= last {
			t.Errorf("%s comes after %s", r.ID, last)
		}
		last = r.ID
		if r.Title == "" || r.Text == "" || r.Before == "" || r.After == "" || r.Before == r.After || r.Since == "" || r.Severity == diag.Off {
			t.Errorf("%s is incomplete", r.ID)
		}
		if strings.HasSuffix(r.Title, ".") || !strings.HasSuffix(strings.TrimSpace(r.Text), ".") {
			t.Errorf("%s: the title has no full stop, the text has one", r.ID)
		}
	}
}
