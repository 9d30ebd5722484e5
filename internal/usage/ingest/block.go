package ingest

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
)

// block is a piece of a log, whole lines, and what they say.
type block struct {
	data   []byte
	batch  batch
	parser parser
	finder *finder

	// Lines before the block that were too long to be read.
	tooLong, tooLongBytes int64
	torn                  int64 // bytes of a line behind it, of which the rest is lost
	large                 bool
}

// largeBlock is a block of which there is one at a time: it has a very long line, and
// to take that apart takes several times as much memory.
const largeBlock = 1 << 20

// engine reads files in blocks.
type engine struct {
	ctx     context.Context
	o       Options
	fields  *fields
	c       *collector
	all     bool // every line counts
	workers int  // a file
	free    chan *block
	large   chan struct{} // held by the large block
}

func newEngine(ctx context.Context, o Options, f *fields, c *collector) *engine {
	workers := runtime.GOMAXPROCS(0)
	n := 3*workers + 2 // each worker's, and those that wait for an earlier one
	e := &engine{ctx: ctx, o: o, fields: f, c: c, all: o.Requests == EveryRequest, workers: workers, free: make(chan *block, n), large: make(chan struct{}, 1)}
	for range n {
		b := &block{finder: newFinder(f.needles)}
		b.parser = parser{batch: &b.batch, fields: f, all: e.all}
		e.free <- b
	}
	return e
}

// take returns an empty block.
func (e *engine) take() *block {
	b := <-e.free
	if cap(b.data) != e.o.block { // new, or grown by a long line
		b.data = make([]byte, 0, e.o.block)
	}
	b.data = b.data[:0]
	b.batch.reset()
	b.parser.near = 0
	b.tooLong, b.tooLongBytes, b.torn = 0, 0, 0
	return b
}

// done takes a block back.
func (e *engine) done(b *block) {
	if b.large {
		b.large, b.data = false, nil
		b.parser.json = parser{}.json // which keeps what it took apart
		<-e.large
	}
	e.free <- b
}

// reader reads one decompressed log.
type reader struct {
	*engine
	state *fileState
	p     *parser // of what is no sequence of lines
	line  int64   // lines of the file that are read
	bytes int64
}

// file reads one file.
func (e *engine) file(f File, state *fileState) {
	defer e.c.endFile(state)
	in := f.Reader
	var file *os.File
	if in == nil {
		var err error
		if file, err = os.Open(f.Path); err != nil {
			state.problem = &Place{File: f.Name, Message: cause(err)}
			return
		}
		defer file.Close()
		in = file
	}
	own := &block{}
	own.batch.reset()
	own.parser = parser{batch: &own.batch, fields: e.fields, all: e.all}
	r := &reader{engine: e, state: state, p: &own.parser}
	plain, done, err := decompress(in)
	if err == nil {
		defer done()
		err = r.read(plain)
		if flushed := r.flush(true); err == nil {
			err = flushed
		}
	}
	if err == nil && file != nil {
		state.origin, err = origin(f.Name, file)
	}
	if err == nil || e.ctx.Err() != nil {
		return
	}
	message := "it could not be read to its end: " + cause(err)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		message = "the compressed data ends too early; what came before is counted"
	}
	if r.bytes > 0 {
		message += fmt.Sprintf(" (after byte %d)", r.bytes)
	}
	state.problem = &Place{f.Name, r.line, r.bytes, message}
}

// flushAt is how many events of a document are taken up at once.
const flushAt = 4096

// flush takes up what the reader's own parser found.
func (r *reader) flush(all bool) error {
	if !all && len(r.p.events) < flushAt && r.p.lines < flushAt {
		return nil
	}
	r.c.take(r.state, r.p.batch, 0, 0)
	r.p.reset()
	return r.ctx.Err()
}

// read reads a log to its end. The error is that of the data underneath.
func (r *reader) read(in *bufio.Reader) error {
	head, err := in.Peek(64 << 10)
	if err != nil && err != io.EOF && len(head) == 0 {
		return err
	}
	if prefixed, ok := isOTLP(head); ok {
		return r.protobuf(in, prefixed)
	}
	if columns := csvColumns(head); columns != nil {
		return r.csv(in, columns)
	}
	if !isDocument(head) {
		return r.lines(in)
	}
	rest, err := r.document(in)
	if err != nil || rest == nil {
		return err
	}
	return r.lines(rest)
}

// queue is a log that is read in blocks of whole lines. Whoever has nothing to do
// reads the next block and takes it apart, while it is in the caches of that processor.
// Blocks are taken up in their order.
type queue struct {
	*reader
	in io.Reader

	reading  sync.Mutex
	carry    []byte // the line that the latest block has begun
	skipping bool   // it is too long
	next     int    // number of the next block
	err      error  // of the data underneath, io.EOF at its end

	taking  sync.Mutex
	waiting map[int]*block // that are taken apart
	taken   int
	busy    bool // somebody takes blocks up
}

// lines reads a log of lines.
func (r *reader) lines(in io.Reader) error {
	q := &queue{reader: r, in: in, waiting: map[int]*block{}}
	var wait sync.WaitGroup
	more := q.step() // most files are no longer than a block
	for range r.workers {
		if more {
			wait.Go(func() {
				for q.step() {
				}
			})
		}
	}
	wait.Wait()
	if q.err == io.EOF {
		return nil
	}
	return q.err
}

// step reads a block; it is false where there is none left.
func (q *queue) step() bool {
	b := q.take()
	q.reading.Lock()
	if q.err != nil {
		q.reading.Unlock()
		q.free <- b
		return false
	}
	n := q.next
	q.next++
	q.err = q.cut(b)
	if q.err == nil {
		q.err = q.ctx.Err()
	}
	q.reading.Unlock()
	b.parser.read(b.data, b.finder, q.all, q.o.MaxLine)
	if b.torn > 0 {
		b.batch.lines++
		b.batch.unreadable(b.batch.lines, int64(len(b.data)), "the line is torn: the data that can be read ends in it")
	}
	q.takeUp(n, b)
	return true
}

// takeUp takes up the n-th block, and those behind it that were waiting for it.
func (q *queue) takeUp(n int, b *block) {
	q.taking.Lock()
	q.waiting[n] = b
	if q.busy {
		q.taking.Unlock()
		return
	}
	q.busy = true
	for {
		b := q.waiting[q.taken]
		if b == nil {
			q.busy = false
			q.taking.Unlock()
			return
		}
		delete(q.waiting, q.taken)
		q.taken++
		q.taking.Unlock()
		q.count(b)
		q.done(b)
		q.taking.Lock()
	}
}

// count tells the collector what a block says.
func (r *reader) count(b *block) {
	for range min(b.tooLong, maxPlaces) {
		b.batch.badN++
		b.batch.bad = append(b.batch.bad, place{0, 0, fmt.Sprintf("the line is longer than %d bytes", r.o.MaxLine)})
	}
	b.batch.badN += b.tooLong - min(b.tooLong, maxPlaces)
	for i := range b.batch.bad {
		if at := &b.batch.bad[i]; at.line > 0 {
			at.line, at.offset = at.line+b.tooLong, at.offset+b.tooLongBytes
		} else {
			at.line = 1
		}
	}
	b.batch.lines += b.tooLong
	r.c.take(r.state, &b.batch, r.line, r.bytes)
	r.line += b.batch.lines
	r.bytes += int64(len(b.data)) + b.tooLongBytes + b.torn
}

// cut reads the next block. The error is that of the data underneath.
func (q *queue) cut(b *block) (err error) {
	if len(q.carry) >= largeBlock {
		q.makeLarge(b)
	}
	b.data = append(b.data, q.carry...)
	end := 0
	for {
		if len(b.data) == cap(b.data) {
			if cap(b.data) >= largeBlock {
				q.makeLarge(b)
			}
			b.data = append(b.data, make([]byte, cap(b.data))...)[:len(b.data)]
		}
		var n int
		n, err = fill(q.in, b.data[len(b.data):cap(b.data)])
		b.data = b.data[:len(b.data)+n]
		if q.skipping {
			i := bytes.IndexByte(b.data, '\n') + 1
			if i == 0 && err == nil {
				i = len(b.data)
			} else {
				q.skipping = false
			}
			if i == 0 {
				i = len(b.data)
			}
			b.tooLongBytes += int64(i)
			b.data = b.data[:copy(b.data, b.data[i:])]
		}
		if end = wholeLines(b.data, err != nil, q.o.MaxLine); end > 0 || err != nil {
			break
		}
		if len(b.data) > q.o.MaxLine {
			q.skipping = true
			b.tooLong++
			b.tooLongBytes += int64(len(b.data))
			b.data = b.data[:0]
		}
	}
	q.carry = append(q.carry[:0], b.data[end:]...)
	b.data = b.data[:end]
	if err != nil && err != io.EOF {
		whole := bytes.LastIndexByte(b.data, '\n') + 1
		b.torn, b.data = int64(len(b.data)-whole), b.data[:whole]
	}
	return err
}

// makeLarge waits until there is no other large block. Blocks before this one are at
// work, and wait for nothing.
func (e *engine) makeLarge(b *block) {
	if !b.large {
		e.large <- struct{}{}
		b.large = true
	}
}

// fill reads until p is full. The error is the reader's own.
func fill(in io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = in.Read(p[n:])
		n += m
	}
	return n, err
}

// wholeLines returns where the last line ends that is whole, all of b at the
// end of the data. A record that spans lines is not cut where it can be avoided, and no
// line in pieces below the length of the longest one.
func wholeLines(b []byte, last bool, longest int) int {
	if last {
		return len(b)
	}
	end := bytes.LastIndexByte(b, '\n') + 1
	if at, ok := betweenPieces(b[:end]); ok {
		if at > 0 || len(b) <= longest {
			return at
		}
		return end
	}
	const most = 64 << 10 // to look back
	for at := end; at > max(0, len(b)-most); at = bytes.LastIndexByte(b[:at-1], '\n') + 1 {
		if at < len(b) && bytes.IndexByte([]byte(" \t}]"), b[at]) < 0 && !bytes.HasPrefix(b[at:], []byte("{\n")) && !bytes.HasPrefix(b[at:], []byte("{\r\n")) {
			return at
		}
	}
	return end
}
