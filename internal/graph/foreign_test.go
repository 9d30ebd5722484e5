//go:build unix

package graph

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestForeign loads what a tree of other people may hold: nothing of it stops
// the rest from being read.
func TestForeign(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write("good.py", "import json\njson.dumps(1)\n")
	write("nul.py", "import os\x00\nimport sys\n")
	write("latin.py", "# -*- coding: latin-1 -*-\nimport re\ns = '\xe9'\n")
	write("lying.py", "# -*- coding: utf-8 -*-\nimport re\ns = '\xe9'\n")
	write("unknown.py", "# -*- coding: klingon -*-\nimport re\n")
	write("utf16.py", "\xff\xfei\x00m\x00p\x00o\x00r\x00t\x00 \x00o\x00s\x00\n\x00")
	write("empty.py", "")
	write("large.py", strings.Repeat("import json  # a line of a large file\nx = [1, 2, 3]\n", largeFile/40))
	write("deep.py", "x = "+strings.Repeat("(", 100_000)+"\nimport json\n")
	write("binary.py", string(bytes.Repeat([]byte{0xfe, 0, 7, '\'', '('}, 1000)))
	write("secret.py", "import json\n")
	must(os.Chmod(filepath.Join(dir, "secret.py"), 0))
	must(os.Mkdir(filepath.Join(dir, "folder.py"), 0o755))
	must(syscall.Mkfifo(filepath.Join(dir, "pipe.py"), 0o644))
	must(os.Symlink("loop.py", filepath.Join(dir, "loop.py")))
	must(os.Symlink("nowhere.py", filepath.Join(dir, "dangling.py")))
	must(os.Symlink("/dev/zero", filepath.Join(dir, "device.py")))
	entries, err := os.ReadDir(dir)
	must(err)
	o := LoadOptions{Root: dir, ImportRoots: []string{"."}}
	for _, e := range entries {
		o.Files = append(o.Files, e.Name())
	}
	for _, lean := range []bool{false, true} {
		o.Lean, o.ByName = lean, lean
		p, err := Load(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		unread := map[string]string{
			"folder.py": "not a regular file", "pipe.py": "not a regular file", "device.py": "not a regular file",
			"loop.py": "too many levels of symbolic links", "dangling.py": "no such file or directory",
		}
		if os.Getuid() != 0 { // whom nothing is forbidden
			unread["secret.py"] = "permission denied"
		}
		for _, pr := range p.Problems {
			if unread[pr.File] != pr.Message {
				t.Errorf("%s: %q, want %q", pr.File, pr.Message, unread[pr.File])
			}
			delete(unread, pr.File)
		}
		if len(unread) > 0 {
			t.Errorf("no problem with %v", unread)
		}
		for _, m := range p.Modules {
			broken := strings.Contains("nul.py lying.py unknown.py utf16.py deep.py binary.py", m.File)
			if broken != (m.Broken != nil) {
				t.Errorf("%s: %+v", m.File, m.Broken)
			}
		}
		if imp := p.Imports(p.File("good.py"))[0]; !imp.UsedAtImport {
			t.Errorf("good.py: %+v", imp)
		}
		if n := len(p.Imports(p.File("large.py"))); n != largeFile/40 {
			t.Errorf("large.py: %d imports", n)
		}
	}
}

// TestNoShadow: a folder somewhere in the project does not stand in for a module
// of the standard library, unless it lies on sys.path.
func TestNoShadow(t *testing.T) {
	archive := `
-- app.py --
import json
import random
import helper
-- pkg/json/__init__.py --
-- tools/random.py --
-- tools/helper.py --
`
	for _, c := range []struct {
		roots              []string
		json, random, help string
	}{
		{[]string{"."}, "", "", "tools/helper.py"},
		{[]string{".", "tools"}, "", "tools/random.py", "tools/helper.py"},
		{[]string{".", "pkg"}, "pkg/json/__init__.py", "", "tools/helper.py"},
	} {
		p := program(t, archive, python312, c.roots...)
		for k, want := range []string{c.json, c.random, c.help} {
			got := ""
			if of := p.Targets(p.File("app.py").Imports[k]); len(of) > 0 {
				got = of[0].File
			}
			if got != want {
				t.Errorf("%v: import %s is %q, want %q", c.roots, p.File("app.py").Imports[k].Base, got, want)
			}
		}
	}
}
