package evidence

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Moved reports whether a figure changed by more than 25 % and 0.5 ms.
func Moved(old, new float64) bool {
	d := math.Abs(new - old)
	return d > 0.5 && d > 0.25*math.Abs(old)
}

// Pace returns how many times as long as in old everything took in new: the
// median over the modules of at least a millisecond. A machine that is busy,
// hot or shared runs all code slower alike; that says nothing of the program.
// Pace is 1 where there are too few modules, where the environments differ,
// and beyond a factor of 2, which is no matter of pace.
func Pace(old, new *Entry) float64 {
	const enough = 8
	if old.Environment != new.Environment {
		return 1
	}
	before := make(map[string]float64, len(old.Modules))
	for _, m := range old.Modules {
		before[m.Name] = m.SelfMS
	}
	var ratios []float64
	for _, m := range new.Modules {
		if ms := before[m.Name]; ms >= 1 && m.SelfMS > 0 {
			ratios = append(ratios, m.SelfMS/ms)
		}
	}
	if len(ratios) < enough {
		return 1
	}
	slices.Sort(ratios)
	if r := ratios[len(ratios)/2]; r >= 0.5 && r <= 2 {
		return r
	}
	return 1
}

// movedBeyond reports whether a figure moved beyond the pace of the machine
// and twice the spread of the runs, by which two measurements of the same
// differ on a machine that others use.
func movedBeyond(pace, spread, old, new float64) bool {
	return Moved(old, new) && Moved(old, new/pace) && math.Abs(new/pace-old) > 2*spread
}

// selfNoise is the least spread of a module, in ms, or a third of what it takes:
// from one profile to the next those of a millisecond or two move by one
// though the runs of each agree, where others use the processor's caches.
const selfNoise = 0.6

// codeNoise is the least spread, in ms, of code that runs at start: it is timed a
// few times only, at the point where the interpreter opens most files.
const codeNoise = 1

// gcNoise is a share of what collections take that is noise beside the spread of
// the runs: they walk through all memory, so that whoever shares the processor's
// caches slows them down more than code.
const gcNoise = 0.125

// comparison compares a fresh measurement with what was written before.
type comparison struct {
	old, new *Entry
	noise    Noise
	pace     float64
	rows     map[string]Module // of old

	again map[string]float64 // self times of new.Again, nil without one
	pace2 float64            // of new.Again
	doubt bool               // new.Again has had few runs
}

func compare(old, new *Entry) *comparison {
	c := &comparison{old: old, new: new, pace: Pace(old, new), rows: make(map[string]Module, len(old.Modules))}
	if new.Noise != nil {
		c.noise = *new.Noise
	}
	for _, m := range old.Modules {
		c.rows[m.Name] = m
	}
	if new.Again != nil {
		c.pace2, c.again = Pace(old, new.Again), make(map[string]float64, len(new.Again.Modules))
		for _, m := range new.Again.Modules {
			c.again[m.Name] = m.SelfMS
		}
	}
	return c
}

// take returns what is to be written of a figure: the old one, or the least of
// the new ones where it moved.
func (c *comparison) take(spread, old, new, again float64) float64 {
	switch {
	case !movedBeyond(c.pace, spread, old, new):
		return old
	case c.new.Again == nil:
		return new
	case (again > old) != (new > old):
		return old
	case !movedBeyond(c.pace2, spread, old, again) && !(c.doubt && movedBeyond(1, spread, old, again)):
		return old
	}
	return min(new, again)
}

// self returns what is to be written of a module's self time.
func (c *comparison) self(m *Module) float64 {
	o, ok := c.rows[m.Name]
	if !ok {
		return m.SelfMS
	}
	again, ok := c.again[m.Name]
	if !ok {
		again = m.SelfMS
	}
	return c.take(max(c.noise.Self[m.Name], min(selfNoise, o.SelfMS/3)), o.SelfMS, m.SelfMS, again)
}

// totals returns what is to be written of the figures of whole runs: the
// fastest one, the collections, the imports of the runtime client.
func (c *comparison) totals() (fastest, collections, client float64) {
	again := cmp.Or(c.new.Again, c.new)
	return c.take(c.noise.Total, c.old.TotalMinMS, c.new.TotalMinMS, again.TotalMinMS),
		c.take(c.noise.GC+gcNoise*c.old.GCMS, c.old.GCMS, c.new.GCMS, again.GCMS),
		c.take(c.noise.Startup, c.old.StartupMS, c.new.StartupMS, again.StartupMS)
}

// Moves reports whether Merge would change a time that old has, be it of a
// module or of whole runs.
func Moves(old, new *Entry) bool { return compare(old, new).moves() }

// Doubtful reports whether Merge might change a time of old once new.Again has
// had as many runs as new. The fewer the runs, the slower is the pace of their
// least times, and a module that became slower seems to have kept its own.
func Doubtful(old, new *Entry) bool {
	c := compare(old, new)
	c.doubt = true
	return c.moves()
}

func (c *comparison) moves() bool {
	old, new := c.old, c.new
	for i := range new.Modules {
		if o, ok := c.rows[new.Modules[i].Name]; ok && c.self(&new.Modules[i]) != o.SelfMS {
			return true
		}
	}
	if !slices.Equal(old.initModules(), new.initModules()) {
		return false // the totals are of another set
	}
	fastest, collections, client := c.totals()
	return fastest != old.TotalMinMS || collections != old.GCMS || client != old.StartupMS
}

// Merge returns the entry to write after measuring new where old was written
// before; old may be nil, neither is changed.
//
// A row keeps its value and date unless it moved beyond the noise, so that
// measuring twice changes no byte; where there is new.Again, unless it did so
// in both. A module that was not measured again (it is deferred and
// its import failed or did not end) stays, with its edges, as long as an edge
// names it. Totals belong to a set of modules: they are taken over when that
// set changed, else when they moved.
func Merge(old, new *Entry) *Entry {
	if old == nil {
		return normal(new)
	}
	out, c := *new, compare(old, new)
	if out.Bench == nil {
		out.Bench, out.BenchBefore = old.Bench, old.BenchBefore
	}
	out.Startup = slices.Clone(new.Startup)
	out.StartupCode = slices.Clone(new.StartupCode)
	for i := range out.StartupCode {
		code := &out.StartupCode[i]
		for _, o := range old.StartupCode {
			if o.Name == code.Name && !movedBeyond(c.pace, max(c.noise.Code[code.Name], codeNoise), o.SelfMS, code.SelfMS) {
				code.SelfMS = o.SelfMS
			}
		}
	}
	have := make(map[string]bool, len(new.Modules))
	out.Modules = slices.Clone(new.Modules)
	for i := range out.Modules {
		m := &out.Modules[i]
		have[m.Name] = true
		ms := c.self(m)
		if o, ok := c.rows[m.Name]; ok && ms == o.SelfMS {
			m.Measured = o.Measured
		}
		m.SelfMS = ms
	}
	out.keepNamed(old, c.rows, have, new.Edges)

	if !slices.Equal(old.initModules(), new.initModules()) {
		return normal(&out)
	}
	// The fastest run and the median stay or go together: one of them from
	// another day could be on the wrong side of the other. The fastest run
	// decides, as the modules' rows are of the fastest runs, too.
	fastest, collections, client := c.totals()
	if fastest == old.TotalMinMS {
		out.TotalMedianMS = old.TotalMedianMS
	}
	out.TotalMinMS, out.GCMS, out.StartupMS = fastest, collections, client
	if d := math.Abs(float64(out.PeakKiB - old.PeakKiB)); d <= 0.25*float64(old.PeakKiB) {
		out.PeakKiB = old.PeakKiB
	}
	return normal(&out)
}

// keepNamed adds the old rows that the edges still name, the edges that start
// in them, what these name, and the distributions they come from.
func (e *Entry) keepNamed(old *Entry, rows map[string]Module, have map[string]bool, edges []Edge) {
	from := map[string][]Edge{}
	for _, d := range old.Edges {
		from[d.From] = append(from[d.From], d)
	}
	for _, s := range e.Startup {
		have[s] = true
	}
	e.Edges = slices.Clone(edges)
	e.Distributions = slices.Clone(e.Distributions)
	var queue []string
	name := func(list []Edge) {
		for _, d := range list {
			for _, to := range d.To {
				queue = append(queue, to)
				for i := strings.LastIndexByte(to, '.'); i > 0; i = strings.LastIndexByte(to[:i], '.') {
					queue = append(queue, to[:i])
				}
			}
		}
	}
	name(edges)
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		m, ok := rows[n]
		if !ok || have[n] {
			continue
		}
		have[n] = true
		m.Phase = PhaseDeferred
		e.Modules = append(e.Modules, m)
		e.Edges = append(e.Edges, from[n]...)
		name(from[n])
		for _, d := range old.Distributions {
			if d.Name == m.Distribution && !slices.ContainsFunc(e.Distributions, func(x Distribution) bool { return x.Name == d.Name }) {
				e.Distributions = append(e.Distributions, d)
			}
		}
	}
}

// initModules returns the names of the modules loaded at init, sorted.
func (e *Entry) initModules() []string {
	var names []string
	for _, m := range e.Modules {
		if m.Phase == PhaseInit {
			names = append(names, m.Name)
		}
	}
	slices.Sort(names)
	return names
}

// normal returns e as it will be read back: sorted, and rounded as written.
func normal(e *Entry) *Entry {
	out := *e
	out.Startup = slices.Sorted(slices.Values(e.Startup))
	out.StartupCode = sorted(e.StartupCode, compareStartupCode)
	for i := range out.StartupCode {
		out.StartupCode[i].SelfMS = round(out.StartupCode[i].SelfMS)
	}
	out.Distributions = sorted(e.Distributions, compareDistribution)
	out.Modules = sorted(e.Modules, compareModule)
	out.Edges = sorted(e.Edges, CompareEdges)
	for _, f := range []*float64{&out.TotalMinMS, &out.TotalMedianMS, &out.GCMS, &out.StartupMS} {
		*f = round(*f)
	}
	out.Noise, out.Again = nil, nil
	for i := range out.Modules {
		out.Modules[i].SelfMS = round(out.Modules[i].SelfMS)
	}
	return &out
}

func round(f float64) float64 { return math.Round(f*1000) / 1000 }

// Compatible returns why a profile measured in env must not be merged with
// e, and "" when it may: interpreter (X.Y), platform and machine are the same.
func (e *Entry) Compatible(env Environment) string {
	old := e.Environment
	switch {
	case old.Implementation != env.Implementation || XY(old.Version) != XY(env.Version):
		return fmt.Sprintf("it was measured with %s %s, not with %s %s", old.Implementation, old.Version, env.Implementation, env.Version)
	case old.Platform != env.Platform:
		return fmt.Sprintf("it was measured on %s, not on %s", old.Platform, env.Platform)
	case old.Machine != env.Machine:
		return "it was measured on another machine"
	}
	return ""
}

// XY returns the "3.12" of "3.12.3".
func XY(version string) string {
	parts := strings.SplitN(version, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// MergeUsage takes over days: each replaces the row with the same entry,
// source and day, and is never added to it.
func (l *Lock) MergeUsage(days []*UsageDay) {
	at := map[[3]string]int{}
	for i, u := range l.Usage {
		at[[3]string{u.Entry, u.Source, u.Day}] = i
	}
	for _, u := range days {
		key := [3]string{u.Entry, u.Source, u.Day}
		if i, ok := at[key]; ok {
			l.Usage[i] = u
			continue
		}
		at[key] = len(l.Usage)
		l.Usage = append(l.Usage, u)
	}
	slices.SortStableFunc(l.Usage, compareUsage)
}
