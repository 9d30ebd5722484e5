package cli

import (
	"bytes"
	"errors"
	"testing"
)

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestOutputLost: what does not arrive is no job done, whichever command
// printed it and whatever it found.
func TestOutputLost(t *testing.T) {
	dir := initProject(t, map[string]string{
		"lambda_function.py": "import core\n\n\ndef lambda_handler(event, context):\n    return core\n",
		"core.py":            "",
		"fastpath.toml":      "entries = [\"lambda_function:lambda_handler\"]\n",
		"broken.py":          "def f(:\n",
	})
	for _, args := range [][]string{
		{"cost", "--import-ms", "350", "--usage", "90"},
		{"cost", "--import-ms", "350", "--usage", "90", "--format", "json"},
		{"scan"},
		{"check"},
		{"graph"},
		{"plan", "--cold", "core"},
		{"apply", "--diff", "--cold", "core"},
		{"usage", "query"},
		{"explain", "FP201"},
		{"--help"},
		{"--version"},
	} {
		var stderr bytes.Buffer
		code := Command{Stdin: bytes.NewReader(nil), Stdout: fullDisk{}, Stderr: &stderr, Dir: dir}.Main(t.Context(), args)
		if code != ExitFailure || !bytes.Contains(stderr.Bytes(), []byte("error: no space left on device\n")) {
			t.Errorf("%q: exit %d, stderr %q", args, code, stderr.String())
		}
	}
}
