package syntax_test

import (
	"bytes"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/syntax"
)

// differs says in what two results for one file are different.
func differs(f, g *syntax.File) error {
	switch {
	case !bytes.Equal(f.Src, g.Src) || f.BOM != g.BOM || f.Encoding != g.Encoding:
		return fmt.Errorf("other texts")
	case !slices.Equal(f.Nodes, g.Nodes):
		return fmt.Errorf("%d and %d nodes, or other ones", len(f.Nodes), len(g.Nodes))
	case !slices.Equal(f.Comments, g.Comments):
		return fmt.Errorf("%d and %d comments, or other ones", len(f.Comments), len(g.Comments))
	case !slices.Equal(f.Imports, g.Imports):
		return fmt.Errorf("%d and %d imports, or other ones", len(f.Imports), len(g.Imports))
	case !slices.Equal(f.Errors, g.Errors):
		return fmt.Errorf("the errors %v and %v", f.Errors, g.Errors)
	case f.Lines() != g.Lines():
		return fmt.Errorf("%d and %d lines", f.Lines(), g.Lines())
	}
	return nil
}

// TestSplit parses the same files, whole and broken ones, with one worker and
// with several, each with a Parser of its own that goes from file to file, and
// compares the trees.
func TestSplit(t *testing.T) {
	i, v := find(t, oracle.One(t))
	every := 8
	if testing.Short() {
		every = 80
	}
	var texts [][]byte
	for n, path := range library(i, every) {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, src, src[:(n*7919+13)%(len(src)+1)])
	}
	var want []*syntax.File
	for _, src := range texts {
		want = append(want, syntax.Parse(src, v))
	}
	for _, workers := range []int{1, 2, 8} {
		var next atomic.Int64
		var group sync.WaitGroup
		for range workers {
			group.Go(func() {
				var p syntax.Parser
				for n := int(next.Add(1)) - 1; n < len(texts); n = int(next.Add(1)) - 1 {
					if err := differs(p.Parse(texts[n], v), want[n]); err != nil {
						t.Errorf("%d workers, text %d: %v", workers, n, err)
					}
				}
			})
		}
		group.Wait()
	}
}

// TestLarge reads one large file, of 200 MB where everything is compared, and
// holds that its tree takes no more memory than promised.
func TestLarge(t *testing.T) {
	size := 12 << 20
	if oracle.Full() {
		size = 200 << 20
	}
	statement := "def function(self, first, second=None):  # comment\n    return self.other(first, second + 1)[0] or {'a': first}\n"
	src := []byte(strings.Repeat(statement, size/len(statement)) + "import last\n")
	f := syntax.Parse(src, syntax.Latest)
	if len(f.Errors) > 0 || len(f.Imports) != 1 || f.Line(f.Node(f.Imports[0]).Start) != 2*(size/len(statement))+1 {
		t.Errorf("%d imports, errors: %v", len(f.Imports), f.Errors)
	}
	if taken := cap(f.Nodes) * int(reflect.TypeFor[syntax.Node]().Size()); taken > 12*len(src) {
		t.Errorf("the tree of %d bytes takes %d bytes", len(src), taken)
	}
}
