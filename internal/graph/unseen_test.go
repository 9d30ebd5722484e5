package graph

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"fastpath/internal/python/resolve"
)

// TestUnseen: what compiled code names, and what an import hook offers under
// another name, runs at import.
func TestUnseen(t *testing.T) {
	root := t.TempDir()
	files := map[string]string{
		"pkg/__init__.py":         "from pkg import _fast\nfrom pkg.extern import lib\n",
		"pkg/_fast.so":            "\x7fELF\x00pkg.helpers\x00other\x00libc.so.6\x00",
		"packs/__init__.py":       "from packs import _dense\n",
		"packs/_dense.so":         "\x7fELF\x00packs.a\x00LZSS string data decompression failed\x00",
		"packs/hidden.py":         "import csv\nimport io\n\n\ndef read():\n    return csv.reader\n",
		"pkg/helpers.py":          "import csv\nimport io\n\n\ndef read():\n    return csv.reader\n",
		"pkg/untold.py":           "import csv\n\n\ndef read():\n    return csv.reader\n",
		"pkg/extern/__init__.py":  "import sys\n\nsys.meta_path.append(object())\n",
		"pkg/_vendor/__init__.py": "",
		"pkg/_vendor/lib.py":      "import csv\n\n\ndef read():\n    return csv.reader\n",
	}
	var sources []string
	for name, text := range files {
		file := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".py") {
			sources = append(sources, name)
		}
	}
	want := map[string]string{
		"pkg/helpers.py csv":     "called at import",
		"pkg/helpers.py io":      "compiled code names the module",
		"pkg/untold.py csv":      "",
		"packs/hidden.py csv":    "called at import",
		"packs/hidden.py io":     "compiled code names the module",
		"pkg/_vendor/lib.py csv": "called at import",
	}
	for _, byName := range []bool{false, true} {
		p, err := Load(context.Background(), LoadOptions{
			Root: root, Files: sources, ImportRoots: []string{"."}, Version: python312, ByName: byName, Resolver: resolve.New([]string{root}, nil),
		})
		if err != nil {
			t.Fatal(err)
		}
		for place, why := range want {
			file, name, _ := strings.Cut(place, " ")
			k := slices.IndexFunc(p.File(file).Imports, func(imp *Import) bool { return imp.Binds == name })
			if imp := p.File(file).Imports[k]; imp.UsedAtWhy != why && !(byName && why == "" && file == "pkg/untold.py") {
				t.Errorf("by name %v: %s: used at import %q, want %q", byName, place, imp.UsedAtWhy, why)
			}
		}
	}
}

// TestDottedNames: only whole texts count, and what may be the tail of one.
func TestDottedNames(t *testing.T) {
	in := "\x00numpy.lib\x00a b.c d\x00plain\x00x.y.z\x00/usr/lib/a.b\x00" + strings.Repeat("n.", 100) + "n\x00"
	want := []string{"numpy.lib", "x.y.z", "y.z", "a.b"}
	if got := readTexts(strings.NewReader(in)); !slices.Equal(got.names, want) || got.packed {
		t.Errorf("got %q, packed %v, want %q", got.names, got.packed, want)
	}
	for text, packed := range map[string]bool{
		"LZSS string data decompression failed": true, "String data decompression failed": true, "sttring data decompression failed": true,
		"string data decompression": false, "string data, decompression failed": false,
	} {
		if got := readTexts(strings.NewReader("\x00" + text + "\x00")); got.packed != packed {
			t.Errorf("%q: packed is %v", text, got.packed)
		}
	}
}

// TestDottedNamesInPieces: it does not matter where a reader cuts a binary.
func TestDottedNamesInPieces(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	parts := []string{"a", "b_1", ".", ".", "\x00", "\x00", " ", "\xff", "/", strings.Repeat("x", maxDotted-2), "pkg.mod\x00", unpacking[:7]}
	for range 200 {
		var in strings.Builder
		for size := textsBuffer - 400 + random.IntN(2*textsBuffer); in.Len() < size; {
			if random.IntN(4) > 0 && in.Len()%textsBuffer < textsBuffer-600 {
				in.WriteString(strings.Repeat("\x01", 400))
			} else {
				in.WriteString(parts[random.IntN(len(parts))])
			}
		}
		packed := random.IntN(2) == 0
		if packed {
			in.WriteString(unpacking + "\x00")
		}
		var want []string
		for _, found := range wholeText.FindAllStringSubmatch(in.String(), -1) {
			for name := found[1]; len(found[1]) <= maxDotted && strings.Contains(name, "."); _, name, _ = strings.Cut(name, ".") {
				if !slices.Contains(want, name) {
					want = append(want, name)
				}
			}
		}
		for _, r := range []io.Reader{strings.NewReader(in.String()), iotest.HalfReader(strings.NewReader(in.String())), iotest.DataErrReader(strings.NewReader(in.String()))} {
			if got := readTexts(r); !slices.Equal(got.names, want) || got.packed != packed {
				t.Fatalf("%d names, packed %v, want %d names, packed %v", len(got.names), got.packed, len(want), packed)
			}
		}
	}
}

var wholeText = regexp.MustCompile("([A-Za-z0-9_.]+)\x00")
