package check

import (
	"fmt"
	"math"

	"fastpath/internal/config"
	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
)

var fp104 = &rule{
	Rule: diag.Rule{
		ID: "FP104", Severity: diag.Warning, Since: "0.1.0",
		Title: "a hot path exception without justification, or one that the evidence no longer supports",
		Text: `A module of 10 ms or more may stand in the fast path file only as an exception, and the exception says why: how many requests use it, that
it is on the critical path of the majority workflow, or that module level is cheaper by the documents' formula. Usage changes: an exception
that was right last year may be a cold module today.

Write the reason behind the import, or move the import to the functions that use it.`,
		Before: `import boto3  # 350ms`,
		After:  `import boto3  # 350ms but 90% usage - HOT PATH EXCEPTION`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil {
			return
		}
		for i := range p.entry.FastPath.Imports {
			imp := &p.entry.FastPath.Imports[i]
			it := p.entry.dearest(imp)
			ms, source := imp.MS, "the file says"
			if it != nil && it.Measured {
				ms, source = p.entry.alone(it), "measured"
			}
			justified := imp.Justified(p.Config.Thresholds.HotUsage) || roundedDown(imp, it, p.Config.Thresholds.HotUsage)
			switch {
			case it != nil && refuted(it) && justified:
				p.report(diag.Diagnostic{
					Span: p.fileSpan(imp.Span),
					Message: fmt.Sprintf("the evidence no longer supports the exception %q: %s, %s", importName(imp),
						fastfile.FormatMS(ms), usageText(it.Usage, it.UsageKnown)),
					Notes: []string{"the file says: " + claim(imp)},
					Help:  moveHelp(it, p.rule.ID),
				}, importName(imp))
			case p.first && !justified && needsReason(imp, ms, p.Config.Thresholds, it):
				p.reportFile(diag.Diagnostic{
					Span:    p.fileSpan(imp.Span),
					Message: fmt.Sprintf("%q takes %s (%s) and has no justification", importName(imp), fastfile.FormatMS(ms), source),
					Help: []string{
						fmt.Sprintf("say why it is on the hot path, such as: # %s but 92%% usage", fastfile.FormatMS(ms)),
						"or let the evidence write it: fastpath apply --only file",
					},
				}, importName(imp))
			}
		}
	},
}

// refuted reports whether the evidence says that an import of the fast path
// file does not belong there, and that it makes a difference. That nobody
// knows its usage refutes nothing.
func refuted(it *plan.Item) bool {
	return it.Measured && (it.Wanted == plan.Function || it.Wanted == plan.Remove) &&
		(it.Decision == it.Wanted || it.SavesMS >= leastSaving)
}

// leastSaving is the saving, in ms, that is shown as more than nothing.
const leastSaving = 0.05

// moveHelp says how to mend a cold import of the fast path file.
func moveHelp(it *plan.Item, rule string) []string {
	first := fmt.Sprintf("fastpath apply --cold %s --diff", it.Module)
	if !it.Move {
		first = "import it where it is used; apply leaves it: " + it.Reason
	}
	return []string{first, "or keep it: " + ignoreHint(rule)}
}

// needsReason reports whether an import is an exception. What the plan itself
// finds too heavy and cold is the matter of FP110, and what it keeps for a
// cause of its own needs no other.
func needsReason(imp *fastfile.Import, ms float64, t config.Thresholds, it *plan.Item) bool {
	if ms < t.LightMS || it == nil && !imp.Measured {
		return false
	}
	if it == nil || !it.Measured {
		return true
	}
	return !refuted(it) && it.Decision != plan.Keep && it.Decision != plan.Tier1 && !it.Borderline
}

// roundedDown reports whether the file gives the usage of the evidence, which
// is over the threshold, as the whole percent that is not.
func roundedDown(imp *fastfile.Import, it *plan.Item, hotUsage float64) bool {
	return imp.UsageKnown && it != nil && it.UsageKnown && it.Usage*100 > hotUsage && math.Abs(it.Usage*100-imp.Usage) <= 0.5
}

// claim is what the comment of an import says.
func claim(imp *fastfile.Import) string {
	switch {
	case imp.Reason != "":
		return imp.Reason
	case imp.UsageKnown:
		return fastfile.FormatUsage(imp.Usage)
	}
	return "nothing"
}

// ignoreHint is the comment that suppresses a rule.
func ignoreHint(rule string) string { return "# fastpath: ignore[" + rule + "] your reason" }
