package rewrite

import (
	"strings"
	"testing"
)

// TestRemovable asks about "import csv" in m.py, which m.py itself does not use.
func TestRemovable(t *testing.T) {
	const m = "import csv\nimport json\n\ndef f():\n    return json\n"
	for _, c := range []struct {
		name, m string
		other   map[string]string
		cause   string // "" where it can go
	}{
		{"unused", m, nil, ""},
		{"used", "import csv\ndef f():\n    return csv\n", nil, "csv is used at m.py:3"},
		{"only assigned", "import csv\ncsv = None\n", nil, "csv is used at m.py:2"},
		{"optional", "try:\n    import csv\nexcept ImportError:\n    pass\n", nil, "it is optional"},
		{"conditional", "import os\nif os.name:\n    import csv\n", nil, "it depends on a condition"},
		{"bound twice", "import csv\nimport csv\n", nil, "csv is bound again"},
		{"exported", "import csv\n__all__ = ['csv']\n", nil, "csv is in __all__, m.py:2"},
		{"not exported", "import csv\n__all__ = ['f']\ndef f():\n    pass\n", one("o.py", "from m import *\n"), ""},
		{"looked up", "import csv\ndef f(n):\n    return globals()[n]\n", nil, "looked up at run time, m.py:3"},
		{"doctest", "import csv\ndef f():\n    '''\n    >>> csv.reader\n    '''\n", nil, "a doctest uses csv, m.py:4"},
		{"from-import", m, one("o.py", "from m import csv\n"), "m.csv is imported from here, o.py:1"},
		{"from-import in a function", m, one("tests/test_m.py", "def test():\n    from m import csv\n"), "m.csv is imported from here, tests/test_m.py:2"},
		{"attribute", m, one("o.py", "import m\ndef g():\n    return m.csv\n"), "m.csv is read from outside, o.py:3"},
		{"patch", m, one("tests/test_m.py", "from unittest.mock import patch\n@patch('m.csv')\ndef test(c):\n    pass\n"), "m.csv is patched, tests/test_m.py:2"},
		{"star import", m, one("o.py", "from m import *\n"), "m.csv is taken by a star import, o.py:1"},
		{"names of the module", m, one("o.py", "import m\ndef g():\n    return vars(m)\n"), "its names are looked up by vars, o.py:3"},
		{"submodule elsewhere", "import xml.dom as csv\n", one("o.py", "import xml\ndef g():\n    return xml.dom.Node\n"), "o reads xml.dom without importing it"},
		{"submodule here", "import xml\nimport xml.dom as csv\ndef f():\n    return xml.dom\n", nil, "m reads xml.dom without importing it, m.py:4"},
		{"type in a string", "from typing import List\nimport csv\nT = List['csv.Dialect']\n", nil, "an annotation names csv, m.py:3"},
		{"composed patch", m, one("tests/test_m.py", "from unittest.mock import patch\nM = 'm'\n@patch(f'{M}.csv')\ndef test(c):\n    pass\n"), "m.csv may be patched under a name that is put together"},
		{"code in a string", m, one("bench.py", "import timeit\ndef g():\n    timeit.timeit('csv', 'from m import csv')\n"), "m.csv may be read by code in a string, bench.py:3"},
		{"comment above", "import json\n# keep it, for old pickles\nimport csv\ndef f():\n    return json\n", nil, "a comment stands above it, m.py:2"},
		{"first line", "#!/usr/bin/env python3\nimport csv\n", nil, ""},
		{"private module", "import _csv as csv\n", nil, "_csv may be imported for its effects"},
		{"does not parse", "import csv\ndef f(:\n", nil, "does not parse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := map[string]string{"m.py": c.m}
			for f, text := range c.other {
				files[f] = text
			}
			prog := load(t, files)
			imp := find(t, prog, "m.py", "csv")
			cause := NewGate(prog, GateOptions{Entries: []string{"m"}}).Removable(imp)
			if (cause == "") != (c.cause == "") || !strings.Contains(cause, c.cause) {
				t.Fatalf("got %q, want %q", cause, c.cause)
			}
			edits, refused := Plan(prog, Request{Removals: moves(imp), Version: testVersion})
			if c.cause != "" {
				return
			}
			if len(refused) > 0 || edits.File("m.py") == nil || strings.Contains(string(edits.File("m.py").New), "csv") {
				t.Errorf("could go, but %+v", refused)
			}
		})
	}
}
