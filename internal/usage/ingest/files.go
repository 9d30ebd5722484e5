package ingest

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"

	"fastpath/internal/regexps"
)

// List turns the arguments of a command into logs: a file is itself, a folder
// is every file in and below it whose name does not start with a dot, in order
// of their names. What cannot be looked at in a folder, and links to folders, which
// are not followed, are in the list too: Read says what is wrong with them. What is named
// twice is there once. Names are as given; stdin is what "-" reads.
func List(dir string, args []string, stdin io.Reader) ([]File, error) {
	files, err := list(dir, args, stdin)
	had := map[string]bool{}
	return slices.DeleteFunc(files, func(f File) bool {
		at := cmp.Or(f.Path, "-")
		again := had[at]
		had[at] = true
		return again
	}), err
}

func list(dir string, args []string, stdin io.Reader) ([]File, error) {
	var files []File
	for _, arg := range args {
		if arg == "-" {
			files = append(files, File{Name: "stdin", Reader: stdin})
			continue
		}
		path := filepath.Clean(arg)
		if !filepath.IsAbs(path) {
			path = filepath.Join(dir, path)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("the log %q: %s", arg, cause(err))
		}
		if !info.IsDir() {
			files = append(files, File{Name: arg, Path: path, Modified: info.ModTime()})
			continue
		}
		before := len(files)
		err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err != nil && p == path {
				return fmt.Errorf("the folder %q: %s", arg, cause(err))
			}
			if p != path && strings.HasPrefix(d.Name(), ".") {
				if d.IsDir() {
					return filepath.SkipDir
				}
				return nil
			}
			if d.IsDir() && err == nil || d.Name() == "aws-logs-write-test" {
				return nil
			}
			rel, relErr := filepath.Rel(path, p)
			if relErr != nil {
				return relErr
			}
			f := File{Name: filepath.Join(arg, rel), Path: p}
			if target, statErr := os.Stat(p); statErr == nil {
				if !target.Mode().IsRegular() && !target.IsDir() {
					return nil // a pipe, a device
				}
				f.Modified = target.ModTime()
			}
			files = append(files, f)
			if err != nil { // a folder that cannot be listed
				return fs.SkipDir
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(files) == before {
			return nil, fmt.Errorf("the folder %q holds no logs", arg)
		}
	}
	return files, nil
}

var exportPart = regexps.New(`^\d{6}$`)

// sourceName is what a file's requests are counted under: its name without
// folders and compression, so that the same log replaces itself. The parts of
// an export to S3 have the name of their log stream.
func sourceName(path string) string {
	base := filepath.Base(path)
	for _, ext := range []string{".gz", ".gzip", ".zst", ".zstd"} {
		if short := strings.TrimSuffix(base, ext); short != "" {
			base = short
		}
	}
	if exportPart().MatchString(base) {
		folder := filepath.Base(filepath.Dir(path))
		if m := exportedStream().FindStringSubmatch(folder); m != nil {
			return strings.Join(m[1:], "/")
		}
		return folder + "/" + base
	}
	return base
}

// origin identifies a file: by the SHA-256 of its content, or, where that is larger
// than two MiB, of its first and last MiB and its size. To hash all of a log takes
// half as long as to read it. It is nil for what is no regular file.
func origin(name string, file *os.File) (*Origin, error) {
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil, err
	}
	const part = 1 << 20
	o := &Origin{Name: name, Size: info.Size()}
	hash := sha256.New()
	whole := io.NewSectionReader(file, 0, o.Size)
	if o.Size <= 2*part {
		_, err = io.Copy(hash, whole)
	} else {
		for _, from := range []int64{0, o.Size - part} {
			if _, err = io.Copy(hash, io.NewSectionReader(file, from, part)); err != nil {
				break
			}
		}
		fmt.Fprintf(hash, "%d", o.Size)
	}
	o.SHA256 = hex.EncodeToString(hash.Sum(nil))
	return o, err
}

// decompress undoes gzip and zstd, also several times over: exports compress
// what is compressed. It turns UTF-16 with a byte order mark into UTF-8, and takes the mark
// off that. Done frees the decoders.
func decompress(in io.Reader) (r *bufio.Reader, done func(), err error) {
	var frees []func()
	done = func() {
		for _, free := range frees {
			free()
		}
	}
	r = bufio.NewReaderSize(in, 64<<10)
	for range 4 {
		head, err := r.Peek(4)
		if err != nil && len(head) == 0 && err != io.EOF {
			done()
			return nil, nil, err
		}
		switch {
		case bytes.HasPrefix(head, []byte{0x1f, 0x8b}):
			z, err := gzip.NewReader(r)
			if err != nil {
				done()
				return nil, nil, err
			}
			r = bufio.NewReaderSize(z, 64<<10)
		case bytes.HasPrefix(head, []byte{0x28, 0xb5, 0x2f, 0xfd}):
			z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
			if err != nil {
				done()
				return nil, nil, err
			}
			frees = append(frees, z.Close)
			r = bufio.NewReaderSize(z, 64<<10)
		case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}): // what PowerShell's ">" writes
			r = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder().Reader(r), 64<<10)
		default:
			return unmarked(r), done, nil
		}
	}
	return unmarked(r), done, nil
}

// unmarked is r without the byte order mark of UTF-8, which is no part of a document. What
// is wrong with r its next reader finds, too.
func unmarked(r *bufio.Reader) *bufio.Reader {
	mark := []byte("\ufeff")
	if head, _ := r.Peek(len(mark)); bytes.Equal(head, mark) {
		_, _ = r.Discard(len(mark))
	}
	return r
}
