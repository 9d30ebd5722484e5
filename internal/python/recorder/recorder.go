// Package recorder holds the embedded Python that records which imported names
// requests use, and the runner that calls a handler with sample events.
//
// What comes in is a handler, the project's source files and events; what goes
// out is, for each event, the absolute names of the modules whose imported
// names were read while the request ran, and how the request ended. "Used" is
// not "loaded": names that are read while a module is being imported belong to
// the import. Every event finds a process that has just imported the handler,
// so that the caches one request fills do not hide what the next one needs.
package recorder

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"time"

	"fastpath/internal/python/launch"
)

//go:embed recorder.py
var recorderSource string

//go:embed invoke.py
var invokeSource string

// Options says what to call.
type Options struct {
	Python  string        // absolute path of the interpreter
	Dir     string        // working directory, absolute
	Env     []string      // as from launch.Environment
	Folder  string        // goes to the head of sys.path, absolute
	Module  string        // of the handler
	Attr    string        // the handler's name in it, dotted
	Files   []string      // the project's source files, absolute, symbolic links resolved
	Roots   []string      // folders whose frames tracebacks keep, absolute
	Events  [][]byte      // each one JSON value
	Timeout time.Duration // for the import and for each request; 0 is none
}

// Request is what one event did.
type Request struct {
	Used []string // absolute modules, sorted; packages around them are not listed
	// Error is why the request failed, "" when it did not: the exception's
	// class and text, or what ended the process.
	Error     string
	Traceback string // of an exception, the project's frames
	// Lost: the process ended without telling what the request had used.
	Lost bool
}

// Result is what all events did.
type Result struct {
	Requests       []Request // one an event, same order
	Processes      int       // interpreters that were started
	Stdout, Stderr []byte    // the ends of what the program wrote there
}

// ImportError says that the handler could not be imported.
type ImportError struct {
	Message   string // one line
	Traceback string // the project's frames, "" without
}

// Error returns the message.
func (e *ImportError) Error() string { return e.Message }

// task is the script's standard input.
type task struct {
	Folder  string   `json:"folder"`
	Files   []string `json:"files"`
	Module  string   `json:"module"`
	Attr    string   `json:"attr"`
	Events  []string `json:"events"`
	Seconds float64  `json:"seconds"`
}

// answer is one line of its result. Exactly one of Loaded, Failed, Hangs,
// Begin, End and Died is there.
type answer struct {
	Loaded    bool     `json:"loaded"`
	Failed    string   `json:"failed"`
	Hangs     string   `json:"hangs"`
	Begin     *int     `json:"begin"`
	End       *int     `json:"end"`
	Died      *int     `json:"died"`
	Signal    int      `json:"signal"`
	Code      int      `json:"code"`
	Used      []string `json:"used"`
	Error     string   `json:"error"`
	Traceback string   `json:"traceback"`
}

// slack is how much longer than the script's own limits a process may live.
const slack = 10 * time.Second

// Invoke calls the handler with each event. A request that fails is part of
// the result; the error is an *ImportError, or says that Python could not be
// started, or is ctx's.
func Invoke(ctx context.Context, o Options) (*Result, error) {
	res := &Result{}
	for len(res.Requests) < len(o.Events) {
		before := len(res.Requests)
		if err := invokeRest(ctx, o, res); err != nil {
			return nil, err
		}
		if len(res.Requests) == before { // cannot happen, and must not loop
			return nil, fmt.Errorf("the recorder answered no event; the program wrote: %s", lastLines(res.Stderr, 5))
		}
	}
	return res, nil
}

// invokeRest starts one process for the events without an answer.
func invokeRest(ctx context.Context, o Options, res *Result) error {
	events := o.Events[len(res.Requests):]
	t := task{Folder: o.Folder, Files: o.Files, Module: o.Module, Attr: o.Attr, Seconds: o.Timeout.Seconds()}
	limit := time.Duration(0)
	if o.Timeout > 0 {
		limit = o.Timeout*time.Duration(len(events)+1) + slack
	} else {
		t.Seconds = 1e6
	}
	for _, e := range events {
		t.Events = append(t.Events, string(e))
	}
	input, err := json.Marshal(t)
	if err != nil {
		return err
	}
	r, err := launch.Run(ctx, launch.Options{
		Python: o.Python, Dir: o.Dir, Env: o.Env, Stdin: input, Timeout: limit,
		Args: launch.Script(recorderSource + launch.ContextSource + launch.TracebackSource + launch.ChannelSource + invokeSource),
	})
	if err != nil {
		return err
	}
	res.Processes++
	res.Stdout, res.Stderr = append(res.Stdout, r.Stdout...), append(res.Stderr, r.Stderr...)

	if r.Disturbed != nil {
		return fmt.Errorf("the answers of the handler are lost: %w", r.Disturbed)
	}
	loaded, begun := false, false
	for line := range bytes.Lines(r.Data) {
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			break // cut off in the middle
		}
		switch {
		case a.Loaded:
			loaded = true
		case a.Failed != "":
			return &ImportError{Message: a.Failed, Traceback: launch.TrimTraceback(a.Traceback, o.Roots)}
		case a.Hangs != "" && !loaded:
			return &ImportError{
				Message:   fmt.Sprintf("it did not finish importing within %s", o.Timeout),
				Traceback: launch.TrimTraceback(a.Hangs, o.Roots),
			}
		case a.Hangs != "":
			res.Requests = append(res.Requests, Request{
				Used: a.Used, Error: fmt.Sprintf("no answer within %s", o.Timeout), Traceback: launch.TrimTraceback(a.Hangs, o.Roots),
			})
			begun = false
		case a.Died != nil && begun:
			ended := fmt.Sprintf("the process ended with exit code %d", a.Code)
			if a.Signal != 0 {
				ended = signalled(syscall.Signal(a.Signal).String())
			}
			res.Requests = append(res.Requests, Request{Error: ended, Lost: true})
			begun = false
		case a.Begin != nil && begun: // an answer is missing: the child left with exit code 0
			res.Requests = append(res.Requests, Request{Error: "the process ended with exit code 0", Lost: true})
		case a.Begin != nil:
			begun = true
		case a.End != nil:
			res.Requests = append(res.Requests, Request{Used: a.Used, Error: a.Error, Traceback: launch.TrimTraceback(a.Traceback, o.Roots)})
			begun = false
		}
	}
	switch {
	case !loaded:
		return &ImportError{Message: ended(r, o.Timeout) + " while the handler was imported", Traceback: lastLines(r.Stderr, 10)}
	case begun:
		res.Requests = append(res.Requests, Request{Error: ended(r, o.Timeout), Lost: true})
	}
	return nil
}

// ended says how a process ended that did not answer.
func ended(r *launch.Result, limit time.Duration) string {
	switch {
	case r.TimedOut:
		return fmt.Sprintf("the process did not answer within %s", limit)
	case r.Signal != "":
		return signalled(r.Signal)
	}
	return fmt.Sprintf("the process ended with exit code %d", r.ExitCode)
}

func signalled(name string) string { return "the process was ended by a signal (" + name + ")" }

// lastLines returns the end of a program's output.
func lastLines(out []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(out), "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
