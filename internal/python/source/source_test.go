package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	dir := t.TempDir()
	var buf []byte
	for _, text := range []string{"import json\n", "", strings.Repeat("x = 1\n", 100_000), "y = 2\n"} {
		file := filepath.Join(dir, "a.py")
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := Read(file, buf)
		if err != nil || string(got) != text {
			t.Fatalf("Read = %d bytes, %v, want %d bytes", len(got), err, len(text))
		}
		buf = got
	}
	if cap(buf) < 600_000 {
		t.Errorf("the buffer has room for %d bytes: the memory of larger files was not used again", cap(buf))
	}
}

// TestGrowing reads files that are not as long as they were when they were opened.
func TestGrowing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.py")
	for _, later := range []string{"", "x", strings.Repeat("longer\n", 10_000)} {
		if err := os.WriteFile(file, []byte("some text"), 0o666); err != nil {
			t.Fatal(err)
		}
		f, err := Open(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(later), 0o666); err != nil {
			t.Fatal(err)
		}
		// What was read up to the former size is all of a file that has grown.
		got, err := f.Read(nil)
		if err != nil || !strings.HasPrefix(later, string(got)) || len(got) < min(len(later), int(f.Size)) {
			t.Errorf("read %d bytes, %v, of %d", len(got), err, len(later))
		}
		f.Close()
	}
}

// TestSizeless reads a file that says it has no bytes, as those of /proc do.
func TestSizeless(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no /proc")
	}
	want, err := os.ReadFile("/proc/self/cmdline")
	if err != nil {
		t.Skip(err)
	}
	got, err := Read("/proc/self/cmdline", nil)
	if err != nil || string(got) != string(want) {
		t.Errorf("Read = %q, %v, want %q", got, err, want)
	}
}

func TestErrors(t *testing.T) {
	dir := t.TempDir()
	if _, err := Read(filepath.Join(dir, "none.py"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	var pe *fs.PathError
	if _, err := Read(dir, nil); !errors.As(err, &pe) {
		t.Errorf("a folder: %v", err)
	}
	if runtime.GOOS == "linux" {
		if _, err := Read(os.DevNull, nil); !errors.Is(err, errNotRegular) {
			t.Errorf("a device: %v", err)
		}
	}
}
