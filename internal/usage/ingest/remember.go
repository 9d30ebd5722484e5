package ingest

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// What is remembered of a source's day are its entries, by key, in parts: the version,
// the level of the sample, whether there are more parts, the number of entries, that of bytes
// of all keys, the keys, each as its distance from the one before, and then, compressed, a
// head that numbers what entries have in common, and what distinguishes them. Keys are
// hashes, which nothing compresses. Version 2 had one part, and did not say so.
const (
	seenVersion    = 3
	seenVersionOne = 2

	// What a part has at most: entries, and bytes of their sets.
	partEntries = 1 << 18
	partSets    = 4 << 20
)

// dictionary numbers names as they are written.
type dictionary struct {
	names []string
	ids   map[string]uint64
}

func (d *dictionary) id(name string) uint64 {
	id, ok := d.ids[name]
	if !ok {
		id = uint64(len(d.names))
		if d.ids == nil {
			d.ids = map[string]uint64{}
		}
		d.ids[name] = id
		d.names = append(d.names, name)
	}
	return id
}

// numbering numbers things by their ids as they are written.
type numbering struct {
	numbers []uint64 // by id: whose it is, and the number
	whose   uint32
	n       int
	text    []byte // of all of them
}

// reset forgets all numbers.
func (n *numbering) reset() { n.whose, n.n, n.text = n.whose+1, 0, n.text[:0] }

// of returns the number of an id; fresh says that it is a new one, which add is to
// write.
func (n *numbering) of(id uint32) (number uint64, fresh bool) {
	if int(id) >= len(n.numbers) {
		n.numbers = append(n.numbers, make([]uint64, int(id)+1-len(n.numbers))...)
	}
	if at := n.numbers[id]; uint32(at>>32) == n.whose {
		return at & (1<<32 - 1), false
	}
	number = uint64(n.n)
	n.n++
	n.numbers[id] = uint64(n.whose)<<32 | number
	return number, true
}

func (n *numbering) add(v uint64) { n.text = binary.AppendUvarint(n.text, v) }

// encoder writes what is remembered, of one source's day after the other: there may be
// many small ones.
type encoder struct {
	*collector
	names      dictionary
	rows, sets numbering
	body       []byte
	zstd       *zstd.Encoder
}

func newEncoder(c *collector) (*encoder, error) {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10))
	return &encoder{collector: c, body: make([]byte, 0, 64<<10), zstd: z}, err
}

func (w *encoder) set(id uint32) uint64 {
	n, fresh := w.sets.of(id)
	if fresh {
		modules := w.collector.sets.all(nil, id)
		list := make([]string, 0, len(modules))
		for _, m := range modules {
			list = append(list, w.collector.names[m])
		}
		slices.Sort(list) // the same whatever was read first
		w.sets.add(uint64(len(list)))
		for _, name := range list {
			w.sets.add(w.names.id(name))
		}
	}
	return n
}

func (w *encoder) row(id uint32) uint64 {
	n, fresh := w.rows.of(id)
	if fresh {
		r := w.collector.rows[id]
		for _, name := range []string{r.function.name, r.function.version, r.entry} {
			w.rows.add(w.names.id(name))
		}
		w.rows.add(bit(r.reported, 0) | bit(r.cold, 1))
		w.rows.add(uint64(max(0, r.memory)))
		w.rows.add(uint64(len(r.init.list)))
		for _, m := range r.init.list {
			w.rows.add(w.names.id(w.collector.names[m]))
		}
	}
	return n
}

// head is what the entries have in common.
func (w *encoder) head() []byte {
	out := binary.AppendUvarint(nil, uint64(len(w.names.names)))
	for _, name := range w.names.names {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
	}
	for _, n := range []*numbering{&w.rows, &w.sets} {
		out = binary.AppendUvarint(out, uint64(n.n))
		out = append(out, n.text...)
	}
	return out
}

// seenHead is the length of version, level, whether there is more, and the numbers of
// entries and of bytes of their keys. That of version 2 is a byte shorter.
const seenHead = 3 + 4 + 4

// part returns how many of some entries the next part has. That does not depend on how they
// came to be in memory.
func (c *collector) part(order []uint64, mask uint64) int {
	most := min(c.most.part, len(order))
	if longest := c.sets.most * most; longest <= c.most.partSets/2 || longest <= c.most.partSets && c.table.kinds[aWatched] == 0 {
		return most
	}
	bytes := 0
	for i, k := range order[:most] {
		e := c.table.at(int(k & mask))
		bytes += c.sets.size(e)
		if bytes > c.most.partSets && i > 0 {
			return i
		}
	}
	return most
}

// encode writes entries. What distinguishes them is never in memory as a whole.
func (w *encoder) encode(order []uint64, mask uint64, more bool) ([]byte, error) {
	var out []byte
	var wait sync.WaitGroup
	wait.Go(func() { out = w.keys(order, mask, more) })
	packed, err := w.pack(order, mask)
	wait.Wait()
	if err != nil {
		return nil, err
	}
	return append(out, packed...), nil
}

// keys is the head of what encode writes, and the keys.
func (c *collector) keys(order []uint64, mask uint64, more bool) []byte {
	n := len(order)
	perKey := (64-bits.Len(uint(n))+3)/7 + 1 // bytes, of nearly all distances
	out := append(make([]byte, 0, seenHead+perKey*n+n*3/4+64), seenVersion, byte(c.table.level), byte(bit(more, 0)))
	out = out[:seenHead]
	last := uint64(0)
	c.inOrder(order, mask, func(batch []entry) {
		for i := range batch {
			out = binary.AppendUvarint(out, batch[i].key-last)
			last = batch[i].key
		}
	})
	binary.LittleEndian.PutUint32(out[3:], uint32(n))
	binary.LittleEndian.PutUint32(out[7:], uint32(len(out)-seenHead))
	return out
}

// pack is all else that encode writes.
func (w *encoder) pack(order []uint64, mask uint64) (_ []byte, err error) {
	w.names = dictionary{}
	w.rows.reset()
	w.sets.reset()
	var packed bytes.Buffer
	w.zstd.Reset(&packed)
	body := w.body
	flow, flowName := -1, uint64(0)
	w.inOrder(order, mask, func(batch []entry) {
		for i := range batch {
			e := &batch[i]
			if int(e.flow) != flow {
				flow, flowName = int(e.flow), w.names.id(w.flows[e.flow])
			}
			n := uint64(e.n)
			if e.kind == aWatched {
				n = w.set(e.n)
			}
			body = append(body, byte(e.kind)|byte(e.is)<<4)
			for _, v := range [...]uint64{w.row(e.row), w.set(e.set), flowName, n} {
				body = binary.AppendUvarint(body, v)
			}
		}
		if len(body) > 60<<10 && err == nil {
			_, err = w.zstd.Write(body)
			body = body[:0]
		}
	})
	if err == nil {
		_, err = w.zstd.Write(body)
	}
	if err := errors.Join(err, w.zstd.Close()); err != nil {
		return nil, err
	}
	return append(w.zstd.EncodeAll(w.head(), nil), packed.Bytes()...), nil
}

// inOrder calls f with some entries at a time. They are all over the memory: waiting
// for several at once is faster.
func (c *collector) inOrder(order []uint64, mask uint64, f func(batch []entry)) {
	var near [64]entry
	for len(order) > 0 {
		n := min(len(near), len(order))
		for i, k := range order[:n] {
			near[i] = *c.table.at(int(k & mask))
		}
		f(near[:n])
		order = order[n:]
	}
}

// byKey orders numbers of entries by their keys: below mask are the numbers, above
// it what distinguishes keys. Without a list they are all.
func (c *collector) byKey(list []uint32) (order []uint64, mask uint64) {
	mask = 1<<bits.Len(uint(c.table.n)) - 1
	if list == nil {
		order = make([]uint64, c.table.n)
		for i := range order {
			order[i] = c.table.at(i).key<<c.table.level&^mask | uint64(i)
		}
	} else {
		order = make([]uint64, len(list))
		for i, at := range list {
			order[i] = c.table.at(int(at)).key<<c.table.level&^mask | uint64(at)
		}
	}
	sortHashes(order)
	key := func(i int) uint64 { return c.table.at(int(order[i] & mask)).key }
	for i := 1; i < len(order); i++ { // of some millions a few share what is above the mask
		for j := i; j > 0 && (order[j]^order[j-1])&^mask == 0 && key(j) < key(j-1); j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order, mask
}

// sortHashes sorts numbers that are spread evenly, in place: by their highest bits into
// parts, and these by the next bits, until a part has few numbers. No step has more parts
// than the caches have room for lines to write at: to find the place of each number at
// once takes ten times as long.
func sortHashes(list []uint64) {
	if len(list) < 1<<10 {
		slices.Sort(list)
		return
	}
	var ends [1 << partBits]uint32
	shift := uint(64 - partBits)
	intoParts(list, shift, &ends)
	half := len(ends) / 2
	var wait sync.WaitGroup
	wait.Go(func() { sortParts(list, ends[half-1], ends[half:], shift) })
	sortParts(list, 0, ends[:half], shift)
	wait.Wait()
}

// partBits is by how many bits numbers are told apart at a time.
const partBits = 8

// sortParts sorts parts of which the numbers share all bits from shift on.
func sortParts(list []uint64, from uint32, ends []uint32, shift uint) {
	var inner [1 << partBits]uint32
	for _, end := range ends {
		part := list[from:end]
		from = end
		if len(part) <= 1<<partBits || shift < partBits {
			slices.Sort(part)
			continue
		}
		intoParts(part, shift-partBits, &inner)
		sortParts(part, 0, inner[:], shift-partBits)
	}
}

// intoParts sorts numbers by partBits bits from shift on, and notes where each part ends.
func intoParts(list []uint64, shift uint, ends *[1 << partBits]uint32) {
	const mask = 1<<partBits - 1
	*ends = [1 << partBits]uint32{}
	for _, x := range list {
		ends[x>>shift&mask]++
	}
	var next [1 << partBits]uint32 // by part, where its next number goes
	sum := uint32(0)
	for i, n := range ends {
		next[i] = sum
		sum += n
		ends[i] = sum
	}
	for part, end := range ends {
		for at := next[part]; at < end; at = next[part] {
			x := list[at]
			for to := x >> shift & mask; to != uint64(part); to = x >> shift & mask {
				list[next[to]], x = x, list[next[to]]
				next[to]++
			}
			list[at] = x
			next[part]++
		}
	}
}

func bit(set bool, at int) uint64 {
	if set {
		return 1 << at
	}
	return 0
}

// decoder reads what encode wrote; bad says that it was something else.
type decoder struct {
	*bufio.Reader
	bad bool
}

func (d *decoder) number() uint64 {
	n, err := binary.ReadUvarint(d)
	if err != nil {
		d.bad = true
	}
	return n
}

// each calls f for each of a number of things, as long as they can be read.
func (d *decoder) each(f func()) {
	for n := d.number(); n > 0 && !d.bad; n-- {
		f()
	}
}

func (d *decoder) text() string {
	n := d.number()
	if n > 1<<16 {
		d.bad = true
		return ""
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(d, text); err != nil {
		d.bad = true
	}
	return string(text)
}

// pick returns the thing of a list whose number comes next.
func pick[T any](d *decoder, list []T) (v T) {
	n := d.number()
	if n >= uint64(len(list)) {
		d.bad = true
		return v
	}
	return list[n]
}

var errForgotten = errors.New("it cannot be read")

// remembered is what encode wrote, before it is unpacked.
type remembered struct {
	level  uint
	more   bool   // there is another part
	n      int    // entries
	keys   []byte // their keys
	packed []byte
}

func parseRemembered(data []byte) (r remembered, err error) {
	if len(data) < seenHead-1 {
		return r, errForgotten
	}
	r.level = uint(data[1])
	switch data[0] {
	case seenVersion:
		r.more = data[2] != 0
		data = data[3:]
	case seenVersionOne:
		data = data[2:]
	default:
		return r, errForgotten
	}
	if len(data) < 8 {
		return r, errForgotten
	}
	r.n = int(binary.LittleEndian.Uint32(data))
	keys := int(binary.LittleEndian.Uint32(data[4:]))
	data = data[8:]
	if r.level > maxLevel || keys > len(data) || r.n > keys {
		return r, errForgotten
	}
	r.keys, r.packed = data[:keys], data[keys:]
	return r, nil
}

// next returns the key of the next entry.
func (r *remembered) next(last uint64) (key uint64, err error) {
	distance, n := binary.Uvarint(r.keys)
	if n <= 0 {
		return 0, errForgotten
	}
	r.keys = r.keys[n:]
	return last + distance, nil
}

// eachKey calls f with the keys of the entries, until it returns false.
func (r remembered) eachKey(f func(key uint64) bool) (err error) {
	key := uint64(0)
	for range r.n {
		if key, err = r.next(key); err != nil || !f(key) {
			return err
		}
	}
	return nil
}

// unpacker undoes the compression, of one source's day after the other.
type unpacker struct {
	zstd *zstd.Decoder
	out  *bufio.Reader
}

// open begins to unpack; what it returns is good until the next time.
func (u *unpacker) open(packed []byte) (_ *bufio.Reader, err error) {
	if u.zstd == nil {
		u.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(64<<20))
		if err != nil {
			return nil, err
		}
		u.out = bufio.NewReaderSize(nil, 32<<10)
	}
	if err := u.zstd.Reset(bytes.NewReader(packed)); err != nil {
		return nil, err
	}
	u.out.Reset(u.zstd)
	return u.out, nil
}

// close also lets go of what was unpacked last, which may be large.
func (u *unpacker) close() {
	if u.zstd != nil {
		u.zstd.Close()
	}
	*u = unpacker{}
}

// decode takes up what encode wrote, as it unpacks it.
func (c *collector) decode(label string, date day, r remembered, u *unpacker) error {
	plain, err := u.open(r.packed)
	if err != nil {
		return err
	}
	if r.level > c.table.level {
		c.table.raise(aRequest, r.level)
	}
	d := &decoder{Reader: plain}
	var names []string
	d.each(func() { names = append(names, d.text()) })
	source := c.source(label)
	var rows []rememberedRow
	d.each(func() {
		key := rowKey{source: source, day: date}
		key.function.name, key.function.version, key.entry = pick(d, names), pick(d, names), pick(d, names)
		flags := d.number()
		memory := int32(min(d.number(), 1<<30))
		d.each(func() {
			if m, ok := c.module(pick(d, names)); ok && !d.bad {
				c.lookedFor(source, m)
			}
		})
		if d.bad {
			return
		}
		source.reported = source.reported || flags&1 != 0
		source.cold = source.cold || flags&2 != 0
		rows = append(rows, rememberedRow{key, memory})
	})
	sets := rememberedSets{sets: c.sets}
	d.each(func() {
		var list []int32
		d.each(func() {
			if m, ok := c.module(pick(d, names)); ok && !d.bad {
				list = append(list, m)
			}
		})
		sets.packed = append(sets.packed, packList(list))
	})
	if d.bad {
		return errForgotten
	}
	key := uint64(0)
	for range r.n {
		if key, err = r.next(key); err != nil {
			return err
		}
		if err := c.decodeEntry(d, key, date, names, rows, &sets); err != nil {
			return err
		}
	}
	return nil
}

// rememberedRow is the row of an entry.
type rememberedRow struct {
	rowKey
	memory int32
}

// rememberedSets are sets that entries have by numbers of their own.
type rememberedSets struct {
	*sets
	packed []string
	ids    []uint32 // the number + 1, 0 where it is not looked up yet
	when   int      // sets.times when they were
}

func (r *rememberedSets) id(n uint64) uint32 {
	if r.ids == nil || r.when != r.times {
		r.ids, r.when = make([]uint32, len(r.packed)), r.times
	}
	if r.ids[n] == 0 {
		r.ids[n] = r.add(r.packed[n]) + 1
	}
	return r.ids[n] - 1
}

// decodeEntry takes up one entry.
func (c *collector) decodeEntry(d *decoder, key uint64, date day, names []string, rows []rememberedRow, sets *rememberedSets) error {
	head := d.number()
	row, set, flow := pick(d, rows), d.number(), pick(d, names)
	to := row.rowKey
	kind, is := entryKind(head&15), marks(head>>4)
	n := d.number()
	known := uint64(len(sets.packed))
	if d.bad || kind >= entryKinds || set >= known || kind == aWatched && n >= known {
		return errForgotten
	}
	guess := day(0)
	if is&dated == 0 {
		to.day, guess = 0, date
	}
	e := c.thing(key, kind, to, guess)
	if e == nil || e.kind != kind {
		return nil
	}
	at := c.rows[e.row]
	at.memory = max(at.memory, row.memory)
	e.set = c.sets.union(e.set, sets.id(set))
	c.label(e, c.flow(flow))
	e.is |= is & (cold | over)
	if kind == aWatched {
		e.n = c.sets.union(e.n, sets.id(n))
	} else {
		e.n = max(e.n, uint32(min(n, 1<<31)))
	}
	return nil
}
