package check

import (
	"strings"
	"time"

	"fastpath/internal/diag"
)

var fp102 = &rule{
	Rule: diag.Rule{
		ID: "FP102", Severity: diag.Warning, Since: "0.1.0",
		Title: "the documentation of the fast path file lacks the profile date, the criteria or the cold-start target",
		Text: `The docstring says what the file is held to: when its imports were last profiled, by which criteria a module may stand in it, and which
cold start it aims at. Without them a reviewer cannot tell whether a line is allowed, nor whether its figures are old.

"fastpath apply --only file" writes the docstring and keeps what people added to it.`,
		Before: `"""Hot imports."""

import json  # 0.8ms`,
		After: `"""
Fast Path: Minimum imports for cold start optimization.

ONLY modules meeting criteria:
- Import time <10ms, OR
- Used on >80% of requests (hot path exception)

Last profiled: 2026-11-22
Cold start target: <2 seconds
"""

import json  # 0.8ms`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first || p.entry.brokenFile() {
			return
		}
		var missing []string
		doc := p.entry.FastPath.Doc
		if _, err := time.Parse(day, doc.Profile.Date); err != nil {
			missing = append(missing, `the profile date ("Last profiled: YYYY-MM-DD")`)
		}
		if !doc.Criteria {
			missing = append(missing, `the criteria ("Import time <10ms, OR", "Used on >80% of requests")`)
		}
		if !doc.Target {
			missing = append(missing, `the cold-start target ("Cold start target: <2 seconds")`)
		}
		if len(missing) == 0 {
			return
		}
		message := "the docstring lacks " + enumerate(missing)
		if !doc.Present {
			message = "there is no docstring; it should hold " + enumerate(missing)
		}
		p.reportFile(diag.Diagnostic{Span: p.docSpan(), Message: message, Help: []string{"fastpath apply --only file --diff"}}, "")
	},
}

// enumerate joins a list as people do: "a, b and c".
func enumerate(list []string) string {
	if len(list) < 2 {
		return strings.Join(list, "")
	}
	return strings.Join(list[:len(list)-1], ", ") + " and " + list[len(list)-1]
}
