package syntax_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// small says what short texts are made of: some words of a list, between a
// beginning and an end. Words are separated by blanks; "\x00" stands for one,
// and a "|" at the end is only there to keep what precedes it.
var small = []struct{ name, before, after, separator, words string }{
	{
		"parameters", "def f(", "): pass\n", "",
		"a b c * ** / = 1 , , , : ( ) *a **b a=1 b:int ",
	},
	{
		"lambda", "lambda ", ": 0\n", "",
		"a b c * ** / = 1 , , , : ( ) *a **b a=1 ",
	},
	{
		"call", "f(", ")\n", " ",
		"a b * ** = 1 , , , : ( ) *a **b a=1 b:=2 for in if x await yield lambda: not None (a)=1 True=1 f.b=1 ",
	},
	{
		"subscript", "x[", "]\n", " ",
		"a : : :: , , * *a ** = 1 ( ) ... b:=2 for x in y if else lambda: yield not ~ - ",
	},
	{
		"subscript=", "x[", "] = 1\n", " ",
		"a : : :: , , * *a ** = 1 ( ) ... b:=2 for x in y if else lambda: yield not ~ - ",
	},
	{
		"import", "import ", "\n", " ",
		"a b . .. ... , as * ( ) from import lazy a.b ",
	},
	{
		"from", "from ", "\n", " ",
		"a b . .. ... , as * ( ) import import import lazy a.b ; , __future__ annotations ",
	},
	{
		"lazy", "lazy ", "\n", " ",
		"a b . .. ... , as * ( ) import import from import lazy a.b ; = : ",
	},
	{
		"with", "with ", ": pass\n", " ",
		"a b ( ( ) ) , , as as * x.y x[0] = := yield await async (a, for in lambda: f() ",
	},
	{
		"for", "for ", ": pass\n", " ",
		"a b ( ) , , in in in * x.y x[0] = := yield await not lambda: [ ] if else for ",
	},
	{
		"except", "try: pass\nexcept ", ": pass\n", " ",
		"a b ( ) , , as as * * x.y = := yield await not lambda: if else ",
	},
	{
		"handlers", "try: pass\n", "", "",
		"except :\x00pass\n| else finally except* \x00a, \x00a,\x00b \x00as\x00c \x00a \x00* \x00(a,\x00b) \n| else:\x00pass\n| finally:\x00pass\n| except:\x00pass\n| except\x00a:\x00pass\n| except*\x00a:\x00pass\n| ",
	},
	{
		"del", "del ", "\n", " ",
		"a b ( ) [ ] , , * x.y x[0] = : f() 1 ... for in await yield {} ",
	},
	{
		"assign", "", "\n", " ",
		"a b ( ) [ ] , * x.y x[0] = = = : : += -> := f() 1 None True yield await lambda: if else for in __debug__ not { } ",
	},
	{
		"global", "def f():\n  ", "\n", " ",
		"global nonlocal a b , , f ; = 1 : x import as del for in : await yield ",
	},
	{
		"comprehension", "[", "]\n", " ",
		"a b for for in in in if if else async await , , * ( ) := lambda: x.y not yield 1 { } : ** ",
	},
	{
		"dict", "{", "}\n", " ",
		"a b for for in in in if else async await , , * ** ( ) := lambda: : : : x.y not yield 1 *a **b ",
	},
	{
		"match", "match x:\n  case ", ": pass\n", " ",
		"a _ A.b 1 -1 1+2j 'x' b'y' None True ( ) [ ] { } , , | | * *a ** **r as as : : = A( x= if := f'z' - + 1j ... ",
	},
	{
		"matchhead", "match ", "\n  case a: pass\n", " ",
		"a * , , : : ( ) [ ] := = if else for in await not - case match lambda: . x ",
	},
	{
		"soft", "", "\n", " ",
		"match case type lazy _ x : = ( ) [ ] . , * - 1 if else in not import from as pass ; lambda await \n \n| ",
	},
	{
		"typeparams", "class A[", "]: pass\n", " ",
		"T U * ** *T **P : , , = int ( ) [ ] := yield await lambda: ... ",
	},
	{
		"typeparamsdef", "def f[", "](): pass\n", " ",
		"T U * ** *T **P : , , = int ( ) [ ] := yield await lambda: ... ",
	},
	{
		"typealias", "type ", "\n", " ",
		"X Y [ ] T *T **P : , = = = int ( ) := yield await lambda: . x ",
	},
	{
		"decorator", "@", "\ndef f(): pass\n", " ",
		"a . b ( ) [ ] := , 1 lambda: yield await if else not * x ",
	},
	{
		"class", "class A(", "): pass\n", " ",
		"a b * ** = 1 , , : ( ) *a **b a=1 b:=2 for in if await yield lambda: ",
	},
	{
		"annotation", "def f(", ") -> int: pass\n", " ",
		"a: b: *a: **a: int *T * = 1 , , / yield await := ( ) lambda: [ ] ",
	},
	{
		"returns", "def f() -> ", ": pass\n", " ",
		"a , * ( ) yield await := lambda: if else [ ] . not ",
	},
	{
		"expression", "", "\n", " ",
		"a b 1 + - * / // % ** @ << >> & ^ | ~ < > == != <= >= <> in not is and or if else lambda: lambda await ( ) [ ] . , : := yield from ... None not ",
	},
	{
		"async", "async def f():\n  ", "\n", " ",
		"await async for with def in a b : pass yield from [ ] ( ) if else return = lambda: , x() not ",
	},
	{
		"return", "def f():\n  ", "\n", " ",
		"return yield from await * *a , a ( ) = += := raise assert if else for in lambda: not del ",
	},
	{
		"raise", "", "\n", " ",
		"raise assert from from a , , ( ) if else = := * yield lambda: not print exec 'x' ",
	},
	{
		"number", "", "\n", "",
		"0 1 9 _ . e j x b o l L + - a f E J X O B 00 if or and in is not else x ",
	},
	{
		"string", "", "\n", "",
		"\\ \\n \\x4 \\x41 \\u0041 \\U0010ffff \\U00110000 \\N{DIGIT ONE} \\N{NOPE} \\N \\8 \\777 ' ' \" \" ''' \"\"\" r b f u rb br fr Rb bu t rt # é \\\n| \\\r\n| a { }",
	},
	{
		"fstring", "f'", "'\n", "",
		"{ { } } {{ }} ! ! r s a x : : = = ' \" \\ \\n # \n| , * ** lambda yield await ( ) [ ] x x 1 . >10 {y} {x!r:>{w}} := != == -> ... \\N{DIGIT\x00ONE} if else for in ''' f' f\" é",
	},
	{
		"fstring3", "f\"\"\"", "\"\"\"\n", "",
		"{ { } } {{ }} ! ! r s a x : : = = ' \" \\ \\n # \n| \n| , * ** lambda yield await ( ) [ ] x x 1 . >10 {y} {x!r:>{w}} := != == -> ... if else for in ''' f' f\" \"\" #c\n| \r\n| é",
	},
	{
		"tstring", "t'", "'\n", "",
		"{ { } } {{ }} ! ! r s a x : : = = ' \" \\ \\n # \n| , * ( ) [ ] x x 1 . >10 {y} {x!r:>{w}} := != f' t' f\" \"\" 'x' ",
	},
	{
		"rawf", "rf'", "'\n", "",
		"{ { } } {{ }} ! r x : = ' \" \\ \\n \\{ \\} \\\n| # x {x} {x:\\d} \\N{x} \\x ",
	},
	{
		"layout", "", "\n", "",
		"x if\x00x: else: try: class\x00A: def\x00f(): pass = 1 ( ) [ ] , ; ; : \\\n| \n| \n\x00| \n\x00\x00| \n\t| \n#c\n| #c\n| \x0c \x00 \x00\x00 \r\n| \n\x00\x00#c| @a\n| with\x00x: return while\x001: ",
	},
	{
		"blocks", "", "", "",
		"if\x00x:\n| else:\n| elif\x00y:\n| \x00pass\n| \x00\x00pass\n| pass\n| try:\n| except:\n| finally:\n| for\x00a\x00in\x00b:\n| while\x00x:\n| \x00break\n| \x00continue\n| def\x00f():\n| class\x00A:\n| \x00return\n| \x00if\x00x:\n| \x00else:\n| \x00try:\n| \x00except:\n| match\x00x:\n| \x00case\x001:\n| @d\n| with\x00a:\n| async\x00def\x00g():\n| \x00await\x00x\n| \x00yield\n| \x00import\x00a\n| \x00from\x00a\x00import\x00*\n| \x00from\x00__future__\x00import\x00annotations\n| from\x00__future__\x00import\x00division\n| 'doc'\n|",
	},
	{
		"oneline", "", "\n", " ",
		"if x : else : elif pass ; ; while for in def f() class A try except finally with as return break import a = 1 lambda match case async ",
	},
}

// smallWords takes the list of words of a row of small apart.
func smallWords(list string) []string {
	words := strings.FieldsFunc(list, func(r rune) bool { return r == ' ' })
	for i, w := range words {
		words[i] = strings.ReplaceAll(strings.TrimSuffix(w, "|"), "\x00", " ")
	}
	return words
}

// TestSmallTexts compares what is read of short texts that are made of a few
// words each: combinations that nobody writes, but that the grammar has an
// opinion about.
func TestSmallTexts(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		count := 2000
		switch {
		case oracle.Full():
			count = 20_000
		case testing.Short():
			count = 100
		}
		for n, d := range small {
			t.Run(d.name, func(t *testing.T) {
				random := rand.New(rand.NewPCG(uint64(v.Minor), uint64(n)))
				words := smallWords(d.words)
				seen := map[string]bool{}
				var requests []request
				for range count {
					var pieces []string
					for range 1 + random.IntN(9) {
						pieces = append(pieces, words[random.IntN(len(words))])
					}
					text := d.before + strings.Join(pieces, d.separator) + d.after
					if !seen[text] {
						seen[text] = true
						requests = append(requests, request{Src: &text, Nodes: v.Minor > 8})
					}
				}
				compareVerdicts(t, i, v, requests)
			})
		}
	})
}
