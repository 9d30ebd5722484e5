package ingest

// entryKind says what an entry of the table stands for.
type entryKind uint8

const (
	aRequest entryKind = iota // a request that lines name by its id
	aBoot                     // the start of an environment
	aWatched                  // a request that the recorder watched
	aCount                    // a line's count of requests of one workflow
	aProcess                  // a process of the recorder
	aMessage                  // a message that is known, and not whose it is
	entryKinds
)

// marks are what an entry is or is not.
type marks uint8

const (
	cold  marks = 1 << iota
	over        // its report was seen
	dated       // row is that of the entry's own time, not of the lines around it
)

// entry is one thing that is counted once however often it is seen. There are millions:
// it has 24 bytes.
type entry struct {
	key  uint64 // hash of what names it
	set  uint32 // modules that it used (aProcess: that it loaded before its first request)
	row  uint32
	n    uint32 // aRequest: init in 10 µs; aWatched: set of unseen modules; aCount: requests
	flow uint16 // workflow
	kind entryKind
	is   marks
}

// entryBytes is what an entry takes with its place in the index, about.
const entryBytes = 24 + 6

const (
	chunkBits = 14
	chunkSize = 1 << chunkBits
)

// table holds entries by key. When there are more of one kind than its limit, only keys
// with a number of leading zero bits are kept. Hashes are even, so that what is kept is a
// fair sample, the same one in whatever order entries come.
type table struct {
	limit    int
	level    uint // leading zero bits of the keys that are kept
	messages uint // the same of messages, where it is more: that these are many says nothing of requests
	n        int
	kinds    [entryKinds]int // how many there are
	index    []uint32        // by the low bits of the keys
	chunks   [][]entry

	touched uint32 // by expect, so that its reads are none in vain
}

// An index's element is the number of an entry + 1, 0 for none, in its low bits, and
// above them what the key has there: to look elsewhere for the whole of the key takes
// longer than all else.
const (
	numberBits = 22
	numberMask = 1<<numberBits - 1
	maxEntries = 3_000_000 // the index has 2²² elements then, of which a quarter is empty

	maxLevel = 60
)

func (t *table) at(i int) *entry { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

// levelOf is how many leading zero bits the keys of a kind have that are kept.
func (t *table) levelOf(kind entryKind) uint {
	if kind == aMessage {
		return max(t.level, t.messages)
	}
	return t.level
}

// weight is how many things an entry of a kind stands for.
func (t *table) weight(kind entryKind) float64 { return float64(uint64(1) << t.levelOf(kind)) }

// sampled reports whether a key is one of those of its kind that are kept.
func (t *table) sampled(key uint64, kind entryKind) bool {
	level := t.levelOf(kind)
	return level == 0 || key>>(64-level) == 0
}

// get returns the entry of a key, which is new when its numbers are still to be filled
// in; nil when the key is none of the sample.
func (t *table) get(key uint64, kind entryKind) (e *entry, fresh bool) {
	if !t.sampled(key, kind) {
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
	if level := t.levelOf(kind); t.kinds[kind] >= t.limit && level < maxLevel {
		t.raise(kind, level+1)
		return t.get(key, kind)
	}
	e = t.push(entry{key: key, kind: kind})
	t.index[i] = uint32(key)&^numberMask | uint32(t.n)
	return e, true
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

// push adds an entry that the index does not know.
func (t *table) push(e entry) *entry {
	if t.n>>chunkBits == len(t.chunks) {
		t.chunks = append(t.chunks, make([]entry, chunkSize))
	}
	to := t.at(t.n)
	*to = e
	t.n++
	t.kinds[e.kind]++
	return to
}

// reset forgets all entries, and keeps their memory for others.
func (t *table) reset() {
	t.n, t.kinds = 0, [entryKinds]int{}
	clear(t.index)
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

// raise drops the keys that have fewer leading zero bits than level: of messages, or of all kinds.
func (t *table) raise(kind entryKind, level uint) {
	if kind == aMessage {
		t.messages = level
	} else {
		t.level = level
	}
	kept := 0
	t.kinds = [entryKinds]int{}
	for i := range t.n {
		if e := t.at(i); t.sampled(e.key, e.kind) {
			*t.at(kept) = *e
			kept++
			t.kinds[e.kind]++
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
