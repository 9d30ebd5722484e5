package ingest

import (
	"cmp"
	"fmt"
	"maps"
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
	// sums of what is remembered of sources and days that these logs say nothing of
	// themselves.
	sums map[SeenKey]uint64
	same map[SeenKey]bool // of these, where nothing has changed
	// known are all sources and days that had requests, and whose rows change
	// or go.
	known    map[SeenKey]bool
	unpacker unpacker
}

// recall takes up what earlier logs said about the days of this one. What a
// log stream said stays true: two parts of it, read one after the other, are
// one. What another file said is replaced when it is read again; until then
// its requests are not counted once more under the name of this one. Of the days
// before and after only what has a request of these logs is taken up: one that
// was under way at midnight.
func (c *collector) recall(seen func(source, day string) ([]byte, error)) (*recalled, error) {
	before := &recalled{sums: map[SeenKey]uint64{}, same: map[SeenKey]bool{}, known: map[SeenKey]bool{}}
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
	defer before.unpacker.close()
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
				return nil, fmt.Errorf("what is remembered of %q on %s: %w; delete .fastpath/usage.db and read its logs again", name, d, err)
			}
			c.limitSets()
			if !mine && before.known[key] {
				before.sums[key] = xxhash.Sum64(data)
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

// remember hands on what to keep of each source and day.
func (c *collector) remember(totals map[totalKey]*total, of []*total, seen func(source, day string) ([]byte, error), before *recalled, keep func(SeenKey, []byte) error) error {
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
	enc, err := newEncoder(c)
	if err != nil {
		return err
	}
	for i, list := range lists {
		if key := keys[i]; len(list) > 0 {
			lists[i] = nil
			data, err := enc.encode(list)
			if err != nil {
				return err
			}
			if sum, ok := before.sums[key]; ok && sum == xxhash.Sum64(data) {
				before.same[key] = true
			}
			if err := keep(key, data); err != nil {
				return err
			}
			labels[key.Day] = append(labels[key.Day], key.Source)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(labels)) {
		list := labels[d]
		old, err := seen(others, d)
		if err != nil {
			return err
		}
		if len(old) > 0 {
			list = append(list, strings.Split(string(old), "\n")...)
		}
		slices.Sort(list)
		if err := keep(SeenKey{others, d}, []byte(strings.Join(slices.Compact(list), "\n"))); err != nil {
			return err
		}
	}
	return nil
}
