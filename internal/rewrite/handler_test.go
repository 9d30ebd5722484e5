package rewrite

import (
	"strings"
	"testing"
)

func TestEnterable(t *testing.T) {
	for _, c := range []struct {
		name, m string
		other   map[string]string
		cause   string // "" when it can enter
	}{
		{"first", "import x\n", nil, ""},
		{"behind imports and constants", "\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\nimport a\nN = 3\nK: dict = {'a': [1, -2]}\n__all__ = ['f']\nimport x\n", nil, ""},
		{"from", "from lib import x\n", nil, ""},
		{"alias", "import lib as x\n", nil, ""},
		{"behind code", "import os\nos.environ['A'] = '1'\nimport x\n", nil, "it stands behind code: m.py:2"},
		{"behind a call", "from a import setup\nsetup()\nimport x\n", nil, "behind code: m.py:2"},
		{"behind a computed value", "import os\nD = os.getcwd()\nimport x\n", nil, "behind code: m.py:2"},
		{"behind a function", "def f():\n    pass\nimport x\n", nil, "behind code: m.py:1"},
		{"behind a patching library", "import ddtrace\nimport x\n", nil, "whose effects come first"},
		{"a patching library", "import gevent as x\n", nil, "its order matters"},
		{"in a try", "try:\n    import x\nexcept ImportError:\n    pass\n", nil, "top level"},
		{"in an if", "import a\nif a:\n    import x\n", nil, "top level"},
		{"shadows a builtin", "import lib as open\n", nil, "shadows a builtin"},
		{"special name", "from lib import __version__\n", nil, "is special"},
		{"type checking", "from typing import TYPE_CHECKING\n", nil, "type checkers"},
		{"rebound", "import x\nx = x.y\n", nil, "bound again at m.py:2"},
		{"rebound in a function", "import x\ndef f():\n    global x\n    x = 1\n", nil, "bound again"},
		{"imported twice", "import x\nfrom lib import x\n", nil, "bound again"},
		{"another thing in the file", "import x\n", one("fast_path.py", "from lib import x\n"), "x means something else at fast_path.py:1"},
		{"the same thing in the file", "import x\n", one("fast_path.py", "import x\n"), ""},
		{"another thing in a reader", "import x\n", map[string]string{"fast_path.py": "import json\n", "o.py": "from fast_path import *\nx = 1\n"}, "x means something else at o.py:2"},
		{"cycle with the file", "import x\n", map[string]string{"fast_path.py": "import json\n", "x.py": "import y\n", "y.py": "from fast_path import json\n"}, "x imports fast_path itself"},
		{"cycle with the entry", "import x\n", one("x.py", "import m\n"), "x imports m itself"},
		{"relative in a package", "", map[string]string{"pkg/__init__.py": "", "pkg/m.py": "from . import x\n", "pkg/x.py": ""}, ""},
		{"star", "from lib import *\n", nil, "no names"},
		{"unreadable", "import x\ndef f(:\n", nil, "does not parse"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file, module := "m.py", "fast_path"
			files := map[string]string{"m.py": c.m}
			for f, text := range c.other {
				files[f] = text
			}
			if _, ok := files["pkg/m.py"]; ok {
				file, module = "pkg/m.py", "pkg.fast_path"
			}
			prog := load(t, files)
			binds := "x"
			for _, imp := range prog.File(file).Imports {
				switch imp.Binds {
				case "open", "__version__", "TYPE_CHECKING", "*":
					binds = imp.Binds
				}
			}
			if cause := Enterable(prog, find(t, prog, file, binds), module); (cause == "") != (c.cause == "") || !strings.Contains(cause, c.cause) {
				t.Errorf("got %q, want %q", cause, c.cause)
			}
		})
	}
}

func TestEditsLine(t *testing.T) {
	prog := load(t, map[string]string{"m.py": "import x\nimport y\n\n\nclass C(y.B):\n    pass\n\n\ndef f():\n    return x\n\n\nK = 1\n"})
	edits, refused := Plan(prog, requestOf(find(t, prog, "m.py", "x")))
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	for old, want := range map[int]int{2: 1, 5: 4, 9: 8, 10: 11, 13: 14} {
		if got := edits.Line("m.py", old); got != want {
			t.Errorf("line %d is %d, want %d\n%s", old, got, want, edits.Files[0].New)
		}
	}
	if got := edits.Relocate("base class at m.py:5, and o.py:7"); got != "base class at m.py:4, and o.py:7" {
		t.Error(got)
	}
}

func TestRemovalAcrossFiles(t *testing.T) {
	// An import that two files need is moved in both or in none.
	prog := load(t, map[string]string{
		"fast_path.py": "import x\n__all__ = ['x']\n",
		"m.py":         "from fast_path import *\ndef f():\n    return x\n",
		"o.py":         "from fast_path import *\ng = lambda: x\n",
	})
	req := requestOf(find(t, prog, "fast_path.py", "x"))
	req.FastPath = map[string]bool{"fast_path.py": true}
	edits, refused := Plan(prog, req)
	if !edits.Empty() || len(refused) != 1 || !strings.Contains(refused[0].Cause, "o.py:2") {
		t.Errorf("%+v %+v", edits.Files, refused)
	}
}
