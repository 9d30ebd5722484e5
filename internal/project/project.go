// Package project finds what there is to work on: the project's root, its
// configuration, its import roots, its Python sources and its entries, from
// the configuration or from deployment files (AWS SAM templates, …). It reads
// files and starts no Python; git is asked which files are the project's own.
//
// Open resolves what the configuration names and fails where it names
// something that is not there. Discover proposes entries for a project that
// has no configuration yet. Both look into the same deployment files, so that
// an entry carries its memory size and Python version wherever it comes from.
package project

import (
	"path/filepath"
	"slices"

	"fastpath/internal/config"
)

// EntryKind says how an entry starts.
type EntryKind string

// The kinds of entries.
const (
	EntryHandler EntryKind = "handler" // module:function
	EntryConsole EntryKind = "console" // console:NAME, a console script of pyproject.toml
	EntryFile    EntryKind = "file"    // path/app.py
	EntryModule  EntryKind = "module"  // -m package
)

// Entry is what starts cold.
type Entry struct {
	Name       string // as the configuration writes it
	Kind       EntryKind
	Module     string // "lambda_function", "src.api.users"; "" for files
	Attr       string // "lambda_handler"; "" where there is none
	File       string // the entry's source file, relative to the project, slashes
	Line       int    // where File defines Attr, 0 when it is not known
	ImportRoot string // directory on sys.path, relative to the project, "." for the root
	FastPath   string // its fast path file, relative to the project
	Platform   string // config.PlatformLambda …
	MemoryMB   float64
	Python     string // X.Y of the deployment file, "" when unknown
	Start      string // config.StartProvisioned …, as the deployment file says; "" when it does not
	Source     string // where it was found: "template.yaml:12", "pyproject.toml:7"
	Function   string // its name in that deployment file, "" where there is none
}

// Project is an opened project.
type Project struct {
	Root    string // absolute
	Config  *config.Config
	Entries []Entry // resolved from the configuration; empty before init
}

// Problem is something in a deployment file that Discover could not use.
type Problem struct {
	File    string // relative to the project
	Line    int    // 0 for the whole file
	Message string
}

// WorkDir returns the absolute folder that a process of the entry starts in,
// given the project's root: the import root for handlers, as on Lambda, and
// for "-m", which looks there for the package; the root, where a user stands,
// for console scripts and files.
func (e *Entry) WorkDir(root string) string {
	switch e.Kind {
	case EntryHandler, EntryModule:
		return filepath.Join(root, filepath.FromSlash(e.ImportRoot))
	}
	return root
}

// ImportRoots returns the directories on sys.path that belong to the project,
// relative to its root: those of the entries first, then "." and "src".
func (p *Project) ImportRoots() []string {
	var roots []string
	for _, e := range p.Entries {
		roots = append(roots, e.ImportRoot)
	}
	roots = append(roots, newLayout(p.Root).roots...)
	var unique []string
	for _, r := range roots {
		if !slices.Contains(unique, r) {
			unique = append(unique, r)
		}
	}
	return unique
}
