package interp

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"fastpath/internal/python/oracle"
)

func TestDistributions(t *testing.T) {
	dir := tree(t, map[string]string{
		"a/requests-2.32.0.dist-info/METADATA":          "Metadata-Version: 2.1\nName: requests\nVersion: 2.32.0\n\nName: not this\n",
		"a/requests-2.32.0.dist-info/RECORD":            "requests/__init__.py,sha256=x,10\nrequests/api.py,,\n../../bin/x,,\nrequests-2.32.0.dist-info/METADATA,,\n",
		"a/google_cloud_storage-1.0.dist-info/METADATA": "Name: Google.Cloud__Storage\nVersion: 1.0\n",
		"a/google_cloud_storage-1.0.dist-info/RECORD":   "google/cloud/storage/__init__.py,,\ngoogle/cloud/storage/blob.py,,\n\"google/cloud/odd,name.txt\",,\n",
		"a/google_auth-2.0.dist-info/METADATA":          "Name: google-auth\nVersion: 2.0\n",
		"a/google_auth-2.0.dist-info/RECORD":            "google/auth/__init__.py,,\ngoogle/oauth2/__init__.py,,\n",
		"a/PyYAML-6.0-py3.12.egg-info/PKG-INFO":         "Name: PyYAML\nVersion: 6.0\n",
		"a/PyYAML-6.0-py3.12.egg-info/top_level.txt":    "_yaml\nyaml\n",
		"a/six-1.16.0.dist-info/RECORD":                 "six.py,,\n__pycache__/six.cpython-312.pyc,,\n",
		"a/editable-0.1.dist-info/METADATA":             "Name: editable\nVersion: 0.1\n",
		"a/editable-0.1.dist-info/RECORD":               "__editable___editable_0_1_finder.py,,\n__editable__.editable-0.1.pth,,\n",
		"a/editable-0.1.dist-info/top_level.txt":        "shop\n",
		"a/compiled-3.0.dist-info/RECORD":               "fast.cpython-312-x86_64-linux-gnu.so,,\ncompiled/sub/x.so,,\n",
		"b/requests-1.0.dist-info/METADATA":             "Name: requests\nVersion: 1.0\n",
		"b/requests-1.0.dist-info/RECORD":               "requests/__init__.py,,\n",
		"b/broken-1.0.dist-info/METADATA":               "\x00\xff",
		"b/flat-2.5.egg-info":                           "Metadata-Version: 1.1\nName: flat\nVersion: 2.5\n",
		"b/old-9.egg-info/installed-files.txt":          "../oldmod.py\n../oldpkg/__init__.py\nPKG-INFO\n",
		"b/old-9.egg-info/PKG-INFO":                     "Name: old\nVersion: 9\n",
	})
	site := []string{filepath.Join(dir, "a"), filepath.Join(dir, "b"), filepath.Join(dir, "none")}
	var installed []string
	for _, d := range Installed(site) {
		installed = append(installed, d.Name+" "+d.Version)
	}
	const all = "pyyaml 6.0, compiled 3.0, editable 0.1, google-auth 2.0, google-cloud-storage 1.0, requests 2.32.0, six 1.16.0, broken 1.0, flat 2.5, old 9"
	if got := strings.Join(installed, ", "); got != all {
		t.Errorf("installed: got %s, want %s", got, all)
	}
	if got := Installed(site[2:]); got == nil || len(got) > 0 {
		t.Errorf("in no folder %#v is installed", got)
	}
	index := Distributions(site)
	want := Index{
		"requests": {"requests", "2.32.0"}, "google.cloud.storage": {"google-cloud-storage", "1.0"},
		"google.auth": {"google-auth", "2.0"}, "google.oauth2": {"google-auth", "2.0"}, "yaml": {"pyyaml", "6.0"}, "_yaml": {"pyyaml", "6.0"},
		"six": {"six", "1.16.0"}, "shop": {"editable", "0.1"}, "fast": {"compiled", "3.0"}, "compiled.sub.x": {"compiled", "3.0"},
		"oldmod": {"old", "9"}, "oldpkg": {"old", "9"},
	}
	if !reflect.DeepEqual(index, want) {
		t.Errorf("got  %v\nwant %v", index, want)
	}
	for module, name := range map[string]string{"google.cloud.storage.blob": "google-cloud-storage", "requests.api": "requests", "google.cloud": "", "nothing": ""} {
		if d, ok := index.Of(module); d.Name != name || ok != (name != "") {
			t.Errorf("Of(%q) = %v, %v", module, d, ok)
		}
	}
}

// TestDistributionsAgainstMetadata compares with importlib.metadata.
func TestDistributionsAgainstMetadata(t *testing.T) {
	const script = `
import importlib.metadata as m, json, re
out = {}
for d in m.distributions():
    if d.metadata["Name"]:
        out.setdefault(re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower(), d.version)
print(json.dumps(out))
`
	for _, p := range oracle.Every(t) {
		python := p.Path
		i, err := Find(FindOptions{Explicit: python, ProjectRoot: "/", Dir: "/", Env: os.Environ()})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(python, "-c", script)
		cmd.Dir = i.Stdlib
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		var want map[string]string
		if err := json.Unmarshal(out, &want); err != nil {
			t.Fatal(err)
		}
		for _, d := range Installed(i.SitePackages) {
			if v, ok := want[d.Name]; !ok || v != d.Version {
				t.Errorf("%s: %v is installed, importlib.metadata says %q", python, d, v)
			}
		}
		index := Distributions(i.SitePackages)
		for module, d := range index {
			if v, ok := want[d.Name]; !ok || v != d.Version {
				t.Errorf("%s: %s is of %v, importlib.metadata says %q", python, module, d, v)
			}
		}
		t.Logf("%s: %d modules of %d distributions", python, len(index), len(want))
	}
}

func TestNormalizeName(t *testing.T) {
	for name, want := range map[string]string{"Google.Cloud__Storage": "google-cloud-storage", "PyYAML": "pyyaml", "a-_.b": "a-b", "-x-": "x"} {
		if got := NormalizeName(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func BenchmarkDistributions(b *testing.B) {
	dir := b.TempDir()
	for n := range 2000 {
		info := filepath.Join(dir, fmt.Sprintf("pkg%d-1.0.dist-info", n))
		if err := os.MkdirAll(info, 0o755); err != nil {
			b.Fatal(err)
		}
		record := ""
		for f := range 50 {
			record += fmt.Sprintf("pkg%d/mod%d.py,sha256=abcdef,100\n", n, f)
		}
		record += fmt.Sprintf("pkg%d/__init__.py,,\n", n)
		_ = os.WriteFile(filepath.Join(info, "RECORD"), []byte(record), 0o644)
		_ = os.WriteFile(filepath.Join(info, "METADATA"), []byte(fmt.Sprintf("Name: pkg%d\nVersion: 1.0\n", n)), 0o644)
	}
	for b.Loop() {
		Distributions([]string{dir})
	}
}
