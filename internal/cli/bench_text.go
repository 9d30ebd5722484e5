package cli

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fastpath/internal/bench"
	"fastpath/internal/lambdaapi"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/term"
)

// printBench shows a result to people: the arms, then the events, then the
// verdicts and what they rest on.
func (a *app) printBench(t *term.Terminal, e project.Entry, python *interp.Interpreter, r *bench.Result) {
	w := a.Stdout
	fmt.Fprintf(w, "%s · %s · %d fresh %s an event and arm\n", t.Bold(e.Name), python, r.Rounds, plural(r.Rounds, "process", "processes"))
	if client := r.Arms[0].Client; client != "" {
		by := "by a client of fastpath's own; awslambdaric is not installed here"
		switch {
		case client == string(lambdaapi.Official):
			by = "by AWS's client awslambdaric"
		case strings.Contains(e.Attr, "."):
			by = "by a client of fastpath's own; AWS's cannot call what belongs to a class"
		}
		fmt.Fprintln(w, t.Faint(fmt.Sprintf("under a Lambda Runtime API, %s; this machine's whole processor, not %.0f MB of Lambda's", by, e.MemoryMB)))
	}
	fmt.Fprintf(w, "\n%s", benchArmTable(r).Render(t))
	if len(r.Events) > 1 || r.Events[0].Error != "" {
		fmt.Fprintf(w, "\n%s", benchEventTable(t, r).Render(t))
	}
	for _, ev := range r.Events {
		if ev.Error != "" {
			fmt.Fprintf(w, "\n%s event %q was left out, it fails: %s\n", t.Warn("!"), ev.Name, ev.Error)
		}
	}
	for _, c := range r.Comparisons() {
		a.printComparison(t, r, c)
	}
}

// benchArmTable has a row a quantity and a column an arm.
func benchArmTable(r *bench.Result) *term.Table {
	table := &term.Table{Columns: []term.Column{{Title: ""}}}
	for _, arm := range r.Arms {
		table.Columns = append(table.Columns, term.Column{Title: arm.Name, Right: true})
	}
	row := func(name string, value func(*bench.ArmResult) *bench.Figure, show func(bench.Figure) string) {
		cells, some := []string{name}, false
		for i := range r.Arms {
			f := value(&r.Arms[i])
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
	if r.Arms[0].FirstRequestMS == nil {
		row("start to end", func(x *bench.ArmResult) *bench.Figure { return &x.InitMS }, figureText)
	} else {
		row("init", func(x *bench.ArmResult) *bench.Figure { return &x.InitMS }, figureText)
		row("first request", func(x *bench.ArmResult) *bench.Figure { return x.FirstRequestMS }, figureText)
		row("cold start", func(x *bench.ArmResult) *bench.Figure { return &x.ColdStartMS }, figureText)
		row("steady request", func(x *bench.ArmResult) *bench.Figure { return x.SteadyRequestMS }, figureText)
	}
	row("processor time", func(x *bench.ArmResult) *bench.Figure { return x.CPUMS }, figureText)
	row("modules", func(x *bench.ArmResult) *bench.Figure { return x.Modules }, func(f bench.Figure) string { return grouped(f.Median) })
	row("peak memory", func(x *bench.ArmResult) *bench.Figure { return x.RSSKiB }, func(f bench.Figure) string { return fmt.Sprintf("%.1f MiB", f.Median/1024) })
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
	requests := r.Arms[0].FirstRequestMS != nil
	for _, arm := range r.Arms {
		if requests {
			table.Columns = append(table.Columns, term.Column{Title: "first, " + arm.Name, Right: true})
		}
		title := arm.Name
		if requests {
			title = "init + first, " + title
		}
		table.Columns = append(table.Columns, term.Column{Title: title, Right: true})
	}
	if r.Comparison != nil && len(r.Further) == 0 {
		table.Columns = append(table.Columns, term.Column{Title: "change"})
	}
	for _, ev := range r.Events {
		if ev.Error != "" {
			continue
		}
		cells := []string{ev.Name, fmt.Sprintf("%.1f%%", ev.Share*100)}
		for _, arm := range ev.Arms {
			if requests {
				cells = append(cells, msText(arm.FirstRequestMS.Median))
			}
			cells = append(cells, msText(arm.ColdStartMS.Median))
		}
		if ev.EventChange != nil && len(r.Further) == 0 {
			cells = append(cells, changeText(t, ev.Change)+returnedText(t, ev.EventChange))
		}
		table.Row(cells...)
	}
	return table
}

// returnedText says what a request loads that init no longer does.
func returnedText(t *term.Terminal, c *bench.EventChange) string {
	n := len(c.ModulesReturned)
	if n == 0 {
		return ""
	}
	return t.Faint(fmt.Sprintf(", %d deferred %s come back", n, plural(n, "module")))
}

// changeText is a plain verdict: "−41% ± 3%, p < 0.001".
func changeText(t *term.Terminal, c bench.Change) string {
	p := fmt.Sprintf("p = %.3f", c.P)
	if c.P < 0.001 {
		p = "p < 0.001"
	}
	share := percent(c.Share)
	if width, ok := c.Interval(); ok {
		share += " ± " + strings.TrimPrefix(percent(width), "+")
	}
	switch c.Verdict {
	case bench.TooFew:
		return fmt.Sprintf("%s at n = %d, too few for a verdict", share, c.N)
	case bench.Faster:
		return t.Good(share + ", " + p)
	case bench.Slower:
		return t.Bad(share + ", " + p)
	}
	if c.SeenShare == nil {
		return fmt.Sprintf("no difference seen at n = %d; nor would any below 95%% have been", c.N)
	}
	return fmt.Sprintf("no difference seen at n = %d; %s would have been", c.N, strings.TrimPrefix(percent(*c.SeenShare), "+"))
}

// percent writes a share with its sign, with a decimal below 2: "−41%", "+1.5%".
func percent(share float64) string {
	p := math.Abs(share * 100)
	text := strconv.FormatFloat(p, 'f', 0, 64)
	if p < 1.95 {
		text = strconv.FormatFloat(p, 'f', 1, 64)
	}
	switch {
	case text == "0.0":
		return "0%"
	case share < 0:
		return "−" + text + "%"
	}
	return "+" + text + "%"
}

// shownModules is how many names of a set are printed without -v, and
// shownChains for how many of them the statements that load them.
const (
	shownModules = 8
	shownChains  = 4
)

func (a *app) printComparison(t *term.Terminal, r *bench.Result, c *bench.Comparison) {
	w := a.Stdout
	fmt.Fprintln(w)
	if len(r.Further) > 0 {
		fmt.Fprintln(w, t.Bold(c.Before+" → "+c.After))
	}
	if r.Arms[0].FirstRequestMS == nil {
		fmt.Fprintf(w, "start to end:          %s\n", changeText(t, c.ColdStart))
	} else {
		fmt.Fprintf(w, "init:                  %s\n", changeText(t, c.Init))
		fmt.Fprintf(w, "init + first request:  %s\n", changeText(t, c.ColdStart))
	}
	fmt.Fprintln(w, t.Faint(fmt.Sprintf("%s, %d %s, intervals at 95%%", weighting(r), c.ColdStart.N, plural(c.ColdStart.N, "pair"))))
	if len(r.Further) > 0 && len(r.Events) > 1 {
		for i, ev := range c.Events {
			if ev != nil {
				fmt.Fprintf(w, "  %s: %s%s\n", r.Events[i].Name, changeText(t, ev.Change), returnedText(t, ev))
			}
		}
	}
	gone, more := "modules that init no longer loads:", "modules that init loads in addition:"
	if r.Arms[0].FirstRequestMS == nil {
		gone, more = "modules no longer loaded:", "modules loaded in addition:"
	}
	a.printModules(gone, c.ModulesGone, c.GoneChains)
	a.printModules(more, c.ModulesNew, c.NewChains)
	a.printAnswers(t, r, c)
}

// weighting says what the judgement counts.
func weighting(r *bench.Result) string {
	if len(r.Events) > 1 {
		return "weighted by traffic"
	}
	return "one event"
}

// printAnswers says whether the arms did the same.
func (a *app) printAnswers(t *term.Terminal, r *bench.Result, c *bench.Comparison) {
	w := a.Stdout
	what, one := "responses", "response"
	if r.Arms[0].FirstRequestMS == nil {
		what, one = "outputs", "output"
	}
	differ := 0
	for i, ev := range r.Events {
		ch := ev.EventChange
		if c.Events != nil {
			ch = c.Events[i]
		}
		if ch == nil {
			continue
		}
		if d := ch.Difference; d != nil {
			differ++
			at := ""
			if d.Path != "" {
				at = " at " + d.Path
			}
			fmt.Fprintf(w, "%s %s\n    %s: %s\n    %s: %s\n", t.Bad("!"), t.Bad(fmt.Sprintf("the %s to %s differs%s", one, ev.Name, at)),
				c.Before, shortValue(d.Before), c.After, shortValue(d.After))
		}
		if n := len(ch.Varies); n > 0 {
			fmt.Fprintf(w, "%s the %s to %s varies by itself, not compared: %s\n", t.Warn("!"), one, ev.Name, joinOr(named(ch.Varies), 5))
		}
	}
	if differ == 0 {
		fmt.Fprintf(w, "%s: equal for every event\n", what)
	}
}

// named gives the whole of an answer a name.
func named(paths []string) []string {
	out := slices.Clone(paths)
	for i, p := range out {
		if p == "" {
			out[i] = "all of it"
		}
	}
	return out
}

// shortValue is a value of an answer in a line.
func shortValue(v string) string {
	if v == "" {
		return "(nothing)"
	}
	if r := []rune(v); len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return v
}

// printModules prints names, and below them how the first ones are loaded.
func (a *app) printModules(title string, names []string, chains map[string][]string) {
	if len(names) == 0 {
		fmt.Fprintf(a.Stdout, "%s none\n", title)
		return
	}
	shown, count := names, fmt.Sprint(len(names))
	if !a.verbose {
		// Packages say more than their submodules, and large ones more than
		// small ones.
		if shown = largestFirst(outermost(names), names); len(shown) < len(names) {
			count += fmt.Sprintf(", %d without submodules", len(shown))
		}
	}
	rest := ""
	if n := len(shown) - shownModules; n > 0 && !a.verbose {
		shown, rest = shown[:shownModules], fmt.Sprintf(" and %d more; -v lists all", n)
	}
	fmt.Fprintf(a.Stdout, "%s %s: %s%s\n", title, count, strings.Join(shown, ", "), rest)
	for i, name := range shown {
		if i == shownChains && !a.verbose {
			break
		}
		if chain := chains[name]; len(chain) > 0 {
			fmt.Fprintf(a.Stdout, "  %s: %s\n", name, strings.Join(chain, " > "))
		}
	}
}

// largestFirst orders packages by how many of names lie in them.
func largestFirst(packages, names []string) []string {
	size := map[string]int{}
	for _, n := range names {
		for i, c := range n {
			if c == '.' {
				size[n[:i]]++
			}
		}
	}
	return slices.SortedStableFunc(slices.Values(packages), func(x, y string) int { return size[y] - size[x] })
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
