package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Workspace is what everything happens in: a virtual environment, which
// outlives a run, and two copies of the example, which do not.
type Workspace struct {
	Dir     string // absolute
	Example string // the application in the repository
	Binary  string // fastpath
	Python  string // of the virtual environment
	Version string // of Python, "3.13.0"

	App    string // the scratch copy that fastpath works on
	Before string // the scratch copy that stays as it was

	LightMS float64 // of the scratch copy's configuration; 0 leaves it to fastpath

	Log   io.Writer // what is being done, and the output of what is run
	env   []string
	steps int
}

// venvBin is the folder of a virtual environment that holds its programs.
func venvBin() string {
	if runtime.GOOS == "windows" {
		return "Scripts"
	}
	return "bin"
}

// Options say what a workspace is made of; paths are absolute where nothing
// else is said.
type Options struct {
	Repository string // of fastpath
	Venvs      string // folder of the virtual environments
	Dir        string // folder of the scratch copies
	Binary     string // fastpath
	Python     string // a program on PATH, or a path, relative to Repository
	LightMS    float64
	Log        io.Writer
}

// NewWorkspace makes the workspace for one interpreter: it installs the
// example's requirements unless they are there already, and copies the example
// twice.
func NewWorkspace(ctx context.Context, o Options) (*Workspace, error) {
	w := &Workspace{Dir: o.Dir, Example: filepath.Join(o.Repository, "examples", "smart-home"), Binary: o.Binary, LightMS: o.LightMS, Log: o.Log}
	for _, dir := range []string{o.Venvs, o.Dir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
	}
	w.env = cleanEnvironment(os.Environ())
	if strings.ContainsAny(o.Python, `/\`) && !filepath.IsAbs(o.Python) {
		o.Python = filepath.Join(o.Repository, o.Python)
	}
	if err := w.install(ctx, o.Venvs, o.Python); err != nil {
		return nil, err
	}
	w.App, w.Before = filepath.Join(o.Dir, "smart-home"), filepath.Join(o.Dir, "smart-home-before")
	for _, target := range []string{w.App, w.Before} {
		if err := os.RemoveAll(target); err != nil {
			return nil, err
		}
		if err := os.CopyFS(target, os.DirFS(w.Example)); err != nil {
			return nil, fmt.Errorf("cannot copy the example: %w", err)
		}
		if err := dropCaches(target); err != nil {
			return nil, err
		}
	}
	// A repository of its own, so that git shows what fastpath changed.
	for _, args := range [][]string{{"init", "--quiet"}, {"add", "--all"}, {"-c", "user.name=demo", "-c", "user.email=demo@example.com", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "the example as it is"}} {
		if _, err := w.run(ctx, w.App, nil, "git", args...); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// light is the limit of what is light, in ms: the documents' if none is set.
func (w *Workspace) light() float64 { return cmp.Or(w.LightMS, 10) }

// setLight writes LightMS into the scratch copy's configuration.
func (w *Workspace) setLight() error {
	if w.LightMS == 0 {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(w.App, "pyproject.toml"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "\n[tool.fastpath.thresholds]\nlight-ms = %v\n", w.LightMS)
	return errors.Join(err, f.Close())
}

// cleanEnvironment drops what would change which Python runs, or how.
func cleanEnvironment(env []string) []string {
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return strings.HasPrefix(name, "PYTHON") || strings.HasPrefix(name, "GIT_") || strings.HasPrefix(name, "AWS_") ||
			slices.Contains([]string{"VIRTUAL_ENV", "NO_PROXY", "no_proxy"}, name)
	})
	return append(env, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1")
}

// dropCaches removes byte-code and pytest's cache from a copy.
func dropCaches(root string) error {
	return filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "__pycache__" || d.Name() == ".pytest_cache") {
			return errors.Join(os.RemoveAll(path), filepath.SkipDir)
		}
		return err
	})
}

// install makes the virtual environment for python, or takes the one that an
// earlier run made from the same interpreter and requirements.
func (w *Workspace) install(ctx context.Context, venvs, python string) error {
	about, err := w.run(ctx, w.Dir, nil, python, "-c", "import platform, sys; print(platform.python_version()); print(sys.executable)")
	if err != nil {
		return fmt.Errorf("cannot run the interpreter %q; name another one: make demo PYTHON=/path/to/python3: %w", python, err)
	}
	lines := strings.Fields(string(about))
	var major, minor int
	if len(lines) < 2 {
		return fmt.Errorf("the interpreter %q does not say its version", python)
	}
	w.Version = lines[0]
	if n, _ := fmt.Sscanf(w.Version, "%d.%d", &major, &minor); n != 2 || major < 3 || major == 3 && minor < 9 {
		return fmt.Errorf("the example needs Python 3.9 or later, %q is %s; name another one: make demo PYTHON=/path/to/python3", python, w.Version)
	}
	hash := sha256.New()
	fmt.Fprintln(hash, lines)
	for _, name := range []string{"requirements.txt", "requirements-dev.txt"} {
		text, err := os.ReadFile(filepath.Join(w.Example, name))
		if err != nil {
			return err
		}
		hash.Write(text)
	}
	venv := filepath.Join(venvs, fmt.Sprintf("venv-%d.%d-%x", major, minor, hash.Sum(nil)[:4]))
	done := filepath.Join(venv, "complete")
	w.Python = filepath.Join(venv, venvBin(), "python")
	if _, err := os.Stat(done); err != nil {
		fmt.Fprintf(w.Log, "installing the example's requirements for Python %s into %s (once)\n", w.Version, filepath.Base(venv))
		if err := os.RemoveAll(venv); err != nil {
			return err
		}
		if _, err := w.run(ctx, w.Dir, nil, python, "-m", "venv", venv); err != nil {
			return fmt.Errorf("cannot make a virtual environment (on Debian and Ubuntu it needs the package python3-venv): %w", err)
		}
		if _, err := w.run(ctx, w.Dir, nil, w.Python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
			"--requirement", filepath.Join(w.Example, "requirements-dev.txt")); err != nil {
			return fmt.Errorf("cannot install the example's requirements: %w", err)
		}
		if err := os.WriteFile(done, nil, 0o644); err != nil {
			return err
		}
	}
	// As after "source .venv/bin/activate".
	w.env = append(w.env, "VIRTUAL_ENV="+venv)
	return nil
}

// run runs a program in dir, with env added to its environment, and returns
// its standard output. Its standard error is part of the error when it fails.
func (w *Workspace) run(ctx context.Context, dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := w.command(ctx, dir, name, args...)
	cmd.Env = append(cmd.Env, env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		tail := strings.TrimSpace(stdout.String() + "\n" + stderr.String())
		if len(tail) > 4000 {
			tail = "…" + tail[len(tail)-4000:]
		}
		return stdout.Bytes(), fmt.Errorf("%s %s: %w\n%s", filepath.Base(name), strings.Join(args, " "), err, tail)
	}
	return stdout.Bytes(), nil
}

// command prepares a program that is interrupted, not killed, when ctx ends.
func (w *Workspace) command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, slices.Clone(w.env)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

// Fastpath runs the program in the scratch copy and returns its standard
// output and exit code. Its standard error goes to the log as it comes; with
// show so does its standard output.
func (w *Workspace) Fastpath(ctx context.Context, show bool, args ...string) ([]byte, int, error) {
	fmt.Fprintf(w.Log, "$ fastpath %s\n", strings.Join(args, " "))
	cmd := w.command(ctx, w.App, w.Binary, args...)
	var stdout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, w.Log
	if show {
		cmd.Stdout = io.MultiWriter(&stdout, w.Log)
	}
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 { // findings
		return stdout.Bytes(), 1, nil
	}
	if err != nil {
		return nil, -1, fmt.Errorf("fastpath %s: %w", strings.Join(args, " "), err)
	}
	return stdout.Bytes(), 0, nil
}

// JSON runs the program with --format json and reads its output into v.
func (w *Workspace) JSON(ctx context.Context, v any, args ...string) error {
	out, _, err := w.Fastpath(ctx, false, append(args, "--format", "json")...)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out, v); err != nil {
		return fmt.Errorf("fastpath %s: its output is not what docs/schemas says: %w", strings.Join(args, " "), err)
	}
	return nil
}

// StartStack starts the example's S3-compatible server on a free loopback
// port and points everything that runs from now on to it.
func (w *Workspace) StartStack(ctx context.Context) (stop func() error, err error) {
	cmd := w.command(ctx, w.Before, w.Python, filepath.Join("dev", "local_stack.py"))
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	var env []string
	text, buf := "", make([]byte, 1024)
	for !strings.HasSuffix(text, "\n\n") {
		n, err := stdout.Read(buf)
		text += strings.ReplaceAll(string(buf[:n]), "\r\n", "\n")
		if err != nil {
			_ = cmd.Wait()
			return nil, fmt.Errorf("the local S3 server did not start: %w\n%s", err, stderr.String())
		}
	}
	env = strings.Fields(text)
	w.env = append(w.env, env...)
	url, _, _ := strings.Cut(strings.TrimPrefix(env[0], "S3_ENDPOINT_URL="), "\n")
	fmt.Fprintf(w.Log, "local S3 server at %s\n", url)
	return func() error { return errors.Join(stdin.Close(), cmd.Wait()) }, nil
}

// Events sends every event to the handler in dir, each in a fresh process, and
// returns the answers as JSON and how many there are.
func (w *Workspace) Events(ctx context.Context, dir string) (answers []byte, n int, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "events", "*.json"))
	if err != nil {
		return nil, 0, err
	}
	for i := range files {
		files[i] = filepath.Join("events", filepath.Base(files[i]))
	}
	answers, err = w.run(ctx, dir, []string{"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local"},
		w.Python, append([]string{filepath.Join("dev", "invoke.py")}, files...)...)
	return answers, len(files), err
}

var passed = regexp.MustCompile(`\b(\d+) passed`)

// Pytest runs tests in dir, with env added to the environment, and returns how
// many passed; a failure is an error.
func (w *Workspace) Pytest(ctx context.Context, dir string, env ...string) (int, error) {
	out, err := w.run(ctx, dir, env, w.Python, "-m", "pytest", "-p", "no:cacheprovider")
	if err != nil {
		return 0, err
	}
	n := 0
	if m := passed.FindSubmatch(out); m != nil {
		_, err = fmt.Sscan(string(m[1]), &n)
	}
	if err != nil || n == 0 {
		return 0, fmt.Errorf("pytest ran no test in %s:\n%s", dir, out)
	}
	return n, nil
}

// DocumentsTests runs the two tests that the founding document prescribes, as
// they stand there, against the generated file: in a process of their own with
// the import root on the path.
func (w *Workspace) DocumentsTests(ctx context.Context) (int, error) {
	dir := filepath.Join(w.Dir, "documents")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, "test_fast_path.py"), documentsTests, 0o644); err != nil {
		return 0, err
	}
	// An own configuration, or pytest takes that of a folder above.
	if err := os.WriteFile(filepath.Join(dir, "pytest.ini"), []byte("[pytest]\n"), 0o644); err != nil {
		return 0, err
	}
	// The tests take the wall time of one import: a busy machine gets more tries.
	for try := 1; ; try++ {
		n, err := w.Pytest(ctx, dir, "PYTHONPATH="+w.App)
		if err == nil || try == 5 || ctx.Err() != nil {
			return n, err
		}
	}
}
