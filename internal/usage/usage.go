// Package usage answers what requests use: which share of them used a module,
// in which workflows, how sure that is, and how many were cold starts.
//
// What comes in are the usage rows of the lock (from the recorder, from logs or
// from tests) and, for the recorder, sample events with their weights. What
// goes out is a Summary. The kinds of rows know different things: the recorder
// sees every imported name, so that a module it did not see is known to be
// unused; a log knows only the modules that the program logs somewhere; and a
// test shows that a module is used, never how often. A module without any is
// unknown, which is not the same as unused.
package usage

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"fastpath/internal/evidence"
)

// Summary is what a set of usage rows says together. The zero value and nil
// say nothing: Requests is 0 and no module is known. Tests are no traffic:
// what they used is in InTests, and nowhere else.
//
// Real requests and sample events are never added up. Of each entry and module one
// side counts: see book. Requests, First, Last and Workflows are of what counts.
type Summary struct {
	Requests    float64            // all of them, weighted where events have weights
	ColdStarts  float64            // of real requests; negative: unknown
	First, Last string             // days, YYYY-MM-DD, "" without rows
	Workflows   map[string]float64 // requests by workflow; requests without one are not in it

	coldOf float64          // requests of the rows that know their cold starts
	books  map[string]*book // by entry
	tests  map[string]bool
	loaded map[string]bool

	daily    map[string]float64 // by day, requests of rows that count what happened
	earlier  map[string]bool    // days of such rows before Since
	memory   float64
	memoryAt string     // day
	inits    []weighted // init times by cold starts
}

// Span is when a module was used: days, YYYY-MM-DD, "" for never.
type Span struct{ First, Last string }

type weighted struct{ value, weight float64 }

// SummaryOptions select rows.
type SummaryOptions struct {
	Entry     string // "" for all entries
	OnlyEntry bool   // the project has one entry: all rows are its own, whatever they say
	Since     string // day, inclusive; "" for all time
}

// Summarize adds up the rows that o selects. Of the sample events of an entry
// only those of its latest day count: they are a picture of the code as it
// was, not a count of what happened. Of a day that logs and their log group tell
// about only one of them counts.
func Summarize(days []*evidence.UsageDay, o SummaryOptions) *Summary {
	s := newSummary()
	latest := map[[2]string]string{}
	for _, d := range days {
		if key := [2]string{d.Entry, d.Source}; d.Kind == evidence.UsageInvoke && d.Day > latest[key] {
			latest[key] = d.Day
		}
	}
	days = once(days)
	again := map[*evidence.UsageDay]bool{}
	for _, same := range Overlaps(days, o.OnlyEntry) {
		for _, d := range same.rows {
			again[d] = true
		}
	}
	for _, d := range days {
		switch {
		case o.Entry != "" && !o.OnlyEntry && d.Entry != o.Entry,
			again[d]:
			continue
		case d.Day < o.Since:
			if traffic(d) {
				s.earlier[d.Day] = true
			}
			continue
		case d.Kind == evidence.UsageInvoke && d.Day != latest[[2]string{d.Entry, d.Source}]:
			continue
		}
		entry := d.Entry
		if o.OnlyEntry {
			entry = ""
		}
		s.add(entry, d)
	}
	s.total()
	return s
}

func newSummary() *Summary {
	return &Summary{
		ColdStarts: -1, Workflows: map[string]float64{}, books: map[string]*book{},
		tests: map[string]bool{}, loaded: map[string]bool{}, daily: map[string]float64{}, earlier: map[string]bool{},
	}
}

// Adder adds up rows that are never in memory all at once: those that one command made,
// none of which tells about the same requests as another.
type Adder struct{ s *Summary }

// NewAdder begins a sum.
func NewAdder() *Adder { return &Adder{newSummary()} }

// Add adds a row of any entry.
func (a *Adder) Add(d *evidence.UsageDay) { a.s.add(d.Entry, d) }

// Summary returns what was added up. Nothing can be added afterwards.
func (a *Adder) Summary() *Summary {
	a.s.total()
	return a.s
}

// total fills in the fields that say what counts.
func (s *Summary) total() {
	for _, b := range s.books {
		k := b.main()
		s.Requests += k.requests
		if s.First == "" || k.first != "" && k.first < s.First {
			s.First = k.first
		}
		s.Last = max(s.Last, k.last)
		for w, n := range k.workflows {
			s.Workflows[w] += n
		}
	}
}

// once leaves out rows that are there twice, as after a merge that kept both sides:
// of an entry, source and day the one with most requests counts.
func once(days []*evidence.UsageDay) []*evidence.UsageDay {
	best := map[[3]string]*evidence.UsageDay{}
	for _, d := range days {
		key := [3]string{d.Entry, d.Source, d.Day}
		if b := best[key]; b == nil || d.Requests > b.Requests {
			best[key] = d
		}
	}
	if len(best) == len(days) {
		return days
	}
	return slices.DeleteFunc(slices.Clone(days), func(d *evidence.UsageDay) bool { return best[[3]string{d.Entry, d.Source, d.Day}] != d })
}

func (s *Summary) add(entry string, d *evidence.UsageDay) {
	for _, m := range d.Loaded {
		s.loaded[m] = true
	}
	if d.Kind == evidence.UsageTests {
		for _, m := range d.Modules {
			s.tests[m.Module] = true
		}
		return
	}
	if d.ColdStarts >= 0 {
		s.ColdStarts = max(s.ColdStarts, 0) + d.ColdStarts
		s.coldOf += d.Requests
	}
	s.addPlatform(d)
	b := s.books[entry]
	if b == nil {
		b = &book{}
		s.books[entry] = b
	}
	if d.Kind == evidence.UsageInvoke {
		b.events.add(d)
	} else {
		b.real.add(d)
	}
}

// RecordSource is the source of rows of a program that somebody ran under the
// recorder: real requests, but not the traffic of a day.
const RecordSource = evidence.SourceRecord

// traffic reports whether a row counts what happened in production. Sample events and
// runs at hand do not, and tests neither.
func traffic(d *evidence.UsageDay) bool {
	return d.Kind != evidence.UsageInvoke && d.Kind != evidence.UsageTests && d.Source != RecordSource
}

// addPlatform notes what the platform reports with a row of traffic.
func (s *Summary) addPlatform(d *evidence.UsageDay) {
	if !traffic(d) {
		return
	}
	s.daily[d.Day] += d.Requests
	if d.MemoryMB > 0 && (d.Day > s.memoryAt || d.Day == s.memoryAt && d.MemoryMB > s.memory) {
		s.memory, s.memoryAt = d.MemoryMB, d.Day
	}
	if d.InitMS > 0 {
		s.inits = append(s.inits, weighted{d.InitMS, max(d.ColdStarts, 1)})
	}
}

// Daily returns the mean number of requests of the whole days that logs or the recorder
// in production tell about; ok is false when there are none. A day is whole when there
// are requests of the day before and of the day after, too: where a log begins and where
// it ends it may tell of some minutes. Where no day follows another, as for a job that
// runs once a week, it is the mean from the first day to the last, see rare.
func (s *Summary) Daily() (requests float64, ok bool) {
	if s == nil {
		return 0, false
	}
	days := 0
	all := slices.Sorted(maps.Keys(s.daily))
	if n, ok := s.rare(all); ok {
		return n, true
	}
	for _, day := range all {
		if s.tells(day, -1) && s.tells(day, 1) {
			requests += s.daily[day]
			days++
		}
	}
	if requests <= 0 {
		return 0, false
	}
	return requests / float64(days), true
}

// rareDays is on how many days there must be requests before something is taken to
// run less than daily: less may be what somebody has logs of.
const rareDays = 4

// rare returns the mean number of requests a day of what never runs on two days in a
// row: those of all days but the last, over the time up to it.
func (s *Summary) rare(days []string) (requests float64, ok bool) {
	if len(days) < rareDays {
		return 0, false
	}
	for _, day := range days {
		if s.tells(day, 1) || s.tells(day, -1) {
			return 0, false
		}
	}
	first, err := time.Parse(time.DateOnly, days[0])
	if err != nil {
		return 0, false
	}
	last, err := time.Parse(time.DateOnly, days[len(days)-1])
	if err != nil {
		return 0, false
	}
	for _, day := range days[:len(days)-1] {
		requests += s.daily[day]
	}
	requests /= last.Sub(first).Hours() / 24
	return requests, requests > 0
}

// tells reports whether there are requests of a day so many days later.
func (s *Summary) tells(day string, later int) bool {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return false
	}
	day = t.AddDate(0, 0, later).Format(time.DateOnly)
	return s.daily[day] > 0 || s.earlier[day]
}

// DailyAtLeast returns the requests of the day with the most of them, whole or not: so
// many there are. Ok is false when no logs tell about any.
func (s *Summary) DailyAtLeast() (requests float64, ok bool) {
	if s == nil {
		return 0, false
	}
	for _, n := range s.daily {
		requests = max(requests, n)
	}
	return requests, requests > 0
}

// DailyDeclared returns the requests a day that the traffic files of the sample
// events say there are; ok is false where one does not say, and where whole days were
// counted (Daily).
func (s *Summary) DailyDeclared() (requests float64, ok bool) {
	if _, counted := s.Daily(); s == nil || counted {
		return 0, false
	}
	for _, b := range s.books {
		if b.events.requests > 0 && b.events.daily == 0 {
			return 0, false
		}
		requests += b.events.daily
	}
	return requests, requests > 0
}

// MemoryMB returns the memory size of the latest day that the platform reports
// one for.
func (s *Summary) MemoryMB() (mb float64, ok bool) {
	if s == nil {
		return 0, false
	}
	return s.memory, s.memory > 0
}

// InitMS returns the median init time of the cold starts, as the platform
// reports it: the median of the days' medians, each as often as its day had
// cold starts.
func (s *Summary) InitMS() (ms float64, ok bool) {
	if s == nil || len(s.inits) == 0 {
		return 0, false
	}
	list := slices.SortedFunc(slices.Values(s.inits), func(a, b weighted) int { return cmp.Compare(a.value, b.value) })
	half := 0.0
	for _, w := range list {
		half += w.weight / 2
	}
	for _, w := range list {
		if half -= w.weight; half <= 0 {
			return w.value, true
		}
	}
	return list[len(list)-1].value, true
}

// InTests returns the modules that test runs used, sorted; it says nothing
// about requests.
func (s *Summary) InTests() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.tests))
}

// Loaded returns the modules that were loaded before the first request of a
// process that the recorder watched, sorted.
func (s *Summary) Loaded() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.loaded))
}

// Majority returns the workflow of more than half of all requests, with its
// share, 0.5 to 1.
func (s *Summary) Majority() (workflow string, share float64, ok bool) {
	if s == nil || s.Requests <= 0 {
		return "", 0, false
	}
	for w, n := range s.Workflows {
		if n > s.Requests/2 {
			return w, min(n/s.Requests, 1), true
		}
	}
	return "", 0, false
}

// ColdStartRate returns the share of requests, 0 to 1, that were cold starts,
// over the rows that know; ok is false when none does.
func (s *Summary) ColdStartRate() (rate float64, ok bool) {
	if s == nil || s.ColdStarts < 0 || s.coldOf <= 0 {
		return 0, false
	}
	return min(s.ColdStarts/s.coldOf, 1), true
}
