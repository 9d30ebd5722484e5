package project

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/config"
	"fastpath/internal/testtree"
)

// tree writes files, given as "path" → content, into a new folder.
func tree(t testing.TB, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	testtree.Write(t, dir, files)
	return dir
}

const handlerSource = "import json\n\n\ndef lambda_handler(event, context):\n    return {}\n"

func TestOpenFindsTheRoot(t *testing.T) {
	dir := tree(t, map[string]string{
		"repo/.git/HEAD":                     "",
		"repo/a/fastpath.toml":               "policy = \"lmms\"\n",
		"repo/a/b/c/x.py":                    "",
		"repo/other/pyproject.toml":          "[project]\nname = \"x\"\n",
		"repo/other/y.py":                    "",
		"repo/svc/pyproject.toml":            "[tool.fastpath]\n",
		"plain/z.py":                         "",
		"repo/a/b/nested/pyproject.toml":     "[tool.ruff]\n# about fastpath\n",
		"repo/a/b/nested/deeper/__init__.py": "",
	})
	for _, c := range []struct {
		from     string
		explicit bool
		want     string
	}{
		{"repo/a/b/c", false, "repo/a"},
		{"repo/a/b/nested/deeper", false, "repo/a"},
		{"repo/other", false, "repo"},
		{"repo/other", true, "repo/other"},
		{"repo/svc", false, "repo/svc"},
		{"plain", true, "plain"},
	} {
		p, err := Open(filepath.Join(dir, c.from), c.explicit)
		if err != nil || p.Root != filepath.Join(dir, c.want) {
			t.Errorf("Open(%s, %v) = %+v, %v; want %s", c.from, c.explicit, p, err, c.want)
		}
	}
	for _, name := range []string{"none", "plain/z.py"} {
		if _, err := Open(filepath.Join(dir, name), true); err == nil {
			t.Errorf("Open(%s) succeeded", name)
		}
	}
}

func TestResolveEntries(t *testing.T) {
	dir := tree(t, map[string]string{
		"fastpath.toml": "entries = [\"lambda_function:lambda_handler\", \"api.users:create\", \"console:orders\", \"-m tool\", " +
			"\"scripts/app.py\", \"functions/a/app:handler\", \"ns.part.mod:run\"]\n[entry.\"api.users:create\"]\nfile = \"custom/fp.py\"\n",
		"pyproject.toml":             "[project]\nname = \"x\"\n[project.scripts]\norders = \"orders.cli:main [extra]\"\n",
		"lambda_function.py":         handlerSource,
		"api/users.py":               "create = make()\n",
		"src/orders/__init__.py":     "",
		"src/orders/cli/__init__.py": "def main():\n    pass\n",
		"src/tool/__init__.py":       "",
		"src/tool/__main__.py":       "",
		"scripts/app.py":             "",
		"functions/a/app.py":         "from shared import *\n",
		"ns/part/__init__.py":        "",
		"ns/part/mod.py":             "class run: ...\n",
	})
	p, err := Open(dir, false)
	if err != nil {
		t.Fatal(err)
	}
	type row struct{ name, kind, module, attr, file, root, fast, platform string }
	want := []row{
		{"lambda_function:lambda_handler", "handler", "lambda_function", "lambda_handler", "lambda_function.py", ".", "fast_path.py", "lambda"},
		{"api.users:create", "handler", "api.users", "create", "api/users.py", ".", "custom/fp.py", "lambda"},
		{"console:orders", "console", "orders.cli", "main", "src/orders/cli/__init__.py", "src", "src/orders/fast_path.py", "cli"},
		{"-m tool", "module", "tool", "", "src/tool/__main__.py", "src", "src/tool/fast_path.py", "cli"},
		{"scripts/app.py", "file", "", "", "scripts/app.py", "scripts", "scripts/fast_path.py", "cli"},
		{"functions/a/app:handler", "handler", "app", "handler", "functions/a/app.py", "functions/a", "functions/a/fast_path.py", "lambda"},
		{"ns.part.mod:run", "handler", "ns.part.mod", "run", "ns/part/mod.py", ".", "ns/part/fast_path.py", "lambda"},
	}
	var got []row
	for _, e := range p.Entries {
		got = append(got, row{e.Name, string(e.Kind), e.Module, e.Attr, e.File, e.ImportRoot, e.FastPath, e.Platform})
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
	if p.Entries[0].Line != 4 || p.Entries[0].MemoryMB != 512 {
		t.Errorf("entry %+v", p.Entries[0])
	}
	if roots := p.ImportRoots(); !slices.Equal(roots, []string{".", "src", "scripts", "functions/a"}) {
		t.Errorf("import roots %v", roots)
	}
}

func TestFastPathOfImplicitPackage(t *testing.T) {
	dir := tree(t, map[string]string{"src/handlers/users.py": "def create(event, context): ...\n"})
	p, err := Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	es, err := p.Resolve("src.handlers.users:create")
	if err != nil || es[0].FastPath != "src/fast_path.py" {
		t.Errorf("%+v, %v", es, err)
	}
}

func TestResolveErrors(t *testing.T) {
	dir := tree(t, map[string]string{
		"pyproject.toml":     "[project.scripts]\norders = \"orders:main\"\n",
		"lambda_function.py": handlerSource,
		"orders.py":          "def main(): ...\n",
		"pkg/__init__.py":    "",
		"pkg/users.py":       "def create(event, context): ...\n",
	})
	p, err := Open(dir, true)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"lambda_functon:lambda_handler":  `entry "lambda_functon:lambda_handler": there is no module "lambda_functon" below "."; did you mean "lambda_function"?`,
		"lambda_function:lambda_handlr":  `"lambda_function.py" has no top-level name "lambda_handlr"; did you mean "lambda_handler"?`,
		"pkg.user:create":                `there is no module "pkg.user" below "."; did you mean "users"?`,
		"console:order":                  `pyproject.toml has no script "order"; did you mean "orders"?`,
		"-m nothing":                     `there is no module "nothing" below "."; there is: lambda_function, orders, pkg`,
		"order.py":                       `there is no file "order.py"; did you mean "orders.py"?`,
		"../x.py":                        `the file must lie inside the project`,
		"lambda_function.lambda_handler": `did you mean "lambda_function:lambda_handler"?`,
	} {
		_, err := p.Resolve(name)
		var ee *EntryError
		if !errors.As(err, &ee) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s:\ngot  %v\nwant %s", name, err, want)
		}
	}
}

func TestOpenReportsConfigurationErrors(t *testing.T) {
	dir := tree(t, map[string]string{"fastpath.toml": "polcy = \"lmms\"\n"})
	_, err := Open(dir, false)
	var ce *config.Error
	if !errors.As(err, &ce) || ce.Line != 1 {
		t.Errorf("error %v", err)
	}
}

func sourceTree(t *testing.T) string {
	return tree(t, map[string]string{
		"a.py": "", "pkg/b.py": "", "pkg/data.txt": "", "pkg/__pycache__/b.py": "",
		"node_modules/x.py": "", "venv/pyvenv.cfg": "", "venv/lib/v.py": "", ".aws-sam/build/a.py": "",
		".fastpath/cache.py": "", "ignored/i.py": "", ".gitignore": "ignored/\n", "odd name/ü.py": "",
	})
}

func TestSourcesWithoutGit(t *testing.T) {
	p := &Project{Root: sourceTree(t)}
	got, err := p.Sources()
	want := []string{"a.py", "ignored/i.py", "odd name/ü.py", "pkg/b.py"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

// TestDiscoverIgnored finds no functions in templates that git ignores, like those
// of a build: their code is none of the sources.
func TestDiscoverIgnored(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	template := "Transform: AWS::Serverless-2016-10-31\nResources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      Runtime: python3.12\n      Handler: app.handler\n"
	for _, ignored := range []string{"", "build/\n"} {
		dir := t.TempDir()
		for file, text := range map[string]string{
			".gitignore": ignored, "template.yaml": template, "app.py": "def handler(event, context): ...\n",
			"build/template.yaml": template, "build/app.py": "def handler(event, context): ...\n",
		} {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command("git", "init", "-q")
		cmd.Dir, cmd.Env = dir, gitEnv(os.Environ())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		p, err := Open(dir, true)
		if err != nil {
			t.Fatal(err)
		}
		entries, problems, err := p.Discover()
		if want := map[string]int{"": 2, "build/\n": 1}[ignored]; err != nil || len(problems) > 0 || len(entries) != want {
			t.Errorf("ignored %q: got %v, %v, %v; want %d entries", ignored, entries, problems, err, want)
		}
	}
}

func TestSourcesWithGit(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir := sourceTree(t)
	for _, args := range [][]string{{"init", "-q"}, {"add", "a.py", "pkg/b.py", "venv"}} {
		cmd := exec.Command("git", args...)
		cmd.Dir = dir
		cmd.Env = gitEnv(os.Environ())
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if err := os.Remove(filepath.Join(dir, "pkg", "b.py")); err != nil {
		t.Fatal(err)
	}
	p := &Project{Root: dir}
	got, err := p.Sources()
	if want := []string{"a.py", "odd name/ü.py"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	below := &Project{Root: filepath.Join(dir, "ignored")}
	if got, err := below.Sources(); err != nil || !slices.Equal(got, []string{"i.py"}) {
		t.Errorf("in an ignored folder: %q, %v", got, err)
	}
}

func TestListing(t *testing.T) {
	dir := sourceTree(t)
	outside := tree(t, map[string]string{"o.py": ""})
	got, err := Listing(dir, []string{".", "pkg", "venv/lib", "pkg/data.txt", outside})
	want := []string{
		".aws-sam/build/a.py", ".fastpath/cache.py", filepath.ToSlash(filepath.Join(outside, "o.py")),
		"a.py", "ignored/i.py", "odd name/ü.py", "pkg/b.py", "pkg/data.txt", "venv/lib/v.py",
	}
	slices.Sort(want)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got  %q, %v\nwant %q", got, err, want)
	}
	if _, err := Listing(dir, []string{"none.py"}); err == nil || !strings.Contains(err.Error(), `"none.py" does not exist`) {
		t.Errorf("error %v", err)
	}
}

func TestEntryNamesAreFoundInManyForms(t *testing.T) {
	for _, src := range []string{
		"def h(event, context): ...\n", "async def h(e, c): ...\n", "class h: ...\n", "h = Mangum(app)\n", "h: Handler = make()\n",
		"from core import h\n", "from core import x as h\n", "from core import (\n    other,\n    h,\n)\n", "from core import *\n",
		"a, h = pair()\n", "x = h = make()\n", "if True:\n    h = 1\n", "try:\n    from a import h\nexcept ImportError:\n    h = None\n",
		"def __getattr__(name): ...\n", "globals()['h'] = 1\n", "import core.h as h\n", "\ufeffdef h(e, c): ...\n", "def h(\n    event,\n    context,\n):\n    pass\n",
	} {
		p, err := Open(tree(t, map[string]string{"app.py": src}), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Resolve("app:h"); err != nil {
			t.Errorf("%q: %v", src, err)
		}
	}
	for _, src := range []string{"", "class A:\n    def h(self): ...\n", "# h = 1\n", "x.h = 1\n", "handler = 1\n"} {
		p, err := Open(tree(t, map[string]string{"app.py": src}), true)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Resolve("app:h"); err == nil {
			t.Errorf("%q: found", src)
		}
	}
}

func TestTopLevelParameters(t *testing.T) {
	for src, want := range map[string]int{
		"def f(): ...": 0, "def f(event, context): ...": 2, "def f(event: dict[str, int], context=g(1, 2)) -> dict: ...": 2, "def f(*args): ...": -1,
		"def f(\n    event,  # the event, as sent (raw)\n    context,\n) -> None:\n    ...": 2, "def f(a, /, b, *, c): ...": -1, "def f(a": 0, "class f:\n    x = g(1)": 0,
	} {
		if got := topLevel([]byte(src)).parameters["f"]; got != want && want != 0 {
			t.Errorf("%q: %d, want %d", src, got, want)
		}
	}
}
