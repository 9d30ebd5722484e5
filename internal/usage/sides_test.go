package usage

import (
	"fmt"
	"testing"

	"fastpath/internal/evidence"
)

// declared is a row of two sample events, as a traffic file weighs them: of 20,000
// requests a day 5 % use pandas, and none boto3.
func declared(daily float64) *evidence.UsageDay {
	r := NewRows("e", "invoke", "2026-02-01", evidence.UsageInvoke)
	r.Add("page", 19_000, []string{"json"})
	r.Add("report", 1000, []string{"json", "pandas"})
	d := r.UsageDay()
	d.Daily = daily
	return d
}

// requests is a row of a log, or of the recorder, of which half use json.
func requests(kind string, n, watched float64) *evidence.UsageDay {
	r := NewRows("e", "stream", "2026-03-01", kind)
	r.Add("page", n/2, []string{"json"})
	r.Add("page", n/2, nil)
	d := r.UsageDay()
	d.Watched = watched
	return d
}

func TestRealRequestsTakeThePlaceOfSampleEvents(t *testing.T) {
	once := NewRows("e", "invoke", "2026-02-01", evidence.UsageInvoke)
	once.Add("page", 1, []string{"json", "pandas"})
	once.Add("report", 1, []string{"json"})
	for name, c := range map[string]struct {
		events, real *evidence.UsageDay
		basis        Basis
		requests     float64
		json, pandas float64
		pandasBasis  Basis
	}{
		"two real ones":           {declared(20_000), requests(evidence.UsageLog, 2, 0), Declared, 20_000, 1, 0.05, Declared},
		"nearly enough":           {declared(20_000), requests(evidence.UsageLog, 98, 0), Declared, 20_000, 1, 0.05, Declared},
		"enough":                  {declared(20_000), requests(evidence.UsageLog, 100, 0), Real, 100, 0.5, 0.05, Declared},
		"enough, and all is seen": {declared(20_000), requests(evidence.UsageRecorder, 100, 0), Real, 100, 0.5, 0, Real},
		"few of them watched":     {declared(20_000), requests(evidence.UsageRecorder, 5000, 50), Declared, 20_000, 1, 0.05, Declared},
		"enough of them watched":  {declared(20_000), requests(evidence.UsageRecorder, 5000, 100), Real, 5000, 0.5, 0, Real},
		"as many as declared":     {declared(10), requests(evidence.UsageLog, 10, 0), Real, 10, 0.5, 0.05, Declared},
		"shares without a number": {declared(0), requests(evidence.UsageLog, 98, 0), Declared, 20_000, 1, 0.05, Declared},
		"events without weights":  {once.UsageDay(), requests(evidence.UsageLog, 2, 0), Real, 2, 0.5, 0.5, Events},
		"no real ones":            {once.UsageDay(), requests(evidence.UsageLog, 0, 0), Events, 2, 1, 0.5, Events},
	} {
		s := Summarize([]*evidence.UsageDay{c.events, c.real}, SummaryOptions{Entry: "e"})
		if s.Basis() != c.basis || s.Requests != c.requests {
			t.Errorf("%s: %v %s, want %v %s", name, s.Requests, s.Basis(), c.requests, c.basis)
		}
		for module, want := range map[string]float64{"json": c.json, "pandas": c.pandas} {
			if got, known := s.Share(module); !known || !near(got, want) {
				t.Errorf("%s: %s %v %v, want %v", name, module, got, known, want)
			}
		}
		if got := s.BasisOf("pandas"); got != c.pandasBasis {
			t.Errorf("%s: pandas by %s, want %s", name, got, c.pandasBasis)
		}
		real, events, needed := s.Aside()
		switch {
		case c.real.Requests == 0:
			if real != nil || events != nil {
				t.Errorf("%s: %v %v", name, real, events)
			}
		case c.basis == Real:
			if real != nil || needed != 0 || events == nil || events.Requests != c.events.Requests || events.Last != "2026-02-01" {
				t.Errorf("%s: aside %+v %+v", name, real, events)
			}
		default:
			if events != nil || needed != 100 || real == nil || real.Requests != c.real.Requests || real.First != "2026-03-01" || real.Basis() != Real {
				t.Errorf("%s: aside %+v %+v, %v needed", name, real, events, needed)
			}
		}
	}
}

// What was seen to happen is not denied by events that do not show it.
func TestFewRequestsShowAUse(t *testing.T) {
	r := NewRows("e", "stream", "2026-03-01", evidence.UsageLog)
	r.Add("", 1, []string{"boto3", "pandas"})
	r.Add("", 1, nil)
	s := Summarize([]*evidence.UsageDay{declared(20_000), r.UsageDay()}, SummaryOptions{Entry: "e"})
	for module, want := range map[string]float64{"boto3": 0.5, "pandas": 0.05} {
		if got, _ := s.Share(module); !near(got, want) {
			t.Errorf("%s: %v, want %v", module, got, want)
		}
	}
	if s.BasisOf("boto3") != Real || s.BasisOf("nothing") != Declared {
		t.Error(s.BasisOf("boto3"), s.BasisOf("nothing"))
	}
	// When a module was used is told by what counts for it.
	if s.Seen("boto3").Last != "2026-03-01" || s.Seen("pandas").Last != "2026-02-01" {
		t.Error(s.Seen("boto3"), s.Seen("pandas"))
	}
	if got := s.ByWorkflow("pandas"); len(got) != 1 || got["report"] != 1 {
		t.Error(got)
	}
}

// Each entry counts by what is known of it.
func TestBasisOfSeveralEntries(t *testing.T) {
	other := requests(evidence.UsageLog, 200, 0)
	other.Entry = "f"
	s := Summarize([]*evidence.UsageDay{declared(20_000), other}, SummaryOptions{})
	if got, _ := s.Share("json"); s.Requests != 20_200 || !near(got, 20_100.0/20_200) || s.Basis() != Mixed || s.BasisOf("json") != Mixed || s.BasisOf("pandas") != Declared {
		t.Error(s.Requests, got, s.Basis(), s.BasisOf("json"), s.BasisOf("pandas"))
	}
}

func TestIntervalCountsWhatWasSeen(t *testing.T) {
	five := NewRows("e", "invoke", "2026-02-01", evidence.UsageInvoke)
	for i := range 5 {
		five.Add(fmt.Sprint(i), 4000, []string{"m"})
	}
	two := requests(evidence.UsageRecorder, 900, 9)
	three := requests(evidence.UsageRecorder, 100, 100)
	three.Day = "2026-03-02"
	for name, c := range map[string]struct {
		rows      []*evidence.UsageDay
		module    string
		sample    float64
		low, high float64
	}{
		"five weighted events": {[]*evidence.UsageDay{five.UsageDay()}, "m", 5, 0.565518, 1},
		"one request in 100":   {[]*evidence.UsageDay{two}, "json", 9, 0.226048, 0.773952},
		// 1000² / (900²/9 + 100²/100): the many that were hardly watched weigh most.
		"and a day of all": {[]*evidence.UsageDay{two, three}, "json", 1e6 / (90_000 + 100), 0.246464, 0.753536},
	} {
		s := Summarize(c.rows, SummaryOptions{Entry: "e"})
		if low, high := s.Interval(c.module); !near(s.Sample(), c.sample) || low < c.low-1e-3 || low > c.low+1e-3 || high < c.high-1e-3 || high > c.high+1e-3 {
			t.Errorf("%s: of %v: %v to %v, want of %v: %v to %v", name, s.Sample(), low, high, c.sample, c.low, c.high)
		}
	}
}

func TestDailyRequests(t *testing.T) {
	s := Summarize([]*evidence.UsageDay{declared(20_000)}, SummaryOptions{Entry: "e"})
	if n, ok := s.DailyDeclared(); n != 20_000 || !ok {
		t.Error(n, ok)
	}
	if n, ok := s.Daily(); ok {
		t.Error(n, "declared requests are not counted ones")
	}
	if n, ok := Summarize([]*evidence.UsageDay{declared(0)}, SummaryOptions{Entry: "e"}).DailyDeclared(); ok {
		t.Error(n, "weights alone are no number of requests")
	}
	// A log of part of a day is no measure of a day.
	log := func(day string, n float64) *evidence.UsageDay {
		d := requests(evidence.UsageLog, n, 0)
		d.Day = day
		return d
	}
	s = Summarize([]*evidence.UsageDay{declared(20_000), log("2026-03-01", 2)}, SummaryOptions{Entry: "e"})
	if n, ok := s.Daily(); ok {
		t.Error(n, "a day that may not be whole was counted")
	}
	if n, ok := s.DailyDeclared(); n != 20_000 || !ok {
		t.Error(n, ok)
	}
	if n, ok := s.DailyAtLeast(); n != 2 || !ok {
		t.Error(n, ok)
	}
	// Whole days come first, however few their requests: those with a day before and after.
	rows := []*evidence.UsageDay{declared(20_000), log("2026-02-27", 900), log("2026-02-28", 4), log("2026-03-01", 2), log("2026-03-02", 700), log("2026-03-04", 5000)}
	s = Summarize(rows, SummaryOptions{Entry: "e"})
	if n, ok := s.Daily(); n != 3 || !ok {
		t.Error(n, ok)
	}
	if n, ok := s.DailyDeclared(); ok {
		t.Error(n)
	}
	// That there are earlier days is known, also where they do not count.
	if n, ok := Summarize(rows, SummaryOptions{Entry: "e", Since: "2026-03-01"}).Daily(); n != 2 || !ok {
		t.Error(n, ok)
	}
	if n, ok := Summarize(rows, SummaryOptions{Entry: "e", Since: "2026-03-02"}).Daily(); ok {
		t.Error(n)
	}
	// A job that runs once a week has no day that another one follows.
	rows = nil
	for _, day := range []string{"2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"} {
		if n, ok := Summarize(rows, SummaryOptions{Entry: "e"}).Daily(); ok != (len(rows) == 4) || ok && n != 10 {
			t.Errorf("%d days: %v, %v", len(rows), n, ok)
		}
		rows = append(rows, log(day, 70))
	}
	if n, ok := Summarize(append(rows, log("2026-03-31", 1)), SummaryOptions{Entry: "e"}).Daily(); ok {
		t.Error(n, "two days follow each other, and neither is known to be whole")
	}
}
