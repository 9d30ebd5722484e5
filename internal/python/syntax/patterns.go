package syntax

// isMatch reports whether the name "match" at the start of a statement is the
// keyword: then the line ends with ":".
func (p *parser) isMatch() bool {
	switch k := p.peek(); {
	case startsExpression[k], k == tStar:
	default:
		return false
	}
	for i := p.i; ; i++ {
		switch p.tokens[i].kind {
		case tNewline, tEOF:
			return p.tokens[i-1].kind == tColon
		}
	}
}

func (p *parser) matchStmt() NodeID {
	start := p.start()
	p.next()
	p.need(10, start, "match statements")
	l := list{}
	from := p.start()
	n := p.starNamed()
	if p.tok == tComma {
		t := list{}
		p.add(&t, n)
		for p.accept(tComma) {
			if p.tok == tColon {
				break
			}
			p.add(&t, p.starNamed())
		}
		n = p.node(Tuple, from, p.prevEnd, t.first)
	} else if p.nodes[n].Kind == Starred {
		p.errorNode(n, "cannot use starred expression here")
	}
	p.add(&l, n)
	p.checkChains()
	p.expect(tColon)
	bad := p.failed
	if bad {
		p.recover()
	}
	p.endLine()
	if !p.accept(tIndent) {
		if !bad {
			p.error(p.at, p.end, "expected an indented block after 'match' statement on line %d", p.file.Line(start))
		}
		return p.list(p.node(Match, start, p.prevEnd, l.first))
	}
	for p.tok != tDedent && p.tok != tEOF {
		if p.is("case") {
			p.add(&l, p.caseClause())
			continue
		}
		// Something else than a case: read it for its imports.
		p.error(p.at, p.end, "invalid syntax")
		s := list{}
		p.statement(&s)
		if s.first != None {
			p.add(&l, p.node(KindInvalid, p.nodes[s.first].Start, max(p.prevEnd, p.nodes[s.first].Start), s.first))
		}
	}
	p.acceptDedent()
	return p.list(p.node(Match, start, p.prevEnd, l.first))
}

func (p *parser) caseClause() NodeID {
	start := p.start()
	p.begin()
	p.next()
	l := list{}
	p.add(&l, p.patterns())
	if p.tok == tIf {
		from := p.start()
		p.next()
		p.add(&l, p.wrap(Guard, from, p.namedExpr()))
	}
	p.add(&l, p.suite(Block, start, "'case' statement"))
	return p.node(Case, start, p.prevEnd, l.first)
}

// patterns reads a pattern, or a sequence without brackets.
func (p *parser) patterns() NodeID {
	start := p.start()
	n := p.maybeStar()
	if p.tok != tComma {
		if p.nodes[n].Kind == PatternStar {
			p.fail()
		}
		return n
	}
	l := list{}
	p.add(&l, n)
	for p.accept(tComma) {
		if p.tok == tColon || p.tok == tIf {
			break
		}
		p.add(&l, p.maybeStar())
	}
	return p.sequence(start, l)
}

// sequence makes a PatternSequence, which has at most one star.
func (p *parser) sequence(start int32, l list) NodeID {
	n := p.node(PatternSequence, start, p.prevEnd, l.first)
	stars := 0
	for c := l.first; c != None; c = p.nodes[c].Next {
		if p.nodes[c].Kind == PatternStar {
			stars++
		}
	}
	if stars > 1 {
		p.errorNode(n, "multiple starred expressions in sequence pattern")
	}
	return n
}

// maybeStar reads "*name" or a pattern.
func (p *parser) maybeStar() NodeID {
	if p.tok != tStar {
		return p.pattern()
	}
	start := p.start()
	p.next()
	name := None
	if p.is("_") {
		p.next()
	} else {
		name = p.ident()
	}
	return p.list(p.node(PatternStar, start, max(start, p.prevEnd), name))
}

// pattern reads "a | b as name".
func (p *parser) pattern() NodeID {
	start := p.start()
	p.enter()
	defer p.leave()
	n := p.closedPattern()
	if p.tok == tPipe {
		l := list{}
		p.add(&l, n)
		for p.accept(tPipe) {
			p.add(&l, p.closedPattern())
		}
		n = p.node(PatternOr, start, p.prevEnd, l.first)
	}
	if p.accept(tAs) {
		if p.is("_") {
			p.failHere("cannot use '_' as a target")
		} else if p.tok != tName {
			p.failHere("invalid pattern target")
		}
		n = p.list(p.pair(PatternAs, start, n, p.ident()))
		if p.tok == tDot || p.tok == tLPar || p.tok == tLSqb {
			p.fail()
		}
	}
	return n
}

func (p *parser) closedPattern() NodeID {
	start := p.start()
	switch p.tok {
	case tName:
		return p.namePattern()
	case tNumber, tMinus, tPlus:
		return p.wrap(PatternValue, start, p.numberPattern())
	case tString, tFStart:
		n := p.strings()
		if p.hasFormat(n) {
			p.errorNode(n, "patterns may only match literals and attribute lookups")
		}
		return p.wrap(PatternValue, start, n)
	case tNone, tTrue, tFalse:
		return p.wrap(PatternValue, start, p.leaf(Constant))
	case tLPar:
		p.next()
		l := list{}
		if p.tok == tRPar {
			p.next()
			return p.sequence(start, l)
		}
		n := p.maybeStar()
		if p.tok != tComma && p.nodes[n].Kind != PatternStar {
			p.expect(tRPar)
			p.nodes[n].Flags |= FlagParens
			return n
		}
		if p.tok != tComma {
			p.fail()
		}
		return p.sequenceRest(start, n, tRPar)
	case tLSqb:
		p.next()
		if p.accept(tRSqb) {
			return p.sequence(start, list{})
		}
		return p.sequenceRest(start, p.maybeStar(), tRSqb)
	case tLBrace:
		return p.mappingPattern()
	}
	p.fail()
	return p.invalid()
}

// sequenceRest reads a sequence from behind its first pattern.
func (p *parser) sequenceRest(start int32, first NodeID, end tokenKind) NodeID {
	l := list{}
	p.add(&l, first)
	for p.accept(tComma) {
		if p.tok == end {
			break
		}
		p.add(&l, p.maybeStar())
	}
	p.expect(end)
	return p.sequence(start, l)
}

// hasFormat reports whether a literal is or contains an f-string.
func (p *parser) hasFormat(n NodeID) bool {
	if p.nodes[n].Kind == String {
		return p.nodes[n].Flags&FlagFormat != 0
	}
	for c := p.nodes[n].First; c != None; c = p.nodes[c].Next {
		if p.nodes[c].Flags&FlagFormat != 0 {
			return true
		}
	}
	return false
}

// namePattern reads a capture, a value "a.b", or a class pattern.
func (p *parser) namePattern() NodeID {
	start := p.start()
	if p.is("_") { // whatever follows
		return p.leaf(PatternWildcard)
	}
	if k := p.peek(); k != tDot && k != tLPar {
		return p.list(p.wrap(PatternCapture, start, p.ident()))
	}
	n := p.leaf(Name)
	for p.tok == tDot {
		n = p.attribute(start, n)
	}
	if p.tok != tLPar {
		return p.wrap(PatternValue, start, n)
	}
	p.next()
	l := list{}
	p.add(&l, n)
	keywords := false
	for p.tok != tRPar {
		from := p.start()
		if p.tok == tName && p.peek() == tEqual {
			name := p.ident()
			p.next()
			p.add(&l, p.pair(PatternKeyword, from, name, p.pattern()))
			keywords = true
		} else {
			n := p.pattern()
			if keywords {
				p.errorNode(n, "positional patterns follow keyword patterns")
			}
			p.add(&l, n)
		}
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRPar)
	return p.node(PatternClass, start, p.prevEnd, l.first)
}

// numberPattern reads "-1", "1+2j" and the like.
func (p *parser) numberPattern() NodeID {
	start := p.start()
	n := p.signedNumber()
	if p.tok != tPlus && p.tok != tMinus {
		return n
	}
	if p.imaginary(n) {
		p.errorNode(n, "real number required in complex literal")
	}
	p.next()
	right := None
	if p.tok == tNumber {
		right = p.leaf(Number)
	} else {
		p.fail()
		right = p.invalid()
	}
	if !p.failed && !p.imaginary(right) {
		p.errorNode(right, "imaginary number required in complex literal")
	}
	return p.pair(BinOp, start, n, right)
}

func (p *parser) signedNumber() NodeID {
	start := p.start()
	if plus := p.tok == tPlus; plus || p.tok == tMinus {
		p.next()
		if plus {
			p.need(15, start, "numbers with a plus sign in patterns")
		}
		if p.tok != tNumber {
			p.fail()
			return p.invalid()
		}
		return p.wrap(UnaryOp, start, p.leaf(Number))
	}
	return p.leaf(Number)
}

// imaginary reports whether a number ends with "j".
func (p *parser) imaginary(n NodeID) bool {
	end := p.nodes[n].End
	return end > 0 && p.file.Src[end-1]|0x20 == 'j'
}

func (p *parser) mappingPattern() NodeID {
	start := p.start()
	p.next()
	l := list{}
	rest := false
	for p.tok != tRBrace {
		from := p.start()
		if rest {
			p.fail()
		}
		if p.accept(tDoubleStar) {
			if p.is("_") {
				p.fail()
			}
			p.add(&l, p.list(p.wrap(PatternRest, from, p.ident())))
			rest = true
		} else {
			p.add(&l, p.mappingItem())
		}
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRBrace)
	return p.node(PatternMapping, start, p.prevEnd, l.first)
}

// mappingItem reads "key: pattern"; a key is a literal or "a.b".
func (p *parser) mappingItem() NodeID {
	start := p.start()
	var key NodeID
	switch p.tok {
	case tNumber, tMinus, tPlus:
		key = p.numberPattern()
	case tString, tFStart:
		if key = p.strings(); p.hasFormat(key) {
			p.errorNode(key, "patterns may only match literals and attribute lookups")
		}
	case tNone, tTrue, tFalse:
		key = p.leaf(Constant)
	case tName:
		if p.peek() != tDot {
			p.fail()
			key = p.invalid()
			break
		}
		key = p.leaf(Name)
		for p.tok == tDot {
			key = p.attribute(start, key)
		}
	default:
		p.fail()
		key = p.invalid()
	}
	p.expect(tColon)
	return p.pair(PatternItem, start, key, p.pattern())
}
