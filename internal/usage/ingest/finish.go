package ingest

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"fastpath/internal/evidence"
)

// group is a number of like things, such as requests of one workflow that used the
// same modules.
type group struct {
	flow, set, unseen uint32
	kind              entryKind
}

// total is one row of the result in the making.
type total struct {
	label    string
	day      day
	entry    string
	tests    bool
	source   *source
	function function

	into *total // in whose row its requests are counted: that of the recorder
	rank uint32 // among the rows of the result, from 1; 0 where it is none of them

	requests, boots, cold float64
	inits                 []uint32 // in 10 µs
	memory                int32
	loose, asked          map[int32]float64 // messages without a request, and of how many that are taken to be
	groups                map[group]float64 // of what is in memory

	// Of the recorder's lines.
	counts  map[uint32]float64 // requests by workflow
	watched bool
}

// totalKey names a total.
type totalKey struct {
	label string
	day   day
	entry string
	tests bool
}

// finish turns what was counted into the result.
func (c *collector) finish(seen func(source, day string) ([]byte, error), to Sink) (*Result, error) {
	c.settle()
	for _, f := range c.files { // there may be very many streams
		f.own, f.streams = nil, nil
	}
	res := &c.res
	if to.Row == nil {
		to.Row = func(*evidence.UsageDay) error { return nil }
	}
	if to.Keep == nil {
		to.Keep = func(SeenKey, []byte) error { return nil }
	}
	res.Files = len(c.files)
	for _, f := range c.files {
		res.Places = append(res.Places, f.places...)
		if f.problem != nil {
			res.Problems = append(res.Problems, *f.problem)
		}
		if f.origin != nil {
			res.Read = append(res.Read, *f.origin)
		}
	}
	defer c.close()
	own := c.table.n > 0 || c.spilled != nil
	before, err := c.recall(seen)
	if err != nil {
		return nil, err
	}
	c.table.index = nil // no entry is looked up any more
	counted, err := c.gather()
	if err != nil {
		return nil, err
	}
	if c.spilled == nil { // or goes anywhere else
		c.rowIDs, c.sources, c.latest.key = nil, nil, rowKey{}
	}
	totals, of, err := c.totals(counted)
	if err != nil {
		return nil, err
	}
	if err := c.count(of); err != nil {
		return nil, err
	}
	c.joinRecorder(totals)
	if res.Sampled = c.table.weight(aRequest); res.Sampled > 1 {
		res.SampledError = 3 / math.Sqrt(max(1, c.fewest(counted)))
	}
	res.ColdStarts = -1
	unknown := c.unknown(totals)
	if err := c.askedFor(totals, unknown); err != nil {
		return nil, err
	}
	order := slices.SortedFunc(maps.Keys(totals), func(a, b totalKey) int {
		return cmp.Or(cmp.Compare(a.label, b.label), cmp.Compare(a.day, b.day), cmp.Compare(a.entry, b.entry), compareBool(a.tests, b.tests))
	})
	for i, key := range order {
		totals[key].rank = uint32(i) + 1
	}
	w := newDayWriter(c)
	defer w.close()
	if err := c.remember(totals, of, seen, before, to.Keep, w); err != nil {
		return nil, err
	}
	before.settle(totals, of)
	c.table, of = table{}, nil // what is left to do needs no entries
	c.rows, c.files, c.rowIDs, c.sources, c.list = nil, nil, nil, nil, nil
	rows := 0
	put := func(d *evidence.UsageDay) error {
		rows++
		if !(d.Kind == evidence.UsageTests) {
			res.Requests += d.Requests
		}
		if d.ColdStarts >= 0 {
			res.ColdStarts = max(res.ColdStarts, 0) + d.ColdStarts
		}
		return to.Row(d)
	}
	w.start()
	w.name(totals)
	for _, key := range order {
		t := totals[key]
		delete(totals, key)
		at := SeenKey{t.label, t.day.String()}
		if before.same[at] {
			delete(before.known, at)
			continue // another source, about which this one says nothing new
		}
		d, err := w.day(t)
		if err != nil {
			return nil, err
		}
		if d.Requests > 0 {
			delete(before.known, at)
			if err := put(d); err != nil {
				return nil, err
			}
		}
	}
	for _, d := range before.gone() {
		key := SeenKey{d.Source, d.Day}
		if err := errors.Join(put(d), before.forget(key, 0, to.Keep)); err != nil {
			return nil, err
		}
	}
	res.Known = rows == 0 && len(before.sums) > 0 && own && len(res.Unknown) == 0
	return res, nil
}

// close lets go of temporary files.
func (c *collector) close() {
	c.spilled.close()
	c.spilledRows.close()
}

// abandon ends the counting before its end, and returns why: what went wrong first.
func (c *collector) abandon(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err = cmp.Or(c.err, err)
	c.close()
	return c.err
}

// fewest is how many things at least of those are kept of which there are too many.
func (c *collector) fewest(counted []float64) (n float64) {
	for _, of := range counted {
		n += of
	}
	return min(n, float64(c.table.limit)/2)
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// variety says whether there are several functions and versions.
type variety struct{ names, versions oneOrMore }

type oneOrMore struct {
	one     string // "" for none
	several bool
}

func (o *oneOrMore) add(name string) {
	if o.one == "" {
		o.one = name
	}
	o.several = o.several || name != "" && name != o.one
}

// plus adds to a number of a map, which it makes. Most totals of very many need few maps.
func plus[K comparable, N int64 | float64](m *map[K]N, key K, n N) {
	if *m == nil {
		*m = map[K]N{}
	}
	(*m)[key] += n
}

// totals makes the rows of the result: those of the same source and day, and
// of several functions or versions in one source one each.
func (c *collector) totals(counted []float64) (totals map[totalKey]*total, of []*total, err error) {
	several := map[*source]*variety{}
	for i, r := range c.rows {
		if counted[i] > 0 || r.hasLoose() {
			v := several[r.source]
			if v == nil {
				v = &variety{}
				several[r.source] = v
			}
			v.names.add(r.function.name)
			v.versions.add(r.function.version)
		}
	}
	totals, of = map[totalKey]*total{}, make([]*total, len(c.rows))
	undated := map[string]day{}
	for i, r := range c.rows {
		if counted[i] == 0 && !r.hasLoose() {
			continue
		}
		label := r.name
		if several[r.source].names.several && r.function.name != "" {
			label += " " + r.function.name
		}
		if several[r.source].versions.several && r.function.version != "" {
			label += ":" + r.function.version
		}
		if r.tests {
			label += " (tests)"
		}
		d := r.day
		if d == 0 {
			if d = cmp.Or(r.first, r.date, dayNamed(c.o.Day)); d == 0 && r.file != 0 {
				d = r.file
				undated[label] = d
			}
			if d == 0 && counted[i] == 0 && c.o.Requests == 0 {
				continue // messages that nothing would count
			}
			if d == 0 {
				return nil, nil, &NoDayError{r.name, int64(counted[i])}
			}
		}
		key := totalKey{label, d, cmp.Or(c.o.Entry, r.entry, c.entryOf(r.function.name)), r.tests}
		t := totals[key]
		if t == nil {
			t = &total{label: label, day: d, entry: key.entry, tests: r.tests, source: r.source, function: r.function}
			totals[key] = t
		}
		t.memory = max(t.memory, r.memory)
		for m, n := range r.loose {
			plus(&t.loose, m, float64(n))
		}
		of[i] = t
	}
	for _, name := range slices.Sorted(maps.Keys(undated)) {
		c.res.Undated = append(c.res.Undated, Undated{name, undated[name].String()})
	}
	return totals, of, nil
}

func (c *collector) entryOf(function string) string {
	if c.o.EntryOf == nil || function == "" {
		return ""
	}
	return c.o.EntryOf(function)
}

// count adds up the entries of each row.
func (c *collector) count(of []*total) error {
	w := c.table.weight(aRequest)
	var modules []int32
	return c.again(func(e *entry) {
		t := of[e.row]
		if t == nil {
			return
		}
		g := group{uint32(e.flow), e.set, 0, e.kind}
		switch e.kind {
		case aRequest:
			t.requests += w
			if e.is&cold != 0 {
				t.cold += w
			}
			if e.n > 0 {
				t.inits = append(t.inits, e.n)
			}
		case aBoot:
			t.boots += w
			return
		case aCount:
			plus(&t.counts, uint32(e.flow), w*float64(e.n))
			return
		case aMessage:
			modules = c.sets.all(modules[:0], e.set)
			for _, m := range modules {
				if c.roomForLoose(t.loose[m] > 0) {
					plus(&t.loose, m, c.table.weight(aMessage))
				}
			}
			return
		case aWatched:
			t.watched = true
			g.unseen = e.n
		}
		if c.spilled == nil {
			plus(&t.groups, g, w)
		}
	})
}

// recorded reports whether the recorder counted requests.
func (t *total) recorded() bool { return len(t.counts) > 0 || t.watched }

// joinRecorder takes the lines of the platform and of the recorder in one
// stream for the same requests. The platform counts them better: a process
// that is killed takes its last counts with it.
func (c *collector) joinRecorder(totals map[totalKey]*total) {
	type at struct {
		source *source
		day    day
	}
	with := map[at][]*total{}
	for _, t := range totals {
		if t.recorded() && !t.tests {
			with[at{t.source, t.day}] = append(with[at{t.source, t.day}], t)
		}
	}
	for key, t := range totals {
		list := with[at{t.source, t.day}]
		if t.recorded() || t.tests || len(list) == 0 {
			continue
		}
		if len(list) == 1 {
			to := list[0]
			t.into = to
			to.requests, to.boots, to.cold = to.requests+t.requests, to.boots+t.boots, to.cold+t.cold
			to.inits = append(to.inits, t.inits...)
			to.memory = max(to.memory, t.memory)
			for g, n := range t.groups {
				plus(&to.groups, g, n)
			}
		}
		// Of several functions in one stream the recorder tells them apart.
		delete(totals, key)
	}
}

// unknown are the totals whose requests are not all known.
func (c *collector) unknown(totals map[totalKey]*total) map[totalKey]*total {
	out := map[totalKey]*total{}
	for key, t := range totals {
		if !t.source.reported && !t.recorded() {
			out[key] = t
		}
	}
	return out
}

// askedFor gives the totals of unknown sources the number of requests that the
// user says they are of, by the share of what is in them. Without one they are
// left out, and named.
func (c *collector) askedFor(totals, unknown map[totalKey]*total) error {
	var seen, messages float64
	bySource := map[string]*Unknown{}
	for key, t := range unknown {
		var loose int64
		for _, n := range t.loose {
			loose += int64(n)
		}
		seen += t.requests
		messages += float64(loose)
		if c.o.Requests == 0 {
			u := bySource[t.label]
			if u == nil {
				u = &Unknown{Source: t.label}
				bySource[t.label] = u
			}
			u.Requests += int64(t.requests)
			u.Messages += loose
			delete(totals, key)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(bySource)) {
		if u := bySource[name]; u.Requests > 0 || u.Messages > 0 {
			c.res.Unknown = append(c.res.Unknown, *u)
		}
	}
	if c.o.Requests <= 0 || len(unknown) == 0 {
		return nil
	}
	if seen > c.o.Requests {
		return &FewRequestsError{int64(c.o.Requests), int64(seen)}
	}
	for _, t := range unknown {
		part := 1 / float64(len(unknown))
		switch {
		case seen > 0:
			part = t.requests / seen
		case messages > 0:
			part = 0
			for _, n := range t.loose {
				part += n / messages
			}
		}
		t.requests = c.o.Requests * part
		// A message without a request is one request's.
		for m, n := range t.loose {
			for _, p := range c.parents[m] {
				plus(&t.asked, p, min(n, t.requests))
			}
		}
	}
	return nil
}

// median returns the middle of a list of 10 µs, which it sorts, in ms; 0 of none.
func median(list []uint32) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	half := len(list) / 2
	if len(list)%2 == 1 {
		return float64(list[half]) / 100
	}
	return math.Round((float64(list[half-1])/100+float64(list[half])/100)*50) / 100
}

// FewRequestsError says that there are more requests than the user says.
type FewRequestsError struct{ Said, Seen int64 }

// Error says what to pass.
func (e *FewRequestsError) Error() string {
	return fmt.Sprintf("the logs show %d different requests, more than the %d that --requests says they are of; count all requests of the time that the logs cover", e.Seen, e.Said)
}
