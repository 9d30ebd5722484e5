//go:build unix

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fastpath/internal/lambdaapi"
	"fastpath/internal/python/recorder"
	"fastpath/internal/usage"
)

// processes is how many cold starts the traffic has: as many as requests that
// need S3, so that each process makes its client for one of them and the share
// of boto3 is that of the traffic.
const processes = 25

// kept are modules that later requests of a process need less: config_core reads
// the configuration once, and a scene that is set already checks nothing.
var kept = []string{"catalog.capabilities", "catalog.kinds", "os", "os.path"}

// usageJSON is what usage report prints, as far as it is judged here.
type usageJSON struct {
	Requests   float64            `json:"requests"`
	ColdStarts float64            `json:"cold_starts"`
	Workflows  map[string]float64 `json:"workflows"`
	Modules    []struct {
		Module string  `json:"module"`
		Share  float64 `json:"share"`
	} `json:"modules"`
}

func (u *usageJSON) shares() map[string]float64 {
	out := map[string]float64{}
	for _, m := range u.Modules {
		out[m.Module] = m.Share
	}
	return out
}

// TestEndToEndTraffic replays the example's traffic as Lambda invocations with
// the recorder's layer in place, writes the logs as Lambda and CloudWatch's
// export do, and ingests them: the shares are those that the traffic file says.
func TestEndToEndTraffic(t *testing.T) {
	eachPython(t, func(t *testing.T, w *Workspace) {
		stop, err := w.StartStack(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}()
		layer := filepath.Join(w.Dir, "layer")
		for _, args := range [][]string{{"init"}, {"usage", "recorder", "--layer", layer, "--every", "1"}} {
			if _, code, err := w.Fastpath(t.Context(), false, args...); err != nil || code != 0 {
				t.Fatalf("fastpath %q: exit %d, %v", args, code, err)
			}
		}
		traffic, err := usage.LoadEvents(nil, filepath.Join(w.App, "events", "traffic.toml"))
		if err != nil {
			t.Fatal(err)
		}
		plan := schedule(t, traffic)
		logs := filepath.Join(w.Dir, "logs")
		for n, events := range plan {
			replay(t, w, layer, logs, n, events)
		}

		var report, sample usageJSON
		if _, code, err := w.Fastpath(t.Context(), false, "usage", "ingest", logs); err != nil || code != 0 {
			t.Fatalf("usage ingest: exit %d, %v", code, err)
		}
		if err := w.JSON(t.Context(), &report, "usage", "report"); err != nil {
			t.Fatal(err)
		}
		judgeTraffic(t, traffic, &report)

		// The same traffic by sample events, each in a process of its own and
		// traced exhaustively: the same for what no process keeps.
		if err := os.Remove(filepath.Join(w.App, "fastpath.lock")); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(w.App, ".fastpath")); err != nil {
			t.Fatal(err)
		}
		if _, code, err := w.Fastpath(t.Context(), false, "usage", "invoke"); err != nil || code != 0 {
			t.Fatalf("usage invoke: exit %d, %v", code, err)
		}
		if err := w.JSON(t.Context(), &sample, "usage", "report"); err != nil {
			t.Fatal(err)
		}
		got, want := report.shares(), sample.shares()
		var minor int
		if _, err := fmt.Sscanf(w.Version, "3.%d", &minor); err != nil {
			t.Fatal(err)
		}
		for _, module := range slices.Sorted(maps.Keys(want)) {
			if _, ok := got[module]; !ok {
				t.Errorf("%s: %.4f of the sample events use it, the recorder never saw it", module, want[module])
			}
		}
		for _, module := range slices.Sorted(maps.Keys(got)) {
			switch diff := got[module] - want[module]; {
			case math.Abs(diff) < 1e-9:
			case slices.Contains(kept, module) && diff < 0:
			case minor < 12 && diff > 0: // proxies see more than the lines
			default:
				t.Errorf("%s: share %.4f, the sample events say %.4f", module, got[module], want[module])
			}
		}
	})
}

// schedule deals the traffic out to the processes, so that each kind of event
// is spread over all of them.
func schedule(t *testing.T, traffic *usage.Traffic) [][][]byte {
	t.Helper()
	least := math.Inf(1)
	for _, e := range traffic.Events {
		least = min(least, e.Weight)
	}
	// Whole numbers of requests, at the ratio of the weights: 1,000.
	scale := 2 / least
	plan := make([][][]byte, processes)
	k := 0
	for _, e := range slices.Backward(traffic.Events) { // the S3 ones first
		n := e.Weight * scale
		if math.Abs(n-math.Round(n)) > 1e-9 {
			t.Fatalf("%s: %v requests", e.Name, n)
		}
		for range int(math.Round(n)) {
			plan[k%processes] = append(plan[k%processes], e.JSON)
			k++
		}
	}
	return plan
}

// replay runs one process and writes its log.
func replay(t *testing.T, w *Workspace, layer, logs string, n int, events [][]byte) {
	t.Helper()
	// As the runtime's bootstrap: the wrapper gets the command, and the command
	// takes the handler from _HANDLER and the layer into sys.path.
	bootstrap := filepath.Join(w.Dir, "bootstrap")
	script := `#!/bin/sh
if [ -z "$WRAPPED" ]; then WRAPPED=1 exec "$AWS_LAMBDA_EXEC_WRAPPER" "$0" "$@"; fi
export PYTHONPATH="` + filepath.Join(layer, "python") + `"
exec "` + w.Python + `" "$1" "$2" "$3" "$4" "${_HANDLER%.*}" "${_HANDLER##*.}"
`
	if err := os.WriteFile(bootstrap, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	f := &lambdaapi.Function{
		Python: bootstrap, Version: w.Version[:strings.LastIndexByte(w.Version, '.')], Root: w.App, Dir: w.App,
		Module: "lambda_function", Attr: "lambda_handler", MemoryMB: 512, Timeout: 5 * time.Minute,
		Env: append(slices.Clone(w.env), "AWS_LAMBDA_EXEC_WRAPPER="+filepath.Join(layer, recorder.WrapperName),
			"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_LAMBDA_FUNCTION_NAME=home"),
	}
	rec, err := f.Run(t.Context(), lambdaapi.Options{Client: lambdaapi.Own, Events: events})
	if err != nil {
		t.Fatal(err)
	}
	if rec.InitErr != nil || len(rec.Invocations) != len(events) || rec.Open {
		t.Fatalf("%d of %d invocations, %v\n%s%s", len(rec.Invocations), len(events), rec.InitErr, rec.Process.Stdout, rec.Process.Stderr)
	}
	for _, inv := range rec.Invocations {
		if inv.Err != nil {
			t.Fatalf("%s\n%s", inv.Err, rec.Process.Stderr)
		}
	}
	writeLog(t, logs, f, rec, n)
}

// writeLog writes the log stream of one process as an export of CloudWatch
// Logs has it. The ids of the stand-in repeat in every process; Lambda's do not.
func writeLog(t *testing.T, dir string, f *lambdaapi.Function, rec *lambdaapi.Record, n int) {
	t.Helper()
	var log bytes.Buffer
	now := time.Now().UTC()
	line := func(format string, args ...any) {
		text := strings.ReplaceAll(fmt.Sprintf(format, args...), "00000000-0000-4000-8000-", fmt.Sprintf("%08d-0000-4000-8000-", n))
		fmt.Fprintf(&log, "%s %s\n", now.Format("2006-01-02T15:04:05.000Z"), text)
	}
	written := string(rec.Process.Stdout) + string(rec.Process.Stderr)
	line("INIT_START Runtime Version: python:%s.v1\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:0", f.Version)
	for k, inv := range rec.Invocations {
		line("START RequestId: %s Version: $LATEST", inv.RequestID)
		for text := range strings.Lines(written) {
			if strings.Contains(text, inv.RequestID) || k == 0 && strings.Contains(text, `"kind":"process"`) {
				line("%s", strings.TrimSuffix(text, "\n"))
			}
		}
		line("END RequestId: %s", inv.RequestID)
		line("%s", f.Report(rec, k))
	}
	stream := filepath.Join(dir, fmt.Sprintf("%s-[$LATEST]%032x", now.Format("2006-01-02"), n+1))
	if err := os.MkdirAll(stream, 0o755); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.Copy(z, &log); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stream, "000000.gz"), packed.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// judgeTraffic compares with what the traffic file says of the modules whose
// users are known by the application's own description.
func judgeTraffic(t *testing.T, traffic *usage.Traffic, report *usageJSON) {
	t.Helper()
	total := 0.0
	weights, labels := map[string]float64{}, map[string]float64{}
	for _, e := range traffic.Events {
		weights[e.Name] = e.Weight
		total += e.Weight
		if l := label(t, e.JSON); l != "" {
			labels[l] += e.Weight
		}
	}
	if report.Requests != 1000 || report.ColdStarts != processes {
		t.Errorf("%v requests and %v cold starts, want 1000 and %d", report.Requests, report.ColdStarts, processes)
	}
	for l, w := range labels {
		if want := 1000 * w / total; math.Abs(report.Workflows[l]-want) > 1e-6 {
			t.Errorf("workflow %q: %v requests, want %v", l, report.Workflows[l], want)
		}
	}
	if len(report.Workflows) != len(labels) {
		t.Errorf("workflows %v, want %v", report.Workflows, labels)
	}
	got := report.shares()
	for module, events := range map[string][]string{
		"pandas": {"energy_report"}, "boto3": {"camera_snapshot", "energy_report", "nightly_backup"}, "requests": {"app_tariff"},
		"interface_backup": {"nightly_backup"}, "boto3.s3.transfer": {"nightly_backup"}, "tariff_core": {"app_tariff"}, "interface_hub": {"hub_report"}, "gzip": {"nightly_backup"},
	} {
		want := 0.0
		for _, name := range events {
			want += weights[name] / total
		}
		if share, ok := got[module]; !ok || math.Abs(share-want) > 1e-9 {
			t.Errorf("%s: share %v (known %v), the traffic says %v", module, share, ok, want)
		}
	}
}

// label is the workflow that docs/recorder.md says an event has by itself.
func label(t *testing.T, event []byte) string {
	t.Helper()
	var e struct {
		RouteKey   string `json:"routeKey"`
		DetailType string `json:"detail-type"`
		Records    []struct {
			Source string `json:"eventSource"`
		}
	}
	if err := json.Unmarshal(event, &e); err != nil {
		t.Fatal(err)
	}
	if len(e.Records) > 0 {
		return e.Records[0].Source
	}
	return e.RouteKey + e.DetailType
}
