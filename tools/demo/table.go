package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/term"
)

// columns are the columns of a table; figures after "<" stand to the right.
func columns(titles ...string) *term.Table {
	t := &term.Table{}
	for _, title := range titles {
		name, right := strings.CutPrefix(title, "<")
		t.Columns = append(t.Columns, term.Column{Title: name, Right: right})
	}
	return t
}

// printTable prints what changed, what the documents' formula says, what was
// moved and kept, and where to go from here.
func printTable(out io.Writer, w *Workspace, r *Result) error {
	terminal, err := term.For(out, os.Environ(), term.ColorAuto)
	if err != nil {
		return err
	}
	heading := func(title, more string) { fmt.Fprintf(out, "\n%s%s\n\n", terminal.Bold(title), more) }
	b := r.Bench
	if len(b.Arms) != 2 {
		return fmt.Errorf("bench compared %d states of the application, expected 2", len(b.Arms))
	}
	before, after := b.Arms[0], b.Arms[1]
	if b.Comparison.Init.N == 0 {
		return fmt.Errorf("bench says nothing about init")
	}
	heading("BEFORE AND AFTER", fmt.Sprintf(" · %s · %d pairs of fresh processes for each of %d events", b.Interpreter, b.Runs, len(b.Events)))
	t := columns("", "before", "after", "change [95 %]")
	t.Row("init", ms(before.InitMS), ms(after.InitMS), change(b.Comparison.Init))
	t.Row("init + first request, weighted", ms(before.ColdStartMS), ms(after.ColdStartMS), change(b.Comparison.ColdStart))
	t.Row("first request, weighted", ms(before.FirstRequestMS), ms(after.FirstRequestMS), difference(before.FirstRequestMS.Median, after.FirstRequestMS.Median))
	t.Row("modules at start", count(before.Modules), count(after.Modules), fmt.Sprintf("%+.0f", after.Modules.Median-before.Modules.Median))
	t.Row("peak memory", mib(before.RSSKiB), mib(after.RSSKiB), fmt.Sprintf("%+.1f MiB", (after.RSSKiB.Median-before.RSSKiB.Median)/1024))
	t.Row("tests", fmt.Sprintf("%d passed", r.TestsBefore), fmt.Sprintf("%d passed", r.Tests), "the same")
	t.Row("events", fmt.Sprintf("%d answered", r.Events), fmt.Sprintf("%d answered", r.Events), "the same answers")
	fmt.Fprint(out, t.Render(terminal))

	heading("THE FIRST REQUEST IN A NEW PROCESS, BY EVENT", "")
	moved := movedModules(r.Before)
	t = columns("", "<share", "before", "after", "init + first request", "loads now")
	for _, e := range b.Events {
		if e.Error != "" || len(e.Arms) != 2 || e.Change == nil {
			t.Row(e.Name, percent(e.Share), "", "", "", "left out: "+e.Error)
			continue
		}
		t.Row(e.Name, percent(e.Share), ms(e.Arms[0].FirstRequestMS), ms(e.Arms[1].FirstRequestMS), change(*e.Change),
			strings.Join(returned(moved, e.ModulesReturned), ", "))
	}
	fmt.Fprint(out, t.Render(terminal))

	heading("THE DOCUMENTS' FORMULA, FOR THEIR OWN FIGURES", " (10,000 requests a day; not this machine's)")
	t = columns("", "<import", "<used", "<module level", "<function level", "decision")
	for _, f := range r.Formula {
		level, better := "module level", f.Cost.Ratio
		if f.Cost.Decision == "function" {
			level = "function level"
		}
		t.Row(f.Module, fmt.Sprintf("%.0f ms", f.MS), fmt.Sprintf("%.0f %%", f.Usage), grouped(f.Cost.ModuleLevelMS)+" ms a day",
			grouped(f.Cost.FunctionLevelMS)+" ms a day", fmt.Sprintf("%s, %g× better", level, math.Round(better*10)/10))
	}
	fmt.Fprint(out, t.Render(terminal))
	printDecisions(out, terminal, stillLoaded(r.Before, r.After))

	shown := relative(filepath.Dir(w.Dir), w.App)
	fmt.Fprintf(out, "\nthe fast path file   %s\n", filepath.Join(shown, "fast_path.py"))
	fmt.Fprintf(out, "what was changed     git -C %s diff\n", shown)
	fmt.Fprintf(out, "to undo it           %s apply undo --project %s\n", relative(filepath.Dir(w.Dir), w.Binary), shown)
	return nil
}

// relative shortens a path below dir.
func relative(dir, path string) string {
	if rel, err := filepath.Rel(dir, path); err == nil && filepath.IsLocal(rel) {
		return rel
	}
	return path
}

// printDecisions lists what was moved, what may stay though it is heavy, and
// what stays though it should not.
func printDecisions(out io.Writer, terminal *term.Terminal, p planJSON) {
	list := func(title string, want func(decisionJSON) bool) {
		var picked []decisionJSON
		for _, d := range p.Decisions {
			if want(d) {
				picked = append(picked, d)
			}
		}
		if len(picked) == 0 {
			return
		}
		slices.SortStableFunc(picked, func(a, b decisionJSON) int { return cmp.Compare(b.AloneMS, a.AloneMS) })
		fmt.Fprintf(out, "\n%s\n\n", terminal.Bold(title))
		t := columns("", "<alone", "<used", "at", "why")
		for _, d := range picked {
			used := ""
			if d.UsageShare != nil {
				used = percent(*d.UsageShare)
			}
			t.Row(d.Module, number(d.AloneMS)+" ms", used, fmt.Sprintf("%s:%d", d.Statement.File, d.Statement.Line), d.Reason)
		}
		fmt.Fprint(out, t.Render(terminal))
	}
	list("MOVED TO WHERE IT IS USED", decisionJSON.moves)
	list("STAYS, HEAVY BUT USED BY NEARLY EVERY REQUEST", func(d decisionJSON) bool { return d.Decision == "tier2" })
	list("STAYS, THOUGH FEW REQUESTS NEED IT", func(d decisionJSON) bool { return d.Decision == "keep" && d.AloneMS >= 10 })
}

// movedModules are the modules whose imports moved.
func movedModules(p planJSON) []string {
	var names []string
	for _, d := range p.Decisions {
		if d.moves() && !slices.Contains(names, d.Module) {
			names = append(names, d.Module)
		}
	}
	return names
}

// returned names what an event's first request loads that start-up loaded
// before: the moved modules, or where there is none, the packages.
func returned(moved, loaded []string) []string {
	var names, packages []string
	for _, m := range loaded {
		top, _, _ := strings.Cut(m, ".")
		switch {
		case slices.Contains(moved, m):
			names = append(names, m)
		case !slices.Contains(packages, top) && !strings.HasPrefix(top, "_"):
			packages = append(packages, top)
		}
	}
	if len(names) > 0 {
		return names
	}
	if len(packages) > 3 {
		return append(packages[:3:3], fmt.Sprintf("%d more", len(packages)-3))
	}
	return packages
}

// ms writes a figure: its median, and the bounds of the median where there
// are enough samples.
func ms(f figureJSON) string {
	if f.Low == nil || f.High == nil {
		return number(f.Median) + " ms"
	}
	return fmt.Sprintf("%s ms [%s–%s]", number(f.Median), number(*f.Low), number(*f.High))
}

func change(c changeJSON) string {
	text := fmt.Sprintf("%+.0f ms", c.DiffMS)
	if math.Abs(c.DiffMS) < 9.95 {
		text = fmt.Sprintf("%+.1f ms", c.DiffMS)
	}
	if c.LowMS != nil && c.HighMS != nil {
		text += fmt.Sprintf(" [%s to %s]", number(*c.LowMS), number(*c.HighMS))
	}
	if c.Verdict == "no difference" || c.Verdict == "too few runs" {
		return text + ", " + c.Verdict
	}
	return text + fmt.Sprintf(" (%+.0f %%)", c.Share*100)
}

func difference(before, after float64) string { return fmt.Sprintf("%+.1f ms", after-before) }

// number has one decimal below 10 and none from there on.
func number(v float64) string {
	if math.Abs(v) < 9.95 {
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

func percent(share float64) string {
	if share > 0 && share < 0.0095 {
		return fmt.Sprintf("%.1f %%", share*100)
	}
	return fmt.Sprintf("%.0f %%", share*100)
}

func count(f figureJSON) string { return fmt.Sprintf("%.0f", f.Median) }

func mib(f figureJSON) string { return fmt.Sprintf("%.1f MiB", f.Median/1024) }

// grouped writes a whole number with commas between thousands.
func grouped(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
