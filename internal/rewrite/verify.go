package rewrite

import (
	"fmt"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// verify parses the new text of a file and analyses it again: it has to parse
// without errors, and no use of a moved name may be left that looks for it in
// the module.
func verify(e *editor, src []byte, v syntax.Version) error {
	f := syntax.Parse(src, v)
	if len(f.Errors) > 0 {
		line, _ := f.Position(f.Errors[0].Start)
		return fmt.Errorf("the result would not parse: %s at %s:%d", f.Errors[0].Message, e.m.File, line)
	}
	if docstringOf(f) != docstringOf(e.m.Syntax) {
		return fmt.Errorf("a string would become the docstring of %s, because no import stands above it any more", e.m.File)
	}
	info := scope.Analyze(f, v)
	for _, n := range e.names {
		for _, u := range info.Uses(n.name) {
			if !runs(u) {
				continue
			}
			line, _ := f.Position(f.Node(u.Node).Start)
			return fmt.Errorf("%s would stay undefined in line %d of the result of %s", n.name, line, e.m.File)
		}
	}
	if err := e.verifyGuards(f, info); err != nil {
		return err
	}
	if err := e.verifyLazy(f, info); err != nil {
		return err
	}
	return e.verifyHoists(f, info)
}

// docstringOf returns the docstring of a module as it is written, "" without
// one.
func docstringOf(f *syntax.File) string {
	s := f.First(syntax.Root)
	if s == syntax.None || f.Kind(s) != syntax.ExprStmt {
		return ""
	}
	if k := f.Kind(f.First(s)); k != syntax.String && k != syntax.Strings {
		return ""
	}
	return f.Text(f.First(s))
}
