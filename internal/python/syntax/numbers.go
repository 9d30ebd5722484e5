package syntax

import "bytes"

// maxDigits is CPython's default limit for the conversion of decimal
// integers, in digits.
const maxDigits = 4300

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// number reads a number literal; the errors are those of CPython's tokenizer.
func (l *lexer) number() {
	start := l.pos
	if l.src[start] == '0' {
		switch l.peek(1) | 0x20 {
		case 'x':
			l.based(start, "hexadecimal", func(c byte) bool {
				return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
			})
			return
		case 'o':
			l.based(start, "octal", func(c byte) bool { return c >= '0' && c <= '7' })
			return
		case 'b':
			l.based(start, "binary", func(c byte) bool { return c == '0' || c == '1' })
			return
		}
	}
	kind := "decimal"
	ok := l.digits()
	integer := true
	if ok && l.peek(0) == '.' {
		integer = false
		l.pos++
		if isDigit(l.peek(0)) {
			ok = l.digits()
		}
	}
	if c := l.peek(0); ok && c|0x20 == 'e' {
		n := 1
		if s := l.peek(1); s == '+' || s == '-' {
			n = 2
		}
		if isDigit(l.peek(n)) {
			integer = false
			l.pos += n
			ok = l.digits()
		} else if n == 2 {
			l.pos += n
			l.error(start, l.pos, "invalid decimal literal")
			ok = false
		}
	}
	if c := l.peek(0); ok && c|0x20 == 'j' {
		integer = false
		kind = "imaginary"
		l.pos++
	}
	if ok && integer {
		l.integer(start)
	}
	l.finishNumber(start, kind, ok)
}

// digits reads a run of decimal digits with single underscores between them.
func (l *lexer) digits() bool {
	for {
		for l.pos < l.end && isDigit(l.src[l.pos]) {
			l.pos++
		}
		if l.peek(0) != '_' {
			return true
		}
		l.pos++
		if !isDigit(l.peek(0)) {
			l.error(l.pos-1, l.pos, "invalid decimal literal")
			return false
		}
	}
}

// integer checks a decimal integer: no leading zeros, not too long.
func (l *lexer) integer(start int) {
	text := l.src[start:l.pos]
	if text[0] == '0' && len(bytes.Trim(text, "0_")) > 0 {
		l.error(start, l.pos, "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers")
	}
	if n := len(text) - bytes.Count(text, []byte("_")); n > maxDigits && !l.version.Less(Version{3, 11}) {
		l.error(start, l.pos, "Exceeds the limit (%d digits) for integer string conversion: value has %d digits; use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals to avoid decimal conversion limits.", maxDigits, n)
	}
}

// based reads what follows 0x, 0o or 0b.
func (l *lexer) based(start int, name string, digit func(byte) bool) {
	l.pos += 2
	ok := true
	for ok {
		if l.peek(0) == '_' {
			l.pos++
		}
		if c := l.peek(0); !digit(c) {
			ok = false
			if isDigit(c) {
				l.error(l.pos, l.pos+1, "invalid digit '%c' in %s literal", c, name)
			} else {
				l.error(l.pos-1, l.pos, "invalid %s literal", name)
			}
			break
		}
		for l.pos < l.end && digit(l.src[l.pos]) {
			l.pos++
		}
		if c := l.peek(0); c != '_' {
			if isDigit(c) {
				ok = false
				l.error(l.pos, l.pos+1, "invalid digit '%c' in %s literal", c, name)
			}
			break
		}
	}
	l.finishNumber(start, name, ok)
}

// finishNumber checks what follows a number and emits it. Only keywords that
// can stand after an expression may follow at once ("1if x else y").
func (l *lexer) finishNumber(start int, kind string, ok bool) {
	end := l.pos
	if l.pos < l.end && continues[l.src[l.pos]] {
		p := l.pos
		for p < l.end && continues[l.src[p]] {
			p++
		}
		rest := l.src[l.pos:p]
		if !ok || !followsNumber(rest) {
			if ok {
				l.error(l.pos, l.pos+1, "invalid %s literal", kind)
			}
			ok = false
			l.pos = p
			end = p
		}
	}
	kindOf := tNumber
	if !ok {
		kindOf = tError
	}
	l.emit(kindOf, start, end)
}

// followsNumber reports whether the text begins like a keyword that CPython
// accepts right after a number.
func followsNumber(rest []byte) bool {
	for _, word := range [...]string{"and", "else", "for", "if", "in", "is", "not", "or"} {
		if bytes.HasPrefix(rest, []byte(word)) {
			return true
		}
	}
	return false
}
