package syntax

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"unsafe"
)

// Eight bytes at a time: every byte of these words has the same value.
const (
	everyByte = 0x0101010101010101
	highBits  = 0x80 * everyByte
	lowBits   = 0x7f * everyByte
)

// nonIdentifier sets the high bit of the lowest byte in a word that does not continue
// an identifier in ASCII; bits above it mean nothing. Where a token ends depends on it,
// so the next one has to wait for the result: it is as short a chain of operations as
// can be.
func nonIdentifier(x uint64) uint64 {
	z := x | 0x20*everyByte // letters in lower case
	letters := ((0x80+'a'-1)*everyByte - z) | (z + (0x7f-'z')*everyByte)
	digits := ((0x80+'0'-1)*everyByte - x) | (x + (0x7f-'9')*everyByte)
	underscores := x ^ '_'*everyByte + lowBits | x
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

// behindSpaces returns the place of the first byte from at on that is no space, or one
// behind last.
func behindSpaces(text unsafe.Pointer, at, last int) int {
	for ; at <= last; at += 8 {
		if x := wordAt(text, at) ^ ' '*everyByte; x != 0 {
			return at + bits.TrailingZeros64(x)/8
		}
	}
	return at
}

// lineEnd returns the place of the first LF from at on, or -1 if none comes up to last.
func lineEnd(text unsafe.Pointer, at, last int) int {
	for ; at <= last; at += 8 {
		if found := zeroByte(wordAt(text, at) ^ '\n'*everyByte); found != 0 {
			return at + bits.TrailingZeros64(found)/8
		}
	}
	return -1
}

const (
	tokenSize = int(unsafe.Sizeof(token{}))
	openSize  = int(unsafe.Sizeof(open{}))
)

// put writes a token n bytes behind the start of a slice of them.
func put(tokens unsafe.Pointer, n, start, end int, kind uint32) {
	t := (*token)(unsafe.Add(tokens, n))
	t.start, t.end = int32(start), int32(end)
	binary.LittleEndian.PutUint32((*[4]byte)(unsafe.Add(tokens, n+8))[:], kind) // and no prefix
}

// spare is how many tokens there is room for behind those that the bytes which plain
// looks at can make: the last of them may end all blocks.
const spare = maxIndents + 16

// common reads the tokens that most text is made of. It stops before a token that is
// none of these, or at the start of a logical line: where enough was read, or where
// the line begins with something else.
func (l *lexer) common() {
	if cap(l.tokens)-len(l.tokens) < 4*spare {
		l.tokens = slices.Grow(l.tokens, 8*spare)
	}
	if l.tooDeep == 0 {
		l.fresh = l.plain()
	}
}

// plain reads names in ASCII, operators of one byte or with an equals sign, brackets,
// small numbers, plain strings, comments, and the ends of lines with the indentation
// behind them. It reports whether it stops at the start of a logical line. It calls
// nothing, not even append: what is in use across a call is written to memory each
// time that it changes, which here is with every token.
//
//go:noinline
func (l *lexer) plain() (fresh bool) {
	src, pos := l.src[:l.end], l.pos
	last := len(src) - margin
	text := unsafe.Pointer(unsafe.SliceData(src))
	// Tokens and brackets are counted in bytes.
	tokens, n := unsafe.Pointer(unsafe.SliceData(l.tokens)), len(l.tokens)*tokenSize
	parens, opened := unsafe.Pointer(unsafe.SliceData(l.parens)), len(l.parens)*openSize
	enough := min(l.enough, math.MaxInt32) * tokenSize
	field := uint8(0)
	if len(l.strings) > 0 {
		field = extendsField
	}
loop:
	for {
		// A byte makes two tokens at the most: what begins a block ends it, too.
		limit := min(last, pos+(cap(l.tokens)-n/tokenSize-spare)/2)
		if pos > limit {
			break
		}
	next:
		for pos <= limit {
			c := byteAt(text, pos)
			if c == ' ' { // a branch, for the processor to go on before it knows
				pos++
				c = byteAt(text, pos)
			}
			size, kind := 1, uint32(tName) // no byte: the processor does not choose between bytes
			class := byteClass[c]
			if class == cIdent {
				x := wordAt(text, pos)
				if end := nonIdentifier(x); end != 0 {
					size = bits.TrailingZeros64(end) / 8
					c = byteAt(text, pos+size)
					if class = byteClass[c]; class >= cQuote { // the prefix of a string, or beyond ASCII
						break loop
					}
					word := x & (end&-end>>7 - 1)
					e := &keywordTable[keywordSlot(word)]
					if kind = uint32(e.kind); e.word != word {
						kind = uint32(tName)
					}
				} else {
					end := nonIdentifier(wordAt(text, pos+8))
					if size = 8 + bits.TrailingZeros64(end)/8; size == 8 {
						kind = uint32(wordKind(x))
					}
					for at := pos + 16; end == 0; at += 8 {
						if at > last {
							break loop
						}
						end = nonIdentifier(wordAt(text, at))
						size = at - pos + bits.TrailingZeros64(end)/8
					}
					c = byteAt(text, pos+size)
					if class = byteClass[c]; class >= cQuote {
						break loop
					}
				}
				put(tokens, n, pos, pos+size, kind)
				n += tokenSize
				pos += size
				if class > cClose {
					continue
				}
				size = 1
			}
			if class <= cClose {
				kind = uint32(operators[c])
				if class == cOperator {
					after := byteAt(text, pos+1)
					if (extends[after]|field)&extended[c] != 0 {
						break loop
					}
					if after == '=' {
						kind, size = uint32(withEqual[c].kind), int(withEqual[c].size)
					}
				} else if class == cOpen {
					if opened >= maxParens*openSize {
						break loop
					}
					b := (*open)(unsafe.Add(parens, opened))
					b.offset, b.kind, b.spec = int32(pos), c, false
					opened += openSize
				} else {
					b := (*open)(unsafe.Add(parens, opened-openSize))
					if b.kind != brackets[c] {
						break loop
					}
					opened -= openSize
				}
			} else {
				switch class {
				case cNewline:
					if c == '\r' || field != 0 || opened > 0 && l.recoverFrom >= 0 {
						break loop
					}
					pos++
					if opened > 0 {
						pos = behindSpaces(text, pos, last)
						continue
					}
					put(tokens, n, pos-1, pos, uint32(tNewline))
					n += tokenSize
					if fresh = true; n >= enough {
						break loop
					}
					for { // a line: blank, a comment, or at last a logical one
						at := behindSpaces(text, pos, last)
						if at > last {
							break loop
						}
						if c = byteAt(text, at); unusualIndent[c] {
							if c == '\n' {
								pos = at + 1
								continue
							}
							k := len(l.comments)
							if c != '#' || l.returns || k == cap(l.comments) {
								break loop
							}
							end := lineEnd(text, at, last)
							if end < 0 {
								break loop
							}
							l.comments = l.comments[:k+1]
							l.comments[k] = Comment{int32(at), int32(end)}
							pos = end + 1
							continue
						}
						depth, k := at-pos, len(l.indents)-1
						if top := &l.indents[k]; depth > top.col {
							if k+1 >= maxIndents || k+1 == cap(l.indents) || depth <= top.alt {
								break loop
							}
							l.indents = l.indents[:k+2]
							l.indents[k+1] = indent{depth, depth}
							put(tokens, n, pos, at, uint32(tIndent))
							n += tokenSize
						} else if depth != top.col || depth != top.alt {
							for depth < l.indents[k].col {
								k--
							}
							if l.indents[k] != (indent{depth, depth}) {
								break loop
							}
							for range len(l.indents) - 1 - k {
								put(tokens, n, at, at, uint32(tDedent))
								n += tokenSize
							}
							l.indents = l.indents[:k+1]
						}
						pos, fresh = at, false
						continue next
					}
				case cQuote:
					end := pos + 1
					for ; ; end += 8 {
						if end > last {
							break loop
						}
						if found := endsString(wordAt(text, end), c); found != 0 {
							end += bits.TrailingZeros64(found) / 8
							break
						}
					}
					if byteAt(text, end) != c || end == pos+1 && byteAt(text, end+1) == c { // three quotes
						break loop
					}
					size, kind = end+1-pos, uint32(tString)
				case cDigit:
					for size < 8 && isDigit(byteAt(text, pos+size)) {
						size++
					}
					if after := byteAt(text, pos+size); size == 8 || continues[after] || after == '.' || c == '0' && size > 1 {
						break loop
					}
					kind = uint32(tNumber)
				case cHash:
					k := len(l.comments)
					if field != 0 || l.returns || k == cap(l.comments) {
						break loop
					}
					end := lineEnd(text, pos, last)
					if end < 0 {
						break loop
					}
					l.comments = l.comments[:k+1]
					l.comments[k] = Comment{int32(pos), int32(end)}
					pos = end
					continue
				case cBlank:
					pos++
					continue
				default:
					break loop
				}
			}
			put(tokens, n, pos, pos+size, kind)
			n += tokenSize
			pos += size
		}
	}
	l.pos, l.tokens, l.parens = pos, l.tokens[:n/tokenSize], l.parens[:opened/openSize]
	return fresh
}
