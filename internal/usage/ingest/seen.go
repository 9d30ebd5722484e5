package ingest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"fastpath/internal/evidence"
)

// SeenKey names a source's day.
type SeenKey struct{ Source, Day string }

// others is the source under which the names of a day's sources are kept.
const others = ""

// recalled is what earlier logs said about the days of this one.
type recalled struct {
	seen func(source, day string) ([]byte, error)
	// sums of what is remembered of sources and days that these logs say nothing of
	// themselves.
	sums map[SeenKey]uint64
	same map[SeenKey]bool // of these, where nothing has changed
	// known are all sources and days that had requests, and whose rows change
	// or go; in the end, those that go.
	known    map[SeenKey]bool
	counts   map[SeenKey]int // of the parts of what is remembered, where they are several
	unpacker unpacker
}

// partKey is under which key a part is kept: the first one has the day's own.
func partKey(key SeenKey, part int) SeenKey {
	if part > 0 {
		key.Day = fmt.Sprintf("%s part %d", key.Day, part)
	}
	return key
}

// parts calls f with the parts of what is remembered of a source's day, until it returns
// false.
func (b *recalled) parts(key SeenKey, f func(data []byte, r remembered) (bool, error)) error {
	for part := 0; ; part++ {
		if part > 0 {
			b.counts[key] = max(b.counts[key], part+1)
		}
		at := partKey(key, part)
		data, err := b.seen(at.Source, at.Day)
		if err != nil || len(data) == 0 && part == 0 {
			return err
		}
		r, err := parseRemembered(data)
		var on bool
		if err == nil {
			on, err = f(data, r)
		}
		if err != nil {
			return fmt.Errorf("what is remembered of %q on %s: %w; delete .fastpath/usage.db and read its logs again", key.Source, key.Day, err)
		}
		if !on || !r.more {
			return nil
		}
	}
}

// forget tells to forget the parts from one on.
func (b *recalled) forget(key SeenKey, part int, keep func(SeenKey, []byte) error) error {
	for n := max(1, b.counts[key]); part < n; part++ {
		if err := keep(partKey(key, part), nil); err != nil {
			return err
		}
	}
	return nil
}

// recall takes up what earlier logs said about the days of this one. What a
// log stream said stays true: two parts of it, read one after the other, are
// one. What another file said is replaced when it is read again; until then
// its requests are not counted once more under the name of this one. Of other
// sources, and of the days before and after, only what has a request of these logs is taken
// up, one that was under way at midnight for example, and the other days of such a source.
func (c *collector) recall(seen func(source, day string) ([]byte, error)) (*recalled, error) {
	before := &recalled{seen: seen, sums: map[SeenKey]uint64{}, same: map[SeenKey]bool{}, known: map[SeenKey]bool{}, counts: map[SeenKey]int{}}
	if seen == nil {
		c.own = math.MaxInt
		return before, nil
	}
	c.noteDays()
	for _, s := range c.list {
		if s.undated {
			d := (&row{source: s}).dayOr(c.o.Day)
			c.days[d] = true
			s.days.add(d)
		}
	}
	days, here := c.days, maps.Clone(c.sources)
	if c.spilled != nil {
		c.spill()
		c.own = len(c.spilled.runs)
	}
	around := maps.Clone(days)
	for d := range days {
		around[d-1], around[d+1] = true, true
	}
	defer before.unpacker.close()
	var rest []sourceDay // of other sources
	for _, d := range slices.Sorted(maps.Keys(around)) {
		list, err := seen(others, d.String())
		if err != nil {
			return nil, err
		}
		for name := range strings.SplitSeq(string(list), "\n") {
			if name == "" {
				continue
			}
			at, s := sourceDay{name, d}, here[sourceOf(name, here)]
			switch {
			case isOthers(name): // nobody knows yet whether these logs have some, too
				if _, err := c.merge(at, before); err != nil {
					return nil, err
				}
			case s == nil || !days[d] || !s.named && !s.days.has(d):
				rest = append(rest, at)
			case s.named:
				if _, err := c.merge(at, before); err != nil {
					return nil, err
				}
			default:
				if err := before.parts(at.key(), func([]byte, remembered) (bool, error) {
					before.known[at.key()] = true
					return true, nil
				}); err != nil {
					return nil, err
				}
			}
		}
	}
	shared, err := c.sharing(rest, before)
	if err != nil {
		return nil, err
	}
	if len(shared) > 0 { // such a request may move to another day of a source, which has to be whole then
		moves := map[string]bool{}
		for _, at := range shared {
			moves[at.source] = true
		}
		rest = slices.DeleteFunc(rest, func(at sourceDay) bool { return !moves[at.source] && here[sourceOf(at.source, here)] == nil })
	} else {
		rest = nil
	}
	for _, at := range rest {
		sum, err := c.merge(at, before)
		if err != nil {
			return nil, err
		}
		before.sums[at.key()] = sum
	}
	return before, c.err
}

// sourceOf returns the source of a label, which may name a function, too.
func sourceOf(label string, here map[string]*source) string {
	if at := strings.LastIndexByte(label, ' '); at > 0 && here[label[:at]] != nil {
		return label[:at]
	}
	return label
}

// sourceDay names a source's day.
type sourceDay struct {
	source string
	day    day
}

func (d sourceDay) key() SeenKey { return SeenKey{d.source, d.day.String()} }

// noteDays notes of which days the rows are. All days of a log stream are taken up again,
// whether it has something of them or not; of other sources it has to be known.
func (c *collector) noteDays() {
	for _, r := range c.rows {
		d := r.dayOr(c.o.Day)
		c.days[d] = true
		if !r.named {
			r.undated = r.undated || r.day == 0
			r.days.add(d)
		}
	}
}

// merge takes up what is remembered of a source's day, and returns a sum of it.
func (c *collector) merge(at sourceDay, before *recalled) (sum uint64, err error) {
	err = before.parts(at.key(), func(data []byte, r remembered) (bool, error) {
		before.known[at.key()] = true
		sum = pair(sum, xxhash.Sum64(data))
		err := c.decode(at.source, at.day, r, &before.unpacker)
		if c.err != nil { // of a temporary file: it says nothing of what is remembered
			return false, nil
		}
		return err == nil, err
	})
	return sum, cmp.Or(err, c.err)
}

// sharing returns those of some sources and days that have a request of these logs.
func (c *collector) sharing(list []sourceDay, before *recalled) (out []sourceDay, err error) {
	probes := (*spool)(nil)
	if c.spilled != nil && len(list) > 0 {
		probes = newSpool(&c.o)
		defer probes.close()
		c.spill() // what was merged
	}
	for i, at := range list {
		shared := false
		if err := before.parts(at.key(), func(_ []byte, r remembered) (bool, error) {
			err := r.eachKey(func(key uint64) bool {
				if probes != nil {
					probes.add(spoolKey{b: key}, binary.AppendUvarint(nil, uint64(i)))
				} else {
					shared = c.table.has(key)
				}
				return !shared
			})
			return !shared, err
		}); err != nil {
			return nil, err
		}
		if shared {
			out = append(out, at)
		}
	}
	if probes == nil {
		return out, nil
	}
	found := make([]bool, len(list))
	entries, keys := c.spilled.read(), probes.read()
	e := entries.next()
	for k := keys.next(); k != nil; k = keys.next() {
		for e != nil && e.key.b < k.key.b {
			e = entries.next()
		}
		if e != nil && e.key.b == k.key.b {
			n, _ := binary.Uvarint(k.data)
			found[n] = true
		}
	}
	for i, at := range list {
		if found[i] {
			out = append(out, at)
		}
	}
	return out, cmp.Or(c.err, entries.err, keys.err)
}

// settle leaves rows as they were of which others have the requests, or of which nobody
// knows how many there were.
func (r *recalled) settle(totals map[totalKey]*total, of []*total) {
	for _, t := range of {
		if t != nil && totals[totalKey{t.label, t.day, t.entry, t.tests}] == nil {
			delete(r.known, SeenKey{t.label, t.day.String()})
		}
	}
}

// gone returns rows without requests for those that have lost them all: to
// another source, or to the day before. Starts of environments are left behind at times.
func (r *recalled) gone() (list []*evidence.UsageDay) {
	for key := range r.known {
		list = append(list, &evidence.UsageDay{Source: key.Source, Day: key.Day, Kind: evidence.UsageLog, ColdStarts: -1})
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

// remember hands on what to keep of each source and day. Of entries that are not in memory,
// it gives w the uses.
func (c *collector) remember(totals map[totalKey]*total, of []*total, seen func(source, day string) ([]byte, error), before *recalled, keep func(SeenKey, []byte) error, w *dayWriter) error {
	if seen == nil && c.spilled == nil {
		return nil
	}
	// Of each row, in which list its entries go: rows are far fewer.
	numbers := map[sourceDay]int{}
	keys, listOf := []sourceDay{{}}, make([]int, len(of))
	for i, t := range of {
		if t == nil || t.tests || totals[totalKey{t.label, t.day, t.entry, t.tests}] == nil && t.into == nil || !t.source.reported && !t.recorded() {
			continue // to list 0
		}
		key := sourceDay{t.label, t.day}
		if numbers[key] == 0 {
			numbers[key] = len(keys)
			keys = append(keys, key)
		}
		listOf[i] = numbers[key]
	}
	clear(numbers)
	r, err := newRememberer(c, before, keep)
	if err != nil {
		return err
	}
	if c.spilled == nil {
		err = r.inMemory(keys, listOf)
	} else {
		err = r.spilled(keys, listOf, of, w, seen != nil)
	}
	if err != nil {
		return err
	}
	for _, d := range slices.Sorted(maps.Keys(r.labels)) {
		list := r.labels[d]
		old, err := seen(others, d.String())
		if err != nil {
			return err
		}
		if len(old) > 0 {
			list = append(list, strings.Split(string(old), "\n")...)
		}
		slices.Sort(list)
		if err := keep(SeenKey{others, d.String()}, []byte(strings.Join(slices.Compact(list), "\n"))); err != nil {
			return err
		}
	}
	return nil
}

// rememberer hands on lists of entries, one after the other.
type rememberer struct {
	*encoder
	before *recalled
	keep   func(SeenKey, []byte) error
	labels map[day][]string

	part int    // of the list at hand
	sum  uint64 // of its parts
}

func newRememberer(c *collector, before *recalled, keep func(SeenKey, []byte) error) (*rememberer, error) {
	enc, err := newEncoder(c)
	return &rememberer{encoder: enc, before: before, keep: keep, labels: map[day][]string{}}, err
}

// parts hands on entries as parts of a list; last says that there are no more.
func (r *rememberer) parts(key sourceDay, order []uint64, mask uint64, last bool) error {
	for len(order) > 0 {
		n := r.collector.part(order, mask)
		data, err := r.encode(order[:n], mask, n < len(order) || !last)
		if err != nil {
			return err
		}
		order = order[n:]
		r.sum = pair(r.sum, xxhash.Sum64(data))
		if err := r.keep(partKey(key.key(), r.part), data); err != nil {
			return err
		}
		r.part++
	}
	if !last {
		return nil
	}
	if err := r.before.forget(key.key(), r.part, r.keep); err != nil {
		return err
	}
	if sum, ok := r.before.sums[key.key()]; ok && sum == r.sum {
		r.before.same[key.key()] = true
	}
	r.labels[key.day] = append(r.labels[key.day], key.source)
	r.part, r.sum = 0, 0
	return nil
}

func (r *rememberer) inMemory(keys []sourceDay, listOf []int) error {
	lists, sizes := make([][]uint32, len(keys)), make([]int, len(keys))
	t := &r.table
	t.all(func(e *entry) { sizes[listOf[e.row]]++ })
	for i := range t.n {
		e := t.at(i)
		if to := listOf[e.row]; to > 0 && e.kind != aMessage {
			if lists[to] == nil {
				lists[to] = make([]uint32, 0, sizes[to])
			}
			lists[to] = append(lists[to], uint32(i))
		}
	}
	for i, list := range lists {
		if len(list) == 0 {
			continue
		}
		lists[i] = nil
		order, mask := r.byKey(list)
		if err := r.parts(keys[i], order, mask, true); err != nil {
			return err
		}
	}
	return nil
}

// spilled puts entries in order by list and key, and their uses by row and workflow.
func (r *rememberer) spilled(keys []sourceDay, listOf []int, of []*total, w *dayWriter, remember bool) error {
	c := r.collector
	pool := newSpool(&c.o)
	defer pool.close()
	var rec []byte
	if err := c.again(func(e *entry) {
		if to := listOf[e.row]; to > 0 && e.kind != aMessage && remember {
			rec = c.packEntry(rec[:0], e)
			pool.add(spoolKey{uint32(to), e.key}, rec)
		}
		t := of[e.row]
		if t != nil && t.into != nil {
			t = t.into
		}
		if t != nil && t.rank > 0 && (e.kind == aRequest || e.kind == aWatched || e.kind == aProcess) {
			rec = c.packUse(rec[:0], e)
			w.spool.add(spoolKey{t.rank, uint64(e.flow)}, rec)
		}
	}); err != nil {
		return err
	}
	c.spilled.close()
	c.sets.reset()
	in := pool.read()
	// Some entries at a time are in memory.
	var order []uint64
	var last rowKey
	list, bytes := uint32(0), 0
	hand := func(all bool) error {
		if len(order) == 0 {
			return nil
		}
		err := r.parts(keys[list], order, ^uint64(0), all)
		order, bytes = order[:0], 0
		c.table.reset()
		c.sets.reset()
		return err
	}
	for rec := in.next(); rec != nil; rec = in.next() {
		if rec.key.a != list {
			if err := hand(true); err != nil {
				return err
			}
			list = rec.key.a
		}
		p, ok := c.unpackEntry(rec.key.b, rec.data, &last)
		if !ok {
			return errSpill
		}
		size := c.sets.size(&p.entry)
		if len(order) == c.most.part || len(order) > 0 && bytes+size > c.most.partSets {
			if err := hand(false); err != nil {
				return err
			}
			if p, ok = c.unpackEntry(rec.key.b, rec.data, &last); !ok {
				return errSpill
			}
		}
		p.row = c.row(p.at)
		order = append(order, uint64(c.table.n))
		c.table.push(p.entry)
		bytes += size
	}
	if err := hand(true); err != nil {
		return err
	}
	c.table = table{level: c.table.level}
	return cmp.Or(in.err, w.spool.err)
}
