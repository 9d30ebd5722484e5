package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/python/probe"
	"fastpath/internal/python/syntax"
)

// Trial is one run of the graph pass without one import statement.
type Trial struct {
	Imports []evidence.Statement // what the statement imports
	// Stays are modules that were to go, and that the program loads all the
	// same, sorted. Who loads them is among the edges of the profile then.
	Stays []string
	// Failed says why the program did not start, "" when it did.
	Failed string
}

// trialUnit is a statement of the project that may be left out.
type trialUnit struct {
	module *graph.Module
	stmt   syntax.NodeID
	cut    graph.Cut
	gone   []string // what is to go
	ms     float64
}

// trials leaves out the statements that save most, each in a run of its own.
// What the graph pass cannot see shows then: a library that loads a module the
// first time that it is asked for anything, and keeps the answer, has one
// importer only, until that one is gone.
func (m *measurement) trials(ctx context.Context, e *evidence.Entry) ([]Trial, error) {
	if m.Trials == 0 {
		return nil, nil
	}
	rt := graph.NewRuntime(e)
	rt.Order(m.Program)
	known := map[string]bool{}
	for _, row := range e.Modules {
		known[row.Name] = true
	}
	var out []Trial
	units := m.trialUnits(rt)
	for i, u := range units[:min(m.Trials, len(units))] {
		t, g, err := m.trial(ctx, u)
		if err != nil {
			return nil, err
		}
		if g != nil {
			t.Stays = stays(u.gone, g)
		}
		if len(t.Stays) > 0 {
			for _, s := range g.Statements {
				s.To = slices.DeleteFunc(s.To, func(name string) bool { return !known[name] })
				m.graph.Statements = append(m.graph.Statements, s)
			}
		}
		out = append(out, *t)
		m.progress(Stage{Pass: PassTrial, Run: i + 1})
	}
	return out, nil
}

// trialUnits lists the statements whose names nothing is known to need while
// modules are imported, those that save most first.
func (m *measurement) trialUnits(rt *graph.Runtime) []*trialUnit {
	var units []*trialUnit
	for _, mod := range m.Program.Modules {
		var u *trialUnit
		fixed := false
		end := func() {
			if u == nil || fixed {
				return
			}
			if u.ms, u.gone = rt.Saves(u.cut); len(u.gone) > 0 {
				units = append(units, u)
			}
		}
		for _, imp := range mod.Imports {
			if u == nil || u.stmt != imp.Stmt {
				end()
				u, fixed = &trialUnit{module: mod, stmt: imp.Stmt, cut: graph.Cut{}}, false
			}
			u.cut[imp.Statement] = true
			fixed = fixed || imp.Future || imp.Lazy || imp.UsedAtImport || imp.Binds == "*" || imp.Scope != "module" || !rt.Has(imp.Statement)
		}
		end()
	}
	slices.SortStableFunc(units, func(a, b *trialUnit) int { return cmp.Compare(b.ms, a.ms) })
	return units
}

// trial runs the graph pass without a statement. The graph is nil where the
// program did not start.
func (m *measurement) trial(ctx context.Context, u *trialUnit) (*Trial, *probe.Graph, error) {
	t := &Trial{}
	for s := range u.cut {
		t.Imports = append(t.Imports, s)
	}
	file, err := m.writeTrial(u)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot write what a trial runs: %w", err)
	}
	defer os.Remove(file)
	target := m.target
	target.Trial, target.Deferred = file, nil
	if err := m.conditions.before(); err != nil {
		return nil, nil, err
	}
	g, err := probe.GraphPass(ctx, target)
	var failure *probe.Failure
	if errors.As(err, &failure) {
		t.Failed = m.trialFailed(failure)
		return t, nil, nil
	}
	return t, g, err
}

// writeTrial writes the source without the statement, whose lines stay.
func (m *measurement) writeTrial(u *trialUnit) (file string, err error) {
	f := u.module.Syntax
	n := f.Node(u.stmt)
	source := string(f.Src)
	code := source[:n.Start] + "pass" + strings.Repeat("\n", strings.Count(source[n.Start:n.End], "\n")) + source[n.End:]
	out, err := os.CreateTemp("", "fastpath-trial-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(m.Root, filepath.FromSlash(u.module.File))
	if _, err = out.WriteString(name + "\n" + code); err != nil {
		return "", errors.Join(err, out.Close(), os.Remove(out.Name()))
	}
	return out.Name(), out.Close()
}

// trialFailed says in a few words why the program did not start.
func (m *measurement) trialFailed(f *probe.Failure) string {
	if f.Kind != probe.Raised {
		return strings.TrimPrefix(f.Error(), "the entry ")
	}
	lines := strings.Split(strings.TrimSpace(f.Traceback), "\n")
	return lines[len(lines)-1]
}

// stays returns which of the modules that were to go a run has loaded, sorted.
func stays(gone []string, g *probe.Graph) []string {
	loaded := map[string]bool{}
	for _, n := range g.Nodes {
		loaded[n.Name] = n.Kind != "missing"
	}
	var out []string
	for _, name := range gone {
		if loaded[name] {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
