package check

import (
	"fmt"
	"slices"

	"fastpath/internal/config"
	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

var fp208 = &rule{
	Rule: diag.Rule{
		ID: "FP208", Severity: diag.Error, Since: "0.1.0",
		Title: "an undefined name in a file that star-imports",
		Text: `Linters cannot see what "from fast_path import *" brings, so they stop looking for misspelt names in the file. fastpath knows what the fast
path file exports, and reports names that neither the file, nor its star imports, nor Python define. A module that left the fast path file
while somebody still uses it is found like this, too.

Correct the name, import the module where it is used, or add it to the fast path file.`,
		Before: `from fast_path import *  # exports json

def handle(event):
    return jsn.loads(event["body"])`,
		After: `from fast_path import *  # exports json

def handle(event):
    return json.loads(event["body"])`,
	},
	check: func(p *pass) {
		for _, m := range p.entry.reached() {
			stars, readable := false, m.Broken == nil && len(m.Scope.DynamicNames) == 0
			for _, imp := range m.Imports {
				if imp.Binds != "*" {
					continue
				}
				stars = true
				for _, t := range p.entry.Program.Targets(imp) {
					readable = readable && t.Broken == nil
				}
			}
			if stars && readable {
				p.undefined(m)
			}
		}
	},
}

// undefined reports the undefined names of a module, each once.
func (p *pass) undefined(m *graph.Module) {
	count := map[string]int{}
	var first []scope.Use
	for _, u := range p.entry.Program.Undefined(m) {
		// "_" is what gettext puts among the builtins.
		name := m.Syntax.Text(u.Node)
		if p.entry.lists(name) || u.Annotation || m.Syntax.Kind(u.Node) != syntax.Name || name == "_" || expected(m.Syntax, u.Node) {
			continue
		}
		if count[name]++; count[name] == 1 {
			first = append(first, u)
		}
	}
	if len(first) == 0 {
		return
	}
	known := p.namesOf(m)
	for _, u := range first {
		name := m.Syntax.Text(u.Node)
		d := diag.Diagnostic{
			Span:    nodeSpan(m, u.Node),
			Message: fmt.Sprintf("undefined name %q: neither this file nor its star imports define it", name),
			Help:    []string{fmt.Sprintf("import it where it is used, or add it to %s", p.entry.Entry.FastPath)},
		}
		if n := count[name]; n > 1 {
			d.Notes = []string{fmt.Sprintf("used in %d places of this file", n)}
		}
		if near := config.Nearest(name, known); near != "" {
			d.Help = append([]string{fmt.Sprintf("did you mean %q?", near)}, d.Help...)
		}
		p.report(d, name)
	}
}

// lists reports whether the fast path file imports a name: that __all__ lacks
// it is the matter of FP109.
func (e *Entry) lists(name string) bool {
	if e.FastPath == nil {
		return false
	}
	imp, _ := e.FastPath.Find(name)
	return imp != nil
}

// namesOf lists what a module defines and what the fast path file exports.
func (p *pass) namesOf(m *graph.Module) []string {
	var names []string
	for n := range m.Scope.Bindings() {
		names = append(names, string(n))
	}
	if p.entry.FastPath != nil {
		names = append(names, p.entry.FastPath.Bound()...)
	}
	slices.Sort(names)
	return names
}

var nameError = regexps.New(`\b(NameError|Exception|BaseException)\b`)

// expected reports whether a name stands where its absence is provided for: in
// a try statement whose handlers take a NameError, or every error.
func expected(f *syntax.File, n syntax.NodeID) bool {
	for c, up := n, f.Parent(n); up != syntax.None; c, up = up, f.Parent(up) {
		if f.Kind(up) != syntax.Try || f.Kind(c) != syntax.Block {
			continue
		}
		for h := range f.Children(up) {
			if f.Kind(h) != syntax.Handler {
				continue
			}
			caught := ""
			if t := f.First(h); t != syntax.None && f.Kind(t) != syntax.Block {
				caught = f.Text(t)
			}
			if caught == "" || nameError().MatchString(caught) {
				return true
			}
		}
	}
	return false
}
