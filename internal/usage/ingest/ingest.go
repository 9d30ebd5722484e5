// Package ingest reads the logs that people already have and turns them into
// usage rows: how many requests there were, how many were cold starts, and
// which of them used which modules.
//
// What comes in are files, folders or a stream: the recorder's lines, Lambda's
// text and JSON log formats, any JSON lines, what CloudWatch exports around
// them, OpenTelemetry, and any of that in gzip or zstd. What goes out is one
// row a source and day.
//
// A log is cut into blocks of whole lines (block.go). All processors read blocks and
// take them apart at once: most lines have none of the words that matter and are
// passed over (scan.go), the others become events (text.go, record.go, shape.go,
// recorder.go, insights.go, otlp.go; document.go for JSON that spans lines). One
// collector takes up the events of a file in their order (collect.go), and keeps
// every request once, by a hash of its id, in a table of limited size (table.go),
// also for the next time (seen.go, remember.go). What it keeps does not depend on
// which file came first, so that neither the number of processors nor the order of
// files changes a result. Nothing in a log is an error; what cannot be read is
// counted, and the first such places are named.
//
// Nearly every log fits into the table. Where requests use so many different sets of modules
// (sets.go), or there are so many things of several kinds or rows (rows.go) that they do
// not, all entries go as one run, in the order of their keys, to a temporary file (spool.go),
// and the table begins anew (spill.go). At the end the runs are merged: what they say of one
// key comes together and is one entry, a few of which are in memory at a time. That happens
// as often as there is something to find out: how many entries there are of each kind, of
// which at most Options.Limit are kept; what rows they make; what these count. Last, the
// entries are put in order, by the same means, once by source, day and key for what is
// remembered, which is written in parts, and once by row and workflow for the modules that
// were used (usereader.go, uses.go). A disk that is full ends all that with an error before
// anything is merged; files have no name while they are open, where the system allows it, and
// else the next run removes what a killed one left.
package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/regexps"
)

// Options change how logs are read.
type Options struct {
	Entry  string // of the rows, "" when unknown
	Source string // instead of the file's name, for lines without a log stream
	Day    string // YYYY-MM-DD, for requests whose day nothing tells

	// Fields are the keys of JSON logs as ROLE=NAME; see docs/logs.md.
	Fields []string
	// Requests says how many requests the logs are of, for sources whose lines
	// do not tell: 0 is unknown, EveryRequest that each request has a line with
	// its id.
	Requests float64
	// EntryOf returns the entry that a function, by its name, belongs to, ""
	// for none; nil for never.
	EntryOf func(function string) string
	MaxLine int // bytes of a line or JSON value; 0 is 8 MiB
	Limit   int // things of one kind, such as requests, that are remembered one by one; 0 is 2,500,000
	// Temp is a folder for temporary files, which are needed where there is more to count
	// than the memory holds; "" is the system's. Those that killed processes left there go.
	Temp string

	block  int // bytes of a log that are read at once; 0 is 256 KiB
	most   func(*limits)
	create func(dir string) (spoolFile, error)
}

// EveryRequest is Options.Requests where each request has a line with its id.
const EveryRequest = -1

const (
	defaultMaxLine = 8 << 20
	defaultLimit   = 2_500_000
	defaultBlock   = 256 << 10 // what a processor keeps at hand while it looks through it
)

// Result is what a set of logs says.
type Result struct {
	Days       []*evidence.UsageDay // sorted by source, day and entry
	Files      int
	Bytes      int64 // decompressed
	Lines      int64 // lines, or events of a JSON document
	Unreadable int64 // of these
	// Places are the first unreadable ones of each file.
	Places   []Place
	Problems []Place // files that could not be read to their end
	Read     []Origin
	Requests float64
	// ColdStarts is negative where no line says.
	ColdStarts float64
	Logged     int64 // messages "Module used: NAME"
	Recorded   int64 // lines of the recorder
	// Outside counts those messages that belong to no request: written while
	// the environment started, or without a request id and with none open.
	Outside int64
	// Unsure counts those without a request id that were written while more
	// than one request of their stream was open; the latest one gets them.
	Unsure int64
	// Repeated counts requests that were reported more than once: retries, or
	// logs that overlap. RepeatedLines are lines of the recorder.
	Repeated, RepeatedLines int64
	// OutOfOrder counts lines that are earlier than the one before in their
	// stream, by more than two seconds.
	OutOfOrder int64
	// Skewed counts messages whose own time is more than a day off the time
	// that CloudWatch gives them; the latter counts.
	Skewed int64
	// Dropped counts the records that the platform says it dropped.
	Dropped int64
	// LeftOut counts how often the name of a module or of a workflow was left out,
	// at least: there were more than can be remembered.
	LeftOut int64
	// OtherStreams counts lines of log streams beyond the 64,000th: they are counted as
	// lines that name none, under the name of their file.
	OtherStreams int64
	// OtherFunctions counts how often, at least, something was counted for a source without
	// the function, version and entry that it names: more than 80,000 rows tell them apart.
	OtherFunctions int64
	// OtherSources counts requests, and lines of the recorder, that are counted for
	// evidence.OtherSources: there are more than 90,000 sources and days.
	OtherSources int64
	// Folded counts the workflows of a source's day whose requests are counted as if
	// they had none: there were more pairs of a workflow and a module than are kept.
	Folded int64
	// RecorderOff counts processes in which the recorder gave up.
	RecorderOff int64
	// Known is set when all requests of these logs are counted for other
	// sources already.
	Known bool
	// Sampled is how many requests each counted one stands for: above 1 when
	// there were more than could be remembered one by one. SampledError is by how much,
	// as a share, the number of all requests may then be off: three standard deviations.
	Sampled, SampledError float64
	// Unknown are the sources of whose requests only some are known, for want
	// of START, REPORT or platform lines; there are no rows of them.
	Unknown []Unknown
	// Undated are the sources, in order, whose requests have the day on which
	// their file was written, because no line has a time.
	Undated []Undated
	// Seen is what to remember of each source and day, for the next time; nil
	// when Finish was not told what was seen before.
	Seen map[SeenKey][]byte
}

// Origin is a file that was read to its end.
type Origin struct {
	Name   string // as given
	SHA256 string // of what identifies it, lower-case hex
	Size   int64  // bytes, as it lies on disk
}

// Unknown is a source without a number of requests.
type Unknown struct {
	Source   string
	Requests int64 // of those there is a line
	Messages int64 // of modules that were used, without a request
}

// Undated is a source without times.
type Undated struct{ Source, Day string }

// Place is something that could not be read.
type Place struct {
	File    string
	Line    int64 // 1-based, 0 for the whole file
	Offset  int64 // bytes before it, decompressed
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
	what := fmt.Sprintf("%d of the requests", e.Requests)
	if e.Requests == 0 {
		what = "the messages"
	}
	return fmt.Sprintf("%s: no timestamp says on which day %s were; pass the day of the log, such as --day %s",
		e.Source, what, time.Now().UTC().Format(time.DateOnly))
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

// Logs is what a set of files says.
type Logs struct{ c *collector }

// Sink takes what there is too much of for the memory. Either function may be nil.
type Sink struct {
	// Row takes the rows, by source, day and entry; after them, in the same order, those
	// of sources and days that have lost all their requests.
	Row func(*evidence.UsageDay) error
	// Keep takes what to remember of a source and day for the next time, nil for nothing.
	Keep func(SeenKey, []byte) error
}

// Finish returns the result. Seen returns what Result.Seen of earlier logs was
// for a source and day, nil for nothing; without seen the logs stand alone. The
// error is seen's, a *NoDayError or a *FewRequestsError. It is called once.
func (l *Logs) Finish(seen func(source, day string) ([]byte, error)) (*Result, error) {
	var days []*evidence.UsageDay
	kept := map[SeenKey][]byte{}
	res, err := l.FinishInto(seen, Sink{
		Row:  func(d *evidence.UsageDay) error { days = append(days, d); return nil },
		Keep: func(key SeenKey, data []byte) error { kept[key] = data; return nil },
	})
	if err != nil {
		return nil, err
	}
	res.Days = days
	if seen != nil {
		res.Seen = kept
	}
	return res, nil
}

// FinishInto is Finish, with Days and Seen going where to says. Errors may also be to's.
func (l *Logs) FinishInto(seen func(source, day string) ([]byte, error), to Sink) (*Result, error) {
	c := l.c
	l.c = nil // whoever keeps the logs does not keep all that was counted
	return c.finish(seen, to)
}

// Check returns what is wrong with options: a *FieldError.
func (o Options) Check() error {
	_, err := parseFields(o.Fields)
	return err
}

// Read reads files. The error is ctx's or that of a field; files that cannot
// be opened or decompressed are Problems of the result.
func Read(ctx context.Context, files []File, o Options) (*Logs, error) {
	fields, err := parseFields(o.Fields)
	if err != nil {
		return nil, err
	}
	if o.MaxLine <= 0 {
		o.MaxLine = defaultMaxLine
	}
	if o.Limit <= 0 {
		o.Limit = defaultLimit
	}
	if o.block <= 0 {
		o.block = defaultBlock
	}
	if o.Temp != "" {
		sweep(o.Temp)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := newCollector(o)
	c.stop = cancel
	e := newEngine(ctx, o, fields, c)
	c.files = make([]*fileState, len(files))
	for i, f := range files {
		c.files[i] = c.file(f)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		var wait sync.WaitGroup
		turn := make(chan struct{}, runtime.GOMAXPROCS(0))
		for i, f := range files {
			turn <- struct{}{}
			wait.Go(func() {
				defer func() { <-turn }()
				e.file(f, c.files[i])
			})
		}
		wait.Wait()
	}()
	select {
	case <-read:
	case <-ctx.Done(): // a pipe that nobody writes into has no end
	}
	if err := ctx.Err(); err != nil {
		return nil, c.abandon(err)
	}
	return &Logs{c}, nil
}

// cause is an error without the path that the message has anyway.
func cause(err error) string {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// exportedStream is a log stream as a folder of an export to S3.
var exportedStream = regexps.New(`^(\d{4})-(\d\d)-(\d\d)-(\S*\[[^\]\s]+\][0-9A-Fa-f]{32})$`)
