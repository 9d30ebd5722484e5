package report

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"strings"

	"fastpath/internal/diag"
)

// GitHub prints findings as workflow commands, which GitHub shows as
// annotations of the changed lines.
type GitHub struct {
	// Prefix is the project's folder within the repository, because
	// annotations name files from the repository's root; "" or "." for the
	// root itself.
	Prefix string
}

var (
	githubData     = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	githubProperty = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

// Print writes one workflow command for each finding.
func (g *GitHub) Print(w io.Writer, ds []diag.Diagnostic) error {
	var b bytes.Buffer
	for i := range ds {
		d := &ds[i]
		level := map[diag.Severity]string{diag.Error: "error", diag.Warning: "warning"}[d.Severity]
		if level == "" {
			level = "notice"
		}
		fmt.Fprintf(&b, "::%s file=%s", level, githubProperty.Replace(path.Join(g.Prefix, d.Span.File)))
		if s := d.Span; s.Line > 0 {
			fmt.Fprintf(&b, ",line=%d", s.Line)
			if s.EndLine >= s.Line {
				fmt.Fprintf(&b, ",endLine=%d", s.EndLine)
			}
			// Columns are accepted only within one line.
			if s.Column > 0 && (s.EndLine == 0 || s.EndLine == s.Line) {
				fmt.Fprintf(&b, ",col=%d", s.Column)
				if s.EndColumn > s.Column {
					fmt.Fprintf(&b, ",endColumn=%d", s.EndColumn)
				}
			}
		}
		fmt.Fprintf(&b, ",title=%s::%s\n", githubProperty.Replace(d.Rule), githubData.Replace(strings.Join(explained(d), "\n")))
	}
	_, err := w.Write(b.Bytes())
	return err
}
