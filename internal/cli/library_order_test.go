package cli

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

var importtimeLine = regexp.MustCompile(`(?m)^import time: +\d+ \| +\d+ \| ((?:  )*)(\S+)$`)

// importParents reads a listing of "-X importtime": who loads whom.
func importParents(listing string) map[string]string {
	parents := map[string]string{}
	lines := importtimeLine.FindAllStringSubmatch(listing, -1)
	var above []string
	for i := len(lines) - 1; i >= 0; i-- { // a module stands below what it loads
		level := len(lines[i][1]) / 2
		above = above[:level]
		parents[lines[i][2]] = strings.Join(above[max(0, level-1):], "")
		above = append(above, lines[i][2])
	}
	return parents
}

// TestTreeFollowsPython: the tree has the modules where -X importtime has them.
func TestTreeFollowsPython(t *testing.T) {
	dir := profileProject(t, map[string]string{
		"fastpath.toml": "entries = [\"app:handler\"]\n[traffic]\nplatform = \"server\"\n",
		"app.py": `import helper
from xml.dom import minidom
import asyncio, unittest.mock as mock
import email.mime.text
def handler(event, context): ...
`,
		"helper.py": "import http.client\nfrom concurrent import futures\ntry:\n    import not_installed\nexcept ImportError: pass\nimport logging.config, urllib.request\n",
	})
	code, stdout, stderr := runProfile(t.Context(), dir, "-q", "--runs", "1", "--export", "importtime")
	if code != ExitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	cmd := exec.CommandContext(t.Context(), os.Getenv("FASTPATH_TEST_PYTHON"), "-X", "importtime", "-c", "import app")
	cmd.Dir = dir
	var want bytes.Buffer
	cmd.Stderr = &want
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	python, ours := importParents(want.String()), importParents(stdout)
	same, all := 0, 0
	for module, parent := range ours {
		if where, ok := python[module]; ok {
			if all++; where == parent {
				same++
			} else {
				t.Logf("%s is loaded by %q, we say %q", module, where, parent)
			}
		}
	}
	if all < 80 || same*100 < all*95 {
		t.Errorf("%d of %d modules stand where Python loads them", same, all)
	}
	if python["app"] != "" || ours["helper"] != "app" || ours["not_installed"] != "helper" {
		t.Errorf("%v", ours)
	}
}
