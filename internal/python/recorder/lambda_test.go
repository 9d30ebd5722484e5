//go:build unix

package recorder

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fastpath/internal/evidence"
	"fastpath/internal/lambdaapi"
	"fastpath/internal/python/oracle"
	"fastpath/internal/usage"
	"fastpath/internal/usage/ingest"
)

// orders is a function with three routes, each using other modules.
var orders = map[string]string{
	"lambda_function.py": `
import json
import helpers
from decimal import Decimal

def lambda_handler(event, context):
    route = event["routeKey"]
    if route == "GET /orders":
        return json.dumps([])
    if route == "GET /total":
        return str(Decimal(2))
    return helpers.export()
`,
	"helpers.py": "import csv\nimport io\n\ndef export():\n    import colorsys\n    csv.writer(io.StringIO()).writerow([colorsys.ONE_THIRD])\n    return 1\n",
}

// TestLambda replays traffic as Lambda invocations with the layer attached,
// writes the log as Lambda does, and reads it back: the shares are those of the traffic.
func TestLambda(t *testing.T) {
	t.Parallel()
	pythons := oracle.Pythons(t)
	p := pythons[len(pythons)-1]
	r := record(t, p, orders)
	for _, name := range Own {
		if err := os.Remove(filepath.Join(r.dir, name+".py")); err != nil {
			t.Fatal(err)
		}
	}
	table := writeTable(t, t.TempDir(), r.dir, p, []string{"lambda_function.py", "helpers.py"})
	table.Entries = []TableEntry{{Handler: "lambda_function.lambda_handler", Entry: "lambda_function:lambda_handler"}}
	dir := layer(t, p, table)
	// As the runtime's bootstrap: the wrapper gets the command, and the command
	// takes the handler from _HANDLER and the layer into sys.path.
	bootstrap := filepath.Join(t.TempDir(), "bootstrap")
	script := `#!/bin/sh
if [ -z "$WRAPPED" ]; then WRAPPED=1 exec "` + filepath.Join(dir, WrapperName) + `" "$0" "$@"; fi
export PYTHONPATH="` + filepath.Join(dir, "python") + `"
exec "` + p.Path + `" "$1" "$2" "$3" "$4" "${_HANDLER%.*}" "${_HANDLER##*.}"
`
	if err := os.WriteFile(bootstrap, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	traffic := []struct {
		route string
		n     int
	}{{"GET /orders", 14}, {"GET /total", 5}, {"POST /export", 1}}
	for _, every := range []int{1, 7} {
		var log bytes.Buffer
		for process := range 3 {
			f := &lambdaapi.Function{
				Python: bootstrap, Version: p.Name(), Root: r.dir, Dir: r.dir, Module: "lambda_function", Attr: "lambda_handler", MemoryMB: 512,
				Env: append(r.env, fmt.Sprintf("FASTPATH_EVERY=%d", every), "AWS_LAMBDA_FUNCTION_NAME=orders"), Timeout: time.Minute,
			}
			var events [][]byte
			for _, route := range traffic {
				for range route.n {
					events = append(events, []byte(`{"routeKey": "`+route.route+`"}`))
				}
			}
			rec, err := f.Run(t.Context(), lambdaapi.Options{Events: events})
			if err != nil {
				t.Fatal(err)
			}
			if len(rec.Invocations) != len(events) || rec.InitErr != nil {
				t.Fatalf("%+v\n%s", rec, rec.Process.Stderr)
			}
			writeLog(t, &log, f, rec, process)
		}
		logs, err := ingest.Read(t.Context(), []ingest.File{{Name: "orders.log", Reader: &log}}, ingest.Options{Day: "2026-03-01"})
		if err != nil {
			t.Fatal(err)
		}
		res, err := logs.Finish(func(string, string) ([]byte, error) { return nil, nil })
		if err != nil {
			t.Fatal(err)
		}
		s := usage.Summarize(res.Days, usage.SummaryOptions{})
		if s.Requests != 60 {
			t.Errorf("every %d: %v requests, want 60", every, s.Requests)
		}
		if every > 1 {
			continue // the shares are estimates
		}
		for module, want := range map[string]float64{"json": 0.7, "decimal": 0.25, "csv": 0.05, "io": 0.05, "colorsys": 0.05, "helpers": 0.05} {
			if share, known := s.Share(module); !known || math.Abs(share-want) > 1e-9 {
				t.Errorf("%s: share %v (known %v), want %v", module, share, known, want)
			}
		}
		for _, d := range res.Days {
			if d.Kind != evidence.UsageRecorder || d.Entry != "lambda_function:lambda_handler" {
				t.Errorf("%+v", d)
			}
		}
		if share, _ := s.ShareIn("POST /export", "colorsys"); share != 1 {
			t.Errorf("POST /export: %v", share)
		}
	}
}

// writeLog writes what Lambda would of one process: its lines between START and
// REPORT. The ids of the stand-in repeat in every process; Lambda's do not.
func writeLog(t *testing.T, w io.Writer, f *lambdaapi.Function, rec *lambdaapi.Record, process int) {
	t.Helper()
	own := func(text string) string {
		return strings.ReplaceAll(text, "00000000-0000-4000-8000-", fmt.Sprintf("0000000%d-0000-4000-8000-", process))
	}
	lines := string(rec.Process.Stderr)
	for n, inv := range rec.Invocations {
		fmt.Fprintf(w, "START RequestId: %s Version: $LATEST\n", own(inv.RequestID))
		for l := range strings.Lines(lines) {
			if strings.Contains(l, inv.RequestID) || n == 0 && strings.Contains(l, `"kind":"process"`) {
				io.WriteString(w, own(l))
			}
		}
		fmt.Fprintf(w, "END RequestId: %s\n%s\n", own(inv.RequestID), own(f.Report(rec, n).String()))
	}
}
