package usage

import (
	"testing"

	"fastpath/internal/evidence"
)

// TestOverlaps: logs and log groups are taken for the same requests where they may be
// of the same entry, and the larger number counts, never the sum.
func TestOverlaps(t *testing.T) {
	const stream, group = "2026/03/01/[1]0123456789abcdef0123456789abcdef", "/aws/lambda/orders"
	type rows = []*evidence.UsageDay
	day := func(entry, source, kind string, n float64) *evidence.UsageDay {
		return &evidence.UsageDay{Entry: entry, Source: source, Day: "2026-03-01", Kind: kind, Requests: n, ColdStarts: -1}
	}
	const log, recorder = evidence.UsageLog, evidence.UsageRecorder
	next := day("a", group, log, 7)
	next.Day = "2026-03-02"
	for name, c := range map[string]struct {
		rows rows
		only bool
		want float64
		said string
	}{
		"the same number":             {rows{day("a", group, log, 5), day("a", stream, log, 5)}, false, 5, "logs"},
		"a part of the logs":          {rows{day("a", group, log, 5), day("a", stream, log, 2), day("a", "app.log", log, 2)}, false, 5, "group"},
		"an answer of the morning":    {rows{day("a", group, log, 3), day("a", stream, recorder, 5)}, false, 5, "logs"},
		"logs that name no entry":     {rows{day("a", group, log, 5), day("", stream, log, 5)}, false, 5, "logs"},
		"one entry":                   {rows{day("a", group, log, 5), day("b", stream, log, 5)}, true, 5, "logs"},
		"two entries":                 {rows{day("a", group, log, 5), day("b", stream, log, 6)}, false, 11, ""},
		"two entries, and of neither": {rows{day("a", group, log, 5), day("b", group+"-b", log, 6), day("", stream, log, 7)}, false, 18, ""},
		"another day":                 {rows{next, day("a", stream, log, 6)}, false, 13, ""},
		"logs alone":                  {rows{day("a", "app.log", log, 5), day("a", stream, log, 6)}, false, 11, ""},
		"log groups alone":            {rows{day("a", group, log, 5), day("a", GroupSource("orders"), log, 6)}, false, 11, ""},
		"a group without a slash":     {rows{day("a", GroupSource("orders"), log, 5), day("a", stream, log, 6)}, false, 6, "logs"},
		"what was run by hand":        {rows{day("a", group, log, 5), day("a", RecordSource, recorder, 6), day("a", "x (tests)", evidence.UsageTests, 9)}, false, 11, ""},
		"sample events":               {rows{day("a", group, log, 5), day("a", "invoke", evidence.UsageInvoke, 6)}, false, 6, ""}, // which are more, and no logs of the day
		"rows that are there twice":   {rows{day("a", group, log, 5), day("a", group, log, 4), day("a", group, log, 5)}, false, 5, ""},
	} {
		if got := Summarize(c.rows, SummaryOptions{OnlyEntry: c.only}).Requests; got != c.want {
			t.Errorf("%s: %v requests, want %v", name, got, c.want)
		}
		said := ""
		for _, o := range Overlaps(c.rows, c.only) {
			said = map[bool]string{true: "logs", false: "group"}[o.LogsCount]
			if len(o.Groups) == 0 || len(o.Logs) == 0 || o.Day != "2026-03-01" {
				t.Errorf("%s: %+v", name, o)
			}
		}
		if said != c.said {
			t.Errorf("%s: %q count, want %q", name, said, c.said)
		}
	}
}
