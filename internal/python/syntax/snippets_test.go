package syntax_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/syntax"
)

// snippets prints the pieces of code that the interpreter's own tests of its
// grammar hold in strings and doctests, as a JSON list.
const snippets = `
import ast, doctest, json, os, sys, textwrap, warnings
warnings.simplefilter("ignore")
found = {}
names = """test_syntax test_grammar test_fstring test_patma test_named_expressions test_positional_only_arg test_type_params test_type_aliases
test_exceptions test_global test_scope test_coroutines test_unpack_ex test_unpack test_generators test_genexps test_listcomps test_string_literals test_eof
test_keywordonlyarg test_except_star test_async_grammar test_tokenize test_unparse test_ast test_compile test_symtable test_decorators test_with test_dictcomps
test_setcomps test_extcall test_codeop test_code test_parser test_peg_generator test_future test_future_stmt test_bytes test_raise test_flufl test_annotations
test_type_annotations test_type_comments test_lambda test_int_literal test_unicode_identifiers test_source_encoding test_asyncgen test_yield_from
test_cmd_line_script test_dis test_pep646_syntax test_tstring test_lazy_import""".split()
root = os.path.join(sys.argv[1], "test")
for folder, _, files in os.walk(root):
    for f in files:
        if f.endswith(".py") and (f[:-3] in names or os.path.basename(folder) in names):
            try:
                tree = ast.parse(open(os.path.join(folder, f), "rb").read())
            except Exception:
                continue
            for n in ast.walk(tree):
                if isinstance(n, ast.Constant) and isinstance(n.value, str) and 1 < len(n.value) < 20000:
                    found[n.value] = 1
                    found[textwrap.dedent(n.value)] = 1
                    if ">>>" in n.value:
                        try:
                            for e in doctest.DocTestParser().get_examples(n.value):
                                found[e.source] = 1
                        except ValueError:
                            pass
json.dump([s for s in found if s.isprintable() or s.isascii()], sys.stdout)
`

// TestSnippets compares verdicts on all code in the strings of CPython's own
// tests, which are full of errors.
func TestSnippets(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		out, err := exec.Command(i.Path, "-X", "utf8", "-c", snippets, i.Stdlib).Output()
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		if err := json.Unmarshal(out, &list); err != nil {
			t.Fatal(err)
		}
		var requests []request
		for n := range list {
			if !testing.Short() || n%10 == 0 {
				requests = append(requests, request{Src: &list[n]})
			}
		}
		compareVerdicts(t, i, v, requests)
	})
}

// compareVerdicts asks for the verdicts on texts, and logs how many messages
// are the same.
func compareVerdicts(t *testing.T, i *interp.Interpreter, v syntax.Version, requests []request) {
	t.Helper()
	wrong, rejected, same := 0, 0, 0
	others := map[string]int{}
	ask(t, i.Path, requests, func(n int, a *answer) {
		src := *requests[n].Src
		f := syntax.Parse([]byte(src), v)
		if err := wellFormed(f); err != nil {
			t.Errorf("%q: %v", src, err)
		}
		ok := len(f.Errors) == 0
		message, line := "", 0
		if !ok {
			message = f.Errors[0].Message
			line = f.Line(f.Errors[0].Start)
		}
		if strings.HasPrefix(a.Message, "RecursionError") || strings.HasPrefix(a.Message, "MemoryError") || strings.Contains(a.Message, "too complex") {
			return
		}
		if ok && (v.Minor == 12 || v.Minor == 13) && strings.HasPrefix(a.Message, "UnicodeDecodeError") && strings.Contains(strings.ToLower(src), "rf") {
			return // 3.12 and 3.13 read the formats of raw f-strings as if they were not raw
		}
		if ok != a.OK {
			if wrong++; wrong <= 40 {
				t.Errorf("%q: accepted %v (%d: %s), compile: %v (%d: %s)", src, ok, line, message, a.OK, a.Line, a.Message)
			}
			return
		}
		if ok {
			if requests[n].Nodes {
				differ := func(path, what, format string, args ...any) {
					if wrong++; wrong <= 40 {
						t.Errorf("%q: %s: %s", path, what, fmt.Sprintf(format, args...))
					}
				}
				got := describe(f, v, true)
				compare(src, "definitions", got.Defs, a.Defs, differ)
				compare(src, "names", got.Names, a.Names, differ)
				compare(src, "nodes", got.Spans, a.Spans, differ)
			}
			return
		}
		rejected++
		if strings.HasPrefix(a.Message, message) {
			same++
		} else {
			others[a.Message+" | "+message]++
		}
	})
	t.Logf("%d texts, %d verdicts differ; %d rejected by both, %d with the same message", len(requests), wrong, rejected, same)
	if testing.Verbose() {
		for m, n := range others {
			t.Logf("%3d %s", n, m)
		}
	}
}
