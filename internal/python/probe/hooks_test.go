//go:build unix

package probe

import (
	"os/exec"
	"path/filepath"
	"testing"

	"fastpath/internal/python/oracle"
)

// TestInstalledHooks: packages that change how modules are found or what they
// are, from the environments that tools/fetch-environments makes.
func TestInstalledHooks(t *testing.T) {
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	pythons, err := filepath.Glob(filepath.Join(root, ".corpus/environments/*/bin/python"))
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, needs, code string
		loaded            []string
	}{
		{
			"six", "six",
			"import six\nfrom six.moves import queue, urllib\nfrom six.moves.urllib.parse import quote\nimport six.moves.configparser\n",
			[]string{"six", "six.moves", "six.moves.urllib.parse", "queue", "configparser", "urllib.parse"},
		},
		{
			"pytest", "_pytest.assertion.rewrite",
			"from _pytest.assertion import install_importhook\nfrom _pytest.config import get_config\nhook = install_importhook(get_config())\n" +
				"hook.mark_rewrite('checked')\nimport checked\nassert type(checked.__loader__).__name__ == 'AssertionRewritingHook'\n",
			[]string{"_pytest.assertion.rewrite", "checked", "wave"},
		},
		{
			"apipkg", "py._vendored_packages.apipkg",
			"import py\nassert py.path.local and py.io.TextIO\n",
			[]string{"py", "py.path", "py._path.local"},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			found := false
			for _, python := range pythons {
				if exec.Command(python, "-c", "import "+c.needs).Run() != nil {
					continue
				}
				found = true
				o := entry(t, python, map[string]string{"entry.py": c.code + "import last\n", "last.py": "import csv\n", "checked.py": "import wave\nassert wave\n"})
				g := graphOf(t, o)
				for _, name := range append(c.loaded, "last", "csv") {
					if k := kindOf(g, name); k == "" || k == "missing" {
						t.Errorf("%s: %s is %q", python, name, k)
					}
				}
				m, err := TimingPass(t.Context(), o)
				if err != nil || m.Self["entry"] <= 0 || m.Self["last"] <= 0 {
					t.Errorf("%s: %+v", python, err)
				}
			}
			if !found {
				if oracle.Required() {
					t.Fatalf("no environment has %s; run tools/fetch-environments", c.needs)
				}
				t.Skipf("no environment has %s", c.needs)
			}
		})
	}
}
