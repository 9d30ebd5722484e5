package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/diag"
	"fastpath/internal/term"
)

// source is a file with a tab, wide characters, a combining one, and an
// escape sequence.
const source = "import json\n" +
	"\tif x:\n" +
	"\t\timport pandas  # 表 wide\n" +
	"表 = 1; import 图表\n" +
	"cafe\u0301 = 1; import numpy\n" +
	"s = '\x1b[31m'; import yaml\n"

func findings() []diag.Diagnostic {
	return []diag.Diagnostic{
		{
			Rule: "FP201", Severity: diag.Error, Span: diag.Span{File: "src/a.py", Line: 3, Column: 10, EndLine: 3, EndColumn: 16},
			Message: `cold module "pandas" loads at every cold start: 430ms, used by 5% of requests`,
			Notes:   []string{"chain: lambda_function.py:1 > here"},
			Help:    []string{"fastpath apply --cold pandas --diff", "or keep it: # fastpath: ignore[FP201] your reason"},
		},
		{Rule: "FP110", Severity: diag.Warning, Span: diag.Span{File: "src/a.py", Line: 4, Column: 15, EndLine: 4, EndColumn: 17}, Message: "wide"},
		{Rule: "FP110", Severity: diag.Info, Span: diag.Span{File: "src/a.py", Line: 5, Column: 19, EndLine: 5, EndColumn: 24}, Message: "combining"},
		{Rule: "FP110", Severity: diag.Info, Span: diag.Span{File: "src/a.py", Line: 6, Column: 21, EndLine: 7, EndColumn: 2}, Message: "to the end of the line"},
		{Rule: "FP108", Severity: diag.Warning, Span: diag.Span{File: "a\x1b[2J.py"}, Message: "whole file\x07", Help: []string{"do it"}},
		{Rule: "FP901", Severity: diag.Error, Span: diag.Span{File: "src/a.py", Line: 99, Column: 1}, Message: "past the end"},
	}
}

func TestTextFull(t *testing.T) {
	var b bytes.Buffer
	text := Text{Full: true, Source: func(string) []byte { return []byte(source) }}
	if err := text.Print(&b, findings()); err != nil {
		t.Fatal(err)
	}
	want := `src/a.py:3:10: cold module "pandas" loads at every cold start: 430ms, used by 5% of requests [FP201]
  3 | 		import pandas  # 表 wide
    | 		       ^^^^^^
  chain: lambda_function.py:1 > here
help: fastpath apply --cold pandas --diff
      or keep it: # fastpath: ignore[FP201] your reason

src/a.py:4:15: wide [FP110]
  4 | 表 = 1; import 图表
    |                ^^^^

src/a.py:5:19: combining [FP110]
  5 | ` + "cafe\u0301" + ` = 1; import numpy
    |                  ^^^^^

src/a.py:6:21: to the end of the line [FP110]
  6 | s = '` + "\ufffd" + `[31m'; import yaml
    |                     ^^^^

a` + "\ufffd" + `[2J.py:1:1: whole file` + "\ufffd" + ` [FP108]
help: do it

src/a.py:99:1: past the end [FP901]
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestTextShort(t *testing.T) {
	var b bytes.Buffer
	if err := (&Text{}).Print(&b, findings()[:2]); err != nil {
		t.Fatal(err)
	}
	want := `src/a.py:3:10: cold module "pandas" loads at every cold start: 430ms, used by 5% of requests [FP201]
  chain: lambda_function.py:1 > here
src/a.py:4:15: wide [FP110]
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestTextColour(t *testing.T) {
	var b bytes.Buffer
	text := Text{Term: &term.Terminal{Color: true}, Full: true, Source: func(string) []byte { return []byte(source) }}
	if err := text.Print(&b, findings()[:1]); err != nil {
		t.Fatal(err)
	}
	if strings.Count(b.String(), "\x1b[") < 6 {
		t.Errorf("%q", b.String())
	}
}

func TestLongLine(t *testing.T) {
	line := strings.Repeat("x", 1000) + "pandas" + strings.Repeat("y", 1000)
	var b bytes.Buffer
	text := Text{Full: true, Source: func(string) []byte { return []byte(line) }}
	d := diag.Diagnostic{Rule: "FP201", Span: diag.Span{File: "a.py", Line: 1, Column: 1001, EndLine: 1, EndColumn: 1007}}
	if err := text.Print(&b, []diag.Diagnostic{d}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	shown, caret := []rune(lines[1]), []rune(lines[2])
	if len(shown) > longest+10 || string(shown[len(caret)-6:len(caret)]) != "pandas" || !strings.HasSuffix(lines[2], "^^^^^^") {
		t.Errorf("%s\n%s", lines[1], lines[2])
	}
}

func TestLineOf(t *testing.T) {
	src := []byte("\ufeffa\r\nb\rc\n\nd")
	for n, want := range map[int]string{1: "a", 2: "b", 3: "c", 4: "", 5: "d"} {
		if got, ok := lineOf(src, n); !ok || got != want {
			t.Errorf("line %d: %q %v", n, got, ok)
		}
	}
	if _, ok := lineOf(src, 6); ok {
		t.Error("there is no line 6")
	}
}

func TestFindings(t *testing.T) {
	ds := findings()[:1]
	ds[0].Fix = &diag.Fix{Title: "remove it", Edits: []diag.Edit{{File: "src/a.py", Start: 1, End: 2}}}
	got, err := json.Marshal(Findings(ds))
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"rule":"FP201","severity":"error","file":"src/a.py","line":3,"column":10,"end_line":3,"end_column":16,` +
		`"message":"cold module \"pandas\" loads at every cold start: 430ms, used by 5% of requests","notes":["chain: lambda_function.py:1 \u003e here"],` +
		`"help":"fastpath apply --cold pandas --diff\nor keep it: # fastpath: ignore[FP201] your reason",` +
		`"fix":{"title":"remove it","edits":[{"file":"src/a.py","start":1,"end":2,"text":""}]}}]`
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Error(d)
	}
	if got, _ := json.Marshal(Findings(nil)); string(got) != "[]" {
		t.Errorf("%s", got)
	}
}

func TestGitHub(t *testing.T) {
	var b bytes.Buffer
	ds := findings()
	ds[1].Span.File, ds[1].Message = "a,b:c.py", "100%\r\nnext"
	if err := (&GitHub{Prefix: "service"}).Print(&b, ds[:4]); err != nil {
		t.Fatal(err)
	}
	if err := (&GitHub{Prefix: "."}).Print(&b, []diag.Diagnostic{{Rule: "FP101", Severity: diag.Error, Span: diag.Span{File: "a.py"}, Message: "m"}}); err != nil {
		t.Fatal(err)
	}
	want := `::error file=service/src/a.py,line=3,endLine=3,col=10,endColumn=16,title=FP201::cold module "pandas" loads at every cold start: 430ms, used by 5%25 of requests%0Achain: lambda_function.py:1 > here%0Ahelp: fastpath apply --cold pandas --diff%0Aor keep it: # fastpath: ignore[FP201] your reason
::warning file=service/a%2Cb%3Ac.py,line=4,endLine=4,col=15,endColumn=17,title=FP110::100%25%0D%0Anext
::notice file=service/src/a.py,line=5,endLine=5,col=19,endColumn=24,title=FP110::combining
::notice file=service/src/a.py,line=6,endLine=7,title=FP110::to the end of the line
::error file=a.py,title=FP101::m
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		ds    []diag.Diagnostic
		files int
		want  string
	}{
		{nil, 1, "no findings in 1 file"},
		{findings(), 27, "2 errors, 2 warnings, 2 remarks in 27 files"},
		{findings()[:1], 2, "1 error in 2 files"},
	} {
		if got := Summary(c.ds, c.files); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestSortAndCount(t *testing.T) {
	ds := findings()
	diag.Sort(ds)
	if ds[0].Rule != "FP108" || ds[1].Span.Line != 3 || !diag.Failing(ds) || diag.Failing(findings()[2:4]) {
		t.Errorf("%+v", ds)
	}
}

// FuzzText holds that no source and no place makes the printer fail or write
// a control character other than tab and line feed.
func FuzzText(f *testing.F) {
	f.Add([]byte(source), 3, 10, 3, 16)
	f.Add([]byte("\ufeffa\r\rb"), 2, 1, 9, 1)
	f.Add([]byte{0xff, '\t', 0}, 1, 99, 1, 0)
	f.Fuzz(func(t *testing.T, src []byte, line, column, endLine, endColumn int) {
		d := diag.Diagnostic{Rule: "FP201", Span: diag.Span{File: string(src), Line: line, Column: column, EndLine: endLine, EndColumn: endColumn}, Message: string(src)}
		var b bytes.Buffer
		if err := (&Text{Full: true, Source: func(string) []byte { return src }}).Print(&b, []diag.Diagnostic{d}); err != nil {
			t.Fatal(err)
		}
		for _, r := range b.String() {
			if r < ' ' && r != '\t' && r != '\n' || r == 0x7f {
				t.Fatalf("%q", b.String())
			}
		}
	})
}
