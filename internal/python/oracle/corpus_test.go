package oracle

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCorpus: a folder that is named is taken as it is; that of a checkout must be
// of today's list.
func TestCorpus(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("tools/corpus/packages.txt", "a==1\n")
	write("tools/fetch-corpus", "#!")
	write("here", "")

	for _, test := range []struct{ mark, named, want, err string }{
		{err: "run tools/fetch-corpus"},
		{named: root, want: root},
		{named: filepath.Join(root, "here"), err: "no folder"},
		{mark: "0000\n", err: "another list"},
		// SHA-256 of the list followed by the program.
		{mark: "2ba2b9aad7574e77fb3fcaa4837ddf43d4da8585336632ac0dc42903e6f8b6ef\n", want: filepath.Join(root, ".corpus", "tree")},
	} {
		if test.mark != "" {
			write(".corpus/tree.sha256", test.mark)
		}
		got, err := corpus(test.named, root)
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("with mark %q and FASTPATH_CORPUS=%q: %q, %v", test.mark, test.named, got, err)
		}
	}
}

// TestCorpusPackages: the corpus is as large as the comparisons promise.
func TestCorpusPackages(t *testing.T) {
	packages, err := os.ReadDir(Corpus(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(packages) < 40 {
		t.Errorf("the corpus has %d packages, want at least 40", len(packages))
	}
}
