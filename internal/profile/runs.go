package profile

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// Of a run only the import of the entry is timed, and of some the imports of
// AWS's runtime client. The rest, the start of the interpreter above all, takes
// as long again for small entries. Two interpreters therefore get ready at the
// same time where there are two processors, and the first two while the graph
// pass runs. Then they wait: what is timed runs alone.

// most is how many interpreters get ready at the same time.
const most = 2

// together returns how many interpreters may get ready at the same time now.
func (m *measurement) together() int {
	if !launch.Streams || m.conditions.each() || !m.free(most) {
		return 1
	}
	return most
}

// processorsFree reports whether n processors have nothing else to do, as far
// as the system tells. Where they have, two processes are no faster than one.
func processorsFree(n int) bool {
	if runtime.NumCPU() < n {
		return false
	}
	for range 8 { // what only passes by is gone at the next look or two
		data, err := os.ReadFile("/proc/loadavg")
		if err != nil {
			return true
		}
		var running int // this process among them
		if _, err := fmt.Sscanf(string(data), "%f %f %f %d/", new(float64), new(float64), new(float64), &running); err != nil {
			return true
		}
		if running-1 <= runtime.NumCPU()-n {
			return true
		}
		time.Sleep(250 * time.Microsecond)
	}
	return false
}

// ahead reports whether what comes before the entry belongs to the preparations
// of a group of n runs. It does not where it is to be timed, which every other
// group does, and where it is code of the user, which expects to be alone.
func (m *measurement) ahead(pass probe.Pass, number, n int) bool {
	if n == 1 || m.Setup != "" {
		return false
	}
	return pass == probe.PassSplit || m.target.Kind != probe.KindLambda || m.Runs > n && number%2 == 0
}

// start starts n interpreters for a pass.
func (m *measurement) start(ctx context.Context, pass probe.Pass, n int, target probe.Options) ([]*probe.Process, error) {
	var list []*probe.Process
	for range n {
		if err := m.conditions.before(); err != nil {
			return list, err
		}
		p := probe.Start(ctx, target)
		p.Prepare(pass, target)
		list = append(list, p)
	}
	return list, nil
}

// next takes the next of the interpreters that wait.
func (m *measurement) next() *probe.Process {
	p := m.waiting[0]
	m.waiting = m.waiting[1:]
	return p
}

func (m *measurement) stopWaiting() {
	for len(m.waiting) > 0 {
		m.next().Stop()
	}
}

// begin starts the interpreter for the graph pass, and the first two for the
// timing pass, where they need not compile anything.
func (m *measurement) begin(ctx context.Context) error {
	n := m.together() // as long as nothing of ours runs
	list, err := m.start(ctx, probe.PassGraph, 1, m.target)
	if err != nil {
		return err
	}
	m.first = list[0]
	if n > 1 && m.target.Code.Known() {
		m.waiting, err = m.group(ctx, probe.PassTiming, 0, min(m.Runs, n), m.target)
	}
	return err
}

// learn takes the byte-code that a process had to make: what there was is of
// another Python.
func (m *measurement) learn(code probe.Code) {
	if code.Known() {
		m.target.Code, m.compiled = code, code
	}
}

// graphRun runs the graph pass once, in the interpreter that was started for it
// where there is one, while the first two for the timing pass get ready.
func (m *measurement) graphRun(ctx context.Context) (*probe.Graph, error) {
	if m.first == nil {
		if err := m.conditions.before(); err != nil {
			return nil, err
		}
		return probe.GraphPass(ctx, m.target)
	}
	p := m.first
	m.first = nil
	defer p.Stop()
	if launch.Streams && !m.conditions.each() {
		if code := p.Waits(); code.Known() {
			m.learn(code)
			m.stopWaiting()
			if n := m.together(); n > 1 {
				var err error
				if m.waiting, err = m.group(ctx, probe.PassTiming, 0, min(m.Runs, n), m.target); err != nil {
					return nil, err
				}
			}
		}
	}
	return p.Graph(m.target)
}

// group starts the interpreters of a group of n runs.
func (m *measurement) group(ctx context.Context, pass probe.Pass, number, n int, target probe.Options) ([]*probe.Process, error) {
	target.Ahead = m.ahead(pass, number, n)
	return m.start(ctx, pass, n, target)
}

// runs runs a pass as often as Options.Runs says.
func (m *measurement) runs(ctx context.Context, pass probe.Pass, run func(p *probe.Process) error) error {
	for done, number := 0, 0; done < m.Runs; number++ {
		if len(m.waiting) == 0 {
			var err error
			if m.waiting, err = m.group(ctx, pass, number, min(m.Runs-done, m.together()), m.target); err != nil {
				return err
			}
		}
		if len(m.waiting) > 1 {
			for _, p := range m.waiting {
				p.Waits()
			}
		}
		for len(m.waiting) > 0 {
			p := m.next()
			err := run(p)
			p.Stop()
			if err != nil {
				return err
			}
			done++
		}
	}
	return nil
}

// timingPass runs the timing pass N times.
func (m *measurement) timingPass(ctx context.Context) error {
	return m.runs(ctx, probe.PassTiming, func(p *probe.Process) error {
		t, err := p.Timing(m.target)
		if err != nil {
			return err
		}
		m.timings = append(m.timings, t)
		m.progress(Stage{Pass: PassTiming, Run: len(m.timings), Total: t.Total})
		return nil
	})
}

// splitPass runs the split pass as often, when it is asked for.
func (m *measurement) splitPass(ctx context.Context) error {
	if !m.Split {
		return nil
	}
	return m.runs(ctx, probe.PassSplit, func(p *probe.Process) error {
		parts, err := p.Split(m.target)
		if err != nil {
			return err
		}
		m.splits = append(m.splits, parts)
		m.progress(Stage{Pass: PassSplit, Run: len(m.splits)})
		return nil
	})
}
