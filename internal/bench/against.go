package bench

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// Checkout writes the project folder as it was at a git revision into dest,
// which must exist. It reads the repository and changes nothing in it: no
// work tree is registered, no file of the user's is touched.
func Checkout(ctx context.Context, projectRoot, rev, dest string) error {
	prefix, err := git(ctx, projectRoot, "rev-parse", "--show-prefix")
	if err != nil {
		return fmt.Errorf("%q is no folder, and the project is not in a git repository that could know it as a revision", rev)
	}
	commit, err := git(ctx, projectRoot, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		return fmt.Errorf("%q is neither a folder nor a git revision", rev)
	}
	commit = strings.TrimSpace(commit)
	folder := strings.TrimSuffix(strings.TrimSpace(prefix), "/")
	if _, err := git(ctx, projectRoot, "rev-parse", "--verify", "--quiet", commit+":"+folder); err != nil {
		return fmt.Errorf("the revision has no folder %q", folder)
	}
	// Below the repository's root, git archives the working directory alone.
	cmd := exec.CommandContext(ctx, "git", "archive", "--format=tar", commit)
	cmd.Dir = projectRoot
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("git cannot be started: %w", err)
	}
	unpackErr := unpack(out, dest)
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("git archive %s: %w: %s", rev, err, strings.TrimSpace(stderr.String()))
	}
	return unpackErr
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.Output()
	return string(out), err
}

// unpack writes the folders, files and links of a tar archive below dest.
func unpack(r io.Reader, dest string) error {
	root, err := os.OpenRoot(dest)
	if err != nil {
		return err
	}
	defer root.Close()
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.FromSlash(path.Clean(h.Name))
		if name == "." {
			continue
		}
		if dir := filepath.Dir(name); dir != "." {
			if err := root.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeReg:
			err = writeFile(root, name, os.FileMode(h.Mode).Perm()|0o600, tr)
		}
		if err != nil {
			return err
		}
	}
}

func writeFile(root *os.Root, name string, mode os.FileMode, r io.Reader) error {
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
