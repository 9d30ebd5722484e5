// Package scope says what the names of a parsed file mean: which scope binds
// them, where they are used, and whether a use runs while the module is being
// imported or only later, when somebody calls into it.
//
// It follows CPython's symbol table. What comes in is a syntax.File and the
// language version; what goes out is an Info. It knows nothing about other
// files: that a function is called at import, perhaps by another module, is
// found by package graph, which tells Promote before it shows the Info to
// anybody else.
//
// Names are interned and symbols are records in flat slices, one for each pair
// of scope and name, because a project has millions of names.
package scope

import (
	"slices"
	"strings"

	"fastpath/internal/python/syntax"
)

// Kind is the kind of a scope.
type Kind uint8

// The kinds of scopes.
const (
	ModuleScope Kind = iota
	FunctionScope
	ClassScope
	LambdaScope
	ComprehensionScope
	AnnotationScope // type parameters, their bounds, the values of type aliases
)

// ScopeID indexes Info.Scopes; the module is 0.
type ScopeID int32

// Scope is one namespace. A scope comes after its parent in Info.Scopes.
type Scope struct {
	Kind Kind
	// Base is the Base of the Condition of the FunctionDef that opens a scope: when the
	// statements around it run it, in the body of the function around. Of other scopes
	// it says nothing.
	Base   When
	Node   syntax.NodeID // Module, FunctionDef, ClassDef, Lambda, a comprehension, TypeParams …
	Parent ScopeID
}

// When says when a piece of code runs.
type When uint8

// The answers of Info.When, in the order of preference when several hold.
const (
	AtImport     When = iota // while the module is being imported
	AtCall                   // when a function or lambda is called later, or only when the file is the program itself
	TypeChecking             // only for type checkers: under "if TYPE_CHECKING", in annotations that are kept as text
	Never                    // under a condition that is known to be false; annotations of local variables
)

// String returns the answer as scan's JSON writes it.
func (w When) String() string { return [...]string{"import", "call", "type_checking", "never"}[w] }

// Use is one use of a name.
type Use struct {
	Node  syntax.NodeID // Name (load, store or delete), String of an annotation, owner of a type comment, Ident of a "global", a def, a class, a handler or a pattern
	Scope ScopeID       // the scope in which it is written
	When  When
	// Annotation: the use is part of an annotation (also a string one, then
	// Node is the String; or a "# type:" comment, then it is what has the type).
	Annotation bool
	// Store and Del tell assignments and deletions from loads; "global x" counts
	// as a store.
	Store, Del bool
	// Environment: When is Never because of a test of sys.version_info,
	// sys.platform or os.name. With another interpreter the use does run.
	Environment bool
}

// Info is the analysis of one file.
type Info struct {
	File   *syntax.File
	Scopes []Scope
	// DynamicNames: exec, eval, globals(), locals(), vars(), dir(), __import__
	// and sys.modules[__name__], which no scan follows; the nodes of these
	// names or subscripts.
	DynamicNames []syntax.NodeID
	// FutureAnnotations: "from __future__ import annotations" is in force.
	FutureAnnotations bool

	version   syntax.Version
	names     names
	symbols   []symbol   // symbols[0] is none
	open      []opened   // by scope; until indexed
	looked    int        // how many symbols were looked at without an index
	indexed   bool       // byName and nameAt are filled in
	byName    []symbolID // sorted by name, then by scope
	nameAt    []int32    // by name: where its symbols begin in byName
	uses      []Use      // those that resolve to the module's namespace, by symbol
	usesOf    []useRange
	localUses []Use // those of names that an import binds in a function or class, by symbol
	localOf   []useRange
	placed    []placedScope // sorted by node
	imported  []importPlace // by place in File.Imports
	exports   exports
	blind     map[syntax.NodeID]bool // see Blind
	promoted  []bool                 // by ScopeID: functions and lambdas that run at import; nil before Promote
}

// placedScope is the node that opens a scope.
type placedScope struct {
	node  syntax.NodeID
	scope ScopeID
}

// Uses returns every use of name that means the module's global name, in
// source order: loads in functions and at module level, stores other than
// those of import statements, deletions, string annotations. Entries of
// __all__ are no uses.
func (i *Info) Uses(name string) []Use {
	if id, ok := i.names.find(name); ok {
		return i.usesIn(id)
	}
	return nil
}

// usesIn is Uses by the number of a name.
func (i *Info) usesIn(name nameID) []Use {
	if k := i.symbols[i.global(name)].means; k > 0 {
		r := &i.usesOf[k-1]
		return i.uses[r.from:r.to:r.to]
	}
	return nil
}

// LocalUses returns the uses of a name that an import statement binds in the
// scope of a function or class, in that scope and those inside it.
func (i *Info) LocalUses(s ScopeID, name string) []Use {
	if len(i.localUses) == 0 {
		return nil
	}
	return between(i.localUses, i.localOf, i.symbol(s, name))
}

// GlobalNames calls yield for each name that is used or bound as a global
// name of the module, in no particular order (range over func).
func (i *Info) GlobalNames() func(yield func(name string, uses []Use) bool) {
	return func(yield func(string, []Use) bool) {
		for k := range i.usesOf {
			if r := &i.usesOf[k]; !yield(i.names.of(i.symbols[r.symbol].name), i.uses[r.from:r.to:r.to]) {
				return
			}
		}
	}
}

// Globals is GlobalNames with texts as those of Bindings.
func (i *Info) Globals() func(yield func(name []byte, uses []Use) bool) {
	return func(yield func([]byte, []Use) bool) {
		for k := range i.usesOf {
			if r := &i.usesOf[k]; !yield(i.names.view(i.symbols[r.symbol].name), i.uses[r.from:r.to:r.to]) {
				return
			}
		}
	}
}

// Binds reports whether the scope s binds name: by assignment, definition,
// import, parameter, deletion …; for the module also where a function binds a
// name that it declares global.
func (i *Info) Binds(s ScopeID, name string) bool {
	return i.symbols[i.symbol(s, name)].flags&(defBound|defByGlobal) != 0
}

// Lookup returns the scope whose name a load of name in the scope from means:
// the scope of a function for locals and free variables, the module (0) for
// globals. It reports false for a global name that the module never binds: a
// builtin, the name of a star import, or nothing. In a class body a name that
// the class binds is the class's.
func (i *Info) Lookup(name string, from ScopeID) (ScopeID, bool) {
	id, ok := i.names.find(name)
	if !ok {
		return 0, false
	}
	s := i.holder(from, id)
	return s, s != 0 || i.symbols[i.global(id)].flags&(defBound|defByGlobal) != 0
}

// MeansGlobal reports whether a load of name at the node n means a global name
// that the module binds, see Lookup.
func (i *Info) MeansGlobal(name string, n syntax.NodeID) bool {
	id, ok := i.names.find(name)
	return ok && i.symbols[i.global(id)].flags&(defBound|defByGlobal) != 0 && i.holder(i.ScopeOf(n), id) == 0
}

// Exports returns the names that "from module import *" takes: those of
// __all__, else every name without a leading underscore that the module binds,
// sorted. Without __all__ and with star imports of its own the list is not
// complete. It is known when __all__ is absent or made of literals.
func (i *Info) Exports() (names []string, known bool) {
	if i.exports.all {
		return i.exports.names, i.exports.known
	}
	for _, k := range i.symbols[1:] {
		if name := i.names.of(k.name); k.scope == 0 && k.flags&(defBound|defByGlobal) != 0 && !strings.HasPrefix(name, "_") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, true
}

// HasAll reports whether the module sets __all__.
func (i *Info) HasAll() bool { return i.exports.all }

// Promote says that these functions, lambdas and methods run while the module
// is being imported, so that When and the Uses answer accordingly. It is for
// the code that builds a program, before others see the Info.
func (i *Info) Promote(functions []ScopeID) {
	if len(functions) == 0 {
		return
	}
	if i.promoted == nil {
		i.promoted = make([]bool, len(i.Scopes))
	}
	for _, s := range functions {
		i.promoted[s] = true
	}
	i.refresh(i.uses)
	i.refresh(i.localUses)
}

// Blind says that these decorators and base classes (expressions) are known not
// to look at annotations. It is for the code that builds a program, before
// others see the Info.
func (i *Info) Blind(expressions map[syntax.NodeID]bool) {
	if len(expressions) == 0 {
		return
	}
	i.blind = expressions
	for k := range i.uses {
		if u := &i.uses[k]; u.Annotation && u.When == AtImport {
			u.When, u.Environment = i.when(u.Node, i.isText(u.Node))
		}
	}
}

// refresh asks again when uses run.
func (i *Info) refresh(uses []Use) {
	for k := range uses {
		if u := &uses[k]; u.When == AtCall {
			u.When, u.Environment = i.when(u.Node, u.Annotation && i.isText(u.Node))
		}
	}
}

// isText reports whether n is a string literal, the node of a name in a string
// annotation.
func (i *Info) isText(n syntax.NodeID) bool { return i.File.Kind(n) == syntax.String }
