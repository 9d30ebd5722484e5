// Package graph holds the two graphs that decisions need. Program is the
// static one: every module of the project with its import statements, what
// they bind and resolve to, and who reads whose names. Runtime is the
// measured one: modules and statements as nodes, from the evidence, with
// reachability, so that the cost and the saving of any set of statements can
// be computed.
package graph

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"fastpath/internal/evidence"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Program is every source file of a project, parsed and resolved. It is
// immutable after Load and safe for concurrent readers.
//
// What is known of a file is read into its facts once, and everything that
// files say about each other is found from these. The trees are kept for those
// who rewrite code (not with LoadOptions.Lean).
type Program struct {
	Root     string    // absolute project directory
	Modules  []*Module // sorted by File
	Problems []Problem // files that could not be read

	options  LoadOptions
	large    largeFiles
	sparse   bool
	names    nameIndex // of every name under which a file can be imported
	resolver *resolve.Resolver
	version  syntax.Version

	described *sync.Map // name → description, see outside
	compiled  *sync.Map // file of an extension module → binaryTexts, see textsIn

	unseen map[int32]whyKind // modules, by index, of which code that no scan sees may use every name

	survey     survey                               // its readers are sorted by module, name, and place of the import, see index
	reads      map[readTarget][]site                // names of modules that others read as attributes
	wholeUses  [][]wholeUse                         // by module, from followNames to expose
	inside     map[int32][]int32                    // likewise, see inPackages
	mains      map[string]bool                      // names of __main__ modules that are imported
	inspecting func() []bool                        // see inspectors
	sites      func() map[*Module]map[string][]read // the same as reads with all places, see Uses
}

// Problem is a file that is missing in the program.
type Problem struct {
	File    string // relative to the project
	Message string
	Gone    bool // the file is not there, as when it went after the listing
}

// problem says why a file is missing.
func problem(file string, err error) Problem {
	return Problem{file, plain(err), errors.Is(err, fs.ErrNotExist)}
}

// Module is one source file.
type Module struct {
	Name      string       // "gateway", "interfaces.cache", "pkg" for pkg/__init__.py
	File      string       // relative to the project, slashes
	Root      string       // the import root that Name starts from, relative to the project
	IsPackage bool         // an __init__.py
	Test      bool         // a test file (tests/, test_*.py, *_test.py, conftest.py)
	Broken    *Broken      // what does not parse; nil when all does
	Syntax    *syntax.File // nil in a lean program, as Scope and Imports
	Scope     *scope.Info
	Imports   []*Import // one a bound name, in source order; see Program.Imports

	facts    *facts
	index    int32        // in Program.Modules; -1 for a module that is not there
	found    []found      // by binding
	when     []scope.When // by function: when its body runs
	readBy   map[reader]bool
	from, to int32                // in Program.readers: who reads names of the module
	isRead   bool                 // others read names of it as attributes, see Program.reads
	modules  symbolBits           // names of bindings that stand for modules of the project, see moduleBehind
	open     symbolBits           // names of bindings of which isOpen is true
	brought  map[int32]int32      // by binding, a star import: the loads of the names that it brings
	star     *starNames           // what "from m import *" takes, see exportsOf
	globals  map[string][]*Import // with trees: imports that bind a global name of the module, "*" for star imports

	annotations *annotations // see looksAtAnnotations
}

// Import is one name that one import statement binds ("import a, b" is two,
// "from m import *" is one with Binds "*").
type Import struct {
	evidence.Statement // identity without lines; Statement.From is Module.Name

	In    *Module
	Stmt  syntax.NodeID // the Import or ImportFrom
	Alias syntax.NodeID // the Alias, None for a star import

	// Where the statement is, 1-based.
	Line, Column, EndLine, EndColumn int

	IsFrom       bool   // "from … import"
	Level        int    // number of leading dots
	Name, AsName string // as written; "*" and ""

	// Base is the absolute module that the statement names ("a.b" in "import
	// a.b" and in "from a.b import c"); Item is "c", or "". A relative import
	// that leads out of the package keeps its dots and is missing.
	Base, Item string
	// Target is the module that the binding stands for: Base, or Base.Item
	// when that is a module. For "import a.b" without "as" it is "a.b" (the
	// name bound is "a").
	Target string
	Kind   resolve.Kind // of Target
	Path   string       // of Target, relative to the project where possible
	// Runtime names the code that may find a missing Target when the program
	// runs, see resolve.Spec; "" when nothing is known of any.
	Runtime string

	Binds        string   // name bound in the scope; "*"
	Scope        string   // "module", "class" or "function"
	Runs         string   // "import", "call", "type_checking" or "never"
	Context      []string // enclosing blocks up to the function, outermost first: "try", "except", "else", "finally", "if", "loop", "with", "match"
	UsedAtImport bool
	// UsedAtLine is the line of the first use at import in this module, 0 when
	// there is none; UsedAtWhy says what kind of use it is: "base class",
	// "decorator", "default argument", "called at import", … A use in another
	// module is told with its place: "base class at conf.py:18".
	UsedAtLine int
	UsedAtWhy  string
	Uses       int  // number of loads of the name, whole file
	Lazy       bool // lazy import / __lazy_modules__
	Future     bool // from __future__ import …

	owner   scope.ScopeID // the scope that gets the name; 0 for the module
	binding int32         // its place in the facts of the module
}

// Module returns the module with this name, nil when the project has none.
// Where several import roots have one, the first root wins.
func (p *Program) Module(name string) *Module {
	if x := p.names.of(symbolOf(name)); x != nil && x.from < x.to {
		return p.names.modules[x.from]
	}
	return nil
}

// File returns the module of a file, given relative to the project, or nil.
func (p *Program) File(file string) *Module {
	k, ok := slices.BinarySearchFunc(p.Modules, file, func(m *Module, file string) int { return strings.Compare(m.File, file) })
	if !ok {
		return nil
	}
	return p.Modules[k]
}

// Line returns the 1-based line on which n begins. The program must not be lean.
func (m *Module) Line(n syntax.NodeID) int {
	line, _ := m.Syntax.Position(m.Syntax.Node(n).Start)
	return line
}

// ImportAt returns the imports whose statement covers the line and names the
// module as written, with leading dots ("a.b", "..core", "."); an empty module
// stands for any. There is one for each name that the statement binds.
func (m *Module) ImportAt(line int, module string) []*Import {
	var out []*Import
	for _, imp := range m.Imports {
		if module != "" && imp.Statement.Module != module {
			continue
		}
		if imp.Line <= line && line <= imp.EndLine {
			out = append(out, imp)
		}
	}
	return out
}

// Sparse reports whether only some of the modules have trees, see
// LoadOptions.Trees.
func (p *Program) Sparse() bool { return p.sparse }

// Targets returns the project modules that an import statement loads for one
// name: the packages on the way, the module, and the submodule that the name
// stands for.
func (p *Program) Targets(imp *Import) []*Module {
	var out []*Module
	add := func(name string) {
		if m := p.find(imp.In, name); m != nil && m != imp.In && (len(out) == 0 || out[len(out)-1] != m) {
			out = append(out, m)
		}
	}
	for k := range imp.Base {
		if imp.Base[k] == '.' {
			add(imp.Base[:k])
		}
	}
	add(imp.Base)
	if imp.Target != imp.Base {
		add(imp.Target)
	}
	return out
}
