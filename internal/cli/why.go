package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/term"
)

// whyOptions are the flags of why.
type whyOptions struct {
	entry string
	limit int
	all   bool
}

func (a *app) whyCommand() *cobra.Command {
	var opt whyOptions
	cmd := &cobra.Command{
		Use:   "why MODULE",
		Short: "every chain that loads a module, what it costs and saves, who uses it",
		Long: `Why shows, for each entry, every chain of import statements that loads a module:
one for each statement that names it, the shortest one that leads there. It
reads fastpath.lock and the sources, and executes nothing. What no profile has
seen loading is shown as the sources say: through the project and through the
libraries that the interpreter finds, each statement with its function and the
blocks around it.

With --all the chains are those of the sources in any case, and every one that
passes no module twice, not only the shortest for each statement.`,
		Example: `  fastpath why pandas
  fastpath why numpy --all --limit 0
  fastpath why urllib3.util --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageErrorf("why takes one module, found %d arguments; for example: fastpath why pandas", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error { return a.runWhy(args[0], opt) },
	}
	f := cmd.Flags()
	f.StringVar(&opt.entry, "entry", "", "look at one `ENTRY` only")
	f.IntVar(&opt.limit, "limit", 10, "show at most `N` chains an entry; 0 shows all")
	f.BoolVar(&opt.all, "all", false, fmt.Sprintf("every chain that the sources have, the shortest first, up to %s", grouped(allChains)))
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// whyResult is what is known of a module from one entry; its JSON is
// fastpath.why/1.
type whyResult struct {
	Entry        string        `json:"entry"`
	Module       string        `json:"module"`
	Measured     bool          `json:"measured"` // chains and costs come from the profile
	Loaded       string        `json:"loaded"`   // "start-up", "init", "deferred", "unknown"
	SelfMS       *float64      `json:"self_ms,omitempty"`
	AloneMS      *float64      `json:"alone_ms,omitempty"`
	SavesMS      *float64      `json:"saves_ms,omitempty"`
	SavesModules []string      `json:"saves_modules,omitempty"`
	Distribution string        `json:"distribution,omitempty"`
	Kind         string        `json:"kind,omitempty"`
	Runtime      string        `json:"runtime,omitempty"` // the code that may find it, though the interpreter does not
	UsageShare   *float64      `json:"usage_share,omitempty"`
	Chains       [][]whyStep   `json:"chains"`
	MoreChains   int           `json:"more_chains,omitempty"`
	CutChains    bool          `json:"cut_chains,omitempty"`
	Static       bool          `json:"static_chains,omitempty"`
	Imports      []whyImport   `json:"imports"`
	Workflows    []whyWorkflow `json:"workflows,omitempty"`
}

// whyStep is one statement of a chain.
type whyStep struct {
	Module   string `json:"module"` // the importing module
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Qualname string `json:"qualname,omitempty"`
	Imports  string `json:"imports"` // as written
	// What only the sources know.
	Scope   string   `json:"scope,omitempty"`
	Runs    string   `json:"runs,omitempty"`
	Context []string `json:"context,omitempty"`
	Lazy    bool     `json:"lazy,omitempty"`
	Library bool     `json:"library,omitempty"`
}

// whyImport is one import of the project that names the module.
type whyImport struct {
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Text     string        `json:"text"`
	Decision plan.Decision `json:"decision"`
	Reason   string        `json:"reason"`
	SavesMS  *float64      `json:"saves_ms,omitempty"`
	Uses     []whyUse      `json:"uses"`
}

// whyUse is a function that uses the name, with its first such line.
type whyUse struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Qualname string `json:"qualname,omitempty"`
}

type whyWorkflow struct {
	Name  string  `json:"name"`
	Share float64 `json:"share"`
}

func (a *app) runWhy(module string, opt whyOptions) error {
	switch {
	case a.format != "text" && a.format != "json":
		return usageErrorf("unknown format %q for why; allowed: text, json", a.format)
	case opt.limit < 0:
		return usageErrorf("--limit %d: expected 0 or more", opt.limit)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return &exitError{ExitUsage, err}
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
	s, err := a.openSources(p)
	if err != nil {
		return err
	}
	var results []*whyResult
	known := map[string]bool{}
	list, err := a.analyzeAll(p, s, entries, planOptions{}, nil)
	if err != nil {
		return err
	}
	for _, r := range list {
		w := newWhy(r, module)
		if w == nil || w.needsSources(opt) {
			w = w.fromSources(r, module, opt, known)
		}
		if w != nil {
			w.limit(opt.limit)
			results = append(results, w)
		}
		knownModules(r, known)
	}
	if len(results) == 0 {
		hint := "no entry loads it, as far as the profile and the sources tell"
		if n := config.Nearest(module, slices.Sorted(maps.Keys(known))); n != "" {
			hint = fmt.Sprintf("did you mean %q?", n)
		} else if s.lock == nil {
			hint += "; there is no " + evidence.FileName + " yet, run \"fastpath profile\""
		}
		return fmt.Errorf("unknown module %q: %s", module, hint)
	}
	a.showNotes(s)
	if a.format == "json" {
		return printEntries(a, "why", p.Root, results)
	}
	for i, w := range results {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		a.printWhy(t, w)
	}
	return nil
}

// knownModules adds every module name that an analysis knows.
func knownModules(r *analysis, known map[string]bool) {
	if r.evidence != nil {
		for _, m := range r.evidence.Modules {
			known[m.Name] = true
		}
		for _, m := range r.evidence.Startup {
			known[m] = true
		}
	}
	for _, it := range r.plan.Items {
		known[it.Module] = true
	}
}

func emptyWhy(r *analysis, module string) *whyResult {
	return &whyResult{Entry: r.entry.Name, Module: module, Loaded: "unknown", Chains: [][]whyStep{}, Imports: []whyImport{}}
}

// newWhy collects what is known of a module; nil when nothing is.
func newWhy(r *analysis, module string) *whyResult {
	w := emptyWhy(r, module)
	rt := r.runtime
	lines := statementLines(r.program)
	var named []evidence.Statement
	cut := graph.Cut{}
	for _, it := range r.plan.Items {
		if !plan.Covers(module, it.Module) {
			continue
		}
		s := it.Import.Statement
		named = append(named, s)
		if !it.Existing {
			cut[s] = true
		}
		w.Imports = append(w.Imports, newWhyImport(r, it))
	}
	ms, known := rt.Self(module)
	chains := rt.Chains(module, 0)
	switch {
	case rt.InStartup(module):
		w.Loaded = "start-up"
	case rt.Loaded(nil)[module]:
		w.Loaded = "init"
	case known:
		w.Loaded = "deferred"
	case len(chains) == 0 && len(w.Imports) == 0:
		return nil
	}
	w.Measured = known || w.Loaded == "start-up"
	if known {
		w.SelfMS = figure(ms)
		for _, m := range r.evidence.Modules {
			if m.Name == module {
				w.Distribution, w.Kind = m.Distribution, m.Kind
			}
		}
	}
	if w.Loaded == "init" {
		w.setCosts(rt, named, cut, chains)
	} else if known && len(named) > 0 {
		w.AloneMS = figure(rt.Union(named, nil))
	}
	for _, chain := range chains {
		var steps []whyStep
		for _, s := range chain {
			steps = append(steps, whyStep{Module: s.From, File: s.File, Line: lines[s], Qualname: s.Qualname, Imports: s.Module})
		}
		w.Chains = append(w.Chains, steps)
	}
	if share, ok := r.usage.Share(module); ok {
		share = round6(share)
		w.UsageShare = &share
	}
	by := r.usage.ByWorkflow(module)
	for _, name := range slices.Sorted(maps.Keys(by)) {
		w.Workflows = append(w.Workflows, whyWorkflow{name, round6(by[name])})
	}
	return w
}

// limit drops chains that read the same, because a library names the module
// twice, and those beyond a number; 0 is no limit.
func (w *whyResult) limit(n int) {
	seen := map[string]bool{}
	w.Chains = slices.DeleteFunc(w.Chains, func(c []whyStep) bool {
		text := chainText(c)
		double := seen[text]
		seen[text] = true
		return double
	})
	if n > 0 && len(w.Chains) > n {
		w.MoreChains = len(w.Chains) - n
		w.Chains = w.Chains[:n]
	}
}

// setCosts computes what loading a module costs and what goes when all of the
// project's statements that name it go; for a module that only libraries name,
// when every statement that loads it goes.
func (w *whyResult) setCosts(rt *graph.Runtime, named []evidence.Statement, cut graph.Cut, chains [][]evidence.Statement) {
	if len(cut) == 0 {
		for _, c := range chains {
			last := c[len(c)-1]
			named = append(named, last)
			cut[last] = true
		}
	}
	if len(named) > 0 {
		most := 0.0
		for _, s := range named {
			most = max(most, rt.Alone(s, nil))
		}
		w.AloneMS = figure(most)
	}
	ms, gone := rt.Saves(cut)
	w.SavesMS, w.SavesModules = figure(ms), gone
}

func newWhyImport(r *analysis, it *plan.Item) whyImport {
	i := whyImport{
		File: it.Import.In.File, Line: it.Line, Text: it.Text, Decision: it.Decision, Reason: it.Reason, Uses: []whyUse{},
	}
	if it.Measured {
		i.SavesMS = figure(it.SavesMS)
	}
	seen := map[whyUse]bool{}
	for _, u := range r.program.Uses(it.Import) {
		if u.Module.Test {
			continue
		}
		use := whyUse{File: u.Module.File, Qualname: u.Module.Scope.Qualname(u.Node)}
		if !seen[use] {
			seen[use] = true
			use.Line = u.Module.Line(u.Node)
			i.Uses = append(i.Uses, use)
		}
	}
	return i
}

// statementLines returns the lines of all import statements of the project.
func statementLines(p *graph.Program) map[evidence.Statement]int {
	lines := map[evidence.Statement]int{}
	for _, m := range p.Modules {
		for _, imp := range m.Imports {
			lines[imp.Statement] = m.Line(imp.Stmt)
			main := imp.Statement
			main.From = "__main__"
			lines[main] = lines[imp.Statement]
		}
	}
	return lines
}

// text is a step as people read it: "app.py:3", or the module of a library.
func (s whyStep) text() string {
	switch {
	case s.File == "":
		return s.Module
	case s.Line == 0:
		return s.File
	}
	text := fmt.Sprintf("%s:%d", s.shortFile(), s.Line)
	if notes := s.notes(); len(notes) > 0 {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}

func chainText(c []whyStep) string {
	parts := make([]string, len(c))
	for k, s := range c {
		parts[k] = s.text()
	}
	return strings.Join(parts, " > ")
}

// printWhy shows a result to people.
func (a *app) printWhy(t *term.Terminal, w *whyResult) {
	out := a.Stdout
	head := []string{t.Bold(w.Module)}
	if w.Distribution != "" {
		head = append(head, "from "+w.Distribution)
	}
	fmt.Fprintf(out, "%s · %s\n", strings.Join(head, " "), w.Entry)
	switch w.Loaded {
	case "start-up":
		fmt.Fprintln(out, "loaded before the entry, by the interpreter or its runtime; no import of yours changes that")
	case "init":
		text := fmt.Sprintf("loaded at every cold start: self %s", msText(*w.SelfMS))
		if w.AloneMS != nil {
			text += ", alone " + msText(*w.AloneMS)
		}
		fmt.Fprintln(out, text)
	case "deferred":
		text := fmt.Sprintf("not loaded at start: self %s", msText(*w.SelfMS))
		if w.AloneMS != nil {
			text += ", alone " + msText(*w.AloneMS)
		}
		fmt.Fprintln(out, text)
	default:
		fmt.Fprintln(out, "never measured: this is what the sources say")
	}
	if w.Runtime != "" {
		fmt.Fprintln(out, "found at run time by "+w.Runtime)
	}
	if w.SavesMS != nil {
		what := "without the project's imports of it"
		if len(w.Imports) == 0 {
			what = "without everything that imports it"
		}
		fmt.Fprintf(out, "%s, init is %s shorter (%d %s)\n", what, t.Good(msText(*w.SavesMS)), len(w.SavesModules), plural(len(w.SavesModules), "module"))
	}
	switch {
	case w.UsageShare != nil && *w.UsageShare == 0 && len(w.Imports) == 0:
		fmt.Fprintln(out, "used through what imports it; no request names it itself")
	case w.UsageShare != nil:
		used := "used by " + percentText(*w.UsageShare) + " of requests"
		var parts []string
		for _, f := range w.Workflows {
			parts = append(parts, fmt.Sprintf("%s %s", f.Name, percentText(f.Share)))
		}
		if len(parts) > 0 && len(parts) <= 6 {
			used += ": " + strings.Join(parts, ", ")
		}
		fmt.Fprintln(out, used)
	default:
		fmt.Fprintln(out, "used by: unknown")
	}
	if len(w.Chains) > 0 {
		verb := "loaded"
		if w.Static {
			verb = "imported"
		}
		fmt.Fprintf(out, "\n%s through\n", verb)
		for _, c := range w.Chains {
			fmt.Fprintf(out, "  %s > %s\n", chainText(c), t.Accent(w.Module))
		}
		switch {
		case w.CutChains:
			fmt.Fprintf(out, "  %s\n", t.Faint(fmt.Sprintf("and more than %s more; --limit 0 shows %s", grouped(float64(w.MoreChains)), grouped(allChains))))
		case w.MoreChains > 0:
			fmt.Fprintf(out, "  %s\n", t.Faint(fmt.Sprintf("and %s more; --limit 0 shows all", grouped(float64(w.MoreChains)))))
		}
	}
	if len(w.Imports) == 0 {
		return
	}
	fmt.Fprintf(out, "\nimported by the project\n")
	for _, i := range w.Imports {
		fmt.Fprintf(out, "  %s:%d: %s  %s\n", i.File, i.Line, i.Text, t.Faint(fmt.Sprintf("[%s: %s]", i.Decision, i.Reason)))
		for _, u := range i.Uses {
			where := "at module level"
			if u.Qualname != "" {
				where = "in " + u.Qualname
			}
			fmt.Fprintf(out, "    used %s, %s:%d\n", where, u.File, u.Line)
		}
	}
}
