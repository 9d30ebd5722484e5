package syntax

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestPositions compares lines and columns of texts of several blocks with
// those of a count from the start.
func TestPositions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, pieces := range [][]string{{"x", "\n"}, {"x = 1", "é", "\n", "\n\n"}, {"x", "\r\n"}, {"x", "é", "\r", "\n", "\r\n"}, {""}} {
		for _, size := range []int{0, 1, lineBlock - 1, lineBlock, lineBlock + 1, 5*lineBlock + 7} {
			var b strings.Builder
			for b.Len() < size && pieces[0] != "" {
				b.WriteString(pieces[random.IntN(len(pieces))])
			}
			text := b.String()
			f := &File{Src: []byte(text)}
			f.indexLines()
			line, start := 1, 0
			for off := 0; off <= len(text); off++ {
				if off > 0 && (text[off-1] == '\n' || text[off-1] == '\r' && (off == len(text) || text[off] != '\n')) {
					line, start = line+1, off
				}
				if l, column := f.Position(int32(off)); l != line || column != utf8.RuneCountInString(text[start:off])+1 {
					t.Fatalf("%d bytes of %q: offset %d is at %d:%d, want line %d from %d on", len(text), pieces, off, l, column, line, start)
				}
				if got := f.LineStart(line); int(got) != start || f.Line(int32(off)) != line {
					t.Fatalf("%d bytes of %q: line %d starts at %d, want %d", len(text), pieces, line, got, start)
				}
			}
			if f.Lines() != line {
				t.Fatalf("%d bytes of %q: %d lines, want %d", len(text), pieces, f.Lines(), line)
			}
		}
	}
}
