// Package doctor finds mistakes of the environment that make every start
// slower: byte-code that is missing or thrown away, code that site runs, long
// search paths, interpreter options, garbage collection, and modules that are
// looked for in vain again and again.
//
// What comes in is an Input: the interpreter that was found, the environment
// variables, what deployment files say, and the evidence of each entry. What
// goes out are diagnostics with an estimate of what each costs a start, in ms:
// a share of what the lock measured, by factors that were measured elsewhere
// and that the notes name. Files are read; no Python is started.
package doctor

import (
	"cmp"
	"fmt"
	"math"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/check"
	"fastpath/internal/config"
	"fastpath/internal/deploy"
	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
)

// Input is everything that the rules look at.
type Input struct {
	Root        string // absolute folder of the project
	Config      *config.Config
	Entries     []*Entry
	Interpreter *interp.Interpreter // nil: what needs it is skipped
	Env         []string            // as os.Environ
	Deployment  *deploy.Deployment
	Writable    func(dir string) bool // whether new files can be made in a folder

	bytecode []*tree
}

// Entry is one entry with what is known about it.
type Entry struct {
	project.Entry
	Program  *graph.Program
	Evidence *evidence.Entry // nil: it was never profiled

	resolver *resolve.Resolver
}

// Result is what Run found.
type Result struct {
	Findings   []diag.Diagnostic // sorted
	Suppressed int               // by comments with a reason
}

// rule is the metadata of a rule with the function that applies it.
type rule struct {
	diag.Rule
	check func(*pass)
}

// rules are all rules, in the order of their ids.
var rules = []*rule{fp401, fp402, fp403, fp404, fp406, fp407, fp408, fp409}

// Rules returns the metadata of all rules, in the order of their ids.
func Rules() []diag.Rule {
	out := make([]diag.Rule, len(rules))
	for i, r := range rules {
		out[i] = r.Rule
	}
	return out
}

// pass is the application of one rule.
type pass struct {
	*Input
	rule     *rule
	severity diag.Severity
	found    []diag.Diagnostic
}

// Run applies the rules.
func Run(in *Input) *Result {
	for _, e := range in.Entries {
		e.resolver = resolve.New([]string{filepath.Join(in.Root, filepath.FromSlash(e.ImportRoot))}, in.Interpreter)
	}
	in.bytecode = in.trees()
	res := &Result{}
	comments := check.NewComments()
	for _, r := range rules {
		p := &pass{Input: in, rule: r, severity: r.Severity}
		if s, ok := diag.ParseSeverity(in.Config.Rules[r.ID]); ok {
			p.severity = s
		}
		if p.severity == diag.Off {
			continue
		}
		r.check(p)
		for _, d := range p.found {
			if in.Config.Excluded(d.Span.File) {
				continue
			}
			if comments.Suppress(in.program(d.Span.File), &d) {
				res.Suppressed++
				continue
			}
			res.Findings = append(res.Findings, d)
		}
	}
	diag.Sort(res.Findings)
	return res
}

// program returns a program that has a file, or nil.
func (in *Input) program(file string) *graph.Program {
	for _, e := range in.Entries {
		if e.Program.File(file) != nil {
			return e.Program
		}
	}
	return nil
}

// report adds a finding. A rule may call it less severe than it is by default.
func (p *pass) report(d diag.Diagnostic) {
	d.Rule = p.rule.ID
	if d.Severity == diag.Off || d.Severity > p.severity {
		d.Severity = p.severity
	}
	if !slices.ContainsFunc(p.found, func(o diag.Diagnostic) bool { return o.Span == d.Span && o.Message == d.Message }) {
		p.found = append(p.found, d)
	}
}

// place returns the span of a file, relative to the project where it is below
// it and absolute elsewhere.
func (in *Input) place(file string, line int) diag.Span {
	return diag.Span{File: in.relative(file), Line: max(1, line), Column: 1, EndLine: max(1, line), EndColumn: 1}
}

// relative shortens an absolute path of the project, with slashes.
func (in *Input) relative(file string) string {
	if rel, err := filepath.Rel(in.Root, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return filepath.ToSlash(file)
}

// entryPlace is where an entry is defined: findings about the environment of
// the shell have no file of their own.
func (in *Input) entryPlace(e *Entry) diag.Span {
	return in.place(filepath.Join(in.Root, filepath.FromSlash(e.File)), e.Line)
}

// total returns the entry with evidence that takes longest to import, and its
// time in ms; nil where nothing was profiled.
func (in *Input) total() (*Entry, float64) {
	var longest *Entry
	for _, e := range in.Entries {
		if e.Evidence != nil && (longest == nil || e.Evidence.TotalMinMS > longest.Evidence.TotalMinMS) {
			longest = e
		}
	}
	if longest == nil {
		return nil, 0
	}
	return longest, longest.Evidence.TotalMinMS
}

// variable returns the value of a variable of the shell, "" when it is unset.
func (in *Input) variable(name string) string {
	for _, kv := range slices.Backward(in.Env) {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			return v
		}
	}
	return ""
}

// setting is an environment variable, of the shell or of a deployment file.
type setting struct {
	deploy.Variable
	span  diag.Span
	shell bool
	where string // "in the environment of this shell", "in Dockerfile"
}

// settings returns everything that sets one of the variables to a value.
func (in *Input) settings(names ...string) []setting {
	var out []setting
	for _, name := range names {
		if v := in.variable(name); v != "" && len(in.Entries) > 0 {
			out = append(out, setting{
				Variable: deploy.Variable{Name: name, Value: v}, span: in.entryPlace(in.Entries[0]), shell: true, where: "in the environment of this shell",
			})
		}
	}
	for _, v := range in.Deployment.Variables {
		if slices.Contains(names, v.Name) && v.Value != "" {
			s := setting{Variable: v, span: in.place(filepath.Join(in.Root, filepath.FromSlash(v.File)), v.Line), where: "in " + path.Base(v.File)}
			if v.Function != "" {
				s.where = fmt.Sprintf("for the function %q", v.Function)
			}
			out = append(out, s)
		}
	}
	return out
}

// about writes an estimate behind a message, nothing where there is none; each
// is what pays it, such as "a start".
func about(ms float64, each string) string {
	if ms < 0.05 {
		return ""
	}
	return fmt.Sprintf(", about %s %s (estimated)", msText(ms), each)
}

// msText writes milliseconds with a decimal below 10.
func msText(ms float64) string {
	if math.Abs(ms) < 9.95 {
		return fmt.Sprintf("%.1fms", ms)
	}
	return fmt.Sprintf("%.0fms", ms)
}

// counted is "1 module" or "3 modules".
func counted(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// some lists names, the first few of many.
func some(list []string, limit int) string {
	if len(list) > limit {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:limit], ", "), len(list)-limit)
	}
	return strings.Join(list, ", ")
}

// dearest sorts names by their figures, the largest first.
func dearest(figures map[string]float64) []string {
	names := make([]string, 0, len(figures))
	for n := range figures {
		names = append(names, n)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(figures[b], figures[a]), cmp.Compare(a, b))
	})
	return names
}
