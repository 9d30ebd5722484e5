package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// importTimes runs "-X importtime" and returns, of the fastest of the runs, the
// cumulative time of every module in ms, of the first line that names it, and
// that of the target.
func importTimes(ctx context.Context, python, dir string, env []string, target string, runs int) (map[string]float64, float64, error) {
	var best map[string]float64
	for range runs {
		cmd := exec.CommandContext(ctx, python, "-X", "importtime", "-c", "import "+target)
		cmd.Dir, cmd.Env = dir, env
		var stderr strings.Builder
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return nil, 0, fmt.Errorf("import %s: %w: %s", target, err, stderr.String())
		}
		times := parseImportTime(stderr.String())
		if best == nil || times[target] < best[target] {
			best = times
		}
	}
	return best, best[target], nil
}

// parseImportTime reads the lines "import time: self | cumulative | name".
func parseImportTime(text string) map[string]float64 {
	times := map[string]float64{}
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "import time:")
		fields := strings.Split(rest, "|")
		if !ok || len(fields) != 3 {
			continue
		}
		us, err := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
		name := strings.TrimSpace(fields[2])
		if _, seen := times[name]; err == nil && !seen {
			times[name] = us / 1000
		}
	}
	return times
}
