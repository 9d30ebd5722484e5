package syntax

import (
	"bytes"
	"fmt"
	"unicode"
	"unicode/utf8"
)

// The limits of CPython's tokenizer.
const (
	maxParens  = 200 // nested brackets
	maxIndents = 100 // nested blocks
	maxStrings = 150 // f-strings within f-strings
	tabSize    = 8
)

// maxRestarts bounds how often the lexer goes back after it has met the end
// of the text within a string or a bracket: each time costs a pass.
const maxRestarts = 8

// open is an opened bracket. kind is '(', '[', '{', or 'f' for the "{" of a
// replacement field; spec says that the field has come to its format spec.
type open struct {
	offset int32
	kind   byte
	spec   bool
}

// indent is the column of an open block: with tabs of eight columns, and
// with tabs of one. Both must agree, else tabs and spaces are mixed.
type indent struct{ col, alt int }

// lexer turns text into tokens, one logical line at a time: within a line the
// parser can look ahead and go back by index, and what it has read can go.
type lexer struct {
	src      []byte
	pos, end int // end is lower than len(src) inside of an f-string before 3.12
	version  Version
	returns  bool // the text contains CR
	tokens   []token
	comments []Comment
	errors   []Error

	parens  []open
	tooDeep int // brackets opened beyond maxParens
	indents []indent
	strings []formatted // the f-strings that we are in
	fresh   bool        // at the start of a logical line, whose indentation is not measured yet
	begun   bool        // a logical line that a backslash in its indentation begins, as 3.8 has it
	enough  int         // when there are so many tokens, a logical line is the last one for now

	restarts    int
	unclosed    int32 // the first bracket that was still open at the end of the text; -1: none
	recoverFrom int32 // brackets opened here or later end at the start of a statement; -1: none
	oneLine     bool  // fields of f-strings with single quotes end at the end of the line
}

// reset prepares l for a new text and keeps its buffers.
func (l *lexer) reset(src []byte, v Version, returns bool) {
	if cap(l.parens) < maxParens {
		l.parens = make([]open, 1, 1+maxParens)[1:] // plain looks at what is below the first one
	}
	*l = lexer{
		src: src, end: len(src), version: v, returns: returns, fresh: true, unclosed: -1, recoverFrom: -1,
		tokens: l.tokens[:0], comments: l.comments[:0], errors: l.errors[:0],
		parens: l.parens[:0], indents: append(l.indents[:0], indent{}), strings: l.strings[:0],
	}
}

func (l *lexer) emit(k tokenKind, start, end int) {
	l.tokens = append(l.tokens, token{start: int32(start), end: int32(end), kind: k})
}

func (l *lexer) error(start, end int, format string, args ...any) {
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	l.errors = append(l.errors, Error{int32(start), int32(end), format})
}

// bad records an error and a token at which the parser stops.
func (l *lexer) bad(start, end int, format string, args ...any) {
	l.error(start, end, format, args...)
	l.emit(tError, start, end)
}

// peek returns the byte at pos+n, or 0 after the end.
func (l *lexer) peek(n int) byte {
	if l.pos+n < l.end {
		return l.src[l.pos+n]
	}
	return 0
}

// line returns the 1-based number of the line of an offset.
func (l *lexer) line(offset int) int {
	text := l.src[:offset]
	return bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) - bytes.Count(text, []byte("\r\n")) + 1
}

// logicalLine reads tokens up to a tNewline or tEOF: the next one, or one of those
// behind it that comes before there are enough tokens.
func (l *lexer) logicalLine() {
	l.fresh = false
	l.indentation()
	for {
		l.common()
		if l.fresh || l.careful() {
			return
		}
	}
}

// careful reads any one token, and reports whether that was the last one of
// the logical line.
func (l *lexer) careful() (last bool) {
	src := l.src
	for l.pos < l.end && byteClass[src[l.pos]] == cBlank {
		l.pos++
	}
	start := l.pos
	if start >= l.end {
		return l.atEnd()
	}
	c := src[start]
	switch byteClass[c] {
	case cIdent:
		l.identifier()
	case cOperator, cOpen, cClose:
		l.operator(c)
	case cDigit:
		l.number()
	case cQuote:
		l.str(start, 0)
	case cNewline:
		l.newline()
		return l.fresh
	case cHash:
		l.comment()
	case cBackslash:
		l.continuation()
	default:
		l.pos++
		if c == 0 {
			l.emit(tError, start, l.pos) // decode has reported it
		} else if c < ' ' || c == 0x7f {
			l.bad(start, l.pos, "invalid non-printable character U+%04X", c)
		} else {
			l.bad(start, l.pos, "invalid syntax")
		}
	}
	return false
}

// atEnd handles the end of the text, or of an f-string's. It reports whether
// all is read.
func (l *lexer) atEnd() bool {
	if len(l.strings) > 0 {
		l.unfinishedField()
		return false
	}
	if len(l.parens) > 0 {
		o := l.parens[0]
		if l.recoverFrom < 0 {
			l.unclosed = o.offset
		}
		for i := len(l.parens) - 1; i >= 0; i-- { // CPython names the innermost
			if l.parens[i].offset >= l.recoverFrom {
				o = l.parens[i]
				break
			}
		}
		l.error(int(o.offset), int(o.offset)+1, "'%c' was never closed", o.kind)
		l.emit(tError, l.pos, l.pos)
	}
	if n := len(l.tokens); l.begun || n > 0 && l.tokens[n-1].kind != tNewline && l.tokens[n-1].kind != tDedent {
		l.emit(tNewline, l.end, l.end)
	}
	for len(l.indents) > 1 {
		l.indents = l.indents[:len(l.indents)-1]
		l.emit(tDedent, l.end, l.end)
	}
	l.emit(tEOF, l.end, l.end)
	return true
}

// newline ends the logical line, or only the physical one within brackets.
func (l *lexer) newline() {
	start := l.pos
	l.skipNewline()
	if len(l.parens)+l.tooDeep > 0 {
		if l.oneLine && l.innermostField() && !l.strings[len(l.strings)-1].triple {
			l.abandonString(start, fmt.Sprintf("unterminated f-string literal (detected at line %d)", l.line(start)))
			return
		}
		if l.recoverFrom >= 0 && len(l.strings) == 0 {
			l.closeAtStatement(start)
		}
		return
	}
	l.emit(tNewline, start, l.pos)
	l.fresh = true
}

// skipNewline steps over one line ending: LF, CR or CR LF.
func (l *lexer) skipNewline() {
	c := l.src[l.pos]
	l.pos++
	if c == '\r' && l.pos < l.end && l.src[l.pos] == '\n' {
		l.pos++
	}
}

// closeAtStatement looks at the line that begins at the position: where it
// can only be a statement, the brackets before it were never closed.
func (l *lexer) closeAtStatement(newline int) {
	p := l.pos
	for p < l.end && byteClass[l.src[p]] == cBlank {
		p++
	}
	q := p
	for q < l.end && continues[l.src[q]] {
		q++
	}
	kind := tName
	if q > p {
		kind = keyword(l.src[p:q])
	} else if p < l.end && l.src[p] == '@' {
		kind = tAt
	}
	if !startsStatement[kind] || len(l.parens) == 0 || l.parens[0].offset < l.recoverFrom {
		return
	}
	o := l.parens[len(l.parens)-1]
	l.bad(int(o.offset), int(o.offset)+1, "'%c' was never closed", o.kind)
	l.tokens[len(l.tokens)-1].start, l.tokens[len(l.tokens)-1].end = int32(newline), int32(newline)
	l.parens, l.tooDeep = l.parens[:0], 0
	l.emit(tNewline, newline, l.pos)
	l.fresh = true
}

func (l *lexer) comment() {
	start := l.pos
	p := l.endOfLine(start)
	l.pos = p
	if len(l.strings) > 0 && l.version.Less(Version{3, 12}) {
		l.error(start, p, "f-string expression part cannot include '#'")
		return
	}
	l.comments = append(l.comments, Comment{int32(start), int32(p)})
}

// continuation joins the next line to this one.
func (l *lexer) continuation() {
	start := l.pos
	l.pos++
	if l.pos >= l.end {
		if l.end == len(l.src) || len(l.strings) == 0 {
			l.bad(start, l.pos, "unexpected EOF while parsing")
		}
		return
	}
	if c := l.src[l.pos]; c == '\n' || c == '\r' {
		l.skipNewline()
		if l.pos >= l.end && (l.end == len(l.src) || len(l.strings) == 0) && !l.addsNewline() {
			l.bad(start, l.pos, "unexpected EOF while parsing")
		}
		return
	}
	l.bad(start, l.pos, "unexpected character after line continuation character")
	for l.pos < l.end && l.src[l.pos] != '\n' && l.src[l.pos] != '\r' {
		l.pos++
	}
}

// addsNewline tells the texts to whose last line ending the compiler adds another one:
// those that end with CR LF, before 3.12.
func (l *lexer) addsNewline() bool {
	return l.version.Less(Version{3, 12}) && bytes.HasSuffix(l.src, []byte("\r\n"))
}

// unusualIndent tells the bytes that are part of an indentation, besides spaces, or
// say that the line is none to measure.
var unusualIndent = [256]bool{'\t': true, '\f': true, '\\': true, '\n': true, '\r': true, '#': true}

// indentation measures the first line that is neither blank nor only a
// comment, and emits what its depth means.
func (l *lexer) indentation() {
	lineStart := l.pos
	if n := spaces(l.src[lineStart:l.end]); lineStart+n < l.end && !unusualIndent[l.src[lineStart+n]] {
		l.pos = lineStart + n
		if top := &l.indents[len(l.indents)-1]; n != top.col || n != top.alt {
			l.depth(lineStart, n, n)
		}
		return
	}
	l.begun = false
	col, alt := 0, 0
	joined, first := false, 0 // whether there were backslashes, and the first depth before one
	for l.pos < l.end {
		switch c := l.src[l.pos]; c {
		case ' ':
			n := spaces(l.src[l.pos:l.end])
			col, alt, l.pos = col+n, alt+n, l.pos+n
		case '\t':
			col = (col/tabSize + 1) * tabSize
			alt++
			l.pos++
		case '\f':
			col, alt = 0, 0
			l.pos++
		case '\\':
			if l.version.Less(Version{3, 9}) { // a line like others, which goes on
				l.depth(lineStart, col, alt)
				l.begun = true
				return
			}
			start := l.pos
			if n := l.peek(1); n == '\n' || n == '\r' {
				l.pos++
				l.skipNewline()
			}
			if l.pos == start || l.pos >= l.end && !l.addsNewline() {
				l.pos = start // an error
				return
			}
			joined = true
			if first == 0 {
				first = col
			}
		case '\n', '\r':
			l.skipNewline()
			lineStart, col, alt, joined, first = l.pos, 0, 0, false, 0
		case '#':
			l.comment()
		default:
			switch {
			case joined && l.version.Less(Version{3, 10}): // in the block as it is
				return
			case first > 0:
				col, alt = first, first
			}
			l.depth(lineStart, col, alt)
			return
		}
	}
}

const mixedTabs = "inconsistent use of tabs and spaces in indentation"

// depth compares the indentation of a line with the open blocks.
func (l *lexer) depth(lineStart, col, alt int) {
	top := &l.indents[len(l.indents)-1]
	switch {
	case col == top.col:
		if alt != top.alt {
			l.error(lineStart, l.pos, mixedTabs)
		}
	case col > top.col:
		if len(l.indents) >= maxIndents {
			l.bad(lineStart, l.pos, "too many levels of indentation")
			return
		}
		if alt <= top.alt {
			l.error(lineStart, l.pos, mixedTabs)
		}
		l.indents = append(l.indents, indent{col, alt})
		l.emit(tIndent, lineStart, l.pos)
	default:
		for {
			below := &l.indents[len(l.indents)-2]
			if col > below.col {
				// Between two levels: go on as if it were the inner one.
				l.error(lineStart, l.pos, "unindent does not match any outer indentation level")
				*top = indent{col, alt}
				return
			}
			l.indents = l.indents[:len(l.indents)-1]
			l.emit(tDedent, l.pos, l.pos)
			top = below
			if col == top.col {
				break
			}
		}
		if alt != top.alt {
			l.error(lineStart, l.pos, mixedTabs)
		}
	}
}

// identifier reads a name, a keyword, or a string with a prefix.
func (l *lexer) identifier() {
	src, start := l.src, l.pos
	p := start + 1
	ascii := src[start]
	for p < l.end && continues[src[p]] {
		ascii |= src[p]
		p++
	}
	if p-start <= 2 && p < l.end && (src[p] == '"' || src[p] == '\'') {
		if prefix, ok := stringPrefix(src[start:p]); ok {
			l.pos = p
			l.str(start, prefix)
			return
		}
	}
	l.pos = p
	if ascii >= utf8.RuneSelf {
		l.unicodeName(start, p)
		return
	}
	kind := tName
	if n := p - start; n >= 2 && n <= 8 {
		kind = keyword(src[start:p])
	}
	l.tokens = append(l.tokens, token{start: int32(start), end: int32(p), kind: kind})
}

// unicodeName checks the characters of an identifier that is not all ASCII.
func (l *lexer) unicodeName(start, end int) {
	for p := start; p < end; {
		r, n := utf8.DecodeRune(l.src[p:end])
		if !isIdentifierPart(r, p == start) {
			if p > start {
				l.emit(tName, start, p)
			}
			message := "invalid character '%c' (U+%04X)"
			if !unicode.IsPrint(r) {
				message = "invalid non-printable character U+%[2]04X"
			}
			l.bad(p, p+n, message, r, r)
			l.pos = p + n
			return
		}
		p += n
	}
	l.emit(tName, start, end)
}

func stringPrefix(b []byte) (prefix, bool) {
	var p prefix
	for _, c := range b {
		var q prefix
		switch c | 0x20 {
		case 'r':
			q = prefixRaw
		case 'b':
			q = prefixBytes
		case 'u':
			q = prefixUnicode
		case 'f':
			q = prefixFormat
		case 't':
			q = prefixTemplate
		default:
			return 0, false
		}
		if p&q != 0 {
			return 0, false
		}
		p |= q
	}
	switch p &^ prefixRaw {
	case 0, prefixBytes, prefixFormat, prefixTemplate:
		return p, true
	case prefixUnicode:
		return p, p&prefixRaw == 0
	}
	return 0, false
}
