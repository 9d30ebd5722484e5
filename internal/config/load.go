package config

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// The files that may hold a configuration.
const (
	PyprojectFile = "pyproject.toml"
	OwnFile       = "fastpath.toml"
)

var utf8BOM = []byte("\ufeff")

// Exists reports whether the folder root has a configuration: a fastpath.toml,
// or a pyproject.toml with [tool.fastpath]. A pyproject.toml that is no valid
// TOML counts when it mentions the table, so that Load can say what is wrong.
func Exists(root string) bool {
	if info, err := os.Stat(filepath.Join(root, OwnFile)); err == nil && !info.IsDir() {
		return true
	}
	data, err := os.ReadFile(filepath.Join(root, PyprojectFile))
	if err != nil || !bytes.Contains(data, []byte("fastpath")) {
		return false
	}
	doc, err := parse(PyprojectFile, withoutBOM(data))
	if err != nil {
		return bytes.Contains(data, []byte("tool.fastpath"))
	}
	return doc.root.get("tool").get("fastpath") != nil
}

// Load reads the configuration of the project at root and fills in the
// defaults. Without a configuration it returns the defaults with an empty
// Path. Mistakes are *Error values, joined when there are several.
func Load(root string) (*Config, error) {
	own, err := read(root, OwnFile)
	if err != nil {
		return nil, err
	}
	pyproject, err := read(root, PyprojectFile)
	if err != nil {
		return nil, err
	}
	var table *entry
	if pyproject != nil {
		table = pyproject.root.get("tool").entry("fastpath")
	}
	switch {
	case own != nil && table != nil:
		other := pyproject.errorAt(table.pos, "")
		return nil, own.errorAt(0, "there are two configurations: %q, and [tool.fastpath] in %q (line %d); keep one of them",
			OwnFile, PyprojectFile, other.Line)
	case own != nil:
		return decode(own, own.root, "")
	case table != nil:
		return decode(pyproject, table.val, "tool.fastpath")
	}
	return Default(), nil
}

// read parses a file of the project; a file that does not exist is nil.
func read(root, name string) (*document, error) {
	data, err := os.ReadFile(filepath.Join(root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return parse(name, withoutBOM(data))
}

func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, utf8BOM) }
