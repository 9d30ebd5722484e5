package check

import (
	"fmt"
	"strings"

	"fastpath/internal/diag"
)

var fp112 = &rule{
	Rule: diag.Rule{
		ID: "FP112", Severity: diag.Warning, Since: "0.1.0",
		Title: "code other than imports in the fast path file",
		Text: `The file answers what loads at cold start. Code in it runs at every cold start without a figure behind it, hides imports in branches,
and makes the file something that has to be understood instead of read.

Keep the docstring, imports, comments and __all__, and move the rest to a module that the file imports.`,
		Before: `import json  # 0.8ms

if os.environ.get("DEBUG"):
    import pdb`,
		After: `import json  # 0.8ms
import debugging  # 0.2ms`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first || p.fileBroken() {
			return
		}
		for _, c := range p.entry.FastPath.Code {
			p.reportFile(diag.Diagnostic{
				Span:    p.fileSpan(c.Span),
				Message: fmt.Sprintf("code other than imports: %q", firstLine(c.Text, 40)),
				Help:    []string{"move it to a module of its own; the file holds imports only"},
			}, "")
		}
	},
}

// firstLine is the first line of a text, cut after some characters.
func firstLine(text string, limit int) string {
	line, _, more := strings.Cut(text, "\n")
	line = strings.TrimRight(line, "\r ")
	if r := []rune(line); len(r) > limit {
		line, more = string(r[:limit]), true
	}
	if more {
		line += "…"
	}
	return line
}
