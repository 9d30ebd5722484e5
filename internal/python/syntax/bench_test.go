package syntax_test

import (
	"os"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// BenchmarkParse reads the standard library of an interpreter; MB/s is source
// bytes per second on one core.
func BenchmarkParse(b *testing.B) {
	i, v := find(b, oracle.One(b))
	var files [][]byte
	size := int64(0)
	for _, path := range library(i, 1) {
		src, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, src)
		size += int64(len(src))
	}
	b.SetBytes(size)
	b.ReportAllocs()
	nodes := 0
	for b.Loop() {
		nodes = 0
		for _, src := range files {
			nodes += len(syntax.Parse(src, v).Nodes)
		}
	}
	b.ReportMetric(float64(nodes)*24/float64(size), "tree-bytes/byte")
}
