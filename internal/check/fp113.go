package check

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
)

var fp113 = &rule{
	Rule: diag.Rule{
		ID: "FP113", Severity: diag.Off, Since: "0.1.0",
		Title: "a change of the fast path file without approval",
		Text: `What enters or leaves the fast path file changes every cold start, so somebody has to agree. The rule compares the imports of the file with
those that git last knew to be different, and wants an approval that was not there before: a comment "# approved: NAME, DATE" in the
file. New figures and notes are no change. fastpath keeps approvals and never writes one.

It is off by default, because many teams approve in pull requests; "fastpath review" is for them. Switch it on with
[tool.fastpath.rules] FP113 = "error".`,
		Before: `import json  # 0.8ms
import pandas  # 430ms but 95% usage - HOT PATH EXCEPTION`,
		After: `# approved: A. Reviewer, 2026-11-25
import json  # 0.8ms
import pandas  # 430ms but 95% usage - HOT PATH EXCEPTION`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first || p.Earlier == nil {
			return
		}
		now := p.entry.FastPath
		before, known := p.Earlier(p.entry.Entry.FastPath)
		if !known || approved(before, now) {
			return
		}
		d := diag.Diagnostic{
			Span: p.docSpan(), Message: "the imports of the file changed, and nobody approved it",
			Help: []string{"whoever agrees adds a line: # approved: NAME, " + p.Today.Format(day)},
		}
		if before == nil {
			d.Message = "the file is new, and nobody approved it"
		} else {
			d.Notes = differences(before, now)
		}
		p.reportFile(d, "")
	},
}

// approved reports whether the file has an approval that an earlier version,
// nil for none, did not have.
func approved(before, now *fastfile.Content) bool {
	left := map[fastfile.Approval]int{}
	if before != nil {
		for _, a := range before.Approvals() {
			left[a]++
		}
	}
	return slices.ContainsFunc(now.Approvals(), func(a fastfile.Approval) bool { left[a]--; return left[a] < 0 })
}

// differences says which names an earlier version of the file bound otherwise.
func differences(before, now *fastfile.Content) []string {
	var notes []string
	for _, c := range []struct {
		what     string
		old, new []string
	}{{"new: ", before.Statements(), now.Statements()}, {"gone: ", now.Statements(), before.Statements()}} {
		var list []string
		for _, s := range c.new {
			if !slices.Contains(c.old, s) {
				list = append(list, s)
			}
		}
		if len(list) > 0 {
			notes = append(notes, fmt.Sprintf("%s%s", c.what, strings.Join(list, ", ")))
		}
	}
	return notes
}
