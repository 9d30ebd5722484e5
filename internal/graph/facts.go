package graph

import (
	"encoding/binary"
	"iter"
	"slices"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// facts are everything that the program needs to know of one file once its
// tree is gone: flat records without pointers, because a program has tens of
// thousands of files. They depend on nothing but the text of the file and the
// version of the language.
type facts struct {
	text       string // holds every text, see of
	statements []statement
	bindings   []binding // by statement, in source order
	functions  []definition
	classes    []classDef
	refs       []ref    // decorators and bases of the definitions
	members    []int32  // methods of the classes, indexes of functions
	mentions   []word   // names that the bodies mention, by function
	made       []made   // what the bodies define, by function
	uses       []byte   // see use
	chains     []chain  // the first one is none
	bound      []symbol // names that the module binds, and those that __all__ lists
	flags      []nameFlags
	aliases    []alias
	strings    []literal
	rare       *rareFacts // nil for most files
	allKnown   bool       // the exported names are known
	hasAll     bool       // __all__ says what a star import takes
	stars      bool       // there is a star import
	inspects   bool       // a body mentions what reads annotations
}

// rareFacts are what few files have.
type rareFacts struct {
	names    []nameUses // uses of global names: all where there is a star import, else those that several imports of one module share
	ordinals []ordinal  // of bindings that are not the first of their kind
	unseen   []unseen
	lazy     []text // what __lazy_modules__ lists
	found    []foundRead
	words    []word // first parts of texts that may name a module, see LoadOptions.Moving
	broken   *Broken
	scopes   []scope.ScopeID // by function, where the tree is kept
}

// text is a place in facts.text: a length and that many bytes. 0 is "".
type text int32

func (f *facts) of(t text) string {
	if n := int(f.text[t]); n < 0x80 { // nearly always
		return f.text[int(t)+1 : int(t)+1+n]
	}
	n, width := binary.Uvarint([]byte(f.text[t:min(int(t)+binary.MaxVarintLen32, len(f.text))]))
	from := int(t) + width
	return f.text[from : from+int(n)]
}

// condition says when code runs, as far as one file tells: at import if base is
// AtImport, the function around runs then, and, for an annotation, the reader
// looks at it.
type condition struct {
	function int32 // of facts.functions, 0 at module level
	reader   reader
	base     scope.When
}

// reader is the definition whose decorators and bases may read an annotation,
// 0 for none: its index, 1 bit that tells classes from functions, and 1 bit for
// annotations that are kept as text.
type reader int32

func newReader(class bool, index int32, text bool) reader {
	r := reader(index+1) << 2
	if class {
		r |= 1
	}
	if text {
		r |= 2
	}
	return r
}

func (r reader) text() bool { return r&2 != 0 }

// statement is one import statement.
type statement struct {
	function                         int32 // see condition
	node                             syntax.NodeID
	line, column, endLine, endColumn int32
	module                           text // of a from-import, with its dots
	qualname                         text
	context                          text // words with blanks between them
	base                             scope.When
	scope                            scope.Kind
	from                             bool
	lazy                             laziness
}

// laziness says whether a statement leaves its modules to be loaded later.
type laziness uint8

const (
	notLazy   laziness = iota
	mayBeLazy          // if __lazy_modules__ lists them
	isLazy
)

// binding is one name that an import statement binds.
type binding struct {
	symbol    symbol // of the bound name
	statement int32
	alias     syntax.NodeID
	owner     scope.ScopeID
	name, as  text    // as written; "*" for a star import
	uses      useList // the loads of the name that mean this import
}

// part is a piece of one of the lists of facts.
type part struct{ from, to int32 }

// definition is a function or lambda; the first one of a file is the module
// itself. What belongs to it in facts.mentions and facts.made ends where that
// of the next one begins.
type definition struct {
	function   int32  // see condition
	reader     reader // likewise
	name       word
	mentions   int32
	made       int32
	decorators int32 // of facts.refs
	count      uint16
	base       scope.When
	flags      definitionFlags
}

type definitionFlags uint8

const (
	isFunction definitionFlags = 1 << iota // no lambda
	isSpecial                              // Python calls it by itself
	isSole                                 // the only definition of a global name
	isPlain                                // a class: its decorators are plain and it has no keywords
	isHooked                               // a class: it has bases, keywords or decorators
)

// classDef is a class.
type classDef struct {
	name    word
	flags   definitionFlags
	refs    part // decorators, bases and keywords
	methods part // of facts.members
}

// ref is a decorator or base that names something.
type ref struct {
	base, attr symbol        // "attr" or "base.attr"; no name at all: both 0
	node       syntax.NodeID // the expression
	last       word          // the last name in it
	flags      refFlags
}

type refFlags uint8

const (
	refDecorator  refFlags = 1 << iota
	refFixed               // no definition decides: a keyword
	refLeaves              // by its name, it leaves annotations alone
	refLeavesText          // the same for those that are kept as text
	refPlain               // it calls nothing of what it gets, or what is derived from it
)

// leaves reports whether what a ref names is known to leave annotations alone.
func (r *ref) leaves(text bool) bool {
	if text {
		return r.flags&refLeavesText != 0
	}
	return r.flags&refLeaves != 0
}

// made is a definition in the body of a function or module.
type made struct {
	at        int32
	decorator word // of a function
	kind      madeKind
}

type madeKind uint8

const (
	madeClass     madeKind = iota // its creation may call methods
	madeLocal                     // a class in a function, which goes by names that are not mentioned
	madeFunction                  // a function in a function, likewise
	madeDecorated                 // a decorator of the program may call it
)

// use is the first load of a name under a condition, for one chain of
// attributes. Of all that is known of a file, uses are the most, so that
// facts.uses holds them in few bytes each: the function, with two bits that say
// whether there are a reader and a chain, the line, and these two.
type use struct {
	function int32
	reader   reader
	line     int32
	chain    chainID
}

const (
	useHasReader = 1 << iota
	useHasChain
)

// append adds a use to those of a file.
func (u *use) append(to []byte) []byte {
	head := uint64(u.function) << 2
	if u.reader != 0 {
		head |= useHasReader
	}
	if u.chain != 0 {
		head |= useHasChain
	}
	to = binary.AppendUvarint(to, head)
	to = binary.AppendUvarint(to, uint64(u.line))
	if u.reader != 0 {
		to = binary.AppendUvarint(to, uint64(u.reader))
	}
	if u.chain != 0 { // the kind, of which there are few, does not make it long
		to = binary.AppendUvarint(to, uint64(u.chain.index())<<8|uint64(u.chain>>24))
	}
	return to
}

// use returns the use at a place of facts.uses, and the place of the next one.
func (f *facts) use(at int32) (u use, next int32) {
	number := func() uint64 {
		if b := f.uses[at]; b < 0x80 {
			at++
			return uint64(b)
		}
		v, n := binary.Uvarint(f.uses[at:])
		at += int32(n)
		return v
	}
	head := number()
	u.function, u.line = int32(head>>2), int32(number())
	if head&useHasReader != 0 {
		u.reader = reader(number())
	}
	if head&useHasChain != 0 {
		v := number()
		u.chain = chainID(v>>8 | v&0xff<<24)
	}
	return u, at
}

// useList is a place in facts.uses: the number of all loads of a name, also of
// those that cannot run at import, how many uses follow, and these. 0 is an empty
// list.
type useList int32

// loads returns the number of loads of a list.
func (f *facts) loads(l useList) int32 {
	loads, _, _ := f.head(l)
	return loads
}

// head returns the two numbers that a list begins with, and the place of the first
// use.
func (f *facts) head(l useList) (loads, uses, next int32) {
	if l == 0 {
		return 0, 0, 0
	}
	if a, b := f.uses[l], f.uses[l+1]; a|b < 0x80 { // most lists
		return int32(a), int32(b), int32(l) + 2
	}
	v, n := binary.Uvarint(f.uses[l:])
	u, m := binary.Uvarint(f.uses[int(l)+n:])
	return int32(v), int32(u), int32(l) + int32(n+m)
}

// usesIn visits the uses of a list, with their places.
func (f *facts) usesIn(l useList) iter.Seq2[int32, use] {
	return func(yield func(int32, use) bool) {
		for _, n, at := f.head(l); n > 0; n-- {
			u, next := f.use(at)
			if !yield(at, u) {
				return
			}
			at = next
		}
	}
}

// chainID is an index of facts.chains, 0 for none, with a whyKind in the upper
// byte.
type chainID uint32

func (c chainID) index() int32 { return int32(c & (1<<24 - 1)) }
func (c chainID) why() whyKind { return whyKind(c >> 24) }

// chain is an attribute read from what a name stands for, and from the chain
// before.
type chain struct {
	before int32
	name   text // negative: assigned or deleted
}

// nameUses are the loads of one global name.
type nameUses struct {
	symbol  symbol
	uses    useList
	builtin bool
}

// nameFlags say what a module does with a name.
type nameFlags uint8

const (
	nameBound   nameFlags = 1 << iota
	nameStored            // bound by something else than an import
	nameDeleted           // by a statement
	nameExports           // a star import takes it
	namePrivate           // begins with an underscore
)

// foundRead is an attribute that a function, or the module (0), reads from what
// may be a module that it imports by a name which no scan sees.
type foundRead struct {
	function, line int32
	name           symbol
}

// alias is a from-import under another name.
type alias struct{ as, item word }

// ordinal is the number of a binding among those of the same name by like
// statements.
type ordinal struct{ binding, n int32 }

// unseen is a place where code that no scan sees may use any name of the
// module.
type unseen struct {
	condition
	line int32
	by   text
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
	case r == 0:
		return nil
	case r&1 != 0:
		p := f.classes[r>>2-1].refs
		return f.refs[p.from:p.to]
	}
	return f.decorators(int32(r>>2 - 1))
}

// decorators returns those of a function.
func (f *facts) decorators(function int32) []ref {
	d := &f.functions[function]
	return f.refs[d.decorators : d.decorators+int32(d.count)]
}

// mentionsOf returns what the body of a function mentions.
func (f *facts) mentionsOf(function int32) []word {
	to := int32(len(f.mentions))
	if int(function)+1 < len(f.functions) {
		to = f.functions[function+1].mentions
	}
	return f.mentions[f.functions[function].mentions:to]
}

// madeIn returns what the body of a function defines.
func (f *facts) madeIn(function int32) []made {
	to := int32(len(f.made))
	if int(function)+1 < len(f.functions) {
		to = f.functions[function+1].made
	}
	return f.made[f.functions[function].made:to]
}

// sortedNames is the number of names from which facts.bound is sorted.
const sortedNames = 64

// name returns what the module does with a name.
func (f *facts) name(s symbol) nameFlags {
	k := -1
	if len(f.bound) < sortedNames {
		k = slices.Index(f.bound, s)
	} else if at, ok := slices.BinarySearch(f.bound, s); ok {
		k = at
	}
	if k < 0 {
		return 0
	}
	return f.flags[k]
}

// ordinal returns the number of a binding, see evidence.Statement.
func (f *facts) ordinal(binding int) int {
	if f.rare == nil {
		return 0
	}
	k, ok := slices.BinarySearchFunc(f.rare.ordinals, int32(binding), func(o ordinal, b int32) int { return int(o.binding - b) })
	if !ok {
		return 0
	}
	return int(f.rare.ordinals[k].n)
}

// usesOf returns the loads of a global name that an import binds, or of any
// where there is a star import. known: the name is such a one.
func (f *facts) usesOf(s symbol) (l useList, known bool) {
	if f.rare != nil {
		for k := range f.rare.names {
			if n := &f.rare.names[k]; n.symbol == s {
				return n.uses, true
			}
		}
	}
	if !f.stars {
		for k := range f.bindings {
			if b := &f.bindings[k]; b.symbol == s && b.owner == 0 {
				return b.uses, true
			}
		}
	}
	return 0, false
}
