//go:build linux

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/pprof"

	"fastpath/internal/cli"
)

// writeProfile scans and graphs the tree in this process and writes where the time
// went: the profile that builds of fastpath are optimised with.
func writeProfile(ctx context.Context, o options, file string) error {
	tree, err := filepath.Abs(o.tree)
	if err != nil {
		return err
	}
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		return err
	}
	for _, command := range []string{"scan", "graph"} {
		var stderr bytes.Buffer
		c := cli.Command{Stdin: os.Stdin, Stdout: io.Discard, Stderr: &stderr, Env: os.Environ(), Dir: tree}
		if code := c.Main(ctx, []string{command, "--format", "json", "--quiet", "--project", tree}); code > 1 {
			pprof.StopCPUProfile()
			return fmt.Errorf("%s ended with %d: %s", command, code, lastLines(stderr.String(), 5))
		}
	}
	pprof.StopCPUProfile()
	return os.WriteFile(file, profile.Bytes(), 0o644)
}
