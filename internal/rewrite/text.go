package rewrite

import (
	"bytes"
	"fmt"
	"sort"

	"fastpath/internal/python/syntax"
)

// A splice replaces the bytes [start, end) of a text.
type splice struct {
	start, end int
	text       string
}

// applySplices returns src with all splices done. Insertions at one place keep
// their order and come before a replacement that starts there; overlapping
// splices are an error.
func applySplices(src []byte, splices []splice) ([]byte, error) {
	s := append([]splice(nil), splices...)
	sort.SliceStable(s, func(i, j int) bool {
		if s[i].start != s[j].start {
			return s[i].start < s[j].start
		}
		return s[i].end == s[i].start && s[j].end > s[j].start
	})
	var out []byte
	at := 0
	for _, p := range s {
		if p.start < at || p.end < p.start || p.end > len(src) {
			return nil, fmt.Errorf("overlapping edits at byte %d", p.start)
		}
		out = append(out, src[at:p.start]...)
		out = append(out, p.text...)
		at = p.end
	}
	return append(out, src[at:]...), nil
}

// text is a source text seen as lines.
type text struct{ src []byte }

// lineStart returns the offset of the start of the line that holds off.
func (t text) lineStart(off int) int {
	for off > 0 && t.src[off-1] != '\n' && !t.isBareCR(off-1) {
		off--
	}
	return off
}

// lineEnd returns the offset of the line ending (or the end of the text) at or
// after off.
func (t text) lineEnd(off int) int {
	for off < len(t.src) && t.src[off] != '\n' && t.src[off] != '\r' {
		off++
	}
	return off
}

// nextLine returns the offset of the line after the one that holds off.
func (t text) nextLine(off int) int {
	off = t.lineEnd(off)
	if off < len(t.src) && t.src[off] == '\r' {
		off++
		if off < len(t.src) && t.src[off] == '\n' {
			off++
		}
		return off
	}
	if off < len(t.src) {
		off++
	}
	return off
}

// isBareCR reports whether the byte at off is a carriage return that ends a
// line by itself.
func (t text) isBareCR(off int) bool {
	return t.src[off] == '\r' && (off+1 >= len(t.src) || t.src[off+1] != '\n')
}

// indent returns the white space at the start of the line that holds off.
func (t text) indent(off int) string {
	start := t.lineStart(off)
	end := start
	for end < len(t.src) && (t.src[end] == ' ' || t.src[end] == '\t' || t.src[end] == '\f') {
		end++
	}
	return string(t.src[start:end])
}

// firstOnLine reports whether only white space stands before off on its line.
func (t text) firstOnLine(off int) bool {
	return len(bytes.Trim(t.src[t.lineStart(off):off], " \t\f")) == 0
}

// blank reports whether the line that starts at start holds nothing.
func (t text) blank(start int) bool {
	return len(bytes.Trim(t.src[start:t.lineEnd(start)], " \t\f")) == 0
}

// eol returns the line ending that the text uses: that of its first line.
func (t text) eol() string {
	for i, c := range t.src {
		switch c {
		case '\n':
			return "\n"
		case '\r':
			if i+1 < len(t.src) && t.src[i+1] == '\n' {
				return "\r\n"
			}
			return "\r"
		}
	}
	return "\n"
}

// skipBlanks returns the first offset from off on that is no space or tab.
func (t text) skipBlanks(off int) int {
	for off < len(t.src) && (t.src[off] == ' ' || t.src[off] == '\t' || t.src[off] == '\f') {
		off++
	}
	return off
}

// indentUnit returns one step of indentation as the file writes it: that of
// its first block on lines of its own, or four spaces.
func indentUnit(f *syntax.File) string {
	t := text{f.Src}
	for n := syntax.Root; int(n) < len(f.Nodes); n++ {
		d := f.Nodes[n]
		if !isSuite(d.Kind) || d.Flags&syntax.FlagOneLine != 0 || d.First == syntax.None {
			continue
		}
		owner := d.Parent
		for owner != syntax.None && !f.Kind(owner).IsStatement() {
			owner = f.Parent(owner)
		}
		if owner == syntax.None || f.Node(d.First).Flags&syntax.FlagElif != 0 {
			continue
		}
		start := int(f.Node(d.First).Start)
		if !t.firstOnLine(start) {
			continue
		}
		outer, inner := t.indent(int(f.Node(owner).Start)), t.indent(start)
		if len(inner) > len(outer) && inner[:len(outer)] == outer {
			return inner[len(outer):]
		}
	}
	return "    "
}

// isSuite reports whether nodes of kind k hold statements.
func isSuite(k syntax.Kind) bool {
	return k == syntax.Block || k == syntax.Else || k == syntax.Finally
}
