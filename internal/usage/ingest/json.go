package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"github.com/valyala/fastjson"
	"github.com/valyala/fastjson/fastfloat"
)

// value is a JSON value as it stands in the log, nil for none.
//
// Of a record we need a few keys at its top. So nothing is built of it: one pass
// finds where its keys and values are, and that it is whole. Only what is nested
// deeply (OpenTelemetry, Insights, the recorder's lines) becomes a tree of
// fastjson, which also takes escape sequences apart. It decides what JSON is, here
// as well: more than encoding/json takes, such as control characters in strings.
type value []byte

func (v value) string() bool { return len(v) > 0 && v[0] == '"' }
func (v value) object() bool { return len(v) > 0 && v[0] == '{' }
func (v value) array() bool  { return len(v) > 0 && v[0] == '[' }
func (v value) null() bool   { return string(v) == "null" }
func (v value) number() bool {
	if len(v) == 0 {
		return false
	}
	switch v[0] {
	case '"', '{', '[', 't', 'f':
		return false
	}
	return !v.null()
}

// text is the value when it is a string.
func (v value) text() []byte {
	if !v.string() {
		return nil
	}
	return unquote(v[1 : len(v)-1])
}

// float is the value when it is a number, else 0.
func (v value) float() float64 {
	if !v.number() {
		return 0
	}
	return fastfloat.ParseBestEffort(string(v))
}

// unquote is what stands between the quotes of a string.
func unquote(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw
	}
	quoted := make([]byte, 0, len(raw)+2)
	quoted = append(append(append(quoted, '"'), raw...), '"')
	var parser fastjson.Parser
	v, err := parser.ParseBytes(quoted)
	if err != nil {
		return raw // not of a string that was found by next
	}
	b, _ := v.StringBytes() // of a string
	return b
}

// get returns the value under a path of keys, as fastjson's Get: numbers are
// places in arrays.
func (v value) get(path ...string) value {
	for _, key := range path {
		place := -1
		if v.array() {
			var err error
			if place, err = strconv.Atoi(key); err != nil || place < 0 {
				return nil
			}
		}
		found := value(nil)
		for w := walk(v); w.next(); place-- {
			if place == 0 || w.object && w.named(key) {
				found = w.value()
				break
			}
		}
		v = found
	}
	return v
}

// walker goes through the members of an object or the elements of an array.
type walker struct {
	b       []byte
	at      int    // where the member's value begins, or the next member
	depth   int    // of the values
	closing byte   // 0 at the end
	object  bool   // it has keys
	left    bool   // the member's value is still to be passed over
	bad     bool   // it is no whole value
	key     []byte // of an object's member, without quotes, as it stands there
}

// walk begins before the first member of an object or array. Of any other value,
// and of none, there is nothing to walk.
func walk(b []byte) walker {
	w := walker{b: b, at: skipSpace(b, 0), depth: 1}
	if w.at == len(b) || b[w.at] != '{' && b[w.at] != '[' {
		w.at = skipValue(b, w.at, 1)
		w.bad = w.at < 0
		w.trailing()
		return w
	}
	in := w.inner()
	if in.closing == 0 {
		in.trailing()
	}
	return in
}

// opens reports whether the member's value begins with a bracket.
func (w *walker) opens(bracket byte) bool { return w.at < len(w.b) && w.b[w.at] == bracket }

// named reports whether that is the member's key.
func (w *walker) named(key string) bool {
	return string(w.key) == key || bytes.IndexByte(w.key, '\\') >= 0 && string(unquote(w.key)) == key
}

// inner walks the value that the walker is at, an object or array; outer goes on
// behind it.
func (w *walker) inner() walker {
	in := walker{b: w.b, depth: w.depth + 1}
	in.closing, in.object = ']', w.b[w.at] == '{'
	if in.object {
		in.closing = '}'
	}
	in.at = skipSpace(w.b, w.at+1)
	if in.at < len(w.b) && w.b[in.at] == in.closing {
		in.at++
		in.closing = 0
	}
	return in
}

// outer goes on behind a value of which inner walks.
func (w *walker) outer(in *walker) {
	for in.next() {
	}
	w.at, w.left = in.at, false
	if in.bad {
		w.fail()
		return
	}
	w.separator()
}

// trailing notes that there must be only space behind the outermost value.
func (w *walker) trailing() { w.bad = w.bad || skipSpace(w.b, w.at) < len(w.b) }

func (w *walker) fail() { w.closing, w.left, w.bad = 0, false, true }

// next goes to the value of the next member or element. It is false at the end,
// where bad says whether that was the end of a whole value.
func (w *walker) next() bool {
	if w.left {
		w.value()
	}
	if w.closing == 0 {
		return false
	}
	if w.object {
		key, at := skipKey(w.b, w.at)
		if at < 0 {
			w.fail()
			return false
		}
		w.key, w.at = w.b[w.at+1:key], at
	}
	w.left = true
	return true
}

// value returns the value of the member, and passes over it; nil when it is
// broken. It is called once.
func (w *walker) value() value {
	from := w.at
	w.left = false
	if w.at = skipValue(w.b, w.at, w.depth); w.at < 0 {
		w.fail()
		return nil
	}
	v := w.b[from:w.at:w.at]
	w.separator()
	return v
}

// separator passes over what is between members, or closes them.
func (w *walker) separator() {
	at := skipSpace(w.b, w.at)
	switch {
	case at < len(w.b) && w.b[at] == ',':
		w.at = skipSpace(w.b, at+1)
	case at < len(w.b) && w.b[at] == w.closing:
		w.at, w.closing = at+1, 0
		if w.depth == 2 {
			w.trailing()
		}
	default:
		w.fail()
	}
}

// skipKey returns where a key ends (its closing quote) and where its value begins,
// which is negative where there is none.
func skipKey(b []byte, at int) (key, next int) {
	if at >= len(b) || b[at] != '"' {
		return 0, -1
	}
	next = skipString(b, at+1)
	if next < 0 {
		return 0, -1
	}
	key = next - 1
	if next = skipSpace(b, next); next >= len(b) || b[next] != ':' {
		return 0, -1
	}
	return key, skipSpace(b, next+1)
}

func skipSpace(b []byte, at int) int {
	for at < len(b) && b[at] <= ' ' && (b[at] == ' ' || b[at] == '\n' || b[at] == '\t' || b[at] == '\r') {
		at++
	}
	return at
}

// skipString returns what is behind the quote that closes a string which begins
// at a place, -1 without one. Most strings of a log are shorter than what a call of
// bytes.IndexByte costs, so eight bytes at a time come first.
func skipString(b []byte, at int) int {
	const (
		ones   = 0x0101010101010101
		highs  = 0x80 * ones
		quotes = '"' * ones
	)
	from := at
	for range 5 {
		if len(b)-at < 8 {
			break
		}
		x := binary.LittleEndian.Uint64(b[at:]) ^ quotes // a byte is 0 where there is a quote
		if x = (x - ones) &^ x & highs; x != 0 {
			at += bits.TrailingZeros64(x)/8 + 1
			if b[at-2] != '\\' {
				return at
			}
			at--
			break
		}
		at += 8
	}
	for {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return -1
		}
		at += i + 1
		escapes := 0
		for at-2-escapes >= from && b[at-2-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return at
		}
	}
}

// skipValue returns what is behind a value that begins at a place, -1 where there
// is none.
func skipValue(b []byte, at, depth int) int {
	if at >= len(b) || depth > fastjson.MaxDepth {
		return -1
	}
	switch b[at] {
	case '"':
		return skipString(b, at+1)
	case '{', '[':
		return skipNested(b, at, depth)
	case 't':
		return skipWord(b, at, "true")
	case 'f':
		return skipWord(b, at, "false")
	case 'n':
		if end := skipWord(b, at, "null"); end > 0 {
			return end
		}
	}
	return skipNumber(b, at)
}

// skipNested is skipValue of an object or array.
func skipNested(b []byte, at, depth int) int {
	object, closing := b[at] == '{', byte(']')
	if object {
		closing = '}'
	}
	at = skipSpace(b, at+1)
	if at < len(b) && b[at] == closing {
		return at + 1
	}
	for {
		if object {
			if _, at = skipKey(b, at); at < 0 {
				return -1
			}
		}
		if at = skipValue(b, at, depth+1); at < 0 {
			return -1
		}
		at = skipSpace(b, at)
		if at >= len(b) || b[at] != ',' {
			break
		}
		at = skipSpace(b, at+1)
	}
	if at >= len(b) || b[at] != closing {
		return -1
	}
	return at + 1
}

func skipWord(b []byte, at int, word string) int {
	if at+len(word) > len(b) || string(b[at:at+len(word)]) != word {
		return -1
	}
	return at + len(word)
}

// skipNumber skips everything that numbers are made of, and what JavaScript and
// Python write for those that are none.
func skipNumber(b []byte, from int) int {
	at := from
	for at < len(b) && (b[at] >= '0' && b[at] <= '9' || b[at] == '.' || b[at] == '-' || b[at] == '+' || b[at] == 'e' || b[at] == 'E') {
		at++
	}
	if at < len(b) && (at == from || at == from+1 && (b[from] == '-' || b[from] == '+')) {
		if len(b)-at >= 3 && (bytes.EqualFold(b[at:at+3], []byte("inf")) || bytes.EqualFold(b[at:at+3], []byte("nan"))) {
			return at + 3
		}
		return -1
	}
	return at
}

var errNotJSON = errors.New("broken JSON")

// notJSON says what is wrong with JSON, in the words of encoding/json. fastjson is not
// asked: of a thousand brackets it makes an error within an error a thousand times.
func notJSON(b []byte) error {
	var any json.RawMessage
	err := json.Unmarshal(b, &any)
	if err == nil {
		err = fmt.Errorf("it is nested more than %d levels deep", fastjson.MaxDepth)
	}
	return fmt.Errorf("%w: %w", errNotJSON, err)
}

// tree makes a tree of a value, which lives until the parser's next use; nil for
// none.
func tree(parser *fastjson.Parser, b value) *fastjson.Value {
	v, err := parser.ParseBytes(b)
	if err != nil {
		return nil
	}
	return v
}
