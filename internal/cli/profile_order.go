package cli

import (
	"fmt"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
)

// profileStep is one step of "what to defer first": the lines that go
// together, and what disappears beside all that the steps before took away.
type profileStep struct {
	Statements   []profilePlace `json:"statements"`
	SavesMS      float64        `json:"saves_ms"`
	SavesModules []string       `json:"saves_modules"`
	LeftMS       float64        `json:"left_ms"`
}

// profilePlace is an import statement of the project. Line and column are 0
// for an import by a call, which has no statement.
type profilePlace struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
	Module string `json:"module"`
}

func (p profilePlace) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// deferFirst orders the lines whose names are not needed while modules are
// imported, nor without which a trial failed. Star imports cannot be deferred,
// and lazy ones are.
func deferFirst(lines []*importLine, rt *graph.Runtime) []profileStep {
	var free []*importLine
	var units []graph.Cut
	for _, l := range lines {
		imp := l.imps[0]
		failed := l.trial != nil && l.trial.Failed != ""
		if l.usedAtImport() == nil && imp.Binds != "*" && !imp.Lazy && !failed {
			free, units = append(free, l), append(units, l.cut)
		}
	}
	steps := []profileStep{}
	for _, s := range rt.DeferOrder(units) {
		step := profileStep{SavesMS: round3(s.SavesMS), SavesModules: s.Modules, LeftMS: round3(s.LeftMS)}
		for _, u := range s.Units {
			step.Statements = append(step.Statements, placeOf(free[u].imps[0]))
		}
		steps = append(steps, step)
	}
	return steps
}

func placeOf(imp *graph.Import) profilePlace {
	return profilePlace{imp.In.File, imp.Line, imp.Column, imp.Target}
}

// usedWhere is the use at import of a name, with its line where the use
// stands in the same file.
func usedWhere(imp *graph.Import) string {
	if imp.UsedAtLine > 0 {
		return fmt.Sprintf("%s in line %d", imp.UsedAtWhy, imp.UsedAtLine)
	}
	return imp.UsedAtWhy
}

// places finds the imports behind the statements of the evidence.
type places map[evidence.Statement]*graph.Import

func newPlaces(program *graph.Program) places {
	p := places{}
	for _, mod := range program.Modules {
		for _, imp := range mod.Imports {
			s := imp.Statement
			s.From = "" // a script has two names
			p[s] = imp
		}
	}
	return p
}

// of returns the places of statements, each line once.
func (p places) of(list []evidence.Statement) []profilePlace {
	var out []profilePlace
	seen := map[profilePlace]bool{}
	for _, s := range list {
		key := s
		key.From = ""
		place := profilePlace{File: s.File, Module: strings.TrimPrefix(s.Module, "@")}
		if imp := p[key]; imp != nil {
			place = placeOf(imp)
		}
		if !seen[place] {
			seen[place] = true
			out = append(out, place)
		}
	}
	return out
}

// list names places: "a.py:3, b.py:7 and 2 more".
func (p places) list(list []evidence.Statement) string {
	var names []string
	for _, place := range p.of(list) {
		if at := place.String(); !slices.Contains(names, at) {
			names = append(names, at)
		}
	}
	return joinOr(names, 3)
}
