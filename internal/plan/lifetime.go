package plan

import (
	"fmt"
	"maps"
	"math"

	"fastpath/internal/config"
)

// The lifetime model's constants.
const (
	// repeatMS is what repeating an import statement costs, in ms: 0.07 to
	// 1 µs, of which this is the upper end.
	repeatMS = 0.001
	// fullVCPU is the memory size, in MB, at which Lambda gives one whole
	// virtual CPU.
	fullVCPU = 1769
	// leastGain is the gain per cold start, in ms, below which moving is not
	// worth an edit.
	leastGain = 1
)

// MemoryFactor returns by how much requests are slower than on a whole CPU.
func MemoryFactor(platform string, memoryMB float64) float64 {
	if platform != config.PlatformLambda || memoryMB <= 0 {
		return 1
	}
	return math.Max(1, fullVCPU/memoryMB)
}

// lifetime computes the model for one candidate under the current cut:
//
//	gain = E · k_init − p · E · k_request − calls · r
//
// saving, E, is what the statements with this target save together. Init runs
// unthrottled on Lambda (AWS's statement), requests at the share of a CPU that
// the memory size buys. On servers init is off the request path: moving cannot
// gain there.
func (b *builder) lifetime(c *candidate, saving float64) Lifetime {
	if !c.Measured || c.startup || c.idle {
		return Lifetime{Decision: Keep}
	}
	tier := b.tier(c)
	if !c.UsageKnown {
		if saving < leastGain {
			return Lifetime{Decision: tier}
		}
		return Lifetime{Decision: Measure}
	}
	rate := b.rate
	if b.measuredRate >= 0 {
		rate = b.measuredRate
	}
	requests := 1.0 // of one process
	switch {
	case b.platform == config.PlatformCLI:
	case rate > 0:
		requests = 1 / rate
	default:
		requests = math.Inf(1)
	}
	needed := 0.0
	if c.Usage > 0 {
		needed = 1 - math.Pow(1-c.Usage, requests)
	}
	kInit := 1.0
	if b.platform == config.PlatformServer {
		kInit = 0
	}
	calls := 0.0
	if c.Usage > 0 {
		calls = c.Usage * math.Min(requests, 1e6)
	}
	gain := saving*kInit - needed*saving*MemoryFactor(b.platform, b.memoryMB) - calls*repeatMS
	l := Lifetime{Decision: tier, Known: true, GainMS: gain, Needed: needed}
	if gain >= leastGain {
		l.Decision = Function
	}
	return l
}

// saving is what all movable statements with the candidate's module save
// together, given the current cut; where none is movable, what they would.
func (b *builder) saving(c *candidate) float64 {
	if c.AloneMS < leastGain {
		return 0
	}
	var list []*candidate
	for _, movable := range []bool{true, false} {
		for _, o := range b.same[c.Module] {
			if !o.Existing && (o.unmovable == "") == movable {
				list = append(list, o)
			}
		}
		if len(list) > 0 {
			break
		}
	}
	with, without := maps.Clone(b.cut), maps.Clone(b.cut)
	for _, o := range list {
		with[o.Import.Statement] = true
		delete(without, o.Import.Statement)
	}
	return b.run.Total(without) - b.run.Total(with)
}

// lifetimeDecision applies the lifetime policy.
func (b *builder) lifetimeDecision(c *candidate) {
	ev := Evidence{MS: c.AloneMS, UsageKnown: c.UsageKnown, Percent: roundTiny(c.Usage * 100)}
	if c.UsageKnown {
		cost := NewCost(c.AloneMS, ev.Percent, b.in.Config.Traffic.DailyRequests, b.rate)
		c.Cost = &cost
	}
	l := b.lifetime(c, b.saving(c))
	t := b.in.Config.Thresholds
	switch {
	case l.Decision == Measure:
		c.settle(Measure, RuleUnknown, b.reason(c, ev, Cost{}, t, RuleUnknown))
	case c.AloneMS < t.LightMS && l.Decision != Function:
		c.settle(Tier1, RuleLight, b.reason(c, ev, Cost{}, t, RuleLight))
	case l.Decision == Function:
		c.settle(Function, RuleLifetime, fmt.Sprintf("gains %s per cold start; %.0f%% of processes need it", ms(l.GainMS), l.Needed*100))
	case !l.Known:
		c.settle(l.Decision, RuleLifetime, "moving it saves nothing")
	default:
		c.settle(l.Decision, RuleLifetime, fmt.Sprintf("%.0f%% of processes need it; moving it costs %s per cold start", l.Needed*100, ms(-l.GainMS)))
	}
}

// ms writes a duration: one decimal below 10, none from 10 on.
func ms(v float64) string {
	if math.Abs(math.Round(v*10)/10) < 10 {
		return fmt.Sprintf("%.1fms", math.Abs(math.Round(v*10)/10)*sign(v))
	}
	return fmt.Sprintf("%.0fms", v)
}

func sign(v float64) float64 {
	if v < 0 && math.Round(v*10) != 0 {
		return -1
	}
	return 1
}
