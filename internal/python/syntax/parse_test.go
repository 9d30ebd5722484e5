package syntax

import (
	"strings"
	"testing"
)

var kindNames = strings.Fields(`Invalid Module FunctionDef ClassDef Return Delete Assign AugAssign AnnAssign TypeAlias For While If With Match Raise Try
	Assert Import ImportFrom Global Nonlocal ExprStmt Pass Break Continue Block Else Finally Handler Case Guard WithItem Decorator Alias DottedName Ident
	Params Param Annotation Default Returns Args Arg TypeParams TypeParam Name Number String Strings Interpolation FormatSpec Constant Attribute Subscript
	Slice Lower Upper Step Call Tuple List Set Dict DictItem Starred BinOp BoolOp UnaryOp Compare IfExp Lambda Await Yield YieldFrom NamedExpr ListComp SetComp
	DictComp GeneratorExp Comprehension Condition PatternValue PatternCapture PatternWildcard PatternSequence PatternStar PatternMapping PatternItem PatternRest
	PatternClass PatternKeyword PatternOr PatternAs`)

// dump writes a tree as nested lists: (Kind child …), leaves with their text.
func dump(f *File, n NodeID) string {
	d := f.Nodes[n]
	name := kindNames[d.Kind]
	if d.First == None {
		if d.Start == d.End || d.Kind >= Return && d.Kind < Block {
			return name
		}
		return name + ":" + f.Text(n)
	}
	var b strings.Builder
	b.WriteString("(" + name)
	for c := range f.Children(n) {
		b.WriteString(" " + dump(f, c))
	}
	b.WriteString(")")
	return b.String()
}

// TestTree holds the shape of the tree, the order of children among it.
func TestTree(t *testing.T) {
	for _, c := range []struct{ src, want string }{
		{"import os.path as p, sys", "(Module (Import (Alias DottedName:os.path Ident:p) (Alias DottedName:sys)))"},
		{"from . import (a, b as c,)", "(Module (ImportFrom (Alias DottedName:a) (Alias DottedName:b Ident:c)))"},
		{"from ..x . y import *", "(Module (ImportFrom DottedName:x . y))"},
		{
			"@x.y(1)\ndef f(a, /, b: int = 1, *c, d, **e) -> int: return *a, b",
			"(Module (FunctionDef (Decorator (Call (Attribute Name:x Ident:y) (Args (Arg Number:1)))) Ident:f (Params (Param Ident:a) (Param Ident:b (Annotation Name:int) (Default Number:1)) (Param Ident:c) (Param Ident:d) (Param Ident:e)) (Returns Name:int) (Block (Return (Tuple (Starred Name:a) Name:b)))))",
		},
		{
			"if a: pass\nelif not c in b: pass\nelse:\n  x[1:2, ::3] = y = lambda z=1: z",
			"(Module (If Name:a (Block Pass) (Else (If (UnaryOp (Compare Name:c Name:b)) (Block Pass) (Else (Assign (Subscript Name:x (Tuple (Slice (Lower Number:1) (Upper Number:2)) (Slice (Step Number:3)))) Name:y (Lambda (Params (Param Ident:z (Default Number:1))) Name:z)))))))",
		},
		{
			"match x:\n  case {'a': 1, **r} | [*_, B(c=r)] if y: pass\n  case _: 0",
			"(Module (Match Name:x (Case (PatternOr (PatternMapping (PatternItem String:'a' (PatternValue Number:1)) (PatternRest Ident:r)) (PatternSequence PatternStar:*_ (PatternClass Name:B (PatternKeyword Ident:c (PatternCapture Ident:r))))) (Guard Name:y) (Block Pass)) (Case PatternWildcard:_ (Block (ExprStmt Number:0)))))",
		},
		{"f'a{x!r:>{w}}b{{ {y=}'", "(Module (ExprStmt (String (Interpolation Name:x (FormatSpec (Interpolation Name:w))) (Interpolation Name:y))))"},
		{"print(i for i in 3 if x)", "(Module (ExprStmt (Call Name:print (Args (Arg (GeneratorExp Name:i (Comprehension Name:i Number:3 (Condition Name:x))))))))"},
		{"with (a as b, c): (x)", "(Module (With (WithItem Name:a Name:b) (WithItem Name:c) (Block (ExprStmt Name:x))))"},
		{"type X[T: int] = int", "(Module (TypeAlias Name:X (TypeParams (TypeParam Ident:T Name:int)) Name:int))"},
		{"try: a\nexcept* B as c: d\nelse: e\nfinally: g", "(Module (Try (Block (ExprStmt Name:a)) (Handler Name:B Ident:c (Block (ExprStmt Name:d))) (Else (ExprStmt Name:e)) (Finally (ExprStmt Name:g))))"},
	} {
		f := Parse([]byte(c.src), Latest)
		if len(f.Errors) > 0 {
			t.Errorf("%s: %v", c.src, f.Errors)
		}
		if got := dump(f, Root); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.src, got, c.want)
		}
	}
}
