package project

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestWalkFoldersThatGo: what is removed, or becomes a file, while the project
// is listed is no error and no source.
func TestWalkFoldersThatGo(t *testing.T) {
	root := t.TempDir()
	for k := range 100 {
		dir := filepath.Join(root, fmt.Sprintf("tmp%d", k))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x.txt"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "app.py"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := walk(root, func(name string) bool {
		if name == "app.py" {
			for k := range 100 {
				dir := filepath.Join(root, fmt.Sprintf("tmp%d", k))
				os.RemoveAll(dir)
				if k%2 == 0 {
					os.WriteFile(dir, nil, 0o644)
				}
			}
		}
		return isPython(name)
	}, nil)
	if err != nil || !slices.Equal(got, []string{"app.py"}) {
		t.Errorf("%q, %v", got, err)
	}
}
