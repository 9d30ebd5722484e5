package check

import (
	"fmt"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
)

var fp202 = &rule{
	Rule: diag.Rule{
		ID: "FP202", Severity: diag.Warning, Since: "0.1.0",
		Title: "a hot path import outside the fast path file, in an entry module",
		Text: `The fast path file is the one place that says what loads at cold start. An import of the hot path that stands in the handler instead has
no figure, no reason and no review. The rule speaks about imports that may stand in the file: what comes after other code, or what only
one of several entries needs, stays in the entry's module and is no finding.

"fastpath apply" takes the import over into the fast path file.`,
		Before: `# lambda_function.py
from fast_path import *
import gateway

def lambda_handler(event, context):
    return gateway.handle(event)`,
		After: `# lambda_function.py; gateway is imported in fast_path.py
from fast_path import *

def lambda_handler(event, context):
    return gateway.handle(event)`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || p.entry.Evidence == nil {
			return
		}
		for _, it := range p.entry.Plan.Items {
			imp := it.Import
			if !it.OnFastPath || it.FromFastPath || !it.Measured || imp.In.File != p.entry.File || !p.hotForAll(it) {
				continue
			}
			p.reportStmt(imp, diag.Diagnostic{
				Span: moduleSpan(imp),
				Message: fmt.Sprintf("%q is on the hot path (%s, %s), but imported outside of %s", it.Module,
					fastfile.FormatMS(it.AloneMS), usageText(it.Usage, it.UsageKnown), p.entry.Entry.FastPath),
				Help: []string{"fastpath apply --diff", "or keep it: " + ignoreHint(p.rule.ID)},
			}, it.Module)
		}
	},
}

// hotForAll reports whether every entry that shares the fast path file has the
// import on its fast path under the same name: only then it stands there.
func (p *pass) hotForAll(it *plan.Item) bool {
	for _, e := range p.Entries {
		if e == p.entry || e.Entry.FastPath != p.entry.Entry.FastPath {
			continue
		}
		if !slices.ContainsFunc(e.Plan.Items, func(o *plan.Item) bool {
			return o.OnFastPath && o.Import.Binds == it.Import.Binds && o.Import.Base == it.Import.Base && o.Import.Item == it.Import.Item
		}) {
			return false
		}
	}
	return true
}
