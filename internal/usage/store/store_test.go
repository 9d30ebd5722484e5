package store

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/evidence"
)

// row is a row with one workflow and one module.
func row(entry, source, day, kind string, requests float64) *evidence.UsageDay {
	return &evidence.UsageDay{
		Entry: entry, Source: source, Day: day, Kind: kind, Requests: requests, ColdStarts: 1,
		Workflows: map[string]float64{"a": requests}, Modules: []evidence.ModuleUse{{Module: "boto3", Workflow: "a", Requests: requests}},
	}
}

func commit(t *testing.T, root string, b *Batch) *Committed {
	t.Helper()
	c, err := Commit(t.Context(), root, b)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// both returns the rows of the lock, and fails when the history has others.
func both(t *testing.T, root string) []*evidence.UsageDay {
	t.Helper()
	lock, err := evidence.Read(filepath.Join(root, evidence.FileName))
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	days, err := s.Days(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(lock.Usage, days); d != "" {
		t.Errorf("the history differs from the lock (-lock +history):\n%s", d)
	}
	return lock.Usage
}

func TestCommitReplacesASourcesDay(t *testing.T) {
	root := t.TempDir()
	first := commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "s", "2026-03-01", evidence.UsageLog, 5), row("", "s", "2026-03-02", evidence.UsageLog, 6)}})
	if first.Rows[0].Replaced || first.Rows[1].Replaced {
		t.Errorf("a new row was replaced: %+v", first.Rows)
	}
	lock, err := os.ReadFile(filepath.Join(root, evidence.FileName))
	if err != nil {
		t.Fatal(err)
	}
	again := commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "s", "2026-03-01", evidence.UsageLog, 5)}})
	if !again.Rows[0].Replaced {
		t.Error("the same row was added")
	}
	if now, err := os.ReadFile(filepath.Join(root, evidence.FileName)); err != nil || string(now) != string(lock) {
		t.Errorf("the same row changed the lock: %v\n%s", err, now)
	}
	// A log has one writer: naming it later replaces what was kept without.
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("a:b", "s", "2026-03-01", evidence.UsageLog, 4)}})
	want := []*evidence.UsageDay{row("", "s", "2026-03-02", evidence.UsageLog, 6), row("a:b", "s", "2026-03-01", evidence.UsageLog, 4)}
	if d := cmp.Diff(want, both(t, root)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	// Sample events of two entries have the same source.
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("a:b", "invoke", "2026-03-01", evidence.UsageInvoke, 1)}})
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("c:d", "invoke", "2026-03-01", evidence.UsageInvoke, 1)}})
	if rows := both(t, root); len(rows) != 4 {
		t.Errorf("%d rows, want 4", len(rows))
	}
}

// TestCommitTakesEmptiedDaysAway: a row without requests removes what its source had on
// that day, from the lock, from the history, and from what is remembered.
func TestCommitTakesEmptiedDaysAway(t *testing.T) {
	root := t.TempDir()
	key := Key{"s", "2026-03-01"}
	commit(t, root, &Batch{
		Days: []*evidence.UsageDay{row("a:b", "s", "2026-03-01", evidence.UsageLog, 5), row("", "s", "2026-03-02", evidence.UsageLog, 6)},
		Seen: map[Key][]byte{key: {1, 2}},
	})
	c := commit(t, root, &Batch{Days: []*evidence.UsageDay{{Source: "s", Day: "2026-03-01", Kind: evidence.UsageLog, ColdStarts: -1}}, Seen: map[Key][]byte{key: nil}})
	if len(c.Rows) != 1 || !c.Rows[0].Replaced {
		t.Errorf("%+v", c.Rows)
	}
	if d := cmp.Diff([]*evidence.UsageDay{row("", "s", "2026-03-02", evidence.UsageLog, 6)}, both(t, root)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if _, err := CommitFunc(t.Context(), root, func(seen Seen) (*Batch, error) {
		data, err := seen(key.Source, key.Day)
		if len(data) != 0 {
			t.Errorf("it remembers %v", data)
		}
		return &Batch{}, err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestCommitCountsTwoClonesOnce(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	commit(t, one, &Batch{Days: []*evidence.UsageDay{row("", "s1", "2026-03-01", evidence.UsageLog, 5), row("", "s2", "2026-03-01", evidence.UsageLog, 6)}})
	// The other clone has the first one's lock, without its history.
	lock, err := os.ReadFile(filepath.Join(one, evidence.FileName))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(two, evidence.FileName), lock, 0o600); err != nil {
		t.Fatal(err)
	}
	c := commit(t, two, &Batch{Days: []*evidence.UsageDay{row("", "s2", "2026-03-01", evidence.UsageLog, 6), row("", "s3", "2026-03-01", evidence.UsageLog, 7)}})
	if !c.Rows[0].Replaced || c.Rows[1].Replaced {
		t.Errorf("got %+v", c.Rows)
	}
	merged, err := evidence.Read(filepath.Join(two, evidence.FileName))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, u := range merged.Usage {
		sum += u.Requests
	}
	if len(merged.Usage) != 3 || sum != 18 {
		t.Errorf("%d rows with %v requests, want 3 with 18", len(merged.Usage), sum)
	}
}

func TestCommitKnowsFilesAndWhatWasSeen(t *testing.T) {
	root := t.TempDir()
	f := File{Name: "a.log", SHA256: strings.Repeat("ab", 32), Size: 7}
	key := Key{"s", "2026-03-01"}
	b := &Batch{Days: []*evidence.UsageDay{row("", "s", "2026-03-01", evidence.UsageLog, 5)}, Files: []File{f}, Seen: map[Key][]byte{key: {1, 2}}}
	if c := commit(t, root, b); len(c.Known) != 0 {
		t.Errorf("a new file is known: %v", c.Known)
	}
	c, err := CommitFunc(t.Context(), root, func(seen Seen) (*Batch, error) {
		if data, err := seen("s", "2026-03-01"); err != nil || string(data) != "\x01\x02" {
			t.Errorf("seen %v, %v", data, err)
		}
		if data, err := seen("s", "2026-03-02"); err != nil || data != nil {
			t.Errorf("seen %v of another day, %v", data, err)
		}
		return b, nil
	})
	if err != nil || len(c.Known) != 1 || c.Known[0] != f {
		t.Errorf("known %v, %v", c, err)
	}
}

func TestCommitHandsOnWhatWasInterrupted(t *testing.T) {
	root := t.TempDir()
	lock := filepath.Join(root, evidence.FileName)
	if err := os.WriteFile(lock, []byte("<<<<<<< ours\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Commit(t.Context(), root, &Batch{Days: []*evidence.UsageDay{row("", "s1", "2026-03-01", evidence.UsageLog, 5)}}); err == nil {
		t.Fatal("a lock that cannot be read was merged into")
	}
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "s2", "2026-03-01", evidence.UsageLog, 6)}})
	if rows := both(t, root); len(rows) != 2 {
		t.Errorf("%d rows, want 2", len(rows))
	}
}

func TestOpenRefusesWhatItCannotRead(t *testing.T) {
	t.Run("newer", func(t *testing.T) {
		root := t.TempDir()
		commit(t, root, &Batch{})
		db, err := sql.Open("sqlite", filepath.Join(root, evidence.StateDir, FileName))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec("PRAGMA user_version = 99"); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		refuses(t, root, "newer format 99", "install a newer fastpath")
	})
	t.Run("damaged", func(t *testing.T) {
		root := t.TempDir()
		commit(t, root, &Batch{Days: []*evidence.UsageDay{row("", "s", "2026-03-01", evidence.UsageLog, 5)}})
		if err := os.WriteFile(filepath.Join(root, evidence.StateDir, FileName), []byte(strings.Repeat("no database ", 900)), 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, root, "is damaged", "move the file away")
	})
	t.Run("folder", func(t *testing.T) {
		root := t.TempDir()
		if err := os.WriteFile(filepath.Join(root, evidence.StateDir), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, root, "cannot make the folder")
	})
}

func refuses(t *testing.T, root string, parts ...string) {
	t.Helper()
	_, err := Commit(t.Context(), root, &Batch{})
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want a message with %q", err, part)
		}
	}
}

// TestMigrateKeepsRows opens files of all older formats.
func TestMigrateKeepsRows(t *testing.T) {
	for version := 1; version <= len(migrations); version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			root := t.TempDir()
			dir, err := evidence.MakeStateDir(root)
			if err != nil {
				t.Fatal(err)
			}
			db, err := sql.Open("sqlite", filepath.Join(dir, FileName))
			if err != nil {
				t.Fatal(err)
			}
			script := strings.Join(migrations[:version], "\n") + fmt.Sprintf(`;PRAGMA user_version = %d;
				INSERT INTO day (entry, source, day, kind, requests, row, pending)
				VALUES ('', 's', '2026-03-01', 'log', 3, '{"Source":"s","Day":"2026-03-01","Kind":"log","Requests":3,"ColdStarts":-1,"Modules":[{"Module":"boto3","Requests":2}]}', 1);`, version)
			if _, err := db.Exec(script); err != nil {
				t.Fatal(err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			commit(t, root, &Batch{})
			want := []*evidence.UsageDay{{Source: "s", Day: "2026-03-01", Kind: evidence.UsageLog, Requests: 3, ColdStarts: -1, Modules: []evidence.ModuleUse{{Module: "boto3", Requests: 2}}}}
			if d := cmp.Diff(want, both(t, root)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			s, err := Open(t.Context(), root)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var now int
			if err := s.db.QueryRow("PRAGMA user_version").Scan(&now); err != nil || now != len(migrations) {
				t.Errorf("format %d, %v; want %d", now, err, len(migrations))
			}
		})
	}
}

func TestAnswersAreKept(t *testing.T) {
	s, err := Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, text := range []string{"one", "two"} {
		if err := s.KeepAnswer(t.Context(), "g", "q", 1, 2, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if data, ok, err := s.Answer(t.Context(), "g", "q", 1, 2); err != nil || !ok || string(data) != text {
			t.Errorf("%q %v %v", data, ok, err)
		}
	}
	if _, ok, err := s.Answer(t.Context(), "g", "q", 1, 3); err != nil || ok {
		t.Errorf("another window: %v %v", ok, err)
	}
	if err := s.ForgetAnswers(t.Context(), "g"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Answer(t.Context(), "g", "q", 1, 2); err != nil || ok {
		t.Errorf("forgotten: %v %v", ok, err)
	}
}

func TestCommitStopsWhenInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Commit(ctx, t.TempDir(), &Batch{}); err == nil {
		t.Fatal("an interrupted commit succeeded")
	}
}

// Programs run at hand are of one entry each: recording one leaves the rows of
// another, and a second run of the same replaces its own.
func TestCommitKeepsRecordedEntriesApart(t *testing.T) {
	root := t.TempDir()
	recorded := func(entry string, requests float64) *evidence.UsageDay {
		return &evidence.UsageDay{Entry: entry, Source: evidence.SourceRecord, Day: "2026-03-01", Kind: evidence.UsageRecorder, Requests: requests, ColdStarts: -1}
	}
	for _, d := range []*evidence.UsageDay{recorded("console:a", 3), recorded("-m a", 5), recorded("console:a", 4)} {
		if _, err := Commit(t.Context(), root, &Batch{Days: []*evidence.UsageDay{d}}); err != nil {
			t.Fatal(err)
		}
	}
	lock, err := evidence.Read(filepath.Join(root, evidence.FileName))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, u := range lock.Usage {
		got[u.Entry] += u.Requests
	}
	if len(lock.Usage) != 2 || got["console:a"] != 4 || got["-m a"] != 5 {
		t.Errorf("rows %v, want 4 of console:a and 5 of -m a", got)
	}
}
