package syntax

import (
	"fmt"
	"strings"
	"testing"
)

// report writes the errors of a text, one a line, as "line:column message".
func report(f *File) string {
	var b strings.Builder
	for _, e := range f.Errors {
		line, column := f.Position(e.Start)
		fmt.Fprintf(&b, "%d:%d %s\n", line, column, e.Message)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"x = (1,\ny = 2\nimport a\n", "1:5 '(' was never closed"},
		{"x = 'abc\ny = 1\n", "1:5 unterminated string literal (detected at line 1)"},
		{"x = f'abc{y}\n", "1:5 unterminated f-string literal (detected at line 1)"},
		{"x = '''abc\ny\n", "1:5 unterminated triple-quoted string literal (detected at line 2)"},
		{"if x\n  pass\n", "1:5 expected ':'"},
		{"if x:\npass\n", "2:1 expected an indented block after 'if' statement on line 1"},
		{"class A:\nx = 1\n", "2:1 expected an indented block after class definition on line 1"},
		{"if x:\n    a\n  b\n", "3:1 unindent does not match any outer indentation level"},
		{"  x\n", "1:3 unexpected indent"},
		{"if x:\n        a\n\tb\n", "3:1 inconsistent use of tabs and spaces in indentation"},
		{"try:\n  a\nb\n", "3:1 expected 'except' or 'finally' block"},
		{"f(a b)", "1:3 invalid syntax. Perhaps you forgot a comma?"},
		{"[1, 2 3]", "1:5 invalid syntax. Perhaps you forgot a comma?"},
		{"x = )", "1:5 unmatched ')'"},
		{"x = (]", "1:6 closing parenthesis ']' does not match opening parenthesis '('"},
		{"print 'x'", "1:1 Missing parentheses in call to 'print'. Did you mean print(...)?"},
		{"f() = 1", "1:1 cannot assign to function call here. Maybe you meant '==' instead of '='?"},
		{"a, f() = 1", "1:4 cannot assign to function call"},
		{"None = 1", "1:1 cannot assign to None"},
		{"x + 1 += 2", "1:1 'expression' is an illegal expression for augmented assignment"},
		{"del f()", "1:5 cannot delete function call"},
		{"(a, b): int", "1:1 only single target (not tuple) can be annotated"},
		{"f(a=1, b)", "1:8 positional argument follows keyword argument"},
		{"f(**a, *b)", "1:8 iterable argument unpacking follows keyword argument unpacking"},
		{"f(x for x in y, 1)", "1:3 Generator expression must be parenthesized"},
		{"def f(a, a): pass", "1:10 duplicate argument 'a' in function definition"},
		{"def f(a=1, b): pass", "1:12 parameter without a default follows parameter with a default"},
		{"def f(*): pass", "1:7 named arguments must follow bare *"},
		{"from a import b,", "1:16 trailing comma not allowed without surrounding parentheses"},
		{"return 1", "1:1 'return' outside function"},
		{"break", "1:1 'break' outside loop"},
		{"for x in y: pass\nelse: continue", "2:7 'continue' not properly in loop"},
		{"def f(): await x", "1:10 'await' outside async function"},
		{"[(yield x) for x in y]", "1:3 'yield' inside list comprehension"},
		{"def f():\n  x = 1\n  global x", "3:3 name 'x' is assigned to before global declaration"},
		{"def f():\n  nonlocal x", "2:3 no binding for nonlocal 'x' found"},
		{"x = 1\nfrom __future__ import annotations", "2:1 from __future__ imports must occur at the beginning of the file"},
		{"from __future__ import braces", "1:1 not a chance"},
		{"x = 012", "1:5 leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers"},
		{"x = 1abc", "1:6 invalid decimal literal"},
		{"x = 0xg", "1:6 invalid hexadecimal literal"},
		{"x = b'é'", "1:5 bytes can only contain ASCII literal characters"},
		{"x = '\\xg'", `1:5 (unicode error) 'unicodeescape' codec can't decode bytes in position 0-1: truncated \xXX escape`},
		{"x = 'a\\N{NO SUCH}'", `1:5 (unicode error) 'unicodeescape' codec can't decode bytes in position 1-11: unknown Unicode character name`},
		{"x = f'{}'", "1:8 f-string: valid expression required before '}'"},
		{"x = f'{a!x}'", "1:10 f-string: invalid conversion character 'x': expected 's', 'r', or 'a'"},
		{"x = f'}'", "1:7 f-string: single '}' is not allowed"},
		{"x \\ y", "1:3 unexpected character after line continuation character"},
		{"x = 1 $ 2", "1:7 invalid syntax"},
		{"x = “a”", "1:5 invalid character '“' (U+201C)\n1:7 invalid character '”' (U+201D)"},
		{"match x:\n  case a: pass\n  case b: pass", "2:8 name capture 'a' makes remaining patterns unreachable"},
		{"x = 1\x00", "1:6 source code cannot contain null bytes"},
		{"é = 'x", "1:5 unterminated string literal (detected at line 1)"},
		{"def f():\n  lazy import a", "2:3 lazy import not allowed inside functions"},
		{"try:\n  lazy from a import b\nexcept E: pass", "2:3 lazy from ... import not allowed inside try/except blocks"},
		{"lazy from a import *", "1:1 lazy from ... import * is not allowed"},
		{"a <> b", "1:3 invalid syntax.  Maybe you meant '!=' instead of '<>'?"},
		{"from __future__ import barry_as_FLUFL\na != b", "2:3 with Barry as BDFL, use '<>' instead of '!='"},
		{"def f[*__classdict__](): pass", "1:7 reserved name '__classdict__' cannot be used for type parameter"},
		{"match x:\n  case +y: pass", "2:9 invalid syntax"},
	} {
		f := Parse([]byte(c.src), Latest)
		if got := report(f); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s", c.src, got, c.want)
		}
	}
}

// TestVersions holds which version brought what.
func TestVersions(t *testing.T) {
	for _, c := range []struct {
		minor     int
		src, want string
	}{
		{9, "@a[0]\ndef f(): pass", "decorators that are not a dotted name or its call need Python 3.9"},
		{9, "with (a as b, c): pass", "parenthesized context managers need Python 3.9"},
		{9, "for x in *a, b: pass", "starred expressions in the iterable of a loop need Python 3.9"},
		{10, "match x:\n  case 1: pass", "match statements need Python 3.10"},
		{10, "x[a := 1]", "unparenthesized assignment expressions in subscripts need Python 3.10"},
		{11, "try: pass\nexcept* A: pass", "except* clauses need Python 3.11"},
		{11, "x[*a]", "starred expressions in subscripts need Python 3.11"},
		{11, "def f(*a: *b): pass", "starred annotations need Python 3.11"},
		{12, "type X = int", "type statements need Python 3.12"},
		{12, "def f[T](x): pass", "type parameters need Python 3.12"},
		{12, "class A[T]: pass", "type parameters need Python 3.12"},
		{12, "f'{a!r:{b['c']}}'", "f-string: expecting '}'"},
		{12, `f'{"\n"}'`, "f-string expression part cannot include a backslash"},
		{13, "class A[T = int]: pass", "defaults of type parameters need Python 3.13"},
		{13, `'\N{IDEOGRAPHIC DESCRIPTION CHARACTER SUBTRACTION}'`, "unknown Unicode character name"},
		{14, "t'{x}'", "t-strings need Python 3.14"},
		{14, "try: pass\nexcept A, B: pass", "multiple exception types must be parenthesized"},
		{15, "lazy import a", "lazy imports need Python 3.15"},
		{15, "lazy from a import b as c", "lazy imports need Python 3.15"},
		{15, "[*x for x in y]", "iterable unpacking cannot be used in comprehension"},
		{15, "{**x for x in y}", "dict unpacking cannot be used in dict comprehension"},
		{14, "from __future__ import division, barry_as_FLUFL\nif a <> b: f'{a<>b}'", "invalid syntax"},
		{15, "match x:\n  case +1 | +1j | +1-1j | {+1: _}: pass", "numbers with a plus sign in patterns need Python 3.15"},
	} {
		for minor := 8; minor <= 15; minor++ {
			f := Parse([]byte(c.src), Version{3, minor})
			if minor >= c.minor {
				if len(f.Errors) > 0 {
					t.Errorf("3.%d: %q: %s", minor, c.src, report(f))
				}
				continue
			}
			found := false
			for _, e := range f.Errors {
				found = found || strings.Contains(e.Message, c.want)
			}
			if !found {
				t.Errorf("3.%d: %q: got %q, want %q", minor, c.src, report(f), c.want)
			}
		}
	}
	for _, src := range []string{"match = case = type = lazy = _ = 1", "match(x)", "match[x]: int", "type(x)", "print(lazy, match)", "lazy.x = type.y", "type = lazy", "match -x, *y", "lazy: int", "type: int = 1"} {
		for minor := 8; minor <= 15; minor++ {
			if f := Parse([]byte(src), Version{3, minor}); len(f.Errors) > 0 {
				t.Errorf("3.%d: %q: %s", minor, src, report(f))
			}
		}
	}
}

// imports lists the modules that a tree imports, by scope.
func imports(f *File) string {
	var names []string
	for i := range f.Nodes {
		n := NodeID(i)
		if k := f.Kind(n); k != Import && k != ImportFrom {
			continue
		}
		scope := ""
		for p := f.Parent(n); p != None; p = f.Parent(p) {
			if k := f.Kind(p); k == FunctionDef || k == ClassDef {
				scope = f.Text(f.Child(p, Ident)) + "." + scope
			}
		}
		name := f.First(n)
		if f.Kind(name) == Alias {
			name = f.First(name)
		}
		names = append(names, scope+f.DottedText(name))
	}
	return strings.Join(names, " ")
}

// TestRecovery holds that an error hides no import but those in its own line.
func TestRecovery(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"import a\nx = = 1\nimport b\n", "a b"},
		{"def f(:\n  import a\n  def g(): import b\nimport c\n", "f.a f.g.b c"},
		{"def f(x\n  import a\nimport b\n", "f.a b"},
		{"x = foo(1, [2\nimport a\ndef f():\n  import b\n", "a f.b"},
		{"class (A):\n  import a\nimport b\n", ".a b"},
		{"class A\n  def f(self):\n    import a\nimport b\n", "A.f.a b"},
		{"if x = 1:\n  import a\nelif (:\n  import b\nelse\n  import c\nimport d\n", "a b c d"},
		{"for x y:\n  import a\nwhile :\n  import b\nwith :\n  import c\n", "a b c"},
		{"try\n  import a\nexcept A B:\n  import b\nfinally\n  import c\n", "a b c"},
		{"retrun x:\n  import a\nimport b\n", "a b"},
		{"import a; x = 1 1; import b\nimport c\n", "a c"},
		{"s = 'abc\nimport a\n", "a"},
		{"s = f'{abc\nimport a\n", "a"},
		{"s = f'''{abc\nimport a\n", "a"},
		{"s = '''abc\nimport a\n", "a"},
		{"s = \"\"\"doc\ndef f():\n  \"\"\"doc\"\"\"\n  import a\n", "a"},
		{"  import a\nimport b\n    import c\nimport d\n", "a b c d"},
		{"def f():\n    x\n  import a\nimport b\n", "f.a b"},
		{"match x:\n  case (:\n    import a\n  import b\nimport c\n", "a b c"},
		{"@(\ndef f():\n  import a\nimport b\n", "f.a b"},
		{"def f():\n  return {\n\nclass A:\n  import a\n", "A.a"},
		{"lazy import a\nasync import b\nimport c\n", "a c"},
		{"x = ]\nimport a\ny = }\nimport b", "a b"},
		{"import a\x00\nimport b", "b"},
		{"from a import (b,\n  c\nimport d\n", "d"},
		{"print 'x'\nimport a\nexec 'y' in z\nimport b\nraise E, 'x'\nimport c\nexcept A, b: pass\nimport d", "a b c d"},
	} {
		f := Parse([]byte(c.src), Version{3, 12})
		if got := imports(f); got != c.want {
			t.Errorf("%q:\ngot  %s\nwant %s\n%s", c.src, got, c.want, report(f))
		}
		if len(f.Errors) == 0 {
			t.Errorf("%q: no error", c.src)
		}
	}
}
