package launch

import (
	_ "embed"
	"strconv"
	"strings"
)

//go:embed program.py
var programSource string

// Program is an embedded script that several processes run, one after the
// other: what one of them compiles serves the others.
type Program struct {
	Parts []string // of its source, which share their global names
	Code  []byte   // its byte-code, as COMPILED was in a process of the same interpreter; nil: it is compiled
	Input []byte   // what it finds in INPUT
	Later []string // parts of another program, which it finds compiled in COMPILED; nil: none
}

// Run returns the arguments and the standard input that run the program. It
// starts like a Script; its standard input is empty.
func (p *Program) Run(args ...string) (arguments []string, stdin []byte) {
	stdin = append(strconv.AppendInt(nil, int64(len(p.Code)), 10), '\n')
	stdin = append(append(stdin, p.Code...), p.Input...)
	const separator = "\x1e" // no part has it
	return append([]string{"-c", programSource, strings.Join(p.Parts, separator), strings.Join(p.Later, separator)}, args...), stdin
}
