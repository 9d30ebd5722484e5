package resolve

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// zipped returns an archive with these members; names that end with "/" are
// folders.
func zipped(t testing.TB, members map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, text := range members {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// bytecode returns the head of a byte-code file.
func bytecode(magic uint16, flags, mtime, size uint32) string {
	b := binary.LittleEndian.AppendUint16(nil, magic)
	b = append(b, '\r', '\n')
	for _, v := range []uint32{flags, mtime, size} {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return string(b)
}

func TestArchives(t *testing.T) {
	stamp := uint32(time.Date(2024, 5, 1, 12, 0, 0, 0, time.Local).Unix())
	dir := tree(t, map[string]string{
		"lib/os.py": "", "site/x.pth": "./one.egg\n./tool.pyz\n./plain.txt\n./three.zip/deep\n", "site/plain.txt": "no archive", "site/ns/folder.py": "",
	})
	for name, data := range map[string][]byte{
		"site/one.egg": zipped(t, map[string]string{
			"pkg/__init__.py": "", "pkg/mod.py": "", "pkg/sub/__init__.py": "", "pkg/sub/deep.py": "", "top.py": "", "top.so": "",
			"ns/": "", "ns/inner.py": "", "implicit/inner.py": "", "../evil.py": "", "/abs.py": "", "EGG-INFO/PKG-INFO": "",
			"grown/__init__.py": "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n", "grown/a.py": "",
		}),
		"site/tool.pyz": append([]byte("#!/usr/bin/env python3\n"), zipped(t, map[string]string{
			"__main__.py": "", "boxed/__init__.pyc": bytecode(3531, 0, 0, 0), "other/__init__.pyc": bytecode(3413, 0, 0, 0),
			"fresh.py": "x = 1", "fresh.pyc": bytecode(3531, 0, stamp, 5), "stale.py": "x = 1", "stale.pyc": bytecode(3531, 0, 7, 5),
			"hashed.py": "x = 1", "hashed.pyc": bytecode(3531, 1, 7, 7), "odd.pyc": bytecode(3531, 9, 0, 0), "short.pyc": "abc", "grown/b.py": "", "grown/": "",
		})...),
		"site/two.zip":      zipped(t, map[string]string{"deep/inside.py": "", "outside.py": ""}),
		"site/three.zip":    zipped(t, map[string]string{"deep/within.py": ""}),
		"python312.zip":     zipped(t, map[string]string{"antique.py": ""}),
		"site/unlisted.zip": zipped(t, map[string]string{"nobody.py": ""}),
	} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	i := fakePython(dir, filepath.Join(dir, "site"))
	i.PythonPath = []string{filepath.Join(dir, "site", "two.zip", "deep")}
	r := New(nil, i)
	found(t, r, dir, map[string]string{
		"pkg": "package site/one.egg/pkg/__init__.py", "pkg.mod": "source site/one.egg/pkg/mod.py", "pkg.sub.deep": "source site/one.egg/pkg/sub/deep.py",
		"pkg.none": "missing", "top": "source site/one.egg/top.py", // zipimport loads no extension modules
		"ns": "namespace site/ns", "ns.inner": "source site/one.egg/ns/inner.py", "ns.folder": "source site/ns/folder.py",
		"implicit.inner": "source site/one.egg/implicit/inner.py", "evil": "missing", "abs": "missing",
		"boxed": "package site/tool.pyz/boxed/__init__.pyc", "fresh": "source site/tool.pyz/fresh.pyc", "stale": "source site/tool.pyz/stale.py",
		"hashed": "source site/tool.pyz/hashed.pyc", "odd": "missing", "short": "missing",
		"inside": "source site/two.zip/deep/inside.py", "outside": "missing", "within": "missing", // site asks whether the path exists
		"antique": "source python312.zip/antique.py", "nobody": "missing",
		"grown": "package site/one.egg/grown/__init__.py by grown:1", "grown.a": "source site/one.egg/grown/a.py", "grown.b": "source site/tool.pyz/grown/b.py by grown:1",
	})
	if got := r.Find("antique").Origin; got != OriginStdlib {
		t.Errorf("antique: origin %q", got)
	}
	if got, want := searched(r, dir, "ns"), "site/ns site/one.egg/ns"; got != want {
		t.Errorf("ns is searched in %q, want %q", got, want)
	}
	if slices.Contains(r.Path(), filepath.Join(dir, "site", "plain.txt")) {
		t.Error("a text file is on the path")
	}

	// Before 3.14, zipimport knew only folders with an entry of their own.
	if err := os.WriteFile(filepath.Join(dir, "lib", "zipimport.py"), []byte("# an old one\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	found(t, New(nil, fakePython(dir, filepath.Join(dir, "site"))), dir, map[string]string{
		"implicit": "missing", "pkg.mod": "source site/one.egg/pkg/mod.py", "ns.inner": "source site/one.egg/ns/inner.py",
	})
}
