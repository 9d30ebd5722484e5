package cli

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// checker returns the path of a linter, formatter or type checker: that of
// tools/fetch-checkers, else the one on PATH. Without it the test is skipped,
// unless FASTPATH_REQUIRE_ORACLES=1 requires it.
func checker(t *testing.T, name string) string {
	t.Helper()
	installed, err := filepath.Abs(filepath.Join("..", "..", ".corpus", "checkers", "bin", name))
	if err != nil {
		t.Fatal(err)
	}
	path, err := exec.LookPath(installed)
	if err != nil {
		path, err = exec.LookPath(name)
	}
	if err != nil {
		if os.Getenv("FASTPATH_REQUIRE_ORACLES") == "1" {
			t.Fatalf("%v; run tools/fetch-checkers", err)
		}
		t.Skip(err)
	}
	return path
}

// checkedProject is typed and formatted code that the checkers are content
// with. Reports are heavy and rare, so that their import moves.
func checkedProject(t *testing.T, extra map[string]string) (dir string) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join("testdata", "checkers.lock"))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"fastpath.toml": "entries = [\"app:handler\"]\n",
		"fastpath.lock": string(lock),
		"app.py": `"""The entry."""

import json
import logging

import gateway

logger = logging.getLogger(__name__)


def handler(event: dict[str, str], context: object) -> str:
    """Answers one event."""
    logger.info("event %s", event)
    return json.dumps(gateway.handle(event))
`,
		"gateway.py": `"""Sends events where they belong."""

import os

import reports


def handle(event: dict[str, str]) -> dict[str, int]:
    """Answers one event."""
    if event["path"] == os.environ["REPORTS"]:
        return reports.build(event)
    return {}
`,
		"reports.py": `"""Heavy, and rarely used."""


def build(event: dict[str, str]) -> dict[str, int]:
    """Counts what an event has."""
    return {"fields": len(event)}
`,
	}
	for name, text := range extra {
		files[name] = text
	}
	dir = initProject(t, files)
	for name := range files {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil { // ruff asks who made them executable
			t.Fatal(err)
		}
	}
	return dir
}

// guardedTest reads the name of an import that moves.
const guardedTest = `"""Looks at the gateway."""

from unittest.mock import patch

import gateway


def test_handle() -> None:
    """Answers without a report."""
    with patch("gateway.reports"), patch("gateway.build"):
        assert gateway.handle({"path": ""}) == {}
`

// guardedGateway is a gateway with two names that move, one of them in the
// same function.
const guardedGateway = `"""Sends events where they belong."""

import os
from typing import TYPE_CHECKING

import reports
from reports import build

if TYPE_CHECKING:
    from collections.abc import Iterable

LIMIT = 3


def handle(event: dict[str, str]) -> dict[str, int]:
    """Answers one event."""
    # Reports are rare.
    if event["path"] == os.environ["REPORTS"]:
        return reports.build(event) or build(event)
    return {}


def every(events: "Iterable[dict[str, str]]") -> list[dict[str, int]]:
    """Builds a report of each event."""
    return [build(event) for event in events]
`

// TestCheckers holds that the checkers have nothing to say about what apply
// writes, with the settings that check --ruff prints, as before it.
func TestCheckers(t *testing.T) {
	checks := [][]string{
		{"ruff", "check", "--no-cache", "."},
		{"ruff", "check", "--no-cache", "--select", "E,F,I,B,UP,PL,RUF,ERA,Q,TID253", "."},
		{"ruff", "format", "--no-cache", "--check", "."},
		{"black", "--check", "-q", "."},
		{"isort", "--check-only", "--profile", "black", "."},
		{"mypy", "--strict", "--cache-dir", os.DevNull, "."},
		{"pyright", "."},
	}
	paths := map[string]string{}
	for _, c := range checks {
		paths[c[0]] = checker(t, c[0])
	}
	star, names := "entries = [\"app:handler\"]\n", "entries = [\"app:handler\"]\nimport-style = \"names\"\n"
	for name, extra := range map[string]map[string]string{
		"star":       {"fastpath.toml": star},
		"names":      {"fastpath.toml": names},
		"guard":      {"fastpath.toml": star, "tests/test_gateway.py": guardedTest},
		"two guards": {"fastpath.toml": names, "tests/test_gateway.py": guardedTest, "gateway.py": guardedGateway},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra["pyrightconfig.json"] = `{"typeCheckingMode": "strict", "exclude": [".venv"]}`
			dir := checkedProject(t, extra)
			examine := func(when string) { examine(t, dir, paths, checks, when) }
			examine("before")
			if code, out, errs := runMain(t, dir, "apply", "--cold", "reports"); code != ExitOK {
				t.Fatalf("apply exits with %d\n%s%s", code, out, errs)
			}
			gateway, err := os.ReadFile(filepath.Join(dir, "gateway.py"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(gateway), "        import reports\n") || strings.Contains(string(gateway), "\nimport reports\n") ||
				strings.Contains(string(gateway), "def __getattr__") != (extra["tests/test_gateway.py"] != "") {
				t.Fatalf("apply should have moved reports:\n%s", gateway)
			}
			code, settings, errs := runMain(t, dir, "check", "--ruff")
			if code != ExitOK {
				t.Fatalf("check --ruff exits with %d\n%s", code, errs)
			}
			settings = strings.ReplaceAll(settings, "[tool.ruff.", "[")
			if err := os.WriteFile(filepath.Join(dir, "ruff.toml"), []byte(settings), 0o644); err != nil {
				t.Fatal(err)
			}
			examine("after")
			if t.Failed() {
				file, _ := os.ReadFile(filepath.Join(dir, "fast_path.py"))
				t.Logf("%s\n%s\n%s", settings, file, gateway)
			}

			// The settings let ruff find what fastpath finds.
			if err := os.WriteFile(filepath.Join(dir, "late.py"), []byte("import reports\n\nprint(reports)\n"), 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(paths["ruff"], "check", "--no-cache", "--output-format", "concise", "late.py")
			cmd.Dir = dir
			out, err := cmd.Output()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || !strings.Contains(string(out), "late.py:1:8: TID253") {
				t.Errorf("ruff should find the import of reports: %v\n%s", err, out)
			}
		})
	}
}

// TestCheckersLazy holds the same for lazy imports, with the checkers that read
// Python 3.15; isort does not.
func TestCheckersLazy(t *testing.T) {
	checks := [][]string{
		{"ruff", "check", "--no-cache", "--target-version", "py315", "--select", "E,F,I,B,UP,PL,RUF,ERA,Q,TID253", "."},
		{"ruff", "format", "--no-cache", "--target-version", "py315", "--check", "."},
		{"black", "--check", "-q", "."},
		{"mypy", "--strict", "--python-version", "3.15", "--cache-dir", os.DevNull, "."},
		{"pyright", "."},
	}
	paths := map[string]string{}
	for _, c := range checks {
		paths[c[0]] = checker(t, c[0])
	}
	const gateway = `"""Sends events where they belong."""

from __future__ import annotations

import os

import light
import reports
from reports import build

NUMBER = light.count()


def handle(event: dict[str, str]) -> dict[str, int]:
    """Answers one event."""
    if event["path"] == os.environ["REPORTS"]:
        return reports.build(event) or build(event)
    return {"n": NUMBER}
`
	const counting = `"""Counts."""


def count() -> int:
    """Counts."""
    return 1
`
	for form, want := range map[string]string{
		"lazy":         "\nimport light\nlazy import reports\nlazy from reports import build\n",
		"lazy-modules": "\n__lazy_modules__ = [\"reports\"]\n\nimport os\n",
	} {
		t.Run(form, func(t *testing.T) {
			t.Parallel()
			dir := checkedProject(t, map[string]string{
				".venv/pyvenv.cfg":   "home = /nowhere/bin\nversion = 3.15.2\n",
				"pyrightconfig.json": `{"typeCheckingMode": "strict", "pythonVersion": "3.15", "exclude": [".venv"]}`,
				"gateway.py":         gateway,
				"light.py":           counting,
			})
			examine := func(when string) { examine(t, dir, paths, checks, when) }
			examine("before")
			if code, out, errs := runMain(t, dir, "apply", "--cold", "reports", "--only", "code", "--syntax", form); code != ExitOK {
				t.Fatalf("apply exits with %d\n%s%s", code, out, errs)
			}
			text, err := os.ReadFile(filepath.Join(dir, "gateway.py"))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), want) {
				t.Errorf("apply should have written %q:\n%s", want, text)
			}
			code, settings, errs := runMain(t, dir, "check", "--ruff")
			if code != ExitOK || !strings.Contains(settings, "banned-module-level-imports") {
				t.Fatalf("check --ruff exits with %d\n%s%s", code, settings, errs)
			}
			if err := os.WriteFile(filepath.Join(dir, "ruff.toml"), []byte(strings.ReplaceAll(settings, "[tool.ruff.", "[")), 0o644); err != nil {
				t.Fatal(err)
			}
			examine("after")
		})
	}
}

// examine holds that checkers find nothing in a folder; paths are theirs by name.
func examine(t *testing.T, dir string, paths map[string]string, checks [][]string, when string) {
	t.Helper()
	for _, c := range checks {
		cmd := exec.Command(paths[c[0]], c[1:]...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %s: %v\n%s", when, strings.Join(c, " "), err, out)
		}
	}
}
