package syntax

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"fastpath/internal/python/oracle"
)

// decoding answers each text, in base64, with the first string literal in it,
// or with what is wrong.
const decoding = `
import ast, base64, json, sys, warnings
warnings.simplefilter("ignore")
for line in sys.stdin:
    src = base64.b64decode(line)
    answer = {"ok": False, "text": "", "message": ""}
    try:
        compile(src, "file", "exec", dont_inherit=True)
        strings = [n.value for n in ast.walk(ast.parse(src)) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        answer["ok"], answer["text"] = True, (strings + [""])[0]
    except Exception as e:
        answer["message"] = str(e)
    print(json.dumps(answer))
    sys.stdout.flush()
`

// known reports whether the decoders, which are those of the web, and Python
// agree on what is valid.
func known(name, body string) bool {
	switch name {
	case "gb2312", "euc-kr":
		return !(strings.Contains(body, "\x82") || strings.Contains(body, "\x93"))
	case "cp932":
		return !strings.Contains(body, "\xff")
	}
	return true
}

// encoded returns texts in all sorts of encodings, declared rightly or not.
func encoded() [][]byte {
	var out [][]byte
	add := func(format string, args ...any) { out = append(out, fmt.Appendf(nil, format, args...)) }
	bodies := []string{"x = 'abc'\n", "x = '\xe9'\n", "x = '\xc3\xa9'\n", "x = '\x82\xa0'\n", "x = '\x81'\n", "x = '\xa4\xa2'\n", "x = '\xff'\n", "x = '\x93\x94'\n"}
	names := strings.Fields(`utf-8 UTF8 utf_8 utf-8-sig utf8-unix utf-8x u8 utf cp65001 latin-1 latin1 Latin_1 latin-1-dos iso-8859-1 iso8859-15 ISO_8859-1 iso-latin-1 l1 cp1252 windows-1252
		windows_1252 cp1251 koi8-r koi8_u ascii us-ascii 646 shift_jis sjis cp932 euc-jp iso-2022-jp gbk gb2312 gb18030 big5 euc-kr cp949 hz mac-roman macintosh cp437 cp850 ibm850
		iso-8859-6 iso-8859-7 iso-8859-8 cp1255 cp874 nosuch rot13 utf-16 utf-16-le utf-32 hex base64 punycode idna unicode_escape raw_unicode_escape mbcs undefined utf-7 8859 iso8859
		cp1253 cp866 tis-620 cp1125 hp-roman8 ptcp154 johab big5hkscs euc_jis_2004 shift_jisx0213 cp720 cp424 cp037 kz1048 mac-greek cp1006 iso-ir-100 csisolatin1 cp367 x-mac-roman`)
	for _, name := range names {
		for _, body := range bodies {
			if !known(name, body) {
				continue
			}
			add("# coding: %s\n%s", name, body)
		}
		add("\xef\xbb\xbf# coding: %s\nx = 'é'\n", name)
	}
	for _, cookie := range []string{
		"#coding:latin-1", "# -*- coding: latin-1 -*-", "# vim: set fileencoding=latin-1 :", "# encoding=latin-1", "# coding : latin-1", "# Coding: latin-1", "#coding=\tlatin-1", "# coding:latin-1;x", "#!/bin/sh coding: latin-1",
		"  # coding: latin-1", "\f# coding: latin-1", "x # coding: latin-1", "'' # coding: latin-1", "# coding: coding: latin-1", "# nocoding: latin-1", "# coding:", "# coding: \xe9", "# coding:latin-1\xe9", "# coding: latin-1, coding: utf-8", "# coding: é coding: latin-1", "# coding=: latin-1",
	} {
		for _, form := range []string{"%s\nx = '\xe9'\n", "\n%s\nx = '\xe9'\n", "# first\n%s\nx = '\xe9'\n", "x\n%s\nx = '\xe9'\n", "\\\n%s\nx = '\xe9'\n", "\n\n%s\nx = '\xe9'\n", "%s\r\nx = '\xe9'\r\n", "\r\n%s\r\nx = '\xe9'", "\f\n%s\nx = '\xe9'", "'''\n%s\n\xe9'''", "%s", "  \t\n%s\nx = '\xe9'\n", "\xef\xbb\xbf\n%s\nx = ''\n"} {
			add(form, cookie)
		}
	}
	for _, text := range []string{"x = 'a'\n", "# coding: utf-16\nx = 'a'\n"} {
		units := utf16.Encode([]rune("\ufeff" + text))
		var little, big []byte
		for _, u := range units {
			little = append(little, byte(u), byte(u>>8))
			big = append(big, byte(u>>8), byte(u))
		}
		out = append(out, little, big, little[2:], big[2:])
	}
	for _, text := range []string{
		"# \xe9\nx = 'a'\n", "x = 'a' # \xe9", "# coding: utf-8\n# \xe9\nx = 'a'\n", "# coding: utf8\n# \xe9\nx = 'a'\n", "\xef\xbb\xbf# \xe9\nx = 'a'\n", "# \xe9\rx = 'a'\r", "(1 # \xe9\n)\nx = 'a'\n", "# \xe9\nx = '\xe9'\n", "if 1:\n  # \xe9\xe9 \xe9\n  x = 'a'\n",
		"# é \uFFFD \xe9\nx = '\uFFFD' # \xe9\n", "b = b'\xe9'\n", "b = f'\xe9'\n", "\xe9 = 1\n", "f'''{1 # \xe9\n}'''\n",
		"x = 'a'\x00\n", "x = 'a\x00b'\n", "# \x00\nx = 'a'\n", "\x00", "x = 'a'\n\x00\n", "x = 'a'\n#\x00", "\fx = 'a'\n", " \fx = 'a'\n", "\f x = 'a'\n", "if 1:\n  \f  x = 'a'\n", "if 1:\n  y\n\f  x = 'a'\n", "if 1:\n    y\n  \f    x = 'a'\n", "x = 'a'\f\n", "x\f=\f'a'\n", "\f\n\f\nx = 'a'\n",
		"x = 'a'\ry = 1\r", "if x:\r  y = 'a'\rz = 1", "x = '''a\rb'''\r", "x = 'a' \\\r + 'b'\r", "x = 'a'\r\ry\r\n\nz", "# a\rx = 'a'\r", "x = 'a\rb'", "x = (\r'a'\r)\r", "x = 'a'\n\r\n\ry\r\r\n", "\rx = 'a'", "\r\r\n\r", "x = 'a' # b\ry = z\r", "x = f'''{\r1}'''\r",
		"\v", "x = 'a'\v\n", "\x1a", "x = 'a'\n\x1a", "\x7f", "\xef\xbb\xbf\xef\xbb\xbfx = 'a'\n", "\xef\xbb", "\xef\xbb\xbf", "\xfe\xff", "x = 'a'\xef\xbb\xbf\n", "", "\n", "\\", "\\\n", "x = 'a'\\", "x = 'a'\\\n", "\u00a0x = 'a'\n", "x = 'a'\u2028\n", "x = '\u2028'\n", "# \xed\xa0\x80\nx = 'a'\n", "x = '\xed\xa0\x80'\n", "x = '\xf4\x90\x80\x80'\n", "x = '\xc0\x80'\n",
	} {
		out = append(out, []byte(text))
	}
	return out
}

// TestEncodingsOracle compares verdicts and decoded texts.
func TestEncodingsOracle(t *testing.T) {
	texts := encoded()
	var lines []string
	for _, text := range texts {
		lines = append(lines, base64.StdEncoding.EncodeToString(text))
	}
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		rejected, same, wrong := 0, 0, 0
		oracle.Lines(t, p, decoding, lines, func(n int, line string) {
			var want struct {
				OK            bool
				Text, Message string
			}
			if err := json.Unmarshal([]byte(line), &want); err != nil {
				t.Fatal(err)
			}
			f := Parse(texts[n], Version{3, p.Minor})
			ok, text := len(f.Errors) == 0, ""
			for i := range f.Nodes {
				if d := f.Nodes[i]; d.Kind == String && d.Flags&FlagFormat == 0 {
					text = string(bytes.Trim(bytes.ReplaceAll(f.Src[d.Start:d.End], []byte("\r"), []byte("\n")), "'"))
					break
				}
			}
			if !ok && strings.HasSuffix(f.Errors[0].Message, "save the file as UTF-8 and remove the declaration") {
				return
			}
			switch {
			case ok != want.OK, ok && text != want.Text:
				if wrong++; wrong <= 40 {
					t.Errorf("%q: accepted %v (%s), text %q; Python: %v (%s), %q", texts[n], ok, report(f), text, want.OK, want.Message, want.Text)
				}
			case !ok:
				rejected++
				if strings.HasPrefix(want.Message, f.Errors[0].Message) {
					same++
				}
			}
		})
		t.Logf("%d texts, %d differ; %d rejected by both, %d with the same message", len(texts), wrong, rejected, same)
	})
}
