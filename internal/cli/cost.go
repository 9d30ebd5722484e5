package cli

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/config"
	"fastpath/internal/plan"
)

// costOptions are the flags of cost.
type costOptions struct {
	importMS, usage    float64
	requests, coldRate float64
}

func (a *app) costCommand() *cobra.Command {
	var opt costOptions
	traffic := config.Default().Traffic
	cmd := &cobra.Command{
		Use:   "cost --import-ms MS --usage PCT",
		Short: "the documents' calculation for one module, by hand",
		Long: `Cost compares, in milliseconds a day, what an import costs at module level, where
every cold start pays for it, with what it costs at function level, where every
request that uses it is charged for it. It needs no project and measures nothing.`,
		Example: `  fastpath cost --import-ms 350 --usage 90
  fastpath cost --import-ms 180 --usage 40 --requests 5000 --cold-rate 0.02 --format json`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usageErrorf("cost takes no arguments, found %q; give the figures as flags: fastpath cost --import-ms 350 --usage 90", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			for _, name := range []string{"import-ms", "usage"} {
				if !cmd.Flags().Changed(name) {
					return usageErrorf("--%s is missing; for example: fastpath cost --import-ms 350 --usage 90", name)
				}
			}
			return a.runCost(opt)
		},
	}
	f := cmd.Flags()
	f.Var(&number{at: &opt.importMS, what: "milliseconds, 0 or more", max: math.MaxFloat64}, "import-ms", "`MS` that the import takes")
	f.Var(&number{at: &opt.usage, what: "a percentage from 0 to 100", max: 100, suffix: "%"}, "usage", "`PCT` of requests that use it, 0 to 100")
	opt.requests, opt.coldRate = traffic.DailyRequests, traffic.ColdStartRate
	f.Var(&number{at: &opt.requests, what: "requests a day, 0 or more", max: math.MaxFloat64}, "requests", "requests a day, `N`")
	f.Var(&number{at: &opt.coldRate, what: "a share from 0 to 1, such as 0.1", max: 1}, "cold-rate", "share of requests that are cold starts, `R` from 0 to 1")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

// number is a flag value from 0 to max. Decimal figures only: hexadecimal, Inf
// and NaN are mistakes here, though Go would read them.
type number struct {
	at     *float64
	what   string // what is allowed
	max    float64
	suffix string // may follow the figure
}

// String returns the value as typed, for the help.
func (n *number) String() string {
	if n.at == nil || *n.at == 0 {
		return ""
	}
	return strconv.FormatFloat(*n.at, 'f', -1, 64)
}

// Type names the kind of value in the help.
func (n *number) Type() string { return "number" }

// Set reads the value.
func (n *number) Set(text string) error {
	t := strings.TrimSpace(text)
	if n.suffix != "" {
		t = strings.TrimSuffix(t, n.suffix)
	}
	v, err := strconv.ParseFloat(t, 64)
	if err != nil || strings.ContainsAny(t, "xX_nN") || v < 0 || v > n.max || math.IsInf(v, 0) {
		return fmt.Errorf("expected %s", n.what)
	}
	*n.at = v + 0 // no negative zero
	return nil
}

// costResult is the JSON of cost, fastpath.cost/1.
type costResult struct {
	envelope
	ImportMS            float64       `json:"import_ms"`
	Usage               float64       `json:"usage_share"`
	DailyRequests       float64       `json:"daily_requests"`
	ColdStartRate       float64       `json:"cold_start_rate"`
	ModuleLevelCostMS   float64       `json:"module_level_cost_ms"`
	FunctionLevelCostMS float64       `json:"function_level_cost_ms"`
	DailyLazyCostMS     float64       `json:"daily_lazy_cost_ms"`
	OverheadMS          float64       `json:"overhead_ms"`
	HotPath             bool          `json:"hot_path"`
	Decision            plan.Decision `json:"decision"`
	Rule                string        `json:"rule"`
	Ratio               float64       `json:"ratio,omitempty"`
}

func (a *app) runCost(opt costOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for cost; allowed: text, json", a.format)
	}
	c := plan.NewCost(opt.importMS, opt.usage, opt.requests, opt.coldRate)
	for _, v := range []float64{c.ModuleLevelMS, c.FunctionLevelMS, c.OverheadMS} {
		if math.IsInf(v, 0) || math.IsNaN(v) {
			return usageErrorf("the figures are too large to multiply: --import-ms %g, --requests %g", opt.importMS, opt.requests)
		}
	}
	t := config.Default().Thresholds
	decision, rule := plan.Decide(plan.Evidence{MS: opt.importMS, UsageKnown: true, Percent: opt.usage}, c, t)
	if a.format == "json" {
		e := a.envelopeFor("cost", "")
		e.Project = ""
		return a.printJSON(costResult{
			envelope: e, ImportMS: c.ImportMS, Usage: c.UsagePercent / 100, DailyRequests: c.DailyRequests, ColdStartRate: c.ColdStartRate,
			ModuleLevelCostMS: c.ModuleLevelMS, FunctionLevelCostMS: c.FunctionLevelMS, DailyLazyCostMS: c.DailyLazyMS,
			OverheadMS: c.OverheadMS, HotPath: c.HotPath, Decision: decision, Rule: rule, Ratio: c.Ratio,
		})
	}
	a.printCost(c, decision, rule, t)
	return nil
}

// printCost shows the calculation as the founding documents write it, so that
// it can be followed by hand. The block from "Analysis:" to the decision is
// theirs to the letter.
func (a *app) printCost(c plan.Cost, decision plan.Decision, rule string, t config.Thresholds) {
	w := a.Stdout
	ms := func(v float64) string { return grouped(v) + "ms" }
	alone := strings.ReplaceAll(ms(c.ImportMS), ",", "") // they group results, and no import time
	fmt.Fprintf(w, "Import time: %s\nUsage: %s%% of requests\nDaily requests: %s\nCold starts: %s%% of requests\n\n",
		alone, grouped(c.UsagePercent), grouped(c.DailyRequests), grouped(c.ColdStartRate*100))
	fmt.Fprintf(w, "Analysis:\nModule level: %s × %s cold starts = %s\nFunction level: %s × %s requests = %s\n\n",
		alone, grouped(c.ColdStarts()), ms(c.ModuleLevelMS), alone, grouped(c.Using()), ms(c.FunctionLevelMS))
	verdict, why := costVerdict(c, decision, rule, t)
	fmt.Fprintf(w, "Decision: %s\n  %s\n\n", verdict, why)
	fmt.Fprintf(w, "Trade-off: Pay %s once vs %s across requests\n  (%sms a lazy load × %s requests; × %s that use it = %s)\n",
		alone, ms(c.OverheadMS), grouped(plan.LazyLoadOverheadMS), grouped(c.DailyRequests), grouped(c.Using()), ms(c.DailyLazyMS))
}

// costVerdict says the decision in the documents' words, and what decided it.
func costVerdict(c plan.Cost, decision plan.Decision, rule string, t config.Thresholds) (verdict, why string) {
	verdict = "Function level"
	hot := decision == plan.Tier1 || decision == plan.Tier2
	if hot {
		verdict = "Module level"
	}
	if rule != plan.RuleTable && decision != plan.Tier1 && c.HotPath == hot && c.Ratio > 1 {
		verdict += fmt.Sprintf(" (%s× better)", times(c.Ratio))
	}
	percent := grouped(t.HotUsage) + "%"
	switch {
	case decision == plan.Tier1:
		why = fmt.Sprintf("tier 1: under %s ms", grouped(t.LightMS))
	case rule == plan.RuleUsage:
		why = fmt.Sprintf("hot path exception granted: used by more than %s of requests", percent)
	case rule == plan.RuleTable:
		why = fmt.Sprintf("%s to %s ms needs more than %s usage", grouped(t.LightMS), grouped(t.HeavyMS), percent)
	case hot:
		why = fmt.Sprintf("hot path exception granted, though below %s: module level is cheaper", percent)
	case c.ModuleLevelMS == c.FunctionLevelMS:
		why = "both cost the same, and equal costs are not hot"
	default:
		why = "no hot path exception: function level is cheaper"
	}
	return verdict, why
}
