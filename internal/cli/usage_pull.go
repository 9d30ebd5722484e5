package cli

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/term"
	"fastpath/internal/usage"
	"fastpath/internal/usage/ingest"
	"fastpath/internal/usage/insights"
	"fastpath/internal/usage/store"
)

// usagePullOptions are the flags of usage pull.
type usagePullOptions struct {
	groups                        []string
	since                         sinceFlag
	style, entry, region, profile string
	dryRun, refresh               bool
}

func (a *app) usagePullCommand() *cobra.Command {
	opt := usagePullOptions{since: "30d", style: string(insights.StyleLines)}
	cmd := &cobra.Command{
		Use:   "pull --log-group GROUP",
		Short: "learn usage from CloudWatch Logs Insights",
		Long: `Pull runs the query of "usage query" over a log group, day by day, and merges the
answer. It finds region and credentials as the AWS CLI does. AWS bills what a query
reads: --dry-run shows how much that will be, and runs no query.

Answers about days that are over are kept in .fastpath/: a pull that was interrupted
goes on where it was, and the next one asks for new days only. The log group is the
source: pulling a day again replaces it. Your code is not executed.`,
		Example: `  fastpath usage pull --log-group /aws/lambda/orders --dry-run
  fastpath usage pull --log-group /aws/lambda/orders --since 30d
  fastpath usage pull --log-group /aws/lambda/orders --style json --profile prod`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.runUsagePull(opt) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&opt.groups, "log-group", nil, "`GROUP` to query, such as /aws/lambda/orders (repeatable)")
	f.Var(&opt.since, "since", "`TIME` to begin with: days or weeks back, or a day such as 2026-11-01; whole days, UTC")
	f.StringVar(&opt.style, "style", opt.style, "how the function logs: lines, json or recorder (see usage query)")
	f.StringVar(&opt.entry, "entry", "", "`ENTRY` that wrote the logs (default: the one whose function has the group's name)")
	f.StringVar(&opt.region, "region", "", "AWS `REGION` (default: AWS_REGION, else the profile's)")
	f.StringVar(&opt.profile, "profile", "", "AWS `PROFILE` (default: AWS_PROFILE)")
	f.BoolVar(&opt.dryRun, "dry-run", false, "show log groups, bytes to read and their cost, and query nothing")
	f.BoolVar(&opt.refresh, "refresh", false, "ask again for days whose answers were kept")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// sinceFlag is a flag value: a time back from now, or a day.
type sinceFlag string

// String returns the value for the help.
func (s *sinceFlag) String() string { return string(*s) }

// Type names the kind of value in the help.
func (s *sinceFlag) Type() string { return "time" }

// Set reads the value.
func (s *sinceFlag) Set(text string) error {
	*s = sinceFlag(text)
	if s.day(time.Now()).IsZero() {
		return fmt.Errorf("expected days or weeks back, such as 30d or 4w, or a day such as %s", time.Now().UTC().Format(time.DateOnly))
	}
	return nil
}

// day returns the day that the value stands for, zero when it is none.
func (s *sinceFlag) day(now time.Time) time.Time {
	text := string(*s)
	var day dayFlag
	if day.Set(text) == nil {
		t, _ := time.Parse(time.DateOnly, text)
		return t
	}
	days, unit := strings.CutSuffix(text, "d")
	length := 1
	if !unit {
		days, unit = strings.CutSuffix(text, "w")
		length = 7
	}
	n, err := strconv.Atoi(days)
	if !unit || err != nil || n < 1 || n > 3660 {
		return time.Time{}
	}
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n*length)
}

// pullResult is the JSON of usage pull, fastpath.usage-pull/1.
type pullResult struct {
	envelope
	DryRun bool         `json:"dry_run"`
	Region string       `json:"region"`
	Style  string       `json:"style"`
	Since  string       `json:"since"`
	Groups []pullGroup  `json:"groups"`
	Price  pullPrice    `json:"price"`
	Rows   []ingestRows `json:"sources,omitempty"`
	*usageReport
}

// pullGroup is a log group, with what asking it costs.
type pullGroup struct {
	LogGroup      string  `json:"log_group"`
	Entry         string  `json:"entry,omitempty"`
	StoredBytes   float64 `json:"stored_bytes"`
	RetentionDays int     `json:"retention_days,omitempty"`
	ScanBytes     float64 `json:"scan_bytes"` // estimated by a dry run, else measured
	Queries       int     `json:"queries"`
	Kept          int     `json:"kept"` // answers from earlier pulls
	Cost          float64 `json:"cost"`
}

type pullPrice struct {
	PerGB    float64 `json:"per_gb"`
	Currency string  `json:"currency"`
	Date     string  `json:"date"`
	Source   string  `json:"source"`
}

const bytesPerGB = 1e9

func (a *app) runUsagePull(opt usagePullOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage pull; allowed: text, json", a.format)
	}
	style, err := styleNamed(opt.style)
	if err != nil {
		return err
	}
	if len(opt.groups) == 0 {
		return usageErrorf("no log group; name one: fastpath usage pull --log-group /aws/lambda/NAME; \"aws logs describe-log-groups\" lists them")
	}
	now := a.today().UTC()
	since := opt.since.day(now)
	if !since.Before(now) {
		return usageErrorf("--since %q is not in the past", opt.since)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	if opt.entry != "" {
		entries, err := a.selectEntries(p, []string{opt.entry})
		if err != nil {
			return err
		}
		opt.entry = entries[0].Name
	}
	path := filepath.Join(p.Root, evidence.FileName)
	if _, err := a.lockToWrite(path, false); err != nil {
		return err
	}
	client, err := insights.NewClient(a.ctx, insights.Settings{Getenv: a.getenv, Region: opt.region, Profile: opt.profile})
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	var groups []*insights.Group
	for _, name := range opt.groups {
		g, err := client.Group(a.ctx, name)
		if err != nil {
			return err
		}
		groups = append(groups, g)
	}
	prices := p.Config.Prices
	out := &pullResult{
		envelope: a.envelopeFor("usage-pull", p.Root), DryRun: opt.dryRun, Region: client.Region(), Style: string(style), Since: since.Format(time.DateOnly),
		Groups: []pullGroup{}, Price: pullPrice{prices.ScanGB, prices.Currency, prices.Date, prices.Source},
	}
	if opt.dryRun {
		for _, g := range groups {
			scan := math.Round(g.Scan(since, now, now))
			out.Groups = append(out.Groups, pullGroup{
				LogGroup: g.Name, Entry: opt.entryOf(p, g.Name), StoredBytes: g.StoredBytes, RetentionDays: g.RetentionDays, ScanBytes: scan,
				Queries: insights.Queries(since, now), Cost: round6(scan / bytesPerGB * prices.ScanGB),
			})
		}
		if a.format == "json" {
			return a.printJSON(out)
		}
		a.printDryRun(t, out)
		return nil
	}
	sum := usage.NewAdder()
	for _, g := range groups {
		done, err := a.pullGroup(p, client, insights.Request{Group: g, Style: style, From: since, To: now}, opt, out, sum)
		if err != nil {
			return err
		}
		out.Rows = append(out.Rows, mergedRows(done)...)
	}
	a.afterMerge(p, out.Rows)
	out.usageReport = newUsageReport(sum.Summary())
	if a.format == "json" {
		return a.printJSON(out)
	}
	a.printUsage(t, out.usageReport)
	a.printPulled(out)
	return nil
}

// entryOf returns the entry whose function writes a log group, "" when that is
// not known.
func (opt *usagePullOptions) entryOf(p *project.Project, group string) string {
	function, ok := strings.CutPrefix(group, "/aws/lambda/")
	if opt.entry != "" || !ok {
		return opt.entry
	}
	return entryOfFunction(p.Entries)(function)
}

// pullGroup asks about one log group and merges the answer.
func (a *app) pullGroup(p *project.Project, client *insights.Client, r insights.Request, opt usagePullOptions, out *pullResult, sum *usage.Adder) (*store.Committed, error) {
	a.step("asking %s about %s since %s", client.Region(), r.Group.Name, r.From.Format(time.DateOnly))
	row := pullGroup{LogGroup: r.Group.Name, Entry: opt.entryOf(p, r.Group.Name), StoredBytes: r.Group.StoredBytes, RetentionDays: r.Group.RetentionDays}
	days, err := a.answers(p.Root, client, r, opt.refresh)
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		row.ScanBytes, row.Queries, row.Kept = row.ScanBytes+d.Bytes, row.Queries+d.Queries, row.Kept+d.Kept
	}
	row.Cost = round6(row.ScanBytes / bytesPerGB * out.Price.PerGB)
	out.Groups = append(out.Groups, row)
	if r.Style == insights.StyleRecorder {
		return a.commitLines(p, r, days, row.Entry, sum)
	}
	counted := insights.Count(row.Entry, r.Group.Name, days)
	warn := func(format string, args ...any) { fmt.Fprintf(a.Stderr, "warning: "+format+"\n", args...) }
	if len(counted.Anonymous) > 0 {
		warn("lines about %s name no request, so that nothing is known about their use; write them through logging, or use fastpath usage ingest", joinOr(counted.Anonymous, 5))
	}
	if n := len(counted.Uncounted); n > 0 && len(counted.Days) > 0 {
		warn("%d %s with \"Module used\" lines without REPORT lines are left out: nothing says how many requests there were", n, plural(n, "day"))
	}
	if len(counted.Days) == 0 {
		return nil, noneCounted(r, len(counted.Uncounted) > 0)
	}
	for _, d := range counted.Days {
		sum.Add(d)
	}
	return store.Commit(a.ctx, p.Root, &store.Batch{Days: counted.Days})
}

// answers runs the queries, with progress, and keeps answers in the history.
func (a *app) answers(root string, client *insights.Client, r insights.Request, refresh bool) (days []insights.Day, err error) {
	history, err := store.Open(a.ctx, root)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, history.Close()) }()
	if refresh {
		if err := history.ForgetAnswers(a.ctx, r.Group.ARN); err != nil {
			return nil, err
		}
	}
	done, all, kept := 0, insights.Queries(r.From, r.To), 0
	r.Cache = history
	r.Day = func(d insights.Day) {
		done++
		if d.Queries == 0 {
			kept++
			return
		}
		a.step("  %s: %s read in %d %s (%d of %d days)", d.Date, bytesText(d.Bytes), d.Queries, plural(d.Queries, "query", "queries"), done, all)
	}
	days, err = client.Days(a.ctx, r)
	if err != nil && done > 0 && !errors.Is(err, context.Canceled) {
		a.step("%d of %d days are complete and kept", done, all)
	}
	if kept > 0 && err == nil {
		a.step("  %d %s known from an earlier pull (--refresh asks again)", kept, plural(kept, "day"))
	}
	return days, err
}

// noneCounted says why an answer counts no requests.
func noneCounted(r insights.Request, used bool) error {
	other := insights.StyleJSON
	if r.Style == insights.StyleJSON {
		other = insights.StyleLines
	}
	if used {
		return fmt.Errorf("%q has \"Module used\" lines but none that counts requests; if its log format is another one, pass --style %s; else fastpath usage ingest --requests counts exported logs", r.Group.Name, other)
	}
	return fmt.Errorf("%q has no requests since %s in the style %q; if the function logs otherwise, pass --style %s or --style %s, else an earlier --since", r.Group.Name, r.From.Format(time.DateOnly), r.Style, other, insights.StyleRecorder)
}

// commitLines lets usage ingest count the recorder's lines.
func (a *app) commitLines(p *project.Project, r insights.Request, days []insights.Day, entry string, sum *usage.Adder) (*store.Committed, error) {
	lines, err := insights.Lines(days)
	if err != nil {
		return nil, err
	}
	temp, err := evidence.MakeStateDir(p.Root)
	if err != nil {
		return nil, err
	}
	logs, err := ingest.Read(a.ctx, []ingest.File{{Name: r.Group.Name, Reader: lines}}, ingest.Options{Entry: entry, EntryOf: entryOfFunction(p.Entries), Temp: temp})
	if err != nil {
		return nil, err
	}
	return store.CommitFunc(a.ctx, p.Root, func(seen store.Seen) (*store.Batch, error) {
		res, err := logs.Finish(seen)
		if err != nil {
			return nil, err
		}
		if len(res.Days) == 0 {
			return nil, noneCounted(r, false)
		}
		for _, d := range res.Days {
			sum.Add(d)
		}
		b := &store.Batch{Days: res.Days, Seen: map[store.Key][]byte{}}
		for key, data := range res.Seen {
			b.Seen[store.Key(key)] = data
		}
		return b, nil
	})
}

// printDryRun says what a pull would read and cost.
func (a *app) printDryRun(t *term.Terminal, r *pullResult) {
	w := a.Stdout
	table := term.Table{Columns: []term.Column{{Title: "log group"}, {Title: "keeps", Right: true}, {Title: "stored", Right: true}, {Title: "to read", Right: true}, {Title: "queries", Right: true}, {Title: "cost", Right: true}}}
	sum := 0.0
	for _, g := range r.Groups {
		keeps := "for ever"
		if g.RetentionDays > 0 {
			keeps = fmt.Sprintf("%d %s", g.RetentionDays, plural(g.RetentionDays, "day"))
		}
		table.Row(g.LogGroup, keeps, bytesText(g.StoredBytes), bytesText(g.ScanBytes), grouped(float64(g.Queries)), r.Price.text(g.Cost))
		sum += g.Cost
	}
	fmt.Fprintf(w, "%s since %s\n\n%s\n", r.Region, r.Since, table.Render(t))
	fmt.Fprintf(w, "cost: %s at %s %s a GB (%s, %s); [tool.fastpath.prices] scan-gb sets another\n", r.Price.text(sum), decimal(r.Price.PerGB), r.Price.Currency, r.Price.Source, r.Price.Date)
	fmt.Fprintf(w, "to read: the share of the stored bytes that these days are, as if lines came evenly\nnothing was queried\n")
}

// printPulled says what was merged and what that cost.
func (a *app) printPulled(r *pullResult) {
	queries, kept, scanned, cost, replaced := 0, 0, 0.0, 0.0, 0
	for _, g := range r.Groups {
		queries, kept, scanned, cost = queries+g.Queries, kept+g.Kept, scanned+g.ScanBytes, cost+g.Cost
	}
	for _, s := range r.Rows {
		if s.Replaced {
			replaced++
		}
	}
	fmt.Fprintf(a.Stdout, "\n%d %s merged into %s", len(r.Rows), plural(len(r.Rows), "day"), evidence.FileName)
	if replaced > 0 {
		fmt.Fprintf(a.Stdout, ", %d of them replaced", replaced)
	}
	fmt.Fprintf(a.Stdout, "\n%d %s read %s: %s", queries, plural(queries, "query", "queries"), bytesText(scanned), r.Price.text(cost))
	if kept > 0 {
		fmt.Fprintf(a.Stdout, "; %d %s kept from before", kept, plural(kept, "answer was", "answers were"))
	}
	fmt.Fprintf(a.Stdout, "\n\nnext: fastpath plan\n")
}

// text is an amount of money, with as many decimals as it needs.
func (p pullPrice) text(amount float64) string {
	switch {
	case amount == 0:
		return "0 " + p.Currency
	case amount < 0.01:
		return "less than 0.01 " + p.Currency
	}
	return fmt.Sprintf("about %.2f %s", amount, p.Currency)
}

// bytesText is an amount of data in powers of ten, as AWS bills it.
func bytesText(n float64) string {
	for _, unit := range []string{"bytes", "kB", "MB", "GB"} {
		if n < 1000 {
			if unit == "bytes" {
				return fmt.Sprintf("%.0f %s", n, unit)
			}
			return fmt.Sprintf("%.1f %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.1f TB", n)
}
