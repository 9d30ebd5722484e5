package ingest

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// endless is a log of n lines that is never in memory as a whole.
type endless struct {
	n, i int
	rest []byte
}

func (e *endless) Read(p []byte) (int, error) {
	if len(e.rest) == 0 {
		if e.i == e.n {
			return 0, fmt.Errorf("the medium is damaged")
		}
		for range 200 {
			e.rest = fmt.Appendf(e.rest, "2026-03-01T10:00:00.000Z START RequestId: %036d Version: 1\n2026-03-01T10:00:00.001Z Module used: m%d\n", e.i, e.i%50)
			e.i++
		}
		if e.i%20_000 == 0 {
			e.rest = append(append(e.rest, bytes.Repeat([]byte("x"), 1<<20)...), '\n')
		}
	}
	n := copy(p, e.rest)
	e.rest = e.rest[n:]
	return n, nil
}

func TestBoundedMemory(t *testing.T) {
	const requests = 400_000
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var peak uint64
	in := &endless{n: requests}
	res, err := read(t, []File{{Name: "big.log", Reader: readerFunc(func(p []byte) (int, error) {
		if in.i%100_000 == 0 && len(in.rest) == 0 {
			peak = max(peak, heap())
		}
		return in.Read(p)
	})}}, Options{Limit: 20_000, MaxLine: 64 << 10, block: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(res.Requests-requests) > 0.03*requests || res.Unreadable != requests/20_000 || len(res.Problems) != 1 || !strings.Contains(res.Problems[0].Message, "the medium is damaged") {
		t.Errorf("%v requests, %d unreadable, %v", res.Requests, res.Unreadable, res.Problems)
	}
	if grown := int64(peak) - int64(before); grown > 8<<20 {
		t.Errorf("%d KiB in use while reading a log of %d requests", grown>>10, requests)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// TestMomentAt compares with package time, also for what no calendar has.
func TestMomentAt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inside := 0
	for range 200_000 {
		year, month, day := 1990+r.IntN(120), r.IntN(100), r.IntN(100)
		if r.IntN(10) == 0 {
			year = r.IntN(10_000)
		}
		if r.IntN(2) == 0 {
			month, day = 1+r.IntN(12), 1+r.IntN(31)
		}
		seconds, ms := r.IntN(100*3600)-99*3600, r.IntN(1000)
		want := msOf(time.Date(year, time.Month(month), day, 0, 0, seconds, ms*1e6, time.UTC))
		if got := momentAt(year, month, day, seconds, ms); got != want {
			t.Fatalf("%d-%d-%d %d s %d ms: %d, want %d", year, month, day, seconds, ms, got, want)
		}
		if want != 0 {
			inside++
		}
	}
	if inside < 100_000 {
		t.Errorf("%d times were in range", inside)
	}
}

// TestTooManyNames counts the names that are left out of a log with more workflows
// than are remembered.
func TestTooManyNames(t *testing.T) {
	var b strings.Builder
	for k := range maxLabels + 50 {
		fmt.Fprintf(&b, `{"fastpath":1,"proc":"aa","ts":%d,"seq":%d,"kind":"request","k":1,"workflow":"/w%d","counts":{"/w%d":1},"mods":["m"],"used":[0]}`+"\n", 1772359200140+k, k+2, k, k)
	}
	if res := logs(t, Options{}, b.String()); res.LeftOut < 50 {
		t.Errorf("%d names left out, want at least 50", res.LeftOut)
	}
	if res := logs(t, Options{}, b.String()[:b.Len()/2]); res.LeftOut != 0 {
		t.Errorf("%d names left out of a log with few", res.LeftOut)
	}
}
