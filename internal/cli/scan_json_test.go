package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fastpath/internal/diag"
	"fastpath/internal/report"
)

// TestScanJSON compares the JSON of scan with what encoding/json makes of the
// same statements, each of which has a line.
func TestScanJSON(t *testing.T) {
	name := scanName{Name: "a.b", Binds: "a", UsedAtImport: true, Uses: 3, Resolved: scanResolved{Module: "a.b", Kind: "missing", Runtime: "six:9"}}
	odd := scanName{Name: "é", AsName: "x", Binds: "x", Resolved: scanResolved{Module: "m", Kind: "source", Path: `C:\"odd"` + "\u2028\x01<&>\xff"}}
	full := scanImport{
		File: "a.py", Line: 1, Column: 2, EndLine: 3, EndColumn: 4, Kind: "from", Level: 2, Module: "é.b", Lazy: true,
		Names: []scanName{name, odd}, Scope: "function", Qualname: "C.<locals>.f", Runs: "call", Context: []string{"try", "else"},
	}
	bare := scanImport{File: "a.py", Kind: "import", Names: []scanName{name}, Context: []string{}}
	finding := diag.Diagnostic{Rule: "FP901", Severity: diag.Error, Span: diag.Span{File: "a<b>.py", Line: 1, Column: 1}, Message: "no", Help: []string{"do"}}
	for _, c := range []struct {
		project  string
		files    [][]scanImport
		findings []diag.Diagnostic
	}{
		{"p", [][]scanImport{{full, bare}, {}, {bare}}, []diag.Diagnostic{finding, finding}},
		{"", [][]scanImport{{}, {full}}, nil},
		{"p", nil, nil},
	} {
		e := envelope{"fastpath.scan/1", "1.0", c.project}
		var got, want bytes.Buffer
		p := newScanJSON(&got, e)
		var lines []string
		for _, f := range c.files {
			part := scanPart{}
			part.file(f)
			p.part(&part)
			for _, s := range f {
				lines = append(lines, "    "+onLine(encoded(t, s, " ")))
			}
		}
		if err := p.end(c.findings, len(c.files)); err != nil {
			t.Fatal(err)
		}
		want.WriteString("{\n  \"schema\": \"fastpath.scan/1\",\n  \"version\": \"1.0\",\n")
		if c.project != "" {
			fmt.Fprintf(&want, "  \"project\": %q,\n", c.project)
		}
		want.WriteString("  \"imports\": [")
		if len(lines) > 0 {
			want.WriteString("\n" + strings.Join(lines, ",\n") + "\n  ")
		}
		fmt.Fprintf(&want, "],\n  \"errors\": %s\n}\n", encoded(t, report.Findings(c.findings), "  "))
		if got.String() != want.String() {
			t.Errorf("got\n%s\nwant\n%s", got.String(), want.String())
		}
		if !json.Valid(got.Bytes()) {
			t.Error("that is no JSON")
		}
	}
}

// A text is what encoding/json makes of it, wherever there is a byte of each kind.
func TestScanJSONText(t *testing.T) {
	for length := range 20 {
		for at := range max(1, length) {
			for b := range 256 {
				text := []byte("abcdefgh \x7e!#[]ijklmn")[:length]
				if length > 0 {
					text[at] = byte(b)
				}
				for _, before := range []string{"", ", \"name\": "} {
					part := scanPart{buf: []byte(before)}
					part.text(string(text))
					var want bytes.Buffer
					enc := json.NewEncoder(&want)
					enc.SetEscapeHTML(false)
					if err := enc.Encode(string(text)); err != nil {
						t.Fatal(err)
					}
					if got := string(part.buf); got != before+strings.TrimSuffix(want.String(), "\n") {
						t.Fatalf("%q is written as %s behind %q, want %s", text, got, before, want.String())
					}
				}
			}
		}
	}
}

// onLine joins the lines of JSON, with blanks behind commas alone.
func onLine(text string) string {
	lines := strings.Split(text, "\n")
	for k, l := range lines {
		if lines[k] = strings.TrimLeft(l, " "); k < len(lines)-1 && strings.HasSuffix(l, ",") {
			lines[k] += " "
		}
	}
	return strings.Join(lines, "")
}

// encoded is what encoding/json makes of a value; indent is that of the lines
// behind the first one, and of each level.
func encoded(t *testing.T, value any, indent string) string {
	t.Helper()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent(indent, indent)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
