package ingest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"fastpath/internal/regexps"
)

// wrapperKey is how the objects begin that CloudWatch puts around events, and
// OpenTelemetry's.
var wrapperKey = regexps.New(`^\{\s*"(?:(?:events|logEvents|messageType|owner|logGroup|logStream|searchedLogStreams|nextToken|nextForwardToken|nextBackwardToken|awslogs|invocationId|resourceLogs|results|queryLanguage|statistics)"\s*:|Records"\s*:\s*\[\s*\{\s*"(?:kinesis|SequenceNumber)")`)

// isDocument tells values that span lines, or follow each other without one,
// from JSON lines and text.
func isDocument(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n")
	if len(head) == 0 {
		return false
	}
	if head[0] == '[' { // an array of objects; a text log has a level there
		rest := bytes.TrimLeft(head[1:], " \t\r\n")
		return len(rest) > 0 && rest[0] == '{'
	}
	if head[0] != '{' {
		return false
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	first = bytes.TrimRight(first, " \t\r")
	last := first[len(first)-1]
	return last == '{' || last == '[' || last == ',' || wrapperKey().Match(head)
}

// counted hands on data, counts its lines, and ends when more than left bytes
// are asked for without a new allowance.
type counted struct {
	in    io.Reader
	left  int
	lines int64
	read  int64 // bytes
	err   error // what the data ended with
}

var errTooLarge = errors.New("a JSON value is too large")

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLarge
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
	c.read += int64(n)
	c.lines += int64(bytes.Count(p[:n], []byte("\n")))
	if err != nil {
		c.err = err
	}
	return n, err
}

// document reads JSON values one event at a time. When one of them is broken
// it returns what is left behind the broken line, to be read as lines.
func (r *reader) document(in *bufio.Reader) (rest io.Reader, err error) {
	src := &counted{in: in}
	dec := json.NewDecoder(src)
	d := &documentReader{reader: r, dec: dec, src: src}
	for err == nil {
		err = d.value(unknown)
		if r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
	}
	left := d.unread()
	here := src.lines - int64(bytes.Count(left, []byte("\n")))
	switch {
	case src.err != nil && src.err != io.EOF:
		return nil, src.err
	case err == io.EOF:
		return nil, nil
	}
	message := "broken JSON: " + err.Error()
	if errors.Is(err, io.ErrUnexpectedEOF) {
		message = "broken JSON: it ends too early"
	}
	r.p.lines++
	r.p.unreadable(here+1, src.read-int64(len(left)), message)
	if err := r.flush(true); err != nil {
		return nil, err
	}
	if src.err == io.EOF && bytes.IndexByte(left, '\n') < 0 {
		return nil, nil
	}
	// The decoder has taken over its source; go on behind the broken line.
	src.left = math.MaxInt
	all := bufio.NewReader(io.MultiReader(bytes.NewReader(left), src))
	for {
		_, err := all.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			continue
		}
		r.line = here + 1
		if err == io.EOF {
			return nil, nil
		}
		return all, err
	}
}

// documentReader walks the tokens of a document.
type documentReader struct {
	*reader
	dec *json.Decoder
	src *counted
}

// unread returns what the decoder has read ahead, from the next value on.
func (d *documentReader) unread() []byte {
	left, _ := io.ReadAll(d.dec.Buffered()) // from memory
	return bytes.TrimLeft(left, " \t\r\n")
}

// decode reads one value of limited size.
func (d *documentReader) decode(v any) error {
	d.src.left = d.o.MaxLine
	return d.dec.Decode(v)
}

// more reports whether the array or object goes on.
func (d *documentReader) more() bool {
	d.src.left = d.o.MaxLine
	return d.dec.More()
}

// token reads one token of limited size.
func (d *documentReader) token() (json.Token, error) {
	d.src.left = d.o.MaxLine
	return d.dec.Token()
}

// value reads one value at the top: an array of records, or an object that is
// a record or holds events.
func (d *documentReader) value(l line) error {
	t, err := d.token()
	if err != nil {
		return err
	}
	switch t {
	case json.Delim('['):
		return d.events(l)
	case json.Delim('{'):
		return d.object(l)
	}
	return fmt.Errorf("found %v, expected an object", t)
}

// events reads the elements of an array and its end.
func (d *documentReader) events(l line) error {
	for d.more() {
		var raw json.RawMessage
		if err := d.decode(&raw); err != nil {
			return err
		}
		d.event(raw, l)
		if err := d.flush(false); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

func (d *documentReader) event(raw json.RawMessage, l line) {
	d.p.lines++
	if err := d.p.record(value(raw), l, 1); err != nil {
		left := d.unread()
		d.p.unreadable(d.src.lines-int64(bytes.Count(left, []byte("\n")))+1, d.src.read-int64(len(left)), err.Error())
	}
}

// object reads an object whose opening brace is read. The events of a wrapper
// are read one at a time; what names their stream stands before them.
func (d *documentReader) object(l line) error {
	fields := map[string]json.RawMessage{}
	size, wrapper := 0, false
	for d.more() {
		t, err := d.token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok {
			return fmt.Errorf("found %v, expected a key", t)
		}
		if key == "events" || key == "logEvents" || key == "resourceLogs" {
			t, err := d.token()
			if err != nil {
				return err
			}
			if t == json.Delim('[') {
				wrapper = true
				inner := l
				if name := str(fields["logStream"], fields["logStreamName"]); len(name) > 0 && len(name) <= 512 {
					inner.stream = d.p.name(name)
				}
				if group := str(fields["logGroup"]); len(group) > 0 {
					d.p.runs(&inner, group[bytes.LastIndexByte(group, '/')+1:], nil)
				}
				read := d.events
				if string(str(fields["messageType"])) == "CONTROL_MESSAGE" {
					read = d.skip
				}
				if err := read(inner); err != nil {
					return err
				}
			} else if t == json.Delim('{') {
				return errors.New("found an object, expected an array of events")
			}
			continue
		}
		var raw json.RawMessage
		if err := d.decode(&raw); err != nil {
			return err
		}
		if size += len(key) + len(raw); size > d.o.MaxLine {
			return errTooLarge
		}
		fields[key] = raw
	}
	if _, err := d.token(); err != nil {
		return err
	}
	if wrapper {
		return nil
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	d.event(raw, l)
	return nil
}

// skip reads the events of a wrapper that holds none of a program's.
func (d *documentReader) skip(line) error {
	for d.more() {
		var skipped json.RawMessage
		if err := d.decode(&skipped); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}

// str returns the first value that is a string.
func str(values ...json.RawMessage) []byte {
	for _, v := range values {
		var s string
		if len(v) > 0 && v[0] == '"' && json.Unmarshal(v, &s) == nil {
			return []byte(s)
		}
	}
	return nil
}
