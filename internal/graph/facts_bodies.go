package graph

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"

	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// mentioning is a name that the body of a function mentions.
type mentioning struct {
	function int32
	name     word
}

// mention notes that a body mentions a name. Most of what is mentioned again is
// left out: that which was noted lately.
func (r *factReader) mention(function int32, name symbol) {
	if mayTell[byte(name)] {
		if t := tellingNames[name]; t != 0 {
			r.telling |= t
			if t == tellsImporting && !slices.Contains(r.importing, function) {
				r.importing = append(r.importing, function)
			}
		}
	}
	m := mentioning{r.before + function, name.word()}
	lately := &r.lately[(uint32(m.name)+uint32(function)*0x9e3779b1)%uint32(len(r.lately))]
	if *lately != m {
		*lately = m
		r.mentioned = append(r.mentioned, mentioning{function, m.name})
	}
}

// bodies lists what the module-level code and the body of each function
// mention and define, see followNames: the global names that they load,
// attributes, and literals that may be the name of one. What a lambda mentions
// belongs to the code around. Names in a function that it binds itself stand
// for something that was mentioned elsewhere, but for functions, classes and
// imports in it.
func (r *factReader) bodies() {
	r.mentioned, r.prefixes, r.importing, r.telling = r.mentioned[:0], r.prefixes[:0], r.importing[:0], 0
	if r.before += r.bodiesBefore; r.before > math.MaxInt32/2 {
		r.before = 0
		clear(r.lately[:])
	}
	r.bodiesBefore = int32(len(r.functions))
	r.namesIn()
	r.attributesIn()
	if len(r.importing) > 0 {
		r.foundReads()
	}
	r.stringsOf(r.strings)
	if r.telling&tellsGetattr != 0 {
		for _, p := range r.prefixes { // getattr(self, "visit_" + name)
			r.mention(p.function, p.name)
		}
	}
	r.prefixedMethods()
	for k := range r.bindings {
		if b := &r.bindings[k]; b.owner != 0 && r.statements[b.statement].from {
			within, _ := r.scopes.ImportAt(int(b.statement))
			r.mention(r.bodyOf[within], symbolOf(r.str(b.name)))
		}
	}
	r.inspects = r.telling&tellsInspecting != 0
	r.byFunction()
	r.definedIn()
}

// telling is what names in bodies tell of their file.
type telling uint8

const (
	tellsGetattr    telling = 1 << iota // attributes may be read by names that are put together
	tellsImporting                      // modules may be imported by name
	tellsInspecting                     // code gets at the annotations of what it is given
)

// tellingNames are the names that tell something.
var tellingNames = func() map[symbol]telling {
	names := map[symbol]telling{}
	for t, list := range map[telling]string{
		tellsGetattr:    "getattr",
		tellsImporting:  "import_module __import__",
		tellsInspecting: "signature Signature getfullargspec getargspec get_annotations get_type_hints __annotations__ __annotate__ call_annotate_function",
	} {
		for _, s := range symbolsOf(list) {
			names[s] = t
		}
	}
	return names
}()

// mayTell marks the lowest byte of the symbols in tellingNames: most other names
// need not be looked up.
var mayTell = func() (marks [256]bool) {
	for s := range tellingNames {
		marks[byte(s)] = true
	}
	return marks
}()

func symbolsOf(names string) []symbol {
	var out []symbol
	for name := range strings.FieldsSeq(names) {
		out = append(out, symbolOf(name))
	}
	return out
}

// namesIn lists the global names that bodies load.
func (r *factReader) namesIn() {
	for name, uses := range r.scopes.Globals() {
		s := symbolIn(name)
		written := s
		if len(name) > 0 && name[0] == '_' {
			if k := bytes.Index(name, []byte("__")); k > 0 { // private to a class: "_Class__name"
				written = symbolIn(name[k:])
			}
		}
		last := int32(-1)
		for k := range uses {
			u := &uses[k]
			body := r.bodyOf[u.Scope]
			if u.Store || u.Del || body == last || u.When != scope.AtImport && (u.When != scope.AtCall || body == 0 && !r.inLambda(u.Scope)) {
				continue
			}
			last = body
			r.mention(body, s)
			if written != s {
				r.mention(body, written)
			}
		}
	}
}

// inLambda reports whether a scope is that of a lambda, or inside of one.
func (r *factReader) inLambda(s scope.ScopeID) bool {
	for ; s != 0; s = r.scopes.Scopes[s].Parent {
		switch r.scopes.Scopes[s].Kind {
		case scope.LambdaScope:
			return true
		case scope.FunctionScope:
			return false
		}
	}
	return false
}

// prefixing is the first part of a name that a body may put together.
type prefixing struct {
	function int32
	name     symbol
}

// within is the body of a function that is being passed.
type within struct {
	start    int32
	function int32
}

// attributesIn lists the attributes and literals in bodies. It goes through the
// nodes backwards, in which order the node of a function comes before those of
// its body, and these lie together.
func (r *factReader) attributesIn() {
	f := r.file
	stack := append(r.stack[:0], within{-1, 0})
	r.strings, r.dotted = r.strings[:0], false
	var dead syntax.Node // a branch of module-level code that does not run
	for k := len(f.Mentions) - 1; k >= 0; k-- {
		n := f.Mentions[k]
		d := &f.Nodes[n]
		for d.Start < stack[len(stack)-1].start {
			stack = stack[:len(stack)-1]
		}
		body := stack[len(stack)-1].function
		if d.Start < dead.End && d.Start >= dead.Start && d.End <= dead.End {
			continue
		}
		switch d.Kind {
		case syntax.Attribute:
			id := n - 1
			if f.Nodes[id].Kind != syntax.Ident || f.Nodes[id].Parent != n {
				if id = f.Child(n, syntax.Ident); id == syntax.None {
					continue
				}
			}
			r.mention(body, symbolIn(r.source(id)))
		case syntax.String:
			dotted := r.literalIn(n, body)
			if body == 0 && d.End-d.Start <= maxDotted && !r.exported(n) {
				r.strings = append(r.strings, n)
				r.dotted = r.dotted || dotted
			}
		case syntax.FunctionDef:
			if b := f.Child(n, syntax.Block); b != syntax.None {
				stack = append(stack, within{f.Nodes[b].Start, r.functionOf(n)})
			}
		case syntax.If, syntax.IfExp:
			if body != 0 {
				continue
			}
			for c := d.First; c != syntax.None; c = f.Next(c) {
				if w, _ := r.scopes.Branch(n, c); w != scope.AtImport {
					dead = f.Nodes[c]
				}
			}
		}
	}
	r.stack = stack
}

// literalIn lists the names that a literal in a body may stand for, and reports
// whether it is a dotted one, see dottedLiteral.
func (r *factReader) literalIn(n syntax.NodeID, body int32) (dotted bool) {
	source := r.source(n)
	if to := firstWord(source, r.file.Src[r.file.Nodes[n].Start:]); to > 0 { // of most literals, the first word tells what they are
		switch follows := source[to]; {
		case follows == '.' || follows == ':':
			return r.dottedIn(source, body)
		case source[to-1] == '_': // perhaps the first part of a name
		case to == len(source)-1 && len(source) < maxNameLiteral:
			if (source[1] < '0' || source[1] > '9') && (body != 0 || !r.exported(n)) {
				r.mention(body, symbolIn(source[1:to]))
			}
			return false
		default:
			return false
		}
	}
	if p := namePrefix(literalText(source)); p != nil {
		r.prefixes = append(r.prefixes, prefixing{body, symbolIn(p)})
	}
	if r.dottedIn(source, body) {
		return true
	}
	if len(source) < maxNameLiteral {
		if name := r.nameLiteral(n); len(name) > 0 && (body != 0 || !r.exported(n)) { // getattr(x, "name")
			r.mention(body, symbolIn(name))
		}
	}
	return false
}

// dottedIn lists the last name of a literal in a body, if it is a dotted one:
// import_string("a.b.name").
func (r *factReader) dottedIn(source []byte, body int32) bool {
	_, last := dottedLiteral(source)
	if last == nil {
		return false
	}
	r.mention(body, symbolIn(last))
	return true
}

// foundReads lists the attributes that bodies which import modules by name read
// from what is not imported by a statement.
func (r *factReader) foundReads() {
	f := r.file
	for _, n := range f.Mentions {
		if f.Nodes[n].Kind != syntax.Attribute || f.Kind(f.First(n)) != syntax.Name || f.Nodes[n].Flags&(syntax.FlagStore|syntax.FlagDel) != 0 {
			continue
		}
		id := f.Child(n, syntax.Ident)
		within := r.scopes.ScopeOf(n)
		if id == syntax.None || !slices.Contains(r.importing, r.bodyOf[within]) {
			continue
		}
		name := f.NameText(f.First(n))
		owner, bound := r.scopes.Lookup(name, within)
		s := symbolOf(name)
		if bound && !slices.ContainsFunc(r.bindings, func(b binding) bool { return b.symbol == s && b.owner == owner }) {
			r.extra.found = append(r.extra.found, foundRead{r.bodyOf[within], int32(f.Line(f.Nodes[n].Start)), symbolIn(r.identifier(id))})
		}
	}
}

// prefixedMethods lets whoever mentions the first part of a method's name, with
// the underscore at its end, mention the method.
func (r *factReader) prefixedMethods() {
	scopes := r.scopes.Scopes
	for k := 1; k < len(scopes); k++ {
		if s := &scopes[k]; s.Kind == scope.FunctionScope && scopes[s.Parent].Kind == scope.ClassScope {
			name := r.source(r.file.Child(s.Node, syntax.Ident))
			if p := namePrefix(name); p != nil && !isDunder(name) {
				r.aliases = append(r.aliases, alias{symbolIn(p).word(), symbolIn(name).word()})
			}
		}
	}
}

// firstWord returns where the letters that a plain literal begins with end, 0 for
// other literals: those with a prefix, with three quotes, or without an end. The
// text goes on behind the literal.
func firstWord(literal, text []byte) int {
	if len(literal) < 3 || literal[0] != '"' && literal[0] != '\'' || literal[1] == '"' || literal[1] == '\'' {
		return 0
	}
	to := 1
	for ; to+8 <= len(text); to += 8 { // most words are shorter
		if k := identifierLength(binary.LittleEndian.Uint64(text[to:])); k < 8 {
			if to += k; to < len(literal) {
				return to
			}
			return 0
		}
	}
	for ; to < len(literal); to++ {
		if !inIdentifier(literal[to]) {
			return to
		}
	}
	return 0
}

// identifierLength returns how many of eight bytes, the lowest first, may be in an
// identifier before one that may not. It looks at all of them at once: where words
// end is not foreseen by the processor.
func identifierLength(eight uint64) int {
	const each, top = 0x0101010101010101, 0x80 * 0x0101010101010101
	low := eight &^ top
	// The top bit of a byte of least(v, b) is set where that byte of v is at least b.
	least := func(v uint64, b byte) uint64 { return v + each*uint64(0x80-b) }
	letter := low | 0x20*each
	in := eight | least(letter, 'a')&^least(letter, 'z'+1) | least(low, '0')&^least(low, '9'+1) | (top - (low ^ '_'*each))
	return bits.TrailingZeros64(^in&top) / 8
}

// literalText returns what a string literal begins with, up to what is put in,
// if it may be the first part of a name.
func literalText(source []byte) []byte {
	from := 0
	for from < len(source) && source[from] != '"' && source[from] != '\'' {
		from++
	}
	for from < len(source) && (source[from] == '"' || source[from] == '\'') {
		from++
	}
	to := from
	for to < len(source) && inIdentifier(source[to]) {
		to++
	}
	if to == from || source[to-1] != '_' || to < len(source) && bytes.IndexByte([]byte(`"'{%`), source[to]) < 0 {
		return nil
	}
	return identifier(source[from:to])
}

// inIdentifier reports whether a byte may be in an identifier.
func inIdentifier(b byte) bool { return identifierBytes[b] }

var identifierBytes = func() (of [256]bool) {
	for b := range of {
		of[b] = b == '_' || b >= 0x80 || b|0x20 >= 'a' && b|0x20 <= 'z' || b >= '0' && b <= '9'
	}
	return of
}()

// namePrefix returns "visit_" of "visit_node", nil where there is no such part.
func namePrefix(name []byte) []byte {
	from := 0
	for from < len(name) && name[from] == '_' {
		from++
	}
	if k := bytes.IndexByte(name[from:], '_'); k > 0 {
		return name[:from+k+1]
	}
	return nil
}

// exported reports whether a literal is an element of __all__.
func (r *factReader) exported(n syntax.NodeID) bool {
	if !r.hasAll {
		return false
	}
	f := r.file
	for p := f.Parent(n); ; p = f.Parent(p) {
		switch f.Kind(p) {
		case syntax.List, syntax.Tuple, syntax.BinOp:
		case syntax.Assign, syntax.AugAssign, syntax.AnnAssign:
			return string(r.source(f.First(p))) == "__all__"
		default:
			return false
		}
	}
}

// byFunction sorts what was mentioned by function.
func (r *factReader) byFunction() {
	at := append(r.counts[:0], make([]int32, len(r.functions)+1)...)
	for _, m := range r.mentioned {
		at[m.function+1]++
	}
	for k := range r.functions {
		at[k+1] += at[k]
		r.functions[k].mentions = at[k]
	}
	mentions := r.slabs.mentions.begin(len(r.mentioned))[:len(r.mentioned)]
	for _, m := range r.mentioned {
		mentions[at[m.function]] = m.name
		at[m.function]++
	}
	r.facts.mentions = r.slabs.mentions.end(mentions)
	r.counts = at
}

// definedIn lists what bodies define.
func (r *factReader) definedIn() {
	list := r.defined[:0]
	scopes := r.scopes.Scopes
	for k := 1; k < len(scopes); k++ {
		s := &scopes[k]
		body := r.bodyOf[s.Parent]
		switch s.Kind {
		case scope.ClassScope:
			kind := madeClass
			if body != 0 {
				kind = madeLocal
			}
			list = append(list, definedBy{body, made{at: r.at[k], kind: kind}})
		case scope.FunctionScope:
			if body != 0 && scopes[s.Parent].Kind != scope.ClassScope {
				list = append(list, definedBy{body, made{at: r.at[k], kind: madeFunction}})
				continue
			}
			for _, d := range r.decorators(r.at[k]) {
				if d.last != 0 {
					list = append(list, definedBy{body, made{r.at[k], d.last, madeDecorated}})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b definedBy) int { return int(a.body - b.body) })
	r.defined = list
	k := 0
	for body := range r.functions {
		r.functions[body].made = int32(len(r.made))
		for ; k < len(list) && list[k].body == int32(body); k++ {
			r.made = append(r.made, list[k].made)
		}
	}
}

type definedBy struct {
	body int32
	made made
}

// maxNameLiteral bounds the literals that may be names.
const maxNameLiteral = 66

// nameLiteral returns the name in a string literal that consists of one.
func (r *factReader) nameLiteral(n syntax.NodeID) []byte {
	text := r.source(n)
	if len(text) < 3 {
		return nil
	}
	if q := text[0]; q == '"' || q == '\'' {
		return identifier(text[1 : len(text)-1])
	}
	if s, ok := scope.StringValue(r.file, n); ok {
		return identifier([]byte(s))
	}
	return nil
}

// identifier returns text when it may be an identifier.
func identifier(text []byte) []byte {
	for k, b := range text {
		if !inIdentifier(b) || k == 0 && b >= '0' && b <= '9' {
			return nil
		}
	}
	return text
}
