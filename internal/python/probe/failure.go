package probe

import (
	"fmt"
	"strconv"
	"strings"

	"fastpath/internal/python/launch"
)

// FailureKind says why an entry could not be measured.
type FailureKind string

// The kinds of failures.
const (
	Raised      FailureKind = "raised"       // an exception left the entry
	Exited      FailureKind = "exited"       // sys.exit
	HardExit    FailureKind = "os._exit"     // the process ended without Python's knowledge
	Crashed     FailureKind = "crashed"      // a signal ended it
	Hung        FailureKind = "hung"         // it did not end in time
	NoAttribute FailureKind = "no attribute" // the module has no such function
	NoResult    FailureKind = "no result"    // it ran, but closed the result descriptor
	Disturbed   FailureKind = "disturbed"    // it ran, and what it or its threads wrote damaged the result
	Broken      FailureKind = "broken"       // the interpreter did not get as far as the probe
)

// Frame is one level of a stack.
type Frame struct {
	File string
	Line int
	Func string // "<module>" for a module's body
}

// Failure says what an entry did instead of being imported. It is raw
// material: who knows the entry and the project writes the message.
type Failure struct {
	Kind      FailureKind
	Setup     bool     // Raised, Exited: while Options.Setup ran, before the entry
	Traceback string   // Raised, Exited: untrimmed
	Exception string   // Raised: the class
	Missing   string   // Raised: the module that was not found, when that is the reason
	Code      string   // Exited: the argument of sys.exit; HardExit: the status
	Signal    string   // Crashed
	Stack     []Frame  // Hung, Crashed, HardExit: innermost first, where it is known
	Attr      string   // NoAttribute: what is missing
	Names     []string // NoAttribute: functions that the module has
	Stderr    string   // the end of what the process wrote there
}

// Error returns a short form without the entry's name.
func (f *Failure) Error() string {
	switch f.Kind {
	case Raised:
		return "the entry raised " + f.Exception + " while it was imported"
	case Exited:
		return "the entry called sys.exit while it was imported"
	case HardExit:
		return fmt.Sprintf("the process ended with exit code %s while the entry was imported", f.Code)
	case Crashed:
		return "the process was ended by a signal (" + f.Signal + ") while the entry was imported"
	case Hung:
		return "the entry did not finish importing in time"
	case NoAttribute:
		return fmt.Sprintf("the entry has no %q", f.Attr)
	case NoResult:
		return "the entry closed the descriptor of the result"
	case Disturbed:
		return launch.ErrDisturbed.Error()
	}
	return "the interpreter did not start the probe"
}

// lostResult is the exit code by which the probe says that it cannot write.
const lostResult = 97

// failure makes a Failure of an incomplete result.
func failure(r *result, rest string, res *launch.Result) *Failure {
	f := &Failure{Setup: r.setup, Traceback: r.traceback, Stderr: string(res.Stderr), Stack: r.frames}
	switch {
	case r.failed == "raised":
		f.Kind, f.Exception, f.Missing = Raised, r.fields[0], r.fields[1]
	case r.failed == "exit":
		f.Kind, f.Code = Exited, r.fields[0]
	case r.failed == "os._exit":
		f.Kind, f.Code = HardExit, r.fields[0]
	case strings.HasPrefix(rest, "Timeout ("), res.TimedOut:
		f.Kind, f.Stack = Hung, stack(rest)
	case res.Signal != "":
		f.Kind, f.Signal, f.Stack = Crashed, res.Signal, stack(rest)
	case res.ExitCode == lostResult:
		f.Kind = NoResult
	case res.Disturbed != nil:
		f.Kind = Disturbed
	case strings.Contains(f.Stderr, `File "<frozen importlib._bootstrap>"`) || strings.Contains(f.Stderr, "Fatal Python error"):
		f.Kind = Broken
	default:
		f.Kind, f.Code = HardExit, strconv.Itoa(res.ExitCode)
	}
	return f
}

// stack reads what Python's fault handler writes: the frames of the thread
// that runs the probe, else those of the last thread, which is the main one.
func stack(text string) []Frame {
	var frames []Frame
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Thread ") || strings.HasPrefix(line, "Current thread ") {
			if probing(frames) {
				break
			}
			frames = nil
			continue
		}
		// File "a.py", line 3 in f
		after, ok := strings.CutPrefix(line, `File "`)
		if !ok {
			continue
		}
		file, after, _ := strings.Cut(after, `", line `)
		number, name, _ := strings.Cut(after, " in ")
		n, err := strconv.Atoi(number)
		if err != nil {
			n = 0
		}
		frames = append(frames, Frame{file, n, name})
	}
	return frames
}

// probing reports whether the stack reaches down to the probe.
func probing(frames []Frame) bool {
	for _, f := range frames {
		if f.Func == "_probe" {
			return true
		}
	}
	return false
}
