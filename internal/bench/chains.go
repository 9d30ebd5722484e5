package bench

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// chain returns the statements that lead to a module, from the entry on, each
// as FILE:LINE: what asked for it first, what asked for that, and so on.
func (a *armRun) chain(module string) []string {
	chain := []string{}
	seen := map[string]bool{}
	for !seen[module] {
		seen[module] = true
		l, ok := a.loads[module]
		if !ok {
			break
		}
		// What starts the entry is no part of it: AWS's client, our own script.
		if !strings.HasPrefix(l.By, "awslambdaric.") && l.ByFile != "<string>" {
			chain = append(chain, a.short(l.ByFile)+":"+strconv.Itoa(l.Line))
		}
		module = l.By
	}
	slices.Reverse(chain)
	return chain
}

func (a *armRun) chains(modules []string) map[string][]string {
	if len(modules) == 0 {
		return nil
	}
	out := make(map[string][]string, len(modules))
	for _, m := range modules {
		out[m] = a.chain(m)
	}
	return out
}

// short names a file as people know it: relative to the project, or to the
// folder of installed packages or of the standard library.
func (a *armRun) short(file string) string {
	slashed := filepath.ToSlash(file)
	for _, mark := range []string{"/site-packages/", "/dist-packages/"} {
		if i := strings.LastIndex(slashed, mark); i >= 0 {
			return slashed[i+len(mark):]
		}
	}
	if rel, ok := below(a.Root, file); ok {
		return rel
	}
	if i := strings.LastIndex(slashed, "/lib/python"+a.Version+"/"); i >= 0 {
		return slashed[i+len("/lib/python"+a.Version+"/"):]
	}
	return slashed
}

// below returns file relative to root, with slashes, when it lies below.
func below(root, file string) (string, bool) {
	for _, r := range []string{root, realPath(root)} {
		if rel, err := filepath.Rel(r, file); err == nil && filepath.IsLocal(rel) {
			return filepath.ToSlash(rel), true
		}
	}
	return "", false
}

func realPath(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// foreign returns the modules that an arm loads from another project folder,
// sorted: an editable install leads there, and the arm would be measured with
// the other's code.
func (a *armRun) foreign(other string) []string {
	if a.Root == other {
		return nil
	}
	var out []string
	for name, l := range a.loads {
		if l.OwnFile == "" || strings.Contains(l.OwnFile, "-packages"+string(filepath.Separator)) {
			continue
		}
		if _, own := below(a.Root, l.OwnFile); own {
			continue
		}
		if _, is := below(other, l.OwnFile); is {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
