package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/term"
	"fastpath/internal/usage"
	"fastpath/internal/usage/ingest"
)

// usageIngestOptions are the flags of usage ingest.
type usageIngestOptions struct {
	entry, source string
	day           dayFlag
}

func (a *app) usageIngestCommand() *cobra.Command {
	var opt usageIngestOptions
	cmd := &cobra.Command{
		Use:   "ingest FILE…|DIR…|-",
		Short: "learn usage from logs",
		Long: `Ingest reads the logs of Lambda functions: requests (START, REPORT, platform.start,
…), cold starts (Init Duration), and the messages "Module used: NAME" that the
program writes. It takes text logs, JSON lines and what CloudWatch exports around
them, plain or compressed with gzip or zstd; "-" is standard input.

What a log says is kept by source (the log stream, else the file's name) and day.
Reading the same log again replaces it. Nothing is executed.`,
		Example: `  fastpath usage ingest logs/
  fastpath usage ingest exported.log.gz --day 2026-11-20
  aws logs tail /aws/lambda/orders --since 1d | fastpath usage ingest - --source orders`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageErrorf("no logs; name files or folders, or - for standard input: fastpath usage ingest logs/")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageIngest(args, opt) },
	}
	f := cmd.Flags()
	f.StringVar(&opt.entry, "entry", "", "`ENTRY` that wrote the logs; needed where the project has several")
	f.StringVar(&opt.source, "source", "", "`NAME` to keep lines under that name no log stream (default: the file's name)")
	f.Var(&opt.day, "day", "`DAY` of requests without a timestamp, such as 2026-11-20 (default: the file's)")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// ingestResult is the JSON of usage ingest, fastpath.usage-ingest/1: what the
// logs say, and how well they could be read.
type ingestResult struct {
	envelope
	Files           int          `json:"files"`
	Lines           int64        `json:"lines"`
	UnreadableLines int64        `json:"unreadable_lines"`
	FirstUnreadable string       `json:"first_unreadable,omitempty"`
	Problems        []string     `json:"problems"`
	Messages        int64        `json:"messages"`         // "Module used: NAME"
	OutsideRequests int64        `json:"outside_requests"` // of these
	Sources         []ingestRows `json:"sources"`
	*usageReport
}

// ingestRows is a row of the lock.
type ingestRows struct {
	Source   string  `json:"source"`
	Day      string  `json:"day"`
	Requests float64 `json:"requests"`
	Replaced bool    `json:"replaced"`
}

func (a *app) runUsageIngest(args []string, opt usageIngestOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage ingest; allowed: text, json", a.format)
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
	files, err := ingest.List(a.Dir, args, a.Stdin)
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	path := filepath.Join(p.Root, evidence.FileName)
	lock, err := a.lockToWrite(path, false)
	if err != nil {
		return err
	}
	a.step("reading %d %s", len(files), plural(len(files), "log"))
	res, err := ingest.Logs(a.ctx, files, ingest.Options{Entry: opt.entry, Source: opt.source, Day: string(opt.day)})
	var noDay *ingest.NoDayError
	if errors.As(err, &noDay) {
		return &exitError{ExitUsage, err}
	}
	if err != nil {
		return err
	}
	a.ingestWarnings(res)
	if res.Requests == 0 {
		return fmt.Errorf("no requests in %s %s of %d %s; expected the log of a Lambda function, with START or REPORT lines, platform.start records or request ids",
			grouped(float64(res.Lines)), plural(int(res.Lines), "line"), res.Files, plural(res.Files, "file"))
	}
	out := &ingestResult{
		envelope: a.envelopeFor("usage-ingest", p.Root), Files: res.Files, Lines: res.Lines, UnreadableLines: res.Unreadable, Problems: []string{},
		Messages: res.Logged, OutsideRequests: res.Outside, usageReport: newUsageReport(usage.Summarize(res.Days, usage.SummaryOptions{})),
	}
	if res.Unreadable > 0 {
		out.FirstUnreadable = res.First.String()
	}
	for _, problem := range res.Problems {
		out.Problems = append(out.Problems, problem.String())
	}
	out.Sources = mergeLogs(lock, res.Days)
	if err := lock.Write(path); err != nil {
		return err
	}
	if a.format == "json" {
		return a.printJSON(out)
	}
	a.printUsage(t, out.usageReport)
	replaced := 0
	for _, s := range out.Sources {
		if s.Replaced {
			replaced++
		}
	}
	fmt.Fprintf(a.Stdout, "\n%d %s of %d %s merged into %s", len(out.Sources), plural(len(out.Sources), "day"), countSources(out.Sources), plural(countSources(out.Sources), "source"), evidence.FileName)
	if replaced > 0 {
		fmt.Fprintf(a.Stdout, ", %d of them replaced", replaced)
	}
	fmt.Fprintf(a.Stdout, "\n\nnext: fastpath plan\n")
	return nil
}

// countSources counts the sources of rows, which are sorted.
func countSources(rows []ingestRows) int {
	n := 0
	for i, r := range rows {
		if i == 0 || rows[i-1].Source != r.Source {
			n++
		}
	}
	return n
}

// mergeLogs takes the rows over into the lock. A row of the same log that was
// kept for another entry, or for none, is replaced too: a log has one writer.
func mergeLogs(lock *evidence.Lock, days []*evidence.UsageDay) []ingestRows {
	type key struct{ source, day string }
	rows := make([]ingestRows, 0, len(days))
	at := map[key]int{}
	for _, d := range days {
		at[key{d.Source, d.Day}] = len(rows)
		rows = append(rows, ingestRows{d.Source, d.Day, round3(d.Requests), false})
	}
	lock.Usage = slices.DeleteFunc(lock.Usage, func(u *evidence.UsageDay) bool {
		i, ok := at[key{u.Source, u.Day}]
		if !ok || u.Kind != evidence.UsageLog {
			return false
		}
		rows[i].Replaced = true
		return true
	})
	lock.MergeUsage(days)
	return rows
}

// ingestWarnings says what could not be read and what the logs do not tell.
func (a *app) ingestWarnings(res *ingest.Result) {
	warn := func(format string, args ...any) { fmt.Fprintf(a.Stderr, "warning: "+format+"\n", args...) }
	for i, problem := range res.Problems {
		if i == 10 {
			warn("… and %d more files with problems", len(res.Problems)-i)
			break
		}
		warn("%s", problem)
	}
	for _, u := range res.Undated {
		warn("%s: no timestamp says when the requests were; took the day on which the file was written, %s (--day says otherwise)", u.Source, u.Day)
	}
	if res.Unreadable > 0 {
		warn("%s of %s lines could not be read, first: %s", grouped(float64(res.Unreadable)), grouped(float64(res.Lines)), res.First)
	}
	if res.Requests == 0 {
		return
	}
	if !res.Reported {
		warn("there are no START, REPORT or platform lines: only requests that logged something are known, so that shares are too high")
	}
	if res.Logged == 0 {
		warn("no line says \"Module used: NAME\": requests are counted, but nothing is known about modules")
	}
	if res.Outside > 0 {
		warn("%s of %s \"Module used\" messages belong to no request (written while the environment started, or without a request id)",
			grouped(float64(res.Outside)), grouped(float64(res.Logged)))
	}
}
