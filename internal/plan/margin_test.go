package plan

import (
	"math"
	"testing"

	"fastpath/internal/config"
)

// Whatever the figures, on a bound's far side the table says what the bound
// says, and as long as no bound is crossed it says what it said.
func TestBounds(t *testing.T) {
	th := config.Default().Thresholds
	decide := func(ms, percent float64) Decision {
		d, _ := Decide(Evidence{MS: ms, UsageKnown: true, Percent: percent}, NewCost(ms, percent, 10000, 0.1), th)
		return d
	}
	for _, ms := range []float64{0.8, 9.9, 10, 15, 99, 100, 100.5, 412} {
		for _, percent := range []float64{0, 5, 10, 10.5, 40, 80, 80.1, 100} {
			ev := Evidence{MS: ms, UsageKnown: true, Percent: percent}
			list := bounds(ev, NewCost(ms, percent, 10000, 0.1), th)
			for _, b := range list {
				step := 1e-6
				if b.By < 0 {
					step = -step
				}
				m, p := ms, percent
				if b.Of == BoundMS {
					m = b.At + step
				} else {
					p = b.At + step
				}
				// A figure on the bound itself may have to leave it either way.
				if b.By != 0 && decide(m, p) != b.To {
					t.Errorf("%v ms, %v%%: beyond %+v it is %s", ms, percent, b, decide(m, p))
				}
			}
			up := math.Inf(1)
			for _, b := range list {
				if b.Of == BoundMS && b.By >= 0 {
					up = b.At
				}
			}
			for m := ms; m < min(up, 1000); m += 7.3 {
				if got, want := decide(m, percent), decide(ms, percent); got != want {
					t.Errorf("%v ms, %v%%: at %v ms it is %s, though %v is the next bound", ms, percent, m, got, up)
				}
			}
		}
	}
	got := bounds(Evidence{MS: 412, UsageKnown: true, Percent: 5}, NewCost(412, 5, 10000, 0.1), th)
	if len(got) != 2 || got[0].String() != "5 points of usage more (10%): tier2" || got[1].String() != "402ms less (10 ms): tier1" {
		t.Errorf("pandas: %v", got)
	}
}

// The documents' sums, on a set: what two imports share counts once.
func TestDay(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py": "import boto3\nimport requests\nimport pandas\n\n\ndef handler(event, context):\n    return boto3.x, requests.y, pandas.z\n",
	})
	f.used(map[string]float64{"boto3": 100, "requests": 100, "pandas": 5})
	moved, hot := f.build().Days()
	if moved.Imports != 1 || moved.ModuleLevelMS != 412*1000 || math.Abs(moved.FunctionLevelMS-412*500) > 1e-6 || !moved.Known {
		t.Errorf("moved: %+v", moved)
	}
	// boto3 is 174.1 ms with urllib3 and json, and requests adds 80.
	if hot.Imports != 2 || math.Abs(hot.ModuleLevelMS-254.1*1000) > 1e-6 || math.Abs(hot.FunctionLevelMS-254.1*10000) > 1e-6 {
		t.Errorf("hot: %+v", hot)
	}
	f.usage = nil
	if moved, _ = f.build(func(in *Input) { in.Cold = []string{"pandas"} }).Days(); moved.Known || moved.ModuleLevelMS != 412*1000 {
		t.Errorf("unknown usage: %+v", moved)
	}
}

// Where no request waits for init the advice turns around; every disagreement
// is explained.
func TestLifetimeStarts(t *testing.T) {
	f := newFixture(t, map[string]string{
		"app.py": "import pandas\nimport boto3\n\n\ndef handler(event, context):\n    import requests\n\n    return boto3.x, requests.y, pandas.z\n",
	})
	f.used(map[string]float64{"boto3": 90, "pandas": 0.5, "requests": 60})
	p := f.build()
	pandas := find(t, p, "pandas")
	if pr := p.Process; pr.OffPath || pr.KInit != 1 || math.Abs(pr.KRequest-1769.0/512) > 1e-9 || pr.Requests != 10 {
		t.Errorf("%+v", pr)
	}
	needed := 1 - math.Pow(0.995, 10)
	if l := pandas.Lifetime; l.Decision != Function || l.ExclusiveMS != 412 || math.Abs(l.ShiftMS-needed*412*1769/512) > 1e-6 || l.BreakEvenCalls != 412000 {
		t.Errorf("%+v", l)
	}
	// At the break-even share the gain is what repeating the statement costs.
	share := p.Process.BreakEven()
	if gain := 1 - p.Process.Needs(share)*p.Process.KRequest; math.Abs(gain) > 1e-9 {
		t.Errorf("at %v a gain of %v is left", share, gain)
	}
	for _, start := range []string{config.StartProvisioned, config.StartSnapStart, config.StartPreFork} {
		f.entry.Start = start
		p = f.build()
		pandas, requests := find(t, p, "pandas"), find(t, p, "requests")
		if !p.Process.OffPath || pandas.Lifetime.Decision != Tier2 || pandas.Lifetime.GainMS > 0 || pandas.Lifetime.BreakEven != 0 {
			t.Errorf("%s: %+v", start, pandas.Lifetime)
		}
		if !requests.LifetimeDiffers() || requests.LifetimeWord() != "hoist" {
			t.Errorf("%s: requests in a function: %+v", start, requests.Lifetime)
		}
		for _, it := range p.Items {
			if (p.Disagreement(it) != "") != it.LifetimeDiffers() {
				t.Errorf("%s: %s: %q", start, it.Module, p.Disagreement(it))
			}
		}
	}
	// The configuration knows better than a template, and init may be throttled.
	f.config.Traffic.StartSet = true
	f.config.Traffic.ThrottledInit = true
	if p = f.build(); p.Process.OffPath || p.Process.KInit != p.Process.KRequest || p.Process.BreakEven() != 1 {
		t.Errorf("%+v", p.Process)
	}
}
