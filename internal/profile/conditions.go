package profile

import (
	"errors"
	"path/filepath"
	"strings"

	"fastpath/internal/evidence"
	"fastpath/internal/python/launch"
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
	return (o.Bytecode == launch.BytecodeAsIs || o.Bytecode == launch.BytecodeCached) && o.PageCache == PagesAsIs
}

// conditions brings byte-code and page cache into the state asked for.
type conditions struct {
	bytecode  *launch.BytecodeFolder
	pageCache PageCache
	cold      []string // files to drop from the page cache
	synced    bool
	stayed    int // of cold, after the last time
}

// newConditions makes the private folder, when one is needed, and returns the
// environment of the runs. Close its bytecode at the end.
func (o *Options) newConditions(env []string) (*conditions, []string, error) {
	if o.PageCache == PagesCold && !canDrop {
		return nil, nil, errors.New("--page-cache cold needs posix_fadvise, which this platform does not have; measure on Linux, or without it")
	}
	folder, env, err := o.Bytecode.Prepare(env)
	if err != nil {
		return nil, nil, err
	}
	return &conditions{bytecode: folder, pageCache: o.PageCache}, env, nil
}

// each reports whether each run needs preparations of its own.
func (c *conditions) each() bool { return c.bytecode.Empties() || c.pageCache == PagesCold }

// before prepares one run.
func (c *conditions) before() error {
	if err := c.bytecode.Before(); err != nil {
		return err
	}
	if len(c.cold) > 0 {
		c.stayed = drop(c.cold, !c.synced)
		c.synced = true
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
	case launch.BytecodeMissing, launch.BytecodeFirstRun:
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
