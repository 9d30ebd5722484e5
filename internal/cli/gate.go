package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"fastpath/internal/bench"
	"fastpath/internal/check"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/gate"
	"fastpath/internal/graph"
	"fastpath/internal/profile"
	"fastpath/internal/project"
	"fastpath/internal/python/launch"
)

// gateOptions say what a change is held against.
type gateOptions struct {
	against string   // a git revision; "": the profile in the lock
	measure bool     // run the code, instead of reading it
	entries []string // all of them without any
}

// gateResult is what the gate found.
type gateResult struct {
	findings []diag.Diagnostic // places relative to the project's root
	notes    []string          // what could not be compared
	base     string            // the commit of the merge base, "" without one
}

// initEvent stands for the requests of a handler without any.
const initEvent = "init"

// gateRuns is how many timing runs a profile takes for the gate.
const gateRuns = 5

// gateFindings compares what the entries load at start, and with measure how
// long that takes, with the commit where the present state branched off from a
// revision, or with the profile in the lock.
func (a *app) gateFindings(p *project.Project, src *sources, opt gateOptions) (*gateResult, error) {
	g := &gateRun{app: a, project: p, sources: src, opt: opt, result: &gateResult{}}
	entries, err := a.selectEntries(p, opt.entries)
	if err != nil {
		return nil, err
	}
	if opt.against != "" {
		remove, err := g.checkout()
		if err != nil {
			return nil, err
		}
		defer remove()
	}
	if opt.measure {
		a.step("%s", launch.Notice)
	}
	for _, e := range entries {
		switch {
		case opt.against == "":
			err = g.againstLock(e)
		default:
			err = g.againstBase(e)
		}
		if err != nil {
			return nil, err
		}
	}
	return g.result, nil
}

// gateRun is one call of gateFindings.
type gateRun struct {
	*app
	project   *project.Project
	sources   *sources
	opt       gateOptions
	base      *project.Project // at the merge base, nil without one
	baseFiles []string
	result    *gateResult
}

// checkout writes the project as it was at the merge base to a temporary folder.
func (g *gateRun) checkout() (remove func(), err error) {
	commit, err := gate.MergeBase(g.ctx, g.project.Root, g.opt.against)
	var mistake *gate.BaseError
	if errors.As(err, &mistake) {
		return nil, fmt.Errorf("--against %w", mistake)
	}
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "fastpath-gate-")
	if err != nil {
		return nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) }
	root, err := bench.Checkout(g.ctx, g.project.Root, commit, dir)
	if err != nil {
		remove()
		return nil, fmt.Errorf("--against %s: %w", g.opt.against, err)
	}
	g.base = &project.Project{Root: root, Config: g.project.Config, Entries: g.project.Entries}
	g.result.base = commit
	if g.baseFiles, err = g.base.Sources(); err != nil {
		remove()
		return nil, err
	}
	return remove, nil
}

// againstBase compares an entry with the merge base.
func (g *gateRun) againstBase(e project.Entry) error {
	if _, err := os.Stat(filepath.Join(g.base.Root, filepath.FromSlash(e.File))); err != nil {
		g.note("%s is new since %s: there is no start to compare with", e.Name, g.opt.against)
		return nil
	}
	if g.opt.measure {
		done, err := g.timed(e)
		if err != nil || done {
			return err
		}
	}
	now, err := g.program(g.project, g.sources, e)
	if err != nil {
		return err
	}
	then, err := g.loadLean(g.base, e, g.baseFiles, g.sources.interpreter, g.sources.version(e))
	if err != nil {
		return err
	}
	g.grown(e, static(then, g.base.Root, e), static(now, g.project.Root, e))
	return nil
}

// static is what a start loads as far as the sources tell.
func static(prog *graph.Program, root string, e project.Entry) gate.State {
	s := gate.State{Root: root}
	start := prog.File(e.File)
	if start == nil {
		return s
	}
	loaded := prog.Reach(start, false).AtStart()
	s.Modules = loaded.Modules()
	s.Chain = func(module string) []gate.Step {
		var steps []gate.Step
		for _, l := range loaded.Chain(module) {
			steps = append(steps, gate.Step{File: libraryFile(l.File), Line: l.Line})
		}
		return steps
	}
	return s
}

// libraryFile names the file of a library from its folder of packages on.
func libraryFile(file string) string {
	slashed := filepath.ToSlash(file)
	for _, mark := range []string{"/site-packages/", "/dist-packages/"} {
		if i := strings.LastIndex(slashed, mark); i >= 0 {
			return slashed[i+len(mark):]
		}
	}
	return slashed
}

// timed compares an entry by running both states. It reports false where that
// does not tell which modules are new: without requests only the time is known.
func (g *gateRun) timed(e project.Entry) (done bool, err error) {
	opt := &benchOptions{against: []string{g.base.Root}, timeout: time.Minute}
	events, err := g.benchEvents(g.project, e, opt)
	if err != nil {
		if found, _ := eventFiles(g.project, e); len(found) > 0 || g.project.Config.Entry[e.Name].Traffic != "" {
			return false, err
		}
		g.note("%s has no events, so that init alone was timed and decides; put one into events/, or name them in a traffic file", e.Name)
		events = []bench.Event{{Name: initEvent, Share: 1}}
	}
	set, err := g.benchArms(g.project, e, opt)
	if err != nil {
		return false, err
	}
	defer set.cleanup()
	set.arms[0].Name = g.opt.against
	set.revisions[g.opt.against] = true
	limits := gate.Limits{BudgetMS: g.project.Config.Limits.ColdStartMS, RegressionPercent: g.project.Config.Limits.RegressionPercent}
	var first *bench.Result
	timing, err := gate.Judge(limits, set.now, func() (*bench.Result, error) {
		if first != nil {
			g.step("something was found; measuring once more")
		}
		g.step("gate %s with %s: now and %s, %d pairs of fresh processes", e.Name, set.python, g.opt.against, benchCompareRuns*len(events))
		r, err := bench.Run(g.ctx, bench.Options{
			Arms: set.arms, Pairs: set.pairs, Events: events, Rounds: benchCompareRuns, Timeout: opt.timeout,
			Seed: uint64(time.Now().UnixNano()), Watch: g.benchWatcher(*opt),
		})
		if first == nil {
			first = r
		}
		return r, err
	})
	if err != nil {
		return false, set.explain(err)
	}
	timing.InitAlone = events[0].Name == initEvent && events[0].JSON == nil && e.Kind == project.EntryHandler
	for _, w := range first.Warnings {
		g.note("%s", w)
	}
	if timing.Vanished {
		g.note("%s: a first measurement found the start slower, a second one did not; that is noise", e.Name)
	}
	g.add(timing.Diagnostics(limits, entrySpan(e), g.opt.against)...)
	if timing.InitAlone {
		return false, nil // which modules are new, the sources say
	}
	c := first.Comparison
	g.grown(e, gate.State{Root: g.base.Root}, gate.State{Root: g.project.Root, Modules: c.ModulesNew, Chain: func(module string) []gate.Step {
		return steps(c.NewChains[module])
	}})
	return true, nil
}

// steps reads the statements of a chain, each FILE:LINE.
func steps(chain []string) []gate.Step {
	var out []gate.Step
	for _, text := range chain {
		i := strings.LastIndexByte(text, ':')
		line, err := strconv.Atoi(text[i+1:])
		if i > 0 && err == nil {
			out = append(out, gate.Step{File: text[:i], Line: line})
		}
	}
	return out
}

// againstLock measures an entry and compares it with its profile in the lock.
func (g *gateRun) againstLock(e project.Entry) error {
	var old *evidence.Entry
	if g.sources.lock != nil {
		old = g.sources.lock.Entries[e.Name]
	}
	if old == nil {
		g.note("%s was never profiled: there is nothing to compare with; run \"fastpath profile\", or name a revision: --against REV", e.Name)
		return nil
	}
	if g.sources.interpreter == nil {
		return errors.New("there is no interpreter to measure with; name one with --python PATH")
	}
	prog, err := g.program(g.project, g.sources, e)
	if err != nil {
		return err
	}
	now, err := g.profiled(e, prog)
	if err != nil {
		return err
	}
	run := graph.NewRuntime(now)
	g.grown(e, gate.State{Modules: slices.Concat(loaded(old), old.Startup)}, gate.State{Root: g.project.Root, Modules: loaded(now), Chain: func(module string) []gate.Step {
		return runtimeSteps(prog, run.Chain(module, nil))
	}})
	if why := old.Compatible(now.Environment); why != "" {
		g.note("%s: times were not compared, because the profile is of another environment (%s)", e.Name, why)
		return nil
	}
	limits := g.project.Config.Limits
	if slower := slowdown(old, now); slower*100 > limits.RegressionPercent {
		g.step("init is slower than in the profile; measuring once more")
		again, err := g.profiled(e, prog)
		if err != nil {
			return err
		}
		if slower = min(slower, slowdown(old, again)); slower*100 > limits.RegressionPercent {
			g.add(diag.Diagnostic{
				Rule: gate.RuleSlower, Severity: diag.Error, Span: entrySpan(e), CostMS: now.TotalMinMS - old.TotalMinMS,
				Message: fmt.Sprintf("init is %.0f%% slower than in the profile of %s: %s -> %s, and %s%% is allowed",
					slower*100, old.Measured, msText(old.TotalMinMS), msText(now.TotalMinMS), grouped(limits.RegressionPercent)),
				Notes: []string{fmt.Sprintf("the fastest of %d runs, measured twice; what makes the whole machine slower is left out", gateRuns)},
				Help:  []string{"see what costs most: fastpath plan", "or accept the new times: fastpath profile --replace"},
			})
		}
	}
	if now.TotalMinMS >= limits.ColdStartMS {
		g.add(diag.Diagnostic{
			Rule: gate.RuleBudget, Severity: diag.Error, Span: entrySpan(e), CostMS: now.TotalMinMS - limits.ColdStartMS,
			Message: fmt.Sprintf("init alone takes %s, over the budget of %sms for a cold start", msText(now.TotalMinMS), grouped(limits.ColdStartMS)),
			Notes:   []string{fmt.Sprintf("the fastest of %d runs", gateRuns)},
			Help:    []string{"see what costs most: fastpath plan"},
		})
	}
	return nil
}

// profiled measures an entry in a few runs.
func (g *gateRun) profiled(e project.Entry, prog *graph.Program) (*evidence.Entry, error) {
	python := g.sources.interpreter
	env, from, err := g.deployedEnv(g.project.Root, &e)
	if err != nil {
		return nil, err
	}
	g.noteDeployed(from)
	g.step("gate %s with %s: %d fresh processes", e.Name, python, gateRuns)
	m, err := profile.Measure(g.ctx, profile.Options{
		Root: g.project.Root, Entry: e, Program: prog, Python: python, Env: env, Runs: gateRuns, Timeout: profile.DefaultTimeout, CodeDir: g.cacheDir(),
	})
	if err != nil {
		return nil, err
	}
	return m.Entry, nil
}

// slowdown is by what share init takes longer than in the profile, without
// what makes all modules slower alike.
func slowdown(old, now *evidence.Entry) float64 {
	if old.TotalMinMS <= 0 {
		return 0
	}
	return now.TotalMinMS/evidence.Pace(old, now)/old.TotalMinMS - 1
}

// loaded returns the modules that init loads.
func loaded(e *evidence.Entry) []string {
	var out []string
	for _, m := range e.Modules {
		if m.Phase == evidence.PhaseInit && m.Kind != "missing" {
			out = append(out, m.Name)
		}
	}
	return out
}

// runtimeSteps gives the statements of a measured chain their lines.
func runtimeSteps(prog *graph.Program, chain []evidence.Statement) []gate.Step {
	var out []gate.Step
	for _, s := range chain {
		m := prog.File(s.File)
		if s.File == "" || m == nil {
			continue // a statement of a library has no line
		}
		for _, imp := range m.Imports {
			if imp.Statement == s {
				out = append(out, gate.Step{File: s.File, Line: m.Line(imp.Stmt)})
				break
			}
		}
	}
	return out
}

// grown reports the modules that are new at start, with what the lock knows of
// their cost.
func (g *gateRun) grown(e project.Entry, before, now gate.State) {
	cost := map[string]float64{}
	if g.sources.lock != nil && g.sources.lock.Entries[e.Name] != nil {
		for _, m := range g.sources.lock.Entries[e.Name].Modules {
			cost[m.Name] = m.SelfMS
		}
	}
	base := g.opt.against
	if base == "" {
		base = "the profile"
	}
	for _, growth := range gate.Grown(before, now, func(m string) (float64, bool) {
		ms, known := cost[m]
		return ms, known
	}) {
		if growth.At == (gate.Step{}) {
			growth.At = gate.Step{File: e.File, Line: max(1, e.Line)}
		}
		d := growth.Diagnostic(base, g.project.Config.Thresholds.LightMS)
		if len(g.project.Entries) > 1 {
			d.Notes = append(d.Notes, "entry: "+e.Name)
		}
		g.add(d)
	}
}

// add keeps findings as the configuration wants them. Entries that share a
// module say the same of it once.
func (g *gateRun) add(list ...diag.Diagnostic) {
	for _, d := range list {
		severity := ruleSeverity(d.Rule, d.Severity)
		if s, ok := diag.ParseSeverity(g.project.Config.Rules[d.Rule]); ok {
			severity = s
		}
		if severity == diag.Off || g.project.Config.Excluded(d.Span.File) {
			continue
		}
		d.Severity = min(d.Severity, severity)
		same := func(o diag.Diagnostic) bool { return o.Rule == d.Rule && o.Span == d.Span && o.Message == d.Message }
		if !slices.ContainsFunc(g.result.findings, same) {
			g.result.findings = append(g.result.findings, d)
		}
	}
}

// ruleSeverity is the severity that a rule has by itself.
func ruleSeverity(id string, other diag.Severity) diag.Severity {
	for _, r := range check.Rules() {
		if r.ID == id {
			return r.Severity
		}
	}
	return other
}

// entrySpan is the place of an entry.
func entrySpan(e project.Entry) diag.Span {
	line := max(1, e.Line)
	return diag.Span{File: e.File, Line: line, Column: 1, EndLine: line, EndColumn: 1}
}

func (g *gateRun) note(format string, args ...any) {
	g.result.notes = append(g.result.notes, fmt.Sprintf(format, args...))
}
