package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// initProject writes files into a new folder that has a virtual environment.
func initProject(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{".venv/bin/python": "#!/bin/sh\nexit 1\n", ".venv/pyvenv.cfg": "home = /nowhere/bin\nversion = 3.12.3\n"}
	for name, text := range files {
		all[name] = text
	}
	for name, text := range all {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// runMain runs one command line in dir without an environment.
func runMain(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	c := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir}
	code = c.Main(t.Context(), args)
	return code, out.String(), errs.String()
}

const initHandler = "def lambda_handler(event, context):\n    return {}\n"

func TestInitExitCodes(t *testing.T) {
	handler := map[string]string{"lambda_function.py": initHandler}
	for name, c := range map[string]struct {
		files map[string]string
		args  []string
		want  int
	}{
		"done":             {handler, nil, ExitOK},
		"no entry":         {nil, nil, ExitFailure},
		"unknown entry":    {handler, []string{"--entry", "lambda_function:nothing"}, ExitUsage},
		"bad entry":        {handler, []string{"--entry", "x"}, ExitUsage},
		"argument":         {handler, []string{"x"}, ExitUsage},
		"format":           {handler, []string{"--format", "sarif"}, ExitUsage},
		"no folder":        {handler, []string{"--project", "none"}, ExitUsage},
		"python":           {handler, []string{"--python", "./none"}, ExitFailure},
		"configuration":    {map[string]string{"fastpath.toml": "x = 1\n"}, nil, ExitUsage},
		"two handlers":     {map[string]string{"template.yaml": "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Handler: a.b\n      Handler: c.d\n"}, nil, ExitUsage},
		"folder as config": {map[string]string{"lambda_function.py": initHandler, "fastpath.toml/x": ""}, nil, ExitFailure},
	} {
		t.Run(name, func(t *testing.T) {
			dir := initProject(t, c.files)
			code, stdout, stderr := runMain(t, dir, append([]string{"init"}, c.args...)...)
			if code != c.want {
				t.Errorf("exit %d, want %d\n%s%s", code, c.want, stdout, stderr)
			}
			if code != ExitOK && (stdout != "" || !strings.Contains(stderr, "error: ")) {
				t.Errorf("stdout %q, stderr %q", stdout, stderr)
			}
		})
	}
}

func TestInitReadOnlyFile(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := initProject(t, map[string]string{"lambda_function.py": initHandler})
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	code, _, stderr := runMain(t, dir, "init")
	if code != ExitFailure || !strings.Contains(stderr, "writable") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestInitJSON(t *testing.T) {
	dir := initProject(t, map[string]string{
		"template.yaml": "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: lambda_function.lambda_handler, Runtime: python3.11, CodeUri: .}\n" +
			"  G:\n    Type: AWS::Serverless::Function\n    Properties: {Handler: lambda_function.nothing, Runtime: python3.11, CodeUri: .}\n",
		"lambda_function.py": initHandler, "events/a.json": "{}", "events/traffic.toml": "",
	})
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schemas", "init.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--dry-run"}, nil, nil} {
		code, stdout, stderr := runMain(t, dir, append([]string{"init", "--format", "json"}, args...)...)
		if code != ExitOK {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%v\n%s", err, stdout)
		}
	}
	_, stdout, _ := runMain(t, dir, "init", "--format", "json")
	var res initResult
	if err := json.Unmarshal([]byte(stdout), &res); err != nil {
		t.Fatal(err)
	}
	e := res.Entries[0]
	if e.Name != "lambda_function:lambda_handler" || e.Source != "template.yaml:4" || e.Python != "3.11" || e.Traffic != "events/traffic.toml" ||
		len(e.Events) != 1 || res.Interpreter.Path != ".venv/bin/python" || res.Configuration.Changed || len(res.Problems) != 2 {
		t.Errorf("%s", stdout)
	}
}

func TestSelectEntries(t *testing.T) {
	dir := initProject(t, map[string]string{
		"fastpath.toml": "entries = [\"a:handler\", \"pkg.b:handler\", \"pkg.b:other\"]\n",
		"a.py":          "handler = 1\n", "pkg/b.py": "handler = other = 1\nother = 2\n",
	})
	a := &app{Command: Command{Dir: dir}}
	p, err := a.openProject()
	if err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string]string{
		"a:handler": "a:handler", "a.handler": "a:handler", "a.py": "a:handler", "./a.py": "a:handler", "pkg.b.other": "pkg.b:other",
		"pkg/b.py": "", "a:handlr": "",
	} {
		es, err := a.selectEntries(p, []string{arg})
		switch {
		case want == "" && err == nil:
			t.Errorf("%s: got %v", arg, es)
		case want != "" && (err != nil || es[0].Name != want):
			t.Errorf("%s: %v %v", arg, es, err)
		case arg == "a:handlr" && !strings.Contains(err.Error(), `unknown entry "a:handlr", did you mean "a:handler"? entries: a:handler, pkg.b:handler`):
			t.Error(err)
		}
	}
	if es, err := a.selectEntries(p, nil); err != nil || len(es) != 3 {
		t.Errorf("%v %v", es, err)
	}
	if i, err := a.interpreter(p); err != nil || i.Path != filepath.Join(dir, ".venv", "bin", "python") {
		t.Errorf("%+v %v", i, err)
	}
}

func TestSelectEntriesDiscovers(t *testing.T) {
	a := &app{Command: Command{Dir: initProject(t, map[string]string{"lambda_function.py": initHandler})}}
	p, err := a.openProject()
	if err != nil {
		t.Fatal(err)
	}
	if es, err := a.selectEntries(p, nil); err != nil || len(es) != 1 {
		t.Errorf("%v %v", es, err)
	}
	a.Dir = initProject(t, nil)
	if p, err = a.openProject(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.selectEntries(p, nil); err == nil || !strings.Contains(err.Error(), `run "fastpath init"`) {
		t.Error(err)
	}
}
