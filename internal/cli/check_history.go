package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/fastfile"
)

// oldest is how many commits of a fast path file are looked at for the last
// change of its imports.
const oldest = 100

// earlierFile returns the function that finds, in git, a fast path file as it
// was before its imports last changed; root is the project's folder. Nothing is
// known outside of a repository, and where a shallow clone ends too early.
func earlierFile(ctx context.Context, root string) func(file string) (before *fastfile.Content, known bool) {
	git := func(args ...string) (string, bool) {
		cmd := exec.CommandContext(ctx, "git", args...)
		cmd.Dir = root
		out, err := cmd.Output()
		return string(out), err == nil
	}
	return func(file string) (*fastfile.Content, bool) {
		shallow, ok := git("rev-parse", "--is-shallow-repository")
		if !ok {
			return nil, false
		}
		src, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return nil, false
		}
		now := fastfile.Parse(src)
		// In an empty repository there is no log: the file is new.
		log, _ := git("log", "--format=%H", fmt.Sprintf("--max-count=%d", oldest), "--", ":(literal)"+file)
		commits := strings.Fields(log)
		for _, commit := range commits {
			text, ok := git("show", "--end-of-options", commit+":./"+file)
			if !ok {
				continue // deleted there
			}
			if old := fastfile.Parse([]byte(text)); !slices.Equal(old.Statements(), now.Statements()) {
				return old, true
			}
		}
		return nil, strings.TrimSpace(shallow) != "true" && len(commits) < oldest
	}
}
