package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fastjson"
)

// maxDepth is how many wrappers may be around a message.
const maxDepth = 5

// slot is the value of one of several keys that mean the same.
type slot struct {
	v    *fastjson.Value
	rank int
}

// set takes v over, unless there is a value of a better key.
func (s *slot) set(v *fastjson.Value, rank int) {
	if v != nil && v.Type() != fastjson.TypeNull && (s.v == nil || rank <= s.rank) {
		*s = slot{v, rank}
	}
}

// text is the value when it is a string.
func (s *slot) text() []byte {
	if s.v == nil || s.v.Type() != fastjson.TypeString {
		return nil
	}
	b, _ := s.v.StringBytes() // of a string
	return b
}

// object reports whether the value is an object.
func (s *slot) object() bool { return s.v != nil && s.v.Type() == fastjson.TypeObject }

// list is the value when it is an array.
func (s *slot) list() []*fastjson.Value {
	if s.v == nil || s.v.Type() != fastjson.TypeArray {
		return nil
	}
	list, _ := s.v.Array() // of an array
	return list
}

// record is what we look for in any JSON object of a log: Lambda's records
// of the program and of the platform, the wrappers of CloudWatch, and what
// other tools make of a line.
type record struct {
	kind, time, platform, message, request, lambda, workflow, coldStart, stream, group,
	messageType, events, function, module, fastpath, awslogs, resourceLogs, scopeLogs, results slot
}

// collect notes the value of a key.
func (r *record) collect(key []byte, v *fastjson.Value) {
	switch string(key) {
	case "type":
		r.kind.set(v, 0)
	case "time":
		r.time.set(v, 0)
	case "timestamp":
		r.time.set(v, 1)
	case "@timestamp":
		r.time.set(v, 2)
	case "record":
		r.platform.set(v, 0)
	case "message":
		r.message.set(v, 0)
	case "@message":
		r.message.set(v, 1)
	case "log":
		r.message.set(v, 2)
	case "textPayload":
		r.message.set(v, 3)
	case "jsonPayload":
		r.message.set(v, 4)
	case "requestId":
		r.request.set(v, 0)
	case "request_id":
		r.request.set(v, 1)
	case "aws_request_id":
		r.request.set(v, 2)
	case "AWSRequestId":
		r.request.set(v, 3)
	case "function_request_id":
		r.request.set(v, 4)
	case "@requestId":
		r.request.set(v, 5)
	case "lambda":
		r.lambda.set(v, 0)
	case "workflow":
		r.workflow.set(v, 0)
	case "cold_start":
		r.coldStart.set(v, 0)
	case "logStream":
		r.stream.set(v, 0)
	case "logStreamName":
		r.stream.set(v, 1)
	case "@logStream":
		r.stream.set(v, 2)
	case "log_stream":
		r.stream.set(v, 3)
	case "logGroup":
		r.group.set(v, 0)
	case "log_group":
		r.group.set(v, 1)
	case "messageType":
		r.messageType.set(v, 0)
	case "message_type":
		r.messageType.set(v, 1)
	case "logEvents":
		r.events.set(v, 0)
	case "log_events":
		r.events.set(v, 1)
	case "events":
		r.events.set(v, 2)
	case "function_name":
		r.function.set(v, 0)
	case "fastpath":
		r.fastpath.set(v, 0)
	case "awslogs":
		r.awslogs.set(v, 0)
	case "resourceLogs":
		r.resourceLogs.set(v, 0)
	case "scopeLogs":
		r.scopeLogs.set(v, 0)
	case "results":
		r.results.set(v, 0)
	}
}

// looksLikeJSON tells records from the text that programs print, such as a
// Python dictionary.
func looksLikeJSON(b []byte) bool {
	b = bytes.TrimLeft(b, " \t")
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	b = bytes.TrimLeft(b[1:], " \t\r\n")
	return len(b) == 0 || b[0] == '"' || b[0] == '}'
}

var errNotJSON = errors.New("broken JSON")

// record reads one JSON object.
func (p *parser) record(b []byte, l line, depth int) error {
	if depth > maxDepth {
		return nil
	}
	v, err := parseJSON(&p.json[depth], b)
	if err != nil {
		return err
	}
	return p.value(v, l, depth)
}

// parseJSON reads what encoding/json reads, with its messages, and a few things
// more, such as control characters in strings.
func parseJSON(parser *fastjson.Parser, b []byte) (*fastjson.Value, error) {
	v, err := parser.ParseBytes(b)
	if err == nil {
		return v, nil
	}
	var any json.RawMessage
	if std := json.Unmarshal(b, &any); std != nil {
		err = std
	}
	return nil, fmt.Errorf("%w: %w", errNotJSON, err)
}

// value reads one JSON value; what is no object says nothing.
func (p *parser) value(v *fastjson.Value, l line, depth int) error {
	if v.Type() != fastjson.TypeObject || depth > maxDepth {
		return nil
	}
	var r record
	o, _ := v.Object() // of an object
	o.Visit(r.collect)
	if p.fields.any {
		p.fields.of(&r, v)
	}
	return p.fieldsOf(&r, v, l, depth)
}

func (p *parser) fieldsOf(r *record, v *fastjson.Value, l line, depth int) error {
	if r.fastpath.v != nil && p.recorder(v, l) {
		return nil
	}
	if name := r.stream.text(); len(name) > 0 && len(name) <= 512 {
		l.stream = p.name(name)
	}
	if group := r.group.text(); len(group) > 0 {
		p.runs(&l, group[bytes.LastIndexByte(group, '/')+1:], nil)
	}
	if name := r.function.text(); len(name) > 0 {
		p.runs(&l, name, nil)
	}
	if at := timeOf(r.time.v); at != 0 {
		p.dated(&l, at)
	}
	switch {
	case string(r.messageType.text()) == "CONTROL_MESSAGE":
		return nil
	case r.awslogs.object():
		return p.subscription(r.awslogs.v.GetStringBytes("data"), l, depth)
	case r.resourceLogs.list() != nil || r.scopeLogs.list() != nil:
		return p.otlpJSON(r, v, l, depth)
	case r.results.list() != nil:
		for _, row := range r.results.list() {
			p.insightsRow(row, l, depth)
		}
		return nil
	}
	if list := r.events.list(); r.message.v == nil && list != nil {
		for _, e := range list {
			if err := p.value(e, l, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if kind := r.kind.text(); bytes.HasPrefix(kind, []byte("platform.")) {
		p.platformEvent(string(kind), r.platform.v, l)
		return nil
	}
	if id := r.request.text(); r.request.v != nil && r.request.v.Type() == fastjson.TypeString && (len(id) == 0 || plausibleID(id)) {
		l.idKnown, l.id = true, 0
		if len(id) > 0 {
			l.id = hashID(id)
		}
	} else if r.request.v != nil && r.request.v.Type() == fastjson.TypeNumber && p.fields.any {
		l.idKnown, l.id = true, hashID(r.request.v.MarshalTo(nil))
	} else if r.lambda.object() {
		if id := r.lambda.v.GetStringBytes("request_id"); plausibleID(id) {
			l.idKnown, l.id = true, hashID(id)
		}
	}
	if w := r.workflow.text(); len(w) > 0 && len(w) <= 200 {
		l.flow = p.name(w)
	}
	cold := r.coldStart.v != nil && r.coldStart.v.Type() == fastjson.TypeTrue
	if l.id != 0 && (p.all || cold) {
		p.event(seen, l).cold = cold
	}
	if name := r.module.text(); len(name) > 0 {
		p.use(l, name)
		return nil
	}
	if r.message.object() { // a record in a record
		return p.value(r.message.v, l, depth+1)
	}
	p.message(r.message.text(), l, depth)
	return nil
}

// message reads the text of one event, which may have several lines or be a
// record itself. What is no record is text: the line around it was readable.
func (p *parser) message(b []byte, l line, depth int) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return
	}
	if looksLikeJSON(b) && depth < maxDepth && p.record(b, l, depth+1) == nil {
		return
	}
	for {
		part, rest, more := bytes.Cut(b, []byte("\n"))
		if p.text(part, l, depth+1) != nil {
			p.program(part, l)
		}
		if !more {
			return
		}
		b = rest
	}
}

// subscription reads what CloudWatch sends to functions: base64 of gzip of a
// wrapper.
func (p *parser) subscription(data []byte, l line, depth int) error {
	raw := make([]byte, base64.StdEncoding.DecodedLen(len(data)))
	n, err := base64.StdEncoding.Decode(raw, data)
	if err != nil {
		return fmt.Errorf("awslogs.data: %w", err)
	}
	z, err := gzip.NewReader(bytes.NewReader(raw[:n]))
	if err != nil {
		return fmt.Errorf("awslogs.data: %w", err)
	}
	const most = 64 << 20 // a payload is below 6 MB compressed
	plain, err := io.ReadAll(io.LimitReader(z, most))
	if err != nil {
		return fmt.Errorf("awslogs.data: %w", err)
	}
	return p.record(plain, l, depth+1)
}

// platformEvent reads a record of the platform.
func (p *parser) platformEvent(kind string, v *fastjson.Value, l line) {
	if v == nil {
		return
	}
	p.runs(&l, v.GetStringBytes("functionName"), v.GetStringBytes("functionVersion"))
	id := v.GetStringBytes("requestId")
	switch {
	case kind == "platform.initStart":
		// Other types start ahead of requests: nobody waits for them.
		if t := string(v.GetStringBytes("initializationType")); t == "" || t == "on-demand" {
			p.event(booted, l).platform = true
		} else {
			p.event(seen, l).platform = true
		}
		return
	case kind == "platform.logsDropped":
		p.dropped += max(1, v.GetInt64("droppedRecords"))
		return
	case !plausibleID(id):
		return
	}
	l.id, l.idKnown = hashID(id), true
	switch kind {
	case "platform.start":
		if l.function < 0 {
			p.runs(&l, nil, v.GetStringBytes("version"))
		}
		p.event(started, l).platform = true
	case "platform.runtimeDone":
		p.event(ended, l).platform = true
	case "platform.report":
		m := v.Get("metrics")
		e := p.event(reported, l)
		e.platform = true
		e.cold = m.Exists("initDurationMs") || m.Exists("restoreDurationMs")
		if init := m.GetFloat64("initDurationMs"); init > 0 && init < 1e9 {
			e.initMS = init
		}
		if memory := m.GetFloat64("memorySizeMB"); memory > 0 && memory < 1e9 {
			e.memory = int32(memory)
		}
	}
}

// timeOf reads a time: ISO 8601, or a number of seconds, milliseconds or
// nanoseconds since 1970.
func timeOf(v *fastjson.Value) moment {
	if v == nil {
		return 0
	}
	var n float64
	switch v.Type() {
	case fastjson.TypeString:
		b, _ := v.StringBytes() // of a string
		if at, end := leadingTime(b); end > 0 {
			return at
		}
		f, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return 0
		}
		n = f
	case fastjson.TypeNumber:
		n, _ = v.Float64() // of a number
	default:
		return 0
	}
	return sinceEpoch(n)
}

// sinceEpoch reads a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970.
func sinceEpoch(n float64) moment {
	for n > 1e11 {
		n /= 1000
	}
	if !(n > 0) {
		return 0
	}
	return msOf(time.UnixMilli(int64(n * 1000)).UTC())
}
