// Command accuracy compares what fastpath predicts of removed imports with what
// really happens, and with the predictions of other methods.
//
// Each case is a program that imports several packages at module level. It is
// profiled, and then runs without each of its statements in turn, and without
// a few random sets of them. Truth is the set of modules that are not loaded
// any more; its time is the sum of their self times in the profile.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
)

// options are the flags.
type options struct {
	environments string
	bytecode     string // folder for byte-code, so that the environments stay as they are
	only         string
	runs         int
	sets         int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var o options
	flag.StringVar(&o.environments, "environments", ".corpus/environments", "the `folder` of tools/fetch-environments")
	flag.StringVar(&o.bytecode, "bytecode", ".corpus/accuracy", "a `folder` for byte-code, so that the environments stay as they are")
	flag.StringVar(&o.only, "only", "", "measure the cases of these environments only, separated by commas")
	flag.IntVar(&o.runs, "runs", 3, "timing runs of each profile, and runs of importtime")
	flag.IntVar(&o.sets, "sets", 4, "random sets of two or three statements to remove, for each case")
	flag.Parse()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	dir, err := filepath.Abs(o.environments)
	if err != nil {
		return err
	}
	if o.bytecode, err = filepath.Abs(o.bytecode); err != nil {
		return err
	}
	var all []outcome
	for _, c := range cases {
		if o.only != "" && !strings.Contains(","+o.only+",", ","+c.environment+",") {
			continue
		}
		python := filepath.Join(dir, c.environment, "bin", "python")
		if _, err := os.Stat(python); err != nil {
			return fmt.Errorf("%w; run tools/fetch-environments first", err)
		}
		found, err := c.measure(ctx, python, o)
		if err != nil {
			return fmt.Errorf("%s: %w", c.environment, err)
		}
		found.print(os.Stdout)
		all = append(all, found)
	}
	printTotals(os.Stdout, all)
	return nil
}
