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
	Code  []byte   // its byte-code, from COMPILED of some Python; nil: it is compiled
	Later []string // parts of another program, which are compiled where the program itself is; nil: none
}

// ProgramArguments returns the arguments of a Python that runs a Program. It
// starts like a Script; its standard input is empty.
func ProgramArguments() []string { return []string{"-c", programStart} }

// ProgramAfter is Python that runs a Program whose arguments, but for "-c", are the
// last ones of the process, behind other code. What that keeps in the list STARTED the
// program finds under that name.
const ProgramAfter = "exec(sys.argv.pop())\n"

// Input returns the beginning of the standard input of such a process. The
// program finds args in ARGUMENTS, and gets the rest of the input, up to its
// end, from the function INPUT(). Where it had to be compiled and has Later,
// COMPILED holds the byte-code of both.
//
// Source and byte-code come on standard input, because Python takes as long to
// decode arguments of that size as for a third of the program.
func (p *Program) Input(args ...string) []byte {
	pieces := [4]string{string(p.Code), joined(p.Parts), joined(p.Later), strings.Join(args, "\x00")}
	var input []byte
	for _, piece := range pieces {
		input = fmt.Appendf(input, "%d ", len(piece))
	}
	input = append(input, '\n')
	for _, piece := range pieces {
		input = append(input, piece...)
	}
	return input
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
_data, _sizes = b"", ()
while not _sizes or len(_data) < sum(_sizes):
    _more = os.read(0, 1 << 20)
    if not _more:
        os._exit(0)
    _data += _more
    if not _sizes and b"\n" in _data:
        _sizes, _, _data = _data.partition(b"\n")
        _sizes = [int(n) for n in _sizes.split()]
_tag, _parts = b"%d %s" % (sys.hexversion, MAGIC_NUMBER), None
if _data.startswith(_tag):
    _parts = marshal.loads(_data[len(_tag):_sizes[0]])
exec(_parts[0] if _parts else _data[_sizes[0]:].partition(b"\x1e")[0])`
