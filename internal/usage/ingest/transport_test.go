package ingest

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"fastpath/internal/evidence"
)

// subscriptionLog is what a subscription filter sends to a function.
func subscriptionLog(t testing.TB) string {
	payload := names(`{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/lambda/orders","logStream":"streamA","logEvents":[` +
		`{"id":"1","timestamp":1772359200123,"message":"START RequestId: idA Version: 1\n"},{"id":"2","timestamp":1772359200124,"message":"Module used: boto3\n"}]}`)
	return `{"awslogs": {"data": "` + base64.StdEncoding.EncodeToString(gzipped(t, payload)) + `"}}` + "\n"
}

// kinesisLog is how a function gets that from Kinesis, and firehoseLog from Firehose.
func kinesisLog(t testing.TB) string {
	return strings.NewReplacer(`{"awslogs": {"data": `, `{"Records":[{"kinesis":{"partitionKey":"a","data":`, `}}`, `},"eventSource":"aws:kinesis"},{"kinesis":{"data":"SGVsbG8="}}]}`).Replace(subscriptionLog(t))
}

func firehoseLog(t testing.TB) string {
	return strings.NewReplacer(`{"awslogs": {"data": `, `{"invocationId":"i","records":[{"recordId":"1","data":`, `}}`, `}]}`).Replace(subscriptionLog(t))
}

// textOutput is what "aws logs filter-log-events --output text" prints.
const textOutput = "EVENTS\t38123456789012345678901234567890123456789012345678901234\t1772359204123\tstreamA\tSTART RequestId: idA Version: 1\n\t1772359200123\n" +
	"EVENTS\t38123456789012345678901234567890123456789012345678901235\t1772359204123\tstreamA\tModule used: boto3\t1772359200124\n"

const insightsAnswer = `{"queryLanguage":"CWLI","results":[
  [{"field":"@timestamp","value":"2026-03-01 10:00:00.123"},{"field":"@message","value":"START RequestId: idA Version: 1\n"},{"field":"@logStream","value":"streamA"},{"field":"@ptr","value":"Cl0K"}],
  [{"field":"@timestamp","value":"2026-03-01 10:00:00.124"},{"field":"@message","value":"Module used: boto3\n"},{"field":"@logStream","value":"streamA"},{"field":"@requestId","value":"idA"}]
],"statistics":{"recordsMatched":2.0},"status":"Complete"}`

const otlpJSON = `{"resourceLogs":[{"resource":{"attributes":[{"key":"faas.name","value":{"stringValue":"orders"}},{"key":"faas.instance","value":{"stringValue":"streamA"}}]},"scopeLogs":[{"logRecords":[
 {"timeUnixNano":"1772359200123000000","body":{"stringValue":"START RequestId: idA Version: 7"},"attributes":[{"key":"type","value":{"stringValue":"platform.start"}}]},
 {"observedTimeUnixNano":"1772359200123000000","body":{"stringValue":"Module used: boto3"},"attributes":[{"key":"faas.invocation_id","value":{"stringValue":"idA"}}]},
 {"timeUnixNano":"1772359200123000000","body":{"kvlistValue":{"values":[{"key":"message","value":{"stringValue":"Module used: yaml"}},{"key":"requestId","value":{"stringValue":"idA"}}]}}}
]}]}]}`

const tailJSON = `2026-03-01T10:00:00.123000+00:00 streamA 
{
    "time": "2026-03-01T10:00:00.008Z",
    "type": "platform.start",
    "record": {
        "requestId": "idA",
        "version": "7"
    }
}
2026-03-01T10:00:00+00:00 streamB 
{
    "timestamp": "2026-03-01T10:00:00Z",
    "level": "INFO",
    "message": "nothing"
}
2026-03-01T10:00:00.123000+00:00 streamA 
{
    "timestamp": "2026-03-01T10:00:00Z",
    "level": "INFO",
    "message": "Module used: boto3",
    "requestId": "idA"
}
2026-03-01T10:00:00.123000+00:00 streamA Module used: yaml
`

// field adds a protobuf field of bytes.
func field(b []byte, n protowire.Number, data []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), data)
}

func attribute(key, value string) []byte {
	return field(field(nil, 1, []byte(key)), 2, field(nil, 1, []byte(value)))
}

// otlpProto is LogsData of two requests.
func otlpProto() []byte {
	record := func(body string, attributes ...[]byte) []byte {
		b := protowire.AppendFixed64(protowire.AppendTag(nil, 1, protowire.Fixed64Type), 1772359200123000000)
		b = protowire.AppendVarint(protowire.AppendTag(b, 2, protowire.VarintType), 9)
		b = field(b, 5, field(nil, 1, []byte(body)))
		for _, a := range attributes {
			b = field(b, 6, a)
		}
		return field(nil, 2, b)
	}
	resource := field(nil, 1, attribute("faas.instance", streamA))
	var scope []byte
	scope = append(scope, record("START RequestId: "+idA+" Version: 7")...)
	scope = append(scope, record("Module used: boto3", attribute("faas.invocation_id", idA), attribute("http.route", "/orders"))...)
	scope = append(scope, record("REPORT RequestId: "+idB+"\tDuration: 1 ms\tMemory Size: 512 MB\tInit Duration: 3 ms")...)
	return field(nil, 1, field(field(nil, 1, resource), 2, scope))
}

func insightsCSV(t testing.TB) string {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{
		{"@timestamp", "@message", "@logStream", "@log"},
		{"2026-03-01 10:00:00.123", names("START RequestId: idA Version: 1\n"), streamA, "1:/aws/lambda/orders"},
		{"2026-03-01 10:00:00.124", names("[INFO]\t2026-03-01T10:00:00.124Z\tidA\tModule used: boto3\n"), streamA, "1:/aws/lambda/orders"},
	}
	if err := w.WriteAll(rows); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTransports(t *testing.T) {
	proto := otlpProto()
	prefixed := append(binary.BigEndian.AppendUint32(nil, uint32(len(proto))), proto...)
	var compact bytes.Buffer
	if err := json.Compact(&compact, []byte(names(otlpJSON))); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ log, want string }{
		"subscription":  {subscriptionLog(t), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"Kinesis":       {kinesisLog(t), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"Firehose":      {firehoseLog(t), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"text output":   {names(textOutput), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"Insights":      {names(insightsAnswer), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"Insights CSV":  {insightsCSV(t), "streamA 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"OTLP JSON":     {names(otlpJSON), "streamA 2026-03-01 n=1 cold=-1 boto3=1 yaml=1\n"},
		"OTLP lines":    {compact.String() + "\n" + compact.String() + "\n", "streamA 2026-03-01 n=1 cold=-1 boto3=1 yaml=1\n"},
		"OTLP protobuf": {string(proto), "streamA 2026-03-01 n=2 cold=1 boto3@/orders=1\n"},
		"OTLP file":     {string(prefixed) + string(prefixed), "streamA 2026-03-01 n=2 cold=1 boto3@/orders=1\n"},
		"tail JSON":     {names(tailJSON), "streamA 2026-03-01 n=1 cold=-1 boto3=1 yaml=1\n"},
		"tail short":    {names("2026-03-01T10:00:00 START RequestId: idA Version: 1\n2026-03-01T10:00:00 Module used: boto3\n"), "app.log 2026-03-01 n=1 cold=-1 boto3=1\n"},
		"Python logging": {
			names("2026-03-01 10:00:00,123 - app - INFO - idA - Module used: boto3\nINFO 2026-03-01T10:00:01.5Z [idB] Module used: boto3\nidC [2026-03-01 10:00:00] Module used: yaml\n"),
			"app.log 2026-03-01 n=3 cold=-1 boto3=2 yaml=1\n",
		},
		"one file, two versions": {
			names("2026-03-01T10:00:00Z START RequestId: idA Version: 7\n2026-03-01T10:00:00Z Module used: boto3\n2026-03-01T10:00:00Z END RequestId: idA\n2026-03-01T10:00:00Z START RequestId: idB Version: 8\n2026-03-01T10:00:00Z Module used: yaml\n"),
			"app.log:7 2026-03-01 n=1 cold=-1 boto3=1\napp.log:8 2026-03-01 n=1 cold=-1 yaml=1\n",
		},
		"one file, two functions": {
			names(`{"function_name":"orders","requestId":"idA","timestamp":"2026-03-01T10:00:00Z","message":"Module used: boto3"}
{"function_name":"users","requestId":"idB","timestamp":"2026-03-01T10:00:00Z","message":"Module used: yaml"}
`),
			"app.log orders 2026-03-01 n=1 cold=-1 boto3=1\napp.log users 2026-03-01 n=1 cold=-1 yaml=1\n",
		},
	} {
		as := map[string]string{"": c.log}
		if name != "OTLP protobuf" && name != "OTLP file" { // as Windows writes it
			as[" with CRLF"] = strings.ReplaceAll(c.log, "\n", "\r\n")
			as[" with a byte order mark"] = "\ufeff" + c.log
		}
		for how, log := range as {
			res := logs(t, Options{Requests: EveryRequest}, log)
			if got := describe(res.Days); got != c.want || res.Unreadable != 0 || len(res.Problems) > 0 {
				t.Errorf("%s%s: %s\nwant %s\n%v %v", name, how, got, c.want, res.Places, res.Problems)
			}
		}
	}
	broken := append(bytes.Clone(proto), proto[:len(proto)/2]...)
	res := logs(t, Options{}, string(broken))
	if got := describe(res.Days); got != "streamA 2026-03-01 n=2 cold=1 boto3@/orders=1\n" || len(res.Problems) != 1 {
		t.Errorf("%s%v", got, res.Problems)
	}
}

func TestEnvironmentFigures(t *testing.T) {
	res := logs(t, Options{}, names(`2026-03-01T10:00:00Z REPORT RequestId: idA⇥Duration: 12.40 ms⇥Billed Duration: 498 ms⇥Memory Size: 512 MB⇥Max Memory Used: 91 MB⇥Init Duration: 485.10 ms⇥
2026-03-01T10:00:00Z REPORT RequestId: idB Duration: 1.00 ms Runtime Duration: 1 ms Billed Duration: 4.00 ms Memory Size: 1024 MB Init Duration: 300 ms
{"time":"2026-03-01T10:00:00.022Z","type":"platform.report","record":{"requestId":"idC","metrics":{"durationMs":11.480,"memorySizeMB":512,"initDurationMs":180.690},"status":"success"}}
{"time":"2026-03-01T10:00:00.022Z","type":"platform.logsDropped","record":{"droppedRecords":12,"droppedBytes":5,"reason":"x"}}
`))
	if d := res.Days[0]; d.InitMS != 300 || d.MemoryMB != 1024 || d.ColdStarts != 3 || res.Dropped != 12 {
		t.Errorf("%+v, %d dropped", d, res.Dropped)
	}
}

func TestDisorder(t *testing.T) {
	log := names(`2026-03-01T10:00:05Z START RequestId: idA Version: 1
2026-03-01T10:00:00Z START RequestId: idB Version: 1
2026-03-01T10:00:00Z Module used: yaml
2026-03-05T10:00:00Z [INFO]⇥2026-03-01T10:00:00.123Z⇥idC⇥Module used: boto3
2026-03-01T10:00:05Z REPORT RequestId: idB⇥Duration: 1 ms
2026-03-01T10:00:05Z REPORT RequestId: idB⇥Duration: 1 ms
`)
	res := logs(t, Options{}, log)
	if got := describe(res.Days); got != "app.log 2026-03-01 n=2 cold=0 yaml=1\napp.log 2026-03-05 n=1 cold=0 boto3=1\n" {
		t.Error(got)
	}
	if res.OutOfOrder != 2 || res.Skewed != 1 || res.Repeated != 1 || res.Unsure != 1 {
		t.Errorf("%d out of order, %d skewed, %d repeated, %d unsure", res.OutOfOrder, res.Skewed, res.Repeated, res.Unsure)
	}
}

// TestStreamOverFiles: a request goes on in the next file of its stream.
func TestStreamOverFiles(t *testing.T) {
	one := names("2026-03-01T10:00:00.000+00:00 streamA START RequestId: idA\n")
	two := names("2026-03-01T10:00:00.000+00:00 streamA Module used: boto3\n2026-03-01T10:00:00.000+00:00 streamA END RequestId: idA\n2026-03-01T10:00:00.000+00:00 streamA Module used: yaml\n")
	if got := describe(logs(t, Options{}, one, two).Days); got != "streamA 2026-03-01 n=1 cold=-1 boto3=1 yaml=0\n" {
		t.Error(got)
	}
}

// TestRecorderCountsAlone: what nobody looked into is not known to be unused.
func TestRecorderCountsAlone(t *testing.T) {
	log := `{"fastpath":1,"proc":"aa","ts":1772359200140,"seq":5,"kind":"end","counts":{"/b":4}}` + "\n"
	d := logs(t, Options{}, log).Days[0]
	if d.Kind != evidence.UsageLog || d.Requests != 4 || d.Workflows["/b"] != 4 || len(d.Modules) != 0 {
		t.Errorf("%+v", d)
	}
}

func TestRecorderLines(t *testing.T) {
	line := func(rest string) string { return `{"fastpath":1,"proc":"aa","ts":1772359200140,` + rest + "}\n" }
	log := line(`"seq":1,"kind":"process","counts":{},"mods":["boto3","json"],"init":[[0,182.1],[1,0.8]]`) +
		line(`"seq":2,"kind":"request","k":1,"workflow":"/a","counts":{"/a":1},"mods":["json","os.path"],"used":[0],"unseen":[1]`) +
		line(`"seq":3,"kind":"request","k":5,"workflow":"/a","part":1,"parts":2,"counts":{"/a":3,"*":2},"mods":["x.y"],"used":[0]`) +
		line(`"seq":4,"kind":"request","k":5,"workflow":"/a","part":2,"parts":2,"mods":["x.z","os.path"],"used":[0],"unseen":[1]`) +
		line(`"seq":5,"kind":"end","counts":{"/b":4}`) +
		line(`"seq":6,"kind":"off","reason":"TypeError"`) +
		strings.Replace(line(`"seq":1,"kind":"request","k":1,"tests":true,"workflow":"t","counts":{"t":1},"mods":["csv"],"used":[0]`), "aa", "bb", 1)
	wrapped, err := json.Marshal(log)
	if err != nil {
		t.Fatal(err)
	}
	events := names(`{"events":[{"logStreamName":"streamA","timestamp":1772359200123,"message":` + string(wrapped) + `}]}`)
	want := "streamA 2026-03-01 n=10 cold=-1 json@=1 json@/a=2 json@/b=2 x@=1 x@/a=2 x@/b=2 x.y@=1 x.y@/a=2 x.y@/b=2 x.z@=1 x.z@/a=2 x.z@/b=2\nstreamA (tests) 2026-03-01 n=1 cold=-1 csv@t=1\n"
	for name, texts := range map[string][]string{"once": {events}, "twice": {events, events}} {
		res := logs(t, Options{}, texts...)
		got := describe(res.Days)
		if got != strings.ReplaceAll(want, "@=", "=") || res.RecorderOff == 0 {
			t.Errorf("%s: %s\nwant %s", name, got, want)
		}
		if d := res.Days[0]; fmt.Sprint(d.Kind, d.Unseen, d.Loaded, d.Workflows) != "recorder[os.path] [boto3 json] map[/a:4 /b:4]" {
			t.Error(d.Kind, d.Unseen, d.Loaded, d.Workflows)
		} else if d.Watched != 2 { // of ten
			t.Errorf("%s: %v watched, want 2", name, d.Watched)
		}
		if res.Days[1].Kind != "tests" {
			t.Error(res.Days[1].Kind)
		}
	}
	// The platform's own count is the better one.
	res := logs(t, Options{}, log+names("START RequestId: idA\nSTART RequestId: idB\n")+strings.Repeat("x\n", 3))
	if d := res.Days[0]; d.Requests != 10 || len(res.Days) != 2 {
		t.Error(describe(res.Days))
	}
}

// TestProcessors: neither their number nor the size of blocks changes a result.
func TestProcessors(t *testing.T) {
	var one, two strings.Builder
	for i := range 3000 {
		b := &one
		if i%3 == 0 {
			b = &two
		}
		fmt.Fprintf(b, "2026-03-%02dT10:00:00.000Z START RequestId: r%d Version: 1\nModule used: m%d.x\nModule used: m%d\n2026-03-%02dT10:00:00.000Z END RequestId: r%d\n", 1+i/1000, i/2, i%7, i%5, 1+i/1000, i/2)
		if i%100 == 0 {
			fmt.Fprintf(b, "{\"broken\": \"%d\n%s", i, tailJSON)
		}
	}
	var want string
	for _, procs := range []int{1, 2, 7} {
		for _, size := range []int{4096, 50_000, 1 << 20} {
			before := runtime.GOMAXPROCS(procs)
			res := logs(t, Options{block: size}, names(one.String()), names(two.String()))
			runtime.GOMAXPROCS(before)
			got := describe(res.Days) + fmt.Sprint(res.Lines, res.Unreadable, res.Logged, res.Outside, res.Places)
			if want == "" {
				want = got
			}
			if got != want {
				t.Fatalf("%d processors, blocks of %d: %s\nwant %s", procs, size, got, want)
			}
		}
	}
}

// TestSeen: what is read in parts, and again, is what is read at once.
func TestSeen(t *testing.T) {
	line := names("2026-03-01T10:00:00.000+00:00 streamA REPORT RequestId: r%d\tInit Duration: 2 ms\tMemory Size: 256 MB\n2026-03-01T10:00:00.000+00:00 streamA [INFO]\t2026-03-01T10:00:00.000Z\tr%d\tModule used: m%d\n")
	part := func(from, to int) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, line, i, i, i%3)
		}
		return b.String()
	}
	store := map[SeenKey][]byte{}
	ingest := func(text string) string {
		l, err := Read(t.Context(), []File{{Name: "x", Reader: strings.NewReader(text)}}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := l.Finish(func(source, day string) ([]byte, error) { return store[SeenKey{source, day}], nil })
		if err != nil {
			t.Fatal(err)
		}
		for key, data := range res.Seen {
			store[key] = data
		}
		return describe(res.Days)
	}
	want := describe(logs(t, Options{}, part(0, 100)).Days)
	ingest(part(0, 60))
	if got := ingest(part(40, 100)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if got := ingest(part(10, 20)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for key, data := range store {
		if key.Source == others {
			continue
		}
		for i := range data {
			c := newCollector(Options{Limit: 1000})
			broken := bytes.Clone(data)
			broken[i] ^= 0x55
			before := &recalled{known: map[SeenKey]bool{}, counts: map[SeenKey]int{}, seen: func(_, day string) ([]byte, error) {
				if day != key.Day {
					return nil, nil
				}
				return broken[:len(broken)-i%3], nil
			}}
			at := sourceDay{"x", dayNamed(key.Day)}
			_, _ = c.merge(at, before) // an error or not: never a panic
			_, _ = c.sharing([]sourceDay{at}, before)
		}
	}
}

// run is what one run of ingest reads: logs by name.
type run map[string]string

// inRuns reads logs in several runs, each of which knows what those before it saw,
// and returns what the lock has in the end.
func inRuns(t *testing.T, runs ...run) string {
	t.Helper()
	store, rows := map[SeenKey][]byte{}, map[SeenKey]*evidence.UsageDay{}
	for _, r := range runs {
		var files []File
		for _, name := range slices.Sorted(maps.Keys(r)) {
			files = append(files, File{Name: name, Reader: strings.NewReader(names(r[name]))})
		}
		l, err := Read(t.Context(), files, Options{})
		if err != nil {
			t.Fatal(err)
		}
		res, err := l.Finish(func(source, day string) ([]byte, error) { return store[SeenKey{source, day}], nil })
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(store, res.Seen)
		for _, d := range res.Days {
			rows[SeenKey{d.Source, d.Day}] = d
			if d.Requests == 0 {
				delete(rows, SeenKey{d.Source, d.Day})
			}
		}
	}
	days := slices.SortedFunc(maps.Values(rows), func(a, b *evidence.UsageDay) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Day, b.Day))
	})
	return describe(days)
}

// TestSeenElsewhere: a request counts once, whatever brings its lines, in whatever
// order and on whichever side of midnight.
func TestSeenElsewhere(t *testing.T) {
	const (
		start   = "2026-03-01T23:59:59.900+00:00 streamA START RequestId: idA\n"
		end     = "2026-03-02T00:00:00.100+00:00 streamA [INFO]\t2026-03-02T00:00:00.100Z\tidA\tModule used: yaml\n2026-03-02T00:00:00.100+00:00 streamA END RequestId: idA\n"
		other   = "2026-03-02T10:00:00.100+00:00 streamA START RequestId: idB\n"
		file    = "2026-03-01T23:59:59.900Z START RequestId: idA\n"
		fileEnd = "2026-03-02T00:00:00.100Z END RequestId: idA\n"
		sent    = `{"messageType":"DATA_MESSAGE","logGroup":"/aws/lambda/f","logStream":"streamA","logEvents":[{"id":"1","timestamp":1772409599900,"message":"START RequestId: idA\n"}]}`
	)
	night := "streamA 2026-03-01 n=1 cold=-1 yaml=1\n"
	both := night + "streamA 2026-03-02 n=1 cold=-1\n"
	for name, c := range map[string]struct {
		runs []run
		want string
	}{
		"at once":                     {[]run{{"a": start + end + other}}, both},
		"in order":                    {[]run{{"a": start}, {"b": end + other}}, both},
		"the end first":               {[]run{{"a": end + other}, {"b": start}}, both},
		"nothing is left of a day":    {[]run{{"a": end}, {"b": start}}, night},
		"a day at a time, again":      {[]run{{"a": start}, {"b": end}, {"b": end}, {"a": start}}, night},
		"a file, then its stream":     {[]run{{"app.log": file}, {"a": start + end}}, night},
		"a stream, then a file of it": {[]run{{"a": start + end}, {"app.log": file + fileEnd}}, night},
		"a log that was rotated":      {[]run{{"app.log": file}, {"app.log": fileEnd}}, "app.log 2026-03-01 n=1 cold=-1\n"},
		"rotated, then the stream":    {[]run{{"app.log": file}, {"app.log": fileEnd}, {"a": start + end}}, night},
		"a subscription, then a file": {[]run{{"s.json": sent}, {"app.log": file + fileEnd}, {"a": end}}, night},
		"a file, then a subscription": {[]run{{"app.log": fileEnd}, {"s.json": sent}}, "streamA 2026-03-01 n=1 cold=-1\n"},
	} {
		if got := inRuns(t, c.runs...); got != c.want {
			t.Errorf("%s:\n%swant\n%s", name, got, c.want)
		}
	}
}
