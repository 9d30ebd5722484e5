package resolve

import (
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/python/syntax"
	"fastpath/internal/regexps"
)

// run reads a line of code that runs when Python starts, and applies what is
// understood of it. It reports false where the line fails because it imports
// a module that is missing.
func (s *site) run(c startup) bool {
	switch {
	case strings.Contains(c.text, "sys.__plen = len(sys.path)"):
		s.length = len(s.path)
		return true
	case strings.Contains(c.text, "__egginsert"):
		s.moveEggs()
		return true
	case namespaceLine().MatchString(c.text):
		s.createNamespace(c)
		return true
	}
	f := syntax.Parse([]byte(c.text), s.r.version)
	e := evaluator{f: f}
	for n := range f.Nodes {
		id := syntax.NodeID(n)
		switch f.Kind(id) {
		case syntax.Alias:
			if f.Kind(f.Parent(id)) == syntax.Import && !s.imports(c, f.DottedText(f.First(id))) {
				return false
			}
		case syntax.ImportFrom:
			if d := f.Child(id, syntax.DottedName); d != syntax.None && !s.imports(c, f.DottedText(d)) {
				return false
			}
		case syntax.Call:
			s.call(c, &e, id)
		}
	}
	return true
}

// call applies a call of start-up code.
func (s *site) call(c startup, e *evaluator, call syntax.NodeID) {
	args := e.arguments(call)
	first := func() (string, bool) {
		if len(args) == 0 {
			return "", false
		}
		text, ok := e.value(args[len(args)-1]).(string)
		return text, ok
	}
	switch callee := e.f.Text(e.f.First(call)); callee {
	case "__import__", "importlib.import_module":
		if name, ok := first(); ok {
			s.imports(c, name)
		}
	case "exec":
		if code, ok := first(); ok {
			s.run(startup{c.file, c.dir, code})
		}
	case "sys.path.append", "sys.path.insert", "site.addsitedir":
		dir, ok := first()
		switch {
		case !ok:
			s.unreadable(c)
		case callee == "sys.path.insert" && e.f.Text(args[0]) == "0":
			rest := s.path
			s.path = nil
			s.add(dir, OriginSite)
			s.path = append(s.path, rest...)
		default:
			s.add(dir, OriginSite)
			if callee == "site.addsitedir" && s.depth < maxDepth {
				s.depth++
				s.startFiles(dir)
				s.depth--
			}
		}
	case "sys.meta_path.append", "sys.meta_path.insert", "sys.path_hooks.append", "sys.path_hooks.insert", "sys.path.extend":
		s.unreadable(c)
	}
}

// unreadable notes that a start-up file does what cannot be read.
func (s *site) unreadable(c startup) {
	if s.r.unread == "" {
		s.r.unread = c.file + ", which changes how modules are found"
	}
}

// imports looks at a module that start-up code imports, and reports whether
// it exists.
func (s *site) imports(c startup, module string) bool {
	if module == "_distutils_hack" && !strings.Contains(c.text, "'stdlib') == 'local'") { // what old ones need a variable for
		s.r.first = slices.Insert(s.r.first, 0, distutils)
	}
	top, _, _ := strings.Cut(module, ".")
	if s.r.isBuiltin(top) || s.r.isFrozen(top) {
		return true
	}
	spec := s.r.search(s.path, top)
	if top == module {
		s.hooks(c, spec, top)
	} else if spec.Kind == KindPackage {
		s.hooks(c, s.r.search(s.r.locations(spec), module), module)
	}
	return spec.Kind != KindMissing
}

// harmless are modules that start with Python and change nothing about where
// modules are.
var harmless = []string{"_virtualenv", "_distutils_hack", "coverage", "pytest_cov", "pytest_cov.embed", "debugpy"}

// hooks understands the finder that a module of a .pth file installs.
func (s *site) hooks(c startup, spec Spec, module string) {
	if spec.Origin != OriginSite || spec.Path == "" || !strings.HasSuffix(spec.Path, ".py") || slices.Contains(harmless, module) {
		return
	}
	src, err := s.r.read(spec.Path)
	if err != nil {
		return
	}
	text := string(src)
	f := func() *evaluator { return &evaluator{f: syntax.Parse(src, s.r.version), file: spec.Path} }
	ok := true
	switch {
	case strings.Contains(text, "class _EditableFinder"):
		ok = s.setuptoolsFinder(f())
	case strings.Contains(text, "editables.redirector"):
		ok = s.editablesFinder(f())
	case strings.Contains(text, "class ScikitBuildRedirectingFinder"):
		ok = s.scikitFinder(f(), filepath.Dir(spec.Path))
	case strings.Contains(text, "class MesonpyMetaFinder"):
		ok = s.mesonFinder(f())
	default:
		if h := s.r.habitsOf(spec.Path, module); h.hooks || h.syspath {
			ok = false
		}
	}
	if !ok {
		s.unreadable(c)
	}
}

// distutils finds what setuptools puts in the place of the standard library's
// distutils.
func distutils(r *Resolver, module string, _ []location) (Spec, bool) {
	if module != "distutils" {
		return Spec{}, false
	}
	s := r.Find("setuptools._distutils")
	s.Runtime, s.plain = "_distutils_hack, which takes it from setuptools", 0
	return s, s.Kind == KindPackage
}

// moveEggs moves the entries of an old easy-install.pth to the front, as the
// last line of such a file does.
func (s *site) moveEggs() {
	if s.length > len(s.path) || s.insert > s.length {
		return
	}
	added := slices.Clone(s.path[s.length:])
	s.path = slices.Insert(s.path[:s.length], s.insert, added...)
	s.insert += len(added)
}

// namespaceLine is what setuptools writes into NAME-nspkg.pth files: the
// folder (of a develop install, else the site folder), the parts of the name
// below it, and the name.
var namespaceLine = regexps.New(`os\.path\.join\((?:sys\._getframe\(1\)\.f_locals\['sitedir'\]|'([^']*)'), \*\(([^)]*)\)\).*sys\.modules\.setdefault\('([\w.]+)'`)

// namespace is a package that a .pth file creates.
type namespace struct {
	file  string // the first .pth file
	dirs  []string
	plain bool // made without a spec: its path does not grow with sys.path
}

// createNamespace applies a line of a NAME-nspkg.pth file.
func (s *site) createNamespace(c startup) {
	m := namespaceLine().FindStringSubmatch(c.text)
	parts := []string{c.dir}
	if m[1] != "" {
		parts[0] = m[1]
	}
	for part := range strings.SplitSeq(m[2], ",") {
		if part = strings.Trim(strings.TrimSpace(part), `'"`); part != "" {
			parts = append(parts, part)
		}
	}
	dir, module := filepath.Join(parts...), m[3]
	spec := strings.Contains(c.text, "module_from_spec")
	if !spec && s.r.list(dir).module("__init__") != "" {
		return // such lines leave regular packages alone
	}
	n := s.r.made[module]
	if n == nil {
		n = &namespace{file: c.file, plain: !spec}
		s.r.made[module] = n
	}
	if !slices.Contains(n.dirs, dir) {
		n.dirs = append(n.dirs, dir)
	}
}

// madeSpec describes a package that a .pth file created.
func (r *Resolver) madeSpec(module string, n *namespace) Spec {
	runtime := n.file + ", which creates it"
	s := Spec{Kind: KindNamespace, Path: n.dirs[0], Origin: OriginSite}
	if !n.plain {
		path := r.path
		if i := strings.LastIndexByte(module, '.'); i > 0 {
			path = r.locations(r.Find(module[:i]))
		}
		own := r.search([]location{{dir: filepath.Dir(n.dirs[0]), origin: OriginSite}}, module)
		// A namespace follows sys.path, as long as nothing regular is on it.
		if all := r.search(path, module); own.Kind == KindNamespace && all.Kind == KindNamespace {
			own = all
		}
		if own.Kind == KindNamespace || own.Kind == KindPackage {
			s = own
		}
	}
	s.Runtime, s.plain = runtime, 0
	for _, dir := range n.dirs {
		if !slices.Contains(s.Search, dir) {
			s.Search = append(s.Search, dir)
		}
	}
	return s
}
