// Package testtree writes the folders that tests work on. Only tests import it.
package testtree

import (
	"os"
	"path/filepath"
	"testing"
)

// Write puts files, given as slash-separated path → content, below the folder
// dir, and makes the folders that they need.
func Write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
