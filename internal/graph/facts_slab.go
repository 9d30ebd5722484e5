package graph

import (
	"encoding/binary"
	"strings"
)

// slabs hold the lists of many files.
type slabs struct {
	facts      slab[facts]
	statements slab[statement]
	bindings   slab[binding]
	functions  slab[definition]
	classes    slab[classDef]
	refs       slab[ref]
	members    slab[int32]
	mentions   slab[word]
	made       slab[made]
	uses       slab[byte]
	chains     slab[chain]
	bound      slab[symbol]
	flags      slab[nameFlags]
	aliases    slab[alias]
	strings    slab[literal]
	text       strings.Builder
}

// slab hands out pieces of long lists: what a file has is added where it stays,
// and need not be copied.
type slab[T any] struct {
	free   []T // empty; its capacity is what is left
	length int // of the list
}

// slabLength is the number of elements of a slab, once a few files were read.
const slabLength = 1 << 11

// begin returns an empty list with room for n elements. It may outgrow that.
func (s *slab[T]) begin(n int) []T {
	if cap(s.free) < n {
		s.length = max(n, min(4*max(s.length, n), slabLength))
		s.free = make([]T, 0, s.length)
	}
	return s.free
}

// end returns what was added to the list that begin returned, without spare
// capacity.
func (s *slab[T]) end(list []T) []T {
	n := len(list)
	if n == 0 {
		return nil
	}
	if rest := list[n:]; cap(list) == cap(s.free) || cap(rest) > cap(s.free) { // else it was outgrown
		s.free = rest
	}
	return list[:n:n]
}

const (
	textLength = 1 << 16 // bytes of a slab for text
	textRoom   = 1 << 11 // what most files need
)

// beginText makes room for the text of a file, and returns where it begins.
func (s *slabs) beginText() int {
	if s.text.Cap()-s.text.Len() < textRoom {
		s.moveText(s.text.Len(), 0)
	}
	return s.text.Len()
}

// addText adds a text to those of the file that begins at from. It returns where
// the file begins now, and the place of the text in it.
func (s *slabs) addText(from int, name []byte) (int, text) {
	if s.text.Cap()-s.text.Len() < binary.MaxVarintLen32+len(name) {
		s.moveText(from, binary.MaxVarintLen32+len(name))
		from = 0
	}
	at := text(s.text.Len() - from)
	n := uint(len(name))
	for ; n >= 0x80; n >>= 7 { // as AppendUvarint does
		s.text.WriteByte(byte(n) | 0x80)
	}
	s.text.WriteByte(byte(n))
	s.text.Write(name)
	return from, at
}

// moveText moves what begins at from to a new slab, where so many bytes have room.
func (s *slabs) moveText(from, more int) {
	before := s.text.String()[from:]
	length := textLength
	if s.text.Cap() == 0 { // perhaps there is but one file
		length = textRoom
	}
	s.text = strings.Builder{}
	s.text.Grow(max(length, 2*(len(before)+more)))
	s.text.WriteString(before)
}
