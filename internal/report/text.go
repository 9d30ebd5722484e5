// Package report prints findings: as text for people, as the records of JSON,
// as SARIF, JUnit and Markdown, and as annotations of GitHub. It is the only
// code that does, so that a finding looks the same wherever it comes from. It
// also writes what the rules say about themselves, for the terminal and for
// docs/rules.md.
//
// What comes in are diagnostics and rules; what goes out is text on a writer.
// Formatters never judge: what is a finding, how severe it is and whether it
// counts was decided before.
package report

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"fastpath/internal/diag"
	"fastpath/internal/term"
)

// Text prints findings for people: one line "path:line:col: message [FP101]"
// each, and below it what explains it.
type Text struct {
	Term *term.Terminal // nil is plain text
	// Full adds the source line with a caret, and the help. Without it only
	// the line and the notes are printed, which is what a pipe wants.
	Full bool
	// Source returns the content of a file, nil when there is none. It is
	// asked only with Full.
	Source func(file string) []byte
}

// Print writes the findings, in the order in which they come.
func (t *Text) Print(w io.Writer, ds []diag.Diagnostic) error {
	var b bytes.Buffer
	for i := range ds {
		d := &ds[i]
		if i > 0 && t.Full {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s %s\n", t.Term.Bold(place(d.Span)), printable(d.Message), t.tag(d))
		if t.Full {
			t.excerpt(&b, d.Span)
		}
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "  %s\n", printable(n))
		}
		if t.Full {
			for k, h := range d.Help {
				lead := "      "
				if k == 0 {
					lead = t.Term.Accent("help:") + " "
				}
				fmt.Fprintf(&b, "%s%s\n", lead, printable(h))
			}
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// place is "path:line:col"; a finding about a whole file points at its start.
func place(s diag.Span) string {
	return fmt.Sprintf("%s:%d:%d", printable(s.File), max(1, s.Line), max(1, s.Column))
}

// tag is the rule in brackets, in the colour of the severity.
func (t *Text) tag(d *diag.Diagnostic) string {
	tag := "[" + d.Rule + "]"
	switch d.Severity {
	case diag.Error:
		return t.Term.Bad(tag)
	case diag.Warning:
		return t.Term.Warn(tag)
	}
	return t.Term.Faint(tag)
}

// longest is the number of characters of a source line that are shown.
const longest = 160

// excerpt writes the source line and the caret below the span.
func (t *Text) excerpt(b *bytes.Buffer, s diag.Span) {
	if s.Line < 1 || s.Column < 1 || t.Source == nil {
		return
	}
	line, ok := lineOf(t.Source(s.File), s.Line)
	if !ok {
		return
	}
	chars := []rune(line)
	start := min(s.Column-1, len(chars))
	end := len(chars)
	if s.EndLine == s.Line {
		end = min(max(s.EndColumn-1, start), len(chars))
	}
	// A very long line is shown around the place.
	from, to := 0, len(chars)
	if len(chars) > longest {
		from = max(0, min(start-longest/4, len(chars)-longest))
		to = from + longest
		end = min(end, to)
	}
	before, marked, after := printable(string(chars[from:start])), printable(string(chars[start:end])), printable(string(chars[end:to]))
	if from > 0 {
		before = "…" + before
	}
	if to < len(chars) {
		after += "…"
	}
	number := strconv.Itoa(s.Line)
	bar := t.Term.Faint("|")
	fmt.Fprintf(b, "  %s %s %s\n", t.Term.Faint(number), bar, strings.TrimRight(before+marked+after, " \t"))
	fmt.Fprintf(b, "  %s %s %s%s\n", strings.Repeat(" ", len(number)), bar, blank(before),
		t.Term.Bad(strings.Repeat("^", max(1, term.Width(expand(marked))))))
}

// lineOf returns the text of a line, without its ending.
func lineOf(src []byte, line int) (string, bool) {
	src = bytes.TrimPrefix(src, []byte("\ufeff"))
	for n := 1; len(src) > 0; n++ {
		i := bytes.IndexAny(src, "\r\n")
		if i < 0 {
			i = len(src)
		}
		if n == line {
			return string(src[:i]), true
		}
		if i < len(src) && src[i] == '\r' && i+1 < len(src) && src[i+1] == '\n' {
			i++
		}
		src = src[min(i+1, len(src)):]
	}
	return "", false
}

// blank is as wide as text: tabs stay, so that they move the caret as they
// moved the text, and wide characters become two blanks.
func blank(text string) string {
	parts := strings.Split(text, "\t")
	for i, p := range parts {
		parts[i] = strings.Repeat(" ", term.Width(p))
	}
	return strings.Join(parts, "\t")
}

// expand gives tabs inside the marked text a width.
func expand(text string) string { return strings.ReplaceAll(text, "\t", "    ") }

// printable replaces what would move the cursor or change the terminal:
// names of files and source lines are foreign text.
func printable(text string) string {
	clean := true
	for _, r := range text {
		if r == utf8.RuneError || r != '\t' && !unicode.IsPrint(r) && r != '\u00a0' {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r == '\t' || unicode.IsPrint(r) || unicode.Is(unicode.Mn, r) || r == '\u200d' {
			return r
		}
		return '\ufffd'
	}, text)
}

// Summary is the last line of check, such as "1 error in 27 files".
func Summary(ds []diag.Diagnostic, files int) string {
	return Count(ds) + " in " + Plural(files, "file")
}

// Count says how many findings of each severity there are: "1 error, 2 remarks".
func Count(ds []diag.Diagnostic) string {
	var parts []string
	for _, c := range []struct {
		severity diag.Severity
		name     string
	}{{diag.Error, "error"}, {diag.Warning, "warning"}, {diag.Info, "remark"}} {
		if n := diag.Count(ds, c.severity); n > 0 {
			parts = append(parts, Plural(n, c.name))
		}
	}
	if len(parts) == 0 {
		return "no findings"
	}
	return strings.Join(parts, ", ")
}

// Plural counts things: "1 file", "2 files".
func Plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}
