package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Bytecode is the state of the byte-code that an arm's processes find.
type Bytecode string

// The states. For all but the first, byte-code is read from and written to a
// private folder, so that the user's own stays as it is.
const (
	BytecodeAsIs     Bytecode = ""          // what is there; Python writes what is missing, unless it is told not to
	BytecodeCached   Bytecode = "cached"    // all of it is there
	BytecodeMissing  Bytecode = "missing"   // nothing is there, nothing is written
	BytecodeFirstRun Bytecode = "first-run" // nothing is there, and the process writes it
)

// bytecode is the private folder of an arm, the zero value where it has none.
type bytecode struct {
	folder string
	empty  bool // before each timed process
}

// prepare makes the private folder, where one is needed, and returns the
// environment that uses it.
func (b Bytecode) prepare(env []string) (*bytecode, []string, error) {
	if b == BytecodeAsIs {
		return &bytecode{}, env, nil
	}
	dir, err := os.MkdirTemp("", "fastpath-pycache-")
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a folder for byte-code: %w", err)
	}
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "PYTHONDONTWRITEBYTECODE" || name == "PYTHONPYCACHEPREFIX"
	})
	env = append(env, "PYTHONPYCACHEPREFIX="+dir)
	if b == BytecodeMissing {
		env = append(env, "PYTHONDONTWRITEBYTECODE=1")
	}
	return &bytecode{folder: dir, empty: b == BytecodeFirstRun}, env, nil
}

// before prepares one timed process.
func (b *bytecode) before() error {
	if !b.empty {
		return nil
	}
	list, err := os.ReadDir(b.folder)
	if err != nil {
		return fmt.Errorf("cannot empty the folder for byte-code: %w", err)
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(b.folder, e.Name())); err != nil {
			return fmt.Errorf("cannot empty the folder for byte-code: %w", err)
		}
	}
	return nil
}

func (b *bytecode) close() error {
	if b.folder == "" {
		return nil
	}
	if err := os.RemoveAll(b.folder); err != nil {
		return fmt.Errorf("cannot remove the folder for byte-code: %w", err)
	}
	return nil
}
