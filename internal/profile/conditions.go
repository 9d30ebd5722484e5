package profile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/evidence"
)

// Bytecode says in what state of the byte-code to measure.
type Bytecode string

// The states of the byte-code. For all but the first, byte-code is read from and
// written to a private folder, so that the user's own stays as it is.
const (
	BytecodeAsIs     Bytecode = ""          // what is there; Python writes what is missing, unless it is told not to
	BytecodeCached   Bytecode = "cached"    // all of it is there
	BytecodeMissing  Bytecode = "missing"   // nothing is there, nothing is written
	BytecodeFirstRun Bytecode = "first-run" // nothing is there, and the run writes it
)

// PageCache says whether the files are in memory.
type PageCache string

// The states of the page cache.
const (
	PagesAsIs PageCache = ""     // the graph pass has read them all
	PagesCold PageCache = "cold" // dropped before each run
)

// Comparable reports whether the figures are those that the lock holds: what
// was measured without byte-code on purpose, or from a cold disk, is not.
func (o *Options) Comparable() bool {
	return (o.Bytecode == BytecodeAsIs || o.Bytecode == BytecodeCached) && o.PageCache == PagesAsIs
}

// conditions brings byte-code and page cache into the state asked for.
type conditions struct {
	bytecode Bytecode
	folder   string   // the private folder, "" without one
	cold     []string // files to drop from the page cache
	synced   bool
	stayed   int // of cold, after the last time
}

// newConditions makes the private folder, when one is needed, and returns the
// environment of the runs. Call close at the end.
func (o *Options) newConditions(env []string) (*conditions, []string, error) {
	c := &conditions{bytecode: o.Bytecode}
	if o.PageCache == PagesCold && !canDrop {
		return nil, nil, errors.New("--page-cache cold needs posix_fadvise, which this platform does not have; measure on Linux, or without it")
	}
	if c.bytecode == BytecodeAsIs {
		return c, env, nil
	}
	dir, err := os.MkdirTemp("", "fastpath-pycache-")
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a folder for byte-code: %w", err)
	}
	c.folder = dir
	env = slices.DeleteFunc(slices.Clone(env), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return name == "PYTHONDONTWRITEBYTECODE" || name == "PYTHONPYCACHEPREFIX"
	})
	env = append(env, "PYTHONPYCACHEPREFIX="+dir)
	if c.bytecode == BytecodeMissing {
		env = append(env, "PYTHONDONTWRITEBYTECODE=1")
	}
	return c, env, nil
}

// before prepares one run.
func (c *conditions) before() error {
	if c.bytecode == BytecodeFirstRun {
		if err := c.empty(); err != nil {
			return fmt.Errorf("cannot empty the folder for byte-code: %w", err)
		}
	}
	if len(c.cold) > 0 {
		c.stayed = drop(c.cold, !c.synced)
		c.synced = true
	}
	return nil
}

// empty removes what is in the private folder.
func (c *conditions) empty() error {
	list, err := os.ReadDir(c.folder)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(c.folder, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// close removes the private folder.
func (c *conditions) close() error {
	if c.folder == "" {
		return nil
	}
	if err := os.RemoveAll(c.folder); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove the folder for byte-code: %w", err)
	}
	return nil
}

// loadedFiles lists what the entry reads: sources, byte-code, libraries and
// what else it maps.
func (m *measurement) loadedFiles() []string {
	var files []string
	seen := map[string]bool{"": true}
	add := func(name string) {
		if name != "" && !filepath.IsAbs(name) {
			name = filepath.Join(m.target.Dir, name)
		}
		if !seen[name] {
			seen[name] = true
			files = append(files, name)
		}
	}
	for _, n := range m.graph.Nodes {
		add(n.File)
		add(n.Cached)
	}
	for _, name := range m.graph.Mapped {
		add(name)
	}
	return files
}

// bytecode says whether every module with a source had byte-code that the
// timing runs could use, and warns when not.
func (m *measurement) bytecode() string {
	switch m.Bytecode {
	case BytecodeMissing, BytecodeFirstRun:
		return string(m.Bytecode)
	}
	missing := 0
	for _, n := range m.graph.Nodes {
		if n.Cached != "" && n.Bytecode != evidence.BytecodeCached {
			missing++
		}
	}
	if missing == 0 {
		return evidence.BytecodeCached
	}
	why := "their folders are not writable"
	for _, kv := range m.target.Env {
		if v, ok := strings.CutPrefix(kv, "PYTHONDONTWRITEBYTECODE="); ok && v != "" {
			why = "PYTHONDONTWRITEBYTECODE is set"
		}
	}
	m.warn("%s compiled in every run because %s; with byte-code they take a fraction of what is shown: fastpath profile --bytecode cached", counted(missing, "module was", "modules were"), why)
	return evidence.BytecodeMissing
}
