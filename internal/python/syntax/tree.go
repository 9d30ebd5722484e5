// Package syntax reads Python source: a hand-written lexer and a recursive
// descent parser that produce one flat tree per file.
//
// What comes in is the bytes of a file; what goes out is a File: the decoded
// UTF-8 text, a slice of fixed-size nodes addressed by index, the comments,
// and the errors found. Offsets are 4-byte byte offsets into File.Src; lines
// and columns are computed only at the edge, by File.Position. The package is
// pure: it does no I/O, it never panics, and it recovers from errors so that
// one broken statement does not hide the imports of the rest of a file.
//
// The tree is flat (no pointers, children linked by index) because a project
// has millions of nodes and most readers only look at a few of them.
package syntax

import "bytes"

// NodeID addresses a node in File.Nodes. The zero value, None, is no node;
// the root of every file is Root.
type NodeID int32

// None is the absent node; Root is the Module node of every file.
const (
	None NodeID = 0
	Root NodeID = 1
)

// Node is one element of the tree: 24 bytes. Start and End are byte offsets
// into File.Src, End exclusive. Children hang below First, linked by Next, in
// source order (except where Kind's comment says otherwise).
type Node struct {
	Start, End int32
	Parent     NodeID
	First      NodeID
	Next       NodeID
	Kind       Kind
	Flags      Flags
}

// Flags refine a Kind; each flag's comment names the kinds that carry it.
type Flags uint16

// The flags of nodes.
const (
	FlagAsync   Flags = 1 << iota // FunctionDef, For, With, Comprehension: "async" form
	FlagStore                     // Name, Attribute, Subscript, Starred, Tuple, List: assignment target
	FlagDel                       // the same kinds: target of "del"
	FlagElif                      // If: written as "elif" (it is then the only child of an Else)
	FlagStar                      // Try: "except*"; ImportFrom: "from m import *"; Param: "*args"; Arg: "*x"
	FlagStar2                     // Param: "**kwargs"; Arg: "**x"; Dict: handled by DictUnpack
	FlagOneLine                   // Block: the suite stands on its header's line ("if x: y")
	FlagLazy                      // Import, ImportFrom: "lazy import" (3.15)
	FlagParens                    // any expression: it was written inside its own parentheses
	FlagBytes                     // String: bytes literal
	FlagFormat                    // String: f-string or t-string with Interpolation children
	FlagRaw                       // String: raw prefix
	FlagKwOnly                    // Param: keyword-only
)

// Kind says what a node is and which children it has.
type Kind uint8

// The kinds. In the comments, x? is an optional child, x* and x+ are
// repeated, in this order. "expr" is any expression kind.
const (
	KindInvalid Kind = iota // a stretch of text that did not parse (error recovery)

	Module // stmt*

	// Statements.
	FunctionDef // Decorator* Ident TypeParams? Params Returns? Block
	ClassDef    // Decorator* Ident TypeParams? Args? Block
	Return      // expr?
	Delete      // expr+ (FlagDel)
	Assign      // target+ value (the last child is the value)
	AugAssign   // target value
	AnnAssign   // target Annotation value?
	TypeAlias   // Name TypeParams? expr
	For         // target iter Block Else?
	While       // test Block Else?
	If          // test Block Else?
	With        // WithItem+ Block
	Match       // subject Case+
	Raise       // exc? cause?
	Try         // Block Handler* Else? Finally?
	Assert      // test msg?
	Import      // Alias+
	ImportFrom  // DottedName? Alias+ ; level: File.ImportLevel; star import: FlagStar and no Alias
	Global      // Ident+
	Nonlocal    // Ident+
	ExprStmt    // expr
	Pass
	Break
	Continue

	// Parts of statements.
	Block      // stmt+ ; from the first statement's start to the last one's end
	Else       // stmt+ like Block: the body of "else", or one If with FlagElif
	Finally    // stmt+ like Block
	Handler    // type? Ident? Block
	Case       // pattern Guard? Block
	Guard      // expr
	WithItem   // expr target?
	Decorator  // expr (from "@" to the end of the expression)
	Alias      // DottedName Ident? ; in ImportFrom the DottedName is a single name
	DottedName // no children; the text without blanks is File.DottedText
	Ident      // no children: a name that is not an expression (def name, alias, attribute, keyword)
	Params     // Param* ; the range excludes the parentheses
	Param      // Ident Annotation? Default?
	Annotation // expr
	Default    // expr
	Returns    // expr
	Args       // Arg* (call arguments or class bases); the range includes the parentheses
	Arg        // Ident? expr ; Ident for "name=value"; FlagStar, FlagStar2
	TypeParams // TypeParam*
	TypeParam  // Ident bound? Default? ; FlagStar, FlagStar2

	// Expressions.
	Name          // no children
	Number        // no children
	String        // Interpolation* ; one node per literal token; adjacent literals hang below Strings
	Strings       // String String+ (implicit concatenation)
	Interpolation // expr FormatSpec? ; "{expr!r:spec}"
	FormatSpec    // Interpolation*
	Constant      // no children: None, True, False, ...
	Attribute     // expr Ident
	Subscript     // expr expr
	Slice         // Lower? Upper? Step? (each wrapped, so that which is which stays known)
	Lower         // expr
	Upper         // expr
	Step          // expr
	Call          // expr Args
	Tuple         // expr*
	List          // expr*
	Set           // expr+
	Dict          // DictItem*
	DictItem      // key value, or only value for "**value"
	Starred       // expr
	BinOp         // left right
	BoolOp        // left right
	UnaryOp       // operand
	Compare       // left right+
	IfExp         // body test orelse (source order)
	Lambda        // Params expr
	Await         // expr
	Yield         // expr?
	YieldFrom     // expr
	NamedExpr     // Name expr
	ListComp      // expr Comprehension+
	SetComp       // expr Comprehension+
	DictComp      // key value Comprehension+ ; only one expr for "{**x for …}" (3.15)
	GeneratorExp  // expr Comprehension+
	Comprehension // target iter Condition*
	Condition     // expr

	// Patterns of "match".
	PatternValue    // expr
	PatternCapture  // Ident ("_" is PatternWildcard)
	PatternWildcard // no children
	PatternSequence // pattern*
	PatternStar     // Ident?
	PatternMapping  // PatternItem* PatternRest?
	PatternItem     // expr pattern
	PatternRest     // Ident
	PatternClass    // expr (pattern | PatternKeyword)*
	PatternKeyword  // Ident pattern
	PatternOr       // pattern+
	PatternAs       // pattern Ident

	kinds // how many there are
)

// Comment is one comment: the range from "#" to the end of its text, without
// the line ending.
type Comment struct{ Start, End int32 }

// Error is one thing in the text that Python would not accept. Message is
// CPython's wording where it has one.
type Error struct {
	Start, End int32
	Message    string
}

// File is a parsed file. It is never nil and always has a Module node, also
// when Errors is not empty.
type File struct {
	Src      []byte // UTF-8, without BOM; offsets refer to it
	BOM      bool   // the original began with a UTF-8 byte order mark
	Encoding string // the declared encoding, lower case, "utf-8" by default
	Nodes    []Node // Nodes[0] is unused, Nodes[Root] is the Module
	Comments []Comment
	Imports  []NodeID // the Import and ImportFrom nodes, in source order
	Names    []NodeID // the Name nodes, in their order in Nodes
	Special  []NodeID // what tells more of names than their nodes do, see specialKinds; in their order in Nodes
	Mentions []NodeID // Attribute and String nodes, and what decides when these run: FunctionDef, If and IfExp; in their order in Nodes
	Errors   []Error

	lines   []int32 // with CR in the text: where each line starts; else how many lines end before each lineBlock
	returns bool    // the text contains CR
	version Version // that the text was read for
}

// Version is a Python language version, e.g. {3, 12}.
type Version struct{ Major, Minor int }

// Less reports whether v is older than w.
func (v Version) Less(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// Latest is the newest version whose grammar the parser knows.
var Latest = Version{3, 15}

// Kind returns the kind of n; KindInvalid for None.
func (f *File) Kind(n NodeID) Kind { return f.Nodes[n].Kind }

// Node returns the node n.
func (f *File) Node(n NodeID) *Node { return &f.Nodes[n] }

// Parent returns the node that n hangs below, None for the root.
func (f *File) Parent(n NodeID) NodeID { return f.Nodes[n].Parent }

// First returns the first child of n, or None.
func (f *File) First(n NodeID) NodeID { return f.Nodes[n].First }

// Next returns the sibling after n, or None.
func (f *File) Next(n NodeID) NodeID { return f.Nodes[n].Next }

// Children calls yield for each child of n in order (range over func).
func (f *File) Children(n NodeID) func(yield func(NodeID) bool) {
	return func(yield func(NodeID) bool) {
		for c := f.Nodes[n].First; c != None; c = f.Nodes[c].Next {
			if !yield(c) {
				return
			}
		}
	}
}

// Child returns the first child of n that has the kind k, or None.
func (f *File) Child(n NodeID, k Kind) NodeID {
	for c := f.Nodes[n].First; c != None; c = f.Nodes[c].Next {
		if f.Nodes[c].Kind == k {
			return c
		}
	}
	return None
}

// Text returns the source text of n.
func (f *File) Text(n NodeID) string {
	d := f.Nodes[n]
	return string(f.Src[d.Start:d.End])
}

// Is reports whether the source text of n is this one.
func (f *File) Is(n NodeID, text string) bool {
	return f.spells(f.Nodes[n], text)
}

func (f *File) spells(d Node, text string) bool { return string(f.Src[d.Start:d.End]) == text }

// ImportLevel returns the number of leading dots of an ImportFrom.
func (f *File) ImportLevel(n NodeID) int {
	d := f.Nodes[n]
	if d.Kind != ImportFrom {
		return 0
	}
	level := 0
	text := f.Src[d.Start:d.End]
	for _, c := range text[bytes.Index(text, from)+len("from"):] {
		switch {
		case c == '.':
			level++
		case continues[c]:
			return level
		}
	}
	return level
}

var from = []byte("from")

// IsStatement reports whether k is a statement kind.
func (k Kind) IsStatement() bool { return k >= FunctionDef && k <= Continue }
