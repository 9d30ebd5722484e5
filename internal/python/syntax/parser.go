package syntax

import (
	"fmt"
	"math"
	"slices"
	"sync"
)

// maxDepth bounds how deep expressions and chains of "elif" may nest, so that
// neither the parser nor a reader of the tree can run out of stack. CPython
// stops at a similar depth.
const maxDepth = 3000

// maxChain is how many times one statement may put an expression below a new
// one on its left ("a + b + …", "a.b.c…") before its depth is measured.
const maxChain = 1000

// aheadTokens is how many tokens the lexer reads before it is the parser's turn
// again: all of most files. The processor does better with one of them at a time.
const aheadTokens = 1 << 14

// largeTree is the number of nodes from which on the size of the slab is
// estimated.
const largeTree = 1 << 18

const invalidSyntax = "invalid syntax"

const tooComplex = "too many nested expressions: source too complex to parse"

// parser turns tokens into nodes. When a rule fails, the parser records the
// error and stops: its current token becomes tStop, which nothing matches, so
// that all rules return. They always return a node; the statement that failed
// then recovers.
type parser struct {
	file            *File
	lexer           *lexer
	version         Version
	tokens          []token // those of the current logical line, and of lines before and behind it
	nodes           []Node  // the slab: all that there is room for; while the parser has failed no more than size
	imports         []NodeID
	checked, blocks []NodeID // those that check looks at
	names           []NodeID // see File; like nodes, all that there is room for
	special         []NodeID // see File
	mentions        []NodeID // likewise; like names, all that there is room for
	errors          []Error
	size, named     int // how many nodes and names there are
	mentioned       int // and mentions

	i       int       // index of the token behind the current one
	tok     tokenKind // the kind of the current token, or tStop
	prefix  prefix    // of the current token
	at, end int32     // its range
	prevEnd int32     // end of the token before it
	failed  bool

	depth int // of nested expressions
	chain int // see maxChain
	base  int // the first node of the current statement

	nesting, deepest int // of blocks, counting the items of "with"
	around           surroundings

	flufl bool // "from __future__ import barry_as_FLUFL" is in force (3.14)
}

// surroundings say where a statement stands: what it may be used for is checked
// later where they do not know that it is right.
type surroundings struct {
	function bool // in a function that is not async, and in no "except*" of it
	loop     bool // in a loop of this function, and in no "except*" of it
}

// list is a chain of siblings that is being built.
type list struct{ first, last NodeID }

// Parser reads files one after another and keeps its memory for the next one.
// The zero value is ready. It is not safe for concurrent use.
type Parser struct {
	file   File
	lexer  lexer
	parser parser
}

// maxKept is how many nodes a file may have for Parse to keep the memory that
// it took: a larger one hands it over.
const maxKept = 1 << 19

var parsers = sync.Pool{New: func() any { return new(Parser) }}

// Parse reads the text of a file as the given version of Python (Latest when
// v is zero) would. It never fails: what is wrong with the text is in the
// Errors of the File, in the order of their place, and the tree holds what
// could be read; the rest is KindInvalid.
//
// The ranges of nodes are those of Python's ast, with these differences: a
// FunctionDef or ClassDef begins at its first decorator, and the parentheses
// of an expression are outside of its range (but for tuples and generators).
//
// The File may refer to src, which must not change while the File is in use.
func Parse(src []byte, v Version) *File {
	r := parsers.Get().(*Parser)
	f := *r.Parse(src, v)
	r.file.Src, r.file.Errors, r.lexer.src, r.parser.file = nil, nil, nil, nil
	if len(f.Nodes) > maxKept { // a copy would double the peak
		r.parser.nodes, r.parser.imports, r.parser.names, r.parser.special, r.parser.mentions, r.file.lines, r.lexer.comments = nil, nil, nil, nil, nil, nil, nil
	} else {
		f.Names, f.Special, f.Mentions = slices.Clone(f.Names), slices.Clone(f.Special), slices.Clone(f.Mentions)
		f.Nodes, f.Imports, f.lines, f.Comments = slices.Clone(f.Nodes), slices.Clone(f.Imports), slices.Clone(f.lines), slices.Clone(f.Comments)
		parsers.Put(r)
	}
	return &f
}

// Parse is like the function Parse, but that the File and all that it holds are
// valid only until the next call.
func (r *Parser) Parse(src []byte, v Version) *File {
	if v == (Version{}) {
		v = Latest
	}
	f := &r.file
	*f = File{lines: f.lines[:0], version: v}
	if len(src) > math.MaxInt32-1 {
		f.Encoding = "utf-8"
		f.lines = append(f.lines, 0)
		f.Nodes = []Node{{}, {Kind: Module}}
		f.Errors = []Error{{Message: "file too large: more than 2 GiB"}}
		return f
	}
	invalid := f.decode(src)
	f.indexLines()

	l, p := &r.lexer, &r.parser
	// Most files take less than that. Slices that grow step by step leave a multiple
	// of their size behind.
	p.nodes = room(p.nodes, len(f.Src)/7)
	p.names = room(p.names, len(f.Src)/32)
	p.mentions = room(p.mentions, len(f.Src)/48)
	l.tokens = room(l.tokens, min(len(f.Src)/6, aheadTokens*5/4))
	l.reset(f.Src, v, f.returns)
	p.run(f, l)
	if l.unclosed >= 0 {
		// A bracket was never closed and has swallowed the rest. Read again, and
		// let the first line that begins like a statement close it.
		from := l.unclosed
		l.reset(f.Src, v, f.returns)
		l.recoverFrom = from
		p.run(f, l)
	}
	f.checkUTF8(invalid, l.comments)
	f.Nodes, f.Comments, f.Imports = p.nodes[:p.size], l.comments, p.imports
	f.Errors = append(append(f.Errors, l.errors...), p.errors...)
	if len(f.Errors) > 0 {
		widen(f.Nodes)
		linkParents(f.Nodes)
	}
	f.Names, f.Special, f.Mentions = p.names[:p.named], p.special, p.mentions[:p.mentioned]
	if len(f.Errors) == 0 {
		if p.deepest < 9 {
			p.blocks = p.blocks[:0]
		}
		f.check(v, p.checked, p.blocks)
	}
	slices.SortStableFunc(f.Errors, func(a, b Error) int { return int(a.Start) - int(b.Start) })
	return f
}

// room returns an empty slice for about n elements, in the memory of s if it is
// large enough.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, max(n, 2*cap(s)))
	}
	return s[:0]
}

// run reads the tokens of a lexer that was reset.
func (p *parser) run(f *File, l *lexer) {
	*p = parser{file: f, lexer: l, version: l.version, nodes: p.nodes, names: p.names, imports: p.imports[:0], checked: p.checked[:0], blocks: p.blocks[:0], special: p.special[:0], mentions: p.mentions, errors: p.errors[:0]}
	p.begins(0, int32(len(f.Src)))
	p.module()
	p.nodes[None] = Node{}
}

// begins makes the Module and reads the first token.
func (p *parser) begins(start, end int32) {
	p.nodes = append(p.nodes[:0], Node{}, Node{Kind: Module, Start: start, End: end})
	p.size, p.nodes, p.names, p.mentions = 2, p.nodes[:cap(p.nodes)], p.names[:cap(p.names)], p.mentions[:cap(p.mentions)]
	p.nextLine()
}

// linkParents fills in the links from children to parents once more: those of
// statements with errors may be left over from what was given up.
func linkParents(nodes []Node) {
	for n := range nodes {
		for c := nodes[n].First; c != None; c = nodes[c].Next {
			nodes[c].Parent = NodeID(n)
		}
	}
}

// widen makes every node cover its children, where something was missing: a
// parent comes after its children in the slab, but for the module.
func widen(nodes []Node) {
	for n := 2; n < len(nodes); n++ {
		d := &nodes[n]
		for c := d.First; c != None; c = nodes[c].Next {
			d.Start, d.End = min(d.Start, nodes[c].Start), max(d.End, nodes[c].End)
		}
	}
}

// newline moves from the tNewline at the end of a logical line to the first
// token of the next one.
func (p *parser) newline() {
	p.prevEnd = p.end
	p.nextLine()
}

// nextLine is newline, but that the end of the last token stays that of the
// line's text.
func (p *parser) nextLine() {
	if p.i == len(p.tokens) {
		p.readAhead()
	}
	t := &p.tokens[p.i]
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	p.i++
}

// readAhead drops the tokens, all of which were read, and reads logical lines of about
// aheadTokens.
func (p *parser) readAhead() {
	p.makeRoom()
	l := p.lexer
	l.tokens, p.i = l.tokens[:0], 0
	for l.enough = aheadTokens; ; {
		l.logicalLine()
		if n := len(l.tokens); n >= l.enough || l.tokens[n-1].kind == tEOF {
			break
		}
	}
	p.tokens = l.tokens
}

// makeRoom makes the slab of a large file grow to about the size that it will have
// instead of doubling.
func (p *parser) makeRoom() {
	if n := p.size; n > largeTree && cap(p.nodes)-n < 2*aheadTokens {
		perByte := float64(n) / float64(max(1, p.prevEnd))
		rest := int(perByte * 1.02 * float64(len(p.file.Src)-int(p.prevEnd)))
		larger := make([]Node, n+max(rest, largeTree))
		copy(larger, p.nodes[:n])
		p.nodes = larger
	}
}

// next moves to the next token. It does nothing once the parser has failed.
func (p *parser) next() {
	if p.tok > tStop {
		p.step()
	}
}

// step is next where the caller knows the current token: the parser has not
// failed, and this is not the end.
func (p *parser) step() {
	t := &p.tokens[p.i]
	p.prevEnd = p.end
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	p.i++
}

// start returns the offset of the current token.
func (p *parser) start() int32 { return p.at }

// peek returns the kind of the token after the current one.
func (p *parser) peek() tokenKind {
	if p.tok <= tStop {
		return p.tok
	}
	return p.tokens[p.i].kind
}

// is reports whether the current token is the name word.
func (p *parser) is(word string) bool {
	return p.tok == tName && int(p.end-p.at) == len(word) && string(p.file.Src[p.at:p.end]) == word
}

// accept steps over the token k if it is the current one.
func (p *parser) accept(k tokenKind) bool {
	if p.tok != k {
		return false
	}
	p.step()
	return true
}

// expect steps over the token k, or fails.
func (p *parser) expect(k tokenKind) {
	if p.tok != k {
		p.fail()
		return
	}
	p.step()
}

// fail reports that the current token fits nowhere.
func (p *parser) fail() { p.failHere(invalidSyntax) }

// failHere reports an error at the current token.
func (p *parser) failHere(message string) {
	end := p.end
	if p.tok == tNewline || p.tok == tEOF {
		end = p.at
	}
	p.failAt(p.at, end, message)
}

// failAt reports an error and stops the parser. Where the lexer has reported
// one already, that one stays alone; a plain "invalid syntax" also gives way
// to one further on in the line, which is likely to be its cause.
func (p *parser) failAt(start, end int32, message string) {
	if p.failed {
		return
	}
	p.failed = true
	p.nodes = p.nodes[:p.size]
	p.tok = tStop
	if message == invalidSyntax {
		for i := p.i - 1; p.tokens[i].kind != tNewline && p.tokens[i].kind != tEOF; i++ {
			if p.tokens[i].kind == tError {
				return
			}
		}
	} else if p.tokens[p.i-1].kind == tError {
		return
	}
	p.errors = append(p.errors, Error{start, end, message})
}

// error reports an error after which parsing can go on.
func (p *parser) error(start, end int32, format string, args ...any) {
	if p.failed {
		return
	}
	if len(args) > 0 {
		format = fmt.Sprintf(format, args...)
	}
	p.errors = append(p.errors, Error{start, end, format})
}

// errorNode reports an error at a node.
func (p *parser) errorNode(n NodeID, format string, args ...any) {
	p.error(p.nodes[n].Start, p.nodes[n].End, format, args...)
}

// need reports that the text from start to here is newer than the version
// that the file is read for.
func (p *parser) need(minor int, start int32, what string) {
	if p.version.Less(Version{3, minor}) {
		p.error(start, max(start, p.prevEnd), "%s need Python 3.%d", what, minor)
	}
}

// older reports whether the file is read for a version before 3.minor.
func (p *parser) older(minor int) bool { return p.version.Less(Version{3, minor}) }

// ident reads the name of something, or fails.
func (p *parser) ident() NodeID {
	if p.tok != tName {
		p.fail()
		n := p.invalid()
		p.nodes[n].Kind = Ident
		return n
	}
	n := p.leaf(Ident)
	if d := &p.nodes[n]; d.End-d.Start == int32(len("__debug__")) {
		p.checked = append(p.checked, n)
	}
	return n
}

// mark is a place to which the parser can go back.
type mark struct {
	i             int
	nodes, errors int
	prevEnd       int32
}

func (p *parser) mark() mark { return mark{p.i, p.size, len(p.errors), p.prevEnd} }

// back returns to a place and forgets what was read since.
func (p *parser) back(m mark) {
	p.i, p.prevEnd = m.i, m.prevEnd
	p.drop(m.nodes)
	p.errors = p.errors[:m.errors]
	t := &p.tokens[m.i-1]
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	p.resume()
}

// resume lets a parser that has failed go on.
func (p *parser) resume() {
	p.failed = false
	p.nodes = p.nodes[:cap(p.nodes)]
}

// enter counts a level of nesting; leave must follow, also when it has
// failed.
func (p *parser) enter() {
	if p.depth++; p.depth > maxDepth {
		p.failHere(tooComplex)
	}
}

func (p *parser) leave() { p.depth-- }

// begin marks the start of a statement or of one of its headers.
func (p *parser) begin() { p.chain, p.base = 0, p.size }

// checkChains fails when the nodes of the current statement are nested too
// deeply by chains. It cuts off what is: a header stays in the tree.
func (p *parser) checkChains() {
	if p.chain < maxChain || p.failed {
		return
	}
	p.chain = 0
	// Depths from the parents down: in a statement, a parent comes after its
	// children in the slab.
	depths := make([]int32, p.size-p.base)
	for n := p.size - 1; n >= p.base; n-- {
		d := depths[n-p.base] + 1
		if d > 2*maxDepth {
			cut := &p.nodes[n]
			p.failAt(cut.Start, cut.End, tooComplex)
			cut.Kind, cut.First = KindInvalid, None
			continue
		}
		for c := p.nodes[n].First; c != None; c = p.nodes[c].Next {
			if int(c) >= p.base {
				depths[int(c)-p.base] = d
			}
		}
	}
}
