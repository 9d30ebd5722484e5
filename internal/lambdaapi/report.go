package lambdaapi

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Report is what Lambda writes into the log after an invocation.
type Report struct {
	RequestID string
	Duration  time.Duration
	Init      time.Duration // 0 after the first invocation
	MemoryMB  float64       // what the function is configured with
	PeakKiB   float64       // what it used, 0 where unknown
}

// String returns the REPORT line in Lambda's own form, tabs included and
// without a line end. The billed duration includes init, as Lambda counts it
// since August 2025, rounded up to the millisecond.
func (r Report) String() string {
	var b strings.Builder
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	fmt.Fprintf(&b, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %.0f MB\t",
		r.RequestID, ms(r.Duration), math.Ceil(ms(r.Duration+r.Init)), r.MemoryMB)
	if r.PeakKiB > 0 {
		fmt.Fprintf(&b, "Max Memory Used: %.0f MB\t", math.Ceil(r.PeakKiB/1024))
	}
	if r.Init > 0 {
		fmt.Fprintf(&b, "Init Duration: %.2f ms\t", ms(r.Init))
	}
	return b.String()
}
