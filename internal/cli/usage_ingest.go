package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/term"
	"fastpath/internal/usage"
	"fastpath/internal/usage/ingest"
	"fastpath/internal/usage/store"
)

// usageIngestOptions are the flags of usage ingest.
type usageIngestOptions struct {
	entry, source string
	day           dayFlag
	fields        []string
	requests      string
}

func (a *app) usageIngestCommand() *cobra.Command {
	var opt usageIngestOptions
	cmd := &cobra.Command{
		Use:   "ingest FILE…|DIR…|-",
		Short: "learn usage from logs",
		Long: `Ingest reads the logs of a program: the lines of the recorder ("fastpath usage
recorder"), and the messages "Module used: NAME". It takes Lambda's text and JSON
logs, Python's logging, any JSON lines, what CloudWatch exports, tails, queries
and sends, and OpenTelemetry, plain or compressed with gzip or zstd; "-" is
standard input. docs/logs.md lists the formats and says how to get them.

Requests are counted by START, REPORT and platform lines, or by the recorder.
Where a log has neither, say with --requests how many there were: no share is
guessed.

What a log says is kept by source (the log stream, else the file's name) and day.
Reading the same log again replaces it, and what several logs say about one
request counts once. Nothing is executed.`,
		Example: `  fastpath usage ingest logs/
  fastpath usage ingest exported.log.gz --day 2026-11-20
  fastpath usage ingest web.log --field message=msg --field request=trace.id --requests all
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
	f.StringArrayVar(&opt.fields, "field", nil, "`ROLE=NAME` of a field of JSON logs: message, module, request, workflow, time or function; NAME with dots for keys within keys (repeatable)")
	f.StringVar(&opt.requests, "requests", "", "`N` requests are in the time of these logs, or \"all\": each has a line with its id; for logs without START, REPORT or recorder lines")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// ingestResult is the JSON of usage ingest, fastpath.usage-ingest/1: what the
// logs say, and how well they could be read.
type ingestResult struct {
	envelope
	Files           int          `json:"files"`
	KnownFiles      int          `json:"known_files"` // that were read before, as they are
	Lines           int64        `json:"lines"`
	UnreadableLines int64        `json:"unreadable_lines"`
	FirstUnreadable string       `json:"first_unreadable,omitempty"`
	Unreadable      []ingestAt   `json:"unreadable"` // the first of each file
	Problems        []string     `json:"problems"`
	Messages        int64        `json:"messages"`         // "Module used: NAME"
	OutsideRequests int64        `json:"outside_requests"` // of these
	UnsureMessages  int64        `json:"unsure_messages"`
	RecorderLines   int64        `json:"recorder_lines"`
	Repeated        int64        `json:"repeated_requests"`
	RepeatedLines   int64        `json:"repeated_recorder_lines"`
	OutOfOrder      int64        `json:"out_of_order_lines"`
	Skewed          int64        `json:"skewed_lines"`
	Dropped         int64        `json:"dropped_records"`
	LeftOut         int64        `json:"names_left_out,omitempty"`
	Folded          int64        `json:"workflows_folded,omitempty"`
	OtherStreams    int64        `json:"lines_of_other_streams,omitempty"`
	OtherFunctions  int64        `json:"lines_of_other_functions,omitempty"`
	OtherSources    int64        `json:"requests_of_other_sources,omitempty"`
	Sampled         float64      `json:"sampled,omitempty"` // requests that each counted one stands for
	SampledError    float64      `json:"sampled_error,omitempty"`
	InitMS          float64      `json:"init_ms,omitempty"`
	MemoryMB        float64      `json:"memory_mb,omitempty"`
	Sources         []ingestRows `json:"sources"`
	Unknown         []ingestWant `json:"unknown_sources"`
	*usageReport
}

// ingestAt is something that could not be read.
type ingestAt struct {
	File    string `json:"file"`
	Line    int64  `json:"line"`
	Offset  int64  `json:"offset"` // bytes before it, decompressed
	Message string `json:"message"`
}

// ingestWant is a source whose requests are not known.
type ingestWant struct {
	Source   string `json:"source"`
	Requests int64  `json:"requests"` // of which there is a line
	Messages int64  `json:"messages"` // without a request
}

// ingestRows is a row of the lock.
type ingestRows struct {
	Source   string  `json:"source"`
	Day      string  `json:"day"`
	Requests float64 `json:"requests"`
	Replaced bool    `json:"replaced"`
}

// ingestMemory is a soft limit, in bytes: what is remembered of millions of requests
// takes up to 100 MB, and the collector would let that grow to twice as much.
const ingestMemory = 110 << 20

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
	requests, err := opt.requestCount()
	if err != nil {
		return err
	}
	files, err := ingest.List(a.Dir, args, a.Stdin)
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	if err := a.lockToMerge(filepath.Join(p.Root, evidence.FileName)); err != nil {
		return err
	}
	temp, err := evidence.MakeStateDir(p.Root)
	if err != nil {
		return err
	}
	a.step("reading %d %s", len(files), plural(len(files), "log"))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(ingestMemory))
	options := ingest.Options{
		Entry: opt.entry, Source: opt.source, Day: string(opt.day), Fields: opt.fields, Requests: requests, EntryOf: entryOfFunction(p.Entries), Temp: temp,
	}
	if err := options.Check(); err != nil {
		return &exitError{ExitUsage, err}
	}
	history := openHistory(a.ctx, p.Root)
	logs, err := ingest.Read(a.ctx, files, options)
	opened := <-history
	if opened.err != nil {
		return cmp.Or(err, opened.err)
	}
	if err != nil {
		return errors.Join(err, opened.store.Close())
	}
	var res *ingest.Result
	sum := newIngestSum()
	done, err := opened.store.CommitFunc(a.ctx, p.Root, func(seen store.Seen) (*store.Batch, error) {
		b := &store.Batch{}
		b.More = func(w *store.Writer) (err error) {
			res, err = logs.FinishInto(seen, ingest.Sink{Row: func(d *evidence.UsageDay) error {
				sum.add(d)
				return w.Row(d)
			}, Keep: func(key ingest.SeenKey, data []byte) error {
				return w.Remember(store.Key(key), data)
			}})
			if err != nil {
				return err
			}
			if sum.rows == 0 && !res.Known {
				return errNoRequests
			}
			for _, f := range res.Read {
				b.Files = append(b.Files, store.File(f))
			}
			return nil
		}
		return b, nil
	})
	err = errors.Join(err, opened.store.Close())
	if res != nil {
		a.ingestWarnings(res)
	}
	var noDay *ingest.NoDayError
	var few *ingest.FewRequestsError
	switch {
	case errors.Is(err, errNoRequests):
		return noRequests(res)
	case errors.As(err, &noDay), errors.As(err, &few):
		return &exitError{ExitUsage, err}
	case err != nil:
		return err
	}
	out := &ingestResult{
		envelope: a.envelopeFor("usage-ingest", p.Root), Files: res.Files, KnownFiles: len(done.Known), Lines: res.Lines, UnreadableLines: res.Unreadable, Unreadable: []ingestAt{},
		Problems: []string{}, Messages: res.Logged, OutsideRequests: res.Outside, UnsureMessages: res.Unsure, RecorderLines: res.Recorded,
		Repeated: res.Repeated, RepeatedLines: res.RepeatedLines, OutOfOrder: res.OutOfOrder, Skewed: res.Skewed, Dropped: res.Dropped, LeftOut: res.LeftOut, Folded: res.Folded, OtherStreams: res.OtherStreams, OtherFunctions: res.OtherFunctions, OtherSources: res.OtherSources,
		Unknown: []ingestWant{}, Sources: mergedRows(done), usageReport: newUsageReport(sum.usage.Summary()),
	}
	if res.Sampled > 1 {
		out.Sampled, out.SampledError = res.Sampled, round6(res.SampledError)
	}
	for i, at := range res.Places {
		if i == 0 {
			out.FirstUnreadable = at.String()
		}
		out.Unreadable = append(out.Unreadable, ingestAt(at))
	}
	for _, problem := range res.Problems {
		out.Problems = append(out.Problems, problem.String())
	}
	for _, u := range res.Unknown {
		out.Unknown = append(out.Unknown, ingestWant(u))
	}
	out.InitMS, out.MemoryMB = sum.initMS(), sum.memoryMB
	a.afterMerge(p, out.Sources)
	if len(p.Entries) > 1 && sum.nobodys {
		a.step("warning: nothing in these logs says which entry wrote them, and the project has several, so that no plan counts them; say it with --entry ENTRY")
	}
	if a.format == "json" {
		return a.printJSON(out)
	}
	if res.Known {
		fmt.Fprintf(a.Stdout, "all requests of these logs are known from other logs; nothing changed\n")
		return nil
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
	if n := out.KnownFiles; n > 0 {
		fmt.Fprintf(a.Stdout, "; %d of %d %s had been read before", n, out.Files, plural(out.Files, "file"))
	}
	fmt.Fprintf(a.Stdout, "\n\nnext: fastpath plan\n")
	return nil
}

// openedHistory is the history, or why it could not be opened.
type openedHistory struct {
	store *store.Store
	err   error
}

// openHistory opens the history while logs are read: it mostly waits for the disk.
func openHistory(ctx context.Context, root string) <-chan openedHistory {
	opened := make(chan openedHistory, 1)
	go func() {
		s, err := store.Open(ctx, root)
		opened <- openedHistory{s, err}
	}()
	return opened
}

// errNoRequests says that there is nothing to merge.
var errNoRequests = errors.New("no requests")

// noRequests says what is missing: a number of requests, or requests.
func noRequests(res *ingest.Result) error {
	lines := fmt.Sprintf("%s %s of %d %s", grouped(float64(res.Lines)), plural(int(res.Lines), "line"), res.Files, plural(res.Files, "file"))
	if len(res.Unknown) > 0 || res.Logged > 0 {
		return usageErrorf("nothing says how many requests %s are of; pass --requests N, the number of requests in the time that they cover, or --requests all where each request has a line with its id", lines)
	}
	return fmt.Errorf("no requests in %s; expected the log of a Lambda function, with START or REPORT lines, platform.start records or request ids, or lines of the recorder", lines)
}

// requestCount reads --requests.
func (o *usageIngestOptions) requestCount() (float64, error) {
	switch o.requests {
	case "":
		return 0, nil
	case "all":
		return ingest.EveryRequest, nil
	}
	n, err := strconv.ParseFloat(o.requests, 64)
	if err != nil || !(n >= 1) || n > 1e15 {
		return 0, usageErrorf("--requests %q: expected a number of requests, 1 or more, or \"all\" where each request has a line with its id", o.requests)
	}
	return n, nil
}

// entryOfFunction returns the entry that a function of a log belongs to: by its
// name in the deployment file, also as CloudFormation makes names of it
// (stack-Name-1A2B3C4D5E6F).
func entryOfFunction(entries []project.Entry) func(string) string {
	return func(function string) string {
		found := ""
		for _, e := range entries {
			switch {
			case e.Function == "":
			case e.Function == function:
				return e.Name
			case strings.Contains(function, "-"+e.Function+"-"):
				if found != "" {
					return "" // of two
				}
				found = e.Name
			}
		}
		return found
	}
}

// ingestSum is what rows say together, which are never in memory all at once.
type ingestSum struct {
	usage    *usage.Adder
	rows     int
	inits    []float64
	memoryMB float64 // the largest
	nobodys  bool    // some are of no entry
}

func newIngestSum() *ingestSum { return &ingestSum{usage: usage.NewAdder()} }

func (s *ingestSum) add(d *evidence.UsageDay) {
	s.rows++
	if d.Requests == 0 { // its requests are another's now
		return
	}
	s.usage.Add(d)
	if d.InitMS > 0 {
		s.inits = append(s.inits, d.InitMS)
	}
	s.memoryMB = max(s.memoryMB, d.MemoryMB)
	s.nobodys = s.nobodys || d.Entry == ""
}

// initMS is the median init of the environments, 0 when unknown.
func (s *ingestSum) initMS() float64 {
	if len(s.inits) == 0 {
		return 0
	}
	slices.Sort(s.inits)
	return round3(s.inits[len(s.inits)/2])
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

// mergedRows lists what was merged.
func mergedRows(c *store.Committed) []ingestRows {
	rows := make([]ingestRows, 0, len(c.Rows))
	for _, r := range c.Rows {
		rows = append(rows, ingestRows{r.Source, r.Day, round3(r.Requests), r.Replaced})
	}
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
		warn("%s of %s lines could not be read, first: %s", grouped(float64(res.Unreadable)), grouped(float64(res.Lines)), res.Places[0])
	}
	for i, u := range res.Unknown {
		if i == 10 {
			warn("… and %d more such sources", len(res.Unknown)-i)
			break
		}
		warn("%s: there are no START, REPORT, platform or recorder lines, so that nobody knows how many requests did not use a module; left out (--requests says how many there were)", u.Source)
	}
	count := func(n int64, format string) {
		if n > 0 {
			warn(format, grouped(float64(n)))
		}
	}
	count(res.OutOfOrder, "%s lines are earlier than the line before them in their stream; messages without a request id may have gone to the wrong request")
	count(res.Skewed, "%s messages give a time that is more than a day off that of CloudWatch, which was taken")
	count(res.Dropped, "%s records were dropped by Lambda before they came into the log (platform.logsDropped): uses are missing")
	count(res.LeftOut, "names of modules or workflows were left out at least %s times: there are more than 20,000 modules or 10,000 workflows, or half a million modules of all log streams outside requests")
	count(res.OtherStreams, "%s lines are of log streams beyond the 64,000th: what they say is counted under the name of their file, and messages in them without a request id may have gone to the wrong request")
	count(res.OtherFunctions, "at least %s times something was counted without its function, version or entry: these logs have more than 80,000 of them, by log stream and day")
	count(res.OtherSources, "%s requests or lines of the recorder are counted without their log stream or file, as those of \""+evidence.OtherSources+"\": these logs have more than 90,000 rows, by log stream, file, function and day")
	count(res.Folded, "%s workflows, those with the fewest requests, are counted without their names: with all of them a log's day would have more than 100,000 pairs of a workflow and a module")
	count(res.RecorderOff, "the recorder gave up in %s processes (\"kind\":\"off\"): what they did afterwards is unknown")
	count(res.Unsure, "%s messages without a request id were written while several requests were open; the latest one got them")
	if res.Sampled > 1 {
		warn("more requests than are remembered one by one: every %sth was counted, by its id, which is off by less than %s%%", grouped(res.Sampled), grouped(math.Ceil(res.SampledError*1000)/10))
	}
	if res.Requests == 0 {
		return
	}
	if res.Logged == 0 && res.Recorded == 0 {
		warn("no line says \"Module used: NAME\": requests are counted, but nothing is known about modules")
	}
	if res.Outside > 0 {
		warn("%s of %s \"Module used\" messages belong to no request (written while the environment started, or without a request id)",
			grouped(float64(res.Outside)), grouped(float64(res.Logged)))
	}
}
