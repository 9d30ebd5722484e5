package ingest

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestSets compares with sets of another kind.
func TestSets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSets()
	lists, ids := map[uint32][]int32{0: nil}, []uint32{0}
	put := func(id uint32, list []int32) {
		list = slices.Clone(list)
		slices.Sort(list)
		list = slices.Compact(list)
		if old, ok := lists[id]; ok && !slices.Equal(old, list) {
			t.Fatalf("%d is %v, and %v", id, old, list)
		}
		if lists[id] = list; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if got := s.all(nil, id); !slices.Equal(got, list) {
			t.Fatalf("%d: %v, want %v", id, got, list)
		}
	}
	for range 3000 {
		a, b := ids[r.IntN(len(ids))], ids[r.IntN(len(ids))]
		modules := []int32{r.Int32N(maxModules), 0, 127, 128}[:1+r.IntN(4)]
		if r.IntN(2) == 0 {
			put(s.with(a, modules[:1]), append(slices.Clone(lists[a]), modules[0]))
		} else {
			put(s.union(a, b), append(slices.Clone(lists[a]), lists[b]...))
		}
	}
	if len(ids) < 500 || len(s.packed) != len(ids) {
		t.Errorf("%d sets, %d of them known", len(s.packed), len(ids))
	}
}

// TestManyOpenRequests: requests whose ends were lost, in many streams, are forgotten at
// some time, and counted all the same.
func TestManyOpenRequests(t *testing.T) {
	c := newCollector(Options{Limit: defaultLimit})
	f := &fileState{own: &stream{source: c.source("x")}, streams: map[string]*stream{}}
	c.files = []*fileState{f}
	c.opened = maxOpenAll - 100
	b := &batch{}
	b.reset()
	for i := range 2000 {
		stream := b.name(fmt.Appendf(nil, "2026/03/01/[$LATEST]%032x", i%10))
		b.events = append(b.events, event{kind: started, id: uint64(i + 1), at: firstMoment, stream: stream, function: -1, flow: -1, module: -1, platform: true})
	}
	c.take(f, b, 0, 0)
	open := 0
	for _, s := range f.streams {
		open += len(s.open)
	}
	if c.opened > maxOpenAll || open != c.opened-(maxOpenAll-100) {
		t.Errorf("%d open, %d counted as open", open, c.opened)
	}
	res, err := (&Logs{c}).Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	if res.Requests != 2000 {
		t.Errorf("%v requests", res.Requests)
	}
}

// TestLongLines: a few lines of megabytes do not take several times their size for each
// block and each known shape.
func TestLongLines(t *testing.T) {
	long := strings.Repeat("x", 3<<20)
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, `{"timestamp":"2026-03-01T10:00:00.000Z","k%d":"%s","message":"Module used: a","requestId":"r%d"}`+"\n", i, long, i)
		fmt.Fprintf(&b, "2026-03-01T10:00:00.000Z START RequestId: r%d Version: 1\n", i)
	}
	in := strings.NewReader(b.String())
	b.Reset()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, peak := heap(), uint64(0)
	res, err := read(t, []File{{Name: "app.log", Reader: readerFunc(func(p []byte) (int, error) {
		if in.Len()%(10<<20) < len(p) {
			peak = max(peak, heap())
		}
		return in.Read(p)
	})}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if n, _ := usesOf(res.Days[0], "a"); res.Requests != 40 || n != 40 || res.Unreadable != 0 {
		t.Errorf("%v requests, %v uses, %d unreadable", res.Requests, n, res.Unreadable)
	}
	if grown := int64(peak) - int64(before); grown > 40<<20 {
		t.Errorf("%d MB in use while reading lines of 3 MB", grown>>20)
	}
}

// TestManyFunctions: of more functions than are told apart the requests count for the log
// without a function.
func TestManyFunctions(t *testing.T) {
	c := newCollector(Options{Limit: defaultLimit})
	f := &fileState{own: &stream{source: c.source("x")}, streams: map[string]*stream{}}
	c.files = []*fileState{f}
	const functions, requests = maxRows + 5000, 2
	b := &batch{}
	b.reset()
	for i := range functions * requests {
		name := b.name(fmt.Appendf(nil, "f%d", i%functions))
		b.events = append(b.events, event{kind: reported, id: uint64(i + 1), at: firstMoment, stream: -1, function: name, flow: -1, module: -1, platform: true})
	}
	c.take(f, b, 0, 0)
	res, err := (&Logs{c}).Finish(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Days) != maxRows+1 || res.Requests != functions*requests || res.OtherFunctions != 5000*requests {
		t.Errorf("%d rows, %v requests, %d without their function", len(res.Days), res.Requests, res.OtherFunctions)
	}
	if d := res.Days[0]; d.Source != "x" || d.Requests != 5000*requests {
		t.Errorf("%s: %v requests", d.Source, d.Requests)
	}
}

// TestManyModulesOutside: modules that very many log streams name outside requests are
// counted up to a number, and then said to be left out: also where something tells messages apart.
func TestManyModulesOutside(t *testing.T) {
	for _, message := range []uint64{0, 1} {
		c := newCollector(Options{Limit: defaultLimit, Requests: 1000})
		f := &fileState{own: &stream{source: c.source("x")}, streams: map[string]*stream{}}
		c.files = []*fileState{f}
		c.waiting, c.looseN, c.outsideN = maxOpenAll, maxOutside-100, maxOutside-100
		b := &batch{}
		b.reset()
		for i := range 300 {
			stream, module := b.name(fmt.Appendf(nil, "2026/03/01/[$LATEST]%032x", i%5)), b.name(fmt.Appendf(nil, "m%d", i))
			for range 2 {
				b.events = append(b.events, event{kind: used, at: firstMoment, stream: stream, function: -1, flow: -1, module: module, message: message * uint64(i+1)})
			}
		}
		c.take(f, b, 0, 0)
		if _, err := c.finish(nil, Sink{}); err != nil {
			t.Fatal(err)
		}
		if c.looseN != maxOutside || c.outsideN != maxOutside || c.res.Outside != 600 || c.res.LeftOut < 200 {
			t.Errorf("%d and %d modules, %d messages, %d left out", c.looseN, c.outsideN, c.res.Outside, c.res.LeftOut)
		}
	}
}
