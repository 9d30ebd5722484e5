package doctor

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"fastpath/internal/diag"
	"fastpath/internal/python/pyc"
)

var fp404 = &rule{
	Rule: diag.Rule{
		ID: "FP404", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "byte-code that goes by dates, in a tree whose dates a packer sets",
		Text: `Byte-code knows its source by date and size unless it is told otherwise. Packers that give every file the same date, so that equal
contents make equal archives (the serverless framework, Terraform's archive_file, reproducible images), make all of it stale: it is shipped,
thrown away, and compiled again at every start.

Compile with --invalidation-mode unchecked-hash, which goes by nothing, and leave __pycache__ in the package.`,
		Before: `python -m compileall -q src`,
		After:  `python -m compileall -q --invalidation-mode unchecked-hash src`,
	},
	check: func(p *pass) {
		for _, t := range p.bytecode {
			reset := t.filter(resetByPacker)
			if len(reset) == 0 {
				continue
			}
			cost := p.compileMS(reset)
			p.report(diag.Diagnostic{
				Span: p.place(reset[0].file, 1), CostMS: cost,
				Message: fmt.Sprintf("byte-code of another date for %s from %s with the date %s, which packers set: compiled at every start%s",
					counted(len(reset), "module"), folder(p.relative(t.dir)), date(reset[0].file), about(cost, "a start")),
				Notes: p.compileNote(reset), Help: []string{p.compileCommand(t.dir)},
			})
		}
		for _, packer := range p.Deployment.Packers {
			dir := filepath.Join(p.Root, filepath.FromSlash(packer.Dir))
			var dated []*source
			for _, t := range p.bytecode {
				if t.dir == p.Interpreter.Stdlib || slices.Contains(p.Interpreter.SitePackages, t.dir) {
					continue // the deployment has its own
				}
				dated = append(dated, t.filter(func(s *source) bool {
					return s.kind == pyc.Timestamp && s.state == pyc.Valid && packer.Packs(p.relative(filepath.Join(filepath.Dir(s.file), "__pycache__", "x.pyc")))
				})...)
			}
			if len(dated) == 0 {
				continue
			}
			cost := p.compileMS(dated)
			p.report(diag.Diagnostic{
				Span: p.place(filepath.Join(p.Root, filepath.FromSlash(packer.File)), packer.Line), CostMS: cost,
				Message: fmt.Sprintf("%s sets the date of every file in %s, and the byte-code of %s goes by dates: compiled at every start where it is deployed%s",
					packer.Name, folder(packer.Dir), counted(len(dated), "module"), about(cost, "a start")),
				Notes: p.compileNote(dated),
				Help:  []string{p.compileCommand(dir), "run it before the archive is made"},
			})
		}
	},
}

// date returns the day of a file.
func date(file string) string {
	info, err := os.Stat(file)
	if err != nil {
		return "unknown"
	}
	return info.ModTime().UTC().Format("2006-01-02")
}
