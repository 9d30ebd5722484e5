package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/pflag"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/lifeguard"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
	"fastpath/internal/rewrite"
	"fastpath/internal/usage"
)

// planOptions are the choices that change a plan.
type planOptions struct {
	Policy       string
	Cold, Hot    []string
	AssumeUnused bool
	Lifeguard    string // file, "" for none
	// accepted are moves that are not proved safe, and that a person wants.
	accepted map[importKey]bool
}

// verdict is what a gate says, with what a person accepted.
func (o planOptions) verdict(gate func(*graph.Import) plan.Verdict) func(*graph.Import) plan.Verdict {
	return func(imp *graph.Import) plan.Verdict {
		v := gate(imp)
		if v.Safety == plan.SafetyAsk && o.accepted[keyOf(imp)] {
			return plan.Verdict{Safety: plan.SafetyAuto}
		}
		return v
	}
}

// flags adds the options to a command.
func (o *planOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.Policy, "policy", "", "`POLICY` that decides: lmms or lifetime (default: the configuration's)")
	f.StringArrayVar(&o.Cold, "cold", nil, "treat `MODULE` and its submodules as cold, whatever the evidence says (repeatable)")
	f.StringArrayVar(&o.Hot, "hot", nil, "treat `MODULE` and its submodules as hot, whatever the evidence says (repeatable)")
	f.StringVar(&o.Lifeguard, "lifeguard", "", "keep what the JSON `FILE` of Lifeguard calls unsafe to load lazily")
	f.BoolVar(&o.AssumeUnused, "assume-unused", false, "take modules without usage data for unused")
}

// validate finds mistakes that need no project.
func (o planOptions) validate() error {
	if o.Policy != "" && o.Policy != config.PolicyLMMS && o.Policy != config.PolicyLifetime {
		return usageErrorf("unknown policy %q; allowed: %s, %s", o.Policy, config.PolicyLMMS, config.PolicyLifetime)
	}
	for _, list := range [][]string{o.Cold, o.Hot} {
		for _, m := range list {
			if m == "" || strings.ContainsAny(m, " \t/:,") || strings.HasPrefix(m, ".") || strings.HasSuffix(m, ".") {
				return usageErrorf("%q is no module; write it as in Python, for example --cold pandas or --cold xml.dom (repeat the flag for more)", m)
			}
		}
	}
	for _, m := range o.Cold {
		if slices.Contains(o.Hot, m) {
			return usageErrorf("%q is both --cold and --hot", m)
		}
	}
	return nil
}

// sources is everything that analyses of one project share.
type sources struct {
	project     *project.Project
	interpreter *interp.Interpreter // nil when none was found
	lock        *evidence.Lock      // nil when there is no lock
	files       []string
	programs    map[string]*graph.Program // by import root
	latest      *graph.Program            // of these; nil at first
	views       []view                    // of these
	notes       []string
	rules       bool            // only the rules of check look at the programs
	entries     []project.Entry // what they judge
	concern
}

// analysis is what reading commands know about one entry. Nothing was executed
// to find it out.
type analysis struct {
	project     *project.Project
	entry       project.Entry
	interpreter *interp.Interpreter // nil when none was found
	program     *graph.Program
	lock        *evidence.Lock    // nil when there is no lock
	evidence    *evidence.Entry   // nil when the entry was never profiled
	usage       *usage.Summary    // never nil
	content     *fastfile.Content // of the fast path file, nil when there is none
	gate        *rewrite.Gate     // nil until somebody asks it, see judge
	input       plan.Input        // of the plan
	plan        *plan.Plan
	runtime     *graph.Runtime // the plan's: measured, brought up to the sources
	// fastPathModule is the name under which the entry imports its fast path
	// file, also before there is one: "fast_path", "pkg.fast_path".
	fastPathModule string
}

// openSources reads the lock and lists the sources. Mistakes in the lock are
// errors; a missing lock or interpreter is not.
func (a *app) openSources(p *project.Project) (*sources, error) {
	s := &sources{project: p, programs: map[string]*graph.Program{}}
	lock, err := evidence.Read(filepath.Join(p.Root, evidence.FileName))
	switch {
	case err == nil:
		s.lock = lock
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	i, err := a.interpreter(p)
	switch {
	case err == nil:
		s.interpreter = i
	case a.python != "":
		return nil, err
	default:
		s.notes = append(s.notes, fmt.Sprintf("no interpreter (%v); libraries are known from the profile only", err))
	}
	if s.files, err = p.Sources(); err != nil {
		return nil, err
	}
	return s, nil
}

// program loads the project as it looks from one entry, once for all entries
// with the same import root.
func (a *app) program(p *project.Project, s *sources, e project.Entry) (*graph.Program, error) {
	if prog := s.programs[e.ImportRoot]; prog != nil {
		return prog, nil
	}
	o := loadOptions(p, e, s.files, s.interpreter, s.version(e))
	for _, v := range s.views {
		if v.version == o.Version && sameView(p.Root, v.roots, o.ImportRoots) {
			s.programs[e.ImportRoot] = v.program
			return v.program, nil
		}
	}
	o.Trees, o.Moving, o.Clues = s.trees(e), s.concern.files, s.concern.clues
	o.Texts = !s.rules || s.lock != nil && len(s.lock.Entries) > 0
	o.Shared, o.Like = true, s.latest
	prog, err := graph.Load(a.ctx, o)
	if err != nil {
		return nil, err
	}
	s.keep(e, prog)
	s.views = append(s.views, view{o.ImportRoots, o.Version, prog})
	return prog, nil
}

// trees returns the files that analyses look into: those of the entries, and
// what was measured, which may have been imported by names that no scan sees.
func (s *sources) trees(e project.Entry) []string {
	out := startFiles(e)
	for _, other := range s.judged() {
		out = append(out, startFiles(other)...)
	}
	if s.lock != nil {
		for _, measured := range s.lock.Entries {
			out = append(out, measuredFiles(measured)...)
		}
	}
	return out
}

// judged are the entries that one program is for.
func (s *sources) judged() []project.Entry {
	if s.entries != nil {
		return s.entries
	}
	return s.project.Entries
}

// startFiles are the files from which an entry starts.
func startFiles(e project.Entry) []string { return []string{e.File, e.FastPath} }

// moves reports whether anything can come of asking which imports of an entry
// may move. The rules of check do not ask without a profile: nothing is cold then.
func (s *sources) moves(e project.Entry) bool {
	return !s.rules || s.lock != nil && s.lock.Entries[e.Name] != nil
}

// version is the language version of the sources: the interpreter's, else the
// one that was measured, else the deployed one, else the lowest that the project
// allows.
func (s *sources) version(e project.Entry) syntax.Version {
	if s.interpreter != nil && s.interpreter.Version.Major > 0 {
		return s.interpreter.Version
	}
	for _, text := range []string{s.measuredVersion(e.Name), e.Python} {
		var v syntax.Version
		if n, _ := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor); n == 2 {
			return v
		}
	}
	return requiredVersion(s.project)
}

// requiredVersion is the lowest version of requires-python that can be read,
// the newest one where nothing is required.
func requiredVersion(p *project.Project) syntax.Version {
	var v syntax.Version
	if n, _ := fmt.Sscanf(p.RequiresPython(), "%d.%d", &v.Major, &v.Minor); n != 2 || syntax.Latest.Less(v) {
		return syntax.Latest
	}
	if oldest := (syntax.Version{Major: 3, Minor: 8}); v.Less(oldest) {
		return oldest
	}
	return v
}

func (s *sources) measuredVersion(entry string) string {
	if s.lock == nil || s.lock.Entries[entry] == nil {
		return ""
	}
	return s.lock.Entries[entry].Environment.Version
}

// analyzeWith plans one entry from what lies on disk.
func (a *app) analyzeWith(p *project.Project, s *sources, e project.Entry, o planOptions) (*analysis, error) {
	r, err := a.gather(p, s, e, o)
	if err != nil {
		return nil, err
	}
	r.build()
	return r, nil
}

// build makes the plan of what was gathered.
func (r *analysis) build() {
	r.plan = plan.Build(r.input)
	r.runtime = r.plan.Runtime
}

// buildAll makes the plans of several entries, beside each other where no
// verdicts are asked for, which note what they looked at.
func buildAll(list []*analysis) {
	var building sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0)) // a plan in the making takes memory
	for _, r := range list {
		if r.input.Verdict == nil {
			free <- struct{}{}
			building.Go(func() { r.build(); <-free })
		}
	}
	building.Wait()
	for _, r := range list {
		if r.plan == nil {
			r.build()
		}
	}
}

// gather collects what the plan of an entry is made from.
func (a *app) gather(p *project.Project, s *sources, e project.Entry, o planOptions) (*analysis, error) {
	prog, err := a.program(p, s, e)
	if err != nil {
		return nil, err
	}
	start := prog.File(e.File)
	if start == nil {
		return nil, fmt.Errorf("%q, the source of %q, is not among the project's sources; git may ignore it", e.File, e.Name)
	}
	r := &analysis{project: p, entry: e, interpreter: s.interpreter, program: prog, lock: s.lock, fastPathModule: fastPathModule(prog, e)}
	var days []*evidence.UsageDay
	if s.lock != nil {
		r.evidence = s.lock.Entries[e.Name]
		days = s.lock.Usage
	}
	r.usage = usage.Summarize(days, usage.SummaryOptions{Entry: e.Name, OnlyEntry: len(p.Entries) < 2})
	src, err := os.ReadFile(filepath.Join(p.Root, filepath.FromSlash(e.FastPath)))
	switch {
	case err == nil:
		r.content = fastfile.Parse(src)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("cannot read the fast path file: %w", err)
	}
	r.input = plan.Input{
		Program: prog, Entry: e, Config: p.Config, Evidence: r.evidence, Usage: r.usage,
		FastPath: tiers(r.content),
		Cold:     o.Cold, Hot: o.Hot, AssumeUnused: o.AssumeUnused, Policy: o.Policy,
	}
	if s.moves(e) {
		s.ask(r)
	}
	if o.Lifeguard != "" {
		if err := a.heed(o.Lifeguard, &r.input); err != nil {
			return nil, err
		}
	}
	if r.input.Verdict != nil {
		r.input.Verdict = o.verdict(r.input.Verdict)
	}
	return r, nil
}

// heed lets a plan keep what Lifeguard has objections to. It only ever makes a
// verdict worse.
func (a *app) heed(file string, in *plan.Input) error {
	data, err := os.ReadFile(a.path(file))
	if err != nil {
		return usageErrorf("cannot read the file of --lifeguard: %w", err)
	}
	report, err := lifeguard.Parse(data)
	if err != nil {
		return usageErrorf("%s: %w", file, err)
	}
	verdict, program := in.Verdict, in.Program
	in.Verdict = func(imp *graph.Import) plan.Verdict {
		v := verdict(imp)
		if objection := report.Objection(imp.In.Name, imp.Target, program.Module(imp.Target) != nil); objection != "" && plan.Movable(v.Safety) {
			return plan.Verdict{Safety: plan.SafetyAsk, Cause: objection}
		}
		return v
	}
	return nil
}

// fastPathModule returns the module name of an entry's fast path file, also
// before it exists.
func fastPathModule(prog *graph.Program, e project.Entry) string {
	if m := prog.File(e.FastPath); m != nil {
		return m.Name
	}
	file := strings.TrimSuffix(e.FastPath, ".py")
	if e.ImportRoot != "." && e.ImportRoot != "" {
		file = strings.TrimPrefix(file, path.Clean(e.ImportRoot)+"/")
	}
	return strings.ReplaceAll(file, "/", ".")
}

// causes returns the imports that were refused, with the reasons.
func causes(refused []rewrite.Refusal) map[*graph.Import]string {
	m := map[*graph.Import]string{}
	for _, r := range refused {
		if r.Import != nil {
			m[r.Import] = r.Cause
		}
	}
	return m
}

// tiers returns the bound names of a fast path file with their tier, nil
// without a file.
func tiers(c *fastfile.Content) map[string]int {
	if c == nil {
		return nil
	}
	m := map[string]int{}
	for i := range c.Imports {
		for _, n := range c.Imports[i].Names {
			m[n.Binds()] = int(c.Imports[i].Tier)
		}
	}
	return m
}

// unmatched is the mistake of naming a module with --cold or --hot that no
// entry's imports name; nil when each is named somewhere.
func unmatched(list []*analysis, o planOptions) error {
	for _, name := range slices.Concat(o.Cold, o.Hot) {
		missing := true
		var known []string
		for _, r := range list {
			missing = missing && slices.Contains(r.plan.Unmatched, name)
			for _, it := range r.plan.Items {
				known = append(known, it.Module)
			}
		}
		if !missing {
			continue
		}
		hint := "nothing that starts with the entry imports it"
		if n := config.Nearest(name, known); n != "" {
			hint += fmt.Sprintf("; did you mean %q?", n)
		}
		return usageErrorf("%q (--cold, --hot): %s", name, hint)
	}
	return nil
}

// showNotes prints what the analysis could not look at, on stderr.
func (a *app) showNotes(s *sources) {
	for _, n := range s.notes {
		a.step("note: %s", n)
	}
}
