package cli

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"fastpath/internal/diag"
	"fastpath/internal/report"
)

// scanJSON prints the JSON of scan, fastpath.scan/1, as encoding/json would
// write it with an indent of two blanks. It is written by hand because a large
// tree has a hundred megabytes of it.
type scanJSON struct {
	w   io.Writer
	buf []byte
	any bool
	err error
}

// scanBuffer is how much is written at once, in bytes.
const scanBuffer = 64 << 10

func newScanJSON(w io.Writer, e envelope) *scanJSON {
	p := &scanJSON{w: w, buf: make([]byte, 0, scanBuffer+scanBuffer/4)}
	p.raw("{\n  \"schema\": ")
	p.text(e.Schema)
	p.raw(",\n  \"version\": ")
	p.text(e.Version)
	if e.Project != "" {
		p.raw(",\n  \"project\": ")
		p.text(e.Project)
	}
	p.raw(",\n  \"imports\": [")
	return p
}

func (p *scanJSON) file(imports []scanImport) {
	for k := range imports {
		if p.any {
			p.raw(",")
		}
		p.any = true
		p.statement(&imports[k])
	}
	if len(p.buf) >= scanBuffer {
		p.flush()
	}
}

func (p *scanJSON) end(findings []diag.Diagnostic, _ int) error {
	if p.any {
		p.raw("\n  ")
	}
	p.raw("],\n  \"errors\": ")
	var errors bytes.Buffer
	enc := json.NewEncoder(&errors)
	enc.SetIndent("  ", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(report.Findings(findings)); err != nil {
		return err
	}
	p.buf = append(p.buf, bytes.TrimSuffix(errors.Bytes(), []byte("\n"))...)
	p.raw("\n}\n")
	p.flush()
	return p.err
}

func (p *scanJSON) flush() {
	if p.err == nil {
		_, p.err = p.w.Write(p.buf)
	}
	p.buf = p.buf[:0]
}

func (p *scanJSON) statement(s *scanImport) {
	p.raw("\n    {\n      \"file\": ")
	p.text(s.File)
	p.number(",\n      \"line\": ", s.Line)
	p.number(",\n      \"column\": ", s.Column)
	p.number(",\n      \"end_line\": ", s.EndLine)
	p.number(",\n      \"end_column\": ", s.EndColumn)
	p.raw(",\n      \"kind\": ")
	p.text(s.Kind)
	p.number(",\n      \"level\": ", s.Level)
	if s.Module != "" {
		p.raw(",\n      \"module\": ")
		p.text(s.Module)
	}
	p.boolean(",\n      \"lazy\": ", s.Lazy)
	p.raw(",\n      \"names\": [")
	for k := range s.Names {
		if k > 0 {
			p.raw(",")
		}
		p.name(&s.Names[k])
	}
	p.raw("\n      ],\n      \"scope\": ")
	p.text(s.Scope)
	p.raw(",\n      \"qualname\": ")
	p.text(s.Qualname)
	p.raw(",\n      \"runs\": ")
	p.text(s.Runs)
	p.raw(",\n      \"context\": [")
	for k, word := range s.Context {
		if k > 0 {
			p.raw(",")
		}
		p.raw("\n        ")
		p.text(word)
	}
	if len(s.Context) > 0 {
		p.raw("\n      ")
	}
	p.raw("]\n    }")
}

func (p *scanJSON) name(n *scanName) {
	p.raw("\n        {\n          \"name\": ")
	p.text(n.Name)
	if n.AsName != "" {
		p.raw(",\n          \"asname\": ")
		p.text(n.AsName)
	}
	p.raw(",\n          \"binds\": ")
	p.text(n.Binds)
	p.boolean(",\n          \"used_at_import\": ", n.UsedAtImport)
	p.number(",\n          \"uses\": ", n.Uses)
	p.raw(",\n          \"resolved\": {\n            \"module\": ")
	p.text(n.Resolved.Module)
	p.raw(",\n            \"kind\": ")
	p.text(string(n.Resolved.Kind))
	if n.Resolved.Path != "" {
		p.raw(",\n            \"path\": ")
		p.text(n.Resolved.Path)
	}
	if n.Resolved.Runtime != "" {
		p.raw(",\n            \"runtime\": ")
		p.text(n.Resolved.Runtime)
	}
	p.raw("\n          }\n        }")
}

func (p *scanJSON) raw(s string) { p.buf = append(p.buf, s...) }

func (p *scanJSON) number(key string, n int) {
	p.raw(key)
	p.buf = strconv.AppendInt(p.buf, int64(n), 10)
}

func (p *scanJSON) boolean(key string, b bool) {
	p.raw(key)
	p.buf = strconv.AppendBool(p.buf, b)
}

// text writes a string. What is not plain ASCII is left to encoding/json.
func (p *scanJSON) text(s string) {
	for k := range len(s) {
		if c := s[k]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			var b bytes.Buffer
			enc := json.NewEncoder(&b)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(s); err != nil && p.err == nil {
				p.err = err
			}
			p.buf = append(p.buf, bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
			return
		}
	}
	p.buf = append(p.buf, '"')
	p.buf = append(p.buf, s...)
	p.buf = append(p.buf, '"')
}
