package profile

import (
	"fmt"
	"path/filepath"
	"strings"

	"fastpath/internal/project"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// EntryError says why an entry could not be measured, with the user's own
// frames, and what to do. Unwrap returns the *probe.Failure.
type EntryError struct {
	Entry   string
	Message string // without the entry's name; may have several lines
	Failure *probe.Failure
}

// Error returns "entry "NAME" …".
func (e *EntryError) Error() string { return fmt.Sprintf("entry %q %s", e.Entry, e.Message) }

// Unwrap returns the failure.
func (e *EntryError) Unwrap() error { return e.Failure }

func (m *measurement) warn(format string, args ...any) {
	m.warnings = append(m.warnings, fmt.Sprintf(format, args...))
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// roots are the folders whose frames are the user's own.
func (m *measurement) roots() []string {
	list := []string{m.Root}
	if real, err := filepath.EvalSymlinks(m.Root); err == nil && real != m.Root {
		list = append(list, real)
	}
	if m.Setup != "" {
		list = append(list, filepath.Dir(m.Setup))
	}
	return list
}

// entryError writes the message of a failure.
func (m *measurement) entryError(f *probe.Failure) *EntryError {
	trace := launch.TrimTraceback(f.Traceback, m.roots())
	var text string
	if f.Setup {
		return &EntryError{m.Entry.Name, m.setupFailed(f, trace), f}
	}
	switch f.Kind {
	case probe.Raised:
		text = m.raised(f, trace)
	case probe.Exited:
		text = fmt.Sprintf("called sys.exit(%s) while it was imported, so nothing was measured\n%s\nmove the call into a function, or under if __name__ == \"__main__\"", exitArgument(f.Code), trace)
	case probe.HardExit:
		text = fmt.Sprintf("ended its process with exit code %s while it was imported, so nothing was measured%s", f.Code, m.where(f))
		if len(f.Stack) > 0 {
			text += "\nit called os._exit; take the call out of what runs at import"
		} else {
			text += lastLines(f.Stderr) + "\nos._exit or a library of native code did it; run it by hand: " + m.byHand()
		}
	case probe.Crashed:
		what, cause := crash(f.Signal)
		text = fmt.Sprintf("%s while it was imported (%s), so nothing was measured%s\n%s; run it by hand: %s", what, f.Signal, m.where(f), cause, m.byHand())
	case probe.Hung:
		text = m.hung(f)
	case probe.NoAttribute:
		text = fmt.Sprintf("has no %q", f.Attr)
		if len(f.Names) > 0 {
			text += fmt.Sprintf("; %q defines: %s", m.Entry.File, strings.Join(f.Names, ", "))
		}
	case probe.NoResult:
		text = "closed all file descriptors of its process while it was imported, so that the result could not be read\nclose only what the program has opened (daemons: close the descriptors when the service starts, not at import)"
	case probe.Disturbed:
		text = "could not be measured: something else wrote into the descriptor of the result, so that no figure is sure\ncode that runs at import, or a thread that it started, writes to file descriptors that are not its own; write only to those that the program has opened"
	default:
		text = fmt.Sprintf("could not be measured: %q did not start%s\nname another interpreter with --python", m.Python.Path, lastLines(f.Stderr))
	}
	return &EntryError{m.Entry.Name, text, f}
}

// crash says what a signal did to the interpreter, and who is likely to blame.
func crash(signal string) (what, cause string) {
	switch signal {
	case "killed":
		return "lost its interpreter", "the system ends processes so that take too much memory"
	case "terminated", "interrupt", "hangup", "alarm clock":
		return "lost its interpreter", "the entry or another process sent this signal"
	}
	return "crashed its interpreter", "an extension module is the likely cause"
}

// raised tells a missing package, which is a matter of the interpreter, from
// all other exceptions.
func (m *measurement) raised(f *probe.Failure, trace string) string {
	top, _, _ := strings.Cut(f.Missing, ".")
	if top != "" && m.Program.Module(top) == nil {
		version := m.Python.String()
		return fmt.Sprintf("needs the module %q, which the interpreter %q (%s) does not have\n%s\ninstall the application's requirements into it: %s -m pip install -r requirements.txt\nor name the interpreter that has them: --python PATH",
			f.Missing, m.Python.Path, version, trace, m.Python.Path)
	}
	return fmt.Sprintf("raised %s while it was imported, so nothing was measured\n%s\nmend that, or set what the entry needs in the environment of this shell, and try again", f.Exception, trace)
}

// setupFailed speaks of the file that prepares the process.
func (m *measurement) setupFailed(f *probe.Failure, trace string) string {
	what := "raised " + f.Exception
	if f.Kind == probe.Exited {
		what = fmt.Sprintf("called sys.exit(%s)", exitArgument(f.Code))
	}
	return fmt.Sprintf("was not imported, because the file %q of --setup %s\n%s\nmend that file, or leave it out", filepath.Base(m.Setup), what, trace)
}

// hung shows the chain of imports that leads to where the process stood.
func (m *measurement) hung(f *probe.Failure) string {
	text := fmt.Sprintf("did not finish importing within %s, so nothing was measured%s", m.Timeout, m.where(f))
	if k := m.Entry.Kind; k == project.EntryFile || k == project.EntryModule {
		text += "\na program that serves until it is stopped is measured by its function: fastpath init --entry module:function"
	}
	return text + "\ntake the waiting out of what runs at import, or raise the limit with --timeout"
}

// where renders a stack as a chain of imports, outermost first, and where it
// ended. Frames of libraries are left out unless they are the last one.
func (m *measurement) where(f *probe.Failure) string {
	var lines []string
	for i, fr := range f.Stack {
		file, own := m.ownFile(fr.File)
		if strings.HasPrefix(fr.File, "<frozen importlib") || !own && len(lines) > 0 {
			continue
		}
		in := ""
		if fr.Func != "<module>" {
			in = " in " + fr.Func
		}
		verb := "importing from"
		if len(lines) == 0 {
			verb = "it was at"
			if i == 0 && !own {
				verb = "it was inside"
			}
		}
		lines = append(lines, fmt.Sprintf("  %s %s:%d%s", verb, file, fr.Line, in))
	}
	if len(lines) == 0 {
		return ""
	}
	return "\n" + strings.Join(lines, "\n")
}

// ownFile returns a file relative to the project when it is the user's.
func (m *measurement) ownFile(file string) (string, bool) {
	for _, root := range m.roots() {
		if within(root, file) {
			rel, err := filepath.Rel(root, file)
			if err == nil && m.Program.File(filepath.ToSlash(rel)) != nil {
				return filepath.ToSlash(rel), true
			}
		}
	}
	return file, false
}

// byHand is the command that does what the probe does.
func (m *measurement) byHand() string {
	switch m.target.Kind {
	case probe.KindFile:
		return m.Python.Path + " " + m.Entry.File
	case probe.KindModule:
		return m.Python.Path + " -m " + m.Entry.Module
	}
	return fmt.Sprintf("%s -c \"import %s\"", m.Python.Path, m.Entry.Module)
}

// exitArgument renders the argument of sys.exit.
func exitArgument(code string) string {
	if code == "0" || code == "" {
		return ""
	}
	for _, r := range strings.TrimPrefix(code, "-") {
		if r < '0' || r > '9' {
			return fmt.Sprintf("%q", code)
		}
	}
	return code
}

// lastLines returns the end of what a process wrote, on lines of its own.
func lastLines(stderr string) string {
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if len(lines) == 1 && lines[0] == "" {
		return ""
	}
	return "\n  " + strings.Join(lines[max(0, len(lines)-5):], "\n  ")
}
