package check

import (
	"fmt"
	"math"

	"fastpath/internal/diag"
	"fastpath/internal/evidence"
	"fastpath/internal/fastfile"
)

var fp111 = &rule{
	Rule: diag.Rule{
		ID: "FP111", Severity: diag.Warning, Since: "0.1.0",
		Title: "the figures of the fast path file differ from the evidence",
		Text: `The comments are read by people who decide with them. A time counts as different when it is off by more than 25 % and 0.5 ms, a usage when it
is off by more than 5 percentage points; below that it is noise.

"fastpath apply --only file" writes the figures of the evidence.`,
		Before: `import gateway  # 15ms, every request`,
		After:  `import gateway  # 38ms, every request`,
	},
	check: func(p *pass) {
		if p.entry.FastPath == nil || !p.first || p.entry.brokenFile() {
			return
		}
		help := []string{"fastpath apply --only file --diff"}
		for i := range p.entry.FastPath.Imports {
			line := &p.entry.FastPath.Imports[i]
			if !line.Measured {
				continue // FP103
			}
			ms, timeOff, usage, usageOff := p.compare(line)
			if timeOff {
				p.reportFile(diag.Diagnostic{
					Span:    p.fileSpan(line.Span),
					Message: fmt.Sprintf("%q is measured with %s, the file says %s", importName(line), fastfile.FormatMS(ms), fastfile.FormatMS(line.MS)),
					Help:    help,
				}, "time")
			}
			if usageOff {
				p.reportFile(diag.Diagnostic{
					Span:    p.fileSpan(line.Span),
					Message: fmt.Sprintf("%q is %s, the file says %s", importName(line), usageText(usage, true), fastfile.FormatUsage(line.Usage)),
					Help:    help,
				}, "usage")
			}
		}
		doc := p.entry.FastPath.Doc
		if total := p.entry.FastPathTotal(); doc.Total && p.entry.Evidence != nil && !p.shared() && evidence.Moved(doc.TotalMS, total) {
			p.reportFile(diag.Diagnostic{
				Span:    p.docSpan(),
				Message: fmt.Sprintf("the imports take %s together, the file says %s", fastfile.FormatMS(total), fastfile.FormatMS(doc.TotalMS)),
				Help:    help,
			}, "total")
		}
	},
}

// shared reports whether another entry has the same fast path file.
func (p *pass) shared() bool {
	n := 0
	for _, e := range p.Entries {
		if e.Entry.FastPath == p.entry.Entry.FastPath {
			n++
		}
	}
	return n > 1
}

// compare compares a line with the evidence of all entries that share the
// file: a figure is off when it is right for none of them.
func (p *pass) compare(line *fastfile.Import) (ms float64, timeOff bool, usage float64, usageOff bool) {
	timeRight, usageRight := false, false
	for _, e := range p.Entries {
		if e.Entry.FastPath != p.entry.Entry.FastPath {
			continue
		}
		it := e.dearest(line)
		if it == nil || !it.Measured {
			continue
		}
		if alone := e.alone(it); evidence.Moved(line.MS, alone) {
			ms, timeOff = alone, true
		} else {
			timeRight = true
		}
		if !line.UsageKnown || !it.UsageKnown || refuted(it) {
			continue // what is no exception any more is FP104's
		}
		if math.Abs(it.Usage*100-line.Usage) > 5 {
			usage, usageOff = it.Usage, true
		} else {
			usageRight = true
		}
	}
	return ms, timeOff && !timeRight, usage, usageOff && !usageRight
}
