package launch

import (
	_ "embed"
	"fmt"
	"strings"
)

// RuntimeModules are the modules of the standard library that AWS Lambda's
// Python runtime has imported before it imports the handler, with the first
// Python version (of those supported) on which it does. boto3, urllib3, ssl
// and http are not among them.
var RuntimeModules = []struct {
	Name  string
	Since string // X.Y
}{
	{"json", "3.8"},
	{"logging", "3.8"},
	{"os", "3.8"},
	{"site", "3.8"},
	{"time", "3.8"},
	{"warnings", "3.8"},
	{"importlib", "3.8"},
	{"enum", "3.8"},
	{"decimal", "3.8"},
	{"math", "3.8"},
	{"concurrent.futures", "3.12"},
	{"queue", "3.12"},
	{"heapq", "3.12"},
}

//go:embed preload.py
var preloadTemplate string

// PreloadSource defines the Python function preload(), which imports what
// AWS's runtime client imports: the installed awslambdaric, and
// RuntimeModules. It runs on 3.8 and later.
func PreloadSource() string {
	var list strings.Builder
	for _, m := range RuntimeModules {
		fmt.Fprintf(&list, "(%q, (%s)), ", m.Name, strings.ReplaceAll(m.Since, ".", ", "))
	}
	return strings.Replace(preloadTemplate, "@RUNTIME_MODULES@", "["+strings.TrimSuffix(list.String(), ", ")+"]", 1)
}
