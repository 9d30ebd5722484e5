// Command demo runs the whole line of fastpath on a scratch copy of the
// example application and ends with a table of what changed: init, the first
// request of every kind, modules, memory, and what was moved and kept.
//
// It needs the fastpath binary, git and a Python from 3.9 on, and the network
// once, to install the example's requirements into a virtual environment below
// the work folder. All figures are read from the commands' own JSON. The same
// line, with an assertion for every claim, is the end-to-end test in this
// folder.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
)

// documentsTests are the founding documents' tests, to the letter.
//
//go:embed documents/test_fast_path.py
var documentsTests []byte

func main() {
	python := flag.String("python", "python3", "interpreter, 3.9 or later")
	work := flag.String("work", ".demo", "folder for the virtual environment and the scratch copies")
	binary := flag.String("fastpath", filepath.Join("bin", "fastpath"), "the program to show")
	runs := flag.Int("runs", 9, "pairs of processes that bench measures for each event")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := demo(ctx, *python, *work, *binary, *runs)
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted:
		fmt.Fprintln(os.Stderr, "demo: interrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func demo(ctx context.Context, python, work, binary string, runs int) (err error) {
	repository, err := os.Getwd()
	if err != nil {
		return err
	}
	if work, err = filepath.Abs(work); err != nil {
		return err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return err
	}
	if _, err := os.Stat(binary); err != nil {
		return fmt.Errorf("%s is not there; build it with: make build", binary)
	}
	w, err := NewWorkspace(ctx, Options{Repository: repository, Venvs: work, Dir: work, Binary: binary, Python: python, Log: os.Stdout})
	if err != nil {
		return err
	}
	fmt.Printf("Python %s, scratch copy %s\n", w.Version, w.App)
	stop, err := w.StartStack(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	result, err := Line(ctx, w, runs)
	if err != nil {
		return err
	}
	return printTable(os.Stdout, w, result)
}
