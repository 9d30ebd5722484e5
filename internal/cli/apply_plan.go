package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/python/syntax"
	"fastpath/internal/rewrite"
)

// applyGroup is the entries that share one fast path file, and what apply does
// for them.
type applyGroup struct {
	file     string      // the fast path file
	module   string      // its name
	analyses []*analysis // of the entries, in their order
	prog     *graph.Program

	overrides map[importKey]string // imports that cannot be edited, with the cause
	form      rewrite.Form         // of deferred imports; "": function, with a guard where it takes one
	strict    bool                 // no other form will do
	plain     map[importKey]bool   // imports that cannot have that form, and may have another
	edits     *rewrite.Edits
	refused   []rewrite.Refusal
	listed    []*plan.Item // lines of the fast path file
	entered   []*plan.Item
	moved     []*plan.Item
	hoisted   []*plan.Item // imports of functions that --hot names
	removed   []*plan.Item // imports that nobody needs
	old, next *fastfile.Content
}

// importKey identifies an import across several loads of a program.
type importKey struct {
	file  string
	stmt  syntax.NodeID
	alias syntax.NodeID
}

func keyOf(imp *graph.Import) importKey { return importKey{imp.In.File, imp.Stmt, imp.Alias} }

// applyGroups analyses the entries, and those that share a file with them.
func (a *app) applyGroups(p *project.Project, entries []project.Entry, opt applyOptions) ([]*applyGroup, error) {
	all, err := a.selectEntries(p, nil)
	if err != nil {
		return nil, err
	}
	s, err := a.openSources(p)
	if err != nil {
		return nil, err
	}
	var groups []*applyGroup
	var planned []project.Entry
	for _, e := range entries {
		if slices.ContainsFunc(groups, func(g *applyGroup) bool { return g.file == e.FastPath }) {
			continue
		}
		groups = append(groups, &applyGroup{file: e.FastPath, overrides: map[importKey]string{}, plain: map[importKey]bool{}})
		for _, other := range all {
			if other.FastPath == e.FastPath {
				planned = append(planned, other)
			}
		}
	}
	list, err := a.analyzeAll(p, s, planned, opt.planOptions, nil)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		g.analyses = slices.DeleteFunc(slices.Clone(list), func(an *analysis) bool { return an.entry.FastPath != g.file })
		g.prog, g.module, g.old = g.analyses[0].program, g.analyses[0].fastPathModule, g.analyses[0].content
	}
	a.showNotes(s)
	return groups, nil
}

// withoutEvidence lists the entries about which nothing is known.
func (g *applyGroup) withoutEvidence(opt applyOptions) []string {
	var names []string
	for _, an := range g.analyses {
		if an.evidence == nil && len(opt.Cold) == 0 && len(opt.Hot) == 0 {
			names = append(names, an.entry.Name)
		}
	}
	return names
}

// plan computes the edits of the group. What turns out not to be possible is
// taken out of the plan, which is then made again, because the figures of the
// others depend on it.
func (g *applyGroup) plan(opt applyOptions, groups []*applyGroup) error {
	for {
		g.decide(opt, groups)
		req := rewrite.Request{FastPath: map[string]bool{}, Rendered: map[string]bool{g.file: true}, Version: g.version()}
		if g.old != nil {
			req.FastPath[g.file] = true
		}
		var moves []*graph.Import
		for _, it := range g.moved {
			moves = append(moves, it.Import)
		}
		refused := append(g.analyses[0].judge().Joint(moves), g.unguarded()...)
		if len(refused) == 0 {
			for _, it := range g.moved {
				g.request(&req, it)
			}
			for _, it := range g.removed {
				req.Removals = append(req.Removals, it.Import)
			}
			for _, it := range g.hoisted {
				req.Hoists = append(req.Hoists, it.Import)
			}
			req.Entering = g.entering()
			if opt.only == "file" {
				req = rewrite.Request{FastPath: req.FastPath, Rendered: req.Rendered, Version: req.Version}
			} else if !g.writesFile() {
				req.Entering = nil
			}
			g.edits, refused = rewrite.Plan(g.prog, req)
		}
		again := false
		for _, r := range refused {
			again = g.override(r) || again
		}
		if !again {
			break
		}
	}
	if opt.only == "code" {
		return nil
	}
	return g.render()
}

// override remembers a refusal; it reports whether the plan has to be made
// again.
func (g *applyGroup) override(r rewrite.Refusal) bool {
	var imps []*graph.Import
	if r.Import != nil {
		imps = []*graph.Import{r.Import}
	} else if m := g.prog.File(r.File); m != nil {
		imps = m.Imports // nothing of the file can be edited
	}
	again := false
	for _, imp := range imps {
		switch k := keyOf(imp); {
		case r.Import != nil && !g.strict && g.lazyForm() && !g.plain[k]:
			g.plain[k] = true // it may have another form
			again = true
		case g.overrides[k] == "":
			g.overrides[k] = r.Cause
			again = true
		}
	}
	return again
}

// version is the language version of the edited files.
func (g *applyGroup) version() syntax.Version {
	v := syntax.Latest
	for _, an := range g.analyses {
		if i := an.interpreter; i != nil && i.Version.Major > 0 {
			v = syntax.Version{Major: i.Version.Major, Minor: i.Version.Minor}
		}
	}
	return v
}

// decide makes the plans and settles what the group does: an import moves when
// no entry wants it hot, and a line stands in the file when all entries do.
func (g *applyGroup) decide(opt applyOptions, groups []*applyGroup) {
	if len(g.overrides) > 0 {
		for _, an := range g.analyses {
			in := an.input
			verdict, enterable, removable := in.Verdict, in.Enterable, in.Removable
			in.Verdict = func(imp *graph.Import) plan.Verdict {
				if cause := g.overrides[keyOf(imp)]; cause != "" {
					return plan.Verdict{Safety: plan.SafetyNever, Cause: cause}
				}
				return verdict(imp)
			}
			in.Removable = func(imp *graph.Import) string {
				if cause := g.overrides[keyOf(imp)]; cause != "" {
					return cause
				}
				return removable(imp)
			}
			in.Enterable = func(imp *graph.Import) string {
				if cause := g.overrides[keyOf(imp)]; cause != "" {
					return cause
				}
				return enterable(imp)
			}
			an.plan = plan.Build(in)
		}
	}
	g.listed, g.entered, g.moved, g.hoisted, g.removed = nil, nil, nil, nil, nil
	hot, needed := map[importKey]bool{}, map[importKey]bool{}
	for _, other := range groups {
		for _, an := range other.analyses {
			for _, it := range an.plan.Items {
				if it.Decision == plan.Tier1 || it.Decision == plan.Tier2 {
					hot[keyOf(it.Import)] = true
				}
				if it.Decision != plan.Remove {
					needed[keyOf(it.Import)] = true
				}
			}
		}
	}
	seen := map[importKey]bool{}
	cfg := g.analyses[0].project.Config
	for _, an := range g.analyses {
		for _, it := range an.plan.Items {
			k := keyOf(it.Import)
			if seen[k] {
				continue
			}
			switch {
			case it.Existing && it.Rule == plan.RuleForced && it.Decision != plan.Function:
				if g.overrides[k] != "" || cfg.Excluded(it.Import.In.File) || rewrite.Hoistable(g.prog, it.Import) != "" {
					continue
				}
				g.hoisted = append(g.hoisted, it)
			case it.Move && !hot[k] && !cfg.Excluded(it.Import.In.File) && (opt.only == "" || !it.FromFastPath):
				g.moved = append(g.moved, it)
			case it.Decision == plan.Remove:
				if needed[k] {
					continue // another entry knows less of it, and keeps it
				}
				g.removed = append(g.removed, it)
			case it.FromFastPath && (it.Import.Binds == "*" || len(it.Import.Context) > 0):
				continue // no line of the file, but code in it, which stays as it is
			case it.FromFastPath && it.Import.Scope == "module" && it.Import.Runs == "import":
				g.listed = append(g.listed, it)
			case it.OnFastPath && g.hotForAll(it, an) && !cfg.Excluded(it.Import.In.File) && g.mayEnter(it, opt):
				g.listed = append(g.listed, it)
				g.entered = append(g.entered, it)
			default:
				continue
			}
			seen[k] = true
		}
	}
}

// mayEnter reports whether a new line can be written: with --only code only
// those that stand in the file already.
func (g *applyGroup) mayEnter(it *plan.Item, opt applyOptions) bool {
	if opt.only != "code" {
		return true
	}
	if g.old == nil {
		return false
	}
	imp, _ := g.old.Find(it.Import.Binds)
	return imp != nil
}

// hotForAll reports whether every entry of the group has the import on its
// fast path under the same name.
func (g *applyGroup) hotForAll(it *plan.Item, of *analysis) bool {
	for _, an := range g.analyses {
		if an == of {
			continue
		}
		if !slices.ContainsFunc(an.plan.Items, func(o *plan.Item) bool {
			if keyOf(o.Import) == keyOf(it.Import) { // it imports this entry's module, such as a __main__.py
				return o.Decision == plan.Tier1 || o.Decision == plan.Tier2
			}
			return o.OnFastPath && o.Import.Binds == it.Import.Binds && o.Import.Base == it.Import.Base && o.Import.Item == it.Import.Item
		}) {
			return false
		}
	}
	return true
}

// hotForOne reports whether an entry of the group wants an import hot: what
// stays for that is not cold for all that read the file.
func (g *applyGroup) hotForOne(it *plan.Item) bool {
	return slices.ContainsFunc(g.analyses, func(an *analysis) bool {
		return slices.ContainsFunc(an.plan.Items, func(o *plan.Item) bool {
			return keyOf(o.Import) == keyOf(it.Import) && (o.Decision == plan.Tier1 || o.Decision == plan.Tier2)
		})
	})
}

// entering collects what each entry module hands over.
func (g *applyGroup) entering() []rewrite.Entering {
	var out []rewrite.Entering
	names := map[string]bool{}
	for _, it := range g.listed {
		names[it.Import.Binds] = true
	}
	done := map[string]bool{}
	for _, an := range g.analyses {
		if done[an.entry.File] {
			continue
		}
		done[an.entry.File] = true
		en := rewrite.Entering{
			Module: g.module, In: g.prog.File(an.entry.File),
			ByName: strings.Contains(g.module, ".") || an.project.Config.ImportStyle == config.StyleNames,
		}
		for _, it := range an.plan.Items {
			if it.OnFastPath && !it.FromFastPath && names[it.Import.Binds] && it.Import.In.File == an.entry.File && !an.project.Config.Excluded(an.entry.File) {
				en.Imports = append(en.Imports, it.Import)
			}
		}
		if en.In != nil && len(en.Imports) > 0 {
			out = append(out, en)
		}
	}
	return out
}

// writesFile reports whether there is, or will be, a fast path file: without
// any evidence none is begun.
func (g *applyGroup) writesFile() bool {
	return g.old != nil || g.analyses[0].evidence != nil
}

// render adds the fast path file to the edits.
func (g *applyGroup) render() error {
	first := g.analyses[0]
	if !g.writesFile() {
		return nil
	}
	disk, err := os.ReadFile(filepath.Join(first.project.Root, filepath.FromSlash(g.file)))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if m := g.prog.File(g.file); m != nil && m.Broken != nil {
		return nil // reported as FP901
	}
	gone := map[string]*plan.Item{}
	for _, it := range g.moved {
		if it.FromFastPath {
			gone[it.Import.Binds] = it
		}
	}
	next := fastfile.FromPlan(g.old, g.listed, gone, g.kept(), g.facts())
	if g.old == nil {
		next.NewLine = newLineOf(g.prog.File(first.entry.File))
	}
	g.next = &next
	g.edits.Put(g.file, disk, fastfile.Render(next))
	return nil
}

// newLineOf returns the line ending of a module: a new file takes the entry's.
func newLineOf(m *graph.Module) string {
	if m == nil {
		return "\n"
	}
	for i, c := range m.Syntax.Src {
		if c == '\n' {
			return "\n"
		}
		if c == '\r' {
			if i+1 < len(m.Syntax.Src) && m.Syntax.Src[i+1] == '\n' {
				return "\r\n"
			}
			return "\r"
		}
	}
	return "\n"
}

// facts are the figures of the file besides those of its lines.
func (g *applyGroup) facts() fastfile.Facts {
	an := g.analyses[0]
	c := an.project.Config
	f := fastfile.Facts{
		Thresholds: fastfile.Thresholds{LightMS: c.Thresholds.LightMS, HeavyMS: c.Thresholds.HeavyMS, HotUsage: c.Thresholds.HotUsage},
		TargetMS:   c.Limits.ColdStartMS, LimitMS: c.Limits.TotalMS, ImportLimit: c.Limits.Imports,
	}
	e := an.evidence
	if e == nil {
		if g.old != nil {
			f.Profile = g.old.Doc.Profile
		}
		return f
	}
	f.Profile = fastfile.Profile{
		Date: e.Measured, Interpreter: strings.TrimSpace(e.Environment.Implementation + " " + e.Environment.Version),
		Runs: e.Runs, Bytecode: e.Environment.Bytecode,
	}
	f.TotalKnown, f.TotalMS = true, an.plan.Union(g.listed)
	f.Adds = an.plan.Sequence
	return f
}

// kept lists the modules whose cold imports stay at module level, with the
// first reason and its place after the edits. Lines of the file say it
// themselves.
func (g *applyGroup) kept() []fastfile.Kept {
	var out []fastfile.Kept
	seen := map[string]bool{}
	for _, an := range g.analyses {
		for _, it := range an.plan.Items {
			if it.Decision != plan.Keep || it.Wanted != plan.Function || !it.Measured || it.Rule != plan.RuleUsedAt && it.Rule != plan.RuleUnsafe {
				continue
			}
			// Entries that share the file see the same imports; the figures
			// differ where start-up does, and the first one's are shown.
			line := slices.ContainsFunc(g.listed, func(o *plan.Item) bool { return keyOf(o.Import) == keyOf(it.Import) })
			if !line && !seen[it.Module] && !g.hotForOne(it) {
				seen[it.Module] = true
				out = append(out, fastfile.KeptLine(it, g.edits.Relocate(it.Reason)))
			}
		}
	}
	slices.SortStableFunc(out, func(x, y fastfile.Kept) int { return strings.Compare(x.Module, y.Module) })
	return out
}

// broken are the files that do not parse: they are not edited, and what they
// read of other modules is not seen. Files that the configuration excludes are
// left out.
func (g *applyGroup) broken() []*graph.Module {
	var out []*graph.Module
	for _, m := range g.prog.Modules { // sorted by file
		if m.Broken != nil && !g.analyses[0].project.Config.Excluded(m.File) {
			out = append(out, m)
		}
	}
	return out
}
