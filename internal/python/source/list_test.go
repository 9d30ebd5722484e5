package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A listing says the same as os.ReadDir, however long it is.
func TestList(t *testing.T) {
	dir := t.TempDir()
	for k := range 1500 { // more than the kernel says at once
		if err := os.WriteFile(filepath.Join(dir, strings.Repeat("é", k%60)+strconv.Itoa(k)+".py"), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o777), os.Symlink("folder", filepath.Join(dir, "link"))); err != nil {
		t.Skip(err)
	}
	want, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := List(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(got, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	if len(got) != len(want) {
		t.Fatalf("%d names, want %d", len(got), len(want))
	}
	for k, e := range got {
		if e.Name != want[k].Name() || e.Type != want[k].Type() {
			t.Errorf("%q is %v, want %q, %v", e.Name, e.Type, want[k].Name(), want[k].Type())
		}
	}
	if _, err := List(filepath.Join(dir, "none"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Error("a folder that does not exist:", err)
	}
	if _, err := List(filepath.Join(dir, "0.py"), nil); err == nil {
		t.Error("a file is listed")
	}
}
