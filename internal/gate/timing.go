package gate

import (
	"fmt"

	"fastpath/internal/bench"
	"fastpath/internal/diag"
)

// Limits are what a cold start is held against.
type Limits struct {
	BudgetMS          float64 // init plus first request must stay below
	RegressionPercent float64 // and must not grow by more
}

// Timing is what the clock says about a change.
type Timing struct {
	// Budget is set when the cold start is over budget, Slower when it is slower
	// than the baseline; each was found twice.
	Budget, Slower bool
	// OverBefore: the baseline is over budget, too, so that the change is not
	// the cause.
	OverBefore bool
	NowMS      float64 // median of init plus first request
	// InitAlone is set by who measured without requests: all figures are then
	// those of init.
	InitAlone bool
	LowMS     float64 // lower bound of it at 95 %, 0 where there are too few runs
	// Change is that of the first measurement; nil without a baseline.
	Change *bench.Change
	// Confirmed says that a second measurement was taken, and Vanished that it
	// did not find again what the first one had found.
	Confirmed, Vanished bool
}

// found is what one measurement finds by itself.
type found struct{ budget, slower, overBefore bool }

func (l Limits) find(r *bench.Result, now int) found {
	f := r.Arms[now].ColdStartMS
	var out found
	// Beyond noise: the interval of the median as a whole is over budget.
	out.budget = f.Low != nil && *f.Low >= l.BudgetMS
	if c := r.Comparison; c != nil {
		out.slower, out.overBefore = l.slower(&c.ColdStart), c.ColdStart.BeforeMS >= l.BudgetMS
	}
	return out
}

// slower reports whether a change is a regression: a difference beyond noise,
// and beyond the margin.
func (l Limits) slower(c *bench.Change) bool {
	return c.Verdict == bench.Slower && c.Share*100 > l.RegressionPercent
}

// Judge measures, and once more when the first time finds something: only what
// both find counts. Now is the index of the arm of the present state.
func Judge(l Limits, now int, measure func() (*bench.Result, error)) (*Timing, error) {
	first, err := measure()
	if err != nil {
		return nil, err
	}
	t := &Timing{NowMS: first.Arms[now].ColdStartMS.Median}
	if low := first.Arms[now].ColdStartMS.Low; low != nil {
		t.LowMS = *low
	}
	if first.Comparison != nil {
		t.Change = &first.Comparison.ColdStart
	}
	f := l.find(first, now)
	if !f.budget && !f.slower {
		return t, nil
	}
	again, err := measure()
	if err != nil {
		return nil, err
	}
	t.Confirmed = true
	g := l.find(again, now)
	t.Budget, t.Slower = f.budget && g.budget, f.slower && g.slower
	t.OverBefore = f.overBefore || g.overBefore
	t.Vanished = f.budget && !g.budget || f.slower && !g.slower
	return t, nil
}

// Diagnostics reports a timing. At is the place of the entry, base what the
// change is compared with.
func (t *Timing) Diagnostics(l Limits, at diag.Span, base string) []diag.Diagnostic {
	var out []diag.Diagnostic
	subject, measured := "the cold start", "init plus first request"
	if t.InitAlone {
		subject, measured = "init", "init, without any request"
	}
	if t.Budget {
		out = append(out, diag.Diagnostic{
			Rule: RuleBudget, Severity: diag.Error, Span: at, CostMS: t.NowMS - l.BudgetMS,
			Message: fmt.Sprintf("%s takes %s, over the budget of %s", subject, milliseconds(t.NowMS), milliseconds(l.BudgetMS)),
			Notes:   []string{fmt.Sprintf("median of %s, at least %s at 95 %%, measured twice", measured, milliseconds(t.LowMS))},
			Help:    []string{"see what costs most: fastpath plan", "or raise [tool.fastpath.limits] cold-start-ms"},
		})
		if t.OverBefore {
			out[0].Severity = diag.Info
			out[0].Notes = append(out[0].Notes, fmt.Sprintf("it is over budget at %s, too: the change is not the cause, or this machine is too slow", base))
		}
	}
	if t.Slower {
		c := t.Change
		note := fmt.Sprintf("median of %s %s -> %s, %d pairs of processes, p = %.2g, measured twice",
			measured, milliseconds(c.BeforeMS), milliseconds(c.AfterMS), c.N, c.P)
		if c.LowMS != nil {
			note = fmt.Sprintf("difference %s, %s to %s at 95 %%; %s", milliseconds(c.DiffMS), milliseconds(*c.LowMS), milliseconds(*c.HighMS), note)
		}
		out = append(out, diag.Diagnostic{
			Rule: RuleSlower, Severity: diag.Error, Span: at, CostMS: c.DiffMS,
			Message: fmt.Sprintf("%s is %.0f%% slower than at %s: %s more, and %.0f%% is allowed", subject, c.Share*100, base, milliseconds(c.DiffMS), l.RegressionPercent),
			Notes:   []string{note},
			Help:    []string{fmt.Sprintf("compare by hand: fastpath bench --against %s", base), "or raise [tool.fastpath.limits] regression-percent"},
		})
	}
	return out
}
