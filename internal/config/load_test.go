package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const full = `[tool.fastpath]
entries = ["lambda_function:lambda_handler", "console:orders", "-m pkg", "scripts/app.py", "functions/a/app:handler"]
python = ".venv/bin/python"
policy = "lifetime"
exclude = ["vendor/**"]
import-style = "names"

[tool.fastpath.entry."lambda_function:lambda_handler"]
file = "fast.py"
traffic = "events/traffic.toml"
workflow = "event.requestContext.http.path"

[tool.fastpath.thresholds]
light-ms = 5
heavy-ms = 50.5
hot-usage = 90

[tool.fastpath.limits]
imports = 10
total-ms = 100
code-lines = 30
cold-start-ms = 1_000
regression-percent = 5
profile-age-days = 7

[tool.fastpath.traffic]
daily-requests = 5e4
cold-start-rate = 0.02
memory-mb = 1769
platform = "server"
start = "pre-fork"
throttled-init = true

[tool.fastpath.prices]
gb-second = 0.0000133334
request = 2e-7
scan-gb = 0.006
currency = "EUR"
date = 2026-11-01

[tool.fastpath.modules]
critical = ["a"]
eager = ["b.c"]
forbidden = ["pandas"]

[tool.fastpath.rules]
FP202 = "warning"
FP113 = "error"
`

func TestLoadFull(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pyproject.toml", "[project]\nname = \"x\"\n\n"+full)
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path: "pyproject.toml",
		Entries: []string{
			"lambda_function:lambda_handler", "console:orders", "-m pkg", "scripts/app.py",
			"functions/a/app:handler",
		},
		Python: ".venv/bin/python", Policy: "lifetime", Exclude: []string{"vendor/**"}, ImportStyle: StyleNames,
		Entry: map[string]Entry{"lambda_function:lambda_handler": {
			"fast.py", "events/traffic.toml",
			"event.requestContext.http.path",
		}},
		Thresholds: Thresholds{5, 50.5, 90},
		Limits:     Limits{10, 100, 30, 1000, 5, 7},
		Traffic:    Traffic{50000, 0.02, true, 1769, true, "server", true, StartPreFork, true, true},
		Prices:     Prices{0.0000133334, 0.0000002, 0.006, "EUR", "2026-11-01", "configured"},
		Modules:    Modules{[]string{"a"}, []string{"b.c"}, []string{"pandas"}},
		Rules:      map[string]string{"FP202": "warning", "FP113": "error"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	own := t.TempDir()
	write(t, own, "pyproject.toml", "[project]\nname = \"x\"\n")
	write(t, own, "fastpath.toml", strings.NewReplacer("[tool.fastpath]\n", "", "[tool.fastpath.", "[").Replace(full))
	got, err = Load(own)
	want.Path = "fastpath.toml"
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("fastpath.toml: %v\ngot  %+v\nwant %+v", err, got, want)
	}
}

func TestLoadDefaults(t *testing.T) {
	for name, text := range map[string]string{"none": "", "other": "[tool.ruff]\nline-length = 100\n"} {
		dir := t.TempDir()
		if text != "" {
			write(t, dir, "pyproject.toml", text)
		}
		got, err := Load(dir)
		if err != nil || !reflect.DeepEqual(got, Default()) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
		if Exists(dir) {
			t.Errorf("%s: Exists", name)
		}
	}
}

func TestLoadForms(t *testing.T) {
	for name, text := range map[string]string{
		"inline": "[tool]\nfastpath = { entries = [\"a:b\"], limits = { imports = 3 } }\n",
		"dotted": "[tool]\nfastpath.entries = ['a:b']\nfastpath.limits.imports = 3\n",
		"crlf":   "[tool.fastpath]\r\nentries = [\r\n  \"a:b\", # one\r\n]\r\nlimits.imports = 3\r\n",
		"bom":    "\ufeff[tool.fastpath]\nentries = [\"a:b\"]\n[tool.fastpath.limits]\nimports = 3\n",
		"quoted": "[\"tool\".'fastpath']\nentries = [\"\"\"a:b\"\"\"]\n\"limits\".imports = 0x3\n",
	} {
		dir := t.TempDir()
		write(t, dir, "pyproject.toml", text)
		c, err := Load(dir)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !reflect.DeepEqual(c.Entries, []string{"a:b"}) || c.Limits.Imports != 3 || !Exists(dir) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestCLIPlatformIsAlwaysCold(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "fastpath.toml", "[traffic]\nplatform = \"cli\"\n")
	c, err := Load(dir)
	if err != nil || c.Traffic.ColdStartRate != 1 || c.Traffic.RateSet {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLoadErrors(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown table": {
			"[tool.fastpath]\npolicy = \"lmms\"\n\n[tool.fastpath.treshholds]\nlight-ms = 1\n",
			`pyproject.toml:4:16: unknown key "treshholds" in [tool.fastpath], did you mean "thresholds"? allowed: entries, python, policy, exclude, import-style, entry, thresholds, limits, traffic, prices, modules, rules`,
		},
		"unknown key": {
			"[tool.fastpath.limits]\nimport = 3\n",
			`pyproject.toml:2:1: unknown key "import" in [tool.fastpath.limits], did you mean "imports"? allowed: imports, total-ms, code-lines, cold-start-ms, regression-percent, profile-age-days`,
		},
		"far key": {
			"[tool.fastpath]\nzzzzzz = 1\n",
			`pyproject.toml:2:1: unknown key "zzzzzz" in [tool.fastpath]; allowed: entries, python`,
		},
		"type": {
			"[tool.fastpath]\nentries = \"a:b\"\n",
			`pyproject.toml:2:11: found the string "a:b", expected an array of strings`,
		},
		"item type": {
			"[tool.fastpath]\nexclude = [\"ä\", 1]\n",
			`pyproject.toml:2:17: found 1, expected a string`,
		},
		"policy": {
			"[tool.fastpath]\npolicy = \"lmm\"\n",
			`pyproject.toml:2:10: unknown value "lmm", did you mean "lmms"? allowed: lmms, lifetime`,
		},
		"platform": {
			"[tool.fastpath.traffic]\nplatform = true\n",
			`pyproject.toml:2:12: found true, expected one of: lambda, server, container, cli`,
		},
		"usage": {
			"[tool.fastpath.thresholds]\nhot-usage = 101\n",
			`pyproject.toml:2:13: 101 is out of range; allowed: a number from 0 to 100`,
		},
		"rate": {
			"[tool.fastpath.traffic]\ncold-start-rate = 10\n",
			`pyproject.toml:2:19: 10 is out of range; allowed: a number from 0 to 1`,
		},
		"price without a date": {
			"[tool.fastpath.prices]\ngb-second = 0.1\n",
			`pyproject.toml:2:1: [tool.fastpath.prices] has no date; say on which day the prices held, such as date = 2026-11-28`,
		},
		"no day": {
			"[tool.fastpath.prices]\ndate = \"last week\"\n",
			`pyproject.toml:2:8: found the string "last week", expected a day such as 2026-11-28`,
		},
		"limit":   {"[tool.fastpath.limits]\ntotal-ms = -1\n", `pyproject.toml:2:12: -1 is out of range; allowed: a number above 0`},
		"nan":     {"[tool.fastpath.limits]\ntotal-ms = nan\n", `pyproject.toml:2:12: found nan, expected a number above 0`},
		"float":   {"[tool.fastpath.limits]\nimports = 20.0\n", `pyproject.toml:2:11: found 20.0, expected a whole number from 1 to 1000000`},
		"swapped": {"[tool.fastpath.thresholds]\nheavy-ms = 5\n", `pyproject.toml:2:12: light-ms is 10 and heavy-ms is 5; light-ms must not be larger`},
		"severity": {
			"[tool.fastpath.rules]\nFP202 = \"warn\"\n",
			`pyproject.toml:2:9: unknown value "warn"; allowed: off, info, warning, error`,
		},
		"rule id": {"[tool.fastpath.rules]\nF401 = \"off\"\n", `pyproject.toml:2:1: "F401" is no rule; rules are written FP and three digits`},
		"module": {
			"[tool.fastpath.modules]\neager = [\"a/b\"]\n",
			`pyproject.toml:2:10: "a/b" is no module name; write it as in an import statement`,
		},
		"lambda style": {
			"[tool.fastpath]\nentries = [\"app.handler\"]\n",
			`pyproject.toml:2:12: "app.handler" is no entry: did you mean "app:handler"?`,
		},
		"twice": {"[tool.fastpath]\nentries = [\"a:b\", \"a:b\"]\n", `pyproject.toml:2:19: "a:b" is listed twice`},
		"entry table": {
			"[tool.fastpath]\nentries = [\"app:main\"]\n[tool.fastpath.entry.\"ap:main\"]\nfile = \"x.py\"\n",
			`pyproject.toml:3:22: unknown entry "ap:main", did you mean "app:main"? entries: app:main`,
		},
		"entry key": {
			"[tool.fastpath.entry.\"a:b\"]\nfiles = \"x.py\"\n",
			`pyproject.toml:2:1: unknown key "files" in [tool.fastpath.entry."a:b"], did you mean "file"? allowed: file, traffic, workflow`,
		},
		"workflow": {
			"[tool.fastpath.entry.\"a:b\"]\nworkflow = \"event.Records[x]\"\n",
			`pyproject.toml:2:12: workflow is "event.Records[x]", it must name a value of the event, such as "event.requestContext.http.path" or "event.Records[0].eventSource"`,
		},
		"fast path file outside": {
			"[tool.fastpath.entry.\"a:b\"]\nfile = \"../fast_path.py\"\n",
			`pyproject.toml:2:8: "../fast_path.py" lies outside of the project; expected a path relative to it, such as "fast_path.py"`,
		},
		"fast path file no module": {
			"[tool.fastpath.entry.\"a:b\"]\nfile = \"hot/fast-path.py\"\n",
			`pyproject.toml:2:8: "hot/fast-path.py" cannot be imported; expected a Python file, such as "fast_path.py"`,
		},
		"fast path file a keyword": {
			"[tool.fastpath.entry.\"a:b\"]\nfile = \"hot/class.py\"\n",
			`pyproject.toml:2:8: "hot/class.py" cannot be imported; expected a Python file, such as "fast_path.py"`,
		},
		"fast path file of a package": {
			"[tool.fastpath.entry.\"a:b\"]\nfile = \"__init__.py\"\n",
			`pyproject.toml:2:8: "__init__.py" cannot be imported; expected a Python file, such as "fast_path.py"`,
		},
		"not a table":   {"[tool]\nfastpath = 3\n", `pyproject.toml:2:12: [tool.fastpath] is an integer, it must be a table`},
		"syntax":        {"[tool.fastpath]\nentries = [\"a:b\"\npolicy = 1\n", `pyproject.toml:3:`},
		"duplicate":     {"[tool.fastpath]\npolicy = \"lmms\"\npolicy = \"lmms\"\n", `pyproject.toml:3:1: invalid TOML: `},
		"not UTF-8":     {"[tool.fastpath]\npolicy = \"\xff\"\n", `pyproject.toml:2:11: the file is not UTF-8 here`},
		"array tables":  {"[[tool.fastpath]]\npolicy = \"lmms\"\n", `pyproject.toml:1:8: [tool.fastpath] is an array, it must be a table`},
		"empty string":  {"[tool.fastpath]\npython = \"\"\n", `pyproject.toml:2:10: the string is empty`},
		"rules a value": {"[tool.fastpath]\nrules = [\"FP202\"]\n", `pyproject.toml:2:9: [tool.fastpath.rules] is an array, it must be a table`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "pyproject.toml", c.text)
			_, err := Load(dir)
			var ce *Error
			if !errors.As(err, &ce) || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("\ngot  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestLoadReportsAllMistakesInOrder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "fastpath.toml", "policy = \"x\"\npython = 1\n[limits]\nimports = 0\n")
	_, err := Load(dir)
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	for i, prefix := range []string{"fastpath.toml:1:10:", "fastpath.toml:2:10:", "fastpath.toml:4:11:"} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], prefix) {
			t.Fatalf("line %d of\n%v\nshould start with %s", i+1, err, prefix)
		}
	}
}

func TestLoadTwoConfigurations(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "pyproject.toml", "[project]\nname = \"x\"\n[tool.fastpath]\n")
	write(t, dir, "fastpath.toml", "policy = \"lmms\"\n")
	_, err := Load(dir)
	want := `fastpath.toml:1:1: there are two configurations: "fastpath.toml", and [tool.fastpath] in "pyproject.toml" (line 3); keep one of them`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestNearest(t *testing.T) {
	options := []string{"thresholds", "limits", "traffic"}
	for word, want := range map[string]string{
		"treshholds": "thresholds", "Limits": "limits", "limit": "limits", "trafifc": "traffic", "x": "", "": "",
	} {
		if got := Nearest(word, options); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("[project]\n" + full))
	f.Add([]byte("[tool]\nfastpath = { entries = [\"a:b\", { x = [1] }] }\n"))
	f.Add([]byte("[[tool.fastpath]]\n[tool.fastpath.entry.\"a\"]\n"))
	f.Add([]byte("[tool.fastpath]\nentries = [\n]\nentry = 1979-05-27\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parse("pyproject.toml", data)
		if err == nil {
			if e := doc.root.get("tool").entry("fastpath"); e != nil {
				_, err = decode(doc, e.val, "tool.fastpath")
			}
			_, _ = decode(doc, doc.root, "")
			_, _ = editDocument(data, "pyproject.toml", []string{"a:b"}, "python", nil)
		}
		var ce *Error
		if err != nil && (!errors.As(err, &ce) || ce.Line < 1 || ce.Column < 1) {
			t.Fatalf("error without a place: %v", err)
		}
	})
}
