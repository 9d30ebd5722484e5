//go:build linux

// Command bench measures fastpath and its peers on the tree of tools/fetch-corpus and
// prints what fastpath costs as a multiple of what they cost, beside the targets.
//
// Every figure comes from one run: each round starts every program once, in an order
// of its own, and a ratio is taken within its round, so that what else the machine
// does weighs on both sides. CPU is user and system time, RSS the peak of the
// process, both as wait4 reports them. A target that is not met is no failure of the
// run.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// options are the settings of a run; all paths are absolute.
type options struct {
	tree   string // the sources to measure on
	work   string // holds the peers and, for the time of the run, what the programs print
	binary string // fastpath
	python string // interpreter that the peers are installed with
	rounds int
	more   bool // measure grimp and CPython's ast, too
}

func main() {
	var o options
	frontend := flag.String("frontend", "", "internal: parse and analyse the files below this `folder`")
	memory := flag.String("memory", "", "internal: measure the memory of trees of files below this `folder`")
	profile := flag.String("profile", "", "instead of comparing, write the profile for builds into this `file`")
	flag.StringVar(&o.tree, "tree", filepath.Join(".corpus", "tree"), "`folder` to measure on")
	flag.StringVar(&o.work, "work", ".corpus", "`folder` for the peers and for what the programs print")
	flag.StringVar(&o.binary, "fastpath", filepath.Join("bin", "fastpath"), "the `program` to measure")
	flag.StringVar(&o.python, "python", "python3", "`interpreter` that the peers are installed with")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program runs")
	flag.BoolVar(&o.more, "more", true, "run grimp and CPython's ast once, for orientation")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var err error
	switch {
	case *frontend != "":
		err = runFrontend(*frontend)
	case *memory != "":
		err = runMemory(*memory)
	case *profile != "":
		err = writeProfile(ctx, o, *profile)
	default:
		err = bench(ctx, o)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, o options) error {
	for _, path := range []*string{&o.tree, &o.work, &o.binary} {
		abs, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = abs
	}
	if o.rounds < 1 {
		return fmt.Errorf("-rounds is %d, must be at least 1", o.rounds)
	}
	if _, err := os.Stat(o.tree); err != nil {
		return fmt.Errorf("%s is not there; fetch it with: tools/fetch-corpus", o.tree)
	}
	if _, err := os.Stat(o.binary); err != nil {
		return fmt.Errorf("%s is not there; build it with: make build", o.binary)
	}
	peers, err := installPeers(ctx, o)
	if err != nil {
		return err
	}
	tree, err := survey(o.tree)
	if err != nil {
		return err
	}
	results, err := measureAll(ctx, o, sides(o, peers, tree.files))
	if err != nil {
		return err
	}
	trees, err := measureMemory(ctx, o)
	if err != nil {
		return err
	}
	return report(os.Stdout, o, peers, tree, results, trees)
}
