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
// workflow used there is no row.
type dayWriter struct {
	*collector
	uses, used, unseen *sums // of one workflow
	together           *sums // of the workflows that are counted together, and of requests without any
	rows               []evidence.ModuleUse
	weight             float64 // requests that each one stands for
	own, others        []int32
	sums               recorderSums
	last               map[*source]day // where modules outside requests are named on one day alone
}

func newDayWriter(c *collector, weight float64) *dayWriter {
	n := len(c.names)
	return &dayWriter{collector: c, weight: weight, uses: newSums(n), used: newSums(n), unseen: newSums(n), together: newSums(n)}
}

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

// modules returns those of a set, until it is called again.
func (w *dayWriter) modules(set uint32) []int32 {
	w.own = w.sets.all(w.own[:0], set)
	return w.own
}

// byFlow returns groups in the order of their workflows.
func byFlow(of map[group]float64) []group {
	return slices.SortedFunc(maps.Keys(of), func(a, b group) int {
		return cmp.Or(cmp.Compare(a.flow, b.flow), cmp.Compare(a.set, b.set), cmp.Compare(a.unseen, b.unseen))
	})
}

// cutFlow cuts off the groups of a workflow, if it is the next one.
func cutFlow(list []group, flow uint32) (of, rest []group) {
	n := 0
	for n < len(list) && list[n].flow == flow {
		n++
	}
	return list[:n], list[n:]
}

// day returns the row of the lock.
func (w *dayWriter) day(t *total) *evidence.UsageDay {
	d := &evidence.UsageDay{
		Entry: t.entry, Source: t.label, Day: t.day.String(), Kind: evidence.UsageLog, Requests: t.requests, ColdStarts: -1,
		MemoryMB: float64(t.memory), InitMS: median(t.inits), Workflows: map[string]float64{},
	}
	if t.source.cold {
		d.ColdStarts = min(max(t.cold, t.boots), t.requests)
	}
	requests := perFlow{}
	for g, n := range t.used {
		requests[g.flow] += n
	}
	var r *recorderSums
	if t.recorded() {
		r = w.recorder(t, d)
		for flow := range requests {
			requests[flow] = 0
		}
		for flow, n := range t.counts {
			requests[flow] = n * r.scale
		}
	}
	list := slices.Sorted(maps.Keys(requests))
	used, watched := byFlow(t.used), byFlow(t.watched)
	folded := w.tooMany(t, requests, used, watched)
	w.rows = w.rows[:0]
	w.together.reset()
	for _, flow := range list {
		var of, seen []group
		of, used = cutFlow(used, flow)
		seen, watched = cutFlow(watched, flow)
		w.flow(t, r, flow, of, seen)
		if n := requests[flow]; n > 0 && flow != 0 && !folded[flow] {
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
	if r != nil {
		w.rest(d, r)
		for m := range t.loaded {
			d.Loaded = append(d.Loaded, w.names[m])
		}
		slices.Sort(d.Loaded)
	}
	slices.SortFunc(w.rows, func(a, b evidence.ModuleUse) int {
		return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Workflow, b.Workflow))
	})
	d.Modules = slices.Clone(w.rows)
	return d
}

func (w *dayWriter) row(d *evidence.UsageDay, m int32, flow string, n float64) {
	w.rows = append(w.rows, evidence.ModuleUse{Module: w.names[m], Workflow: flow, Requests: min(n, d.Requests)})
}

// flow adds up in uses what requests of one workflow used.
func (w *dayWriter) flow(t *total, r *recorderSums, flow uint32, of, seen []group) {
	w.uses.reset()
	for _, g := range of {
		for _, m := range w.modules(g.set) {
			*w.uses.at(m) += t.used[g]
		}
	}
	if r == nil {
		return
	}
	n := t.counts[flow] * r.scale
	if len(seen) == 0 { // the others speak for it
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
	w.used.reset()
	w.unseen.reset()
	watched := w.look(t, seen, w.used, w.unseen)
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

// look adds up what watched requests used, and of which modules they cannot tell, and
// returns how many requests that are.
func (w *dayWriter) look(t *total, groups []group, used, unseen *sums) (watched float64) {
	for _, g := range groups {
		n := t.watched[g]
		watched += n
		own := w.modules(g.set)
		for _, m := range own {
			*used.at(m) += n
		}
		w.others = w.sets.all(w.others[:0], g.unseen)
		for _, m := range w.others {
			if _, found := slices.BinarySearch(own, m); !found {
				*unseen.at(m) += n
			}
		}
	}
	return watched
}

// recorderSums is what the recorder's lines say of all workflows together.
type recorderSums struct {
	scale        float64 // of the requests that it counted, for those that the platform did
	watched      float64
	used, unseen *sums
	few          bool    // workflows of which none was watched, and modules
	open         float64 // else, the requests of such workflows
	logged       *sums   // what these are known to have used all the same
	idle         []uint32
}

// of is how many of the watched requests would have shown a module.
func (r *recorderSums) of(m int32) float64 { return r.watched - r.unseen.n[m] }

// recorder fills in what the recorder's lines say: of each workflow its requests, and
// of each module the share of the watched ones that used it. docs/recorder.md has the
// rules.
func (w *dayWriter) recorder(t *total, d *evidence.UsageDay) *recorderSums {
	r := &w.sums
	for _, s := range []**sums{&r.used, &r.unseen, &r.logged} {
		if *s == nil {
			*s = newSums(len(w.names))
		}
		(*s).reset()
	}
	*r = recorderSums{scale: 1, used: r.used, unseen: r.unseen, logged: r.logged}
	d.Kind = evidence.UsageRecorder
	if t.tests {
		d.Kind = evidence.UsageTests
	}
	of := perFlow{}
	for g, n := range t.watched {
		of[g.flow] += n
	}
	for flow, n := range of {
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
	r.watched = w.look(t, byFlow(t.watched), r.used, r.unseen)
	for _, list := range [][]int32{r.used.list, r.unseen.list} {
		for _, m := range list {
			if r.of(m) <= 0 {
				d.Unseen = append(d.Unseen, w.names[m])
			}
		}
	}
	slices.Sort(d.Unseen)
	d.Unseen = slices.Compact(d.Unseen)
	r.few = (len(t.counts)-len(of))*len(r.used.list) <= maxEstimates
	return r
}

// rest gives the requests of the workflows of which none was watched the shares of all
// others, in one row for each module.
func (w *dayWriter) rest(d *evidence.UsageDay, r *recorderSums) {
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
func (w *dayWriter) tooMany(t *total, requests perFlow, used, watched []group) map[uint32]bool {
	most := 0
	for _, g := range used {
		most += len(w.modules(g.set))
	}
	for _, g := range watched {
		most += len(w.modules(g.set))
		most += len(w.modules(g.unseen))
	}
	if most <= maxUses {
		return nil
	}
	sizes := map[uint32]int{}
	list := slices.Sorted(maps.Keys(requests))
	for _, flow := range list {
		w.uses.reset()
		var of, seen []group
		of, used = cutFlow(used, flow)
		seen, watched = cutFlow(watched, flow)
		for _, g := range of {
			for _, m := range w.modules(g.set) {
				w.uses.at(m)
			}
		}
		w.look(t, seen, w.uses, w.uses)
		sizes[flow] = len(w.uses.list)
	}
	slices.SortFunc(list, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(requests[b], requests[a]), cmp.Compare(w.flows[a], w.flows[b]))
	})
	left := maxUses
	folded := map[uint32]bool{}
	for _, flow := range list {
		if n := sizes[flow]; flow == 0 || n == 0 {
			continue
		} else if left -= n; left < 0 {
			folded[flow] = true
		}
	}
	w.res.Folded += int64(len(folded))
	return folded
}
