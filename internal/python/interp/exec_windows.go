package interp

import (
	"os"
	"strings"
)

// isExecutable reports whether path is a file that may be started.
func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && strings.HasSuffix(strings.ToLower(path), ".exe")
}

// withExtension returns the files that a command name may stand for.
func withExtension(path string) []string { return []string{path + ".exe"} }
