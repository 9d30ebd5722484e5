package syntax

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

// Eight bytes at a time: every byte of these words has the same value.
const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
	lowBits   = 0x7f * everyByte
)

// nonIdentifier sets the high bits of the bytes in a word of ASCII that do not
// continue an identifier. Where a token ends depends on it, so the next one has
// to wait for the result: it is as short a chain of operations as can be.
func nonIdentifier(x uint64) uint64 {
	z := x | 0x20*everyByte // letters in lower case
	letters := ((0x80+'a'-1)*everyByte - z) | (z + (0x7f-'z')*everyByte)
	digits := ((0x80+'0'-1)*everyByte - x) | (x + (0x7f-'9')*everyByte)
	underscores := x ^ '_'*everyByte + lowBits
	return letters & (digits & underscores & highBits)
}

// zeroByte sets the high bit of the lowest byte that is zero, and perhaps those
// of bytes above it.
func zeroByte(x uint64) uint64 { return (x - everyByte) &^ x & highBits }

// spaces returns how many spaces a text begins with.
func spaces(text []byte) int {
	n := 0
	for ; n+8 <= len(text); n += 8 {
		if x := binary.LittleEndian.Uint64(text[n:]) ^ ' '*everyByte; x != 0 {
			return n + bits.TrailingZeros64(x)/8
		}
	}
	for n < len(text) && text[n] == ' ' {
		n++
	}
	return n
}

// endsString sets the high bit of the first byte that ends what a plain string has:
// the quote, a backslash, or a control character. Bits above it mean nothing.
func endsString(x uint64, quote byte) uint64 {
	return (((x ^ uint64(quote)*everyByte) - everyByte) | ((x ^ '\\'*everyByte) - everyByte) | (x - ' '*everyByte)) &^ x & highBits
}

// margin is how many bytes must follow a place for common to read there: two words
// behind a blank, and the byte after them.
const margin = 18

// byteAt and wordAt return what lies pos bytes behind the start of a text. Nobody
// checks that pos is inside of it: plain does once for each token, for all that it
// reads there.
func byteAt(text unsafe.Pointer, pos int) byte { return *(*byte)(unsafe.Add(text, pos)) }

func wordAt(text unsafe.Pointer, pos int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(text, pos))[:])
}

// common reads the tokens that most text is made of, and the lines that begin with
// them. It stops before a token that is none of these, and behind a logical line when
// enough was read or what begins the next one is something else.
func (l *lexer) common() {
	last := l.end - margin
	for {
		l.plain()
		if l.pos > last {
			return
		}
		switch c := l.src[l.pos]; {
		case c == '#' && !l.returns && len(l.strings) == 0:
			l.comment()
		case c == '\n' && len(l.parens)+l.tooDeep == 0:
			l.emit(tNewline, l.pos, l.pos+1)
			if l.pos++; len(l.tokens) >= l.enough || !l.lineStart(last) {
				l.fresh = true
				return
			}
		default:
			return
		}
	}
}

// plain reads names in ASCII, operators of one byte or with an equals sign, brackets,
// small numbers, plain strings, and the ends of lines that are alike indented. It
// calls nothing: what is in use across a call is written to memory each time that it
// changes, which here is with every token.
//
//go:noinline
func (l *lexer) plain() {
	src, pos := l.src[:l.end], l.pos
	last := len(src) - margin
	text := unsafe.Pointer(unsafe.SliceData(src))
	n, tokens := len(l.tokens), l.tokens[:cap(l.tokens)]
loop:
	for pos <= last && uint(n) < uint(len(tokens)) {
		c := byteAt(text, pos)
		if c == ' ' { // a branch, for the processor to go on before it knows
			pos++
			c = byteAt(text, pos)
		}
		size, kind := 1, tName
		class := byteClass[c]
		if class == cIdent {
			x := wordAt(text, pos)
			if x&highBits != 0 {
				break loop
			}
			if end := nonIdentifier(x); end != 0 {
				size = bits.TrailingZeros64(end) / 8
				if byteClass[byteAt(text, pos+size)] == cQuote { // the prefix of a string, in valid text
					break loop
				}
				word := x & (end&-end>>7 - 1)
				e := &keywordTable[keywordSlot(word)]
				if kind = e.kind; e.word != word {
					kind = tName
				}
			} else {
				word := x
				if x = wordAt(text, pos+8); x&highBits != 0 {
					break loop
				}
				end := nonIdentifier(x)
				if size = 8 + bits.TrailingZeros64(end)/8; size == 8 {
					kind = wordKind(word)
				}
				for at := pos + 16; end == 0; at += 8 {
					if at > last {
						break loop
					}
					if x = wordAt(text, at); x&highBits != 0 {
						break loop
					}
					end = nonIdentifier(x)
					size = at - pos + bits.TrailingZeros64(end)/8
				}
			}
		} else {
			switch class {
			case cOperator:
				next := byteAt(text, pos+1)
				if kind = operators[c]; next == '=' {
					kind, size = withEqual[c], 2
				} else if extends[next]&extended[c] != 0 {
					break loop
				}
				if kind == 0 || c == ':' && len(l.strings) > 0 { // it may belong to an f-string
					break loop
				}
			case cOpen:
				k := len(l.parens)
				if k >= maxParens || k == cap(l.parens) {
					break loop
				}
				l.parens = l.parens[:k+1]
				o := &l.parens[k]
				o.offset, o.kind, o.spec = int32(pos), c, false
				kind = operators[c]
			case cClose:
				k := len(l.parens) - 1
				if k < 0 || l.parens[k].kind != brackets[c] || l.tooDeep > 0 {
					break loop
				}
				l.parens = l.parens[:k]
				kind = operators[c]
			case cDigit:
				for size < 8 && isDigit(byteAt(text, pos+size)) {
					size++
				}
				if next := byteAt(text, pos+size); size == 8 || continues[next] || next == '.' || c == '0' && size > 1 {
					break loop
				}
				kind = tNumber
			case cQuote:
				at := pos + 1
				for ; ; at += 8 {
					if at > last {
						break loop
					}
					x := wordAt(text, at)
					if found := endsString(x, c); found != 0 {
						at += bits.TrailingZeros64(found) / 8
						break
					}
				}
				if byteAt(text, at) != c || at == pos+1 { // the first of three quotes, perhaps
					break loop
				}
				size, kind = at+1-pos, tString
			case cBlank:
				pos++
				continue
			case cNewline:
				if c == '\r' {
					break loop
				}
				next := pos + 1
				for next <= last {
					x := wordAt(text, next) ^ ' '*everyByte
					if x != 0 {
						next += bits.TrailingZeros64(x) / 8
						break
					}
					next += 8
				}
				if len(l.parens) > 0 {
					if l.recoverFrom >= 0 || len(l.strings) > 0 {
						break loop
					}
					pos = next
					continue
				}
				top := &l.indents[len(l.indents)-1]
				if col := next - pos - 1; l.tooDeep > 0 || n >= l.enough || next > last || unusualIndent[byteAt(text, next)] || col != top.col || col != top.alt {
					break loop
				}
				t := &tokens[n]
				t.start, t.end, t.kind, t.prefix = int32(pos), int32(pos)+1, tNewline, 0
				n++
				pos = next
				continue
			default:
				break loop
			}
		}
		t := &tokens[n]
		t.start, t.end, t.kind, t.prefix = int32(pos), int32(pos+size), kind, 0
		n++
		pos += size
	}
	l.pos, l.tokens = pos, tokens[:n]
}

// lineStart steps over blank lines, comments and the indentation of a logical line,
// and emits what its depth means. Where the line begins behind last, or with anything
// else, it stops before that line, and reports false.
func (l *lexer) lineStart(last int) bool {
	for l.pos <= last {
		start := l.pos
		n := spaces(l.src[start:l.end])
		if start+n > last {
			return false
		}
		switch c := l.src[start+n]; {
		case !unusualIndent[c]:
			l.pos = start + n
			if top := &l.indents[len(l.indents)-1]; n != top.col || n != top.alt {
				l.depth(start, n, n)
			}
			return true
		case c == '\n':
			l.pos = start + n + 1
		case c == '#' && !l.returns && len(l.strings) == 0:
			l.pos = start + n
			l.comment()
			l.pos = min(l.pos+1, l.end)
		default:
			return false
		}
	}
	return false
}
