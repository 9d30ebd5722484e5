package ingest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/usage"
)

// day is a number of days since 1970, 0 when unknown.
type day int32

func dayOf(t time.Time) day {
	if t.Year() < 2000 || t.Year() > 2100 {
		return 0 // no log's time
	}
	return day(t.Unix() / 86400)
}

func (d day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// maxModules and maxStreams bound what a hostile log can make us remember.
const (
	maxModules = 20_000
	maxStreams = 200_000
)

// stream is one log stream, or the lines of one file without a stream's name.
type stream struct {
	source string
	first  day        // of the first timestamp
	last   day        // of the latest timestamp read
	named  day        // in the stream's name
	open   []*request // that have started and not ended, oldest first
}

// request is one request of the window.
type request struct {
	id         string
	stream     *stream
	day, guess day // guess: of the line before it
	workflow   string
	modules    []int32 // with the packages around them
	cold       bool
	prev, next *request // by time of the last line, in a ring
}

// collector turns what lines say into rows.
type collector struct {
	o       Options
	res     *Result
	streams map[string]*stream
	window  map[string]*request
	ring    request // its next is the request whose last line is oldest
	ids     map[string]int32
	names   []string
	parents [][]int32 // by module: itself and the packages around it
	sources map[string]*source
	day     day // Options.Day
}

// source is what rows have in common.
type source struct {
	rows  map[day]*row
	first day
	file  day     // on which the first of its files was written
	cold  bool    // lines say which requests were cold starts
	init  []int32 // modules used outside requests
}

// row adds up one day.
type row struct {
	rows            *usage.Rows
	requests        int64
	cold, initStart float64
}

func newCollector(o Options, res *Result) *collector {
	c := &collector{
		o: o, res: res, streams: map[string]*stream{}, window: map[string]*request{}, ids: map[string]int32{}, sources: map[string]*source{},
	}
	c.ring.prev, c.ring.next = &c.ring, &c.ring
	if t, err := time.Parse(time.DateOnly, o.Day); err == nil {
		c.day = dayOf(t)
	}
	return c
}

// fileStream is the stream of the lines of f that name none.
func (c *collector) fileStream(name string, f File) *stream {
	if name == "" {
		name = f.Name
		if f.Path != "" {
			name = sourceName(f.Path)
		}
	}
	if streamName.MatchString(name) {
		return c.stream(name, nil)
	}
	if src := c.source(name); src.file == 0 && !f.Modified.IsZero() {
		src.file = dayOf(f.Modified.UTC())
	}
	return &stream{source: name}
}

// stream returns the stream with a name, or other when there are too many.
func (c *collector) stream(name string, other *stream) *stream {
	s := c.streams[name]
	if s != nil {
		return s
	}
	if len(name) > 512 || len(c.streams) >= maxStreams && other != nil {
		return other
	}
	s = &stream{source: name}
	if len(name) >= 10 {
		if t, err := time.Parse("2006/01/02", name[:10]); err == nil {
			s.named = dayOf(t)
		}
	}
	c.streams[name] = s
	return s
}

func (c *collector) source(name string) *source {
	s := c.sources[name]
	if s == nil {
		s = &source{rows: map[day]*row{}}
		c.sources[name] = s
	}
	return s
}

// at tells that a line of the stream was written on a day.
func (c *collector) at(s *stream, d day) {
	if d == 0 {
		return
	}
	if s.first == 0 {
		s.first = d
		if src := c.source(s.source); src.first == 0 {
			src.first = d
		}
	}
	s.last = d
}

// request returns the request with an id, which is new when it was not seen
// within the window.
func (c *collector) request(s *stream, id string, d day) *request {
	r := c.window[id]
	if r == nil {
		id = strings.Clone(id) // not to keep the line
		r = &request{id: id, stream: s, guess: s.last}
		c.window[id] = r
		if len(c.window) > c.o.Window {
			c.evict(c.ring.next)
		}
	} else {
		r.prev.next, r.next.prev = r.next, r.prev
	}
	r.prev, r.next = c.ring.prev, &c.ring
	r.prev.next, r.next.prev = r, r
	if r.day == 0 {
		r.day = d
	}
	return r
}

// start tells that a request began.
func (c *collector) start(s *stream, id string, d day) {
	r := c.request(s, id, d)
	if !slices.Contains(s.open, r) {
		s.open = append(s.open, r)
		if len(s.open) > 1000 { // their ends were lost
			s.open = slices.Delete(s.open, 0, 500)
		}
	}
	c.res.Reported = true
}

// end tells that a request ended.
func (c *collector) end(s *stream, id string, d day) {
	r := c.request(s, id, d)
	s.open = slices.DeleteFunc(s.open, func(o *request) bool { return o == r })
	c.res.Reported = true
}

// report tells that a request ended and whether it was a cold start.
func (c *collector) report(s *stream, id string, d day, cold bool) {
	c.end(s, id, d)
	c.source(s.source).cold = true
	if cold {
		c.window[id].cold = true
	}
}

// initStart tells that an environment started for a request to come.
func (c *collector) initStart(s *stream) {
	src := c.source(s.source)
	src.cold = true
	c.row(src, s.source, s.last).initStart++
}

// use tells that a module was used by a request: that with the id, else the
// one of the stream that is open. A known but empty id is no request.
func (c *collector) use(s *stream, id string, known bool, d day, workflow, module string) {
	m, ok := c.module(module)
	if !ok {
		return
	}
	c.res.Logged++
	var r *request
	switch {
	case id != "":
		r = c.request(s, id, d)
	case !known && len(s.open) > 0:
		r = s.open[len(s.open)-1]
		if c.window[r.id] == r {
			r = c.request(s, r.id, d)
		}
	}
	if r == nil {
		c.res.Outside++
		if src := c.source(s.source); !slices.Contains(src.init, m) {
			src.init = append(src.init, m)
		}
		return
	}
	if r.workflow == "" && len(workflow) <= 200 {
		r.workflow = workflow
	}
	for _, p := range c.parents[m] {
		if !slices.Contains(r.modules, p) {
			r.modules = append(r.modules, p)
		}
	}
}

// module numbers the names of modules; ok is false for one too many.
func (c *collector) module(name string) (m int32, ok bool) {
	if m, ok := c.ids[name]; ok {
		return m, true
	}
	if len(c.names) >= maxModules {
		return 0, false
	}
	name = strings.Clone(name)
	m = int32(len(c.names))
	c.ids[name] = m
	c.names = append(c.names, name)
	c.parents = append(c.parents, []int32{m})
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		if p, ok := c.module(name[:i]); ok {
			c.parents[m] = append(c.parents[m], c.parents[p]...)
		}
	}
	return m, true
}

// evict counts a request and forgets it.
func (c *collector) evict(r *request) {
	delete(c.window, r.id)
	r.prev.next, r.next.prev = r.next, r.prev
	src := c.source(r.stream.source)
	w := c.row(src, r.stream.source, cmp.Or(r.day, r.guess, r.stream.first, r.stream.named))
	names := make([]string, len(r.modules))
	for i, m := range r.modules {
		names[i] = c.names[m]
	}
	w.rows.Add(r.workflow, 1, names)
	w.requests++
	if r.cold {
		w.cold++
	}
}

func (c *collector) row(src *source, name string, d day) *row {
	w := src.rows[d]
	if w == nil {
		w = &row{rows: usage.NewRows(c.o.Entry, name, d.String(), evidence.UsageLog)}
		src.rows[d] = w
	}
	return w
}

// finish counts what is in the window and fills in the result.
func (c *collector) finish() error {
	for c.ring.next != &c.ring {
		c.evict(c.ring.next)
	}
	c.res.ColdStarts = -1
	names := make([]string, 0, len(c.sources))
	for name := range c.sources {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		days, err := c.days(name, c.sources[name])
		if err != nil {
			return err
		}
		c.res.Days = append(c.res.Days, days...)
	}
	for _, d := range c.res.Days {
		c.res.Requests += d.Requests
		if d.ColdStarts >= 0 {
			c.res.ColdStarts = max(c.res.ColdStarts, 0) + d.ColdStarts
		}
	}
	return nil
}

// days returns the rows of a source, sorted.
func (c *collector) days(name string, src *source) ([]*evidence.UsageDay, error) {
	var init []string
	for _, m := range src.init {
		for _, p := range c.parents[m] {
			init = append(init, c.names[p])
		}
	}
	if w := src.rows[0]; w != nil && w.requests > 0 {
		d := cmp.Or(src.first, c.day)
		if d == 0 && src.file != 0 {
			d = src.file
			c.res.Undated = append(c.res.Undated, Undated{name, d.String()})
		}
		if d == 0 {
			return nil, &NoDayError{name, w.requests}
		}
		to := c.row(src, name, d)
		to.rows.Merge(w.rows)
		to.requests, to.cold, to.initStart = to.requests+w.requests, to.cold+w.cold, to.initStart+w.initStart
	}
	var out []*evidence.UsageDay
	for d, w := range src.rows {
		if d == 0 || w.requests == 0 { // or an environment that answered nothing
			continue
		}
		if src.cold {
			w.rows.AddCold(max(w.cold, w.initStart))
		}
		w.rows.Add("", 0, init)
		out = append(out, w.rows.UsageDay())
	}
	slices.SortFunc(out, func(a, b *evidence.UsageDay) int { return cmp.Compare(a.Day, b.Day) })
	return out, nil
}
