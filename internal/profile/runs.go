package profile

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// Of a run only the import of the entry is timed, and the imports of AWS's
// runtime client. The rest, the start of the interpreter above all, takes as long
// again for small entries. Two interpreters therefore get ready at the same time
// where there are two processors, while the one before them ends, and the first
// few beside the graph pass. Then they wait: the entry runs alone. So does the
// client in the first and the last, where its least time is found; the others import it
// while they get ready, and beside each other it can only take them longer. The last one
// starts with nobody beside it, so that its own start is timed, too.

const (
	// processors are how many interpreters get ready at the same time.
	processors = 2
	// early are how many do beside the graph pass, at most.
	early = 5
)

// together reports whether interpreters may get ready at the same time now.
// One of ours may be about to end.
func (m *measurement) together(ending bool) bool {
	return launch.Streams && !m.conditions.each() && m.free(processors, ending)
}

// processorsFree reports whether n processors have nothing else to do, as far
// as the system tells. Where they have, two processes are no faster than one. A
// process of ours that is about to end does not count.
func processorsFree(n int, ending bool) bool {
	if runtime.NumCPU() < n {
		return false
	}
	for look := range 8 { // what only passes by is gone at the next look or two
		data, err := os.ReadFile("/proc/loadavg")
		if err != nil {
			return true
		}
		var running int // this process among them
		if _, err := fmt.Sscanf(string(data), "%f %f %f %d/", new(float64), new(float64), new(float64), &running); err != nil {
			return true
		}
		if ending && look < 3 { // to end takes it longer than that
			running--
		}
		if running-1 <= runtime.NumCPU()-n {
			return true
		}
		time.Sleep(250 * time.Microsecond)
	}
	return false
}

// ahead reports whether what comes before the entry belongs to the preparations
// of a run, which is one of a group of n. It does not where it is to be timed
// alone, and where it is code of the user, which expects to be alone.
func (m *measurement) ahead(pass probe.Pass, run, n int) bool {
	if n == 1 || m.Setup != "" {
		return false
	}
	return pass == probe.PassSplit || m.target.Kind != probe.KindLambda || run > 0
}

// early returns how many interpreters get ready beside the graph pass. What is left are
// pairs, and the one whose start is timed.
func (m *measurement) early() int {
	n := min(early, m.Runs-1)
	return max(0, n-(m.Runs-n+1)%processors)
}

// timesStart reports whether the last run of the timing pass also times the start of its
// interpreter. Children that the entry starts by multiprocessing get the flag that this takes;
// and where Python comes without site, as a script may start it, nothing may load that.
func (m *measurement) timesStart(pass probe.Pass) bool {
	const spawns = "multiprocessing"
	return pass == probe.PassTiming && m.begun == nil && !m.noStart && launch.Streams && !m.conditions.each() &&
		slices.Contains(m.graph.Startup, "site") && !slices.Contains(m.graph.Startup, spawns) &&
		!slices.ContainsFunc(m.graph.Nodes, func(n probe.Node) bool { return n.Name == spawns })
}

// last starts the interpreter of the last run, where its start is timed: nothing runs then.
func (m *measurement) last(ctx context.Context) error {
	m.leave(nil)
	if err := m.conditions.before(); err != nil {
		return err
	}
	p := probe.StartTimed(ctx, m.target)
	p.Prepare(probe.PassTiming, m.target)
	m.waiting = append(m.waiting, p)
	return nil
}

// group starts the interpreters of a group of n runs, the first of which is the
// one with that number, each when there is a processor for it. One of them is
// taken as long as the graph pass runs beside (nil: it does not).
func (m *measurement) group(ctx context.Context, pass probe.Pass, first, n int, beside *probe.Process) error {
	free := make(chan struct{}, processors)
	for range processors {
		free <- struct{}{}
	}
	busy := func(until func()) {
		<-free
		go func() { until(); free <- struct{}{} }()
	}
	if beside != nil {
		busy(beside.Done)
	}
	target, turns := m.target, make([]chan struct{}, n)
	for i := range n {
		turns[i] = make(chan struct{})
		target.Ahead = m.ahead(pass, first+i, n)
		p, err := m.start(ctx, pass, target, turns[i])
		if err != nil {
			return err
		}
		m.waiting = append(m.waiting, p)
	}
	list := slices.Clone(m.waiting)
	go func() {
		for i, p := range list {
			busy(func() { p.Waits() })
			close(turns[i])
		}
	}()
	return nil
}

// start starts an interpreter for a pass.
func (m *measurement) start(ctx context.Context, pass probe.Pass, target probe.Options, turn <-chan struct{}) (*probe.Process, error) {
	if err := m.conditions.before(); err != nil {
		return nil, err
	}
	p := probe.Start(ctx, target, turn)
	p.Prepare(pass, target)
	return p, nil
}

// next takes the next of the interpreters that wait.
func (m *measurement) next() *probe.Process {
	p := m.waiting[0]
	m.waiting = m.waiting[1:]
	return p
}

// stop ends the processes that still run.
func (m *measurement) stop() {
	m.leave(nil)
	for len(m.waiting) > 0 {
		m.next().Stop()
	}
}

// leave lets a process end, of which all is known, once the one before it has.
func (m *measurement) leave(p *probe.Process) {
	if m.leaving != nil {
		m.leaving.Stop()
	}
	m.leaving = p
}

// begin starts the interpreter for the graph pass, and the first ones for the
// timing pass, where they need not compile anything.
func (m *measurement) begin(ctx context.Context) (err error) {
	together := m.together(false) // as long as nothing of ours runs
	if m.first, err = m.start(ctx, probe.PassGraph, m.target, nil); err != nil {
		return err
	}
	if together && m.target.Code.Known() {
		return m.group(ctx, probe.PassTiming, 0, m.early(), m.first)
	}
	return nil
}

// learn takes the byte-code that a process had to make: what there was is of
// another Python.
func (m *measurement) learn(code probe.Code) {
	if code.Known() {
		m.target.Code, m.compiled = code, code
	}
}

// graphRun runs the graph pass once, in the interpreter that was started for it
// where there is one, while the first ones for the timing pass get ready.
func (m *measurement) graphRun(ctx context.Context) (*probe.Graph, error) {
	if m.first == nil {
		m.leave(nil)
		if err := m.conditions.before(); err != nil {
			return nil, err
		}
		return probe.GraphPass(ctx, m.target)
	}
	p := m.first
	m.first = nil
	defer m.leave(p)
	if launch.Streams && !m.conditions.each() {
		if code, _ := p.Waits(); code.Known() {
			m.learn(code)
			m.stop()
			if m.together(false) {
				if err := m.group(ctx, probe.PassTiming, 0, m.early(), p); err != nil {
					return nil, err
				}
			}
		}
	}
	return p.Graph(m.target)
}

// runs runs a pass as often as Options.Runs says. Where enough says so after a
// run that nothing waits behind, it stops before.
func (m *measurement) runs(ctx context.Context, pass probe.Pass, enough func(done int) bool, run func(p *probe.Process) error) error {
	for done := 0; done < m.Runs && !enough(done); {
		if m.conditions.each() {
			m.leave(nil)
		}
		switch {
		case len(m.waiting) > 0:
		case m.Runs-done == 1 && m.timesStart(pass):
			if err := m.last(ctx); err != nil {
				return err
			}
		default:
			n := 1
			if m.together(m.leaving != nil) {
				n = min(m.Runs-done, processors)
				if m.timesStart(pass) {
					n = min(n, m.Runs-done-1) // the last one is alone
				}
			}
			if err := m.group(ctx, pass, done, n, nil); err != nil {
				return err
			}
		}
		m.leave(nil)
		if len(m.waiting) > 1 {
			for _, p := range m.waiting {
				p.Waits()
			}
		}
		for len(m.waiting) > 0 {
			m.leave(nil)
			p := m.next()
			err := run(p)
			m.leave(p)
			if err != nil && p.Timed() && ctx.Err() == nil {
				m.noStart = true // without the flag it may work; startup says what is wrong
				continue
			}
			if err != nil {
				return err
			}
			m.begun = cmp.Or(m.begun, p.Startup())
			done++
		}
	}
	m.leave(nil)
	return nil
}

// timingPass runs the timing pass N times.
func (m *measurement) timingPass(ctx context.Context) error {
	return m.runs(ctx, probe.PassTiming, never, m.timing(PassTiming))
}

// timing takes what one run of the timing pass says, as a step of a pass.
func (m *measurement) timing(of Pass) func(p *probe.Process) error {
	return func(p *probe.Process) error {
		t, err := p.Timing(m.target)
		if err != nil {
			return err
		}
		m.timings = append(m.timings, t)
		m.progress(Stage{Pass: of, Run: len(m.timings), Total: t.Total})
		return nil
	}
}

func never(int) bool { return false }

// leastAgain is how many runs at least tell whether a time that moved is noise:
// one run alone may have gone astray.
const leastAgain = 3

// confirm measures once more where times of Options.Before would change, until
// none would or Options.Runs are done, and notes it in e. On a busy machine one
// profile in twenty finds some module faster or slower than it is; a time that
// really changed is so the next time, too.
func (m *measurement) confirm(ctx context.Context, e *evidence.Entry) error {
	if m.Before == nil || !evidence.Moves(m.Before, e) {
		return nil
	}
	first := m.timings
	defer func() { m.timings = slices.Concat(first, m.timings) }()
	m.timings = nil
	enough := func(done int) bool {
		if done < min(leastAgain, m.Runs) {
			return false
		}
		e.Again = m.times()
		return !evidence.Doubtful(m.Before, e)
	}
	err := m.runs(ctx, probe.PassTiming, enough, m.timing(PassAgain))
	if err == nil {
		e.Again = m.times()
	}
	return err
}

// splitPass runs the split pass as often, when it is asked for.
func (m *measurement) splitPass(ctx context.Context) error {
	if !m.Split {
		return nil
	}
	return m.runs(ctx, probe.PassSplit, never, func(p *probe.Process) error {
		parts, err := p.Split(m.target)
		if err != nil {
			return err
		}
		m.splits = append(m.splits, parts)
		m.progress(Stage{Pass: PassSplit, Run: len(m.splits)})
		return nil
	})
}
