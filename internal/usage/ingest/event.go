package ingest

import (
	"time"

	"github.com/cespare/xxhash/v2"
)

// day is a number of days since 1970, 0 when unknown.
type day int32

const dayMS = 24 * 60 * 60 * 1000

func dayOf(t time.Time) day { return msOf(t).day() }

func (d day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// daySet is a set of days, mostly of such as are near each other.
type daySet struct {
	first int32 // number of the first word
	words []uint64
}

func (s *daySet) add(d day) {
	at := int32(d >> 6)
	switch n := int32(len(s.words)); {
	case n == 0:
		s.first, s.words = at, []uint64{0}
	case at < s.first:
		s.words = append(make([]uint64, s.first-at, s.first-at+n), s.words...)
		s.first = at
	case at >= s.first+n:
		s.words = append(s.words, make([]uint64, at-s.first-n+1)...)
	}
	s.words[at-s.first] |= 1 << (d & 63)
}

func (s *daySet) has(d day) bool {
	at := int32(d>>6) - s.first
	return at >= 0 && int(at) < len(s.words) && s.words[at]>>(d&63)&1 != 0
}

// moment is a time in milliseconds since 1970, 0 when unknown.
type moment int64

// What is earlier or later is no log's time.
var (
	firstMoment = moment(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	endMoment   = moment(time.Date(2101, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
)

func msOf(t time.Time) moment {
	at := moment(t.UnixMilli())
	if at < firstMoment || at >= endMoment {
		return 0
	}
	return at
}

func (m moment) day() day { return day(m / dayMS) }

// eventKind is what a line says.
type eventKind uint8

const (
	seen     eventKind = iota // a line of the request
	started                   // START, platform.start
	ended                     // END, platform.runtimeDone
	reported                  // REPORT, platform.report
	booted                    // platform.initStart
	warmed                    // the same, ahead of requests: nobody waits for it
	used                      // a module was used
	recorded                  // a line of the recorder
)

// event is what one line says. Names are places in the batch's list, -1 when
// there is none.
type event struct {
	kind     eventKind
	idKnown  bool // id is what the record says, also when it is none
	cold     bool
	platform bool // it comes from the platform, which tells of all requests
	stream   int32
	function int32
	module   int32
	flow     int32
	id       uint64 // hash of the request id, 0 without one
	message  uint64 // what CloudWatch calls it, hashed, 0 without that
	at       moment
	guess    day     // of the lines before it, where it has no time of its own
	memory   int32   // MB, 0 when unknown
	initMS   float64 // 0 when unknown
	recorder *recorderLine
}

// batch is what one block of a log says, in the order of its lines.
type batch struct {
	events  []event
	names   []string
	index   map[string]int32
	first   day   // of the first dated line, where no event has a time
	lines   int64 // lines, or events of a document
	skewed  int64
	dropped int64 // records that the platform says it dropped
	bad     []place
	badN    int64
}

// place is something unreadable in a block: line and offset count from its start.
type place struct {
	line, offset int64
	message      string
}

// maxPlaces is how many unreadable places of a block are named.
const maxPlaces = 10

func (b *batch) reset() {
	clear(b.index)
	clear(b.events) // they point to lines of the recorder
	*b = batch{events: b.events[:0], names: b.names[:0], index: b.index, bad: b.bad[:0]}
	if b.index == nil {
		b.index = map[string]int32{}
	}
}

// name returns the place of a name in the list.
func (b *batch) name(text []byte) int32 {
	if i, ok := b.index[string(text)]; ok {
		return i
	}
	i := int32(len(b.names))
	s := string(text)
	b.names = append(b.names, s)
	b.index[s] = i
	return i
}

// unreadable counts a line or event that could not be read.
func (b *batch) unreadable(line, offset int64, message string) {
	b.badN++
	if len(b.bad) < maxPlaces {
		b.bad = append(b.bad, place{line, offset, message})
	}
}

// hashID is the number by which a request is known, never 0.
func hashID(id []byte) uint64 { return max(1, xxhash.Sum64(id)) }
