package bench

import (
	"math"
	"slices"

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
// traffic-weighted means of a round; the others pool all processes.
type ArmResult struct {
	Name            string  `json:"name"`
	InitMS          Figure  `json:"init_ms"`
	FirstRequestMS  *Figure `json:"first_request_ms,omitempty"`
	SteadyRequestMS *Figure `json:"steady_request_ms,omitempty"`
	ColdStartMS     Figure  `json:"cold_start_ms"` // init plus first request, weighted
	RSSKiB          Figure  `json:"rss_kib"`
	Modules         Figure  `json:"modules"` // loaded by init

	loaded []string
}

// EventResult is one event over all arms.
type EventResult struct {
	Name  string     `json:"name"`
	Share float64    `json:"share"`
	Arms  []EventArm `json:"arms,omitempty"`
	// Change compares init plus first request, nil with one arm.
	Change *Change `json:"change,omitempty"`
	// Equal: both arms gave the same response in every round.
	Equal *bool `json:"equal,omitempty"`
	// ModulesReturned are modules that init no longer loads in the second
	// arm, but this event's first request does.
	ModulesReturned []string `json:"modules_returned,omitempty"`
	// Error says why the event was left out: it fails in every arm.
	Error string `json:"error,omitempty"`
}

// EventArm is one event in one arm.
type EventArm struct {
	Name            string  `json:"name"`
	FirstRequestMS  *Figure `json:"first_request_ms,omitempty"`
	SteadyRequestMS *Figure `json:"steady_request_ms,omitempty"`
	ColdStartMS     Figure  `json:"cold_start_ms"`
	Modules         Figure  `json:"modules"` // loaded by init and the first request
}

// Verdicts of a Change.
const (
	Faster       = "faster"
	Slower       = "slower"
	NoDifference = "no difference"
)

// Change compares a quantity of the second arm with the first one's, by the
// differences within each round.
type Change struct {
	BeforeMS float64  `json:"before_ms"` // median
	AfterMS  float64  `json:"after_ms"`  // median
	DiffMS   float64  `json:"diff_ms"`   // median of the paired differences, after minus before
	LowMS    *float64 `json:"diff_low_ms,omitempty"`
	HighMS   *float64 `json:"diff_high_ms,omitempty"`
	Share    float64  `json:"diff_share"` // DiffMS as a share of BeforeMS, −0.41 is −41 %
	P        float64  `json:"p"`          // Mann-Whitney U over the two samples
	N        int      `json:"n"`          // pairs
	Verdict  string   `json:"verdict"`
	// SeenShare is the smallest difference, as a share of BeforeMS, that this
	// many pairs with this noise would have shown; nil below 6 pairs.
	SeenShare *float64 `json:"seen_share,omitempty"`
}

// Comparison is the second arm against the first.
type Comparison struct {
	Before      string   `json:"before"`
	After       string   `json:"after"`
	Init        Change   `json:"init"`
	ColdStart   Change   `json:"cold_start"` // weighted init plus first request: the judgement
	ModulesGone []string `json:"modules_gone"`
	ModulesNew  []string `json:"modules_new"`
	Equal       bool     `json:"equal"` // every event gave the same response
}

// Result is what Run measured.
type Result struct {
	Arms       []ArmResult   `json:"arms"`
	Events     []EventResult `json:"events"`
	Comparison *Comparison   `json:"comparison,omitempty"`
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

// change compares paired values.
func change(before, after []float64) Change {
	diffs := make([]float64, len(before))
	for i := range diffs {
		diffs[i] = after[i] - before[i]
	}
	b, a, d := figure(before), figure(after), figure(diffs)
	c := Change{BeforeMS: b.Median, AfterMS: a.Median, DiffMS: d.Median, LowMS: d.Low, HighMS: d.High, N: len(diffs), Verdict: NoDifference}
	sb := benchmath.NewSample(slices.Clone(before), &benchmath.DefaultThresholds)
	sa := benchmath.NewSample(slices.Clone(after), &benchmath.DefaultThresholds)
	c.P = benchmath.AssumeNothing.Compare(sb, sa).P
	if b.Median != 0 {
		c.Share = d.Median / b.Median
	}
	if d.Low == nil {
		return c
	}
	switch {
	case *d.High < 0:
		c.Verdict = Faster
	case *d.Low > 0:
		c.Verdict = Slower
	}
	if b.Median != 0 {
		seen := (*d.High - *d.Low) / 2 / b.Median
		c.SeenShare = &seen
	}
	return c
}

// summarize turns the samples into a result. samples is indexed by arm, event
// and round; failed says why an event was left out.
func summarize(o *Options, samples [][][]*sample, failed []string) (*Result, error) {
	var ran []int
	weights := 0.0
	for e := range o.Events {
		if failed[e] == "" {
			ran = append(ran, e)
			weights += o.Events[e].Share
		}
	}
	if len(ran) == 0 {
		return nil, &RunError{Arm: o.Arms[0].Name, Message: "every event failed, the first with:", Detail: failed[0]}
	}
	share := func(e int) float64 {
		if weights == 0 { // only events that never come were left
			return 1 / float64(len(ran))
		}
		return o.Events[e].Share / weights
	}
	r := &Result{}
	inits := make([][]float64, len(o.Arms))
	totals := make([][]float64, len(o.Arms)) // weighted, by round
	for a := range o.Arms {
		res := ArmResult{Name: o.Arms[a].Name}
		var rss, modules, first, steady []float64
		for round := range o.Pairs {
			var cold, firstMean, steadyMean float64
			requests := true
			for _, e := range ran {
				s := samples[a][e][round]
				w := share(e)
				inits[a] = append(inits[a], s.InitMS)
				rss = append(rss, s.RSSKiB)
				modules = append(modules, float64(len(s.InitModules)))
				cold += w * s.total()
				if s.FirstRequestMS == nil || s.SteadyRequestMS == nil {
					requests = false
					continue
				}
				firstMean += w * *s.FirstRequestMS
				steadyMean += w * *s.SteadyRequestMS
			}
			totals[a] = append(totals[a], cold)
			if requests {
				first = append(first, firstMean)
				steady = append(steady, steadyMean)
			}
		}
		res.InitMS, res.RSSKiB, res.Modules = figure(inits[a]), figure(rss), figure(modules)
		res.ColdStartMS = figure(totals[a])
		res.FirstRequestMS, res.SteadyRequestMS = optionalFigure(first), optionalFigure(steady)
		res.loaded = samples[a][ran[0]][0].InitModules
		r.Arms = append(r.Arms, res)
	}
	if len(o.Arms) == 2 {
		before, after := &r.Arms[0], &r.Arms[1]
		r.Comparison = &Comparison{
			Before: before.Name, After: after.Name,
			Init:        change(inits[0], inits[1]),
			ColdStart:   change(totals[0], totals[1]),
			ModulesGone: without(before.loaded, after.loaded),
			ModulesNew:  without(after.loaded, before.loaded),
			Equal:       true,
		}
	}
	for e := range o.Events {
		ev := EventResult{Name: o.Events[e].Name, Share: o.Events[e].Share, Error: failed[e]}
		if failed[e] == "" {
			summarizeEvent(o, &ev, r.Comparison, samples, e)
		}
		r.Events = append(r.Events, ev)
	}
	return r, nil
}

func summarizeEvent(o *Options, ev *EventResult, c *Comparison, samples [][][]*sample, e int) {
	totals := make([][]float64, len(o.Arms))
	for a := range o.Arms {
		var first, steady, modules []float64
		for _, s := range samples[a][e] {
			totals[a] = append(totals[a], s.total())
			modules = append(modules, float64(len(s.InitModules)+len(s.RequestModules)))
			if s.FirstRequestMS != nil {
				first = append(first, *s.FirstRequestMS)
			}
			if s.SteadyRequestMS != nil {
				steady = append(steady, *s.SteadyRequestMS)
			}
		}
		ev.Arms = append(ev.Arms, EventArm{
			Name: o.Arms[a].Name, ColdStartMS: figure(totals[a]), Modules: figure(modules),
			FirstRequestMS: optionalFigure(first), SteadyRequestMS: optionalFigure(steady),
		})
	}
	if c == nil {
		return
	}
	ch := change(totals[0], totals[1])
	ev.Change = &ch
	equal := true
	for round, s := range samples[0][e] {
		equal = equal && s.Response == samples[1][e][round].Response
	}
	ev.Equal = &equal
	c.Equal = c.Equal && equal
	gone := map[string]bool{}
	for _, m := range c.ModulesGone {
		gone[m] = true
	}
	for _, m := range samples[1][e][0].RequestModules {
		if gone[m] {
			ev.ModulesReturned = append(ev.ModulesReturned, m)
		}
	}
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
