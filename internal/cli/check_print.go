package cli

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fastpath/internal/check"
	"fastpath/internal/diag"
	"fastpath/internal/report"
	"fastpath/internal/term"
)

// checkFormats are the formats of check.
var checkFormats = []string{"text", "json", "sarif", "github", "junit", "markdown"}

// checkResult is the JSON of check, fastpath.check/1.
type checkResult struct {
	envelope
	Findings []report.Finding `json:"findings"`
	Summary  checkSummary     `json:"summary"`
	Notes    []string         `json:"notes"`
}

type checkSummary struct {
	Errors          int    `json:"errors"`
	Warnings        int    `json:"warnings"`
	Infos           int    `json:"infos"`
	Suppressed      int    `json:"suppressed"`
	Files           int    `json:"files"`
	EvidenceDate    string `json:"evidence_date,omitempty"`
	EvidenceAgeDays *int   `json:"evidence_age_days,omitempty"`
}

// printCheck prints what check found, in the format that was asked for.
func (a *app) printCheck(c *checked, t *term.Terminal, start time.Time) error {
	age := -1
	if days, ok := check.Age(c.date, a.today()); ok {
		age = days
	}
	if a.format == "json" {
		return a.printCheckJSON(c, age)
	}
	for _, n := range c.notes {
		a.step("note: %s", n)
	}
	found := report.Summary(c.findings, c.files)
	if c.suppressed > 0 {
		found += fmt.Sprintf(" (%d suppressed)", c.suppressed)
	}
	parts := []string{found, ageText(c.date, age)}
	executed := "nothing was executed"
	if c.measured {
		executed = "the entries were imported"
	}
	summary := strings.Join(append(parts, fmt.Sprintf("%d ms", time.Since(start).Milliseconds()), executed), " · ")
	var printer interface {
		Print(io.Writer, []diag.Diagnostic) error
	}
	switch a.format {
	case "sarif":
		printer = &report.SARIF{Prefix: a.repositoryPrefix(c.root), Version: Version, Rules: allRules()}
	case "github":
		printer = &report.GitHub{Prefix: a.repositoryPrefix(c.root)}
	case "junit":
		printer = &report.JUnit{Name: "fastpath check"}
	case "markdown":
		// Without the time: the comment of a pull request changes with what was found.
		printer = &report.MarkdownFindings{Title: "fastpath check", Summary: strings.Join(parts, " · ")}
	default:
		return a.printCheckText(c, t, summary)
	}
	a.step("%s", summary)
	return printer.Print(a.Stdout, c.findings)
}

func (a *app) printCheckJSON(c *checked, age int) error {
	res := checkResult{
		envelope: a.envelopeFor("check", c.root), Findings: report.Findings(c.findings),
		Summary: checkSummary{
			Errors: diag.Count(c.findings, diag.Error), Warnings: diag.Count(c.findings, diag.Warning), Infos: diag.Count(c.findings, diag.Info),
			Suppressed: c.suppressed, Files: c.files, EvidenceDate: c.date,
		},
		Notes: append([]string{}, c.notes...),
	}
	if c.date != "" {
		res.Summary.EvidenceAgeDays = &age
	}
	return a.printJSON(res)
}

func (a *app) printCheckText(c *checked, t *term.Terminal, summary string) error {
	text := report.Text{Term: t, Full: t.Terminal || a.verbose, Source: func(file string) []byte {
		data, err := os.ReadFile(filepath.Join(c.root, filepath.FromSlash(file)))
		if err != nil {
			return nil
		}
		return data
	}}
	if err := text.Print(a.Stdout, c.findings); err != nil {
		return err
	}
	if !a.quiet {
		if len(c.findings) > 0 {
			summary = "\n" + summary
		}
		fmt.Fprintln(a.Stdout, summary)
	}
	return nil
}

// ageText is "evidence 3 days old".
func ageText(date string, days int) string {
	switch {
	case date == "":
		return "no evidence: run fastpath profile"
	case days < -1: // a day for time zones
		return "evidence dated in the future"
	case days <= 0:
		return "evidence of today"
	case days == 1:
		return "evidence 1 day old"
	}
	return fmt.Sprintf("evidence %d days old", days)
}
