package evidence

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"fastpath/internal/atomicfile"
)

// errForm says that a lock has not the form that Write gives it, so that it has to be
// read as a whole.
var errForm = errors.New("another form")

// stream reads a lock that is as Write wrote it, one usage row after the other.
type stream struct {
	in    *bufio.Reader
	head  *Lock // without usage
	more  bool  // a row follows
	block []byte
}

func newStream(r io.Reader) (*stream, error) {
	s := &stream{in: bufio.NewReaderSize(r, 64<<10)}
	if err := s.fill(); err != nil {
		return nil, err
	}
	if s.head = scan(s.block); s.head == nil || s.head.absurd() != "" {
		return nil, errForm
	}
	return s, nil
}

// fill reads up to the next row, or to the end.
func (s *stream) fill() error {
	s.block, s.more = s.block[:0], false
	for {
		line, err := s.in.ReadSlice('\n')
		whole := len(s.block) == 0 || s.block[len(s.block)-1] == '\n'
		if whole && string(bytes.TrimRight(line, "\r\n")) == "[[usage]]" {
			s.more = true
			return nil
		}
		s.block = append(s.block, line...)
		switch {
		case err == io.EOF:
			return nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return err
		}
	}
}

// next returns the next row, nil at the end.
func (s *stream) next() (*UsageDay, error) {
	if !s.more {
		return nil, nil
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	lock := scan(fmt.Appendf(nil, "schema = %d\n[[usage]]\n%s", Schema, s.block))
	if lock == nil || len(lock.Usage) != 1 || len(lock.Entries) > 0 || lock.absurd() != "" {
		return nil, errForm
	}
	return lock.Usage[0], nil
}

// EachUsage calls f with the usage rows of the lock at path, in memory that does not grow
// with their number; nil for f only looks whether it can be read. The error is Read's, also
// where what is wrong is no usage, or f's.
func EachUsage(path string, f func(*UsageDay) error) error {
	each := func(f func(*UsageDay) error) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		s, err := newStream(file)
		for err == nil {
			var u *UsageDay
			if u, err = s.next(); u == nil {
				break
			}
			if err == nil {
				err = f(u)
			}
		}
		return err
	}
	// That all of it can be read so has to be known first: f is called once for each.
	err := each(func(*UsageDay) error { return nil })
	if err == nil && f != nil {
		return each(f)
	}
	if !errors.Is(err, errForm) {
		return err
	}
	lock, err := Read(path)
	if err != nil || f == nil {
		return err
	}
	for _, u := range lock.Usage {
		if err := f(u); err != nil {
			return err
		}
	}
	return nil
}

// UsageUpdate is what UpdateUsage does. Both functions may be called again from the start.
type UsageUpdate struct {
	Gone func(*UsageDay) bool                        // whether a row of the file goes
	Rows func(put func(*UsageDay) error) (err error) // calls put with each row, in the order of the file
}

// UpdateUsage lets do merge usage rows into the lock at path while no other process
// updates it. It merges as Update and MergeUsage do, in memory that does not grow with the
// number of rows.
func UpdateUsage(path string, do func(merge func(UsageUpdate) error) error) error {
	return alone(path, func() error {
		return do(func(u UsageUpdate) error { return mergeUsage(path, u) })
	})
}

func mergeUsage(path string, u UsageUpdate) error {
	err := mergeStream(path, u)
	if !errors.Is(err, errForm) {
		return err
	}
	lock, err := readOrNew(path)
	if err != nil {
		return err
	}
	var days []*UsageDay
	if err := u.Rows(func(d *UsageDay) error {
		days = append(days, d)
		return nil
	}); err != nil {
		return err
	}
	lock.Usage = slices.DeleteFunc(lock.Usage, u.Gone)
	lock.MergeUsage(days)
	return lock.Write(path)
}

// mergeStream is mergeUsage for a lock and rows that are in order. What was there is
// closed before it is replaced: Windows replaces no open file.
func mergeStream(path string, u UsageUpdate) error {
	err := atomicfile.WriteFunc(path, func(out io.Writer) error {
		s, old := &stream{head: &Lock{}}, io.Reader(strings.NewReader(""))
		before, err := os.Open(path)
		switch {
		case err == nil:
			defer before.Close()
			if s, err = newStream(before); err != nil {
				return err
			}
			again, err := os.Open(path)
			if err != nil {
				return err
			}
			defer again.Close()
			old = bufio.NewReaderSize(again, 64<<10)
		case !errors.Is(err, fs.ErrNotExist):
			return err
		}
		m := &merger{stream: s, gone: u.Gone, out: &comparer{Writer: out, old: old, same: before != nil}}
		m.writer.head(s.head)
		if err := m.advance(); err != nil {
			return err
		}
		if err := u.Rows(m.put); err != nil {
			return err
		}
		return m.rest()
	})
	if errors.Is(err, errSame) {
		return nil
	}
	return err
}

// merger writes the rows of two lists in their order.
type merger struct {
	writer
	*stream
	gone func(*UsageDay) bool
	out  *comparer

	old  *UsageDay // the next row of the file, nil at its end
	last *UsageDay // that was put
}

// advance goes to the next row of the file that stays.
func (m *merger) advance() (err error) {
	for {
		before := m.old
		if m.old, err = m.next(); err != nil || m.old == nil {
			return err
		}
		if before != nil && compareUsage(before, m.old) >= 0 {
			return errForm
		}
		if !m.gone(m.old) {
			return nil
		}
	}
}

func (m *merger) put(u *UsageDay) error {
	if m.last != nil && compareUsage(m.last, u) >= 0 {
		return errForm
	}
	m.last = u
	for m.old != nil {
		order := compareUsage(m.old, u)
		if order < 0 {
			if err := m.write(m.old); err != nil {
				return err
			}
		}
		if order > 0 {
			break
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	return m.write(u)
}

func (m *merger) write(u *UsageDay) error {
	m.usage(u)
	if m.err != nil || len(m.buf) < 64<<10 {
		return m.err
	}
	return m.flush()
}

func (m *merger) flush() error {
	_, err := m.out.Write(m.buf)
	m.buf = m.buf[:0]
	return err
}

func (m *merger) rest() error {
	for m.old != nil {
		if err := m.write(m.old); err != nil {
			return err
		}
		if err := m.advance(); err != nil {
			return err
		}
	}
	if err := m.flush(); err != nil {
		return err
	}
	return m.out.end()
}

// errSame says that a file is what it was.
var errSame = errors.New("the same")

// comparer compares what is written with what was there.
type comparer struct {
	io.Writer
	old  io.Reader
	same bool
	buf  []byte
}

func (c *comparer) Write(p []byte) (int, error) {
	if c.same {
		c.buf = append(c.buf[:0], p...)
		_, err := io.ReadFull(c.old, c.buf)
		c.same = err == nil && bytes.Equal(c.buf, p)
	}
	return c.Writer.Write(p)
}

// end returns errSame where all that was there was written.
func (c *comparer) end() error {
	if !c.same {
		return nil
	}
	if _, err := c.old.Read(make([]byte, 1)); err == io.EOF {
		return errSame
	}
	return nil
}
