package cli

import (
	"path/filepath"
	"slices"
	"strings"

	"fastpath/internal/deploy"
	"fastpath/internal/project"
)

// deployedEnv returns the user's environment with the variables that the
// deployment files of the project at root set for an entry, and the lines of
// those files, as "template.yaml: STAGE, TABLE". A variable that the user has
// set stays as it is, as with "sam local".
func (a *app) deployedEnv(root string, e *project.Entry) (env, from []string, err error) {
	d, err := deploy.Read(root)
	if err != nil {
		return nil, nil, err
	}
	env = slices.Clone(a.Env)
	names := map[string][]string{} // by file
	for _, v := range d.Environment(e) {
		set := func(kv string) bool { name, _, _ := strings.Cut(kv, "="); return name == v.Name }
		if slices.ContainsFunc(a.Env, set) {
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
	return env, from, nil
}

// noteDeployed says which variables come from deployment files.
func (a *app) noteDeployed(from []string) {
	for _, line := range from {
		a.step("environment from %s", line)
	}
}
