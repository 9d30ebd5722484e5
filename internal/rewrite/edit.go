package rewrite

import (
	"fmt"
	"strings"

	"fastpath/internal/python/syntax"
)

// original returns the bytes of the file with its byte order mark.
func original(f *syntax.File) []byte {
	if !f.BOM {
		return f.Src
	}
	return append(append([]byte(nil), utf8BOM...), f.Src...)
}

// apply produces the new content of the file and verifies it. The import from
// the fast path file comes in a second step: where it belongs depends on what
// is left.
func (e *editor) apply(v syntax.Version) (*FileEdit, error) {
	f := e.m.Syntax
	sorted := e.star != "" && sortedPlace(f, e)
	lazy, split := e.lazyStatements()
	var removals []removal
	for _, r := range e.removals {
		if r.stmt == e.starAt && e.star != "" && !sorted {
			r.replace = e.star
		}
		if more := split[r.stmt]; more != "" {
			r.replace = strings.TrimPrefix(r.replace+text{f.Src}.eol()+more, text{f.Src}.eol())
		}
		removals = append(removals, *r)
	}
	splices := deletions(f, removals)
	splices = append(splices, insertions(f, e.inserts, e.guards, e.kind)...)
	splices = append(splices, guardInsertions(f, e.guards)...)
	splices = append(splices, e.openings()...)
	splices = append(splices, lazy...)
	out, err := applySplices(f.Src, splices)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.m.File, err)
	}
	steps := []step{{f.Src, splices}}
	for _, again := range e.laterSteps(v, sorted) {
		more := again(syntax.Parse(out, v))
		next, err := applySplices(out, more)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.m.File, err)
		}
		steps = append(steps, step{out, more})
		out = next
	}
	if err := verify(e, out, v); err != nil {
		return nil, err
	}
	fe := &FileEdit{File: e.m.File, Old: original(f), New: out, Moves: e.moved, Hot: e.hot, Hoisted: e.hoisted, Removed: e.removed, steps: steps}
	if f.BOM {
		fe.New = append(append([]byte(nil), utf8BOM...), out...)
	}
	return fe, nil
}

// laterSteps are the splices that depend on what the first ones leave, each on
// the text that the one before makes.
func (e *editor) laterSteps(v syntax.Version, sorted bool) []func(f *syntax.File) []splice {
	var steps []func(f *syntax.File) []splice
	if sorted {
		steps = append(steps, func(f *syntax.File) []splice { return joinRun(f, topImports(f), []importLine{e.starLine}, e.kind) })
	}
	if len(e.hoists) > 0 {
		steps = append(steps, e.hoistLines)
	}
	if len(e.served) > 0 {
		steps = append(steps, e.serve)
	}
	if len(e.lazy) > 0 {
		steps = append(steps, e.sortLazy)
	}
	if len(e.listed) > 0 {
		steps = append(steps, func(f *syntax.File) []splice { return e.listModules(f, v) })
	}
	return steps
}

// sortedPlace reports whether the import from the fast path file can take its
// sorted place among the imports that are left at the top of the file.
func sortedPlace(f *syntax.File, e *editor) bool {
	left, sorted := sortedImports(f, e.removals, e.kind)
	return sorted && left > 0
}

// sortedImports counts the imports at the top of a file that some removals
// leave, and reports whether these are sorted and stand on lines of their own.
func sortedImports(f *syntax.File, removals map[syntax.NodeID]*removal, kind classifier) (n int, sorted bool) {
	t := text{f.Src}
	var left []syntax.NodeID
	for _, s := range topImports(f) {
		if r := removals[s]; r != nil && r.removesAll(f) {
			continue
		}
		at := t.skipBlanks(int(f.Node(s).End))
		if !t.firstOnLine(int(f.Node(s).Start)) || at < len(f.Src) && f.Src[at] == ';' {
			return 0, false
		}
		left = append(left, s)
	}
	for i := 1; i < len(left); i++ {
		a, okA := lineFrom(f, left[i-1], kind)
		b, okB := lineFrom(f, left[i], kind)
		if !okA || !okB || b.less(a) {
			return len(left), false
		}
	}
	return len(left), true
}

// topImports returns the import statements at the top of a file, before the
// first statement that is no import, docstring or constant.
func topImports(f *syntax.File) []syntax.NodeID {
	var out []syntax.NodeID
	for c := range f.Children(syntax.Root) {
		switch {
		case isImport(f, c):
			out = append(out, c)
		case f.Kind(c) == syntax.Pass, f.Kind(c) == syntax.ExprStmt && f.Kind(f.First(c)) == syntax.String:
		case (f.Kind(c) == syntax.Assign || f.Kind(c) == syntax.AnnAssign) && constantValue(f, c):
		default:
			return out
		}
	}
	return out
}
