package graph

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/resolve"
	"fastpath/internal/python/syntax"
)

// only returns the imports of a file that bind a name.
func only(t *testing.T, p *Program, file, binds string) *Import {
	t.Helper()
	m := p.File(file)
	if m == nil {
		t.Fatalf("there is no %s", file)
	}
	for _, imp := range m.Imports {
		if imp.Binds == binds {
			return imp
		}
	}
	t.Fatalf("%s does not import %s", file, binds)
	return nil
}

func TestNames(t *testing.T) {
	p := program(t, `
-- src/pkg/__init__.py --
-- src/pkg/a.py --
-- src/api/users.py --
-- src/other/x.py --
-- functions/one/app.py --
import helper
-- functions/one/helper.py --
-- functions/two/app.py --
import helper
-- functions/two/helper.py --
-- scripts/tool.py --
import beside
-- scripts/beside.py --
-- tests/test_a.py --
import src.api.users
-- top.py --
import pkg.a
-- conftest.py --
`, python312, "functions/one", "functions/two", ".", "src")
	for file, want := range map[string]string{
		"src/pkg/__init__.py": "pkg", "src/pkg/a.py": "pkg.a", "src/api/users.py": "src.api.users", "src/other/x.py": "src.other.x",
		"functions/one/app.py": "app", "functions/two/app.py": "app", "scripts/beside.py": "beside", "tests/test_a.py": "tests.test_a", "top.py": "top",
	} {
		if m := p.File(file); m == nil || m.Name != want {
			t.Errorf("%s: %+v, want %s", file, m, want)
		}
	}
	for file, want := range map[string]string{
		"functions/one/app.py": "functions/one/helper.py", "functions/two/app.py": "functions/two/helper.py", "scripts/tool.py": "scripts/beside.py",
	} {
		if imp := p.File(file).Imports[0]; imp.Path != want || imp.Kind != resolve.KindSource {
			t.Errorf("%s imports %s, want %s", file, imp.Path, want)
		}
	}
	if m := p.Module("app"); m.File != "functions/one/app.py" {
		t.Errorf("app is %s", m.File)
	}
	if p.Module("nothing") != nil || p.File("nothing.py") != nil {
		t.Error("found what is not there")
	}
	for _, m := range p.Modules {
		if want := strings.HasPrefix(m.File, "tests/") || m.File == "conftest.py"; m.Test != want {
			t.Errorf("%s: test %v", m.File, m.Test)
		}
	}
}

func TestResolved(t *testing.T) {
	p := program(t, `
-- pkg/__init__.py --
from .codec import codec
from . import plain
from .plain import helper
-- pkg/codec.py --
def codec(): ...
-- pkg/plain.py --
def helper(): ...
-- pkg/sub/deep.py --
from ..codec import codec
from ... import above
from .... import far
from . import deep
-- use.py --
from pkg import codec, plain, helper
import pkg.plain as pp, pkg.sub.deep
from pkg import sub
import sys, os.path, email.message, nothing.at.all
from os import path, getcwd
from xml import dom
from pkg import *
`, python312)
	type want struct {
		target string
		kind   resolve.Kind
		path   string
	}
	for name, w := range map[string]want{
		"use.py codec":          {"pkg", "package", "pkg/__init__.py"},
		"use.py plain":          {"pkg.plain", "source", "pkg/plain.py"},
		"use.py helper":         {"pkg", "package", "pkg/__init__.py"},
		"use.py pp":             {"pkg.plain", "source", "pkg/plain.py"},
		"use.py pkg":            {"pkg.sub.deep", "source", "pkg/sub/deep.py"},
		"use.py sub":            {"pkg.sub", "namespace", "pkg/sub"},
		"use.py sys":            {"sys", "builtin", ""},
		"use.py os":             {"os.path", "frozen", ""},
		"use.py email":          {"email.message", "source", ""},
		"use.py nothing":        {"nothing.at.all", "missing", ""},
		"use.py getcwd":         {"os", "frozen", ""},
		"use.py dom":            {"xml.dom", "package", ""},
		"use.py *":              {"pkg", "package", "pkg/__init__.py"},
		"pkg/sub/deep.py codec": {"pkg.codec", "source", "pkg/codec.py"},
		"pkg/sub/deep.py above": {"...", "missing", ""},
		"pkg/sub/deep.py far":   {"....", "missing", ""},
		"pkg/sub/deep.py deep":  {"pkg.sub.deep", "source", "pkg/sub/deep.py"},
		"pkg/__init__.py plain": {"pkg.plain", "source", "pkg/plain.py"},
	} {
		file, binds, _ := strings.Cut(name, " ")
		imp := only(t, p, file, binds)
		if got := (want{imp.Target, imp.Kind, imp.Path}); got != w {
			t.Errorf("%s: got %v, want %v", name, got, w)
		}
	}
}

func TestStatements(t *testing.T) {
	p := program(t, `
-- pkg/m.py --
import a.b as c, a.b as c
import a.b as c
from ..core.x import y
from . import z; from .w import (
    v,
    u as t,
)
def f():
    import a.b as c
    class K:
        def g(self):
            import d
            def h(): import d
    for _ in ():
        try:
            import e
        except E:
            import e
        else:
            import e
        finally:
            import e
    else:
        import e
    if x:
        pass
    elif y:
        import e
    else:
        import e
    with q:
        match s:
            case 1:
                import e
`, python312)
	m := p.File("pkg/m.py")
	var got []string
	for _, imp := range m.Imports {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%d|%s|%s", imp.From, imp.Qualname, imp.Module, imp.Binding, imp.Ordinal, imp.Scope, strings.Join(imp.Context, ">")))
	}
	want := []string{
		"pkg.m||a.b|c|0|module|", "pkg.m||a.b|c|1|module|", "pkg.m||a.b|c|2|module|",
		"pkg.m||..core.x|y|0|module|", "pkg.m||.|z|0|module|", "pkg.m||.w|v|0|module|", "pkg.m||.w|t|0|module|",
		"pkg.m|f|a.b|c|0|function|", "pkg.m|f.<locals>.K.g|d|d|0|function|", "pkg.m|f.<locals>.K.g.<locals>.h|d|d|0|function|",
		"pkg.m|f|e|e|0|function|loop>try", "pkg.m|f|e|e|1|function|loop>except", "pkg.m|f|e|e|2|function|loop>else", "pkg.m|f|e|e|3|function|loop>finally",
		"pkg.m|f|e|e|4|function|else", "pkg.m|f|e|e|5|function|if", "pkg.m|f|e|e|6|function|else", "pkg.m|f|e|e|7|function|with>match",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, c := range []struct {
		line   int
		module string
		want   string
	}{
		{1, "a.b", "c c"}, {4, ".", "z"}, {4, ".w", "v t"}, {6, ".w", "v t"}, {7, "", "v t"}, {9, "a.b", "c"}, {4, "w", ""}, {8, "", ""},
	} {
		var names []string
		for _, imp := range m.ImportAt(c.line, c.module) {
			names = append(names, imp.Binds)
		}
		if got := strings.Join(names, " "); got != c.want {
			t.Errorf("line %d %q: got %q, want %q", c.line, c.module, got, c.want)
		}
	}
}

func TestUses(t *testing.T) {
	p := program(t, `
-- fast_path.py --
import json
import boto3 as b
import re
__all__ = ["json", "b"]
-- app.py --
from fast_path import *
def handler():
    return json.dumps({}), b.client()
-- other.py --
from fast_path import json as j, re
import fast_path as fp
def f():
    import fast_path
    return j.x, fp.re.x, fast_path.b, re
-- through.py --
from app import *
import app
def f():
    return json, app.b
-- shadow.py --
from fast_path import *
b = 1
def f(json):
    return json, b
`, python312)
	sites := func(binds string) string {
		var out []string
		for _, s := range p.Uses(only(t, p, "fast_path.py", binds)) {
			via := ""
			if s.Via != nil {
				via = "/" + s.Via.Binds
			}
			out = append(out, fmt.Sprintf("%s:%d%s", s.Module.Name, s.Module.Line(s.Node), via))
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for name, want := range map[string]string{
		"json": "app:3/* other:5/j through:4/*",
		"b":    "app:3/* other:5/fast_path shadow:2/* shadow:4/* through:4/app",
		"re":   "other:5/fp other:5/re",
	} {
		if got := sites(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
	var readers []string
	for _, r := range p.Readers(only(t, p, "fast_path.py", "json")) {
		readers = append(readers, r.In.Name+"/"+r.Binds)
	}
	if got := strings.Join(readers, " "); got != "other/j app/* shadow/*" {
		t.Errorf("readers: %s", got)
	}
	if imp := only(t, p, "app.py", "*"); imp.Uses != 2 || imp.UsedAtImport {
		t.Errorf("star: %d uses, at import %v", imp.Uses, imp.UsedAtImport)
	}
}

func TestUndefined(t *testing.T) {
	p := program(t, `
-- fast_path.py --
import json
from os import *
__all__ = ["json"]
-- app.py --
from fast_path import *
def handler(event):
    return json.dumps(jsn), len(event), [event for event in ()], re
re: "Text"
-- unknown.py --
from os import *
def f(): return nothing
-- plain.py --
def f(): return nothing
`, python312)
	line := func(file string) string {
		var out []string
		m := p.File(file)
		for _, u := range p.Undefined(m) {
			out = append(out, m.Syntax.Text(u.Node))
		}
		return strings.Join(out, " ")
	}
	if got := line("app.py"); got != `jsn "Text"` {
		t.Errorf("app.py: %s", got)
	}
	if got := line("unknown.py"); got != "" {
		t.Errorf("unknown.py: %s", got)
	}
	if got := line("plain.py"); got != "nothing" {
		t.Errorf("plain.py: %s", got)
	}
}

func TestCycles(t *testing.T) {
	p := program(t, `
-- a.py --
import b
-- b.py --
from c import x
-- c.py --
import a
-- lazy.py --
def f(): import lazy2
-- lazy2.py --
import lazy
-- pkg/__init__.py --
from .one import x
from . import two
-- pkg/one.py --
from . import two
from .two import y
-- pkg/two.py --
y = 1
-- knot/__init__.py --
from .one import x
-- knot/one.py --
from knot import x
-- self.py --
import self
`, python312)
	var got []string
	for _, set := range p.Cycles() {
		var names []string
		for _, m := range set {
			names = append(names, m.Name)
		}
		got = append(got, strings.Join(names, " "))
	}
	if want := []string{"a b c", "knot knot.one"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	var targets []string
	for _, m := range p.Targets(only(t, p, "pkg/one.py", "y")) {
		targets = append(targets, m.Name)
	}
	if got := strings.Join(targets, " "); got != "pkg pkg.two" {
		t.Errorf("targets: %s", got)
	}
}

func TestLazy(t *testing.T) {
	archive := `
-- m.py --
__lazy_modules__ = ["a", "b.c", "d"]
import a, x
import b.c
from d import e
try:
    import a as in_try
except ImportError:
    pass
def f(): import a as in_f
lazy import g
lazy from h import i
from d import *
`
	for minor, want := range map[int]string{15: "a b e g i", 14: ""} {
		p := program(t, archive, syntax.Version{Major: 3, Minor: minor})
		var got []string
		for _, imp := range p.File("m.py").Imports {
			if imp.Lazy && (minor == 15 || imp.Binds != "g" && imp.Binds != "i") {
				got = append(got, imp.Binds)
			}
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("3.%d: got %q, want %q", minor, s, want)
		}
	}
}

func TestProblems(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bad.py"), []byte("def f(:\nimport a\n\x00\xff"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := LoadOptions{Root: dir, Files: []string{"bad.py", "missing.py", "bad.py"}}
	p, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Modules) != 1 || len(p.Problems) != 1 || p.Problems[0].File != "missing.py" || p.Problems[0].Message != "no such file or directory" || !p.Problems[0].Gone {
		t.Errorf("%+v", p.Problems)
	}
	if len(p.Modules[0].Syntax.Errors) == 0 || p.Modules[0].Name != "bad" {
		t.Errorf("%+v", p.Modules[0])
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Load(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestImportedTests: a test file that the program imports is part of it.
func TestImportedTests(t *testing.T) {
	p := program(t, `
-- app.py --
from checks import test_all
import test_base
-- checks/__init__.py --
-- checks/test_all.py --
import test_deep
-- test_base.py --
-- test_deep.py --
-- test_alone.py --
import test_other
-- test_other.py --
`, python312)
	for _, m := range p.Modules {
		if want := m.File == "test_alone.py" || m.File == "test_other.py"; m.Test != want {
			t.Errorf("%s: test is %v, want %v", m.File, m.Test, want)
		}
	}
}
