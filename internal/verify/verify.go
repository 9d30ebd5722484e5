// Package verify tells whether edits do what the plan says, by starting the
// program with and without them.
//
// What comes in are a project and the edits; Copy makes the edited state in a
// scratch folder, from copies of what may matter and links to the rest, so that
// no file of the project is touched. Both states are measured by package
// profile, and Compare holds the modules that each of them loads against those
// that the edits were to save. What goes out are Differences with the chain of
// statements that leads to each of them.
//
// The sets of modules are compared and never times, because sets repeat.
package verify

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
	"fastpath/internal/profile"
	"fastpath/internal/python/launch"
	"fastpath/internal/python/probe"
)

// Kind says in what way the edited state differs.
type Kind string

// The kinds of differences.
const (
	Failed Kind = "failed" // the entry does not start with the edits
	Gone   Kind = "gone"   // a module is not loaded any more, and nothing that was edited asked for it
	Stays  Kind = "stays"  // a module that was to go is loaded all the same
	New    Kind = "new"    // a module is loaded that was not
)

// State is one state of the project, as it was measured.
type State struct {
	Program *graph.Program
	Entry   *evidence.Entry
	runtime *graph.Runtime
	loaded  map[string]bool
}

// NewState takes over a measurement.
func NewState(p *graph.Program, e *evidence.Entry) *State {
	s := &State{Program: p, Entry: e, runtime: graph.NewRuntime(e), loaded: map[string]bool{}}
	s.runtime.Order(p)
	for _, m := range e.Modules {
		if m.Phase == evidence.PhaseInit && m.Kind != "missing" {
			s.loaded[m.Name] = true
		}
	}
	return s
}

// Saves returns the modules that are loaded only because of the statements of
// a cut, sorted.
func (s *State) Saves(cut graph.Cut) []string {
	_, modules := s.runtime.Saves(cut)
	return modules
}

// Starting returns those of some modules that the entry loads.
func (s *State) Starting(modules []string) []string {
	return slices.DeleteFunc(slices.Clone(modules), func(m string) bool { return !s.loaded[m] })
}

// Expected is what the edits were to do.
type Expected struct {
	Cut   graph.Cut            // statements that no longer run at import
	Runs  []evidence.Statement // statements of functions that do from now on
	Files []string             // modules that the edits create
}

// Difference is one way in which the edited state is not what was expected.
type Difference struct {
	Kind   Kind
	Module string   // "" for Failed, where no module is to blame
	Chain  []string // places of the statements from the entry to the module, see Result
	Text   string   // of Failed: what happened, with the traceback
}

// Result is what a comparison found.
type Result struct {
	Gone        []string // modules that are no longer loaded, as foreseen
	Differences []Difference
	// Late are modules that were to go and that something else asks for once
	// nobody has, which no scan and no measurement shows before.
	Late []string
	// Unexplained are modules that are gone, and of which it was never known
	// what loads them.
	Unexplained []string
}

// Compare holds two measured states against each other.
func Compare(before, after *State, want Expected) *Result {
	r := &Result{}
	foreseen := set(before.Saves(want.Cut))
	_, added := before.runtime.FirstUse(want.Runs, want.Cut)
	mayCome := set(added)
	for _, m := range want.Files {
		mayCome[m] = true
	}
	for _, m := range before.Entry.Modules {
		name := m.Name
		switch {
		case !before.loaded[name]:
		case after.loaded[name] && foreseen[name]:
			if after.unseen(before, name) {
				r.Late = append(r.Late, name)
			} else {
				r.add(Stays, name, after.chain(before, name))
			}
		case after.loaded[name]:
		case foreseen[name]:
			r.Gone = append(r.Gone, name)
		case before.unexplained(name):
			r.Unexplained = append(r.Unexplained, name)
		default:
			r.add(Gone, name, before.chain(before, name))
		}
	}
	for _, m := range after.Entry.Modules {
		if after.loaded[m.Name] && !before.loaded[m.Name] && !mayCome[m.Name] && !slices.Contains(before.Entry.Startup, m.Name) {
			r.add(New, m.Name, after.chain(before, m.Name))
		}
	}
	slices.Sort(r.Gone)
	return r
}

func (r *Result) add(k Kind, module string, chain []string) {
	r.Differences = append(r.Differences, Difference{Kind: k, Module: module, Chain: chain})
}

// Steady keeps the differences that two comparisons of the same states have in
// common, and returns the modules of the others: they come and go by
// themselves.
func (r *Result) Steady(other *Result) (flaky []string) {
	r.Differences = slices.DeleteFunc(r.Differences, func(d Difference) bool {
		same := slices.ContainsFunc(other.Differences, func(o Difference) bool { return o.Kind == d.Kind && o.Module == d.Module })
		if !same && d.Module != "" {
			flaky = append(flaky, d.Module)
		}
		return !same
	})
	return flaky
}

// unseen reports whether a module is loaded because of a statement that did
// not run before, and that stands nowhere in the project: a library's, or a call
// that puts the name together.
func (s *State) unseen(before *State, module string) bool {
	for _, st := range s.runtime.Chain(module, nil) {
		if before.runtime.Has(st) {
			continue
		}
		name, call := strings.CutPrefix(st.Module, "@")
		return st.File == "" || call && !s.inFunction(name)
	}
	return false
}

// inFunction reports whether a function of the project imports a module, or a
// lazy import names it.
func (s *State) inFunction(module string) bool {
	for _, m := range s.Program.Modules {
		for _, imp := range m.Imports {
			if (imp.Scope == "function" || imp.Lazy) && (imp.Target == module || imp.Base == module) {
				return true
			}
		}
	}
	return false
}

// unexplained reports whether no chain of statements leads from the entry to a
// module: C code loads it, or a hook.
func (s *State) unexplained(module string) bool {
	chain := s.runtime.Chain(module, nil)
	return len(chain) == 0 || chain[0].File == "" && chain[0].From != "__main__"
}

// chain returns the statements that lead to a module, the entry's own first: a
// statement that stands in the sources as FILE:LINE of these, one that the
// edits made as "FILE: import x", and one of a library as "MODULE: import x".
func (s *State) chain(before *State, module string) []string {
	out := []string{}
	for _, st := range s.runtime.Chain(module, nil) {
		switch line := before.line(st); {
		case line > 0:
			out = append(out, fmt.Sprintf("%s:%d", st.File, line))
		case st.File != "":
			out = append(out, st.File+": "+statementText(st))
		default:
			out = append(out, st.From+": "+statementText(st))
		}
	}
	return out
}

// statementText says what a statement asks for.
func statementText(st evidence.Statement) string {
	if name, call := strings.CutPrefix(st.Module, "@"); call {
		return "import " + name + " in a function"
	}
	return "import " + st.Module
}

// line is the line of a statement in the sources, 0 where it does not stand.
func (s *State) line(st evidence.Statement) int {
	m := s.Program.File(st.File)
	if st.File == "" || m == nil {
		return 0
	}
	for _, imp := range m.Imports {
		if imp.Statement == st {
			return m.Line(imp.Stmt)
		}
	}
	return 0
}

// Elsewhere returns the edited files that the entry loads from another place
// than the copy, where it loaded them from the project before: an editable
// install leads there, or a path that the code puts together.
func Elsewhere(before, after *State, edited []string) []string {
	in := func(e *evidence.Entry) map[string]string {
		files := map[string]string{}
		for _, m := range e.Modules {
			if m.Phase == evidence.PhaseInit && m.File != "" {
				files[m.Name] = m.File
			}
		}
		return files
	}
	now := in(after.Entry)
	var out []string
	for name, file := range in(before.Entry) {
		if slices.Contains(edited, file) && after.loaded[name] && now[name] != file {
			out = append(out, file)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Failure makes a difference of an entry that does not start in the copy at
// root; ok is false for errors that are no fault of the entry.
func Failure(err error, root string) (d Difference, ok bool) {
	var entry *profile.EntryError
	var f *probe.Failure
	if !errors.As(err, &entry) || !errors.As(err, &f) || f.Kind == probe.Broken {
		return Difference{}, false
	}
	text := strings.TrimPrefix(f.Error(), "the entry ")
	roots := []string{root}
	if real, err := filepath.EvalSymlinks(root); err == nil {
		roots = append(roots, real)
	}
	if f.Traceback != "" {
		text += "\n" + launch.TrimTraceback(f.Traceback, roots)
	}
	return Difference{Kind: Failed, Text: text}, true
}

func set(names []string) map[string]bool {
	m := make(map[string]bool, len(names))
	for _, n := range names {
		m[n] = true
	}
	return m
}
