package resolve

import (
	_ "embed"
	"slices"
	"strings"
	"sync"

	"fastpath/internal/python/syntax"
)

// stdlibText lists the modules of CPython's standard library, of all
// supported versions, one "name kind" a line.
//
//go:embed stdlib.txt
var stdlibText string

// stdlibKinds is stdlibText as a map.
var stdlibKinds = sync.OnceValue(func() map[string]Kind {
	kinds := map[string]Kind{}
	for line := range strings.Lines(stdlibText) {
		if name, kind, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			kinds[name] = Kind(kind)
		}
	}
	return kinds
})

// IsStdlib reports whether a module, or its top-level package, belongs to the
// standard library of any supported version.
func IsStdlib(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	_, ok := stdlibKinds()[top]
	return ok
}

// Fixed reports whether a module may be a built-in or frozen one, which no file
// that is found before it hides. It does not search for it.
func (r *Resolver) Fixed(module string) bool {
	top, _, _ := strings.Cut(module, ".")
	return IsStdlib(top) || r.isBuiltin(top) || r.isFrozen(top)
}

// coreBuiltin are compiled into every CPython, with the versions that have
// them; the zero version means no bound.
var coreBuiltin = map[string]struct{ from, to int }{
	"_abc": {}, "_ast": {}, "_codecs": {}, "_collections": {}, "_functools": {}, "_imp": {}, "_io": {}, "_locale": {},
	"_operator": {}, "_signal": {}, "_sre": {}, "_stat": {}, "_string": {}, "_symtable": {}, "_thread": {},
	"_tracemalloc": {}, "_warnings": {}, "_weakref": {}, "atexit": {}, "builtins": {}, "errno": {}, "faulthandler": {},
	"gc": {}, "itertools": {}, "marshal": {}, "sys": {}, "time": {},
	"_tokenize": {from: 11}, "_typing": {from: 12}, "_suggestions": {from: 13}, "_sysconfig": {from: 13},
	"_types": {from: 14}, "_peg_parser": {from: 9, to: 9}, "xxsubtype": {to: 11},
}

// platformBuiltin are compiled in on one kind of system.
var platformBuiltin = map[bool][]string{
	false: {"posix", "pwd"},
	true:  {"nt", "winreg", "msvcrt", "_winapi"},
}

// isBuiltin reports whether a top-level module is compiled in, which comes
// before every file.
func (r *Resolver) isBuiltin(module string) bool {
	if r.builtin != nil {
		return r.builtin[module]
	}
	if v, ok := coreBuiltin[module]; ok {
		return r.version.Minor >= v.from && (v.to == 0 || r.version.Minor <= v.to)
	}
	if slices.Contains(platformBuiltin[windows], module) {
		return true
	}
	// Builds differ in which extension modules they link into the interpreter:
	// some of those that have no file.
	if r.stdlib == "" || stdlibKinds()[module] != KindExtension || r.inStdlib(module) {
		return false
	}
	if linked := r.linked(); len(linked) > 0 {
		return linked[module]
	}
	return !needLibrary[module]
}

// needLibrary are extension modules that a build lacks when a library of the
// system was not there; it decides where the executable does not tell.
var needLibrary = map[string]bool{
	"_bz2": true, "_crypt": true, "_ctypes": true, "_curses": true, "_curses_panel": true, "_dbm": true, "_gdbm": true,
	"_hashlib": true, "_lzma": true, "_scproxy": true, "_sqlite3": true, "_ssl": true, "_tkinter": true, "_uuid": true,
	"_zstd": true, "nis": true, "ossaudiodev": true, "readline": true, "_msi": true, "_overlapped": true, "winsound": true,
}

// inStdlib reports whether the standard library has a file for a module.
func (r *Resolver) inStdlib(module string) bool {
	for _, l := range r.path {
		if list := r.list(l.dir); l.origin == OriginStdlib && (list.module(module) != "" || list.entries[module].dir) {
			return true
		}
	}
	return false
}

// frozenAlways are frozen in every version, frozenStartup since 3.11.
var (
	frozenAlways  = set("_frozen_importlib", "_frozen_importlib_external", "zipimport", "__hello__", "__phello__", "__phello__.spam")
	frozenStartup = set(
		"_collections_abc", "_sitebuiltins", "abc", "codecs", "genericpath", "importlib.machinery", "importlib.util", "io",
		"ntpath", "os", "posixpath", "runpy", "site", "stat", "__hello_alias__", "__hello_only__", "__phello__.ham",
		"__phello__.ham.eggs", "__phello_alias__", "__phello_alias__.spam",
	)
)

func set(names ...string) map[string]bool {
	m := map[string]bool{}
	for _, name := range names {
		m[name] = true
	}
	return m
}

// isFrozen reports whether a module's code is part of the interpreter.
func (r *Resolver) isFrozen(module string) bool {
	if frozenAlways[module] {
		return true
	}
	if r.version.Less(syntax.Version{Major: 3, Minor: 11}) {
		return false
	}
	if module == "linecache" {
		return r.version.Minor >= 15
	}
	return frozenStartup[module]
}

// known answers from the list of names for programs without an interpreter.
func (r *Resolver) known(module string, parent Spec) Spec {
	if r.stdlib != "" || parent.Origin != OriginStdlib && parent.Kind != KindMissing {
		return missing
	}
	if kind, ok := stdlibKinds()[module]; ok {
		return Spec{Kind: kind, Origin: OriginStdlib}
	}
	return missing
}
