package ingest

import (
	"bytes"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The message of the founding documents.
var moduleUsed = []byte("Module used:")

// line is what is known about a message before it is read: its stream, when
// it was written, and the request, where the record around it says so.
type line struct {
	stream  *stream
	day     day
	id      string
	idKnown bool // id is what the record says, also when it is empty
	flow    string
}

// text reads one line of a text log: what CloudWatch and its tools put in
// front, then a platform line, a JSON record, or what the program wrote.
func (c *collector) text(b []byte, l line, depth int) error {
	b = bytes.TrimRight(b, " \t\r\n")
	var quoted bool
prefixes:
	for range 3 {
		b = bytes.TrimLeft(b, " \t\ufeff")
		if len(b) == 0 {
			return nil
		}
		if d, n := leadingTime(b); n > 0 {
			b, l.day = b[n:], d
			c.at(l.stream, d)
			if b, quoted = bytes.CutPrefix(b, []byte(`"`)); quoted { // a cell of a CSV file
				b = bytes.TrimSuffix(b, []byte(`"`))
			}
			continue
		}
		switch word, _, _ := bytes.Cut(b, []byte(" ")); {
		case l.day != 0 && (bytes.HasPrefix(b, []byte("stdout F ")) || bytes.HasPrefix(b, []byte("stderr F "))): // a container's log
			b = b[len("stdout F "):]
		case len(word) > 40 && streamName.Match(bytes.TrimRight(word, "\t")):
			b = b[len(word):]
			l.stream = c.stream(string(bytes.TrimRight(word, "\t")), l.stream)
			c.at(l.stream, l.day)
		default:
			break prefixes
		}
	}
	if c.platform(b, l) {
		return nil
	}
	// Some versions of the runtime write a warning and a record as one event.
	for part := range bytes.SplitSeq(b, []byte("\r")) {
		if looksLikeJSON(part) && depth < maxDepth {
			if err := c.record(part, l, depth+1); err != nil {
				return err
			}
			continue
		}
		c.program(part, l)
	}
	return nil
}

// platform reads START, END and REPORT.
func (c *collector) platform(b []byte, l line) bool {
	kind, rest, ok := bytes.Cut(b, []byte(" RequestId: "))
	if !ok || len(kind) > 6 {
		return false
	}
	id := rest
	if i := bytes.IndexAny(rest, " \t\r"); i >= 0 {
		id, rest = rest[:i], rest[i:]
	}
	if !plausibleID(id) {
		return false
	}
	switch string(kind) {
	case "START":
		c.start(l.stream, string(id), l.day)
	case "END":
		c.end(l.stream, string(id), l.day)
	case "REPORT":
		cold := bytes.Contains(rest, []byte("Init Duration:")) || bytes.Contains(rest, []byte("Restore Duration:"))
		c.report(l.stream, string(id), l.day, cold)
	default:
		return false
	}
	return true
}

// program reads what the program or its runtime wrote:
//
//	[INFO]⇥2026-03-01T10:00:00.123Z⇥1b4e28ba-…⇥Module used: boto3
//	INFO:root:Module used: boto3
func (c *collector) program(b []byte, l line) {
	at := bytes.Index(b, moduleUsed)
	head := b
	if at >= 0 {
		head = b[:at]
	}
	if !l.idKnown && len(head) > 0 && head[0] == '[' {
		// A level, a time and a request id, between tabs or what became of them.
		sep := "\t"
		if !bytes.Contains(head, []byte(sep)) {
			sep = " "
		}
		fields := bytes.SplitN(head, []byte(sep), 4)
		if len(fields) >= 3 {
			if d, n := leadingTime(fields[1]); n > 0 {
				l.day = d
				c.at(l.stream, d)
				switch id := bytes.TrimSpace(fields[2]); {
				case plausibleID(id) && (sep == "\t" || isUUID(id)):
					l.id, l.idKnown = string(id), true
				case len(id) == 0:
					l.idKnown = true // while the environment starts
				}
			}
		}
	}
	if at < 0 {
		if l.id != "" {
			c.request(l.stream, l.id, l.day)
		}
		return
	}
	if !l.idKnown {
		if id := findUUID(head); id != "" {
			l.id, l.idKnown = id, true
		}
	}
	if name := moduleName(b[at+len(moduleUsed):]); name != "" {
		c.use(l.stream, l.id, l.idKnown, l.day, l.flow, name)
	}
}

// moduleName returns the dotted name that b begins with, "" without one.
func moduleName(b []byte) string {
	b = bytes.TrimLeft(b, " \t\"'`\\")
	n, start := 0, true
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		switch {
		case r == '_' || unicode.IsLetter(r) && r != utf8.RuneError:
			start = false
		case unicode.IsDigit(r) && !start:
		case r == '.' && !start:
			start = true
		default:
			size = 0
		}
		if size == 0 {
			break
		}
		n += size
	}
	if n > 200 {
		return ""
	}
	return strings.TrimRight(string(b[:n]), ".")
}

// leadingTime reads a time at the start of b, with the separator behind it:
// ISO 8601 as all of AWS's tools write it, or milliseconds since 1970.
func leadingTime(b []byte) (d day, n int) {
	if len(b) < 13 || b[0] < '0' || b[0] > '9' {
		return 0, 0
	}
	end := 0
	for end < len(b) && b[end] >= '0' && b[end] <= '9' {
		end++
	}
	if end == 13 { // milliseconds
		if end < len(b) && !strings.ContainsRune(",\t ", rune(b[end])) {
			return 0, 0
		}
		ms := int64(0)
		for _, c := range b[:end] {
			ms = ms*10 + int64(c-'0')
		}
		return dayOf(time.UnixMilli(ms).UTC()), min(end+1, len(b))
	}
	const shape = "0000-00-00T00:00:00"
	if len(b) < len(shape) {
		return 0, 0
	}
	for i, want := range []byte(shape) {
		switch got := b[i]; {
		case want == '0' && (got < '0' || got > '9'),
			want == 'T' && got != 'T' && got != ' ',
			want != '0' && want != 'T' && got != want:
			return 0, 0
		}
	}
	n = len(shape)
	if n < len(b) && (b[n] == '.' || b[n] == ',') {
		for n++; n < len(b) && b[n] >= '0' && b[n] <= '9'; n++ {
		}
	}
	zone := 0 // minutes east
	if n < len(b) {
		switch b[n] {
		case 'Z':
			n++
		case '+', '-':
			sign, at := 1, n+1
			if b[n] == '-' {
				sign = -1
			}
			digits := 0
			for ; at < len(b) && digits < 4 && (b[at] >= '0' && b[at] <= '9' || b[at] == ':'); at++ {
				if b[at] != ':' {
					zone, digits = zone*10+int(b[at]-'0'), digits+1
				}
			}
			if digits != 4 {
				return 0, 0
			}
			zone, n = sign*(zone/100*60+zone%100), at
		}
	}
	if n < len(b) {
		if !strings.ContainsRune(",\t \"", rune(b[n])) {
			return 0, 0
		}
		if b[n] != '"' {
			n++
		}
	}
	number := func(from, to int) int {
		v := 0
		for _, c := range b[from:to] {
			v = v*10 + int(c-'0')
		}
		return v
	}
	t := time.Date(number(0, 4), time.Month(number(5, 7)), number(8, 10), number(11, 13), number(14, 16)-zone, number(17, 19), 0, time.UTC)
	return dayOf(t), n
}

// plausibleID tells a request id from text: one word of moderate length.
func plausibleID(b []byte) bool {
	if len(b) == 0 || len(b) > 100 {
		return false
	}
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"'{}[]()<>,;\`, c) >= 0 {
			return false
		}
	}
	return true
}

func isUUID(b []byte) bool {
	if len(b) != 36 {
		return false
	}
	for i, c := range b {
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// findUUID returns the last UUID in b, "" without one.
func findUUID(b []byte) string {
	for i := len(b) - 36; i >= 0; i-- {
		if b[i+8] == '-' && isUUID(b[i:i+36]) {
			return string(b[i : i+36])
		}
	}
	return ""
}
