package usage

import (
	"maps"
	"math"
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// Basis says what figures of usage rest on.
type Basis string

// The bases.
const (
	Real     Basis = "requests" // requests that really happened: logs, and what ran under the recorder
	Events   Basis = "events"   // sample events, each of which stands for one request
	Declared Basis = "declared" // sample events, as often as a traffic file says that they come
	Mixed    Basis = "mixed"    // several of these, for different entries
)

// enough is how many real requests are as good as sample events in any case: the
// 95 % interval of a share is then at most twenty points wide.
const enough = 100

// book is what is known about the requests of one entry. Its two sides tell about
// the same traffic, so that they are not added up: real requests take the place of
// sample events as soon as there are as many as the events stand for, or enough.
// What only one side can tell about a module, it tells in any case; and that no
// request uses a module, sample events cannot say against a real one that did.
type book struct{ real, events side }

// needed is how many real requests take the place of the sample events.
func (b *book) needed() float64 {
	if b.events.requests == 0 {
		return 0
	}
	return min(enough, b.events.stand)
}

// main is the side that counts.
func (b *book) main() *side {
	if b.real.requests > 0 && b.real.sample() >= b.needed() {
		return &b.real
	}
	if b.events.requests > 0 {
		return &b.events
	}
	return &b.real
}

// of is the side that counts for a module, and what it says of it.
func (b *book) of(workflow, module string) (*side, tally) {
	real, events := b.real.about("", module), b.events.about("", module)
	side, found := &b.real, real
	few := real.sample() < b.needed() && (real.used == 0 || events.used > 0)
	if events.of > 0 && (real.of == 0 || few) {
		side, found = &b.events, events
	}
	if workflow != "" {
		found = side.about(workflow, module)
	}
	return side, found
}

// side is what one way to learn about requests says.
type side struct {
	tally
	stand       float64 // of sample events: the requests of a day that they stand for
	daily       float64 // of these, as a traffic file says
	declared    bool    // sample events have weights
	first, last string
	workflows   map[string]float64
	parts       map[string]*part
	modules     map[string]*Span
}

// part is what the rows of one kind say that say nothing of the same modules.
type part struct {
	tally
	complete  bool            // a module that is not in it is unused, not unknown
	unseen    map[string]bool // except these
	workflows map[string]float64
	modules   map[string]map[string]float64 // module → workflow ("" for none) → requests
}

// tally counts requests.
type tally struct {
	used     float64 // of one module
	of       float64 // those that would have shown it
	requests float64
	// spread is the sum of n²/k over rows of n requests of which k were looked
	// into: what is known of few stands for many.
	spread float64
}

// sample is how many requests, each of them looked into, would tell as much.
func (t tally) sample() float64 {
	if t.spread == 0 {
		return 0
	}
	return t.requests * t.requests / t.spread
}

// seen is how many requests of a row were looked into. A row of sample events says
// how often each comes, and it was called once.
func seen(d *evidence.UsageDay) float64 {
	switch {
	case d.Kind == evidence.UsageRecorder && d.Watched > 0:
		return min(d.Watched, d.Requests)
	case d.Kind == evidence.UsageInvoke && len(d.Workflows) > 0:
		n := 0.0
		for _, weight := range d.Workflows {
			if weight > 0 {
				n++
			}
		}
		return min(n, d.Requests)
	}
	return d.Requests
}

func (t *tally) add(d *evidence.UsageDay) {
	t.requests += d.Requests
	if k := seen(d); k > 0 {
		t.spread += d.Requests * d.Requests / k
	}
}

func (k *side) add(d *evidence.UsageDay) {
	if k.parts == nil {
		k.workflows, k.parts, k.modules = map[string]float64{}, map[string]*part{}, map[string]*Span{}
	}
	k.tally.add(d)
	if k.first == "" || d.Day < k.first {
		k.first = d.Day
	}
	k.last = max(k.last, d.Day)
	if d.Kind == evidence.UsageInvoke {
		k.addEvents(d)
	}
	complete := d.Kind == evidence.UsageInvoke || d.Kind == evidence.UsageRecorder
	key := d.Kind + "\x00" + strings.Join(d.Unseen, "\x00")
	p := k.parts[key]
	if p == nil {
		p = &part{complete: complete, unseen: map[string]bool{}, workflows: map[string]float64{}, modules: map[string]map[string]float64{}}
		for _, m := range d.Unseen {
			p.unseen[m] = true
		}
		k.parts[key] = p
	}
	p.add(d)
	out := unwatched(d)
	for w, n := range d.Workflows {
		k.workflows[w] += n
		if !out[w] {
			p.workflows[w] += n
		}
	}
	for _, m := range d.Modules {
		k.use(m.Module, d.Day, m.Requests > 0)
		by := p.modules[m.Module]
		if by == nil {
			by = map[string]float64{}
			p.modules[m.Module] = by
		}
		by[m.Workflow] += m.Requests
	}
}

// unwatched returns the workflows of a row that say nothing for themselves.
func unwatched(d *evidence.UsageDay) map[string]bool {
	if !slices.ContainsFunc(d.Modules, func(m evidence.ModuleUse) bool { return m.Workflow == evidence.OtherWorkflows }) {
		return nil
	}
	out := map[string]bool{}
	for w := range d.Workflows {
		out[w] = true
	}
	for _, m := range d.Modules {
		delete(out, m.Workflow)
	}
	return out
}

// addEvents notes what a row of sample events claims. Without a traffic file each
// of them is one request; weights alone tell shares, and no number of requests.
func (k *side) addEvents(d *evidence.UsageDay) {
	weighted := d.Daily > 0
	for _, n := range d.Workflows {
		weighted = weighted || n != 0 && n != 1
	}
	k.declared = k.declared || weighted
	k.daily += d.Daily
	switch {
	case d.Daily > 0:
		k.stand += d.Daily
	case weighted:
		k.stand += enough
	default:
		k.stand += d.Requests
	}
}

// use notes that a row names a module, and whether requests used it.
func (k *side) use(module, day string, used bool) {
	span := k.modules[module]
	if span == nil {
		span = &Span{}
		k.modules[module] = span
	}
	if !used {
		return
	}
	if span.First == "" || day < span.First {
		span.First = day
	}
	span.Last = max(span.Last, day)
}

// about returns how many requests used the module, of how many that would
// have shown it; workflow "" means all. Of is 0 when nothing is known.
func (k *side) about(workflow, module string) (t tally) {
	for _, p := range k.parts {
		by := p.modules[module]
		if by == nil && (!p.complete || p.unseen[module]) {
			continue // never logged, or out of the recorder's sight: these rows say nothing about it
		}
		t.requests, t.spread = t.requests+p.requests, t.spread+p.spread
		if workflow != "" {
			t.used, t.of = t.used+by[workflow], t.of+p.workflows[workflow]
			continue
		}
		for _, n := range by {
			t.used += n
		}
		t.of += p.requests
	}
	t.used = min(t.used, t.of)
	return t
}

func (k *side) basis(b *book) Basis {
	switch {
	case k == &b.real:
		return Real
	case k.declared:
		return Declared
	}
	return Events
}

// counted returns what is known about a module; workflow "" means all requests.
func (s *Summary) counted(workflow, module string) (t tally, basis Basis) {
	if s == nil {
		return t, ""
	}
	for _, b := range s.books {
		k, found := b.of(workflow, module)
		if found.of <= 0 {
			continue
		}
		basis = basis.with(k.basis(b))
		t.used, t.of = t.used+found.used, t.of+found.of
		t.requests, t.spread = t.requests+found.requests, t.spread+found.spread
	}
	return t, basis
}

func (b Basis) with(o Basis) Basis {
	if b == "" || b == o {
		return o
	}
	return Mixed
}

// Basis says what Requests and Workflows rest on, "" without any.
func (s *Summary) Basis() (basis Basis) {
	if s == nil {
		return ""
	}
	for _, b := range s.books {
		if k := b.main(); k.requests > 0 {
			basis = basis.with(k.basis(b))
		}
	}
	return basis
}

// BasisOf says what the share of a module rests on, "" where it is unknown.
func (s *Summary) BasisOf(module string) Basis {
	_, basis := s.counted("", module)
	return basis
}

// Aside is what does not count, because the other side of the same entries does: real
// requests that are too few yet, or sample events whose place real ones took. Needed
// is how many real requests would count, 0 where it is sample events. A side that
// says nothing is nil.
func (s *Summary) Aside() (real, events *Summary, needed float64) {
	if s == nil {
		return nil, nil, 0
	}
	for entry, b := range s.books {
		if b.real.requests == 0 || b.events.requests == 0 {
			continue
		}
		to, left := &events, &book{events: b.events}
		if b.main() == &b.events {
			to, left = &real, &book{real: b.real}
			needed = max(needed, math.Ceil(b.needed()))
		}
		if *to == nil {
			*to = &Summary{ColdStarts: -1, Workflows: map[string]float64{}, books: map[string]*book{}}
		}
		(*to).books[entry] = left
	}
	for _, aside := range []*Summary{real, events} {
		if aside != nil {
			aside.total()
		}
	}
	return real, events, needed
}

// Sample is how many requests or events, each of them looked into, what counts
// rests on.
func (s *Summary) Sample() float64 {
	var t tally
	if s == nil {
		return 0
	}
	for _, b := range s.books {
		k := b.main()
		t.requests, t.spread = t.requests+k.requests, t.spread+k.spread
	}
	return t.sample()
}

// Used returns the number of requests that used the module.
func (s *Summary) Used(module string) float64 {
	t, _ := s.counted("", module)
	return t.used
}

// Share returns the share of requests, 0 to 1, that used the module, and
// whether that is known. The name is absolute; a package counts as used when
// one of its modules is.
func (s *Summary) Share(module string) (share float64, known bool) {
	return s.ShareIn("", module)
}

// ShareIn is Share among the requests of one workflow ("" for all requests).
func (s *Summary) ShareIn(workflow, module string) (share float64, known bool) {
	t, _ := s.counted(workflow, module)
	if t.of <= 0 {
		return 0, false
	}
	return t.used / t.of, true
}

// Interval returns the 95 % confidence interval of Share (Wilson's), each
// bound 0 to 1, by the number of requests that were looked into and of events that
// were called: not by what they stand for. For an unknown module it is 0 to 1.
func (s *Summary) Interval(module string) (low, high float64) {
	t, _ := s.counted("", module)
	if t.of <= 0 {
		return 0, 1
	}
	const z = 1.959964
	p, n := t.used/t.of, t.sample()
	center := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	low, high = max(0, center-half), min(1, center+half)
	// The formula reaches the ends exactly; floating point does not.
	if t.used == 0 {
		low = 0
	}
	if t.used == t.of {
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
	for _, b := range s.books {
		k, _ := b.of("", module)
		for _, p := range k.parts {
			for w, n := range p.modules[module] { // all others do not use it: there may be thousands
				if _, done := out[w]; done || n <= 0 || w == "" {
					continue
				}
				if share, known := s.ShareIn(w, module); known && share > 0 {
					out[w] = share
				}
			}
		}
	}
	return out
}

// Seen returns when requests used the module first and last.
func (s *Summary) Seen(module string) (seen Span) {
	if s == nil {
		return seen
	}
	for _, b := range s.books {
		k, _ := b.of("", module)
		span := k.modules[module]
		if span == nil || span.First == "" {
			continue
		}
		if seen.First == "" || span.First < seen.First {
			seen.First = span.First
		}
		seen.Last = max(seen.Last, span.Last)
	}
	return seen
}

// Modules returns the names of all modules that some row names, sorted.
func (s *Summary) Modules() []string {
	if s == nil {
		return nil
	}
	set := map[string]bool{}
	for _, b := range s.books {
		for _, k := range []*side{&b.real, &b.events} {
			for m := range k.modules {
				set[m] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(set))
}
