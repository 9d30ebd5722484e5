package ingest

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// TestMovedRequests: every request counts once, on one day of one source, also where later
// logs know it from another source or from the day before, which takes it to a day of which
// they say nothing else.
func TestMovedRequests(t *testing.T) {
	type kind struct{ streams, files, little, boots bool }
	for _, k := range []kind{{streams: true}, {files: true}, {streams: true, files: true}, {streams: true, files: true, little: true}, {streams: true, files: true, boots: true}} {
		t.Run(fmt.Sprintf("%+v", k), func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(60) {
				r := rand.New(rand.NewPCG(seed, 5))
				h, days := newHistory(t), map[int]int{}
				o := Options{}
				if k.little {
					o.most = little
				}
				for run := range 4 {
					logs := map[string]string{}
					for range 1 + r.IntN(6) {
						id := r.IntN(12)
						if days[id] == 0 {
							days[id] = 1 + r.IntN(3)
						}
						day := days[id] + r.IntN(2)
						text := fmt.Sprintf([]string{
							"START RequestId: %08x-2fa1-41d2-883f-0016d3cca427 Version: 7",
							"REPORT RequestId: %08x-2fa1-41d2-883f-0016d3cca427\tDuration: 3.30 ms\tMemory Size: 512 MB",
						}[r.IntN(2)], id)
						name := fmt.Sprintf("%d-%d.log", run, r.IntN(2))
						if k.streams && (!k.files || r.IntN(2) == 0) {
							at := 1772323200000 + int64(day-1)*dayMS
							logs["streams-"+name] += fmt.Sprintf(`{"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":%d,"message":%q}`+"\n", r.IntN(3), at, text)
						} else {
							logs[name] += fmt.Sprintf("2026-03-%02dT12:00:00.000Z %s\n", day, text)
							if k.boots && r.IntN(2) == 0 {
								logs[name] += fmt.Sprintf(`{"time":"2026-03-%02dT11:59:59.000Z","type":"platform.initStart","record":{"initializationType":"on-demand"}}`+"\n", day)
							}
						}
					}
					h.read(r, o, logs)
					sum := 0
					for _, d := range h.days() {
						sum += int(d.Requests)
					}
					if sum != len(days) {
						t.Fatalf("seed %d, run %d: %d requests, want %d\n%v", seed, run, sum, len(days), logs)
					}
				}
			}
		})
	}
}

// TestDiskFullAndRemembered: a full disk says nothing of what is remembered.
func TestDiskFullAndRemembered(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	lines, _ := traffic(r, 60)
	h, logs := newHistory(t), map[string]string{}
	for stream, of := range lines {
		logs[stream] = strings.Join(of, "\n") + "\n"
	}
	h.read(r, Options{}, logs)
	first := slices.Sorted(maps.Keys(lines))[0]
	l, err := Read(t.Context(), []File{{Name: "a", Reader: strings.NewReader(strings.Join(lines[first][:2], "\n") + "\n")}},
		Options{most: little, create: func(string) (spoolFile, error) { return nil, syscall.ENOSPC }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Finish(func(source, day string) ([]byte, error) { return h.seen[SeenKey{source, day}], nil })
	if err == nil || !strings.Contains(err.Error(), "nothing was merged") || strings.Contains(err.Error(), "usage.db") {
		t.Errorf("the error is %v", err)
	}
}

// TestRowsOutsideRequests: rows of messages without requests are as many as others at most.
func TestRowsOutsideRequests(t *testing.T) {
	var log strings.Builder
	for i := range 400 {
		fmt.Fprintf(&log, `{"logStreamName":"app/web/%032x","timestamp":%d,"message":"Module used: json"}`+"\n", i%40, 1772323200000+int64(i/40)*dayMS)
	}
	const most = 50
	l, err := Read(t.Context(), []File{{Name: "a", Reader: strings.NewReader(log.String())}}, Options{Requests: EveryRequest, most: func(m *limits) { m.rows, m.days = most, most }})
	if err != nil {
		t.Fatal(err)
	}
	if l.c.spilled == nil || len(l.c.rows) > most {
		t.Errorf("%d rows in memory, want at most %d", len(l.c.rows), most)
	}
	if _, err := l.Finish(nil); err != nil {
		t.Error(err)
	}
}
