package bench

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func ptr(f float64) *float64 { return &f }

// paired returns n cold starts around base with noise that both arms share
// and noise of their own, the second one shifted by diff.
func paired(rng *rand.Rand, n int, base, diff float64) (before, after []float64) {
	for range n {
		shared := base * (1 + 0.2*rng.Float64())
		before = append(before, shared*(1+0.03*rng.NormFloat64()))
		after = append(after, (shared+diff)*(1+0.03*rng.NormFloat64()))
	}
	return before, after
}

func TestChangeFalseAlarmsAndPower(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const tries = 1000
	alarms, found, planted := 0, 0, 0
	for range tries {
		b, a := paired(rng, 10, 800, 0)
		c := change(b, a)
		if c.Verdict != NoDifference {
			alarms++
		}
		if c.SeenShare == nil {
			t.Fatal("ten pairs have no detectable difference")
		}
		// Twice what the interval's half-width says is a difference that must be seen.
		b, a = paired(rng, 10, 800, -2*800**c.SeenShare)
		planted++
		if change(b, a).Verdict == Faster {
			found++
		}
	}
	if alarms > tries*5/100 {
		t.Errorf("%d of %d comparisons of equals report a difference; a 95 %% interval allows 5 %%", alarms, tries)
	}
	if found < planted*80/100 {
		t.Errorf("%d of %d planted differences were found", found, planted)
	}
}

func TestChangeDirection(t *testing.T) {
	b := []float64{100, 101, 102, 103, 104, 105, 106}
	a := []float64{60, 62, 61, 63, 65, 64, 66}
	c := change(b, a)
	if c.Verdict != Faster || c.DiffMS > -35 || c.Share > -0.3 || c.P >= 0.05 {
		t.Errorf("faster arm: %+v", c)
	}
	if c := change(a, b); c.Verdict != Slower || c.DiffMS < 35 {
		t.Errorf("slower arm: %+v", c)
	}
	if c := change(b[:3], a[:3]); c.Verdict != NoDifference || c.LowMS != nil || c.SeenShare != nil {
		t.Errorf("three pairs cannot decide: %+v", c)
	}
}

// TestSummarize checks the weights, the sets and the judgement on cost that
// merely moved: init falls, the first request of one event rises by as much.
func TestSummarize(t *testing.T) {
	o := &Options{
		Arms:   []Arm{{Name: "before"}, {Name: "now"}},
		Events: []Event{{Name: "often", Share: 0.9}, {Name: "seldom", Share: 0.1}, {Name: "broken"}},
		Pairs:  8,
	}
	samples := [][][]*sample{{nil, nil, nil}, {nil, nil, nil}}
	for round := range o.Pairs {
		jitter := float64(round)
		for e := range 2 {
			samples[0][e] = append(samples[0][e], &sample{
				InitMS: 500 + jitter, FirstRequestMS: ptr(10), SteadyRequestMS: ptr(1), RSSKiB: 1000,
				InitModules: []string{"app", "heavy", "heavy.core"}, Response: "1",
			})
		}
		samples[1][0] = append(samples[1][0], &sample{
			InitMS: 100 + jitter, FirstRequestMS: ptr(10), SteadyRequestMS: ptr(1), RSSKiB: 600,
			InitModules: []string{"app", "fast_path"}, Response: "1",
		})
		samples[1][1] = append(samples[1][1], &sample{
			InitMS: 100 + jitter, FirstRequestMS: ptr(410), SteadyRequestMS: ptr(1), RSSKiB: 900,
			InitModules: []string{"app", "fast_path"}, RequestModules: []string{"heavy", "heavy.core"}, Response: "2",
		})
	}
	r, err := summarize(o, samples, []string{"", "", "ValueError"})
	if err != nil {
		t.Fatal(err)
	}
	c := r.Comparison
	if want := []string{"heavy", "heavy.core"}; !slices.Equal(c.ModulesGone, want) || !slices.Equal(c.ModulesNew, []string{"fast_path"}) {
		t.Errorf("gone %v, new %v", c.ModulesGone, c.ModulesNew)
	}
	if c.ColdStart.DiffMS != -360 || c.ColdStart.Verdict != Faster { // 0.9 × −400 + 0.1 × 0
		t.Errorf("weighted cold start: %+v", c.ColdStart)
	}
	often, seldom, broken := r.Events[0], r.Events[1], r.Events[2]
	if often.Change.Verdict != Faster || !*often.Equal || often.ModulesReturned != nil {
		t.Errorf("often: %+v", often)
	}
	if seldom.Change.Verdict != NoDifference || *seldom.Equal || len(seldom.ModulesReturned) != 2 {
		t.Errorf("seldom: cost that moved counts as saved: %+v %+v", seldom, seldom.Change)
	}
	if broken.Error != "ValueError" || broken.Arms != nil {
		t.Errorf("broken: %+v", broken)
	}
	if c.Equal {
		t.Error("responses differ, yet the comparison says equal")
	}
	if got := r.Arms[1].FirstRequestMS.Median; got != 50 { // 0.9 × 10 + 0.1 × 410
		t.Errorf("weighted first request %v, want 50", got)
	}
}
