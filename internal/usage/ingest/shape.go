package ingest

import "bytes"

// shape is how a program writes its records: the same keys in the same order, with the
// same spaces. A record of a shape that is known needs no look at its keys: what is
// between values is compared as a whole. That takes half as long as to walk.
type shape struct {
	record  // where the values go
	members []member
	end     []byte // behind the last value
}

// member is a value of a shape.
type member struct {
	before []byte // what is between the value before it and itself
	to     *value // nil where nobody asks for it
	slot   bool   // to is of a slot, which takes no null
	depth  int
}

// shapes are those of the latest records. They belong to one parser.
type shapes struct {
	list   []*shape
	misses int // records of no known shape, less those of one
}

const (
	maxShapes  = 8
	maxLearned = 64 << 10 // bytes of a record whose shape is learnt: a shape keeps it
	maxMembers = 64
	// maxMisses is when records are taken to have no shapes: a new one costs as much
	// as some records.
	maxMisses = 1000
)

// read returns what a record of a known shape says, which lives until the next one is
// read; nil for any other one, of which it learns the shape.
func (s *shapes) read(b []byte) *record {
	for i, sh := range s.list {
		if sh.read(b) {
			if i > 0 { // the frequent ones come first
				s.list[i], s.list[i-1] = s.list[i-1], sh
			}
			s.misses = max(0, s.misses-1)
			return &sh.record
		}
	}
	if s.misses > maxMisses || len(b) > maxLearned {
		return nil
	}
	s.misses++
	if sh := newShape(b); sh != nil {
		if len(s.list) == maxShapes {
			s.list = s.list[:maxShapes-1]
		}
		s.list = append(s.list, sh)
	}
	return nil
}

// read fills in the record; false says that b has another shape.
func (s *shape) read(b []byte) bool {
	at := 0
	for i := range s.members {
		m := &s.members[i]
		if !bytes.HasPrefix(b[at:], m.before) {
			return false
		}
		at += len(m.before)
		end := skipValue(b, at, m.depth)
		if end < 0 {
			return false
		}
		if m.to != nil {
			v := value(b[at:end:end])
			if m.slot && v.null() {
				return false
			}
			*m.to = v
		}
		at = end
	}
	return string(b[at:]) == string(s.end)
}

// newShape learns the shape of a record. It is nil for one that is broken, or that
// needs a closer look, because keys are there twice or hide behind escapes.
func newShape(b []byte) *shape {
	s := &shape{}
	b = bytes.Clone(b)
	w := walk(b)
	last := s.learn(&w, b, 0, (*shape).top)
	if w.bad || !w.object || last <= 0 {
		return nil
	}
	s.end = b[last:]
	return s
}

// top and below say where the value of a key goes.
func (s *shape) top(key []byte) (to *value, slot bool) {
	if found, _ := s.slot(key); found != nil {
		return &found.value, true
	}
	return nil, false
}

func (s *shape) platformKey(key []byte) (to *value, slot bool) { return s.platform.slot(key), false }

func (s *shape) metricKey(key []byte) (to *value, slot bool) { return s.platform.metric(key), false }

// learn adds the members of an object, whose text goes on after last. It returns where
// the last value ends, -1 for a shape that cannot be read so.
func (s *shape) learn(w *walker, b []byte, last int, find func(s *shape, key []byte) (*value, bool)) int {
	for last >= 0 && w.next() {
		if bytes.IndexByte(w.key, '\\') >= 0 || len(s.members) == maxMembers || !w.object {
			return -1
		}
		record, metrics := string(w.key) == "record" && w.depth == 2, string(w.key) == "metrics" && w.depth == 3
		switch {
		case record && (s.platform.is || !w.opens('{')), metrics && s.platform.measured:
			return -1
		case record:
			s.platform.is = true
			in := w.inner()
			last = s.learn(&in, b, last, (*shape).platformKey)
			w.outer(&in)
			continue
		case metrics:
			s.platform.measured = true
			if w.opens('{') {
				in := w.inner()
				last = s.learn(&in, b, last, (*shape).metricKey)
				w.outer(&in)
				continue
			}
		}
		m := member{before: b[last:w.at:w.at], depth: w.depth}
		m.to, m.slot = find(s, w.key)
		v := w.value()
		if v == nil || m.to != nil && *m.to != nil || m.slot && v.null() {
			return -1
		}
		if m.to != nil {
			*m.to = v
		}
		last += len(m.before) + len(v)
		s.members = append(s.members, m)
	}
	return last
}
