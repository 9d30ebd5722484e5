package project

import (
	"path"
	"slices"
	"strings"

	"fastpath/internal/regexps"
)

var (
	serverlessName = regexps.New(`^serverless(\..+)?\.(ya?ml|json)$`)
	dockerName     = regexps.New(`^(Dockerfile|Containerfile)(\..+)?$|\.[Dd]ockerfile$`)
	zappaName      = regexps.New(`^zappa_settings\.(json|ya?ml)$`)
	// deploymentPatterns name at least these files, as git does.
	deploymentPatterns = []string{"*serverless*", "*.tf", "*zappa_settings.*", "*config.json", "*ockerfile*", "*Containerfile*", "*Procfile", "*manage.py"}
)

// deployed reads all deployment files but the templates: serverless.yml,
// Terraform, the CDK's output, Chalice, Zappa, Dockerfiles, Procfiles and
// manage.py. Applications that two files start are kept once.
func deployed(root string) ([]function, []Problem, error) {
	r := &reading{root: root}
	read := func(file string) func(string, []byte) {
		switch name := path.Base(file); {
		case serverlessName().MatchString(name):
			return r.serverless
		case strings.HasSuffix(name, ".tf"):
			return r.terraform
		case zappaName().MatchString(name):
			return r.zappa
		case name == "config.json" && path.Base(path.Dir(file)) == ".chalice":
			return r.chalice
		case (strings.Contains(name, "ockerfile") || strings.Contains(name, "ontainerfile")) && dockerName().MatchString(name):
			return r.dockerfileEntries
		case name == "Procfile":
			return r.procfile
		case name == "manage.py":
			return r.django
		}
		return nil
	}
	files, err := Named(root, func(name string) bool {
		return read(name) != nil || name == "config.json"
	}, deploymentPatterns...)
	if err != nil {
		return nil, nil, err
	}
	for _, file := range files {
		if do := read(file); do != nil {
			if data := r.data(file); data != nil {
				do(file, data)
			}
		}
	}
	// The CDK's output is rarely tracked.
	cdk, err := walk(path.Join(root, "cdk.out"), func(name string) bool { return strings.HasSuffix(name, ".template.json") }, nil)
	if err == nil {
		for _, file := range cdk {
			file = path.Join("cdk.out", file)
			if data := r.data(file); data != nil {
				if err := r.cdk(file, data); err != nil {
					return r.functions, r.problems, err
				}
			}
		}
	}
	var once []function
	for _, f := range r.functions {
		same := func(o function) bool { return o.codeDir == f.codeDir && o.module == f.module && o.attr == f.attr }
		if !slices.ContainsFunc(once, same) {
			once = append(once, f)
		}
	}
	return once, r.problems, nil
}
