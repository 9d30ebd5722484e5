package interp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"strings"
	"time"
)

// Identity is what tells interpreters apart, and where they look for modules.
type Identity struct {
	Implementation string   `json:"implementation"` // "cpython"
	Version        string   `json:"version"`        // "3.12.3"
	Platform       string   `json:"platform"`       // "linux-x86_64"
	Path           []string `json:"path"`           // sys.path without the working directory
}

// Supported reports whether the version is Oldest or newer.
func (i *Identity) Supported() bool { return !parseVersion(i.Version).Less(Oldest) }

// Details is what only the interpreter itself knows.
type Details struct {
	Identity
	CacheTag   string   `json:"cache_tag"` // "cpython-312"
	Executable string   `json:"executable"`
	Prefix     string   `json:"prefix"`
	BasePrefix string   `json:"base_prefix"`
	Builtin    []string `json:"builtin"`  // sys.builtin_module_names
	Stdlib     []string `json:"stdlib"`   // sys.stdlib_module_names, empty before 3.10
	Suffixes   []string `json:"suffixes"` // of extension modules
}

// queryScript does without json, platform and, where it can, sysconfig: they
// take longer than the start of Python.
const queryScript = `
import sys
sys.path[:] = [p for p in sys.path if p]
import os
from importlib.machinery import EXTENSION_SUFFIXES

def get_platform():
    if sys.platform == "linux" and "_PYTHON_HOST_PLATFORM" not in os.environ:
        return "linux-" + os.uname().machine
    import sysconfig
    return sysconfig.get_platform()

def dump(value):
    if isinstance(value, dict):
        return "{%s}" % ",".join([dump(k) + ":" + dump(v) for k, v in value.items()])
    if isinstance(value, list):
        return "[%s]" % ",".join([dump(v) for v in value])
    if value.isprintable() and len(value) == len(value.encode("utf-8")) and '"' not in value and "\\" not in value:
        return '"%s"' % value
    units = value.encode("utf-16-be", "surrogatepass")
    return '"%s"' % "".join(["\\u%02x%02x" % (units[i], units[i + 1]) for i in range(0, len(units), 2)])

print("\x1e" + dump({
    "implementation": sys.implementation.name,
    "version": sys.version.split()[0],
    "platform": get_platform(),
    "cache_tag": sys.implementation.cache_tag or "",
    "executable": sys.executable or "",
    "prefix": sys.prefix,
    "base_prefix": sys.base_prefix,
    "path": sys.path,
    "builtin": sorted(sys.builtin_module_names),
    "stdlib": sorted(getattr(sys, "stdlib_module_names", ())),
    "suffixes": EXTENSION_SUFFIXES,
}))
`

// Query runs the interpreter once and asks it for its details. It runs with
// env (nil for the process's own) and in the standard library's folder, so
// that no file of a project is imported by mistake.
func (i *Interpreter) Query(ctx context.Context, env []string) (*Details, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, i.Path, "-c", queryScript)
	cmd.Dir = i.Stdlib
	cmd.Env = env
	cmd.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("the Python interpreter %q did not answer: %w", i.Path, ctx.Err())
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("the Python interpreter %q cannot be started: %w", i.Path, err)
		}
		why := err.Error()
		if line := lastLine(stderr.String()); line != "" {
			why += ": " + line
		}
		return nil, fmt.Errorf("%q does not work as a Python interpreter (%s); name another one with --python PATH", i.Path, why)
	}
	// What .pth files print stands before the record separator.
	_, answer, ok := bytes.Cut(stdout.Bytes(), []byte{0x1e})
	d := &Details{}
	if !ok {
		return nil, fmt.Errorf("%q is not a Python interpreter: it printed %q", i.Path, lastLine(stdout.String()))
	}
	if err := json.NewDecoder(bytes.NewReader(answer)).Decode(d); err != nil {
		return nil, fmt.Errorf("the Python interpreter %q gave an answer that cannot be read: %w", i.Path, err)
	}
	if !d.Supported() {
		return nil, fmt.Errorf("%q is Python %s, which is not supported; name Python %d.%d or newer with --python",
			i.Path, d.Version, Oldest.Major, Oldest.Minor)
	}
	return d, nil
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return s[strings.LastIndexByte(s, '\n')+1:]
}
