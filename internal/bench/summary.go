package bench

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"
)

// confidence is the level of every interval.
const confidence = 0.95

// Figure summarises the samples of one quantity. Low and High bound the
// median at 95 % and are nil where there are too few samples to say (fewer
// than 6).
type Figure struct {
	Min    float64  `json:"min"`
	Median float64  `json:"median"`
	Low    *float64 `json:"low,omitempty"`
	High   *float64 `json:"high,omitempty"`
	N      int      `json:"n"`
}

// ArmResult is one arm over all events. Figures of requests are the
// traffic-weighted means of a round; the others pool all processes. Those that
// this system or this kind of entry does not tell are nil.
type ArmResult struct {
	Name            string  `json:"name"`
	Client          string  `json:"client,omitempty"` // of the Runtime API: lambdaapi.Client
	InitMS          Figure  `json:"init_ms"`          // from the start of the process; of a command all of it
	FirstRequestMS  *Figure `json:"first_request_ms,omitempty"`
	SteadyRequestMS *Figure `json:"steady_request_ms,omitempty"`
	ColdStartMS     Figure  `json:"cold_start_ms"`    // init plus first request, weighted
	CPUMS           *Figure `json:"cpu_ms,omitempty"` // of the same
	RSSKiB          *Figure `json:"rss_kib,omitempty"`
	Modules         *Figure `json:"modules,omitempty"` // loaded by init, counted in processes that are not timed
}

// EventResult is one event over all arms.
type EventResult struct {
	Name  string     `json:"name"`
	Share float64    `json:"share"`
	Arms  []EventArm `json:"arms,omitempty"`
	// EventChange is that of Result.Comparison.
	*EventChange
	// Error says why the event was left out: it fails in every arm.
	Error string `json:"error,omitempty"`
}

// EventArm is one event in one arm.
type EventArm struct {
	Name            string  `json:"name"`
	FirstRequestMS  *Figure `json:"first_request_ms,omitempty"`
	SteadyRequestMS *Figure `json:"steady_request_ms,omitempty"`
	ColdStartMS     Figure  `json:"cold_start_ms"`
	Modules         *Figure `json:"modules,omitempty"` // loaded by init and the first request
}

// EventChange compares one event in two arms.
type EventChange struct {
	Change Change `json:"change"` // of init plus first request
	// Equal: both arms gave the same answers, apart from what Varies.
	Equal      bool        `json:"equal"`
	Difference *Difference `json:"difference,omitempty"`
	// Varies are the values of the answers that change from process to process
	// within an arm, and that were not compared.
	Varies []string `json:"varies,omitempty"`
	// ModulesReturned are modules that init no longer loads in the second
	// arm, but this event's first request does.
	ModulesReturned []string `json:"modules_returned,omitempty"`
}

// Comparison is one arm against another.
type Comparison struct {
	Before      string              `json:"before"`
	After       string              `json:"after"`
	Init        Change              `json:"init"`
	ColdStart   Change              `json:"cold_start"` // weighted init plus first request: the judgement
	ModulesGone []string            `json:"modules_gone"`
	ModulesNew  []string            `json:"modules_new"`
	GoneChains  map[string][]string `json:"gone_chains,omitempty"` // by module: the statements that loaded it, FILE:LINE
	NewChains   map[string][]string `json:"new_chains,omitempty"`
	Equal       bool                `json:"equal"` // every event gave the same answer

	// Events are the changes by event, in the order of Result.Events; those of
	// events that were left out are nil.
	Events []*EventChange `json:"events,omitempty"`
}

// Result is what Run measured.
type Result struct {
	Rounds     int           `json:"runs"`
	Arms       []ArmResult   `json:"arms"`
	Events     []EventResult `json:"events"`
	Comparison *Comparison   `json:"comparison,omitempty"`
	// Further are the comparisons of Options.Pairs after the first.
	Further  []*Comparison `json:"further_comparisons,omitempty"`
	Warnings []string      `json:"warnings,omitempty"`
}

// Comparisons returns all of them.
func (r *Result) Comparisons() []*Comparison {
	if r.Comparison == nil {
		return nil
	}
	return append([]*Comparison{r.Comparison}, r.Further...)
}

func figure(values []float64) Figure {
	s := benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds)
	sum := benchmath.AssumeNothing.Summary(s, confidence)
	f := Figure{Min: slices.Min(values), Median: sum.Center, N: len(values)}
	if !math.IsInf(sum.Lo, 0) && !math.IsInf(sum.Hi, 0) {
		lo, hi := sum.Lo, sum.Hi
		f.Low, f.High = &lo, &hi
	}
	return f
}

func optionalFigure(values []float64) *Figure {
	if len(values) == 0 {
		return nil
	}
	f := figure(values)
	return &f
}

// known drops zeroes, which stand for what is not known.
func known(values []float64) []float64 {
	return slices.DeleteFunc(values, func(v float64) bool { return v == 0 })
}

// share returns an event's share among those that ran.
func (b *bench) share(e int) float64 {
	weights := 0.0
	for _, r := range b.ran {
		weights += b.Events[r].Share
	}
	if weights == 0 { // only events that never come were left
		return 1 / float64(len(b.ran))
	}
	return b.Events[e].Share / weights
}

// weighted returns by round what value says of each event, weighted by
// traffic; nil when it says nothing of some.
func (b *bench) weighted(a *armRun, value func(*sample) *float64) []float64 {
	var out []float64
	for round := range a.events[b.Events[b.ran[0]].Name].samples {
		sum := 0.0
		for _, e := range b.ran {
			v := value(a.events[b.Events[e].Name].samples[round])
			if v == nil {
				return nil
			}
			sum += b.share(e) * *v
		}
		out = append(out, sum)
	}
	return out
}

// coldStarts returns init plus first request by round, weighted.
func (b *bench) coldStarts(a *armRun) []float64 {
	return b.weighted(a, func(s *sample) *float64 { t := s.total(); return &t })
}

// inits returns init by round, the mean over the events.
func (b *bench) inits(a *armRun) []float64 {
	var out []float64
	for round := range a.events[b.Events[b.ran[0]].Name].samples {
		sum := 0.0
		for _, e := range b.ran {
			sum += a.events[b.Events[e].Name].samples[round].initMS
		}
		out = append(out, sum/float64(len(b.ran)))
	}
	return out
}

// summarize turns the samples into a result.
func (b *bench) summarize() *Result {
	r := &Result{}
	for _, a := range b.arms {
		r.Arms = append(r.Arms, b.summarizeArm(a))
	}
	r.Rounds = r.Arms[0].ColdStartMS.N
	for _, p := range b.Pairs {
		c := b.compare(b.arms[p.Before], b.arms[p.After])
		if r.Comparison == nil {
			r.Comparison = c
		} else {
			r.Further = append(r.Further, c)
		}
	}
	for e, ev := range b.Events {
		res := EventResult{Name: ev.Name, Share: ev.Share, Error: b.failed[e]}
		if res.Error == "" {
			for _, a := range b.arms {
				res.Arms = append(res.Arms, summarizeEvent(a, ev.Name))
			}
			if r.Comparison != nil {
				res.EventChange = r.Comparison.Events[e]
			}
		}
		r.Events = append(r.Events, res)
	}
	if r.Comparison != nil && len(r.Further) == 0 {
		r.Comparison.Events = nil // they stand in the events
	}
	now := b.arms[len(b.arms)-1]
	if len(b.Pairs) > 0 {
		now = b.arms[b.Pairs[0].After]
	}
	for _, a := range b.arms {
		if names := a.foreign(now.Root); len(names) > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s loads %s from the folder of %s, as an editable install does, so that the two were not measured apart", a.Name, some(names), now.Name))
		}
	}
	return r
}

// some names the first of several modules.
func some(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s and %d more modules", strings.Join(names[:3], ", "), len(names)-3)
	}
	return strings.Join(names, ", ")
}

func (b *bench) summarizeArm(a *armRun) ArmResult {
	var inits, cpu, rss, modules []float64
	for _, e := range b.ran {
		run := a.events[b.Events[e].Name]
		for _, s := range run.samples {
			inits, cpu, rss = append(inits, s.initMS), append(cpu, s.cpuMS), append(rss, s.rssKiB)
		}
		modules = append(modules, float64(len(run.init)))
	}
	return ArmResult{
		Name: a.Name, Client: string(a.client),
		InitMS: figure(inits), ColdStartMS: figure(b.coldStarts(a)),
		FirstRequestMS:  optionalFigure(b.weighted(a, func(s *sample) *float64 { return s.firstRequestMS })),
		SteadyRequestMS: optionalFigure(b.weighted(a, func(s *sample) *float64 { return s.steadyRequestMS })),
		CPUMS:           optionalFigure(known(cpu)), RSSKiB: optionalFigure(known(rss)), Modules: optionalFigure(known(modules)),
	}
}

func summarizeEvent(a *armRun, name string) EventArm {
	run := a.events[name]
	var totals, first, steady []float64
	for _, s := range run.samples {
		totals = append(totals, s.total())
		if s.firstRequestMS != nil {
			first = append(first, *s.firstRequestMS)
		}
		if s.steadyRequestMS != nil {
			steady = append(steady, *s.steadyRequestMS)
		}
	}
	return EventArm{
		Name: a.Name, ColdStartMS: figure(totals), FirstRequestMS: optionalFigure(first), SteadyRequestMS: optionalFigure(steady),
		Modules: optionalFigure(known([]float64{float64(len(run.init) + len(run.request))})),
	}
}

// initModules are what init loads, by the first event whose process told.
func (b *bench) initModules(a *armRun) []string {
	for _, e := range b.ran {
		if run := a.events[b.Events[e].Name]; run.init != nil {
			return run.init
		}
	}
	return nil
}

// levels returns the levels of the judgement and of what is judged beside it in
// one comparison: init, and the events where there are several.
func (b *bench) levels() (judgement, beside float64) {
	comparisons := float64(len(b.Pairs))
	judgement, beside = judgementLevel/comparisons, besideLevel/comparisons
	if len(b.ran) > 1 {
		beside /= float64(1 + len(b.ran))
	}
	return judgement, beside
}

// compare judges two arms.
func (b *bench) compare(before, after *armRun) *Comparison {
	judgement, beside := b.levels()
	old, now := b.initModules(before), b.initModules(after)
	c := &Comparison{
		Before: before.Name, After: after.Name,
		Init:        change(b.inits(before), b.inits(after), beside),
		ColdStart:   change(b.coldStarts(before), b.coldStarts(after), judgement),
		ModulesGone: without(old, now), ModulesNew: without(now, old),
		Equal: true,
	}
	if !before.handler() { // one process is one request: there is one judgement
		c.Init = c.ColdStart
	}
	c.GoneChains, c.NewChains = before.chains(c.ModulesGone), after.chains(c.ModulesNew)
	gone := map[string]bool{}
	for _, m := range c.ModulesGone {
		gone[m] = true
	}
	c.Events = make([]*EventChange, len(b.Events))
	for _, e := range b.ran {
		x, y := before.events[b.Events[e].Name], after.events[b.Events[e].Name]
		level := beside
		if len(b.ran) == 1 {
			level = judgement // it is the judgement
		}
		ch := &EventChange{Change: change(totals(x), totals(y), level)}
		ch.Difference, ch.Varies = compareAnswers(&x.answers, &y.answers, !before.handler())
		ch.Equal = ch.Difference == nil
		c.Equal = c.Equal && ch.Equal
		for _, m := range y.request {
			if gone[m] {
				ch.ModulesReturned = append(ch.ModulesReturned, m)
			}
		}
		c.Events[e] = ch
	}
	return c
}

func totals(run *eventRun) []float64 {
	out := make([]float64, len(run.samples))
	for i, s := range run.samples {
		out[i] = s.total()
	}
	return out
}

// without returns the elements of a that are not in b, in a's order.
func without(a, b []string) []string {
	in := make(map[string]bool, len(b))
	for _, x := range b {
		in[x] = true
	}
	out := []string{}
	for _, x := range a {
		if !in[x] {
			out = append(out, x)
		}
	}
	return out
}
