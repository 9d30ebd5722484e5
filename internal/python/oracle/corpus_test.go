package oracle

import (
	"math"
	"os"
	"path/filepath"
	"slices"
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

// TestShare: the versions share all Python files among them.
func TestShare(t *testing.T) {
	dir := t.TempDir()
	var want []string
	for _, name := range []string{"a.py", "b/a.py", "b/b.py", "b/setup.cfg", "c.py", "d.py"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".py") {
			want = append(want, path)
		}
	}
	for _, every := range []int{1, 2, 8} {
		var got []string
		for minor := Oldest; minor < Oldest+every; minor++ {
			files, err := share(dir, minor, every, 0)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, files...)
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("every %d: the files are %q, want %q", every, got, want)
		}
	}
	if err := os.WriteFile(want[0], []byte("x = 1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := share(dir, Oldest, 1, 5); err != nil || !slices.Equal(got, want[1:]) {
		t.Errorf("files of at most 5 bytes are %q, %v, want %q", got, err, want[1:])
	}
	if _, err := share(filepath.Join(dir, "none"), Oldest, 1, 0); err == nil {
		t.Error("a missing folder has files")
	}
}

// TestCorpusSize: the corpus, and what of it is compared with every version where the
// oracles are required, is as large as comparisons and measurements promise.
func TestCorpusSize(t *testing.T) {
	dir := Corpus(t)
	packages, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := share(dir, Oldest, 1, math.MaxInt64)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if len(packages) < 40 || len(files) < 20_000 || size < 200<<20 {
		t.Errorf("the corpus has %d files, %d MB of %d packages; want 20000, 210 MB and 40 at least", len(files), size/1e6, len(packages))
	}
	for minor := range 2 {
		files, err := share(dir, minor, 2, mediumFile)
		if err != nil {
			t.Fatal(err)
		}
		from := map[string]bool{}
		for _, file := range files {
			name, _, _ := strings.Cut(file[len(dir)+1:], string(filepath.Separator))
			from[name] = true
		}
		if len(files) < 12_000 || len(from) < 40 {
			t.Errorf("continuous integration compares %d files of %d packages; want 12000 and 40 at least", len(files), len(from))
		}
	}
}
