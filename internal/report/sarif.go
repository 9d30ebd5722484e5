package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"fastpath/internal/diag"
)

// SARIF prints findings as SARIF 2.1.0, the OASIS format that code scanning
// services read. It keeps to what GitHub accepts, which is less than the
// schema: every text is there and not empty, lines begin at 1, addresses are
// relative to the repository, and there are no more results than it takes.
type SARIF struct {
	Prefix  string      // the project's folder within the repository, as in GitHub
	Version string      // of fastpath
	Rules   []diag.Rule // all rules, sorted; findings refer to them
}

// maxResults is how many results of a run GitHub takes before it rejects the
// file; the worst come first into it.
const maxResults = 25000

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version,omitempty"`
	Rules   []sarifRule `json:"rules"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID            string      `json:"id"`
	Name          string      `json:"name"`
	Short         sarifText   `json:"shortDescription"`
	Full          sarifText   `json:"fullDescription"`
	Help          sarifText   `json:"help"`
	Configuration sarifConfig `json:"defaultConfiguration"`
	Properties    sarifTags   `json:"properties"`
}

type sarifConfig struct {
	Enabled bool   `json:"enabled"`
	Level   string `json:"level"`
}

type sarifTags struct {
	Tags []string `json:"tags"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    *int              `json:"ruleIndex,omitempty"`
	Level        string            `json:"level"`
	Message      sarifText         `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	Fixes        []sarifFix        `json:"fixes,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   sarifRegion   `json:"region"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

type sarifFix struct {
	Description sarifText     `json:"description"`
	Changes     []sarifChange `json:"artifactChanges"`
}

type sarifChange struct {
	Artifact     sarifArtifact      `json:"artifactLocation"`
	Replacements []sarifReplacement `json:"replacements"`
}

type sarifReplacement struct {
	Deleted  sarifBytes `json:"deletedRegion"`
	Inserted *sarifText `json:"insertedContent,omitempty"`
}

type sarifBytes struct {
	Offset int `json:"byteOffset"`
	Length int `json:"byteLength"`
}

// Print writes one log with one run.
func (s *SARIF) Print(w io.Writer, ds []diag.Diagnostic) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "fastpath", Version: s.Version, Rules: make([]sarifRule, len(s.Rules))}
	for i := range s.Rules {
		run.Tool.Driver.Rules[i] = newSARIFRule(&s.Rules[i])
	}
	if len(ds) > maxResults {
		ds = slices.Clone(ds)
		slices.SortStableFunc(ds, func(a, b diag.Diagnostic) int { return cmp.Compare(b.Severity, a.Severity) })
		ds = ds[:maxResults]
	}
	seen := map[string]int{}
	for i := range ds {
		run.Results = append(run.Results, s.result(&ds[i], seen))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}})
}

func newSARIFRule(r *diag.Rule) sarifRule {
	language := r.Language
	if language == "" {
		language = "python"
	}
	return sarifRule{
		ID: r.ID, Name: r.ID,
		Short: sarifText{Text: upperFirst(r.Title)},
		Full:  sarifText{Text: strings.TrimSpace(r.Text)},
		Help: sarifText{
			Text: strings.TrimSpace(r.Text) + "\n\nSuppress it in one place: " + Suppression(r.ID),
			Markdown: fmt.Sprintf("%s\n\nBefore:\n\n```%s\n%s\n```\n\nAfter:\n\n```%s\n%s\n```\n\nSuppress it in one place: `%s`",
				markdown(strings.TrimSpace(r.Text)), language, strings.TrimSpace(r.Before), language, strings.TrimSpace(r.After), Suppression(r.ID)),
		},
		Configuration: sarifConfig{Enabled: r.Severity != diag.Off, Level: sarifLevel(max(r.Severity, diag.Info))},
		Properties:    sarifTags{Tags: []string{"performance", "cold-start"}},
	}
}

func sarifLevel(s diag.Severity) string {
	switch s {
	case diag.Error:
		return "error"
	case diag.Warning:
		return "warning"
	case diag.Info:
		return "note"
	}
	return "none"
}

// result converts one finding; seen counts those that are alike.
func (s *SARIF) result(d *diag.Diagnostic, seen map[string]int) sarifResult {
	r := sarifResult{
		RuleID: d.Rule, Level: sarifLevel(d.Severity), Message: sarifText{Text: strings.Join(explained(d), "\n")},
		Locations: []sarifLocation{{sarifPhysical{sarifArtifact{s.uri(d.Span.File)}, newSARIFRegion(d.Span)}}},
	}
	if i, ok := slices.BinarySearchFunc(s.Rules, d.Rule, func(r diag.Rule, id string) int { return strings.Compare(r.ID, id) }); ok {
		r.RuleIndex = &i
	}
	key := d.Rule + "\n" + d.Span.File + "\n" + withoutFigures(d.Message)
	sum := sha256.Sum256([]byte(key))
	r.Fingerprints = map[string]string{"fastpathFinding/v1": fmt.Sprintf("%x:%d", sum[:8], seen[key]+1)}
	seen[key]++
	if d.Fix != nil && len(d.Fix.Edits) > 0 {
		r.Fixes = []sarifFix{s.fix(d.Fix)}
	}
	return r
}

// explained is the message with its notes and the help, one a line.
func explained(d *diag.Diagnostic) []string {
	lines := append([]string{d.Message}, d.Notes...)
	for k, h := range d.Help {
		if k == 0 {
			h = "help: " + h
		}
		lines = append(lines, h)
	}
	return lines
}

// withoutFigures drops what changes from one profile to the next, so that a
// finding is recognised as the same one.
func withoutFigures(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) || r == '.' {
			return -1
		}
		return r
	}, text)
}

// uri is the address of a file from the repository's root.
func (s *SARIF) uri(file string) string {
	if path.IsAbs(file) {
		return (&url.URL{Scheme: "file", Path: file}).String()
	}
	file = path.Join(s.Prefix, file)
	parts := strings.Split(file, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
		if i == 0 {
			// In the first segment a colon would end a scheme.
			parts[i] = strings.ReplaceAll(parts[i], ":", "%3A")
		}
	}
	return strings.Join(parts, "/")
}

func newSARIFRegion(s diag.Span) sarifRegion {
	r := sarifRegion{StartLine: max(1, s.Line)}
	if s.Line < 1 || s.Column < 1 {
		return r
	}
	r.StartColumn = s.Column
	if s.EndLine > s.Line && s.EndColumn > 0 || s.EndLine == s.Line && s.EndColumn > s.Column {
		r.EndLine, r.EndColumn = s.EndLine, s.EndColumn
	}
	return r
}

func (s *SARIF) fix(f *diag.Fix) sarifFix {
	out := sarifFix{Description: sarifText{Text: upperFirst(f.Title)}}
	for _, e := range f.Edits {
		uri := s.uri(e.File)
		i := slices.IndexFunc(out.Changes, func(c sarifChange) bool { return c.Artifact.URI == uri })
		if i < 0 {
			i = len(out.Changes)
			out.Changes = append(out.Changes, sarifChange{Artifact: sarifArtifact{uri}})
		}
		r := sarifReplacement{Deleted: sarifBytes{e.Start, e.End - e.Start}}
		if e.Text != "" {
			r.Inserted = &sarifText{Text: e.Text}
		}
		out.Changes[i].Replacements = append(out.Changes[i].Replacements, r)
	}
	return out
}
