package scope

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

func analyze(t *testing.T, src string, minor int) *Info {
	t.Helper()
	v := syntax.Version{Major: 3, Minor: minor}
	f := syntax.Parse([]byte(src), v)
	for _, e := range f.Errors {
		line, _ := f.Position(e.Start)
		t.Errorf("line %d: %s", line, e.Message)
	}
	return Analyze(f, v)
}

// show writes uses as "line" with a letter for each property.
func show(i *Info, uses []Use) string {
	var out []string
	for _, u := range uses {
		line, _ := i.File.Position(i.File.Node(u.Node).Start)
		s := fmt.Sprint(line)
		for _, p := range []struct {
			on   bool
			mark string
		}{
			{u.Store, "="},
			{u.Del, "-"},
			{u.Annotation, ":"},
			{u.Environment, "?"},
			{u.When == AtCall, "c"},
			{u.When == TypeChecking, "t"},
			{u.When == Never, "n"},
		} {
			if p.on {
				s += p.mark
			}
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestUses(t *testing.T) {
	for _, c := range []struct {
		name, src, want string
		minor           int
	}{
		{"loads and stores", "import x\nx.a\nx = 1\ndel x\nx += 1\nfor x in y: pass", "2 3= 4- 5= 5 6=", 12},
		{"functions", "import x\ndef f(a=x, *, b: x = x) -> x:\n  return x\nclass C(x, k=x):\n  y = x\n  def g(self): x\n", "2 2: 2 2: 3c 4 4 5 6c", 12},
		{"shadowed", "import x\ndef f(x): return x\ndef g():\n  x = 1\n  return x\ndef h():\n  def i(): nonlocal x; x\n  x = 1\nlambda x: x\n[x for x in y]\n", "", 12},
		{"class scope", "import x\nclass C:\n  x = x.y\n  def f(self): return x\n", "3 4c", 12},
		{"comprehensions", "import x\n[x for a in x if x]\n[(x for b in x)]\n(lambda: [x])\n", "2 2 2 3 3 4c", 12},
		{"global", "import x\ndef f():\n  global x\n  x = 1\n  def g(): return x\ndef h(x):\n  def k():\n    global x\n    return x\n", "3=c 4=c 5c 8=c 9c", 12},
		{"definitions", "import x\ndef x(): pass\nclass x: pass\ntry: pass\nexcept E as x: pass\nmatch y:\n  case [x]: pass\n  case [*x]: pass\n  case {1: 2, **x}: pass\n  case E(a=x): pass\n  case 1 as x: pass\n", "2= 3= 5= 7= 8= 9= 10= 11=", 12},
		{"walrus", "import x\n[(x := 1) for a in b]\ndef f(): (x := 2)\n", "2=", 12},
		{"annotations", "import x\na: x.T\nb: 'x.T' = 1\ndef f(p: 'x', q: \"list['x']\"):\n  c: x = 1\n", "2: 3:t 4:t 4:t 5:n", 12},
		{"annotations 3.14", "import x\na: x.T\ndef f(p: x):\n  c: x = 1\n", "2:c 3:c 4:n", 14},
		{"protocol 3.14", "import x\nclass C(Protocol):\n  a: x.T\n  b: 'x.T'\n", "3: 4:t", 14},
		{"dataclass 3.14", "import x\n@dataclass\nclass C:\n  a: 'x.T'\n", "4:t", 14},
		{"dataclass 3.15", "import x\n@dataclass\nclass C:\n  a: 'x.T'\n", "4:", 15},
		{"type comments", "import x\na = []  # type: list[x.T]\nfor b in a:  # type: y.x # x\n  with a:  # type: 'x'\n    pass\ndef f(c,  # type: x\n      ):\n  # type: (...) -> x\n  d = a  # type: x\nif False:\n  e = 1 # type: x\ng: int = 1  # type: x\nh = 1  # type: ignore[x]\n", "2:t 4:t 6:t 6:t 9:t 11:n", 12},
		{"future", "from __future__ import annotations\nimport x\na: x.T\ndef f(p: x): pass\n", "3:t 4:t", 12},
		{"annotated", "import x\na: Annotated[x, x.T, 'x']\nb: Literal['x']\n", "2: 2", 12},
		{"annotated, future", "from __future__ import annotations\nimport x\na: Annotated[x, x.T, 'x']\n", "3:t 3:t", 12},
		{"type aliases", "import x\ntype A[T: x] = x\ndef f[T: x](p: x): pass\nclass C[T: x](x): pass\n", "2c 2 3c 3: 4c 4", 12},
		{"type checking", "import x\nif TYPE_CHECKING: x\nelse: x\nif not t.TYPE_CHECKING: x\nelse: x\nif TYPE_CHECKING or y: x\nif TYPE_CHECKING and y: x\ndef f():\n  if TYPE_CHECKING: x\n", "2t 3 4 5t 6 7t 9t", 12},
		{"constants", "import x\nif 0: x\nelif 1: x\nelse: x\nwhile False: x\nx if None else x\nif 0x0: x\nif 0j or True: x\n", "2n 3 4n 5n 6n 6 7n 8", 12},
		{"versions", "import x\nimport sys\nif sys.version_info >= (3, 9): x\nelse: x\nif sys.version_info[:2] == (3, 12): x\nelse: x\nif sys.version_info[0] < 3: x\nif (3, 13) <= sys.version_info: x\nif sys.version_info >= (3, 12, 1): x\nif sys.version_info.minor > 12 or sys.platform.startswith('none'): x\n", "3 4?n 5 6?n 7?n 8?n 9 10?n", 12},
		{"platform", "import x\nimport sys, os\nif sys.platform == 'nowhere': x\nif sys.platform in ('a', \"b\"): x\nif os.name not in ['a']: x\n", "3?n 4?n 5", 12},
		{"main", "import x\nif __name__ == '__main__': x\nelse: x\nif '__main__' != __name__: x\n", "2c 3 4", 12},
		{"private", "import x, _C__y, __y\nclass _C:\n  def f(self): return __y\n", "", 12},
		{"f-strings", "import x\nf'{x!r:{x}}'\nf'''{x\n}'''\n", "2 2 3", 12},
		{"other imports", "import x\ntry: import x\nexcept E: from y import z as x\nimport x.y\n", "", 12},
		{"suites", "import x\nfor a in x:\n  def f(x): x\nelse:\n  def f(x): x; x\n  x\nwhile x:\n  def f(x): x\nelse:\n  def f(x): x\n  x\ntry:\n  def f(x): x\n  x\nexcept x:\n  def f(x): x\n  x\nelse:\n  def f(x): x\n  x\nfinally:\n  def f(x): x\n  x\nwith x:\n  def f(x): x\n  x\nif x:\n  def f(x): x\nelif x:\n  class C:\n    def f(x): x\nelse:\n  def f(x): x\n  x\nmatch x:\n  case a if x:\n    def f(x): x\n    x\n", "2 6 7 11 14 15 17 20 23 24 26 27 29 34 35 36 38", 12},
		{"late decorators", "import x\n@x\n@x.y(lambda: x)\ndef f(): pass\n", "2 3 3c", 12},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := analyze(t, c.src, c.minor)
			if got := show(i, i.Uses("x")); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if c.name == "private" {
				if got := show(i, i.Uses("_C__y")) + "/" + show(i, i.Uses("__y")); got != "3c/" {
					t.Errorf("private names: %q", got)
				}
			}
		})
	}
}

func TestLocalUses(t *testing.T) {
	i := analyze(t, "def f():\n  import x\n  x\n  def g(): return x\n  return [x for _ in ()]\nclass C:\n  import x\n  y = x\n  def m(self): return x\n", 12)
	f, _ := i.Opens(i.File.First(syntax.Root))
	c, _ := i.Opens(i.File.Next(i.File.First(syntax.Root)))
	if got := show(i, i.LocalUses(f, "x")); got != "3c 4c 5c" {
		t.Errorf("function: %q", got)
	}
	if got := show(i, i.LocalUses(c, "x")); got != "8" {
		t.Errorf("class: %q", got)
	}
	if i.LocalUses(f, "nothing") != nil {
		t.Error("uses of nothing")
	}
	if s, ok := i.Lookup("x", f); !ok || s != f {
		t.Errorf("lookup: %d %v", s, ok)
	}
	i.Promote([]ScopeID{f})
	if got := show(i, i.LocalUses(f, "x")); got != "3 4c 5" {
		t.Errorf("promoted: %q", got)
	}
}

func TestPromote(t *testing.T) {
	i := analyze(t, "import x\ndef f():\n  x\n  if False: x\n  def g(): x\nh = lambda: x\n", 12)
	var fs []ScopeID
	for k, s := range i.Scopes {
		if line, _ := i.File.Position(i.File.Node(s.Node).Start); s.Kind == FunctionScope && line == 2 || s.Kind == LambdaScope {
			fs = append(fs, ScopeID(k))
		}
	}
	i.Promote(fs)
	if got := show(i, i.Uses("x")); got != "3 4n 5c 6" {
		t.Errorf("got %q", got)
	}
}

func TestDynamicNames(t *testing.T) {
	i := analyze(t, `
import sys
exec("x"); eval("x"); globals(); locals(); vars(); dir(); __import__("x")
vars(y); dir(y); sys.path; sys.modules["x"]; y.eval()
sys.modules[__name__]
g = globals
def f(eval): eval()
def f(): locals()
`, 12)
	var got []string
	for _, n := range i.DynamicNames {
		line, _ := i.File.Position(i.File.Node(n).Start)
		got = append(got, fmt.Sprintf("%d:%s", line, i.File.Text(n)))
	}
	want := "3:exec 3:eval 3:globals 3:locals 3:vars 3:dir 3:__import__ 5:sys.modules[__name__] 6:globals 8:locals"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if i = analyze(t, "from x import eval\neval()\n", 12); len(i.DynamicNames) != 0 {
		t.Error("an imported eval is no builtin")
	}
}

func TestExports(t *testing.T) {
	for src, want := range map[string]string{
		"import a, b.c as d\n_e = f = 1\ndef g(): global h; h = 1\nclass I: j = 1\n":                        "I a d f g h",
		"import a\n__all__ = ['a', \"b\"]\n__all__ += ('c',)\n__all__.append('d')\n__all__.extend(['e'])\n": "all a b c d e",
		"__all__ = ['x']\n__all__ = ['a'] + ['b']\n__all__.remove('b')\n":                                   "all a",
		"__all__ = ['a']\n__all__ = __all__ + ['b']\n":                                                      "all a b",
		"__all__: list[str] = ['a', *('b',)]\n":                                                             "all a b",
		"from x import *\n__all__ = x.__all__\n":                                                            "all unknown",
		"__all__ = ['a'] + names\n":                                                                         "all unknown a",
		"__all__ = [n for n in y]\n":                                                                        "all unknown",
		"del __all__\n":                                                                                     "all unknown",
		"def f(): return __all__\n":                                                                         "all",
	} {
		i := analyze(t, src, 12)
		names, known := i.Exports()
		got := strings.Join(names, " ")
		if !known {
			got = strings.TrimSpace("unknown " + got)
		}
		if i.HasAll() {
			got = strings.TrimSpace("all " + got)
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", src, got, want)
		}
	}
}

func TestQualname(t *testing.T) {
	i := analyze(t, "mark\nclass A:\n  mark\n  class B:\n    def f(self, d=mark):\n      mark\n      def g(): mark\n      class C:\n        mark\n      lambda: mark\n", 12)
	var got []string
	for _, u := range i.Uses("mark") {
		got = append(got, i.Qualname(u.Node))
	}
	want := []string{"", "A", "A.B", "A.B.f", "A.B.f.<locals>.g", "A.B.f.<locals>.C", "A.B.f"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// inComment reports whether a use is in a type comment. Its node may open a
// scope, and runs at another time.
func (i *Info) inComment(u Use) bool {
	k := i.File.Kind(u.Node)
	return u.Annotation && k != syntax.Name && k != syntax.String
}

// checkScopes compares ScopeOf and when, which climb, with what the walk
// recorded.
func checkScopes(t *testing.T, i *Info) {
	t.Helper()
	for _, u := range i.uses {
		if i.inComment(u) {
			continue
		}
		line, column := i.File.Position(i.File.Node(u.Node).Start)
		if got := i.ScopeOf(u.Node); got != u.Scope {
			t.Errorf("%d:%d %s: scope %d, the walk says %d", line, column, i.File.Text(u.Node), got, u.Scope)
			return
		}
		if w, environment := i.when(u.Node, u.Annotation && i.isText(u.Node)); w != u.When || environment != u.Environment {
			t.Errorf("%d:%d %s: runs at %s (%v), the walk says %s (%v)", line, column, i.File.Text(u.Node), w, environment, u.When, u.Environment)
			return
		}
	}
}

func TestScopeOf(t *testing.T) {
	checkScopes(t, analyze(t, `
@x(lambda: x)
def f[T: x, *S, **P = x](a: x = x, *b: x, c=lambda y=x: x, **d: x) -> x:
    x
    class C[U](x, k=x):
        x
        y = [x for i in x if x for j in x]
        z = {x: x for x.y in [x for k in x]}
        def g(self, x=x): nonlocal q; x
    q = (x for _ in (lambda: x))
    return x
type A[T = x] = [x for _ in x]
x: x = x
`, 13))
	p := oracle.One(t)
	v := syntax.Version{Major: 3, Minor: p.Minor}
	for _, file := range pythonFiles(library(t, p.Path), 40) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		checkScopes(t, Analyze(syntax.Parse(src, v), v))
		if t.Failed() {
			t.Fatal(filepath.Base(file))
		}
	}
}

// texts returns the names of an Info by their numbers.
func texts(i *Info) []string {
	list := make([]string, i.names.len())
	for n := range list {
		list[n] = i.names.of(nameID(n))
	}
	return list
}

// differs says in what two results for one file are different.
func differs(i, j *Info) error {
	switch {
	case !slices.Equal(i.Scopes, j.Scopes):
		return fmt.Errorf("%d and %d scopes, or other ones", len(i.Scopes), len(j.Scopes))
	case !slices.Equal(texts(i), texts(j)) || !slices.Equal(i.symbols, j.symbols):
		return fmt.Errorf("%d and %d symbols, or other ones", len(i.symbols), len(j.symbols))
	case !slices.Equal(i.uses, j.uses) || !slices.Equal(i.usesOf, j.usesOf):
		return fmt.Errorf("%d and %d uses, or other ones", len(i.uses), len(j.uses))
	case !slices.Equal(i.localUses, j.localUses) || !slices.Equal(i.localOf, j.localOf):
		return fmt.Errorf("%d and %d local uses, or other ones", len(i.localUses), len(j.localUses))
	case !slices.Equal(i.DynamicNames, j.DynamicNames) || !slices.Equal(i.exports.names, j.exports.names) || !slices.Equal(i.placed, j.placed) || !slices.Equal(i.imported, j.imported):
		return fmt.Errorf("other dynamic names, exports or places")
	}
	return nil
}

// TestReuse holds that an Analyzer that goes from file to file gives what
// Analyze gives, with any number of workers.
func TestReuse(t *testing.T) {
	p := oracle.One(t)
	v := syntax.Version{Major: 3, Minor: p.Minor}
	var want []*Info
	for _, file := range pythonFiles(library(t, p.Path), 20) {
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, Analyze(syntax.Parse(src, v), v))
	}
	for _, workers := range []int{1, 2, 8} {
		var next atomic.Int64
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				var parser syntax.Parser
				var analyzer Analyzer
				for n := int(next.Add(1)) - 1; n < len(want); n = int(next.Add(1)) - 1 {
					if err := differs(analyzer.Analyze(parser.Parse(want[n].File.Src, v), v), want[n]); err != nil {
						t.Errorf("%d workers, file %d: %v", workers, n, err)
					}
				}
			})
		}
		group.Wait()
	}
}

// TestStretches holds that names which are read as stretches mean what they mean to
// a walk through the tree, which files with errors get.
func TestStretches(t *testing.T) {
	p := oracle.One(t)
	for _, minor := range []int{p.Minor, 15} {
		v := syntax.Version{Major: 3, Minor: minor}
		for _, file := range pythonFiles(library(t, p.Path), 5) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			f := syntax.Parse(src, v)
			if len(f.Errors) > 0 {
				continue
			}
			read := Analyze(f, v)
			f.Errors = make([]syntax.Error, 1)
			if err := differs(read, Analyze(f, v)); err != nil {
				t.Errorf("%s: %v", file, err)
			}
		}
	}
}

func FuzzAnalyze(f *testing.F) {
	var reused Analyzer
	for _, s := range []string{
		"import x\nif TYPE_CHECKING: x\n", "def f[T: x](a: 'x') -> x: lambda: x\n", "class C(x, metaclass=y): __a = [b := c for d in e]\n",
		"__all__ = [\n", "@\ndef\n", "import a.b, c as\nfrom . import (", "type X[T] = ", "match x:\n case {**y}: z", "(lambda:(yield))", "global x; nonlocal y", "x: 'y", "try:\n  f(x for x in y if z)\nexcept (E, F()) as e: x += (y := z)\n", "with a as b, c: d[lambda e=f: g] = h if sys else i\n", "sys.version_info >= (",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		for _, minor := range []int{8, 15} {
			v := syntax.Version{Major: 3, Minor: minor}
			i := Analyze(syntax.Parse([]byte(src), v), v)
			if err := differs(reused.Analyze(i.File, v), i); err != nil {
				t.Error(err)
			}
			if len(i.File.Errors) == 0 {
				i.File.Errors = make([]syntax.Error, 1)
				if err := differs(reused.Analyze(i.File, v), i); err != nil {
					t.Error(err)
				}
			}
			all := make([]ScopeID, len(i.Scopes))
			for k := range i.Scopes {
				all[k] = ScopeID(k)
				if i.Scopes[k].Parent > ScopeID(k) {
					t.Error("a scope before its parent")
				}
			}
			for name := range i.GlobalNames() {
				i.Lookup(name, all[len(all)-1])
			}
			i.checkBases(t)
			for n := range i.File.Nodes {
				i.When(syntax.NodeID(n))
				i.ScopeOf(syntax.NodeID(n))
				i.Qualname(syntax.NodeID(n))
			}
			i.Promote(all)
		}
	})
}

// TestBodies binds a name in every kind of block.
func TestBodies(t *testing.T) {
	for _, code := range []string{
		"if a:\n  %s", "if a:\n  b\nelif c:\n  %s", "if a:\n  b\nelse:\n  %s", "while a:\n  %s", "while a:\n  b\nelse:\n  %s",
		"for a in b:\n  %s", "for a in b:\n  c\nelse:\n  %s", "with a as b, c:\n  %s", "try:\n  %s\nexcept a:\n  b", "try:\n  a\nexcept b as c:\n  %s",
		"try:\n  a\nexcept b:\n  c\nelse:\n  %s", "try:\n  a\nfinally:\n  %s", "match a:\n  case [b, *_] if c:\n    %s", "class C(a):\n  b\n  global x\n  %s",
	} {
		for _, bind := range []string{"import x", "def x(): pass", "class x: pass", "x = 1", "x += 1", "x: int = 1", "for x in y: pass", "with y as x: pass", "(x := 1)", "del x"} {
			src := strings.Replace(code, "%s", bind, 1) + "\n"
			f := syntax.Parse([]byte(src), syntax.Latest)
			if i := Analyze(f, syntax.Latest); len(f.Errors) > 0 && bind != "x: int = 1" || len(f.Errors) == 0 && !i.Binds(0, "x") {
				t.Errorf("%q does not bind x: %v", src, f.Errors)
			}
		}
	}
}
