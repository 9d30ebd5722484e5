package bench

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"

	"fastpath/internal/python/launch"
)

//go:embed command.py
var commandSource string

// consoleScript runs a function as the script does that an installer makes for
// it. Arguments: the head of sys.path, the script's name.
const consoleScript = `import sys
sys.path[0] = sys.argv.pop(1)
sys.argv[0] = sys.argv.pop(1)
from %s import %s
sys.exit(%s())`

// commandArgs returns the interpreter's arguments for a command as users start
// it.
func (a *armRun) commandArgs(ev *Event) []string {
	var args []string
	switch a.Kind {
	case "console":
		args = []string{"-c", fmt.Sprintf(consoleScript, a.Module, head(a.Attr), a.Attr), a.ImportRoot, a.Command}
	case "module":
		args = []string{"-m", a.Module}
	default:
		args = []string{a.File}
	}
	return append(args, ev.Args...)
}

// head is the first name of a dotted one.
func head(name string) string {
	for i := range len(name) {
		if name[i] == '.' {
			return name[:i]
		}
	}
	return name
}

// runCommand starts a command as users do and returns all that it printed.
func (a *armRun) runCommand(ctx context.Context, ev *Event) (*launch.Result, []byte, error) {
	var out output
	r, err := launch.Run(ctx, launch.Options{
		Python: a.Python, Args: a.commandArgs(ev), Dir: a.Dir, Env: a.Env, Timeout: a.o.Timeout, NoResult: true, Stdout: &out,
	})
	if err != nil {
		return nil, nil, err
	}
	return r, out.bytes(), nil
}

// watchCommand runs a command within a script of ours that sees what it loads.
// The modules are nil where the process ended in a way that nothing sees.
func (a *armRun) watchCommand(ctx context.Context, ev *Event) (*launch.Result, *launch.WatchedModules, error) {
	target := a.Module
	if a.Kind == "file" {
		target = a.File
	}
	source := launch.ChannelSource + "\n" + launch.WatchSource + "\n" + commandSource + "\n_main()\n"
	r, err := launch.Run(ctx, launch.Options{
		Python: a.Python, Args: launch.Script(source, append([]string{a.Kind, target, a.Attr, a.ImportRoot, a.Command}, ev.Args...)...),
		Dir: a.Dir, Env: a.Env, Timeout: a.o.Timeout,
	})
	switch {
	case err != nil:
		return nil, nil, err
	case r.Disturbed != nil:
		return nil, nil, fmt.Errorf("the list of loaded modules is lost: %w", r.Disturbed)
	case len(r.Data) == 0:
		return r, nil, nil
	}
	m := &launch.WatchedModules{}
	if err := json.Unmarshal(r.Data, m); err != nil {
		return nil, nil, fmt.Errorf("the list of loaded modules cannot be read: %w", err)
	}
	return r, m, nil
}

// commandError says why a command's run does not count, nil when it does.
func (a *armRun) commandError(ev *Event, r *launch.Result) *RunError {
	e := &RunError{Arm: a.Name, Event: ev.Name, Detail: launch.TrimTraceback(tail(r.Stderr, 40), a.Roots)}
	switch {
	case r.TimedOut:
		e.Message = fmt.Sprintf("the command did not end within %s; raise --timeout if it needs longer", a.o.Timeout)
	case r.Signal != "":
		e.Message = "the command was ended by a signal (" + r.Signal + ")"
	case r.ExitCode != 0:
		e.Message = fmt.Sprintf("the command ended with exit code %d; --args gives it arguments with which it succeeds", r.ExitCode)
	default:
		return nil
	}
	if ev.Name == DefaultRun {
		e.Event = ""
	}
	return e
}

// DefaultRun names the event of a command without arguments.
const DefaultRun = "run"
