package plan

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"fastpath/internal/config"
)

// What a Bound is about.
const (
	BoundUsage = "usage" // percent of requests
	BoundMS    = "ms"    // what the import costs alone
)

// Bound is a figure on whose other side the lmms policy would decide otherwise.
type Bound struct {
	Of string  // BoundUsage or BoundMS
	At float64 // the figure, in percent or ms
	By float64 // how far it is from the present one; negative: it would have to fall
	To Decision
}

// String is "412ms less: tier1" or "5 points of usage more: tier2".
func (b Bound) String() string {
	word, by := "more", math.Abs(b.By)
	if b.By < 0 {
		word = "less"
	}
	what := number(math.Round(by*10)/10) + " points of usage"
	if b.Of == BoundMS {
		what = ms(by)
	}
	return fmt.Sprintf("%s %s (%s): %s", what, word, b.at(), b.To)
}

// at is the figure with its unit.
func (b Bound) at() string {
	if b.Of == BoundMS {
		return number(b.At) + " ms"
	}
	return number(b.At) + "%"
}

// bounds returns the nearest figures, in each direction, at which the table
// would decide otherwise, given the other figure: of the usage where it is
// known, and of the import time.
func bounds(ev Evidence, c Cost, t config.Thresholds) []Bound {
	decide := func(ms, percent float64) Decision {
		ev, cost := ev, NewCost(ms, percent, c.DailyRequests, c.ColdStartRate)
		ev.MS, ev.Percent = ms, percent
		d, _ := Decide(ev, cost, t)
		return d
	}
	now := decide(ev.MS, ev.Percent)
	var out []Bound
	look := func(of string, at, from float64, other func(v float64) Decision) {
		// A bound belongs to one of its sides: what differs is looked for just
		// beyond it, and on it.
		step := max(math.Abs(at), 1) * 1e-9
		for _, v := range []float64{at - step, at, at + step} {
			if v < 0 || of == BoundUsage && v > 100 || (v-from)*(at-from) < 0 {
				continue
			}
			if d := other(v); d != now {
				out = append(out, Bound{Of: of, At: at, By: roundTiny(at - from), To: d})
				return
			}
		}
	}
	if ev.UsageKnown {
		for _, at := range []float64{t.HotUsage, roundTiny(c.ColdStartRate * 100)} {
			look(BoundUsage, at, ev.Percent, func(v float64) Decision { return decide(ev.MS, v) })
		}
	}
	for _, at := range []float64{t.LightMS, t.HeavyMS} {
		look(BoundMS, at, ev.MS, func(v float64) Decision { return decide(v, ev.Percent) })
	}
	slices.SortStableFunc(out, func(a, b Bound) int { return cmp.Compare(math.Abs(a.By), math.Abs(b.By)) })
	var nearest []Bound
	for _, b := range out {
		if !slices.ContainsFunc(nearest, func(n Bound) bool { return n.Of == b.Of && (n.By < 0) == (b.By < 0) }) {
			nearest = append(nearest, b)
		}
	}
	return nearest
}

// Inputs are the figures that the table looked at.
type Inputs struct {
	MS            float64 // alone, under the plan
	UsageKnown    bool
	Percent       float64 // of requests, 0 to 100
	ColdStartRate float64 // 0 to 1
	DailyRequests float64
	Critical      bool
	Workflow      string // the majority workflow, where Critical
	Thresholds    config.Thresholds
}
