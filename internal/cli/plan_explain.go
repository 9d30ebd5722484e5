package cli

import (
	"fmt"
	"math"
	"strings"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/plan"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

// printPlanDay sums up what the set costs a day in both places, in the founding
// documents' terms.
func (a *app) printPlanDay(p *plan.Plan) {
	w := a.Stdout
	moved, hot := p.Days()
	if moved.Imports+hot.Imports == 0 || !p.Measured {
		return
	}
	fmt.Fprintf(w, "\nA day, by the documents' formula (%s cold starts, %s requests):\n", grouped(math.Round(p.ColdStartRate*p.DailyRequests)), grouped(p.DailyRequests))
	for _, row := range []struct {
		what string
		day  plan.Day
	}{{"what moves", moved}, {"what is hot", hot}} {
		if row.day.Imports == 0 {
			continue
		}
		function := "usage unknown"
		if row.day.Known {
			function = grouped(math.Round(row.day.FunctionLevelMS)) + "ms"
		}
		fmt.Fprintf(w, "  %-12s %-5s module level %13s, function level %13s\n", row.what, fmt.Sprintf("(%d)", row.day.Imports),
			grouped(math.Round(row.day.ModuleLevelMS))+"ms", function)
	}
	for _, it := range p.Items {
		if p.Policy == config.PolicyLMMS && it.Measured && it.AloneMS > p.Thresholds.HeavyMS {
			fmt.Fprintf(w, "%s\n", criterion3(p))
			break
		}
	}
}

// criterion3 says what the formula comes down to.
func criterion3(p *plan.Plan) string {
	return fmt.Sprintf("Criterion 3 grants every heavy import used by more than the cold-start rate (%s%% of requests); its ms do not matter.", grouped(p.ColdStartRate*100))
}

// printDisagreements explains where the other policy would decide otherwise.
func (a *app) printDisagreements(p *plan.Plan) {
	if p.Policy != config.PolicyLMMS {
		return
	}
	seen := map[string]bool{}
	for _, it := range p.Items {
		why := p.Disagreement(it)
		if why == "" || seen[it.Module] {
			continue
		}
		if len(seen) == 0 {
			fmt.Fprintln(a.Stdout, "\nThe lifetime policy disagrees:")
		}
		seen[it.Module] = true
		fmt.Fprintf(a.Stdout, "  %s: %s\n", it.Module, why)
	}
}

// explainPlan shows everything about the decisions for one module.
func (a *app) explainPlan(t *term.Terminal, r *analysis, module string) {
	p, w := r.plan, a.Stdout
	a.printPlanHead(t, r)
	heavy := false
	for _, it := range p.Items {
		if !explains(it, module) {
			continue
		}
		heavy = heavy || it.AloneMS > p.Thresholds.HeavyMS
		word, _ := groupOf(it)
		fmt.Fprintf(w, "%s:%d:%d: %s\n", it.Import.In.File, it.Line, it.Column, it.Text)
		table := &term.Table{Columns: []term.Column{{}, {}}}
		table.Row("decision", fmt.Sprintf("%s (%s): %s", t.Bold(word), it.Decision, it.Reason))
		table.Row("rule", it.Rule)
		a.explainCost(table, r, it)
		if it.Margin != "" {
			table.Row("margin", it.Margin)
		}
		for i, b := range it.Bounds {
			label := ""
			if i == 0 {
				label = "would change"
			}
			table.Row(label, b.String())
		}
		a.explainLifetime(table, p, it)
		safety := string(it.Verdict.Safety)
		if it.Verdict.Cause != "" {
			safety += ": " + it.Verdict.Cause
		}
		table.Row("safety of a move", safety)
		table.Row("evidence", a.evidenceText(r, it))
		if it.Next != "" {
			table.Row("run next", it.Next)
		}
		fmt.Fprintln(w, table.Render(t))
	}
	if heavy && p.Policy == config.PolicyLMMS {
		fmt.Fprintln(w, criterion3(p))
	}
	fmt.Fprintf(w, "next: %s\n", t.Accent("fastpath why "+module))
}

// explainCost adds the inputs of a decision.
func (a *app) explainCost(table *term.Table, r *analysis, it *plan.Item) {
	if it.Measured {
		table.Row("alone", msText(it.AloneMS)+", under the plan")
		table.Row("adds", msText(it.AddsMS)+" where it stands")
		saves := msText(it.SavesMS)
		if n := len(it.SavesModules); n > 0 {
			saves += fmt.Sprintf(", %d %s", n, plural(n, "module"))
		}
		table.Row("saves", saves+", given all other imports")
	}
	if it.UsageKnown {
		counted := percentText(it.Usage) + " of requests"
		if low, high := r.usage.Interval(it.Module); r.usage.Requests > 0 {
			switch r.usage.BasisOf(it.Module) {
			case "": // assumed
			case usage.Declared:
				counted += " (declared by the traffic file)"
			default:
				counted += fmt.Sprintf(" (95%% sure: %s to %s)", percentText(low), percentText(high))
			}
		}
		table.Row("used", counted)
	} else {
		table.Row("used", "unknown")
	}
	if in := it.Inputs; in != nil && in.Critical {
		table.Row("critical path", "of "+in.Workflow)
	}
	if c := it.Cost; c != nil {
		table.Row("module level", fmt.Sprintf("%sms a day: %s x %s cold starts", grouped(math.Round(c.ModuleLevelMS)), msText(c.ImportMS), grouped(math.Round(c.ColdStartRate*c.DailyRequests))))
		table.Row("function level", fmt.Sprintf("%sms a day: %s x %s requests that use it", grouped(math.Round(c.FunctionLevelMS)), msText(c.ImportMS), grouped(math.Round(c.UsagePercent/100*c.DailyRequests))))
	}
}

// explainLifetime adds what the lifetime model says.
func (a *app) explainLifetime(table *term.Table, p *plan.Plan, it *plan.Item) {
	l, pr := it.Lifetime, p.Process
	if !l.Known {
		return
	}
	table.Row("lifetime model", fmt.Sprintf("%s; %s of processes ever need it", strings.TrimPrefix(it.LifetimeAdvice(), "lifetime: "), percentText(l.Needed)))
	init := fmt.Sprintf("init x%s", times(pr.KInit))
	if pr.OffPath {
		init = "no request waits for init"
	}
	start := pr.Platform
	if pr.Start != config.StartOnDemand {
		start += ", " + pr.Start
	}
	table.Row("", fmt.Sprintf("%s: %s, requests x%s at %s MB, %s requests a process", start, init, times(pr.KRequest), grouped(p.MemoryMB), requestsText(pr.Requests)))
	table.Row("first request", fmt.Sprintf("would pay %s on average for a move (%s where it is needed)", msText(l.ShiftMS), msText(l.ExclusiveMS*pr.KRequest)))
	even := "moving gains whatever the usage"
	switch {
	case l.BreakEven == 0:
		even = "moving gains for no usage above 0%"
	case l.BreakEven < 1:
		even = fmt.Sprintf("moving gains up to %s of requests", percentText(l.BreakEven))
	}
	if l.BreakEvenCalls >= 1 {
		even += fmt.Sprintf("; %s repeated import statements cost as much as the import", grouped(math.Round(l.BreakEvenCalls)))
	}
	table.Row("break-even", even)
	if why := p.Disagreement(it); why != "" {
		table.Row("why they differ", why)
	}
}

// requestsText writes how many requests a process answers.
func requestsText(n float64) string {
	if math.IsInf(n, 1) {
		return "endless"
	}
	return grouped(math.Round(n*10) / 10)
}

// evidenceText is the date and the age of what a decision rests on.
func (a *app) evidenceText(r *analysis, it *plan.Item) string {
	if r.evidence == nil {
		return "none"
	}
	date := it.MeasuredOn
	if date == "" {
		date = r.evidence.Measured
	}
	parts := []string{"measured " + date + a.ageOf(date)}
	if u := r.usage; u.Requests > 0 {
		parts = append(parts, fmt.Sprintf("usage %s to %s%s", u.First, u.Last, a.ageOf(u.Last)))
	}
	return strings.Join(parts, "; ")
}

// ageOf is ", 3 days old".
func (a *app) ageOf(date string) string {
	switch days, ok := check.Age(date, a.today()); {
	case !ok:
		return ""
	case days <= 0:
		return ", of today"
	default:
		return fmt.Sprintf(", %d %s old", days, plural(days, "day"))
	}
}
