package ingest

import (
	"fmt"
	"strings"
	"testing"

	"fastpath/internal/evidence"
)

// TestOnlyFailures: where the system log level is WARN, requests that did well leave no record.
// Those that failed do not say how many there were.
func TestOnlyFailures(t *testing.T) {
	const (
		use   = `{"timestamp": "2026-03-01T10:00:00Z", "level": "INFO", "message": "Module used: boto3", "logger": "root", "requestId": "idA"}` + "\n"
		done  = `{"time":"2026-03-01T10:00:03Z","type":"platform.runtimeDone","record":{"requestId":"idB","status":"%s"}}` + "\n"
		over  = `{"time":"2026-03-01T10:00:03Z","type":"platform.report","record":{"requestId":"idB","metrics":{"durationMs":3000.0},"status":"%s"}}` + "\n"
		start = `{"time":"2026-03-01T10:00:00Z","type":"platform.start","record":{"requestId":"idB","version":"7"}}` + "\n"
	)
	for _, c := range []struct {
		status, before string
		known          bool
	}{{"timeout", "", false}, {"failure", "", false}, {"success", "", true}, {"timeout", start, true}} {
		res := logs(t, Options{}, names(use+c.before+fmt.Sprintf(done, c.status)+fmt.Sprintf(over, c.status)))
		if known := len(res.Unknown) == 0; known != c.known {
			t.Errorf("%+v: %s%+v", c, describe(res.Days), res.Unknown)
		}
	}
}

// TestOnlyMessages: messages of a log stream without ids, and nothing else of it, are as many
// requests' at most as there were.
func TestOnlyMessages(t *testing.T) {
	var log strings.Builder
	for i := range 5 {
		fmt.Fprintf(&log, `{"logStreamName":"streamA","timestamp":%d,"message":"Module used: %s\n"}`+"\n", 1772359200123+i, []string{"boto3", "yaml"}[i%2])
	}
	res := logs(t, Options{Requests: 10}, names(log.String()))
	if got := describe(res.Days); got != "streamA 2026-03-01 n=10 cold=-1 boto3=3 yaml=2\n" {
		t.Error(got)
	}
	res = logs(t, Options{}, names(log.String()))
	if len(res.Days) != 0 || len(res.Unknown) != 1 || res.Unknown[0].Messages != 5 {
		t.Errorf("%s%+v", describe(res.Days), res.Unknown)
	}
}

// TestSameMessages: messages without ids that overlapping logs have in common count once where
// CloudWatch's number of the event, or log stream and millisecond, tells them from others.
func TestSameMessages(t *testing.T) {
	event := func(n int, stream, module string) string {
		return names(fmt.Sprintf(`{"logStreamName":"%s","timestamp":%d,"message":"Module used: %s\n","ingestionTime":1772359204123,"eventId":"%056d"}`, stream, 1772359200123+n/3, module, n)) + "\n"
	}
	tail := func(n int, stream, module string) string {
		return names(fmt.Sprintf("2026-03-01T10:00:00.%03d+00:00 %s Module used: %s\n", 123+n, stream, module))
	}
	seconds := func(n int, stream, module string) string { // two that nothing tells apart
		return names(fmt.Sprintf("2026-03-01T10:00:0%d+00:00 %s Module used: %s\n", n/2, stream, module))
	}
	for name, c := range map[string]struct {
		line   func(n int, stream, module string) string
		stream string
		twice  bool
	}{"event ids": {event, "streamA", false}, "no stream": {event, "", false}, "milliseconds": {tail, "streamA", false}, "seconds": {seconds, "streamA", true}} {
		var first, second strings.Builder
		for n := range 9 {
			line := c.line(n, c.stream, []string{"boto3", "yaml.reader"}[n/6])
			if n < 7 {
				first.WriteString(line)
			}
			if n > 3 {
				second.WriteString(line)
			}
		}
		sum := func(days []*evidence.UsageDay) (boto3, yaml float64) {
			for _, d := range days {
				for _, m := range d.Modules {
					switch m.Module {
					case "boto3":
						boto3 += m.Requests
					case "yaml":
						yaml += m.Requests
					}
				}
			}
			return boto3, yaml
		}
		want := [2]float64{6, 3}
		if c.twice {
			want = [2]float64{8, 4}
		}
		o := Options{Requests: 100}
		boto3, yaml := sum(logs(t, o, first.String(), second.String()).Days)
		if got := [2]float64{boto3, yaml}; got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

// TestManyMessages: there are far more messages without ids than requests. That not all of
// them are kept says nothing of requests, and nothing is remembered of them.
func TestManyMessages(t *testing.T) {
	var b strings.Builder
	for n := range 400 {
		fmt.Fprintf(&b, `{"timestamp":1772359200123,"requestId":"%08x-2fa1-41d2-883f-0016d3cca427","message":"Module used: yaml"}`+"\n", n)
	}
	for n := range 20_000 {
		fmt.Fprintf(&b, `{"timestamp":1772359200123,"message":"Module used: boto3","eventId":"%056d"}`+"\n", n)
	}
	for name, o := range map[string]Options{"in memory": {}, "spilled": {most: func(m *limits) { m.entries = 900 }}} {
		o.Limit, o.Requests = 2000, 40_000
		res := logs(t, o, b.String())
		if res.Sampled != 1 || len(res.Days) != 1 {
			t.Fatalf("%s: sampled %v, %s", name, res.Sampled, describe(res.Days))
		}
		for _, m := range res.Days[0].Modules {
			if m.Module == "yaml" && m.Requests != 400 || m.Module == "boto3" && (m.Requests < 17_500 || m.Requests > 22_500) {
				t.Errorf("%s: %+v", name, m)
			}
		}
		o.Requests, o.Limit = EveryRequest, 300 // of requests that are sampled the numbers are still theirs
		if res := logs(t, o, b.String()); res.Sampled != 2 || res.SampledError < 0.2 {
			t.Errorf("%s: sampled %v ± %v", name, res.Sampled, res.SampledError)
		}
	}
	undated := fmt.Sprintf(`{"message":"Module used: boto3","eventId":"%056d"}`, 1) + "\n"
	if res := logs(t, Options{}, undated); len(res.Days) > 0 || res.Logged != 1 {
		t.Errorf("messages that nothing counts: %+v", res)
	}
	// A log stream of which one file has no START lines, and more messages than wait for them.
	var alone strings.Builder
	for n := range maxOpen + 100 {
		fmt.Fprintf(&alone, "2026-03-01T10:00:%02d.%03d+00:00 streamA Module used: boto3\n", n/999, 1+n%999)
	}
	with := "2026-03-01T10:00:00.001+00:00 streamA START RequestId: idA Version: 1\n2026-03-01T10:00:01.001+00:00 streamA REPORT RequestId: idA\tDuration: 1 ms\n"
	var kept []map[SeenKey][]byte
	for _, order := range [][]string{{alone.String(), with}, {with, alone.String()}} {
		var files []File
		for i, text := range order {
			files = append(files, File{Name: fmt.Sprint(i), Reader: strings.NewReader(names(text))})
		}
		l, err := Read(t.Context(), files, Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := l.Finish(func(string, string) ([]byte, error) { return nil, nil })
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, res.Seen)
	}
	if !same(kept[0], kept[1]) {
		t.Errorf("what is remembered depends on the order of files:\n%q\n%q", kept[0], kept[1])
	}
}

// TestNewestFirst: messages without an id belong to their request also where the newest lines
// come first, as Logs Insights gives them; a request of which the start is lost takes none.
func TestNewestFirst(t *testing.T) {
	const log = `2026-03-01T10:00:09.000Z REPORT RequestId: idB⇥Duration: 1 ms
2026-03-01T10:00:09.000Z END RequestId: idB
2026-03-01T10:00:08.000Z Module used: yaml
2026-03-01T10:00:07.000Z START RequestId: idB Version: 1
2026-03-01T10:00:03.000Z REPORT RequestId: idA⇥Duration: 1 ms
2026-03-01T10:00:03.000Z END RequestId: idA
2026-03-01T10:00:02.000Z Module used: boto3
2026-03-01T10:00:01.000Z START RequestId: idA Version: 1
`
	for name, c := range map[string]struct{ log, want string }{
		"newest first":    {log, "app.log 2026-03-01 n=2 cold=0 boto3=1 yaml=1\n"},
		"start is lost":   {strings.Replace(log, "START RequestId: idB", "idB", 1), "app.log 2026-03-01 n=2 cold=0 boto3=1 yaml=0\n"},
		"the end of file": {strings.Split(log, "2026-03-01T10:00:01")[0], "app.log 2026-03-01 n=2 cold=0 boto3=0 yaml=1\n"},
		"a retry": {`2026-03-01T10:00:01Z END RequestId: idA
2026-03-01T10:00:02Z START RequestId: idA Version: 1
2026-03-01T10:00:02Z Module used: boto3
2026-03-01T10:00:03Z END RequestId: idA
2026-03-01T10:00:03Z REPORT RequestId: idA⇥Duration: 1 ms
2026-03-01T10:00:04Z START RequestId: idA Version: 1
2026-03-01T10:00:04Z Module used: yaml
2026-03-01T10:00:05Z END RequestId: idA
`, "app.log 2026-03-01 n=1 cold=0 boto3=1 yaml=1\n"},
	} {
		if got := describe(logs(t, Options{}, names(c.log)).Days); got != c.want {
			t.Errorf("%s: %s\nwant %s", name, got, c.want)
		}
	}
}

// TestProvisioned: where an environment started ahead of its first request, that one is no
// cold start, though it tells how long the environment took to start.
func TestProvisioned(t *testing.T) {
	const log = `{"events":[
{"logStreamName":"streamA","timestamp":1772359200000,"message":"{\"time\":\"2026-03-01T10:00:00.000Z\",\"type\":\"platform.initStart\",\"record\":{\"initializationType\":\"KIND\"}}"},
{"logStreamName":"streamA","timestamp":1772359260000,"message":"{\"time\":\"2026-03-01T10:01:00.000Z\",\"type\":\"platform.start\",\"record\":{\"requestId\":\"idA\",\"version\":\"7\"}}"},
{"logStreamName":"streamA","timestamp":1772359260009,"message":"{\"time\":\"2026-03-01T10:01:00.009Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"idA\",\"metrics\":{\"durationMs\":9.0,\"initDurationMs\":180.5},\"status\":\"success\"}}"}]}`
	for kind, want := range map[string]float64{"provisioned-concurrency": 0, "lambda-managed-instances": 0, "on-demand": 1, "snap-start": 1} {
		res := logs(t, Options{}, names(strings.Replace(log, "KIND", kind, 1)))
		if d := res.Days[0]; d.ColdStarts != want || d.InitMS != 180.5 || d.Requests != 1 {
			t.Errorf("%s: %+v", kind, d)
		}
	}
}
