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
			} {
				files := map[string]string{"app.py": c.app}
				for name, text := range verifyFiles {
					files[name] = text
				}
				dir := initProject(t, files)
				var out, errs bytes.Buffer
				cmd := Command{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &errs, Dir: dir, Env: os.Environ()}
				args := []string{"apply", "--cold", "heavy", "--verify", "--format", "json", "--python", p.Path}
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
				e := res.Verification.Entries[0]
				kind := ""
				if len(e.Differences) > 0 {
					kind = string(e.Differences[0].Kind)
				}
				if !slices.Equal(e.Gone, c.gone) || kind != c.kind || e.OK != (c.kind == "") {
					t.Errorf("%s: %+v", c.name, e)
				}
			}
		})
	}
}
