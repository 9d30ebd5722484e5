// Package profile measures one entry: it plans the runs of the probe, and
// makes of their results a profile, with self times (min over the runs), the
// statements that ask for modules, and the environment.
//
// One graph pass comes first and brings the byte-code into the state that the
// timing runs find; runs.go says what of a run may happen beside others. Each run ends with the deferred pass, which imports what
// functions of reachable project code would import, so that the cost of an
// import stays known when it has moved. What comes out becomes an
// evidence.Entry, and beside it a Module for each row with what the lock does
// not keep; nothing is written here. An entry that cannot be measured
// is an *EntryError with the user's own frames and what to do next.
package profile

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// DefaultRuns is the number of timing runs: fewer leave the minimum uncertain
// by more than a tenth.
const DefaultRuns = 10

// DefaultTimeout is the limit of each run.
const DefaultTimeout = time.Minute

// Options says what to measure, with what.
type Options struct {
	Root            string // of the project, absolute
	Entry           project.Entry
	Program         *graph.Program
	Python          *interp.Interpreter
	Env             []string // the user's, as os.Environ
	ExtraEnv        []string // "K=V", beside or instead of those
	RealCredentials bool
	Dir, Folder     string          // where the process starts, and the head of sys.path, absolute; "": as the entry says
	Setup           string          // a file that runs before the entry, absolute; "" for none
	Split           bool            // find the parts of self times, by runs of their own
	Bytecode        launch.Bytecode // in which state to measure
	PageCache       PageCache       // the same
	Runs            int             // timing runs, at least 1
	Trials          int             // runs without one import each, of those that save most
	Timeout         time.Duration   // of each run
	CodeDir         string          // where the compiled probe is kept from one measurement to the next, absolute; "": nowhere
	Progress        func(Stage)     // nil: nobody watches
	// Before is what the lock has of the entry, from the same environment; nil
	// where nothing is compared with it. Times that moved are measured again.
	Before *evidence.Entry

	free func(processors int, ending bool) bool // processorsFree; tests know better
}

// Pass is a part of a measurement.
type Pass int

// The passes, in order.
const (
	PassBegin Pass = iota
	PassGraph
	PassTiming
	PassSplit // where Options.Split asks for it
	PassAgain // timing runs once more, where times of Options.Before moved
	PassTrial // where Options.Trials does
)

// Stage is a step that is done: the measurement has begun, the graph pass with
// what it found, or one run of another pass.
type Stage struct {
	Pass     Pass
	Run      int // of all passes but the graph pass, from 1
	Modules  int // of init, by the graph pass
	Deferred int // modules that only the deferred pass loads, by the graph pass
	Total    time.Duration
}

// Profile is what was measured.
type Profile struct {
	// Entry is the result in the form of the lock file.
	Entry *evidence.Entry
	// Modules holds the same modules with what only this measurement says.
	Modules map[string]Module
	// Startup is what happens before the entry; nil where it cannot be timed.
	Startup *Startup
	// WaitedMS is the part of Entry.TotalMinMS that no processor worked for: the
	// import waited for files, the network or a timer.
	WaitedMS float64
	// Trials are the runs without an import, those of the greatest savings first.
	Trials []Trial
	// Warnings say what could not be measured though the profile is usable:
	// modules of the deferred pass that ended the process, missing byte-code.
	Warnings []string
}

// attempts bounds how often the graph pass starts again because a module of
// the deferred pass ended the process.
const attempts = 4

// Measure profiles an entry. The error is an *EntryError, ctx's, or says that
// the interpreter could not be started.
func Measure(ctx context.Context, o Options) (p *Profile, err error) {
	b, err := Begin(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	return b.Measure(ctx, o.Program)
}

// Beginning is a measurement whose first interpreter starts while its caller
// still reads the sources.
type Beginning struct {
	m        *measurement
	identity func() (*interp.Identity, error) // waits for the answer
}

// Begin begins a measurement; Program of o is not needed yet. Call Close at the
// end.
func Begin(ctx context.Context, o Options) (*Beginning, error) {
	if o.free == nil {
		o.free = processorsFree
	}
	m := &measurement{Options: o, target: o.probe()}
	var err error
	if m.conditions, m.target.Env, err = o.newConditions(m.target.Env); err != nil {
		return nil, err
	}
	if o.CodeDir != "" {
		m.target.Code = probe.ReadCode(o.CodeDir, o.Python.Version)
	}
	b := &Beginning{m: m}
	if err = m.begin(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	first := m.first
	b.identity = sync.OnceValues(func() (*interp.Identity, error) { return m.identify(ctx, first) })
	if !saysItself {
		go func() { _, _ = b.identity() }() // while the sources are read
	}
	return b, nil
}

// Identity returns what the interpreter says of itself, once it runs. The error
// is as of interp.Interpreter.Query.
func (b *Beginning) Identity() (*interp.Identity, error) { return b.identity() }

// saysItself says whether the first interpreter says what it is.
const saysItself = launch.Streams && runtime.GOOS == "linux"

// identify takes the answer of the first process, else asks by one more.
func (m *measurement) identify(ctx context.Context, first *probe.Process) (*interp.Identity, error) {
	if saysItself {
		if _, id := first.Waits(); id != nil && id.Supported() {
			return id, nil
		}
	}
	d, err := m.Python.Query(ctx, m.target.Env)
	if err != nil {
		return nil, err
	}
	return &d.Identity, nil
}

// Close ends what still runs.
func (b *Beginning) Close() error {
	if b.m.first != nil {
		b.m.first.Stop()
	}
	b.m.stop()
	return b.m.conditions.bytecode.Close()
}

// Measure goes on with the measurement; it is called once. The error is as of
// the function Measure.
func (b *Beginning) Measure(ctx context.Context, program *graph.Program) (_ *Profile, err error) {
	m := b.m
	m.Program, m.ofFile = program, map[string]*graph.Module{}
	if root, err := filepath.EvalSymlinks(m.Root); err == nil {
		m.realRoot = root
	}
	m.target.Label = m.label()
	if m.identity, err = b.identity(); err != nil {
		return nil, err
	}
	m.progress(Stage{})
	m.distributions = sync.OnceValue(func() interp.Index {
		return interp.Distributions(append(slices.Clone(m.identity.Path), m.target.Folder))
	})
	go m.distributions() // while the graph pass runs
	if err := m.graphPass(ctx); err != nil {
		return nil, m.explain(err)
	}
	m.distributions() // nothing runs beside what is timed
	found := Stage{Pass: PassGraph}
	for _, n := range m.graph.Nodes {
		switch {
		case n.Kind == "missing":
		case n.Deferred:
			found.Deferred++
		default:
			found.Modules++
		}
	}
	m.progress(found)
	if m.PageCache == PagesCold {
		m.conditions.cold = m.loadedFiles()
	}
	if err := m.timingPass(ctx); err != nil {
		return nil, m.explain(err)
	}
	if n := m.conditions.stayed; n > 0 {
		m.warn("%s in memory, as its file system keeps it there: what is shown for it is not cold", counted(n, "file stayed", "files stayed"))
	}
	if err := m.splitPass(ctx); err != nil {
		return nil, m.explain(err)
	}
	startup, err := m.startup(ctx)
	if err != nil {
		return nil, err
	}
	if m.compiled.Known() && m.CodeDir != "" {
		_ = m.compiled.Write(m.CodeDir, m.Python.Version) // where that fails the next measurement compiles again
	}
	e := m.entry(startup)
	if err := m.confirm(ctx, e); err != nil {
		return nil, m.explain(err)
	}
	trials, err := m.trials(ctx, e)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(trials, func(t Trial) bool { return len(t.Stays) > 0 }) {
		e.Edges = m.entry(startup).Edges // with those that showed
	}
	return &Profile{Entry: e, Modules: m.modules(), Startup: startup, WaitedMS: m.waited(), Trials: trials, Warnings: m.warnings}, nil
}

// measurement is one call of Measure.
type measurement struct {
	Options
	target   probe.Options
	identity *interp.Identity // of Python
	graph    *probe.Graph
	timings  []*probe.Timing
	splits   []map[string]probe.Parts
	reach    []*graph.Module // project code that the entry reaches, itself first
	realRoot string          // Root without links, "" where that is not known
	ofFile   map[string]*graph.Module
	warnings []string

	conditions    *conditions
	distributions func() interp.Index
	first         *probe.Process   // for the graph pass, until it is used
	waiting       []*probe.Process // for the next runs
	leaving       *probe.Process   // has sent all, and is about to end
	begun         *probe.Startup   // what the start of the last run took, once that is known
	noStart       bool             // it is not to be timed with it
	compiled      probe.Code       // by this measurement, to be kept
}

func (o *Options) progress(s Stage) {
	if o.Progress != nil {
		o.Progress(s)
	}
}

// probe translates the entry.
func (o *Options) probe() probe.Options {
	importRoot := filepath.Join(o.Root, filepath.FromSlash(o.Entry.ImportRoot))
	file := filepath.Join(o.Root, filepath.FromSlash(o.Entry.File))
	t := probe.Options{
		Python: o.Python.Path, Dir: o.Entry.WorkDir(o.Root), Folder: importRoot, Timeout: o.Timeout,
		Env:   launch.Environment(o.Env, launch.EnvOptions{RealCredentials: o.RealCredentials, Extra: o.ExtraEnv}),
		Setup: o.Setup, Kind: probe.KindImport, Target: o.Entry.Module,
	}
	switch o.Entry.Kind {
	case project.EntryHandler:
		t.Attr = o.Entry.Attr
		if o.Entry.Platform == config.PlatformLambda {
			t.Kind = probe.KindLambda
		}
	case project.EntryConsole:
		t.Attr = o.Entry.Attr
	case project.EntryFile:
		t.Kind, t.Target, t.Folder = probe.KindFile, file, filepath.Dir(file)
	case project.EntryModule:
		t.Kind = probe.KindModule
	}
	if o.Dir != "" {
		t.Dir = o.Dir
	}
	if o.Folder != "" {
		t.Folder = o.Folder
	}
	return t
}

// label is the name of the module that runs as __main__.
func (m *measurement) label() string {
	name := m.Entry.Module
	if mod := m.Program.File(m.Entry.File); mod != nil && (m.target.Kind == probe.KindFile || m.target.Kind == probe.KindModule) {
		name = mod.Name
	}
	return cmp.Or(name, "__main__")
}

// graphPass runs the graph pass, again without modules of the deferred pass
// that end the process, and once more when the entry loads project code that
// no import statement names.
func (m *measurement) graphPass(ctx context.Context) error {
	roots := []*graph.Module{m.Program.File(m.Entry.File)}
	m.reach = reachable(m.Program, roots)
	skip := map[string]bool{}
	for try := 0; ; try++ {
		m.target.Deferred = m.deferred(skip)
		if try >= attempts {
			m.target.Deferred = nil
		}
		g, err := m.graphRun(ctx)
		if err != nil {
			return err
		}
		m.graph = g
		m.learn(g.Code)
		if g.Stopped >= 0 && g.Stopped < len(m.target.Deferred) {
			name := m.target.Deferred[g.Stopped]
			skip[name] = true
			m.warn("importing %q, as functions of the project do, ended or blocked the process; its cost stays unknown", name)
			continue
		}
		found := m.dynamic()
		if len(found) == 0 || try > 0 {
			return nil
		}
		m.reach = reachable(m.Program, append(roots, found...))
		if slices.Equal(m.deferred(skip), m.target.Deferred) {
			return nil
		}
	}
}

// dynamic returns the project modules of the graph that no statement names.
func (m *measurement) dynamic() []*graph.Module {
	var found []*graph.Module
	for _, n := range m.graph.Nodes {
		if mod := m.projectModule(n.File); mod != nil && !slices.Contains(m.reach, mod) {
			found = append(found, mod)
		}
	}
	return found
}

// reachable returns the modules that can be imported, at init or later, when
// roots are: breadth first, so that the order depends on the sources alone.
func reachable(p *graph.Program, roots []*graph.Module) []*graph.Module {
	var list []*graph.Module
	seen := map[*graph.Module]bool{nil: true}
	add := func(m *graph.Module) {
		if !seen[m] {
			seen[m] = true
			list = append(list, m)
		}
	}
	for _, m := range roots {
		add(m)
		if m != nil {
			for _, pkg := range packages(p, m.Name) {
				add(pkg)
			}
		}
	}
	for i := 0; i < len(list); i++ {
		for _, imp := range list[i].Imports {
			if imp.Runs == "import" || imp.Runs == "call" {
				for _, t := range p.Targets(imp) {
					add(t)
				}
			}
		}
	}
	return list
}

// packages returns the project's packages around a module, outermost first.
func packages(p *graph.Program, name string) []*graph.Module {
	var list []*graph.Module
	for i := range len(name) {
		if name[i] == '.' {
			if m := p.Module(name[:i]); m != nil {
				list = append(list, m)
			}
		}
	}
	return list
}

// deferred lists the modules of the deferred pass: what the functions of
// reachable code import, and what it imports lazily, in the order of the
// sources, each once.
func (m *measurement) deferred(skip map[string]bool) []string {
	var list []string
	seen := map[string]bool{}
	for _, mod := range m.reach {
		for _, imp := range mod.Imports {
			name := deferredTarget(imp)
			if imp.Lazy {
				name = imp.Target // its edge is what the source says
			}
			if name != "" && name[0] != '.' && !seen[name] && !skip[name] {
				seen[name] = true
				list = append(list, name)
			}
		}
	}
	return list
}

// deferredTarget returns the module that a statement of a function imports,
// "" for statements of a module's body and those that never run. Functions
// that are called at import are no exception: their statements are known by
// what they cost when they run.
func deferredTarget(imp *graph.Import) string {
	runs := imp.Runs == "call" || imp.Scope == "function" && imp.Runs == "import"
	if !runs || imp.Future || imp.Target == "" || imp.Target[0] == '.' {
		return ""
	}
	return imp.Target
}

// explain gives failures of the entry a message.
func (m *measurement) explain(err error) error {
	var f *probe.Failure
	if errors.As(err, &f) {
		return m.entryError(f)
	}
	return err
}
