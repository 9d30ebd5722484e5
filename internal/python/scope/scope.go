// Package scope says what the names of a parsed file mean: which scope binds
// them, where they are used, and whether a use runs while the module is being
// imported or only later, when somebody calls into it.
//
// It follows CPython's symbol table. What comes in is a syntax.File and the
// language version; what goes out is an Info that is never changed again. It
// knows nothing about other files.
package scope

import "fastpath/internal/python/syntax"

// Kind is the kind of a scope.
type Kind uint8

// The kinds of scopes.
const (
	ModuleScope Kind = iota
	FunctionScope
	ClassScope
	LambdaScope
	ComprehensionScope
	AnnotationScope // type parameters and lazily evaluated annotations
)

// ScopeID indexes Info.Scopes; the module is 0.
type ScopeID int32

// Scope is one namespace.
type Scope struct {
	Kind   Kind
	Node   syntax.NodeID // Module, FunctionDef, ClassDef, Lambda, a comprehension …
	Parent ScopeID
	// Bound lists the names that this scope binds, with the nodes that bind
	// them (Name with FlagStore or FlagDel, Alias, Ident of def/class/handler/param …).
	Bound map[string][]syntax.NodeID
	// Globals and Nonlocals are the names declared so in this scope.
	Globals, Nonlocals map[string]bool
}

// When says when a piece of code runs.
type When uint8

// The answers of Info.When, in the order of preference when several hold.
const (
	AtImport     When = iota // while the module is being imported
	AtCall                   // when a function, lambda or generator is called, later
	TypeChecking             // only for type checkers: under "if TYPE_CHECKING"
	Never                    // under a condition that is known to be false
)

// Use is one use of a name.
type Use struct {
	Node  syntax.NodeID // Name (load, store or delete), Ident of a "global", …
	Scope ScopeID       // the scope in which it is written
	When  When
	// Annotation: the use is part of an annotation (also a string one, then
	// Node is the String).
	Annotation bool
	// Store and Del tell assignments and deletions from loads.
	Store, Del bool
}

// Info is the analysis of one file.
type Info struct {
	File   *syntax.File
	Scopes []Scope
	// DynamicNames: the file uses exec, eval, globals(), locals(), vars() or
	// __getattr__-like access that no scan follows; the nodes of these calls.
	DynamicNames []syntax.NodeID
	// FutureAnnotations: "from __future__ import annotations" is in force.
	FutureAnnotations bool

	uses map[string][]Use // uses that resolve to the module's namespace
}

// Uses returns every use of name that means the module's global name, in
// source order: loads in functions and at module level, stores other than
// the import statement's own, deletions, string annotations, __all__ entries
// excluded.
func (i *Info) Uses(name string) []Use { return i.uses[name] }
