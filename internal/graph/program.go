// Package graph holds the two graphs that decisions need. Program is the
// static one: every module of the project with its import statements, what
// they bind and resolve to, and who reads whose names. Runtime is the
// measured one: modules and statements as nodes, from the evidence, with
// reachability, so that the cost and the saving of any set of statements can
// be computed.
package graph

import (
	"fastpath/internal/evidence"
	"fastpath/internal/python/resolve"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// Program is every source file of a project, parsed and resolved. It is
// immutable after Load and safe for concurrent readers.
type Program struct {
	Root    string    // absolute project directory
	Modules []*Module // sorted by File
	byName  map[string]*Module
}

// Module is one source file.
type Module struct {
	Name      string // "gateway", "interfaces.cache", "pkg" for pkg/__init__.py
	File      string // relative to the project, slashes
	IsPackage bool   // an __init__.py
	Test      bool   // a test file (tests/, test_*.py, *_test.py, conftest.py)
	Syntax    *syntax.File
	Scope     *scope.Info
	Imports   []*Import // one a bound name, in source order
}

// Import is one name that one import statement binds ("import a, b" is two,
// "from m import *" is one with Binds "*").
type Import struct {
	evidence.Statement // identity without lines; Statement.From is Module.Name

	In    *Module
	Stmt  syntax.NodeID // the Import or ImportFrom
	Alias syntax.NodeID // the Alias, None for a star import

	// Base is the absolute module that the statement names ("a.b" in "import
	// a.b" and in "from a.b import c"); Item is "c", or "".
	Base, Item string
	// Target is the module that the binding stands for: Base, or Base.Item
	// when that is a module. For "import a.b" without "as" it is "a.b" (the
	// name bound is "a").
	Target string
	Kind   resolve.Kind // of Target
	Path   string       // of Target, relative to the project where possible

	Binds        string   // name bound in the scope; "*"
	Scope        string   // "module", "class" or "function"
	Runs         string   // "import", "call", "type_checking" or "never"
	Context      []string // enclosing blocks, outermost first: "try", "except", "else", "finally", "if", "loop", "with", "match"
	UsedAtImport bool
	UsedAtLine   int    // line of the first use at import, 0
	UsedAtWhy    string // "base class", "decorator", "default argument", "called at import", …
	Uses         int    // number of uses after the import, whole file
	Lazy         bool   // lazy import / __lazy_modules__
	Future       bool   // from __future__ import …
}
