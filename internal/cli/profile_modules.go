package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/project"
)

// modulesFile is the name of the program that imports the modules of
// --modules; nobody has a module of this name.
const modulesFile = "__modules__.py"

// modulesProject makes a project whose one entry imports these modules, one a
// line, in a folder of its own. remove takes it away.
func modulesProject(p *project.Project, modules []string) (own *project.Project, remove func() error, err error) {
	var source strings.Builder
	for _, m := range modules {
		if !dottedName(m) {
			return nil, nil, usageErrorf("--modules %q: expected names of modules such as %q or %q", m, "boto3", "xml.dom")
		}
		fmt.Fprintf(&source, "import %s\n", m)
	}
	dir, err := os.MkdirTemp("", "fastpath-modules-")
	if err != nil {
		return nil, nil, fmt.Errorf("cannot make a folder for the modules: %w", err)
	}
	remove = func() error { return os.RemoveAll(dir) }
	if err := os.WriteFile(filepath.Join(dir, modulesFile), []byte(source.String()), 0o600); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return &project.Project{Root: dir, Config: p.Config, Entries: []project.Entry{{
		Name: strings.Join(modules, ", "), Kind: project.EntryFile, File: modulesFile, ImportRoot: ".",
	}}}, remove, nil
}

// dottedName reports whether text may name a module.
func dottedName(text string) bool {
	for part := range strings.SplitSeq(text, ".") {
		for i, r := range part {
			letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80
			if !letter && (i == 0 || r < '0' || r > '9') {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	return true
}
