package plan

import (
	"math"

	"fastpath/internal/config"
)

// LazyLoadOverheadMS is what the founding documents charge for one lazy load,
// in ms. (The interpreter's real cost of repeating an import statement is
// about 0.001 ms; see Lifetime.)
const LazyLoadOverheadMS = 0.5

// Cost is the documents' calculation for one module, in ms a day.
type Cost struct {
	ImportMS      float64 // what the import costs
	UsagePercent  float64 // share of requests that use it, 0 to 100
	DailyRequests float64
	ColdStartRate float64 // share of requests that are cold starts, 0 to 1

	ModuleLevelMS   float64 // ImportMS × cold starts a day
	FunctionLevelMS float64 // ImportMS × requests a day that use it
	DailyLazyMS     float64 // LazyLoadOverheadMS × requests a day that use it
	OverheadMS      float64 // LazyLoadOverheadMS × all requests a day
	HotPath         bool    // criterion 3 alone: module level is cheaper
	Ratio           float64 // the larger cost over the smaller, 0 when one of them is 0
}

// NewCost applies the formula of LMMS-DEC-02. Criterion 3 compares the
// cold-start rate with the usage share, so that neither rounding nor the
// import time can decide it; equal costs, as of no requests at all, are not hot.
func NewCost(importMS, usagePercent, dailyRequests, coldStartRate float64) Cost {
	// Whole-number factors first: 0.1 × 10,000 requests is 1,000 exactly,
	// and so the products come out to the digit.
	used := roundTiny(usagePercent * dailyRequests / 100)
	cold := roundTiny(coldStartRate * dailyRequests)
	c := Cost{
		ImportMS: importMS, UsagePercent: usagePercent,
		DailyRequests: dailyRequests, ColdStartRate: coldStartRate,
		ModuleLevelMS:   roundTiny(importMS * cold),
		FunctionLevelMS: roundTiny(importMS * used),
		DailyLazyMS:     roundTiny(LazyLoadOverheadMS * used),
		OverheadMS:      roundTiny(LazyLoadOverheadMS * dailyRequests),
		HotPath:         dailyRequests > 0 && roundTiny(coldStartRate*100) < roundTiny(usagePercent),
	}
	lo, hi := math.Min(c.ModuleLevelMS, c.FunctionLevelMS), math.Max(c.ModuleLevelMS, c.FunctionLevelMS)
	if lo > 0 {
		c.Ratio = hi / lo
	}
	return c
}

// ColdStarts returns the cold starts a day.
func (c *Cost) ColdStarts() float64 { return roundTiny(c.ColdStartRate * c.DailyRequests) }

// Using returns the requests a day that use the module.
func (c *Cost) Using() float64 { return roundTiny(c.UsagePercent * c.DailyRequests / 100) }

// roundTiny removes the representation error of decimal inputs (0.1 × 3 is
// not 0.3 in binary) without touching any digit that a person can enter.
func roundTiny(x float64) float64 {
	if x == 0 || math.IsInf(x, 0) || math.IsNaN(x) {
		return x
	}
	scale := math.Pow(10, 12-math.Ceil(math.Log10(math.Abs(x))))
	if math.IsInf(scale, 0) || scale == 0 {
		return x
	}
	return math.Round(x*scale) / scale
}

// Evidence is what the table of the lmms policy looks at for one import.
type Evidence struct {
	MS         float64
	UsageKnown bool
	Percent    float64 // 0 to 100
	// Critical: the module is on the critical path of the majority workflow
	// (criterion 2); Workflow names it.
	Critical bool
	Workflow string
}

// Decide applies the table of the lmms policy with its three criteria.
// Boundaries are strict as written: 10 ms is not light, 80 % is not hot,
// exactly 100 ms belongs to the 10 to 100 row.
func Decide(e Evidence, c Cost, t config.Thresholds) (Decision, string) {
	hotByUsage := e.UsageKnown && e.Percent > t.HotUsage
	switch {
	case e.MS < t.LightMS:
		return Tier1, RuleLight
	case hotByUsage:
		return Tier2, RuleUsage
	case e.MS <= t.HeavyMS:
		return Function, RuleTable
	case e.Critical:
		return Tier2, RuleCritical
	case !e.UsageKnown:
		return Measure, RuleUnknown
	case c.HotPath:
		return Tier2, RuleFormula
	default:
		return Function, RuleFormula
	}
}
