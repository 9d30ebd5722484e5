package ingest

import (
	"cmp"
	"path/filepath"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// endFile ends a file: what its own stream still holds belongs to no request. There may be
// very many files, so that nothing is kept of it.
func (c *collector) endFile(f *fileState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.letGo(f.own)
	}
	f.own = nil
}

// newestFirst takes up what was held for a request whose end came before its start, as in
// the answers of Logs Insights. It reports whether it did.
func (c *collector) newestFirst(s *stream, e *event) bool {
	if e.id != s.closing || len(s.open) > 0 || e.at > s.ending && s.ending != 0 {
		c.letGo(s)
		return false
	}
	for _, p := range s.held {
		if r := c.thing(e.id, aRequest, rowKey{source: s.source, function: s.runs, day: p.day}, 0); r != nil {
			c.label(r, p.flow)
			r.set = c.sets.with(r.set, c.parents[p.module])
		}
	}
	c.waiting -= len(s.held)
	s.held, s.closing = s.held[:0], 0
	return true
}

// letGo counts what was held as what belongs to no request.
func (c *collector) letGo(s *stream) {
	for _, p := range s.held {
		c.outside(s.source, p.module)
		c.loose(rowKey{source: s.source, function: s.runs, day: p.day}, p.module, p.message)
	}
	c.waiting -= len(s.held)
	s.held, s.closing = s.held[:0], 0
}

// message tells the use of a module from others where the log does: by CloudWatch's number
// of the event, else by log stream and millisecond. 0 says that nothing does: a time may
// also be one of whole seconds.
func (c *collector) message(s *stream, e *event, m int32) uint64 {
	of := e.message
	if of == 0 {
		if !s.named || e.at%1000 == 0 {
			return 0
		}
		of = pair(xxhash.Sum64String(s.name), uint64(e.at))
	}
	return pair(of, xxhash.Sum64String(c.names[m]))
}

// loose counts a message of which nothing tells whose it is: once, where something tells
// it from others.
func (c *collector) loose(to rowKey, m int32, message uint64) {
	if message != 0 && !to.source.reported {
		if e := c.thing(message, aMessage, to, 0); e != nil {
			e.set = c.sets.with(e.set, c.parents[m][:1])
		}
		return
	}
	if c.full() {
		c.makeRoom()
	}
	at := c.rows[c.row(to)]
	if c.roomForLoose(at.loose[m] > 0) {
		plus(&at.loose, m, 1)
	}
}

// roomForLoose reports whether a message is counted for a row and module, of which there are
// some already where known says so.
func (c *collector) roomForLoose(known bool) bool {
	if known {
		return true
	}
	if c.looseN >= maxOutside {
		c.res.LeftOut++
		return false
	}
	c.looseN++
	return true
}

// hasLoose reports whether a row has messages without a request.
func (r *row) hasLoose() bool { return len(r.loose) > 0 || r.messages }

// outside counts a use that belongs to no request.
func (c *collector) outside(s *source, m int32) {
	c.res.Outside++
	c.lookedFor(s, m)
}

// lookedFor notes that somebody logs the use of a module.
func (c *collector) lookedFor(s *source, m int32) {
	if c.outsideN >= maxOutside {
		c.res.LeftOut++
		return
	}
	if s.init.add(m) {
		c.outsideN++
	}
}

// settle gives the uses at the start of files to the requests that were open
// when the file before ended, in the order of the files' names.
func (c *collector) settle() {
	files := slices.Clone(c.files)
	slices.SortStableFunc(files, func(a, b *fileState) int { return cmp.Compare(filepath.ToSlash(a.name), filepath.ToSlash(b.name)) })
	open := map[string]uint64{}
	for _, f := range files {
		for name, s := range f.streams {
			c.letGo(s)
			for _, p := range s.pending {
				key := open[name]
				to := rowKey{source: s.source, function: s.runs, day: p.day}
				if key == 0 {
					c.outside(s.source, p.module)
					if !s.reported { // it may be any request's: none of them has a line of the platform
						c.loose(to, p.module, p.message)
					}
					continue
				}
				if r := c.thing(key, aRequest, to, 0); r != nil {
					c.label(r, p.flow)
					r.set = c.sets.with(r.set, c.parents[p.module])
				}
			}
			switch {
			case len(s.open) > 0:
				open[name] = s.open[len(s.open)-1]
			case s.begun:
				delete(open, name)
			}
		}
	}
}
