package launch

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed program.py
var programSource string

// Program is an embedded script that several processes run, one after the
// other: what one of them compiles serves the others.
type Program struct {
	Parts []string // of its source, which share their global names
	Code  []byte   // its byte-code, as COMPILED was in a process of some Python; nil: it is compiled
	Input []byte   // what it finds in INPUT
	Later []string // parts of another program, which it finds compiled in COMPILED; nil: none
}

// Run returns the arguments and the standard input that run the program. It
// starts like a Script; its standard input is empty.
//
// Source and byte-code come on standard input, because Python takes as long to
// decode arguments of that size as for a third of the program.
func (p *Program) Run(args ...string) (arguments []string, stdin []byte) {
	pieces := [3]string{string(p.Code), joined(p.Parts), joined(p.Later)}
	stdin = fmt.Appendf(nil, "%d %d %d\n", len(pieces[0]), len(pieces[1]), len(pieces[2]))
	for _, piece := range pieces {
		stdin = append(stdin, piece...)
	}
	return append([]string{"-c", programStart}, args...), append(stdin, p.Input...)
}

// joined puts what starts a program before its parts.
func joined(parts []string) string {
	if len(parts) == 0 {
		return ""
	}
	return programSource + "\x1e" + strings.Join(parts, "\x1e") // no part has it
}

// programStart runs the first part: from byte-code, unless it is of another
// Python, which it might crash.
const programStart = `import sys, os, marshal
from _frozen_importlib_external import MAGIC_NUMBER
_sizes, _, _data = b"".join(iter(lambda: os.read(0, 1 << 20), b"")).partition(b"\n")
_sizes, _tag, _parts = [int(n) for n in _sizes.split()], b"%d %s" % (sys.hexversion, MAGIC_NUMBER), None
if _data.startswith(_tag):
    _parts = marshal.loads(_data[len(_tag):_sizes[0]])
exec(_parts[0] if _parts else _data[_sizes[0]:].partition(b"\x1e")[0])`
