package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/rewrite"
)

// largest is the size, in bytes, up to which files that are no sources are
// copied; larger ones are linked.
const largest = 64 << 10

// Scratch is a copy of a project with edits.
type Scratch struct {
	Root string // the project's folder in it, absolute
	dir  string // all of it
}

// Remove deletes the copy. What it links to stays.
func (s *Scratch) Remove() error { return os.RemoveAll(s.dir) }

// Copy makes the edited state of the project at root, below the folder for
// temporary files: folders that hold sources (from Project.Sources) are copied,
// all others, such as environments and data, are linked. What surrounds the
// project in its repository is linked, too, so that paths which lead there
// work. Call Remove at the end; after an error nothing is left.
func Copy(ctx context.Context, root string, sources []string, edits *rewrite.Edits) (s *Scratch, err error) {
	dir, err := os.MkdirTemp("", "fastpath-verify-")
	if err != nil {
		return nil, fmt.Errorf("cannot make a copy to verify in: %w", err)
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	s = &Scratch{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("cannot make a copy to verify in: %w", err), s.Remove())
			s = nil
		}
	}()
	c := &copier{ctx: ctx, root: root, folders: map[string]bool{".": true}, edits: edits}
	for _, f := range sources {
		c.folder(path.Dir(f))
	}
	for _, f := range edits.Files {
		c.folder(path.Dir(f.File))
	}
	if s.Root, err = surroundings(root, dir); err != nil {
		return s, err
	}
	if err = c.copy(root, ".", s.Root); err != nil {
		return s, err
	}
	return s, s.write(edits)
}

// write writes the edited files, and never through a link that leads out of the copy.
func (s *Scratch) write(edits *rewrite.Edits) (err error) {
	top, err := os.OpenRoot(s.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, top.Close()) }()
	at, err := filepath.Rel(s.dir, s.Root)
	if err != nil {
		return err
	}
	for _, f := range edits.Files {
		name := filepath.Join(at, filepath.FromSlash(f.File))
		if err = top.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err = top.WriteFile(name, f.New, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// surroundings makes the folder for the project below dir, with links to what
// lies around it up to the top of its repository.
func surroundings(root, dir string) (string, error) {
	top := root
	for d := root; ; d = filepath.Dir(d) {
		if _, err := os.Lstat(filepath.Join(d, ".git")); err == nil {
			top = d
			break
		}
		if d == filepath.Dir(d) {
			break
		}
	}
	rel, err := filepath.Rel(top, root)
	if err != nil {
		return "", err
	}
	base := filepath.Base(top)
	if base == string(filepath.Separator) || strings.HasSuffix(base, ":") {
		base = "project"
	}
	at := filepath.Join(dir, base)
	if err := os.Mkdir(at, 0o755); err != nil || rel == "." {
		return at, err
	}
	for part := range strings.SplitSeq(filepath.ToSlash(rel), "/") {
		list, err := os.ReadDir(top)
		if err != nil {
			return "", err
		}
		for _, d := range list {
			if d.Name() != part {
				if err := os.Symlink(filepath.Join(top, d.Name()), filepath.Join(at, d.Name())); err != nil {
					return "", err
				}
			}
		}
		top, at = filepath.Join(top, part), filepath.Join(at, part)
		if err := os.Mkdir(at, 0o755); err != nil {
			return "", err
		}
	}
	return at, nil
}

// copier copies one project.
type copier struct {
	ctx     context.Context
	root    string
	folders map[string]bool // those that are copied, relative, with slashes
	edits   *rewrite.Edits
}

// folder has a folder copied, and those around it.
func (c *copier) folder(dir string) {
	for !c.folders[dir] {
		c.folders[dir] = true
		dir = path.Dir(dir)
	}
}

// copy copies what is in the folder from, which is rel in the project.
func (c *copier) copy(from, rel, to string) error {
	list, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, d := range list {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		below := path.Join(rel, d.Name())
		src, dst := filepath.Join(from, d.Name()), filepath.Join(to, d.Name())
		if err := c.item(d, below, src, dst); err != nil {
			return err
		}
	}
	return nil
}

// skipped are folders that hold nothing for the program: byte-code, which
// would be written through a link, and our own state.
var skipped = []string{"__pycache__", ".fastpath"}

func (c *copier) item(d fs.DirEntry, rel, src, dst string) error {
	switch mode := d.Type(); {
	case d.IsDir() && slices.Contains(skipped, d.Name()), c.edits.File(rel) != nil:
		return nil
	case d.IsDir() && c.folders[rel]:
		if err := os.Mkdir(dst, 0o755); err != nil {
			return err
		}
		return c.copy(src, rel, dst)
	case mode&fs.ModeSymlink != 0:
		if c.folders[rel] { // git may list what is in it, from before it was a link
			if real, err := filepath.EvalSymlinks(src); err == nil {
				if err := os.Mkdir(dst, 0o755); err != nil {
					return err
				}
				return c.copy(real, rel, dst)
			}
		}
		return c.relink(src, dst)
	case mode.IsRegular():
		info, err := d.Info()
		if err == nil && (info.Size() <= largest || path.Ext(rel) == ".py") && copyFile(src, dst, info) == nil {
			return nil
		}
		_ = os.Remove(dst) // a half of it
	case !d.IsDir():
		return nil // sockets and the like
	}
	return os.Symlink(src, dst)
}

// relink makes the copy of a link: one that stays within the project leads
// within the copy.
func (c *copier) relink(src, dst string) error {
	target, err := os.Readlink(src)
	if err != nil {
		return err
	}
	absolute := target
	if !filepath.IsAbs(target) {
		absolute = filepath.Join(filepath.Dir(src), target)
	}
	below, err := filepath.Rel(c.root, absolute)
	if err != nil || !filepath.IsLocal(below) {
		return os.Symlink(absolute, dst)
	}
	at, err := filepath.Rel(filepath.Dir(src), absolute)
	if err != nil {
		return err
	}
	return os.Symlink(at, dst)
}

// copyFile copies a file with its mode and the time of its last change, by
// which Python knows byte-code.
func copyFile(src, dst string, info fs.FileInfo) (err error) {
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm()|0o200)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err = errors.Join(err, out.Close()); err != nil {
		return err
	}
	return os.Chtimes(dst, info.ModTime(), info.ModTime())
}
