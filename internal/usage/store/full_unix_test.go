//go:build unix

package store

import (
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"fastpath/internal/evidence"
)

// childLimit is the size in bytes beyond which no file of the child grows: a
// write fails in the middle, as on a full disk.
const childLimit = "FASTPATH_TEST_STORE_LIMIT"

// limitFiles applies childLimit to this process.
func limitFiles() {
	limit, err := strconv.ParseUint(os.Getenv(childLimit), 10, 64)
	if err != nil {
		return // none
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		panic(err)
	}
}

// TestFullDiskLosesNothing lets processes run out of space at many sizes of
// the history and of the lock.
func TestFullDiskLosesNothing(t *testing.T) {
	root := t.TempDir()
	c := newChild("a")
	for limit := 300; limit < 300_000; limit += limit/3 + 77 {
		c.run(t, root, 3, []string{childLimit + "=" + strconv.Itoa(limit)}, func(*exec.Cmd) {})
		c.check(t, locked(t, root))
		if t.Failed() {
			t.Fatalf("with files of at most %d bytes", limit)
		}
	}
	if len(c.acked) == 0 {
		t.Error("no commit ever had enough space")
	}
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "last", "2026-03-01", evidence.UsageLog, 1)}})
	both(t, root)
	c.check(t, locked(t, root))
}
