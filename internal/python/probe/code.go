package probe

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"

	"fastpath/internal/atomicfile"
	"fastpath/internal/python/syntax"
)

// Code is the probe compiled by some Python. A process of another one compiles
// it once more.
type Code struct{ graph, timing []byte }

// Known reports whether there is any.
func (c Code) Known() bool { return len(c.timing) > 0 }

// codeFile is where a folder keeps the code of a version of Python, and the
// pattern of all names that others of our own versions have had.
func codeFile(dir string, v syntax.Version) (name, pattern string) {
	head := fmt.Sprintf("probe-%d.%d-", v.Major, v.Minor)
	sum := sha256.Sum256(program(Options{}, PassGraph).Input())
	return filepath.Join(dir, fmt.Sprintf("%s%x", head, sum[:8])), filepath.Join(dir, head+"*")
}

// ReadCode reads what Write has written to a folder for a version of Python, if
// that is whole.
func ReadCode(dir string, v syntax.Version) Code {
	name, _ := codeFile(dir, v)
	data, err := os.ReadFile(name)
	if err != nil || len(data) < sha256.Size+4 {
		return Code{}
	}
	sum, data := data[:sha256.Size], data[sha256.Size:]
	if want := sha256.Sum256(data); !bytes.Equal(sum, want[:]) {
		return Code{}
	}
	size, data := int(binary.LittleEndian.Uint32(data)), data[4:]
	if size > len(data) {
		return Code{}
	}
	return Code{data[:size], data[size:]}
}

// Write keeps the code for the next call of ReadCode, in place of what our own
// other versions have kept. The folder is made where it is missing.
func (c Code) Write(dir string, v syntax.Version) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	name, pattern := codeFile(dir, v)
	others, err := filepath.Glob(pattern)
	if err != nil {
		return err
	}
	data := binary.LittleEndian.AppendUint32(nil, uint32(len(c.graph)))
	data = append(append(data, c.graph...), c.timing...)
	sum := sha256.Sum256(data)
	if err := atomicfile.Write(name, append(sum[:], data...)); err != nil {
		return err
	}
	for _, other := range others {
		if other != name {
			_ = os.Remove(other) // another process may have done it
		}
	}
	return nil
}
