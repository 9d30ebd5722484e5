package evidence

import (
	"encoding/binary"
	"errors"
	"path/filepath"
	"syscall"
	"testing"
)

// TestUpdateUsageCloses: nothing has the lock open when it is replaced, which
// Windows would not do then.
func TestUpdateUsageCloses(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	row := func(entry string) *UsageDay {
		return &UsageDay{Entry: entry, Source: "s", Day: "2026-03-09", Kind: UsageLog, Requests: 1, ColdStarts: -1}
	}
	lock := &Lock{Schema: Schema, Usage: []*UsageDay{row("old")}}
	if err := lock.Write(path); err != nil {
		t.Fatal(err)
	}
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	if err != nil {
		t.Skip(err)
	}
	defer syscall.Close(fd)
	if _, err := syscall.InotifyAddWatch(fd, path, syscall.IN_OPEN|syscall.IN_CLOSE|syscall.IN_ATTRIB); err != nil {
		t.Skip(err)
	}
	if err := UpdateUsage(path, func(merge func(UsageUpdate) error) error {
		return merge(UsageUpdate{Gone: func(u *UsageDay) bool { return u == nil }, Rows: func(put func(*UsageDay) error) error {
			return put(row("new"))
		}})
	}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64<<10)
	n, err := syscall.Read(fd, buf)
	if err != nil && !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	read, replaced := false, false
	for events := buf[:max(n, 0)]; len(events) > 0; events = events[syscall.SizeofInotifyEvent+binary.NativeEndian.Uint32(events[12:]):] {
		switch mask := binary.NativeEndian.Uint32(events[4:]); {
		case mask&syscall.IN_OPEN != 0:
			read = true
		case mask&syscall.IN_ATTRIB != 0: // it has lost its name
			replaced = true
		case mask&syscall.IN_CLOSE != 0 && replaced:
			t.Error("the lock was closed after it was replaced")
		}
	}
	if !read || !replaced {
		t.Errorf("read: %v, replaced: %v", read, replaced)
	}
}
