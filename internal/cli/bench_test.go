package cli

import (
	"slices"
	"testing"

	"fastpath/internal/bench"
	"fastpath/internal/term"
)

func TestSplitWords(t *testing.T) {
	for line, want := range map[string][]string{
		"":                         nil,
		"  a  b\tc\n":              {"a", "b", "c"},
		`--name 'a b' "c d"`:       {"--name", "a b", "c d"},
		`a'b c'd"e f"g`:            {"ab cde fg"},
		`'' ""`:                    {"", ""},
		`a\ b \'c\' "d\"e" 'f\g'`:  {"a b", "'c'", `d"e`, `f\g`},
		`"\n \\ \$x"`:              {`\n \ $x`},
		"ünï 'cödé'":               {"ünï", "cödé"},
		`--json '{"a": [1, "b"]}'`: {"--json", `{"a": [1, "b"]}`},
	} {
		if got, err := splitWords(line); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
	}
	for _, line := range []string{`a "b`, `'`, `a\`, `"a\"`} {
		if got, err := splitWords(line); err == nil {
			t.Errorf("%q: %q without an error", line, got)
		}
	}
}

// FuzzSplitWords: words that are quoted come back as they were.
func FuzzSplitWords(f *testing.F) {
	f.Add("a b", "c'd")
	f.Fuzz(func(t *testing.T, a, b string) {
		line := ""
		for i, w := range []string{a, b} {
			if i > 0 {
				line += " "
			}
			line += "'"
			for _, c := range []byte(w) {
				if c == '\'' {
					line += `'\''`
				} else {
					line += string([]byte{c})
				}
			}
			line += "'"
		}
		if got, err := splitWords(line); err != nil || !slices.Equal(got, []string{a, b}) {
			t.Errorf("%q: %q, %v", line, got, err)
		}
		_, _ = splitWords(a) // whatever it is, it ends
	})
}

func TestChangeText(t *testing.T) {
	ptr := func(v float64) *float64 { return &v }
	plain := &term.Terminal{}
	for want, c := range map[string]bench.Change{
		"−41% ± 3%, p < 0.001":                                           {BeforeMS: 100, LowMS: ptr(-44), HighMS: ptr(-38), Share: -0.41, P: 0.0001, N: 20, Verdict: bench.Faster},
		"+12% ± 1.5%, p = 0.002":                                         {BeforeMS: 100, LowMS: ptr(10), HighMS: ptr(13), Share: 0.12, P: 0.002, N: 20, Verdict: bench.Slower},
		"no difference seen at n = 10; 12% would have been":              {BeforeMS: 100, LowMS: ptr(-3), HighMS: ptr(4), Share: 0.01, P: 0.6, N: 10, Verdict: bench.NoDifference, SeenShare: ptr(0.12)},
		"no difference seen at n = 6; nor would any below 95% have been": {BeforeMS: 100, LowMS: ptr(-3), HighMS: ptr(4), Share: 0.01, P: 0.6, N: 6, Verdict: bench.NoDifference},
		"−1.4% at n = 2, too few for a verdict":                          {BeforeMS: 100, Share: -0.014, P: 1, N: 2, Verdict: bench.TooFew},
		"0% at n = 1, too few for a verdict":                             {BeforeMS: 100, P: 1, N: 1, Verdict: bench.TooFew},
	} {
		if got := changeText(plain, c); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}
