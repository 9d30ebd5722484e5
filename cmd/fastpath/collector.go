package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// smallHeap is what may be in use, in bytes, before the collector works as
// usual.
const smallHeap = 16 << 20

// relaxed is how far the heap may grow until then, in percent of what is in use.
const relaxed = 400

// relaxCollector lets the collector wait longer while little is in use: most
// commands end before that matters, and spend a quarter of their time on it
// otherwise. A GOGC in the environment is left alone.
func relaxCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(relaxed)
	// An object that nothing refers to is finalised after each collection.
	type mark [32]byte // too large to share its place with others
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var after func(*mark)
	after = func(m *mark) {
		if metrics.Read(live); live[0].Value.Kind() != metrics.KindUint64 || live[0].Value.Uint64() >= smallHeap {
			if now := debug.SetGCPercent(usual); now != relaxed { // the command has its own
				debug.SetGCPercent(now)
			}
			return
		}
		runtime.SetFinalizer(m, after)
	}
	runtime.SetFinalizer(new(mark), after)
}
