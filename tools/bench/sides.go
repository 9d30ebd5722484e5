//go:build linux

package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// requirements pins the peers.
//
//go:embed peers.txt
var requirements []byte

// The names of the sides.
const (
	scan      = "fastpath scan"
	graph     = "fastpath graph"
	frontend  = "parse + scopes"
	ruffCheck = "ruff check"
	ruffGraph = "ruff analyze graph"
	grimp     = "grimp"
	ast       = "CPython ast.parse"
)

// astShare is the part of the files that CPython's ast reads: every 40th.
const astShare = 40

// side is one program to measure.
type side struct {
	name     string
	args     []string
	prints   bool // its output goes to a file, else nowhere
	mentions int  // how many files it must print something about, at least
	finds    int  // exit code that says that something was found; 0 for none
	once     bool // runs in the first round only
}

// sides lists what is measured on a tree of so many files.
func sides(o options, p peers, files int) []side {
	self, err := os.Executable()
	if err != nil {
		self = os.Args[0]
	}
	list := []side{
		{name: scan, args: []string{o.binary, "scan", "--format", "json", "--quiet", "--project", o.tree, "--python", p.python}, prints: true, mentions: files * 3 / 4, finds: 1},
		{name: graph, args: []string{o.binary, "graph", "--format", "json", "--quiet", "--project", o.tree, "--python", p.python}, prints: true, finds: 1},
		{name: frontend, args: []string{self, "-frontend", o.tree}},
		{name: ruffCheck, args: []string{p.ruff, "check", "--isolated", "--no-cache", "-q", "--select", "TID253,PLC0415,E402,F401", o.tree}, finds: 1},
		{name: ruffGraph, args: []string{p.ruff, "analyze", "graph", "--isolated", o.tree}, prints: true},
	}
	if o.more {
		list = append(list,
			side{name: grimp, args: []string{p.python, "-c", grimpProgram, o.tree}, once: true},
			side{name: ast, args: []string{p.python, "-c", astProgram, o.tree, fmt.Sprint(astShare)}, once: true})
	}
	return list
}

// grimpProgram builds the graph of all regular packages of the tree.
const grimpProgram = `
import pathlib, sys
import grimp
roots = sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.is_dir())
names = {p.parent.name for root in roots for p in root.glob("*/__init__.py")}
sys.path[:0] = map(str, roots)
grimp.build_graph(*sorted(names), include_external_packages=True, cache_dir=None)
`

// astProgram parses every n-th file of the tree.
const astProgram = `
import ast, pathlib, sys, warnings
warnings.simplefilter("ignore")
files = sorted(pathlib.Path(sys.argv[1]).rglob("*.py"))
for file in files[::int(sys.argv[2])]:
    try:
        ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        pass
`

// peers are the installed programs that fastpath is compared with.
type peers struct {
	python, ruff string   // paths
	versions     []string // "ruff 0.17.6"
}

// installPeers makes the environment of the peers in the work folder, unless one of
// today's pins is there.
func installPeers(ctx context.Context, o options) (peers, error) {
	env := filepath.Join(o.work, "peers")
	p := peers{python: filepath.Join(env, "bin", "python"), ruff: filepath.Join(env, "bin", "ruff")}
	marker := filepath.Join(env, "peers.txt")
	if have, err := os.ReadFile(marker); err != nil || !bytes.Equal(have, requirements) {
		fmt.Fprintln(os.Stderr, "installing the peers into", env)
		if err := os.RemoveAll(env); err != nil {
			return p, err
		}
		pins := filepath.Join(env, "pins.txt")
		if err := call(ctx, o.python, "-m", "venv", env); err != nil {
			return p, err
		}
		if err := os.WriteFile(pins, requirements, 0o644); err != nil {
			return p, err
		}
		if err := call(ctx, p.python, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary=:all:", "--requirement", pins); err != nil {
			return p, err
		}
		if err := os.Rename(pins, marker); err != nil {
			return p, err
		}
	}
	for line := range strings.Lines(string(requirements)) {
		if name, version, ok := strings.Cut(strings.TrimSpace(line), "=="); ok {
			p.versions = append(p.versions, name+" "+version)
		}
	}
	out, err := exec.CommandContext(ctx, p.python, "-c", "import platform; print(platform.python_version())").Output()
	if err != nil {
		return p, fmt.Errorf("%s: %w", p.python, err)
	}
	p.versions = append(p.versions, "CPython "+strings.TrimSpace(string(out)))
	return p, nil
}

func call(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return nil
}
