package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"fastpath/internal/bench"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/term"
)

// printBench shows a result to people: the arms, then the events, then the
// verdict and what it rests on.
func (a *app) printBench(e project.Entry, python *interp.Interpreter, r *bench.Result, opt benchOptions) error {
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	w := a.Stdout
	fmt.Fprintf(w, "%s · %s · %d fresh %s an event and arm\n\n", t.Bold(e.Name), python, opt.runs, plural(opt.runs, "process", "processes"))
	fmt.Fprint(w, benchArms(r).Render(t))
	if len(r.Events) > 1 || r.Events[0].Error != "" {
		fmt.Fprintf(w, "\n%s", benchEventTable(t, r).Render(t))
	}
	for _, ev := range r.Events {
		if ev.Error != "" {
			fmt.Fprintf(w, "\n%s event %q was left out, it fails: %s\n", t.Warn("!"), ev.Name, ev.Error)
		}
	}
	if r.Comparison != nil {
		a.printComparison(t, r)
	}
	return nil
}

// benchArms has a row a quantity and a column an arm.
func benchArms(r *bench.Result) *term.Table {
	table := &term.Table{Columns: []term.Column{{Title: ""}}}
	for _, arm := range r.Arms {
		table.Columns = append(table.Columns, term.Column{Title: arm.Name, Right: true})
	}
	row := func(name string, value func(bench.ArmResult) *bench.Figure, show func(bench.Figure) string) {
		cells, some := []string{name}, false
		for _, arm := range r.Arms {
			f := value(arm)
			if f == nil {
				cells = append(cells, "–")
				continue
			}
			some = true
			cells = append(cells, show(*f))
		}
		if some {
			table.Row(cells...)
		}
	}
	row("init", func(x bench.ArmResult) *bench.Figure { return &x.InitMS }, figureText)
	row("first request", func(x bench.ArmResult) *bench.Figure { return x.FirstRequestMS }, figureText)
	row("cold start", func(x bench.ArmResult) *bench.Figure { return &x.ColdStartMS }, figureText)
	row("steady request", func(x bench.ArmResult) *bench.Figure { return x.SteadyRequestMS }, figureText)
	row("modules", func(x bench.ArmResult) *bench.Figure { return &x.Modules }, func(f bench.Figure) string { return grouped(f.Median) })
	row("peak memory", func(x bench.ArmResult) *bench.Figure { return &x.RSSKiB }, func(f bench.Figure) string { return fmt.Sprintf("%.1f MiB", f.Median/1024) })
	return table
}

// figureText writes "412ms [405–431]": the median with its interval.
func figureText(f bench.Figure) string {
	if f.Low == nil {
		return msText(f.Median)
	}
	return fmt.Sprintf("%s [%s–%s]", msText(f.Median), strings.TrimSuffix(msText(*f.Low), "ms"), strings.TrimSuffix(msText(*f.High), "ms"))
}

// benchEventTable has a row an event: its share and what its cold start costs.
func benchEventTable(t *term.Terminal, r *bench.Result) *term.Table {
	table := &term.Table{Columns: []term.Column{{Title: "event"}, {Title: "share", Right: true}}}
	for _, arm := range r.Arms {
		table.Columns = append(table.Columns, term.Column{Title: "first, " + arm.Name, Right: true}, term.Column{Title: "init + first, " + arm.Name, Right: true})
	}
	if r.Comparison != nil {
		table.Columns = append(table.Columns, term.Column{Title: "change of init + first"})
	}
	for _, ev := range r.Events {
		if ev.Error != "" {
			continue
		}
		cells := []string{ev.Name, fmt.Sprintf("%.1f%%", ev.Share*100)}
		for _, arm := range ev.Arms {
			first := "–"
			if arm.FirstRequestMS != nil {
				first = msText(arm.FirstRequestMS.Median)
			}
			cells = append(cells, first, msText(arm.ColdStartMS.Median))
		}
		if ev.Change != nil {
			text := changeText(t, *ev.Change)
			if n := len(ev.ModulesReturned); n > 0 {
				text += t.Faint(fmt.Sprintf(", %d deferred %s come back", n, plural(n, "module")))
			}
			cells = append(cells, text)
		}
		table.Row(cells...)
	}
	return table
}

// changeText is a plain verdict: "−41% ± 3%, p < 0.001".
func changeText(t *term.Terminal, c bench.Change) string {
	if c.Verdict == bench.NoDifference {
		if c.SeenShare == nil {
			return fmt.Sprintf("%s at n = %d, too few for a verdict", percent(c.Share), c.N)
		}
		return fmt.Sprintf("no difference seen at n = %d; %.0f%% would have been", c.N, *c.SeenShare*100)
	}
	p := fmt.Sprintf("p = %.3f", c.P)
	if c.P < 0.001 {
		p = "p < 0.001"
	}
	text := fmt.Sprintf("%s ± %.0f%%, %s", percent(c.Share), *c.SeenShare*100, p)
	if c.Verdict == bench.Faster {
		return t.Good(text)
	}
	return t.Bad(text)
}

// percent writes a share with its sign: "−41%", "+3%".
func percent(share float64) string {
	p := math.Round(share * 100)
	switch {
	case p < 0:
		return fmt.Sprintf("−%.0f%%", -p)
	case p > 0:
		return fmt.Sprintf("+%.0f%%", p)
	}
	return "0%"
}

// shownModules is how many names of a set are printed without -v.
const shownModules = 8

func (a *app) printComparison(t *term.Terminal, r *bench.Result) {
	w, c := a.Stdout, r.Comparison
	fmt.Fprintf(w, "\ninit:                  %s\n", changeText(t, c.Init))
	fmt.Fprintf(w, "init + first request:  %s  (weighted by traffic, %d %s)\n", changeText(t, c.ColdStart), c.ColdStart.N, plural(c.ColdStart.N, "pair"))
	a.printModules("modules that init no longer loads:", c.ModulesGone)
	a.printModules("modules that init loads in addition:", c.ModulesNew)
	if c.Equal {
		fmt.Fprintln(w, "responses: equal for every event")
		return
	}
	var names []string
	for _, ev := range r.Events {
		if ev.Equal != nil && !*ev.Equal {
			names = append(names, ev.Name)
		}
	}
	fmt.Fprintf(w, "%s responses differ for %s\n", t.Warn("!"), strings.Join(names, ", "))
}

func (a *app) printModules(title string, names []string) {
	if len(names) == 0 {
		fmt.Fprintf(a.Stdout, "%s none\n", title)
		return
	}
	shown, count := names, fmt.Sprint(len(names))
	if !a.verbose {
		// Packages say more than their submodules.
		if shown = outermost(names); len(shown) < len(names) {
			count += fmt.Sprintf(", %d without submodules", len(shown))
		}
	}
	rest := ""
	if n := len(shown) - shownModules; n > 0 && !a.verbose {
		shown, rest = shown[:shownModules], fmt.Sprintf(" and %d more; -v lists all", n)
	}
	fmt.Fprintf(a.Stdout, "%s %s: %s%s\n", title, count, strings.Join(shown, ", "), rest)
}

// outermost returns the modules that have no package around them in names.
func outermost(names []string) []string {
	all := map[string]bool{}
	for _, n := range names {
		all[n] = true
	}
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool {
		for i := strings.LastIndexByte(n, '.'); i > 0; i = strings.LastIndexByte(n[:i], '.') {
			if all[n[:i]] {
				return true
			}
		}
		return false
	})
}
