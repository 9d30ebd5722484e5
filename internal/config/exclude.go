package config

import (
	"path"
	"strings"
)

// Excluded reports whether findings and edits leave a file out: file is
// relative to the project, with slashes. A pattern of exclude without a slash
// matches the name of the file or of any folder around it ("tests",
// "*_pb2.py"); one with a slash is relative to the project, and "**" stands
// for any number of folders ("legacy/**/gen.py"). A folder that matches takes
// everything below it along.
func (c *Config) Excluded(file string) bool {
	parts := strings.Split(path.Clean(file), "/")
	for _, p := range c.Exclude {
		p = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(p, `\`, "/"), "./"), "/")
		if p == "" {
			continue
		}
		if !strings.Contains(p, "/") {
			for _, name := range parts {
				if ok, err := path.Match(p, name); err == nil && ok {
					return true
				}
			}
			continue
		}
		if matchPath(strings.Split(strings.TrimPrefix(p, "/"), "/"), parts) {
			return true
		}
	}
	return false
}

// matchPath matches a pattern against the leading folders of a path.
func matchPath(pattern, parts []string) bool {
	if len(pattern) == 0 {
		return true // what remains lies below
	}
	if pattern[0] == "**" {
		for i := range parts {
			if matchPath(pattern[1:], parts[i:]) {
				return true
			}
		}
		return len(pattern) == 1
	}
	if len(parts) == 0 {
		return false
	}
	ok, err := path.Match(pattern[0], parts[0])
	return err == nil && ok && matchPath(pattern[1:], parts[1:])
}
