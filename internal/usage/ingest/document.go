package ingest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"unicode/utf8"
)

// reader reads one decompressed log.
type reader struct {
	ctx  context.Context
	name string
	max  int
	c    *collector
	res  *Result
	file *stream // of lines that name no stream
	line int64   // lines read so far
}

// unreadable counts a line or event that could not be read.
func (r *reader) unreadable(line int64, message string) {
	r.res.Unreadable++
	if r.res.First.File == "" {
		r.res.First = Place{r.name, line, message}
	}
}

// read reads a log to its end. The error is that of the data underneath.
func (r *reader) read(in *bufio.Reader) error {
	head, err := in.Peek(64 << 10)
	if err != nil && err != io.EOF && len(head) == 0 {
		return err
	}
	if isDocument(head) {
		rest, err := r.document(in)
		if err != nil || rest == nil {
			return err
		}
		in = bufio.NewReaderSize(rest, 64<<10)
	}
	return r.lines(in)
}

// wrapperKey is how the objects begin that CloudWatch puts around events.
var wrapperKey = regexp.MustCompile(`^\{\s*"(?:events|logEvents|messageType|owner|logGroup|logStream|searchedLogStreams|nextToken|nextForwardToken|nextBackwardToken)"\s*:`)

// isDocument tells values that span lines, or follow each other without one,
// from JSON lines and text.
func isDocument(head []byte) bool {
	head = bytes.TrimLeft(head, " \t\r\n\ufeff")
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
	return last == '{' || last == '[' || last == ',' || wrapperKey.Match(head)
}

// lines reads a log line by line.
func (r *reader) lines(in *bufio.Reader) error {
	var long []byte
	skip := false
	for {
		part, err := in.ReadSlice('\n')
		b := part
		switch {
		case skip:
		case len(long)+len(part) > r.max:
			skip, long = true, nil
			r.unreadable(r.line+1, fmt.Sprintf("the line is longer than %d bytes", r.max))
		case err == bufio.ErrBufferFull || len(long) > 0:
			long = append(long, part...)
			b = long
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		if len(part) > 0 || len(long) > 0 || skip {
			r.line++
			r.res.Lines++
			if !skip {
				r.oneLine(b)
			}
		}
		skip, long = false, long[:0]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if r.line%4096 == 0 && r.ctx.Err() != nil {
			return r.ctx.Err()
		}
	}
}

// colour is a terminal's control sequence that only changes how text looks.
var colour = regexp.MustCompile("\x1b\\[[0-9;:]*m")

func (r *reader) oneLine(b []byte) {
	if bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b) && hasControls(b) {
		r.unreadable(r.line, "binary data")
		return
	}
	if bytes.IndexByte(b, 0x1b) >= 0 {
		b = colour.ReplaceAll(b, nil) // of "aws logs tail" and of loggers
	}
	if err := r.c.text(b, line{stream: r.file}, 0); err != nil {
		r.unreadable(r.line, err.Error())
	}
}

// hasControls reports whether b holds bytes that no text has.
func hasControls(b []byte) bool {
	return bytes.ContainsFunc(b, func(c rune) bool { return c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1b })
}

// counted hands on data, counts its lines, and ends when more than left bytes
// are asked for without a new allowance.
type counted struct {
	in    io.Reader
	left  int
	lines int64
	err   error // what the data ended with
}

var errTooLarge = errors.New("a JSON value is too large")

func (c *counted) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTooLarge
	}
	n, err := c.in.Read(p[:min(len(p), c.left)])
	c.left -= n
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
		err = d.value(line{stream: r.file})
		if r.ctx.Err() != nil {
			return nil, r.ctx.Err()
		}
	}
	left := d.unread()
	r.line = src.lines - int64(bytes.Count(left, []byte("\n")))
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
	r.res.Lines++
	r.unreadable(r.line+1, message)
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
		r.line++
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
	d.src.left = d.max
	return d.dec.Decode(v)
}

// more reports whether the array or object goes on.
func (d *documentReader) more() bool {
	d.src.left = d.max
	return d.dec.More()
}

// token reads one token of limited size.
func (d *documentReader) token() (json.Token, error) {
	d.src.left = d.max
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
		if d.res.Lines%4096 == 0 && d.ctx.Err() != nil {
			return d.ctx.Err()
		}
	}
	_, err := d.token()
	return err
}

func (d *documentReader) event(raw json.RawMessage, l line) {
	d.res.Lines++
	if err := d.c.record(raw, l, 1); err != nil {
		d.unreadable(d.src.lines-int64(bytes.Count(d.unread(), []byte("\n")))+1, err.Error())
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
		if key == "events" || key == "logEvents" {
			t, err := d.token()
			if err != nil {
				return err
			}
			if t == json.Delim('[') {
				wrapper = true
				inner := l
				if name := firstString(fields["logStream"], fields["logStreamName"]); name != "" {
					inner.stream = d.c.stream(name, l.stream)
				}
				if text(fields["messageType"]) == "CONTROL_MESSAGE" {
					inner.stream = nil
				}
				if err := d.eventsOf(inner); err != nil {
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
		if size += len(key) + len(raw); size > d.max {
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

// eventsOf reads the events of a wrapper; without a stream they are skipped.
func (d *documentReader) eventsOf(l line) error {
	if l.stream != nil {
		return d.events(l)
	}
	for d.more() {
		var skipped json.RawMessage
		if err := d.decode(&skipped); err != nil {
			return err
		}
	}
	_, err := d.token()
	return err
}
