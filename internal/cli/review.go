package cli

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fastpath/internal/check"
	"fastpath/internal/diag"
	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
	"fastpath/internal/report"
	"fastpath/internal/term"
	"fastpath/internal/usage"
)

func (a *app) reviewCommand() *cobra.Command {
	against := ""
	cmd := &cobra.Command{
		Use:   "review [ENTRY…]",
		Short: "the monthly review, or the review sheet of a change to the fast path",
		Long: `Review lists the hot path exceptions, and the other heavy imports at module level,
that few requests use; how old the profile is; how far the fast path file is from its
limits; and what changed since it was profiled. Nothing is executed, and it exits with
0 whatever it finds: findings that must not stay are the matter of "fastpath check".

With --against it reviews the change to the fast path file since the state where
it branched off from a revision: what each import costs before and after, the six
questions of the checklist answered with evidence, what the change does to the
start, and who approved it. "Cold start tested?" is answered from the bench in
fastpath.lock. The Markdown begins with a line that stays the same, by which a
comment of a pull request is found again and edited.`,
		Example: `  fastpath review
  fastpath review --format markdown
  fastpath review --against main
  fastpath review --against origin/main --format markdown`,
		RunE: func(_ *cobra.Command, args []string) error { return a.runReview(args, against) },
	}
	cmd.Flags().StringVar(&against, "against", "", "review the change since the project branched off from a git `REV`")
	cmd.Flags().StringVar(&a.format, "format", "text", "text, json or markdown")
	return cmd
}

// reviewResult is the JSON of review, fastpath.review/1.
type reviewResult struct {
	envelope
	Entries []reviewEntry `json:"entries"`
}

type reviewEntry struct {
	Entry      string           `json:"entry"`
	FastPath   string           `json:"fast_path,omitempty"`
	Profile    *reviewProfile   `json:"profile,omitempty"`
	Usage      *reviewUsage     `json:"usage,omitempty"`
	Consider   []reviewImport   `json:"consider_lazy_loading"`
	Exceptions []reviewImport   `json:"exceptions"`
	Unknown    []string         `json:"usage_unknown"`
	Limits     *reviewLimits    `json:"limits,omitempty"`
	Changes    []reviewChange   `json:"changed_distributions"`
	Findings   []report.Finding `json:"findings"`
}

type reviewProfile struct {
	Date       string `json:"date"`
	File       string `json:"file"`
	AgeDays    int    `json:"age_days"`
	MaxAgeDays int    `json:"max_age_days"`
}

type reviewUsage struct {
	Requests float64     `json:"requests"`
	Basis    usage.Basis `json:"basis"`
	First    string      `json:"first"`
	Last     string      `json:"last"`

	counted string // Requests, with what they rest on
}

type reviewImport struct {
	Module     string        `json:"module"`
	File       string        `json:"file"`
	Line       int           `json:"line"`
	AloneMS    float64       `json:"alone_ms"`
	SavesMS    float64       `json:"saves_ms"`
	UsageShare *float64      `json:"usage_share,omitempty"`
	Decision   plan.Decision `json:"decision"`
	Reason     string        `json:"reason"`
}

type reviewLimits struct {
	Imports        int     `json:"imports"`
	ImportLimit    int     `json:"import_limit"`
	TotalMS        float64 `json:"total_ms"`
	TotalLimitMS   float64 `json:"total_limit_ms"`
	CodeLines      int     `json:"code_lines"`
	CodeLinesLimit int     `json:"code_lines_limit"`
}

type reviewChange struct {
	Distribution string `json:"distribution"`
	From         string `json:"from"`
	To           string `json:"to,omitempty"`
}

func (a *app) runReview(args []string, against string) error {
	if !slices.Contains([]string{"text", "json", "markdown"}, a.format) {
		return usageErrorf("unknown format %q for review; allowed: text, json, markdown", a.format)
	}
	t, err := term.For(a.Stdout, a.Env, a.color)
	if err != nil {
		return usageErrorf("%w", err)
	}
	p, err := a.openProject()
	if err != nil {
		return err
	}
	src, err := a.openSources(p)
	if err != nil {
		return err
	}
	if against != "" {
		return a.runReviewAgainst(p, src, args, against)
	}
	in, analyses, err := a.checkInput(p, src, args)
	if err != nil {
		return err
	}
	res := reviewResult{envelope: a.envelopeFor("review", p.Root), Entries: []reviewEntry{}}
	for i, e := range in.Entries {
		one := *in
		one.Entries = []*check.Entry{e}
		res.Entries = append(res.Entries, a.reviewEntry(&one, analyses[i]))
	}
	if a.format == "json" {
		return a.printJSON(res)
	}
	a.showNotes(src)
	if a.format == "markdown" {
		fmt.Fprintf(a.Stdout, "%s\n\n## Monthly review of hot path exceptions\n", reviewMarker("monthly review", p.Root))
		for i := range res.Entries {
			fmt.Fprint(a.Stdout, "\n```text\n")
			printReview(a.Stdout, &term.Terminal{Width: 120}, &res.Entries[i], p.Config.Thresholds.HotUsage)
			fmt.Fprintln(a.Stdout, "```")
		}
		return nil
	}
	for i := range res.Entries {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		printReview(a.Stdout, t, &res.Entries[i], p.Config.Thresholds.HotUsage)
	}
	return nil
}

// reviewEntry reviews one entry; in holds that entry alone.
func (a *app) reviewEntry(in *check.Input, an *analysis) reviewEntry {
	e := in.Entries[0]
	r := reviewEntry{Entry: e.Name, Consider: []reviewImport{}, Exceptions: []reviewImport{}, Unknown: []string{}, Changes: []reviewChange{}}
	if date, file := e.ProfileDate(); e.Evidence != nil && date != "" {
		age, _ := check.Age(date, in.Today)
		r.Profile = &reviewProfile{Date: date, File: file, AgeDays: age, MaxAgeDays: in.Config.Limits.ProfileAgeDays}
	}
	if u := an.usage; u != nil && u.Requests > 0 {
		r.Usage = &reviewUsage{Requests: u.Requests, Basis: u.Basis(), First: u.First, Last: u.Last, counted: countedOf(u.Requests, u.Sample(), u.Basis())}
	}
	r.imports(e, in.Config.Thresholds.LightMS, in.Config.Thresholds.HotUsage)
	if e.FastPath != nil {
		r.FastPath = e.Entry.FastPath
		l := in.Config.Limits
		r.Limits = &reviewLimits{
			Imports: e.FastPath.CountNames(), ImportLimit: l.Imports, TotalMS: round3(e.FastPathTotal()), TotalLimitMS: l.TotalMS,
			CodeLines: e.FastPath.CodeLines, CodeLinesLimit: l.CodeLines,
		}
	}
	for _, ch := range check.Changes(e.Evidence, in.Installed) {
		r.Changes = append(r.Changes, reviewChange{ch.Name, ch.From, ch.To})
	}
	r.Findings = report.Findings(check.Run(in).Findings)
	return r
}

// imports sorts the module-level imports that need an exception by what to do
// with them: those that few requests use, and the exceptions that stay.
func (r *reviewEntry) imports(e *check.Entry, lightMS, hotUsage float64) {
	seen := map[string]bool{}
	for _, it := range e.Plan.Items {
		if e.Evidence == nil {
			r.listed(e, it, lightMS, hotUsage)
			continue
		}
		if it.Existing || !it.Measured || seen[it.Module] || it.AloneMS < lightMS && it.Decision != plan.Tier2 || it.Rule == plan.RuleStartup {
			continue
		}
		seen[it.Module] = true
		ri := reviewImport{
			Module: it.Module, File: it.Import.In.File, Line: it.Line, AloneMS: round3(it.AloneMS), SavesMS: round3(it.SavesMS),
			Decision: it.Decision, Reason: it.Reason,
		}
		if !it.UsageKnown {
			r.Unknown = append(r.Unknown, it.Module)
			continue
		}
		share := it.Usage
		ri.UsageShare = &share
		if math.Round(share*1e6)/1e4 < hotUsage {
			r.Consider = append(r.Consider, ri)
		} else {
			r.Exceptions = append(r.Exceptions, ri)
		}
	}
	slices.SortStableFunc(r.Consider, func(a, b reviewImport) int {
		switch {
		case *a.UsageShare < *b.UsageShare:
			return -1
		case *a.UsageShare > *b.UsageShare:
			return 1
		}
		return strings.Compare(a.Module, b.Module)
	})
}

// listed reviews, where nothing was profiled, an exception of the fast path
// file by the time that stands there: what logs say about it holds all the same.
func (r *reviewEntry) listed(e *check.Entry, it *plan.Item, lightMS, hotUsage float64) {
	if e.FastPath == nil || !it.FromFastPath || !it.UsageKnown || math.Round(it.Usage*1e6)/1e4 >= hotUsage {
		return
	}
	line, _ := e.FastPath.Find(it.Import.Binds)
	if line == nil || !line.Measured || line.MS < lightMS || slices.ContainsFunc(r.Consider, func(i reviewImport) bool { return i.Module == it.Module }) {
		return
	}
	share := it.Usage
	r.Consider = append(r.Consider, reviewImport{
		Module: it.Module, File: it.Import.In.File, Line: it.Line, AloneMS: line.MS, UsageShare: &share,
		Decision: it.Decision, Reason: "listed there with " + fastfile.FormatMS(line.MS) + ", never profiled",
	})
}

// reviewShare is a share in whole percent, or with a decimal where that would not show
// that it is below hotUsage.
func reviewShare(share, hotUsage float64) string {
	if percent := share * 100; percent < hotUsage && math.Round(percent) >= hotUsage {
		return fmt.Sprintf("%.1f%%", math.Floor(percent*10+1e-6)/10)
	}
	return fmt.Sprintf("%.0f%%", share*100)
}

// printReview prints the review of one entry for people. The lines "Consider
// lazy loading" are those of the founding documents.
func printReview(w io.Writer, t *term.Terminal, r *reviewEntry, hotUsage float64) {
	head := []string{t.Bold(r.Entry)}
	switch p := r.Profile; {
	case p == nil:
		head = append(head, "never profiled")
	default:
		head = append(head, fmt.Sprintf("profile of %s, %s", p.Date, strings.TrimPrefix(ageText(p.Date, p.AgeDays), "evidence ")))
	}
	if u := r.Usage; u != nil {
		head = append(head, fmt.Sprintf("%s, %s to %s", u.counted, u.First, u.Last))
	} else {
		head = append(head, "no usage data")
	}
	fmt.Fprintf(w, "%s\n\n", strings.Join(head, " · "))
	for _, i := range r.Consider {
		fmt.Fprintf(w, "Consider lazy loading: %s (%s)\n", i.Module, reviewShare(*i.UsageShare, hotUsage))
	}
	switch {
	case r.Profile == nil && len(r.Consider) > 0:
		fmt.Fprintln(w, "more can be said with a profile; run fastpath profile")
	case r.Profile == nil:
		fmt.Fprintln(w, "nothing can be said without a profile; run fastpath profile")
	case len(r.Consider) == 0:
		fmt.Fprintf(w, "no heavy import at module level is used by less than %s%% of requests\n", grouped(hotUsage))
	}
	if len(r.Unknown) > 0 {
		fmt.Fprintf(w, "usage unknown: %s; run fastpath usage invoke or fastpath usage ingest\n", strings.Join(r.Unknown, ", "))
	}
	if list := append(slices.Clone(r.Consider), r.Exceptions...); len(list) > 0 {
		tab := &term.Table{Columns: []term.Column{{Title: "import"}, {Title: "alone", Right: true}, {Title: "saves", Right: true}, {Title: "used", Right: true}, {Title: "where"}, {Title: "why it is there"}}}
		for _, i := range list {
			saves := "-"
			if i.SavesMS >= 0.05 {
				saves = fastfile.FormatMS(i.SavesMS)
			}
			tab.Row(i.Module, fastfile.FormatMS(i.AloneMS), saves, reviewShare(*i.UsageShare, hotUsage), fmt.Sprintf("%s:%d", i.File, i.Line), i.Reason)
		}
		fmt.Fprintf(w, "\n%s", tab.Render(t))
	}
	fmt.Fprintln(w)
	if l := r.Limits; l != nil {
		fmt.Fprintf(w, "%-10s %s of %s, %d of %d imports, %d of %d code lines\n", r.FastPath+":", fastfile.FormatMS(l.TotalMS), fastfile.FormatMS(l.TotalLimitMS),
			l.Imports, l.ImportLimit, l.CodeLines, l.CodeLinesLimit)
	} else {
		fmt.Fprintln(w, "there is no fast path file")
	}
	for _, c := range r.Changes {
		fmt.Fprintf(w, "changed since the profile: %s\n", check.Change{Name: c.Distribution, From: c.From, To: c.To})
	}
	count := map[string]int{}
	for _, f := range r.Findings {
		if f.Severity != diag.Info.String() {
			count[f.Rule]++
		}
	}
	if len(count) == 0 {
		fmt.Fprintln(w, "fastpath check finds nothing")
		return
	}
	var rules []string
	total := 0
	for _, rule := range check.Rules() {
		if n := count[rule.ID]; n > 0 {
			total += n
			rules = append(rules, fmt.Sprintf("%d %s (%s)", n, rule.ID, rule.Title))
		}
	}
	fmt.Fprintf(w, "fastpath check finds %d %s:\n  %s\n", total, plural(total, "thing"), strings.Join(rules, "\n  "))
}
