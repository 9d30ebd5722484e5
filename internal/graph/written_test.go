package graph

import (
	_ "embed"
	"fmt"
	"math/rand/v2"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/testtree"
)

// The packages of TestWrittenPackages run functions and methods while they are
// imported in all ways that the triggers list, separated by lines "~". In them F is a
// function, C a class, M another module of the package P, and N a new name.
var (
	//go:embed testdata/written/triggers.txt
	triggerPieces string
	//go:embed testdata/written/library.txt
	writtenLibrary string
)

// dunders are the methods that classes of these packages may have.
var dunders = strings.Fields(`init call getattr setattr add radd eq lt hash bool len iter contains getitem setitem delitem enter exit str repr format del
	init_subclass set_name class_getitem get index int neg new dir reduce_ex missing ror iadd mro_entries getattribute instancecheck prepare fspath copy bytes
	abs round delattr set`)

// author writes the modules of a package at random.
type author struct {
	*rand.Rand
	pkg                string
	text               strings.Builder
	imports            []string // names that imports bind
	functions, classes []string // of the module
	number             int      // for new names
}

func (a *author) pick(from ...string) string { return from[a.IntN(len(from))] }

func (a *author) fresh(prefix string) string {
	a.number++
	return fmt.Sprintf("%s%d", prefix, a.number)
}

// body writes what a function does: mostly it uses an import.
func (a *author) body(indent string) {
	name := a.pick(a.imports...)
	use := fill(a.pick("return I", "return I.v", "I()", "x = I", "return lib.f(I)", "print(I, file=io.StringIO())",
		"return [y for y in [1] if I]", "return (lambda: I)()", "return lambda: I"), map[string]string{"I": name})
	lines := []string{use}
	switch k := a.IntN(12); {
	case k == 0 && len(a.functions) > 0:
		lines = []string{"return " + a.pick(a.functions...) + a.pick("", "()")}
	case k == 1:
		lines = []string{"def i(*a):", "    " + use, "return i" + a.pick("", "()")}
	case k == 2:
		lines = []string{"try:", "    " + use, "finally:", "    pass"}
	case k == 3:
		lines = []string{"if " + a.pick("a", "not lib.v", "lib.v", "0", "1") + ":", "    " + use}
	}
	for _, line := range lines {
		a.text.WriteString(indent + line + "\n")
	}
}

// define writes a function or a class.
func (a *author) define() {
	if a.IntN(2) == 0 || len(a.functions) == 0 {
		name := a.fresh("f")
		switch a.IntN(10) {
		case 0:
			fmt.Fprintf(&a.text, "%s = lambda *a, **k: %s\n", name, a.pick(a.imports...))
		case 1:
			fmt.Fprintf(&a.text, "async def %s(*a, **k):\n", name)
			a.body("    ")
		case 2:
			fmt.Fprintf(&a.text, "def %s(*a, **k):\n    yield 1\n", name)
			a.body("    ")
		case 3:
			fmt.Fprintf(&a.text, "@%s\ndef %s(*a, **k):\n", a.pick(append(a.functions, "lib.deco", "lib.wrap", "functools.lru_cache(None)", "contextlib.contextmanager")...), name)
			a.body("    ")
		default:
			fmt.Fprintf(&a.text, "def %s(*a, **k):\n", name)
			a.body("    ")
		}
		a.functions = append(a.functions, name)
		return
	}
	name := a.fresh("c")
	base := a.pick(append(a.classes, "object", "object", "object", "lib.Base", "lib.K", "dict", "list", "type", "str", "Exception", "int")...)
	fmt.Fprintf(&a.text, "class %s(%s):\n", name, base)
	for range 1 + a.IntN(3) {
		head := a.pick("def m(self, *a):", "@property\n    def p(self, *a):", "@staticmethod\n    def s(*a):", "@classmethod\n    def k(cls, *a):",
			"def __"+a.pick(dunders...)+"__(self, *a, **k):", "def __"+a.pick(dunders...)+"__(self, *a, **k):", "def __"+a.pick(dunders...)+"__(self, *a, **k):")
		fmt.Fprintf(&a.text, "    %s\n", head)
		a.body("        ")
	}
	a.classes = append(a.classes, name)
}

var anyWord = regexp.MustCompile(`\w+`)

// fill puts names in place of those of a piece.
func fill(piece string, names map[string]string) string {
	return anyWord.ReplaceAllStringFunc(piece, func(w string) string {
		if to, ok := names[w]; ok {
			return to
		}
		return w
	})
}

// trigger runs something of the module, or of another one.
func (a *author) trigger(other *author, otherName string) {
	pieces := strings.Split(strings.TrimSuffix(triggerPieces, "\n"), "\n~\n")
	piece := a.pick(pieces...)
	from := a
	if regexp.MustCompile(`\bM\b`).MatchString(piece) {
		if other == nil {
			return
		}
		from = other
	}
	if len(from.functions) == 0 || len(from.classes) == 0 {
		return
	}
	name := a.fresh("n")
	names := map[string]string{
		"F": from.pick(from.functions...), "C": from.pick(from.classes...), "M": otherName, "P": a.pkg, "N": name, "N2": name + "x",
	}
	piece = fill(piece, names)
	indented := func(by string) string { return by + strings.ReplaceAll(piece, "\n", "\n"+by) + "\n" }
	if a.IntN(4) == 0 && !strings.Contains(piece, "import *") {
		fmt.Fprintf(&a.text, "def t%s():\n    try:\n%s    except Exception: pass\nt%[1]s()\n", name, indented("        "))
		return
	}
	fmt.Fprintf(&a.text, "try:\n%sexcept Exception: pass\n", indented("    "))
}

// module writes one module; other is one that it may import.
func (a *author) module(other *author, otherName string) string {
	if a.IntN(4) == 0 {
		a.text.WriteString("from __future__ import annotations\n")
	}
	a.text.WriteString("import abc, asyncio, atexit, bisect, collections, contextlib, copy, dataclasses, enum, functools, gc, heapq, importlib, inspect, io, " +
		"itertools, json, operator, os, pickle, re, signal, string, sys, textwrap, threading, types, typing, warnings, weakref\nfrom . import lib\nE = KeyError\n")
	for k := range 2 + a.IntN(4) {
		name := fmt.Sprintf("i%d", k)
		a.imports = append(a.imports, name)
		switch a.IntN(4) {
		case 0:
			fmt.Fprintf(&a.text, "from . import lib as %s\n", name)
		case 1:
			fmt.Fprintf(&a.text, "import %s.lib as %s\n", a.pkg, name)
		default:
			fmt.Fprintf(&a.text, "from .lib import %s as %s\n", a.pick("K", "f", "v", "call", "deco", "Base"), name)
		}
	}
	for range 4 + a.IntN(5) {
		a.define()
		if a.IntN(3) == 0 {
			a.trigger(other, otherName)
		}
	}
	a.trigger(other, otherName)
	return a.text.String()
}

// TestWrittenPackages holds about packages that are written at random what
// TestTraps holds about real ones: they run functions while they are imported in
// ways that real ones seldom do.
func TestWrittenPackages(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the trapper forks")
	}
	rounds, pythons := 1, []oracle.Python{oracle.One(t)}
	if oracle.Full() {
		rounds, pythons = 5, oracle.Pythons(t)
	}
	for k := range rounds * len(pythons) {
		p, round := pythons[k%len(pythons)], k/len(pythons)
		t.Run(fmt.Sprintf("%s %d", p.Name(), round), func(t *testing.T) {
			const count = 60 // 300 modules: beyond 600 they are followed by name
			root, texts := t.TempDir(), map[string]string{}
			var files []string
			var groups [][]string
			for k := range count {
				pkg := fmt.Sprintf("p%d", k)
				group := []string{pkg + "/__init__.py", pkg + "/lib.py"}
				texts[group[0]], texts[group[1]] = "", writtenLibrary
				r := rand.New(rand.NewPCG(uint64(p.Minor), uint64(round*count+k)))
				var other *author
				otherName := ""
				for _, name := range []string{"a", "b", "c"} {
					a := &author{Rand: r, pkg: pkg}
					file := pkg + "/" + name + ".py"
					texts[file] = a.module(other, otherName)
					group = append(group, file)
					other, otherName = a, name
				}
				files, groups = append(files, group...), append(groups, group)
			}
			testtree.Write(t, root, texts)
			w := &trapping{python: findPython(t, p), root: root, alone: true}
			w.add(t, files, groups...)
			w.run(t)
		})
	}
}
