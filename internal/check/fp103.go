package check

import (
	"fmt"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
)

var fp103 = &rule{
	Rule: diag.Rule{
		ID: "FP103", Severity: diag.Warning, Since: "0.1.0",
		Title: "an import of the fast path file without its measured time",
		Text: `Every import of the fast path file carries what it costs, in a comment behind it. An import without a figure was added without being
profiled, or lost its comment.

Run "fastpath profile", then "fastpath apply --only file", which writes the figures.`,
		Before: `import json
import logging  # 4.2ms`,
		After: `import json  # 0.8ms
import logging  # 4.2ms`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first {
			return
		}
		for i := range p.entry.FastPath.Imports {
			imp := &p.entry.FastPath.Imports[i]
			if imp.Measured {
				continue
			}
			p.reportFile(diag.Diagnostic{
				Span:    p.fileSpan(imp.Span),
				Message: fmt.Sprintf("%q has no measured time", importName(imp)),
				Help:    []string{"fastpath profile, then fastpath apply --only file"},
			}, "")
		}
	},
}

// importName names an import of the fast path file by its module.
func importName(imp *fastfile.Import) string {
	if imp.From != "" {
		return imp.From
	}
	return imp.Names[0].Name
}
