package cli

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// scriptCommands are the commands that scripts have beside testscript's own:
//
//	exits CODE PROGRAM [ARG…]       like exec, and the exit code must be CODE
//	json SCHEMA FILE [PATH=VALUE…]  FILE (or stdout) must satisfy docs/schemas/SCHEMA.json ("-" for none);
//	                                PATH is keys and indexes with dots, VALUE is JSON or plain text,
//	                                "PATH=" means that the key is absent
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"exits": scriptExits,
	"json":  scriptJSON,
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM [ARG…]")
	}
	want, err := strconv.Atoi(args[0])
	if err != nil {
		ts.Fatalf("exits: %v", err)
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("exits: %v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptJSON(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: json SCHEMA FILE [PATH=VALUE…]")
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(ts.ReadFile(args[1])))
	if err != nil {
		ts.Fatalf("%s is no JSON: %v", args[1], err)
	}
	if args[0] != "-" {
		schema, err := compileSchema(args[0])
		if err != nil {
			ts.Fatalf("%v", err)
		}
		if err := schema.Validate(value); err != nil {
			ts.Fatalf("%v", err)
		}
	}
	for _, arg := range args[2:] {
		path, want, ok := strings.Cut(arg, "=")
		if !ok {
			ts.Fatalf("json: %q is not PATH=VALUE", arg)
		}
		got, found := lookup(value, strings.Split(path, "."))
		switch text := jsonText(got); {
		case !found && want != "":
			ts.Fatalf("json: there is no %s", path)
		case found && text != want:
			ts.Fatalf("json: %s is %s, want %s", path, text, want)
		}
	}
}

// jsonText is a string as it is, and anything else as JSON.
func jsonText(value any) string {
	if s, ok := value.(string); ok {
		return s
	}
	b, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// lookup follows keys and indexes into a JSON value.
func lookup(value any, path []string) (any, bool) {
	for _, key := range path {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[key]
			if !ok {
				return nil, false
			}
			value = next
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// compileSchema reads docs/schemas/NAME.json.
func compileSchema(name string) (*jsonschema.Schema, error) {
	return jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schemas", name+".json"))
}
