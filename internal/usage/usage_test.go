package usage

import (
	"math"
	"reflect"
	"testing"

	"fastpath/internal/evidence"
)

// invoked is a recorder's row: 100 requests, 60 of "page", 40 of "report".
func invoked(entry, day string) *evidence.UsageDay {
	r := NewRows(entry, "invoke", day, evidence.UsageInvoke)
	r.Add("page", 60, WithParents([]string{"json", "gateway", "interfaces.cache"}))
	r.Add("report", 40, WithParents([]string{"pandas.core", "gateway", "interfaces.db"}))
	return r.UsageDay()
}

// logged is a row of a log that names boto3 only: 50 requests, 10 with it.
func logged(entry, source, day string) *evidence.UsageDay {
	r := NewRows(entry, source, day, evidence.UsageLog)
	r.Add("", 10, []string{"boto3"})
	r.Add("", 40, nil)
	r.AddCold(5)
	return r.UsageDay()
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-6 }

func TestSummaryOfRecorder(t *testing.T) {
	s := Summarize([]*evidence.UsageDay{invoked("e", "2026-03-01")}, SummaryOptions{Entry: "e"})
	for module, want := range map[string]float64{
		"json": 0.6, "gateway": 1, "interfaces": 1, "interfaces.cache": 0.6, "interfaces.db": 0.4, "pandas": 0.4, "pandas.core": 0.4, "boto3": 0,
	} {
		if got, known := s.Share(module); !known || !near(got, want) {
			t.Errorf("%s: %v %v, want %v", module, got, known, want)
		}
	}
	if got, known := s.ShareIn("report", "pandas"); got != 1 || !known {
		t.Error(got, known)
	}
	if got, known := s.ShareIn("page", "pandas"); got != 0 || !known {
		t.Error(got, known)
	}
	if _, known := s.ShareIn("other", "pandas"); known {
		t.Error("nothing is known about a workflow without requests")
	}
	if w, share, ok := s.Majority(); w != "page" || !near(share, 0.6) || !ok {
		t.Error(w, share, ok)
	}
	if _, ok := s.ColdStartRate(); ok || s.ColdStarts >= 0 {
		t.Error("cold starts of a recorder's row are unknown")
	}
	if got := s.ByWorkflow("pandas"); !reflect.DeepEqual(got, map[string]float64{"report": 1}) {
		t.Error(got)
	}
	if s.First != "2026-03-01" || s.Last != "2026-03-01" {
		t.Errorf("%+v", s)
	}
}

func TestSummaryOfLogs(t *testing.T) {
	s := Summarize([]*evidence.UsageDay{logged("", "a", "2026-03-01"), logged("", "b", "2026-03-02")}, SummaryOptions{Entry: "e", OnlyEntry: true})
	if got, known := s.Share("boto3"); !known || !near(got, 0.2) || s.Requests != 100 || s.Used("boto3") != 20 {
		t.Error(got, known, s.Requests)
	}
	if _, known := s.Share("pandas"); known {
		t.Error("a module that nobody logs is unknown")
	}
	if low, high := s.Interval("pandas"); low != 0 || high != 1 {
		t.Error(low, high)
	}
	if rate, ok := s.ColdStartRate(); !ok || !near(rate, 0.1) {
		t.Error(rate, ok)
	}
	if _, _, ok := s.Majority(); ok {
		t.Error("there are no workflows")
	}
	// With the recorder's rows beside them, each kind counts where it knows.
	recorder := invoked("e", "2026-03-01")
	recorder.Kind = evidence.UsageRecorder
	s = Summarize([]*evidence.UsageDay{logged("e", "a", "2026-03-01"), recorder}, SummaryOptions{Entry: "e"})
	for module, want := range map[string]float64{"boto3": 10.0 / 150, "pandas": 0.4, "yaml": 0} {
		if got, known := s.Share(module); !known || !near(got, want) {
			t.Errorf("%s: %v %v, want %v", module, got, known, want)
		}
	}
	if rate, ok := s.ColdStartRate(); !ok || !near(rate, 0.1) {
		t.Error(rate, ok, "rows that do not know their cold starts dilute nothing")
	}
}

func TestSummarySelects(t *testing.T) {
	days := []*evidence.UsageDay{invoked("e", "2026-03-01"), invoked("e", "2026-03-09"), invoked("f", "2026-03-02"), logged("", "a", "2026-02-01")}
	for _, c := range []struct {
		o           SummaryOptions
		requests    float64
		first, last string
	}{
		{SummaryOptions{}, 250, "2026-02-01", "2026-03-09"},
		{SummaryOptions{Entry: "e"}, 100, "2026-03-09", "2026-03-09"},
		{SummaryOptions{Entry: "e", OnlyEntry: true}, 200, "2026-03-02", "2026-03-09"}, // 50 real requests are too few
		{SummaryOptions{Since: "2026-03-02"}, 200, "2026-03-02", "2026-03-09"},
		{SummaryOptions{Entry: "e", Since: "2026-03-10"}, 0, "", ""},
	} {
		s := Summarize(days, c.o)
		if s.Requests != c.requests || s.First != c.first || s.Last != c.last {
			t.Errorf("%+v: %v %s %s", c.o, s.Requests, s.First, s.Last)
		}
	}
}

func TestNoData(t *testing.T) {
	for _, s := range []*Summary{nil, {}, Summarize(nil, SummaryOptions{Entry: "e"})} {
		_, known := s.Share("json")
		_, inKnown := s.ShareIn("w", "json")
		_, _, majority := s.Majority()
		_, rate := s.ColdStartRate()
		low, high := s.Interval("json")
		if known || inKnown || majority || rate || low != 0 || high != 1 || len(s.Modules()) != 0 || len(s.ByWorkflow("json")) != 0 || s.Used("json") != 0 {
			t.Errorf("%+v knows something", s)
		}
	}
}

func TestInterval(t *testing.T) {
	// Wilson's interval, figures from the formula worked by hand.
	for _, c := range []struct{ used, of, low, high float64 }{
		{0, 100, 0, 0.036994}, {100, 100, 0.963006, 1}, {90, 100, 0.825634, 0.944771}, {5, 10, 0.236593, 0.763407}, {1, 1, 0.206549, 1},
	} {
		r := NewRows("", "a", "2026-03-01", evidence.UsageInvoke)
		r.Add("", c.used, []string{"m"})
		r.Add("", c.of-c.used, nil)
		s := Summarize([]*evidence.UsageDay{r.UsageDay()}, SummaryOptions{})
		if low, high := s.Interval("m"); !near(low, c.low) || !near(high, c.high) {
			t.Errorf("%v of %v: %v %v, want %v %v", c.used, c.of, low, high, c.low, c.high)
		}
	}
}

func TestRows(t *testing.T) {
	r := NewRows("e", "a", "2026-03-01", evidence.UsageLog)
	r.Add("b", 2, []string{"y", "x"})
	r.Add("", 1, []string{"x"})
	r.Add("", 0, []string{"z"})
	r.AddCold(0)
	r.AddCold(7)
	want := &evidence.UsageDay{
		Entry: "e", Source: "a", Day: "2026-03-01", Kind: evidence.UsageLog, Requests: 3, ColdStarts: 3, Workflows: map[string]float64{"b": 2},
		Modules: []evidence.ModuleUse{{Module: "x", Requests: 1}, {Module: "x", Workflow: "b", Requests: 2}, {Module: "y", Workflow: "b", Requests: 2}, {Module: "z"}},
	}
	if got := r.UsageDay(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := WithParents([]string{"a.b.c", "a.d", "e", ""}); !reflect.DeepEqual(got, []string{"a", "a.b", "a.b.c", "a.d", "e"}) {
		t.Error(got)
	}
}

func TestSummaryOfRecorderInProduction(t *testing.T) {
	seen := NewRows("e", "a", "2026-03-01", evidence.UsageRecorder)
	seen.Add("", 100, []string{"boto3"})
	blind := NewRows("e", "a", "2026-03-02", evidence.UsageRecorder)
	blind.Add("", 300, []string{"json"})
	one, two := seen.UsageDay(), blind.UsageDay()
	two.Unseen, two.Loaded = []string{"boto3"}, []string{"boto3", "yaml"}
	one.ColdStarts, one.InitMS, one.MemoryMB = 10, 400, 512
	two.ColdStarts, two.InitMS, two.MemoryMB = 1, 900, 1024
	s := Summarize([]*evidence.UsageDay{one, two}, SummaryOptions{})
	// Days add up, and what was out of sight is unknown, not unused.
	for module, want := range map[string]float64{"boto3": 1, "json": 0.75, "yaml": 0} {
		if got, known := s.Share(module); !known || !near(got, want) {
			t.Errorf("%s: %v %v, want %v", module, got, known, want)
		}
	}
	if got := s.Seen("boto3"); got != (Span{"2026-03-01", "2026-03-01"}) {
		t.Error(got)
	}
	if got := s.Seen("yaml"); got != (Span{}) {
		t.Error(got)
	}
	if got := s.Loaded(); !reflect.DeepEqual(got, []string{"boto3", "yaml"}) {
		t.Error(got)
	}
	if n, ok := s.Daily(); ok {
		t.Error(n, "no day is known to be whole")
	}
	if n, ok := s.DailyAtLeast(); !ok || n <= 0 {
		t.Error(n, ok)
	}
	if mb, ok := s.MemoryMB(); !ok || mb != 1024 {
		t.Error(mb, ok)
	}
	if ms, ok := s.InitMS(); !ok || ms != 400 {
		t.Error(ms, ok)
	}
}

func TestTestsAreNoTraffic(t *testing.T) {
	tests := NewRows("e", "tests", "2026-03-01", evidence.UsageTests)
	tests.Add("", 50, []string{"yaml", "boto3"})
	s := Summarize([]*evidence.UsageDay{tests.UsageDay()}, SummaryOptions{})
	if s.Requests != 0 || len(s.Modules()) != 0 || s.First != "" {
		t.Errorf("%+v", s)
	}
	if _, known := s.Share("yaml"); known {
		t.Error("tests alone say nothing about requests")
	}
	if _, ok := s.Daily(); ok {
		t.Error("tests are no daily requests")
	}
	if got := s.InTests(); !reflect.DeepEqual(got, []string{"boto3", "yaml"}) {
		t.Error(got)
	}
	s = Summarize([]*evidence.UsageDay{tests.UsageDay(), logged("e", "a", "2026-03-01")}, SummaryOptions{})
	if share, known := s.Share("boto3"); !known || !near(share, 0.2) || s.Requests != 50 {
		t.Error(share, known, s.Requests)
	}
}
