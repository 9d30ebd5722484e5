package regexps_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"fastpath/internal/regexps"
)

// TestLiterals compiles every literal that the other packages hand to New:
// a mistake in one would show only when it is first used.
func TestLiterals(t *testing.T) {
	found := 0
	err := filepath.WalkDir("..", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, file, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if fun, ok := call.Fun.(*ast.SelectorExpr); !ok || fun.Sel.Name != "New" || name(fun.X) != "regexps" {
				return true
			}
			text, ok := literal(call.Args[0])
			if !ok || name(call.Args[0]) != "" {
				t.Errorf("%s: no literal: nothing shows that it compiles", set.Position(call.Pos()))
				return true
			}
			if _, err := regexp.Compile(text); err != nil {
				t.Errorf("%s: %v", set.Position(call.Pos()), err)
			}
			found++
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 50 {
		t.Errorf("found only %d calls", found)
	}
}

func name(x ast.Expr) string {
	if id, ok := x.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// literal returns the text of a string literal, or of several that are added. A
// constant among them stands for a word.
func literal(x ast.Expr) (string, bool) {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name, true
	case *ast.BasicLit:
		text, err := strconv.Unquote(x.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := literal(x.X)
		right, ok2 := literal(x.Y)
		return left + right, ok && ok2 && x.Op == token.ADD
	}
	return "", false
}

func TestNew(t *testing.T) {
	re := regexps.New("a+")
	if got := re().FindString("baac"); got != "aa" {
		t.Errorf("found %q", got)
	}
	if first, second := re(), re(); first != second {
		t.Error("compiled twice")
	}
}
