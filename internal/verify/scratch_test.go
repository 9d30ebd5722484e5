package verify

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/rewrite"
	"fastpath/internal/testtree"
)

// TestCopy: what is edited is a file of its own, what holds sources is a copy,
// and all else leads back to the project.
func TestCopy(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	top := t.TempDir()
	root := filepath.Join(top, "services", "one")
	testtree.Write(t, top, map[string]string{
		".git/HEAD":                          "ref: refs/heads/main\n",
		"shared/common.py":                   "V = 1\n",
		"services/two/app.py":                "V = 2\n",
		"services/one/app.py":                "import heavy\n",
		"services/one/pkg/mod.py":            "V = 3\n",
		"services/one/pkg/long.py":           strings.Repeat("#", largest+1),
		"services/one/pkg/data.json":         "{}",
		"services/one/pkg/large.bin":         strings.Repeat("x", largest+1),
		"services/one/pkg/assets/logo.svg":   "<svg/>",
		"services/one/.venv/pyvenv.cfg":      "",
		"services/one/__pycache__/app.pyc":   "old",
		"services/one/.fastpath/undo/1.json": "{}",
	})
	for link, target := range map[string]string{"inside": "pkg", "outside": "../two", "file.py": "app.py"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Skip(err)
		}
	}
	edits := &rewrite.Edits{}
	edits.Put("app.py", []byte("import heavy\n"), []byte("edited\n"))
	edits.Put("deep/new/fast_path.py", nil, []byte("new\n"))
	s, err := Copy(t.Context(), root, []string{"app.py", "file.py", "pkg/mod.py"}, edits)
	if err != nil {
		t.Fatal(err)
	}
	text := func(name string) string {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(s.Root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, want := range map[string]string{
		"app.py": "edited\n", "file.py": "edited\n", "deep/new/fast_path.py": "new\n", "pkg/mod.py": "V = 3\n", "inside/mod.py": "V = 3\n",
		"outside/app.py": "V = 2\n", "../two/app.py": "V = 2\n", "../../shared/common.py": "V = 1\n", "pkg/assets/logo.svg": "<svg/>",
	} {
		if got := text(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	for name, linked := range map[string]bool{
		"app.py": false, "pkg": false, "pkg/mod.py": false, "pkg/data.json": false, "pkg/large.bin": true, "pkg/long.py": false, "pkg/assets": true, ".venv": true, "../two": true,
	} {
		info, err := os.Lstat(filepath.Join(s.Root, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if got := info.Mode()&os.ModeSymlink != 0; got != linked {
			t.Errorf("%s is a link: %v, want %v", name, got, linked)
		}
	}
	for _, name := range []string{"__pycache__", ".fastpath"} {
		if _, err := os.Lstat(filepath.Join(s.Root, name)); err == nil {
			t.Errorf("%s was copied", name)
		}
	}
	before, _ := os.Stat(filepath.Join(root, "pkg", "mod.py"))
	after, _ := os.Stat(filepath.Join(s.Root, "pkg", "mod.py"))
	if !before.ModTime().Equal(after.ModTime()) {
		t.Error("a copy has another time than its original")
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	empty(t)
	for name, want := range map[string]string{"app.py": "import heavy\n", "pkg/mod.py": "V = 3\n", ".venv/pyvenv.cfg": "", "pkg/assets/logo.svg": "<svg/>"} {
		if b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name))); err != nil || string(b) != want {
			t.Errorf("the project's %s holds %q (%v), want %q", name, b, err, want)
		}
	}
}

// TestCopyLinked: a folder that is a link, as when git listed what is in it before,
// is copied where a file in it is edited: nothing is written through the link.
func TestCopyLinked(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	top := t.TempDir()
	testtree.Write(t, top, map[string]string{
		"project/pkg/__init__.py": "", "elsewhere/app.py": "import heavy\n", "elsewhere/data.json": "{}", "other.txt": "other\n",
	})
	root := filepath.Join(top, "project")
	for link, target := range map[string]string{
		"project/moved": "../elsewhere", "elsewhere/link.txt": "../other.txt", "project/alias": "pkg", "project/pkg/app.py": "../../elsewhere/app.py",
	} {
		if err := os.Symlink(target, filepath.Join(top, filepath.FromSlash(link))); err != nil {
			t.Skip(err)
		}
	}
	unchanged := func() {
		t.Helper()
		if b, err := os.ReadFile(filepath.Join(top, "elsewhere", "app.py")); err != nil || string(b) != "import heavy\n" {
			t.Errorf("the file that the link leads to holds %q (%v)", b, err)
		}
	}
	edits := &rewrite.Edits{}
	edits.Put("moved/app.py", []byte("import heavy\n"), []byte("edited\n"))
	edits.Put("moved/fast_path.py", nil, []byte("new\n"))
	s, err := Copy(t.Context(), root, []string{"moved/app.py", "pkg/__init__.py"}, edits)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"app.py": "edited\n", "fast_path.py": "new\n", "data.json": "{}", "link.txt": "other\n"} {
		if b, err := os.ReadFile(filepath.Join(s.Root, "moved", name)); err != nil || string(b) != want {
			t.Errorf("%s holds %q (%v), want %q", name, b, err, want)
		}
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(filepath.Join(top, "elsewhere", "fast_path.py")); err == nil {
		t.Error("a file was created behind the link")
	}
	unchanged()

	edits = &rewrite.Edits{}
	edits.Put("alias/app.py", []byte("import heavy\n"), []byte("edited\n"))
	if s, err = Copy(t.Context(), root, []string{"pkg/__init__.py", "pkg/app.py"}, edits); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(s.Root, "alias", "app.py")); err != nil || string(b) != "edited\n" {
		t.Errorf("alias/app.py holds %q (%v)", b, err)
	}
	if err := s.Remove(); err != nil {
		t.Fatal(err)
	}
	unchanged()
	empty(t)
}

// TestCopyInterrupted: nothing is left of a copy that was not finished.
func TestCopyInterrupted(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	root := t.TempDir()
	testtree.Write(t, root, map[string]string{"app.py": "import heavy\n"})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	edits := &rewrite.Edits{}
	edits.Put("app.py", []byte("import heavy\n"), []byte("edited\n"))
	if _, err := Copy(ctx, root, []string{"app.py"}, edits); err == nil {
		t.Fatal("the copy was made though the command was interrupted")
	}
	empty(t)
}

// empty fails the test if something is left in the folder for temporary files.
func empty(t *testing.T) {
	t.Helper()
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v (%v)", left, err)
	}
}
