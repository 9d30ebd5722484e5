package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// syntaxFiles are a program with a cold import that a test patches, one of a
// name beside others, and one of a submodule.
var syntaxFiles = map[string]string{
	"fastpath.toml":   "entries = [\"app:handler\"]\n",
	"heavy.py":        "import time\n\nimport deep\n\ntime.sleep(0.03)\n\n\ndef run(n):\n    return n + deep.V\n",
	"deep.py":         "import time\n\ntime.sleep(0.03)\nV = 1\n", // goes with heavy
	"lib/__init__.py": "",
	"lib/one.py":      "import time\n\ntime.sleep(0.03)\n\n\nclass Error(Exception):\n    pass\n\n\ndef run(n):\n    if n == 2:\n        raise Error\n    return n + 2\n",
	"lib/two.py":      "import time\n\ntime.sleep(0.03)\nV = 3\n",
	"app.py": `"""The entry."""

from __future__ import annotations

import json

import heavy
from lib import two
from lib.one import Error, run


def handler(event, context):
    """Answers one event."""
    if not event:
        return "nothing"
    try:
        return json.dumps([heavy.run(event["n"]), run(event["n"]), two.V])
    except Error:
        return "error"
`,
	"tests/__init__.py": "",
	"tests/test_app.py": `import sys
import unittest
from unittest.mock import patch

import app


class TestApp(unittest.TestCase):
    def test_handler(self):
        self.assertEqual([m for m in sys.modules if m.startswith(("heav", "dee", "lib."))], [])
        self.assertEqual(app.handler({}, None), "nothing")
        with patch("app.heavy") as heavy:
            heavy.run.return_value = 7
            self.assertEqual(app.handler({"n": 1}, None), "[7, 3, 3]")
        self.assertEqual(app.handler({"n": 1}, None), "[2, 3, 3]")
        self.assertEqual(app.handler({"n": 2}, None), "error")
        self.assertEqual(app.heavy.__name__, "heavy")
`,
}

// TestSyntaxVersions applies every form with every version that has it: what was
// to go is not loaded, tests pass as before, neither apply nor a new profile finds
// more to do, check is content, and undo restores every byte.
func TestSyntaxVersions(t *testing.T) {
	for _, p := range oracle.Pythons(t) {
		if p.Minor != oracle.Oldest && p.Minor != 12 && p.Minor != 14 && p.Minor != oracle.Newest {
			continue
		}
		for _, form := range syntaxes[1:] {
			t.Run(p.Name()+" "+form, func(t *testing.T) {
				lazy := strings.HasPrefix(form, "lazy")
				dir := initProject(t, syntaxFiles)
				run := func(exit int, args ...string) (stdout, stderr string) {
					t.Helper()
					var out, errs bytes.Buffer
					cmd := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")}
					if code := cmd.Main(t.Context(), append(args, "--python", p.Path)); code != exit {
						t.Fatalf("%s: exit %d: %s%s", strings.Join(args, " "), code, out.String(), errs.String())
					}
					return out.String(), errs.String()
				}
				file := func() string {
					b, err := os.ReadFile(filepath.Join(dir, "app.py"))
					if err != nil {
						t.Fatal(err)
					}
					return string(b)
				}
				tests := func() {
					t.Helper()
					cmd := exec.Command(p.Path, "-m", "unittest", "-q", "tests.test_app")
					cmd.Dir, cmd.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Fatalf("%v\n%s\n%s", err, out, file())
					}
				}
				run(ExitOK, "profile", "--runs", "1")
				args := []string{"apply", "--assume-unused", "--only", "code", "--verify", "--syntax", form, "--format", "json"}
				if lazy && p.Minor < oracle.Newest {
					if _, errs := run(ExitUsage, args...); !strings.Contains(errs, "3.15") || !strings.Contains(errs, "CPython "+p.Name()) {
						t.Error(errs)
					}
					return
				}
				out, _ := run(ExitOK, args...)
				var res applyResult
				if err := json.Unmarshal([]byte(out), &res); err != nil {
					t.Fatal(err)
				}
				want := 4 // heavy, two, Error, run; or deep, as heavy is patched
				if len(res.Moved) != want || !res.Verification.OK || len(res.Verification.Entries[0].Gone) < want-1 {
					t.Fatalf("%d imports moved, want %d: %s", len(res.Moved), want, out)
				}
				for _, m := range res.Moved {
					if string(m.Syntax) != form || (len(m.To) == 0) != lazy {
						t.Errorf("%+v", m)
					}
				}
				edited := file()
				if form != "function" {
					tests()
				}
				for range 2 {
					if out, _ := run(ExitOK, "apply", "--assume-unused", "--only", "code", "--syntax", form); !strings.Contains(out, "nothing to do") || file() != edited {
						t.Errorf("there is more to do:\n%s\n%s", out, file())
					}
					run(ExitOK, "profile", "--runs", "1")
				}
				lock, err := os.ReadFile(filepath.Join(dir, "fastpath.lock"))
				if err != nil {
					t.Fatal(err)
				}
				if !regexp.MustCompile(`name = "lib.two", self_ms = \d.*phase = "deferred"`).Match(lock) {
					t.Errorf("the profile does not know what lib.two costs:\n%s", lock)
				}
				if out, _ := run(ExitOK, "plan", "--assume-unused", "--explain", "lib.two"); !strings.Contains(out, "in place") {
					t.Error(out)
				}
				if out, _ := run(ExitFindings, "check"); strings.Contains(out, "FP201") != (form == "function") {
					t.Errorf("check says:\n%s\nof\n%s", out, edited)
				}
				run(ExitOK, "apply", "undo")
				if file() != syntaxFiles["app.py"] {
					t.Errorf("undo left\n%s", file())
				}
			})
		}
	}
}
