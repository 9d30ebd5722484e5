package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/deploy"
	"fastpath/internal/project"
)

// deployedEnv returns the user's environment with the variables that the
// deployment files of the project at root set for an entry, and the lines of
// those files, as "template.yaml: STAGE, TABLE". A variable that the user has
// set stays as it is, as with "sam local". Layers whose content lies in the
// project are on PYTHONPATH, after what the user has there.
func (a *app) deployedEnv(root string, e *project.Entry) (env, from []string, err error) {
	d, err := deploy.Read(root)
	if err != nil {
		return nil, nil, err
	}
	env = slices.Clone(a.Env)
	names := map[string][]string{} // by file
	for _, v := range d.Environment(e) {
		if slices.ContainsFunc(a.Env, set(v.Name)) {
			continue
		}
		env = append(env, v.Name+"="+v.Value)
		if names[v.File] == nil {
			from = append(from, v.File)
		}
		names[v.File] = append(names[v.File], v.Name)
	}
	for i, file := range from {
		from[i] = filepath.FromSlash(file) + ": " + strings.Join(names[file], ", ")
	}
	search := filepath.SplitList(a.getenv("PYTHONPATH"))
	for i, dir := range search {
		if dir != "" { // the program starts in another folder than we
			search[i] = a.path(dir)
		}
	}
	for _, l := range d.Layers(e) {
		dir := filepath.Join(root, filepath.FromSlash(l.Dir))
		if slices.Contains(search, dir) {
			continue
		}
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			search = append(search, dir)
			from = append(from, filepath.FromSlash(l.File)+": PYTHONPATH with the layer "+filepath.FromSlash(l.Dir))
		}
	}
	if len(search) > 0 {
		env = slices.DeleteFunc(env, set("PYTHONPATH"))
		env = append(env, "PYTHONPATH="+strings.Join(search, string(filepath.ListSeparator)))
	}
	return env, from, nil
}

// set reports whether a line of an environment sets a variable.
func set(name string) func(kv string) bool {
	return func(kv string) bool { n, _, _ := strings.Cut(kv, "="); return n == name }
}

// noteDeployed says which variables come from deployment files.
func (a *app) noteDeployed(from []string) {
	for _, line := range from {
		a.step("environment from %s", line)
	}
}
