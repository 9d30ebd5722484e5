package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"fastpath/internal/evidence"
)

func TestDeferOrder(t *testing.T) {
	r := NewRuntime(shop())
	boto3, requests, gateway, json := line("app.py::boto3"), line("core/cache.py::requests"), line("app.py::gateway"), line("app.py::json")
	units := []Cut{{json: true}, {requests: true}, {boto3: true}, {gateway: true}, {line("app.py::os"): true}}
	var got []string
	for _, s := range r.DeferOrder(units) {
		got = append(got, fmt.Sprint(s.Units, s.SavesMS, len(s.Modules), s.LeftMS))
	}
	// When boto3 has gone, urllib3 goes with the gateway, and requests with it.
	want := []string{"[2] 100 1 88.5", "[3] 76.5 7 12", "[0] 4 1 8"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// sharedPandas is three files that import pandas, and what only one of them has.
func sharedPandas() *evidence.Entry {
	row := func(name string, ms float64) evidence.Module {
		return evidence.Module{Name: name, SelfMS: ms, Phase: evidence.PhaseInit, Kind: "source"}
	}
	i := evidence.PhaseInit
	return &evidence.Entry{
		Modules: []evidence.Module{row("app", 1), row("a", 1), row("b", 1), row("pandas", 300), row("csv", 50), row("wave", 120), row("six", 9), row("lib", 2)},
		Edges: []evidence.Edge{
			edge(i, "__main__::@app:", "app"),
			edge(i, "app.py::a", "a"), edge(i, "app.py::b", "b"), edge(i, "app.py::csv", "csv"), edge(i, "app.py::wave", "wave"),
			edge(i, "app.py::pandas", "pandas"), edge(i, "a.py::pandas", "pandas"), edge(i, "b.py::pandas", "pandas"),
			edge(i, "a.py::six", "six"), edge(i, "app.py::lib", "lib"), edge(i, "lib::six", "six"),
		},
	}
}

func TestDeferOrderTakesGroups(t *testing.T) {
	r := NewRuntime(sharedPandas())
	app, a, b := line("app.py::pandas"), line("a.py::pandas"), line("b.py::pandas")
	units := []Cut{{app: true}, {line("app.py::csv"): true}, {a: true}, {b: true}, {line("app.py::wave"): true}, {line("a.py::six"): true}}
	var got []string
	for _, s := range r.DeferOrder(units) {
		got = append(got, fmt.Sprint(s.Units, s.SavesMS, s.Modules))
	}
	// 100 ms for each of the three; six is loaded by a library as well.
	if want := []string{"[4] 120 [wave]", "[0 2 3] 300 [pandas]", "[1] 50 [csv]"}; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}

	s := r.Sharers(Cut{app: true})
	if !slices.Equal(s.With, []evidence.Statement{a, b}) || s.By != "" || s.SavesMS != 300 || !slices.Equal(s.Modules, []string{"pandas"}) {
		t.Errorf("%+v", s)
	}
	// What the library is loaded by is a statement of the project.
	s = r.Sharers(Cut{line("a.py::six"): true})
	if !slices.Equal(s.With, []evidence.Statement{line("app.py::lib")}) || s.SavesMS != 11 {
		t.Errorf("%+v", s)
	}
	// The entry itself is loaded whatever goes.
	e := sharedPandas()
	e.Edges = append(e.Edges, edge(evidence.PhaseInit, "b.py::app", "app"))
	if s = NewRuntime(e).Sharers(Cut{line("b.py::app"): true}); s.By != mainModule || len(s.With) != 0 || s.SavesMS != 0 {
		t.Errorf("%+v", s)
	}
}

// TestDeferOrderIsGreedy compares with sums over all subsets of one step.
func TestDeferOrderIsGreedy(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		e := &evidence.Entry{Edges: []evidence.Edge{edge(evidence.PhaseInit, "__main__::@m0:", "m0")}}
		const n = 25
		name := func(i int) string { return fmt.Sprintf("m%d", i) }
		for i := range n {
			e.Modules = append(e.Modules, evidence.Module{Name: name(i), SelfMS: float64(1 + rnd.IntN(90)), Phase: evidence.PhaseInit, Kind: "source"})
			for range 1 + rnd.IntN(3) {
				from := "m0"
				if i > 3 {
					from = name(rnd.IntN(i))
				}
				e.Edges = append(e.Edges, edge(evidence.PhaseInit, from+".py::"+name(i), name(i)))
			}
		}
		r := NewRuntime(e)
		var units []Cut
		for _, d := range e.Edges[1:] {
			if rnd.IntN(3) > 0 {
				units = append(units, Cut{d.Statement: true})
			}
		}
		cut, before := Cut{}, r.Total(nil)
		for k, step := range r.DeferOrder(units) {
			for _, u := range units {
				with := Cut{}
				for s := range cut {
					with[s] = true
				}
				for s := range u {
					with[s] = true
				}
				if ms := before - r.Total(with); ms > step.SavesMS/float64(len(step.Units))+1e-9 {
					t.Fatalf("round %d, step %d takes %v, %v alone would save %v", round, k, step, u, ms)
				}
			}
			for _, u := range step.Units {
				for s := range units[u] {
					cut[s] = true
				}
			}
			now := r.Total(cut)
			if math.Abs(before-now-step.SavesMS) > 1e-9 || math.Abs(now-step.LeftMS) > 1e-9 {
				t.Fatalf("round %d: %+v, but %v was left and %v is", round, step, before, now)
			}
			before = now
		}
		for _, u := range units {
			with := Cut{}
			for s := range cut {
				with[s] = true
			}
			for s := range u {
				with[s] = true
			}
			if r.Total(with) < before-1e-9 {
				t.Fatalf("round %d: %v was left out", round, u)
			}
		}
	}
}
