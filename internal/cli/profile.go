package cli

import (
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
	"fastpath/internal/python/syntax"
	"fastpath/internal/term"
)

// profileOptions are the flags of profile.
type profileOptions struct {
	runs            int
	timeout         time.Duration
	replace         bool
	realCredentials bool
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
The result is merged into fastpath.lock: rows keep their figures within the noise.

The tree, the icicle and the exports book each module on what asked for it first;
what a statement would save is another matter, which the tree shows beside it.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath profile
  fastpath profile lambda_function:lambda_handler --runs 20
  fastpath profile --replace        after a change of machine or interpreter
  fastpath profile --from-lock --tree
  fastpath profile --from-lock --export speedscope=profile.json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runProfile(args, opt) },
	}
	f := cmd.Flags()
	f.IntVar(&opt.runs, "runs", opt.runs, "timing runs, `N`; the figures are the least of them")
	f.Var((*timeLimit)(&opt.timeout), "timeout", "time limit of one run, `TIME` in seconds or such as 2m")
	f.BoolVar(&opt.replace, "replace", false, "replace evidence of another machine or interpreter, or a lock that cannot be read")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
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

func (a *app) runProfile(args []string, opt profileOptions) error {
	switch {
	case a.format != "text" && a.format != "json":
		return usageErrorf("unknown format %q for profile; allowed: text, json", a.format)
	case opt.runs < 1 || opt.runs > 1000:
		return usageErrorf("--runs %d: expected a number from 1 to 1000", opt.runs)
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
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return err
	}
	if opt.views.fromLock {
		return a.showLock(t, p, entries, opt.views)
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	path := filepath.Join(p.Root, evidence.FileName)
	lock, err := a.lockToWrite(path, opt.replace)
	if err != nil {
		return err
	}
	python, err := a.interpreter(p)
	if err != nil {
		return err
	}
	details, err := python.Query(a.ctx, launch.Environment(a.Env, launch.EnvOptions{}))
	if err != nil {
		return err
	}
	if err := compatible(lock, entries, profile.Environment(details), opt.replace); err != nil {
		return err
	}
	files, err := p.Sources()
	if err != nil {
		return err
	}
	programs := make([]*graph.Program, len(entries))
	for i, e := range entries {
		if programs[i], err = a.loadProgram(p, e, files, python, python.Version); err != nil {
			return err
		}
		measured, err := profile.Measure(a.ctx, profile.Options{
			Root: p.Root, Entry: e, Program: programs[i], Python: python, Details: details, Env: a.Env,
			RealCredentials: opt.realCredentials, Runs: opt.runs, Timeout: opt.timeout, Progress: a.profileProgress(e, python, details, opt.runs),
		})
		a.clearLine()
		if err != nil {
			return err
		}
		for _, w := range measured.Warnings {
			a.step("warning: %s", w)
		}
		old := lock.Entries[e.Name]
		if old != nil && old.Compatible(measured.Entry.Environment) != "" { // --replace
			if old.Bench != nil {
				a.step("bench results of %s were measured elsewhere and are dropped", e.Name)
			}
			old = nil
		}
		lock.Entries[e.Name] = evidence.Merge(old, measured.Entry)
	}
	if err := a.ctx.Err(); err != nil {
		return err
	}
	if err := lock.Write(path); err != nil {
		return err
	}
	var results []profiled
	for i, e := range entries {
		results = append(results, profiled{e, programs[i], lock.Entries[e.Name]})
	}
	return a.showProfile(t, p, results, opt.views)
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
	if err := writable(path); err != nil {
		return nil, fmt.Errorf("cannot write %s into %q: %w; make the folder writable, or work on a copy of the project", evidence.FileName, filepath.Dir(path), err)
	}
	return lock, nil
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
	f, err := os.CreateTemp(filepath.Dir(path), ".fastpath-*.tmp")
	if err != nil {
		return plainPathError(err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
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
func (a *app) profileProgress(e project.Entry, python *interp.Interpreter, d *interp.Details, runs int) func(profile.Stage) {
	live := a.live()
	var start time.Time
	return func(s profile.Stage) {
		switch {
		case s.Run == 0 && s.Modules == 0:
			a.step("%s with %s %s (%s)", e.Name, profile.Environment(d).Implementation, d.Version, python.Path)
		case s.Run == 0:
			start = time.Now()
			a.step("  graph: %d %s, %d more in the deferred pass", s.Modules, plural(s.Modules, "module"), s.Deferred)
			a.step("  timing: %d %s in fresh processes", runs, plural(runs, "run"))
		case a.verbose:
			a.step("  run %d of %d: %s", s.Run, runs, msText(float64(s.Total)/float64(time.Millisecond)))
		case live && s.Run < runs:
			left := time.Since(start) / time.Duration(s.Run) * time.Duration(runs-s.Run)
			fmt.Fprintf(a.Stderr, "\r  run %d of %d, about %s left \x1b[K", s.Run, runs, left.Round(time.Second))
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

// profileResult is the profile of one entry as it is shown; its JSON is a part
// of fastpath.profile/1.
type profileResult struct {
	Entry       string             `json:"entry"`
	Date        string             `json:"date"`
	Environment profileEnvironment `json:"environment"`
	Total       profileTotal       `json:"total"`
	Startup     profileStartup     `json:"startup"`
	Modules     []profileModule    `json:"modules"`
	Statements  []profileStatement `json:"statements"`
	Sizes       *profileSizes      `json:"sizes,omitempty"`
}

type profileEnvironment struct {
	Implementation string `json:"implementation"`
	Version        string `json:"version"`
	Platform       string `json:"platform"`
	Machine        string `json:"machine"`
	Bytecode       string `json:"bytecode"`
}

type profileTotal struct {
	MinMS    float64 `json:"min_ms"`
	MedianMS float64 `json:"median_ms"`
	GCMS     float64 `json:"gc_ms"`
	Modules  int     `json:"modules"`
	N        int     `json:"n"`
	PeakKiB  int64   `json:"peak_kib,omitempty"`
}

type profileStartup struct {
	TotalMS float64  `json:"total_ms"`
	Modules []string `json:"modules"`
}

type profileModule struct {
	Name         string   `json:"name"`
	SelfMS       float64  `json:"self_ms"`
	Kind         string   `json:"kind"`
	Phase        string   `json:"phase"`
	Distribution string   `json:"distribution,omitempty"`
	File         string   `json:"file,omitempty"`
	LoadedBy     []string `json:"loaded_by"`
}

type profileStatement struct {
	File         string   `json:"file"`
	Line         int      `json:"line"`
	Column       int      `json:"column"`
	Module       string   `json:"module"`
	Binds        string   `json:"binds"`
	Qualname     string   `json:"qualname,omitempty"`
	Phase        string   `json:"phase"`
	AloneMS      float64  `json:"alone_ms"`
	AddsMS       float64  `json:"adds_ms"`
	SavesMS      float64  `json:"saves_ms"`
	SavesModules []string `json:"saves_modules"`
	UsedAtImport bool     `json:"used_at_import"`

	// Several names that one statement takes from one module stand and fall
	// together: the first carries what they save as a whole, the others repeat it.
	repeats      bool
	jointMS      float64
	jointModules int
}

// newProfileResult computes what is shown from what was written, so that the
// figures agree with those of plan.
func newProfileResult(program *graph.Program, e project.Entry, ev *evidence.Entry) *profileResult {
	r := &profileResult{
		Entry: e.Name, Date: ev.Measured, Environment: profileEnvironment(ev.Environment),
		Total:   profileTotal{MinMS: ev.TotalMinMS, MedianMS: ev.TotalMedianMS, GCMS: ev.GCMS, N: ev.Runs, PeakKiB: ev.PeakKiB},
		Startup: profileStartup{TotalMS: ev.StartupMS, Modules: ev.Startup},
	}
	loadedBy := map[string][]string{}
	for _, d := range ev.Edges {
		for _, to := range d.To {
			if by := loadedBy[to]; len(by) == 0 || by[len(by)-1] != d.From { // edges are sorted by their origin
				loadedBy[to] = append(by, d.From)
			}
		}
	}
	phase := map[string]string{} // by file
	for _, m := range ev.Modules {
		if m.File != "" {
			phase[m.File] = m.Phase
		}
		if m.Phase == evidence.PhaseInit && m.Kind != "missing" {
			r.Total.Modules++
		}
		by := loadedBy[m.Name]
		if by == nil {
			by = []string{}
		}
		r.Modules = append(r.Modules, profileModule{m.Name, m.SelfMS, m.Kind, m.Phase, m.Distribution, m.File, by})
	}
	rt := graph.NewRuntime(ev)
	rt.Order(program)
	saves := rt.Exclusive(nil)
	for _, mod := range program.Modules {
		type line struct {
			stmt   syntax.NodeID
			target string
		}
		first, names := map[line]int{}, map[line]graph.Cut{}
		for _, imp := range mod.Imports {
			if !rt.Has(imp.Statement) || imp.Future {
				continue
			}
			s := profileStatement{
				File: mod.File, Module: imp.Target, Binds: imp.Binds, Qualname: imp.Qualname, Phase: evidence.PhaseInit,
				AloneMS: round3(rt.Alone(imp.Statement, nil)), SavesModules: []string{}, UsedAtImport: imp.UsedAtImport,
			}
			s.Line, s.Column = mod.Syntax.Position(mod.Syntax.Node(imp.Stmt).Start)
			if rt.Deferred(imp.Statement) || phase[mod.File] == evidence.PhaseDeferred {
				s.Phase = evidence.PhaseDeferred
			} else {
				ms, gone := saves.Saves(imp.Statement)
				s.AddsMS, s.SavesMS = round3(rt.Adds(imp.Statement)), round3(ms)
				s.SavesModules = append(s.SavesModules, gone...)
				s.jointMS, s.jointModules = s.SavesMS, len(gone)
			}
			l := line{imp.Stmt, imp.Target}
			if names[l] == nil {
				first[l], names[l] = len(r.Statements), graph.Cut{}
			} else {
				s.repeats = true
			}
			names[l][imp.Statement] = true
			r.Statements = append(r.Statements, s)
		}
		for l, cut := range names {
			if s := &r.Statements[first[l]]; len(cut) > 1 && s.Phase == evidence.PhaseInit {
				ms, gone := rt.Saves(cut)
				s.jointMS, s.jointModules = round3(ms), len(gone)
			}
		}
	}
	return r
}

func joinOr(list []string, limit int) string {
	if len(list) > limit {
		return strings.Join(list[:limit], ", ") + fmt.Sprintf(" and %d more", len(list)-limit)
	}
	return strings.Join(list, ", ")
}
