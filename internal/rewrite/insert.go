package rewrite

import (
	"bytes"
	"sort"
	"strings"
	"unicode/utf8"

	"fastpath/internal/python/syntax"
)

// insertions turns the collected import lines into splices. Places in one
// suite that is written on its header's line are opened up together.
func insertions(f *syntax.File, inserts map[place][]importLine, guards map[place][]guardLine, kind classifier) []splice {
	places := make([]place, 0, len(inserts))
	for p := range inserts {
		places = append(places, p)
	}
	sort.Slice(places, func(i, j int) bool {
		a, b := f.Node(places[i].stmt), f.Node(places[j].stmt)
		if a.Start != b.Start {
			return a.Start < b.Start
		}
		return places[i].block < places[j].block
	})
	t := text{f.Src}
	unit := indentUnit(f)
	merged := map[int][]importLine{} // by offset of the insertion
	opened := map[syntax.NodeID][]importLine{}
	suite := map[int]place{}
	var order []int
	var out []splice
	for _, p := range places {
		if f.Node(p.block).Flags&syntax.FlagOneLine != 0 {
			opened[p.block] = append(opened[p.block], inserts[p]...)
			continue
		}
		first := firstOfLine(f, p)
		off := t.lineStart(int(f.Node(first).Start))
		if _, ok := merged[off]; !ok {
			order = append(order, off)
			suite[off] = place{p.block, first}
		}
		merged[off] = append(merged[off], inserts[p]...)
	}
	guarded := map[syntax.NodeID][]guardLine{}
	for p, lines := range guards {
		if f.Node(p.block).Flags&syntax.FlagOneLine != 0 {
			guarded[p.block] = append(guarded[p.block], lines...)
			if _, ok := opened[p.block]; !ok {
				opened[p.block] = nil
			}
		}
	}
	for block, lines := range opened {
		out = append(out, openSuite(f, block, lines, guarded[block], unit))
	}
	for _, off := range order {
		out = append(out, insertBefore(f, suite[off], merged[off], kind)...)
	}
	return out
}

// firstOfLine returns the first statement on the line of p.stmt, so that an
// import never lands behind a semicolon.
func firstOfLine(f *syntax.File, p place) syntax.NodeID {
	t := text{f.Src}
	first := p.stmt
	line := t.lineStart(int(f.Node(p.stmt).Start))
	for c := range f.Children(p.block) {
		d := f.Node(c)
		if d.Start >= f.Node(p.stmt).Start {
			break
		}
		if t.lineStart(lastOffset(d)) == line {
			// The statement before ends on this line; start over from its own line.
			return firstOfLine(f, place{p.block, c})
		}
	}
	return first
}

// openSuite puts the statements of "if x: y" on a line of their own, below
// the imports and guards.
func openSuite(f *syntax.File, suite syntax.NodeID, lines []importLine, guards []guardLine, unit string) splice {
	t := text{f.Src}
	d := f.Node(suite)
	colon := int(d.Start) - 1
	for colon > 0 && f.Src[colon] != ':' {
		colon--
	}
	indent := t.indent(headerOf(f, suite)) + unit
	eol := t.eol()
	out := eol + indent
	if len(lines) > 0 {
		out += block(lines, indent, eol) + eol + eol + indent
	}
	if len(guards) > 0 {
		out += guardText(guards, indent, unit, eol) + eol + eol + indent
	}
	return splice{colon + 1, int(d.Start), out}
}

// headerOf returns the offset of the statement that owns a suite.
func headerOf(f *syntax.File, suite syntax.NodeID) int {
	owner := f.Parent(suite)
	for !f.Kind(owner).IsStatement() {
		owner = f.Parent(owner)
	}
	return int(f.Node(owner).Start)
}

// insertBefore writes the imports above a statement that begins a line: below
// the imports that already stand directly above it, else above the comments
// that belong to it. A blank line follows, as the formatters want it after
// imports.
func insertBefore(f *syntax.File, p place, lines []importLine, kind classifier) []splice {
	t := text{f.Src}
	start := int(f.Node(p.stmt).Start)
	indent, eol := t.indent(start), t.eol()
	if isImport(f, p.stmt) {
		// Imports follow: the new ones join them without a blank line, unless
		// another section begins.
		return []splice{{t.lineStart(start), t.lineStart(start), indent + block(lines, indent, eol) + eol + gap(f, p.stmt, lines, eol, kind)}}
	}
	if run := importsAbove(f, p); run != nil {
		return joinRun(f, run, lines, kind)
	}
	off := aboveComments(t, start)
	return []splice{{off, off, indent + block(lines, indent, eol) + eol + eol}}
}

func isImport(f *syntax.File, stmt syntax.NodeID) bool {
	k := f.Kind(stmt)
	return k == syntax.Import || k == syntax.ImportFrom
}

// gap is the blank line between two sections, where the following import
// needs one. An import of unknown section counts as the same.
func gap(f *syntax.File, next syntax.NodeID, lines []importLine, eol string, kind classifier) string {
	last := lines[0]
	for _, l := range lines {
		if last.less(l) {
			last = l
		}
	}
	if existing, ok := lineFrom(f, next, kind); ok && existing.section != last.section {
		return eol
	}
	return ""
}

// importsAbove returns the import statements that stand directly above p.stmt,
// nil when there are none or when they do not have their lines for themselves.
func importsAbove(f *syntax.File, p place) []syntax.NodeID {
	t := text{f.Src}
	var run []syntax.NodeID
	for c := range f.Children(p.block) {
		if c == p.stmt {
			break
		}
		if !isImport(f, c) || !t.firstOnLine(int(f.Node(c).Start)) {
			run = nil
			continue
		}
		run = append(run, c)
	}
	if len(run) == 0 {
		return nil
	}
	end := int(f.Node(run[len(run)-1]).End)
	if at := t.skipBlanks(end); at < len(f.Src) && f.Src[at] == ';' {
		return nil
	}
	return run
}

// joinRun puts each new import at its sorted place among existing ones.
func joinRun(f *syntax.File, run []syntax.NodeID, lines []importLine, kind classifier) []splice {
	t := text{f.Src}
	eol := t.eol()
	indent := t.indent(int(f.Node(run[0]).Start))
	ls := append([]importLine(nil), lines...)
	sort.SliceStable(ls, func(i, j int) bool { return ls[i].less(ls[j]) })
	groups := map[int][]importLine{} // by number of existing imports above
	var out []splice
	longer := map[syntax.NodeID]int{} // by how many characters statements grow
	for _, l := range ls {
		if s, stmt, ok := extend(f, run, l, longer); ok {
			out = append(out, s)
			longer[stmt] += len(s.text)
			continue
		}
		n := len(run)
		for n > 0 {
			existing, ok := lineFrom(f, run[n-1], kind)
			if !ok || existing.less(l) {
				break
			}
			n--
		}
		groups[n] = append(groups[n], l)
	}
	for n, g := range groups {
		body := indent + block(g, indent, eol) + eol
		if n > 0 {
			prev, _ := lineFrom(f, run[n-1], kind)
			if prev.section == g[0].section || n == len(run) {
				if prev.section != g[0].section {
					body = eol + body
				}
				off := t.nextLine(lastOffset(f.Node(run[n-1])))
				out = append(out, splice{off, off, body})
				continue
			}
		}
		if next, _ := lineFrom(f, run[n], kind); next.section != g[len(g)-1].section {
			body += eol
		}
		off := t.lineStart(int(f.Node(run[n]).Start))
		out = append(out, splice{off, off, body})
	}
	return out
}

// extend adds a name to an existing statement that imports from the same
// module, which is how isort wants it; ok is false when there is none, or when
// it has parentheses, a comment, other aliases, or no room.
func extend(f *syntax.File, run []syntax.NodeID, l importLine, longer map[syntax.NodeID]int) (s splice, stmt syntax.NodeID, ok bool) {
	if l.from == "" || l.as != "" || l.comment != "" || l.statement != "" || l.name == "*" {
		return s, stmt, false
	}
	for _, stmt := range run {
		existing, ok := lineFrom(f, stmt, func(string) section { return 0 })
		d := f.Node(stmt)
		if !ok || existing.from != l.from || existing.lazy != l.lazy || existing.name == "*" || f.Src[d.End-1] == ')' || trailingComment(f, stmt) != "" ||
			bytes.ContainsAny(f.Src[d.Start:d.End], "\r\n\\") {
			continue
		}
		t := text{f.Src}
		if utf8.RuneCount(f.Src[t.lineStart(int(d.Start)):d.End])+longer[stmt]+2+len(l.name) > maxWidth {
			continue
		}
		plain := true
		last := syntax.None
		before := syntax.None
		for a := range f.Children(stmt) {
			if f.Kind(a) != syntax.Alias {
				continue
			}
			last = a
			name := importLine{from: l.from, section: l.section, lazy: l.lazy, name: f.Text(f.Child(a, syntax.DottedName))}
			plain = plain && f.Child(a, syntax.Ident) == syntax.None && name.name != l.name
			if before == syntax.None && l.less(name) {
				before = a
			}
		}
		switch {
		case !plain:
			continue
		case before != syntax.None:
			at := int(f.Node(before).Start)
			return splice{at, at, l.name + ", "}, stmt, true
		}
		at := int(f.Node(last).End)
		return splice{at, at, ", " + l.name}, stmt, true
	}
	return s, stmt, false
}

// lineFrom reads an existing statement as an importLine; its first name counts.
func lineFrom(f *syntax.File, stmt syntax.NodeID, kind classifier) (importLine, bool) {
	a := f.Child(stmt, syntax.Alias)
	l := importLine{name: "*", lazy: f.Node(stmt).Flags&syntax.FlagLazy != 0}
	if a != syntax.None {
		l.name = f.DottedText(f.Child(a, syntax.DottedName))
	} else if f.Kind(stmt) != syntax.ImportFrom || f.Node(stmt).Flags&syntax.FlagStar == 0 {
		return importLine{}, false
	}
	if id := f.Child(a, syntax.Ident); a != syntax.None && id != syntax.None {
		l.as = f.Text(id)
	}
	if f.Kind(stmt) == syntax.ImportFrom {
		l.from = strings.Repeat(".", f.ImportLevel(stmt))
		if d := f.Child(stmt, syntax.DottedName); d != syntax.None {
			l.from += f.DottedText(d)
		}
		if strings.HasPrefix(l.from, ".") {
			l.section = sectionRelative
			return l, true
		}
	}
	top, _, _ := strings.Cut(l.key(), ".")
	l.section = kind(top)
	if l.from == "__future__" {
		l.section = sectionFuture
	}
	return l, true
}
