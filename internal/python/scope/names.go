package scope

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"golang.org/x/text/unicode/norm"
)

// nameID is an interned name.
type nameID int32

// names interns the names of one file: a hash table with open addressing. The
// text of all names lies in one piece.
type names struct {
	arena  []byte
	text   string   // the arena, once all names are there
	ends   []int32  // by name: where its text ends; it begins where that of the one before ends
	hashes []uint32 // by name
	table  []int32  // 1 + name, or 0; a power of two, less than two thirds full
}

// reset prepares a table for about n names.
func (t *names) reset(n int) {
	size := 64
	for size < 2*n {
		size *= 2
	}
	if cap(t.table) < size {
		t.table = make([]int32, size)
	} else {
		t.table = t.table[:size]
		clear(t.table)
	}
	t.arena, t.text, t.ends, t.hashes = t.arena[:0], "", t.ends[:0], t.hashes[:0]
}

func (t *names) len() int { return len(t.ends) }

// bounds returns where the text of a name lies.
func (t *names) bounds(id nameID) (from, to int32) {
	if id > 0 {
		from = t.ends[id-1]
	}
	return from, t.ends[id]
}

// of returns the text of a name, after seal.
func (t *names) of(id nameID) string {
	from, to := t.bounds(id)
	return t.text[from:to]
}

// seal ends the adding of names.
func (t *names) seal() { t.text = string(t.arena) }

// find returns the number of a name, after seal.
func (t *names) find(name string) (nameID, bool) {
	h, _ := hash([]byte(name), 0, len(name))
	for slot := h; ; slot++ {
		k := t.table[slot&uint32(len(t.table)-1)]
		if k == 0 {
			return 0, false
		}
		if id := nameID(k - 1); t.hashes[id] == h && t.of(id) == name {
			return id, true
		}
	}
}

// add returns the number of the name src[start:end], a new one if need be.
func (t *names) add(src []byte, start, end int, h uint32) nameID {
	mask := uint32(len(t.table) - 1)
	slot := h
	for ; ; slot++ {
		k := t.table[slot&mask]
		if k == 0 {
			break
		}
		if id := nameID(k - 1); t.hashes[id] == h {
			if from, to := t.bounds(id); string(t.arena[from:to]) == string(src[start:end]) {
				return id
			}
		}
	}
	id := nameID(len(t.ends))
	t.arena = append(t.arena, src[start:end]...)
	t.ends = append(t.ends, int32(len(t.arena)))
	t.hashes = append(t.hashes, h)
	t.table[slot&mask] = int32(id) + 1
	if 3*len(t.ends) > 2*len(t.table) {
		t.grow()
	}
	return id
}

func (t *names) grow() {
	t.table = make([]int32, 2*len(t.table))
	mask := uint32(len(t.table) - 1)
	for id, slot := range t.hashes {
		for t.table[slot&mask] != 0 {
			slot++
		}
		t.table[slot&mask] = int32(id) + 1
	}
}

// clone returns a copy that shares nothing with t but the text; it is for
// looking names up only.
func (t *names) clone() names {
	return names{text: t.text, ends: slices.Clone(t.ends), hashes: slices.Clone(t.hashes), table: slices.Clone(t.table)}
}

// hash returns a hash of src[start:end], eight bytes at a time, and whether
// all of it is ASCII.
func hash(src []byte, start, end int) (h uint32, ascii bool) {
	sum, high := uint64(end-start), uint64(0)
	for ; end-start >= 8; start += 8 {
		v := binary.LittleEndian.Uint64(src[start:])
		high |= v
		sum = mix(sum ^ v)
	}
	if rest := end - start; rest > 0 {
		v := uint64(0)
		if start+8 <= len(src) {
			v = binary.LittleEndian.Uint64(src[start:]) & (1<<(8*rest) - 1)
		} else {
			for k := range rest {
				v |= uint64(src[start+k]) << (8 * k)
			}
		}
		high |= v
		sum = mix(sum ^ v)
	}
	return uint32(sum), high&0x8080808080808080 == 0
}

// mix spreads every bit of v over the result.
func mix(v uint64) uint64 {
	high, low := bits.Mul64(v, 0x9e3779b97f4a7c15)
	return high ^ low
}

// internText returns the number of the name that src[start:end] spells,
// mangled where a class makes it private.
func (a *analyzer) internText(src []byte, start, end int) nameID {
	h, ascii := hash(src, start, end)
	if ascii && (a.class == "" || !private(src[start:end])) {
		return a.names.add(src, start, end, h)
	}
	name := spelled(src[start:end])
	if a.class != "" && private(src[start:end]) {
		name = "_" + a.class + name
	}
	return a.internString(name)
}

func (a *analyzer) internString(name string) nameID {
	h, _ := hash([]byte(name), 0, len(name))
	return a.names.add([]byte(name), 0, len(name), h)
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
