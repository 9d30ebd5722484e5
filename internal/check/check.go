// Package check judges a project against its evidence: rules as data plus one
// function, each in a file of its own.
//
// What comes in is an Input: the parsed program, the plan and the fast path
// file of each entry, and what is known about the environment. What goes out
// are diagnostics, sorted, with those left out that the configuration turns
// off, that lie outside of the asked paths, or that a comment suppresses. The
// package reads nothing and runs nothing, so that check can run anywhere and
// says the same everywhere.
//
// A rule speaks only as far as there is evidence: what was never measured is
// reported as unmeasured, once, and not as a violation of a limit.
package check

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"fastpath/internal/config"
	"fastpath/internal/deploy"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
	"fastpath/internal/graph"
	"fastpath/internal/plan"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// Input is everything that the rules look at.
type Input struct {
	Config  *config.Config
	Entries []*Entry
	// Installed are the distributions of the environment at hand, nil when
	// there is none: what needs it is skipped.
	Installed []interp.Distribution
	// Python is the X.Y of the interpreter at hand, "" when there is none.
	Python string
	// Deployment is what deployment files say; nil where no entry has a fast
	// path file.
	Deployment *deploy.Deployment
	// Today is the day on which ages are measured.
	Today time.Time
	// Version is the language version of the sources, for fixes.
	Version syntax.Version
	// Earlier returns a fast path file as it was before its imports last
	// changed, nil when they never were otherwise; known is false where no
	// history says. It is nil where nobody asks (FP113).
	Earlier func(file string) (before *fastfile.Content, known bool)
	// Paths restrict findings to these files and to what lies below these
	// folders, relative to the project with slashes; empty is everything.
	Paths []string
}

// Entry is one entry with what is known about it.
type Entry struct {
	project.Entry
	Program  *graph.Program
	Evidence *evidence.Entry // nil: it was never profiled
	Plan     *plan.Plan
	FastPath *fastfile.Content // nil: there is no fast path file

	hot *hotPath
	// What was profiled, whatever the sources say now: the statements of the
	// project, without the name of the importing module, and all modules.
	statements map[evidence.Statement]bool
	modules    map[string]bool
	// idle are imports that make the cold start slower and that nobody uses.
	idle map[*plan.Item]bool
	// cut are the statements that should not run at import: what the plan
	// moves, and the idle ones. Figures are judged without them, so that one
	// mistake is not reported twice.
	cut graph.Cut
	// loaded are the modules at start without cut, see loadedAtStart.
	loaded map[string]bool
}

// Result is what Run found.
type Result struct {
	Findings   []diag.Diagnostic // sorted
	Suppressed int               // by comments with a reason
	Files      int               // Python files that were looked at
}

// rule is the metadata of a rule with the function that applies it to one
// entry.
type rule struct {
	diag.Rule
	check func(*pass) // nil: another package finds it
}

// rules are all rules, in the order of their ids.
var rules = []*rule{
	fp101, fp102, fp103, fp104, fp105, fp106, fp107, fp108, fp109, fp110, fp111, fp112, fp113,
	fp201, fp202, fp203, fp204, fp205, fp206, fp207, fp208,
	fp301, fp302, fp303, fp405, fp901,
}

// Rules returns the metadata of all rules, in the order of their ids.
func Rules() []diag.Rule {
	out := make([]diag.Rule, len(rules))
	for i, r := range rules {
		out[i] = r.Rule
	}
	return out
}

// finding is a diagnostic on its way.
type finding struct {
	diag.Diagnostic
	key      string // what it is about, within its rule and place
	from, to int    // lines on which a comment suppresses it
	entries  []string
}

// pass is the application of one rule to one entry.
type pass struct {
	*Input
	entry    *Entry
	rule     *rule
	severity diag.Severity
	// first: no earlier entry has the same fast path file, so that rules about
	// the file alone speak once.
	first bool
	found *[]*finding
}

// Run applies the rules.
func Run(in *Input) *Result {
	var found []*finding
	for _, e := range in.Entries {
		e.prepare()
	}
	for i, e := range in.Entries {
		first := !slices.ContainsFunc(in.Entries[:i], func(o *Entry) bool { return o.Entry.FastPath == e.Entry.FastPath })
		for _, r := range rules {
			severity := r.Severity
			if s, ok := diag.ParseSeverity(in.Config.Rules[r.ID]); ok {
				severity = s
			}
			if severity != diag.Off && r.check != nil {
				r.check(&pass{Input: in, entry: e, rule: r, severity: severity, first: first, found: &found})
			}
		}
	}
	res := &Result{}
	files := map[string]*graph.Program{}
	for _, e := range in.Entries {
		for _, m := range e.Program.Modules {
			if in.Wanted(m.File) {
				files[m.File] = e.Program
			}
		}
	}
	res.Files = len(files)
	comments := suppressions{}
	for _, f := range in.merge(found) {
		if !in.Wanted(f.Span.File) {
			continue
		}
		if comments.suppress(files[f.Span.File], f) {
			res.Suppressed++
			continue
		}
		res.Findings = append(res.Findings, f.Diagnostic)
	}
	diag.Sort(res.Findings)
	return res
}

// Wanted reports whether findings in a file are asked for: it lies below the
// paths, and the configuration does not exclude it.
func (in *Input) Wanted(file string) bool {
	if in.Config.Excluded(file) {
		return false
	}
	if len(in.Paths) == 0 {
		return true
	}
	return slices.ContainsFunc(in.Paths, func(p string) bool {
		p = path.Clean(p)
		return p == "." || file == p || strings.HasPrefix(file, p+"/")
	})
}

// merge joins what several entries say about the same thing. Where not all of
// several entries say it, a note names those that do, and where one says it with
// other figures than the first, a note has its words.
func (in *Input) merge(found []*finding) []*finding {
	type id struct {
		rule, file, key string
		line, column    int
	}
	at := map[id]*finding{}
	var out []*finding
	for _, f := range found {
		k := id{f.Rule, f.Span.File, f.key, f.Span.Line, f.Span.Column}
		if o := at[k]; o != nil {
			o.entries = append(o.entries, f.entries...)
			o.Severity = max(o.Severity, f.Severity)
			if f.Message != o.Message && len(f.entries) > 0 {
				o.Notes = append(o.Notes, "for "+strings.Join(f.entries, ", ")+": "+f.Message)
			}
			continue
		}
		at[k] = f
		out = append(out, f)
	}
	for _, f := range out {
		if len(f.entries) > 0 && len(f.entries) < len(in.Entries) {
			f.Notes = append(f.Notes, "entry: "+strings.Join(f.entries, ", "))
		}
	}
	return out
}

// report adds a finding of the rule. Key tells findings at one place apart;
// "" takes the message.
func (p *pass) report(d diag.Diagnostic, key string) *finding {
	d.Rule = p.rule.ID
	if d.Severity == diag.Off || d.Severity > p.severity {
		d.Severity = p.severity
	}
	if key == "" {
		key = d.Message
	}
	f := &finding{Diagnostic: d, key: key, from: d.Span.Line, to: max(d.Span.Line, d.Span.EndLine)}
	if len(p.Entries) > 1 {
		f.entries = []string{p.entry.Name}
	}
	*p.found = append(*p.found, f)
	return f
}

// reportStmt is report for a place within an import statement: a comment on
// any line of the statement suppresses the finding.
func (p *pass) reportStmt(imp *graph.Import, d diag.Diagnostic, key string) {
	f := p.report(d, key)
	s := nodeSpan(imp.In, imp.Stmt)
	f.from, f.to = s.Line, s.EndLine
}

// reportFile is report for a finding about the fast path file as such, which
// speaks for every entry that shares it.
func (p *pass) reportFile(d diag.Diagnostic, key string) {
	p.report(d, key).entries = nil
}

// fileBroken reports whether the fast path file does not parse: what it lacks
// may stand behind the error, which is FP901's matter.
func (p *pass) fileBroken() bool {
	m := p.entry.Program.File(p.entry.Entry.FastPath)
	return m != nil && m.Broken != nil
}

// fileSpan is a place of the fast path file.
func (p *pass) fileSpan(s fastfile.Span) diag.Span {
	return diag.Span{File: p.entry.Entry.FastPath, Line: s.Line, Column: s.Column, EndLine: s.EndLine, EndColumn: s.EndColumn}
}

// docSpan is the docstring of the fast path file, or its first line.
func (p *pass) docSpan() diag.Span {
	if d := p.entry.FastPath.Doc; d.Present {
		return p.fileSpan(d.Span)
	}
	return diag.Span{File: p.entry.Entry.FastPath, Line: 1, Column: 1, EndLine: 1, EndColumn: 1}
}

// entrySpan is the place of the entry.
func (p *pass) entrySpan() diag.Span {
	line := max(1, p.entry.Line)
	return diag.Span{File: p.entry.File, Line: line, Column: 1, EndLine: line, EndColumn: 1}
}

// nodeSpan is the place of a node.
func nodeSpan(m *graph.Module, n syntax.NodeID) diag.Span {
	d := m.Syntax.Node(n)
	s := diag.Span{File: m.File}
	s.Line, s.Column = m.Syntax.Position(d.Start)
	s.EndLine, s.EndColumn = m.Syntax.Position(d.End)
	return s
}

// moduleSpan is the place where an import names its module: "pandas" in
// "import pandas as pd" and in "from pandas import x", but "report" in "from
// views import report" when that is a module.
func moduleSpan(imp *graph.Import) diag.Span {
	f := imp.In.Syntax
	at := imp.Stmt
	switch {
	case f.Kind(imp.Stmt) == syntax.Import || imp.Target != imp.Base:
		at = f.Child(imp.Alias, syntax.DottedName)
	case f.Child(imp.Stmt, syntax.DottedName) != syntax.None:
		at = f.Child(imp.Stmt, syntax.DottedName)
	}
	if at == syntax.None {
		at = imp.Stmt
	}
	return nodeSpan(imp.In, at)
}

// lineText names a place for people: "conf.py:18".
func lineText(m *graph.Module, n syntax.NodeID) string {
	return fmt.Sprintf("%s:%d", m.File, m.Line(n))
}

// usageText is "used by 5% of requests" for a share from 0 to 1.
func usageText(share float64, known bool) string {
	switch {
	case !known:
		return "usage unknown"
	case share <= 0:
		return "used by no request"
	case share >= 0.995:
		return "used by every request"
	}
	return "used by " + percent(share*100) + " of requests"
}

// percent writes a usage figure as a whole percent; what is above zero is not
// called 0%.
func percent(p float64) string {
	if p > 0 && p < 0.5 {
		return "under 1%"
	}
	return fmt.Sprintf("%.0f%%", p)
}
