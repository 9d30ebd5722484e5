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

// keyword returns the kind of the identifier b: a keyword's, or tName.
func keyword(b []byte) tokenKind {
	switch string(b) { // compiles to a search by length and value, without an allocation
	case "in":
		return tIn
	case "is":
		return tIs
	case "not":
		return tNot
	case "and":
		return tAnd
	case "or":
		return tOr
	case "if":
		return tIf
	case "else":
		return tElse
	case "lambda":
		return tLambda
	case "await":
		return tAwait
	case "yield":
		return tYield
	case "None":
		return tNone
	case "True":
		return tTrue
	case "False":
		return tFalse
	case "as":
		return tAs
	case "assert":
		return tAssert
	case "async":
		return tAsync
	case "break":
		return tBreak
	case "class":
		return tClass
	case "continue":
		return tContinue
	case "def":
		return tDef
	case "del":
		return tDel
	case "elif":
		return tElif
	case "except":
		return tExcept
	case "finally":
		return tFinally
	case "for":
		return tFor
	case "from":
		return tFrom
	case "global":
		return tGlobal
	case "import":
		return tImport
	case "nonlocal":
		return tNonlocal
	case "pass":
		return tPass
	case "raise":
		return tRaise
	case "return":
		return tReturn
	case "try":
		return tTry
	case "while":
		return tWhile
	case "with":
		return tWith
	}
	return tName
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
var precedence = [tokenKinds]uint8{
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
var operandKind = [tokenKinds]Kind{tName: Name, tNumber: Number, tNone: Constant, tTrue: Constant, tFalse: Constant, tEllipsis: Constant}

// endsOperand tells tokens behind which an expression of one token is complete.
var endsOperand = [tokenKinds]bool{
	tComma: true, tRPar: true, tRSqb: true, tRBrace: true, tColon: true, tNewline: true, tEqual: true, tSemi: true,
	tFClose: true, tFColon: true, tAs: true, tFor: true, tFrom: true,
}

// startsExpression tells which tokens can begin an expression.
var startsExpression = [tokenKinds]bool{
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
	cOther uint8 = iota // not legal outside of strings and comments
	cIdent              // begins an identifier
	cDigit
	cBlank
	cNewline
	cQuote
	cOperator
	cHash
	cBackslash
)

// byteClass classifies bytes; continues marks those that continue an identifier.
var (
	byteClass [256]uint8
	continues [256]bool
)

func init() {
	for c := range byteClass {
		b := byte(c)
		switch {
		case b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' || b >= 0x80:
			byteClass[c], continues[c] = cIdent, true
		case b >= '0' && b <= '9':
			byteClass[c], continues[c] = cDigit, true
		}
	}
	for _, b := range []byte(" \t\f") {
		byteClass[b] = cBlank
	}
	for _, b := range []byte("\r\n") {
		byteClass[b] = cNewline
	}
	for _, b := range []byte("\"'") {
		byteClass[b] = cQuote
	}
	for _, b := range []byte("()[]{},:;.=+-*/%@&|^<>~!") {
		byteClass[b] = cOperator
	}
	byteClass['#'] = cHash
	byteClass['\\'] = cBackslash
}
