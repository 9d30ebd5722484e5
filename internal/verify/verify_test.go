package verify

import (
	"slices"
	"testing"

	"fastpath/internal/evidence"
	"fastpath/internal/graph"
)

// measured is an entry whose app.py imports some modules, beside others that
// nothing is known to load.
func measured(imports, others []string) *State {
	e := &evidence.Entry{
		Modules: []evidence.Module{{Name: "app", Kind: "source", Phase: evidence.PhaseInit, File: "app.py"}},
		Edges:   []evidence.Edge{{Statement: evidence.Statement{From: "__main__", Module: "app"}, Phase: evidence.PhaseInit, To: []string{"app"}}},
	}
	for _, m := range slices.Concat(imports, others) {
		e.Modules = append(e.Modules, evidence.Module{Name: m, Kind: "source", Phase: evidence.PhaseInit})
	}
	for _, m := range imports {
		e.Edges = append(e.Edges, evidence.Edge{Statement: statement(m), Phase: evidence.PhaseInit, To: []string{m}})
	}
	return NewState(&graph.Program{}, e)
}

func statement(module string) evidence.Statement {
	return evidence.Statement{From: "app", File: "app.py", Module: module, Binding: module}
}

func TestCompare(t *testing.T) {
	before := measured([]string{"heavy", "light", "other"}, []string{"hook"})
	want := Expected{Cut: graph.Cut{statement("heavy"): true, statement("light"): true}, Files: []string{"fast_path"}}
	after := measured([]string{"light", "fast_path", "more"}, nil)
	r := Compare(before, after, want)
	if !slices.Equal(r.Gone, []string{"heavy"}) || !slices.Equal(r.Unexplained, []string{"hook"}) || len(r.Late) > 0 {
		t.Errorf("gone %v, unexplained %v, late %v", r.Gone, r.Unexplained, r.Late)
	}
	var got []string
	for _, d := range r.Differences {
		got = append(got, string(d.Kind)+" "+d.Module)
	}
	if !slices.Equal(got, []string{"stays light", "gone other", "new more"}) {
		t.Errorf("differences %v", got)
	}
	again := Compare(before, measured([]string{"light", "fast_path", "other"}, nil), want)
	if flaky := r.Steady(again); !slices.Equal(flaky, []string{"other", "more"}) || len(r.Differences) != 1 || r.Differences[0].Module != "light" {
		t.Errorf("flaky %v, left %v", flaky, r.Differences)
	}
}
