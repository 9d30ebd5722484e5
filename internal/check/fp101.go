package check

import (
	"fmt"

	"fastpath/internal/diag"
)

var fp101 = &rule{
	Rule: diag.Rule{
		ID: "FP101", Severity: diag.Error, Since: "0.1.0",
		Title: "no fast path file, though the project has entries",
		Text: `The imports of the hot path belong in one file, fast_path.py, so that one place answers what loads at cold start. Scattered over
the project they cannot be reviewed, and a slow one slips in unseen.

"fastpath apply" writes the file from the evidence; "fastpath apply --only file" leaves the rest of the code alone.`,
		Before: `# lambda_function.py, and no fast_path.py beside it
import json
import gateway

def lambda_handler(event, context):
    return gateway.handle(json.loads(event["body"]))`,
		After: `# lambda_function.py
from fast_path import *

def lambda_handler(event, context):
    return gateway.handle(json.loads(event["body"]))`,
	},
	check: func(p *pass) {
		if p.entry.FastPath != nil || !p.first {
			return
		}
		help := []string{"fastpath apply --diff"}
		if p.entry.Evidence == nil {
			help = []string{"fastpath profile, then fastpath apply --diff"}
		}
		p.reportFile(diag.Diagnostic{
			Span:    p.entrySpan(),
			Message: fmt.Sprintf("no fast path file: %q does not exist, though %s starts here", p.entry.Entry.FastPath, p.entry.Name),
			Help:    help,
		}, "")
	},
}
