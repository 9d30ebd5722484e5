package probe

import (
	"context"
	"strconv"
	"strings"
	"time"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
)

// Pass is a mode of the probe.
type Pass string

// The passes.
const (
	PassTiming Pass = "time"
	PassSplit  Pass = "split"
	PassGraph  Pass = "graph"
)

// Process is an interpreter for one pass. Its start is no part of what is
// measured, so that it may fall into the time of something else: Start, Prepare
// and Waits do all that comes before, and one of Timing, Split and Graph the rest.
// That the process ends is no part of it either: Stop waits for it.
type Process struct {
	child *launch.Child
	timed bool     // its start is
	begun *Startup // what that took
}

// slack is how much longer than the probe's own limit the process may live:
// the time to report where it hangs.
const slack = 5 * time.Second

// Start starts an interpreter as Python, Dir, Env and Timeout of o say, once turn
// is closed (nil: at once). Call Stop at the end.
func Start(ctx context.Context, o Options, turn <-chan struct{}) *Process {
	return start(ctx, o, turn, launch.ProgramArguments())
}

// StartTimed is Start, of an interpreter whose own start is timed as well, as by
// StartupPass: Startup says what it took. Nothing should run beside it. For the program it
// differs from others in sys.flags.no_site alone.
func StartTimed(ctx context.Context, o Options) *Process {
	args := launch.ProgramArguments()
	p := start(ctx, o, nil, startupArguments(launch.ProgramAfter, args[len(args)-1]))
	p.timed = true
	return p
}

// Timed reports whether it is a process of StartTimed.
func (p *Process) Timed() bool { return p.timed }

func start(ctx context.Context, o Options, turn <-chan struct{}, args []string) *Process {
	limit := o.Timeout
	if limit > 0 {
		limit += slack
	}
	return &Process{child: launch.Start(ctx, launch.Options{Python: o.Python, Dir: o.Dir, Env: o.Env, Timeout: limit, Args: args, Turn: turn})}
}

// Startup returns what the start of a process of StartTimed took, nil where it has not run
// its pass.
func (p *Process) Startup() *Startup { return p.begun }

// Prepare tells the process what it is for. What o says of Label and Deferred
// is not needed yet.
func (p *Process) Prepare(pass Pass, o Options) {
	seconds := o.Timeout.Seconds()
	if seconds <= 0 {
		seconds = 1e6
	}
	ahead := ""
	if o.Ahead && pass != PassGraph {
		ahead = "client"
	}
	p.child.Send(program(o, pass).Input(string(pass), o.Kind, o.Target, o.Attr, o.Folder, strconv.FormatFloat(seconds, 'f', -1, 64), o.Setup, o.Trial, ahead))
}

// Waits waits until the process has done what it can do before its pass, or has
// ended, and returns what Graph.Code will hold, and for the graph pass what
// Python says of itself; nil where that would take it longer than a moment, or
// the process has not come so far. It needs launch.Streams.
func (p *Process) Waits() (Code, *interp.Identity) {
	r, _ := parse(p.child.Waits())
	return r.code, r.python
}

// Done waits until the process has sent all that its pass is for, or has ended.
func (p *Process) Done() { _, _ = p.child.Done() }

// Stop ends the process where it still runs.
func (p *Process) Stop() { p.child.Stop() }

// Timing runs the timing pass; of o it takes Label and Deferred.
func (p *Process) Timing(o Options) (*Timing, error) {
	r, err := p.finish(o)
	if err != nil {
		return nil, err
	}
	t := &Timing{Self: map[string]time.Duration{}, Deferred: map[string]time.Duration{}, Stopped: r.stopped}
	t.Total, t.Client, t.GC, t.PeakKiB = r.total, r.client, r.gc, r.peak
	t.Waited = max(0, r.total-r.work)
	for _, m := range r.times {
		if m.deferred {
			t.Deferred[m.name] += m.self
		} else {
			t.Self[m.name] += m.self
		}
	}
	return t, nil
}

// Split runs the split pass; of o it takes Label and Deferred.
func (p *Process) Split(o Options) (map[string]Parts, error) {
	r, err := p.finish(o)
	if err != nil {
		return nil, err
	}
	parts := map[string]Parts{}
	for _, m := range r.times {
		p := parts[m.name]
		p.Execute += m.self
		parts[m.name] = p
	}
	for _, s := range r.parts {
		p := parts[s.name]
		switch s.part {
		case "find":
			p.Find += s.self
		case "read":
			p.Read += s.self
		case "create":
			p.Create += s.self
		}
		parts[s.name] = p
	}
	return parts, nil
}

// Graph runs the graph pass; of o it takes Label and Deferred.
func (p *Process) Graph(o Options) (*Graph, error) {
	r, err := p.finish(o)
	if err != nil {
		return nil, err
	}
	if len(r.missing) > 0 {
		return nil, &Failure{Kind: NoAttribute, Attr: r.missing[0], Names: r.missing[1:]}
	}
	return &Graph{Startup: r.loaded, Nodes: r.nodes, Statements: r.statements, Mapped: r.mapped, PeakKiB: r.peak, Stopped: r.stopped, Code: r.code}, nil
}

// finish lets the process do its pass.
func (p *Process) finish(o Options) (*result, error) {
	p.child.Finish([]byte(strings.Join(append([]string{o.Label}, o.Deferred...), "\n")))
	res, err := p.child.Done()
	if err != nil {
		return nil, err
	}
	if res.Disturbed != nil { // say it with all that is known
		if res, err = p.child.Wait(); err != nil {
			return nil, err
		}
	}
	r, rest := parse(res.Data)
	if !r.complete || res.Disturbed != nil {
		return nil, failure(r, string(res.Foreign)+rest, res)
	}
	if s, ok := r.startup(); ok {
		p.begun = s
	}
	return r, nil
}

// program puts the parts of a pass together.
func program(o Options, pass Pass) *launch.Program {
	parts := func(recorder string) []string {
		return []string{launch.PreloadSource() + launch.TracebackSource + launch.ChannelSource + stopwatchSource + outputSource, recorder, mainSource}
	}
	if pass == PassGraph {
		return &launch.Program{Parts: parts(graphSource), Code: o.Code.graph, Later: parts(timingSource)}
	}
	return &launch.Program{Parts: parts(timingSource), Code: o.Code.timing}
}
