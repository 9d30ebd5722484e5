package rewrite

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"fastpath/internal/plan"
	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// interpreters returns the Pythons that run the generated programs: 3.9, 3.13
// and the newest, or all.
func interpreters(t *testing.T) map[string]syntax.Version {
	t.Helper()
	out := map[string]syntax.Version{}
	pythons := oracle.Pythons(t)
	newest := pythons[len(pythons)-1].Minor
	for _, p := range pythons {
		if p.Minor == 9 || p.Minor == 13 || p.Minor == newest || oracle.Full() {
			out[p.Path] = syntax.Version{Major: 3, Minor: p.Minor}
		}
	}
	return out
}

// generator writes a program of modules and functions that use imports in all
// kinds of places.
type generator struct {
	r *rand.Rand
	b strings.Builder
}

func (g *generator) line(indent int, format string, args ...any) {
	g.b.WriteString(strings.Repeat("    ", indent))
	fmt.Fprintf(&g.b, format, args...)
	g.b.WriteByte('\n')
}

// use is an expression that uses a library's name.
func (g *generator) use(lib string) string {
	return [...]string{
		lib + ".value(%d)", "sum([" + lib + ".value(i) for i in range(%d)])", "(lambda v: " + lib + ".value(v))(%d)",
		"f'{" + lib + ".value(%d)}'", lib + ".Thing(%d).get()",
	}[g.r.IntN(5)]
}

func (g *generator) body(lib string, indent, depth int) {
	n := g.r.IntN(9)
	use := fmt.Sprintf(g.use(lib), g.r.IntN(9))
	switch n {
	case 0:
		g.line(indent, "if a %% 2:")
		g.inner(lib, indent+1, depth, use)
		g.line(indent, "elif a %% 3:")
		g.line(indent+1, "out.append(str(%s))", use)
		g.line(indent, "else:")
		g.line(indent+1, "out.append('-')")
	case 1:
		g.line(indent, "for i in range(a):")
		g.inner(lib, indent+1, depth, use)
		if g.r.IntN(2) == 0 {
			g.line(indent, "else:")
			g.line(indent+1, "out.append(str(%s))", use)
		}
	case 2:
		g.line(indent, "try:")
		g.inner(lib, indent+1, depth, use)
		g.line(indent, "except %s.Error as e:", lib)
		g.line(indent+1, "out.append(str(e))")
		g.line(indent, "finally:")
		g.line(indent+1, "out.append('f')")
	case 3:
		g.line(indent, "with ctx() as c:")
		g.inner(lib, indent+1, depth, use)
	case 4:
		g.line(indent, "def inner%d(b):", depth)
		g.line(indent+1, "return str(%s) + str(b)", use)
		g.line(indent, "out.append(inner%d(a))", depth)
	case 5:
		g.line(indent, "while a > 5:")
		g.line(indent+1, "a -= 1")
		g.inner(lib, indent+1, depth, use)
	case 6:
		g.line(indent, "class Local%d:", depth)
		g.line(indent+1, "kind = str(%s)", use)
		g.line(indent+1, "def run(self): return %s", use)
		g.line(indent, "out.append(Local%d.kind + str(Local%d().run()))", depth, depth)
	case 7:
		g.line(indent, "if a: out.append(str(%s)); out.append('x')", use)
	default:
		g.line(indent, "out.append(str(%s))", use)
	}
}

func (g *generator) inner(lib string, indent, depth int, use string) {
	if depth < 3 && g.r.IntN(2) == 0 {
		g.body(lib, indent, depth+1)
		return
	}
	g.line(indent, "out.append(str(%s))", use)
}

// program returns the files; main.py prints what all functions return.
func (g *generator) program() map[string]string {
	files := map[string]string{}
	libs := []string{"liba", "libb", "libc", "libd"}
	for _, lib := range libs {
		files[lib+".py"] = fmt.Sprintf("class Error(Exception):\n    pass\n\n\ndef value(n):\n    if n == 7:\n        raise Error(%q)\n    return n * %d\n\n\n"+
			"class Thing:\n    def __init__(self, n):\n        self.n = n\n\n    def get(self):\n        return self.n\n", lib, len(lib)+g.r.IntN(9))
	}
	g.b.Reset()
	g.line(0, "\"\"\"Generated.\"\"\"")
	form := map[string]string{}
	for _, lib := range libs {
		form[lib] = lib
		switch g.r.IntN(4) {
		case 0:
			g.line(0, "import %s as %s_alias", lib, lib)
			form[lib] = lib + "_alias"
		case 1:
			g.line(0, "import %s, contextlib", lib)
		default:
			g.line(0, "import %s  # heavy", lib)
		}
	}
	g.line(0, "import contextlib")
	g.line(0, "\n\n@contextlib.contextmanager\ndef ctx():\n    yield 1\n")
	for i := range 4 {
		method := g.r.IntN(6) == 0 && i > 0
		if method {
			g.line(0, "\nclass C%d:", i)
			g.line(1, "@staticmethod")
			g.line(1, "def run(a):")
			g.line(2, "out = []")
			for range 1 + g.r.IntN(3) {
				g.body(form[libs[g.r.IntN(len(libs))]], 2, 0)
			}
			g.line(2, "return out")
			g.line(0, "\n\nf%d = C%d.run", i, i)
			continue
		}
		g.line(0, "\ndef f%d(a):", i)
		if g.r.IntN(2) == 0 {
			g.line(1, "\"\"\"Doc.\"\"\"")
		}
		g.line(1, "out = []")
		for range 1 + g.r.IntN(4) {
			g.body(form[libs[g.r.IntN(len(libs))]], 1, 0)
		}
		g.line(1, "return out")
	}
	files["m.py"] = g.b.String()
	files["main.py"] = "import m\n\n\ndef main():\n    for f in (m.f0, m.f1, m.f2, m.f3):\n        for a in range(9):\n            try:\n                print(f(a))\n            except Exception as e:\n                print(type(e).__name__, e)\n\n\nif __name__ == \"__main__\":\n    main()\n"
	return files
}

func run(t *testing.T, exe, dir string, args ...string) string {
	t.Helper()
	cmd := exec.Command(exe, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1", "PYTHONHASHSEED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", exe, args, err, out)
	}
	return string(out)
}

// TestExecute moves what the gate calls safe in generated programs and runs
// them before and after.
func TestExecute(t *testing.T) {
	programs := 12
	if testing.Short() {
		programs = 3
	}
	for exe, version := range interpreters(t) {
		moved := 0
		for seed := range programs {
			g := &generator{r: rand.New(rand.NewPCG(uint64(seed), 1))}
			files := g.program()
			dir := t.TempDir()
			writeFiles(t, dir, files)
			prog := loadDir(t, dir, version)
			gate := NewGate(prog, GateOptions{Entries: []string{"main"}})
			req := Request{Version: version}
			for _, imp := range prog.File("m.py").Imports {
				if strings.HasPrefix(imp.Base, "lib") && imp.Scope == "module" && gate.Verdict(imp).Safety == plan.SafetyAuto {
					req.Moves = append(req.Moves, imp)
				}
			}
			edits, refused := Plan(prog, req)
			if len(refused) > 0 {
				t.Fatalf("seed %d: %+v\n%s", seed, refused, files["m.py"])
			}
			moved += len(req.Moves)
			before := run(t, exe, dir, "main.py")
			if err := Write(dir, edits); err != nil {
				t.Fatal(err)
			}
			after := run(t, exe, dir, "main.py")
			if before != after {
				t.Fatalf("seed %d, %v:\n%s\nbefore:\n%s\nafter:\n%s\n%s", seed, version, files["m.py"], before, after, content(t, dir, "m.py"))
			}
			if loaded := run(t, exe, dir, "-c", "import sys, main; print([m for m in sys.modules if m.startswith('lib') and len(m) == 4])"); len(req.Moves) == 4 && strings.TrimSpace(loaded) != "[]" {
				t.Errorf("seed %d: still loaded at import: %s", seed, loaded)
			}
			if !edits.Empty() {
				if _, err := Undo(dir, false); err != nil {
					t.Fatal(err)
				}
			}
			for name, text := range files {
				if !bytes.Equal([]byte(text), []byte(content(t, dir, name))) {
					t.Errorf("seed %d: undo did not restore %s", seed, name)
				}
			}
		}
		if moved < programs {
			t.Errorf("%v: only %d imports were moved in %d programs", version, moved, programs)
		}
	}
}
