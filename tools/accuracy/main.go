// Command accuracy compares what fastpath predicts of removed imports with what
// really happens, and with the predictions of other methods.
//
// Each case is a program that imports several packages at module level. It is
// profiled, and then runs without each of its statements in turn, and without
// a few random sets of them. Truth is the set of modules that are not loaded
// any more; its time is the sum of their self times in the profile. Where
// valgrind is installed, instructions are counted as an independent check.
//
// It ends with exit code 1 where the predictions miss their aim.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// options are the flags.
type options struct {
	environments string
	bytecode     string // folder for byte-code, so that the environments stay as they are
	only         []string
	instructions []string // cases whose instructions are counted, too
	runs         int
	sets         int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var o options
	flag.StringVar(&o.environments, "environments", ".corpus/environments", "the `folder` of tools/fetch-environments")
	flag.StringVar(&o.bytecode, "bytecode", ".corpus/accuracy", "a `folder` for byte-code, so that the environments stay as they are")
	only := flag.String("only", "", "measure the cases of these environments only, separated by commas")
	instructions := flag.String("instructions", "", "count instructions in the cases of these environments, separated by commas; needs valgrind, takes minutes")
	flag.IntVar(&o.runs, "runs", 3, "timing runs of each profile, and runs of importtime")
	flag.IntVar(&o.sets, "sets", 4, "random sets of two or three statements to remove, for each case")
	flag.Parse()
	o.only, o.instructions = split(*only), split(*instructions)
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
}

// split returns the names of a flag.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}

// unknown returns the first name that no case has, or "".
func unknown(names []string) string {
	for _, name := range names {
		if !slices.ContainsFunc(cases, func(c testCase) bool { return c.environment == name }) {
			return name
		}
	}
	return ""
}

func run(ctx context.Context, o options) error {
	dir, err := filepath.Abs(o.environments)
	if err != nil {
		return err
	}
	if o.bytecode, err = filepath.Abs(o.bytecode); err != nil {
		return err
	}
	if missing := unknown(slices.Concat(o.only, o.instructions)); missing != "" {
		return fmt.Errorf("there is no case %q", missing)
	}
	valgrind := ""
	if len(o.instructions) > 0 {
		if valgrind, err = exec.LookPath("valgrind"); err != nil {
			fmt.Fprintln(os.Stderr, "accuracy: no instructions are counted, for valgrind is not installed")
		}
	}
	var all []outcome
	for _, c := range cases {
		if len(o.only) > 0 && !slices.Contains(o.only, c.environment) {
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
		if valgrind != "" && slices.Contains(o.instructions, c.environment) {
			if err := found.countInstructions(ctx, valgrind, python, o.bytecode); err != nil {
				return fmt.Errorf("%s: %w", c.environment, err)
			}
		}
		found.print(os.Stdout)
		all = append(all, found)
	}
	t := sum(all)
	t.print(os.Stdout)
	return t.judge()
}
