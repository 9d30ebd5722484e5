package project

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// RequiresPython returns the lowest version "X.Y" that requires-python of
// pyproject.toml allows, as ruff takes it for the version to check against; ""
// where it says nothing about that, or cannot be read.
func (p *Project) RequiresPython() string {
	data, err := os.ReadFile(filepath.Join(p.Root, "pyproject.toml"))
	if err != nil {
		return ""
	}
	var file struct {
		Project struct {
			RequiresPython string `toml:"requires-python"`
		} `toml:"project"`
	}
	if toml.Unmarshal(data, &file) != nil {
		return ""
	}
	return lowestPython(file.Project.RequiresPython)
}

// lowestPython returns the highest lower bound of a list of version specifiers
// (PEP 440).
func lowestPython(specifiers string) string {
	lowest := [2]int{-1, 0}
	for clause := range strings.SplitSeq(specifiers, ",") {
		clause = strings.TrimSpace(clause)
		for _, operator := range [...]string{"===", ">=", "~=", "==", ">"} {
			version, ok := strings.CutPrefix(clause, operator)
			if !ok {
				continue
			}
			var v [2]int
			if n, _ := fmt.Sscanf(strings.TrimSpace(version), "%d.%d", &v[0], &v[1]); n > 0 && (v[0] > lowest[0] || v[0] == lowest[0] && v[1] > lowest[1]) {
				lowest = v
			}
			break
		}
	}
	if lowest[0] < 0 {
		return ""
	}
	return fmt.Sprintf("%d.%d", lowest[0], lowest[1])
}
