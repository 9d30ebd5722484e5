package cli

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

// TestMain lets the test binary be the program that scripts run as "fastpath".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"fastpath": func() {
			dir, err := os.Getwd()
			if err != nil {
				panic(err)
			}
			os.Exit(Command{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Env: os.Environ(), Dir: dir}.Main(context.Background(), os.Args[1:]))
		},
	})
}

// TestScripts runs testdata/script/*.txtar, each in a folder of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("..", "..", "testdata", "script"),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			// pyenv's shims look for the versions below the home folder.
			if root := pyenvRoot(); root != "" {
				e.Setenv("PYENV_ROOT", root)
			}
			return nil
		},
	})
}

// pyenvRoot returns where pyenv keeps its interpreters, "" without pyenv.
func pyenvRoot() string {
	if root := os.Getenv("PYENV_ROOT"); root != "" {
		return root
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	root := filepath.Join(home, ".pyenv")
	if _, err := os.Stat(root); err != nil {
		return ""
	}
	return root
}
