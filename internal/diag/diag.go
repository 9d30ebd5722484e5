// Package diag is the one form in which fastpath reports what it found:
// a Diagnostic with its rule, severity, place, message and help. Findings are
// not errors: a Go error means that fastpath could not do its job, a
// Diagnostic means that it did and this is what it saw. Formatters in
// package report are the only code that prints diagnostics.
package diag

// Severity orders findings; check exits 1 for Warning and Error.
type Severity uint8

// The severities, from silent to worst.
const (
	Off Severity = iota
	Info
	Warning
	Error
)

var severityNames = [...]string{"off", "info", "warning", "error"}

// String returns the severity as configuration and JSON write it.
func (s Severity) String() string { return severityNames[s] }

// ParseSeverity reads "off", "info", "warning" or "error".
func ParseSeverity(text string) (Severity, bool) {
	for i, n := range severityNames {
		if n == text {
			return Severity(i), true
		}
	}
	return Off, false
}

// Span is a place in a file. Lines and columns are 1-based, columns count
// characters, the end column is exclusive. A zero Line means the whole file.
type Span struct {
	File               string // relative to the project, with slashes
	Line, Column       int
	EndLine, EndColumn int
}

// Edit replaces the bytes [Start, End) of a file.
type Edit struct {
	File       string
	Start, End int
	Text       string
}

// Fix is a set of edits that mends a finding.
type Fix struct {
	Title string
	Edits []Edit
}

// Diagnostic is one finding.
type Diagnostic struct {
	Rule     string // "FP201"
	Severity Severity
	Span     Span
	Message  string   // lower case, no full stop
	Notes    []string // further lines: the chain, what moving would save
	Help     []string // what to do; one command or sentence each
	Fix      *Fix
	CostMS   float64 // what it costs each start, estimated; 0 where nobody can say
}
