package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

func TestUpdateLosesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	const n = 24
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := Update(path, func(l *Lock) error {
				l.MergeUsage([]*UsageDay{{Source: fmt.Sprint(i), Day: "2026-03-01", Kind: UsageLog, Requests: 1, ColdStarts: -1}})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l, err := Read(path)
	if err != nil || len(l.Usage) != n {
		t.Fatalf("%d rows, %v; want %d", len(l.Usage), err, n)
	}
}

func TestUpdateWritesNothingWhenTheChangeFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	want := errors.New("no")
	if err := Update(path, func(*Lock) error { return want }); !errors.Is(err, want) {
		t.Fatalf("got %v", err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Fatalf("the lock was written: %v", err)
	}
	if err := os.WriteFile(path, []byte("schema = 999\nneeds = \"9.9.9\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Update(path, func(*Lock) error { t.Error("called"); return nil }); err == nil {
		t.Fatal("a lock that cannot be read was updated")
	}
}
