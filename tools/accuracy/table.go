package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// print shows one case, a line a removal.
func (out outcome) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s, Python %s: %d modules\n\n", out.environment, out.python, out.modules)
	fmt.Fprintf(w, "%-50s %6s %9s %7s %9s %11s %11s\n", "removed", "gone", "right", "truth", ours, cumulative, standalone)
	for _, r := range out.removals {
		fmt.Fprintf(w, "%-50s %6d %8.2f%% %7.2f %9.2f", r.name, r.gone, 100*float64(r.right)/float64(r.all), r.truth, r.predicted[ours])
		for _, method := range methods[1:] {
			if v, ok := r.predicted[method]; ok {
				fmt.Fprintf(w, " %11.2f", v)
			}
		}
		if r.instructions >= 0 {
			fmt.Fprintf(w, "   %6.2f of the %s", r.instructions, counted)
		}
		fmt.Fprintln(w)
		if len(r.missed) > 0 {
			fmt.Fprintf(w, "    went unforeseen: %s\n", some(r.missed))
		}
		if len(r.excess) > 0 {
			fmt.Fprintf(w, "    stayed: %s\n", some(r.excess))
		}
	}
}

// some shortens a list of modules.
func some(names []string) string {
	if n := len(names) - 8; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:8], ", "), n)
	}
	return strings.Join(names, ", ")
}

// The aims, of which judge says where they are missed.
const (
	leastShare  = 0.99 // of the fates of all modules, and of those that went or were to go
	mostError   = 1.0  // points, on average
	mostCounted = 5.0  // points between truth and instructions, on average: these know no kernel
)

// errors are the distances of one method from the truth, in points.
type errors struct {
	sum, worst float64
	n          int
}

func (e *errors) add(points float64) {
	e.sum, e.worst, e.n = e.sum+math.Abs(points), max(e.worst, math.Abs(points)), e.n+1
}

func (e *errors) mean() float64 { return e.sum / float64(max(e.n, 1)) }

// totals are all cases together.
type totals struct {
	cases, removals  int
	right, modules   int // fates
	gone             int // modules that went
	wrong            int // predictions
	excess           int // of them, modules that were to go and stayed
	errors           map[string]*errors
	offered, useless map[string]int
}

// sum sums all cases up.
func sum(all []outcome) *totals {
	t := &totals{cases: len(all), errors: map[string]*errors{counted: {}}, offered: map[string]int{}, useless: map[string]int{}}
	for _, method := range methods {
		t.errors[method] = &errors{}
	}
	for _, out := range all {
		for _, method := range methods {
			t.offered[method] += out.offered[method]
			t.useless[method] += out.useless[method]
		}
		for _, r := range out.removals {
			t.removals++
			t.right, t.modules, t.gone = t.right+r.right, t.modules+r.all, t.gone+r.gone
			t.wrong += len(r.missed) + len(r.excess)
			t.excess += len(r.excess)
			for method, v := range r.predicted {
				t.errors[method].add(v - r.truth)
			}
			if r.instructions >= 0 {
				t.errors[counted].add(r.predicted[ours] - r.instructions)
			}
		}
	}
	return t
}

// shares returns the share of all fates that were predicted right, and of the
// modules that went, or were to go, those that did both.
func (t *totals) shares() (fates, went float64) {
	union := t.gone + t.excess
	return float64(t.right) / float64(max(t.modules, 1)), float64(union-t.wrong) / float64(max(union, 1))
}

// print shows the sums.
func (t *totals) print(w io.Writer) {
	fates, went := t.shares()
	fmt.Fprintf(w, "\n%d programs, %d removals\n", t.cases, t.removals)
	fmt.Fprintf(w, "fates foreseen: %d of %d (%.3f %%); %d modules went, %d predictions were wrong (%.2f %% of those that went or were to go are right)\n\n", t.right, t.modules, 100*fates, t.gone, t.wrong, 100*went)
	fmt.Fprintf(w, "%-12s %12s %12s %32s\n", "method", "mean error", "worst", "of the top five that save nothing")
	for _, method := range methods {
		e := t.errors[method]
		fmt.Fprintf(w, "%-12s %12.2f %12.2f %25d of %d\n", method, e.mean(), e.worst, t.useless[method], t.offered[method])
	}
	fmt.Fprintln(w, "\nErrors are points: percent of the program's import time. Sets are predicted by fastpath only.")
	if e := t.errors[counted]; e.n > 0 {
		fmt.Fprintf(w, "Against the instructions of %d removals, fastpath is off by %.2f points on average, %.2f at worst.\n", e.n, e.mean(), e.worst)
	}
}

// judge returns an error where an aim is missed.
func (t *totals) judge() error {
	fates, went := t.shares()
	switch e, c := t.errors[ours], t.errors[counted]; {
	case fates < leastShare:
		return fmt.Errorf("%.2f %% of the fates were foreseen; the aim is %g %%", 100*fates, 100*leastShare)
	case went < leastShare:
		return fmt.Errorf("of the modules that went or were to go, %.2f %% were right; the aim is %g %%", 100*went, 100*leastShare)
	case e.mean() > mostError:
		return fmt.Errorf("the mean error is %.2f points; the aim is %g", e.mean(), mostError)
	case t.useless[ours] > 0:
		return fmt.Errorf("%d suggestions save nothing; the aim is none", t.useless[ours])
	case c.mean() > mostCounted:
		return fmt.Errorf("predictions are %.2f points from the instructions on average; the aim is %g", c.mean(), mostCounted)
	}
	return nil
}
