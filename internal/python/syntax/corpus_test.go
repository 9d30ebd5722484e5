package syntax_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// digests reads one path a line and answers "verdict digest line": whether
// compile() accepts the file, and a hash of all imports, functions, classes and
// names that ast finds in it. It finds the nodes through the garbage collector,
// which is several times faster than walking the tree: with collection off,
// the youngest objects are those that ast.parse has made.
const digests = `
import ast, gc, hashlib, sys, warnings
from ast import Name, Import, ImportFrom, FunctionDef, AsyncFunctionDef, ClassDef, JoinedStr, Load, Store
warnings.simplefilter("ignore")
old = sys.version_info < (3, 12)
def within(strings):
    inside, todo = set(), list(strings)
    while todo:
        n = todo.pop()
        if type(n) is Name:
            inside.add(id(n))
        todo.extend(ast.iter_child_nodes(n))
    return inside
def facts(nodes):
    inside = within(n for n in nodes if type(n) is JoinedStr) if old else ()
    out = []
    for n in nodes:
        t = type(n)
        if t is Name:
            c = type(n.ctx)
            c = 0 if c is Load else 1 if c is Store else 2
            if inside and id(n) in inside:
                out.append("f %s %d" % (n.id, c))
            else:
                out.append("%d %d %d %s" % (n.lineno, n.col_offset, c, n.id))
        elif t is Import:
            out.append("i %d %d %s" % (n.lineno, n.col_offset, " ".join([a.name + ">" + (a.asname or "") for a in n.names])))
        elif t is ImportFrom:
            out.append("i %d %d %d %s %s" % (n.lineno, n.col_offset, n.level, n.module or "", " ".join([a.name + ">" + (a.asname or "") for a in n.names])))
        elif t is FunctionDef or t is ClassDef or t is AsyncFunctionDef:
            out.append("d %d %s" % (n.lineno, n.name))
    out.sort()
    return "\n".join(out)
kinds = {Name, Import, ImportFrom, FunctionDef, AsyncFunctionDef, ClassDef, JoinedStr}
gc.disable()
gc.collect()
gc.freeze()
for path in sys.stdin:
    with open(path.rstrip("\n"), "rb") as f:
        src = f.read()
    ok, digest, message = "0", "-", ""
    try:
        tree = ast.parse(src, "file")
        text = facts([o for o in gc.get_objects() if type(o) in kinds])
        digest = hashlib.sha256(text.encode()).hexdigest()
        tree = text = None
        compile(src, "file", "exec", dont_inherit=True)
        ok = "1"
    except SyntaxError as e:
        message = "%s: %s" % (e.lineno, e.msg)
    except BaseException as e:
        message = repr(e)
    tree = text = None
    print(ok, digest, repr(message))
    sys.stdout.flush()
`

// digest says about a file what the program digests does.
func digest(f *syntax.File, v syntax.Version) string {
	var lines []string
	var b []byte
	at := func(off int32) {
		line := f.Line(off)
		b = strconv.AppendInt(b, int64(line), 10)
		b = append(b, ' ')
		b = strconv.AppendInt(b, int64(off-f.LineStart(line)), 10)
	}
	old := v.Less(syntax.Version{Major: 3, Minor: 12})
	var walk func(n syntax.NodeID, inside bool)
	walk = func(n syntax.NodeID, inside bool) {
		d := f.Node(n)
		b = b[:0]
		switch d.Kind {
		case syntax.Import, syntax.ImportFrom:
			b = append(b, "i "...)
			at(d.Start)
			if d.Kind == syntax.ImportFrom {
				module := ""
				if m := f.Child(n, syntax.DottedName); m != syntax.None {
					module = f.DottedText(m)
				}
				b = fmt.Appendf(b, " %d %s", f.ImportLevel(n), module)
			}
			for c := range f.Children(n) {
				if f.Kind(c) == syntax.Alias {
					b = append(b, ' ')
					b = append(append(b, f.DottedText(f.First(c))...), '>')
					if as := f.Next(f.First(c)); as != syntax.None {
						b = append(b, f.NameText(as)...)
					}
				}
			}
			if d.Flags&syntax.FlagStar != 0 {
				b = append(b, " *>"...)
			}
		case syntax.FunctionDef, syntax.ClassDef:
			b = fmt.Appendf(b, "d %d %s", f.Line(headerStart(f, n)), f.NameText(f.Child(n, syntax.Ident)))
		case syntax.Name:
			access := byte('0')
			if d.Flags&syntax.FlagStore != 0 {
				access = '1'
			} else if d.Flags&syntax.FlagDel != 0 {
				access = '2'
			}
			if inside {
				b = append(append(append(b, "f "...), f.NameText(n)...), ' ', access)
			} else {
				at(d.Start)
				b = append(append(b, ' ', access, ' '), f.NameText(n)...)
			}
		}
		if len(b) > 0 {
			lines = append(lines, string(b))
		}
		inside = inside || old && (d.Kind == syntax.String && d.Flags&syntax.FlagFormat != 0 || d.Kind == syntax.Strings && className(f, n, v) == "JoinedStr")
		for c := f.First(n); c != syntax.None; c = f.Next(c) {
			walk(c, inside)
		}
	}
	walk(syntax.Root, false)
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// TestCorpus compares verdicts, and every import, function, class and name with
// its place, for files of the corpus and every version.
func TestCorpus(t *testing.T) {
	oracle.Corpus(t)
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		files := oracle.CorpusFiles(t, p)
		v := syntax.Version{Major: 3, Minor: p.Minor}
		var parser syntax.Parser
		rejected, wrong := 0, 0
		var detail []request
		oracle.Lines(t, p, digests, files, func(n int, line string) {
			ok, rest, _ := strings.Cut(line, " ")
			want, message, _ := strings.Cut(rest, " ")
			src, err := os.ReadFile(files[n])
			if err != nil {
				t.Fatal(err)
			}
			f := parser.Parse(src, v)
			if accepted := len(f.Errors) == 0; accepted != (ok == "1") {
				if wrong++; wrong <= 20 {
					t.Errorf("%s: accepted %v, compile says %s", files[n], accepted, message)
				}
			}
			if ok != "1" {
				rejected++
			}
			if want != "-" && digest(f, v) != want {
				detail = append(detail, request{Path: files[n]})
			}
		})
		if len(detail) > 0 {
			ask(t, p.Path, detail[:min(20, len(detail))], func(n int, a *answer) {
				src, err := os.ReadFile(detail[n].Path)
				if err != nil {
					t.Fatal(err)
				}
				got := describe(syntax.Parse(src, v), v, false)
				differ := func(path, what, format string, args ...any) {
					t.Errorf("%s: %s: %s", path, what, fmt.Sprintf(format, args...))
				}
				compare(detail[n].Path, "imports", got.Imports, a.Imports, differ)
				compare(detail[n].Path, "definitions", got.Defs, a.Defs, differ)
				compare(detail[n].Path, "names", got.Names, a.Names, differ)
				compare(detail[n].Path, "names in f-strings", got.Inside, a.Inside, differ)
			})
			t.Errorf("%d files differ", len(detail))
		}
		t.Logf("%d files, %d of them rejected by compile(): %d other verdicts, %d other trees", len(files), rejected, wrong, len(detail))
	})
}
