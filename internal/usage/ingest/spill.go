package ingest

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// full reports whether there is no room for more entries, rows or sets.
func (c *collector) full() bool {
	return c.sets.bytes > c.most.sets || c.table.n >= c.most.entries || entryBytes*c.table.n+c.sets.bytes > c.most.memory ||
		len(c.rows) >= c.most.rows && !c.folds
}

// makeRoom forgets the sets that no entry has any more, and where that is not enough, it
// writes all entries and rows to temporary files.
func (c *collector) makeRoom() {
	if c.table.n < c.most.entries && len(c.rows) < c.most.rows && c.table.n > 0 {
		if live := c.sets.live(&c.table); live <= c.most.sets/2 && entryBytes*c.table.n+live <= c.most.memory/4*3 {
			c.sets.compact(&c.table)
			return
		}
	}
	c.spill()
}

var errSpill = errors.New("a temporary file does not hold what was written")

// spill writes a run of all entries, in the order of their keys, and of what rows have
// besides; then there are none.
func (c *collector) spill() {
	if c.spilled == nil {
		c.spilled, c.spilledRows = newSpool(&c.o), newSpool(&c.o)
	}
	var rec []byte
	order, mask := c.byKey(nil)
	c.inOrder(order, mask, func(batch []entry) {
		for i := range batch {
			rec = c.packEntry(rec[:0], &batch[i])
			c.spilled.put(spoolKey{b: batch[i].key}, rec)
		}
	})
	c.spilled.end()
	c.spillRows()
	c.table.reset()
	c.sets.reset()
	c.rows, c.latest.key = nil, rowKey{}
	clear(c.rowIDs)
	c.fail(cmp.Or(c.spilled.err, c.spilledRows.err))
}

// spillRows writes what rows have besides their entries.
func (c *collector) spillRows() {
	c.noteDays()
	var rec []byte
	for _, r := range c.rows {
		if len(r.loose) == 0 {
			continue
		}
		rec = c.packRow(rec[:0], r.key())
		key := xxhash.Sum64(rec)
		for m, n := range r.loose {
			rec = binary.AppendUvarint(rec, uint64(m))
			rec = binary.AppendUvarint(rec, uint64(n))
		}
		c.spilledRows.add(spoolKey{b: key}, rec)
	}
}

// fail notes an error, after which nothing is taken up.
func (c *collector) fail(err error) {
	if err != nil && c.err == nil {
		c.err = err
		c.stop()
	}
}

// packEntry appends what distinguishes an entry besides its key.
func (c *collector) packEntry(to []byte, e *entry) []byte {
	to = append(to, byte(e.kind)|byte(e.is)<<4)
	to = c.packRow(to, c.rows[e.row].key())
	to = binary.AppendUvarint(to, uint64(max(0, c.rows[e.row].memory)))
	to = binary.AppendUvarint(to, uint64(e.flow))
	if e.kind == aWatched {
		to = binary.AppendUvarint(to, uint64(len(c.sets.packed[e.n])))
		to = append(to, c.sets.packed[e.n]...)
	} else {
		to = binary.AppendUvarint(to, uint64(e.n))
	}
	return append(to, c.sets.packed[e.set]...)
}

// What a row has, in a byte.
const (
	hasFunction = 1 << iota
	hasEntry
	isOfTests
)

// packRow appends what names a row.
func (c *collector) packRow(to []byte, key rowKey) []byte {
	has := bit(key.function != function{}, 0) | bit(key.entry != "", 1) | bit(key.tests, 2)
	to = append(to, byte(has))
	to = binary.AppendUvarint(to, uint64(key.source.number))
	to = binary.AppendUvarint(to, uint64(key.day))
	if has&hasFunction != 0 {
		to = appendText(appendText(to, key.function.name), key.function.version)
	}
	if has&hasEntry != 0 {
		to = appendText(to, key.entry)
	}
	return to
}

func appendText(to []byte, text string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// fieldReader reads what was packed; bad says that it was something else.
type fieldReader struct {
	data []byte
	bad  bool
}

func (r *fieldReader) number() uint64 {
	n, size := binary.Uvarint(r.data)
	if size <= 0 {
		r.bad, r.data = true, nil
		return 0
	}
	r.data = r.data[size:]
	return n
}

func (r *fieldReader) bytes() []byte {
	n := r.number()
	if n > uint64(len(r.data)) {
		r.bad, r.data = true, nil
		return nil
	}
	b := r.data[:n:n]
	r.data = r.data[n:]
	return b
}

func (r *fieldReader) flags() (b byte) {
	if len(r.data) == 0 {
		r.bad = true
		return 0
	}
	b, r.data = r.data[0], r.data[1:]
	return b
}

// unpackRow reads what packRow wrote.
func (c *collector) unpackRow(r *fieldReader, last *rowKey) (key rowKey) {
	has := r.flags()
	n := r.number()
	key.day, key.tests = day(r.number()), has&isOfTests != 0
	if n >= uint64(len(c.list)) {
		r.bad = true
		return key
	}
	key.source = c.list[n]
	// Mostly the same as that of the record before, which saves to make texts of it.
	text := func(last string) string {
		if b := r.bytes(); string(b) != last {
			return string(b)
		}
		return last
	}
	if has&hasFunction != 0 {
		key.function = function{text(last.function.name), text(last.function.version)}
	}
	if has&hasEntry != 0 {
		key.entry = text(last.entry)
	}
	*last = key
	return key
}

// part is what one run says of an entry.
type part struct {
	entry
	at     rowKey
	memory int32 // of its row then
}

// unpackEntry reads what packEntry wrote. The sets of before are good no longer.
func (c *collector) unpackEntry(key uint64, data []byte, last *rowKey) (p part, ok bool) {
	r := fieldReader{data: data}
	head := r.flags()
	p.key, p.kind, p.is = key, entryKind(head&15), marks(head>>4)
	p.at = c.unpackRow(&r, last)
	p.memory = int32(r.number())
	p.flow = uint16(r.number())
	if p.kind == aWatched {
		p.n = c.sets.add(string(r.bytes()))
	} else {
		p.n = uint32(r.number())
	}
	p.set = c.sets.add(string(r.data))
	return p, !r.bad && p.kind < entryKinds && int(p.flow) < len(c.flows)
}

// unite adds to an entry what another run says of it.
func (c *collector) unite(e, p *part, own bool) {
	if e.kind != p.kind {
		return
	}
	to := p.at
	if p.is&dated == 0 {
		to.day = 0
	}
	if e.at != to || e.is&dated == 0 {
		e.at = united(e.at, to, &e.is)
	}
	e.memory = max(e.memory, p.memory)
	switch {
	case !own:
	case e.kind == aRequest && e.is&p.is&over != 0:
		c.res.Repeated++
	case e.kind == aCount && e.n == p.n:
		c.res.RepeatedLines++
	}
	e.set = c.sets.union(e.set, p.set)
	c.label(&e.entry, uint32(p.flow))
	e.is |= p.is & (cold | over)
	if e.kind == aWatched {
		e.n = c.sets.union(e.n, p.n)
	} else {
		e.n = max(e.n, p.n)
	}
}

// spillSets is how many bytes of sets are kept while entries are read one after the other.
const spillSets = 4 << 20

// each calls f with each entry, in no particular order. Where some were spilled, f's
// entries and their sets live until f returns, and Repeated counts what several runs
// say.
func (c *collector) each(f func(*entry)) error {
	if c.spilled == nil {
		c.table.all(f)
		return nil
	}
	in := c.spilled.read()
	var e part
	var last rowKey
	have := false
	call := func() {
		if have && c.table.sampled(e.key, e.kind) {
			e.row = c.row(e.at)
			c.rows[e.row].memory = max(c.rows[e.row].memory, e.memory)
			f(&e.entry)
		}
		have = false
	}
	for {
		r := in.next()
		if r == nil {
			break
		}
		if !have || r.key.b != e.key {
			call()
			if c.sets.bytes > spillSets {
				c.sets.reset()
			}
			if have = true; !c.unpack(&e, r, &last) {
				return errSpill
			}
			continue
		}
		var p part
		if !c.unpack(&p, r, &last) {
			return errSpill
		}
		c.unite(&e, &p, r.run < c.own)
	}
	call()
	return in.err
}

func (c *collector) unpack(to *part, r *spoolCursor, last *rowKey) (ok bool) {
	*to, ok = c.unpackEntry(r.key.b, r.data, last)
	return ok
}

// again is each, for those who have been told how often something was repeated or counted
// for others.
func (c *collector) again(f func(*entry)) error {
	r := &c.res
	repeated, lines, functions, sources := r.Repeated, r.RepeatedLines, r.OtherFunctions, r.OtherSources
	err := c.each(f)
	r.Repeated, r.RepeatedLines, r.OtherFunctions, r.OtherSources = repeated, lines, functions, sources
	return err
}

// gather ends the spilling: it writes what is left, finds out how many entries there are of
// each kind, of which no more than the limit are kept, and makes the rows. It reports
// how many entries each row has, besides messages.
func (c *collector) gather() (counted []float64, err error) {
	if c.spilled != nil {
		c.spill()
		c.table = table{limit: c.table.limit, level: c.table.level, messages: c.table.messages}
		if c.err != nil {
			return nil, c.err
		}
	}
	c.folds = true
	var zeros [entryKinds][maxLevel + 1]int
	count := func(e *entry) {
		zeros[e.kind][min(bits.LeadingZeros64(e.key), maxLevel)]++
		if e.kind == aMessage {
			c.rows[e.row].messages = true
			return
		}
		if int(e.row) >= len(counted) {
			counted = append(counted, make([]float64, int(e.row)+1-len(counted))...)
		}
		counted[e.row]++
	}
	if err := c.each(count); err != nil {
		return nil, err
	}
	level, messages := c.table.level, c.table.messages
	for kind, z := range zeros {
		n, to := 0, &level
		if entryKind(kind) == aMessage {
			to = &messages
		}
		for i := maxLevel; i >= int(c.table.level); i-- {
			if n += z[i]; n > c.table.limit {
				*to = max(*to, min(uint(i)+1, maxLevel))
				break
			}
		}
	}
	if level > c.table.level || messages > c.table.messages {
		c.table.level, c.table.messages = level, messages
		clear(counted)
		if err := c.again(count); err != nil {
			return nil, err
		}
	}
	if c.spilled != nil {
		if err := c.gatherRows(); err != nil {
			return nil, err
		}
	}
	return append(counted, make([]float64, len(c.rows)-len(counted))...), nil
}

// gatherRows gives the rows what they have besides their entries.
func (c *collector) gatherRows() error {
	in := c.spilledRows.read()
	defer c.spilledRows.close()
	var last rowKey
	for {
		rec := in.next()
		if rec == nil {
			return in.err
		}
		r := fieldReader{data: rec.data}
		at := c.rows[c.row(c.unpackRow(&r, &last))]
		for len(r.data) > 0 {
			m := int32(r.number())
			plus(&at.loose, m, int64(r.number()))
		}
		if r.bad {
			return errSpill
		}
	}
}
