package cli

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/evidence"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

// planCommandOptions are the flags of plan.
type planCommandOptions struct {
	planOptions
	explain string
}

func (a *app) planCommand() *cobra.Command {
	var opt planCommandOptions
	cmd := &cobra.Command{
		Use:   "plan [ENTRY]",
		Short: "decide for every import where it belongs, and show why",
		Long: `Plan reads the sources and fastpath.lock, and decides for every import that the
entry reaches: on the fast path, where it stands, or in the function that uses
it. It changes and executes nothing. What the set of moves saves is computed by
reachability; moves that save nothing are not made.

--explain shows for one module what was looked at, which rule decided, how much
usage or time would change it, how old the evidence is, and what the lifetime
model says and why.`,
		Example: `  fastpath plan
  fastpath plan --policy lifetime
  fastpath plan --explain pandas
  fastpath plan --cold pandas --format json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error { return a.runPlan(args, opt) },
	}
	f := cmd.Flags()
	opt.flags(f)
	f.StringVar(&opt.explain, "explain", "", "show all that is known about the decisions for `MODULE`")
	f.StringVar(&a.format, "format", "text", "text or json")
	return cmd
}

func (a *app) runPlan(args []string, opt planCommandOptions) error {
	if a.format != "text" && a.format != "json" {
		return usageErrorf("unknown format %q for plan; allowed: text, json", a.format)
	}
	if err := opt.validate(); err != nil {
		return err
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return &exitError{ExitUsage, err}
	}
	list, err := a.planned(args, opt.planOptions)
	if err != nil {
		return err
	}
	if opt.explain != "" {
		if list, err = explained(list, opt.explain); err != nil {
			return err
		}
	}
	if a.format == "json" {
		return a.printPlanJSON(list, opt.explain)
	}
	for i, r := range list {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		if opt.explain != "" {
			a.explainPlan(t, r, opt.explain)
		} else {
			a.printPlan(t, r)
		}
	}
	return nil
}

// planned analyses the entries that args name. Those without evidence are
// left out with a note, unless the user says what is cold and hot; it is an
// error when nothing is left.
func (a *app) planned(args []string, o planOptions) ([]*analysis, error) {
	p, err := a.openProject()
	if err != nil {
		return nil, err
	}
	entries, err := a.selectEntries(p, args)
	if err != nil {
		return nil, err
	}
	s, err := a.openSources(p)
	if err != nil {
		return nil, err
	}
	list, err := a.analyzeAll(p, s, entries, o, func(r *analysis) bool { return r.evidence != nil || len(o.Cold)+len(o.Hot) > 0 })
	if err != nil {
		return nil, err
	}
	var never []string
	for _, e := range entries {
		if !slices.ContainsFunc(list, func(r *analysis) bool { return r.entry.Name == e.Name }) {
			never = append(never, fmt.Sprintf("%q", e.Name))
		}
	}
	switch {
	case len(list) == 0 && s.lock == nil:
		return nil, fmt.Errorf("there is no %s: nothing was measured yet; run \"fastpath profile\", which runs your code and measures its imports, "+
			"or name modules yourself: fastpath plan --cold MODULE", evidence.FileName)
	case len(list) == 0:
		return nil, fmt.Errorf("%s knows nothing about %s; run \"fastpath profile\"", evidence.FileName, strings.Join(never, ", "))
	case len(never) > 0:
		s.notes = append(s.notes, fmt.Sprintf("never profiled, left out: %s; run \"fastpath profile\"", strings.Join(never, ", ")))
	}
	if err := unmatched(list, o); err != nil {
		return nil, err
	}
	s.notes = append(s.notes, unread(list)...)
	a.showNotes(s)
	return list, nil
}

// unread says which files of the entries do not parse, so that the plan does
// not know all that they import.
func unread(list []*analysis) []string {
	var notes []string
	for _, r := range list {
		for _, m := range r.program.Modules {
			if m.Test || m.Broken == nil || m.Syntax == nil || len(m.Syntax.Errors) == 0 || r.project.Config.Excluded(m.File) {
				continue
			}
			e := m.Syntax.Errors[0]
			line, column := m.Syntax.Position(e.Start)
			note := fmt.Sprintf("%s:%d:%d does not parse: %s; what it imports is not known in full", m.File, line, column, e.Message)
			if !slices.Contains(notes, note) {
				notes = append(notes, note)
			}
		}
	}
	return notes
}

// explained keeps the analyses that decide about a module; it is a mistake
// when none does.
func explained(list []*analysis, module string) ([]*analysis, error) {
	var kept []*analysis
	var known []string
	for _, r := range list {
		found := false
		for _, it := range r.plan.Items {
			found = found || explains(it, module)
			known = append(known, it.Module)
		}
		if found {
			kept = append(kept, r)
		}
	}
	if len(kept) == 0 {
		hint := "run \"fastpath why " + module + "\" for a module that a library imports"
		if n := config.Nearest(module, known); n != "" {
			hint = fmt.Sprintf("did you mean %q?", n)
		}
		return nil, usageErrorf("--explain %q: no import of the project names it; %s", module, hint)
	}
	return kept, nil
}

// explains reports whether an item is about a module or one inside it.
func explains(it *plan.Item, module string) bool { return plan.Covers(module, it.Module) }

// planResult is what plan knows about one entry; its JSON is fastpath.plan/1.
type planResult struct {
	Entry         string         `json:"entry"`
	Policy        string         `json:"policy"`
	Measured      string         `json:"measured,omitempty"`
	EvidenceAge   *int           `json:"evidence_age_days,omitempty"`
	Usage         planUsage      `json:"usage"`
	ColdStartRate float64        `json:"cold_start_rate"`
	MeasuredRate  *float64       `json:"measured_cold_start_rate,omitempty"`
	MemoryMB      float64        `json:"memory_mb"`
	Process       planProcess    `json:"process"`
	Decisions     []planDecision `json:"decisions"`
	Totals        planTotals     `json:"totals"`
	Next          string         `json:"next"`
}

type planUsage struct {
	Requests  float64     `json:"requests"`
	Basis     usage.Basis `json:"basis,omitempty"`
	Workflows int         `json:"workflows"`
	First     string      `json:"first,omitempty"`
	Last      string      `json:"last,omitempty"`
	AgeDays   *int        `json:"age_days,omitempty"` // of the last day
}

// planProcess is how the lifetime model sees a process.
type planProcess struct {
	Platform         string   `json:"platform"`
	Start            string   `json:"start"`
	InitOffPath      bool     `json:"init_off_request_path"`
	KInit            float64  `json:"k_init"`
	KRequest         float64  `json:"k_request"`
	RequestsPerStart *float64 `json:"requests_per_process,omitempty"` // absent where there are no cold starts
}

type planStatement struct {
	File   string `json:"file"`
	Line   int    `json:"line"`
	Column int    `json:"column"`
	Text   string `json:"text"`
}

type planDecision struct {
	Module              string        `json:"module"`
	Statement           planStatement `json:"statement"`
	Binds               string        `json:"binds"`
	Decision            plan.Decision `json:"decision"`
	Reason              string        `json:"reason"`
	Rule                string        `json:"rule"`
	Borderline          bool          `json:"borderline,omitempty"`
	Margin              string        `json:"margin,omitempty"`
	Bounds              []planBound   `json:"bounds,omitempty"`
	Inputs              *planInputs   `json:"inputs,omitempty"`
	Measured            string        `json:"measured,omitempty"`
	Next                string        `json:"next,omitempty"`
	FastPath            bool          `json:"fast_path"`
	Moves               bool          `json:"moves"`
	AloneMS             *float64      `json:"alone_ms,omitempty"`
	AddsMS              *float64      `json:"adds_ms,omitempty"`
	SavesMS             *float64      `json:"saves_ms,omitempty"`
	SavesModules        []string      `json:"saves_modules,omitempty"`
	UsageShare          *float64      `json:"usage_share,omitempty"`
	ModuleLevelCostMS   *float64      `json:"module_level_cost_ms,omitempty"`
	FunctionLevelCostMS *float64      `json:"function_level_cost_ms,omitempty"`
	UsedAtImport        bool          `json:"used_at_import"`
	Safety              plan.Safety   `json:"safety"`
	SafetyCause         string        `json:"safety_cause,omitempty"`
	Lifetime            *planLifetime `json:"lifetime,omitempty"`
}

// planBound is a figure on whose other side the decision would be another.
type planBound struct {
	Of       string        `json:"of"`
	At       float64       `json:"at"`
	By       float64       `json:"by"`
	Decision plan.Decision `json:"decision"`
}

// planInputs are the figures that the table looked at.
type planInputs struct {
	ImportMS      float64  `json:"import_ms"`
	UsageShare    *float64 `json:"usage_share,omitempty"`
	DailyRequests float64  `json:"daily_requests"`
	ColdStartRate float64  `json:"cold_start_rate"`
	CriticalOf    string   `json:"critical_path_of,omitempty"`
	LightMS       float64  `json:"light_ms"`
	HeavyMS       float64  `json:"heavy_ms"`
	HotUsage      float64  `json:"hot_usage_share"`
}

type planLifetime struct {
	Decision       plan.Decision `json:"decision"`
	GainMS         *float64      `json:"gain_ms,omitempty"`
	Needed         *float64      `json:"needed_share,omitempty"`
	ExclusiveMS    *float64      `json:"exclusive_ms,omitempty"`
	ShiftMS        *float64      `json:"first_request_shift_ms,omitempty"`
	BreakEven      *float64      `json:"break_even_share,omitempty"`
	BreakEvenCalls *float64      `json:"break_even_calls,omitempty"`
	Disagreement   string        `json:"disagreement,omitempty"`
}

type planTotals struct {
	InitMS              float64     `json:"init_ms"`
	InitAfterMS         float64     `json:"init_after_ms"`
	SavesMS             float64     `json:"saves_ms"`
	Modules             int         `json:"modules"`
	ModulesAfter        int         `json:"modules_after"`
	ModulesGone         []string    `json:"modules_gone"`
	FastPathMS          float64     `json:"fast_path_ms"`
	FastPathLimitMS     float64     `json:"fast_path_limit_ms"`
	FastPathImports     int         `json:"fast_path_imports"`
	FastPathImportLimit int         `json:"fast_path_import_limit"`
	Moves               int         `json:"moves"`
	Day                 *planDay    `json:"day,omitempty"`
	Prices              []planPrice `json:"prices"`
}

// planDay is what sets of imports cost a day in both places, by the founding
// documents' formula.
type planDay struct {
	ColdStarts float64    `json:"cold_starts"`
	Requests   float64    `json:"requests"`
	Moved      planPlaces `json:"moved"`
	Hot        planPlaces `json:"hot"`
}

type planPlaces struct {
	Imports         int      `json:"imports"`
	ModuleLevelMS   float64  `json:"module_level_cost_ms"`
	FunctionLevelMS *float64 `json:"function_level_cost_ms,omitempty"`
}

func newPlanPlaces(d plan.Day) planPlaces {
	p := planPlaces{Imports: d.Imports, ModuleLevelMS: round3(d.ModuleLevelMS)}
	if d.Known {
		p.FunctionLevelMS = figure(d.FunctionLevelMS)
	}
	return p
}

type planPrice struct {
	Workflow       string   `json:"workflow,omitempty"`
	Share          float64  `json:"share"`
	Modules        []string `json:"modules"`
	FirstRequestMS float64  `json:"first_request_ms"`
	AtMemoryMS     float64  `json:"at_memory_ms"`
	MemoryMB       float64  `json:"memory_mb"`
}

func (a *app) newPlanResult(r *analysis, only string) *planResult {
	p := r.plan
	res := &planResult{
		Entry: p.Entry.Name, Policy: p.Policy, ColdStartRate: p.ColdStartRate, MemoryMB: p.MemoryMB,
		Usage:     planUsage{Requests: round3(r.usage.Requests), Basis: r.usage.Basis(), Workflows: len(r.usage.Workflows), First: r.usage.First, Last: r.usage.Last},
		Decisions: []planDecision{}, Next: nextAfterPlan(p),
	}
	if r.evidence != nil {
		res.Measured = r.evidence.Measured
		res.EvidenceAge = a.ageDays(res.Measured)
	}
	res.Usage.AgeDays = a.ageDays(r.usage.Last)
	pr := p.Process
	res.Process = planProcess{Platform: pr.Platform, Start: pr.Start, InitOffPath: pr.OffPath, KInit: round6(pr.KInit), KRequest: round6(pr.KRequest)}
	if !math.IsInf(pr.Requests, 1) {
		res.Process.RequestsPerStart = figure(pr.Requests)
	}
	if p.MeasuredRate >= 0 {
		res.MeasuredRate = figure(p.MeasuredRate)
	}
	for _, it := range p.Items {
		if only == "" || explains(it, only) {
			res.Decisions = append(res.Decisions, newPlanDecision(p, it))
		}
	}
	t := &p.Totals
	res.Totals = planTotals{
		InitMS: round3(t.InitMS), InitAfterMS: round3(t.InitAfterMS), SavesMS: round3(t.SavesMS),
		Modules: t.Modules, ModulesAfter: t.ModulesAfter, ModulesGone: append([]string{}, t.Gone...),
		FastPathMS: round3(t.FastPathMS), FastPathLimitMS: t.FastPathLimitMS,
		FastPathImports: t.FastPathImports, FastPathImportLimit: t.FastPathImportLimit,
		Moves: t.Moves, Prices: []planPrice{},
	}
	if p.Measured {
		moved, hot := p.Days()
		res.Totals.Day = &planDay{round3(p.ColdStartRate * p.DailyRequests), p.DailyRequests, newPlanPlaces(moved), newPlanPlaces(hot)}
	}
	for _, x := range t.Prices {
		res.Totals.Prices = append(res.Totals.Prices, planPrice{
			Workflow: x.Workflow, Share: round6(x.Share), Modules: x.Modules, FirstRequestMS: round3(x.MS), AtMemoryMS: round3(x.MemoryMS), MemoryMB: p.MemoryMB,
		})
	}
	return res
}

// ageDays is the age of a day, nil where there is none.
func (a *app) ageDays(date string) *int {
	days, ok := check.Age(date, a.today())
	if !ok {
		return nil
	}
	return &days
}

func newPlanDecision(p *plan.Plan, it *plan.Item) planDecision {
	d := planDecision{
		Module: it.Module, Binds: it.Import.Binds,
		Statement: planStatement{it.Import.In.File, it.Line, it.Column, it.Text},
		Decision:  it.Decision, Reason: it.Reason, Rule: it.Rule, Borderline: it.Borderline, Margin: it.Margin,
		Measured: it.MeasuredOn, Next: it.Next,
		FastPath: it.OnFastPath, Moves: it.Move, UsedAtImport: it.Import.UsedAtImport,
		Safety: it.Verdict.Safety, SafetyCause: it.Verdict.Cause,
	}
	if it.Measured {
		d.AloneMS, d.AddsMS, d.SavesMS = figure(it.AloneMS), figure(it.AddsMS), figure(it.SavesMS)
		d.SavesModules = it.SavesModules
		d.Lifetime = &planLifetime{Decision: it.Lifetime.Decision}
		if it.Lifetime.Known {
			l := it.Lifetime
			needed, even := round6(l.Needed), round6(l.BreakEven)
			*d.Lifetime = planLifetime{
				Decision: l.Decision, GainMS: figure(l.GainMS), Needed: &needed, ExclusiveMS: figure(l.ExclusiveMS), ShiftMS: figure(l.ShiftMS),
				BreakEven: &even, BreakEvenCalls: figure(l.BreakEvenCalls), Disagreement: p.Disagreement(it),
			}
		}
	}
	for _, b := range it.Bounds {
		at, by := b.At, b.By
		if b.Of == plan.BoundUsage {
			at, by = at/100, by/100
		}
		d.Bounds = append(d.Bounds, planBound{b.Of, round6(at), round6(by), b.To})
	}
	if in := it.Inputs; in != nil {
		d.Inputs = &planInputs{
			ImportMS: round3(in.MS), DailyRequests: in.DailyRequests, ColdStartRate: in.ColdStartRate,
			LightMS: in.Thresholds.LightMS, HeavyMS: in.Thresholds.HeavyMS, HotUsage: round6(in.Thresholds.HotUsage / 100),
		}
		if in.UsageKnown {
			share := round6(in.Percent / 100)
			d.Inputs.UsageShare = &share
		}
		if in.Critical {
			d.Inputs.CriticalOf = in.Workflow
		}
	}
	if it.UsageKnown {
		share := round6(it.Usage)
		d.UsageShare = &share
	}
	if it.Cost != nil {
		d.ModuleLevelCostMS, d.FunctionLevelCostMS = figure(it.Cost.ModuleLevelMS), figure(it.Cost.FunctionLevelMS)
	}
	return d
}

// printPlanJSON prints the plans of entries as JSON.
func (a *app) printPlanJSON(list []*analysis, only string) error {
	var results []*planResult
	for _, r := range list {
		results = append(results, a.newPlanResult(r, only))
	}
	return printEntries(a, "plan", list[0].project.Root, results)
}

// nextAfterPlan is the command that a plan leads to.
func nextAfterPlan(p *plan.Plan) string {
	changes := p.Totals.Moves > 0
	for _, it := range p.Items {
		changes = changes || it.OnFastPath && !it.FromFastPath || it.Decision == plan.Remove
	}
	switch {
	case changes:
		return "fastpath apply --diff"
	case slices.ContainsFunc(p.Items, func(it *plan.Item) bool { return it.Rule == plan.RuleUnknownMS }):
		return "fastpath profile"
	case p.Totals.Unsure > 0 && p.Entry.Kind != project.EntryHandler:
		return "fastpath usage record -- CMD"
	case p.Totals.Unsure > 0:
		return "fastpath usage invoke"
	}
	return "fastpath check"
}
