package syntax

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// tokenizer answers each path with the tokens that tokenize finds: kind, line
// and column of the start and of the end, text; null for files that are not
// valid, and for valid ones that tokenize cannot read (before 3.12 it knows some
// letters only by themselves). It leaves out the kinds that the lexer does not produce: ENCODING, NL,
// ENDMARKER and the literal parts of f-strings.
const tokenizer = `
import sys, json, tokenize, warnings
warnings.simplefilter("ignore")
names = {n for n in range(200) if tokenize.tok_name.get(n) in {"ENCODING", "NL", "ENDMARKER", "FSTRING_MIDDLE", "TSTRING_MIDDLE"}}
for path in sys.stdin:
    try:
        with open(path.rstrip("\n"), "rb") as f:
            compile(f.read(), "file", "exec", dont_inherit=True)
        with open(path.rstrip("\n"), "rb") as f:
            answer = [[tokenize.tok_name[t.type], *t.start, *t.end, t.string] for t in tokenize.tokenize(f.readline) if t.type not in names]
        if any(t[0] == "ERRORTOKEN" for t in answer):
            answer = None
    except Exception:
        answer = None
    print(json.dumps(answer))
    sys.stdout.flush()
`

// tokenizeKind is what tokenize calls a kind of token.
func tokenizeKind(t token) string {
	switch k := t.kind; {
	case k == tNewline:
		return "NEWLINE"
	case k == tIndent:
		return "INDENT"
	case k == tDedent:
		return "DEDENT"
	case k == tName || k >= tIn:
		return "NAME"
	case k == tNumber:
		return "NUMBER"
	case k == tString:
		return "STRING"
	case (k == tFStart || k == tFEnd) && t.prefix&prefixTemplate != 0:
		return map[tokenKind]string{tFStart: "TSTRING_START", tFEnd: "TSTRING_END"}[k]
	case k == tFStart:
		return "FSTRING_START"
	case k == tFEnd:
		return "FSTRING_END"
	}
	return "OP"
}

// tokenLine is a token in the words of tokenize. The end of a NEWLINE is left
// out, and the place of what stands at the end of the text: versions disagree
// on them.
func tokenLine(kind string, line, column, endLine, endColumn int, text string, atEnd bool) string {
	switch {
	case kind == "DEDENT" && atEnd, kind == "NEWLINE" && atEnd:
		return kind
	case kind == "NEWLINE":
		return fmt.Sprintf("%s %d:%d", kind, line, column)
	}
	return fmt.Sprintf("%s %d:%d-%d:%d %q", kind, line, column, endLine, endColumn, text)
}

// tokenLines returns the tokens and comments of a text in the words of
// tokenize. Before 3.12 an f-string is one token.
func tokenLines(f *File, v Version) []string {
	var l lexer
	l.reset(f.Src, v, bytes.IndexByte(f.Src, '\r') >= 0)
	for len(l.tokens) == 0 || l.tokens[len(l.tokens)-1].kind != tEOF {
		l.logicalLine()
	}
	type item struct {
		token
		kind string
	}
	var items []item
	var templates []bool // of the open f-strings
	for _, t := range l.tokens {
		switch t.kind {
		case tEOF:
			continue
		case tFStart:
			templates = append(templates, t.prefix&prefixTemplate != 0)
			if v.Less(Version{3, 12}) {
				if len(templates) == 1 {
					items = append(items, item{t, "STRING"})
				}
				continue
			}
		case tFEnd:
			if templates[len(templates)-1] {
				t.prefix = prefixTemplate
			}
			templates = templates[:len(templates)-1]
			if v.Less(Version{3, 12}) {
				items[len(items)-1].end = t.end
				continue
			}
		}
		if len(templates) == 0 || !v.Less(Version{3, 12}) {
			items = append(items, item{t, tokenizeKind(t)})
		}
	}
	for _, c := range l.comments {
		items = append(items, item{token{start: c.Start, end: c.End}, "COMMENT"})
	}
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.start, b.start) })
	var lines []string
	for _, i := range items {
		line, column := f.Position(i.start)
		endLine, endColumn := f.Position(i.end)
		lines = append(lines, tokenLine(i.kind, line, column-1, endLine, endColumn-1, string(f.Src[i.start:i.end]), int(i.start) == len(f.Src)))
	}
	return lines
}

// TestTokenize compares kinds, places and texts of the tokens of a sample of
// the standard library and of the corpus with tokenize.
func TestTokenize(t *testing.T) {
	every := 60
	if oracle.Full() {
		every = 12
	}
	corpus := ""
	t.Run("corpus", func(t *testing.T) { corpus = oracle.Corpus(t) })
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		v := Version{3, p.Minor}
		out, err := exec.Command(p.Path, "-S", "-c", "import os; print(os.path.dirname(os.__file__))").Output()
		if err != nil {
			t.Fatal(err)
		}
		files := sampleFiles(strings.TrimSpace(string(out)), every)
		if corpus != "" {
			files = append(files, sampleFiles(corpus, 10*every)...)
		}
		tokens, compared := 0, 0
		oracle.Lines(t, p, tokenizer, files, func(n int, line string) {
			src, err := os.ReadFile(files[n])
			if err != nil {
				t.Fatal(err)
			}
			var answer [][]any
			if err := json.Unmarshal([]byte(line), &answer); err != nil {
				t.Fatal(err)
			}
			f := Parse(src, v)
			if answer == nil || bytes.Count(f.Src, []byte("\r")) != bytes.Count(f.Src, []byte("\r\n")) {
				return // tokenize knows no lines that end with CR alone
			}
			lastLine, _ := f.Position(int32(len(f.Src)))
			var want []string
			for _, a := range answer {
				at := func(n int) int { return int(a[n].(float64)) }
				line, column := at(1), at(2)
				atEnd := line > lastLine || line == lastLine && int(f.LineStart(line))+len([]byte(firstRunes(f.Src[f.LineStart(line):], column))) == len(f.Src)
				want = append(want, tokenLine(a[0].(string), line, column, at(3), at(4), a[5].(string), atEnd))
			}
			got := tokenLines(f, v)
			compared++
			tokens += len(want)
			for k := range max(len(got), len(want)) {
				if k >= len(got) || k >= len(want) || got[k] != want[k] {
					t.Errorf("%s: token %d of %d and %d:\ngot  %q\nwant %q", files[n], k, len(got), len(want), got[min(k, len(got)):min(k+3, len(got))], want[min(k, len(want)):min(k+3, len(want))])
					break
				}
			}
		})
		if compared < len(files)/2 {
			t.Errorf("only %d of %d files were compared", compared, len(files))
		}
		t.Logf("%d files, %d tokens", compared, tokens)
	})
}

// firstRunes returns the first n characters of a text, or all of it.
func firstRunes(text []byte, n int) string {
	s := string(text)
	for k := range s {
		if n == 0 {
			return s[:k]
		}
		n--
	}
	return s
}

// dense are files full of what others seldom have.
var dense = map[string]bool{"test_fstring.py": true, "test_tstring.py": true, "test_grammar.py": true, "test_string_literals.py": true, "test_tokenize.py": true, "test_unicode_identifiers.py": true, "test_patma.py": true}

// sampleFiles lists every n-th Python file below a folder, and the dense ones.
func sampleFiles(dir string, every int) []string {
	var files []string
	n := 0
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == "site-packages" {
			return fs.SkipDir
		}
		if err == nil && strings.HasSuffix(p, ".py") {
			if n++; n%every == 0 || dense[d.Name()] {
				files = append(files, p)
			}
		}
		return nil
	})
	return files
}
