package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fastpath/internal/lambdaapi"
	"fastpath/internal/python/launch"
)

// sample is one timed process. First and steady are nil for commands and
// where no request was asked for; CPU and RSS are 0 where they are not known.
type sample struct {
	initMS          float64 // of a command: all of it
	firstRequestMS  *float64
	steadyRequestMS *float64
	cpuMS           float64
	rssKiB          float64
}

// total returns init plus first request, in ms.
func (s *sample) total() float64 {
	if s.firstRequestMS == nil {
		return s.initMS
	}
	return s.initMS + *s.firstRequestMS
}

// eventRun is what one arm made of one event.
type eventRun struct {
	samples []*sample // by round
	answers answers
	// init and request are the modules that each of them loads; nil where the
	// process could not be watched to its end.
	init, request []string
	peakKiB       float64 // of the watched process
}

// armRun is an arm at work.
type armRun struct {
	*Arm
	o        *Options
	function *lambdaapi.Function // of a handler
	client   lambdaapi.Client
	bytecode *launch.BytecodeFolder
	events   map[string]*eventRun // by name
	loads    map[string]launch.Load
}

// newArmRun prepares an arm. Call close at the end, also of one that failed.
func newArmRun(ctx context.Context, o *Options, arm *Arm) (*armRun, error) {
	a := &armRun{Arm: arm, o: o, events: map[string]*eventRun{}, loads: map[string]launch.Load{}}
	b, env, err := arm.Bytecode.Prepare(arm.Env)
	if err != nil {
		return nil, err
	}
	a.bytecode = b
	fail := func(err error) (*armRun, error) { return nil, errors.Join(err, a.close()) }
	arm.Env = env
	for _, ev := range o.Events {
		a.events[ev.Name] = &eventRun{}
	}
	if !arm.handler() {
		return a, nil
	}
	a.function = &lambdaapi.Function{
		Python: arm.Python, Version: arm.Version, Root: arm.ImportRoot, Dir: arm.Dir, Module: arm.Module, Attr: arm.Attr,
		MemoryMB: arm.MemoryMB, Env: env, Timeout: o.Timeout,
	}
	if a.client, err = a.function.FindClient(ctx); err != nil {
		return fail(err)
	}
	return a, nil
}

func (a *armRun) close() error { return a.bytecode.Close() }

// look starts the untimed process of one event. Failures of init and of the
// request are told apart; err is for what is not the user's.
func (a *armRun) look(ctx context.Context, ev *Event) (init, request *RunError, err error) {
	run := a.events[ev.Name]
	if !a.handler() {
		r, modules, err := a.watchCommand(ctx, ev)
		if err != nil {
			return nil, nil, err
		}
		if modules != nil && len(modules.Stages) == 1 {
			run.init, run.peakKiB = modules.Stages[0], modules.PeakKiB
			a.note(modules)
		}
		return nil, a.commandError(ev, r), nil
	}
	requests := a.requests(ev)
	requests = requests[:min(len(requests), 1)]
	rec, err := a.function.Run(ctx, lambdaapi.Options{Client: a.client, Events: requests, Watch: true})
	if err != nil {
		return nil, nil, err
	}
	init, request = a.failure(ev, rec)
	if init != nil && rec.InitErr != nil && a.client == lambdaapi.Official {
		// AWS's client keeps the frames of failed imports to itself.
		if own, err := a.function.Run(ctx, lambdaapi.Options{Client: lambdaapi.Own, Events: requests}); err != nil {
			return nil, nil, err
		} else if own.InitErr != nil {
			init, _ = a.failure(ev, own)
		}
	}
	if init != nil || request != nil {
		return init, request, nil
	}
	if len(requests) > 0 {
		run.answers.add(rec.Invocations[0].Response)
	}
	if m := rec.Modules; m != nil && len(m.Stages) == 2 {
		run.init, run.request = m.Stages[0], m.Stages[1]
		a.note(m)
	}
	return nil, nil, nil
}

// requests are those that a handler's process gets.
func (a *armRun) requests(ev *Event) [][]byte {
	if ev.JSON == nil {
		return nil
	}
	return slices.Repeat([][]byte{ev.JSON}, 1+a.o.Steady)
}

// note keeps who loaded what.
func (a *armRun) note(m *launch.WatchedModules) {
	for name, l := range m.Loads {
		if _, ok := a.loads[name]; !ok {
			a.loads[name] = l
		}
	}
}

// run starts one timed process.
func (a *armRun) run(ctx context.Context, ev *Event) error {
	if err := a.bytecode.Before(); err != nil {
		return err
	}
	run := a.events[ev.Name]
	if !a.handler() {
		r, out, err := a.runCommand(ctx, ev)
		if err != nil {
			return err
		}
		if failed := a.commandError(ev, r); failed != nil {
			return failed
		}
		run.answers.add(out)
		run.samples = append(run.samples, &sample{initMS: ms(r.Wall), cpuMS: ms(r.CPU), rssKiB: run.peakKiB})
		return nil
	}
	requests := a.requests(ev)
	rec, err := a.function.Run(ctx, lambdaapi.Options{Client: a.client, Events: requests})
	if err != nil {
		return err
	}
	if init, request := a.failure(ev, rec); init != nil || request != nil {
		if init != nil {
			return init
		}
		return request
	}
	s := &sample{initMS: ms(rec.Init), cpuMS: ms(rec.CPU), rssKiB: rec.PeakKiB}
	if s.rssKiB == 0 {
		s.rssKiB = float64(rec.Process.MaxRSSKiB)
	}
	if len(requests) == 0 {
		run.samples = append(run.samples, s)
		return nil
	}
	run.answers.add(rec.Invocations[0].Response)
	first := ms(rec.Invocations[0].Duration)
	s.firstRequestMS = &first
	if a.o.Steady > 0 {
		var steady []float64
		for _, inv := range rec.Invocations[1:] {
			steady = append(steady, ms(inv.Duration))
		}
		middle := figure(steady).Median
		s.steadyRequestMS = &middle
	}
	run.samples = append(run.samples, s)
	if report := a.o.Watch.Report; report != nil {
		reports := []lambdaapi.Report{a.function.Report(rec, 0)}
		if n := len(rec.Invocations); n > 1 {
			reports = append(reports, a.function.Report(rec, n-1))
		}
		report(a.Name, ev.Name, reports)
	}
	return nil
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// failure says what went wrong in a handler's process, in init or in a request.
func (a *armRun) failure(ev *Event, rec *lambdaapi.Record) (init, request *RunError) {
	explain := func(message string, e *lambdaapi.FunctionError) *RunError {
		r := &RunError{Arm: a.Name, Event: ev.Name, Message: message}
		switch {
		case e == nil:
			r.Detail = tail(rec.Process.Stderr, 10)
		case e.Traceback != "":
			r.Detail = launch.TrimTraceback(e.Traceback, a.Roots)
		default:
			r.Detail = e.Error()
		}
		return r
	}
	last := len(rec.Invocations) - 1
	switch {
	case rec.InitErr != nil:
		init = explain("the entry raised an exception while it was imported", rec.InitErr)
	case !rec.Ready:
		init = explain(a.ended(rec.Process, "the import of the entry"), nil)
	case last >= 0 && rec.Invocations[last].Err != nil:
		e := rec.Invocations[last].Err
		message := "the handler raised an exception"
		switch e.Type {
		case "Runtime.MarshalError":
			message = "the handler's answer is no JSON, so that Lambda would fail"
			if strings.Contains(e.Message, "generator") {
				message = "the handler yields its answer, but Lambda's Python runtime cannot stream; return it"
			}
		case "Function.ResponseSizeTooLarge", "Function.ResponseStreaming":
			message = "the handler's answer was refused"
		}
		request = explain(message, e)
	case rec.Open || len(rec.Invocations) <= a.o.Steady && !rec.Process.Stopped:
		request = explain(a.ended(rec.Process, "the handler"), nil)
	}
	if init != nil {
		init.Event = "" // it is every event's
	}
	return init, request
}

// ended explains a process that ended before it should.
func (a *armRun) ended(r *launch.Result, what string) string {
	switch {
	case r.TimedOut:
		return fmt.Sprintf("%s did not end within %s; raise --timeout if it needs longer", what, a.o.Timeout)
	case r.Signal != "":
		return "the process was ended by a signal (" + r.Signal + ")"
	}
	return fmt.Sprintf("the process ended with exit code %d before it answered; does the code call sys.exit or os._exit?", r.ExitCode)
}

// tail returns the last lines of a child's output.
func tail(out []byte, lines int) string {
	all := strings.Split(strings.TrimRight(string(out), "\r\n"), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
