package syntax

// yieldOrStars reads what may stand on the right of "=": a yield, or
// expressions with stars.
func (p *parser) yieldOrStars() NodeID {
	if p.tok == tYield {
		return p.yield()
	}
	return p.starExpressions()
}

func (p *parser) yield() NodeID {
	start := p.start()
	p.next()
	if p.accept(tFrom) {
		return p.list(p.wrap(YieldFrom, start, p.expression()))
	}
	child := None
	if startsExpression[p.tok] || p.tok == tStar {
		child = p.starExpressions()
	} else if !p.endsYield() {
		p.fail()
	}
	return p.list(p.node(Yield, start, p.prevEnd, child))
}

// endsYield reports whether the current token can follow a bare "yield".
func (p *parser) endsYield() bool {
	switch p.tok {
	case tRPar, tRSqb, tRBrace, tEqual, tFClose, tFColon, tBang, tComma, tColon:
		return true
	}
	return p.endsSimple() || augmented(p.tok)
}

// starExpressions reads expressions separated by commas; more than one, or a
// trailing comma, make a Tuple.
func (p *parser) starExpressions() NodeID {
	start := p.start()
	n := p.starExpression()
	if p.tok == tComma {
		n = p.tuple(start, n, true)
	}
	return n
}

// tuple reads the rest of a tuple behind its first element; stars says whether "*x"
// may be one.
func (p *parser) tuple(start int32, first NodeID, stars bool) NodeID {
	l := list{first, first}
	for p.accept(tComma) {
		if !startsExpression[p.tok] && p.tok != tStar {
			if p.tok == tError || p.tok == tYield {
				p.fail()
			}
			break
		}
		if stars {
			p.add(&l, p.starExpression())
		} else {
			p.add(&l, p.expression())
		}
	}
	return p.node(Tuple, start, p.prevEnd, l.first)
}

func (p *parser) starExpression() NodeID {
	if k := p.operand(); k != KindInvalid {
		return p.leaf(k)
	}
	if p.tok == tStar {
		return p.star(nil)
	}
	return p.conditional()
}

// star reads "*x", or what rule reads if there is no star.
func (p *parser) star(rule func() NodeID) NodeID {
	if p.tok != tStar {
		return rule()
	}
	start := p.start()
	p.next()
	return p.list(p.wrap(Starred, start, p.binary(precPipe)))
}

// namedExpr reads "name := value" or an expression.
func (p *parser) namedExpr() NodeID {
	if k := p.operand(); k != KindInvalid {
		return p.leaf(k)
	}
	if p.tok == tName && p.peek() == tWalrus {
		start := p.start()
		name := p.leaf(Name)
		p.target(name, naming)
		p.next()
		return p.list(p.pair(NamedExpr, start, name, p.expression()))
	}
	start := p.start()
	n := p.conditional()
	if p.tok == tWalrus {
		p.failAt(start, p.prevEnd, "cannot use assignment expressions with "+p.describe(n))
	}
	return n
}

// starNamed reads "*x", or a named expression.
func (p *parser) starNamed() NodeID {
	if p.tok == tStar {
		return p.star(nil)
	}
	return p.namedExpr()
}

// expression reads a conditional, a lambda, or what they are made of.
func (p *parser) expression() NodeID {
	if k := p.operand(); k != KindInvalid {
		return p.leaf(k)
	}
	return p.conditional()
}

// conditional is expression where operand found that there is more than a token.
func (p *parser) conditional() NodeID {
	start := p.start()
	var n NodeID
	switch {
	case p.tok < tPlusEqual: // most: a name, a literal, a bracket
		n = p.primary()
		if !p.operatorOrIf() {
			return n
		}
		n = p.operators(precOr, start, n)
	case p.tok == tLambda:
		return p.lambda()
	default:
		n = p.binary(precOr)
	}
	if p.tok != tIf {
		return n
	}
	p.next()
	test := p.binary(precOr)
	p.nodes[n].Next = test
	if p.tok != tElse {
		p.failAt(start, p.prevEnd, "expected 'else' after 'if' expression")
	}
	p.next()
	p.enter()
	orelse := p.expression()
	p.nodes[test].Next = orelse
	p.leave()
	n = p.node(IfExp, start, p.prevEnd, n)
	if p.foreseen(test) {
		p.special = append(p.special, n)
	}
	p.mention(n)
	return n
}

// operand returns the kind of the expression that the current token is all of,
// as most arguments and values are; else KindInvalid.
func (p *parser) operand() Kind {
	if i := p.i; uint(i) < uint(len(p.tokens)) {
		return operandKind[p.tok] & endsOperand[p.tokens[i].kind]
	}
	return KindInvalid // the end of a line or of the text
}

func (p *parser) lambda() NodeID {
	p.enter()
	start := p.start()
	p.next()
	params := p.params(tColon)
	if p.tok == tFColon {
		p.failAt(start, p.prevEnd, "f-string: lambda expressions are not allowed without parentheses")
	}
	p.expect(tColon)
	n := p.list(p.pair(Lambda, start, params, p.expression()))
	p.leave()
	return n
}

// binary reads operators that bind at least as tightly as limit.
func (p *parser) binary(limit uint8) NodeID {
	var n NodeID
	start := p.start()
	switch {
	case p.tok < tPlusEqual: // most: a name, a literal, a bracket
		n = p.primary()
	case p.tok == tNot:
		if limit > precNot {
			p.fail()
			return p.invalid()
		}
		p.enter()
		p.next()
		n = p.wrap(UnaryOp, start, p.binary(precNot))
		p.leave()
	case p.tok == tMinus || p.tok == tPlus || p.tok == tTilde:
		p.enter()
		p.next()
		n = p.wrap(UnaryOp, start, p.binary(precUnary))
		p.leave()
	case p.tok == tAwait:
		n = p.await(start)
	default:
		n = p.primary()
	}
	if !p.operatorOrIf() { // most
		return n
	}
	return p.operators(limit, start, n)
}

// operatorOrIf reports whether the current token may be a binary operator, or "if".
func (p *parser) operatorOrIf() bool { return p.tok-tDoubleStar <= tIf-tDoubleStar }

// operators reads what stands behind the first operand n of binary.
func (p *parser) operators(limit uint8, start int32, n NodeID) NodeID {
	if p.tok == tDoubleStar {
		n = p.power(start, n)
	}
	for {
		level := precedence[p.tok]
		if level < limit || level == 0 {
			return n
		}
		if level == precCompare {
			if !p.comparison() {
				return n
			}
			l := list{n, n}
			p.add(&l, p.rightOperand(precPipe))
			for precedence[p.tok] == precCompare && p.comparison() {
				p.add(&l, p.binary(precPipe))
			}
			n = p.node(Compare, start, p.prevEnd, n)
			continue
		}
		kind := BinOp
		if level <= precAnd {
			kind = BoolOp
		}
		p.chain++
		p.next()
		p.enter()
		n = p.pair(kind, start, n, p.rightOperand(level+1))
		p.leave()
	}
}

// rightOperand is binary, but that it tells first whether there is only one token.
func (p *parser) rightOperand(limit uint8) NodeID {
	if k := p.operand(); k != KindInvalid {
		return p.leaf(k)
	}
	return p.binary(limit)
}

// comparison steps over a comparison operator; "not" alone is none.
func (p *parser) comparison() bool {
	switch p.tok {
	case tNot:
		if p.peek() != tIn {
			return false
		}
		p.next()
	case tIs:
		if p.peek() == tNot {
			p.next()
		}
	case tNotEqual:
		switch spelled := p.file.Src[p.start()] == '!'; {
		case spelled && p.flufl:
			p.failHere("with Barry as BDFL, use '<>' instead of '!='")
		case !spelled && !p.flufl:
			p.failHere("invalid syntax.  Maybe you meant '!=' instead of '<>'?")
		}
	}
	p.next()
	return true
}

func (p *parser) await(start int32) NodeID {
	p.next()
	return p.list(p.wrap(Await, start, p.primary()))
}

// power reads "** y" behind the operand n.
func (p *parser) power(start int32, n NodeID) NodeID {
	p.next()
	p.enter()
	n = p.pair(BinOp, start, n, p.binary(precUnary))
	p.leave()
	return n
}

// primary reads an atom and the attributes, calls and subscripts behind it.
func (p *parser) primary() NodeID {
	start := p.start()
	var n NodeID
	if p.tok == tName {
		if p.tokens[p.i].kind == tDot {
			n = p.dotted()
		} else {
			n = p.leaf(Name)
		}
	} else {
		n = p.atom()
	}
	for {
		switch p.tok {
		case tDot:
			n = p.attribute(start, n)
		case tLPar:
			p.chain++
			n = p.args(start, n)
		case tLSqb:
			p.chain++
			p.step()
			if k := p.operand(); k != KindInvalid && p.tokens[p.i].kind == tRSqb {
				index := p.leaf(k)
				p.step()
				n = p.pair(Subscript, start, n, index)
			} else {
				n = p.subscript(start, n)
			}
		default:
			return n
		}
	}
}

// subscript reads what stands in the brackets behind the expression n.
func (p *parser) subscript(start int32, n NodeID) NodeID {
	index := p.slices()
	n = p.pair(Subscript, start, n, index)
	p.closeBracket(tRSqb, index)
	p.nodes[n].End = max(p.nodes[n].End, p.prevEnd)
	return n
}

// atom reads a name, a literal, or something in brackets.
func (p *parser) atom() NodeID {
	switch p.tok {
	case tName:
		return p.leaf(Name)
	case tNumber:
		return p.leaf(Number)
	case tString, tFStart:
		return p.strings()
	case tNone, tTrue, tFalse, tEllipsis:
		return p.leaf(Constant)
	case tLPar:
		return p.parens()
	case tLSqb:
		return p.listDisplay()
	case tLBrace:
		return p.braces()
	}
	p.fail()
	return p.invalid()
}

// parens reads "( … )": a group, a tuple or a generator.
func (p *parser) parens() NodeID {
	p.enter()
	n := p.inParens()
	p.leave()
	return n
}

func (p *parser) inParens() NodeID {
	start := p.start()
	p.next()
	if p.tok == tRPar {
		p.next()
		n := p.node(Tuple, start, p.prevEnd, None)
		p.nodes[n].Flags |= FlagParens
		return n
	}
	var n NodeID
	if p.tok == tYield {
		n = p.yield()
		p.closeBracket(tRPar, None)
		p.nodes[n].Flags |= FlagParens
		return n
	}
	n = p.starNamed()
	switch p.tok {
	case tComma:
		l := list{}
		p.add(&l, n)
		p.elements(&l, tRPar)
		p.closeBracket(tRPar, l.last)
		n = p.node(Tuple, start, p.prevEnd, l.first)
	case tFor, tAsync:
		n = p.comprehension(GeneratorExp, start, n, tRPar)
	default:
		if p.nodes[n].Kind == Starred && !p.older(9) { // for 3.8 see checker.starred
			p.errorNode(n, "cannot use starred expression here")
		}
		p.closeBracket(tRPar, n)
	}
	p.nodes[n].Flags |= FlagParens
	return n
}

// elements reads ", x, y" up to the closing bracket.
func (p *parser) elements(l *list, end tokenKind) {
	for p.accept(tComma) {
		if p.tok == end {
			return
		}
		p.add(l, p.starNamed())
	}
}

// closeBracket steps over a closing bracket behind the element last.
func (p *parser) closeBracket(end tokenKind, last NodeID) {
	if p.tok == end {
		p.step()
		return
	}
	p.unclosed(last)
}

// unclosed fails where closeBracket did not find its bracket. Where an expression
// stands instead, a comma was forgotten.
func (p *parser) unclosed(last NodeID) {
	if last != None && startsExpression[p.tok] && !p.failed {
		d := p.nodes[last]
		switch d.Kind {
		case Starred, NamedExpr, Lambda, IfExp:
			last = None
		case Name:
			switch p.tokenText(last) {
			case "match", "case", "type", "_":
				last = None
			}
			if p.tok == tString || p.tok == tFStart {
				last = None
			}
		}
		m := p.mark()
		if p.expression(); last != None && !p.failed && p.tok != tError {
			comma := p.prevEnd
			p.back(m)
			p.failAt(d.Start, comma, "invalid syntax. Perhaps you forgot a comma?")
			return
		}
		p.back(m)
	}
	p.fail()
}

// slices reads what stands in the brackets of a subscript.
func (p *parser) slices() NodeID {
	start := p.start()
	n := p.slice()
	if p.tok != tComma {
		if d := &p.nodes[n]; d.Kind == Starred && d.Flags&FlagParens == 0 { // "x[*a]" is "x[(*a,)]"
			n = p.wrap(Tuple, start, n)
		}
		return n
	}
	l := list{}
	p.add(&l, n)
	for p.accept(tComma) {
		if p.tok == tRSqb {
			break
		}
		p.add(&l, p.slice())
	}
	return p.node(Tuple, start, p.prevEnd, l.first)
}

func (p *parser) slice() NodeID {
	start := p.start()
	l := list{}
	switch p.tok {
	case tStar:
		p.next()
		n := p.list(p.wrap(Starred, start, p.expression()))
		p.need(11, start, "starred expressions in subscripts")
		return n
	case tColon:
	default:
		n := p.namedExpr()
		if p.nodes[n].Kind == NamedExpr && p.nodes[n].Flags&FlagParens == 0 {
			p.need(10, start, "unparenthesized assignment expressions in subscripts")
			return n
		}
		if p.tok != tColon {
			return n
		}
		p.add(&l, p.wrap(Lower, start, n))
	}
	p.expect(tColon)
	if p.tok != tColon && p.tok != tComma && p.tok != tRSqb {
		p.bound(&l, Upper)
	}
	if p.accept(tColon) && p.tok != tComma && p.tok != tRSqb {
		p.bound(&l, Step)
	}
	return p.node(Slice, start, p.prevEnd, l.first)
}

func (p *parser) bound(l *list, k Kind) {
	start := p.start()
	p.add(l, p.wrap(k, start, p.expression()))
}
