//go:build linux

// Command ingestbench measures how fast "fastpath usage ingest" reads logs, beside
// DuckDB and polars with the same file and question: the number of different request
// ids per module.
//
// The input is made here, the same every time: Lambda's JSON log, two of ten lines
// say something. Every round starts each program once, in an order of its own; a
// ratio is taken within its round, of the wall clock and of the processors' time, so
// that what else the machine does weighs on both sides. The answers must be the same.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

// requirements pins the peers.
//
//go:embed peers.txt
var requirements []byte

// options are the settings of a run.
type options struct {
	work, binary, python string
	profile, shape       string
	shapes               bool
	rounds, megabytes    int
}

func main() {
	var o options
	flag.StringVar(&o.work, "work", ".corpus", "`folder` for the input and the peers")
	flag.StringVar(&o.binary, "fastpath", filepath.Join("bin", "fastpath"), "the `program` to measure")
	flag.StringVar(&o.python, "python", "python3", "`interpreter` that the peers are installed with")
	flag.StringVar(&o.profile, "profile", "", "instead of comparing, write the profile for builds into this `file`")
	flag.BoolVar(&o.shapes, "shapes", false, "instead of comparing, read logs that are hard to read in little memory")
	flag.StringVar(&o.shape, "shape", "", "of these only those with this `text` in their name")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program runs")
	flag.IntVar(&o.megabytes, "megabytes", 640, "size of the input")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := bench(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "ingestbench:", err)
		os.Exit(1)
	}
}

// side is one program to measure.
type side struct {
	name  string
	args  []string
	bytes int64 // that it reads, decompressed
	// answer reads what it prints: requests by module; nil for nothing.
	answer func(out []byte) (map[string]int, error)
}

// cost is what one run of a program took.
type cost struct {
	wall, cpu time.Duration
	rss       int64 // peak, bytes
}

// duckdbProgram and polarsProgram answer the question, as their manuals
// advise: with the columns that they need, and without the order of lines.
const (
	duckdbProgram = `
import json, sys
import duckdb
duckdb.sql("SET enable_progress_bar = false")
duckdb.sql("SET preserve_insertion_order = false")
rows = duckdb.sql(f"""
    SELECT regexp_extract(message, '^Module used: ([A-Za-z_][A-Za-z0-9_.]*)', 1), count(DISTINCT requestId)
    FROM read_ndjson('{sys.argv[1]}', columns = {{message: 'VARCHAR', requestId: 'VARCHAR'}})
    WHERE starts_with(message, 'Module used: ') GROUP BY 1""").fetchall()
json.dump(dict(rows), sys.stdout)
`
	polarsProgram = `
import json, sys
import polars as pl
rows = (
    pl.scan_ndjson(sys.argv[1], schema={"message": pl.String, "requestId": pl.String})
    .filter(pl.col("message").str.starts_with("Module used: "))
    .group_by(pl.col("message").str.extract(r"^Module used: ([A-Za-z_][A-Za-z0-9_.]*)").alias("module"))
    .agg(pl.col("requestId").n_unique())
    .collect(engine="streaming").rows())
json.dump(dict(rows), sys.stdout)
`
)

const (
	ours    = "fastpath usage ingest"
	zipped  = "fastpath usage ingest, two gzip files"
	duckdb  = "DuckDB"
	polars  = "polars"
	grepped = "grep -F (finds the lines only)"
)

func bench(ctx context.Context, o options) error {
	for _, path := range []*string{&o.work, &o.binary} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	if o.rounds < 1 || o.megabytes < 1 {
		return fmt.Errorf("-rounds and -megabytes must be at least 1")
	}
	if o.shapes {
		return readShapes(ctx, o)
	}
	in, err := input(o)
	if err != nil {
		return err
	}
	if o.profile != "" {
		return writeProfile(ctx, in, o.profile)
	}
	if _, err := os.Stat(o.binary); err != nil {
		return fmt.Errorf("%s is not there; build it with: make build", o.binary)
	}
	python, versions, err := installPeers(ctx, o)
	if err != nil {
		return err
	}
	ingest := []string{o.binary, "usage", "ingest", "--quiet", "--format", "json", "--project", project}
	sides := []side{
		{ours, append(slices.Clone(ingest), in.plain), in.bytes, report},
		{zipped, append(slices.Clone(ingest), in.gzip...), in.bytes, report},
		{duckdb, []string{python, "-c", duckdbProgram, in.plain}, in.bytes, object},
		{polars, []string{python, "-c", polarsProgram, in.plain}, in.bytes, object},
		{grepped, []string{"grep", "-cF", "Module used:", in.plain}, in.bytes, nil},
	}
	costs := map[string][]cost{}
	var want map[string]int
	for round := range o.rounds + 1 {
		turn := slices.Clone(sides)
		rand.Shuffle(len(turn), func(i, j int) { turn[i], turn[j] = turn[j], turn[i] })
		for _, s := range turn {
			fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round, o.rounds, s.name)
			c, out, err := measure(ctx, s, o.work)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if round > 0 { // the first fills the file cache
				costs[s.name] = append(costs[s.name], c)
			}
			if s.answer == nil {
				continue
			}
			got, err := s.answer(out)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if want == nil {
				want = got
			}
			if !maps.Equal(got, want) {
				return fmt.Errorf("%s: the answers differ: %v, %v", s.name, got, want)
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%70s\r", "")
	return print(o, in, versions, sides, costs)
}

// project stands for a new folder, so that no run knows of another.
const project = "PROJECT"

// measure runs a side.
func measure(ctx context.Context, s side, work string) (cost, []byte, error) {
	dir, err := os.MkdirTemp(work, ".ingestbench-")
	if err != nil {
		return cost{}, nil, err
	}
	defer os.RemoveAll(dir)
	s.args = slices.Clone(s.args)
	if i := slices.Index(s.args, project); i > 0 {
		s.args[i] = dir
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	err = cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return cost{}, nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return cost{}, nil, fmt.Errorf("the system reports no use of resources")
	}
	return cost{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss << 10}, stdout.Bytes(), nil
}

// report reads the answer of fastpath.
func report(out []byte) (map[string]int, error) {
	var r struct {
		Modules []struct {
			Module   string  `json:"module"`
			Requests float64 `json:"requests"`
		} `json:"modules"`
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return nil, err
	}
	m := map[string]int{}
	for _, x := range r.Modules {
		m[x.Module] = int(x.Requests)
	}
	return m, nil
}

// object reads the answer of a peer.
func object(out []byte) (m map[string]int, err error) { return m, json.Unmarshal(out, &m) }

// installPeers makes the environment of the peers, unless one of today's pins
// is there.
func installPeers(ctx context.Context, o options) (python string, versions []string, err error) {
	env := filepath.Join(o.work, "ingest-peers")
	python = filepath.Join(env, "bin", "python")
	marker := filepath.Join(env, "peers.txt")
	if have, err := os.ReadFile(marker); err != nil || !bytes.Equal(have, requirements) {
		fmt.Fprintln(os.Stderr, "installing the peers into", env)
		if err := os.RemoveAll(env); err != nil {
			return "", nil, err
		}
		pins := filepath.Join(env, "pins.txt")
		if err := call(ctx, o.python, "-m", "venv", env); err != nil {
			return "", nil, err
		}
		if err := os.WriteFile(pins, requirements, 0o644); err != nil {
			return "", nil, err
		}
		if err := call(ctx, python, "-m", "pip", "install", "--quiet", "--only-binary=:all:", "--requirement", pins); err != nil {
			return "", nil, err
		}
		if err := os.Rename(pins, marker); err != nil {
			return "", nil, err
		}
	}
	for line := range strings.Lines(string(requirements)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok {
			versions = append(versions, name+" "+version)
		}
	}
	return python, versions, nil
}

func call(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}

// print writes the table: medians, and ratios within rounds.
func print(o options, in *logs, versions []string, sides []side, costs map[string][]cost) error {
	fmt.Printf("%d MB of JSON lines, %d requests, two of ten lines say something; %d rounds; %s\n\n", in.bytes/1e6, in.requests, o.rounds, strings.Join(versions, ", "))
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tMB/s\tMB per CPU second\tpeak MB\ttimes our wall\ttimes our CPU\t")
	base := costs[ours]
	for _, s := range sides {
		var rate, perCPU, peak, wall, cpu []float64
		for i, c := range costs[s.name] {
			rate = append(rate, float64(s.bytes)/1e6/c.wall.Seconds())
			perCPU = append(perCPU, float64(s.bytes)/1e6/c.cpu.Seconds())
			peak = append(peak, float64(c.rss)/1e6)
			wall = append(wall, c.wall.Seconds()/base[i].wall.Seconds())
			cpu = append(cpu, c.cpu.Seconds()/base[i].cpu.Seconds())
		}
		fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%.0f\t%.2f\t%.2f\t\n", s.name, median(rate), median(perCPU), median(peak), median(wall), median(cpu))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Printf("\ntargets on 2 cores with nothing else running: 600 MB/s, 300 MB/s of gzip, below 200 MB; DuckDB and polars at 2.00 times our wall or more\n")
	return nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}
