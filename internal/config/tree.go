package config

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// Error is a mistake in a configuration file.
type Error struct {
	File    string // relative to the project
	Line    int    // 1-based
	Column  int    // 1-based, in characters
	Message string
}

// Error returns "file:line:column: message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Message)
}

// valueKind is the TOML type of a value.
type valueKind int

const (
	kindTable valueKind = iota
	kindArray
	kindString
	kindInteger
	kindFloat
	kindBool
	kindDate
)

// String names the type as messages do.
func (k valueKind) String() string {
	return [...]string{"a table", "an array", "a string", "an integer", "a number", "a boolean", "a date"}[k]
}

// value is a TOML value with its place in the file.
type value struct {
	kind  valueKind
	pos   int // byte offset of the value, for a table header that of its key
	text  string
	num   float64
	items []*value // of an array
	keys  []*entry // of a table, in file order
}

// entry is one key of a table.
type entry struct {
	name string
	pos  int // byte offset of the key
	val  *value
}

// get returns the value of a key of a table, nil when it is not there.
func (v *value) get(name string) *value {
	if e := v.entry(name); e != nil {
		return e.val
	}
	return nil
}

func (v *value) entry(name string) *entry {
	if v == nil {
		return nil
	}
	for _, e := range v.keys {
		if e.name == name {
			return e
		}
	}
	return nil
}

// document is a parsed TOML file.
type document struct {
	file string
	data []byte
	root *value
}

// parse reads a TOML file. What is no TOML is an *Error with its place.
func parse(file string, data []byte) (*document, error) {
	d := &document{file: file, data: data, root: &value{kind: kindTable}}
	if i := firstInvalidUTF8(data); i >= 0 {
		return nil, d.errorAt(i, "the file is not UTF-8 here; TOML files are UTF-8")
	}
	// The library's decoder finds what its parser alone accepts, such as a
	// key that is defined twice.
	var all map[string]any
	if err := toml.Unmarshal(data, &all); err != nil {
		return nil, d.syntaxError(err)
	}
	p := &unstable.Parser{}
	p.Reset(data)
	table := d.root
	for p.NextExpression() {
		n := p.Expression()
		switch n.Kind {
		case unstable.Table:
			table = d.descend(d.root, n.Key(), false)
		case unstable.ArrayTable:
			table = d.descend(d.root, n.Key(), true)
		case unstable.KeyValue:
			d.keyValue(table, n)
		}
	}
	if err := p.Error(); err != nil {
		return nil, d.syntaxError(err)
	}
	return d, nil
}

func firstInvalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// descend returns the table that a header names and creates it where needed.
// With array, the last key is an array of tables that gets a new element.
func (d *document) descend(t *value, keys unstable.Iterator, array bool) *value {
	for keys.Next() {
		k := keys.Node()
		pos := int(k.Raw.Offset)
		e := t.entry(string(k.Data))
		last := array && keys.IsLast()
		if e == nil {
			kind := kindTable
			if last {
				kind = kindArray
			}
			e = &entry{string(k.Data), pos, &value{kind: kind, pos: pos}}
			t.keys = append(t.keys, e)
		}
		t = e.val
		if last {
			t.items = append(t.items, &value{kind: kindTable, pos: pos})
		}
		if t.kind == kindArray && len(t.items) > 0 {
			t = t.items[len(t.items)-1]
		}
	}
	return t
}

// keyValue adds "a.b = value" to a table.
func (d *document) keyValue(t *value, n *unstable.Node) {
	keys := n.Key()
	for keys.Next() {
		k := keys.Node()
		pos := int(k.Raw.Offset)
		if !keys.IsLast() {
			e := t.entry(string(k.Data))
			if e == nil {
				e = &entry{string(k.Data), pos, &value{kind: kindTable, pos: pos}}
				t.keys = append(t.keys, e)
			}
			t = e.val
			continue
		}
		end := pos + int(k.Raw.Length)
		t.keys = append(t.keys, &entry{string(k.Data), pos, d.value(n.Value(), d.afterEquals(end))})
	}
}

// afterEquals returns the offset of the value whose key ends at end.
func (d *document) afterEquals(end int) int {
	for end < len(d.data) && strings.IndexByte(" \t=", d.data[end]) >= 0 {
		end++
	}
	return end
}

func (d *document) value(n *unstable.Node, pos int) *value {
	v := &value{pos: pos, text: string(n.Data)}
	if n.Raw.Length > 0 {
		v.pos = int(n.Raw.Offset)
	}
	switch n.Kind {
	case unstable.Array:
		v.kind = kindArray
		for c := n.Children(); c.Next(); {
			if c.Node().Kind != unstable.Comment {
				v.items = append(v.items, d.value(c.Node(), v.pos))
			}
		}
	case unstable.InlineTable:
		v.kind = kindTable
		for c := n.Children(); c.Next(); {
			if c.Node().Kind == unstable.KeyValue {
				d.keyValue(v, c.Node())
			}
		}
	case unstable.String:
		v.kind = kindString
	case unstable.Integer:
		v.kind = kindInteger
		i, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimPrefix(v.text, "+"), "_", ""), 0, 64)
		if err == nil {
			v.num = float64(i)
		}
	case unstable.Float:
		v.kind = kindFloat
		v.num, _ = strconv.ParseFloat(strings.ReplaceAll(v.text, "_", ""), 64)
	case unstable.Bool:
		v.kind = kindBool
	default:
		v.kind = kindDate
	}
	return v
}

// errorAt makes an Error for the byte offset pos.
func (d *document) errorAt(pos int, format string, args ...any) *Error {
	pos = min(pos, len(d.data))
	line := 1 + bytes.Count(d.data[:pos], []byte("\n"))
	start := bytes.LastIndexByte(d.data[:pos], '\n') + 1
	return &Error{d.file, line, 1 + utf8.RuneCount(d.data[start:pos]), fmt.Sprintf(format, args...)}
}

// syntaxError turns an error of the TOML library into one with a place.
func (d *document) syntaxError(err error) error {
	var de *toml.DecodeError
	if !errors.As(err, &de) {
		return d.errorAt(0, "%s", strings.TrimPrefix(err.Error(), "toml: "))
	}
	line, column := de.Position()
	pos := 0
	for ; line > 1; line-- {
		i := bytes.IndexByte(d.data[pos:], '\n')
		if i < 0 {
			break
		}
		pos += i + 1
	}
	return d.errorAt(pos+max(column-1, 0), "invalid TOML: %s", strings.TrimPrefix(de.Error(), "toml: "))
}
