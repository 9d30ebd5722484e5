package doctor

import (
	"fmt"
	"path/filepath"
	"strings"

	"fastpath/internal/diag"
	"fastpath/internal/python/pyc"
)

var fp403 = &rule{
	Rule: diag.Rule{
		ID: "FP403", Severity: diag.Warning, Since: "0.1.0", Language: "sh",
		Title: "byte-code is switched off where the program runs",
		Text: `With PYTHONDONTWRITEBYTECODE, or the option -B, Python compiles a module and forgets the result: whatever has no byte-code yet is
compiled again at every start. In container images the variable is a habit that saves some kilobytes and costs every cold start; byte-code
that pip or compileall made is still used.

Remove it, or compile when the image is built: a RUN with compileall in the same image ends the finding.`,
		Before: `# Dockerfile
ENV PYTHONDONTWRITEBYTECODE=1
COPY . /app`,
		After: `# Dockerfile
COPY . /app
RUN python -m compileall -q --invalidation-mode unchecked-hash /app`,
	},
	check: func(p *pass) {
		for _, s := range p.settings("PYTHONDONTWRITEBYTECODE") {
			if s.shell {
				bad := p.sources(func(s *source) bool { return s.state != pyc.Valid })
				d := diag.Diagnostic{
					Span: s.span, CostMS: p.compileMS(bad), Notes: p.compileNote(bad),
					Help: []string{"unset PYTHONDONTWRITEBYTECODE"},
				}
				d.Message = fmt.Sprintf("PYTHONDONTWRITEBYTECODE is set %s, and there is none for %s%s", s.where, counted(len(bad), "module"), about(d.CostMS, "a start"))
				if len(bad) == 0 {
					d.Severity = diag.Info
					d.Message = fmt.Sprintf("PYTHONDONTWRITEBYTECODE is set %s; everything has its byte-code now, and what changes will be compiled at every start", s.where)
				}
				p.report(d)
				continue
			}
			if !s.Compiles {
				help := "remove the variable, and pack the byte-code with the sources: python -m compileall -q --invalidation-mode unchecked-hash DIR"
				if strings.Contains(s.File, "ockerfile") || strings.Contains(s.File, "Containerfile") {
					help = "remove the variable, or compile in the same file: RUN python -m compileall -q --invalidation-mode unchecked-hash DIR"
				}
				p.switchedOff(s.span, "PYTHONDONTWRITEBYTECODE is set "+s.where, help)
			}
		}
		for _, o := range p.Deployment.Options {
			if o.Name == "-B" {
				p.switchedOff(p.place(filepath.Join(p.Root, filepath.FromSlash(o.File)), o.Line), "the command has the option -B", "remove the option")
			}
		}
	},
}

// switchedOff reports a deployment that does not write byte-code. Installed
// packages are taken to have it; the project's own files are not compiled by
// anyone.
func (p *pass) switchedOff(span diag.Span, what, help string) {
	var own []*source
	for _, t := range p.bytecode {
		own = append(own, t.filter(func(s *source) bool { return p.program(p.relative(s.file)) != nil })...)
	}
	d := diag.Diagnostic{Span: span, CostMS: p.compileMS(own), Help: []string{help}}
	d.Message = fmt.Sprintf("%s: %s of the project will be compiled at every start%s", what, counted(len(own), "module"), about(d.CostMS, "a start"))
	d.Notes = p.compileNote(own)
	p.report(d)
}

// sources returns the sources of all trees that a function wants.
func (in *Input) sources(want func(*source) bool) []*source {
	var out []*source
	for _, t := range in.bytecode {
		out = append(out, t.filter(want)...)
	}
	return out
}
