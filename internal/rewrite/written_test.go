package rewrite

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"fastpath/internal/graph"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// The programs of TestWrittenPrograms are put together from pieces that a line "~"
// separates. In them F is the function, N and M are names that imports of the
// module bind, and A is a module.
var (
	//go:embed testdata/written/functions.txt
	functionPieces string
	//go:embed testdata/written/statements.txt
	statementPieces string // at module level
	//go:embed testdata/written/readers.txt
	readerPieces string // of the main module
	//go:embed testdata/written/library.txt
	libraryText string
	//go:embed testdata/written/main.txt
	mainText string
)

// reachers are what a gate cannot look behind: after one of these nothing of a
// module moves.
var reachers = regexp.MustCompile(`eval\(|exec\(|globals\(\)|vars\(|locals\(\)|sys\.modules|dir\(|_getframe|__globals__|__dict__|getmembers|getattr\(A, 'i'|@functools|@deco`)

// author puts programs together at random.
type author struct{ *rand.Rand }

func (a author) pick(from ...string) string { return from[a.IntN(len(from))] }

// piece takes one of the pieces, and mostly none that reaches for everything.
func (a author) piece(pieces string) string {
	list := strings.Split(strings.TrimSuffix(pieces, "\n"), "\n~\n")
	for {
		if p := a.pick(list...); !reachers.MatchString(p) || a.IntN(20) == 0 {
			return p
		}
	}
}

var pieceWord = regexp.MustCompile(`\w+`)

// fill puts names in place of those of a piece.
func fill(piece string, names map[string]string) string {
	return pieceWord.ReplaceAllStringFunc(piece, func(w string) string {
		if name, ok := names[w]; ok {
			return name
		}
		if rest, ok := strings.CutPrefix(w, "F_"); ok {
			return strings.ToLower(names["F"]) + rest
		}
		return w
	})
}

// module writes one of the modules a, b and c, and returns the names that its
// imports bind.
func (a author) module(name string, first []string) (text string, names []string) {
	var t strings.Builder
	if a.IntN(5) == 0 {
		t.WriteString("from __future__ import annotations\n")
	}
	t.WriteString("import contextlib, functools, inspect, sys\nimport lib0\nliba_ = lib0\n@contextlib.contextmanager\ndef ctx(): yield 1\ndef deco(f): return f\n")
	for k := range 2 + a.IntN(3) {
		n := fmt.Sprintf("i%d", k)
		form := a.pick("import %s", "from pk import one as %s", "import pk.two as %s", "from libb import K as %s", "from libc import f as %s, K as u",
			"try:\n    import libb as %s\nexcept ImportError:\n    pass", "import liba as %s", "import libb as %s  # b", "import libc as %s; z = 1")
		if form == "import %s" {
			n = a.pick("liba", "libb", "libc")
		}
		fmt.Fprintf(&t, form+"\n", n)
		names = append(names, n)
	}
	if len(first) > 0 && a.IntN(6) == 0 { // what module a imports
		fmt.Fprintf(&t, a.pick("from a import %s as w\n", "from a import *  # %s\n", "import a\ndef FA(*q): return a.%s.v\n", "import a\nx9 = a.%s\n"), a.pick(first...))
	}
	for k := range 3 + a.IntN(4) {
		words := map[string]string{"F": fmt.Sprintf("F%d", k), "N": a.pick(names...), "M": a.pick(names...)}
		t.WriteString(fill(a.piece(functionPieces), words) + "\n")
		if a.IntN(12) == 0 {
			t.WriteString(fill(a.piece(statementPieces), words) + "\n")
		}
	}
	return t.String(), names
}

// program returns the files of a program. Its main module calls all functions,
// does something else to the modules, and calls them again.
func (a author) program() map[string]string {
	files := map[string]string{"pk/__init__.py": ""}
	digit := regexp.MustCompile(`\d`)
	for k, file := range []string{"lib0", "liba", "libb", "libc", "pk/one", "pk/two"} {
		files[file+".py"] = digit.ReplaceAllString(libraryText, fmt.Sprintf("${0}%d", k))
	}
	names := map[string][]string{}
	for _, m := range []string{"a", "b", "c"} {
		files[m+".py"], names[m] = a.module(m, names["a"])
	}
	main, more := mainText, "def more():\n    pass\n"
	for range a.IntN(3) {
		m := a.pick("a", "b", "c")
		text := fill(a.piece(readerPieces), map[string]string{"A": m, "N": a.pick(names[m]...)})
		if strings.Contains(text, "import *") {
			main += text + "\n"
			continue
		}
		more += "    try:\n        " + strings.ReplaceAll(text, "\n", "\n        ") + "\n    except Exception as e: print(type(e).__name__)\n"
	}
	main += more + "def show_all():\n    pass\n"
	for _, m := range []string{"a", "b", "c"} {
		for k := range 7 {
			if strings.Contains(files[m+".py"], fmt.Sprintf("F%d", k)) {
				main += fmt.Sprintf("    print('%[1]s', %[2]d, call(lambda *q: %[1]s.F%[2]d(*q)))\n", m, k)
			}
		}
	}
	files["main.py"] = main + "if __name__ == '__main__':\n    show_all(); more(); show_all()\n"
	return files
}

// TestWrittenPrograms moves, or guards, everything that the gate allows in programs
// that use and reach for imported names in every way, and runs them before and after.
func TestWrittenPrograms(t *testing.T) {
	count := 60
	switch {
	case testing.Short():
		count = 10
	case oracle.Full():
		count = 300
	}
	for exe, version := range interpreters(t) {
		t.Run(fmt.Sprintf("%d.%d", version.Major, version.Minor), func(t *testing.T) {
			t.Parallel()
			moved := 0
			for seed := range count {
				a := author{rand.New(rand.NewPCG(uint64(version.Minor), uint64(seed)))}
				moved += moveWritten(t, exe, version, seed, a.program())
			}
			if moved < count {
				t.Errorf("only %d imports moved in %d programs", moved, count)
			}
		})
	}
}

// moveWritten moves what the gate allows in one program, and returns how many
// imports those were. Every third program gets guards only.
func moveWritten(t *testing.T, exe string, version syntax.Version, seed int, files map[string]string) int {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, files)
	output := func() (string, error) {
		cmd := exec.Command(exe, "-B", "-W", "ignore", "main.py")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	before, err := output()
	if err != nil {
		return 0 // such as a star import of a module that has deleted a name
	}
	prog := loadDir(t, dir, version)
	gate := NewGate(prog, GateOptions{Entries: []string{"main"}})
	var movable []*graph.Import
	for _, file := range []string{"a.py", "b.py", "c.py"} {
		for _, imp := range prog.File(file).Imports {
			if s := gate.Verdict(imp).Safety; imp.Scope == "module" && (s == auto || s == guard) {
				movable = append(movable, imp)
			}
		}
	}
	left := map[*graph.Import]bool{}
	for _, r := range gate.Joint(movable) {
		left[r.Import] = true
	}
	req := Request{Version: version}
	for _, imp := range movable {
		switch {
		case left[imp]:
		case gate.Verdict(imp).Safety == auto && seed%3 > 0:
			req.Moves = append(req.Moves, imp)
		case unguardable(prog, imp, nil) == "":
			req.Guards = append(req.Guards, imp)
		}
	}
	edits, refused := Plan(prog, req) // which may refuse what a class body looks for in the module
	if err := Write(dir, edits); err != nil {
		t.Fatal(err)
	}
	if after, err := output(); err != nil || after != before {
		t.Errorf("seed %d: %v\nbefore:\n%s\nafter:\n%s", seed, err, before, after)
		for _, m := range []string{"main.py", "a.py", "b.py", "c.py"} {
			t.Logf("%s:\n%s\nafter:\n%s", m, files[m], content(t, dir, m))
		}
	}
	return len(req.Moves) + len(req.Guards) - len(refused)
}
