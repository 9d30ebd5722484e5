package ingest

import (
	"encoding/binary"
	"slices"
)

// sets numbers sets of modules, so that an entry needs four bytes for its own:
// programs have few different ones. Set 0 is empty. A set is kept as the distances of its
// modules from each other, which are small: where each request uses others, there are
// very many sets.
type sets struct {
	packed []string
	ids    map[string]uint32
	grown  map[uint64]uint32 // set and module → the set with the module
	bytes  int               // that it takes, about
	most   int               // bytes that the longest set has
	// times is how often sets were numbered anew.
	times int
	list  []int32 // of id
	pack  []byte
}

// setBytes is what a set takes besides its modules, with its place in the maps.
const setBytes = 100

func newSets() *sets {
	return &sets{packed: []string{""}, ids: map[string]uint32{"": 0}, grown: map[uint64]uint32{}}
}

// all appends the modules of a set to a list, in order.
func (s *sets) all(list []int32, set uint32) []int32 { return unpackSet(list, s.packed[set]) }

// unpackSet appends the modules of a set to a list, in order.
func unpackSet[T string | []byte](list []int32, text T) []int32 {
	last := int32(0)
	for at := 0; at < len(text); {
		var distance int
		for shift := 0; at < len(text); shift += 7 {
			b := text[at]
			distance |= int(b&0x7f) << shift
			if at++; b < 0x80 {
				break
			}
		}
		last += int32(distance)
		list = append(list, last)
	}
	return list
}

// with returns the set that also has modules: the first of them, and those that
// always come with it.
func (s *sets) with(set uint32, modules []int32) uint32 {
	key := uint64(set)<<32 | uint64(modules[0])<<1
	if len(modules) > 1 {
		key |= 1
	}
	if to, ok := s.grown[key]; ok {
		return to
	}
	s.list = append(s.all(s.list[:0], set), modules...)
	to := s.id(s.list)
	s.grown[key] = to
	s.bytes += 30
	return to
}

// union returns the set with the modules of both.
func (s *sets) union(a, b uint32) uint32 {
	if a == b || b == 0 {
		return a
	}
	if a == 0 {
		return b
	}
	s.list = s.all(s.all(s.list[:0], a), b)
	return s.id(s.list)
}

// id numbers a list, which it sorts.
func (s *sets) id(list []int32) uint32 {
	s.pack = pack(s.pack[:0], list)
	if id, ok := s.ids[string(s.pack)]; ok {
		return id
	}
	return s.add(string(s.pack))
}

// pack appends a list, which it sorts.
func pack(to []byte, list []int32) []byte {
	slices.Sort(list)
	last := int32(0)
	for i, m := range list {
		if i == 0 || m > last {
			to = binary.AppendUvarint(to, uint64(m-last))
			last = m
		}
	}
	return to
}

func packList(list []int32) string { return string(pack(nil, list)) }

// size is how many bytes the sets of an entry have.
func (s *sets) size(e *entry) int {
	n := len(s.packed[e.set])
	if e.kind == aWatched {
		n += len(s.packed[e.n])
	}
	return n
}

func (s *sets) add(packed string) uint32 {
	id, ok := s.ids[packed]
	if !ok {
		id = uint32(len(s.packed))
		s.packed = append(s.packed, packed)
		s.ids[packed] = id
		s.bytes += setBytes + len(packed)
		s.most = max(s.most, len(packed))
	}
	return id
}

// more returns the set that also has a list of modules, of which there may be many.
func (s *sets) more(set uint32, list []int32) uint32 {
	if len(list) == 0 {
		return set
	}
	s.list = append(s.all(s.list[:0], set), list...)
	return s.id(s.list)
}

// reset forgets all sets.
func (s *sets) reset() {
	times := s.times
	*s = *newSets()
	s.times = times + 1
}

// live is about how many bytes are taken by the sets that an entry has.
func (s *sets) live(t *table) (bytes int) {
	counted := make([]bool, len(s.packed))
	count := func(id uint32) {
		if !counted[id] {
			counted[id] = true
			bytes += setBytes + len(s.packed[id])
		}
	}
	t.all(func(e *entry) {
		count(e.set)
		if e.kind == aWatched {
			count(e.n)
		}
	})
	return bytes
}

// compact forgets the sets that no entry has.
func (s *sets) compact(t *table) {
	old := s.packed
	s.reset()
	moved := make([]uint32, len(old)) // the number + 1
	move := func(id uint32) uint32 {
		if moved[id] == 0 {
			moved[id] = s.add(old[id]) + 1
		}
		return moved[id] - 1
	}
	t.all(func(e *entry) {
		e.set = move(e.set)
		if e.kind == aWatched {
			e.n = move(e.n)
		}
	})
}

// moduleSet is a set of modules, mostly of few.
type moduleSet struct {
	list []int32
	in   map[int32]bool // where there are many
}

// add reports whether the module is new.
func (s *moduleSet) add(m int32) bool {
	const few = 32
	if len(s.list) <= few && slices.Contains(s.list, m) || s.in[m] {
		return false
	}
	s.list = append(s.list, m)
	switch {
	case len(s.list) == few+1:
		s.in = map[int32]bool{}
		for _, m := range s.list {
			s.in[m] = true
		}
	case len(s.list) > few:
		s.in[m] = true
	}
	return true
}
