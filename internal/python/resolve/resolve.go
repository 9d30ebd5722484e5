// Package resolve maps module names to files as Python's import system would,
// without starting it: built-in and frozen modules first, then the import
// roots, PYTHONPATH, the standard library (zipped or not), lib-dynload,
// site-packages and what .pth files add, with packages, extension modules,
// archives, and namespace packages that spread over several folders. The
// finders of editable installs are read, not run.
//
// The oracle is importlib.util.find_spec: tests compare every module of the
// standard library and every import of ten environments. Code can change how
// modules are found while it runs; that is recognised in the source and told
// by Spec.Runtime, whether the module could be found nevertheless (os.path,
// packages that pkgutil.extend_path spreads) or is missing.
//
// Folders are listed once and answers are kept, so that a name costs some map
// look-ups and no call of the system; a Resolver is safe for concurrent use
// and does not see files that appear later.
package resolve

import (
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
	OriginSite    Origin = "site" // installed: site-packages, .pth and PYTHONPATH
	OriginNone    Origin = ""     // missing
)

// Spec is what is known of a module.
type Spec struct {
	Kind   Kind
	Path   string   // absolute: the source, the extension or __init__.py; the first folder of a namespace; "" without a file
	Search []string // where submodules are looked for; empty when it is no package
	Origin Origin

	// Runtime names the code that decides, when the program runs, how this
	// module or its submodules are found: "six:931, which installs an import
	// hook". A missing module with it may be there at run time; one that was
	// found is where that code puts it as far as that can be read. It is ""
	// where the files alone decide.
	Runtime string

	plain int // how many of Search the files alone give
}

var missing = Spec{Kind: KindMissing}

// Resolver resolves module names; see New.
type Resolver struct {
	path     []location
	version  syntax.Version
	suffixes []string               // of extension modules, the preferred first; nil when unknown
	builtin  map[string]bool        // exact, from the interpreter itself; nil when unknown
	linked   func() map[string]bool // extension modules in the executable itself
	stdlib   string                 // folder, "" when no interpreter is known

	first, last  []finder              // import hooks before and after the path
	placeholders map[string]*editable  // entries of a path that stand for a finder
	made         map[string]*namespace // modules that .pth files create
	unread       string                // an import hook of a .pth file that cannot be read, "" when there is none
	archives     []*archive

	listings sync.Map // folder → *listing
	specs    sync.Map // module → Spec
	habits   sync.Map // file → habits
	paths    sync.Map // file → whether its text names __path__
}

// location is one folder of sys.path or of a package.
type location struct {
	dir     string
	origin  Origin
	runtime string // who put it there, see Spec.Runtime
}

// finder finds a module on a path as an import hook does.
type finder func(r *Resolver, module string, path []location) (Spec, bool)

// New returns a resolver for programs that run with roots (absolute folders)
// at the head of sys.path, under the interpreter. Without an interpreter (nil)
// the standard library is known by name only.
func New(roots []string, i *interp.Interpreter) *Resolver {
	r := &Resolver{version: syntax.Latest, placeholders: map[string]*editable{}, made: map[string]*namespace{}}
	if i != nil && i.Version.Major > 0 {
		r.version = i.Version
	}
	if i != nil {
		r.suffixes = extensionSuffixes(i)
		r.stdlib = i.Stdlib
		r.linked = sync.OnceValue(func() map[string]bool { return linkedModules(i) })
	}
	s := &site{r: r, known: map[string]bool{}}
	for _, dir := range roots {
		s.add(dir, OriginProject)
	}
	own := s.path
	s.path = nil
	if i != nil {
		s.fill(i)
	}
	r.path = append(own, s.path...)
	r.specs.Clear() // answers that were given while the path grew
	return r
}

// WithDetails makes the resolver use the interpreter's own list of built-in
// modules instead of a guess. It must be called before the first Find.
func (r *Resolver) WithDetails(d *interp.Details) *Resolver {
	r.builtin = map[string]bool{}
	for _, name := range d.Builtin {
		r.builtin[name] = true
	}
	return r
}

// Path returns the entries of sys.path that are searched, in order.
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

// Item returns what is known of a submodule that "from base import item" may
// mean. A project's module that is no package is taken to have none, though its
// code could give it a __path__: Find would have to read its source for that.
func (r *Resolver) Item(base, item string) Spec {
	s, parent, ok := r.item(base, item)
	if !ok && parent.Kind != "" {
		s.Runtime = r.whoElse(parent, base+"."+item)
	}
	return s
}

// HasItem reports whether Item finds a submodule. For most names it needs not look
// at what code may do to find one at run time.
func (r *Resolver) HasItem(base, item string) bool {
	s, _, _ := r.item(base, item)
	return s.Kind != KindMissing
}

// item is locate for a submodule that an import may mean.
func (r *Resolver) item(base, item string) (s, parent Spec, ok bool) {
	if s := r.Find(base); len(s.Search) == 0 && s.Origin == OriginProject && !strings.HasSuffix(base, "six") {
		return missing, Spec{}, false
	}
	module := base + "." + item
	if s, ok := r.specs.Load(module); ok {
		return s.(Spec), Spec{}, true
	}
	s, parent, ok = r.locate(module)
	if s.Kind != KindMissing { // most items are no modules: not worth the memory
		r.specs.Store(module, s)
	}
	return s, parent, ok
}

func (r *Resolver) find(module string) Spec {
	s, parent, ok := r.locate(module)
	if !ok {
		s.Runtime = r.whoElse(parent, module)
	}
	return s
}

// locate is find; where it reports false, nothing has the module below its parent,
// and the code of that alone may say who else does.
func (r *Resolver) locate(module string) (s, parent Spec, ok bool) {
	if module == "" || strings.HasPrefix(module, ".") || strings.HasSuffix(module, ".") || strings.Contains(module, "..") {
		return missing, parent, true
	}
	i := strings.LastIndexByte(module, '.')
	if i < 0 {
		return r.topLevel(module), parent, true
	}
	if s, ok := r.alias(module); ok {
		return s, parent, true
	}
	if n := r.made[module]; n != nil {
		return r.madeSpec(module, n), parent, true
	}
	parent = r.Find(module[:i])
	if parent.Kind == KindMissing {
		s := r.known(module, parent)
		if s.Kind == KindMissing {
			s.Runtime = parent.Runtime
		}
		return s, parent, true
	}
	if r.isFrozen(module) {
		s := r.search(r.locations(parent), module)
		s.Kind = KindFrozen
		return s, parent, true
	}
	if len(parent.Search) > 0 {
		if s, ok := r.onPath(module, r.locations(parent)); ok {
			return s, parent, true
		}
	} else if s := r.known(module, parent); s.Kind != KindMissing {
		return s, parent, true
	} else if path := r.ownPath(parent, module[:i]); len(path) > 0 {
		if s := r.search(path, module); s.Kind != KindMissing {
			return s, parent, true
		}
	}
	return missing, parent, false
}

// locations returns where the submodules of a package are.
func (r *Resolver) locations(parent Spec) []location {
	ls := make([]location, len(parent.Search))
	for i, dir := range parent.Search {
		ls[i] = location{dir: dir, origin: parent.Origin}
		if i >= parent.plain {
			ls[i].runtime = parent.Runtime
		}
	}
	return ls
}

// topLevel finds a module without dots.
func (r *Resolver) topLevel(module string) Spec {
	if n := r.made[module]; n != nil {
		return r.madeSpec(module, n)
	}
	if r.isBuiltin(module) {
		return Spec{Kind: KindBuiltin, Origin: OriginStdlib}
	}
	if r.isFrozen(module) {
		s := missing
		if r.stdlib != "" {
			s = r.search([]location{{dir: r.stdlib, origin: OriginStdlib}}, module)
		}
		s.Kind, s.Origin = KindFrozen, OriginStdlib
		return s
	}
	if s, ok := r.onPath(module, r.path); ok {
		return s
	}
	s := r.known(module, missing)
	if s.Kind == KindMissing {
		if s.Runtime = r.unread; s.Runtime == "" {
			s.Runtime = r.lent(module)
		}
	}
	return s
}

// onPath asks the import hooks and the path finder for a module.
func (r *Resolver) onPath(module string, path []location) (Spec, bool) {
	for _, find := range r.first {
		if s, ok := find(r, module, path); ok {
			return s, true
		}
	}
	if s := r.search(path, module); s.Kind != KindMissing {
		return s, true
	}
	for _, find := range r.last {
		if s, ok := find(r, module, path); ok {
			return s, true
		}
	}
	return Spec{}, false
}

// search looks for a module in folders, as PathFinder does: the first regular
// module wins, else all folders of that name form a namespace.
func (r *Resolver) search(path []location, module string) Spec {
	name := module[strings.LastIndexByte(module, '.')+1:]
	var spread Spec
	for _, l := range path {
		if e := r.placeholders[l.dir]; e != nil {
			spread = joined(spread, e.namespace(module), l)
			continue
		}
		list := r.list(l.dir)
		e, ok := list.entries[name]
		if !ok {
			continue
		}
		if e.dir {
			dir := filepath.Join(l.dir, name)
			if init := r.list(dir).module("__init__"); init != "" {
				s := Spec{Kind: KindPackage, Path: filepath.Join(dir, init), Search: []string{dir}, Origin: l.origin, Runtime: l.runtime}
				if l.runtime == "" {
					s.plain = 1
				}
				r.widen(&s, path, module)
				return s
			}
		}
		if file := list.module(name); file != "" {
			kind := KindSource
			if isExtension(file) {
				kind = KindExtension
			}
			return Spec{Kind: kind, Path: filepath.Join(l.dir, file), Origin: l.origin, Runtime: l.runtime}
		}
		if e.dir && !e.implicit {
			spread = joined(spread, []string{filepath.Join(l.dir, name)}, l)
		}
	}
	if spread.Kind == "" {
		return missing
	}
	for _, dir := range spread.Search {
		if r.placeholders[dir] == nil {
			spread.Path = dir
			break
		}
	}
	return spread
}

// joined adds portions that were found at l to a namespace.
func joined(s Spec, portions []string, l location) Spec {
	if len(portions) == 0 {
		return s
	}
	if s.Kind == "" {
		s = Spec{Kind: KindNamespace, Origin: l.origin, Runtime: l.runtime}
	}
	s.Search = append(s.Search, portions...)
	s.plain = len(s.Search)
	return s
}

// portions returns where the finder of one path entry would look for the
// submodules of a package, and whether the package has an __init__ there.
func (r *Resolver) portions(l location, name string) (dirs []string, regular bool) {
	list := r.list(l.dir)
	e, ok := list.entries[name]
	if !ok || !e.dir {
		return nil, false
	}
	dir := filepath.Join(l.dir, name)
	if r.list(dir).module("__init__") != "" {
		return []string{dir}, true
	}
	if list.module(name) != "" || e.implicit {
		return nil, false
	}
	return []string{dir}, false
}

// widen applies what the __init__ of a package does to its __path__.
func (r *Resolver) widen(s *Spec, path []location, module string) {
	h := r.habitsOf(s.Path, module)
	name := module[strings.LastIndexByte(module, '.')+1:]
	add := func(dirs ...string) {
		for _, dir := range dirs {
			if !slices.Contains(s.Search, dir) {
				s.Search = append(s.Search, dir)
			}
		}
	}
	switch {
	case h.declares != "" && (module == "pkg_resources" || r.Find("pkg_resources").Kind != KindMissing):
		// pkg_resources sorts the portions as sys.path does.
		s.Search, s.Runtime, s.plain = nil, h.declares, 0
		for _, l := range path {
			if dirs, regular := r.portions(l, name); regular {
				add(dirs...)
			}
		}
		add(filepath.Dir(s.Path))
	case h.extends != "":
		s.Runtime = h.extends
		for _, l := range path {
			dirs, _ := r.portions(l, name)
			add(dirs...)
			if r.list(l.dir).isFile(module + ".pkg") {
				add(r.portionFile(filepath.Join(l.dir, module+".pkg"))...)
			}
		}
	}
	if h.changes == "" {
		return
	}
	s.Runtime = h.changes
	if h.path != nil {
		if search, ok := h.path(s.Search); ok {
			if len(search) < s.plain || !slices.Equal(search[:s.plain], s.Search[:s.plain]) {
				s.plain = 0
			}
			s.Search = search
			return
		}
	}
	if h.prepends {
		s.plain = 0 // who knows what comes first now
	}
}

// ownPath returns the __path__ that a module which is no package gives itself.
func (r *Resolver) ownPath(s Spec, module string) []location {
	if s.Kind != KindSource {
		return nil
	}
	if !r.namesPath(s.Path) {
		return nil
	}
	h := r.habitsOf(s.Path, module)
	if h.path == nil {
		return nil
	}
	dirs, _ := h.path(nil)
	var path []location
	for _, dir := range dirs {
		path = append(path, location{dir, s.Origin, h.changes})
	}
	return path
}

// portionFile reads a NAME.pkg file, which lists folders for
// pkgutil.extend_path.
func (r *Resolver) portionFile(file string) []string {
	data, err := r.read(file)
	if err != nil {
		return nil
	}
	var dirs []string
	for line := range strings.Lines(string(data)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" && line[0] != '#' {
			dirs = append(dirs, line)
		}
	}
	return dirs
}

// whoElse says what may find a submodule at run time that the path does not
// have, "" when its package does nothing of that kind.
func (r *Resolver) whoElse(parent Spec, module string) string {
	if parent.Runtime != "" {
		return parent.Runtime
	}
	if parent.Path == "" || parent.Kind == KindNamespace || parent.Kind == KindExtension {
		return ""
	}
	h := r.habitsOf(parent.Path, module[:strings.LastIndexByte(module, '.')])
	if h.changes != "" {
		return h.changes
	}
	return h.places
}
