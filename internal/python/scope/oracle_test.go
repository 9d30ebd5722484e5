package scope

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// program answers each path with the symbol table of the file, or null where
// there is none: the scopes in preorder, with the flags of CPython's symtable.
// It answers an empty line with the meaning of the flags.
const program = `
import sys, json, re, _symtable, tokenize, io, warnings
warnings.simplefilter("ignore")
def dump(t):
    names = dict(t.symbols)
    children = []
    for c in t.children:
        if ".format" not in c.symbols or c.name != "__annotate__":
            children.append(dump(c))
            continue
        # From 3.14 on annotations have scopes of their own. Info books what is
        # in them where they stand, as older versions do.
        _, _, _, inner, below = dump(c)
        children += below
        for name, f in inner.items():
            names[name] = names[name] | f & USE if name in names else f
    return [t.type if isinstance(t.type, int) else str(t.type), t.name.strip("<>"), t.lineno, names, children]
USE = 16
# Some releases of 3.12 go on mangling private names after a class with type parameters:
# names outside of classes are spelled back.
def mangled():
    try:
        return "_A__x" in _symtable.symtable("class A[T]: pass\n__x = 1", "", "exec").symbols
    except SyntaxError:
        return False
MANGLED = mangled()
def spell(t, text):
    if MANGLED:
        respell(t, ["_" + name.lstrip("_") + "__" for name in re.findall(r"^class (\w+)\[", text, re.M)])
    return t
def respell(t, prefixes):
    for prefix in prefixes:
        for mangled in [n for n in t[3] if n.startswith(prefix)]:
            t[3]["__" + mangled[len(prefix):]] = t[3].pop(mangled)
    for c in t[4]:
        if "class" not in str(c[0]).lower() and c[0] != 1:
            respell(c, prefixes)
def answer(path):
    if not path:
        consts = {k: getattr(_symtable, k) for k in dir(_symtable) if k.isupper()}
        return {"shift": consts.get("SCOPE_OFF", 11), "consts": consts}
    try:
        with open(path, "rb") as f:
            data = f.read()
        enc = tokenize.detect_encoding(io.BytesIO(data).readline)[0]
        text = data.decode(enc).replace("\r\n", "\n").replace("\r", "\n")
        if text.startswith("\ufeff"):
            text = text[1:]
        return spell(dump(_symtable.symtable(text, path, "exec")), text)
    except Exception:
        return None
for line in sys.stdin:
    print(json.dumps(answer(line.rstrip("\n"))))
    sys.stdout.flush()
`

type answer struct {
	Shift  int
	Consts map[string]int
}

type table struct {
	kind     string
	name     string
	line     int
	names    map[string]int
	children []*table
}

func decode(t *testing.T, raw json.RawMessage) *table {
	t.Helper()
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil {
		t.Fatal(err)
	}
	tb := &table{kind: strings.Trim(string(parts[0]), `"`)}
	var children []json.RawMessage
	for k, target := range []any{&tb.name, &tb.line, &tb.names, &children} {
		if err := json.Unmarshal(parts[k+1], target); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range children {
		tb.children = append(tb.children, decode(t, c))
	}
	return tb
}

// compared are the flags that both sides have, by CPython's names.
var compared = map[string]flags{
	"DEF_GLOBAL": defGlobal, "DEF_LOCAL": defLocal, "DEF_PARAM": defParam, "DEF_NONLOCAL": defNonlocal,
	"USE": use, "DEF_IMPORT": defImport, "DEF_ANNOT": defAnnot,
}

// flagBits are the flags that the module _symtable does not export everywhere.
var flagBits = map[string]int{"DEF_GLOBAL": 1, "DEF_LOCAL": 2, "DEF_PARAM": 4, "DEF_NONLOCAL": 8, "USE": 16, "DEF_IMPORT": 128, "DEF_ANNOT": 256}

// implicit are names that CPython adds to scopes by itself.
func implicit(name string) bool {
	switch name {
	case "__class__", "__classdict__", "__type_params__", "__static_attributes__", "__firstlineno__", "__conditional_annotations__":
		return true
	}
	return strings.HasPrefix(name, ".")
}

// ours builds the table that CPython would have for a scope.
func (c *comparison) ours(s ScopeID) (names map[string]string, children []ScopeID) {
	i := c.info
	names = map[string]string{}
	for _, k := range c.symbols[s] {
		sym := i.symbols[k]
		if f := sym.flags &^ (defTypeParam | defByGlobal); f != 0 && !implicit(i.names.of(sym.name)) {
			names[i.names.of(sym.name)] = describe(f, i.class(sym))
		}
	}
	return names, slices.Clone(c.children[s])
}

// class is what a name turns out to be in a scope.
type class uint8

const (
	local class = iota
	globalExplicit
	globalImplicit
	free
)

// class returns what a symbol is by its place, as symtable has it.
func (i *Info) class(s symbol) class {
	switch holder := i.holder(s.scope, s.name); {
	case s.flags&defGlobal != 0:
		return globalExplicit
	case s.flags.local():
		return local
	case holder != 0:
		return free
	}
	return globalImplicit
}

func describe(f flags, c class) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(compared)) {
		if f&compared[name] != 0 {
			parts = append(parts, name)
		}
	}
	return strings.Join(parts, "|") + " " + [...]string{"local", "global", "implicit", "free"}[c]
}

// theirs is the same from CPython's table.
func theirs(tb *table, a *answer) map[string]string {
	names := map[string]string{}
	for name, v := range tb.names {
		if implicit(name) {
			continue
		}
		var f flags
		for n, bit := range flagBits {
			if b, ok := a.Consts[n]; ok {
				bit = b
			}
			if v&bit != 0 {
				f |= compared[n]
			}
		}
		if f == 0 {
			continue // a free variable on its way to a nested scope
		}
		var c class
		switch scope := v >> a.Shift & 15; scope {
		case a.Consts["LOCAL"], a.Consts["CELL"]:
			c = local
		case a.Consts["GLOBAL_EXPLICIT"]:
			c = globalExplicit
		case a.Consts["GLOBAL_IMPLICIT"]:
			c = globalImplicit
		case a.Consts["FREE"]:
			c = free
		default:
			c = class(99)
		}
		names[name] = describe(f, min(c, free))
	}
	return names
}

// comparison compares the tables of one file.
type comparison struct {
	info      *Info
	symbols   [][]symbolID // by scope
	children  [][]ScopeID  // by scope
	answer    *answer
	inlines   bool // comprehensions put their names into the scope around (3.12)
	passesUse bool // names that such a comprehension uses count as used around it (3.14)
	diffs     []string
}

func newComparison(i *Info, a *answer, minor int) *comparison {
	c := &comparison{info: i, answer: a, inlines: minor >= 12, passesUse: minor >= 14}
	c.symbols, c.children = make([][]symbolID, len(i.Scopes)), make([][]ScopeID, len(i.Scopes))
	for k := 1; k < len(i.symbols); k++ {
		s := i.symbols[k].scope
		c.symbols[s] = append(c.symbols[s], symbolID(k))
	}
	for s := 1; s < len(i.Scopes); s++ {
		p := i.Scopes[s].Parent
		if minor >= 10 && i.FutureAnnotations && inAnnotation(i.File, i.Scopes[s].Node, i.Scopes[p].Node) {
			continue // kept as text: CPython has scopes for it, and does not list them
		}
		c.children[p] = append(c.children[p], ScopeID(s))
	}
	return c
}

// inAnnotation reports whether n stands in an annotation below the node around.
func inAnnotation(f *syntax.File, n, around syntax.NodeID) bool {
	for ; n != around && n != syntax.None; n = f.Parent(n) {
		if k := f.Kind(n); k == syntax.Annotation || k == syntax.Returns {
			return true
		}
	}
	return false
}

func (c *comparison) scope(tb *table, s ScopeID) {
	i := c.info
	got, children := c.ours(s)
	want := theirs(tb, c.answer)
	if c.inlines {
		children = c.inline(children, want, got)
	}
	if c.seesClass(s) {
		// What the class around declares global is so in here, too, which makes no
		// difference.
		for name, v := range want {
			want[name] = strings.Replace(v, " global", " implicit", 1)
		}
		for name, v := range got {
			got[name] = strings.Replace(v, " global", " implicit", 1)
		}
	}
	where := fmt.Sprintf("scope %s line %d", tb.name, tb.line)
	for _, name := range slices.Sorted(maps.Keys(want)) {
		if got[name] != want[name] {
			c.diffs = append(c.diffs, fmt.Sprintf("%s: %s is %q, symtable says %q", where, name, got[name], want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			c.diffs = append(c.diffs, fmt.Sprintf("%s: %s is %q, symtable does not have it", where, name, got[name]))
		}
	}
	if len(children) != len(tb.children) {
		c.diffs = append(c.diffs, fmt.Sprintf("%s: %d scopes inside, symtable says %d", where, len(children), len(tb.children)))
		return
	}
	// Both sides sort by place: CPython visits decorators and defaults in an
	// order of its own.
	theirsSorted := slices.Clone(tb.children)
	sort.SliceStable(theirsSorted, func(a, b int) bool { return theirsSorted[a].line < theirsSorted[b].line })
	line := func(s ScopeID) int {
		l, _ := i.File.Position(i.File.Node(i.Scopes[s].Node).Start)
		n := i.Scopes[s].Node
		if k := i.File.Kind(n); k == syntax.FunctionDef || k == syntax.ClassDef {
			for ch := range i.File.Children(n) {
				if i.File.Kind(ch) == syntax.Decorator {
					continue
				}
				l, _ = i.File.Position(i.File.Node(ch).Start)
				break
			}
		}
		return l
	}
	sort.SliceStable(children, func(a, b int) bool { return line(children[a]) < line(children[b]) })
	used := make([]bool, len(theirsSorted))
	for _, ch := range children {
		best := -1
		for k, t := range theirsSorted {
			if !used[k] && t.name == c.nameOf(ch) && c.fits(t, ch) {
				best = k
				break
			}
		}
		if best < 0 {
			for k, t := range theirsSorted {
				if !used[k] && t.name == c.nameOf(ch) {
					best = k
					break
				}
			}
		}
		if best < 0 {
			c.diffs = append(c.diffs, fmt.Sprintf("%s: symtable has no scope %s in line %d", where, c.nameOf(ch), line(ch)))
			continue
		}
		used[best] = true
		c.scope(theirsSorted[best], ch)
	}
}

// fits reports whether a scope equals a table, to pair those of one name.
func (c *comparison) fits(t *table, s ScopeID) bool {
	sub := *c
	sub.diffs = nil
	sub.scope(t, s)
	return len(sub.diffs) == 0
}

// inline drops from want what symtable copied out of inlined comprehensions,
// and returns the scopes inside as symtable then lists them.
func (c *comparison) inline(children []ScopeID, want, got map[string]string) []ScopeID {
	all := maps.Clone(got)
	out := c.absorb(children, all)
	for name, v := range all {
		if _, ok := got[name]; ok {
			got[name] = v
		} else {
			delete(want, name)
		}
	}
	return out
}

// absorb copies the names of inlined comprehensions into those of the scope
// around, the innermost first, and returns the scopes that are left inside.
func (c *comparison) absorb(children []ScopeID, into map[string]string) []ScopeID {
	var out []ScopeID
	for _, ch := range children {
		k := c.info.Scopes[ch]
		if k.Kind != ComprehensionScope || c.info.File.Kind(k.Node) == syntax.GeneratorExp || c.seesClass(k.Parent) {
			out = append(out, ch)
			continue
		}
		inner, below := c.ours(ch)
		out = append(out, c.absorb(below, inner)...)
		for name, v := range inner {
			if mine, ok := into[name]; !ok {
				into[name] = v
			} else if c.passesUse && strings.HasSuffix(v, "USE free") && !strings.Contains(mine, "USE") {
				into[name] = strings.Replace(mine, " ", "|USE ", 1)
			}
		}
	}
	return out
}

// seesClass reports whether a scope is an annotation scope in a class body.
func (c *comparison) seesClass(s ScopeID) bool {
	in := false
	for ; c.info.Scopes[s].Kind == AnnotationScope; s = c.info.Scopes[s].Parent {
		in = true
	}
	return in && c.info.Scopes[s].Kind == ClassScope
}

func (c *comparison) nameOf(s ScopeID) string {
	f, n := c.info.File, c.info.Scopes[s].Node
	switch f.Kind(n) {
	case syntax.FunctionDef, syntax.ClassDef:
		return spelled([]byte(f.Text(f.Child(n, syntax.Ident))))
	case syntax.Lambda:
		return "lambda"
	case syntax.ListComp:
		return "listcomp"
	case syntax.SetComp:
		return "setcomp"
	case syntax.DictComp:
		return "dictcomp"
	case syntax.GeneratorExp:
		return "genexpr"
	case syntax.TypeParams:
		return spelled([]byte(f.Text(f.Child(f.Parent(n), syntax.Ident)) + typeAliasName(f, f.Parent(n))))
	case syntax.TypeParam:
		return f.Text(f.Child(n, syntax.Ident))
	case syntax.Default:
		return f.Text(f.Child(f.Parent(n), syntax.Ident))
	case syntax.TypeAlias:
		return f.Text(f.First(n))
	}
	return "?"
}

func typeAliasName(f *syntax.File, n syntax.NodeID) string {
	if f.Kind(n) == syntax.TypeAlias {
		return f.Text(f.First(n))
	}
	return ""
}

// library returns the folder of an interpreter's standard library.
func library(t testing.TB, python string) string {
	t.Helper()
	out, err := exec.Command(python, "-S", "-c", "import os; print(os.path.dirname(os.__file__))").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// pythonFiles lists the .py files below a folder, every step-th of them.
func pythonFiles(dir string, step int) []string {
	var files []string
	_ = filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if d.IsDir() && (d.Name() == "site-packages" || d.Name() == "__pycache__" || d.Name() == "dist-packages") {
			return fs.SkipDir
		}
		if strings.HasSuffix(p, ".py") {
			files = append(files, p)
		}
		return nil
	})
	var out []string
	for k := 0; k < len(files); k += step {
		out = append(out, files[k])
	}
	return out
}

// TestAgainstSymtable compares all scopes and names of the standard library
// with CPython's symbol table. FASTPATH_ORACLE_FULL=1 takes every file.
func TestAgainstSymtable(t *testing.T) {
	step := 20
	if oracle.Full() || oracle.Required() {
		step = 1
	}
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		compareTables(t, p, pythonFiles(library(t, p.Path), step), 0.5)
	})
}

// TestCorpus is TestAgainstSymtable for the files of the corpus.
func TestCorpus(t *testing.T) {
	oracle.Corpus(t)
	oracle.Each(t, func(t *testing.T, p oracle.Python) { compareTables(t, p, oracle.CorpusFiles(t, p), 0.5) })
}

// compareTables compares the scopes of files with those of an interpreter,
// which must be able to read a share of least.
func compareTables(t *testing.T, p oracle.Python, files []string, least float64) {
	v := syntax.Version{Major: 3, Minor: p.Minor}
	var a answer
	var parser syntax.Parser
	var analyzer Analyzer
	read, wrong, scopes := 0, 0, 0
	oracle.Lines(t, p, program, append([]string{""}, files...), func(n int, line string) {
		if n == 0 {
			if err := json.Unmarshal([]byte(line), &a); err != nil {
				t.Fatal(err)
			}
			return
		}
		if line == "null" {
			return
		}
		read++
		file := files[n-1]
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		info := analyzer.Analyze(parser.Parse(src, v), v)
		scopes += len(info.Scopes)
		c := newComparison(info, &a, p.Minor)
		c.scope(decode(t, json.RawMessage(line)), 0)
		if len(c.diffs) == 0 {
			return
		}
		if wrong++; wrong <= 10 {
			t.Errorf("%s: %d differences\n  %s", file, len(c.diffs), strings.Join(c.diffs[:min(3, len(c.diffs))], "\n  "))
		}
	})
	if float64(read) < least*float64(len(files)) {
		t.Errorf("%s could read %d of %d files", p.Path, read, len(files))
	}
	t.Logf("%d files, %d of them with tables; %d scopes compared, %d files differ", len(files), read, scopes, wrong)
}
