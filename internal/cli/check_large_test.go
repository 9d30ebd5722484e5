package cli

import (
	"fmt"
	"strings"
	"testing"
)

// TestCheckLarge checks a project that is too large for its trees to be kept,
// and was never profiled: of files that no entry reaches there are none.
func TestCheckLarge(t *testing.T) {
	files := map[string]string{
		"lambda_function.py": "import helper\n\ndef lambda_handler(event, context):\n    return helper.run(event)\n",
		"helper.py":          "def run(event):\n    for e in event:\n        import json  # fastpath: ignore[FP206] here for the test\n    while True:\n        import re\n",
		"far/broken.py":      "def f(\n",
		"far/known.py":       "x = = 1  # fastpath: ignore[FP901] generated\n",
		"far/reader.py":      "from helper import run\nimport lambda_function\n",
	}
	for k := range 700 {
		files[fmt.Sprintf("far/m%d.py", k)] = "import os\n"
	}
	code, stdout, stderr := runMain(t, initProject(t, files), "check")
	if code != ExitFindings {
		t.Errorf("exit %d: %s", code, stderr)
	}
	var got []string
	for line := range strings.Lines(stdout) {
		if place, rule, ok := strings.Cut(line, ": "); ok && strings.HasSuffix(strings.TrimSpace(line), "]") {
			got = append(got, place+" "+rule[strings.LastIndexByte(rule, '['):])
		}
	}
	want := "far/broken.py:1:6 [FP901]\n|helper.py:5:16 [FP206]\n|lambda_function.py:3:1 [FP101]\n|lambda_function.py:3:1 [FP108]\n"
	if s := strings.Join(got, "|"); s != want {
		t.Errorf("got %q, want %q in:\n%s", s, want, stdout)
	}
	if !strings.Contains(stdout, "2 suppressed") {
		t.Errorf("the comments do not count:\n%s", stdout)
	}
}
