package main

import (
	"cmp"
	"context"
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// countedRemovals is how many removals of a case are run under valgrind, which
// makes everything thirty times slower: those that save most.
const countedRemovals = 4

// countInstructions runs the program under valgrind, whole and without some
// statements, and notes which share of the instructions of all its imports
// went. Nothing of fastpath runs in these processes. Kernel time is missing,
// which matters where large libraries are mapped.
func (out *outcome) countInstructions(ctx context.Context, valgrind, python, bytecode string) error {
	dir, remove, err := out.folder(bytecode)
	if err != nil {
		return err
	}
	defer remove()
	env := environment(bytecode)
	count := func(program string) (float64, error) { return instructions(ctx, valgrind, python, dir, env, program) }
	// Collections are left out, as fastpath leaves them out of self times, and
	// so is the end of the interpreter.
	const whole = "import gc, os; gc.disable(); import app; os._exit(0)"
	bare, err := count(strings.Replace(whole, "import app; ", "", 1))
	if err != nil {
		return err
	}
	if _, err := count(whole); err != nil { // writes byte-code
		return err
	}
	full, err := count(whole)
	if err != nil {
		return err
	}
	order := make([]int, len(out.imports))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return -cmp.Compare(out.removals[a].predicted[ours], out.removals[b].predicted[ours])
	})
	for _, i := range order[:min(countedRemovals, len(order))] {
		if err := out.write(dir, bytecode, []int{i}); err != nil {
			return err
		}
		without, err := count(whole)
		if err != nil {
			return err
		}
		out.removals[i].instructions = max(0, points(full-without, full-bare))
	}
	return nil
}

var instructionCount = regexp.MustCompile(`I\s+refs:\s+([\d,]+)`)

// instructions returns how many instructions Python executes for a program.
func instructions(ctx context.Context, valgrind, python, dir string, env []string, program string) (float64, error) {
	cmd := exec.CommandContext(ctx, valgrind, "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null", python, "-c", program)
	cmd.Dir, cmd.Env = dir, env
	said, err := cmd.CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("valgrind: %w: %s", err, said)
	}
	m := instructionCount.FindSubmatch(said)
	if m == nil {
		return 0, fmt.Errorf("valgrind counts nothing: %s", said)
	}
	return strconv.ParseFloat(strings.ReplaceAll(string(m[1]), ",", ""), 64)
}
