// Command fastpath keeps the import cost of a Python program under control.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"fastpath/internal/cli"
)

func main() {
	relaxCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	dir, _ := os.Getwd()
	code := cli.Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Environ(), Dir: dir}.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
