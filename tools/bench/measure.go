//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"
)

// cost is what one run of a program took.
type cost struct {
	CPU  time.Duration // user and system, children included
	Wall time.Duration
	RSS  int64 // peak, bytes
}

// results holds the costs of each side, one a round.
type results map[string][]cost

// measureAll runs every side once without looking, to fill the file cache, and then
// once a round.
func measureAll(ctx context.Context, o options, sides []side) (results, error) {
	dir, err := os.MkdirTemp(o.work, ".bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	found := results{}
	for round := range o.rounds + 1 {
		turn := slices.Clone(sides)
		rand.Shuffle(len(turn), func(i, j int) { turn[i], turn[j] = turn[j], turn[i] })
		for _, s := range turn {
			if s.once && round != 1 {
				continue
			}
			fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round, o.rounds, s.name)
			c, err := measure(ctx, s, filepath.Join(dir, "out"))
			if err != nil {
				fmt.Fprintln(os.Stderr)
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			if round == 0 && s.mentions > 0 {
				if err := checkOutput(filepath.Join(dir, "out"), s.mentions); err != nil {
					return nil, fmt.Errorf("%s: %w", s.name, err)
				}
			}
			if round > 0 {
				found[s.name] = append(found[s.name], c)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%70s\r", "")
	return found, nil
}

// measure runs a side; what it prints goes to a file, or nowhere.
func measure(ctx context.Context, s side, file string) (cost, error) {
	var stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Stderr = &stderr
	if s.prints {
		f, err := os.Create(file)
		if err != nil {
			return cost{}, err
		}
		defer f.Close()
		cmd.Stdout = f
	}
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if ctx.Err() != nil {
		return cost{}, ctx.Err()
	}
	state := cmd.ProcessState
	if state == nil {
		return cost{}, err
	}
	// Linters exit with 1 when they find something.
	if code := state.ExitCode(); code != 0 && code != s.finds {
		return cost{}, fmt.Errorf("exit code %d: %s", code, lastLines(stderr.String(), 5))
	}
	usage, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, fmt.Errorf("the system reports no use of resources")
	}
	return cost{CPU: state.UserTime() + state.SystemTime(), Wall: wall, RSS: usage.Maxrss << 10}, nil
}

// named finds the files that a JSON document of fastpath speaks of.
var named = regexp.MustCompile(`"file": ?"([^"]+\.py)"`)

// checkOutput fails where a document speaks of fewer files than it should: who reads
// less is soon done. It reads line by line: the peak of a child that wait4 reports
// is never below that of this process at its start.
func checkOutput(file string, least int) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	files := map[string]bool{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 8<<20) // a statement can import hundreds of names
	for lines.Scan() {
		for _, m := range named.FindAllSubmatch(lines.Bytes(), -1) {
			files[string(m[1])] = true
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	if len(files) < least {
		return fmt.Errorf("it printed something about %d files only, expected at least %d", len(files), least)
	}
	return nil
}

// measureMemory asks a child for the memory of trees.
func measureMemory(ctx context.Context, o options) (memory, error) {
	self, err := os.Executable()
	if err != nil {
		return memory{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-memory", o.tree)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return memory{}, err
	}
	var m memory
	return m, json.Unmarshal(out, &m)
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// content is what a tree holds.
type content struct {
	packages, files int
	bytes           int64
}

// survey counts what is in a tree.
func survey(dir string) (content, error) {
	var s content
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s, err
	}
	s.packages = len(entries)
	files, err := pythonFiles(dir)
	if err != nil {
		return s, err
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			return s, err
		}
		s.files++
		s.bytes += info.Size()
	}
	return s, nil
}

// printJSON writes what a child found out.
func printJSON(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
