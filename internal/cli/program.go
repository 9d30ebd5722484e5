package cli

import (
	"fmt"
	"path/filepath"
	"slices"

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
		s.notes = append(s.notes, fmt.Sprintf("%s: %s", problem.File, problem.Message))
	}
	s.programs[e.ImportRoot], s.latest = prog, prog
}
