package check

import (
	"bytes"
	"strings"

	"github.com/aymanbagabas/go-udiff"

	"fastpath/internal/diag"
	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
	"fastpath/internal/rewrite"
)

// bomSize is the length of the byte order mark, which trees do not count and
// edits do.
const bomSize = 3

// offset is what has to be added to a place of the tree for the place in the
// file.
func offset(m *graph.Module) int {
	if m.Syntax.BOM {
		return bomSize
	}
	return 0
}

// removeStatement returns the edit that takes a statement out together with its
// line, and a blank line below it that only set it apart. It is not possible
// where the statement shares its line, has a comment, binds several names, or
// is all that its block has.
func removeStatement(m *graph.Module, stmt syntax.NodeID) (e diag.Edit, ok bool) {
	f := m.Syntax
	if f.Encoding != "" && f.Encoding != "utf-8" && f.Encoding != "ascii" {
		return e, false // the tree's offsets are not the file's
	}
	d := f.Node(stmt)
	block, names := f.Parent(stmt), 0
	for c := range f.Children(stmt) {
		if f.Kind(c) == syntax.Alias {
			names++
		}
	}
	var before, after bool
	for c := range f.Children(block) {
		before = before || c < stmt
		after = after || c > stmt
	}
	if names != 1 || !after && !before || f.Kind(block) != syntax.Block {
		return e, false
	}
	src := f.Src
	start := bytes.LastIndexAny(src[:d.Start], "\r\n") + 1
	if len(bytes.TrimSpace(src[start:d.Start])) > 0 {
		return e, false
	}
	end := nextLine(src, int(d.End))
	if len(bytes.TrimSpace(src[d.End:end])) > 0 {
		return e, false
	}
	if next := nextLine(src, end); next > end && len(bytes.TrimSpace(src[end:next])) == 0 && !before {
		end = next
	}
	return diag.Edit{File: m.File, Start: start + offset(m), End: end + offset(m)}, true
}

// replaceStatement returns the edit that puts other statements in the place of
// one, each on a line of its own.
func replaceStatement(m *graph.Module, stmt syntax.NodeID, lines []string) (e diag.Edit, ok bool) {
	f := m.Syntax
	d := f.Node(stmt)
	start := bytes.LastIndexAny(f.Src[:d.Start], "\r\n") + 1
	indent, rest := f.Src[start:d.Start], f.Src[d.End:nextLine(f.Src, int(d.End))]
	if len(lines) == 0 || len(bytes.TrimSpace(indent)) > 0 || bytes.HasPrefix(bytes.TrimSpace(rest), []byte(";")) {
		return e, false
	}
	eol := "\n"
	if bytes.HasSuffix(rest, []byte("\r\n")) {
		eol = "\r\n"
	}
	return diag.Edit{
		File: m.File, Start: int(d.Start) + offset(m), End: int(d.End) + offset(m), Text: strings.Join(lines, eol+string(indent)),
	}, true
}

// nextLine returns the start of the line after the one that holds an offset.
func nextLine(src []byte, at int) int {
	i := bytes.IndexAny(src[at:], "\r\n")
	if i < 0 {
		return len(src)
	}
	at += i + 1
	if src[at-1] == '\r' && at < len(src) && src[at] == '\n' {
		at++
	}
	return at
}

// moveFix returns the fix that moves imports to the functions that use them,
// some of them with a guard; nil when they cannot be edited.
func (p *pass) moveFix(title string, moves, guards []*graph.Import) *diag.Fix {
	edits, refused := rewrite.Plan(p.entry.Program, rewrite.Request{
		Moves: moves, Guards: guards, FastPath: map[string]bool{p.entry.Entry.FastPath: p.entry.FastPath != nil}, Version: p.Version,
	})
	if len(refused) > 0 || edits.Empty() {
		return nil
	}
	fix := &diag.Fix{Title: title}
	for _, f := range edits.Files {
		for _, e := range udiff.Lines(string(f.Old), string(f.New)) {
			fix.Edits = append(fix.Edits, diag.Edit{File: f.File, Start: e.Start, End: e.End, Text: e.New})
		}
	}
	return fix
}
