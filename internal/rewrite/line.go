package rewrite

import (
	"sort"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// section is where isort puts an import.
type section uint8

// The sections, in the order of a sorted block.
const (
	sectionFuture section = iota
	sectionStdlib
	sectionThirdParty
	sectionFirstParty
	sectionRelative
)

// importLine is one import statement to be written.
type importLine struct {
	from    string // "pkg.mod", "..core"; "" for "import x"
	name    string // "a.b" in "import a.b", "y" in "from x import y"
	as      string
	section section
	lazy    bool   // "lazy import"
	comment string // "# type: ignore" and the like, moved along
	// statement is the whole text where it is not made of the fields above.
	statement string
}

// newLine returns the statement for one imported name, in the form in which it
// was written.
func newLine(imp *graph.Import, kind classifier) importLine {
	f := imp.In.Syntax
	l := importLine{name: f.DottedText(f.Child(imp.Alias, syntax.DottedName))}
	if id := f.Child(imp.Alias, syntax.Ident); id != syntax.None {
		l.as = f.Text(id)
	}
	if f.Kind(imp.Stmt) == syntax.ImportFrom {
		l.from = strings.Repeat(".", f.ImportLevel(imp.Stmt))
		if d := f.Child(imp.Stmt, syntax.DottedName); d != syntax.None {
			l.from += f.DottedText(d)
		}
	}
	top, _, _ := strings.Cut(imp.Base, ".")
	l.section = kind(top)
	if strings.HasPrefix(l.from, ".") {
		l.section = sectionRelative
	}
	l.comment = carried(f, imp.Stmt)
	return l
}

// A classifier says which section a top-level module belongs to.
type classifier func(top string) section

// classify returns the classifier of a project.
func classify(prog *graph.Program) classifier {
	own := map[string]bool{}
	for _, m := range prog.Modules {
		top, _, _ := strings.Cut(m.Name, ".")
		own[top] = true
	}
	return func(top string) section {
		switch {
		case own[top]:
			return sectionFirstParty
		case resolve.IsStdlib(top):
			return sectionStdlib
		}
		return sectionThirdParty
	}
}

// text writes the statement.
func (l importLine) text() string {
	if l.statement != "" {
		return l.statement
	}
	s := "import " + l.name
	if l.from != "" {
		s = "from " + l.from + " import " + l.name
	}
	if l.as != "" {
		s += " as " + l.as
	}
	if l.lazy {
		s = "lazy " + s
	}
	if l.comment != "" {
		s += "  " + l.comment
	}
	return s
}

// less orders statements as isort does with its defaults: sections, plain
// imports before from-imports, then modules without regard to case. Lazy imports
// are the last ones of their section, as ruff wants them.
func (l importLine) less(m importLine) bool {
	if l.section != m.section {
		return l.section < m.section
	}
	if l.lazy != m.lazy {
		return m.lazy
	}
	if (l.from == "") != (m.from == "") {
		return l.from == ""
	}
	a, b := l.key(), m.key()
	if x, y := strings.ToLower(a), strings.ToLower(b); x != y {
		return x < y
	}
	if a != b {
		return a < b
	}
	if l.from == "" && (l.as == "") != (m.as == "") {
		return l.as == ""
	}
	if c, d := memberClass(l.name), memberClass(m.name); c != d {
		return c < d
	}
	return strings.ToLower(l.name+" "+l.as) < strings.ToLower(m.name+" "+m.as)
}

func (l importLine) key() string {
	if l.from != "" {
		return l.from
	}
	return l.name
}

// memberClass orders the names of one from-import: constants, classes, others.
func memberClass(name string) int {
	switch {
	case len(name) > 1 && strings.ToUpper(name) == name && strings.ToLower(name) != name:
		return 0
	case name != "" && name[0] >= 'A' && name[0] <= 'Z':
		return 1
	}
	return 2
}

// block writes sorted statements, one a line, without the last line ending.
// Sections are set apart by a blank line; names from one module share a
// statement, as isort would have it.
func block(lines []importLine, indent, eol string) string {
	ls := append([]importLine(nil), lines...)
	sort.SliceStable(ls, func(i, j int) bool { return ls[i].less(ls[j]) })
	var b strings.Builder
	for i := 0; i < len(ls); i++ {
		l := ls[i]
		if i > 0 {
			b.WriteString(eol)
			if ls[i-1].section != l.section {
				b.WriteString(eol)
			}
			b.WriteString(indent)
		}
		for l.from != "" && l.as == "" && l.comment == "" && i+1 < len(ls) &&
			ls[i+1].from == l.from && ls[i+1].lazy == l.lazy && ls[i+1].as == "" && ls[i+1].comment == "" &&
			len(indent)+len(l.text())+2+len(ls[i+1].name) <= maxWidth {
			i++
			if ls[i].name != ls[i-1].name {
				l.name += ", " + ls[i].name
			}
		}
		b.WriteString(l.text())
	}
	return b.String()
}

// maxWidth is the line length of the formatters' defaults.
const maxWidth = 88

// carried returns the comment of a statement that has to move with it: what
// stands behind it on its last line, less the suppressions that only make
// sense at module level.
func carried(f *syntax.File, stmt syntax.NodeID) string {
	aliases := 0
	for c := range f.Children(stmt) {
		if f.Kind(c) == syntax.Alias {
			aliases++
		}
	}
	c := trailingComment(f, stmt)
	if c == "" || aliases > 1 {
		return ""
	}
	low := strings.ToLower(strings.TrimSpace(strings.TrimPrefix(c, "#")))
	for _, p := range []string{"noqa", "isort:", "fastpath:", "pylint:", "flake8:"} {
		if strings.HasPrefix(low, p) {
			return ""
		}
	}
	return c
}

// trailingComment returns the comment behind stmt on its last line, or "".
func trailingComment(f *syntax.File, stmt syntax.NodeID) string {
	t := text{f.Src}
	end := int(f.Node(stmt).End)
	at := t.skipBlanks(end)
	if at < len(t.src) && t.src[at] == ';' {
		at = t.skipBlanks(at + 1)
	}
	if at < len(t.src) && t.src[at] == '#' {
		return strings.TrimRight(string(t.src[at:t.lineEnd(at)]), " \t")
	}
	return ""
}
