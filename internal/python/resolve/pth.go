package resolve

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// addPth appends what the .pth files of a site folder name. Their import
// lines are code and are not run; of those only the mapping that setuptools
// writes for editable installs is understood.
func (r *Resolver) addPth(site string) {
	var files []string
	for name, dir := range r.list(site).names {
		if !dir && strings.HasSuffix(name, ".pth") && !strings.HasPrefix(name, ".") {
			files = append(files, name)
		}
	}
	slices.Sort(files)
	for _, name := range files {
		data, err := os.ReadFile(filepath.Join(site, name))
		if err != nil {
			continue
		}
		for line := range strings.Lines(strings.TrimPrefix(string(data), "\ufeff")) {
			line = strings.TrimRight(line, " \t\r\n")
			switch {
			case line == "" || strings.HasPrefix(line, "#"):
			case strings.HasPrefix(line, "import ") || strings.HasPrefix(line, "import\t"):
				r.addEditable(site, line)
			default:
				dir := line
				if !filepath.IsAbs(dir) {
					dir = filepath.Join(site, dir)
				}
				if info, err := os.Stat(dir); err == nil && info.IsDir() {
					r.add(dir, OriginSite)
				}
			}
		}
	}
}

var (
	editableFinder  = regexp.MustCompile(`\b(__editable___\w+_finder)\b`)
	editableMapping = regexp.MustCompile(`(?m)^MAPPING\b[^=]*=\s*\{(.*)\}`)
	mappingPair     = regexp.MustCompile(`'((?:[^'\\]|\\.)*)'\s*:\s*'((?:[^'\\]|\\.)*)'`)
)

// addEditable reads the mapping of a finder that a .pth line installs.
func (r *Resolver) addEditable(site, line string) {
	m := editableFinder.FindStringSubmatch(line)
	if m == nil {
		return
	}
	src, err := os.ReadFile(filepath.Join(site, m[1]+".py"))
	if err != nil {
		return
	}
	mapping := editableMapping.FindSubmatch(src)
	if mapping == nil {
		return
	}
	for _, pair := range mappingPair.FindAllStringSubmatch(string(mapping[1]), -1) {
		name, target := pair[1], strings.ReplaceAll(pair[2], `\\`, `\`)
		if _, ok := r.editable[name]; !ok && filepath.IsAbs(target) {
			r.editable[name] = target
		}
	}
}
