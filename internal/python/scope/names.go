package scope

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"golang.org/x/text/unicode/norm"

	"fastpath/internal/python/syntax"
)

// nameID is an interned name; 0 is none.
type nameID int32

// names interns the names of one file. The text of all of them lies in one piece.
type names struct {
	arena  []byte
	sealed string     // the arena, once somebody has asked for a text
	list   []interned // by nameID
	table  []nameID   // a hash table with open addressing: a power of two, less than two thirds full
	shift  uint8      // of a hash: what is left is a place in the table
}

// interned is a name with its key: that of a short name in ASCII is its text.
type interned struct {
	key
	end     int32    // of its text in the arena; it begins where that of the one before ends
	current symbolID // of the name, in the innermost open scope that mentions it; in the end the module's
}

// key is the text of a name of at most sixteen bytes, with zeros behind it. Of any other
// one it is a hash, which has the bit longKey.
type key struct{ first, rest uint64 }

// longKey is in key.rest.
const longKey = 1 << 63

// highBits are those that no byte of a text in ASCII has.
const highBits = 0x8080808080808080

// hash returns a number whose upper bits depend on all of the key.
func (k key) hash() uint64 { return k.first*0x9e3779b97f4a7c15 + k.rest*0x2d358dccaa6c78a5 }

// keyMasks are the bytes of a text of n bytes in a key.
var keyMasks = func() (masks [17]key) {
	for n := range masks {
		masks[n] = key{1<<(8*min(n, 8)) - 1, 1<<(8*max(n-8, 0)) - 1}
	}
	return masks
}()

// firstNames are the dynamicNames, which all files begin with.
var firstNames = func() (t names) {
	t.list = []interned{{key: key{^uint64(0), 0}}} // nothing that is looked for
	t.size(2 * len(dynamicNames))
	for _, name := range dynamicNames {
		k, _ := keyOf([]byte(name))
		t.add([]byte(name), k)
	}
	return t
}()

// reset prepares a table for about n names.
func (t *names) reset(n int) {
	t.sealed = ""
	t.arena, t.list = append(t.arena[:0], firstNames.arena...), append(t.list[:0], firstNames.list...)
	t.size(n)
	t.fill()
}

// size gives the table room for n names.
func (t *names) size(n int) {
	size := 256
	for size < 2*n {
		size *= 2
	}
	resize(&t.table, size)
	t.shift = uint8(64 - bits.TrailingZeros(uint(size)))
}

// fill puts the names into an empty table.
func (t *names) fill() {
	for id := 1; id < len(t.list); id++ {
		k := t.list[id].hash() >> (t.shift & 63)
		for t.table[k] != 0 {
			k = (k + 1) & uint64(len(t.table)-1)
		}
		t.table[k] = nameID(id)
	}
}

// len returns the number of names, with the one that is none.
func (t *names) len() int { return len(t.list) }

// bounds returns where the text of a name lies.
func (t *names) bounds(id nameID) (from, to int32) {
	if id > 0 {
		from = t.list[id-1].end
	}
	return from, t.list[id].end
}

// of returns the text of a name. No name may be added from then on.
func (t *names) of(id nameID) string {
	if t.sealed == "" {
		t.sealed = string(t.arena)
	}
	from, to := t.bounds(id)
	return t.sealed[from:to]
}

// view returns the text of a name, which is valid until the next reset.
func (t *names) view(id nameID) []byte {
	from, to := t.bounds(id)
	if t.arena == nil { // see clone
		return []byte(t.sealed[from:to])
	}
	return t.arena[from:to]
}

// is reports whether a name has this text; it may be asked before of is.
func (t *names) is(id nameID, text string) bool {
	from, to := t.bounds(id)
	if t.sealed == "" {
		return string(t.arena[from:to]) == text
	}
	return t.sealed[from:to] == text
}

// find returns the number of a name.
func (t *names) find(name string) (nameID, bool) {
	key, _ := keyOf([]byte(name))
	for k := key.hash() >> (t.shift & 63); ; k = (k + 1) & uint64(len(t.table)-1) {
		id := t.table[k]
		if id == 0 {
			return 0, false
		}
		if t.list[id].key == key && (key.rest < longKey || t.is(id, name)) {
			return id, true
		}
	}
}

// add returns the number of the name with this text and key, a new one if need be.
func (t *names) add(text []byte, key key) nameID {
	k := key.hash() >> (t.shift & 63)
	for {
		id := t.table[k]
		if id == 0 {
			break
		}
		if e := &t.list[id]; e.first == key.first && e.rest == key.rest && (key.rest < longKey || string(t.arena[t.list[id-1].end:e.end]) == string(text)) {
			return id
		}
		k = (k + 1) & uint64(len(t.table)-1)
	}
	id := nameID(len(t.list))
	if at := len(t.arena); key.rest < longKey && cap(t.arena) >= at+16 { // the key is the text
		word := t.arena[at : at+16]
		binary.LittleEndian.PutUint64(word, key.first)
		binary.LittleEndian.PutUint64(word[8:], key.rest)
		t.arena = t.arena[:at+len(text)]
	} else {
		t.arena = append(t.arena, text...)
	}
	t.list = append(t.list, interned{key: key, end: int32(len(t.arena))})
	t.table[k] = id
	if 3*len(t.list) > 2*len(t.table) {
		t.size(len(t.table))
		t.fill()
	}
	return id
}

// clone returns a copy that shares nothing with t but the text; it is for
// looking names up only.
func (t *names) clone() names {
	return names{sealed: string(t.arena), list: slices.Clone(t.list), table: slices.Clone(t.table), shift: t.shift}
}

// keyOf returns the key of a name, and whether the name is all ASCII. It may read
// what lies behind the text, too.
func keyOf(text []byte) (k key, ascii bool) {
	n := len(text)
	switch {
	case n > 16:
		// The last sixteen bytes may overlap with those before.
		first, last := binary.LittleEndian.Uint64(text[n-16:]), binary.LittleEndian.Uint64(text[n-8:])
		sum, all := uint64(n), first|last
		for at := 0; at < n-16; at += 8 {
			word := binary.LittleEndian.Uint64(text[at:])
			sum, all = mix(sum^word), all|word
		}
		return key{first, mix(sum^last) | longKey}, all&highBits == 0
	case cap(text) >= 16:
		k = keyMasks[n]
		text = text[:16]
		k.first &= binary.LittleEndian.Uint64(text)
		k.rest &= binary.LittleEndian.Uint64(text[8:])
	// Nothing is known to be behind the text: its last bytes are read with some of
	// those before.
	case n >= 8:
		k = key{binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:]) >> (8 * uint(16-n))}
	case n >= 4:
		k.first = uint64(binary.LittleEndian.Uint32(text)) | uint64(binary.LittleEndian.Uint32(text[n-4:])>>(8*uint(8-n)))<<32
	case n > 0:
		k.first = uint64(text[0]) | uint64(text[n/2])<<(8*uint(n/2)) | uint64(text[n-1])<<(8*uint(n-1))
	}
	if (k.first|k.rest)&highBits != 0 {
		k.rest |= longKey
		return k, false
	}
	return k, true
}

// mix spreads every bit of v over the result.
func mix(v uint64) uint64 {
	high, low := bits.Mul64(v^0x2d358dccaa6c78a5, 0x9e3779b97f4a7c15)
	return high ^ low
}

// intern returns the number of the name that a node spells, mangled where a
// class makes it private.
func (a *analyzer) intern(n syntax.NodeID) nameID {
	d := &a.File.Nodes[n]
	size := uint(d.End - d.Start)
	if text := a.File.Src[d.Start:]; len(text) >= 16 && size <= 16 { // most names
		k := keyMasks[size]
		k.first &= binary.LittleEndian.Uint64(text)
		k.rest &= binary.LittleEndian.Uint64(text[8:])
		if (k.first|k.rest)&highBits == 0 && k.first&a.private != underscores {
			id := a.names.table[k.hash()>>(a.names.shift&63)]
			if e := &a.names.list[id]; e.first == k.first && e.rest == k.rest { // most of them not for the first time
				return id
			}
			return a.names.add(text[:size], k)
		}
	}
	return a.internText(a.File.Src, int(d.Start), int(d.End))
}

// underscores are what the names begin with that a class makes private.
const underscores = '_' | '_'<<8

// enterClass says what the class around puts before private names.
func (a *analyzer) enterClass(class []byte) {
	a.class, a.private = class, 0
	if len(class) > 0 {
		a.private = 0xffff
	}
}

// internText returns the number of the name that src[start:end] spells,
// mangled where a class makes it private.
func (a *analyzer) internText(src []byte, start, end int) nameID {
	text := src[start:end]
	k, plain := keyOf(text)
	switch {
	case len(a.class) > 0 && private(text):
		text = []byte("_" + spelled(a.class) + spelled(text))
		k, _ = keyOf(text)
	case !plain:
		text = []byte(spelled(text))
		k, _ = keyOf(text)
	}
	return a.names.add(text, k)
}

// ascii reports whether a text is all ASCII.
func ascii(text []byte) bool {
	for ; len(text) >= 8; text = text[8:] {
		if binary.LittleEndian.Uint64(text)&highBits != 0 {
			return false
		}
	}
	for _, b := range text {
		if b >= 0x80 {
			return false
		}
	}
	return true
}

// spelled returns an identifier as Python compares it: in normal form NFKC.
func spelled(text []byte) string {
	if !ascii(text) {
		return string(norm.NFKC.Bytes(text))
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
