package source

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// A folder reads small files as Read does, and leaves all else to it.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "pkg"), 0o777); err != nil {
		t.Fatal(err)
	}
	folder := OpenFolder(dir)
	defer folder.Close()
	if _, ok := folder.Read("pkg/none.py", make([]byte, 8)); ok {
		t.Fatal("a missing file was read")
	}
	buf := make([]byte, 1000)
	for _, length := range []int{0, 1, 998, 999, 1000, 5000} {
		want := strings.Repeat("x", length)
		file := filepath.Join(dir, "pkg", "a.py")
		if err := os.WriteFile(file, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"pkg/a.py", file} {
			got, ok := folder.Read(name, buf)
			switch {
			case ok && string(got) != want:
				t.Errorf("%s: read %d bytes, want %d", name, len(got), length)
			case ok && length >= len(buf):
				t.Errorf("%s: %d bytes were read into %d", name, length, len(buf))
			case !ok && length < len(buf) && runtime.GOOS == "linux":
				t.Errorf("%s: %d bytes were not read", name, length)
			}
		}
	}
	for _, name := range []string{"pkg", "pkg/a.py\x00", os.DevNull, "/dev/zero"} {
		if _, ok := folder.Read(name, buf); ok {
			t.Errorf("%q was read", name)
		}
	}
	gone := OpenFolder(filepath.Join(dir, "none"))
	defer gone.Close()
	if _, ok := gone.Read("a.py", buf); ok {
		t.Error("a file of a missing folder was read")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Skip(err)
	}
	defer r.Close()
	defer w.Close()
	if _, err := w.WriteString("import json\n"); err != nil {
		t.Fatal(err)
	}
	if _, ok := folder.Read(fmt.Sprint("/proc/self/fd/", r.Fd()), buf); ok {
		t.Error("a pipe was read")
	}
}
