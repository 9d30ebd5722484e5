package doctor

import (
	"fmt"
	"path/filepath"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/python/pyc"
)

var fp401 = &rule{
	Rule: diag.Rule{
		ID: "FP401", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "byte-code is missing or stale, or cannot be written",
		Text: `Python keeps the compiled form of each module beside it, in __pycache__. Where it is missing, was made by another version, or does not fit
the source any more, the module is compiled when it is imported; imports then take four to five times as long. Where the folder cannot be
written (a read-only image, another user's files, a Lambda function) this happens at every start.

Compile when the deployment is built: pip does it unless it is told not to, uv does it with --compile-bytecode, and compileall does it for
anything. The official Python images come without the byte-code of the standard library. Where files are only not compiled yet and can be,
the finding is a remark.`,
		Before: `# Dockerfile: nothing compiles the application
COPY . /app`,
		After: `# Dockerfile
COPY . /app
RUN python -m compileall -q --invalidation-mode unchecked-hash /app`,
	},
	check: func(p *pass) {
		for _, t := range p.bytecode {
			bad := t.filter(func(s *source) bool { return s.state != pyc.Valid && !resetByPacker(s) })
			if len(bad) == 0 {
				continue
			}
			reasons := map[pyc.State]int{}
			for _, s := range bad {
				reasons[s.state]++
			}
			d := diag.Diagnostic{Span: p.place(bad[0].file, 1), CostMS: p.compileMS(bad)}
			var notes []string
			for _, r := range []struct {
				state pyc.State
				text  string
			}{
				{pyc.Missing, "without byte-code"},
				{pyc.Stale, "newer or older than their byte-code"},
				{pyc.Foreign, "with byte-code of another version of Python"},
				{pyc.Damaged, "with byte-code that is damaged"},
			} {
				if n := reasons[r.state]; n > 0 {
					notes = append(notes, fmt.Sprintf("%d %s", n, r.text))
				}
			}
			when, each := "at the next start", "once"
			unwritable := slices.ContainsFunc(bad, func(s *source) bool { return !p.Writable(filepath.Dir(s.file)) })
			switch {
			case unwritable:
				when, each = "at every start, as the folders cannot be written", "a start"
			case p.variable("PYTHONDONTWRITEBYTECODE") != "":
				when, each = "at every start, as PYTHONDONTWRITEBYTECODE is set", "a start"
			case reasons[pyc.Missing] == len(bad):
				d.Severity = diag.Info
				when, each = "at the first start of every copy that is deployed like this", "each"
			}
			d.Message = fmt.Sprintf("no byte-code that fits for %d of %s from %s: compiled %s%s",
				len(bad), counted(len(t.sources), "module"), folder(p.relative(t.dir)), when, about(d.CostMS, each))
			d.Notes = append([]string{some(packages(bad), 6) + ": " + some(notes, 4)}, p.compileNote(bad)...)
			d.Help = []string{p.compileCommand(t.dir)}
			p.report(d)
		}
	},
}

// folder names the project's own folder.
func folder(dir string) string {
	if dir == "." {
		return "the project"
	}
	return dir
}

// resetByPacker reports whether byte-code is stale because the dates of all
// sources were set; that is a rule of its own.
func resetByPacker(s *source) bool {
	return s.state == pyc.Stale && s.kind == pyc.Timestamp && s.reset
}
