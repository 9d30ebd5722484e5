package ingest

import (
	"bytes"
	"sort"
)

// The runtime of a container cuts lines at 16 KiB, and marks all pieces of one but the
// last by P. Those of the two streams may take turns:
//
//	2026-03-01T10:00:00.123456789Z stdout P {"message": "…
//	2026-03-01T10:00:00.123456789Z stderr F Module used: boto3
//	2026-03-01T10:00:00.123456790Z stdout F …"}

// A piece begins with a time, one of these and F or P.
var (
	ofStdout = []byte(" stdout ")
	ofStderr = []byte(" stderr ")
)

// piece takes a line of a container apart; head goes up to the mark. Ok is false for
// lines that are none.
func piece(line []byte) (head, text []byte, last, ok bool) {
	at := bytes.IndexByte(line, ' ')
	if at < len("2026-03-01T10:00:00Z") || at > 40 || len(line) < at+len(" stdout F ") || line[at+9] != ' ' {
		return nil, nil, false, false
	}
	switch stream := line[at : at+8]; {
	case !bytes.Equal(stream, ofStdout) && !bytes.Equal(stream, ofStderr):
		return nil, nil, false, false
	case line[at+8] != 'F' && line[at+8] != 'P':
		return nil, nil, false, false
	}
	if _, n := leadingTime(line[:at]); n == 0 {
		return nil, nil, false, false
	}
	return line[:at+8], line[at+10:], line[at+8] == 'F', true
}

// lastLine returns the last line of b, which ends behind a line feed.
func lastLine(b []byte) []byte {
	b = b[:max(0, len(b)-1)]
	return b[bytes.LastIndexByte(b, '\n')+1:]
}

// endsInPiece reports whether the line that b ends with goes on in another one.
func endsInPiece(b []byte) bool {
	_, _, last, ok := piece(lastLine(b))
	return ok && !last
}

// hasPieces reports whether some lines of a container's log are in pieces.
func hasPieces(b []byte) bool {
	first, _, _ := bytes.Cut(b, []byte("\n"))
	if _, _, _, ok := piece(first); !ok {
		return false
	}
	return bytes.Contains(b, []byte(" stdout P ")) || bytes.Contains(b, []byte(" stderr P "))
}

// shift says how far behind their places in the log those of joined lines are.
type shift struct {
	from         int // where in the joined lines that begins
	lines, bytes int64
}

// joined puts the pieces of lines together, where the last one is. Of a line without its
// last piece there is what there is.
func joined(b []byte) (out []byte, shifts []shift) {
	out = make([]byte, 0, len(b))
	open := map[string][]byte{} // by stream: the first piece with its head, and what follows
	read, lines := int64(0), int64(0)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		size := len(b) - len(rest)
		head, text, last, ok := piece(line)
		stream := ""
		if ok {
			stream = string(head[len(head)-len(ofStdout):])
		}
		switch before := open[stream]; {
		case ok && !last && before == nil:
			open[stream] = append(append(bytes.Clone(head), "F "...), text...)
			lines++
		case ok && !last:
			open[stream] = append(before, text...)
			lines++
		case ok && before != nil:
			shifts = append(shifts, shift{len(out), lines, read - int64(len(out))})
			out = append(append(append(out, before...), text...), '\n')
			delete(open, stream)
			shifts = append(shifts, shift{len(out), lines, read + int64(size) - int64(len(out))})
		default:
			shifts = append(shifts, shift{len(out), lines, read - int64(len(out))})
			out = append(out, b[:size]...)
		}
		read += int64(size)
		b = rest
	}
	for _, stream := range [][]byte{ofStdout, ofStderr} {
		if before := open[string(stream)]; before != nil {
			shifts = append(shifts, shift{len(out), lines - 1, read - int64(len(out))})
			out = append(append(out, before...), '\n')
			lines--
		}
	}
	return out, append(shifts, shift{len(out), lines, read - int64(len(out))})
}

// read reads the whole lines of a block. All says that every line counts,
// not only those with a needle; longest is the longest line that is read.
func (p *parser) read(b []byte, f *finder, all bool, longest int) {
	if !hasPieces(b) {
		p.block(b, f, all, longest)
		return
	}
	b, shifts := joined(b)
	bad := len(p.bad)
	p.block(b, f, all, longest)
	for i := range p.bad[bad:] {
		at := &p.bad[bad+i]
		by := shifts[max(0, sort.Search(len(shifts), func(k int) bool { return int64(shifts[k].from) > at.offset })-1)]
		at.line, at.offset = at.line+by.lines, at.offset+by.bytes
	}
	p.lines += shifts[len(shifts)-1].lines
}
