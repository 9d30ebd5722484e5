package ingest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// maxDepth is how many wrappers may be around a message.
const maxDepth = 5

// slot is the value of one of several keys that mean the same.
type slot struct {
	value
	rank int
}

// set takes v over, unless there is a value of a better key.
func (s *slot) set(v value, rank int) {
	if len(v) > 0 && !v.null() && (s.value == nil || rank <= s.rank) {
		*s = slot{v, rank}
	}
}

// record is what we look for in any JSON object of a log: Lambda's records
// of the program and of the platform, the wrappers of CloudWatch, and what
// other tools make of a line.
type record struct {
	kind, time, message, event, request, lambda, workflow, coldStart, stream, group,
	messageType, events, function, module, fastpath, awslogs, records, resourceLogs, scopeLogs, results slot

	platform platformRecord
}

// slot returns where the value of a key goes, and how good a name for it that is;
// nil where nobody asks for it.
func (r *record) slot(key []byte) (s *slot, rank int) {
	switch string(key) {
	case "type":
		return &r.kind, 0
	case "time":
		return &r.time, 0
	case "timestamp":
		return &r.time, 1
	case "@timestamp":
		return &r.time, 2
	case "message":
		return &r.message, 0
	case "@message":
		return &r.message, 1
	case "log":
		return &r.message, 2
	case "textPayload":
		return &r.message, 3
	case "jsonPayload":
		return &r.message, 4
	case "eventId":
		return &r.event, 0
	case "id":
		return &r.event, 1
	case "requestId":
		return &r.request, 0
	case "request_id":
		return &r.request, 1
	case "aws_request_id":
		return &r.request, 2
	case "AWSRequestId":
		return &r.request, 3
	case "function_request_id":
		return &r.request, 4
	case "@requestId":
		return &r.request, 5
	case "lambda":
		return &r.lambda, 0
	case "workflow":
		return &r.workflow, 0
	case "cold_start":
		return &r.coldStart, 0
	case "logStream":
		return &r.stream, 0
	case "logStreamName":
		return &r.stream, 1
	case "@logStream":
		return &r.stream, 2
	case "log_stream":
		return &r.stream, 3
	case "logGroup":
		return &r.group, 0
	case "log_group":
		return &r.group, 1
	case "messageType":
		return &r.messageType, 0
	case "message_type":
		return &r.messageType, 1
	case "logEvents":
		return &r.events, 0
	case "log_events":
		return &r.events, 1
	case "events":
		return &r.events, 2
	case "function_name":
		return &r.function, 0
	case "fastpath":
		return &r.fastpath, 0
	case "awslogs":
		return &r.awslogs, 0
	case "Records":
		return &r.records, 0
	case "records":
		return &r.records, 1
	case "resourceLogs":
		return &r.resourceLogs, 0
	case "scopeLogs":
		return &r.scopeLogs, 0
	case "results":
		return &r.results, 0
	}
	return nil, 0
}

// collect notes the value of a key.
func (r *record) collect(key []byte, v value) {
	if s, rank := r.slot(key); s != nil {
		s.set(v, rank)
		return
	}
	if string(key) == "record" {
		if len(v) > 0 && !v.null() {
			r.platform = platformRecord{is: true}
		}
		return
	}
	if bytes.IndexByte(key, '\\') >= 0 {
		if plain := unquote(key); !bytes.Equal(plain, key) {
			r.collect(plain, v)
		}
	}
}

// looksLikeJSON tells records from the text that programs print, such as a
// Python dictionary.
func looksLikeJSON(b []byte) bool {
	b = unindented(b)
	if len(b) < 2 || b[0] != '{' {
		return false
	}
	at := skipSpace(b, 1)
	return at == len(b) || b[at] == '"' || b[at] == '}'
}

// record reads one JSON value; what is no object says nothing.
func (p *parser) record(b value, l line, depth int) error {
	if depth > maxDepth {
		return nil
	}
	if depth == 1 && !p.fields.any {
		if r := p.shapes.read(b); r != nil {
			return p.fieldsOf(r, b, l, depth)
		}
	}
	var r record
	w := walk(b)
	for w.next() {
		switch {
		case !w.object:
		case string(w.key) == "record" && w.opens('{'):
			in := w.inner()
			r.platform = platformRecord{is: true}
			r.platform.collect(&in)
			w.outer(&in)
		default:
			r.collect(w.key, w.value())
		}
	}
	if w.bad {
		return notJSON(b)
	}
	if !w.object {
		return nil
	}
	if p.fields.any {
		p.fields.of(&r, b)
	}
	return p.fieldsOf(&r, b, l, depth)
}

func (p *parser) fieldsOf(r *record, b value, l line, depth int) error {
	if r.fastpath.value != nil && p.recorder(tree(&p.json[depth], b), l) {
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
	if at := timeOf(r.time.value); at != 0 {
		p.dated(&l, at)
	}
	if id := r.event.text(); isEventID(id) {
		l.message = hashID(id)
	}
	switch {
	case string(r.messageType.text()) == "CONTROL_MESSAGE":
		return nil
	case r.records.array() && bytes.Contains(r.records.value, zippedBase64):
		return p.envelopes(r.records.value, l, depth)
	case r.awslogs.object():
		return p.subscription(r.awslogs.get("data").text(), l, depth)
	case r.resourceLogs.array() || r.scopeLogs.array():
		return p.otlpJSON(r, b, l, depth)
	case r.results.array():
		for _, row := range tree(&p.json[depth], r.results.value).GetArray() {
			p.insightsRow(row, l, depth)
		}
		return nil
	case r.message.value == nil && r.events.array():
		for w := walk(r.events.value); w.next(); {
			if err := p.record(w.value(), l, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	if kind := r.kind.text(); bytes.HasPrefix(kind, []byte("platform.")) {
		p.platformEvent(kind, &r.platform, l)
		return nil
	}
	if id := r.request.text(); r.request.string() && (len(id) == 0 || plausibleID(id)) {
		l.idKnown, l.id = true, 0
		if len(id) > 0 {
			l.id = hashID(id)
		}
	} else if r.request.number() && p.fields.any {
		l.idKnown, l.id = true, hashID(r.request.value)
	} else if r.lambda.object() {
		if id := r.lambda.get("request_id").text(); plausibleID(id) {
			l.idKnown, l.id = true, hashID(id)
		}
	}
	if w := r.workflow.text(); len(w) > 0 && len(w) <= 200 {
		l.flow = p.name(w)
	}
	cold := string(r.coldStart.value) == "true"
	if l.id != 0 && (p.all || cold) {
		p.event(seen, l).cold = cold
	}
	if name := r.module.text(); len(name) > 0 {
		p.use(l, name)
		return nil
	}
	if r.message.object() { // a record in a record
		return p.record(r.message.value, l, depth+1)
	}
	p.message(r.message.text(), l, depth)
	return nil
}

// isEventID tells CloudWatch's numbers of events from other ids.
func isEventID(b []byte) bool { return len(b) == 56 && len(bytes.Trim(b, "0123456789")) == 0 }

// message reads the text of one event, which may have several lines or be a
// record itself. What is no record is text: the line around it was readable.
func (p *parser) message(b []byte, l line, depth int) {
	b = bytes.TrimSpace(b)
	if len(b) == 0 {
		return
	}
	if bytes.HasPrefix(b, moduleUsed) && bytes.IndexByte(b, '\n') < 0 && bytes.IndexByte(b, '\r') < 0 { // nearly all that we look at
		p.program(b, l)
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

// zippedBase64 is how base64 of gzip begins, as a value of JSON.
var zippedBase64 = []byte(`"H4sI`)

// envelopes reads the records of Kinesis and Firehose, as functions get them and as
// "aws kinesis get-records" prints them: each holds what CloudWatch sent.
func (p *parser) envelopes(list value, l line, depth int) error {
	for w := walk(list); w.next(); {
		of := w.value()
		if !of.object() {
			continue
		}
		for _, data := range []value{of.get("kinesis", "data"), of.get("Data"), of.get("data")} {
			if !bytes.HasPrefix(data, zippedBase64) {
				continue
			}
			if err := p.subscription(data.text(), l, depth); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// platformRecord is what we look for in a record of the platform.
type platformRecord struct {
	is                                                                     bool // there is one
	measured                                                               bool // and its metrics
	function, functionVersion, version, request, initType, status, dropped value
	init, restore, memory                                                  value // of the metrics
}

// slot returns where the value of a key goes, nil where nobody asks for it.
func (r *platformRecord) slot(key []byte) *value {
	switch string(key) {
	case "functionName":
		return &r.function
	case "functionVersion":
		return &r.functionVersion
	case "version":
		return &r.version
	case "requestId":
		return &r.request
	case "initializationType":
		return &r.initType
	case "status":
		return &r.status
	case "droppedRecords":
		return &r.dropped
	}
	return nil
}

// metric is slot of the metrics' keys.
func (r *platformRecord) metric(key []byte) *value {
	switch string(key) {
	case "initDurationMs":
		return &r.init
	case "restoreDurationMs":
		return &r.restore
	case "memorySizeMB":
		return &r.memory
	}
	return nil
}

// collect notes the first value of each key.
func (r *platformRecord) collect(w *walker) {
	for w.next() {
		if string(w.key) != "metrics" {
			first(r.slot(w.key), w)
			continue
		}
		if !r.measured && w.opens('{') {
			in := w.inner()
			for in.next() {
				first(r.metric(in.key), &in)
			}
			w.outer(&in)
		}
		r.measured = true
	}
}

// first notes a member's value, unless there is one.
func first(v *value, w *walker) {
	if v != nil && *v == nil {
		*v = w.value()
	}
}

// platformEvent reads a record of the platform.
func (p *parser) platformEvent(kind []byte, r *platformRecord, l line) {
	if !r.is {
		return
	}
	p.runs(&l, r.function.text(), r.functionVersion.text())
	id := r.request.text()
	switch {
	case string(kind) == "platform.initStart":
		switch string(r.initType.text()) {
		case "", "on-demand":
			p.event(booted, l).platform = true
		case "snap-start": // its requests tell when it was restored
			p.event(seen, l).platform = true
		default: // provisioned concurrency
			p.event(warmed, l).platform = true
		}
		return
	case string(kind) == "platform.logsDropped":
		p.dropped += max(1, int64(r.dropped.float()))
		return
	case !plausibleID(id):
		return
	}
	l.id, l.idKnown = hashID(id), true
	// At the log level WARN only requests that failed leave a record: it does not say that
	// the others do.
	status := string(r.status.text())
	all := status == "" || status == "success"
	switch string(kind) {
	case "platform.start":
		if l.function < 0 {
			p.runs(&l, nil, r.version.text())
		}
		p.event(started, l).platform = true
	case "platform.runtimeDone":
		p.event(ended, l).platform = all
	case "platform.report":
		e := p.event(reported, l)
		e.platform = all
		e.cold = r.init != nil || r.restore != nil
		if init := r.init.float(); init > 0 && init < 1e9 {
			e.initMS = init
		}
		if memory := r.memory.float(); memory > 0 && memory < 1e9 {
			e.memory = int32(memory)
		}
	}
}

// timeOf reads a time: ISO 8601, or a number of seconds, milliseconds or
// nanoseconds since 1970.
func timeOf(v value) moment {
	if v.string() {
		b := v.text()
		if at, end := leadingTime(b); end > 0 {
			return at
		}
		n, err := strconv.ParseFloat(string(b), 64)
		if err != nil {
			return 0
		}
		return sinceEpoch(n)
	}
	return sinceEpoch(v.float())
}

// sinceEpoch reads a number of seconds, milliseconds, microseconds or
// nanoseconds since 1970.
func sinceEpoch(n float64) moment {
	if !(n < 1e21) { // too large for nanoseconds, or none at all
		return 0
	}
	for n > 1e11 {
		n /= 1000
	}
	if !(n > 0) {
		return 0
	}
	return msOf(time.UnixMilli(int64(n * 1000)).UTC())
}
