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
	"math"
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// Summary is what a set of usage rows says together. The zero value and nil
// say nothing: Requests is 0 and no module is known. Tests are no traffic:
// what they used is in InTests, and nowhere else.
type Summary struct {
	Requests    float64            // all of them, weighted where events have weights
	ColdStarts  float64            // negative: unknown
	First, Last string             // days, YYYY-MM-DD, "" without rows
	Workflows   map[string]float64 // requests by workflow; requests without one are not in it

	coldOf  float64 // requests of the rows that know their cold starts
	parts   map[string]*part
	modules map[string]*Span
	tests   map[string]bool
	loaded  map[string]bool

	daily    float64         // requests of rows that count what happened
	dailyOf  map[string]bool // the days they are of
	memory   float64
	memoryAt string     // day
	inits    []weighted // init times by cold starts
}

// Span is when a module was used: days, YYYY-MM-DD, "" for never.
type Span struct{ First, Last string }

type weighted struct{ value, weight float64 }

// part is what the rows of one kind say that say nothing of the same modules.
type part struct {
	complete  bool            // a module that is not in it is unused, not unknown
	unseen    map[string]bool // except these
	requests  float64
	workflows map[string]float64
	modules   map[string]map[string]float64 // module → workflow ("" for none) → requests
}

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
	s := &Summary{
		ColdStarts: -1, Workflows: map[string]float64{}, parts: map[string]*part{}, modules: map[string]*Span{},
		tests: map[string]bool{}, loaded: map[string]bool{}, dailyOf: map[string]bool{},
	}
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
			d.Day < o.Since,
			again[d],
			d.Kind == evidence.UsageInvoke && d.Day != latest[[2]string{d.Entry, d.Source}]:
			continue
		}
		s.add(d)
	}
	return s
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

func (s *Summary) add(d *evidence.UsageDay) {
	for _, m := range d.Loaded {
		s.loaded[m] = true
	}
	if d.Kind == evidence.UsageTests {
		for _, m := range d.Modules {
			s.tests[m.Module] = true
		}
		return
	}
	s.Requests += d.Requests
	if d.ColdStarts >= 0 {
		s.ColdStarts = max(s.ColdStarts, 0) + d.ColdStarts
		s.coldOf += d.Requests
	}
	if s.First == "" || d.Day < s.First {
		s.First = d.Day
	}
	s.Last = max(s.Last, d.Day)
	s.addPlatform(d)
	complete := d.Kind == evidence.UsageInvoke || d.Kind == evidence.UsageRecorder
	key := d.Kind + "\x00" + strings.Join(d.Unseen, "\x00")
	k := s.parts[key]
	if k == nil {
		k = &part{complete: complete, unseen: map[string]bool{}, workflows: map[string]float64{}, modules: map[string]map[string]float64{}}
		for _, m := range d.Unseen {
			k.unseen[m] = true
		}
		s.parts[key] = k
	}
	k.requests += d.Requests
	for w, n := range d.Workflows {
		s.Workflows[w] += n
		k.workflows[w] += n
	}
	for _, m := range d.Modules {
		s.use(m.Module, d.Day, m.Requests > 0)
		by := k.modules[m.Module]
		if by == nil {
			by = map[string]float64{}
			k.modules[m.Module] = by
		}
		by[m.Workflow] += m.Requests
	}
}

// use notes that a row names a module, and whether requests used it.
func (s *Summary) use(module, day string, used bool) {
	span := s.modules[module]
	if span == nil {
		span = &Span{}
		s.modules[module] = span
	}
	if !used {
		return
	}
	if span.First == "" || day < span.First {
		span.First = day
	}
	span.Last = max(span.Last, day)
}

// RecordSource is the source of rows of a program that somebody ran under the
// recorder: real requests, but not the traffic of a day.
const RecordSource = evidence.SourceRecord

// addPlatform notes what the platform reports with a row. Sample events and
// runs at hand are no measure of any of it.
func (s *Summary) addPlatform(d *evidence.UsageDay) {
	if d.Kind == evidence.UsageInvoke || d.Source == RecordSource {
		return
	}
	s.daily += d.Requests
	s.dailyOf[d.Day] = true
	if d.MemoryMB > 0 && (d.Day > s.memoryAt || d.Day == s.memoryAt && d.MemoryMB > s.memory) {
		s.memory, s.memoryAt = d.MemoryMB, d.Day
	}
	if d.InitMS > 0 {
		s.inits = append(s.inits, weighted{d.InitMS, max(d.ColdStarts, 1)})
	}
}

// Daily returns the mean number of requests of the days that logs or the
// recorder in production tell about; ok is false when there are none.
func (s *Summary) Daily() (requests float64, ok bool) {
	if s == nil || len(s.dailyOf) == 0 || s.daily <= 0 {
		return 0, false
	}
	return s.daily / float64(len(s.dailyOf)), true
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

// Seen returns when requests used the module first and last.
func (s *Summary) Seen(module string) Span {
	if s == nil || s.modules[module] == nil {
		return Span{}
	}
	return *s.modules[module]
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

// Modules returns the names of all modules that some row names, sorted.
func (s *Summary) Modules() []string {
	if s == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(s.modules))
}

// counted returns how many requests used the module, of how many that would
// have shown it; workflow "" means all. The second is 0 when nothing is known.
func (s *Summary) counted(workflow, module string) (used, of float64) {
	if s == nil {
		return 0, 0
	}
	for _, k := range s.parts {
		by := k.modules[module]
		if by == nil && (!k.complete || k.unseen[module]) {
			continue // never logged, or out of the recorder's sight: these rows say nothing about it
		}
		if workflow != "" {
			used, of = used+by[workflow], of+k.workflows[workflow]
			continue
		}
		for _, n := range by {
			used += n
		}
		of += k.requests
	}
	return min(used, of), of
}

// Used returns the number of requests that used the module.
func (s *Summary) Used(module string) float64 {
	used, _ := s.counted("", module)
	return used
}

// Share returns the share of requests, 0 to 1, that used the module, and
// whether that is known. The name is absolute; a package counts as used when
// one of its modules is.
func (s *Summary) Share(module string) (share float64, known bool) {
	return s.ShareIn("", module)
}

// ShareIn is Share among the requests of one workflow ("" for all requests).
func (s *Summary) ShareIn(workflow, module string) (share float64, known bool) {
	used, of := s.counted(workflow, module)
	if of <= 0 {
		return 0, false
	}
	return used / of, true
}

// Interval returns the 95 % confidence interval of Share (Wilson's), each
// bound 0 to 1. For an unknown module it is 0 to 1.
func (s *Summary) Interval(module string) (low, high float64) {
	used, of := s.counted("", module)
	if of <= 0 {
		return 0, 1
	}
	const z = 1.959964
	p, n := used/of, of
	center := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = max(0, center-half), min(1, center+half)
	// The formula reaches the ends exactly; floating point does not.
	if used == 0 {
		low = 0
	}
	if used == of {
		high = 1
	}
	return low, high
}

// ByWorkflow returns the share of each workflow's requests that used the
// module, for the workflows of which that is known and above 0.
func (s *Summary) ByWorkflow(module string) map[string]float64 {
	out := map[string]float64{}
	if s == nil {
		return out
	}
	for w := range s.Workflows {
		if share, known := s.ShareIn(w, module); known && share > 0 {
			out[w] = share
		}
	}
	return out
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

// WithParents returns the modules and the packages that contain them, each
// once and sorted: use of a.b.c is use of a.b and of a.
func WithParents(modules []string) []string {
	set := map[string]bool{}
	for _, m := range modules {
		for m != "" && !set[m] {
			set[m] = true
			m = m[:max(0, strings.LastIndexByte(m, '.'))]
		}
	}
	return slices.Sorted(maps.Keys(set))
}

// Rows adds up requests for one UsageDay.
type Rows struct {
	day   *evidence.UsageDay
	count map[[2]string]float64 // module, workflow → requests
}

// NewRows starts an empty row; nothing is known about its cold starts.
func NewRows(entry, source, day, kind string) *Rows {
	return &Rows{&evidence.UsageDay{Entry: entry, Source: source, Day: day, Kind: kind, ColdStarts: -1, Workflows: map[string]float64{}}, map[[2]string]float64{}}
}

// Add counts requests of one workflow ("" when unknown) that used the modules.
// Packages must be listed too (WithParents); weight is the number of requests
// and may be 0, which only says that the modules are looked for.
func (r *Rows) Add(workflow string, weight float64, modules []string) {
	r.day.Requests += weight
	if workflow != "" {
		r.day.Workflows[workflow] += weight
	}
	for _, m := range modules {
		r.count[[2]string{m, workflow}] += weight
	}
}

// AddUse counts requests of one workflow, that Add has counted, which used one
// module.
func (r *Rows) AddUse(workflow, module string, requests float64) {
	r.count[[2]string{module, workflow}] += requests
}

// AddCold counts cold starts; 0 says that they are looked for.
func (r *Rows) AddCold(n float64) { r.day.ColdStarts = max(r.day.ColdStarts, 0) + n }

// Merge adds what o counted, cold starts excepted.
func (r *Rows) Merge(o *Rows) {
	r.day.Requests += o.day.Requests
	for w, n := range o.day.Workflows {
		r.day.Workflows[w] += n
	}
	for key, n := range o.count {
		r.count[key] += n
	}
}

// UsageDay returns the row, sorted.
func (r *Rows) UsageDay() *evidence.UsageDay {
	d := *r.day
	if d.ColdStarts >= 0 {
		d.ColdStarts = min(d.ColdStarts, d.Requests)
	}
	d.Modules = make([]evidence.ModuleUse, 0, len(r.count))
	for key, n := range r.count {
		d.Modules = append(d.Modules, evidence.ModuleUse{Module: key[0], Workflow: key[1], Requests: n})
	}
	slices.SortFunc(d.Modules, func(a, b evidence.ModuleUse) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Workflow, b.Workflow))
	})
	return &d
}
