package launch

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// TestTraceback: the text is that of Python, and the module that failed is not
// imported again to get it.
func TestTraceback(t *testing.T) {
	t.Parallel()
	oracle.Each(t, func(t *testing.T, p oracle.Python) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "app.py"), []byte("print('runs')\nimport app.sub.more\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct{ code, want string }{
			"plain":   {"int('x')", "ValueError: invalid literal"},
			"missing": {"import app", "No module named 'app.sub'; 'app' is not a package\n|name app.sub"},
			"cause":   {"try:\n        import app\n    except ImportError as e:\n        raise ValueError(1) from e", "import app.sub.more\n|No module named 'app.sub'|direct cause|ValueError: 1\n"},
			"cycle":   {"e = KeyError(1)\n    e.__cause__ = RuntimeError()\n    e.__cause__.__cause__ = e\n    raise e", "KeyError: 1\n"},
			"hostile": {"class E(Exception):\n        def __str__(self): raise SystemExit\n    raise E", "E"},
		} {
			cmd := exec.Command(p.Path, "-B", "-c", TracebackSource+"\ntry:\n    "+c.code+"\nexcept BaseException as e:\n    print(traceback_text(e))\n    print('name', getattr(e, 'name', ''))\n")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			got := strings.ReplaceAll(string(out), "\r\n", "\n")
			if err != nil {
				t.Errorf("%s: %v\n%s", name, err, got)
			}
			for _, want := range strings.Split(c.want, "|") {
				if !strings.Contains(got, want) {
					t.Errorf("%s: %q is missing in\n%s", name, want, got)
				}
			}
			if n := strings.Count(got, "runs\n"); n > 1 {
				t.Errorf("%s: user code ran %d times", name, n)
			}
		}
	})
}
