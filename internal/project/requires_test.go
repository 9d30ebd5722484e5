package project

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRequiresPython(t *testing.T) {
	for spec, want := range map[string]string{
		">=3.9": "3.9", ">= 3.8, <4": "3.8", "~=3.10.2": "3.10", "==3.11.*": "3.11", ">3.7,>=3.9,!=3.9.1": "3.9", "<3.13": "", "": "", ">=3": "3.0", "===3.12.1": "3.12", "nonsense": "",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "pyproject.toml"), []byte("[project]\nrequires-python = \""+spec+"\"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := (&Project{Root: dir}).RequiresPython(); got != want {
			t.Errorf("%q: got %q, want %q", spec, got, want)
		}
	}
	if got := (&Project{Root: t.TempDir()}).RequiresPython(); got != "" {
		t.Errorf("without a file: %q", got)
	}
}
