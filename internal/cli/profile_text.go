package cli

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/term"
)

// How many rows the tables show; --verbose shows all.
const (
	profileStatements = 15
	profileModules    = 10
	profileSteps      = 8
)

// printProfileHead says what was measured and how.
func (a *app) printProfileHead(t *term.Terminal, r *profileResult) {
	w := a.Stdout
	env := r.Environment
	fmt.Fprintf(w, "%s · %s %s · min of %d, byte-code %s", t.Bold(r.Entry), env.Implementation, env.Version, r.Total.N, env.Bytecode)
	if env.PageCache != "" {
		fmt.Fprintf(w, ", page cache %s", env.PageCache)
	}
	fmt.Fprintln(w)
	// The fastest run as a whole, and the sum that the rows below and plan
	// add up to: each part's own best run.
	fmt.Fprintf(w, "init %s in the fastest run (median %s), collections at least %s, peak %.0f MiB\n", t.Bold(msText(r.Total.MinMS)), msText(r.Total.MedianMS),
		msText(r.Total.GCMS), float64(r.Total.PeakKiB)/1024)
	fmt.Fprintf(w, "%d %s, %s when each takes its least time: what plan counts with\n", r.Total.Modules, plural(r.Total.Modules, "module"), t.Bold(msText(r.Total.SelfMS)))
	a.printStartup(t, r.Startup)
	fmt.Fprintln(w)
}

// printStartup says what happens before the entry.
func (a *app) printStartup(t *term.Terminal, s profileStartup) {
	var parts []string
	if s.InterpreterMS != nil {
		parts = append(parts, "the interpreter "+msText(*s.InterpreterMS), "site "+msText(*s.SiteMS))
	}
	for _, c := range s.Code {
		if c.SelfMS >= 0.1 {
			parts = append(parts, path.Base(c.File)+" "+msText(c.SelfMS))
		}
	}
	if s.ClientMS > 0 {
		parts = append(parts, "the runtime client "+msText(s.ClientMS))
	}
	if len(parts) > 0 {
		fmt.Fprintf(a.Stdout, "%s\n", t.Faint("before it: "+strings.Join(parts, ", ")))
	}
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
			switch {
			case s.Qualname != "":
				at += " in " + s.Qualname
			case s.SavesNothing != "":
				at += ", " + s.SavesNothing
			default:
				at += ", deferred"
			}
		case s.SavesNothing != "":
			saves = "–"
			at += ", saves nothing: " + s.SavesNothing
			if s.SharedSavesMS > 0 {
				at += fmt.Sprintf(" (%s together)", msText(s.SharedSavesMS))
			}
		case s.jointModules == 0 && s.jointMS == 0:
			saves = "–"
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

// printDeferFirst lists what to defer first, given what was deferred before.
func (a *app) printDeferFirst(t *term.Terminal, r *profileResult) {
	steps := r.DeferFirst
	if !a.verbose {
		steps = steps[:min(len(steps), profileSteps)]
		for len(steps) > 0 && steps[len(steps)-1].SavesMS < 0.5 {
			steps = steps[:len(steps)-1]
		}
	}
	if len(steps) == 0 {
		return
	}
	table := &term.Table{Columns: []term.Column{{Title: "defer first"}, {Title: "saves more", Right: true}, {Title: "init then", Right: true}, {Title: "at"}}}
	for _, s := range steps {
		var names, at []string
		for _, p := range s.Statements {
			if !slices.Contains(names, p.Module) {
				names = append(names, p.Module)
			}
			if place := p.String(); !slices.Contains(at, place) {
				at = append(at, place)
			}
		}
		table.Row(joinOr(names, 3), msText(s.SavesMS), msText(s.LeftMS), joinOr(at, 3))
	}
	fmt.Fprint(a.Stdout, table.Render(t))
	if left := len(r.DeferFirst) - len(steps); left > 0 {
		fmt.Fprintf(a.Stdout, "%s\n", t.Faint(fmt.Sprintf("and %d %s that %s less; -v shows all", left, plural(left, "step"), plural(left, "saves", "save"))))
	}
	fmt.Fprintf(a.Stdout, "%s\n\n", t.Faint("by time alone: plan adds what requests use and what is safe to move"))
}

// printModuleRows lists the modules whose own bodies take longest.
func (a *app) printModuleRows(t *term.Terminal, r *profileResult) {
	rows := slices.DeleteFunc(slices.Clone(r.Modules), func(m profileModule) bool { return m.Phase != evidence.PhaseInit })
	slices.SortStableFunc(rows, func(x, y profileModule) int { return cmp.Compare(y.SelfMS, x.SelfMS) })
	if !a.verbose {
		rows = rows[:min(len(rows), profileModules)]
	}
	table := &term.Table{Columns: []term.Column{{Title: "module"}, {Title: "self", Right: true}}}
	column := func(titles ...string) {
		for _, title := range titles {
			table.Columns = append(table.Columns, term.Column{Title: title, Right: true})
		}
	}
	if r.split {
		column("find", "read", "create", "execute")
	}
	if r.details {
		column("median", "spread", "memory", "file")
		table.Columns = append(table.Columns, term.Column{Title: "byte-code"}, term.Column{Title: "distribution"})
	}
	table.Columns = append(table.Columns, term.Column{Title: "loaded by"})
	loaders := 3
	if r.split || r.details {
		loaders = 1
	}
	for _, m := range rows {
		cells := []string{m.Name, msText(m.SelfMS)}
		if r.split {
			cells = append(cells, m.splitCells()...)
		}
		if r.details {
			cells = append(cells, m.detailCells()...)
		}
		table.Row(append(cells, joinOr(m.LoadedBy, loaders))...)
	}
	if table.Len() > 0 {
		fmt.Fprintln(a.Stdout, table.Render(t))
	}
}

// splitCells are the columns of --split.
func (m *profileModule) splitCells() []string {
	s := m.Split
	if s == nil {
		return []string{"–", "–", "–", "–"}
	}
	return []string{msText(s.FindMS), msText(s.ReadMS), msText(s.CreateMS), msText(s.ExecuteMS)}
}

// detailCells are the columns of --details.
func (m *profileModule) detailCells() []string {
	cells := []string{"–", "–", "–", "–", cmp.Or(m.Bytecode, "–"), "–"}
	if m.Runs != nil {
		cells[0], cells[1] = msText(m.Runs.MedianMS), msText(m.Runs.SpreadMS)
	}
	if m.RSSKiB != nil {
		cells[2] = kibText(float64(*m.RSSKiB))
	}
	if m.FileKiB > 0 {
		cells[3] = kibText(m.FileKiB)
	}
	if m.BytecodeCheck != "" {
		cells[4] += " by " + m.BytecodeCheck
	}
	if m.Distribution != "" {
		cells[5] = m.Distribution + " " + m.Version
	}
	return cells
}

// kibText is an amount of memory: "12 KiB", "3.4 MiB".
func kibText(kib float64) string {
	if math.Abs(kib) < 1023.5 {
		return fmt.Sprintf("%.0f KiB", kib)
	}
	return fmt.Sprintf("%.1f MiB", kib/1024)
}
