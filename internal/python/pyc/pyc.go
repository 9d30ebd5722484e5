// Package pyc says whether the interpreter would use a byte-code file, from
// the file's header and the source, without starting Python.
//
// What comes in is the path of a source and the version that would import it,
// what goes out is a State. The header is that of PEP 552: four bytes of magic
// number, four of flags, then date and size of the source, or its hash.
package pyc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fastpath/internal/python/syntax"
)

// State says what becomes of a source's byte-code.
type State string

// The states. In all but Valid the source is compiled when it is imported.
const (
	Valid   State = "valid"
	Missing State = "missing" // there is no file
	Stale   State = "stale"   // it was made from another source, or from one of another date
	Foreign State = "foreign" // it was made by another version of Python
	Damaged State = "damaged" // it has no header
)

// Kind is how a byte-code file knows its source.
type Kind string

// The kinds.
const (
	Timestamp     Kind = "timestamp"      // by its date and size
	CheckedHash   Kind = "checked-hash"   // by its content, which is read and hashed at each import
	UncheckedHash Kind = "unchecked-hash" // not at all
)

// Target is the interpreter that would import.
type Target struct {
	Version        syntax.Version
	Implementation string // "cpython" or "pypy"
	Optimize       string // the value of PYTHONOPTIMIZE: "", "1", "2"
	Prefix         string // the value of PYTHONPYCACHEPREFIX, absolute
}

// magics are the magic numbers of the released versions; those of pre-releases
// do not matter, and those of versions to come are not known.
var magics = map[syntax.Version]uint16{
	{Major: 3, Minor: 8}:  3413,
	{Major: 3, Minor: 9}:  3425,
	{Major: 3, Minor: 10}: 3439,
	{Major: 3, Minor: 11}: 3495,
	{Major: 3, Minor: 12}: 3531,
	{Major: 3, Minor: 13}: 3571,
	{Major: 3, Minor: 14}: 3627,
	{Major: 3, Minor: 15}: 3666,
}

// Path returns where the byte-code of a source lies.
func (t *Target) Path(source string) string {
	name := strings.TrimSuffix(filepath.Base(source), ".py")
	tag := fmt.Sprintf("cpython-%d%d", t.Version.Major, t.Version.Minor)
	if t.Implementation == "pypy" {
		tag = fmt.Sprintf("pypy%d%d", t.Version.Major, t.Version.Minor)
	}
	if t.Optimize != "" {
		tag += ".opt-" + t.Optimize
	}
	dir := filepath.Dir(source)
	if t.Prefix == "" {
		dir = filepath.Join(dir, "__pycache__")
	} else {
		dir = filepath.Join(t.Prefix, strings.TrimPrefix(dir, filepath.VolumeName(dir)))
	}
	return filepath.Join(dir, name+"."+tag+".pyc")
}

// Check returns the state of the byte-code of a source, and its kind where it
// has a header. What cannot be known, such as the magic number of a version to
// come, counts as right.
func (t *Target) Check(source string) (State, Kind) {
	h, err := readHeader(t.Path(source))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Missing, ""
	case err != nil:
		return Damaged, ""
	}
	if want, ok := magics[t.Version]; ok && t.Implementation != "pypy" && h.magic != uint32(want)|'\r'<<16|'\n'<<24 {
		return Foreign, h.kind
	}
	switch h.kind {
	case Timestamp:
		info, err := os.Stat(source)
		if err == nil && (h.date != uint32(info.ModTime().Unix()) || h.size != uint32(info.Size())) {
			return Stale, h.kind
		}
	case CheckedHash:
		data, err := os.ReadFile(source)
		compression, finalization := t.rounds()
		if err == nil && t.Implementation != "pypy" && h.hash != sourceHash(h.magic, data, compression, finalization) {
			return Stale, h.kind
		}
	}
	return Valid, h.kind
}

// rounds returns the number of compression rounds of the source hash: CPython
// went from SipHash-2-4 to SipHash-1-3 with 3.11.
func (t *Target) rounds() (compression, finalization int) {
	if t.Version.Less(syntax.Version{Major: 3, Minor: 11}) {
		return 2, 4
	}
	return 1, 3
}

// header is the first 16 bytes of a byte-code file.
type header struct {
	magic      uint32
	kind       Kind
	date, size uint32 // of the source
	hash       uint64 // of the source
}

func readHeader(path string) (*header, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b [16]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return nil, err
	}
	h := &header{magic: binary.LittleEndian.Uint32(b[:])}
	switch flags := binary.LittleEndian.Uint32(b[4:]); flags {
	case 0:
		h.kind, h.date, h.size = Timestamp, binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
	case 1:
		h.kind = UncheckedHash
	case 3:
		h.kind, h.hash = CheckedHash, binary.LittleEndian.Uint64(b[8:])
	default:
		return nil, fmt.Errorf("%s: unknown flags %#x", path, flags)
	}
	return h, nil
}
