package evidence

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// usageRows makes rows, some of which are the same in each call.
func usageRows(r *rand.Rand, n int) (rows []*UsageDay) {
	used := map[string]bool{}
	for range n {
		u := &UsageDay{
			Entry: []string{"", "app:handler", "é\n"}[r.IntN(3)], Source: fmt.Sprint("s", r.IntN(12)), Day: fmt.Sprintf("2026-03-%02d", 1+r.IntN(4)), Kind: UsageLog,
			Requests: float64(r.IntN(9)), ColdStarts: -1,
		}
		if key := u.Entry + u.Source + u.Day; used[key] {
			continue
		} else {
			used[key] = true
		}
		if r.IntN(2) == 0 {
			u.Workflows = map[string]float64{"/a\"": 2, "/b": 1}
			u.Modules = []ModuleUse{{Module: "x", Workflow: "/b", Requests: 1.5}, {Module: "y"}}
			u.Loaded = []string{"z"}
		}
		rows = append(rows, u)
	}
	slices.SortFunc(rows, compareUsage)
	return rows
}

// TestUpdateUsage: merging row by row gives the bytes that merging in memory gives, whatever
// form the lock has.
func TestUpdateUsage(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		lock := &Lock{Schema: Schema, Entries: map[string]*Entry{}, Usage: usageRows(r, r.IntN(20))}
		if r.IntN(2) == 0 {
			lock.Entries["app:handler"] = &Entry{Measured: "2026-03-01", Runs: 3, Modules: []Module{{Name: "x", SelfMS: 1, Kind: "source", Phase: PhaseInit}}}
		}
		path := filepath.Join(t.TempDir(), FileName)
		before, err := lock.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		switch r.IntN(4) {
		case 0:
			before = append(before, "\n# somebody's note = [[usage]]\n"...)
		case 1: // in another form
			before = []byte(strings.ReplaceAll(string(before), "kind = ", "kind  = "))
		case 2: // as git's autocrlf makes it
			before = []byte(strings.ReplaceAll(string(before), "\n", "\r\n"))
		}
		if i%10 > 0 {
			if err := os.WriteFile(path, before, 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			lock = &Lock{Schema: Schema}
		}
		rows := usageRows(r, r.IntN(20))
		gone := func(u *UsageDay) bool { return u.Source == "s3" }
		err = UpdateUsage(path, func(merge func(UsageUpdate) error) error {
			return merge(UsageUpdate{Gone: gone, Rows: func(put func(*UsageDay) error) error {
				for _, u := range rows {
					if err := put(u); err != nil {
						return err
					}
				}
				return nil
			}})
		})
		if err != nil {
			t.Fatal(err)
		}
		lock.Usage = slices.DeleteFunc(lock.Usage, gone)
		lock.MergeUsage(rows)
		want, err := lock.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Fatalf("%d (-want +got):\n%s", i, d)
		}
		var each []*UsageDay
		if err := EachUsage(path, func(u *UsageDay) error { each = append(each, u); return nil }); err != nil {
			t.Fatal(err)
		}
		whole, err := Read(path)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(whole.Usage, each); d != "" {
			t.Fatalf("%d (-all at once +each):\n%s", i, d)
		}
	}
}

// TestUpdateUsageLeavesAlone: what changes nothing does not touch the file, and what fails
// neither.
func TestUpdateUsageLeavesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), FileName)
	lock := &Lock{Schema: Schema, Usage: usageRows(rand.New(rand.NewPCG(3, 4)), 20)}
	if err := lock.Write(path); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	failed := errors.New("failed")
	for _, end := range []error{nil, failed} {
		err := UpdateUsage(path, func(merge func(UsageUpdate) error) error {
			return merge(UsageUpdate{Gone: func(*UsageDay) bool { return end != nil }, Rows: func(put func(*UsageDay) error) error {
				return errors.Join(put(lock.Usage[3]), end)
			}})
		})
		if !errors.Is(err, end) {
			t.Errorf("%v, want %v", err, end)
		}
		info, err := os.Stat(path)
		if err != nil || !info.ModTime().Equal(old) {
			t.Errorf("the file was written: %v, %v", info.ModTime(), err)
		}
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".*.tmp"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := os.WriteFile(path, []byte("<<<<<<< ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var format *FormatError
	if err := EachUsage(path, func(*UsageDay) error { return nil }); !errors.As(err, &format) {
		t.Errorf("conflict markers: %v", err)
	}
}
