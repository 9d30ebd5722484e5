package scope

import (
	"bytes"
	"os"
	"runtime"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// BenchmarkFrontEnd reads the standard library of an interpreter in one
// interleaved run: it finds the lines of every file, parses it, and analyses
// its scopes. It reports source bytes per second for parse and scopes together,
// what either costs as a multiple of finding the lines, and allocations per
// statement.
func BenchmarkFrontEnd(b *testing.B) {
	p := oracle.One(b)
	v := syntax.Version{Major: 3, Minor: p.Minor}
	var files [][]byte
	size, statements := 0, 0
	for _, path := range pythonFiles(library(b, p.Path), 1) {
		src, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, src)
		size += len(src)
		f := syntax.Parse(src, v)
		for n := range f.Nodes {
			if f.Nodes[n].Kind.IsStatement() {
				statements++
			}
		}
	}
	for _, bench := range []struct {
		name    string
		parse   func(src []byte, v syntax.Version) *syntax.File
		analyze func(f *syntax.File, v syntax.Version) *Info
	}{
		{"kept", syntax.Parse, Analyze},
		{"reused", new(syntax.Parser).Parse, new(Analyzer).Analyze},
	} {
		b.Run(bench.name, func(b *testing.B) {
			var reading, parsing, scoping time.Duration
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			lines, scopes := 0, 0
			for b.Loop() {
				for _, src := range files {
					t0 := time.Now()
					lines += bytes.Count(src, []byte("\n"))
					t1 := time.Now()
					f := bench.parse(src, v)
					t2 := time.Now()
					scopes += len(bench.analyze(f, v).Scopes)
					t3 := time.Now()
					reading, parsing, scoping = reading+t1.Sub(t0), parsing+t2.Sub(t1), scoping+t3.Sub(t2)
				}
			}
			runtime.ReadMemStats(&after)
			if lines == 0 || scopes == 0 {
				b.Fatal("nothing was read")
			}
			n := float64(b.N)
			b.SetBytes(int64(size))
			b.ReportMetric(float64(parsing)/float64(reading), "parse/lines")
			b.ReportMetric(float64(scoping)/float64(reading), "scope/lines")
			b.ReportMetric(float64(scoping)/float64(parsing), "scope/parse")
			b.ReportMetric(float64(size)*n/1e6/parsing.Seconds(), "parse-MB/s")
			b.ReportMetric(float64(after.Mallocs-before.Mallocs)/n/float64(statements), "allocs/statement")
			b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/n/float64(size), "allocated-bytes/byte")
		})
	}
}
