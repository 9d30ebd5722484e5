package syntax

import (
	"bytes"
	"fmt"
	"sort"
	"unicode/utf8"
)

// indexLines fills in the offsets of the line starts. Lines end at LF, CR LF
// or CR, as Python's do.
func (f *File) indexLines() {
	src := f.Src
	lone := bytes.IndexByte(src, '\r') >= 0
	f.lines = append(f.lines, 0)
	for p := 0; p < len(src); {
		if !lone {
			i := bytes.IndexByte(src[p:], '\n')
			if i < 0 {
				return
			}
			p += i + 1
			f.lines = append(f.lines, int32(p))
			continue
		}
		c := src[p]
		p++
		if c == '\n' || c == '\r' && (p == len(src) || src[p] != '\n') {
			f.lines = append(f.lines, int32(p))
		}
	}
}

// Position returns the 1-based line and column of an offset into Src. The
// column counts characters. An offset behind the end counts as the end.
func (f *File) Position(off int32) (line, column int) {
	off = min(max(off, 0), int32(len(f.Src)))
	line = sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off })
	if line == 0 {
		return 1, int(off) + 1
	}
	return line, utf8.RuneCount(f.Src[f.lines[line-1]:off]) + 1
}

// Line returns the 1-based number of the line that holds an offset into Src.
func (f *File) Line(off int32) int {
	return max(1, sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > off }))
}

// Lines returns the number of lines, the one behind the last line ending
// included.
func (f *File) Lines() int { return len(f.lines) }

// LineStart returns the offset of the start of a 1-based line.
func (f *File) LineStart(line int) int32 { return f.lines[line-1] }

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
