package syntax

// strings reads adjacent string literals.
func (p *parser) strings() NodeID {
	start := p.start()
	n := p.string()
	if p.tok != tString && p.tok != tFStart {
		return n
	}
	l := list{}
	p.add(&l, n)
	first := p.nodes[n].Flags & FlagBytes
	template := p.template(n)
	for p.tok == tString || p.tok == tFStart {
		n := p.string()
		if p.nodes[n].Flags&FlagBytes != first {
			p.error(start, p.prevEnd, "cannot mix bytes and nonbytes literals")
		} else if p.template(n) != template {
			p.error(start, p.prevEnd, "cannot mix t-string literals with string or bytes literals")
		}
		p.add(&l, n)
	}
	return p.node(Strings, start, p.prevEnd, l.first)
}

// template reports whether a String is a t-string.
func (p *parser) template(n NodeID) bool {
	d := p.nodes[n]
	if d.Flags&FlagFormat == 0 {
		return false
	}
	for _, c := range p.file.Src[d.Start:min(d.Start+2, d.End)] {
		if c|0x20 == 't' {
			return true
		}
	}
	return false
}

// prefixFlags are the flags of a String by its prefix.
var prefixFlags [256]Flags

func init() {
	for prefix := range prefixFlags {
		if prefix&int(prefixBytes) != 0 {
			prefixFlags[prefix] |= FlagBytes
		}
		if prefix&int(prefixRaw) != 0 {
			prefixFlags[prefix] |= FlagRaw
		}
	}
}

// string reads one literal.
func (p *parser) string() NodeID {
	if p.tok == tString {
		return p.leaf(String)
	}
	start, prefix := p.start(), p.prefix
	kind := "f-string"
	if prefix&prefixTemplate != 0 {
		kind = "t-string"
	}
	p.next()
	l := list{}
	for p.tok == tFOpen {
		p.add(&l, p.interpolation(kind))
	}
	p.expect(tFEnd)
	n := p.node(String, start, max(start, p.prevEnd), l.first)
	p.nodes[n].Flags = prefixFlags[prefix] | FlagFormat
	p.mention(n)
	return n
}

// interpolation reads "{expr=!r:spec}".
func (p *parser) interpolation(kind string) NodeID {
	start := p.start()
	p.enter()
	defer p.leave()
	p.next()
	l := list{}
	switch p.tok {
	case tFClose:
		p.failHere(kind + ": valid expression required before '}'")
	case tBang:
		p.failHere(kind + ": valid expression required before '!'")
	case tFColon:
		p.failHere(kind + ": valid expression required before ':'")
	case tEqual:
		p.failHere(kind + ": valid expression required before '='")
	}
	p.add(&l, p.yieldOrStars())
	debug := p.accept(tEqual)
	if p.tok == tBang {
		p.conversion(kind)
	}
	if p.tok == tFColon {
		from := p.start()
		p.next()
		spec := list{}
		for p.tok == tFOpen {
			p.add(&spec, p.interpolation(kind))
		}
		p.add(&l, p.node(FormatSpec, from, max(from, p.prevEnd), spec.first))
		if p.tok == tFClose {
			p.nodes[l.last].End = p.start()
		}
	}
	if p.tok != tFClose {
		switch {
		case debug:
			p.failHere(kind + ": expecting '!', or ':', or '}'")
		default:
			p.failHere(kind + ": expecting '=', or '!', or ':', or '}'")
		}
	}
	p.next()
	return p.node(Interpolation, start, max(start, p.prevEnd), l.first)
}

// conversion reads "!r".
func (p *parser) conversion(kind string) {
	bang := p.end
	p.next()
	if p.tok != tName {
		p.failHere(kind + ": invalid conversion character")
		return
	}
	if p.at != bang {
		p.failHere(kind + ": conversion type must come right after the exclamation mark")
		return
	}
	if c := p.file.Src[p.at]; p.end-p.at != 1 || c != 's' && c != 'r' && c != 'a' {
		p.failHere(kind + ": invalid conversion character '" + string(p.file.Src[p.at:p.end]) + "': expected 's', 'r', or 'a'")
		return
	}
	p.next()
}
