package check

import "fastpath/internal/diag"

// The rules of the gate have no function here: what they say is measured, or
// compared with another revision, and that is the matter of package gate.

var fp301 = &rule{Rule: diag.Rule{
	ID: "FP301", Severity: diag.Error, Since: "0.1.0",
	Title: "the set of modules at start grew",
	Text: `The cold start loads modules that it did not load before. The finding names them, the chain by which the entry gets there, and the line
that is responsible. The set of modules is exact: the same sources load the same set on every machine, so it is the first thing that
the gate looks at, and it needs no repetitions.

It is reported by "fastpath check --against REV", which compares the sources, and with --measure, which imports them. Move the import to
where it is used, or profile again when the modules are meant to be there.`,
	Before: `# gateway.py
import reports  # imports pandas, three modules away

def handle(event):
    return reports.run(event)`,
	After: `# gateway.py
def handle(event):
    import reports

    return reports.run(event)`,
}}

var fp302 = &rule{Rule: diag.Rule{
	ID: "FP302", Severity: diag.Error, Since: "0.1.0", Language: "text",
	Title: "the cold start is over its budget",
	Text: `Init and first request together take longer than [tool.fastpath.limits] cold-start-ms allows, beyond what noise explains, and again when
measured a second time. It is reported by "fastpath check --measure", which runs the entry. With --against it is only a remark where that
state is over budget, too: the change is not the cause, or the machine is too slow for the budget.

"fastpath plan" names what to move first; "fastpath doctor" what the environment costs.`,
	Before: `cold start 2,310 ms, budget 2,000 ms`,
	After:  `cold start 1,120 ms, budget 2,000 ms`,
}}

var fp303 = &rule{Rule: diag.Rule{
	ID: "FP303", Severity: diag.Error, Since: "0.1.0", Language: "text",
	Title: "the cold start is slower than the baseline",
	Text: `The cold start got slower than the revision that it is compared with: by more than [tool.fastpath.limits] regression-percent, beyond what
noise explains, and again when measured a second time. It is reported by "fastpath check --measure --against REV", which runs the entry
as it is and as it was, in turns.

FP301 names the modules that came in; where there are none, what runs at import got slower.`,
	Before: `cold start 540 ms, 410 ms at main (+32%)`,
	After:  `cold start 415 ms, 410 ms at main (+1%)`,
}}
