package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/deploy"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/term"
)

// checkOptions are the flags of check.
type checkOptions struct {
	fix     bool
	diff    bool
	against string // a git revision, "" for none
	measure bool
	ruff    bool
}

func (a *app) checkCommand() *cobra.Command {
	var opt checkOptions
	cmd := &cobra.Command{
		Use:   "check [PATH…]",
		Short: "findings about the fast path file and the imports of the hot path",
		Long: `Check compares the sources and the fast path file with the evidence in
fastpath.lock. It finds cold modules that load at every cold start, exceptions that
the evidence no longer supports, exceeded limits and stale figures. Projects in
folders below, with a configuration of their own, are checked too. Nothing is
executed without --measure. PATH restricts the findings to files and folders.

--against REV compares with the commit where the change branched off from a git
revision: modules that load at start now, and did not then, are named with the chain
and the line (FP301). --measure runs the code: it imports the entries in fresh
interpreters and compares the modules, and the times where they can be told apart
from noise (FP302, FP303), with that commit or with the profile.

--ruff prints settings for ruff: cold modules are banned at module level, and what
fastpath writes is no finding of ruff's.

--fix makes the fixes that are proved safe: it writes __all__ anew, removes imports
that are there twice, and moves cold imports as apply does. What is left is printed;
"fastpath apply undo" takes the fixes back.

It exits with 1 when there is an error or a warning; remarks do not count.
Every rule is explained by "fastpath explain RULE".`,
		Example: `  fastpath check
  fastpath check src/interfaces
  fastpath check --against origin/main
  fastpath check --fix --diff
  fastpath check --format github
  fastpath check --format sarif > fastpath.sarif`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runCheck(opt, args) },
	}
	cmd.Flags().StringVar(&opt.against, "against", "", "compare what loads at start with the state where the change branched off from `REV`")
	cmd.Flags().BoolVar(&opt.measure, "measure", false, "run the code: measure the entries as they are now, and with --against as they were")
	cmd.Flags().BoolVar(&opt.ruff, "ruff", false, "print settings for ruff that agree with the plan, and check nothing")
	cmd.Flags().BoolVar(&opt.fix, "fix", false, "make the fixes that are proved safe")
	cmd.Flags().BoolVar(&opt.diff, "diff", false, "print what --fix would do as a unified diff, and change nothing")
	cmd.Flags().StringVar(&a.format, "format", "text", "text, json, sarif, github, junit or markdown")
	return cmd
}

// checked is what check found in all projects, with paths relative to the
// outermost one.
type checked struct {
	root       string // absolute
	findings   []diag.Diagnostic
	files      int
	suppressed int
	date       string   // the oldest profile, "" when nothing was profiled
	notes      []string // what could not be looked at
	measured   bool     // code of the project was run
}

func (a *app) runCheck(opt checkOptions, args []string) error {
	start := time.Now()
	if !slices.Contains(checkFormats, a.format) {
		return usageErrorf("unknown format %q for check; allowed: %s", a.format, strings.Join(checkFormats, ", "))
	}
	if opt.diff && a.format != "text" {
		return usageErrorf("--diff prints a unified diff; leave out --format %s", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	if opt.ruff {
		return a.runRuff(p)
	}
	paths, err := a.projectPaths(p, args)
	if err != nil {
		return err
	}
	c, err := a.checkAll(p, paths, opt)
	if err != nil {
		return err
	}
	switch {
	case opt.diff:
		err = a.printFixes(c)
	case opt.fix:
		if c, err = a.fix(p, paths, opt, c); err != nil {
			return err
		}
		fallthrough
	default:
		err = a.printCheck(c, t, start)
	}
	if err != nil {
		return err
	}
	if diag.Failing(c.findings) {
		return errFindings
	}
	return nil
}

// projectPaths makes command-line paths relative to the project.
func (a *app) projectPaths(p *project.Project, args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		abs := a.path(arg)
		if _, err := os.Stat(abs); err != nil {
			return nil, usageErrorf("%q does not exist; name a file or a folder of the project", arg)
		}
		rel, err := filepath.Rel(p.Root, abs)
		if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
			return nil, usageErrorf("%q lies outside of the project %q; choose another one with --project", arg, filepath.Base(p.Root))
		}
		paths = append(paths, filepath.ToSlash(rel))
	}
	return paths, nil
}

// checkAll checks a project and those nested in it.
func (a *app) checkAll(p *project.Project, paths []string, opt checkOptions) (*checked, error) {
	src, err := a.openSources(p)
	if err != nil {
		return nil, err
	}
	nested := nestedProjects(p.Root, src.files)
	c := &checked{root: p.Root, measured: opt.measure}
	type place struct {
		rule, file   string
		line, column int
	}
	seen := map[place]bool{}
	// The nested ones first: what they say about their files counts.
	for _, dir := range append(nested, ".") {
		if dir == "." && p.Config.Path == "" && len(nested) > 0 {
			continue // only a folder around projects
		}
		inside, any := pathsWithin(dir, paths)
		if !any {
			continue
		}
		sub, subSrc := p, src
		if dir != "." {
			if sub, err = project.Open(filepath.Join(p.Root, filepath.FromSlash(dir)), true); err != nil {
				return nil, inFolder(dir, configurationError(err))
			}
			if subSrc, err = a.openSources(sub); err != nil {
				return nil, inFolder(dir, err)
			}
		}
		subSrc.rules = opt.against == "" && !opt.measure
		in, _, err := a.checkInput(sub, subSrc, nil)
		if err != nil {
			return nil, inFolder(dir, err)
		}
		in.Paths = inside
		res := check.Run(in)
		if opt.against != "" || opt.measure {
			if err := a.addGate(sub, subSrc, in, opt, res); err != nil {
				return nil, inFolder(dir, err)
			}
		}
		for _, d := range res.Findings {
			d.Span.File = path.Join(dir, d.Span.File)
			d.Fix = within(dir, d.Fix)
			k := place{d.Rule, d.Span.File, d.Span.Line, d.Span.Column}
			if dir == "." && seen[k] {
				continue
			}
			seen[k] = seen[k] || dir != "."
			c.findings = append(c.findings, d)
		}
		for _, e := range in.Entries {
			if date, _ := e.ProfileDate(); e.Evidence != nil && (c.date == "" || date < c.date) {
				c.date = date
			}
		}
		for _, n := range subSrc.notes {
			if dir != "." {
				n = dir + ": " + n
			}
			c.notes = append(c.notes, n)
		}
		c.files += res.Files
		c.suppressed += res.Suppressed
	}
	diag.Sort(c.findings)
	return c, nil
}

// addGate adds what the gate finds to what the rules found.
func (a *app) addGate(p *project.Project, src *sources, in *check.Input, opt checkOptions, res *check.Result) error {
	g, err := a.gateFindings(p, src, gateOptions{against: opt.against, measure: opt.measure})
	if err != nil {
		return err
	}
	src.notes = append(src.notes, g.notes...)
	comments := check.NewComments()
	for _, d := range g.findings {
		var prog *graph.Program
		for _, e := range in.Entries {
			if e.Program.File(d.Span.File) != nil {
				prog = cmp.Or(prog, e.Program)
			}
		}
		switch {
		case !in.Wanted(d.Span.File):
		case comments.Suppress(prog, &d):
			res.Suppressed++
		default:
			res.Findings = append(res.Findings, d)
		}
	}
	return nil
}

// inFolder says of each line of an error of a nested project in which folder
// the file that it names, and the command that it recommends, belong.
func inFolder(dir string, err error) error {
	if dir == "." {
		return err
	}
	code := ExitFailure
	if coded := (*exitError)(nil); errors.As(err, &coded) {
		code = coded.code
	}
	return &exitError{code, &folderError{dir, err}}
}

type folderError struct {
	dir string
	err error
}

func (e *folderError) Error() string {
	var b strings.Builder
	for line := range strings.Lines(e.err.Error()) {
		b.WriteString(e.dir + ": " + line)
	}
	return b.String()
}

func (e *folderError) Unwrap() error { return e.err }

// within makes the files of a fix of a nested project relative to the outermost.
func within(dir string, f *diag.Fix) *diag.Fix {
	if f == nil || dir == "." {
		return f
	}
	g := &diag.Fix{Title: f.Title, Edits: slices.Clone(f.Edits)}
	for i := range g.Edits {
		g.Edits[i].File = path.Join(dir, g.Edits[i].File)
	}
	return g
}

// nestedProjects returns the folders below root that have a configuration, as
// far as they hold sources, relative to root and sorted.
func nestedProjects(root string, files []string) []string {
	known := map[string]bool{".": true}
	var out []string
	for _, f := range files {
		for dir := path.Dir(f); !known[dir]; dir = path.Dir(dir) {
			known[dir] = true
			if config.Exists(filepath.Join(root, filepath.FromSlash(dir))) {
				out = append(out, dir)
			}
		}
	}
	slices.Sort(out)
	return out
}

// pathsWithin restricts paths to a nested project and makes them relative to
// it; any is false when none of them touches it.
func pathsWithin(dir string, paths []string) (within []string, any bool) {
	if len(paths) == 0 || dir == "." {
		return paths, true
	}
	for _, p := range paths {
		if p == "." || p == dir || strings.HasPrefix(dir, p+"/") {
			return nil, true
		}
		if rel, ok := strings.CutPrefix(p, dir+"/"); ok {
			within = append(within, rel)
		}
	}
	return within, len(within) > 0
}

// checkInput gathers what the rules look at for the entries that args name,
// all of them without args. The analyses are those of the entries.
func (a *app) checkInput(p *project.Project, src *sources, args []string) (*check.Input, []*analysis, error) {
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return nil, nil, err
	}
	src.entries = entries
	in := &check.Input{Config: p.Config, Today: a.today(), Version: src.version(entries[0])}
	if severity, ok := diag.ParseSeverity(p.Config.Rules["FP113"]); ok && severity != diag.Off {
		in.Earlier = earlierFile(a.ctx, p.Root)
	}
	analyses, err := a.analyzeAll(p, src, entries, planOptions{}, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, an := range analyses {
		in.Entries = append(in.Entries, &check.Entry{Entry: an.entry, Program: an.program, Evidence: an.evidence, Plan: an.plan, FastPath: an.content})
	}
	if slices.ContainsFunc(analyses, func(an *analysis) bool { return an.content != nil }) {
		if in.Deployment, err = deploy.Read(p.Root); err != nil {
			return nil, nil, err
		}
	}
	first := analyses[0].evidence
	in.Installed, in.Python = environment(src.interpreter, first)
	if src.interpreter != nil && in.Installed == nil && first != nil && len(first.Distributions) > 0 {
		src.notes = append(src.notes, fmt.Sprintf("%s (%s) has none of the profiled distributions; their versions were not compared", src.interpreter, src.interpreter.Source))
	}
	return in, analyses, nil
}

// environment returns what is installed beside an interpreter, and its X.Y.
// An interpreter that was only found on PATH and has none of the profiled
// distributions is not the project's: it says nothing about the profile.
func environment(i *interp.Interpreter, e *evidence.Entry) ([]interp.Distribution, string) {
	if i == nil {
		return nil, ""
	}
	version := ""
	if i.Version.Major > 0 {
		version = fmt.Sprintf("%d.%d", i.Version.Major, i.Version.Minor)
	}
	installed := interp.Installed(i.SitePackages)
	if e == nil || len(e.Distributions) == 0 {
		return installed, version
	}
	for _, d := range installed {
		if slices.ContainsFunc(e.Distributions, func(o evidence.Distribution) bool {
			return interp.NormalizeName(o.Name) == interp.NormalizeName(d.Name)
		}) {
			return installed, version
		}
	}
	if strings.HasSuffix(i.Source, "on PATH") {
		version = ""
	}
	return nil, version
}

// today is the day on which ages are measured: now, or SOURCE_DATE_EPOCH for
// runs that must be repeatable.
func (a *app) today() time.Time {
	if s, err := strconv.ParseInt(a.getenv("SOURCE_DATE_EPOCH"), 10, 64); err == nil {
		return time.Unix(s, 0).UTC()
	}
	return time.Now()
}

// repositoryPrefix returns the project's folder within the repository, with
// slashes: annotations name files from there.
func (a *app) repositoryPrefix(root string) string {
	top := a.getenv("GITHUB_WORKSPACE")
	if top == "" {
		for dir := root; ; dir = filepath.Dir(dir) {
			if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
				top = dir
				break
			} else if dir == filepath.Dir(dir) || !errors.Is(err, os.ErrNotExist) {
				return ""
			}
		}
	}
	rel, err := filepath.Rel(top, root)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return ""
	}
	return filepath.ToSlash(rel)
}
