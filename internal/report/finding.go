package report

import (
	"math"
	"strings"

	"fastpath/internal/diag"
)

// Finding is a diagnostic as JSON has it. Lines and columns are 1-based and
// count characters, the end column is exclusive; all four are left out when
// the finding is about a whole file.
type Finding struct {
	Rule      string   `json:"rule"`
	Severity  string   `json:"severity"`
	File      string   `json:"file"`
	Line      int      `json:"line,omitempty"`
	Column    int      `json:"column,omitempty"`
	EndLine   int      `json:"end_line,omitempty"`
	EndColumn int      `json:"end_column,omitempty"`
	Message   string   `json:"message"`
	Notes     []string `json:"notes,omitempty"`
	Help      string   `json:"help"`
	Fix       *Fix     `json:"fix,omitempty"`
	CostMS    float64  `json:"cost_ms,omitempty"` // estimated, a start
}

// Fix is a diag.Fix as JSON has it.
type Fix struct {
	Title string `json:"title"`
	Edits []Edit `json:"edits"`
}

// Edit replaces the bytes [Start, End) of a file.
type Edit struct {
	File  string `json:"file"`
	Start int    `json:"start"`
	End   int    `json:"end"`
	Text  string `json:"text"`
}

// Findings converts diagnostics; it never returns nil, so that JSON has a list.
func Findings(ds []diag.Diagnostic) []Finding {
	out := make([]Finding, len(ds))
	for i, d := range ds {
		out[i] = Finding{
			Rule: d.Rule, Severity: d.Severity.String(), File: d.Span.File,
			Line: d.Span.Line, Column: d.Span.Column, EndLine: d.Span.EndLine, EndColumn: d.Span.EndColumn,
			Message: d.Message, Notes: d.Notes, Help: strings.Join(d.Help, "\n"), CostMS: math.Round(d.CostMS*1000) / 1000,
		}
		if d.Fix != nil {
			f := &Fix{Title: d.Fix.Title, Edits: []Edit{}}
			for _, e := range d.Fix.Edits {
				f.Edits = append(f.Edits, Edit(e))
			}
			out[i].Fix = f
		}
	}
	return out
}
