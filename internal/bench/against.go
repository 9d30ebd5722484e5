package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Checkout writes the project folder as it was at a git revision below dest,
// which must exist, and returns where. The files are those of a work tree,
// with git's conversions and filters; but nothing is registered in the
// repository, and no file of the user's is touched: the index that git needs
// for it lies in dest too.
func Checkout(ctx context.Context, projectRoot, rev, dest string) (folder string, err error) {
	prefix, err := git(ctx, projectRoot, nil, nil, "rev-parse", "--show-prefix")
	if err != nil {
		return "", fmt.Errorf("%q is no folder, and the project is not in a git repository that could know it as a revision", rev)
	}
	commit, err := git(ctx, projectRoot, nil, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return "", fmt.Errorf("%q is neither a folder nor a git revision", rev)
	}
	commit = strings.TrimSpace(commit)
	prefix = strings.TrimRight(prefix, "\r\n")
	if _, err := git(ctx, projectRoot, nil, nil, "rev-parse", "--verify", "--quiet", commit+":"+strings.TrimSuffix(prefix, "/")); err != nil {
		return "", fmt.Errorf("the revision has no folder %q", strings.TrimSuffix(prefix, "/"))
	}
	top, err := git(ctx, projectRoot, nil, nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return "", err
	}
	top = strings.TrimRight(top, "\r\n")
	index := []string{"GIT_INDEX_FILE=" + filepath.Join(dest, "index")}
	if _, err := git(ctx, top, index, nil, "read-tree", commit); err != nil {
		return "", err
	}
	files, err := git(ctx, top, index, nil, "ls-files", "-z", "--", ":(top,literal)"+prefix)
	if err != nil {
		return "", err
	}
	tree := filepath.Join(dest, "tree")
	if err := os.Mkdir(tree, 0o755); err != nil {
		return "", err
	}
	if _, err := git(ctx, top, index, strings.NewReader(files), "checkout-index", "-z", "--stdin", "--prefix="+filepath.ToSlash(tree)+"/"); err != nil {
		return "", err
	}
	folder = filepath.Join(tree, filepath.FromSlash(prefix))
	return folder, os.MkdirAll(folder, 0o755) // a revision may hold no file of it
}

// git runs git in dir and returns what it prints.
func git(ctx context.Context, dir string, env []string, stdin *strings.Reader, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env...)
	if stdin != nil {
		cmd.Stdin = stdin
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(fmt.Errorf("git %s: %w", args[0], err), errors.New(strings.TrimSpace(stderr.String())))
	}
	return string(out), err
}
