package syntax

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"
)

// formatted is an f-string or t-string that is being read.
type formatted struct {
	start  int // of its token
	token  int // index of its tFStart
	parens int // open brackets outside of it
	limit  int // before 3.12: the end of the text around it; else -1
	quote  byte
	triple bool
	raw    bool
	kind   string // "f-string" or "t-string", for messages
}

// str reads a string literal; start is where its prefix begins and the
// position is at the quote.
func (l *lexer) str(start int, p prefix) {
	src := l.src
	quote := src[l.pos]
	triple := l.peek(1) == quote && l.peek(2) == quote
	if p&(prefixFormat|prefixTemplate) != 0 {
		l.format(start, p, quote, triple)
		return
	}
	body := l.pos + 1
	if triple {
		body += 2
	}
	stop, escapes, ok := l.endOfString(body, quote, triple)
	if !ok {
		l.unterminated(start, stop, quote, triple, "string literal")
		return
	}
	end := stop + 1
	if triple {
		end += 2
	}
	l.pos = end
	if p&prefixBytes != 0 {
		for _, c := range src[body:stop] {
			if c >= utf8.RuneSelf {
				l.error(start, end, "bytes can only contain ASCII literal characters")
				break
			}
		}
	}
	if escapes && p&prefixRaw == 0 {
		l.escapes(start, end, body, stop, p&prefixBytes != 0)
	}
	l.tokens = append(l.tokens, token{start: int32(start), end: int32(end), kind: tString, prefix: p})
}

// endOfString returns the offset of the closing quote of the literal whose
// text begins at p, or of the place where it is missed (then ok is false), and
// whether the text contains backslashes.
func (l *lexer) endOfString(p int, quote byte, triple bool) (stop int, escapes, ok bool) {
	src := l.src[:l.end]
	if triple {
		for p < len(src) {
			i := bytes.IndexByte(src[p:], quote)
			if i < 0 {
				break
			}
			if b := bytes.IndexByte(src[p:p+i], '\\'); b >= 0 {
				escapes = true
				p += b + 2
				continue
			}
			p += i
			if p+2 < len(src) && src[p+1] == quote && src[p+2] == quote {
				return p, escapes, true
			}
			p++
		}
		return len(src), escapes, false
	}
	for p < len(src) {
		if p+8 <= len(src) {
			x := binary.LittleEndian.Uint64(src[p:])
			found := zeroByte(x^uint64(quote)*everyByte) | zeroByte(x^'\\'*everyByte) | (x-' '*everyByte)&^x&highBits
			if found == 0 {
				p += 8
				continue
			}
			p += bits.TrailingZeros64(found) / 8
		}
		switch c := src[p]; c {
		case quote:
			return p, escapes, true
		case '\\':
			escapes = true
			p++
			if p+1 < len(src) && src[p] == '\r' && src[p+1] == '\n' {
				p++
			}
		case '\n', '\r':
			return p, escapes, false
		}
		p++
	}
	return len(src), escapes, false
}

// unterminated reports a string that begins at start and whose end is missed
// at stop. The lexer goes on behind it, or behind its first line when the
// string would have swallowed the rest of the text.
func (l *lexer) unterminated(start, stop int, quote byte, triple bool, what string) {
	if n := len(l.strings); n > 0 {
		if f := l.strings[n-1]; f.limit < 0 && f.quote == quote && f.triple == triple {
			l.abandonString(l.pos, f.kind+": expecting '}'")
			return
		}
	}
	if !triple {
		l.bad(start, stop, "unterminated %s (detected at line %d)", what, l.line(stop))
		l.pos = stop
		return
	}
	at := l.endOfLine(l.pos)
	l.bad(start, at, "unterminated triple-quoted %s (detected at line %d)", what, l.lastLine())
	l.restart(at)
}

// lastLine returns the number of the line on which the text ends.
func (l *lexer) lastLine() int {
	last := l.end
	if last > 0 && l.src[last-1] == '\n' {
		last--
	}
	return l.line(last)
}

// restart goes on at p after an error was found at the end of the text, or
// gives up when that has happened too often.
func (l *lexer) restart(p int) {
	l.restarts++
	if l.restarts > maxRestarts {
		p = l.end
	}
	l.pos = p
}

// endOfLine returns the offset of the next line ending at or after p.
func (l *lexer) endOfLine(p int) int {
	rest := l.src[p:l.end]
	if i := bytes.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	if l.returns {
		if i := bytes.IndexByte(rest, '\r'); i >= 0 {
			rest = rest[:i]
		}
	}
	return p + len(rest)
}

// format begins an f-string or t-string.
func (l *lexer) format(start int, p prefix, quote byte, triple bool) {
	kind := "f-string"
	if p&prefixTemplate != 0 {
		kind = "t-string"
		if l.version.Less(Version{3, 14}) {
			l.error(start, l.pos+1, "t-strings need Python 3.14")
		}
	}
	body := l.pos + 1
	if triple {
		body += 2
	}
	f := formatted{start: start, token: len(l.tokens), parens: len(l.parens), limit: -1, quote: quote, triple: triple, raw: p&prefixRaw != 0, kind: kind}
	if l.version.Less(Version{3, 12}) {
		// Before 3.12 an f-string ends like any string, whatever is inside.
		stop, _, ok := l.endOfString(body, quote, triple)
		if !ok {
			l.unterminated(start, stop, quote, triple, kind+" literal")
			return
		}
		f.limit = l.end
		l.end = stop
	}
	if len(l.strings) >= maxStrings || l.tooDeep > 0 {
		l.bad(start, body, "too many nested f-strings")
		if f.limit >= 0 {
			l.end = f.limit
		}
		l.pos = l.endOfLine(l.pos)
		return
	}
	l.strings = append(l.strings, f)
	l.tokens = append(l.tokens, token{start: int32(start), end: int32(body), kind: tFStart, prefix: p})
	l.pos = body
	l.literal()
}

// literal reads the literal text of the innermost f-string, or of one of its
// format specs, up to the next field or the end.
func (l *lexer) literal() {
	f := &l.strings[len(l.strings)-1]
	spec := len(l.parens) > f.parens
	from := l.pos // of the piece whose escapes are not checked yet
	escaped := false
	piece := func() {
		if escaped && !f.raw {
			l.escapes(from, l.pos, from, l.pos, false)
		}
	}
	for l.pos < l.end {
		c := l.src[l.pos]
		switch {
		case c == f.quote && f.limit < 0 && (!f.triple || l.peek(1) == c && l.peek(2) == c):
			piece()
			if spec {
				l.abandonString(l.pos, f.kind+": expecting '}'")
				return
			}
			end := l.pos + 1
			if f.triple {
				end += 2
			}
			l.endString(end)
			return
		case c == '{':
			if !spec && l.peek(1) == '{' {
				l.pos += 2
				continue
			}
			piece()
			l.beginField()
			return
		case c == '}':
			if spec {
				piece()
				l.endField()
				return
			}
			if l.peek(1) != '}' {
				l.error(l.pos, l.pos+1, "%s: single '}' is not allowed", f.kind)
				l.pos++
				continue
			}
			l.pos += 2
		case c == '\\':
			escaped = true
			l.pos++
			switch n := l.peek(0); {
			case n == '{' || n == '}': // not escaped: they begin and end fields
			case n == '\r' && l.peek(1) == '\n':
				l.pos += 2
			case n == 'N' && !f.raw && l.peek(1) == '{':
				l.pos += 2
				for l.pos < l.end && l.src[l.pos] != '}' && l.src[l.pos] != f.quote && l.src[l.pos] != '\n' {
					l.pos++
				}
				if l.peek(0) == '}' {
					l.pos++
				}
			case l.pos < l.end:
				l.pos++
			}
		case (c == '\n' || c == '\r') && !f.triple:
			piece()
			if spec && f.limit < 0 && !l.oneLine && l.version.Less(Version{3, 14}) {
				l.skipNewline() // only "}" can follow, on any line
				l.parens[len(l.parens)-1].spec = false
				return
			}
			message := fmt.Sprintf("unterminated %s literal (detected at line %d)", f.kind, l.line(l.pos))
			if spec && f.limit < 0 && !l.version.Less(Version{3, 14}) {
				message = f.kind + ": newlines are not allowed in format specifiers for single quoted " + f.kind + "s"
			}
			l.abandonString(l.pos, message)
			return
		default:
			l.pos++
		}
	}
	piece()
	if f.limit >= 0 && !spec {
		end := l.end + 1
		if f.triple {
			end += 2
		}
		l.endString(end)
		return
	}
	l.unfinishedField()
}

// endString leaves the innermost f-string, whose closing quotes end at end.
func (l *lexer) endString(end int) {
	f := l.strings[len(l.strings)-1]
	l.emit(tFEnd, l.pos, end)
	l.leave(f)
	l.pos = end
}

// leave pops an f-string and restores what was around it.
func (l *lexer) leave(f formatted) {
	l.strings = l.strings[:len(l.strings)-1]
	if f.limit >= 0 {
		l.end = f.limit
	}
	l.parens = l.parens[:f.parens]
}

// abandonString reports an f-string that does not end, in place of all that
// was read of it, and goes on at the end of the line of offset at.
func (l *lexer) abandonString(at int, message string) {
	f := l.strings[len(l.strings)-1]
	l.tokens = l.tokens[:f.token]
	l.tooDeep = 0
	l.bad(f.start, at, message)
	l.leave(f)
	l.pos = l.endOfLine(at)
}

// unfinishedField handles the end of the text inside of an f-string: of a
// string with its own limits (before 3.12), or of the file.
func (l *lexer) unfinishedField() {
	f := l.strings[len(l.strings)-1]
	if f.limit >= 0 {
		l.tokens = l.tokens[:f.token]
		l.tooDeep = 0
		end := l.end + 1
		if f.triple {
			end += 2
		}
		l.bad(f.start, end, "f-string: expecting '}'")
		l.leave(f)
		l.pos = end
		return
	}
	// Report the outermost one, and read on behind its first line.
	f = l.strings[0]
	l.strings = l.strings[:1]
	message := fmt.Sprintf("unterminated triple-quoted %s literal (detected at line %d)", f.kind, l.lastLine())
	if !f.triple {
		message = "'{' was never closed"
	} else if len(l.parens) > f.parens {
		message = f.kind + ": expecting '}'"
	}
	at := l.endOfLine(f.start)
	l.tokens = l.tokens[:f.token]
	l.tooDeep = 0
	l.oneLine = true
	l.bad(f.start, at, message)
	l.leave(f)
	for len(l.comments) > 0 && int(l.comments[len(l.comments)-1].Start) >= at {
		l.comments = l.comments[:len(l.comments)-1] // they will be read again
	}
	l.restart(at)
}

// beginField opens a replacement field at "{".
func (l *lexer) beginField() {
	f := &l.strings[len(l.strings)-1]
	depth := 0
	for _, o := range l.parens[f.parens:] {
		if o.kind == 'f' {
			depth++
		}
	}
	limit := 3
	if f.limit >= 0 {
		limit = 2
	}
	if depth >= limit {
		l.error(l.pos, l.pos+1, "%s: expressions nested too deeply", f.kind)
	}
	start := l.pos
	l.pos++
	if len(l.parens) >= maxParens {
		l.abandonString(start, "too many nested parentheses")
		return
	}
	l.parens = append(l.parens, open{offset: int32(start), kind: 'f'})
	l.emit(tFOpen, start, l.pos)
}

// beginSpec handles the ":" of a replacement field.
func (l *lexer) beginSpec() {
	l.checkOldField()
	l.parens[len(l.parens)-1].spec = true
	l.emit(tFColon, l.pos, l.pos+1)
	l.pos++
	l.literal()
}

// endField handles the "}" of a replacement field.
func (l *lexer) endField() {
	if !l.parens[len(l.parens)-1].spec {
		l.checkOldField()
	}
	l.emit(tFClose, l.pos, l.pos+1)
	l.pos++
	l.parens = l.parens[:len(l.parens)-1]
	l.literal()
}

// checkOldField refuses what expressions in f-strings could not contain
// before 3.12.
func (l *lexer) checkOldField() {
	if l.strings[len(l.strings)-1].limit < 0 {
		return
	}
	from := int(l.parens[len(l.parens)-1].offset)
	if i := bytes.IndexByte(l.src[from:l.pos], '\\'); i >= 0 {
		l.error(from+i, from+i+1, "f-string expression part cannot include a backslash")
	}
}

// escapes checks the escape sequences in src[from:to], the text of the
// literal that reaches from start to end.
func (l *lexer) escapes(start, end, from, to int, isBytes bool) {
	src := l.src[:to]
	for p := from; p < to; p++ {
		if src[p] != '\\' {
			continue
		}
		if p++; p >= to {
			return
		}
		digits := 0
		switch src[p] {
		case 'x':
			digits = 2
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		case 'N':
			if isBytes {
				continue
			}
			stop := bytes.IndexByte(src[p:], '}')
			if p+1 >= to || src[p+1] != '{' || stop < 3 {
				l.error(start, end, `(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: malformed \N character escape`, p-1-from, p-from)
				return
			}
			if !knownCharacter(string(src[p+2:p+stop]), l.version) {
				l.error(start, end, `(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: unknown Unicode character name`, p-1-from, p+stop-from)
				return
			}
			p += stop
			continue
		}
		if digits == 0 || isBytes && digits > 2 {
			continue
		}
		value, n := 0, 0
		for n < digits && p+1+n < to {
			d := hexValue(src[p+1+n])
			if d < 0 {
				break
			}
			value = value<<4 | d
			n++
		}
		at := p - 1 - from
		switch {
		case n == digits && value > utf8.MaxRune:
			l.error(start, end, `(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: illegal Unicode character`, at, at+1+n)
			return
		case n == digits:
		case isBytes:
			l.error(start, end, `(value error) invalid \x escape at position %d`, at)
			return
		default:
			l.error(start, end, `(unicode error) 'unicodeescape' codec can't decode bytes in position %d-%d: truncated \%s escape`, at, at+1+n, map[int]string{2: "xXX", 4: "uXXXX", 8: "UXXXXXXXX"}[digits])
			return
		}
		p += n
	}
}

func hexValue(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
