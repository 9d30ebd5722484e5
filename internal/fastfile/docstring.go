package fastfile

import (
	"strconv"
	"strings"

	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

var (
	profiledLine = regexps.New(`(?i)^last profiled:\s*(.*)$`)
	profiledDate = regexps.New(`^(\d{4}-\d{2}-\d{2})(?:\s*\((.*)\))?$`)
	runsFact     = regexps.New(`^min of (\d+)$`)
	bytecodeFact = regexps.New(`^byte-code (\w+)$`)
	targetLine   = regexps.New(`(?i)^cold start target:\s*(.*)$`)
	targetFigure = regexps.New(`(?i)^(?:<|under)?\s*(\d+(?:\.\d+)?)\s*(seconds?|secs?|s|ms|milliseconds?)\b`)
	totalLine    = regexps.New(`^Total: (\d+(?:\.\d+)?)ms of (\d+(?:\.\d+)?)ms, (\d+) of (\d+) imports$`)
	lightLine    = regexps.New(`(?i)^-?\s*import time <\s*(\d+(?:\.\d+)?)\s*ms\b`)
	usageLine    = regexps.New(`(?i)^-?\s*used on >\s*(\d+(?:\.\d+)?)\s*% of requests\b`)
	criteriaLine = regexps.New(`(?i)\bcriteria\b`)
)

// docstring reads the docstring of the file; ok is false when the statement
// is no docstring.
func (r *reader) docstring(s syntax.NodeID) bool {
	f := r.f
	e := f.First(s)
	if f.Kind(e) != syntax.String || f.Node(e).Flags&(syntax.FlagBytes|syntax.FlagFormat) != 0 || r.broken(s) {
		return false
	}
	body, raw, ok := stringBody(f.Text(e))
	if !ok {
		return false
	}
	// Comments above the docstring, and one behind it, belong to the head.
	r.gap = false
	if c, ok := r.trailing(s); ok {
		r.aside(string(f.Src[c.Start:c.End]))
	}
	r.section = SectionHead
	r.flush()
	r.docs, r.section = false, SectionTop
	d := &r.c.Doc
	d.Present, d.Span = true, r.span(s)
	var extra []string
	for i, l := range linesOf([]byte(body)) {
		line := strings.TrimRight(body[l.start:l.end], " \t\f")
		if r.docLine(d, strings.TrimSpace(line), i == 0) {
			continue
		}
		if raw {
			line = strings.ReplaceAll(line, `\`, `\\`)
		}
		extra = append(extra, quotable(line))
	}
	d.Extra = trimBlank(extra)
	return true
}

// docLine reads one line of the docstring; it reports whether the line is one
// that Render writes itself.
func (r *reader) docLine(d *Doc, line string, first bool) bool {
	t := &r.c.Thresholds
	switch {
	case line == title, first && line == "":
		return true
	case line == "ONLY modules meeting criteria:":
		d.Criteria = true
		return true
	}
	if m := lightLine().FindStringSubmatch(line); m != nil {
		d.Criteria = true
		t.LightMS = parseNumber(m[1])
		return strings.EqualFold(line, "- Import time <"+number(t.LightMS)+"ms, OR")
	}
	if m := usageLine().FindStringSubmatch(line); m != nil {
		d.Criteria = true
		t.HotUsage = parseNumber(m[1])
		return strings.EqualFold(line, "- Used on >"+number(t.HotUsage)+"% of requests (hot path exception)")
	}
	if m := profiledLine().FindStringSubmatch(line); m != nil {
		return d.Profile.read(strings.TrimSpace(m[1]))
	}
	if m := targetLine().FindStringSubmatch(line); m != nil && !d.Target {
		d.Target = true
		if n := targetFigure().FindStringSubmatch(strings.TrimSpace(m[1])); n != nil {
			d.TargetMS = parseNumber(n[1])
			if unit := strings.ToLower(n[2]); !strings.HasPrefix(unit, "m") {
				d.TargetMS *= 1000
			}
			return strings.TrimSpace(m[1]) == targetText(d.TargetMS) || len(n[0]) == len(strings.TrimSpace(m[1]))
		}
		return false
	}
	if m := totalLine().FindStringSubmatch(line); m != nil && !d.Total {
		d.Total = true
		d.TotalMS, d.LimitMS = parseNumber(m[1]), parseNumber(m[2])
		d.Imports, d.ImportLimit = int(parseNumber(m[3])), int(parseNumber(m[4]))
		return true
	}
	if criteriaLine().MatchString(line) {
		d.Criteria = true
	}
	return false
}

// read fills the profile from what follows "Last profiled:".
func (p *Profile) read(text string) bool {
	m := profiledDate().FindStringSubmatch(text)
	if m == nil {
		return text == neverProfiled
	}
	*p = Profile{Date: m[1]}
	if m[2] == "" {
		return true
	}
	for _, fact := range strings.Split(m[2], ", ") {
		if n := runsFact().FindStringSubmatch(fact); n != nil {
			p.Runs, _ = strconv.Atoi(n[1])
		} else if n := bytecodeFact().FindStringSubmatch(fact); n != nil {
			p.Bytecode = n[1]
		} else if p.Interpreter == "" {
			p.Interpreter = fact
		} else {
			p.Interpreter += ", " + fact
		}
	}
	return true
}

// parseNumber reads digits that a regular expression has matched.
func parseNumber(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0
	}
	return x
}

// quotable returns a line that can stand between triple quotes.
func quotable(line string) string {
	return strings.ReplaceAll(line, `"""`, `'''`)
}

// trimBlank removes blank lines at both ends and joins runs of them.
func trimBlank(lines []string) []string {
	var out []string
	for _, l := range lines {
		if strings.TrimSpace(l) == "" {
			if len(out) == 0 || out[len(out)-1] == "" {
				continue
			}
			l = ""
		}
		out = append(out, l)
	}
	if n := len(out); n > 0 && out[n-1] == "" {
		out = out[:n-1]
	}
	return out
}
