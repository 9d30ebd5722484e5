package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// maxDepth is how many wrappers may be around a message.
const maxDepth = 5

// record is what we look for in any JSON object of a log: Lambda's records
// of the program and of the platform, the wrappers of CloudWatch, and what
// other tools make of a line.
type record struct {
	Type            json.RawMessage `json:"type"`
	Time            json.RawMessage `json:"time"`
	Timestamp       json.RawMessage `json:"timestamp"`
	AtTimestamp     json.RawMessage `json:"@timestamp"`
	Platform        json.RawMessage `json:"record"`
	Message         json.RawMessage `json:"message"`
	AtMessage       json.RawMessage `json:"@message"`
	Log             json.RawMessage `json:"log"`
	RequestID       json.RawMessage `json:"requestId"`
	RequestIDSnake  json.RawMessage `json:"request_id"`
	AWSRequestID    json.RawMessage `json:"aws_request_id"`
	AWSRequestCamel json.RawMessage `json:"AWSRequestId"`
	FunctionRequest json.RawMessage `json:"function_request_id"`
	AtRequestID     json.RawMessage `json:"@requestId"`
	Lambda          json.RawMessage `json:"lambda"`
	Workflow        json.RawMessage `json:"workflow"`
	ColdStart       json.RawMessage `json:"cold_start"`
	LogStream       json.RawMessage `json:"logStream"`
	LogStreamName   json.RawMessage `json:"logStreamName"`
	AtLogStream     json.RawMessage `json:"@logStream"`
	MessageType     json.RawMessage `json:"messageType"`
	Events          json.RawMessage `json:"events"`
	LogEvents       json.RawMessage `json:"logEvents"`
}

// platformRecord is the record of a platform event.
type platformRecord struct {
	RequestID          string                     `json:"requestId"`
	InitializationType string                     `json:"initializationType"`
	Metrics            map[string]json.RawMessage `json:"metrics"`
}

// looksLikeJSON tells records from the text that programs print, such as a
// Python dictionary.
func looksLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t")
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	b = bytes.TrimLeft(b[1:], " \t")
	return len(b) == 0 || b[0] == '"' || b[0] == '}'
}

var errNotJSON = errors.New("broken JSON")

// record reads one JSON object.
func (c *collector) record(b []byte, l line, depth int) error {
	var r record
	if err := json.Unmarshal(b, &r); err != nil {
		var wrongType *json.UnmarshalTypeError
		if !errors.As(err, &wrongType) {
			return fmt.Errorf("%w: %w", errNotJSON, err)
		}
		return nil // JSON, but no object
	}
	return c.fields(&r, l, depth)
}

func (c *collector) fields(r *record, l line, depth int) error {
	if depth > maxDepth {
		return nil
	}
	if name := firstString(r.LogStream, r.LogStreamName, r.AtLogStream); name != "" {
		l.stream = c.stream(name, l.stream)
	}
	if d := firstDay(r.Time, r.Timestamp, r.AtTimestamp); d != 0 {
		l.day = d
	}
	c.at(l.stream, l.day)
	if text(r.MessageType) == "CONTROL_MESSAGE" {
		return nil
	}
	message := first(r.Message, r.AtMessage, r.Log)
	if list := first(r.LogEvents, r.Events); message == nil && list != nil && list[0] == '[' {
		return c.list(list, l, depth+1)
	}
	if kind := text(r.Type); strings.HasPrefix(kind, "platform.") {
		c.platformEvent(kind, r.Platform, l)
		return nil
	}
	for _, id := range []json.RawMessage{r.RequestID, r.RequestIDSnake, r.AWSRequestID, r.AWSRequestCamel, r.FunctionRequest, r.AtRequestID} {
		if s, ok := str(id); ok && (s == "" || plausibleID([]byte(s))) {
			l.id, l.idKnown = s, true
			break
		}
	}
	if len(r.Lambda) > 0 && r.Lambda[0] == '{' && !l.idKnown {
		var inner record
		if json.Unmarshal(r.Lambda, &inner) == nil {
			if id := text(inner.RequestIDSnake); plausibleID([]byte(id)) {
				l.id, l.idKnown = id, true
			}
		}
	}
	if w := text(r.Workflow); w != "" {
		l.flow = w
	}
	if l.id != "" {
		req := c.request(l.stream, l.id, l.day)
		if string(r.ColdStart) == "true" {
			req.cold = true
			c.source(l.stream.source).cold = true
		}
	}
	if message == nil {
		return nil
	}
	if message[0] == '{' { // a record in a record
		return c.record(message, l, depth+1)
	}
	return c.message(text(message), l, depth)
}

// message reads the text of one event, which may have several lines or be a
// record itself.
func (c *collector) message(s string, l line, depth int) error {
	b := bytes.TrimSpace([]byte(s))
	if looksLikeJSON(b) && depth < maxDepth {
		// What is no record is text: the line around it was readable.
		if err := c.record(b, l, depth+1); err == nil {
			return nil
		}
	}
	for part := range bytes.SplitSeq(b, []byte("\n")) {
		if err := c.text(part, l, max(depth, maxDepth)); err != nil {
			return err
		}
	}
	return nil
}

// list reads the events of a wrapper.
func (c *collector) list(b []byte, l line, depth int) error {
	var events []json.RawMessage
	if err := json.Unmarshal(b, &events); err != nil {
		return fmt.Errorf("%w: %w", errNotJSON, err)
	}
	for _, e := range events {
		if err := c.record(e, l, depth); err != nil {
			return err
		}
	}
	return nil
}

// platformEvent reads a record of the platform.
func (c *collector) platformEvent(kind string, b json.RawMessage, l line) {
	var p platformRecord
	if json.Unmarshal(b, &p) != nil && p.RequestID == "" && kind != "platform.initStart" {
		return
	}
	id := p.RequestID
	switch {
	case kind == "platform.initStart":
		// Other types start ahead of requests: nobody waits for them.
		if p.InitializationType == "" || p.InitializationType == "on-demand" {
			c.initStart(l.stream)
		}
		c.res.Reported = true
	case !plausibleID([]byte(id)):
	case kind == "platform.start":
		c.start(l.stream, id, l.day)
	case kind == "platform.runtimeDone":
		c.end(l.stream, id, l.day)
	case kind == "platform.report":
		_, init := p.Metrics["initDurationMs"]
		_, restore := p.Metrics["restoreDurationMs"]
		c.report(l.stream, id, l.day, init || restore)
	}
}

// first returns the first value that is there and not null.
func first(values ...json.RawMessage) json.RawMessage {
	for _, v := range values {
		if len(v) > 0 && string(v) != "null" {
			return v
		}
	}
	return nil
}

// str returns the text of a JSON string.
func str(v json.RawMessage) (s string, ok bool) {
	if len(v) < 2 || v[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1]), true
	}
	err := json.Unmarshal(v, &s)
	return s, err == nil
}

func text(v json.RawMessage) string {
	s, _ := str(v)
	return s
}

func firstString(values ...json.RawMessage) string {
	return text(first(values...))
}

// firstDay reads the first time: ISO 8601, or a number of seconds or
// milliseconds since 1970.
func firstDay(values ...json.RawMessage) day {
	v := first(values...)
	if s, ok := str(v); ok {
		if d, n := leadingTime([]byte(s)); n > 0 {
			return d
		}
		v = json.RawMessage(s)
	}
	n, err := strconv.ParseFloat(string(v), 64)
	switch {
	case err != nil || n < 0 || n > 1e14:
		return 0
	case n > 1e11:
		n /= 1000
	}
	return dayOf(time.Unix(int64(n), 0).UTC())
}
