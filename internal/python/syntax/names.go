package syntax

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// NameText returns the identifier that a Name, Ident or PatternCapture stands
// for: its text in the normal form NFKC, in which Python compares names.
func (f *File) NameText(n NodeID) string { return f.DottedText(n) }

// dotted removes what may stand between the parts of a dotted name, and
// normalises it.
func dotted(text []byte) string {
	var b strings.Builder
	comment := false // within "from a import (b.  # comment": never in a valid name, but harmless
	for _, r := range string(text) {
		switch {
		case r == '\n' || r == '\r':
			comment = false
		case r == '#':
			comment = true
		case comment || r <= ' ' || r == '\\':
		default:
			b.WriteRune(r)
		}
	}
	return norm.NFKC.String(b.String())
}

// isIdentifierPart reports whether r may stand in an identifier: XID_Start,
// or XID_Continue behind the first place, of Unicode Annex 31.
func isIdentifierPart(r rune, first bool) bool {
	if r < 0x80 {
		return r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || !first && '0' <= r && r <= '9'
	}
	if !inIdentifier(r, first) {
		return false
	}
	// The X of XID: what NFKC turns into something that is no identifier.
	s := string(r)
	if norm.NFKC.IsNormalString(s) {
		return true
	}
	for i, c := range norm.NFKC.String(s) {
		if !inIdentifier(c, first && i == 0) {
			return false
		}
	}
	return true
}

func inIdentifier(r rune, first bool) bool {
	if r == '_' || unicode.IsLetter(r) || unicode.Is(unicode.Nl, r) || unicode.Is(unicode.Other_ID_Start, r) {
		return !unicode.In(r, unicode.Pattern_Syntax, unicode.Pattern_White_Space)
	}
	return !first && unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)
}
