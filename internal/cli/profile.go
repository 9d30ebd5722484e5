package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/profile"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/term"
)

// profileOptions are the flags of profile.
type profileOptions struct {
	runs, trials    int
	timeout         time.Duration
	replace         bool
	realCredentials bool
	setup           string
	modules         []string
	env             []string
	split, details  bool
	bytecode, pages string
	views           profileViews
}

func (a *app) profileCommand() *cobra.Command {
	opt := profileOptions{runs: profile.DefaultRuns, timeout: profile.DefaultTimeout}
	cmd := &cobra.Command{
		Use:   "profile [ENTRY…]",
		Short: "measure imports in fresh interpreters, write fastpath.lock",
		Long: `Profile imports each entry in fresh interpreters: once to see which statement asks
for which module, then several times for the clock. Each run also imports what
functions of the project import, so that the cost of a moved import stays known.
The result is merged into fastpath.lock: rows keep their figures within the noise,
and up to --runs more runs tell whether times that moved really did.

--modules measures modules by themselves, in the project's environment, as if a file
imported one after the other; nothing is written.

--setup names a Python file that runs first in each process: it sets the environment
or puts stubs into sys.modules. What it imports belongs to start-up, not to the entry.

--trials runs the entry again without one import each, of those that save most: a module
that stays, because something else loads it once nobody has, is taken off what they save,
and an import without which the entry does not start saves nothing.

--bytecode and --page-cache measure what the first start after a deployment meets:
without byte-code (that of the standard library included), while it is written, or with
files that are not in memory. Such figures are shown and not written to fastpath.lock;
those of --bytecode cached are, for they are what the lock compares.

The tree, the icicle and the exports book each module on what asked for it first;
what a statement would save is another matter, which the tree shows beside it.

Variables that a SAM or CloudFormation template, a serverless.yml or a Dockerfile sets
for the entry are set here, too, except where your environment has them; --env wins.
The function's layers are on PYTHONPATH where their content lies in the project.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath profile
  fastpath profile lambda_function:lambda_handler --runs 20
  fastpath profile --replace        after a change of machine or interpreter
  fastpath profile --modules boto3,requests
  fastpath profile --setup tests/stubs.py --env TABLE=test
  fastpath profile --bytecode missing --page-cache cold
  fastpath profile --from-lock --tree
  fastpath profile --from-lock --export speedscope=profile.json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runProfile(args, opt) },
	}
	f := cmd.Flags()
	f.IntVar(&opt.runs, "runs", opt.runs, "timing runs, `N`; the figures are the least of them")
	f.IntVar(&opt.trials, "trials", 0, "leave out one import each in `N` more runs, and see what really goes")
	f.Var((*timeLimit)(&opt.timeout), "timeout", "time limit of one run, `TIME` in seconds or such as 2m")
	f.BoolVar(&opt.replace, "replace", false, "take all new figures, also over evidence of another machine or interpreter, or a lock that cannot be read")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
	f.StringSliceVar(&opt.modules, "modules", nil, "measure these modules, `NAME,…`, instead of an entry")
	f.StringVar(&opt.setup, "setup", "", "Python `FILE` that runs before the entry, in each process")
	f.StringArrayVar(&opt.env, "env", nil, "set `NAME=VALUE` in the environment of the program; repeatable")
	f.StringVar(&opt.bytecode, "bytecode", "", "measure with byte-code in this `STATE`: cached, missing or first-run")
	f.StringVar(&opt.pages, "page-cache", "", "measure with files in this `STATE`: cold (not in memory; Linux)")
	f.BoolVar(&opt.split, "split", false, "show search, reading, making and executing of each module, by runs of their own")
	f.BoolVar(&opt.details, "details", false, "show spread, memory, file size, byte-code and distribution of each module")
	opt.views.flags(f)
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// timeLimit is a flag value: seconds, or a duration with its unit.
type timeLimit time.Duration

// String returns the value for the help.
func (l *timeLimit) String() string { return time.Duration(*l).String() }

// Type names the kind of value in the help.
func (l *timeLimit) Type() string { return "time" }

// Set reads the value.
func (l *timeLimit) Set(text string) error {
	d, err := time.ParseDuration(text)
	if s, numErr := strconv.ParseFloat(text, 64); numErr == nil && s < 1e6 {
		d, err = time.Duration(s*float64(time.Second)), nil
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("expected seconds above 0, or a duration such as %q or %q", "30s", "2m")
	}
	*l = timeLimit(d)
	return nil
}

func (a *app) runProfile(args []string, opt profileOptions) (err error) {
	switch {
	case a.format != "text" && a.format != "json":
		return usageErrorf("unknown format %q for profile; allowed: text, json", a.format)
	case opt.runs < 1 || opt.runs > 1000:
		return usageErrorf("--runs %d: expected a number from 1 to 1000", opt.runs)
	case opt.trials < 0 || opt.trials > 1000:
		return usageErrorf("--trials %d: expected a number from 0 to 1000", opt.trials)
	}
	if err := opt.validate(a); err != nil {
		return err
	}
	if err := opt.views.validate(a.format); err != nil {
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
	home, entries := p, []project.Entry(nil) // home is where the interpreter is found
	if len(opt.modules) > 0 {
		if len(args) > 0 || opt.views.fromLock {
			return usageErrorf("--modules measures modules by themselves; leave out entries and --from-lock")
		}
		own, remove, err := modulesProject(p, opt.modules)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, remove()) }()
		p, entries = own, own.Entries
	} else if entries, err = a.selectEntries(p, args); err != nil {
		return err
	}
	if opt.views.fromLock {
		return a.showLock(t, p, entries, opt.views)
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	path := filepath.Join(p.Root, evidence.FileName)
	lock := &evidence.Lock{Schema: evidence.Schema, Entries: map[string]*evidence.Entry{}}
	if opt.kept() {
		if lock, err = a.lockToWrite(path, opt.replace); err != nil {
			return err
		}
	}
	python, err := a.interpreter(home)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(a.ctx)
	defer cancel()
	m := &profiler{app: a, opt: opt, project: p, home: home, python: python, lock: lock, entries: entries}
	var results []profiled
	for _, e := range entries {
		r, err := m.measure(ctx, e)
		if err != nil {
			return err
		}
		results = append(results, *r)
	}
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if opt.kept() {
		if err := m.save(path); err != nil {
			return err
		}
	} else if p == home {
		a.step("not written to %s, which holds figures with byte-code and files in memory", evidence.FileName)
	}
	return a.showProfile(t, p, results, opt)
}

// profiler is one call of profile.
type profiler struct {
	*app
	opt     profileOptions
	project *project.Project
	home    *project.Project // where the interpreter is found
	python  *interp.Interpreter
	lock    *evidence.Lock
	entries []project.Entry
	files   []string // sources of the project, once they are listed
}

// measure profiles an entry and merges the result into the lock. The first
// interpreter starts before anything is known of the sources.
func (m *profiler) measure(ctx context.Context, e project.Entry) (r *profiled, err error) {
	opt := m.opt
	env, from, err := m.deployedEnv(m.project.Root, &e)
	if err != nil {
		return nil, err
	}
	var progress func(profile.Stage)
	options := profile.Options{
		Root: m.project.Root, Entry: e, Python: m.python, Env: env, ExtraEnv: opt.env,
		RealCredentials: opt.realCredentials, Setup: opt.setup, Split: opt.split,
		Bytecode: launch.Bytecode(opt.bytecode), PageCache: profile.PageCache(opt.pages),
		Runs: opt.runs, Trials: opt.trials, Timeout: opt.timeout, CodeDir: m.cacheDir(), Progress: func(s profile.Stage) { progress(s) },
	}
	if m.project != m.home {
		options.Dir, options.Folder = m.home.Root, m.home.Root
	}
	if opt.kept() && !opt.replace {
		options.Before = m.lock.Entries[e.Name]
	}
	begun, err := profile.Begin(ctx, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, begun.Close()) }()
	program, identity, err := m.inputs(e, begun)
	if err != nil {
		return nil, err
	}
	m.noteDeployed(from)
	progress = m.profileProgress(e, m.python, identity, opt)
	measured, err := begun.Measure(ctx, program)
	m.clearLine()
	if err != nil {
		return nil, err
	}
	for _, w := range measured.Warnings {
		m.step("warning: %s", w)
	}
	old := m.lock.Entries[e.Name]
	if old != nil && old.Compatible(measured.Entry.Environment) != "" { // --replace
		if old.Bench != nil {
			m.step("bench results of %s were measured elsewhere and are dropped", e.Name)
		}
		old = nil
	}
	if old != nil && opt.replace {
		old = &evidence.Entry{Bench: old.Bench, BenchBefore: old.BenchBefore} // which still holds
	}
	m.notePace(old, measured.Entry)
	merged := evidence.Merge(old, measured.Entry)
	m.lock.Entries[e.Name] = merged
	return &profiled{e, program, merged, measured}, nil
}

// save writes what was measured into the lock as it is now: usage, benches and
// other entries may have come in meanwhile.
func (m *profiler) save(path string) error {
	err := evidence.Amend(path, func(now *evidence.Lock) error {
		for _, e := range m.entries {
			measured := m.lock.Entries[e.Name]
			if was := now.Entries[e.Name]; was != nil && was.Compatible(measured.Environment) == "" {
				measured.Bench, measured.BenchBefore = was.Bench, was.BenchBefore
			}
			now.Entries[e.Name] = measured
		}
		return nil
	})
	var format *evidence.FormatError
	if errors.As(err, &format) && m.opt.replace {
		return m.lock.Write(path)
	}
	return err
}

// inputs returns what the measurement of an entry needs beside its processes.
func (m *profiler) inputs(e project.Entry, begun *profile.Beginning) (program *graph.Program, identity *interp.Identity, err error) {
	first := m.files == nil
	switch {
	case !first:
	case m.project == m.home:
		if m.files, err = m.project.Sources(); err != nil {
			return nil, nil, err
		}
	default:
		m.files = []string{modulesFile}
	}
	if program, err = m.loadProgram(m.project, e, m.files, m.python, m.python.Version); err != nil {
		return nil, nil, err
	}
	if identity, err = begun.Identity(); err != nil {
		return nil, nil, err
	}
	if first {
		err = compatible(m.lock, m.entries, profile.Environment(identity), m.opt.replace)
	}
	return program, identity, err
}

// notePace says that the whole machine was slower or faster than when the lock
// was measured, where that is why its figures stay.
func (a *app) notePace(old, measured *evidence.Entry) {
	if old == nil {
		return
	}
	pace, word := evidence.Pace(old, measured), "slow"
	if pace < 1 {
		pace, word = 1/pace, "fast"
	}
	if pace > 1.25 {
		a.step("note: everything ran %.1f times as %s as when %s was measured, so its figures stay; --replace takes the new ones", pace, word, evidence.FileName)
	}
}

// validate checks the flags that are neither for the views nor the format.
func (opt *profileOptions) validate(a *app) error {
	for _, f := range []struct {
		name string
		set  bool
	}{
		{"split", opt.split},
		{"details", opt.details},
		{"trials", opt.trials > 0},
		{"bytecode", opt.bytecode != ""},
		{"page-cache", opt.pages != ""},
		{"setup", opt.setup != ""},
		{"env", len(opt.env) > 0},
		{"replace", opt.replace},
	} {
		if f.set && opt.views.fromLock {
			return usageErrorf("--%s takes a measurement; leave out --from-lock", f.name)
		}
	}
	if opt.bytecode != "" && !launch.Bytecode(opt.bytecode).Valid() {
		return usageErrorf("unknown state %q for --bytecode; allowed: cached, missing, first-run", opt.bytecode)
	}
	if opt.pages != "" && opt.pages != string(profile.PagesCold) {
		return usageErrorf("unknown state %q for --page-cache; allowed: cold", opt.pages)
	}
	for _, kv := range opt.env {
		if name, _, ok := strings.Cut(kv, "="); !ok || name == "" {
			return usageErrorf("--env %q: expected NAME=VALUE", kv)
		}
	}
	if opt.setup != "" {
		opt.setup = a.path(opt.setup)
		if info, err := os.Stat(opt.setup); err != nil {
			return usageErrorf("--setup %q: %w", opt.setup, plainPathError(err))
		} else if info.IsDir() {
			return usageErrorf("--setup %q is a folder; expected a Python file", opt.setup)
		}
	}
	return nil
}

// kept reports whether the figures belong into the lock.
func (opt *profileOptions) kept() bool {
	o := profile.Options{Bytecode: launch.Bytecode(opt.bytecode), PageCache: profile.PageCache(opt.pages)}
	return len(opt.modules) == 0 && o.Comparable()
}

// lockToWrite reads the lock that the measurement will be merged into, a new
// one where there is none, and makes sure that it can be written: nobody
// should wait for a measurement that is lost.
func (a *app) lockToWrite(path string, replace bool) (*evidence.Lock, error) {
	empty := &evidence.Lock{Schema: evidence.Schema, Entries: map[string]*evidence.Entry{}}
	lock, err := evidence.Read(path)
	var format *evidence.FormatError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		lock = empty
	case errors.As(err, &format) && replace && !format.Newer:
		a.step("warning: %s; it is replaced, and usage that it held is lost: repeat the \"fastpath usage\" commands", format)
		lock = empty
	case err != nil:
		return nil, err
	}
	return lock, lockWritable(path)
}

// lockWritable says whether the lock at path can be written.
func lockWritable(path string) error {
	if err := writable(path); err != nil {
		return fmt.Errorf("cannot write %s into %q: %w; make the folder writable, or work on a copy of the project", evidence.FileName, filepath.Dir(path), err)
	}
	return nil
}

// writable tries what an atomic write needs, without touching the file.
func writable(path string) error {
	if f, err := os.OpenFile(path, os.O_WRONLY, 0); err == nil {
		err = f.Close()
		if err != nil {
			return err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return plainPathError(err)
	}
	return folderWritable(filepath.Dir(path))
}

// plainPathError leaves out the operation and the path.
func plainPathError(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// compatible refuses to mix figures of two machines or interpreters.
func compatible(lock *evidence.Lock, entries []project.Entry, env evidence.Environment, replace bool) error {
	if replace {
		return nil
	}
	for _, e := range entries {
		old := lock.Entries[e.Name]
		if old == nil {
			continue
		}
		if why := old.Compatible(env); why != "" {
			return fmt.Errorf("%s has a profile of %q that cannot be merged with this one: %s; replace it: fastpath profile --replace", evidence.FileName, e.Name, why)
		}
	}
	return nil
}

// profileProgress says what is running: one line a pass, and on a terminal how
// long it will take.
func (a *app) profileProgress(e project.Entry, python *interp.Interpreter, id *interp.Identity, opt profileOptions) func(profile.Stage) {
	live := a.live()
	total := opt.runs // of all passes
	if opt.split {
		total *= 2
	}
	var start time.Time
	return func(s profile.Stage) {
		done := s.Run
		if s.Pass == profile.PassSplit {
			done += opt.runs
		}
		switch s.Pass {
		case profile.PassBegin:
			a.step("%s with %s %s (%s)", e.Name, profile.Environment(id).Implementation, id.Version, python.Path)
			return
		case profile.PassGraph:
			start = time.Now()
			a.step("  graph: %d %s, %d more in the deferred pass", s.Modules, plural(s.Modules, "module"), s.Deferred)
			a.step("  timing: %d %s in fresh processes", opt.runs, plural(opt.runs, "run"))
			return
		case profile.PassTiming:
			if a.verbose {
				a.step("  run %d of %d: %s", s.Run, opt.runs, msText(float64(s.Total)/float64(time.Millisecond)))
			}
		case profile.PassAgain:
			if s.Run == 1 {
				a.clearLine()
				a.step("  again: up to %d %s, as times differ from those in %s", opt.runs, plural(opt.runs, "run"), evidence.FileName)
			}
			return
		case profile.PassTrial:
			if s.Run == 1 {
				a.clearLine()
				a.step("  trials: up to %d %s without one import each", opt.trials, plural(opt.trials, "run"))
			}
			return
		case profile.PassSplit:
		}
		if live && !a.verbose && done < total {
			left := time.Since(start) / time.Duration(done) * time.Duration(total-done)
			fmt.Fprintf(a.Stderr, "\r  run %d of %d, about %s left \x1b[K", done, total, left.Round(time.Second))
		}
		if opt.split && s.Pass == profile.PassTiming && s.Run == opt.runs {
			a.clearLine()
			a.step("  parts: %d %s in fresh processes", opt.runs, plural(opt.runs, "run"))
		}
	}
}

// live reports whether stderr is a terminal on which progress may be redrawn.
func (a *app) live() bool {
	t, err := term.For(a.Stderr, a.Env, a.color)
	return err == nil && t.Terminal && !a.quiet
}

// clearLine removes what progress has drawn.
func (a *app) clearLine() {
	if a.live() {
		fmt.Fprint(a.Stderr, "\r\x1b[K")
	}
}

func joinOr(list []string, limit int) string {
	if len(list) > limit {
		return strings.Join(list[:limit], ", ") + fmt.Sprintf(" and %d more", len(list)-limit)
	}
	return strings.Join(list, ", ")
}
