package project

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Discover proposes the entries of the project: the functions of
// CloudFormation, SAM and CDK templates, serverless.yml, Terraform, Chalice and
// Zappa, what Dockerfiles, Procfiles and manage.py start, console scripts,
// packages with a __main__.py, and, where none of these exist, files with the
// usual names. The problems are what it found but could not use. A function
// with two handlers is an error.
func (p *Project) Discover() ([]Entry, []Problem, error) {
	r := newResolver(p)
	var err error
	r.read = true
	if r.functions, r.problems, err = readTemplates(p.Root); err != nil {
		return nil, nil, err
	}
	d := &discovery{resolver: r, seen: map[string]bool{}}
	d.deployedFunctions()
	d.consoleScripts()
	d.packages()
	if len(d.entries) == 0 {
		files, err := p.Sources()
		if err != nil {
			return nil, nil, err
		}
		d.usualNames(files)
	}
	return d.entries, r.problems, nil
}

// discovery collects entries.
type discovery struct {
	*resolver
	entries []Entry
	seen    map[string]bool
}

// add resolves a proposed name and keeps it unless it is known already.
func (d *discovery) add(name, source string) {
	if d.seen[name] {
		return
	}
	d.seen[name] = true
	e, err := d.resolve(name)
	if err != nil {
		file, line := splitPlace(source)
		d.problems = append(d.problems, Problem{file, line, err.Error()})
		return
	}
	if e.Source == "" || e.Source == d.config.Path {
		e.Source = source
	}
	d.entries = append(d.entries, e)
}

// splitPlace splits "file:line".
func splitPlace(s string) (string, int) {
	i := strings.LastIndexByte(s, ':')
	var line int
	if i < 0 {
		return s, 0
	}
	if _, err := fmt.Sscanf(s[i:], ":%d", &line); err != nil {
		return s, 0
	}
	return s[:i], line
}

func (d *discovery) deployedFunctions() {
	for _, f := range d.functions {
		d.add(d.nameFor(f.codeDir, f.module, f.attr), place(f.file, f.line))
	}
}

// nameFor writes a handler so that it is found again: plainly where that is
// unambiguous, else with its import root in front.
func (d *discovery) nameFor(importRoot, module, attr string) string {
	name := module + ":" + attr
	if importRoot == "." {
		return name
	}
	for _, root := range d.searchRoots() {
		if root != importRoot && d.module(root, module) != "" {
			return importRoot + "/" + name
		}
	}
	if !slices.Contains(d.searchRoots(), importRoot) {
		return importRoot + "/" + name
	}
	return name
}

func (d *discovery) consoleScripts() {
	scripts := d.scripts()
	setup := setupScripts(d.layout)
	data, _ := os.ReadFile(d.abs("pyproject.toml"))
	for _, name := range slices.Sorted(maps.Keys(scripts)) {
		at := place("pyproject.toml", lineOfKey(string(data), name))
		if s, ok := setup[name]; ok && lineOfKey(string(data), name) == 0 {
			at = s.place
		}
		d.add("console:"+name, at)
	}
}

// lineOfKey returns the first line of a TOML file that sets a key called
// name after a header about scripts, 0 when there is none.
func lineOfKey(text, name string) int {
	in, number := false, 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			in = strings.Contains(line, "scripts")
			continue
		}
		key, _, ok := strings.Cut(line, "=")
		if ok && in && strings.Trim(strings.TrimSpace(key), `"'`) == name {
			return number
		}
	}
	return 0
}

// packages adds "-m pkg" for every package of an import root that can be run.
func (d *discovery) packages() {
	for _, root := range d.roots {
		list, _ := os.ReadDir(d.abs(root))
		for _, item := range list {
			name := item.Name()
			if !item.IsDir() || strings.HasPrefix(name, ".") || slices.Contains(neverSources, name) || isTestDir(name) {
				continue
			}
			dir := d.abs(root, name)
			if isFile(filepath.Join(dir, "__main__.py")) && isFile(filepath.Join(dir, "__init__.py")) && !isVenv(dir) {
				d.add("-m "+name, path.Join(root, name, "__main__.py"))
			}
		}
	}
}

func isTestDir(name string) bool {
	switch name {
	case "test", "tests", "testing", "testdata", "docs", "doc", "example", "examples", "fixtures":
		return true
	}
	return false
}

// usualFiles are the file names that often hold an entry.
var usualFiles = []string{"lambda_function.py", "handler.py", "app.py", "main.py", "index.py"}

// usualDepth is how deep in the tree they are looked for.
const usualDepth = 3

// usualNames adds the handlers of files with the usual names.
func (d *discovery) usualNames(files []string) {
	for _, file := range files {
		parts := strings.Split(file, "/")
		if !slices.Contains(usualFiles, path.Base(file)) || len(parts) > usualDepth+1 || slices.ContainsFunc(parts[:len(parts)-1], isTestDir) {
			continue
		}
		src, err := os.ReadFile(d.abs(file))
		if err != nil {
			continue
		}
		names := topLevel(src)
		attr := names.handler()
		if attr == "" {
			continue
		}
		if attr == "main" && names.runsMain {
			d.add(file, place(file, names.lines[attr]))
			continue
		}
		importRoot, module := d.packageRoot(file)
		d.add(d.nameFor(importRoot, module, attr), place(file, names.lines[attr]))
	}
}

// handler returns the function of a file that is called for a request, or
// main, or "".
func (n *names) handler() string {
	for _, name := range []string{"lambda_handler", "handler"} {
		if count, ok := n.parameters[name]; ok && (count >= 2 || count == -1) {
			return name
		}
	}
	if _, ok := n.parameters["main"]; ok {
		return "main"
	}
	return ""
}
