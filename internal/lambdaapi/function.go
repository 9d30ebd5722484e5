package lambdaapi

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"fastpath/internal/python/launch"
)

// Function is a Lambda function on this machine.
type Function struct {
	Python       string  // absolute path of the interpreter
	Version      string  // X.Y of it, for AWS_EXECUTION_ENV
	Root         string  // the code's folder, absolute: LAMBDA_TASK_ROOT
	Dir          string  // working directory, absolute; that of Root on Lambda
	Module, Attr string  // the handler, "pkg.app" and "handler"
	MemoryMB     float64 // told to the function, not enforced
	Env          []string
	Timeout      time.Duration // of the whole process
}

// Options says how to run one execution environment.
type Options struct {
	Client Client
	Events [][]byte // JSON, handed out one after the other to one process
	// Watch finds the modules that init and the first event load, in
	// Record.Modules. It costs time: the durations are then of no use.
	Watch bool
}

// Record is what became of one execution environment.
type Record struct {
	Ready       bool          // the process asked for an event: init is over
	Init        time.Duration // from the process's start until then
	Invocations []Invocation  // those that were handed out
	Open        bool          // the last of them got no answer
	InitErr     *FunctionError
	// CPU is the processor time of init and the first event, and PeakKiB the
	// peak resident memory after the last one; 0 where this system does not
	// tell.
	CPU     time.Duration
	PeakKiB float64
	Modules *launch.WatchedModules // with Options.Watch, nil where the process ended before
	Process *launch.Result
}

// Run starts the function's process, hands out the events and ends the process
// when the last one is answered, without a chance to tear down: Lambda freezes
// it there. The error is ctx's, or says that the process or the API could not be
// started; whatever the function does is in the record.
func (f *Function) Run(ctx context.Context, o Options) (*Record, error) {
	rec := &Record{}
	meter := &meter{started: make(chan struct{})}
	timeout := f.Timeout
	if timeout <= 0 {
		timeout = 15 * time.Minute // Lambda's own longest
	}
	s, err := serve(o.Events, f.arn(), timeout, func(answered int) { meter.read(answered) })
	if err != nil {
		return nil, err
	}
	r, err := launch.Run(ctx, launch.Options{
		Python: f.Python, Args: f.args(o.Client, o.Watch), Dir: f.Dir, Env: f.variables(s.address()),
		Timeout: timeout, NoResult: !o.Watch, OnStart: meter.start, Stop: s.done,
	})
	meter.start(0) // nothing waits for a process that never was
	closeErr := s.close()
	if err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	rec.Process = r
	var ready time.Time
	ready, rec.Invocations, rec.Open, rec.InitErr = s.result()
	if rec.Ready = !ready.IsZero(); rec.Ready {
		rec.Init = ready.Sub(r.Started)
	}
	rec.CPU, rec.PeakKiB = meter.cpu, meter.peakKiB
	if r.Disturbed != nil {
		return nil, fmt.Errorf("the list of loaded modules is lost: %w", r.Disturbed)
	}
	if len(r.Data) > 0 {
		rec.Modules = &launch.WatchedModules{}
		if err := json.Unmarshal(r.Data, rec.Modules); err != nil {
			return nil, fmt.Errorf("the list of loaded modules cannot be read: %w", err)
		}
	}
	return rec, nil
}

// Report returns what Lambda would log after the nth invocation, from 0.
func (f *Function) Report(r *Record, n int) Report {
	inv := r.Invocations[n]
	rep := Report{RequestID: inv.RequestID, Duration: inv.Duration, MemoryMB: f.MemoryMB, PeakKiB: r.PeakKiB}
	if n == 0 {
		rep.Init = r.Init
	}
	return rep
}

// meter reads what the process has used while it waits for an event.
type meter struct {
	once    sync.Once
	started chan struct{}
	pid     int

	cpu     time.Duration // after the first event
	peakKiB float64
}

func (m *meter) start(pid int) {
	m.once.Do(func() {
		m.pid = pid
		close(m.started)
	})
}

func (m *meter) read(answered int) {
	<-m.started
	if m.pid == 0 {
		return
	}
	if answered == 1 {
		m.cpu = processorTime(m.pid)
	}
	m.peakKiB = peakMemory(m.pid)
}

// name is the function's name: the user's, else the module's last part.
func (f *Function) name() string {
	if name := f.lookup("AWS_LAMBDA_FUNCTION_NAME"); name != "" {
		return name
	}
	return f.Module[strings.LastIndexByte(f.Module, '.')+1:]
}

func (f *Function) region() string {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION"} {
		if region := f.lookup(name); region != "" {
			return region
		}
	}
	return "us-east-1"
}

func (f *Function) arn() string {
	return "arn:aws:lambda:" + f.region() + ":123456789012:function:" + f.name()
}

// variables returns the environment of the process: the function's own, and
// what Lambda sets. Names that describe the function stay the user's where
// they are set.
func (f *Function) variables(api string) []string {
	env := slices.Clone(f.Env)
	set := func(name, value string) {
		env = slices.DeleteFunc(env, func(kv string) bool { return strings.HasPrefix(kv, name+"=") })
		env = append(env, name+"="+value)
	}
	keep := func(name, value string) {
		if f.lookup(name) == "" {
			set(name, value)
		}
	}
	set("AWS_LAMBDA_RUNTIME_API", api)
	set("LAMBDA_TASK_ROOT", f.Root)
	set("_HANDLER", f.handler())
	set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
	set("AWS_EXECUTION_ENV", "AWS_Lambda_python"+f.Version)
	keep("AWS_REGION", f.region())
	keep("AWS_DEFAULT_REGION", f.region())
	keep("AWS_LAMBDA_FUNCTION_NAME", f.name())
	keep("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
	keep("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", fmt.Sprintf("%.0f", f.MemoryMB))
	keep("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/"+f.name())
	keep("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]"+strings.Repeat("0", 32))
	keep("TZ", ":UTC")
	if f.Dir != f.Root {
		path := f.Root
		if old := f.lookup("PYTHONPATH"); old != "" {
			path += string(os.PathListSeparator) + old
		}
		set("PYTHONPATH", path)
	}
	return env
}

func (f *Function) lookup(name string) string {
	for _, kv := range slices.Backward(f.Env) {
		if v, ok := strings.CutPrefix(kv, name+"="); ok {
			return v
		}
	}
	return ""
}
