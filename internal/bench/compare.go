package bench

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"golang.org/x/perf/benchmath"
)

// judgementLevel and besideLevel are the chances of calling equal states
// different: for the cold start over all events, and for all that is judged
// beside it together (init, and each event).
const (
	judgementLevel = 0.0045
	besideLevel    = 0.003
)

// Verdicts of a Change.
const (
	Faster       = "faster"
	Slower       = "slower"
	NoDifference = "no difference"
	TooFew       = "too few runs" // no difference whatever could be told with so few
)

// Change compares a quantity of the second arm with the first one's.
//
// Two exact tests look at the same values, and P is twice the smaller of their
// results. The sign test sees the differences within rounds, so that a machine
// which changes its speed does not disturb it; the Mann-Whitney test sees all
// values at once, so that a few slow processes do not disturb it. DiffMS and
// its bounds belong to the test that is surer.
type Change struct {
	BeforeMS float64  `json:"before_ms"` // median
	AfterMS  float64  `json:"after_ms"`  // median
	DiffMS   float64  `json:"diff_ms"`   // after minus before: the median of the differences
	LowMS    *float64 `json:"diff_low_ms,omitempty"`
	HighMS   *float64 `json:"diff_high_ms,omitempty"` // bounds of DiffMS at 95 %
	Share    float64  `json:"diff_share"`             // DiffMS as a share of BeforeMS, −0.41 is −41 %
	P        float64  `json:"p"`
	Level    float64  `json:"level"` // the largest P that counts as a difference here
	N        int      `json:"n"`     // pairs
	Verdict  string   `json:"verdict"`
	// SeenShare is the smallest difference, as a share of BeforeMS, that would
	// have been found in 95 of 100 such runs; with the verdict NoDifference.
	SeenShare *float64 `json:"seen_share,omitempty"`
}

// change compares paired values at a level, and says what would have been seen
// where nothing was.
func change(before, after []float64, level float64) Change {
	c := judge(before, after, level)
	if c.Verdict == NoDifference {
		if seen, ok := seenShare(before, after, level); ok {
			c.SeenShare = &seen
		}
	}
	return c
}

// judge compares paired values at a level.
func judge(before, after []float64, level float64) Change {
	n := len(before)
	diffs := make([]float64, n)
	for i := range diffs {
		diffs[i] = after[i] - before[i]
	}
	b, a, d := figure(before), figure(after), figure(diffs)
	c := Change{BeforeMS: b.Median, AfterMS: a.Median, DiffMS: d.Median, LowMS: d.Low, HighMS: d.High, N: n, Level: level}
	sign, ranks := signTest(before, after), rankTest(before, after)
	if ranks < sign {
		c.DiffMS, c.LowMS, c.HighMS = shift(before, after)
	}
	c.P = min(1, 2*min(sign, ranks))
	if b.Median != 0 {
		c.Share = c.DiffMS / b.Median
	}
	switch {
	case c.P <= level && c.DiffMS < 0:
		c.Verdict = Faster
	case c.P <= level:
		c.Verdict = Slower
	case ruleFor(n, level) == rule{}:
		c.Verdict = TooFew
	default:
		c.Verdict = NoDifference
	}
	return c
}

// Interval returns half the width of the interval at 95 % as a share of
// BeforeMS; false where there are too few values for one.
func (c *Change) Interval() (share float64, ok bool) {
	if c.LowMS == nil || c.BeforeMS == 0 {
		return 0, false
	}
	return (*c.HighMS - *c.LowMS) / 2 / c.BeforeMS, true
}

// signTest returns the chance that as many of the paired differences or more
// have the same sign when none is meant. Equal pairs say nothing.
func signTest(before, after []float64) float64 {
	less, more := 0, 0
	for i := range before {
		switch {
		case after[i] < before[i]:
			less++
		case after[i] > before[i]:
			more++
		}
	}
	return signP(min(less, more), less+more)
}

// signP returns the two-sided p of k of n signs.
func signP(k, n int) float64 {
	p := 0.0
	for i := range k + 1 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(i + 1))
		c, _ := math.Lgamma(float64(n - i + 1))
		p += math.Exp(a - b - c - float64(n)*math.Ln2)
	}
	return min(1, 2*p)
}

// rankTest returns the p of benchmath's Mann-Whitney U test.
func rankTest(before, after []float64) float64 {
	return benchmath.AssumeNothing.Compare(values(before), values(after)).P
}

func values(list []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(list), &benchmath.DefaultThresholds)
}

// shift returns the median of the differences of all values of after from all
// of before, and its bounds at 95 %: the smallest and the largest shift of
// after that the rank test does not reject.
func shift(before, after []float64) (centre float64, low, high *float64) {
	var all []float64
	for _, b := range before {
		for _, a := range after {
			all = append(all, a-b)
		}
	}
	slices.Sort(all)
	n := len(all)
	centre = (all[(n-1)/2] + all[n/2]) / 2
	// How many of the differences a rejected shift leaves on one side depends
	// on the numbers of values alone.
	if k := criticalU(len(before), 1-confidence); k >= 0 && k < n/2 {
		low, high = &all[k], &all[n-1-k]
	}
	return centre, low, high
}

// rule is what a difference must look like to be found: fewer than sign rounds
// speak against it, or fewer than u of all pairs of values do.
type rule struct{ sign, u int }

var rules sync.Map // of rule by ruleKey

type ruleKey struct {
	n     int
	level float64
}

// ruleFor returns the rule for n pairs at a level.
func ruleFor(n int, level float64) rule {
	key := ruleKey{n, level}
	if r, ok := rules.Load(key); ok {
		return r.(rule)
	}
	r := rule{u: criticalU(n, level/2) + 1}
	for r.sign <= n/2 && signP(r.sign, n) <= level/2 {
		r.sign++
	}
	rules.Store(key, r)
	return r
}

// criticalU returns the largest U of two samples of n values that the rank
// test rejects at a level, −1 for none. U depends on the order alone, so that
// it is looked up with numbers made for it.
func criticalU(n int, level float64) int {
	rejected := func(u int) bool {
		x, y := make([]float64, n), make([]float64, n)
		for i := range n { // y above x, and then u values of x put between those of y
			x[i], y[i] = float64(i), float64(n+i)*2
		}
		for i := n - 1; u > 0; i-- {
			k := min(u, n)
			x[i] = float64(n+k-1)*2 + 1 - float64(n-1-i)/float64(n+1)
			u -= k
		}
		return rankTest(x, y) <= level
	}
	low, high := -1, n*n/2+1
	for low+1 < high {
		if mid := (low + high) / 2; rejected(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// resamples is how often seenShare draws the noise anew, and resampled the
// share of the draws in which a difference must be found.
const (
	resamples = 300
	resampled = 0.99
)

// seenShare returns the smallest difference, as a share, that the rule finds
// in 95 of 100 runs with the noise of these values. The arms are taken as
// equal: rounds are drawn with replacement, and for each draw the smallest
// difference is sought that the rule finds in it. False where only one beyond
// 95 % would be.
func seenShare(before, after []float64, level float64) (float64, bool) {
	n := len(before)
	r := ruleFor(n, level)
	ratios := make([]float64, n)
	for i := range ratios {
		if before[i] <= 0 || after[i] <= 0 {
			return 0, false
		}
		ratios[i] = math.Log(after[i] / before[i])
	}
	equal := math.Exp(-figure(ratios).Median)
	rng := rand.New(rand.NewPCG(uint64(n), 0x7365656e)) // the same values give the same answer
	found := make([]float64, resamples)
	b, a := make([]float64, n), make([]float64, n)
	for k := range found {
		for i := range n {
			j := rng.IntN(n)
			b[i], a[i] = before[j], after[j]*equal
			if rng.IntN(2) == 0 { // equal arms can be exchanged
				b[i], a[i] = a[i], b[i]
			}
		}
		found[k] = r.smallest(b, a)
	}
	slices.Sort(found)
	seen := found[int(math.Ceil(resampled*resamples))-1] * allowance(n)
	return seen, seen < 0.95
}

// smallest returns by what share after must be smaller for the rule to find
// it faster; 1 where it never does.
func (r rule) smallest(before, after []float64) float64 {
	least := 1.0
	if r.sign > 0 { // all but r.sign-1 of the pairs must have it
		shares := make([]float64, len(before))
		for i := range shares {
			shares[i] = 1 - before[i]/after[i]
		}
		slices.Sort(shares)
		least = max(0, shares[len(shares)-r.sign])
	}
	if r.u == 0 {
		return least
	}
	b, a := slices.Sorted(slices.Values(before)), slices.Sorted(slices.Values(after))
	low, high := -0.0005, least
	for high-low > 0.0005 {
		mid := (low + high) / 2
		if against(b, a, 1-mid) < r.u {
			high = mid
		} else {
			low = mid
		}
	}
	return max(0, high)
}

// against counts the pairs of a value of b and a larger one of a, multiplied by
// factor. Both are sorted.
func against(b, a []float64, factor float64) int {
	count, smaller := 0, 0
	for _, v := range a {
		for smaller < len(b) && b[smaller] < v*factor {
			smaller++
		}
		count += smaller
	}
	return count
}

// allowance is for the noise that n rounds have not met and the next ones may:
// 2.2 at 10 rounds, 1.3 at 20, nothing to speak of at 50. Simulations of
// noise of several kinds set it, see TestSimulated.
func allowance(n int) float64 { return 1 + 120/float64(n*n) }
