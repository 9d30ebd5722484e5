package bench

import (
	"slices"
	"testing"

	"fastpath/internal/python/launch"
)

func ptr(f float64) *float64 { return &f }

// arm makes one whose events have the samples and modules of run.
func arm(name string, loads map[string]launch.Load, events map[string]*eventRun) *armRun {
	return &armRun{Arm: &Arm{Name: name, Kind: "handler", Root: "/" + name, Version: "3.12"}, loads: loads, events: events}
}

func run(rounds int, init, first float64, answer string, modules, request []string) *eventRun {
	r := &eventRun{init: modules, request: request}
	for i := range rounds {
		r.samples = append(r.samples, &sample{initMS: init + float64(i), firstRequestMS: ptr(first), steadyRequestMS: ptr(1), rssKiB: 1000})
	}
	r.answers.add([]byte(answer))
	return r
}

// TestSummarize checks the weights, the sets and the judgement on cost that
// merely moved: init falls, the first request of one event rises by as much.
func TestSummarize(t *testing.T) {
	old, now := []string{"app", "heavy", "heavy.core"}, []string{"app", "fast_path"}
	b := &bench{
		Options: Options{
			Events: []Event{{Name: "often", Share: 0.9}, {Name: "seldom", Share: 0.1}, {Name: "broken"}},
			Pairs:  []Pair{{0, 1}},
		},
		ran: []int{0, 1}, failed: []string{"", "", "ValueError"},
		arms: []*armRun{
			arm("before", map[string]launch.Load{
				"heavy":      {By: "app", ByFile: "/before/app.py", Line: 3, OwnFile: "/v/lib/python3.12/site-packages/heavy/__init__.py"},
				"heavy.core": {By: "heavy", ByFile: "/v/lib/python3.12/site-packages/heavy/__init__.py", Line: 7, OwnFile: "/now/core.py"},
			}, map[string]*eventRun{
				"often": run(8, 500, 10, `{"n": 1, "s": 2}`, old, nil), "seldom": run(8, 500, 10, `1`, old, nil),
			}),
			arm("now", nil, map[string]*eventRun{
				"often": run(8, 100, 10, `{"s": 2, "n": 1}`, now, nil), "seldom": run(8, 100, 410, `2`, now, []string{"heavy", "heavy.core"}),
			}),
		},
	}
	r := b.summarize()
	c := r.Comparison
	if want := []string{"heavy", "heavy.core"}; !slices.Equal(c.ModulesGone, want) || !slices.Equal(c.ModulesNew, []string{"fast_path"}) {
		t.Errorf("gone %v, new %v", c.ModulesGone, c.ModulesNew)
	}
	if got := c.GoneChains["heavy.core"]; !slices.Equal(got, []string{"app.py:3", "heavy/__init__.py:7"}) {
		t.Errorf("chain %q", got)
	}
	if c.ColdStart.DiffMS != -360 || c.ColdStart.Verdict != Faster { // 0.9 × −400 + 0.1 × 0
		t.Errorf("weighted cold start: %+v", c.ColdStart)
	}
	often, seldom, broken := r.Events[0], r.Events[1], r.Events[2]
	if often.Change.Verdict != Faster || !often.Equal || often.ModulesReturned != nil {
		t.Errorf("often: %+v", often.EventChange)
	}
	if seldom.Change.Verdict == Faster || seldom.Equal || len(seldom.ModulesReturned) != 2 || *seldom.Difference != (Difference{"", "1", "2"}) {
		t.Errorf("seldom: cost that moved counts as saved: %+v", seldom.EventChange)
	}
	if broken.Error != "ValueError" || broken.Arms != nil || broken.EventChange != nil {
		t.Errorf("broken: %+v", broken)
	}
	if c.Equal {
		t.Error("responses differ, yet the comparison says equal")
	}
	if got := r.Arms[1].FirstRequestMS.Median; got != 50 { // 0.9 × 10 + 0.1 × 410
		t.Errorf("weighted first request %v, want 50", got)
	}
	if len(r.Warnings) != 1 || r.Warnings[0] != "before loads heavy.core from the folder of now, as an editable install does, so that the two were not measured apart" {
		t.Errorf("warnings %q", r.Warnings)
	}
}

func TestCompareAnswers(t *testing.T) {
	all := func(list ...string) *answers {
		a := &answers{}
		for _, s := range list {
			a.add([]byte(s))
		}
		return a
	}
	for name, c := range map[string]struct {
		before, after *answers
		text          bool
		want          *Difference
		varies        []string
	}{
		"same":         {all(`{"a": 1}`, `{"a": 1}`), all(`{"a": 1}`), false, nil, nil},
		"order":        {all(`{"a": 1, "b": 2}`), all(`{"b":2,"a":1}`), false, nil, nil},
		"value":        {all(`{"a": [1, {"b": "x"}]}`), all(`{"a": [1, {"b": "y"}]}`), false, &Difference{"a[1].b", `"x"`, `"y"`}, nil},
		"type":         {all(`{"a": 1}`), all(`{"a": "1"}`), false, &Difference{"a", "1", `"1"`}, nil},
		"missing":      {all(`{"a": 1, "b": null}`), all(`{"a": 1}`), false, &Difference{"b", "null", ""}, nil},
		"empty":        {all(`{"a": []}`), all(`{"a": {}}`), false, &Difference{"a", "[]", "{}"}, nil},
		"digits":       {all(`12345678901234567890.1`), all(`12345678901234567890.2`), false, &Difference{"", "12345678901234567890.1", "12345678901234567890.2"}, nil},
		"body":         {all(`{"body": "{\"x\": 1, \"t\": 5}"}`, `{"body": "{\"x\": 1, \"t\": 6}"}`), all(`{"body": "{\"t\": 7, \"x\": 1}"}`), false, nil, []string{"body.t"}},
		"body differs": {all(`{"body": "{\"x\": 1, \"t\": 5}"}`, `{"body": "{\"x\": 1, \"t\": 6}"}`), all(`{"body": "{\"t\": 7, \"x\": 2}"}`), false, &Difference{"body.x", "1", "2"}, []string{"body.t"}},
		"dots":         {all(`{"a.b": 1}`), all(`{"a": {"b": 1}}`), false, &Difference{"\"a.b\"", "1", ""}, nil},
		"text or not":  {all(`{"a": "{}"}`), all(`{"a": {}}`), false, &Difference{"a (a string)", "JSON", ""}, nil},
		"address":      {all(`"<object at 0x7f01>"`), all(`"<object at 0x7f02>"`), false, nil, nil},
		"no JSON":      {all(`plain`), all(`other`), false, &Difference{"", "plain", "other"}, nil},
		"lines":        {all("a\nb\n", "a\nc\n"), all("a\nd\n"), true, nil, []string{"line 2"}},
		"more lines":   {all("a\n"), all("a\nb\n"), true, &Difference{"line 2", "", "b"}, nil},
		"tenth line":   {all("1\n2\n3\n4\n5\n6\n7\n8\n9\n10"), all("1\nx\n3\n4\n5\n6\n7\n8\n9\nx"), true, &Difference{"line 2", "2", "x"}, nil},
		"none":         {all(), all(), false, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, varies := compareAnswers(c.before, c.after, c.text)
			if (got == nil) != (c.want == nil) || got != nil && *got != *c.want || !slices.Equal(varies, c.varies) {
				t.Errorf("got %+v, varies %q; want %+v, varies %q", got, varies, c.want, c.varies)
			}
		})
	}
}

func TestOutput(t *testing.T) {
	write := func(size, chunk int, last byte) *output {
		o := &output{}
		data := make([]byte, size)
		data[size-1] = last
		for len(data) > 0 {
			n := min(chunk, len(data))
			if k, err := o.Write(data[:n]); k != n || err != nil {
				t.Fatal(k, err)
			}
			data = data[n:]
		}
		return o
	}
	if got := write(100, 7, 1).bytes(); len(got) != 100 {
		t.Errorf("short output has %d bytes", len(got))
	}
	a, b, c := write(keptOutput*2, 1000, 1).bytes(), write(keptOutput*2, 4096, 1).bytes(), write(keptOutput*2, 1000, 2).bytes()
	if len(a) > keptOutput+100 || !slices.Equal(a, b) || slices.Equal(a, c) {
		t.Errorf("%d bytes; how it was written matters: %v; its end does not: %v", len(a), !slices.Equal(a, b), slices.Equal(a, c))
	}
}
