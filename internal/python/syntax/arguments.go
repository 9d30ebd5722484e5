package syntax

// args reads "( … )" of a call whose callee begins at the offset begin, and returns
// the Call; or the bases of a class, where callee is None, and returns the Args.
func (p *parser) args(begin int32, callee NodeID) NodeID {
	if n := p.oneArg(begin, callee); n != None {
		return n
	}
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
	n := p.call(begin, start, callee, l, keywords)
	if generator != None && !p.failed {
		switch {
		case callee == None:
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

// oneArg reads the arguments of a call where there is one, of one token; else it returns
// None.
func (p *parser) oneArg(begin int32, callee NodeID) NodeID {
	i, n, nodes := p.i, p.size, p.nodes
	named, names, mentioned, mentions := p.named, p.names, p.mentioned, p.mentions
	if uint(i)+2 >= uint(len(p.tokens)) || p.tokens[i+1].kind != tRPar || operandKind[p.tokens[i].kind] == KindInvalid || callee == None ||
		uint(n)+3 >= uint(len(nodes)) || uint(named) >= uint(len(names)) || uint(mentioned) >= uint(len(mentions)) {
		return None
	}
	three, four := p.tokens[i:][:3], nodes[n:][:4]
	t := &three[0]
	k := operandKind[t.kind]
	d := &four[0]
	d.Start, d.End = t.start, t.end
	d.Parent, d.First, d.Next = NodeID(n+1), None, None
	d.Kind, d.Flags = k, prefixFlags[t.prefix]
	d = &four[1]
	d.Start, d.End = t.start, t.end
	d.Parent, d.First, d.Next = NodeID(n+2), NodeID(n), None
	d.Kind, d.Flags = Arg, 0
	names[named], mentions[mentioned] = NodeID(n), NodeID(n)
	if k == Name {
		named++
	}
	if k == String {
		mentioned++
	}
	p.named, p.mentioned = named, mentioned
	end := three[1].end
	d = &four[2]
	d.Start, d.End = p.at, end
	d.Parent, d.First, d.Next = NodeID(n+3), NodeID(n+1), None
	d.Kind, d.Flags = Args, 0
	d = &four[3]
	d.Start, d.End = begin, end
	d.Parent, d.First, d.Next = None, callee, None
	d.Kind, d.Flags = Call, 0
	d = &nodes[callee]
	d.Parent, d.Next = NodeID(n+3), NodeID(n+2)
	p.size = n + 4
	t = &three[2]
	p.i = i + 3
	p.prevEnd = end
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	return NodeID(n + 3)
}

// call appends the Args with the children of l, which end here, and the Call of callee, if
// it is one.
func (p *parser) call(begin, start int32, callee NodeID, l list, keywords int) NodeID {
	n, nodes := p.size, p.nodes
	args, end := NodeID(n), p.prevEnd
	if callee == None || uint(n)+1 >= uint(len(nodes)) {
		args = p.siblings(Args, start, end, l)
		if n = int(args); callee != None {
			n = int(p.pair(Call, begin, callee, args))
		}
	} else {
		both := nodes[n:][:2]
		d := &both[0]
		d.Start, d.End = start, end
		d.Parent, d.First, d.Next = NodeID(n+1), l.first, None
		d.Kind, d.Flags = Args, 0
		d = &both[1]
		d.Start, d.End = begin, end
		d.Parent, d.First, d.Next = None, callee, None
		d.Kind, d.Flags = Call, 0
		d = &nodes[callee]
		d.Parent, d.Next = NodeID(n+1), args
		for c := l.first; c != None; {
			d := &nodes[c]
			d.Parent, c = args, d.Next
		}
		p.size = n + 2
		n++
	}
	if keywords > 1 && p.mayRepeat(l.first) {
		p.checked = append(p.checked, args)
	}
	return NodeID(n)
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
