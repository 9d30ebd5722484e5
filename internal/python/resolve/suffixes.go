package resolve

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"fastpath/internal/python/interp"
	"fastpath/internal/regexps"
)

// extensionSuffixes returns the endings of extension modules that an
// interpreter loads, the preferred first, as its own extension modules or the
// description of its build show it; nil when neither does.
func extensionSuffixes(i *interp.Interpreter) []string {
	own := ownSuffix(i)
	if own == "" {
		return nil
	}
	if strings.HasSuffix(own, ".pyd") {
		return []string{own, ".pyd"}
	}
	_, platform, _ := strings.Cut(strings.TrimSuffix(own, ".so"), "-")
	_, platform, _ = strings.Cut(platform, "-")
	var stable []string
	switch threaded := strings.HasPrefix(own, ".cpython-3") && strings.Contains(own, "t-"); {
	case i.Version.Minor >= 15 && threaded:
		stable = []string{".abi3t-" + platform + ".so", ".abi3t.so"}
	case i.Version.Minor >= 15:
		stable = []string{".abi3-" + platform + ".so", ".abi3.so", ".abi3t-" + platform + ".so", ".abi3t.so"}
	case threaded || i.Implementation == "pypy":
	case i.Version.Minor == 14:
		stable = []string{".abi3.so", ".abi3-" + platform + ".so"}
	default:
		stable = []string{".abi3.so"}
	}
	return append(append([]string{own}, stable...), ".so")
}

// buildSuffix is how the description of a build names the ending.
var buildSuffix = regexps.New(`'EXT_SUFFIX':\s*'([^']+)'`)

// ownSuffix returns the ending of extension modules of this very build.
func ownSuffix(i *interp.Interpreter) string {
	entries, _ := os.ReadDir(i.DynLoad)
	for _, e := range entries {
		_, tag, _ := strings.Cut(e.Name(), ".")
		if isExtension(tag) && strings.Contains(tag, ".") && extensionTag().MatchString(strings.TrimSuffix(tag, filepath.Ext(tag))) {
			return "." + tag
		}
	}
	files, _ := filepath.Glob(filepath.Join(i.Stdlib, "_sysconfigdata_*.py"))
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if m := buildSuffix().FindSubmatch(data); m != nil {
			return string(m[1])
		}
	}
	return ""
}

func isExtension(name string) bool {
	return strings.HasSuffix(name, ".so") || strings.HasSuffix(name, ".pyd")
}

var extensionTag = regexps.New(`^(?:cpython-|cp|pypy)3?(\d+)t?d?(?:-[\w.-]+)?$`)

// rank says how early the interpreter takes an extension file with this
// ending, 0 first; -1 means never.
func (r *Resolver) rank(suffix string) int {
	for i, s := range r.suffixes {
		if s == suffix {
			return i
		}
	}
	if r.suffixes != nil {
		return -1
	}
	// The build is unknown: take what is for the version, then the stable ABI.
	tag := strings.TrimPrefix(strings.TrimSuffix(strings.TrimSuffix(suffix, ".so"), ".pyd"), ".")
	switch m := extensionTag().FindStringSubmatch(tag); {
	case m != nil && (m[1] == strconv.Itoa(r.version.Minor) || strings.HasPrefix(tag, "pypy")):
		return 0
	case tag == "abi3":
		return 1
	case tag == "":
		return 2
	}
	return -1
}
