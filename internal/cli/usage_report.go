package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

func (a *app) usageReportCommand() *cobra.Command {
	var since dayFlag
	cmd := &cobra.Command{
		Use:   "report [ENTRY]",
		Short: "requests, usage and workflows per module",
		Long: `Report shows what the lock knows about usage: which share of the requests used
each module, how sure that is, in which workflows, and on which days first and last;
requests, cold starts, init time and memory of a day; and which modules the project
loads at start though no request that could be watched used them. It needs no profile
and executes nothing. Of sample events only the latest day counts. What tests used is
named apart: tests are no traffic.

Real requests and sample events are not added up. From 100 real requests on, or from
as many as the events stand for, real ones count, and sample events only tell of
modules that no real request could show. Before that the events count, and the report
says what the few real requests used. An interval is that of the requests and events
that were looked into; "declared" are shares that a traffic file says.`,
		Example: `  fastpath usage report
  fastpath usage report --since 2026-11-01 --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageReport(args, string(since)) },
	}
	f := cmd.Flags()
	f.Var(&since, "since", "first `DAY` to count, such as 2026-11-01 (default: all time)")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

func (a *app) runUsageReport(args []string, since string) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage report; allowed: text, json", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	o := usage.SummaryOptions{Since: since, OnlyEntry: len(p.Entries) < 2}
	if len(args) > 0 {
		entries, err := a.selectEntries(p, args)
		if err != nil {
			return err
		}
		o.Entry = entries[0].Name
	}
	lock, err := evidence.Read(filepath.Join(p.Root, evidence.FileName))
	if errors.Is(err, fs.ErrNotExist) {
		lock = &evidence.Lock{}
	} else if err != nil {
		return err
	}
	sum := usage.Summarize(lock.Usage, o)
	r, h := newUsageReport(sum), newUsageHistory(sum, lock, o.Entry)
	if a.format == "json" {
		return a.printJSON(struct {
			envelope
			*usageReport
			*usageHistory
		}{a.envelopeFor("usage-report", p.Root), r, h})
	}
	if r.Requests == 0 && len(r.Modules) == 0 && len(h.InTests) == 0 {
		what := "no usage data"
		if since != "" {
			what += " since " + since
		}
		fmt.Fprintf(a.Stdout, "%s\n\nnext: fastpath usage invoke   (sample events)\n      fastpath usage record -- CMD   (servers and commands)\n      fastpath usage ingest LOGS\n      fastpath usage pull --log-group GROUP\n", what)
		return nil
	}
	a.printUsage(t, r)
	a.printHistory(r, h)
	return nil
}

// newUsageHistory adds what the rows say about days, and what the profile of
// one entry, or of all (""), says was loaded.
func newUsageHistory(s *usage.Summary, lock *evidence.Lock, entry string) *usageHistory {
	h := &usageHistory{Seen: []usageSpan{}, Unused: []usageUnused{}, InTests: []string{}, Aside: []usageAside{}}
	for _, f := range []struct {
		to  **float64
		get func() (float64, bool)
	}{{&h.DailyRequests, s.Daily}, {&h.InitMS, s.InitMS}, {&h.MemoryMB, s.MemoryMB}} {
		if v, ok := f.get(); ok {
			*f.to = figure(v)
		}
	}
	for _, m := range s.Modules() {
		if span := s.Seen(m); span.First != "" {
			h.Seen = append(h.Seen, usageSpan{m, span.First, span.Last})
		}
	}
	for _, m := range loadedAtStart(s, lock, entry) {
		if share, known := s.Share(m); known && share == 0 {
			_, high := s.Interval(m)
			h.Unused = append(h.Unused, usageUnused{m, round6(high), s.BasisOf(m)})
		}
	}
	for _, m := range s.InTests() {
		if share, known := s.Share(m); !known || share == 0 {
			h.InTests = append(h.InTests, m)
		}
	}
	real, events, needed := s.Aside()
	if real != nil {
		h.Aside = append(h.Aside, usageAside{needed, newUsageReport(real)})
	}
	if events != nil {
		h.Aside = append(h.Aside, usageAside{0, newUsageReport(events)})
	}
	return h
}

// loadedAtStart returns the modules that module-level statements of the project
// name and that were loaded before the first request, sorted: by the profile,
// and by what the recorder saw. What libraries load for themselves is no
// choice of the project.
func loadedAtStart(s *usage.Summary, lock *evidence.Lock, entry string) []string {
	set := map[string]bool{}
	for _, m := range s.Loaded() {
		set[m] = true
	}
	for name, e := range lock.Entries {
		if entry != "" && name != entry {
			continue
		}
		loaded := map[string]bool{}
		for _, m := range e.Modules {
			loaded[m.Name] = m.Phase == evidence.PhaseInit && m.Kind != "missing" && m.File == ""
		}
		for _, d := range e.Edges {
			if d.File == "" || d.Phase != evidence.PhaseInit {
				continue
			}
			for _, m := range d.To {
				set[m] = set[m] || loaded[m]
			}
		}
	}
	maps.DeleteFunc(set, func(_ string, loaded bool) bool { return !loaded })
	return slices.Sorted(maps.Keys(set))
}

// printHistory prints what usage report adds, for people.
func (a *app) printHistory(r *usageReport, h *usageHistory) {
	w := a.Stdout
	var lines []string
	var day []string
	if h.DailyRequests != nil {
		n := math.Round(*h.DailyRequests)
		day = append(day, fmt.Sprintf("%s %s a day", grouped(n), plural(int(n), "request")))
	}
	if h.InitMS != nil {
		day = append(day, "init "+msText(*h.InitMS))
	}
	if h.MemoryMB != nil {
		day = append(day, fmt.Sprintf("%s MB", grouped(*h.MemoryMB)))
	}
	if len(day) > 0 {
		lines = append(lines, strings.Join(day, ", "))
	}
	for _, s := range h.Seen {
		if s.Last < r.Window.Last { // not any more
			lines = append(lines, fmt.Sprintf("%s was last used on %s", s.Module, s.Last))
		}
	}
	var names, foreseen []string
	high := 0.0
	for _, u := range h.Unused {
		if u.Basis == usage.Declared {
			foreseen = append(foreseen, u.Module)
		} else {
			names, high = append(names, u.Module), max(high, u.ShareHigh)
		}
	}
	if len(names) > 0 {
		lines = append(lines, fmt.Sprintf("loaded but unused: %s (95%% sure: at most %s of requests)", strings.Join(names, ", "), percentText(high)))
	}
	if len(foreseen) > 0 {
		lines = append(lines, fmt.Sprintf("loaded but unused by the sample events: %s", strings.Join(foreseen, ", ")))
	}
	if len(h.InTests) > 0 {
		lines = append(lines, "used in tests, not traffic: "+strings.Join(h.InTests, ", "))
	}
	for _, aside := range h.Aside {
		lines = append(lines, aside.text(r))
	}
	if len(lines) > 0 {
		fmt.Fprintf(w, "\n%s\n", strings.Join(lines, "\n"))
	}
}

// text says what does not count, and why.
func (s *usageAside) text(counts *usageReport) string {
	if s.Basis == usage.Real {
		line := fmt.Sprintf("%s in logs or under the recorder (%s), too few to count: %s would take the place of the sample events", countedRequests(s.Requests), days(s.Window), grouped(s.Needed))
		var used []string
		for _, m := range s.Modules {
			if m.Share > 0 {
				used = append(used, fmt.Sprintf("%s %s (%s-%s)", m.Module, percentText(m.Share), percentText(m.ShareLow), percentText(m.ShareHigh)))
			}
		}
		if len(used) > 0 {
			line += "; of these used " + joinOr(used, 5)
		}
		return line
	}
	line := fmt.Sprintf("the sample events (%s, %s)", s.counted(), days(s.Window))
	var only []string
	for _, m := range counts.Modules {
		if m.Basis == usage.Events || m.Basis == usage.Declared {
			only = append(only, m.Module)
		}
	}
	if len(only) > 0 {
		return line + " count only for what real requests cannot show: " + joinOr(only, 5)
	}
	return line + " do not count: real requests took their place"
}
