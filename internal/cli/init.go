package cli

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff"
	"github.com/spf13/cobra"

	"fastpath/internal/config"
	"fastpath/internal/project"
)

// initOptions are the flags of init.
type initOptions struct {
	entries []string
	dryRun  bool
	tests   bool
	github  bool
}

// command is the command line that writes what --dry-run shows.
func (o *initOptions) command() string {
	words := []string{"fastpath", "init"}
	for _, e := range o.entries {
		words = append(words, "--entry", e)
	}
	if o.tests {
		words = append(words, "--tests")
	}
	if o.github {
		words = append(words, "--github")
	}
	return strings.Join(shellWords(words), " ")
}

func (a *app) initCommand() *cobra.Command {
	var opt initOptions
	cmd := &cobra.Command{
		Use:   "init",
		Short: "find entries, interpreter and sources, and write the configuration",
		Long: `Init finds what starts cold: the functions of AWS SAM, CloudFormation, CDK,
Serverless, Terraform, Chalice and Zappa; what Dockerfiles, Procfiles and
functions-framework start; Django and Celery applications; console scripts of
pyproject.toml, setup.cfg and setup.py; packages with a __main__.py, and files
with the usual names. It writes them to [tool.fastpath] in pyproject.toml,
or to fastpath.toml where there is no pyproject.toml, and keeps what is there.
It runs no Python and needs no network.

--tests writes tests for pytest that hold the time and the size of the fast path
file, with the limits of the configuration. --github writes a workflow that
reviews the exceptions once a month, in one issue that it keeps up to date, and
posts the review sheet of a pull request as one comment. Files that were not
written by init are left alone.`,
		Example: `  fastpath init
  fastpath init --tests --github
  fastpath init --entry lambda_function:lambda_handler
  fastpath init --dry-run`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("init takes no arguments, found %q; name an entry with --entry %s, or a folder with --project", args[0], args[0])
			}
			return nil
		},
		RunE: func(*cobra.Command, []string) error { return a.runInit(opt) },
	}
	f := cmd.Flags()
	f.StringArrayVar(&opt.entries, "entry", nil, "`ENTRY` to configure instead of those found (repeatable): module:function, console:NAME, -m package, path/app.py")
	f.BoolVar(&opt.dryRun, "dry-run", false, "show what would be written and write nothing")
	f.BoolVar(&opt.tests, "tests", false, "write tests of the fast path file for pytest into the project")
	f.BoolVar(&opt.github, "github", false, "write a GitHub workflow for the monthly review and the review of pull requests")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// initResult is what init found and did; its JSON is fastpath.init/1.
type initResult struct {
	envelope
	Configuration initConfiguration `json:"configuration"`
	Entries       []initEntry       `json:"entries"`
	NotListed     []string          `json:"not_listed,omitempty"` // found, but left out of a configuration that lists entries
	Interpreter   *initInterpreter  `json:"interpreter,omitempty"`
	ImportRoots   []string          `json:"import_roots"`
	Sources       int               `json:"sources"`
	Files         []initFile        `json:"files,omitempty"` // by --tests and --github
	Problems      []initProblem     `json:"problems"`
	Next          string            `json:"next"`
}

type initConfiguration struct {
	File    string `json:"file"`
	Created bool   `json:"created"`
	Changed bool   `json:"changed"`
	DryRun  bool   `json:"dry_run"`
	Diff    string `json:"diff,omitempty"`
}

type initEntry struct {
	Name       string   `json:"name"`
	Kind       string   `json:"kind"`
	Module     string   `json:"module,omitempty"`
	Attr       string   `json:"attr,omitempty"`
	File       string   `json:"file"`
	Line       int      `json:"line,omitempty"`
	ImportRoot string   `json:"import_root"`
	FastPath   string   `json:"fast_path"`
	Platform   string   `json:"platform"`
	MemoryMB   float64  `json:"memory_mb"`
	Python     string   `json:"python,omitempty"`
	Source     string   `json:"source"`
	Events     []string `json:"events,omitempty"`
	Traffic    string   `json:"traffic,omitempty"`
}

type initInterpreter struct {
	Path           string `json:"path"`
	Implementation string `json:"implementation"`
	Version        string `json:"version,omitempty"`
	Venv           bool   `json:"venv"`
	Source         string `json:"source"`
}

type initProblem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

func (a *app) runInit(opt initOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for init; allowed: text, json", a.format)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	res := &initResult{envelope: a.envelopeFor("init", p.Root), Problems: []initProblem{}, Next: "fastpath profile"}
	if err := a.initEntries(p, opt, res); err != nil {
		return err
	}
	if err := a.initInterpreter(p, res); err != nil {
		return err
	}
	sources, err := p.Sources()
	if err != nil {
		return err
	}
	res.Sources, res.ImportRoots = len(sources), p.ImportRoots()
	if opt.tests {
		res.Files = append(res.Files, testFiles(p)...)
	}
	if opt.github {
		f, err := workflowFile(p)
		if err != nil {
			return err
		}
		res.Files = append(res.Files, f)
	}
	for i := range res.Files {
		if err := res.Files[i].prepare(p.Root); err != nil {
			return err
		}
	}
	if err := a.initWrite(p, opt, res); err != nil {
		return err
	}
	for i := range res.Files {
		if opt.dryRun {
			break
		}
		if err := res.Files[i].write(p.Root); err != nil {
			return err
		}
	}
	if a.format == "json" {
		return a.printJSON(res)
	}
	a.printInit(res)
	return nil
}

// initEntries sets p.Entries to what the configuration will list: the entries
// named on the command line, those of the configuration, or those discovered.
func (a *app) initEntries(p *project.Project, opt initOptions, res *initResult) error {
	switch {
	case len(opt.entries) > 0:
		named, err := p.Resolve(opt.entries...)
		if err != nil {
			return configurationError(err)
		}
		for _, e := range named {
			if !slices.ContainsFunc(p.Entries, func(o project.Entry) bool { return o.Name == e.Name }) {
				e.Source = "--entry"
				p.Entries = append(p.Entries, e)
			}
		}
	default:
		found, problems, err := p.Discover()
		if err != nil {
			return configurationError(err)
		}
		for _, pr := range problems {
			res.Problems = append(res.Problems, initProblem{pr.File, pr.Line, pr.Message})
		}
		if len(p.Entries) == 0 {
			p.Entries = found
			break
		}
		for _, e := range found {
			if !slices.ContainsFunc(p.Entries, func(o project.Entry) bool { return o.File == e.File && o.Attr == e.Attr }) {
				res.NotListed = append(res.NotListed, e.Name)
			}
		}
	}
	if len(p.Entries) == 0 {
		for _, pr := range res.Problems {
			fmt.Fprintln(a.Stderr, pr)
		}
		return fmt.Errorf("no entry found in %q; looked for functions in AWS SAM and CloudFormation templates, serverless.yml, Terraform, Chalice, Zappa, Dockerfile and Procfile, "+
			"scripts in pyproject.toml, setup.cfg and setup.py, packages with __main__.py, and lambda_function.py, handler.py, app.py, main.py or index.py with a function lambda_handler, handler or main; "+
			"name one by hand: fastpath init --entry lambda_function:lambda_handler", filepath.Base(p.Root))
	}
	for _, e := range p.Entries {
		ie := initEntry{
			Name: e.Name, Kind: string(e.Kind), Module: e.Module, Attr: e.Attr, File: e.File, Line: e.Line, ImportRoot: e.ImportRoot,
			FastPath: e.FastPath, Platform: e.Platform, MemoryMB: e.MemoryMB, Python: e.Python, Source: e.Source,
		}
		ie.Events, ie.Traffic = eventFiles(p, e)
		if own := p.Config.Entry[e.Name].Traffic; own != "" {
			ie.Traffic = own
		}
		res.Entries = append(res.Entries, ie)
	}
	return nil
}

// eventFiles lists the sample events beside an entry, or at its import root,
// and the file with their weights. At the project's root, where "sam init" puts
// them, they are those of the only handler.
func eventFiles(p *project.Project, e project.Entry) (events []string, traffic string) {
	dirs := []string{path.Join(path.Dir(e.File), "events"), path.Join(e.ImportRoot, "events")}
	if !slices.ContainsFunc(p.Entries, func(o project.Entry) bool { return o.Kind == project.EntryHandler && o.Name != e.Name }) {
		dirs = append(dirs, "events")
	}
	for _, dir := range dirs {
		list, err := os.ReadDir(filepath.Join(p.Root, filepath.FromSlash(dir)))
		if err != nil {
			continue
		}
		for _, d := range list {
			switch file := path.Join(dir, d.Name()); {
			case d.Name() == "traffic.toml":
				traffic = file
			case strings.HasSuffix(d.Name(), ".json"):
				events = append(events, file)
			}
		}
		return events, traffic
	}
	return nil, ""
}

// initInterpreter finds the interpreter. Not to find one is a problem only
// when the user named it.
func (a *app) initInterpreter(p *project.Project, res *initResult) error {
	i, err := a.interpreter(p)
	if err != nil {
		if a.python != "" || p.Config.Python != "" {
			return err
		}
		res.Problems = append(res.Problems, initProblem{Message: err.Error()})
		return nil
	}
	found := &initInterpreter{Path: inProject(p.Root, i.Path), Implementation: i.Implementation, Venv: i.Venv, Source: i.Source}
	if i.Version.Major > 0 {
		found.Version = fmt.Sprintf("%d.%d", i.Version.Major, i.Version.Minor)
	}
	res.Interpreter = found
	for _, e := range res.Entries {
		if e.Python != "" && found.Version != "" && e.Python != found.Version {
			file, line := e.Source, 0
			if i := strings.LastIndexByte(e.Source, ':'); i > 0 {
				if _, err := fmt.Sscanf(e.Source[i:], ":%d", &line); err == nil {
					file = e.Source[:i]
				}
			}
			res.Problems = append(res.Problems, initProblem{
				file, line,
				fmt.Sprintf("%q is deployed on Python %s, but %s is what was found here; measure with the same version: --python %s",
					e.Name, e.Python, i.String(), e.Python),
			})
			break
		}
	}
	return nil
}

// inProject returns path relative to the project's root when it is inside.
func inProject(root, file string) string {
	rel, err := filepath.Rel(root, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return file
	}
	return filepath.ToSlash(rel)
}

// initWrite writes the configuration, or shows it with --dry-run.
func (a *app) initWrite(p *project.Project, opt initOptions, res *initResult) error {
	var names []string
	var settings []config.EntrySetting
	for _, e := range res.Entries {
		names = append(names, e.Name)
		if e.Traffic != "" {
			settings = append(settings, config.EntrySetting{Entry: e.Name, Key: "traffic", Value: e.Traffic})
		}
	}
	python := ""
	if a.python != "" && res.Interpreter != nil { // others are found again by the same rules
		python = a.python
		if strings.ContainsAny(python, `/\`) {
			python = res.Interpreter.Path
		}
	}
	change, err := config.Edit(p.Root, names, python, settings...)
	if err != nil {
		return configurationError(err)
	}
	res.Configuration = initConfiguration{File: change.File, Created: change.Before == nil, Changed: change.Changed(), DryRun: opt.dryRun}
	if opt.dryRun {
		if change.Changed() || opt.tests || opt.github {
			res.Next = opt.command()
		}
		old := "a/" + change.File
		if change.Before == nil {
			old = "/dev/null"
		}
		res.Configuration.Diff = udiff.Unified(old, "b/"+change.File, string(change.Before), string(change.After))
		return nil
	}
	return change.Write()
}

// String is "file:line: message".
func (p initProblem) String() string {
	switch {
	case p.File == "":
		return p.Message
	case p.Line == 0:
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// printInit prints what init found for people.
func (a *app) printInit(res *initResult) {
	w := a.Stdout
	nameWidth, fileWidth := 0, 0
	for _, e := range res.Entries {
		nameWidth = max(nameWidth, len(e.Name))
		fileWidth = max(fileWidth, len(e.place()))
	}
	fmt.Fprintln(w, "entries")
	for _, e := range res.Entries {
		line := fmt.Sprintf("  %-*s  %-*s", nameWidth, e.Name, fileWidth, e.place())
		if e.Source != e.place() && e.Source != e.File {
			line += "  from " + e.Source + e.deployment()
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
	if i := res.Interpreter; i != nil {
		name := map[string]string{"cpython": "CPython", "pypy": "PyPy"}[i.Implementation]
		fmt.Fprintf(w, "python        %s %s, %s (%s)\n", name, i.Version, i.Path, i.Source)
	} else {
		fmt.Fprintln(w, "python        none found")
	}
	fmt.Fprintf(w, "import roots  %s\n", strings.Join(res.ImportRoots, ", "))
	fmt.Fprintf(w, "sources       %s\n", countOf(res.Sources, "Python file"))
	for _, e := range res.Entries {
		if len(e.Events) == 0 && e.Traffic == "" {
			continue
		}
		line := countOf(len(e.Events), "event file")
		if e.Traffic != "" {
			line += ", weighted by " + e.Traffic
		}
		fmt.Fprintf(w, "events        %s: %s\n", e.Name, line)
	}
	for _, p := range res.Problems {
		fmt.Fprintln(a.Stderr, "warning:", p)
	}
	if len(res.NotListed) > 0 {
		fmt.Fprintln(w, "\nfound, but not listed in the configuration; to add:")
		fmt.Fprintf(w, "  fastpath init --entry %s\n", strings.Join(shellWords(res.NotListed), " --entry "))
	}
	fmt.Fprintln(w)
	switch c := res.Configuration; {
	case !c.Changed:
		fmt.Fprintf(w, "%s is up to date\n", c.File)
	case c.DryRun:
		fmt.Fprintf(w, "%s\nnothing was written (--dry-run)\n", strings.TrimSuffix(c.Diff, "\n"))
	case c.Created:
		fmt.Fprintf(w, "created %s\n", c.File)
	default:
		fmt.Fprintf(w, "updated %s\n", c.File)
	}
	for _, f := range res.Files {
		switch {
		case !f.Changed:
			fmt.Fprintf(w, "%s is up to date\n", f.File)
		case res.Configuration.DryRun:
			fmt.Fprintf(w, "would write %s\n", f.File)
		case f.Created:
			fmt.Fprintf(w, "created %s\n", f.File)
		default:
			fmt.Fprintf(w, "updated %s\n", f.File)
		}
		if strings.HasSuffix(f.File, ".yml") && f.Changed {
			fmt.Fprintln(w, "  it downloads fastpath from the address in the repository variable FASTPATH_URL; set it, or change the step")
		}
	}
	fmt.Fprintf(w, "\nnext: %s\n", res.Next)
}

func (e initEntry) place() string {
	if e.Line == 0 {
		return e.File
	}
	return fmt.Sprintf("%s:%d", e.File, e.Line)
}

// deployment is what a deployment file adds to an entry's line.
func (e initEntry) deployment() string {
	if e.Python == "" {
		return ""
	}
	return fmt.Sprintf(" (Python %s, %v MB)", e.Python, e.MemoryMB)
}

// countOf counts things: "1 file", "2 files".
func countOf(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// shellWords quotes arguments that a shell would split.
func shellWords(args []string) []string {
	out := make([]string, len(args))
	for i, s := range args {
		out[i] = s
		if strings.ContainsAny(s, " \t'\"$`\\*?") {
			out[i] = "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return out
}
