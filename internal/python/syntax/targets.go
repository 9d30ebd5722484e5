package syntax

// access says what is done to a target.
type access uint8

const (
	assigning access = iota // "=", "for", "with", …
	deleting                // "del"
	naming                  // ":="
)

// target marks an expression as the target of an assignment or of "del", and
// reports what cannot be one.
func (p *parser) target(n NodeID, a access) { p.markTarget(n, a, "") }

// assignTarget is target for the left side of "=", where another message is
// more helpful.
func (p *parser) assignTarget(n NodeID) {
	switch d := &p.nodes[n]; d.Kind {
	case Name:
		if d.End-d.Start != int32(len("__debug__")) {
			d.Flags |= FlagStore
			return
		}
	case Starred:
		p.errorNode(n, "starred assignment target must be in a list or tuple")
		return
	}
	p.markTarget(n, assigning, " here. Maybe you meant '==' instead of '='?")
}

func (p *parser) markTarget(n NodeID, a access, hint string) {
	flag, verb := FlagStore, "cannot assign to "
	switch a {
	case deleting:
		flag, verb = FlagDel, "cannot delete "
	case naming:
		verb = "cannot use assignment expressions with "
	}
	d := &p.nodes[n]
	switch d.Kind {
	case Name:
		d.Flags |= flag
		if p.tokenText(n) == "__debug__" && !(a == deleting && p.older(10)) {
			if a == naming {
				verb = "cannot assign to "
			}
			p.errorNode(n, verb+"__debug__")
		}
		return
	case Attribute:
		d.Flags |= flag
		if id := p.nodes[d.First].Next; a != deleting && p.tokenText(id) == "__debug__" {
			p.errorNode(id, verb+"__debug__")
		}
		return
	case Subscript:
		d.Flags |= flag
		return
	case Starred:
		if a == assigning {
			d.Flags |= flag
			if k := p.nodes[d.First].Kind; k == Starred {
				break
			}
			p.markTarget(d.First, a, "")
			return
		}
	case Tuple, List:
		d.Flags |= flag
		stars := 0
		for c := d.First; c != None; c = p.nodes[c].Next {
			if p.nodes[c].Kind == Starred {
				stars++
			}
			p.markTarget(c, a, "")
		}
		if stars > 1 && a == assigning {
			p.errorNode(n, "multiple starred expressions in assignment")
		}
		return
	case KindInvalid:
		return
	case Compare, BoolOp, IfExp, Lambda, GeneratorExp, NamedExpr, Yield, YieldFrom:
		hint = ""
	case Constant:
		if p.file.Src[d.Start] != '.' {
			hint = ""
		}
	}
	if a == naming {
		hint = ""
	}
	p.errorNode(n, verb+p.describe(n)+hint)
}

// groupFirst reports whether a target begins with a group that could be a
// target itself: "(a).b". Behind it, the grammar since 3.9 knows no
// annotation.
func (p *parser) groupFirst(n NodeID) bool {
	for {
		d := p.nodes[n]
		switch d.Kind {
		case Name, Attribute, Subscript:
			if d.Flags&FlagParens != 0 {
				return true
			}
		}
		if d.Flags&FlagParens != 0 || d.Kind != Attribute && d.Kind != Subscript && d.Kind != Call {
			return false
		}
		n = d.First
	}
}

// describe names the kind of an expression as CPython's messages do.
func (p *parser) describe(n NodeID) string {
	switch d := p.nodes[n]; d.Kind {
	case Attribute:
		return "attribute"
	case Subscript:
		return "subscript"
	case Starred:
		return "starred"
	case Name:
		return "name"
	case List:
		return "list"
	case Tuple:
		return "tuple"
	case Lambda:
		return "lambda"
	case Call:
		return "function call"
	case BoolOp, BinOp, UnaryOp:
		return "expression"
	case GeneratorExp:
		return "generator expression"
	case Yield, YieldFrom:
		return "yield expression"
	case Await:
		return "await expression"
	case ListComp:
		return "list comprehension"
	case SetComp:
		return "set comprehension"
	case DictComp:
		return "dict comprehension"
	case Dict:
		return "dict literal"
	case Set:
		return "set display"
	case String:
		if d.Flags&FlagFormat != 0 {
			return "f-string expression"
		}
		return "literal"
	case Strings:
		for c := d.First; c != None; c = p.nodes[c].Next {
			if p.nodes[c].Flags&FlagFormat != 0 {
				return "f-string expression"
			}
		}
		return "literal"
	case Constant:
		if p.file.Src[d.Start] == '.' {
			return "ellipsis"
		}
		return p.tokenText(n)
	case Number:
		return "literal"
	case Compare:
		return "comparison"
	case IfExp:
		return "conditional expression"
	case NamedExpr:
		return "named expression"
	}
	return "expression"
}

// misplaced reports what follows a complete statement n on its line.
func (p *parser) misplaced(n NodeID) {
	if d := p.nodes[n]; d.Kind == ExprStmt && p.nodes[d.First].Kind == Name && startsExpression[p.tok] {
		switch name := p.tokenText(d.First); name {
		case "print", "exec":
			p.failAt(d.Start, p.end, "Missing parentheses in call to '"+name+"'. Did you mean "+name+"(...)?")
			return
		}
	}
	p.fail()
}
