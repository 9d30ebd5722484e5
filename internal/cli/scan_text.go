package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/python/resolve"
	"fastpath/internal/report"
	"fastpath/internal/term"
)

// scanText prints the imports for people, by file.
type scanText struct {
	w          *bufio.Writer
	term       *term.Terminal
	quiet      bool
	statements int
	atImport   int
}

func (p *scanText) files(prog *graph.Program, modules []*graph.Module) {
	var lister scanLister
	for _, m := range modules {
		p.file(lister.list(prog, m))
	}
}

func (p *scanText) file(imports []scanImport) {
	if len(imports) == 0 {
		return
	}
	if p.statements > 0 {
		fmt.Fprintln(p.w)
	}
	fmt.Fprintln(p.w, p.term.Bold(imports[0].File))
	p.statements += len(imports)
	p.atImport += scanFile(p.w, p.term, imports)
}

func (p *scanText) end(findings []diag.Diagnostic, files int) error {
	if len(findings) > 0 {
		if p.statements > 0 {
			fmt.Fprintln(p.w)
		}
		if err := (&report.Text{Term: p.term}).Print(p.w, findings); err != nil {
			return err
		}
	}
	if !p.quiet {
		if p.statements+len(findings) > 0 {
			fmt.Fprintln(p.w)
		}
		fmt.Fprintf(p.w, "%s in %s · %s used at import · nothing was executed\n",
			countOf(p.statements, "import statement"), countOf(files, "file"), countOf(p.atImport, "name"))
	}
	return p.w.Flush()
}

// scanFile prints the imports of one file and returns how many names are used
// at import.
func scanFile(w io.Writer, t *term.Terminal, imports []scanImport) (atImport int) {
	place, text := 0, 0
	for k := range imports {
		s := &imports[k]
		place = max(place, len(s.place()))
		for i := range s.Names {
			if n := term.Width(s.text(&s.Names[i])); n <= 48 {
				text = max(text, n)
			}
		}
	}
	for k := range imports {
		s := &imports[k]
		for i := range s.Names {
			n := &s.Names[i]
			if n.UsedAtImport {
				atImport++
			}
			line := s.text(n)
			line += strings.Repeat(" ", max(0, text-term.Width(line)))
			fmt.Fprintf(w, "  %*s  %s  %s\n", place, s.place(), line, t.Faint(strings.Join([]string{n.resolvedText(), s.where(), n.usesText()}, " · ")))
		}
	}
	return atImport
}

func (s *scanImport) place() string { return fmt.Sprintf("%d:%d", s.Line, s.Column) }

// text writes the statement for one of its names.
func (s *scanImport) text(n *scanName) string {
	out := "import " + n.Name
	if s.Kind == "from" {
		out = "from " + strings.Repeat(".", s.Level) + s.Module + " import " + n.Name
	}
	if n.AsName != "" {
		out += " as " + n.AsName
	}
	if s.Lazy {
		out = "lazy " + out
	}
	return out
}

// where says in what code the statement stands and when it runs.
func (s *scanImport) where() string {
	out := s.Scope
	if s.Qualname != "" {
		out = s.Qualname
	}
	if len(s.Context) > 0 {
		out += " (" + strings.Join(s.Context, " > ") + ")"
	}
	switch s.Runs {
	case "type_checking":
		out += ", for type checkers only"
	case "never":
		out += ", never runs"
	case "import":
		if s.Scope == "function" {
			out += ", called at import"
		}
	}
	return out
}

func (n *scanName) resolvedText() string {
	r := n.Resolved
	if r.Runtime != "" {
		return "found at run time by " + r.Runtime
	}
	if r.Kind == resolve.KindMissing {
		return "missing"
	}
	if r.Module == n.Name {
		return string(r.Kind)
	}
	return string(r.Kind) + " " + r.Module
}

func (n *scanName) usesText() string {
	switch {
	case n.UsedAtImport && n.line > 0:
		return fmt.Sprintf("%s, at import: %s in line %d", countOf(n.Uses, "use"), n.why, n.line)
	case n.UsedAtImport:
		return fmt.Sprintf("%s, at import: %s", countOf(n.Uses, "use"), n.why)
	case n.Uses == 0:
		return "unused"
	}
	return countOf(n.Uses, "use")
}
