// Package gate tells whether a change makes the start of an entry slower.
//
// What comes in are two states of a project: the present one, and the one at
// the commit where the change branched off, as folders. The gate looks first
// at what does not depend on the machine: the set of modules that a start
// loads. What is new in it is named with the chain of statements that loads it
// and the line of the change that is responsible (Grown). Only then come
// milliseconds, from package bench: slower counts when it is beyond a margin,
// beyond noise, and found again by a second measurement (Judge). What goes out
// are diagnostics of the rules FP301 to FP303.
//
// Sets first, because two starts of the same code differ by a fifth in time
// on a busy machine and by nothing in what they load.
package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// The rules of the gate's findings.
const (
	RuleModules = "FP301" // the set of modules at start grew
	RuleBudget  = "FP302" // cold start over budget
	RuleSlower  = "FP303" // cold start slower than the baseline
)

// A BaseError says why there is nothing to compare with.
type BaseError struct {
	Rev     string // as the user wrote it
	Message string
}

// Error returns "REV: what is wrong and what to do".
func (e *BaseError) Error() string { return fmt.Sprintf("%s: %s", e.Rev, e.Message) }

// MergeBase returns the commit where the present state of the repository around
// dir branched off from rev. A revision that does not exist, no repository, and
// a clone that is too shallow to tell are *BaseError values.
func MergeBase(ctx context.Context, dir, rev string) (string, error) {
	if _, err := git(ctx, dir, "rev-parse", "--show-toplevel"); err != nil {
		return "", &BaseError{rev, "the project is not in a git repository, so that there is no state to compare with"}
	}
	commit, err := git(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	shallow, _ := git(ctx, dir, "rev-parse", "--is-shallow-repository")
	fetch := "fetch the history first: git fetch --unshallow (for actions/checkout: fetch-depth: 0)"
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		if shallow == "true" {
			return "", &BaseError{rev, "this shallow clone has no such revision; " + fetch}
		}
		return "", &BaseError{rev, "there is no such git revision; name a branch, a tag or a commit that is fetched"}
	}
	base, err := git(ctx, dir, "merge-base", commit, "HEAD")
	switch {
	case err == nil:
		return strings.Fields(base)[0], nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case shallow == "true":
		return "", &BaseError{rev, "this shallow clone does not hold the commit where it and HEAD branched off; " + fetch}
	}
	return "", &BaseError{rev, "it has no commit in common with HEAD"}
}

// git runs git in dir and returns what it prints, without the line's end. The
// repository's own configuration must not start programs.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-c", "core.fsmonitor=false"}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", errors.Join(fmt.Errorf("git %s: %w", args[0], err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return strings.TrimRight(string(out), "\r\n"), nil
}
