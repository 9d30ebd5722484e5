//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
)

// logs is the input.
type logs struct {
	plain    string
	gzip     []string // the same in two halves
	bytes    int64
	requests int
}

// linesPerRequest are one record of the platform, one module, and what the
// program says besides.
const linesPerRequest = 10

// input makes the input, unless it is there.
func input(o options) (*logs, error) {
	dir := filepath.Join(o.work, "ingest-logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	const perRequest = 2578 // bytes, nearly
	in := &logs{
		plain:    filepath.Join(dir, fmt.Sprintf("lambda-%d.jsonl", o.megabytes)),
		requests: o.megabytes * 1e6 / perRequest,
	}
	for i := range 2 {
		in.gzip = append(in.gzip, filepath.Join(dir, fmt.Sprintf("lambda-%d-%d.jsonl.gz", o.megabytes, i)))
	}
	if _, err := os.Stat(in.plain); err != nil {
		fmt.Fprintln(os.Stderr, "making the input in", dir)
		if err := in.write(); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(in.plain)
	if err != nil {
		return nil, err
	}
	in.bytes = info.Size()
	return in, nil
}

// write writes the files; the plain one gets its name at the end.
func (in *logs) write() error {
	plain, err := os.Create(in.plain + ".new")
	if err != nil {
		return err
	}
	defer plain.Close()
	r := rand.New(rand.NewPCG(1, 2))
	half := (in.requests + 1) / 2
	for i, name := range in.gzip {
		file, err := os.Create(name)
		if err != nil {
			return err
		}
		z := gzip.NewWriter(file)
		w := bufio.NewWriterSize(io.MultiWriter(plain, z), 1<<20)
		for n := i * half; n < min(in.requests, (i+1)*half); n++ {
			request(w, r, n, in.requests)
		}
		for _, end := range []func() error{w.Flush, z.Close, file.Close} {
			if err := end(); err != nil {
				return err
			}
		}
	}
	if err := plain.Close(); err != nil {
		return err
	}
	return os.Rename(in.plain+".new", in.plain)
}

// request writes the lines of the n-th of so many requests of a day.
func request(w io.Writer, r *rand.Rand, n, of int) {
	id := fmt.Sprintf("%08x-%04x-4%03x-a%03x-%012x", r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()&0xffffffffffff)
	second := int(int64(n) * 86400 / int64(of))
	at := fmt.Sprintf("2026-03-01T%02d:%02d:%02d", second/3600, second/60%60, second%60)
	fmt.Fprintf(w, `{"timestamp": "%sZ", "level": "INFO", "message": "Module used: package%d", "logger": "root", "requestId": "%s", "path": "/orders/%d", "items": [1, 2, 3]}`+"\n", at, r.IntN(40), id, n)
	for line := range linesPerRequest - 2 {
		fmt.Fprintf(w, `{"timestamp": "%sZ", "level": "INFO", "message": "loaded item %d of the basket in %d ms with status OK", "logger": "app.db", "requestId": "%s", "path": "/orders/%d", "user": "u%d", "items": [1, 2, 3], "took": 1.25}`+"\n",
			at, line, r.IntN(100), id, n, r.IntN(100_000))
	}
	init := ""
	if n%50 == 0 {
		init = `,"initDurationMs":412.5`
	}
	fmt.Fprintf(w, `{"time":"%s.022Z","type":"platform.report","record":{"requestId":"%s","metrics":{"durationMs":11.480,"billedDurationMs":193,"memorySizeMB":512,"maxMemoryUsedMB":67%s},"status":"success"}}`+"\n", at, id, init)
}
