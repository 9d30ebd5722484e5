package ingest

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// both reads lines by their shapes, and by their keys alone.
func both(t *testing.T, lines [][]byte) (p *parser) {
	t.Helper()
	with, without := &parser{batch: &batch{}, fields: &fields{}, all: true}, &parser{batch: &batch{}, fields: &fields{}, all: true}
	with.reset()
	without.reset()
	without.shapes.misses = maxMisses + 1
	for _, line := range lines {
		n := len(with.events)
		err, want := with.record(line, unknown, 1), without.record(line, unknown, 1)
		if (err == nil) != (want == nil) || len(without.events) < n || !reflect.DeepEqual(with.events[n:], without.events[n:]) {
			t.Fatalf("%q: %+v %v\nwithout shapes: %+v %v", line, with.events[n:], err, without.events[min(n, len(without.events)):], want)
		}
	}
	if !reflect.DeepEqual(with.names, without.names) || with.dropped != without.dropped || with.skewed != without.skewed {
		t.Fatalf("%q %d %d\nwithout shapes: %q %d %d", with.names, with.dropped, with.skewed, without.names, without.dropped, without.skewed)
	}
	return with
}

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		lines  []string
		shapes int // that are learnt
		misses int // at the end
	}{
		"the same keys": {[]string{
			`{"message": "Module used: a", "requestId": "r1", "n": [1, {"x": 2}]}`, `{"message": "Module used: b.c", "requestId": "r2", "n": 7}`,
			`{"message": "Module \\u0075sed: a", "requestId": "r3", "n": null}`,
		}, 1, 0},
		"another space":  {[]string{`{"message": "Module used: a"}`, `{"message":"Module used: b"}`, `{"message": "Module used: c"} `}, 3, 3},
		"another order":  {[]string{`{"message": "Module used: a", "requestId": "r1"}`, `{"requestId": "r1", "message": "Module used: a"}`}, 2, 2},
		"null":           {[]string{`{"message": "Module used: a", "requestId": "r1"}`, `{"message": "Module used: a", "requestId": null}`, `{"message": null, "log": "Module used: b"}`}, 1, 3},
		"a better name":  {[]string{`{"log": "Module used: a", "message": "Module used: b"}`, `{"log": "Module used: c", "message": "Module used: d"}`}, 0, 2},
		"twice":          {[]string{`{"message": "Module used: a", "message": "Module used: b"}`, `{"message": "Module used: c", "message": "Module used: d"}`}, 0, 2},
		"an escaped key": {[]string{`{"m\\u0065ssage": "Module used: a"}`, `{"m\\u0065ssage": "Module used: b"}`}, 0, 2},
		"broken":         {[]string{`{"message": "Module used: a"}`, `{"message": "Module used: a}`, `{"message": "Module used: a"`, `{"message": Module used: a}`, `{"message": "Module used: a"}}`}, 1, 5},
		"no record":      {[]string{`["message"]`, `7`, `{}`, `{} x`, ``}, 0, 5},
		"the platform's": {[]string{
			`{"time":"2026-03-01T10:00:00.022Z","type":"platform.report","record":{"requestId":"r1","metrics":{"durationMs":1.5,"memorySizeMB":512},"status":"ok"}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{"requestId":"r2","metrics":{"durationMs":2,"memorySizeMB":128},"status":"x"}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{"requestId":"r3","metrics":{"durationMs":2,"memorySizeMB":128,"initDurationMs":7},"status":"x"}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{"requestId":"r4","metrics":null}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{"requestId":"r5","requestId":"r6","metrics":{}}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{}}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.start","record":"r7"}`,
			`{"time":"2026-03-02T10:00:00.022Z","type":"platform.report","record":{"requestId":"r8","metrics":{"durationMs":2,"memorySizeMB":128},"status":"x"}`,
		}, 4, 6},
	} {
		var lines [][]byte
		for _, line := range c.lines {
			lines = append(lines, []byte(line))
		}
		p := both(t, lines)
		if len(p.shapes.list) != c.shapes || p.shapes.misses != c.misses {
			t.Errorf("%s: %d shapes, %d misses; want %d, %d", name, len(p.shapes.list), p.shapes.misses, c.shapes, c.misses)
		}
	}
}

// Records that are all different cost no more than a thousand shapes.
func TestShapesGiveUp(t *testing.T) {
	var lines [][]byte
	for n := range 3 * maxMisses {
		lines = append(lines, []byte(`{"message": "Module used: a", `+strings.Repeat(" ", n)+`"requestId": "r1"}`))
	}
	if p := both(t, lines); p.shapes.misses != maxMisses+1 || len(p.shapes.list) != maxShapes {
		t.Error(p.shapes.misses, len(p.shapes.list))
	}
}

func FuzzShapes(f *testing.F) {
	for _, x := range formats {
		f.Add([]byte(names(x.log)))
	}
	for _, s := range []string{insightsAnswer, otlpJSON, tailJSON} {
		f.Add([]byte(names(s)))
	}
	f.Add([]byte(subscriptionLog(f)))
	f.Fuzz(func(t *testing.T, data []byte) {
		var lines [][]byte
		for line := range bytes.Lines(data) {
			lines = append(lines, bytes.TrimRight(line, "\n"))
		}
		both(t, append(lines, lines...))
	})
}
