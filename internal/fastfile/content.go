// Package fastfile is the fast path file, fast_path.py, as a value: Parse
// reads one, Render writes one, Merge carries what people wrote over into a
// newly computed content.
//
// What comes in is either the text of a file, which people may have edited,
// or the decisions of a plan; what goes out is text in the one form that the
// contract shows and that ruff, black, isort, mypy and pyright leave alone.
// Parse never fails: what is not an import, a comment, the docstring or
// __all__ is kept as Code, so that a check can point at it and a regeneration
// does not lose it. Rendering what was parsed from a generated file gives the
// same bytes. The figures in comments are read back as numbers, so that a
// check compares content and not text: reformatting is no finding.
package fastfile

// Tier is the section that an import stands in.
type Tier uint8

// The tiers.
const (
	Light     Tier = 1 // "# Tier 1": light imports
	Exception Tier = 2 // "# Tier 2": hot path exceptions
)

// Thresholds are the figures in the docstring and the section headers.
type Thresholds struct {
	LightMS  float64 // light below this
	HeavyMS  float64 // an exception is marked as such above this
	HotUsage float64 // percent
}

// DefaultThresholds are those of the founding documents.
var DefaultThresholds = Thresholds{LightMS: 10, HeavyMS: 100, HotUsage: 80}

// Span is a place in the parsed file; lines and columns are 1-based, columns
// count characters, the end column is exclusive. Start and End are byte
// offsets into the file without its byte order mark.
type Span struct {
	Line, Column, EndLine, EndColumn int
	Start, End                       int
}

// Profile says where the figures come from.
type Profile struct {
	Date        string // YYYY-MM-DD, "" when nothing was profiled
	Interpreter string // "CPython 3.12.3"
	Runs        int
	Bytecode    string // "cached" or "missing"
}

// Doc is the docstring of the file.
type Doc struct {
	Present  bool
	Span     Span
	Profile  Profile
	Criteria bool    // it names the criteria
	Target   bool    // it names the cold start target
	TargetMS float64 // 0 when the target is missing or was not understood
	// Total: the figures of the "Total:" line are there.
	Total       bool
	TotalMS     float64
	LimitMS     float64
	Imports     int // names bound
	ImportLimit int
	Extra       []string // lines that people added
}

// Import is one import statement of the file.
type Import struct {
	Tier  Tier
	From  string // "os" in "from os import path", with leading dots; "" for "import x"
	Names []ImportName
	Span  Span // of the statement

	// The figures of the comment.
	Measured   bool
	MS         float64 // alone
	UsageKnown bool
	Usage      float64 // percent
	Marked     bool    // "HOT PATH EXCEPTION" is written
	Reason     string  // what carries it besides usage: "4.0x cheaper at module level", "critical path of alexa"
	AddsMS     float64 // what the line costs where it stands, when AddsAfter is set
	AddsAfter  string  // "boto3" in "(adds 12ms after boto3)"
	Extra      string  // what people wrote behind the figures, verbatim

	Notes    []string // comment lines directly above, without "# "
	After    []string // other code that follows the import, verbatim lines
	Comments []string // comments inside the parentheses that are not the figures, verbatim
}

// ImportName is one name of an import statement: "numpy" as "np", or "path".
type ImportName struct {
	Name   string // dotted for "import a.b"
	AsName string
	Span   Span // zero for a content that was not parsed
}

// Binds returns the name that the alias binds in the module.
func (n ImportName) Binds() string {
	if n.AsName != "" {
		return n.AsName
	}
	for i := range n.Name {
		if n.Name[i] == '.' {
			return n.Name[:i]
		}
	}
	return n.Name
}

// Kept is a line of the "Kept" section: cold, but loaded at start anyway.
type Kept struct {
	Module     string
	Measured   bool
	MS         float64
	UsageKnown bool
	Usage      float64 // percent
	Cause      string  // "base class at conf.py:18"
}

// Code is a statement that is none of what the file is for.
type Code struct {
	Span Span
	Text string
}

// Export is one entry of __all__.
type Export struct {
	Name string
	Span Span
}

// Section is a place where lines of prose can stand.
type Section uint8

// The sections, in the order of the file.
const (
	SectionHead Section = iota // above the docstring
	SectionTop                 // between the docstring and tier 1
	SectionTier1
	SectionTier2
	SectionKept
	SectionAll // above __all__
	SectionEnd // after __all__
	sectionCount
)

// Content is the whole file.
type Content struct {
	Thresholds Thresholds
	Doc        Doc
	Imports    []Import // in the order of the file
	Kept       []Kept
	// Remarks are comment lines that belong to no import: history and prose,
	// without "# ", by section. An empty string separates two groups.
	Remarks [sectionCount][]string
	// Prologue is other code above the first import, verbatim lines.
	Prologue []string

	All     []Export // the entries of __all__ as written
	HasAll  bool
	AllSpan Span
	Code    []Code   // everything else, in source order (for FP112)
	Other   []string // names of __all__ that Code binds

	NewLine   string // "\n", "\r\n" or "\r"; "" is "\n"
	BOM       bool
	CodeLines int // of the parsed file: docstring, comments and blank lines not counted
}

// Bound returns the distinct names that the imports bind, in file order.
func (c *Content) Bound() []string {
	seen := map[string]bool{}
	var names []string
	for i := range c.Imports {
		for _, n := range c.Imports[i].Names {
			if b := n.Binds(); !seen[b] {
				seen[b] = true
				names = append(names, b)
			}
		}
	}
	return names
}

// CountNames returns how many names count towards the limit: as in the
// documents' test, names that begin with an underscore do not.
func (c *Content) CountNames() int {
	n := 0
	for _, b := range c.Bound() {
		if b[0] != '_' {
			n++
		}
	}
	return n
}

// Find returns the import that binds name, and the alias; nil when there is none.
func (c *Content) Find(name string) (*Import, *ImportName) {
	for i := range c.Imports {
		for j := range c.Imports[i].Names {
			if c.Imports[i].Names[j].Binds() == name {
				return &c.Imports[i], &c.Imports[i].Names[j]
			}
		}
	}
	return nil, nil
}
