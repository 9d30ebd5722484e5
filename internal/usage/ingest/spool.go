package ingest

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
)

// spool keeps records for which there is no room in memory in a temporary file, and gives
// them back in order. The file has runs, each of which is in order: a record is, as
// numbers of variable length, the distances of a and b from those of the record before
// (of b from 0 where a is another one), the length of its data, and the data.
type spool struct {
	dir  string
	file spoolFile
	out  *bufio.Writer
	at   int64
	runs []span
	last spoolKey // of the run in the making
	head []byte
	err  error // the first one

	added []spooled // that are in no run yet
	data  []byte    // theirs
}

// spoolKey is what records are ordered by.
type spoolKey struct {
	a uint32
	b uint64
}

func (k spoolKey) compare(o spoolKey) int {
	return cmp.Or(cmp.Compare(k.a, o.a), cmp.Compare(k.b, o.b))
}

// spooled is a record whose data is in memory.
type spooled struct {
	key      spoolKey
	from, to uint32
}

// span is where a run lies in the file.
type span struct{ from, to int64 }

// spoolFile is what a spool writes to.
type spoolFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
}

const (
	spoolNames  = "ingest-*.tmp"
	spoolMemory = 8 << 20 // bytes of records that are put in order at once
	spoolBuffer = 64 << 10
	spoolRead   = 4 << 20 // bytes of all runs that are read ahead
)

// tempFile is a file that is gone when it is closed. Where files that are open can be
// removed, it has no name from the start.
type tempFile struct{ *os.File }

func newTempFile(dir string) (spoolFile, error) {
	f, err := os.CreateTemp(dir, spoolNames)
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	return tempFile{f}, nil
}

// Close closes and removes the file.
func (f tempFile) Close() error {
	err := f.File.Close()
	_ = os.Remove(f.Name()) // it is mostly gone
	return err
}

// sweep removes the files of runs that were killed. Those of others that are at work
// have no name, or cannot be removed.
func sweep(dir string) {
	entries, _ := os.ReadDir(dir) // without, there is nothing to remove
	for _, e := range entries {
		if old, _ := filepath.Match(spoolNames, e.Name()); old {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

func newSpool(o *Options) *spool {
	dir := cmp.Or(o.Temp, os.TempDir())
	create := o.create
	if create == nil {
		create = newTempFile
	}
	file, err := create(dir)
	s := &spool{dir: dir, file: file}
	if err != nil {
		s.fail(err)
		return s
	}
	s.out = bufio.NewWriterSize(file, spoolBuffer)
	return s
}

// fail notes an error.
func (s *spool) fail(err error) {
	if s.err == nil && err != nil {
		s.err = fmt.Errorf("cannot keep what there is no memory for in %q: %s; nothing was merged: make room there, or pass fewer logs at once", s.dir, cause(err))
	}
}

// close removes the file.
func (s *spool) close() {
	if s != nil && s.file != nil {
		_ = s.file.Close() // nobody needs it any more
		s.file = nil
	}
}

// put writes the next record of a run, whose key is not less than that of the record
// before.
func (s *spool) put(key spoolKey, data []byte) {
	if s.err != nil {
		return
	}
	b := s.head[:0]
	b = binary.AppendUvarint(b, uint64(key.a-s.last.a))
	if key.a != s.last.a {
		s.last.b = 0
	}
	b = binary.AppendUvarint(b, key.b-s.last.b)
	b = binary.AppendUvarint(b, uint64(len(data)))
	s.last, s.head = key, b
	_, err := s.out.Write(b)
	if err == nil {
		_, err = s.out.Write(data)
	}
	s.fail(err)
	s.at += int64(len(b) + len(data))
}

// end ends a run.
func (s *spool) end() {
	if s.err != nil {
		return
	}
	s.fail(s.out.Flush())
	from := int64(0)
	if n := len(s.runs); n > 0 {
		from = s.runs[n-1].to
	}
	if s.at > from {
		s.runs = append(s.runs, span{from, s.at})
	}
	s.last = spoolKey{}
}

// add writes a record, in whatever order they come.
func (s *spool) add(key spoolKey, data []byte) {
	from := len(s.data)
	s.data = append(s.data, data...)
	s.added = append(s.added, spooled{key, uint32(from), uint32(len(s.data))})
	if len(s.data)+32*len(s.added) > spoolMemory {
		s.flush()
	}
}

// flush makes a run of the records that were added.
func (s *spool) flush() {
	if len(s.added) == 0 {
		return
	}
	slices.SortFunc(s.added, func(a, b spooled) int { return cmp.Or(a.key.compare(b.key), cmp.Compare(a.from, b.from)) })
	for _, r := range s.added {
		s.put(r.key, s.data[r.from:r.to])
	}
	s.end()
	s.added, s.data = s.added[:0], s.data[:0]
}

// read begins to read all records, in order; those of one key in the order of their
// runs. There may be several readers, and nothing is written any more.
func (s *spool) read() *spoolReader {
	s.flush()
	s.added, s.data = nil, nil
	r := &spoolReader{err: s.err}
	if s.err != nil {
		return r
	}
	buffer := min(spoolBuffer, max(4<<10, spoolRead/max(1, len(s.runs))))
	for i, at := range s.runs {
		c := &spoolCursor{run: i, in: bufio.NewReaderSize(io.NewSectionReader(s.file, at.from, at.to-at.from), buffer)}
		if r.advance(c) {
			r.heap = append(r.heap, c)
		}
	}
	heap.Init(&r.heap)
	return r
}

// spoolCursor is a place in a run.
type spoolCursor struct {
	in   *bufio.Reader
	run  int
	key  spoolKey
	data []byte
}

// spoolReader reads all runs at once.
type spoolReader struct {
	heap spoolHeap
	used bool // the first one's record was returned
	err  error
}

// next goes to the next record, which lives until then; nil at the end, and after an
// error.
func (r *spoolReader) next() *spoolCursor {
	if r.used {
		r.used = false
		if r.advance(r.heap[0]) {
			heap.Fix(&r.heap, 0)
		} else {
			heap.Pop(&r.heap)
		}
	}
	if len(r.heap) == 0 || r.err != nil {
		return nil
	}
	r.used = true
	return r.heap[0]
}

// advance reads the next record of a run; false says that there is none.
func (r *spoolReader) advance(c *spoolCursor) bool {
	a, err := binary.ReadUvarint(c.in)
	if err == io.EOF {
		return false
	}
	b, err2 := binary.ReadUvarint(c.in)
	n, err3 := binary.ReadUvarint(c.in)
	if err = errors.Join(err, err2, err3); err == nil {
		if a != 0 {
			c.key.b = 0
		}
		c.key.a += uint32(a)
		c.key.b += b
		c.data = slices.Grow(c.data[:0], int(n))[:n]
		_, err = io.ReadFull(c.in, c.data)
	}
	if err != nil && r.err == nil {
		r.err = fmt.Errorf("cannot read what there was no memory for: %s", cause(err))
	}
	return err == nil
}

// spoolHeap is a heap of runs, by their next record.
type spoolHeap []*spoolCursor

func (h spoolHeap) Len() int      { return len(h) }
func (h spoolHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *spoolHeap) Push(c any)   { *h = append(*h, c.(*spoolCursor)) }

func (h spoolHeap) Less(i, j int) bool {
	return cmp.Or(h[i].key.compare(h[j].key), cmp.Compare(h[i].run, h[j].run)) < 0
}

func (h *spoolHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}
