package syntax

import (
	"encoding/binary"
	"math/bits"
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

// longName returns where the identifier that goes on at pos ends, or 0 if it is
// not all ASCII or may go on up to the end of the text.
func longName(src []byte, pos int) int {
	for ; pos+8 <= len(src); pos += 8 {
		x := binary.LittleEndian.Uint64(src[pos:])
		if x&highBits != 0 {
			return 0
		}
		if end := nonIdentifier(x); end != 0 {
			return pos + bits.TrailingZeros64(end)/8
		}
	}
	return 0
}

// shortString returns where the string ends whose text begins at pos, or 0 unless
// it is a plain one: between single quotes, without escapes.
func shortString(src []byte, pos int, quote byte) int {
	for from := pos; pos+8 <= len(src); pos += 8 {
		x := binary.LittleEndian.Uint64(src[pos:])
		found := (((x ^ uint64(quote)*everyByte) - everyByte) | ((x ^ '\\'*everyByte) - everyByte) | (x - ' '*everyByte)) &^ x & highBits
		if found == 0 {
			continue
		}
		pos += bits.TrailingZeros64(found) / 8
		if src[pos] != quote || pos == from { // the first of three quotes, perhaps
			return 0
		}
		return pos + 1
	}
	return 0
}

// common reads the tokens that most text is made of: names in ASCII, operators
// of one byte or with an equals sign, brackets, small numbers, plain strings. It stops before a token that is none of
// these, and behind a logical line.
func (l *lexer) common() {
	src, pos, tokens := l.src[:l.end], l.pos, l.tokens
	field := len(l.strings) > 0 // ":" and "}" may belong to an f-string
loop:
	for pos+9 < len(src) {
		c := src[pos]
		if c == ' ' { // a branch, for the processor to go on before it knows
			pos++
			c = src[pos]
		}
		class := byteClass[c]
		if class == cIdent {
			x := binary.LittleEndian.Uint64(src[pos:])
			if x&highBits != 0 {
				break loop
			}
			n, kind := 0, tName
			if end := nonIdentifier(x); end != 0 {
				n = bits.TrailingZeros64(end) / 8
				if byteClass[src[pos+n]] == cQuote { // the prefix of a string, in valid text
					break loop
				}
				kind = wordKind(x & (1<<(8*n) - 1))
			} else {
				n = longName(src, pos+8) - pos
				if n <= 0 {
					break loop
				}
				if n == 8 {
					kind = wordKind(x)
				}
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(pos + n), kind: kind})
			pos += n
			continue
		}
		switch class {
		case cOperator:
			next := src[pos+1]
			if c == ':' && field {
				break loop
			}
			kind := operators[c]
			if next == '=' {
				if kind = withEqual[c]; kind == 0 {
					break loop
				}
				tokens = append(tokens, token{start: int32(pos), end: int32(pos) + 2, kind: kind})
				pos += 2
				continue
			}
			if extends[next]&extended[c] != 0 || kind == 0 {
				break loop
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(pos) + 1, kind: kind})
			pos++
		case cOpen:
			if len(l.parens) >= maxParens {
				break loop
			}
			l.parens = append(l.parens, open{offset: int32(pos), kind: c})
			tokens = append(tokens, token{start: int32(pos), end: int32(pos) + 1, kind: operators[c]})
			pos++
		case cClose:
			n := len(l.parens) - 1
			if n < 0 || l.parens[n].kind != brackets[c] || l.tooDeep > 0 {
				break loop
			}
			l.parens = l.parens[:n]
			tokens = append(tokens, token{start: int32(pos), end: int32(pos) + 1, kind: operators[c]})
			pos++
		case cDigit:
			n := 1
			for n < 8 && isDigit(src[pos+n]) {
				n++
			}
			if next := src[pos+n]; n == 8 || continues[next] || next == '.' || c == '0' && n > 1 {
				break loop
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(pos + n), kind: tNumber})
			pos += n
		case cQuote:
			end := shortString(src, pos+1, c)
			if end == 0 {
				break loop
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(end), kind: tString})
			pos = end
		case cBlank:
			pos += spaces(src[pos+1:]) + 1
		case cNewline:
			if len(l.parens)+l.tooDeep > 0 {
				if c == '\r' || field || l.recoverFrom >= 0 {
					break loop
				}
				pos++
				continue
			}
			if c == '\r' {
				break loop
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(pos) + 1, kind: tNewline})
			pos++
			l.fresh = true
			break loop
		default:
			break loop
		}
	}
	l.pos, l.tokens = pos, tokens
}
