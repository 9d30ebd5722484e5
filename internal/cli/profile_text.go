package cli

import (
	"cmp"
	"fmt"
	"slices"

	"fastpath/internal/evidence"
	"fastpath/internal/term"
)

// How many rows the tables show; --verbose shows all.
const (
	profileStatements = 15
	profileModules    = 10
)

// printProfileHead says what was measured and how.
func (a *app) printProfileHead(t *term.Terminal, r *profileResult) {
	w := a.Stdout
	env := r.Environment
	fmt.Fprintf(w, "%s · %s %s · min of %d, byte-code %s\n", t.Bold(r.Entry), env.Implementation, env.Version, r.Total.N, env.Bytecode)
	fmt.Fprintf(w, "init %s (median %s), %d %s, collections %s, peak %.0f MiB", t.Bold(msText(r.Total.MinMS)), msText(r.Total.MedianMS),
		r.Total.Modules, plural(r.Total.Modules, "module"), msText(r.Total.GCMS), float64(r.Total.PeakKiB)/1024)
	if r.Startup.TotalMS > 0 {
		fmt.Fprintf(w, "; the runtime client before it %s", msText(r.Startup.TotalMS))
	}
	fmt.Fprint(w, "\n\n")
}

// printStatements lists the imports of the project, the dearest first.
func (a *app) printStatements(t *term.Terminal, r *profileResult) {
	rows := slices.DeleteFunc(slices.Clone(r.Statements), func(s profileStatement) bool { return s.repeats })
	slices.SortStableFunc(rows, func(x, y profileStatement) int { return cmp.Compare(y.AloneMS, x.AloneMS) })
	table := &term.Table{Columns: []term.Column{
		{Title: "import"}, {Title: "alone", Right: true}, {Title: "adds", Right: true}, {Title: "saves", Right: true}, {Title: "at"},
	}}
	shown := len(rows)
	if !a.verbose {
		shown = min(shown, profileStatements)
	}
	for _, s := range rows[:shown] {
		at := fmt.Sprintf("%s:%d", s.File, s.Line)
		adds, saves := msText(s.AddsMS), msText(s.jointMS)
		switch {
		case s.Phase == evidence.PhaseDeferred:
			adds, saves = "–", "–"
			if at += ", deferred"; s.Qualname != "" {
				at = fmt.Sprintf("%s:%d in %s", s.File, s.Line, s.Qualname)
			}
		case s.jointModules == 0:
			saves = "–"
		case s.UsedAtImport:
			at += ", used at import"
		}
		table.Row(s.Module, msText(s.AloneMS), adds, saves, at)
	}
	if table.Len() == 0 {
		return
	}
	fmt.Fprint(a.Stdout, table.Render(t))
	if shown < len(rows) {
		fmt.Fprintf(a.Stdout, "%s\n", t.Faint(fmt.Sprintf("and %d cheaper ones; -v shows all", len(rows)-shown)))
	}
	fmt.Fprintln(a.Stdout)
}

// printModuleRows lists the modules whose own bodies take longest.
func (a *app) printModuleRows(t *term.Terminal, r *profileResult) {
	rows := slices.DeleteFunc(slices.Clone(r.Modules), func(m profileModule) bool { return m.Phase != evidence.PhaseInit })
	slices.SortStableFunc(rows, func(x, y profileModule) int { return cmp.Compare(y.SelfMS, x.SelfMS) })
	if !a.verbose {
		rows = rows[:min(len(rows), profileModules)]
	}
	table := &term.Table{Columns: []term.Column{{Title: "module"}, {Title: "self", Right: true}, {Title: "loaded by"}}}
	for _, m := range rows {
		table.Row(m.Name, msText(m.SelfMS), joinOr(m.LoadedBy, 3))
	}
	if table.Len() > 0 {
		fmt.Fprintln(a.Stdout, table.Render(t))
	}
}
