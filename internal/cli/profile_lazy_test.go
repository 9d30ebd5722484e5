package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// TestProfileLazy: lazy statements are listed with what they cost when they are used, and
// one that is used at import says so. None counts at import.
func TestProfileLazy(t *testing.T) {
	t.Parallel()
	for _, p := range oracle.Pythons(t) {
		if p.Minor != oracle.Newest {
			continue
		}
		dir := initProject(t, map[string]string{
			"fastpath.toml": "entries = [\"app:handler\"]\n",
			"app.py":        "lazy import heavy\nlazy import early\nlazy from part import run\nimport json\n\nX = early.V\n\n\ndef handler(event, context):\n    return heavy.V + run() + X, json\n",
			"heavy.py":      "import time\n\ntime.sleep(0.03)\nV = 1\n",
			"early.py":      "V = 2\n",
			"part.py":       "import time\n\ntime.sleep(0.02)\n\n\ndef run():\n    return 3\n",
		})
		var out, errs bytes.Buffer
		cmd := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")}
		if code := cmd.Main(t.Context(), []string{"profile", "-q", "--runs", "2", "--python", p.Path}); code != ExitOK {
			t.Fatalf("exit %d: %s", code, errs.String())
		}
		for _, want := range []string{
			`(?m)^ heavy +\d+(\.\d)?ms +– +– +app\.py:1, deferred$`,
			`(?m)^ early +\d+(\.\d)?ms +– +– +app\.py:2, lazy, and used at import: module-level code in line 6$`,
			`(?m)^ part +\d+(\.\d)?ms +– +– +app\.py:3, deferred$`,
			`(?m)^2 modules, \d+(\.\d)?ms when each takes its least time`,
		} {
			if !regexp.MustCompile(want).MatchString(out.String()) {
				t.Errorf("no %s in\n%s", want, out.String())
			}
		}
	}
}
