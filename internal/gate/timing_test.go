package gate

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"fastpath/internal/bench"
	"fastpath/internal/config"
	"fastpath/internal/diag"
)

// machine makes up cold starts as busy machines have them: a speed that drifts
// from round to round and hits both arms, noise of a fifth in each process,
// and now and then one that is half as fast.
type machine struct {
	rng   *rand.Rand
	noise float64
}

func (m *machine) result(ms, factor float64) *bench.Result {
	const rounds = 20
	before, after := make([]float64, rounds), make([]float64, rounds)
	drift := 0.0
	sample := func(ms float64) float64 {
		v := ms * math.Exp(drift+m.noise*m.rng.NormFloat64())
		if m.rng.IntN(12) == 0 {
			v *= 1.5
		}
		return v
	}
	for i := range rounds {
		drift = 0.7*drift + 0.1*m.rng.NormFloat64()
		before[i], after[i] = sample(ms), sample(ms*factor)
	}
	c := bench.Judge(before, after)
	return &bench.Result{
		Rounds:     rounds,
		Arms:       []bench.ArmResult{{ColdStartMS: bench.Summarise(before)}, {ColdStartMS: bench.Summarise(after)}},
		Comparison: &bench.Comparison{ColdStart: c},
	}
}

func limits() Limits {
	l := config.Default().Limits
	return Limits{BudgetMS: l.ColdStartMS, RegressionPercent: l.RegressionPercent}
}

// Of 1,000 gates between equal states none may cry wolf, on a quiet machine
// and on one where a process takes a fifth more or less than the last.
func TestNoFalseAlarms(t *testing.T) {
	for _, noise := range []float64{0.05, 0.2, 0.35} {
		m := machine{rand.New(rand.NewPCG(1, uint64(noise*100))), noise}
		again := 0
		for i := range 1000 {
			got, err := Judge(limits(), 1, func() (*bench.Result, error) { return m.result(400, 1), nil })
			if err != nil {
				t.Fatal(err)
			}
			if got.Slower || got.Budget {
				t.Errorf("noise %v, gate %d: equal states, yet %+v %+v", noise, i, got, got.Change)
			}
			if got.Confirmed {
				again++
			}
		}
		if again > 10 {
			t.Errorf("noise %v: %d of 1,000 gates needed a second measurement; the first is too easily alarmed", noise, again)
		}
	}
}

// What is really slower is found, and what is slower within the margin is not.
func TestFindsRegressions(t *testing.T) {
	for _, tt := range []struct {
		factor      float64
		least, most int // of 100 gates
	}{{1.5, 95, 100}, {1.3, 80, 100}, {1.03, 0, 1}, {0.7, 0, 0}} {
		m := machine{rand.New(rand.NewPCG(2, uint64(tt.factor*100))), 0.1}
		n := 0
		for range 100 {
			got, err := Judge(limits(), 1, func() (*bench.Result, error) { return m.result(400, tt.factor), nil })
			if err != nil {
				t.Fatal(err)
			}
			if got.Slower {
				n++
			}
		}
		if n < tt.least || n > tt.most {
			t.Errorf("slower by %v: found by %d of 100 gates, want %d to %d", tt.factor, n, tt.least, tt.most)
		}
	}
}

// A cold start over budget is found; one whose interval reaches below it is not.
func TestBudget(t *testing.T) {
	m := machine{rand.New(rand.NewPCG(3, 3)), 0.1}
	for ms, want := range map[float64]bool{3000: true, 1000: false} {
		got, err := Judge(limits(), 1, func() (*bench.Result, error) { return m.result(ms, 1), nil })
		if err != nil || got.Budget != want || got.Confirmed != want {
			t.Errorf("%v ms: %+v, %v", ms, got, err)
		}
	}
	// Where the baseline is over, too, that is a remark: the change did nothing.
	for factor, want := range map[float64]diag.Severity{1: diag.Info, 3: diag.Error} {
		got, err := Judge(limits(), 1, func() (*bench.Result, error) { return m.result(3000/factor, factor), nil })
		if err != nil || !got.Budget {
			t.Fatalf("%+v, %v", got, err)
		}
		if d := got.Diagnostics(limits(), diag.Span{File: "app.py"}, "main")[0]; d.Rule != RuleBudget || d.Severity != want {
			t.Errorf("3000 ms, %v times what it was: %+v", factor, d)
		}
	}
	// The second measurement does not find it again.
	results := []*bench.Result{m.result(3000, 1), m.result(1000, 1)}
	got, err := Judge(limits(), 1, func() (*bench.Result, error) {
		r := results[0]
		results = results[1:]
		return r, nil
	})
	if err != nil || got.Budget || !got.Vanished {
		t.Errorf("%+v, %v", got, err)
	}
}

// Without requests the texts speak of init.
func TestInitAlone(t *testing.T) {
	m := machine{rand.New(rand.NewPCG(4, 4)), 0.05}
	for alone, want := range map[bool]string{false: "the cold start is ", true: "init is "} {
		got, err := Judge(limits(), 1, func() (*bench.Result, error) { return m.result(400, 2), nil })
		if err != nil {
			t.Fatal(err)
		}
		got.InitAlone = alone
		list := got.Diagnostics(limits(), diag.Span{File: "app.py"}, "main")
		if len(list) != 1 || !strings.HasPrefix(list[0].Message, want) || strings.Contains(list[0].Notes[0], "without any request") != alone {
			t.Errorf("init alone %v: %+v", alone, list)
		}
	}
}
