package syntax_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// wellFormed checks what every tree promises, also that of a broken file.
func wellFormed(f *syntax.File) error {
	if len(f.Nodes) < 2 || f.Kind(syntax.Root) != syntax.Module || f.Parent(syntax.Root) != syntax.None {
		return fmt.Errorf("no module")
	}
	if !utf8.Valid(f.Src) {
		return fmt.Errorf("the text is no UTF-8")
	}
	seen := make([]bool, len(f.Nodes))
	seen[syntax.Root] = true
	for i := 1; i < len(f.Nodes); i++ {
		n := syntax.NodeID(i)
		d := f.Node(n)
		if d.Start < 0 || d.Start > d.End || int(d.End) > len(f.Src) {
			return fmt.Errorf("node %d (kind %d) has the range %d-%d", n, d.Kind, d.Start, d.End)
		}
		end, count := d.Start, 0
		for c := range f.Children(n) {
			k := f.Node(c)
			if k.Parent != n {
				return fmt.Errorf("node %d is below %d and has the parent %d", c, n, k.Parent)
			}
			if seen[c] {
				return fmt.Errorf("node %d is below two nodes", c)
			}
			seen[c] = true
			if k.Start < end || k.End > d.End {
				return fmt.Errorf("node %d (kind %d, %d-%d) stands out of %d (kind %d, %d-%d) or overlaps the one before", c, k.Kind, k.Start, k.End, n, d.Kind, d.Start, d.End)
			}
			end = k.End
			count++
		}
		if err := shape(f, n, count); err != nil {
			return err
		}
	}
	for i := 1; i < len(f.Nodes); i++ {
		if !seen[i] {
			return fmt.Errorf("node %d of kind %d (%.60q) is not part of the tree", i, f.Nodes[i].Kind, f.Text(syntax.NodeID(i)))
		}
	}
	var mentions []syntax.NodeID
	for i := range f.Nodes {
		switch f.Nodes[i].Kind {
		case syntax.Attribute, syntax.String, syntax.FunctionDef, syntax.If, syntax.IfExp:
			mentions = append(mentions, syntax.NodeID(i))
		}
	}
	if !slices.Equal(mentions, f.Mentions) {
		return fmt.Errorf("the mentions are %v, and not %v", f.Mentions, mentions)
	}
	if err := special(f); err != nil {
		return err
	}
	found := 0
	for _, n := range f.Imports {
		k := f.Kind(n)
		if k != syntax.Import && k != syntax.ImportFrom || found > 0 && f.Node(n).Start < f.Node(f.Imports[found-1]).End {
			return fmt.Errorf("node %d of kind %d is no import, or not in order", n, k)
		}
		found++
	}
	for i := range f.Nodes {
		if k := f.Nodes[i].Kind; k == syntax.Import || k == syntax.ImportFrom {
			found--
		}
	}
	if found != 0 {
		return fmt.Errorf("%d imports too many are listed", found)
	}
	last := int32(0)
	for _, c := range f.Comments {
		if c.Start < last || c.End <= c.Start || f.Src[c.Start] != '#' || bytes.ContainsAny(f.Src[c.Start:c.End], "\r\n") {
			return fmt.Errorf("comment %d-%d", c.Start, c.End)
		}
		last = c.End
	}
	last = 0
	for _, e := range f.Errors {
		if e.Start < last || e.End < e.Start || int(e.End) > len(f.Src) || e.Message == "" {
			return fmt.Errorf("error %v", e)
		}
		last = e.Start
		if line, column := f.Position(e.Start); line < 1 || column < 1 {
			return fmt.Errorf("error %v at %d:%d", e, line, column)
		}
	}
	return nil
}

// special checks which nodes are Special.
func special(f *syntax.File) error {
	at := 0
	for i := range f.Nodes {
		n := syntax.NodeID(i)
		may, must := false, false
		switch f.Kind(n) {
		case syntax.FunctionDef, syntax.ClassDef, syntax.Lambda, syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp, syntax.NamedExpr,
			syntax.Import, syntax.ImportFrom, syntax.AnnAssign, syntax.TypeAlias, syntax.Global, syntax.Nonlocal,
			syntax.PatternCapture, syntax.PatternStar, syntax.PatternRest, syntax.PatternAs:
			may, must = true, true
		case syntax.AugAssign:
			must = f.Kind(f.First(n)) == syntax.Name
			may = must
		case syntax.Handler:
			must = f.Child(n, syntax.Ident) != syntax.None
			may = must
		case syntax.If, syntax.While, syntax.IfExp:
			may = true
		}
		listed := at < len(f.Special) && f.Special[at] == n
		if listed {
			at++
		}
		if listed && !may || !listed && must {
			return fmt.Errorf("node %d of kind %d (%.60q): special is %v", n, f.Kind(n), f.Text(n), listed)
		}
	}
	if at != len(f.Special) {
		return fmt.Errorf("the special nodes %v are not in order", f.Special)
	}
	return nil
}

// shape checks the number of children of the kinds that readers index.
func shape(f *syntax.File, n syntax.NodeID, count int) error {
	low, high := 0, 1<<30
	switch f.Kind(n) {
	case syntax.Decorator, syntax.Annotation, syntax.Default, syntax.Returns, syntax.Guard, syntax.ExprStmt, syntax.Starred, syntax.UnaryOp, syntax.Await,
		syntax.YieldFrom, syntax.Lower, syntax.Upper, syntax.Step, syntax.Condition, syntax.PatternValue, syntax.PatternCapture, syntax.PatternRest:
		low, high = 1, 1
	case syntax.BinOp, syntax.BoolOp, syntax.AugAssign, syntax.Attribute, syntax.Subscript, syntax.Call, syntax.Lambda, syntax.NamedExpr,
		syntax.PatternItem, syntax.PatternKeyword, syntax.PatternAs:
		low, high = 2, 2
	case syntax.IfExp:
		low, high = 3, 3
	case syntax.Assign, syntax.Compare, syntax.Strings, syntax.With, syntax.ListComp, syntax.SetComp, syntax.DictComp, syntax.GeneratorExp, syntax.Comprehension:
		low = 2
	case syntax.For:
		low, high = 3, 4
	case syntax.If, syntax.While:
		low, high = 2, 3
	case syntax.FunctionDef:
		low = 3
	case syntax.ClassDef:
		low = 2
	case syntax.Block, syntax.Else, syntax.Finally, syntax.Import, syntax.Handler, syntax.Try, syntax.Match, syntax.Global, syntax.Nonlocal, syntax.Delete, syntax.Set, syntax.Interpolation:
		low = 1
	case syntax.Alias, syntax.WithItem, syntax.Arg, syntax.DictItem:
		low, high = 1, 2
	case syntax.Name, syntax.Number, syntax.Constant, syntax.Ident, syntax.DottedName, syntax.Pass, syntax.Break, syntax.Continue, syntax.PatternWildcard:
		high = 0
	}
	if count < low || count > high {
		return fmt.Errorf("node %d of kind %d (%.60q) has %d children", n, f.Kind(n), f.Text(n), count)
	}
	return nil
}

// TestStructure checks the trees of a standard library: whole, and with a
// piece cut out of every file.
func TestStructure(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		every := 1
		if testing.Short() {
			every = 20
		}
		for n, path := range library(i, every) {
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := wellFormed(syntax.Parse(src, v)); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			at := (n*7919 + 13) % (len(src) + 1)
			for _, cut := range []int{1, 2, 3, 10, 200} {
				broken := append(bytes.Clone(src[:at]), src[min(len(src), at+cut):]...)
				if err := wellFormed(syntax.Parse(broken, v)); err != nil {
					t.Errorf("%s without %d bytes at %d: %v", path, cut, at, err)
				}
			}
			if err := wellFormed(syntax.Parse(src[:at], v)); err != nil {
				t.Errorf("%s up to %d: %v", path, at, err)
			}
		}
	})
}

// TestDeep holds that nesting without end is an error and nothing worse.
func TestDeep(t *testing.T) {
	const n = 100_000
	ifs := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(strings.Repeat(" ", i) + "if x:\n")
		}
		return b.String() + strings.Repeat(" ", n) + "pass\n"
	}
	for name, src := range map[string]string{
		"parentheses":    strings.Repeat("(", n) + strings.Repeat(")", n),
		"unclosed":       strings.Repeat("(", n),
		"mixed":          strings.Repeat("([{", n),
		"lists":          "x = " + strings.Repeat("[", n) + strings.Repeat("]", n),
		"minus":          "x = " + strings.Repeat("-", n) + "1",
		"not":            "x = " + strings.Repeat("not ", n) + "1",
		"lambda":         strings.Repeat("lambda: ", n) + "1",
		"default":        strings.Repeat("lambda x=", n) + "1" + strings.Repeat(": 0", n),
		"ternary":        strings.Repeat("a if b else ", n) + "c",
		"power":          strings.Repeat("a ** ", n) + "c",
		"sum":            strings.Repeat("a + ", n) + "c",
		"or":             strings.Repeat("a or ", n) + "c",
		"attributes":     "a" + strings.Repeat(".b", n),
		"calls":          "a" + strings.Repeat("()", n),
		"subscripts":     "a" + strings.Repeat("[b]", n),
		"await":          "async def f(): " + strings.Repeat("await ", n) + "x",
		"stars":          strings.Repeat("*", n) + "x",
		"blocks":         ifs(3000),
		"elif":           "if a:\n  pass\n" + strings.Repeat("elif b:\n  pass\n", n),
		"f-strings":      "x = " + strings.Repeat("f'{", n) + "1" + strings.Repeat("}'", n),
		"f-string quote": "x = " + strings.Repeat("f'{f\"{", n),
		"spec":           "x = f'" + strings.Repeat("{a:", n) + "}'",
		"triple":         strings.Repeat("f'''{\n", n),
		"fields":         strings.Repeat("f'{\n", n),
		"pattern":        "match x:\n case " + strings.Repeat("[", n) + strings.Repeat("]", n) + ": pass",
		"class pattern":  "match x:\n case " + strings.Repeat("A(", n) + strings.Repeat(")", n) + ": pass",
		"decorators":     strings.Repeat("@a\n", n) + "def f(): pass",
		"comprehension":  strings.Repeat("[x for x in ", n) + "y" + strings.Repeat("]", n),
	} {
		for _, v := range []syntax.Version{{Major: 3, Minor: 8}, syntax.Latest} {
			f := syntax.Parse([]byte(src+"\nimport after\n"), v)
			if err := wellFormed(f); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if len(f.Errors) == 0 && name != "decorators" {
				t.Errorf("%s: no error", name)
			}
			depth := 0
			for i := range f.Nodes {
				d := 0
				for p := syntax.NodeID(i); p != syntax.None && d < 50_000; p = f.Parent(p) {
					d++
				}
				if depth = max(depth, d); i > 20_000 {
					break
				}
			}
			if depth > 10_000 {
				t.Errorf("%s: the tree is %d nodes deep", name, depth)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	var reused syntax.Parser
	for _, src := range []string{
		"import a.b as c, d\nfrom .x import (y as z, # c\n w,)\nlazy from a import b\n",
		"@d(1)\nasync def f(a, /, b: int = 1, *c, d=2, **e) -> int:\n\treturn *a, b\n",
		"class A[T: int = 3, *Ts, **P](B, metaclass=C):\n  x: int = 1; y = lambda *a, **k: 0\n",
		"match x:\n  case {'a': 1, **r} | [*_, B(c=d)] if y: pass\n  case -1+2j | None | a.b as c: 0\n",
		"f'a{x!r:>{w}}b{{ {y=}' rf\"\"\"{\nz:{'a'}}\"\"\" t'{x}'\n",
		"try: pass\nexcept* A as b: pass\nelse: pass\nfinally: pass\n",
		"try:\n  pass\nexcept A, B:\n  pass\n", "with (a as b, c): pass\nwith (a, b) as c: pass\n",
		"x = [i async for i in a if i for j in b]; y = {**a, 'b': 1}; z = {*a, b}\n", "type X[T] = int\n", "if (x := 1): print(x[1:2, ::3, *y])\n",
		"\xef\xbb\xbf# -*- coding: latin-1 -*-\nx = 1\n", "# coding: cp1252\nx = '\x93'\n", "x = 0x_1 + 1_000j - 0b1 ** 1e-5 if 1else 2\n",
		"if a:\n    b\n  c\n\td\r\ne\rf\f\n", "x = (\nimport os\n", "f\"\\", "f'''{a:\\", "match 0:\n case{A0", "#\xd0\xd0coding:0", "\"\"\"abc\ndef\n", "def f(:\n  import a\nimport b\n", "a \\\n b\n\\\n", "f'{x\ny}'\nf'{'", "global x; nonlocal y; del a, (b), [c]",
		"x = \"\\N{BULLET}\\x41\\u0041\" b'\\xff' r'\\'\n", "é = ªº + x·\n", "\x00", "print 'a'\n", "[x for x in (y := 1)]", "yield x", "return", "async x", "{a: b for a, b in c}",
	} {
		f.Add([]byte(src), uint8(15))
		f.Add([]byte(src), uint8(8))
	}
	f.Fuzz(func(t *testing.T, src []byte, minor uint8) {
		v := syntax.Version{Major: 3, Minor: 8 + int(minor%8)}
		file := syntax.Parse(src, v)
		if err := wellFormed(file); err != nil {
			t.Fatal(err)
		}
		for _, c := range file.TypeComments() {
			if err := wellFormed(file.ParseType(c)); err != nil {
				t.Fatal(err)
			}
		}
		if err := differs(reused.Parse(src, v), file); err != nil {
			t.Fatal(err)
		}
	})
}
