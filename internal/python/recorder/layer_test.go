//go:build unix

package recorder

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/python/oracle"
)

// layer writes a layer for the function in ways of handlerProject.
func layer(t *testing.T, p oracle.Python, table *Table) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "layer")
	l, err := WriteLayer(t.Context(), dir, table, []string{p.Path})
	if err != nil {
		t.Fatal(err)
	}
	if l.Bytes > LayerLimit || strings.Join(l.Bytecode, " ") != p.Name() {
		t.Errorf("%+v", l)
	}
	return dir
}

func TestLayerIsRefusedElsewhere(t *testing.T) {
	table, err := NewTable([]*graph.Program{{}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := WriteLayer(t.Context(), dir, table, nil); err == nil || !strings.Contains(err.Error(), `"main.tf"`) {
		t.Error(err)
	}
}

// TestWrapper starts a stand-in for Lambda's runtime through the wrapper.
func TestWrapper(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		r := record(t, p, map[string]string{"pkg/app.py": "import json\nimport base64\ndef handler(event, context):\n    return json.dumps(event) if event['a'] else base64.b64encode(b'')\n"})
		dir := layer(t, p, writeTable(t, t.TempDir(), r.dir, p, []string{"pkg/app.py"}))
		next := filepath.Join(t.TempDir(), "next")
		if err := os.WriteFile(next, []byte("#!/bin/sh\nexport NEXT=\"$_HANDLER\"\nexec \"$@\"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		bootstrap := `
import os, sys, importlib
sys.path[:0] = [os.getcwd(), os.environ["LAYER"] + "/python"]
module, name = os.environ["_HANDLER"].rsplit(".", 1)
handler = getattr(importlib.import_module(module.replace("/", ".")), name)
class Context: aws_request_id = "0-1"
print(handler({"a": 1, "routeKey": "GET /x"}, Context), os.environ["_HANDLER"], os.environ["NEXT"], "fastpath_recorder" in sys.modules)
`
		for _, off := range []bool{false, true} {
			cmd := exec.CommandContext(t.Context(), filepath.Join(dir, WrapperName), p.Path, "-c", bootstrap)
			cmd.Dir = r.dir
			cmd.Env = append(r.env, "_HANDLER=pkg/app.handler", "LAYER="+dir, "FASTPATH_NEXT_WRAPPER="+next, "FASTPATH_EVERY=1",
				"AWS_LAMBDA_FUNCTION_NAME=orders", "AWS_LAMBDA_FUNCTION_VERSION=7")
			want := `{"a": 1, "routeKey": "GET /x"} pkg/app.handler fastpath_recorder.handler True` + "\n"
			if off {
				cmd.Env = append(cmd.Env, "FASTPATH_RECORDER=off")
				want = `{"a": 1, "routeKey": "GET /x"} pkg/app.handler pkg/app.handler False` + "\n"
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			lines, rest := readLines(t, string(out))
			if rest != want {
				t.Errorf("%q, want %q", rest, want)
			}
			if off {
				if len(lines) > 0 {
					t.Error(lines)
				}
				continue
			}
			got := requests(lines)
			if len(got) != 1 || got[0].Request != "0-1" || got[0].Workflow != "GET /x" || got[0].Function != "orders:7" || got[0].Entry != "pkg.app:handler" {
				t.Fatalf("%+v", lines)
			}
			if u := used(got[0]); u != "json" && p.Minor >= 12 || !strings.Contains(u, "json") {
				t.Errorf("used %q", u)
			}
		}
	})
}
