package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/check"
	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
	"fastpath/internal/gate"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
)

// reviewSheet is the review of a change to one fast path file: the founding
// documents' checklist, filled in with evidence.
type reviewSheet struct {
	Entry     string            `json:"entry"`
	FastPath  string            `json:"fast_path"`
	Changes   []sheetChange     `json:"changes"`
	Checklist []sheetAnswer     `json:"checklist"`
	Impact    sheetImpact       `json:"impact"`
	Approved  []sheetApproval   `json:"approved_by"` // approvals that the change adds
	Owners    []string          `json:"owners"`      // whom CODEOWNERS asks
	New       []sheetNewModules `json:"new_at_start"`
}

// sheetChange is one import that the change adds, removes, or whose figures
// differ.
type sheetChange struct {
	Change        string        `json:"change"` // "added", "removed" or "changed"
	Statement     string        `json:"statement"`
	AloneBeforeMS *float64      `json:"alone_before_ms,omitempty"`
	AloneMS       *float64      `json:"alone_ms,omitempty"`
	UsageShare    *float64      `json:"usage_share,omitempty"`
	Decision      plan.Decision `json:"decision,omitempty"`
	Reason        string        `json:"reason,omitempty"`
}

// The answers of the checklist.
const (
	answerYes     = "yes"
	answerNo      = "no"
	answerUnknown = "unknown" // there is no evidence to answer with
)

type sheetAnswer struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Evidence string `json:"evidence"`
}

type sheetApproval struct {
	By   string `json:"by"`
	Date string `json:"date"`
}

type sheetImpact struct {
	FastPathBeforeMS *float64 `json:"fast_path_before_ms,omitempty"`
	FastPathMS       *float64 `json:"fast_path_ms,omitempty"`
	InitBeforeMS     *float64 `json:"init_before_ms,omitempty"`
	InitMS           *float64 `json:"init_ms,omitempty"`
	DayMS            *float64 `json:"day_ms,omitempty"` // more a day, at every cold start
	ModulesNew       int      `json:"modules_new"`
}

type sheetNewModules struct {
	Modules []string `json:"modules"`
	File    string   `json:"file"`
	Line    int      `json:"line"`
	Chain   []string `json:"chain"`
}

// runReviewAgainst prints the sheets of the entries for the change since the
// merge base with a revision.
func (a *app) runReviewAgainst(p *project.Project, src *sources, args []string, rev string) error {
	run := &gateRun{app: a, project: p, sources: src, opt: gateOptions{against: rev}, result: &gateResult{}}
	remove, err := run.checkout()
	if err != nil {
		return err
	}
	defer remove()
	then := &sources{project: run.base, interpreter: src.interpreter, files: run.baseFiles, programs: map[string]*graph.Program{}}
	if then.lock, err = evidence.Read(filepath.Join(run.base.Root, evidence.FileName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		src.notes = append(src.notes, fmt.Sprintf("%s has an %s that cannot be read: %v", rev, evidence.FileName, err))
	}
	in, analyses, err := a.checkInput(p, src, args)
	if err != nil {
		return err
	}
	var sheets []reviewSheet
	seen := map[string]bool{}
	for i, e := range in.Entries {
		if seen[e.Entry.FastPath] {
			continue // entries that share a file share its review
		}
		seen[e.Entry.FastPath] = true
		var before *analysis
		if _, err := os.Stat(filepath.Join(run.base.Root, filepath.FromSlash(e.File))); err == nil {
			list, err := a.analyzeAll(run.base, then, []project.Entry{e.Entry}, planOptions{}, nil)
			if err != nil {
				return err
			}
			before = list[0]
		}
		one := *in
		one.Entries = []*check.Entry{e}
		sheet := a.sheet(&one, analyses[i], before)
		if before != nil {
			sheet.start(static(before.program, run.base.Root, e.Entry), static(analyses[i].program, p.Root, e.Entry))
		}
		sheets = append(sheets, sheet)
	}
	a.showNotes(src)
	return a.printSheets(p, rev, run.result.base, sheets)
}

// sheet fills in the review of one entry's file; before is the entry at the
// base, nil where it is new. In holds that entry alone.
func (a *app) sheet(in *check.Input, now, before *analysis) reviewSheet {
	e := in.Entries[0]
	s := reviewSheet{Entry: e.Name, FastPath: e.Entry.FastPath, Changes: []sheetChange{}, Approved: []sheetApproval{}, Owners: []string{}, New: []sheetNewModules{}}
	s.changes(now, before)
	s.approvals(now, before)
	if owners := codeOwners(now.project.Root, e.Entry.FastPath); owners != nil {
		s.Owners = owners
	}
	s.impact(e, now, before)
	l := in.Config.Limits
	s.Checklist = []sheetAnswer{
		s.profiled(a, e, now),
		s.acceptable(now),
		s.usage(now),
		s.total(e, l.TotalMS),
		s.documented(in),
		s.tested(a, now, before),
	}
	return s
}

// listed returns the decisions for the lines of the fast path file.
func listed(an *analysis) []*plan.Item {
	var out []*plan.Item
	if an == nil {
		return nil
	}
	for _, it := range an.plan.Items {
		if it.FromFastPath && it.Import.Runs == "import" {
			out = append(out, it)
		}
	}
	return out
}

func (s *reviewSheet) changes(now, before *analysis) {
	was := map[string]*plan.Item{}
	for _, it := range listed(before) {
		was[statementText(it)] = it
	}
	for _, it := range listed(now) {
		text := statementText(it)
		c := sheetChange{Change: "added", Statement: text, Decision: it.Decision, Reason: it.Reason}
		if it.Measured {
			c.AloneMS = figure(it.AloneMS)
		}
		if it.UsageKnown {
			share := round6(it.Usage)
			c.UsageShare = &share
		}
		old := was[text]
		delete(was, text)
		if old != nil {
			if old.Measured {
				c.AloneBeforeMS = figure(old.AloneMS)
			}
			same := old.Measured == it.Measured && fastfile.FormatMS(old.AloneMS) == fastfile.FormatMS(it.AloneMS) &&
				old.UsageKnown == it.UsageKnown && percentText(old.Usage) == percentText(it.Usage)
			if same {
				continue
			}
			c.Change = "changed"
		}
		s.Changes = append(s.Changes, c)
	}
	for _, it := range listed(before) {
		if was[statementText(it)] == nil {
			continue
		}
		c := sheetChange{Change: "removed", Statement: statementText(it)}
		if it.Measured {
			c.AloneBeforeMS = figure(it.AloneMS)
		}
		s.Changes = append(s.Changes, c)
	}
}

// approvals lists what is approved now and was not at the base.
func (s *reviewSheet) approvals(now, before *analysis) {
	if now.content == nil {
		return
	}
	left := map[fastfile.Approval]int{}
	if before != nil && before.content != nil {
		for _, ap := range before.content.Approvals() {
			left[ap]++
		}
	}
	for _, ap := range now.content.Approvals() {
		if left[ap]--; left[ap] < 0 {
			s.Approved = append(s.Approved, sheetApproval{ap.By, ap.Date})
		}
	}
}

func (s *reviewSheet) impact(e *check.Entry, now, before *analysis) {
	if e.FastPath != nil {
		s.Impact.FastPathMS = figure(e.FastPathTotal())
	}
	if now.evidence != nil {
		s.Impact.InitMS = figure(now.plan.Totals.InitMS)
	}
	if before == nil {
		return
	}
	if before.content != nil {
		old := &check.Entry{Entry: before.entry, Program: before.program, Evidence: before.evidence, Plan: before.plan, FastPath: before.content}
		s.Impact.FastPathBeforeMS = figure(old.FastPathTotal())
	}
	if before.evidence != nil {
		s.Impact.InitBeforeMS = figure(before.plan.Totals.InitMS)
	}
	if i := &s.Impact; i.InitMS != nil && i.InitBeforeMS != nil {
		i.DayMS = figure((*i.InitMS - *i.InitBeforeMS) * now.plan.ColdStartRate * now.plan.DailyRequests)
	}
}

// start adds what is new at start, by the sources.
func (s *reviewSheet) start(before, now gate.State) {
	for _, g := range gate.Grown(before, now, func(string) (float64, bool) { return 0, false }) {
		n := sheetNewModules{Modules: g.Modules, File: g.At.File, Line: g.At.Line, Chain: []string{}}
		for _, step := range g.Chain {
			n.Chain = append(n.Chain, step.String())
		}
		s.Impact.ModulesNew += len(g.Modules)
		s.New = append(s.New, n)
	}
}

func (s *reviewSheet) profiled(a *app, e *check.Entry, now *analysis) sheetAnswer {
	q := sheetAnswer{Question: "Profiling data provided?", Answer: answerNo}
	items := listed(now)
	var missing []string
	for _, it := range items {
		if !it.Measured {
			missing = append(missing, it.Module)
		}
	}
	switch {
	case now.evidence == nil:
		q.Evidence = "never profiled; run fastpath profile"
	case len(missing) > 0:
		q.Evidence = fmt.Sprintf("never profiled: %s; run fastpath profile", strings.Join(missing, ", "))
	default:
		date, _ := e.ProfileDate()
		q.Answer = answerYes
		q.Evidence = fmt.Sprintf("%d of %d imports measured, profile of %s%s (%s %s, min of %d)", len(items), len(items), date, a.ageOf(date),
			now.evidence.Environment.Implementation, now.evidence.Environment.Version, now.evidence.Runs)
	}
	return q
}

func (s *reviewSheet) acceptable(now *analysis) sheetAnswer {
	q := sheetAnswer{Question: "Import time acceptable (<10ms or hot path)?", Answer: answerYes}
	light, exceptions := 0, 0
	var bad, unknown []string
	for _, it := range listed(now) {
		switch {
		case !it.Measured:
			unknown = append(unknown, it.Module)
		case it.Wanted == plan.Tier1:
			light++
		case it.Wanted == plan.Tier2:
			exceptions++
		default:
			bad = append(bad, fmt.Sprintf("%s %s: %s", it.Module, fastfile.FormatMS(it.AloneMS), it.Reason))
		}
	}
	switch {
	case len(bad) > 0:
		q.Answer, q.Evidence = answerNo, strings.Join(bad, "; ")
	case len(unknown) > 0:
		q.Answer, q.Evidence = answerUnknown, "not measured: "+strings.Join(unknown, ", ")
	default:
		q.Evidence = fmt.Sprintf("%d light, %d hot path %s", light, exceptions, plural(exceptions, "exception"))
	}
	return q
}

func (s *reviewSheet) usage(now *analysis) sheetAnswer {
	q := sheetAnswer{Question: "Usage data supports decision (if >10ms)?", Answer: answerYes}
	var good, bad, unknown []string
	for _, it := range listed(now) {
		if !it.Measured || it.AloneMS < now.plan.Thresholds.LightMS {
			continue
		}
		switch {
		case it.Rule == plan.RuleCritical || it.Rule == plan.RuleEager || it.Rule == plan.RuleForced:
			good = append(good, it.Module+" "+it.Reason)
		case !it.UsageKnown:
			unknown = append(unknown, it.Module)
		case it.Wanted == plan.Tier2:
			good = append(good, fmt.Sprintf("%s %s (%s)", it.Module, percentText(it.Usage), it.Reason))
		default:
			bad = append(bad, fmt.Sprintf("%s %s", it.Module, percentText(it.Usage)))
		}
	}
	switch {
	case len(bad) > 0:
		q.Answer, q.Evidence = answerNo, "used by too few requests: "+strings.Join(bad, ", ")
	case len(unknown) > 0:
		q.Answer, q.Evidence = answerUnknown, fmt.Sprintf("no usage data for %s; run fastpath usage invoke or fastpath usage ingest", strings.Join(unknown, ", "))
	case len(good) == 0:
		q.Evidence = "no import of 10ms or more"
	default:
		q.Evidence = strings.Join(good, ", ")
	}
	return q
}

func (s *reviewSheet) total(e *check.Entry, limit float64) sheetAnswer {
	q := sheetAnswer{Question: "Total import time stays <200ms?", Answer: answerUnknown, Evidence: "there is no fast path file"}
	if e.FastPath == nil {
		return q
	}
	ms := *s.Impact.FastPathMS
	q.Answer = answerYes
	if ms >= limit {
		q.Answer = answerNo
	}
	q.Evidence = fmt.Sprintf("%s of %sms", fastfile.FormatMS(ms), grouped(limit))
	if b := s.Impact.FastPathBeforeMS; b != nil {
		q.Evidence = fmt.Sprintf("%s -> %s of %sms", fastfile.FormatMS(*b), fastfile.FormatMS(ms), grouped(limit))
	}
	return q
}

// documentation are the rules that say whether the file's texts are up to date.
var documentation = []string{"FP102", "FP103", "FP104", "FP109", "FP111"}

func (s *reviewSheet) documented(in *check.Input) sheetAnswer {
	q := sheetAnswer{Question: "Documentation updated?", Answer: answerYes}
	if in.Entries[0].FastPath == nil {
		q.Answer, q.Evidence = answerNo, "there is no fast path file; run fastpath apply"
		return q
	}
	var bad []string
	for _, d := range check.Run(in).Findings {
		if d.Span.File == s.FastPath && slices.Contains(documentation, d.Rule) {
			bad = append(bad, fmt.Sprintf("%s (%s:%d, %s)", d.Message, d.Span.File, d.Span.Line, d.Rule))
		}
	}
	if len(bad) > 0 {
		q.Answer, q.Evidence = answerNo, strings.Join(bad, "; ")+"; run fastpath apply --only file"
		return q
	}
	q.Evidence = "profile date, import times, justifications and cold start target are there and agree with the evidence"
	return q
}

// tested answers from the bench that the lock stores.
func (s *reviewSheet) tested(a *app, now, before *analysis) sheetAnswer {
	q := sheetAnswer{Question: "Cold start tested?", Answer: answerNo, Evidence: "no bench in fastpath.lock; run fastpath bench"}
	if now.evidence == nil || now.evidence.Bench == nil {
		return q
	}
	b := now.evidence.Bench
	q.Evidence = fmt.Sprintf("init %s, first request %s, median of %d processes, bench of %s%s", msText(b.InitMS), msText(b.FirstRequestMS), b.N, b.Date, a.ageOf(b.Date))
	if was, is, ok := now.evidence.ColdStarts(); ok {
		q.Evidence += fmt.Sprintf("; cold start %s -> %s", msText(was), msText(is))
	}
	same := before != nil && before.evidence != nil && before.evidence.Bench != nil && *before.evidence.Bench == *b
	if same && len(s.Changes) > 0 {
		q.Evidence += "; that was before this change: run fastpath bench"
		return q
	}
	q.Answer = answerYes
	return q
}
