package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"fastpath/internal/diag"
)

// MarkdownFindings prints findings as Markdown, for a comment of a pull
// request or the summary page of a build.
type MarkdownFindings struct {
	Title   string // "fastpath check"
	Summary string // "1 error in 27 files · evidence 3 days old"
}

// Print writes the summary, a table of the findings, and below it, folded
// away, the chain and the help of each.
func (m *MarkdownFindings) Print(w io.Writer, ds []diag.Diagnostic) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "### %s\n\n%s\n", markdownText(m.Title), markdownText(m.Summary))
	if len(ds) > 0 {
		b.WriteString("\n| | place | finding | rule |\n|---|---|---|---|\n")
	}
	for i := range ds {
		d := &ds[i]
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.Severity, markdownCode(place(d.Span)), markdownText(d.Message), d.Rule)
	}
	for i := range ds {
		d := &ds[i]
		if len(d.Notes)+len(d.Help) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n<details><summary>%s: %s</summary>\n\n", d.Rule, markdownText(place(d.Span)))
		for _, n := range d.Notes {
			fmt.Fprintf(&b, "- %s\n", markdownText(n))
		}
		for k, h := range d.Help {
			if k == 0 {
				h = "help: " + h
			}
			fmt.Fprintf(&b, "- %s\n", markdownText(h))
		}
		b.WriteString("\n</details>\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

var markdownSigns = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "|", `\|`, "~", `\~`, "#", `\#`,
	"<", "&lt;", ">", "&gt;", "&", "&amp;", "@", "@\u200b",
)

var oneLine = strings.NewReplacer("\r\n", " ", "\r", " ", "\n", " ")

// markdownText keeps what Markdown would take for its own signs, and mentions
// nobody. Lines become one, because a table has no others.
func markdownText(text string) string { return markdownSigns.Replace(printable(oneLine.Replace(text))) }

// markdownCode is a name in a code span within a table.
func markdownCode(text string) string {
	text = strings.ReplaceAll(oneLine.Replace(text), "|", `\|`)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if len(fence) > 1 {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
