package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/term"
)

// Suppression is the comment that suppresses a rule in one place.
func Suppression(id string) string { return "# fastpath: ignore[" + id + "] reason" }

// Explain writes everything that is known about a rule.
func Explain(w io.Writer, t *term.Terminal, r *diag.Rule) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %s\n", t.Bold(r.ID), r.Title)
	fmt.Fprintf(&b, "severity: %s, since %s\n\n%s\n", r.Severity, r.Since, strings.TrimSpace(r.Text))
	for _, e := range []struct{ title, text string }{{"before", r.Before}, {"after", r.After}} {
		fmt.Fprintf(&b, "\n%s\n", t.Faint(e.title))
		for line := range strings.Lines(strings.TrimSpace(e.text) + "\n") {
			b.WriteString(strings.TrimRight("    "+line, " \n") + "\n")
		}
	}
	fmt.Fprintf(&b, "\n%s\n    in one place:    %s\n    in the project:  [tool.fastpath.rules] %s = \"off\"  (off, info, warning or error)\n",
		t.Faint("suppress"), Suppression(r.ID), r.ID)
	_, err := w.Write(b.Bytes())
	return err
}

// List writes one line for each rule.
func List(w io.Writer, t *term.Terminal, rules []diag.Rule) error {
	tab := &term.Table{Columns: []term.Column{{Title: "rule"}, {Title: "severity"}, {Title: "says"}}}
	for _, r := range rules {
		tab.Row(t.Bold(r.ID), r.Severity.String(), r.Title)
	}
	_, err := io.WriteString(w, tab.Render(t))
	return err
}

// Markdown is docs/rules.md.
func Markdown(rules []diag.Rule) []byte {
	var b bytes.Buffer
	b.WriteString("<!-- Generated from the rules in internal/check and internal/doctor; edit them there. -->\n\n# Rules\n\n" +
		"`fastpath check` exits with 1 when it finds an error or a warning; remarks (info) do not count. So does `fastpath doctor`, whose rules are\n" +
		"those about the environment: FP4xx, but FP405. `fastpath explain RULE` prints a rule in the terminal. The severities below are the\n" +
		"defaults; a project sets its own:\n\n" +
		"```toml\n[tool.fastpath.rules]\nFP111 = \"info\" # off, info, warning or error\n```\n\n" +
		"One place is turned down with a comment on its line. The reason is required:\n\n" +
		"```python\nimport pandas  # fastpath: ignore[FP201] the nightly job needs it at once\n```\n\n" +
		"| rule | severity | says |\n|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, strings.ToLower(r.ID), r.Severity, markdown(r.Title))
	}
	for _, r := range rules {
		language := r.Language
		if language == "" {
			language = "python"
		}
		fmt.Fprintf(&b, "\n## %s\n\n**%s.** Severity %s, since %s.\n\n%s\n\nBefore:\n\n```%s\n%s\n```\n\nAfter:\n\n```%s\n%s\n```\n",
			r.ID, markdown(upperFirst(r.Title)), r.Severity, r.Since, markdown(strings.TrimSpace(r.Text)), language, strings.TrimSpace(r.Before), language, strings.TrimSpace(r.After))
	}
	return b.Bytes()
}

// markdown keeps what Markdown would take for its own signs.
func markdown(text string) string {
	return strings.NewReplacer("__all__", "`__all__`", "|", `\|`, "*", `\*`).Replace(text)
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
