package syntax

import (
	"bytes"
	"cmp"
	"slices"
)

// TypeComment is a "# type:" comment of PEP 484 that says the type of
// something. "# type: ignore" is none.
type TypeComment struct {
	Owner      NodeID // Assign, For, With, FunctionDef (its signature) or Param
	Start, End int32  // the text behind "# type:"
}

// typeText returns the range of the type in a comment.
func (f *File) typeText(c Comment) (start, end int32, ok bool) {
	text := f.Src[c.Start:c.End]
	if len(text) > 2 && text[1] == ' ' && text[2] != ' ' && text[2] != '\t' && text[2] != 't' { // most comments
		return 0, 0, false
	}
	rest := bytes.TrimLeft(text[1:], " \t")
	rest, ok = bytes.CutPrefix(rest, []byte("type:"))
	if !ok {
		return 0, 0, false
	}
	rest = bytes.TrimLeft(rest, " \t")
	if after, ignore := bytes.CutPrefix(rest, []byte("ignore")); ignore && (len(after) == 0 || after[0] < 0x80 && (after[0] == '_' || !continues[after[0]])) {
		return 0, 0, false
	}
	return c.End - int32(len(rest)), c.End, true
}

// TypeComments returns the type comments of the file that stand where Python
// (ast.parse with type_comments=True) looks for one, in source order.
func (f *File) TypeComments() []TypeComment {
	var found []Comment
	for _, c := range f.Comments {
		if _, _, ok := f.typeText(c); ok {
			found = append(found, c)
		}
	}
	if len(found) == 0 {
		return nil
	}
	t := typeComments{f, found, nil}
	for i := range f.Nodes {
		n := NodeID(i)
		switch d := &f.Nodes[i]; d.Kind {
		case Assign:
			t.add(n, d.End, "")
		case For, With:
			if b := f.Child(n, Block); b != None && f.Nodes[b].Flags&FlagOneLine == 0 {
				t.behindHeader(n, b)
			}
		case FunctionDef:
			b := f.Child(n, Block)
			if b == None {
				continue
			}
			if f.Nodes[b].Flags&FlagOneLine == 0 && !t.behindHeader(n, b) {
				t.firstLine(n, b)
			}
			for p := f.First(f.Child(n, Params)); p != None; p = f.Next(p) {
				t.behindParam(p, f.Nodes[b].Start)
			}
		}
	}
	slices.SortFunc(t.out, func(a, b TypeComment) int { return cmp.Compare(a.Start, b.Start) })
	return t.out
}

// typeComments finds the owners of type comments.
type typeComments struct {
	*File
	found []Comment
	out   []TypeComment
}

// first returns the first type comment at or behind an offset.
func (t *typeComments) first(from int32) (Comment, bool) {
	k, _ := slices.BinarySearchFunc(t.found, from, func(c Comment, from int32) int { return cmp.Compare(c.Start, from) })
	if k == len(t.found) {
		return Comment{}, false
	}
	return t.found[k], true
}

// take makes a comment that of n.
func (t *typeComments) take(n NodeID, c Comment) {
	start, end, _ := t.typeText(c)
	t.out = append(t.out, TypeComment{n, start, end})
}

// endOfComment returns the offset of the end of the line that a comment is on.
func (t *typeComments) endOfComment(at int32) int32 {
	if i := bytes.IndexAny(t.Src[at:], "\r\n"); i >= 0 {
		return at + int32(i)
	}
	return int32(len(t.Src))
}

// add takes the comment that follows the offset from on its line, behind the
// token between.
func (t *typeComments) add(n NodeID, from int32, between string) bool {
	c, ok := t.first(from)
	if !ok || string(bytes.Trim(t.Src[from:c.Start], " \t\f")) != between {
		return false
	}
	t.take(n, c)
	return true
}

// behindHeader takes the comment behind the ":" before a block.
func (t *typeComments) behindHeader(n, block NodeID) bool {
	last := None // part of the header
	for c := range t.Children(n) {
		if c == block {
			break
		}
		last = c
	}
	from, limit := t.Nodes[last].End, t.Nodes[block].Start
	for from < limit {
		switch t.Src[from] {
		case ':':
			return t.add(n, from+1, "")
		case '#': // between brackets around the header's last part
			from = t.endOfComment(from)
		}
		from++
	}
	return false
}

// firstLine takes the comment on a line of its own before the first statement
// of a function, where there is no more than one.
func (t *typeComments) firstLine(n, block NodeID) {
	header := t.Child(n, Returns)
	if header == None {
		header = t.Child(n, Params)
	}
	limit := t.Nodes[block].Start
	from := t.Nodes[header].End
	begins := false // the line after that of the ":" is known
	for at := t.Line(from); at < t.Lines() && !begins; at++ {
		line := t.Src[t.LineStart(at):]
		if i := bytes.IndexAny(line, "\r\n"); i >= 0 {
			line = line[:i]
		}
		code := bytes.TrimRight(line[max(0, from-t.LineStart(at)):], " \t\f")
		if i := bytes.IndexByte(code, '#'); i >= 0 {
			code = bytes.TrimRight(code[:i], " \t\f")
		}
		if bytes.HasSuffix(code, []byte(":")) {
			from, begins = t.LineStart(at+1), true
		} else if t.LineStart(at+1) > limit {
			return
		}
	}
	c, ok := t.first(from)
	if !begins || !ok || c.Start > limit {
		return
	}
	if next, ok := t.first(c.End); ok && next.Start < limit {
		return
	}
	t.take(n, c)
}

// behindParam takes the comment behind a parameter and its comma, or behind the
// last one before ")".
func (t *typeComments) behindParam(p NodeID, limit int32) {
	c, ok := t.first(t.Nodes[p].End)
	if !ok || c.Start > limit {
		return
	}
	if next := t.Next(p); next != None && c.Start > t.Nodes[next].Start {
		return
	}
	comma, slash := false, !f38(t.version)
	for at := t.Nodes[p].End; at < c.Start; at++ {
		switch b := t.Src[at]; {
		case b == ',' && !comma:
			comma = true
		case b == '/' && comma && !slash: // the grammar of 3.8 lets "/," stand between
			comma, slash = false, true
		case b == '#':
			at = t.endOfComment(at)
		case b > ' ' && b != '\\':
			return
		}
	}
	if !comma {
		for at := c.End; at < limit; at++ {
			switch b := t.Src[at]; {
			case b == '#':
				at = t.endOfComment(at)
			case b == ')':
				t.take(p, c)
				return
			case b > ' ':
				return
			}
		}
	}
	t.take(p, c)
}

// ParseType reads a type comment. The nodes of the result have offsets into
// the text of f: below the Module an expression, or for a FunctionDef an Args and
// a Returns. What is wrong is in its Errors.
func (f *File) ParseType(c TypeComment) *File {
	rule := (*parser).expressions
	if f.Kind(c.Owner) == FunctionDef {
		rule = (*parser).signature
	}
	return f.parsePart(c.Start, c.End, rule)
}

// ParseString reads the text of a string literal as an expression, as is done
// with annotations; see ParseType. It reports false for literals whose text is
// not that of their source: with escapes or fields, or several in a row.
func (f *File) ParseString(n NodeID) (*File, bool) {
	d := f.Nodes[n]
	text := f.Src[d.Start:d.End]
	quote := bytes.IndexAny(text, `"'`)
	if d.Kind != String || d.Flags&(FlagFormat|FlagBytes) != 0 || quote < 0 || d.Flags&FlagRaw == 0 && bytes.IndexByte(text, '\\') >= 0 {
		return nil, false
	}
	width := 1
	if body := text[quote:]; len(body) >= 6 && body[1] == body[0] && body[2] == body[0] {
		width = 3
	}
	return f.parsePart(d.Start+int32(quote+width), d.End-int32(width), (*parser).expressions), true
}

// parsePart reads a part of the text by a rule of the grammar.
func (f *File) parsePart(start, end int32, rule func(*parser)) *File {
	part := &File{Src: f.Src, BOM: f.BOM, Encoding: f.Encoding, lines: f.lines, returns: f.returns, version: f.version}
	for start < end && (f.Src[start] == ' ' || f.Src[start] == '\t') {
		start++
	}
	var l lexer
	l.reset(f.Src, f.version, f.returns)
	l.pos, l.end = int(start), int(end)
	l.logicalLine()
	p := parser{file: part, lexer: &l, version: f.version, prevEnd: start, tokens: l.tokens}
	p.begins(start, end)
	rule(&p)
	for p.tok == tNewline {
		p.newline()
	}
	if p.tok != tEOF {
		p.fail()
	}
	p.nodes[None] = Node{}
	part.Nodes, part.Comments, part.Names, part.Special, part.Mentions = p.nodes[:p.size], l.comments, p.names[:p.named], p.special, p.mentions[:p.mentioned]
	part.Errors = append(l.errors, p.errors...)
	if len(part.Errors) > 0 {
		linkParents(part.Nodes)
	}
	return part
}

// expressions reads what eval accepts.
func (p *parser) expressions() {
	start := p.start()
	n := p.expression()
	if p.tok == tComma {
		n = p.tuple(start, n, false)
	}
	p.root(n)
}

// f38 reports whether v is read by the grammar before PEG, which was laxer with
// type comments.
func f38(v Version) bool { return v.Less(Version{3, 9}) }

// signature reads "(int, *str, **bool) -> None".
func (p *parser) signature() {
	l := list{}
	start := p.start()
	p.expect(tLPar)
	args := list{}
	stars := Flags(0)
	for p.tok != tRPar && !p.failed {
		from := p.start()
		flags := Flags(0)
		switch {
		case p.tok == tStar && stars == 0:
			flags = FlagStar
			p.next()
			if f38(p.version) && (p.tok == tComma || p.tok == tRPar) {
				stars |= flags
				p.accept(tComma)
				continue
			}
		case p.tok == tDoubleStar && stars&FlagStar2 == 0:
			flags = FlagStar2
			p.next()
		case stars != 0 && !(f38(p.version) && stars == FlagStar):
			p.fail()
		}
		stars |= flags
		n := p.wrap(Arg, from, p.expression())
		p.nodes[n].Flags = flags
		p.add(&args, n)
		if p.tok != tComma {
			break
		}
		p.next()
		if p.tok == tRPar && !(f38(p.version) && stars == 0) {
			p.fail()
		}
	}
	p.expect(tRPar)
	p.add(&l, p.node(Args, start, max(start, p.prevEnd), args.first))
	arrow := p.start()
	p.expect(tArrow)
	p.add(&l, p.wrap(Returns, arrow, p.expression()))
	p.root(l.first)
}
