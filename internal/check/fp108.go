package check

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
)

var fp108 = &rule{
	Rule: diag.Rule{
		ID: "FP108", Severity: diag.Warning, Since: "0.1.0",
		Title: "the profile is stale",
		Text: `Decisions are as good as the evidence behind them. The profile is stale when it is older than 31 days (the older of the dates in the fast
path file and in fastpath.lock counts), when distributions changed since, when a module of the hot path was never measured, when the
interpreter changed from one X.Y to another, or when the last "fastpath bench" found init plus first request slower than the one before it,
by more than limits.regression-percent and 5 ms. Moving an import by itself is none of these.

Run "fastpath profile" and, when figures moved, "fastpath apply --only file". Another age is set by [tool.fastpath.limits]
profile-age-days.`,
		Before: `"""
Last profiled: 2025-11-08
"""`,
		After: `"""
Last profiled: 2026-11-22
"""`,
	},
	check: func(p *pass) {
		if p.entry.Evidence == nil {
			span := p.entrySpan()
			if p.entry.FastPath != nil {
				span = p.docSpan()
			}
			p.report(diag.Diagnostic{
				Span: span, Message: fmt.Sprintf("%s was never profiled: %s has nothing about it", p.entry.Name, evidence.FileName),
				Help: []string{"fastpath profile " + p.entry.Name},
			}, "")
			return
		}
		p.checkAge()
		p.checkDistributions()
		p.checkInterpreter()
		p.checkUnmeasured()
		p.checkBench()
	},
}

// staleSpan is the place of a finding about the profile.
func (p *pass) staleSpan() diag.Span {
	if p.entry.FastPath != nil {
		return p.docSpan()
	}
	return p.entrySpan()
}

// day is the layout of dates in the lock and in the fast path file.
const day = "2006-01-02"

// ProfileDate returns the date that the age of an entry's profile is counted
// from, and the file that says so: the older of the fast path file's and the
// lock's. It is empty when neither has one.
func (e *Entry) ProfileDate() (date, file string) {
	if e.Evidence != nil {
		date, file = e.Evidence.Measured, evidence.FileName
	}
	if e.FastPath != nil {
		d := e.FastPath.Doc.Profile.Date // people may have written it: FP102 reports what is no date
		if _, err := time.Parse(day, d); err == nil && (date == "" || d < date) {
			date, file = d, e.Entry.FastPath
		}
	}
	return date, file
}

// Age returns how many days a date lies before today; ok is false when it is
// no date.
func Age(date string, today time.Time) (days int, ok bool) {
	t, err := time.Parse(day, date)
	if err != nil {
		return 0, false
	}
	y, m, d := today.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Sub(t).Hours() / 24), true
}

func (p *pass) checkAge() {
	date, file := p.entry.ProfileDate()
	age, ok := Age(date, p.Today)
	limit := p.Config.Limits.ProfileAgeDays
	help := "fastpath profile " + p.entry.Name
	if file == p.entry.Entry.FastPath && p.entry.Evidence.Measured > date {
		help = "fastpath apply --only file"
	}
	switch {
	case !ok:
		return // FP102 says that there is no date
	case age > limit:
		p.report(diag.Diagnostic{
			Span:    p.staleSpan(),
			Message: fmt.Sprintf("the profile is %d days old (%s in %s), the limit is %d", age, date, file, limit),
			Help:    []string{help},
		}, "age")
	case age < -1: // a day for time zones
		p.report(diag.Diagnostic{
			Span:    p.staleSpan(),
			Message: fmt.Sprintf("the profile is dated in the future (%s in %s); today is %s", date, file, p.Today.Format(day)),
			Help:    []string{"check the clock, then: " + help},
		}, "age")
	}
}

func (p *pass) checkDistributions() {
	changes := Changes(p.entry.Evidence, p.Installed)
	if len(changes) == 0 {
		return
	}
	list := make([]string, len(changes))
	for i, c := range changes {
		list[i] = c.String()
	}
	p.report(diag.Diagnostic{
		Span:    p.staleSpan(),
		Message: fmt.Sprintf("distributions changed since the profile of %s: %s", p.entry.Evidence.Measured, strings.Join(list, ", ")),
		Help:    []string{"fastpath profile " + p.entry.Name},
	}, "distributions")
}

// Change is a distribution that is installed in another version than the one
// that was profiled.
type Change struct {
	Name string
	From string // version that was profiled
	To   string // version at hand, "" when it is not installed
}

// String is "boto3 1.34.0 -> 1.35.1".
func (c Change) String() string {
	if c.To == "" {
		return fmt.Sprintf("%s %s -> not installed", c.Name, c.From)
	}
	return fmt.Sprintf("%s %s -> %s", c.Name, c.From, c.To)
}

// Changes compares the profiled distributions with the installed ones. An
// environment that has none of them is another one and says nothing.
func Changes(e *evidence.Entry, installed []interp.Distribution) []Change {
	if e == nil || len(installed) == 0 {
		return nil
	}
	versions := map[string]string{}
	for _, d := range installed {
		versions[interp.NormalizeName(d.Name)] = d.Version
	}
	var out []Change
	found := false
	for _, d := range e.Distributions {
		to := versions[interp.NormalizeName(d.Name)]
		found = found || to != ""
		if to != d.Version {
			out = append(out, Change{d.Name, d.Version, to})
		}
	}
	if !found {
		return nil
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (p *pass) checkInterpreter() {
	was := evidence.XY(p.entry.Evidence.Environment.Version)
	if was == "" || p.Python == "" || was == p.Python {
		return
	}
	p.report(diag.Diagnostic{
		Span:    p.staleSpan(),
		Message: fmt.Sprintf("the interpreter changed since the profile of %s: Python %s -> %s", p.entry.Evidence.Measured, was, p.Python),
		Help:    []string{"fastpath profile --replace " + p.entry.Name, "or name the interpreter that was profiled: --python PATH"},
	}, "interpreter")
}

// minRegression is the least difference in milliseconds between two benches
// that counts: less is noise, whatever the percentage.
const minRegression = 5

// checkBench reports that a cold start got slower from one bench to the next.
func (p *pass) checkBench() {
	before, now, ok := p.entry.Evidence.ColdStarts()
	percent := p.Config.Limits.RegressionPercent
	if !ok || !degraded(before, now, percent) {
		return
	}
	b, was := p.entry.Evidence.Bench, p.entry.Evidence.BenchBefore
	p.report(diag.Diagnostic{
		Span: p.staleSpan(),
		Message: fmt.Sprintf("the last bench degraded: init and first request took %.0fms on %s, %.0fms on %s; the limit is +%v%%",
			before, was.Date, now, b.Date, percent),
		Help: []string{"fastpath profile " + p.entry.Name, "or compare with a revision from before: fastpath bench --against REV " + p.entry.Name},
	}, "bench")
}

// degraded reports whether now is slower than before (milliseconds) by more
// than percent, and by more than noise.
func degraded(before, now, percent float64) bool {
	return now-before > minRegression && now-before > before*percent/100
}

// checkUnmeasured reports modules that the hot path imports and the evidence
// does not know, each once. Lines of the fast path file are FP110's.
func (p *pass) checkUnmeasured() {
	seen := map[string]bool{}
	for _, m := range p.entry.hot.order {
		if !p.entry.hot.always[m] || m.File == p.entry.Entry.FastPath {
			continue
		}
		for _, imp := range m.Imports {
			if !p.entry.unmeasured(imp) || seen[imp.Target] || p.isFastPath(imp) {
				continue
			}
			seen[imp.Target] = true
			d := diag.Diagnostic{
				Span:    moduleSpan(imp),
				Message: fmt.Sprintf("%q is on the hot path, but was never profiled", imp.Target),
				Help:    []string{"fastpath profile " + p.entry.Name},
			}
			if chain := p.entry.hot.chain(m, p.entry.Entry.FastPath); chain != "" {
				d.Notes = append(d.Notes, "chain: "+chain)
			}
			p.reportStmt(imp, d, imp.Target)
		}
	}
}

// unmeasured reports whether an import certainly runs at start and loads a
// module that the evidence does not know.
func (e *Entry) unmeasured(imp *graph.Import) bool {
	if imp.Runs != "import" || imp.Scope == "function" || imp.Future || imp.Lazy || optional(imp) || !e.fresh(imp) {
		return false
	}
	switch imp.Kind {
	case resolve.KindBuiltin, resolve.KindFrozen, resolve.KindNamespace:
		return false // free, or without a body
	case resolve.KindMissing:
		// Check also runs where the packages are not installed: only what may
		// fail to load is taken for absent.
		if slices.Contains(imp.Context, "try") {
			return false
		}
	}
	return !e.modules[imp.Target]
}

// isFastPath reports whether an import names the fast path file itself, which
// apply may have written after the profile.
func (p *pass) isFastPath(imp *graph.Import) bool {
	for _, m := range p.entry.Program.Targets(imp) {
		if m.File == p.entry.Entry.FastPath {
			return true
		}
	}
	return false
}
