package syntax

// suite reads ":" and the block behind it; what names the header, which begins
// at the offset header, for messages. k is Block, Else or Finally.
func (p *parser) suite(k Kind, header int32, what string) NodeID {
	if p.tok != tColon || p.tokens[p.i].kind != tNewline || p.chain >= maxChain {
		return p.oddSuite(k, header, what)
	}
	p.prevEnd = p.end
	p.i++
	start := p.prevEnd
	p.nextLine()
	l := list{}
	p.nesting++
	p.deepest = max(p.deepest, p.nesting)
	if p.tok == tIndent {
		p.step()
		p.indented(&l)
	} else {
		p.noBlock(header, what)
	}
	return p.block(k, start, l, 0)
}

// oddSuite is suite where no line ends behind the ":". A header that failed is
// skipped, and its block still read.
func (p *parser) oddSuite(k Kind, header int32, what string) NodeID {
	p.checkChains()
	if !p.failed && p.tok != tColon {
		if p.tok == tNewline || forced(what) {
			p.failHere("expected ':'")
		} else {
			p.fail()
		}
	}
	p.next()
	bad := p.failed
	if bad {
		p.recover()
	}
	l := list{}
	start := p.prevEnd
	flags := Flags(0)
	p.nesting++
	p.deepest = max(p.deepest, p.nesting)
	switch {
	case p.tok != tNewline:
		flags = FlagOneLine
		start = p.start()
		if p.tok == tEOF {
			break
		}
		p.line(&l)
	default:
		p.endLine()
		if p.tok == tIndent {
			p.next()
			p.indented(&l)
		} else if !bad {
			p.noBlock(header, what)
		}
	}
	return p.block(k, start, l, flags)
}

func (p *parser) noBlock(header int32, what string) {
	p.error(p.at, p.end, "expected an indented block after %s on line %d", what, p.file.Line(header))
}

// block makes a node of the statements of a suite.
func (p *parser) block(k Kind, start int32, l list, flags Flags) NodeID {
	p.nesting--
	if l.first == None {
		p.add(&l, p.invalid())
	}
	start = max(start, p.nodes[l.first].Start)
	n := p.node(k, start, max(start, p.prevEnd), l.first)
	p.nodes[n].Flags = flags
	return n
}

// forced reports whether what is one of the headers behind which CPython always
// asks for ":".
func forced(what string) bool {
	switch what {
	case "function definition", "class definition", "'else' statement", "'try' statement", "'finally' statement":
		return true
	}
	return false
}

// ifStmt reads "if" or "elif" and all that follows.
func (p *parser) ifStmt(flags Flags) NodeID {
	p.enter()
	start := p.start()
	what := "'if' statement"
	if flags&FlagElif != 0 {
		what = "'elif' statement"
	}
	p.next()
	p.begin()
	l := list{}
	p.add(&l, p.namedExpr())
	p.add(&l, p.suite(Block, start, what))
	switch p.tok {
	case tElif:
		if p.depth >= maxDepth {
			p.error(p.at, p.end, tooComplex)
			p.skipClauses()
			break
		}
		inner := p.ifStmt(FlagElif)
		p.add(&l, p.node(Else, p.nodes[inner].Start, p.nodes[inner].End, inner))
	case tElse:
		p.add(&l, p.elseBlock())
	}
	n := p.node(If, start, p.prevEnd, l.first)
	p.nodes[n].Flags = flags
	if p.foreseen(l.first) {
		p.special = append(p.special, n)
	}
	p.mention(n)
	p.leave()
	return n
}

// skipClauses steps over the rest of a chain of "elif" that is too long.
func (p *parser) skipClauses() {
	depth := 0
	for p.tok != tEOF {
		switch p.tok {
		case tIndent:
			depth++
		case tDedent:
			if depth == 0 {
				return
			}
			depth--
		}
		last := p.tok
		if last == tNewline {
			p.endLine()
		} else {
			p.next()
		}
		if depth == 0 && (last == tNewline || last == tDedent) && p.tok != tElif && p.tok != tElse && p.tok != tIndent {
			return
		}
	}
}

func (p *parser) elseBlock() NodeID {
	start := p.start()
	p.next()
	return p.suite(Else, start, "'else' statement")
}

func (p *parser) whileStmt() NodeID {
	start := p.start()
	p.next()
	l := list{}
	p.add(&l, p.namedExpr())
	around := p.around
	p.around.loop = true
	p.add(&l, p.suite(Block, start, "'while' statement"))
	p.around = around
	if p.tok == tElse {
		p.add(&l, p.elseBlock())
	}
	n := p.list(p.node(While, start, p.prevEnd, l.first))
	if p.foreseen(l.first) && !p.file.spells(p.nodes[l.first], "True") {
		p.special = append(p.special, n)
	}
	return n
}

func (p *parser) forStmt(start int32, flags Flags) NodeID {
	header := p.start()
	p.next()
	l := list{}
	p.add(&l, p.forTarget())
	p.expect(tIn)
	iter := p.start()
	n := p.starExpressions()
	if p.older(9) && p.nodes[n].Kind == Tuple && p.nodes[n].Flags&FlagParens == 0 && p.hasStar(n) {
		p.need(9, iter, "starred expressions in the iterable of a loop")
	}
	p.add(&l, n)
	around := p.around
	p.around.loop = true
	p.add(&l, p.suite(Block, header, "'for' statement"))
	p.around = around
	if p.tok == tElse {
		p.add(&l, p.elseBlock())
	}
	n = p.list(p.node(For, start, p.prevEnd, l.first))
	p.flagAsync(n, flags)
	return n
}

// hasStar reports whether a child of n is starred, without parentheses.
func (p *parser) hasStar(n NodeID) bool {
	for c := p.nodes[n].First; c != None; c = p.nodes[c].Next {
		if d := &p.nodes[c]; d.Kind == Starred && d.Flags&FlagParens == 0 {
			return true
		}
	}
	return false
}

func (p *parser) withStmt(start int32, flags Flags) NodeID {
	header := p.start()
	p.next()
	l := list{}
	if p.tok != tLPar || !p.withParens(&l) {
		for {
			p.add(&l, p.withItem())
			if !p.accept(tComma) {
				break
			}
		}
	}
	items := 0
	for n := l.first; n != None; n = p.nodes[n].Next {
		items++
	}
	p.nesting += items
	p.add(&l, p.suite(Block, header, "'with' statement"))
	p.nesting -= items
	n := p.list(p.node(With, start, p.prevEnd, l.first))
	p.flagAsync(n, flags)
	return n
}

// withParens tries to read "(item, item):", whose parentheses belong to the
// statement. If they belong to an expression, nothing is read.
func (p *parser) withParens(l *list) bool {
	depth, i := 0, p.i-1
scan:
	for ; ; i++ {
		switch p.tokens[i].kind {
		case tLPar:
			depth++
		case tRPar:
			if depth--; depth == 0 {
				break scan
			}
		case tNewline, tEOF, tError:
			return false
		}
	}
	if p.tokens[i+1].kind != tColon {
		return false
	}
	m := p.mark()
	p.next()
	as := false
	for p.tok != tRPar {
		n := p.withItem()
		as = as || p.nodes[p.nodes[n].First].Next != None
		p.add(l, n)
		if !p.accept(tComma) {
			break
		}
	}
	if p.older(9) && !as && !p.failed { // the parentheses are a tuple's
		p.back(m)
		*l = list{}
		return false
	}
	p.expect(tRPar)
	if p.failed && !as || l.first == None {
		p.back(m)
		*l = list{}
		return false
	}
	p.need(9, p.tokens[m.i-1].start, "parenthesized context managers")
	return true
}

func (p *parser) withItem() NodeID {
	start := p.start()
	n := p.expression()
	if p.accept(tAs) {
		target := p.star(func() NodeID { return p.binary(precPipe) })
		if p.tok == tComma || p.tok == tColon || p.tok == tRPar {
			p.target(target, assigning)
		}
		p.nodes[n].Next = target
	}
	return p.node(WithItem, start, p.prevEnd, n)
}

func (p *parser) tryStmt() NodeID {
	start := p.start()
	p.next()
	l := list{}
	errors := len(p.errors)
	p.add(&l, p.suite(Block, start, "'try' statement"))
	flags := Flags(0)
	handlers, bare := 0, None
	for p.tok == tExcept {
		if bare != None {
			p.errorNode(bare, "default 'except:' must be last")
		}
		star := p.peek() == tStar
		if handlers > 0 && star != (flags&FlagStar != 0) {
			p.error(p.at, p.end, "cannot have both 'except' and 'except*' on the same 'try'")
		}
		if star {
			flags |= FlagStar
		}
		handlers++
		n := p.handler(star)
		bare = None
		if p.nodes[p.nodes[n].First].Kind == Block {
			bare = n
		}
		p.add(&l, n)
	}
	if p.tok == tElse && handlers > 0 {
		p.add(&l, p.elseBlock())
	}
	if p.tok == tFinally {
		from := p.start()
		p.next()
		p.add(&l, p.suite(Finally, from, "'finally' statement"))
	} else if handlers == 0 && len(p.errors) == errors {
		p.error(p.at, p.end, "expected 'except' or 'finally' block")
	}
	n := p.list(p.node(Try, start, p.prevEnd, l.first))
	p.nodes[n].Flags = flags
	return n
}

func (p *parser) handler(star bool) NodeID {
	start := p.start()
	what := "'except' statement"
	p.begin()
	p.next()
	if star {
		what = "'except*' statement"
		p.next()
		p.need(11, start, "except* clauses")
	}
	l, named := list{}, false
	if p.tok != tColon && p.tok != tNewline {
		from := p.start()
		n := p.expression()
		if p.tok == tComma {
			n = p.exceptList(from, n)
		}
		p.add(&l, n)
		if named = p.accept(tAs); named {
			p.add(&l, p.ident())
			if p.tok == tDot || p.tok == tLSqb || p.tok == tLPar {
				p.fail()
			}
		}
	} else if star {
		p.failHere("expected one or more exception types")
	}
	around := p.around
	if star {
		p.around = surroundings{}
	}
	p.add(&l, p.suite(Block, start, what))
	p.around = around
	n := p.list(p.node(Handler, start, p.prevEnd, l.first))
	if named {
		p.special = append(p.special, n)
	}
	return n
}

// exceptList reads "A, B" without parentheses (3.14).
func (p *parser) exceptList(start int32, first NodeID) NodeID {
	l := list{}
	p.add(&l, first)
	for p.accept(tComma) {
		if p.tok == tColon || p.tok == tAs {
			break
		}
		p.add(&l, p.expression())
	}
	if p.older(14) {
		p.error(start, p.prevEnd, "multiple exception types must be parenthesized")
	} else if p.tok == tAs {
		p.error(start, p.prevEnd, "multiple exception types must be parenthesized when using 'as'")
	}
	return p.node(Tuple, start, p.prevEnd, l.first)
}

// decorated reads decorators and the definition that follows.
func (p *parser) decorated(l *list) {
	start := p.start()
	d := list{}
	for p.tok == tAt {
		from := p.start()
		p.next()
		p.begin()
		n := p.namedExpr()
		if p.older(9) && !p.simpleDecorator(n) {
			p.need(9, p.nodes[n].Start, "decorators that are not a dotted name or its call")
		}
		n = p.wrap(Decorator, from, n)
		p.checkChains()
		if p.tok != tNewline {
			p.fail()
		}
		if p.failed {
			p.recover()
		}
		p.add(&d, n)
		p.endLine()
	}
	switch p.tok {
	case tDef:
		p.add(l, p.funcDef(start, d, 0))
		return
	case tClass:
		p.add(l, p.classDef(start, d))
		return
	case tAsync:
		if p.peek() == tDef {
			p.next()
			p.add(l, p.funcDef(start, d, FlagAsync))
			return
		}
	}
	p.add(l, p.node(KindInvalid, start, p.prevEnd, d.first))
	p.error(p.at, p.end, "invalid syntax")
}

// simpleDecorator reports whether n is what decorators had to be before 3.9.
func (p *parser) simpleDecorator(n NodeID) bool {
	if p.nodes[n].Kind == Call {
		n = p.nodes[n].First
	}
	for p.nodes[n].Kind == Attribute && p.nodes[n].Flags&FlagParens == 0 {
		n = p.nodes[n].First
	}
	return p.nodes[n].Kind == Name && p.nodes[n].Flags&FlagParens == 0
}

func (p *parser) asyncStmt(l *list) {
	start := p.start()
	switch p.peek() {
	case tDef:
		p.next()
		p.add(l, p.funcDef(start, list{}, FlagAsync))
	case tFor:
		p.next()
		p.add(l, p.forStmt(start, FlagAsync))
	case tWith:
		p.next()
		p.add(l, p.withStmt(start, FlagAsync))
	default:
		p.line(l)
	}
}

// funcDef reads a function from "def"; d holds its decorators.
func (p *parser) funcDef(start int32, d list, flags Flags) NodeID {
	header := p.start()
	p.step()
	l := d
	p.add(&l, p.ident())
	if p.tok == tLPar {
		p.step()
	} else {
		p.beforeParams(&l)
	}
	p.add(&l, p.params(tRPar))
	if p.tok == tRPar {
		p.step()
	} else {
		p.fail()
	}
	if p.tok == tArrow {
		p.add(&l, p.returns())
	}
	around := p.around
	p.around = surroundings{function: flags&FlagAsync == 0}
	p.add(&l, p.suite(Block, header, "function definition"))
	p.around = around
	n := p.node(FunctionDef, start, p.prevEnd, l.first)
	p.nodes[n].Flags = flags
	p.mention(n)
	p.special = append(p.special, n)
	return n
}

// beforeParams reads what may stand between the name of a function and its parameters,
// and the "(".
func (p *parser) beforeParams(l *list) {
	if p.tok == tLSqb {
		p.add(l, p.typeParams())
	}
	if p.tok != tLPar {
		p.failHere("expected '('")
	}
	p.next()
}

// returns reads "-> type".
func (p *parser) returns() NodeID {
	from := p.start()
	p.step()
	return p.wrap(Returns, from, p.expression())
}

func (p *parser) classDef(start int32, d list) NodeID {
	header := p.start()
	p.next()
	l := d
	p.add(&l, p.ident())
	if p.tok == tLSqb {
		p.add(&l, p.typeParams())
	}
	if p.tok == tLPar {
		p.add(&l, p.args(0, None))
	}
	around := p.around
	p.around = surroundings{}
	p.add(&l, p.suite(Block, header, "class definition"))
	p.around = around
	n := p.node(ClassDef, start, p.prevEnd, l.first)
	p.special = append(p.special, n)
	return n
}
