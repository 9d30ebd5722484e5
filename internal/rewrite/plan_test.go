package rewrite

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"fastpath/internal/graph"
	"fastpath/internal/python/syntax"
)

var update = flag.Bool("update", false, "rewrite the expected files in testdata")

var testVersion = syntax.Version{Major: 3, Minor: 12}

func moves(imps ...*graph.Import) []*graph.Import { return imps }

func requestOf(imps ...*graph.Import) Request {
	return Request{Moves: imps, Version: testVersion}
}

// TestPlan runs the fixtures: each archive holds a program, and in its comment
// what is asked for, one a line:
//
//	move FILE:NAME…          import to function level
//	guard FILE:NAME…         import that becomes a guarded one
//	lazy FILE:NAME…          import that becomes lazy (Python 3.15)
//	list FILE:NAME…          import whose module is listed as lazy (Python 3.15)
//	remove FILE:NAME…        import that goes
//	enter MODULE FILE:NAME…  imports that leave for the fast path file MODULE
//	enter-by-name MODULE FILE:NAME…
//	fast-path FILE           FILE is a fast path file
//	rendered FILE            FILE is written by the caller
//	crlf, tabs, bom          the program has them
//
// The files under want/ are the result; refusals are the file "refused".
func TestPlan(t *testing.T) {
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			want := map[string]string{}
			for _, f := range a.Files {
				if name, ok := strings.CutPrefix(f.Name, "want/"); ok {
					want[name] = string(f.Data)
				} else if f.Name == "refused" {
					want[f.Name] = string(f.Data)
				} else {
					files[f.Name] = string(f.Data)
				}
			}
			encode := func(s string) string { return s }
			for _, line := range strings.Split(string(a.Comment), "\n") {
				switch line {
				case "crlf":
					inner := encode
					encode = func(s string) string { return strings.ReplaceAll(inner(s), "\n", "\r\n") }
				case "tabs":
					inner := encode
					encode = func(s string) string { return strings.ReplaceAll(inner(s), "    ", "\t") }
				case "bom":
					inner := encode
					encode = func(s string) string { return "\ufeff" + inner(s) }
				}
			}
			for name, text := range files {
				files[name] = encode(text)
			}
			version := testVersion
			if words := strings.Fields(string(a.Comment)); slices.Contains(words, "lazy") || slices.Contains(words, "list") {
				version = FirstLazy
			}
			prog := loadFor(t, files, version)
			edits, refused := Plan(prog, parseRequest(t, prog, string(a.Comment)))
			got := map[string]string{}
			for _, f := range edits.Files {
				if string(f.Old) != files[f.File] {
					t.Errorf("%s: Old is not what was on disk", f.File)
				}
				got[f.File] = string(f.New)
			}
			var lines []string
			for _, r := range refused {
				binds := ""
				if r.Import != nil {
					binds = " " + r.Import.Binds
				}
				lines = append(lines, fmt.Sprintf("%s:%d%s: %s\n", r.File, r.Line, binds, r.Cause))
			}
			if len(lines) > 0 {
				got["refused"] = strings.Join(lines, "")
			}
			if *update {
				updateArchive(t, path, a, files, got, encode)
				return
			}
			for name, text := range want {
				if name != "refused" {
					text = encode(text)
				}
				if got[name] != text {
					t.Errorf("%s:\n%s\nwant:\n%s", name, got[name], text)
				}
			}
			for name := range got {
				if _, ok := want[name]; !ok {
					t.Errorf("%s was changed unexpectedly:\n%s", name, got[name])
				}
			}
		})
	}
}

func updateArchive(t *testing.T, path string, a *txtar.Archive, files, got map[string]string, encode func(string) string) {
	t.Helper()
	out := &txtar.Archive{Comment: a.Comment}
	for _, f := range a.Files {
		if _, ok := files[f.Name]; ok {
			out.Files = append(out.Files, f)
		}
	}
	var names []string
	for name := range got {
		names = append(names, name)
	}
	sort.Strings(names)
	probe := encode("\n    ")
	for _, name := range names {
		text := got[name]
		text = strings.TrimPrefix(text, "\ufeff")
		if strings.Contains(probe, "\r") {
			text = strings.ReplaceAll(text, "\r\n", "\n")
		}
		if strings.Contains(probe, "\t") {
			text = strings.ReplaceAll(text, "\t", "    ")
		}
		if name != "refused" {
			name = "want/" + name
		}
		out.Files = append(out.Files, txtar.File{Name: name, Data: []byte(text)})
	}
	if err := os.WriteFile(path, txtar.Format(out), 0o644); err != nil {
		t.Fatal(err)
	}
}

func parseRequest(t *testing.T, prog *graph.Program, comment string) Request {
	t.Helper()
	req := Request{Version: testVersion, FastPath: map[string]bool{}, Rendered: map[string]bool{}}
	named := func(words []string) []*graph.Import {
		var out []*graph.Import
		for _, w := range words {
			file, name, _ := strings.Cut(w, ":")
			out = append(out, find(t, prog, file, name))
		}
		return out
	}
	for _, line := range strings.Split(comment, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		switch words[0] {
		case "move":
			req.Moves = append(req.Moves, named(words[1:])...)
		case "guard":
			req.Guards = append(req.Guards, named(words[1:])...)
		case "lazy":
			req.Lazy, req.Version = append(req.Lazy, named(words[1:])...), FirstLazy
		case "list":
			req.Listed, req.Version = append(req.Listed, named(words[1:])...), FirstLazy
		case "remove":
			req.Removals = append(req.Removals, named(words[1:])...)
		case "enter", "enter-by-name":
			imps := named(words[2:])
			req.Entering = append(req.Entering, Entering{Module: words[1], In: imps[0].In, Imports: imps, ByName: words[0] == "enter-by-name"})
		case "fast-path":
			req.FastPath[words[1]] = true
		case "rendered":
			req.Rendered[words[1]] = true
		}
	}
	return req
}

// FuzzPlan moves whatever the gate calls safe in a file of any content: the
// result parses, or the move is refused and the file stays as it is.
func FuzzPlan(f *testing.F) {
	archives, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range archives {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			if file.Name == "m.py" {
				f.Add(file.Data)
			}
		}
	}
	f.Add([]byte("import x\r\nif 1: import y; import z # c\r\ndef f(): return x,\\\r\n  y\r\nclass C:\r\n\tdef g(self): z\r\n"))
	f.Add([]byte("import x\n\n\n# caf\xe9\ndef f():\n    return x\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		version := testVersion
		if len(src)%3 == 0 {
			version = FirstLazy
		}
		prog := loadFor(t, map[string]string{"m.py": string(src)}, version)
		m := prog.File("m.py")
		if m == nil {
			return
		}
		gate := NewGate(prog, GateOptions{})
		req := Request{Version: version}
		var enter []*graph.Import
		for _, imp := range m.Imports {
			switch safety := gate.Verdict(imp).Safety; {
			case safety == auto && version == FirstLazy && len(src)%2 == 0:
				req.Lazy = append(req.Lazy, imp)
			case safety == auto && version == FirstLazy:
				req.Listed = append(req.Listed, imp)
			case safety == auto && len(src)%2 == 0:
				req.Moves = append(req.Moves, imp)
			case safety == auto && unguardable(prog, imp, nil) == "":
				req.Guards = append(req.Guards, imp) // that nobody reads the name does not matter
			case gate.Removable(imp) == "":
				req.Removals = append(req.Removals, imp)
			case safety != auto && Enterable(prog, imp, "fast_path") == "":
				enter = append(enter, imp)
			}
		}
		if len(enter) > 0 {
			req.Entering = []Entering{{Module: "fast_path", In: m, Imports: enter}}
		}
		edits, _ := Plan(prog, req)
		for _, e := range edits.Files {
			if string(e.Old) != string(src) {
				t.Errorf("Old is %q, on disk is %q", e.Old, src)
			}
			if errs := syntax.Parse(e.New, version).Errors; len(errs) > 0 {
				t.Errorf("%v\n%q\n%q", errs, src, e.New)
			}
		}
	})
}
