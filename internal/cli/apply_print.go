package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
	"fastpath/internal/rewrite"
)

// applyResult is what apply did; its JSON is fastpath.apply/1.
type applyResult struct {
	envelope
	Entries  []string        `json:"entries"`
	Written  bool            `json:"written"`
	Files    []applyFile     `json:"files"`
	Moved    []applyMove     `json:"moved"`
	Hoisted  []applyStay     `json:"hoisted,omitempty"` // imports of functions that --hot brought to module level
	Removed  []applyStay     `json:"removed"`           // imports that nobody needs
	FastPath []applyFastPath `json:"fast_path"`
	Stayed   []applyStay     `json:"stayed"`
	Errors   []applyError    `json:"errors"` // files that do not parse
	Diff     string          `json:"diff,omitempty"`
	Undo     string          `json:"undo,omitempty"`

	NotProfiled []string `json:"not_profiled,omitempty"` // entries about which nothing can be decided, so that nothing was

	Verification *applyVerification `json:"verification,omitempty"` // with --verify, where there are edits
}

type applyFile struct {
	File    string `json:"file"`
	Created bool   `json:"created"`
}

// applyMove is one import that is deferred.
type applyMove struct {
	File    string       `json:"file"`
	Line    int          `json:"line"`
	Text    string       `json:"text"`
	Module  string       `json:"module"`
	SavesMS *float64     `json:"saves_ms,omitempty"`
	Syntax  rewrite.Form `json:"syntax"`
	To      []applyPlace `json:"to"`                // empty where it stays in its place and is lazy
	Guarded string       `json:"guarded,omitempty"` // who reads the name, so that the import got a guard
}

type applyPlace struct {
	File     string `json:"file"`
	Function string `json:"function"`
}

// applyFastPath is what happened to one fast path file.
type applyFastPath struct {
	File    string   `json:"file"`
	Created bool     `json:"created"`
	Changed bool     `json:"changed"`
	Entered []string `json:"entered"` // statements that are new in it
	Left    []string `json:"left"`    // names that are no longer in it
	TotalMS *float64 `json:"total_ms,omitempty"`
	Imports int      `json:"imports"`
}

// applyStay is an import that could have moved or entered, and did not.
type applyStay struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Text   string `json:"text"`
	Module string `json:"module"`
	Reason string `json:"reason"`
}

type applyError struct {
	Rule    string `json:"rule"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// ruleSyntax is the rule of files that do not parse.
const ruleSyntax = "FP901"

// report adds what one group does to the result.
func (g *applyGroup) report(res *applyResult, edits *rewrite.Edits) {
	for _, an := range g.analyses {
		res.Entries = append(res.Entries, an.entry.Name)
	}
	for _, m := range g.broken() {
		res.Errors = append(res.Errors, applyError{ruleSyntax, m.File, m.Broken.Line, m.Broken.Column, m.Broken.Message})
	}
	hoisted := map[importKey]bool{}
	for _, f := range edits.Files {
		for _, imp := range f.Hoisted {
			hoisted[keyOf(imp)] = true
		}
	}
	for _, it := range g.hoisted {
		if hoisted[keyOf(it.Import)] {
			res.Hoisted = append(res.Hoisted, applyStay{it.Import.In.File, it.Line, statementText(it), it.Import.Target, "hot by request"})
		}
	}
	removed := map[importKey]bool{}
	for _, f := range edits.Files {
		for _, imp := range f.Removed {
			removed[keyOf(imp)] = true
		}
	}
	for _, it := range g.removed {
		if removed[keyOf(it.Import)] {
			res.Removed = append(res.Removed, applyStay{it.Import.In.File, it.Line, statementText(it), it.Import.Target, it.Reason})
		}
	}
	moved, forms := map[importKey][]applyPlace{}, map[importKey]rewrite.Form{}
	for _, f := range edits.Files {
		for _, mv := range f.Moves {
			forms[keyOf(mv.Import)] = mv.Form
			for _, fn := range mv.To {
				moved[keyOf(mv.Import)] = append(moved[keyOf(mv.Import)], applyPlace{f.File, fn})
			}
		}
	}
	for _, it := range g.moved {
		form, ok := forms[keyOf(it.Import)]
		if !ok {
			continue
		}
		to := append([]applyPlace{}, moved[keyOf(it.Import)]...)
		mv := applyMove{File: it.Import.In.File, Line: it.Line, Text: statementText(it), Module: it.Import.Target, Syntax: form, To: to}
		if it.Measured {
			mv.SavesMS = figure(it.SavesMS)
		}
		if form == rewrite.FormGuard {
			mv.Guarded = it.Verdict.Cause
		}
		res.Moved = append(res.Moved, mv)
	}
	g.reportFile(res, edits)
	g.reportStayed(res)
}

func (g *applyGroup) reportFile(res *applyResult, edits *rewrite.Edits) {
	if g.next == nil {
		return
	}
	fp := applyFastPath{File: g.file, Created: g.old == nil, Changed: edits.File(g.file) != nil, Entered: []string{}, Left: []string{}, Imports: g.next.CountNames()}
	if g.next.Doc.Total {
		fp.TotalMS = figure(g.next.Doc.TotalMS)
	}
	for i := range g.next.Imports {
		imp := &g.next.Imports[i]
		if slices.ContainsFunc(imp.Names, func(n fastfile.ImportName) bool { return !g.stood(n.Binds()) }) {
			fp.Entered = append(fp.Entered, imp.Statement())
		}
	}
	if g.old != nil {
		for _, name := range g.old.Bound() {
			if imp, _ := g.next.Find(name); imp == nil {
				fp.Left = append(fp.Left, name)
			}
		}
	}
	res.FastPath = append(res.FastPath, fp)
}

// stood reports whether the old file bound a name.
func (g *applyGroup) stood(name string) bool {
	if g.old == nil {
		return false
	}
	imp, _ := g.old.Find(name)
	return imp != nil
}

// reportStayed lists what is cold and stays at module level, what is heavy and
// unknown, and what is hot and stays outside of the file, with the reasons.
func (g *applyGroup) reportStayed(res *applyResult) {
	seen := map[importKey]bool{}
	stay := func(it *plan.Item, reason string) {
		if k := keyOf(it.Import); !seen[k] {
			seen[k] = true
			res.Stayed = append(res.Stayed, applyStay{it.Import.In.File, it.Line, statementText(it), it.Import.Target, reason})
		}
	}
	for _, it := range slices.Concat(g.moved, g.listed, g.hoisted, g.removed) {
		seen[keyOf(it.Import)] = true
	}
	cfg := g.analyses[0].project.Config
	for _, an := range g.analyses {
		for _, it := range an.plan.Items {
			switch {
			case it.Existing && it.Rule == plan.RuleForced && it.Decision != plan.Function:
				why := rewrite.Hoistable(g.prog, it.Import)
				if why == "" {
					why = g.overrides[keyOf(it.Import)]
				}
				if cfg.Excluded(it.Import.In.File) {
					why = "excluded by the configuration"
				}
				stay(it, "hot by request, but "+why)
			case it.Existing, it.Rule == plan.RuleAlong, it.Import.Item == "TYPE_CHECKING", it.FromFastPath && (it.Import.Binds == "*" || len(it.Import.Context) > 0):
			case it.Move && cfg.Excluded(it.Import.In.File), it.OnFastPath && cfg.Excluded(it.Import.In.File):
				stay(it, "excluded by the configuration")
			case it.Move:
				stay(it, "another entry has it on its hot path")
			case it.OnFastPath && !g.hotForAll(it, an):
				stay(it, "hot for "+an.entry.Name+" only, and the file is shared")
			case it.Decision == plan.Measure:
				stay(it, it.Reason)
			case it.Decision == plan.Remove:
				stay(it, it.Reason+", but another entry needs it")
			case it.Decision == plan.Keep && it.Rule != plan.RuleStartup && it.Wanted != plan.Tier1:
				stay(it, it.Reason)
			case it.Decision == plan.Keep && it.Rule == plan.RuleUnsafe:
				stay(it, it.Reason)
			}
		}
	}
	for _, r := range g.refused {
		res.Stayed = append(res.Stayed, applyStay{File: r.File, Line: max(r.Line, 1), Reason: r.Cause})
	}
}

// statementText writes the import of one name as a statement of its own.
func statementText(it *plan.Item) string {
	imp := it.Import
	if imp.Binds == "*" {
		return "from " + imp.Module + " import *"
	}
	text, bound := "import "+imp.Module, imp.Module
	if imp.Item != "" {
		text, bound = "from "+imp.Module+" import "+imp.Item, imp.Item
	} else if top, _, ok := strings.Cut(imp.Module, "."); ok && imp.Binds == top {
		bound = top
	}
	if imp.Binds != bound {
		text += " as " + imp.Binds
	}
	return text
}

// finish sorts the result and lists the files.
func (res *applyResult) finish(edits *rewrite.Edits, diff bool) {
	res.Files = []applyFile{}
	for _, f := range edits.Files {
		res.Files = append(res.Files, applyFile{f.File, f.Old == nil})
	}
	res.Written = !diff && !edits.Empty()
	if res.Written {
		res.Undo = "fastpath apply undo"
	}
	slices.SortStableFunc(res.Moved, func(x, y applyMove) int { return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line) })
	slices.SortStableFunc(res.Stayed, func(x, y applyStay) int { return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line) })
	// Lists are never null in JSON.
	res.Stayed = append([]applyStay{}, res.Stayed...)
	res.Moved = append([]applyMove{}, res.Moved...)
	slices.SortStableFunc(res.Removed, func(x, y applyStay) int { return cmp.Or(strings.Compare(x.File, y.File), x.Line-y.Line) })
	res.Removed = append([]applyStay{}, res.Removed...)
	res.FastPath = append([]applyFastPath{}, res.FastPath...)
	res.Errors = append([]applyError{}, res.Errors...)
}

// printDone says for people what was done.
func (a *app) printDone(res *applyResult) {
	w := a.Stdout
	lazy := func(m applyMove) bool { return len(m.To) == 0 }
	if list := slices.DeleteFunc(slices.Clone(res.Moved), func(m applyMove) bool { return !lazy(m) }); len(list) > 0 {
		fmt.Fprintln(w, "made lazy where it stands")
		for _, m := range list {
			how := "lazy " + m.Text
			if m.Syntax == rewrite.FormLazyModules {
				how = "listed in __lazy_modules__"
			}
			fmt.Fprintf(w, "  %s:%d  %s -> %s%s\n", m.File, m.Line, m.Text, how, m.saves())
		}
		fmt.Fprintln(w)
	}
	if list := slices.DeleteFunc(slices.Clone(res.Moved), lazy); len(list) > 0 {
		fmt.Fprintln(w, "moved to where it is used")
		for _, m := range list {
			fmt.Fprintf(w, "  %s:%d  %s -> %s%s\n", m.File, m.Line, m.Text, m.places(), m.saves())
			if m.Guarded != "" {
				fmt.Fprintf(w, "      with a guard: %s\n", m.Guarded)
			}
		}
		fmt.Fprintln(w)
	}
	if len(res.Removed) > 0 {
		fmt.Fprintln(w, "removed, unused")
		for _, r := range res.Removed {
			fmt.Fprintf(w, "  %s:%d  %s\n", r.File, r.Line, r.Text)
		}
		fmt.Fprintln(w)
	}
	if len(res.Hoisted) > 0 {
		fmt.Fprintln(w, "hoisted to module level")
		for _, h := range res.Hoisted {
			fmt.Fprintf(w, "  %s:%d  %s\n", h.File, h.Line, h.Text)
		}
		fmt.Fprintln(w)
	}
	for _, fp := range res.FastPath {
		if !fp.Changed {
			continue
		}
		state := "updated"
		if fp.Created {
			state = "created"
		}
		total := ""
		if fp.TotalMS != nil {
			total = ", " + fastfile.FormatMS(*fp.TotalMS)
		}
		fmt.Fprintf(w, "%s (%s): %d %s%s\n", fp.File, state, fp.Imports, plural(fp.Imports, "import"), total)
		for _, s := range fp.Entered {
			fmt.Fprintf(w, "  + %s\n", s)
		}
		for _, s := range fp.Left {
			fmt.Fprintf(w, "  - %s\n", s)
		}
		fmt.Fprintln(w)
	}
	printStayed(w, res)
	if !res.Written {
		fmt.Fprintln(w, "nothing to do")
		return
	}
	if res.Verification != nil {
		res.Verification.print(w)
		fmt.Fprintln(w)
	}
	var names []string
	for _, f := range res.Files {
		names = append(names, f.File)
	}
	fmt.Fprintf(w, "%d %s written: %s\n", len(names), plural(len(names), "file"), strings.Join(names, ", "))
	fmt.Fprintf(w, "undo: %s\n", res.Undo)
}

// saves is what a deferred import saves, "" where that is not known.
func (m *applyMove) saves() string {
	if m.SavesMS == nil || *m.SavesMS < 0.05 {
		return ""
	}
	return "  (saves " + fastfile.FormatMS(*m.SavesMS) + ")"
}

// places lists the functions that a move went to, with the file where it is
// another one.
func (m *applyMove) places() string {
	var out []string
	for _, p := range m.To {
		if p.File == m.File {
			out = append(out, p.Function)
		} else {
			out = append(out, p.File+" "+p.Function)
		}
	}
	return strings.Join(out, ", ")
}

func printStayed(w io.Writer, res *applyResult) {
	if len(res.Stayed) == 0 {
		return
	}
	fmt.Fprintln(w, "stays where it is")
	for _, s := range res.Stayed {
		text := ""
		if s.Text != "" {
			text = "  " + s.Text
		}
		fmt.Fprintf(w, "  %s:%d%s: %s\n", s.File, s.Line, text, s.Reason)
	}
	fmt.Fprintln(w)
}
