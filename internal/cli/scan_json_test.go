package cli

import (
	"bytes"
	"encoding/json"
	"testing"

	"fastpath/internal/diag"
	"fastpath/internal/report"
)

// TestScanJSON compares the JSON of scan with what encoding/json makes of the
// same statements.
func TestScanJSON(t *testing.T) {
	name := scanName{Name: "a.b", Binds: "a", UsedAtImport: true, Uses: 3, Resolved: scanResolved{Module: "a.b", Kind: "missing", Runtime: "six:9"}}
	odd := scanName{Name: "é", AsName: "x", Binds: "x", Resolved: scanResolved{Module: "m", Kind: "source", Path: `C:\"odd"` + "\u2028\x01<&>\xff"}}
	full := scanImport{
		File: "a.py", Line: 1, Column: 2, EndLine: 3, EndColumn: 4, Kind: "from", Level: 2, Module: "é.b", Lazy: true,
		Names: []scanName{name, odd}, Scope: "function", Qualname: "C.<locals>.f", Runs: "call", Context: []string{"try", "else"},
	}
	bare := scanImport{File: "b.py", Kind: "import", Names: []scanName{name}, Context: []string{}}
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
		whole := struct {
			envelope
			Imports []scanImport     `json:"imports"`
			Errors  []report.Finding `json:"errors"`
		}{e, []scanImport{}, report.Findings(c.findings)}
		var got, want bytes.Buffer
		p := newScanJSON(&got, e)
		for _, f := range c.files {
			part := scanPart{}
			part.file(f)
			p.part(&part)
			whole.Imports = append(whole.Imports, f...)
		}
		if err := p.end(c.findings, len(c.files)); err != nil {
			t.Fatal(err)
		}
		enc := json.NewEncoder(&want)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(whole); err != nil {
			t.Fatal(err)
		}
		if got.String() != want.String() {
			t.Errorf("got\n%s\nwant\n%s", got.String(), want.String())
		}
	}
}
