package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/bench"
	"fastpath/internal/evidence"
	"fastpath/internal/lambdaapi"
	"fastpath/internal/project"
	"fastpath/internal/python/launch"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	against         []string
	env, pythons    []string
	bytecode        []string
	runs, steady    int
	defaultRuns     bool // --runs was not given
	precision       float64
	events, args    []string
	traffic         string
	timeout         time.Duration
	realCredentials bool
	noLock          bool
}

// The rounds of a bench where nobody says how many.
const (
	benchRuns        = 10
	benchCompareRuns = 20
)

func (a *app) benchCommand() *cobra.Command {
	opt := benchOptions{timeout: time.Minute}
	cmd := &cobra.Command{
		Use:   "bench [ENTRY]",
		Short: "measure cold start, first request and steady request, now or against another state",
		Long: `Bench starts a fresh process for every sample: it imports the entry, answers one
request, then some more. A handler runs under a Lambda Runtime API on this machine,
by AWS's client awslambdaric where the project's environment has it; init and
requests are timed from outside, as Lambda's REPORT lines count them (-v prints
them). Console scripts, files and "-m" run as commands: a process is a request.

With another state it measures both, interleaved, shuffled and in pairs, and says
whether they differ. Each of these adds an arm:
  --against REV|DIR   the project at a git revision, or another folder; the
                      comparison is from there to now
  --env NAME=VALUE    now, with these variables (all of them make one arm)
  --python PATH       repeated: now, with the second interpreter, and so on
  --bytecode STATE    now, with byte-code cached, missing, or written by each run
The judgement is on init plus first request, so that cost which merely moved into
a request is not counted as saved. Equal states are called different in less than 1
of 100 benches. "no difference" comes with the least difference that would have been
found in 95 of 100; --precision goes on until the interval is as narrow as wanted.

The memory size is told to the function and changes nothing else: a Lambda with
512 MB has less than a third of a processor, this machine gives it a whole one.
"fastpath profile --sizes" estimates what that means.

Variables that a SAM or CloudFormation template, a serverless.yml or a Dockerfile sets
for the entry are set here, too, except where your environment has them; --env wins.
The function's layers are on PYTHONPATH where their content lies in the project.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath bench
  fastpath bench --against main
  fastpath bench --against main --precision 5%
  fastpath bench --against ../copy-before --runs 40 --format json
  fastpath bench --env PYTHONOPTIMIZE=1
  fastpath bench --python .venv/bin/python --python .venv313/bin/python
  fastpath bench console:tool --args "--help" --args "list --all" --bytecode missing`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opt.defaultRuns = !cmd.Flags().Changed("runs")
			return a.runBench(args, opt)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&opt.against, "against", nil, "compare with the project as it was at a git `REV`, or with a folder; repeatable")
	f.StringArrayVar(&opt.env, "env", nil, "compare with an environment that has `NAME=VALUE`; repeatable")
	f.StringArrayVar(&opt.pythons, "python", nil, "interpreter `PATH`; repeated, compare the first with the others")
	f.StringArrayVar(&opt.bytecode, "bytecode", nil, "compare with byte-code in this `STATE`: cached, missing or first-run; repeatable")
	f.IntVar(&opt.runs, "runs", 0, "fresh processes an event and arm, `N` (default 10, to compare 20); the judgement takes 6 or more, a verdict on each event some more")
	f.Var((*percentage)(&opt.precision), "precision", "go on until the interval is within `PERCENT`, such as 5%")
	f.IntVar(&opt.steady, "steady", 5, "requests after the first one, `N`")
	f.StringArrayVar(&opt.events, "event", nil, "event `FILE`, JSON, or a folder of them; repeatable (default: those of the traffic file, else of the folder events)")
	f.StringVar(&opt.traffic, "traffic", "", "traffic `FILE` that weighs the events (default: the configuration's)")
	f.StringArrayVar(&opt.args, "args", nil, "arguments of a command, one `LINE` as for a shell; repeatable, all alike")
	f.Var((*timeLimit)(&opt.timeout), "timeout", "time limit of one process, `TIME` in seconds or such as 2m")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
	f.BoolVar(&opt.noLock, "no-lock", false, "do not note the result in fastpath.lock")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// percentage is a flag value: a share of 1, written as a percentage.
type percentage float64

// String returns the value for the help.
func (p *percentage) String() string {
	if *p == 0 {
		return ""
	}
	return strconv.FormatFloat(float64(*p)*100, 'f', -1, 64) + "%"
}

// Type names the kind of value in the help.
func (p *percentage) Type() string { return "percent" }

// Set reads the value.
func (p *percentage) Set(text string) error {
	v, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), "%"), 64)
	if err != nil || !(v >= 0.1 && v <= 100) {
		return fmt.Errorf("expected a percentage from 0.1%% to 100%%, such as %q", "5%")
	}
	*p = percentage(v / 100)
	return nil
}

// validate checks the flags.
func (opt *benchOptions) validate(a *app) error {
	switch {
	case a.format != "text" && a.format != "json":
		return usageErrorf("unknown format %q for bench; allowed: text, json", a.format)
	case opt.runs < 1 && !opt.defaultRuns:
		return usageErrorf("--runs %d: expected 1 or more", opt.runs)
	case opt.steady < 0:
		return usageErrorf("--steady %d: expected 0 or more", opt.steady)
	}
	for _, kv := range opt.env {
		if name, _, ok := strings.Cut(kv, "="); !ok || name == "" {
			return usageErrorf("--env %q: expected NAME=VALUE", kv)
		}
	}
	for _, state := range opt.bytecode {
		if !launch.Bytecode(state).Valid() {
			return usageErrorf("unknown state %q for --bytecode; allowed: cached, missing, first-run", state)
		}
	}
	return nil
}

func (a *app) runBench(args []string, opt benchOptions) error {
	if len(opt.pythons) > 0 {
		a.python = opt.pythons[0]
	}
	if err := opt.validate(a); err != nil {
		return err
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	names, files := eventsAmong(args)
	opt.events = append(opt.events, files...)
	if len(names) > 1 {
		return usageErrorf("bench takes one entry, found %q and %q", names[0], names[1])
	}
	entries, err := a.selectEntries(p, names)
	if err != nil {
		return err
	}
	if len(entries) > 1 {
		return usageErrorf("the project has %d entries; name one: fastpath bench %s", len(entries), entries[0].Name)
	}
	e := entries[0]
	if !opt.noLock { // which takes the result
		if _, err := evidence.Read(filepath.Join(p.Root, evidence.FileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	events, err := a.benchEvents(p, e, &opt)
	if err != nil {
		return err
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	set, err := a.benchArms(p, e, &opt)
	if err != nil {
		return err
	}
	defer set.cleanup()
	if opt.defaultRuns {
		opt.runs = benchRuns
		if len(set.pairs) > 0 {
			opt.runs = benchCompareRuns
		}
	}
	a.step("bench %s with %s: %d %s, %d %s, %d fresh %s each",
		e.Name, set.python, len(set.arms), plural(len(set.arms), "arm"), len(events), plural(len(events), "event"), opt.runs, plural(opt.runs, "process", "processes"))
	result, err := bench.Run(a.ctx, bench.Options{
		Arms: set.arms, Pairs: set.pairs, Events: events, Rounds: opt.runs, Precision: opt.precision, Steady: opt.steady, Timeout: opt.timeout,
		Seed: uint64(time.Now().UnixNano()), Watch: a.benchWatcher(opt),
	})
	if err != nil {
		return set.explain(err)
	}
	for _, w := range result.Warnings {
		a.step("warning: %s", w)
	}
	if !opt.noLock {
		if err := a.noteBench(p, e, result, set.now); err != nil {
			return err
		}
	}
	if a.format == "json" {
		return a.printJSON(benchOutput{a.envelopeFor("bench", p.Root), e.Name, set.python.String(), time.Now().UTC().Format(time.DateOnly), e.MemoryMB, result})
	}
	a.printBench(t, e, set.python, result)
	return nil
}

// benchOutput is the JSON of bench, fastpath.bench/1.
type benchOutput struct {
	envelope
	Entry       string  `json:"entry"`
	Interpreter string  `json:"interpreter"`
	Date        string  `json:"date"`
	MemoryMB    float64 `json:"memory_mb"`
	*bench.Result
}

// benchEvents reads the events of a handler with their shares; other entries
// have one run without an event.
func (a *app) benchEvents(p *project.Project, e project.Entry, opt *benchOptions) ([]bench.Event, error) {
	if e.Kind != project.EntryHandler {
		return commandEvents(opt)
	}
	if len(opt.args) > 0 {
		return nil, usageErrorf("--args is for commands, and %q is a handler; name events with --event FILE.json", e.Name)
	}
	traffic, err := a.loadEvents(p, e, opt.events, opt.traffic)
	if err != nil {
		return nil, err
	}
	return benchShares(traffic, len(opt.events) > 0), nil
}

// benchShares turns weights into shares. Events that never come are left out
// unless the command line names them; without any weight all count alike.
func benchShares(t *usage.Traffic, named bool) []bench.Event {
	sum := 0.0
	for _, ev := range t.Events {
		sum += ev.Weight
	}
	var out []bench.Event
	for _, ev := range t.Events {
		switch {
		case sum == 0:
			out = append(out, bench.Event{Name: ev.Name, JSON: ev.JSON, Share: 1 / float64(len(t.Events))})
		case ev.Weight > 0 || named:
			out = append(out, bench.Event{Name: ev.Name, JSON: ev.JSON, Share: ev.Weight / sum})
		}
	}
	return out
}

// commandEvents makes an event of each line of arguments.
func commandEvents(opt *benchOptions) ([]bench.Event, error) {
	if len(opt.events) > 0 || opt.traffic != "" {
		return nil, usageErrorf("a command has no events; give it arguments with --args")
	}
	if len(opt.args) == 0 {
		return []bench.Event{{Name: bench.DefaultRun, Share: 1}}, nil
	}
	var events []bench.Event
	for _, line := range opt.args {
		words, err := splitWords(line)
		if err != nil {
			return nil, usageErrorf("--args %q: %w", line, err)
		}
		if slices.ContainsFunc(events, func(ev bench.Event) bool { return ev.Name == line }) {
			return nil, usageErrorf("--args %q is given twice", line)
		}
		events = append(events, bench.Event{Name: line, Args: words, Share: 1 / float64(len(opt.args))})
	}
	return events, nil
}

// benchWatcher says how long the runs take, now and then how far they are, and
// with -v what Lambda would have logged.
func (a *app) benchWatcher(opt benchOptions) bench.Watcher {
	start, last := time.Now(), time.Now()
	w := bench.Watcher{
		Progress: func(done, total int) {
			if done == 0 || time.Since(last) < 10*time.Second {
				return
			}
			last = time.Now()
			left := time.Duration(float64(time.Since(start)) / float64(done) * float64(total-done))
			a.step("  %d of %d processes, about %s left", done, total, left.Round(time.Second))
		},
		Plan: func(rounds int, left time.Duration) {
			last = time.Now()
			switch {
			case opt.precision == 0:
				a.step("  %d rounds take about %s more", rounds, left.Round(time.Second))
			case rounds == bench.DefaultMaxRounds:
				a.step("  %d rounds, the most there are, take about %s more; ±%s may not be reached by then", rounds, left.Round(time.Second), (*percentage)(&opt.precision))
			default:
				a.step("  ±%s takes about %d rounds, %s more", (*percentage)(&opt.precision), rounds, left.Round(time.Second))
			}
		},
	}
	if a.verbose {
		w.Report = func(arm, event string, reports []lambdaapi.Report) {
			for _, r := range reports {
				fmt.Fprintf(a.Stderr, "%s, %s: %s\n", arm, event, r)
			}
		}
	}
	return w
}

// noteBench writes the medians of the present state into the lock, beside those
// of the bench before, where there is a profile of the entry that they belong to.
func (a *app) noteBench(p *project.Project, e project.Entry, r *bench.Result, arm int) error {
	now := r.Arms[arm]
	b := evidence.Bench{Date: time.Now().UTC().Format(time.DateOnly), N: r.Rounds, InitMS: now.InitMS.Median, Events: eventsHash(r.Events)}
	if now.FirstRequestMS != nil {
		b.FirstRequestMS = now.FirstRequestMS.Median
	}
	err := evidence.Amend(filepath.Join(p.Root, evidence.FileName), func(lock *evidence.Lock) error {
		entry := lock.Entries[e.Name]
		if entry == nil {
			return errNoProfile
		}
		entry.Note(b)
		return nil
	})
	if errors.Is(err, errNoProfile) {
		return nil
	}
	return err
}

// errNoProfile says that the lock has nothing that a bench could stand beside.
var errNoProfile = errors.New("never profiled")

// eventsHash tells sets of measured events apart, by name and share, and from
// those of times when init did not yet include the start of the process.
func eventsHash(events []bench.EventResult) string {
	h := sha256.New()
	fmt.Fprint(h, "from the start\x00")
	for _, ev := range events {
		if ev.Error != "" {
			continue // it was left out
		}
		fmt.Fprintf(h, "%s\x00%.6f\x00", ev.Name, ev.Share)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
