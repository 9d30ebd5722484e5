package syntax

import (
	"bytes"
	"cmp"
	"slices"
	"testing"
)

// FuzzLex: whatever the text is, the lexer comes to its end with tokens in
// order, and where it finds no fault, no character is lost between them.
func FuzzLex(f *testing.F) {
	for _, src := range []string{
		"if a:\n\tb = (1,\n  2) # c\n  d\n", "x = f'{a!r:>{w}}b' '''y\n''' rb'\\''\n", "a \\\n b;c\r\nd\r\f e\n", "f'''{\n", "((((\nimport a\n", "t'{x' 0x_1 1__0 1e5j ª·\n", "\ufeffé\n\x00",
	} {
		f.Add([]byte(src), uint8(12))
		f.Add([]byte(src), uint8(15))
	}
	f.Fuzz(func(t *testing.T, src []byte, minor uint8) {
		v := Version{Major: 3, Minor: 8 + int(minor%8)}
		var l lexer
		l.reset(src, v, bytes.IndexByte(src, '\r') >= 0)
		for lines := 0; len(l.tokens) == 0 || l.tokens[len(l.tokens)-1].kind != tEOF; lines++ {
			if lines > (maxRestarts+2)*(len(src)+1) {
				t.Fatalf("no progress at %d", l.pos)
			}
			l.logicalLine()
		}
		sameTokens(t, src, v)
		depth, formatted, end := 0, 0, int32(0)
		pieces := slices.Clone(l.comments) // with the tokens
		for _, k := range l.tokens {
			if k.start < end || k.end < k.start || int(k.end) > len(src) {
				t.Fatalf("token %d at %d:%d follows one that ends at %d", k.kind, k.start, k.end, end)
			}
			end = k.start
			switch k.kind {
			case tIndent:
				depth++
			case tDedent:
				depth--
			case tFStart:
				formatted++
			}
			pieces = append(pieces, Comment{k.start, k.end})
		}
		if depth != 0 {
			t.Fatalf("%d blocks more begin than end", depth)
		}
		if len(l.errors) > 0 || formatted > 0 {
			return
		}
		slices.SortStableFunc(pieces, func(a, b Comment) int { return cmp.Compare(a.Start, b.Start) })
		end = 0
		for _, k := range pieces {
			if k.Start > end {
				if lost := bytes.Trim(src[end:k.Start], " \t\f\r\n\\"); len(lost) > 0 && !bytes.Equal(lost, []byte("\ufeff")) {
					t.Fatalf("%q is lost at %d", lost, end)
				}
			}
			end = max(end, k.End)
		}
	})
}
