package ingest

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"fastpath/internal/evidence"
	"fastpath/internal/usage"
)

// recorderLog writes lines of one process of the recorder.
type recorderLog struct {
	strings.Builder
	seq int
}

func (l *recorderLog) add(kind, format string, args ...any) {
	l.seq++
	fmt.Fprintf(l, `{"fastpath":1,"proc":"aa","ts":%d,"seq":%d,"kind":%q,%s}`+"\n", 1772359200000+l.seq, l.seq, kind, fmt.Sprintf(format, args...))
}

func usesOf(d *evidence.UsageDay, module string) (sum float64, rows int) {
	for _, m := range d.Modules {
		if m.Module == module {
			sum += m.Requests
			rows++
		}
	}
	return sum, rows
}

// TestUnwatchedWorkflows: thousands of workflows of which no request was watched have one
// row a module, their requests count as the others do, and nothing is said of them alone.
func TestUnwatchedWorkflows(t *testing.T) {
	const workflows, modules = 400, 50
	var l recorderLog
	for w := range workflows {
		l.add("load", `"k":%d,"counts":{"/%d":10}`, 10*w+1, w)
	}
	for m := range modules { // half of the watched requests of /0 use each of them, /1 uses nothing
		l.add("request", `"k":%d,"workflow":"/0","counts":{},"mods":["m%d"],"used":[0]`, 20*m+12, m)
	}
	l.add("request", `"k":3,"workflow":"/1","counts":{},"mods":[],"used":[]`)
	res := logs(t, Options{}, l.String())
	if len(res.Days) != 1 {
		t.Fatal(len(res.Days))
	}
	d := res.Days[0]
	// 50 watched requests of /0 and one of /1, so that /0 has 50 requests.
	if want := float64(workflows*10 + 40); d.Requests != want || len(d.Workflows) != workflows {
		t.Errorf("%v requests, want %v; %d workflows", d.Requests, want, len(d.Workflows))
	}
	if len(d.Modules) != 2*modules+1 {
		t.Errorf("%d rows, want %d", len(d.Modules), 2*modules+1)
	}
	open := float64((workflows - 2) * 10)
	if sum, rows := usesOf(d, "m7"); rows != 2 || math.Abs(sum-(1+open/51)) > 1e-9 {
		t.Errorf("m7: %v in %d rows, want %v in 2", sum, rows, 1+open/51)
	}
	s := usage.Summarize(res.Days, usage.SummaryOptions{})
	if share, known := s.Share("m7"); !known || math.Abs(share-(1+open/51)/d.Requests) > 1e-9 {
		t.Errorf("share %v, %t", share, known)
	}
	for w, want := range map[string]struct {
		share float64
		known bool
	}{"/0": {1.0 / 50, true}, "/1": {0, true}, "/2": {0, false}} {
		if share, known := s.ShareIn(w, "m7"); known != want.known || math.Abs(share-want.share) > 1e-9 {
			t.Errorf("in %s: %v, %t; want %v", w, share, known, want)
		}
	}
	if by := s.ByWorkflow("m7"); len(by) != 1 || by["/0"] == 0 {
		t.Errorf("by workflow: %v", by)
	}
	if s.Requests != d.Requests || s.Workflows["/2"] != 10 {
		t.Errorf("%v requests, %v of /2", s.Requests, s.Workflows["/2"])
	}
}

// TestTooManyPairs: of more pairs than are kept the workflows with the fewest requests are
// counted without their names, and all else is as it was.
func TestTooManyPairs(t *testing.T) {
	const workflows, modules = 60, 2000
	var l recorderLog
	for w := range workflows {
		var names, used []string
		for m := range modules {
			names, used = append(names, fmt.Sprintf(`"m%d"`, m)), append(used, fmt.Sprint(m))
		}
		l.add("request", `"k":%d,"workflow":"/%d","counts":{"/%d":%d},"mods":[%s],"used":[%s]`, w+1, w, w, 100+w, strings.Join(names, ","), strings.Join(used, ","))
	}
	res := logs(t, Options{}, l.String())
	d := res.Days[0]
	const kept = maxUses / modules
	if res.Folded != workflows-kept || len(d.Workflows) != kept || len(d.Modules) != (kept+1)*modules {
		t.Errorf("%d folded, %d workflows, %d rows", res.Folded, len(d.Workflows), len(d.Modules))
	}
	if d.Workflows["/59"] != 159 || d.Workflows["/0"] != 0 {
		t.Errorf("%v", d.Workflows)
	}
	if sum, rows := usesOf(d, "m3"); math.Abs(sum-d.Requests) > 1e-6 || rows != kept+1 {
		t.Errorf("m3: %v of %v requests in %d rows", sum, d.Requests, rows)
	}
	s := usage.Summarize(res.Days, usage.SummaryOptions{})
	if share, known := s.ShareIn("/59", "m3"); !known || share != 1 {
		t.Errorf("in /59: %v, %t", share, known)
	}
	if _, known := s.ShareIn("/0", "m3"); known {
		t.Error("something is known of a workflow without a name")
	}
}
