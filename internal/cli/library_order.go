package cli

import (
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/flame"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// libraryOrder returns what tells, for modules outside of the project, which
// modules their import statements name, as written and in source order. The
// lock does not keep this order; the sources at hand have it.
func libraryOrder(root string, e project.Entry, i *interp.Interpreter) func(module string) []string {
	if i == nil {
		return func(string) []string { return nil }
	}
	r := resolve.New([]string{filepath.Join(root, filepath.FromSlash(e.ImportRoot))}, i)
	var p syntax.Parser
	return func(module string) []string {
		spec := r.Find(module)
		if !strings.HasSuffix(spec.Path, ".py") {
			return nil
		}
		src, err := os.ReadFile(spec.Path)
		if err != nil {
			return nil
		}
		f := p.Parse(src, i.Version)
		var names []string
		for _, n := range f.Imports {
			if f.Kind(n) == syntax.ImportFrom {
				name := strings.Repeat(".", f.ImportLevel(n))
				if d := f.Child(n, syntax.DottedName); d != syntax.None {
					name += f.Text(d)
				}
				names = append(names, name)
				continue
			}
			for a := range f.Children(n) {
				if d := f.Child(a, syntax.DottedName); d != syntax.None {
					names = append(names, f.Text(d))
				}
			}
		}
		return names
	}
}

// flame makes the tree of a profile, ordered by the sources at hand.
func (a *app) flame(p *project.Project, m *profiled) *flame.Profile {
	i, err := a.interpreter(p)
	if err != nil { // the tree is right without one, but for the order within libraries
		i = nil
	}
	return m.flame(libraryOrder(p.Root, m.entry, i))
}
