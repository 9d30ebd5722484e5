package ingest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/valyala/fastjson"
	"google.golang.org/protobuf/encoding/protowire"
)

// otlpRecord is what we look for in a log record of OpenTelemetry: in its own
// fields and attributes, and in the attributes of its resource.
type otlpRecord struct {
	at                          moment
	body, id, flow              []byte
	instance, function, version []byte
}

// attribute notes an attribute that says something.
func (o *otlpRecord) attribute(key string, value []byte) {
	switch key {
	case "faas.invocation_id", "faas.execution", "aws.request_id", "requestId":
		o.id = value
	case "workflow", "http.route":
		o.flow = value
	case "faas.instance", "aws.log.stream.names":
		o.instance = value
	case "faas.name":
		o.function = value
	case "faas.version":
		o.version = value
	}
}

// otlp reads one record.
func (p *parser) otlp(o *otlpRecord, l line, depth int) {
	l.at = o.at
	if len(o.instance) > 0 && len(o.instance) <= 512 {
		l.stream = p.name(o.instance)
	}
	p.runs(&l, o.function, o.version)
	if plausibleID(o.id) {
		l.id, l.idKnown = hashID(o.id), true
	}
	if len(o.flow) > 0 && len(o.flow) <= 200 {
		l.flow = p.name(o.flow)
	}
	if l.id != 0 && p.all {
		p.event(seen, l)
	}
	p.message(o.body, l, depth)
}

// otlpJSON reads an object of the JSON encoding: resourceLogs, or one of them.
func (p *parser) otlpJSON(r *record, b value, l line, depth int) error {
	var resources []*fastjson.Value
	if r.resourceLogs.array() {
		resources = tree(&p.json[depth], r.resourceLogs.value).GetArray()
	} else {
		resources = append(resources, tree(&p.json[depth], b))
	}
	for _, resource := range resources {
		var base otlpRecord
		base.jsonAttributes(resource.GetArray("resource", "attributes"))
		for _, scope := range resource.GetArray("scopeLogs") {
			for _, x := range scope.GetArray("logRecords") {
				o := base
				o.at = otlpTime(x.Get("timeUnixNano"))
				if o.at == 0 {
					o.at = otlpTime(x.Get("observedTimeUnixNano"))
				}
				o.jsonAttributes(x.GetArray("attributes"))
				o.body = x.GetStringBytes("body", "stringValue")
				if o.body == nil {
					for _, kv := range x.GetArray("body", "kvlistValue", "values") {
						o.field(string(kv.GetStringBytes("key")), kv.GetStringBytes("value", "stringValue"))
					}
				}
				p.otlp(&o, l, depth+1)
			}
		}
	}
	return nil
}

// otlpTime reads a time, which may be missing.
func otlpTime(v *fastjson.Value) moment {
	if v == nil {
		return 0
	}
	return timeOf(v.MarshalTo(nil))
}

// field notes a key of a structured body.
func (o *otlpRecord) field(key string, value []byte) {
	switch key {
	case "message", "msg", "log":
		o.body = value
	case "workflow":
		o.flow = value
	case "requestId", "request_id", "aws_request_id", "function_request_id":
		o.id = value
	}
}

func (o *otlpRecord) jsonAttributes(list []*fastjson.Value) {
	for _, kv := range list {
		o.attribute(string(kv.GetStringBytes("key")), kv.GetStringBytes("value", "stringValue"))
	}
}

// maxOTLP limits the bytes of one ResourceLogs message.
const maxOTLP = 64 << 20

// isOTLP tells the protobuf encoding of LogsData, also behind the length that
// the Collector's file exporter writes, from text.
func isOTLP(head []byte) (prefixed, ok bool) {
	if resourceLogs(head) {
		return false, true
	}
	if len(head) > 4 {
		if n := binary.BigEndian.Uint32(head); n > 2 && n < maxOTLP && resourceLogs(head[4:]) {
			return true, true
		}
	}
	return false, false
}

// resourceLogs reports whether b begins with a ResourceLogs in field 1, which
// itself begins with a field 1 or 2 that fits in it.
func resourceLogs(b []byte) bool {
	if len(b) < 4 || b[0] != 0x0a {
		return false
	}
	outer, n := protowire.ConsumeVarint(b[1:])
	if n < 0 || outer < 2 || outer > maxOTLP {
		return false
	}
	b = b[1+n:]
	if len(b) < 2 || b[0] != 0x0a && b[0] != 0x12 {
		return false
	}
	inner, m := protowire.ConsumeVarint(b[1:])
	return m > 0 && uint64(1+m)+inner <= outer && inner > 0
}

// protobuf reads LogsData messages, one ResourceLogs at a time.
func (r *reader) protobuf(in *bufio.Reader, prefixed bool) error {
	var buf []byte
	for offset := int64(0); ; {
		if prefixed {
			var size [4]byte
			if _, err := io.ReadFull(in, size[:]); err != nil {
				return endOf(err)
			}
			offset += 4
			n := int64(binary.BigEndian.Uint32(size[:]))
			if err := r.logsData(bufio.NewReader(io.LimitReader(in, n)), &buf, &offset); err != nil {
				return err
			}
			continue
		}
		return r.logsData(in, &buf, &offset)
	}
}

// endOf is nil for the end of the data.
func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// logsData reads the fields of one LogsData.
func (r *reader) logsData(in *bufio.Reader, buf *[]byte, offset *int64) error {
	for {
		tag, err := binary.ReadUvarint(in)
		if err != nil {
			return endOf(err)
		}
		if tag != 1<<3|uint64(protowire.BytesType) {
			return fmt.Errorf("no OTLP at byte %d", *offset)
		}
		size, err := binary.ReadUvarint(in)
		if err != nil {
			return io.ErrUnexpectedEOF
		}
		if size > maxOTLP {
			return fmt.Errorf("an OTLP message of %d bytes at byte %d is too large", size, *offset)
		}
		*offset += int64(protowire.SizeVarint(tag) + protowire.SizeVarint(size))
		// Not all at once: the size may be a lie.
		*buf = (*buf)[:0]
		for len(*buf) < int(size) {
			n := min(int(size)-len(*buf), 1<<20)
			at := len(*buf)
			*buf = append(*buf, make([]byte, n)...)
			if _, err := io.ReadFull(in, (*buf)[at:]); err != nil {
				return io.ErrUnexpectedEOF
			}
		}
		if err := r.p.resourceLogs(*buf); err != nil {
			r.p.lines++
			r.p.unreadable(0, *offset, err.Error())
		}
		*offset += int64(size)
		if err := r.flush(false); err != nil {
			return err
		}
	}
}

// message calls f with the fields of a protobuf message: their bytes, or their
// number.
func message(b []byte, f func(field protowire.Number, bytes []byte, n uint64) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return fmt.Errorf("broken OTLP: %w", protowire.ParseError(n))
		}
		b = b[n:]
		var data []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(b)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(b)
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		default:
			n = protowire.ConsumeFieldValue(field, kind, b)
		}
		if n < 0 {
			return fmt.Errorf("broken OTLP: %w", protowire.ParseError(n))
		}
		if err := f(field, data, number); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// resourceLogs reads one ResourceLogs: resource 1, scope_logs 2.
func (p *parser) resourceLogs(b []byte) error {
	var base otlpRecord
	var scopes [][]byte
	err := message(b, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 1:
			return message(data, func(field protowire.Number, data []byte, _ uint64) error {
				if field == 1 {
					return keyValue(data, base.attribute)
				}
				return nil
			})
		case 2:
			scopes = append(scopes, data)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, scope := range scopes {
		err := message(scope, func(field protowire.Number, data []byte, _ uint64) error {
			if field != 2 {
				return nil
			}
			p.lines++
			return p.logRecord(data, base)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// logRecord reads a LogRecord: time 1, body 5, attributes 6, observed time 11.
func (p *parser) logRecord(b []byte, o otlpRecord) error {
	var observed moment
	err := message(b, func(field protowire.Number, data []byte, n uint64) error {
		switch field {
		case 1:
			o.at = sinceEpoch(float64(n))
		case 5:
			return anyValue(data, &o.body, o.field)
		case 6:
			return keyValue(data, o.attribute)
		case 11:
			observed = sinceEpoch(float64(n))
		}
		return nil
	})
	if err != nil {
		return err
	}
	if o.at == 0 {
		o.at = observed
	}
	p.otlp(&o, unknown, 1)
	return nil
}

// keyValue reads a KeyValue: key 1, value 2.
func keyValue(b []byte, f func(key string, value []byte)) error {
	var key string
	var value []byte
	err := message(b, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 1:
			key = string(data)
		case 2:
			return anyValue(data, &value, nil)
		}
		return nil
	})
	if err == nil {
		f(key, value)
	}
	return err
}

// anyValue reads an AnyValue: a string 1, an int 3, or a list of pairs 6.
func anyValue(b []byte, text *[]byte, pairs func(key string, value []byte)) error {
	return message(b, func(field protowire.Number, data []byte, n uint64) error {
		switch {
		case field == 1:
			*text = data
		case field == 3:
			*text = strconv.AppendInt(nil, int64(n), 10)
		case field == 6 && pairs != nil:
			return message(data, func(field protowire.Number, data []byte, _ uint64) error {
				if field == 1 {
					return keyValue(data, pairs)
				}
				return nil
			})
		}
		return nil
	})
}
