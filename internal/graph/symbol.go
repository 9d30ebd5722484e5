package graph

import (
	"encoding/binary"
	"math/bits"
)

// symbol stands for a name: a hash of its text, wide enough that no two names
// of a program share one.
type symbol uint64

// word is the lower half of a symbol, for lists in which it does no harm if two
// of a million names are taken for the same.
type word uint32

func (s symbol) word() word { return word(s) }

// symbolIn returns the symbol of a name. Nearly all have at most sixteen bytes: these
// are read whatever is behind them, where there is something, and cut to the name.
func symbolIn(text []byte) symbol {
	if n := len(text); n <= 16 && cap(text) >= 16 {
		text = text[:16]
		m := &nameMasks[n]
		return symbolOfWords(binary.LittleEndian.Uint64(text)&m[0], binary.LittleEndian.Uint64(text[8:])&m[1])
	}
	return symbolAlone(text)
}

func symbolOf(name string) symbol { return symbolAlone([]byte(name)) }

// nameMasks are the bytes of a text of n bytes in two words.
var nameMasks = func() (masks [17][2]uint64) {
	for n := range masks {
		masks[n] = [2]uint64{1<<(8*min(n, 8)) - 1, 1<<(8*max(n-8, 0)) - 1}
	}
	return masks
}()

// isASCII reports whether a name is all ASCII.
func isASCII(name []byte) bool {
	if n := len(name); n <= 16 && cap(name) >= 16 { // see symbolIn
		name = name[:16]
		m := &nameMasks[n]
		return (binary.LittleEndian.Uint64(name)&m[0]|binary.LittleEndian.Uint64(name[8:])&m[1])&0x8080808080808080 == 0
	}
	for _, c := range name {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

func symbolOfWords(first, rest uint64) symbol { return symbol(spread(first ^ spread(rest))) }

// symbolAlone is symbolIn for a text behind which nothing may be read.
func symbolAlone(text []byte) symbol {
	n := uint(len(text))
	switch {
	case n > 16:
		sum, last := uint64(n), binary.LittleEndian.Uint64(text[n-8:])
		for ; len(text) > 8; text = text[8:] { // the last bytes may overlap these
			sum = spread(sum ^ binary.LittleEndian.Uint64(text))
		}
		return symbolOfWords(sum, last)
	case n >= 8:
		return symbolOfWords(binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])>>(8*(16-n)))
	case n >= 4:
		return symbolOfWords(uint64(binary.LittleEndian.Uint32(text))|uint64(binary.LittleEndian.Uint32(text[n-4:])>>(8*(8-n)))<<32, 0)
	case n > 0:
		return symbolOfWords(uint64(text[0])|uint64(text[n/2])<<(8*(n/2))|uint64(text[n-1])<<(8*(n-1)), 0)
	}
	return symbolOfWords(0, 0)
}

// spread makes every bit of v count for the whole result.
func spread(v uint64) uint64 {
	high, low := bits.Mul64(v^0xa0761d6478bd642f, 0x9e3779b97f4a7c15)
	return high ^ low
}

// symbolMap maps symbols to numbers. It is emptied in no time. However large it has
// been, few symbols stay close together: the memory that they touch is in the cache.
type symbolMap struct {
	all   []symbolSlot // a power of two
	slots []symbolSlot // those that are used, a power of two, too
	moved []symbolSlot
	turn  uint32
	n     int
}

type symbolSlot struct {
	symbol symbol
	turn   uint32
	value  int32
}

// fewSlots is how many slots a map has at first.
const fewSlots = 1 << 6

// reset empties the map.
func (m *symbolMap) reset() { m.reserve(0) }

// reserve empties the map, and makes room for so many symbols.
func (m *symbolMap) reserve(symbols int) {
	m.turn++
	m.n = 0
	m.use(max(fewSlots, 1<<bits.Len(uint(2*symbols))))
}

// use makes the map use so many slots.
func (m *symbolMap) use(slots int) {
	if slots > len(m.all) {
		m.all = zeros[symbolSlot](slots)
	}
	m.slots = m.all[:slots]
}

// slot returns the slot of a symbol, or the free one where it belongs.
func (m *symbolMap) slot(s symbol) *symbolSlot {
	for k := uint64(s); ; k++ {
		if e := &m.slots[k&uint64(len(m.slots)-1)]; e.turn != m.turn || e.symbol == s {
			return e
		}
	}
}

// get returns the number of a symbol.
func (m *symbolMap) get(s symbol) (int32, bool) {
	e := m.slot(s)
	return e.value, e.turn == m.turn
}

// add sets the number of a symbol, and reports whether it had none.
func (m *symbolMap) add(s symbol, value int32) bool {
	e := m.slot(s)
	if e.turn == m.turn {
		return false
	}
	m.fill(e, s, value)
	return true
}

// fill sets the number of a symbol that has none, in its slot.
func (m *symbolMap) fill(e *symbolSlot, s symbol, value int32) {
	*e = symbolSlot{s, m.turn, value}
	if m.n++; 2*m.n > len(m.slots) {
		m.grow()
	}
}

// grow doubles the slots.
func (m *symbolMap) grow() {
	moved := m.moved[:0]
	for _, e := range m.slots {
		if e.turn == m.turn {
			moved = append(moved, e)
		}
	}
	m.moved = moved
	m.turn++
	m.use(2 * len(m.slots))
	for _, e := range moved {
		*m.slot(e.symbol) = symbolSlot{e.symbol, m.turn, e.value}
	}
}

// zeros returns a new table. Its memory is written to although it is zero: for a
// page that is read first the kernel maps one of zeros, which it has to take away
// on all processors when something is written to it.
func zeros[T any](n int) []T {
	table := make([]T, n)
	clear(table)
	return table
}

// wordMap maps words to numbers.
type wordMap struct {
	slots []wordSlot
	n     int
}

// wordSlot is free if its number is 0.
type wordSlot struct {
	word   word
	number int32
}

// newWordMap returns a map with room for so many words.
func newWordMap(words int) wordMap {
	return wordMap{slots: zeros[wordSlot](max(1<<4, 1<<bits.Len(uint(2*words))))}
}

// slot returns the slot of a word, or the free one where it belongs.
func (m *wordMap) slot(w word) *wordSlot {
	for k := uint64(w) * 0x9e3779b97f4a7c15 >> 32; ; k++ {
		if e := &m.slots[k&uint64(len(m.slots)-1)]; e.number == 0 || e.word == w {
			return e
		}
	}
}

// put gives a word a number, and returns the one that it had.
func (m *wordMap) put(w word, number int32) (before int32) {
	e := m.slot(w)
	before = e.number
	if *e = (wordSlot{w, number}); before != 0 {
		return before
	}
	if m.n++; 2*m.n > len(m.slots) {
		old := m.slots
		m.slots = zeros[wordSlot](2 * len(old))
		for _, o := range old {
			if o.number != 0 {
				*m.slot(o.word) = o
			}
		}
	}
	return 0
}
