package oracle

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
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

// mediumFile is the size up to which files of the corpus are compared where the
// oracles are required: 93 of 100 files, in half the time of all.
const mediumFile = 32 << 10

// CorpusFiles returns the Python files of the corpus that are compared with an
// interpreter, sorted. Under FASTPATH_ORACLE_FULL these are all. Where the oracles are
// required it is every second one of up to 32 KiB, which are more than 12,000, else
// every 40th. Which ones depends on the version, so that the versions share them all.
func CorpusFiles(t testing.TB, p Python) []string {
	t.Helper()
	every, largest := 40, int64(math.MaxInt64)
	switch {
	case Full():
		every = 1
	case Required():
		every, largest = 2, mediumFile
	}
	files, err := share(Corpus(t), p.Minor, every, largest)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// share lists the Python files below dir of at most so many bytes whose place in the
// order of these is that of the minor version, counted modulo every.
func share(dir string, minor, every int, largest int64) ([]string, error) {
	var files []string
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".py" {
			return err
		}
		if info, err := d.Info(); err != nil || info.Size() > largest {
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
