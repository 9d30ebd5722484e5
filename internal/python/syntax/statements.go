package syntax

// module reads the whole file.
func (p *parser) module() {
	var l list
	for p.tok != tEOF {
		switch p.tok { // left over by recovery
		case tDedent:
			p.next()
			continue
		case tNewline:
			p.newline()
			continue
		}
		p.statement(&l)
	}
	p.root(l.first)
}

// root makes what begins with first the children of the whole.
func (p *parser) root(first NodeID) {
	p.nodes[Root].First = first
	for c := first; c != None; c = p.nodes[c].Next {
		p.nodes[c].Parent = Root
	}
}

// statement reads one compound statement, or one line of simple ones.
func (p *parser) statement(l *list) {
	if p.tok == tName { // most
		if p.is("match") && p.isMatch() {
			p.begin()
			p.add(l, p.matchStmt())
			return
		}
		p.line(l)
		return
	}
	p.begin()
	switch p.tok {
	case tIf:
		p.add(l, p.ifStmt(0))
	case tFor:
		p.add(l, p.forStmt(p.start(), 0))
	case tWhile:
		p.add(l, p.whileStmt())
	case tTry:
		p.add(l, p.tryStmt())
	case tWith:
		p.add(l, p.withStmt(p.start(), 0))
	case tDef:
		p.add(l, p.funcDef(p.start(), list{}, 0))
	case tClass:
		p.add(l, p.classDef(p.start(), list{}))
	case tAt:
		p.decorated(l)
	case tAsync:
		p.asyncStmt(l)
	case tIndent:
		p.unexpectedIndent(l)
	default:
		p.line(l)
	}
}

// unexpectedIndent reads the statements of an indented block that belongs to
// no statement, as if it were not indented.
func (p *parser) unexpectedIndent(l *list) {
	p.next()
	p.error(p.at, p.end, "unexpected indent")
	p.indented(l)
}

// indented reads statements up to the end of an indented block.
func (p *parser) indented(l *list) {
	for p.tok != tDedent && p.tok != tEOF {
		p.statement(l)
	}
	p.acceptDedent()
}

func (p *parser) acceptDedent() {
	if p.tok == tDedent {
		p.nextLine()
	}
}

// line reads the simple statements of one line, separated by semicolons.
func (p *parser) line(l *list) {
	for {
		nodes, start := p.size, p.start()
		p.begin()
		n := p.simple()
		if p.tok == tNewline && p.chain < maxChain { // most
			p.add(l, n)
			p.nextLine()
			return
		}
		if !p.lineGoesOn(l, n, nodes, start) {
			return
		}
	}
}

// lineGoesOn looks at what stands behind the simple statement n but the end of the line,
// and reports whether that is another statement.
func (p *parser) lineGoesOn(l *list, n NodeID, nodes int, start int32) bool {
	p.checkChains()
	switch p.tok {
	case tSemi:
		p.add(l, n)
		p.next()
		if p.tok != tNewline {
			return true
		}
	case tNewline:
		p.add(l, n)
	case tStop:
	default:
		p.misplaced(n)
	}
	if p.failed {
		p.drop(nodes)
		p.recover()
		p.add(l, p.node(KindInvalid, start, max(start, p.prevEnd), None))
		p.endLine()
		if p.accept(tIndent) { // the block of whatever that line was
			p.indented(l)
		}
		return false
	}
	p.endLine()
	return false
}

// endLine steps over the end of a logical line. The end of the last token
// stays that of the line's text.
func (p *parser) endLine() {
	if p.tok == tNewline {
		p.nextLine()
	}
}

// recover resumes after a failure at the end of the logical line.
func (p *parser) recover() {
	p.resume()
	p.tok = p.tokens[p.i-1].kind
	for p.tok != tNewline && p.tok != tEOF && p.tok != tIndent && p.tok != tDedent {
		p.next()
	}
}

// simple reads a simple statement, without what ends it.
func (p *parser) simple() NodeID {
	start := p.start()
	switch p.tok {
	case tName:
		switch p.tokens[p.i].kind {
		case tEqual:
			return p.assignment(start, p.nameEqual())
		case tName:
			if p.is("type") {
				return p.typeAlias()
			}
		case tImport, tFrom:
			if p.is("lazy") {
				return p.lazyImport()
			}
		}
		return p.expressionStmt()
	case tImport:
		return p.importStmt(start)
	case tFrom:
		return p.fromStmt(start)
	case tReturn:
		return p.returnStmt()
	case tPass:
		return p.leaf(Pass)
	case tBreak:
		return p.list(p.leaf(Break))
	case tContinue:
		return p.list(p.leaf(Continue))
	case tRaise:
		return p.raiseStmt()
	case tAssert:
		p.next()
		l := list{}
		p.add(&l, p.expression())
		if p.accept(tComma) {
			p.add(&l, p.expression())
		}
		return p.node(Assert, start, p.prevEnd, l.first)
	case tGlobal, tNonlocal:
		kind := Global
		if p.tok == tNonlocal {
			kind = Nonlocal
		}
		p.next()
		l := list{}
		p.add(&l, p.ident())
		for p.accept(tComma) {
			p.add(&l, p.ident())
		}
		return p.list(p.node(kind, start, p.prevEnd, l.first))
	case tDel:
		return p.delStmt()
	}
	return p.expressionStmt()
}

func (p *parser) returnStmt() NodeID {
	start := p.start()
	p.step()
	if p.endsSimple() {
		return p.list(p.slot(Return, start, p.prevEnd, None))
	}
	n := p.wrap(Return, start, p.starExpressions())
	if !p.around.function {
		p.checked = append(p.checked, n)
	}
	return n
}

func (p *parser) endsSimple() bool {
	return p.tok == tNewline || p.tok == tSemi || p.tok == tEOF || p.tok == tStop
}

func (p *parser) raiseStmt() NodeID {
	start := p.start()
	p.next()
	l := list{}
	if !p.endsSimple() {
		p.add(&l, p.expression())
		if p.accept(tFrom) {
			p.add(&l, p.expression())
		}
	}
	return p.node(Raise, start, p.prevEnd, l.first)
}

func (p *parser) delStmt() NodeID {
	start := p.start()
	p.next()
	l := list{}
	for {
		n := p.binary(precPipe)
		if p.tok == tComma || p.endsSimple() {
			p.target(n, deleting)
		}
		p.add(&l, n)
		if !p.accept(tComma) || p.endsSimple() {
			break
		}
	}
	n := p.node(Delete, start, p.prevEnd, l.first)
	p.nodes[n].Flags |= FlagDel
	return n
}

// typeAlias reads "type X = …".
func (p *parser) typeAlias() NodeID {
	start := p.start()
	p.next()
	p.need(12, start, "type statements")
	l := list{}
	name := p.leaf(Name)
	p.nodes[name].Flags |= FlagStore
	p.add(&l, name)
	if p.tok == tLSqb {
		p.add(&l, p.typeParams())
	}
	p.expect(tEqual)
	p.add(&l, p.expression())
	n := p.node(TypeAlias, start, p.prevEnd, l.first)
	p.special = append(p.special, n)
	return n
}

// lazyImport reads "lazy import" and "lazy from".
func (p *parser) lazyImport() NodeID {
	start := p.start()
	p.next()
	p.need(15, start, "lazy imports")
	var n NodeID
	if p.tok == tImport {
		n = p.importStmt(start)
	} else {
		n = p.fromStmt(start)
		if p.nodes[n].Flags&FlagStar != 0 {
			p.errorNode(n, "lazy from ... import * is not allowed")
		}
	}
	p.nodes[n].Flags |= FlagLazy
	p.checked = append(p.checked, n)
	return n
}

func (p *parser) importStmt(start int32) NodeID {
	p.next()
	if p.endsSimple() {
		p.failHere("Expected one or more names after 'import'")
	}
	l := list{}
	for {
		from := p.start()
		name := p.dottedName()
		p.add(&l, p.alias(from, name))
		if !p.accept(tComma) {
			break
		}
	}
	if p.tok == tFrom {
		p.failHere("Did you mean to use 'from ... import ...' instead?")
	}
	n := p.siblings(Import, start, p.prevEnd, l)
	p.imports, p.special = append(p.imports, n), append(p.special, n)
	return n
}

// alias reads "as name" behind a name.
func (p *parser) alias(from int32, name NodeID) NodeID {
	if p.accept(tAs) {
		asStart := p.start()
		if p.tok != tName && startsExpression[p.tok] {
			n := p.expression()
			p.failAt(asStart, p.prevEnd, "cannot use "+p.describe(n)+" as import target")
		}
		id := p.ident()
		if p.tok == tDot || p.tok == tLPar || p.tok == tLSqb {
			what := "attribute"
			switch p.tok {
			case tLPar:
				what = "function call"
			case tLSqb:
				what = "subscript"
			}
			p.failAt(asStart, p.prevEnd, "cannot use "+what+" as import target")
		}
		p.nodes[name].Next = id
	}
	return p.node(Alias, from, p.prevEnd, name)
}

func (p *parser) dottedName() NodeID {
	start := p.start()
	p.expect(tName)
	for p.tok == tDot {
		p.next()
		p.expect(tName)
	}
	return p.list(p.slot(DottedName, start, max(start, p.prevEnd), None))
}

func (p *parser) fromStmt(start int32) NodeID {
	p.next()
	relative := false
	for p.tok == tDot || p.tok == tEllipsis {
		relative = true
		p.next()
	}
	l := list{}
	if p.tok == tName || !relative {
		p.add(&l, p.dottedName())
	}
	p.expect(tImport)
	flags := Flags(0)
	switch p.tok {
	case tStar:
		flags = FlagStar
		p.next()
	case tLPar:
		p.next()
		if p.tok == tRPar {
			p.failHere("Expected one or more names after 'import'")
		}
		p.fromNames(&l, true)
		p.expect(tRPar)
	default:
		if p.endsSimple() {
			p.failHere("Expected one or more names after 'import'")
		}
		p.fromNames(&l, false)
	}
	n := p.node(ImportFrom, start, p.prevEnd, l.first)
	if flags != 0 {
		p.nodes[n].Flags = flags
		p.checked = append(p.checked, n)
	}
	p.imports, p.special = append(p.imports, n), append(p.special, n)
	if !relative && !p.older(14) && p.file.spells(p.nodes[l.first], "__future__") {
		for a := p.nodes[l.first].Next; a != None; a = p.nodes[a].Next {
			p.flufl = p.flufl || p.file.spells(p.nodes[p.nodes[a].First], "barry_as_FLUFL")
		}
	}
	return n
}

func (p *parser) fromNames(l *list, parens bool) {
	for {
		from := p.start()
		if next := p.peek(); p.tok == tName && (next == tComma || next == tNewline || next == tRPar) { // most
			n := p.inner(Alias, DottedName)
			if p.file.Src[from] == '_' {
				p.checked = append(p.checked, n-1)
			}
			p.add(l, n)
		} else {
			p.expect(tName)
			name := p.list(p.slot(DottedName, from, max(from, p.prevEnd), None))
			p.add(l, p.alias(from, name))
		}
		if p.tok != tComma {
			return
		}
		comma := p.start()
		p.next()
		if parens && p.tok == tRPar {
			return
		}
		if !parens && p.endsSimple() {
			p.failAt(comma, comma+1, "trailing comma not allowed without surrounding parentheses")
			return
		}
	}
}

// augmented tells the tokens of augmented assignments.
func augmented(k tokenKind) bool { return k >= tPlusEqual && k <= tDoubleStarEqual }

// expressionStmt reads an expression and what assigns to it.
func (p *parser) expressionStmt() NodeID {
	start := p.start()
	n := p.yieldOrStars()
	switch {
	case p.tok == tEqual:
		p.assignTarget(n)
		p.step()
		return p.assignment(start, n)
	case p.tok == tColon:
		return p.annotated(start, n)
	case augmented(p.tok):
		switch p.nodes[n].Kind {
		case Attribute:
			if !p.older(9) { // "__debug__" is allowed here
				p.nodes[n].Flags |= FlagStore
				break
			}
			p.target(n, assigning)
		case Name, Subscript:
			p.target(n, assigning)
		default:
			p.errorNode(n, "'%s' is an illegal expression for augmented assignment", p.describe(n))
		}
		p.next()
		statement := p.pair(AugAssign, start, n, p.yieldOrStars())
		if p.nodes[n].Kind == Name {
			p.special = append(p.special, statement)
		}
		return statement
	}
	return p.wrap(ExprStmt, start, n)
}

// nameEqual reads "name =" at once.
func (p *parser) nameEqual() NodeID {
	i, n, named, names := p.i, p.size, p.named, p.names
	if uint(i)+1 >= uint(len(p.tokens)) || uint(n) >= uint(len(p.nodes)) || uint(named) >= uint(len(names)) || p.end-p.at == int32(len("__debug__")) {
		target := p.leaf(Name)
		p.assignTarget(target)
		p.step()
		return target
	}
	d := &p.nodes[n]
	d.Start, d.End = p.at, p.end
	d.Parent, d.First, d.Next = None, None, None
	d.Kind, d.Flags = Name, FlagStore
	p.size = n + 1
	names[named] = NodeID(n)
	p.named = named + 1
	p.prevEnd = p.tokens[i].end
	t := &p.tokens[i+1]
	p.tok, p.prefix, p.at, p.end = t.kind, t.prefix, t.start, t.end
	p.i = i + 2
	return NodeID(n)
}

// assignment reads "a = b = value" from behind the first "=".
func (p *parser) assignment(start int32, n NodeID) NodeID {
	value := p.yieldOrStars()
	if p.tok != tEqual {
		return p.pair(Assign, start, n, value)
	}
	l := list{n, n}
	for p.tok == tEqual {
		p.assignTarget(value)
		p.add(&l, value)
		p.step()
		value = p.yieldOrStars()
	}
	p.add(&l, value)
	return p.node(Assign, start, p.prevEnd, l.first)
}

// annotated reads "target: annotation = value" from the ":".
func (p *parser) annotated(start int32, n NodeID) NodeID {
	switch d := p.nodes[n]; {
	case !p.older(9) && (d.Kind == Attribute || d.Kind == Subscript) && d.Flags&FlagParens == 0 && p.groupFirst(n):
		p.failAt(d.Start, d.End, "illegal target for annotation")
	case d.Kind == Name || d.Kind == Attribute || d.Kind == Subscript:
		p.target(n, assigning)
	case d.Kind == List || d.Kind == Tuple:
		p.failAt(d.Start, d.End, "only single target (not "+p.describe(n)+") can be annotated")
	case p.peek() == tNewline: // "something:" before a block
		p.fail()
	default:
		p.failAt(d.Start, d.End, "illegal target for annotation")
	}
	p.next()
	l := list{}
	p.add(&l, n)
	a := p.start()
	p.add(&l, p.wrap(Annotation, a, p.expression()))
	if p.accept(tEqual) {
		p.add(&l, p.yieldOrStars())
	}
	n = p.node(AnnAssign, start, p.prevEnd, l.first)
	p.special = append(p.special, n)
	return n
}
