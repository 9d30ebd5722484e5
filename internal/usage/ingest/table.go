package ingest

import (
	"encoding/binary"
	"slices"
)

// entryKind says what an entry of the table stands for.
type entryKind uint8

const (
	aRequest entryKind = iota // a request that lines name by its id
	aBoot                     // the start of an environment
	aWatched                  // a request that the recorder watched
	aCount                    // a line's count of requests of one workflow
	aProcess                  // a process of the recorder
)

// entry is one thing that is counted once however often it is seen.
type entry struct {
	key   uint64 // hash of what names it
	set   uint32 // modules that it used (aProcess: that it loaded before its first request)
	row   uint32
	flow  uint32 // workflow
	n     uint32 // aRequest: init in 10 µs; aWatched: set of unseen modules; aCount: requests
	kind  entryKind
	cold  bool
	ended bool
	dated bool // row is that of the entry's own time, not of the lines around it
}

const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
)

// table holds entries by key, in memory that does not grow beyond its limit:
// when there are more, only keys with a number of leading zero bits are kept.
// Hashes are even, so that what is kept is a fair sample, the same one in
// whatever order entries come.
type table struct {
	limit  int
	level  uint // leading zero bits of the keys that are kept
	n      int
	index  []uint32 // by the low bits of the keys
	chunks [][]entry

	touched uint32 // by expect, so that its reads are none in vain
}

// An index's element is the number of an entry + 1, 0 for none, in its low bits, and
// above them what the key has there: to look elsewhere for the whole of the key takes
// longer than all else.
const (
	numberBits = 22
	numberMask = 1<<numberBits - 1
	maxEntries = numberMask - 1
)

func (t *table) at(i int) *entry { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

// weight is how many things an entry stands for.
func (t *table) weight() float64 { return float64(uint64(1) << t.level) }

// get returns the entry of a key, which is new when its kind and numbers are
// still to be filled in; nil when the key is none of the sample.
func (t *table) get(key uint64) (e *entry, fresh bool) {
	if t.level > 0 && key>>(64-t.level) != 0 {
		return nil, false
	}
	if 4*(t.n+1) > 3*len(t.index) {
		t.grow(max(1024, 2*len(t.index)))
	}
	mask := uint64(len(t.index) - 1)
	i := key & mask
	for t.index[i] != 0 {
		if (t.index[i]^uint32(key))&^numberMask == 0 {
			if e := t.at(int(t.index[i]&numberMask - 1)); e.key == key {
				return e, false
			}
		}
		i = (i + 1) & mask
	}
	if t.n >= min(t.limit, maxEntries) && t.level < 60 {
		t.raise(t.level + 1)
		return t.get(key)
	}
	return t.add(i, entry{key: key}), true
}

// has reports whether there is an entry of a key.
func (t *table) has(key uint64) bool {
	if len(t.index) == 0 {
		return false
	}
	mask := uint64(len(t.index) - 1)
	for i := key & mask; t.index[i] != 0; i = (i + 1) & mask {
		if (t.index[i]^uint32(key))&^numberMask == 0 && t.at(int(t.index[i]&numberMask-1)).key == key {
			return true
		}
	}
	return false
}

// expect says which keys will be asked for soon. Nearly each of them is somewhere
// else in memory; to wait for many at once takes a fraction of the time.
func (t *table) expect(events []event) {
	if len(t.index) == 0 {
		return
	}
	mask := uint64(len(t.index) - 1)
	for i := range events {
		t.touched += t.index[events[i].id&mask]
	}
}

func (t *table) add(slot uint64, e entry) *entry {
	if t.n>>chunkBits == len(t.chunks) {
		t.chunks = append(t.chunks, make([]entry, chunkSize))
	}
	to := t.at(t.n)
	*to = e
	t.n++
	t.index[slot] = uint32(e.key)&^numberMask | uint32(t.n)
	return to
}

func (t *table) grow(size int) {
	t.index = make([]uint32, size)
	mask := uint64(size - 1)
	for n := range t.n {
		key := t.at(n).key
		i := key & mask
		for t.index[i] != 0 {
			i = (i + 1) & mask
		}
		t.index[i] = uint32(key)&^numberMask | uint32(n+1)
	}
}

// raise drops the keys that have fewer leading zero bits than level.
func (t *table) raise(level uint) {
	t.level = level
	kept := 0
	for i := range t.n {
		if e := t.at(i); e.key>>(64-level) == 0 {
			*t.at(kept) = *e
			kept++
		}
	}
	t.n = kept
	t.chunks = t.chunks[:(kept+chunkSize-1)>>chunkBits]
	t.grow(len(t.index))
}

// all calls f with each entry, in no particular order.
func (t *table) all(f func(*entry)) {
	for i := range t.n {
		f(t.at(i))
	}
}

// sets numbers sets of modules, so that an entry needs four bytes for its own:
// programs have few different ones. Set 0 is empty. A set is kept as the distances of its
// modules from each other, which are small: where each request uses others, there are
// very many sets.
type sets struct {
	packed []string
	ids    map[string]uint32
	grown  map[uint64]uint32 // set and module → the set with the module
	bytes  int               // that it takes, about
	list   []int32           // of id
	pack   []byte
}

// setBytes is what a set takes besides its modules, with its place in the maps.
const setBytes = 100

func newSets() *sets {
	return &sets{packed: []string{""}, ids: map[string]uint32{"": 0}, grown: map[uint64]uint32{}}
}

// all appends the modules of a set to a list, in order.
func (s *sets) all(list []int32, set uint32) []int32 {
	last := int32(0)
	for text := s.packed[set]; text != ""; {
		var distance, n int
		for shift := 0; ; shift += 7 {
			b := text[n]
			distance |= int(b&0x7f) << shift
			if n++; b < 0x80 {
				break
			}
		}
		last += int32(distance)
		list = append(list, last)
		text = text[n:]
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
	slices.Sort(list)
	last := int32(0)
	s.pack = s.pack[:0]
	for i, m := range list {
		if i == 0 || m > last {
			s.pack = binary.AppendUvarint(s.pack, uint64(m-last))
			last = m
		}
	}
	if id, ok := s.ids[string(s.pack)]; ok {
		return id
	}
	return s.add(string(s.pack))
}

func (s *sets) add(packed string) uint32 {
	id, ok := s.ids[packed]
	if !ok {
		id = uint32(len(s.packed))
		s.packed = append(s.packed, packed)
		s.ids[packed] = id
		s.bytes += setBytes + len(packed)
	}
	return id
}

// compact forgets the sets that no entry has.
func (s *sets) compact(t *table) {
	old := s.packed
	*s = *newSets()
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
