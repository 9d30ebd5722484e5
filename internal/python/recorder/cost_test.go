//go:build unix

package recorder

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// processorTime runs a program that prints a figure.
func processorTime(b *testing.B, dir, python string, env []string, args ...string) float64 {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), python, args...)
	cmd.Dir = dir
	cmd.Env = append(env, "FASTPATH_OUTPUT="+os.DevNull, "PATH="+os.Getenv("PATH"), "PYTHONHASHSEED=0")
	out, err := cmd.Output()
	if err != nil {
		b.Fatal(err)
	}
	f, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// quartiles reports the median of the figures and the quartiles around it.
func quartiles(b *testing.B, figures []float64, unit string) {
	b.Helper()
	slices.Sort(figures)
	n := len(figures)
	b.ReportMetric(figures[n/2], unit)
	b.ReportMetric(figures[n/4], "q1-"+unit)
	b.ReportMetric(figures[min(3*n/4, n-1)], "q3-"+unit)
}

// BenchmarkStart is the processor time that importing the recorder from the
// example's layer takes, in a fresh process each.
func BenchmarkStart(b *testing.B) {
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "examples", "smart-home"))
	if err != nil {
		b.Fatal(err)
	}
	for _, p := range oracle.Pythons(b) {
		b.Run(p.Name(), func(b *testing.B) {
			dir := filepath.Join(b.TempDir(), "layer")
			table := writeTable(b, b.TempDir(), root, p, pythonFiles(b, root))
			if _, err := WriteLayer(b.Context(), dir, table, []string{p.Path}); err != nil {
				b.Fatal(err)
			}
			script := "import sys, time, os\nsys.path.insert(0, sys.argv[1])\nbegin = time.process_time()\nimport fastpath_recorder\nprint((time.process_time() - begin) * 1e3)"
			var figures []float64
			for b.Loop() {
				figures = append(figures, processorTime(b, dir, p.Path, nil, "-I", "-S", "-c", script, filepath.Join(dir, "python")))
			}
			quartiles(b, figures, "ms")
		})
	}
}

// BenchmarkRequest compares a request of about a millisecond with and without
// the recorder, in pairs of fresh processes: one that is not watched, and the
// average at the default rate.
func BenchmarkRequest(b *testing.B) {
	for _, p := range oracle.Pythons(b) {
		b.Run(p.Name(), func(b *testing.B) {
			dir := b.TempDir()
			for _, name := range []string{"app.py", "request.py"} {
				text, err := os.ReadFile(filepath.Join("testdata", "cost", name))
				if err != nil {
					b.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
					b.Fatal(err)
				}
			}
			writeTable(b, dir, dir, p, []string{"app.py"})
			var off, between, every []float64
			for n := 0; b.Loop(); n++ {
				took := map[string]float64{}
				arms := []string{"off", "between", "every"}
				for k := range arms { // each arm is first as often as the others
					arm := arms[(k+n)%len(arms)]
					took[arm] = processorTime(b, dir, p.Path, nil, "request.py", arm)
				}
				off = append(off, took["off"])
				between = append(between, (took["between"]/took["off"]-1)*100)
				every = append(every, (took["every"]/took["off"]-1)*100)
			}
			quartiles(b, off, "µs-off")
			quartiles(b, between, "%-between")
			quartiles(b, every, "%-every")
		})
	}
}
