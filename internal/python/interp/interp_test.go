package interp

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fastpath/internal/python/syntax"
)

// tree writes files into a new folder; names that end in "*" are executable,
// content that starts with "->" is a symbolic link.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		mode := os.FileMode(0o644)
		if n, ok := strings.CutSuffix(name, "*"); ok {
			name, mode = n, 0o755
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if target, ok := strings.CutPrefix(text, "->"); ok {
			err = os.Symlink(strings.ReplaceAll(target, "$ROOT", dir), path)
		} else {
			err = os.WriteFile(path, []byte(strings.ReplaceAll(text, "$ROOT", dir)), mode)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// installation adds a Python X.Y below prefix to files.
func installation(files map[string]string, prefix, version string) map[string]string {
	files[prefix+"/bin/python"+version+"*"] = "binary"
	files[prefix+"/bin/python3"] = "->python" + version
	files[prefix+"/bin/python"] = "->python3"
	files[prefix+"/lib/python"+version+"/os.py"] = ""
	files[prefix+"/lib/python"+version+"/lib-dynload/x.so"] = ""
	files[prefix+"/lib/python"+version+"/site-packages/README"] = ""
	return files
}

func venv(files map[string]string, dir, base, version, extra string) map[string]string {
	files[dir+"/bin/python"] = "->$ROOT/" + base + "/bin/python" + version
	files[dir+"/bin/python3"] = "->python"
	files[dir+"/pyvenv.cfg"] = "home = $ROOT/" + base + "/bin\nversion = " + version + ".4\n" + extra
	files[dir+"/lib/python"+version+"/site-packages/README"] = ""
	return files
}

func TestFindOrder(t *testing.T) {
	files := map[string]string{}
	for _, v := range []string{"3.8", "3.9", "3.10", "3.11", "3.12", "3.13"} {
		installation(files, "opt/"+v, v)
	}
	venv(files, "project/.venv", "opt/3.10", "3.10", "include-system-site-packages = false\n")
	venv(files, "project/venv", "opt/3.11", "3.11", "")
	venv(files, "other", "opt/3.12", "3.12", "include-system-site-packages = true\n")
	files["empty/README"] = ""
	dir := tree(t, files)
	at := func(p string) string { return filepath.Join(dir, filepath.FromSlash(p)) }
	path := "PATH=relative:" + at("opt/3.8/bin")
	for name, c := range map[string]struct {
		opt           FindOptions
		path, version string
		source        string
		venv          bool
	}{
		"explicit path": {
			FindOptions{Explicit: "opt/3.13/bin/python3", Configured: "venv/bin/python"},
			"opt/3.13/bin/python3", "3.13", "--python", false,
		},
		"explicit folder":  {FindOptions{Explicit: at("other")}, "other/bin/python", "3.12", "--python", true},
		"explicit command": {FindOptions{Explicit: "python3"}, "opt/3.8/bin/python3", "3.8", "--python", false},
		"explicit version": {FindOptions{Explicit: "3.8"}, "opt/3.8/bin/python3.8", "3.8", "--python", false},
		"configured":       {FindOptions{Configured: "venv/bin/python"}, "project/venv/bin/python", "3.11", "configuration", true},
		"VIRTUAL_ENV":      {FindOptions{Env: []string{"VIRTUAL_ENV=" + at("other")}}, "other/bin/python", "3.12", "VIRTUAL_ENV", true},
		"broken VIRTUAL_ENV": {
			FindOptions{Env: []string{"VIRTUAL_ENV=" + at("gone")}},
			"project/.venv/bin/python", "3.10", ".venv", true,
		},
		".venv": {FindOptions{}, "project/.venv/bin/python", "3.10", ".venv", true},
		"PATH":  {FindOptions{ProjectRoot: at("empty")}, "opt/3.8/bin/python3", "3.8", "python3 on PATH", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Dir = dir
			if c.opt.ProjectRoot == "" {
				c.opt.ProjectRoot = at("project")
			}
			c.opt.Env = append([]string{path}, c.opt.Env...)
			i, err := Find(c.opt)
			if err != nil {
				t.Fatal(err)
			}
			if i.Path != at(c.path) || i.Version != parseVersion(c.version) || i.Source != c.source || i.Venv != c.venv {
				t.Errorf("got %+v", i)
			}
			if base := at("opt/" + c.version); i.Base != base || i.Stdlib != filepath.Join(base, "lib", "python"+c.version) || i.DynLoad == "" {
				t.Errorf("base of %+v", i)
			}
			sites := []string{filepath.Join(i.Prefix, "lib", "python"+c.version, "site-packages")}
			if strings.Contains(c.path, "other") {
				sites = append(sites, filepath.Join(i.Base, "lib", "python"+c.version, "site-packages"))
			}
			if !slices.Equal(i.SitePackages, sites) {
				t.Errorf("site-packages %v, want %v", i.SitePackages, sites)
			}
		})
	}
}

func TestFindErrors(t *testing.T) {
	files := installation(map[string]string{}, "old", "3.6")
	files["project/notes.txt"] = "x"
	files["project/sub/x"] = ""
	dir := tree(t, files)
	project := filepath.Join(dir, "project")
	for name, c := range map[string]struct {
		opt  FindOptions
		want []string
	}{
		"nothing": {FindOptions{}, []string{
			"no Python interpreter found; tried: .venv, venv, python3 on PATH, python on PATH",
			"--python PATH", "python3 -m venv .venv",
		}},
		"too old on PATH": {FindOptions{Env: []string{"PATH=" + filepath.Join(dir, "old", "bin")}}, []string{"no Python interpreter found", "(Python 3.6 is too old)"}},
		"too old":         {FindOptions{Explicit: "../old/bin/python3"}, []string{"Python 3.6, which is not supported; name Python 3.8 or newer"}},
		"missing":         {FindOptions{Explicit: "./none"}, []string{`"./none" (--python) does not exist`}},
		"no command":      {FindOptions{Explicit: "python3.99"}, []string{`no Python interpreter "python3.99" (--python); tried: python3.99 on PATH`}},
		"not executable":  {FindOptions{Explicit: "notes.txt"}, []string{`"notes.txt" (--python) is not executable`}},
		"folder":          {FindOptions{Configured: "sub"}, []string{`the folder "sub" (configuration) has no Python interpreter`}},
	} {
		t.Run(name, func(t *testing.T) {
			c.opt.Dir, c.opt.ProjectRoot = project, project
			i, err := Find(c.opt)
			if err == nil {
				t.Fatalf("found %+v", i)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got  %v\nwant %s", err, w)
				}
			}
		})
	}
}

func TestPyenvShims(t *testing.T) {
	files := map[string]string{}
	for _, v := range []string{"3.11.7", "3.12.1", "3.12.10"} {
		xy := v[:4]
		installation(files, "pyenv/versions/"+v, xy)
	}
	for _, s := range []string{"python3", "python", "python3.12"} {
		files["pyenv/shims/"+s+"*"] = "#!/bin/sh\nexit 1\n"
	}
	files["pyenv/version"] = "3.11.7\n"
	files["a/b/x"] = ""
	files["a/.python-version"] = "# ours\n3.12.1\n3.11.7\n"
	files["prefix/.python-version"] = "3.12\n"
	files["gone/.python-version"] = "3.9.1\n"
	installation(files, "usr", "3.14")
	installation(files, "more/versions/3.13.2", "3.13")
	dir := tree(t, files)
	path := "PATH=" + filepath.Join(dir, "pyenv/shims") + ":" + filepath.Join(dir, "usr/bin")
	for name, c := range map[string]struct {
		project, explicit string
		env               []string
		want              string
	}{
		"global":           {project: "usr", want: "pyenv/versions/3.11.7/bin/python3"},
		"local":            {project: "a/b", want: "pyenv/versions/3.12.1/bin/python3"},
		"prefix":           {project: "prefix", want: "pyenv/versions/3.12.10/bin/python3"},
		"PYENV_VERSION":    {project: "a/b", env: []string{"PYENV_VERSION=3.11.7"}, want: "pyenv/versions/3.11.7/bin/python3"},
		"not installed":    {project: "gone", want: "usr/bin/python3"},
		"explicit":         {project: "a/b", explicit: "python3.12", want: "pyenv/versions/3.12.1/bin/python3.12"},
		"explicit version": {project: "a/b", explicit: "3.13", env: []string{"PYENV_ROOT=" + filepath.Join(dir, "more")}, want: "more/versions/3.13.2/bin/python"},
		"explicit shim":    {project: "a/b", explicit: filepath.Join(dir, "pyenv/shims/python3"), want: "pyenv/versions/3.12.1/bin/python3"},
	} {
		i, err := Find(FindOptions{ProjectRoot: filepath.Join(dir, c.project), Dir: dir, Explicit: c.explicit, Env: append(c.env, path)})
		if err != nil || i.Path != filepath.Join(dir, c.want) {
			t.Errorf("%s: %+v, %v; want %s", name, i, err, c.want)
		}
	}
}

func TestParseVersion(t *testing.T) {
	for s, want := range map[string]syntax.Version{
		"3.12": {Major: 3, Minor: 12}, "3.12.1": {Major: 3, Minor: 12}, "3.13.0.final.0": {Major: 3, Minor: 13}, "3.15.0rc1": {Major: 3, Minor: 15}, "3": {}, "": {}, "x.y": {},
	} {
		if got := parseVersion(s); got != want {
			t.Errorf("%q: %v, want %v", s, got, want)
		}
	}
}

func TestPythonPath(t *testing.T) {
	dir := tree(t, installation(map[string]string{}, "usr", "3.12"))
	sep := string(os.PathListSeparator)
	i, err := Find(FindOptions{Explicit: filepath.Join(dir, "usr/bin/python3"), Dir: "/app", Env: []string{"PYTHONPATH=" + filepath.Join(dir, "x") + sep + "lib/../src" + sep}})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{filepath.Join(dir, "x"), "/app/src", "/app"}; !slices.Equal(i.PythonPath, want) {
		t.Errorf("%q, want %q", i.PythonPath, want)
	}
}

// TestLinkedPrefix: Python follows the links of its executable, not those
// of the folders above it.
func TestLinkedPrefix(t *testing.T) {
	files := installation(map[string]string{}, "pyenv/3.12.1", "3.12")
	files["opt/3.12"] = "->$ROOT/pyenv/3.12.1"
	files["usr/bin/python3"] = "->$ROOT/opt/3.12/bin/python3"
	dir := tree(t, venv(files, "env", "opt/3.12", "3.12", ""))
	for exe, want := range map[string]string{
		"opt/3.12/bin/python3": "opt/3.12", "pyenv/3.12.1/bin/python": "pyenv/3.12.1", "usr/bin/python3": "opt/3.12", "env/bin/python": "opt/3.12",
	} {
		i, err := Find(FindOptions{Explicit: filepath.Join(dir, exe), Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(dir, want); i.Base != want || i.Stdlib != filepath.Join(want, "lib/python3.12") {
			t.Errorf("%s: base %s, library %s; want %s", exe, i.Base, i.Stdlib, want)
		}
	}
}
