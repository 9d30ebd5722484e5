package resolve

import (
	"path/filepath"
	"strings"

	"fastpath/internal/python/syntax"
)

// alias finds submodules of the standard library that exist only in
// sys.modules, and those of six, which every vendored copy has.
func (r *Resolver) alias(module string) (Spec, bool) {
	by := func(runtime string, s Spec) (Spec, bool) {
		s.Runtime = runtime
		return s, s.Kind != KindMissing
	}
	before := func(minor int) bool { return r.version.Less(syntax.Version{Major: 3, Minor: minor}) }
	switch module {
	case "os.path":
		if filepath.Separator == '\\' {
			return by("os, which puts it into sys.modules", r.Find("ntpath"))
		}
		return by("os, which puts it into sys.modules", r.Find("posixpath"))
	case "collections.abc":
		if before(13) {
			return Spec{}, false
		}
		return by("collections, which puts it into sys.modules", r.Find("_collections_abc"))
	case "typing.io", "typing.re":
		if !before(13) {
			return missing, true
		}
		s := r.Find("typing")
		s.Search = nil
		return by("typing, which puts it into sys.modules", s)
	case "pyexpat.errors", "pyexpat.model", "xml.parsers.expat.errors", "xml.parsers.expat.model":
		return by("pyexpat, which creates it", r.Find("pyexpat"))
	case "math.integer":
		if before(15) {
			return Spec{}, false
		}
		return by("math, which creates it", r.Find("_math_integer"))
	case "importlib._bootstrap", "importlib._bootstrap_external":
		s := r.search(r.locations(r.Find("importlib")), module)
		s.Kind = KindFrozen
		return by("importlib, which puts it into sys.modules", s)
	}
	if i := strings.Index(module, "six.moves"); i == 0 || i > 0 && module[i-1] == '.' {
		if rest := module[i+len("six.moves"):]; rest == "" || rest[0] == '.' {
			if s := r.Find(module[:i+len("six")]); s.Kind == KindSource {
				return by("six, which installs an import hook", s)
			}
		}
	}
	return Spec{}, false
}

// lent says which package, once it is imported, lends a top-level module that
// the path does not have: setuptools puts its vendored packages on sys.path.
func (r *Resolver) lent(module string) string {
	if module == "setuptools" {
		return ""
	}
	s := r.Find("setuptools")
	if s.Kind != KindPackage || !r.habitsOf(s.Path, "setuptools").syspath {
		return ""
	}
	dir := filepath.Join(s.Search[0], "_vendor")
	if r.search([]location{{dir: dir}}, module).Kind == KindMissing {
		return ""
	}
	return "setuptools, which puts its own copy on sys.path"
}
