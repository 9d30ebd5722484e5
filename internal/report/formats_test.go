package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"fastpath/internal/diag"
)

// testRules are rules as findings() refers to them, and one without a finding.
func testRules() []diag.Rule {
	var rules []diag.Rule
	for _, id := range []string{"FP108", "FP110", "FP113", "FP201", "FP901"} {
		rules = append(rules, diag.Rule{ID: id, Title: "title of " + id, Text: "Text.", Before: "import a", After: "import b", Severity: diag.Error, Since: "0.1.0"})
	}
	rules[2].Severity = diag.Off
	return rules
}

// awkward are findings with everything that a service could stumble over.
func awkward() []diag.Diagnostic {
	ds := append(findings(),
		diag.Diagnostic{Rule: "FP201", Severity: diag.Info, Span: diag.Span{File: "a:b/ü #1%.py", Line: 2, Column: 3, EndLine: 2, EndColumn: 3}, Message: "empty place"},
		diag.Diagnostic{Rule: "FP110", Severity: diag.Warning, Span: diag.Span{File: "src/a.py", Line: 4, Column: 15, EndLine: 4, EndColumn: 17}, Message: "wide"},
	)
	ds[0].Fix = &diag.Fix{Title: "move it", Edits: []diag.Edit{{File: "src/a.py", Start: 0, End: 4}, {File: "src/a.py", Start: 9, End: 9, Text: "x"}, {File: "b.py", Start: 1, End: 2, Text: "y"}}}
	return ds
}

func TestSARIFSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("testdata", "sarif-schema-2.1.0.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, ds := range [][]diag.Diagnostic{nil, awkward()} {
		var b bytes.Buffer
		if err := (&SARIF{Prefix: "service", Version: "1.2.3", Rules: testRules()}).Print(&b, ds); err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Error(err)
		}
	}
}

// GitHub rejects, or shows nowhere, files that the schema allows.
func TestSARIFForGitHub(t *testing.T) {
	many := awkward()
	for len(many) < maxResults+10 {
		many = append(many, many[2]) // remarks
	}
	many = append(many, diag.Diagnostic{Rule: "FP901", Severity: diag.Error, Span: diag.Span{File: "last.py"}, Message: "last"})
	for _, ds := range [][]diag.Diagnostic{nil, awkward(), many} {
		var b bytes.Buffer
		if err := (&SARIF{Prefix: ".", Version: "1.2.3", Rules: testRules()}).Print(&b, ds); err != nil {
			t.Fatal(err)
		}
		var log sarifLog
		if err := json.Unmarshal(b.Bytes(), &log); err != nil {
			t.Fatal(err)
		}
		run := log.Runs[0]
		if log.Version != "2.1.0" || len(log.Runs) != 1 || run.Tool.Driver.Name == "" || run.Results == nil {
			t.Errorf("%s, %d runs", log.Version, len(log.Runs))
		}
		if want := min(len(ds), 25000); len(run.Results) != want {
			t.Errorf("%d results, want %d", len(run.Results), want)
		}
		ids := map[string]bool{}
		for _, r := range run.Tool.Driver.Rules {
			if ids[r.ID] || r.Short.Text == "" || r.Full.Text == "" || r.Help.Text == "" || len(r.Properties.Tags) > 10 || r.Configuration.Level == "none" {
				t.Errorf("rule %+v", r)
			}
			ids[r.ID] = true
		}
		prints := map[string]bool{}
		for _, r := range run.Results {
			at := r.Locations[0].Physical
			switch {
			case len(r.Locations) != 1 || at.Region.StartLine < 1 || r.Message.Text == "" || r.Level == "none":
				t.Errorf("%+v", r)
			case strings.HasPrefix(at.Artifact.URI, "/") || strings.Contains(at.Artifact.URI, "..") || strings.ContainsAny(at.Artifact.URI, " #:\x1b"):
				t.Errorf("address %q", at.Artifact.URI)
			case at.Region.EndLine == at.Region.StartLine && at.Region.EndColumn <= at.Region.StartColumn && at.Region.EndColumn != 0:
				t.Errorf("region %+v", at.Region)
			case r.RuleIndex == nil || run.Tool.Driver.Rules[*r.RuleIndex].ID != r.RuleID:
				t.Errorf("%s has no rule", r.RuleID)
			}
			print := r.Fingerprints["fastpathFinding/v1"]
			if print == "" || prints[print] {
				t.Errorf("fingerprint %q of %s", print, r.Message.Text)
			}
			prints[print] = true
			for _, f := range r.Fixes {
				if f.Description.Text == "" || len(f.Changes) != 2 || len(f.Changes[0].Replacements) != 2 {
					t.Errorf("fix %+v", f)
				}
			}
		}
		if len(ds) > maxResults && run.Results[len(run.Results)-1].Level == "error" || len(ds) > maxResults && !bytes.Contains(b.Bytes(), []byte(`"last"`)) {
			t.Error("the errors should stay")
		}
	}
}

// The fingerprint stays when figures and lines move.
func TestSARIFFingerprint(t *testing.T) {
	print := func(message string, line int) string {
		d := findings()[0]
		d.Message, d.Span.Line = message, line
		return (&SARIF{}).result(&d, map[string]int{}).Fingerprints["fastpathFinding/v1"]
	}
	a := print(`cold module "pandas" loads at every cold start: 430ms, used by 5% of requests`, 3)
	if b := print(`cold module "pandas" loads at every cold start: 9.5ms, used by 12% of requests`, 30); a != b {
		t.Error(a, b)
	}
	if b := print(`cold module "numpy" loads at every cold start: 430ms, used by 5% of requests`, 3); a == b {
		t.Error("another module is another finding")
	}
}

func TestJUnit(t *testing.T) {
	var b bytes.Buffer
	if err := (&JUnit{Name: "fastpath check"}).Print(&b, findings()[:3]); err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="fastpath check" tests="3" failures="2" errors="0">
  <testsuite name="fastpath check" tests="3" failures="2" errors="0" skipped="0">
    <testcase name="[FP201] src/a.py:3:10" classname="src/a.py" file="src/a.py" line="3">
      <failure message="cold module &#34;pandas&#34; loads at every cold start: 430ms, used by 5% of requests" type="error">cold module &#34;pandas&#34; loads at every cold start: 430ms, used by 5% of requests&#xA;chain: lambda_function.py:1 &gt; here&#xA;help: fastpath apply --cold pandas --diff&#xA;or keep it: # fastpath: ignore[FP201] your reason</failure>
    </testcase>
    <testcase name="[FP110] src/a.py:4:15" classname="src/a.py" file="src/a.py" line="4">
      <failure message="wide" type="warning">wide</failure>
    </testcase>
    <testcase name="[FP110] src/a.py:5:19" classname="src/a.py" file="src/a.py" line="5">
      <system-out>combining</system-out>
    </testcase>
  </testsuite>
</testsuites>
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestJUnitAlwaysHasATest(t *testing.T) {
	for _, ds := range [][]diag.Diagnostic{nil, awkward()} {
		var b bytes.Buffer
		if err := (&JUnit{Name: "s"}).Print(&b, ds); err != nil {
			t.Fatal(err)
		}
		var s junitSuites
		if err := xml.Unmarshal(b.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		if s.Tests != max(1, len(ds)) || len(s.Suite.Cases) != s.Tests {
			t.Errorf("%d tests for %d findings", s.Tests, len(ds))
		}
	}
}

func TestMarkdownFindings(t *testing.T) {
	ds := findings()[:2]
	ds[1].Message, ds[1].Span.File = "a | b\n@all <script> `x` *y*", "a|`b.py"
	var b bytes.Buffer
	if err := (&MarkdownFindings{Title: "fastpath check", Summary: "1 error, 1 warning"}).Print(&b, ds); err != nil {
		t.Fatal(err)
	}
	want := "### fastpath check\n\n1 error, 1 warning\n\n" +
		"| | place | finding | rule |\n|---|---|---|---|\n" +
		"| error | `src/a.py:3:10` | cold module \"pandas\" loads at every cold start: 430ms, used by 5% of requests | FP201 |\n" +
		"| warning | `` a\\|`b.py:4:15 `` | a \\| b @\u200ball &lt;script&gt; \\`x\\` \\*y\\* | FP110 |\n" +
		"\n<details><summary>FP201: src/a.py:3:10</summary>\n\n" +
		"- chain: lambda\\_function.py:1 &gt; here\n" +
		"- help: fastpath apply --cold pandas --diff\n" +
		"- or keep it: \\# fastpath: ignore\\[FP201\\] your reason\n\n</details>\n"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

// FuzzFormats holds that no text breaks out of a format.
func FuzzFormats(f *testing.F) {
	f.Add("a.py", "message", "note")
	f.Add("a|b`.py", "x\x00\x1b[31m\r\n::error::", "</details>")
	f.Add("../%2e%2e/\xff.py", "]]>&\ufffe", "\u2028")
	breaks := regexp.MustCompile(`(?m)^::`)
	f.Fuzz(func(t *testing.T, file, message, note string) {
		ds := []diag.Diagnostic{{Rule: "FP201", Severity: diag.Error, Span: diag.Span{File: file, Line: 1, Column: 1}, Message: message, Notes: []string{note}}}
		var b bytes.Buffer
		if err := (&SARIF{Rules: testRules()}).Print(&b, ds); err != nil || !json.Valid(b.Bytes()) {
			t.Errorf("SARIF: %v", err)
		}
		b.Reset()
		if err := (&JUnit{Name: "s"}).Print(&b, ds); err != nil {
			t.Error(err)
		}
		if err := xml.Unmarshal(b.Bytes(), new(junitSuites)); err != nil {
			t.Errorf("JUnit: %v", err)
		}
		b.Reset()
		if err := (&MarkdownFindings{Title: "t", Summary: "s"}).Print(&b, ds); err != nil {
			t.Error(err)
		}
		if n := strings.Count(b.String(), "\n| "); n != 2 {
			t.Errorf("Markdown: %d rows:\n%s", n, b.String())
		}
		b.Reset()
		if err := (&GitHub{}).Print(&b, ds); err != nil {
			t.Error(err)
		}
		if n := len(breaks.FindAllString(b.String(), -1)); n != 1 || strings.Count(b.String(), "\n") != 1 {
			t.Errorf("GitHub: %s", fmt.Sprintf("%q", b.String()))
		}
	})
}
