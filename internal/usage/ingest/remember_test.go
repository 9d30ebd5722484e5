package ingest

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

func TestSortHashes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 7, 8, 100, 5000, 300_000} {
		for name, next := range map[string]func() uint64{
			"spread":   r.Uint64,
			"few":      func() uint64 { return r.Uint64() & (7 << 61) },
			"at start": func() uint64 { return r.Uint64() >> 40 },
			"at end":   func() uint64 { return ^uint64(0) - r.Uint64N(3) },
		} {
			list := make([]uint64, n)
			for i := range list {
				list[i] = next()
			}
			want := slices.Clone(list)
			slices.Sort(want)
			if sortHashes(list); !slices.Equal(list, want) {
				t.Errorf("%d %s: not in order", n, name)
			}
		}
	}
}

// What is remembered is taken up as it is unpacked: that takes less memory than it is
// long when it is packed.
func TestRememberedIsNotUnpackedAtOnce(t *testing.T) {
	const n = 300_000
	c := newCollector(Options{Limit: n + 1})
	source := c.source("x")
	source.reported = true
	to := rowKey{source: source, day: 20_000}
	r := rand.New(rand.NewPCG(5, 6))
	list := make([]uint32, 0, n)
	for i := range n {
		e, _ := c.table.get(r.Uint64(), aRequest)
		e.row = c.row(to)
		m, _ := c.module([]string{"boto3", "yaml", "json"}[i%3])
		e.set = c.sets.with(e.set, c.parents[m])
		list = append(list, uint32(i))
	}
	enc, err := newEncoder(c)
	if err != nil {
		t.Fatal(err)
	}
	order, mask := c.byKey(list)
	data, err := enc.encode(order, mask, false)
	if err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	seen := func(string, string) ([]byte, error) { return data, nil }
	if _, err := c.merge(sourceDay{"x", 20_000}, &recalled{seen: seen, known: map[SeenKey]bool{}, counts: map[SeenKey]int{}}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > uint64(len(data)) {
		t.Errorf("%d bytes were allocated, to unpack %d", bytes, len(data))
	}
	if c.table.n != n {
		t.Errorf("%d entries, want %d", c.table.n, n)
	}
}
