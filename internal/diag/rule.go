package diag

import (
	"cmp"
	"slices"
)

// Rule is what people can know about a rule. Every text about it, in the
// terminal, in docs/rules.md and in other programs' formats, comes from here.
type Rule struct {
	ID       string   // "FP201"
	Title    string   // one line, lower case, no full stop
	Text     string   // why it matters and what to do; paragraphs are separated by an empty line
	Before   string   // an example that the rule reports; a comment in it says which file it is
	After    string   // the same example, mended
	Language string   // of the examples, for Markdown; "" is python
	Severity Severity // unless [tool.fastpath.rules] says otherwise
	Since    string   // first version that has the rule
}

// Sort orders diagnostics by file, place and rule, so that output is the same
// for every run.
func Sort(ds []Diagnostic) {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(
			cmp.Compare(a.Span.File, b.Span.File),
			cmp.Compare(a.Span.Line, b.Span.Line),
			cmp.Compare(a.Span.Column, b.Span.Column),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.Message, b.Message),
		)
	})
}

// Count returns how many of ds have the severity s.
func Count(ds []Diagnostic, s Severity) int {
	n := 0
	for i := range ds {
		if ds[i].Severity == s {
			n++
		}
	}
	return n
}

// Failing reports whether a finding of ds makes check fail: errors and
// warnings do, remarks do not.
func Failing(ds []Diagnostic) bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity >= Warning })
}
