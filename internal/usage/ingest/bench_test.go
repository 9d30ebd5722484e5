package ingest

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkLogs(b *testing.B) {
	var log strings.Builder
	for i := range 20_000 {
		id := fmt.Sprintf("%08x-2fa1-41d2-883f-%012x", i, i)
		fmt.Fprintf(&log, "2026-03-01T10:00:00.000Z START RequestId: %s Version: $LATEST\n[INFO]\t2026-03-01T10:00:00.123Z\t%s\tModule used: boto3\n"+
			`{"timestamp": "2026-03-01T10:00:00Z", "level": "INFO", "message": "Module used: m%d.sub", "logger": "root", "requestId": "%s", "extra": {"path": "/orders/%d", "items": [1, 2, 3]}}`+
			"\nREPORT RequestId: %s\tDuration: 12.40 ms\tBilled Duration: 498 ms\tMemory Size: 512 MB\tMax Memory Used: 91 MB\t\n", id, id, i%40, id, i, id)
	}
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		if _, err := read(b, []File{{Name: "x", Reader: strings.NewReader(log.String())}}, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
