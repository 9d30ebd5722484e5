package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEditDocument(t *testing.T) {
	traffic := []EntrySetting{{"a:b", "traffic", "events/traffic.toml"}}
	for name, c := range map[string]struct {
		file, before string
		entries      []string
		python       string
		extra        []EntrySetting
		after        string
	}{
		"new file": {OwnFile, "", []string{"a:b"}, "", nil, "entries = [\"a:b\"]\n"},
		"new file with more": {
			OwnFile, "",
			[]string{"a:b", "c:d"},
			".venv/bin/python", traffic,
			"entries = [\n    \"a:b\",\n    \"c:d\",\n]\npython = \".venv/bin/python\"\n\n[entry.\"a:b\"]\ntraffic = \"events/traffic.toml\"\n",
		},
		"own file with tables": {
			OwnFile, "# mine\npolicy = \"lmms\"\n\n# limits\n[limits]\nimports = 3\n",
			[]string{"a:b"},
			"", nil,
			"# mine\npolicy = \"lmms\"\n\nentries = [\"a:b\"]\n\n# limits\n[limits]\nimports = 3\n",
		},
		"pyproject": {
			PyprojectFile, "[project]\nname = \"x\" # keep",
			[]string{"a:b"},
			"", traffic,
			"[project]\nname = \"x\" # keep\n\n[tool.fastpath]\nentries = [\"a:b\"]\n\n[tool.fastpath.entry.\"a:b\"]\ntraffic = \"events/traffic.toml\"\n",
		},
		"crlf": {
			PyprojectFile, "[project]\r\nname = \"x\"\r\n",
			[]string{"a:b"},
			"", nil,
			"[project]\r\nname = \"x\"\r\n\r\n[tool.fastpath]\r\nentries = [\"a:b\"]\r\n",
		},
		"table in the middle": {
			PyprojectFile, "[tool.fastpath] # ours\npolicy = \"lmms\" # why\n\n[tool.ruff]\nx = 1\n",
			[]string{"a:b"},
			"p", nil,
			"[tool.fastpath] # ours\nentries = [\"a:b\"]\npython = \"p\"\npolicy = \"lmms\" # why\n\n[tool.ruff]\nx = 1\n",
		},
		"header ends the file": {PyprojectFile, "[tool.fastpath]", []string{"a:b"}, "", nil, "[tool.fastpath]\nentries = [\"a:b\"]\n"},
		"only sub-tables": {
			PyprojectFile, "[project]\nname = \"x\"\n\n# ours\n[tool.fastpath.limits]\nimports = 3\n",
			[]string{"a:b"},
			"", nil,
			"[project]\nname = \"x\"\n\n[tool.fastpath]\nentries = [\"a:b\"]\n\n# ours\n[tool.fastpath.limits]\nimports = 3\n",
		},
		"extend line": {
			PyprojectFile, "[tool.fastpath]\nentries = ['x:y'] # note\n",
			[]string{"x:y", "a:b"},
			"", nil,
			"[tool.fastpath]\nentries = ['x:y', \"a:b\"] # note\n",
		},
		"extend empty": {PyprojectFile, "[tool.fastpath]\nentries = []\n", []string{"a:b"}, "", nil, "[tool.fastpath]\nentries = [\"a:b\"]\n"},
		"extend lines": {
			PyprojectFile, "[tool.fastpath]\nentries = [\n  # first\n  \"x:y\", # note\n]\n",
			[]string{"a:b"},
			"", nil,
			"[tool.fastpath]\nentries = [\n  # first\n  \"x:y\", # note\n  \"a:b\",\n]\n",
		},
		"extend lines without a last comma": {
			PyprojectFile, "[tool.fastpath]\nentries = [\n  \"x:y\" # note\n]\n",
			[]string{"a:b", "c:d"},
			"", nil,
			"[tool.fastpath]\nentries = [\n  \"x:y\", # note\n  \"a:b\",\n  \"c:d\",\n]\n",
		},
		"nothing new": {
			PyprojectFile, "[tool.fastpath]\npython = \"mine\"\nentries = [ \"a:b\" ]\n[tool.fastpath.entry.'a:b']\ntraffic = \"t\"\n",
			[]string{"a:b"},
			"p", traffic, "[tool.fastpath]\npython = \"mine\"\nentries = [ \"a:b\" ]\n[tool.fastpath.entry.'a:b']\ntraffic = \"t\"\n",
		},
		"entry table is there": {
			PyprojectFile, "[tool.fastpath]\nentries = [\"a:b\"]\n[tool.fastpath.entry.\"a:b\"]\nfile = \"f.py\"\n",
			[]string{"a:b"},
			"", traffic,
			"[tool.fastpath]\nentries = [\"a:b\"]\n[tool.fastpath.entry.\"a:b\"]\ntraffic = \"events/traffic.toml\"\nfile = \"f.py\"\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := editDocument([]byte(c.before), c.file, c.entries, c.python, c.extra)
			if err != nil || string(got) != c.after {
				t.Fatalf("%v\ngot:\n%s\nwant:\n%s", err, got, c.after)
			}
			again, err := editDocument(got, c.file, c.entries, c.python, c.extra)
			if err != nil || string(again) != c.after {
				t.Errorf("second run: %v\n%s", err, again)
			}
		})
	}
}

func TestEditRefusesWhatItCannotKeep(t *testing.T) {
	_, err := editDocument([]byte("[tool]\nfastpath = { policy = \"lmms\" }\n"), PyprojectFile, []string{"a:b"}, "", nil)
	if err == nil || !strings.Contains(err.Error(), `add these lines yourself: entries = ["a:b"]`) {
		t.Errorf("error %v", err)
	}
}

func TestSetEntriesChoosesTheFile(t *testing.T) {
	for name, c := range map[string]struct{ files, want string }{
		"nothing":   {"", OwnFile},
		"pyproject": {"pyproject.toml", PyprojectFile},
		"own":       {"fastpath.toml", OwnFile},
		"both":      {"pyproject.toml fastpath.toml", OwnFile},
	} {
		dir := t.TempDir()
		for _, f := range strings.Fields(c.files) {
			write(t, dir, f, "\ufeff# "+f+"\n")
		}
		change, err := Edit(dir, []string{"a:b"}, "")
		if err == nil {
			err = change.Write()
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, c.want))
		if err != nil || !strings.Contains(string(data), `entries = ["a:b"]`) {
			t.Errorf("%s: %q %v", name, data, err)
		}
		if c.files != "" && !strings.HasPrefix(string(data), "\ufeff# ") {
			t.Errorf("%s: the byte order mark is gone: %q", name, data)
		}
	}
}
