package cli

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"fastpath/internal/config"
	"fastpath/internal/project"
	"fastpath/internal/python/interp"
)

// openProject opens the project that --project or the working directory names.
// Mistakes in its configuration end with exit code 2.
func (a *app) openProject() (*project.Project, error) {
	dir, explicit := a.Dir, a.project != ""
	if explicit {
		dir = a.path(a.project)
		info, err := os.Stat(dir)
		if err != nil {
			return nil, usageErrorf("--project %q: the folder does not exist", a.project)
		}
		if !info.IsDir() {
			return nil, usageErrorf("--project %q is a file; name the folder that holds pyproject.toml or fastpath.toml", a.project)
		}
	}
	p, err := project.Open(dir, explicit)
	if err != nil {
		return nil, configurationError(err)
	}
	return p, nil
}

// configurationError gives mistakes in configuration and deployment files the
// exit code 2.
func configurationError(err error) error {
	var mistake *config.Error
	var entry *project.EntryError
	if errors.As(err, &mistake) || errors.As(err, &entry) {
		return &exitError{ExitUsage, err}
	}
	return err
}

// interpreter finds the project's interpreter without running anything.
func (a *app) interpreter(p *project.Project) (*interp.Interpreter, error) {
	return interp.Find(interp.FindOptions{
		ProjectRoot: p.Root,
		Explicit:    a.python,
		Configured:  p.Config.Python,
		Env:         a.Env,
		Dir:         a.Dir,
	})
}

// selectEntries returns the entries that args name, all of them without args.
// A project that configures none gets those that can be discovered; it keeps
// them, so that they count from now on like configured ones.
func (a *app) selectEntries(p *project.Project, args []string) ([]project.Entry, error) {
	entries := p.Entries
	if len(entries) == 0 {
		found, _, err := p.Discover()
		if err != nil {
			return nil, configurationError(err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("the project %q has no entries; run \"fastpath init\" or name one: fastpath init --entry lambda_function:lambda_handler",
				filepath.Base(p.Root))
		}
		p.Entries, entries = found, found
	}
	if len(args) == 0 {
		return entries, nil
	}
	var selected []project.Entry
	for _, arg := range args {
		e := matchEntry(entries, arg)
		if e == nil {
			return nil, unknownEntry(entries, arg)
		}
		selected = append(selected, *e)
	}
	return selected, nil
}

// matchEntry finds an entry by its name, by the way Lambda writes a handler,
// or by its file where only one entry has it.
func matchEntry(entries []project.Entry, arg string) *project.Entry {
	for i, e := range entries {
		if e.Name == arg || e.Kind == project.EntryHandler && e.Module+"."+e.Attr == arg {
			return &entries[i]
		}
	}
	var found *project.Entry
	file := path.Clean(filepath.ToSlash(arg))
	for i, e := range entries {
		if e.File != file {
			continue
		}
		if found != nil {
			return nil
		}
		found = &entries[i]
	}
	return found
}

// unknownEntry is the mistake of naming an entry that is not configured.
func unknownEntry(entries []project.Entry, arg string) error {
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name
	}
	hint := ""
	if n := config.Nearest(arg, names); n != "" {
		hint = fmt.Sprintf(", did you mean %q?", n)
	} else {
		hint = ";"
	}
	return usageErrorf("unknown entry %q%s entries: %s", arg, hint, strings.Join(names, ", "))
}
