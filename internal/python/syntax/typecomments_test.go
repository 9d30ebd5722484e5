package syntax_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

func TestTypeComments(t *testing.T) {
	src := `x = y = []  # type: List[a.B]  # c
for i in range(3):  # type:int
    pass
with open(f) as g, (
    h  # none
):  # type: IO[str]
    pass
def f(a,  # type: int
      b=1,  # note
      # type: str
      *c  # type: Any
      ):
    # note
    # type: (...) -> Dict[str, "X"]
    'doc'
def g(a, *b, **c):  # type: (int, *str, **Any) -> None
    z = 1  # type: ignore[x]
    z = 1  # type: ignored
    return z  # type: nothing
def h(): pass  # type: () -> None
x = (1  # type: inside
)
x: int = 1  # type: int
`
	f := syntax.Parse([]byte(src), syntax.Latest)
	var got []string
	for _, c := range f.TypeComments() {
		part := f.ParseType(c)
		names := ""
		for n := range part.Nodes {
			if part.Kind(syntax.NodeID(n)) == syntax.Name {
				names += " " + part.Text(syntax.NodeID(n))
			}
		}
		got = append(got, fmt.Sprintf("%d %d %s |%s", f.Line(f.Node(c.Owner).Start), f.Kind(c.Owner), f.Src[c.Start:c.End], names))
		if len(part.Errors) > 0 {
			t.Errorf("%s: %v", f.Src[c.Start:c.End], part.Errors)
		}
		if err := wellFormed(part); err != nil {
			t.Error(err)
		}
	}
	want := []string{
		fmt.Sprint("1 ", syntax.Assign, " List[a.B]  # c | List a"),
		fmt.Sprint("2 ", syntax.For, " int | int"),
		fmt.Sprint("4 ", syntax.With, " IO[str] | IO str"),
		fmt.Sprint("8 ", syntax.Param, " int | int"),
		fmt.Sprint("9 ", syntax.Param, " str | str"),
		fmt.Sprint("11 ", syntax.Param, " Any | Any"),
		fmt.Sprint("8 ", syntax.FunctionDef, ` (...) -> Dict[str, "X"] | Dict str`),
		fmt.Sprint("16 ", syntax.FunctionDef, " (int, *str, **Any) -> None | int str Any"),
		fmt.Sprint("18 ", syntax.Assign, " ignored | ignored"),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestParseString(t *testing.T) {
	for src, want := range map[string]string{
		`x: 'List[a]'`: "4-8 9-10", `x: """ b """`: "7-8", `x: r'a'`: "5-6", `x: 'a\x41'`: "no", `x: f'a'`: "no", `x: 'a' 'b'`: "no", `x: 'a b'`: "error",
		`x: ''`: "error", `x: 'a # b'`: "4-5", `x: 'a,\\'`: "no",
	} {
		f := syntax.Parse([]byte(src), syntax.Latest)
		got := "no"
		if part, ok := f.ParseString(f.First(f.Next(f.First(f.First(syntax.Root))))); ok {
			var places []string
			for n := range part.Nodes {
				if d := part.Nodes[n]; d.Kind == syntax.Name {
					places = append(places, fmt.Sprintf("%d-%d", d.Start, d.End))
				}
			}
			if got = strings.Join(places, " "); len(part.Errors) > 0 {
				got = "error"
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", src, got, want)
		}
	}
}

// typeComments answers each text, a JSON string, or the file of a path with its type
// comments: class and line of the owner, text, and the names in it with their
// columns, or null where it does not parse. It answers null for texts that are
// not valid with type comments.
const typeComments = `
import ast, json, sys, warnings
warnings.simplefilter("ignore")
def inner(text, function):
    try:
        tree = ast.parse(text, mode="func_type" if function else "eval")
    except Exception:
        return None
    return sorted([n.lineno, n.col_offset, n.id] for n in ast.walk(tree) if isinstance(n, ast.Name))
for line in sys.stdin:
    request = json.loads(line)
    if request.startswith("/"):
        with open(request, "rb") as f:
            src = f.read()
    else:
        src = request
    answer = None
    try:
        answer = []
        for n in ast.walk(ast.parse(src, type_comments=True)):
            text = getattr(n, "type_comment", None)
            if text is not None:
                function = isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
                answer.append([type(n).__name__.replace("Async", ""), n.lineno, text, inner(text, function)])
    except Exception:
        answer = None
    print(json.dumps(answer))
    sys.stdout.flush()
`

// ourTypeComments writes the type comments of a file as typeComments does.
func ourTypeComments(f *syntax.File) []string {
	var out []string
	for _, c := range f.TypeComments() {
		start := f.Node(c.Owner).Start
		if k := f.Kind(c.Owner); k == syntax.FunctionDef {
			start = headerStart(f, c.Owner)
		} else if k == syntax.Param {
			start = f.Node(f.First(c.Owner)).Start
		}
		class := map[syntax.Kind]string{syntax.Assign: "Assign", syntax.For: "For", syntax.With: "With", syntax.FunctionDef: "FunctionDef", syntax.Param: "arg"}[f.Kind(c.Owner)]
		names := "null"
		if part := f.ParseType(c); len(part.Errors) == 0 {
			var list [][]any
			for _, d := range part.Nodes {
				if d.Kind == syntax.Name {
					list = append(list, []any{1, d.Start - c.Start, string(f.Src[d.Start:d.End])})
				}
			}
			slices.SortFunc(list, func(a, b []any) int { return int(a[1].(int32) - b[1].(int32)) })
			text, _ := json.Marshal(list)
			if names = string(text); list == nil {
				names = "[]"
			}
		}
		out = append(out, fmt.Sprintf("%s %d %q %s", class, f.Line(start), f.Src[c.Start:c.End], names))
	}
	slices.Sort(out)
	return out
}

// typed are pieces of code in which TestTypeCommentsOracle puts comments at all
// places.
var typed = []string{
	"x = ( 1 ) ; y = z = [ 2 , 3 ]\n",
	"for x in ( y [ 1 : 2 ] ) :\n  pass\nelse :\n  pass\n",
	"async def f ( ) :\n  async with a as b , c :\n    pass\n  async for x in y :\n    z = 1\n",
	"with ( a ) as b , c ( d ) :\n  x = 1\n",
	"@ d ( 1 )\ndef f ( a , / , b = ( 1 ) , * c , d , ** e ) :\n\n  'doc'\n  return 1\n",
	"def f ( a , * , b = { 1 : 2 } ) -> ( x ) :\n  pass\n",
	"def f ( a , ) :\n  def g ( ) :\n    pass\n  return lambda x , y : 1\n",
	"class A :\n  x = 1\n  def f ( self , x = lambda : 0 ) : pass\n",
	"if x : y = 1 ; z = 2\n", "x += 1 ; x : int = 1 ; f ( x ) ; return 1\n", "try :\n  x = 1\nexcept A :\n  y = 1\n", "def f ( * a , ** b ) :\n  x , y = 1 , 2\n",
}

// TestTypeCommentsOracle compares type comments, and what is in them, with ast:
// at all places of small texts, and in the files of the corpus.
func TestTypeCommentsOracle(t *testing.T) {
	texts := []string{"int", "(int) -> str", "(*a, **b) -> c", "()->x", "(a, *b, c) -> d", "(a,) -> b", "a, b", "a b", "*a", "List['x', (y)]", "a # b", "a \\", "(a: b) -> c", "(...) -> x", "ignore", "ignore[x]", "ignorex", "é", "a if b else c", "lambda x: y", "[x for x in y]", "(a, **b, *c) -> d", "x := y", "(*a, *b) -> c", "yield", "f'{x}'", "a;"}
	random := rand.New(rand.NewPCG(1, 2))
	var requests []string
	request := func(s string) {
		text, _ := json.Marshal(s)
		requests = append(requests, string(text))
	}
	for _, piece := range typed {
		for at, c := range piece {
			if c != ' ' && c != '\n' {
				continue
			}
			for _, form := range []string{"  # type: %s\n", " #type:%s\n", "\n  # type: %s\n", "# note\n    # type: %s\n", " # type: %s\n # type: x\n"} {
				request(piece[:at] + fmt.Sprintf(form, texts[random.IntN(len(texts))]) + piece[at:])
				request(piece[:at] + fmt.Sprintf(form, texts[0]) + piece[at+1:])
			}
		}
	}
	for _, text := range texts {
		for _, piece := range []string{"x = 1  # type: %s\n", "def f(): # type: %s\n  pass\n"} {
			request(fmt.Sprintf(piece, text))
		}
	}
	dir := ""
	t.Run("corpus", func(t *testing.T) { dir = oracle.Corpus(t) })
	if dir != "" {
		every := 10
		if oracle.Full() {
			every = 1
		}
		for _, path := range library(&interp.Interpreter{Stdlib: dir}, every) {
			if src, err := os.ReadFile(path); err == nil && bytes.Contains(src, []byte("# type:")) {
				request(filepath.ToSlash(path))
			}
		}
	}
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		v := syntax.Version{Major: 3, Minor: p.Minor}
		valid, comments, wrong := 0, 0, 0
		oracle.Lines(t, p, typeComments, requests, func(n int, line string) {
			var answer [][]any
			var text string
			if json.Unmarshal([]byte(line), &answer) != nil || json.Unmarshal([]byte(requests[n]), &text) != nil {
				t.Fatal(line)
			}
			if answer == nil {
				return
			}
			valid++
			src := []byte(text)
			if strings.HasPrefix(text, "/") {
				var err error
				if src, err = os.ReadFile(text); err != nil {
					t.Fatal(err)
				}
			}
			var want []string
			for _, a := range answer {
				names, _ := json.Marshal(a[3])
				want = append(want, fmt.Sprintf("%s %v %q %s", a[0], a[1], a[2], names))
			}
			slices.Sort(want)
			comments += len(want)
			if got := ourTypeComments(syntax.Parse(src, v)); !slices.Equal(got, want) {
				if wrong++; wrong <= 12 {
					t.Errorf("%.300s:\ngot  %s\nwant %s", text, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
				}
			}
		})
		t.Logf("%d of %d texts valid, %d type comments, %d texts differ", valid, len(requests), comments, wrong)
	})
}
