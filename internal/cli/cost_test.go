package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// validate checks what a command printed against its schema.
func validate(t *testing.T, command, stdout string) {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "schemas", command+".json"))
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(stdout))
	if err != nil {
		t.Fatalf("%v in %q", err, stdout)
	}
	if err := schema.Validate(value); err != nil {
		t.Errorf("%v\n%s", err, stdout)
	}
}

func TestCostJSON(t *testing.T) {
	for _, args := range []string{"350 90", "1200 5", "180 40", "0 0", "9.99 100", "100 80"} {
		ms, usage, _ := strings.Cut(args, " ")
		code, stdout, stderr := runMain(t, t.TempDir(), "cost", "--import-ms", ms, "--usage", usage, "--format", "json")
		if code != ExitOK || stderr != "" {
			t.Fatalf("%s: exit %d, %s", args, code, stderr)
		}
		validate(t, "cost", stdout)
	}
}

func TestUsageMistakesExitWithTwo(t *testing.T) {
	for _, args := range [][]string{
		{"cost"},
		{"cost", "--import-ms", "x", "--usage", "1"},
		{"cost", "--import-ms", "1", "--usage", "-1"},
		{"cost", "--nothing"},
		{"cost", "--import-ms"},
		{"cost", "-z"},
		{"nothing"},
		{"--nothing"},
	} {
		code, stdout, stderr := runMain(t, t.TempDir(), args...)
		if code != ExitUsage || stdout != "" || !strings.HasPrefix(stderr, "error: ") {
			t.Errorf("%q: exit %d, stdout %q, stderr %q", args, code, stdout, stderr)
		}
	}
	code, stdout, _ := runMain(t, t.TempDir())
	if code != ExitOK || !strings.Contains(stdout, "Available Commands") {
		t.Errorf("no arguments: exit %d, %q", code, stdout)
	}
}
