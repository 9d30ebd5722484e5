package launch

import (
	"os"
	"runtime"
	"slices"
	"strings"
)

// Notice is the first line of every command that runs user code without
// --real-credentials.
const Notice = "child processes get dummy AWS credentials; --real-credentials passes yours"

// EnvOptions says what a child's environment holds besides the user's.
type EnvOptions struct {
	RealCredentials bool     // pass the user's AWS configuration on
	PythonPath      []string // absolute, before the user's PYTHONPATH
	Extra           []string // "K=V", last
}

// removed are the variables by which AWS's libraries find an identity, beside
// those that are replaced.
var removed = []string{
	"AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SECURITY_TOKEN", "AWS_CREDENTIAL_EXPIRATION", "AWS_CREDENTIAL_FILE", "BOTO_CONFIG",
	"AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_BEARER_TOKEN_BEDROCK",
	"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	"AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
}

// Environment returns the environment of a child process: base, with a fixed
// hash seed so that runs repeat, and with dummy AWS credentials, so that user
// code which is run for measuring cannot act in the user's account.
func Environment(base []string, o EnvOptions) []string {
	env := slices.Clone(base)
	set := func(name, value string) { env = append(unset(env, name), name+"="+value) }

	set("PYTHONHASHSEED", "0")
	env = unset(env, resultVariable)
	if len(o.PythonPath) > 0 {
		path := slices.Clone(o.PythonPath)
		if old := lookup(base, "PYTHONPATH"); old != "" {
			path = append(path, old)
		}
		set("PYTHONPATH", strings.Join(path, string(os.PathListSeparator)))
	}
	if !o.RealCredentials {
		for _, name := range removed {
			env = unset(env, name)
		}
		for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
			set(name, "fastpath-dummy")
		}
		set("AWS_EC2_METADATA_DISABLED", "true")
		set("AWS_CONFIG_FILE", os.DevNull)
		set("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
		if lookup(env, "AWS_DEFAULT_REGION") == "" {
			region := lookup(env, "AWS_REGION")
			if region == "" {
				region = "us-east-1"
			}
			set("AWS_DEFAULT_REGION", region)
		}
	}
	for _, kv := range o.Extra {
		name, value, _ := strings.Cut(kv, "=")
		set(name, value)
	}
	return env
}

// sameName compares names of environment variables.
func sameName(a, b string) bool {
	if runtime.GOOS == "windows" {
		return strings.EqualFold(a, b)
	}
	return a == b
}

func unset(env []string, name string) []string {
	return slices.DeleteFunc(env, func(kv string) bool {
		k, _, _ := strings.Cut(kv, "=")
		return sameName(k, name)
	})
}

func lookup(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if k, v, ok := strings.Cut(kv, "="); ok && sameName(k, name) {
			return v
		}
	}
	return ""
}
