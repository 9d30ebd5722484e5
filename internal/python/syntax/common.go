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

// identifierLength returns how many of the eight bytes of x continue an
// identifier, from the lowest on.
func identifierLength(x uint64) int {
	y := x & lowBits
	z := y | 0x20*everyByte // letters in lower case
	letters := (z + (0x80-'a')*everyByte) &^ (z + (0x7f-'z')*everyByte)
	digits := (y + (0x80-'0')*everyByte) &^ (y + (0x7f-'9')*everyByte)
	others := y ^ '_'*everyByte + lowBits // the high bit is missing for "_"
	return bits.TrailingZeros64(^(letters|digits|^others|x)&highBits) / 8
}

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

// common reads the tokens that most text is made of: names in ASCII, operators
// of one byte, brackets, small numbers. It stops before a token that is none of
// these, and behind a logical line.
func (l *lexer) common() {
	src, pos, tokens := l.src[:l.end], l.pos, l.tokens
	field := len(l.strings) > 0 // ":" and "}" may belong to an f-string
loop:
	for pos+9 < len(src) {
		pos += int(blanks[src[pos]])
		c := src[pos]
		switch byteClass[c] {
		case cIdent:
			x := binary.LittleEndian.Uint64(src[pos:])
			n := identifierLength(x)
			kind := tName
			if n < 8 {
				x &= 1<<(8*n) - 1
				if n <= 2 && byteClass[src[pos+n]] == cQuote {
					break loop
				}
				kind = wordKind(x)
			} else {
				kind = wordKind(x)
				for more := 8; more == 8; n += more {
					if pos+n+8 > len(src) {
						break loop
					}
					y := binary.LittleEndian.Uint64(src[pos+n:])
					more = identifierLength(y)
					if more < 8 {
						y &= 1<<(8*more) - 1
					}
					x |= y & highBits
					if more > 0 {
						kind = tName
					}
				}
			}
			if x&highBits != 0 {
				break loop
			}
			tokens = append(tokens, token{start: int32(pos), end: int32(pos + n), kind: kind})
			pos += n
		case cOperator:
			kind := operators[c]
			if extends[src[pos+1]]&extended[c] != 0 || kind == 0 || c == ':' && field {
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
