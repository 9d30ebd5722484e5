package syntax

import (
	"slices"
	"strings"
	"testing"
)

func TestEncodings(t *testing.T) {
	for _, c := range []struct {
		src, text, encoding, want string
		bom                       bool
	}{
		{"x = 'é'", "x = 'é'", "utf-8", "", false},
		{"\xef\xbb\xbfx", "x", "utf-8", "", true},
		{"\xef\xbb\xbf# coding: utf-8\nx", "# coding: utf-8\nx", "utf-8", "", true},
		{"\xef\xbb\xbf# coding: latin-1\nx", "# coding: latin-1\nx", "iso-8859-1", "1:11 encoding problem: latin-1 with BOM", true},
		{"# -*- coding: latin-1 -*-\nx = '\xe9'", "# -*- coding: latin-1 -*-\nx = 'é'", "iso-8859-1", "", false},
		{"# coding=ISO_8859_1-unix\n'\xe9'", "# coding=ISO_8859_1-unix\n'é'", "iso-8859-1", "", false},
		{"#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'\x93'", "#!/usr/bin/python\n# vim: set fileencoding=cp1252 :\n'“'", "cp1252", "", false},
		{"\n#coding:iso8859-15\n'\xa4'", "\n#coding:iso8859-15\n'€'", "iso-8859-15", "", false},
		{"# coding: iso-8859-5\n'\xb0\x85'", "# coding: iso-8859-5\n'А\u0085'", "iso-8859-5", "", false},
		{"# coding: koi8-r\n'\xc1'", "# coding: koi8-r\n'а'", "koi8-r", "", false},
		{"# coding: shift_jis\n'\x82\xa0'", "# coding: shift_jis\n'あ'", "shift-jis", "", false},
		{"# coding: gbk\n'\xc4\xe3'", "# coding: gbk\n'你'", "gbk", "", false},
		{"x = 1 # coding: foo\n", "x = 1 # coding: foo\n", "utf-8", "", false},
		{"x = 1\n# coding: foo\n", "x = 1\n# coding: foo\n", "utf-8", "", false},
		{"\n\n# coding: foo\n", "\n\n# coding: foo\n", "utf-8", "", false},
		{"# coding: foo\nimport a", "# coding: foo\nimport a", "foo", "1:11 unknown encoding: foo", false},
		{"# coding: ascii\n'é'", "# coding: ascii\n'\uFFFD'", "ascii", "2:2 (unicode error) 'ascii' codec can't decode byte 0xc3 on line 2: the text is not what its encoding declaration says", false},
		{"# coding: utf8\n'\xe9'", "# coding: utf8\n'\uFFFD'", "utf-8", "2:2 (unicode error) 'utf-8' codec can't decode byte 0xe9 on line 2: the text is not what its encoding declaration says", false},
		{"# coding: cp1252\n'\x81'", "# coding: cp1252\n'\uFFFD'", "cp1252", "2:2 (unicode error) 'cp1252' codec can't decode a byte on line 2: the text is not what its encoding declaration says", false},
		{"x\n'\xe9'", "x\n'\uFFFD'", "utf-8", `2:2 Non-UTF-8 code starting with '\xe9' on line 2, but no encoding declared; see https://peps.python.org/pep-0263/ for details`, false},
	} {
		f := Parse([]byte(c.src), Latest)
		if string(f.Src) != c.text || f.Encoding != c.encoding || f.BOM != c.bom || report(f) != c.want {
			t.Errorf("%q:\ngot  %q %q %v %s\nwant %q %q %v %s", c.src, f.Src, f.Encoding, f.BOM, report(f), c.text, c.encoding, c.bom, c.want)
		}
	}
	for alias, name := range encodingAliases {
		if _, ok := encodings[name]; !ok && name != "utf-8" && name != "ascii" {
			t.Errorf("the alias %q means %q, which is not there", alias, name)
		}
	}
}

func TestPosition(t *testing.T) {
	f := Parse([]byte("a\r\nbé = 1\rc\n\nd"), Latest)
	for off, want := range map[int32][2]int{0: {1, 1}, 1: {1, 2}, 3: {2, 1}, 4: {2, 2}, 6: {2, 3}, 7: {2, 4}, 11: {3, 1}, 13: {4, 1}, 14: {5, 1}, 15: {5, 2}, 99: {5, 2}, -1: {1, 1}} {
		if line, column := f.Position(off); line != want[0] || column != want[1] {
			t.Errorf("offset %d is at %d:%d, want %d:%d", off, line, column, want[0], want[1])
		}
	}
	if f.Lines() != 5 || f.LineStart(3) != 11 || f.Line(12) != 3 || f.Line(0) != 1 {
		t.Error("lines")
	}
}

func TestDottedText(t *testing.T) {
	f := Parse([]byte("from . a . \\\n  b . c import (x as ﬁn)\nimport d.e"), Latest)
	var got []string
	for n := range f.Nodes {
		if k := f.Kind(NodeID(n)); k == DottedName || k == Ident {
			got = append(got, f.DottedText(NodeID(n)))
		}
	}
	if want := []string{"a.b.c", "x", "fin", "d.e"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q (%s)", got, want, report(f))
	}
	if n := f.First(Root); f.ImportLevel(n) != 1 || f.ImportLevel(f.Next(n)) != 0 {
		t.Error("levels")
	}
}

func TestComments(t *testing.T) {
	f := Parse([]byte("#!x\nimport a  # noqa: F401 \r\nx = '# no' # type: int\rf(# b\n1)\n# end"), Latest)
	var got []string
	for _, c := range f.Comments {
		got = append(got, string(f.Src[c.Start:c.End]))
	}
	if want := "#!x|# noqa: F401 |# type: int|# b|# end"; strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
