package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/recorder"
	"fastpath/internal/term"
	"fastpath/internal/usage"
	"fastpath/internal/usage/store"
)

// stopTime is how long an interrupted program may take to end.
const stopTime = 10 * time.Second

// usageRecordOptions are the flags of usage record.
type usageRecordOptions struct {
	entry           string
	realCredentials bool
}

func (a *app) usageRecordCommand() *cobra.Command {
	var opt usageRecordOptions
	cmd := &cobra.Command{
		Use:   "record [--entry ENTRY] -- CMD…",
		Short: "run a command with the recorder and merge what its requests use",
		Long: `Record runs a command with the recorder in every Python that it starts and watches
every request: those of Flask, Starlette, FastAPI, Django and Celery, and the tests
of pytest and unittest; a command line without any of these is one request. When the
command has ended, what the requests used replaces that of the day in fastpath.lock:
what should count together, such as several subcommands, is one script.

What tests use is kept apart: it is no traffic, and alone it makes nothing an
exception. Record ends with the exit code of the command. A server is stopped with
Ctrl-C, as without record.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath usage record -- flask --app shop run
  fastpath usage record -- pytest
  fastpath usage record --entry console:orders -- orders export --all
  fastpath usage record -- sh -c 'orders list; orders list; orders export --all'`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageRecord(args, opt) },
	}
	f := cmd.Flags()
	f.SetInterspersed(false)
	f.StringVar(&opt.entry, "entry", "", "`ENTRY` that the command runs; needed where the project has several")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
	return cmd
}

func (a *app) runUsageRecord(args []string, opt usageRecordOptions) error {
	if len(args) == 0 {
		return usageErrorf("no command; name it after two dashes: fastpath usage record -- flask run")
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	var names []string
	if opt.entry != "" {
		names = []string{opt.entry}
	}
	entries, err := a.selectEntries(p, names)
	if err != nil {
		return err
	}
	entry := ""
	if len(entries) == 1 {
		entry = entries[0].Name
	}
	if _, err := a.lockToWrite(filepath.Join(p.Root, evidence.FileName), false); err != nil {
		return err // before the command runs for hours
	}
	table, _, err := a.recorderTable(p, entries)
	if err != nil {
		return err
	}
	table.Every = 1
	dir, err := os.MkdirTemp("", "fastpath-record-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := recorder.WriteInjection(dir, table); err != nil {
		return err
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	output := filepath.Join(dir, "lines")
	failed, err := a.runRecorded(args, dir, output, entry, opt)
	if err != nil {
		return err
	}
	if err := a.mergeRecorded(t, p, output, entry, failed != nil); err != nil {
		return err
	}
	if entry == "" {
		a.step("warning: nobody said which of the project's entries the command runs, so that no plan counts what it used; say it with --entry ENTRY")
	}
	if failed != nil {
		return failed
	}
	return nil
}

// runRecorded runs the command with our streams and returns how it failed, if it did. An
// interrupt is for the command: what its requests used until then counts.
func (a *app) runRecorded(args []string, dir, output, entry string, opt usageRecordOptions) (failed *exitError, err error) {
	extra := []string{"FASTPATH_OUTPUT=" + output, "FASTPATH_EVERY=1", "FASTPATH_STYLE=json", "FASTPATH_RECORDER=on", "FASTPATH_HANDLER="}
	if entry != "" {
		extra = append(extra, "FASTPATH_ENTRY="+entry)
	}
	plugins := "fastpath_recorder"
	if own := a.getenv("PYTEST_PLUGINS"); own != "" {
		plugins += "," + own
	}
	extra = append(extra, "PYTEST_PLUGINS="+plugins)
	name, err := a.lookPath(args[0])
	if err != nil {
		return nil, usageErrorf("%w", err)
	}
	cmd := exec.CommandContext(a.ctx, name, args[1:]...)
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = a.Dir, a.Stdin, a.out.to, a.Stderr
	cmd.Env = launch.Environment(a.Env, launch.EnvOptions{RealCredentials: opt.realCredentials, PythonPath: []string{dir}, Extra: extra})
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = stopTime
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case a.ctx.Err() != nil && cmd.ProcessState != nil:
		a.ctx = context.WithoutCancel(a.ctx)
		return nil, nil // stopped on purpose
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return &exitError{128 + int(status.Signal()), fmt.Errorf("%q was ended by a signal: %s", args[0], status.Signal())}, nil // as shells do
		}
		return &exitError{exit.ExitCode(), fmt.Errorf("%q ended with exit code %d", args[0], exit.ExitCode())}, nil
	case err != nil:
		return nil, fmt.Errorf("%q could not be run: %w", args[0], err)
	}
	return nil, nil
}

// lookPath finds a program as the shell would, with the command's PATH.
func (a *app) lookPath(name string) (string, error) {
	if strings.ContainsRune(name, '/') || strings.ContainsRune(name, filepath.Separator) {
		return a.path(name), nil
	}
	for _, dir := range filepath.SplitList(a.getenv("PATH")) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%q is not on PATH", name)
}

// recorded is what the lines of one run say.
type recorded struct {
	rows  map[string]*usage.Rows // by kind
	notes []string
}

// mergeRecorded reads the lines and replaces the day's rows. A command that
// failed before it used anything of the project replaces nothing.
func (a *app) mergeRecorded(t *term.Terminal, p *project.Project, output, entry string, failed bool) error {
	f, err := os.Open(output)
	if errors.Is(err, fs.ErrNotExist) {
		if failed {
			return a.noneRecorded()
		}
		return fmt.Errorf("nothing was recorded: the command started no Python with the recorder; it needs PYTHONPATH (not python -I or -E)")
	}
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := a.readRecorded(f, entry)
	if err != nil {
		return err
	}
	for _, note := range r.notes {
		a.step("warning: %s", note)
	}
	if len(r.rows) == 0 {
		if failed {
			return a.noneRecorded()
		}
		return fmt.Errorf("nothing was recorded: no request ended while the command ran")
	}
	var days []*evidence.UsageDay
	used := false
	for _, kind := range slices.Sorted(maps.Keys(r.rows)) {
		day := r.rows[kind].UsageDay()
		days, used = append(days, day), used || len(day.Modules) > 0
	}
	if failed && !used {
		a.step("nothing was recorded: the command failed, and what ran used nothing of the project")
		return nil
	}
	for _, day := range days {
		kind := day.Kind
		if kind == evidence.UsageTests {
			fmt.Fprintf(a.Stdout, "%s: tests, not traffic\n", countedRequests(day.Requests))
			continue
		}
		a.printUsage(t, newUsageReport(usage.Summarize([]*evidence.UsageDay{day}, usage.SummaryOptions{})))
	}
	if _, err := store.Commit(a.ctx, p.Root, &store.Batch{Days: days}); err != nil {
		return err
	}
	a.noteSides(p, mergedUsage(p))
	fmt.Fprintf(a.Stdout, "merged into %s\n\nnext: fastpath plan\n", evidence.FileName)
	return nil
}

// noneRecorded says why a command that failed leaves the rows as they were.
func (a *app) noneRecorded() error {
	a.step("nothing was recorded: the command failed, and no request ended")
	return nil
}

// readRecorded adds up the lines of all processes. Every request was watched.
func (a *app) readRecorded(in io.Reader, entry string) (*recorded, error) {
	r := &recorded{rows: map[string]*usage.Rows{}}
	day := a.today().UTC().Format(time.DateOnly)
	type key struct {
		proc string
		k    int
	}
	type one struct {
		kind, workflow string
		used           []string
	}
	var order []key
	found := map[key]*one{}
	unwatched := 0
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		l, ok, err := recorder.ParseLine(scanner.Bytes())
		if err != nil {
			r.note(err.Error())
			continue
		}
		if !ok {
			continue
		}
		for _, n := range l.Counts {
			unwatched += n
		}
		switch {
		case l.Kind == recorder.KindProcess && l.Note != "":
			r.note(l.Note)
		case l.Kind == recorder.KindProcess && l.Stale > 0:
			r.note(fmt.Sprintf("%d files changed since the command was started; what they use is not known", l.Stale))
		case l.Kind == recorder.KindOff:
			r.note("the recorder turned itself off in a process: " + l.Reason)
		case l.Kind == recorder.KindRequest:
			id := key{l.Proc, l.K}
			if found[id] == nil {
				o := &one{kind: evidence.UsageRecorder, workflow: l.Workflow}
				if l.Tests {
					o.kind, o.workflow = evidence.UsageTests, "" // there are thousands, and none is a workflow
				}
				found[id] = o
				order = append(order, id)
			}
			found[id].used = append(found[id].used, l.Names(l.Used)...)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	for _, id := range order {
		o := found[id]
		if r.rows[o.kind] == nil {
			source := usage.RecordSource
			if o.kind == evidence.UsageTests {
				source = evidence.SourceTests
			}
			r.rows[o.kind] = usage.NewRows(entry, source, day, o.kind)
		}
		r.rows[o.kind].Add(o.workflow, 1, usage.WithParents(o.used))
	}
	if n := unwatched - len(order); n > 0 {
		r.note(fmt.Sprintf("%d requests ran beside others and were not watched; shares are those of the other %d", n, len(order)))
	}
	return r, nil
}

func (r *recorded) note(text string) {
	if !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, text)
	}
}
