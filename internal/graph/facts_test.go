package graph

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
	"fastpath/internal/python/scope"
	"fastpath/internal/python/syntax"
)

// TestConditionOf compares the short way to the condition of a use with the
// long one: where the long one says that a use may run at import, both agree;
// the short one may say so a little more often, of what a function does only as
// a program.
func TestConditionOf(t *testing.T) {
	stdlib := findPython(t, oracle.One(t)).Stdlib
	agreed, more := 0, 0
	for _, file := range sourcesBelow(t, stdlib) {
		src, err := os.ReadFile(filepath.Join(stdlib, file))
		if err != nil {
			t.Fatal(err)
		}
		f := syntax.Parse(src, python312)
		s := scope.Analyze(f, python312)
		var r factReader
		r.read(f, s, python312, false)
		r.file, r.scopes = f, s
		for name, uses := range s.GlobalNames() {
			for k := range uses {
				u := &uses[k]
				if kind := f.Kind(u.Node); u.Annotation && kind != syntax.Name && kind != syntax.String {
					continue // in a type comment, which nothing runs
				}
				long := r.condition(u.Node, u.Annotation && f.Kind(u.Node) == syntax.String)
				for k := long.function; k != 0; k = r.functions[k].function {
					long.base = max(long.base, r.functions[k].base)
				}
				switch short := r.conditionOf(u); {
				case short == long, short.base > scope.AtCall && long.base > scope.AtCall:
					agreed++
				case long.base == scope.AtImport || long.base != scope.AtCall && short.base == scope.AtImport:
					t.Fatalf("%s:%d: %s: %+v the short way, %+v the long one", file, f.Line(f.Node(u.Node).Start), name, short, long)
				default:
					more++
				}
			}
		}
	}
	t.Logf("%d uses the same, %d not", agreed, more)
	if more > agreed/10 {
		t.Errorf("the short way agrees on %d of %d uses only", agreed, agreed+more)
	}
}

func TestSymbolMap(t *testing.T) {
	var m symbolMap
	for turn := range 3 {
		m.reset()
		for k := range 2000 {
			name := symbolOf(string(rune('a'+k%26)) + string(rune(k)))
			if _, ok := m.get(name); ok || !m.add(name, int32(k+turn)) {
				t.Fatalf("turn %d: %d is there before it was added", turn, k)
			}
			if m.add(name, -1) {
				t.Fatalf("%d was added twice", k)
			}
		}
		for k := range 2000 {
			if v, ok := m.get(symbolOf(string(rune('a'+k%26)) + string(rune(k)))); !ok || v != int32(k+turn) {
				t.Fatalf("turn %d: %d is %d, %v", turn, k, v, ok)
			}
		}
	}
}

// TestIdentifierLength compares it to what each byte is.
func TestIdentifierLength(t *testing.T) {
	for at := range 8 {
		for b := range 256 {
			text := []byte("az_09AZ\xff")
			text[at] = byte(b)
			want := 8
			if !inIdentifier(byte(b)) {
				want = at
			}
			if got := identifierLength(binary.LittleEndian.Uint64(text)); got != want {
				t.Errorf("%q: %d bytes, want %d", text, got, want)
			}
		}
	}
}

// TestSymbols checks that names which differ little have symbols of their own,
// whatever is behind them in memory.
func TestSymbols(t *testing.T) {
	seen := map[symbol]string{}
	check := func(name string) {
		s := symbolOf(name)
		if other, ok := seen[s]; ok && other != name {
			t.Errorf("%q and %q share a symbol", name, other)
		}
		seen[s] = name
		behind := []byte("(" + name + ")" + name + "0123456789abcdef")
		if got := symbolIn(behind[1 : 1+len(name)]); got != s {
			t.Errorf("%q: %x where something is behind it, %x alone", name, got, s)
		}
		if got := symbolIn(behind[1 : 1+len(name) : 1+len(name)]); got != s {
			t.Errorf("%q: %x without room behind it, %x alone", name, got, s)
		}
	}
	letters := "abcxyz_"
	for _, a := range letters {
		for _, b := range letters {
			for _, c := range letters {
				for _, d := range letters {
					name := string([]rune{a, b, c, d})
					for n := range 5 {
						check(name[:n])
					}
					for n := range 20 {
						check(strings.Repeat("m", n) + name)
					}
				}
			}
		}
	}
}
