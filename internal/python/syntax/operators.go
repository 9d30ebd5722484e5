package syntax

// operator reads an operator or a bracket that begins with c.
func (l *lexer) operator(c byte) {
	start, n, kind := l.pos, 1, tError
	next := l.peek(1)
	equal := next == '='
	switch c {
	case '(', '[', '{':
		l.open(c)
		return
	case ')', ']', '}':
		l.close(c)
		return
	case ',':
		kind = tComma
	case ':':
		if l.innermostField() {
			l.beginSpec()
			return
		}
		if kind = tColon; equal {
			kind, n = tWalrus, 2
		}
	case ';':
		kind = tSemi
	case '.':
		switch {
		case next >= '0' && next <= '9':
			l.number()
			return
		case next == '.' && l.peek(2) == '.':
			kind, n = tEllipsis, 3
		default:
			kind = tDot
		}
	case '=':
		if kind = tEqual; equal {
			kind, n = tEqEqual, 2
		}
	case '+':
		if kind = tPlus; equal {
			kind, n = tPlusEqual, 2
		}
	case '-':
		if kind = tMinus; equal {
			kind, n = tMinusEqual, 2
		} else if next == '>' {
			kind, n = tArrow, 2
		}
	case '*':
		if kind = tStar; equal {
			kind, n = tStarEqual, 2
		} else if next == '*' {
			if kind, n = tDoubleStar, 2; l.peek(2) == '=' {
				kind, n = tDoubleStarEqual, 3
			}
		}
	case '/':
		if kind = tSlash; equal {
			kind, n = tSlashEqual, 2
		} else if next == '/' {
			if kind, n = tDoubleSlash, 2; l.peek(2) == '=' {
				kind, n = tDoubleSlashEqual, 3
			}
		}
	case '%':
		if kind = tPercent; equal {
			kind, n = tPercentEqual, 2
		}
	case '@':
		if kind = tAt; equal {
			kind, n = tAtEqual, 2
		}
	case '&':
		if kind = tAmp; equal {
			kind, n = tAmpEqual, 2
		}
	case '|':
		if kind = tPipe; equal {
			kind, n = tPipeEqual, 2
		}
	case '^':
		if kind = tCaret; equal {
			kind, n = tCaretEqual, 2
		}
	case '~':
		kind = tTilde
	case '<':
		if kind = tLess; equal {
			kind, n = tLessEqual, 2
		} else if next == '<' {
			if kind, n = tLShift, 2; l.peek(2) == '=' {
				kind, n = tLShiftEqual, 3
			}
		} else if next == '>' {
			if l.version.Less(Version{3, 14}) {
				l.pos += 2
				l.bad(start, l.pos, "invalid syntax")
				return
			}
			kind, n = tNotEqual, 2 // the parser knows which spelling is meant
		}
	case '>':
		if kind = tGreater; equal {
			kind, n = tGreaterEqual, 2
		} else if next == '>' {
			if kind, n = tRShift, 2; l.peek(2) == '=' {
				kind, n = tRShiftEqual, 3
			}
		}
	case '!':
		switch {
		case equal:
			kind, n = tNotEqual, 2
		case l.innermostField():
			kind = tBang
		default:
			l.pos++
			l.bad(start, l.pos, "invalid syntax")
			return
		}
	}
	l.pos += n
	l.tokens = append(l.tokens, token{start: int32(start), end: int32(start + n), kind: kind})
}

// open pushes a bracket.
func (l *lexer) open(c byte) {
	start := l.pos
	l.pos++
	if len(l.parens) >= maxParens {
		if l.tooDeep == 0 {
			l.bad(start, l.pos, "too many nested parentheses")
		}
		l.tooDeep++
		return
	}
	l.parens = append(l.parens, open{offset: int32(start), kind: c})
	kind := tLPar
	switch c {
	case '[':
		kind = tLSqb
	case '{':
		kind = tLBrace
	}
	l.emit(kind, start, l.pos)
}

// close pops the bracket that c should close.
func (l *lexer) close(c byte) {
	start := l.pos
	if c == '}' && l.innermostField() {
		l.endField()
		return
	}
	l.pos++
	if l.tooDeep > 0 {
		l.tooDeep--
		return
	}
	n := len(l.parens)
	if n == 0 || l.parens[n-1].kind == 'f' {
		message := "unmatched '%c'"
		if n > 0 {
			message = "f-string: " + message
		}
		l.bad(start, l.pos, message, c)
		return
	}
	kind, want := tRPar, byte('(')
	switch c {
	case ']':
		kind, want = tRSqb, '['
	case '}':
		kind, want = tRBrace, '{'
	}
	if o := l.parens[n-1]; o.kind != want {
		message := "closing parenthesis '%c' does not match opening parenthesis '%c'"
		if from, to := l.line(int(o.offset)), l.line(start); from != to {
			l.bad(start, l.pos, message+" on line %d", c, o.kind, from)
		} else {
			l.bad(start, l.pos, message, c, o.kind)
		}
		if c == '}' && len(l.strings) > 0 { // it may close the field further out
			for n > 0 && l.parens[n-1].kind != 'f' {
				n--
			}
			if l.parens = l.parens[:n]; n > 0 {
				l.pos--
				l.endField()
			}
			return
		}
	}
	l.parens = l.parens[:n-1]
	l.emit(kind, start, l.pos)
}

// innermostField reports whether the innermost bracket is the "{" of a
// replacement field whose expression is being read.
func (l *lexer) innermostField() bool {
	n := len(l.parens)
	return n > 0 && l.parens[n-1].kind == 'f' && l.tooDeep == 0
}
