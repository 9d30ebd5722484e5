package syntax

// tokenKind is what the lexer says about a stretch of text.
type tokenKind uint8

// The kinds of tokens. f-strings come as tFStart, then for every replacement
// field tFOpen … tFClose, then tFEnd; their literal parts produce no tokens.
const (
	tEOF     tokenKind = iota
	tStop              // the parser has failed: matches nothing
	tError             // text that is no token; the error is recorded already
	tNewline           // the end of a logical line
	tIndent
	tDedent
	tName
	tNumber
	tString
	tFStart
	tFEnd
	tFOpen  // "{" of a replacement field
	tFClose // "}" of a replacement field
	tFColon // ":" that begins a format spec
	tBang   // "!"

	tLPar
	tRPar
	tLSqb
	tRSqb
	tLBrace
	tRBrace
	tComma
	tColon
	tSemi
	tDot
	tEllipsis
	tArrow
	tWalrus
	tEqual

	tPlusEqual
	tMinusEqual
	tStarEqual
	tSlashEqual
	tDoubleSlashEqual
	tPercentEqual
	tAtEqual
	tAmpEqual
	tPipeEqual
	tCaretEqual
	tLShiftEqual
	tRShiftEqual
	tDoubleStarEqual

	tDoubleStar
	tTilde
	tAt
	tStar
	tSlash
	tDoubleSlash
	tPercent
	tPlus
	tMinus
	tLShift
	tRShift
	tAmp
	tCaret
	tPipe

	tLess
	tGreater
	tLessEqual
	tGreaterEqual
	tEqEqual
	tNotEqual

	tIn // the keywords
	tIs
	tNot
	tAnd
	tOr
	tIf
	tElse
	tLambda
	tAwait
	tYield
	tNone
	tTrue
	tFalse
	tAs
	tAssert
	tAsync
	tBreak
	tClass
	tContinue
	tDef
	tDel
	tElif
	tExcept
	tFinally
	tFor
	tFrom
	tGlobal
	tImport
	tNonlocal
	tPass
	tRaise
	tReturn
	tTry
	tWhile
	tWith

	tokenKinds
)

// token is one token: a kind, its range, and for strings their prefix.
type token struct {
	start, end int32
	kind       tokenKind
	prefix     prefix
	_          [2]byte
}

// prefix is what stands before the quotes of a string literal.
type prefix uint8

const (
	prefixBytes prefix = 1 << iota
	prefixRaw
	prefixFormat
	prefixTemplate
	prefixUnicode
)

// keywords are the keywords by their kinds.
var keywords = [tokenKinds]string{
	tIn: "in", tIs: "is", tNot: "not", tAnd: "and", tOr: "or", tIf: "if", tElse: "else", tLambda: "lambda", tAwait: "await", tYield: "yield",
	tNone: "None", tTrue: "True", tFalse: "False", tAs: "as", tAssert: "assert", tAsync: "async", tBreak: "break", tClass: "class",
	tContinue: "continue", tDef: "def", tDel: "del", tElif: "elif", tExcept: "except", tFinally: "finally", tFor: "for", tFrom: "from",
	tGlobal: "global", tImport: "import", tNonlocal: "nonlocal", tPass: "pass", tRaise: "raise", tReturn: "return", tTry: "try",
	tWhile: "while", tWith: "with",
}

// keywordTable holds the keywords, none of which has more than eight bytes, by
// keywordSlot, which is different for all of them.
var keywordTable [64]struct {
	word uint64
	kind tokenKind
}

// keywordSlot returns the place of a word, its bytes in little endian order,
// in keywordTable.
func keywordSlot(word uint64) uint64 { return word * 0xe3034eff370b5851 >> 58 }

// wordKind returns the kind of an identifier of at most eight bytes: a
// keyword's, or tName.
func wordKind(word uint64) tokenKind {
	kind := tName
	if e := &keywordTable[keywordSlot(word)]; e.word == word {
		kind = e.kind
	}
	return kind
}

// keyword returns the kind of the identifier b: a keyword's, or tName.
func keyword(b []byte) tokenKind {
	if len(b) > 8 {
		return tName
	}
	return wordKind(packed(string(b)))
}

// packed returns the bytes of a word of at most eight in little endian order.
func packed(s string) uint64 {
	word := uint64(0)
	for i := range len(s) {
		word |= uint64(s[i]) << (8 * i)
	}
	return word
}

// The precedences of binary operators; higher binds tighter. "not", unary
// operators and "**" are handled by the parser itself.
const (
	precOr = iota + 1
	precAnd
	precNot
	precCompare
	precPipe
	precCaret
	precAmp
	precShift
	precSum
	precTerm
	precUnary
)

// precedence maps a token to its precedence as a binary operator, or 0.
var precedence = [256]uint8{
	tOr: precOr, tAnd: precAnd,
	tIn: precCompare, tIs: precCompare, tNot: precCompare,
	tLess: precCompare, tGreater: precCompare, tLessEqual: precCompare,
	tGreaterEqual: precCompare, tEqEqual: precCompare, tNotEqual: precCompare,
	tPipe: precPipe, tCaret: precCaret, tAmp: precAmp,
	tLShift: precShift, tRShift: precShift,
	tPlus: precSum, tMinus: precSum,
	tStar: precTerm, tSlash: precTerm, tDoubleSlash: precTerm, tPercent: precTerm, tAt: precTerm,
}

// operandKind tells the tokens that are an expression by themselves.
var operandKind = [256]Kind{tName: Name, tNumber: Number, tString: String, tNone: Constant, tTrue: Constant, tFalse: Constant, tEllipsis: Constant}

// endsOperand holds all bits of a Kind for tokens behind which an expression of one
// token is complete.
var endsOperand = [256]Kind{
	tComma: allBits, tRPar: allBits, tRSqb: allBits, tRBrace: allBits, tColon: allBits, tNewline: allBits, tEqual: allBits, tSemi: allBits,
	tFClose: allBits, tFColon: allBits, tAs: allBits, tFor: allBits, tFrom: allBits,
}

const allBits = 0xff

// startsExpression tells which tokens can begin an expression.
var startsExpression = [256]bool{
	tName: true, tNumber: true, tString: true, tFStart: true, tLPar: true, tLSqb: true, tLBrace: true,
	tEllipsis: true, tTilde: true, tPlus: true, tMinus: true, tNot: true, tLambda: true, tAwait: true,
	tNone: true, tTrue: true, tFalse: true,
}

// startsStatement tells which tokens at the beginning of a line can only be
// the start of a statement, also where a bracket is still open.
var startsStatement = [tokenKinds]bool{
	tAssert: true, tBreak: true, tClass: true, tContinue: true, tDef: true, tDel: true, tExcept: true,
	tFinally: true, tFrom: true, tGlobal: true, tImport: true, tNonlocal: true, tPass: true, tRaise: true,
	tReturn: true, tTry: true, tWhile: true, tWith: true, tAt: true,
}

// The classes of bytes, as the lexer's main switch sees them.
const (
	cOperator uint8 = iota
	cOpen
	cClose
	cNewline
	cDigit
	cHash
	cBlank
	cBackslash
	cOther // not legal outside of strings and comments
	cQuote
	cIdent // begins an identifier
)

// byteClass classifies bytes; continues marks those that continue an identifier.
var (
	byteClass [256]uint8
	continues [256]bool
)

// brackets tells the opening bracket of a closing one, and operators the
// kinds of brackets and of operators of one byte, but for those that mean
// something else in f-strings.
var (
	brackets  = [256]byte{')': '(', ']': '[', '}': '{'}
	operators = [256]tokenKind{
		'(': tLPar, ')': tRPar, '[': tLSqb, ']': tRSqb, '{': tLBrace, '}': tRBrace, ',': tComma, ';': tSemi, '.': tDot, '=': tEqual,
		'+': tPlus, '-': tMinus, '*': tStar, '/': tSlash, '%': tPercent, '@': tAt, '&': tAmp, '|': tPipe, '^': tCaret, '~': tTilde,
		'<': tLess, '>': tGreater, ':': tColon,
	}
	// withEqual tells the kinds and the sizes of what begins with an operator of one
	// byte before "=".
	withEqual = [256]struct {
		kind tokenKind
		size uint8
	}{
		'=': {tEqEqual, 2}, '!': {tNotEqual, 2}, '<': {tLessEqual, 2}, '>': {tGreaterEqual, 2}, ':': {tWalrus, 2},
		'+': {tPlusEqual, 2}, '-': {tMinusEqual, 2}, '*': {tStarEqual, 2}, '/': {tSlashEqual, 2}, '%': {tPercentEqual, 2},
		'@': {tAtEqual, 2}, '&': {tAmpEqual, 2}, '|': {tPipeEqual, 2}, '^': {tCaretEqual, 2},
		',': {tComma, 1}, ';': {tSemi, 1}, '.': {tDot, 1}, '~': {tTilde, 1},
	}
	// extends says what a byte can make of an operator in front of it, and extended
	// what an operator is open to.
	extends  [256]uint8
	extended = [256]uint8{
		':': extendsOperator | extendsField, '=': extendsOperator, '+': extendsOperator, '-': extendsOperator, '*': extendsOperator,
		'/': extendsOperator, '%': extendsOperator, '@': extendsOperator, '&': extendsOperator, '|': extendsOperator,
		'^': extendsOperator, '<': extendsOperator, '>': extendsOperator, '.': extendsDot, '!': extendsAny,
	}
)

// What can become of an operator of one byte.
const (
	extendsOperator = 1 << iota // another one of two or three bytes, but for those that end with "="
	extendsDot                  // a number or an ellipsis
	extendsAny                  // nothing that is legal, but for those that end with "="
	extendsField                // something else in the field of an f-string
)

func init() {
	for c := range byteClass {
		b := byte(c)
		extends[c] = extendsAny
		switch {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80:
			byteClass[c], continues[c] = cIdent, true
		case b >= '0' && b <= '9':
			byteClass[c], continues[c] = cDigit, true
			extends[c] |= extendsDot
		default:
			byteClass[c] = cOther
		}
	}
	extends['='] = 0
	extends['.'] |= extendsDot
	for _, b := range []byte("><*/") {
		extends[b] |= extendsOperator
	}
	for class, bytes := range [...]string{
		cOperator: ",:;.=+-*/%@&|^<>~!", cOpen: "([{", cClose: ")]}", cNewline: "\r\n", cQuote: "\"'", cHash: "#", cBlank: " \t\f", cBackslash: "\\",
	} {
		for _, b := range []byte(bytes) {
			byteClass[b] = uint8(class)
		}
	}
	for kind, word := range keywords {
		if w := packed(word); word != "" {
			e := &keywordTable[keywordSlot(w)]
			e.word, e.kind = w, tokenKind(kind)
		}
	}
}
