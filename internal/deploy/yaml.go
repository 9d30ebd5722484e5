package deploy

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"fastpath/internal/project"
)

// pairs returns keys and values of a mapping in file order.
func pairs(n *yaml.Node) [][2]*yaml.Node {
	for n != nil && n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	var out [][2]*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		out = append(out, [2]*yaml.Node{n.Content[i], n.Content[i+1]})
	}
	return out
}

// field follows keys into mappings, nil when one is missing.
func field(n *yaml.Node, keys ...string) *yaml.Node {
	for _, k := range keys {
		list := pairs(n)
		i := slices.IndexFunc(list, func(p [2]*yaml.Node) bool { return p[0].Value == k })
		if i < 0 {
			return nil
		}
		n = list[i][1]
	}
	return n
}

// scalars returns the scalar items of a sequence.
func scalars(n *yaml.Node) []*yaml.Node {
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(n.Content), func(c *yaml.Node) bool { return c.Kind != yaml.ScalarNode })
}

// parseYAML returns the document's root, nil where there is none.
func parseYAML(data []byte) *yaml.Node {
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil || doc.Kind != yaml.DocumentNode || len(doc.Content) == 0 {
		return nil
	}
	return doc.Content[0]
}

// variables adds a mapping of names and values.
func (d *Deployment) variables(file, function string, n *yaml.Node) {
	for _, p := range pairs(n) {
		if p[1].Kind == yaml.ScalarNode {
			d.Variables = append(d.Variables, Variable{
				Place: Place{file, p[0].Line}, Name: p[0].Value, Value: p[1].Value, Function: function,
				Computed: !strings.HasPrefix(p[1].Tag, "!!") || p[1].Tag == "!!null" || strings.Contains(p[1].Value, "${"),
			})
		}
	}
}

// template reads a SAM or CloudFormation template.
func (d *Deployment) template(_, file string, data []byte) {
	root := parseYAML(data)
	d.variables(file, "", field(root, "Globals", "Function", "Environment", "Variables"))
	layers := templateLayers(root, file)
	common := layersOf(field(root, "Globals", "Function", "Layers"), layers)
	for _, res := range pairs(field(root, "Resources")) {
		switch kind := field(res[1], "Type"); {
		case kind == nil:
		case kind.Value == "AWS::Serverless::Function", kind.Value == "AWS::Lambda::Function":
			d.variables(file, res[0].Value, field(res[1], "Properties", "Environment", "Variables"))
			own := layersOf(field(res[1], "Properties", "Layers"), layers)
			if kind.Value == "AWS::Serverless::Function" && !ignoresGlobal(res[1], "Layers") {
				own = slices.Concat(common, own)
			}
			d.programs = append(d.programs, program{
				file: file, layers: own, function: res[0].Value, shared: kind.Value == "AWS::Serverless::Function" && !ignoresGlobal(res[1], "Environment"),
				is: func(e *project.Entry) bool {
					return e.Function == res[0].Value && strings.HasPrefix(e.Source, file+":")
				},
			})
		}
	}
}

// ignoresGlobal reports whether a function's IgnoreGlobals switches a global
// property off.
func ignoresGlobal(function *yaml.Node, property string) bool {
	n := field(function, "IgnoreGlobals")
	switch {
	case n == nil:
		return false
	case n.Kind == yaml.ScalarNode:
		return n.Value == "*" || n.Value == property
	}
	return slices.ContainsFunc(scalars(n), func(c *yaml.Node) bool { return c.Value == property })
}

// pattern is one line of the "package" of a serverless.yml.
type pattern struct {
	text   string
	negate bool
	line   int
}

// serverless reads a serverless.yml. Its packer sets all dates to the epoch.
func (d *Deployment) serverless(_, file string, data []byte) {
	root := parseYAML(data)
	provider := field(root, "provider")
	if runtime := field(provider, "runtime"); runtime != nil && !strings.HasPrefix(runtime.Value, "python") {
		return
	}
	dir := path.Dir(file)
	d.variables(file, "", field(provider, "environment"))
	common := packagePatterns(root)
	line := 1
	if provider != nil {
		line = provider.Line
	}
	d.Packers = append(d.Packers, Packer{
		Place: Place{file, line}, Name: "the serverless framework", Dir: dir,
		packs: func(f string) bool { has, _ := selected(common, dir, f); return has },
	})
	for _, fn := range pairs(field(root, "functions")) {
		d.variables(file, fn[0].Value, field(fn[1], "environment"))
		handler := field(fn[1], "handler")
		i := -1
		if handler != nil {
			i = strings.LastIndexByte(handler.Value, '.')
		}
		if i <= 0 {
			continue
		}
		source, attr := path.Join(dir, handler.Value[:i]+".py"), handler.Value[i+1:]
		d.programs = append(d.programs, program{
			file: file, function: fn[0].Value, shared: true,
			is: func(e *project.Entry) bool {
				return e.Kind == project.EntryHandler && e.File == source && e.Attr == attr
			},
		})
		patterns := slices.Concat(common, packagePatterns(fn[1]))
		d.rules = append(d.rules, rule{
			what: fmt.Sprintf("the package of the function %q", fn[0].Value),
			only: func(f string) bool { return f == source },
			has: func(f string) (bool, Place) {
				has, line := selected(patterns, dir, f)
				return has, Place{file, line}
			},
		})
	}
}

// packagePatterns returns what a service or a function includes and excludes,
// in the order in which it counts: the old "exclude" and "include", then
// "patterns".
func packagePatterns(n *yaml.Node) []pattern {
	var out []pattern
	add := func(key string, exclude bool) {
		for _, s := range scalars(field(n, "package", key)) {
			text, negate := strings.CutPrefix(s.Value, "!")
			out = append(out, pattern{strings.TrimPrefix(text, "./"), negate != exclude, s.Line})
		}
	}
	add("exclude", true)
	add("include", false)
	add("patterns", false)
	return out
}

// selected reports whether patterns leave a file in; everything is in until a
// pattern says otherwise, and the last that matches decides. It returns the
// deciding line.
func selected(patterns []pattern, dir, file string) (bool, int) {
	rel, ok := below(dir, file)
	if !ok {
		return false, 1
	}
	in, line := true, 1
	for _, p := range patterns {
		if glob(p.text, rel) {
			in, line = !p.negate, p.line
		}
	}
	return in, line
}
