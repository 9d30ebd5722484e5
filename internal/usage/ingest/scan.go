package ingest

import (
	"bytes"
	"fmt"
	"unicode/utf8"

	"fastpath/internal/regexps"
)

// needles are in every text that says something. They begin with letters that
// are rare in logs: a search is as fast as these are far apart.
var needles = []string{"Module used:", "RequestId: "}

// firstKey reports whether a JSON object whose first key begins at a place may say
// something without a needle: the records of the platform, in whatever order their
// keys are, the recorder's lines, and wrappers of what is not to be seen from outside.
func firstKey(b []byte) bool {
	rest := ""
	switch string(b[:4]) { // one comparison of numbers each
	case "time", "type":
	case "reco":
		rest = "rd"
	case "fast":
		rest = "path"
	case "awsl":
		rest = "ogs"
	case "reso":
		rest = "urceLogs"
	case "scop":
		rest = "eLogs"
	default:
		return false
	}
	b = b[4:]
	return len(b) > len(rest) && (b[len(rest)] == '"' || b[len(rest)] == '\\') && string(b[:len(rest)]) == rest
}

// finder finds the lines of a block that may say something. It looks at the
// block as a whole: most lines do not.
type finder struct {
	needles [][]byte
	next    []int // by needle, and at the end for objects: where it is next
}

func newFinder(extra []string) *finder {
	f := &finder{}
	for _, n := range append(needles[:len(needles):len(needles)], extra...) {
		f.needles = append(f.needles, []byte(n))
	}
	f.next = make([]int, len(f.needles)+1)
	return f
}

func (f *finder) start() {
	for i := range f.next {
		f.next[i] = -1
	}
}

// find returns the first place from from on that may say something, len(b)
// without one.
func (f *finder) find(b []byte, from int) int {
	first := len(b)
	for i, n := range f.needles {
		if f.next[i] < from {
			f.next[i] = len(b)
			if at := bytes.Index(b[from:], n); at >= 0 {
				f.next[i] = from + at
			}
		}
		first = min(first, f.next[i])
	}
	last := len(f.needles)
	if f.next[last] < from {
		f.next[last] = nextObject(b, from)
	}
	return min(first, f.next[last])
}

// nextObject returns where the first object in b[from:] is whose first key says
// something, len(b) without one. The object may be within a string.
func nextObject(b []byte, from int) int {
	for {
		i := bytes.IndexByte(b[from:], '{')
		if i < 0 {
			return len(b)
		}
		from += i + 1
		at, most := from, min(len(b), from+32)
		for at < most && (b[at] == '"' || b[at] == ' ' || b[at] == '\n' || b[at] == '\r' || b[at] == '\\') {
			at++
		}
		if at+4 < most && firstKey(b[at:most]) {
			return from - 1
		}
	}
}

// block is read, of lines that are none of them in pieces.
func (p *parser) block(b []byte, f *finder, all bool, longest int) {
	f.start()
	odd := bytes.IndexByte(b, 0) >= 0 || !utf8.Valid(b)
	hit, dated, looked := f.find(b, 0), false, 0
	for from := 0; from < len(b); {
		to := len(b)
		if i := bytes.IndexByte(b[from:], '\n'); i >= 0 {
			to = from + i
		}
		line, start := b[from:to], from
		from = to + 1
		p.lines++
		if odd {
			if bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line) && hasControls(line) {
				p.unreadable(p.lines, int64(start), "binary data")
				continue
			}
		}
		if hit < start {
			hit = f.find(b, start)
		}
		if len(line) > longest {
			p.unreadable(p.lines, int64(start), fmt.Sprintf("the line is longer than %d bytes", longest))
			continue
		}
		if hit >= to && !all && !torn(line) {
			continue
		}
		if to == len(b) && cutID(line) {
			p.unreadable(p.lines, int64(start), "the line is torn within its request id")
			continue
		}
		before := len(p.events)
		if end, ok := p.spread(b, start, to); ok {
			p.lines += int64(bytes.Count(b[min(from, len(b)):min(end, len(b))], []byte("\n")))
			from = end
		} else if err := p.text(plain(line), unknown, 0); err != nil {
			p.unreadable(p.lines, int64(start), err.Error())
		}
		for i := before; i < len(p.events); i++ {
			e := &p.events[i]
			switch {
			case e.stream >= 0:
			case e.at != 0:
				dated = true
				p.near = e.at.day()
			default:
				if d := lastDay(b[looked:start]); d != 0 {
					p.near = d
				}
				e.guess = p.near
			}
			looked = start
		}
	}
	if !dated && len(p.events) > 0 {
		p.first = firstDay(b)
	}
}

// colour is a terminal's control sequence that only changes how text looks.
var colour = regexps.New("\x1b\\[[0-9;:]*m")

// plain returns a line without colours, which "aws logs tail" and loggers write.
func plain(line []byte) []byte {
	if bytes.IndexByte(line, 0x1b) < 0 {
		return line
	}
	return colour().ReplaceAll(line, nil)
}

// hasControls reports whether b holds bytes that no text has.
func hasControls(b []byte) bool {
	return bytes.ContainsFunc(b, func(c rune) bool { return c < ' ' && c != '\t' && c != '\r' && c != '\n' && c != 0x1b })
}

// torn reports whether a line begins as a JSON record and does not end as one:
// neither whole nor the first line of one that spans lines.
func torn(line []byte) bool {
	if len(line) < 2 || line[0] != '{' {
		return false
	}
	end := len(line) - 1
	for line[end] == ' ' || line[end] == '\t' || line[end] == '\r' {
		end--
	}
	return line[end] != '}' && line[end] != '{' && line[end] != '['
}

// cutID reports whether a line without a line feed, the last one of a file, ends in the
// middle of a request id: Lambda's are UUIDs. Half of one would be another request.
func cutID(line []byte) bool {
	kind, id, ok := bytes.Cut(line, []byte(" RequestId: "))
	kind = kind[bytes.LastIndexAny(kind, " \t")+1:]
	return ok && (string(kind) == "START" || string(kind) == "END" || string(kind) == "REPORT") && (len(id) == 0 || plausibleID(id) && len(id) < 36)
}

// unindented is b without the spaces and tabs that it begins with.
func unindented(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

// spread reads a record that spans lines, of which that from start to to is
// one: "aws logs tail --format json" prints time and stream, and below them
// the record. It returns where the lines behind it begin.
func (p *parser) spread(b []byte, start, to int) (end int, ok bool) {
	const most = 1000 // lines in either direction
	open := start
	if line := bytes.TrimSuffix(b[start:to], []byte("\r")); string(line) != "{" {
		inner := unindented(line)
		if len(inner) == len(line) || len(inner) == 0 || inner[0] != '"' {
			return 0, false
		}
		for range most {
			if open == 0 {
				return 0, false
			}
			open = bytes.LastIndexByte(b[:open-1], '\n') + 1
			if c := b[open]; c != ' ' && c != '\t' && c != '}' && c != ']' {
				break
			}
		}
	}
	if b[open] != '{' {
		return 0, false
	}
	end = to
	for range most {
		if end+1 >= len(b) {
			return 0, false
		}
		next := end + 1
		if i := bytes.IndexByte(b[next:], '\n'); i >= 0 {
			end = next + i
		} else {
			end = len(b)
		}
		if b[next] == '}' {
			break
		}
	}
	l := unknown
	if open > 0 {
		head := bytes.LastIndexByte(b[:open-1], '\n') + 1
		if rest := p.prefix(plain(bytes.TrimSuffix(b[head:open-1], []byte("\r"))), &l); len(bytes.TrimSpace(rest)) > 0 {
			l = unknown // some other line
		}
	}
	if p.record(plain(b[open:end]), l, 1) != nil {
		return 0, false
	}
	return min(end+1, len(b)), true
}

// lineDay returns the day that a line gives, 0 without one.
func lineDay(line []byte) day {
	line = unindented(line)
	if at, n := leadingTime(line); n > 0 {
		return at.day()
	}
	switch {
	case len(line) == 0:
	case line[0] == '[':
		if _, rest, ok := bytes.Cut(line, []byte("\t")); ok {
			at, _ := leadingTime(rest)
			return at.day()
		}
	case line[0] == '{':
		for _, key := range []string{`"timestamp": "`, `"time":"`, `"timestamp":"`} {
			if i := bytes.Index(line, []byte(key)); i >= 0 {
				at, _ := leadingTime(line[i+len(key):])
				return at.day()
			}
		}
	}
	return 0
}

// lastDay returns the day of the last dated line of b.
func lastDay(b []byte) day {
	for len(b) > 0 {
		i := bytes.LastIndexByte(b[:len(b)-1], '\n') + 1
		if d := lineDay(b[i:]); d != 0 {
			return d
		}
		b = b[:i]
	}
	return 0
}

// firstDay returns the day of the first dated line of b.
func firstDay(b []byte) day {
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		if d := lineDay(line); d != 0 {
			return d
		}
		b = rest
	}
	return 0
}
