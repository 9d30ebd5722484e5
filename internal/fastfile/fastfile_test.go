package fastfile

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fastpath/internal/python/syntax"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRoundTrip holds for files in the generated form, in every line ending.
func TestRoundTrip(t *testing.T) {
	for _, name := range []string{"contract.py", "edited.py"} {
		for _, nl := range []string{"\n", "\r\n", "\r"} {
			for _, bom := range []string{"", "\ufeff"} {
				src := bom + strings.ReplaceAll(string(read(t, name)), "\n", nl)
				if got := string(Render(*Parse([]byte(src)))); got != src {
					t.Errorf("%s %q:\n%s", name, nl+bom, cmp.Diff(src, got))
				}
			}
		}
	}
}

func TestParseContract(t *testing.T) {
	c := Parse(read(t, "contract.py"))
	if d := c.Doc; !d.Present || !d.Criteria || !d.Target || d.TargetMS != 2000 || !d.Total || d.TotalMS != 192 || d.LimitMS != 200 || d.Imports != 4 || d.ImportLimit != 20 || len(d.Extra) > 0 {
		t.Errorf("%+v", d)
	}
	if want := (Profile{Date: "2026-11-22", Interpreter: "CPython 3.12.3", Runs: 10, Bytecode: "cached"}); c.Doc.Profile != want {
		t.Errorf("%+v", c.Doc.Profile)
	}
	if len(c.Imports) != 4 || c.CountNames() != 4 || c.CodeLines != 10 || len(c.Code) > 0 || !c.HasAll || len(c.All) != 4 {
		t.Errorf("%d imports, %d names, %d code lines, %v, %v", len(c.Imports), c.CountNames(), c.CodeLines, c.Code, c.All)
	}
	imp, n := c.Find("boto3")
	if imp == nil || imp.Tier != Exception || imp.MS != 172 || imp.Usage != 90 || !imp.Marked || !imp.Justified(80) {
		t.Fatalf("%+v", imp)
	}
	if imp.Span.Line != 20 || imp.Span.Column != 1 || imp.Span.EndColumn != 13 || n.Span.Column != 8 {
		t.Errorf("%+v %+v", imp.Span, n.Span)
	}
	if imp, _ := c.Find("gateway"); !imp.UsageKnown || imp.Usage != 100 || imp.Marked {
		t.Errorf("%+v", imp)
	}
	if want := []Kept{{"yaml", true, 19, true, 1, "base class at conf.py:18"}}; !cmp.Equal(c.Kept, want) {
		t.Errorf("%+v", c.Kept)
	}
}

// TestParseDocuments reads the template of the founding documents.
func TestParseDocuments(t *testing.T) {
	c := Parse(read(t, "documents.py"))
	if d := c.Doc; !d.Present || !d.Criteria || d.TargetMS != 2000 || d.Profile.Date != "2025-11-08" {
		t.Errorf("%+v", d)
	}
	var got []string
	for i := range c.Imports {
		got = append(got, strings.Join(c.Imports[i].lines(), "|"))
	}
	want := []string{
		"import json  # 0.8ms", "import time  # 0.4ms", "import logging  # 4.2ms",
		"import gateway  # 15ms, every request", "import cache_core  # 35ms, every request",
	}
	if !cmp.Equal(got, want) || c.Imports[2].Tier != Light || c.Imports[3].Tier != Exception || len(c.All) != 5 || len(c.Code) > 0 {
		t.Errorf("%q", got)
	}
}

func TestParseEdited(t *testing.T) {
	c := Parse(read(t, "edited.py"))
	if c.Thresholds != (Thresholds{LightMS: 5, HeavyMS: 100, HotUsage: 75}) || c.Doc.TargetMS != 1500 {
		t.Errorf("%+v %v", c.Thresholds, c.Doc.TargetMS)
	}
	imp, _ := c.Find("logging")
	if a := imp.Approvals(); len(a) != 1 || a[0] != (Approval{"Ann Lee", "2026-10-02"}) {
		t.Errorf("%+v", a)
	}
	if imp, _ := c.Find("boto3"); imp.AddsMS != 12 || imp.AddsAfter != "gateway" {
		t.Errorf("%+v", imp)
	}
	if imp, _ := c.Find("requests"); imp.Ratio() != 4 || !imp.Justified(80) {
		t.Errorf("%+v", imp)
	}
	if imp, _ := c.Find("ET"); imp.MS != 3.1 || imp.Extra != ", kept for SOAP" || imp.Names[0].AsName != "ET" {
		t.Errorf("%+v", imp)
	}
	if len(c.Doc.Extra) != 3 || len(c.Code) > 0 || len(c.Prologue) != 1 || c.Kept[1].Measured {
		t.Errorf("%q %v %q %+v", c.Doc.Extra, c.Code, c.Prologue, c.Kept)
	}
}

func TestParseOther(t *testing.T) {
	for src, check := range map[string]func(*Content) bool{
		"":                 func(c *Content) bool { return !c.Doc.Present && c.CodeLines == 0 },
		"import os.path\n": func(c *Content) bool { return c.Bound()[0] == "os" },
		"import a, b as c  # 12ms but 85%\n": func(c *Content) bool {
			return len(c.Bound()) == 2 && c.Imports[0].Usage == 85 && c.Imports[0].Tier == Exception
		},
		"import a; import b  # 2ms\n":                               func(c *Content) bool { return !c.Imports[0].Measured && c.Imports[1].MS == 2 },
		"x = 1\nimport a\n":                                         func(c *Content) bool { return len(c.Code) == 1 && c.Code[0].Span.Line == 1 && len(c.Prologue) == 1 },
		"import a\nif a:\n    b = 1\nimport d\n":                    func(c *Content) bool { return len(c.Code) == 1 && c.Code[0].Span.EndLine == 3 && c.CodeLines == 4 },
		"from x import *\n":                                         func(c *Content) bool { return len(c.Code) == 1 && len(c.Imports) == 0 },
		"from . import a\nfrom ..b import c\n":                      func(c *Content) bool { return c.Imports[0].From == "." && c.Imports[1].From == "..b" },
		"__all__ = ('a', 'b')\n":                                    func(c *Content) bool { return len(c.All) == 2 && c.AllSpan.EndColumn == 21 },
		"__all__: list[str] = ['a']\n":                              func(c *Content) bool { return len(c.All) == 1 },
		"__all__ = names()\n":                                       func(c *Content) bool { return !c.HasAll && len(c.Code) == 1 },
		"import a\ndef b():\n    pass\n__all__ = ['a', 'b', 'c']\n": func(c *Content) bool { return cmp.Equal(c.Other, []string{"b"}) },
		"'''doc'''\nimport a\n":                                     func(c *Content) bool { return c.Doc.Present && c.Doc.Profile.Date == "" && !c.Doc.Target },
		"f'''doc'''\nimport a\n":                                    func(c *Content) bool { return !c.Doc.Present && len(c.Code) == 1 },
		"import a # 1.5 ms, checked\n":                              func(c *Content) bool { return c.Imports[0].MS == 1.5 && c.Imports[0].Extra == ", checked" },
		"import a # fast\n":                                         func(c *Content) bool { return !c.Imports[0].Measured && c.Imports[0].Extra == "fast" },
		"import a\nimport (\nimport b\n":                            func(c *Content) bool { i, _ := c.Find("b"); return i != nil && len(c.Code) > 0 },
		"from __future__ import annotations\n":                      func(c *Content) bool { return len(c.Code) == 0 && len(c.Imports) == 0 && c.CodeLines == 1 },
		"# -*- coding: latin-1 -*-\nimport a\n":                     func(c *Content) bool { return len(c.Remarks[SectionHead]) == 0 },
		"import a  # 30ms (approved: Jo, 2026-01-02)\n":             func(c *Content) bool { return len(c.Imports[0].Approvals()) == 1 && c.Imports[0].Reason == "" },
	} {
		if c := Parse([]byte(src)); !check(c) {
			t.Errorf("%q: %+v", src, c)
		}
	}
}

func TestFormat(t *testing.T) {
	for ms, want := range map[float64]string{0.04: "0.0ms", 0.84: "0.8ms", 9.94: "9.9ms", 9.96: "10ms", 10.4: "10ms", 171.6: "172ms"} {
		if got := FormatMS(ms); got != want {
			t.Errorf("%v: %s, want %s", ms, got, want)
		}
	}
	for u, want := range map[float64]string{0: "0% usage", 89.5: "90% usage", 99.4: "99% usage", 99.5: "every request", 100: "every request"} {
		if got := FormatUsage(u); got != want {
			t.Errorf("%v: %s, want %s", u, got, want)
		}
	}
	names := []string{"json", "np", "Decimal", "MAX", "ET", "a10", "a9", "_x", "D"}
	SortExports(names)
	if got := strings.Join(names, " "); got != "ET MAX D Decimal _x a9 a10 json np" {
		t.Error(got)
	}
}

func TestMerge(t *testing.T) {
	old := Parse(read(t, "edited.py"))
	next := Content{
		Thresholds: DefaultThresholds,
		Doc:        Doc{Present: true, Target: true, TargetMS: 2000, Profile: Profile{Date: "2026-12-01"}},
		Imports: []Import{
			{Tier: Exception, Names: []ImportName{{Name: "stripe"}}, Measured: true, MS: 40, UsageKnown: true, Usage: 95},
			{Tier: Light, Names: []ImportName{{Name: "logging"}}, Measured: true, MS: 3.9},
			{Tier: Light, Names: []ImportName{{Name: "json"}}, Measured: true, MS: 0.7},
			{Tier: Light, From: "xml.etree", Names: []ImportName{{Name: "ElementTree", AsName: "ET"}}, Measured: true, MS: 3},
			{Tier: Exception, Names: []ImportName{{Name: "boto3"}}, Measured: true, MS: 150, UsageKnown: true, Usage: 91, Marked: true},
		},
	}
	got := Merge(old, next)
	text := string(Render(got))
	for _, want := range []string{
		"#!/usr/bin/env python3\n# ours\n# isort: skip_file\n",
		"Ask the platform team before you change this file.\n",
		"import json  # 0.7ms\n\n# Needed by the gateway.\n# approved: Ann Lee, 2026-10-02\nimport logging  # 3.9ms\n",
		"# 3.0ms, kept for SOAP\n",
		"# 2026-10-01: pandas removed, 5% usage\n# 2026-11-01: numpy removed, 12% usage\n",
		"# 2026-12-01: gateway removed, every request\n# 2026-12-01: requests removed, 40% usage\n# 2026-12-01: RenderTemplateDirective removed, 93% usage\n",
		"import boto3  # 150ms but 91% usage - HOT PATH EXCEPTION\nimport stripe  # 40ms but 95% usage\n",
		"# First of all.\n", "# The end.\n", "from __future__ import annotations\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "yaml") {
		t.Errorf("the old Kept lines are still there:\n%s", text)
	}
	// Merging the same content again changes nothing.
	again := Merge(Parse([]byte(text)), next)
	if s := string(Render(again)); s != text {
		t.Error(cmp.Diff(text, s))
	}
}

func TestMergeKeepsPeoplesWords(t *testing.T) {
	old := Parse([]byte("import a  # fast\nimport b  # 30ms (the customer wants it)\nimport c  # 1.0ms\nx = 1  # odd\nimport d\n"))
	next := Content{Thresholds: DefaultThresholds, Imports: []Import{
		{Tier: Light, Names: []ImportName{{Name: "a"}}, Measured: true, MS: 2},
		{Tier: Exception, Names: []ImportName{{Name: "b"}}, Measured: true, MS: 120, Marked: true, Reason: FormulaReason(2)},
		{Tier: Light, Names: []ImportName{{Name: "c"}}, Measured: true, MS: 1},
	}}
	text := string(Render(Merge(old, next)))
	for _, want := range []string{
		"import a  # 2.0ms  # fast\n", "import c  # 1.0ms\nx = 1  # odd\n",
		"import b  # 120ms - HOT PATH EXCEPTION (2.0x cheaper at module level) (the customer wants it)\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if again := string(Render(Merge(Parse([]byte(text)), next))); again != text {
		t.Error(cmp.Diff(text, again))
	}
}

// TestFormatters runs the formatters and linters that are installed: the
// generated file passes them unchanged.
func TestFormatters(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "fast_path.py")
	for _, tool := range [][]string{
		{"ruff", "check", "--isolated", "--no-cache", "--select", "E,F,I,B,UP,PL,RUF,ERA,Q", "--ignore", "E501"},
		{"ruff", "format", "--isolated", "--no-cache", "--check", "--diff"},
		{"black", "--check", "--diff", "-q"},
		{"isort", "--check", "--diff"},
		{"isort", "--check", "--diff", "--profile", "black"},
	} {
		exe, err := exec.LookPath(tool[0])
		if err != nil {
			t.Logf("%s is not installed", tool[0])
			continue
		}
		for _, name := range []string{"contract.py", "edited.py"} {
			src := read(t, name)
			if name == "edited.py" {
				src = bytes.ReplaceAll(src, []byte("#!/usr/bin/env python3\n"), nil)
			}
			if err := os.WriteFile(path, src, 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(exe, append(tool[1:], path)...)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %v\n%s", name, tool, err, out)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"contract.py", "documents.py", "edited.py"} {
		f.Add(read(f, name))
	}
	f.Add([]byte("import a, b as c; x = 1 # 2ms\r\n'''doc'''\r__all__ = [\n'a', # b\n]\nfrom x import (a, # 1ms\n b)\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		c := Parse(src)
		one := Render(*c)
		if len(syntax.Parse(src, syntax.Latest).Errors) > 0 {
			return
		}
		again := Parse(one)
		if two := Render(*again); !bytes.Equal(one, two) {
			t.Errorf("not stable:\n%q\n%q\n%q", src, one, two)
		}
		if e := syntax.Parse(one, syntax.Latest).Errors; len(e) > 0 {
			t.Errorf("the result does not parse: %v\n%q\n%q", e, src, one)
		}
		if a, b := strings.Join(c.Bound(), " "), strings.Join(again.Bound(), " "); len(c.Bound()) != len(again.Bound()) {
			t.Errorf("other names: %s, %s", a, b)
		}
	})
}
