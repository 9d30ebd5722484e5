package syntax

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sort"
	"unicode/utf8"
)

// lineBlock is how many bytes of a text without CR one entry of File.lines
// stands for. What lies within a block is counted when somebody asks: most
// offsets are never turned into lines.
const lineBlock = 1 << 10

// indexLines fills in f.lines. Lines end at LF, CR LF or CR, as Python's do.
func (f *File) indexLines() {
	src := f.Src
	f.returns = bytes.IndexByte(src, '\r') >= 0
	if !f.returns {
		count := 0
		for ; len(src) > lineBlock; src = src[lineBlock:] {
			f.lines = append(f.lines, int32(count))
			count += bytes.Count(src[:lineBlock], newline)
		}
		f.lines = append(f.lines, int32(count))
		return
	}
	f.lines = append(f.lines, 0)
	for p, c := range src {
		if c == '\n' || c == '\r' && (p+1 == len(src) || src[p+1] != '\n') {
			f.lines = append(f.lines, int32(p)+1)
		}
	}
}

var newline = []byte("\n")

// Position returns the 1-based line and column of an offset into Src. The
// column counts characters. An offset behind the end counts as the end.
func (f *File) Position(off int32) (line, column int) {
	off = min(max(off, 0), int32(len(f.Src)))
	if len(f.lines) == 0 {
		return 1, int(off) + 1
	}
	line = f.Line(off)
	start := 0
	if f.returns {
		start = int(f.lines[line-1])
	} else {
		start = bytes.LastIndexByte(f.Src[:off], '\n') + 1
	}
	return line, countCharacters(f.Src[start:off]) + 1
}

// Place returns where a node begins and ends, see Position.
func (f *File) Place(n NodeID) (line, column, endLine, endColumn int) {
	d := &f.Nodes[n]
	line, column = f.Position(d.Start)
	if text := f.Src[d.Start:d.End]; !f.returns && bytes.IndexByte(text, '\n') < 0 {
		return line, column, line, column + countCharacters(text)
	}
	endLine, endColumn = f.Position(d.End)
	return line, column, endLine, endColumn
}

// countCharacters counts those of a text: most are all ASCII.
func countCharacters(text []byte) int {
	n := 0
	for n+8 <= len(text) && binary.LittleEndian.Uint64(text[n:])&highBits == 0 {
		n += 8
	}
	return n + utf8.RuneCount(text[n:])
}

// Line returns the 1-based number of the line that holds an offset into Src.
func (f *File) Line(off int32) int {
	if f.returns || len(f.lines) == 0 {
		return max(1, sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off }))
	}
	off = min(max(off, 0), int32(len(f.Src)))
	block := min(int(off/lineBlock), len(f.lines)-1)
	return int(f.lines[block]) + bytes.Count(f.Src[block*lineBlock:off], newline) + 1
}

// Lines returns the number of lines, the one behind the last line ending
// included.
func (f *File) Lines() int {
	if f.returns || len(f.lines) == 0 {
		return len(f.lines)
	}
	return f.Line(int32(len(f.Src)))
}

// LineStart returns the offset of the start of a 1-based line.
func (f *File) LineStart(line int) int32 {
	if f.returns {
		return f.lines[line-1]
	}
	if line == 1 {
		return 0
	}
	// The line begins behind the line ending number line-1.
	block := sort.Search(len(f.lines), func(i int) bool { return int(f.lines[i]) >= line-1 }) - 1
	at := block * lineBlock
	for n := line - 1 - int(f.lines[block]); n > 0; n-- {
		at += bytes.IndexByte(f.Src[at:], '\n') + 1
	}
	return int32(at)
}

// DottedText returns the text of a DottedName or Ident without the blanks and
// line continuations that may stand between its parts, as Python sees the
// name: identifiers beyond ASCII are normalised (NFKC).
func (f *File) DottedText(n NodeID) string {
	d := f.Nodes[n]
	text := f.Src[d.Start:d.End]
	plain := true
	for _, c := range text {
		if c <= ' ' || c == '\\' || c >= utf8.RuneSelf {
			plain = false
			break
		}
	}
	if plain {
		return string(text)
	}
	return dotted(text)
}

func (f *File) errorf(start, end int32, format string, args ...any) {
	f.Errors = append(f.Errors, Error{start, end, fmt.Sprintf(format, args...)})
}
