package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/evidence"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/recorder"
	"fastpath/internal/term"
	"fastpath/internal/usage"
	"fastpath/internal/usage/store"
)

// invokeSource is the source under which the recorder's rows are kept.
const invokeSource = "invoke"

// usageInvokeOptions are the flags of usage invoke.
type usageInvokeOptions struct {
	events          []string
	traffic         string
	timeout         time.Duration
	realCredentials bool
}

func (a *app) usageInvokeCommand() *cobra.Command {
	opt := usageInvokeOptions{timeout: time.Minute}
	cmd := &cobra.Command{
		Use:   "invoke [ENTRY] [--event FILE.json…]",
		Short: "call the handler with sample events and record what each one uses",
		Long: `Invoke imports a handler in a fresh interpreter, calls it with each event, and
records which imported names the request used: used, not merely loaded. The name
of an event's file is the workflow. The traffic file says how often each event
comes; its format:

  requests = 1000        # a day, all events together; plan counts with it
  [weights]              # event file without .json = relative weight
  get-object = 42

Without --event it takes the events of the traffic file, else those in the folder
"events" beside the handler. The result replaces that of the day in fastpath.lock.

It runs your code. Child processes get dummy AWS credentials.`,
		Example: `  fastpath usage invoke
  fastpath usage invoke lambda_function:lambda_handler --event events/*.json
  fastpath usage invoke --traffic events/traffic.toml --format json`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runUsageInvoke(args, opt) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&opt.events, "event", nil, "event `FILE`, JSON, or a folder of them; repeatable")
	f.StringVar(&opt.traffic, "traffic", "", "traffic `FILE` that weighs the events (default: the configuration's)")
	f.Var((*timeLimit)(&opt.timeout), "timeout", "time limit of one request, `TIME` in seconds or such as 2m")
	f.BoolVar(&opt.realCredentials, "real-credentials", false, "pass your AWS credentials and configuration to the program")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// invokeResult is what one entry's events used; its JSON is a part of
// fastpath.usage-invoke/1.
type invokeResult struct {
	Entry  string        `json:"entry"`
	Events []invokeEvent `json:"events"`
	*usageReport

	day *evidence.UsageDay
}

type invokeEvent struct {
	Name      string   `json:"name"`
	File      string   `json:"file"`
	Requests  float64  `json:"requests"` // a day
	Used      []string `json:"used"`
	Error     string   `json:"error,omitempty"`
	Traceback string   `json:"traceback,omitempty"`
}

func (a *app) runUsageInvoke(args []string, opt usageInvokeOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for usage invoke; allowed: text, json", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	names, events := eventsAmong(args)
	opt.events = append(opt.events, events...)
	if len(names) > 1 {
		return usageErrorf("usage invoke takes one entry, found %q and %q", names[0], names[1])
	}
	entries, err := a.selectEntries(p, names)
	if err != nil {
		return err
	}
	if !opt.realCredentials {
		a.step("%s", launch.Notice)
	}
	entries, traffic, err := a.invokeTraffic(p, entries, len(names) > 0, opt)
	if err != nil {
		return err
	}
	if _, err := a.lockToWrite(filepath.Join(p.Root, evidence.FileName), false); err != nil {
		return err
	}
	python, err := a.interpreter(p)
	if err != nil {
		return err
	}
	var results []*invokeResult
	for i, e := range entries {
		r, err := a.invokeEntry(p, e, python, traffic[i], opt)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	batch := &store.Batch{}
	for _, r := range results {
		batch.Days = append(batch.Days, r.day)
	}
	if _, err := store.Commit(a.ctx, p.Root, batch); err != nil {
		return err
	}
	a.noteSides(p, mergedUsage(p))
	if a.format == "json" {
		return printEntries(a, "usage-invoke", p.Root, results)
	}
	for _, r := range results {
		a.printInvoke(t, r)
	}
	fmt.Fprintf(a.Stdout, "merged into %s\n\nnext: fastpath plan\n", evidence.FileName)
	return nil
}

// invokeTraffic reads the events of each handler. Of several entries that
// nobody named, those without events are left out.
func (a *app) invokeTraffic(p *project.Project, entries []project.Entry, named bool, opt usageInvokeOptions) ([]project.Entry, []*usage.Traffic, error) {
	several := len(entries) > 1
	if several && (len(opt.events) > 0 || opt.traffic != "") {
		list := make([]string, len(entries))
		for i, e := range entries {
			list[i] = e.Name
		}
		return nil, nil, usageErrorf("these events are for one entry, and the project has %d; name it: fastpath usage invoke %s …; entries: %s",
			len(entries), entries[0].Name, strings.Join(list, ", "))
	}
	var chosen []project.Entry
	var traffic []*usage.Traffic
	for _, e := range entries {
		if e.Kind != project.EntryHandler {
			if several && !named {
				continue
			}
			return nil, nil, usageErrorf("%q is no handler; usage invoke calls handlers with events, module:function", e.Name)
		}
		if several && !named && p.Config.Entry[e.Name].Traffic == "" {
			if events, weights := eventFiles(p, e); len(events) == 0 && weights == "" {
				continue
			}
		}
		tr, err := a.loadEvents(p, e, opt.events, opt.traffic)
		if err != nil {
			return nil, nil, err
		}
		if tr.Requests == 0 {
			return nil, nil, usageErrorf("no event of %q has a weight above 0, so that nothing would be counted; give it one in the traffic file, or pass another --traffic", e.Name)
		}
		if n := len(tr.Left); n > 0 {
			a.step("warning: %d of the traffic file's events %s not called: %s; shares are those of the others", n, plural(n, "is", "are"), joinOr(tr.Left, 5))
		}
		chosen, traffic = append(chosen, e), append(traffic, tr)
	}
	if !slices.ContainsFunc(entries, func(e project.Entry) bool { return e.Kind == project.EntryHandler }) {
		return nil, nil, usageErrorf("none of the project's entries is a handler (module:function), and usage invoke calls handlers with events; for commands there is fastpath usage record -- CMD, or say yourself what is rare: fastpath plan --cold MODULE")
	}
	if len(chosen) == 0 {
		return nil, nil, usageErrorf("none of the project's handlers has events; write events/NAME.json beside the handler, or name them: fastpath usage invoke %s --event FILE.json", entries[0].Name)
	}
	return chosen, traffic, nil
}

// invokeEntry calls one handler with its events.
func (a *app) invokeEntry(p *project.Project, e project.Entry, python *interp.Interpreter, traffic *usage.Traffic, opt usageInvokeOptions) (*invokeResult, error) {
	root, err := filepath.EvalSymlinks(p.Root)
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(root, filepath.FromSlash(e.ImportRoot))
	env, from, err := a.deployedEnv(p.Root, &e)
	if err != nil {
		return nil, err
	}
	a.noteDeployed(from)
	o := recorder.Options{
		Python: python.Path, Dir: e.WorkDir(root), Folder: folder, Module: e.Module, Attr: e.Attr, Roots: []string{root}, Timeout: opt.timeout,
		Env: launch.Environment(env, launch.EnvOptions{RealCredentials: opt.realCredentials}),
	}
	sources, err := p.Sources()
	if err != nil {
		return nil, err
	}
	for _, f := range sources {
		file, err := filepath.EvalSymlinks(filepath.Join(root, filepath.FromSlash(f)))
		if err != nil {
			continue // it is gone since it was listed
		}
		o.Files = append(o.Files, file)
	}
	for _, ev := range traffic.Events {
		o.Events = append(o.Events, ev.JSON)
	}
	a.step("%s: %d %s with %s", e.Name, len(o.Events), plural(len(o.Events), "event"), python)
	res, err := recorder.Invoke(a.ctx, o)
	var failed *recorder.ImportError
	if errors.As(err, &failed) {
		return nil, fmt.Errorf("%q could not be imported with %q: %s%s\n%s", e.Name, python.Path, failed.Message, indented(failed.Traceback),
			"mend that, or name the interpreter that has the application's packages: --python PATH")
	}
	if err != nil {
		return nil, err
	}
	if a.verbose {
		fmt.Fprintf(a.Stderr, "%s%s", res.Stdout, res.Stderr)
	}
	out := &invokeResult{Entry: e.Name}
	rows := usage.NewRows(e.Name, invokeSource, a.today().UTC().Format(time.DateOnly), evidence.UsageInvoke)
	failures := 0
	for i, r := range res.Requests {
		ev := traffic.Events[i]
		used := usage.WithParents(r.Used)
		rows.Add(ev.Name, ev.Weight, used)
		if used == nil {
			used = []string{}
		}
		out.Events = append(out.Events, invokeEvent{ev.Name, a.shown(ev.File), round3(ev.Weight), used, r.Error, r.Traceback})
		if r.Error == "" {
			continue
		}
		failures++
		note := "it counts with what it used until then"
		if r.Lost {
			note = "what it had used is not known"
		}
		fmt.Fprintf(a.Stderr, "warning: event %q (%s) failed: %s; %s%s\n", ev.Name, a.shown(ev.File), r.Error, note, indented(r.Traceback))
	}
	if failures == len(res.Requests) {
		return nil, fmt.Errorf("every event of %q failed, so that nothing was recorded; see above; if the handler needs a service or a variable, start or set it in this shell", e.Name)
	}
	out.day = rows.UsageDay()
	out.day.Daily = traffic.Daily
	out.usageReport = newUsageReport(usage.Summarize([]*evidence.UsageDay{out.day}, usage.SummaryOptions{}))
	return out, nil
}

// shown is a file as messages name it: relative to the working directory
// when it is below.
func (a *app) shown(path string) string {
	return inProject(a.Dir, path)
}

// indented puts a text below a message.
func indented(text string) string {
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return ""
	}
	return "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
}

// printInvoke shows which modules were used, and what each event used.
func (a *app) printInvoke(t *term.Terminal, r *invokeResult) {
	fmt.Fprintf(a.Stdout, "%s\n", t.Bold(r.Entry))
	a.printUsage(t, r.usageReport)
	table := term.Table{Columns: []term.Column{{Title: "workflow"}, {Title: "share", Right: true}, {Title: "requests", Right: true}, {Title: "used"}}}
	for _, ev := range r.Events {
		used := make([]string, 0, len(ev.Used))
		for i, m := range ev.Used { // packages go without saying
			if i+1 == len(ev.Used) || !strings.HasPrefix(ev.Used[i+1], m+".") {
				used = append(used, m)
			}
		}
		cell := strings.Join(used, ", ")
		if ev.Error != "" {
			cell = strings.TrimPrefix(cell+"; "+t.Bad("failed: "+ev.Error), "; ")
		}
		table.Row(ev.Name, percentText(ev.Requests/r.Requests), grouped(ev.Requests), cell)
	}
	fmt.Fprintf(a.Stdout, "\n%s\n", table.Render(t))
}
