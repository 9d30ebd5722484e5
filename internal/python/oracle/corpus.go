package oracle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Corpus returns the folder with the sources of many packages, one folder a
// distribution: that of FASTPATH_CORPUS, or the one that tools/fetch-corpus made in
// the checkout. Where it is missing or made from another list it skips the test,
// and fails it where the oracles are required.
func Corpus(t testing.TB) string {
	t.Helper()
	root, err := moduleRoot()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := corpus(os.Getenv("FASTPATH_CORPUS"), root)
	switch {
	case err == nil:
	case Required():
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return dir
}

// CorpusFiles returns the Python files of the corpus that are compared with an
// interpreter, sorted: all of them under FASTPATH_ORACLE_FULL, every second one where
// the oracles are required, else every eighth. Which ones depends on the version, so
// that each file is compared with at least one of them.
func CorpusFiles(t testing.TB, p Python) []string {
	t.Helper()
	every := 8
	switch {
	case Full():
		every = 1
	case Required():
		every = 2
	}
	files, err := share(Corpus(t), p.Minor, every)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// share lists the Python files below dir whose place in the order of all is that of
// the minor version, counted modulo every.
func share(dir string, minor, every int) ([]string, error) {
	var files []string
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".py" {
			return err
		}
		if n%every == minor%every {
			files = append(files, path)
		}
		n++
		return nil
	})
	return files, err
}

// corpus returns the named folder, or else that of the checkout at root.
func corpus(named, root string) (string, error) {
	if named != "" {
		if info, err := os.Stat(named); err != nil || !info.IsDir() {
			return "", fmt.Errorf("FASTPATH_CORPUS names %q, which is no folder", named)
		}
		return filepath.Abs(named)
	}
	want := sha256.New()
	for _, file := range []string{"tools/corpus/packages.txt", "tools/fetch-corpus"} {
		data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return "", err
		}
		want.Write(data)
	}
	mark, err := os.ReadFile(filepath.Join(root, ".corpus", "tree.sha256"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", errors.New("no corpus of packages to compare on; run tools/fetch-corpus")
	case err != nil:
		return "", err
	case strings.TrimSpace(string(mark)) != hex.EncodeToString(want.Sum(nil)):
		return "", errors.New("the corpus was made from another list of packages; run tools/fetch-corpus")
	}
	return filepath.Join(root, ".corpus", "tree"), nil
}

// moduleRoot returns the nearest folder with a go.mod, from the working directory up.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the working directory is in no Go module")
		}
		dir = parent
	}
}
