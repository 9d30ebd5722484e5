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

// IDs are the ids of all rules, in order: those of check and of doctor.
var IDs = []string{
	"FP101", "FP102", "FP103", "FP104", "FP105", "FP106", "FP107", "FP108", "FP109", "FP110", "FP111", "FP112", "FP113",
	"FP201", "FP202", "FP203", "FP204", "FP205", "FP206", "FP207", "FP208",
	"FP301", "FP302", "FP303",
	"FP401", "FP402", "FP403", "FP404", "FP405", "FP406", "FP407", "FP408", "FP409",
	"FP901",
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
