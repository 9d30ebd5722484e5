//go:build unix

package recorder

import (
	"io/fs"
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

// TestLayerOfTheExample has the size that a layer may have, whatever version it
// is for; its byte-code has the lines of its source, in all functions that it has.
func TestLayerOfTheExample(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", "..", "..", "examples", "smart-home"))
	if err != nil {
		t.Fatal(err)
	}
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		table := writeTable(t, t.TempDir(), root, p, pythonFiles(t, root))
		table.Entries = []TableEntry{{Handler: "lambda_function.lambda_handler", Entry: "lambda_function:lambda_handler"}}
		dir := layer(t, p, table)
		total := int64(0)
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			total += info.Size()
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if total >= 100<<10 {
			t.Errorf("%d bytes", total)
		}
		t.Logf("%.1f KiB", float64(total)/1024)
		cmd := exec.CommandContext(t.Context(), p.Path, "-B", "-c", `
import marshal, sys
sys.path.insert(0, sys.argv[1])
import fastpath_recorder
loader = fastpath_recorder.__spec__.loader
def functions(code, found):
    lines = {n for _, _, n in code.co_lines()} if hasattr(code, "co_lines") else code.co_lnotab
    found[code.co_name, code.co_firstlineno] = lines
    for c in code.co_consts:
        if hasattr(c, "co_code"): functions(c, found)
    return found
fresh = functions(compile(loader.get_source("fastpath_recorder"), "x", "exec", dont_inherit=True, optimize=2), {})
cached = loader.get_code("fastpath_recorder")
ours = functions(cached, {})
del fresh["<module>", min(n for name, n in fresh if name == "<module>")]
ours.update(functions(marshal.loads(fastpath_recorder._APART), {}))
for place in [(name, n) for name, n in ours if name == "<module>"]: del ours[place]
left = {name for name, _ in fresh.keys() - ours.keys()}
gone, kept = ("_Traced", "_Monitored") if sys.version_info >= (3, 12) else ("_Monitored", "_Traced")
print(gone in left, kept in left, all(fresh[f] == lines for f, lines in ours.items()), len(ours) > 60)
`, filepath.Join(dir, "python"))
		cmd.Env = append(os.Environ(), "FASTPATH_RECORDER=off")
		out, err := cmd.CombinedOutput()
		if want := "True False True True\n"; err != nil || string(out) != want {
			t.Errorf("%v: %q, want %q", err, out, want)
		}
	})
}

// pythonFiles are the sources below root, relative to it.
func pythonFiles(t testing.TB, root string) (names []string) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(name, ".py") {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
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
		// What a layer's byte-code is without comes from its source, with its lines.
		taken := exec.CommandContext(t.Context(), p.Path, "-c", `
import sys
for tool in 3, 4: getattr(sys, "monitoring", None) and sys.monitoring.use_tool_id(tool, "taken")
sys.path.insert(0, sys.argv[1])
import fastpath_recorder
source = open(fastpath_recorder.__file__).read().split("\n")
fastpath_recorder._watching(fastpath_recorder._recorder.how)
for c in fastpath_recorder._Traced.profiled, fastpath_recorder._Proxy.__getattribute__:
    print(fastpath_recorder._recorder.how, source[c.__code__.co_firstlineno - 1].strip())
`, filepath.Join(dir, "python"))
		if out, err := taken.Output(); err != nil || string(out) != "proxies def profiled(self, frame, event, arg):\nproxies def __getattribute__(self, name):\n" {
			t.Errorf("%v: %q", err, out)
		}
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
