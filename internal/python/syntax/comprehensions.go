package syntax

// comprehension reads the clauses behind the element n, and the closing
// bracket.
func (p *parser) comprehension(k Kind, start int32, n NodeID, end tokenKind) NodeID {
	if d := p.nodes[n]; d.Kind == Starred {
		p.unpacking(d.Start, "iterable unpacking cannot be used in comprehension")
	}
	l := list{n, n}
	p.clauses(&l)
	p.closeBracket(end, None)
	return p.list(p.node(k, start, p.prevEnd, n))
}

// unpacking refuses "*" and "**" in comprehensions before 3.15.
func (p *parser) unpacking(start int32, message string) {
	if p.older(15) {
		p.error(start, p.prevEnd, message)
	}
}

// clauses reads "for … in … if …", once or more.
func (p *parser) clauses(l *list) {
	for p.tok == tFor || p.tok == tAsync {
		start := p.start()
		flags := Flags(0)
		if p.accept(tAsync) {
			flags = FlagAsync
		}
		p.expect(tFor)
		c := list{}
		p.add(&c, p.forTarget())
		p.expect(tIn)
		p.add(&c, p.binary(precOr))
		for p.tok == tIf {
			from := p.start()
			p.next()
			var n NodeID
			if p.tok == tLambda && p.older(9) {
				n = p.lambda()
			} else {
				n = p.binary(precOr)
			}
			p.add(&c, p.wrap(Condition, from, n))
		}
		n := p.node(Comprehension, start, max(start, p.prevEnd), c.first)
		p.flagAsync(n, flags)
		p.add(l, n)
	}
}

// forTarget reads the targets of "for", without "in".
func (p *parser) forTarget() NodeID {
	start := p.start()
	n := p.star(func() NodeID { return p.binary(precPipe) })
	if p.tok == tComma {
		l := list{}
		p.add(&l, n)
		for p.accept(tComma) {
			if p.tok == tIn {
				break
			}
			p.add(&l, p.star(func() NodeID { return p.binary(precPipe) }))
		}
		n = p.node(Tuple, start, p.prevEnd, l.first)
	}
	if p.tok == tIn {
		p.target(n, assigning)
	}
	return n
}
