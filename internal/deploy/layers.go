package deploy

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"fastpath/internal/project"
)

// Layer is a Lambda layer whose content lies in the project.
type Layer struct {
	Place
	// Dir is what becomes /opt/python, relative to the project.
	Dir string
}

// Layers returns the layers of an entry's functions, in the order in which they
// are searched: a later layer lies over those before it.
func (d *Deployment) Layers(e *project.Entry) []Layer {
	var out []Layer
	for _, p := range d.programs {
		if !p.is(e) {
			continue
		}
		for _, l := range slices.Backward(p.layers) {
			if !slices.ContainsFunc(out, func(o Layer) bool { return o.Dir == l.Dir }) {
				out = append(out, l)
			}
		}
	}
	return out
}

// templateLayers returns the layers of a template by logical name, as far as
// their content is a folder of the project.
func templateLayers(root *yaml.Node, file string) map[string]Layer {
	out := map[string]Layer{}
	for _, res := range pairs(field(root, "Resources")) {
		kind := field(res[1], "Type")
		if kind == nil || kind.Value != "AWS::Serverless::LayerVersion" && kind.Value != "AWS::Lambda::LayerVersion" {
			continue
		}
		content := field(res[1], "Properties", "ContentUri")
		if content == nil {
			content = field(res[1], "Properties", "Content")
		}
		if content == nil || content.Kind != yaml.ScalarNode || !strings.HasPrefix(content.Tag, "!!") || strings.Contains(content.Value, "://") || path.IsAbs(content.Value) {
			continue
		}
		dir := path.Join(path.Dir(file), strings.ReplaceAll(content.Value, `\`, "/"))
		if method := field(res[1], "Metadata", "BuildMethod"); method == nil || !strings.HasPrefix(method.Value, "python") {
			dir = path.Join(dir, "python") // "sam build" makes this folder of the content
		}
		if dir != ".." && !strings.HasPrefix(dir, "../") {
			out[res[0].Value] = Layer{Place{file, content.Line}, dir}
		}
	}
	return out
}

// layersOf returns the layers that a list such as "[!Ref Shared]" names.
func layersOf(list *yaml.Node, layers map[string]Layer) []Layer {
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil
	}
	var out []Layer
	for _, n := range list.Content {
		name := field(n, "Ref")
		if n.Kind == yaml.ScalarNode && n.Tag == "!Ref" {
			name = n
		}
		if name == nil {
			continue
		}
		if l, ok := layers[name.Value]; ok {
			out = append(out, l)
		}
	}
	return out
}
