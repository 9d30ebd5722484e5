package graph

import (
	"cmp"
	"hash/maphash"
	"slices"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// facts are everything that the program needs to know of one file once its
// tree is gone: flat records without pointers, because a program has tens of
// thousands of files. They depend on nothing but the text of the file and the
// version of the language.
type facts struct {
	text       string // holds every span
	statements []statement
	bindings   []binding // by statement, in source order
	functions  []definition
	classes    []classDef
	refs       []ref    // decorators and bases of the definitions
	members    []int32  // methods of the classes, indexes of functions
	mentions   []symbol // names that the bodies mention
	made       []made   // what the bodies define
	uses       []use
	chains     []chain
	names      []nameUses // sorted by name: those that imports bind, or all where there is a star import
	bound      []boundName
	unseen     []unseen
	lazy       []span // what __lazy_modules__ lists
	broken     *Broken
	allKnown   bool // the exported names are known
	hasAll     bool // __all__ says what a star import takes
	stars      bool // there is a star import
}

// symbol stands for a name: a hash of it, wide enough that no two names of a
// program share one.
type symbol uint64

var symbolSeed = maphash.MakeSeed()

func symbolOf(name string) symbol { return symbol(maphash.String(symbolSeed, name)) }

func symbolIn(text []byte) symbol { return symbol(maphash.Bytes(symbolSeed, text)) }

// span is a piece of facts.text.
type span struct{ at, n uint32 }

func (f *facts) of(s span) string { return f.text[s.at : s.at+s.n] }

// condition says when code runs, as far as one file tells: at import if base is
// AtImport, the function around runs then, and, for an annotation, the reader
// looks at it.
type condition struct {
	function int32 // of facts.functions, 0 at module level
	reader   reader
	base     scope.When
}

// reader is the definition whose decorators and bases may read an annotation:
// a class, a function, or none.
type reader struct {
	class, function int32 // 1 + the index, and the index; 0 for none
	text            bool  // the annotation is kept as text
}

// statement is one import statement.
type statement struct {
	condition
	node                             syntax.NodeID
	line, column, endLine, endColumn int32
	module                           span // of a from-import, with its dots
	qualname                         span
	context                          span // words with blanks between them
	bindings                         part
	level                            int32
	from, lazy, mayBeLazy            bool
	scope                            scope.Kind
}

// binding is one name that an import statement binds.
type binding struct {
	statement int32
	alias     syntax.NodeID
	owner     scope.ScopeID
	name, as  span // as written; "*" for a star import
	binds     span
	symbol    symbol // of binds
	item      symbol // of name
	uses      part   // the loads of the name that mean this import
	loads     int32  // how many there are
}

// part is a piece of one of the lists of facts.
type part struct{ from, to int32 }

// definition is a function or lambda; the first one of a file is the module
// itself.
type definition struct {
	condition
	name       symbol
	scope      scope.ScopeID
	decorators part // of refs
	mentions   part // of its own body
	made       part // in its own body
	isFunction bool // no lambda
	special    bool // Python calls it by itself
	sole       bool // the only definition of a global name
}

// classDef is a class.
type classDef struct {
	name    symbol
	refs    part // decorators, bases and keywords
	methods part // of members
	plain   bool // its decorators are plain and it has no keywords
	hooked  bool // it has bases, keywords or decorators
	sole    bool // as for a definition
}

// ref is a decorator or base that names something.
type ref struct {
	node       syntax.NodeID // the expression
	base, attr symbol        // "attr" or "base.attr"; no name at all: both 0
	last       symbol        // the last name in it
	decorator  bool
	fixed      bool // no definition decides: a keyword
	leaves     bool // by its name, it leaves annotations alone
	leavesText bool // the same for those that are kept as text
	plain      bool // a base that calls nothing of what is derived from it
}

// made is a definition in the body of a region.
type made struct {
	class     int32  // a class, or
	function  int32  // a decorated function,
	decorator symbol // with the last name of its decorator
}

// use is the first load of a name under a condition, for one chain of
// attributes.
type use struct {
	function int32
	reader   reader
	line     int32
	chain    int32 // of facts.chains, 0 for none
	why      whyKind
}

// chain is an attribute read from what a name stands for, and from the chain
// before.
type chain struct {
	before int32
	name   span
	symbol symbol
	store  bool // assigned or deleted
}

// nameUses are the loads of one global name.
type nameUses struct {
	symbol  symbol
	uses    part
	loads   int32
	order   int32 // of the first use in the file
	builtin bool
}

// boundName is a name that the module binds, or that __all__ lists.
type boundName struct {
	symbol symbol
	flags  nameFlags
}

type nameFlags uint8

const (
	nameBound   nameFlags = 1 << iota
	nameStored            // bound by something else than an import
	nameDeleted           // by a statement
	nameExports           // a star import takes it
	namePrivate           // begins with an underscore
)

// unseen is a place where code that no scan sees may use any name of the
// module.
type unseen struct {
	condition
	line int32
	by   span
}

// Broken is what is wrong with a file that does not parse: the first error,
// and how many more there are. Lines and columns are 1-based.
type Broken struct {
	Message                          string
	Line, Column, EndLine, EndColumn int
	More                             int
}

// refsOf returns the decorators, bases and keywords of a reader.
func (f *facts) refsOf(r reader) []ref {
	switch {
	case r.class > 0:
		p := f.classes[r.class-1].refs
		return f.refs[p.from:p.to]
	case r.function > 0:
		p := f.functions[r.function].decorators
		return f.refs[p.from:p.to]
	}
	return nil
}

// name returns what the module does with a name.
func (f *facts) name(s symbol) nameFlags {
	k, ok := slices.BinarySearchFunc(f.bound, s, func(b boundName, s symbol) int { return cmp.Compare(b.symbol, s) })
	if !ok {
		return 0
	}
	return f.bound[k].flags
}

// usesOf returns the loads of a global name, nil for one that is not indexed.
func (f *facts) usesOf(s symbol) *nameUses {
	k, ok := slices.BinarySearchFunc(f.names, s, func(n nameUses, s symbol) int { return cmp.Compare(n.symbol, s) })
	if !ok {
		return nil
	}
	return &f.names[k]
}
