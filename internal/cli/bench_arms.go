package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/bench"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
	"fastpath/internal/python/launch"
)

// benchSet is what a bench measures: the present state, and what it is
// compared with.
type benchSet struct {
	arms      []bench.Arm
	pairs     []bench.Pair
	now       int // the arm of the present state
	python    *interp.Interpreter
	revisions map[string]bool // arms that hold what git tracks, and nothing else
	folders   []string        // to remove at the end
}

// cleanup removes the folders that were made for revisions.
func (s *benchSet) cleanup() {
	for _, dir := range s.folders {
		_ = os.RemoveAll(dir)
	}
}

// explain adds what people should know about an arm that failed.
func (s *benchSet) explain(err error) error {
	var run *bench.RunError
	if errors.As(err, &run) && s.revisions[run.Arm] && strings.Contains(run.Detail, "No module named") {
		return fmt.Errorf("%w\na revision holds what git tracks: what is built or installed into the project's folder is missing there; compare with a folder that has it: --against DIR", err)
	}
	return err
}

// benchArms makes the arms. Those of --against come first and are compared with
// the present state; what follows it is compared with it. Call cleanup at the
// end.
func (a *app) benchArms(p *project.Project, e project.Entry, opt *benchOptions) (_ *benchSet, err error) {
	set := &benchSet{revisions: map[string]bool{}, now: len(opt.against)}
	defer func() {
		if err != nil {
			set.cleanup()
		}
	}()
	if set.python, err = a.interpreter(p); err != nil {
		return nil, err
	}
	deployed, from, err := a.deployedEnv(p.Root, &e)
	if err != nil {
		return nil, err
	}
	a.noteDeployed(from)
	environment := func(extra ...string) []string {
		return launch.Environment(deployed, launch.EnvOptions{RealCredentials: opt.realCredentials, Extra: extra})
	}
	for i, against := range opt.against {
		root, err := a.otherState(p, against, set)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(e.File))); err != nil {
			return nil, fmt.Errorf("%s has no %s, the file of the entry %q", against, e.File, e.Name)
		}
		then, _, err := a.deployedEnv(root, &e)
		if err != nil {
			return nil, err
		}
		env := launch.Environment(then, launch.EnvOptions{RealCredentials: opt.realCredentials})
		set.arms = append(set.arms, benchArm(against, root, e, set.python, env))
		set.pairs = append(set.pairs, bench.Pair{Before: i, After: set.now})
	}
	now := benchArm("now", p.Root, e, set.python, environment())
	set.arms = append(set.arms, now)
	add := func(arm bench.Arm) {
		set.pairs = append(set.pairs, bench.Pair{Before: set.now, After: len(set.arms)})
		set.arms = append(set.arms, arm)
	}
	if len(opt.env) > 0 {
		add(benchArm(strings.Join(opt.env, " "), p.Root, e, set.python, environment(opt.env...)))
	}
	for _, path := range opt.pythons[min(1, len(opt.pythons)):] {
		other := *a
		other.python = path
		python, err := other.interpreter(p)
		if err != nil {
			return nil, err
		}
		add(benchArm(path, p.Root, e, python, environment()))
	}
	for _, state := range opt.bytecode {
		arm := now
		arm.Name, arm.Bytecode = "byte-code "+state, launch.Bytecode(state)
		add(arm)
	}
	names := map[string]bool{}
	for _, arm := range set.arms {
		if names[arm.Name] {
			return nil, usageErrorf("two arms are called %q; name each state once", arm.Name)
		}
		names[arm.Name] = true
	}
	return set, nil
}

// benchArm is the entry in the project folder root.
func benchArm(name, root string, e project.Entry, python *interp.Interpreter, env []string) bench.Arm {
	importRoot := filepath.Join(root, filepath.FromSlash(e.ImportRoot))
	_, command, _ := strings.Cut(e.Name, ":")
	return bench.Arm{
		Name: name, Python: python.Path, Version: fmt.Sprintf("%d.%d", python.Version.Major, python.Version.Minor),
		Root: root, Dir: e.WorkDir(root), ImportRoot: importRoot, Kind: string(e.Kind), Command: command,
		Module: e.Module, Attr: e.Attr, File: filepath.Join(root, filepath.FromSlash(e.File)),
		Roots: []string{importRoot, root}, Env: env, MemoryMB: e.MemoryMB,
	}
}

// otherState returns the folder to compare with: a folder as it is, or the
// project at a git revision, in a temporary folder.
func (a *app) otherState(p *project.Project, against string, set *benchSet) (root string, err error) {
	if dir := a.path(against); isFolder(dir) {
		return dir, nil
	}
	dir, err := os.MkdirTemp("", "fastpath-bench-")
	if err != nil {
		return "", err
	}
	set.folders = append(set.folders, dir)
	set.revisions[against] = true
	root, err = bench.Checkout(a.ctx, p.Root, against, dir)
	if err != nil {
		return "", usageErrorf("--against %s: %w", against, err)
	}
	return root, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// splitWords splits a line as a POSIX shell does, without expansions: words
// are separated by blanks, quotes and backslashes keep characters.
func splitWords(line string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord := false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; c {
		case ' ', '\t', '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
				inWord = false
			}
		case '\'', '"':
			inWord = true
			for i++; ; i++ {
				if i >= len(line) {
					return nil, fmt.Errorf("the quote %q is not closed", c)
				}
				if line[i] == c {
					break
				}
				if c == '"' && line[i] == '\\' && i+1 < len(line) && strings.IndexByte("\\\"$`", line[i+1]) >= 0 {
					i++
				}
				word.WriteByte(line[i])
			}
		case '\\':
			inWord = true
			if i++; i >= len(line) {
				return nil, errors.New("nothing follows the backslash at the end")
			}
			word.WriteByte(line[i])
		default:
			inWord = true
			word.WriteByte(c)
		}
	}
	if inWord {
		words = append(words, word.String())
	}
	return words, nil
}
