package launch

import (
	"fmt"
	"os"
	"path/filepath"
)

// Bytecode is the state of the byte-code that child processes find.
type Bytecode string

// The states. For all but the first, byte-code is read from and written to a
// private folder, so that the user's own stays as it is.
const (
	BytecodeAsIs     Bytecode = ""          // what is there; Python writes what is missing, unless it is told not to
	BytecodeCached   Bytecode = "cached"    // all of it is there
	BytecodeMissing  Bytecode = "missing"   // nothing is there, nothing is written
	BytecodeFirstRun Bytecode = "first-run" // nothing is there, and the process writes it
)

// Valid reports whether b names one of the states for which there is a private
// folder.
func (b Bytecode) Valid() bool {
	return b == BytecodeCached || b == BytecodeMissing || b == BytecodeFirstRun
}

// BytecodeFolder is the private folder of some processes; the zero value is
// none.
type BytecodeFolder struct {
	path  string
	empty bool // before each process
}

// Prepare makes the private folder, where one is needed, and returns the
// environment that uses it. Call Close at the end.
func (b Bytecode) Prepare(env []string) (*BytecodeFolder, []string, error) {
	if b == BytecodeAsIs {
		return &BytecodeFolder{}, env, nil
	}
	dir, err := os.MkdirTemp("", "fastpath-pycache-")
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a folder for byte-code: %w", err)
	}
	env = unset(append([]string{}, env...), "PYTHONDONTWRITEBYTECODE")
	env = append(unset(env, "PYTHONPYCACHEPREFIX"), "PYTHONPYCACHEPREFIX="+dir)
	if b == BytecodeMissing {
		env = append(env, "PYTHONDONTWRITEBYTECODE=1")
	}
	return &BytecodeFolder{dir, b == BytecodeFirstRun}, env, nil
}

// Empties reports whether Before has something to do.
func (f *BytecodeFolder) Empties() bool { return f.empty }

// Before brings the folder into the state that the next process shall find.
func (f *BytecodeFolder) Before() error {
	if !f.empty {
		return nil
	}
	list, err := os.ReadDir(f.path)
	if err != nil {
		return fmt.Errorf("cannot empty the folder for byte-code: %w", err)
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(f.path, e.Name())); err != nil {
			return fmt.Errorf("cannot empty the folder for byte-code: %w", err)
		}
	}
	return nil
}

// Close removes the folder.
func (f *BytecodeFolder) Close() error {
	if f.path == "" {
		return nil
	}
	if err := os.RemoveAll(f.path); err != nil {
		return fmt.Errorf("cannot remove the folder for byte-code: %w", err)
	}
	return nil
}
