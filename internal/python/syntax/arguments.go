package syntax

// args reads "( … )" of a call, or the bases of a class.
func (p *parser) args(class bool) NodeID {
	start := p.start()
	p.enter()
	p.next()
	l := list{}
	keywords, unpacked := 0, false // how often "name=value" was read; "**x" was
	generator, count := None, 0
	comma := false
	for p.tok != tRPar && !p.failed {
		var n NodeID
		if k := p.operand(); k != KindInvalid && p.tokens[p.i].kind != tEqual { // most are one token
			start := p.start()
			n = p.wrap(Arg, start, p.leaf(k))
		} else {
			n = p.arg()
		}
		count++
		d := &p.nodes[n]
		value := d.First
		switch {
		case d.Flags&FlagStar2 != 0:
			unpacked = true
		case d.Flags&FlagStar != 0:
			if unpacked {
				p.errorNode(n, "iterable argument unpacking follows keyword argument unpacking")
			}
		case p.nodes[value].Kind == Ident:
			keywords++
		default:
			if unpacked {
				p.errorNode(n, "positional argument follows keyword argument unpacking")
			} else if keywords > 0 {
				p.errorNode(n, "positional argument follows keyword argument")
			}
		}
		if p.tok == tFor || p.tok == tAsync {
			generator = n
			p.generatorArg(n, start)
		}
		p.add(&l, n)
		comma = p.accept(tComma)
		if !comma {
			break
		}
	}
	last := None
	if l.last != None {
		last = p.nodes[l.last].First
		if p.nodes[last].Next != None {
			last = p.nodes[last].Next
		}
	}
	if comma {
		last = None
	}
	p.closeBracket(tRPar, last)
	n := p.node(Args, start, p.prevEnd, l.first)
	if keywords > 1 && p.mayRepeat(l.first) {
		p.checked = append(p.checked, n)
	}
	if generator != None && !p.failed {
		switch {
		case class:
			p.errorNode(generator, "invalid syntax")
		case count > 1 || comma:
			p.errorNode(generator, "Generator expression must be parenthesized")
		default: // the parentheses of the call are its own
			for _, m := range [...]NodeID{generator, p.nodes[generator].First} {
				p.nodes[m].Start, p.nodes[m].End = start, p.prevEnd
			}
		}
	}
	p.leave()
	return n
}

// generatorArg makes the argument n the element of a generator.
func (p *parser) generatorArg(n NodeID, start int32) {
	d := p.nodes[n]
	element := d.First
	if p.nodes[element].Kind == Ident {
		p.failAt(d.Start, p.prevEnd, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?")
		return
	}
	if d.Flags&FlagStar2 != 0 {
		p.fail()
		return
	}
	if d.Flags&FlagStar != 0 {
		p.unpacking(d.Start, "iterable unpacking cannot be used in comprehension")
		element = p.list(p.node(Starred, d.Start, d.End, element))
		p.nodes[n].Flags &^= FlagStar
	}
	l := list{element, element}
	p.clauses(&l)
	generator := p.list(p.node(GeneratorExp, d.Start, p.prevEnd, element))
	p.nodes[generator].Parent = n
	p.nodes[n].First, p.nodes[n].End = generator, p.prevEnd
}

// arg reads one argument.
func (p *parser) arg() NodeID {
	start := p.start()
	switch p.tok {
	case tStar:
		p.next()
		n := p.wrap(Arg, start, p.expression())
		p.nodes[n].Flags |= FlagStar
		return n
	case tDoubleStar:
		p.next()
		n := p.wrap(Arg, start, p.expression())
		p.nodes[n].Flags |= FlagStar2
		return n
	case tName:
		if p.peek() == tEqual {
			name := p.leaf(Ident)
			if p.tokenText(name) == "__debug__" {
				p.errorNode(name, "cannot assign to __debug__")
			}
			equal := p.start()
			p.next()
			if p.tok == tComma || p.tok == tRPar {
				p.failAt(equal, equal+1, "expected argument value expression")
			}
			return p.pair(Arg, start, name, p.expression())
		}
	case tTrue, tFalse, tNone:
		if p.peek() == tEqual {
			p.failAt(start, p.tokens[p.i].end, "cannot assign to "+string(p.file.Src[p.at:p.end]))
			return p.invalid()
		}
	}
	n := p.namedExpr()
	if p.tok == tEqual {
		p.failAt(start, p.end, `expression cannot contain assignment, perhaps you meant "=="?`)
	}
	return p.wrap(Arg, start, n)
}

// tokenText returns the text of a node.
func (p *parser) tokenText(n NodeID) string {
	return string(p.file.Src[p.nodes[n].Start:p.nodes[n].End])
}
