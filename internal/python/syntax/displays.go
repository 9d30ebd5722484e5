package syntax

// listDisplay reads a list or a list comprehension.
func (p *parser) listDisplay() NodeID {
	start := p.start()
	p.enter()
	p.next()
	l := list{}
	if p.tok != tRSqb {
		n := p.starNamed()
		if p.tok == tFor || p.tok == tAsync {
			n = p.comprehension(ListComp, start, n, tRSqb)
			p.leave()
			return n
		}
		p.add(&l, n)
		p.elements(&l, tRSqb)
	}
	p.closeBracket(tRSqb, l.last)
	p.leave()
	return p.node(List, start, p.prevEnd, l.first)
}

// braces reads a dict, a set, or a comprehension of either.
func (p *parser) braces() NodeID {
	p.enter()
	n := p.inBraces()
	p.leave()
	return n
}

func (p *parser) inBraces() NodeID {
	start := p.start()
	p.next()
	if p.tok == tRBrace {
		p.next()
		return p.node(Dict, start, p.prevEnd, None)
	}
	if p.tok != tDoubleStar {
		from := p.start()
		n := p.starNamed()
		if p.tok != tColon || p.nodes[n].Kind == Starred {
			if p.tok == tFor || p.tok == tAsync {
				p.unnamed(n)
				return p.comprehension(SetComp, start, n, tRBrace)
			}
			l := list{}
			p.add(&l, n)
			p.elements(&l, tRBrace)
			p.unnamed(l.first)
			p.closeBracket(tRBrace, l.last)
			return p.node(Set, start, p.prevEnd, l.first)
		}
		if p.nodes[n].Kind == NamedExpr && p.nodes[n].Flags&FlagParens == 0 {
			p.fail()
		}
		return p.dict(start, p.dictItem(from, n))
	}
	return p.dict(start, p.dictItem(p.start(), None))
}

// unnamed refuses "name := value" as an element of a set for 3.8, in n and
// its siblings.
func (p *parser) unnamed(n NodeID) {
	for ; n != None && p.older(9); n = p.nodes[n].Next {
		if d := &p.nodes[n]; d.Kind == NamedExpr && d.Flags&FlagParens == 0 {
			p.need(9, d.Start, "unparenthesized assignment expressions in sets")
		}
	}
}

// dict reads a dict display from behind its first item.
func (p *parser) dict(start int32, first NodeID) NodeID {
	if p.tok == tFor || p.tok == tAsync {
		key := p.nodes[first].First
		value := p.nodes[key].Next
		if value == None {
			p.unpacking(p.nodes[first].Start, "dict unpacking cannot be used in dict comprehension")
			value = key
		}
		if int(first) == p.size-1 {
			p.drop(int(first)) // its children become those of the comprehension
		}
		l := list{key, value}
		p.clauses(&l)
		p.closeBracket(tRBrace, None)
		return p.list(p.node(DictComp, start, p.prevEnd, key))
	}
	l := list{}
	p.add(&l, first)
	for p.accept(tComma) {
		if p.tok == tRBrace {
			break
		}
		from := p.start()
		if p.tok == tDoubleStar {
			p.add(&l, p.dictItem(from, None))
			continue
		}
		p.add(&l, p.dictItem(from, p.expression()))
	}
	last := None
	if l.last != None {
		last = p.nodes[p.nodes[l.last].First].Next
	}
	p.closeBracket(tRBrace, last)
	return p.node(Dict, start, p.prevEnd, l.first)
}

// dictItem reads ": value" behind a key, or "**value" if there is none.
func (p *parser) dictItem(start int32, key NodeID) NodeID {
	if key == None {
		p.next()
		return p.wrap(DictItem, start, p.binary(precPipe))
	}
	if p.tok != tColon {
		p.failAt(p.nodes[key].Start, p.nodes[key].End, "':' expected after dictionary key")
	}
	colon := p.start()
	p.next()
	if p.tok == tRBrace || p.tok == tComma {
		p.failAt(colon, colon+1, "expression expected after dictionary key and ':'")
	}
	if p.tok == tStar {
		p.failHere("cannot use a starred expression in a dictionary value")
	}
	return p.pair(DictItem, start, key, p.expression())
}
