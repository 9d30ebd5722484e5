package cli

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/term"
	"fastpath/internal/usage"
)

func (a *app) usageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "usage",
		Short: "learn which modules requests use: from sample events or from logs",
		Long: `Usage is the share of requests that use a module. It decides, together with what
an import costs, what belongs on the fast path. It is learned from sample events
(invoke), from programs that run at hand (record), or from logs (ingest, pull), and
kept in fastpath.lock: a source's day is replaced, never added, so that nothing
counts twice.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(a.usageInvokeCommand(), a.usageRecordCommand(), a.usageRecorderCommand(), a.usageIngestCommand(), a.usageReportCommand())
	cmd.AddCommand(a.usageQueryCommand(), a.usagePullCommand())
	return cmd
}

// dayFlag is a flag value: a day.
type dayFlag string

// String returns the value for the help.
func (d *dayFlag) String() string { return string(*d) }

// Type names the kind of value in the help.
func (d *dayFlag) Type() string { return "day" }

// Set reads the value.
func (d *dayFlag) Set(text string) error {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil || t.Year() < 2000 || t.Year() > 2100 {
		return fmt.Errorf("expected a day such as %s", time.Now().UTC().Format(time.DateOnly))
	}
	*d = dayFlag(text)
	return nil
}

// usageReport is what the usage commands show; its keys are among those of
// fastpath.usage-report/1.
type usageReport struct {
	Requests   float64            `json:"requests"`
	Basis      usage.Basis        `json:"basis,omitempty"` // of requests and workflows
	ColdStarts *float64           `json:"cold_starts,omitempty"`
	Window     usageWindow        `json:"window"`
	Workflows  map[string]float64 `json:"workflows"`
	Modules    []usageModule      `json:"modules"`

	sample   float64 // requests or events that were looked into
	coldRate float64
}

// usageHistory is what only usage report adds.
type usageHistory struct {
	DailyRequests *float64      `json:"daily_requests,omitempty"`
	InitMS        *float64      `json:"init_ms,omitempty"`
	MemoryMB      *float64      `json:"memory_mb,omitempty"`
	Seen          []usageSpan   `json:"seen"`
	Unused        []usageUnused `json:"loaded_unused"`
	InTests       []string      `json:"used_in_tests"` // tests are no traffic
	Aside         []usageAside  `json:"set_aside"`
}

// usageAside is what does not count: requests that are too few yet, or sample events
// whose place requests took.
type usageAside struct {
	Needed float64 `json:"needed,omitempty"` // requests that would count
	*usageReport
}

// usageSpan is when requests used a module first and last.
type usageSpan struct {
	Module string `json:"module"`
	First  string `json:"first"`
	Last   string `json:"last"`
}

// usageUnused is a module that the project loads at start and that no watched
// request used.
type usageUnused struct {
	Module    string  `json:"module"`
	ShareHigh float64 `json:"share_high"` // of the requests that may use it all the same

	Basis usage.Basis `json:"basis"`
}

// usageWindow is the first and the last day with data.
type usageWindow struct {
	First string `json:"first,omitempty"`
	Last  string `json:"last,omitempty"`
}

type usageModule struct {
	Module    string             `json:"module"`
	Requests  float64            `json:"requests"`
	Share     float64            `json:"share"`
	ShareLow  float64            `json:"share_low"`
	ShareHigh float64            `json:"share_high"`
	Basis     usage.Basis        `json:"basis"`
	Workflows map[string]float64 `json:"workflows"`
}

// newUsageReport lists the modules that were used, the most used first.
func newUsageReport(s *usage.Summary) *usageReport {
	r := &usageReport{
		Requests: round3(s.Requests), Basis: s.Basis(), Workflows: map[string]float64{}, Modules: []usageModule{}, Window: usageWindow{s.First, s.Last},
		sample: s.Sample(),
	}
	if s.ColdStarts >= 0 && (r.Basis == usage.Real || r.Basis == usage.Mixed) {
		r.ColdStarts = figure(s.ColdStarts)
		r.coldRate, _ = s.ColdStartRate()
	}
	for w, n := range s.Workflows {
		r.Workflows[w] = round3(n)
	}
	for _, m := range s.Modules() {
		share, _ := s.Share(m)
		low, high := s.Interval(m)
		um := usageModule{
			Module: m, Requests: round3(s.Used(m)), Share: round6(share), ShareLow: round6(low), ShareHigh: round6(high),
			Basis: s.BasisOf(m), Workflows: s.ByWorkflow(m),
		}
		for w, v := range um.Workflows {
			um.Workflows[w] = round6(v)
		}
		r.Modules = append(r.Modules, um)
	}
	slices.SortStableFunc(r.Modules, func(a, b usageModule) int { return cmp.Compare(b.Share, a.Share) })
	return r
}

// printUsage prints a report for people.
func (a *app) printUsage(t *term.Terminal, r *usageReport) {
	w := a.Stdout
	head := []string{r.counted()}
	if r.Window.First != "" {
		head = append(head, days(r.Window))
	}
	if n := len(r.Workflows); n > 0 {
		head = append(head, fmt.Sprintf("%d %s", n, plural(n, "workflow")))
	}
	if r.ColdStarts != nil && r.Requests > 0 {
		rate := *r.ColdStarts / r.Requests
		if r.Basis == usage.Mixed { // events have none
			rate = r.coldRate
		}
		head = append(head, fmt.Sprintf("%s cold %s (%s)", grouped(*r.ColdStarts), plural(int(*r.ColdStarts), "start"), percentText(rate)))
	}
	fmt.Fprintln(w, strings.Join(head, " · "))
	if len(r.Modules) == 0 {
		return
	}
	seen := 0
	for _, n := range r.Workflows {
		if n > 0 {
			seen++
		}
	}
	table := term.Table{Columns: []term.Column{{Title: "module"}, {Title: "used", Right: true}, {Title: "95% interval", Right: true}, {Title: "requests", Right: true}, {Title: "workflows"}}}
	for _, m := range r.Modules {
		interval, requests := percentText(m.ShareLow)+"-"+percentText(m.ShareHigh), grouped(math.Round(m.Requests*10)/10)
		if m.Basis == usage.Declared {
			interval = "declared"
		}
		if m.Basis != r.Basis && r.Basis != usage.Mixed { // of other requests than the head counts
			requests = "–"
			if m.Basis == usage.Events {
				interval = "events"
			}
		}
		table.Row(m.Module, percentText(m.Share), interval, requests, moduleWorkflows(m, seen))
	}
	fmt.Fprintf(w, "\n%s", table.Render(t))
}

// counted is "1,000 requests", with what they rest on where they did not happen.
func (r *usageReport) counted() string { return countedOf(r.Requests, r.sample, r.Basis) }

// countedOf is counted of requests that rest on a sample.
func countedOf(requests, sample float64, basis usage.Basis) string {
	text := countedRequests(requests)
	switch basis {
	case usage.Declared:
		return text + fmt.Sprintf(" declared for %s %s", grouped(math.Round(sample)), plural(int(math.Round(sample)), "event"))
	case usage.Events:
		return text + " of sample events"
	case usage.Mixed:
		return text + ", those of sample events among them"
	}
	return text
}

// moduleWorkflows names the workflows that use a module, the most often using
// ones first.
func moduleWorkflows(m usageModule, all int) string {
	names := make([]string, 0, len(m.Workflows))
	for name := range m.Workflows {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(m.Workflows[b], m.Workflows[a]), cmp.Compare(a, b)) })
	if len(names) == all && all > 1 && m.Workflows[names[all-1]] == 1 {
		return "all"
	}
	for i, name := range names {
		if share := m.Workflows[name]; share < 1 {
			names[i] = name + " " + percentText(share)
		}
	}
	return joinOr(names, 4)
}

// countedRequests is "1,000 requests".
func countedRequests(n float64) string {
	return grouped(math.Round(n*10)/10) + " " + plural(int(n), "request")
}

// days is "2026-03-01" or "2026-03-01 to 2026-03-09".
func days(w usageWindow) string {
	if w.First == w.Last {
		return w.First
	}
	return w.First + " to " + w.Last
}
