package syntax_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/interp"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// program reads one JSON object a line, {"path", "src", "nodes"}, and answers what
// compile() and ast say about the file or the text.
const program = `
import sys, json, ast, warnings
warnings.simplefilter("ignore")
old = sys.version_info < (3, 12)
unplaced = {"arg", "keyword", "Slice", "TypeVar", "TypeVarTuple", "ParamSpec"}
if sys.version_info < (3, 10):
    unplaced.add("alias")
def describe(tree, nodes):
    imports, defs, names, inside, spans, specs = [], [], [], [], [], set()
    todo = [(tree, False)]
    while todo:
        n, fmt = todo.pop()
        t = type(n)
        if t is ast.Import:
            imports.append([n.lineno, n.col_offset, 0, "", [[a.name, a.asname or ""] for a in n.names]])
        elif t is ast.ImportFrom:
            imports.append([n.lineno, n.col_offset, n.level, n.module or "", [[a.name, a.asname or ""] for a in n.names]])
        elif t is ast.FunctionDef or t is ast.ClassDef or t is ast.AsyncFunctionDef:
            defs.append([n.lineno, n.name])
        elif t is ast.Name:
            c = type(n.ctx)
            c = 0 if c is ast.Load else 1 if c is ast.Store else 2
            if fmt:
                inside.append("%s %d" % (n.id, c))
            else:
                names.append([n.lineno, n.col_offset, c, n.id])
        if nodes and not fmt and hasattr(n, "lineno") and t.__name__ not in unplaced:
            spans.append("%s %d:%d-%d:%d" % (t.__name__, n.lineno, n.col_offset, n.end_lineno, n.end_col_offset))
        if t.__name__ in ("JoinedStr", "TemplateStr"):
            fmt = fmt or old
            fields = list(n.values)
            while fields:
                c = fields.pop()
                if type(c) is ast.Constant or type(c) is ast.JoinedStr and c is not n and id(c) not in specs:
                    continue
                if id(c) in specs:
                    fields.extend(c.values)
                    continue
                todo.append((c.value, fmt))
                if c.format_spec:
                    specs.add(id(c.format_spec))
                    fields.append(c.format_spec)
            continue
        for c in ast.iter_child_nodes(n):
            todo.append((c, fmt))
    return {"imports": sorted(imports), "defs": sorted(defs), "names": sorted(names), "inside": sorted(inside), "spans": sorted(spans)}

out = sys.stdout
for line in sys.stdin:
    req = json.loads(line)
    answer = {"ok": False, "parsed": False, "message": "", "line": 0, "column": 0}
    try:
        if "src" in req:
            src = req["src"].encode("utf-8", "surrogateescape")
        else:
            with open(req["path"], "rb") as f:
                src = f.read()
        tree = ast.parse(src, "file")
        answer["parsed"] = True
        if "src" not in req or "nodes" in req:
            answer.update(describe(tree, req.get("nodes", False)))
        tree = None
        compile(src, "file", "exec", dont_inherit=True)
        answer["ok"] = True
    except SyntaxError as e:
        answer["message"], answer["line"], answer["column"] = str(e.msg), e.lineno or 0, e.offset or 0
    except BaseException as e:
        answer["message"] = type(e).__name__ + ": " + str(e)
    out.write(json.dumps(answer) + "\n")
    out.flush()
`

type answer struct {
	OK, Parsed   bool
	Message      string
	Line, Column int
	Imports      [][]any
	Defs         [][]any
	Names        [][]any
	Inside       []string
	Spans        []string
}

type request struct {
	Path  string  `json:"path,omitempty"`
	Src   *string `json:"src,omitempty"`
	Nodes bool    `json:"nodes,omitempty"`
}

// ask sends the requests to an interpreter and calls each with every answer.
func ask(t *testing.T, python string, requests []request, each func(i int, a *answer)) {
	t.Helper()
	cmd := exec.Command(python, "-X", "utf8", "-c", program)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		w := bufio.NewWriter(in)
		e := json.NewEncoder(w)
		for _, r := range requests {
			_ = e.Encode(r)
		}
		w.Flush()
		in.Close()
	}()
	lines := bufio.NewReaderSize(out, 1<<20)
	for i := range requests {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			t.Fatalf("%s stopped at %s: %v\n%s", python, requests[i].Path, err, stderr.String())
		}
		a := &answer{}
		if err := json.Unmarshal(line, a); err != nil {
			t.Fatal(err)
		}
		each(i, a)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

// eachPython runs a test for every interpreter; for 3.11, 3.13 and the newest
// only, unless everything is compared or oracles are required.
func eachPython(t *testing.T, run func(t *testing.T, i *interp.Interpreter, v syntax.Version)) {
	pythons := oracle.Pythons(t)
	newest := pythons[len(pythons)-1].Minor
	for _, p := range pythons {
		if !oracle.Full() && !oracle.Required() && p.Minor != 11 && p.Minor != 13 && p.Minor != newest {
			continue
		}
		i, v := find(t, p)
		t.Run(p.Name(), func(t *testing.T) {
			t.Parallel()
			run(t, i, v)
		})
	}
}

func find(t testing.TB, p oracle.Python) (*interp.Interpreter, syntax.Version) {
	t.Helper()
	i, err := interp.Find(interp.FindOptions{Explicit: p.Path, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
	if err != nil {
		t.Fatal(err)
	}
	return i, syntax.Version{Major: 3, Minor: p.Minor}
}

// library lists the files of a standard library, with its tests.
func library(i *interp.Interpreter, every int) []string {
	var files []string
	_ = filepath.WalkDir(i.Stdlib, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && p != i.Stdlib && (d.Name() == "site-packages" || d.Name() == "dist-packages" || d.Name() == "__pycache__") {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".py") {
			files = append(files, p)
		}
		return nil
	})
	var some []string
	for n, f := range files {
		if n%every == 0 {
			some = append(some, f)
		}
	}
	return some
}

// TestStandardLibrary compares every file of the standard libraries with what
// their interpreter says. FASTPATH_ORACLE_PATH adds folders; with
// FASTPATH_ORACLE_FULL=1 it takes every version and the ranges of all nodes.
func TestStandardLibrary(t *testing.T) {
	eachPython(t, func(t *testing.T, i *interp.Interpreter, v syntax.Version) {
		every := 1
		if testing.Short() {
			every = 40
		}
		nodes := (oracle.Full() || testing.Short()) && v.Minor > 8
		var requests []request
		for _, f := range library(i, every) {
			requests = append(requests, request{Path: f, Nodes: nodes})
		}
		if extra := os.Getenv("FASTPATH_ORACLE_PATH"); extra != "" {
			for _, dir := range filepath.SplitList(extra) {
				for _, f := range library(&interp.Interpreter{Stdlib: dir}, every) {
					requests = append(requests, request{Path: f, Nodes: nodes})
				}
			}
		}
		counts := map[string]int{}
		differ := func(path, what, format string, args ...any) {
			if counts[what]++; counts[what] <= 20 {
				t.Errorf("%s: %s: %s", path, what, fmt.Sprintf(format, args...))
			}
		}
		ask(t, i.Path, requests, func(n int, a *answer) {
			path := requests[n].Path
			src, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f := syntax.Parse(src, v)
			if ok := len(f.Errors) == 0; ok != a.OK {
				first := ""
				if !ok {
					line, column := f.Position(f.Errors[0].Start)
					first = fmt.Sprintf("%d:%d %s", line, column, f.Errors[0].Message)
				}
				differ(path, "verdict", "accepted %v (%s), compile: %v (%d:%d %s)", ok, first, a.OK, a.Line, a.Column, a.Message)
			}
			if !a.Parsed {
				return
			}
			got := describe(f, v, nodes)
			compare(path, "imports", got.Imports, a.Imports, differ)
			compare(path, "definitions", got.Defs, a.Defs, differ)
			compare(path, "names", got.Names, a.Names, differ)
			compare(path, "names in f-strings", got.Inside, a.Inside, differ)
			compare(path, "nodes", got.Spans, a.Spans, differ)
		})
		t.Logf("%d files, differences: %v", len(requests), counts)
	})
}

// compare reports the first element in which two sorted lists differ.
func compare[T any](path, what string, got, want []T, differ func(path, what, format string, args ...any)) {
	g, w := make(map[string]int, len(got)), 0
	for _, x := range got {
		g[fmt.Sprint(x)]++
	}
	var missing []string
	for _, x := range want {
		k := fmt.Sprint(x)
		if g[k]--; g[k] < 0 {
			missing = append(missing, k)
			w++
		}
	}
	var extra []string
	for k, n := range g {
		if n > 0 {
			extra = append(extra, k)
		}
	}
	if len(missing)+len(extra) > 0 {
		slices.Sort(extra)
		differ(path, what, "%d missing: %.200v; %d too many: %.200v", len(missing), missing[:min(3, len(missing))], len(extra), extra[:min(3, len(extra))])
	}
}

// describe says about a file what the oracle says.
func describe(f *syntax.File, v syntax.Version, nodes bool) *answer {
	a := &answer{}
	at := func(off int32) (int, int) {
		line := f.Line(off)
		return line, int(off - f.LineStart(line))
	}
	old := v.Less(syntax.Version{Major: 3, Minor: 12})
	var walk func(n syntax.NodeID, format bool)
	walk = func(n syntax.NodeID, format bool) {
		d := f.Node(n)
		line, column := at(d.Start)
		switch d.Kind {
		case syntax.Import, syntax.ImportFrom:
			module, names := "", []any{}
			for c := range f.Children(n) {
				if f.Kind(c) == syntax.DottedName {
					module = f.DottedText(c)
					continue
				}
				name, as := f.First(c), ""
				if id := f.Next(name); id != syntax.None {
					as = f.NameText(id)
				}
				names = append(names, []any{f.DottedText(name), as})
			}
			if d.Flags&syntax.FlagStar != 0 {
				names = append(names, []any{"*", ""})
			}
			a.Imports = append(a.Imports, []any{line, column, f.ImportLevel(n), module, names})
		case syntax.FunctionDef, syntax.ClassDef:
			a.Defs = append(a.Defs, []any{f.Line(headerStart(f, n)), f.NameText(f.Child(n, syntax.Ident))})
		case syntax.Name:
			ctx := 0
			if d.Flags&syntax.FlagStore != 0 {
				ctx = 1
			} else if d.Flags&syntax.FlagDel != 0 {
				ctx = 2
			}
			if format {
				a.Inside = append(a.Inside, fmt.Sprintf("%s %d", f.NameText(n), ctx))
			} else {
				a.Names = append(a.Names, []any{line, column, ctx, f.NameText(n)})
			}
		}
		if d.Flags&syntax.FlagStar != 0 && d.Kind == syntax.ImportFrom && nodes && !v.Less(syntax.Version{Major: 3, Minor: 10}) {
			endLine, endColumn := at(d.End)
			a.Spans = append(a.Spans, fmt.Sprintf("alias %d:%d-%d:%d", endLine, endColumn-1, endLine, endColumn))
		}
		if class := className(f, n, v); class != "" && nodes && !format {
			start := d.Start
			if d.Kind == syntax.FunctionDef || d.Kind == syntax.ClassDef {
				start = headerStart(f, n)
			}
			line, column := at(start)
			endLine, endColumn := at(d.End)
			a.Spans = append(a.Spans, fmt.Sprintf("%s %d:%d-%d:%d", class, line, column, endLine, endColumn))
		}
		if old && (d.Kind == syntax.String && d.Flags&syntax.FlagFormat != 0 || d.Kind == syntax.Strings && className(f, n, v) == "JoinedStr") {
			format = true
		}
		for c := range f.Children(n) {
			walk(c, format)
		}
	}
	walk(syntax.Root, false)
	return a
}

// headerStart returns the offset of "def", "class" or "async" of a definition.
func headerStart(f *syntax.File, n syntax.NodeID) int32 {
	start := f.Node(n).Start
	for c := range f.Children(n) {
		if f.Kind(c) == syntax.Decorator {
			start = f.Node(c).End
		}
	}
	for {
		switch rest := f.Src[start:]; {
		case bytes.HasPrefix(rest, []byte("def")), bytes.HasPrefix(rest, []byte("class")), bytes.HasPrefix(rest, []byte("async")):
			return start
		case rest[0] == '#':
			start = f.LineStart(f.Line(start) + 1)
		default:
			start++
		}
	}
}

// className returns what the node is in Python's ast, or "" for those that
// have no place there.
func className(f *syntax.File, n syntax.NodeID, v syntax.Version) string {
	d := f.Node(n)
	async := d.Flags&syntax.FlagAsync != 0
	switch d.Kind {
	case syntax.FunctionDef:
		if async {
			return "AsyncFunctionDef"
		}
		return "FunctionDef"
	case syntax.For:
		if async {
			return "AsyncFor"
		}
		return "For"
	case syntax.With:
		if async {
			return "AsyncWith"
		}
		return "With"
	case syntax.Try:
		if d.Flags&syntax.FlagStar != 0 {
			return "TryStar"
		}
		return "Try"
	case syntax.Handler:
		return "ExceptHandler"
	case syntax.ExprStmt:
		return "Expr"
	case syntax.Alias:
		if v.Less(syntax.Version{Major: 3, Minor: 10}) {
			return ""
		}
		return "alias"
	case syntax.Arg:
		if d.Flags&syntax.FlagStar != 0 {
			return "Starred"
		}
		return ""
	case syntax.String:
		if k := f.Kind(f.Parent(n)); k == syntax.Strings {
			return ""
		}
		return stringClass(f, n)
	case syntax.Strings:
		for c := range f.Children(n) {
			if class := stringClass(f, c); class != "Constant" {
				return class
			}
		}
		return "Constant"
	case syntax.PatternCapture, syntax.PatternWildcard, syntax.PatternAs:
		return "MatchAs"
	case syntax.PatternValue:
		if f.Kind(f.First(n)) == syntax.Constant {
			return "MatchSingleton"
		}
		return "MatchValue"
	case syntax.Number:
		return "Constant"
	case syntax.Constant:
		if f.Kind(f.Parent(n)) == syntax.PatternValue {
			return ""
		}
		return "Constant"
	case syntax.BoolOp:
		p := f.Parent(n)
		if f.Kind(p) == syntax.BoolOp && f.First(p) == n && d.Flags&syntax.FlagParens == 0 && boolOperator(f, p) == boolOperator(f, n) {
			return ""
		}
		return "BoolOp"
	}
	if name, ok := sameName[d.Kind]; ok {
		return name
	}
	return ""
}

func stringClass(f *syntax.File, n syntax.NodeID) string {
	switch d := f.Node(n); {
	case d.Flags&syntax.FlagFormat == 0:
		return "Constant"
	case strings.ContainsAny(f.Text(n)[:2], "tT"):
		return "TemplateStr"
	}
	return "JoinedStr"
}

func boolOperator(f *syntax.File, n syntax.NodeID) string {
	left := f.First(n)
	text := string(f.Src[f.Node(left).End:f.Node(f.Next(left)).Start])
	for _, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		for _, word := range []string{"and", "or"} {
			if strings.Contains(line, word) {
				return word
			}
		}
	}
	return ""
}

// sameName holds the kinds that ast calls alike.
var sameName = map[syntax.Kind]string{
	syntax.ClassDef: "ClassDef", syntax.Return: "Return", syntax.Delete: "Delete", syntax.Assign: "Assign", syntax.AugAssign: "AugAssign",
	syntax.AnnAssign: "AnnAssign", syntax.TypeAlias: "TypeAlias", syntax.While: "While", syntax.If: "If", syntax.Match: "Match", syntax.Raise: "Raise",
	syntax.Assert: "Assert", syntax.Import: "Import", syntax.ImportFrom: "ImportFrom", syntax.Global: "Global", syntax.Nonlocal: "Nonlocal",
	syntax.Pass: "Pass", syntax.Break: "Break", syntax.Continue: "Continue", syntax.Name: "Name", syntax.Attribute: "Attribute",
	syntax.Subscript: "Subscript", syntax.Call: "Call", syntax.List: "List", syntax.Set: "Set", syntax.Dict: "Dict", syntax.BinOp: "BinOp",
	syntax.UnaryOp: "UnaryOp", syntax.Compare: "Compare", syntax.IfExp: "IfExp", syntax.Lambda: "Lambda", syntax.Await: "Await", syntax.Yield: "Yield",
	syntax.YieldFrom: "YieldFrom", syntax.NamedExpr: "NamedExpr", syntax.ListComp: "ListComp", syntax.SetComp: "SetComp", syntax.DictComp: "DictComp",
	syntax.PatternSequence: "MatchSequence", syntax.PatternStar: "MatchStar", syntax.PatternMapping: "MatchMapping",
	syntax.PatternClass: "MatchClass", syntax.PatternOr: "MatchOr", syntax.GeneratorExp: "GeneratorExp", syntax.Tuple: "Tuple", syntax.Starred: "Starred",
}
