package scope

import (
	"os"
	"path/filepath"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// TestCondition compares When with what the Condition of the same place says,
// for the standard library, with and without promoted functions.
func TestCondition(t *testing.T) {
	python := oracle.One(t)
	files, err := filepath.Glob(filepath.Join(library(t, python.Path), "*.py"))
	if err != nil || len(files) == 0 {
		t.Fatal("no library", err)
	}
	uses := 0
	for _, v := range []syntax.Version{{Major: 3, Minor: 12}, {Major: 3, Minor: 14}, {Major: 3, Minor: 15}} {
		for k, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			i := Analyze(syntax.Parse(src, v), v)
			var promoted []ScopeID
			for s := range i.Scopes {
				if (i.Scopes[s].Kind == FunctionScope || i.Scopes[s].Kind == LambdaScope) && (s+k)%2 == 0 {
					promoted = append(promoted, ScopeID(s))
				}
			}
			i.checkBases(t)
			i.Promote(promoted)
			for name, list := range i.GlobalNames() {
				for _, u := range list {
					if i.inComment(u) {
						continue
					}
					uses++
					if got := i.whenBy(i.Condition(u.Node, u.Annotation && i.isText(u.Node))); got != u.When {
						line, _ := i.File.Position(i.File.Node(u.Node).Start)
						t.Fatalf("%s:%d: %s runs at %v, its condition says %v", file, line, name, u.When, got)
					}
				}
			}
		}
	}
	t.Logf("%d uses", uses)
}

// checkBases compares what is known of functions and imports with their Conditions.
func (i *Info) checkBases(t *testing.T) {
	for k := range i.Scopes {
		if s := &i.Scopes[k]; s.Kind == FunctionScope {
			if c := i.Condition(s.Node, false); c.Base != s.Base || c.Reader != syntax.None {
				t.Errorf("%q: %v, its condition says %v", i.File.Text(s.Node), s.Base, c)
			}
		}
	}
	for k, n := range i.File.Imports {
		if s, base := i.ImportAt(k); s != i.ScopeOf(n) || base != i.Condition(n, false).Base {
			t.Errorf("%q: %v in %d, its condition says %v", i.File.Text(n), base, s, i.Condition(n, false))
		}
	}
}

// whenBy evaluates a Condition.
func (i *Info) whenBy(c Condition) When {
	w := c.Base
	if c.Reader != syntax.None && !i.reads(c.Reader, c.Text) {
		w = max(w, c.Kept)
	}
	if c.Function != syntax.None {
		if !i.runsAtImport(c.Function) {
			w = max(w, AtCall)
		}
		w = max(w, i.whenBy(i.Condition(c.Function, false)))
	}
	return w
}

func (i *Info) reads(n syntax.NodeID, text bool) bool {
	f := i.File
	for c := range f.Children(n) {
		switch f.Kind(c) {
		case syntax.Decorator:
			if l, kept, _ := i.Leaves(c); !l && (!text || !kept) {
				return true
			}
		case syntax.Args:
			for a := range f.Children(c) {
				if l, kept, _ := i.Leaves(a); !l && (!text || !kept) {
					return true
				}
			}
		}
	}
	return false
}
