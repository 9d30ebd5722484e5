package resolve

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/python/syntax"
)

// editable is the finder that setuptools writes for an editable install whose
// packages do not lie as they are imported.
type editable struct {
	mapping     map[string]string   // module → its folder, or its file without suffix
	spaces      map[string][]string // namespace package → its folders
	placeholder string              // the entry of sys.path that stands for spaces
}

// setuptoolsFinder reads an __editable___NAME_finder module. It reports false
// when the module is not of the form that is known.
func (s *site) setuptoolsFinder(e *evaluator) bool {
	e.constants()
	mapping, ok := stringMap(e.names["MAPPING"])
	if !ok {
		return false
	}
	f := &editable{mapping: mapping, spaces: map[string][]string{}}
	if spaces, ok := e.names["NAMESPACES"].(map[string]any); ok {
		for name, dirs := range spaces {
			list, ok := stringList(dirs)
			if !ok {
				return false
			}
			if len(list) == 0 && mapping[name] != "" {
				list = []string{mapping[name]}
			}
			f.spaces[name] = list
		}
	}
	f.placeholder, _ = e.names["PATH_PLACEHOLDER"].(string)
	s.r.last = append(s.r.last, f.find)
	if len(f.spaces) > 0 && f.placeholder != "" && !s.known[f.placeholder] {
		s.known[f.placeholder] = true
		s.r.placeholders[f.placeholder] = f
		s.path = append(s.path, location{dir: f.placeholder, origin: OriginSite})
	}
	return true
}

// find is the finder at the end of sys.meta_path.
func (f *editable) find(r *Resolver, module string, _ []location) (Spec, bool) {
	if target, ok := f.mapping[module]; ok {
		return r.fileSpec(target)
	}
	if i := strings.LastIndexByte(module, '.'); i > 0 {
		if dir, ok := f.mapping[module[:i]]; ok {
			s := r.search([]location{{dir: dir, origin: OriginSite}}, module)
			return s, s.Kind != KindMissing
		}
	}
	return Spec{}, false
}

// namespace is the finder behind the placeholder: the portions of a namespace.
func (f *editable) namespace(module string) []string {
	dirs, ok := f.spaces[module]
	if !ok {
		return nil
	}
	return append(slices.Clone(dirs), f.placeholder)
}

// fileSpec describes what a mapping names: a package's folder, or a module's
// file without its suffix.
func (r *Resolver) fileSpec(target string) (Spec, bool) {
	if r.list(target).entries["__init__"].source {
		s := Spec{Kind: KindPackage, Path: filepath.Join(target, "__init__.py"), Search: []string{target}, Origin: OriginSite, plain: 1}
		return s, true
	}
	target = strings.TrimSuffix(target, filepath.Ext(target))
	dir, name := filepath.Split(target)
	e := r.list(filepath.Clean(dir)).entries[name]
	s := Spec{Kind: KindSource, Origin: OriginSite}
	switch {
	case e.source:
		s.Path = target + ".py"
	case e.bytecode:
		s.Path = target + ".pyc"
	case e.extension != "":
		s.Kind, s.Path = KindExtension, dir+e.extension
	default:
		return Spec{}, false
	}
	return s, true
}

// editablesFinder reads a module that maps names by the package "editables",
// as hatchling and pdm-backend write it.
func (s *site) editablesFinder(e *evaluator) bool {
	mapping := map[string]string{}
	for n := range e.f.Nodes {
		id := syntax.NodeID(n)
		if e.f.Kind(id) != syntax.Call || !strings.HasSuffix(e.f.Text(e.f.First(id)), ".map_module") {
			continue
		}
		args := e.arguments(id)
		if len(args) != 2 {
			return false
		}
		name, ok := e.value(args[0]).(string)
		file, isText := e.value(args[1]).(string)
		if !ok || !isText {
			return false
		}
		mapping[name] = file
	}
	s.r.last = append(s.r.last, func(r *Resolver, module string, _ []location) (Spec, bool) {
		file, ok := mapping[module]
		return located(file, nil), ok && !strings.Contains(module, ".")
	})
	return true
}

// located describes a module in a file that a finder names, whether or not
// it exists; search is its __path__ where it is not the folder of the file.
func located(file string, search []string) Spec {
	s := Spec{Kind: KindSource, Path: file, Origin: OriginSite}
	base := filepath.Base(file)
	switch stem, _, _ := strings.Cut(base, "."); {
	case stem == "__init__":
		if search == nil {
			search = []string{filepath.Dir(file)}
		}
		s.Kind, s.Search, s.plain = KindPackage, search, len(search)
	case isExtension(base):
		s.Kind = KindExtension
	}
	return s
}

// scikitFinder reads the module of scikit-build-core's editable installs: its
// last statement calls install with the files.
func (s *site) scikitFinder(e *evaluator, dir string) bool {
	call := syntax.None
	for st := range e.f.Children(syntax.Root) {
		if c := e.f.First(st); e.f.Kind(st) == syntax.ExprStmt && e.f.Kind(c) == syntax.Call {
			call = c
		}
	}
	if call == syntax.None || e.f.Text(e.f.First(call)) != "install" {
		return call != syntax.None && e.f.Text(e.f.First(call)) == "install_inplace"
	}
	args := e.arguments(call)
	if len(args) < 4 {
		return false
	}
	files, okSource := stringMap(e.value(args[0]))
	built, okBuilt := stringMap(e.value(args[1]))
	folders, okFolders := e.value(args[2]).(map[string]any)
	packages, okPackages := stringList(e.value(args[3]))
	if !okSource || !okBuilt || !okFolders || !okPackages {
		return false
	}
	for name, file := range built {
		files[name] = filepath.Join(dir, file)
	}
	search, ok := scikitPaths(dir, folders, packages)
	if !ok {
		return false
	}
	find := func(r *Resolver, module string, path []location) (Spec, bool) {
		dirs, tracked := search[module]
		if file, ok := files[module]; ok {
			return located(file, dirs), true
		}
		if !tracked {
			return Spec{}, false
		}
		s := Spec{Kind: KindNamespace, Search: slices.Clone(dirs), Origin: OriginSite}
		if native := r.search(path, module); native.Kind == KindNamespace {
			for _, d := range native.Search {
				if !slices.Contains(s.Search, d) {
					s.Search = append(s.Search, d)
				}
			}
		}
		s.Path, s.plain = s.Search[0], len(s.Search)
		return s, true
	}
	s.r.first = slices.Insert(s.r.first, 0, finder(find))
	return true
}

// scikitPaths returns the __path__ of each package: first the folders of the
// installed tree, which are written relative to dir, then those of the source.
func scikitPaths(dir string, folders map[string]any, packages []string) (map[string][]string, bool) {
	type ranked struct {
		rank int // 0 for the installed tree, 1 for the source
		dir  string
	}
	all := map[string][]ranked{}
	add := func(name string, r ranked) {
		if !slices.ContainsFunc(all[name], func(o ranked) bool { return o.dir == r.dir }) {
			all[name] = append(all[name], r)
		}
	}
	for name, v := range folders {
		dirs, ok := stringList(v)
		if !ok || len(dirs) == 0 {
			return nil, false
		}
		for _, d := range dirs {
			if filepath.IsAbs(d) {
				add(name, ranked{1, d})
			} else {
				add(name, ranked{0, filepath.Join(dir, d)})
			}
		}
	}
	slices.SortStableFunc(packages, func(a, b string) int { return strings.Count(a, ".") - strings.Count(b, ".") })
	for _, name := range packages {
		i := strings.LastIndexByte(name, '.')
		if i < 0 {
			continue
		}
		for _, r := range all[name[:i]] {
			sub := filepath.Join(r.dir, name[i+1:])
			if info, err := os.Stat(sub); err == nil && info.IsDir() {
				add(name, ranked{r.rank, sub})
			}
		}
	}
	search := map[string][]string{}
	for name, rs := range all {
		slices.SortFunc(rs, func(a, b ranked) int { return cmp.Or(a.rank-b.rank, strings.Compare(a.dir, b.dir)) })
		for _, r := range rs {
			search[name] = append(search[name], r.dir)
		}
	}
	return search, true
}

// mesonFinder reads the names that meson-python's loader takes over. Where
// their files are, only its build knows.
func (s *site) mesonFinder(e *evaluator) bool {
	for n := range e.f.Nodes {
		id := syntax.NodeID(n)
		if callee := e.f.Text(e.f.First(id)); e.f.Kind(id) != syntax.Call || callee != "install" && callee != "MesonpyMetaFinder" {
			continue
		}
		args := e.arguments(id)
		if len(args) < 2 {
			return false
		}
		names, ok := stringList(e.value(args[1]))
		if !ok {
			return false
		}
		find := func(_ *Resolver, module string, _ []location) (Spec, bool) {
			top, _, _ := strings.Cut(module, ".")
			return Spec{Kind: KindMissing, Runtime: "meson-python, which builds it when it is imported"}, slices.Contains(names, top)
		}
		s.r.first = slices.Insert(s.r.first, 0, finder(find))
		return true
	}
	return false
}
