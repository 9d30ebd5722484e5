package cli

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/profile"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
	"fastpath/internal/regexps"
	"fastpath/internal/rewrite"
	"fastpath/internal/verify"
)

// applyVerification is what --verify found.
type applyVerification struct {
	OK      bool          `json:"ok"`
	Entries []verifyEntry `json:"entries"`

	help []string // what to do where it is not ok
}

// verifyEntry is what --verify found of one entry.
type verifyEntry struct {
	Entry       string             `json:"entry"`
	Interpreter string             `json:"interpreter"`
	OK          bool               `json:"ok"`
	Gone        []string           `json:"gone"` // modules that are no longer loaded at start, as foreseen
	Differences []verifyDifference `json:"differences"`
	Notes       []string           `json:"notes"` // what could not be foreseen
}

// verifyDifference is one way in which the edited program differs.
type verifyDifference struct {
	Kind    verify.Kind `json:"kind"`
	Module  string      `json:"module,omitempty"`
	Message string      `json:"message"`
	Chain   []string    `json:"chain,omitempty"`
	// Statement is the edited import that is to blame, where that is known.
	Statement *verifyStatement `json:"statement,omitempty"`
}

type verifyStatement struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Module string `json:"module"`
}

// verifier starts the project as it is and with the edits.
type verifier struct {
	*app
	project  *project.Project
	edits    *rewrite.Edits
	edited   []editedImport
	want     verify.Expected
	python   *interp.Interpreter
	sources  []string
	scratch  *verify.Scratch
	programs map[string]*graph.Program // of the edited state, by import root
	search   bool                      // all import roots are on PYTHONPATH
	before   *verify.State             // of the one entry to look at; nil: it is measured
}

// editedImport is an import that the edits take away from where it stands.
type editedImport struct {
	*plan.Item
	group *applyGroup
}

// verifyEdits starts each entry as it is, and with the edits in a copy of the
// project. The error is for what kept it from doing so.
func (a *app) verifyEdits(p *project.Project, groups []*applyGroup, edits *rewrite.Edits, opt applyOptions) (res *applyVerification, err error) {
	v := &verifier{app: a, project: p, edits: edits, programs: map[string]*graph.Program{}}
	v.expect(groups, opt)
	if v.python, err = a.interpreter(p); err != nil {
		return nil, err
	}
	if v.sources, err = p.Sources(); err != nil {
		return nil, err
	}
	a.step("%s", launch.Notice)
	if v.scratch, err = verify.Copy(a.ctx, p.Root, v.sources, edits); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, v.scratch.Remove()) }()
	res = &applyVerification{OK: true}
	for _, g := range groups {
		for _, an := range g.analyses {
			e, err := v.verify(g, an)
			if err != nil {
				return nil, err
			}
			res.Entries = append(res.Entries, *e)
			res.OK = res.OK && e.OK
		}
	}
	if !res.OK {
		res.help = v.help(res, opt)
	}
	return res, nil
}

// expect collects what the edits are to do.
func (v *verifier) expect(groups []*applyGroup, opt applyOptions) {
	v.want.Cut = graph.Cut{}
	done, hoisted := map[importKey]bool{}, map[importKey]bool{}
	for _, f := range v.edits.Files {
		for _, m := range f.Moves {
			done[keyOf(m.Import)] = true
		}
		for _, imp := range f.Removed {
			done[keyOf(imp)] = true
		}
		for _, imp := range f.Hoisted {
			hoisted[keyOf(imp)] = true
		}
	}
	for _, g := range groups {
		for _, it := range slices.Concat(g.moved, g.removed) {
			// What leaves the fast path file has no place where nobody uses it.
			left := it.FromFastPath && opt.only != "code" && v.edits.File(g.file) != nil
			if done[keyOf(it.Import)] || left {
				v.want.Cut[it.Import.Statement] = true
				v.edited = append(v.edited, editedImport{it, g})
			}
		}
		for _, it := range g.hoisted {
			if hoisted[keyOf(it.Import)] {
				v.want.Runs = append(v.want.Runs, it.Import.Statement)
			}
		}
		if f := v.edits.File(g.file); f != nil && f.Old == nil {
			v.want.Files = append(v.want.Files, g.module)
		}
	}
}

// verify compares the two states of one entry. A difference counts when it is
// found again: code that is compiled for the first time, and what depends on
// time or chance, load modules of their own.
func (v *verifier) verify(g *applyGroup, an *analysis) (*verifyEntry, error) {
	e := an.entry
	v.step("verify %s with %s, as it is and with the edits", e.Name, v.python)
	out := &verifyEntry{Entry: e.Name, Interpreter: v.python.String(), Gone: []string{}, Notes: []string{}}
	var r, first *verify.Result
	var before *verify.State
	var err error
	for range 2 {
		if before, r, err = v.compare(g.prog, e); err != nil {
			return nil, err
		}
		if first == nil {
			first = r
			if len(r.Differences) == 0 {
				break
			}
			continue
		}
		if flaky := r.Steady(first); len(flaky) > 0 {
			out.note("not compared, as it comes and goes by itself: %s", someNames(flaky))
		}
	}
	out.Gone = append(out.Gone, r.Gone...)
	out.OK = len(r.Differences) == 0
	if out.Differences, err = v.explain(e, before, r.Differences); err != nil {
		return nil, err
	}
	if len(r.Late) > 0 {
		out.note("stays, because code that no scan sees asks for it once nobody else has: %s", someNames(r.Late))
	}
	if len(r.Unexplained) > 0 {
		out.note("gone with the others, though it was not known what loads it: %s", someNames(r.Unexplained))
	}
	foreseen := before.Saves(v.want.Cut)
	switch {
	case len(v.want.Cut) == 0:
	case an.evidence == nil:
		out.note("without a profile, what goes was foreseen from how the program starts today")
	default:
		_, planned := an.plan.Runtime.Saves(v.want.Cut)
		if planned = before.Starting(planned); !slices.Equal(planned, foreseen) {
			out.note("the profile foresaw %s to go of those that start today, and the program as it starts today %d; renew it: fastpath profile", counted(len(planned), "module"), len(foreseen))
		}
	}
	return out, nil
}

func (e *verifyEntry) note(format string, args ...any) {
	e.Notes = append(e.Notes, fmt.Sprintf(format, args...))
}

// compare measures both states once.
func (v *verifier) compare(prog *graph.Program, e project.Entry) (*verify.State, *verify.Result, error) {
	for {
		before := v.before
		if before == nil {
			now, err := v.measure(v.project.Root, prog, e)
			if err != nil {
				return nil, nil, fmt.Errorf("the edits cannot be verified, and nothing was changed: without them, %w", err)
			}
			before = verify.NewState(prog, now)
		}
		edited, err := v.program(e)
		if err != nil {
			return nil, nil, err
		}
		then, err := v.measure(v.scratch.Root, edited, e)
		if d, ok := verify.Failure(err, v.scratch.Root); ok {
			return before, &verify.Result{Differences: []verify.Difference{d}}, nil
		}
		if err != nil {
			return nil, nil, err
		}
		after := verify.NewState(edited, then)
		var files []string
		for _, f := range v.edits.Files {
			files = append(files, f.File)
		}
		elsewhere := verify.Elsewhere(before, after, files)
		if len(elsewhere) == 0 {
			return before, verify.Compare(before, after, v.want), nil
		}
		if v.search {
			return nil, nil, fmt.Errorf("the edits cannot be verified, and nothing was changed: the copy with the edits loads %s from the project, because code or an installed package names that folder",
				someNames(elsewhere))
		}
		v.search = true // an editable install: our folders come before it
	}
}

// program reads the edited state.
func (v *verifier) program(e project.Entry) (*graph.Program, error) {
	if p := v.programs[e.ImportRoot]; p != nil {
		return p, nil
	}
	files := slices.Clone(v.sources)
	trees := startFiles(e)
	for _, f := range v.edits.Files {
		files, trees = append(files, f.File), append(trees, f.File)
	}
	slices.Sort(files)
	files = slices.Compact(files)
	for _, other := range v.project.Entries {
		trees = append(trees, startFiles(other)...)
	}
	copied := &project.Project{Root: v.scratch.Root, Config: v.project.Config, Entries: v.project.Entries}
	o := loadOptions(copied, e, files, v.python, v.python.Version)
	o.Trees = trees
	p, err := graph.Load(v.ctx, o)
	v.programs[e.ImportRoot] = p
	return p, err
}

// measure profiles an entry in the project's folder or in the copy.
func (v *verifier) measure(root string, prog *graph.Program, e project.Entry) (*evidence.Entry, error) {
	env, _, err := v.deployedEnv(root, &e)
	if err != nil {
		return nil, err
	}
	var search []string
	if v.search {
		for _, r := range append(v.project.ImportRoots(), v.foreignRoots(prog)...) {
			search = append(search, filepath.Join(root, filepath.FromSlash(r)))
		}
	}
	for _, kv := range env {
		if name, list, _ := strings.Cut(kv, "="); name == "PYTHONPATH" {
			for _, dir := range filepath.SplitList(list) {
				if rel, err := filepath.Rel(v.project.Root, dir); err == nil && filepath.IsLocal(rel) {
					dir = filepath.Join(root, rel)
				}
				search = append(search, dir)
			}
		}
	}
	var extra []string
	if len(search) > 0 {
		extra = []string{"PYTHONPATH=" + strings.Join(search, string(filepath.ListSeparator))}
	}
	m, err := profile.Measure(v.ctx, profile.Options{
		Root: root, Entry: e, Program: prog, Python: v.python, Env: env, ExtraEnv: extra, Runs: 1, Timeout: profile.DefaultTimeout,
	})
	if err != nil {
		return nil, err
	}
	return m.Entry, nil
}

// foreignRoots are the folders on sys.path that edited modules of the project
// are found in though it does not name them: installs lead there.
func (v *verifier) foreignRoots(prog *graph.Program) []string {
	var roots []string
	for _, f := range v.edits.Files {
		m := prog.File(f.File)
		if m == nil {
			continue
		}
		file := strings.TrimSuffix(strings.TrimSuffix(m.File, ".py"), "/__init__")
		root, ok := strings.CutSuffix(file, "/"+strings.ReplaceAll(m.Name, ".", "/"))
		if ok && !slices.Contains(roots, root) && !slices.Contains(v.project.ImportRoots(), root) {
			roots = append(roots, root)
		}
	}
	return roots
}

// lostName matches the name that an exception misses.
var lostName = regexps.New(`(?m)^(?:NameError|UnboundLocalError|AttributeError|KeyError|ImportError|ModuleNotFoundError)\b.*?(?:name |attribute |named |: )'([^'\n]+)'`)

// explain puts differences into words, with the edited statement that is to
// blame where that can be found.
func (v *verifier) explain(e project.Entry, before *verify.State, list []verify.Difference) ([]verifyDifference, error) {
	out := []verifyDifference{}
	var unclear []int
	for i, d := range list {
		w := verifyDifference{Kind: d.Kind, Module: d.Module, Chain: d.Chain}
		clear := func(*plan.Item) bool { return false }
		switch d.Kind {
		case verify.Failed:
			w.Message = "with the edits, the entry " + d.Text
			if found := lostName().FindAllStringSubmatch(d.Text, -1); found != nil {
				name := found[len(found)-1][1]
				clear = func(it *plan.Item) bool { return it.Import.Binds == name }
			}
		case verify.Gone:
			w.Message = fmt.Sprintf("%q is no longer loaded, and no edit was to take it away", d.Module)
		case verify.New:
			w.Message = fmt.Sprintf("%q is loaded, and was not before", d.Module)
		case verify.Stays:
			w.Message = fmt.Sprintf("%q was to go and is loaded all the same", d.Module)
			clear = func(it *plan.Item) bool { return it.Module == d.Module || slices.Contains(it.SavesModules, d.Module) }
		}
		at := slices.IndexFunc(v.edited, func(it editedImport) bool { return clear(it.Item) || len(v.edited) == 1 })
		if at >= 0 {
			w.Statement = v.edited[at].statement()
		} else {
			unclear = append(unclear, i)
		}
		out = append(out, w)
	}
	if len(unclear) == 0 {
		return out, nil
	}
	culprit, err := v.culprit(e, before)
	if culprit != nil {
		for _, i := range unclear {
			out[i].Statement = culprit.statement()
		}
	}
	return out, err
}

// mostAlone bounds how many edits are tried by themselves.
const mostAlone = 12

// culprit finds an edit that makes a difference also when it is the only one,
// nil when none does.
func (v *verifier) culprit(e project.Entry, before *verify.State) (_ *editedImport, err error) {
	if len(v.edited) > mostAlone || before == nil {
		return nil, nil
	}
	v.step("looking for the edit that is to blame: %s by itself", counted(len(v.edited), "edit"))
	for i, it := range v.edited {
		if it.FromFastPath {
			continue
		}
		req := rewrite.Request{Version: it.group.version()}
		if it.Decision == plan.Remove {
			req.Removals = []*graph.Import{it.Import}
		} else {
			it.group.request(&req, it.Item)
		}
		edits, refused := rewrite.Plan(it.group.prog, req)
		if len(refused) > 0 || edits.Empty() {
			continue
		}
		alone := *v
		alone.edits, alone.before, alone.programs = edits, before, map[string]*graph.Program{}
		alone.want = verify.Expected{Cut: graph.Cut{it.Import.Statement: true}}
		if alone.scratch, err = verify.Copy(v.ctx, v.project.Root, v.sources, edits); err != nil {
			return nil, err
		}
		_, r, err := alone.compare(it.group.prog, e)
		if err := errors.Join(err, alone.scratch.Remove()); err != nil {
			return nil, err
		}
		if len(r.Differences) > 0 {
			return &v.edited[i], nil
		}
	}
	return nil, nil
}

func (it *editedImport) statement() *verifyStatement {
	return &verifyStatement{it.Import.In.File, it.Line, statementText(it.Item), it.Module}
}

// help says what to do about the differences.
func (v *verifier) help(res *applyVerification, opt applyOptions) []string {
	var cold, eager []string
	for _, e := range res.Entries {
		for _, d := range e.Differences {
			if d.Statement == nil {
				continue
			}
			if forced := slices.IndexFunc(opt.Cold, func(c string) bool { return plan.Covers(c, d.Statement.Module) }); forced >= 0 {
				cold = append(cold, "--cold "+opt.Cold[forced])
			} else {
				eager = append(eager, fmt.Sprintf("%q", d.Statement.Module))
			}
		}
	}
	unique := func(list []string) []string {
		slices.Sort(list)
		return slices.Compact(list)
	}
	var help []string
	if len(cold) > 0 {
		help = append(help, "leave out "+strings.Join(unique(cold), ", "))
	}
	if len(eager) > 0 {
		help = append(help, fmt.Sprintf("keep what differs at module level: eager = [%s] under [tool.fastpath.modules]", strings.Join(unique(eager), ", ")))
	}
	if len(help) == 0 {
		help = append(help, "see the edits: fastpath apply --diff; keep a module at module level by eager = [\"NAME\"] under [tool.fastpath.modules]")
	}
	return help
}

// counted is a number with its noun.
func counted(n int, noun string) string { return fmt.Sprintf("%d %s", n, plural(n, noun)) }

// someNames lists the first of several names.
func someNames(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// print says what was found, for people.
func (res *applyVerification) print(w io.Writer) {
	for _, e := range res.Entries {
		if e.OK {
			fmt.Fprintf(w, "verified %s with %s: it starts as before, %s no longer loaded, as foreseen\n", e.Entry, e.Interpreter, counted(len(e.Gone), "module"))
		} else {
			fmt.Fprintf(w, "not verified: %s with %s is not as foreseen; nothing was changed\n", e.Entry, e.Interpreter)
		}
		for i, d := range e.Differences {
			same := func(o verifyDifference) bool {
				return o.Kind == d.Kind && d.Statement != nil && o.Statement != nil && *o.Statement == *d.Statement
			}
			if slices.ContainsFunc(e.Differences[:i], same) {
				continue // named with the first one
			}
			fmt.Fprintf(w, "  %s\n", strings.ReplaceAll(d.Message, "\n", "\n  "))
			var others []string
			for _, o := range e.Differences[i+1:] {
				if same(o) {
					others = append(others, o.Module)
				}
			}
			if len(others) > 0 {
				fmt.Fprintf(w, "  likewise: %s\n", someNames(others))
			}
			if d.Kind == verify.Failed {
				fmt.Fprintln(w, "  its lines are those after the edits, which fastpath apply --diff shows")
			}
			if s := d.Statement; s != nil {
				fmt.Fprintf(w, "  edited: %s:%d  %s\n", s.File, s.Line, s.Text)
			}
			if len(d.Chain) > 0 {
				fmt.Fprintf(w, "  chain: %s > %s\n", strings.Join(d.Chain, " > "), d.Module)
			}
		}
		for _, n := range e.Notes {
			fmt.Fprintf(w, "  %s\n", n)
		}
	}
	for _, h := range res.help {
		fmt.Fprintf(w, "help: %s\n", h)
	}
}
