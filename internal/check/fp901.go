package check

import (
	"fmt"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
)

var fp901 = &rule{
	Rule: diag.Rule{
		ID: "FP901", Severity: diag.Error, Since: "0.1.0",
		Title: "a file that does not parse",
		Text: `Python would not accept the file. The rest of it is still read, so that its imports are known, but nothing in it is ever edited, and what
is said about it may be incomplete.

Mend the file, or leave it out: [tool.fastpath] exclude.`,
		Before: `import json

def handler(event, context)
    return json.dumps(event)`,
		After: `import json

def handler(event, context):
    return json.dumps(event)`,
	},
	check: func(p *pass) {
		for _, m := range p.entry.Program.Modules {
			if d := Broken(m); d != nil {
				p.reportFile(*d, "")
			}
		}
	},
}

// Broken returns the finding FP901 for a file that does not parse, nil for one
// that does.
func Broken(m *graph.Module) *diag.Diagnostic {
	b := m.Broken
	if b == nil {
		return nil
	}
	d := &diag.Diagnostic{
		Rule: "FP901", Severity: diag.Error, Message: "does not parse: " + b.Message,
		Span: diag.Span{File: m.File, Line: b.Line, Column: b.Column, EndLine: b.EndLine, EndColumn: b.EndColumn},
		Help: []string{"mend it; the rest of the file is read, but never edited"},
	}
	if b.More > 0 {
		d.Notes = []string{fmt.Sprintf("errors that follow in this file: %d", b.More)}
	}
	return d
}
