package check

import (
	"fmt"

	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
)

var fp105 = &rule{
	Rule: diag.Rule{
		ID: "FP105", Severity: diag.Warning, Since: "0.1.0",
		Title: "20 imports or more in the fast path file",
		Text: `The fast path file has fewer than 20 imports, so that it stays readable at a glance. Names are counted as the documents' own test counts
them: what the file binds, without names that begin with an underscore. "from m import a, b" is two.

Move the least used imports to the functions that use them, or raise the limit: [tool.fastpath.limits] imports.`,
		Before: `# fast_path.py with 20 imports
import json  # 0.8ms
import logging  # 4.2ms
...`,
		After: `# fast_path.py with 12 imports
import json  # 0.8ms
import logging  # 4.2ms
...`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first {
			return
		}
		if n, limit := p.entry.FastPath.CountNames(), p.Config.Limits.Imports; n >= limit {
			p.reportFile(diag.Diagnostic{
				Span:    p.docSpan(),
				Message: fmt.Sprintf("the file binds %d names, the limit is fewer than %d", n, limit),
				Help:    []string{"fastpath plan shows what each import costs and who uses it"},
			}, "")
		}
	},
}

var fp106 = &rule{
	Rule: diag.Rule{
		ID: "FP106", Severity: diag.Warning, Since: "0.1.0",
		Title: "the imports of the fast path file take 200 ms or more",
		Text: `Everything that the file loads takes less than 200 ms together. The total counts each module once, also when several lines share it, and
leaves out what start-up has loaded anyway, so it is not the sum of the figures in the comments.

Find the heaviest line with "fastpath plan", or raise the limit: [tool.fastpath.limits] total-ms.`,
		Before: `import boto3  # 182ms but 92% usage - HOT PATH EXCEPTION
import requests  # 118ms but 40% usage - HOT PATH EXCEPTION (4.0x cheaper at module level)`,
		After: `import boto3  # 182ms but 92% usage - HOT PATH EXCEPTION`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || p.entry.Evidence == nil && !p.first {
			return
		}
		total := p.entry.FastPathTotal()
		limit := p.Config.Limits.TotalMS
		if total < limit {
			return
		}
		d := diag.Diagnostic{
			Span:    p.docSpan(),
			Message: fmt.Sprintf("the imports take %s, the limit is less than %s", fastfile.FormatMS(total), fastfile.FormatMS(limit)),
			Help:    []string{"fastpath plan shows what each import costs and who uses it"},
		}
		heaviest := ""
		most := 0.0
		for i := range p.entry.FastPath.Imports {
			imp := &p.entry.FastPath.Imports[i]
			ms := imp.MS
			if it := p.entry.dearest(imp); it != nil && it.Measured {
				ms = p.entry.alone(it)
			}
			if ms > most {
				heaviest, most = importName(imp), ms
			}
		}
		if heaviest != "" {
			d.Notes = []string{fmt.Sprintf("the heaviest is %s with %s", heaviest, fastfile.FormatMS(most))}
		}
		p.report(d, "total")
	},
}

// FastPathTotal returns what the lines of the fast path file load together, in
// ms, after the plan's other moves; without evidence, what the file says. The
// entry must have a fast path file.
func (e *Entry) FastPathTotal() float64 {
	if m := e.Program.File(e.Entry.FastPath); m != nil && e.Evidence != nil {
		var lines []evidence.Statement
		e.prepare()
		cut := graph.Cut{}
		for s := range e.cut {
			if s.File != m.File {
				cut[s] = true
			}
		}
		for _, imp := range m.Imports {
			if imp.Runs == "import" {
				lines = append(lines, imp.Statement)
			}
		}
		return e.Plan.Runtime.Union(lines, cut)
	}
	if e.FastPath.Doc.Total {
		return e.FastPath.Doc.TotalMS
	}
	total := 0.0
	for _, imp := range e.FastPath.Imports {
		if imp.AddsAfter != "" {
			total += imp.AddsMS
		} else {
			total += imp.MS
		}
	}
	return total
}

var fp107 = &rule{
	Rule: diag.Rule{
		ID: "FP107", Severity: diag.Warning, Since: "0.1.0",
		Title: "50 lines of code or more in the fast path file",
		Text: `The fast path file has fewer than 50 lines of code. Comments, the docstring and blank lines are not counted, so documentation costs nothing.

Move code that is no import elsewhere (FP112), or raise the limit: [tool.fastpath.limits] code-lines.`,
		Before: `import json  # 0.8ms

def helper(event):
    ...  # fifty lines of code follow`,
		After: `import json  # 0.8ms
import helpers  # 1.1ms`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first {
			return
		}
		if n, limit := p.entry.FastPath.CodeLines, p.Config.Limits.CodeLines; n >= limit {
			p.reportFile(diag.Diagnostic{
				Span:    p.docSpan(),
				Message: fmt.Sprintf("the file has %d lines of code, the limit is fewer than %d", n, limit),
				Notes:   []string{"comments, the docstring and blank lines are not counted"},
				Help:    []string{"move what is no import to a module of its own"},
			}, "")
		}
	},
}
