//go:build linux

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTargets: ratios are taken within a round, not between medians.
func TestTargets(t *testing.T) {
	second := func(cpu, wall float64, mb int64) cost {
		return cost{CPU: time.Duration(cpu * 1e9), Wall: time.Duration(wall * 1e9), RSS: mb * 1e6}
	}
	r := results{
		scan:      {second(4, 2, 200), second(8, 4, 210), second(3, 1, 240)},
		frontend:  {second(2, 1, 50), second(4, 1, 50), second(4, 1, 50)},
		graph:     {second(1, 1, 90), second(1, 1, 90), second(1, 1, 90)},
		ruffCheck: {second(10, 5, 200), second(20, 10, 200), second(5, 4, 200)},
		ruffGraph: {second(10, 4, 80), second(4, 4, 80), second(2, 2, 80)},
	}
	var out bytes.Buffer
	err := report(&out, options{rounds: 3}, peers{versions: []string{"ruff 1"}}, content{packages: 2, files: 3, bytes: 4e6}, r,
		memory{Source: 10, Statements: 4, Allocs: 9, Tree: 50})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"scan ÷ ruff check, CPU 0.40× [0.40–0.60] ≤ 0.5× met",
		"scan ÷ ruff check, wall 0.40× [0.25–0.40] ≤ 0.5× met",
		"scopes ÷ ruff check, CPU 0.20× [0.20–0.80] ≤ 0.35× met",
		"graph ÷ ruff analyze graph, CPU 0.25× [0.10–0.50] ≤ 0.3× met",
		"peak RSS of fastpath scan 210.00 MB [200.00–240.00] ≤ 230 MB met",
		"allocations per statement 2.25 ≤ 2 not met",
		"÷ source 5.00× ≤ 12× met",
		"ruff analyze graph 4.00 s 4.00 s 80 MB 1.0",
	} {
		if text := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

// TestMeasure: a program that finds something ran well, one that fails did not.
func TestMeasure(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	shell := func(script string, finds int) (cost, error) {
		return measure(context.Background(), side{name: "sh", args: []string{"sh", "-c", script}, prints: true, finds: finds}, file)
	}
	c, err := shell("echo found; exit 1", 1)
	if err != nil || c.Wall <= 0 || c.RSS <= 0 {
		t.Errorf("a linter that finds something: %+v, %v", c, err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "found\n" {
		t.Errorf("it printed %q, %v", text, err)
	}
	if _, err := shell("echo broken >&2; exit 2", 1); err == nil || !strings.Contains(err.Error(), "exit code 2: broken") {
		t.Errorf("a linter that fails: %v", err)
	}
	if _, err := measure(context.Background(), side{args: []string{filepath.Join(t.TempDir(), "none")}}, file); err == nil {
		t.Error("a missing program was measured")
	}
}

// TestCheckOutput counts files, not mentions.
func TestCheckOutput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "out")
	if err := os.WriteFile(file, []byte(`[{"file": "a.py"}, {"file": "a.py"}, {"file":"b.py"}, {"file": "c.toml"}]`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := checkOutput(file, 2); err != nil {
		t.Error(err)
	}
	if err := checkOutput(file, 3); err == nil || !strings.Contains(err.Error(), "2 files only") {
		t.Errorf("three files are expected: %v", err)
	}
}

// TestFrontend: the children read every source below the folder, and only these.
func TestFrontend(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a/b.py": "import os\nx = 1\n", "a/c.py": "def f(:\n", "setup.cfg": "[metadata]\n"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := survey(dir); err != nil || s != (content{packages: 2, files: 2, bytes: 24}) {
		t.Errorf("the tree holds %+v, %v", s, err)
	}
	if err := runFrontend(dir); err != nil {
		t.Error(err)
	}
}

// TestProfile: what is written is a profile of a scan, packed as pprof has it.
func TestProfile(t *testing.T) {
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "default.pgo")
	if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte("import os\n\ndef handler(event, context): pass\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeProfile(context.Background(), options{tree: dir}, file); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(file); err != nil || !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		t.Errorf("no profile was written: %x, %v", data[:min(2, len(data))], err)
	}
}
