package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/bench"
	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/usage"
)

// benchOptions are the flags of bench.
type benchOptions struct {
	against         string
	runs, steady    int
	events          []string
	traffic         string
	timeout         time.Duration
	realCredentials bool
	noLock          bool
}

func (a *app) benchCommand() *cobra.Command {
	var opt benchOptions
	cmd := &cobra.Command{
		Use:   "bench [ENTRY]",
		Short: "measure cold start, first request and steady request, now or against another state",
		Long: `Bench starts a fresh process for every sample: it imports the entry, answers one
request, then some more. With --against it does so for two states of the
project, interleaved and in pairs, and says whether they differ. The judgement is
on init plus first request, so that cost which merely moved into a request is
not counted as saved.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath bench
  fastpath bench --against main
  fastpath bench --against ../copy-before --runs 20 --format json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runBench(args, opt) },
	}
	f := cmd.Flags()
	f.StringVar(&opt.against, "against", "", "compare with the project as it was at a git `REV`, or with a folder")
	f.IntVar(&opt.runs, "runs", 10, "fresh processes an event and arm, `N`; 6 or more give intervals")
	f.IntVar(&opt.steady, "steady", 5, "requests after the first one, `N`")
	f.StringArrayVar(&opt.events, "event", nil, "event `FILE`, JSON, or a folder of them; repeatable (default: those of the traffic file, else of the folder events)")
	f.StringVar(&opt.traffic, "traffic", "", "traffic `FILE` that weighs the events (default: the configuration's)")
	opt.timeout = time.Minute
	f.Var((*timeLimit)(&opt.timeout), "timeout", "time limit of one process, `TIME` in seconds or such as 2m")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
	f.BoolVar(&opt.noLock, "no-lock", false, "do not note the result in fastpath.lock")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

func (a *app) runBench(args []string, opt benchOptions) error {
	switch {
	case a.format != "text" && a.format != "json":
		return usageErrorf("unknown format %q for bench; allowed: text, json", a.format)
	case opt.runs < 1:
		return usageErrorf("--runs %d: expected 1 or more", opt.runs)
	case opt.steady < 0:
		return usageErrorf("--steady %d: expected 0 or more", opt.steady)
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
	python, err := a.interpreter(p)
	if err != nil {
		return err
	}
	events, err := a.benchEvents(p, e, &opt)
	if err != nil {
		return err
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	env := launch.Environment(a.Env, launch.EnvOptions{RealCredentials: opt.realCredentials})
	arms := []bench.Arm{benchArm("now", p.Root, e, python, env)}
	if opt.against != "" {
		root, cleanup, err := a.otherState(p, opt.against)
		if err != nil {
			return err
		}
		defer cleanup()
		before := benchArm(opt.against, root, e, python, env)
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(e.File))); err != nil {
			return fmt.Errorf("%s has no %s, the file of the entry %q", opt.against, e.File, e.Name)
		}
		arms = []bench.Arm{before, arms[0]}
	}
	a.step("bench %s with %s: %d %s, %d %s, %d fresh %s each",
		e.Name, python, len(arms), plural(len(arms), "arm"), len(events), plural(len(events), "event"), opt.runs, plural(opt.runs, "process", "processes"))
	result, err := bench.Run(a.ctx, bench.Options{
		Arms: arms, Events: events, Pairs: opt.runs, Steady: opt.steady, Timeout: opt.timeout,
		Seed: uint64(time.Now().UnixNano()), Progress: a.benchProgress(),
	})
	if err != nil {
		return err
	}
	if !opt.noLock {
		if err := a.noteBench(p, e, result, opt.runs); err != nil {
			return err
		}
	}
	if a.format == "json" {
		return a.printJSON(benchOutput{a.envelopeFor("bench", p.Root), e.Name, python.String(), time.Now().UTC().Format(time.DateOnly), opt.runs, result})
	}
	return a.printBench(e, python, result, opt)
}

// benchOutput is the JSON of bench, fastpath.bench/1.
type benchOutput struct {
	envelope
	Entry       string `json:"entry"`
	Interpreter string `json:"interpreter"`
	Date        string `json:"date"`
	Runs        int    `json:"runs"`
	*bench.Result
}

// benchArm is the entry in the project folder root.
func benchArm(name, root string, e project.Entry, python *interp.Interpreter, env []string) bench.Arm {
	importRoot := filepath.Join(root, filepath.FromSlash(e.ImportRoot))
	return bench.Arm{
		Name: name, Python: python.Path, Dir: e.WorkDir(root), ImportRoot: importRoot, Kind: string(e.Kind),
		Module: e.Module, Attr: e.Attr, File: filepath.Join(root, filepath.FromSlash(e.File)),
		Roots: []string{importRoot, root}, Env: env,
	}
}

// benchEvents reads the events of a handler with their shares; other entries
// have one run without an event.
func (a *app) benchEvents(p *project.Project, e project.Entry, opt *benchOptions) ([]bench.Event, error) {
	if e.Kind != project.EntryHandler {
		return []bench.Event{{Name: "run", Share: 1}}, nil
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

// otherState returns the folder to compare with: a folder as it is, or the
// project at a git revision, unpacked beside nothing of the user's.
func (a *app) otherState(p *project.Project, against string) (root string, cleanup func(), err error) {
	if dir := a.path(against); isFolder(dir) {
		return dir, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "fastpath-bench-")
	if err != nil {
		return "", nil, err
	}
	cleanup = func() { _ = os.RemoveAll(dir) }
	if err := bench.Checkout(a.ctx, p.Root, against, dir); err != nil {
		cleanup()
		return "", nil, usageErrorf("--against %s: %w", against, err)
	}
	return dir, cleanup, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// benchProgress says now and then how far the runs are.
func (a *app) benchProgress() func(done, total int) {
	start, last := time.Now(), time.Now()
	return func(done, total int) {
		if done == 0 || time.Since(last) < 10*time.Second {
			return
		}
		last = time.Now()
		left := time.Duration(float64(time.Since(start)) / float64(done) * float64(total-done))
		a.step("  %d of %d processes, about %s left", done, total, left.Round(time.Second))
	}
}

// noteBench writes the medians of the present state into the lock, beside those
// of the bench before, where there is a profile of the entry that they belong to.
func (a *app) noteBench(p *project.Project, e project.Entry, r *bench.Result, runs int) error {
	path := filepath.Join(p.Root, evidence.FileName)
	lock, err := evidence.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	entry := lock.Entries[e.Name]
	if entry == nil {
		return nil
	}
	now := r.Arms[len(r.Arms)-1]
	b := evidence.Bench{Date: time.Now().UTC().Format(time.DateOnly), N: runs, InitMS: now.InitMS.Median, Events: eventsHash(r.Events)}
	if now.FirstRequestMS != nil {
		b.FirstRequestMS = now.FirstRequestMS.Median
	}
	entry.Note(b)
	return lock.Write(path)
}

// eventsHash tells sets of measured events apart, by name and share.
func eventsHash(events []bench.EventResult) string {
	h := sha256.New()
	for _, ev := range events {
		if ev.Error != "" {
			continue // it was left out
		}
		fmt.Fprintf(h, "%s\x00%.6f\x00", ev.Name, ev.Share)
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
