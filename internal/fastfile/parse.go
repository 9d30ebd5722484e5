package fastfile

import (
	"bytes"
	"sort"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// Parse reads the text of a fast path file. It never fails: what is not an
// import, a comment, the docstring or __all__ becomes Code.
func Parse(src []byte) *Content {
	f := syntax.Parse(src, syntax.Latest)
	c := &Content{Thresholds: DefaultThresholds, NewLine: newLineOf(f.Src), BOM: f.BOM}
	r := &reader{f: f, c: c, lines: linesOf(f.Src), section: SectionHead}
	r.read()
	c.CodeLines = r.codeLines()
	c.Other = r.otherExports()
	return c
}

// newLineOf returns the line ending of the first line, "" when there is none.
func newLineOf(src []byte) string {
	i := bytes.IndexAny(src, "\r\n")
	switch {
	case i < 0:
		return ""
	case src[i] == '\n':
		return "\n"
	case i+1 < len(src) && src[i+1] == '\n':
		return "\r\n"
	}
	return "\r"
}

// lineSpan is a physical line without its ending, as byte offsets.
type lineSpan struct{ start, end int }

func linesOf(src []byte) []lineSpan {
	var out []lineSpan
	start := 0
	for i := 0; i < len(src); i++ {
		switch src[i] {
		case '\r':
			out = append(out, lineSpan{start, i})
			if i+1 < len(src) && src[i+1] == '\n' {
				i++
			}
			start = i + 1
		case '\n':
			out = append(out, lineSpan{start, i})
			start = i + 1
		}
	}
	if start < len(src) {
		out = append(out, lineSpan{start, len(src)})
	}
	return out
}

// reader walks the statements and the comments of a file side by side.
type reader struct {
	f       *syntax.File
	c       *Content
	lines   []lineSpan
	section Section
	pending []string // comment lines directly above what comes next
	gap     bool     // a blank line came before pending
	docs    bool     // the docstring can still come
	seenImp bool
}

// read fills the content line by line; a statement takes all of its lines.
func (r *reader) read() {
	stmts := r.statements()
	r.docs = true
	next := 0
	for i := 0; i < len(r.lines); i++ {
		l := r.lines[i]
		first := next
		for next < len(stmts) && int(r.f.Node(stmts[next]).Start) <= l.end {
			if e := r.lineOf(r.last(stmts[next])); e > i {
				i, l = e, r.lines[e] // a statement over several lines
			}
			next++
		}
		switch {
		case next > first:
			for k, s := range stmts[first:next] {
				r.statement(s, k == next-first-1)
			}
			r.pending, r.gap = nil, false
		case len(bytes.TrimSpace(r.f.Src[l.start:l.end])) == 0:
			r.flush()
			r.gap = true
		default:
			r.commentLine(string(r.f.Src[l.start:l.end]))
		}
	}
	r.flush()
}

// statements returns the top-level statements in source order, without those
// that take no text.
func (r *reader) statements() []syntax.NodeID {
	var out []syntax.NodeID
	at := int32(-1)
	for s := range r.f.Children(syntax.Root) {
		if d := r.f.Node(s); d.End > d.Start && d.Start > at {
			out = append(out, s)
			at = d.Start
		}
	}
	return out
}

// last returns the offset of the last byte of a statement.
func (r *reader) last(s syntax.NodeID) int {
	return int(r.f.Node(s).End) - 1
}

// lineOf returns the index of the line that holds a byte.
func (r *reader) lineOf(off int) int {
	lo, hi := 0, len(r.lines)-1
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if r.lines[mid].start <= off {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	return lo
}

// flush moves pending comment lines to the remarks of their section.
func (r *reader) flush() {
	if len(r.pending) == 0 {
		return
	}
	to := &r.c.Remarks[r.section]
	if r.gap && (len(*to) > 0 || r.section == SectionKept) {
		*to = append(*to, "")
	}
	*to = append(*to, r.pending...)
	r.pending, r.gap = nil, false
}

var (
	tierHead   = regexps.New(`(?i)^Tier ([12])\b`)
	keptTitle  = regexps.New(`(?i)^Kept: cold\b`)
	allTitle   = regexps.New(`(?i)^Export all\b`)
	codingText = regexps.New(`coding[:=][ \t]*([-\w.]+)`)
)

// commentLine reads a line that holds nothing but a comment, or text that
// belongs to no statement because it did not parse.
func (r *reader) commentLine(line string) {
	body := strings.Trim(line, " \t\f")
	if !strings.HasPrefix(body, "#") {
		return
	}
	text := commentText(body)
	switch m := tierHead().FindStringSubmatch(text); {
	case text == skipLine, r.section == SectionHead && declaresEncoding(text):
		r.flush() // Render writes the one itself, and makes the other untrue
	case m != nil && r.section < SectionAll:
		r.flush()
		r.section, r.gap = SectionTier1, false
		if m[1] == "2" {
			r.section = SectionTier2
		}
	case keptTitle().MatchString(text) && r.section < SectionAll:
		r.flush()
		r.section, r.gap = SectionKept, false
	case allTitle().MatchString(text) && r.section < SectionAll:
		r.flush()
		r.section, r.gap = SectionAll, false
	default:
		if r.section == SectionKept && len(r.pending) == 0 && len(r.c.Remarks[SectionKept]) == 0 {
			if k, ok := readKept(text); ok {
				r.c.Kept = append(r.c.Kept, k)
				return
			}
		}
		r.pending = append(r.pending, text)
	}
}

// declaresEncoding reports whether a comment in the first lines of a file says
// that the file is not UTF-8, which is what Render writes.
func declaresEncoding(text string) bool {
	m := codingText().FindStringSubmatch(text)
	return m != nil && !strings.HasPrefix(strings.ReplaceAll(strings.ToLower(m[1]), "_", "-"), "utf-8")
}

// aside keeps a comment that stands behind or inside of something that Render
// writes anew, unless it would be taken for one of the file's own lines.
func (r *reader) aside(comment string) {
	text := commentText(comment)
	if text == skipLine || tierHead().MatchString(text) || keptTitle().MatchString(text) || allTitle().MatchString(text) || declaresEncoding(text) {
		return
	}
	r.pending = append(r.pending, text)
}

// commentText returns the text of a comment without "# ". A comment without
// text is one blank, because an empty string separates groups of remarks.
func commentText(comment string) string {
	text := strings.TrimRight(strings.TrimPrefix(comment, "#"), " \t\f")
	if strings.HasPrefix(text, "!") || strings.HasPrefix(text, ":") {
		return text
	}
	text = strings.TrimPrefix(text, " ")
	if text == "" {
		return " "
	}
	if text[0] == '!' || text[0] == ':' {
		return " " + text // Render would write it in the other form
	}
	return text
}

// statement reads one statement; lastOnLine says that a comment behind it on
// its line is its own.
func (r *reader) statement(s syntax.NodeID, lastOnLine bool) {
	f := r.f
	switch f.Kind(s) {
	case syntax.Import, syntax.ImportFrom:
		if r.future(s) {
			r.other(s)
			return
		}
		if imp, ok := r.importStatement(s, lastOnLine); ok {
			r.docs, r.seenImp = false, true
			r.c.Imports = append(r.c.Imports, imp)
			return
		}
	case syntax.ExprStmt:
		if r.docs && r.docstring(s) {
			return
		}
	case syntax.Assign, syntax.AnnAssign:
		if !r.c.HasAll && r.exports(s) {
			r.docs = false
			return
		}
	}
	r.docs = false
	r.c.Code = append(r.c.Code, Code{Span: r.span(s), Text: f.Text(s)})
	r.other(s)
}

// future reports whether s is "from __future__ import …", which is neither an
// import of a module nor code, and has to stay first.
func (r *reader) future(s syntax.NodeID) bool {
	d := r.f.Child(s, syntax.DottedName)
	return r.f.Kind(s) == syntax.ImportFrom && r.f.ImportLevel(s) == 0 && d != syntax.None && r.f.DottedText(d) == "__future__"
}

// other keeps a statement verbatim, with the comments above and behind it,
// where it stands among the imports.
func (r *reader) other(s syntax.NodeID) {
	var lines []string
	for _, p := range r.pending {
		w := &writer{}
		w.comment(p)
		lines = append(lines, strings.TrimRight(w.b.String(), "\n"))
	}
	r.pending = nil
	from := r.f.Node(s)
	a, b := r.lineOf(int(from.Start)), r.lineOf(r.last(s))
	for i := a; i <= b; i++ {
		l := r.lines[i]
		start, end := l.start, l.end
		if i == a {
			start = int(from.Start)
		}
		if i == b {
			end = r.endWithComment(s)
		}
		lines = append(lines, string(r.f.Src[start:end]))
	}
	switch {
	case r.seenImp:
		last := &r.c.Imports[len(r.c.Imports)-1]
		last.After = append(last.After, lines...)
	default:
		r.c.Prologue = append(r.c.Prologue, lines...)
	}
	if r.section == SectionHead {
		r.section = SectionTop
	}
}

// endWithComment returns the end of a statement together with the comment
// behind it on its last line.
func (r *reader) endWithComment(s syntax.NodeID) int {
	end := int(r.f.Node(s).End)
	if c, ok := r.trailing(s); ok {
		return int(c.End)
	}
	return end
}

// comments returns the comments that start in [from, to).
func (r *reader) comments(from, to int) []syntax.Comment {
	all := r.f.Comments
	i := sort.Search(len(all), func(i int) bool { return int(all[i].Start) >= from })
	j := sort.Search(len(all), func(i int) bool { return int(all[i].Start) >= to })
	return all[i:j]
}

// trailing returns the comment behind a statement on its last line.
func (r *reader) trailing(s syntax.NodeID) (syntax.Comment, bool) {
	end := int(r.f.Node(s).End)
	line := r.lines[r.lineOf(r.last(s))]
	behind := r.comments(end, line.end)
	if len(behind) == 0 {
		return syntax.Comment{}, false
	}
	return behind[0], len(bytes.Trim(r.f.Src[end:behind[0].Start], " \t\f;")) == 0
}

// importStatement reads an import; ok is false for a star import and for one
// that did not parse.
func (r *reader) importStatement(s syntax.NodeID, lastOnLine bool) (imp Import, ok bool) {
	f := r.f
	imp.Span, imp.Notes = r.span(s), r.pending
	if f.Kind(s) == syntax.ImportFrom {
		imp.From = strings.Repeat(".", f.ImportLevel(s))
		if d := f.Child(s, syntax.DottedName); d != syntax.None {
			imp.From += f.DottedText(d)
		}
		if imp.From == "" {
			return imp, false
		}
	}
	for a := range f.Children(s) {
		if f.Kind(a) != syntax.Alias {
			continue
		}
		n := ImportName{Name: f.DottedText(f.Child(a, syntax.DottedName)), Span: r.span(a)}
		if id := f.Child(a, syntax.Ident); id != syntax.None {
			n.AsName = f.Text(id)
		}
		if n.Name == "" || n.Name == "*" {
			return imp, false
		}
		imp.Names = append(imp.Names, n)
	}
	if len(imp.Names) == 0 || r.broken(s) {
		return imp, false
	}
	r.pending = nil
	r.importComments(&imp, s, lastOnLine)
	switch r.section {
	case SectionTier1:
		imp.Tier = Light
	case SectionTier2:
		imp.Tier = Exception
	default:
		imp.Tier = Light
		if imp.Measured && imp.MS >= r.c.Thresholds.LightMS {
			imp.Tier = Exception
		}
	}
	if r.section == SectionHead {
		r.section = SectionTop
	}
	return imp, true
}

// broken reports whether an error of the parser lies in the statement.
func (r *reader) broken(s syntax.NodeID) bool {
	d := r.f.Node(s)
	for _, e := range r.f.Errors {
		if e.Start <= d.End && e.End >= d.Start {
			return true
		}
	}
	return false
}

// importComments reads the figures and the other comments of an import: the
// figures stand behind the statement, or behind the opening parenthesis.
func (r *reader) importComments(imp *Import, s syntax.NodeID, lastOnLine bool) {
	d := r.f.Node(s)
	var inner []string
	opening := ""
	firstLine := r.lines[r.lineOf(int(d.Start))]
	for _, c := range r.comments(int(d.Start), int(d.End)) {
		text := strings.TrimRight(string(r.f.Src[c.Start:c.End]), " \t\f")
		if int(c.Start) < firstLine.end {
			opening = text
			continue
		}
		inner = append(inner, text)
	}
	behind := ""
	if c, ok := r.trailing(s); ok && lastOnLine {
		behind = strings.TrimRight(string(r.f.Src[c.Start:c.End]), " \t\f")
	}
	figures := opening
	if figures == "" {
		figures = behind
	} else if behind != "" {
		inner = append(inner, behind)
	}
	imp.Comments = inner
	imp.readFigures(strings.TrimPrefix(figures, "#"))
}

// exports reads __all__; ok is false when the statement is something else.
func (r *reader) exports(s syntax.NodeID) bool {
	f := r.f
	target := f.First(s)
	if f.Kind(target) != syntax.Name || f.Text(target) != "__all__" || r.broken(s) {
		return false
	}
	value := syntax.None
	n := 0
	for c := range f.Children(s) {
		value = c
		n++
	}
	if f.Kind(s) == syntax.Assign && n != 2 || f.Kind(value) != syntax.List && f.Kind(value) != syntax.Tuple {
		return false
	}
	var all []Export
	for e := range f.Children(value) {
		text, ok := plainString(f, e)
		if !ok {
			return false
		}
		all = append(all, Export{Name: text, Span: r.span(e)})
	}
	r.c.HasAll, r.c.All, r.c.AllSpan = true, all, r.span(s)
	if r.section < SectionAll {
		r.section = SectionAll
	}
	// Comments around the list stay as remarks.
	r.gap = len(r.pending) > 0
	d := f.Node(s)
	for _, c := range r.comments(int(d.Start), int(d.End)) {
		r.aside(string(f.Src[c.Start:c.End]))
	}
	if c, ok := r.trailing(s); ok {
		r.aside(string(f.Src[c.Start:c.End]))
	}
	r.flush()
	r.section = SectionEnd
	return true
}

// plainString returns the text of a string literal without escapes.
func plainString(f *syntax.File, n syntax.NodeID) (string, bool) {
	if f.Kind(n) != syntax.String || f.Node(n).Flags&(syntax.FlagBytes|syntax.FlagFormat) != 0 {
		return "", false
	}
	body, _, ok := stringBody(f.Text(n))
	if !ok || strings.ContainsAny(body, "\\\r\n") {
		return "", false
	}
	return body, true
}

// stringBody returns what stands between the quotes of a literal.
func stringBody(literal string) (body string, raw, ok bool) {
	i := strings.IndexAny(literal, `"'`)
	if i < 0 {
		return "", false, false
	}
	raw = strings.ContainsAny(literal[:i], "rR")
	rest := literal[i:]
	for _, q := range []string{`"""`, `'''`, `"`, `'`} {
		if strings.HasPrefix(rest, q) {
			if len(rest) < 2*len(q) || !strings.HasSuffix(rest, q) {
				return "", raw, false
			}
			return rest[len(q) : len(rest)-len(q)], raw, true
		}
	}
	return "", raw, false
}

// span returns the place of a node.
func (r *reader) span(n syntax.NodeID) Span {
	d := r.f.Node(n)
	s := Span{Start: int(d.Start), End: int(d.End)}
	s.Line, s.Column = r.f.Position(d.Start)
	s.EndLine, s.EndColumn = r.f.Position(d.End)
	return s
}

// codeLines counts the lines that hold code: not blank, not only a comment,
// not the docstring.
func (r *reader) codeLines() int {
	only := map[int]bool{} // lines that hold a comment and nothing before it
	for _, c := range r.f.Comments {
		i := r.lineOf(int(c.Start))
		if len(bytes.Trim(r.f.Src[r.lines[i].start:c.Start], " \t\f")) == 0 {
			only[i] = true
		}
	}
	code := map[int]bool{}
	for s := range r.f.Children(syntax.Root) {
		d := r.f.Node(s)
		if d.End <= d.Start || r.c.Doc.Present && int(d.Start) == r.c.Doc.Span.Start {
			continue
		}
		for i := r.lineOf(int(d.Start)); i <= r.lineOf(int(d.End)-1); i++ {
			l := r.lines[i]
			if !only[i] && len(bytes.TrimSpace(r.f.Src[l.start:l.end])) > 0 {
				code[i] = true
			}
		}
	}
	return len(code)
}

// otherExports returns the names in __all__ that code other than imports
// binds, so that a regeneration keeps exporting them.
func (r *reader) otherExports() []string {
	if len(r.c.Code) == 0 || len(r.c.All) == 0 {
		return nil
	}
	info := scope.Analyze(r.f, syntax.Latest)
	var out []string
	for _, e := range r.c.All {
		if imp, _ := r.c.Find(e.Name); imp == nil && info.Binds(0, e.Name) {
			out = append(out, e.Name)
		}
	}
	return out
}
