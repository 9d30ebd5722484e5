package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/usage"
)

// lockToMerge is lockToWrite for a command that merges usage alone: it does not keep the
// lock in memory, which may have a row for each of very many log streams.
func (a *app) lockToMerge(path string) error {
	err := evidence.EachUsage(path, nil)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return lockWritable(path)
}

// mergedUsage returns the rows of the lock without modules, in which millions of uses
// may be. It is nil where the lock cannot be read: it was written a moment ago, who reads
// it next will say so.
func mergedUsage(p *project.Project) (rows []*evidence.UsageDay) {
	err := evidence.EachUsage(filepath.Join(p.Root, evidence.FileName), func(d *evidence.UsageDay) error {
		row := *d
		row.Modules, row.Unseen, row.Loaded = nil, nil, nil
		for _, s := range []*string{&row.Entry, &row.Source, &row.Day, &row.Kind} {
			*s = strings.Clone(*s) // and the text that it is a part of is free
		}
		if row.Kind != evidence.UsageInvoke { // its workflows say what the events stand for
			row.Workflows = nil
		}
		rows = append(rows, &row)
		return nil
	})
	if err != nil {
		return nil
	}
	return rows
}

// afterMerge says, after logs were merged, which of what is known about the same requests
// counts.
func (a *app) afterMerge(p *project.Project, merged []ingestRows) {
	rows := mergedUsage(p)
	a.warnOverlap(p, rows, merged)
	a.noteSides(p, rows)
}

// warnOverlap says which of the days that were merged have the requests of a log group
// twice, as its own count and as logs, and which of them count.
func (a *app) warnOverlap(p *project.Project, rows []*evidence.UsageDay, merged []ingestRows) {
	mine := map[[2]string]bool{}
	for _, r := range merged {
		mine[[2]string{r.Source, r.Day}] = true
	}
	n, logs := 0, 0
	var first usage.Overlap
	for _, o := range usage.Overlaps(rows, len(p.Entries) < 2) {
		if !slices.ContainsFunc(slices.Concat(o.Groups, o.Logs), func(s string) bool { return mine[[2]string{s, o.Day}] }) {
			continue
		}
		if n++; n == 1 {
			first = o
		}
		if o.LogsCount {
			logs++
		}
	}
	if n > 0 {
		fmt.Fprintf(a.Stderr, "warning: %d %s known from a log group and from logs (first: %q and %q on %s), as the same requests: those count that are more, the logs' on %d %s and the log group's on %d\n",
			n, plural(n, "day is", "days are"), first.Groups[0], first.Logs[0], first.Day, logs, plural(logs, "day"), n-logs)
	}
}

// noteSides says on stderr, after usage was merged, which of real requests and sample
// events count from now on where there are both.
func (a *app) noteSides(p *project.Project, rows []*evidence.UsageDay) {
	real, events, needed := usage.Summarize(rows, usage.SummaryOptions{OnlyEntry: len(p.Entries) < 2}).Aside()
	if real != nil {
		a.step("sample events count until there are %s real requests; there are %s (fastpath usage report shows both)", grouped(needed), grouped(math.Round(real.Sample())))
	}
	if events != nil {
		a.step("real requests count in place of sample events (fastpath usage report says for which modules)")
	}
}
