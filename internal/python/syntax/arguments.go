package syntax

// args reads "( … )" of a call, or the bases of a class.
func (p *parser) args(class bool) NodeID {
	start := p.start()
	p.enter()
	p.step()
	l := list{}
	keywords, unpacked := 0, false // how often "name=value" was read; "**x" was
	generator, count := None, 0
	comma := false
	for p.tok != tRPar && p.tok != tStop {
		var n NodeID
		positional := true
		if k := p.operand(); k != KindInvalid && p.tokens[p.i].kind != tEqual { // most are one token
			n = p.inner(Arg, k)
		} else {
			n = p.arg()
			d := &p.nodes[n]
			switch {
			case d.Flags&FlagStar2 != 0:
				unpacked, positional = true, false
			case d.Flags&FlagStar != 0:
				positional = false
				if unpacked {
					p.errorNode(n, "iterable argument unpacking follows keyword argument unpacking")
				}
			case p.nodes[d.First].Kind == Ident:
				keywords++
				positional = false
			}
		}
		if positional && (unpacked || keywords > 0) {
			p.misplacedArg(n, unpacked)
		}
		count++
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
	if p.tok == tRPar {
		p.step()
	} else {
		last := None
		if l.last != None && !comma {
			last = p.nodes[l.last].First
			if p.nodes[last].Next != None {
				last = p.nodes[last].Next
			}
		}
		p.unclosed(last)
	}
	n := p.siblings(Args, start, p.prevEnd, l)
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

// misplacedArg reports a positional argument behind keywords.
func (p *parser) misplacedArg(n NodeID, unpacked bool) {
	if unpacked {
		p.errorNode(n, "positional argument follows keyword argument unpacking")
	} else {
		p.errorNode(n, "positional argument follows keyword argument")
	}
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
			debug := p.is("__debug__")
			name := p.leaf(Ident)
			if debug {
				p.errorNode(name, "cannot assign to __debug__")
			}
			equal := p.start()
			p.step()
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
