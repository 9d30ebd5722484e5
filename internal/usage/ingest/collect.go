package ingest

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/cespare/xxhash/v2"

	"fastpath/internal/evidence"
)

// What a hostile log can make us remember.
const (
	maxModules = 20_000
	maxLabels  = 10_000
	maxStreams = 64_000
	maxRows    = 80_000    // beyond that functions, versions and entries are not told apart
	maxDays    = 90_000    // rows beyond which sources are not told apart
	maxSets    = 36 << 20  // bytes, about, of sets in memory
	maxMemory  = 112 << 20 // bytes, about, of them and of entries
	maxOpen    = 1000      // requests of a stream that have not ended, and uses that wait for one
	maxOpenAll = 500_000   // of all streams
	maxOutside = 500_000   // modules used outside requests, by source
)

// function is a function of Lambda and its version, "" where unknown.
type function struct{ name, version string }

// with fills in from o what f does not say.
func (f function) with(o function) function {
	return function{cmp.Or(f.name, o.name), cmp.Or(f.version, o.version)}
}

// stream is one log stream in one file, or the file's lines that name none.
type stream struct {
	*source
	last    day // of the latest timestamp read
	lastAt  moment
	runs    function // of all of a named stream's lines
	open    []uint64 // keys of requests that have started and not ended, oldest first
	begun   bool     // a request has started in this file
	warm    bool     // the environment started ahead of the first request, which tells how long that took
	pending []pending

	closed  uint64 // the request that ended last, of those that had started
	closing uint64 // one of which the end came first: the log may have the newest lines first
	held    []pending
	ending  moment // of closing
}

// pending is a use that belongs to the request that was open when the file
// before this one ended; where it is held, to that of which the start comes next.
type pending struct {
	module  int32
	flow    uint32
	day     day
	message uint64
}

// source is what rows have in common.
type source struct {
	name     string
	named    bool      // it is a log stream
	date     day       // in the stream's name
	number   uint32    // its place in collector.list
	others   bool      // it stands for all that are not told apart
	told     bool      // others know what it was looked for in it
	recorded bool      // there are lines of the recorder
	undated  bool      // there are requests without a day
	days     daySet    // where it is no log stream: of its rows
	first    day       // of the first timestamp
	file     day       // on which the first of its files was written
	reported bool      // there are lines of the platform
	cold     bool      // lines say which requests were cold starts
	init     moduleSet // used outside requests
}

// row is what is counted together.
type row struct {
	*source
	function function
	day      day
	entry    string // of the recorder's lines
	tests    bool
	memory   int32
	loose    map[int32]int64 // messages without a request, by module
	messages bool            // some without a request are entries
}

// rowKey names a row.
type rowKey struct {
	source   *source
	function function
	day      day
	entry    string
	tests    bool
}

// fileState is what is known about one file.
type fileState struct {
	index   int
	own     *stream
	streams map[string]*stream
	problem *Place
	origin  *Origin // when it was read to its end
	places  []Place
	name    string
}

// collector counts what events say. Events of one file come in their order;
// those of several files come in any, and that makes no difference.
type collector struct {
	o     Options
	files []*fileState

	mu          sync.Mutex
	res         Result
	table       table
	sets        *sets
	most        limits
	spilled     *spool // entries for which there was no room; nil without any
	spilledRows *spool // messages without a request, of rows that had to go with them
	own         int    // runs of spilled that are of these logs, not of earlier ones
	folds       bool   // nothing is spilled any more: what there is too much of is counted together
	err         error  // nothing is taken up any more
	stop        func() // tells whoever reads
	sources     map[string]*source
	list        []*source // by number
	rows        []*row
	rowIDs      map[rowKey]uint32
	days        map[day]bool // of all rows, when they are noted
	others      otherSources
	latest      struct { // the row that was asked for last: nearly always the next one, too
		key rowKey
		id  uint32
	}
	modules map[string]int32
	names   []string
	parents [][]int32 // by module: itself and the packages around it
	flows   []string
	flowIDs map[string]uint32

	streams                           int
	opened, waiting, outsideN, looseN int // of all streams and sources: see maxOpenAll, maxOutside
}

// limits are what is held in memory at most.
type limits struct {
	entries      int
	sets, memory int // bytes
	rows, days   int // see maxRows, maxDays
	// Of what is remembered of a source's day, in one piece.
	part     int // entries
	partSets int // bytes
}

func newCollector(o Options) *collector {
	c := &collector{
		o: o, table: table{limit: o.Limit}, sets: newSets(), sources: map[string]*source{}, rowIDs: map[rowKey]uint32{}, days: map[day]bool{},
		most:    limits{entries: min(o.Limit+o.Limit/5+1, maxEntries), sets: maxSets, memory: maxMemory, rows: maxRows, days: maxDays, part: partEntries, partSets: partSets},
		modules: map[string]int32{}, flows: []string{""}, flowIDs: map[string]uint32{"": 0}, stop: func() {},
	}
	if o.most != nil {
		o.most(&c.most)
	}
	return c
}

// file makes the state of a file, whose lines without a stream have a source
// named after it.
func (c *collector) file(f File) *fileState {
	name := c.o.Source
	if name == "" {
		name = f.Name
		if f.Path != "" {
			name = sourceName(f.Path)
		}
	}
	s := c.source(name)
	if s.file == 0 && !f.Modified.IsZero() {
		s.file = dayOf(f.Modified.UTC())
	}
	fs := &fileState{index: len(c.files), own: &stream{source: s}, name: f.Name}
	if s.named {
		fs.streams = map[string]*stream{name: fs.own}
		fs.own.runs.name, fs.own.runs.version = ofStream(name)
	}
	return fs
}

func (c *collector) source(name string) *source {
	s := c.sources[name]
	if s == nil {
		s = &source{name: name, number: uint32(len(c.list)), others: isOthers(name)}
		c.list = append(c.list, s)
		if s.named = isStream([]byte(name)); s.named {
			if t, err := time.Parse("2006/01/02", name[:10]); err == nil {
				s.date = dayOf(t)
			}
		}
		c.sources[name] = s
	}
	return s
}

// stream returns the stream with a name in a file, or the file's own when
// there are too many.
func (c *collector) stream(f *fileState, name string) *stream {
	s := f.streams[name]
	if s == nil {
		if c.streams >= maxStreams {
			c.res.OtherStreams++
			return f.own
		}
		c.streams++
		s = &stream{source: c.source(name)}
		if s.named {
			s.runs.name, s.runs.version = ofStream(name)
		}
		if f.streams == nil {
			f.streams = map[string]*stream{}
		}
		f.streams[name] = s
	}
	return s
}

// translated are the names of a batch, and the numbers that they have here.
type translated struct {
	c       *collector
	names   []string
	modules []int32 // 0 is not looked up yet, else the number + 1, -1 is one too many
	flows   []uint32
}

func (t *translated) module(i int32) (m int32, ok bool) {
	if t.modules == nil {
		t.modules = make([]int32, len(t.names))
	}
	if t.modules[i] == 0 {
		t.modules[i] = -1
		if m, ok := t.c.module(t.names[i]); ok {
			t.modules[i] = m + 1
		}
	}
	return t.modules[i] - 1, t.modules[i] > 0
}

func (t *translated) flow(i int32) uint32 {
	if i < 0 {
		return 0
	}
	if t.flows == nil {
		t.flows = make([]uint32, len(t.names))
	}
	if t.flows[i] == 0 {
		t.flows[i] = t.c.flow(t.names[i]) + 1
	}
	return t.flows[i] - 1
}

// take takes up what a batch says, which begins after some lines and bytes of
// its file.
func (c *collector) take(f *fileState, b *batch, line, offset int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return
	}
	c.res.Lines += b.lines
	c.res.Unreadable += b.badN
	c.res.Skewed += b.skewed
	c.res.Dropped += b.dropped
	for _, p := range b.bad {
		if len(f.places) < maxPlaces {
			f.places = append(f.places, Place{f.name, line + p.line, offset + p.offset, p.message})
		}
	}
	t := &translated{c: c, names: b.names}
	if f.own.first == 0 {
		f.own.first = b.first
	}
	c.table.expect(b.events)
	for i := range b.events {
		c.event(f, t, &b.events[i])
	}
}

// event counts one event.
func (c *collector) event(f *fileState, t *translated, e *event) {
	s := f.own
	if e.stream >= 0 {
		s = c.stream(f, t.names[e.stream])
	}
	guess := cmp.Or(e.guess, s.last)
	if e.at != 0 {
		d := e.at.day()
		s.last = d
		if s.first == 0 {
			s.first = d
		}
		if e.at+2000 < s.lastAt {
			c.res.OutOfOrder++
		}
		s.lastAt = e.at
	}
	if e.platform {
		s.reported = true
	}
	var runs function
	if e.function >= 0 {
		runs.name, runs.version, _ = strings.Cut(t.names[e.function], ":")
	}
	if s.named {
		s.runs = s.runs.with(runs)
		runs = s.runs
	}
	to := rowKey{source: s.source, function: runs, day: e.at.day()}
	flow := t.flow(e.flow)
	switch e.kind {
	case seen:
		if e.id == 0 {
			return
		}
		if r := c.thing(e.id, aRequest, to, guess); r != nil {
			c.label(r, flow)
			if e.cold {
				r.is |= cold
			}
		}
		s.source.cold = s.source.cold || e.cold
	case started:
		c.thing(e.id, aRequest, to, guess)
		s.begun = true
		if s.closing != 0 && c.newestFirst(s, e) {
			return
		}
		if !slices.Contains(s.open, e.id) {
			s.open = append(s.open, e.id)
			c.opened++
			if len(s.open) > maxOpen || c.opened > maxOpenAll { // their ends were lost
				n := len(s.open)/2 + 1
				s.open = slices.Delete(s.open, 0, n)
				c.opened -= n
			}
		}
	case ended, reported:
		s.begun = true
		if i := slices.Index(s.open, e.id); i >= 0 {
			s.open = slices.Delete(s.open, i, i+1)
			c.opened--
			s.closed = e.id
		} else if len(s.open) == 0 && e.id != s.closed && e.id != s.closing {
			c.letGo(s)
			s.closing, s.ending = e.id, e.at
		}
		r := c.thing(e.id, aRequest, to, guess)
		if e.kind == ended {
			return
		}
		s.source.cold = true
		if r == nil {
			return
		}
		if r.is&over != 0 {
			c.res.Repeated++
		}
		r.is |= over
		if e.cold {
			if !s.warm {
				r.is |= cold
			}
			s.warm = false
			r.n = max(r.n, uint32(min(e.initMS*100, 1<<31)))
		}
		at := c.rows[r.row]
		at.memory = max(at.memory, e.memory)
	case warmed:
		s.warm = s.named
	case booted:
		s.source.cold = true
		c.thing(pair(xxhash.Sum64String(s.name), uint64(e.at)), aBoot, to, guess)
	case used:
		c.res.Logged++
		if m, ok := t.module(e.module); ok {
			c.use(s, e, to, guess, m, flow)
		}
	case recorded:
		s.source.recorded = true
		c.recorded(e.recorder, to, guess)
	}
}

// use counts that a module was used by a request: that with the id, else the
// one of the stream that is open.
func (c *collector) use(s *stream, e *event, to rowKey, guess day, m int32, flow uint32) {
	key := e.id
	if key == 0 && !e.idKnown {
		switch {
		case len(s.open) > 0:
			key = s.open[len(s.open)-1]
			if len(s.open) > 1 {
				c.res.Unsure++
			}
		case s.closing != 0 && len(s.held) < maxOpen && c.waiting < maxOpenAll:
			c.waiting++
			s.held = append(s.held, pending{m, flow, cmp.Or(to.day, guess), c.message(s, e, m)})
			return
		case s.named && !s.begun && len(s.pending) < maxOpen && c.waiting < maxOpenAll:
			c.waiting++
			s.pending = append(s.pending, pending{m, flow, cmp.Or(to.day, guess), c.message(s, e, m)})
			return
		}
	}
	if key == 0 {
		c.outside(s.source, m)
		if !e.idKnown {
			to.day = cmp.Or(to.day, guess)
			c.loose(to, m, c.message(s, e, m))
		}
		return
	}
	if r := c.thing(key, aRequest, to, guess); r != nil {
		c.label(r, flow)
		r.set = c.sets.with(r.set, c.parents[m])
	}
}

// thing returns the entry of a key, in the row to which all that is known
// about it leads: whatever comes first. It is nil for what is no part of the
// sample. Sets and entries of before are good no longer.
func (c *collector) thing(key uint64, kind entryKind, to rowKey, guess day) *entry {
	if c.full() {
		c.makeRoom()
	}
	e, fresh := c.table.get(key, kind)
	if e == nil {
		return nil
	}
	if !fresh {
		c.move(e, to)
		return e
	}
	if to.day != 0 {
		e.is |= dated
	} else {
		to.day = guess
	}
	e.row = c.row(to)
	return e
}

// move takes an entry to the row to which a further place leads where it was seen.
func (c *collector) move(e *entry, to rowKey) {
	at := c.rows[e.row]
	was := at.key()
	if was == to && e.is&dated != 0 {
		return
	}
	if now := united(was, to, &e.is); now != was {
		e.row = c.row(now)
		c.rows[e.row].memory = max(c.rows[e.row].memory, at.memory)
	}
}

// united returns the row of an entry that was in one and is seen in another one, whose day is
// 0 where nothing but the lines around it tells.
func united(was, to rowKey, is *marks) rowKey {
	now := was
	if better(to.source, was.source) {
		now.source, now.function = to.source, function{}
	}
	if to.source == now.source {
		now.function = now.function.with(to.function)
	}
	now.entry = cmp.Or(was.entry, to.entry)
	switch {
	case to.day == 0:
	case *is&dated == 0:
		now.day = to.day
		*is |= dated
	default:
		now.day = min(now.day, to.day)
	}
	return now
}

// better reports whether a source says more about where a request was than
// another one: a stream more than a file, and else the first by name.
func better(a, b *source) bool {
	switch {
	case a.others != b.others:
		return b.others
	case a.named != b.named:
		return a.named
	}
	return a.name < b.name
}

// label gives a request its workflow; of several the first by name.
func (c *collector) label(e *entry, flow uint32) {
	if flow != 0 && (e.flow == 0 || c.flows[flow] < c.flows[e.flow]) {
		e.flow = uint16(flow)
	}
}

func (c *collector) flow(name string) uint32 {
	name = printable(name)
	if name == evidence.OtherWorkflows {
		return 0
	}
	id, ok := c.flowIDs[name]
	if !ok {
		if len(c.flows) >= maxLabels {
			c.res.LeftOut++
			return 0
		}
		id = uint32(len(c.flows))
		name = strings.Clone(name)
		c.flows = append(c.flows, name)
		c.flowIDs[name] = id
	}
	return id
}

// printable is a name of a workflow, which may be the path of a request, with
// blanks for what would move a terminal's cursor or begin a new line.
func printable(name string) string {
	odd := func(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
	if !strings.ContainsFunc(name, odd) {
		return name
	}
	return strings.Map(func(r rune) rune {
		if odd(r) {
			return ' '
		}
		return r
	}, name)
}

// module numbers the names of modules; ok is false for one too many.
func (c *collector) module(name string) (m int32, ok bool) {
	if m, ok := c.modules[name]; ok {
		return m, true
	}
	if len(c.names) >= maxModules {
		c.res.LeftOut++
		return 0, false
	}
	name = strings.Clone(name)
	m = int32(len(c.names))
	c.modules[name] = m
	c.names = append(c.names, name)
	c.parents = append(c.parents, []int32{m})
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		if p, ok := c.module(name[:i]); ok {
			c.parents[m] = append(c.parents[m], c.parents[p]...)
		}
	}
	return m, true
}

// dayNamed reads YYYY-MM-DD; 0 for anything else.
func dayNamed(text string) day {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0
	}
	return dayOf(t)
}
