package rewrite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

func put(files ...string) *Edits {
	e := &Edits{}
	for i := 0; i < len(files); i += 3 {
		var old []byte
		if files[i+1] != "-" {
			old = []byte(files[i+1])
		}
		e.Put(files[i], old, []byte(files[i+2]))
	}
	return e
}

func content(t testing.TB, dir, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if errors.Is(err, os.ErrNotExist) {
		return "-"
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func expect(t testing.TB, dir string, files ...string) {
	t.Helper()
	for i := 0; i < len(files); i += 2 {
		if got := content(t, dir, files[i]); got != files[i+1] {
			t.Errorf("%s is %q, want %q", files[i], got, files[i+1])
		}
	}
}

func TestWriteUndo(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "a\r\n", "pkg/b.py": ""})
	if err := os.Chmod(filepath.Join(dir, "a.py"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(dir, put("a.py", "a\r\n", "A\r\n", "pkg/b.py", "", "B", "new.py", "-", "N")); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "a.py", "A\r\n", "pkg/b.py", "B", "new.py", "N", ".fastpath/.gitignore", "*\n")
	if info, err := os.Stat(filepath.Join(dir, "a.py")); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o755 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	if r, err := Recover(dir); err != nil || len(r) > 0 {
		t.Errorf("a complete set was recovered: %v %v", r, err)
	}
	restored, err := Undo(dir, false)
	if err != nil || strings.Join(restored, " ") != "a.py new.py pkg/b.py" {
		t.Errorf("%v %v", restored, err)
	}
	expect(t, dir, "a.py", "a\r\n", "pkg/b.py", "", "new.py", "-")
	if _, err := Undo(dir, false); !errors.Is(err, ErrNothingToUndo) {
		t.Error(err)
	}
}

func TestUndoSets(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "1"})
	for _, e := range []*Edits{put("a.py", "1", "2"), put("a.py", "2", "3"), {}} {
		if err := Write(dir, e); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"2", "1"} {
		if _, err := Undo(dir, false); err != nil {
			t.Fatal(err)
		}
		expect(t, dir, "a.py", want)
	}
}

func TestUndoRefusesChangedFiles(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "a", "b.py": "b"})
	if err := Write(dir, put("a.py", "a", "A", "b.py", "b", "B")); err != nil {
		t.Fatal(err)
	}
	writeFiles(t, dir, map[string]string{"b.py": "mine"})
	var changed *ChangedError
	if _, err := Undo(dir, false); !errors.As(err, &changed) || changed.File != "b.py" || !strings.Contains(err.Error(), "--force") {
		t.Errorf("%v", err)
	}
	expect(t, dir, "a.py", "A", "b.py", "mine")
	if _, err := Undo(dir, true); err != nil {
		t.Fatal(err)
	}
	expect(t, dir, "a.py", "a", "b.py", "b")
}

func TestWriteRefusesChangedFiles(t *testing.T) {
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "a", "b.py": "mine"})
	for _, e := range []*Edits{put("a.py", "a", "A", "b.py", "b", "B"), put("a.py", "a", "A", "b.py", "-", "B"), put("a.py", "a", "A", "c.py", "c", "C")} {
		if err := Write(dir, e); err == nil || !strings.Contains(err.Error(), "meanwhile") {
			t.Errorf("%v", err)
		}
		expect(t, dir, "a.py", "a", "b.py", "mine")
	}
}

func TestWriteRollsBack(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a file that can be read but not replaced")
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "a"})
	if err := os.Symlink("/dev/null", filepath.Join(dir, "null.py")); err != nil {
		t.Fatal(err)
	}
	err := Write(dir, put("a.py", "a", "A", "c.py", "-", "C", "null.py", "", "N"))
	if err == nil || !strings.Contains(err.Error(), "null.py") {
		t.Fatalf("%v", err)
	}
	expect(t, dir, "a.py", "a", "c.py", "-")
	if _, err := Undo(dir, false); !errors.Is(err, ErrNothingToUndo) {
		t.Errorf("a journal is left: %v", err)
	}
}

func TestWriteReadOnly(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	writeFiles(t, dir, map[string]string{"a.py": "a"})
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	if err := Write(dir, put("a.py", "a", "A")); err == nil || !strings.Contains(err.Error(), "writable") {
		t.Errorf("%v", err)
	}
	expect(t, dir, "a.py", "a")
}

func TestDamagedJournal(t *testing.T) {
	for text, want := range map[string]string{
		"{":            "damaged",
		`{"schema":9}`: "schema 9",
		`{"schema":1,"files":[{"file":"../x","old":null,"new":"eA=="}]}`: "outside",
	} {
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{".fastpath/undo/000001.json": text})
		if _, err := Undo(dir, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

const (
	killFiles = 40
	killEnv   = "REWRITE_TEST_WRITE_BELOW"
)

func killEdits() *Edits {
	e := &Edits{}
	for i := range killFiles {
		e.Put(fmt.Sprintf("m%02d.py", i), fmt.Appendf(nil, "old %d\n", i), bytes.Repeat(fmt.Appendf(nil, "new %d\n", i), 50))
	}
	return e
}

// TestMain lets the test binary be the process that is killed while it writes.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killEnv); dir != "" {
		fmt.Println("writing")
		if err := Write(dir, killEdits()); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("done")
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

// TestKilledWrite kills a process at different moments of a write; afterwards
// every file is as before or as after, and Recover or Undo gives all bytes back.
func TestKilledWrite(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	halfway := 0
	for try := range 8 {
		dir := t.TempDir()
		for _, f := range killEdits().Files {
			writeFiles(t, dir, map[string]string{f.File: string(f.Old)})
		}
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), killEnv+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Wait until some of the files are written, another number each time.
		last := fmt.Sprintf("m%02d.py", try*5)
		for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
			if strings.HasPrefix(content(t, dir, last), "new") {
				break
			}
			time.Sleep(200 * time.Microsecond)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		written := 0
		for i, f := range killEdits().Files {
			switch got := content(t, dir, f.File); got {
			case string(f.Old):
			case string(f.New):
				written++
			default:
				t.Fatalf("file %d is half written: %q", i, got)
			}
		}
		if written > 0 && written < killFiles {
			halfway++
		}
		restored, err := Recover(dir)
		if err != nil {
			t.Fatal(err)
		}
		if len(restored) == 0 && written > 0 { // it was killed after it had finished
			if _, err := Undo(dir, false); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range killEdits().Files {
			expect(t, dir, f.File, string(f.Old))
		}
		if left, _ := filepath.Glob(filepath.Join(dir, ".*.tmp")); len(left) > 0 {
			t.Errorf("temporary files are left: %v", left)
		}
	}
	t.Logf("%d of 8 were killed halfway", halfway)
}

// TestTurns: processes that write, restore and undo at once leave all files as
// before or all as after, and none takes what another one is writing for what
// a killed one left.
func TestTurns(t *testing.T) {
	for round := range 8 {
		dir := t.TempDir()
		writeFiles(t, dir, map[string]string{"a.py": "a", "b.py": "b", "c.py": "c"})
		var group sync.WaitGroup
		for k := range 6 {
			group.Go(func() {
				if restored, err := Recover(dir); err != nil || len(restored) > 0 {
					t.Errorf("restored %q, %v", restored, err)
				}
				err := Write(dir, put("a.py", "a", "A", "b.py", "b", "B", "c.py", "c", "C", "new.py", "-", "N"))
				if err != nil && !strings.Contains(err.Error(), "meanwhile; run the command again") {
					t.Error(err)
				}
				if k%2 == 0 {
					if _, err := Undo(dir, false); err != nil && !errors.Is(err, ErrNothingToUndo) {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		got := content(t, dir, "a.py") + content(t, dir, "b.py") + content(t, dir, "c.py") + content(t, dir, "new.py")
		if got != "abc-" && got != "ABCN" {
			t.Fatalf("round %d: %s", round, got)
		}
	}
}
