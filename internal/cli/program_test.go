package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSameView: the order of import roots counts where one of them is inside of
// another, or where both have a name.
func TestSameView(t *testing.T) {
	dir := t.TempDir()
	for _, file := range []string{
		"a/one.py", "a/README.md", "a/x.dist-info/RECORD", "b/two.py", "b/README.md", "c/one/__init__.py",
		"d/lib/__init__.py", "e/lib/__init__.py", "f/one.cpython-313-x86_64-linux-gnu.so", "app.py",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"a b .", "a b .", true},
		{"a b .", "b a .", true},
		{"a c .", "c a .", false},
		{"a f .", "f a .", false},
		{"a b .", ". a b", false},
		{"d/lib e/lib .", "e/lib d/lib .", false},
		{"d e b .", "d b e .", true},
		{"d e .", "e d .", false},
		{"a b .", "a .", false},
		{"a b", "a c", false},
	} {
		if got := sameView(dir, strings.Fields(c.a), strings.Fields(c.b)); got != c.want {
			t.Errorf("%s and %s: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
