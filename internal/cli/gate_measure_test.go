package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fastpath/internal/diag"
)

// TestGateAgainstItself holds 20 gates with measurement of examples/smart-home
// against the same code: none may find anything. It takes half an hour or more
// on a busy machine, and runs when FASTPATH_GATE names an interpreter whose
// environment holds the example's requirements:
//
//	FASTPATH_GATE=.demo/venv/bin/python go test ./internal/cli -run TestGateAgainstItself -v -timeout 180m
//
// The event that comes most often stands for the fifteen of the example: with
// all of them a gate starts 600 processes. The judgement is one in any case.
func TestGateAgainstItself(t *testing.T) {
	python := os.Getenv("FASTPATH_GATE")
	if python == "" {
		t.Skip("FASTPATH_GATE names no interpreter")
	}
	r := &gateRepository{t, filepath.Join(t.TempDir(), "smart-home")}
	if err := os.CopyFS(r.dir, os.DirFS(filepath.Join("..", "..", "examples", "smart-home"))); err != nil {
		t.Fatal(err)
	}
	traffic := "[weights]\nalexa_turn_on = 1\n"
	if err := os.WriteFile(filepath.Join(r.dir, "events", "traffic.toml"), []byte(traffic), 0o644); err != nil {
		t.Fatal(err)
	}
	config := "entries = [\"lambda_function:lambda_handler\"]\npython = \"" + filepath.ToSlash(python) + "\"\n"
	if err := os.WriteFile(filepath.Join(r.dir, "fastpath.toml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	r.git("init", "-q", "-b", "main")
	r.commit("base")
	found, again := 0, 0
	for n := range 20 {
		start := time.Now()
		res, log, err := r.run(gateOptions{against: "HEAD", measure: true})
		if err != nil {
			t.Fatalf("%v\n%s", err, log)
		}
		rerun := strings.Contains(log, "measuring once more")
		t.Logf("gate %d: %d findings, measured again: %v, %.0fs, load %s", n+1, len(res.findings), rerun, time.Since(start).Seconds(), loadAverage())
		for _, d := range res.findings {
			if d.Severity == diag.Info { // both states are over budget
				t.Logf("gate %d: %s %v", n+1, d.Message, d.Notes)
				continue
			}
			t.Errorf("gate %d: %s %v", n+1, d.Message, d.Notes)
			found++
		}
		if rerun {
			again++
		}
	}
	t.Logf("20 gates of the same code: %d findings; %d were measured a second time", found, again)
}

// loadAverage is the system's, "unknown" where it does not tell.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	minute, _, _ := strings.Cut(string(data), " ")
	return minute
}
