// Package resolve maps module names to files as Python's import system would,
// without starting it: built-in and frozen modules first, then the import
// roots, the standard library, lib-dynload, site-packages and what .pth files
// add, with packages, extension modules and namespace packages that spread
// over several folders.
//
// The oracle is importlib.util.find_spec: a test compares every module of the
// standard library and of site-packages. What cannot be known statically
// (modules that code creates, import hooks) is "missing", except for a few
// well-known cases such as os.path and six.moves.
//
// Folders are listed once and answers are kept; a Resolver is safe for
// concurrent use and does not see files that appear later.
package resolve

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// Origin says whom a module belongs to.
type Origin string

// The origins.
const (
	OriginProject Origin = "project" // found below an import root
	OriginStdlib  Origin = "stdlib"
	OriginSite    Origin = "site" // installed: site-packages and .pth
	OriginNone    Origin = ""     // missing
)

// Spec is what is known of a module.
type Spec struct {
	Kind   Kind
	Path   string   // absolute: the source, the extension or __init__.py; the first folder of a namespace; "" without a file
	Search []string // where submodules are looked for; empty when it is no package
	Origin Origin
}

var missing = Spec{Kind: KindMissing}

// Resolver resolves module names; see New.
type Resolver struct {
	path     []location
	editable map[string]string // top-level module → file or folder, by editable finders
	version  syntax.Version
	builtin  map[string]bool        // exact, from the interpreter itself; nil when unknown
	linked   func() map[string]bool // extension modules in the executable itself
	stdlib   string                 // folder, "" when no interpreter is known

	listings sync.Map // folder → *listing
	specs    sync.Map // module → Spec
}

// location is one folder of sys.path.
type location struct {
	dir    string
	origin Origin
}

// New returns a resolver for programs that run with roots (absolute folders)
// at the head of sys.path, under the interpreter. Without an interpreter (nil)
// the standard library is known by name only.
func New(roots []string, i *interp.Interpreter) *Resolver {
	r := &Resolver{version: syntax.Latest, editable: map[string]string{}}
	for _, dir := range roots {
		r.add(dir, OriginProject)
	}
	if i == nil {
		return r
	}
	if i.Version.Major > 0 {
		r.version = i.Version
	}
	r.stdlib = i.Stdlib
	r.linked = sync.OnceValue(func() map[string]bool { return linkedModules(i) })
	r.add(i.Stdlib, OriginStdlib)
	r.add(i.DynLoad, OriginStdlib)
	for _, dir := range i.SitePackages {
		r.add(dir, OriginSite)
		r.addPth(dir)
	}
	return r
}

// WithDetails makes the resolver use the interpreter's own list of built-in
// modules instead of a guess. It must be called before the first Resolve.
func (r *Resolver) WithDetails(d *interp.Details) *Resolver {
	r.builtin = map[string]bool{}
	for _, name := range d.Builtin {
		r.builtin[name] = true
	}
	return r
}

// add appends a folder to the path unless it is there.
func (r *Resolver) add(dir string, origin Origin) {
	if dir == "" || slices.ContainsFunc(r.path, func(l location) bool { return l.dir == dir }) {
		return
	}
	r.path = append(r.path, location{filepath.Clean(dir), origin})
}

// Path returns the folders that are searched, in order.
func (r *Resolver) Path() []string {
	dirs := make([]string, len(r.path))
	for i, l := range r.path {
		dirs[i] = l.dir
	}
	return dirs
}

// Find returns everything that is known of an absolute module name.
func (r *Resolver) Find(module string) Spec {
	if s, ok := r.specs.Load(module); ok {
		return s.(Spec)
	}
	s := r.find(module)
	r.specs.Store(module, s)
	return s
}

func (r *Resolver) find(module string) Spec {
	if module == "" || strings.HasPrefix(module, ".") || strings.HasSuffix(module, ".") || strings.Contains(module, "..") {
		return missing
	}
	i := strings.LastIndexByte(module, '.')
	if i < 0 {
		return r.topLevel(module)
	}
	if s, ok := r.alias(module); ok {
		return s
	}
	parent := r.Find(module[:i])
	if r.isFrozen(module) && parent.Kind != KindMissing {
		s := r.search(r.locations(parent), module, module[i+1:])
		s.Kind = KindFrozen
		return s
	}
	if len(parent.Search) == 0 {
		return r.known(module, parent)
	}
	return r.search(r.locations(parent), module, module[i+1:])
}

// locations returns where the submodules of a package are.
func (r *Resolver) locations(parent Spec) []location {
	ls := make([]location, len(parent.Search))
	for i, dir := range parent.Search {
		ls[i] = location{dir, parent.Origin}
	}
	return ls
}

// topLevel finds a module without dots.
func (r *Resolver) topLevel(module string) Spec {
	if r.isBuiltin(module) {
		return Spec{Kind: KindBuiltin, Origin: OriginStdlib}
	}
	if r.isFrozen(module) {
		s := missing
		if r.stdlib != "" {
			s = r.search([]location{{r.stdlib, OriginStdlib}}, module, module)
		}
		s.Kind, s.Origin = KindFrozen, OriginStdlib
		return s
	}
	if s := r.search(r.path, module, module); s.Kind != KindMissing {
		return s
	}
	if target, ok := r.editable[module]; ok {
		return r.editableSpec(target)
	}
	return r.known(module, missing)
}

// search looks for the last component of a module in folders, as PathFinder
// does: the first regular module wins, else all folders form a namespace.
func (r *Resolver) search(path []location, module, name string) Spec {
	var namespace Spec
	for _, l := range path {
		ls := r.list(l.dir)
		if ls.isDir(name) {
			dir := filepath.Join(l.dir, name)
			if init := r.module(r.list(dir), "__init__"); init != "" {
				s := Spec{KindPackage, filepath.Join(dir, init), []string{dir}, l.origin}
				if extended(s.Path) {
					s.Search = r.extend(path, name, dir)
				}
				return s
			}
			if len(namespace.Search) == 0 {
				namespace = Spec{Kind: KindNamespace, Path: dir, Origin: l.origin}
			}
			namespace.Search = append(namespace.Search, dir)
		}
		if file := r.module(ls, name); file != "" {
			kind := KindSource
			if isExtension(file) {
				kind = KindExtension
			}
			return Spec{kind, filepath.Join(l.dir, file), nil, l.origin}
		}
	}
	if len(namespace.Search) > 0 {
		return namespace
	}
	return missing
}

// extended reports whether a package spreads itself over sys.path in the old
// way, by pkgutil or pkg_resources.
func extended(init string) bool {
	info, err := os.Stat(init)
	if err != nil || info.Size() > 1<<14 || !strings.HasSuffix(init, ".py") {
		return false
	}
	src, err := os.ReadFile(init)
	return err == nil && (strings.Contains(string(src), "extend_path(") || strings.Contains(string(src), "declare_namespace("))
}

// extend returns all folders of a package that pkgutil.extend_path finds.
func (r *Resolver) extend(path []location, name, own string) []string {
	dirs := []string{own}
	for _, l := range path {
		if dir := filepath.Join(l.dir, name); r.list(l.dir).isDir(name) && dir != own {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// editableSpec describes what an editable finder maps a module to.
func (r *Resolver) editableSpec(target string) Spec {
	if init := r.module(r.list(target), "__init__"); init != "" {
		return Spec{KindPackage, filepath.Join(target, init), []string{target}, OriginSite}
	}
	for _, file := range []string{target, target + ".py"} {
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() {
			return Spec{KindSource, file, nil, OriginSite}
		}
	}
	if info, err := os.Stat(target); err == nil && info.IsDir() {
		return Spec{KindNamespace, target, []string{target}, OriginSite}
	}
	return missing
}

// alias finds submodules that exist only in sys.modules.
func (r *Resolver) alias(module string) (Spec, bool) {
	switch module {
	case "os.path":
		s := r.Find("posixpath")
		if filepath.Separator == '\\' {
			s = r.Find("ntpath")
		}
		return s, s.Kind != KindMissing
	case "collections.abc":
		if r.version.Less(syntax.Version{Major: 3, Minor: 13}) {
			return Spec{}, false
		}
		return r.Find("_collections_abc"), true
	case "typing.io", "typing.re":
		if !r.version.Less(syntax.Version{Major: 3, Minor: 13}) {
			return missing, true
		}
		s := r.Find("typing")
		s.Search = nil
		return s, true
	case "pyexpat.errors", "pyexpat.model", "xml.parsers.expat.errors", "xml.parsers.expat.model":
		return r.Find("pyexpat"), true
	case "importlib._bootstrap", "importlib._bootstrap_external":
		s := r.search(r.locations(r.Find("importlib")), module, module[strings.LastIndexByte(module, '.')+1:])
		s.Kind = KindFrozen
		return s, true
	}
	// six puts lazy modules below itself, wherever it is vendored.
	if i := strings.Index(module, "six.moves"); i == 0 || i > 0 && module[i-1] == '.' {
		if rest := module[i+len("six.moves"):]; rest == "" || rest[0] == '.' {
			if s := r.Find(module[:i+len("six")]); s.Kind == KindSource {
				return s, true
			}
		}
	}
	return Spec{}, false
}
