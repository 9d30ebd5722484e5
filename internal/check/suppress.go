package check

import (
	"fmt"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/regexps"
)

// ignore is one comment "# fastpath: ignore[FP201, FP110] reason".
type ignore struct {
	rules  []string // as written, none when the brackets are missing
	reason string
}

// suppressions are the comments by file and line, read when first needed.
type suppressions map[*graph.Module]map[int][]ignore

// Comments are the comments that suppress findings, for rules of other packages.
type Comments struct{ read suppressions }

// NewComments returns comments that are read when they are first needed.
func NewComments() *Comments { return &Comments{suppressions{}} }

// Suppress reports whether a comment on a line of the finding suppresses it;
// prog is a program that has its file, nil for files that are no source of the
// project. A comment that only seems to do so is mentioned in the finding's
// notes.
func (c *Comments) Suppress(prog *graph.Program, d *diag.Diagnostic) bool {
	f := &finding{Diagnostic: *d, from: d.Span.Line, to: max(d.Span.Line, d.Span.EndLine)}
	suppressed := c.read.suppress(prog, f)
	d.Notes = f.Notes
	return suppressed
}

var ignoreText = regexps.New(`#\s*fastpath:\s*ignore\b(?:\[([^\]#]*)\])?([^#]*)`)

// suppress reports whether a comment on one of the finding's lines suppresses
// it. A comment that only seems to do so is mentioned in the finding.
func (s suppressions) suppress(prog *graph.Program, f *finding) bool {
	if prog == nil {
		return false
	}
	m := prog.File(f.Span.File)
	lines, ok := s[m]
	if !ok {
		lines = map[int][]ignore{}
		if !prog.Mentions(m, "fastpath:") { // nor has it such a comment
			s[m] = lines
			return false
		}
		if t := prog.Tree(m); t != nil {
			for _, c := range t.Comments {
				line, _ := t.Position(c.Start)
				for _, found := range ignoreText().FindAllStringSubmatch(string(t.Src[c.Start:c.End]), -1) {
					lines[line] = append(lines[line], newIgnore(found[1], found[2]))
				}
			}
		}
		s[m] = lines
	}
	for line := f.from; line <= f.to; line++ {
		for _, i := range lines[line] {
			switch {
			case len(i.rules) == 0:
				f.Notes = append(f.Notes, fmt.Sprintf("the comment in line %d names no rule, so it suppresses nothing; write # fastpath: ignore[%s] and the reason", line, f.Rule))
			case !i.names(f.Rule):
			case i.reason == "":
				f.Notes = append(f.Notes, fmt.Sprintf("the comment in line %d gives no reason, so it suppresses nothing; write it behind the brackets", line))
			default:
				return true
			}
		}
	}
	return false
}

func newIgnore(rules, reason string) ignore {
	i := ignore{reason: strings.Trim(reason, " \t\f-:,.")}
	for _, r := range strings.Split(rules, ",") {
		if r = strings.TrimSpace(r); r != "" {
			i.rules = append(i.rules, r)
		}
	}
	return i
}

func (i *ignore) names(rule string) bool {
	for _, r := range i.rules {
		if strings.EqualFold(r, rule) {
			return true
		}
	}
	return false
}
