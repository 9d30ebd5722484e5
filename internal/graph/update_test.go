package graph

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/resolve"
)

// project copies packages of the standard library into a folder and returns the
// options to load it.
func project(t testing.TB, packages ...string) LoadOptions {
	t.Helper()
	i := findPython(t, oracle.One(t))
	o := LoadOptions{Root: t.TempDir(), ImportRoots: []string{"."}, Version: i.Version, Lean: true, ByName: true}
	for _, file := range sourcesBelow(t, i.Stdlib) {
		top, _, _ := strings.Cut(file, "/")
		if !slices.Contains(packages, strings.TrimSuffix(top, ".py")) || strings.Contains(file, "/test") {
			continue
		}
		src, err := os.ReadFile(filepath.Join(i.Stdlib, file))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(o.Root, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, src, 0o644); err != nil {
			t.Fatal(err)
		}
		o.Files = append(o.Files, file)
	}
	o.Resolver = resolve.New([]string{o.Root}, i)
	return o
}

// edit changes a text at random: it removes, repeats or moves lines, cuts the
// rest off, or writes other lines.
func edit(r *rand.Rand, src []byte) []byte {
	lines := bytes.SplitAfter(src, []byte("\n"))
	at := r.IntN(len(lines))
	to := min(len(lines), at+r.IntN(12))
	switch r.IntN(5) {
	case 0:
		return bytes.Join(slices.Delete(lines, at, to), nil)
	case 1:
		return bytes.Join(slices.Concat(lines[:to], lines[at:]), nil)
	case 2:
		return bytes.Join(slices.Concat(lines[at:to], lines[:at], lines[to:]), nil)
	case 3:
		return bytes.Join(lines[:at], nil)
	}
	written := []string{
		"import json.decoder\n", "from email import *\n", "from . import message as m\n", "from logging import getLogger\nlog = getLogger()\n",
		"def f():\n    import xml.dom\n    return xml.dom.Node\nf()\n", "__all__ = ['x']\n", "class A(B.C):\n    pass\n",
		"import email.message\nemail.message.re\n", "if x:\n", `"""`,
	}
	return bytes.Join(slices.Insert(lines, at, []byte(written[r.IntN(len(written))])), nil)
}

// TestUpdate edits files at random and compares the program with a new one.
func TestUpdate(t *testing.T) {
	o := project(t, "email", "json", "logging", "xml")
	p, err := Load(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	compared := 0
	for k := range 24 {
		file := o.Files[r.IntN(len(o.Files))]
		if k%8 == 7 {
			file = "email/new/" + string(rune('a'+k/8)) + ".py"
			o.Files = append(o.Files, file)
		}
		path := filepath.Join(o.Root, file)
		src, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			err = os.MkdirAll(filepath.Dir(path), 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
		src = edit(r, src)
		if err := os.WriteFile(path, src, 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err = p.Update(file, src); err != nil {
			t.Fatal(err)
		}
		want, err := Load(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		compared += samePrograms(t, p, want)
		if t.Failed() {
			t.Fatalf("edit %d, of %s", k, file)
		}
	}
	t.Logf("%d imports compared", compared)
	o.ByName = false
	if p, err = Load(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Update(o.Files[0], nil); err == nil {
		t.Error("a program that is followed by value was updated")
	}
}

// BenchmarkEdit measures one edited file in an open project of some hundred
// modules, also as a share of loading it all.
func BenchmarkEdit(b *testing.B) {
	o := project(b, "asyncio", "collections", "concurrent", "ctypes", "curses", "dbm", "email", "encodings", "html", "http", "importlib",
		"json", "logging", "multiprocessing", "sqlite3", "tomllib", "unittest", "urllib", "wsgiref", "xml", "xmlrpc", "zoneinfo")
	p, err := Load(context.Background(), o)
	if err != nil {
		b.Fatal(err)
	}
	file := "email/message.py"
	src, err := os.ReadFile(filepath.Join(o.Root, file))
	if err != nil {
		b.Fatal(err)
	}
	versions := [][]byte{src, append(bytes.Clone(src), "import email.utils\nemail.utils.parseaddr\n"...)}
	start := time.Now()
	const loads = 3
	for range loads {
		if _, err := Load(context.Background(), o); err != nil {
			b.Fatal(err)
		}
	}
	load := time.Since(start) / loads
	for k := 0; b.Loop(); k++ {
		if p, err = p.Update(file, versions[k%2]); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(p.Modules)), "modules")
	b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(load), "load/op")
}
