package scope

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// author writes programs at random that bind and use a few names in every way.
type author struct {
	*rand.Rand
	minor int // of the Python version
	text  strings.Builder
	depth int // of the block
}

func (a *author) pick(from ...string) string { return from[a.IntN(len(from))] }

func (a *author) name() string {
	return a.pick("a", "a", "b", "b", "c", "x", a.private(), "__q__", "_", "f", "A", "B", "P", "Q", "R", "__class__", "super")
}

// target is what statements and comprehensions can bind.
func (a *author) target() string { return a.pick("a", "b", "c", "x", a.private(), "__q__", "_", "f") }

// bound is what statements can bind.
func (a *author) bound() string { return a.pick(a.target(), a.target(), a.target(), "A", "B") }

// private is a name that classes mangle. Releases of 3.12 and later have
// different opinions about those around type parameters.
func (a *author) private() string {
	if a.minor < 12 {
		return "__p"
	}
	return "c"
}

func (a *author) line(format string, args ...any) {
	fmt.Fprintf(&a.text, strings.Repeat(" ", a.depth)+format+"\n", args...)
}

// expr is an expression with up to n more in it.
func (a *author) expr(n int) string {
	if n <= 0 {
		return a.pick(a.name(), a.name(), a.name(), "1", "None", a.name()+"."+a.name())
	}
	e := func() string { return a.expr(n - 1 - a.IntN(2)) }
	switch a.IntN(15) {
	case 0:
		return fmt.Sprintf("(lambda %s: %s)", a.params(n-1, false), e())
	case 1:
		return fmt.Sprintf("[%s %s]", e(), a.clauses(n-1))
	case 2:
		return fmt.Sprintf("{%s %s}", e(), a.clauses(n-1))
	case 3:
		return fmt.Sprintf("{%s: %s %s}", e(), e(), a.clauses(n-1))
	case 4:
		return fmt.Sprintf("(%s %s)", e(), a.clauses(n-1))
	case 5, 6:
		return fmt.Sprintf("(%s := %s)", a.target(), e())
	case 7:
		return fmt.Sprintf("f'{%s}{%s!r:>{%s}}'", a.name(), a.name(), a.name())
	case 8:
		return fmt.Sprintf("%s(%s, *%s, x=%s)", a.name(), e(), a.name(), e())
	case 9:
		return fmt.Sprintf("%s[%s:%s]", a.name(), e(), e())
	case 10:
		return fmt.Sprintf("(%s if %s else %s)", e(), e(), e())
	case 11:
		return fmt.Sprintf("%s.%s", e(), a.name())
	case 12:
		return a.pick("(yield)", "(await a)", "(yield from b)", "super().a", "locals()")
	}
	return e() + " + " + e()
}

// annotation is an expression without scopes of its own, of names that no
// comprehension binds: those are inlined into others that Info does not tell
// apart.
func (a *author) annotation() string {
	name := a.pick("A", "A", "B", "P", "Q", "R", "list")
	return a.pick(name, name+"."+a.name(), name+"[A, 'a']", name+" | None", "'a'")
}

func (a *author) clauses(n int) string {
	var s []string
	for range 1 + a.IntN(2) {
		s = append(s, fmt.Sprintf("%sfor %s in %s", a.pick("", "", "", "async "), a.pick(a.target(), a.target(), "("+a.target()+", *"+a.target()+")"), a.expr(n)))
		if a.IntN(2) == 0 {
			s = append(s, "if "+a.expr(n))
		}
	}
	return strings.Join(s, " ")
}

func (a *author) params(n int, annotated bool) string {
	var s []string
	names := []string{"a", "b", "x", "_", "A", "self", a.private()}
	a.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	star, defaults := false, false
	for _, p := range names[:a.IntN(4)] {
		prefix := ""
		if !star && a.IntN(6) == 0 {
			prefix, star = "*", true
		}
		if annotated && a.IntN(3) == 0 {
			p += ": " + a.annotation()
		}
		if prefix == "" && (defaults && !star || a.IntN(3) == 0) {
			p, defaults = p+" = "+a.expr(n), true
		}
		s = append(s, prefix+p)
	}
	if a.IntN(6) == 0 {
		s = append(s, "**kw")
	}
	return strings.Join(s, ", ")
}

func (a *author) generic(n int) string {
	if a.minor < 12 || a.IntN(3) > 0 {
		return ""
	}
	return "[" + a.typeParams(n) + "]"
}

func (a *author) typeParams(n int) string {
	s := a.pick("P", "P: "+a.expr(n), "P, *Q", "Q, **R", "P: ("+a.expr(n)+", a), Q", "R")
	if a.minor >= 13 && a.IntN(3) == 0 {
		s = "P, Q = " + a.expr(n)
	}
	return s
}

func (a *author) block(n int) {
	a.depth++
	for range 1 + a.IntN(4) {
		a.statement(n)
	}
	a.depth--
}

// statement writes one statement with blocks n deep.
func (a *author) statement(n int) {
	k := a.IntN(34)
	if n <= 0 && k > 16 {
		k = a.IntN(17)
	}
	e := func() string { return a.expr(a.IntN(3)) }
	switch k {
	case 0, 1, 2:
		a.line("%s = %s", a.pick(a.bound(), a.bound(), a.target()+", "+a.target(), a.name()+".a", "a["+a.name()+"]"), e())
	case 3:
		a.line("%s: %s = %s", a.pick(a.target(), "("+a.target()+")", "a.b"), a.annotation(), e())
	case 4:
		a.line("%s: %s", a.pick(a.target(), "("+a.target()+")", "a["+a.name()+"]"), a.annotation())
	case 5:
		a.line("%s += %s", a.target(), e())
	case 6:
		a.line("del %s", a.pick(a.target(), "a."+a.name(), a.target()+", "+a.target()))
	case 7, 8:
		a.line("global %s", a.pick(a.bound(), a.bound(), "a, b"))
	case 9, 10:
		a.line("nonlocal %s", a.pick(a.bound(), a.bound(), "a, b", "__class__"))
	case 11:
		a.line("import %s", a.pick("a", "a.b", "a.b as c", "A as "+a.private(), "A", "a, b", "B.q", "a as "+a.private()))
	case 12:
		a.line("from m import %s", a.pick("a", "a as b", "(x, A as B)", "A", "b as "+a.private(), "A"))
	case 13, 14, 15:
		a.line("%s", e())
	case 16:
		a.line("%s %s", a.pick("return", "raise", "assert", "yield", "print"), "("+e()+")")
	case 17, 18, 19, 20, 21:
		if a.IntN(5) == 0 {
			a.line("@%s", a.expr(1))
		}
		returns := ""
		if a.IntN(4) == 0 {
			returns = " -> " + a.annotation()
		}
		a.line("%sdef %s%s(%s)%s:", a.pick("", "", "", "async "), a.bound(), a.generic(1), a.params(1, true), returns)
		a.block(n - 1)
	case 22, 23, 24, 25:
		bases := a.pick("", "("+a.expr(1)+")", "(a, x="+a.expr(1)+")")
		a.line("class %s%s%s:", a.bound(), a.generic(1), bases)
		a.block(n - 1)
	case 26:
		a.line("for %s in %s:", a.pick(a.target(), a.target()+", "+a.target(), "a.b"), e())
		a.block(n - 1)
	case 27:
		a.line("with %s as %s:", e(), a.pick(a.target(), "("+a.target()+", b)", "a[x]"))
		a.block(n - 1)
	case 28:
		a.line("try:")
		a.block(n - 1)
		a.line("except %s as %s:", e(), a.target())
		a.block(n - 1)
	case 29, 30:
		a.line("if %s:", e())
		a.block(n - 1)
		if a.IntN(2) == 0 {
			a.line("else:")
			a.block(n - 1)
		}
	case 31:
		a.line("while %s:", e())
		a.block(n - 1)
	case 32:
		if a.minor >= 10 {
			a.line("match %s:", e())
			a.depth++
			a.line("case %s:", a.pick("a", "[b, *c]", "{'k': x, **f}", "A(b, f=a)", "a.b | 1 as c", "(1 | 2) if "+a.name()))
			a.block(n - 1)
			a.depth--
		}
	case 33:
		if a.minor >= 12 {
			a.line("type %s%s = %s", a.target(), a.pick("", "["+a.typeParams(1)+"]"), e())
		}
	}
}

// TestWrittenPrograms compares all scopes and names of programs that are
// written at random with CPython's symbol table. Among more of them there are
// some in which the test does not know what symtable makes of an inlined
// comprehension.
func TestWrittenPrograms(t *testing.T) {
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		count := 1500
		switch {
		case oracle.Full():
			count = 3000
		case testing.Short():
			count = 200
		}
		dir := t.TempDir()
		var files []string
		for k := range count {
			a := &author{Rand: rand.New(rand.NewPCG(uint64(p.Minor), uint64(k))), minor: p.Minor}
			if a.IntN(4) == 0 {
				a.line("from __future__ import annotations")
			}
			for range 1 + a.IntN(4) {
				a.statement(3)
			}
			file := filepath.Join(dir, fmt.Sprintf("p%d.py", k))
			if err := os.WriteFile(file, []byte(a.text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
		compareTables(t, p, files, 0.2)
	})
}
