package evidence

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"
)

// absurd names what TOML allows and no measurement gives: a figure that is inf
// or nan, which would spread to all sums, or negative, and a day that there is
// none, which would never grow old. "" without one.
func (l *Lock) absurd() string {
	days := dayCheck{}
	for _, name := range slices.Sorted(maps.Keys(l.Entries)) {
		e := l.Entries[name]
		if why := wrong(e.TotalMinMS, e.TotalMedianMS, e.GCMS, e.StartupMS, float64(e.PeakKiB)); why != "" {
			return fmt.Sprintf("a total of %q %s", name, why)
		}
		if !days.valid(e.Measured) {
			return fmt.Sprintf("the date %q of %q is none", e.Measured, name)
		}
		for _, b := range []*Bench{e.Bench, e.BenchBefore} {
			if b == nil {
				continue
			}
			if why := wrong(b.InitMS, b.FirstRequestMS); why != "" {
				return fmt.Sprintf("a figure of the bench of %q %s", name, why)
			}
			if !days.valid(b.Date) {
				return fmt.Sprintf("the date %q of the bench of %q is none", b.Date, name)
			}
		}
		for _, c := range e.StartupCode {
			if why := wrong(c.SelfMS); why != "" {
				return fmt.Sprintf("self_ms of %q in %q %s", c.Name, name, why)
			}
		}
		for _, m := range e.Modules {
			if why := wrong(m.SelfMS); why != "" {
				return fmt.Sprintf("self_ms of %q in %q %s", m.Name, name, why)
			}
			if !days.valid(m.Measured) {
				return fmt.Sprintf("the date %q of %q in %q is none", m.Measured, m.Name, name)
			}
		}
	}
	for _, u := range l.Usage {
		why := wrong(u.Requests, u.Watched, u.Daily, u.InitMS, u.MemoryMB, max(u.ColdStarts, 0))
		for _, n := range u.Workflows {
			why = max(why, wrong(n))
		}
		for _, m := range u.Modules {
			why = max(why, wrong(m.Requests))
		}
		if why != "" {
			return fmt.Sprintf("a number of %q on %s %s", u.Source, u.Day, why)
		}
		if !days.valid(u.Day) {
			return fmt.Sprintf("the day %q of %q is none", u.Day, u.Source)
		}
	}
	return ""
}

// wrong says why one of the figures cannot be, "" where all can.
func wrong(figures ...float64) string {
	for _, v := range figures {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return "is no finite number"
		case v < 0:
			return "is negative"
		}
	}
	return ""
}

// dayCheck remembers the last day that was one: rows repeat it.
type dayCheck struct{ last string }

// valid reports whether day is one, or left out.
func (c *dayCheck) valid(day string) bool {
	if day == c.last {
		return true
	}
	if _, err := time.Parse(time.DateOnly, day); err != nil && day != "" {
		return false
	}
	c.last = day
	return true
}
