package syntax_test

import (
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// TestPlaces compares verdicts on statements that are right in some places only, in
// all places of up to three blocks.
func TestPlaces(t *testing.T) {
	blocks := []string{
		"def f():\n#", "async def f():\n#", "class C:\n#", "if x:\n#", "with x:\n#", "for x in y:\n#", "while x:\n#",
		"for x in y:\n pass\nelse:\n#", "while x:\n pass\nelse:\n#", "try:\n#\nfinally:\n pass", "try:\n pass\nexcept E:\n#", "try:\n pass\nexcept* E:\n#",
	}
	texts := []string{"return", "return 1", "break", "continue", "return 1\nyield"}
	var requests []request
	for inner, depth := texts, 0; depth < 3; depth++ {
		var outer []string
		for _, text := range inner {
			for _, block := range blocks {
				outer = append(outer, strings.Replace(block, "#", " "+strings.ReplaceAll(text, "\n", "\n "), 1))
			}
		}
		for n := range outer {
			requests = append(requests, request{Src: &outer[n]})
		}
		inner = outer
	}
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) { compareVerdicts(t, i, v, requests) })
}

// TestRepeatedNames compares verdicts on parameters and arguments that may have the
// same name: long ones with the same beginning or end, and ones that are the same in
// Python's eyes alone.
func TestRepeatedNames(t *testing.T) {
	names := []string{
		"a", "b", "ab", "ba", "abcdefgh", "abcdefghi", "abcdefgha", "abcdefghabcdefgh", "abcdefghiabcdefgh", "abcdefghjabcdefgh",
		"abcdefgh1abcdefgh", "é", "e\u0301", "abcdefghé", "abcdefghe\u0301", "abcdefge\u0301", "abcdefgé", "ﬁ", "fi", "abcdefghijklmﬁabcdefgh", "abcdefghijklmfiabcdefgh",
	}
	var requests []request
	for _, a := range names {
		for _, b := range names {
			for _, form := range []string{"def f(A, B): pass\n", "lambda A, B: 0\n", "f(A=1, B=2)\n", "class C(A=1, x=2, B=3): pass\n", "def f(A, *, x=1, B): pass\n", "f(x, A=1, *y, B=2)"} {
				text := strings.NewReplacer("A", a, "B", b).Replace(form)
				requests = append(requests, request{Src: &text})
			}
		}
	}
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) { compareVerdicts(t, i, v, requests) })
}
