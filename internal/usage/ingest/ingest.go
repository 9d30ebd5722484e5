// Package ingest reads the logs that people already have and turns them into
// usage rows: how many requests there were, how many were cold starts, and
// which of them wrote "Module used: NAME".
//
// What comes in are files, folders or a stream: Lambda's text and JSON log
// formats, what CloudWatch exports around them, and any of that in gzip or
// zstd. What goes out is one row a source and day. Lines are taken apart one at
// a time (text.go, record.go, document.go) and told to a collector
// (requests.go), which keeps a bounded window of requests: memory does not grow
// with the log. Nothing in a log is an error; what cannot be read is counted
// and the first such place is named.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"fastpath/internal/evidence"
)

// Options change how logs are read.
type Options struct {
	Entry  string // of the rows, "" when unknown
	Source string // instead of the file's name, for lines without a log stream
	Day    string // YYYY-MM-DD, for requests whose day nothing tells

	MaxLine int // bytes of a line or JSON value; 0 is 8 MiB
	Window  int // requests that are remembered; 0 is 100,000
}

const (
	defaultMaxLine = 8 << 20
	defaultWindow  = 100_000
)

// Result is what a set of logs says.
type Result struct {
	Days       []*evidence.UsageDay // sorted by source and day
	Files      int
	Lines      int64 // lines, or events of a JSON document
	Unreadable int64 // of these
	First      Place // the first unreadable one
	Problems   []Place
	Requests   float64
	ColdStarts float64 // negative: no line says
	Logged     int64   // messages "Module used: NAME"
	// Outside counts those of them that belong to no request: written while
	// the environment started, or without a request id and with none open.
	Outside int64
	// Reported is whether there are START, REPORT or platform lines. Without
	// them only requests that logged something are known, so that shares are
	// too high.
	Reported bool
	// Undated are the sources, in order, whose requests have the day on which
	// their file was written, because no line has a time.
	Undated []Undated
}

// Undated is a source without times.
type Undated struct{ Source, Day string }

// Place is something that could not be read.
type Place struct {
	File    string
	Line    int64 // 1-based, 0 for the whole file
	Message string
}

// String is "file:line: message".
func (p Place) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// NoDayError says that there are requests whose day nothing tells.
type NoDayError struct {
	Source   string
	Requests int64
}

// Error says what to pass.
func (e *NoDayError) Error() string {
	return fmt.Sprintf("%s: no timestamp says on which day %d of the requests were; pass the day of the log, such as --day %s",
		e.Source, e.Requests, time.Now().UTC().Format(time.DateOnly))
}

// File is one log to read.
type File struct {
	Name string // for messages: as given
	Path string // to open; "" for Reader
	// Reader is read instead of opening Path, and never closed.
	Reader io.Reader
	// Modified, its day in UTC, dates requests when neither a line nor
	// Options.Day does; zero when unknown.
	Modified time.Time
}

// Logs reads files and returns what they say. The error is ctx's or an
// *NoDayError; files that cannot be opened or decompressed are Problems.
func Logs(ctx context.Context, files []File, o Options) (*Result, error) {
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	res := &Result{Files: len(files)}
	c := newCollector(o, res)
	for _, f := range files {
		if err := readFile(ctx, f, o, c, res); err != nil {
			return nil, err
		}
	}
	if err := c.finish(); err != nil {
		return nil, err
	}
	return res, nil
}

// readFile reads one file into c. The error is ctx's.
func readFile(ctx context.Context, f File, o Options, c *collector, res *Result) error {
	in := f.Reader
	if in == nil {
		file, err := os.Open(f.Path)
		if err != nil {
			res.Problems = append(res.Problems, Place{File: f.Name, Message: cause(err)})
			return nil
		}
		defer file.Close()
		in = file
	}
	r := &reader{ctx: ctx, name: f.Name, max: o.MaxLine, c: c, res: res}
	r.file = c.fileStream(o.Source, f)
	plain, done, err := decompress(in)
	if err == nil {
		defer done()
		err = r.read(plain)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		message := "it could not be read to its end: " + cause(err)
		if errors.Is(err, io.ErrUnexpectedEOF) {
			message = "the compressed data ends too early; what came before is counted"
		}
		res.Problems = append(res.Problems, Place{f.Name, r.line, message})
	}
	return nil
}

// cause is an error without the path that the message has anyway.
func cause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// streamName is a log stream as Lambda names it, with a function's name in
// shared log groups.
var streamName = regexp.MustCompile(`^\d{4}/\d\d/\d\d/\S*\[[^\]\s]+\][0-9A-Fa-f]{32}$`)

// exportedStream is the same as a folder of an export to S3.
var exportedStream = regexp.MustCompile(`^(\d{4})-(\d\d)-(\d\d)-(\S*\[[^\]\s]+\][0-9A-Fa-f]{32})$`)
