package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

// verifyFiles are the files of TestVerifyVersions besides the entry.
var verifyFiles = map[string]string{
	"fastpath.toml": "entries = [\"app:handler\"]\n",
	"heavy.py":      "import deep\n\n\ndef run(n):\n    return deep.V, n\n",
	"deep.py":       "V = 1\n",
	"plug.py":       "import sys\n\n\ndef start():\n    for m in list(sys.modules.values()):\n        names = getattr(m, '__di' + 'ct__', {})\n        if names.get('MARK') == 7:\n            names['he' + 'avy'].run(1)\n",
}

// TestVerifyVersions verifies the move of one import with the oldest, a middle
// and the newest interpreters: it holds, it breaks what no scan sees, or the
// entry does not start at all.
func TestVerifyVersions(t *testing.T) {
	const handler = "\n\ndef handler(event, context):\n    return heavy.run(event)\n"
	for _, p := range oracle.Pythons(t) {
		if !slices.Contains([]int{oracle.Oldest, 12, 14, oracle.Newest}, p.Minor) {
			continue
		}
		t.Run(p.Name(), func(t *testing.T) {
			for _, c := range []struct {
				name, app string
				exit      int
				kind      string
				gone      []string
			}{
				{"holds", "import heavy\n\nprint('hello')\n" + handler, ExitOK, "", []string{"deep", "heavy"}},
				{"breaks", "import heavy\nimport plug\n\nMARK = 7\nplug.start()\n" + handler, ExitFindings, "failed", []string{}},
				{"ends", "import sys\n\nimport heavy\n" + handler + "\n\nsys.exit(3)\n", ExitFailure, "", nil},
				{"command", "import heavy\n" + handler, ExitOK, "", []string{"deep", "heavy", "tool.heavy"}},
			} {
				files := map[string]string{"app.py": c.app}
				for name, text := range verifyFiles {
					files[name] = text
				}
				if c.name == "command" { // of a package below src, beside what lies at the root
					files["fastpath.toml"] = "entries = [\"console:tool\", \"app:handler\"]\n"
					files["pyproject.toml"] = "[project]\nname = \"tool\"\nversion = \"1\"\n\n[project.scripts]\ntool = \"tool.cli:main\"\n"
					files["src/tool/__init__.py"], files["src/tool/heavy.py"] = "", "V = 1\n"
					files["src/tool/cli.py"] = "import sys\n\nfrom . import heavy\n\n\ndef main():\n    if len(sys.argv) > 1:\n        print(heavy.V)\n"
				}
				dir := initProject(t, files)
				var out, errs bytes.Buffer
				cmd := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: os.Environ()}
				args := []string{"apply", "--cold", "heavy", "--verify", "--format", "json", "--python", p.Path}
				if c.name == "command" {
					args = append(args, "--cold", "tool.heavy")
				}
				if code := cmd.Main(t.Context(), args); code != c.exit {
					t.Fatalf("%s: exit %d: %s", c.name, code, errs.String())
				}
				now, err := os.ReadFile(filepath.Join(dir, "app.py"))
				if err != nil {
					t.Fatal(err)
				}
				if changed := string(now) != c.app; changed != (c.exit == ExitOK) {
					t.Errorf("%s: app.py changed: %v", c.name, changed)
				}
				if c.exit == ExitFailure {
					if !strings.Contains(errs.String(), "called sys.exit(3) while it was imported") {
						t.Errorf("%s: %s", c.name, errs.String())
					}
					continue
				}
				var res applyResult
				if err := json.Unmarshal(out.Bytes(), &res); err != nil {
					t.Fatal(err)
				}
				var gone []string
				kind := ""
				for _, e := range res.Verification.Entries {
					gone = append(gone, e.Gone...)
					for _, d := range e.Differences {
						kind = string(d.Kind)
					}
				}
				slices.Sort(gone)
				if !slices.Equal(gone, c.gone) || kind != c.kind || res.Verification.OK != (c.kind == "") {
					t.Errorf("%s: %+v", c.name, res.Verification)
				}
			}
		})
	}
}
