// Package project finds what there is to work on: the project's root, its
// configuration, its import roots, its Python sources and its entries, from
// the configuration or from deployment files (AWS SAM templates, …). It reads
// files and starts nothing.
package project

import "fastpath/internal/config"

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
	ImportRoot string // directory on sys.path, relative to the project, "." for the root
	FastPath   string // its fast path file, relative to the project
	Platform   string // config.PlatformLambda …
	MemoryMB   float64
	Python     string // X.Y of the deployment file, "" when unknown
	Source     string // where it was found: "template.yaml:12", "pyproject.toml"
}

// Project is an opened project.
type Project struct {
	Root    string // absolute
	Config  *config.Config
	Entries []Entry // resolved from the configuration; empty before init
}
