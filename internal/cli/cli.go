// Package cli is the command line: one file a command, each turning flags
// into an options struct and calling a run function. It owns exit codes, the
// global flags, and which stream gets what: data goes to stdout, everything
// else to stderr.
//
// The program is a value: Command holds streams, environment and directory,
// and Main runs one command line in-process, so that tests need no binary.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
)

// Version is the program's version; release builds set it by a linker flag.
var Version = "0.1.0-dev"

// The exit codes of every command.
const (
	ExitOK          = 0
	ExitFindings    = 1   // check found errors or warnings, apply found files that do not parse, …
	ExitUsage       = 2   // wrong flags, arguments or configuration
	ExitFailure     = 3   // the job could not be done
	ExitInterrupted = 130 // stopped by the user
)

// Command is the program as a value.
type Command struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Env            []string // as os.Environ
	Dir            string   // working directory, absolute
}

// app is one run: the streams and the global flags.
type app struct {
	Command
	out     *output // Stdout is this
	ctx     context.Context
	project string // --project
	python  string // --python
	format  string // --format
	color   string // --color
	quiet   bool
	verbose bool
}

// output is stdout, and keeps the first error of writing to it: what did not
// arrive is no job done.
type output struct {
	to  io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil && o.err == nil {
		o.err = err
	}
	return n, err
}

// Fd returns the descriptor of the stream, one that does not exist where it
// is no file.
func (o *output) Fd() uintptr {
	if f, ok := o.to.(interface{ Fd() uintptr }); ok {
		return f.Fd()
	}
	return ^uintptr(0)
}

// exitError carries an exit code; a nil cause prints nothing.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usageErrorf is a mistake in the command line or the configuration.
func usageErrorf(format string, args ...any) error {
	return &exitError{ExitUsage, fmt.Errorf(format, args...)}
}

// errFindings ends a command with exit code 1 after it printed its findings.
var errFindings error = &exitError{code: ExitFindings}

// Main runs one command line (without the program's name) and returns the
// exit code.
func (c Command) Main(ctx context.Context, args []string) int {
	out := &output{to: c.Stdout}
	c.Stdout = out
	a := &app{Command: c, out: out, ctx: ctx}
	root := a.rootCommand()
	root.SetArgs(moduleEntries(root, args))
	root.SetIn(c.Stdin)
	root.SetOut(c.Stdout)
	root.SetErr(c.Stderr)
	err := root.ExecuteContext(ctx)
	var coded *exitError
	switch {
	case err != nil && errors.Is(ctx.Err(), context.Canceled):
		fmt.Fprintln(c.Stderr, "fastpath: interrupted")
		return ExitInterrupted
	case out.err != nil:
		fmt.Fprintln(c.Stderr, "error:", out.err)
		return ExitFailure
	case err == nil:
		return ExitOK
	case errors.As(err, &coded):
		if coded.err != nil {
			fmt.Fprintln(c.Stderr, "error:", coded.err)
		}
		return coded.code
	default:
		fmt.Fprintln(c.Stderr, "error:", err)
		return ExitFailure
	}
}

func (a *app) rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "fastpath",
		Short:         "keep the import cost of a Python program under control",
		Version:       Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	f := root.PersistentFlags()
	f.StringVar(&a.project, "project", "", "project `DIR` (default: nearest parent with a configuration, else the git root, else here)")
	f.StringVar(&a.python, "python", "", "interpreter `PATH`")
	f.StringVar(&a.color, "color", "auto", "auto, always or never")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "print data and errors only")
	f.BoolVarP(&a.verbose, "verbose", "v", false, "print more")
	root.AddCommand(
		// One line a command; each lives in its own file.
		a.initCommand(),
		a.scanCommand(),
		a.graphCommand(),
		a.costCommand(),
		a.profileCommand(),
		a.usageCommand(),
		a.planCommand(),
		a.whyCommand(),
		a.applyCommand(),
		a.checkCommand(),
		a.benchCommand(),
		a.reviewCommand(),
		a.explainCommand(),
		a.doctorCommand(),
	)
	ownHelp(root)
	strict(root)
	return root
}

// envelope opens every JSON object that a command prints.
type envelope struct {
	Schema  string `json:"schema"`
	Version string `json:"version"`
	Project string `json:"project,omitempty"`
}

// envelopeFor returns the opening keys of command's JSON.
func (a *app) envelopeFor(command, projectRoot string) envelope {
	return envelope{"fastpath." + command + "/1", Version, filepath.Base(projectRoot)}
}

// printJSON writes v as one indented JSON object.
func (a *app) printJSON(v any) error {
	enc := json.NewEncoder(a.Stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// step says on stderr what long work is doing, one line a step.
func (a *app) step(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.Stderr, format+"\n", args...)
	}
}

// path makes a command-line path absolute.
func (a *app) path(p string) string {
	if filepath.IsAbs(p) {
		return filepath.Clean(p)
	}
	return filepath.Join(a.Dir, p)
}

// cacheDir returns our folder among the user's caches, whether it exists or not,
// "" for a user without a home.
func (a *app) cacheDir() string {
	name, below := "HOME", ".cache"
	switch runtime.GOOS {
	case "windows":
		name, below = "LOCALAPPDATA", ""
	case "darwin":
		below = filepath.Join("Library", "Caches")
	default:
		if dir := a.getenv("XDG_CACHE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "fastpath")
		}
	}
	home := a.getenv(name)
	if info, err := os.Stat(home); err != nil || !info.IsDir() || !filepath.IsAbs(home) {
		return ""
	}
	return filepath.Join(home, below, "fastpath")
}

// getenv returns the value of an environment variable, "" when unset.
func (a *app) getenv(name string) string {
	for i := len(a.Env) - 1; i >= 0; i-- {
		if k, v, ok := strings.Cut(a.Env[i], "="); ok && k == name {
			return v
		}
	}
	return ""
}
