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

// printTotals sums all cases up.
func printTotals(w io.Writer, all []outcome) {
	var right, modules, wrong, gone, removals int
	for _, out := range all {
		for _, r := range out.removals {
			removals++
			right, modules, gone = right+r.right, modules+r.all, gone+r.gone
			wrong += len(r.missed) + len(r.excess)
		}
	}
	fmt.Fprintf(w, "\n%d programs, %d removals\n", len(all), removals)
	fmt.Fprintf(w, "modules predicted right: %d of %d (%.3f %%); %d modules went, %d predictions were wrong\n\n", right, modules, 100*float64(right)/float64(max(modules, 1)), gone, wrong)
	fmt.Fprintf(w, "%-12s %12s %12s %32s\n", "method", "mean error", "worst", "of the top five that save nothing")
	for _, method := range methods {
		var sum, worst float64
		var n, offered, useless int
		for _, out := range all {
			offered, useless = offered+out.offered[method], useless+out.useless[method]
			for _, r := range out.removals {
				if v, ok := r.predicted[method]; ok {
					e := math.Abs(v - r.truth)
					sum, worst, n = sum+e, max(worst, e), n+1
				}
			}
		}
		fmt.Fprintf(w, "%-12s %12.2f %12.2f %25d of %d\n", method, sum/float64(max(n, 1)), worst, useless, offered)
	}
	fmt.Fprintln(w, "\nErrors are points: percent of the program's import time. Sets are predicted by fastpath only.")
}
