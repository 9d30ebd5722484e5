package cli

import (
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/deploy"
	"fastpath/internal/fastfile"
	"fastpath/internal/plan"
	"fastpath/internal/project"
)

// sheetResult is the JSON of review --against, fastpath.review/1.
type sheetResult struct {
	envelope
	Against string        `json:"against"`
	Base    string        `json:"base"` // commit
	Sheets  []reviewSheet `json:"sheets"`
}

// reviewMarker opens every Markdown of a review, so that whoever posts it finds
// the comment of the last time and edits it.
func reviewMarker(what, projectRoot string) string {
	return fmt.Sprintf("<!-- fastpath %s: %s -->", what, filepath.Base(projectRoot))
}

func (a *app) printSheets(p *project.Project, rev, base string, sheets []reviewSheet) error {
	switch a.format {
	case "json":
		return a.printJSON(sheetResult{a.envelopeFor("review", p.Root), rev, base, sheets})
	case "markdown":
		fmt.Fprintln(a.Stdout, reviewMarker("review of a change", p.Root))
		for i := range sheets {
			markdownSheet(a.Stdout, rev, &sheets[i])
		}
		return nil
	}
	for i := range sheets {
		if i > 0 {
			fmt.Fprintln(a.Stdout)
		}
		textSheet(a.Stdout, rev, &sheets[i])
	}
	return nil
}

func textSheet(w io.Writer, rev string, s *reviewSheet) {
	fmt.Fprintf(w, "%s · %s against %s\n\n", s.Entry, s.FastPath, rev)
	if len(s.Changes) == 0 {
		fmt.Fprintf(w, "%s imports what it did, at the same cost\n", s.FastPath)
	}
	for i := range s.Changes {
		c := &s.Changes[i]
		fmt.Fprintf(w, "%s %s  %s\n", map[string]string{"added": "+", "removed": "-", "changed": "~"}[c.Change], c.Statement, c.figures())
	}
	fmt.Fprintf(w, "\nWhen reviewing %s changes:\n", path.Base(s.FastPath))
	for _, q := range s.Checklist {
		fmt.Fprintf(w, "%s %s\n    %s\n", tick(q.Answer), q.Question, q.Evidence)
	}
	fmt.Fprintln(w, "\nperformance impact")
	for _, line := range s.impactLines() {
		fmt.Fprintf(w, "  %s\n", line)
	}
	fmt.Fprintf(w, "\n%s\n", s.approval())
}

func markdownSheet(w io.Writer, rev string, s *reviewSheet) {
	fmt.Fprintf(w, "\n### `%s` against `%s`\n\nEntry `%s`.\n\n", s.FastPath, rev, s.Entry)
	if len(s.Changes) == 0 {
		fmt.Fprintln(w, "The file imports what it did, at the same cost.")
	} else {
		fmt.Fprintln(w, "| | import | before and after |\n|---|---|---|")
		for i := range s.Changes {
			c := &s.Changes[i]
			fmt.Fprintf(w, "| %s | `%s` | %s |\n", c.Change, c.Statement, cell(c.figures()))
		}
	}
	fmt.Fprintf(w, "\nWhen reviewing %s changes:\n\n", path.Base(s.FastPath))
	for _, q := range s.Checklist {
		fmt.Fprintf(w, "- %s %s %s\n", tick(q.Answer), q.Question, cell(q.Evidence))
	}
	fmt.Fprint(w, "\nPerformance impact:\n\n")
	for _, line := range s.impactLines() {
		fmt.Fprintf(w, "- %s\n", cell(line))
	}
	fmt.Fprintf(w, "\n%s\n", strings.ToUpper(s.approval()[:1])+s.approval()[1:])
}

// cell keeps text out of Markdown's way.
func cell(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`, "_", `\_`).Replace(text)
}

func tick(answer string) string {
	if answer == answerYes {
		return "[x]"
	}
	return "[ ]"
}

// figures are the profiling data of a change, before and after.
func (c *sheetChange) figures() string {
	var parts []string
	switch {
	case c.AloneMS != nil && c.AloneBeforeMS != nil:
		parts = append(parts, fastfile.FormatMS(*c.AloneBeforeMS)+" -> "+fastfile.FormatMS(*c.AloneMS))
	case c.AloneMS != nil:
		parts = append(parts, fastfile.FormatMS(*c.AloneMS))
	case c.Change == "removed" && c.AloneBeforeMS != nil:
		parts = append(parts, "was "+fastfile.FormatMS(*c.AloneBeforeMS))
	case c.Change != "removed":
		parts = append(parts, "never profiled")
	}
	switch {
	case c.UsageShare != nil:
		parts = append(parts, percentText(*c.UsageShare)+" of requests")
	case c.Change != "removed":
		parts = append(parts, "usage unknown")
	}
	if c.Decision != "" && c.AloneMS != nil {
		parts = append(parts, placeWord(c.Decision)+": "+c.Reason)
	}
	return strings.Join(parts, ", ")
}

// placeWord is a decision in words.
func placeWord(d plan.Decision) string {
	switch d {
	case plan.Tier1:
		return "tier 1"
	case plan.Tier2:
		return "tier 2"
	case plan.Function:
		return "function level"
	}
	return string(d)
}

func (s *reviewSheet) impactLines() []string {
	i := &s.Impact
	var lines []string
	if i.InitMS != nil {
		line := "init " + msText(*i.InitMS)
		if i.InitBeforeMS != nil {
			line = fmt.Sprintf("init %s -> %s, by the profiles", msText(*i.InitBeforeMS), msText(*i.InitMS))
		}
		if i.DayMS != nil {
			sign := "+"
			if *i.DayMS < 0 {
				sign = "-"
			}
			line += fmt.Sprintf(", %s%sms a day over all cold starts", sign, grouped(math.Abs(math.Round(*i.DayMS))))
		}
		lines = append(lines, line)
	}
	for _, n := range s.New {
		more := ""
		if len(n.Modules) > 1 {
			more = fmt.Sprintf(" and %d more %s", len(n.Modules)-1, plural(len(n.Modules)-1, "module"))
		}
		lines = append(lines, fmt.Sprintf("new at start: %s%s, by %s:%d (chain: %s)", n.Modules[0], more, n.File, n.Line, strings.Join(n.Chain, " > ")))
	}
	if len(s.New) == 0 {
		lines = append(lines, "the start loads no module that it did not load before")
	}
	return lines
}

// approval says who approved, and who has to.
func (s *reviewSheet) approval() string {
	var by []string
	for _, ap := range s.Approved {
		by = append(by, ap.By+", "+ap.Date)
	}
	owners := strings.Join(s.Owners, ", ")
	switch {
	case len(by) > 0 && owners != "":
		return fmt.Sprintf("approved by %s (owners: %s)", strings.Join(by, "; "), owners)
	case len(by) > 0:
		return "approved by " + strings.Join(by, "; ")
	case owners != "":
		return "not approved in the file; CODEOWNERS asks " + owners
	}
	return "not approved: whoever agrees adds \"# approved: NAME, DATE\" to the file, or CODEOWNERS names who is asked"
}

// codeOwners returns whom CODEOWNERS asks about a file of the project, nil
// where nobody is named. The last line that matches counts, as on GitHub.
func codeOwners(root, file string) []string {
	top := root
	for dir := root; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, ".git")); err == nil {
			top = dir
			break
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	rel, err := filepath.Rel(top, filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return nil
	}
	rel = filepath.ToSlash(rel)
	for _, name := range []string{".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"} {
		data, err := os.ReadFile(filepath.Join(top, filepath.FromSlash(name)))
		if err != nil {
			continue
		}
		var owners []string
		for line := range strings.Lines(string(data)) {
			line, _, _ = strings.Cut(line, "#")
			if words := strings.Fields(line); len(words) > 0 && deploy.Gitignored(words[0], rel) {
				owners = slices.Clone(words[1:])
			}
		}
		return owners
	}
	return nil
}
