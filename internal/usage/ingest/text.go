package ingest

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// The message of the founding documents.
var moduleUsed = []byte("Module used:")

// line is what is known about a message before it is read: its stream and
// function, when it was written, and the request, where what is around it says
// so. Names are places in the batch's list, -1 when there is none.
type line struct {
	stream, function, flow int32
	at                     moment
	id                     uint64
	message                uint64 // what CloudWatch calls it, hashed, 0 without that
	idKnown                bool   // id is what the record says, also when it is none
}

// unknown is a line about which nothing is known.
var unknown = line{stream: -1, function: -1, flow: -1}

// parser takes the lines of one block apart and tells its batch what they say.
type parser struct {
	*batch
	fields *fields
	all    bool                          // lines that say nothing but a request's id count
	json   [maxDepth + 1]fastjson.Parser // by depth: values live until the next use
	head   []byte                        // scratch
	near   day                           // of the latest dated line of the block
	shapes shapes                        // of its records
}

// event adds what a line says.
func (p *parser) event(kind eventKind, l line) *event {
	p.events = append(p.events, event{
		kind: kind, stream: l.stream, function: l.function, module: -1, flow: l.flow, id: l.id, idKnown: l.idKnown, message: l.message, at: l.at,
	})
	return &p.events[len(p.events)-1]
}

// dated tells the time that a message itself gives. Where the record around it
// says something quite different, one of the clocks is wrong: that of
// CloudWatch counts.
func (p *parser) dated(l *line, at moment) {
	if l.at != 0 && (at-l.at > dayMS || l.at-at > dayMS) {
		p.skewed++
		return
	}
	if at != 0 {
		l.at = at
	}
}

// text reads one line of a text log: what CloudWatch and its tools put in
// front, then a platform line, a JSON record, or what the program wrote.
func (p *parser) text(b []byte, l line, depth int) error {
	if len(b) > 1 && b[0] == '{' && b[1] == '"' && depth < maxDepth && bytes.IndexByte(b, '\r') < 0 {
		return p.record(b, l, depth+1)
	}
	b = p.prefix(bytes.TrimRight(b, " \t\r\n"), &l)
	if len(b) == 0 || p.platform(b, l) {
		return nil
	}
	// Some versions of the runtime write a warning and a record as one event.
	for {
		part, rest, more := bytes.Cut(b, []byte("\r"))
		if looksLikeJSON(part) && depth < maxDepth {
			if err := p.record(part, l, depth+1); err != nil {
				return err
			}
		} else {
			p.program(part, l)
		}
		if !more {
			return nil
		}
		b = rest
	}
}

// prefix cuts off what CloudWatch and its tools put in front of a message.
func (p *parser) prefix(b []byte, l *line) []byte {
	for range 3 {
		if len(b) > 0 && (b[0] <= ' ' || b[0] >= utf8.RuneSelf) {
			b = bytes.TrimLeft(b, " \t\ufeff")
		}
		if len(b) == 0 {
			return nil
		}
		if at, n := leadingTime(b); n > 0 {
			var quoted bool
			b, l.at = b[n:], at
			if b, quoted = bytes.CutPrefix(b, []byte(`"`)); quoted { // a cell of a CSV file
				b = bytes.TrimSuffix(b, []byte(`"`))
			}
			continue
		}
		switch {
		case bytes.HasPrefix(b, eventsRow):
			b = p.textRow(b[len(eventsRow):], l)
		case l.at != 0 && (bytes.HasPrefix(b, []byte("stdout F ")) || bytes.HasPrefix(b, []byte("stderr F "))): // a container's log
			b = b[len("stdout F "):]
		case len(b) > 43 && b[0] >= '0' && b[0] <= '9' && b[4] == '/':
			word, _, _ := bytes.Cut(b, []byte(" "))
			name := bytes.TrimRight(word, "\t")
			if !isStream(name) {
				return b
			}
			b = b[len(word):]
			l.stream = p.name(name)
		default:
			return b
		}
	}
	return b
}

// eventsRow is how "aws logs filter-log-events --output text" begins an event: its id, when
// it was ingested, its log stream, the message, and its time, which the line feed at the end
// of messages mostly puts into a line of its own. That of get-log-events has no id and stream.
var eventsRow = []byte("EVENTS\t")

// textRow cuts off the columns in front of the message.
func (p *parser) textRow(b []byte, l *line) []byte {
	numbers := 0
	for {
		field, rest, ok := bytes.Cut(b, []byte("\t"))
		if !ok || len(field) == 0 || len(bytes.Trim(field, "0123456789")) > 0 || numbers == 2 {
			break
		}
		numbers++
		if isEventID(field) {
			l.message = hashID(field)
		}
		if at, n := leadingTime(append(bytes.Clone(field), '\t')); n > 0 {
			l.at = at
		}
		b = rest
	}
	if numbers == 2 {
		stream, rest, ok := bytes.Cut(b, []byte("\t"))
		if ok && len(stream) > 0 && len(stream) <= 512 {
			l.stream, b = p.name(stream), rest
		}
	}
	if i := bytes.LastIndexByte(b, '\t'); i >= 0 {
		if at, n := leadingTime(append(bytes.Clone(b[i+1:]), '\t')); n == len(b)-i {
			l.at, b = at, b[:i]
		}
	}
	return b
}

// platform reads START, END and REPORT.
func (p *parser) platform(b []byte, l line) bool {
	kind, _, ok := bytes.Cut(b[:min(len(b), 64)], []byte(" RequestId: "))
	if !ok || len(kind) > 6 {
		return false
	}
	rest := b[len(kind)+len(" RequestId: "):]
	id := rest
	if i := bytes.IndexAny(rest, " \t\r"); i >= 0 {
		id, rest = rest[:i], rest[i:]
	}
	if !plausibleID(id) {
		return false
	}
	l.id = hashID(id)
	switch string(kind) {
	case "START":
		if _, version, ok := bytes.Cut(rest, []byte("Version: ")); ok {
			version, _, _ = bytes.Cut(bytes.TrimSpace(version), []byte(" "))
			p.runs(&l, nil, version)
		}
		p.event(started, l)
	case "END":
		p.event(ended, l)
	case "REPORT":
		e := p.event(reported, l)
		init, isInit := label(rest, "Init Duration:")
		_, isRestore := label(rest, "Restore Duration:")
		e.cold = isInit || isRestore
		e.initMS = init
		memory, _ := label(rest, "Memory Size:")
		e.memory = int32(memory)
	default:
		return false
	}
	p.events[len(p.events)-1].platform = true
	return true
}

// runs notes which function, and which version of it, wrote a line.
func (p *parser) runs(l *line, function, version []byte) {
	if len(function)+len(version) > 200 || len(function)+len(version) == 0 {
		return
	}
	p.head = append(append(append(p.head[:0], function...), ':'), version...)
	l.function = p.name(p.head)
}

// label returns the number behind a label of a REPORT line. What is between
// labels is white space of any kind.
func label(b []byte, name string) (v float64, ok bool) {
	_, rest, ok := bytes.Cut(b, []byte(name))
	if !ok {
		return 0, false
	}
	rest = bytes.TrimLeft(rest, " \t\u00a0")
	n := 0
	for n < len(rest) && n < 20 && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.') {
		n++
	}
	v, err := strconv.ParseFloat(string(rest[:n]), 64)
	if err != nil || v > 1e9 {
		return 0, true
	}
	return v, true
}

// program reads what the program or its runtime wrote:
//
//	[INFO]⇥2026-03-01T10:00:00.123Z⇥1b4e28ba-…⇥Module used: boto3
//	INFO:root:Module used: boto3
func (p *parser) program(b []byte, l line) {
	at := bytes.Index(b, moduleUsed)
	head := b
	if at >= 0 {
		head = b[:at]
	}
	if !l.idKnown && len(head) > 0 && head[0] == '[' {
		// A level, a time and a request id, between tabs or what became of them.
		sep := []byte("\t")
		if bytes.IndexByte(head, '\t') < 0 {
			sep = []byte(" ")
		}
		_, rest, _ := bytes.Cut(head, sep)
		when, rest, ok := bytes.Cut(rest, sep)
		id, _, _ := bytes.Cut(rest, sep)
		if t, n := leadingTime(when); ok && n > 0 {
			p.dated(&l, t)
			switch id := bytes.TrimSpace(id); {
			case plausibleID(id) && (sep[0] == '\t' || isUUID(id)):
				l.id, l.idKnown = hashID(id), true
			case len(id) == 0:
				l.idKnown = true // while the environment starts
			}
		}
	}
	if at < 0 {
		if l.id != 0 && p.all {
			p.event(seen, l)
		}
		return
	}
	if !l.idKnown {
		if id := findUUID(head); id != nil {
			l.id, l.idKnown = hashID(id), true
		}
	}
	if l.at == 0 { // logging's own format: the time is somewhere before the message
		l.at = timeWithin(head)
	}
	p.use(l, b[at+len(moduleUsed):])
}

// use adds that a module was used.
func (p *parser) use(l line, name []byte) {
	if name := moduleName(name); len(name) > 0 {
		p.event(used, l).module = p.name(name)
	}
}

// timeWithin returns the first time in the head of a line, 0 without one.
func timeWithin(b []byte) moment {
	for i := 0; i+19 <= len(b) && i < 100; i++ {
		if b[i+4] == '-' && (i == 0 || b[i-1] < '0' || b[i-1] > '9') {
			if at, n := leadingTime(bytes.TrimRight(b[i:min(len(b), i+40)], "]) |")); n > 0 {
				return at
			}
			if at, n := leadingTime(b[i : i+19]); n > 0 {
				return at
			}
		}
	}
	return 0
}

// moduleName returns the dotted name that b begins with, empty without one.
func moduleName(b []byte) []byte {
	for len(b) > 0 && strings.IndexByte(" \t\"'`\\", b[0]) >= 0 {
		b = b[1:]
	}
	n, start := 0, true
	for n < len(b) {
		if c := b[n]; inName[c] || !start && c >= '0' && c <= '9' { // ASCII
			n++
			start = false
			continue
		}
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
		return nil
	}
	return bytes.TrimRight(b[:n], ".")
}

// inName are the ASCII characters that a name may begin with.
var inName = func() (in [256]bool) {
	for c := 'a'; c <= 'z'; c++ {
		in[c], in[c-'a'+'A'] = true, true
	}
	in['_'] = true
	return in
}()

// leadingTime reads a time at the start of b, with the separator behind it:
// ISO 8601 as all of AWS's tools write it, or milliseconds since 1970.
func leadingTime(b []byte) (at moment, n int) {
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
		return msOf(time.UnixMilli(ms).UTC()), min(end+1, len(b))
	}
	const shape = "0000-00-00T00:00:00"
	if len(b) < len(shape) {
		return 0, 0
	}
	b19 := b[:len(shape)]
	if b19[4] != '-' || b19[7] != '-' || b19[10] != 'T' && b19[10] != ' ' || b19[13] != ':' || b19[16] != ':' {
		return 0, 0
	}
	var bad byte // more than 9 when something is no digit
	two := func(at int) int {
		tens, ones := b19[at]-'0', b19[at+1]-'0'
		bad = max(bad, tens, ones)
		return int(tens)*10 + int(ones)
	}
	year, month, day := two(0)*100+two(2), two(5), two(8)
	hour, minute, second := two(11), two(14), two(17)
	if bad > 9 {
		return 0, 0
	}
	n = len(shape)
	ms, scale := 0, 100
	if n < len(b) && (b[n] == '.' || b[n] == ',') {
		for n++; n < len(b) && b[n] >= '0' && b[n] <= '9'; n++ {
			ms, scale = ms+int(b[n]-'0')*scale, scale/10
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
	return momentAt(year, month, day, (hour*60+minute-zone)*60+second, ms), n
}

// momentAt is msOf(time.Date(year, month, day, 0, 0, seconds, ms*1e6, time.UTC)),
// which takes days after the end of a month as those of the next.
func momentAt(year, month, day, seconds, ms int) moment {
	year, month = year+(month+11)/12-1, (month+11)%12+1
	// Years from March have the leap day at their end.
	y, m := year, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	days := y*365 + y/4 - y/100 + y/400 + (153*m+2)/5 + day - 1 - 719468
	at := moment(days)*dayMS + moment(seconds*1000+ms)
	if at < firstMoment || at >= endMoment {
		return 0 // no log's time
	}
	return at
}

// plausibleID tells a request id from text: one word of moderate length.
func plausibleID(b []byte) bool {
	if len(b) == 0 || len(b) > 100 {
		return false
	}
	for _, c := range b {
		if !inID[c] {
			return false
		}
	}
	return true
}

// inID are the characters of request ids.
var inID = func() (in [256]bool) {
	for c := '!'; c < 0x7f; c++ {
		in[c] = !strings.ContainsRune(`"'{}[]()<>,;\`, c)
	}
	return in
}()

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

// findUUID returns the last UUID in b, nil without one.
func findUUID(b []byte) []byte {
	for i := len(b) - 36; i >= 0; i-- {
		if b[i+8] == '-' && isUUID(b[i:i+36]) {
			return b[i : i+36]
		}
	}
	return nil
}

// isStream tells a log stream as Lambda names it: 2026/03/01/[7]32hex, with a
// function's name before the bracket in shared log groups.
func isStream(b []byte) bool {
	const date = "0000/00/00/"
	if len(b) < len(date)+len("[1]")+32 || len(b) > 512 || b[len(b)-33] != ']' {
		return false
	}
	for i, want := range []byte(date) {
		if want == '0' && (b[i] < '0' || b[i] > '9') || want == '/' && b[i] != '/' {
			return false
		}
	}
	for _, c := range b[len(b)-32:] {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	inner := b[len(date) : len(b)-33]
	open := bytes.IndexByte(inner, '[')
	return open >= 0 && open < len(inner)-1 && !bytes.ContainsAny(inner, " \t\r\n]")
}

// ofStream returns the function and version in the name of a stream, which
// isStream.
func ofStream(name string) (function, version string) {
	inner := name[len("0000/00/00/") : len(name)-33]
	function, version, _ = strings.Cut(inner, "[")
	return function, version
}
