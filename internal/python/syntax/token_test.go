package syntax

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

// TestKeyword looks every keyword up, and words that differ from one by a byte.
func TestKeyword(t *testing.T) {
	known := map[string]tokenKind{}
	for kind, word := range keywords {
		if word != "" {
			known[word] = tokenKind(kind)
		}
	}
	if len(known) != 35 {
		t.Fatalf("%d keywords, want 35", len(known))
	}
	check := func(word string) {
		want, ok := known[word]
		if !ok {
			want = tName
		}
		if got := keyword([]byte(word)); got != want {
			t.Errorf("%q has the kind %d, want %d", word, got, want)
		}
	}
	for word := range known {
		check(word)
		check(word[1:])
		check(word + "_")
		for i := range len(word) {
			for c := byte('0'); c <= 'z'; c++ {
				check(word[:i] + string(rune(c)) + word[i+1:])
			}
		}
	}
}

// careful reads a text without the shortcuts of lexer.common.
func careful(src []byte, v Version) lexer {
	var l lexer
	l.reset(src, v, true)
	for len(l.tokens) == 0 || l.tokens[len(l.tokens)-1].kind != tEOF {
		l.fresh = false
		for l.indentation(); !l.careful(); {
		}
	}
	return l
}

// sameTokens compares what the lexer finds with what it finds without its
// shortcuts.
func sameTokens(t *testing.T, src []byte, v Version) {
	t.Helper()
	want := careful(src, v)
	returns := bytes.IndexByte(src, '\r') >= 0
	for _, enough := range []int{0, 10, math.MaxInt} {
		var l lexer
		l.reset(src, v, returns)
		l.enough = enough
		for len(l.tokens) == 0 || l.tokens[len(l.tokens)-1].kind != tEOF {
			l.logicalLine()
		}
		if !slices.Equal(l.tokens, want.tokens) || !slices.Equal(l.comments, want.comments) || !slices.Equal(l.errors, want.errors) {
			t.Fatalf("%q:\n%v %v %v, want\n%v %v %v", src, l.tokens, l.comments, l.errors, want.tokens, want.comments, want.errors)
		}
	}
}

// TestCommon reads names, numbers and brackets of all lengths, also near the end
// of the text, where common does not read them.
func TestCommon(t *testing.T) {
	for n := 1; n < 40; n++ {
		name := "abcdefgh_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[:n]
		for _, rest := range []string{
			"", "=", ")", "  # a comment behind", " + (a[1], {2: 30.5})\nb", "é\nfurther", "\r\nfurther text", "\"string\"",
			" = f'{a:{b}} {c!r} {d[1:2]} {{}} {e:=10}'\n" + name, " = f'''{a:=10}\n{(b := 2)}'''\n\n  \n# one\n    # two\n  " + name + "\n  (1)\n\n\tb\n c\n", " <= -1 ** .5 // 0x1f != 01 ... .e", "\f\tif\tnot\\\n12345678 in x", " = [\n\n}",
		} {
			text := "(1234567890"[:1+n%8] + name[:n%3] + ")\n" + name + rest
			for _, v := range []Version{{3, 8}, Latest} {
				sameTokens(t, []byte(text), v)
				sameTokens(t, []byte(strings.Repeat("(", 199+n%3)+text), v)
			}
		}
	}
}
