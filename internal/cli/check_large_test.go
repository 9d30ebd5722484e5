package cli

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
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

// withoutHot leaves out of a plan how safe it would be to move what stays: in a
// large project nobody looks.
func withoutHot(t *testing.T, document string) string {
	var p map[string]any
	if err := json.Unmarshal([]byte(document), &p); err != nil {
		t.Fatalf("%v: %s", err, document)
	}
	for _, item := range p["decisions"].([]any) {
		if it := item.(map[string]any); it["decision"] != "function" {
			delete(it, "safety")
			delete(it, "safety_cause")
		}
	}
	b, err := json.MarshalIndent(p, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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
		if a[0] == "plan" {
			want, got = withoutHot(t, want), withoutHot(t, got)
		}
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

// TestCheckLargeMeasured checks such a project with a profile: what stands in the
// way of a move is found in files that no entry imports, and said as in a small one.
func TestCheckLargeMeasured(t *testing.T) {
	lib := "import time\n\ntime.sleep(0.03)\n\n\ndef work(x):\n    return x\n"
	files := map[string]string{
		"fastpath.toml":        "entries = [\"lambda_function:lambda_handler\", \"beside:handler\"]\n[thresholds]\nheavy-ms = 20\n",
		"lambda_function.py":   "import helper\nimport plain\n\n\ndef lambda_handler(event, context):\n    return helper.run(plain.work(event))\n",
		"beside.py":            "import helper\n\n\ndef handler(event, context):\n    return helper.run(event)\n",
		"helper.py":            "import composed\nimport patched\nimport replaced\nimport starred\nfrom taken import work\n\n\ndef run(event):\n    return work(composed.work(patched.work(replaced.work(starred.work(event)))))\n",
		"tests/test_helper.py": "from unittest.mock import patch\n\n\ndef test():\n    with patch(\"helper.patched\"):\n        pass\n",
		"tests/conftest.py":    "import other.fake\n",
		"other/fake.py":        "import sys\nimport helper\n\nsys.modules[\"replaced\"] = None\n",
		"other/stars.py":       "from helper import *\n",
		"other/reads.py":       "from other import stars\n\nprint(stars.starred)\n",
		"tests/test_other.py":  "import other.reads\nimport taken\n\n\ndef test(monkeypatch):\n    monkeypatch.setattr(taken, \"work\", None)\n",
		"tests/test_more.py":   "import helper\n\n\ndef test(monkeypatch, module):\n    monkeypatch.setattr(module(\"helper\"), \"composed\", None)\n",
	}
	names := []string{"plain", "patched", "taken", "replaced", "starred", "composed"}
	for _, name := range names {
		files[name+".py"] = lib
		files["used.log"] += "Module used: " + name + "\n"
	}
	small, large := maps.Clone(files), maps.Clone(files)
	for k := range 700 {
		large[fmt.Sprintf("far/m%d.py", k)] = "import os\nimport json\n"
	}
	one := profileProject(t, small)
	if code, _, stderr := runProfile(t.Context(), one, "--runs", "2"); code != ExitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := runMain(t, one, "usage", "ingest", "--requests", "1000", "--entry", "lambda_function:lambda_handler", "used.log"); code != ExitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	lock, err := os.ReadFile(filepath.Join(one, "fastpath.lock"))
	if err != nil {
		t.Fatal(err)
	}
	large["fastpath.lock"] = string(lock)
	many := initProject(t, large)
	findings := func(dir string) string {
		_, stdout, stderr := runMain(t, dir, "check", "--format", "json", "--python", os.Getenv("FASTPATH_TEST_PYTHON"))
		var res struct {
			Findings []json.RawMessage `json:"findings"`
		}
		if err := json.Unmarshal([]byte(stdout), &res); err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		var b strings.Builder
		for _, f := range res.Findings {
			fmt.Fprintf(&b, "%s\n", f)
		}
		return b.String()
	}
	want, got := findings(one), findings(many)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	hot := []string{"plan", "lambda_function:lambda_handler", "--format", "json", "--python", os.Getenv("FASTPATH_TEST_PYTHON")}
	for range 2 {
		code, want, _ := runMain(t, one, hot...)
		gotCode, got, stderr := runMain(t, many, hot...)
		if want, got = withoutHot(t, want), withoutHot(t, strings.ReplaceAll(got, filepath.Base(many), filepath.Base(one))); got != want || gotCode != code {
			t.Errorf("%q: exit %d, %s\n%s\nwant\n%s", hot, gotCode, stderr, got, want)
		}
		for _, name := range names { // nothing is cold the second time
			hot = append(hot, "--hot", name)
		}
	}
	for part, there := range map[string]bool{ // moved, moved with a guard, and kept
		`module \"plain\" loads`: true, `if name == \"patched\"`: true, `if name == \"composed\"`: true,
		`module \"taken\" loads`: false, `module \"replaced\" loads`: false, `module \"starred\" loads`: false,
	} {
		if strings.Contains(want, part) != there {
			t.Errorf("%s: %v expected in\n%s", part, there, want)
		}
	}
}
