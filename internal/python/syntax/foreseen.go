package syntax

// foreseen reports whether the outcome of a test may be known before it is made. It
// leaves out no test of which package scope knows it. (It does know "while True",
// but such a loop runs like any other one.)
func (p *parser) foreseen(test NodeID) bool {
	// Operands lean to the left, and nobody has seen yet how far.
	for p.nodes[test].Kind == BoolOp {
		test = p.nodes[test].First
		for c := p.nodes[test].Next; c != None; c = p.nodes[c].Next {
			if p.foreseen(c) {
				return true
			}
		}
	}
	switch d := &p.nodes[test]; d.Kind {
	case Constant, Number:
		return true
	case Name:
		return p.file.spells(*d, "TYPE_CHECKING")
	case Attribute:
		return p.file.spells(p.nodes[p.nodes[d.First].Next], "TYPE_CHECKING")
	case UnaryOp:
		return p.foreseen(d.First)
	case Compare:
		for c := d.First; c != None; c = p.nodes[c].Next {
			if p.environmental(c) {
				return true
			}
		}
	case Call: // sys.platform.startswith("linux")
		return p.environmental(d.First)
	}
	return false
}

// environmental reports whether an expression is __name__, or a part of sys or os.
func (p *parser) environmental(n NodeID) bool {
	d := &p.nodes[n]
	for d.Kind == Attribute || d.Kind == Subscript {
		d = &p.nodes[d.First]
	}
	if d.Kind != Name {
		return false
	}
	switch string(p.file.Src[d.Start:d.End]) {
	case "__name__", "sys", "os":
		return true
	}
	return false
}
