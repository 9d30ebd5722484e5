package graph

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// LoadOptions say what to load.
type LoadOptions struct {
	Root        string            // absolute project directory
	Files       []string          // relative to Root, with slashes; absolute for files outside of it
	ImportRoots []string          // folders on sys.path, relative to Root, those of the entries first
	Version     syntax.Version    // of the language; the zero value is the newest
	Resolver    *resolve.Resolver // for everything outside of the project; nil: only the project is known
}

// Load reads, parses and links the files of a project. Files that cannot be
// read are listed in Problems, and those that do not parse take part with what
// could be read of them. The only error is the end of ctx.
func Load(ctx context.Context, o LoadOptions) (*Program, error) {
	return load(ctx, o, maxFollowed)
}

// load is Load; in programs of more than followed modules, functions are
// followed by name and not by value.
func load(ctx context.Context, o LoadOptions, followed int) (*Program, error) {
	if o.Version == (syntax.Version{}) {
		o.Version = syntax.Latest
	}
	p := &Program{Root: o.Root, resolver: o.Resolver, version: o.Version}
	files := slices.Clone(o.Files)
	slices.Sort(files)
	files = slices.Compact(files)

	modules := make([]*Module, len(files))
	problems := make([]string, len(files))
	parallel(len(files), func(k int) {
		if ctx.Err() != nil {
			return
		}
		src, err := os.ReadFile(p.abs(files[k]))
		if err != nil {
			problems[k] = plain(err)
			return
		}
		f := syntax.Parse(src, o.Version)
		modules[k] = &Module{File: files[k], Syntax: f, Scope: scope.Analyze(f, o.Version), Test: isTest(files[k])}
	})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for k, m := range modules {
		if m == nil {
			p.Problems = append(p.Problems, Problem{files[k], problems[k]})
			continue
		}
		p.Modules = append(p.Modules, m)
	}
	p.name(o.ImportRoots)
	parallel(len(p.Modules), func(k int) { p.collect(p.Modules[k]) })
	p.link()
	p.blind()
	p.follow(followed)
	parallel(len(p.Modules), func(k int) { p.count(p.Modules[k]) })
	p.spread()
	return p, ctx.Err()
}

// abs returns the absolute path of a file of the program.
func (p *Program) abs(file string) string {
	if path.IsAbs(file) || filepath.IsAbs(file) {
		return filepath.FromSlash(file)
	}
	return filepath.Join(p.Root, filepath.FromSlash(file))
}

// relative returns a path relative to the project where it is inside.
func (p *Program) relative(file string) string {
	if file == "" {
		return ""
	}
	rel, err := filepath.Rel(p.Root, file)
	if err != nil || rel == ".." || strings.HasPrefix(rel, ".."+string(filepath.Separator)) {
		return filepath.ToSlash(file)
	}
	return filepath.ToSlash(rel)
}

// plain returns the message of a file error without operation and path.
func plain(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}

// parallel calls work for 0 … n-1 on all cores and waits.
func parallel(n int, work func(k int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for k := range n {
			work(k)
		}
		return
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for {
				k := int(next.Add(1)) - 1
				if k >= n {
					return
				}
				work(k)
			}
		})
	}
	wg.Wait()
}

// isTest reports whether a file belongs to the tests of a project.
func isTest(file string) bool {
	dir, base := path.Split(file)
	if base == "conftest.py" || strings.HasPrefix(base, "test_") || strings.HasSuffix(base, "_test.py") {
		return true
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if part == "tests" || part == "test" {
			return true
		}
	}
	return false
}

// candidate is one name under which a file can be imported.
type candidate struct {
	name, root string
	regular    bool // every folder on the way is a package with an __init__.py
}

// name gives every module its name, and fills the indexes.
//
// A file can have several names, one for each import root above it. Python
// would use the one that the import statements use; so the name is the first
// one that leads through regular packages only, else the first that some
// import mentions, else the first.
func (p *Program) name(roots []string) {
	p.byFile = make(map[string]*Module, len(p.Modules))
	p.byName = make(map[string][]*Module, len(p.Modules))
	packages := map[string]bool{} // folders with an __init__.py
	for _, m := range p.Modules {
		p.byFile[m.File] = m
		if path.Base(m.File) == "__init__.py" {
			packages[path.Dir(m.File)] = true
		}
	}
	mentioned := p.mentioned()
	all := make([][]candidate, len(p.Modules))
	for k, m := range p.Modules {
		m.IsPackage = path.Base(m.File) == "__init__.py"
		all[k] = candidates(m.File, roots, packages)
		c := all[k][0]
		if r := slices.IndexFunc(all[k], func(c candidate) bool { return c.regular }); r >= 0 {
			c = all[k][r]
		} else if u := slices.IndexFunc(all[k], func(c candidate) bool { return mentioned[c.name] }); u >= 0 {
			c = all[k][u]
		}
		m.Name, m.Root = c.name, c.root
	}
	rank := map[string]int{}
	for k, r := range roots {
		if _, ok := rank[path.Clean(r)]; !ok {
			rank[path.Clean(r)] = k - len(roots)
		}
	}
	type named struct {
		m     *Module
		order int
	}
	byName := map[string][]named{}
	p.folders = map[string]string{}
	for k, m := range p.Modules {
		for _, c := range all[k] {
			order := rank[c.root]
			if c.name == m.Name && c.root == m.Root {
				order -= 2 * len(roots) // its own name comes first
			}
			byName[c.name] = append(byName[c.name], named{m, order})
			for n, dir := parentName(c.name), path.Dir(m.File); n != ""; n = parentName(n) {
				if m.IsPackage && n == parentName(c.name) {
					dir = path.Dir(dir)
				}
				if _, ok := p.folders[n]; !ok {
					p.folders[n] = dir
				}
				dir = path.Dir(dir)
			}
		}
	}
	for n, l := range byName {
		sort.SliceStable(l, func(a, b int) bool {
			if l[a].order != l[b].order {
				return l[a].order < l[b].order
			}
			return l[a].m.IsPackage && !l[b].m.IsPackage // a package hides the module beside it
		})
		for _, c := range l {
			p.byName[n] = append(p.byName[n], c.m)
		}
	}
}

func parentName(name string) string {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i]
	}
	return ""
}

// candidates returns the names of a file: by each import root above it, and by
// the folder in which its packages start, which is on the path when a script
// in that folder runs. There is at least one.
func candidates(file string, roots []string, packages map[string]bool) []candidate {
	own := path.Dir(file)
	for packages[own] && own != "." && own != "/" {
		own = path.Dir(own)
	}
	var out []candidate
	for k, r := range append(slices.Clone(roots), own) {
		r = path.Clean(filepath.ToSlash(r))
		rel, ok := below(r, file)
		if !ok || slices.ContainsFunc(out, func(c candidate) bool { return c.root == r }) {
			continue
		}
		name := strings.TrimSuffix(strings.TrimSuffix(rel, ".py"), "/__init__")
		if name == "__init__" { // the root itself is a package
			name = path.Base(path.Dir(file))
		}
		regular := true
		for d := path.Dir(file); d != r && d != "." && d != "/"; d = path.Dir(d) {
			regular = regular && packages[d]
		}
		out = append(out, candidate{strings.ReplaceAll(name, "/", "."), r, regular && !packages[r] && k < len(roots)})
	}
	return out
}

// below returns file relative to the folder dir when it is inside.
func below(dir, file string) (string, bool) {
	if dir == "." {
		return file, !path.IsAbs(file)
	}
	return strings.CutPrefix(file, strings.TrimSuffix(dir, "/")+"/")
}

// mentioned returns the absolute module names in import statements.
func (p *Program) mentioned() map[string]bool {
	names := map[string]bool{}
	for _, m := range p.Modules {
		f := m.Syntax
		for n := range f.Nodes {
			id := syntax.NodeID(n)
			switch f.Nodes[n].Kind {
			case syntax.Import:
				for a := range f.Children(id) {
					names[f.DottedText(f.First(a))] = true
				}
			case syntax.ImportFrom:
				d := f.Child(id, syntax.DottedName)
				if d == syntax.None || f.ImportLevel(id) > 0 {
					continue
				}
				base := f.DottedText(d)
				names[base] = true
				for a := range f.Children(id) {
					if f.Kind(a) == syntax.Alias {
						names[base+"."+f.Text(f.First(a))] = true
					}
				}
			}
		}
	}
	return names
}
