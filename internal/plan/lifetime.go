package plan

import (
	"fmt"
	"maps"
	"math"

	"fastpath/internal/config"
	"fastpath/internal/evidence"
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
// Only Lambda divides processors by memory; other platforms give what they say.
func MemoryFactor(platform string, memoryMB float64) float64 {
	if platform != config.PlatformLambda || memoryMB <= 0 {
		return 1
	}
	return math.Max(1, fullVCPU/memoryMB)
}

// Process is how the lifetime model sees the life of a process of an entry.
type Process struct {
	Platform string
	Start    string // config.StartOnDemand …
	// OffPath: no request waits for init, because it is over before the first
	// one arrives. The advice turns around.
	OffPath  bool
	KInit    float64 // factor on CPU time of init; 0 where no request waits for it
	KRequest float64 // factor on CPU time of a request
	Requests float64 // of one process, +Inf where no cold starts are known
}

// newProcess settles the model's factors. Init runs unthrottled on Lambda:
// that is AWS's statement and no measurement, and so a setting.
func (b *builder) newProcess() Process {
	t := b.in.Config.Traffic
	p := Process{Platform: b.platform, Start: b.in.Entry.Start, KInit: 1, KRequest: MemoryFactor(b.platform, b.memoryMB), Requests: 1}
	if p.Start == "" || t.StartSet {
		p.Start = t.Start
	}
	if t.ThrottledInit {
		p.KInit = p.KRequest
	}
	if p.OffPath = b.platform == config.PlatformServer || p.Start != config.StartOnDemand && b.platform != config.PlatformCLI; p.OffPath {
		p.KInit = 0
	}
	rate := b.rate
	if b.measuredRate >= 0 {
		rate = b.measuredRate
	}
	switch {
	case b.platform == config.PlatformCLI:
	case rate > 0:
		p.Requests = 1 / rate
	default:
		p.Requests = math.Inf(1)
	}
	return p
}

// Needs returns the probability that a process ever needs what a share of
// requests uses: 1 − (1 − share)^requests.
func (p *Process) Needs(share float64) float64 {
	if share <= 0 {
		return 0
	}
	return 1 - math.Pow(1-share, p.Requests)
}

// BreakEven returns the share of requests, 0 to 1, up to which moving gains, by
// the time of one use in a process alone: where p · k_request = k_init.
func (p *Process) BreakEven() float64 {
	switch {
	case p.KInit == 0:
		return 0
	case p.KRequest <= p.KInit:
		return 1
	}
	return 1 - math.Pow(1-p.KInit/p.KRequest, 1/p.Requests)
}

// lifetime computes the model for one candidate under the current cut:
//
//	gain = E · k_init − p · E · k_request − calls · r
//
// saving, E, is what the statements with this target save together. For an
// import that stands in a function already, it is what hoisting would add.
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
	p := &b.process
	l := Lifetime{Decision: tier, Known: true, ExclusiveMS: saving, Needed: p.Needs(c.Usage), BreakEven: p.BreakEven()}
	calls := 0.0
	if c.Usage > 0 {
		calls = c.Usage * math.Min(p.Requests, 1e6)
	}
	l.ShiftMS = l.Needed * saving * p.KRequest
	l.GainMS = saving*p.KInit - l.ShiftMS - calls*repeatMS
	l.BreakEvenCalls = saving / repeatMS
	l.hoist = c.Existing && p.OffPath && l.ShiftMS >= leastGain
	if l.GainMS >= leastGain {
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
	if c.Existing {
		ms, _ := b.run.FirstUse([]evidence.Statement{c.Import.Statement}, b.cut)
		return ms
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
		cost := NewCost(c.AloneMS, ev.Percent, b.daily, b.rate)
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
	case b.process.OffPath:
		c.settle(l.Decision, RuleLifetime, fmt.Sprintf("no request waits for init; %.0f%% of processes need it", l.Needed*100))
	default:
		c.settle(l.Decision, RuleLifetime, fmt.Sprintf("%.0f%% of processes need it; moving it %s per cold start", l.Needed*100, l.effect()))
	}
}

// LifetimeDiffers reports whether the lifetime model would put the import
// elsewhere than the policy. An import that stands in a function differs where
// no request waits for init: there it would be hoisted.
func (it *Item) LifetimeDiffers() bool {
	if !it.Lifetime.Known || it.Decision == Keep {
		return false
	}
	if it.Existing {
		return it.Decision == Function && it.Lifetime.hoist
	}
	hot := it.Wanted == Tier1 || it.Wanted == Tier2
	return it.Wanted != Measure && it.Wanted != Remove && hot != (it.Lifetime.Decision != Function)
}

// LifetimeWord is what the lifetime model would do, in a word.
func (it *Item) LifetimeWord() string {
	switch {
	case it.Lifetime.Decision == Function:
		return "move"
	case it.Existing:
		return "hoist"
	}
	return "stay"
}

// LifetimeAdvice says in a few words what the lifetime model would do.
func (it *Item) LifetimeAdvice() string {
	switch l := it.Lifetime; {
	case it.Existing && l.Decision == Function:
		return "lifetime: leave it in the function, gains " + ms(l.GainMS)
	case it.Existing && l.hoist:
		return fmt.Sprintf("lifetime: hoist, each process would lose %s less to requests", ms(l.ShiftMS))
	case it.Existing:
		return "lifetime: leave it in the function"
	case l.Decision == Function:
		return fmt.Sprintf("lifetime: move, gains %s", ms(l.GainMS))
	}
	return "lifetime: stay, moving " + it.Lifetime.effect()
}

// effect says what moving does, as "costs 412ms" or "gains only 0.2ms".
func (l *Lifetime) effect() string {
	if l.GainMS >= 0.05 {
		return "gains only " + ms(l.GainMS)
	}
	return "costs " + ms(max(-l.GainMS, 0))
}

// Disagreement explains in one sentence why the lifetime model would put an
// import elsewhere than the lmms policy; "" where they agree.
func (p *Plan) Disagreement(it *Item) string {
	if !it.LifetimeDiffers() {
		return ""
	}
	l, pr := it.Lifetime, p.Process
	used := number(math.Round(it.Usage*1000)/10) + "% of requests"
	needed := fmt.Sprintf("%.0f%% of processes", l.Needed*100)
	switch {
	case it.Existing:
		return fmt.Sprintf("it stands in a function, but no request waits for init (%s), and %s pay %s for it in a request: hoist it", pr.why(), needed, ms(l.ExclusiveMS*pr.KRequest))
	case l.Decision == Function && (it.Wanted == Tier1 || it.Wanted == Tier2):
		return fmt.Sprintf("lmms charges it for each of the %s that use it; a process loads it once, and only %s ever need it: moving gains %s per cold start", used, needed, ms(l.GainMS))
	case pr.OffPath:
		return fmt.Sprintf("lmms counts every cold start; no request waits for init here (%s), and moving would put %s into the first request of %s", pr.why(), ms(l.ExclusiveMS*pr.KRequest), needed)
	case pr.KRequest > pr.KInit:
		return fmt.Sprintf("lmms counts %s that use it; %s need it some day, and a request runs %sx slower than init at %s MB: moving %s per cold start",
			used, needed, number(math.Round(pr.KRequest/pr.KInit*10)/10), number(p.MemoryMB), l.effect())
	}
	return fmt.Sprintf("lmms counts %s that use it; %s need it some day, so that moving gains less than %s ms per cold start", used, needed, number(leastGain))
}

// why says what keeps init off the request path.
func (p *Process) why() string {
	if p.Start == config.StartOnDemand {
		return p.Platform
	}
	return p.Start
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
