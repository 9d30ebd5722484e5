package deploy

import (
	"cmp"
	"slices"
	"strings"

	"fastpath/internal/project"
)

// program is a function or an image that a deployment file describes.
type program struct {
	file     string
	function string // "" where the file describes one program
	shared   bool   // it has the variables of all of the file, too
	is       func(*project.Entry) bool
	layers   []Layer // in the order of the file, those of all functions first
}

// Environment returns the variables that an entry will find where it runs,
// sorted by name: those of its function or image, as far as the files state the
// values, and all deployments of the entry agree about them. Variables that
// say where the machine there keeps things, or that steer the interpreter,
// are left out: they mean nothing here.
func (d *Deployment) Environment(e *project.Entry) []Variable {
	found := map[string]Variable{}
	disputed := map[string]bool{}
	for _, p := range d.programs {
		if !p.is(e) {
			continue
		}
		for name, v := range d.variablesOf(&p) {
			if old, ok := found[name]; ok && (old.Value != v.Value || old.Computed != v.Computed) {
				disputed[name] = true
			}
			found[name] = v
		}
	}
	var out []Variable
	for name, v := range found {
		if !v.Computed && !disputed[name] && !foreign(name) {
			out = append(out, v)
		}
	}
	slices.SortFunc(out, func(a, b Variable) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// variablesOf returns the variables of a program by name; a function's own take
// the place of those of all functions.
func (d *Deployment) variablesOf(p *program) map[string]Variable {
	out := map[string]Variable{}
	for _, function := range []string{"", p.function} {
		for _, v := range d.Variables {
			if v.File == p.file && v.Function == function && (function != "" || p.shared) {
				out[v.Name] = v
			}
		}
	}
	return out
}

// foreign reports whether a variable is about the machine or the interpreter
// of the deployment, or names an identity.
func foreign(name string) bool {
	for _, prefix := range []string{"PYTHON", "LD_", "DYLD_", "AWS_LAMBDA_", "AWS_CONTAINER_", "PIP_", "UV_", "LC_", "XDG_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	switch name {
	case "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TMPDIR", "TEMP", "TMP", "LANG", "LANGUAGE", "PWD", "HOSTNAME", "VIRTUAL_ENV", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
		"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CREDENTIAL_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME",
		"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_EC2_METADATA_DISABLED", "AWS_BEARER_TOKEN_BEDROCK", "BOTO_CONFIG":
		return true
	}
	return false
}
