package syntax

import "fmt"

// params reads parameters up to the token end, which is not read. With
// tColon they are those of a lambda: without annotations.
func (p *parser) params(end tokenKind) NodeID {
	start := p.prevEnd
	l := list{}
	for p.plainParam(end) { // most
		p.add(&l, p.inner(Param, Ident))
		if p.tok != tComma {
			break
		}
		p.step()
	}
	if p.tok != end {
		p.anyParams(&l, end)
	}
	n := p.siblings(Params, start, max(start, p.prevEnd), l)
	if l.first != l.last && p.mayRepeat(l.first) {
		p.checked = append(p.checked, n)
	}
	return n
}

// anyParams reads the parameters behind the first ones, which are only names.
func (p *parser) anyParams(l *list, end tokenKind) {
	kind := Flags(0) // FlagKwOnly behind "*"
	defaults, slash, kwargs := false, false, false
	bare := int32(-1) // the offset of a "*" that no parameter has followed yet
	for p.tok != end && !p.failed {
		if kwargs {
			p.failHere("arguments cannot follow var-keyword argument")
			break
		}
		from := p.start()
		switch p.tok {
		case tSlash:
			switch {
			case slash:
				p.failHere("/ may appear only once")
			case kind != 0:
				p.failHere("/ must be ahead of *")
			case l.first == None:
				p.failHere("at least one argument must precede /")
			}
			slash = true
			p.next()
		case tStar:
			if kind != 0 {
				p.failHere("* argument may appear only once")
			}
			kind = FlagKwOnly
			p.next()
			if p.tok == tComma || p.tok == end {
				bare = from
			} else {
				p.add(l, p.param(from, FlagStar, end))
			}
		case tDoubleStar:
			if bare >= 0 {
				p.failAt(bare, bare+1, "named arguments must follow bare *")
			}
			p.next()
			p.add(l, p.param(from, FlagStar2, end))
			kwargs = true
		default:
			var n NodeID
			plain := p.plainParam(end)
			if plain {
				n = p.inner(Param, Ident)
				p.nodes[n].Flags = kind
			} else {
				n = p.param(from, kind, end)
			}
			p.add(l, n)
			if !plain && p.hasDefault(n) {
				defaults = true
			} else if defaults && kind == 0 {
				p.errorNode(n, "parameter without a default follows parameter with a default")
			}
			bare = -1
		}
		if !p.accept(tComma) {
			break
		}
	}
	if bare >= 0 {
		p.failAt(bare, bare+1, "named arguments must follow bare *")
	}
}

// plainParam reports whether the current token is all of a parameter, whose name
// nothing is wrong with.
func (p *parser) plainParam(end tokenKind) bool {
	if p.tok != tName || p.end-p.at == int32(len("__debug__")) {
		return false
	}
	next := p.tokens[p.i].kind
	return next == tComma || next == end
}

// hasDefault reports whether a parameter has a default.
func (p *parser) hasDefault(n NodeID) bool {
	for c := p.nodes[n].First; c != None; c = p.nodes[c].Next {
		if p.nodes[c].Kind == Default {
			return true
		}
	}
	return false
}

// param reads one parameter; its stars have been read from start on.
func (p *parser) param(start int32, flags Flags, end tokenKind) NodeID {
	l := list{}
	if p.tok == tLPar {
		what := "Function parameters"
		if end == tColon {
			what = "Lambda expression parameters"
		}
		p.failHere(what + " cannot be parenthesized")
	}
	p.add(&l, p.ident())
	if p.tok == tColon && end != tColon {
		from := p.start()
		p.next()
		var n NodeID
		if flags&FlagStar != 0 {
			if n = p.star(p.expression); p.nodes[n].Kind == Starred {
				p.need(11, from, "starred annotations")
			}
		} else {
			n = p.expression()
		}
		p.add(&l, p.wrap(Annotation, from, n))
	}
	if p.tok == tEqual {
		switch from := p.start(); {
		case flags&FlagStar != 0:
			p.failHere("var-positional argument cannot have default value")
		case flags&FlagStar2 != 0:
			p.failHere("var-keyword argument cannot have default value")
		default:
			p.next()
			if p.tok == tComma || p.tok == end {
				p.failAt(from, from+1, "expected default value expression")
			}
			p.add(&l, p.wrap(Default, from, p.expression()))
		}
	}
	n := p.node(Param, start, max(start, p.prevEnd), l.first)
	p.nodes[n].Flags = flags
	return n
}

// typeParams reads "[T, *Ts, **P]".
func (p *parser) typeParams() NodeID {
	start := p.start()
	p.next()
	l := list{}
	if p.tok == tRSqb {
		p.failHere("Type parameter list cannot be empty")
	}
	defaults := false
	for p.tok != tRSqb {
		n := p.typeParam()
		last := p.nodes[n].First
		for p.nodes[last].Next != None {
			last = p.nodes[last].Next
		}
		if p.nodes[last].Kind == Default {
			defaults = true
		} else if defaults {
			p.errorNode(n, "non-default type parameter '%s' follows default type parameter", p.file.Src[p.nodes[p.nodes[n].First].Start:p.nodes[p.nodes[n].First].End])
		}
		p.add(&l, n)
		if !p.accept(tComma) {
			break
		}
	}
	p.expect(tRSqb)
	p.need(12, start, "type parameters")
	return p.list(p.node(TypeParams, start, p.prevEnd, l.first))
}

func (p *parser) typeParam() NodeID {
	start := p.start()
	flags := Flags(0)
	kind := ""
	if p.accept(tStar) {
		flags, kind = FlagStar, "TypeVarTuple"
	} else if p.accept(tDoubleStar) {
		flags, kind = FlagStar2, "ParamSpec"
	}
	l := list{}
	p.add(&l, p.ident())
	if p.tok == tColon {
		colon := p.start()
		p.next()
		bound := p.expression()
		if flags != 0 {
			word := "bound"
			if p.nodes[bound].Kind == Tuple {
				word = "constraints"
			}
			p.failAt(colon, p.prevEnd, fmt.Sprintf("cannot use %s with %s", word, kind))
		}
		p.add(&l, bound)
	}
	if p.tok == tEqual {
		from := p.start()
		p.next()
		var value NodeID
		if flags == FlagStar {
			value = p.star(p.expression)
		} else {
			value = p.expression()
		}
		p.add(&l, p.wrap(Default, from, value))
		p.need(13, from, "defaults of type parameters")
	}
	n := p.node(TypeParam, start, max(start, p.prevEnd), l.first)
	p.nodes[n].Flags = flags
	return n
}
