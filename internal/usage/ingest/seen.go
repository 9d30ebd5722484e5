package ingest

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"fastpath/internal/evidence"
)

// SeenKey names a source's day.
type SeenKey struct{ Source, Day string }

// seenVersion begins what is remembered of a source's day.
const seenVersion = 1

// others is the source under which the names of a day's sources are kept.
const others = ""

// recalled is what earlier logs said about the days of this one.
type recalled struct {
	// data of sources and days that these logs say nothing of themselves.
	data map[SeenKey][]byte
	// known are all sources and days that had requests, and whose rows change
	// or go.
	known map[SeenKey]bool
}

// recall takes up what earlier logs said about the days of this one. What a
// log stream said stays true: two parts of it, read one after the other, are
// one. What another file said is replaced when it is read again; until then
// its requests are not counted once more under the name of this one. Of the days
// before and after only what has a request of these logs is taken up: one that
// was under way at midnight.
func (c *collector) recall(seen func(source, day string) ([]byte, error)) (*recalled, error) {
	before := &recalled{map[SeenKey][]byte{}, map[SeenKey]bool{}}
	if seen == nil {
		return before, nil
	}
	days, own := map[day]bool{}, map[SeenKey]bool{}
	for _, r := range c.rows {
		d := r.dayOr(c.o.Day)
		days[d] = true
		own[SeenKey{r.name, d.String()}] = true
	}
	here := map[string]bool{}
	for name := range c.sources {
		here[name] = true
	}
	around := maps.Clone(days)
	for d := range days {
		around[d-1], around[d+1] = true, true
	}
	for _, d := range slices.Sorted(maps.Keys(around)) {
		list, err := seen(others, d.String())
		if err != nil {
			return nil, err
		}
		for name := range strings.SplitSeq(string(list), "\n") {
			if name == "" {
				continue
			}
			source := name // of a label with a function, too
			if at := strings.LastIndexByte(name, ' '); at > 0 && here[name[:at]] {
				source = name[:at]
			}
			key := SeenKey{name, d.String()}
			data, err := seen(name, d.String())
			if err != nil {
				return nil, err
			}
			if len(data) == 0 {
				continue
			}
			mine := own[SeenKey{source, key.Day}]
			if mine && !isStream([]byte(source)) {
				before.known[key] = true
				continue
			}
			if err := c.merge(name, d, data, !days[d], before); err != nil {
				return nil, fmt.Errorf("what is remembered of %q on %s: %w; delete .fastpath and read its logs again", name, d, err)
			}
			if !mine && before.known[key] {
				before.data[key] = data
			}
		}
	}
	return before, nil
}

// gone returns rows without requests for those that have lost them all: to
// another source, or to the day before.
func (r *recalled) gone(of []*total) (list []*evidence.UsageDay) {
	left := map[SeenKey]bool{}
	for _, t := range of {
		if t != nil {
			left[SeenKey{t.label, t.day.String()}] = true
		}
	}
	for key := range r.known {
		if !left[key] {
			list = append(list, &evidence.UsageDay{Source: key.Source, Day: key.Day, Kind: evidence.UsageLog, ColdStarts: -1})
		}
	}
	slices.SortFunc(list, func(a, b *evidence.UsageDay) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Day, b.Day))
	})
	return list
}

// dayOr is the day of a row that may have none of its own.
func (r *row) dayOr(option string) day {
	return cmp.Or(r.day, r.first, r.date, dayNamed(option), r.file)
}

// remember returns what to keep of each source and day.
func (c *collector) remember(totals map[totalKey]*total, of []*total, seen func(source, day string) ([]byte, error)) (map[SeenKey][]byte, error) {
	// Of each row, in which list its entries go: rows are far fewer.
	numbers, lists := map[SeenKey]int{}, [][]uint32{nil}
	keys, listOf := []SeenKey{{}}, make([]int, len(of))
	for i, t := range of {
		if t == nil || t.tests || totals[totalKey{t.label, t.day, t.entry, t.tests}] == nil && !t.joined || !t.source.reported && !t.recorded() {
			continue // to list 0
		}
		key := SeenKey{t.label, t.day.String()}
		if numbers[key] == 0 {
			numbers[key] = len(lists)
			keys, lists = append(keys, key), append(lists, nil)
		}
		listOf[i] = numbers[key]
	}
	c.table.index = nil // nothing is looked up any more
	sizes := make([]int, len(lists))
	c.table.all(func(e *entry) { sizes[listOf[e.row]]++ })
	for i := range c.table.n {
		if to := listOf[c.table.at(i).row]; to > 0 {
			if lists[to] == nil {
				lists[to] = make([]uint32, 0, sizes[to])
			}
			lists[to] = append(lists[to], uint32(i))
		}
	}
	labels := map[string][]string{}
	out := map[SeenKey][]byte{}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(256<<10))
	if err != nil {
		return nil, err
	}
	for i, list := range lists {
		if key := keys[i]; len(list) > 0 {
			lists[i] = nil
			if out[key], err = c.encode(list, enc); err != nil {
				return nil, err
			}
			labels[key.Day] = append(labels[key.Day], key.Source)
		}
	}
	for d, list := range labels {
		old, err := seen(others, d)
		if err != nil {
			return nil, err
		}
		if len(old) > 0 {
			list = append(list, strings.Split(string(old), "\n")...)
		}
		slices.Sort(list)
		out[SeenKey{others, d}] = []byte(strings.Join(slices.Compact(list), "\n"))
	}
	return out, nil
}

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

// encode writes entries, by key, compressed: a head that numbers what they have in
// common, then the entries, which are never in memory as a whole.
func (c *collector) encode(list []uint32, enc *zstd.Encoder) ([]byte, error) {
	size := len(list)
	order, mask := c.byKey(list)
	var names dictionary
	sets, rows := map[uint32]uint64{}, map[uint32]uint64{}
	var setBytes, rowBytes []byte
	set := func(id uint32) uint64 {
		n, ok := sets[id]
		if !ok {
			n = uint64(len(sets))
			sets[id] = n
			setBytes = binary.AppendUvarint(setBytes, uint64(len(c.sets.lists[id])))
			list := make([]string, 0, len(c.sets.lists[id]))
			for _, m := range c.sets.lists[id] {
				list = append(list, c.names[m])
			}
			slices.Sort(list) // the same whatever was read first
			for _, name := range list {
				setBytes = binary.AppendUvarint(setBytes, names.id(name))
			}
		}
		return n
	}
	row := func(id uint32) uint64 {
		n, ok := rows[id]
		if !ok {
			n = uint64(len(rows))
			rows[id] = n
			r := c.rows[id]
			for _, name := range []string{r.function.name, r.function.version, r.entry} {
				rowBytes = binary.AppendUvarint(rowBytes, names.id(name))
			}
			flags := bit(r.reported, 0) | bit(r.cold, 1)
			rowBytes = binary.AppendUvarint(rowBytes, flags)
			rowBytes = binary.AppendUvarint(rowBytes, uint64(max(0, r.memory)))
			rowBytes = binary.AppendUvarint(rowBytes, uint64(len(r.init)))
			for _, m := range r.init {
				rowBytes = binary.AppendUvarint(rowBytes, names.id(c.names[m]))
			}
		}
		return n
	}
	var packed bytes.Buffer
	packed.Grow(9 * size) // most of it are hashes
	enc.Reset(&packed)
	body := make([]byte, 0, 64<<10)
	last := uint64(0)
	flow, flowName := ^uint32(0), uint64(0)
	var near [64]entry // they are all over the memory: waiting for several at once is faster
	for len(order) > 0 {
		batch := order[:min(len(near), len(order))]
		for i, k := range batch {
			near[i] = *c.table.at(int(k & mask))
		}
		for i := range batch {
			e := &near[i]
			body = binary.AppendUvarint(body, e.key-last)
			last = e.key
			body = append(body, byte(uint64(e.kind)|bit(e.cold, 4)|bit(e.ended, 5)|bit(e.dated, 6)))
			body = binary.AppendUvarint(body, row(e.row))
			body = binary.AppendUvarint(body, set(e.set))
			if e.flow != flow {
				flow, flowName = e.flow, names.id(c.flows[e.flow])
			}
			body = binary.AppendUvarint(body, flowName)
			n := uint64(e.n)
			if e.kind == aWatched {
				n = set(e.n)
			}
			body = binary.AppendUvarint(body, n)
		}
		order = order[len(batch):]
		if len(body) > 60<<10 || len(order) == 0 {
			if _, err := enc.Write(body); err != nil {
				return nil, err
			}
			body = body[:0]
		}
	}
	if err := enc.Close(); err != nil {
		return nil, err
	}
	out := []byte{seenVersion, byte(c.table.level)}
	out = binary.AppendUvarint(out, uint64(len(names.names)))
	for _, name := range names.names {
		out = binary.AppendUvarint(out, uint64(len(name)))
		out = append(out, name...)
	}
	out = binary.AppendUvarint(out, uint64(len(rows)))
	out = append(out, rowBytes...)
	out = binary.AppendUvarint(out, uint64(len(sets)))
	out = append(out, setBytes...)
	out = binary.AppendUvarint(out, uint64(size))
	return append(enc.EncodeAll(out, nil), packed.Bytes()...), nil
}

// byKey orders numbers of entries by their keys: below mask are the numbers, above
// it what distinguishes keys.
func (c *collector) byKey(list []uint32) (order []uint64, mask uint64) {
	mask = 1<<bits.Len(uint(c.table.n)) - 1
	order = make([]uint64, len(list))
	for i, at := range list {
		order[i] = c.table.at(int(at)).key<<c.table.level&^mask | uint64(at)
	}
	slices.Sort(order)
	key := func(i int) uint64 { return c.table.at(int(order[i] & mask)).key }
	for i := 1; i < len(order); i++ { // of some millions a few share what is above the mask
		for j := i; j > 0 && (order[j]^order[j-1])&^mask == 0 && key(j) < key(j-1); j-- {
			order[j], order[j-1] = order[j-1], order[j]
		}
	}
	return order, mask
}

func bit(set bool, at int) uint64 {
	if set {
		return 1 << at
	}
	return 0
}

// decoder reads what encode wrote; bad says that it was something else.
type decoder struct {
	*bytes.Reader
	bad bool
}

func (d *decoder) number() uint64 {
	n, err := binary.ReadUvarint(d)
	if err != nil {
		d.bad = true
	}
	return n
}

// size reads a number of things, each of at least a byte.
func (d *decoder) size() int {
	n := d.number()
	if n > uint64(d.Len()) {
		d.bad = true
		return 0
	}
	return int(n)
}

func (d *decoder) byte() byte {
	b, err := d.ReadByte()
	if err != nil {
		d.bad = true
	}
	return b
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

// unpack undoes the compression of what is remembered.
func unpack(data []byte) ([]byte, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(512<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	plain, err := z.DecodeAll(data, nil)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errForgotten, err)
	}
	return plain, nil
}

// merge takes up what is remembered of a source and a day; of a near one only if
// it has a request of these logs.
func (c *collector) merge(label string, date day, data []byte, near bool, before *recalled) error {
	plain, err := unpack(data)
	if err != nil {
		return err
	}
	if near {
		if shared, err := c.shares(plain); err != nil || !shared {
			return err
		}
	}
	before.known[SeenKey{label, date.String()}] = true
	return c.decode(label, date, plain)
}

// shares reports whether what encode wrote has a key of the table.
func (c *collector) shares(plain []byte) (bool, error) {
	d := &decoder{Reader: bytes.NewReader(plain)}
	if d.byte() != seenVersion {
		return false, errForgotten
	}
	d.byte() // level
	skip := func(n int) {
		for range n {
			d.number()
		}
	}
	for range d.size() { // names
		if n := d.size(); n > 0 {
			_, _ = d.Seek(int64(n), io.SeekCurrent) // within what is there
		}
	}
	for range d.size() { // rows
		skip(5)
		skip(d.size())
	}
	for range d.size() { // sets
		skip(d.size())
	}
	key := uint64(0)
	for range d.size() {
		key += d.number()
		if d.bad {
			return false, errForgotten
		}
		if c.table.has(key) {
			return true, nil
		}
		d.byte() // flags
		skip(4)
	}
	if d.bad {
		return false, errForgotten
	}
	return false, nil
}

// decode takes up what encode wrote.
func (c *collector) decode(label string, date day, plain []byte) error {
	d := &decoder{Reader: bytes.NewReader(plain)}
	if d.byte() != seenVersion {
		return errForgotten
	}
	level := uint(d.byte())
	if level > 60 {
		return errForgotten
	}
	if level > c.table.level {
		c.table.raise(level)
	}
	names := make([]string, d.size())
	for i := range names {
		text := make([]byte, d.size())
		if n, _ := d.Read(text); n != len(text) {
			d.bad = true
		}
		names[i] = string(text)
	}
	source := c.source(label)
	rows := make([]rowKey, d.size())
	for i := range rows {
		key := rowKey{source: source, day: date}
		key.function.name, key.function.version, key.entry = pick(d, names), pick(d, names), pick(d, names)
		flags := d.number()
		source.reported = source.reported || flags&1 != 0
		source.cold = source.cold || flags&2 != 0
		memory := int32(min(d.number(), 1<<30))
		for range d.size() {
			if m, ok := c.module(pick(d, names)); ok && !slices.Contains(source.init, int(m)) {
				source.init = append(source.init, int(m))
			}
		}
		if d.bad {
			return errForgotten
		}
		at := c.rows[c.row(key)]
		at.memory = max(at.memory, memory)
		rows[i] = key
	}
	sets := make([]uint32, d.size())
	for i := range sets {
		var list []int32
		for range d.size() {
			if m, ok := c.module(pick(d, names)); ok {
				list = append(list, m)
			}
		}
		sets[i] = c.sets.id(list)
	}
	key := uint64(0)
	for range d.size() {
		key += d.number()
		flags := d.byte()
		to := pick(d, rows)
		set := pick(d, sets)
		flow := c.flow(pick(d, names))
		kind := entryKind(flags & 15)
		var n uint32
		if kind == aWatched {
			n = pick(d, sets)
		} else {
			n = uint32(min(d.number(), 1<<31))
		}
		if d.bad || kind > aProcess {
			return errForgotten
		}
		guess := day(0)
		if flags&(1<<6) == 0 {
			to.day, guess = 0, date
		}
		if e := c.thing(key, kind, to, guess); e != nil && e.kind == kind {
			e.set = c.sets.union(e.set, set)
			c.label(e, flow)
			e.cold = e.cold || flags&(1<<4) != 0
			e.ended = e.ended || flags&(1<<5) != 0
			if kind == aWatched {
				e.n = c.sets.union(e.n, n)
			} else {
				e.n = max(e.n, n)
			}
		}
	}
	if d.bad {
		return errForgotten
	}
	return nil
}
