package check

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/diag"
)

var fp109 = &rule{
	Rule: diag.Rule{
		ID: "FP109", Severity: diag.Error, Since: "0.1.0",
		Title: "__all__ and the imports of the fast path file differ",
		Text: `Handlers read the file with "from fast_path import *", and __all__ decides what they get. A name that is imported but not listed is
undefined in the handler; a listed name that nothing binds fails at the star import.

"fastpath apply --only file" writes __all__ from the imports.`,
		Before: `import json  # 0.8ms
import logging  # 4.2ms

__all__ = ["json"]`,
		After: `import json  # 0.8ms
import logging  # 4.2ms

__all__ = [
    "json",
    "logging",
]`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first || p.fileBroken() {
			return
		}
		c := p.entry.FastPath
		help := []string{"fastpath check --fix, or fastpath apply --only file --diff"}
		fix := p.exportsFix()
		if fix == nil {
			help = []string{"fastpath apply --only file --diff"}
		}
		bound := c.Bound()
		if !c.HasAll {
			if len(bound) > 0 {
				p.reportFile(diag.Diagnostic{Span: p.docSpan(), Message: "there is no __all__, a list of the names that the file imports", Help: help}, "")
			}
			return
		}
		listed := map[string]bool{}
		for _, e := range c.All {
			switch {
			case listed[e.Name]:
				p.reportFile(diag.Diagnostic{Span: p.fileSpan(e.Span), Message: fmt.Sprintf("__all__ lists %q twice", e.Name), Help: help, Fix: fix}, "")
			case !slices.Contains(bound, e.Name) && !slices.Contains(c.Other, e.Name):
				p.reportFile(diag.Diagnostic{Span: p.fileSpan(e.Span), Message: fmt.Sprintf("__all__ lists %q, which the file does not import", e.Name), Help: help, Fix: fix}, "")
			}
			listed[e.Name] = true
		}
		for i := range c.Imports {
			for _, n := range c.Imports[i].Names {
				if b := n.Binds(); !listed[b] && !strings.HasPrefix(b, "_") {
					p.reportFile(diag.Diagnostic{Span: p.fileSpan(n.Span), Message: fmt.Sprintf("%q is imported, but not in __all__", b), Help: help, Fix: fix}, "")
				}
			}
		}
	},
}

// exportsFix returns the fix that writes __all__ anew, sorted, one name a line:
// what is imported, and what was listed and other code binds.
func (p *pass) exportsFix() *diag.Fix {
	c, m := p.entry.FastPath, p.entry.Program.File(p.entry.Entry.FastPath)
	if !c.HasAll || m == nil || m.Broken != nil {
		return nil
	}
	var names []string
	for _, n := range c.Bound() {
		if !strings.HasPrefix(n, "_") {
			names = append(names, n)
		}
	}
	names = append(names, c.Other...)
	slices.Sort(names)
	eol := c.NewLine
	if eol == "" {
		eol = "\n"
	}
	var b strings.Builder
	b.WriteString("__all__ = [" + eol)
	for _, n := range slices.Compact(names) {
		fmt.Fprintf(&b, "    %q,%s", n, eol)
	}
	b.WriteString("]")
	return &diag.Fix{
		Title: "write __all__ from the imports",
		Edits: []diag.Edit{{File: m.File, Start: c.AllSpan.Start + offset(m), End: c.AllSpan.End + offset(m), Text: b.String()}},
	}
}
