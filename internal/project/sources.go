package project

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"fastpath/internal/python/source"
)

// Sources returns every Python file of the project, relative to its root, with
// slashes and sorted. In a git work tree these are the files that git tracks
// or would offer to add; elsewhere it is every file. Virtual environments and
// build output are never part of it.
func (p *Project) Sources() ([]string, error) {
	out, err := Named(p.Root, isPython, "*.py")
	if err == nil && len(out) == 0 { // git may ignore them
		out, err = walk(p.Root, isPython, buildOutput)
	}
	if err != nil {
		return nil, err
	}
	skip := newSkipper(p.Root)
	for _, sub := range submodules(p.Root) {
		if skip.below(sub) || !isDir(filepath.Join(p.Root, filepath.FromSlash(sub))) {
			continue
		}
		below, err := (&Project{Root: filepath.Join(p.Root, filepath.FromSlash(sub))}).Sources()
		if err != nil {
			return nil, err
		}
		for _, f := range below {
			out = append(out, path.Join(sub, f))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Named returns the files below root whose base name is wanted, relative to it,
// with slashes and sorted: in a git work tree those that git tracks or would
// offer to add, elsewhere every file, without virtual environments and build
// output. Patterns are git's and name at least what is wanted; where none of
// them matches anything, and nothing at all is tracked, git is taken to ignore
// the folder.
func Named(root string, wanted func(name string) bool, patterns ...string) ([]string, error) {
	files, err := gitFiles(root, []string{"--cached", "--others", "--exclude-standard"}, patterns...)
	if err == nil && len(files) == 0 {
		var tracked []string
		if tracked, err = gitFiles(root, []string{"--cached"}); err == nil && len(tracked) > 0 {
			return nil, nil
		}
	}
	if err != nil || len(files) == 0 {
		// No git, no work tree, or a folder that git ignores as a whole.
		return walk(root, wanted, buildOutput)
	}
	skip := newSkipper(root)
	var out []string
	for _, f := range files {
		if wanted(path.Base(f)) && !skip.below(path.Dir(f)) && isFile(filepath.Join(root, filepath.FromSlash(f))) {
			out = append(out, f)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Listing returns the Python files that paths name: files as they are, and
// every .py below folders except .git, __pycache__, node_modules and virtual
// environments. Paths are relative to base, which must be absolute; so are
// the results, with slashes and sorted, where they are below base, and
// absolute elsewhere.
func Listing(base string, paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		abs := p
		if !filepath.IsAbs(abs) {
			abs = filepath.Join(base, p)
		}
		info, err := os.Stat(abs)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%q does not exist", p)
		}
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, relative(base, abs))
			continue
		}
		files, err := walk(abs, isPython, nil)
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			out = append(out, relative(base, filepath.Join(abs, filepath.FromSlash(f))))
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// relative returns abs relative to base when it is below it, with slashes.
func relative(base, abs string) string {
	rel, err := filepath.Rel(base, abs)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(filepath.Clean(abs))
	}
	return filepath.ToSlash(rel)
}

func isPython(name string) bool { return strings.HasSuffix(name, ".py") }

// buildOutput names folders that hold copies of the sources, or our own state.
var buildOutput = []string{".aws-sam", ".fastpath", "cdk.out"}

// neverSources are folders that no listing enters.
var neverSources = []string{".git", "__pycache__", "node_modules"}

// walk lists the files below root whose name is wanted, without following
// links to folders. wanted is called on all cores.
func walk(root string, wanted func(name string) bool, alsoSkip []string) ([]string, error) {
	w := walker{wanted: wanted, alsoSkip: alsoSkip, todo: []folder{{dir: root}}}
	w.more.L = &w.mutex
	var working sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		working.Go(w.work)
	}
	working.Wait()
	slices.Sort(w.found)
	return w.found, w.err
}

// walker is the state of walk.
type walker struct {
	wanted   func(name string) bool
	alsoSkip []string

	mutex sync.Mutex
	more  sync.Cond // somebody has found folders, or the last ones were listed
	todo  []folder
	busy  int // so many folders are being listed
	found []string
	err   error  // of the folder that comes first by name
	at    string // this folder
}

// folder is one that is to be listed: below is its path from the root, with a
// slash at its end, "" for the root.
type folder struct{ dir, below string }

// work lists one folder after the other until none is left.
func (w *walker) work() {
	var list []source.Entry
	w.mutex.Lock()
	defer w.mutex.Unlock()
	for {
		for len(w.todo) == 0 && w.busy > 0 {
			w.more.Wait()
		}
		last := len(w.todo) - 1
		if last < 0 {
			w.more.Broadcast()
			return
		}
		f := w.todo[last]
		w.todo = w.todo[:last]
		w.busy++
		w.mutex.Unlock()
		var err error
		list, err = source.List(f.dir, list[:0])
		files, folders := w.sort(f, list)
		w.mutex.Lock()
		w.busy--
		if err != nil {
			w.fail(f.below, err)
			continue
		}
		w.found = append(w.found, files...)
		if w.todo = append(w.todo, folders...); len(folders) > 1 { // the first one is for this worker
			w.more.Broadcast()
		}
	}
}

// sort returns the files that are wanted of those in a folder, and the folders.
func (w *walker) sort(f folder, list []source.Entry) (files []string, folders []folder) {
	if f.below != "" && slices.ContainsFunc(list, isVenvMark) {
		return nil, nil
	}
	for _, d := range list {
		switch {
		case !d.Type.IsDir():
			if w.wanted(d.Name) && (d.Type.IsRegular() || isFile(filepath.Join(f.dir, d.Name))) {
				files = append(files, f.below+d.Name)
			}
		case !slices.Contains(neverSources, d.Name) && !slices.Contains(w.alsoSkip, d.Name):
			folders = append(folders, folder{filepath.Join(f.dir, d.Name), f.below + d.Name + "/"})
		}
	}
	return files, folders
}

// fail keeps the error of a folder. One may go while others are listed, as those
// of tests and builds do.
func (w *walker) fail(below string, err error) {
	gone := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
	if below != "" && (gone || errors.Is(err, fs.ErrPermission)) {
		return
	}
	if w.err == nil || below < w.at {
		w.err, w.at = err, below
	}
}

// isVenvMark reports whether what is in a folder makes it a virtual environment.
func isVenvMark(d source.Entry) bool {
	return d.Name == "pyvenv.cfg" || d.Name == "conda-meta" && d.Type.IsDir()
}

// isVenv reports whether dir is a virtual environment, of venv or of conda.
func isVenv(dir string) bool {
	return exists(filepath.Join(dir, "pyvenv.cfg")) || isDir(filepath.Join(dir, "conda-meta"))
}

// skipper knows which folders of a git listing are no sources.
type skipper struct {
	root string
	dirs map[string]bool
}

func newSkipper(root string) *skipper {
	return &skipper{root, map[string]bool{".": false}}
}

// below reports whether dir, relative to the root, is or lies in such a folder.
func (s *skipper) below(dir string) bool {
	if skip, ok := s.dirs[dir]; ok {
		return skip
	}
	base := path.Base(dir)
	skip := slices.Contains(neverSources, base) || slices.Contains(buildOutput, base) ||
		s.below(path.Dir(dir)) || isVenv(filepath.Join(s.root, filepath.FromSlash(dir)))
	s.dirs[dir] = skip
	return skip
}

// gitFiles lists files by git ls-files: which of them, and which patterns. The
// repository's own configuration must not start programs: fsmonitor is off.
func gitFiles(root string, which []string, patterns ...string) ([]string, error) {
	if !inWorkTree(root) {
		return nil, errors.New("no git work tree")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	args := slices.Concat([]string{"-c", "core.fsmonitor=false", "ls-files", "-z"}, which, []string{"--"}, patterns)
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = root
	cmd.Env = gitEnv(os.Environ())
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	var files []string
	for name := range bytes.SplitSeq(out, []byte{0}) {
		if len(name) > 0 {
			files = append(files, string(name))
		}
	}
	return files, nil
}

// gitEnv drops the variables by which a git hook points at another repository.
func gitEnv(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		k, _, _ := strings.Cut(kv, "=")
		return k == "GIT_DIR" || k == "GIT_WORK_TREE" || k == "GIT_INDEX_FILE" || k == "GIT_PREFIX"
	})
}

// inWorkTree reports whether dir or a parent has .git.
func inWorkTree(dir string) bool {
	for {
		if exists(filepath.Join(dir, ".git")) {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}

// submodules returns the folders that .gitmodules names.
func submodules(root string) []string {
	data, err := os.ReadFile(filepath.Join(root, ".gitmodules"))
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		k, v, ok := strings.Cut(line, "=")
		v = path.Clean(strings.Trim(strings.TrimSpace(v), `"`))
		if ok && strings.TrimSpace(k) == "path" && v != "." && !path.IsAbs(v) && !strings.HasPrefix(v, "..") {
			dirs = append(dirs, v)
		}
	}
	return dirs
}
