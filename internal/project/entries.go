package project

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"fastpath/internal/config"
)

// Resolve finds the entries of the given names, written as in the
// configuration. A name that stands for nothing is an *EntryError.
func (p *Project) Resolve(names ...string) ([]Entry, error) {
	r := newResolver(p)
	var out []Entry
	for _, name := range names {
		e, err := r.resolve(name)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

// resolver turns names into entries.
type resolver struct {
	*layout
	config    *config.Config
	functions []function // of the deployment files, read when first needed
	problems  []Problem
	read      bool
}

func newResolver(p *Project) *resolver {
	return &resolver{layout: newLayout(p.Root), config: p.Config}
}

// deployed returns the functions of the deployment files.
func (r *resolver) deployed() []function {
	if !r.read {
		r.read = true
		r.functions, r.problems, _ = readTemplates(r.root)
	}
	return r.functions
}

// searchRoots returns every import root in which a plain module name is
// looked for: the layout's own, then the code folders of deployed functions.
func (r *resolver) searchRoots() []string {
	roots := slices.Clone(r.roots)
	for _, f := range r.deployed() {
		if !slices.Contains(roots, f.codeDir) {
			roots = append(roots, f.codeDir)
		}
	}
	return roots
}

func (r *resolver) resolve(name string) (Entry, error) {
	if msg := config.CheckEntry(name); msg != "" {
		return Entry{}, &EntryError{name, strings.TrimPrefix(msg, fmt.Sprintf("%q is ", name))}
	}
	e := Entry{Name: name, Source: r.config.Path}
	var err error
	module, attr, colon := strings.Cut(name, ":")
	switch {
	case strings.HasPrefix(name, "-m "):
		e.Kind, e.Module = EntryModule, strings.TrimPrefix(name, "-m ")
		err = r.findModule(&e, r.runnable)
	case module == "console" && colon:
		e.Kind = EntryConsole
		target, ok := r.scripts()[attr]
		if !ok {
			names := slices.Sorted(maps.Keys(r.scripts()))
			files := "pyproject.toml has"
			if len(setupScripts(r.layout)) > 0 {
				files = "pyproject.toml, setup.cfg and setup.py have"
			}
			return e, &EntryError{name, fmt.Sprintf("%s no script %q%s", files, attr, choose(attr, names))}
		}
		e.Module, e.Attr = target.module, target.attr
		err = r.findModule(&e, r.module)
	case colon:
		e.Kind, e.Attr = EntryHandler, attr
		e.ImportRoot, e.Module = splitRoot(module)
		err = r.findModule(&e, r.module)
	default:
		e.Kind, e.File = EntryFile, path.Clean(strings.ReplaceAll(name, `\`, "/"))
		e.ImportRoot = path.Dir(e.File)
		if path.IsAbs(e.File) || strings.HasPrefix(e.File, "../") {
			err = &EntryError{name, "the file must lie inside the project; write its path relative to the project"}
		} else if !isFile(r.abs(e.File)) {
			err = &EntryError{name, fmt.Sprintf("there is no file %q%s", e.File, choose(e.File, r.siblings(path.Dir(e.File), true)))}
		}
	}
	if err == nil && e.Attr != "" {
		err = r.findAttr(&e)
	}
	if err != nil {
		return e, err
	}
	r.finish(&e)
	if e.FastPath == e.File {
		return Entry{}, &EntryError{name, fmt.Sprintf("%q is its own file, and cannot be its fast path file as well; name another one in [tool.fastpath.entry.%q], such as file = \"hot_path.py\"", e.File, name)}
	}
	return e, nil
}

// splitRoot splits "functions/a/app" or "functions/a/app.py" into the import
// root "functions/a" and the module "app"; without a slash the root is "".
func splitRoot(module string) (root, name string) {
	i := strings.LastIndexByte(module, '/')
	if i < 0 {
		return "", module
	}
	return path.Clean(module[:i]), strings.TrimSuffix(module[i+1:], ".py")
}

// findModule fills in file and import root of an entry's module.
func (r *resolver) findModule(e *Entry, find func(root, module string) string) error {
	if e.ImportRoot != "" {
		if e.File = find(e.ImportRoot, e.Module); e.File == "" {
			return r.noModule(e, []string{e.ImportRoot})
		}
		return nil
	}
	e.ImportRoot = "."
	if e.File = find(".", e.Module); e.File != "" {
		return nil
	}
	var found []string
	roots := r.searchRoots()
	for _, root := range roots {
		if f := find(root, e.Module); f != "" {
			found = append(found, root)
			e.ImportRoot, e.File = root, f
		}
	}
	switch {
	case len(found) == 0:
		return r.noModule(e, roots)
	case len(found) > 1:
		for i := range found {
			found[i] = fmt.Sprintf("%q", found[i]+"/"+e.Name)
		}
		return &EntryError{e.Name, fmt.Sprintf("module %q is in several folders; write one of %s", e.Module, strings.Join(found, ", "))}
	}
	return nil
}

// noModule says where a module was looked for and what is there instead.
func (r *resolver) noModule(e *Entry, roots []string) error {
	var candidates, looked []string
	head, _, dotted := strings.Cut(e.Module, ".")
	last := e.Module[strings.LastIndexByte(e.Module, '.')+1:]
	for _, root := range roots {
		looked = append(looked, fmt.Sprintf("%q", root))
		dir := root
		if dotted && isDir(r.abs(root, head)) {
			dir = path.Join(root, path.Dir(strings.ReplaceAll(e.Module, ".", "/")))
		}
		candidates = append(candidates, r.siblings(dir, false)...)
	}
	return &EntryError{e.Name, fmt.Sprintf("there is no module %q below %s%s", e.Module, strings.Join(looked, ", "), choose(last, candidates))}
}

// siblings lists the files (or modules) of a folder.
func (r *resolver) siblings(dir string, files bool) []string {
	list, _ := os.ReadDir(r.abs(dir))
	var out []string
	for _, d := range list {
		switch name := d.Name(); {
		case strings.HasSuffix(name, ".py") && files:
			out = append(out, path.Join(dir, name))
		case strings.HasSuffix(name, ".py"):
			out = append(out, strings.TrimSuffix(name, ".py"))
		case d.IsDir() && !files && isFile(r.abs(dir, name, "__init__.py")):
			out = append(out, name)
		}
	}
	return out
}

// choose ends a message with the nearest candidate, or with a short list.
func choose(word string, candidates []string) string {
	if n := config.Nearest(word, candidates); n != "" {
		return fmt.Sprintf("; did you mean %q?", n)
	}
	if len(candidates) == 0 {
		return ""
	}
	more := ""
	if len(candidates) > 8 {
		candidates, more = candidates[:8], ", …"
	}
	return "; there is: " + strings.Join(candidates, ", ") + more
}

// findAttr checks that the module binds the entry's function.
func (r *resolver) findAttr(e *Entry) error {
	src, err := os.ReadFile(r.abs(e.File))
	if err != nil {
		return err
	}
	head, _, _ := strings.Cut(e.Attr, ".")
	names := topLevel(src)
	if line, ok := names.lines[head]; ok {
		e.Line = line
		return nil
	}
	if names.open || mayBind(src, head) {
		return nil // by a star import, by __getattr__, or in a form that is not read
	}
	return &EntryError{e.Name, fmt.Sprintf("%q has no top-level name %q%s", e.File, head, choose(head, names.functions))}
}

// finish fills in what follows from the place of an entry.
func (r *resolver) finish(e *Entry) {
	e.Platform, e.MemoryMB = r.config.Traffic.Platform, r.config.Traffic.MemoryMB
	if e.Kind != EntryHandler && !r.config.Traffic.PlatformSet {
		e.Platform = config.PlatformCLI
	}
	switch {
	case e.Kind == EntryFile:
		e.FastPath = path.Join(e.ImportRoot, fastPathFile)
	default:
		base := path.Base(e.File)
		e.FastPath = r.fastPath(e.ImportRoot, e.Module, base == "__init__.py" || base == "__main__.py")
	}
	if own := r.config.Entry[e.Name].File; own != "" {
		e.FastPath = path.Clean(strings.ReplaceAll(own, `\`, "/"))
	}
	if e.Kind != EntryHandler {
		return
	}
	for _, f := range r.deployed() {
		if f.codeDir == e.ImportRoot && f.module == e.Module && f.attr == e.Attr {
			f.describe(e, r.config)
			return
		}
	}
}

// script is the target of a console script.
type script struct{ module, attr string }

// scripts returns the console scripts that pyproject.toml declares, or else
// setup.cfg or setup.py.
func (r *resolver) scripts() map[string]script {
	out := map[string]script{}
	put := func(name, target string) {
		target, _, _ = strings.Cut(target, "[") // extras
		module, attr, ok := strings.Cut(strings.TrimSpace(target), ":")
		if ok && module != "" && attr != "" {
			out[name] = script{strings.TrimSpace(module), strings.TrimSpace(attr)}
		}
	}
	for name, s := range setupScripts(r.layout) {
		out[name] = s.script
	}
	for name, v := range r.meta.Tool.Poetry.Scripts {
		switch v := v.(type) {
		case string:
			put(name, v)
		case map[string]any:
			if s, ok := v["reference"].(string); ok {
				put(name, s)
			} else if s, ok := v["callable"].(string); ok {
				put(name, s)
			}
		}
	}
	for name, target := range r.meta.Project.GUIScripts {
		put(name, target)
	}
	for name, target := range r.meta.Project.Scripts {
		put(name, target)
	}
	return out
}
