package scope

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"golang.org/x/text/unicode/norm"

	"fastpath/internal/python/syntax"
)

// nameID is an interned name.
type nameID int32

// names interns the names of one file: a hash table with open addressing. The
// text of all names lies in one piece.
type names struct {
	arena  []byte
	sealed string  // the arena, once somebody has asked for a text
	ends   []int32 // by name: where its text ends; it begins where that of the one before ends
	table  []slot  // a power of two, less than two thirds full
	moved  []slot  // the table before it grew
}

// slot is a place in the table. The key of a short name in ASCII is its text.
type slot struct {
	key uint64
	id  int32 // 1 + name, or 0
}

// longKey marks the keys that are hashes.
const longKey = 1 << 63

// reset prepares a table for about n names.
func (t *names) reset(n int) {
	size := 256
	for size < 2*n {
		size *= 2
	}
	resize(&t.table, size)
	t.arena, t.sealed, t.ends = t.arena[:0], "", t.ends[:0]
}

func (t *names) len() int { return len(t.ends) }

// bounds returns where the text of a name lies.
func (t *names) bounds(id nameID) (from, to int32) {
	if id > 0 {
		from = t.ends[id-1]
	}
	return from, t.ends[id]
}

// of returns the text of a name. No name may be added from then on.
func (t *names) of(id nameID) string {
	if t.sealed == "" {
		t.sealed = string(t.arena)
	}
	from, to := t.bounds(id)
	return t.sealed[from:to]
}

// is reports whether a name has this text; it may be asked before of is.
func (t *names) is(id nameID, text string) bool {
	if t.sealed == "" {
		return string(t.text(id)) == text
	}
	return t.of(id) == text
}

// text returns the bytes of a name.
func (t *names) text(id nameID) []byte {
	from, to := t.bounds(id)
	return t.arena[from:to]
}

// find returns the number of a name.
func (t *names) find(name string) (nameID, bool) {
	key, _ := keyOf([]byte(name), 0, len(name))
	for k := place(key); ; k++ {
		e := &t.table[k&uint64(len(t.table)-1)]
		if e.id == 0 {
			return 0, false
		}
		if id := nameID(e.id - 1); e.key == key && (key < longKey || t.is(id, name)) {
			return id, true
		}
	}
}

// add returns the number of the name src[start:end] with this key, a new one if
// need be.
func (t *names) add(src []byte, start, end int, key uint64) nameID {
	table := t.table
	mask := uint64(len(table) - 1)
	k := place(key)
	for ; ; k++ {
		e := &table[k&mask]
		if e.key == key && e.id != 0 {
			id := nameID(e.id - 1)
			if key < longKey || string(t.text(id)) == string(src[start:end]) {
				return id
			}
		}
		if e.id == 0 {
			break
		}
	}
	id := nameID(len(t.ends))
	t.arena = append(t.arena, src[start:end]...)
	t.ends = append(t.ends, int32(len(t.arena)))
	table[k&mask] = slot{key, int32(id) + 1}
	if 3*len(t.ends) > 2*len(table) {
		t.grow()
	}
	return id
}

func (t *names) grow() {
	t.moved = append(t.moved[:0], t.table...)
	old := t.moved
	resize(&t.table, 2*len(old))
	mask := uint64(len(t.table) - 1)
	for _, e := range old {
		if e.id == 0 {
			continue
		}
		k := place(e.key)
		for t.table[k&mask].id != 0 {
			k++
		}
		t.table[k&mask] = e
	}
}

// clone returns a copy that shares nothing with t but the text; it is for
// looking names up only.
func (t *names) clone() names {
	return names{sealed: string(t.arena), ends: slices.Clone(t.ends), table: slices.Clone(t.table)}
}

// highBits are those that no byte of a text in ASCII has.
const highBits = 0x8080808080808080

// keyOf returns the key of the name src[start:end], and whether it is all ASCII.
func keyOf(src []byte, start, end int) (key uint64, ascii bool) {
	n := end - start
	if n <= 8 {
		word := uint64(0)
		if start+8 <= len(src) {
			word = binary.LittleEndian.Uint64(src[start:]) & (1<<(8*n) - 1)
		} else {
			for k := range n {
				word |= uint64(src[start+k]) << (8 * k)
			}
		}
		if word&highBits == 0 {
			return word, true
		}
		return mix(word) | longKey, false
	}
	// The last eight bytes may overlap with those before.
	word, last := binary.LittleEndian.Uint64(src[start:]), binary.LittleEndian.Uint64(src[end-8:])
	high := word | last
	for start += 8; start+8 < end; start += 8 {
		next := binary.LittleEndian.Uint64(src[start:])
		high |= next
		word = mix(word) ^ next
	}
	return mixed(word, last, n), high&highBits == 0
}

// mixed is the key of a name of n bytes, more than eight; of at most sixteen, word and
// last are its first and last eight ones.
func mixed(word, last uint64, n int) uint64 { return mix(word^mix(last+uint64(n))) | longKey }

// mix spreads every bit of v over the result.
func mix(v uint64) uint64 {
	high, low := bits.Mul64(v^0x2d358dccaa6c78a5, 0x9e3779b97f4a7c15)
	return high ^ low
}

// place returns the number from which on a key is looked for.
func place(key uint64) uint64 { return key * 0x9e3779b97f4a7c15 >> 32 }

// internText returns the number of the name that src[start:end] spells,
// mangled where a class makes it private.
func (a *analyzer) internText(src []byte, start, end int) nameID {
	if len(a.class) == 0 || !private(src[start:end]) {
		if key, ascii := keyOf(src, start, end); ascii {
			return a.names.add(src, start, end, key)
		}
		return a.internString(spelled(src[start:end]))
	}
	return a.internString("_" + spelled(a.class) + spelled(src[start:end]))
}

func (a *analyzer) internString(name string) nameID {
	text := []byte(name)
	key, _ := keyOf(text, 0, len(text))
	return a.names.add(text, 0, len(text), key)
}

// spelled returns an identifier as Python compares it: in normal form NFKC.
func spelled(text []byte) string {
	for _, b := range text {
		if b >= 0x80 {
			return string(norm.NFKC.Bytes(text))
		}
	}
	return string(text)
}

// private reports whether a class mangles a name.
func private(text []byte) bool {
	n := len(text)
	return n > 2 && text[0] == '_' && text[1] == '_' && (text[n-1] != '_' || text[n-2] != '_')
}

// className returns what the mangling of private names puts in front; a class
// whose name is made of underscores mangles nothing.
func className(f *syntax.File, n syntax.NodeID) []byte {
	d := f.Node(n)
	return bytes.TrimLeft(f.Src[d.Start:d.End], "_")
}
