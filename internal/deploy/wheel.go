package deploy

import (
	"path"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// pyproject is what decides which files a wheel has, as far as we know it.
type pyproject struct {
	Build struct {
		Backend string `toml:"build-backend"`
	} `toml:"build-system"`
	Project struct {
		Name string `toml:"name"`
	} `toml:"project"`
	Tool struct {
		Setuptools struct {
			Modules    []string       `toml:"py-modules"`
			PackageDir map[string]any `toml:"package-dir"`
		} `toml:"setuptools"`
		Hatch struct {
			Build struct {
				hatchTarget
				Targets struct {
					Wheel hatchTarget `toml:"wheel"`
				} `toml:"targets"`
			} `toml:"build"`
		} `toml:"hatch"`
		Poetry struct {
			Packages []map[string]any `toml:"packages"`
			Exclude  []any            `toml:"exclude"`
		} `toml:"poetry"`
		Flit struct {
			Module struct {
				Name string `toml:"name"`
			} `toml:"module"`
		} `toml:"flit"`
	} `toml:"tool"`
}

type hatchTarget struct {
	Include  []string `toml:"include"`
	Only     []string `toml:"only-include"`
	Exclude  []string `toml:"exclude"`
	Packages []string `toml:"packages"`
}

// wheel reads which modules a wheel of the project would have, for the build
// back ends that name them: setuptools, hatchling, poetry-core and flit-core.
func (d *Deployment) wheel(_, file string, data []byte) {
	var p pyproject
	if toml.Unmarshal(data, &p) != nil || p.Build.Backend == "" {
		return
	}
	dir := path.Dir(file)
	line := func(words ...string) Place {
		for _, w := range words {
			if i := strings.Index(string(data), w); i >= 0 {
				return Place{file, lineOf(string(data), i)}
			}
		}
		return Place{file, 1}
	}
	add := func(at Place, has func(rel string) bool) {
		d.rules = append(d.rules, rule{what: "the wheel of " + file, has: func(f string) (bool, Place) {
			rel, ok := below(dir, f)
			return ok && has(rel), at
		}})
	}
	back := p.Build.Backend
	hatch := p.Tool.Hatch.Build.Targets.Wheel
	if len(hatch.Include)+len(hatch.Only)+len(hatch.Exclude)+len(hatch.Packages) == 0 {
		hatch = p.Tool.Hatch.Build.hatchTarget
	}
	switch {
	case strings.HasPrefix(back, "setuptools") && len(p.Tool.Setuptools.Modules) > 0:
		// Modules are named one by one; packages are taken whole.
		prefix := ""
		if s, ok := p.Tool.Setuptools.PackageDir[""].(string); ok {
			prefix = s
		}
		add(line("py-modules"), func(rel string) bool {
			rel, ok := below(path.Join(".", prefix), rel)
			module, isPython := strings.CutSuffix(rel, ".py")
			return ok && isPython && slices.Contains(p.Tool.Setuptools.Modules, strings.ReplaceAll(module, "/", "."))
		})
	case strings.HasPrefix(back, "hatchling") && len(hatch.Include)+len(hatch.Only)+len(hatch.Exclude) > 0:
		add(line("only-include", "include", "exclude"), func(rel string) bool {
			in := len(hatch.Include)+len(hatch.Only)+len(hatch.Packages) == 0
			for _, list := range [][]string{hatch.Include, hatch.Only, hatch.Packages} {
				in = in || slices.ContainsFunc(list, func(s string) bool { return Gitignored(s, rel) })
			}
			return in && !slices.ContainsFunc(hatch.Exclude, func(s string) bool { return Gitignored(s, rel) })
		})
	case strings.HasPrefix(back, "poetry") && len(p.Tool.Poetry.Packages)+len(p.Tool.Poetry.Exclude) > 0:
		add(line("packages", "exclude"), func(rel string) bool {
			in := len(p.Tool.Poetry.Packages) == 0
			for _, pkg := range p.Tool.Poetry.Packages {
				include, _ := pkg["include"].(string)
				from, _ := pkg["from"].(string)
				in = in || globAbove(path.Join(from, include), rel)
			}
			return in && !slices.ContainsFunc(p.Tool.Poetry.Exclude, func(v any) bool {
				s, isString := v.(string)
				return isString && globAbove(path.Clean(s), rel)
			})
		})
	case strings.HasPrefix(back, "flit"):
		name := p.Tool.Flit.Module.Name
		if name == "" {
			name = strings.ReplaceAll(p.Project.Name, "-", "_")
		}
		add(line("[tool.flit.module]", "[project]"), func(rel string) bool {
			rel = strings.TrimPrefix(rel, "src/")
			return rel == name+".py" || within(name, rel)
		})
	}
}

// Gitignored reports whether a pattern matches a path relative to the root, like a line of .gitignore: a pattern without a slash
// inside matches at any depth, others from the root.
func Gitignored(pattern, rel string) bool {
	clean := strings.TrimSuffix(pattern, "/")
	if anchored, ok := strings.CutPrefix(clean, "/"); ok {
		return globAbove(anchored, rel)
	}
	if strings.Contains(clean, "/") {
		return globAbove(clean, rel)
	}
	return globAbove("**/"+clean, rel)
}
