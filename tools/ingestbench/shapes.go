//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// mostMemory is what reading logs may take whatever is in them, in bytes.
const mostMemory = 200e6

// shape is a log that has very many of something.
type shape struct {
	name  string
	write func(l *shapeLog)
}

// shapes are logs that are hard to read in little memory. Their sizes are about those
// that the options say, and the numbers in their names are what they have most of.
var shapes = []shape{
	{"60,000 log streams on one day", func(l *shapeLog) { l.streams(60_000) }},
	{"300,000 log streams on one day", func(l *shapeLog) { l.streams(300_000) }},
	{"10,000 workflows, 20,000 modules, 200 requests watched", func(l *shapeLog) { l.pairs(200, 100) }},
	{"10,000 workflows, 20,000 modules, 20 of them in each workflow", func(l *shapeLog) { l.pairs(10_000, 20) }},
	{"10,000 workflows, 20,000 modules, 1,000 of them in each workflow", func(l *shapeLog) { l.pairs(10_000, 1000) }},
	{"ten years, one request a day, 20 of 2,000 modules in each", func(l *shapeLog) { l.years(20) }},
	{"ten years, one request a day, all 2,000 modules in each", func(l *shapeLog) { l.years(2000) }},
	{"ten years, 2,000 modules that no request uses", (*shapeLog).outside},
	{"one JSON document of all events", (*shapeLog).document},
	{"100,000 functions and versions", (*shapeLog).functions},
	{"requests of 3,650 days, all at once", (*shapeLog).windows},
	{"each request uses 100 of 2,000 modules, no two the same", func(l *shapeLog) { l.sets(0, 100, 2000) }},
	{"2 million requests, 10 of 2,000 modules in each, no two the same", func(l *shapeLog) { l.sets(2_000_000, 10, 2000) }},
	{"2 million requests, each of its own environment", (*shapeLog).environments},
	{"2 million watched requests, 5 of 5,000 modules in each", (*shapeLog).watched},
	{"60,000 processes of the recorder, 200 modules loaded in each", (*shapeLog).processes},
	{"60,000 log streams, each on 60 days", func(l *shapeLog) { l.sourceDays("2026/03/01/[$LATEST]%032x", 60_000, 60) }},
	{"2,000 log streams of containers, each on 3,650 days", func(l *shapeLog) { l.sourceDays("web/app/%d", 2000, tenYears) }},
	{"requests that never end, in 20,000 log streams", (*shapeLog).open},
	{"modules before any request, in 20,000 log streams", (*shapeLog).pending},
	{"labels and ids of 7 MB", (*shapeLog).labels},
	{"JSON 200 levels deep, and records within records", (*shapeLog).deep},
	{"JSON of 8 MB that is nothing but brackets", (*shapeLog).brackets},
}

// shapeLog is a log in the making.
type shapeLog struct {
	*bufio.Writer
	rand    *rand.Rand
	written int64
	bytes   int64 // how large it is to be, at least, where more lines say nothing new
}

func (l *shapeLog) line(format string, args ...any) {
	n, _ := fmt.Fprintf(l, format+"\n", args...) // Flush returns the error
	l.written += int64(n)
}

func (l *shapeLog) id() string { return fmt.Sprintf("%016x-%016x", l.rand.Uint64(), l.rand.Uint64()) }

// streams are requests of very many environments, as CloudWatch tells about them.
func (l *shapeLog) streams(n int) {
	for round := 0; round == 0 || l.written < l.bytes; round++ {
		for i := range n {
			at := fmt.Sprintf(`"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":%d`, i, 1772359200000+round)
			id := l.id()
			l.line(`{%s,"message":"START RequestId: %s Version: $LATEST"}`, at, id)
			l.line(`{%s,"message":"[INFO]\t2026-03-01T10:00:00.000Z\t%s\tModule used: package%d.part%d"}`, at, id, i%40, round%7)
			l.line(`{%s,"message":"REPORT RequestId: %s\tDuration: 3.30 ms\tBilled Duration: 4 ms\tMemory Size: 512 MB\tMax Memory Used: 67 MB\t"}`, at, id)
		}
	}
}

// pairs are lines of the recorder: of some of very many workflows requests were watched, each
// of which used some modules.
func (l *shapeLog) pairs(watched, modules int) {
	seq, at := 0, int64(1772359200000)
	line := func(kind, more string) {
		seq++
		at += 8
		l.line(`{"fastpath":1,"proc":"5f0c9a3be1d24476","seq":%d,"ts":%d,"entry":"app:handler","kind":%q,%s}`, seq, at, kind, more)
	}
	for w := 0; w < 10_000; w += 20 {
		var counts []string
		for i := range 20 {
			counts = append(counts, fmt.Sprintf(`"/route/%d":%d`, w+i, 100+w))
		}
		line("load", fmt.Sprintf(`"k":%d,"counts":{%s}`, 2*w+1, strings.Join(counts, ",")))
	}
	for k := range watched {
		for from := 0; from < modules; from += 100 {
			var names, used []string
			for i := from; i < min(from+100, modules); i++ {
				names, used = append(names, fmt.Sprintf(`"module%d"`, (k*modules*7+i)%20_000)), append(used, fmt.Sprint(i-from))
			}
			line("request", fmt.Sprintf(`"k":%d,"workflow":"/route/%d","counts":{},"mods":[%s],"used":[%s]`, 2*k+2, k*10_000/watched, strings.Join(names, ","), strings.Join(used, ",")))
		}
	}
}

const tenYears = 3650

func (l *shapeLog) day(n int) string {
	return time.Date(2016, 1, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, n).Format(time.DateOnly)
}

// years are requests of very many days, each of which used some modules.
func (l *shapeLog) years(modules int) {
	for d := range tenYears {
		at, id := l.day(d)+"T10:00:00.000Z", l.id()
		l.line("%s START RequestId: %s Version: 7", at, id)
		for i := range modules {
			l.line("[INFO]\t%s\t%s\tModule used: module%d", at, id, (d*31+i)%2000)
		}
		l.line("%s REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB", at, id)
	}
}

// outside are requests of very many days, and modules that are used before each of them.
func (l *shapeLog) outside() {
	for d := range tenYears {
		at, id := l.day(d)+"T10:00:00.000Z", l.id()
		for i := range 2000 {
			l.line("[INFO]\t%s\t\tModule used: module%d", at, i)
		}
		l.line("%s START RequestId: %s Version: 7", at, id)
		l.line("%s REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB", at, id)
	}
}

// document is what filter-log-events prints, one value for all.
func (l *shapeLog) document() {
	l.line(`{"events": [`)
	for n := 0; l.written < l.bytes; n++ {
		at := fmt.Sprintf(`"logStreamName": "2026/03/01/[$LATEST]%032x", "timestamp": %d`, n%100, 1772359200000+n)
		id := l.id()
		l.line(`  {%s, "message": "START RequestId: %s Version: $LATEST"},`, at, id)
		l.line(`  {%s, "message": "[INFO]\t2026-03-01T10:00:00.000Z\t%s\tModule used: package%d"},`, at, id, n%40)
		l.line(`  {%s, "message": "REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB"},`, at, id)
	}
	l.line(`  {"message": "the end"}], "searchedLogStreams": []}`)
}

func (l *shapeLog) functions() {
	for n := 0; n < 100_000 || l.written < l.bytes; n++ {
		at, id := fmt.Sprintf("2026-03-01T10:%02d:%02d.000Z", n/60%60, n%60), l.id()
		function := fmt.Sprintf(`"functionName":"function%d","functionVersion":"%d"`, n%10_000, n/10_000%10)
		l.line(`{"time":"%s","type":"platform.initStart","record":{"initializationType":"on-demand",%s}}`, at, function)
		l.line(`{"time":"%s","type":"platform.start","record":{"requestId":"%s",%s}}`, at, id, function)
		l.line(`{"timestamp":"%s","message":"Module used: package%d","requestId":"%s"}`, at, n%50, id)
		l.line(`{"time":"%s","type":"platform.report","record":{"requestId":"%s",%s,"metrics":{"durationMs":3.3,"memorySizeMB":512}}}`, at, id, function)
	}
}

// windows are requests of very many days, now of one and now of another.
func (l *shapeLog) windows() {
	for n := 0; l.written < l.bytes; n++ {
		at, id := l.day(n%tenYears)+"T10:00:00.000Z", l.id()
		l.line("%s START RequestId: %s Version: 7", at, id)
		l.line("[INFO]\t%s\t%s\tModule used: module%d", at, id, n%97)
		l.line("%s REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB", at, id)
	}
}

// sets are requests that each use some modules of many, the number given or as many as
// fill the log.
func (l *shapeLog) sets(requests, used, modules int) {
	for n := 0; n < requests || requests == 0 && l.written < l.bytes; n++ {
		id := l.id()
		l.line("2026-03-01T10:00:00.000Z START RequestId: %s Version: 7", id)
		for range used {
			l.line("[INFO]\t2026-03-01T10:00:00.000Z\t%s\tModule used: module%d", id, l.rand.IntN(modules))
		}
		l.line("2026-03-01T10:00:00.000Z REPORT RequestId: %s\tDuration: 3.30 ms\tMemory Size: 512 MB", id)
	}
}

const twoMillion = 2_000_000

// environments are requests of which each one starts an environment.
func (l *shapeLog) environments() {
	for n := range twoMillion {
		at, id := time.UnixMilli(1772359200000+int64(n)*20).UTC().Format("2006-01-02T15:04:05.000Z"), l.id()
		l.line(`{"time":"%s","type":"platform.initStart","record":{"initializationType":"on-demand"}}`, at)
		l.line(`{"time":"%s","type":"platform.start","record":{"requestId":"%s","version":"7"}}`, at, id)
		l.line(`{"timestamp":"%s","message":"Module used: package%d","requestId":"%s"}`, at, n%50, id)
		l.line(`{"time":"%s","type":"platform.report","record":{"requestId":"%s","metrics":{"durationMs":3.3,"memorySizeMB":512,"initDurationMs":%d}}}`, at, id, 100+n%900)
	}
}

// watched are lines of the recorder that watches every request.
func (l *shapeLog) watched() {
	for n := range twoMillion {
		at := 1772359200000 + int64(n)*20
		var names []string
		for range 5 {
			names = append(names, fmt.Sprintf(`"module%d"`, l.rand.IntN(5000)))
		}
		l.line(`{"fastpath":1,"proc":"%016x","seq":%d,"ts":%d,"entry":"app:handler","kind":"request","k":%d,"workflow":"/route/%d","counts":{"/route/%d":1},"mods":[%s],"used":[0,1,2,3,4]}`,
			n/10_000, n%10_000+1, at, n%10_000+1, n%30, n%30, strings.Join(names, ","))
	}
}

// processes are environments of which each one tells what it has loaded.
func (l *shapeLog) processes() {
	var names, numbers []string
	for i := range 200 {
		names, numbers = append(names, fmt.Sprintf(`\"package%d.part%d\"`, i%50, i)), append(numbers, fmt.Sprint(i))
	}
	mods, all := strings.Join(names, ","), strings.Join(numbers, ",")
	for i := range 60_000 {
		at := 1772359200000 + int64(i)*100
		for seq, kind := range []string{`\"kind\":\"process\",\"init\":[` + all + `],\"counts\":{}`, `\"kind\":\"request\",\"k\":1,\"workflow\":\"/\",\"counts\":{\"/\":1},\"used\":[7]`} {
			l.line(`{"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":%d,"message":"{\"fastpath\":1,\"proc\":\"%016x\",\"seq\":%d,\"ts\":%d,\"entry\":\"app:handler\",%s,\"mods\":[%s]}"}`, i, at, i, seq+1, at, kind, mods)
		}
	}
}

// sourceDays are requests of log streams that go on for days.
func (l *shapeLog) sourceDays(stream string, streams, days int) {
	for d := range days {
		at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC).AddDate(0, 0, d-days).UnixMilli()
		for i := range streams {
			l.line(`{"logStreamName":"`+stream+`","timestamp":%d,"message":"START RequestId: %s Version: 7"}`, i, at, l.id())
			if i%7 == 0 {
				l.line(`{"logStreamName":"`+stream+`","timestamp":%d,"message":"Module used: module%d"}`, i, at, (i+d)%97)
			}
		}
	}
}

func (l *shapeLog) open() {
	for round := 0; l.written < l.bytes; round++ {
		for i := range 20_000 {
			l.line(`{"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":%d,"message":"START RequestId: %s Version: $LATEST"}`, i, 1772359200000+round, l.id())
		}
	}
}

func (l *shapeLog) pending() {
	for round := 0; l.written < l.bytes; round++ {
		for i := range 20_000 {
			l.line(`{"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":%d,"message":"Module used: module%d"}`, i, 1772359200000+round, round)
		}
	}
	for i := range 20_000 {
		l.line(`{"logStreamName":"2026/03/01/[$LATEST]%032x","timestamp":1772359300000,"message":"START RequestId: %s Version: $LATEST"}`, i, l.id())
	}
}

// long writes one character so many times. It is never in memory as a whole: what this
// process has would count for the one that it starts.
func (l *shapeLog) long(c byte, n int) {
	part := bytes.Repeat([]byte{c}, 4096)
	for left := n; left > 0; left -= len(part) {
		w, _ := l.Write(part[:min(left, len(part))]) // Flush returns the error
		l.written += int64(w)
	}
}

func (l *shapeLog) labels() {
	const at, most = "2026-03-01T10:00:00.000Z", 7_000_000
	l.line("%s START RequestId: %s Version: 7", at, l.id())
	around := [][2]string{
		{`{"timestamp":"` + at + `","message":"Module used: a","requestId":"`, `"}`},
		{`{"timestamp":"` + at + `","message":"Module used: `, `","requestId":"r1"}`},
		{`{"timestamp":"` + at + `","message":"Module used: a","requestId":"r2","workflow":"`, `"}`},
		{`{"timestamp":1772359200000,"message":"START RequestId: r3 Version: 7","logStreamName":"`, `"}`},
		{`{"fastpath":1,"proc":"a","seq":7,"kind":"request","k":1,"counts":{"/":1},"mods":["a"],"used":[0],"workflow":"`, `"}`},
		{`{"time":"` + at + `","type":"platform.start","record":{"requestId":"r4","functionName":"`, `"}}`},
		{at + " START RequestId: ", " Version: 7"},
	}
	for n := 0; l.written < l.bytes; n++ {
		text := around[n%len(around)]
		l.text(text[0])
		l.long('a'+byte(n%26), most+n)
		l.line("%s", text[1])
	}
}

func (l *shapeLog) text(s string) {
	n, _ := l.WriteString(s) // Flush returns the error
	l.written += int64(n)
}

func (l *shapeLog) deep() {
	l.line("2026-03-01T10:00:00.000Z START RequestId: %s Version: 7", l.id())
	levels := strings.Repeat(`{"a":[`, 100) + `1` + strings.Repeat(`]}`, 100)
	for l.written < l.bytes {
		l.line(`{"timestamp":"2026-03-01T10:00:00.000Z","message":"Module used: a","requestId":"%s","x":%s}`, l.id(), levels)
		text := `Module used: a`
		for range 7 {
			quoted, _ := json.Marshal(text) // a string is always fine
			text = fmt.Sprintf(`{"message":%s}`, quoted)
		}
		l.line("%s", text)
	}
}

func (l *shapeLog) brackets() {
	l.line("2026-03-01T10:00:00.000Z START RequestId: %s Version: 7", l.id())
	for n := 0; l.written < l.bytes; n++ {
		open := []string{"[", `{"time":`, `{"record":{"a":`, `{"message":[{"time":[`}[n%4]
		part := strings.Repeat(open, 4096/len(open))
		l.text(`{"time":`)
		for range 7_500_000 / len(part) {
			l.text(part)
		}
		l.line("")
	}
}

// readShapes reads each of the shapes whose name has the text, and says what that took.
func readShapes(ctx context.Context, o options) error {
	dir, err := os.MkdirTemp(o.work, ".ingestbench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tMB\tCPU s\tpeak MB\tread again: CPU s\tpeak MB")
	over := 0
	for i, s := range shapes {
		if !strings.Contains(s.name, o.shape) {
			continue
		}
		fmt.Fprintf(os.Stderr, "\r%-80s", s.name)
		log, project := filepath.Join(dir, fmt.Sprintf("shape-%d.log", i)), filepath.Join(dir, fmt.Sprint(i))
		size, err := s.make(log, int64(o.megabytes)*1e6)
		if err != nil {
			return err
		}
		if err := os.Mkdir(project, 0o755); err != nil {
			return err
		}
		args := []string{o.binary, "usage", "ingest", "--quiet", "--format", "json", "--project", project, log}
		fmt.Fprintf(w, "%s\t%d", s.name, size/1e6)
		for range 2 {
			c, _, err := measure(ctx, side{name: s.name, args: args}, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			fmt.Fprintf(w, "\t%.1f\t%d", c.cpu.Seconds(), c.rss/1e6)
			if c.rss > mostMemory {
				over++
			}
		}
		fmt.Fprintln(w)
		if err := errors.Join(os.Remove(log), os.RemoveAll(project)); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "\r%80s\r", "")
	if err := w.Flush(); err != nil {
		return err
	}
	if over > 0 {
		return fmt.Errorf("%d of them took more than 200 MB", over)
	}
	return nil
}

// make writes the log and returns its size.
func (s shape) make(path string, bytes int64) (int64, error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	l := &shapeLog{Writer: bufio.NewWriterSize(file, 1<<20), rand: rand.New(rand.NewPCG(1, 2)), bytes: bytes}
	s.write(l)
	return l.written, errors.Join(l.Flush(), file.Close())
}
