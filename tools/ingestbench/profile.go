//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"fastpath/internal/cli"
)

// profiled is how often the input is read for a profile: what is rare in the profile
// of all commands is not optimised.
const profiled = 10

// writeProfile reads the input in this process and writes where the time went: a part
// of the profile that builds of fastpath are optimised with.
func writeProfile(ctx context.Context, in *logs, file string) error {
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return err
	}
	for range profiled {
		if err := read(ctx, in); err != nil {
			pprof.StopCPUProfile()
			return err
		}
	}
	pprof.StopCPUProfile()
	return os.WriteFile(file, profile.Bytes(), 0o644)
}

func read(ctx context.Context, in *logs) error {
	dir, err := os.MkdirTemp("", "ingestbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var stderr bytes.Buffer
	c := cli.Command{Stdin: os.Stdin, Stdout: io.Discard, Stderr: &stderr, Env: os.Environ(), Dir: dir}
	if code := c.Main(ctx, []string{"usage", "ingest", "--quiet", "--format", "json", "--project", dir, in.plain}); code != 0 {
		return fmt.Errorf("usage ingest ended with %d: %s", code, stderr.String())
	}
	return nil
}
