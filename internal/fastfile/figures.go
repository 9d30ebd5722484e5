package fastfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"fastpath/internal/regexps"
)

// Mark is the text that marks an import above the heavy threshold.
const Mark = "HOT PATH EXCEPTION"

// FormatMS writes a duration as the file does: one decimal below 10 ms, none
// from 10 on.
func FormatMS(ms float64) string {
	if math.Round(ms*10)/10 < 10 {
		return strconv.FormatFloat(math.Round(ms*10)/10, 'f', 1, 64) + "ms"
	}
	return strconv.FormatFloat(math.Round(ms), 'f', 0, 64) + "ms"
}

// FormatUsage writes a usage in percent: "92% usage", or "every request" from
// 99.5 % on.
func FormatUsage(percent float64) string {
	if percent >= 99.5 {
		return "every request"
	}
	return strconv.FormatFloat(math.Round(percent), 'f', 0, 64) + "% usage"
}

// FormulaReason is the reason of an import that criterion 3 carries; ratio is
// 0 where module level costs nothing, as without cold starts.
func FormulaReason(ratio float64) string {
	if ratio == 0 {
		return cheaperReason
	}
	return fmt.Sprintf("%.1fx %s", ratio, cheaperReason)
}

// CriticalReason is the reason of an import that criterion 2 carries. The
// workflow's name comes from logs: it stays within the parentheses, gives no
// approval, and is no comment that a tool obeys.
func CriticalReason(workflow string) string {
	if !balanced(workflow) {
		workflow = strings.NewReplacer("(", "[", ")", "]").Replace(workflow)
	}
	if approvalText().MatchString(workflow) {
		workflow = strings.ReplaceAll(workflow, ":", "")
	}
	return "critical path of " + shortened(oneLine(strings.ReplaceAll(workflow, "#", " ")))
}

// balanced reports whether reasonText reads text in parentheses as it is.
func balanced(text string) bool {
	depth := 0
	for _, r := range text {
		switch r {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 || depth > 1 {
			return false
		}
	}
	return depth == 0
}

// maxName is how much of a name, in characters, the file shows.
const maxName = 60

// shortened is a name that ends in "…" where it is long.
func shortened(name string) string {
	if r := []rune(name); len(r) > maxName {
		return strings.NewReplacer("(", "[", ")", "]").Replace(strings.TrimSpace(string(r[:maxName-1]))) + "…"
	}
	return name
}

// oneLine is text that no reader of Python takes for more than one line.
func oneLine(text string) string {
	clean := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
	return strings.TrimSpace(clean)
}

// The other reasons that the tool writes.
const (
	forcedReason = "hot by request"
	eagerReason  = "eager in the configuration"
	keptReason   = "kept: " // a cold import of the file that cannot move, with the cause
	// An exception by the formula that the formula no longer grants, but for noise.
	borderlineReason = "borderline by the formula"
	cheaperReason    = "cheaper at module level"
)

// ours reports whether the reason of an import is one that the tool wrote and
// may replace.
func (i *Import) ours() bool {
	switch i.Reason {
	case "", forcedReason, eagerReason, borderlineReason:
		return true
	}
	return strings.HasPrefix(i.Reason, keptReason) || formulaText().MatchString(i.Reason) || i.Critical() != ""
}

// figures returns the comment of an import, without "# "; "" when there is
// nothing to say.
func (i *Import) figures() string {
	var b strings.Builder
	if i.Measured {
		b.WriteString(FormatMS(i.MS))
		if i.UsageKnown && i.Tier == Exception {
			if i.Usage >= 99.5 {
				b.WriteString(", ")
			} else {
				b.WriteString(" but ")
			}
			b.WriteString(FormatUsage(i.Usage))
		}
		if i.Marked {
			b.WriteString(" - " + Mark)
		}
		if i.Reason != "" {
			b.WriteString(" (" + oneLine(i.Reason) + ")")
		}
		if i.AddsAfter != "" {
			b.WriteString(" (adds " + FormatMS(i.AddsMS) + " after " + i.AddsAfter + ")")
		}
	}
	b.WriteString(i.Extra)
	return strings.TrimSpace(b.String())
}

var (
	msFigure    = regexps.New(`^~?\s*(\d+(?:[.,]\d+)?)\s*ms\b`)
	usageFigure = regexps.New(`^(?:,|\s+but|\s+and|;)?\s*(?:used by\s+)?(?:(\d+(?:\.\d+)?)\s*%(?:\s+(?:usage|of requests))?|(every request))`)
	markFigure  = regexps.New(`^\s*(?:[-–—,]\s*)?HOT PATH EXCEPTION`)
	addsFigure  = regexps.New(`^\s*\(adds (\d+(?:\.\d+)?)\s*ms after ([^()]+)\)`)
	reasonText  = regexps.New(`^\s*\(((?:[^()]|\([^()]*\))+)\)`)
)

// readFigures fills the figures of i from a comment's text, without "#". What
// is not understood becomes Extra.
func (i *Import) readFigures(text string) {
	text = strings.TrimSpace(text)
	rest := text
	if m := msFigure().FindStringSubmatch(rest); m != nil {
		ms, err := strconv.ParseFloat(strings.Replace(m[1], ",", ".", 1), 64)
		if err == nil {
			i.Measured, i.MS = true, ms
			rest = rest[len(m[0]):]
		}
	}
	if !i.Measured {
		i.Extra = text
		return
	}
	if m := usageFigure().FindStringSubmatch(rest); m != nil {
		i.UsageKnown, i.Usage = true, 100
		if m[2] == "" {
			i.Usage, _ = strconv.ParseFloat(m[1], 64)
		}
		rest = rest[len(m[0]):]
	}
	if m := markFigure().FindString(rest); m != "" {
		i.Marked = true
		rest = rest[len(m):]
	}
	for {
		if m := addsFigure().FindStringSubmatch(rest); m != nil && i.AddsAfter == "" {
			i.AddsMS, _ = strconv.ParseFloat(m[1], 64)
			i.AddsAfter = m[2]
			rest = rest[len(m[0]):]
			continue
		}
		if m := reasonText().FindStringSubmatch(rest); m != nil && i.Reason == "" && i.AddsAfter == "" && !approvalText().MatchString(m[1]) {
			i.Reason = strings.TrimSpace(m[1])
			rest = rest[len(m[0]):]
			continue
		}
		break
	}
	i.Extra = strings.TrimRight(rest, " \t")
}

var formulaText = regexps.New(`^(?:(\d+(?:\.\d+)?)x )?` + cheaperReason + `$`)

// Justified reports whether the comment of the import says why it is allowed
// above the light threshold: usage above hotUsage percent, or a reason.
func (i *Import) Justified(hotUsage float64) bool {
	return i.Reason != "" || i.UsageKnown && i.Usage > hotUsage
}

// Ratio returns the ratio of the formula's reason, 0 when there is none.
func (i *Import) Ratio() float64 {
	if m := formulaText().FindStringSubmatch(i.Reason); m != nil {
		r, _ := strconv.ParseFloat(m[1], 64)
		return r
	}
	return 0
}

// Critical returns the workflow of a critical path reason, "" when there is none.
func (i *Import) Critical() string {
	w, ok := strings.CutPrefix(i.Reason, "critical path of ")
	if !ok {
		return ""
	}
	return w
}

// Approval is a person's consent to a line.
type Approval struct{ By, Date string }

var approvalText = regexps.New(`(?i)\bapproved:\s*([^,#()]+?)\s*,\s*(\d{4}-\d{2}-\d{2})`)

// Approvals returns the approvals in the notes and the comment of the import.
func (i *Import) Approvals() []Approval {
	var out []Approval
	for _, line := range append(append([]string(nil), i.Notes...), i.Extra) {
		for _, m := range approvalText().FindAllStringSubmatch(line, -1) {
			out = append(out, Approval{By: m[1], Date: m[2]})
		}
	}
	return out
}

var historyText = regexps.New(`^\d{4}-\d{2}-\d{2}\s*:`)

// IsHistory reports whether a comment line is a line of history, such as
// "2026-10-01: pandas removed, 5% usage".
func IsHistory(line string) bool { return historyText().MatchString(strings.TrimSpace(line)) }

// text returns the line of the Kept section, without "# ".
func (k *Kept) text() string {
	var b strings.Builder
	b.WriteString(k.Module)
	if k.Measured {
		b.WriteString(" " + FormatMS(k.MS))
	} else {
		b.WriteString(" " + notMeasured)
	}
	if k.UsageKnown {
		b.WriteString(", " + FormatUsage(k.Usage))
	}
	if k.Cause != "" {
		b.WriteString(": " + oneLine(k.Cause))
	}
	return b.String()
}

// notMeasured stands for the time of a line that has none.
const notMeasured = "not measured"

var keptText = regexps.New(`^([\w.]+) (?:(\d+(?:\.\d+)?)ms|` + notMeasured + `)(?:, (?:(\d+)% usage|(every request)))?(?:: (.*))?$`)

// readKept reads a line of the Kept section.
func readKept(line string) (Kept, bool) {
	m := keptText().FindStringSubmatch(line)
	if m == nil {
		return Kept{}, false
	}
	k := Kept{Module: m[1], Cause: m[5]}
	if m[2] != "" {
		k.Measured, k.MS = true, parseNumber(m[2])
	}
	switch {
	case m[3] != "":
		k.UsageKnown, k.Usage = true, parseNumber(m[3])
	case m[4] != "":
		k.UsageKnown, k.Usage = true, 100
	}
	return k, true
}
