package ingest

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"fastpath/internal/evidence"
)

// TestOrigin: a file is known by its content, and a large one by its ends and its size.
func TestOrigin(t *testing.T) {
	dir := t.TempDir()
	line := []byte("2026-03-01T10:00:00Z START RequestId: a\n")
	large := bytes.Repeat(line, 3<<20/len(line))
	first, last := bytes.Clone(large), bytes.Clone(large)
	first[bytes.IndexByte(first, 'a')], last[len(last)-2] = 'b', 'b'
	digests := map[string]string{}
	for name, data := range map[string][]byte{"small.log": line, "large.log": large, "first.log": first, "last.log": last, "longer.log": append(bytes.Clone(large), line...), "packed.log": gzipped(t, string(line))} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		res, err := read(t, []File{{Name: name, Path: path}}, Options{})
		if err != nil || len(res.Read) != 1 || res.Read[0].Name != name || res.Read[0].Size != int64(len(data)) {
			t.Fatal(err, res)
		}
		digest := res.Read[0].SHA256
		if other := digests[digest]; other != "" || len(digest) != 64 {
			t.Errorf("%s has the digest of %s", name, other)
		}
		digests[digest] = name
		if sum := sha256.Sum256(data); len(data) < 2<<20 && digest != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s", name, digest)
		}
	}
	// Not of what cannot be read to its end.
	cut := gzipped(t, string(large))
	path := filepath.Join(dir, "cut.log.gz")
	if err := os.WriteFile(path, cut[:len(cut)-9], 0o600); err != nil {
		t.Fatal(err)
	}
	if res, err := read(t, []File{{Name: "cut", Path: path}}, Options{}); err != nil || len(res.Read) != 0 || len(res.Problems) != 1 {
		t.Error(err, res)
	}
}

// The ids of the fixtures.
const (
	idA     = "1b4e28ba-2fa1-41d2-883f-0016d3cca427"
	idB     = "2b4e28ba-2fa1-41d2-883f-0016d3cca427"
	idC     = "3b4e28ba-2fa1-41d2-883f-0016d3cca427"
	streamA = "2026/03/01/[$LATEST]0123456789abcdef0123456789abcdef"
	streamB = "2026/03/02/orders[7]fedcba9876543210fedcba9876543210"
)

func names(text string) string {
	return strings.NewReplacer("idA", idA, "idB", idB, "idC", idC, "streamA", streamA, "streamB", streamB, "⇥", "\t", "␍", "\r").Replace(text)
}

// describe writes rows one a line: source, day, requests, cold starts, modules.
func describe(days []*evidence.UsageDay) string {
	var out strings.Builder
	for _, d := range days {
		source := strings.NewReplacer(streamA, "streamA", streamB, "streamB").Replace(d.Source)
		fmt.Fprintf(&out, "%s %s n=%v cold=%v", source, d.Day, d.Requests, d.ColdStarts)
		for _, m := range d.Modules {
			fmt.Fprintf(&out, " %s", m.Module)
			if m.Workflow != "" {
				fmt.Fprintf(&out, "@%s", m.Workflow)
			}
			fmt.Fprintf(&out, "=%v", m.Requests)
		}
		out.WriteString("\n")
	}
	return out.String()
}

// read reads files that stand alone.
func read(t testing.TB, files []File, o Options) (*Result, error) {
	l, err := Read(t.Context(), files, o)
	if err != nil {
		return nil, err
	}
	return l.Finish(nil)
}

func logs(t *testing.T, o Options, texts ...string) *Result {
	t.Helper()
	var files []File
	for i, text := range texts {
		name := "app.log"
		if i > 0 {
			name = fmt.Sprintf("app%d.log", i)
		}
		files = append(files, File{Name: name, Reader: strings.NewReader(text)})
	}
	res, err := read(t, files, o)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

var formats = []struct {
	name, log, want string
	unreadable      int64
}{
	{name: "Lambda text log", log: `INIT_START Runtime Version: python:3.13.v68⇥Runtime Version ARN: arn:aws:lambda:eu-west-1::runtime:6f1e
[INFO]⇥2026-03-01T09:59:59.900Z⇥⇥Module used: logging
START RequestId: idA Version: $LATEST
[INFO]⇥2026-03-01T10:00:00.123Z⇥idA⇥Module used: boto3.session
Module used: requests
END RequestId: idA
REPORT RequestId: idA⇥Duration: 12.40 ms⇥Billed Duration: 498 ms⇥Memory Size: 512 MB⇥Max Memory Used: 91 MB⇥Init Duration: 485.10 ms⇥
START RequestId: idB Version: $LATEST
[INFO]⇥2026-03-01T10:00:02.000Z⇥idB⇥nothing
END RequestId: idB
REPORT RequestId: idB⇥Duration: 2.15 ms⇥Billed Duration: 3 ms⇥Memory Size: 512 MB⇥Max Memory Used: 91 MB⇥
XRAY TraceId: 1-69a40d00-0123456789abcdef01234567⇥SegmentId: 0123456789abcdef⇥Sampled: true⇥
`, want: "app.log 2026-03-01 n=2 cold=1 boto3=1 boto3.session=1 logging=0 requests=1\n"},

	{name: "retries and restores", log: `2026-03-01T10:00:00.000Z START RequestId: idA Version: 3
2026-03-01T10:00:00.001Z Module used: boto3
2026-03-01T10:00:00.002Z REPORT RequestId: idA Duration: 150.20 ms  Billed Duration: 271 ms Memory Size: 1024 MB Restore Duration: 540.75 ms Billed Restore Duration: 120 ms
2026-03-01T10:01:00.000Z START RequestId: idA Version: 3
2026-03-01T10:01:00.001Z Module used: boto3
2026-03-01T10:01:00.002Z REPORT RequestId: idA Duration: 1 ms
2026-03-01T10:01:03.456Z idB Task timed out after 3.00 seconds
2026-03-01T10:02:00.000Z START RequestId: idB Version: 3
`, want: "app.log 2026-03-01 n=2 cold=1 boto3=1\n"},

	{name: "the documents' example without ids", log: `2026-03-01 10:00:00,123 START RequestId: one Version: 1
2026-03-01 10:00:00,124 INFO:root:Module used: boto3
2026-03-01 10:00:00,124 INFO:root:Module used: boto3
2026-03-01 10:00:00,125 END RequestId: one
2026-03-01 10:00:00,126 INFO:root:Module used: pandas
`, want: "app.log 2026-03-01 n=1 cold=-1 boto3=1 pandas=0\n"},

	{name: "interleaved containers in one file", log: `2026-03-01T10:00:00.000Z⇥START RequestId: idA Version: $LATEST
2026-03-01T10:00:00.000Z⇥START RequestId: idB Version: $LATEST
2026-03-01T10:00:00.001Z⇥[INFO]⇥2026-03-01T10:00:00.001Z⇥idA⇥Module used: boto3
2026-03-01T10:00:00.001Z⇥[INFO] 2026-03-01T10:00:00.001Z idB Module used: pandas.core
2026-03-01T10:00:00.001Z⇥[INFO]⇥2026-03-01T10:00:00.001Z⇥idA⇥Module used: requests
2026-03-01T10:00:00.002Z⇥END RequestId: idA
2026-03-01T10:00:00.002Z⇥REPORT RequestId: idB⇥Duration: 1 ms⇥Init Duration: 2 ms
2026-03-02T10:00:00.002Z⇥REPORT RequestId: idC⇥Duration: 1 ms⇥Init Duration: 2 ms
`, want: "app.log 2026-03-01 n=2 cold=1 boto3=1 pandas=1 pandas.core=1 requests=1\napp.log 2026-03-02 n=1 cold=1\n"},

	{
		name: "no platform lines", log: "[INFO]⇥2026-03-01T10:00:00.123Z⇥idA⇥Module used: boto3\n[INFO]⇥2026-03-01T10:00:00.123Z⇥idA⇥Module used: boto3\n[WARNING]⇥2026-03-01T10:00:00.123Z⇥idB⇥slow\n",
		want: "app.log 2026-03-01 n=2 cold=-1 boto3=1\n",
	},

	{name: "Lambda JSON log", log: `{"time":"2026-03-01T09:59:59.833Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init","runtimeVersion":"python:3.13.v68","functionName":"orders"}}
{"timestamp": "2026-03-01T09:59:59Z", "level": "INFO", "message": "Module used: logging", "logger": "root", "requestId": ""}
{"time":"2026-03-01T10:00:00.008Z","type":"platform.start","record":{"requestId":"idA","version":"$LATEST"}}
{"timestamp": "2026-03-01T10:00:00Z", "level": "INFO", "message": "Module used: boto3", "logger": "root", "requestId": "idA"}
{"timestamp": "2026-03-01T10:00:00Z", "level": "INFO", "message": "Module used: requests", "workflow": "alexa", "requestId": "idA", "extra": {"a": [1, 2.5e3, null, true]}}
Module used: base64
{"timestamp": "2026-03-01T10:00:02Z", "log_level": "ERROR", "errorMessage": "bad", "errorType": "ValueError", "requestId": "idA", "stackTrace": []}
{"time":"2026-03-01T10:00:00.019Z","type":"platform.runtimeDone","record":{"requestId":"idA","status":"success"}}
{"time":"2026-03-01T10:00:00.022Z","type":"platform.report","record":{"requestId":"idA","metrics":{"durationMs":11.480,"billedDurationMs":193,"initDurationMs":180.690},"status":"success"}}
{"time":"2026-03-01T10:00:01.008Z","type":"platform.start","record":{"requestId":"idB","version":"$LATEST"}}
{"time":"2026-03-01T10:00:01.022Z","type":"platform.report","record":{"requestId":"idB","metrics":{"durationMs":1.0},"status":"success"}}
`, want: "app.log 2026-03-01 n=2 cold=1 base64@alexa=1 boto3@alexa=1 logging=0 requests@alexa=1\n"},

	{name: "JSON with init records only", log: `{"time":"2026-03-01T09:59:59.833Z","type":"platform.initStart","record":{"phase":"init"}}
{"time":"2026-03-01T09:59:59.833Z","type":"platform.initStart","record":{"initializationType":"provisioned-concurrency"}}
{"time":"2026-03-01T10:00:00.008Z","type":"platform.start","record":{"requestId":"idA"}}
{"time":"2026-03-01T10:00:01.008Z","type":"platform.start","record":{"requestId":"idB"}}
`, want: "app.log 2026-03-01 n=2 cold=1\n"},

	{name: "other tools' records", log: `{"level":"INFO","location":"f:1","message":"Module used: boto3","timestamp":"2026-03-01 10:00:00,123+0000","service":"orders","cold_start":true,"function_request_id":"idA"}
{"log":"[INFO]\t2026-03-01T10:00:00.123Z\tidB\tModule used: yaml\n","stream":"stdout","time":"2026-03-01T10:00:00.123456Z"}
{"message":{"message":"Module used: pandas","lambda":{"arn":"arn:aws:lambda:x","request_id":"idC"},"timestamp":1772359200123,"status":"info"},"hostname":"h","ddsource":"lambda"}
LAMBDA_WARNING: Unhandled exception.␍{"timestamp": "2026-03-01T10:00:00Z", "message": "Module used: csv", "requestId": "idC"}
{"version": "not of Lambda"}
{'message': 'Module used: ast', 'requestId': 'idC'}
`, want: "app.log 2026-03-01 n=3 cold=1 ast=0 boto3=1 csv=1 pandas=1 yaml=1\n"},

	{name: "filter-log-events", log: `{
    "events": [
        {
            "logStreamName": "streamA",
            "timestamp": 1772359200000,
            "message": "START RequestId: idA Version: $LATEST\n",
            "ingestionTime": 1772359204123,
            "eventId": "38123456789012345678901234567890123456789012345678901234"
        },
        {"logStreamName": "streamB", "timestamp": 1772445600000, "message": "START RequestId: idB Version: 7\n"},
        {"logStreamName": "streamA", "timestamp": 1772359200123, "message": "Module used: boto3\n"},
        {"logStreamName": "streamB", "timestamp": 1772445600001, "message": "Module used: pandas\n"},
        {"logStreamName": "streamB", "timestamp": 1772445600002, "message": "{\"timestamp\": \"2026-03-02T10:00:00Z\", \"message\": \"Module used: yaml\", \"requestId\": \"idB\"}\n"},
        {"logStreamName": "streamA", "timestamp": 1772359200200, "message": "REPORT RequestId: idA\tDuration: 1 ms\tInit Duration: 1 ms\t\nXRAY TraceId: 1-2-3\t\n"}
    ],
    "searchedLogStreams": []
}
`, want: "streamA 2026-03-01 n=1 cold=1 boto3=1\nstreamB 2026-03-02 n=1 cold=-1 pandas=1 yaml=1\n"},

	{
		name: "get-log-events on one line", log: `{"events":[{"timestamp":1772359200123,"message":"START RequestId: idA Version: 1\n","ingestionTime":1772359204123},{"timestamp":1772359200124,"message":"Module used: boto3\n"}],"nextForwardToken":"f/38/s","nextBackwardToken":"b/38/s"}`,
		want: "app.log 2026-03-01 n=1 cold=-1 boto3=1\n",
	},

	{
		name: "subscription payloads back to back", log: `{"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"","subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1772359200123,"message":"CWL CONTROL MESSAGE: Module used: nothing"}]}` +
			`{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/aws/lambda/orders","logStream":"streamA","subscriptionFilters":["all"],"logEvents":[{"id":"3","timestamp":1772359200123,"message":"START RequestId: idA Version: 1\n"},{"id":"4","timestamp":1772359200124,"message":"Module used: boto3\n"}]}` +
			`{"messageType":"DATA_MESSAGE","logStream":"streamA","logEvents":[{"id":"4","timestamp":1772359200124,"message":"Module used: yaml\n"}]}`,
		want: "streamA 2026-03-01 n=1 cold=-1 boto3=1 yaml=1\n",
	},

	{name: "JSON lines of wrappers", log: `{"time":"2026-03-01T10:00:00.008Z","type":"platform.start","record":{"requestId":"idB"}}
{"logStream":"streamA","logEvents":[{"timestamp":1772359200123,"message":"START RequestId: idA Version: 1"},{"timestamp":1772359200123,"message":"Module used: boto3"}]}
`, want: "streamA 2026-03-01 n=1 cold=-1 boto3=1\napp.log 2026-03-01 n=1 cold=-1\n"},

	{
		name: "Insights rows", log: `[{"@timestamp":"2026-03-01 10:00:00.123","@message":"START RequestId: idA Version: 1\n","@logStream":"streamA"},
 {"@timestamp":"2026-03-01 10:00:00.124","@message":"[INFO]\t2026-03-01T10:00:00.124Z\tidA\tModule used: boto3\n","@logStream":"streamA"}]`,
		want: "streamA 2026-03-01 n=1 cold=-1 boto3=1\n",
	},

	{
		name: "aws logs tail in colour", log: "\x1b[32m2026-03-01T10:00:00.123000+00:00\x1b[0m \x1b[36mstreamA\x1b[0m START RequestId: idA Version: $LATEST\n\x1b[32m2026-03-01T10:00:00.124000+00:00\x1b[0m \x1b[36mstreamA\x1b[0m Module used: boto3\n",
		want: "streamA 2026-03-01 n=1 cold=-1 boto3=1\n",
	},
	{
		name: "container logs", log: "2026-03-01T10:00:00.123456789Z stdout F START RequestId: idA Version: $LATEST\n2026-03-01T10:00:00.123456789Z stderr F Module used: boto3\n",
		want: "app.log 2026-03-01 n=1 cold=-1 boto3=1\n",
	},
	{name: "aws logs tail", log: `2026-03-01T10:00:00.123000+00:00 streamA START RequestId: idA Version: $LATEST
2026-03-01T10:00:00.123000+00:00 streamB START RequestId: idB Version: $LATEST
2026-03-01T10:00:00.123000+00:00 streamA Module used: boto3
2026-03-02T00:30:00.123000+01:00 streamA REPORT RequestId: idA⇥Duration: 1 ms
`, want: "streamA 2026-03-01 n=1 cold=0 boto3=1\nstreamB 2026-03-01 n=1 cold=-1\n"},

	{
		name: "sam logs", log: "streamA 2026-03-01T10:00:00.123000 START RequestId: idA Version: $LATEST\nstreamA 2026-03-01T10:00:00.123000 Module used: boto3\n",
		want: "streamA 2026-03-01 n=1 cold=-1 boto3=1\n",
	},

	{
		name: "console CSV", log: "timestamp,message\n1772359200123,\"START RequestId: idA Version: $LATEST\n\"\n1772359200124,\"[INFO]⇥2026-03-01T10:00:00.124Z⇥idA⇥Module used: boto3\n\"\n",
		want: "app.log 2026-03-01 n=1 cold=-1 boto3=1\n",
	},

	{
		name: "a day from later lines", log: "START RequestId: idA Version: 1\nModule used: boto3\nEND RequestId: idA\nSTART RequestId: idB Version: 1\n[INFO]⇥2026-03-05T10:00:00.124Z⇥idB⇥x\n",
		want: "app.log 2026-03-05 n=2 cold=-1 boto3=1\n",
	},

	{
		name: "names", log: "START RequestId: idA\n2026-03-05T10:00:00Z Module used: a.b.c.\n2026-03-05T10:00:00Z Module used:  'x_1'\nModule used: 9a\nModule used: \nModule used: größe, and more\n",
		want: "app.log 2026-03-05 n=1 cold=-1 a=1 a.b=1 a.b.c=1 größe=1 x_1=1\n",
	},

	{name: "broken lines", unreadable: 4, log: `{"time":"2026-03-01T10:00:00.008Z","type":"platform.start","record":{"requestId":"idA"}}
{"timestamp": "2026-03-01T10:00:00Z", "message": "Module us
` + "\x00\x01\x02binary\x00\n\xff\xfe\x01\x02\n" + `{"timestamp": "2026-03-01T10:00:00Z", "message": "Module used: boto3", "requestId": "idA"}}
{"timestamp": "2026-03-01T10:00:00Z", "message": "Module used: yaml", "requestId": "idA"}
` + "caf\xe9 2026: Module used: csv\n", want: "app.log 2026-03-01 n=1 cold=-1 csv=1 yaml=1\n"},

	{name: "broken first line of JSON lines", unreadable: 1, log: `{"time":"2026-03-01T10:00:00.008Z","type":"platform.sta
{"time":"2026-03-01T10:00:00.008Z","type":"platform.start","record":{"requestId":"idA"}}
`, want: "app.log 2026-03-01 n=1 cold=-1\n"},

	{name: "a document that breaks", unreadable: 1, log: `{
  "events": [
    {"logStreamName": "streamA", "timestamp": 1772359200000, "message": "START RequestId: idA Version: $LATEST\n"},
    {"logStreamName": "streamA", "timestamp": 1772359200000, "message": oops},
2026-03-01T10:00:00.008Z START RequestId: idB
`, want: "streamA 2026-03-01 n=1 cold=-1\napp.log 2026-03-01 n=1 cold=-1\n"},

	{name: "a document that is cut off", unreadable: 1, log: `{
  "events": [
    {"logStreamName": "streamA", "timestamp": 1772359200000, "message": "START RequestId: idA Version: $LATEST\n"},
    {"logStreamName": "streamA", "timest`, want: "streamA 2026-03-01 n=1 cold=-1\n"},

	{name: "nothing", log: "", want: ""},
	{name: "no requests", log: "hello\n[]\n{}\n\n2026-03-01T10:00:00Z Module used: x\n", want: ""},
}

func TestFormats(t *testing.T) {
	for _, f := range formats {
		t.Run(f.name, func(t *testing.T) {
			res := logs(t, Options{Requests: EveryRequest}, names(f.log))
			got := strings.Split(describe(res.Days), "\n")
			want := strings.Split(f.want, "\n")
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) || res.Unreadable != f.unreadable {
				t.Errorf("got  %s\nwant %s\n%d of %d unreadable, first %v", strings.Join(got, "\n     "), strings.Join(want, "\n     "), res.Unreadable, res.Lines, res.Places)
			}
			if (len(res.Places) > 0) != (res.Unreadable > 0) {
				t.Error(res.Places)
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	for log, want := range map[string]string{
		"a\nb\n{\"x\": \n":                         "app.log:3: broken JSON: unexpected end of JSON input",
		"a\n\x00\n\x00\n":                          "app.log:2: binary data",
		strings.Repeat("x", 3000) + "\n" + "a\n":   "app.log:1: the line is longer than 1000 bytes",
		"{\n\"events\": [\n{\"message\": 1},\n?\n": "app.log:4: broken JSON: invalid character '?' looking for beginning of value",
		"{\n\"events\": [\n{\"message\": \"" + strings.Repeat("y", 9000) + "\"}\n]}": "app.log:3: broken JSON: a JSON value is too large",
	} {
		res := logs(t, Options{MaxLine: 1000}, log)
		if len(res.Places) == 0 || res.Places[0].String() != want || res.Unreadable == 0 || res.Unreadable > res.Lines {
			t.Errorf("%.40q: %v, %d of %d, want %s", log, res.Places, res.Unreadable, res.Lines, want)
		}
	}
}

func TestNoDay(t *testing.T) {
	log := "START RequestId: a\nEND RequestId: a\n"
	_, err := read(t, []File{{Name: "x.log", Reader: strings.NewReader(log)}}, Options{})
	var noDay *NoDayError
	if !errors.As(err, &noDay) || noDay.Requests != 1 || !strings.Contains(err.Error(), "x.log: no timestamp says on which day 1 of the requests were; pass the day of the log, such as --day 20") {
		t.Error(err)
	}
	if got := describe(logs(t, Options{Day: "2026-04-05", Entry: "e"}, log).Days); got != "app.log 2026-04-05 n=1 cold=-1\n" {
		t.Error(got)
	}
	// A file was written on a day.
	res, err := read(t, []File{{Name: "x.log", Reader: strings.NewReader(log), Modified: time.Date(2026, 4, 6, 23, 0, 0, 0, time.UTC)}}, Options{})
	if err != nil || describe(res.Days) != "x.log 2026-04-06 n=1 cold=-1\n" || !slices.Equal(res.Undated, []Undated{{"x.log", "2026-04-06"}}) {
		t.Error(err, res)
	}
	// The name of a stream has a day.
	if got := describe(logs(t, Options{}, names(`{"logStream":"streamA","logEvents":[{"message":"START RequestId: idA"}]}`)).Days); got != "streamA 2026-03-01 n=1 cold=-1\n" {
		t.Error(got)
	}
}

// TestSample: beyond what can be remembered one by one a sample is counted, the
// same one whatever the number of processors and the order of files.
func TestSample(t *testing.T) {
	const requests, limit = 200_000, 20_000
	one, two := &strings.Builder{}, &strings.Builder{}
	for i := range requests {
		for _, b := range []*strings.Builder{one, two} {
			if i%2 == 0 || b == one { // two overlaps one
				fmt.Fprintf(b, "2026-03-01T10:00:00Z REPORT RequestId: r%d\tMemory Size: 512 MB\n", i)
			}
			if i%10 == 0 && b == two {
				fmt.Fprintf(b, "[INFO]\t2026-03-01T10:00:00.000Z\tr%d\tModule used: m\n", i)
			}
		}
	}
	sample := func(texts ...string) string {
		res := logs(t, Options{Limit: limit, Source: "x", block: 10_000}, texts...)
		d := res.Days[0]
		if n := d.Requests; math.Abs(n-requests) > 0.03*requests || res.Sampled < 2 {
			t.Errorf("%v of %d requests, %v each", n, requests, res.Sampled)
		}
		if share := d.Modules[0].Requests / d.Requests; math.Abs(share-0.1) > 0.01 {
			t.Errorf("share %v, want 0.1", share)
		}
		return describe(res.Days)
	}
	want := sample(one.String(), two.String())
	if got := sample(two.String(), one.String()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestSameRequestInTwoFiles(t *testing.T) {
	one := names("2026-03-01T10:00:00Z START RequestId: idA\n2026-03-01T10:00:00Z Module used: boto3\n")
	res := logs(t, Options{}, one, one+names("2026-03-01T10:00:00Z START RequestId: idB\n"))
	if got := describe(res.Days); got != "app.log 2026-03-01 n=1 cold=-1 boto3=1\napp1.log 2026-03-01 n=1 cold=-1\n" {
		t.Error(got)
	}
	if res.Requests != 2 || res.ColdStarts != -1 || res.Files != 2 {
		t.Errorf("%+v", res)
	}
}

func gzipped(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, p := range parts { // members
		w := gzip.NewWriter(&b)
		if _, err := w.Write([]byte(p)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func zstandard(t *testing.T, data []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(data, nil)
}

// TestUTF16: what PowerShell writes, in either order of bytes, also compressed.
func TestUTF16(t *testing.T) {
	log := names("2026-03-01T10:00:00Z START RequestId: idA\r\n2026-03-01T10:00:00Z Module used: größe\r\n\x00\r\n")
	for name, order := range map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian} {
		data := order.AppendUint16(nil, 0xfeff)
		for _, unit := range utf16.Encode([]rune(log)) {
			data = order.AppendUint16(data, unit)
		}
		for _, data := range [][]byte{data, gzipped(t, string(data))} {
			res, err := read(t, []File{{Name: "x", Reader: bytes.NewReader(data)}}, Options{})
			if err != nil || describe(res.Days) != "x 2026-03-01 n=1 cold=-1 größe=1\n" || res.Lines != 3 || res.Unreadable != 1 || res.Places[0].Line != 3 {
				t.Errorf("%s: %v, %+v", name, err, res)
			}
		}
	}
}

func TestCompression(t *testing.T) {
	first, second := "2026-03-01T10:00:00.000Z START RequestId: a\n", "2026-03-01T10:00:00.000Z Module used: boto3\n"
	long := first + strings.Repeat("2026-03-01T10:00:00.000Z line\n", 5000) + second
	whole := gzipped(t, long)
	for name, c := range map[string]struct {
		data    []byte
		problem string
	}{
		"members":    {gzipped(t, first, second), ""},
		"zstd":       {zstandard(t, []byte(first+second)), ""},
		"twice":      {gzipped(t, string(gzipped(t, first+second))), ""},
		"zstd of gz": {zstandard(t, gzipped(t, first, second)), ""},
		"cut off":    {append(gzipped(t, first, second), whole[:len(whole)/2]...), "x.log:"},
		"cut zstd":   {zstandard(t, []byte(long))[:30], "x.log:"},
		"garbage":    {append(gzipped(t, first, second), "garbage behind"...), "x.log:"},
		"no gzip":    {[]byte{0x1f, 0x8b, 1, 2, 3}, "x.log"},
		"two bytes":  {[]byte{0x1f, 0x8b}, "x.log"},
	} {
		res, err := read(t, []File{{Name: "x.log", Reader: bytes.NewReader(c.data)}}, Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		got := describe(res.Days)
		if ok := got == "x.log 2026-03-01 n=1 cold=-1 boto3=1\n"; !ok && (c.problem == "" || len(c.data) > 100) {
			t.Errorf("%s: %s", name, got)
		}
		if (len(res.Problems) > 0) != (c.problem != "") || c.problem != "" && !strings.HasPrefix(res.Problems[0].String(), c.problem) {
			t.Errorf("%s: %v", name, res.Problems)
		}
	}
}

func TestList(t *testing.T) {
	dir := t.TempDir()
	log := names("2026-03-01T10:00:00Z START RequestId: %s\n2026-03-01T10:00:00Z Module used: boto3\n")
	export := "logs/export/2026-03-01-[$LATEST]0123456789abcdef0123456789abcdef/"
	for name, id := range map[string]string{
		"logs/b.log": "b", "logs/a.log.gz": "a", "logs/.hidden": "h", "logs/.git/x": "g", "logs/aws-logs-write-test": "w",
		export + "000000.gz": "c", export + "000001.gz": "d", "one.log": "e", "parts/000000": "f",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		data := []byte(fmt.Sprintf(log, id))
		if strings.HasSuffix(name, ".gz") {
			data = gzipped(t, string(data))
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := List(dir, []string{"logs", "one.log", "parts", "-", "./logs", "parts/../one.log", "-"}, strings.NewReader(fmt.Sprintf(log, "s")))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, File{Name: "gone.log", Path: filepath.Join(dir, "gone.log")})
	res, err := read(t, files, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := "streamA 2026-03-01 n=2 cold=-1 boto3=2\na.log 2026-03-01 n=1 cold=-1 boto3=1\nb.log 2026-03-01 n=1 cold=-1 boto3=1\n" +
		"one.log 2026-03-01 n=1 cold=-1 boto3=1\nparts/000000 2026-03-01 n=1 cold=-1 boto3=1\nstdin 2026-03-01 n=1 cold=-1 boto3=1\n"
	if got := describe(res.Days); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if len(res.Problems) != 1 || res.Problems[0].String() != "gone.log: no such file or directory" {
		t.Error(res.Problems)
	}
	// What a folder holds and cannot be read is no reason to leave out the rest.
	odd := filepath.Join(dir, "odd")
	if err := os.MkdirAll(filepath.Join(odd, "locked"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(odd, "ok.log"), []byte(fmt.Sprintf(log, "o")), 0o644); err != nil {
		t.Fatal(err)
	}
	wanted := 0
	for name, target := range map[string]string{"gone.log": "nowhere", "link": "locked"} {
		if err := os.Symlink(target, filepath.Join(odd, name)); err == nil { // Windows may not allow it
			wanted++
		}
	}
	locked := filepath.Join(odd, "locked")
	if err := os.Chmod(locked, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(locked, 0o755) })
	if _, err := os.ReadDir(locked); err != nil { // not the super-user
		wanted++
	}
	if files, err = List(dir, []string{"odd"}, nil); err != nil {
		t.Fatal(err)
	}
	if res, err = read(t, files, Options{}); err != nil || describe(res.Days) != "ok.log 2026-03-01 n=1 cold=-1 boto3=1\n" || len(res.Problems) != wanted {
		t.Errorf("%v, %v, %d problems, want %d", err, res, len(res.Problems), wanted)
	}
	for arg, want := range map[string]string{"none.log": `the log "none.log": no such file or directory`, "empty": `the folder "empty" holds no logs`} {
		if _, err := List(dir, []string{arg}, nil); err == nil || err.Error() != want {
			t.Error(err)
		}
	}
}
