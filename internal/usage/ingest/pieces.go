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

// betweenPieces returns where the last place is in the lines of a container's log at which
// no line is in pieces, 0 without one. Ok is false for other logs.
func betweenPieces(b []byte) (end int, ok bool) {
	if _, _, _, ok := piece(b[bytes.LastIndexByte(b[:max(0, len(b)-1)], '\n')+1:]); !ok {
		return 0, false
	}
	const near = 64 << 10 // where it mostly is
	for _, from := range []int{bytes.LastIndexByte(b[:max(0, len(b)-near)], '\n') + 1, 0} {
		var open [2]bool
		for at := from; at < len(b); {
			line, _, _ := bytes.Cut(b[at:], []byte("\n"))
			at += len(line) + 1
			if head, _, last, ok := piece(line); ok {
				open[bit(bytes.HasSuffix(head, ofStderr), 0)] = !last
			}
			if !open[0] && !open[1] {
				end = at
			}
		}
		if end > 0 {
			break
		}
	}
	return end, true
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

// opened is a line of which pieces are to come.
type opened struct {
	text     []byte // the first piece with its head, and what follows
	line, at int64  // of the latest piece: its number and place
}

// joined puts the pieces of lines together, where the last one is. Of a line without its
// last piece there is what there is.
func joined(b []byte) (out []byte, shifts []shift) {
	out = make([]byte, 0, len(b))
	open := map[string]*opened{} // by stream
	read, lines, pieces := int64(0), int64(0), int64(0)
	for len(b) > 0 {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		size := len(b) - len(rest)
		head, text, last, ok := piece(line)
		stream := ""
		if ok {
			stream = string(head[len(head)-len(ofStdout):])
		}
		lines++
		switch before := open[stream]; {
		case ok && !last:
			if before == nil {
				before = &opened{text: append(bytes.Clone(head), "F "...)}
				open[stream] = before
			}
			before.text = append(before.text, bytes.TrimSuffix(text, []byte("\r"))...)
			before.line, before.at = lines, read
			pieces++
		case ok && before != nil:
			shifts = append(shifts, shift{len(out), pieces, read - int64(len(out))})
			out = append(append(append(out, before.text...), text...), b[len(line):size]...)
			delete(open, stream)
			shifts = append(shifts, shift{len(out), pieces, read + int64(size) - int64(len(out))})
		default:
			shifts = append(shifts, shift{len(out), pieces, read - int64(len(out))})
			out = append(out, b[:size]...)
		}
		read += int64(size)
		b = rest
	}
	for _, stream := range [][]byte{ofStdout, ofStderr} {
		if before := open[string(stream)]; before != nil {
			if n := len(out); n > 0 && out[n-1] != '\n' {
				out = append(out, '\n')
			}
			pieces--
			shifts = append(shifts, shift{len(out), before.line - (lines - pieces), before.at - int64(len(out))})
			out = append(out, before.text...)
		}
	}
	return out, append(shifts, shift{len(out), pieces, read - int64(len(out))})
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
