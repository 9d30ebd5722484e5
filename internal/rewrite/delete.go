package rewrite

import (
	"bytes"
	"sort"

	"fastpath/internal/python/syntax"
)

// A removal takes aliases out of one import statement.
type removal struct {
	stmt    syntax.NodeID
	aliases map[syntax.NodeID]bool
	// replace stands in for the whole statement when it is not empty.
	replace string
}

// lineRange is a stretch of whole lines, by byte offsets.
type lineRange struct{ start, end int }

// deletions turns removals into splices. It leaves "pass" where a block would
// become empty, and joins the blank lines around what it takes out.
func deletions(f *syntax.File, removals []removal) []splice {
	sort.Slice(removals, func(i, j int) bool { return removals[i].stmt < removals[j].stmt })
	t := text{f.Src}
	gone := map[syntax.NodeID]bool{} // statements that disappear without a replacement
	var whole []removal
	var out []splice
	for _, r := range removals {
		switch {
		case r.replace != "" && r.removesAll(f):
			d := f.Node(r.stmt)
			end := int(d.End)
			if c := trailingComment(f, r.stmt); c != "" {
				end = bytes.Index(f.Src[end:], []byte(c)) + end + len(c) // it spoke of what is gone
			}
			out = append(out, splice{int(d.Start), end, r.replace})
		case r.removesAll(f):
			gone[r.stmt] = true
			whole = append(whole, r)
		default:
			if r.replace != "" {
				// What stays of the statement follows on a line of its own.
				d := f.Node(r.stmt)
				out = append(out, splice{int(d.Start), int(d.Start), r.replace + t.eol() + t.indent(int(d.Start))})
			}
			out = append(out, removeAliases(f, r)...)
		}
	}
	var lines []lineRange
	for _, r := range whole {
		if needsPass(f, r.stmt, gone) {
			d := f.Node(r.stmt)
			out = append(out, splice{int(d.Start), int(d.End), "pass"})
			continue
		}
		if p, ok := removeOnSharedLine(f, r.stmt, gone); ok {
			out = append(out, p)
			continue
		}
		d := f.Node(r.stmt)
		lines = append(lines, lineRange{t.lineStart(int(d.Start)), t.nextLine(lastOffset(d))})
	}
	return append(out, removeLines(t, lines)...)
}

// removesAll reports whether nothing of the statement is left.
func (r *removal) removesAll(f *syntax.File) bool {
	for c := range f.Children(r.stmt) {
		if f.Kind(c) == syntax.Alias && !r.aliases[c] {
			return false
		}
	}
	return true
}

// lastOffset returns the offset of the last byte of a node.
func lastOffset(d *syntax.Node) int {
	if d.End > d.Start {
		return int(d.End) - 1
	}
	return int(d.Start)
}

// needsPass reports whether stmt is the last remaining statement of a suite
// other than the module that would lose all its statements.
func needsPass(f *syntax.File, stmt syntax.NodeID, gone map[syntax.NodeID]bool) bool {
	suite := f.Parent(stmt)
	if !isSuite(f.Kind(suite)) {
		return false
	}
	first := syntax.None
	for c := range f.Children(suite) {
		if !gone[c] {
			return false
		}
		if first == syntax.None {
			first = c
		}
	}
	return first == stmt
}

// removeOnSharedLine removes a statement that shares its line with others by
// semicolons; ok is false when it has the line for itself, or when all that
// stand on the line go.
func removeOnSharedLine(f *syntax.File, stmt syntax.NodeID, gone map[syntax.NodeID]bool) (splice, bool) {
	t := text{f.Src}
	d := f.Node(stmt)
	before, after := syntax.None, syntax.None
	for c := range f.Children(f.Parent(stmt)) {
		n := f.Node(c)
		if c == stmt {
			continue
		}
		if n.End <= d.Start && t.lineStart(lastOffset(n)) == t.lineStart(int(d.Start)) {
			before = c
		}
		if n.Start >= d.End && after == syntax.None && t.lineStart(int(n.Start)) == t.lineStart(lastOffset(d)) {
			after = c
		}
	}
	oneLine := f.Node(f.Parent(stmt)).Flags&syntax.FlagOneLine != 0
	if before == syntax.None && after == syntax.None && !oneLine {
		return splice{}, false
	}
	if !oneLine && allOnLineGone(f, stmt, gone) {
		return splice{}, false
	}
	if after != syntax.None {
		return splice{int(d.Start), int(f.Node(after).Start), ""}, true
	}
	if before != syntax.None {
		if !gone[before] {
			return splice{int(f.Node(before).End), int(d.End), ""}, true
		}
		return splice{int(d.Start), int(d.End), ""}, true
	}
	return splice{}, false
}

// allOnLineGone reports whether every statement on the line of stmt goes.
func allOnLineGone(f *syntax.File, stmt syntax.NodeID, gone map[syntax.NodeID]bool) bool {
	t := text{f.Src}
	line := t.lineStart(int(f.Node(stmt).Start))
	for c := range f.Children(f.Parent(stmt)) {
		n := f.Node(c)
		if t.lineStart(int(n.Start)) <= line && t.lineStart(lastOffset(n)) >= line && !gone[c] {
			return false
		}
	}
	return true
}

// removeLines deletes whole lines. Of the blank lines around a gap the larger
// number stays; at the start of the text none does.
func removeLines(t text, lines []lineRange) []splice {
	sort.Slice(lines, func(i, j int) bool { return lines[i].start < lines[j].start })
	var gaps []lineRange
	for _, l := range lines {
		if n := len(gaps); n > 0 && onlyBlank(t, gaps[n-1].end, l.start) {
			gaps[n-1].end = max(gaps[n-1].end, l.end)
			continue
		}
		gaps = append(gaps, l)
	}
	var out []splice
	for _, g := range gaps {
		before, after := g.start, g.end
		nb, na := 0, 0
		for before > 0 {
			p := t.lineStart(before - 1)
			if !t.blank(p) {
				break
			}
			before = p
			nb++
		}
		for after < len(t.src) && t.blank(after) {
			next := t.nextLine(after)
			if next == after {
				break
			}
			after = next
			na++
		}
		switch {
		case before == 0: // nothing above
			out = append(out, splice{0, after, ""})
		case after >= len(t.src): // nothing below
			out = append(out, splice{before, after, ""})
		case nb == 0 || na == 0:
			out = append(out, splice{g.start, g.end, ""})
		case nb > na:
			out = append(out, splice{g.start, after, ""})
		default:
			out = append(out, splice{before, g.end, ""})
		}
	}
	return out
}

func onlyBlank(t text, from, to int) bool {
	return from <= to && len(bytes.TrimSpace(t.src[from:to])) == 0
}

// removeAliases takes some aliases out of a statement and leaves the rest.
func removeAliases(f *syntax.File, r removal) []splice {
	t := text{f.Src}
	var all []syntax.NodeID
	for c := range f.Children(r.stmt) {
		if f.Kind(c) == syntax.Alias {
			all = append(all, c)
		}
	}
	stmtEnd := int(f.Node(r.stmt).End)
	if stmtEnd > 0 && t.src[stmtEnd-1] == ')' {
		return removeInParens(f, r, all, stmtEnd)
	}
	var out []splice
	for i := 0; i < len(all); {
		if !r.aliases[all[i]] {
			i++
			continue
		}
		j := i
		for j < len(all) && r.aliases[all[j]] {
			j++
		}
		if j < len(all) {
			out = append(out, splice{int(f.Node(all[i]).Start), int(f.Node(all[j]).Start), ""})
		} else {
			out = append(out, splice{int(f.Node(all[i-1]).End), int(f.Node(all[j-1]).End), ""})
		}
		i = j
	}
	return out
}

// removeInParens removes names between parentheses: the name, its comma and,
// where nothing else is left on the line, the line with its comment.
func removeInParens(f *syntax.File, r removal, all []syntax.NodeID, stmtEnd int) []splice {
	t := text{f.Src}
	var cuts []lineRange
	for _, a := range all {
		if !r.aliases[a] {
			continue
		}
		d := f.Node(a)
		end := int(d.End)
		if c := nextComma(f, end, stmtEnd); c >= 0 {
			end = c + 1
		}
		if n := t.skipBlanks(end); n < stmtEnd && t.src[n] != '\n' && t.src[n] != '\r' && t.src[n] != '#' && t.src[n] != ')' {
			end = n
		}
		cuts = append(cuts, lineRange{int(d.Start), end})
	}
	var out []splice
	for i := 0; i < len(cuts); i++ {
		c := cuts[i]
		for i+1 < len(cuts) && onlyBlank(t, c.end, cuts[i+1].start) && t.lineStart(c.end) == t.lineStart(cuts[i+1].start) {
			i++
			c.end = cuts[i].end
		}
		rest := t.skipBlanks(c.end)
		ends := rest >= len(t.src) || t.src[rest] == '\n' || t.src[rest] == '\r' || t.src[rest] == '#'
		switch {
		case t.firstOnLine(c.start) && ends:
			out = append(out, splice{t.lineStart(c.start), t.nextLine(rest), ""})
		case ends && rest < len(t.src) && t.src[rest] != '#':
			// The last name of a line: the blanks before it go, too.
			s := c.start
			for s > 0 && (t.src[s-1] == ' ' || t.src[s-1] == '\t') {
				s--
			}
			out = append(out, splice{s, rest, ""})
		case rest < len(t.src) && t.src[rest] == ')':
			// The last name before the parenthesis: the comma before it goes.
			s := c.start
			for s > 0 && (t.src[s-1] == ' ' || t.src[s-1] == '\t') {
				s--
			}
			if s > 0 && t.src[s-1] == ',' && !t.firstOnLine(c.start) {
				s--
			} else {
				s = c.start
			}
			out = append(out, splice{s, c.end, ""})
		default:
			out = append(out, splice{c.start, c.end, ""})
		}
	}
	return out
}

// nextComma returns the offset of the first comma from off on, skipping white
// space and comments, or -1.
func nextComma(f *syntax.File, off, limit int) int {
	t := text{f.Src}
	for off < limit {
		switch c := t.src[off]; c {
		case ',':
			return off
		case '#':
			off = t.lineEnd(off)
		case ' ', '\t', '\f', '\n', '\r', '\\':
			off++
		default:
			return -1
		}
	}
	return -1
}
