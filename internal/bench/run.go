package bench

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"fastpath/internal/python/launch"
)

//go:embed bench.py
var script string

// runOne starts one process: one arm, one event.
func runOne(ctx context.Context, o *Options, arm *Arm, event *Event) (*sample, error) {
	target := arm.Module
	if arm.Kind == "file" {
		target = arm.File
	}
	r, err := launch.Run(ctx, launch.Options{
		Python:  arm.Python,
		Args:    launch.Script(program(), arm.Kind, target, arm.Attr, arm.ImportRoot, strconv.Itoa(o.Steady)),
		Dir:     arm.Dir,
		Env:     arm.Env,
		Stdin:   event.JSON,
		Timeout: o.Timeout,
	})
	if err != nil {
		return nil, err
	}
	s := &sample{}
	if err := json.Unmarshal(r.Data, s); err != nil {
		return nil, unanswered(o, arm, event, r)
	}
	return s, nil
}

// program is the whole script: the shared parts, then the bench's own.
func program() string {
	return launch.ContextSource + "\n" + launch.PreloadSource() + "\n" + launch.TracebackSource + "\n" + script + "\n_main()\n"
}

// failure turns an exception of the user's code into an error.
func failure(arm *Arm, event string, s *sample) *RunError {
	what := "the entry raised an exception while it was imported"
	if s.Failed == "request" {
		what = "the handler raised an exception"
	}
	return &RunError{
		Arm: arm.Name, Event: event, Message: what,
		Detail: launch.TrimTraceback(s.Traceback, arm.Roots),
	}
}

// unanswered explains a process that ended without a result.
func unanswered(o *Options, arm *Arm, event *Event, r *launch.Result) error {
	e := &RunError{Arm: arm.Name, Event: event.Name, Detail: tail(r.Stderr, 10)}
	switch {
	case r.TimedOut:
		e.Message = fmt.Sprintf("the process did not end within %s; raise --timeout if it needs longer", o.Timeout)
	case r.Signal != "":
		e.Message = "the process was ended by " + r.Signal
	default:
		e.Message = fmt.Sprintf("the process ended with exit code %d before it answered; does the code call os._exit?", r.ExitCode)
	}
	return e
}

// tail returns the last lines of a child's output.
func tail(out []byte, lines int) string {
	all := strings.Split(string(bytes.TrimRight(out, "\r\n")), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
