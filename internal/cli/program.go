package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/graph"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// loadProgram reads the source files of the project (files, from
// Project.Sources) as they look from one entry, whose import root comes first,
// and resolves what they import with the interpreter i, or without one (nil)
// by the project alone. Nothing is executed.
func (a *app) loadProgram(p *project.Project, e project.Entry, files []string, i *interp.Interpreter, v syntax.Version) (*graph.Program, error) {
	return graph.Load(a.ctx, loadOptions(p, e, files, i, v))
}

// loadLean is loadProgram for commands that show imports and edit nothing.
func (a *app) loadLean(p *project.Project, e project.Entry, files []string, i *interp.Interpreter, v syntax.Version) (*graph.Program, error) {
	o := loadOptions(p, e, files, i, v)
	o.Lean = true
	return graph.Load(a.ctx, o)
}

// loadReached is loadLean for what those of the entries that have the import
// root of e can import.
func (a *app) loadReached(p *project.Project, e project.Entry, entries []project.Entry, files []string, i *interp.Interpreter, v syntax.Version) (*graph.Program, error) {
	o := loadOptions(p, e, files, i, v)
	o.Lean = true
	for _, other := range entries {
		if other.ImportRoot == e.ImportRoot {
			o.Starts = append(o.Starts, other.File)
		}
	}
	return graph.Load(a.ctx, o)
}

func loadOptions(p *project.Project, e project.Entry, files []string, i *interp.Interpreter, v syntax.Version) graph.LoadOptions {
	roots := []string{e.ImportRoot}
	for _, r := range p.ImportRoots() {
		if !slices.Contains(roots, r) {
			roots = append(roots, r)
		}
	}
	folders := make([]string, len(roots))
	for k, r := range roots {
		folders[k] = filepath.Join(p.Root, filepath.FromSlash(r))
	}
	return graph.LoadOptions{Root: p.Root, Files: files, ImportRoots: roots, Version: v, Resolver: resolve.New(folders, i)}
}

// keep remembers the program of an entry for others with the same import root,
// and notes what could not be read.
func (s *sources) keep(e project.Entry, prog *graph.Program) {
	for _, problem := range prog.Problems {
		if !problem.Gone {
			s.notes = append(s.notes, fmt.Sprintf("%s: %s", problem.File, problem.Message))
		}
	}
	s.programs[e.ImportRoot], s.latest = prog, prog
}

// view is how a program sees the project.
type view struct {
	roots   []string // folders on sys.path, the entry's first
	version syntax.Version
	program *graph.Program
}

// sameView reports whether a program finds the same modules by one order of
// import roots as by another: it does where those that change places are not
// inside of each other, and have no name in common.
func sameView(project string, a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	var moved []string
	for k, r := range a {
		at := slices.Index(b, r)
		if at < 0 {
			return false
		}
		for _, other := range a[k+1:] {
			if slices.Index(b, other) < at {
				moved = append(moved, r, other)
			}
		}
	}
	slices.Sort(moved)
	moved = slices.Compact(moved)
	owner := map[string]string{}
	for _, r := range moved {
		for _, other := range moved {
			if other != r && (r == "." || strings.HasPrefix(other, r+"/")) {
				return false
			}
		}
		for _, name := range topNames(filepath.Join(project, filepath.FromSlash(r))) {
			if owner[name] != "" && owner[name] != r {
				return false
			}
			owner[name] = r
		}
	}
	return true
}

// topNames returns the names that can be imported from a folder, with its own
// where it is a package.
func topNames(dir string) []string {
	var names []string
	list, _ := os.ReadDir(dir)
	for _, item := range list {
		name, extension, _ := strings.Cut(item.Name(), ".")
		switch {
		case item.Name() == "__init__.py":
			names = append(names, filepath.Base(dir))
		case item.IsDir() && extension == "" && name != "__pycache__",
			slices.Contains([]string{".py", ".pyc", ".pyd", ".so"}, filepath.Ext(item.Name())):
			names = append(names, name)
		}
	}
	return names
}
