package ingest

import (
	"cmp"
	"maps"
	"slices"

	"fastpath/internal/evidence"
)

// maxUses is about how many pairs of a module and a workflow one source's day has at most.
// Beyond that the workflows with the fewest requests are counted together.
const maxUses = 100_000

// maxEstimates is how many pairs of a module and a workflow of which no request was watched
// have a row each. Of more there is one row a module, for all such workflows.
const maxEstimates = 10_000

// sums are numbers by module.
type sums struct {
	n     []float64
	known []bool
	list  []int32 // of the modules that are known
}

func newSums(modules int) *sums {
	return &sums{n: make([]float64, modules), known: make([]bool, modules)}
}

// at returns the number of a module, which is known from now on.
func (s *sums) at(m int32) *float64 {
	if !s.known[m] {
		s.known[m] = true
		s.list = append(s.list, m)
	}
	return &s.n[m]
}

func (s *sums) reset() {
	for _, m := range s.list {
		s.n[m], s.known[m] = 0, false
	}
	s.list = s.list[:0]
}

// perFlow are workflows with a number each.
type perFlow map[uint32]float64

// dayWriter makes the rows of the lock, one after the other. What that takes is
// proportional to what requests were seen to use: of a module that no request of a
// workflow used there is no row. It goes through the uses of a row twice, workflow by
// workflow, so that none of them need be in memory.
type dayWriter struct {
	*collector
	spool              *spool // uses that are not in memory
	first, second      useReader
	uses, used, unseen *sums // of one workflow
	together           *sums // of the workflows that are counted together, and of requests without any
	loaded             *sums
	rows               []evidence.ModuleUse
	weight             float64 // requests that each one stands for
	survey             survey
	last               map[*source]day // where modules outside requests are named on one day alone
}

func newDayWriter(c *collector) *dayWriter {
	n := len(c.names)
	w := &dayWriter{collector: c, weight: c.table.weight(aRequest), uses: newSums(n), used: newSums(n), unseen: newSums(n), together: newSums(n), loaded: newSums(n)}
	w.survey = survey{used: newSums(n), unseen: newSums(n), logged: newSums(n)}
	if c.spilled != nil {
		w.spool = newSpool(&c.o)
	}
	return w
}

// start begins with the first row.
func (w *dayWriter) start() {
	if w.spool == nil {
		w.first, w.second = &groupReader{sets: w.sets}, &groupReader{sets: w.sets}
	} else {
		w.first, w.second = &usePool{in: w.spool.read(), weight: w.weight}, &usePool{in: w.spool.read(), weight: w.weight}
	}
}

func (w *dayWriter) close() { w.spool.close() }

// maxNamed is how many rows without requests there are: that a module is looked for, and no
// request used it, is said on each day of a source. Beyond that it is said on the last one,
// which tells the same of all its days.
const maxNamed = 200_000

// name decides on which days to say that modules are looked for.
func (w *dayWriter) name(totals map[totalKey]*total) {
	n := 0
	for _, t := range totals {
		n += len(t.source.init.list)
	}
	if n <= maxNamed {
		return
	}
	w.last = map[*source]day{}
	for _, t := range totals {
		w.last[t.source] = max(w.last[t.source], t.day)
	}
}

// day returns the row of the lock.
func (w *dayWriter) day(t *total) (*evidence.UsageDay, error) {
	d := &evidence.UsageDay{
		Entry: t.entry, Source: t.label, Day: t.day.String(), Kind: evidence.UsageLog, Requests: t.requests, ColdStarts: -1,
		MemoryMB: float64(t.memory), InitMS: median(t.inits), Workflows: map[string]float64{},
	}
	if t.source.cold {
		d.ColdStarts = min(max(t.cold, t.boots), t.requests)
	}
	r := w.look(t)
	if t.recorded() {
		w.recorder(t, d)
		for flow := range r.requests {
			r.requests[flow] = 0
		}
		for flow, n := range t.counts {
			r.requests[flow] = n * r.scale
		}
	}
	folded := w.tooMany()
	w.rows = w.rows[:0]
	w.together.reset()
	w.second.start(t)
	for _, flow := range slices.Sorted(maps.Keys(r.requests)) {
		w.flow(t, flow)
		if n := r.requests[flow]; n > 0 && flow != 0 && !folded[flow] {
			d.Workflows[w.flows[flow]] = n
		}
		for _, m := range w.uses.list {
			if n := w.uses.n[m]; flow == 0 || folded[flow] {
				*w.together.at(m) += n
			} else {
				w.row(d, m, w.flows[flow], n)
			}
		}
	}
	for m, n := range t.asked {
		*w.together.at(m) += n
	}
	if w.last == nil || w.last[t.source] == t.day {
		for _, m := range t.source.init.list { // messages outside requests: somebody looks for these modules
			for _, p := range w.parents[m] {
				w.together.at(p)
			}
		}
	}
	for _, m := range w.together.list {
		w.row(d, m, "", w.together.n[m])
	}
	if t.recorded() {
		w.rest(d, r)
		for _, m := range w.loaded.list {
			d.Loaded = append(d.Loaded, w.names[m])
		}
		slices.Sort(d.Loaded)
	}
	slices.SortFunc(w.rows, func(a, b evidence.ModuleUse) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Workflow, b.Workflow))
	})
	d.Modules = slices.Clone(w.rows)
	return d, cmp.Or(w.first.failed(), w.second.failed())
}

func (w *dayWriter) row(d *evidence.UsageDay, m int32, flow string, n float64) {
	w.rows = append(w.rows, evidence.ModuleUse{Module: w.names[m], Workflow: flow, Requests: min(n, d.Requests)})
}

// survey is what all uses of a row say together.
type survey struct {
	requests, watched perFlow
	sizes             map[uint32]int // how many modules a workflow has
	pairs             int            // the sum of sizes

	// Of the recorder's lines.
	scale        float64 // of the requests that it counted, for those that the platform did
	all          float64 // watched ones
	used, unseen *sums
	few          bool    // workflows of which none was watched, and modules
	open         float64 // else, the requests of such workflows
	logged       *sums   // what these are known to have used all the same
	idle         []uint32
}

// of is how many of the watched requests would have shown a module.
func (r *survey) of(m int32) float64 { return r.all - r.unseen.n[m] }

// look goes through the uses of a row for the first time.
func (w *dayWriter) look(t *total) *survey {
	r := &w.survey
	for _, s := range []*sums{r.used, r.unseen, r.logged, w.loaded} {
		s.reset()
	}
	*r = survey{requests: perFlow{}, watched: perFlow{}, sizes: map[uint32]int{}, scale: 1, used: r.used, unseen: r.unseen, logged: r.logged}
	flow := ^uint32(0)
	end := func() {
		if n := len(w.uses.list); n > 0 {
			r.sizes[flow] = n
			r.pairs += n
		}
		w.uses.reset()
	}
	w.first.start(t)
	for u := w.first.next(); u != nil; u = w.first.next() {
		if u.flow != flow {
			end()
			flow = u.flow
		}
		switch u.kind {
		case aProcess:
			for _, m := range u.own {
				w.loaded.at(m)
			}
			continue
		case aRequest:
			r.requests[flow] += u.n
		case aWatched:
			r.watched[flow] += u.n
			r.all += u.n
			u.look(r.used, r.unseen)
		}
		for _, m := range u.own {
			w.uses.at(m)
		}
		for _, m := range u.unseen {
			w.uses.at(m)
		}
	}
	end()
	return r
}

// flow adds up in uses what requests of one workflow used.
func (w *dayWriter) flow(t *total, flow uint32) {
	r := &w.survey
	w.uses.reset()
	w.used.reset()
	w.unseen.reset()
	for u := w.second.next(); u != nil; u = w.second.next() {
		if u.kind == aProcess {
			continue
		}
		if u.flow != flow {
			w.second.back()
			break
		}
		switch u.kind {
		case aRequest:
			for _, m := range u.own {
				*w.uses.at(m) += u.n
			}
		case aWatched:
			u.look(w.used, w.unseen)
		}
	}
	if !t.recorded() {
		return
	}
	n := t.counts[flow] * r.scale
	watched := r.watched[flow]
	if watched == 0 { // the others speak for it
		if r.few {
			for _, m := range r.used.list {
				if of := r.of(m); of > 0 {
					to := w.uses.at(m)
					*to = max(*to, n*r.used.n[m]/of)
				}
			}
			return
		}
		r.open += n
		for _, m := range w.uses.list {
			if of := r.of(m); of > 0 {
				*r.logged.at(m) += min(w.uses.n[m], n*r.used.n[m]/of)
			}
		}
		return
	}
	for _, list := range [][]int32{w.used.list, w.unseen.list} {
		for _, m := range list {
			all := r.of(m)
			if all <= 0 {
				continue
			}
			share := r.used.n[m] / all // where nothing is known of the workflow itself
			if of := watched - w.unseen.n[m]; of > 0 {
				share = w.used.n[m] / of
			}
			if share > 0 {
				to := w.uses.at(m)
				*to = max(*to, n*share)
			}
		}
	}
	if len(w.uses.list) == 0 {
		r.idle = append(r.idle, flow)
	}
}

// recorder fills in what the recorder's lines say: of each workflow its requests, and
// of each module the share of the watched ones that used it. docs/recorder.md has the
// rules.
func (w *dayWriter) recorder(t *total, d *evidence.UsageDay) {
	r := &w.survey
	d.Kind = evidence.UsageRecorder
	if t.tests {
		d.Kind = evidence.UsageTests
	}
	for flow, n := range r.watched {
		plus(&t.counts, flow, max(0, n-t.counts[flow]))
		d.Watched += n / w.weight
	}
	total := 0.0
	for _, n := range t.counts {
		total += n
	}
	if t.source.reported && t.requests > total && total > 0 {
		r.scale = t.requests / total
	}
	d.Requests = total * r.scale
	if d.Watched == 0 && !t.tests {
		d.Kind = evidence.UsageLog // nobody saw what the requests used
	}
	if d.Watched >= total {
		d.Watched = 0 // all
	}
	for _, list := range [][]int32{r.used.list, r.unseen.list} {
		for _, m := range list {
			if r.of(m) <= 0 {
				d.Unseen = append(d.Unseen, w.names[m])
			}
		}
	}
	slices.Sort(d.Unseen)
	d.Unseen = slices.Compact(d.Unseen)
	r.few = (len(t.counts)-len(r.watched))*len(r.used.list) <= maxEstimates
}

// rest gives the requests of the workflows of which none was watched the shares of all
// others, in one row for each module.
func (w *dayWriter) rest(d *evidence.UsageDay, r *survey) {
	if r.open == 0 {
		return
	}
	first := int32(-1)
	for _, m := range r.used.list {
		if of := r.of(m); of > 0 && r.used.n[m] > 0 {
			w.row(d, m, evidence.OtherWorkflows, max(0, r.open*r.used.n[m]/of-r.logged.n[m]))
			if first < 0 || w.names[m] < w.names[first] {
				first = m
			}
		}
	}
	if first >= 0 { // what has no row at all is not known
		for _, flow := range r.idle {
			w.row(d, first, w.flows[flow], 0)
		}
	}
}

// tooMany returns the workflows whose requests are counted without a workflow, because
// there are too many pairs: those with the fewest requests.
func (w *dayWriter) tooMany() map[uint32]bool {
	r := &w.survey
	if r.pairs <= maxUses {
		return nil
	}
	list := slices.SortedFunc(maps.Keys(r.requests), func(a, b uint32) int {
		return cmp.Or(cmp.Compare(r.requests[b], r.requests[a]), cmp.Compare(w.flows[a], w.flows[b]))
	})
	left := maxUses
	folded := map[uint32]bool{}
	for _, flow := range list {
		if n := r.sizes[flow]; flow == 0 || n == 0 {
			continue
		} else if left -= n; left < 0 {
			folded[flow] = true
		}
	}
	w.res.Folded += int64(len(folded))
	return folded
}
