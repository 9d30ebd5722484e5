package syntax_test

import (
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

var roughTokens = regexp.MustCompile(`(?s)[rbfuRBFU]{0,2}("""(\\.|.)*?"""|'''(\\.|.)*?'''|"(\\.|[^\\"\n])*"|'(\\.|[^\\'\n])*')|\w+|\n[ \t]*|[ \t]+|#[^\n]*|[-+*/%@&|^<>=!:]=?|.`)

// spice are tokens that mutations put in.
var spice = strings.Fields(`( ) [ ] { } , : ; . ... -> := = == != + - * ** / // @ ~ += **= not in is and or if else lambda await yield from import as async for
	while def class return pass break continue del global nonlocal try except finally raise with assert elif None True False match case type lazy _ x 1 1.5 0x1 'a' b'a'
	f'{x}' f'{x!r:>{y}}' "" __debug__ print *x **x x=1 x:=1 (x) [x] {x} {x:1} (yield) *`)

// TestMutations changes single tokens of statements of a standard library and
// compares the verdicts.
func TestMutations(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		count := 20_000
		if testing.Short() {
			count = 1500
		}
		random := rand.New(rand.NewPCG(uint64(v.Minor), 1))
		files := library(i, 1)
		files = append(files, slices.DeleteFunc(slices.Clone(files), func(p string) bool {
			return !strings.Contains(p, "test_grammar") && !strings.Contains(p, "test_patma") && !strings.Contains(p, "test_fstring") && !strings.Contains(p, "test_type_") && !strings.Contains(p, "test_coroutines")
		})...)
		var requests []request
		for len(requests) < count {
			src, err := os.ReadFile(files[random.IntN(len(files))])
			if err != nil {
				t.Fatal(err)
			}
			f := syntax.Parse(src, v)
			var pieces []string
			for n := range f.Nodes {
				d := f.Node(syntax.NodeID(n))
				size := d.End - d.Start
				if !d.Kind.IsStatement() || size < 10 || size > 600 || d.Flags&syntax.FlagElif != 0 {
					continue
				}
				line := f.Line(d.Start)
				text := string(f.Src[f.LineStart(line):d.End])
				indent := text[:d.Start-f.LineStart(line)]
				if strings.Trim(indent, " \t") != "" {
					continue
				}
				pieces = append(pieces, strings.ReplaceAll(strings.TrimPrefix(text, indent), "\n"+indent, "\n")+"\n")
			}
			for range min(20, len(pieces)) {
				tokens := roughTokens.FindAllString(pieces[random.IntN(len(pieces))], -1)
				for range 1 + random.IntN(2) {
					tokens = mutate(random, tokens)
				}
				text := strings.Join(tokens, "")
				requests = append(requests, request{Src: &text})
			}
		}
		compareVerdicts(t, i, v, requests)
	})
}

func mutate(random *rand.Rand, tokens []string) []string {
	if len(tokens) < 2 {
		return tokens
	}
	at := random.IntN(len(tokens) - 1)
	switch random.IntN(5) {
	case 0:
		return slices.Delete(tokens, at, at+1)
	case 1:
		return slices.Insert(tokens, at, tokens[at])
	case 2:
		tokens[at], tokens[at+1] = tokens[at+1], tokens[at]
	case 3:
		tokens[at] = spice[random.IntN(len(spice))]
	case 4:
		return slices.Insert(tokens, at, " "+spice[random.IntN(len(spice))]+" ")
	}
	return tokens
}
