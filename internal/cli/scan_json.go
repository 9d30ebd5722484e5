package cli

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"runtime"
	"slices"
	"strconv"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/report"
)

// scanJSON prints the JSON of scan, fastpath.scan/1, each import statement on a
// line of its own, with blanks as in the lines of the rest. It is written by hand, on all cores, because a large tree has
// a hundred megabytes of it.
type scanJSON struct {
	w     io.Writer
	parts []scanPart // one for each core, and one that is being written
	any   bool       // a statement was printed
	err   error
}

// scanPart is the text of some files: their statements, each behind a comma. It
// keeps its memory.
type scanPart struct {
	lister scanLister
	buf    []byte
	err    error
}

// partFiles is the number of files of a part, and partBytes what the text of most
// parts takes at most, in bytes.
const (
	partFiles = 64
	partBytes = 1 << 19
)

func newScanJSON(w io.Writer, e envelope) *scanJSON {
	p := &scanJSON{w: w, parts: make([]scanPart, runtime.GOMAXPROCS(0)+1)}
	head := &p.parts[0]
	head.raw("{\n  \"schema\": ")
	head.text(e.Schema)
	head.raw(",\n  \"version\": ")
	head.text(e.Version)
	if e.Project != "" {
		head.raw(",\n  \"project\": ")
		head.text(e.Project)
	}
	head.raw(",\n  \"imports\": [")
	p.write(head.buf, head.err)
	return p
}

// files prints the modules, part by part: all of the text is never in memory
// together. While one part is written the cores work on those behind it.
func (p *scanJSON) files(prog *graph.Program, modules []*graph.Module) {
	free := make(chan *scanPart, len(p.parts))
	for k := range p.parts {
		free <- &p.parts[k]
	}
	ready := make(chan chan *scanPart, len(p.parts)) // in the order of the modules
	go func() {
		for list := range slices.Chunk(modules, partFiles) {
			part, done := <-free, make(chan *scanPart, 1)
			ready <- done
			go func() {
				part.buf = slices.Grow(part.buf[:0], partBytes*len(list)/partFiles)
				for _, m := range list {
					part.file(part.lister.list(prog, m))
				}
				done <- part
			}()
		}
		close(ready)
	}()
	for done := range ready {
		part := <-done
		p.part(part)
		free <- part
	}
}

// part prints the statements of a part.
func (p *scanJSON) part(part *scanPart) {
	text := part.buf
	if len(text) > 0 && !p.any {
		text, p.any = text[1:], true
	}
	p.write(text, part.err)
}

func (p *scanJSON) end(findings []diag.Diagnostic, _ int) error {
	tail := scanPart{}
	if p.any {
		tail.raw("\n  ")
	}
	tail.raw("],\n  \"errors\": ")
	var errors bytes.Buffer
	enc := json.NewEncoder(&errors)
	enc.SetIndent("  ", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(report.Findings(findings)); err != nil {
		return err
	}
	tail.buf = append(tail.buf, bytes.TrimSuffix(errors.Bytes(), []byte("\n"))...)
	tail.raw("\n}\n")
	p.write(tail.buf, nil)
	return p.err
}

// write prints text, unless something has failed.
func (p *scanJSON) write(text []byte, err error) {
	if p.err == nil {
		p.err = err
	}
	if p.err == nil {
		_, p.err = p.w.Write(text)
	}
}

// file writes the statements of one file.
func (p *scanPart) file(imports []scanImport) {
	if len(imports) == 0 {
		return
	}
	from := len(p.buf)
	p.raw(",\n    {\"file\": ")
	p.text(imports[0].File)
	head := p.buf[from:len(p.buf):len(p.buf)] // stays when the buffer grows
	for k := range imports {
		if k > 0 {
			p.buf = append(p.buf, head...)
		}
		p.statement(&imports[k])
	}
}

// statement writes what comes behind the file of a statement.
func (p *scanPart) statement(s *scanImport) {
	p.number(", \"line\": ", s.Line)
	p.number(", \"column\": ", s.Column)
	p.number(", \"end_line\": ", s.EndLine)
	p.number(", \"end_column\": ", s.EndColumn)
	p.word(", \"kind\": ", s.Kind)
	p.number(", \"level\": ", s.Level)
	if s.Module != "" {
		p.raw(", \"module\": ")
		p.text(s.Module)
	}
	p.boolean(", \"lazy\": ", s.Lazy)
	p.raw(", \"names\": [")
	from, to := 0, 0 // in the buffer: the last resolved
	for k := range s.Names {
		if k > 0 {
			p.raw(", ")
		}
		n := &s.Names[k]
		p.name(n)
		if k > 0 && n.Resolved == s.Names[k-1].Resolved {
			p.buf = append(p.buf, p.buf[from:to]...)
		} else {
			from = len(p.buf)
			p.resolved(&n.Resolved)
			to = len(p.buf)
		}
	}
	p.word("], \"scope\": ", s.Scope)
	p.raw(", \"qualname\": ")
	p.text(s.Qualname)
	p.word(", \"runs\": ", s.Runs)
	p.raw(", \"context\": [")
	for k, word := range s.Context {
		if k > 0 {
			p.raw(", ")
		}
		p.text(word)
	}
	p.raw("]}")
}

// name writes a name up to what it resolves to.
func (p *scanPart) name(n *scanName) {
	p.raw("{\"name\": ")
	p.text(n.Name)
	if n.AsName != "" {
		p.raw(", \"asname\": ")
		p.text(n.AsName)
	}
	p.raw(", \"binds\": ")
	p.text(n.Binds)
	p.boolean(", \"used_at_import\": ", n.UsedAtImport)
	p.number(", \"uses\": ", n.Uses)
}

// resolved writes what a name resolves to, and ends the name.
func (p *scanPart) resolved(r *scanResolved) {
	p.raw(", \"resolved\": {\"module\": ")
	p.text(r.Module)
	p.word(", \"kind\": ", string(r.Kind))
	if r.Path != "" {
		p.raw(", \"path\": ")
		p.text(r.Path)
	}
	if r.Runtime != "" {
		p.raw(", \"runtime\": ")
		p.text(r.Runtime)
	}
	p.raw("}}")
}

func (p *scanPart) raw(s string) { p.buf = append(p.buf, s...) }

// word writes a string that needs no escapes.
func (p *scanPart) word(key, word string) {
	p.raw(key)
	p.buf = append(p.buf, '"')
	p.raw(word)
	p.buf = append(p.buf, '"')
}

func (p *scanPart) number(key string, n int) {
	p.raw(key)
	p.buf = strconv.AppendInt(p.buf, int64(n), 10)
}

func (p *scanPart) boolean(key string, b bool) {
	p.raw(key)
	p.buf = strconv.AppendBool(p.buf, b)
}

// odd marks the bytes of eight that do not stand for themselves in JSON: all but
// printable ASCII without quotes and backslashes. It may mark some behind them, too.
func odd(v uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quote, backslash := v^'"'*ones, v^'\\'*ones
	return (v | (v - ' '*ones) | (v + ones) | (quote - ones) | (backslash - ones)) & high
}

// plain reports whether all of a text stands for itself, but for its first eight
// bytes, which are what is before it: they are there to be looked at together with
// what there is of the last eight.
func plain(text []byte) bool {
	const blanks = 0x2020202020202020
	last := binary.LittleEndian.Uint64(text[len(text)-8:])
	text = text[8:]
	if n := 8 * len(text); n < 64 {
		last = last>>(64-n) | blanks<<n
	}
	marks := odd(last)
	for ; len(text) > 8; text = text[8:] {
		marks |= odd(binary.LittleEndian.Uint64(text))
	}
	return marks == 0
}

// text writes a string. What is not plain ASCII is left to encoding/json.
func (p *scanPart) text(s string) {
	from := len(p.buf)
	p.buf = append(p.buf, '"')
	p.buf = append(p.buf, s...)
	if from >= 8 && plain(p.buf[from+1-8:]) {
		p.buf = append(p.buf, '"')
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil && p.err == nil {
		p.err = err
	}
	p.buf = append(p.buf[:from], bytes.TrimSuffix(b.Bytes(), []byte("\n"))...)
}
