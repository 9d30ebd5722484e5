package cli

import (
	"fmt"
	"path/filepath"
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

// TestPlanLarge plans and applies in such a project: the verdicts and edits are
// those of a small one, though most files have no tree.
func TestPlanLarge(t *testing.T) {
	files := map[string]string{
		"lambda_function.py":   "import csv\nimport helper\n\n\ndef lambda_handler(event, context):\n    return csv.reader([helper.run(event)])\n",
		"helper.py":            "import html\nimport json\nimport textwrap\n\n\ndef run(event):\n    return json.dumps(html.escape(textwrap.dedent(event)))\n",
		"tests/test_helper.py": "from unittest.mock import patch\n\n\ndef test():\n    with patch(\"helper.html\"):\n        pass\n",
		"tests/conftest.py":    "import other.fake\n",
		"other/fake.py":        "import helper\n\nhelper.textwrap = None\n",
	}
	large := map[string]string{"far/broken.py": "def f(\n"}
	for k := range 700 {
		large[fmt.Sprintf("far/m%d.py", k)] = "import os\nimport json\n"
	}
	for file, text := range files {
		large[file] = text
	}
	small := map[string]string{"far/broken.py": "def f(\n"}
	for file, text := range files {
		small[file] = text
	}
	args := [][]string{
		{"plan", "--format", "json", "--cold", "csv", "--cold", "html", "--cold", "json", "--cold", "textwrap"},
		{"apply", "--diff", "--cold", "csv", "--cold", "html", "--cold", "json", "--cold", "textwrap"},
	}
	one, many := initProject(t, small), initProject(t, large)
	for _, a := range args {
		wantCode, want, _ := runMain(t, one, a...)
		gotCode, got, stderr := runMain(t, many, a...)
		got = strings.ReplaceAll(got, filepath.Base(many), filepath.Base(one))
		if gotCode != wantCode || got != want {
			t.Errorf("%s: exit %d, want %d\n%s%s\nwant\n%s", a[0], gotCode, wantCode, stderr, got, want)
		}
		for _, part := range []string{"csv", "html", "textwrap"} {
			if !strings.Contains(got, part) {
				t.Errorf("%s says nothing of %s:\n%s", a[0], part, got)
			}
		}
	}
}
