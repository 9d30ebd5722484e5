package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noise makes n pairs of cold starts of equal arms, as fresh processes on real
// machines show them.
type noise struct {
	name string
	make func(rng *rand.Rand, n int) (before, after []float64)
}

// pairs makes pairs whose processes run one after the other, in random order.
func pairs(next func(rng *rand.Rand) func() float64) func(*rand.Rand, int) ([]float64, []float64) {
	return func(rng *rand.Rand, n int) (before, after []float64) {
		one := next(rng)
		for range n {
			x, y := one(), one()
			if rng.IntN(2) == 0 {
				x, y = y, x
			}
			before, after = append(before, x), append(after, y)
		}
		return before, after
	}
}

var noises = []noise{
	{"lognormal", pairs(func(rng *rand.Rand) func() float64 {
		return func() float64 { return 500 * math.Exp(0.15*rng.NormFloat64()) }
	})},
	{"skewed", pairs(func(rng *rand.Rand) func() float64 { // never faster than 500, sometimes much slower
		return func() float64 { return 500 * (1 + 0.05*math.Exp(rng.NormFloat64())) }
	})},
	{"bimodal", pairs(func(rng *rand.Rand) func() float64 {
		return func() float64 {
			t := 500 * math.Exp(0.04*rng.NormFloat64())
			if rng.Float64() < 0.15 {
				t *= 1.6
			}
			return t
		}
	})},
	{"bursts", pairs(func(rng *rand.Rand) func() float64 { // a neighbour comes and goes
		slow := false
		return func() float64 {
			if rng.Float64() < 0.15 {
				slow = !slow
			}
			t := 500 * math.Exp(0.05*rng.NormFloat64())
			if slow {
				t *= 1.4
			}
			return t
		}
	})},
	{"drift", pairs(func(rng *rand.Rand) func() float64 {
		level := 0.0
		return func() float64 {
			level += 0.03 * rng.NormFloat64()
			return 500 * math.Exp(level+0.04*rng.NormFloat64())
		}
	})},
	{"rounds", func(rng *rand.Rand, n int) (before, after []float64) { // each round at a speed of its own
		for range n {
			shared := 500 * (1 + 0.3*rng.Float64())
			before = append(before, shared*math.Exp(0.03*rng.NormFloat64()))
			after = append(after, shared*math.Exp(0.03*rng.NormFloat64()))
		}
		return before, after
	}},
}

// TestSimulated holds what the verdicts promise, over noise of each kind, with
// fixed seeds: equal arms are called different in less than 1 % of 1,000 runs,
// a run being everything that is judged in it; and a difference as large as
// the tool says it would have seen is found in at least 95 %.
func TestSimulated(t *testing.T) {
	const tries = 1000
	for _, c := range []struct{ rounds, events int }{{10, 1}, {10, 6}, {20, 1}} {
		b := &bench{Options: Options{Pairs: []Pair{{0, 1}}}, ran: make([]int, c.events)}
		judgement, _ := b.levels()
		allFound, allPlanted := 0, 0
		for k, m := range noises {
			found, planted := 0, 0
			rng := rand.New(rand.NewPCG(uint64(c.rounds), uint64(10*k+c.events)))
			alarms := 0
			for try := range tries {
				if b.alarm(rng, m, c.rounds) {
					alarms++
				}
				if try%2 != 0 || c.events > 1 {
					continue // drawing the noise anew takes its time
				}
				before, after := m.make(rng, c.rounds)
				seen := change(before, after, judgement).SeenShare
				if seen == nil {
					continue
				}
				before, after = m.make(rng, c.rounds)
				for i := range after {
					after[i] *= 1 - *seen
				}
				planted++
				if judge(before, after, judgement).Verdict == Faster {
					found++
				}
			}
			t.Logf("%d rounds, %d events, %s noise: %d false alarms of %d; found %d of %d differences", c.rounds, c.events, m.name, alarms, tries, found, planted)
			if alarms >= tries/100 {
				t.Errorf("%d rounds, %d events, %s noise: %d of %d comparisons of equals report a difference", c.rounds, c.events, m.name, alarms, tries)
			}
			allFound, allPlanted = allFound+found, allPlanted+planted
			// Ten rounds within one of a machine's moods cannot know the other.
			if float64(found) < 0.92*float64(planted) {
				t.Errorf("%d rounds, %s noise: %d of %d differences were found that would have been seen", c.rounds, m.name, found, planted)
			}
		}
		if c.events == 1 && (allPlanted < 2*tries || float64(allFound) < 0.95*float64(allPlanted)) {
			t.Errorf("%d rounds: %d of %d differences were found that would have been seen", c.rounds, allFound, allPlanted)
		}
	}
}

// alarm makes one run of equal arms and judges all that a bench judges.
func (b *bench) alarm(rng *rand.Rand, m noise, rounds int) bool {
	judgement, beside := b.levels()
	cold := [2][]float64{make([]float64, rounds), make([]float64, rounds)}
	init := [2][]float64{make([]float64, rounds), make([]float64, rounds)}
	different := func(x [2][]float64, level float64) bool {
		v := judge(x[0], x[1], level).Verdict
		return v == Faster || v == Slower
	}
	any := false
	for range b.ran {
		var event [2][]float64
		event[0], event[1] = m.make(rng, rounds)
		for a := range event {
			for i, t := range event[a] {
				init[a][i] += 0.8 * t
				event[a][i] = 0.8*t + 100*math.Exp(0.1*rng.NormFloat64())
				cold[a][i] += event[a][i]
			}
		}
		if len(b.ran) > 1 {
			any = different(event, beside) || any
		}
	}
	return different(cold, judgement) || different(init, beside) || any
}

// TestPrecision: going on until the interval is narrow makes no false alarms.
func TestPrecision(t *testing.T) {
	const tries = 300
	for k, m := range noises {
		rng := rand.New(rand.NewPCG(3, uint64(k)))
		alarms, rounds := 0, 0
		for range tries {
			before, after := m.make(rng, 40)
			n := firstRounds
			for ; n < 40; n += 5 {
				c := judge(before[:n], after[:n], judgementLevel)
				if w, ok := c.Interval(); ok && w <= 0.05 {
					break
				}
			}
			rounds += n
			if v := judge(before[:n], after[:n], judgementLevel).Verdict; v != NoDifference {
				alarms++
			}
		}
		t.Logf("%s noise: %d false alarms of %d, %d rounds on average", m.name, alarms, tries, rounds/tries)
		if alarms >= tries/100 {
			t.Errorf("%s noise: %d of %d comparisons of equals report a difference", m.name, alarms, tries)
		}
	}
}

// TestRule: what seenShare takes for found is what the verdict finds.
func TestRule(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	checked := 0
	for _, n := range []int{6, 7, 10, 13, 20, 60} {
		for _, level := range []float64{judgementLevel, besideLevel / 13} {
			r := ruleFor(n, level)
			for range 20 {
				before, after := noises[rng.IntN(len(noises))].make(rng, n)
				least := r.smallest(before, after)
				for _, plant := range []float64{least - 0.002, least + 0.002} {
					if plant <= 0 || plant >= 0.98 {
						continue
					}
					planted := slices.Clone(after)
					for i := range planted {
						planted[i] *= 1 - plant
					}
					checked++
					if c := judge(before, planted, level); (c.Verdict == Faster) != (plant > least) {
						t.Errorf("n %d, level %v, planted %.3f, smallest %.3f: %q, p %v", n, level, plant, least, c.Verdict, c.P)
					}
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d cases were checked", checked)
	}
	if (ruleFor(5, judgementLevel) != rule{}) || (ruleFor(6, judgementLevel) == rule{}) {
		t.Error("a verdict takes 6 rounds")
	}
}

func TestJudge(t *testing.T) {
	b := []float64{100, 101, 102, 103, 104, 105, 106}
	a := []float64{60, 62, 61, 63, 65, 64, 66}
	c := judge(b, a, judgementLevel)
	if c.Verdict != Faster || c.DiffMS > -35 || c.Share > -0.3 || c.P > 0.005 {
		t.Errorf("faster arm: %+v", c)
	}
	if w, ok := c.Interval(); !ok || w <= 0 || w > 0.1 || *c.HighMS >= 0 {
		t.Errorf("interval %v, %v, %+v", w, ok, c)
	}
	if c := judge(a, b, judgementLevel); c.Verdict != Slower || c.DiffMS < 35 {
		t.Errorf("slower arm: %+v", c)
	}
	if c := change(b[:3], a[:3], judgementLevel); c.Verdict != TooFew || c.LowMS != nil || c.SeenShare != nil {
		t.Errorf("three pairs cannot decide: %+v", c)
	}
	if c := change(b, b, judgementLevel); c.Verdict != NoDifference || c.SeenShare == nil || c.P != 1 {
		t.Errorf("the same values: %+v", c)
	}
	// The machine doubles its speed half way: pairs tell, all values at once do not.
	b, a = nil, nil
	for i := range 12 {
		level := 100.0
		if i >= 6 {
			level = 50
		}
		b, a = append(b, level+float64(i)/10), append(a, level*0.95-float64(i)/10)
	}
	if c := judge(b, a, judgementLevel); c.Verdict != Faster || c.Share > -0.02 || c.Share < -0.1 {
		t.Errorf("drift: %+v", c)
	}
	// A slow process disturbs the pairs, not the whole.
	b = []float64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111}
	a = []float64{80, 81, 82, 83, 84, 200, 86, 87, 88, 89, 90, 91}
	if c := judge(b, a, judgementLevel); c.Verdict != Faster || c.HighMS == nil || *c.HighMS >= 0 {
		t.Errorf("slow ones: %+v", c)
	}
}
