package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// profileProject writes a project whose interpreter is the python3 of PATH.
func profileProject(t *testing.T, files map[string]string) (dir string) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("FASTPATH_REQUIRE_ORACLES") == "1" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir = initProject(t, files)
	if err := os.RemoveAll(filepath.Join(dir, ".venv")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("FASTPATH_TEST_PYTHON", python)
	return dir
}

// runProfile runs profile with the test's own environment.
func runProfile(ctx context.Context, dir string, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")}
	code = c.Main(ctx, append([]string{"profile", "--python", os.Getenv("FASTPATH_TEST_PYTHON")}, args...))
	return code, out.String(), errs.String()
}

// TestProfileEntries: several entries are listed, one has its keys at the top.
func TestProfileEntries(t *testing.T) {
	dir := profileProject(t, map[string]string{
		"fastpath.toml": "entries = [\"one:handler\", \"pkg.two:handler\", \"tool.py\", \"-m pkg\"]\n",
		"one.py":        "import shared\ndef handler(event, context): ...\n",
		"pkg/two.py":    "import shared, json\ndef handler(event, context): import wave\n", "pkg/__init__.py": "", "pkg/__main__.py": "from . import two\n",
		"tool.py": "import shared\n", "shared.py": "import csv\n",
	})
	schema, err := compileSchema("profile")
	if err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"":                               "one:handler pkg.two:handler tool.py -m pkg",
		"pkg.two:handler":                "pkg.two:handler",
		"one.py":                         "one:handler",
		"tool.py":                        "tool.py",
		"one:handler\x00pkg.two.handler": "one:handler pkg.two:handler",
	} {
		list := []string{"-q", "--runs", "1", "--format", "json"}
		if args != "" {
			list = append(list, strings.Split(args, "\x00")...)
		}
		code, stdout, stderr := runProfile(t.Context(), dir, list...)
		if code != ExitOK {
			t.Fatalf("%q: exit %d: %s", args, code, stderr)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%q: %v", args, err)
		}
		var got []string
		top := value.(map[string]any)
		if e, ok := top["entry"]; ok {
			got = append(got, e.(string))
		} else {
			for _, e := range top["entries"].([]any) {
				got = append(got, e.(map[string]any)["entry"].(string))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: entries %q, want %q", args, got, want)
		}
	}
	lock, err := os.ReadFile(filepath.Join(dir, "fastpath.lock"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`[entry."tool.py"]`, `[entry."-m pkg"]`,
		`{ from = "__main__", module = "pkg.__main__", phase = "init", to = ["pkg.__main__"] }`,
		`{ from = "pkg.__main__", file = "pkg/__main__.py", module = ".", binding = "two", phase = "init", to = ["pkg.two"] }`,
		`{ from = "tool", file = "tool.py", module = "shared", binding = "shared", phase = "init", to = ["shared"] }`,
	} {
		if !bytes.Contains(lock, []byte(want)) {
			t.Errorf("%s is missing in the lock:\n%s", want, lock)
		}
	}
}

// TestProfileInterrupted: the evidence stays as it was.
func TestProfileInterrupted(t *testing.T) {
	dir := profileProject(t, map[string]string{
		"fastpath.toml": "entries = [\"app:handler\"]\n", "app.py": "import time\ntime.sleep(1000)\ndef handler(event, context): ...\n",
		"fastpath.lock": "schema = 1\n",
	})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(500*time.Millisecond, cancel)
	code, stdout, stderr := runProfile(ctx, dir)
	if code != ExitInterrupted || stdout != "" || !strings.Contains(stderr, "interrupted") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	if lock, err := os.ReadFile(filepath.Join(dir, "fastpath.lock")); err != nil || string(lock) != "schema = 1\n" {
		t.Errorf("%q %v", lock, err)
	}
}

func TestProfileReadOnlyFolder(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := profileProject(t, map[string]string{"fastpath.toml": "entries = [\"app:handler\"]\n", "app.py": "def handler(event, context): ...\n"})
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	code, _, stderr := runProfile(t.Context(), dir, "--runs", "1")
	if code != ExitFailure || !strings.Contains(stderr, "cannot write fastpath.lock") || !strings.Contains(stderr, "make the folder writable") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}
